# SPDX-License-Identifier: Apache-2.0
"""Random variations of the tiny study for tests of the optimiser.

Every choice is a short list of round numbers with the extremes among them, so that a
failing study can be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from tiny_studies import (
    alpha,
    asics,
    beta,
    company,
    gamma,
    gpu_offers,
    gpus,
    hosting_offers,
    market,
    tariff,
    tiny_study,
)

from models.site import PartnerContract, Shell
from models.study import Study, TimeGrid
from models.tax_regime import TaxRegime

if TYPE_CHECKING:
    from models.market_parameters import Market


def _pick(draw: st.DrawFn, *values: object) -> object:
    return draw(st.sampled_from(values))


@st.composite
def grids(draw: st.DrawFn) -> TimeGrid:
    """Horizons of 12 to 21 months, some with quarterly sales later on."""
    months = _pick(draw, 12, 14, 18, 21)
    order_step, holding_step = _pick(draw, (3, 3), (4, 5), (1, 6), (6, 2))
    return TimeGrid(
        start_month=_pick(draw, "2025-12", "2028-01"),
        months=months,
        monthly_months=months - 3 * _pick(draw, 0, 1, 2, 4),
        order_step_months=order_step,
        holding_step_months=holding_step,
    )


@st.composite
def markets(draw: st.DrawFn) -> Market:
    return market(
        btc_price_usd=_pick(draw, 30_000.0, 70_000.0, 100_000.0, 160_000.0),
        btc_log_drift_per_year=_pick(draw, -0.6, 0.0, 0.3),
        network_trend_per_year=_pick(draw, -0.1, 0.0, 0.4),
        gpu_rent_drift_per_year=_pick(draw, -0.3, 0.0),
        resale_depth_eh_s_per_month=_pick(draw, None, None, 0.05, 0.5),
    )


@st.composite
def tax_regimes(draw: st.DrawFn) -> tuple[TaxRegime, ...]:
    return tuple(
        TaxRegime(
            id=name,
            name=name,
            rate_frac=_pick(draw, 0.0, 0.15, 0.35),
            loss_use_cap_frac=_pick(draw, 0.0, 0.5, 0.8, 1.0),
            asic_life_months=_pick(draw, 1, 12, 36),
            gpu_life_months=_pick(draw, 12, 60),
            plant_life_months=_pick(draw, 9, 180),
        )
        for name in ("us", "group", "oman")
    )


@st.composite
def companies(draw: st.DrawFn) -> object:
    """Cash so tight at times that BTC must be sold and equity raised."""
    pledged = _pick(draw, 0.0, 100.0)
    loan = company().loan.model_copy(
        update={
            "principal_usd": _pick(draw, 0.0, 2e6, 6e6, 12e6),
            "rate_per_year": _pick(draw, 0.0, 0.08, 0.15),
            "maturity_month": _pick(
                draw, "2025-06", "2025-12", "2026-03", "2026-10", "2028-02", "2030-01"
            ),
        }
    )
    return company(
        cash_usd=_pick(draw, 0.0, 2e6, 8e6, 20e6),
        cash_floor_usd=_pick(draw, 0.0, 1e6, 5e6),
        btc_free=_pick(draw, 0.0, 20.0),
        btc_pledged=pledged,
        loan=loan,
        general_admin_usd_per_month=_pick(draw, 0.0, 100e3, 500e3),
        discount_rate_per_year=_pick(draw, 0.0, 0.05, 0.12, 0.25),
        max_btc_sale_frac_per_month=_pick(draw, 0.0, 0.2, 1.0),
        btc_selling_cost_frac=_pick(draw, 0.0, 0.002, 0.02),
        emergency_equity_max_usd=_pick(draw, 0.0, 5e6, 40e6),
        emergency_equity_premium_frac=_pick(draw, 0.0, 0.25, 1.0),
        min_live_months=_pick(draw, 0, 6),
        tax_site=_pick(draw, "alpha", "beta"),
    )


@st.composite
def sites(draw: st.DrawFn) -> tuple[object, ...]:
    air, hpc = alpha().shells
    first = alpha(
        power=tariff(
            flexible_usd_per_mwh=_pick(draw, 20.0, 50.0, 90.0),
            escalation_per_year=_pick(draw, 0.0, 0.05),
            demand_charge_usd_per_mw_month=_pick(draw, 0.0, 5000.0),
        ),
        status=_pick(draw, "operating", "pilot"),
        shells=(air, hpc.model_copy(update={"opening_mw": _pick(draw, 0.0, 1.0)})),
        phases=(
            *alpha().phases,
            alpha()
            .phases[0]
            .model_copy(
                update={"id": "alpha_p2", "lead_time_months": _pick(draw, 0, 4)}
            ),
        ),
        conversions=(
            alpha()
            .conversions[0]
            .model_copy(
                update={
                    "downtime_months": _pick(draw, 0, 2),
                    "lead_time_months": _pick(draw, 2, 5),
                    "capex_usd_per_mw": _pick(draw, 1e5, 3e6),
                }
            ),
        ),
        max_parallel_builds=_pick(draw, 1, 2),
        move_in_usd_per_unit=_pick(draw, 0.0, 100.0),
    )
    second = beta(
        partner=PartnerContract(
            hosting_rate_usd_per_mwh=_pick(draw, 40.0, 70.0, 100.0),
            avoidable_frac=_pick(draw, 0.0, 0.6, 1.0),
            min_term_months=_pick(draw, 0, 6, 30),
            notice_months=_pick(draw, 0, 4),
        ),
        shells=(
            Shell(kind="air", opening_mw=12.0, pue=1.0, gross_per_it_ratio=1.0),
            *draw(
                st.sampled_from(
                    (
                        (),
                        (
                            Shell(
                                kind="hpc",
                                opening_mw=2.0,
                                pue=1.2,
                                gross_per_it_ratio=1.3,
                            ),
                        ),
                    )
                )
            ),
        ),
    )
    third = gamma(hurdle_rate_per_year=_pick(draw, 0.1, 0.3, 1.5))
    return (first, second, *_pick(draw, (), (third,)))


@st.composite
def studies(draw: st.DrawFn) -> Study:
    """A study of two or three sites; it may have no plan at all."""
    client, tenant = hosting_offers()
    lease_in, lease_out = gpu_offers()
    grid = draw(grids())
    shift = {"earliest_start": "2025-12", "latest_start": "2028-06"}
    offers = (
        client.model_copy(
            update={
                "term_months": _pick(draw, 1, 6, 60),
                "is_evergreen": _pick(draw, False, True),
                "rate_usd_per_mwh": _pick(draw, 40.0, 75.0),
            }
        ),
        tenant.model_copy(
            update={"term_months": _pick(draw, 9, 120), "mw": _pick(draw, 0.9, 1.35)}
        ),
    )
    leases = (
        lease_in.model_copy(
            update={
                "is_committed": _pick(draw, False, True),
                "is_evergreen": _pick(draw, False, True),
                "term_months": _pick(draw, 5, 12, 40),
                **shift,
            }
        ),
        lease_out.model_copy(
            update={
                "site": _pick(draw, "alpha", "beta"),
                "n_gpus": _pick(draw, 16, 64),
                "deposit_months": _pick(draw, 0, 2),
                "term_months": _pick(draw, 5, 12, 40),
                **shift,
            }
        ),
    )
    node = gpus()[0].model_copy(
        update={
            "lot_nodes": _pick(draw, 1, 8),
            "rent_usd_per_gpu_h": _pick(draw, 1.5, 2.4, 5.0),
            "delivery_months": _pick(draw, 0, 4),
        }
    )
    old, new = asics()
    machines = (
        old.model_copy(update={"is_orderable": _pick(draw, False, True)}),
        new.model_copy(
            update={
                "lot_units": _pick(draw, 1, 100, 500),
                "delivery_months": _pick(draw, 0, 1, 3),
                "price_usd_per_th": _pick(draw, 4.0, 9.0),
            }
        ),
    )
    owner, places = draw(companies()), draw(sites())
    if owner.tax_site == "alpha":
        # A site that carries the company's tax has no hurdle: studies are checked so.
        places = (places[0].model_copy(update={"status": "operating"}), *places[1:])
    return tiny_study(
        time=grid,
        market=draw(markets()),
        tax_regimes=draw(tax_regimes()),
        company=owner,
        sites=places,
        asics=machines,
        gpus=(node,),
        hosting_offers=offers,
        gpu_offers=leases,
    )
