# SPDX-License-Identifier: Apache-2.0
"""Numbers, months and tables as the report shows them."""

from __future__ import annotations

import csv
import io
import math

import pytest

from optimizer.report.formats import (
    amount,
    count,
    full_month,
    joined,
    megawatts,
    months_long,
    percent,
    sentence,
    usd_m,
)
from optimizer.report.table import AS_GIVEN, Column, Table, number, text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1234.56, "1,234.6"),
        (-1234.56, "\u22121,234.6"),
        (-0.04, "0.0"),
        (math.nan, "\u2013"),
        (math.inf, "\u2013"),
    ],
)
def test_amounts_have_separators_a_true_minus_and_no_minus_zero(
    value: float, shown: str
) -> None:
    assert amount(value) == shown


def test_money_is_shown_in_millions_with_its_sign_in_front() -> None:
    assert usd_m(216_258_648.0) == "USD 216.3m"
    assert usd_m(-5e6) == "\u2212USD 5.0m"
    assert usd_m(5e6, signed=True) == "+USD 5.0m"
    assert usd_m(-1e3) == "USD 0.0m"


def test_shares_power_and_durations_read_naturally() -> None:
    assert percent(0.1575) == "15.8%"
    assert megawatts(20.0) == "20 MW"
    assert megawatts(4.86) == "4.9 MW"
    assert megawatts(1027.4) == "1,027 MW"
    assert months_long(1.0) == "1 month"
    assert months_long(60.0) == "5.0 years"
    assert months_long(math.nan) == "never"


def test_words_are_joined_counted_and_closed() -> None:
    assert full_month("2027-03") == "March 2027"
    assert joined(["a"]) == "a"
    assert joined(["a", "b", "c"]) == "a, b and c"
    assert count(1, "story") == "1 story"
    assert count(2, "story") == "2 stories"
    assert count(3, "day") == "3 days"
    assert sentence("georgia moves") == "Georgia moves."
    assert sentence("Why?") == "Why?"


def _table() -> Table:
    return Table(
        "t",
        "T",
        (
            text("name", "Name"),
            number("flow_usd", "Flow", "USD m", scale=1e-6),
            number("given", "Given", decimals=AS_GIVEN),
            Column("source", "Source", kind="link"),
            Column("verdict", "Verdict", kind="tag"),
        ),
        (
            ("=1+1", 1_234_567.0, 0.00025, "Filing|https://example.com/f", "pass"),
            ("plain", math.nan, -20e6, "Note|javascript:alert(1)", "only if"),
        ),
    )


def test_csv_keeps_raw_numbers_and_defuses_formulas() -> None:
    rows = list(csv.reader(io.StringIO(_table().csv())))
    assert rows[0] == ["name", "flow_usd", "given", "source", "verdict"]
    assert rows[1] == ["'=1+1", "1234567.0", "0.00025", "Filing", "pass"]
    assert rows[2] == ["plain", "", "-20000000.0", "Note", "only if"]


def test_cells_are_scaled_for_people_and_only_web_addresses_become_links() -> None:
    (_, first), (_, second) = _table().shown()
    assert [cell.text for cell in first] == ["=1+1", "1.2", "0.00025", "Filing", "pass"]
    assert first[3].href == "https://example.com/f"
    assert second[3].href == ""
    assert second[1].text == "\u2013"
    assert second[2].text == "\u221220,000,000"
    assert (first[4].css, second[4].css) == ("tag good", "tag warn")


def test_only_what_is_shown_below_zero_is_a_loss() -> None:
    table = Table("t", "T", (number("x", "X"),), ((-0.001,), (-1.0,), (0.0,), (None,)))
    shown = [cells[0] for _, cells in table.shown()]
    assert [(cell.text, cell.css) for cell in shown[:3]] == [
        ("0.0", "num"),
        ("\u22121.0", "num neg"),
        ("0.0", "num"),
    ]
    assert shown[3].css == "num"
