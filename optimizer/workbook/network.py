# SPDX-License-Identifier: Apache-2.0
"""The network on the sheet of the market, as `models.market_bitcoin` has it.

Fees, hashrate and its answer to rewards, difficulty half an epoch behind, blocks and
rewards. What does not belong here: prices (`market`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimizer.workbook.expr import Call, Expr
from optimizer.workbook.lines import Scalar, Series

if TYPE_CHECKING:
    from optimizer.workbook.draft import Draft
    from optimizer.workbook.sheets import Sheet
    from optimizer.workbook.timeline import Timeline

__all__ = ["add_network"]


def _factor(sheet: Sheet, label: str, unit: str, formula: Expr) -> Series:
    """Put a line of the network's chain on the sheet."""
    return sheet.row(label, unit, formula, style="factor")


def add_network(
    draft: Draft, time: Timeline, sheet: Sheet, model_price: Series
) -> tuple[Series, Series]:
    """Put the network's chain on the sheet.

    Parameters
    ----------
    draft : Draft
        Workbook being put together.
    time : Timeline
        Sheet of time.
    sheet : Sheet
        Sheet of the market.
    model_price : Series
        BTC price before any sensitivity. [USD/BTC]

    Returns
    -------
    tuple of Series
        Difficulty; mean reward per block, fees included. [unitless, BTC]
    """
    inputs = draft.inputs
    sheet.heading("Fees")
    fees = _fees(draft, time, sheet)
    sheet.heading("Network hashrate: its pace of growth and its answer to rewards")
    height = Series(
        "Height at the month's end",
        "blocks",
        opening=inputs.number("market.block_height"),
        style="integer",
    )
    growth = _growth(draft, time, sheet)
    answer, log_reward = _answer(draft, sheet, model_price, fees, height)
    opening_eh_s = inputs.number("market.network_eh_s")
    log_hashrate = Series(
        "Network hashrate, logarithm",
        "ln EH/s",
        opening=Call("LN", opening_eh_s),
        style="factor",
    )
    log_hashrate.define(log_hashrate.before + growth + answer)
    sheet.add(log_hashrate)
    hashrate = sheet.row(
        "Network hashrate of the market model",
        "EH/s",
        Call("EXP", _running(draft, time, sheet, log_hashrate, log_reward)),
        opening=opening_eh_s,
        style="number",
    )
    difficulty = _difficulty(draft, time, sheet, hashrate)
    return difficulty, _reward(draft, time, sheet, (hashrate, difficulty, fees, height))


def _fees(draft: Draft, time: Timeline, sheet: Sheet) -> Series:
    """Put fees over subsidy on the sheet: from their opening value to their median."""
    inputs, market = draft.inputs, draft.study.market
    median = inputs.number("market.fee_share_frac")
    share: Expr = median
    if market.opening_fee_share_frac and market.fee_share_frac:
        keep = _kept(draft, "market.fee_half_life_months")
        opening = inputs.number("market.opening_fee_share_frac")
        share = median * (opening / median) ** (keep ** (time.index + 1))
    return sheet.row("Fees over subsidy", "ratio", share, style="factor")


def _kept(draft: Draft, half_life: str) -> Expr:
    """Return what is left of a deviation after a month."""
    inputs = draft.inputs
    return inputs.constant("half") ** (1 / inputs.number(half_life))


def _growth(draft: Draft, time: Timeline, sheet: Sheet) -> Expr:
    """Put the network's pace of growth on the sheet: it fades into the trend."""
    inputs = draft.inputs
    per_year = inputs.constant("months_per_year")
    trend = sheet.value(
        "Trend per month, logarithm",
        "per month",
        Call("LN", 1 + inputs.number("market.network_trend_per_year")) / per_year,
        style="factor",
    )
    if draft.study.market.network_opening_growth_per_year is None:
        return trend
    pace = inputs.number("market.network_opening_growth_per_year")
    keep = _kept(draft, "market.network_growth_half_life_months")
    excess = sheet.value(
        "Opening pace beyond the trend, logarithm",
        "per month",
        Call("LN", 1 + pace) / per_year - trend,
        style="factor",
    )
    growth = trend + excess * keep ** (time.index + 1)
    return _factor(sheet, "Growth of the network, logarithm", "per month", growth)


def _answer(
    draft: Draft, sheet: Sheet, model_price: Series, fees: Series, height: Series
) -> tuple[Series, Series]:
    """Put the network's answer to the block reward on the sheet, and that reward."""
    inputs = draft.inputs
    elasticity = inputs.number("market.network_elasticity")
    at_once = sheet.value(
        "Elasticity at once",
        "ratio",
        Call("MIN", inputs.number("market.network_short_elasticity"), elasticity),
        style="factor",
    )
    begins = inputs.number("market.block_height")
    reward = sheet.value(
        "Block reward at the opening, median fees",
        "BTC",
        _subsidy(draft, Call("INT", begins / _halving(draft)))
        * (1 + inputs.number("market.fee_share_frac")),
        style="btc",
    )
    earlier = (
        "market.btc_price_usd"
        if draft.study.market.earlier_btc_price_usd is None
        else "market.earlier_btc_price_usd"
    )
    era = Call("INT", height.before / _halving(draft))
    halvings = sheet.row("Halvings at the month's start", "count", era, style="integer")
    subsidy = sheet.row(
        "Subsidy at the month's start", "BTC", _subsidy(draft, halvings), style="btc"
    )
    log_reward = sheet.row(
        "Block reward at last month's price, logarithm",
        "ln USD",
        Call("LN", model_price.before * subsidy * (1 + fees)),
        opening=Call("LN", inputs.number(earlier) * reward),
        style="factor",
    )
    adapted = Series(
        "Reward that the network has adapted to, logarithm",
        "ln USD",
        opening=Call("LN", inputs.number("market.reference_btc_price_usd") * reward),
        style="factor",
    )
    moved = _moved(draft, sheet, log_reward, adapted)
    answer = _factor(
        sheet,
        "Answer of the network, logarithm",
        "per month",
        (elasticity - at_once) * moved + at_once * (log_reward - log_reward.before),
    )
    return answer, log_reward


def _running(
    draft: Draft, time: Timeline, sheet: Sheet, installed: Series, log_reward: Series
) -> Expr:
    """Return the log of the hashrate that earns the break-even hash price."""
    inputs, market = draft.inputs, draft.study.market
    if market.network_break_even_usd_per_ph_day is None:
        return installed
    floor = inputs.number("market.network_break_even_usd_per_ph_day")
    ph_per_eh = inputs.constant("th_per_eh") / inputs.constant("th_per_ph")
    blocks = inputs.constant("seconds_per_day") / inputs.constant("block_seconds")
    kept: Expr = sheet.value(
        "Hashrate that a USD of block reward keeps running, logarithm",
        "ln EH/s/USD",
        Call("LN", blocks / floor / ph_per_eh),
        style="factor",
    )
    if market.network_break_even_decline_per_year:
        decline = inputs.number("market.network_break_even_decline_per_year")
        per_year = inputs.constant("months_per_year")
        kept = kept - Call("LN", 1 - decline) / per_year * time.index
    limit = _factor(sheet, "Most that runs, logarithm", "ln EH/s", log_reward + kept)
    return Call("MIN", installed, limit)


def _moved(draft: Draft, sheet: Sheet, log_reward: Series, adapted: Series) -> Series:
    """Put how much of the gap to the reward a month closes on the sheet."""
    up, down = _closing(draft, sheet, "up"), _closing(draft, sheet, "down")
    gap = _factor(sheet, "Gap to the reward", "ln", log_reward - adapted.before)
    share = Call("IF", gap > 0, up, down)
    moved = _factor(sheet, "Gap closed in the month", "ln", share * gap)
    adapted.define(adapted.before + moved)
    sheet.add(adapted)
    return moved


def _halving(draft: Draft) -> Scalar:
    return draft.inputs.constant("halving_blocks")


def _subsidy(draft: Draft, era: Expr) -> Expr:
    """Return the subsidy after some halvings, in whole satoshis. [BTC]."""
    inputs = draft.inputs
    per_btc = inputs.constant("satoshi_per_btc")
    first = inputs.constant("first_subsidy_btc")
    return Call("INT", first * per_btc * inputs.constant("half") ** era) / per_btc


def _closing(draft: Draft, sheet: Sheet, way: str) -> Scalar:
    """Put the share of the gap closed in a month on the sheet."""
    return sheet.value(
        f"Share of the gap closed in a month, going {way}",
        "share",
        1 - _kept(draft, f"market.network_half_life_{way}_months"),
        style="factor",
    )


def _difficulty(draft: Draft, time: Timeline, sheet: Sheet, hashrate: Series) -> Series:
    """Put difficulty on the sheet: half an epoch behind, its change limited."""
    inputs = draft.inputs
    sheet.heading("Difficulty")
    epoch = inputs.constant("retarget_blocks") * inputs.constant("block_seconds")
    per_eh_s = sheet.value(
        "Difficulty per EH/s",
        "ratio",
        inputs.constant("hashes_per_eh")
        * inputs.constant("block_seconds")
        / inputs.constant("hashes_per_difficulty"),
    )
    weight = sheet.row(
        "Weight of the month before",
        "share",
        inputs.constant("half") * epoch / time.seconds,
        style="factor",
    )
    limit = sheet.row(
        "Largest change in a month",
        "ratio",
        inputs.constant("max_retarget") ** (time.seconds / epoch),
        style="factor",
    )
    wanted = sheet.row(
        "Difficulty that follows the hashrate",
        "ratio",
        per_eh_s * ((1 - weight) * hashrate + weight * hashrate.before),
    )
    difficulty = Series("Difficulty", "ratio", opening=per_eh_s * hashrate.opening)
    before = difficulty.before
    difficulty.define(Call("MIN", Call("MAX", wanted, before / limit), before * limit))
    return sheet.series(difficulty)


def _reward(
    draft: Draft,
    time: Timeline,
    sheet: Sheet,
    chain: tuple[Series, Series, Series, Series],
) -> Series:
    """Put blocks, heights and the mean reward on the sheet; return the reward.

    The chain: hashrate, difficulty, fees over subsidy and the height to define.
    """
    hashrate, difficulty, fees, height = chain
    inputs = draft.inputs
    half, first = inputs.constant("half"), inputs.constant("first_subsidy_btc")
    sheet.heading("Blocks and rewards")
    blocks = sheet.row(
        "Blocks found",
        "blocks",
        hashrate
        * inputs.constant("hashes_per_eh")
        * time.seconds
        / (difficulty * inputs.constant("hashes_per_difficulty")),
        style="number",
    )
    height.define(height.before + blocks)
    sheet.add(height)
    era = sheet.row(
        "Halvings at the month's end",
        "count",
        Call("INT", height / _halving(draft)),
        opening=Call("INT", height.opening / _halving(draft)),
        style="integer",
    )

    def issued(era_now: Expr, height_now: Expr) -> Expr:
        whole = _halving(draft) * first / half * (1 - half**era_now)
        rest = (height_now - era_now * _halving(draft)) * first * half**era_now
        return whole + rest

    issuance = sheet.row(
        "BTC issued by the month's end",
        "BTC",
        issued(era, height),
        opening=issued(era.opening, height.opening),
        style="number",
    )
    return sheet.row(
        "Mean reward per block, fees included",
        "BTC",
        (issuance - issuance.before) / blocks * (1 + fees),
        style="btc",
    )
