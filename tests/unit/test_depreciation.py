# SPDX-License-Identifier: Apache-2.0
"""Write-off for tax by method, month by month."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_studies import alpha, beta, tax_regimes, tiny_study

from models.depreciation import (
    macrs_shares,
    opening_write_off_usd,
    tax_depreciation_usd,
    write_off,
    yearly_shares,
)
from models.tax_regime import DepreciationRule, TaxHoliday

# IRS Publication 946, table A-1, half-year convention.
PRINTED = {
    3: (33.33, 44.45, 14.81, 7.41),
    5: (20.00, 32.00, 19.20, 11.52, 11.52, 5.76),
    7: (14.29, 24.49, 17.49, 12.49, 8.93, 8.92, 8.93, 4.46),
    15: (
        *(5.00, 9.50, 8.55, 7.70, 6.93, 6.23, 5.90, 5.90),
        *(5.91, 5.90, 5.91, 5.90, 5.91, 5.90, 5.91, 2.95),
    ),
}


def regime(**rules):
    return tax_regimes()[0].model_copy(
        update={name: DepreciationRule(**rule) for name, rule in rules.items()}
    )


def written(rule, *, live=0, start="2025-12", months=40, cost=1200.0):
    asked = regime(asic_depreciation=rule)
    return tax_depreciation_usd(
        asked, "asic", cost, live, start_month=start, n_periods=months
    )


@pytest.mark.parametrize("years", PRINTED)
def test_macrs_shares_are_those_of_the_printed_table(years):
    shares = macrs_shares(years)
    assert 100 * np.array(shares) == pytest.approx(PRINTED[years], abs=0.0101)
    assert sum(shares) == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("years", [3, 5, 7, 10, 15, 20])
def test_every_table_writes_off_the_whole_cost(years):
    shares = macrs_shares(years)
    assert len(shares) == years + 1
    assert min(shares) > 0.0
    assert sum(shares) == pytest.approx(1.0, abs=1e-14)


def test_a_year_s_share_is_spread_over_its_months_of_use():
    # Live in October 2026 (period 10): 20 % over October to December, then 32 % over
    # the twelve months of 2027.
    schedule = written({"method": "macrs"}, live=10)
    assert schedule[:10].tolist() == [0.0] * 10
    assert schedule[10:13] == pytest.approx([80.0] * 3)
    assert schedule[13:25] == pytest.approx([32.0] * 12)
    assert schedule[25:37] == pytest.approx([19.2] * 12)


def test_the_first_year_of_a_december_machine_is_one_month():
    assert written({"method": "macrs"})[:2] == pytest.approx([240.0, 32.0])


def test_bonus_writes_all_off_in_the_tax_year_of_first_use():
    # Live in January 2026: the whole of 2026, nothing after.
    schedule = written({"method": "bonus"}, live=1)
    assert schedule[1:13] == pytest.approx([100.0] * 12)
    assert schedule.sum() == pytest.approx(1200.0)


def test_what_bonus_leaves_goes_by_the_table():
    # 0.8 + 0.2 x 0.2 = 0.84 at once, then 0.2 x 0.32 over 2026.
    schedule = written({"method": "bonus", "bonus_frac": 0.8})
    assert schedule[0] == pytest.approx(0.84 * 1200.0)
    assert schedule[1:13] == pytest.approx([0.064 * 100.0] * 12)
    assert sum(yearly_shares(DepreciationRule(method="bonus", bonus_frac=0.8))) == (
        pytest.approx(1.0)
    )


def test_bonus_of_nothing_is_the_table():
    plain = written({"method": "macrs"}, live=5)
    assert written({"method": "bonus", "bonus_frac": 0.0}, live=5) == (
        pytest.approx(plain)
    )


def test_straight_line_has_no_yearly_shares():
    with pytest.raises(ValueError, match="by months"):
        yearly_shares(DepreciationRule())


def test_straight_line_runs_from_first_use_over_the_class_s_life():
    asked = regime()
    for kind, life in (("asic", 36), ("gpu", 60), ("plant", 180)):
        schedule = tax_depreciation_usd(
            asked, kind, 1800.0, 3, start_month="2025-12", n_periods=30
        )
        assert schedule[:3].tolist() == [0.0] * 3
        assert schedule[3:] == pytest.approx([1800.0 / life] * 27)


@pytest.mark.parametrize("method", ["straight_line", "macrs", "bonus"])
def test_nothing_is_written_off_of_what_is_live_past_the_horizon(method):
    assert not written({"method": method}, live=40).any()
    assert not written({"method": method}, live=55).any()


def test_early_relief_is_what_write_off_ahead_of_straight_line_saved():
    study = tiny_study(
        tax_regimes=(regime(asic_depreciation={"method": "bonus"}), *tax_regimes()[1:])
    )
    found = write_off(study, study.site("alpha"), "asic", 3600.0, 12)
    # All of 3600 by December 2026 (period 12) against 12 of 36 months: 2400 x 25 %.
    assert found.monthly_usd.sum() == pytest.approx(3600.0)
    assert found.early_relief_usd == pytest.approx(600.0)


def test_write_off_in_a_holiday_saves_nothing_early():
    holiday = TaxHoliday(first_month="2026-12", last_month="2027-05", exempt_frac=1.0)
    asked = regime(asic_depreciation={"method": "bonus"})
    asked = asked.model_copy(update={"holidays": (holiday,)})
    study = tiny_study(tax_regimes=(asked, *tax_regimes()[1:]))
    found = write_off(study, study.site("alpha"), "asic", 3600.0, 12)
    # 3600 in a holiday month saves nothing; straight line would have saved 25 % of 100
    # in each of the six months after it: relief came late, not early.
    assert found.early_relief_usd == pytest.approx(-0.25 * 600.0)


def test_straight_line_saves_nothing_early():
    study = tiny_study()
    found = write_off(study, study.site("alpha"), "plant", 3600.0, 2)
    assert found.early_relief_usd == 0.0


def test_opening_machines_run_straight_line_whatever_the_method():
    # 1 M USD over 24 months and, at the partner's, 3 M over 20: as the fleets say.
    for site in (alpha(), beta()):
        total = opening_write_off_usd(site, 12)
        monthly = sum(
            c.book_value_usd / c.remaining_life_months for c in site.opening_fleet
        )
        assert total == pytest.approx([monthly] * 12)
