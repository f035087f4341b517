# SPDX-License-Identifier: Apache-2.0
"""The bundled studies: complete, sourced, and equal to what the facts give."""

from __future__ import annotations

import csv
import fnmatch
import tomllib

import pytest

import sites
from models.finance import npv
from models.market import base_paths
from models.opening import roll_forward, roll_forward_book_value
from optimizer.backtest import run_backtest
from sites.catalogue import BUNDLED

# Published figures of the company (business model canvas, December 2025; results of
# the third quarter of 2025; monthly updates).
DEPLOYED_EH_S = 50.0
OPERATING_EH_S = {"2025-07": 40.91, "2025-08": 43.74, "2025-09": 44.85}
OPERATING_EH_S |= {"2025-10": 46.09, "2025-11": 44.38}
BTC_OCTOBER_NOVEMBER = 602.6 + 546.7
FLEET_J_PER_TH = 21.6
BOOK_VALUE_USD = 365.7e6
DEPRECIATION_USD = 35.4e6
OTHER_REVENUE_USD = 491_646.0
HOSTING_DAYS = 51  # 11 August to 30 September

# Numbers that may hold for a day after the study's: hardware prices, tariffs, rents.
LATE = (
    "asics.*.price_usd_per_th",
    "gpus.*.price_usd_per_node",
    "gpus.*.value_decline_per_year",
    "gpus.*.rent_usd_per_gpu_h",
    "market.gpu_rent_volatility_per_year",
    "sites.*_duty_frac",
    "sites.*.power.*_usd_per_mwh",
    "hosting_offers.*.rate_usd_per_mwh",
    "gpu_offers.*.price_usd_per_gpu_h",
)


@pytest.fixture(scope="module")
def base() -> sites.StudyBundle:
    return sites.load_bundle("base")


@pytest.fixture(scope="module")
def fleet_eh_s(base) -> dict[str, tuple[float, float]]:
    """Nameplate and aged hashrate of the opening fleet, by site. [EH/s]"""
    found = {}
    for site in base.study.sites:
        new = aged = 0.0
        for cohort in site.opening_fleet:
            asic = base.study.asic(cohort.model)
            eh_s = cohort.units * asic.hashrate_th_s / 1e6
            keep = (1 - asic.degradation_per_year) ** (cohort.age_months / 12)
            new, aged = new + eh_s, aged + eh_s * keep
        if site.opening_fleet:
            found[site.id] = (new, aged)
    return found


# --- completeness ---------------------------------------------------------------------


def test_the_base_study_offers_what_the_company_could_do(base):
    study = base.study
    assert study.as_of_date == "2025-11-30"
    assert study.time.start_month == "2025-12"
    assert (study.time.months, study.time.monthly_months) == (60, 60)
    assert (study.time.order_step_months, study.time.holding_step_months) == (3, 3)
    assert study.solver.mip_gap_frac == 0.0001
    assert [site.id for site in study.sites] == [
        "georgia",
        "oman",
        "indonesia",
        "partner_fleet",
    ]
    assert sum(len(site.phases) for site in study.sites) >= 6
    assert sum(len(site.conversions) for site in study.sites) >= 4
    assert len(study.hosting_offers) + len(study.gpu_offers) >= 12
    assert {offer.direction for offer in study.gpu_offers} == {"in", "out"}
    names = {asic.id for asic in study.asics}
    assert names >= {"s19_xp", "t21", "s21", "s21_pro", "s21_xp"}
    assert sum(asic.shell == "hydro" for asic in study.asics) >= 2
    assert {gpu.id for gpu in study.gpus} == {"h100", "h200", "b200", "gb200"}
    assert all(machine.is_orderable for machine in (*study.asics, *study.gpus))
    assert all(site.shell(kind) for site in study.sites[:3] for kind in
               ("air", "hydro", "hpc"))  # fmt: skip


def test_the_long_study_sees_ten_years_monthly_then_quarterly():
    time = sites.load_study("long").time
    assert (time.months, time.monthly_months) == (120, 36)


def test_the_teaching_study_is_small():
    study = sites.load_study("teaching")
    assert study.time.months == 24
    assert len(study.sites) == 2
    assert len(study.asics) == 2
    assert len(study.hosting_offers) + len(study.gpu_offers) <= 2


# --- sources --------------------------------------------------------------------------


@pytest.mark.parametrize("name", sites.bundled_studies())
def test_no_number_is_without_source_day_and_grade(name):
    for number in sites.load_bundle(name).provenance:
        assert number.has_source, number.key
        assert number.as_of, number.key
        assert number.grade, number.key


def test_good_sources_give_publisher_title_and_address():
    sources = tomllib.loads((BUNDLED / "sources.toml").read_text(encoding="utf-8"))
    for name, source in sources.items():
        assert source["title"], name
        assert source["publisher"], name
        if source["grade"] in {"P", "T"} and name not in {"canvas", "geography"}:
            assert source["url"].startswith("http"), name


def test_every_bundled_source_is_cited():
    sources = tomllib.loads((BUNDLED / "sources.toml").read_text(encoding="utf-8"))
    cited = {
        number.source_id
        for name in sites.bundled_studies()
        for number in sites.load_bundle(name).provenance
    }
    assert set(sources) == cited - {"assumption"}


def test_only_prices_tariffs_and_rents_are_later_than_the_study(base):
    for number in base.provenance:
        if number.is_after_study_date:
            assert any(fnmatch.fnmatch(number.key, rule) for rule in LATE), number.key


def test_company_and_chain_figures_are_never_later_than_the_study(base):
    for number in base.provenance:
        if number.key.startswith(("company.", "market.btc", "market.network")):
            assert number.as_of <= "2025-11-30", number.key


def test_most_assumptions_that_drive_the_plan_have_a_range(base):
    for key in (
        "sites.partner_fleet.partner.avoidable_frac",
        "sites.partner_fleet.partner.min_term_months",
        "sites.partner_fleet.partner.notice_months",
        "sites.partner_fleet.partner.hosting_rate_usd_per_mwh",
        "sites.georgia.power.flexible_usd_per_mwh",
        "company.cash_usd",
        "company.loan.principal_usd",
        "company.btc_pledged",
        "company.loan.rate_per_year",
        "market.network_trend_per_year",
        "gpus.h100.utilisation_frac",
    ):
        number = base.number(key)
        assert number.low is not None, key
        assert number.high is not None, key
        assert number.low < number.high, key


def test_no_price_series_is_bundled():
    for path in BUNDLED.rglob("*.csv"):
        with path.open(encoding="utf-8") as file:
            rows = (line for line in file if not line.startswith("#"))
            header = next(csv.reader(rows))
        assert not any("price" in column for column in header), path.name


# --- the opening state from the published figures -------------------------------------


def roll(cash_cost, rate, other_cost):
    # 491,646 USD in 51 days; October and November have 61
    hosting_usd = OTHER_REVENUE_USD / HOSTING_DAYS * 61
    return roll_forward(
        44.9e6,
        405.1e6,
        btc_held=6959.3,
        btc_mined=BTC_OCTOBER_NOVEMBER,
        cash_cost_usd_per_btc=cash_cost,
        months=2,
        general_admin_usd_per_month=2e6,
        loan_rate_per_year=rate,
        receipts_usd=2 * 1.1e6 + hosting_usd,
        other_cost_usd=other_cost,
        cash_floor_usd=20e6,
    )


def test_cash_loan_and_pledge_are_the_published_ones_rolled_forward(base):
    company = base.study.company
    assert company.cash_floor_usd == 20e6
    assert company.general_admin_usd_per_month == 2e6
    (cars,) = company.side_businesses
    assert cars.revenue_usd_per_month == pytest.approx(3.3e6 / 3)
    balance = roll(81_072.0, company.loan.rate_per_year, 2 * cars.cost_usd_per_month)
    # 44.9 + 2.788 - 93.176 - 2.2 - 4.0 - 5.064 = -56.752 M; to the floor: 76.752 M
    assert balance.drawn_usd == pytest.approx(76.752e6, rel=1e-4)
    assert company.cash_usd == pytest.approx(balance.cash_usd)
    assert company.loan.principal_usd == pytest.approx(balance.loan_usd, rel=1e-5)
    assert company.btc_pledged == balance.btc_pledged
    assert company.btc_free == 0.0


def test_the_range_of_the_loan_is_the_rule_with_other_costs(base):
    number = base.number("company.loan.principal_usd")
    low = roll(70_602.0, 0.065, 2 * 935_000.0)
    # Mining cash cost grows with energy: 156.5 M in 92 days at 43.15 EH/s to 61 days
    # at 45.25 EH/s; all 6.1 M of the quarter's other cost.
    third = (40.91 * 31 + 43.74 * 31 + 44.85 * 30) / 92
    fourth = (46.09 * 31 + 44.38 * 30) / 61
    per_btc = 1_930.8 * 81_072 * (61 / 92) * (fourth / third) / BTC_OCTOBER_NOVEMBER
    high = roll(per_btc, 0.10, 6.1e6 * 2 / 3)
    assert number.low == pytest.approx(low.loan_usd, rel=1e-3)
    assert number.high == pytest.approx(high.loan_usd, rel=1e-3)


def test_book_value_and_remaining_life_follow_the_published_pace(base):
    book = roll_forward_book_value(BOOK_VALUE_USD, DEPRECIATION_USD, months=2)
    cohorts = [c for site in base.study.sites for c in site.opening_fleet]
    total_usd = sum(cohort.book_value_usd for cohort in cohorts)
    assert total_usd == pytest.approx(book.book_value_usd, rel=1e-5)
    life = {cohort.remaining_life_months for cohort in cohorts}
    assert life == {round(book.remaining_life_months)}


# --- the fleet ------------------------------------------------------------------------


def test_the_fleet_adds_up_to_fifty_exahash(base, fleet_eh_s):
    assert sum(new for new, _ in fleet_eh_s.values()) == pytest.approx(
        DEPLOYED_EH_S, rel=1e-4
    )
    refresh = base.study.site("partner_fleet").opening_fleet[1:]
    new = sum(c.units * base.study.asic(c.model).hashrate_th_s / 1e6 for c in refresh)
    assert new == pytest.approx(6.0, rel=1e-3)


def test_georgia_mines_with_thirty_megawatts_and_hosts_twenty(base):
    georgia = base.study.site("georgia")
    (cohort,) = georgia.opening_fleet
    shell = georgia.shell("air")
    assert shell is not None
    mw = cohort.units * base.study.asic(cohort.model).power_w * shell.pue / 1e6
    assert mw == pytest.approx(30.0, abs=0.01)
    hosted = [o for o in base.study.hosting_offers if o.is_committed]
    assert [(o.site, o.mw, o.is_evergreen) for o in hosted] == [("georgia", 20.0, True)]


def test_partner_uptime_gives_the_mean_operating_hashrate(base, fleet_eh_s):
    georgia = base.study.site("georgia")
    ours_eh_s = fleet_eh_s["georgia"][1] * georgia.uptime_frac
    aged_eh_s = fleet_eh_s["partner_fleet"][1]
    months = ("2025-08", "2025-09", "2025-10", "2025-11")
    mean_eh_s = sum(OPERATING_EH_S[month] for month in months) / 4
    number = base.number("sites.partner_fleet.uptime_frac")
    assert number.value == pytest.approx((mean_eh_s - ours_eh_s) / aged_eh_s, abs=1e-4)
    worst, best = OPERATING_EH_S["2025-07"], OPERATING_EH_S["2025-10"]
    assert number.low == pytest.approx((worst - ours_eh_s) / aged_eh_s, abs=1e-4)
    assert number.high == pytest.approx((best - ours_eh_s) / aged_eh_s, abs=1e-4)


def test_the_partner_fleet_draws_the_published_energy_per_hash(base, fleet_eh_s):
    site = base.study.site("partner_fleet")
    shell = site.shell("air")
    assert shell is not None
    plug_mw = sum(
        c.units * base.study.asic(c.model).power_w / 1e6 for c in site.opening_fleet
    )
    # MW per EH/s of the aged fleet is J/TH
    drawn = plug_mw * shell.pue / fleet_eh_s["partner_fleet"][1]
    assert drawn == pytest.approx(FLEET_J_PER_TH, rel=0.005)
    assert site.contracted_mw == pytest.approx(plug_mw * shell.pue, abs=0.1)
    assert site.contracted_mw >= plug_mw * shell.pue


def test_the_hosting_rate_is_the_one_that_three_quarters_of_cost_imply(base):
    cost = run_backtest().cost_to_mine
    assert cost is not None
    number = base.number("sites.partner_fleet.partner.hosting_rate_usd_per_mwh")
    assert number.value == pytest.approx(cost.base_rate_usd_per_mwh, abs=0.05)
    assert number.high == pytest.approx(cost.base_rate_high_usd_per_mwh, abs=0.05)
    # the third quarter's cost spread over 23 J/TH instead of 21.6 J/TH
    third = cost.quarters[-1].rate_usd_per_mwh * FLEET_J_PER_TH / 23.0
    assert number.low == pytest.approx(third, abs=0.5)


# --- prices that are worked out -------------------------------------------------------


def test_the_opening_price_is_the_one_the_company_implies(base):
    # loan to value of 64 % on 405.1 M and 6,959.3 BTC
    implied = 405.1e6 / (0.64 * 6959.3)
    assert base.study.market.btc_price_usd == pytest.approx(implied, rel=0.002)


def test_network_and_height_are_those_of_november(base):
    path = BUNDLED / "market" / "network_monthly.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    november = next(row for row in rows if row["month"] == "2025-11")
    height = int(november["start_height"]) + int(november["blocks"])
    assert base.study.market.block_height == height
    assert base.study.market.network_eh_s == pytest.approx(
        float(november["network_eh_s"]), rel=1e-4
    )


def test_hosting_revenue_of_the_third_quarter_reads_as_a_margin_over_power(base):
    # 491,646 USD over 51 days x 24 h x 20 MW = 20.1 USD/MWh
    margin = OTHER_REVENUE_USD / (HOSTING_DAYS * 24 * 20)
    (offer,) = [o for o in base.study.hosting_offers if o.is_committed]
    power = base.study.site("georgia").power.flexible_usd_per_mwh
    assert offer.rate_usd_per_mwh == pytest.approx(power + margin, abs=0.1)


@pytest.mark.parametrize("gpu_id", ["h100", "h200", "b200", "gb200"])
def test_a_used_gpu_node_is_worth_a_quarter_to_a_third_after_three_years(base, gpu_id):
    number = base.number(f"gpus.{gpu_id}.value_decline_per_year")
    assert (1 - number.value) ** 3 == pytest.approx(0.30, abs=0.005)
    assert (1 - number.high) ** 3 == pytest.approx(0.25, abs=0.005)
    assert (1 - number.low) ** 3 == pytest.approx(0.35, abs=0.005)


@pytest.mark.parametrize("site_id", ["georgia", "oman", "indonesia"])
def test_power_and_shell_add_up_to_the_documented_cost_of_a_site(base, site_id):
    # New air-cooled mining 0.30 to 1.0 M/MW; hydro 0.55 to 1.0 M/MW; pods 3 to 8 M per
    # MW IT, base 5.
    site = base.study.site(site_id)
    phase = site.phases[0]
    power = phase.capex_usd / phase.mw
    built = {shell.kind: shell for shell in site.shells if shell.build is not None}
    total = {k: power + s.build.capex_usd_per_mw for k, s in built.items()}
    assert 0.45e6 <= total["air"] <= 0.60e6
    assert 0.70e6 <= total["hydro"] <= 0.85e6
    per_it_mw = total["hpc"] * built["hpc"].gross_per_it_ratio
    assert per_it_mw == pytest.approx(5.0e6, rel=0.01)


def test_leasing_in_and_out_leaves_a_margin_after_operation(base):
    study = base.study
    for pair in ("h100", "h200", "b200"):
        paid = next(o for o in study.gpu_offers if o.id == f"{pair}_in")
        sold = next(o for o in study.gpu_offers if o.id == f"{pair}_out")
        revenue = sold.price_usd_per_gpu_h * sold.paid_hours_frac
        cost = paid.price_usd_per_gpu_h + study.gpu(pair).opex_frac_of_revenue * revenue
        assert 0.10 <= 1 - cost / revenue <= 0.25, pair


# --- CFO sense ------------------------------------------------------------------------


def test_mining_at_the_opening_prices_stands_near_its_cost(base):
    # Company: 81,072 USD of cash cost per BTC in the third quarter, price now 91,000,
    # difficulty up by a tenth: the margin is thin but above the avoidable cost.
    study = base.study
    hashprice = float(base_paths(study).hashprice_usd_per_ph_day[0, 0])
    assert 35.0 <= hashprice <= 42.0
    partner = study.site("partner_fleet").partner
    assert partner is not None
    full = FLEET_J_PER_TH * 24 / 1000 * partner.hosting_rate_usd_per_mwh
    assert full * partner.avoidable_frac < hashprice < full * 1.1


def test_a_leased_out_b200_node_earns_more_than_it_costs(base):
    study = base.study
    gpu, georgia = study.gpu("b200"), study.site("georgia")
    shell = georgia.shell("hpc")
    offer = next(o for o in study.gpu_offers if o.id == "georgia_b200_out")
    assert shell is not None
    hours = 8760.0
    sold = gpu.gpus_per_node * hours * offer.paid_hours_frac * offer.price_usd_per_gpu_h
    power = gpu.node_it_kw / 1e3 * shell.pue * hours * georgia.power.firm_usd_per_mwh
    yearly = sold * (1 - gpu.opex_frac_of_revenue) - power
    resale = gpu.price_usd_per_node * (1 - gpu.value_decline_per_year) ** 3
    flows = [-gpu.price_usd_per_node, yearly, yearly, yearly + resale]
    assert npv(0.12, flows) > 0
    # payback between one and a half and three years, as contracted clouds report
    assert 1.5 <= gpu.price_usd_per_node / yearly <= 3.0
