# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models import mining, network

RTOL = 1e-9

hashrates = st.floats(1e-6, 1e5)
difficulties = st.floats(1e6, 1e18)
shares = st.floats(0.0, 0.9)
efficiencies = st.floats(5.0, 100.0)
pues = st.floats(1.0, 2.0)


@given(hashrates, difficulties, shares, shares)
def test_hashrate_from_output_undoes_output_from_hashrate(
    hashrate, difficulty, fee, pool
):
    rest = {
        "seconds": 2.6e6,
        "subsidy_btc_per_block": 3.125,
        "fee_share_frac": fee,
        "pool_fee_frac": pool,
    }
    btc = mining.expected_btc(hashrate, difficulty, **rest)
    back = mining.hashrate_for_btc_eh_s(btc, difficulty, **rest)
    assert math.isclose(back, hashrate, rel_tol=RTOL)


@given(st.floats(0.001, 1e4), efficiencies, pues)
def test_power_from_hashrate_undoes_hashrate_from_power(power_mw, efficiency, pue):
    hashrate = mining.hashrate_eh_s(power_mw, efficiency, pue=pue)
    back = mining.facility_mw(hashrate, efficiency, pue=pue)
    assert math.isclose(back, power_mw, rel_tol=RTOL)


@given(difficulties, st.floats(1.0, 1e6), efficiencies, st.floats(1.0, 500.0), pues)
def test_a_machine_covers_its_energy_exactly_above_the_break_even_power_price(
    difficulty, btc_price, efficiency, power_price, pue
):
    hashprice = mining.hashprice_usd_per_ph_day(
        difficulty, btc_price, subsidy_btc_per_block=3.125, fee_share_frac=0.01
    )
    cost = mining.energy_cost_usd_per_ph_day(efficiency, power_price, pue=pue)
    limit = mining.break_even_power_price_usd_per_mwh(
        hashprice, efficiency, pue=pue, pool_fee_frac=0.0
    )
    assert math.isclose(hashprice / cost, limit / power_price, rel_tol=RTOL)


@given(st.floats(0.0, 5e6), st.floats(1.0, 3e5), st.floats(0.01, 0.99))
def test_issuance_of_two_parts_is_issuance_of_the_whole(start, n_blocks, cut):
    first = network.average_subsidy_btc_per_block(start, n_blocks * cut)
    second = network.average_subsidy_btc_per_block(
        start + n_blocks * cut, n_blocks * (1.0 - cut)
    )
    whole = network.average_subsidy_btc_per_block(start, n_blocks)
    assert math.isclose(first * cut + second * (1.0 - cut), whole, rel_tol=1e-6)


@given(st.lists(st.floats(1.0, 1e4), min_size=1, max_size=24), st.floats(1.0, 1e4))
def test_difficulty_never_moves_faster_than_retargets_allow(path_eh_s, opening_eh_s):
    seconds = np.full(len(path_eh_s), 30 * 86_400.0)
    opening = network.difficulty_from_hashrate(np.array(opening_eh_s))
    path = network.difficulty_path(
        np.array(path_eh_s),
        opening_network_eh_s=np.array(opening_eh_s),
        opening_difficulty=opening,
        seconds=seconds,
    )
    steps = path / np.append(opening, path[:-1])
    limit = network.max_retarget_factor(30 * 86_400.0) * (1.0 + RTOL)
    assert ((steps <= limit) & (steps >= 1.0 / limit)).all()


@given(
    st.lists(st.floats(1.0, 1e6), min_size=2, max_size=6),
    st.floats(0.0, 0.9),
    st.floats(0.05, 0.1),
)
def test_mean_difficulty_lies_between_the_epochs(values, start, length):
    days = np.arange(len(values), dtype=np.float64)
    epochs = network.DifficultyEpochs(
        days, np.array(values), np.arange(len(values)), float(len(values))
    )
    first = start * len(values)
    mean = epochs.mean_difficulty(first, first + length * len(values))
    assert min(values) * (1 - RTOL) <= mean <= max(values) * (1 + RTOL)
