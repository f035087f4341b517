# SPDX-License-Identifier: Apache-2.0
"""Confidence intervals: formulas by hand, and coverage on known distributions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import integrate, stats

from gpu.sampling.net import net_points
from gpu.scoring.chunks import BLOCK
from gpu.statistics.column_figures import QUANTILE_NAMES, QUANTILES, STATISTICS
from gpu.statistics.columns import ColumnStatistics
from gpu.statistics.intervals import (
    Interval,
    block_interval,
    normal_interval,
    order_ranks,
    share_interval,
    standard_error_of,
    tail_standard_error,
    wilson_interval,
)
from gpu.statistics.row_figures import row_probability

if TYPE_CHECKING:
    from collections.abc import Callable

REPEATS = {False: 1000, True: 300}
"""Samples by whether they are only counted."""


def truth(ppf: Callable[[float], float], mean: float) -> dict[str, float]:
    tail, _ = integrate.quad(ppf, 0.0, 0.05, epsabs=1e-10)
    quantiles = zip(QUANTILE_NAMES, QUANTILES, strict=True)
    return {"mean": mean, "cvar_95": tail / 0.05} | {n: ppf(s) for n, s in quantiles}


def coverage(
    draw: Callable[[], np.ndarray],
    expected: dict[str, float],
    *,
    is_streamed: bool,
) -> dict[str, float]:
    hits, repeats = dict.fromkeys(expected, 0), REPEATS[is_streamed]
    for _ in range(repeats):
        values = draw()
        column = ColumnStatistics(2.0**-10, is_streamed=is_streamed)
        column.add_block(values)
        for name, one in column.figures(values).items():
            hits[name] += one.low <= expected[name] <= one.high
    return {name: count / repeats for name, count in hits.items()}


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("law", ["normal", "lognormal", "student"])
def test_intervals_cover_the_truth_in_95_of_100(
    law: str, is_streamed: bool, rng: np.random.Generator
) -> None:
    known = {
        "normal": stats.norm(10.0, 3.0),
        "lognormal": stats.lognorm(0.5),
        "student": stats.t(5),
    }[law]
    draws: dict[str, Callable[[], np.ndarray]] = {
        "normal": lambda: rng.normal(10.0, 3.0, 2000),
        "lognormal": lambda: rng.lognormal(0.0, 0.5, 2000),
        "student": lambda: rng.standard_t(5, 2000),
    }
    expected = truth(known.ppf, float(known.mean()))
    found = coverage(draws[law], expected, is_streamed=is_streamed)
    # Three standard errors of a share of 95 %: 2.1 % of 1,000, 3.8 % of 300.
    slack = 3.0 * math.sqrt(0.95 * 0.05 / REPEATS[is_streamed])
    # The tail mean of fat tails needs more scenarios: 92 % at 100 in the tail. Ranks
    # are whole numbers and bins have widths: quantiles cover a little more.
    least = {"cvar_95": 0.93 - slack}
    short = {n: c for n, c in found.items() if c < least.get(n, 0.95 - slack)}
    long = {n: c for n, c in found.items() if c > 0.965 + slack}
    assert short == long == {}, found


def test_a_normal_interval_has_students_width() -> None:
    # Student's 97.5 % point with 9 degrees of freedom is 2.262157.
    found = normal_interval(5.0, 2.0, 9.0)
    assert found.low == pytest.approx(5.0 - 4.524314, abs=1e-5)
    assert found.half_width == pytest.approx(4.524314, abs=1e-5)
    assert normal_interval(0.0, 1.0).high == pytest.approx(1.959964, abs=1e-6)
    assert standard_error_of(found, 9.0) == pytest.approx(2.0, rel=1e-12)
    assert normal_interval(5.0, 2.0, 0.0) == Interval(5.0, -math.inf, math.inf)


def test_wilson_by_hand() -> None:
    # p = 0.2, n = 50, z^2 = 3.841459: middle (0.2 + z^2/100)/(1 + z^2/50) = 0.221408,
    # half z sqrt(0.16/50 + z^2/10000)/(1 + z^2/50) = 0.108965.
    found = wilson_interval(0.2, 50)
    assert found.low == pytest.approx(0.221408 - 0.108965, abs=1e-5)
    assert found.high == pytest.approx(0.221408 + 0.108965, abs=1e-5)
    # None in n: from 0 to z^2/(n + z^2), about 3.8/n.
    none = wilson_interval(0.0, 1000)
    assert (none.low, none.high) == (0.0, pytest.approx(3.841459 / 1003.841459))
    assert wilson_interval(1.0, 1000).high == 1.0
    assert wilson_interval(0.3, 0.0) == Interval(0.3, 0.0, 1.0)


@pytest.mark.parametrize(("n", "share"), [(1000, 0.05), (400, 0.01), (25, 0.5)])
def test_ranks_hold_the_quantile_by_the_binomial(n: int, share: float) -> None:
    low, high = order_ranks(n, share)
    number = stats.binom(n, share)
    # P(rank low lies above) = P(N < low), P(rank high lies below) = P(N >= high).
    assert number.cdf(low - 1) <= 0.025 < number.cdf(low)
    assert number.sf(high - 1) <= 0.025 < number.sf(high - 2)


def test_too_few_scenarios_bound_nothing() -> None:
    # 0.99^100 = 37 %: the smallest of 100 lies above the 1 % quantile that often.
    assert order_ranks(100, 0.01)[0] == 0
    assert order_ranks(100, 0.99)[1] == 101
    values = np.arange(100.0)
    for is_streamed in (False, True):
        column = ColumnStatistics(1.0, is_streamed=is_streamed)
        column.add_block(values)
        found = column.summary(values)
        assert found.quantiles_low["p01"] == -math.inf
        assert found.quantiles_high["p99"] == math.inf
        assert found.quantiles_low["p50"] < 50.0 < found.quantiles_high["p50"]


def test_the_error_of_a_tail_mean_by_hand() -> None:
    # Outcomes 0, 2 and 18 times 10, tail 10 %, edge 2: excess 2, 0, 0...; mean 0.1,
    # variance (1.9^2 + 19 * 0.1^2)/19 = 0.2; error sqrt(0.2/20)/0.1 = 1.
    error, freedom = tail_standard_error(
        np.array([0.0, 2.0, 10.0]), np.array([1.0, 1.0, 18.0]), 2.0, 0.1
    )
    assert error == pytest.approx(1.0, rel=1e-12)
    assert freedom == pytest.approx(1.0)


def test_blocks_by_hand_and_too_few_of_them() -> None:
    # 16 blocks of 1 and 3 by turns: sd sqrt(16/15), of 64 blocks in all an error of
    # sqrt(16/15)/8; Student's point with 15 degrees of freedom is 2.131450.
    shares = np.array([1.0, 3.0] * 8)
    found = block_interval(2.0, shares, 64.0)
    assert found is not None
    half = 2.131450 * math.sqrt(16 / 15) / 8
    assert found.half_width == pytest.approx(half, rel=1e-6)
    assert block_interval(2.0, shares[:15], 64.0) is None


def test_an_event_that_no_block_saw_is_judged_by_scenarios() -> None:
    none = share_interval(0.0, np.zeros(20), 20.0, 20.0 * BLOCK)
    assert none == wilson_interval(0.0, 20.0 * BLOCK)
    # Blocks that spread as independent scenarios would give about the same interval.
    rng = np.random.default_rng(8)
    shares = rng.binomial(BLOCK, 0.03, 200) / BLOCK
    seen = share_interval(float(shares.mean()), shares, 200.0, 0.0)
    plain = wilson_interval(float(shares.mean()), 200.0 * BLOCK)
    assert seen.half_width == pytest.approx(plain.half_width, rel=0.15)


def mirrored(rng: np.random.Generator, n_pairs: int) -> np.ndarray:
    """Return outcomes exp(z/2), z and -z by turns."""
    z = rng.standard_normal(n_pairs)
    values: np.ndarray = np.exp(np.stack([z, -z], axis=1).reshape(-1) / 2.0)
    return values


def test_mirrored_pairs_cover_with_narrower_intervals(
    rng: np.random.Generator,
) -> None:
    law = stats.lognorm(0.5)
    expected = truth(law.ppf, float(law.mean()))
    repeats, hits, widths = 400, dict.fromkeys(STATISTICS, 0), []
    for _ in range(repeats):
        values = mirrored(rng, 1000)
        column = ColumnStatistics(2.0**-20, is_streamed=False)
        column.add_block(values)
        found = column.figures(values, None, "pairs")
        plain = column.figures(values, None, "rows")
        widths.append(found["mean"].half_width / plain["mean"].half_width)
        for name, one in found.items():
            hits[name] += one.low <= expected[name] <= one.high
    # Of 400, three standard errors are 3.3 %; a tail of 100 costs a little.
    assert {n: c / repeats for n, c in hits.items() if c / repeats < 0.91} == {}
    # corr(e^{z/2}, e^{-z/2}) = (e^{-1/4} - 1)/(e^{1/4} - 1) = -0.7788: the half width
    # shrinks by sqrt(1 - 0.7788) = 0.470.
    assert np.mean(widths) == pytest.approx(0.470, abs=0.01)


def test_streamed_pairs_never_claim_more_than_rows_show(
    rng: np.random.Generator,
) -> None:
    values = mirrored(rng, 1000)
    column = ColumnStatistics(2.0**-20, is_streamed=True)
    column.add_block(values)
    streamed = column.figures(dependence="pairs")
    exact = ColumnStatistics(2.0**-20, is_streamed=False)
    exact.add_block(values)
    for name, one in exact.figures(values, None, "pairs").items():
        assert streamed[name].half_width >= 0.95 * one.half_width


@pytest.mark.parametrize("below_frac", [0.0, 0.01])
def test_a_tail_that_begins_among_equals_is_as_sure_counted_as_in_rows(
    below_frac: float, rng: np.random.Generator
) -> None:
    # Cash stands at its floor in 3 of 4 scenarios, which the tail's edge falls among.
    # Without any below it, every outcome of the tail is the floor: no spread at all.
    # 20 million lie 0.35 of the way into their bin, below its middle.
    n, floor_usd = 4096, 20e6
    values = floor_usd + np.where(rng.random(n) < 0.75, 0.0, 1e7 * rng.random(n))
    values = np.where(rng.random(n) < below_frac, floor_usd * rng.random(n), values)
    counted, rows = (
        ColumnStatistics(1.0, is_streamed=is_streamed) for is_streamed in (True, False)
    )
    for column in (counted, rows):
        column.add_block(values)
    exact = rows.figures(values)["cvar_95"]
    found = counted.figures()["cvar_95"]
    assert found.value == pytest.approx(exact.value, rel=1e-6)
    assert found.half_width == pytest.approx(exact.half_width, rel=0.01, abs=0.01)


def test_weighted_draws_cover_the_truth(rng: np.random.Generator) -> None:
    # Normal outcomes drawn with mean -1 half of the time; weights are the ratio of
    # the density to that of the mixture.
    expected = truth(stats.norm.ppf, 0.0)
    repeats, hits, shares = 400, dict.fromkeys(STATISTICS, 0), 0
    for _ in range(repeats):
        z = rng.standard_normal(2000) - (np.arange(2000) % 2)
        weights = 1.0 / (0.5 + 0.5 * np.exp(-z - 0.5))
        column = ColumnStatistics(2.0**-20, is_streamed=False, is_weighted=True)
        column.add_block(z, np.rint(weights * 2.0**22).astype(np.int64))
        for name, one in column.figures(z, weights).items():
            hits[name] += one.low <= expected[name] <= one.high
        share = row_probability(z < -2.0, weights, "rows")
        shares += share.low <= stats.norm.cdf(-2.0) <= share.high
    assert {n: c / repeats for n, c in hits.items() if c / repeats < 0.91} == {}
    assert shares / repeats > 0.92


def test_neighbours_that_move_together_widen_the_interval(
    rng: np.random.Generator,
) -> None:
    # Groups of 32 rows share their outcome: errors are sqrt(32) = 5.7 times as large.
    values = np.repeat(rng.standard_normal(128), 32)
    column = ColumnStatistics(2.0**-20, is_streamed=False)
    column.add_block(values)
    rows = column.figures(values, None, "rows")["mean"].half_width
    blocks = column.figures(values, None, "blocks")["mean"].half_width
    assert blocks / rows == pytest.approx(math.sqrt(32), rel=0.35)
    hits = values > 1.0
    together = row_probability(hits, None, "blocks").half_width
    alone = row_probability(hits, None, "rows").half_width
    assert together > 3.0 * alone


def test_what_all_stretches_of_a_net_share_is_not_hidden() -> None:
    # Whether three normals of a net sum to more than 0, P = 1/2 by symmetry. These
    # dimensions even each other out badly, and all stretches of a net alike: intervals
    # from 32 stretches of 512 rows held it in 83 of 100.
    hits, repeats, ids = 0, 200, np.arange(4 * BLOCK)
    for seed in range(repeats):
        uniform = (net_points(seed, ids, 21)[[11, 12, 20]] + 0.5) * 2.0**-32
        is_up = stats.norm.ppf(uniform).sum(axis=0) > 0.0
        found = row_probability(is_up, None, "blocks")
        hits += found.low <= 0.5 <= found.high
    assert hits / repeats > 0.92


def test_events_of_pairs_count_pairs(rng: np.random.Generator) -> None:
    # Both or neither: a pair says no more than one scenario.
    twins = np.repeat(rng.random(2000) < 0.1, 2)
    found = row_probability(twins, None, "pairs")
    alone = wilson_interval(found.value, 2000)
    assert found.half_width == pytest.approx(alone.half_width, rel=0.01)
    never = row_probability(np.zeros(4000, dtype=np.bool_), None, "pairs")
    assert never == wilson_interval(0.0, 2000)
