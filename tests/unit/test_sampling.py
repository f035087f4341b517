# SPDX-License-Identifier: Apache-2.0
"""The tilt toward cash shortfall, and what weighted scenarios are worth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gpu.numpy_engine import headline_rows
from gpu.sampling.scenarios import DrawRule, draw_factor_shocks, sampled_paths, weights
from gpu.sampling.tilt import (
    PILOT_FIRST_ID,
    tilt_by_month,
    tilt_toward_shortfall,
)
from gpu.statistics.describe import weight_units
from gpu.statistics.moments import Moments
from models.business_as_usual import business_as_usual
from sites import load_study

STUDY = load_study("treasury")
PLAN = business_as_usual(STUDY)


@pytest.fixture(scope="module")
def rule() -> DrawRule:
    return tilt_toward_shortfall(STUDY, PLAN, seed=3, n_pilot=1000)


def effective_scenarios(counted: np.ndarray) -> float:
    """Return what the scores say of so many weights."""
    units = weight_units(counted)
    return Moments.of(np.zeros(len(counted)), units).effective_count


def test_equal_weights_are_worth_every_scenario() -> None:
    assert effective_scenarios(np.full(50, 0.3)) == pytest.approx(50.0)


def test_unequal_weights_by_hand() -> None:
    # (3 + 1)^2 / (9 + 1) = 1.6; a single weight is worth one scenario.
    assert effective_scenarios(np.array([3.0, 1.0])) == pytest.approx(1.6)
    assert effective_scenarios(np.array([0.0, 5.0, 0.0])) == 1.0
    # Whatever goes with the weights, no less than sum w / max w.
    units = weight_units(np.array([3.0, 1.0]))
    assert Moments.of(np.zeros(2), units).least_count == pytest.approx(4.0 / 3.0)
    for none in ([], [0.0, 0.0]):
        found = Moments.of(np.zeros(len(none)), weight_units(np.array(none)))
        assert (found.effective_count, found.least_count) == (0.0, 0.0)


@pytest.mark.parametrize("bad", [[1.0, -1.0], [math.nan], [math.inf]])
def test_weights_that_are_none_are_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="weights must be"):
        effective_scenarios(np.array(bad))


def test_a_tilt_evens_out_over_stretches_that_double() -> None:
    # Two scenarios of 7 months; means 1, 2, 3, 4, 5, 6, 7. Stretches: month 0, 1,
    # 2 to 3, 4 to 6 (cut by the end): 1, 2, 3.5, 3.5, then 6 over 4 cut to 4.
    draws = np.arange(1.0, 8.0) + np.array([[0.5], [-0.5]])
    expected = [1.0, 2.0, 3.5, 3.5, 4.0, 4.0, 4.0]
    np.testing.assert_allclose(tilt_by_month(draws), expected)


def test_the_tilt_points_toward_falling_prices_at_once(rule: DrawRule) -> None:
    assert rule.method == "importance"
    assert len(rule.tilt) == STUDY.time.months
    # The loan is called in the first months: they fall most.
    assert rule.tilt[0] < -0.8
    assert rule.tilt[0] < rule.tilt[1] < rule.tilt[4] < 0.1


def test_the_same_arguments_give_the_same_rule(rule: DrawRule) -> None:
    assert tilt_toward_shortfall(STUDY, PLAN, seed=3, n_pilot=1000) == rule


def test_the_tail_is_found_whatever_the_order_in_which_it_is_scored(
    rule: DrawRule,
) -> None:
    ids = np.arange(PILOT_FIRST_ID, PILOT_FIRST_ID + 1000)
    rows = headline_rows(STUDY, PLAN, sampled_paths(STUDY, 3, ids))
    most = np.sort(rows["equity_usd"])[-50]
    tail = draw_factor_shocks(3, ids[rows["equity_usd"] >= most], STUDY.time.months)
    np.testing.assert_allclose(rule.tilt, tilt_by_month(tail[:, 0]), rtol=1e-12)


def test_tilted_scenarios_are_short_of_more_cash(rule: DrawRule) -> None:
    ids = np.arange(1024)
    rows = headline_rows(STUDY, PLAN, sampled_paths(STUDY, rule, ids))
    plain, tilted = rows["equity_usd"][::2], rows["equity_usd"][1::2]
    assert tilted.mean() > 1.2 * plain.mean()
    counted = weights(STUDY, rule, ids)
    assert counted.max() <= 2.0
    assert 0.5 * 1024 < effective_scenarios(counted) < 0.95 * 1024


@pytest.mark.parametrize(
    ("n_pilot", "tail_frac"), [(99, 0.5), (1000, 0.0), (1000, 0.6), (300, 0.05)]
)
def test_too_small_a_pilot_is_refused(n_pilot: int, tail_frac: float) -> None:
    with pytest.raises(ValueError, match="must leave 20 scenarios"):
        tilt_toward_shortfall(STUDY, PLAN, seed=1, n_pilot=n_pilot, tail_frac=tail_frac)
