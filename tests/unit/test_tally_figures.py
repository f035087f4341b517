# SPDX-License-Identifier: Apache-2.0
"""What tallies say of weighted, mirrored and blocked scenarios, and by month."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import erfinv

from gpu.liquidity import LiquidityRisk
from gpu.numpy_engine import Scored
from gpu.scoring.chunks import BLOCK
from gpu.statistics.columns import QUANTILES
from gpu.statistics.describe import NUMPY
from gpu.statistics.describe_cpu import CPU
from gpu.statistics.intervals import figure_interval, wilson_interval
from gpu.statistics.month_tally import MonthTally
from gpu.statistics.risk import cvar, quantile
from gpu.statistics.tally import ScoreTally

N_BLOCKS = 24
N = N_BLOCKS * BLOCK
N_PERIODS = 6


def scored_of(npv_usd: np.ndarray, low_usd: float = -2e6) -> Scored:
    """Return scores in which a low NPV is a margin call, early if very low."""
    n = len(npv_usd)
    depth = np.floor(npv_usd / low_usd).clip(0, N_PERIODS)
    period = np.where(depth > 0, N_PERIODS - depth, np.nan)
    called = np.arange(N_PERIODS) == period[:, None]
    level = np.exp(-npv_usd / 1e7)[:, None] * np.linspace(0.5, 0.7, N_PERIODS)
    rows = {
        "npv_usd": npv_usd,
        "equity_usd": np.zeros(n),
        "min_cash_usd": npv_usd / 2.0,
        "first_margin_call_period": period,
    }
    risk = LiquidityRisk({}, {"margin_call": called}, {"low_ltv_frac": level})
    return Scored(rows, risk, None)


def tally_of(npv_usd: np.ndarray, weights: np.ndarray | None = None, **how: object):  # type: ignore[no-untyped-def]
    tally = ScoreTally(1e6, is_weighted=weights is not None, **how)  # type: ignore[arg-type]
    tally.take(0, scored_of(npv_usd), weights)
    return tally


@pytest.fixture(scope="module")
def normals() -> np.ndarray:
    return np.random.default_rng(11).standard_normal(N)


def test_weighted_figures_are_those_of_the_weighted_outcomes(
    normals: np.ndarray,
) -> None:
    # Drawn with mean -1: weights exp(z + 1/2) bring the mean back to 0.
    z = normals - 1.0
    weights = np.exp(z + 0.5).clip(max=4000.0)
    tally = tally_of(5e6 * z, weights)
    summary = tally.rows.summary()["npv_usd"]
    assert summary.mean == pytest.approx(np.average(5e6 * z, weights=weights), rel=1e-5)
    for share, name in ((0.05, "p05"), (0.5, "p50"), (0.95, "p95")):
        exact = quantile(5e6 * z, share, weights)
        limit = max(0.001 * abs(exact), 1.0)
        assert summary.quantiles[name] == pytest.approx(exact, abs=limit)
    exact_tail = cvar(5e6 * z, 0.95, weights)
    assert summary.cvar_95 == pytest.approx(exact_tail, rel=1e-5)
    ess = weights.sum() ** 2 / (weights**2).sum()
    assert summary.effective_count == pytest.approx(ess, rel=1e-6)
    assert tally.rows.effective_count == summary.effective_count
    share = np.average(5e6 * z <= -2e6, weights=weights)
    found = tally.rows.probabilities()["margin_call_frac"]
    assert found == pytest.approx(share, rel=1e-5)
    kept = ScoreTally(1e6, is_weighted=True, is_streamed=False)
    scored = scored_of(5e6 * z)
    kept.take(0, scored, weights)
    exactly = kept.rows.summary(scored.rows, weights)["npv_usd"]
    assert exactly.quantiles["p05"] == quantile(5e6 * z, 0.05, weights)


def test_weights_toward_the_tail_narrow_its_probability(normals: np.ndarray) -> None:
    plain = tally_of(1e6 * normals)
    # Half of the draws have mean -2; the weight is over the density of the mixture.
    z = normals - 2.0 * (np.arange(N) % 2)
    tilted = tally_of(1e6 * z, 1.0 / (0.5 + 0.5 * np.exp(-2.0 * z - 2.0)))
    ranges = [
        figure_interval(tally, "margin_call_frac", "probability")
        for tally in (plain, tilted)
    ]
    # P(z <= -2) = 2.275 %.
    for one in ranges:
        assert one.low < 0.022750 < one.high
    assert ranges[1].half_width < 0.6 * ranges[0].half_width


def test_mirrored_blocks_narrow_the_mean_and_not_the_spread(
    normals: np.ndarray,
) -> None:
    z = np.stack([normals[::2], -normals[::2]], axis=1).reshape(-1)
    outcomes = 1e7 * np.exp(z / 2.0)
    pairs, rows = tally_of(outcomes, dependence="pairs"), tally_of(outcomes)
    ours = figure_interval(pairs, "npv_usd", "mean")
    plain = figure_interval(rows, "npv_usd", "mean")
    # sqrt(1 - 0.7788) = 0.470, see the intervals' own tests; 24 blocks know it to 15 %.
    assert ours.half_width / plain.half_width == pytest.approx(0.470, rel=0.4)
    assert ours.low < 1e7 * math.exp(1 / 8) < ours.high
    assert pairs.rows.summary()["npv_usd"].sd == rows.rows.summary()["npv_usd"].sd


def test_even_blocks_narrow_every_figure(normals: np.ndarray) -> None:
    # Every block holds the quantiles of the law itself, a little shifted.
    shift = (np.arange(N_BLOCKS) + 0.5) / N_BLOCKS
    u = (np.arange(BLOCK)[None, :] + shift[:, None]) / BLOCK
    z = np.sqrt(2.0) * np.vectorize(_inverse_error)(2.0 * u - 1.0)
    tally = tally_of(1e7 * z.reshape(-1), dependence="blocks")
    plain = tally_of(1e7 * normals)
    for statistic in ("mean", "p05", "cvar_95"):
        even = figure_interval(tally, "npv_usd", statistic)
        assert even.half_width < 0.2 * (
            figure_interval(plain, "npv_usd", statistic).half_width
        )
    # One block is too few to tell: rows are, and without them scenarios.
    one = ScoreTally(1e6, dependence="blocks")
    one.take(0, scored_of(1e7 * z[0]))
    few = figure_interval(one, "npv_usd", "mean")
    assert few.half_width == pytest.approx(1.96 * 1e7 / math.sqrt(BLOCK), rel=0.02)


@pytest.mark.parametrize("kind", ["pairs", "weights"])
def test_intervals_from_blocks_cover_the_truth(
    kind: str, rng: np.random.Generator
) -> None:
    # NPV is 1e6 e^(z/2): its quantiles are those of z, its mean e^(1/8), and the mean
    # of the lowest 5 % is e^(1/8) P(z < -1.645 - 1/2)/0.05.
    law, repeats, n = stats.norm, 80, 20 * BLOCK
    edge = law.ppf(0.05)
    expected = {
        "mean": 1e6 * math.exp(1 / 8),
        "p05": 1e6 * math.exp(edge / 2),
        "p95": 1e6 * math.exp(-edge / 2),
        "cvar_95": 1e6 * math.exp(1 / 8) * law.cdf(edge - 0.5) / 0.05,
        "probability": law.cdf(-2.0),
    }
    hits = dict.fromkeys(expected, 0)
    for _ in range(repeats):
        weights = None
        if kind == "pairs":
            half = rng.standard_normal(n // 2)
            z = np.stack([half, -half], axis=1).reshape(-1)
        else:
            z = rng.standard_normal(n) - np.arange(n) % 2
            weights = 1.0 / (0.5 + 0.5 * np.exp(-z - 0.5))
        dependence = "pairs" if kind == "pairs" else "rows"
        rows = {
            "npv_usd": 1e6 * np.exp(z / 2.0),
            "equity_usd": np.where(z < -2.0, 1.0, 0.0),
        }
        tally = ScoreTally(1e6, is_weighted=weights is not None, dependence=dependence)
        tally.take(0, Scored(rows, LiquidityRisk({}, {}, {}), None), weights)
        for name, value in expected.items():
            column = "equity_needed_frac" if name == "probability" else "npv_usd"
            one = figure_interval(tally, column, name)
            hits[name] += one.low <= value <= one.high
    # Three standard errors of a share of 95 % of 80 are 7.3 %.
    assert {n: c / repeats for n, c in hits.items() if c / repeats < 0.877} == {}


def test_intervals_of_streams_never_shrink_below_a_bin(normals: np.ndarray) -> None:
    # Every block is the same: nothing scatters, but quantiles are known to a bin.
    same = np.tile(np.exp(normals[:BLOCK]) * 1e7, N_BLOCKS)
    tally = tally_of(same, dependence="blocks")
    summary = tally.rows.summary()["npv_usd"]
    exact = np.asarray(quantile(same, QUANTILES))
    low = np.array(list(summary.quantiles_low.values()))
    high = np.array(list(summary.quantiles_high.values()))
    assert (low <= exact).all()
    assert (exact <= high).all()
    assert summary.mean_low == pytest.approx(summary.mean_high, rel=1e-12)


def _inverse_error(y: float) -> float:
    return float(erfinv(y))


def test_figures_say_which_there_are(normals: np.ndarray) -> None:
    tally = tally_of(normals)
    with pytest.raises(KeyError):
        figure_interval(tally, "gain_usd", "mean")
    with pytest.raises(KeyError):
        figure_interval(tally, "npv_usd", "p33")
    with pytest.raises(KeyError):
        figure_interval(tally, "flood_frac", "probability")


def test_first_periods_and_shares_by_month_agree(normals: np.ndarray) -> None:
    tally = tally_of(3e6 * normals)
    scored = scored_of(3e6 * normals)
    first = tally.rows.first_period_frac("first_margin_call_period")
    months = tally.months.risks(scored)["plan"].events["margin_call"]
    assert np.cumsum(first) == pytest.approx(months.by_month_frac[: len(first)])
    share = tally.rows.probabilities()["margin_call_frac"]
    assert months.by_month_frac[-1] == share == pytest.approx(first.sum())
    last = wilson_interval(share, N)
    assert (months.by_month_low_frac[-1], months.by_month_high_frac[-1]) == (
        last.low,
        last.high,
    )
    assert first[0] < first[1] < first[4]


def test_levels_by_month_have_intervals_round_them(normals: np.ndarray) -> None:
    scored = scored_of(3e6 * normals)
    tally = tally_of(3e6 * normals)
    found = tally.months.risks(scored)["plan"].levels["low_ltv_frac"]
    values = scored.plan.levels["low_ltv_frac"]
    for name, share in (("p05", 0.05), ("p50", 0.5), ("p95", 0.95)):
        exact = np.quantile(values, share, axis=0, method="inverted_cdf")
        low, high = np.array(found.low[name]), np.array(found.high[name])
        assert (low <= exact).all()
        assert (exact <= high).all()
        assert (low < high).all()
        assert ((high - low) / exact < 0.03).all()
    paired = tally_of(3e6 * normals, dependence="pairs")
    wide = paired.months.risks(scored)["plan"].levels["low_ltv_frac"]
    assert wide.high["p95"] >= found.high["p95"]


def test_months_of_blocks_are_judged_by_their_spread() -> None:
    # Of 20 blocks half see a call in every scenario, half in none.
    tally = MonthTally(dependence="blocks")
    for number in range(20):
        flags = np.full((BLOCK, 2), number % 2 == 0)
        tally.take(number * BLOCK, LiquidityRisk({}, {"margin_call": flags}, {}))
    found = tally.risk(LiquidityRisk({}, {}, {}))
    assert found is not None
    event = found.events["margin_call"]
    assert event.by_month_frac == (0.5, 0.5)
    # 20 coins: about 0.5 +- 2.1 x 0.51/sqrt(20), not 0.5 +- 0.003.
    assert event.by_month_low_frac[0] == pytest.approx(0.29, abs=0.03)
    assert event.by_month_high_frac[0] == pytest.approx(0.71, abs=0.03)


def test_levels_that_are_not_numbers_are_refused() -> None:
    values = np.ones((10, 3))
    values[4, 1] = np.nan
    risk = LiquidityRisk(
        {}, {"margin_call": np.zeros((10, 3), dtype=bool)}, {"low_ltv_frac": values}
    )
    for counter in (NUMPY, CPU):
        with pytest.raises(ValueError, match="NaN"):
            MonthTally().take(0, risk, None, counter)


def test_more_blocks_need_no_more_memory(normals: np.ndarray) -> None:
    scored = scored_of(1e7 * normals[:BLOCK])
    tally = ScoreTally(1e6)
    sizes = []
    for number in range(12):
        tally.take(number * 10**5 * BLOCK, scored)
        if number in (1, 11):
            sizes.append(sum(array.size for array in tally.to_arrays().values()))
    # The same bins; exact sums of 600 times as many outcomes are 2 bytes longer.
    assert sizes[1] <= sizes[0] + 2 * 20
