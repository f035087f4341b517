# SPDX-License-Identifier: Apache-2.0
"""An infeasible study says what conflicts, by how much, when, and what mends it.

Every repair that is named is also tried: with it, and nothing else, there is a plan.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tiny_studies import (
    alpha,
    asics,
    beta,
    company,
    gamma,
    gpu_offers,
    hosting_offers,
    tariff,
    tiny_study,
)

from models.errors import Conflict, InfeasibleError
from models.site import PartnerContract, Shell
from optimizer import plan
from optimizer.milp.options import ModelOptions

if TYPE_CHECKING:
    from models.study import Study

NO_LOAN = company().loan.model_copy(update={"principal_usd": 0.0})
POOR = {
    "cash_usd": 1.5e6,
    "btc_free": 0.0,
    "btc_pledged": 0.0,
    "loan": NO_LOAN,
    "emergency_equity_max_usd": 1e6,
}


def conflicts_of(study: Study, **options: object) -> dict[str, Conflict]:
    with pytest.raises(InfeasibleError) as caught:
        plan(study, options=ModelOptions(**options))
    found = {conflict.rule: conflict for conflict in caught.value.conflicts}
    assert len(found) == len(caught.value.conflicts)
    return found


def is_feasible(study: Study) -> bool:
    try:
        return plan(study, gap_frac=1.0).is_verified
    except InfeasibleError:
        return False


def number_before(unit: str, text: str) -> float:
    found = re.search(rf"([\d,.]+) {re.escape(unit)}", text)
    assert found is not None, text
    return float(found.group(1).replace(",", ""))


def partner(months: int) -> PartnerContract:
    """A dear contract of which four fifths are owed whether machines run or not."""
    return PartnerContract(
        hosting_rate_usd_per_mwh=150.0,
        avoidable_frac=0.2,
        min_term_months=0,
        notice_months=months,
    )


def test_a_cash_floor_too_high_names_floor_equity_and_sales() -> None:
    firm = company(cash_floor_usd=45e6)
    conflict = conflicts_of(tiny_study(company=firm))["cash_floor"]
    assert (conflict.where, conflict.month, conflict.unit) == (
        "company",
        "2025-12",
        "USD",
    )
    # Opening cash 20 M, equity 20 M and a fifth of 120 BTC at 100,000 USD less the loan
    # that pledged BTC repay reach nearly, but not quite, 45 M.
    assert 1e6 < conflict.amount < 2e6
    lower, more, share, cash = conflict.repair.split("; or ")
    floor_usd = number_before("M USD", lower) * 1e6
    assert floor_usd == pytest.approx(45e6 - conflict.amount, abs=2e4)
    assert is_feasible(tiny_study(company=company(cash_floor_usd=floor_usd)))
    for name, text in (
        ("emergency_equity_max_usd", more),
        ("cash_usd", cash),
    ):
        raised = getattr(firm, name) + number_before("M USD", text) * 1e6
        mended = company(cash_floor_usd=45e6, **{name: raised})
        assert is_feasible(tiny_study(company=mended)), name
    frac = number_before("%", share) / 100
    faster = company(cash_floor_usd=45e6, max_btc_sale_frac_per_month=frac)
    assert is_feasible(tiny_study(company=faster))
    barely = company(cash_floor_usd=45e6 - 0.99 * conflict.amount)
    assert not is_feasible(tiny_study(company=barely))


def test_equity_is_no_repair_where_it_may_not_be_raised() -> None:
    study = tiny_study(company=company(cash_floor_usd=45e6))
    conflict = conflicts_of(study, allow_equity=False)["cash_floor"]
    assert conflict.amount > 20e6
    assert "emergency_equity" not in conflict.repair


def test_a_notice_period_beyond_the_horizon_is_named_in_mw_usd_and_months() -> None:
    sites = (alpha(), beta(partner=partner(72)))
    found = conflicts_of(tiny_study(company=company(**POOR), sites=sites))
    conflict = found["notice_period"]
    assert (conflict.where, conflict.unit) == ("beta", "months")
    text = str(conflict)
    assert "holds 12 MW for 72 months" in text
    assert "past the horizon of 24" in text
    short_usd = number_before("M USD", conflict.repair.split("short by ")[1]) * 1e6
    assert short_usd == pytest.approx(found["cash_floor"].amount, abs=2e4)
    months, release = conflict.repair.split("Set both to ")[1].split("; or ")
    fewer = int(months.split()[0])
    assert conflict.amount == 72 - fewer
    short_hold = (alpha(), beta(partner=partner(fewer)))
    assert is_feasible(tiny_study(company=company(**POOR), sites=short_hold))
    less_mw = 12.0 - number_before("MW", release)
    air = Shell(kind="air", opening_mw=less_mw, pue=1.0, gross_per_it_ratio=1.0)
    smaller = beta(partner=partner(72), contracted_mw=less_mw, shells=(air,))
    assert is_feasible(tiny_study(company=company(**POOR), sites=(alpha(), smaller)))


def test_a_hold_that_is_only_part_of_the_shortage_says_what_is_left() -> None:
    firm = company(**POOR, general_admin_usd_per_month=600_000.0)
    sites = (alpha(), beta(partner=partner(72)))
    conflict = conflicts_of(tiny_study(company=firm, sites=sites))["notice_period"]
    assert "Without any hold it would be short by" in conflict.repair


def test_committed_contracts_beyond_the_shells_name_mw_and_the_contract_to_end() -> (
    None
):
    client = hosting_offers()[0]
    big = client.model_copy(update={"id": "big", "mw": 12.0, "is_evergreen": False})
    found = conflicts_of(tiny_study(hosting_offers=(*hosting_offers(), big)))
    # 2 MW and 12 MW are committed where 10 MW of shell and power stand.
    assert {rule: c.amount for rule, c in found.items()} == pytest.approx(
        {"shell_limit": 4.0, "power_limit": 4.0}
    )
    for conflict in found.values():
        assert conflict.where.split()[0] == "alpha"
        assert (conflict.month, conflict.unit) == ("2025-12", "MW")
        assert "4.00 MW more" in conflict.repair
        assert "end contract big (12.00 MW)" in conflict.repair
    assert is_feasible(tiny_study())
    air = alpha().shells[0].model_copy(update={"opening_mw": 14.0})
    roomy = alpha(contracted_mw=14.0, shells=(air, alpha().shells[1]))
    offers = (*hosting_offers(), big)
    assert is_feasible(tiny_study(hosting_offers=offers, sites=(roomy, beta())))


def test_a_committed_lease_out_of_gpus_that_are_not_there_counts_gpus() -> None:
    lease = gpu_offers()[1].model_copy(update={"is_committed": True})
    conflict = conflicts_of(tiny_study(gpu_offers=(lease,)))["gpu_pool"]
    assert (conflict.where, conflict.unit) == ("beta h100", "GPU")
    assert conflict.amount == pytest.approx(64.0)
    assert "end contract rent_out (64 GPUs)" in conflict.repair


def test_machines_that_may_neither_stand_nor_be_sold_name_the_market() -> None:
    market = tiny_study().market.model_copy(
        update={"resale_depth_eh_s_per_month": 0.02}
    )
    air = Shell(kind="air", opening_mw=0.0, pue=1.0, gross_per_it_ratio=1.0)
    bare = beta(shells=(air,))
    full = alpha(
        opening_fleet=tuple(
            cohort.model_copy(update={"units": 2500.0})
            for cohort in alpha().opening_fleet
        )
    )
    found = conflicts_of(tiny_study(market=market, sites=(full, bare)))
    # 6,500 machines of 140 TH/s are 0.91 EH/s; 8 MW of shell beside the client's 2 MW
    # hold 8 / 0.00315 = 2,539.7; buyers take 0.06 EH/s or 428.6 in the first step.
    missing = (6500.0 - 8.0 / 0.00315) * 140e-6 - 0.06
    assert found["resale_depth"].amount == pytest.approx(missing, rel=1e-4)
    assert found["resale_depth"].unit == "EH/s"


def test_a_hurdle_that_fixed_charges_make_impossible_is_named() -> None:
    costly = gamma(
        contracted_mw=1.0,
        power=tariff(demand_charge_usd_per_mw_month=200_000.0),
        phases=(),
    )
    study = tiny_study(sites=(alpha(), beta(), costly))
    conflict = conflicts_of(study)["hurdle"]
    assert (conflict.where, conflict.unit) == ("gamma", "USD")
    assert conflict.amount > 1e6
    assert "status operating" in conflict.repair


def test_a_hurdle_just_too_high_names_the_rate_that_holds() -> None:
    def site(rate: float):
        wet = Shell(kind="hydro", opening_mw=1.0, pue=1.05, gross_per_it_ratio=1.05)
        return gamma(
            contracted_mw=1.0,
            hurdle_rate_per_year=rate,
            power=tariff(demand_charge_usd_per_mw_month=10_000.0),
            phases=(),
            shells=(wet,),
        )

    # Nothing can be moved there and idle it pays its demand charge: machines must be
    # bought, which yields a rate under 300 % but over zero.
    wet = asics()[1].model_copy(update={"id": "wet", "shell": "hydro"})
    terms = {"asics": (*asics(), wet)}
    high = tiny_study(sites=(alpha(), beta(), site(3.0)), **terms)
    conflict = conflicts_of(high)["hurdle"]
    best = float(conflict.repair.split("set it to ")[1].split()[0].rstrip("."))
    assert 0.0 < best < 3.0
    assert is_feasible(tiny_study(sites=(alpha(), beta(), site(best)), **terms))


def test_forced_use_of_nothing_names_what_is_missing() -> None:
    nothing = alpha(
        id="bare",
        shells=(Shell(kind="air", opening_mw=0.0, pue=1.0, gross_per_it_ratio=1.0),),
        phases=(),
        conversions=(),
        opening_fleet=(),
    )
    study = tiny_study(sites=(alpha(), beta(), nothing))
    found = conflicts_of(study, forced_site="bare", forced_mw_months=10.0)
    assert found["forced_use"].amount == 10.0
    assert "bare" in found["forced_use"].repair


def test_forced_use_beyond_what_fits_says_by_how_much() -> None:
    found = conflicts_of(tiny_study(), forced_site="alpha", forced_mw_months=10_000.0)
    conflict = found["forced_use"]
    assert conflict.unit == "MW-months"
    # Alpha has 10 MW from the start and 5 MW more after a 6-month phase: at most
    # 10 x 24 + 5 x 18 MW-months.
    assert conflict.amount >= 10_000.0 - 330.0


def test_a_forced_phase_without_room_for_machines_says_how_many_mw_lack() -> None:
    site = alpha(shells=(alpha().shells[0].model_copy(update={"build": None}),))
    found = conflicts_of(
        tiny_study(
            sites=(site.model_copy(update={"conversions": ()}), beta()),
            hosting_offers=hosting_offers()[:1],
        ),
        forced_site="alpha",
        forced_phase="alpha_p1",
    )
    # Opening power of 10 MW and 0.9 x 5 MW of the phase ask for 14.5 MW of use, but the
    # shell holds 10 MW.
    assert found["forced_phase_use"].amount >= 4.5 - 1e-6
    assert found["forced_phase_use"].unit == "MW"
