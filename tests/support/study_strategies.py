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

from models.company import TreasuryPolicy
from models.debt import DebtFacility
from models.site import PartnerContract, Shell
from models.study import Study, TimeGrid
from models.tax_regime import DepreciationRule, TaxHoliday, TaxRegime

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
def rules(draw: st.DrawFn) -> DepreciationRule:
    return DepreciationRule(
        method=_pick(draw, "straight_line", "macrs", "bonus"),
        bonus_frac=_pick(draw, 0.0, 0.6, 1.0),
        macrs_years=_pick(draw, 3, 5, 15),
    )


@st.composite
def holidays(draw: st.DrawFn) -> tuple[TaxHoliday, ...]:
    """None, one that began before the study, or two back to back."""
    some, all_of_it = _pick(draw, 0.4, 1.0), 1.0
    began, ended, again = ("2025-02", "2028-03", "2028-04")
    return _pick(
        draw,
        (),
        (TaxHoliday(first_month=began, last_month=ended, exempt_frac=some),),
        (
            TaxHoliday(first_month=again, last_month="2028-09", exempt_frac=all_of_it),
            TaxHoliday(first_month="2026-02", last_month=ended, exempt_frac=some),
        ),
    )


@st.composite
def tax_regimes(draw: st.DrawFn) -> tuple[TaxRegime, ...]:
    return tuple(
        TaxRegime(
            id=name,
            name=name,
            rate_frac=_pick(draw, 0.0, 0.15, 0.35),
            loss_use_cap_frac=_pick(draw, 0.0, 0.5, 0.8, 1.0),
            loss_life_months=_pick(draw, None, None, 3, 9),
            holidays=draw(holidays()),
            withholding_frac=_pick(draw, 0.0, 0.0, 0.2),
            mining_vat_frac=_pick(draw, 0.0, 0.022),
            asic_life_months=_pick(draw, 1, 12, 36),
            gpu_life_months=_pick(draw, 12, 60),
            plant_life_months=_pick(draw, 9, 180),
            asic_depreciation=draw(rules()),
            gpu_depreciation=draw(rules()),
            plant_depreciation=draw(rules()),
        )
        for name in ("us", "group", "oman")
    )


def _facilities(draw: st.DrawFn) -> tuple[DebtFacility, ...]:
    """Loans on machines, GPUs and the plant of two sites, each there or not."""
    terms = {
        "advance_frac": _pick(draw, 0.5, 1.0),
        "rate_per_year": _pick(draw, 0.0, 0.1, 0.3),
        "term_months": _pick(draw, 3, 12, 36),
        "grace_months": _pick(draw, 0, 4),
        "fee_frac": _pick(draw, 0.0, 0.02),
        "limit_usd": _pick(draw, 1e5, 2e6, 1e9),
    }
    cover = _pick(draw, None, 1.3)
    return tuple(
        DebtFacility(
            id=f"{kind}_{site or 'all'}",
            name=kind,
            kind=kind,
            site=site,
            min_dscr=cover if kind == "project" else None,
            **terms,
        )
        for kind, site in (
            ("machine", None),
            ("gpu", None),
            ("project", "alpha"),
            ("project", "gamma"),
        )
        if _pick(draw, False, True)
    )


@st.composite
def companies(draw: st.DrawFn, start_month: str, price_usd: float) -> object:
    """Cash so tight at times that BTC must be sold and equity raised."""
    pledged = _pick(draw, 0.0, 100.0)
    owed_usd = _pick(draw, 0.0, 0.2, 0.6, 0.75) * pledged * price_usd
    maturity = _pick(
        draw, "2025-06", "2025-12", "2026-03", "2026-10", "2028-02", "2030-01"
    )
    loan = company().loan.model_copy(
        update={
            "principal_usd": owed_usd if maturity >= start_month else 0.0,
            "rate_per_year": _pick(draw, 0.0, 0.08, 0.15),
            "maturity_month": maturity,
            "draw_limit_usd": _pick(draw, 0.0, 4e6, 1e9),
        }
    )
    policy = TreasuryPolicy(
        kind=_pick(draw, *["optimise"] * 3, "hold_all", "sell_to_cover", "sell_share"),
        sell_share_frac=_pick(draw, 0.0, 0.5),
        max_btc_purchase_usd_per_month=_pick(draw, 0.0, 1e5),
    )
    return company(
        cash_usd=_pick(draw, 0.0, 2e6, 8e6, 20e6),
        cash_floor_usd=_pick(draw, 0.0, 1e6, 5e6),
        btc_free=_pick(draw, 0.0, 20.0),
        btc_pledged=pledged,
        loan=loan,
        treasury_policy=policy,
        debt_facilities=_facilities(draw),
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
    prices, places = draw(markets()), draw(sites())
    owner = draw(companies(grid.start_month, prices.btc_price_usd))
    there = {place.id for place in places} - {owner.tax_site}
    lent = [f for f in owner.debt_facilities if f.site is None or f.site in there]
    owner = owner.model_copy(update={"debt_facilities": tuple(lent)})
    if owner.tax_site == "alpha":
        # A site that carries the company's tax has no hurdle: studies are checked so.
        places = (places[0].model_copy(update={"status": "operating"}), *places[1:])
    return tiny_study(
        time=grid,
        market=prices,
        tax_regimes=draw(tax_regimes()),
        company=owner,
        sites=places,
        asics=machines,
        gpus=(node,),
        hosting_offers=offers,
        gpu_offers=leases,
    )
