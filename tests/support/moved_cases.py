# SPDX-License-Identifier: Apache-2.0
"""Studies in which machines bought at one site move on to another."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from brute_cases import LOT_MW, firm, grid, study_of, untaxed
from hypothesis import strategies as st
from study_strategies import companies, markets, tax_regimes
from tiny_studies import alpha, asics, beta, tariff, tiny_study

from models.fleet import TRANSIT_MONTHS
from models.plan import BuildStart, Holding, Move, Order
from models.site import Shell, ShellBuild

if TYPE_CHECKING:
    from brute_cases import Axes, Decisions

    from models.hardware import AsicModel
    from models.site import Site
    from models.study import Study

AIR = Shell(kind="air", opening_mw=LOT_MW, pue=1.05, gross_per_it_ratio=1.05)


def machine(**changes: object) -> AsicModel:
    """A machine that needs no repair, does not wear and is there at once."""
    terms = {
        "delivery_months": 0,
        "degradation_per_year": 0.0,
        "failure_rate_per_year": 0.0,
    }
    return asics()[1].model_copy(update=terms | changes)


def place(power_usd_per_mwh: float, **changes: object) -> Site:
    """A site with room for one lot and no cost but power."""
    terms: dict[str, object] = {
        "contracted_mw": 5.0,
        "power": tariff(
            flexible_usd_per_mwh=power_usd_per_mwh,
            demand_charge_usd_per_mw_month=0.0,
            demand_response_usd_per_mw_year=0.0,
        ),
        "mining_opex_usd_per_mw_year": 0.0,
        "shells": (AIR,),
        "phases": (),
        "conversions": (),
        "opening_fleet": (),
    }
    return alpha(**(terms | changes))


def late_hall(modules: int, capex_usd_per_mw: float) -> tuple[Shell, ...]:
    """A hall that is there after half a year at the earliest."""
    build = ShellBuild(
        capex_usd_per_mw=capex_usd_per_mw,
        module_mw=LOT_MW,
        max_modules=modules,
        lead_time_months=6,
        earliest_month="2025-12",
    )
    return (AIR.model_copy(update={"opening_mw": 0.0, "build": build}),)


def cheap_power_later(**changes: object) -> Study:
    """A lot fits at alpha now, or from June at omega, where power costs 40 USD less.

    One year, orders in its first month, no tax, no discounting, BTC sold at no cost.
    """
    omega: dict[str, object] = {"id": "omega", "shells": late_hall(1, 0.0)}
    free = {"discount_rate_per_year": 0.0, "btc_selling_cost_frac": 0.0}
    owner = firm(30e6).model_copy(update=free)
    return tiny_study(
        company=owner,
        time=grid(12, 12, 3),
        sites=(place(60.0), place(20.0, **(omega | changes))),
        asics=(machine(),),
        tax_regimes=untaxed(),
        gpus=(),
        hosting_offers=(),
        gpu_offers=(),
    )


# -- every combination -------------------------------------------------------------


def bought_then_moved(seed: int) -> tuple[Study, Axes]:
    """When to sell or move a lot, and for how many lots to build elsewhere; no tax."""
    rng = np.random.default_rng(300 + seed)
    study = study_of(
        rng,
        company=firm(30e6),
        time=grid(12, 12, 3),
        sites=(
            place(float(rng.uniform(30.0, 90.0)), shells=(_room(2),)),
            place(
                float(rng.uniform(5.0, 60.0)),
                id="omega",
                asic_duty_frac=float(rng.choice([0.0, 0.1, 0.12])),
                move_in_usd_per_unit=float(rng.uniform(0.0, 150.0)),
                shells=late_hall(2, float(rng.uniform(1e3, 1e5))),
            ),
        ),
        asics=(machine(price_usd_per_th=float(rng.uniform(2.0, 9.0))),),
        tax_regimes=untaxed(),
    )
    works: list[Decisions] = [
        {"builds": (BuildStart(site="omega", kind="air", period=0, modules=count),)}
        for count in (1, 2)
    ]
    lots = [
        _joined(lots)
        for count in range(4)
        for lots in itertools.combinations_with_replacement(_lives(), count)
    ]
    return study, [[{}, *works], lots]


def _room(lots: int) -> Shell:
    return AIR.model_copy(update={"opening_mw": lots * LOT_MW})


Life = tuple[int, int | None]
"""Period in which a lot leaves alpha, and omega if it moved there."""


def _lives() -> list[Life]:
    """Every way in which a lot bought in period 0 may live."""
    sold = [(end, None) for end in (3, 6, 9, 12)]
    moved = [(at, end) for at in (3, 6, 9) for end in (6, 9, 12) if end > at]
    return [*sold, *moved]


def _joined(lives: tuple[Life, ...]) -> Decisions:
    """Return the decisions of lots ordered together."""
    if not lives:
        return {}
    order = Order(model="new", site="alpha", period=0, lots=len(lives))
    holdings: list[Holding] = []
    moves: list[Move] = []
    for left, end in lives:
        if end is None:
            holdings.append(_held("alpha", 0, left, "keep" if left == 12 else "sell"))
            continue
        holdings.append(_held("alpha", 0, left, "move"))
        ending = "keep" if end == 12 else "sell"
        holdings.append(_held("omega", left + TRANSIT_MONTHS, end, ending))
        moves.append(
            Move(
                model="new",
                cohort_period=0,
                from_site="alpha",
                to_site="omega",
                period=left,
                units=100.0,
            )
        )
    return {
        "orders": (order,),
        "holdings": tuple(holdings),
        "moves": tuple(moves),
    }


def _held(site: str, since: int, until: int, ending: str) -> Holding:
    return Holding(
        model="new",
        site=site,
        cohort_period=0,
        since=since,
        until=until,
        units=100.0,
        ending=ending,
    )


# -- random ------------------------------------------------------------------------


@st.composite
def moving_studies(draw: st.DrawFn) -> Study:
    """Power gets dear at one site and cheap at others: machines bought follow it."""

    def pick(*values: object) -> object:
        return draw(st.sampled_from(values))

    dear = place(
        pick(15.0, 30.0),
        shells=(_room(8),),
        power=tariff(flexible_usd_per_mwh=20.0, escalation_per_year=pick(1.0, 2.0)),
        mining_opex_usd_per_mw_year=pick(0.0, 90_000.0),
    )
    cheap = place(
        90.0,
        id="omega",
        tax_regime=pick("us", "oman"),
        power=tariff(flexible_usd_per_mwh=90.0, escalation_per_year=-0.8),
        shells=(_room(pick(1, 3)),),
        asic_duty_frac=pick(0.0, 0.1, 0.15),
        move_in_usd_per_unit=pick(0.0, 100.0),
        mining_opex_usd_per_mw_year=pick(0.0, 400_000.0),
    )
    hosted = beta(opening_fleet=pick((), beta().opening_fleet))
    new = machine(
        lot_units=pick(7, 100),
        delivery_months=pick(0, 1, 2),
        degradation_per_year=pick(0.0, 0.05, 0.4),
        price_usd_per_th=pick(2.0, 5.0),
        failure_rate_per_year=0.05,
    )
    months = pick(12, 14, 18)
    order_step, holding_step = pick((3, 3), (4, 5), (6, 2), (2, 1))
    places, prices = (dear, hosted, cheap), draw(markets())
    owner = draw(companies("2025-12", prices.btc_price_usd))
    there = {site.id for site in places} - {owner.tax_site}
    lent = [f for f in owner.debt_facilities if f.site is None or f.site in there]
    changes = {"cash_usd": 20e6, "debt_facilities": tuple(lent)}
    return tiny_study(
        time=grid(months, order_step, holding_step),
        market=prices,
        tax_regimes=draw(tax_regimes()),
        company=owner.model_copy(update=changes),
        sites=places,
        asics=(asics()[0], new),
        gpus=(),
        hosting_offers=(),
        gpu_offers=(),
    )
