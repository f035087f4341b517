# SPDX-License-Identifier: Apache-2.0
"""The compiled engine by itself: the same bits however the work is cut."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from agreement import assert_same_bits
from agreement_cases import called_study, full_study
from agreement_plans import random_plan

import gpu.cpu_engine
from gpu.cpu_engine import CpuEngine, is_compiled
from gpu.engines import make_engine
from gpu.kernel.compiled import L
from gpu.sampling.scenarios import DrawRule
from models.business_as_usual import business_as_usual
from models.errors import DataError
from models.path_changes import MULTIPLIERS

if TYPE_CHECKING:
    from pathlib import Path

    from gpu.numpy_engine import Scored

STUDY = called_study()
USUAL = business_as_usual(STUDY)
PLANS = tuple(random_plan(STUDY, seed) for seed in (3, 14, 15))
RULE = DrawRule(9, method="sobol", swapped=("fees",))
IDS = np.arange(4_050, 4_250)


@pytest.fixture(scope="module")
def engine() -> CpuEngine:
    return CpuEngine(STUDY, PLANS, USUAL, RULE)


@pytest.fixture(scope="module")
def whole(engine: CpuEngine) -> tuple[Scored, ...]:
    return engine.score(IDS)


@pytest.mark.parametrize("size", [1, 7, L - 1, L, L + 1, 150])
def test_chunks_give_the_bits_of_the_whole(
    engine: CpuEngine, whole: tuple[Scored, ...], size: int
) -> None:
    starts = range(0, len(IDS), size) if size > 1 else (0, 63, 64, 199)
    for start in starts:
        part = np.arange(start, min(start + size, len(IDS)))
        for scored, all_of_it in zip(engine.score(IDS[part]), whole, strict=True):
            assert_same_bits(all_of_it, scored, part)


def test_ids_in_any_order_and_more_than_once_give_the_same_bits(
    engine: CpuEngine, whole: tuple[Scored, ...], rng: np.random.Generator
) -> None:
    places = rng.integers(0, len(IDS), 333)
    for scored, all_of_it in zip(engine.score(IDS[places]), whole, strict=True):
        assert_same_bits(all_of_it, scored, places)


def test_a_plan_alone_has_the_bits_that_it_has_among_others(
    whole: tuple[Scored, ...],
) -> None:
    for k, plan in enumerate(PLANS):
        (alone,) = CpuEngine(STUDY, (plan,), USUAL, RULE).score(IDS)
        assert_same_bits(whole[k], alone)
    turned = CpuEngine(STUDY, PLANS[::-1], USUAL, RULE).score(IDS)
    for scored, one in zip(turned[::-1], whole, strict=True):
        assert_same_bits(one, scored)


def test_a_baseline_changes_no_bit_of_what_is_not_an_increment(
    whole: tuple[Scored, ...],
) -> None:
    without = CpuEngine(STUDY, PLANS, None, RULE).score(IDS)
    for one, other in zip(whole, without, strict=True):
        assert other.baseline is None
        assert "incremental_npv_usd" not in other.rows
        shared = [n for n in one.rows if n in other.rows and not n.startswith("site_")]
        assert "npv_usd" in shared
        assert "peak_ltv_frac" in shared
        for name in shared:
            assert one.rows[name].tobytes() == other.rows[name].tobytes(), name


def test_the_baseline_s_risk_is_one_object_for_all_plans(
    whole: tuple[Scored, ...],
) -> None:
    assert whole[0].baseline is whole[1].baseline is whole[2].baseline


@pytest.mark.parametrize("n_threads", [2, 4])
def test_threads_that_share_an_engine_give_the_same_bits(
    engine: CpuEngine, whole: tuple[Scored, ...], n_threads: int
) -> None:
    parts = np.array_split(np.arange(len(IDS)), 12)
    with ThreadPoolExecutor(n_threads) as pool:
        found = list(pool.map(lambda part: engine.score(IDS[part]), parts))
    for part, plans in zip(parts, found, strict=True):
        for scored, all_of_it in zip(plans, whole, strict=True):
            assert_same_bits(all_of_it, scored, part)


def test_grid_points_do_not_depend_on_each_other(engine: CpuEngine) -> None:
    factors = {
        name: np.linspace(0.4, 2.0 + k, 99) for k, name in enumerate(MULTIPLIERS)
    }
    every = engine.score_grid(factors)
    some = np.array([0, 1, 64, 98, 17])
    picked = engine.score_grid({name: x[some] for name, x in factors.items()})
    for scored, all_of_it in zip(picked, every, strict=True):
        assert_same_bits(all_of_it, scored, some)


def test_the_base_path_is_the_grid_point_of_ones_and_every_calm_scenario() -> None:
    calm = STUDY.market.model_copy(
        update={
            name: 0.0
            for name in type(STUDY.market).model_fields
            if "volatility" in name and name != "btc_opening_volatility_per_year"
        }
        | {"btc_variance_spread": 0.0, "btc_variance_tail_spread": 0.0}
    )
    study = STUDY.model_copy(update={"market": calm})
    engine = CpuEngine(study, PLANS, USUAL, 1)
    grid = engine.score_grid({"fees": np.ones(3)})
    for base, point in zip(engine.score_base(), grid, strict=True):
        for row in range(3):
            assert_same_bits(point, base, slice(row, row + 1))


# -- bounds -----------------------------------------------------------------------


@pytest.mark.parametrize("bad", [-1, 2**62])
def test_scenarios_out_of_range_are_refused_as_the_oracle_does(
    engine: CpuEngine, bad: int
) -> None:
    oracle = make_engine("numpy", STUDY, PLANS, USUAL, RULE)
    for scorer in (engine, oracle):
        with pytest.raises(ValueError, match="scenario"):
            scorer.score(np.array([bad]))


def test_a_tilt_of_other_length_is_refused() -> None:
    rule = DrawRule(1, method="importance", tilt=(0.1,) * 3)
    with pytest.raises(ValueError, match="tilt"):
        CpuEngine(STUDY, PLANS, USUAL, rule).score(IDS)


@pytest.mark.parametrize(
    ("name", "factor"),
    [("rent", 1.0), ("btc_price", 0.0), ("capex", -0.1), ("fees", np.nan)],
)
def test_multipliers_that_cannot_be_applied_are_refused_as_the_oracle_does(
    engine: CpuEngine, name: str, factor: float
) -> None:
    oracle = make_engine("numpy", STUDY, PLANS, USUAL, RULE)
    for scorer in (engine, oracle):
        with pytest.raises(ValueError, match=f"multiplier '?{name}"):
            scorer.score_grid({name: np.array([1.0, factor])})


def test_a_plan_of_another_study_is_refused() -> None:
    plan = random_plan(full_study(), 3)
    study = STUDY.model_copy(update={"gpu_offers": (), "hosting_offers": ()})
    with pytest.raises(DataError, match="offers"):
        CpuEngine(study, (plan,), None, 1)
    longer = plan.model_copy(update={"months": 36})
    with pytest.raises(ValueError, match="36 months"):
        CpuEngine(STUDY, (longer,), None, 1)


@pytest.mark.parametrize(
    ("n_cores", "n_plans", "n_blocks"),
    [(1, 1, 4), (2, 1, 4), (4, 1, 2), (64, 1, 1), (1, 4, 2), (1, 20, 1)],
)
def test_a_call_holds_as_many_blocks_as_cores_and_memory_leave(
    monkeypatch: pytest.MonkeyPatch, n_cores: int, n_plans: int, n_blocks: int
) -> None:
    monkeypatch.setattr(gpu.cpu_engine, "_count_cores", lambda: n_cores)
    engine = CpuEngine(STUDY, [PLANS[0]] * n_plans, None, RULE)
    assert engine.blocks_per_call == n_blocks


@pytest.mark.parametrize(("n_cores", "n_workers"), [(6, 6), (None, 1)])
def test_where_no_affinity_is_told_all_cores_work(
    monkeypatch: pytest.MonkeyPatch, n_cores: int | None, n_workers: int
) -> None:
    """As on macOS and Windows."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: n_cores)
    assert CpuEngine(STUDY, PLANS, USUAL, RULE).n_workers == n_workers


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="not told here")
def test_only_cores_the_process_may_use_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {2, 5, 7})
    assert CpuEngine(STUDY, PLANS, USUAL, RULE).n_workers == 3


def test_compiled_is_said_only_of_the_model_s_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu.cpu_engine, "cache_folder", lambda: tmp_path)
    assert not is_compiled()
    (tmp_path / "gpu").mkdir()
    (tmp_path / "gpu" / "irr_cpu.irr_in_lanes-135.py311.1.nbc").touch()
    assert not is_compiled()
    (tmp_path / "gpu" / "run.score_rows-10.py311.1.nbc").touch()
    assert is_compiled()
    monkeypatch.setattr(gpu.cpu_engine, "cache_folder", lambda: None)
    assert not is_compiled()
