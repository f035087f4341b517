# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from models import units


def test_a_month_is_read_into_year_and_number():
    assert units.parse_month("2025-12") == (2025, 12)


@pytest.mark.parametrize(
    "text",
    [
        "2025-13",
        "2025-00",
        "2025-1",
        "25-01",
        "0000-01",
        "2025-01-01",
        " 2025-01",
        "",
        # Arabic-Indic digits count as digits for a plain \\d.
        "\u0662\u0660\u0662\u0665-\u0660\u0661",
    ],
)
def test_a_month_in_another_form_is_refused(text):
    with pytest.raises(ValueError, match="YYYY-MM"):
        units.parse_month(text)


def test_month_lengths_follow_the_calendar():
    # 2028 is a leap year, 2025 is not.
    assert [units.days_in_month(m) for m in ("2025-02", "2028-02", "2025-12")] == [
        28,
        29,
        31,
    ]
    assert units.hours_in_month("2025-02") == 672.0
    assert units.seconds_in_month("2025-04") == 30 * 86_400


def test_month_hours_of_a_year_add_up_to_8760():
    hours = units.month_hours_h("2025-12", 12)
    assert hours.dtype == np.float64
    assert hours.shape == (12,)
    assert hours.sum() == 365 * 24


def test_month_range_crosses_the_year():
    assert units.month_range("2025-11", 3) == ("2025-11", "2025-12", "2026-01")
    assert units.month_range("2025-11", 0) == ()


def test_day_numbers_count_from_1970():
    assert units.day_number(date(1970, 1, 1)) == 0
    # 2025-11-30 is 20,422 days later.
    assert units.day_number(date(2025, 11, 30)) == 20_422


def test_month_of_a_date():
    assert units.month_of_date(date(2025, 3, 9)) == "2025-03"


def test_efficiency_is_power_over_hashrate():
    # S21: 3,500 W for 200 TH/s = 17.5 J/TH.
    assert units.j_per_th(3_500.0, 200.0) == 17.5
    with pytest.raises(ValueError, match="positive"):
        units.j_per_th(3_500.0, 0.0)


def test_energy_prices_convert_there_and_back():
    # 5.6 US cents per kWh.
    assert units.usd_per_mwh(0.056) == pytest.approx(56.0, rel=1e-15)
    assert units.usd_per_kwh(units.usd_per_mwh(0.056)) == pytest.approx(0.056)
