# SPDX-License-Identifier: Apache-2.0
"""Intervals of scenarios that are only counted, where there are few blocks of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import integrate, stats

from gpu.contests.contest import Contest
from gpu.liquidity import LiquidityRisk
from gpu.numpy_engine import Scored
from gpu.scoring.chunks import BLOCK
from gpu.statistics.block_figures import MAX_GROUPS, PART, BlockFigures
from gpu.statistics.column_figures import (
    CVAR_ALPHA,
    QUANTILE_NAMES,
    QUANTILES,
    STATISTICS,
    figures_of_groups,
)
from gpu.statistics.describe import weight_units
from gpu.statistics.intervals import figure_interval, wilson_interval
from gpu.statistics.risk import cvar, quantile
from gpu.statistics.row_figures import RowFigures, row_probability
from gpu.statistics.tally import ScoreTally

if TYPE_CHECKING:
    from gpu.statistics.intervals import Dependence, Interval

LAW = stats.norm
N_PERIODS = 3
RARE = LAW.cdf(-2.0)


def outcome_usd(z: np.ndarray | float) -> np.ndarray | float:
    return 1e6 * np.exp(z)


def drawn(
    kind: str, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return normals as a rule has them: mirrored, or every second one tilted down."""
    if kind == "pairs":
        half = rng.standard_normal(n // 2)
        return np.stack([half, -half], axis=1).reshape(-1), None
    z = rng.standard_normal(n) - np.arange(n) % 2
    return z, 1.0 / (0.5 + 0.5 * np.exp(-z - 0.5))


def scored_of(z: np.ndarray) -> Scored:
    """Return scores of scenarios with a call in month 1 where z is below -2."""
    calls = np.zeros((len(z), N_PERIODS), dtype=np.bool_)
    calls[:, 1] = z < -2.0
    rows = {"npv_usd": outcome_usd(z), "equity_usd": np.where(z < -2.0, 1.0, 0.0)}
    level = np.broadcast_to(np.exp(z / 4.0)[:, None], calls.shape)
    risk = LiquidityRisk({}, {"margin_call": calls}, {"low_ltv_frac": level})
    return Scored(rows, risk, None)  # type: ignore[arg-type]


def empty(kind: str) -> ScoreTally:
    dependence: Dependence = "pairs" if kind == "pairs" else "rows"
    return ScoreTally(1e6, is_weighted=kind == "weights", dependence=dependence)


def tally_of(kind: str, z: np.ndarray, weights: np.ndarray | None) -> ScoreTally:
    tally = empty(kind)
    tally.take(0, scored_of(z), weights)
    return tally


def last_call(tally: ScoreTally) -> tuple[float, float]:
    base = Scored({}, LiquidityRisk({}, {}, {"low_ltv_frac": np.ones((1, 3))}), None)
    event = tally.months.risks(base)["plan"].events["margin_call"]
    assert event.by_month_high_frac[0] > event.by_month_frac[0] == 0.0
    return event.by_month_low_frac[-1], event.by_month_high_frac[-1]


def ranges_of(tally: ScoreTally) -> dict[str, tuple[float, float]]:
    found = tally.rows.summary()["npv_usd"]
    share = figure_interval(tally, "equity_needed_frac", "probability")
    return {
        "mean": (found.mean_low, found.mean_high),
        "cvar_95": (found.cvar_95_low, found.cvar_95_high),
        "probability": (share.low, share.high),
    } | {n: (low, found.quantiles_high[n]) for n, low in found.quantiles_low.items()}


def truth() -> dict[str, float]:
    def at(share: float) -> float:
        return float(outcome_usd(LAW.ppf(share)))

    tail = integrate.quad(at, 0.0, 0.05)[0] / 0.05
    quantiles = zip(QUANTILE_NAMES, QUANTILES, strict=True)
    return {"mean": 1e6 * math.exp(0.5), "cvar_95": tail, "probability": RARE} | {
        name: at(share) for name, share in quantiles
    }


@pytest.mark.parametrize("n", [1000, BLOCK, 4 * BLOCK + 300])
@pytest.mark.parametrize("kind", ["pairs", "weights"])
def test_counted_scenarios_cover_the_truth_in_95_of_100(
    kind: str, n: int, rng: np.random.Generator
) -> None:
    expected, repeats = truth(), 200
    hits = dict.fromkeys([*expected, "by month"], 0)
    for _ in range(repeats):
        tally = tally_of(kind, *drawn(kind, n, rng))
        for name, (low, high) in ranges_of(tally).items():
            hits[name] += low <= expected[name] <= high
        low, high = last_call(tally)
        hits["by month"] += low <= RARE <= high
    # Three standard errors of a share of 95 % of 200 are 4.6 %; the mean of outcomes
    # with so long a tail needs more scenarios, 93 % at 4,096.
    assert {k: c / repeats for k, c in hits.items() if c / repeats < 0.89} == {}


def honest_half_width(values: np.ndarray, weights: np.ndarray) -> float:
    """Return that of a mean with weights: sum w^2 (x - mean)^2 / (sum w)^2."""
    gaps = values - np.average(values, weights=weights)
    return 1.96 * math.sqrt((weights**2 * gaps**2).sum()) / float(weights.sum())


def test_weights_that_go_with_the_outcome_widen_its_interval(
    rng: np.random.Generator,
) -> None:
    # High outcomes carry the weight 2, so that the effective number of scenarios says
    # too much: 0.85 of the error of the mean.
    z, weights = drawn("weights", 15 * BLOCK, rng)
    assert weights is not None
    tally = tally_of("weights", z, weights)
    values = np.asarray(outcome_usd(z))
    honest = honest_half_width(values, weights)
    ess = weights.sum() ** 2 / (weights**2).sum()
    spread = math.sqrt(np.cov(values, aweights=weights))
    assert 1.96 * spread / math.sqrt(ess) < 0.9 * honest
    # 240 parts know their spread to 4.6 %, that of a long tail to a little less.
    found = figure_interval(tally, "npv_usd", "mean")
    assert found.half_width == pytest.approx(honest, rel=0.2)
    # Fewer than 4,096 are too few to be judged: a bound, never above sqrt 2 times the
    # width of as many plain ones here.
    z, weights = z[:1000], weights[:1000]
    bound = figure_interval(tally_of("weights", z, weights), "npv_usd", "mean")
    assert bound.half_width >= honest_half_width(values[:1000], weights)


def test_mirrored_outcomes_of_a_contest_have_no_error(
    rng: np.random.Generator,
) -> None:
    # A is linear in what is mirrored and B is worth nothing: the mean difference of a
    # pair is 0, whatever the draw.
    z, _ = drawn("pairs", 5 * BLOCK, rng)
    outcomes = 1e6 * np.array([z, 0.0 * z, 0.0 * z - 1e9])
    found = Contest(("A", "B", "C"), columns=("npv_usd",), dependence="pairs")
    found.take(0, {"npv_usd": outcomes})
    column = Contest.from_arrays(found.to_arrays()).result().columns["npv_usd"]
    assert column.pair("A", "B").difference.half_width < 1e-6
    assert column.pair("B", "A").difference.half_width < 1e-6
    # One of each pair is up: nothing scatters there, and pairs count as one.
    up = column.plans[0].best_frac
    assert (up.low, up.high) == pytest.approx(_ends(wilson_interval(0.5, len(z) / 2)))
    # What no part has seen may still be.
    assert column.plans[2].best_frac.high == pytest.approx(
        3.84 / (len(z) / 2), rel=1e-3
    )


def _ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


@pytest.mark.parametrize("n", [1000, 3 * BLOCK])
def test_what_was_never_seen_may_carry_the_largest_weight(
    n: int, rng: np.random.Generator
) -> None:
    z, weights = drawn("weights", n, rng)
    assert weights is not None
    least = weights.sum() / weights.max()
    assert least == pytest.approx(n / 2.0, rel=0.1)
    for hits in (z > 99.0, z < 99.0):
        rows = row_probability(hits, weights, "rows")
        assert rows == wilson_interval(float(hits[0]), least)
        pairs = row_probability(hits, weights, "pairs")
        assert pairs == wilson_interval(float(hits[0]), least / 2.0)
    # Scenarios that are only counted say the same: here nobody needs equity.
    tally = tally_of("weights", np.maximum(z, -1.9), weights)
    found = figure_interval(tally, "equity_needed_frac", "probability")
    assert found.high == pytest.approx(wilson_interval(0.0, least).high, rel=1e-5)
    assert last_call(tally)[1] == pytest.approx(found.high, rel=1e-12)


def test_an_event_that_the_tilt_avoids_is_still_covered(
    rng: np.random.Generator,
) -> None:
    # Half of 2,000 are tilted far away from an event of 0.25 %: it stays unseen in
    # e^-2.5 = 8 % of all samples, and then 2,000 plain scenarios would bound it by
    # 0.19 %, missing it.
    repeats, n, edge, hits = 400, 2000, LAW.ppf(0.9975), 0
    for _ in range(repeats):
        z = rng.standard_normal(n) - 4.0 * (np.arange(n) % 2)
        weights = 1.0 / (0.5 + 0.5 * np.exp(-4.0 * z - 8.0))
        found = row_probability(z > edge, weights, "rows")
        hits += found.low <= 0.0025 <= found.high
    assert hits / repeats > 0.95 - 3.0 * math.sqrt(0.95 * 0.05 / repeats)


def test_levels_by_month_with_weights_are_bounded(rng: np.random.Generator) -> None:
    z, weights = drawn("weights", 2 * BLOCK, rng)
    assert weights is not None
    base = LiquidityRisk({}, {}, {"low_ltv_frac": np.ones((1, N_PERIODS))})
    found = tally_of("weights", z, weights).months.risks(Scored({}, base, None))
    level = found["plan"].levels["low_ltv_frac"]
    # The interval of a quantile between its neighbours with half as many scenarios.
    error = math.sqrt(0.95 * 0.05 / (weights.sum() / weights.max()))
    ends = [
        quantile(np.exp(z / 4.0), 0.95 + k * 1.96 * error, weights) for k in (-1, 1)
    ]
    assert (level.low["p95"][0], level.high["p95"][0]) == pytest.approx(ends, rel=0.01)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_figures_of_groups_are_those_of_each_alone(
    is_weighted: bool, rng: np.random.Generator
) -> None:
    size, n = 64, 5 * 64 + 30
    values = rng.normal(1e6, 3e6, (3, n))
    values[1, rng.random(n) < 0.4] = np.nan
    values[2, size : 2 * size] = np.nan
    values[2, 2 * size : 3 * size] = 7.0
    weights = rng.uniform(0.0, 2.0, n)
    weights[3 * size : 4 * size] = 0.0
    units = weight_units(weights) if is_weighted else None
    found = figures_of_groups(values, units, size)
    assert found.shape == (3, 5, len(STATISTICS))
    for own, column in zip(found, values, strict=True):
        for group, figures in enumerate(own):
            part = slice(group * size, (group + 1) * size)
            known = ~np.isnan(column[part])
            weight = None if units is None else units[part][known].astype(float)
            if not known.any() or (weight is not None and not weight.any()):
                assert np.isnan(figures).all()
                continue
            alone = column[part][known]
            shares = np.asarray(quantile(alone, QUANTILES, weight))
            mean, tail = (
                np.average(alone, weights=weight),
                cvar(alone, CVAR_ALPHA, weight),
            )
            assert figures == pytest.approx([mean, tail, *shares], rel=1e-12)


def test_parts_are_kept_of_the_first_blocks_and_never_of_nets() -> None:
    assert MAX_GROUPS * PART == 16 * BLOCK
    pairs = BlockFigures(is_weighted=False, dependence="pairs")
    firsts = (0, 15 * BLOCK, 16 * BLOCK, 255 * BLOCK, 256 * BLOCK)
    sizes = [pairs.sizes(first) for first in firsts]
    assert sizes == [(BLOCK, PART), (BLOCK, PART), (BLOCK,), (BLOCK,), ()]
    nets = BlockFigures(is_weighted=False, dependence="blocks")
    assert nets.sizes(0) == (BLOCK,)
    rows = BlockFigures(is_weighted=True, dependence="rows", has_parts=False)
    assert rows.sizes(0) == (BLOCK,)
    assert BlockFigures(is_weighted=False, dependence="rows").sizes(0) == ()
    # Until there are 16 blocks parts tell, then blocks; parts beyond are passed over.
    for size in (BLOCK, PART):
        n_groups = 17 * BLOCK // size
        pairs.put("x", 0, size, np.arange(float(n_groups))[:, None])
    few, many = pairs.of("x", 15 * BLOCK + PART), pairs.of("x", 16 * BLOCK + 1)
    assert few is not None
    assert (len(few[0]), few[1]) == (241, 241.0)
    assert many is not None
    assert (len(many[0]), many[1]) == (16, 16.0 + 1.0 / BLOCK)
    assert pairs.of("x", BLOCK - 1) is None
    assert pairs.of("y", 16 * BLOCK) is None
    assert pairs.single("y", 0, 16 * BLOCK) == (None, 0.0)


@pytest.mark.parametrize("kind", ["pairs", "weights"])
def test_parts_merge_in_any_order_and_from_disk(
    kind: str, rng: np.random.Generator
) -> None:
    z, weights = drawn(kind, 3 * BLOCK + 700, rng)
    whole, parts = tally_of(kind, z, weights), []
    for first in (2 * BLOCK, 0, 3 * BLOCK, BLOCK):
        cut = slice(first, first + BLOCK)
        inside = None if weights is None else weights[cut]
        alone = empty(kind)
        alone.take(first, scored_of(z[cut]), inside)
        parts.append(ScoreTally.from_arrays(alone.to_arrays()))
    for part in parts[1:]:
        parts[0].merge(part)
    ours, theirs = parts[0].to_arrays(), whole.to_arrays()
    assert ours.keys() == theirs.keys()
    for name, array in theirs.items():
        np.testing.assert_array_equal(ours[name], array, name)
    for statistic in STATISTICS:
        one, other = (
            figure_interval(t, "npv_usd", statistic) for t in (parts[0], whole)
        )
        assert one == other


@pytest.mark.parametrize("kind", ["pairs", "blocks", "weights"])
def test_a_quantile_where_outcomes_pile_up_has_the_interval_of_its_scatter(
    kind: str, rng: np.random.Generator
) -> None:
    n = 4000
    # Three of five outcomes lie at a floor, as least cash does at the cash floor.
    values = np.maximum(rng.standard_normal(n), LAW.ppf(0.6))
    weights = rng.uniform(0.5, 1.5, n) if kind == "weights" else None
    dependence: Dependence = "rows" if kind == "weights" else kind  # type: ignore[assignment]
    rows = RowFigures(values, weights, dependence)
    floor = float(values.min())
    for share in (0.01, 0.05, 0.10, 0.25, 0.50):
        found = rows.quantile(share)
        assert (found.low, found.value, found.high) == (floor, floor, floor)
    # Beyond the floor two standard errors of the share, as if nothing piled up.
    error = math.sqrt(0.75 * 0.25 / n)
    found = rows.quantile(0.75)
    low, high = (float(LAW.ppf(0.75 + k * 1.96 * error)) for k in (-1, 1))
    assert found.half_width == pytest.approx((high - low) / 2.0, rel=0.5)


def test_a_quantile_at_the_edge_of_a_pile_may_lie_off_it(
    rng: np.random.Generator,
) -> None:
    # A little under half of the outcomes lie below a ceiling that the rest share.
    values = np.minimum(rng.standard_normal(4096), LAW.ppf(0.497))
    found = RowFigures(values, None, "pairs").quantile(0.5)
    assert found.value == found.high == values.max()
    assert found.low < found.value
