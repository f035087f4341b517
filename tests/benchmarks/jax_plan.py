# SPDX-License-Identifier: Apache-2.0
"""One month of one plan in JAX: its sites, its tax, its treasury; and the horizon.

Arrays are (sites, scenarios) or (machines, sites, scenarios); `jax.vmap` adds plans.
A row that no plan has is missing. What does not belong here: the treasury's own rules
(`jax_treasury`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
from jax_treasury import close_flow, note_month, treasury_month

from gpu.kernel import layout as at

if TYPE_CHECKING:
    from jax_tables import Model

__all__ = ["plan_horizon", "plan_month"]

Rows = dict[str, Any]


def _used_usd(sales: Any, hashprice: Any) -> Any:
    """Return what used ASICs fetch by site."""
    margin = sales[at.SALE_SLOPE] * (hashprice - sales[at.SALE_ENERGY])
    each = jnp.minimum(sales[at.SALE_NEW], jnp.maximum(sales[at.SALE_SCRAP], margin))
    return (sales[at.SALE_UNITS] * each).sum(axis=0)


def _contracts_usd(once: Rows, parts: Any, month: Rows, age: Any, ends: Any) -> Any:
    """Return what contracts pay by site."""
    fixed, power_part, rent, use = parts
    power = (once["contract_at"] * month["power"][:, None]).sum(axis=0)
    due = fixed + power_part * power
    if rent is not None or use is not None:
        sold = jnp.minimum(once["contract_use_base"] * month["use"], 1.0)
        merchant = 0.0 if rent is None else rent * month["rent"]
        due = due + sold * (merchant + (0.0 if use is None else use * power))
    due = jnp.where(age <= ends, due, 0.0)
    return (once["contract_at"] * due[None]).sum(axis=1)


def site_month(base_use: Any, rows: Rows, once: Rows, month: Rows, ends: Any) -> Any:
    """Return profit, cash and output of every site of a plan, before tax."""
    least, hashes, energy = rows["machines"]
    power, zero = month["power"], 0.0
    runs = month["worth"] > least * power
    output = jnp.where(runs, hashes, 0.0).sum(axis=0) * month["btc_per_eh"]
    used = jnp.where(runs, energy, 0.0).sum(axis=0) + rows.get("power_cost", zero)
    revenue = output * month["price"]
    taxed = revenue * (1.0 - once.get("vat", zero)) + rows.get("fixed_taxed", zero)
    taxed = taxed - used * power + rows.get("credit", zero)
    if "sales" in rows:
        taxed = taxed + _used_usd(rows["sales"], month["hashprice"])
    if "pools" in rows:
        earned, idle, busy, sale = rows["pools"]
        sold = jnp.minimum(base_use * month["use"], 1.0)[:, None]
        pool = (earned * sold + sale) * month["rent"] - (idle + busy * sold) * power
        taxed = taxed + pool.sum(axis=0)
    if "contract_age" in rows and "contract_at" in once:
        names = "fixed", "power", "rent", "use"
        parts = [rows.get(f"contract_{name}") for name in names]
        parts = [zero if k < 2 and p is None else p for k, p in enumerate(parts)]
        taxed = taxed + _contracts_usd(once, parts, month, rows["contract_age"], ends)
    cost = month["capex"]
    paid = rows.get("fixed_untaxed", zero) - rows.get("capex_paid", zero) * cost
    scaled = rows.get("write_off_scaled", zero) * cost
    profit = taxed - rows.get("write_off", zero) - scaled
    return {"cash": taxed + paid, "profit": profit, "btc": output, "revenue": revenue}


def tax_month(terms: Rows, share: Any, balance: Any, profit: Any) -> tuple[Any, Any]:
    """Return losses carried on, and tax with tax withheld, by account."""
    gain = jnp.maximum(profit, 0.0)
    use = jnp.minimum(balance, terms["cap"] * share * gain)
    tax = terms["rate"] * (share * gain - use)
    levies = tax + terms["withholding"] * (gain - use - tax)
    return balance - use + share * (gain - profit), levies


def plan_month(
    model: Model, state: Rows, rows: Rows, once: Rows, ends: Any, month: Rows, by: Any
) -> tuple[Rows, Rows]:
    """Return a plan's state after a month, and its flows and levels."""
    company, group = model.constants["company"], model.tax_site
    base_use = model.constants["base_use"]
    site = site_month(base_use, rows, once, month, ends)
    interest = state["loan"] * company[at.LOAN_RATE]
    profit = site["profit"][group] + company[at.OVERHEAD] - interest
    profit = profit - rows.get("debt_cost", 0.0)
    every = jnp.concatenate([site["profit"], profit[None]])
    terms = model.constants["tax"]
    losses, levies = tax_month(terms, by["tax_share"], state["losses"], every)
    alone = levies[group]
    site_flow = site["cash"] - levies[:-1]
    operating = (site_flow - site["revenue"]).sum(axis=0) + alone
    operating = operating + company[at.OVERHEAD] + rows.get("debt_cash", 0.0)
    mined = site["btc"].sum(axis=0)
    spent = operating - interest - levies[-1]
    treasury, did = treasury_month(model, state, rows, once, month, spent, mined)
    after = state | treasury | {"losses": losses}
    after, seen = note_month(after, did, mined, by["period"])
    own = close_flow(company, rows, did, mined, month, interest)
    company_flow = site_flow.sum(axis=0) + own + alone - levies[-1]
    return after, {"company": company_flow, "sites": site_flow} | seen


def plan_horizon(model: Model, state: Rows, once: Rows, ends: Any, month: Rows) -> Any:
    """Return what is left at the horizon: of the company, and of every site."""
    company, terms = model.constants["company"], model.constants["tax"]
    worth = jnp.broadcast_to(once.get("terminal", 0.0), month["power"].shape)
    if "sales" in once:
        worth = worth + _used_usd(once["sales"], month["hashprice"])
    if "pools" in once:
        worth = worth + once["pools"].sum(axis=0) * month["rent"]
    if "contract_left" in once and "contract_last" in once:
        age, left = once["contract_age"], once["contract_left"]
        parts = tuple(part * left for part in once["contract_last"])
        worth = worth + _contracts_usd(once, parts, month, age, ends)
    owed = once.get("early", 0.0) + once.get("early_scaled", 0.0) * month["capex"]
    balance, relief = state["losses"], terms["relief"][:-1]
    alone = jnp.maximum(owed - relief * balance[:-1], 0.0)
    grouped = jnp.maximum(owed - relief * balance[-1], 0.0)
    sites = worth - alone
    early = (alone - grouped)[model.tax_site]
    btc = state["free"] + state["pledged"]
    kept = btc * month["price"] * company[at.SALE_KEPT] - state["loan"]
    total = sites.sum(axis=0) + early + kept - once.get("terminal_debt", 0.0)
    return total, sites
