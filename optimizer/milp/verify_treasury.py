# SPDX-License-Identifier: Apache-2.0
"""Checks of the treasury and debt of a solved plan, from the engine's own ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from models.debt_limits import financed_cost_usd, service_cover
from models.margin import opening_call_price_usd
from models.market import base_paths
from optimizer.milp.checks import check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.arrays import FloatArray
    from models.ledger import Ledger
    from models.plan import Plan
    from models.study import Study
    from optimizer.milp.checks import Check

__all__ = ["treasury_checks"]

_BTC_TOLERANCE: Final = 1e-4
_USD_TOLERANCE: Final = 10.0


def treasury_checks(
    study: Study, plan: Plan, ledger: Ledger, *, is_optimised: bool
) -> Sequence[Check]:
    """Return checks of cash, BTC, loan and debt on the base path.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan.
    ledger : Ledger
        Its ledger on the base path, one scenario. [USD]
    is_optimised : bool
        Whether the plan must keep every rule, or only balance.

    Returns
    -------
    sequence of Check
        Each with what was measured and allowed.
    """
    paths = ledger.treasury
    floor_gap = study.company.cash_floor_usd - float(paths.cash_usd[0, 1:].min())
    balance = (
        paths.btc_free[0, 0]
        + paths.btc_pledged[0, 0]
        + ledger.mined_btc[0].sum()
        + paths.btc_bought[0].sum()
        - paths.btc_sold[0].sum()
        - paths.btc_free[0, -1]
        - paths.btc_pledged[0, -1]
    )
    always = (
        check("cash not under its floor", floor_gap, 1.0, "USD"),
        check("BTC balance closes", abs(float(balance)), 1e-6, "BTC"),
    )
    if not is_optimised:
        return always
    return (
        *always,
        *_followed_checks(plan, ledger),
        *_sale_checks(study, plan, ledger),
        check("loan not called", float(paths.is_called.sum()), 0.0, "months"),
        *_debt_checks(study, ledger),
    )


def _followed_checks(plan: Plan, ledger: Ledger) -> Sequence[Check]:
    """Check that the base path is the plan's own: no rescue, nothing cut short."""
    paths = ledger.treasury
    raised = float(paths.equity_usd[0].sum()) - float(sum(plan.emergency_equity_usd))
    sold = np.asarray(plan.btc_sold_free) + np.asarray(plan.btc_sold_pledged)
    btc = (
        (paths.btc_bought, plan.btc_bought),
        (paths.btc_pledged_in, plan.btc_pledged),
        (paths.btc_released, plan.btc_released),
    )
    off_btc = max(_gap(done, wanted) for done, wanted in btc)
    drawn = _gap(paths.drawn_usd, plan.loan_drawn_usd)
    return (
        check("no equity beyond the plan", raised, 1.0, "USD"),
        check("BTC sold as planned", _gap(paths.btc_sold, sold), _BTC_TOLERANCE, "BTC"),
        check("BTC bought and pledged as planned", off_btc, _BTC_TOLERANCE, "BTC"),
        check("loan drawn as planned", drawn, _USD_TOLERANCE, "USD"),
    )


def _gap(done: FloatArray, wanted: Sequence[float] | FloatArray) -> float:
    return float(np.abs(done[0] - np.asarray(wanted)).max())


def _sale_checks(study: Study, plan: Plan, ledger: Ledger) -> Sequence[Check]:
    """Check sales against the documented share of BTC at hand.

    Not in the month in which the loan falls due, nor of pledged BTC in months whose
    price calls the opening loan: sales that repay it are then free.
    """
    company, paths = study.company, ledger.treasury
    if company.treasury_policy.kind == "sell_share":
        return ()
    mined = ledger.mined_btc[0].sum(axis=0)
    at_hand = paths.btc_free[0, :-1] + paths.btc_pledged[0, :-1] + mined
    sold = np.asarray(plan.btc_sold_free) + np.asarray(plan.btc_sold_pledged)
    over = sold - company.max_btc_sale_frac_per_month * at_hand
    maturity = study.period_of(company.loan.maturity_month)
    if 0 <= maturity < len(over):
        over[maturity] = 0.0
    call_usd = opening_call_price_usd(company)
    worth = base_paths(study).btc_price_usd[0]
    over[(worth <= call_usd) & (np.arange(len(over)) < maturity)] = 0.0
    most = float(over.max())
    return (check("BTC sold within its share", most, _BTC_TOLERANCE, "BTC"),)


def _debt_checks(study: Study, ledger: Ledger) -> Sequence[Check]:
    """Check draws against cost, balances against limits, cover against covenants."""
    checks = []
    for place, facility in enumerate(study.company.debt_facilities):
        cost = financed_cost_usd(study, ledger, facility)[0]
        over = ledger.debt.drawn_usd[place] - facility.advance_frac * cost
        most = float(ledger.debt.balance_usd[place].max()) - facility.limit_usd
        name = facility.id
        checks += [
            check(f"{name} drawn within cost", over.max(), _USD_TOLERANCE, "USD"),
            check(f"{name} within its limit", most, _USD_TOLERANCE, "USD"),
        ]
        if facility.min_dscr is not None:
            cover = service_cover(study, ledger, facility)[0]
            short = facility.min_dscr - np.nan_to_num(cover, nan=np.inf)
            short_frac = float(short.max(initial=0.0))
            checks.append(check(f"{name} keeps its cover", short_frac, 1e-6, "ratio"))
    return tuple(checks)
