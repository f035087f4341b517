# SPDX-License-Identifier: Apache-2.0
"""Policy block: what the treasury policy allows the plan's path of BTC to do.

A policy restricts the path that is decided now; scenarios follow that path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyomo.environ as pyo

from optimizer.milp.treasury import (
    cash_cost_usd_m,
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
    kind = study.company.treasury_policy.kind
    if kind in rules:
        rules[kind](model, study, paths)


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

    ``need - surplus = cash cost before tax``, one of them zero by a binary.
    """
    blocks = dict(_free_blocks(study))
    model.cash_need_usd_m = pyo.Var(list(blocks), domain=pyo.NonNegativeReals)
    model.cash_surplus_usd_m = pyo.Var(list(blocks), domain=pyo.NonNegativeReals)
    model.has_need = pyo.Var(list(blocks), domain=pyo.Binary)

    def cash_need(m: Any, number: int) -> Any:
        cost = sum(cash_cost_usd_m(m, study, t) for t in blocks[number])
        return m.cash_need_usd_m[number] - m.cash_surplus_usd_m[number] == cost

    def sold_to_cover(m: Any, number: int) -> Any:
        proceeds = sum(
            price_after_cost_usd_m(study, paths, t)
            * (m.sold_free_in[t] + m.sold_pledged_in[t])
            for t in blocks[number]
        )
        return proceeds <= m.cash_need_usd_m[number]

    model.cash_need = pyo.Constraint(list(blocks), rule=cash_need)
    model.need_or = pyo.Constraint(
        list(blocks),
        rule=lambda m, n: m.cash_need_usd_m[n] <= _MOST_COST_USD_M * m.has_need[n],
    )
    model.or_surplus = pyo.Constraint(
        list(blocks),
        rule=lambda m, n: (
            m.cash_surplus_usd_m[n] <= _MOST_COST_USD_M * (1 - m.has_need[n])
        ),
    )
    model.sold_to_cover = pyo.Constraint(list(blocks), rule=sold_to_cover)


def _keep_floor(model: Any, study: Study, paths: MarketPaths) -> None:
    """Keep BTC held over the floor at each month's end."""
    del paths
    least = study.company.treasury_policy.btc_floor
    model.btc_floor = pyo.Constraint(
        range(study.time.months),
        rule=lambda m, t: m.free_btc[t] + m.pledged_btc[t] >= least,
    )
