# SPDX-License-Identifier: Apache-2.0
"""What a rule does to each draw, word by word as `gpu.sampling.scenarios` says it."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm
from tiny_studies import alpha, beta, gamma, tiny_study

from gpu.backend import to_host
from gpu.sampling.philox import normals, uniforms, words
from gpu.sampling.rule import GROUPS, PARTNER_OFFSET
from gpu.sampling.scenarios import (
    LEADING,
    LEADING_ROWS,
    DrawRule,
    draw_factor_shocks,
    draw_shocks,
    leading_normals,
    sampled_paths,
    weights,
    weights_of_draws,
)
from models.clients import count_client_slots
from models.market import Shocks
from models.market_parameters import FACTORS

STUDY = tiny_study(sites=(alpha(), beta(), gamma()))
MONTHS = STUDY.time.months
TILT = tuple(-1.0 / (month + 1) for month in range(MONTHS))
RULES = {
    "plain": DrawRule(7),
    "antithetic": DrawRule(7, "antithetic"),
    "sobol": DrawRule(7, "sobol"),
    "importance": DrawRule(7, "importance", tilt=TILT, plain_every=4),
}
IDS = np.array([0, 1, 2, 3, 4096, 4097, 2**40 + 5, 2**61 + 9])
every_method = pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))


def group_draws(shocks: Shocks) -> dict[str, np.ndarray]:
    """Draws by name of the group."""
    factors = {name: shocks.monthly[:, row] for row, name in enumerate(FACTORS)}
    others = ("site_power", "site_build", "client_fate", "within_month")
    return factors | {name: getattr(shocks, name) for name in others}


def same(left: np.ndarray, right: np.ndarray) -> None:
    np.testing.assert_array_equal(left, right)


def test_a_plain_rule_and_its_seed_draw_the_same_bits() -> None:
    for name, drawn in group_draws(draw_shocks(STUDY, DrawRule(7), IDS)).items():
        same(drawn, group_draws(draw_shocks(STUDY, 7, IDS))[name])


# --- mirrored pairs


def test_even_ids_are_the_plain_scenarios_of_half_their_number() -> None:
    even = group_draws(draw_shocks(STUDY, RULES["antithetic"], 2 * IDS[:-1]))
    plain = group_draws(draw_shocks(STUDY, 7, IDS[:-1]))
    for name in GROUPS:
        same(even[name], plain[name])


def test_odd_ids_are_their_neighbours_mirrored() -> None:
    ids = 2 * IDS[:-1]
    even = draw_shocks(STUDY, RULES["antithetic"], ids)
    odd = draw_shocks(STUDY, RULES["antithetic"], ids + 1)
    same(odd.monthly, -even.monthly)
    same(odd.site_power, -even.site_power)
    same(odd.site_build[..., 0], -even.site_build[..., 0])


def test_a_mirrored_delay_is_drawn_anew_from_month_1() -> None:
    odd = draw_shocks(STUDY, RULES["antithetic"], np.array([2 * 5 + 1]))
    for site in range(3):
        drawn = normals(7, np.array([5]), 2, 4096 + site)[0, 1, 1]
        assert odd.site_build[0, site, 1] == drawn


def test_mirrored_words_inside_the_month_are_the_documented_ones() -> None:
    drawn = draw_shocks(STUDY, RULES["antithetic"], np.array([11])).within_month[0]
    first, second, third = (
        [int(word) for word in words(7, np.full(MONTHS, 5), np.arange(MONTHS), 8)[k]]
        for k in range(3)
    )
    for month in range(MONTHS):
        u = (2**32 - 1 - first[month] + 0.5) / 2**32
        v = (2**32 - 1 - second[month] + 0.5) / 2**32
        w = ((third[month] + 2**30) % 2**32 + 0.5) / 2**32
        dip = math.sqrt(-2.0 * math.log(v)) * math.cos(2.0 * math.pi * w)
        assert drawn[0, month] == pytest.approx(-math.log(u), rel=1e-14)
        assert drawn[1, month] == pytest.approx(dip, rel=1e-12, abs=1e-14)


def test_a_mirrored_fate_has_the_other_chance_of_outliving() -> None:
    fates = draw_shocks(STUDY, RULES["antithetic"], np.array([10, 11])).client_fate
    n_slots = count_client_slots(STUDY)
    for site in range(3):
        for slot in range(n_slots):
            u = uniforms(7, np.array([5]), 0, 65536 * (site + 1) + slot)[0, 0]
            own, other = fates[:, site, slot]
            assert own == pytest.approx(-math.log(u), rel=1e-12)
            assert other == pytest.approx(-math.log1p(-u), rel=1e-12)
    # The chances to outlive, exp(-fate), are u and 1 - u.
    np.testing.assert_allclose(np.exp(-fates).sum(axis=0), 1.0, rtol=1e-12)


def test_mirrored_scenarios_follow_the_law_of_plain_ones() -> None:
    odd = draw_shocks(STUDY, RULES["antithetic"], 2 * np.arange(4000) + 1)
    near = 5.0 / math.sqrt(4000 * MONTHS)
    low, dip = odd.within_month[:, 0], odd.within_month[:, 1]
    assert abs(low.mean() - 1.0) < near
    assert abs(dip.mean()) < near
    assert abs(dip.var() - 1.0) < math.sqrt(2.0) * near
    assert np.abs(odd.client_fate.mean(axis=0) - 1.0).max() < 5.0 / math.sqrt(4000)
    assert np.abs(odd.site_build.var(axis=0) - 1.0).max() < 5.0 * math.sqrt(2 / 4000)


def test_what_counts_by_size_is_mirrored_in_size() -> None:
    """Sizes of a pair's dips correlate by -0.732.

    With r = sqrt(-2 ln v), r' = sqrt(-2 ln(1 - v)) and angles a quarter apart,
    E|z z'| = E[r r'] E|cos sin| = E[r r'] / pi, where E[r r'], the integral of
    2 sqrt(ln v ln(1 - v)) from 0 to 1, is 1.1643. (E|z|)^2 is 2 / pi, var |z| is
    1 - 2 / pi: (1.1643 - 2) / (pi - 2) = -0.732.
    """
    ids = 2 * np.arange(4000)
    even = draw_shocks(STUDY, RULES["antithetic"], ids)
    odd = draw_shocks(STUDY, RULES["antithetic"], ids + 1)
    dips = np.corrcoef(
        np.abs(even.within_month[:, 1]).ravel(), np.abs(odd.within_month[:, 1]).ravel()
    )
    assert dips[0, 1] == pytest.approx(-0.732, abs=0.01)
    delays = np.corrcoef(
        np.abs(even.site_build[..., 1]).ravel(), np.abs(odd.site_build[..., 1]).ravel()
    )
    assert abs(delays[0, 1]) < 5.0 / math.sqrt(4000 * 3)


# --- groups from the partner


@every_method
@pytest.mark.parametrize("group", GROUPS)
def test_a_swapped_group_is_the_partners_and_the_others_stay(
    rule: DrawRule, group: str
) -> None:
    swapped = group_draws(draw_shocks(STUDY, replace(rule, swapped=(group,)), IDS))
    own = group_draws(draw_shocks(STUDY, rule, IDS))
    partner = group_draws(draw_shocks(STUDY, rule, IDS + PARTNER_OFFSET))
    for name in GROUPS:
        same(swapped[name], partner[name] if name == group else own[name])
    assert (swapped[group] != own[group]).all()


@every_method
def test_all_groups_swapped_are_the_partner_itself(rule: DrawRule) -> None:
    mirror = sampled_paths(STUDY, replace(rule, swapped=GROUPS), IDS)
    partner = sampled_paths(STUDY, rule, IDS + PARTNER_OFFSET)
    same(mirror.btc_price_usd, partner.btc_price_usd)
    same(mirror.delay_months, partner.delay_months)


def test_swapping_leaves_ids_below_2_to_the_62() -> None:
    rule = DrawRule(1, swapped=("fees",))
    for outside in (2**62, -1):
        with pytest.raises(ValueError, match="must lie in 0 to 4611686018427387903"):
            draw_shocks(STUDY, rule, np.array([outside]))


# --- tilted scenarios


def test_the_tilt_is_added_where_the_id_is_not_divisible() -> None:
    ids = np.arange(9)
    tilted = draw_shocks(STUDY, RULES["importance"], ids)
    plain = draw_shocks(STUDY, 7, ids)
    for place, scenario in enumerate(ids):
        shift = np.array(TILT) if scenario % 4 else 0.0
        same(tilted.monthly[place, 0], plain.monthly[place, 0] + shift)
    same(tilted.monthly[:, 1:], plain.monthly[:, 1:])
    same(tilted.within_month, plain.within_month)


def test_weights_are_densities_of_plain_draws_over_the_mixture() -> None:
    ids = np.arange(40)
    z = draw_shocks(STUDY, RULES["importance"], ids).monthly[:, 0]
    plain = norm.logpdf(z).sum(axis=1)
    tilted = norm.logpdf(z - np.array(TILT)).sum(axis=1)
    density = 1.0 / (0.25 + 0.75 * np.exp(tilted - plain))
    found = weights(STUDY, RULES["importance"], ids)
    np.testing.assert_allclose(found, density, rtol=1e-12)
    same(found, weights_of_draws(RULES["importance"], z))


def test_weights_are_bounded_and_make_a_mean_of_1() -> None:
    found = weights(STUDY, RULES["importance"], np.arange(20_000))
    assert found.max() <= 4.0
    assert found.min() > 0.0
    assert abs(found.mean() - 1.0) < 5.0 * found.std() / math.sqrt(20_000)


def test_weighted_draws_have_the_mean_of_plain_ones() -> None:
    ids = np.arange(20_000)
    z = draw_shocks(STUDY, RULES["importance"], ids).monthly[:, 0]
    counted = weights_of_draws(RULES["importance"], z)[:, None] * z
    error = counted.std(axis=0) / math.sqrt(20_000)
    assert (np.abs(counted.mean(axis=0)) < 4.5 * error).all()
    assert z[:, 0].mean() == pytest.approx(-0.75, abs=0.05)


@pytest.mark.parametrize("method", ["plain", "antithetic", "sobol"])
def test_all_other_scenarios_count_the_same(method: str) -> None:
    same(weights(STUDY, RULES[method], IDS), np.ones(len(IDS)))


def test_a_tilt_far_out_gives_no_weight_and_no_overflow() -> None:
    rule = DrawRule(1, "importance", tilt=(4.0,) * MONTHS)
    found = weights(STUDY, rule, np.arange(100))
    assert np.isfinite(found).all()
    assert found[1::2].max() < 1e-30
    # Far from the tilt, only the plain half of the mixture is dense.
    np.testing.assert_allclose(found[::2], 2.0)


def test_no_tilt_is_plain_draws_with_weight_1() -> None:
    rule = DrawRule(7, "importance")
    same(weights(STUDY, rule, IDS), np.ones(len(IDS)))
    same(draw_shocks(STUDY, rule, IDS).monthly, draw_shocks(STUDY, 7, IDS).monthly)


def test_a_tilt_of_another_length_is_refused() -> None:
    rule = DrawRule(1, "importance", tilt=TILT[:-1])
    for work in (draw_shocks, weights):
        with pytest.raises(ValueError, match=f"tilt has 23 .* one per month: {MONTHS}"):
            work(STUDY, rule, IDS)


# --- Sobol points


def test_sobol_replaces_the_leading_factors_alone() -> None:
    plain, sobol = (draw_shocks(STUDY, RULES[name], IDS) for name in ("plain", "sobol"))
    assert tuple(FACTORS[row] for row in LEADING_ROWS) == LEADING
    leading = leading_normals(STUDY, RULES["sobol"], IDS)
    assert leading.shape == (len(IDS), 3, MONTHS)
    for row, name in enumerate(FACTORS):
        if name in LEADING:
            same(sobol.monthly[:, row], leading[:, LEADING.index(name)])
        else:
            same(sobol.monthly[:, row], plain.monthly[:, row])
    for name in ("site_power", "site_build", "client_fate", "within_month"):
        same(getattr(sobol, name), getattr(plain, name))


def test_leading_normals_belong_to_sobol_alone() -> None:
    with pytest.raises(ValueError, match="method = 'plain' must be 'sobol'"):
        leading_normals(STUDY, 1, IDS)
    with pytest.raises(ValueError, match="must have a study"):
        draw_factor_shocks(RULES["sobol"], IDS, MONTHS)


# --- array modules and bad ids


@every_method
def test_rules_draw_on_the_array_module_asked_for(rule: DrawRule, xp) -> None:
    there = draw_shocks(STUDY, rule, xp.asarray(IDS), xp)
    here = draw_shocks(STUDY, rule, IDS)
    for field in Shocks.__slots__:
        assert isinstance(getattr(there, field), xp.ndarray)
        np.testing.assert_allclose(
            to_host(getattr(there, field)), getattr(here, field), rtol=1e-12, atol=1e-12
        )


@every_method
@pytest.mark.parametrize("bad", [np.array([-1]), np.array([0.5]), np.array([2**63])])
def test_ids_out_of_range_are_refused(rule: DrawRule, bad: np.ndarray) -> None:
    for work in (draw_shocks, weights):
        with pytest.raises(ValueError, match="scenario_ids"):
            work(STUDY, rule, bad)


@every_method
def test_no_scenarios_are_no_rows(rule: DrawRule) -> None:
    empty = np.array([], dtype=np.int64)
    shocks = draw_shocks(STUDY, rule, empty)
    assert shocks.monthly.shape == (0, 8, MONTHS)
    assert weights(STUDY, rule, empty).shape == (0,)


def test_a_study_of_one_month_can_be_drawn_by_every_rule() -> None:
    market = STUDY.market
    short = SimpleNamespace(
        time=SimpleNamespace(months=1),
        sites=STUDY.sites,
        market=market,
        hosting_offers=(),
        gpu_offers=(),
    )
    for method in ("plain", "antithetic", "sobol", "importance"):
        shocks = draw_shocks(short, DrawRule(1, method), IDS)  # type: ignore[arg-type]
        assert np.isfinite(shocks.monthly).all()
