# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from models import network

MONTH_S = 30 * 86_400.0
HALF_EPOCH_S = 7 * 86_400.0


def test_subsidy_halves_at_the_known_heights(xp):
    heights = xp.asarray([0, 839_999, 840_000, 1_049_999, 1_050_000, 1_260_000.0])
    found = network.subsidy_btc_per_block(heights)
    want = [50.0, 6.25, 3.125, 3.125, 1.5625, 0.78125]
    assert [float(value) for value in found] == want


def test_subsidy_is_paid_in_whole_satoshis_and_ends():
    # Era 10: 50e8 / 1024 = 4,882,812.5 satoshi, rounded down.
    assert network.subsidy_btc_per_block(10 * 210_000.0) == 0.04882812
    assert network.subsidy_btc_per_block(32 * 210_000.0) == 1e-8
    assert network.subsidy_btc_per_block(33 * 210_000.0) == 0.0
    assert network.subsidy_btc_per_block(500 * 210_000.0) == 0.0


def test_halving_heights():
    assert network.halving_height(4) == 840_000
    assert network.halving_height(5) == 1_050_000


def test_issuance_counts_every_era():
    # 210,000 x 50 + 210,000 x 25 + 1 x 12.5.
    assert network.issuance_btc(420_001.0) == 10_500_000 + 5_250_000 + 12.5


def test_average_subsidy_splits_the_halving_month_pro_rata(xp):
    # 3,000 blocks at 3.125 and 1,000 at 1.5625: (9375 + 1562.5) / 4000 = 2.734375.
    start = xp.asarray([1_046_000.0, 1_047_000.0, 1_051_000.0])
    found = network.average_subsidy_btc_per_block(start, xp.full(3, 4_000.0))
    np.testing.assert_allclose(
        [float(value) for value in found], [3.125, 2.734375, 1.5625], rtol=1e-11
    )


def test_difficulty_of_one_exahash_is_hashes_in_600_s_over_2_to_the_32():
    assert network.difficulty_from_hashrate(1.0) == pytest.approx(6e20 / 2**32)
    # 149.3e12 (end of November 2025) is 1,069 EH/s at one block per 600 s.
    assert network.hashrate_from_difficulty(149.3012e12) == pytest.approx(
        1_068.74, abs=0.01
    )


def test_a_network_at_its_difficulty_finds_144_blocks_a_day():
    difficulty = network.difficulty_from_hashrate(1_000.0)
    assert network.blocks_expected(
        1_000.0, difficulty, seconds=86_400.0
    ) == pytest.approx(144.0)


def test_retargets_limit_the_change_to_four_per_epoch():
    assert network.max_retarget_factor(2_016 * 600.0) == 4.0
    assert network.max_retarget_factor(2 * 2_016 * 600.0) == 16.0


def test_difficulty_stays_half_an_epoch_behind_the_network(xp):
    # 30-day months: weight of the month before = 7/30. From 900 to 1,000 EH/s:
    # (23/30) x 1000 + (7/30) x 900 = 976.67 EH/s, then 1,000 EH/s.
    path = network.difficulty_path(
        xp.asarray([[1_000.0, 1_000.0], [900.0, 900.0]]),
        opening_network_eh_s=xp.asarray([900.0, 900.0]),
        opening_difficulty=network.difficulty_from_hashrate(xp.asarray([900.0, 900.0])),
        seconds=xp.full(2, MONTH_S),
    )
    followed = network.hashrate_from_difficulty(path)
    want = [[1_000 - 100 * 7 / 30, 1_000.0], [900.0, 900.0]]
    np.testing.assert_allclose([[float(v) for v in row] for row in followed], want)


def test_difficulty_cannot_outrun_the_retarget_limit():
    # 14 days hold one epoch, so at most x4; half an epoch's lag weighs 1/2.
    path = network.difficulty_path(
        np.array([100.0, 100.0, 1.0]),
        opening_network_eh_s=np.array(1.0),
        opening_difficulty=network.difficulty_from_hashrate(np.array(1.0)),
        seconds=np.full(3, 2 * HALF_EPOCH_S),
    )
    followed = network.hashrate_from_difficulty(path)
    # Wanted 50.5, 100, 50.5; allowed 4, 16, and 50.5 is within 4 x 16.
    np.testing.assert_allclose(followed, [4.0, 16.0, 50.5])


def test_periods_shorter_than_the_lag_are_refused():
    with pytest.raises(ValueError, match="half an epoch"):
        network.difficulty_path(
            np.ones(1),
            opening_network_eh_s=np.array(1.0),
            opening_difficulty=np.array(1.0),
            seconds=np.array([HALF_EPOCH_S - 1.0]),
        )


def test_difficulty_path_leaves_its_input_alone():
    hashrate = np.array([5.0, 6.0])
    network.difficulty_path(
        hashrate,
        opening_network_eh_s=np.array(5.0),
        opening_difficulty=network.difficulty_from_hashrate(np.array(5.0)),
        seconds=np.full(2, MONTH_S),
    )
    np.testing.assert_array_equal(hashrate, [5.0, 6.0])


@pytest.fixture
def epochs():
    return network.DifficultyEpochs(
        start_day=np.array([0.0, 10.25]),
        difficulty=np.array([100.0, 200.0]),
        height=np.array([0, 2_016]),
        end_day=20.0,
    )


def test_mean_difficulty_is_harmonic_over_exact_time(epochs):
    # Days 10 to 11: a quarter at 100 and three at 200: 1 / (0.25/100 + 0.75/200) = 160.
    assert epochs.mean_difficulty(10.0, 11.0) == pytest.approx(160.0, rel=1e-15)
    assert epochs.mean_difficulty(0.0, 10.0) == pytest.approx(100.0, rel=1e-15)
    assert epochs.mean_difficulty(12.0, 20.0) == pytest.approx(200.0, rel=1e-15)


@pytest.mark.parametrize(("start", "end"), [(-1.0, 5.0), (5.0, 5.0), (15.0, 20.5)])
def test_a_window_outside_the_epochs_is_refused(epochs, start, end):
    with pytest.raises(ValueError, match="not inside"):
        epochs.mean_difficulty(start, end)
