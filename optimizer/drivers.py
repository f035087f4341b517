# SPDX-License-Identifier: Apache-2.0
"""What drives a plan: Sobol indices of its figures, and each driver drawn alone.

The indices of a driver say which share of a figure's variance it makes; drawn alone,
with everything else on the base path, it moves the figure by so many dollars. What does
not belong here: which drivers and figures there are (`optimizer.drivers_result`),
estimators (`gpu.sampling.sobol_indices`), drawing one driver alone
(`optimizer.drivers_alone`), run folders (`optimizer.drivers_run`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.engines import make_engine
from gpu.liquidity import CALL, has_btc_loan
from gpu.sampling.rule import GROUPS, MAX_SEED, DrawRule
from gpu.sampling.sobol_indices import BATCH, MIN_BATCHES, Estimate, PairSums
from gpu.scoring.chunks import BLOCK
from gpu.scoring.engine_rows import sampled_rows
from gpu.scoring.workers import Watch, in_order
from models.errors import ConfigError, Fault
from optimizer.drivers_alone import ALONE_SCENARIOS, Alone, drawn_alone
from optimizer.drivers_result import (
    DRIVERS,
    FIGURES,
    Drivers,
    DriverShare,
    FigureDrivers,
    shared_draws,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu.engines import Engine, EngineName
    from gpu.numpy_engine import Rows
    from gpu.sampling.sobol_indices import SobolIndices
    from gpu.scoring.workers import Progress
    from models.arrays import FloatArray
    from models.plan import Plan
    from models.study import Study
    from optimizer.drivers_result import Figure

__all__ = ["DEFAULT_PAIRS", "LEAST_PAIRS", "drivers"]

DEFAULT_PAIRS: Final = 16_384
"""Scenarios, each with its partner: shares of the base study within 0.02."""
LEAST_PAIRS: Final = BATCH * MIN_BATCHES
MOST_PAIRS: Final = 4_000_000
_STILL_USD: Final = 1e-3
"""A figure that scatters by less is still; the rest is rounding. [USD]"""


def drivers(
    study: Study,
    plan: Plan,
    *,
    n_scenarios: int = DEFAULT_PAIRS,
    seed: int = 1,
    backend: EngineName = "auto",
    progress: Progress | None = None,
) -> Drivers:
    """Return what drives a plan.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan; its decisions are kept.
    n_scenarios : int
        Scenarios, each scored on its own draws, on its partner's and once per driver:
        eleven times in all. [unitless]
    seed : int
        0 to 2^64 - 1. [unitless]
    backend : {"auto", "numpy", "cpu", "cuda"}
        Engine, see `gpu.engines.make_engine`.
    progress : callable or None
        Called as ``progress(done, total, scenarios_per_s)``.

    Returns
    -------
    Drivers
        A function of study, plan, scenarios and seed; engines agree to rounding.

    Raises
    ------
    ConfigError
        If an argument is out of range.
    BackendError
        If the engine asked for does not work.
    """
    _check(n_scenarios, seed)
    rules = (
        DrawRule(seed),
        DrawRule(seed, swapped=GROUPS),
        *(DrawRule(seed, swapped=driver.groups) for driver in DRIVERS),
    )
    n_alone = min(n_scenarios, ALONE_SCENARIOS)
    n_scored = n_scenarios * len(rules)
    watch = Watch(n_scored + n_alone * len(DRIVERS), progress)
    engines = [
        make_engine(
            backend, study, (plan,), None, rule, n_rows=n_scored, has_sites=False
        )
        for rule in rules
    ]
    base = _values(study, plan, engines[0].score_base()[0].rows)
    sums = _sums(study, plan, engines, base, n_scenarios, watch)
    alone = {}
    for driver in DRIVERS:
        rows = drawn_alone(study, plan, driver.groups, n_scenarios=n_alone, seed=seed)
        alone[driver.key] = _values(study, plan, rows)
        watch.add(n_alone)
    return Drivers(
        plan_label=plan.label,
        n_scenarios=n_scenarios,
        n_scored=n_scored,
        n_alone=n_alone,
        seed=seed,
        backend=engines[0].name,
        backend_reason=engines[0].reason,
        elapsed_s=watch.elapsed_s(),
        figures=tuple(
            _figure(study, figure, float(base[figure.key][0]), sums, alone)
            for figure in FIGURES
            if figure.key in base
        ),
        correlations=shared_draws(study),
    )


def _sums(
    study: Study,
    plan: Plan,
    engines: Sequence[Engine],
    base: dict[str, FloatArray],
    n_scenarios: int,
    watch: Watch,
) -> dict[str, PairSums]:
    """Return the sums of every figure, some blocks at a time, merged in order."""
    # On a host block by block: few scenarios are to keep every core busy.
    is_device = engines[0].name == "cuda"
    step = BLOCK * (engines[0].blocks_per_call if is_device else 1)

    def of_blocks(first: int) -> tuple[int, dict[str, PairSums]]:
        ids = np.arange(first, min(first + step, n_scenarios))
        found = [_values(study, plan, sampled_rows(one, ids)[0]) for one in engines]
        return len(ids), {
            key: PairSums.of(
                found[0][key],
                found[1][key],
                np.stack([one[key] for one in found[2:]]),
                float(base[key][0]),
            )
            for key in base
        }

    parts = []
    starts = range(0, n_scenarios, step)
    for n_rows, part in in_order(of_blocks, starts, engines[0].n_workers):
        parts.append(part)
        watch.add(n_rows * len(engines))
    return {key: PairSums.joined([part[key] for part in parts]) for key in base}


def _values(study: Study, plan: Plan, rows: Rows) -> dict[str, FloatArray]:
    """Return the figures by scenario; a call is 1 where it comes, else 0."""
    found = {
        figure.key: rows[figure.key].astype(np.float64)
        for figure in FIGURES
        if figure.key in rows
    }
    if has_btc_loan(study, plan):
        is_called = ~np.isnan(rows[f"first_{CALL}_period"])
        found[CALL] = is_called.astype(np.float64)
    return found


def _figure(
    study: Study,
    figure: Figure,
    base: float,
    sums: dict[str, PairSums],
    alone: dict[str, dict[str, FloatArray]],
) -> FigureDrivers:
    found = sums[figure.key].indices()
    is_still = found.std <= (_STILL_USD if figure.unit == "USD" else 0.0)
    needs_equity = sums["equity_usd"].indices().std > _STILL_USD
    lost = Estimate(float("nan"), float("nan"), float("nan"))
    shares = [
        DriverShare(
            driver.key,
            driver.name,
            lost if is_still else found.first[place],
            lost if is_still else found.total[place],
            Alone.of(alone[driver.key][figure.key]),
        )
        for place, driver in enumerate(DRIVERS)
    ]

    def size(share: DriverShare) -> tuple[float, float]:
        total = 0.0 if np.isnan(share.total_frac.value) else share.total_frac.value
        return -total, -(share.alone.p90 - share.alone.p10)

    return FigureDrivers(
        key=figure.key,
        name=figure.name,
        unit=figure.unit,
        base=base,
        mean=found.mean,
        std=found.std,
        first_sum_frac=lost if is_still else found.first_sum,
        shares=tuple(sorted(shares, key=size)),
        note=_note(study, figure, found, is_still=is_still, needs_equity=needs_equity),
    )


def _note(
    study: Study,
    figure: Figure,
    found: SobolIndices,
    *,
    is_still: bool,
    needs_equity: bool,
) -> str:
    if is_still:
        if figure.unit == "probability":
            word = "every" if found.mean > 0.0 else "none"
            return f"A call comes in {word} of the scenarios: there is nothing to share"
        return "The same in every scenario: there is nothing to share"
    if math.isnan(found.first_sum.value):
        return "It moves in too few of the scenarios to say why: take more"
    if figure.key == "min_cash_usd" and needs_equity:
        floor_usd_m = study.company.cash_floor_usd / 1e6
        return (
            f"Cash is held at its floor of USD {floor_usd_m:,.0f}m by BTC sales and "
            "emergency equity: read it with the latter"
        )
    return ""


def _check(n_scenarios: int, seed: int) -> None:
    ranges = (
        ("--scenarios", n_scenarios, LEAST_PAIRS, MOST_PAIRS),
        ("--seed", seed, 0, MAX_SEED),
    )
    faults = [
        Fault(
            option,
            "",
            str(value),
            f"must be a whole number from {low:,} to {high:,}.",
            "Choose another number.",
        )
        for option, value, low, high in ranges
        if isinstance(value, bool)
        or not isinstance(value, int)
        or not low <= value <= high
    ]
    if faults:
        raise ConfigError(faults)
