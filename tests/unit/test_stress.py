# SPDX-License-Identifier: Apache-2.0
"""Stories: as data, as paths, and what a plan is worth in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scored_plans import grown_plan, usual_plan
from tiny_studies import alpha, beta, gamma, tiny_study

from models.errors import ConfigError
from models.market import base_paths
from models.paths import MarketPaths
from models.plan import BuildStart, PhaseStart
from optimizer.stress import StressResult, chosen_stories, story_paths, stress
from sites.catalogue import BUNDLED
from sites.stories import PathChange, SiteDelay, Story, bundled_stories, load_stories

if TYPE_CHECKING:
    from pathlib import Path

STUDY = tiny_study()
BASE = base_paths(STUDY)


def story(**changes: object) -> Story:
    terms: dict[str, object] = {"id": "tale", "name": "Tale", "description": "Told."}
    return Story(**(terms | changes))  # type: ignore[arg-type]


def write(folder: Path, text: str) -> Path:
    path = folder / "stories.toml"
    path.write_text(text)
    return path


def test_the_bundled_stories_are_those_promised() -> None:
    assert [tale.id for tale in bundled_stories()] == [
        "price_crash",
        "halving_flat",
        "hashprice_30",
        "gpu_rents_halve",
        "power_spike",
        "oman_late",
    ]


def test_every_number_of_a_bundled_story_has_a_source() -> None:
    _, numbers = load_stories(BUNDLED / "stress" / "stories.toml")
    assert len(numbers) >= 8
    assert all(number.has_source and number.as_of for number in numbers)
    assert {number.unit for number in numbers} >= {"ratio", "months", "per year"}


def test_an_empty_story_is_the_base_path() -> None:
    paths = story_paths(STUDY, story())
    for name in MarketPaths.__slots__:
        np.testing.assert_array_equal(getattr(paths, name), getattr(BASE, name), name)


def test_after_a_price_crash_the_network_shrinks() -> None:
    paths = story_paths(STUDY, story(btc_price_factor=0.5))
    np.testing.assert_array_equal(paths.btc_price_usd, 0.5 * BASE.btc_price_usd)
    assert (paths.network_eh_s < BASE.network_eh_s).all()
    half = 0.5 * BASE.hashprice_usd_per_ph_day
    assert (paths.hashprice_usd_per_ph_day >= half).all()


def test_drift_and_elasticity_replace_the_markets_own() -> None:
    paths = story_paths(STUDY, story(btc_log_drift_per_year=0.12))
    assert paths.btc_price_usd[0, 12] == pytest.approx(1e5 * np.exp(0.12))
    stiff = story_paths(STUDY, story(btc_price_factor=0.5, network_elasticity=0.0))
    np.testing.assert_allclose(stiff.network_eh_s, 1000.0, rtol=1e-12)


def test_a_hash_price_cap_leaves_lower_months_alone() -> None:
    cap = float(np.median(BASE.hashprice_usd_per_ph_day))
    paths = story_paths(STUDY, story(hashprice_cap_usd_per_ph_day=cap))
    np.testing.assert_allclose(
        paths.hashprice_usd_per_ph_day,
        np.minimum(BASE.hashprice_usd_per_ph_day, cap),
        rtol=1e-14,
    )
    np.testing.assert_array_equal(paths.btc_price_usd, BASE.btc_price_usd)


def test_a_spike_begins_in_its_month_and_ends() -> None:
    spike = PathChange(multiplier="power_price", factor=2.0, first_month=7, months=12)
    paths = story_paths(STUDY, story(changes=(spike,)))
    multiplier = paths.power_multiplier[0, 0]
    assert multiplier.tolist() == [1.0] * 6 + [2.0] * 12 + [1.0] * 6
    cost = PathChange(multiplier="capex", factor=1.5)
    paths = story_paths(STUDY, story(changes=(cost,)))
    assert paths.capex_factor.tolist() == [[1.5, 1.5]]


def test_a_late_site_is_late_alone() -> None:
    paths = story_paths(STUDY, story(delays=(SiteDelay(site="beta", delay_months=12),)))
    assert paths.delay_months.tolist() == [[0, 12]]


@pytest.fixture(scope="module")
def result() -> StressResult:
    return stress(STUDY, grown_plan(STUDY), baseline=usual_plan(STUDY))


def test_each_story_stands_beside_the_base_path(result: StressResult) -> None:
    assert result.base.delta_npv_usd == 0.0
    assert result.baseline_label == "business as usual"
    for row in result.stories:
        delta = row.npv_usd - result.base.npv_usd
        assert row.delta_npv_usd == delta
        assert np.isfinite(row.incremental_npv_usd)
    by_id = {row.story_id: row for row in result.stories}
    for name in ("price_crash", "hashprice_30", "gpu_rents_halve", "power_spike"):
        assert by_id[name].delta_npv_usd < 0.0, name
    # A larger network leaves less BTC; after a crash the smaller one leaves more.
    assert by_id["hashprice_30"].mined_btc < result.base.mined_btc
    assert by_id["price_crash"].mined_btc > result.base.mined_btc
    # The tiny study has no site of that name: told, not failed.
    assert by_id["oman_late"].missing_sites == ("oman",)
    assert by_id["oman_late"].delta_npv_usd == 0.0


def test_a_late_build_costs_money() -> None:
    study = tiny_study(sites=(alpha(), beta(), gamma()))
    plan = grown_plan(study)
    built = plan.model_copy(
        update={
            "phases": (PhaseStart(site="gamma", phase="gamma_p1", period=0),),
            "builds": (BuildStart(site="gamma", kind="air", period=0, modules=1),),
            "holdings": (
                *plan.holdings[:-1],
                plan.holdings[-1].model_copy(update={"site": "gamma"}),
            ),
            "orders": (plan.orders[0].model_copy(update={"site": "gamma"}),),
        }
    )
    late = story(delays=(SiteDelay(site="gamma", delay_months=12),))
    result = stress(study, built, stories=(late,))
    assert result.stories[0].delta_npv_usd < -1e4
    assert result.stories[0].mined_btc < result.base.mined_btc
    assert np.isnan(result.stories[0].incremental_npv_usd)


def test_stories_are_chosen_by_name_and_unknown_ones_all_named() -> None:
    known = bundled_stories()
    assert chosen_stories([], known) == list(known)
    assert [tale.id for tale in chosen_stories(["oman_late"], known)] == ["oman_late"]
    with pytest.raises(ConfigError) as caught:
        chosen_stories(["flood", "oman_late", "war"], known)
    assert [fault.value for fault in caught.value.faults] == ["flood", "war"]
    assert "price_crash" in str(caught.value)


HEAD = """
source = "assumption"
as_of = 2025-11-30
[[stories]]
id = "tale"
name = "Tale"
description = "Told."
"""


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("btc_price_factor = 0", "stories[0].btc_price_factor = 0"),
        ("btc_price_facter = 1", "Did you mean 'btc_price_factor'"),
        ("btc_price_factor = nan", "must be a finite number"),
        ('[[stories.changes]]\nmultiplier = "rent"\nfactor = 1.0', "must be one of"),
        (
            '[[stories.changes]]\nmultiplier = "network"\nfactor = 0.0',
            "factor of network must be > 0",
        ),
        (
            '[[stories.changes]]\nmultiplier = "capex"\nfactor = 2.0\nmonths = 3',
            "capex has one factor for all months",
        ),
        (
            2 * '[[stories.changes]]\nmultiplier = "fees"\nfactor = 2.0\n',
            "each multiplier may stand once",
        ),
        ('[[stories.delays]]\nsite = "oman"', "delay_months is missing"),
        (HEAD.split("\n", 3)[3], "stands twice"),
    ],
)
def test_a_faulty_story_file_names_the_fault(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_stories(write(tmp_path, HEAD + text))
    assert complaint in str(caught.value)
    assert "stories.toml" in str(caught.value)


def test_a_missing_or_empty_story_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_stories(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="stories"):
        load_stories(write(tmp_path, ""))


def test_a_story_says_when_the_loan_is_called() -> None:
    # 6 M on 100 BTC: at 50,000 the loan is worth 120 % of its pledge.
    told = stress(
        STUDY, grown_plan(STUDY), stories=[story(), story(btc_price_factor=0.5)]
    )
    quiet, crash = told.stories
    assert (quiet.first_call_month, quiet.forced_sale_usd) == ("", 0.0)
    assert crash.first_call_month == STUDY.months[0]
