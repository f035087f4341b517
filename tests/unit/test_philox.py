# SPDX-License-Identifier: Apache-2.0
"""Philox 4x32-10 against the published vectors; uniforms and normals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gpu.backend import to_host
from gpu.sampling import philox

if TYPE_CHECKING:
    from types import ModuleType

FULL = 0xFFFFFFFF
# Random123 1.14, tests/kat_vectors, philox4x32 10: counter, key, result.
KNOWN = [
    ([0, 0, 0, 0], [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([FULL] * 4, [FULL] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


def plain_philox(counter: list[int], key: list[int]) -> list[int]:
    """The published rounds in whole numbers of any length, one word at a time."""
    c, (k0, k1) = list(counter), key
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c[0], 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c[2], 2**32)
        c = [high1 ^ c[1] ^ k0, low1, high0 ^ c[3] ^ k1, low0]
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return c


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_published_vectors(
    counter: list[int], key: list[int], expected: list[int], xp: ModuleType
) -> None:
    drawn = philox.philox4x32(xp.asarray(counter, dtype=xp.uint32), key)
    assert drawn.dtype == np.uint32
    assert drawn.tolist() == expected


def test_many_counters_at_once_equal_one_at_a_time(rng: np.random.Generator) -> None:
    counters = rng.integers(0, 2**32, size=(5, 3, 4), dtype=np.uint32)
    key = [int(w) for w in rng.integers(0, 2**32, size=2)]
    drawn = philox.philox4x32(counters, key)
    assert drawn.shape == (5, 3, 4)
    for place in np.ndindex(5, 3):
        assert drawn[place].tolist() == plain_philox(counters[place].tolist(), key)


def test_layout_of_key_and_counter() -> None:
    seed, scenario, month, stream = 0x0123456789ABCDEF, 2**63 - 2, 119, 7
    expected = plain_philox(
        [0xFFFFFFFE, 0x7FFFFFFF, month, stream], [0x89ABCDEF, 0x01234567]
    )
    drawn = philox.words(seed, np.array([scenario]), month, stream)
    assert [int(w[0]) for w in drawn] == expected


def test_uniforms_follow_the_documented_bits() -> None:
    # Seed 0, scenario 0, month 0, stream 0 is the first published vector.
    a, b, c, d = KNOWN[0][2]
    first = (2 * ((a >> 6) * 2**26 + (b >> 6)) + 1) / 2**53
    second = (2 * ((c >> 6) * 2**26 + (d >> 6)) + 1) / 2**53
    assert philox.uniforms(0, np.array([0]), 0, 0).tolist() == [[first, second]]


def test_uniforms_never_reach_the_ends() -> None:
    ends = philox._unit_interval(
        np.array([0, FULL], dtype=np.uint64), np.array([0, FULL], dtype=np.uint64), np
    )
    assert ends.tolist() == [2.0**-53, 1.0 - 2.0**-53]


def test_a_scenario_is_the_same_alone_and_in_any_order() -> None:
    ids = np.array([123_456_789, 5, 2**40, 0])
    together = philox.normals(42, ids, 24, 3)
    assert together.shape == (4, 24, 2)
    for k, scenario in enumerate(ids):
        alone = philox.normals(42, np.array([scenario]), 24, 3)
        np.testing.assert_array_equal(alone[0], together[k])
    np.testing.assert_array_equal(philox.normals(42, ids[::-1], 24, 3), together[::-1])
    # A longer horizon keeps the months it shares.
    np.testing.assert_array_equal(philox.normals(42, ids, 60, 3)[:, :24], together)


def test_month_stream_and_seed_all_matter() -> None:
    ids = np.arange(3)
    base = philox.uniforms(1, ids, 0, 0)
    others = [(2, 0, 0), (1, 1, 0), (1, 0, 1), (1 + 2**32, 0, 0)]
    for seed, month, stream in others:
        assert not np.isin(philox.uniforms(seed, ids, month, stream), base).any()


def test_normals_are_box_and_muller_of_the_uniforms() -> None:
    ids = np.arange(50)
    drawn = philox.normals(9, ids, 3, 2)
    for month in range(3):
        u = philox.uniforms(9, ids, month, 2)
        radius = np.sqrt(-2.0 * np.log(u[:, 0]))
        angle = 2.0 * math.pi * u[:, 1]
        expected = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
        np.testing.assert_array_equal(drawn[:, month], expected)


def test_moments_are_those_of_uniform_and_normal_numbers() -> None:
    n = 100_000
    u = philox.uniforms(20251130, np.arange(n), 5, 1)
    # Standard errors: mean sqrt(1/12/n) = 9.1e-4; five of them.
    assert np.abs(u.mean(axis=0) - 0.5).max() < 5 * math.sqrt(1 / 12 / n)
    z = philox.normals(20251130, np.arange(n // 10), 10, 1).reshape(-1, 2)
    error = 5 / math.sqrt(n)
    assert np.abs(z.mean(axis=0)).max() < error
    assert np.abs(z.var(axis=0) - 1.0).max() < error * math.sqrt(2)
    assert abs((z[:, 0] * z[:, 1]).mean()) < error
    assert np.abs((z**3).mean(axis=0)).max() < error * math.sqrt(15)
    assert np.abs((z**4).mean(axis=0) - 3.0).max() < error * math.sqrt(96)


def test_both_array_modules_draw_the_same(xp: ModuleType) -> None:
    ids = np.arange(100, dtype=np.int64) * 2**40
    drawn = philox.normals(7, xp.asarray(ids), 12, 0)
    np.testing.assert_allclose(
        to_host(drawn), philox.normals(7, ids, 12, 0), rtol=1e-13
    )
    exact = to_host(philox.uniforms(7, xp.asarray(ids), 4, 0))
    np.testing.assert_array_equal(exact, philox.uniforms(7, ids, 4, 0))


def test_no_scenarios_give_no_draws() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert philox.normals(1, none, 5, 0).shape == (0, 5, 2)
    assert philox.uniforms(1, none, 5, 0).shape == (0, 2)


@pytest.mark.parametrize(
    ("seed", "ids", "month", "stream", "match"),
    [
        (-1, [0], 0, 0, "seed = -1"),
        (2**64, [0], 0, 0, "seed"),
        (0, [-1], 0, 0, "scenario_ids"),
        (0, [0.5], 0, 0, "whole numbers"),
        (0, [0], -1, 0, "month"),
        (0, [0], 0, 2**32, "stream"),
    ],
)
def test_bad_arguments_are_refused(
    seed: int, ids: list[float], month: int, stream: int, match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        philox.uniforms(seed, np.array(ids), month, stream)


def test_bad_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="counter has shape"):
        philox.philox4x32(np.zeros(3, dtype=np.uint32), [0, 0])
    with pytest.raises(ValueError, match="key has shape"):
        philox.philox4x32(np.zeros(4, dtype=np.uint32), [0])
    with pytest.raises(ValueError, match="scenario_ids has shape"):
        philox.normals(0, np.zeros((2, 2), dtype=np.int64), 3, 0)
