# SPDX-License-Identifier: Apache-2.0
"""Two ways, one number, under every tax rule; and gains that nobody made up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tiny_studies import (
    alpha,
    beta,
    company,
    gamma,
    gpus,
    market,
    tax_regimes,
    taxed_hard,
    tiny_study,
)

from models.tax_regime import DepreciationRule, TaxHoliday
from optimizer import plan
from optimizer.milp.compile import compile_model
from optimizer.milp.model import build_model
from optimizer.milp.options import ModelOptions
from optimizer.milp.solve import solve

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.planning import PlanResult

SLOW_START = market(btc_price_usd=60_000.0, btc_log_drift_per_year=0.8)
LIMITS = {"gap_frac": 1e-6, "time_limit_s": 60.0}


def checked(study: Study, gap_frac: float = 1e-4) -> PlanResult:
    result = plan(study, options=ModelOptions(), gap_frac=gap_frac)
    assert [check for check in result.checks if not check.passed] == []
    assert "model objective = engine NPV" in {check.name for check in result.checks}
    return result


def taxed(**changes: object) -> tuple[object, ...]:
    terms = {"rate_frac": 0.35, "loss_use_cap_frac": 1.0}
    return tuple(r.model_copy(update=terms | changes) for r in tax_regimes())


def holiday(first: str, last: str, exempt_frac: float = 1.0) -> TaxHoliday:
    return TaxHoliday(first_month=first, last_month=last, exempt_frac=exempt_frac)


def values_of(study: Study, *, with_signs: bool = True) -> tuple[dict, float]:
    """Values by variable and index, and the objective."""
    compiled = compile_model(build_model(study, ModelOptions()).pyomo)
    names = [column.parent_component().local_name for column in compiled.columns]
    if not with_signs:
        free = np.array([name == "earns_profit" for name in names])
        compiled = replace(compiled, is_integer=compiled.is_integer & ~free)
    found = solve(compiled, **LIMITS)
    values: dict[str, dict] = {}
    for column, name, value in zip(compiled.columns, names, found.values, strict=True):
        values.setdefault(name, {})[column.index()] = float(value)
    return values, found.objective_usd_m


def both_usd_m(values: dict) -> float:
    """The most by which a month has a gain and a loss at once."""
    return max(
        min(gain, values["loss_usd_m"].get(key, 0.0))
        for key, gain in values["gain_usd_m"].items()
    )


def test_every_tax_rule_at_once() -> None:
    study = tiny_study(
        tax_regimes=taxed_hard(),
        sites=(alpha(asic_vat_frac=0.05), beta(), gamma(gpu_vat_frac=0.1)),
        market=market(btc_price_usd=150_000.0),
    )
    items = checked(study).ledger.site_items
    assert {"withholding_tax", "terminal_tax"} <= set(items)
    assert items["withholding_tax"].sum() < -1e3


def test_gpus_and_plant_written_off_early() -> None:
    rule = DepreciationRule(method="bonus", bonus_frac=0.7, macrs_years=3)
    taxes = taxed(
        asic_depreciation=rule, gpu_depreciation=rule, plant_depreciation=rule
    )
    node = gpus()[0].model_copy(
        update={"rent_usd_per_gpu_h": 6.0, "lot_nodes": 4, "delivery_months": 2}
    )
    hall = alpha().shells[1].model_copy(update={"opening_mw": 2.0})
    site = alpha(shells=(alpha().shells[0], hall))
    study = tiny_study(tax_regimes=taxes, sites=(site, beta()), gpus=(node,))
    result = checked(study, gap_frac=0.01)
    assert any(order.model == "h100" for order in result.plan.orders)


@pytest.mark.parametrize("tax_site", ["alpha", "beta"])
@pytest.mark.parametrize("life", [1, 4])
def test_losses_that_expire(life: int, tax_site: str) -> None:
    checked(
        tiny_study(
            tax_regimes=taxed(loss_life_months=life),
            market=SLOW_START,
            company=company(tax_site=tax_site),
        )
    )


@pytest.mark.parametrize("exempt_frac", [0.5, 1.0])
def test_holidays_in_the_middle_of_losses(exempt_frac: float) -> None:
    spans = (
        holiday("2026-03", "2026-08", exempt_frac),
        holiday("2027-01", "2027-06", 1.0),
    )
    checked(
        tiny_study(
            tax_regimes=taxed(holidays=spans, withholding_frac=0.1), market=SLOW_START
        )
    )


def test_a_full_holiday_makes_no_losses_for_later() -> None:
    # A gain costs nothing in a full holiday: were a loss beside it worth anything
    # later, the model would make both up without end.
    study = tiny_study(
        tax_regimes=taxed(holidays=(holiday("2025-12", "2026-11"),)),
        market=market(btc_price_usd=140_000.0),
        company=company(discount_rate_per_year=0.0),
    )
    values, objective = values_of(study)
    left = [v for (_, t), v in values["loss_left_usd_m"].items() if t == 11]
    assert max(left) == pytest.approx(0.0, abs=1e-7)
    assert objective * 1e6 == pytest.approx(checked(study).npv_usd, rel=1e-5)


def poor() -> Study:
    """Losses of the first months would expire long before there is a profit."""
    return tiny_study(
        tax_regimes=taxed(loss_life_months=1),
        market=market(btc_price_usd=70_000.0, btc_log_drift_per_year=0.5),
        hosting_offers=(),
        gpu_offers=(),
        gpus=(),
    )


def test_without_signs_expiring_losses_would_be_made_young_again() -> None:
    values, objective = values_of(poor())
    assert both_usd_m(values) < 1e-6
    cheating, more = values_of(poor(), with_signs=False)
    assert both_usd_m(cheating) > 0.1
    assert more > objective + 0.1


def test_bounds_of_profit_and_loss_never_bind() -> None:
    compiled = compile_model(build_model(poor(), ModelOptions()).pyomo)
    found = solve(compiled, **LIMITS).values
    names = [column.parent_component().local_name for column in compiled.columns]
    matrix = compiled.matrix.tocsr()
    seen = 0
    for row, constraint in enumerate(compiled.rows):
        if constraint.parent_component().local_name in {
            "gain_if_earned",
            "loss_if_not_earned",
        }:
            columns = matrix[[row]].indices
            parts = dict(zip((names[j] for j in columns), columns, strict=True))
            most = abs(float(matrix[row, parts.pop("earns_profit")]))
            (amount,) = parts.values()
            assert found[amount] < 0.9 * most
            seen += 1
    assert seen == 2 * 2 * 24
