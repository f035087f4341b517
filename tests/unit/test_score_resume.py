# SPDX-License-Identifier: Apache-2.0
"""`wattplan score` after a scoring that was broken off."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest

import gpu.array_engine
from models.business_as_usual import business_as_usual
from optimizer.chunk_store import MANIFEST
from optimizer.cli import main
from optimizer.commands import plan
from optimizer.runfolder import RunFacts, RunWriter, open_run
from sites.loader import load_bundle
from sites.resolved import resolved_toml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LONG = ("--scenarios", "6000", "--backend", "numpy")
SHORT = ("--scenarios", "50", "--backend", "numpy", "--json")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run in a folder whose name a shell would split; its chunks are blocks."""
    monkeypatch.setattr("gpu.scoring.chunks.MIN_CHUNK_BLOCKS", 1)
    folder = tmp_path / "my 'first' run"
    bundle = load_bundle("teaching")
    with RunWriter(folder, RunFacts("plan", "teaching")) as writer:
        writer.write_text("study.toml", resolved_toml(bundle))
        writer.write_plan(business_as_usual(bundle.study))
    return folder


@pytest.fixture
def interrupted(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Score until Ctrl-C after the first chunk; what the command says."""

    def press(*words: str) -> str:
        real, n_calls = gpu.array_engine.score_each, 0

        def pressed(*given: object, **more: object) -> object:
            nonlocal n_calls
            n_calls += 1
            if n_calls == 4:  # The base path, two pieces of chunk 0, then Ctrl-C.
                raise KeyboardInterrupt
            return real(*given, **more)  # type: ignore[arg-type]

        with monkeypatch.context() as patched:
            patched.setattr(gpu.array_engine, "score_each", pressed)
            assert main(["score", str(folder), *words]) == 130
        return capsys.readouterr().err

    return press


def test_the_command_that_goes_on_is_accepted_as_it_is_printed(
    folder: Path,
    interrupted: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("optimizer.score_files.MAX_KEPT_ROWS", 5000)
    words = [*LONG, "--yes", "--on-device-loss", "stop", "--sampling", "antithetic"]
    words += ["--until", "npv mean +- 1e-9 %", "--grid", "capex=1:2:3, fees=1:2:2"]
    told = interrupted(*words)
    # Two chunks of scenarios and one of the grid.
    assert "1 of 3 chunks are finished and kept." in told
    [line] = [line for line in told.splitlines() if "Go on with: " in line]
    again = shlex.split(line.partition("Go on with: ")[2])
    assert again[:3] == ["wattplan", "score", str(folder)]
    assert {*words, "--seed", "--resume"} == {*again[3:]} - {"1"}
    assert main(again[1:]) == 0
    assert "6,000 scenarios" in capsys.readouterr().out
    found = open_run(folder)
    assert [*shlex.split(found.passport.commands[-1]), "--resume"] == again
    assert found.table("grid.parquet")["capex_multiplier"].size == 6


def test_a_scoring_within_a_planning_says_how_to_go_on_just_so(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_off(folder: Path, *, command: str, options: Any, **_: object) -> None:
        options.say(f"Go on with: {command}{' ' * 80}--resume")

    monkeypatch.setattr("optimizer.scoring.score_run", broken_off)
    monkeypatch.setattr("optimizer.scoring.stress_run", lambda _: None)
    plan._score(folder, 6000, 3)
    line = capsys.readouterr().err.strip()
    words = ["wattplan", "score", str(folder), "--scenarios", "6000", "--seed", "3"]
    assert shlex.split(line.removeprefix("Go on with: ")) == [*words, "--resume"]
    assert "\n" not in line


def test_a_short_scoring_does_not_pass_over_the_chunks_of_a_longer_one(
    folder: Path, interrupted: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(*LONG)
    [chunk] = (folder / "scores").glob("chunk-*")
    assert main(["score", str(folder), *SHORT]) == 2
    assert "holds 1 finished chunk of a scoring" in capsys.readouterr().err
    assert main(["score", str(folder), *SHORT, "--resume"]) == 2
    assert "scenarios (was 6000, is 50)" in capsys.readouterr().err
    text = (folder / "scores" / MANIFEST).read_text()
    (folder / "scores" / MANIFEST).unlink()
    assert main(["score", str(folder), *SHORT]) == 2
    assert f"{MANIFEST} is missing" in capsys.readouterr().err
    (folder / "scores" / MANIFEST).write_text(text)
    assert chunk.is_file()
    assert main(["score", str(folder), *SHORT, "--fresh"]) == 0
    assert json.loads(capsys.readouterr().out)["score"]["n_scenarios"] == 50
    assert not (folder / "scores").exists()
    assert open_run(folder).changed_files() == []


def test_a_short_scoring_says_that_there_is_nothing_to_resume(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(folder), *SHORT, "--resume"]) == 0
    told = capsys.readouterr().err
    assert f"{folder / 'scores'}: no finished chunks; starting at scenario 0.\n" in told
    for words in ((*SHORT, "--fresh"), SHORT):
        assert main(["score", str(folder), *words]) == 0
        assert "chunk" not in capsys.readouterr().err
    assert main(["score", str(folder), "--scenarios", "0", "--resume"]) == 2
    assert "no finished chunks" not in capsys.readouterr().err
