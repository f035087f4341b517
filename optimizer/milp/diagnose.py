# SPDX-License-Identifier: Apache-2.0
"""Diagnosis: why no plan meets the rules, in MW, USD and months, and what would mend it.

First the cheapest shortage is sought (cash, MW, GPUs); then every single repair is
tried on its own and named only if it suffices. The arrays behind it stand in
`optimizer.milp.elastic`.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from models.cashflow import evaluate
from models.errors import Conflict, InfeasibleError, SolverError
from models.finance import irr
from models.market import base_paths
from models.months import add_months
from models.units import MONTHS_PER_YEAR
from optimizer.milp.elastic import ElasticProgram, Slack
from optimizer.milp.extract import clean_values, extract_plan
from optimizer.milp.repairs import Repairs, money

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.milp.compile import Compiled
    from optimizer.milp.elastic import ElasticSolution
    from optimizer.milp.model import BuiltModel

__all__ = ["diagnose"]

_LIMIT_S: Final = 60.0
"""Time for a whole diagnosis. [s]"""
_PRICES: Final = {
    "shell_limit": 1000.0,
    "power_limit": 1000.0,
    "gpu_pool": 100.0,
    "forced_use": 10.0,
    "hurdle": 10.0,
}
"""USD m per unit: physical shortages are the last to be accepted, cash the first."""
_UNITS: Final = {
    "shell_limit": "MW",
    "power_limit": "MW",
    "gpu_pool": "GPU",
    "forced_use": "MW-months",
    "hurdle": "USD",
}


def diagnose(study: Study, built: BuiltModel, compiled: Compiled) -> InfeasibleError:
    """Return what conflicts in a model without a solution, with priced repairs.

    Parameters
    ----------
    study : Study
        Study.
    built : BuiltModel
        Its model.
    compiled : Compiled
        The model's arrays.

    Returns
    -------
    InfeasibleError
        To be raised by the caller; one conflict per rule that cannot hold.

    Raises
    ------
    SolverError
        If no business rule explains it, which would be a fault of the model.
    """
    program = ElasticProgram(compiled)
    deadline = time.perf_counter() + _LIMIT_S
    slacks = [*_capacity_slacks(program), *_cash_slacks(study, program)]
    found = program.solve(slacks, time_limit_s=_LIMIT_S / 3)
    if found is None or not found.amounts:
        msg = (
            "no plan meets the rules, and easing cash, power, shells, GPUs, hurdles "
            "and forced use does not help: the study or the model contradicts itself. "
            "Run wattplan validate, and report the study if it passes."
        )
        raise SolverError(msg, status="infeasible")
    repairs = Repairs(study, built, program, found.amounts, deadline)
    conflicts: list[Conflict] = []
    for slack in found.amounts:
        if slack.rule == "hurdle":
            conflicts.append(_hurdle_conflict(study, built, compiled, found, slack))
        elif slack.rule != "cash_balance":
            conflicts.append(_capacity_conflict(study, program, repairs, found, slack))
    short = {s: a for s, a in found.amounts.items() if s.rule == "cash_balance"}
    if short:
        conflicts += _cash_conflicts(study, repairs, short)
    return InfeasibleError(conflicts)


def _capacity_slacks(program: ElasticProgram) -> list[Slack]:
    """Return one slack per rule and place, acting in every month."""
    groups: dict[tuple[str, str], list[int]] = {}
    for rule in _PRICES:
        for index, row in program.row_of.get(rule, {}).items():
            parts = index if isinstance(index, tuple) else (index,)
            place = " ".join(str(p) for p in parts if isinstance(p, str))
            groups.setdefault((rule, place), []).append(row)
    return [
        Slack(rule, place, _UNITS[rule], _PRICES[rule], program.easing(rows))
        for (rule, place), rows in groups.items()
    ]


def _cash_slacks(study: Study, program: ElasticProgram) -> list[Slack]:
    """Return a gift of cash per month, a little dearer the earlier it comes."""
    slacks = []
    for period, row in sorted(program.row_of["cash_balance"].items()):
        column = program.column_of["cash_usd_m"][period]
        sign = -1.0 if program.coefficient(row, column) > 0.0 else 1.0
        early = 1.0 - period / study.time.months
        slacks.append(
            Slack(
                "cash_balance",
                "company",
                "USD",
                1.0 + 1e-3 * early,
                ((row, sign),),
                period=period,
            )
        )
    return slacks


def _capacity_conflict(
    study: Study,
    program: ElasticProgram,
    repairs: Repairs,
    found: ElasticSolution,
    slack: Slack,
) -> Conflict:
    amount = found.amounts[slack]
    month = add_months(
        study.time.start_month, program.first_breach(slack, found.values)
    )
    return Conflict(
        rule=slack.rule,
        where=slack.where,
        month=month,
        amount=amount,
        unit=slack.unit,
        repair=repairs.of_capacity(slack, amount, month),
    )


def _hurdle_conflict(
    study: Study,
    built: BuiltModel,
    compiled: Compiled,
    found: ElasticSolution,
    slack: Slack,
) -> Conflict:
    """Name the rate that the site reaches in the plan with the least shortage."""
    site = study.site(slack.where)
    values = clean_values(compiled, found.values)
    decided = extract_plan(study, built, compiled, values, "least shortage")
    ledger = evaluate(study, decided, base_paths(study))
    rate = irr(ledger.site_flow_usd()[0, study.site_index(site.id)]).rate
    per_year = (1.0 + rate) ** MONTHS_PER_YEAR - 1.0
    short = found.amounts[slack]
    asked = f"hurdle_rate_per_year of {site.id} is {site.hurdle_rate_per_year:.3f}"
    if math.isfinite(per_year) and 0.0 <= per_year < site.hurdle_rate_per_year:
        best = math.floor(per_year * 1e3) / 1e3
        repair = f"{asked}: set it to {best:.3f} or lower."
    else:
        repair = (
            f"{asked}, and its fixed costs outweigh all it may earn at any rate: cut "
            f"them by {money(short, up=True)} in present value, or give the site the "
            "status operating so that no hurdle holds."
        )
    return Conflict(
        "hurdle", site.id, study.time.start_month, short * 1e6, "USD", repair
    )


def _cash_conflicts(
    study: Study, repairs: Repairs, short: dict[Slack, float]
) -> list[Conflict]:
    """Return the shortage of cash and, where they cause it, the notice periods."""
    total = sum(short.values())
    first = min(slack.period for slack in short)
    month = add_months(study.time.start_month, first)
    conflicts = [
        Conflict(
            rule="cash_floor",
            where="company",
            month=month,
            amount=total * 1e6,
            unit="USD",
            repair=repairs.of_cash(total, first),
        )
    ]
    for site in study.sites:
        terms = site.partner
        if terms is None:
            continue
        held_months = max(terms.min_term_months, terms.notice_months)
        months, repair = repairs.of_notice(site, total, month)
        if repair:
            conflicts.append(
                Conflict(
                    rule="notice_period",
                    where=site.id,
                    month=month,
                    amount=float(held_months - months),
                    unit="months",
                    repair=repair,
                )
            )
    return conflicts
