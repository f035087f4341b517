# SPDX-License-Identifier: Apache-2.0
"""How outcomes are spread, in a run folder: there whether rows were kept or not.

What does not belong here: rows (`optimizer.score_files`), distributions themselves
(`gpu.statistics.distribution`, `gpu.statistics.joint`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.statistics.distribution import Distribution, JointDistribution
from models.errors import DataError

if TYPE_CHECKING:
    from gpu.scoring.result import ScoreResult
    from models.arrays import FloatArray
    from optimizer.runfolder import RunWriter
    from optimizer.runreader import Run

__all__ = [
    "DISTRIBUTIONS_FILE",
    "JOINT_FILE",
    "read_distributions",
    "read_joints",
    "write_distributions",
]

DISTRIBUTIONS_FILE: Final = "score_distributions.parquet"
JOINT_FILE: Final = "score_joint.parquet"
_KEYS: Final = ("low", "high", "share_frac")
_CELL_KEYS: Final = ("x_low", "x_high", "y_low", "y_high", "share_frac")


def write_distributions(writer: RunWriter, result: ScoreResult) -> None:
    """Stage how outcomes are spread: a row per bin or cell, in the columns' units.

    Parameters
    ----------
    writer : RunWriter
        Open writer of the run.
    result : ScoreResult
        Scores.
    """
    single = [
        {"column": name} | {key: getattr(one, key) for key in _KEYS}
        for name, one in result.distributions.items()
    ]
    joint = [
        {"x": one.x_name, "y": one.y_name}
        | {key: getattr(one, key) for key in _CELL_KEYS}
        for one in result.joints
    ]
    writer.write_table(DISTRIBUTIONS_FILE, _joined(single))
    writer.write_table(JOINT_FILE, _joined(joint))


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
    return {
        name: Distribution(*arrays)
        for (name,), arrays in _parts(run, DISTRIBUTIONS_FILE, ("column",), _KEYS)
    }


def read_joints(run: Run) -> tuple[JointDistribution, ...]:
    """Return how pairs of outcomes of a scored run are spread; none for one without.

    Parameters
    ----------
    run : Run
        Open run.

    Raises
    ------
    DataError
        If the file is damaged.
    """
    return tuple(
        JointDistribution(x_name, y_name, *arrays)
        for (x_name, y_name), arrays in _parts(run, JOINT_FILE, ("x", "y"), _CELL_KEYS)
    )


def _joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return parts one below the other, their names repeated in every row."""
    counts = [len(part["share_frac"]) for part in parts]
    return (
        {
            key: np.repeat([part[key] for part in parts], counts)
            if isinstance(parts[0][key], str)
            else np.concatenate([part[key] for part in parts])
            for key in parts[0]
        }
        if parts
        else {}
    )


def _parts(
    run: Run, file: str, names: tuple[str, ...], keys: tuple[str, ...]
) -> list[tuple[tuple[str, ...], list[FloatArray]]]:
    """Return names and arrays of each part of a file; none without the file."""
    if not (run.folder / file).is_file():
        return []
    table = run.table(file)
    lacking = sorted({*names, *keys} - set(table))
    if lacking:
        msg = f"{run.folder / file}: lacks {', '.join(lacking)}. Score the run again."
        raise DataError(msg)
    labels = list(zip(*(table[name].tolist() for name in names), strict=True))
    starts = [k for k, own in enumerate(labels) if not k or own != labels[k - 1]]
    return [
        (labels[start], [table[key][start:end].astype(np.float64) for key in keys])
        for start, end in zip(starts, [*starts[1:], len(labels)], strict=True)
    ]
