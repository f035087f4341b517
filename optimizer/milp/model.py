# SPDX-License-Identifier: Apache-2.0
"""The investment model of one scenario: blocks put together.

The Pyomo model is the specification and the explanation; `optimizer.milp.compile` turns
it into arrays once, and `optimizer.milp.solve` never sees Pyomo again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from models.market import base_paths
from optimizer.milp.accounts import add_accounts
from optimizer.milp.candidates import candidates_of
from optimizer.milp.capacity import add_capacity, add_commitments, add_resale_depth
from optimizer.milp.compile import no_collection
from optimizer.milp.debt import add_covenants, add_debt, debt_cost_usd_m
from optimizer.milp.fleet import add_opening_fleet, add_orders
from optimizer.milp.forced import add_forced_phase, add_forced_use
from optimizer.milp.offers import add_gpu_pool, add_offers
from optimizer.milp.plant import add_builds, add_phases
from optimizer.milp.policy import add_policy
from optimizer.milp.sums import Sums
from optimizer.milp.tax import add_tax
from optimizer.milp.treasury import add_btc, add_cash, interest_usd_m
from optimizer.milp.value import add_hurdles, add_objective

if TYPE_CHECKING:
    from models.paths import MarketPaths
    from models.study import Study
    from optimizer.milp.candidates import Candidates
    from optimizer.milp.options import ModelOptions
    from optimizer.milp.sums import Expression

__all__ = ["BuiltModel", "build_model"]


@dataclass(frozen=True, slots=True)
class BuiltModel:
    """A Pyomo model with what is needed to read its solution.

    Parameters
    ----------
    pyomo : pyomo.environ.ConcreteModel
        Variables, rows and objective.
    candidates : Candidates
        What each variable stands for.
    options : ModelOptions
        What was asked beyond the study.
    sums : Sums
        What each variable adds to MW-months, to read them off a solution.
    paths : MarketPaths
        The path its prices come from. [mixed]
    """

    pyomo: Any
    candidates: Candidates
    options: ModelOptions
    sums: Sums
    paths: MarketPaths


def build_model(
    study: Study, options: ModelOptions, paths: MarketPaths | None = None
) -> BuiltModel:
    """Return the investment model of a study on one path.

    Parameters
    ----------
    study : Study
        Study.
    options : ModelOptions
        Lines, sites and uses allowed or forced.
    paths : MarketPaths, optional
        One scenario, shape (1, ...); the base path by default. [mixed]

    Returns
    -------
    BuiltModel
        Model in USD millions, MW and BTC.
    """
    if paths is None:
        paths = base_paths(study)
    candidates = candidates_of(study, options)
    model, sums = pyo.ConcreteModel(name=study.id), Sums()
    with no_collection():
        add_phases(model, study, candidates, sums)
        add_builds(model, study, candidates, sums)
        add_commitments(model, study, candidates, paths, sums)
        add_orders(model, study, candidates, paths, sums)
        add_opening_fleet(model, study, candidates, paths, sums)
        add_offers(model, study, candidates, paths, sums)
        add_gpu_pool(model, candidates, sums)
        add_capacity(model, study, candidates, sums, options)
        add_resale_depth(model, study, candidates, sums)
        add_accounts(model, study, paths, sums)
        add_btc(model, study, paths)
        add_debt(model, study, sums)
        add_tax(model, study, paths, sums, lambda t: _deducted_usd_m(model, study, t))
        add_covenants(model, study, paths)
        add_cash(model, study, paths, options)
        add_policy(model, study, paths)
        add_hurdles(model, study, paths, sums, options)
        add_forced_use(model, study, sums, options)
        add_forced_phase(model, study, candidates, sums, options)
        add_objective(model, study, paths, sums, options)
    return BuiltModel(model, candidates, options, sums, paths)


def _deducted_usd_m(model: Any, study: Study, period: int) -> Expression:
    """Return interest and fees of all debt in a month [USD m]."""
    cost = debt_cost_usd_m(model, study, period)
    return interest_usd_m(model, study, period) + cost
