# SPDX-License-Identifier: Apache-2.0
"""One input at a time: changed by name, tried at both ends, read in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine_plans import empty_plan
from reported_runs import numbers, reported_plan, reported_study
from tiny_studies import tiny_study

from models.cashflow import evaluate
from models.errors import DataError
from models.market import base_paths
from optimizer.report.figures.tornado import input_name, tornado_exhibit
from optimizer.sensitivity import Sensitivity, sensitivity
from sites import load_bundle
from sites.variation import with_number


def number(key, value, low, high, unit="USD"):
    """An input with a range, as the loader gives it."""
    return replace(numbers()[0], key=key, value=value, low=low, high=high, unit=unit)


# -- one number changed -----------------------------------------------------------


def test_every_number_of_a_bundled_study_is_found_by_its_key():
    bundle = load_bundle("teaching")
    assert len(bundle.provenance) > 50
    for one in bundle.provenance:
        assert with_number(bundle.study, one.key, one.value) == bundle.study


def test_one_number_changes_and_nothing_else():
    study = tiny_study()
    assert study.months[0] == "2025-12"  # a study that has been used is changed too
    other = with_number(study, "sites.beta.power.firm_usd_per_mwh", 99.0)
    assert other.site("beta").power.firm_usd_per_mwh == 99.0
    assert other.site("alpha") == study.site("alpha")
    back = with_number(
        other,
        "sites.beta.power.firm_usd_per_mwh",
        study.site("beta").power.firm_usd_per_mwh,
    )
    assert back == study


def test_a_whole_number_stays_whole():
    other = with_number(tiny_study(), "asics.new.delivery_months", 4.6)
    assert other.asic("new").delivery_months == 5


@pytest.mark.parametrize(
    "key",
    [
        "company.cash_euro",
        "sites.nowhere.uptime_frac",
        "sites.alpha",
        "sites",
        "company.cash_usd.more",
        "sites.alpha.name",
    ],
)
def test_an_unknown_number_is_named(key):
    with pytest.raises(DataError, match="has no number"):
        with_number(tiny_study(), key, 1.0)


def test_a_value_out_of_bounds_is_named():
    with pytest.raises(DataError, match=r"sites\.alpha\.uptime_frac = 2 is not allow"):
        with_number(tiny_study(), "sites.alpha.uptime_frac", 2.0)


# -- sensitivity ------------------------------------------------------------------


def test_opening_cash_is_worth_itself():
    study = tiny_study()
    plan = empty_plan(study)
    cash = study.company.cash_usd
    found = sensitivity(
        study, plan, [number("company.cash_usd", cash, cash - 1e6, cash + 2e6)]
    )
    swing = next(one for one in found.swings if one.key == "company.cash_usd")
    # Cash of the opening stands undiscounted in the flows, and funds nothing else.
    assert swing.low_change_usd == pytest.approx(-1e6)
    assert swing.high_change_usd == pytest.approx(2e6)
    assert swing.size_usd == pytest.approx(3e6)


def test_an_end_is_the_engine_on_the_changed_study():
    study = reported_study()
    plan = reported_plan(study)
    key = "sites.alpha.power.flexible_usd_per_mwh"
    value = study.site("alpha").power.flexible_usd_per_mwh
    found = sensitivity(study, plan, [number(key, value, None, value + 10.0)])
    swing = next(one for one in found.swings if one.key == key)
    other = with_number(study, key, value + 10.0)
    npv = [
        evaluate(s, plan, base_paths(s)).npv_usd(s.company.discount_rate_per_year)[0]
        for s in (study, other)
    ]
    assert found.npv_usd == npv[0]
    assert (swing.low, swing.low_change_usd) == (value, 0.0)
    assert swing.high_change_usd == npv[1] - npv[0] < 0.0


def test_only_market_sites_and_gpus_make_the_base_path():
    bundle = load_bundle("teaching")
    base = base_paths(bundle.study)
    for one in bundle.provenance:
        if one.key.startswith(("market", "sites", "gpus", "time")):
            continue
        try:
            other = base_paths(with_number(bundle.study, one.key, 0.9 * one.value))
        except DataError:
            continue
        for name in type(base).__slots__:
            assert (getattr(other, name) == getattr(base, name)).all(), one.key


def test_the_largest_swing_stands_first_and_prices_are_among_them():
    study = reported_study()
    found = sensitivity(study, reported_plan(study), numbers())
    sizes = [one.size_usd for one in found.swings]
    assert sizes == sorted(sizes, reverse=True)
    assert {"btc_price", "power_price", "network"} <= {one.key for one in found.swings}
    assert all(size > 0.0 for size in sizes)


def test_what_is_not_tried_says_why():
    study = reported_study()
    plan = reported_plan(study)
    found = sensitivity(
        study,
        plan,
        [
            number("asics.new.delivery_months", 3, 2, 5, "months"),
            number("market.btc_volatility_per_year", 0.5, 0.3, 0.8, "per year"),
            number("gpus.h100.opex_frac_of_revenue", 0.1, 0.0, 0.2, "share 0-1"),
            number("sites.alpha.uptime_frac", 0.95, 0.9, 7.0, "share 0-1"),
            number("sites.alpha.gpu_duty_frac", 0.0, 0.0, 0.2, "ratio"),
            number("company.pool_fee_frac", 0.0, None, None, "share 0-1"),
        ],
    )
    why = dict(found.left_out)
    assert why.pop("asics.new.delivery_months") == "decides what is possible, and when"
    assert "not the base path" in why.pop("market.btc_volatility_per_year")
    assert why.pop("gpus.h100.opex_frac_of_revenue") == "the plan does not use it"
    assert "is not allowed" in why.pop("sites.alpha.uptime_frac")
    assert why == {}
    assert "sites.alpha.gpu_duty_frac" in found.unmoved


# -- in words ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("btc_price", "BTC price"),
        ("company.cash_usd", "Cash"),
        ("company.loan.margin_call_ltv_frac", "Loan: margin call LTV"),
        ("market.network_trend_per_year", "Network trend"),
        ("sites.alpha.power.flexible_usd_per_mwh", "Alpha, power: flexible"),
        ("sites.alpha.shells.hpc.pue", "Alpha, HPC: PUE"),
        ("asics.new.price_usd_per_th", "New: price"),
    ],
)
def test_an_input_is_named_in_words(key, words):
    assert input_name(reported_study(), key) == words


def test_the_reading_names_the_largest_swing_and_its_ends():
    study = reported_study()
    found = sensitivity(study, reported_plan(study), numbers())
    exhibit = tornado_exhibit(study, found)
    first = found.swings[0]
    assert exhibit.reading.startswith(
        f"Of {len(found.swings) + len(found.unmoved)} inputs tried one by one, "
    )
    assert input_name(study, first.key) in exhibit.reading
    assert exhibit.figure is not None
    assert len(exhibit.table.rows) == len(found.swings)


def test_without_a_swing_there_is_no_picture():
    exhibit = tornado_exhibit(reported_study(), Sensitivity(1e6, ()))
    assert exhibit.figure is None
    assert exhibit.reading == "None of 0 inputs tried moves NPV."
