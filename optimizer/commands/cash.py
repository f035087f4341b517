# SPDX-License-Identifier: Apache-2.0
"""`wattplan cash`: options, tables for the terminal, JSON, CSV.

What does not belong here: the answers (`optimizer.cash`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimizer.commands.options import JsonOption, SeedOption, command_line
from optimizer.console import output_console, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from optimizer.cash_tables import CashCell, CashTable

__all__ = ["cash"]

_GAP = 2
_NOT_SHOWN = {"cash_terms", "cash_weeks_low", "cash_weeks_high"}
_SHOWN = {
    "USD": ("USD m", 1e-6, 2),
    "BTC": ("BTC", 1.0, 0),
    "USD/BTC": ("USD", 1.0, 0),
    "share 0-1": ("%", 100.0, 1),
    "EH/s": ("EH/s", 1.0, 2),
    "days": ("days", 1.0, 2),
    "quarters": ("quarters", 1.0, 1),
    "day of month": ("", 1.0, 0),
}


def cash(
    place: Annotated[
        str,
        typer.Argument(
            metavar="RUN or STUDY",
            help="Folder of a run: its plan. A study file or a bundled study: business "
            "as usual.",
        ),
    ] = "base",
    *,
    weeks: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Week by week for N weeks from the start of the study; 13 where "
            "nothing else is asked.",
        ),
    ] = None,
    quarter: Annotated[
        str | None,
        typer.Option(
            metavar="2025Q4",
            help="A quarter that has begun: published balances, reported output, and "
            "the plan for the rest.",
        ),
    ] = None,
    segment: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Cash effect of a side business, such as auto, beside depreciation.",
        ),
    ] = None,
    scenarios: Annotated[
        int, typer.Option(metavar="N", help="Sampled scenarios of the weekly view.")
    ] = 2_000,
    seed: SeedOption = 1,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write the tables to this CSV file."
        ),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Answer the finance team's standing questions of cash."""
    from optimizer.cash import ask_cash
    from optimizer.cash_files import check_csv_target, write_csv_file

    check_csv_target(out)
    command = command_line("cash", place)
    for name, value in (("weeks", weeks), ("quarter", quarter), ("segment", segment)):
        if value is not None:
            command += f" --{name} {value}"
    answer = ask_cash(
        place,
        weeks=weeks,
        quarter=quarter,
        segment=segment,
        n_scenarios=scenarios,
        seed=seed,
        command=command,
    )
    if out is not None:
        write_csv_file(out, answer.csv)
    if json_output:
        print_json({"cash": answer.to_dict()})
        return
    console = output_console()
    console.print(
        f"{answer.title}: {answer.study_id}, {answer.plan_label}",
        style="bold",
        markup=False,
    )
    for text in answer.texts:
        console.print(f"  {text}", markup=False)
    console.print()
    for table in answer.tables:
        if table.id not in _NOT_SHOWN:
            _show(table, console)
    if any(table.id in _NOT_SHOWN for table in answer.tables):
        console.print(
            "Low and high case line by line: --out FILE.csv. Payment terms and their "
            "ranges: --json, the company file, or the report of a run.",
            markup=False,
        )
    if out is not None:
        console.print(f"Written: {out}", markup=False)


def _show(table: CashTable, console: Console) -> None:
    """Print a table, its columns in as many blocks as the width asks for."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    units = [_SHOWN[row.unit] for row in table.rows]
    cells = [
        [_cell(cell, scale, digits) for cell in row.cells]
        for row, (_, scale, digits) in zip(table.rows, units, strict=True)
    ]
    head = max(len(row.label) for row in table.rows) + max(len(u[0]) for u in units)
    widths = [
        max(len(column.label), *(len(row[place]) for row in cells)) + _GAP
        for place, column in enumerate(table.columns)
    ]
    for span in _blocks(widths, console.width - head - 2 * _GAP - 2):
        shown = Table(
            title=table.title if span.start == 0 else None,
            title_justify="left",
            title_style="bold",
            header_style="bold",
            box=SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
        )
        shown.add_column("", no_wrap=True)
        shown.add_column("", no_wrap=True)
        for column in table.columns[span]:
            shown.add_column(column.label, justify="right", no_wrap=True)
        for row, (unit, _, _), texts in zip(table.rows, units, cells, strict=True):
            style = "bold" if row.is_strong else ""
            shown.add_row(
                Text(row.label), Text(unit), *map(Text, texts[span]), style=style
            )
        console.print(shown)
    if table.note:
        console.print(table.note, markup=False)
        console.print()


def _blocks(widths: list[int], room: int) -> list[slice]:
    """Return runs of columns that fit beside each other, at least one in each."""
    blocks, first, used = [], 0, 0
    for place, width in enumerate(widths):
        if used + width > room and place > first:
            blocks.append(slice(first, place))
            first, used = place, 0
        used += width
    return [*blocks, slice(first, len(widths))]


def _cell(cell: CashCell, scale: float, digits: int) -> str:
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, str):
        return cell
    text = f"{cell * scale:,.{digits}f}"
    return text if text.strip("-0.,") else "-"
