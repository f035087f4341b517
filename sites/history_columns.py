# SPDX-License-Identifier: Apache-2.0
"""Columns of the history files: names, units and bounds.

The bundled files carry a few more columns than a user needs to give, so that each of
them is itself a valid user file. What does not belong here: reading and rules across
lines (`sites.history`, `sites.history_checks`).
"""

from __future__ import annotations

from typing import Final

from sites.tables import Column

__all__ = [
    "EPOCHS",
    "HASHRATE",
    "NETWORK",
    "PRICES",
    "PRODUCTION",
    "QUARTERS",
]

_EH_S_ADVICE: Final = "Give the average hash rate in EH/s; 40,910 PH/s is 40.91."
_FEE_ADVICE: Final = "Give fees / subsidy as a share: 0.0085 for 0.85 %."
HASHRATE: Final = "avg_operating_hashrate_eh_s"

PRODUCTION: Final = (
    Column("month", is_required=True, is_number=False),
    Column(
        HASHRATE,
        "EH/s",
        is_required=True,
        may_be_empty=True,
        high=10_000.0,
        advice=_EH_S_ADVICE,
    ),
    Column("btc_produced", "BTC", may_be_empty=True, high=300_000.0),
    Column(
        "days_operating",
        "days",
        may_be_empty=True,
        high=31.0,
        excludes_low=True,
        advice="Give the days with operation, or leave the cell empty.",
    ),
    Column("deployed_hashrate_eh_s", "EH/s", may_be_empty=True),
    Column("btc_held_month_end", "BTC", may_be_empty=True),
    Column("derived_fields", is_number=False, may_be_empty=True),
    Column("as_of_date", is_number=False, may_be_empty=True),
    Column("source", is_number=False, may_be_empty=True),
    Column("source_url", is_number=False, may_be_empty=True),
)
NETWORK: Final = (
    Column("month", is_required=True, is_number=False),
    Column(
        "difficulty",
        is_required=True,
        low=1.0,
        advice="Give the plain difficulty, harmonic mean of the month: 129.1e12.",
    ),
    Column("fee_share_frac", is_required=True, high=1.0, advice=_FEE_ADVICE),
    Column(
        "subsidy_btc_per_block",
        "BTC",
        is_required=True,
        high=50.0,
        excludes_low=True,
        advice="Give the mean block subsidy: 3.125 from April 2024.",
    ),
    Column("fees_btc", "BTC", may_be_empty=True),
    Column("blocks", "blocks", may_be_empty=True),
    Column("start_height", "blocks", may_be_empty=True),
    Column("end_difficulty", may_be_empty=True),
    Column("network_eh_s", "EH/s", may_be_empty=True),
)
EPOCHS: Final = (
    Column("date", is_required=True, is_number=False),
    Column("height", "blocks", is_required=True),
    Column("difficulty", is_required=True, low=1.0),
    Column("day_frac", is_required=True, high=1.0),
)
QUARTERS: Final = (
    Column("quarter", is_required=True, is_number=False),
    Column("btc_produced", "BTC", is_required=True, excludes_low=True),
    Column("cash_cost_usd_per_btc", "USD/BTC", is_required=True),
    Column("all_in_cost_usd_per_btc", "USD/BTC", may_be_empty=True),
    Column("mining_revenue_usd", "USD", may_be_empty=True),
    Column("depreciation_usd", "USD", may_be_empty=True),
    Column("machines_book_value_usd", "USD", may_be_empty=True),
    Column("fleet_efficiency_j_per_th", "J/TH", may_be_empty=True, excludes_low=True),
    Column("as_of_date", is_number=False),
    Column("source", is_number=False),
)
PRICES: Final = (
    Column("date", is_required=True, is_number=False),
    Column("price_usd", "USD/BTC", is_required=True, excludes_low=True),
)
