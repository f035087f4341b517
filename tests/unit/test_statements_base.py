# SPDX-License-Identifier: Apache-2.0
"""Statements of the bundled base study beside what the company published.

Published figures: business model canvas, December 2025, and results of the third
quarter of 2025.
"""

from __future__ import annotations

import numpy as np
import pytest

import sites
from models.business_as_usual import business_as_usual
from models.cashflow import evaluate
from models.market import base_paths
from models.statements import financial_statements

Q3_BTC = 1_930.8
Q3_CASH_COST_USD_PER_BTC = 81_072
Q3_RATE_USD_PER_MWH = 76.1
Q3_DEPRECIATION_USD = 35.4e6
FIRST_QUARTER = slice(0, 3)


@pytest.fixture(scope="module")
def study():
    return sites.load_bundle("base").study


@pytest.fixture(scope="module")
def usual(study):
    """Ledger and statements of business as usual."""
    plan, paths = business_as_usual(study), base_paths(study)
    ledger = evaluate(study, plan, paths)
    return ledger, financial_statements(study, plan, paths, ledger)


def test_the_opening_balance_sheet_is_the_company_file_s(study, usual):
    sheet = {name: float(line[0, 0]) for name, line in usual[1].balance.items()}
    assert sheet["cash"] == study.company.cash_usd == 20e6
    assert sheet["btc_pledged"] == pytest.approx(6_959.3 * 91_000)
    # 365.7 M on 30 September less two months of 35.4 M a quarter.
    assert sheet["asics"] == pytest.approx(365.7e6 - 35.4e6 * 2 / 3, abs=1e3)
    # 19.5 M paid in August 2025 less three of 180 months.
    assert sheet["plant"] == pytest.approx(19.5e6 * 177 / 180)
    assert sheet["btc_loan"] == 481.85e6
    assert sheet["equity"] == pytest.approx(532.7e6, abs=0.1e6)


def test_depreciation_of_the_first_quarter_is_the_published_one(usual):
    written = usual[1].mining_depreciation_usd[0, FIRST_QUARTER].sum()
    assert written == pytest.approx(Q3_DEPRECIATION_USD, rel=0.005)


def test_cost_to_mine_differs_from_the_third_quarter_s_by_rate_energy_and_output(usual):
    ledger, made = usual
    mined = made.mined_btc[0, FIRST_QUARTER].sum()
    energy_mwh = ledger.mining_mwh[0, :, FIRST_QUARTER].sum()
    q3_mwh = Q3_BTC * Q3_CASH_COST_USD_PER_BTC / Q3_RATE_USD_PER_MWH
    rate = made.mining_cost_usd[0, FIRST_QUARTER].sum() / energy_mwh
    # The same machines run as before, at the rate fitted over three quarters.
    assert energy_mwh == pytest.approx(q3_mwh, rel=0.03)
    assert rate == pytest.approx(78.6, rel=0.01)
    # The network has grown: that is most of the difference. How much is the market's.
    assert 0.75 < mined / Q3_BTC < 0.95
    cost = made.cost_to_mine_usd_per_btc(FIRST_QUARTER, with_depreciation=False)[0]
    factors = rate / Q3_RATE_USD_PER_MWH * energy_mwh / q3_mwh * Q3_BTC / mined
    assert cost == pytest.approx(Q3_CASH_COST_USD_PER_BTC * factors)
    full = made.cost_to_mine_usd_per_btc(FIRST_QUARTER, with_depreciation=True)[0]
    assert full - cost == pytest.approx(Q3_DEPRECIATION_USD / mined, rel=0.005)


def test_statements_of_the_base_study_tie_to_a_cent(usual):
    assert np.abs(usual[1].balance_error_usd()).max() < 0.01
    assert np.abs(usual[1].cash_error_usd()).max() < 0.01
