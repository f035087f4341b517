# SPDX-License-Identifier: Apache-2.0
"""Scheduled debt worked by hand: instalments, interest, cover and what is financed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine_plans import empty_plan
from lp_treasury import MACHINE_LOAN, PLANT_LOAN
from pydantic import ValidationError
from tiny_studies import company, tiny_study

from models.cashflow import evaluate
from models.debt import DebtFacility, debt_path, instalments_usd
from models.debt_limits import dscr_test_months, financed_cost_usd, service_cover
from models.market import base_paths
from models.plan import DebtDraw, Order

RTOL = 1e-12


def draw(period: int, amount_usd: float, facility: str = "hall") -> DebtDraw:
    return DebtDraw(facility=facility, period=period, amount_usd=amount_usd)


def test_a_draw_is_repaid_in_equal_parts_after_its_grace() -> None:
    # 4 instalments after a grace of 2: 1 M in month 1 is repaid in months 4 to 7.
    drawn = np.zeros(10)
    drawn[1] = 1e6
    assert instalments_usd(PLANT_LOAN, drawn).tolist() == [0.0] * 4 + [
        250e3,
        250e3,
        250e3,
        250e3,
        0.0,
        0.0,
    ]


def test_instalments_past_the_horizon_are_left_in_the_balance() -> None:
    path = debt_path((PLANT_LOAN,), (draw(1, 1e6),), 6)
    # Two of four instalments fall within six months.
    assert path.balance_usd[0].tolist() == [0.0, 0.0, 1e6, 1e6, 1e6, 750e3, 500e3]


def test_interest_is_on_the_balance_at_the_start_of_a_month() -> None:
    path = debt_path((PLANT_LOAN,), (draw(0, 1e6), draw(1, 1e6)), 4)
    # 9 % / 12 = 0.75 %: nothing in the month of the first draw, then 7,500, 15,000.
    assert path.interest_usd[0] == pytest.approx([0.0, 7_500.0, 15_000.0, 15_000.0])
    assert path.fees_usd[0].tolist() == [10_000.0, 10_000.0, 0.0, 0.0]


def test_draws_on_two_facilities_do_not_mix() -> None:
    path = debt_path(
        (PLANT_LOAN, MACHINE_LOAN), (draw(0, 1e6), draw(2, 5e5, "rigs")), 4
    )
    assert path.drawn_usd.tolist() == [[1e6, 0.0, 0.0, 0.0], [0.0, 0.0, 5e5, 0.0]]
    assert path.service_usd[1].tolist() == [
        0.0,
        0.0,
        0.0,
        pytest.approx(5e5 / 6 + 5e5 * 0.1 / 12),
    ]


def test_a_draw_on_an_unknown_facility_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown debt facility 'rigs'"):
        debt_path((PLANT_LOAN,), (draw(0, 1.0, "rigs"),), 4)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"site": None}, "project debt names its site"),
        ({"kind": "machine"}, "machine and GPU loans name none"),
        ({"kind": "gpu", "site": None}, "covenant of project debt"),
        ({"advance_frac": 1.01}, "less than or equal to 1"),
        ({"term_months": 0}, "greater than or equal to 1"),
        ({"min_dscr": 0.5}, "greater than or equal to 1"),
    ],
)
def test_terms_that_make_no_sense_are_refused(
    changes: dict[str, object], says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        DebtFacility(**(PLANT_LOAN.model_dump() | changes))


def test_cover_is_tested_each_quarter_from_the_first_year_on() -> None:
    assert list(dscr_test_months(24)) == [11, 14, 17, 20, 23]
    assert list(dscr_test_months(11)) == []


def lent_study() -> object:
    owner = company(
        debt_facilities=(PLANT_LOAN, MACHINE_LOAN),
        tax_site="beta",
        loan=company().loan.model_copy(update={"principal_usd": 0.0}),
    )
    return tiny_study(company=owner)


def test_debt_flows_reach_the_ledger_cash_tax_and_the_horizon() -> None:
    study = lent_study()
    paths = base_paths(study)
    bare = evaluate(study, empty_plan(study), paths)
    plan = empty_plan(study, debt_draws=(draw(3, 1e6),))
    lent = evaluate(study, plan, paths)
    items = lent.corporate_items
    assert items["debt_drawn"][0, 4] == 1e6
    assert items["debt_fees"][0, 4] == -10_000.0
    # Interest on 1 M from month 4; the first instalment falls in month 6.
    assert items["debt_interest"][0, 5] == pytest.approx(-7_500.0, rel=RTOL)
    assert items["debt_repayment"][0, 6] == 0.0
    assert items["debt_repayment"][0, 7] == -250e3
    assert not items["terminal_debt"].any()
    # Cash differs by the flows and by the tax they save.
    flows = (
        sum(items[name] for name in ("debt_drawn", "debt_fees", "debt_interest"))
        + items["debt_repayment"]
    )
    saved = items["overhead_tax"] - bare.corporate_items["overhead_tax"]
    more = lent.treasury.cash_usd - bare.treasury.cash_usd
    assert more[0] == pytest.approx(np.cumsum(flows + saved, axis=1)[0], abs=1e-6)


def test_machine_loans_finance_purchases_and_project_debt_its_site() -> None:
    study = lent_study()
    asic = study.asics[1]
    order = Order(model=asic.id, site="alpha", period=2, lots=1)
    ledger = evaluate(study, empty_plan(study, orders=(order,)), base_paths(study))
    paid = -ledger.site_items["asic_purchase"][0].sum(axis=0)[1:]
    assert paid[2] > 0.0
    rigs = financed_cost_usd(study, ledger, MACHINE_LOAN)
    assert rigs[0].tolist() == paid.tolist()
    assert not financed_cost_usd(study, ledger, PLANT_LOAN).any()


def test_cover_is_cash_of_a_year_over_service_of_a_year() -> None:
    study = lent_study()
    plan = empty_plan(study, debt_draws=(draw(3, 1e6),))
    ledger = evaluate(study, plan, base_paths(study))
    shape = (1, len(study.sites), study.time.months + 1)
    cash = np.zeros(shape)
    cash[0, 0, 1:] = 50_000.0
    cash[0, 1, 1:] = 1e9
    tax = np.zeros(shape)
    tax[0, 0, 1:] = -10_000.0
    capex = np.full(shape, -7.0)
    made = replace(
        ledger,
        site_items={
            "hosting_revenue": cash,
            "profit_tax": tax,
            "phase_capex": capex,
        },
    )
    cover = service_cover(study, made, PLANT_LOAN)
    # Months 0 to 11 hold four instalments of 250,000 (months 6 to 9) and interest of
    # 7,500 x (1 + 1 + 1 + 3/4 + 2/4 + 1/4) in months 4 to 9; cash is 12 x 40,000.
    due = 1e6 + 7_500.0 * 4.5
    assert cover[0, 0] == pytest.approx(480_000.0 / due, rel=RTOL)
    # The last test looks back on months 12 to 23, in which nothing is due.
    assert np.isnan(cover[0, -1])


def test_cover_needs_a_site() -> None:
    study = lent_study()
    ledger = evaluate(study, empty_plan(study), base_paths(study))
    with pytest.raises(ValueError, match="no site, no cover"):
        service_cover(study, ledger, MACHINE_LOAN)
