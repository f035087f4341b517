# SPDX-License-Identifier: Apache-2.0
"""Random plans of any study with every kind of decision, and harsher markets.

A plan need be neither wise nor allowed: engines must agree on it all the same. It
comes from a seed, so that a failing one is named by study and seed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st
from study_strategies import studies

from models.fleet import TRANSIT_MONTHS
from models.market_parameters import Correlation
from models.plan import (
    BuildStart,
    Commitment,
    ConversionStart,
    DebtDraw,
    Holding,
    Move,
    OfferAcceptance,
    Order,
    PhaseStart,
    Plan,
)

if TYPE_CHECKING:
    from models.site import Site
    from models.study import Study


@dataclass
class _Decisions:
    """What a plan does, as it is made up."""

    study: Study
    rng: np.random.Generator
    orders: list[Order] = field(default_factory=list)
    holdings: list[Holding] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)

    @property
    def months(self) -> int:
        return self.study.time.months

    def period(self, since: int = 0) -> int:
        return int(self.rng.integers(since, self.months))

    def has(self, chance: float) -> bool:
        return bool(self.rng.random() < chance)

    def hold(self, model: str, site: Site, cohort: int, units: float) -> None:
        """Hold machines to the horizon, sell them or move them, in up to two parts."""
        since = max(cohort, 0)
        split = units * float(self.rng.choice([0.0, 0.3])) if units > 1.0 else 0.0
        for part in (split, units - split):
            if part > 0.0:
                self._live(model, site, cohort, since, part)

    def _live(
        self, model: str, site: Site, cohort: int, since: int, units: float
    ) -> None:
        terms: dict[str, Any] = {
            "model": model,
            "site": site.id,
            "cohort_period": cohort,
            "since": since,
            "units": units,
        }
        fate = self.rng.choice(["keep", "sell", "move"], p=[0.5, 0.3, 0.2])
        until = self.period(since)
        others = self._places(model, site)
        if fate == "keep":
            self.holdings.append(Holding(**terms, until=self.months, ending="keep"))
            return
        if fate == "sell" or not others or until + TRANSIT_MONTHS > self.months:
            end = self.months if self.has(0.1) else until
            self.holdings.append(Holding(**terms, until=end, ending="sell"))
            return
        self.holdings.append(Holding(**terms, until=until, ending="move"))
        to = others[int(self.rng.integers(len(others)))]
        arrived = until + TRANSIT_MONTHS
        later = {"site": to.id, "since": arrived, "until": self.months}
        self.holdings.append(Holding(**(terms | later), ending="keep"))
        self.moves.append(
            Move(
                model=model,
                cohort_period=cohort,
                from_site=site.id,
                to_site=to.id,
                period=until,
                units=units,
            )
        )

    def _places(self, model: str, site: Site) -> list[Site]:
        """Other sites that machines can move to; GPUs stay where they are."""
        kinds = {asic.id: asic.shell for asic in self.study.asics}
        return [
            place
            for place in self.study.sites
            if place.id != site.id and model in kinds and place.shell(kinds[model])
        ]

    def buy(self, model: str, site: Site, lot_units: int, delivery: int) -> None:
        """Order machines; those that come within the horizon are held."""
        period, lots = self.period(), int(self.rng.integers(1, 6))
        self.orders.append(Order(model=model, site=site.id, period=period, lots=lots))
        if period + delivery < self.months:
            self.hold(model, site, period + delivery, float(lots * lot_units))


def random_plan(study: Study, seed: int) -> Plan:
    """A plan with something of everything that the study offers."""
    rng = np.random.default_rng(seed)
    made = _Decisions(study, rng)
    for site in study.sites:
        for cohort in site.opening_fleet:
            if made.has(0.9):
                made.hold(cohort.model, site, -cohort.age_months, cohort.units)
        for asic in study.asics:
            while site.shell(asic.shell) and made.has(0.4):
                made.buy(asic.id, site, asic.lot_units, asic.delivery_months)
        for gpu in study.gpus:
            while site.shell("hpc") and made.has(0.4):
                made.buy(gpu.id, site, gpu.lot_nodes, gpu.delivery_months)
    return Plan(
        label=f"random {seed}",
        study_id=study.id,
        months=study.time.months,
        orders=tuple(made.orders),
        holdings=tuple(made.holdings),
        moves=tuple(made.moves),
        offers=_offers(study, made),
        commitments=_commitments(study, made),
        debt_draws=_debt(study, made),
        **_works(study, made),
        **_treasury(study, made),
    )


def _works(study: Study, made: _Decisions) -> dict[str, Any]:
    phases, builds, conversions = [], [], []
    for site in study.sites:
        for phase in site.phases:
            if made.has(0.5):
                phases.append(
                    PhaseStart(site=site.id, phase=phase.id, period=made.period())
                )
        for shell in site.shells:
            if shell.build is not None and made.has(0.5):
                modules = int(made.rng.integers(1, shell.build.max_modules + 1))
                builds.append(
                    BuildStart(
                        site=site.id,
                        kind=shell.kind,
                        period=made.period(),
                        modules=modules,
                    )
                )
        for work in site.conversions:
            if made.has(0.5):
                conversions.append(
                    ConversionStart(
                        site=site.id,
                        conversion=work.id,
                        period=made.period(),
                        modules=1,
                    )
                )
    return {
        "phases": tuple(phases),
        "builds": tuple(builds),
        "conversions": tuple(conversions),
    }


def _offers(study: Study, made: _Decisions) -> tuple[OfferAcceptance, ...]:
    taken = []
    for offer in (*study.hosting_offers, *study.gpu_offers):
        if made.has(0.7):
            since = 0 if offer.is_committed else made.period()
            until = since + offer.term_months
            taken.append(OfferAcceptance(offer=offer.id, since=since, until=until))
    return tuple(taken)


def _commitments(study: Study, made: _Decisions) -> tuple[Commitment, ...]:
    entries = []
    for site in study.sites:
        if site.partner is not None and made.has(0.8):
            stop = made.period()
            mw = tuple(
                site.contracted_mw * (1.0 if t < stop else 0.5)
                for t in range(made.months)
            )
            entries.append(Commitment(site=site.id, mw=mw))
    return tuple(entries)


def _debt(study: Study, made: _Decisions) -> tuple[DebtDraw, ...]:
    draws = []
    for facility in study.company.debt_facilities:
        while made.has(0.6):
            amount = float(made.rng.choice([1e5, 7.5e5, 3e6]))
            draws.append(
                DebtDraw(facility=facility.id, period=made.period(), amount_usd=amount)
            )
    return tuple(draws)


def _treasury(study: Study, made: _Decisions) -> dict[str, Any]:
    def now_and_then(size: float, chance: float) -> tuple[float, ...]:
        is_on = made.rng.random(made.months) < chance
        return tuple(float(x) for x in size * made.rng.random(made.months) * is_on)

    busy = float(made.rng.choice([0.0, 0.1, 0.5]))
    release = float(made.rng.choice([0.0, 20e3, 60e3, 150e3]))
    return {
        "btc_sold_free": now_and_then(8.0, 2.0 * busy),
        "btc_sold_pledged": now_and_then(20.0, busy),
        "btc_bought": now_and_then(5.0, busy),
        "btc_pledged": now_and_then(30.0, busy),
        "btc_released": now_and_then(20.0, busy),
        "loan_drawn_usd": now_and_then(2e6, busy),
        "loan_repaid_usd": now_and_then(1e6, busy),
        "emergency_equity_usd": now_and_then(2e6, 0.2 * busy),
        "release_usd_per_btc": None if made.has(0.5) else release,
    }


# -- studies ----------------------------------------------------------------------


def harsher(study: Study, seed: int) -> Study:
    """The same study with defaults, jumps, delays, a halving and large loans."""
    rng = np.random.default_rng(seed)

    def one_of(*values: object) -> Any:
        return values[int(rng.integers(len(values)))]

    default = {"default_rate_per_year": one_of(0.0, 0.3, 0.9)}
    market = study.market.model_copy(
        update={
            "btc_volatility_per_year": one_of(0.0, 0.5, 0.9, 1.5),
            "btc_variance_spread": one_of(0.0, 0.7),
            "btc_variance_tail_spread": one_of(0.0, 0.5),
            "block_height": one_of(925_000, 1_020_000, 1_049_990),
            "network_volatility_per_year": one_of(0.13, 0.13, 4.0),
            "network_short_elasticity": one_of(0.0, 0.3),
            "network_break_even_usd_per_ph_day": one_of(None, 40.0),
            "network_opening_growth_per_year": one_of(None, 0.5),
            "opening_fee_share_frac": one_of(None, 0.05),
            "earlier_btc_price_usd": one_of(None, 90e3),
            "btc_opening_volatility_per_year": one_of(None, 0.3),
            "delay_volatility_months": one_of(0.0, 3.0, 24.0),
            "capex_overrun_volatility_frac": one_of(0.0, 0.15, 0.8),
            "power_volatility_per_year": one_of(0.15, 1.5),
            "gpu_utilisation_volatility_per_year": one_of(0.2, 1.0),
            "correlations": one_of((), _related()),
        }
    )
    pledged = one_of(study.company.btc_pledged, 150.0)
    owed = one_of(0.3, 0.6, 0.77) * pledged * market.btc_price_usd
    loan = study.company.loan.model_copy(
        update={
            "principal_usd": one_of(study.company.loan.principal_usd, owed),
            "maturity_month": one_of(study.company.loan.maturity_month, "2031-01"),
            "draw_limit_usd": one_of(0.0, 1.01 * owed, 1.1 * owed, 1e9),
            "rate_per_year": one_of(0.0, 0.12),
            "cure_days": one_of(0.0, 2.0, 31.0),
            "liquidation_penalty_frac": one_of(0.0, 0.02, 0.2),
        }
    )
    owner = {"loan": loan, "btc_pledged": pledged}
    return study.model_copy(
        update={
            "market": market,
            "company": study.company.model_copy(update=owner),
            "hosting_offers": tuple(
                offer.model_copy(update=default) for offer in study.hosting_offers
            ),
            "gpu_offers": tuple(
                offer.model_copy(update=default) if offer.direction == "out" else offer
                for offer in study.gpu_offers
            ),
        }
    )


def _related() -> tuple[Correlation, ...]:
    pairs = (("btc_price", "network", 0.3), ("btc_price", "btc_variance", -0.2))
    return tuple(Correlation(first=a, second=b, value=v) for a, b, v in pairs)


seeds = st.integers(0, 2**32 - 1)


@st.composite
def harsh_studies(draw: st.DrawFn) -> Study:
    """Random studies with two or three sites, half of them with a harsher market."""
    study = draw(studies())
    return harsher(study, draw(seeds)) if draw(st.booleans()) else study
