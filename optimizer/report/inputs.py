# SPDX-License-Identifier: Apache-2.0
"""Where the report comes from: inputs and their sources, warnings, checks, the run.

What does not belong here: results.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from optimizer.report.data import ReportData
from optimizer.report.exhibit import Exhibit, Fold
from optimizer.report.formats import count, percent, sentence
from optimizer.report.style import new_figure
from optimizer.report.table import AS_GIVEN, Cell, Column, Table, number, text
from sites.provenance import assumption_share_frac, grade_counts
from sites.sources import GRADES

if TYPE_CHECKING:
    from optimizer.report.data import AnyReportData
    from sites import InputNumber

__all__ = [
    "checks_exhibit",
    "run_exhibit",
    "sources_exhibit",
    "warnings_exhibit",
]

_GRADE_COLOURS = {
    "P": "#1F3A5F",
    "T": "#3F6C9B",
    "V": "#7FA3C7",
    "D": "#B9C9DA",
    "M": "#E0A458",
    "": "#C75146",
}


def sources_exhibit(data: AnyReportData) -> Exhibit:
    """Return every input number with source, date and grade.

    Parameters
    ----------
    data : AnyReportData
        Provenance of the study.
    """
    numbers = data.provenance
    share = assumption_share_frac(numbers)
    late = sum(one.is_after_study_date for one in numbers)
    bare = sum(not one.has_source for one in numbers)
    words = (
        f"{percent(share, 0)} of {count(len(numbers), 'input number')} are assumptions "
        f"of this study, {count(bare, 'number')} "
        f"{'has' if bare == 1 else 'have'} no source and {late} "
        f"{'holds' if late == 1 else 'hold'} for a day after {data.study.as_of_date}"
    )
    columns = (
        text("key", "Input"),
        number("value", "Value", decimals=AS_GIVEN),
        text("unit", "Unit"),
        number("low", "Low", decimals=AS_GIVEN),
        number("high", "High", decimals=AS_GIVEN),
        text("grade", "Grade"),
        Column("source", "Source", kind="link"),
        text("as_of", "As of"),
        text("after_study_date", "After study date"),
        text("note", "Note"),
    )
    return Exhibit(
        id="sources",
        title="Inputs and their sources",
        reading=sentence(words),
        figure=_grades_figure(numbers),
        table=Table(
            "sources",
            "Every number of the study",
            columns,
            tuple(_source_row(one) for one in numbers),
            note="Grades: "
            + "; ".join(f"{key} {meaning}" for key, meaning in GRADES.items())
            + ".",
        ),
        is_searchable=True,
    )


def _source_row(one: InputNumber) -> tuple[Cell, ...]:
    title = one.source_title.replace("|", "/")
    address = one.source.url if one.source is not None else ""
    return (
        one.key,
        one.value,
        one.unit,
        one.low,
        one.high,
        one.grade or "-",
        f"{title}|{address}",
        one.as_of,
        "yes" if one.is_after_study_date else "",
        one.note,
    )


def _grades_figure(numbers: tuple[InputNumber, ...]) -> go.Figure:
    counts = grade_counts(numbers)
    figure = new_figure(120, barmode="stack", margin={"l": 8, "r": 8, "t": 34, "b": 36})
    for grade, colour in _GRADE_COLOURS.items():
        if not counts.get(grade):
            continue
        meaning = GRADES.get(grade, "no grade").split(",")[0]
        figure.add_trace(
            go.Bar(
                orientation="h",
                x=[counts[grade]],
                y=["Inputs"],
                name=f"{grade or 'none'}: {meaning} ({counts[grade]})",
                marker={"color": colour},
                hovertemplate="%{x} numbers<extra></extra>",
            )
        )
    figure.update_yaxes(visible=False)
    figure.update_xaxes(title_text="Input numbers by grade of source")
    figure.update_layout(legend={"y": 1.02, "font": {"size": 11}})
    return figure


def warnings_exhibit(data: AnyReportData) -> Exhibit:
    """Return inputs that are allowed but odd.

    Parameters
    ----------
    data : AnyReportData
        Warnings of the study.
    """
    rows = tuple((one.key, one.message) for one in data.warnings)
    words = (
        f"{count(len(rows), 'input')} {'is' if len(rows) == 1 else 'are'} allowed but "
        "odd: read the results with them in mind"
        if rows
        else "no input is suspicious"
    )
    columns = (text("input", "Input"), text("what_is_odd", "What is odd"))
    return Exhibit(
        id="warnings",
        title="Suspicious inputs",
        reading=sentence(words),
        table=Table("warnings", "Inputs that are odd", columns, rows),
    )


def checks_exhibit(data: ReportData) -> Exhibit:
    """Return everything that was counted again after the solver had spoken.

    Parameters
    ----------
    data : ReportData
        Plans and run with their checks.
    """
    rows = _check_rows(data)
    outcomes = Counter(row[2] for row in rows)
    own = [row[1] for row in rows if row[2] == "failed" and row[0] == "Plan"]
    others = outcomes["failed"] - len(own)
    words = f"{outcomes['passed']} of {count(len(rows), 'check')} passed"
    if own:
        words += f"; the plan itself fails: {', '.join(own)}"
    elif others:
        words += (
            f"; the plan passes all its own, {others} "
            f"{'fails' if others == 1 else 'fail'} in plans it is compared with (naive "
            "plans are made without hurdles)"
        )
    columns = (
        text("plan", "Plan"),
        text("check", "Check"),
        Column("outcome", "Outcome", kind="tag"),
        text("measured", "Measured"),
    )
    return Exhibit(
        id="checks",
        title="Checks",
        reading=sentence(words),
        table=Table(
            "checks",
            "Checks of the plan",
            columns,
            tuple(row for row in rows if row[0] == "Plan"),
        ),
        folds=(
            Fold(
                "Checks of the plans it is compared with",
                (
                    Table(
                        "checks_compared",
                        "Checks of the plans compared",
                        columns,
                        tuple(row for row in rows if row[0] != "Plan"),
                    ),
                ),
            ),
        ),
        note=(
            "After every solve the plan is rebuilt from its cleaned decisions and "
            "valued again by the monthly engine; the solver's word is not taken."
        ),
    )


def _check_rows(data: ReportData) -> list[tuple[str, str, str, str]]:
    """Return plan, check, outcome and measure of every check, failures first."""
    rows: list[tuple[str, str, str, str]] = []
    for check in data.run.checks:
        rows.append(
            ("Plan", check.name, "passed" if check.is_good else "failed", check.text)
        )
    seen = {row[1] for row in rows}
    for name, result in data.compared.items():
        rows += [
            (
                name,
                one.name,
                "passed" if one.passed else "failed",
                f"{one.measured + 0.0:.3g} {one.unit}, "
                f"allowed {one.allowed:.3g} {one.unit}",
            )
            for one in result.checks
            if name != "Plan" or one.name not in seen
        ]
    return sorted(rows, key=lambda row: row[2] != "failed")


def run_exhibit(data: AnyReportData) -> Exhibit:
    """Return how the run was made: commands, size, times, versions.

    Parameters
    ----------
    data : AnyReportData
        Run, and the plan if there is one.
    """
    run = data.run
    plan = data.plan if isinstance(data, ReportData) else None
    rows: list[tuple[str, str]] = [
        ("Run", run.run_id or "not written to a folder"),
        ("Made", run.created_utc or "-"),
        ("Study", f"{data.study.id}: {data.study.title}"),
        ("Facts as of", data.study.as_of_date),
        ("Hash of all inputs", run.inputs_sha256[:16] or "-"),
    ]
    rows += [("Command", command) for command in dict.fromkeys(run.commands)]
    if run.seed is not None:
        rows.append(("Seed", str(run.seed)))
    if run.backend:
        rows.append(("Computed on", f"{run.backend}, {run.device}".rstrip(", ")))
    if plan is not None and plan.n_rows:
        rows.append(
            (
                "Size of the model",
                f"{plan.n_rows:,} rows, {plan.n_columns:,} columns, "
                f"{plan.n_integers:,} integers",
            )
        )
    timings = run.timings_s or ({} if plan is None else plan.timings_s)
    rows += [(f"Time to {name}", f"{value:.1f} s") for name, value in timings.items()]
    rows += [(f"Version of {name}", value) for name, value in run.versions.items()]
    columns = (text("what", "What"), text("value", "Value"))
    total = timings.get("total", sum(timings.values()))
    words = f"run {run.run_id or 'in memory'} of study {data.study.id}"
    if timings:
        words += f", {total:.0f} s in all"
    return Exhibit(
        id="run",
        title="The run",
        reading=sentence(words),
        table=Table("run", "How it was made", columns, tuple(rows)),
    )
