# SPDX-License-Identifier: Apache-2.0
"""One future replayed: exact scores, lines and drivers that sum, events by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine_plans import empty_plan
from scored_plans import grown_plan, usual_plan
from tiny_studies import alpha, beta, company, market, tiny_study

from gpu.sampling.rule import DrawRule
from gpu.sampling.scenarios import draw_shocks, sampled_paths
from gpu.scoring.score import score_scenarios
from models.cashflow import evaluate
from models.errors import ConfigError
from models.market import base_paths
from models.study import TimeGrid
from optimizer.replay import MAX_ID, Standing, replay, scenario_id_of
from optimizer.replay_drivers import DRIVER_LABELS, driver_steps, replaced_paths
from optimizer.replay_lines import (
    LINE_LABELS,
    line_flows_usd,
)
from optimizer.replay_phrases import money
from optimizer.replay_tables import replay_tables
from optimizer.replay_words import by_driver, why

RTOL = 1e-12
IDS = (0, 7, 123_456_789, MAX_ID)
CALM = {
    "btc_volatility_per_year": 0.0,
    "network_volatility_per_year": 0.0,
    "network_elasticity": 0.0,
    "fee_volatility_per_year": 0.0,
    "power_volatility_per_year": 0.0,
    "gpu_rent_volatility_per_year": 0.0,
    "gpu_utilisation_volatility_per_year": 0.0,
    "capex_overrun_volatility_frac": 0.0,
    "delay_volatility_months": 0.0,
}


def bare(**changes):
    """No machines: what is left is overhead, BTC and the loan."""
    sites = (alpha(opening_fleet=()), beta(opening_fleet=()))
    return tiny_study(sites=sites, **changes)


@pytest.fixture(scope="module")
def study():
    return tiny_study()


@pytest.fixture(scope="module")
def found(study):
    return replay(
        study, grown_plan(study), scenario_id=7, rule=3, baseline=usual_plan(study)
    )


@pytest.mark.parametrize("number", IDS)
def test_the_scores_are_those_of_score_scenarios_bit_for_bit(study, number):
    plan, usual = grown_plan(study), usual_plan(study)
    rows = score_scenarios(
        study, plan, seed=3, scenario_ids=np.array([number]), baseline=usual
    )
    seen = replay(study, plan, scenario_id=number, rule=3, baseline=usual).scores
    assert list(seen) == list(rows)
    for name, column in rows.items():
        np.testing.assert_equal(seen[name], float(column[0]))


def test_the_scores_are_those_of_the_same_row_among_many(study, found):
    rows = score_scenarios(
        study,
        grown_plan(study),
        seed=3,
        scenario_ids=np.arange(20),
        baseline=usual_plan(study),
    )
    for name, column in rows.items():
        np.testing.assert_equal(found.scores[name], float(column[7]))


@pytest.mark.parametrize(
    "rule",
    [
        DrawRule(5, method="antithetic"),
        DrawRule(5, method="sobol"),
        DrawRule(5, method="importance", tilt=(-0.4,) * 24),
        DrawRule(5, swapped=("power", "site_build")),
    ],
)
def test_every_rule_of_draws_is_honoured(study, rule):
    plan = grown_plan(study)
    paths = sampled_paths(study, rule, np.array([41]))
    seen = replay(study, plan, scenario_id=41, rule=rule)
    np.testing.assert_array_equal(seen.columns["btc_price_usd"], paths.btc_price_usd[0])
    ledger = evaluate(study, plan, paths)
    assert seen.npv_usd == ledger.npv_usd(study.company.discount_rate_per_year)[0]
    assert seen.npv_usd != replay(study, plan, scenario_id=41, rule=5).npv_usd
    total = sum(step.delta_npv_usd for step in seen.drivers)
    assert total == pytest.approx(seen.npv_usd - seen.base_npv_usd, abs=1e-6)
    assert (seen.weight != 1.0) == (rule.method == "importance")


def test_lines_sum_to_npv_here_and_on_the_base_path(found):
    assert [line.line for line in found.lines] == list(LINE_LABELS)
    here = sum(line.npv_usd for line in found.lines)
    base = sum(line.base_npv_usd for line in found.lines)
    assert here == pytest.approx(found.npv_usd, rel=RTOL)
    assert base == pytest.approx(found.base_npv_usd, rel=RTOL)


def test_flows_of_lines_sum_to_those_of_the_company(study):
    ledger = evaluate(study, grown_plan(study), sampled_paths(study, 3, np.array([7])))
    both, left, monthly = (
        line_flows_usd(ledger, only_terminal=part) for part in (None, True, False)
    )
    np.testing.assert_allclose(
        sum(both.values()), ledger.company_flow_usd()[0], rtol=RTOL, atol=1e-6
    )
    for line, flow in both.items():
        np.testing.assert_allclose(flow, left[line] + monthly[line], atol=1e-6)
    last = sum(flow[-1] for flow in left.values())
    assert last == pytest.approx(ledger.terminal_usd()[0], rel=RTOL)
    # Opening cash stands before the first month, in the treasury.
    assert monthly["treasury"][0] == study.company.cash_usd


@pytest.mark.parametrize("number", IDS)
def test_drivers_sum_to_the_difference_of_npv_and_by_line(study, number):
    seen = replay(study, grown_plan(study), scenario_id=number)
    assert [step.driver for step in seen.drivers] == list(DRIVER_LABELS)
    total = sum(step.delta_npv_usd for step in seen.drivers)
    assert total == pytest.approx(seen.npv_usd - seen.base_npv_usd, abs=1e-6)
    for line in seen.lines:
        by_line = sum(step.by_line_usd[line.line] for step in seen.drivers)
        assert by_line == pytest.approx(line.delta_npv_usd, abs=1e-6)


def test_the_first_step_changes_the_price_and_the_last_is_the_base_path(study):
    shocks = draw_shocks(study, 3, np.array([7]))
    paths, base = sampled_paths(study, 3, np.array([7])), base_paths(study)
    steps = dict(replaced_paths(study, paths, shocks))
    first = steps["btc_price"]
    np.testing.assert_array_equal(first.btc_price_usd, base.btc_price_usd)
    np.testing.assert_array_equal(first.network_eh_s, paths.network_eh_s)
    np.testing.assert_array_equal(first.btc_per_eh_s, paths.btc_per_eh_s)
    # The hash price is what 1 PH/s mines in a day at the base price.
    np.testing.assert_allclose(
        first.hashprice_usd_per_ph_day / paths.hashprice_usd_per_ph_day,
        base.btc_price_usd / paths.btc_price_usd,
        rtol=RTOL,
    )
    assert (steps["network"].network_eh_s != base.network_eh_s).any()
    np.testing.assert_array_equal(steps["fees"].network_eh_s, base.network_eh_s)
    assert (steps["fees"].power_multiplier != 1.0).any()
    last = steps["within_month"]
    for name in base.__slots__:
        np.testing.assert_array_equal(getattr(last, name), getattr(base, name))


@pytest.mark.parametrize(
    ("restless", "drivers"),
    [
        ({"network_volatility_per_year": 0.3}, {"network"}),
        ({"fee_volatility_per_year": 1.0}, {"fees"}),
        ({"power_volatility_per_year": 0.3}, {"power"}),
        ({"gpu_rent_volatility_per_year": 0.3}, {"gpu"}),
        ({"capex_overrun_volatility_frac": 0.2}, {"builds"}),
        ({"btc_volatility_per_year": 0.5}, {"btc_price"}),
        (
            {"btc_volatility_per_year": 0.5, "network_elasticity": 0.6},
            {"btc_price", "network_answer"},
        ),
    ],
)
def test_what_alone_is_restless_alone_moves_npv(restless, drivers):
    study = tiny_study(market=market(**(CALM | restless)))
    plan = grown_plan(study)
    ids = (3, 4)
    moved = set()
    for number in ids:
        steps = replay(study, plan, scenario_id=number).drivers
        moved |= {step.driver for step in steps if abs(step.delta_npv_usd) > 1e-3}
    assert moved == drivers


def test_lows_within_months_move_npv_where_the_base_price_is_near_a_call():
    # 7.7 M on 100 BTC at 100,000 is called at 98,718: nearly every low calls.
    owed = company().loan.model_copy(update={"principal_usd": 7.7e6})
    study = bare(
        company=company(cash_usd=1e6, loan=owed),
        market=market(**(CALM | {"btc_volatility_per_year": 0.3})),
    )
    steps = replay(study, empty_plan(study), scenario_id=3).drivers
    assert steps[-1].driver == "within_month"
    assert abs(steps[-1].by_line_usd["treasury"]) > 1e5
    assert abs(steps[-1].by_line_usd["financing"]) > 1e4


def test_the_price_step_of_held_btc_is_worked_by_hand():
    # Twenty BTC and no loan, held to the horizon: 20 x 0.998 x (P - P base) x
    # 1.12^(-2), and the base price is 100,000. Overhead and cash are the same.
    owner = company(
        btc_pledged=0.0,
        loan=company().loan.model_copy(update={"principal_usd": 0.0}),
    )
    study = bare(company=owner)
    seen = replay(study, empty_plan(study), scenario_id=11)
    last = seen.columns["btc_price_usd"][-1]
    expected = 20.0 * 0.998 * (last - 100_000.0) / 1.12**2
    [price] = [step for step in seen.drivers if step.driver == "btc_price"]
    assert price.delta_npv_usd == pytest.approx(expected, rel=1e-9)
    assert price.by_line_usd["treasury"] == pytest.approx(expected, rel=1e-9)
    others = [abs(step.delta_npv_usd) for step in seen.drivers if step is not price]
    assert max(others) < 1e-6
    assert any("BTC treasury" in sentence for sentence in seen.why)
    assert not any("margin call" in sentence for sentence in seen.why)


def test_without_volatility_every_future_is_the_base_path():
    study = tiny_study(market=market(**CALM))
    plan = grown_plan(study)
    seen = replay(study, plan, scenario_id=99)
    assert seen.npv_usd == seen.base_npv_usd
    assert seen.scores == pytest.approx(seen.base_scores, nan_ok=True)
    assert all(step.delta_npv_usd == 0.0 for step in seen.drivers)
    assert seen.why[0].endswith("as on the base path.")


def test_columns_tie_to_the_scores(study, found):
    columns, scores = found.columns, found.scores
    assert columns["cash_usd"].min() == scores["min_cash_usd"]
    assert columns["mined_btc"].sum() == pytest.approx(scores["mined_btc"], rel=RTOL)
    last = columns["free_btc"][-1] + columns["pledged_btc"][-1]
    assert last == scores["final_btc"]
    assert columns["low_ltv_frac"].max() == scores["peak_ltv_frac"]
    assert columns["forced_sale_usd"].sum() == scores["forced_sale_usd"]
    assert columns["call_sold_btc"].sum() == scores["called_btc_sold"]
    assert all(len(column) == study.time.months for column in columns.values())


def test_the_words_name_the_line_that_moved_most_and_its_driver(found):
    sign = 1.0 if found.npv_usd > found.base_npv_usd else -1.0
    lines = [line for line in found.lines if line.line != "tax"]
    most = max(lines, key=lambda line: sign * line.delta_npv_usd)
    assert found.why[1].startswith(f"{most.label} {'gained' if sign > 0 else 'lost'}")
    assert "weighed most in it" in found.why[1]
    assert "over business as usual in the same future" in found.why[0]


def test_the_words_say_where_npv_stands_among_the_scores(study, found):
    plan = grown_plan(study)
    ranked = replace(found, standing=Standing(20_000, 5e6, 0.125, ("P10", "P25")))
    assert "lower in 12.5% of the 20,000 scenarios" in why(study, plan, ranked)[0]
    for between, text in (
        (("P10", "P25"), "between their P10 and P25"),
        (("", "P01"), "under their P01"),
        (("P99", ""), "over their P99"),
    ):
        unranked = replace(found, standing=Standing(20_000, 5e6, None, between))
        assert text in why(study, plan, unranked)[0]


def test_long_studies_are_shown_by_quarter_and_short_ones_by_month(found):
    tables = {table.title: table for table in replay_tables(found)}
    bitcoin = tables["Bitcoin; base: the base path"]
    assert bitcoin.headings[0] == "month"
    assert len(bitcoin.rows) == 24
    grid = TimeGrid(
        start_month="2025-12",
        months=42,
        monthly_months=24,
        order_step_months=3,
        holding_step_months=3,
    )
    study = tiny_study(time=grid)
    seen = replay(study, usual_plan(study), scenario_id=7)
    bitcoin = replay_tables(seen)[0]
    assert bitcoin.headings[0] == "quarter"
    # December 2025, thirteen quarters from January 2026, two months: 1 + 39 + 2.
    assert [row[0] for row in bitcoin.rows[:2]] == ["2025Q4", "2026Q1"]
    assert len(bitcoin.rows) == 15
    price = seen.columns["btc_price_usd"]
    assert bitcoin.rows[1][1] == round(float(price[1:4].mean()))
    assert bitcoin.rows[1][3] == round(float(seen.columns["btc_low_usd"][1:4].min()))


def test_tables_by_line_and_driver_end_with_the_same_difference(found):
    by_line, by_driver = replay_tables(found)[-2:]
    difference = (found.npv_usd - found.base_npv_usd) / 1e6
    assert by_line.rows[-1][0] == "NPV"
    assert by_line.rows[-1][3] == pytest.approx(difference, abs=0.05)
    assert by_driver.rows[-1][:2] == ("in all", by_line.rows[-1][3])


def test_numbers_of_tables_are_rounded_once(found):
    lines = (
        replace(found.lines[0], npv_usd=-22_449_900.0),
        replace(found.lines[1], npv_usd=-1.0),
    )
    by_line = replay_tables(replace(found, lines=lines))[-2]
    # -22.4499 is -22.4, not -22.45 and then -22.5; a dollar is no minus zero.
    assert [str(row[1]) for row in by_line.rows[:2]] == ["-22.4", "0.0"]


def test_the_price_and_the_networks_answer_are_one_driver_in_words():
    parts = dict.fromkeys(DRIVER_LABELS, 1.0) | {"network_answer": 5.0}
    joined = by_driver(parts)
    assert joined["btc_price"] == 6.0
    assert "network_answer" not in joined
    assert sum(joined.values()) == sum(parts.values())


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (-152_075_324.0, "-152 USD m"),
        (68_194_000.0, "68.2 USD m"),
        (2_553_838.0, "2.55 USD m"),
        (8_400.0, "8,400 USD"),
        (-0.2, "0 USD"),
    ],
)
def test_amounts_are_said_in_millions_and_small_ones_in_dollars(usd, text):
    assert money(usd) == text
    assert money(abs(usd), signed=True).startswith("+")


@pytest.mark.parametrize(
    "text",
    ["-1", "1.5", "", "one", "9223372036854775808", f"{'0' * 9}{MAX_ID + 1}", "٣"],
)
def test_what_is_no_scenario_number_is_refused(text):
    with pytest.raises(ConfigError, match="whole number from 0 to 9,223,372"):
        scenario_id_of(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("123,456,789", 123_456_789),
        ("1_000", 1000),
        (f"{0:025d}7", 7),
        (str(MAX_ID), MAX_ID),
    ],
)
def test_a_scenario_number_may_group_its_digits(text, number):
    assert scenario_id_of(text) == number


def test_swapped_draws_halve_the_range_of_numbers():
    rule = DrawRule(1, swapped=("fees",))
    assert scenario_id_of(str(2**62 - 1), rule=rule) == 2**62 - 1
    with pytest.raises(ConfigError, match="whole number"):
        scenario_id_of(str(2**62), rule=rule)


def test_the_steps_stand_alone(study):
    ids = np.array([7])
    shocks = draw_shocks(study, 3, ids)
    paths = sampled_paths(study, 3, ids)
    steps = driver_steps(study, grown_plan(study), paths, shocks)
    assert steps == driver_steps(study, grown_plan(study), paths, shocks)
