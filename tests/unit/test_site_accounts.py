# SPDX-License-Identifier: Apache-2.0
"""Site accounts against the ledger they are a part of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tiny_studies import alpha, beta, gamma, tiny_study

from gpu.sampling.scenarios import sampled_paths
from models.business_as_usual import business_as_usual
from models.cashflow import evaluate
from models.plan import BuildStart, Holding, Order, PhaseStart, Plan
from models.site_accounts import site_accounts
from optimizer.screening.horizon import one_site, site_paths

if TYPE_CHECKING:
    from models.study import Study


def study_and_plan() -> tuple[Study, Plan]:
    study = tiny_study(sites=(alpha(), beta(), gamma()))
    usual = business_as_usual(study)
    plan = usual.model_copy(
        update={
            "phases": (PhaseStart(site="gamma", phase="gamma_p1", period=0),),
            "builds": (BuildStart(site="gamma", kind="air", period=0, modules=1),),
            "orders": (Order(model="new", site="gamma", period=0, lots=10),),
            "holdings": (
                *usual.holdings,
                Holding(
                    model="new",
                    site="gamma",
                    cohort_period=3,
                    since=3,
                    until=20,
                    units=1000,
                    ending="sell",
                ),
            ),
        }
    )
    return study, plan


def test_after_tax_flows_are_those_of_the_ledger() -> None:
    study, plan = study_and_plan()
    paths = sampled_paths(study, 7, np.arange(5))
    flow = site_accounts(study, plan, paths).after_tax_usd(study)
    assert np.array_equal(flow, evaluate(study, plan, paths).site_flow_usd())


def test_a_site_alone_has_the_flows_it_has_among_others() -> None:
    study, plan = study_and_plan()
    paths = sampled_paths(study, 7, np.arange(5))
    whole = site_accounts(study, plan, paths).after_tax_usd(study)
    own = plan.model_copy(
        update={
            "holdings": tuple(h for h in plan.holdings if h.site == "gamma"),
            "offers": (),
            "commitments": (),
        }
    )
    single = one_site(study, "gamma")
    alone = site_accounts(single, own, site_paths(paths, 2)).after_tax_usd(single)
    assert np.array_equal(alone[:, 0], whole[:, 2])


def test_what_is_invested_is_what_the_plan_pays() -> None:
    study, plan = study_and_plan()
    paths = sampled_paths(study, 7, np.arange(5))
    accounts = site_accounts(study, plan, paths)
    # Gamma: phase 1e6 and shell 5 MW x 0.2e6, both times the scenario's overrun, and
    # 1000 machines x 270 TH x 9 USD/TH x 1.1 duty, ordered in the first month.
    machines = 1000 * 270 * 9 * 1.1
    built = 2e6 * paths.capex_factor[:, 2]
    assert accounts.invested_usd[:, 2] == pytest.approx(machines + built)


def test_a_difference_is_taxed_as_a_company_of_its_own() -> None:
    study, plan = study_and_plan()
    paths = sampled_paths(study, 7, np.arange(3))
    with_it = site_accounts(study, plan, paths)
    without = site_accounts(study, business_as_usual(study), paths)
    own = with_it.less(without)
    # Only gamma differs, and there nothing stood before: the same as its own tax.
    flow = own.after_tax_usd(study)
    assert np.array_equal(flow[:, 2], with_it.after_tax_usd(study)[:, 2])
    assert not flow[:, :2].any()
