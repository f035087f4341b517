# SPDX-License-Identifier: Apache-2.0
"""Scores of projects with loans: rates of equity and debt service cover.

What does not belong here: which loans there are (`optimizer.screening.financing`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.statistics.risk import quantile
from models.finance import IrrStatus
from models.ledger import discount
from optimizer.screening.scores import IRR_SHARES, base_score, sample_score
from optimizer.screening.verdict import clears

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from optimizer.screening.financing import Levered, Loan
    from optimizer.screening.scores import BaseScore, Rows, SampleScore
    from optimizer.screening.valuation import Flows

__all__ = ["IRR_SCENARIOS", "FinancedScore", "financed_score", "returned"]

IRR_SCENARIOS: Final = 500
"""Of a project with loans, IRR is looked for in the first of the sampled scenarios, NPV
and cover in all: roots are most of the work, and 500 tell a share to 5 points."""

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class FinancedScore:
    """Score of a project with its loans; that of the project where it has none.

    Parameters
    ----------
    loans : tuple of Loan
        Facilities that may finance it.
    loan_usd : float
        All draws. [USD]
    loan_share_frac : float
        Those over what is invested; NaN without investment. [share 0-1]
    base : BaseScore
        Of equity, on the base path.
    sample : SampleScore
        Of equity, over sampled scenarios.
    dscr_min, dscr_average : float
        Least and mean debt service cover of the tests on the base path; NaN without
        loan. [ratio]
    dscr_covenant : float
        Least cover agreed; NaN where none is. [ratio]
    site_dscr_min : float
        See `Levered.site_cover`. [ratio]
    dscr_under_covenant_frac, dscr_under_one_frac : float
        Share of scenarios whose least cover is under the covenant, under 1; NaN
        where there is none. [share 0-1]
    dscr_min_p05, dscr_min_p50 : float
        Quantiles of the least cover. [ratio]
    sampled_irr_per_year, sampled_npv_usd, sampled_dscr_min : ndarray of shape \
(n_scenarios,)
        By scenario id; no IRR beyond `IRR_SCENARIOS`. [per year, USD, ratio]
    """

    loans: tuple[Loan, ...]
    loan_usd: float
    loan_share_frac: float
    base: BaseScore
    sample: SampleScore
    dscr_min: float
    dscr_average: float
    dscr_covenant: float
    site_dscr_min: float
    dscr_under_covenant_frac: float
    dscr_under_one_frac: float
    dscr_min_p05: float
    dscr_min_p50: float
    sampled_irr_per_year: FloatArray = field(repr=False)
    sampled_npv_usd: FloatArray = field(repr=False)
    sampled_dscr_min: FloatArray = field(repr=False)

    @property
    def clears(self) -> bool:
        """Whether equity would pass by the rule that the verdict has for projects."""
        return clears(self.base.npv_at_hurdle_usd, self.sample.npv_positive_frac)


def returned(rows: Rows, flow_usd: FloatArray) -> Rows:
    """Return scores without the rates that are no return on equity.

    Where service outlasts the cash of a project, equity pays, is paid and pays again,
    and such flows can have roots of hundreds of per cent while losing money. A rate
    counts only if its sign is that of what equity gets back in all.

    Parameters
    ----------
    rows : Rows
        Scores of equity.
    flow_usd : ndarray of shape (n_scenarios, n_periods + 1)
        Its flows; scenarios beyond those scored are not looked at. [USD]
    """
    gain = flow_usd[: len(rows.irr_per_year)].sum(axis=1)
    # NaN compares false: what has no rate keeps its status.
    is_no_return = rows.irr_per_year * gain < 0.0
    none = np.int8(IrrStatus.NONE)
    return replace(
        rows,
        irr_per_year=np.where(is_no_return, math.nan, rows.irr_per_year),
        status=np.where(is_no_return, none, rows.status).astype(np.int8),
    )


def financed_score(
    levered: Levered, own: Flows, rows: Rows, hurdle_rate_per_year: float
) -> FinancedScore:
    """Return the score of a project with its loans.

    Parameters
    ----------
    levered : Levered
        Loans and cover, the base path first.
    own : Flows
        What is left to equity on the same scenarios: of the project itself where
        nothing is drawn. [USD]
    rows : Rows
        Scores of those, or of the first of them.
    hurdle_rate_per_year : float
        Hurdle. [per year]
    """
    base = base_score(own, rows, hurdle_rate_per_year)
    sampled = rows.part(slice(1, None))
    npv = discount(own.flow_usd[1:], hurdle_rate_per_year)
    rate = np.full(len(npv), math.nan)
    rate[: len(sampled.irr_per_year)] = sampled.irr_per_year
    none = math.nan
    least = np.full(len(npv), none)
    low = middle = at_base = average = under = under_one = none
    if levered.cover.size:
        least = levered.cover[1:].min(axis=1)
        at_base = float(levered.cover[0].min())
        average = float(levered.cover[0].mean())
        low, middle = np.asarray(quantile(least, (0.05, 0.50))).tolist()
        under_one = float((least < 1.0 - _ROUNDING).mean())
        if not math.isnan(levered.covenant):
            under = float((least < levered.covenant * (1.0 - _ROUNDING)).mean())
    sample = sample_score(sampled, hurdle_rate_per_year, npv)
    if levered.drawn_usd:
        gain = own.flow_usd[1 : 1 + len(sampled.irr_per_year)].sum(axis=1)
        spread = _irr_quantiles(sampled.irr_per_year, gain)
        sample = replace(sample, irr_quantiles_per_year=spread)
    paid = base.invested_usd
    return FinancedScore(
        loans=levered.loans,
        loan_usd=levered.drawn_usd,
        loan_share_frac=levered.drawn_usd / paid if paid > 0.0 else none,
        base=base,
        sample=sample,
        dscr_min=at_base,
        dscr_average=average,
        dscr_covenant=levered.covenant,
        site_dscr_min=levered.site_cover,
        dscr_under_covenant_frac=under,
        dscr_under_one_frac=under_one,
        dscr_min_p05=low,
        dscr_min_p50=middle,
        sampled_irr_per_year=rate,
        sampled_npv_usd=npv,
        sampled_dscr_min=least,
    )


def _irr_quantiles(irr_per_year: FloatArray, gain_usd: FloatArray) -> dict[str, float]:
    """Return quantiles of IRR in which a scenario without one has its place.

    Equity that loses money without a rate stands under every rate, one that gains
    without capital over every rate; a quantile that falls on such is NaN. Left out,
    they would leave the few good scenarios to speak for all.
    """
    lost = np.where(gain_usd < 0.0, -np.inf, np.inf)
    ranked = np.sort(np.where(np.isnan(irr_per_year), lost, irr_per_year))
    picked = np.quantile(ranked, IRR_SHARES, method="inverted_cdf")
    return {
        f"p{round(100 * share):02d}": float(value) if np.isfinite(value) else math.nan
        for share, value in zip(IRR_SHARES, picked, strict=True)
    }
