# SPDX-License-Identifier: Apache-2.0
"""Plans and futures with round numbers for the tests of the monthly engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.clients import count_client_slots
from models.paths import MarketPaths
from models.plan import Commitment, Holding, Plan

if TYPE_CHECKING:
    from models.ledger import Ledger
    from models.study import Study


def flat_paths(
    study: Study,
    *,
    n_scenarios: int = 1,
    btc_price_usd: float = 100_000.0,
    btc_per_eh_s: float = 14.0,
    hashprice: float = 40.0,
    rent: float = 2.0,
    utilisation: float = 0.5,
    power_multiplier: float = 1.0,
    capex_factor: float = 1.0,
    delay_months: int = 0,
) -> MarketPaths:
    """Every price flat, so that one month can be worked by hand."""
    months, sites, gpus = study.time.months, len(study.sites), len(study.gpus)

    def full(value: float, *axes: int) -> np.ndarray:
        return np.full((n_scenarios, *axes), value)

    return MarketPaths(
        btc_price_usd=full(btc_price_usd, months),
        network_eh_s=full(1000.0, months),
        btc_per_eh_s=full(btc_per_eh_s, months),
        hashprice_usd_per_ph_day=full(hashprice, months),
        power_multiplier=full(power_multiplier, sites, months),
        gpu_rent_usd_per_gpu_h=full(rent, gpus, months),
        gpu_utilisation_frac=full(utilisation, gpus, months),
        client_fate=full(np.inf, sites, count_client_slots(study)),
        capex_factor=full(capex_factor, sites),
        delay_months=np.full((n_scenarios, sites), delay_months, dtype=np.int64),
        btc_low_frac=full(1.0, months),
        btc_dip_frac=full(1.0, months),
    )


def one_row(paths: MarketPaths, row: int) -> MarketPaths:
    """One scenario of a batch, alone."""
    return rows(paths, slice(row, row + 1))


def rows(paths: MarketPaths, part: slice) -> MarketPaths:
    """Some scenarios of a batch."""
    return MarketPaths(
        **{name: getattr(paths, name)[part] for name in MarketPaths.__slots__}
    )


def empty_plan(study: Study, **changes: object) -> Plan:
    """Nothing held, nothing sold, unless said otherwise."""
    nothing = (0.0,) * study.time.months
    terms: dict[str, object] = {
        "label": "test",
        "study_id": study.id,
        "months": study.time.months,
        "btc_sold_free": nothing,
        "btc_sold_pledged": nothing,
        "emergency_equity_usd": nothing,
    }
    return Plan(**(terms | changes))  # type: ignore[arg-type]


def once(study: Study, period: int, value: float) -> tuple[float, ...]:
    """A monthly series that is zero but in one period."""
    return tuple(value if t == period else 0.0 for t in range(study.time.months))


def opening_holdings(study: Study) -> tuple[Holding, ...]:
    """Every opening machine kept to the horizon."""
    return tuple(
        Holding(
            model=cohort.model,
            site=site.id,
            cohort_period=-cohort.age_months,
            since=0,
            until=study.time.months,
            units=cohort.units,
            ending="keep",
        )
        for site in study.sites
        for cohort in site.opening_fleet
    )


def full_commitments(study: Study) -> tuple[Commitment, ...]:
    """Every partner contract kept at its opening MW."""
    return tuple(
        Commitment(site=site.id, mw=(site.contracted_mw,) * study.time.months)
        for site in study.sites
        if site.partner is not None
    )


def held(study: Study, **changes: object) -> Holding:
    """100 old machines at alpha over the whole horizon, unless said otherwise."""
    terms: dict[str, object] = {
        "model": "old",
        "site": "alpha",
        "cohort_period": -12,
        "since": 0,
        "until": study.time.months,
        "units": 100.0,
        "ending": "keep",
    }
    return Holding(**(terms | changes))  # type: ignore[arg-type]


def item(ledger: Ledger, name: str, site: int = 0) -> np.ndarray:
    """One item of one site in the first scenario."""
    return ledger.site_items[name][0, site]


def at(index: int, value: float, length: int = 25) -> np.ndarray:
    """Flows that are zero but at one index."""
    flow = np.zeros(length)
    flow[index] = value
    return flow
