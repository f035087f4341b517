# SPDX-License-Identifier: Apache-2.0
"""Rows of scores in a run folder: finished chunks while scoring, tables afterwards.

Up to `MAX_KEPT_ROWS` scenarios end in one table, more in one per chunk. What does not
belong here: scoring (`gpu.scoring.score`), chunk files themselves
(`optimizer.chunk_store`).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.sampling.grid import ROW_BYTES
from gpu.scoring.chunk_run import WEIGHT_COLUMN
from gpu.scoring.score import MAX_KEPT_ROWS, MAX_SCENARIOS
from models.errors import ConfigError, Fault
from models.finance import IRR_STATUS

if TYPE_CHECKING:
    from pathlib import Path

    from gpu.numpy_engine import Rows
    from gpu.scoring.score import ScoreResult
    from optimizer.chunk_store import ChunkStore
    from optimizer.runfolder import RunWriter

__all__ = [
    "CHUNKS_FOLDER",
    "SCORES_FILE",
    "WEIGHTED_FILE",
    "RowFiles",
    "check_room",
    "free_disk_bytes",
    "readable",
    "write_rows",
]

SCORES_FILE: Final = "scores.parquet"
WEIGHTED_FILE: Final = "scores_weighted.parquet"
"""Rows that do not count alike: readers that count rows must not take them."""
CHUNKS_FOLDER: Final = "scores"


@dataclass(frozen=True, slots=True)
class RowFiles:
    """Where the rows of a scoring go.

    Parameters
    ----------
    in_memory : bool
        Whether they are kept in memory and end in one table.
    on_disk : bool
        Whether they only ever stand on the disk, one table per chunk.
    """

    in_memory: bool
    on_disk: bool


def free_disk_bytes(folder: Path) -> int:
    """Return the free space where a folder lies or will lie [B]."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def check_room(
    folder: Path, n_scenarios: int, *, has_rows: bool, is_confirmed: bool
) -> RowFiles:
    """Return where rows go; refuse what fills the disk or was not agreed to.

    Parameters
    ----------
    folder : Path
        Run folder.
    n_scenarios : int
        Scenarios at most. [unitless]
    has_rows : bool
        Whether rows are wanted.
    is_confirmed : bool
        Whether very many have been agreed to.

    Raises
    ------
    ConfigError
        If they do not fit the disk, or are very many and not agreed to.
    """
    if not 0 < n_scenarios <= MAX_SCENARIOS:
        # Left to the scoring, whose own limit it is.
        return RowFiles(in_memory=False, on_disk=False)
    if not has_rows or n_scenarios <= MAX_KEPT_ROWS:
        return RowFiles(in_memory=has_rows, on_disk=False)
    # Chunks and the tables made of them lie side by side at the end.
    needed_bytes, free_bytes = 2 * n_scenarios * ROW_BYTES, free_disk_bytes(folder)
    if is_confirmed and needed_bytes < free_bytes:
        return RowFiles(in_memory=False, on_disk=True)
    action = "Choose fewer, or keep no rows with --no-rows"
    if needed_bytes < free_bytes:
        action += ", or go ahead with --yes"
    raise ConfigError(
        [
            Fault(
                "--scenarios",
                "",
                f"{n_scenarios:,}",
                f"would write rows of about {needed_bytes / 1e9:,.1f} GB, "
                f"{free_bytes / 1e9:,.1f} GB are free.",
                f"{action}.",
            )
        ]
    )


def write_rows(
    writer: RunWriter, result: ScoreResult, store: ChunkStore | None
) -> None:
    """Stage the rows, and take those of an earlier scoring out of the run.

    Parameters
    ----------
    writer : RunWriter
        Open writer of the run.
    result : ScoreResult
        Scores.
    store : ChunkStore or None
        Finished chunks, whose rows are written where the scores hold none.
    """
    for name in writer.earlier_files():
        is_table = name in {SCORES_FILE, WEIGHTED_FILE}
        if is_table or name.startswith(f"{CHUNKS_FOLDER}/"):
            writer.remove(name)
    if result.columns is not None:
        ids = np.arange(result.n_scenarios, dtype=np.int64)
        name = WEIGHTED_FILE if WEIGHT_COLUMN in result.columns else SCORES_FILE
        writer.write_table(name, {"scenario_id": ids} | readable(result.columns))
    elif store is not None:
        tables = store.tables("0/row/", n_scenarios=result.n_scenarios)
        for first, rows in tables:
            n_rows = len(next(iter(rows.values())))
            ids = np.arange(first, first + n_rows, dtype=np.int64)
            name = f"{CHUNKS_FOLDER}/part-{first:010d}.parquet"
            writer.write_table(name, {"scenario_id": ids} | readable(rows))


def readable(rows: Rows) -> Rows:
    """Return columns of shape (n_rows,) with words for status codes [mixed]."""
    columns = dict(rows)
    if "irr_status" in columns:
        columns["irr_status"] = np.array(IRR_STATUS)[columns["irr_status"]]
    return columns
