# SPDX-License-Identifier: Apache-2.0
"""Scoring that is broken off and goes on: every result the same, to the bit."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
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
import gpu.scoring.score
from gpu.backend import DeviceLostError
from gpu.engines import make_engine
from gpu.sampling.rule import DrawRule
from gpu.scoring.chunks import BLOCK, chunk_ranges
from gpu.scoring.score import ScoreOptions, score
from gpu.scoring.scored_parts import joined
from models.errors import BackendError, ConfigError
from optimizer.chunk_store import MANIFEST, ChunkStore, file_of

if TYPE_CHECKING:
    from gpu.engines import Engine
    from gpu.numpy_engine import Scored
    from models.arrays import IntArray


@pytest.fixture(scope="module")
def pattern() -> tuple[Scored, ...]:
    engine = make_engine("numpy", STUDY, (PLAN,), USUAL, 5)
    return engine.score(np.arange(BLOCK))


@pytest.fixture
def quick(pattern: tuple[Scored, ...], monkeypatch: pytest.MonkeyPatch) -> Quick:
    engine = Quick(pattern)
    monkeypatch.setattr(gpu.scoring.chunks, "MIN_CHUNK_BLOCKS", N_BLOCKS)
    monkeypatch.setattr(gpu.scoring.score, "make_engine", lambda *_, **__: engine)
    return engine


@pytest.mark.parametrize("keep_rows", [True, False])
def test_a_broken_run_goes_on_and_ends_the_same(
    quick: Quick, tmp_path: Path, keep_rows: bool
) -> None:
    whole = run(keep_rows=keep_rows)
    quick.fails_from = CHUNK + BLOCK
    with pytest.raises(Broken):
        run(tmp_path, keep_rows=keep_rows)
    quick.fails_from, quick.calls = None, []
    same(run(tmp_path, keep_rows=keep_rows), whole)
    # The first chunk was finished and is not scored again.
    assert min(quick.calls) == CHUNK
    quick.calls = []
    same(run(tmp_path, keep_rows=keep_rows), whole)
    assert quick.calls == []


def test_chunks_without_quantiles_are_not_taken_for_some_with_them(
    quick: Quick, tmp_path: Path
) -> None:
    """Rows kept in memory, and rows on the disk alone, whose quantiles come of bins."""
    quick.fails_from = CHUNK
    with pytest.raises(Broken):
        run(tmp_path, keep_rows=True)
    quick.fails_from = None
    with pytest.raises(ConfigError, match=r"quantiles \(was from rows, is from bins\)"):
        run(tmp_path, keep_rows=False, options={"rows_on_disk": True})


@pytest.mark.parametrize("n_workers", [2, 5])
def test_threads_change_no_bit(quick: Quick, n_workers: int) -> None:
    alone = run()
    quick.n_workers = n_workers
    same(run(), alone)
    assert len(quick.calls) == 2 * -(-N // BLOCK)


def test_a_device_is_called_once_at_a_time_and_counted_beside(
    quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = run()
    monkeypatch.setattr(gpu.scoring.chunks, "MIN_CHUNK_BLOCKS", 8)
    real, inside, most = quick.score, 0, 0

    def watched(ids: IntArray) -> tuple[Scored, ...]:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.01)
        parts = [real(ids[at : at + BLOCK]) for at in range(0, len(ids), BLOCK)]
        inside -= 1
        return joined(parts)

    monkeypatch.setattr(quick, "score", watched)
    quick.blocks_per_call = 2
    same(run(), alone)
    assert most == 1


def test_weights_beside_a_device_do_not_need_numba(
    quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = DrawRule(5, "importance", tilt=(0.1,) * STUDY.time.months)
    plain = run(rule=rule)
    # The array engine has a device's name too, and works without Numba.
    quick.name = "cuda"
    monkeypatch.setitem(sys.modules, "gpu.sampling.weights_cpu", None)
    same(run(rule=rule), plain)


def test_the_compiled_engine_gives_the_same_bits_in_threads_and_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu.scoring.chunks, "MIN_CHUNK_BLOCKS", N_BLOCKS)
    made = gpu.scoring.score.make_engine
    n_workers, breaks_at = 1, N

    def with_threads(*parts: Any, **more: Any) -> Engine:
        engine = made(*parts, **more)
        engine.n_workers = n_workers
        real = engine.score

        def score_unless_broken(ids: IntArray) -> tuple[Scored, ...]:
            if ids[0] >= breaks_at:
                raise Broken
            return real(ids)

        monkeypatch.setattr(engine, "score", score_unless_broken)
        return engine

    monkeypatch.setattr(gpu.scoring.score, "make_engine", with_threads)
    alone = run(backend="cpu")
    n_workers = 4
    same(run(backend="cpu"), alone)
    breaks_at = CHUNK + BLOCK
    with pytest.raises(Broken):
        run(tmp_path, backend="cpu")
    n_workers, breaks_at = 2, N
    same(run(tmp_path, backend="cpu"), alone)


def test_left_to_choose_a_resumed_run_takes_the_engine_of_its_chunks(
    quick: Quick, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def chosen(name: str, *_: object, **__: object) -> Quick:
        asked.append(name)
        return quick

    monkeypatch.setattr(gpu.scoring.score, "make_engine", chosen)
    quick.fails_from = CHUNK
    with pytest.raises(Broken):
        run(tmp_path)
    quick.fails_from = None
    run(tmp_path)
    run(tmp_path, backend="numpy", options={"resume": False})
    run(tmp_path, options={"resume": False})
    assert asked == ["auto", "numpy", "numpy", "auto"]


def test_a_corrupt_chunk_is_scored_again_and_said(quick: Quick, tmp_path: Path) -> None:
    whole = run(tmp_path)
    place = tmp_path / file_of(CHUNK)
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 255
    place.write_bytes(content)
    told: list[str] = []
    quick.calls = []
    same(run(tmp_path, options={"say": told.append}), whole)
    assert (min(quick.calls), max(quick.calls)) == (CHUNK, 2 * CHUNK - BLOCK)
    assert len(told) == 1
    assert "does not match its checksum" in told[0]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seed": 6}, "draws.seed (was 5, is 6)"),
        ({"n_scenarios": N + 1}, f"scenarios (was {N}, is {N + 1})"),
        ({"keep_rows": False}, "rows (was kept, is not kept)"),
        ({"baseline": None}, "baseline"),
        ({"rule": DrawRule(5, method="antithetic")}, "draws.method (was plain, is an"),
    ],
)
def test_a_changed_scoring_is_not_resumed(
    quick: Quick, tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    quick.fails_from = CHUNK
    with pytest.raises(Broken):
        run(tmp_path)
    with pytest.raises(ConfigError) as caught:
        run(tmp_path, **changes)
    assert named in str(caught.value)


def test_a_changed_study_plan_or_engine_is_not_resumed(
    quick: Quick, tmp_path: Path
) -> None:
    quick.fails_from = CHUNK
    with pytest.raises(Broken):
        run(tmp_path)
    dearer = STUDY.model_copy(
        update={"market": STUDY.market.model_copy(update={"btc_price_usd": 1.0})}
    )
    options = ScoreOptions(store=ChunkStore(tmp_path), resume=True)
    given = {"n_scenarios": N, "seed": 5, "baseline": USUAL, "options": options}
    with pytest.raises(ConfigError, match=r"changed: study\.market\."):
        score(dearer, PLAN, **given)
    with pytest.raises(ConfigError, match=r"changed: plan\."):
        score(STUDY, USUAL, **given)
    quick.name = "cpu"
    with pytest.raises(ConfigError, match=r"engine \(was numpy, is cpu\)"):
        score(STUDY, PLAN, **given)
    retitled = STUDY.model_copy(update={"title": "Another title"})
    quick.name, quick.fails_from = "numpy", None
    assert score(retitled, PLAN, **given).n_scenarios == N
    assert options.store is not None
    options.store.close()


def test_memory_does_not_grow_with_scenarios_nobody_keeps(quick: Quick) -> None:
    import tracemalloc

    peaks = []
    for n_chunks in (3, 9):
        tracemalloc.start()
        run(n_scenarios=n_chunks * CHUNK, keep_rows=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def test_a_device_that_fails_is_replaced_and_the_chunk_begun_again(
    quick: Quick,
    pattern: tuple[Scored, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = run()
    quick.name, quick.fails_from = "cuda", CHUNK + BLOCK
    quick.failure = DeviceLostError("cuda: the device has stopped to work (gone).")
    spare: Engine = Quick(pattern)
    monkeypatch.setattr(gpu.scoring.score, "make_host_engine", lambda *_: spare)
    told: list[str] = []
    counted: list[int] = []
    found = run(
        tmp_path,
        options={"say": told.append},
        progress=lambda done, *_: counted.append(done),
    )
    same(found, whole)
    assert found.backend == "cuda+numpy"
    assert told[-1].endswith("(gone). Going on with the engine numpy.")
    assert counted[-1] == N
    store = ChunkStore(tmp_path)
    store._chunks = (store._read_manifest() or ({}, {}))[1]
    engines = [store.engine_of(span.start) for span in chunk_ranges(N)]
    assert engines == ["cuda", "numpy", "numpy"]


def test_a_device_that_fails_may_end_the_work(quick: Quick, tmp_path: Path) -> None:
    quick.name, quick.fails_from = "cuda", CHUNK
    quick.failure = DeviceLostError("cuda: gone.")
    with pytest.raises(BackendError, match=r"gone\. .*--resume"):
        run(tmp_path, options={"on_device_loss": "stop"})
    assert (tmp_path / file_of(0)).is_file()


# A process started in the background of a shell would not hear Ctrl-C.
PROGRAM = """
import signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path[:0] = {path!r}
import numpy as np
import gpu.scoring.chunks, gpu.scoring.score
import test_score_durable as t
gpu.scoring.chunks.MIN_CHUNK_BLOCKS = t.N_BLOCKS
from gpu.engines import make_engine
engine = t.Quick(make_engine("numpy", t.STUDY, (t.PLAN,), t.USUAL, 5).score(
    np.arange(t.BLOCK)), n_workers=2)
gpu.scoring.score.make_engine = lambda *_, **__: engine
slow = engine.score
engine.score = lambda ids: (time.sleep(0.1), slow(ids))[1]
t.run(Path({folder!r}), keep_rows=False)
"""


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_process_loses_a_chunk_at_most(
    quick: Quick, tmp_path: Path, blow: signal.Signals
) -> None:
    folder = tmp_path / "scores"
    program = PROGRAM.format(path=sys.path, folder=str(folder))
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parent,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60.0
        while '"first": 0' not in _manifest(folder):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(blow)
        process.wait(30.0)
    finally:
        process.kill()
        process.wait()
    whole = run(keep_rows=False)
    quick.calls = []
    same(run(folder, keep_rows=False), whole)
    assert min(quick.calls) >= CHUNK


def _manifest(folder: Path) -> str:
    place = folder / MANIFEST
    return place.read_text() if place.is_file() else ""
