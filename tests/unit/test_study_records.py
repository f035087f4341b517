# SPDX-License-Identifier: Apache-2.0
"""Records refuse what cannot be, and say what is allowed."""

from __future__ import annotations

import math

import pytest
from engine_plans import empty_plan, full_commitments
from pydantic import TypeAdapter, ValidationError
from tiny_studies import (
    alpha,
    asics,
    beta,
    company,
    gpu_offers,
    gpus,
    hosting_offers,
    market,
    tariff,
    tax_regimes,
    tiny_study,
)

from models import fields
from models.errors import DataError
from models.market_parameters import Correlation
from models.months import add_months, months_between
from models.plan import Commitment, Holding, OfferAcceptance, Plan
from models.site import PartnerContract, Shell
from models.study import Study, TimeGrid


def again(record, **changes):
    """The record made anew with some fields changed, so that its checks run."""
    return type(record).model_validate(record.model_dump() | changes)


def refused(record, match, **changes):
    with pytest.raises(ValidationError, match=match):
        again(record, **changes)


# -- fields -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("Identifier", "s21_xp", "S21 XP"),
        ("Identifier", "a" * 60, "a" * 61),
        ("MonthText", "2025-12", "2025-13"),
        ("MonthText", "2025-01", "2025-1"),
        ("MonthCount", 0, -1),
        ("MonthCount", 600, 601),
        ("Megawatts", 0.0, -20.0),
        ("Kilowatts", 11.3, -0.1),
        ("Money", 0.0, -1.0),
        ("MwhPrice", 5000.0, 5000.1),
        ("GpuHourPrice", 2.4, -2.4),
        ("Efficiency", 15.0, 0.0),
        ("Fraction", 0.15, 15.0),
        ("PerYear", 0.12, -0.01),
        ("SignedPerYear", -0.5, -1.0),
        ("Factor", 1.25, -1.25),
    ],
)
def test_a_field_takes_its_range_and_nothing_else(name, good, bad):
    adapter = TypeAdapter(getattr(fields, name))
    assert adapter.validate_python(good) == good
    with pytest.raises(ValidationError):
        adapter.validate_python(bad)


@pytest.mark.parametrize(
    "name",
    ["Megawatts", "Kilowatts", "Money", "MwhPrice", "GpuHourPrice", "Fraction"],
)
def test_a_number_says_its_unit_in_the_schema(name):
    assert TypeAdapter(getattr(fields, name)).json_schema()["unit"]


def number_fields(model, seen):
    """Yield (record, field, schema) of every number in a record and those inside."""
    schema = model.model_json_schema()
    for record in (schema, *schema.get("$defs", {}).values()):
        title = record.get("title", "")
        if title in seen:
            continue
        seen.add(title)
        for name, entry in record.get("properties", {}).items():
            for option in (entry, *entry.get("anyOf", ())):
                if option.get("type") in {"number", "integer"}:
                    yield title, name, entry, option


@pytest.mark.parametrize("model", [Study, Plan])
def test_every_number_of_a_study_and_a_plan_has_a_unit(model):
    bare = [
        f"{title}.{name}"
        for title, name, entry, option in number_fields(model, set())
        if "unit" not in entry and "unit" not in option
    ]
    # A version is a name, not an amount.
    assert [name for name in bare if not name.endswith("schema_version")] == []


def test_records_are_frozen():
    site = alpha()
    with pytest.raises(ValidationError, match="frozen"):
        site.contracted_mw = 20.0  # type: ignore[misc]


def test_records_refuse_unknown_keys():
    refused(alpha(), "extra_forbidden|not permitted", contract_mw=20.0)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_records_refuse_nan_and_infinity(value):
    refused(alpha(), "finite", contracted_mw=value)


# -- sites ------------------------------------------------------------------------


def test_a_site_finds_its_shell_by_kind():
    assert alpha().shell("hpc").pue == 1.2
    assert alpha().shell("hydro") is None


def test_a_partner_table_and_the_status_partner_go_together():
    refused(alpha(), "if and only if", status="partner")
    refused(beta(), "if and only if", status="operating")


def test_each_shell_kind_stands_once():
    air = alpha().shells[0].model_dump()
    refused(alpha(), "may stand once", shells=(air, air))


def test_capacity_reserved_is_never_under_energy_drawn():
    with pytest.raises(ValidationError, match="must be at least the pue"):
        Shell(kind="hpc", opening_mw=0.0, pue=1.3, gross_per_it_ratio=1.2)


def test_a_conversion_changes_the_kind():
    refused(alpha().conversions[0], "must differ", to_kind="air")


def test_downtime_lies_inside_the_lead_time():
    refused(alpha().conversions[0], "must not exceed", downtime_months=7)
    assert again(alpha().conversions[0], downtime_months=6).downtime_months == 6


def test_a_conversion_is_of_modules_above_zero():
    refused(alpha().conversions[0], "greater than 0", module_mw=0.0)


def test_the_avoidable_share_is_a_share():
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        PartnerContract(
            hosting_rate_usd_per_mwh=70.0,
            avoidable_frac=80.0,
            min_term_months=3,
            notice_months=3,
        )


def test_a_tariff_may_have_no_range():
    assert tariff().flexible_low_usd_per_mwh is None


# -- hardware and offers ----------------------------------------------------------


def test_efficiency_is_power_over_hashrate():
    # 3,600 W / 270 TH/s.
    assert asics()[1].efficiency_j_per_th == pytest.approx(13.3333333, rel=1e-8)


def test_a_gpu_family_has_a_rent():
    refused(gpus()[0], "greater than 0", rent_usd_per_gpu_h=0.0)


def test_a_hosting_offer_has_one_price():
    client = hosting_offers()[0]
    refused(client, "exactly one of", rent_usd_per_it_kw_month=100.0)
    refused(client, "exactly one of", rate_usd_per_mwh=0.0)


@pytest.mark.parametrize("offer", [hosting_offers()[1], gpu_offers()[0]])
def test_an_offer_s_window_is_in_order(offer):
    refused(offer, "must not be before", latest_start="2025-11")


# -- company and market -----------------------------------------------------------


def test_overhead_is_side_margin_less_general_cost():
    # 50,000 - 40,000 - 100,000.
    assert company().side_margin_usd_per_month == 10_000.0
    assert company().overhead_usd_per_month == -90_000.0


@pytest.mark.parametrize(
    "changes", [{"margin_call_ltv_frac": 0.65}, {"liquidation_ltv_frac": 0.7}]
)
def test_loan_to_value_levels_rise(changes):
    refused(company().loan, "must rise", **changes)


def test_a_correlation_names_known_factors():
    pair = Correlation(first="btc_price", second="weather", value=0.5)
    with pytest.raises(ValidationError, match="names 'weather', allowed are"):
        market(correlations=(pair,))


# -- study ------------------------------------------------------------------------


def test_a_study_finds_its_parts_by_id():
    study = tiny_study()
    assert study.site("beta").name == "Beta"
    assert study.site_index("beta") == 1
    assert study.asic("new").hashrate_th_s == 270.0
    assert study.gpu("h100").gpus_per_node == 8
    assert study.gpu_index("h100") == 0
    assert study.tax_regime(study.site("beta")) == tax_regimes()[1]


@pytest.mark.parametrize(
    ("kind", "find", "known"),
    [
        ("site", lambda study: study.site("alfa"), "alpha, beta"),
        ("site", lambda study: study.site_index("alfa"), "alpha, beta"),
        ("ASIC family", lambda study: study.asic("alfa"), "old, new"),
        ("GPU family", lambda study: study.gpu("alfa"), "h100"),
        ("GPU family", lambda study: study.gpu_index("alfa"), "h100"),
        (
            "tax regime",
            lambda study: study.tax_regime(alpha(tax_regime="alfa")),
            "us, group, oman",
        ),
    ],
)
def test_an_unknown_part_is_named_beside_those_that_there_are(kind, find, known):
    with pytest.raises(DataError) as caught:
        find(tiny_study())
    hint = " Did you mean 'alpha'?" if kind == "site" else ""
    assert str(caught.value) == (
        f"study 'tiny' has no {kind} 'alfa'; it has: {known}.{hint}"
    )


def test_a_study_knows_its_months():
    study = tiny_study()
    assert study.months[0] == "2025-12"
    assert study.months[-1] == "2027-11"
    assert len(study.months) == 24
    assert study.period_of("2026-12") == 12
    assert study.period_of("2025-10") == -2
    assert [study.period_of(month) for month in study.months] == list(range(24))


def test_a_study_survives_json():
    study = tiny_study()
    assert Study.model_validate_json(study.model_dump_json()) == study


def grid(**changes):
    terms = {
        "start_month": "2025-12",
        "months": 60,
        "monthly_months": 24,
        "order_step_months": 3,
        "holding_step_months": 3,
    }
    return TimeGrid(**(terms | changes))


def test_the_later_part_of_the_grid_is_whole_quarters():
    assert grid().months == 60
    with pytest.raises(ValidationError, match="whole quarters"):
        grid(monthly_months=25)
    with pytest.raises(ValidationError, match="must not exceed months"):
        grid(monthly_months=63)


@pytest.mark.parametrize(
    ("month", "count", "expected"),
    [
        ("2025-12", 1, "2026-01"),
        ("2026-01", -1, "2025-12"),
        ("2025-12", 24, "2027-12"),
        ("2025-03", 0, "2025-03"),
    ],
)
def test_months_are_added_over_the_turn_of_the_year(month, count, expected):
    assert add_months(month, count) == expected
    assert months_between(month, expected) == count


# -- plan -------------------------------------------------------------------------


def test_a_plan_survives_json():
    study = tiny_study()
    plan = empty_plan(study, commitments=full_commitments(study))
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


@pytest.mark.parametrize(
    "name", ["btc_sold_free", "btc_sold_pledged", "emergency_equity_usd"]
)
def test_a_plan_s_series_are_as_long_as_its_horizon_and_not_negative(name):
    plan = empty_plan(tiny_study())
    refused(plan, f"{name} has 3 months, the plan 24", **{name: (0.0,) * 3})
    refused(plan, "greater than or equal to 0", **{name: (-1.0,) + (0.0,) * 23})


def test_commitments_cover_every_month_and_name_a_site_once():
    plan = empty_plan(tiny_study())
    # One figure would otherwise be spread over all months without a word.
    short = Commitment(site="beta", mw=(12.0,)).model_dump()
    refused(plan, "commitments of beta has 1 months", commitments=(short,))
    full = Commitment(site="beta", mw=(12.0,) * 24).model_dump()
    refused(plan, "name each site once", commitments=(full, full))


def holding(**changes):
    terms = {
        "model": "old",
        "site": "alpha",
        "cohort_period": -12,
        "since": 0,
        "until": 24,
        "units": 1.0,
        "ending": "keep",
    }
    return Holding(**(terms | changes)).model_dump()


def test_machines_are_held_within_the_horizon_and_kept_only_up_to_it():
    plan = empty_plan(tiny_study())
    refused(plan, "must end by the horizon", holdings=(holding(until=25),))
    refused(plan, "kept only up to it", holdings=(holding(until=12),))
    sold = holding(until=12, ending="sell")
    assert len(again(plan, holdings=(sold, holding())).holdings) == 2


def test_spans_do_not_end_before_they_start():
    with pytest.raises(ValidationError, match="until 3 must not be before since 4"):
        holding(since=4, until=3)
    with pytest.raises(ValidationError, match="until 3 must not be before since 4"):
        OfferAcceptance(offer="rent_in", since=4, until=3)
