# SPDX-License-Identifier: Apache-2.0
"""Which driver moved NPV: from one future to the base path, one driver at a time.

What does not belong here: what a future is worth (`models.cashflow`), how draws come
about (`gpu.sampling.scenarios`), sentences (`optimizer.replay_words`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from models.cashflow import evaluate
from models.market import correlated, simulate
from models.market_parameters import FACTORS
from optimizer.replay_lines import npv_by_line_usd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.arrays import FloatArray
    from models.market import Shocks
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.study import Study

__all__ = ["DRIVER_LABELS", "DriverStep", "driver_steps", "replaced_paths"]

DRIVER_LABELS: Final = {
    "btc_price": "BTC price",
    "network_answer": "Network: its answer to that price",
    "network": "Network: its own course",
    "fees": "Transaction fees",
    "power": "Power prices",
    "gpu": "GPU rent and utilisation",
    "clients": "Clients who stop paying",
    "builds": "Build cost and delay",
    "within_month": "BTC lows within months",
}
"""Drivers in the order in which they are replaced."""

_FACTORS_OF: Final = {
    "network_answer": ("btc_price",),
    "network": ("network",),
    "fees": ("fees",),
    "power": ("power",),
    "gpu": ("gpu_rent", "gpu_utilisation"),
    # Without price moves of months, volatility acts on lows within months alone.
    "within_month": ("btc_variance", "btc_tail"),
}


@dataclass(frozen=True, slots=True)
class DriverStep:
    """What one driver did to NPV, all drivers before it being at their base path.

    Parameters
    ----------
    driver, label : str
        Driver, see `DRIVER_LABELS`.
    delta_npv_usd : float
        NPV with the driver as in this future less NPV with its base path. Over the
        drivers it sums to this future's NPV less the base path's. [USD]
    by_line_usd : dict of str to float
        The same by line; sums to `delta_npv_usd`. [USD]
    """

    driver: str
    label: str
    delta_npv_usd: float
    by_line_usd: dict[str, float]


def driver_steps(
    study: Study, plan: Plan, paths: MarketPaths, shocks: Shocks
) -> tuple[DriverStep, ...]:
    """Return what each driver did to NPV in one future.

    Parameters
    ----------
    study, plan : Study, Plan
        Study and plan.
    paths : MarketPaths
        The future, one path. [mixed]
    shocks : Shocks
        The draws that made it. [unitless]

    Returns
    -------
    tuple of DriverStep
        In the order of `DRIVER_LABELS`. Each step values the plan anew with the
        monthly engine, so it holds whatever follows from the driver: machines that
        stand by, calls, sales, tax.

    Notes
    -----
    The order matters where drivers act together: a low price costs less per BTC once
    fewer BTC are mined. Replacing in a fixed order leaves no rest.
    """
    rate = study.company.discount_rate_per_year
    before = npv_by_line_usd(evaluate(study, plan, paths), rate)
    steps = []
    for driver, changed in replaced_paths(study, paths, shocks):
        after = npv_by_line_usd(evaluate(study, plan, changed), rate)
        by_line = {line: before[line] - after[line] for line in before}
        steps.append(
            DriverStep(driver, DRIVER_LABELS[driver], sum(by_line.values()), by_line)
        )
        before = after
    return tuple(steps)


def replaced_paths(
    study: Study, paths: MarketPaths, shocks: Shocks
) -> Iterator[tuple[str, MarketPaths]]:
    """Yield each driver and the paths with it, and all before it, at the base path.

    Parameters
    ----------
    study : Study
        Study.
    paths : MarketPaths
        One future. [mixed]
    shocks : Shocks
        The draws that made it. [unitless]

    Notes
    -----
    The first paths have the base price of BTC and the network as it was; in the second
    the network answers to that price. The last are the base path, bit for bit: every
    draw is zero. Shocks are taken out after they were correlated, so that what one
    driver shares with another stays with the other.
    """
    by_name = correlated(study.market, shocks.monthly)
    plain = study.model_copy(
        update={"market": study.market.model_copy(update={"correlations": ()})}
    )
    left = replace(shocks, monthly=np.stack([by_name[n] for n in FACTORS], axis=1))
    answered = simulate(plain, _without(left, "network_answer"))
    price = answered.btc_price_usd
    hashprice = paths.hashprice_usd_per_ph_day * (price / paths.btc_price_usd)
    yield (
        "btc_price",
        replace(
            paths,
            btc_price_usd=price,
            hashprice_usd_per_ph_day=hashprice,
            btc_low_frac=answered.btc_low_frac,
        ),
    )
    for driver in list(DRIVER_LABELS)[1:]:
        left = _without(left, driver)
        yield driver, simulate(plain, left)


def _without(shocks: Shocks, driver: str) -> Shocks:
    """Return shocks with those of a driver at their base value."""
    if driver == "clients":
        return replace(shocks, client_fate=np.full_like(shocks.client_fate, np.inf))
    monthly = shocks.monthly
    if driver in _FACTORS_OF:
        monthly = monthly.copy()
        for name in _FACTORS_OF[driver]:
            monthly[:, FACTORS.index(name)] = 0.0

    def none_of(array: FloatArray, owner: str) -> FloatArray:
        return np.zeros_like(array) if driver == owner else array

    return replace(
        shocks,
        monthly=monthly,
        site_power=none_of(shocks.site_power, "power"),
        site_build=none_of(shocks.site_build, "builds"),
        within_month=none_of(shocks.within_month, "within_month"),
    )
