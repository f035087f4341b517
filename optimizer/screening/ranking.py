# SPDX-License-Identifier: Apache-2.0
"""Order of projects and what to warn of.

Projects that pass come first, by NPV at the hurdle (``npv``), or by that per USD
invested (``index``), which is the better order when capital is what is short; NPV is
the default because sizes and start months of one project exclude each other. The
others follow by how little the nearest price would have to change for them to break
even: first those in reach (`optimizer.screening.verdict`), then the rest. What does not
belong here: the verdict itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

from optimizer.screening.verdict import clears

if TYPE_CHECKING:
    from models.company import Company
    from models.market_parameters import Market
    from optimizer.screening.financed_scores import FinancedScore
    from optimizer.screening.scores import BaseScore, SampleScore
    from optimizer.screening.verdict import Verdict, VerdictKind

__all__ = [
    "NO_IRR_FLAG_FRAC",
    "RankBy",
    "flags_of",
    "liquid_means_usd",
    "loan_flags",
    "rank_key",
]

RankBy = Literal["npv", "index"]

NO_IRR_FLAG_FRAC: Final = 0.1
"""Share of scenarios without an IRR above which a project is flagged."""

TERMINAL_FLAG_FRAC: Final = 0.5
"""Share of NPV from terminal value above which a project is flagged."""

_ORDER: Final[dict[VerdictKind, int]] = {"pass": 0, "only_if": 1, "fail": 2}


def rank_key(
    verdict: Verdict, base: BaseScore, rank_by: RankBy, name: str
) -> tuple[int, float, float, str]:
    """Return what projects are sorted by, the best first.

    Parameters
    ----------
    verdict : Verdict
        Verdict with the distance of the nearest break-even.
    base : BaseScore
        Scores on the base path.
    rank_by : {"npv", "index"}
        Order of projects that pass.
    name : str
        Settles ties.
    """
    value = base.npv_at_hurdle_usd
    if rank_by == "index":
        # Without investment any gain is infinite per USD, and any loss too.
        paid = base.invested_usd
        value = value / paid if paid > 0.0 else math.copysign(math.inf, value)
    distance = 0.0 if verdict.kind == "pass" else verdict.distance
    return _ORDER[verdict.kind], distance, -value, name


def liquid_means_usd(company: Company, market: Market) -> float:
    """Return what the company could raise today without selling a site.

    ``cash above the floor + BTC after selling cost + emergency equity - loan``; pledged
    BTC less the loan is never counted under zero. [USD]
    """
    keep = market.btc_price_usd * company.sale_kept_frac
    pledged = max(company.btc_pledged * keep - company.loan.principal_usd, 0.0)
    cash = max(company.cash_usd - company.cash_floor_usd, 0.0)
    return cash + company.btc_free * keep + pledged + company.emergency_equity_max_usd


def flags_of(
    base: BaseScore, sample: SampleScore, *, means_usd: float
) -> tuple[str, ...]:
    """Return what a reader should know before using the figures.

    Parameters
    ----------
    base : BaseScore
        Scores on the base path.
    sample : SampleScore
        Scores over sampled scenarios.
    means_usd : float
        What the company could raise. [USD]
    """
    found = []
    # NaN, where NPV is not positive, flags nothing.
    if base.terminal_share_frac > TERMINAL_FLAG_FRAC:
        found.append(f"{base.terminal_share_frac:.0%} of NPV from terminal value")
    if sample.no_irr_frac > NO_IRR_FLAG_FRAC:
        why = ""
        if sample.no_capital_frac > 0.0:
            why = f", in {sample.no_capital_frac:.0%} because no capital is tied up"
        found.append(f"no IRR in {sample.no_irr_frac:.0%} of scenarios{why}")
    if base.peak_need_usd > means_usd:
        found.append(f"needs more than the {means_usd / 1e6:,.0f} M USD within reach")
    return tuple(found)


def loan_flags(
    base: BaseScore, sample: SampleScore, financed: FinancedScore
) -> tuple[str, ...]:
    """Return what a reader should know before trusting a loan.

    Parameters
    ----------
    base, sample : BaseScore, SampleScore
        Scores before loans.
    financed : FinancedScore
        Scores with them.
    """
    found = []
    if not financed.loan_usd:
        refused = [loan.facility for loan in financed.loans]
        if refused:
            found.append(f"bears no loan on {' or '.join(refused)}: cover too low")
        return tuple(found)
    own = clears(base.npv_at_hurdle_usd, sample.npv_positive_frac)
    size = f"{financed.loan_usd / 1e6:,.1f} M USD of loans"
    if financed.clears and not own:
        found.append(f"clears the hurdle only with {size}; the verdict is without")
    if own and not financed.clears:
        found.append(f"no longer clears the hurdle with {size}; the verdict is without")
    if financed.dscr_min < 1.0:
        found.append(
            f"does not serve {size} by itself on the base path: DSCR down to "
            f"{financed.dscr_min:.2f}"
        )
    if financed.site_dscr_min < financed.dscr_covenant:
        found.append(
            "with business as usual beside it the whole site's DSCR falls to "
            f"{financed.site_dscr_min:.2f}; a plan may not draw under "
            f"{financed.dscr_covenant:.2f}"
        )
    return tuple(found)
