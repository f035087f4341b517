# SPDX-License-Identifier: Apache-2.0
"""The page of a calibration: what was fitted, and how it forecast unseen months.

What does not belong here: the calibration (`optimizer.calibration`) and the look of
pages (`optimizer.report.render`).
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from models.forecast_backtest import (
    HORIZONS_MONTHS,
    REQUIRED_COVERAGE,
    SERIES,
    STRICT_HORIZON_MONTHS,
)
from models.forecast_tests import pit_counts
from optimizer.report.data import RunInfo
from optimizer.report.exhibit import Exhibit, Section
from optimizer.report.formats import full_month, percent
from optimizer.report.render import Front, render_page
from optimizer.report.strip import Alert, Tile
from optimizer.report.style import BAND, DOWN, LIMIT, MUTED, PLAN, TEMPLATE, UP
from optimizer.report.table import AS_GIVEN, Column, Table, number, text

if TYPE_CHECKING:
    from models.forecast_backtest import ForecastTest
    from optimizer.calibration import CalibrationReport

__all__ = ["render_calibration"]

_NAMES: Final = {"btc_price": "BTC price", "network": "network hashrate"}
_N_STRICT: Final = sum(ahead <= STRICT_HORIZON_MONTHS for ahead in HORIZONS_MONTHS)


def render_calibration(report: CalibrationReport) -> str:
    """Return the page of a calibration as one HTML document.

    Parameters
    ----------
    report : CalibrationReport
        What was fitted and tested.
    """
    front = Front(
        kicker="Calibration report",
        sections=(_tested(report), _fitted(report)),
        tiles=_tiles(report),
        summary=_summary(report),
        alerts=tuple(Alert("Note", warning) for warning in report.warnings),
    )
    study = report.study.model_copy(
        update={
            "title": f"Market model fitted to {full_month(report.fit.last_month)}",
            "as_of_date": report.last_date,
        }
    )
    return render_page(
        front, study, RunInfo(versions={"wattplan": version("wattplan")})
    )


def _summary(report: CalibrationReport) -> tuple[str, ...]:
    market = report.fit.market
    opening = percent(market.btc_opening_volatility_per_year or 0.0, 0)
    pace = percent(market.network_opening_growth_per_year or 0.0, 0)
    words = (
        f"Fitted to {report.fit.n_months} months of daily price and chain, "
        f"{report.first_date} to {report.last_date}. BTC volatility opens at {opening} "
        f"a year and returns to {percent(market.btc_volatility_per_year, 0)}. The "
        f"network grows at {pace} a year beyond its answer to the block reward; that "
        f"pace fades into the assumed {percent(market.network_trend_per_year, 0)}."
    )
    median = (
        "The base path is the median of the BTC price; the mean lies "
        f"{percent(report.mean_over_base - 1.0, 0)} above it after twelve months."
    )
    return words, median


def _tiles(report: CalibrationReport) -> tuple[Tile, ...]:
    tiles = []
    for test in report.tests:
        if test.is_strict:
            tiles.append(
                Tile(
                    f"{_title(test.series)}, {_ahead(test)}",
                    percent(test.coverage[-1].covered_frac, 0),
                    f"in the 90 % band; CRPS {test.crps_ratio:.2f} of a random walk's",
                    "good" if test.is_passed else "bad",
                )
            )
    return tuple(tiles)


def _ahead(test: ForecastTest) -> str:
    plural = "" if test.horizon_months == 1 else "s"
    return f"{test.horizon_months} month{plural} ahead"


def _tested(report: CalibrationReport) -> Section:
    if not report.tests:
        return Section(
            "tested",
            "Out of sample",
            (),
            missing="The history leaves no window to test.",
        )
    return Section(
        "tested",
        "Out of sample",
        (
            Exhibit(
                "coverage",
                "How often what came lay inside the forecast bands",
                "For each horizon the 50, 80 and 90 % bands: a dot on its dashed line "
                "is a band that holds what it promises. Bars are 95 % intervals.",
                figure=_coverage_figure(report.tests),
                table=_test_table(report.tests),
                note="Every window is forecast from a fit to the months before it. The "
                "shaded range must hold at 1 and 3 months. Intervals stand on as many "
                "independent windows as a block bootstrap finds.",
                is_open=True,
            ),
            Exhibit(
                "pit",
                "Where in its forecast distribution each outcome fell",
                "Ten even bars are a forecast that knows its own uncertainty; a pile "
                "at the right are outcomes above the forecast.",
                figure=_pit_figure(report.tests),
            ),
        ),
    )


def _coverage_figure(tests: tuple[ForecastTest, ...]) -> go.Figure:
    figure = make_subplots(
        rows=1, cols=len(SERIES), subplot_titles=[_title(name) for name in SERIES]
    )
    for column, series in enumerate(SERIES, start=1):
        place = {"row": 1, "col": column}
        for test in (test for test in tests if test.series == series):
            figure.add_trace(_coverage_dots(test), **place)
        for band, (low, high) in REQUIRED_COVERAGE.items():
            line = {"dash": "dash", "color": LIMIT, "width": 1}
            figure.add_hline(100 * band, line=line, **place)
            # The first two horizons must keep the band.
            figure.add_shape(
                type="rect",
                x0=-0.5,
                x1=_N_STRICT - 0.5,
                y0=100 * low,
                y1=100 * high,
                fillcolor=BAND,
                line_width=0,
                layer="below",
                **place,
            )
    figure.update_layout(template=TEMPLATE, height=400, showlegend=False)
    figure.update_yaxes(range=[0, 102], title_text="windows inside the band, %")
    figure.update_xaxes(
        range=[-0.5, len(HORIZONS_MONTHS) - 0.5],
        tickvals=list(range(len(HORIZONS_MONTHS))),
        ticktext=[f"{ahead} mo" for ahead in HORIZONS_MONTHS],
        showgrid=False,
    )
    return figure


def _coverage_dots(test: ForecastTest) -> go.Scatter:
    """Return a dot and its interval for each band, side by side."""
    middle = HORIZONS_MONTHS.index(test.horizon_months)
    entries = test.coverage
    up = [100 * (entry.high_frac - entry.covered_frac) for entry in entries]
    down = [100 * (entry.covered_frac - entry.low_frac) for entry in entries]
    return go.Scatter(
        x=[middle + 0.18 * (k - 1) for k in range(len(entries))],
        y=[100 * entry.covered_frac for entry in entries],
        mode="markers",
        marker={"size": 9, "color": UP if test.is_passed else DOWN},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": up,
            "arrayminus": down,
            "color": MUTED,
            "thickness": 1,
        },
        customdata=[f"{100 * entry.band_frac:.0f} % band" for entry in entries],
        hovertemplate="%{customdata}: %{y:.0f} % of windows<extra></extra>",
    )


def _title(series: str) -> str:
    name = _NAMES[series]
    return name[0].upper() + name[1:]


def _pit_figure(tests: tuple[ForecastTest, ...]) -> go.Figure:
    by_place = {(test.series, test.horizon_months): test for test in tests}
    titles = [
        f"{_title(name)}, {ahead} mo" for name in SERIES for ahead in HORIZONS_MONTHS
    ]
    rows, columns = len(SERIES), len(HORIZONS_MONTHS)
    figure = make_subplots(rows=rows, cols=columns, subplot_titles=titles)
    for row, name in enumerate(SERIES, start=1):
        for column, ahead in enumerate(HORIZONS_MONTHS, start=1):
            test = by_place.get((name, ahead))
            if test is None:
                continue
            counts = pit_counts(test.pit)
            middles = (np.arange(len(counts)) + 0.5) / len(counts)
            figure.add_trace(
                go.Bar(x=middles.tolist(), y=counts.tolist(), marker={"color": PLAN}),
                row=row,
                col=column,
            )
            even = float(counts.mean())
            figure.add_hline(even, line={"dash": "dash", "color": LIMIT, "width": 1},
                             row=row, col=column)  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=460, showlegend=False, bargap=0.06)
    figure.update_annotations(font={"size": 12})
    figure.update_xaxes(range=[0, 1], tickvals=[0, 0.5, 1])
    return figure


def _test_table(tests: tuple[ForecastTest, ...]) -> Table:
    bands = [100 * entry.band_frac for entry in tests[0].coverage]
    columns = (
        text("series", "Series"),
        number("horizon_months", "Ahead", "months", decimals=0),
        number("n_windows", "Windows", decimals=0),
        number("n_effective_windows", "Worth", "independent windows", decimals=0),
        *(
            number(f"in_{band:.0f}_frac", f"In {band:.0f} % band", "%", decimals=0,
                   scale=100.0)
            for band in bands
        ),
        number("crps_over_random_walk", "CRPS", "of a random walk's", decimals=3),
        Column("is_passed", "Passed", kind="tag"),
    )  # fmt: skip
    rows = tuple(
        (
            _title(test.series),
            test.horizon_months,
            len(test.pit),
            test.n_effective,
            *(entry.covered_frac for entry in test.coverage),
            test.crps_ratio,
            "yes" if test.is_passed else "no",
        )
        for test in tests
    )
    return Table("forecast_tests", "Forecasts against what came", columns, rows)


def _fitted(report: CalibrationReport) -> Section:
    columns = (
        text("parameter", "Parameter"),
        number("value", "Value", decimals=AS_GIVEN),
        text("unit", "Unit"),
        number("low", "Low", decimals=AS_GIVEN),
        number("high", "High", decimals=AS_GIVEN),
        text("method", "How"),
    )
    rows = tuple(
        (
            entry.key.removeprefix("market."),
            entry.value,
            entry.unit,
            entry.low,
            entry.high,
            entry.note,
        )
        for entry in report.parameters
    )
    table = Table("parameters", "Fitted parameters", columns, rows)
    exhibit = Exhibit(
        "fitted",
        "What was fitted, and how",
        "Low and high are those of the last 36 windows.",
        table=table,
        note=f"Written to {report.market_file}.",
    )
    return Section("sources", "Fitted parameters", (exhibit,))
