# SPDX-License-Identifier: Apache-2.0
"""What commands say: tables, JSON for machines, progress on long work.

Standard output carries results, standard error everything else. Colour and progress
appear only on a terminal. What does not belong here: what the results are.
"""

from __future__ import annotations

import json
import math
import sys
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from optimizer.console_layout import TableColumn, panels, widths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console
    from rich.progress import Progress, TaskID
    from rich.table import Table

    from optimizer.milp.solve import Progress as SolverState

__all__ = [
    "JsonValue",
    "LiveProgress",
    "dump_json",
    "error_console",
    "live_progress",
    "output_console",
    "print_json",
    "print_pairs",
    "print_table",
    "to_json_value",
]

JsonValue: TypeAlias = (
    "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
)

# Wide enough for every table when output goes to a file or a pipe.
PLAIN_WIDTH = 160


def output_console() -> Console:
    """Return the console of results: coloured on a terminal, plain elsewhere."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return Console(width=width, highlight=False)


def error_console() -> Console:
    """Return the console of messages, on standard error."""
    from rich.console import Console

    width = None if sys.stderr.isatty() else PLAIN_WIDTH
    return Console(stderr=True, width=width, highlight=False)


def to_json_value(value: object) -> JsonValue:
    """Return a value as JSON can carry it.

    Parameters
    ----------
    value : object
        Mapping, sequence, dataclass, pydantic record, path, NumPy scalar or array.

    Returns
    -------
    JsonValue
        Plain value; NaN and infinities become None, floats keep every digit.

    Raises
    ------
    TypeError
        If a value of another kind is met.
    """
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): to_json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [to_json_value(item) for item in items]
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return to_json_value(asdict(value))
    for method in ("model_dump", "tolist", "isoformat"):
        convert = getattr(value, method, None)
        if convert is not None:
            return to_json_value(convert())
    msg = f"cannot write {type(value).__name__} as JSON"
    raise TypeError(msg)


def dump_json(value: object, *, indent: int | None = 2) -> str:
    """Return a value as JSON text, pure ASCII, that every strict parser reads."""
    return json.dumps(to_json_value(value), indent=indent, allow_nan=False)


def print_json(value: object) -> None:
    """Write a value as JSON, and nothing else, to standard output."""
    sys.stdout.write(dump_json(value) + "\n")
    sys.stdout.flush()


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = ""
) -> None:
    """Print a table; numbers stand to the right.

    On a narrow terminal columns that do not fit follow below, beside the first again.

    Parameters
    ----------
    columns : sequence of str
        Headings, each with its unit.
    rows : sequence of sequence of object
        Cells, as many per row as there are columns; None shows as a dash.
    title : str
        Line above the table; empty for none.
    """
    shown = [[_cell(value) for value in row] for row in rows]
    layout = [
        TableColumn(
            heading, [row[index] for row in shown], is_number=_is_number(rows, index)
        )
        for index, heading in enumerate(columns)
    ]
    console = output_console()
    for panel in panels(layout, console.width):
        console.print(_drawn(panel, title, console.width))
        title = ""


def _is_number(rows: Sequence[Sequence[object]], index: int) -> bool:
    """Return whether a column holds numbers, whatever is missing."""
    cells = [row[index] for row in rows if row[index] is not None]
    return bool(cells) and all(
        isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells
    )


def _drawn(panel: Sequence[TableColumn], title: str, room: int) -> Table:
    """Return columns that stand side by side."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=SIMPLE_HEAD,
    )
    for column, width in zip(panel, widths(panel, room), strict=True):
        table.add_column(
            column.heading,
            justify="right" if column.is_number else "left",
            overflow="fold",
            width=width,
        )
    for row in zip(*(column.cells for column in panel), strict=True):
        table.add_row(*map(Text, row))
    return table


def print_pairs(pairs: Mapping[str, object], *, title: str = "") -> None:
    """Print names and values as two columns without a frame."""
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        show_header=False,
        box=None,
    )
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs.items():
        table.add_row(Text(name), Text(_cell(value)))
    output_console().print(table)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    # What rounding leaves of a difference is nothing to read.
    if abs(value) < 1e-9:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:,.1f}"
    return f"{value:.4g}"


class LiveProgress:
    """Progress of one long piece of work; silent without a terminal.

    Parameters
    ----------
    bar : rich.progress.Progress or None
        Where progress is drawn; None draws nothing.
    title : str
        What is being done.
    """

    def __init__(self, bar: Progress | None, title: str) -> None:
        self._bar = bar
        self._title = title
        self._task: TaskID | None = None
        if bar is not None:
            self._task = bar.add_task(title, total=None, note="")

    def say(self, note: str) -> None:
        """Replace the note beside the title."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, note=note)

    def solver(self, state: SolverState) -> None:
        """Show the best plan so far and how far the bound is from it.

        Parameters
        ----------
        state : optimizer.milp.solve.Progress
            What the solver reports; infinite before there is a plan or bound.
        """
        has_plan = math.isfinite(state.objective_usd_m)
        best = f"{state.objective_usd_m:,.2f} USD m" if has_plan else "none yet"
        note = f"best plan {best}"
        if math.isfinite(state.bound_usd_m):
            note += f", bound {state.bound_usd_m:,.2f} USD m"
        if math.isfinite(state.gap_frac):
            note += f", gap {state.gap_frac:.3%}"
        self.say(note)

    def count(
        self,
        done: int,
        total: int,
        *,
        unit: str = "scenarios",
        per_s: float | None = None,
    ) -> None:
        """Show how much of a countable work is done, its speed and the time left.

        Parameters
        ----------
        done : int
            Finished so far. [`unit`]
        total : int
            All there is to do. [`unit`]
        unit : str
            What is counted.
        per_s : float or None
            Speed; None measures it by the calls. [`unit`/s]
        """
        if self._bar is None or self._task is None:
            return
        self._bar.update(self._task, completed=done, total=total)
        speed = self._bar.tasks[0].speed if per_s is None else per_s
        rate = ""
        if speed:
            left = _duration((total - done) / speed)
            rate = f", {speed:,.0f} {unit}/s, {left} left"
        self.say(f"{done:,} of {total:,} {unit}{rate}")


def _duration(time_s: float) -> str:
    """Return a time in the unit that suits it."""
    for limit_s, size_s, word in ((100.0, 1.0, "s"), (6000.0, 60.0, "min")):
        if time_s < limit_s:
            return f"{time_s / size_s:.0f} {word}"
    return f"{time_s / 3600.0:,.1f} h"


@contextmanager
def live_progress(title: str) -> Iterator[LiveProgress]:
    """Yield a progress line on standard error; it draws nothing off a terminal.

    Parameters
    ----------
    title : str
        What is being done, such as ``Solving``.
    """
    if not sys.stderr.isatty():
        yield LiveProgress(None, title)
        return
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=error_console(), transient=True) as bar:
        yield LiveProgress(bar, title)
