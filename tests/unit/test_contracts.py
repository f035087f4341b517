# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from engine_plans import flat_paths
from tiny_studies import alpha, beta, gpu_offers, hosting_offers, tiny_study

from models import contracts
from models.fleet import gpu_month

RTOL = 1e-12
CLIENT, TENANT = hosting_offers()
LEASE_IN, LEASE_OUT = gpu_offers()


def test_a_mining_client_by_hand():
    study = tiny_study()
    month = contracts.hosting_month(study, CLIENT, flat_paths(study))
    # 2 MW x 744 h x 0.95 = 1,413.6 MWh, sold at 75, bought at 50 USD; opex 5 %.
    assert month.revenue_usd[0] == pytest.approx(106_020.0, rel=RTOL)
    assert month.energy_usd[0, 0] == pytest.approx(70_680.0, rel=RTOL)
    assert month.opex_usd[0] == pytest.approx(5_301.0, rel=RTOL)


def test_a_client_who_idles_still_pays_the_take_or_pay_share():
    study = tiny_study()
    idle = CLIENT.model_copy(update={"load_frac": 0.5})
    month = contracts.hosting_month(study, idle, flat_paths(study))
    # 1,488 MWh at full load: pays 80 % of them at 75, uses 50 % at 50.
    assert month.revenue_usd[0] == pytest.approx(89_280.0, rel=RTOL)
    assert month.energy_usd[0, 0] == pytest.approx(37_200.0, rel=RTOL)


def test_energy_of_a_client_follows_the_power_multiplier():
    study = tiny_study()
    paths = flat_paths(study, power_multiplier=2.0)
    month = contracts.hosting_month(study, CLIENT, paths)
    assert month.energy_usd[0, 0] == pytest.approx(141_360.0, rel=RTOL)


def test_an_hpc_tenant_pays_rent_on_it_power_and_its_own_energy():
    study = tiny_study()
    month = contracts.hosting_month(study, TENANT, flat_paths(study))
    # 1.35 MW / 1.35 = 1,000 kW of IT x 110 USD, whatever the month's length.
    assert month.revenue_usd == pytest.approx(np.full(24, 110_000.0), rel=RTOL)
    assert month.opex_usd[0] == pytest.approx(22_000.0, rel=RTOL)
    assert not month.energy_usd.any()


def test_a_lease_in_pays_for_every_hour_and_earns_the_merchant_rent():
    study = tiny_study()
    month = contracts.gpu_lease_month(study, LEASE_IN, flat_paths(study))
    # 64 x 744 h = 47,616 h: pays 1.5 USD on all, sells half at 2 USD, opex 15 %.
    assert month.contract_usd[0] == pytest.approx(-71_424.0, rel=RTOL)
    assert month.merchant_usd[0, 0] == pytest.approx(47_616.0, rel=RTOL)
    assert month.opex_usd[0, 0] == pytest.approx(-7_142.4, rel=RTOL)
    assert not month.energy_usd.any()
    assert month.margin_usd[0, 0] == pytest.approx(-30_950.4, rel=RTOL)


def test_a_lease_out_swaps_merchant_rent_for_the_contract():
    study = tiny_study()
    month = contracts.gpu_lease_month(study, LEASE_OUT, flat_paths(study))
    # 47,616 h x 0.97 x 2.2 USD = 101,612.544; opex 0.15 x (101,612.544 - 47,616).
    assert month.contract_usd[0] == pytest.approx(101_612.544, rel=RTOL)
    assert month.merchant_usd[0, 0] == pytest.approx(-47_616.0, rel=RTOL)
    assert month.opex_usd[0, 0] == pytest.approx(-8_099.4816, rel=RTOL)
    assert not month.energy_usd.any()


def test_leased_in_and_out_again_leaves_the_spread_after_opex():
    study = tiny_study()
    paths = flat_paths(study)
    margin = sum(
        contracts.gpu_lease_month(study, offer, paths).margin_usd[0, 0]
        for offer in (LEASE_IN, LEASE_OUT)
    )
    # 101,612.544 x 0.85 - 71,424: no merchant rent is left in it.
    assert margin == pytest.approx(14_946.6624, rel=RTOL)


def test_own_nodes_under_contract_work_and_draw_more():
    out = LEASE_OUT.model_copy(update={"site": "alpha"})
    study = tiny_study()
    month = contracts.gpu_lease_month(study, out, flat_paths(study))
    # 8 nodes x 11.3 kW x 1.2 x 0.7 x 744 h x 60 USD x (0.97 - 0.5).
    assert month.energy_usd[0, 0] == pytest.approx(-1_593.1980288, rel=RTOL)


def test_energy_under_contract_is_the_energy_of_nodes_that_sell_those_hours():
    out = LEASE_OUT.model_copy(update={"site": "alpha"})
    study = tiny_study()
    site, gpu = study.site("alpha"), study.gpu("h100")
    merchant = gpu_month(study, site, gpu, flat_paths(study))
    busy = gpu_month(study, site, gpu, flat_paths(study, utilisation=0.97))
    lease = contracts.gpu_lease_month(study, out, flat_paths(study))
    more = 8 * (busy.energy_usd - merchant.energy_usd)
    assert lease.energy_usd == pytest.approx(-more, rel=1e-9)


def test_a_deposit_is_paid_on_leases_in_and_received_on_leases_out():
    study = tiny_study()
    # Two years have 17,520 h: 730 h a month. 64 x 730 x 1.5 x 2 months.
    assert contracts.gpu_deposit_usd(study, LEASE_IN) == pytest.approx(-140_160.0)
    out = LEASE_OUT.model_copy(update={"deposit_months": 1})
    expected = 64 * 730 * 0.97 * 2.2
    assert contracts.gpu_deposit_usd(study, out) == pytest.approx(expected, rel=RTOL)
    assert contracts.gpu_deposit_usd(study, LEASE_OUT) == 0.0


def test_a_contract_that_ends_by_the_horizon_has_no_remainder():
    assert contracts.remainder_factor(0, 0.12) == 0.0
    assert contracts.remainder_factor(-3, 0.12) == 0.0


def test_without_discounting_the_remainder_is_its_months():
    assert contracts.remainder_factor(18, 0.0) == 18.0


def test_the_remainder_starts_a_month_after_the_horizon():
    # At 1 % a month two months are worth 1/1.01 + 1/1.0201.
    rate = 1.01**12 - 1
    expected = 1 / 1.01 + 1 / 1.0201
    assert contracts.remainder_factor(2, rate) == pytest.approx(expected, rel=RTOL)


def test_a_client_at_a_site_without_the_shell_is_taken_at_its_full_mw():
    site = alpha(shells=(), phases=(), conversions=(), opening_fleet=())
    study = tiny_study(sites=(site, beta()))
    month = contracts.hosting_month(study, TENANT, flat_paths(study))
    assert month.revenue_usd[0] == pytest.approx(1350 * 110.0, rel=RTOL)
