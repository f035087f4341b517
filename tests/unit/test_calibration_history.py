# SPDX-License-Identifier: Apache-2.0
"""Days gathered into months."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from models.calibration_history import DAYS_PER_MONTH, DailyHistory, monthly_history


def days_of(first, n_days, **columns):
    still = {
        "price_usd": np.full(n_days, 100.0),
        "difficulty": np.full(n_days, 1e12),
        "blocks": np.full(n_days, 144.0),
        "fees_btc": np.full(n_days, 4.5),
        "issuance_btc": np.full(n_days, 450.0),
    }
    dates = tuple(first + timedelta(days=k) for k in range(n_days))
    return DailyHistory(dates=dates, **(still | columns))


def test_only_whole_months_are_kept():
    # From 15 January 2025 for 80 days: February and March are whole, to 4 April.
    found = monthly_history(days_of(date(2025, 1, 15), 80))
    assert found.months == ("2025-02", "2025-03")


def test_means_ends_and_shares_of_a_month():
    price = np.linspace(101.0, 131.0, 31)
    found = monthly_history(days_of(date(2025, 1, 1), 31, price_usd=price))
    assert found.end_price_usd[0] == 131.0
    assert found.mean_price_usd[0] == pytest.approx(116.0)
    # 4.5 / 450 = 1 %; 450 / 144 = 3.125 BTC a block.
    assert found.fee_share_frac[0] == pytest.approx(0.01)
    assert found.subsidy_btc_per_block[0] == 3.125
    # 144 blocks a day at 1e12: 144e12 * 2^32 / 86400 hashes a second.
    assert found.network_eh_s[0] == pytest.approx(144e12 * 2**32 / 86400 / 1e18)
    assert found.log_reward_usd[0] == pytest.approx(np.log(116.0 * 3.125 * 1.01))


def test_realised_variance_adds_squares_and_knows_its_noise():
    # February 2025 after a January: 28 returns of +1 % and -1 % in turn. Sum of squares
    # 28e-4, scaled to a month of 30.4375 days; fourth powers 28e-8: noise 2/3 / 28.
    change = np.zeros(31 + 28)
    change[31:] = 0.01 * (-1.0) ** np.arange(28)
    price = 100.0 * np.exp(np.cumsum(change))
    found = monthly_history(days_of(date(2025, 1, 1), 59, price_usd=price + 0.0))
    assert found.realised_variance[1] == pytest.approx(1e-4 * DAYS_PER_MONTH)
    assert found.variance_noise[1] == pytest.approx(2 / 3 / 28)


def test_heights_are_counted_from_the_halving_inside_its_day():
    # 20 April 2024: 144 blocks, 100 before and 44 after; 10 days follow in April.
    issued = np.full(30, 6.25 * 144)
    issued[20:] = 3.125 * 144
    issued[19] = 6.25 * 100 + 3.125 * 44
    found = monthly_history(days_of(date(2024, 4, 1), 30, issuance_btc=issued))
    assert found.end_height[0] == 840_000 + 44 + 10 * 144


def test_a_halving_between_two_days_counts_as_well():
    issued = np.full(30, 6.25 * 144)
    issued[20:] = 3.125 * 144
    found = monthly_history(days_of(date(2024, 4, 1), 30, issuance_btc=issued))
    assert found.end_height[0] == 840_000 + 10 * 144


def test_without_a_halving_heights_are_not_known():
    found = monthly_history(days_of(date(2025, 1, 1), 31))
    assert np.isnan(found.end_height).all()


def test_what_was_known_earlier_is_a_shorter_history():
    rng = np.random.default_rng(1)
    price = 100.0 * np.exp(np.cumsum(0.01 * rng.standard_normal(120)))
    whole = monthly_history(days_of(date(2025, 1, 1), 120, price_usd=price))
    known = whole.before(2)
    assert known.months == ("2025-01", "2025-02")
    np.testing.assert_array_equal(known.end_price_usd, whole.end_price_usd[:2])
    np.testing.assert_array_equal(known.log_reward_usd, whole.log_reward_usd[:2])
