# SPDX-License-Identifier: Apache-2.0
"""The search for a break-even, played against oracles instead of solvers."""

from __future__ import annotations

import pytest
from tiny_studies import gamma, gpu_offers, hosting_offers, market, tiny_study

from models.market import base_paths
from optimizer.explain.breakeven import Search
from optimizer.explain.drivers import N_STEPS, base_values, changed, multiplier_of
from optimizer.explain.evaluation import CONFIRMED_GAP_FRAC, Evaluation
from optimizer.explain.questions import Question

SITE = Question(
    id="site:gamma",
    kind="site",
    title="Gamma",
    site="gamma",
    least=60.0,
    drivers=("x",),
)
STUDY = tiny_study(sites=(*tiny_study().sites, gamma()))


def evaluation(
    step: int, *, chosen: bool, relaxed: bool, **facts: object
) -> Evaluation:
    terms: dict[str, object] = {
        "driver": "btc_price" if step else "",
        "step": step,
        "is_relaxed": relaxed,
        "multiplier": multiplier_of("btc_price", step),
        "status": "optimal",
        "gap_frac": None if relaxed else 0.0,
        "used": {SITE.id: 60.0 if chosen else 59.9},
    }
    return Evaluation(**(terms | facts))  # type: ignore[arg-type]


def play(relaxed_from: int, whole_from: int) -> tuple[Search, int, int]:
    """Search until done; the relaxation and whole plans choose from given steps."""
    known: list[Evaluation] = []
    n_relaxed = n_whole = 0
    while True:
        search = Search(SITE, "btc_price", known)
        step = search.next_relaxed()
        if step is not None:
            n_relaxed += 1
            known.append(evaluation(step, chosen=step >= relaxed_from, relaxed=True))
            continue
        step = search.next_whole()
        if step is None:
            return search, n_relaxed, n_whole
        assert 0 < step <= N_STEPS
        n_whole += 1
        known.append(evaluation(step, chosen=step >= whole_from, relaxed=False))


@pytest.mark.parametrize("relaxed_from", [0, 1, 2, 7, 16, 31, 32])
@pytest.mark.parametrize("offset", [-3, -1, 0, 1, 2, 5, 12])
def test_the_interval_holds_the_true_break_even(relaxed_from: int, offset: int) -> None:
    whole_from = min(max(relaxed_from + offset, 1), N_STEPS)
    search, n_relaxed, n_whole = play(relaxed_from, whole_from)
    answer = search.answer(STUDY)
    assert answer.status == "interval"
    low, high = answer.not_chosen_multiplier, answer.chosen_multiplier
    assert low is not None
    assert high is not None
    assert low < multiplier_of("btc_price", whole_from) <= high
    # Two steps of 4.4 % at most.
    assert high / low <= 1.0444**2 + 1e-3
    # The study as it is, four looks up to the limit and three halvings of 8 steps.
    assert n_relaxed <= 8
    assert n_whole <= 8


@pytest.mark.parametrize("relaxed_from", [0, 1, 20, 32])
def test_whole_plans_that_never_choose_give_none(relaxed_from: int) -> None:
    search, _, _ = play(relaxed_from, N_STEPS + 1)
    answer = search.answer(STUDY)
    assert answer.status == "none"
    assert answer.chosen_multiplier is None
    assert "not within 0.25x to 4x" in answer.text


def test_a_relaxation_that_never_chooses_is_confirmed_by_one_plan_at_the_limit() -> (
    None
):
    search, n_relaxed, n_whole = play(N_STEPS + 1, N_STEPS + 1)
    assert (n_relaxed, n_whole) == (5, 1)
    assert search.answer(STUDY).status == "none"


def test_a_choice_in_the_middle_only_is_found() -> None:
    known = [
        evaluation(0, chosen=False, relaxed=True),
        evaluation(N_STEPS, chosen=False, relaxed=True),
        evaluation(N_STEPS // 2, chosen=True, relaxed=True),
    ]
    assert Search(SITE, "btc_price", known).next_relaxed() == N_STEPS // 4


def test_evaluations_of_other_prices_count_only_at_the_study_as_it_is() -> None:
    known = [
        evaluation(0, chosen=False, relaxed=True),
        evaluation(N_STEPS, chosen=True, relaxed=True, driver="gpu_rent"),
    ]
    assert Search(SITE, "btc_price", known).next_relaxed() == N_STEPS // 4


def test_nothing_is_looked_at_beyond_the_first_price_that_chooses() -> None:
    known = [
        evaluation(0, chosen=False, relaxed=True),
        evaluation(N_STEPS // 4, chosen=True, relaxed=True),
    ]
    assert Search(SITE, "btc_price", known).next_relaxed() == N_STEPS // 8


def test_whole_plans_count_only_for_the_questions_they_settled() -> None:
    relaxed = [
        evaluation(step, chosen=step >= 8, relaxed=True) for step in (0, 7, 8, 32)
    ]
    other = evaluation(8, chosen=True, relaxed=False, used={"site:other": 99.0})
    assert Search(SITE, "btc_price", [*relaxed, other]).next_whole() == 8


def test_a_plan_above_the_gap_leaves_the_interval_unproven() -> None:
    known = [
        *(evaluation(step, chosen=step >= 8, relaxed=True) for step in (0, 7, 8, 32)),
        evaluation(6, chosen=False, relaxed=False),
        evaluation(8, chosen=True, relaxed=False, gap_frac=5.0 * CONFIRMED_GAP_FRAC),
    ]
    search = Search(SITE, "btc_price", known)
    assert search.is_done
    assert search.answer(STUDY).status == "unproven"


def test_a_proven_answer_needs_no_gap() -> None:
    known = [
        *(evaluation(step, chosen=step >= 8, relaxed=True) for step in (0, 7, 8, 32)),
        evaluation(6, chosen=False, relaxed=False),
        evaluation(8, chosen=True, relaxed=False, gap_frac=0.4, proven=("site:gamma",)),
    ]
    search = Search(SITE, "btc_price", known)
    assert search.is_done
    assert search.answer(STUDY).status == "interval"


def test_a_plan_that_was_not_found_ends_the_search_unproven() -> None:
    known = [
        *(evaluation(step, chosen=step >= 8, relaxed=True) for step in (0, 7, 8, 32)),
        evaluation(8, chosen=False, relaxed=False, status="no plan found"),
    ]
    search = Search(SITE, "btc_price", known)
    assert search.next_whole() is None
    assert search.answer(STUDY).status == "unproven"


def test_an_unfinished_search_says_how_far_it_came() -> None:
    assert Search(SITE, "btc_price", []).answer(STUDY).status == "open"
    known = [evaluation(step, chosen=step >= 8, relaxed=True) for step in (0, 7, 8, 32)]
    answer = Search(SITE, "btc_price", known).answer(STUDY)
    assert answer.status == "relaxation only"
    # 4^(8/32) = 2^0.5.
    assert answer.relaxed_multiplier == pytest.approx(2.0**0.5)


def test_power_gets_cheaper_and_all_else_dearer() -> None:
    assert multiplier_of("power_price@gamma", N_STEPS) == pytest.approx(0.25)
    for driver in ("btc_price", "gpu_rent", "hosting_rate@alpha"):
        assert multiplier_of(driver, 0) == 1.0
        assert multiplier_of(driver, N_STEPS) == pytest.approx(4.0)


def test_a_power_price_changes_at_its_site_only() -> None:
    paths = base_paths(STUDY)
    same, cheaper = changed(STUDY, paths, "power_price@gamma", 0.5)
    assert same is STUDY
    ratio = cheaper.power_multiplier / paths.power_multiplier
    assert ratio[0, :, 0].tolist() == [1.0, 1.0, 0.5]
    everywhere = changed(STUDY, paths, "power_price", 0.5)[1]
    assert (everywhere.power_multiplier == 0.5 * paths.power_multiplier).all()


def test_a_hosting_rate_changes_only_offers_that_may_be_refused() -> None:
    client, tenant = hosting_offers()
    study = tiny_study(hosting_offers=(client, tenant), gpu_offers=gpu_offers())
    dearer, _ = changed(study, base_paths(study), "hosting_rate@alpha", 2.0)
    # The first is committed; the second pays rent by the kW.
    assert dearer.hosting_offers[0] == client
    assert dearer.hosting_offers[1].rent_usd_per_it_kw_month == 220.0
    elsewhere, _ = changed(study, base_paths(study), "hosting_rate@beta", 2.0)
    assert elsewhere.hosting_offers == study.hosting_offers


def test_base_values_name_the_price_of_the_first_month() -> None:
    study = tiny_study(market=market(btc_price_usd=60_000.0))
    assert base_values(study, "btc_price") == {"btc_price_usd": 60_000.0}
    assert base_values(study, "power_price@alpha") == {
        "alpha_flexible_usd_per_mwh": 50.0,
        "alpha_firm_usd_per_mwh": 60.0,
    }
    assert base_values(study, "power_price@beta") == {
        "beta_hosting_rate_usd_per_mwh": 70.0
    }
    assert base_values(study, "gpu_rent") == {"h100_rent_usd_per_gpu_h": 2.4}
    assert base_values(study, "hosting_rate@alpha") == {
        "alpha_tenant_usd_per_it_kw_month": 110.0
    }
