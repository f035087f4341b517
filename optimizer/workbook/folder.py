# SPDX-License-Identifier: Apache-2.0
"""The workbook of a run folder, written with the run or again later.

What does not belong here: what the workbook says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from models.cashflow import evaluate
from models.market import base_paths
from optimizer.cash import CASH_FILE
from optimizer.passport import CheckResult
from optimizer.report.data import RunInfo
from optimizer.runfolder import RunWriter
from optimizer.runreader import open_run
from optimizer.workbook.model import build_model
from optimizer.workbook.write import write_model
from sites import load_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from models.ledger import Ledger
    from models.plan import Plan
    from optimizer.passport import Passport
    from optimizer.workbook.model import Model
    from optimizer.workbook.values import Values
    from sites import StudyBundle

__all__ = ["WORKBOOK_FILE", "stage_workbook", "write_workbook"]

WORKBOOK_FILE = "workbook.xlsx"
_CHECK: Final = "workbook gives the engine's figures"
_CENT: Final = 0.01


def write_workbook(folder: Path, *, command: str = "wattplan report --xlsx") -> Path:
    """Write the workbook of a run into its folder, again if it is there.

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
    run = open_run(folder)
    bundle = load_bundle(run.file("study.toml"))
    plan = run.plan()
    ledger = evaluate(bundle.study, plan, base_paths(bundle.study))
    cash = run.json(CASH_FILE) if (run.folder / CASH_FILE).is_file() else None
    with RunWriter.extend(folder, command=command) as writer:
        stage_workbook(writer, bundle, plan, ledger, cash)
    return folder / WORKBOOK_FILE


def stage_workbook(
    writer: RunWriter,
    bundle: StudyBundle,
    plan: Plan,
    ledger: Ledger,
    cash: object = None,
) -> None:
    """Stage the workbook of a plan in a run that is being written.

    Parameters
    ----------
    writer : RunWriter
        Run folder, open.
    bundle : StudyBundle
        Study with the origin of its numbers.
    plan : Plan
        Decisions.
    ledger : Ledger
        What the engine says of them on the base path, shape (1, ...). [mixed]
    cash : object
        Answers to the cash questions, as the run's file holds them.
    """
    answers = cash if isinstance(cash, dict) else {}
    model = build_model(bundle.study, plan, ledger, bundle.provenance)
    facts = _facts(writer.passport())
    values = write_model(writer.path(WORKBOOK_FILE), model, facts, answers)
    others = [check for check in writer.checks if check.name != _CHECK]
    writer.checks = [*others, _agreement(model, values)]


def _agreement(model: Model, values: Values) -> CheckResult:
    """Return whether the workbook gives the engine's figures, line by line."""
    gaps = (
        float(np.abs(values.months(tie.line) - tie.engine).max())
        for tie in model.draft.ties
    )
    worst = max(gaps, default=0.0)
    text = f"off by {worst:.3g} USD in any month of {len(model.draft.ties)} lines"
    text = f"{text}, allowed {_CENT} USD"
    return CheckResult(name=_CHECK, is_good=worst <= _CENT, text=text)


def _facts(passport: Passport) -> RunInfo:
    """Return what the passport of a run says so far."""
    return RunInfo(
        run_id=passport.run_id,
        created_utc=passport.created_utc,
        commands=passport.commands,
        versions=passport.versions,
        seed=passport.seed,
        checks=passport.checks,
        solver=passport.solver,
        inputs_sha256=passport.inputs_sha256,
    )
