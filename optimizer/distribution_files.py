# SPDX-License-Identifier: Apache-2.0
"""How outcomes are spread, in a run folder: there whether rows were kept or not.

What does not belong here: rows (`optimizer.score_files`), distributions themselves
(`gpu.statistics.distribution`, `gpu.statistics.joint`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.statistics.distribution import Distribution

if TYPE_CHECKING:
    from gpu.scoring.result import ScoreResult
    from models.arrays import FloatArray
    from optimizer.runfolder import RunWriter
    from optimizer.runreader import Run

__all__ = ["DISTRIBUTIONS_FILE", "read_distributions", "write_distributions"]

DISTRIBUTIONS_FILE: Final = "score_distributions.parquet"
_KEYS: Final = ("low", "high", "share_frac")


def write_distributions(writer: RunWriter, result: ScoreResult) -> None:
    """Stage how every outcome is spread: a row per bin, in the unit of its column.

    Parameters
    ----------
    writer : RunWriter
        Open writer of the run.
    result : ScoreResult
        Scores.
    """
    found = result.distributions
    counts = [len(one.low) for one in found.values()]
    columns = {
        "column": np.repeat(np.array(list(found)), counts),
        "low": _joined([one.low for one in found.values()]),
        "high": _joined([one.high for one in found.values()]),
        "share_frac": _joined([one.share_frac for one in found.values()]),
    }
    writer.write_table(DISTRIBUTIONS_FILE, columns)


def read_distributions(run: Run) -> dict[str, Distribution]:
    """Return how outcomes of a scored run are spread; empty for one without.

    Parameters
    ----------
    run : Run
        Open run.

    Raises
    ------
    DataError
        If the file is damaged.
    """
    if not (run.folder / DISTRIBUTIONS_FILE).is_file():
        return {}
    table = run.table(DISTRIBUTIONS_FILE)
    names = table["column"]
    starts = np.flatnonzero(np.concatenate([[True], names[1:] != names[:-1]]))
    ends = [*starts[1:].tolist(), len(names)]
    parts = [slice(a, b) for a, b in zip(starts.tolist(), ends, strict=True)]
    return {
        str(names[part.start]): Distribution(
            *(table[key][part].astype(np.float64) for key in _KEYS)
        )
        for part in parts
    }


def _joined(parts: list[FloatArray]) -> FloatArray:
    return np.concatenate(parts) if parts else np.zeros(0)
