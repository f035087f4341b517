# SPDX-License-Identifier: Apache-2.0
"""Tax terms that cannot be: refused by the records and told by the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError
from tiny_studies import tax_regimes

import sites
from models.tax_regime import DepreciationRule, TaxHoliday, TaxRegime
from optimizer.cli import main

if TYPE_CHECKING:
    from pathlib import Path

BAD = """
schema_version = 1
id = "bad"
title = "x"
description = "x"
as_of_date = 2025-11-30
[include]
study = "base"

[override.tax_regimes.oman]
holidays = [
  { first_month = "2027-12", last_month = "2029-12", exempt_frac = 0.5 },
  { first_month = "2026-01", last_month = "2027-12", exempt_frac = 1.0 },
]
[override.tax_regimes.indonesia]
loss_life_months = -60
asic_life_months = -1
withholding_frac = 10
[override.tax_regimes.group]
holidays = [ { first_month = "2027-01", last_month = "2026-01", exempt_frac = 1.0 } ]
plant_life_months = 0
[override.tax_regimes.us_georgia.asic_depreciation]
method = "sum_of_digits"
[override.tax_regimes.us_georgia.gpu_depreciation]
macrs_years = 6
[override.sites.georgia]
asic_vat_frac = 1.5
"""

SAYS = {
    "oman.holidays": "2026-01 to 2027-12 and 2027-12 to 2029-12",
    "indonesia.loss_life_months": "must be >= 1",
    "indonesia.asic_life_months": "must be >= 1",
    "indonesia.withholding_frac": "write 0.1",
    "group.holidays[0]": "2026-01 must not be before first_month 2027-01",
    "group.plant_life_months": "must be >= 1",
    "us_georgia.asic_depreciation.method": "one of bonus, macrs, straight_line",
    "us_georgia.gpu_depreciation.macrs_years": "one of 3, 5, 7, 10, 15, 20, got 6",
}


def test_every_fault_of_tax_terms_stands_in_one_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study.toml"
    study.write_text(BAD, encoding="utf-8")
    assert main(["validate", str(study), "--json"]) == 2
    faults = json.loads(capsys.readouterr().out)["error"]["faults"]
    told = {fault["field"]: fault for fault in faults}
    for name, words in SAYS.items():
        fault = told.pop(f"override.tax_regimes.{name}")
        assert fault["file"] == str(study)
        assert words in " ".join(map(str, fault.values()))
    assert list(told) == ["override.sites.georgia.asic_vat_frac"]


def test_a_plan_of_such_a_study_is_refused_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study.toml"
    study.write_text(BAD, encoding="utf-8")
    assert main(["plan", str(study), "--out", str(tmp_path / "run")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == len(SAYS) + 1
    assert not (tmp_path / "run").exists()


def test_holidays_of_a_study_file_reach_the_record(tmp_path: Path) -> None:
    text = BAD[: BAD.index("[override")] + (
        "[override.tax_regimes.oman]\nholidays = ["
        '{ first_month = "2026-01", last_month = "2050-12", exempt_frac = 1.0 }]\n'
    )
    study = tmp_path / "study.toml"
    study.write_text(text, encoding="utf-8")
    regimes = {regime.id: regime for regime in sites.load_study(study).tax_regimes}
    (free_zone,) = regimes["oman"].holidays
    assert (free_zone.first_month, free_zone.exempt_frac) == ("2026-01", 1.0)
    assert regimes["indonesia"].holidays == ()


def test_holidays_may_follow_one_another() -> None:
    spans = [
        {"first_month": "2027-01", "last_month": "2027-06", "exempt_frac": 0.5},
        {"first_month": "2026-01", "last_month": "2026-12", "exempt_frac": 1.0},
    ]
    again = tax_regimes()[0].model_dump() | {"holidays": spans}
    assert len(TaxRegime.model_validate(again).holidays) == 2
    spans[0]["first_month"] = "2026-12"
    with pytest.raises(ValidationError, match="must not overlap"):
        TaxRegime.model_validate(again)


def test_a_holiday_of_one_month_is_one() -> None:
    one = TaxHoliday(first_month="2026-05", last_month="2026-05", exempt_frac=0.0)
    assert one.first_month == one.last_month
    with pytest.raises(ValidationError, match="must not be before"):
        TaxHoliday(first_month="2026-05", last_month="2026-04", exempt_frac=0.0)


@pytest.mark.parametrize("years", [3, 5, 7, 10, 15, 20])
def test_recovery_periods_are_those_with_a_table(years: int) -> None:
    assert DepreciationRule(method="macrs", macrs_years=years).macrs_years == years


@pytest.mark.parametrize("years", [0, 2, 4, 39])
def test_other_recovery_periods_are_refused(years: int) -> None:
    with pytest.raises(ValidationError):
        DepreciationRule(method="macrs", macrs_years=years)
