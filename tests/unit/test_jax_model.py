# SPDX-License-Identifier: Apache-2.0
"""The JAX model of the benchmarks scores what the array engine scores."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gpu.kernel import layout as at
from gpu.numpy_engine import score_each
from gpu.sampling.scenarios import draw_shocks
from gpu.tables.build import make_tables
from gpu.tables.site import CLIENT_STREAM
from models.business_as_usual import business_as_usual
from models.finance import IrrStatus
from models.market import Shocks, simulate
from models.plan import Holding, OfferAcceptance, Order, Plan
from sites import load_study

if TYPE_CHECKING:
    from gpu.liquidity import LiquidityRisk
    from gpu.numpy_engine import Rows
    from gpu.tables.build import Tables
    from models.site import Site
    from models.study import Study

pytestmark = pytest.mark.skipif(
    find_spec("jax") is None, reason="needs JAX (extra `test`)"
)

IDS = np.arange(400)
CLOSE = 1e-6


def client_fates(tables: Tables, shocks: Shocks) -> Any:
    """Fates of the clients who can default, in the tables' order."""
    streams = tables.ints[tables.ints[at.FATES] :][: tables.n_fates].tolist()
    fates = shocks.client_fate
    found = [fates[:, s // CLIENT_STREAM - 1, s % CLIENT_STREAM] for s in streams]
    return np.array(found).reshape(tables.n_fates, len(fates))


def found_column(tables: Tables, study: Study, found: Any, plan: int, name: str) -> Any:
    """Column of a plan from the JAX model, named as ours."""
    if name.startswith("baseline_"):
        return found[name.removeprefix("baseline_")][0]
    for site in tables.projects:
        own = {
            f"site_{site}_npv_at_hurdle_usd": "site_npv_usd",
            f"site_{site}_irr_per_year": "site_irr_per_year",
        }
        if name in own:
            return found[f"{own[name]}_{plan}_{study.site_index(site)}"]
    return found[name][plan] if name in found else found[f"{name}_{plan}"]


def assert_same_months(risk: LiquidityRisk, found: Any, plan: int) -> None:
    """Compare calls, liquidations and levels month by month."""
    for name, event in zip(("called", "seized"), risk.events.values(), strict=False):
        assert (event == found[name][:, plan].T).all()
    for name, level in zip(("ltv", "distance"), risk.levels.values(), strict=False):
        near = pytest.approx(level, rel=CLOSE, abs=CLOSE)
        assert near == found[name][:, plan].T


def assert_same_scores(study: Study, plans: tuple[Plan, ...]) -> list[Rows]:
    """Score plans both ways on the same shocks; return the array engine's rows."""
    from jax_model import JaxModel
    from jax_tables import read_tables

    usual = business_as_usual(study)
    tables = make_tables(study, plans, usual)
    shocks = draw_shocks(study, 3, IDS)
    model = JaxModel(read_tables(tables))
    given = model.score_shocks(shocks, client_fates(tables, shocks))
    found = {name: np.asarray(column) for name, column in given.items()}
    expected = score_each(study, plans, simulate(study, shocks), baseline=usual)
    for plan, scored in enumerate(expected, start=1):
        rows = scored.rows
        scale = np.maximum(np.abs(rows["npv_usd"]), 1.0)
        for name, column in rows.items():
            if name in ("irr_n_roots", "irr_status"):
                continue
            ours = found_column(tables, study, found, plan, name)
            if name.endswith("irr_per_year"):
                continue
            size = np.abs(column) + (scale if "npv" in name else 0.0)
            assert (np.isnan(ours) == np.isnan(column)).all(), name
            assert (np.abs(ours - column) > CLOSE * size).sum() == 0, name
        is_single = rows["irr_status"] == IrrStatus.OK
        ours, rate = found[f"irr_per_year_{plan}"], rows["irr_per_year"]
        assert ours[is_single] == pytest.approx(rate[is_single], rel=CLOSE, abs=CLOSE)
        assert_same_months(scored.plan, found, plan)
    return [scored.rows for scored in expected]


def with_hall(study: Study) -> Study:
    """The study with room for GPUs at Georgia."""

    def fitted(site: Site) -> Site:
        if site.id != "georgia":
            return site
        shells = tuple(
            shell.model_copy(update={"opening_mw": 20.0})
            if shell.kind == "hpc"
            else shell
            for shell in site.shells
        )
        return site.model_copy(update={"shells": shells})

    return study.model_copy(update={"sites": tuple(fitted(s) for s in study.sites)})


def busy_plan(study: Study) -> Plan:
    """Everything at once that is built nowhere: GPUs, contracts, sales, treasury."""
    usual, months = business_as_usual(study), study.time.months
    thirds, halves = months // 3, months // 2
    sold = tuple(
        held.model_copy(update={"until": 4, "ending": "sell"})
        if held.site == "georgia"
        else held
        for held in usual.holdings
    )
    own: dict[str, Any] = {"model": "h100", "site": "georgia", "units": 16.0}
    bought = (
        Holding(cohort_period=6, since=6, until=40, ending="sell", **own),
        Holding(cohort_period=8, since=8, until=months, ending="keep", **own),
    )
    orders = tuple(
        Order(model="h100", site="georgia", period=period, lots=2) for period in (0, 2)
    )
    offers = (
        *usual.offers,
        OfferAcceptance(offer="h100_in", since=3, until=27),
        OfferAcceptance(offer="h100_out", since=4, until=16),
        OfferAcceptance(offer="georgia_miner_24m", since=6, until=30),
    )
    return usual.model_copy(
        update={
            "holdings": (*sold, *bought),
            "orders": orders,
            "offers": offers,
            "btc_pledged": (15.0,) * months,
            "loan_drawn_usd": (9e5,) * months,
            "loan_repaid_usd": (0.0, 0.0, 7e5) * thirds,
            "btc_bought": (0.0, 3.0) * halves,
            "btc_sold_free": (5.0, 0.0, 0.0) * thirds,
            "btc_sold_pledged": (0.0, 2.0) * halves,
            "btc_released": (0.0, 0.0, 1.0) * thirds,
            "emergency_equity_usd": (0.0, 1e6, 0.0) * thirds,
        }
    )


def sale_plan(study: Study) -> Plan:
    """Nothing but machines sold early at the partner's."""
    usual = business_as_usual(study)
    sold = tuple(
        held.model_copy(update={"until": 18, "ending": "sell"})
        if held.model == "t21"
        else held
        for held in usual.holdings
    )
    return usual.model_copy(update={"holdings": sold})


def test_teaching_study_scores_the_same_in_jax() -> None:
    study = load_study("teaching")
    rows = assert_same_scores(study, (business_as_usual(study),))
    assert not rows[0]["incremental_npv_usd"].any()


def test_base_study_and_plans_that_do_much_score_the_same_in_jax() -> None:
    study = with_hall(load_study("base"))
    plans = business_as_usual(study), busy_plan(study), sale_plan(study)
    usual, busy, sale = assert_same_scores(study, plans)
    assert not usual["incremental_npv_usd"].any()
    assert usual["called_btc_sold"].any()
    assert usual["liquidated_btc"].any()
    assert (busy["final_loan_usd"] > 0.0).any()
    # The comparison of rates says something.
    assert (sale["irr_status"] == IrrStatus.OK).sum() > 20


def test_draws_of_the_jax_model_have_the_mean_of_ours() -> None:
    import jax
    from jax_model import JaxModel
    from jax_tables import read_tables

    study = load_study("teaching")
    usual = business_as_usual(study)
    model = JaxModel(read_tables(make_tables(study, (usual,), usual)))
    theirs = np.asarray(model.score(jax.random.key(1), 4096)["npv_usd"][1])
    paths = simulate(study, draw_shocks(study, 1, np.arange(4096)))
    ours = score_each(study, (usual,), paths, baseline=usual)[0].rows["npv_usd"]
    error = np.hypot(theirs.std(), ours.std()) / 64.0
    assert abs(theirs.mean() - ours.mean()) < 4.0 * error
    assert theirs.std() == pytest.approx(ours.std(), rel=0.1)


def test_what_the_jax_model_does_without_is_refused() -> None:
    from jax_tables import read_tables

    study = load_study("teaching")
    tables = make_tables(study, (business_as_usual(study),), None)
    with pytest.raises(ValueError, match="needs a baseline"):
        read_tables(tables)
