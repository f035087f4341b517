# SPDX-License-Identifier: Apache-2.0
"""`wattplan score`: options, a table for the terminal, JSON.

What does not belong here: scoring (`optimizer.scoring`, `gpu.scoring.score`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from optimizer.commands.options import (
    DeviceLossOption,
    FreshOption,
    JsonOption,
    ResumeOption,
    RunArgument,
    SeedOption,
    command_line,
    option_words,
    resume_choice,
)
from optimizer.commands.policies import show_policies
from optimizer.commands.replay import ReplayOption, show_replay
from optimizer.console import (
    error_console,
    live_progress,
    output_console,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gpu.scoring.score import ScoreResult
    from gpu.statistics.accuracy import Reached
    from optimizer.scoring import ScoredRun

__all__ = ["score"]

MILLION = 1e6


def score(
    context: typer.Context,
    folder: RunArgument,
    *,
    scenarios: Annotated[
        int, typer.Option(metavar="N", help="Sampled market scenarios.")
    ] = 100_000,
    seed: SeedOption = 1,
    grid: Annotated[
        str | None,
        typer.Option(
            metavar="AXES",
            help='Multipliers of the base path, such as "btc_price=0.5:1.5:11, '
            'power_price=0.8:1.2:5": low:high:count, both ends included. Names: '
            "btc_price, network, fees, power_price, gpu_rent, gpu_utilisation, capex.",
        ),
    ] = None,
    backend: Annotated[
        Literal["auto", "numpy", "cpu", "cuda"],
        typer.Option(help="Where to compute; auto takes the best that works."),
    ] = "auto",
    rows: Annotated[
        bool,
        typer.Option(
            "--rows/--no-rows",
            help="Write every scenario's row; without them quantiles are within 0.1 %.",
        ),
    ] = True,
    sampling: Annotated[
        Literal["plain", "antithetic", "sobol", "importance"],
        typer.Option(
            help="How draws come about: mirrored pairs; Sobol points; more scenarios "
            "short of cash, with weights.",
        ),
    ] = "plain",
    until: Annotated[
        str | None,
        typer.Option(
            metavar="ACCURACY",
            help='End when a figure is exact enough at 95 %: "cvar95 +- 0.5 %", "gain '
            'mean +- 1e6 USD", "prob margin call +- 0.2 pp"; --scenarios is the most.',
        ),
    ] = None,
    resume: ResumeOption = False,
    fresh: FreshOption = False,
    on_device_loss: DeviceLossOption = "cpu",
    yes: Annotated[
        bool, typer.Option("--yes", help="Agree to very large grids and tables.")
    ] = False,
    replay: ReplayOption = None,
    json_output: JsonOption = False,
) -> None:
    """Run a plan over sampled market scenarios and, if asked for, a grid."""
    if replay is not None:
        show_replay(context, folder, replay, json_output=json_output)
        return
    from gpu.scoring.options import ScoreOptions
    from optimizer.scoring import score_run, score_summary

    with live_progress("Scoring") as live:
        scored = score_run(
            folder,
            n_scenarios=scenarios,
            seed=seed,
            sampling=sampling,
            grid=grid,
            backend=backend,
            progress=lambda done, total, per_s: live.count(done, total, per_s=per_s),
            keep_rows=rows,
            options=ScoreOptions(
                until=until,
                resume=resume_choice(resume, fresh),
                on_device_loss=on_device_loss,
                is_confirmed=yes,
                say=lambda text: error_console().print(
                    text, markup=False, soft_wrap=True
                ),
            ),
            command=_command(context, folder),
        )
    if json_output:
        print_json({"score": score_summary(scored)})
    else:
        _show(scored)


def _command(context: typer.Context, folder: Path) -> str:
    """Return the command, for a shell, that scores alike and asks nothing again."""
    words: list[object] = ["score", folder]
    usual = {"backend": "auto", "sampling": "plain", "on_device_loss": "cpu"}
    words += option_words(context.params, ("scenarios", "seed"), usual)
    if not context.params["rows"]:
        words.append("--no-rows")
    words += option_words(context.params, (), {"until": None, "grid": None})
    if context.params["yes"]:
        words.append("--yes")
    return command_line(*words)


def _show(scored: ScoredRun) -> None:
    result = scored.result
    print_table(
        (
            *("", "base path", "mean", "+-", "P5", "+-", "P50", "P95"),
            *("CVaR 95", "+-", "not defined"),
        ),
        [row for row in _rows(result, scored.site_names) if row is not None],
        title=_title(result),
    )
    print_table(
        ("share of scenarios in which", "%", "95 % from", "to"),
        [
            (text, 100.0 * result.probabilities[key], *_range(result, key))
            for key, text in _events(result, scored.site_names).items()
            if key in result.probabilities
        ],
    )
    for note in scored.irr_notes:
        output_console().print(note, markup=False)
    _show_risk(scored)
    show_policies(scored)
    if result.grid is not None:
        _show_grid(result)
    console = output_console()
    if result.reached is not None:
        console.print(_reached(result.reached), markup=False)
    console.print(
        f"{result.scenarios_per_s:,.0f} scenarios/s in {result.elapsed_s:,.1f} s on "
        f"{result.backend}, ready after {result.prepared_s:,.1f} s.",
        markup=False,
    )
    error_console().print(result.backend_reason, markup=False)


def _title(result: ScoreResult) -> str:
    """Return what was scored, and that +- is the half width of an interval."""
    method = "" if result.rule is None else result.rule.method
    how = "" if method in {"", "plain"} else f", {method} draws"
    if method == "importance":
        how += f", effective sample size {result.effective_scenarios:,.0f}"
    return (
        f"{result.plan_label}: {result.n_scenarios:,} scenarios, seed {result.seed}"
        f"{how} (+-: 95 % confidence)"
    )


def _range(result: ScoreResult, key: str) -> tuple[float | None, float | None]:
    """Return the confidence interval of a share, in per cent."""
    low, high = result.probability_ranges.get(key, (None, None))
    return (
        None if low is None else 100.0 * low,
        None if high is None else 100.0 * high,
    )


def _reached(reached: Reached) -> str:
    """Return in a sentence whether the accuracy asked for was reached."""
    from gpu.statistics.accuracy import shown_unit

    word = "reached" if reached.is_reached else "not reached"
    unit, size = shown_unit(reached.text)
    value, half_width, allowed = (
        f"{figure / size:,.{digits}g}"
        for figure, digits in (
            *((reached.value, 6), (reached.half_width, 3)),
            (reached.allowed, 3),
        )
    )
    return (
        f"{reached.text}: {word} with {reached.n_scenarios:,} of "
        f"{reached.n_allowed:,} scenarios: {value} +- {half_width}{unit}, asked for "
        f"{allowed}{unit} (95 %)."
    )


def _show_risk(scored: ScoredRun) -> None:
    """Print calls, liquidations and breaches, by month and over the opening's range."""
    from optimizer.risk_tables import (
        OPENING_HEADINGS,
        call_rows,
        monthly_rows,
        opening_rows,
        terms_note,
    )

    result = scored.result
    rows = call_rows(result)
    if not rows:
        return
    usual = result.baseline_label or "no baseline"
    print_table(("", "plan", usual), rows, title="Margin and liquidity risk")
    by_month = monthly_rows(scored.months, result.monthly)
    if by_month:
        headings = (
            "by the end of month",
            "call, %",
            "liquidation, %",
            "baseline: call, %",
            "liquidation, %",
            "LTV base, %",
            "P50",
            "P95",
            "to call, base, USD per BTC",
            "P5",
            "P50",
        )
        print_table(headings, by_month, title="By month, at each month's lowest price")
    if scored.opening is not None:
        title = (
            "The opening state over its range (low: against the company), "
            f"{scored.opening.n_scenarios:,} scenarios of the same seed"
        )
        print_table(OPENING_HEADINGS, opening_rows(scored.opening), title=title)
    note = terms_note(scored.assumed_terms)
    if note:
        output_console().print(note, markup=False)


def _rows(
    result: ScoreResult, site_names: Mapping[str, str]
) -> list[tuple[object, ...] | None]:
    rows = [
        _row(result, "npv_usd", "NPV, USD m", MILLION),
        _row(result, "incremental_npv_usd", "NPV over baseline, USD m", MILLION),
        _row(result, "irr_per_year", "IRR of the company over baseline, %/year", 0.01),
        _row(result, "payback_months", "payback, months", 1.0),
        _row(result, "min_cash_usd", "minimum cash, USD m", MILLION),
        _row(result, "equity_usd", "emergency equity, USD m", MILLION),
        _row(result, "mined_btc", "BTC mined", 1.0),
        _row(result, "final_btc", "BTC at horizon", 1.0),
        _row(result, "final_loan_usd", "loan at horizon, USD m", MILLION),
    ]
    for site in _sites(result):
        npv, irr = f"site_{site}_npv_at_hurdle_usd", f"site_{site}_irr_per_year"
        name = site_names.get(site, site)
        rows.append(_row(result, npv, f"{name}: NPV at hurdle, USD m", MILLION))
        rows.append(_row(result, irr, f"{name}: IRR, %/year", 0.01))
    return rows


def _row(
    result: ScoreResult, column: str, label: str, unit: float
) -> tuple[object, ...] | None:
    if column not in result.summary:
        return None
    summary = result.summary[column]
    # A tail mean of rates, months or debts says nothing: low is not always bad.
    has_tail = "npv" in column or column in {"min_cash_usd", "mined_btc"}
    has_mean = "irr" not in column
    mean = (summary.mean, summary.mean_low, summary.mean_high)
    tail = (summary.cvar_95, summary.cvar_95_low, summary.cvar_95_high)
    low = (
        summary.quantiles["p05"],
        summary.quantiles_low.get("p05", math.nan),
        summary.quantiles_high.get("p05", math.nan),
    )
    return (
        label,
        result.base[column] / unit,
        *(_with_half_width(mean, unit) if has_mean else (None, None)),
        *_with_half_width(low, unit),
        summary.quantiles["p50"] / unit,
        summary.quantiles["p95"] / unit,
        *(_with_half_width(tail, unit) if has_tail else (None, None)),
        # By weight, as every share is.
        f"{1.0 - result.distributions[column].known_frac:.1%}"
        if summary.n_missing
        else None,
    )


def _with_half_width(
    figure: tuple[float, float, float], unit: float
) -> tuple[float, float | None]:
    """Return a figure and half the width of its interval; None where unbounded."""
    value, low, high = figure
    half_width = max(high - value, value - low) / unit
    return value / unit, half_width if math.isfinite(half_width) else None


def _events(result: ScoreResult, site_names: Mapping[str, str]) -> dict[str, str]:
    events = {
        "npv_negative_frac": "NPV < 0",
        "npv_below_baseline_frac": f"NPV below {result.baseline_label}",
        "equity_needed_frac": "the cash floor needs emergency equity",
        "equity_over_limit_frac": "... and more of it than the company can raise",
        "no_irr_frac": "the increment has no IRR",
        "no_irr_and_gain_frac": "... though it gains: there is no outlay to recover",
        "no_payback_frac": "the increment is never paid back",
    }
    for site in _sites(result):
        name = site_names.get(site, site)
        events[f"site_{site}_clears_hurdle_frac"] = f"{name} clears its hurdle"
        events[f"site_{site}_no_irr_frac"] = f"{name} has no IRR"
    return events


def _sites(result: ScoreResult) -> list[str]:
    ending = "_npv_at_hurdle_usd"
    return [
        name.removeprefix("site_").removesuffix(ending)
        for name in result.summary
        if name.startswith("site_") and name.endswith(ending)
    ]


def _show_grid(result: ScoreResult) -> None:
    """Print the best and the worst point of the grid."""
    points = result.grid
    if points is None:
        return
    column = "incremental_npv_usd"
    values = points.columns.get(column, points.columns["npv_usd"])
    label = "NPV over baseline" if column in points.columns else "NPV"
    axes = [axis.name for axis in points.grid.axes]
    rows = []
    for text, place in (("worst", values.argmin()), ("best", values.argmax())):
        at = [float(points.columns[f"{name}_multiplier"][place]) for name in axes]
        rows.append((text, float(values[place]) / MILLION, *at))
    print_table(
        ("", f"{label}, USD m", *(f"{name} x" for name in axes)),
        rows,
        title=f"Grid of {points.grid.n_points:,} points",
    )
