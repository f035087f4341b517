# SPDX-License-Identifier: Apache-2.0
"""Random plans and futures of the tiny study for property tests of the engine."""

from __future__ import annotations

import numpy as np
from engine_plans import empty_plan, opening_holdings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from tiny_studies import tiny_study

from models.clients import count_client_slots
from models.market import Shocks, simulate
from models.market_parameters import FACTORS
from models.plan import (
    BuildStart,
    Commitment,
    ConversionStart,
    Holding,
    Move,
    OfferAcceptance,
    Order,
    PhaseStart,
)

STUDY = tiny_study()
MONTHS = STUDY.time.months
quick = settings(
    max_examples=30, suppress_health_check=[HealthCheck.too_slow], deadline=None
)
few = settings(quick, max_examples=12)

seeds = st.integers(0, 2**32 - 1)
steps = st.integers(0, MONTHS // 3 - 1).map(lambda k: 3 * k)


def futures(seed, n_scenarios=3):
    rng = np.random.default_rng(seed)
    sites = len(STUDY.sites)
    return simulate(
        STUDY,
        Shocks(
            monthly=rng.standard_normal((n_scenarios, len(FACTORS), MONTHS)),
            site_power=rng.standard_normal((n_scenarios, sites, MONTHS)),
            site_build=rng.standard_normal((n_scenarios, sites, 2)),
            client_fate=rng.exponential(
                size=(n_scenarios, sites, count_client_slots(STUDY))
            ),
            within_month=rng.exponential(size=(n_scenarios, 2, MONTHS)),
        ),
    )


def bought(model, lots, lot_units, period, live, until):
    """An order and what becomes of its machines."""
    order = Order(model=model, site="alpha", period=period, lots=lots)
    ending = "keep" if until == MONTHS else "sell"
    held = Holding(
        model=model,
        site="alpha",
        cohort_period=live,
        since=live,
        until=until,
        units=float(lots * lot_units),
        ending=ending,
    )
    return order, held


@st.composite
def plans(draw):
    """Feasible plans of the tiny study: at most 8.2 MW of air and 1.35 MW of hall."""
    orders, holdings, moves = [], [], []
    opening = {held.site: held for held in opening_holdings(STUDY)}
    leave = draw(steps)
    fate = draw(st.sampled_from(["keep", "sell", "move"]))
    holdings.append(opening["beta"])
    if fate == "keep":
        holdings.append(opening["alpha"])
    else:
        first = opening["alpha"].model_copy(update={"until": leave, "ending": fate})
        holdings.append(first)
    if fate == "move":
        beta = opening["beta"]
        holdings[0] = beta.model_copy(update={"units": 3000.0})
        holdings.append(
            beta.model_copy(update={"units": 1000.0, "ending": "sell", "until": leave})
        )
        arrived = {"site": "beta", "since": min(leave + 1, MONTHS), "until": MONTHS}
        holdings.append(opening["alpha"].model_copy(update=arrived))
        moves.append(
            Move(
                model="old",
                cohort_period=-12,
                from_site="alpha",
                to_site="beta",
                period=leave,
                units=1000.0,
            )
        )
    lots = draw(st.integers(0, 8))
    if lots:
        period = draw(st.integers(0, 6)) * 3
        until = draw(st.sampled_from([period + 3 + 3, MONTHS]))
        order, held = bought("new", lots, 100, period, period + 3, until)
        orders.append(order)
        holdings.append(held)
    conversions = []
    if draw(st.booleans()):
        conversions.append(
            ConversionStart(site="alpha", conversion="alpha_hall", period=0, modules=1)
        )
        gpu_lots = draw(st.integers(0, 11))
        if gpu_lots:
            order, held = bought("h100", gpu_lots, 8, 0, 6, MONTHS)
            orders.append(order)
            holdings.append(held)
    offers = [OfferAcceptance(offer="alpha_client", since=0, until=6)]
    if draw(st.booleans()):
        since = draw(st.sampled_from([0, 3]))
        for name in ("rent_in", "rent_out"):
            offers.append(OfferAcceptance(offer=name, since=since, until=since + 12))
    builds = draw(st.integers(0, 2))
    share = st.floats(0.0, 3.0)
    return empty_plan(
        STUDY,
        orders=tuple(orders),
        holdings=tuple(holdings),
        moves=tuple(moves),
        conversions=tuple(conversions),
        offers=tuple(offers),
        phases=tuple(
            PhaseStart(site="alpha", phase="alpha_p1", period=draw(steps))
            for _ in range(draw(st.integers(0, 1)))
        ),
        builds=(BuildStart(site="alpha", kind="air", period=3, modules=builds),)
        if builds
        else (),
        commitments=(Commitment(site="beta", mw=(12.0,) * MONTHS),),
        btc_sold_free=tuple(draw(share) for _ in range(MONTHS)),
        btc_sold_pledged=tuple(draw(share) for _ in range(MONTHS)),
    )


def changed(paths, name, value):
    """The same futures with one path replaced."""
    return type(paths)(
        **{
            key: value if key == name else getattr(paths, key)
            for key in type(paths).__slots__
        }
    )
