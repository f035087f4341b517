# SPDX-License-Identifier: Apache-2.0
"""Headline rows of several plans: NPV, treasury and risks, without rates of return.

The best engine scores all plans in one pass and is spared what nobody asks for here.
What does not belong here: whole scores (`gpu.scoring.score`), contests
(`gpu.contests.run`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.engines import make_engine
from gpu.scoring.chunks import BLOCK
from gpu.scoring.engine_rows import sampled_rows
from gpu.scoring.scored_parts import joined_rows
from gpu.scoring.workers import in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu.engines import EngineName
    from gpu.numpy_engine import Rows
    from gpu.sampling.rule import DrawRule
    from models.plan import Plan
    from models.study import Study

__all__ = ["score_headlines"]

_LEAST_PIECE: Final = 256
"""Scenarios that repay handing a piece to a thread. [unitless]"""


def score_headlines(
    study: Study,
    plans: Sequence[Plan],
    rule: DrawRule | int,
    *,
    n_scenarios: int,
    n_rows: int | None = None,
    backend: EngineName = "auto",
) -> tuple[Rows, ...]:
    """Return the headline rows of each plan on the same scenarios.

    Parameters
    ----------
    study : Study
        Study of the plans.
    plans : sequence of Plan
        Plans, at least one.
    rule : DrawRule or int
        Rule of the draws; a seed for plain ones. [unitless]
    n_scenarios : int
        Scenarios 0 to n - 1. [unitless]
    n_rows : int or None
        Scenarios to come in all, of all calls, by which ``auto`` chooses; those of
        this call by default. [unitless]
    backend : {"auto", "numpy", "cpu", "cuda"}
        Engine, see `gpu.engines.make_engine`.

    Returns
    -------
    tuple of dict of str to ndarray of shape (n_scenarios,)
        Columns of `gpu.numpy_engine.headline_rows`, one set per plan. [mixed]
    """
    expected = n_scenarios if n_rows is None else n_rows
    engine = make_engine(
        backend, study, plans, None, rule, n_rows=expected, has_sites=False
    )
    share = -(-n_scenarios // engine.n_workers)
    most = BLOCK * engine.blocks_per_call
    step = min(max(-(-share // _LEAST_PIECE) * _LEAST_PIECE, _LEAST_PIECE), most)

    def one(first: int) -> list[Rows]:
        ids = np.arange(first, min(first + step, n_scenarios), dtype=np.int64)
        return [_headlines(own) for own in sampled_rows(engine, ids)]

    firsts = range(0, n_scenarios, step)
    parts = list(in_order(one, firsts, engine.n_workers))
    return tuple(joined_rows(own) for own in zip(*parts, strict=True))


def _headlines(rows: Rows) -> Rows:
    """Return the rows without those of single sites, if an engine has them."""
    return {
        name: values for name, values in rows.items() if not name.startswith("site_")
    }
