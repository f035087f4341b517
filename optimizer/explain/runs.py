# SPDX-License-Identifier: Apache-2.0
"""Explaining a finished planning run: read its folder, add the answers to it.

What does not belong here: the answers (`optimizer.explain.explain`) and the report.
"""

from __future__ import annotations

import time
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING, Final

from gpu.liquidity import has_btc_loan
from models.errors import DataError
from optimizer.explain.explain import explain
from optimizer.explain.explanation import Explanation
from optimizer.opening_range import assumed_loan_terms
from optimizer.planning import evaluate_plan
from optimizer.risk_tables import terms_note
from optimizer.runfolder import RunWriter, open_run
from sites import load_bundle, load_study

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from models.study import Study
    from optimizer.planning import PlanResult
    from optimizer.runreader import Run
    from optimizer.tablefiles import Columns

__all__ = [
    "EXPLAIN_FILE",
    "explain_run",
    "loan_terms_note",
    "planned",
    "read_explanation",
]

EXPLAIN_FILE: Final = "explain.json"
_LEFT: Final = "explain: "
_SAME_USD: Final = 1.0


def loan_terms_note(folder: Path) -> str:
    """Return which loan terms behind a run's plan nobody has published, in words.

    Parameters
    ----------
    folder : Path
        Run folder of a plan.

    Returns
    -------
    str
        Empty if the plan owes no loan on BTC or its terms are published.

    Raises
    ------
    ReportError, DataError
        If the run cannot be read.
    """
    run = open_run(folder)
    bundle = load_bundle(run.file("study.toml"))
    if not has_btc_loan(bundle.study, run.plan()):
        return ""
    return terms_note(assumed_loan_terms(bundle.provenance))


def explain_run(
    folder: Path,
    *,
    budget_s: float | None = None,
    say: Callable[[str], None] | None = None,
    n_workers: int | None = None,
    should_stop: Callable[[], bool] | None = None,
    command: str = "",
) -> Explanation:
    """Explain the plan of a run and write the answers into its folder.

    Answers that `explain.json` already holds for the same plan are kept.

    Parameters
    ----------
    folder : Path
        Run folder of a plan.
    budget_s : float or None
        Wall time; None answers everything. [s]
    say : callable, optional
        Told in words what is being done.
    n_workers : int, optional
        Processes, see `explain`. [processes]
    should_stop : callable, optional
        Polled; a true value ends the work with what is known.
    command : str
        Command line, for the passport; nothing is noted when empty.

    Returns
    -------
    Explanation
        Answers, and what was left out.

    Raises
    ------
    ReportError, DataError
        If the run cannot be read or written.
    """
    run = open_run(folder)
    study, result = planned(run)
    known = read_explanation(run)
    if known is not None and abs(known.npv_usd - result.npv_usd) > _SAME_USD:
        known = None
    begun = time.perf_counter()
    found = explain(
        study,
        result,
        budget_s=budget_s,
        progress=say,
        known=known,
        n_workers=n_workers,
        should_stop=should_stop,
    )
    seconds = time.perf_counter() - begun
    with RunWriter.extend(
        run.folder, command=command or f"wattplan explain {quote(str(folder))}"
    ) as writer:
        writer.write_json(EXPLAIN_FILE, found.to_dict())
        if found.marginal is not None:
            writer.write_table("marginal.parquet", _marginal_table(found))
        kept = [text for text in writer.left_out if not text.startswith(_LEFT)]
        writer.left_out = kept + [_LEFT + text for text in found.left_out]
        writer.timings_s["explain"] = writer.timings_s.get("explain", 0.0) + seconds
    return found


def planned(run: Run) -> tuple[Study, PlanResult]:
    """Return the study and plan of a run, evaluated anew on the base path.

    Parameters
    ----------
    run : Run
        Finished planning run.

    Raises
    ------
    DataError
        If the run holds no plan.
    """
    study = load_study(run.file("study.toml"))
    result = evaluate_plan(study, run.plan())
    solver = run.passport.solver
    if solver is None:
        return study, result
    bound = solver.bound_usd
    return study, replace(
        result,
        status=solver.status,
        bound_usd=result.npv_usd if bound is None else bound,
        gap_frac=0.0 if solver.gap_frac is None else solver.gap_frac,
    )


def read_explanation(run: Run) -> Explanation | None:
    """Return the explanation in a run folder; None where there is none yet.

    Raises
    ------
    DataError
        If it is damaged.
    """
    if not (run.folder / EXPLAIN_FILE).is_file():
        return None
    entry = run.json(EXPLAIN_FILE)
    try:
        return Explanation.from_dict(entry if isinstance(entry, dict) else {})
    except (KeyError, TypeError, ValueError) as error:
        msg = (
            f"{run.folder / EXPLAIN_FILE}: not a readable explanation ({error}). "
            "Remove the file to explain anew."
        )
        raise DataError(msg) from error


def _marginal_table(found: Explanation) -> Columns:
    """Return marginal values in long form, zeros left out."""
    values = found.marginal
    rows = [
        (row.site, row.resource, month, value)
        for row in (values.rows if values is not None else ())
        for month, value in zip(
            values.months if values is not None else (),
            row.usd_per_mw_month,
            strict=True,
        )
        if value
    ]
    names = ("site", "resource", "month", "usd_per_mw_month")
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return {name: list(column) for name, column in zip(names, columns, strict=True)}
