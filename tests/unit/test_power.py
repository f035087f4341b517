# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from engine_plans import flat_paths
from tiny_studies import alpha, beta, tariff, tiny_study

from models import power
from models.fleet import asic_month

RTOL = 1e-12


def test_base_price_grows_with_the_years_since_the_first_month():
    site = alpha(power=tariff(escalation_per_year=0.02))
    path = power.base_price_usd_per_mwh(site, "flexible", 25)
    # 50 x 1.02^(t/12): a year on 51, two years on 52.02.
    assert path[[0, 12, 24]] == pytest.approx([50.0, 51.0, 52.02], rel=RTOL)
    assert path[6] == pytest.approx(50.0 * 1.02**0.5, rel=RTOL)


def test_firm_load_pays_the_firm_price():
    assert power.base_price_usd_per_mwh(alpha(), "firm", 3).tolist() == [60.0] * 3


@pytest.mark.parametrize("load", ["flexible", "firm"])
def test_a_partner_site_charges_its_hosting_rate_for_either_load(load):
    assert power.base_price_usd_per_mwh(beta(), load, 2).tolist() == [70.0, 70.0]


def test_all_of_the_price_is_avoidable_but_at_partners():
    assert power.avoidable_frac(alpha()) == 1.0
    assert power.avoidable_frac(beta()) == 0.8


def test_commitment_cost_is_the_unavoidable_share_of_uptime_hours():
    # 10 MW x 744 h x 0.9 x 70 USD/MWh x (1 - 0.8) = 93,744 USD.
    cost = power.commitment_cost_usd(beta(), np.array([10.0]), np.array([744.0]))
    assert cost == pytest.approx([93_744.0], rel=RTOL)


def test_an_owned_site_has_no_commitment_cost():
    cost = power.commitment_cost_usd(alpha(), np.array([10.0]), np.array([744.0]))
    assert cost.tolist() == [0.0]


def test_machines_that_run_all_their_uptime_pay_the_hosting_rate_once():
    study = tiny_study()
    site = study.site("beta")
    month = asic_month(study, site, study.asic("old"), 0, flat_paths(study))
    # 3,000 W x PUE 1 = 0.003 MW committed and run: 0.003 x 744 x 0.9 x 70 USD.
    committed = power.commitment_cost_usd(site, np.array([0.003]), np.array([744.0]))
    both = month.energy_usd[0, 0] + committed[0]
    assert both == pytest.approx(0.003 * 744 * 0.9 * 70, rel=RTOL)


def test_demand_charge_is_owed_on_every_energised_mw():
    charge = power.demand_charge_usd(alpha(), np.array([[10.0, 15.0], [0.0, 2.5]]))
    assert charge.tolist() == [[10_000.0, 15_000.0], [0.0, 2_500.0]]
