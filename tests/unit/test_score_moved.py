# SPDX-License-Identifier: Apache-2.0
"""Chunks of a device that is gone: the scoring goes on with an engine of the host."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from quick_engine import (
    CHUNK,
    N_BLOCKS,
    PLAN,
    STUDY,
    USUAL,
    Broken,
    N,
    Quick,
    run,
    same,
)

import gpu.scoring.chunks
import gpu.scoring.identity
import gpu.scoring.score
from gpu.backend import INSTALL_HINT, DeviceLostError
from gpu.engines import make_engine
from gpu.sampling.rule import DrawRule
from gpu.scoring.chunks import BLOCK, chunk_ranges
from gpu.scoring.going_on import chosen_engine
from gpu.scoring.identity import identity_of, in_place_of
from gpu.scoring.options import ScoreOptions
from models.errors import BackendError, ConfigError
from optimizer.chunk_store import MANIFEST

if TYPE_CHECKING:
    from pathlib import Path

    from gpu.numpy_engine import Scored

VERSIONS = {"wattplan": "1", "numpy": "2", "numba": "3", "cupy": "4"}


class Machine:
    """What a computer has: a device that works, or not, and engines of the host."""

    def __init__(self, pattern: tuple[Scored, ...]) -> None:
        self.trouble: BackendError | None = None
        self.fails_at_base: BackendError | None = None
        self.host = "cpu"
        self.versions = dict(VERSIONS)
        self.asked: list[str] = []
        self.fails_from: int | None = None
        self.failure: BaseException = Broken()
        self.engine = Quick(pattern)
        self._pattern = pattern

    def make(self, name: str, *_: object, **__: object) -> Quick:
        self.asked.append(name)
        if name == "cuda" and self.trouble is not None:
            raise self.trouble
        if name == "auto":
            works = self.trouble is None and self.fails_at_base is None
            name = "cuda" if works else self.host
        engine = self.engine = Quick(self._pattern)
        engine.name, engine.reason = name, f"{name}: for tests"
        engine.fails_from, engine.failure = self.fails_from, self.failure
        if name == "cuda" and self.fails_at_base is not None:
            trouble = self.fails_at_base

            def fail() -> tuple[Scored, ...]:
                raise trouble

            engine.score_base = fail  # type: ignore[method-assign]
        return engine

    def goes(self) -> None:
        """Take the device and CuPy away, and what made the scoring break off."""
        self.trouble, self.fails_from = BackendError(INSTALL_HINT), None
        self.versions["cupy"] = "none"


@pytest.fixture(scope="module")
def pattern() -> tuple[Scored, ...]:
    return make_engine("numpy", STUDY, (PLAN,), USUAL, 5).score(np.arange(BLOCK))


@pytest.fixture
def machine(pattern: tuple[Scored, ...], monkeypatch: pytest.MonkeyPatch) -> Machine:
    here = Machine(pattern)
    monkeypatch.setattr(gpu.scoring.chunks, "MIN_CHUNK_BLOCKS", N_BLOCKS)
    monkeypatch.setattr(gpu.scoring.score, "make_engine", here.make)
    monkeypatch.setattr(
        gpu.scoring.score, "make_host_engine", lambda *_: here.make(here.host)
    )
    monkeypatch.setattr(gpu.scoring.identity, "_version", lambda p: here.versions[p])
    return here


def broken_off(machine: Machine, folder: Path) -> None:
    """Leave one chunk of the device, and no device."""
    machine.fails_from = CHUNK + BLOCK
    with pytest.raises(Broken):
        run(folder)
    assert engines_of(folder) == ["cuda"]
    machine.goes()
    machine.asked = []


def manifest(folder: Path) -> Any:
    return json.loads((folder / MANIFEST).read_text())


def engines_of(folder: Path) -> list[str]:
    return [chunk["engine"] for chunk in manifest(folder)["chunks"]]


@pytest.mark.parametrize("host", ["cpu", "numpy"])
def test_left_to_choose_the_best_engine_that_works_goes_on(
    machine: Machine, tmp_path: Path, host: str
) -> None:
    whole = run()
    broken_off(machine, tmp_path)
    machine.host, told = host, []
    found = run(tmp_path, options={"say": told.append})
    same(found, whole)
    assert found.backend == f"cuda+{host}"
    assert min(machine.engine.calls) == CHUNK
    assert machine.asked == ["cuda", "auto"]
    assert told == [
        f"Going on with the engine {host}: cuda does not work here ({INSTALL_HINT})."
    ]
    assert engines_of(tmp_path) == ["cuda", host, host]


def test_a_device_that_fails_on_the_base_path_is_left_too(
    machine: Machine, tmp_path: Path
) -> None:
    broken_off(machine, tmp_path)
    machine.trouble = None
    machine.fails_at_base = DeviceLostError("cuda: the device has stopped (gone).")
    told: list[str] = []
    assert run(tmp_path, options={"say": told.append}).backend == "cuda+cpu"
    assert told == [
        "Going on with the engine cpu: cuda does not work here "
        "(cuda: the device has stopped (gone))."
    ]


@pytest.mark.parametrize("backend", ["cpu", "numpy"])
@pytest.mark.parametrize("is_there", [False, True])
def test_an_engine_of_the_host_asked_for_goes_on(
    machine: Machine, tmp_path: Path, backend: str, is_there: bool
) -> None:
    whole = run()
    broken_off(machine, tmp_path)
    if is_there:
        machine.trouble = None
    told: list[str] = []
    found = run(tmp_path, backend=backend, options={"say": told.append})
    same(found, whole)
    assert found.backend == f"cuda+{backend}"
    assert machine.asked == [backend]
    assert told == [
        f"Going on with the engine {backend}, as asked, after chunks of cuda."
    ]


def test_the_device_asked_for_by_name_is_not_replaced_but_the_way_is_said(
    machine: Machine, tmp_path: Path
) -> None:
    broken_off(machine, tmp_path)
    with pytest.raises(BackendError, match=r"\]'\. Or go on .*--backend auto\.$"):
        run(tmp_path, backend="cuda")
    assert engines_of(tmp_path) == ["cuda"]


def test_what_was_broken_off_after_the_device_had_failed_goes_on(
    machine: Machine, tmp_path: Path
) -> None:
    whole = run()
    machine.fails_from, machine.failure = CHUNK, DeviceLostError("cuda: gone.")
    real = machine.make

    def breaks_later(name: str, *more: object, **others: object) -> Quick:
        if name == "cpu":
            machine.fails_from, machine.failure = 2 * CHUNK, Broken()
        return real(name, *more, **others)

    machine.make = breaks_later  # type: ignore[method-assign]
    with pytest.raises(Broken):
        run(tmp_path)
    assert engines_of(tmp_path) == ["cuda", "cpu"]
    machine.goes()
    machine.make = real  # type: ignore[method-assign]
    same(found := run(tmp_path), whole)
    assert found.backend == "cuda+cpu"
    assert machine.engine.calls == list(range(2 * CHUNK, N, BLOCK))


def test_the_device_takes_over_again_when_it_is_back(
    machine: Machine, tmp_path: Path
) -> None:
    broken_off(machine, tmp_path)
    machine.fails_from = 2 * CHUNK
    with pytest.raises(Broken):
        run(tmp_path)
    kept = manifest(tmp_path)["identity"]
    assert kept["engine"] == "cuda"
    assert kept["version of cupy"] == "4"
    machine.trouble, machine.fails_from = None, None
    machine.versions["cupy"] = "4"
    told: list[str] = []
    assert run(tmp_path, options={"say": told.append}).backend == "cuda+cpu"
    assert engines_of(tmp_path) == ["cuda", "cpu", "cuda"]
    assert told == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 6}, "draws.seed (was 5, is 6)"),
        ({"baseline": None}, "baseline"),
        ({"versions": {"numpy": "2.1"}}, "version of numpy (was 2, is 2.1)"),
        ({"versions": {"wattplan": "7"}}, "version of wattplan (was 1, is 7)"),
    ],
)
def test_all_else_must_be_as_it_was(
    machine: Machine, tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    broken_off(machine, tmp_path)
    machine.versions |= change.pop("versions", {})
    with pytest.raises(ConfigError) as caught:
        run(tmp_path, **change)
    assert f"changed: {named}." in str(caught.value)
    assert engines_of(tmp_path) == ["cuda"]


def test_a_scoring_of_the_host_is_not_handed_to_another_engine(
    machine: Machine, tmp_path: Path
) -> None:
    machine.goes()
    machine.fails_from = CHUNK
    with pytest.raises(Broken):
        run(tmp_path)
    machine.trouble, machine.fails_from = None, None
    for backend in ("cuda", "numpy"):
        with pytest.raises(ConfigError, match=rf"engine \(was cpu, is {backend}\)"):
            run(tmp_path, backend=backend)


def test_fresh_chunks_are_the_engine_s_own(machine: Machine, tmp_path: Path) -> None:
    broken_off(machine, tmp_path)
    assert run(tmp_path, options={"resume": False}).backend == "cpu"
    assert manifest(tmp_path)["identity"]["engine"] == "cpu"
    assert engines_of(tmp_path) == ["cpu"] * len(chunk_ranges(N))


def test_an_identity_in_place_of_another_has_that_one_s_engine_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    versions = dict(VERSIONS)
    monkeypatch.setattr(gpu.scoring.identity, "_version", lambda p: versions[p])

    def of(engine: str, n_scenarios: int) -> dict[str, str]:
        parts = (STUDY, (PLAN,), USUAL, DrawRule(1))
        return identity_of(
            *parts,
            n_scenarios=n_scenarios,
            engine=engine,
            has_rows=True,
            is_streamed=False,
        )

    left, wanted = of("cuda", 9), of("cuda", 7)
    # A device's draws, tables and open rates are made by Numba: its version counts.
    assert left["version of numba"] == "3"
    for engine in ("cpu", "numpy"):
        versions["numba"] = "3.1"
        assert in_place_of(of(engine, 7), left) == wanted


@pytest.mark.parametrize(("name", "place"), [("numpy", ""), ("cuda", ", Device 7")])
def test_the_reason_is_said_why_an_engine_was_taken_that_nobody_asked_for(
    name: str, place: str
) -> None:
    store: Any = SimpleNamespace(earlier=lambda: {"engine": name})
    options = ScoreOptions(resume=True, store=store)

    def make(asked: str) -> Any:
        reason = f"{asked}: asked for{place}"
        return SimpleNamespace(name=asked, reason=reason, score_base=lambda: ())

    made = chosen_engine(make, "auto", options)
    assert (made.name, made.reason) == (
        name,
        f"{name}: as the chunks that are finished{place}",
    )
    if name == "cuda":
        assert chosen_engine(make, "cuda", options).reason == f"cuda: asked for{place}"
