# SPDX-License-Identifier: Apache-2.0
"""Screened projects held against each other, from the scenarios of their screening.

`wattplan screen` values its best projects in the same scenarios and keeps what each is
worth in each of them; nothing is scored again. What does not belong here: valuing
projects (`optimizer.screening`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.contests.contest import contest_of
from models.errors import DataError

if TYPE_CHECKING:
    from gpu.contests.result import ContestResult
    from optimizer.runreader import Run

__all__ = ["NO_PROJECT", "project_contest"]

NO_PROJECT: Final = "no project"
_FILE: Final = "screen_samples.parquet"
_COLUMN: Final = "npv_at_hurdle_usd"


def project_contest(run: Run) -> ContestResult | None:
    """Return how a run's screened projects fare against each other and against none.

    Parameters
    ----------
    run : Run
        Run folder.

    Returns
    -------
    ContestResult or None
        By what each adds to business as usual at its site's hurdle rate, as if only
        one could be done; `NO_PROJECT`, worth nothing in every scenario, stands last.
        None without a screening.

    Raises
    ------
    DataError
        If the table of the screening is damaged.
    """
    if not (run.folder / _FILE).is_file():
        return None
    table = run.table(_FILE)
    names = list(dict.fromkeys(str(name) for name in table["project"]))
    if not names:
        return None
    values = np.asarray(table[_COLUMN], dtype=np.float64)
    if len(values) % len(names) or np.isnan(values).any():
        msg = f"{run.folder / _FILE}: rows are missing. Screen again."
        raise DataError(msg)
    outcomes = values.reshape(len(names), -1)
    nothing = np.zeros((1, outcomes.shape[1]))
    return contest_of(
        (*names, NO_PROJECT), {_COLUMN: np.concatenate([outcomes, nothing])}
    )
