# SPDX-License-Identifier: Apache-2.0
"""Low and high cases of cash: a study with its inputs at the ends of their ranges.

Low is everything against cash at once, high everything for it. What does not belong
here: what the cases do to cash (`optimizer.cash_weeks`, `optimizer.cash_quarter`).
"""

from __future__ import annotations

import copy
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Literal

from models.payment_terms import INFLOW_TERMS
from models.study import Study
from sites.specs import KEY_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sites.loader import StudyBundle
    from sites.provenance import InputNumber

__all__ = ["CASES", "Case", "case_study", "case_values", "with_values"]

Case = Literal["low", "base", "high"]
CASES: Final[tuple[Case, ...]] = ("low", "base", "high")

_LESS_IS_WORSE: Final = (
    "company.cash_usd",
    "market.btc_log_drift_per_year",
)
_MORE_IS_WORSE: Final = (
    "company.loan.principal_usd",
    "company.loan.rate_per_year",
    "company.side_businesses.*.cost_usd_per_month",
    "sites.*.partner.hosting_rate_usd_per_mwh",
    "sites.*.power.flexible_usd_per_mwh",
    "sites.*.power.firm_usd_per_mwh",
)
_TERMS: Final = "company.payment_terms."


def case_values(bundle: StudyBundle, case: Case) -> dict[str, float]:
    """Return the inputs that a case changes, by key of the study.

    Parameters
    ----------
    bundle : StudyBundle
        Study with the ranges of its numbers.
    case : {"low", "base", "high"}
        Base changes nothing.

    Returns
    -------
    dict of str to float
        Opening cash and loan, interest, hosting rates, power prices, cost of side
        businesses, the drift of the BTC price and due days, at the end of their range
        that leaves less cash (low) or more (high).
    """
    found = {}
    for number in bundle.provenance if case != "base" else ():
        more_is_worse = _more_is_worse(number)
        if more_is_worse is None:
            continue
        end = number.high if more_is_worse == (case == "low") else number.low
        if end is not None and end != number.value:
            found[number.key] = end
    return found


def case_study(bundle: StudyBundle, case: Case) -> Study:
    """Return the study of a case, see `case_values`."""
    return with_values(bundle, case_values(bundle, case))


def with_values(bundle: StudyBundle, values: Mapping[str, float]) -> Study:
    """Return a study with some of its numbers changed.

    Parameters
    ----------
    bundle : StudyBundle
        Study.
    values : mapping of str to float
        New numbers by key, such as ``company.cash_usd``. [mixed]

    Raises
    ------
    KeyError
        If the study has no such number.
    """
    if not values:
        return bundle.study
    tree = copy.deepcopy(bundle.resolved)
    for key, value in values.items():
        node: object = tree
        *path, name = key.split(".")
        for step in path:
            node = _child(node, step)
        if not isinstance(node, dict):
            raise KeyError(key)
        is_whole = isinstance(node[name], int)
        node[name] = round(value) if is_whole else value
    return Study.model_validate(tree)


def _more_is_worse(number: InputNumber) -> bool | None:
    """Return which end of a range costs cash; None for inputs that stay."""
    key = number.key
    if key.startswith(_TERMS):
        if not key.endswith(".due_day"):
            return None
        return key.removeprefix(_TERMS).partition(".")[0] in INFLOW_TERMS
    if any(fnmatchcase(key, pattern) for pattern in _MORE_IS_WORSE):
        return True
    return False if key in _LESS_IS_WORSE else None


def _child(node: object, step: str) -> object:
    if isinstance(node, dict):
        return node[step]
    if isinstance(node, list):
        for member in node:
            if any(member.get(key) == step for key in KEY_FIELDS):
                return member
    raise KeyError(step)
