# SPDX-License-Identifier: Apache-2.0
"""Order and text of the report: which exhibits stand in which section.

What is missing is left out and named with the command that makes it. What does not
belong here: the exhibits themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpu.liquidity import has_btc_loan
from optimizer.opening_range import assumed_loan_terms
from optimizer.report.cash import cash_exhibits, cash_missing
from optimizer.report.exhibit import Exhibit, Section
from optimizer.report.explained import explain_exhibits
from optimizer.report.fan import treasury_fan
from optimizer.report.figures.breakeven import breakeven_exhibit
from optimizer.report.figures.capacity import capacity_exhibit
from optimizer.report.figures.comparison import comparison_exhibit
from optimizer.report.figures.contest import contest_exhibits, project_exhibits
from optimizer.report.figures.distribution import npv_exhibit
from optimizer.report.figures.drivers import drivers_exhibit
from optimizer.report.figures.gantt import gantt_exhibit
from optimizer.report.figures.joint import equity_exhibit
from optimizer.report.figures.merit import merit_exhibit
from optimizer.report.figures.partner import partner_exhibit
from optimizer.report.figures.returns import irr_exhibit
from optimizer.report.figures.stories import stress_exhibit
from optimizer.report.figures.tornado import tornado_exhibit
from optimizer.report.figures.treasury import treasury_exhibit
from optimizer.report.figures.waterfall import waterfall_exhibit
from optimizer.report.formats import count
from optimizer.report.inputs import (
    checks_exhibit,
    run_exhibit,
    sources_exhibit,
    warnings_exhibit,
)
from optimizer.report.ledger import ledger_exhibit
from optimizer.report.margin import margin_exhibits, margin_missing
from optimizer.report.policies import policy_sections
from optimizer.report.screened import screen_exhibits
from optimizer.report.statements import statement_exhibits
from optimizer.report.surfaces import surface_exhibits
from optimizer.risk_tables import terms_note
from optimizer.sensitivity import sensitivity

if TYPE_CHECKING:
    from optimizer.report.data import ReportData

__all__ = ["sections"]


def sections(data: ReportData) -> tuple[Section, ...]:
    """Return the chapters of the report.

    Parameters
    ----------
    data : ReportData
        The run.
    """
    return (
        _plan(data),
        _value(data),
        _money(data),
        _margin(data),
        *policy_sections(data),
        _risk(data),
        _prices(data),
        _why(data),
        _screening(data),
        _statements(data),
        Section(
            "ledger-section",
            "Ledger",
            (ledger_exhibit(data.study, data.plan),),
        ),
        _trust(data),
    )


def _plan(data: ReportData) -> Section:
    study, plan = data.study, data.plan
    return Section(
        "plan",
        "The plan",
        (
            capacity_exhibit(study, plan, data.baseline),
            gantt_exhibit(study, plan),
        ),
        lead=(
            "What each megawatt does, site by site and month by month, and what has to "
            "be ordered, built and signed for it."
        ),
    )


def _value(data: ReportData) -> Section:
    exhibits: list[Exhibit] = [
        waterfall_exhibit(data.study, data.plan, data.baseline),
        comparison_exhibit(data),
        *contest_exhibits(data.contest),
    ]
    partner = partner_exhibit(data)
    if partner is not None:
        exhibits.append(partner)
    return Section(
        "value",
        "What it is worth",
        tuple(exhibits),
        lead=(
            "Value is after tax, to present holders, on the base path of prices. "
            "Business as usual keeps existing machines, sites and contracts, and sells "
            "BTC only to hold the cash floor."
        ),
        missing=""
        if data.others
        else (
            f"Naive plans and run-off are not in this run: `{_plan_command(data)}` "
            "finds them."
        ),
    )


def _plan_command(data: ReportData) -> str:
    return f"wattplan plan {data.study.id} --compare"


def _money(data: ReportData) -> Section:
    fan = None
    if data.scores is not None:
        fan = treasury_fan(
            data.study, data.plan.plan, data.scores.seed, data.scores.n_scenarios
        )
    return Section(
        "money",
        "Cash, BTC and loan",
        (
            treasury_exhibit(data.study, data.plan, data.baseline, fan),
            *cash_exhibits(data.cash, data.study.company.cash_floor_usd),
        ),
        lead=_terms(data),
        missing=cash_missing(data.cash),
    )


def _margin(data: ReportData) -> Section:
    lead = (
        "When the lender of the loan on pledged BTC would ask for more, how that is "
        "met, and what it costs: played out in every sampled scenario."
    )
    return Section(
        "margin-section",
        "Margin and liquidity risk",
        margin_exhibits(data.study, data.score),
        lead=f"{lead} {_terms(data)}".strip(),
        missing=margin_missing(data.study, data.score),
    )


def _terms(data: ReportData) -> str:
    """Return which loan terms are assumptions, where there is a loan."""
    if not has_btc_loan(data.study, data.plan.plan):
        return ""
    return terms_note(assumed_loan_terms(data.provenance))


def _risk(data: ReportData) -> Section:
    exhibits: list[Exhibit] = []
    missing = []
    if data.scores is None or not data.scores.distributions:
        missing.append(
            "Distributions of NPV and IRR are not in this run: `wattplan score DIR` "
            "draws them."
        )
    else:
        exhibits += [
            npv_exhibit(data.study, data.scores),
            irr_exhibit(data.study, data.plan, data.scores),
        ]
        joint = equity_exhibit(data.study, data.scores)
        if joint is not None:
            exhibits.append(joint)
    if data.drivers is None:
        missing.append(
            "What drives the figures is not in this run: `wattplan drivers DIR` finds "
            "it."
        )
    else:
        exhibits.append(drivers_exhibit(data.drivers))
    moved = sensitivity(data.study, data.plan.plan, data.provenance)
    exhibits.append(tornado_exhibit(data.study, moved))
    if data.stress:
        exhibits.append(stress_exhibit(data.stress, _terms(data)))
    else:
        missing.append("Stories are not in this run: `wattplan stress DIR` tells them.")
    return Section(
        "risk",
        "How sure it is",
        tuple(exhibits),
        lead=(
            "The plan's decisions are kept and run through other futures: sampled "
            "scenarios of prices, delays, overruns and clients who stop paying, one "
            f"input at a time, and named stories. {_terms(data)}"
        ).strip(),
        missing=" ".join(missing),
    )


def _prices(data: ReportData) -> Section:
    return Section(
        "prices",
        "What would change it",
        (
            breakeven_exhibit(data.study),
            *surface_exhibits(data.surfaces),
            merit_exhibit(data.study),
        ),
        lead="At which prices another use of the same power would be the better one.",
        missing=""
        if data.surfaces
        else (
            "Maps over BTC price, network, power price and GPU rent are not in this "
            "run: `wattplan drivers DIR` draws them."
        ),
    )


def _why(data: ReportData) -> Section:
    return Section(
        "why",
        "Why not the rest",
        explain_exhibits(data),
        missing=_explain_missing(data),
    )


def _explain_missing(data: ReportData) -> str:
    if data.explain is None:
        return (
            "Reasons and break-evens of what was not chosen are not in this run: "
            "`wattplan explain DIR` finds them."
        )
    n_open = len(data.explain.left_out)
    if not n_open:
        return ""
    left = count(n_open, "answer")
    return (
        f"{left} left out for want of time: `wattplan explain DIR` finishes the rest."
    )


def _screening(data: ReportData) -> Section:
    return Section(
        "screen",
        "Candidate projects",
        (*screen_exhibits(data), *project_exhibits(data.contest)),
        missing=""
        if data.screen
        else (
            "Candidate projects were not screened in this run: "
            "`wattplan screen DIR` ranks them."
        ),
    )


def _statements(data: ReportData) -> Section:
    lead = (
        "What the books would show, month by month, if the plan is carried out and "
        "prices follow the base path."
    )
    rate = [n for n in data.provenance if n.key == "company.loan.rate_per_year"]
    if any(number.is_assumption for number in rate):
        lead += (
            " Interest rests on an assumption: the terms of the BTC loan are not "
            "published."
        )
    exhibits = statement_exhibits(data.study, data.plan)
    return Section("statements", "Statements", exhibits, lead=lead)


def _trust(data: ReportData) -> Section:
    exhibits = [
        warnings_exhibit(data),
        checks_exhibit(data),
        sources_exhibit(data),
        run_exhibit(data),
    ]
    return Section(
        "trust",
        "What it rests on",
        tuple(exhibits),
        missing=" ".join(
            f"Left out: {item}."
            for item in data.run.left_out
            if not item.startswith("explain")
        ),
    )
