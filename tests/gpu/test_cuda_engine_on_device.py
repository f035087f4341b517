# SPDX-License-Identifier: Apache-2.0
"""The CUDA engine on a GPU: the contract of agreement, and the same bits again."""

from __future__ import annotations

import numpy as np
import pytest
from scored_plans import grown_plan, usual_plan
from tiny_studies import tiny_study

from gpu.backend import array_module
from gpu.cpu_engine import CpuEngine
from gpu.cuda.engine import CudaEngine
from gpu.numpy_engine import score_all
from gpu.sampling.scenarios import sampled_paths

pytestmark = pytest.mark.gpu

SEED = 29
IDS = np.array([*range(5000, 9000), 2**50], np.int64)


def cuda_engine(rows_at_once: int | None = None) -> CudaEngine:
    study = tiny_study()
    parts = (study, [grown_plan(study)], usual_plan(study), SEED)
    return CudaEngine(array_module("cuda"), *parts, rows_at_once=rows_at_once)


def test_the_device_agrees_with_the_oracle_within_the_contract() -> None:
    """1e-9 of a million USD at least, 1e-9 for rates; patterns of NaN are equal."""
    study = tiny_study()
    (got,) = cuda_engine().score(IDS)
    paths = sampled_paths(study, SEED, IDS)
    wanted = score_all(study, grown_plan(study), paths, baseline=usual_plan(study))
    assert got.rows.keys() == wanted.rows.keys()
    for name, values in wanted.rows.items():
        atol = 1e-3 if name.endswith("_usd") else 1e-9
        np.testing.assert_allclose(
            got.rows[name], values, rtol=1e-12, atol=atol, err_msg=name
        )


def test_the_device_agrees_with_the_compiled_engine_to_the_last_bits() -> None:
    study = tiny_study()
    parts = (study, [grown_plan(study)], usual_plan(study), SEED)
    (got,), (wanted,) = cuda_engine().score(IDS), CpuEngine(*parts).score(IDS)
    for name, values in wanted.rows.items():
        np.testing.assert_allclose(got.rows[name], values, rtol=1e-13, err_msg=name)


def test_pieces_and_repetition_do_not_change_a_bit() -> None:
    (once,) = cuda_engine().score(IDS)
    (again,) = cuda_engine(rows_at_once=129).score(IDS)
    for name, values in once.rows.items():
        np.testing.assert_array_equal(values, again.rows[name], err_msg=name)
