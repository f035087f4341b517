# SPDX-License-Identifier: Apache-2.0
"""What cannot be scored is refused by every engine, nothing in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from cuda_stand_in import cuda_stand_in
from scored_plans import grown_plan, usual_plan
from tiny_studies import tiny_study

from gpu.asked_rows import count_ids, count_points
from gpu.backend import Backend
from gpu.cuda.engine import CudaEngine
from gpu.engines import make_engine
from gpu.scoring.engine_rows import grid_rows, sampled_rows

if TYPE_CHECKING:
    from gpu.engines import Engine

STUDY = tiny_study()
PARTS = (STUDY, (grown_plan(STUDY),), usual_plan(STUDY), 1)
NO_IDS = "ids is empty, must name at least one scenario"
NO_FACTOR = "multipliers is empty, must hold at least one factor of at least one of "


@pytest.fixture(scope="module", params=["numpy", "cpu", "cuda"])
def engine(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    if request.param != "cuda":
        return make_engine(request.param, *PARTS)
    device = cuda_stand_in(tmp_path_factory.mktemp("module"), 1)
    return CudaEngine(Backend("cuda", device, "cuda: a stand-in"), *PARTS)


@pytest.mark.parametrize("ids", [[], np.zeros(0, dtype=np.int64), np.zeros(0)])
def test_no_scenario_is_refused(engine: Engine, ids: Any) -> None:
    for score in (engine.score, lambda none: sampled_rows(engine, none)):
        with pytest.raises(ValueError, match=NO_IDS):
            score(ids)


@pytest.mark.parametrize(
    "multipliers",
    [
        {},
        {"btc_price": np.zeros(0)},
        {"btc_price": np.zeros(0), "fees": np.zeros(0)},
        {"btc_price": np.ones(2), "fees": np.zeros(0)},
    ],
)
def test_no_factor_is_refused(engine: Engine, multipliers: Any) -> None:
    for score in (engine.score_grid, lambda none: grid_rows(engine, none)):
        with pytest.raises(ValueError, match=NO_FACTOR):
            score(multipliers)


@pytest.mark.parametrize(
    ("multipliers", "why"),
    [
        ({"hashprice": np.ones(2)}, "hashprice"),
        ({"network": np.array([1.0, 0.0])}, "network"),
        ({"fees": np.array([1.0, -0.5])}, "fees"),
        ({"power_price": np.array([1.0, np.nan])}, "power_price"),
    ],
)
def test_a_factor_that_cannot_be_applied_is_refused(
    engine: Engine, multipliers: Any, why: str
) -> None:
    for score in (engine.score_grid, lambda factors: grid_rows(engine, factors)):
        with pytest.raises(ValueError, match=why):
            score(multipliers)


def test_rows_are_counted() -> None:
    assert count_ids(np.array([7, 7, 3])) == 3
    assert count_points({"btc_price": np.ones(4), "fees": np.ones(4)}) == 4
