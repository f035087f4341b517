# SPDX-License-Identifier: Apache-2.0
"""The bundled market: fitted as it says, and sane where it is assumed."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest

import sites
from gpu.sampling.scenarios import sampled_paths
from models.calibration import fit_market
from models.calibration_history import monthly_history
from models.market import base_paths
from sites.daily_history import load_daily_history


@pytest.fixture(scope="module")
def base() -> sites.StudyBundle:
    return sites.load_bundle("base")


def test_the_earlier_price_follows_from_two_rounded_months(base):
    # October averaged 114, November 96 thousand; the reward fell by as much.
    market = base.study.market
    expected = market.btc_price_usd * 114 / 96
    assert market.earlier_btc_price_usd == pytest.approx(expected, rel=0.005)


def test_the_break_even_hash_price_is_that_of_usual_machines_and_power(base):
    # 20 J/TH are 20 kW a PH/s: 480 kWh a day at 5.2 c.
    expected = 20 * 24 * 0.052
    found = base.study.market.network_break_even_usd_per_ph_day
    assert found == pytest.approx(expected, rel=0.01)


@pytest.mark.history
def test_what_cites_the_calibration_is_what_calibrating_gives(base):
    daily = load_daily_history(
        Path(os.environ["WATTPLAN_HISTORY"]), until=date(2025, 11, 30)
    )
    market = base.study.market
    fit = fit_market(monthly_history(daily), market)
    prefix, source = "market.", "calibration_2025_11"
    fitted = [n for n in base.provenance if n.source_id == source]
    assert len(fitted) >= 15
    pairs = {(p.first, p.second): p.value for p in fit.market.correlations}
    for number in fitted:
        name = number.key.removeprefix(prefix)
        if name.startswith("correlations"):
            pair = market.correlations[int(name.split(".")[1])]
            assert number.value == pairs[pair.first, pair.second], name
        elif name.endswith("_btc_price_usd"):
            # Written for the rounded opening price, to a thousand.
            scale = market.btc_price_usd / fit.market.btc_price_usd
            expected = getattr(fit.market, name) * scale
            assert number.value == pytest.approx(expected, abs=600), name
        else:
            expected = getattr(fit.market, name)
            assert number.value == pytest.approx(expected, rel=6e-4), name


def test_machines_that_mine_earn_their_power_on_the_base_path(base):
    # The network answers a month late, so only the month of the halving may be below.
    market = base.study.market
    paths = base_paths(base.study)
    years = np.arange(base.study.time.months) / 12
    floor = market.network_break_even_usd_per_ph_day * (
        (1 - market.network_break_even_decline_per_year) ** years
    )
    below = paths.hashprice_usd_per_ph_day[0] < 0.95 * floor
    assert below.sum() <= 2


def test_the_base_path_is_the_median_of_the_price(base):
    price = sampled_paths(base.study, 1, np.arange(4000)).btc_price_usd
    ratio = np.median(price, axis=0) / base_paths(base.study).btc_price_usd[0]
    # Standard error of a median: 1.25 sd / sqrt(4000), sd of the log up to 1.3.
    assert np.abs(np.log(ratio)).max() < 0.1
    assert 1.08 < price[:, 11].mean() / 91_000.0 < 1.25
