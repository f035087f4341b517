# SPDX-License-Identifier: Apache-2.0
"""The page: sections into one offline HTML file.

The script of Plotly is embedded once; nothing is loaded from outside, and the page's
own policy forbids it. What does not belong here: what the sections say.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup
from plotly import io as plotly_io
from plotly.offline import get_plotlyjs

from optimizer.report.data import ReportData
from optimizer.report.load import load_report_data, load_screened_data
from optimizer.report.screening_page import (
    screening_sections,
    screening_summary,
    screening_tiles,
)
from optimizer.report.sections import sections
from optimizer.report.strip import alerts, tiles
from optimizer.report.summary import summary
from optimizer.runfolder import RunWriter
from optimizer.runreader import open_run

if TYPE_CHECKING:
    from pathlib import Path

    from plotly.graph_objects import Figure

    from models.study import Study
    from optimizer.report.data import AnyReportData, RunInfo
    from optimizer.report.exhibit import Section
    from optimizer.report.strip import Alert, Tile
    from optimizer.report.table import Table

__all__ = ["REPORT_FILE", "Front", "render_page", "render_report", "write_report"]

REPORT_FILE = "report.html"


@dataclass(frozen=True, slots=True)
class Front:
    """What stands on a page, by the kind of its run.

    Parameters
    ----------
    kicker : str
        What kind of page it is.
    sections : tuple of Section
        Chapters.
    tiles : tuple of Tile
        Key figures.
    summary : tuple of str
        Paragraphs above them.
    alerts : tuple of Alert
        What must not be overlooked.
    """

    kicker: str
    sections: tuple[Section, ...]
    tiles: tuple[Tile, ...]
    summary: tuple[str, ...]
    alerts: tuple[Alert, ...] = ()


def _front(data: AnyReportData) -> Front:
    if isinstance(data, ReportData):
        return Front(
            "Planning report",
            sections(data),
            tiles(data),
            summary(data),
            alerts(data),
        )
    return Front(
        "Screening report",
        screening_sections(data),
        screening_tiles(data),
        screening_summary(data),
    )


def render_report(data: AnyReportData) -> str:
    """Return the report as one HTML document.

    Parameters
    ----------
    data : AnyReportData
        The run: a plan, or a screening alone.

    Returns
    -------
    str
        Document that needs no other file and no network.
    """
    return render_page(_front(data), data.study, data.run)


def render_page(front: Front, study: Study, run: RunInfo) -> str:
    """Return a page as one HTML document.

    Parameters
    ----------
    front : Front
        What stands on it; a section ``sources`` tells where its inputs come from.
    study : Study
        Study that it is about.
    run : RunInfo
        Run that made it.

    Returns
    -------
    str
        Document that needs no other file and no network.
    """
    parts = front.sections
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_page_file),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("report.html.jinja").render(
        study=study,
        run=run,
        kicker=front.kicker,
        tiles=front.tiles,
        alerts=front.alerts,
        summary=front.summary,
        sections=parts,
        figure_json=_figure_json,
        csv_json=_csv_json,
        figure_numbers=_numbers(parts, figures=True),
        table_numbers=_numbers(parts, figures=False),
        style=Markup(_page_file("report.css")),  # noqa: S704
        script=Markup(_page_file("report.js")),  # noqa: S704
        plotly=Markup(get_plotlyjs()),  # noqa: S704
    )


def write_report(folder: Path, *, command: str = "wattplan report") -> Path:
    """Write the report of a run into its folder, again if it is there.

    Parameters
    ----------
    folder : Path
        Run folder.
    command : str
        Command line, for the passport.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ReportError
        If there is no run or it cannot be written.
    DataError
        If a file of the run is missing or damaged.
    """
    is_screening = open_run(folder).passport.kind == "screen"
    load = load_screened_data if is_screening else load_report_data
    page = render_report(load(folder))
    with RunWriter.extend(folder, command=command) as writer:
        writer.write_text(REPORT_FILE, page)
    return folder / REPORT_FILE


def _page_file(name: str) -> str:
    place = resources.files("optimizer.report").joinpath("page", name)
    return place.read_text(encoding="utf-8")


def _figure_json(figure: Figure) -> Markup:
    """Return a figure as JSON that is safe inside a script element."""
    return _script_safe(plotly_io.to_json(figure, validate=False))


def _csv_json(table: Table) -> Markup:
    """Return a table's CSV as a JSON string that is safe inside a script element."""
    return _script_safe(json.dumps(table.csv()))


def _script_safe(text: str) -> Markup:
    # Inside a script element only `<` can end it; JSON may spell it as an escape.
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704


def _numbers(parts: tuple[Section, ...], *, figures: bool) -> dict[str, int]:
    """Return the running number of every figure, or of every table alone."""
    wanted = [
        exhibit.id
        for part in parts
        for exhibit in part.exhibits
        if (exhibit.figure is not None) == figures
    ]
    return {name: index for index, name in enumerate(wanted, start=1)}
