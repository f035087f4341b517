# SPDX-License-Identifier: Apache-2.0
"""The workbook of a run folder: written by the command, with all the run has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from recalculation import cells, formulas

from models.business_as_usual import business_as_usual
from optimizer.cli import main
from optimizer.runfolder import RunFacts, RunWriter
from optimizer.runreader import open_run
from optimizer.workbook import WORKBOOK_FILE
from sites import load_bundle, resolved_toml

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "=1+cmd|'/c calc'!A1"
ANSWER = {
    "title": HOSTILE,
    "texts": ["+1 opens the week"],
    "tables": [
        {
            "id": "cash_weeks",
            "title": "Cash week by week",
            "columns": [
                {"key": "w1", "label": "1 Dec", "is_text": False},
                {"key": "why", "label": "@Why", "is_text": True},
            ],
            "rows": [
                {
                    "key": "opening_usd",
                    "label": "Opening cash",
                    "unit": "USD",
                    "cells": [20e6, "-because"],
                    "is_strong": True,
                },
                {
                    "key": "ltv_frac",
                    "label": "Loan to value",
                    "unit": "share 0-1",
                    "cells": [0.75, None],
                    "is_strong": False,
                },
            ],
            "note": "=note",
        }
    ],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the teaching study's business as usual, without a workbook."""
    bundle = load_bundle("teaching")
    facts = RunFacts("plan", "teaching", inputs=bundle.files, command="test")
    folder = tmp_path_factory.mktemp("runs") / "teaching"
    with RunWriter(folder, facts) as writer:
        writer.write_text("study.toml", resolved_toml(bundle))
        writer.write_plan(business_as_usual(bundle.study))
        writer.write_json("cash.json", {"weeks": ANSWER})
    return folder


@pytest.fixture(scope="module")
def written(run: Path) -> Path:
    assert main(["report", str(run), "--xlsx"]) == 0
    return run / WORKBOOK_FILE


def test_the_command_writes_the_workbook_and_notes_it(run: Path, written: Path) -> None:
    passport = open_run(run).passport
    assert WORKBOOK_FILE in passport.files
    assert passport.files[WORKBOOK_FILE].size_bytes == written.stat().st_size
    assert passport.commands[-1] == f"wattplan report {run} --xlsx"
    assert not (run / "report.html").exists()
    (check,) = passport.checks
    assert check.name == "workbook gives the engine's figures"
    assert check.is_good


def test_inputs_carry_their_sources_and_the_log_its_run(
    run: Path, written: Path
) -> None:
    shown = cells(written)
    texts = {value for (sheet, _), value in shown.items() if sheet == "Log"}
    assert open_run(run).passport.run_id in texts
    sources = {value for (sheet, _), value in shown.items() if sheet == "Sources"}
    assert "Assumption of this study" in sources
    grades = {shown.get(("Inputs", f"H{row}")) for row in range(6, 200)} - {None}
    assert grades <= {"P", "T", "V", "D", "M", ""}


def test_answers_to_cash_questions_stand_on_their_sheet(written: Path) -> None:
    shown = cells(written)
    on_sheet = {value for (sheet, _), value in shown.items() if sheet == "Cash"}
    wanted = {HOSTILE, "Opening cash", 20e6, "-because", 0.75, "=note", "@Why"}
    assert wanted <= on_sheet
    # The only formula is the master check at the top.
    assert [cell for sheet, cell in formulas(written) if sheet == "Cash"] == ["D1"]


def test_as_json_the_place_and_size_are_told(
    run: Path, written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(run), "--xlsx", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["workbook"] == str(run / WORKBOOK_FILE)
    assert told["size_bytes"] > 100_000


def test_a_folder_without_a_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(tmp_path), "--xlsx"]) == 7
    assert "run.json" in capsys.readouterr().err
