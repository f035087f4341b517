# SPDX-License-Identifier: Apache-2.0
"""The optimiser against brute force: every combination of decisions, by the engine.

What a combination earns and whether it keeps the rules is counted by the engine and by
this module alone; `brute_cases` says why nothing but whole decisions is left.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from brute_cases import contracts, machines_and_plant, three_sites
from engine_plans import empty_plan, full_commitments
from moved_cases import bought_then_moved

from models.capacity import energised_mw, shell_mw, usage
from models.cashflow import evaluate
from models.errors import InfeasibleError
from models.ledger import discount
from models.market import base_paths
from optimizer import plan
from optimizer.milp.treasury import CASH_BUFFER_USD
from optimizer.milp.verify import RTOL, money_scale_usd

if TYPE_CHECKING:
    from brute_cases import Axes

    from models.ledger import Ledger
    from models.plan import Plan
    from models.study import Study

SEEDS = range(4)
MW_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Best:
    npv_usd: float
    scale_usd: float
    n_tried: int
    n_allowed: int


def brute_force(study: Study, axes: Axes) -> Best:
    """Evaluate every combination of one choice per axis."""
    paths = base_paths(study)
    best, scale, tried, allowed = -np.inf, 1e6, 0, 0
    for choices in itertools.product(*axes):
        decided: dict[str, tuple[object, ...]] = {}
        for choice in choices:
            for name, parts in choice.items():
                decided[name] = (*decided.get(name, ()), *parts)
        candidate = empty_plan(study, commitments=full_commitments(study), **decided)
        tried += 1
        if not fits(study, candidate):
            continue
        ledger = evaluate(study, candidate, paths)
        if not (is_solvent(study, ledger) and clears_hurdles(study, ledger)):
            continue
        allowed += 1
        npv = float(ledger.npv_usd(study.company.discount_rate_per_year)[0])
        if npv > best:
            best, scale = npv, money_scale_usd(ledger)
    return Best(best, scale, tried, allowed)


def fits(study: Study, candidate: Plan) -> bool:
    """Whether power, shells and GPUs suffice in every month."""
    used = usage(study, candidate).by_shell_mw
    if (used > shell_mw(study, candidate) + MW_TOLERANCE).any():
        return False
    if (shell_mw(study, candidate) < -MW_TOLERANCE).any():
        return False
    power = energised_mw(study, candidate)
    if (used.sum(axis=1) > power + MW_TOLERANCE).any():
        return False
    pool: dict[tuple[str, str], np.ndarray] = {}
    families = {gpu.id: gpu for gpu in study.gpus}
    for held in candidate.holdings:
        if held.model in families:
            key = (held.site, held.model)
            stock = pool.setdefault(key, np.zeros(study.time.months))
            per_node = families[held.model].gpus_per_node
            stock[held.since : held.until] += held.units * per_node
    for taken in candidate.offers:
        for offer in study.gpu_offers:
            if offer.id == taken.offer:
                key = (offer.site, offer.gpu)
                stock = pool.setdefault(key, np.zeros(study.time.months))
                sign = 1.0 if offer.direction == "in" else -1.0
                stock[taken.since : taken.until] += sign * offer.n_gpus
    return all((stock >= -MW_TOLERANCE).all() for stock in pool.values())


def is_solvent(study: Study, ledger: Ledger) -> bool:
    """Whether cash keeps its floor without BTC sold or equity raised."""
    treasury = ledger.treasury
    rescued = treasury.btc_sold.sum() + treasury.equity_usd.sum() > 0.0
    floor = study.company.cash_floor_usd + CASH_BUFFER_USD
    return not rescued and float(treasury.cash_usd[0, 1:].min()) >= floor


def clears_hurdles(study: Study, ledger: Ledger) -> bool:
    flows = ledger.site_flow_usd()[0]
    return all(
        discount(flows[k], site.hurdle_rate_per_year) >= 0.0
        for k, site in enumerate(study.sites)
        if site.is_discretionary
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "case", [machines_and_plant, three_sites, contracts, bought_then_moved]
)
def test_optimum_is_the_best_of_every_combination(case, seed: int) -> None:
    study, axes = case(seed)
    best = brute_force(study, axes)
    assert best.n_tried >= 400
    if best.n_allowed == 0:
        with pytest.raises(InfeasibleError):
            plan(study)
        return
    found = plan(study)
    assert found.is_verified, [check for check in found.checks if not check.passed]
    assert found.npv_usd == pytest.approx(best.npv_usd, abs=RTOL * best.scale_usd)
    assert found.bound_usd >= best.npv_usd - RTOL * best.scale_usd
