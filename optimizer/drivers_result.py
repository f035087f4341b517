# SPDX-License-Identifier: Apache-2.0
"""What is said of the drivers of a plan: which there are, and what each does.

A driver is a group of draws that means something to people. What does not belong here:
finding it out (`optimizer.drivers`) and showing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gpu.liquidity import CALL
from gpu.sampling.sobol_indices import Estimate
from models.market_parameters import FACTORS
from optimizer.drivers_alone import Alone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.study import Study

__all__ = [
    "DRIVERS",
    "FIGURES",
    "Driver",
    "DriverShare",
    "Drivers",
    "Figure",
    "FigureDrivers",
    "drivers_of",
    "inside",
    "shared_draws",
]


@dataclass(frozen=True, slots=True)
class Driver:
    """Draws that people know under one name.

    Parameters
    ----------
    key, name : str
        In files; for people.
    groups : tuple of str
        Names of `gpu.sampling.rule.GROUPS`.
    """

    key: str
    name: str
    groups: tuple[str, ...]


DRIVERS: Final = (
    Driver("btc_price", "BTC price", ("btc_price", "btc_variance", "btc_tail")),
    Driver("network", "Network hashrate", ("network",)),
    Driver("fees", "Transaction fees", ("fees",)),
    Driver("power", "Power price", ("power", "site_power")),
    Driver("gpu_rent", "GPU rent", ("gpu_rent",)),
    Driver("gpu_utilisation", "GPU utilisation", ("gpu_utilisation",)),
    Driver("clients", "Clients who stop paying", ("client_fate",)),
    Driver("build", "Build cost and delay", ("site_build",)),
    Driver("month_low", "Price lows within months", ("within_month",)),
)
"""Every draw belongs to one of them: volatility that clusters to the BTC price, the
part of the power price that all sites share and each site's own to power."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the plan that is taken apart.

    Parameters
    ----------
    key, name, unit : str
        In files; for people; ``USD`` or ``probability``.
    """

    key: str
    name: str
    unit: str


FIGURES: Final = (
    Figure("npv_usd", "NPV", "USD"),
    Figure("min_cash_usd", "Minimum cash", "USD"),
    Figure("equity_usd", "Emergency equity", "USD"),
    Figure(CALL, "Margin call", "probability"),
)


@dataclass(frozen=True, slots=True)
class DriverShare:
    """What one driver does to one figure.

    Parameters
    ----------
    key, name : str
        The driver.
    first_frac, total_frac : Estimate
        Share of the figure's variance that the driver makes alone, and that would be
        left if all others were known; NaN where the figure never moves. [share 0-1]
    alone : Alone
        The figure when the driver alone is drawn. [unit of the figure]
    """

    key: str
    name: str
    first_frac: Estimate
    total_frac: Estimate
    alone: Alone


@dataclass(frozen=True, slots=True)
class FigureDrivers:
    """One figure and everything that drives it.

    Parameters
    ----------
    key, name, unit : str
        The figure.
    base : float
        On the base path. [`unit`]
    mean, std : float
        Over the scenarios. [`unit`]
    first_sum_frac : Estimate
        What drivers make one by one; the rest to 1 is made by several together.
    shares : tuple of DriverShare
        The largest total index first, then the widest swing alone.
    note : str
        What a reader must know of the figure; may be empty.
    """

    key: str
    name: str
    unit: str
    base: float
    mean: float
    std: float
    first_sum_frac: Estimate
    shares: tuple[DriverShare, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Drivers:
    """What drives a plan.

    Parameters
    ----------
    plan_label : str
        The plan.
    n_scenarios, n_scored, n_alone : int
        Pairs of scenarios; scenarios scored for the indices; scenarios of each driver
        drawn alone. [unitless]
    seed : int
        Of the draws. [unitless]
    backend, backend_reason : str
        Engine that scored, and why it was chosen.
    elapsed_s : float
        Wall time. [s]
    figures : tuple of FigureDrivers
        Those of `FIGURES` that the plan has.
    correlations : tuple of str
        What drivers share and to which of them it counts, in sentences.
    """

    plan_label: str
    n_scenarios: int
    n_scored: int
    n_alone: int
    seed: int
    backend: str
    backend_reason: str
    elapsed_s: float
    figures: tuple[FigureDrivers, ...]
    correlations: tuple[str, ...]


def shared_draws(study: Study) -> tuple[str, ...]:
    """Return for every pair of correlated factors which driver has what they share."""
    names = {group: driver.name for driver in DRIVERS for group in driver.groups}
    told = []
    for pair in study.market.correlations:
        if pair.value == 0.0 or names[pair.first] == names[pair.second]:
            continue
        first, second = sorted((pair.first, pair.second), key=FACTORS.index)
        told.append(
            f"{names[first]} and {inside(names[second])} move together (correlation "
            f"{pair.value:g}): the common part counts as {names[first]}."
        )
    return tuple(told)


def inside(name: str) -> str:
    """Return a driver's name as it stands inside a sentence."""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def drivers_of(record: Mapping[str, Any]) -> Drivers:
    """Return what has been written as JSON; null stands for NaN.

    Parameters
    ----------
    record : mapping
        Fields of `Drivers`.

    Raises
    ------
    KeyError
        If a field is missing.
    TypeError
        If a field is unknown or of another kind.
    """
    figures = tuple(
        FigureDrivers(
            key=str(figure["key"]),
            name=str(figure["name"]),
            unit=str(figure["unit"]),
            base=_number(figure["base"]),
            mean=_number(figure["mean"]),
            std=_number(figure["std"]),
            first_sum_frac=Estimate(**_numbers(figure["first_sum_frac"])),
            shares=tuple(
                DriverShare(
                    str(share["key"]),
                    str(share["name"]),
                    Estimate(**_numbers(share["first_frac"])),
                    Estimate(**_numbers(share["total_frac"])),
                    Alone(**_numbers(share["alone"])),
                )
                for share in figure["shares"]
            ),
            note=str(figure["note"]),
        )
        for figure in record["figures"]
    )
    correlations = tuple(str(text) for text in record["correlations"])
    changed = {"figures": figures, "correlations": correlations}
    return Drivers(**{**record, **changed})


def _numbers(record: Mapping[str, Any]) -> dict[str, float]:
    return {name: _number(value) for name, value in record.items()}


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
