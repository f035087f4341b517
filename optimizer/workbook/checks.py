# SPDX-License-Identifier: Apache-2.0
"""Sheet of checks: balances tie, sites add up, the workbook gives the engine's figures.

Each check gives 0 when it holds; their sum is the master check shown on every sheet.
Figures of the run are compared only while no input is changed: afterwards the workbook
is meant to differ from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optimizer.workbook.expr import Call, Expr, flag
from optimizer.workbook.lines import TOTAL_COLUMN, Scalar, Series, column_name
from optimizer.workbook.sheets import Sheet
from optimizer.workbook.ties import tie_lines

if TYPE_CHECKING:
    from optimizer.workbook.company import Company
    from optimizer.workbook.draft import Draft, Tie
    from optimizer.workbook.expr import Number, Place
    from optimizer.workbook.lines import Moment
    from optimizer.workbook.outputs import Outputs
    from optimizer.workbook.segments import Segments
    from optimizer.workbook.site_ledger import SiteLedger
    from optimizer.workbook.statements import Statements

__all__ = ["Checks", "checks"]


@dataclass(slots=True)
class Checks:
    """Lines of the sheet of checks.

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    master : Scalar
        How many checks fail. [count]
    changed : Scalar
        How many inputs differ from the run's. [count]
    """

    sheet: Sheet
    master: Scalar
    changed: Scalar


def checks(
    draft: Draft,
    sites: list[SiteLedger],
    made: Company,
    results: Outputs,
    stated: Statements,
    parts: Segments,
) -> Checks:
    """Return the sheet of checks.

    Parameters
    ----------
    draft : Draft
        Workbook being put together.
    sites : list of SiteLedger
        Ledgers of all sites.
    made : Company
        Sheet of treasury and debt.
    results : Outputs
        Sheet of outputs.
    stated : Statements
        Sheet of statements.
    parts : Segments
        Sheet of segments.
    """
    sheet = Sheet("Checks", "Checks: each gives 0 when it holds")
    sheet.heading("Master check")
    master = sheet.value("Checks that fail", "count", style="integer", role="check")
    changed = sheet.value("Inputs that differ from the run's", "count", style="integer")
    changed.define(draft.inputs.changed_count())
    failed: list[Series] = []
    slack = draft.inputs.constant("tolerance_usd")

    def monthly(label: str, gap: Expr) -> None:
        line = Series(label, "fails", flag(Call("ABS", gap) > slack), style="flag")
        line.has_total, line.role = True, "check"
        failed.append(sheet.series(line))

    sheet.heading("The workbook in itself")
    for line in made.gaps:
        monthly(line.label, line)
    short = draft.inputs.number("company.cash_floor_usd") - made.balances.cash
    monthly("Cash under its floor", Call("MAX", short, 0))
    for line in (made.balances.free, made.balances.pledged, made.balances.loan):
        monthly(f"Negative: {line.label}", Call("MIN", line, 0))
    gap = results.by_site - results.by_item
    monthly("Flows of sites less the same by item", gap)
    for line in (stated.balance_gap, stated.cash_gap):
        monthly(line.label, line)
    ties = tie_lines(draft, sites, made, results, stated, parts)
    _tie_checks(draft, sheet, ties, changed, failed)
    master.define(_AllTotals(failed))
    return Checks(sheet, master, changed)


def _tie_checks(
    draft: Draft,
    sheet: Sheet,
    ties: list[Tie],
    changed: Scalar,
    failed: list[Series],
) -> None:
    """Compare the workbook with the engine's figures of the run."""
    slack = draft.inputs.constant("tolerance_usd")
    sheet.heading("The workbook gives the engine's figures (while no input is changed)")
    for tie in ties:
        draft.ties.append(tie)
        engine = Series(
            f"Engine: {tie.name}",
            tie.line.unit,
            given=tie.engine,
            style=tie.line.style,
            role="engine",
        )
        sheet.add(engine)
        gap = Call("ABS", tie.line - engine)
        line = Series(
            f"Differs: {tie.name}",
            "fails",
            (gap > slack) * changed.same(0),
            style="flag",
            total=True,
            role="check",
        )
        failed.append(sheet.series(line))


class _AllTotals(Expr):
    """Adds the totals of all checks up; nothing else on the sheet has a total."""

    def __init__(self, lines: list[Series]) -> None:
        self._lines = lines

    def text(self, place: Place) -> str:
        """Return the sum of the column of totals."""
        first, last = self._lines[0], self._lines[-1]
        start = first.total.text(place)
        return f"SUM({start}:${column_name(TOTAL_COLUMN)}${last.row + 1})"

    def value(self, moment: Moment) -> Number:
        """Return how many checks fail in all months. [count]."""
        return float(sum(moment.reader.months(line).sum() for line in self._lines))
