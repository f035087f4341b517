# SPDX-License-Identifier: Apache-2.0
"""A plan's treasury in JAX: `models.treasury` and `models.margin` once more.

Arrays are (scenarios,); `jax.vmap` adds plans. What a plan never does is missing from
its rows, and its code with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp

from gpu.kernel import layout as at

if TYPE_CHECKING:
    from jax_tables import Model

__all__ = [
    "HUGE",
    "close_flow",
    "finish_treasury",
    "note_month",
    "open_treasury",
    "treasury_month",
]

ROUNDING, LEAST_LOAN_USD, MAX_LTV = 1e-9, 0.01, 10.0
EQUITY_TOLERANCE_USD, LEAST_PLEDGE_BTC, HUGE = 1e-6, 1e-9, 1e300

Rows = dict[str, Any]


def open_treasury(model: Model, n: int) -> Rows:
    """Return balances and record of every plan before the first month."""
    company = model.constants["company"]
    opening = {
        "cash": company[at.CASH_OPENING],
        "loan": company[at.LOAN_OPENING],
        "free": company[at.FREE_OPENING],
        "pledged": company[at.PLEDGED_OPENING],
        "min_cash": HUGE,
        "first_equity": HUGE,
        "equity": 0.0,
        "mined": 0.0,
    }
    if model.has_loan:
        opening |= {
            "was_called": 0.0,
            "first_call": HUGE,
            "first_liquidation": HUGE,
            "called_btc": 0.0,
            "liquidated_btc": 0.0,
            "forced_usd": 0.0,
            "peak_ltv": 0.0,
            "least_distance": HUGE,
        }
    shape = model.n_plans, n
    state: Rows = {name: jnp.full(shape, value) for name, value in opening.items()}
    losses = jnp.zeros((model.n_plans, model.n_sites + 1, n))
    return state | {"losses": losses}


def _per_btc_usd(state: Rows, release: Any) -> Any:
    """Return what a pledged BTC repays when it leaves the pledge."""
    share = state["loan"] / jnp.maximum(state["pledged"], LEAST_PLEDGE_BTC)
    if "was_called" not in state:
        return release
    return jnp.where(state["was_called"] > 0.0, jnp.minimum(release, share), release)


def _pledge_and_release(
    s: Rows, did: Rows, rows: Rows, release: Any, month: Rows, company: list[float]
) -> None:
    zero = jnp.zeros_like(s["cash"])
    more = jnp.minimum(rows.get("pledged_in", zero), s["free"])
    backed = jnp.minimum(company[at.INITIAL_LTV] * month["price"], release) * more
    room = jnp.maximum(company[at.MOST_DRAWN] - s["loan"], 0.0)
    drawn = jnp.minimum(jnp.minimum(rows.get("drawn", zero), backed), room)
    s["loan"], s["pledged"] = s["loan"] + drawn, s["pledged"] + more
    freed = jnp.minimum(rows.get("released", zero), s["pledged"])
    repaid = jnp.minimum(_per_btc_usd(s, release) * freed, s["loan"])
    s["free"] = s["free"] - more + freed
    s["pledged"], s["loan"] = s["pledged"] - freed, s["loan"] - repaid
    s["cash"] = s["cash"] + drawn - repaid
    did["drawn"], did["repaid"] = drawn, did["repaid"] + repaid


def _sell_and_raise(s: Rows, did: Rows, rows: Rows, release: Any, fetched: Any) -> None:
    out = jnp.minimum(rows.get("sold_free", 0.0), s["free"])
    sold = jnp.minimum(rows.get("sold_pledged", 0.0), s["pledged"])
    raised = rows.get("equity", 0.0)
    repaid = jnp.minimum(_per_btc_usd(s, release) * sold, s["loan"])
    proceeds = fetched * (out + sold)
    s["free"], s["pledged"] = s["free"] - out, s["pledged"] - sold
    s["loan"] = s["loan"] - repaid
    s["cash"] = s["cash"] + (proceeds - repaid + raised)
    did["sold"], did["repaid"] = proceeds, did["repaid"] + repaid
    did["raised"] = did["raised"] + raised


def _buy_and_repay(s: Rows, did: Rows, rows: Rows, month: Rows, floor: float) -> None:
    spare = jnp.maximum(s["cash"] - floor, 0.0)
    bought = jnp.minimum(rows.get("bought", 0.0), spare / month["price"])
    spent = month["price"] * bought
    cash = s["cash"] - spent
    wanted = jnp.minimum(rows.get("repaid", 0.0), s["loan"])
    repaid = jnp.minimum(wanted, jnp.maximum(cash - floor, 0.0))
    s["cash"], s["free"] = cash - repaid, s["free"] + bought
    s["loan"] = s["loan"] - repaid
    did["spent"], did["repaid"] = spent, did["repaid"] + repaid


def _see_level(s: Rows, did: Rows, month: Rows, call: float) -> None:
    low = month["low_usd"]
    value = s["pledged"] * low
    share = jnp.where(value > 0.0, s["loan"] / value, MAX_LTV)
    ltv = jnp.where(s["loan"] > LEAST_LOAN_USD, jnp.minimum(share, MAX_LTV), 0.0)
    did["ltv"], did["distance"] = ltv, low * (1.0 - ltv / call)


def _call_price_usd(loan: Any, backed: Any) -> Any:
    bare = jnp.where(loan > 0.0, HUGE, 0.0)
    return jnp.where(backed > 0.0, loan / jnp.where(backed > 0.0, backed, 1.0), bare)


def _meet_call(s: Rows, did: Rows, month: Rows, company: list[float]) -> None:
    """Meet a margin call: cash, free BTC pledged, a sale, or the lender's."""
    call, low = company[at.CALL_LTV], month["low_usd"]
    loan, pledged, free, cash = (s[k] for k in ("loan", "pledged", "free", "cash"))
    level = company[at.INITIAL_LTV] * low
    called_at = jnp.maximum(call * low * pledged * (1.0 + ROUNDING), LEAST_LOAN_USD)
    called = jnp.where(loan > called_at, 1.0, 0.0)
    short = called * jnp.maximum(loan - level * pledged, 0.0)
    paid = jnp.minimum(jnp.maximum(cash - company[at.CASH_FLOOR], 0.0), short)
    short = short - paid
    wanted = short / jnp.where(level > 0.0, level, HUGE)
    more = jnp.minimum(free, wanted)
    rest = jnp.maximum(short - level * free, 0.0)
    short = jnp.where((level > 0.0) & (wanted <= free), 0.0, rest)
    held, owed = pledged + more, loan - paid
    begun = jnp.where(month["low_frac"] < 1.0, month["start"], month["price"])
    at_call = jnp.minimum(begun, _call_price_usd(loan, call * pledged))
    worth = company[at.LIQUIDATION_LTV] * at_call * month["dip"] * held
    seized = jnp.where((owed >= worth) & (short > 0.0), called, 0.0)
    lost = jnp.where(seized > 0.0, company[at.PENALTY], company[at.SELLING_COST])
    fetched = low * (1.0 - lost)
    sold = jnp.minimum(short / (fetched - level), held)
    proceeds = fetched * sold
    bare = jnp.where(sold >= held, jnp.maximum(owed - proceeds, 0.0), 0.0)
    paid = paid + called * bare
    s["loan"], s["cash"] = loan - paid - proceeds, cash - paid
    s["free"], s["pledged"] = free - more, held - sold
    did["sold"] = did["sold"] + proceeds
    did["repaid"] = did["repaid"] + paid + proceeds
    did |= {"called": called, "seized": seized, "forced": proceeds, "forced_btc": sold}
    s["was_called"] = jnp.maximum(called, s["was_called"])


def _mend_floor(s: Rows, did: Rows, release: Any, fetched: Any, floor: float) -> None:
    """Sell free BTC, then pledged BTC, then raise equity, up to the cash floor."""
    least = floor - ROUNDING * (floor + 1.0)
    short = jnp.where(s["cash"] < least, floor - s["cash"], 0.0)
    out = jnp.minimum(short / fetched, s["free"])
    proceeds = fetched * out
    short = jnp.maximum(short - proceeds, 0.0)
    share = s["loan"] / jnp.maximum(s["pledged"], LEAST_PLEDGE_BTC)
    per_btc = jnp.minimum(release, share)
    gain = jnp.maximum(fetched - per_btc, 0.0)
    sold = short / jnp.maximum(gain, LEAST_PLEDGE_BTC)
    sold = jnp.where(gain > 0.0, jnp.minimum(sold, s["pledged"]), 0.0)
    repaid = jnp.minimum(per_btc * sold, s["loan"])
    raised = jnp.maximum(short - gain * sold, 0.0)
    proceeds = proceeds + fetched * sold
    s["cash"] = s["cash"] + (proceeds - repaid + raised)
    s["free"], s["pledged"] = s["free"] - out, s["pledged"] - sold
    s["loan"] = s["loan"] - repaid
    did["sold"], did["repaid"] = did["sold"] + proceeds, did["repaid"] + repaid
    did["raised"] = did["raised"] + raised


def treasury_month(
    model: Model,
    state: Rows,
    rows: Rows,
    once: Rows,
    month: Rows,
    came_in: Any,
    mined: Any,
) -> tuple[Rows, Rows]:
    """Return balances after a month, and what was done in it.

    `came_in` is the month's cash after interest and tax.
    """
    company, release = model.constants["company"], once["release"]
    s, zero = dict(state), jnp.zeros_like(mined)
    due, freed = zero, zero
    if "matures" in rows:
        due, freed = rows["matures"] * s["loan"], rows["matures"] * s["pledged"]
    s["cash"], s["loan"] = s["cash"] + came_in - due, s["loan"] - due
    s["free"], s["pledged"] = s["free"] + mined + freed, s["pledged"] - freed
    did: Rows = dict.fromkeys(("sold", "spent", "drawn", "raised"), zero)
    did["repaid"] = due
    fetched, floor = month["price"] * company[at.SALE_KEPT], company[at.CASH_FLOOR]
    if "pledged_in" in rows or "released" in rows:
        _pledge_and_release(s, did, rows, release, month, company)
    if {"sold_free", "sold_pledged", "equity"} & rows.keys():
        _sell_and_raise(s, did, rows, release, fetched)
    if "bought" in rows or "repaid" in rows:
        _buy_and_repay(s, did, rows, month, floor)
    if model.has_loan:
        _see_level(s, did, month, company[at.CALL_LTV])
        _meet_call(s, did, month, company)
    _mend_floor(s, did, release, fetched, floor)
    return s, did


def note_month(s: Rows, did: Rows, mined: Any, period: Any) -> tuple[Rows, Rows]:
    """Return the state with a month's record, and levels and events of the month."""
    counted = jnp.where(did["raised"] > EQUITY_TOLERANCE_USD, did["raised"], 0.0)
    first = jnp.where(counted > 0.0, period, HUGE)
    after = {
        "min_cash": jnp.minimum(s["min_cash"], s["cash"]),
        "first_equity": jnp.minimum(s["first_equity"], first),
        "equity": s["equity"] + counted,
        "mined": s["mined"] + mined,
    }
    if "ltv" not in did:
        return s | after, {}
    called, seized = did["called"] > 0.0, did["seized"] > 0.0
    by_lender = did["seized"] * did["forced_btc"]
    when_called = jnp.where(called, period, HUGE)
    when_seized = jnp.where(seized, period, HUGE)
    after |= {
        "first_call": jnp.minimum(s["first_call"], when_called),
        "first_liquidation": jnp.minimum(s["first_liquidation"], when_seized),
        "called_btc": s["called_btc"] + did["forced_btc"] - by_lender,
        "liquidated_btc": s["liquidated_btc"] + by_lender,
        "forced_usd": s["forced_usd"] + did["forced"],
        "peak_ltv": jnp.maximum(s["peak_ltv"], did["ltv"]),
        "least_distance": jnp.minimum(s["least_distance"], did["distance"]),
    }
    seen = {"ltv": did["ltv"], "distance": did["distance"]}
    return s | after, seen | {"called": called, "seized": seized}


def close_flow(
    company: list[float], rows: Rows, did: Rows, mined: Any, month: Rows, interest: Any
) -> Any:
    """Return the company's flow of a month beside its sites and its tax."""
    treasury = did["sold"] - did["spent"] - mined * month["price"]
    loan = did["drawn"] - did["repaid"] - interest
    own = company[at.OVERHEAD] + rows.get("debt_cash", 0.0) + treasury + loan
    return own - company[at.EQUITY_PREMIUM] * did["raised"]


def finish_treasury(model: Model, s: Rows) -> Rows:
    """Return the columns of the treasury, (n_plans, n)."""
    found = {
        "min_cash_usd": s["min_cash"],
        "first_equity_period": _never_is_nan(s["first_equity"]),
        "equity_usd": s["equity"],
        "mined_btc": s["mined"],
        "final_btc": s["free"] + s["pledged"],
        "final_loan_usd": jnp.where(s["loan"] > EQUITY_TOLERANCE_USD, s["loan"], 0.0),
    }
    if model.has_loan:
        found |= {
            "first_margin_call_period": _never_is_nan(s["first_call"]),
            "first_liquidation_period": _never_is_nan(s["first_liquidation"]),
            "called_btc_sold": s["called_btc"],
            "liquidated_btc": s["liquidated_btc"],
            "forced_sale_usd": s["forced_usd"],
            "peak_ltv_frac": s["peak_ltv"],
            "least_call_distance_usd_per_btc": s["least_distance"],
        }
    return found


def _never_is_nan(period: Any) -> Any:
    return jnp.where(period >= HUGE, jnp.nan, period)
