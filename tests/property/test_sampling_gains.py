# SPDX-License-Identifier: Apache-2.0
"""Every rule aims at the same figures as plain draws; what each makes more exact.

Business as usual of the treasury study, whole blocks of 4,096 scenarios. A gain is a
ratio of variances at equal scenarios; bounds stand at about half of what
`tests/benchmarks/bench_sampling.py` measures.
"""

from __future__ import annotations

import functools

import numpy as np

from gpu.numpy_engine import headline_rows
from gpu.sampling.scenarios import DrawRule, sampled_paths, weights
from gpu.sampling.tilt import tilt_toward_shortfall
from models.business_as_usual import business_as_usual
from sites import load_study

STUDY = load_study("treasury")
PLAN = business_as_usual(STUDY)
SEED = 1
BLOCK = 4096
# About the 5th percentile of NPV. Where the edge of the tail is a number, the tail mean
# is ``edge - E[max(edge - NPV, 0)] / 0.05`` and moves with the expectation alone.
EDGE_USD = -233e6


@functools.cache
def drawn(rule: DrawRule, n_blocks: int) -> dict[str, np.ndarray]:
    """What is averaged, weight included, by scenario."""
    parts = []
    for first in range(0, n_blocks * BLOCK, BLOCK // 2):
        ids = np.arange(first, first + BLOCK // 2)
        rows = headline_rows(STUDY, PLAN, sampled_paths(STUDY, rule, ids))
        npv_usd, equity_usd = rows["npv_usd"], rows["equity_usd"]
        figures = {
            "npv": npv_usd,
            "equity": equity_usd,
            "shortfall": equity_usd > 1.0,
            "called": ~np.isnan(rows["first_margin_call_period"]),
            "below_edge": npv_usd < EDGE_USD,
            "tail": np.maximum(EDGE_USD - npv_usd, 0.0),
        }
        count = weights(STUDY, rule, ids)
        parts.append({name: count * values for name, values in figures.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def plain() -> dict[str, np.ndarray]:
    return drawn(DrawRule(SEED), 3)


def assert_same_aim(values: dict[str, np.ndarray], rows_alike: int) -> dict[str, float]:
    """Means agree within 4 standard errors; return the gains in variance.

    Scenarios are independent in groups of `rows_alike` neighbours.
    """
    gains = {}
    for name, ours in values.items():
        theirs = plain()[name]
        groups = ours.reshape(-1, rows_alike).mean(axis=1)
        square = groups.var(ddof=1) / len(groups)
        error = (square + theirs.var(ddof=1) / len(theirs)) ** 0.5
        assert abs(ours.mean() - theirs.mean()) < 4.0 * error, name
        gains[name] = theirs.var(ddof=1) / (groups.var(ddof=1) * rows_alike)
    return gains


def test_mirrored_pairs_aim_right_and_take_out_variance() -> None:
    gains = assert_same_aim(drawn(DrawRule(SEED, "antithetic"), 3), 2)
    assert gains["npv"] > 1.2
    assert gains["equity"] > 1.5
    assert gains["shortfall"] > 1.3
    # Of a rare event at most one of a pair is had: nothing is gained, nothing lost.
    assert 0.8 < gains["below_edge"] < 1.5


def test_sobol_points_aim_right_and_make_means_far_more_exact() -> None:
    gains = assert_same_aim(drawn(DrawRule(SEED, "sobol"), 8), BLOCK)
    assert gains["npv"] > 4.0
    assert gains["equity"] > 5.0
    assert gains["shortfall"] > 2.0
    assert gains["called"] > 1.0


def test_a_tilt_aims_right_and_makes_the_tail_more_exact() -> None:
    rule = tilt_toward_shortfall(STUDY, PLAN, seed=SEED)
    gains = assert_same_aim(drawn(rule, 3), 1)
    assert gains["tail"] > 2.0
    assert gains["below_edge"] > 1.5
    # Half of the scenarios are plain and no weight exceeds 2; what is almost sure is
    # better told by its opposite, or by weights over their sum.
    assert min(gains[name] for name in ("npv", "equity", "shortfall")) > 0.25
