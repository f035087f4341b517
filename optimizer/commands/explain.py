# SPDX-License-Identifier: Apache-2.0
"""`wattplan explain`: options, tables for the terminal, JSON.

What does not belong here: the answers (`optimizer.explain`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from optimizer.commands.options import JsonOption, RunArgument, command_line
from optimizer.console import (
    error_console,
    live_progress,
    output_console,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from optimizer.explain import Explanation

__all__ = ["explain"]

MILLION = 1e6
SHOWN_MONTHS = 6


def explain(
    folder: RunArgument,
    *,
    seconds: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            min=0.0,
            help="Stop after this time and name what is left. Default: finish.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, help="Processes; 0 uses none but this one. Default: 2."
        ),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Say why sites and lines were not chosen, and when they would be."""
    from optimizer.explain import explain_run, loan_terms_note
    from optimizer.interrupts import stop_on_interrupt

    command = command_line("explain", folder)
    if seconds is not None:
        command += f" --seconds {seconds:g}"
    with stop_on_interrupt() as should_stop, live_progress("Explaining") as live:
        found = explain_run(
            folder,
            budget_s=seconds,
            say=live.say,
            n_workers=workers,
            should_stop=should_stop,
            command=command,
        )
    if (folder / "report.html").is_file():
        from optimizer.report import write_report

        with live_progress("Writing the report"):
            write_report(folder)
    note = loan_terms_note(folder)
    if json_output:
        print_json({"explain": found.to_dict(), "loan_terms_note": note})
    else:
        _show(found)
        if note:
            output_console().print(note, markup=False)


def _show(found: Explanation) -> None:
    _show_why_not(found)
    _show_break_evens(found)
    _show_contracts(found)
    _show_marginal(found)
    for name, reason in found.failures.items():
        error_console().print(f"Not answered: {name}: {reason}", markup=False)
    for text in found.left_out:
        output_console().print(f"Left out for want of time: {text}", markup=False)
    if found.left_out:
        output_console().print("wattplan explain, without --seconds, finishes these.")


def _show_why_not(found: Explanation) -> None:
    titles = {question.id: question for question in found.questions}
    rows = [
        (
            titles[answer.question].title,
            f"{titles[answer.question].least:g} {titles[answer.question].unit}",
            _usd_m(answer.npv_lost_usd),
            _span(answer.npv_lost_low_usd, answer.npv_lost_high_usd),
            _share(answer.site_irr_per_year),
            _share(answer.hurdle_rate_per_year),
            ", ".join(answer.blocked_by)
            or ", ".join(
                f"{name.replace('_', ' ')} {mw:,.0f}"
                for name, mw in answer.used_mw_months.items()
            ),
        )
        for answer in found.why_not
    ]
    headings = (
        "Why not",
        "forced",
        "NPV lost, USD m",
        "proven range",
        "site IRR",
        "hurdle",
        "best use, MW-months, or what forbids it",
    )
    if rows:
        print_table(headings, rows, title="What forcing it would cost")


def _show_break_evens(found: Explanation) -> None:
    titles = {question.id: question.title for question in found.questions}
    rows = [(titles[entry.question], entry.text) for entry in found.break_evens]
    if rows:
        print_table(("Why not", "chosen when"), rows, title="Break-evens")


def _show_contracts(found: Explanation) -> None:
    if not found.contracts:
        return
    months = found.contracts[0].committed_mw
    shown = range(0, len(months), max(len(months) // SHOWN_MONTHS, 1))
    rows = [
        (
            entry.label,
            entry.npv_usd / MILLION,
            entry.first_year_cash_usd / MILLION,
            entry.first_year_sold_btc,
            entry.mined_btc,
            ", ".join(f"{entry.committed_mw[t]:,.0f}" for t in shown),
        )
        for entry in found.contracts
    ]
    headings = (
        "Partner rates",
        "NPV, USD m",
        "first-year cash, USD m",
        "BTC sold in it",
        "BTC mined",
        "MW kept in month " + ", ".join(str(t) for t in shown),
    )
    print_table(headings, rows, title="The partner contract at both extremes")


def _show_marginal(found: Explanation) -> None:
    values = found.marginal
    if values is None:
        return
    shown = range(0, len(values.months), max(len(values.months) // SHOWN_MONTHS, 1))
    rows = [
        (
            row.site,
            row.resource.replace("_", " "),
            *(round(row.usd_per_mw_month[t]) for t in shown),
            round(row.total_usd_per_mw),
        )
        for row in values.rows
    ]
    headings = ("Site", "one more MW of", *(values.months[t] for t in shown), "sum")
    print_table(headings, rows, title="NPV of one more MW, USD per MW and month")


def _usd_m(value: float | None) -> float | None:
    return None if value is None else value / MILLION


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.1%}"


def _span(low: float | None, high: float | None) -> str | None:
    if low is None or high is None:
        return None
    return f"{low / MILLION:,.2f} to {high / MILLION:,.2f}"
