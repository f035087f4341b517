# SPDX-License-Identifier: Apache-2.0
"""Figures of the report: what they read, and that their data is the engine's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from engine_plans import empty_plan, flat_paths
from reported_runs import reported_data
from tiny_studies import alpha, beta, company, tariff, tiny_study

from models.capacity import LINES, usage
from models.ledger import CORPORATE_ITEMS, ITEMS
from models.tax_regime import TaxRegime
from optimizer.planning import baseline, evaluate_plan
from optimizer.report.blocks import blocks_at, margin_usd_per_mwh
from optimizer.report.bridge import GROUPS, npv_bridge
from optimizer.report.figures.breakeven import site_margins
from optimizer.report.figures.capacity import capacity_exhibit, capacity_reading
from optimizer.report.figures.gantt import gantt_exhibit
from optimizer.report.figures.partner import partner_exhibit
from optimizer.report.figures.returns import scored_projects
from optimizer.report.figures.treasury import treasury_exhibit
from optimizer.report.figures.waterfall import waterfall_exhibit
from optimizer.report.kpis import key_figures
from optimizer.report.ledger import ledger_exhibit
from optimizer.report.schedule import schedule

if TYPE_CHECKING:
    from optimizer.report import ReportData


@pytest.fixture(scope="module")
def data() -> ReportData:
    return reported_data()


def test_every_ledger_item_stands_in_exactly_one_step_of_the_bridge() -> None:
    grouped = [item for items in GROUPS.values() for item in items]
    known = [item.name for item in (*ITEMS, *CORPORATE_ITEMS)]
    assert sorted(grouped) == sorted(known)


def test_the_bridge_sums_to_the_difference_of_the_values(data: ReportData) -> None:
    steps = npv_bridge(data.study, data.plan, data.baseline)
    scale = sum(abs(step.plan_usd) + abs(step.baseline_usd) for step in steps)
    gain = data.plan.npv_usd - data.baseline.npv_usd
    assert sum(s.change_usd for s in steps) == pytest.approx(gain, abs=1e-12 * scale)
    assert sum(s.plan_usd for s in steps) == pytest.approx(
        data.plan.npv_usd, abs=1e-12 * scale
    )


def test_the_waterfall_ends_where_the_plan_stands(data: ReportData) -> None:
    exhibit = waterfall_exhibit(data.study, data.plan, data.baseline)
    (bars,) = exhibit.figure.data
    tops = np.array(bars.base) + np.array(bars.x)
    # Each bar starts where the one before it ended; the last stands on zero.
    assert bars.base[0] == 0.0
    assert bars.base[1:-1] == pytest.approx(tops[:-2])
    assert tops[-2] == pytest.approx(data.plan.npv_usd / 1e6)
    assert bars.x[-1] == pytest.approx(data.plan.npv_usd / 1e6)


def test_capacity_reading_says_what_moves_where_and_by_when() -> None:
    # Alpha has 2,000 old machines: 2000 x 3 kW x gross ratio 1.05 = 6.3 MW. They are
    # sold in period 3, when a client of 4 MW comes in: 2.3 MW are left.
    (fleet,) = alpha().opening_fleet
    fleet = fleet.model_copy(update={"units": 2000.0})
    study = tiny_study(sites=(alpha(opening_fleet=(fleet,)), beta()))
    usual = baseline(study)
    held = usual.plan.holdings[0]
    client = study.hosting_offers[0].model_copy(
        update={"mw": 4.0, "is_committed": False, "is_evergreen": False}
    )
    study = study.model_copy(update={"hosting_offers": (client,)})
    plan = usual.plan.model_copy(
        update={
            "holdings": (
                held.model_copy(update={"until": 3, "ending": "sell"}),
                *usual.plan.holdings[1:],
            ),
            "offers": (
                usual.plan.offers[0].model_copy(update={"since": 3, "until": 24}),
            ),
        }
    )
    before = usual.plan.model_copy(update={"offers": ()})
    words = capacity_reading(
        study, evaluate_plan(study, plan), evaluate_plan(study, before)
    )
    assert words == (
        "Alpha moves 4 MW from self-mining to hosting by March 2026 and leaves 2.3 MW "
        "unused. Beta keeps 12 MW of self-mining."
    )


def test_capacity_figure_draws_the_megawatts_of_the_engine(data: ReportData) -> None:
    exhibit = capacity_exhibit(data.study, data.plan, data.baseline)
    used = usage(data.study, data.plan.plan).by_line_mw
    areas = [trace for trace in exhibit.figure.data if trace.stackgroup]
    assert len(areas) == len(LINES) * 2  # gamma is never energised: no panel
    for index, trace in enumerate(areas):
        site, line = divmod(index, len(LINES))
        assert trace.y == pytest.approx(used[site, line])
    assert len(exhibit.table.rows) == 3 * data.study.time.months
    assert "Gamma stays unbuilt." in exhibit.reading


def test_the_schedule_dates_work_live_and_end(data: ReportData) -> None:
    events = {event.what: event for event in schedule(data.study, data.plan.plan)}
    # alpha_hall: lead time 6, downtime 3, one module of 1.35 MW at 3 M USD per MW.
    hall = events["Convert air to HPC, 1.35 MW"]
    assert (hall.start, hall.live, hall.downtime_months) == (1, 7, 3)
    assert hall.capex_usd == pytest.approx(1.35 * 3e6)
    # 2 lots of 100 at 270 TH/s x 9 USD/TH x 0.8^(3 / 12) with 10 % duty.
    order = events["Order New"]
    assert (order.start, order.live, order.end) == (3, 6, 24)
    assert order.quantity == 200
    assert order.capex_usd == pytest.approx(200 * 270 * 9 * 0.8**0.25 * 1.1)
    assert events["HPC tenant at Alpha"].end == 127
    assert "Run, then sell Old" in events


def test_gantt_bars_begin_and_end_on_calendar_days(data: ReportData) -> None:
    figure = gantt_exhibit(data.study, data.plan).figure
    lead = next(trace for trace in figure.data if trace.name == "Lead time")
    row = lead.y.index("Alpha: Power alpha p1, 5 MW")
    assert lead.base[row] == "2025-12-01"
    # December 2025 to the end of May 2026: 31 + 31 + 28 + 31 + 30 + 31 days.
    assert lead.x[row] == 182 * 86_400_000


def test_treasury_figure_shows_opening_and_every_month_end(data: ReportData) -> None:
    exhibit = treasury_exhibit(data.study, data.plan, data.baseline)
    plan = next(t for t in exhibit.figure.data if t.name == "Plan")
    assert plan.x[0] == "2025-12-01"
    assert plan.x[-1] == "2027-12-01"
    assert plan.y == pytest.approx(data.plan.ledger.treasury.cash_usd[0] / 1e6)
    assert len(exhibit.table.rows) == data.study.time.months + 1


def test_ledger_years_and_months_sum_to_the_flows_of_the_engine(
    data: ReportData,
) -> None:
    exhibit = ledger_exhibit(data.study, data.plan)
    total = data.plan.ledger.company_flow_usd()[0]
    last = exhibit.table.rows[-1]
    # December 2025 stands alone in its year, together with the opening.
    assert last[2] == pytest.approx(total[0] + total[1])
    assert last[3] == pytest.approx(total[2:14].sum())
    assert last[-1] == pytest.approx(total.sum())
    months = exhibit.folds[1].tables[0].rows[-1]
    assert months[2:-1] == pytest.approx(total[2:14])
    items = exhibit.folds[-1].tables[0].rows
    assert sum(row[-1] for row in items) == pytest.approx(total.sum())


def test_partner_extremes_bracket_the_assumed_contract(data: ReportData) -> None:
    exhibit = partner_exhibit(data)
    assert exhibit is not None
    worth = {row[0]: row[2] for row in exhibit.table.rows}
    assert worth["as assumed (80% avoidable)"] == pytest.approx(data.plan.npv_usd)
    assert worth["fully take-or-pay"] <= worth["as assumed (80% avoidable)"]
    assert worth["fully avoidable"] >= worth["as assumed (80% avoidable)"]
    alone = replace(data, study=tiny_study(sites=(alpha(),)))
    assert partner_exhibit(alone) is None


def test_only_sites_that_invest_have_a_project_irr(data: ReportData) -> None:
    names = [p.name for p in scored_projects(data.study, data.plan, data.scores)]
    assert names == ["Alpha project", "Whole plan over business as usual"]


def test_depreciation_comes_on_top_of_cash_cost(data: ReportData) -> None:
    figures = key_figures(data, data.plan)
    # Opening machines: 5 M USD over 24 months; one in five leaves after three of them,
    # two in five after six, so 3 + 3 x 0.8 + 18 x 0.4 = 12.6 months are written off.
    # Ordered: 200 machines over 36 months from period 6, so 18 of them.
    opening = 5e6 * 12.6 / 24
    ordered = 200 * 270 * 9 * 0.8**0.25 * 1.1 * 18 / 36
    extra = figures.full_cost_usd_per_btc - figures.cash_cost_usd_per_btc
    assert extra == pytest.approx((opening + ordered) / figures.mined_btc)


def test_margin_of_a_client_is_its_rate_less_energy_and_operation() -> None:
    # No tax, no demand charge, hurdle 0, standing space: the client pays 75 USD/MWh on
    # max(0.95, 0.8) of full load = 71.25; energy is 0.95 x 50 = 47.5; operation 5 % of
    # 71.25 = 3.5625. Margin 71.25 - 47.5 - 3.5625 = 20.1875 USD/MWh of facility power.
    place = alpha(
        hurdle_rate_per_year=0.0,
        power=tariff(demand_charge_usd_per_mw_month=0.0),
        opening_fleet=(),
    )
    untaxed = TaxRegime(
        id="us",
        name="us",
        rate_frac=0.0,
        loss_use_cap_frac=1.0,
        asic_life_months=36,
        gpu_life_months=60,
        plant_life_months=180,
    )
    study = tiny_study(
        sites=(place,),
        tax_regimes=(untaxed,),
        company=company(tax_site="alpha"),
        gpu_offers=(),
    )
    client = study.hosting_offers[0].model_copy(
        update={"is_committed": False, "is_evergreen": False}
    )
    study = study.model_copy(update={"hosting_offers": (client,)})
    (block,) = [b for b in blocks_at(study, place) if b.line == "hosting"]
    assert (block.live, block.until, block.mw) == (0, 6, 2.0)
    margin = margin_usd_per_mwh(study, block, flat_paths(study))
    assert margin == pytest.approx([20.1875])


def test_new_machines_earn_more_with_btc_and_less_with_dear_power(
    data: ReportData,
) -> None:
    found = 0
    for one in site_margins(data.study):
        for block, margin in zip(one.blocks, one.margin, strict=True):
            if block.label.startswith("new "):
                found += 1
                assert (np.diff(margin, axis=1) >= -1e-9).all()
                assert (np.diff(margin, axis=0) <= 1e-9).all()
    assert found == 3


def test_a_plan_that_does_nothing_still_has_every_figure() -> None:
    study = tiny_study()
    idle = evaluate_plan(study, empty_plan(study))
    assert "Nothing is built" in gantt_exhibit(study, idle).reading
    assert "ends empty" not in capacity_reading(study, idle, idle)
    assert waterfall_exhibit(study, idle, idle).reading.startswith("The plan gains")
