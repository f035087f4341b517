# SPDX-License-Identifier: Apache-2.0
"""Grids of multipliers: their text, their points, their faults."""

from __future__ import annotations

import numpy as np
import pytest

from gpu.sampling.grid import MAX_POINTS, ROW_BYTES, parse_grid
from models.errors import ConfigError


def test_both_ends_are_included_and_one_is_exactly_one() -> None:
    grid = parse_grid("btc_price=0.5:1.5:11")
    values = grid.axes[0].values
    assert (values[0], values[-1], len(values)) == (0.5, 1.5, 11)
    assert 1.0 in values
    # 0.7 + 3 x 0.1 is not 1 in binary; the base path must be hit all the same.
    assert 1.0 in parse_grid("fees=0.7:1.3:7").axes[0].values


def test_the_last_axis_runs_fastest() -> None:
    grid = parse_grid(" btc_price = 0.5:1:2 ,power_price=1 : 2 : 3")
    assert grid.n_points == 6
    points = grid.multipliers(np.arange(6))
    assert points["btc_price"].tolist() == [0.5, 0.5, 0.5, 1.0, 1.0, 1.0]
    assert points["power_price"].tolist() == [1.0, 1.5, 2.0, 1.0, 1.5, 2.0]
    assert grid.multipliers(np.array([4]))["power_price"].tolist() == [1.5]


def test_one_value_is_an_axis() -> None:
    assert parse_grid("capex=0.9:0.9:1").axes[0].values.tolist() == [0.9]


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_grid("btc_prise=0.5:1.5:11, power_price=2:1:5, capex=1:2, fees=a:2:3.5")
    faults = caught.value.faults
    assert {fault.file for fault in faults} == {"--grid"}
    told = str(caught.value)
    assert "Did you mean btc_price?" in told
    assert "power_price.low = 2 must be <= high 1" in told
    assert "capex=1:2 must be name=low:high:count" in told
    assert "fees.low = a must be a number at least 0" in told
    assert "fees.count = 3.5 must be a whole number" in told
    assert len(faults) == 5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "must be name=low:high:count"),
        ("btc_price=1:2:3,", "must be name=low:high:count"),
        ("btc_price=0:1:3", "btc_price.low = 0 must be a number above 0"),
        ("btc_price=nan:1:3", "btc_price.low = nan"),
        ("btc_price=0.5:inf:3", "btc_price.high = inf"),
        ("capex=-1:1:3", "capex.low = -1 must be a number at least 0"),
        ("fees=0:1e9:3", "fees.high = 1e9"),
        ("fees=0:1:0", "fees.count = 0"),
        ("fees=0:1:-3", "fees.count = -3"),
        ("fees=0:1:1", "fees.count = 1 does not fit 0 to 1"),
        ("fees=1:1:2", "fees.count = 2 does not fit 1 to 1"),
        ("fees=0:1:99999999999999999999", "fees.count"),
        ("fees=0:1:2, fees=0:1:3", "fees stands twice"),
    ],
)
def test_each_fault_is_named(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint.replace(".", r"\.")):
        parse_grid(text)


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_a_grid_beyond_reach_states_its_size_time_and_memory(
    is_confirmed: bool,
) -> None:
    text = "btc_price=0.5:1.5:10000, network=0.5:1.5:10000, capex=0.5:1.5:10000"
    with pytest.raises(ConfigError) as caught:
        parse_grid(text, is_confirmed=is_confirmed)
    told = str(caught.value)
    assert "1,000,000,000,000 points" in told
    assert "GB of memory" in told
    assert "hours" in told
    assert "points at most fit" in told


def test_a_large_grid_that_fits_asks_for_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    room = "gpu.sampling.grid.free_memory_bytes"
    monkeypatch.setattr(room, lambda: 2 * ROW_BYTES * 3_000_000)
    text = "btc_price=0.5:1.5:1500, network=0.5:1.5:2000"
    with pytest.raises(ConfigError, match=f"more than {MAX_POINTS:,} points .*--yes"):
        parse_grid(text)
    assert parse_grid(text, is_confirmed=True).n_points == 3_000_000
    with pytest.raises(ConfigError, match="3,000,000 points at most fit"):
        parse_grid(text.replace("2000", "2001"), is_confirmed=True)


def test_a_small_grid_must_fit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    room = "gpu.sampling.grid.free_memory_bytes"
    monkeypatch.setattr(room, lambda: 2 * ROW_BYTES * 100)
    assert parse_grid("btc_price=0.5:1.5:100").n_points == 100
    with pytest.raises(ConfigError, match="100 points at most fit"):
        parse_grid("btc_price=0.5:1.5:101")
