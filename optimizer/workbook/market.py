# SPDX-License-Identifier: Apache-2.0
"""Sheet of the market: BTC price, the network's answer to it, GPU rents.

The base path of `models.market` as live formulas: a changed opening price moves the
network as the engine would move it, a sensitivity moves its own price alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from optimizer.workbook.expr import Call
from optimizer.workbook.network import add_network
from optimizer.workbook.sheets import Sheet

if TYPE_CHECKING:
    from optimizer.workbook.draft import Draft
    from optimizer.workbook.lines import Series
    from optimizer.workbook.timeline import Timeline

__all__ = ["Market", "market"]


@dataclass(slots=True)
class Market:
    """Lines that other sheets read.

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    btc_price, btc_per_eh_s, hashprice : Series
        See `models.paths.MarketPaths`. [USD/BTC, BTC, USD/(PH/s)/day]
    gpu_rent, gpu_used : dict of str to Series
        Rent and sold share by GPU family. [USD/GPU-h, share 0-1]
    base_rent : dict of str to Series
        Rent without the sensitivity. [USD/GPU-h]
    """

    sheet: Sheet
    btc_price: Series
    btc_per_eh_s: Series
    hashprice: Series
    gpu_rent: dict[str, Series] = field(default_factory=dict)
    gpu_used: dict[str, Series] = field(default_factory=dict)
    base_rent: dict[str, Series] = field(default_factory=dict)


def market(draft: Draft, time: Timeline) -> Market:
    """Return the sheet of the market.

    Parameters
    ----------
    draft : Draft
        Workbook being put together.
    time : Timeline
        Sheet of time.
    """
    inputs = draft.inputs
    sheet = Sheet("Market", "Market: the base path")
    sheet.heading("BTC price")
    first_price = inputs.number("market.btc_price_usd")
    drift = inputs.number("market.btc_log_drift_per_year")
    model_price = sheet.row(
        "BTC price of the market model",
        "USD/BTC",
        first_price * Call("EXP", drift * time.elapsed_years),
        opening=first_price,
    )
    price = sheet.row("BTC price", "USD/BTC", model_price * inputs.factor("btc_price"))
    difficulty, reward = add_network(draft, time, sheet, model_price)
    sheet.heading("What hashrate earns")
    per_difficulty = inputs.constant("hashes_per_difficulty")
    share = inputs.number("market.fee_share_frac")
    reward_ratio = sheet.value(
        "Reward over that of the run's fees",
        "ratio",
        (1 + inputs.factor("fees") * share) / (1 + share),
        style="factor",
    )
    per_eh_s = sheet.row(
        "Output of 1 EH/s, before the pool fee",
        "BTC",
        inputs.constant("hashes_per_eh")
        * time.seconds
        / (difficulty * per_difficulty)
        * reward
        * reward_ratio
        / inputs.factor("network"),
        style="btc",
    )
    hashprice = sheet.row(
        "Hash price",
        "USD/(PH/s)/day",
        inputs.constant("hashes_per_ph")
        * inputs.constant("seconds_per_day")
        / (difficulty * per_difficulty)
        * reward
        * price
        * reward_ratio
        / inputs.factor("network"),
        style="price",
    )
    lines = Market(sheet, price, per_eh_s, hashprice)
    _gpus(draft, time, lines)
    return lines


def _gpus(draft: Draft, time: Timeline, lines: Market) -> None:
    """Put rent and sold share of each GPU family on the sheet."""
    inputs, sheet = draft.inputs, lines.sheet
    families = [gpu for gpu in draft.study.gpus if gpu.id in draft.gpu_ids]
    if not families:
        return
    drift = inputs.number("market.gpu_rent_drift_per_year")
    sheet.heading("GPU market")
    trend = sheet.row(
        "Rent over the first month's",
        "ratio",
        (1 + drift) ** time.elapsed_years,
        style="factor",
    )
    for gpu in families:
        sheet.heading(gpu.name, 2)
        rent = inputs.number(f"gpus.{gpu.id}.rent_usd_per_gpu_h")
        base = sheet.row(
            "Merchant rent of the market model",
            "USD/GPU-h",
            rent * trend,
            style="price",
        )
        lines.base_rent[gpu.id] = base
        lines.gpu_rent[gpu.id] = sheet.row(
            "Merchant rent",
            "USD/GPU-h",
            base * inputs.factor("gpu_rent"),
            style="price",
        )
        used = inputs.number(f"gpus.{gpu.id}.utilisation_frac")
        lines.gpu_used[gpu.id] = sheet.row(
            "Sold share of hours",
            "share",
            Call("MIN", used * inputs.factor("gpu_utilisation"), 1),
            style="share",
        )
