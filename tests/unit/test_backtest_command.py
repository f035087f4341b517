# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os

import pytest
import typer
from typer.testing import CliRunner

from models.errors import ConfigError
from optimizer.backtest import run_backtest
from optimizer.commands.backtest import backtest

PRODUCTION = (
    "month,avg_operating_hashrate_eh_s,btc_produced\n"
    "2025-03,10,139.5\n2025-04,10,\n2025-05,,139.5\n"
)
# 1,000 EH/s of difficulty: 0.45 BTC per EH/s and day at 3.125 BTC and no fees.
DIFFICULTY = 1e21 * 600 / 2**32
NETWORK = "month,difficulty,fee_share_frac,subsidy_btc_per_block\n" + "".join(
    f"2025-{month:02d},{DIFFICULTY!r},0,3.125\n" for month in range(2, 8)
)


@pytest.fixture
def invoke():
    app = typer.Typer()
    app.command()(backtest)

    def run(*words):
        return CliRunner().invoke(app, [str(word) for word in words])

    return run


@pytest.fixture
def miner(tmp_path):
    production, network = tmp_path / "p.csv", tmp_path / "n.csv"
    production.write_text(PRODUCTION)
    network.write_text(NETWORK)
    return "--production", production, "--network", network


def test_json_is_the_only_output_and_carries_the_promised_keys(invoke):
    result = invoke("--json")
    assert result.exit_code == 0
    body = json.loads(result.stdout)
    assert result.stderr == ""
    assert len(body["months"]) == 13
    for row in body["months"]:
        error = row["expected_btc"] / row["reported_btc"] - 1
        assert row["error_frac"] == pytest.approx(error, abs=1e-15)
        assert row["flags"] == [
            *(["filled"] if row["is_filled"] else []),
            *(["partial"] if row["is_partial"] else []),
            *[flag for flag in row["flags"] if flag.startswith("derived:")],
        ]
    assert body["pool_fee_frac"] == 0.0
    assert body["pool_fee_estimate"]["n_months"] == 8
    assert body["summary"]["is_within_tolerance"] is True
    assert body["cost_to_mine"]["is_within_tolerance"] is True
    assert [q["quarter"] for q in body["cost_to_mine"]["quarters"]] == [
        "2025-Q1",
        "2025-Q2",
        "2025-Q3",
    ]
    assert body["fleet_life"]["kind"] == "calibration, not a prediction"
    assert body["revenue_check"]["kind"] == "identity, not a check"
    assert body["warnings"] == []


def test_any_miner_can_be_tested_with_two_files(invoke, miner):
    body = json.loads(invoke(*miner, "--json").stdout)
    march, april, may = body["months"]
    # 10 EH/s x 0.45 BTC x 31 or 30 days.
    assert march["expected_btc"] == pytest.approx(139.5)
    assert march["error_frac"] == pytest.approx(0.0, abs=1e-12)
    assert april["expected_btc"] == pytest.approx(135.0)
    assert april["reported_btc"] is None
    assert april["error_frac"] is None
    assert may["is_filled"] is True
    assert may["hashrate_eh_s"] == pytest.approx(10.0)
    assert body["cost_to_mine"] is None
    assert body["fleet_life"] is None
    assert body["revenue_check"] is None


def test_the_pool_fee_is_used_as_given(invoke, miner):
    body = json.loads(invoke(*miner, "--json", "--pool-fee", "0.02").stdout)
    assert body["pool_fee_frac"] == 0.02
    assert body["months"][0]["expected_btc"] == pytest.approx(139.5 * 0.98)
    # March reports all that a fee of zero would give, whatever fee is assumed.
    assert body["pool_fee_estimate"]["mean_frac"] == pytest.approx(0.0, abs=1e-12)


def test_production_alone_uses_the_bundled_network(invoke, tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("month,avg_operating_hashrate_eh_s\n2025-10,46.09\n")
    (row,) = json.loads(invoke("--production", path, "--json").stdout)["months"]
    company = {m.month: m.expected_btc for m in run_backtest().months}
    assert row["expected_btc"] == company["2025-10"]


def test_a_network_file_can_replace_the_bundled_one_for_the_company(tmp_path):
    from sites import history

    network = history._DATA / "market" / "network_monthly.csv"
    ours, theirs = run_backtest(), run_backtest(network=network)
    # The same months; only the partial one sees the whole month's difficulty.
    for mine, other in zip(ours.months[1:], theirs.months[1:], strict=True):
        assert other.expected_btc == pytest.approx(mine.expected_btc, rel=1e-7)
    assert theirs.cost_to_mine is not None


def test_the_tables_show_errors_residual_and_what_is_no_check(invoke):
    result = invoke()
    assert result.exit_code == 0
    for part in (
        "2025-11",
        "+0.55",
        "by fill",
        "Implied pool fee: 0.52%, sd 0.10%",
        "residual +5.78%",
        "78.60 USD/MWh",
        "2.58 years: a calibration, not a prediction",
        "identity, not a check",
    ):
        assert part in result.stdout, part


def test_tables_of_another_miner_show_months_only(invoke, miner):
    result = invoke(*miner)
    assert "Cost to mine" not in result.stdout
    assert "revenue" not in result.stdout


def test_suspicious_inputs_are_warned_about(tmp_path):
    production, network = tmp_path / "p.csv", tmp_path / "n.csv"
    production.write_text(
        "month,avg_operating_hashrate_eh_s,btc_produced\n2025-03,1e-10,100\n"
    )
    network.write_text(NETWORK.splitlines()[0] + "\n2025-03,129.1,0.8,3.125\n")
    report = run_backtest(production=production, network=network, pool_fee_frac=0.5)
    text = "\n".join(report.warnings)
    assert "--pool-fee 0.5 is 50% of output" in text
    assert "2025-03: fees of 80% of the subsidy" in text
    assert "difficulty 129.1 is far below" in text
    assert "expected output is " in text


@pytest.mark.parametrize("fee", ["-0.1", "1", "nan"])
def test_faults_of_options_and_files_come_in_one_error(invoke, tmp_path, fee):
    absent = tmp_path / "absent.csv"
    result = invoke("--pool-fee", fee, "--production", absent)
    assert isinstance(result.exception, ConfigError)
    option, file = result.exception.faults
    assert option.field == "--pool-fee"
    assert file.file == str(absent)
    assert result.stdout == ""


@pytest.mark.history
def test_a_price_history_makes_the_revenue_row_a_check(invoke):
    words = ("--history", os.environ["WATTPLAN_HISTORY"])
    body = json.loads(invoke(*words, "--json").stdout)
    assert body["revenue_check"]["kind"] == "check"
    assert body["months"][-1]["avg_price_usd_per_btc"] == pytest.approx(96_282, abs=1)
    assert "output at mean market price gives" in invoke(*words).stdout
