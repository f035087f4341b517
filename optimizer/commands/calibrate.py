# SPDX-License-Identifier: Apache-2.0
"""`wattplan calibrate`: options, tables for the terminal, JSON.

What does not belong here: the calibration itself (`optimizer.calibration`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimizer.commands.options import JsonOption, SeedOption
from optimizer.console import (
    error_console,
    live_progress,
    output_console,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from models.forecast_backtest import ForecastTest
    from optimizer.calibration import CalibrationReport

__all__ = ["calibrate"]

_BAR_HEIGHTS = " ▁▂▃▄▅▆▇█"


def calibrate(
    *,
    history: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="CSV file, one line per UTC day: date, price_usd, difficulty, blocks, "
            "fees_btc, issuance_btc; at least 48 whole months.",
        ),
    ],
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="Last day to use. Default: the last of the file.",
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="Market file to write; a study includes it by name."
        ),
    ] = Path("market.toml"),
    study: Annotated[
        str,
        typer.Option(
            metavar="STUDY",
            help="Study whose market gives what is assumed, not fitted: drift, trend, "
            "power, GPUs.",
        ),
    ] = "base",
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write a page with figures."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that are there.")
    ] = False,
    seed: SeedOption = 1,
    json_output: JsonOption = False,
) -> None:
    """Fit the market model to a history, and test its forecasts out of sample."""
    from optimizer.calibration import run_calibration

    with live_progress("Testing forecasts") as live:
        report = run_calibration(
            history,
            until=None if until is None else until.date(),
            study=study,
            out=out,
            html=html,
            is_replacing=force,
            seed=seed,
            progress=lambda done, total: live.count(done, total, unit="windows"),
        )
    if json_output:
        print_json(report.to_dict())
    else:
        _show(report)


def _show(report: CalibrationReport) -> None:
    print_table(
        ("parameter", "value", "unit", "low", "high", "how"),
        [
            (
                number.key.removeprefix("market."),
                number.value,
                number.unit,
                number.low,
                number.high,
                number.note,
            )
            for number in report.parameters
        ],
        title=f"Fitted to {report.fit.n_months} months, {report.first_date} to "
        f"{report.last_date}; low and high of the last 36 windows",
    )
    if report.tests:
        print_table(
            (
                "series",
                "months",
                "windows",
                "worth",
                "in 50 %",
                "in 80 %",
                "in 90 %",
                "CRPS / walk",
                "PIT",
                "passed",
            ),
            [_test_row(test) for test in report.tests],
            title="Out of sample: every window is forecast from a fit to the months "
            "before it",
        )
        output_console().print(
            "In brackets: 95 % interval of a band's coverage by block bootstrap, which "
            "also says how many\nindependent windows these are worth. CRPS / walk: "
            "score over that of a normal random walk;\nbelow 1 is better. PIT: ten "
            "equal bars if the forecast distribution is right.",
            markup=False,
        )
    output_console().print(
        "The base path is the median of the BTC price; its mean lies "
        f"{100 * (report.mean_over_base - 1):.0f} % above it after twelve months.\n"
        f"Written: {', '.join(report.files)}",
        markup=False,
        soft_wrap=True,
    )
    for warning in report.warnings:
        error_console().print(f"Warning: {warning}", style="yellow", markup=False)


def _test_row(test: ForecastTest) -> tuple[object, ...]:
    from models.forecast_tests import pit_counts

    shares = [
        f"{100 * entry.covered_frac:.0f} % ({100 * entry.low_frac:.0f} to "
        f"{100 * entry.high_frac:.0f})"
        for entry in test.coverage
    ]
    counts = pit_counts(test.pit)
    most = max(1, int(counts.max()))
    top = len(_BAR_HEIGHTS) - 1
    bars = "".join(_BAR_HEIGHTS[round(top * int(count) / most)] for count in counts)
    return (
        test.series,
        test.horizon_months,
        len(test.pit),
        f"{test.n_effective:.0f}",
        *shares,
        f"{test.crps_ratio:.3f}",
        bars,
        test.is_passed,
    )
