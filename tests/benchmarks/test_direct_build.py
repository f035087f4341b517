# SPDX-License-Identifier: Apache-2.0
"""The yardstick of `bench_milp` is the same program as the model it is held against."""

from __future__ import annotations

import pytest
from direct_build import direct_program
from lp_treasury import MACHINE_LOAN, PLANT_LOAN
from tiny_studies import alpha, beta, company, gamma, market, taxed_hard, tiny_study

from models.study import Study, TimeGrid
from optimizer.milp.compile import compile_model
from optimizer.milp.model import build_model
from optimizer.milp.options import ModelOptions
from optimizer.milp.solve import relaxation, solve
from sites import load_study


def three_sites() -> Study:
    return tiny_study(
        sites=(alpha(), beta(), gamma()), market=market(resale_depth_eh_s_per_month=0.1)
    )


def with_loan_due() -> Study:
    loan = company().loan.model_copy(update={"maturity_month": "2026-05"})
    return tiny_study(
        company=company(loan=loan, cash_usd=2e6, tax_site="alpha"),
        time=TimeGrid(
            start_month="2025-12",
            months=20,
            monthly_months=14,
            order_step_months=2,
            holding_step_months=3,
        ),
    )


def lent() -> Study:
    loan = company().loan.model_copy(update={"draw_limit_usd": 9e6})
    owner = company(loan=loan, debt_facilities=(PLANT_LOAN, MACHINE_LOAN), cash_usd=2e6)
    return tiny_study(company=owner)


@pytest.mark.parametrize(
    "study",
    [
        tiny_study(),
        three_sites(),
        with_loan_due(),
        lent(),
        tiny_study(tax_regimes=taxed_hard()),
        load_study("teaching"),
    ],
    ids=["two sites", "three sites", "loan due", "lent", "every tax", "teaching"],
)
def test_direct_build_has_the_same_optimum(study: Study) -> None:
    direct = direct_program(study)
    compiled = compile_model(build_model(study, ModelOptions()).pyomo)
    assert direct.is_integer.sum() == compiled.is_integer.sum()
    assert relaxation(direct).objective_usd_m == pytest.approx(
        relaxation(compiled).objective_usd_m, rel=1e-9
    )
    limits = {"gap_frac": 1e-6, "time_limit_s": 30.0}
    assert solve(direct, **limits).objective_usd_m == pytest.approx(
        solve(compiled, **limits).objective_usd_m, rel=2e-6
    )
