# SPDX-License-Identifier: Apache-2.0
"""How far the opening state decides: a plan's risks over its low to high range.

Cash, loan and pledge at the opening and the terms of the loan carry ranges in the
company file. The plan's decisions stay; the scenarios are the same in every case. What
does not belong here: other inputs (`optimizer.sensitivity`) and showing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from gpu.liquidity import has_btc_loan
from gpu.scoring.headlines import score_headlines
from gpu.statistics.tally import events
from models.company import BtcLoan, Company

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from models.plan import Plan
    from models.study import Study
    from sites.provenance import InputNumber

__all__ = [
    "HEADLINES",
    "OPENING_SCENARIOS",
    "OpeningCase",
    "OpeningRange",
    "assumed_loan_terms",
    "opening_range",
]

OPENING_SCENARIOS: Final = 4_096
"""Most scenarios of each case."""

HEADLINES: Final = (
    "margin_call_within_3_months_frac",
    "margin_call_within_6_months_frac",
    "margin_call_within_12_months_frac",
    "liquidation_frac",
    "equity_needed_frac",
    "npv_negative_frac",
    "forced_sale_usd",
    "forced_sale_btc",
)
"""Risk figures of a case: shares of scenarios, and means of forced sales."""

_LOAN: Final = "company.loan."
_MORE_IS_WORSE: Final = (
    "principal_usd",
    "rate_per_year",
    "liquidation_penalty_frac",
    "cure_days",
)
_GROUPS: Final = {
    "loan": ("loan.principal_usd",),
    "cash": ("cash_usd",),
    "pledge": ("btc_pledged",),
    "levels": (
        "loan.initial_ltv_frac",
        "loan.margin_call_ltv_frac",
        "loan.liquidation_ltv_frac",
    ),
    "cost": ("loan.rate_per_year", "loan.liquidation_penalty_frac"),
    "cure": ("loan.cure_days",),
}
_TOGETHER: Final = ("loan", "levels", "cost")


@dataclass(frozen=True, slots=True)
class OpeningCase:
    """A plan's risks from one opening state.

    Parameters
    ----------
    case_id : str
        ``low`` (against the company), ``base``, ``high`` (for it), or one input at one
        end, such as ``cash low`` (the worse end).
    label : str
        The case for people.
    cash_usd, loan_usd : float
        Opening cash and principal. [USD]
    btc_pledged : float
        BTC pledged at the opening. [BTC]
    margin_call_ltv_frac : float
        Level of a margin call. [share 0-1]
    opening_ltv_frac : float
        Loan to value at the opening price; NaN without a pledge. [ratio]
    figures : dict of str to float
        Those of `HEADLINES`. [share 0-1, USD, BTC]
    """

    case_id: str
    label: str
    cash_usd: float
    loan_usd: float
    btc_pledged: float
    margin_call_ltv_frac: float
    opening_ltv_frac: float
    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class OpeningRange:
    """A plan's risks over the range of its opening state.

    Parameters
    ----------
    seed, n_scenarios : int
        Scenarios 0 to n - 1 of that seed, the same in every case. [unitless]
    cases : tuple of OpeningCase
        Low, base and high, then one input at a time.
    left_out : tuple of (str, str)
        Cases that the company's records do not allow, and why.
    """

    seed: int
    n_scenarios: int
    cases: tuple[OpeningCase, ...]
    left_out: tuple[tuple[str, str], ...] = ()


def assumed_loan_terms(numbers: Iterable[InputNumber]) -> tuple[str, ...]:
    """Return which terms of the loan on pledged BTC nobody has published.

    Parameters
    ----------
    numbers : iterable of InputNumber
        Numbers of a study.

    Returns
    -------
    tuple of str
        Field names of `models.company.BtcLoan`, in the study's order.
    """
    return tuple(
        number.key.removeprefix(_LOAN)
        for number in numbers
        if number.key.startswith(_LOAN)
        and number.is_assumption
        and number.key != f"{_LOAN}principal_usd"
    )


def opening_range(
    study: Study,
    plan: Plan,
    numbers: Iterable[InputNumber],
    *,
    seed: int,
    n_scenarios: int = OPENING_SCENARIOS,
) -> OpeningRange | None:
    """Return a plan's risks from the low, base and high end of its opening state.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan; its decisions stay.
    numbers : iterable of InputNumber
        Numbers of the study with their ranges.
    seed : int
        0 to 2^64 - 1. [unitless]
    n_scenarios : int
        Scenarios of each case. [unitless]

    Returns
    -------
    OpeningRange or None
        None without a loan on pledged BTC, or without any range.

    Notes
    -----
    Low and high are each one coherent state. Cash, BTC held and loan come from one
    roll-forward of published balances: what was spent since then was drawn on the loan
    once cash stood at its floor. So the loan takes the end of its range and cash stays
    (it moves only where the loan has no range); the pledge stays, for a draw pledges
    BTC. The loan's levels, interest and penalty stand at the end that is worse (low) or
    better (high) for the company. Then each input moves alone; BTC not pledged are then
    free. A longer time to cure is worse here: a call that cash and free BTC cannot meet
    is met by a sale at once, and the price within the cure time decides who sells.
    """
    ranges = {
        number.key.removeprefix("company."): number
        for number in numbers
        if number.key.startswith("company.")
        and (number.low is not None or number.high is not None)
    }
    if not has_btc_loan(study, plan):
        return None
    changes = _changes(ranges)
    if not changes:
        return None
    runs = _Runs(plan, seed, n_scenarios, n_cases=len(changes))
    cases, left_out = [], []
    for case_id, values in changes.items():
        try:
            case = runs.case(case_id, _changed(study, values))
        except ValidationError as error:
            why = error.errors(include_url=False)[0]["msg"]
            left_out.append((case_id, why))
        else:
            cases.append(case)
    return OpeningRange(seed, n_scenarios, tuple(cases), tuple(left_out))


def _changes(ranges: Mapping[str, InputNumber]) -> dict[str, dict[str, float]]:
    """Return what each case changes, by key under the company; nothing if none does."""
    found: dict[str, dict[str, float]] = {"low": {}, "base": {}, "high": {}}
    has_loan_range = "loan.principal_usd" in ranges
    for group, keys in _GROUPS.items():
        for end in ("low", "high"):
            values = {
                key: value
                for key in keys
                if (value := _end(ranges, key, is_worse=end == "low")) is not None
            }
            if values:
                found[f"{group} {end}"] = values
            if group in _TOGETHER or (group == "cash" and not has_loan_range):
                found[end] |= values
    return found if any(found.values()) else {}


def _end(
    ranges: Mapping[str, InputNumber], key: str, *, is_worse: bool
) -> float | None:
    """Return the end of a range that is worse or better for the company."""
    number = ranges.get(key)
    if number is None:
        return None
    more_is_worse = key.removeprefix("loan.") in _MORE_IS_WORSE
    end = number.high if more_is_worse == is_worse else number.low
    return None if end is None or end == number.value else end


def _changed(study: Study, values: Mapping[str, float]) -> Study:
    """Return the study with other numbers of its company; BTC held stay the same."""
    company = study.company
    own = {name: getattr(company, name) for name in Company.model_fields}
    terms = {name: getattr(company.loan, name) for name in BtcLoan.model_fields}
    for key, value in values.items():
        name = key.removeprefix("loan.")
        (terms if key != name else own)[name] = value
    own["btc_free"] = company.btc_free + company.btc_pledged - own["btc_pledged"]
    own["loan"] = BtcLoan.model_validate(terms)
    return study.model_copy(update={"company": Company.model_validate(own)})


class _Runs:
    """The same scenarios for every case."""

    def __init__(
        self, plan: Plan, seed: int, n_scenarios: int, *, n_cases: int
    ) -> None:
        self.plan, self.seed, self.n_scenarios = plan, seed, n_scenarios
        self._n_rows = n_cases * n_scenarios

    def case(self, case_id: str, study: Study) -> OpeningCase:
        """Return the risks of one case."""
        company = study.company
        pledged_usd = company.btc_pledged * study.market.btc_price_usd
        loan_usd = company.loan.principal_usd
        return OpeningCase(
            case_id=case_id,
            label=_LABELS.get(case_id, case_id),
            cash_usd=company.cash_usd,
            loan_usd=loan_usd,
            btc_pledged=company.btc_pledged,
            margin_call_ltv_frac=company.loan.margin_call_ltv_frac,
            opening_ltv_frac=loan_usd / pledged_usd if pledged_usd else float("nan"),
            figures=self._figures(study),
        )

    def _figures(self, study: Study) -> dict[str, float]:
        [rows] = score_headlines(
            study,
            (self.plan,),
            self.seed,
            n_scenarios=self.n_scenarios,
            n_rows=self._n_rows,
        )
        happened = events(rows, study.company.emergency_equity_max_usd)
        found = {name: float(flags.mean()) for name, flags in happened.items()}
        found["forced_sale_usd"] = float(rows["forced_sale_usd"].mean())
        sold = rows["called_btc_sold"] + rows["liquidated_btc"]
        found["forced_sale_btc"] = float(sold.mean())
        return {name: found[name] for name in HEADLINES}


_LABELS: Final = {
    "loan low": "higher loan",
    "loan high": "lower loan",
    "cash low": "less cash",
    "cash high": "more cash",
    "pledge low": "fewer BTC pledged",
    "pledge high": "more BTC pledged",
    "levels low": "lower LTV levels",
    "levels high": "higher LTV levels",
    "cost low": "dearer loan",
    "cost high": "cheaper loan",
    "cure low": "longer cure time",
    "cure high": "shorter cure time",
}
