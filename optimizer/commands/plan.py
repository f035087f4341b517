# SPDX-License-Identifier: Apache-2.0
"""`wattplan plan`: options, the table of results, JSON.

What does not belong here: planning (`optimizer.planning`) and the run folder
(`optimizer.planrun`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from optimizer.commands.options import (
    ForceOption,
    JsonOption,
    OutOption,
    SeedOption,
    StudyArgument,
    command_line,
)
from optimizer.console import (
    error_console,
    live_progress,
    output_console,
    print_json,
    print_pairs,
    print_table,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from optimizer.passport import Kpi
    from optimizer.planrun import PlanRun
    from optimizer.scoring import ScoredRun

__all__ = ["plan"]

MILLION = 1e6


def plan(
    study: StudyArgument = "base",
    *,
    out: OutOption = None,
    force: ForceOption = False,
    gap: Annotated[
        float | None,
        typer.Option(
            metavar="FRAC",
            min=0.0,
            max=1.0,
            help="Relative gap at which to stop, 0.001 is 0.1 %. Default: the study's.",
        ),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="S", min=1.0, help="Seconds for the solve. Default: the study's."
        ),
    ] = None,
    scenarios: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Scenarios to score the plan on, to hold it against the others of the "
            "run and to find what drives it; 0 for none. `wattplan score`, `contest` "
            "and `drivers` add more later.",
        ),
    ] = 20_000,
    seed: SeedOption = 1,
    explain_seconds: Annotated[
        float,
        typer.Option(
            metavar="S",
            min=0.0,
            help="Most seconds for the explanation (why not, break-evens); 0 for none. "
            "`wattplan explain` finishes what is left.",
        ),
    ] = 420.0,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare/--no-compare", help="Also find the run-off and naive plans."
        ),
    ] = True,
    json_output: JsonOption = False,
) -> None:
    """Find the plan with the highest net present value."""
    from optimizer.interrupts import stop_on_interrupt
    from optimizer.planrun import run_plan

    command = command_line("plan", study)
    with stop_on_interrupt() as should_stop:
        with live_progress("Planning") as live:
            run = run_plan(
                study,
                out=out,
                force=force,
                gap_frac=gap,
                time_limit_s=time_limit,
                with_comparisons=compare,
                command=command,
                progress=live.solver,
                say=live.say,
                should_stop=should_stop,
            )
        scored = None
        if scenarios and not should_stop():
            scored = _score(run.folder, scenarios, seed)
        if scenarios and not should_stop():
            _compare(run.folder, scenarios, seed)
        left_out: tuple[str, ...] = ()
        if explain_seconds and not should_stop():
            left_out = _explain(run.folder, explain_seconds, should_stop)
    _report(run.folder)
    if json_output:
        from optimizer.runreader import open_run

        print_json(
            {
                "folder": run.folder,
                **_mapping(open_run(run.folder).json("summary.json")),
            }
        )
        return
    _show(run, scored)
    if left_out:
        output_console().print(
            f"Not answered in time: {len(left_out)} of the reasons and break-evens, "
            f"named in the report; `wattplan explain {run.folder}` finishes them.",
            markup=False,
        )
    output_console().print(f"Report: {run.folder / 'report.html'}", markup=False)
    output_console().print(f"Workbook: {run.folder / 'workbook.xlsx'}", markup=False)


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {"summary": value}


def _score(folder: Path, scenarios: int, seed: int) -> ScoredRun:
    """Score and stress the plan of a run."""
    from gpu.scoring.options import ScoreOptions
    from optimizer.scoring import score_run, stress_run

    with live_progress("Scoring") as live:
        scored = score_run(
            folder,
            n_scenarios=scenarios,
            seed=seed,
            progress=lambda done, total, per_s: live.count(done, total, per_s=per_s),
            options=ScoreOptions(
                say=lambda text: error_console().print(
                    text, markup=False, soft_wrap=True
                )
            ),
            command=command_line(
                "score", folder, "--scenarios", scenarios, "--seed", seed
            ),
        )
    stress_run(folder)
    return scored


def _compare(folder: Path, scenarios: int, seed: int) -> None:
    """Hold the plan against the others of its run, and find what drives it."""
    from optimizer.contest import contest_run
    from optimizer.drivers import DEFAULT_PAIRS, LEAST_PAIRS
    from optimizer.drivers_run import drivers_run

    asked = ("--scenarios", scenarios, "--seed", seed)
    with live_progress("Comparing") as live:
        contest_run(
            [folder],
            n_scenarios=scenarios,
            seed=seed,
            progress=lambda done, total, per_s: live.count(done, total, per_s=per_s),
            command=command_line("contest", folder, *asked),
        )
    n_pairs = min(max(scenarios, LEAST_PAIRS), DEFAULT_PAIRS)
    with live_progress("Finding what drives it") as live:
        drivers_run(
            folder,
            n_scenarios=n_pairs,
            seed=seed,
            progress=lambda done, total, per_s: live.count(done, total, per_s=per_s),
            command=command_line(
                "drivers", folder, "--scenarios", n_pairs, "--seed", seed
            ),
        )


def _explain(
    folder: Path, seconds: float, should_stop: Callable[[], bool]
) -> tuple[str, ...]:
    """Explain the plan of a run; return what was left out for want of time."""
    from optimizer.explain import explain_run

    with live_progress("Explaining") as live:
        done = explain_run(
            folder, budget_s=seconds, say=live.say, should_stop=should_stop
        )
    return done.left_out


def _report(folder: Path) -> None:
    from optimizer.report import write_report

    with live_progress("Writing the report"):
        write_report(folder)


def _show(run: PlanRun, scored: ScoredRun | None) -> None:
    from optimizer.commands.policies import show_policies
    from optimizer.policy_runs import plans_summary, unfinanced, unproven

    kpis, result = run.kpis, run.result
    print_pairs(
        {
            "NPV": _usd_m(kpis["npv_usd"]),
            "over business as usual": _usd_m(kpis["npv_over_baseline_usd"]),
            "proven within": f"{result.gap_frac:.3%} "
            f"({max(result.bound_usd - result.npv_usd, 0.0) / MILLION:,.2f} USD m), "
            f"solver status: {result.status}",
            "capex": _usd_m(kpis["capex_usd"]),
            "IRR / payback over run-off": _returns(kpis),
            "peak cash need": f"{_usd_m(kpis['peak_cash_need_usd'])} by "
            f"{kpis['peak_cash_need_month']}, before BTC sales",
            "least cash": f"{_usd_m(kpis['min_cash_usd'])} in {kpis['min_cash_month']}",
            "BTC mined / sold": f"{kpis['mined_btc']:,.0f} / {kpis['sold_btc']:,.0f}",
            "cost to mine": f"{_per_btc(kpis['cost_to_mine_usd_per_btc'])}, all-in "
            f"{_per_btc(kpis['all_in_cost_to_mine_usd_per_btc'])}",
            "adjusted EBITDA, first 12 months": _ebitda(kpis),
        },
        title=run.bundle.study.title,
    )
    _show_lines(run)
    _show_comparison(run)
    if scored is not None:
        _show_score(scored)
        show_policies(scored)
    plans = plans_summary(run.policies)
    for words in (*unfinanced(plans), *unproven(plans)):
        output_console().print(words, markup=False)
    equity = kpis["emergency_equity_usd"]
    if isinstance(equity, float) and equity > 0:
        output_console().print(
            f"Emergency equity raised: {equity / MILLION:,.2f} USD m", style="bold red"
        )
    for check in result.checks:
        if not check.passed:
            error_console().print(
                f"Check failed: {check.name}: {check.measured:.4g} {check.unit}, "
                f"allowed {check.allowed:.4g}",
                style="red",
            )


def _show_lines(run: PlanRun) -> None:
    from models.capacity import LINES, usage

    study = run.bundle.study
    used = usage(study, run.result.plan).by_line_mw
    periods = [*range(0, study.time.months, 12), study.time.months - 1]
    rows = []
    for index, site in enumerate(study.sites):
        for number, line in enumerate(LINES):
            mw = used[index, number]
            if mw.any():
                cells = [round(float(mw[t]), 1) for t in periods]
                rows.append((site.name, line.replace("_", " "), *cells))
    months = [study.months[t] for t in periods]
    print_table(["Site", "Line", *months], rows, title="Facility MW by site and line")


def _show_comparison(run: PlanRun) -> None:
    plans = {
        "plan": run.result,
        "business as usual": run.baseline,
        **{label.replace("_", " "): other for label, other in run.others.items()},
    }
    rows = [
        (
            label,
            found.npv_usd / MILLION,
            (found.npv_usd - run.baseline.npv_usd) / MILLION,
            float(found.ledger.treasury.equity_usd.sum()) / MILLION,
            float(found.ledger.mined_btc.sum()),
        )
        for label, found in plans.items()
    ]
    headings = [
        "Plan",
        "NPV USD m",
        "over usual USD m",
        "emergency equity USD m",
        "BTC mined",
    ]
    print_table(headings, rows, title="Compared with")


def _show_score(scored: ScoredRun) -> None:
    from optimizer.risk_tables import risk_sentence, terms_note

    result = scored.result
    npv = result.summary["npv_usd"]
    console = output_console()
    console.print(
        f"Scored on {result.n_scenarios:,} scenarios ({result.backend}): NPV mean "
        f"{npv.mean / MILLION:,.0f} USD m."
    )
    for words in (risk_sentence(result), terms_note(scored.assumed_terms)):
        if words:
            console.print(words, markup=False)


def _returns(kpis: dict[str, Kpi]) -> str:
    """Return IRR and payback of what is newly invested, in words."""
    rate = kpis.get("irr_over_run_off_per_year")
    months = kpis.get("payback_over_run_off_months")
    if not isinstance(rate, float) or rate != rate:
        return (
            f"none (IRR status: {kpis.get('irr_over_run_off_status', 'not compared')})"
        )
    back = "never" if months != months else f"{months:,.0f} months"
    return f"{rate:.1%} a year / {back}"


def _ebitda(kpis: dict[str, Kpi]) -> str:
    """Return adjusted EBITDA and its part before gains on BTC, in words."""
    return (
        f"{_usd_m(kpis['adjusted_ebitda_12m_usd'])}, of which before gains on BTC "
        f"{_usd_m(kpis['ebitda_before_btc_12m_usd'])}"
    )


def _usd_m(value: object) -> str:
    return f"{float(value) / MILLION:,.1f} USD m"  # type: ignore[arg-type]


def _per_btc(value: object) -> str:
    number = float(value)  # type: ignore[arg-type]
    return "no BTC mined" if number != number else f"{number:,.0f} USD per BTC"
