# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import date

import pytest

from models.errors import ConfigError
from sites import history
from sites.history import load_backtest_files
from sites.tables import as_number

PRODUCTION = "month,avg_operating_hashrate_eh_s,btc_produced\n"
NETWORK = "month,difficulty,fee_share_frac,subsidy_btc_per_block\n"


@pytest.fixture
def write(tmp_path):
    def write_file(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def faults_of(load, *args, **kwargs):
    with pytest.raises(ConfigError) as caught:
        load(*args, **kwargs)
    return caught.value.faults


def test_a_plain_production_file_is_read(write):
    path = write("p.csv", PRODUCTION + "2025-10,46.09,602.6\n2025-11,44.38,\n")
    rows = history.load_production(path)
    assert [row.month for row in rows] == ["2025-10", "2025-11"]
    assert rows[0].btc_produced == 602.6
    assert rows[1].btc_produced is None


def test_output_is_optional_as_a_column(write):
    path = write("p.csv", "month,avg_operating_hashrate_eh_s\n2025-10,46.09\n")
    assert history.load_production(path)[0].btc_produced is None


def test_a_byte_order_mark_remarks_and_blank_lines_do_no_harm(tmp_path):
    path = tmp_path / "p.csv"
    text = f"# from our books\r\n{PRODUCTION}2025-10 , 46.09,602.6\r\n,,\r\n\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert history.load_production(path)[0].avg_operating_hashrate_eh_s == 46.09


def test_the_bundled_files_are_themselves_valid_user_files():
    files = history.load_backtest_files()
    folder = history._DATA
    again = load_backtest_files(
        production=folder / "company" / "production.csv",
        network=folder / "market" / "network_monthly.csv",
    )
    assert again.production == files.production
    assert again.network == files.network
    assert again.epochs is None
    assert again.quarters == ()


def test_the_bundled_market_files_hold_no_prices():
    for path in sorted((history._DATA / "market").glob("*.csv")):
        assert "price" not in path.read_text().splitlines()[4], path


def test_every_fault_of_a_production_file_is_reported_at_once(write):
    path = write(
        "p.csv",
        PRODUCTION
        + "2025-03,30.3,530.1\n"  # line 2
        + "2025-02,29.7,472.7\n"  # unsorted
        + "2025-03,30.3,530.1\n"  # twice
        + "2025-06,-1,nan\n"  # gap, negative, not a number
        + "Jul-25,1,1\n"  # month form
        + "2025-07,,\n"  # neither
        + "2025-08,30 EH/s,1\n"  # unit in the cell
        + "2025-09,40910000,1\n"  # TH/s
        + "2025-10,1\n",  # a cell too few
    )
    text = [str(fault) for fault in faults_of(history.load_production, path)]
    wanted = [
        "line 3, month = '2025-02' comes after 2025-03",
        "line 4, month = '2025-03' stands twice, first on line 2",
        "line 5, month = '2025-06' leaves a gap after 2025-03",
        "line 5, avg_operating_hashrate_eh_s = -1 EH/s must be >= 0",
        "line 5, btc_produced = 'nan' must be a finite number",
        "line 6, month = 'Jul-25' must be written YYYY-MM",
        "line 7, avg_operating_hashrate_eh_s needs a hash rate",
        "line 8, avg_operating_hashrate_eh_s = '30 EH/s' must be a finite number",
        "line 9, avg_operating_hashrate_eh_s = 4.091e+07 EH/s must be >= 0 and <=",
        "line 10 has 2 cells where the header has 3",
    ]
    for part in wanted:
        assert any(part in line for line in text), part
    assert len(text) == len(wanted)
    assert all(line.startswith(f"{path}: line ") for line in text)


def test_every_fault_of_a_network_file_is_reported_at_once(write):
    path = write(
        "n.csv",
        NETWORK
        + "2025-03,129.1e12,1.25,3.125\n"  # percent
        + "2025-04,0,0.01,0\n"  # zero difficulty, zero subsidy
        + "2025-05,,inf,51\n",  # empty, infinite, above the first subsidy
    )
    found = faults_of(history.load_network, path)
    text = "\n".join(str(fault) for fault in found)
    assert len(found) == 6
    assert "line 2, fee_share_frac = 1.25 must be >= 0 and <= 1. Give fees" in text
    assert "line 3, difficulty = 0 must be >= 1." in text
    assert "line 3, subsidy_btc_per_block = 0 BTC must be > 0" in text
    assert "line 4, difficulty is empty." in text
    assert "line 4, fee_share_frac = 'inf'" in text
    assert "line 4, subsidy_btc_per_block = 51 BTC" in text


def test_unknown_and_missing_columns_are_named_with_the_nearest_known(write):
    path = write("p.csv", "month,avg_operating_hashrate_ehs,note\n2025-13,1,x\n")
    text = [str(fault) for fault in faults_of(history.load_production, path)]
    assert any("Did you mean avg_operating_hashrate_eh_s?" in line for line in text)
    assert any("note is not a known column. Known are month" in line for line in text)
    assert any("lacks the column avg_operating_hashrate_eh_s" in line for line in text)
    assert any("'2025-13' must be written" in line for line in text)
    assert len(text) == 4


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "has no rows"),
        (b"month,avg_operating_hashrate_eh_s\n", "has no rows"),
        (b"month;avg_operating_hashrate_eh_s\n2025-01;3,5\n", "separated by commas"),
        (b"\xff\xfe\x00m", "not UTF-8"),
        (b'month,avg_operating_hashrate_eh_s\n"2025-01,1\n', "is not CSV"),
        (b"month,month,avg_operating_hashrate_eh_s\na,b,1\n", "stands twice"),
    ],
)
def test_a_file_that_is_no_table_is_one_fault(tmp_path, content, part):
    path = tmp_path / "p.csv"
    path.write_bytes(content)
    (fault,) = faults_of(history.load_production, path)
    assert part in str(fault)


def test_a_missing_file_and_a_folder_are_faults(tmp_path):
    for path in (tmp_path / "absent.csv", tmp_path):
        (fault,) = faults_of(history.load_production, path)
        assert "cannot be read" in str(fault)


@pytest.mark.parametrize("days", ["0", "-1", "32", "30.5"])
def test_days_operating_must_fit_the_month(write, days):
    header = "month,avg_operating_hashrate_eh_s,days_operating\n"
    path = write("p.csv", f"{header}2025-04,10,{days}\n")
    (fault,) = faults_of(history.load_production, path)
    assert "days_operating" in fault.field


def test_months_that_the_network_lacks_are_listed_one_by_one(write):
    production = write("p.csv", PRODUCTION + "2025-11,1,\n2025-12,1,\n2026-01,1,\n")
    found = faults_of(load_backtest_files, production=production)
    assert [fault.value for fault in found] == ["2025-12", "2026-01"]
    assert "2024-01 to 2025-11" in str(found[0])
    assert found[0].file == "sites/data/market/network_monthly.csv"


def test_faults_of_all_files_come_in_one_error(write, tmp_path):
    found = faults_of(
        load_backtest_files,
        production=write("p.csv", PRODUCTION + "2025-11,-1,\n"),
        network=write("n.csv", NETWORK + "2025-11,1e14,2,3.125\n"),
        history=tmp_path / "absent.csv",
    )
    assert [fault.file.rsplit("/")[-1] for fault in found] == [
        "p.csv",
        "n.csv",
        "absent.csv",
    ]


def test_daily_prices_are_read_and_other_columns_passed_over(write):
    path = write("h.csv", "date,price_usd,src\n2025-11-29,90842.07,a\n2025-11-30,9,b\n")
    prices = history.load_prices(path)
    assert prices.dates == (date(2025, 11, 29), date(2025, 11, 30))
    assert list(prices.price_usd) == [90842.07, 9.0]


def test_every_fault_of_a_price_file_is_reported_at_once(write):
    path = write(
        "h.csv",
        "date,price_usd\n2025-11-01,1\n2025-11-01,2\n2025-11-04,0\n"
        "2025-11-03,\n20251105,3\n2025-02-30,4\n",
    )
    text = [str(fault) for fault in faults_of(history.load_prices, path)]
    wanted = [
        "2025-11-01 stands twice",
        "2025-11-04 leaves a gap after 2025-11-01",
        "2025-11-03 comes after 2025-11-04",
        "line 4, price_usd = 0 USD/BTC must be > 0",
        "line 5, price_usd is empty",
        "line 6, date = '20251105' must be a date",
        "line 7, date = '2025-02-30' must be a date",
    ]
    for part in wanted:
        assert any(part in line for line in text), part
    assert len(text) == len(wanted)


def test_prices_must_cover_the_quarter_that_they_check(write):
    path = write("h.csv", "date,price_usd\n2025-11-01,1\n")
    (fault,) = faults_of(load_backtest_files, history=path)
    assert "2025-07-01 to 2025-09-30" in str(fault)


@pytest.mark.parametrize("text", ["1_000", "1,5", "0x10", "nan", "-inf", "", "1e999"])
def test_only_plain_finite_decimals_are_numbers(text):
    assert as_number(text) is None


def test_plain_decimals_are_numbers():
    assert [as_number(t) for t in ("1", "-1.5", ".5", "2.", "1e3")] == [
        1.0,
        -1.5,
        0.5,
        2.0,
        1000.0,
    ]
