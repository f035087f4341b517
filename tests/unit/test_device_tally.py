# SPDX-License-Identifier: Apache-2.0
"""Scores left on a device are described there: the bits of a tally on the host."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from foreign_arrays import FOREIGN, ForeignArray
from scored_plans import grown_plan, usual_plan
from tiny_studies import tiny_study

from gpu.backend import DeviceLostError
from gpu.liquidity import LiquidityRisk
from gpu.numpy_engine import Scored, score_all
from gpu.sampling.scenarios import sampled_paths
from gpu.scoring.chunks import BLOCK
from gpu.statistics.describe import NUMPY
from gpu.statistics.device_tally import ScoredThere, scorer, take
from gpu.statistics.tally import ScoreTally

N = 2 * BLOCK + 100
FAR = 300 * BLOCK
KINDS = (
    {},
    {"is_weighted": True},
    {"dependence": "pairs"},
    {"dependence": "blocks"},
)


@pytest.fixture(scope="module")
def scored() -> Scored:
    """600 scenarios, repeated in a mixed order."""
    study = tiny_study()
    paths = sampled_paths(study, 3, np.arange(600))
    few = score_all(study, grown_plan(study), paths, baseline=usual_plan(study))
    order = np.random.default_rng(1).integers(0, 600, N)
    assert few.baseline is not None
    rows, plan, usual = (
        changed(part, lambda values: values[order])
        for part in (LiquidityRisk(few.rows, {}, {}), few.plan, few.baseline)
    )
    return Scored(rows.rows, plan, usual)


def changed(risk: LiquidityRisk, change: Any) -> LiquidityRisk:
    return LiquidityRisk(
        *(
            {name: change(values) for name, values in part.items()}
            for part in (risk.rows, risk.events, risk.levels)
        )
    )


def left_there(scored: Scored, *, has_rows: bool, xp: Any = FOREIGN) -> ScoredThere:
    assert scored.baseline is not None
    rows = scored.rows
    if not has_rows:
        rows = {name: FOREIGN.asarray(values) for name, values in rows.items()}
    return ScoredThere(
        rows,
        changed(scored.plan, FOREIGN.asarray),
        changed(scored.baseline, FOREIGN.asarray),
        xp,
        has_rows,
    )


def tallies(kind: dict[str, Any], **more: Any) -> tuple[ScoreTally, ScoreTally]:
    one, other = (ScoreTally(1e6, **kind, **more) for _ in range(2))
    return one, other


def weights_for(kind: dict[str, Any]) -> np.ndarray | None:
    if not kind.get("is_weighted"):
        return None
    return np.random.default_rng(2).lognormal(0.0, 1.0, N)


def assert_same(one: ScoreTally, other: ScoreTally) -> None:
    ours, theirs = one.to_arrays(), other.to_arrays()
    assert ours.keys() == theirs.keys()
    for name, array in theirs.items():
        assert ours[name].dtype == array.dtype, name
        np.testing.assert_array_equal(ours[name], array, name)


@pytest.mark.parametrize("has_rows", [False, True])
@pytest.mark.parametrize("first_id", [0, FAR])
@pytest.mark.parametrize("kind", KINDS)
def test_a_device_describes_whole_blocks_to_the_hosts_bits(
    scored: Scored, kind: dict[str, Any], first_id: int, has_rows: bool
) -> None:
    """The first 256 blocks are judged one by one where rows are not alike."""
    weights = weights_for(kind)
    ours, theirs = tallies(kind, is_streamed=not has_rows)
    for start in (first_id, first_id + 16 * BLOCK):
        take(ours, start, left_there(scored, has_rows=has_rows), weights)
        theirs.take(start, scored, weights)
    assert_same(ours, theirs)
    assert ours.n_scenarios == 2 * N


def test_beside_other_plans_the_baseline_is_not_counted(scored: Scored) -> None:
    ours, theirs = tallies({}, counts_baseline=False)
    take(ours, 0, left_there(scored, has_rows=False))
    theirs.take(0, scored)
    assert_same(ours, theirs)


def test_no_row_of_plain_scenarios_comes_to_the_host(scored: Scored) -> None:
    """What comes back is known: no array of it has the length of the scenarios."""
    back: list[tuple[int, ...]] = []

    def asnumpy(array: ForeignArray) -> np.ndarray:
        back.append(array.host.shape)
        return FOREIGN.asnumpy(array)

    device = SimpleNamespace(**(vars(FOREIGN) | {"asnumpy": asnumpy}))
    tally = ScoreTally(1e6)
    take(tally, 0, left_there(scored, has_rows=False, xp=device))
    assert tally.n_scenarios == N
    assert back
    assert not [shape for shape in back if N in shape]


def test_scores_on_the_host_are_taken_as_ever(scored: Scored) -> None:
    ours, theirs = tallies({})
    take(ours, 0, scored)
    theirs.take(0, scored)
    assert_same(ours, theirs)


@pytest.mark.parametrize("has_rows", [False, True])
def test_where_memory_is_short_the_host_describes(
    scored: Scored, has_rows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = tallies({"is_weighted": True})
    weights = weights_for({"is_weighted": True})

    def full(*_: object) -> None:
        raise MemoryError

    def asnumpy(array: ForeignArray, order: Any = "C") -> np.ndarray:
        """Copy; an array in another order than asked for is turned on the device."""
        if order == "C" and not array.host.flags.c_contiguous:
            raise MemoryError
        return FOREIGN.asnumpy(array, order)

    def by_month(months: LiquidityRisk) -> LiquidityRisk:
        """The same months as a kernel leaves them, one after the other."""
        return changed(months, lambda v: FOREIGN.asarray(v.host.T.copy()).T)

    counter = "gpu.statistics.device_tally.DeviceCounter"
    monkeypatch.setattr(f"{counter}.flags_by_block", full)
    device = SimpleNamespace(**(vars(FOREIGN) | {"asnumpy": asnumpy}))
    left = left_there(scored, has_rows=has_rows, xp=device)
    assert left.baseline is not None
    plan, usual = by_month(left.plan), by_month(left.baseline)
    left = ScoredThere(left.rows, plan, usual, device, has_rows)
    take(ours, 0, left, weights)
    theirs.take(0, scored, weights)
    assert_same(ours, theirs)


class CUDARuntimeError(RuntimeError):
    """Has the name and, below, the module of CuPy's."""


CUDARuntimeError.__module__ = "cupy_backends.cuda.api.runtime"


def test_a_device_lost_while_describing_is_said_and_the_tally_is_as_before(
    scored: Scored, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise CUDARuntimeError("cudaErrorDeviceUninitialized")

    tally = ScoreTally(1e6)
    monkeypatch.setattr("gpu.statistics.device_tally.DeviceCounter.count_pair", lost)
    with pytest.raises(DeviceLostError, match="has stopped to work"):
        take(tally, 0, left_there(scored, has_rows=False))
    assert_same(tally, ScoreTally(1e6))


def test_faults_are_those_of_a_tally_on_the_host(scored: Scored) -> None:
    with pytest.raises(ValueError, match="multiple of 4096"):
        take(ScoreTally(1e6), 1, left_there(scored, has_rows=False))
    with pytest.raises(ValueError, match="weights go with weighted"):
        take(ScoreTally(1e6), 0, left_there(scored, has_rows=False), np.ones(N))
    broken = left_there(scored, has_rows=False, xp=SimpleNamespace())
    with pytest.raises(AttributeError, match="asnumpy"):
        take(ScoreTally(1e6), 0, broken)


def test_only_an_engine_with_a_device_is_asked_to_leave_scores_there() -> None:
    plain: Any = SimpleNamespace(score=lambda ids: ("host", len(ids)))
    assert scorer(plain, has_rows=True)(np.arange(3)) == ("host", 3)

    def score_there(ids: np.ndarray, *, has_rows: bool) -> tuple[object, ...]:
        return len(ids), has_rows

    device: Any = SimpleNamespace(score=plain.score, score_there=score_there)
    assert scorer(device, has_rows=True)(np.arange(3)) == (3, True)
    assert scorer(device, has_rows=False)(np.arange(3)) == (3, False)
    assert ScoreTally(1e6).counter is NUMPY
