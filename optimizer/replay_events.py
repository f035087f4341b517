# SPDX-License-Identifier: Apache-2.0
"""What happened in one future: calls, short cash, breaches, defaults, late builds.

Every figure is read off the ledger and the paths of one scenario. What does not belong
here: figures of every month (`optimizer.replay_lines`), sentences
(`optimizer.replay_words`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.liquidity import covenant_event, covenants, liquidity_risk
from gpu.numpy_engine import EQUITY_TOLERANCE_USD
from models.clients import paying_share
from models.debt_limits import dscr_test_months, service_cover
from models.margin import MAX_LTV_FRAC

if TYPE_CHECKING:
    from models.offers import GpuLeaseOffer, HostingOffer
    from models.plan import BuildStart, ConversionStart, PhaseStart, Plan
    from models.study import Study
    from optimizer.replay_lines import Valued

__all__ = [
    "Breach",
    "Build",
    "Call",
    "Default",
    "Events",
    "ShortMonth",
    "events_of",
]

_CAPEX: Final = ("phase_capex", "shell_capex", "conversion_capex")


@dataclass(frozen=True, slots=True)
class Call:
    """A margin call and how it was met.

    Parameters
    ----------
    month : str
        Calendar month.
    called_at_usd : float
        Price at which it came; NaN where nothing was pledged. [USD/BTC]
    low_usd, btc_price_usd, base_btc_price_usd : float
        Lowest price of the month, its own, and the base path's. [USD/BTC]
    low_ltv_frac : float
        Loan to value at the low, before the call was met. [ratio]
    cash_usd : float
        Repaid out of cash. [USD]
    pledged_btc, sold_btc, liquidated_btc : float
        Free BTC pledged; pledged BTC sold by the company, and by the lender. [BTC]
    proceeds_usd : float
        Proceeds of both sales, all of which repay. [USD]
    is_liquidated : bool
        Whether the lender sold.
    """

    month: str
    called_at_usd: float
    low_usd: float
    btc_price_usd: float
    base_btc_price_usd: float
    low_ltv_frac: float
    cash_usd: float
    pledged_btc: float
    sold_btc: float
    liquidated_btc: float
    proceeds_usd: float
    is_liquidated: bool


@dataclass(frozen=True, slots=True)
class ShortMonth:
    """A month in which cash would have ended under its floor.

    Parameters
    ----------
    month : str
        Calendar month.
    sold_btc : float
        BTC sold beyond the plan to keep the floor. [BTC]
    equity_usd : float
        Emergency equity raised beyond the plan. [USD]
    cash_usd : float
        Cash at the month's end. [USD]
    """

    month: str
    sold_btc: float
    equity_usd: float
    cash_usd: float


@dataclass(frozen=True, slots=True)
class Breach:
    """A test of debt service cover that failed.

    Parameters
    ----------
    month : str
        Calendar month of the test.
    facility : str
        Facility.
    dscr, min_dscr : float
        Cover of the twelve months, and what the covenant asks. [ratio]
    """

    month: str
    facility: str
    dscr: float
    min_dscr: float


@dataclass(frozen=True, slots=True)
class Default:
    """A client who stopped paying.

    Parameters
    ----------
    month : str
        First month not paid.
    offer, site : str
        Contract and site.
    mw, n_gpus : float
        Facility MW of a hosting client; GPUs of a lease out. [MW, GPU]
    unpaid_months : int
        Months of the contract within the horizon that are not paid. [months]
    """

    month: str
    offer: str
    site: str
    mw: float
    n_gpus: float
    unpaid_months: int


@dataclass(frozen=True, slots=True)
class Build:
    """How building at a site of the plan went.

    Parameters
    ----------
    site : str
        Site.
    delay_months : int
        Commissioning delay of everything built there. [months]
    capex_factor : float
        Build cost over plan. [ratio]
    overrun_usd : float
        Build cost over the base path's within the horizon; negative if less. [USD]
    """

    site: str
    delay_months: int
    capex_factor: float
    overrun_usd: float


@dataclass(frozen=True, slots=True)
class Events:
    """All that happened in one future, each in order of time.

    Parameters
    ----------
    calls : tuple of Call
        Margin calls.
    short_months : tuple of ShortMonth
        Months in which the cash floor took more than the plan.
    breaches : tuple of Breach
        Covenant breaches.
    defaults : tuple of Default
        Clients who stopped paying.
    builds : tuple of Build
        Sites at which the plan builds, late or not.
    """

    calls: tuple[Call, ...]
    short_months: tuple[ShortMonth, ...]
    breaches: tuple[Breach, ...]
    defaults: tuple[Default, ...]
    builds: tuple[Build, ...]


def events_of(study: Study, plan: Plan, here: Valued, base: Valued) -> Events:
    """Return what happened to a plan in one future.

    Parameters
    ----------
    study, plan : Study, Plan
        Study and plan.
    here, base : Valued
        This future and the base path.
    """
    return Events(
        calls=_calls(study, here, base),
        short_months=_short_months(study, plan, here),
        breaches=_breaches(study, plan, here),
        defaults=_defaults(study, plan, here),
        builds=_builds(study, plan, here, base),
    )


def _calls(study: Study, here: Valued, base: Valued) -> tuple[Call, ...]:
    path, loan = here.ledger.treasury, study.company.loan
    price = here.paths.btc_price_usd[0]
    low_frac = here.paths.btc_low_frac[0]
    before = np.concatenate([[study.market.btc_price_usd], price[:-1]])
    calls = []
    for period in np.flatnonzero(path.is_called[0]):
        low_usd, ltv = price[period] * low_frac[period], path.low_ltv_frac[0, period]
        # Where the price has a path inside the month, it falls from last month's.
        start = before[period] if low_frac[period] < 1.0 else price[period]
        call_usd = low_usd * ltv / loan.margin_call_ltv_frac
        forced = path.btc_forced[0, period]
        liquidated = path.btc_liquidated[0, period]
        calls.append(
            Call(
                month=study.months[period],
                called_at_usd=float(
                    min(start, call_usd) if ltv < MAX_LTV_FRAC else np.nan
                ),
                low_usd=float(low_usd),
                btc_price_usd=float(price[period]),
                base_btc_price_usd=float(base.paths.btc_price_usd[0, period]),
                low_ltv_frac=float(ltv),
                cash_usd=float(path.call_cash_usd[0, period]),
                pledged_btc=float(path.call_btc_pledged[0, period]),
                sold_btc=float(forced - liquidated),
                liquidated_btc=float(liquidated),
                proceeds_usd=float(path.forced_sales_usd[0, period]),
                is_liquidated=bool(path.is_liquidated[0, period] > 0.0),
            )
        )
    return tuple(calls)


def _short_months(study: Study, plan: Plan, here: Valued) -> tuple[ShortMonth, ...]:
    path = here.ledger.treasury
    sold = path.floor_btc_sold[0]
    equity = path.equity_usd[0] - np.array(plan.emergency_equity_usd)
    is_short = (sold > EQUITY_TOLERANCE_USD) | (equity > EQUITY_TOLERANCE_USD)
    return tuple(
        ShortMonth(
            month=study.months[period],
            sold_btc=float(sold[period]),
            equity_usd=float(max(equity[period], 0.0)),
            cash_usd=float(path.cash_usd[0, period + 1]),
        )
        for period in np.flatnonzero(is_short)
    )


def _breaches(study: Study, plan: Plan, here: Valued) -> tuple[Breach, ...]:
    risk = liquidity_risk(study, plan, here.ledger, here.paths)
    found = []
    for facility in covenants(study, plan):
        cover = service_cover(study, here.ledger, facility)[0]
        tests = dscr_test_months(study.time.months)
        breached = risk.events[covenant_event(facility.id)][0]
        found += [
            (
                period,
                Breach(
                    month=study.months[period],
                    facility=facility.id,
                    dscr=float(dscr),
                    min_dscr=facility.min_dscr or 0.0,
                ),
            )
            for period, dscr in zip(tests, cover, strict=True)
            if breached[period]
        ]
    return tuple(breach for _, breach in sorted(found, key=lambda pair: pair[0]))


def _defaults(study: Study, plan: Plan, here: Valued) -> tuple[Default, ...]:
    offers: dict[str, HostingOffer | GpuLeaseOffer] = {}
    offers |= {offer.id: offer for offer in study.hosting_offers}
    offers |= {offer.id: offer for offer in study.gpu_offers}
    found = []
    for taken in plan.offers:
        offer = offers[taken.offer]
        pays = paying_share(study, offer, here.paths, since=taken.since)[0]
        until = min(taken.until, study.time.months)
        unpaid = np.flatnonzero(pays[taken.since : until] == 0.0)
        if len(unpaid):
            found.append(
                Default(
                    month=study.months[taken.since + int(unpaid[0])],
                    offer=offer.id,
                    site=offer.site,
                    mw=float(getattr(offer, "mw", 0.0)),
                    n_gpus=float(getattr(offer, "n_gpus", 0.0)),
                    unpaid_months=len(unpaid),
                )
            )
    return tuple(sorted(found, key=lambda one: one.month))


def _builds(study: Study, plan: Plan, here: Valued, base: Valued) -> tuple[Build, ...]:
    starts: tuple[PhaseStart | BuildStart | ConversionStart, ...] = (
        *plan.phases,
        *plan.builds,
        *plan.conversions,
    )
    built = {start.site for start in starts}
    found = []
    for place, site in enumerate(study.sites):
        if site.id not in built:
            continue
        spent, planned = (
            -sum(
                float(one.ledger.site_items[name][0, place].sum())
                for name in _CAPEX
                if name in one.ledger.site_items
            )
            for one in (here, base)
        )
        found.append(
            Build(
                site=site.id,
                delay_months=int(here.paths.delay_months[0, place]),
                capex_factor=float(here.paths.capex_factor[0, place]),
                overrun_usd=spent - planned,
            )
        )
    return tuple(found)
