# SPDX-License-Identifier: Apache-2.0
"""Policy block: what the treasury policy allows the plan's path of BTC to do.

A policy restricts the path that is decided now; scenarios follow that path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyomo.environ as pyo

from optimizer.milp.sums import USD_PER_USD_M
from optimizer.milp.treasury import (
    cash_cost_usd_m,
    loan_months,
    mined_in,
    price_after_cost_usd_m,
    sale_blocks,
)

if TYPE_CHECKING:
    from models.paths import MarketPaths
    from models.study import Study

__all__ = ["add_policy"]

_MOST_COST_USD_M: Final = 1000.0
"""More than any month's cash cost."""

_MOST_SURPLUS_USD_M: Final = 250.0
"""More than any month's receipts exceed its cash cost, sales of machines included."""


def add_policy(model: Any, study: Study, paths: MarketPaths) -> None:
    """Add the rows of the company's treasury policy, none for ``optimise``.

    In the month in which the loan falls due sales are free under every policy.
    """
    rules = {
        "hold_all": _hold_all,
        "sell_share": _sell_share,
        "sell_to_cover": _sell_to_cover,
        "keep_floor": _keep_floor,
    }
    policy = study.company.treasury_policy
    if policy.kind in rules:
        rules[policy.kind](model, study, paths)
    if policy.max_ltv_frac < 1.0:
        _keep_ltv(model, study, paths)


def _free_blocks(study: Study) -> list[tuple[int, tuple[int, ...]]]:
    """Return sale blocks, with their number, in which no loan falls due."""
    maturity = study.period_of(study.company.loan.maturity_month)
    blocks = enumerate(sale_blocks(study))
    return [(number, block) for number, block in blocks if maturity not in block]


def _hold_all(model: Any, study: Study, paths: MarketPaths) -> None:
    """Sell nothing before the loan matures; without a loan, never."""
    del paths
    maturity = study.period_of(study.company.loan.maturity_month)
    held = [n for n, block in _free_blocks(study) if block[0] < maturity]
    model.held_btc = pyo.Constraint(
        held,
        rule=lambda m, n: m.sold_free_btc[n] + m.sold_pledged_btc[n] == 0.0,
    )


def _sell_share(model: Any, study: Study, paths: MarketPaths) -> None:
    """Sell a share of each block's output, no more."""
    del paths
    share = study.company.treasury_policy.sell_share_frac
    blocks = dict(_free_blocks(study))

    def sold_share(m: Any, number: int) -> Any:
        mined = sum(mined_in(m, study, t) for t in blocks[number])
        sold = m.sold_free_btc[number] + m.sold_pledged_btc[number]
        return sold == share * mined

    model.sold_share = pyo.Constraint(list(blocks), rule=sold_share)


def _sell_to_cover(model: Any, study: Study, paths: MarketPaths) -> None:
    """Sell for no more than a block's cash cost, nothing where there is none.

    ``proceeds <= max(cash cost before tax, 0)``; a binary says whether there is a cost.
    """
    blocks = dict(_free_blocks(study))
    model.has_need = pyo.Var(list(blocks), domain=pyo.Binary)

    def proceeds(m: Any, number: int) -> Any:
        return sum(
            price_after_cost_usd_m(study, paths, t)
            * (m.sold_free_in[t] + m.sold_pledged_in[t])
            for t in blocks[number]
        )

    def sold_to_cover(m: Any, number: int) -> Any:
        cost = sum(cash_cost_usd_m(m, study, t) for t in blocks[number])
        surplus = _MOST_SURPLUS_USD_M * len(blocks[number]) * (1 - m.has_need[number])
        return proceeds(m, number) <= cost + surplus

    model.sold_to_cover = pyo.Constraint(list(blocks), rule=sold_to_cover)
    model.sold_in_need = pyo.Constraint(
        list(blocks),
        rule=lambda m, n: (
            proceeds(m, n) <= _MOST_COST_USD_M * len(blocks[n]) * m.has_need[n]
        ),
    )


def _keep_floor(model: Any, study: Study, paths: MarketPaths) -> None:
    """Keep BTC held over the floor at each month's end."""
    del paths
    least = study.company.treasury_policy.btc_floor
    model.btc_floor = pyo.Constraint(
        range(study.time.months),
        rule=lambda m, t: m.free_btc[t] + m.pledged_btc[t] >= least,
    )


def _keep_ltv(model: Any, study: Study, paths: MarketPaths) -> None:
    """Keep the loan within a share of what is pledged, once it must be reached."""
    policy = study.company.treasury_policy

    def ltv_target(m: Any, period: int) -> Any:
        price = float(paths.btc_price_usd[0, period]) / USD_PER_USD_M
        most = policy.max_ltv_frac * price * m.pledged_btc[period]
        return m.loan_usd_m[period] <= most

    later = loan_months(study)[policy.max_ltv_after_months :]
    model.ltv_target = pyo.Constraint(list(later), rule=ltv_target)
