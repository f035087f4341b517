# SPDX-License-Identifier: Apache-2.0
"""Use case: the finance team's standing questions of cash, one function for all.

Command line, report, workbook and notebook all take their tables from here. What does
not belong here: the answers themselves (`optimizer.cash_weeks`,
`optimizer.cash_quarter`, `optimizer.cash_segment`) and the terminal.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from models.errors import ConfigError, Fault
from optimizer.cash_basis import terms_table, ties_table
from optimizer.cash_cases import CASES
from optimizer.cash_quarter import cash_quarter
from optimizer.cash_quarter_tables import quarter_tables, segment_table
from optimizer.cash_segment import cash_segment
from optimizer.cash_source import open_cash_source
from optimizer.cash_tables import (
    bands_table,
    csv_columns,
    weeks_csv,
    weeks_table,
)
from optimizer.cash_texts import quarter_texts, weeks_texts
from optimizer.cash_weeks import DEFAULT_SCENARIOS, cash_weeks
from optimizer.runfolder import RunWriter

if TYPE_CHECKING:
    from optimizer.cash_source import CashSource
    from optimizer.cash_tables import CashCell, CashTable

__all__ = ["CASH_FILE", "DEFAULT_WEEKS", "CashAnswer", "answer_cash", "ask_cash"]

CASH_FILE: Final = "cash.json"
"""File of a run that holds the answers given so far."""
DEFAULT_WEEKS: Final = 13

Kind = Literal["weeks", "quarter", "segment"]


@dataclass(frozen=True, slots=True)
class CashAnswer:
    """The answer to one question.

    Parameters
    ----------
    kind : str
        ``weeks``, ``quarter`` or ``segment``.
    title : str
        What was asked.
    study_id, plan_label : str
        Of what it was asked.
    tables : tuple of CashTable
        Tables, the main one first.
    texts : tuple of str
        Sentences that read them.
    csv : dict of str to list
        The tables as one, for a CSV file; columns by key.
    """

    kind: Kind
    title: str
    study_id: str
    plan_label: str
    tables: tuple[CashTable, ...]
    texts: tuple[str, ...]
    csv: dict[str, list[CashCell]]

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain values; keys carry units."""
        return {
            "kind": self.kind,
            "title": self.title,
            "study_id": self.study_id,
            "plan_label": self.plan_label,
            "texts": list(self.texts),
            "tables": {
                table.id: {
                    "title": table.title,
                    "note": table.note,
                    "columns": [column.key for column in table.columns],
                    "rows": [_record(table, index) for index in range(len(table.rows))],
                }
                for table in self.tables
            },
        }

    def kept(self) -> dict[str, Any]:
        """Return the answer as a run keeps it, for the report to show."""
        return {
            "title": self.title,
            "texts": list(self.texts),
            "tables": [asdict(table) for table in self.tables],
        }


def ask_cash(
    place: str,
    *,
    weeks: int | None = None,
    quarter: str | None = None,
    segment: str | None = None,
    n_scenarios: int = DEFAULT_SCENARIOS,
    seed: int = 1,
    command: str = "wattplan cash",
) -> CashAnswer:
    """Answer one question of a run or a study; a run keeps the answer.

    Parameters
    ----------
    place : str
        Folder of a run, path of a study file, or name of a bundled study.
    weeks : int or None
        Weekly view of that many weeks; the question where none is given, with
        `DEFAULT_WEEKS`. [weeks]
    quarter : str or None
        Projection of that quarter, such as ``2025Q4``.
    segment : str or None
        Cash effect of that side business, such as ``auto``.
    n_scenarios : int
        Sampled scenarios of the weekly view. [unitless]
    seed : int
        Their seed. [unitless]
    command : str
        Command line, for the passport of a run.

    Returns
    -------
    CashAnswer
        Tables and sentences.

    Raises
    ------
    ConfigError
        With every fault of the arguments or of the study.
    ReportError
        If a folder holds no run, or it cannot be written.
    DataError
        If the run lacks its study or plan.
    """
    asked = {"--weeks": weeks, "--quarter": quarter, "--segment": segment}
    given = [name for name, value in asked.items() if value is not None]
    if len(given) > 1:
        allowed = "ask different questions."
        fault = Fault(" and ".join(given), "", "", allowed, "Ask one at a time.")
        raise ConfigError([fault])
    source = open_cash_source(place)
    answer = answer_cash(
        source,
        weeks=weeks,
        quarter=quarter,
        segment=segment,
        n_scenarios=n_scenarios,
        seed=seed,
    )
    if source.run is not None:
        _keep(source, answer, command)
    return answer


def answer_cash(
    source: CashSource,
    *,
    weeks: int | None = None,
    quarter: str | None = None,
    segment: str | None = None,
    n_scenarios: int = DEFAULT_SCENARIOS,
    seed: int = 1,
) -> CashAnswer:
    """Answer one question without writing anything, see `ask_cash`.

    Raises
    ------
    ConfigError
        With every fault of the arguments.
    """
    if quarter is not None:
        return _quarter(source, quarter)
    if segment is not None:
        return _segment(source, segment)
    n_weeks = DEFAULT_WEEKS if weeks is None else weeks
    return _weeks(source, n_weeks, n_scenarios, seed)


def _weeks(source: CashSource, n_weeks: int, n_scenarios: int, seed: int) -> CashAnswer:
    result = cash_weeks(source, n_weeks, n_scenarios=n_scenarios, seed=seed)
    return CashAnswer(
        kind="weeks",
        title=f"Cash of {n_weeks} weeks",
        study_id=result.study_id,
        plan_label=result.plan_label,
        tables=(
            weeks_table(result, result.base, "Cash week by week, base case"),
            bands_table(result),
            *(
                weeks_table(
                    result,
                    result.cases[case],
                    f"Cash week by week, {case} case",
                    f"cash_weeks_{case}",
                )
                for case in CASES
                if case != "base"
            ),
            ties_table(result),
            terms_table(source.bundle),
        ),
        texts=weeks_texts(result),
        csv=weeks_csv(result),
    )


def _quarter(source: CashSource, quarter: str) -> CashAnswer:
    result = cash_quarter(source, quarter)
    tables = quarter_tables(result)
    return CashAnswer(
        kind="quarter",
        title=f"Cash of {result.quarter}",
        study_id=result.study_id,
        plan_label=result.plan_label,
        tables=tables,
        texts=quarter_texts(result),
        csv=_stacked(tables),
    )


def _segment(source: CashSource, segment: str) -> CashAnswer:
    result = cash_segment(source, segment)
    table = segment_table(result)
    return CashAnswer(
        kind="segment",
        title=f"Cash effect of {result.name}",
        study_id=result.study_id,
        plan_label=result.plan_label,
        tables=(table,),
        texts=result.sentences,
        csv=csv_columns([(table.id, table)]),
    )


def _stacked(tables: tuple[CashTable, ...]) -> dict[str, list[CashCell]]:
    """Return tables of different columns below one another, line by line."""
    found: dict[str, list[CashCell]] = {
        key: [] for key in ("table", "line", "label", "column", "unit", "value")
    }
    for table in tables:
        for row in table.rows:
            for column, value in zip(table.columns, row.cells, strict=True):
                entry = (table.id, row.key, row.label, column.key, row.unit, value)
                for key, cell in zip(found, entry, strict=True):
                    found[key].append(cell)
    return found


def _record(table: CashTable, index: int) -> dict[str, Any]:
    row = table.rows[index]
    return {
        "key": row.key,
        "label": row.label,
        "unit": row.unit,
        "cells": dict(zip((c.key for c in table.columns), row.cells, strict=True)),
    }


def _keep(source: CashSource, answer: CashAnswer, command: str) -> None:
    """Write an answer into the run it was asked of, beside earlier ones."""
    run = source.run
    if run is None:
        return
    held: dict[str, Any] = {}
    if (run.folder / CASH_FILE).is_file():
        value = run.json(CASH_FILE)
        held = dict(value) if isinstance(value, dict) else {}
    held[answer.kind] = answer.kept()
    with RunWriter.extend(run.folder, command=command) as writer:
        writer.write_json(CASH_FILE, held)
        writer.write_csv(f"cash_{answer.kind}.csv", answer.csv)
