# SPDX-License-Identifier: Apache-2.0
"""Sensitivity: what a plan is worth when one input stands at its low or high end.

The plan's decisions are kept and run through the monthly engine again; nothing is
solved. Inputs vary over the range that their facts give, market prices over the
multipliers of a grid. What does not belong here: several inputs at once
(`gpu.scoring.score`) and showing (`optimizer.report.figures.tornado`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from gpu.sampling.grid import parse_grid
from models.cashflow import evaluate
from models.errors import WattplanError
from models.market import base_paths
from models.path_changes import scaled
from sites.variation import with_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gpu.sampling.grid import Grid
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.study import Study
    from sites import InputNumber

__all__ = ["PRICE_RANGES", "Sensitivity", "Swing", "sensitivity"]

PRICE_RANGES: Final = (
    "btc_price=0.5:1.5:2, network=0.8:1.2:2, power_price=0.8:1.2:2, "
    "gpu_rent=0.5:1.5:2, gpu_utilisation=0.8:1.2:2, capex=0.8:1.3:2"
)
"""Multipliers of the whole base path; BTC price, power and rents as screening has them.

The others are assumptions to compare prices by, not forecasts: a fifth either way, and
build cost up to 30 % over, for it overruns more than it underruns.
"""

_MONTHS: Final = "months"
_MONTHS_OF_VALUE: Final = ("market", "tax_regimes")
_LIMITS: Final = ("max_modules",)
_SPREAD: Final = "volatility"
_PRICED: Final = ("market", "sites", "gpus")
"""Parts of a study that `models.market` makes the base path from."""


@dataclass(frozen=True, slots=True)
class Swing:
    """One input at its two ends, everything else on the base path.

    Parameters
    ----------
    key : str
        Place of the input in the study, or name of a multiplier.
    unit : str
        Its unit; ``x base path`` for a multiplier.
    value, low, high : float
        As it is, and its two ends. [`unit`]
    low_change_usd, high_change_usd : float
        NPV of the plan at either end less that of the base path. [USD]
    """

    key: str
    unit: str
    value: float
    low: float
    high: float
    low_change_usd: float
    high_change_usd: float

    @property
    def size_usd(self) -> float:
        """Largest distance from the base path, or between the two ends. [USD]."""
        ends = (self.low_change_usd, self.high_change_usd, 0.0)
        return max(ends) - min(ends)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Every input tried, the largest swing first.

    Parameters
    ----------
    npv_usd : float
        NPV of the plan on the base path. [USD]
    swings : tuple of Swing
        Inputs that move it.
    unmoved : tuple of str
        Inputs tried that do not move it, by key.
    left_out : tuple of (str, str)
        Key of every input with a range that was not tried, and why: dates, terms and
        limits, which decide what is possible rather than what it earns; machines,
        offers and works that the plan does not use; and ends that the rest of the study
        does not allow.
    """

    npv_usd: float
    swings: tuple[Swing, ...]
    unmoved: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


def sensitivity(
    study: Study,
    plan: Plan,
    numbers: Iterable[InputNumber],
    *,
    prices: Grid | str = PRICE_RANGES,
) -> Sensitivity:
    """Return how far each input alone moves the NPV of a plan.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan; its decisions are kept, even where another input would not allow them or
        would call for others. The treasury gives where it must.
    numbers : iterable of InputNumber
        Inputs of the study; those with a range are tried.
    prices : Grid or str
        Multipliers of the base path; the first and last of each axis are tried.

    Returns
    -------
    Sensitivity
        NPV changes at both ends of every input. [USD]

    Raises
    ------
    ConfigError
        If the text of `prices` is not a grid.
    """
    grid = parse_grid(prices) if isinstance(prices, str) else prices
    base = base_paths(study)
    npv_usd = _npv_usd(study, plan, base)
    found = [
        Swing(
            axis.name,
            "x base path",
            1.0,
            axis.low,
            axis.high,
            *(
                _npv_usd(study, plan, scaled(study, base, {axis.name: end})) - npv_usd
                for end in (axis.low, axis.high)
            ),
        )
        for axis in grid.axes
    ]
    left_out = []
    used = _used(study, plan)
    for number in numbers:
        if number.low is None and number.high is None:
            continue
        why = _why_not(number, used)
        if not why:
            try:
                found.append(_swing(study, plan, number, base, npv_usd))
            except (WattplanError, ValueError) as error:
                why = str(error)
        if why:
            left_out.append((number.key, why))
    least_usd = 1e-9 * max(abs(npv_usd), 1.0)
    moving = [swing for swing in found if swing.size_usd > least_usd]
    return Sensitivity(
        npv_usd,
        tuple(sorted(moving, key=lambda swing: -swing.size_usd)),
        unmoved=tuple(one.key for one in found if one.size_usd <= least_usd),
        left_out=tuple(left_out),
    )


def _npv_usd(study: Study, plan: Plan, paths: MarketPaths) -> float:
    ledger = evaluate(study, plan, paths)
    return float(ledger.npv_usd(study.company.discount_rate_per_year)[0])


def _swing(
    study: Study, plan: Plan, number: InputNumber, base: MarketPaths, npv_usd: float
) -> Swing:
    """Return an input at its two ends; raise where the study does not allow one."""
    is_priced = number.key.startswith(_PRICED)
    low = number.value if number.low is None else number.low
    high = number.value if number.high is None else number.high
    changes = []
    for end in (low, high):
        if end == number.value:
            changes.append(0.0)
            continue
        other = with_number(study, number.key, end)
        paths = base_paths(other) if is_priced else base
        changes.append(_npv_usd(other, plan, paths) - npv_usd)
    return Swing(number.key, number.unit, number.value, low, high, *changes)


def _used(study: Study, plan: Plan) -> dict[str, set[str]]:
    """Return the names of what a plan uses, by list of the study."""
    models = {order.model for order in plan.orders}
    models |= {held.model for held in plan.holdings}
    offers = {taken.offer for taken in plan.offers}
    sites = {site.id for site in study.sites if site.contracted_mw > 0.0}
    sites |= {order.site for order in plan.orders}
    sites |= {held.site for held in plan.holdings}
    sites |= {phase.site for phase in plan.phases}
    sites |= {build.site for build in plan.builds}
    sites |= {conversion.site for conversion in plan.conversions}
    sites |= {commitment.site for commitment in plan.commitments}
    sites |= {
        offer.site
        for offer in (*study.hosting_offers, *study.gpu_offers)
        if offer.id in offers
    }
    return {
        "sites": sites,
        "asics": models,
        "gpus": models,
        "hosting_offers": offers,
        "gpu_offers": offers,
        "tax_regimes": {site.tax_regime for site in study.sites if site.id in sites},
        "phases": {entry.phase for entry in plan.phases},
        "conversions": {entry.conversion for entry in plan.conversions},
    }


def _why_not(number: InputNumber, used: dict[str, set[str]]) -> str:
    """Return why an input is not tried; empty where it is."""
    steps = number.key.split(".")
    is_date = number.unit == _MONTHS and steps[0] not in _MONTHS_OF_VALUE
    if is_date or steps[-1] in _LIMITS:
        return "decides what is possible, and when"
    if steps[0] == "market" and _SPREAD in number.key:
        return "spreads scenarios, not the base path"
    if any(
        kind in used and name.partition("#")[0] not in used[kind]
        for kind, name in pairwise(steps)
    ):
        return "the plan does not use it"
    return ""
