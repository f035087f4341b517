# SPDX-License-Identifier: Apache-2.0
"""Rules between records, and inputs that are odd but allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import sites
from models.errors import ConfigError
from sites.checks import opening_mw_by_shell

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """
schema_version = 1
id = "x"
title = "x"
description = "x"
as_of_date = 2025-11-30
[include]
study = "base"
"""


def load(folder: Path, text: str) -> sites.StudyBundle:
    path = folder / "study.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return sites.load_bundle(path)


def faults(folder: Path, text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return {fault.field: str(fault) for fault in caught.value.faults}


def codes(bundle: sites.StudyBundle) -> dict[tuple[str, str], str]:
    return {(w.code, w.key): w.message for w in bundle.warnings}


# --- faults between records -----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        ('[override.company]\ntax_site = "georgy"', "override.company.tax_site",
         "Did you mean 'georgia'?"),
        ('[override.sites.oman]\ntax_regime = "omann"',
         "override.sites.oman.tax_regime", "Did you mean 'oman'?"),
        ('[override.hosting_offers.oman_hpc_pilot]\nsite = "mars"',
         "override.hosting_offers.oman_hpc_pilot.site", "names no site"),
        ('[override.hosting_offers.georgia_clients]\nshell = "hydro"',
         "shells[1].opening_mw", "committed clients (20.00 MW)"),
        ('[override.gpu_offers.h100_in]\ngpu = "h1000"',
         "override.gpu_offers.h100_in.gpu", "names no GPU family"),
        ('[override.sites.partner_fleet.opening_fleet.t21]\nmodel = "t22"',
         "override.sites.partner_fleet.opening_fleet.t21.model",
         "names no ASIC family"),
        ('[override.sites.partner_fleet.opening_fleet.t21]\nmodel = "s21_xp_hyd"',
         "override.sites.partner_fleet.opening_fleet.t21.model",
         "needs a shell of kind 'hydro'"),
        ('[override.company.loan]\nmaturity_month = "2025-10"',
         "override.company.loan.maturity_month", "before the first month 2025-12"),
        ("[override.company.loan]\ndraw_limit_usd = 1000",
         "override.company.loan.draw_limit_usd", "opening principal_usd 481,850,000"),
        ("[override.company.treasury_policy]\nkind = 'keep_floor'\nbtc_floor = 9000",
         "override.company.treasury_policy.btc_floor", "opening BTC of 6,959.3"),
        ("[override.company.debt_facilities.georgia_project]\nsite = 'mars'",
         "override.company.debt_facilities.georgia_project.site",
         "is no site of the study"),
        ("[override.company.debt_facilities.georgia_project]\nsite = 'partner_fleet'",
         "override.company.debt_facilities.georgia_project.site",
         "carries the company's tax"),
        ('[override.sites.oman.shells.air.build]\nearliest_month = "2025-11"',
         "override.sites.oman.shells.air.build.earliest_month",
         "before the first month"),
        ('[override.hosting_offers.oman_hpc_pilot]\nearliest_start = "2025-01"',
         "override.hosting_offers.oman_hpc_pilot.earliest_start",
         "before the first month"),
        ('[override.hosting_offers.georgia_clients]\nearliest_start = "2026-01"\n'
         'latest_start = "2026-01"',
         "override.hosting_offers.georgia_clients.earliest_start",
         "committed contract"),
        ("[override.sites.georgia.power]\nflexible_low_usd_per_mwh = 60",
         "override.sites.georgia.power.flexible_low_usd_per_mwh", "must be <= "),
        ("[override.sites.georgia]\ncontracted_mw = 45",
         "override.sites.georgia.contracted_mw", "50.00 MW"),
    ],
)  # fmt: skip
def test_records_that_do_not_fit_together_are_refused(tmp_path, text, field, says):
    found = faults(tmp_path, text)
    assert says in found[field]


def test_an_opening_fleet_larger_than_its_shell_says_how_much_it_needs(tmp_path):
    # 12,000 x 3,010 W x 1.05 = 37.926 MW, and 20 MW of clients, in 50 MW of space
    found = faults(
        tmp_path, "[override.sites.georgia.opening_fleet.s19_xp]\nunits = 12000"
    )
    assert "37.93 MW" in found["shells[0].opening_mw"]
    assert "Give at least 57.93 MW" in found["shells[0].opening_mw"]
    assert "57.93 MW" in found["contracted_mw"]


def test_opening_power_is_plug_power_times_pue():
    study = sites.load_study("base")
    asics = {asic.id: asic for asic in study.asics}
    taken = opening_mw_by_shell(study.site("georgia"), asics, {})
    # 9,492 x 3,010 W x 1.05 = 29,999,466 W
    assert taken["air"] == pytest.approx(29.999466)
    assert taken["hpc"] == 0.0


def test_opening_gpu_nodes_take_it_power_times_the_gross_ratio(tmp_path):
    text = (
        "[override.sites.georgia]\nopening_fleet = [{ model = 'h100', units = 100, "
        "age_months = 0, book_value_usd = 0, remaining_life_months = 0 }]\n"
    )
    # 100 x 11.3 kW x 1.35 = 1,525.5 kW
    assert "1.53 MW" in faults(tmp_path, text)["shells[2].opening_mw"]


def test_one_id_for_an_asic_and_a_gpu_is_refused(tmp_path):
    text = """
[[gpus]]
id = "s21"
name = "x"
gpus_per_node = 8
node_it_kw = 10
idle_power_frac = 0.3
price_usd_per_node = 1
price_decline_per_year = 0.1
value_decline_per_year = 0.3
rent_usd_per_gpu_h = 2
utilisation_frac = 0.6
opex_frac_of_revenue = 0.1
lot_nodes = 1
delivery_months = 3
"""
    found = faults(tmp_path, text)
    assert "used twice among the asics and gpus" in found["gpus[0].id"]
    assert "sites/data/hardware/asics.toml asics[2]" in found["gpus[0].id"]


def test_a_conversion_to_a_shell_the_site_lacks_is_refused(tmp_path):
    shell = '{ kind = "air", opening_mw = 0, pue = 1.1, gross_per_it_ratio = 1.1 }'
    found = faults(tmp_path, f"[override.sites.oman]\nshells = [{shell}]\n")
    assert "names no shell of this site" in found["conversions[0].to_kind"]


def test_two_phases_of_one_name_are_refused(tmp_path):
    phase = (
        '{ id = "p", mw = 5, capex_usd = 1, lead_time_months = 3, '
        'earliest_month = "2026-03" }'
    )
    found = faults(tmp_path, f"[override.sites.oman]\nphases = [{phase}, {phase}]\n")
    assert "used twice" in found["override.sites.oman.phases[1].id"]


def test_correlations_that_contradict_each_other_are_refused(tmp_path):
    pairs = [("btc_price", "fees", 0.9), ("fees", "power", 0.9)]
    pairs.append(("btc_price", "power", -0.9))
    rows = ", ".join(
        f'{{ first = "{a}", second = "{b}", value = {v} }}' for a, b, v in pairs
    )
    found = faults(tmp_path, f"[override.market]\ncorrelations = [{rows}]\n")
    assert "contradict each other" in found["override.market.correlations"]


def test_a_pair_of_shocks_given_twice_is_refused(tmp_path):
    rows = ", ".join(
        f'{{ first = "{a}", second = "{b}", value = 0.1 }}'
        for a, b in (("fees", "power"), ("power", "fees"))
    )
    found = faults(tmp_path, f"[override.market]\ncorrelations = [{rows}]\n")
    assert "each pair once" in found["override.market.correlations[1]"]


def test_offers_for_a_site_left_out_are_faults_that_name_the_way_out(tmp_path):
    # HEAD ends inside [include]
    found = faults(tmp_path, 'sites = ["georgia", "indonesia", "partner_fleet"]\n')
    assert len(found) == 3
    assert all("[drop]" in text for text in found.values())


# --- odd inputs -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "key", "says"),
    [
        ("[override.asics.s21]\npower_w = 400", "efficiency", "asics.s21", "2.0 J/TH"),
        ("[override.sites.oman.power]\nfirm_usd_per_mwh = 300", "power_price",
         "sites.oman.power.firm_usd_per_mwh", "usual are 20 to 150"),
        ("[override.sites.partner_fleet.partner]\nhosting_rate_usd_per_mwh = 7.7",
         "power_price", "sites.partner_fleet.partner.hosting_rate_usd_per_mwh", "7.7"),
        ("[override.sites.oman]\nhurdle_rate_per_year = 0.05", "hurdle",
         "sites.oman.hurdle_rate_per_year", "under the discount rate"),
        ("[override.market]\nbtc_log_drift_per_year = 0.2", "drift",
         "market.btc_log_drift_per_year", "over the loan's 7.5%"),
        ("[override.company.loan]\nprincipal_usd = 600e6", "loan_to_value",
         "company.loan", "above the margin call level"),
        ("[override.company]\ncash_usd = 1e6", "cash_floor", "company.cash_usd",
         "under the cash floor"),
        ("[override.gpu_offers.h100_out]\nprice_usd_per_gpu_h = 17", "rent",
         "gpu_offers.h100_out", "merchant rent"),
        ("[override.gpu_offers.b200_in]\nprice_usd_per_gpu_h = 4", "lease_margin",
         "gpu_offers.b200_in", "costs more than"),
        ("[override.company]\npool_fee_frac = 0.5", "fee", "company.pool_fee_frac",
         "half a percent is 0.005"),
        ("[override.company]\ndiscount_rate_per_year = 1.2", "rate",
         "company.discount_rate_per_year", "120% a year"),
        ("[override.sites.oman]\nuptime_frac = 0.5", "uptime", "sites.oman.uptime_frac",
         "50%"),
        ("[override.sites.oman]\nasic_duty_frac = 1.5", "duty",
         "sites.oman.asic_duty_frac", "5 % is 0.05"),
        ('[override.sites.oman.phases.pilot]\nearliest_month = "2029-12"', "too_late",
         "sites.oman.phases.pilot", "cannot be chosen"),
        ("[override.sites.oman.phases.pilot]\ncapex_usd = 50e6", "capex",
         "sites.oman.phases.pilot", "10,000,000 USD/MW"),
        ("[override.hosting_offers.georgia_miner_24m]\nrate_usd_per_mwh = 30",
         "rate_below_power", "hosting_offers.georgia_miner_24m", "costs 53 USD/MWh"),
        ("[override.asics.s19_xp]\nscrap_usd_per_th = 9", "scrap", "asics.s19_xp",
         "more than a new machine"),
    ],
)  # fmt: skip
def test_odd_inputs_load_with_a_warning(tmp_path, text, code, key, says):
    assert says in codes(load(tmp_path, text))[(code, key)]


def test_the_base_study_has_only_the_warnings_we_know():
    # 481.85 M / (6,959.3 BTC x 91,000 USD) = 76.1 %
    found = codes(sites.load_bundle("base"))
    assert set(found) == {
        ("assumptions", "study"),
        ("after_study_date", "study"),
        ("loan_to_value", "company.loan"),
    }
    assert "76.1%" in found["loan_to_value", "company.loan"]


def test_the_teaching_study_has_no_odd_prices():
    found = {code for code, _ in codes(sites.load_bundle("teaching"))}
    assert found == {"assumptions", "after_study_date"}
