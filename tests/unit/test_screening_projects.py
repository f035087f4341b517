# SPDX-License-Identifier: Apache-2.0
"""Candidate projects: space, timing, who makes room, and room enough for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tiny_studies import alpha, asics, beta, gamma, gpus, hosting_offers, tiny_study

from models.capacity import SHELL_KINDS, energised_mw, shell_mw, usage
from models.market import base_paths
from models.site import Phase
from optimizer.screening.generation import Candidates, make_candidates
from optimizer.screening.horizon import at_horizon
from optimizer.screening.life import Stream
from optimizer.screening.sizing import Wish, spaces
from optimizer.screening.usual import Usual, usual_of
from optimizer.screening.valuation import SiteBench
from sites import load_study

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.screening.projects import Project

MONTHS = 120


def long_study(**changes: object) -> Study:
    sites = changes.pop("sites", (alpha(), beta(), gamma()))
    return at_horizon(tiny_study(sites=sites, **changes), MONTHS)


def usual_at(study: Study, site_id: str) -> Usual:
    paths = base_paths(study)
    return usual_of(study, study.site(site_id), paths, plan_months=24)


@pytest.fixture(scope="module")
def base() -> tuple[Study, Candidates]:
    study = load_study("base")
    longer = at_horizon(study, 160)
    return longer, make_candidates(longer, plan_months=study.time.months)


def of_family(made: Candidates, words: str) -> list[Project]:
    return [p for p in made.projects if words in p.id]


def test_the_company_has_projects_of_every_line_at_every_site(
    base: tuple[Study, Candidates],
) -> None:
    _, made = base
    seen = {(p.site, p.line) for p in made.projects}
    for site in ("georgia", "oman", "indonesia"):
        for line in ("self_mining", "hosting", "gpu_leasing"):
            assert (site, line) in seen
    assert ("partner_fleet", "self_mining") in seen
    assert ("partner_fleet", "gpu_leasing") in seen
    assert {p.space.how for p in made.projects} == {
        "existing",
        "conversion",
        "new",
        "swap",
        "none",
    }


def test_ids_are_distinct_and_one_project_is_not_made_twice(
    base: tuple[Study, Candidates],
) -> None:
    _, made = base
    assert len({p.id for p in made.projects}) == len(made.projects)
    assert len(made.projects) > 300


def test_no_project_overfills_space_or_power(base: tuple[Study, Candidates]) -> None:
    study, made = base
    benches = {name: SiteBench(study, usual) for name, usual in made.usual.items()}
    for project in made.projects:
        bench = benches[project.site]
        leaving = bench.leaving(project)
        if leaving is None:
            continue
        plan, own = bench.with_project(project, leaving), bench.with_fleet
        used = usage(own, plan).by_shell_mw
        assert (used <= shell_mw(own, plan) + 1e-6).all(), project.id
        power = energised_mw(own, plan)
        assert (used.sum(axis=1) <= power + 1e-6).all(), project.id


def test_nothing_starts_before_it_may(base: tuple[Study, Candidates]) -> None:
    study, made = base
    for project in made.projects:
        site = study.site(project.site)
        phases = {phase.id: phase for phase in site.phases}
        for start in project.space.phases:
            earliest = study.period_of(phases[start.phase].earliest_month)
            assert start.period >= max(earliest, 0), project.id
        for built in project.space.builds:
            shell = site.shell(built.kind)
            assert shell is not None
            assert shell.build is not None
            earliest = study.period_of(shell.build.earliest_month)
            assert built.period >= max(earliest, 0), project.id
        assert all(order.period >= 0 for order in project.orders), project.id


def test_crews_never_work_on_more_phases_than_they_can(
    base: tuple[Study, Candidates],
) -> None:
    study, made = base
    for project in made.projects:
        site = study.site(project.site)
        busy = np.zeros(study.time.months)
        for start in project.space.phases:
            phase = next(p for p in site.phases if p.id == start.phase)
            busy[start.period : start.period + phase.lead_time_months] += 1
        assert busy.max() <= site.max_parallel_builds, project.id


def test_machines_arrive_when_their_space_is_ready() -> None:
    study = long_study()
    made = make_candidates(study, plan_months=24, start_months=(0,))
    # Gamma: shell and phase take 3 months each, machines 3: ordered at once, live at 3.
    (project,) = of_family(made, "gamma/new/air/new")
    assert project.space.phases[0].period == 0
    assert project.space.builds[0].period == 0
    assert project.orders[0].period == 0
    assert project.live == 3
    # 5 MW over 3,600 W x 1.05 = 1322 machines: 13 lots of 100.
    assert project.orders[0].lots == 13
    assert project.mw == pytest.approx(1300 * 3600 * 1.05 / 1e6)


def test_a_slow_phase_holds_shell_and_machines_back() -> None:
    slow = Phase(
        id="slow", mw=5.0, capex_usd=1e6, lead_time_months=10, earliest_month="2026-02"
    )
    study = long_study(sites=(gamma(phases=(slow,)), beta()))
    made = make_candidates(study, plan_months=24, start_months=(0,))
    (project,) = of_family(made, "gamma/new/air/new")
    # Work may begin in period 2 and takes 10: shell and order, 3 months each, wait.
    assert project.space.phases[0].period == 2
    assert project.space.builds[0].period == 9
    assert project.orders[0].period == 9
    assert project.live == 12


def test_phases_come_one_after_another_when_there_is_one_crew() -> None:
    phases = tuple(
        Phase(id=f"p{k}", mw=5, capex_usd=1e6, lead_time_months=4, earliest_month=month)
        for k, month in enumerate(("2025-12", "2025-12"))
    )
    shell = gamma().shells[0]
    assert shell.build is not None
    build = shell.build.model_copy(update={"max_modules": 2})
    site = gamma(
        phases=phases,
        shells=(shell.model_copy(update={"build": build}),),
        max_parallel_builds=1,
    )
    study = long_study(sites=(site, beta()))
    usual = usual_at(study, "gamma")
    one, whole = spaces(study, usual, Wish("air", 0))
    assert [stage.ready for stage in one.stages] == [4]
    assert [(stage.ready, stage.mw) for stage in whole.stages] == [(4, 5.0), (8, 5.0)]
    assert [start.period for start in whole.phases] == [0, 4]


def test_an_offer_starts_when_the_last_piece_of_its_space_is_ready() -> None:
    study = long_study()
    made = make_candidates(study, plan_months=24, start_months=(0,))
    # 1.35 MW of HPC: one module of conversion, 6 months; on offer from June 2026 on,
    # which is period 6.
    (project,) = of_family(made, "alpha_tenant")
    assert project.space.how == "conversion"
    assert project.space.conversions[0].modules == 1
    assert project.offers[0].since == 6
    assert project.offers[0].until == 126
    # Old space is out of use for the last 3 months of the work.
    assert project.space.taking is not None
    assert project.space.taking.since == 3


def test_an_offer_without_space_in_time_is_named() -> None:
    late = hosting_offers()[1].model_copy(
        update={"earliest_start": "2025-12", "latest_start": "2026-03"}
    )
    study = long_study(hosting_offers=(hosting_offers()[0], late))
    made = make_candidates(study, plan_months=24)
    assert not of_family(made, "alpha_tenant")
    assert "alpha: alpha_tenant: no space or start fits" in made.left_out


def test_gpus_leased_in_are_offered_with_and_without_a_client() -> None:
    study = long_study()
    made = make_candidates(study, plan_months=24, start_months=(0,))
    assets = {p.asset for p in made.projects if p.space.how == "none"}
    assert assets == {"rent_in", "rent_in+rent_out"}


def test_who_is_worth_least_makes_room_first_and_a_contract_as_a_whole() -> None:
    study = long_study()
    usual = usual_at(study, "alpha")
    machines, client = usual.occupants
    # 3.15 MW of machines (1000 x 3 kW x 1.05) and 2 MW of a client leave 4.85 MW free.
    assert usual.vacant_mw("air", 0) == pytest.approx(10 - 3.15 - 2)
    assert usual.leaving("air", 4.0, 0) == ()
    first = usual.leaving("air", 6.85, 12)
    assert first is not None
    worth = {o.name: float(o.worth_usd_per_mw[12]) for o in (machines, client)}
    assert first[0].name == min(worth, key=lambda name: worth[name])
    # The client may go only after its term of 6 months.
    assert client.removable_from == 6
    assert usual.leaving("air", 10.0, 3) is None
    everybody = usual.leaving("air", 10.0, 12)
    assert everybody is not None
    assert {part.name for part in everybody} == {"old", "alpha_client"}
    assert sum(part.mw for part in everybody) == pytest.approx(5.15)


def test_machines_do_not_replace_their_like() -> None:
    study = long_study(
        asics=tuple(a.model_copy(update={"is_orderable": True}) for a in asics())
    )
    usual = usual_at(study, "beta")
    assert usual.takeable_mw("air", 0, keep="old") == pytest.approx(0.0)
    assert usual.leaving("air", 1.0, 0, keep="old") is None
    made = make_candidates(study, plan_months=24, start_months=(0, 6))
    assert not of_family(made, "beta/existing/air/old")
    assert of_family(made, "beta/existing/air/new")


def test_business_as_usual_without_some_machines_sells_just_them() -> None:
    study = long_study()
    usual = usual_at(study, "beta")
    (part,) = usual.leaving("air", 3.0, 5) or ()
    plan = usual.plan(study, (part,))
    by_end = {held.until: held.units for held in plan.holdings}
    # 12 MW hold 4000 machines of 3 kW; 3 MW are 1000 of them.
    assert by_end == {5: pytest.approx(1000.0), 24: pytest.approx(3000.0)}
    assert all(held.ending == "sell" for held in plan.holdings)
    # Committed MW: all up to the minimum term of 3 months, then what stands.
    (committed,) = plan.commitments
    assert committed.mw[2] == pytest.approx(12.0)
    assert committed.mw[6] == pytest.approx(9.0)
    assert committed.mw[24] == pytest.approx(0.0)


def test_commitments_never_rise_when_a_project_comes_later() -> None:
    study = long_study()
    made = make_candidates(study, plan_months=24, start_months=(30,))
    project = of_family(made, "beta/existing/air/new/all")[0]
    bench = SiteBench(study, made.usual["beta"])
    plan = bench.with_project(project, bench.leaving(project) or ())
    (committed,) = plan.commitments
    assert (np.diff(committed.mw) <= 1e-9).all()
    held = usage(bench.with_fleet, plan).by_line_mw.sum(axis=1)[0]
    assert (np.array(committed.mw) + 1e-9 >= held).all()


def test_machines_are_held_as_long_as_they_cover_their_cost() -> None:
    # Margins +5, +5, -1, +3, -2: at no discount they add up to most after four months.
    margin = np.array([5.0, 5.0, -1.0, 3.0, -2.0])
    stream = Stream.of(margin, np.zeros(5), 0.0)
    assert stream.covers_until(0, 5) == 4
    assert stream.covers_until(0, 3) == 2
    assert Stream.of(-margin, np.zeros(5), 0.0).covers_until(0, 5) == 1


def test_worth_of_keeping_is_margin_and_later_sale_over_a_sale_now() -> None:
    stream = Stream.of(np.array([4.0, 4.0, 4.0]), np.array([9.0, 6.0, 3.0]), 0.0)
    # Kept for two months: 4 + 4 and a sale in period 2 for 3, over a sale now for 9.
    assert stream.worth_usd(2).tolist() == [2.0, 4.0 + 3.0 - 6.0, 0.0, 0.0]


def test_own_nodes_for_a_client_last_at_least_as_long_as_the_contract() -> None:
    study = load_study("base")
    made = make_candidates(at_horizon(study, 160), plan_months=60)
    for project in of_family(made, "_out/"):
        for held in project.holdings:
            assert held.until >= project.offers[0].until
            assert held.since == project.offers[0].since


def test_gpu_nodes_fill_their_hall_in_whole_lots() -> None:
    (air,), (_, hall) = gamma().shells, alpha().shells
    assert air.build is not None
    build = air.build.model_copy(update={"module_mw": 1.0})
    shells = (air, hall.model_copy(update={"build": build}))
    study = long_study(sites=(gamma(shells=shells), beta()), gpus=gpus())
    made = make_candidates(study, plan_months=24, start_months=(0,))
    (project,) = of_family(made, "gamma/new/hpc/h100")
    # A node takes 11.3 kW x 1.35 = 15.255 kW; 1 MW holds 65 nodes: 8 lots of 8.
    assert project.n_units == 64
    assert project.live == 6
    assert project.end == 6 + 60
    assert SHELL_KINDS.index(project.kind) == 2
