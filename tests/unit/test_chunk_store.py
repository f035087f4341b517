# SPDX-License-Identifier: Apache-2.0
"""Finished chunks on disk: whole, checked, of one scoring alone."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest

import optimizer.chunk_store
from gpu.scoring.identity import content_sha256
from models.errors import ConfigError, ReportError
from optimizer.chunk_store import MANIFEST, ChunkStore, file_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OF = {"plan": "a" * 64, "seed": "1"}


def filled(folder: Path) -> ChunkStore:
    """Return a store with two chunks, let go."""
    store = ChunkStore(folder)
    store.open(OF, n_chunks=3, resume=False)
    store.save(0, 10, "numpy", {"x": np.arange(10), "y": np.array([np.nan, 1.5])})
    store.save(10, 15, "cpu", {"x": np.arange(5)})
    store.close()
    return store


@contextmanager
def opened(
    folder: Path, *, resume: bool = True, say: Callable[[str], None] | None = None
) -> Iterator[ChunkStore]:
    with ChunkStore(folder, say=say) as store:
        store.open(OF, n_chunks=3, resume=resume)
        yield store


def test_what_was_saved_comes_back_as_it_was(tmp_path: Path) -> None:
    filled(tmp_path)
    again = ChunkStore(tmp_path)
    again.open(OF, n_chunks=3, resume=True)
    assert again.n_finished == 2
    found = again.load(0, 10)
    assert found is not None
    assert found["x"].tolist() == list(range(10))
    assert found["x"].dtype == np.int64
    np.testing.assert_array_equal(found["y"], [np.nan, 1.5])
    assert again.engine_of(10) == "cpu"
    assert again.load(15, 20) is None
    assert again.load(10, 16) is None
    assert [(first, list(a)) for first, a in again.tables("x", n_scenarios=15)] == [
        (0, [""]),
        (10, [""]),
    ]
    assert [first for first, _ in again.tables("x", n_scenarios=10)] == [0]
    again.discard()
    assert not tmp_path.exists()


def test_other_files_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "part-0.parquet").write_text("mine")
    store = filled(tmp_path)
    store.discard()
    assert [place.name for place in tmp_path.iterdir()] == ["part-0.parquet"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "gone"])
def test_a_damaged_chunk_is_found_and_told(tmp_path: Path, damage: str) -> None:
    filled(tmp_path)
    place = tmp_path / file_of(0)
    content = bytearray(place.read_bytes())
    if damage == "cut":
        place.write_bytes(content[:-1])
    elif damage == "flipped":
        content[200] ^= 1
        place.write_bytes(content)
    else:
        place.unlink()
    told: list[str] = []
    store = ChunkStore(tmp_path, say=told.append)
    store.open(OF, n_chunks=3, resume=True)
    assert store.load(0, 10) is None
    assert store.load(10, 15) is not None
    store.close()
    assert len(told) == 1
    assert "\n" not in told[0]
    assert "its 10 rows are scored again" in told[0]


def test_a_changed_scoring_is_refused_and_says_what_changed(tmp_path: Path) -> None:
    filled(tmp_path)
    now = {"plan": "b" * 64, "seed": "2", "rows": "kept"}
    with pytest.raises(ConfigError) as caught:
        ChunkStore(tmp_path).open(now, n_chunks=3, resume=True)
    told = str(caught.value)
    assert "changed: plan, seed (was 1, is 2), rows (was absent, is kept)." in told
    assert "--fresh" in told
    # It was let go, and nothing was lost.
    with opened(tmp_path) as store:
        assert store.n_finished == 2


def test_finished_chunks_are_neither_used_nor_dropped_unasked(tmp_path: Path) -> None:
    filled(tmp_path)
    with pytest.raises(ConfigError, match=r"holds 2 finished chunks.*--fresh"):
        ChunkStore(tmp_path).open(OF, n_chunks=3, resume=None)
    with opened(tmp_path, resume=False) as store:
        assert store.n_finished == 0
    assert not list(tmp_path.glob("chunk-*"))


def test_nothing_to_resume_is_said(tmp_path: Path) -> None:
    told: list[str] = []
    with opened(tmp_path, say=told.append):
        assert "starting at scenario 0" in told[0]
    (tmp_path / MANIFEST).write_text("{")
    told.clear()
    with opened(tmp_path, say=told.append) as store:
        assert "starting at scenario 0" in told[0]
        assert store.n_finished == 0


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda text: text[:-9], "cannot be read (Expecting"),
        (lambda text: text.replace('"format": 2', '"format": 99'), "(layout 99, not 2"),
        (lambda text: text.replace('"engine"', '"motor"'), "cannot be read ("),
        (lambda text: re.sub('"engine": "[a-z]+"', '"engine": 7', text), "0.engine"),
        (lambda text: text.replace('"first": 10', '"first": -5'), "-5 to 15 are no"),
        (lambda text: text.replace('"first": 10', '"first": "10"'), "1.first"),
        (None, "is missing"),
    ],
)
@pytest.mark.parametrize("resume", [None, True])
def test_chunks_without_a_readable_manifest_are_kept_until_dropped(
    tmp_path: Path,
    harm: Callable[[str], str] | None,
    why: str,
    resume: bool | None,
) -> None:
    filled(tmp_path)
    place = tmp_path / MANIFEST
    text = place.read_text()
    if harm is None:
        place.unlink()
    else:
        place.write_text(harm(text))
    with pytest.raises(ConfigError) as caught, ChunkStore(tmp_path) as store:
        store.open(OF, n_chunks=3, resume=resume)
    told = str(caught.value)
    assert "\n" not in told
    assert f"--fresh must be given: {place} " in told
    assert why in told
    assert "2 finished chunks in that folder cannot be used. Drop them with" in told
    # Nothing was touched: with the manifest back the scoring goes on.
    place.write_text(text)
    with opened(tmp_path) as again:
        assert again.n_finished == 2
        assert again.load(0, 10) is not None
    place.write_text("{")
    with opened(tmp_path, resume=False):
        assert not list(tmp_path.glob("chunk-*"))


@pytest.mark.parametrize("damage", ["flipped", "gone"])
def test_a_chunk_damaged_before_its_table_is_written_ends_the_writing(
    tmp_path: Path, damage: str
) -> None:
    filled(tmp_path)
    place = tmp_path / file_of(10)
    whole = place.read_bytes()
    with opened(tmp_path) as store:
        if damage == "flipped":
            place.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        else:
            place.unlink()
        assert [first for first, _ in store.tables("x", n_scenarios=10)] == [0]
        with pytest.raises(ReportError) as caught:
            list(store.tables("x", n_scenarios=15))
    assert str(caught.value).startswith(f"{place}: ")
    assert "again with --resume, which scores this chunk again" in str(caught.value)
    with opened(tmp_path) as store:
        assert store.n_finished == 2
        assert store.load(0, 10) is not None
        assert store.load(10, 15) is None


def test_a_file_half_written_is_not_taken_for_a_chunk(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / f"{file_of(15)}.partial").write_text("half")
    (tmp_path / file_of(15)).write_text("whole, but the manifest does not know it")
    with opened(tmp_path) as store:
        assert store.load(15, 20) is None
    assert sorted(p.name for p in tmp_path.glob("chunk-*")) == [file_of(0), file_of(10)]


def test_an_error_before_the_first_chunk_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "scores"
    with pytest.raises(KeyError), opened(folder):
        raise KeyError
    assert not folder.exists()
    filled(folder)
    with pytest.raises(KeyError), opened(folder):
        raise KeyError
    with pytest.raises(ConfigError), ChunkStore(folder) as store:
        store.open(OF, n_chunks=3, resume=None)
    with opened(folder) as store:
        assert store.n_finished == 2


def test_two_processes_do_not_share_a_folder(tmp_path: Path) -> None:
    first, second = ChunkStore(tmp_path), ChunkStore(tmp_path)
    first.open(OF, n_chunks=3, resume=False)
    with pytest.raises(ReportError, match="another process scores this run"):
        second.open(OF, n_chunks=3, resume=False)
    first.close()
    with second:
        second.open(OF, n_chunks=3, resume=False)


def test_a_full_disk_keeps_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with opened(tmp_path) as store:
        monkeypatch.setattr(optimizer.chunk_store.np, "savez", full)
        with pytest.raises(ReportError, match=r"No space left.*--resume"):
            store.save(15, 20, "numpy", {"x": np.arange(5)})
        assert store.n_finished == 2
    assert not list(tmp_path.glob("*.partial"))


def test_hashes_do_not_depend_on_the_order_of_keys() -> None:
    assert content_sha256({"a": 1, "b": [2.5]}) == content_sha256({"b": [2.5], "a": 1})
    assert content_sha256({"a": 1}) != content_sha256({"a": 2})
