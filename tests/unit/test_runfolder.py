# SPDX-License-Identifier: Apache-2.0
"""Run folders: whole or absent, refused when in the way, read back exactly."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from models.errors import DataError, ReportError
from models.plan import Order, Plan
from optimizer.passport import (
    CheckResult,
    Passport,
    SolverFacts,
    file_sha256,
    inputs_sha256,
)
from optimizer.runfolder import RunFacts, RunWriter, check_target, open_run
from optimizer.runreader import remove_run

FACTS = RunFacts(
    kind="plan",
    study_id="tiny",
    study_title="A tiny study",
    inputs={"study.toml": "a" * 64, "sites/georgia.toml": "b" * 64},
    command="wattplan plan tiny",
    seed=7,
)


def _plan() -> Plan:
    return Plan(
        label="plan",
        study_id="tiny",
        months=2,
        orders=(Order(model="s21", site="georgia", period=0, lots=3),),
        btc_sold_free=(0.1, 1 / 3),
        btc_sold_pledged=(0.0, 0.0),
        emergency_equity_usd=(0.0, 0.0),
    )


def _write(folder: Path, *, force: bool = False, kpi: float = 1.5) -> Path:
    with RunWriter(folder, FACTS, force=force) as run:
        run.write_plan(_plan())
        run.write_json("summary.json", {"npv_usd": 0.1 + 0.2, "irr_per_year": np.nan})
        run.write_table("allocation.parquet", {"month": ["2025-12"], "mw": [20.25]})
        run.kpis["npv_usd"] = kpi
        run.status = "optimal"
    return run.folder


def _break_off(writer: RunWriter, error: BaseException) -> None:
    with writer as run:
        run.write_text("plan.json", "half")
        raise error


def test_a_run_is_read_back_as_written(tmp_path: Path) -> None:
    run = open_run(_write(tmp_path / "base"))
    assert run.passport.study_id == "tiny"
    assert run.passport.status == "optimal"
    assert run.passport.kpis == {"npv_usd": 1.5}
    assert run.passport.commands == ("wattplan plan tiny",)
    assert run.plan() == _plan()
    assert run.json("summary.json") == {
        "npv_usd": 0.30000000000000004,
        "irr_per_year": None,
    }
    columns = run.table("allocation.parquet")
    assert columns["month"].tolist() == ["2025-12"]
    assert columns["mw"].tolist() == [20.25]
    assert run.changed_files() == []


def test_the_passport_hashes_every_file_and_all_inputs(tmp_path: Path) -> None:
    run = open_run(_write(tmp_path / "base"))
    files = run.passport.files
    assert set(files) == {"plan.json", "summary.json", "allocation.parquet"}
    assert files["plan.json"].sha256 == file_sha256(run.folder / "plan.json")
    assert run.passport.inputs_sha256 == inputs_sha256(FACTS.inputs)
    assert inputs_sha256(dict(reversed(FACTS.inputs.items()))) == inputs_sha256(
        FACTS.inputs
    )
    (run.folder / "plan.json").write_text("{}")
    (run.folder / "summary.json").unlink()
    assert run.changed_files() == ["plan.json", "summary.json"]


def test_nothing_is_left_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        _break_off(RunWriter(tmp_path / "x", FACTS), RuntimeError())
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_an_earlier_run_untouched(tmp_path: Path) -> None:
    folder = _write(tmp_path / "base", kpi=1.0)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    writer = RunWriter(folder, FACTS, force=True)
    with pytest.raises(KeyboardInterrupt):
        _break_off(writer, KeyboardInterrupt())
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_the_passport_appears_after_every_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    replace = Path.replace

    def note(self: Path, target: Path) -> Path:
        order.append(Path(target).name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", note)
    _write(tmp_path / "base")
    assert order[-1] == "run.json"
    assert sorted(order[:-1]) == ["allocation.parquet", "plan.json", "summary.json"]


def test_every_file_is_flushed_before_its_name_appears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (events.append("sync"), fsync(fd)))
    monkeypatch.setattr(
        Path, "replace", lambda s, t: (events.append("name"), replace(s, t))[1]
    )
    _write(tmp_path / "base")
    # Four files flushed, four renamed, then the folder's own list of names.
    assert events == ["sync"] * 4 + ["name"] * 4 + ["sync"]


def test_a_folder_with_a_run_is_refused_unless_forced(tmp_path: Path) -> None:
    folder = _write(tmp_path / "base")
    with pytest.raises(ReportError, match=r"holds a run already.*--force"):
        check_target(folder)
    with pytest.raises(ReportError, match="holds a run already"):
        _write(folder)
    with RunWriter(folder, FACTS, force=True) as run:
        run.write_text("other.txt", "new")
    assert sorted(p.name for p in folder.iterdir()) == ["other.txt", "run.json"]


def test_forcing_keeps_files_that_are_not_the_runs(tmp_path: Path) -> None:
    folder = _write(tmp_path / "base")
    (folder / "notes.txt").write_text("mine")
    _write(folder, force=True, kpi=2.0)
    assert (folder / "notes.txt").read_text() == "mine"
    assert open_run(folder).passport.kpis == {"npv_usd": 2.0}


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_with_other_things_is_refused_always(
    tmp_path: Path, force: bool
) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ReportError, match="holds files that are not a run"):
        RunWriter(tmp_path, FACTS, force=force)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "base").write_text("")
    with pytest.raises(ReportError, match="is a file"):
        RunWriter(tmp_path / "base", FACTS)


def test_what_a_killed_run_left_behind_is_in_nobodys_way(tmp_path: Path) -> None:
    # No process has this number: it lies above the largest that Linux gives.
    (tmp_path / "base" / ".partial-4194305").mkdir(parents=True)
    _write(tmp_path / "base")
    names = {p.name for p in (tmp_path / "base").iterdir()}
    assert "run.json" in names
    assert ".partial-4194305" not in names


def test_a_folder_that_cannot_be_made_is_a_report_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    writer = RunWriter(tmp_path / "file" / "run", FACTS)
    with pytest.raises(ReportError, match="cannot be written") as caught, writer:
        pass
    # The folder that was asked for is named, not the hidden one inside it.
    assert str(caught.value).startswith(f"{tmp_path / 'file' / 'run'}: ")
    assert "or the folder writable" in str(caught.value)


def test_a_file_that_the_run_had_is_gone_and_not_listed(tmp_path: Path) -> None:
    run = open_run(_write(tmp_path / "base"))
    name = next(iter(run.passport.files))
    (run.folder / name).unlink()
    with pytest.raises(DataError, match="no such file any more") as caught:
        run.file(name)
    assert str(caught.value).count(name) == 1


def test_the_default_folder_is_named_by_time_study_and_inputs(tmp_path: Path) -> None:
    first = RunWriter(None, FACTS, runs=tmp_path)
    assert first.folder.parent == tmp_path
    assert first.folder.name == first.run_id
    date, time, study, digest = first.run_id.split("-")
    assert len(date) == 8
    assert len(time) == 6
    assert study == "tiny"
    assert digest == inputs_sha256(FACTS.inputs)[:6]


def test_two_runs_of_one_second_get_two_folders(tmp_path: Path) -> None:
    with RunWriter(None, FACTS, runs=tmp_path) as first:
        first.write_text("a", "")
    # The clock may tick between the two; the names must differ either way.
    with RunWriter(None, FACTS, runs=tmp_path) as second:
        second.write_text("a", "")
    assert first.folder != second.folder
    assert len(list(tmp_path.iterdir())) == 2


def test_extending_adds_files_results_and_the_command(tmp_path: Path) -> None:
    folder = _write(tmp_path / "base")
    created = open_run(folder).passport
    with RunWriter.extend(folder, command="wattplan score base") as run:
        run.write_table("scores/part-0.parquet", {"npv_usd": np.array([1.0, np.nan])})
        run.kpis["cvar_usd"] = float("nan")
        run.checks.append(CheckResult(name="energy", is_good=True, text="0 MW over"))
        run.solver = SolverFacts(status="optimal", gap_frac=0.0)
        run.timings_s["score"] = 0.25
        run.scenarios, run.seed = 2, 9
    after = open_run(folder).passport
    assert after.run_id == created.run_id
    assert after.commands == ("wattplan plan tiny", "wattplan score base")
    assert after.kpis == {"npv_usd": 1.5, "cvar_usd": None}
    assert set(created.files) < set(after.files)
    assert (after.seed, after.scenarios) == (9, 2)
    scores = open_run(folder).table("scores/part-0.parquet")["npv_usd"]
    np.testing.assert_array_equal(scores, [1.0, np.nan])


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "run.json"])
def test_a_file_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReportError), RunWriter(tmp_path / "x", FACTS) as run:
        run.write_text(name, "")


def test_a_passport_cannot_name_files_outside_its_folder(tmp_path: Path) -> None:
    folder = _write(tmp_path / "base")
    place = folder / "run.json"
    passport = json.loads(place.read_text())
    passport["files"]["../victim.txt"] = {"size_bytes": 0, "sha256": ""}
    place.write_text(json.dumps(passport))
    with pytest.raises(ReportError, match="leads out of the run folder"):
        open_run(folder)


def test_a_folder_without_passport_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="not a run folder"):
        open_run(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run_id": 1}', "\x00"])
def test_a_damaged_passport_is_named_in_one_line(tmp_path: Path, text: str) -> None:
    folder = _write(tmp_path / "base")
    (folder / "run.json").write_text(text)
    with pytest.raises(ReportError, match="the passport is damaged") as caught:
        open_run(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "damage"),
    [("plan.json", "{}"), ("summary.json", "{"), ("allocation.parquet", "PAR1")],
)
def test_damaged_and_missing_files_are_named_in_one_line(
    tmp_path: Path, name: str, damage: str
) -> None:
    run = open_run(_write(tmp_path / "base"))
    read = {
        "plan.json": run.plan,
        "summary.json": lambda: run.json("summary.json"),
        "allocation.parquet": lambda: run.table("allocation.parquet"),
    }[name]
    (run.folder / name).write_text(damage)
    with pytest.raises(DataError, match=name) as caught:
        read()
    assert "\n" not in str(caught.value)
    (run.folder / name).unlink()
    with pytest.raises(DataError, match="no such file"):
        read()


def test_removing_a_run_spares_what_it_did_not_write(tmp_path: Path) -> None:
    folder = _write(tmp_path / "base")
    (folder / "notes.txt").write_text("mine")
    assert remove_run(open_run(folder)) == [folder / "notes.txt"]
    assert [p.name for p in folder.iterdir()] == ["notes.txt"]


def test_csv_keeps_every_digit_and_leaves_unknowns_empty(tmp_path: Path) -> None:
    columns = {
        "site": ["georgia", "oman"],
        "mw": np.array([0.1 + 0.2, np.nan]),
        "is_open": [True, None],
    }
    with RunWriter(tmp_path / "x", FACTS) as run:
        run.write_csv("t.csv", columns)
    text = (tmp_path / "x" / "t.csv").read_text()
    rows = list(csv.reader(text.splitlines()))
    assert rows[1] == ["georgia", "0.30000000000000004", "true"]
    assert rows[2] == ["oman", "", ""]


def test_columns_of_different_length_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="one length"),
        RunWriter(tmp_path / "x", FACTS) as run,
    ):
        run.write_table("t.parquet", {"a": [1, 2], "b": [1]})


def test_an_older_reader_passes_over_keys_of_a_newer_version(tmp_path: Path) -> None:
    folder = _write(tmp_path / "base")
    passport = json.loads((folder / "run.json").read_text())
    passport["mood"] = "good"
    assert Passport.model_validate(passport) == open_run(folder).passport
