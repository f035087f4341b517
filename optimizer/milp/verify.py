# SPDX-License-Identifier: Apache-2.0
"""Verification: what the solver said is never trusted, everything is counted again.

The arrays are checked against the solution, the plan against the rules in words of the
engine, and the model's money against the engine's. What does not belong here: mending.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from models.capacity import commitment_mw, energised_mw, shell_mw, usage
from models.errors import SolverError
from models.fleet import TRANSIT_MONTHS, asic_hashrate_eh_s
from models.ledger import discount
from optimizer.milp.checks import Check, check
from optimizer.milp.extract import DECISIONS
from optimizer.milp.solve import fixed_lp
from optimizer.milp.sums import USD_PER_USD_M
from optimizer.milp.treasury import CASH_BUFFER_USD
from optimizer.milp.verify_treasury import treasury_checks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.arrays import FloatArray
    from models.ledger import Ledger
    from models.plan import Order, Plan
    from models.study import Study
    from optimizer.milp.compile import Compiled
    from optimizer.milp.solve import Solution

__all__ = ["RTOL", "Check", "money_scale_usd", "verify_plan", "verify_solution"]

RTOL: Final = 1e-9
"""Agreement of model and engine, times `money_scale_usd`."""

_ROW_TOLERANCE: Final = 1e-6
_TOLERANCE: Final = 1e-9
_MW_TOLERANCE: Final = 1e-5


def money_scale_usd(ledger: Ledger) -> float:
    """Return ``max(total capex, sum of |flows|, 1e6)`` of a base ledger [USD]."""
    capex = sum(
        float(np.abs(array).sum())
        for name, array in ledger.site_items.items()
        if name.endswith(("_capex", "_purchase"))
    )
    flows = float(np.abs(ledger.company_flow_usd()[0]).sum())
    return max(capex, flows, 1e6)


def verify_solution(
    compiled: Compiled,
    solution: Solution,
    values: FloatArray,
    ledger: Ledger,
    engine_npv_usd: float | None,
) -> tuple[Check, ...]:
    """Check cleaned values against the program and the engine.

    Every decision is held at its cleaned value and all that follows from decisions is
    solved again; the objective of that must equal the engine's NPV.

    Parameters
    ----------
    compiled : Compiled
        Program.
    solution : Solution
        What the solver said.
    values : ndarray of shape (n_columns,)
        Cleaned solution. [mixed]
    ledger : Ledger
        Engine's ledger of the extracted plan on the base path. [USD]
    engine_npv_usd : float or None
        Its NPV; None when the objective is not the NPV (naive plans). [USD]

    Returns
    -------
    tuple of Check
        Feasibility, bound, cleaning and "two ways, one number".
    """
    loosened = _with_cash_buffer(compiled)
    try:
        settled = _settled(loosened, values)
    except SolverError:
        breach = compiled.worst_violation(values)
        return (
            Check("rows and bounds hold", False, breach, _ROW_TOLERANCE, "row unit"),
        )
    breach = loosened.worst_violation(settled.values)
    integers = values[compiled.is_integer]
    whole = float(np.abs(integers - np.round(integers)).max(initial=0.0))
    lost = solution.objective_usd_m - settled.objective_usd_m
    best = max(solution.objective_usd_m, settled.objective_usd_m)
    shortfall = max(best - solution.bound_usd_m, 0.0)
    checks = [
        check("rows and bounds hold", breach, _ROW_TOLERANCE, "row unit"),
        check("integers are whole", whole, 0.0, "units"),
        check("bound not under objective", shortfall, 1e-6, "USD m"),
        check("lost by cleaning", max(lost, 0.0) * USD_PER_USD_M, 1000.0, "USD"),
    ]
    if engine_npv_usd is not None:
        gap = abs(settled.objective_usd_m * USD_PER_USD_M - engine_npv_usd)
        allowed = RTOL * money_scale_usd(ledger)
        checks.append(check("model objective = engine NPV", gap, allowed, "USD"))
    return tuple(checks)


def verify_plan(
    study: Study,
    plan: Plan,
    ledger: Ledger,
    *,
    is_optimised: bool = True,
    with_hurdles: bool = True,
) -> tuple[Check, ...]:
    """Check a plan against the rules with the engine's own stocks and flows.

    Parameters
    ----------
    study : Study
        Study.
    plan : Plan
        Plan.
    ledger : Ledger
        Its ledger on the base path, shape (1, ...). [USD]
    is_optimised : bool
        Whether the plan decided its BTC sales; a given plan may leave them to the
        treasury's rule. [bool]
    with_hurdles : bool
        Whether hurdles were enforced; naive plans set them aside. [bool]

    Returns
    -------
    tuple of Check
        Power, shells, machines, cash, BTC, hurdles and offers.
    """
    return (
        *_capacity_checks(study, plan),
        _machine_check(study, plan),
        _move_check(study, plan),
        _resale_check(study, plan),
        _offer_check(study, plan),
        *treasury_checks(study, plan, ledger, is_optimised=is_optimised),
        *(_hurdle_checks(study, ledger) if with_hurdles else ()),
    )


def _with_cash_buffer(compiled: Compiled) -> Compiled:
    """Return the program in which cash may use the buffer kept for rounding."""
    is_floor = np.array(
        [r.parent_component().local_name == "cash_floor" for r in compiled.rows]
    )
    buffer_usd_m = CASH_BUFFER_USD / USD_PER_USD_M
    row_lower = compiled.row_lower - np.where(is_floor, buffer_usd_m, 0.0)
    return replace(compiled, row_lower=row_lower)


def _settled(compiled: Compiled, values: FloatArray) -> Solution:
    """Return what follows from decisions.

    Raises
    ------
    SolverError
        If that breaks a rule.
    """
    decided = np.array(
        [c.parent_component().local_name in DECISIONS for c in compiled.columns]
    )
    try:
        return fixed_lp(compiled, values, decided, tolerance=_TOLERANCE)[0]
    except SolverError:
        return fixed_lp(compiled, values, decided)[0]


def _capacity_checks(study: Study, plan: Plan) -> Sequence[Check]:
    used = usage(study, plan).by_shell_mw
    power = energised_mw(study, plan)
    committed = commitment_mw(study, plan)
    for index, site in enumerate(study.sites):
        if site.partner is not None:
            power[index] = committed[index]
    over_power = float((used.sum(axis=1) - power).max())
    over_shell = float((used - shell_mw(study, plan)).max())
    negative = float((-shell_mw(study, plan)).max())
    return (
        check("MW used within energised MW", over_power, _MW_TOLERANCE, "MW"),
        check("MW used within shells", over_shell, _MW_TOLERANCE, "MW"),
        check("shell MW not negative", negative, _MW_TOLERANCE, "MW"),
    )


def _machine_check(study: Study, plan: Plan) -> Check:
    """Bought + opening = sold + kept, cohort by cohort."""
    have: dict[tuple[str, int], float] = {}
    for site in study.sites:
        for opening in site.opening_fleet:
            key = (opening.model, -opening.age_months)
            have[key] = have.get(key, 0.0) + opening.units
    for order in plan.orders:
        units, live = _ordered(study, order)
        have[order.model, live] = have.get((order.model, live), 0.0) + units
    ended: dict[tuple[str, int], float] = {}
    for held in plan.holdings:
        if held.ending != "move":
            key = (held.model, held.cohort_period)
            ended[key] = ended.get(key, 0.0) + held.units
    gaps = [
        abs(have.get(key, 0.0) - ended.get(key, 0.0)) / max(have.get(key, 0.0), 1.0)
        for key in {*have, *ended}
    ]
    return check("machines bought = sold + kept", max(gaps, default=0.0), 1e-6, "share")


def _move_check(study: Study, plan: Plan) -> Check:
    """Check what stands after each period against what came and what left."""
    gone: dict[tuple[str, str, int, int], float] = defaultdict(float)
    begun: dict[tuple[str, str, int, int], float] = defaultdict(float)
    for move in plan.moves:
        left = (move.model, move.from_site, move.cohort_period, move.period)
        here = (move.model, move.to_site, move.cohort_period)
        gone[left] += move.units
        begun[*here, move.period + TRANSIT_MONTHS] += move.units
    for order in plan.orders:
        units, live = _ordered(study, order)
        begun[order.model, order.site, live, live] += units
    for site in study.sites:
        for opening in site.opening_fleet:
            begun[opening.model, site.id, -opening.age_months, 0] += opening.units
    for held in plan.holdings:
        cohort = (held.model, held.site, held.cohort_period)
        begun[*cohort, held.since] -= held.units
        if held.ending == "move":
            gone[*cohort, held.until] -= held.units
    most = max((abs(x) for x in (*gone.values(), *begun.values())), default=0.0)
    scale = max((held.units for held in plan.holdings), default=1.0)
    return check("machines moved leave and arrive", most / scale, 1e-6, "share")


def _ordered(study: Study, order: Order) -> tuple[float, int]:
    """Return how many machines an order brings, and their first period."""
    if order.model in {gpu.id for gpu in study.gpus}:
        gpu = study.gpu(order.model)
        return order.lots * gpu.lot_nodes, order.period + gpu.delivery_months
    asic = study.asic(order.model)
    return order.lots * asic.lot_units, order.period + asic.delivery_months


def _resale_check(study: Study, plan: Plan) -> Check:
    """Check the busiest step of machine sales against what buyers take."""
    asics = {asic.id: asic for asic in study.asics}
    step = study.time.holding_step_months
    sold_eh_s = np.zeros(study.time.months // step + 1)
    for held in plan.holdings:
        if held.ending == "sell" and held.model in asics:
            hashrate_eh_s = asic_hashrate_eh_s(asics[held.model]) * held.units
            sold_eh_s[held.until // step] += hashrate_eh_s
    depth = study.market.resale_depth_eh_s_per_month
    allowed = float("inf") if depth is None else depth * step + 1e-6
    return check("used machines the market takes", sold_eh_s.max(), allowed, "EH/s")


def _offer_check(study: Study, plan: Plan) -> Check:
    taken = [acceptance.offer for acceptance in plan.offers]
    committed = {
        offer.id
        for offer in (*study.hosting_offers, *study.gpu_offers)
        if offer.is_committed
    }
    faults = len(taken) - len(set(taken)) + len(committed - set(taken))
    return check("offers whole and once", float(faults), 0.0, "offers")


def _hurdle_checks(study: Study, ledger: Ledger) -> Sequence[Check]:
    flows = ledger.site_flow_usd()[0]
    return tuple(
        check(
            f"{site.id} clears its hurdle",
            -float(discount(flows[index], site.hurdle_rate_per_year)),
            10.0,
            "USD",
        )
        for index, site in enumerate(study.sites)
        if site.is_discretionary
    )
