# SPDX-License-Identifier: Apache-2.0
"""`wattplan calibrate`: files in, market file out, bad input."""

from __future__ import annotations

import json
import os
import tomllib
from datetime import date

import numpy as np
import pytest
from made_histories import FIRST_DAY, daily_rows, write_daily

from models.errors import ReportError
from optimizer.cli import main
from optimizer.marketfile import write_text
from sites import load_bundle, load_study

STUDY = """\
schema_version = 1
id = "fitted"
title = "Base study with a fitted market"
description = "For a test."
as_of_date = 2025-01-31

[include]
study = "base"
market = "market.toml"
"""


@pytest.fixture(scope="module")
def rows():
    # 1 January 2020 to 31 January 2025: 1,858 days, 61 whole months.
    return daily_rows(1858, np.random.default_rng(8))


@pytest.fixture
def history(tmp_path, rows):
    return write_daily(tmp_path / "history.csv", rows)


def calibrate(*words):
    return main(["calibrate", *(str(word) for word in words)])


def test_the_market_file_is_one_that_a_study_can_include(tmp_path, history, capsys):
    out = tmp_path / "market.toml"
    assert calibrate("--history", history, "--out", out) == 0
    shown = capsys.readouterr().out
    assert "61 months, 2020-01-01 to 2025-01-31" in shown
    assert "Out of sample" in shown
    (tmp_path / "study.toml").write_text(STUDY)
    bundle = load_bundle(tmp_path / "study.toml")
    market, base = bundle.study.market, load_study("base").market
    # Fitted: a made-up price with 60 % a year, a halving with 44 blocks in its day.
    assert market.btc_volatility_per_year == pytest.approx(0.6, rel=0.3)
    assert market.block_height > 840_000 + 280 * 130
    assert market.network_elasticity == base.network_elasticity
    assert market.btc_log_drift_per_year == base.btc_log_drift_per_year
    assert market.gpu_rent_half_life_months == base.gpu_rent_half_life_months
    pairs = {(pair.first, pair.second) for pair in market.correlations}
    kept = {(pair.first, pair.second) for pair in base.correlations}
    assert pairs >= kept | {("btc_price", "network"), ("btc_price", "fees")}
    for number in bundle.provenance:
        if number.key.startswith("market."):
            assert number.has_source, number.key
            assert number.as_of, number.key
    fitted = bundle.number("market.network_volatility_per_year")
    assert "2020-01-01 to 2025-01-31" in fitted.source_title
    assert fitted.low <= fitted.value <= fitted.high
    assert "half-life 12 months" in fitted.note


def test_json_is_the_only_output_and_its_keys_carry_units(tmp_path, history, capsys):
    out = tmp_path / "m.toml"
    words = ("--history", history, "--until", "2024-12-31", "--out", out, "--json")
    assert calibrate(*words) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["history"] == {
        "file": str(history),
        "first_date": "2020-01-01",
        "last_date": "2024-12-31",
        "n_months": 60,
        "last_month": "2024-12",
    }
    assert body["market_file"] == str(out)
    names = {entry["name"]: entry for entry in body["parameters"]}
    assert names["network_volatility_per_year"]["unit"] == "per year"
    assert names["block_height"]["value"] == int(names["block_height"]["value"])
    tests = body["forecast_tests"]
    assert [(t["series"], t["horizon_months"], t["n_windows"]) for t in tests] == [
        (series, ahead, 60 - 48 - ahead + 1)
        for series in ("btc_price", "network")
        for ahead in (1, 3, 6, 12)
    ]
    for test in tests:
        assert sum(test["pit_counts"]) == test["n_windows"]
        assert [entry["band_frac"] for entry in test["coverage"]] == [0.5, 0.8, 0.9]
        ratio = test["crps_log_ratio"] / test["crps_random_walk_log_ratio"]
        assert test["crps_over_random_walk"] == pytest.approx(ratio)
    assert tomllib.loads(out.read_text())["id"] == "calibrated_2024_12"


def test_until_is_the_same_as_a_file_that_ends_there(tmp_path, history, rows):
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    cut = write_daily(tmp_path / "cut.csv", [row for row in rows if row < "2024-12-32"])
    assert calibrate("--history", history, "--until", "2024-12-31", "--out", one) == 0
    assert calibrate("--history", cut, "--out", other) == 0
    assert one.read_text() == other.read_text()


def test_days_of_a_part_month_are_named_and_not_used(tmp_path, history, capsys):
    out = tmp_path / "market.toml"
    words = ("--history", history, "--until", "2025-01-20", "--out", out)
    assert calibrate(*words) == 0
    assert "days after 2024-12 are part of a month" in capsys.readouterr().err
    assert tomllib.loads(out.read_text())["id"] == "calibrated_2024_12"


def damaged(rows):
    """Rows with a gap, a double, days out of order, a zero, a text and a negative."""
    bad = list(rows)
    bad[10] = bad[10].replace(bad[10].split(",")[1], "0")
    bad[20] = bad[20].replace(bad[20].split(",")[2], "many")
    bad[30] = bad[30].replace(bad[30].split(",")[4], "-1")
    bad[41], bad[40] = bad[40], bad[41]
    del bad[50]
    bad.insert(60, bad[60])
    return bad


def test_every_fault_is_in_one_list_and_nothing_is_written(tmp_path, rows, capsys):
    history = write_daily(tmp_path / "bad.csv", damaged(rows))
    out = tmp_path / "market.toml"
    assert calibrate("--history", history, "--out", out) == 2
    text = capsys.readouterr().err
    assert "line 12, price_usd = 0 USD/BTC must be > 0" in text
    assert "line 22, difficulty = 'many' must be a finite number" in text
    assert "line 32, fees_btc = -1 BTC must be >= 0" in text
    assert "comes after 2020-02-11" in text
    assert "leaves a gap after 2020-02-19" in text
    assert "stands twice" in text
    assert sorted(os.listdir(tmp_path)) == ["bad.csv"]  # noqa: PTH208


def test_a_column_that_is_wrong_every_day_gives_a_short_list(tmp_path, rows, capsys):
    bad = [
        ",".join([*row.split(",")[:2], "146.7", *row.split(",")[3:]]) for row in rows
    ]
    history = write_daily(tmp_path / "bad.csv", bad)
    assert calibrate("--history", history, "--out", tmp_path / "m.toml") == 2
    text = capsys.readouterr().err
    assert "Give the plain difficulty: 146.7e12" in text
    assert "has 1,838 more faults" in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--until", "2023-06-30"), "must hold at least 48 whole months"),
        (("--until", "2024-03-31"), "must reach block 840,000"),
        (("--until", "2031-01-01"), "must reach 2031-01-01"),
    ],
)
def test_an_unusable_last_day_is_refused(tmp_path, history, capsys, words, told):
    assert calibrate("--history", history, "--out", tmp_path / "m.toml", *words) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "m.toml").exists()


def test_a_price_that_stands_still_and_months_without_fees_are_named(tmp_path, capsys):
    rows = []
    for row in daily_rows(1858, np.random.default_rng(9)):
        day, price, difficulty, blocks, fees, issued = row.split(",")
        # From the last day of February, so that March's first day does not move either.
        price = "50000" if "2021-02-28" <= day <= "2021-03-31" else price
        fees = "0" if day.startswith("2022-05") else fees
        rows.append(",".join([day, price, difficulty, blocks, fees, issued]))
    history = write_daily(tmp_path / "h.csv", rows)
    assert calibrate("--history", history, "--out", tmp_path / "m.toml") == 2
    text = capsys.readouterr().err
    assert "2021-03, price_usd must change within the month" in text
    assert "2022-05, fees_btc must hold some fees" in text


def test_a_market_file_is_replaced_only_when_told(tmp_path, history, capsys):
    out = tmp_path / "market.toml"
    out.write_text("mine")
    assert calibrate("--history", history, "--out", out) == 2
    assert "is there already" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert calibrate("--history", history, "--out", out, "--force") == 0
    assert "btc_volatility_per_year" in out.read_text()
    nowhere = tmp_path / "no" / "m.toml"
    assert calibrate("--history", history, "--out", nowhere) == 2


def test_the_page_shows_tests_and_parameters_and_needs_no_network(
    tmp_path, history, capsys
):
    page = tmp_path / "fit.html"
    words = ("--history", history, "--out", tmp_path / "m.toml", "--html", page)
    assert calibrate(*words) == 0
    assert f"m.toml, {page}" in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    body = text[: text.index("<script>")]
    assert "Market model fitted to January 2025" in body
    assert "network_short_elasticity" in body
    assert 'id="figure-coverage"' in body
    assert 'id="figure-pit"' in body
    assert "Content-Security-Policy" in body
    # Refused as a whole where one of the files is there.
    (tmp_path / "m.toml").unlink()
    assert calibrate(*words) == 2
    assert not (tmp_path / "m.toml").exists()


def test_page_and_market_file_must_differ(tmp_path, history, capsys):
    out = tmp_path / "m.toml"
    assert calibrate("--history", history, "--out", out, "--html", out) == 2
    assert "is the market file as well" in capsys.readouterr().err
    assert not out.exists()


def test_a_history_that_just_suffices_is_fitted_but_not_tested(tmp_path, capsys):
    # 1 June 2020 to 31 May 2024: 48 whole months, all of them needed for the fit.
    rows = daily_rows(1461, np.random.default_rng(7), first=date(2020, 6, 1))
    history = write_daily(tmp_path / "h.csv", rows)
    page = tmp_path / "h.html"
    words = ("--history", history, "--out", tmp_path / "m.toml", "--html", page)
    assert calibrate(*words, "--json") == 0
    body = json.loads(capsys.readouterr().out)
    assert body["history"]["n_months"] == 48
    assert body["forecast_tests"] == []
    assert not body["is_passed"]
    assert "leave no window to test" in body["warnings"][0]
    assert "leaves no window to test" in page.read_text(encoding="utf-8")


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    out = tmp_path / "market.toml"
    out.write_text("mine")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReportError, match="No space left"):
        write_text(out, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["market.toml"]
    assert out.read_text() == "mine"


def test_the_made_history_begins_on_its_first_day(rows):
    assert rows[0].startswith(FIRST_DAY.isoformat())


@pytest.mark.history
def test_the_shipped_fit_keeps_what_is_required_of_it(tmp_path, capsys):
    words = ("--history", os.environ["WATTPLAN_HISTORY"], "--until", "2025-11-30")
    out = tmp_path / "market.toml"
    assert calibrate(*words, "--out", out, "--json") == 0
    body = json.loads(capsys.readouterr().out)
    assert body["is_passed"]
    assert body["warnings"] == []
    for test in body["forecast_tests"]:
        covered = {e["band_frac"]: e["covered_frac"] for e in test["coverage"]}
        if test["horizon_months"] <= 3:
            assert 0.42 <= covered[0.5] <= 0.58
            assert 0.72 <= covered[0.8] <= 0.88
            assert 0.85 <= covered[0.9] <= 0.95
            assert test["crps_over_random_walk"] <= 1.0
        else:
            assert all(entry["is_compatible"] for entry in test["coverage"])
