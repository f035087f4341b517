# SPDX-License-Identifier: Apache-2.0
"""One future as columns: prices, each line's result, cash, BTC and loan by month.

Every figure is read off the ledger and the paths of one scenario; nothing is valued
here. What does not belong here: which driver made a difference
(`optimizer.replay_drivers`), single events (`optimizer.replay_events`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from gpu.numpy_engine import EQUITY_TOLERANCE_USD
from models.capacity import SHELL_KINDS, running_share
from models.fleet import asic_rates
from models.ledger import CORPORATE_ITEMS, ITEMS, LedgerItem, discount

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.ledger import Ledger
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.study import Study

__all__ = [
    "LINE_LABELS",
    "Columns",
    "LineResult",
    "Valued",
    "line_flows_usd",
    "line_results",
    "market_columns",
    "money_columns",
    "npv_by_line_usd",
    "possible_mining_mwh",
    "used_gpus",
    "used_lines",
    "used_sites",
]

Columns: TypeAlias = "dict[str, FloatArray]"
"""Values by month, each of shape (n_periods,), under names that carry the unit."""

LINE_LABELS: Final = {
    "self_mining": "Self-mining",
    "hosting": "Hosting",
    "gpu_leasing": "GPU leasing",
    "sites": "Sites",
    "corporate": "Corporate",
    "tax": "Tax",
    "treasury": "BTC treasury",
    "financing": "Financing",
}
"""Lines whose flows sum to the company's, in report order.

Sites: power and plant that lines share. Corporate: general and admin, side businesses.
Tax: that of every site and of the group.
"""

_LINE_OF_KIND: Final = {
    "operating": "corporate",
    "treasury": "treasury",
    "financing": "financing",
}
_LINE_OF_ITEM: Final = {
    "terminal_tax": "tax",
    "terminal_overhead_tax": "tax",
    "terminal_btc": "treasury",
    "terminal_loan": "financing",
    "terminal_debt": "financing",
}


def _line_of(item: LedgerItem) -> str:
    """Return the line of a kind of flow."""
    if item.name in _LINE_OF_ITEM:
        return _LINE_OF_ITEM[item.name]
    if item.kind == "tax":
        return "tax"
    if item.line == "corporate":
        return _LINE_OF_KIND[item.kind]
    return "sites" if item.line == "site" else item.line


_LINE_OF: Final = {item.name: _line_of(item) for item in (*ITEMS, *CORPORATE_ITEMS)}
_ROUNDING: Final = 1e-12
_TERMINAL: Final = frozenset(
    item.name for item in (*ITEMS, *CORPORATE_ITEMS) if item.kind == "terminal"
)
_OPERATING: Final = {item.name: item.kind == "operating" for item in ITEMS}


@dataclass(frozen=True, slots=True)
class Valued:
    """One future and what the plan does in it.

    Parameters
    ----------
    paths : MarketPaths
        One path. [mixed]
    ledger : Ledger
        Its ledger. [USD]
    fee_share_frac : ndarray of shape (n_periods,)
        Fees over subsidy. [unitless]
    """

    paths: MarketPaths
    ledger: Ledger
    fee_share_frac: FloatArray


@dataclass(frozen=True, slots=True)
class LineResult:
    """What one line is worth in this future and on the base path.

    Parameters
    ----------
    line, label : str
        Line, see `LINE_LABELS`.
    npv_usd, base_npv_usd, delta_npv_usd : float
        Present value here, on the base path, and the difference; over the lines each
        sums to the company's. [USD]
    horizon_usd, base_horizon_usd : float
        Part at the end of the horizon, undiscounted: what is left then, at its
        value. [USD]
    """

    line: str
    label: str
    npv_usd: float
    base_npv_usd: float
    delta_npv_usd: float
    horizon_usd: float
    base_horizon_usd: float


def line_flows_usd(ledger: Ledger, *, only_terminal: bool | None = None) -> Columns:
    """Return the flows of each line in the first scenario.

    Parameters
    ----------
    ledger : Ledger
        Ledger.
    only_terminal : bool or None
        True for values at the horizon alone, False for all but them, None for both.

    Returns
    -------
    dict of str to ndarray of shape (n_periods + 1,)
        By key of `LINE_LABELS`; index 0 is the opening. Mined BTC is revenue of
        self-mining at the price of its month; the treasury takes it over at that
        price and gains or loses from then on. [USD]
    """
    n_flows = ledger.treasury.cash_usd.shape[1]
    flows = {line: np.zeros(n_flows) for line in LINE_LABELS}
    for name, site_flow in ledger.site_items.items():
        if only_terminal in (None, name in _TERMINAL):
            flows[_LINE_OF[name]] += site_flow[0].sum(axis=0)
    for name, flow in ledger.corporate_items.items():
        if only_terminal in (None, name in _TERMINAL):
            flows[_LINE_OF[name]] += flow[0]
    return flows


def npv_by_line_usd(ledger: Ledger, discount_rate_per_year: float) -> dict[str, float]:
    """Return the present value of each line's flows; they sum to the NPV [USD].

    Parameters
    ----------
    ledger : Ledger
        Ledger; its first scenario counts.
    discount_rate_per_year : float
        Annual rate. [per year]
    """
    flows = line_flows_usd(ledger)
    return {
        line: float(discount(flow, discount_rate_per_year))
        for line, flow in flows.items()
    }


def line_results(study: Study, here: Valued, base: Valued) -> tuple[LineResult, ...]:
    """Return what each line is worth here and on the base path.

    Parameters
    ----------
    study : Study
        Study, for the discount rate.
    here, base : Valued
        This future and the base path.
    """
    rate = study.company.discount_rate_per_year
    npv, base_npv = (npv_by_line_usd(one.ledger, rate) for one in (here, base))
    left, base_left = (
        line_flows_usd(one.ledger, only_terminal=True) for one in (here, base)
    )
    return tuple(
        LineResult(
            line=line,
            label=label,
            npv_usd=npv[line],
            base_npv_usd=base_npv[line],
            delta_npv_usd=npv[line] - base_npv[line],
            horizon_usd=float(left[line][-1]),
            base_horizon_usd=float(base_left[line][-1]),
        )
        for line, label in LINE_LABELS.items()
    )


def used_lines(*ledgers: Ledger) -> tuple[str, ...]:
    """Return the lines in which anything flows in any of some ledgers."""
    every = [line_flows_usd(ledger) for ledger in ledgers]
    return tuple(
        line for line in LINE_LABELS if any(flows[line].any() for flows in every)
    )


def used_sites(study: Study, *ledgers: Ledger) -> tuple[str, ...]:
    """Return the sites at which a plan operates anything, so that power matters."""
    used = np.zeros(len(study.sites), dtype=bool)
    for ledger in ledgers:
        for name, flow in ledger.site_items.items():
            if _OPERATING[name]:
                used |= flow[0].any(axis=1)
    return tuple(
        site.id for site, is_used in zip(study.sites, used, strict=True) if is_used
    )


def used_gpus(study: Study, plan: Plan) -> tuple[str, ...]:
    """Return the GPU families that a plan holds or contracts."""
    offers = {offer.id: offer.gpu for offer in study.gpu_offers}
    named = {held.model for held in plan.holdings}
    named |= {offers[taken.offer] for taken in plan.offers if taken.offer in offers}
    return tuple(gpu.id for gpu in study.gpus if gpu.id in named)


def market_columns(study: Study, plan: Plan, here: Valued, base: Valued) -> Columns:
    """Return prices of this future beside the base path's.

    Parameters
    ----------
    study, plan : Study, Plan
        Study and plan.
    here, base : Valued
        This future and the base path.

    Returns
    -------
    dict of str to ndarray of shape (n_periods,)
        Columns; those of the base path start with ``base_``. Power stands over the
        site's base path. [mixed]
    """
    columns: Columns = {}
    for prefix, one in (("", here), ("base_", base)):
        paths = one.paths
        price = paths.btc_price_usd[0]
        columns |= {
            f"{prefix}btc_price_usd": price,
            f"{prefix}btc_low_usd": price * paths.btc_low_frac[0],
            f"{prefix}network_eh_s": paths.network_eh_s[0],
            f"{prefix}hashprice_usd_per_ph_day": paths.hashprice_usd_per_ph_day[0],
            f"{prefix}fee_share_frac": one.fee_share_frac,
        }
        for gpu in used_gpus(study, plan):
            place = study.gpu_index(gpu)
            rent = paths.gpu_rent_usd_per_gpu_h[0, place]
            columns[f"{prefix}gpu_{gpu}_rent_usd_per_gpu_h"] = rent
            used = paths.gpu_utilisation_frac[0, place]
            columns[f"{prefix}gpu_{gpu}_utilisation_frac"] = used
    for site in used_sites(study, here.ledger, base.ledger):
        place = study.site_index(site)
        over = here.paths.power_multiplier[0, place]
        columns[f"power_{site}_over_base_ratio"] = (
            over / base.paths.power_multiplier[0, place]
        )
    return columns


def money_columns(study: Study, plan: Plan, here: Valued, base: Valued) -> Columns:
    """Return results, cash, BTC and loan of this future beside the base path's.

    Parameters
    ----------
    study, plan : Study, Plan
        Study and plan.
    here, base : Valued
        This future and the base path.

    Returns
    -------
    dict of str to ndarray of shape (n_periods,)
        Columns; those of the base path start with ``base_``. Results of lines leave
        out what stands at the horizon; balances are those of the month's end. [mixed]
    """
    columns: Columns = {}
    for prefix, one in (("", here), ("base_", base)):
        flows = line_flows_usd(one.ledger, only_terminal=False)
        for line, flow in flows.items():
            columns[f"{prefix}{line}_usd"] = flow[1:]
        columns[f"{prefix}mined_btc"] = one.ledger.mined_btc[0].sum(axis=0)
        energy = _energy_columns(study, plan, one)
        columns |= {f"{prefix}{name}": column for name, column in energy.items()}
        path = one.ledger.treasury
        columns |= {
            f"{prefix}cash_usd": path.cash_usd[0, 1:],
            f"{prefix}free_btc": path.btc_free[0, 1:],
            f"{prefix}pledged_btc": path.btc_pledged[0, 1:],
            f"{prefix}sold_btc": path.btc_sold[0],
            f"{prefix}sales_usd": path.btc_sales_usd[0],
            f"{prefix}loan_usd": path.loan_usd[0, 1:],
            f"{prefix}low_ltv_frac": path.low_ltv_frac[0],
            f"{prefix}equity_usd": _beyond_rounding(path.equity_usd[0]),
        }
    path = here.ledger.treasury
    return columns | {
        "call_cash_usd": path.call_cash_usd[0],
        "call_pledged_btc": path.call_btc_pledged[0],
        "call_sold_btc": (path.btc_forced - path.btc_liquidated)[0],
        "liquidated_btc": path.btc_liquidated[0],
        "forced_sale_usd": path.forced_sales_usd[0],
        "floor_sold_btc": _beyond_rounding(path.floor_btc_sold[0]),
        "debt_usd": here.ledger.debt.balance_usd[:, 1:].sum(axis=0),
    }


def _beyond_rounding(amounts: FloatArray) -> FloatArray:
    """Return amounts with what is rounding as zero."""
    return np.where(amounts > EQUITY_TOLERANCE_USD, amounts, 0.0)


def possible_mining_mwh(study: Study, plan: Plan, paths: MarketPaths) -> FloatArray:
    """Return the mining energy if no machine stood by for want of margin.

    Parameters
    ----------
    study, plan : Study, Plan
        Study and plan.
    paths : MarketPaths
        Future; machines that wait for a late hall do not count. [mixed]

    Returns
    -------
    ndarray of shape (n_periods,)
        Energy at the meter. [MWh]
    """
    possible_mwh = np.zeros(study.time.months)
    gpu_ids = {gpu.id for gpu in study.gpus}
    delays = [int(months) for months in paths.delay_months[0]]
    shares = {late: running_share(study, plan, late) for late in set(delays)}
    for held in plan.holdings:
        if held.model in gpu_ids:
            continue
        place = study.site_index(held.site)
        asic = study.asic(held.model)
        rates = asic_rates(study, study.sites[place], asic, held.cohort_period)
        here = slice(held.since, held.until)
        share = shares[delays[place]][place, SHELL_KINDS.index(asic.shell)]
        possible_mwh[here] += (rates.energy_mwh * share)[here] * held.units
    return possible_mwh


def _energy_columns(study: Study, plan: Plan, one: Valued) -> Columns:
    """Return mining energy, what it could be, and the share that stands by."""
    possible_mwh = possible_mining_mwh(study, plan, one.paths)
    run_mwh = one.ledger.mining_mwh[0].sum(axis=0)
    has_machines = possible_mwh > 0.0
    idle = 1.0 - run_mwh / np.where(has_machines, possible_mwh, 1.0)
    # Rounding may leave a whole fleet a hair short of itself.
    idle = np.where(np.abs(idle) < _ROUNDING, 0.0, idle)
    return {
        "mining_mwh": run_mwh,
        "possible_mining_mwh": possible_mwh,
        "standing_by_frac": np.where(has_machines, idle, np.nan),
    }
