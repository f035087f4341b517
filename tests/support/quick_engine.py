# SPDX-License-Identifier: Apache-2.0
"""Scorings that break off: an engine quick enough to score many chunks in a test."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from scored_plans import grown_plan, usual_plan
from tiny_studies import company, tiny_study

from gpu.scoring.chunks import BLOCK
from gpu.scoring.score import ScoreOptions, ScoreResult, score
from optimizer.chunk_store import ChunkStore

if TYPE_CHECKING:
    from pathlib import Path

    from gpu.numpy_engine import Scored
    from models.arrays import IntArray

STUDY = tiny_study(
    company=company(btc_pledged=60.0),
)
PLAN, USUAL = grown_plan(STUDY), usual_plan(STUDY)
# Blocks of a chunk in these tests; really there are 16 at least.
N_BLOCKS = 2
CHUNK = N_BLOCKS * BLOCK
N = 2 * CHUNK + 5000


class Broken(BaseException):
    """Stands for whatever ends a process."""


class Quick:
    """An engine as quick as memory: rows are a function of the id alone."""

    def __init__(self, pattern: tuple[Scored, ...], *, n_workers: int = 1) -> None:
        self.name: str = "numpy"
        self.reason = "quick: for tests"
        self.n_workers, self.blocks_per_call = n_workers, 1
        self.fails_from: int | None = None
        self.fails_on_grid_call: int | None = None
        self.failure: BaseException = Broken()
        self.calls: list[int] = []
        self.grid_calls: list[float] = []
        self._pattern = pattern

    def score(self, ids: IntArray) -> tuple[Scored, ...]:
        first = int(ids[0])
        self.calls.append(first)
        if self.fails_from is not None and first >= self.fails_from:
            raise self.failure
        if self.n_workers > 1:
            time.sleep(0.002 * ((first // BLOCK) % 3))
        return tuple(shifted(one, ids) for one in self._pattern)

    def score_base(self) -> tuple[Scored, ...]:
        return tuple(cut(one, slice(0, 1)) for one in self._pattern)

    def score_grid(self, multipliers: dict[str, Any]) -> tuple[Scored, ...]:
        factor = next(iter(multipliers.values()))
        self.grid_calls.append(float(factor[0]))
        if len(self.grid_calls) == self.fails_on_grid_call:
            raise self.failure
        found = tuple(cut(one, slice(0, len(factor))) for one in self._pattern)
        for one in found:
            one.rows["npv_usd"] = one.rows["npv_usd"] * factor
        return found


def cut(scored: Scored, part: slice) -> Scored:
    def of(risk: Any) -> Any:
        return type(risk)(*({k: v[part] for k, v in d.items()} for d in parts(risk)))

    rows = {name: values[part] for name, values in scored.rows.items()}
    usual = None if scored.baseline is None else of(scored.baseline)
    return type(scored)(rows, of(scored.plan), usual)


def parts(risk: Any) -> tuple[dict[str, Any], ...]:
    return risk.rows, risk.events, risk.levels


def shifted(scored: Scored, ids: IntArray) -> Scored:
    """Return the pattern's first rows with money that depends on the id."""
    found = cut(scored, slice(0, len(ids)))
    shift = np.sin(ids.astype(np.float64)) * 1e6
    for name in {"npv_usd", "min_cash_usd", "incremental_npv_usd"} & set(found.rows):
        found.rows[name] = found.rows[name] + shift
    return found


def run(folder: Path | None = None, **changes: Any) -> ScoreResult:
    """Score with chunks in a folder, if there is one."""
    options = changes.pop("options", {})
    given = {"n_scenarios": N, "seed": 5, "baseline": USUAL} | changes
    if folder is None:
        return score(STUDY, PLAN, options=ScoreOptions(**options), **given)
    with ChunkStore(folder, say=options.get("say")) as store:
        every = ScoreOptions(**{"resume": True, **options, "store": store})
        return score(STUDY, PLAN, options=every, **given)


def same(one: ScoreResult, other: ScoreResult) -> None:
    """Assert that two results are the same but for times."""
    assert repr(one.summary) == repr(other.summary)
    assert one.probabilities == other.probabilities
    assert one.probability_ranges == other.probability_ranges
    assert one.irr_status_frac == other.irr_status_frac
    assert repr(one.monthly) == repr(other.monthly)
    assert one.n_scenarios == other.n_scenarios
    assert (one.columns is None) == (other.columns is None)
    for name, values in (one.columns or {}).items():
        np.testing.assert_array_equal(values, (other.columns or {})[name], name)
