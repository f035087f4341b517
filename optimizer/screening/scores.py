# SPDX-License-Identifier: Apache-2.0
"""What a project's flows score: on the base path, over a grid, over sampled futures.

A scenario whose cumulative flow is never negative ties up no capital; a root of its
flows would be the rate of a loan, so it has no IRR and is judged by NPV. What does not
belong here: where flows come from (`optimizer.screening.valuation`) and what
is made of the scores (`optimizer.screening.verdict`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.irr_batch import irr
from gpu.returns import rate_per_year, recovery_months
from gpu.statistics.risk import cvar, quantile
from models.finance import IRR_STATUS, IrrStatus, discount_factors
from models.ledger import discount

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.arrays import FloatArray, IntArray
    from optimizer.screening.valuation import Flows

__all__ = [
    "IRR_SHARES",
    "BaseScore",
    "GridScore",
    "Rows",
    "SampleScore",
    "base_score",
    "rows_of",
    "sample_score",
]

IRR_SHARES: Final = (0.05, 0.25, 0.50, 0.75, 0.95)
"""Shares whose quantiles describe the IRR of the scenarios that have one."""

_CVAR_ALPHA: Final = 0.95


@dataclass(frozen=True, slots=True)
class Rows:
    """Scores by scenario.

    Parameters
    ----------
    npv_usd : ndarray of shape (n_scenarios,)
        NPV at the hurdle rate. [USD]
    irr_per_year : ndarray of shape (n_scenarios,)
        IRR, NaN without one. [per year]
    status : ndarray of shape (n_scenarios,)
        Codes of `models.finance.IrrStatus`, of the roots of the flows.
    n_roots : ndarray of shape (n_scenarios,)
        Distinct roots. [unitless]
    payback_months : ndarray of shape (n_scenarios,)
        From the first flow until the money is back; 0 where none is tied up, NaN if
        never. [months]
    """

    npv_usd: FloatArray
    irr_per_year: FloatArray
    status: NDArray[np.int8]
    n_roots: NDArray[np.int64]
    payback_months: FloatArray

    def part(self, rows: slice | IntArray) -> Rows:
        """Return some of the scenarios."""
        return Rows(
            self.npv_usd[rows],
            self.irr_per_year[rows],
            self.status[rows],
            self.n_roots[rows],
            self.payback_months[rows],
        )


def rows_of(flow_usd: FloatArray, hurdle_rate_per_year: float) -> Rows:
    """Return the scores of each scenario.

    Parameters
    ----------
    flow_usd : ndarray of shape (n_scenarios, n_periods + 1)
        Flowsal flows. [USD]
    hurdle_rate_per_year : float
        Hurdle. [per year]

    Returns
    -------
    Rows
        One entry per scenario.
    """
    is_any = (flow_usd != 0.0).any(axis=0).reshape(-1)
    first = int(is_any.argmax())
    # Leading zeros change no root; without them the search is shorter.
    last = len(is_any) - int(is_any[::-1].argmax())
    own = flow_usd[:, first:last] if is_any.any() else flow_usd[:, :1]
    rate, n_roots, status = irr(own)
    payback = recovery_months(own)
    return Rows(
        npv_usd=discount(flow_usd, hurdle_rate_per_year),
        irr_per_year=np.where(payback == 0.0, np.nan, rate_per_year(rate)),
        status=status,
        n_roots=n_roots,
        payback_months=payback,
    )


@dataclass(frozen=True, slots=True)
class BaseScore:
    """Score on the base path.

    Parameters
    ----------
    npv_at_hurdle_usd : float
        NPV at the hurdle rate. [USD]
    irr_per_year : float
        IRR; NaN without one. [per year]
    irr_status : str
        ``ok``, ``several``, ``double``, ``none``, ``all_zero``, ``uncertain`` or
        ``no_capital``.
    payback_months : float
        From the first flow; NaN if never. [months]
    invested_usd : float
        Paid for builds, machines and deposits, undiscounted. [USD]
    peak_need_usd : float
        Deepest point of cumulative flow, >= 0. [USD]
    terminal_pv_usd : float
        Present value at the hurdle of what is left at the horizon. [USD]
    terminal_share_frac : float
        That over NPV where NPV is positive, else NaN. [share]
    """

    npv_at_hurdle_usd: float
    irr_per_year: float
    irr_status: str
    payback_months: float
    invested_usd: float
    peak_need_usd: float
    terminal_pv_usd: float
    terminal_share_frac: float


def base_score(own: Flows, rows: Rows, hurdle_rate_per_year: float) -> BaseScore:
    """Return the score of the first scenario, which is the base path.

    Parameters
    ----------
    own : Flows
        Flows, the base path first. [USD]
    rows : Rows
        Scores of the same scenarios.
    hurdle_rate_per_year : float
        Hurdle. [per year]
    """
    flow = own.flow_usd[0]
    factors = discount_factors(hurdle_rate_per_year, len(flow) - 1)
    npv = float(rows.npv_usd[0])
    terminal = float(own.terminal_usd[0] * factors[-1])
    status = IRR_STATUS[int(rows.status[0])]
    if rows.payback_months[0] == 0.0 and status != "all_zero":
        status = "no_capital"
    return BaseScore(
        npv_at_hurdle_usd=npv,
        irr_per_year=float(rows.irr_per_year[0]),
        irr_status=status,
        payback_months=float(rows.payback_months[0]),
        invested_usd=float(own.invested_usd[0]),
        peak_need_usd=max(0.0, -float(np.cumsum(flow).min())),
        terminal_pv_usd=terminal,
        terminal_share_frac=terminal / npv if npv > 0.0 else math.nan,
    )


@dataclass(frozen=True, slots=True)
class GridScore:
    """Scores at the points of a grid.

    Parameters
    ----------
    npv_at_hurdle_usd, irr_per_year : ndarray of shape (n_points,)
        By point, the last axis fastest. [USD, per year]
    """

    npv_at_hurdle_usd: FloatArray
    irr_per_year: FloatArray

    @property
    def clears_frac(self) -> float:
        """Share of points whose NPV at the hurdle is not negative."""
        return float((self.npv_at_hurdle_usd >= 0.0).mean())


@dataclass(frozen=True, slots=True)
class SampleScore:
    """Scores over sampled scenarios.

    Parameters
    ----------
    irr_at_hurdle_frac : float
        Share with an IRR not under the hurdle; no IRR counts as under it. [share 0-1]
    npv_positive_frac : float
        Share whose NPV at the hurdle is not negative. [share 0-1]
    no_irr_frac, no_capital_frac, several_irr_frac : float
        Shares without an IRR, of them those that tie up no capital, and shares with
        several IRRs. [share 0-1]
    irr_quantiles_per_year : dict of str to float
        ``p05`` to ``p95`` of those with an IRR; NaN if none has. [per year]
    npv_mean_usd, npv_p05_usd, npv_p50_usd, npv_p95_usd, npv_cvar_95_usd : float
        Of NPV at the hurdle; the last is the mean of the worst 5 per cent. [USD]
    payback_p50_months : float
        Median of those paid back; NaN if none is. [months]
    unpaid_frac : float
        Share never paid back. [share 0-1]
    """

    irr_at_hurdle_frac: float
    npv_positive_frac: float
    no_irr_frac: float
    no_capital_frac: float
    several_irr_frac: float
    irr_quantiles_per_year: dict[str, float]
    npv_mean_usd: float
    npv_p05_usd: float
    npv_p50_usd: float
    npv_p95_usd: float
    npv_cvar_95_usd: float
    payback_p50_months: float
    unpaid_frac: float


def sample_score(
    rows: Rows, hurdle_rate_per_year: float, npv_usd: FloatArray | None = None
) -> SampleScore:
    """Return the scores over sampled scenarios.

    Parameters
    ----------
    rows : Rows
        Scores by scenario.
    hurdle_rate_per_year : float
        Hurdle. [per year]
    npv_usd : ndarray of shape (n_scenarios,), optional
        NPV of more scenarios than IRR was looked for in; else that of the rows. [USD]
    """
    npv = rows.npv_usd if npv_usd is None else npv_usd
    is_known = ~np.isnan(rows.irr_per_year)
    known = rows.irr_per_year[is_known]
    found = quantile(known, IRR_SHARES) if len(known) else [math.nan] * len(IRR_SHARES)
    low, middle, high = np.asarray(quantile(npv, (0.05, 0.50, 0.95)))
    back = rows.payback_months[~np.isnan(rows.payback_months)]
    several = (rows.status == IrrStatus.SEVERAL) | (rows.status == IrrStatus.DOUBLE)
    several &= is_known
    return SampleScore(
        irr_at_hurdle_frac=float((known >= hurdle_rate_per_year).sum() / len(is_known)),
        npv_positive_frac=float((npv >= 0.0).mean()),
        no_irr_frac=float((~is_known).mean()),
        no_capital_frac=float((rows.payback_months == 0.0).mean()),
        several_irr_frac=float(several.mean()),
        irr_quantiles_per_year={
            f"p{round(100 * share):02d}": float(value)
            for share, value in zip(IRR_SHARES, np.asarray(found), strict=True)
        },
        npv_mean_usd=float(npv.mean()),
        npv_p05_usd=float(low),
        npv_p50_usd=float(middle),
        npv_p95_usd=float(high),
        npv_cvar_95_usd=cvar(npv, _CVAR_ALPHA),
        payback_p50_months=float(quantile(back, 0.5)) if len(back) else math.nan,
        unpaid_frac=float(np.isnan(rows.payback_months).mean()),
    )
