# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from models import mining
from models.network import difficulty_from_hashrate

PLAIN = {"subsidy_btc_per_block": 3.125, "fee_share_frac": 0.0}


def test_one_mw_at_one_j_per_th_is_one_eh_s():
    assert mining.hashrate_eh_s(1.0, 1.0, pue=1.0) == 1.0


def test_pue_takes_power_from_the_machines():
    # 30 MW at PUE 1.2 leave 25 MW for machines of 20 J/TH: 1.25 EH/s.
    assert mining.hashrate_eh_s(30.0, 20.0, pue=1.2) == pytest.approx(1.25)
    assert mining.facility_mw(1.25, 20.0, pue=1.2) == pytest.approx(30.0)


def test_a_hashrate_that_is_the_whole_network_earns_every_block():
    # 144 blocks a day x 3.125 BTC = 450 BTC.
    btc = mining.expected_btc(
        1_000.0,
        difficulty_from_hashrate(1_000.0),
        seconds=86_400.0,
        pool_fee_frac=0.0,
        **PLAIN,
    )
    assert btc == pytest.approx(450.0, rel=1e-14)


def test_fees_add_to_and_pool_fee_takes_from_the_subsidy():
    # 450 x 1.02 x 0.99 = 454.41.
    btc = mining.expected_btc(
        1_000.0,
        difficulty_from_hashrate(1_000.0),
        seconds=86_400.0,
        subsidy_btc_per_block=3.125,
        fee_share_frac=0.02,
        pool_fee_frac=0.01,
    )
    assert btc == pytest.approx(454.41, rel=1e-14)


def test_hashprice_agrees_with_the_published_identity():
    # 144 x 3.125 x 1.01 x 70,000 USD over 1.02 million PH/s = 31.19 USD/PH/day.
    price = mining.hashprice_usd_per_ph_day(
        difficulty_from_hashrate(1_020.0),
        70_000.0,
        subsidy_btc_per_block=3.125,
        fee_share_frac=0.01,
    )
    assert price == pytest.approx(144 * 3.125 * 1.01 * 70_000 / 1.02e6, rel=1e-14)
    assert price == pytest.approx(31.2, abs=0.02)


def test_energy_of_a_petahash_day():
    # 21.6 J/TH is 21.6 kW per PH/s, 0.5184 MWh a day; at 76 USD/MWh 39.40 USD.
    cost = mining.energy_cost_usd_per_ph_day(21.6, 76.0, pue=1.0)
    assert cost == pytest.approx(39.3984)


def test_break_even_power_price_agrees_with_the_usual_rule():
    # c/kWh = hashprice / (J/TH x 0.24): 33 / (19 x 0.24) = 7.237 c/kWh.
    price = mining.break_even_power_price_usd_per_mwh(
        33.0, 19.0, pue=1.0, pool_fee_frac=0.0
    )
    assert price == pytest.approx(10 * 33 / (19 * 0.24))


def test_at_the_break_even_btc_price_revenue_is_energy_cost():
    difficulty = difficulty_from_hashrate(1_000.0)
    energy = mining.energy_cost_usd_per_ph_day(20.0, 60.0, pue=1.1)
    btc_price = mining.break_even_btc_price_usd(
        energy, difficulty, pool_fee_frac=0.02, **PLAIN
    )
    hashprice = mining.hashprice_usd_per_ph_day(difficulty, btc_price, **PLAIN)
    assert hashprice * 0.98 == pytest.approx(energy, rel=1e-14)
    assert mining.revenue_usd_per_mwh(
        hashprice, 20.0, pue=1.1, pool_fee_frac=0.02
    ) == pytest.approx(60.0)


def test_energy_and_cost_to_mine_of_a_quarter():
    # 43.15 EH/s x 21.6 J/TH = 932.04 MW; x 2,208 h = 2,057,944 MWh; x 76 USD / 1,930.8.
    energy = mining.energy_mwh(43.15, 21.6, hours_h=2_208.0, pue=1.0)
    assert energy == pytest.approx(2_057_944.32)
    cost = mining.cost_to_mine_usd_per_btc(energy * 76.0, 1_930.8)
    assert cost == pytest.approx(81_004, abs=1.0)


def test_arrays_of_scenarios_sites_and_periods_broadcast(xp):
    hashrate = xp.ones((2, 1, 3))
    difficulty = difficulty_from_hashrate(xp.asarray([[[1.0]], [[2.0]]]))
    seconds = xp.asarray([86_400.0, 2 * 86_400.0, 0.0])
    btc = mining.expected_btc(
        hashrate, difficulty, seconds=seconds, pool_fee_frac=0.0, **PLAIN
    )
    assert isinstance(btc, xp.ndarray)
    assert btc.shape == (2, 1, 3)
    want = [[[450.0, 900.0, 0.0]], [[225.0, 450.0, 0.0]]]
    assert abs(btc - xp.asarray(want)).max() < 1e-10


def test_nan_propagates():
    btc = mining.expected_btc(
        np.array([np.nan, 1.0]),
        np.array([1.0, np.nan]),
        seconds=1.0,
        pool_fee_frac=0.0,
        **PLAIN,
    )
    assert np.isnan(btc).all()
