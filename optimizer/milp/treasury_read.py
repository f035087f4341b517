# SPDX-License-Identifier: Apache-2.0
"""From a solution to the treasury part of a plan: BTC, loan, debt and equity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.plan import DebtDraw
from optimizer.milp.sums import USD_PER_USD_M
from optimizer.milp.treasury import (
    release_usd_per_btc,
    repaid_by_sale_usd_m,
    sale_blocks,
)

if TYPE_CHECKING:
    from models.paths import MarketPaths
    from models.study import Study
    from optimizer.milp.trails import SolutionReader

__all__ = ["treasury_fields"]


def treasury_fields(
    study: Study, read: SolutionReader, paths: MarketPaths
) -> dict[str, Any]:
    """Return the treasury fields of a plan by name.

    Pledged BTC sold only to repay is a sale of pledged BTC whose proceeds beyond the
    release amount are repaid too.

    Parameters
    ----------
    study : Study
        Study of the solution.
    read : SolutionReader
        Solution.
    paths : MarketPaths
        The path it was solved on. [mixed]

    Returns
    -------
    dict of str to object
        Fields of `models.plan.Plan`.
    """
    months = range(study.time.months)
    release = release_usd_per_btc(study, paths)
    free = _sales(study, read, "sold_free_btc")
    pledged = _sales(study, read, "sold_pledged_btc")
    brought = [repaid_by_sale_usd_m(study, paths, t) * USD_PER_USD_M for t in months]
    pledge = [
        _Pledge.read(read, t, free[t], pledged[t], release, brought[t]) for t in months
    ]
    return {
        "btc_sold_free": tuple(month.sold_free_btc for month in pledge),
        "btc_sold_pledged": tuple(month.sold_pledged_btc for month in pledge),
        "btc_bought": tuple(read.get("bought_btc", t) for t in months),
        "btc_pledged": tuple(month.pledged_btc for month in pledge),
        "btc_released": tuple(month.released_btc for month in pledge),
        "loan_drawn_usd": tuple(month.drawn_usd for month in pledge),
        "loan_repaid_usd": tuple(month.repaid_usd for month in pledge),
        "release_usd_per_btc": release,
        "debt_draws": tuple(
            DebtDraw(facility=f, period=t, amount_usd=v * USD_PER_USD_M)
            for (f, t), v in read.items("debt_drawn_usd_m")
        ),
        "emergency_equity_usd": _millions(read, "equity_usd_m", months),
    }


@dataclass(frozen=True, slots=True)
class _Pledge:
    """What a month does to BTC, pledge and loan, in BTC and USD, said one way."""

    sold_free_btc: float
    sold_pledged_btc: float
    pledged_btc: float
    released_btc: float
    drawn_usd: float
    repaid_usd: float

    @classmethod
    def read(
        cls,
        read: SolutionReader,
        period: int,
        free: float,
        pledged: float,
        release: float,
        brought: float,
    ) -> _Pledge:
        """Return a month with what enters and leaves the pledge set off.

        BTC pledged and released, or pledged and sold, in one month never was pledged:
        with k repaid per BTC that leaves, a pledge p drawn by d and a release r do the
        same as ``p - r`` drawn by ``d - k r``, or as a release of ``r - p`` with ``k p
        - d`` repaid too, since no draw brings more than k per BTC.
        """
        forced = read.get("sold_to_repay_btc", period)
        more, less = read.get("pledge_btc", period), read.get("release_btc", period)
        repaid = read.get("repay_usd_m", period) * USD_PER_USD_M
        repaid += (brought - release) * forced
        drawn = read.get("draw_usd_m", period) * USD_PER_USD_M
        idle = min(more, less)
        sold = min(more - idle, pledged + forced)
        net = drawn - repaid - release * (idle + sold)
        return cls(
            sold_free_btc=free + sold,
            sold_pledged_btc=pledged + forced - sold,
            pledged_btc=more - idle - sold,
            released_btc=less - idle,
            drawn_usd=max(net, 0.0),
            repaid_usd=max(-net, 0.0),
        )


def _millions(read: SolutionReader, name: str, months: range) -> tuple[float, ...]:
    return tuple(read.get(name, t) * USD_PER_USD_M for t in months)


def _sales(study: Study, read: SolutionReader, name: str) -> tuple[float, ...]:
    return tuple(
        read.get(name, number) / len(block)
        for number, block in enumerate(sale_blocks(study))
        for _ in block
    )
