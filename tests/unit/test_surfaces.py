# SPDX-License-Identifier: Apache-2.0
"""Which line earns most per MW where: margins, break-evens and borders of regions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tiny_studies import alpha, beta, gamma, tiny_study

from models.market import base_paths
from models.path_changes import repeated, scaled
from optimizer.report.blocks import blocks_at, margin_usd_per_mwh
from optimizer.report.surfaces import surface_exhibits
from optimizer.report.surfaces_made import surfaces
from optimizer.surfaces import (
    BTC_STEPS,
    HASH_STEPS,
    NETWORK_STEPS,
    POWER_STEPS,
    RENT_STEPS,
    LineSurface,
    SiteSurface,
    factors,
    surface_columns,
    surfaces_of,
)
from optimizer.surfaces_borders import borders, chained, hurdle_borders
from optimizer.surfaces_turns import axis_value, best_today, break_evens

STUDY = tiny_study(sites=(alpha(), beta(), gamma()))


@pytest.fixture(scope="module")
def made() -> tuple[SiteSurface, ...]:
    return surfaces(STUDY, backend="numpy")


def drawn(mining: float, hosting: float) -> SiteSurface:
    """Mining earns 10 USD/MWh more per doubling of its hash price, hosting the same."""
    doublings = np.array(HASH_STEPS) / 12.0
    margin = mining + 10.0 * doublings[:, None, None] + np.zeros((1, 25, 1))
    still = np.full(margin.shape, hosting)
    zero = np.zeros(margin.shape, dtype=np.int64)
    lines = (
        LineSurface("self_mining", margin, zero, ("new",)),
        LineSurface("hosting", still, zero, ("client",)),
    )
    return SiteSurface("one", "One", False, 1e5, 1000.0, 50.0, (), lines)


def test_steps_are_of_one_ratio_and_hold_today() -> None:
    for steps in (BTC_STEPS, NETWORK_STEPS, POWER_STEPS, RENT_STEPS, HASH_STEPS):
        assert factors(steps)[list(steps).index(0)] == 1.0
        assert np.ptp(np.diff(np.log2(factors(steps)))) == pytest.approx(0.0, abs=1e-12)
    ratios = factors(BTC_STEPS)[:, None] / factors(NETWORK_STEPS)
    assert ratios.min() == pytest.approx(factors(HASH_STEPS)[0])
    assert ratios.max() == pytest.approx(factors(HASH_STEPS)[-1])


def test_every_point_is_the_margin_of_the_monthly_engine(
    made: tuple[SiteSurface, ...],
) -> None:
    # Corners of the grid and points at random, each priced by the engine on its own.
    corners = itertools.product(
        *((s[0], s[-1]) for s in (BTC_STEPS, NETWORK_STEPS, POWER_STEPS, RENT_STEPS))
    )
    rng = np.random.default_rng(1)
    inside = [
        rng.integers(s[0], s[-1] + 1, 40)
        for s in (BTC_STEPS, NETWORK_STEPS, POWER_STEPS, RENT_STEPS)
    ]
    steps = np.concatenate([np.array(list(corners)), np.stack(inside, axis=1)])
    names = ("btc_price", "network", "power_price", "gpu_rent")
    paths = scaled(
        STUDY,
        repeated(base_paths(STUDY), len(steps)),
        {name: factors(steps[:, k]) for k, name in enumerate(names)},
    )
    assert [one.site for one in made] == ["alpha", "beta", "gamma"]
    for one in made:
        got = one.margins(steps[:, 0] - steps[:, 1], steps[:, 2], steps[:, 3])
        site = STUDY.sites[STUDY.site_index(one.site)]
        for place, line in enumerate(one.lines):
            wanted = np.max(
                [
                    margin_usd_per_mwh(STUDY, block, paths)
                    for block in blocks_at(STUDY, site)
                    if block.line == line.line
                ],
                axis=0,
            )
            np.testing.assert_allclose(got[place], wanted, rtol=1e-9, atol=1e-7)


def test_maps_are_cuts_through_the_same_margins(made: tuple[SiteSurface, ...]) -> None:
    one = made[0]
    maps = one.btc_by_network(3, -2)
    assert maps.shape == (len(one.lines), len(NETWORK_STEPS), len(BTC_STEPS))
    # BTC at step 6 and network at step 4 pay mining like BTC at step 2 alone.
    row, column = NETWORK_STEPS.index(4), BTC_STEPS.index(6)
    assert np.array_equal(maps[:, row, column], one.margins(2, 3, -2))
    rents = one.rent_by_power(2)
    row, column = RENT_STEPS.index(-2), POWER_STEPS.index(3)
    assert np.array_equal(rents[:, row, column], one.margins(2, 3, -2))


def test_shares_of_the_map_are_those_of_every_combination() -> None:
    one = drawn(-8.0, 0.0)
    # Mining needs 0.8 doublings of BTC over network: b - n > 9.6 steps of 12.
    steps = np.array(BTC_STEPS)[:, None] - np.array(NETWORK_STEPS)
    wins = one.wins_frac()
    assert wins["self_mining"][0] == pytest.approx((steps > 9.6).mean(), abs=1e-12)
    assert wins["self_mining"] == (wins["self_mining"][0],) * 2
    assert wins["hosting"] == (pytest.approx(1.0 - (steps > 9.6).mean()), 0.0)
    assert one.n_points == 43 * 25 * 25 * 43


def test_break_evens_are_where_two_lines_earn_the_same() -> None:
    one = drawn(-8.0, 2.0)
    # Mining earns 2 after one doubling of the BTC price, or at half the network.
    assert best_today(one) == ("hosting", 2.0)
    turns = {turn.axis: turn for turn in break_evens(one)}
    assert set(turns) == {"btc_price", "network"}
    assert turns["btc_price"].factor == pytest.approx(2.0)
    assert turns["network"].factor == pytest.approx(0.5)
    assert turns["network"].line == "self_mining"
    assert turns["network"].margin_usd_per_mwh == pytest.approx(2.0)
    assert axis_value(one, "btc_price", 2.0) == (2e5, "USD/BTC")


def test_break_evens_name_the_hurdle_too() -> None:
    # Hosting is nearest at -5; mining overtakes it after 0.3 doublings, at -5, and
    # clears the hurdle after 0.8.
    turns = [t for t in break_evens(drawn(-8.0, -5.0)) if t.axis == "btc_price"]
    assert [(t.kind, t.line) for t in turns] == [
        ("best", "self_mining"),
        ("clears", "self_mining"),
    ]
    assert turns[0].factor == pytest.approx(2.0**0.3)
    assert turns[1].factor == pytest.approx(2.0**0.8)
    (fall,) = (
        t
        for t in break_evens(drawn(3.0, -5.0))
        if t.kind == "fails" and t.axis == "btc_price"
    )
    assert fall.factor == pytest.approx(2.0**-0.3)


def test_a_table_read_back_is_the_same(made: tuple[SiteSurface, ...]) -> None:
    columns = {k: np.asarray(v) for k, v in surface_columns(made).items()}
    again = surfaces_of(STUDY, columns)
    assert [one.site for one in again] == [one.site for one in made]
    for one, other in zip(made, again, strict=True):
        for a, b in zip(one.lines, other.lines, strict=True):
            assert np.array_equal(a.margin_usd_per_mwh, b.margin_usd_per_mwh)
            steps = (5, -3, 7)
            assert a.use_at(*steps) == b.use_at(*steps)
    short = {name: column[:-1] for name, column in columns.items()}
    with pytest.raises(ValueError, match="reshape"):
        surfaces_of(STUDY, short)


def test_borders_of_planes_are_straight_and_meet() -> None:
    # Column - 3.3, nothing, row - 2.6: the first beats the second right of 3.3, the
    # third above 2.6, and first and third are equal where column = row + 0.7.
    row, column = np.mgrid[:6, :8].astype(float)
    found = borders(np.stack([column - 3.3, 0.0 * row, row - 2.6]))
    r, c = found[..., 0], found[..., 1]
    upright = np.abs(c - 3.3) < 1e-9
    level = np.abs(r - 2.6) < 1e-9
    slanted = np.abs(c - r - 0.7) < 1e-9
    assert (upright | level | slanted).all()
    assert r[upright].max() <= 2.6 + 1e-9
    assert c[level].max() <= 3.3 + 1e-9
    lengths = np.linalg.norm(found[:, 1] - found[:, 0], axis=1)
    # 2.6 up, 3.3 along, and from (2.6, 3.3) to the edge of the map at (5, 5.7).
    assert lengths.sum() == pytest.approx(2.6 + 3.3 + 2.4 * np.sqrt(2.0))


def test_the_hurdle_is_the_zero_line_of_the_best() -> None:
    row, column = np.mgrid[:5, :6].astype(float)
    found = hurdle_borders(np.stack([column - 2.5, row - 1.5]))
    r, c = found[..., 0], found[..., 1]
    assert ((np.abs(c - 2.5) < 1e-9) | (np.abs(r - 1.5) < 1e-9)).all()
    # Where the other line clears it already, there is no border.
    assert r[np.abs(c - 2.5) < 1e-9].max() == pytest.approx(1.5)
    lines = chained(found)
    assert len(lines) == 1
    corner = np.array([1.5, 2.5])
    assert (np.abs(lines[0] - corner).sum(axis=1) < 1e-9).any()


def test_maps_without_a_border_have_none() -> None:
    one = np.zeros((1, 4, 4)) + 1.0
    assert borders(one).shape == hurdle_borders(one).shape == (0, 2, 2)
    assert chained(borders(one)) == []


def test_the_exhibits_say_who_wins_and_where_it_turns(
    made: tuple[SiteSurface, ...],
) -> None:
    maps, wide = surface_exhibits(made)
    assert "Alpha" in maps.reading
    assert "today" in maps.reading
    assert maps.table is not None
    assert len(maps.table.rows) == sum(len(break_evens(one)) for one in made)
    assert f"{made[0].n_points:,} combinations" in wide.reading
    assert surface_exhibits(()) == ()
