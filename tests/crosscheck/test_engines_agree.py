# SPDX-License-Identifier: Apache-2.0
"""The compiled engine agrees with the oracle where something is odd.

Each case first makes sure that the odd thing occurs. The contract is that of
`agreement`, in `tests/support`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from agreement import Measured, assert_agreement, compare
from agreement_cases import (
    called_study,
    curtailed_study,
    eager_plan,
    full_study,
    harsh_study,
    horizon,
    late_study,
    limited_draws_case,
    losing_study,
    many_sites,
    shared_hall_case,
    wild_network_study,
)
from agreement_plans import random_plan
from engine_plans import empty_plan

from gpu import cpu_engine
from gpu.cpu_engine import CpuEngine
from gpu.engines import make_engine
from gpu.liquidity import CALL, LIQUIDATION
from gpu.sampling.rule import GROUPS
from gpu.sampling.scenarios import DrawRule, sampled_paths
from gpu.tables.spare import SpareArrays
from models.business_as_usual import business_as_usual
from models.finance import IrrStatus
from models.network import max_retarget_factor
from models.path_changes import MULTIPLIERS
from models.plan import DebtDraw
from models.plan_items import own_pool_frac
from sites import load_study

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gpu.numpy_engine import Rows
    from gpu.tables.build import Tables
    from models.plan import Plan
    from models.study import Study

IDS = np.arange(130)
SEEDS = (3, 14, 159)


def random_plans(study: Study) -> list[Plan]:
    return [random_plan(study, seed) for seed in SEEDS]


def oracle_rows(study: Study, plans: Sequence[Plan]) -> list[Rows]:
    """What the oracle says, to see that a case is what its name promises."""
    usual = business_as_usual(study)
    engine = make_engine("numpy", study, plans, usual, 1)
    return [scored.rows for scored in engine.score(IDS)]


def agree(study: Study, plans: Sequence[Plan], rule: DrawRule | int = 1) -> None:
    """Hold the contract with business as usual beside the plans."""
    spared = compare(study, plans, business_as_usual(study), rule, ids=IDS)
    assert spared.n_events == 0
    assert spared.n_paybacks <= 0.02 * spared.n_scenarios


# -- draws ------------------------------------------------------------------------

RULES = {
    "plain": DrawRule(2**64 - 1),
    "antithetic": DrawRule(5, method="antithetic"),
    "sobol": DrawRule(5, method="sobol"),
    "importance": DrawRule(5, method="importance", tilt=(-0.3,) * 24, plain_every=4),
    "all_swapped": DrawRule(5, swapped=GROUPS),
    "sobol_swapped": DrawRule(5, method="sobol", swapped=("btc_price", "within_month")),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_engines_agree_under_every_rule_of_draws(rule: DrawRule) -> None:
    study = harsh_study()
    agree(study, [random_plan(study, 3)], rule)


@pytest.mark.parametrize("group", GROUPS)
def test_engines_agree_with_one_group_swapped(group: str) -> None:
    study = harsh_study()
    rule = DrawRule(8, swapped=(group,))
    spared = compare(study, [random_plan(study, 4)], None, rule, ids=IDS[:65])
    assert spared.n_events == 0


@pytest.mark.parametrize("first", [0, 4_000, 2**31 - 70, 2**32 - 70, 2**63 - 130])
def test_engines_agree_at_any_scenario_number(first: int) -> None:
    study = full_study()
    ids = first + IDS
    compare(study, [random_plan(study, 5)], None, 2**40, ids=ids)


# -- grids ------------------------------------------------------------------------


@pytest.mark.parametrize("name", MULTIPLIERS)
def test_engines_agree_along_every_axis_of_a_grid(name: str) -> None:
    study = harsh_study()
    factors = {name: np.linspace(0.05, 4.0, 67)}
    usual = business_as_usual(study)
    compare(study, random_plans(study), usual, 1, multipliers=factors)


def test_engines_agree_where_all_multipliers_move_at_once() -> None:
    study = full_study()
    rng = np.random.default_rng(6)
    factors = {name: rng.uniform(0.2, 3.0, 300) for name in MULTIPLIERS}
    usual = business_as_usual(study)
    compare(study, random_plans(study), usual, 1, multipliers=factors)


# -- what happens to a plan ---------------------------------------------------------


def test_engines_agree_on_calls_and_liquidations() -> None:
    study = called_study()
    plans = random_plans(study)
    rows = oracle_rows(study, plans)
    for event in (CALL, LIQUIDATION):
        assert sum(np.isfinite(r[f"first_{event}_period"]).sum() for r in rows) > 20
    assert sum((r["called_btc_sold"] > 0).sum() for r in rows) > 20
    agree(study, plans)


def test_engines_agree_on_breached_covenants() -> None:
    study = full_study()
    draw = DebtDraw(facility="plant", period=0, amount_usd=5e5)
    kept = business_as_usual(study).model_copy(update={"debt_draws": (draw,)})
    breached = np.isfinite(oracle_rows(study, [kept])[0]["first_covenant_plant_period"])
    assert 0.2 < breached.mean() < 0.8
    agree(study, [kept, *random_plans(study)])


def test_engines_agree_on_debt_of_a_site_at_which_nothing_happens(
    spoilt_scratch: None,
) -> None:
    study = full_study()
    loans = study.company.debt_facilities
    plant = next(f for f in loans if f.id == "plant")
    lent = plant.model_copy(update={"id": "idle_plant", "site": "gamma"})
    owner = study.company.model_copy(update={"debt_facilities": (*loans, lent)})
    study = study.model_copy(update={"company": owner})
    draw = DebtDraw(facility="idle_plant", period=0, amount_usd=5e5)
    idle = empty_plan(study).model_copy(update={"debt_draws": (draw,)})
    # Gamma holds nothing and costs nothing: no cash meets what is due.
    cover = oracle_rows(study, [idle])[0]["least_covenant_idle_plant_dscr"]
    assert (cover == 0.0).all()
    agree(study, [business_as_usual(study), *random_plans(study), idle])


@pytest.fixture
def spoilt_scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill scratch arrays and results with NaN: reading what nobody wrote shows."""
    fresh = cpu_engine._scratch

    def spoilt_block(self: SpareArrays[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        is_float = self._kind.kind == "f"
        return np.full(shape, np.nan if is_float else 255, dtype=self._kind)

    monkeypatch.setattr(SpareArrays, "empty", spoilt_block)

    def spoilt(tables: Tables) -> tuple[NDArray[Any], ...]:
        arrays = fresh(tables)
        for array in arrays:
            array.fill(np.nan if array.dtype.kind == "f" else 2**62 + 1)
        return arrays

    monkeypatch.setattr(cpu_engine, "_scratch", spoilt)


@pytest.mark.parametrize("study", [full_study(), called_study(), late_study()])
def test_engines_agree_whatever_stood_in_scratch_arrays(
    study: Study, spoilt_scratch: None
) -> None:
    agree(study, [*random_plans(study), empty_plan(study)])
    # Sites at which nobody does anything are not even drawn.
    agree(study, [business_as_usual(study)])


def test_engines_agree_where_money_is_lost_in_every_month() -> None:
    study = losing_study()
    plans = [*random_plans(study), empty_plan(study)]
    paths = sampled_paths(study, 1, IDS)
    flows = Measured.of(study, plans[-1], paths).ledger.company_flow_usd()
    assert (flows[:, 1:-1] < 0.0).all()
    agree(study, plans)


def test_engines_agree_on_works_later_than_the_horizon() -> None:
    study = late_study()
    delay = sampled_paths(study, 1, IDS).delay_months
    assert (delay == 0).any()
    assert (delay > study.time.months).any()
    agree(study, random_plans(study))


def test_engines_agree_on_curtailed_machines() -> None:
    study = curtailed_study()
    mwh = Measured.of(study, business_as_usual(study), sampled_paths(study, 1, IDS))
    alpha = mwh.ledger.mining_mwh[:, 0]
    assert 0.05 < (alpha == 0.0).mean() < 0.95
    agree(study, random_plans(study))


def test_engines_agree_where_difficulty_cannot_follow_the_network() -> None:
    study = wild_network_study()
    paths = sampled_paths(study, 1, IDS)
    # Output per EH/s would else follow the network from month to month.
    jumps = np.abs(np.diff(np.log(paths.network_eh_s), axis=1))
    assert np.exp(jumps.max()) > max_retarget_factor(np.array([31 * 86_400.0]))[0]
    agree(study, random_plans(study)[:2])


def test_engines_agree_on_own_gpus_in_a_late_hall_leased_out_with_others() -> None:
    study, plan = shared_hall_case()
    own = own_pool_frac(study, plan, "alpha", "h100")
    assert ((own > 0.0) & (own < 1.0)).any()
    late = sampled_paths(study, 1, IDS).delay_months[:, 0]
    assert 0.1 < (late > 0).mean() < 0.9
    agree(study, [plan])


def test_engines_agree_on_draws_up_to_the_limit_of_the_loan() -> None:
    study, plan = limited_draws_case()
    path = Measured.of(study, plan, sampled_paths(study, 1, IDS)).ledger.treasury
    assert 0.05 < (np.abs(path.loan_usd - 8e6) < 1.0).mean() < 0.9
    assert (path.drawn_usd > 0.0).any()
    assert (path.repayment_usd > 0.0).any()
    assert (path.btc_bought > 0.0).any()
    agree(study, [plan])


def test_engines_agree_on_every_kind_of_irr() -> None:
    study = full_study()
    plans = [random_plan(study, seed) for seed in range(16)]
    rows = oracle_rows(study, [*plans, business_as_usual(study)])
    seen = {int(code) for r in rows for code in np.unique(r["irr_status"])}
    usual = {IrrStatus.OK, IrrStatus.SEVERAL, IrrStatus.NONE, IrrStatus.ALL_ZERO}
    assert seen >= {int(status) for status in usual}
    assert max(int(r["irr_n_roots"].max()) for r in rows) >= 2
    agree(study, [*plans, business_as_usual(study)])


# -- sizes ------------------------------------------------------------------------


@pytest.mark.parametrize("months", [1, 2, 11, 12, 13, 24, 120])
def test_engines_agree_over_any_horizon(months: int) -> None:
    study = horizon(months)
    agree(study, random_plans(study)[:2])


@pytest.mark.parametrize("count", [1, 2, 7])
def test_engines_agree_on_one_site_and_on_an_odd_number_of_them(count: int) -> None:
    study = many_sites(count)
    agree(study, random_plans(study)[:2])


def test_engines_agree_without_gpus_and_without_offers() -> None:
    bare = {"gpu_offers": (), "gpus": ()}
    for changes in (bare, {"hosting_offers": (), "gpu_offers": ()}):
        study = full_study(**changes)
        agree(study, random_plans(study)[:2])


def test_engines_agree_on_a_company_that_has_and_does_nothing() -> None:
    study = full_study()
    compare(study, [empty_plan(study)], None, 1, ids=IDS)
    compare(study, [empty_plan(study)], empty_plan(study), 1, ids=IDS)


def test_engines_agree_on_many_plans_with_and_without_a_baseline() -> None:
    study = full_study()
    plans = [random_plan(study, seed) for seed in range(5)]
    agree(study, plans)
    compare(study, plans, None, 1, ids=IDS)


def test_engines_agree_when_they_are_spared_the_sites() -> None:
    study = full_study()
    usual, plans = business_as_usual(study), random_plans(study)
    for baseline in (usual, None):
        compare(study, plans, baseline, 1, ids=IDS, has_sites=False)


# -- bundled studies --------------------------------------------------------------


@pytest.mark.parametrize("name", ["base", "treasury", "teaching"])
def test_engines_agree_on_the_studies_that_ship(name: str) -> None:
    study = load_study(name)
    usual = business_as_usual(study)
    plans = [eager_plan(study), random_plan(study, 7), usual]
    spared = compare(study, plans, usual, 1, ids=IDS)
    spared += compare(study, plans, usual, 1)
    assert spared.n_events == 0
    assert spared.n_paybacks <= 0.02 * spared.n_scenarios


# -- the contract itself ------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("npv_usd", lambda x: x + 2e-9 * 1e9),
        ("npv_usd", lambda x: np.where(x > np.median(x), np.nan, x)),
        ("irr_per_year", lambda x: x + 3e-9),
        ("irr_n_roots", lambda x: x + 1),
        ("payback_months", lambda x: x + 1),
        ("mined_btc", lambda x: x * (1 + 3e-9)),
        ("first_equity_period", lambda x: x + 1),
        ("peak_ltv_frac", lambda x: x * (1 + 1e-15)),
    ],
)
def test_the_contract_refuses_what_is_a_little_wrong(column: str, change) -> None:
    study = called_study()
    plan, usual = random_plan(study, 3), business_as_usual(study)
    oracle = make_engine("numpy", study, [plan], usual, 1).score(IDS)[0]
    paths = sampled_paths(study, 1, IDS)
    other = CpuEngine(study, [plan], usual, 1).score(IDS)[0]
    assert_agreement(study, plan, usual, paths, oracle, other)
    other.rows[column] = change(other.rows[column])
    with pytest.raises(AssertionError):
        assert_agreement(study, plan, usual, paths, oracle, other)
