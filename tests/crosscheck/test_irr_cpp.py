# SPDX-License-Identifier: Apache-2.0
"""IRR as C++, one row at a time, against lanes that Numba compiles: the same bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from kernel_cpp import compiled_cpp

from gpu.kernel.compiled import L
from gpu.kernel.irr import IRR_OUT_ROWS, IRR_WORK_ROWS, irr_lanes

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.compiler


def made_rows(rng: np.random.Generator, n_flows: int) -> np.ndarray:
    """Rows with one sign change, several, pairs of roots, none, zeros at the ends."""
    flows = rng.normal(0.6, 2.0, (4 * L, n_flows))
    flows[:, 0] = -0.4 * n_flows
    flows[L : 2 * L, 1:] = np.abs(flows[L : 2 * L, 1:])
    flows[2 * L : 3 * L, -1] = -n_flows
    flows[3 * L :, : n_flows // 3] = 0.0
    flows[::17] = 0.0
    flows[5] = np.abs(flows[5])
    return flows


@pytest.mark.parametrize("n_flows", [4, 61, 121])
def test_one_row_in_cpp_and_many_lanes_give_the_same_bits(
    n_flows: int, tmp_path: Path, rng: np.random.Generator
) -> None:
    flows = made_rows(rng, n_flows)
    solve = compiled_cpp([irr_lanes], tmp_path)["irr_lanes"]
    here, there = np.empty((len(flows), 3)), np.empty((len(flows), IRR_OUT_ROWS))
    work, out = np.empty(IRR_WORK_ROWS * L), np.empty(IRR_OUT_ROWS * L)
    for start in range(0, len(flows), L):
        lanes = flows[start : start + L].T.ravel()
        irr_lanes(lanes, 0, n_flows, work, out)
        here[start : start + L] = out.reshape(-1, L).T
    work = np.empty(IRR_WORK_ROWS)
    for k, row in enumerate(flows):
        solve(row, 0, n_flows, work, there[k])
    assert here.tobytes() == there.tobytes()
    assert {-1.0, 0.0, 4.0} <= set(here[:, 2]) or n_flows == 4
