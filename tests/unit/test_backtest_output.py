# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from models.backtest import (
    NetworkMonth,
    ProductionMonth,
    backtest_production,
    implied_pool_fee,
)
from models.network import DifficultyEpochs, difficulty_from_hashrate
from models.units import day_number, parse_month
from optimizer.backtest import run_backtest
from sites.history import load_difficulty_epochs, load_network, load_production

# At 1,000 EH/s of difficulty 1 EH/s earns 144 / 1000 x 3.125 = 0.45 BTC a day.
DIFFICULTY = difficulty_from_hashrate(1_000.0)
NETWORK = {
    month: NetworkMonth(month, DIFFICULTY, 0.0, 3.125)
    for month in ("2025-03", "2025-04", "2025-05")
}


def one(row, *, pool_fee_frac=0.0, epochs=None):
    found = backtest_production(
        [row], NETWORK, pool_fee_frac=pool_fee_frac, epochs=epochs
    )
    return found[0]


def test_a_whole_month_is_hashrate_times_days_times_daily_output():
    # 10 EH/s x 30 days x 0.45 = 135 BTC against 100 reported: 35 % over.
    row = one(ProductionMonth("2025-04", 10.0, 100.0))
    assert row.expected_btc == pytest.approx(135.0, rel=1e-13)
    assert row.error_frac == pytest.approx(0.35, rel=1e-12)
    assert row.flags == ()
    assert row.is_check


def test_a_partial_month_counts_its_days_only():
    # 10 EH/s x 7.5 days x 0.45 = 33.75 BTC.
    row = one(ProductionMonth("2025-04", 10.0, 33.75, days_operating=7.5))
    assert row.expected_btc == pytest.approx(33.75, rel=1e-13)
    assert row.flags == ("partial",)
    assert not row.is_check


def test_a_partial_month_looks_at_the_difficulty_of_its_last_days():
    # Difficulty doubles on 16 April: the last 10 days see only the new one.
    first = float(day_number_of("2025-04"))
    epochs = DifficultyEpochs(
        start_day=np.array([first - 5, first + 15]),
        difficulty=np.array([DIFFICULTY, 2 * DIFFICULTY]),
        height=np.array([0, 2_016]),
        end_day=first + 30,
    )
    part = one(ProductionMonth("2025-04", 10.0, None, 10.0), epochs=epochs)
    whole = one(ProductionMonth("2025-04", 10.0, None), epochs=epochs)
    assert part.difficulty == pytest.approx(2 * DIFFICULTY)
    # Half the month at 1, half at 2: harmonic mean 4/3.
    assert whole.difficulty == pytest.approx(4 / 3 * DIFFICULTY)


def day_number_of(month):
    from datetime import date

    return day_number(date(*parse_month(month), 1))


def test_a_missing_hashrate_is_filled_from_output_and_flagged():
    # 135 BTC in 30 days at 0.45 BTC per EH/s and day are 10 EH/s.
    row = one(ProductionMonth("2025-04", None, 135.0))
    assert row.hashrate_eh_s == pytest.approx(10.0, rel=1e-13)
    assert row.error_frac == pytest.approx(0.0, abs=1e-14)
    assert row.flags == ("filled",)
    assert not row.is_check


def test_a_pool_fee_lowers_output_and_raises_a_filled_hashrate():
    given = one(ProductionMonth("2025-04", 10.0, None), pool_fee_frac=0.2)
    filled = one(ProductionMonth("2025-04", None, 135.0), pool_fee_frac=0.2)
    assert given.expected_btc == pytest.approx(108.0)
    assert filled.hashrate_eh_s == pytest.approx(12.5)


@pytest.mark.parametrize("reported", [None, 0.0])
def test_without_a_positive_reported_figure_there_is_no_error(reported):
    assert one(ProductionMonth("2025-04", 10.0, reported)).error_frac is None


def test_a_month_with_neither_figure_is_refused():
    with pytest.raises(ValueError, match="neither"):
        one(ProductionMonth("2025-04", None, None))


@pytest.mark.parametrize("fee", [-0.01, 1.0, float("nan")])
def test_a_pool_fee_outside_its_range_is_refused(fee):
    with pytest.raises(ValueError, match="pool_fee_frac"):
        one(ProductionMonth("2025-04", 10.0, None), pool_fee_frac=fee)


def test_the_implied_fee_is_what_output_lacks_whatever_fee_was_used():
    # 10 EH/s: expected 139.5 (March), 135 (April) BTC; a 1 % and a 3 % fee kept.
    rows = [
        ProductionMonth("2025-03", 10.0, 139.5 * 0.99),
        ProductionMonth("2025-04", 10.0, 135.0 * 0.97),
        ProductionMonth("2025-05", None, 135.0),
    ]
    for fee in (0.0, 0.02):
        months = backtest_production(rows, NETWORK, pool_fee_frac=fee)
        estimate = implied_pool_fee(months, pool_fee_frac=fee)
        assert estimate is not None
        assert estimate.months == ("2025-03", "2025-04")
        assert estimate.mean_frac == pytest.approx(0.02, rel=1e-10)
        # Two values 2 points apart: sd = 2 / sqrt(2).
        assert estimate.sd_frac == pytest.approx(0.02 / 2**0.5, rel=1e-10)


def test_filled_months_alone_imply_no_fee():
    months = backtest_production(
        [ProductionMonth("2025-04", None, 1.0)], NETWORK, pool_fee_frac=0.0
    )
    assert implied_pool_fee(months, pool_fee_frac=0.0) is None


@pytest.fixture(scope="module")
def report():
    return run_backtest()


def test_every_2025_month_with_a_hashrate_is_within_one_percent(report):
    checked = {row.month: row.error_frac for row in report.months if row.is_check}
    assert sorted(checked) == [
        f"2025-{number:02d}" for number in (2, 3, 4, 7, 8, 9, 10, 11)
    ]
    assert max(abs(error) for error in checked.values()) < 0.01


@pytest.mark.parametrize(
    ("month", "expected_btc", "reported_btc"),
    [
        ("2025-02", 474.706, 472.7),
        ("2025-03", 533.127, 530.1),
        ("2025-04", 472.673, 470.0),
        ("2025-07", 654.788, 650.5),
        ("2025-08", 665.827, 663.7),
        ("2025-09", 619.921, 616.6),
        ("2025-10", 606.128, 602.6),
        ("2025-11", 549.728, 546.7),
    ],
)
def test_golden_output_of_the_company(report, month, expected_btc, reported_btc):
    row = next(row for row in report.months if row.month == month)
    assert row.expected_btc == pytest.approx(expected_btc, abs=5e-4)
    assert row.reported_btc == reported_btc


def test_months_without_a_published_hashrate_are_filled(report):
    filled = [row.month for row in report.months if row.is_filled]
    assert filled == ["2024-12", "2025-01", "2025-05", "2025-06"]
    assert all(29.0 < r.hashrate_eh_s < 31.0 for r in report.months if r.is_filled)


def test_the_first_month_is_partial_and_still_within_one_percent(report):
    first = report.months[0]
    assert first.month == "2024-11"
    assert first.flags == ("partial", "derived:days_operating")
    assert abs(first.error_frac) < 0.01


def test_the_implied_pool_fee_is_about_half_a_percent(report):
    estimate = report.pool_fee_estimate
    assert report.pool_fee_frac == 0.0
    assert estimate.mean_frac == pytest.approx(0.0053, abs=2e-4)
    assert estimate.sd_frac == pytest.approx(0.0010, abs=1e-4)
    assert report.mean_error_frac == pytest.approx(0.0053, abs=1e-4)


def test_the_bundled_month_means_are_those_of_the_bundled_epochs():
    epochs = load_difficulty_epochs()
    for row in load_network():
        start = float(day_number_of(row.month))
        days = {"02": 29 if row.month == "2024-02" else 28}.get(row.month[5:], 30)
        days += row.month[5:] in {"01", "03", "05", "07", "08", "10", "12"}
        mean = epochs.mean_difficulty(start, start + days)
        assert row.difficulty == pytest.approx(mean, rel=1e-9), row.month


def test_the_bundled_epochs_are_whole_and_obey_the_retarget_limit():
    epochs = load_difficulty_epochs()
    assert (np.diff(epochs.height) == 2_016).all()
    assert (epochs.height % 2_016 == 0).all()
    steps = epochs.difficulty[1:] / epochs.difficulty[:-1]
    assert ((steps < 4.0) & (steps > 0.25)).all()
    # Ten to eighteen days between retargets, two weeks on average.
    assert np.diff(epochs.start_day).min() > 10.0
    assert np.diff(epochs.start_day).max() < 18.0


def test_the_bundled_subsidy_shows_the_halving_of_april_2024():
    subsidy = {row.month: row.subsidy_btc_per_block for row in load_network()}
    assert subsidy["2024-03"] == 6.25
    assert subsidy["2024-05"] == subsidy["2025-11"] == 3.125
    # 4,407 blocks from height 837,165, of which 2,835 before height 840,000:
    # 3.125 x (1 + 2,835 / 4,407) = 5.1353; heights are good to five blocks.
    assert subsidy["2024-04"] == pytest.approx(5.1353, rel=1e-3)


def test_the_company_held_what_it_mined():
    # 5,810 BTC on 30 September and 6,959.3 on 30 November 2025, nothing sold; each
    # month is rounded to 0.1, so 13 of them may be off by 0.15.
    produced = {row.month: row.btc_produced for row in load_production()}
    until = sum(btc for month, btc in produced.items() if month <= "2025-09")
    assert until == pytest.approx(5_810.0, abs=0.15)
    assert sum(produced.values()) == pytest.approx(6_959.3, abs=0.15)
