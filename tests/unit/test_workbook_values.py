# SPDX-License-Identifier: Apache-2.0
"""The workbook's formulas, worked out in Python, give the engine's figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from changed_studies import engine_case
from reported_runs import reported_plan, reported_study
from workbook_plans import rich_plan, rich_study

from models.business_as_usual import business_as_usual
from models.cashflow import evaluate
from models.ledger import CORPORATE_ITEMS, ITEMS
from models.market import base_paths
from models.statement_lines import LINES
from optimizer.workbook import build_model
from sites import load_bundle

if TYPE_CHECKING:
    from models.plan import Plan
    from models.study import Study
    from optimizer.workbook import Model

BATCHES = 25
CENT = 1e-4
"""Tighter than the cent asked for: rounding of sums of up to 1e9 USD."""


@pytest.fixture(scope="module")
def rich() -> tuple[Study, Plan, Model]:
    study = rich_study()
    plan = rich_plan(study)
    ledger = evaluate(study, plan, base_paths(study))
    return study, plan, build_model(study, plan, ledger)


def _gaps(model: Model, changes: dict[str, float]) -> dict[str, float]:
    """Largest monthly difference of each line from the engine, above rounding."""
    values = model.values(changes)
    npv_usd, ties = engine_case(model, changes)
    found = {
        tie.name: float(np.abs(values.months(tie.line) - tie.engine).max())
        for tie in ties
    }
    found["NPV"] = abs(values.scalar(model.outputs.npv) - npv_usd)
    return {name: gap for name, gap in found.items() if gap > CENT}


def test_every_ledger_item_has_a_line(rich: tuple[Study, Plan, Model]) -> None:
    _, _, model = rich
    results = model.outputs
    assert set(results.site_items) == {item.name for item in ITEMS}
    # Opening cash stands in the opening column of the flow to present holders.
    wanted = {item.name for item in CORPORATE_ITEMS} - {"opening_cash"}
    assert set(results.corporate_items) == wanted
    assert results.flow.has_opening


def test_every_line_of_the_statements_is_there(
    rich: tuple[Study, Plan, Model],
) -> None:
    _, _, model = rich
    assert set(model.statements.lines) == {line.name for line in LINES}


def test_the_rich_plan_has_every_flow(rich: tuple[Study, Plan, Model]) -> None:
    _, _, model = rich
    ledger = model.draft.ledger
    idle = {name for name, flow in ledger.site_items.items() if not flow.any()}
    assert idle == set()
    idle = {name for name, flow in ledger.corporate_items.items() if not flow.any()}
    # The loan falls due before the horizon, and losses pay for early write-off.
    assert idle == {"terminal_loan", "terminal_overhead_tax"}


def test_the_workbook_gives_the_engines_figures(
    rich: tuple[Study, Plan, Model],
) -> None:
    _, _, model = rich
    assert _gaps(model, {}) == {}
    assert model.values().scalar(model.checks.master) == 0.0


def test_a_loan_past_the_horizon_and_early_write_off_give_the_engines_figures() -> None:
    study = rich_study()
    late = study.company.loan.model_copy(update={"maturity_month": "2030-01"})
    terms = {"loan": late, "tax_site": "alpha", "general_admin_usd_per_month": 0.0}
    study = study.model_copy(update={"company": study.company.model_copy(update=terms)})
    plan = rich_plan(study)
    ledger = evaluate(study, plan, base_paths(study))
    assert ledger.corporate_items["terminal_loan"].any()
    assert _gaps(build_model(study, plan, ledger), {}) == {}


@pytest.mark.parametrize("name", ["base", "teaching", "treasury"])
def test_bundled_studies_as_usual_give_the_engines_figures(name: str) -> None:
    bundle = load_bundle(name)
    study = bundle.study
    plan = business_as_usual(study)
    ledger = evaluate(study, plan, base_paths(study))
    model = build_model(study, plan, ledger, bundle.provenance)
    assert _gaps(model, {}) == {}
    assert model.values().scalar(model.checks.master) == 0.0


def test_every_input_moves_the_workbook_as_it_moves_the_engine(
    rich: tuple[Study, Plan, Model],
) -> None:
    """Some at a time, spread over the sheet, so that each is changed once."""
    _, _, model = rich
    lines = model.draft.inputs.lines
    keys = [key for key, line in lines.items() if line.role == "input"]
    assert len(keys) > 150
    faults = {}
    for first in range(BATCHES):
        changes = {
            key: _nudged(key, lines[key].given or 0.0) for key in keys[first::BATCHES]
        }
        gaps = _gaps(model, changes)
        if gaps:
            faults[tuple(changes)] = gaps
    assert faults == {}


def _nudged(key: str, value: float) -> float:
    """A number near by that a study may hold: a whole step, 6 % less, or a little."""
    whole = ("_months", "_units", "_nodes", "per_node", "_height", "n_gpus")
    if key.endswith(whole):
        return value + 1.0
    if key.endswith("gross_per_it_ratio"):
        return value * 1.03
    if key.endswith("pue"):
        return 1.0 + 0.9 * (value - 1.0)
    return value * 0.94 if value else 0.01


@pytest.mark.parametrize(
    "changes",
    [
        # Calls on the loan, forced sales, liquidation, an empty till.
        {"sensitivities.btc_price": 0.62},
        {"sensitivities.btc_price": 0.45, "company.cash_usd": 1e6},
        {"sensitivities.btc_price": 0.3},
        {"market.btc_price_usd": 50_000.0},
        {"company.cash_floor_usd": 40e6},
        {"company.cash_usd": 0.0, "company.loan.principal_usd": 7.9e6},
        # Machines stand by, others run.
        {"sensitivities.power_price": 1.6},
        {"sensitivities.network": 1.7, "sensitivities.fees": 3.0},
        {
            "sensitivities.capex": 1.4,
            "sensitivities.gpu_rent": 0.6,
            "sensitivities.gpu_utilisation": 1.8,
            "company.discount_rate_per_year": 0.2,
        },
    ],
)
def test_large_changes_move_the_workbook_as_they_move_the_engine(
    rich: tuple[Study, Plan, Model], changes: dict[str, float]
) -> None:
    _, _, model = rich
    assert _gaps(model, changes) == {}


def test_a_changed_input_is_counted_and_no_check_fails_for_it() -> None:
    study = reported_study()
    plan = reported_plan(study)
    model = build_model(study, plan, evaluate(study, plan, base_paths(study)))
    values = model.values({"company.general_admin_usd_per_month": 90_000.0})
    assert values.scalar(model.checks.changed) == 1.0
    assert values.scalar(model.checks.master) == 0.0


def test_a_figure_that_is_not_the_engines_fails_a_check() -> None:
    study = reported_study()
    plan = reported_plan(study)
    ledger = evaluate(study, plan, base_paths(study))
    ledger.corporate_items["general_admin"][0, 5] += 1.0
    model = build_model(study, plan, ledger)
    # Cash no longer ties with it either: one fault may fail many checks.
    assert model.values().scalar(model.checks.master) >= 1.0
