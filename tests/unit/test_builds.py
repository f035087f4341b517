# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from models import builds


def test_payments_are_equal_over_the_lead_time():
    assert builds.payments_usd(900.0, 1, 3, 6).tolist() == [0, 300, 300, 300, 0, 0]


def test_without_lead_time_all_is_paid_at_the_start():
    assert builds.payments_usd(900.0, 2, 0, 4).tolist() == [0, 0, 900, 0]


def test_payments_past_the_horizon_are_not_shown():
    assert builds.payments_usd(900.0, 2, 3, 4).tolist() == [0, 0, 300, 300]


def test_depreciation_is_even_over_the_life():
    assert builds.straight_line_usd(120.0, 1, 3, 6).tolist() == [0, 40, 40, 40, 0, 0]


def test_depreciation_that_began_before_the_horizon_runs_out():
    # Life 5 from period -3: periods 0 and 1 are left.
    assert builds.straight_line_usd(100.0, -3, 5, 4).tolist() == [20, 20, 0, 0]


def test_depreciation_wholly_in_the_past_is_nothing():
    assert builds.straight_line_usd(100.0, -9, 5, 4).tolist() == [0, 0, 0, 0]


def test_depreciation_that_starts_past_the_horizon_is_nothing():
    assert builds.straight_line_usd(100.0, 7, 5, 4).tolist() == [0, 0, 0, 0]


def plant(live, cost_usd=1000.0, n_periods=60):
    return builds.plant_value_usd(
        cost_usd, live, life_months=180, resale_frac=0.5, n_periods=n_periods
    )


def test_plant_is_worth_a_share_of_what_is_not_written_off():
    # In use for 45 of 180 months: 1,000 x 0.75 x 0.5.
    assert plant(15) == pytest.approx(375.0)


def test_plant_that_goes_live_at_the_horizon_is_worth_the_share_of_its_cost():
    assert plant(60) == 500.0
    assert plant(70) == 500.0


def test_plant_past_its_life_is_worth_nothing():
    assert plant(0, n_periods=240) == 0.0


def test_depreciated_plus_undepreciated_is_the_cost():
    schedule = builds.straight_line_usd(1000.0, 15, 180, 60)
    left = builds.plant_value_usd(
        1000.0, 15, life_months=180, resale_frac=1.0, n_periods=60
    )
    assert schedule.sum() + left == pytest.approx(1000.0)
