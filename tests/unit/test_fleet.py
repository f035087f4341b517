# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from engine_plans import flat_paths
from tiny_studies import alpha, asics, beta, gpus, market, tariff, tiny_study

from models import fleet
from models.machine_prices import (
    asic_price_usd,
    asic_resale_usd,
    gpu_price_usd,
    gpu_resale_usd,
)
from models.site import Shell

RTOL = 1e-12
OLD, NEW = asics()
(H100,) = gpus()


def hall(**changes):
    terms = {"kind": "hpc", "opening_mw": 5.0, "pue": 1.2, "gross_per_it_ratio": 1.35}
    return Shell(**(terms | changes))


def test_an_asic_reserves_plug_power_times_the_gross_ratio():
    # 3,000 W x 1.05 = 3,150 W.
    assert fleet.asic_facility_mw(alpha(), OLD) == pytest.approx(0.00315, rel=RTOL)


def test_an_asic_draws_by_the_pue_though_more_is_reserved():
    wide = Shell(kind="air", opening_mw=10.0, pue=1.05, gross_per_it_ratio=1.2)
    site = alpha(shells=(wide,), conversions=())
    study = tiny_study(sites=(site, beta()))
    assert fleet.asic_facility_mw(site, OLD) == pytest.approx(0.0036, rel=RTOL)
    month = fleet.asic_month(study, site, OLD, 0, flat_paths(study))
    assert month.energy_mwh[0, 0] == pytest.approx(2.22642, rel=RTOL)
    # Opex and credit are owed on reserved MW: (0.0036 x 90,000 + 10) / 12.
    assert month.opex_usd[0] == pytest.approx(334 / 12, rel=RTOL)
    assert month.demand_response_usd[0] == pytest.approx(3.6, rel=RTOL)


def test_an_asic_needs_a_shell_of_its_kind():
    with pytest.raises(ValueError, match="site alpha has no hydro shell for old"):
        fleet.asic_facility_mw(alpha(), OLD.model_copy(update={"shell": "hydro"}))


def test_one_asic_for_one_month_by_hand():
    study = tiny_study()
    month = fleet.asic_month(study, study.site("alpha"), OLD, 0, flat_paths(study))
    # December 2025 has 744 h.
    # Energy: 0.00315 MW x 0.95 x 744 h = 2.22642 MWh, at 50 USD/MWh 111.321 USD.
    assert month.energy_mwh[0, 0] == pytest.approx(2.22642, rel=RTOL)
    assert month.energy_usd[0, 0] == pytest.approx(111.321, rel=RTOL)
    # Output: 14 BTC per EH/s x 140e-6 EH/s x 0.95 x (1 - 0.005) = 0.00185269 BTC.
    assert month.btc[0, 0] == pytest.approx(0.00185269, rel=RTOL)
    assert month.revenue_usd[0, 0] == pytest.approx(185.269, rel=RTOL)
    assert month.is_running.all()
    # Opex: (0.00315 MW x 90,000 + 0.05 x 200) / 12 = (283.5 + 10) / 12.
    assert month.opex_usd[0] == pytest.approx(293.5 / 12, rel=RTOL)
    # Demand response: 0.00315 MW x 12,000 / 12.
    assert month.demand_response_usd[0] == pytest.approx(3.15, rel=RTOL)


def test_february_has_fewer_hours_than_january():
    study = tiny_study()
    month = fleet.asic_month(study, study.site("alpha"), OLD, 0, flat_paths(study))
    assert month.energy_mwh[0, 2] / month.energy_mwh[0, 1] == pytest.approx(28 / 31)


def test_output_fades_with_age_but_energy_does_not():
    study = tiny_study()
    site = study.site("alpha")
    old = fleet.asic_month(study, site, OLD, -12, flat_paths(study))
    new = fleet.asic_month(study, site, OLD, 0, flat_paths(study))
    # One year of age costs 1 % of output.
    assert old.btc[0, 0] / new.btc[0, 0] == pytest.approx(0.99, rel=RTOL)
    assert new.btc[0, 12] / new.btc[0, 0] == pytest.approx(0.99, rel=RTOL)
    assert old.energy_mwh[0, 0] == new.energy_mwh[0, 0]


def test_a_cohort_does_not_age_before_it_runs():
    study = tiny_study()
    month = fleet.asic_month(study, study.site("alpha"), OLD, 6, flat_paths(study))
    btc = month.btc[0]
    assert btc[0] == btc[6]
    assert btc[18] / btc[6] == pytest.approx(0.99, rel=RTOL)


def test_a_machine_stands_by_when_revenue_is_under_its_avoidable_cost():
    study = tiny_study()
    site = study.site("alpha")
    # Revenue 185.269 x P / 100,000 against 111.321 USD: even at P = 60,086.1 USD.
    low = fleet.asic_month(study, site, OLD, 0, flat_paths(study, btc_price_usd=60e3))
    high = fleet.asic_month(
        study, site, OLD, 0, flat_paths(study, btc_price_usd=60.1e3)
    )
    assert not low.is_running[0, 0]
    assert high.is_running[0, 0]
    for name in ("btc", "revenue_usd", "energy_usd", "energy_mwh"):
        assert getattr(low, name)[0, 0] == 0.0
    assert low.opex_usd[0] == high.opex_usd[0] > 0.0
    assert low.demand_response_usd[0] == high.demand_response_usd[0] > 0.0


def test_a_partner_machine_runs_while_it_covers_the_avoidable_share_only():
    study = tiny_study()
    site = study.site("beta")
    # Energy 0.003 x 0.9 x 744 = 2.0088 MWh; full rate 140.616, avoidable 112.4928 USD.
    # Output 14 x 140e-6 x 0.9 x 0.995 = 0.00175518 BTC: 122.86 USD at 70,000 USD.
    month = fleet.asic_month(study, site, OLD, 0, flat_paths(study, btc_price_usd=7e4))
    assert month.is_running[0, 0]
    assert month.energy_usd[0, 0] == pytest.approx(112.4928, rel=RTOL)
    assert month.revenue_usd[0, 0] == pytest.approx(122.8626, rel=RTOL)


def test_the_power_multiplier_scales_energy_cost_alone():
    study = tiny_study()
    site = study.site("alpha")
    one = fleet.asic_month(study, site, OLD, 0, flat_paths(study))
    more = fleet.asic_month(
        study, site, OLD, 0, flat_paths(study, power_multiplier=1.5)
    )
    assert more.energy_usd == pytest.approx(1.5 * one.energy_usd, rel=RTOL)
    assert np.array_equal(more.energy_mwh, one.energy_mwh)


def test_the_price_of_a_new_asic_falls_and_carries_duty():
    # 270 TH/s x 9 USD/TH x 1.1 = 2,673 USD; a year on 20 % less.
    price = asic_price_usd(alpha(), NEW, 13)
    assert price[0] == pytest.approx(2673.0, rel=RTOL)
    assert price[12] == pytest.approx(2673.0 * 0.8, rel=RTOL)
    assert asic_price_usd(beta(), NEW, 1)[0] == pytest.approx(2430.0, rel=RTOL)


def test_used_asics_follow_the_margin_of_the_marginal_buyer():
    study = tiny_study()
    # Efficiency 3,000 / 140 J/TH; energy 21.43 x 24/1000 x 60 = 30.857 USD/PH/day.
    # Margin (32 - 30.857) x 365 / 1000 = 0.41714 USD/TH-year, x 1.25 years = 0.52143.
    worth = asic_resale_usd(study, OLD, 0, flat_paths(study, hashprice=32.0))
    margin = (32.0 - 3000 / 140 * 0.024 * 60.0) * 0.365
    assert margin == pytest.approx(0.41714, rel=1e-4)
    assert worth[0, 0] == pytest.approx(140 * 1.25 * margin, rel=RTOL)
    assert worth[0, 12] == pytest.approx(140 * 0.99 * 1.25 * margin, rel=RTOL)


def test_used_asics_fetch_scrap_when_there_is_no_margin():
    study = tiny_study()
    worth = asic_resale_usd(study, OLD, 0, flat_paths(study, hashprice=1.0))
    assert worth[0, 0] == pytest.approx(140 * 0.5, rel=RTOL)


def test_used_asics_never_pass_the_price_of_new_ones():
    study = tiny_study()
    worth = asic_resale_usd(study, OLD, 0, flat_paths(study, hashprice=500.0))
    # New: 140 x 3 = 420 USD, a year on 336; the used machine has faded by 1 %.
    assert worth[0, 0] == pytest.approx(420.0, rel=RTOL)
    assert worth[0, 12] == pytest.approx(336.0 * 0.99, rel=RTOL)


def test_scrap_is_capped_by_new_machines_too():
    # At 0.3 USD/TH new, scrap at 0.5 would pay for buying new machines to scrap them.
    study = tiny_study()
    cheap = OLD.model_copy(update={"price_usd_per_th": 0.3})
    worth = asic_resale_usd(study, cheap, 0, flat_paths(study, hashprice=1.0))
    assert worth[0, 0] == pytest.approx(140 * 0.3, rel=RTOL)


def test_a_gpu_node_reserves_it_power_times_the_gross_ratio():
    # 11.3 kW x 1.35 = 15.255 kW.
    assert fleet.gpu_facility_mw(alpha(), H100) == pytest.approx(0.015255, rel=RTOL)


@pytest.mark.parametrize("name", ["gpu_facility_mw", "gpu_month"])
def test_a_gpu_node_needs_a_hall(name):
    study = tiny_study()
    args = (
        (beta(), H100)
        if name == "gpu_facility_mw"
        else (study, beta(), H100, flat_paths(study))
    )
    with pytest.raises(ValueError, match="site beta has no hpc shell for h100"):
        getattr(fleet, name)(*args)


def test_one_gpu_on_the_merchant_market_by_hand():
    study = tiny_study()
    # 744 h x 0.5 x 2 USD = 744 USD; opex 15 % = 111.6 USD.
    revenue, opex = fleet.gpu_merchant_usd(study, H100, flat_paths(study))
    assert revenue[0, 0] == pytest.approx(744.0, rel=RTOL)
    assert opex[0, 0] == pytest.approx(111.6, rel=RTOL)


def test_one_gpu_node_for_one_month_by_hand():
    study = tiny_study()
    month = fleet.gpu_month(study, study.site("alpha"), H100, flat_paths(study))
    # 8 GPUs x 744 = 5,952 USD; opex 892.8 USD.
    assert month.revenue_usd[0, 0] == pytest.approx(5952.0, rel=RTOL)
    assert month.opex_usd[0, 0] == pytest.approx(892.8, rel=RTOL)
    # 0.0113 MW x 1.2 x 744 h x (0.3 + 0.7 x 0.5) = 6.557616 MWh at the firm 60 USD.
    assert month.energy_mwh[0, 0] == pytest.approx(6.557616, rel=RTOL)
    assert month.energy_usd[0, 0] == pytest.approx(393.45696, rel=RTOL)


def test_energy_of_a_node_follows_the_power_multiplier():
    study = tiny_study()
    paths = flat_paths(study, power_multiplier=2.0)
    month = fleet.gpu_month(study, study.site("alpha"), H100, paths)
    assert month.energy_usd[0, 0] == pytest.approx(786.91392, rel=RTOL)


def test_an_idle_node_draws_its_idle_share():
    study = tiny_study()
    idle = fleet.gpu_month(
        study, study.site("alpha"), H100, flat_paths(study, utilisation=0.0)
    )
    assert idle.revenue_usd[0, 0] == 0.0
    assert idle.energy_mwh[0, 0] == pytest.approx(0.0113 * 1.2 * 744 * 0.3, rel=RTOL)


def test_the_price_of_a_node_falls_and_carries_duty():
    price = gpu_price_usd(alpha(gpu_duty_frac=0.05), H100, 13)
    assert price[0] == pytest.approx(294_000.0, rel=RTOL)
    assert price[12] == pytest.approx(294_000.0 * 0.85, rel=RTOL)


def test_a_used_node_loses_a_third_a_year_on_the_base_path():
    study = tiny_study(market=market(gpu_rent_drift_per_year=0.0))
    worth = gpu_resale_usd(study, H100, 6, flat_paths(study, rent=2.4))
    # Ordered in period 0 (6 months of delivery) at 280,000 USD; rent at its base.
    assert worth[0, 6] == pytest.approx(280_000.0, rel=RTOL)
    assert worth[0, 18] == pytest.approx(280_000.0 * 0.67, rel=RTOL)


def test_a_later_node_cost_less_when_new():
    study = tiny_study(market=market(gpu_rent_drift_per_year=0.0))
    worth = gpu_resale_usd(study, H100, 18, flat_paths(study, rent=2.4))
    assert worth[0, 18] == pytest.approx(280_000.0 * 0.85, rel=RTOL)


def test_used_nodes_follow_the_rent_against_its_base_path():
    study = tiny_study()
    worth = gpu_resale_usd(study, H100, 0, flat_paths(study, rent=1.2))
    # Base rent 2.4 x 0.8^(t/12): half of it at first, 1.2 / 1.92 of it a year on.
    assert worth[0, 0] == pytest.approx(140_000.0, rel=RTOL)
    assert worth[0, 12] == pytest.approx(280_000 * 0.67 * 1.2 / 1.92, rel=RTOL)


def test_capacity_reserved_covers_energy_drawn():
    study = tiny_study(sites=(alpha(shells=(hall(),), conversions=()), beta()))
    site = study.site("alpha")
    month = fleet.gpu_month(study, site, H100, flat_paths(study, utilisation=1.0))
    assert month.energy_mwh[0, 0] <= fleet.gpu_facility_mw(site, H100) * 744


def test_each_site_pays_its_own_tariff():
    dear = alpha(power=tariff(flexible_usd_per_mwh=100.0))
    study = tiny_study(sites=(dear, beta()))
    month = fleet.asic_month(study, dear, OLD, 0, flat_paths(study, btc_price_usd=2e5))
    assert month.energy_usd[0, 0] == pytest.approx(222.642, rel=RTOL)
