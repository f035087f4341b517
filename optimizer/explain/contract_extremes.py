# SPDX-License-Identifier: Apache-2.0
"""Partner contracts at both extremes: all of the rate avoidable, or none of it.

The share of the all-in rate that is not owed when machines stand by is an assumption;
the plan is made again for the two ends of what it may be.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from models.capacity import commitment_mw
from optimizer.explain.programs import GoodEnough, Program, held, plan_integers
from optimizer.kpis import operating_cash_usd
from optimizer.planning import plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.arrays import FloatArray
    from models.study import Study
    from optimizer.milp.compile import Compiled
    from optimizer.milp.model import BuiltModel
    from optimizer.planning import PlanResult

__all__ = ["EXTREMES", "ContractExtreme", "contract_extreme", "plan_as_extreme"]

EXTREMES: Final = (1.0, 0.0)
"""Avoidable shares: standing by costs nothing, or as much as running."""
_FINE_GAP_FRAC: Final = 2.5e-3
_COARSE_GAP_FRAC: Final = 0.01
_SOON_S: Final = 5.0
_FIRST_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class ContractExtreme:
    """The plan under one reading of the partner contract.

    Parameters
    ----------
    label : str
        ``as assumed``, ``fully avoidable`` or ``fully take-or-pay``.
    avoidable_frac : float or None
        Share of the all-in rate not owed when machines stand by; None where sites
        differ (as assumed). [share 0-1]
    npv_usd, gap_frac : float
        Value of the best plan and its gap. [USD, share 0-1]
    committed_mw : tuple of float
        MW kept with partners, by month. [MW]
    mined_btc : float
        Output over the horizon. [BTC]
    first_year_cash_usd : float
        Cash of the first 12 months before BTC sales, loan and equity. [USD]
    first_year_sold_btc : float
        BTC sold in the first 12 months. [BTC]
    emergency_equity_usd : float
        Emergency equity raised. [USD]
    seconds_s : float
        Time taken. [s]
    """

    label: str
    avoidable_frac: float | None
    npv_usd: float
    gap_frac: float
    committed_mw: tuple[float, ...]
    mined_btc: float
    first_year_cash_usd: float
    first_year_sold_btc: float
    emergency_equity_usd: float
    seconds_s: float = 0.0

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> ContractExtreme:
        """Return an extreme read back from JSON."""
        return cls(**{**entry, "committed_mw": tuple(entry["committed_mw"])})


def contract_extreme(
    study: Study,
    result: PlanResult,
    avoidable_frac: float,
    *,
    time_limit_s: float,
    should_stop: Callable[[], bool] | None = None,
) -> ContractExtreme:
    """Return the best plan when partners' rates are avoidable to a given share.

    Parameters
    ----------
    study : Study
        Study with partner sites.
    result : PlanResult
        Its plan as assumed, to begin from.
    avoidable_frac : float
        Share of the all-in rate not owed when machines stand by. [share 0-1]
    time_limit_s : float
        Limit of the solve. [s]
    should_stop : callable, optional
        Polled; a true value ends the solve.

    Returns
    -------
    ContractExtreme
        Its figures.

    Raises
    ------
    InfeasibleError
        If no plan meets the rules under these terms.
    SolverError
        If time ran out before there was a plan.
    """
    begun = time.perf_counter()
    sites = tuple(
        site
        if site.partner is None
        else site.model_copy(
            update={
                "partner": site.partner.model_copy(
                    update={"avoidable_frac": avoidable_frac}
                )
            }
        )
        for site in study.sites
    )

    def start(built: BuiltModel, compiled: Compiled) -> FloatArray | None:
        program = Program.around(changed, built, compiled)
        return held(program, plan_integers(program, result.plan))

    changed = study.model_copy(update={"sites": sites})
    found = plan(
        changed,
        gap_frac=_FINE_GAP_FRAC,
        time_limit_s=time_limit_s,
        start=start,
        should_stop=should_stop,
        is_enough=GoodEnough(_SOON_S, _COARSE_GAP_FRAC),
    )
    names = {1.0: "fully avoidable", 0.0: "fully take-or-pay"}
    label = names.get(avoidable_frac, f"{avoidable_frac:.0%} avoidable")
    return _figures(changed, found, label, avoidable_frac, time.perf_counter() - begun)


def plan_as_extreme(study: Study, result: PlanResult) -> ContractExtreme:
    """Return the figures of the plan itself, to stand beside the extremes."""
    shares = {s.partner.avoidable_frac for s in study.sites if s.partner is not None}
    share = shares.pop() if len(shares) == 1 else None
    return _figures(study, result, "as assumed", share, 0.0)


def _figures(
    study: Study,
    result: PlanResult,
    label: str,
    avoidable_frac: float | None,
    seconds: float,
) -> ContractExtreme:
    ledger = result.ledger
    committed = commitment_mw(study, result.plan).sum(axis=0)
    return ContractExtreme(
        label=label,
        avoidable_frac=avoidable_frac,
        npv_usd=result.npv_usd,
        gap_frac=result.gap_frac,
        committed_mw=tuple(float(mw) for mw in committed),
        mined_btc=float(ledger.mined_btc.sum()),
        first_year_cash_usd=float(operating_cash_usd(ledger)[:_FIRST_YEAR].sum()),
        first_year_sold_btc=float(ledger.treasury.btc_sold[0, :_FIRST_YEAR].sum()),
        emergency_equity_usd=float(ledger.treasury.equity_usd.sum()),
        seconds_s=seconds,
    )
