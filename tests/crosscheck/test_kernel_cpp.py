# SPDX-License-Identifier: Apache-2.0
"""The kernel as C++ against the kernel as Numba compiles it: the same bits.

A GPU runs the same text; here g++ compiles it, and a whole engine runs on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from kernel_cpp import compiled_cpp
from scored_plans import grown_plan, usual_plan
from tiny_studies import tiny_study

from gpu import cpu_engine
from gpu.cpu_engine import CpuEngine
from gpu.kernel.compiled import L, device
from gpu.kernel.elementary import cosine_of_turn, exp_, log_, sine_of_turn
from gpu.kernel.random import (
    WORD_ROWS,
    exponential,
    mirror,
    mirror_words,
    month_low_and_dip,
    normal_pair,
    random_words,
)
from gpu.kernel.scenario import score_lanes
from gpu.numpy_engine import score_all
from gpu.sampling.rule import DrawRule
from gpu.sampling.scenarios import sampled_paths

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpu.kernel.compiled import Doubles, Integers
    from gpu.liquidity import LiquidityRisk
    from gpu.numpy_engine import Scored

pytestmark = pytest.mark.compiler

SEED = 0x9ABCDEF012345678
LOW, HIGH = SEED & 0xFFFFFFFF, SEED >> 32


@device
def exp_all(x: Doubles, y: Doubles, n: int) -> None:
    """Take exp of every number."""
    for i in range(n):
        y[i] = exp_(x[i])


@device
def log_all(x: Doubles, y: Doubles, n: int) -> None:
    """Take log of every number."""
    for i in range(n):
        y[i] = log_(x[i])


@device
def sine_all(x: Doubles, y: Doubles, n: int) -> None:
    """Take the sine of every number."""
    for i in range(n):
        y[i] = sine_of_turn(x[i])


@device
def cosine_all(x: Doubles, y: Doubles, n: int) -> None:
    """Take the cosine of every number."""
    for i in range(n):
        y[i] = cosine_of_turn(x[i])


@device
def all_draws(
    u: Integers,
    w: Doubles,
    counters: Integers,
    mirrored: Integers,
    low: int,
    high: int,
    month: int,
    stream: int,
) -> None:
    """Draw everything there is to draw, plain and mirrored, into rows 0 to 8 of w."""
    normal_pair(u, w, 0, low, high, counters, month, stream)
    mirror(w, 1, mirrored)
    random_words(u, low, high, counters, month, stream + 1)
    month_low_and_dip(u, w, 2)
    exponential(u, w, 4, mirrored)
    mirror_words(u, mirrored)
    month_low_and_dip(u, w, 5)


@pytest.fixture(scope="module")
def in_cpp(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[..., Any]]:
    functions = [exp_all, log_all, sine_all, cosine_all]
    return compiled_cpp(functions, tmp_path_factory.mktemp("elementary"))


@pytest.fixture(scope="module")
def numbers() -> np.ndarray:
    rng = np.random.default_rng(11)
    edges = [0.0, 1.0, -1.0, 709.0, 709.79, -708.0, -709.0, np.inf, -np.inf, np.nan]
    return np.concatenate([rng.normal(0.0, 30.0, 4000), edges])


def test_exp_has_the_same_bits_in_cpp(
    in_cpp: dict[str, Callable[..., Any]], numbers: np.ndarray
) -> None:
    assert_same_bits(exp_all, in_cpp["exp_all"], numbers)


def test_log_has_the_same_bits_in_cpp(
    in_cpp: dict[str, Callable[..., Any]], numbers: np.ndarray
) -> None:
    positive = np.exp(numbers[np.abs(numbers) < 700.0])
    assert_same_bits(log_all, in_cpp["log_all"], positive)


@pytest.mark.parametrize("name", ["sine_all", "cosine_all"])
def test_sine_and_cosine_have_the_same_bits_in_cpp(
    in_cpp: dict[str, Callable[..., Any]], name: str
) -> None:
    turns = np.random.default_rng(12).random(4000)
    eighths = np.arange(9) / 8
    ours = sine_all if name == "sine_all" else cosine_all
    assert_same_bits(ours, in_cpp[name], np.concatenate([turns, eighths]))


def assert_same_bits(
    ours: Callable[..., Any], theirs: Callable[..., Any], x: np.ndarray
) -> None:
    here, there = np.empty_like(x), np.empty_like(x)
    ours(x, here, len(x))
    theirs(x, there, len(x))
    is_nan = np.isnan(here)
    np.testing.assert_array_equal(is_nan, np.isnan(there))
    same = here.view(np.int64) == there.view(np.int64)
    assert same[~is_nan].all()


@pytest.mark.parametrize("lanes", [1, L])
def test_draws_have_the_same_bits_in_cpp(
    tmp_path_factory: pytest.TempPathFactory, lanes: int
) -> None:
    """With one lane, as on a GPU, and with as many as on a CPU."""
    theirs = compiled_cpp([all_draws], tmp_path_factory.mktemp("draws"), lanes)
    rows = 7
    counters = np.random.default_rng(13).integers(0, 2**63 - 1, L)
    mirrored = np.arange(L, dtype=np.int64) % 2
    u, here = np.zeros(WORD_ROWS * L, np.int64), np.zeros(rows * L)
    all_draws(u, here, counters, mirrored, LOW, HIGH, 7, 3)
    there = np.empty((rows, L))
    for start in range(0, L, lanes):
        u, w = np.zeros(WORD_ROWS * lanes, np.int64), np.zeros(rows * lanes)
        lane = slice(start, start + lanes)
        theirs["all_draws"](u, w, counters[lane], mirrored[lane], LOW, HIGH, 7, 3)
        there[:, lane] = w.reshape(rows, lanes)
    np.testing.assert_array_equal(here.view(np.int64), there.ravel().view(np.int64))


@device
def whole_arithmetic(a: int, b: int, u: Integers) -> None:
    """Do to two whole numbers what the language can."""
    u[0] = a // b
    u[1] = a % b
    u[2] = (a << 3) ^ (b >> 2)
    u[3] = (a & 0xFF) | ~b
    u[4] = -a + abs(b) * 3
    u[5] = 1 if not (a > b and b > 0) else 2
    u[6] = int(a / b)
    for k in range(a % 7, -3, -2):
        u[7] += k * b


@device
def float_arithmetic(x: float, y: float, n: int, w: Doubles) -> None:
    """Do to two numbers what the language can."""
    w[0] = (x - y) - (x - (y - 1.0))
    w[1] = x / y / (x + 0.5)
    w[2] = x * n - n / 3
    w[3] = abs(x) if x < y and y >= 0.0 else -x
    w[4] = float(n) * (y if n != 2 else x)
    w[5] = 0.1 + 0.2 * x - 1e-300 * y
    w[6] = w[5] - w[0] * w[1] + w[2]


def test_arithmetic_is_that_of_python_in_every_compiler(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Python itself, Numba and g++ on numbers of both signs."""
    functions: list[Any] = [whole_arithmetic, float_arithmetic]
    theirs = compiled_cpp(functions, tmp_path_factory.mktemp("arithmetic"))
    rng = np.random.default_rng(17)
    for _ in range(300):
        a, b = (int(n) for n in rng.integers(1, 10**6, 2) * rng.choice([-1, 1], 2))
        x, y = (float(v) for v in rng.normal(0.0, 3.0, 2))
        found = []
        for whole, floats in (
            tuple(function.py_func for function in functions),
            (whole_arithmetic, float_arithmetic),
            (theirs["whole_arithmetic"], theirs["float_arithmetic"]),
        ):
            u, w = np.zeros(8, np.int64), np.zeros(7)
            whole(a, b, u)
            floats(x, y, a, w)
            found.append((u, w))
        for u, w in found[1:]:
            np.testing.assert_array_equal(u, found[0][0])
            np.testing.assert_array_equal(w.view(np.int64), found[0][1].view(np.int64))


# Ids on both sides of a multiple of 64 and far out; not a whole number of lane groups.
IDS = np.array([*range(40, 140), 2**40 + 1, 2**62 - 1], np.int64)
RULES = {
    "plain": DrawRule(seed=SEED),
    "antithetic": DrawRule(seed=5, method="antithetic"),
    "sobol": DrawRule(seed=5, method="sobol"),
    "swapped": DrawRule(seed=3, swapped=("btc_price", "fees", "site_build")),
    "importance": DrawRule(seed=3, method="importance", tilt=(-0.1,) * 24),
}


@pytest.fixture(scope="module")
def rows_in_cpp(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """What stands in for `gpu.kernel.run.score_rows`: one scenario after the other."""
    folder = tmp_path_factory.mktemp("kernel")
    score_one = compiled_cpp([score_lanes], folder)["score_lanes"]

    def score_rows(*arguments: Any) -> None:
        *arrays, n_rows, data, ints = arguments
        for row in range(n_rows):
            score_one(*arrays, n_rows, row, data, ints)

    return score_rows


def scored_in_cpp(
    engine: CpuEngine,
    rows: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    ids: np.ndarray = IDS,
) -> tuple[Scored, ...]:
    with monkeypatch.context() as patch:
        patch.setattr(cpu_engine, "score_rows", rows)
        return engine.score(ids)


@pytest.mark.parametrize("name", RULES)
def test_the_whole_kernel_has_the_same_bits_in_cpp(
    rows_in_cpp: Callable[..., None], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    study = tiny_study()
    usual, grown = usual_plan(study), grown_plan(study)
    engine = CpuEngine(study, [grown, usual], usual, RULES[name])
    here = engine.score(IDS)
    there = scored_in_cpp(engine, rows_in_cpp, monkeypatch)
    for ours, theirs in zip(here, there, strict=True):
        assert_same(ours.rows, theirs.rows)
        assert_same_risk(ours.plan, theirs.plan)
        assert ours.baseline is not None
        assert theirs.baseline is not None
        assert_same_risk(ours.baseline, theirs.baseline)


def assert_same_risk(ours: LiquidityRisk, theirs: LiquidityRisk) -> None:
    assert_same(ours.rows, theirs.rows)
    assert_same(ours.events, theirs.events)
    assert_same(ours.levels, theirs.levels)


def assert_same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name], err_msg=name)


def test_the_kernel_in_cpp_gives_what_the_oracle_gives(
    rows_in_cpp: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the contract at its smallest scale: 1e-9 of a million USD."""
    study = tiny_study()
    usual, grown = usual_plan(study), grown_plan(study)
    engine = CpuEngine(study, [grown], usual, SEED)
    (got,) = scored_in_cpp(engine, rows_in_cpp, monkeypatch)
    paths = sampled_paths(study, SEED, IDS)
    wanted = score_all(study, grown, paths, baseline=usual)
    assert got.rows.keys() == wanted.rows.keys()
    for name, values in wanted.rows.items():
        atol = 1e-3 if name.endswith("_usd") else 1e-9
        np.testing.assert_allclose(
            got.rows[name], values, rtol=1e-12, atol=atol, err_msg=name
        )
    for event, happened in wanted.plan.events.items():
        np.testing.assert_array_equal(got.plan.events[event], happened, err_msg=event)
