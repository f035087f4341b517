# SPDX-License-Identifier: Apache-2.0
"""Every error class once through the command line: exit code, one clear text, JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from models.errors import (
    BackendError,
    ConfigError,
    Conflict,
    DataError,
    Fault,
    InfeasibleError,
    ReportError,
    SolverError,
    WattplanError,
)
from optimizer.cli import main
from optimizer.runfolder import RunFacts, RunWriter

if TYPE_CHECKING:
    from pathlib import Path

FAULTS = (
    Fault("study.toml", "sites[1].mw", "-20 MW", "must be >= 0.", "Remove the site."),
    Fault("study.toml", "tax.rate_frac", "15", "must be 0 to 1.", "Write 0.15."),
)
CONFLICT = Conflict("cash_floor", "treasury", "2026-03", 12.5e6, "USD", "Raise equity.")

CASES = [
    (ConfigError(FAULTS), 2, "sites[1].mw = -20 MW must be >= 0. Remove the site."),
    (DataError("prices.csv: 3 days are missing."), 3, "3 days are missing"),
    (InfeasibleError([CONFLICT]), 4, "short by 12,500,000.00 USD. Raise equity."),
    (SolverError("no plan", status="time_limit", log_path="a.log"), 5, "no plan"),
    (BackendError("no CUDA device"), 6, "no CUDA device"),
    (ReportError("runs: cannot be written"), 7, "cannot be written"),
    (WattplanError("something else"), 1, "something else"),
]
NAMES = [type(error).__name__ for error, _, _ in CASES]


@pytest.fixture
def fail_with(monkeypatch: pytest.MonkeyPatch):
    """Make `wattplan doctor` fail with the given error."""

    def arrange(error: Exception) -> None:
        def examine(folder: Path) -> None:
            raise error

        monkeypatch.setattr("optimizer.doctor.examine", examine)

    return arrange


def test_the_cases_cover_every_error_class() -> None:
    assert {WattplanError, *WattplanError.__subclasses__()} == {
        type(error) for error, _, _ in CASES
    }


@pytest.mark.parametrize(("error", "code", "text"), CASES, ids=NAMES)
def test_an_error_becomes_its_exit_code_and_a_plain_text(
    fail_with,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    code: int,
    text: str,
) -> None:
    fail_with(error)
    assert main(["doctor"]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert text in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(("error", "code", "text"), CASES, ids=NAMES)
def test_an_error_is_json_on_standard_output_when_asked(
    fail_with,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    code: int,
    text: str,
) -> None:
    fail_with(error)
    assert main(["doctor", "--json"]) == code
    said = capsys.readouterr()
    body = json.loads(said.out)["error"]
    assert body["class"] == type(error).__name__
    assert text in body["message"]
    assert isinstance(body["faults"], list)
    assert text in said.err


def test_every_fault_stands_on_a_line_of_its_own_and_in_json(
    fail_with, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(ConfigError(FAULTS))
    assert main(["doctor", "--json"]) == 2
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "study.toml: sites[1].mw = -20 MW must be >= 0. Remove the site.",
        "study.toml: tax.rate_frac = 15 must be 0 to 1. Write 0.15.",
    ]
    assert json.loads(said.out)["error"]["faults"] == [
        {
            "file": "study.toml",
            "field": "sites[1].mw",
            "value": "-20 MW",
            "allowed": "must be >= 0.",
            "action": "Remove the site.",
        },
        {
            "file": "study.toml",
            "field": "tax.rate_frac",
            "value": "15",
            "allowed": "must be 0 to 1.",
            "action": "Write 0.15.",
        },
    ]


def test_conflicts_and_solver_facts_are_in_json(
    fail_with, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(InfeasibleError([CONFLICT]))
    assert main(["doctor", "--json"]) == 4
    conflicts = json.loads(capsys.readouterr().out)["error"]["conflicts"]
    assert [(c["rule"], c["amount"], c["unit"]) for c in conflicts] == [
        ("cash_floor", 12.5e6, "USD")
    ]
    fail_with(SolverError("no plan", status="time_limit", log_path="a.log"))
    assert main(["doctor", "--json"]) == 5
    body = json.loads(capsys.readouterr().out)["error"]
    assert (body["status"], body["log_path"]) == ("time_limit", "a.log")


def test_a_fault_of_the_program_is_one_line_without_debug(
    fail_with, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(ZeroDivisionError("float division by zero.\nmore"))
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("unexpected error: ZeroDivisionError")
    assert "--debug" in lines[0]


@pytest.mark.parametrize("words", [["--debug", "doctor"], ["doctor", "--debug"]])
def test_debug_shows_the_traceback_wherever_it_stands(
    fail_with, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    fail_with(DataError("prices.csv: 3 days are missing."))
    assert main(words) == 3
    assert "Traceback (most recent call last)" in capsys.readouterr().err


# Below: errors that real input brings about.


def _run(tmp_path: Path, name: str) -> Path:
    with RunWriter(tmp_path / name, RunFacts("plan", "tiny")) as run:
        run.write_text("study.toml", 'id = "tiny"\n')
    return tmp_path / name


def test_a_damaged_run_is_a_data_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = _run(tmp_path, "a"), _run(tmp_path, "b")
    (second / "study.toml").write_text("id = ")
    assert main(["runs", "compare", str(first), str(second)]) == 3
    assert "study.toml: not readable as TOML" in capsys.readouterr().err


def test_a_missing_run_is_a_report_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "show", "nothing", "--folder", str(tmp_path)]) == 7
    assert "nothing: no such run" in capsys.readouterr().err
