# SPDX-License-Identifier: Apache-2.0
"""Small made-up studies with round numbers, so that tests can be worked by hand."""

from __future__ import annotations

from tiny_offers import gpu_offers, hosting_offers

from models.company import BtcLoan, Company, SideBusiness
from models.hardware import AsicModel, GpuModel
from models.market_parameters import Market
from models.site import (
    Conversion,
    OpeningCohort,
    PartnerContract,
    Phase,
    PowerTariff,
    Shell,
    ShellBuild,
    Site,
)
from models.study import SolverSettings, Study, TimeGrid
from models.tax_regime import DepreciationRule, TaxHoliday, TaxRegime


def tariff(**changes: float) -> PowerTariff:
    terms = {
        "flexible_usd_per_mwh": 50.0,
        "firm_usd_per_mwh": 60.0,
        "escalation_per_year": 0.0,
        "demand_charge_usd_per_mw_month": 1000.0,
        "demand_response_usd_per_mw_year": 12_000.0,
    }
    return PowerTariff(**(terms | changes))


def market(**changes: object) -> Market:
    terms: dict[str, object] = {
        "id": "flat",
        "name": "Flat prices",
        "btc_price_usd": 100_000.0,
        "btc_log_drift_per_year": 0.0,
        "btc_volatility_per_year": 0.5,
        "reference_btc_price_usd": 100_000.0,
        "network_eh_s": 1000.0,
        "block_height": 925_000,
        "network_trend_per_year": 0.0,
        "network_elasticity": 0.6,
        "network_half_life_up_months": 7.5,
        "network_half_life_down_months": 2.0,
        "network_volatility_per_year": 0.13,
        "fee_share_frac": 0.01,
        "fee_half_life_months": 3.0,
        "fee_volatility_per_year": 1.0,
        "power_half_life_months": 6.0,
        "power_volatility_per_year": 0.15,
        "power_common_frac": 0.5,
        "gpu_rent_drift_per_year": -0.2,
        "gpu_rent_half_life_months": 8.0,
        "gpu_rent_volatility_per_year": 0.3,
        "gpu_utilisation_half_life_months": 6.0,
        "gpu_utilisation_volatility_per_year": 0.2,
        "capex_overrun_volatility_frac": 0.15,
        "delay_volatility_months": 3.0,
        "resale_power_price_usd_per_mwh": 60.0,
    }
    return Market(**(terms | changes))  # type: ignore[arg-type]


def company(**changes: object) -> Company:
    terms: dict[str, object] = {
        "id": "acme",
        "name": "Acme",
        "cash_usd": 20e6,
        "cash_floor_usd": 1e6,
        "btc_free": 20.0,
        "btc_pledged": 100.0,
        "loan": BtcLoan(
            principal_usd=6e6,
            rate_per_year=0.08,
            maturity_month="2028-04",
            initial_ltv_frac=0.65,
            margin_call_ltv_frac=0.78,
            liquidation_ltv_frac=0.88,
        ),
        "general_admin_usd_per_month": 100_000.0,
        "side_businesses": (
            SideBusiness(
                id="cars",
                name="Cars",
                revenue_usd_per_month=50_000.0,
                cost_usd_per_month=40_000.0,
            ),
        ),
        "discount_rate_per_year": 0.12,
        "max_btc_sale_frac_per_month": 0.2,
        "btc_selling_cost_frac": 0.002,
        "emergency_equity_max_usd": 20e6,
        "emergency_equity_premium_frac": 0.25,
        "pool_fee_frac": 0.005,
        "plant_resale_frac": 0.5,
        "min_live_months": 6,
        "tax_site": "beta",
    }
    return Company(**(terms | changes))  # type: ignore[arg-type]


def alpha(**changes: object) -> Site:
    """An owned site: 10 MW of air shell, one phase, one conversion."""
    terms: dict[str, object] = {
        "id": "alpha",
        "name": "Alpha",
        "country": "US",
        "status": "operating",
        "tax_regime": "us",
        "contracted_mw": 10.0,
        "hurdle_rate_per_year": 0.15,
        "power": tariff(),
        "uptime_frac": 0.95,
        "mining_opex_usd_per_mw_year": 90_000.0,
        "asic_duty_frac": 0.1,
        "gpu_duty_frac": 0.0,
        "move_in_usd_per_unit": 100.0,
        "shells": (
            Shell(
                kind="air",
                opening_mw=10.0,
                pue=1.05,
                gross_per_it_ratio=1.05,
                build=ShellBuild(
                    capex_usd_per_mw=200_000.0,
                    module_mw=2.5,
                    max_modules=2,
                    lead_time_months=3,
                    earliest_month="2025-12",
                ),
            ),
            Shell(kind="hpc", opening_mw=0.0, pue=1.2, gross_per_it_ratio=1.35),
        ),
        "phases": (
            Phase(
                id="alpha_p1",
                mw=5.0,
                capex_usd=1e6,
                lead_time_months=6,
                earliest_month="2025-12",
            ),
        ),
        "conversions": (
            Conversion(
                id="alpha_hall",
                from_kind="air",
                to_kind="hpc",
                module_mw=1.35,
                max_modules=2,
                capex_usd_per_mw=3e6,
                downtime_months=3,
                lead_time_months=6,
                earliest_month="2025-12",
            ),
        ),
        "opening_fleet": (
            OpeningCohort(
                model="old",
                units=1000.0,
                age_months=12,
                book_value_usd=1e6,
                remaining_life_months=24,
            ),
        ),
        "latitude_deg": 32.0,
        "longitude_deg": -83.0,
    }
    return Site(**(terms | changes))  # type: ignore[arg-type]


def beta(**changes: object) -> Site:
    """A partner site with 12 MW of hosted machines."""
    terms: dict[str, object] = {
        "id": "beta",
        "name": "Beta",
        "country": "AE",
        "status": "partner",
        "tax_regime": "group",
        "contracted_mw": 12.0,
        "hurdle_rate_per_year": 0.0,
        "power": tariff(
            demand_charge_usd_per_mw_month=0.0, demand_response_usd_per_mw_year=0.0
        ),
        "partner": PartnerContract(
            hosting_rate_usd_per_mwh=70.0,
            avoidable_frac=0.8,
            min_term_months=3,
            notice_months=3,
        ),
        "uptime_frac": 0.9,
        "mining_opex_usd_per_mw_year": 0.0,
        "asic_duty_frac": 0.0,
        "gpu_duty_frac": 0.0,
        "move_in_usd_per_unit": 80.0,
        "shells": (
            Shell(kind="air", opening_mw=12.0, pue=1.0, gross_per_it_ratio=1.0),
        ),
        "opening_fleet": (
            OpeningCohort(
                model="old",
                units=4000.0,
                age_months=12,
                book_value_usd=4e6,
                remaining_life_months=24,
            ),
        ),
        "latitude_deg": 25.0,
        "longitude_deg": 55.0,
    }
    return Site(**(terms | changes))  # type: ignore[arg-type]


def gamma(**changes: object) -> Site:
    """A greenfield site: nothing stands, one phase and one air shell on offer."""
    terms: dict[str, object] = {
        "id": "gamma",
        "name": "Gamma",
        "country": "OM",
        "status": "greenfield",
        "tax_regime": "oman",
        "contracted_mw": 0.0,
        "hurdle_rate_per_year": 0.2,
        "shells": (
            Shell(
                kind="air",
                opening_mw=0.0,
                pue=1.05,
                gross_per_it_ratio=1.05,
                build=ShellBuild(
                    capex_usd_per_mw=200_000.0,
                    module_mw=5.0,
                    max_modules=1,
                    lead_time_months=3,
                    earliest_month="2025-12",
                ),
            ),
        ),
        "phases": (
            Phase(
                id="gamma_p1",
                mw=5.0,
                capex_usd=1e6,
                lead_time_months=3,
                earliest_month="2025-12",
            ),
        ),
        "conversions": (),
        "opening_fleet": (),
    }
    return alpha(**(terms | changes))


def asics() -> tuple[AsicModel, ...]:
    def machine(**changes: object) -> AsicModel:
        terms: dict[str, object] = {
            "shell": "air",
            "price_decline_per_year": 0.2,
            "lot_units": 100,
            "delivery_months": 3,
            "degradation_per_year": 0.01,
            "failure_rate_per_year": 0.05,
            "repair_usd_per_unit": 200.0,
            "scrap_usd_per_th": 0.5,
            "resale_margin_years": 1.25,
        }
        return AsicModel(**(terms | changes))  # type: ignore[arg-type]

    return (
        machine(
            id="old",
            name="Old",
            hashrate_th_s=140.0,
            power_w=3000.0,
            price_usd_per_th=3.0,
            is_orderable=False,
        ),
        machine(
            id="new",
            name="New",
            hashrate_th_s=270.0,
            power_w=3600.0,
            price_usd_per_th=9.0,
        ),
    )


def gpus() -> tuple[GpuModel, ...]:
    return (
        GpuModel(
            id="h100",
            name="H100 node",
            gpus_per_node=8,
            node_it_kw=11.3,
            idle_power_frac=0.3,
            price_usd_per_node=280_000.0,
            price_decline_per_year=0.15,
            value_decline_per_year=0.33,
            rent_usd_per_gpu_h=2.4,
            utilisation_frac=0.6,
            opex_frac_of_revenue=0.15,
            lot_nodes=8,
            delivery_months=6,
        ),
    )


def tax_regimes() -> tuple[TaxRegime, ...]:
    return tuple(
        TaxRegime(
            id=name,
            name=name,
            rate_frac=rate,
            loss_use_cap_frac=cap,
            asic_life_months=36,
            gpu_life_months=60,
            plant_life_months=180,
        )
        for name, rate, cap in (
            ("us", 0.25, 0.8),
            ("group", 0.165, 1.0),
            ("oman", 0.15, 1.0),
        )
    )


def taxed_hard() -> tuple[TaxRegime, ...]:
    """Every tax rule but losses that expire within 24 months."""
    bonus = DepreciationRule(method="bonus", bonus_frac=0.8, macrs_years=5)
    table = DepreciationRule(method="macrs", macrs_years=15)
    holidays = (
        TaxHoliday(first_month="2026-01", last_month="2026-04", exempt_frac=1.0),
        TaxHoliday(first_month="2026-05", last_month="2027-02", exempt_frac=0.5),
    )
    changes = {
        "us": {"asic_depreciation": bonus, "plant_depreciation": table},
        "group": {"holidays": holidays, "withholding_frac": 0.1},
        "oman": {"mining_vat_frac": 0.022, "loss_life_months": 60},
    }
    return tuple(
        regime.model_copy(update=changes[regime.id]) for regime in tax_regimes()
    )


def tiny_study(**changes: object) -> Study:
    """Two sites, 24 months, two ASICs, one GPU family, four offers."""
    terms: dict[str, object] = {
        "schema_version": 1,
        "id": "tiny",
        "title": "Tiny",
        "description": "Made up for tests.",
        "as_of_date": "2025-11-30",
        "time": TimeGrid(
            start_month="2025-12",
            months=24,
            monthly_months=24,
            order_step_months=3,
            holding_step_months=3,
        ),
        "solver": SolverSettings(mip_gap_frac=1e-6, time_limit_s=60.0),
        "company": company(),
        "tax_regimes": tax_regimes(),
        "market": market(),
        "sites": (alpha(), beta()),
        "asics": asics(),
        "gpus": gpus(),
        "hosting_offers": hosting_offers(),
        "gpu_offers": gpu_offers(),
    }
    return Study(**(terms | changes))  # type: ignore[arg-type]
