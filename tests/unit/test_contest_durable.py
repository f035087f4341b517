# SPDX-License-Identifier: Apache-2.0
"""A contest that is broken off and goes on: every result the same, to the bit."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from quick_engine import CHUNK, N_BLOCKS, PLAN, STUDY, USUAL, Broken, N, Quick

import gpu.array_engine
import gpu.contests.run
import gpu.scoring.chunks
from gpu.backend import DeviceLostError
from gpu.contests.run import contest
from gpu.engines import make_engine
from gpu.sampling.rule import DrawRule
from gpu.scoring.chunks import BLOCK
from gpu.scoring.options import ScoreOptions
from models.business_as_usual import business_as_usual
from models.errors import BackendError, ConfigError
from optimizer.chunk_store import ChunkStore, file_of
from optimizer.cli import main
from optimizer.runfolder import RunFacts, RunWriter, open_run
from sites.loader import load_bundle
from sites.resolved import resolved_toml

if TYPE_CHECKING:
    from pathlib import Path

    from gpu.contests.result import ContestResult
    from gpu.numpy_engine import Scored

PLANS = (PLAN, USUAL)
# What says how it was done, not what came out.
TOLD = {"elapsed_s", "scenarios_per_s", "backend_reason"}


@pytest.fixture(scope="module")
def pattern() -> tuple[Scored, ...]:
    return make_engine("numpy", STUDY, PLANS, None, 5).score(np.arange(BLOCK))


@pytest.fixture
def quick(pattern: tuple[Scored, ...], monkeypatch: pytest.MonkeyPatch) -> Quick:
    engine = Quick(pattern)
    monkeypatch.setattr(gpu.scoring.chunks, "MIN_CHUNK_BLOCKS", N_BLOCKS)
    monkeypatch.setattr(gpu.contests.run, "make_engine", lambda *_, **__: engine)
    return engine


def held(folder: Path | None = None, **changes: Any) -> ContestResult:
    """Hold a contest with chunks in a folder, if there is one."""
    options = changes.pop("options", {})
    given: dict[str, Any] = {"n_scenarios": N, "seed": 5, "keep_rows": True} | changes
    plans = given.pop("plans", PLANS)
    if folder is None:
        return contest(STUDY, plans, options=ScoreOptions(**options), **given)
    with ChunkStore(folder, say=options.get("say")) as store:
        every = ScoreOptions(**{"resume": True, **options, "store": store})
        return contest(STUDY, plans, options=every, **given)


def same(one: ContestResult, other: ContestResult) -> None:
    told = (
        {name: value for name, value in each.as_json().items() if name not in TOLD}
        for each in (one, other)
    )
    first, second = (json.dumps(each, sort_keys=True) for each in told)
    assert first == second
    assert (one.rows is None) == (other.rows is None)
    for name, values in (one.rows or {}).items():
        np.testing.assert_array_equal(values, (other.rows or {})[name], name)


def broken_off(quick: Quick, folder: Path, **changes: Any) -> None:
    """Leave the first chunk, and a sound engine."""
    quick.fails_from = CHUNK + BLOCK
    with pytest.raises(Broken):
        held(folder, **changes)
    quick.fails_from, quick.calls = None, []


@pytest.mark.parametrize("keep_rows", [True, False])
@pytest.mark.parametrize("n_workers", [1, 3])
def test_a_broken_contest_goes_on_and_ends_the_same(
    quick: Quick, tmp_path: Path, keep_rows: bool, n_workers: int
) -> None:
    whole = held(keep_rows=keep_rows)
    quick.n_workers = n_workers
    broken_off(quick, tmp_path, keep_rows=keep_rows)
    same(held(tmp_path, keep_rows=keep_rows), whole)
    assert min(quick.calls) == CHUNK
    quick.calls = []
    same(held(tmp_path, keep_rows=keep_rows), whole)
    assert quick.calls == []


def test_weights_survive(quick: Quick, tmp_path: Path) -> None:
    tilt = (-0.3,) * STUDY.time.months
    rule = DrawRule(5, method="importance", tilt=tilt)
    whole = held(rule=rule)
    assert whole.effective_scenarios < N
    broken_off(quick, tmp_path, rule=rule)
    same(held(tmp_path, rule=rule), whole)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 6}, "draws.seed"),
        ({"plans": (USUAL, PLAN)}, "plan 1, plan 2, names of plans"),
        ({"labels": ("one", "other")}, "names of plans"),
        ({"keep_rows": False}, "rows"),
        ({"n_scenarios": N + 1}, "scenarios"),
    ],
)
def test_another_contest_is_refused_by_name(
    quick: Quick, tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    broken_off(quick, tmp_path)
    with pytest.raises(ConfigError, match=f"changed: {named}"):
        held(tmp_path, **change)
    assert quick.calls == []


def test_a_damaged_chunk_is_scored_again(quick: Quick, tmp_path: Path) -> None:
    whole = held()
    broken_off(quick, tmp_path)
    place = tmp_path / file_of(0)
    place.write_bytes(place.read_bytes()[:-1])
    told: list[str] = []
    same(held(tmp_path, options={"say": told.append}), whole)
    assert min(quick.calls) == 0
    assert "does not match its checksum" in told[0]


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_device_that_dies_costs_a_chunk(
    quick: Quick,
    pattern: tuple[Scored, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_kept: bool,
) -> None:
    whole = held()
    host = Quick(pattern)
    host.name = "cpu"
    asked: list[bool] = []

    def made(*_: object, has_sites: bool) -> Quick:
        asked.append(has_sites)
        return host

    monkeypatch.setattr(gpu.contests.run, "make_host_engine", made)
    quick.name, quick.calls = "cuda", []
    quick.failure, quick.fails_from = DeviceLostError("cuda: gone."), CHUNK + BLOCK
    told: list[str] = []
    folder = tmp_path if is_kept else None
    found = held(folder, options={"say": told.append})
    assert found.backend == "cuda+cpu"
    assert min(host.calls) == CHUNK
    assert asked == [False]
    assert "cuda: gone. Going on with the engine cpu." in told
    for name in ("npv_usd", "min_cash_usd"):
        assert repr(found.columns[name]) == repr(whole.columns[name])


def test_a_contest_ends_with_its_device_if_asked_to(
    quick: Quick, tmp_path: Path
) -> None:
    quick.name = "cuda"
    quick.failure, quick.fails_from = DeviceLostError("cuda: gone."), CHUNK + BLOCK
    with pytest.raises(BackendError, match="Go on with --resume"):
        held(tmp_path, options={"on_device_loss": "stop"})
    assert (tmp_path / file_of(0)).is_file()


def test_an_interrupt_says_how_to_go_on_and_resume_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu.scoring.chunks, "MIN_CHUNK_BLOCKS", 1)
    folder = tmp_path / "my 'first' run"
    bundle = load_bundle("teaching")
    with RunWriter(folder, RunFacts("plan", "teaching")) as writer:
        writer.write_text("study.toml", resolved_toml(bundle))
        usual = business_as_usual(bundle.study)
        months = bundle.study.time.months
        sold = {"label": "plan", "btc_sold_free": (0.2,) * months}
        writer.write_plan(usual.model_copy(update=sold))
    words = ["contest", str(folder), "--scenarios", "6000", "--backend", "numpy"]
    words += ["--sampling", "antithetic", "--no-rows"]
    real, n_calls = gpu.array_engine.score_each, 0

    def pressed(*given: object, **more: object) -> object:
        nonlocal n_calls
        n_calls += 1
        if n_calls == 3:  # Two pieces of chunk 0, then Ctrl-C.
            raise KeyboardInterrupt
        return real(*given, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(gpu.array_engine, "score_each", pressed)
        assert main(words) == 130
    told = capsys.readouterr().err
    assert "1 of 2 chunks are finished and kept." in told
    assert main(words) == 2
    assert "holds 1 finished chunk" in capsys.readouterr().err
    assert main([*words, "--resume", "--fresh"]) == 2
    assert "cannot go with --fresh" in capsys.readouterr().err
    [line] = [one for one in told.splitlines() if "Go on with: " in one]
    again = shlex.split(line.partition("Go on with: ")[2])
    assert again[:3] == ["wattplan", "contest", str(folder)]
    assert main([*again[1:], "--json"]) == 0
    resumed = json.loads(capsys.readouterr().out)["contest"]
    assert not (folder / "contest").exists()
    assert main([*words, "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)["contest"]
    for found in (resumed, whole):
        for name in TOLD:
            del found[name]
    assert resumed == whole
    assert open_run(folder).changed_files() == []
