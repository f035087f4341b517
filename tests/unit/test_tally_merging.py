# SPDX-License-Identifier: Apache-2.0
"""Tallies merge: any order and grouping, and through arrays, give the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from scored_plans import grown_plan, usual_plan
from tiny_studies import tiny_study

from gpu.liquidity import LiquidityRisk
from gpu.numpy_engine import Scored, score_all
from gpu.sampling.scenarios import sampled_paths
from gpu.scoring.chunks import BLOCK
from gpu.statistics.describe import NUMPY
from gpu.statistics.describe_cpu import CPU
from gpu.statistics.tally import ScoreTally

STUDY = tiny_study()
PLAN, USUAL = grown_plan(STUDY), usual_plan(STUDY)
N_BLOCKS = 5
N = 4 * BLOCK + 100


def rows_of(scored: Scored, part: slice) -> Scored:
    def cut(risk: LiquidityRisk | None) -> LiquidityRisk | None:
        if risk is None:
            return None
        return LiquidityRisk(
            *(
                {name: values[part] for name, values in found.items()}
                for found in (risk.rows, risk.events, risk.levels)
            )
        )

    rows = {name: values[part] for name, values in scored.rows.items()}
    plan = cut(scored.plan)
    assert plan is not None
    return Scored(rows, plan, cut(scored.baseline))


@pytest.fixture(scope="module")
def scored() -> Scored:
    """One real block repeated with a change, so that blocks differ."""
    paths = sampled_paths(STUDY, 3, np.arange(1000))
    few = score_all(STUDY, PLAN, paths, baseline=USUAL)
    order = np.random.default_rng(1).integers(0, 1000, N)
    return rows_of(few, order)  # type: ignore[arg-type]


def blocks(scored: Scored) -> list[tuple[int, Scored]]:
    return [(k, rows_of(scored, slice(k, k + BLOCK))) for k in range(0, N, BLOCK)]


def weights_of(is_weighted: bool) -> np.ndarray | None:
    return np.random.default_rng(2).uniform(0.0, 2.0, N) if is_weighted else None


def same(one: ScoreTally, other: ScoreTally) -> None:
    ours, theirs = one.to_arrays(), other.to_arrays()
    for name in ours.keys() | theirs.keys():
        np.testing.assert_array_equal(ours[name], theirs[name], name)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_workers_may_take_blocks_in_any_order_and_grouping(
    scored: Scored, is_weighted: bool
) -> None:
    weights = weights_of(is_weighted)
    whole = ScoreTally(1e6, is_weighted=is_weighted)
    whole.take(0, scored, weights)
    merged = whole.fresh()
    parts = [whole.fresh() for _ in range(3)]
    for number, (first, block) in enumerate(reversed(blocks(scored))):
        inside = None if weights is None else weights[first : first + BLOCK]
        parts[number % 3].take(first, block, inside)
    for part in parts:
        merged.merge(part)
    assert merged.n_scenarios == N
    same(merged, whole)
    assert repr(merged.rows.summary()) == repr(whole.rows.summary())


@pytest.mark.parametrize("is_weighted", [False, True])
def test_arrays_keep_every_bit_and_counting_goes_on(
    scored: Scored, is_weighted: bool
) -> None:
    weights = weights_of(is_weighted)
    whole = ScoreTally(1e6, is_weighted=is_weighted)
    half = whole.fresh()
    for first, block in blocks(scored):
        inside = None if weights is None else weights[first : first + BLOCK]
        whole.take(first, block, inside)
        half.take(first, block, inside)
        half = ScoreTally.from_arrays(half.to_arrays())
    same(half, whole)
    base = rows_of(scored, slice(0, 1))
    assert half.months.risks(base) == whole.months.risks(base)


def test_weights_of_one_say_what_no_weights_say(scored: Scored) -> None:
    plain, weighted = ScoreTally(1e6), ScoreTally(1e6, is_weighted=True)
    plain.take(0, scored)
    weighted.take(0, scored, np.ones(N))
    assert weighted.rows.probabilities() == plain.rows.probabilities()
    assert weighted.rows.irr_status_frac() == plain.rows.irr_status_frac()
    for name, one in plain.rows.summary().items():
        other = weighted.rows.summary()[name]
        assert other.quantiles == pytest.approx(one.quantiles, rel=0, nan_ok=True)
        assert other.mean == pytest.approx(one.mean, rel=1e-14, nan_ok=True)
        assert other.sd == pytest.approx(one.sd, rel=1e-9, abs=1e-9, nan_ok=True)
        assert other.cvar_95 == pytest.approx(one.cvar_95, rel=1e-9, nan_ok=True)


def test_blocks_start_at_multiples_and_weights_are_all_or_none(scored: Scored) -> None:
    tally = ScoreTally(1e6)
    with pytest.raises(ValueError, match="multiple of 4096"):
        tally.take(100, scored)
    with pytest.raises(ValueError, match="weighted"):
        tally.take(0, scored, np.ones(N))
    with pytest.raises(ValueError, match="0 to 4096: -1"):
        ScoreTally(1e6, is_weighted=True).take(0, scored, np.full(N, -1.0))


def test_beside_several_plans_the_baseline_is_counted_once(scored: Scored) -> None:
    one, other = ScoreTally(1e6), ScoreTally(1e6, counts_baseline=False)
    base = rows_of(scored, slice(0, 1))
    for tally in (one, other):
        tally.take(0, scored)
    found = ScoreTally.from_arrays(other.fresh().to_arrays())
    found.merge(other)
    assert found.months.counts_baseline is False
    assert found.months.risks(base).keys() == {"plan"}
    assert one.months.risks(base)["plan"] == found.months.risks(base)["plan"]


@pytest.mark.parametrize("is_weighted", [False, True])
def test_the_compiled_form_fills_a_tally_with_the_same_bits(
    scored: Scored, is_weighted: bool
) -> None:
    weights = weights_of(is_weighted)
    tallies = [
        ScoreTally(1e6, is_weighted=is_weighted, counter=c) for c in (NUMPY, CPU)
    ]
    for tally in tallies:
        for first, block in blocks(scored):
            inside = None if weights is None else weights[first : first + BLOCK]
            tally.take(first, block, inside)
    same(*tallies)
