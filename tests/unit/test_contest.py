# SPDX-License-Identifier: Apache-2.0
"""Contests of plans: hand-worked figures, merging, weights, engines."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scored_plans import grown_plan, usual_plan
from tiny_studies import tiny_study

from gpu.contests.contest import COLUMNS, Contest, contest_of
from gpu.contests.run import contest
from gpu.sampling.rule import DrawRule
from gpu.sampling.scenarios import weights
from gpu.scoring.chunks import BLOCK
from gpu.scoring.score import score_plans
from models.errors import ConfigError

# Three plans in four scenarios, in thousands of USD; the best of each scenario is
# 10 (A, B), 20 (B), 30 (A), 20 (all three).
A = (10.0, 0.0, 30.0, 20.0)
B = (10.0, 20.0, 0.0, 20.0)
C = (0.0, 5.0, 10.0, 20.0)
NPV = 1e3 * np.array([A, B, C])
# Student's t with 3 degrees of freedom, upper 2.5 %.
T_3 = 3.182446305


def standings(outcomes=NPV, weight=None, labels=("A", "B", "C")):
    return contest_of(labels, {"npv_usd": outcomes}, weight).columns["npv_usd"]


def test_ties_share_a_scenario():
    found = standings()
    best = [plan.best_frac.value for plan in found.plans]
    # A: (1/2 + 0 + 1 + 1/3) / 4 = 11/24, B: (1/2 + 1 + 0 + 1/3) / 4, C: (1/3) / 4.
    assert best == pytest.approx([11 / 24, 11 / 24, 2 / 24], rel=1e-14)
    assert [plan.best_alone_frac for plan in found.plans] == [0.25, 0.25, 0.0]
    assert found.tied_frac == 0.5


def test_regret_is_the_best_less_the_own():
    a, b, c = standings().plans
    # A: 0, 20, 0, 0; B: 0, 0, 30, 0; C: 10, 15, 20, 0.
    assert [p.regret_mean.value for p in (a, b, c)] == pytest.approx(
        [5e3, 7.5e3, 11.25e3]
    )
    assert [p.regret_max for p in (a, b, c)] == [20e3, 30e3, 20e3]
    # Five per cent of four scenarios lie in the worst of them.
    assert a.regret_cvar_95.value == pytest.approx(20e3, rel=1e-9)
    # The second smallest of 0, 10, 15, 20, in bins of 0.1 %.
    assert c.regret_quantiles["p50"] == pytest.approx(15e3, rel=2e-3)
    assert a.regret_quantiles["p50"] == 0.0


def test_each_pair_counts_who_is_better():
    found = standings()
    pair = found.pair("A", "C")
    assert (pair.better_frac, pair.worse_frac, pair.tie_frac) == (0.5, 0.25, 0.25)
    mirrored = found.pair("C", "A")
    assert (mirrored.better_frac, mirrored.worse_frac) == (0.25, 0.5)
    assert mirrored.difference.value == -pair.difference.value
    with pytest.raises(KeyError):
        found.pair("A", "D")


def test_the_interval_of_a_difference_is_paired():
    pair = standings().pair("A", "B")
    # 0, -20, 30, 0: mean 2.5, squares about it 1275, over 3: 425.
    assert pair.difference.value == pytest.approx(2.5e3, rel=1e-14)
    assert pair.difference_sd == pytest.approx(1e3 * math.sqrt(425.0), rel=1e-12)
    half = T_3 * math.sqrt(425.0 / 4.0) * 1e3
    assert pair.difference.half_width == pytest.approx(half, rel=1e-8)
    # Variances 500 / 3 and 275 / 3 add up where runs are independent.
    apart = T_3 * math.sqrt(775.0 / 12.0) * 1e3
    assert pair.independent_half_width == pytest.approx(apart, rel=1e-8)
    assert pair.narrower_ratio == pytest.approx(apart / half, rel=1e-8)


def test_common_numbers_narrow_the_difference_of_plans_that_move_together():
    rng = np.random.default_rng(1)
    market = 1e8 * rng.normal(size=2000)
    own = 1e6 * rng.normal(size=(2, 2000))
    found = standings(market + own, labels=("A", "B"))
    # sqrt(2 x (1e8^2 + 1e6^2)) over sqrt(2 x 1e6^2) is 100.
    assert found.pair("A", "B").narrower_ratio == pytest.approx(100.0, rel=0.1)


def test_a_constant_lead_is_known_without_error():
    found = standings(np.array([NPV[0] + 1e6, NPV[0]]), labels=("A", "B"))
    pair = found.pair("A", "B")
    assert pair.difference.low == pytest.approx(1e6, rel=1e-12)
    assert pair.narrower_ratio == math.inf
    assert pair.is_never_worse


def test_first_order_dominance_follows_sorted_outcomes():
    # Sorted: A 0 10 20 30, B 0 10 20 20, C 0 5 10 20: each at least the next.
    found = standings()
    for one, other in (("A", "B"), ("A", "C"), ("B", "C")):
        assert found.pair(one, other).is_first_order
        assert found.pair(one, other).first_order_breach_frac == 0.0
        assert not found.pair(other, one).is_first_order
        assert not found.pair(one, other).is_never_worse
    # Up to 20, B has all outcomes and A three quarters.
    assert found.pair("B", "A").first_order_breach_frac == 0.25
    assert found.dominated_by("C") == (("A", "first"), ("B", "first"))


def test_a_sure_mean_dominates_by_the_second_order_alone():
    # The mean of A for sure: (10 + 0 + 30 + 20) / 4 = 15.
    found = standings(1e3 * np.array([A, (15.0,) * 4]), labels=("A", "sure"))
    pair = found.pair("sure", "A")
    assert pair.is_second_order
    assert not pair.is_first_order
    assert pair.first_order_breach_frac == 0.5
    assert not found.pair("A", "sure").is_second_order


def test_equal_plans_tie_everywhere_and_none_dominates():
    found = standings(NPV[[0, 0]], labels=("A", "again"))
    for pair in found.pairs:
        assert pair.tie_frac == 1.0
        assert not pair.is_never_worse
        assert not pair.is_second_order
    assert [plan.best_frac.value for plan in found.plans] == [0.5, 0.5]


def test_within_a_dollar_plans_tie():
    found = standings(np.array([[5e3, 5e3], [5e3 + 1.0, 5e3 + 1.5]]), labels=("A", "B"))
    assert found.pair("B", "A").better_frac == 0.5
    assert found.plans[0].best_frac.value == 0.25


def test_what_ties_everywhere_is_not_dominated_by_cents():
    # Half a dollar more in every scenario: an equal outcome, though each falls in a bin
    # of its own, and a plan that is equal in every scenario is one that one may choose.
    amounts = np.arange(-20.0, 20.0) + 0.25
    for more, is_apart in ((0.5, False), (1.5, True)):
        found = standings(np.stack([amounts + more, amounts]), labels=("A", "B"))
        pair = found.pair("A", "B")
        assert pair.tie_frac == (0.0 if is_apart else 1.0)
        assert pair.is_never_worse == is_apart
        assert pair.is_first_order == is_apart
        assert pair.is_second_order == is_apart


def test_weights_count_like_repeated_scenarios():
    weight = np.array([2.0, 1.0, 1.0, 0.0])
    weighted = standings(weight=weight)
    plain = standings(NPV[:, [0, 0, 1, 2]])
    for one, other in zip(weighted.plans, plain.plans, strict=True):
        assert one.best_frac.value == pytest.approx(other.best_frac.value)
        assert one.regret_mean.value == pytest.approx(other.regret_mean.value)
        assert one.mean.value == pytest.approx(other.mean.value)
    for one, other in zip(weighted.pairs, plain.pairs, strict=True):
        assert one.better_frac == other.better_frac
        assert one.difference.value == pytest.approx(other.difference.value)
        assert one.is_first_order == other.is_first_order
        assert one.is_second_order == other.is_second_order


def test_blocks_merge_to_the_same_bits_in_any_order_and_from_disk():
    rng = np.random.default_rng(2)
    n = 3 * BLOCK + 100
    outcomes = {name: 1e7 * rng.normal(size=(3, n)) for name in COLUMNS}
    weight = rng.uniform(0.1, 2.0, size=n)
    whole = Contest(("a", "b", "c"), is_weighted=True)
    whole.take(0, outcomes, weight)
    parts = []
    for first in (2 * BLOCK, 0, 3 * BLOCK, BLOCK):
        cut = slice(first, first + BLOCK)
        part = whole.fresh()
        part.take(first, {k: v[:, cut] for k, v in outcomes.items()}, weight[cut])
        parts.append(Contest.from_arrays(part.to_arrays()))
    parts[0].merge(parts[1])
    parts[2].merge(parts[3])
    parts[2].merge(parts[0])
    assert parts[2].n_scenarios == n
    assert parts[2].result() == whole.result()


@pytest.mark.parametrize(
    ("first_id", "weight", "words"),
    [(1, None, "multiple"), (0, np.ones(4), "weights")],
)
def test_blocks_and_weights_are_checked(first_id, weight, words):
    with pytest.raises(ValueError, match=words):
        Contest(("A", "B", "C")).take(first_id, dict.fromkeys(COLUMNS, NPV), weight)


def test_a_missing_outcome_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        standings(np.array([[1.0, np.nan]]), labels=("A",))


def test_plans_need_names_of_their_own():
    with pytest.raises(ValueError, match="different"):
        Contest(("A", "A"))


@pytest.fixture(scope="module")
def case():
    study = tiny_study()
    return study, (grown_plan(study), usual_plan(study))


def test_a_contest_has_the_scores_of_each_plan(case):
    study, plans = case
    found = contest(
        study, plans, n_scenarios=300, seed=5, backend="numpy", keep_rows=True
    )
    alone = score_plans(study, plans, n_scenarios=300, seed=5, backend="numpy")
    for place, score in enumerate(alone):
        for name in COLUMNS:
            np.testing.assert_array_equal(found.rows[name][place], score.columns[name])
            told = found.columns[name].plans[place]
            assert told.mean.value == score.summary[name].mean
    for name, shares in found.events.items():
        wanted = [score.probabilities.get(name, 0.0) for score in alone]
        assert list(shares) == pytest.approx(wanted, abs=1e-15)
    gap = alone[0].columns["npv_usd"] - alone[1].columns["npv_usd"]
    pair = found.columns["npv_usd"].pair("grown", "business as usual")
    assert pair.difference.value == pytest.approx(gap.mean(), rel=1e-12)
    assert pair.better_frac == (gap > 1.0).mean()


def test_importance_sampling_weighs_the_contest(case):
    study, plans = case
    rule = DrawRule(3, method="importance", tilt=(-0.3,) * study.time.months)
    found = contest(
        study, plans, n_scenarios=200, rule=rule, backend="numpy", keep_rows=True
    )
    weight = weights(study, rule, np.arange(200))
    values = found.rows["npv_usd"]
    regret = values.max(axis=0) - values
    for place, plan in enumerate(found.columns["npv_usd"].plans):
        wanted = np.average(regret[place], weights=weight)
        assert plan.regret_mean.value == pytest.approx(wanted, rel=1e-6)
    expected = weight.sum() ** 2 / (weight**2).sum()
    assert found.effective_scenarios == pytest.approx(expected, rel=1e-5)


def test_engines_agree_on_a_contest(case):
    study, plans = case
    one, other = (
        contest(study, plans, n_scenarios=500, seed=2, backend=name)
        for name in ("numpy", "cpu")
    )
    for name in COLUMNS:
        ours, theirs = one.columns[name], other.columns[name]
        for mine, yours in zip(ours.plans, theirs.plans, strict=True):
            assert mine.best_frac.value == yours.best_frac.value
            assert mine.regret_mean.value == pytest.approx(
                yours.regret_mean.value, rel=1e-9, abs=1e-2
            )
        for mine, yours in zip(ours.pairs, theirs.pairs, strict=True):
            assert mine.better_frac == yours.better_frac
            assert mine.is_first_order == yours.is_first_order
            assert mine.is_second_order == yours.is_second_order


def test_bad_numbers_are_told_at_once(case):
    study, plans = case
    with pytest.raises(ConfigError) as caught:
        contest(study, plans, n_scenarios=0, seed=-1)
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize("dependence", ["pairs", "blocks"])
def test_dependent_scenarios_are_judged_by_blocks(dependence):
    # Blocks of 4,096 with a common luck of sd 1e6 each: the mean of 20 of them is
    # known to 1e6 / sqrt(20), whatever there is inside a block.
    rng = np.random.default_rng(4)
    n_blocks = 20
    luck = np.repeat(1e6 * rng.normal(size=n_blocks), BLOCK)
    outcomes = np.stack([luck + 1e5 * rng.normal(size=len(luck)), 0.0 * luck])
    found = Contest(("A", "B"), columns=("npv_usd",), dependence=dependence)
    found.take(0, {"npv_usd": outcomes})
    column = found.result().columns["npv_usd"]
    error = luck.reshape(n_blocks, -1)[:, 0].std(ddof=1) / math.sqrt(n_blocks)
    half = column.pair("A", "B").difference.half_width
    # Student's t with 19 degrees of freedom: 2.093.
    assert half == pytest.approx(2.093 * error, rel=0.02)
    share = column.plans[0].best_frac
    assert share.high - share.low > 0.2
