# SPDX-License-Identifier: Apache-2.0
"""Diagnosis: why no plan meets the rules, in MW, USD and months, and what mends it.

First the cheapest shortage is sought (cash, MW, GPUs); then every single repair is
tried on its own and named only if it suffices. The arrays behind it stand in
`optimizer.milp.elastic`.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from models.errors import Conflict, InfeasibleError, SolverError
from models.months import add_months
from optimizer.milp.elastic import ElasticProgram, Slack
from optimizer.milp.repairs import Repairs

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.milp.compile import Compiled
    from optimizer.milp.elastic import ElasticSolution
    from optimizer.milp.model import BuiltModel

__all__ = ["diagnose"]

_LIMIT_S: Final = 120.0
"""Time for a whole diagnosis. [s]"""
_PRICES: Final = {
    "shell_limit": 1000.0,
    "power_limit": 1000.0,
    "gpu_pool": 100.0,
    "resale_depth": 100.0,
    "forced_use": 10.0,
    "forced_phase": 1000.0,
    "forced_phase_use": 100.0,
    "hurdle": 10.0,
}
"""USD m per unit; cash costs one."""
_UNITS: Final = {
    "shell_limit": "MW",
    "power_limit": "MW",
    "gpu_pool": "GPU",
    "resale_depth": "EH/s",
    "forced_use": "MW-months",
    "forced_phase": "phase",
    "forced_phase_use": "MW",
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
    found = _least_shortage(study, program)
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
        if slack.rule != "cash_balance":
            conflicts.append(_conflict(study, program, repairs, found, slack))
    short = {s: a for s, a in found.amounts.items() if s.rule == "cash_balance"}
    if short:
        conflicts += _cash_conflicts(study, repairs, short)
    return InfeasibleError(conflicts)


def _least_shortage(study: Study, program: ElasticProgram) -> ElasticSolution | None:
    """Return the least shortage of capacity whatever it costs, then of cash."""
    physical = program.solve(
        _capacity_slacks(program),
        time_limit_s=_LIMIT_S / 4,
        dropped_rows=program.row_of["cash_floor"].values(),
    )
    if physical is None:
        return None
    needed = [
        replace(slack, most=amount * (1.0 + 1e-6) + 1e-6)
        for slack, amount in physical.amounts.items()
    ]
    return program.solve(
        [*needed, *_cash_slacks(study, program)], time_limit_s=_LIMIT_S / 4
    )


def _capacity_slacks(program: ElasticProgram) -> list[Slack]:
    """Return one slack per rule and place, acting in every month."""
    groups: dict[tuple[str, str], list[int]] = {}
    for rule in _PRICES:
        for index, row in program.row_of.get(rule, {}).items():
            parts = index if isinstance(index, tuple) else (index,)
            place = " ".join(p for p in parts if isinstance(p, str)) or "company"
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


def _conflict(
    study: Study,
    program: ElasticProgram,
    repairs: Repairs,
    found: ElasticSolution,
    slack: Slack,
) -> Conflict:
    amount = found.amounts[slack]
    first = program.first_breach(slack, found.values)
    month = add_months(study.time.start_month, first)
    is_money = slack.unit == "USD"
    repair = (
        repairs.of_hurdle(slack, amount)
        if slack.rule == "hurdle"
        else repairs.of_capacity(slack, amount, month)
    )
    return Conflict(
        rule=slack.rule,
        where=slack.where,
        month=month,
        amount=amount * 1e6 if is_money else amount,
        unit=slack.unit,
        repair=repair,
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
