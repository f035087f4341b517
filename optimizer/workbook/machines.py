# SPDX-License-Identifier: Apache-2.0
"""ASICs on a site's sheet, cohort by cohort, as `models.fleet` has them.

What does not belong here: GPU nodes (`nodes`).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from optimizer.workbook.expr import Call, Expr, flag
from optimizer.workbook.site import Purchase
from optimizer.workbook.write_offs import add_write_off

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.hardware import AsicModel
    from models.plan import Holding
    from optimizer.workbook.lines import Scalar, Series
    from optimizer.workbook.site import SiteSheet

__all__ = ["add_machines", "ended_units", "standing_units"]


def standing_units(holdings: list[Holding], n_periods: int) -> FloatArray:
    """Return units standing by month, shape (n_periods,) [units]."""
    units = np.zeros(n_periods)
    for held in holdings:
        units[held.since : held.until] += held.units
    return units


def ended_units(
    holdings: list[Holding], n_periods: int
) -> tuple[FloatArray, FloatArray]:
    """Return units sold by month and units valued at the horizon.

    Returns
    -------
    tuple of ndarray of shape (n_periods,)
        The second is zero but in the last month. [units]
    """
    sold, left = np.zeros(n_periods), np.zeros(n_periods)
    for held in holdings:
        if held.ending == "move":
            continue
        if held.until < n_periods:
            sold[held.until] += held.units
        else:
            left[-1] += held.units
    return sold, left


def add_machines(place: SiteSheet) -> None:
    """Put everything about ASICs on a site's sheet."""
    draft, site = place.draft, place.site
    gpu_ids = {gpu.id for gpu in draft.study.gpus}
    cohorts: dict[tuple[str, int], list[Holding]] = defaultdict(list)
    for held in draft.plan.holdings:
        if held.site == site.id and held.model not in gpu_ids:
            cohorts[held.model, held.cohort_period].append(held)
    for (model, cohort), holdings in sorted(cohorts.items()):
        _add_cohort(place, draft.study.asic(model), cohort, holdings)
    _add_orders(place)
    _add_moves(place)
    _add_opening_books(place)


def _add_cohort(
    place: SiteSheet, asic: AsicModel, cohort: int, holdings: list[Holding]
) -> None:
    """Put one cohort's machines on the sheet: output, cost, sale, end value."""
    sheet, time = place.sheet, place.time
    born = _birth(place, cohort)
    name = f"{asic.name}, {born}"
    sheet.heading(f"Machines: {name}")
    began = place.draft.decided_once(
        f"{place.site.name}: {name}, month number of age zero", "period", float(cohort)
    )
    units = place.decided(
        f"{name}, machines standing",
        "machines",
        standing_units(holdings, place.n_periods),
    )
    age = sheet.row(
        "Age", "months", Call("MAX", time.index - began, 0), style="integer"
    )
    worn = 1 - _asic(place, asic, "degradation_per_year")
    keep = sheet.row(
        "Hashrate left",
        "share",
        worn ** (age / place.draft.inputs.constant("months_per_year")),
        style="factor",
    )
    _add_mining(place, asic, units, keep)
    _add_upkeep(place, asic, units)
    _add_endings(place, asic, holdings, keep, name)


def _birth(place: SiteSheet, cohort: int) -> str:
    """Return words for when a cohort began to run."""
    if cohort < 0:
        return f"{-cohort} months old at the start"
    return f"running from {place.draft.study.months[cohort]}"


def _asic(place: SiteSheet, asic: AsicModel, key: str) -> Scalar:
    return place.draft.inputs.number(f"asics.{asic.id}.{key}")


def _add_mining(place: SiteSheet, asic: AsicModel, units: Series, keep: Series) -> None:
    """Put output and running cost of a cohort on the sheet."""
    sheet, market = place.sheet, place.market
    inputs = place.draft.inputs
    uptime, power = place.number("uptime_frac"), _asic(place, asic, "power_w")
    shell = f"shells.{asic.shell}"
    watts = inputs.constant("w_per_mw")
    each_btc = sheet.row(
        "One machine: output if running",
        "BTC",
        market.btc_per_eh_s
        * _asic(place, asic, "hashrate_th_s")
        / inputs.constant("th_per_eh")
        * keep
        * uptime
        * (1 - inputs.number("company.pool_fee_frac")),
        style="btc",
    )
    each_mwh = sheet.row(
        "One machine: energy if running",
        "MWh",
        power * place.number(f"{shell}.pue") / watts * uptime * place.time.hours,
        style="factor",
    )
    cost: Expr = each_mwh * place.flexible
    if place.site.partner is not None:
        cost = cost * place.number("partner.avoidable_frac")
    each_usd = sheet.row(
        "One machine: energy not owed if it stands by", "USD", cost, style="price"
    )
    worth: Expr = each_btc * market.btc_price
    if place.regime.mining_vat_frac:
        worth = worth * (1 - place.tax_number("mining_vat_frac"))
    runs = sheet.row(
        "Runs (output is worth more than the energy)",
        "flag",
        flag(worth > each_usd),
        style="flag",
    )
    mined = sheet.row("Output", "BTC", units * runs * each_btc, style="btc", total=True)
    energy = sheet.row(
        "Energy", "MWh", units * runs * each_mwh, style="number", total=True
    )
    place.mined.append(mined)
    place.energy.append(energy)
    place.flow("mining_revenue", "Output at value", mined * market.btc_price)
    place.flow("mining_energy", "Energy", -(units * runs * each_usd))


def _add_upkeep(place: SiteSheet, asic: AsicModel, units: Series) -> None:
    """Put what standing machines cost and earn, running or not, on the sheet."""
    inputs = place.draft.inputs
    per_year, watts = inputs.constant("months_per_year"), inputs.constant("w_per_mw")
    ratio = place.number(f"shells.{asic.shell}.gross_per_it_ratio")
    facility = place.sheet.value(
        "Facility power reserved per machine",
        "MW",
        _asic(place, asic, "power_w") * ratio / watts,
        style="factor",
    )
    place.use(asic.shell, "mining", units * facility)
    failures = _asic(place, asic, "failure_rate_per_year")
    repairs = failures * _asic(place, asic, "repair_usd_per_unit")
    upkeep = facility * place.number("mining_opex_usd_per_mw_year") + repairs
    place.flow("mining_opex", "Operation and repairs", -(units * upkeep / per_year))
    rate = place.number("power.demand_response_usd_per_mw_year")
    place.flow("demand_response", "Demand response", units * facility * rate / per_year)


def _add_endings(
    place: SiteSheet, asic: AsicModel, holdings: list[Holding], keep: Series, name: str
) -> None:
    """Put what machines fetch when sold, or are worth at the horizon, on the sheet."""
    sheet, inputs = place.sheet, place.draft.inputs
    sold, left = ended_units(holdings, place.n_periods)
    if not (sold.any() or left.any()):
        return
    per_ph = inputs.constant("th_per_ph")
    buyer = inputs.number("market.resale_power_price_usd_per_mwh")
    efficiency = _asic(place, asic, "power_w") / _asic(place, asic, "hashrate_th_s")
    margin = sheet.row(
        "Margin of the marginal buyer",
        "USD/TH/year",
        (
            place.market.hashprice
            - efficiency
            * inputs.constant("hours_per_day")
            / inputs.constant("kwh_per_mwh")
            * buyer
        )
        * inputs.constant("days_per_year")
        / per_ph,
        style="price",
    )
    new = sheet.row(
        "Price of a new machine", "USD/TH", _new_price(place, asic), style="price"
    )
    worth = sheet.row(
        "One machine: resale value",
        "USD",
        Call(
            "MIN",
            new,
            Call(
                "MAX",
                _asic(place, asic, "scrap_usd_per_th"),
                _asic(place, asic, "resale_margin_years") * margin,
            ),
        )
        * _asic(place, asic, "hashrate_th_s")
        * keep,
        style="price",
    )
    if sold.any():
        gone = place.decided(f"{name}, machines sold", "machines", sold)
        place.flow("asic_resale", "Machines sold", gone * worth)
    if left.any():
        stays = place.decided(f"{name}, machines left at the horizon", "machines", left)
        place.flow("terminal_asics", "Machines at the horizon", stays * worth)


def _new_price(place: SiteSheet, asic: AsicModel) -> Expr:
    """Return the price of a new machine before duty. [USD/TH]."""
    fall = _asic(place, asic, "price_decline_per_year")
    return (
        _asic(place, asic, "price_usd_per_th") * (1 - fall) ** place.time.elapsed_years
    )


def _landed_price(place: SiteSheet, site_id: str, asic: AsicModel) -> Expr:
    """Return the price of one new machine landed at a site. [USD]."""
    duty = place.draft.inputs.number(f"sites.{site_id}.asic_duty_frac")
    vat = place.draft.inputs.number(f"sites.{site_id}.asic_vat_frac")
    return (
        _asic(place, asic, "hashrate_th_s")
        * _new_price(place, asic)
        * (1 + duty)
        * (1 + vat)
    )


def _add_orders(place: SiteSheet) -> None:
    """Put ASIC orders on the sheet: lots, payment, write-off."""
    draft = place.draft
    lots: dict[str, FloatArray] = {}
    for order in draft.plan.orders:
        if order.site == place.site.id and order.model in {
            asic.id for asic in draft.study.asics
        }:
            row = lots.setdefault(order.model, np.zeros(place.n_periods))
            row[order.period] += order.lots
    for model in sorted(lots):
        asic = draft.study.asic(model)
        place.sheet.heading(f"Orders: {asic.name}")
        ordered = place.decided(f"{asic.name}, lots ordered", "lots", lots[model])
        price = place.sheet.row(
            "One machine, landed",
            "USD",
            _landed_price(place, place.site.id, asic),
            style="price",
        )
        cost = place.sheet.row(
            "Cost of machines ordered",
            "USD",
            ordered * _asic(place, asic, "lot_units") * price,
            total=True,
        )
        place.flow("asic_purchase", "Machines paid", -cost)
        place.purchases.append(
            Purchase(
                model, "asic", cost, lots[model], asic.lot_units, asic.delivery_months
            )
        )
        add_write_off(place, "asic", cost, _asic(place, asic, "delivery_months"))


def _add_moves(place: SiteSheet) -> None:
    """Put machines that arrive from other sites on the sheet: freight, more duty."""
    draft = place.draft
    units: dict[tuple[str, str, bool], FloatArray] = {}
    for move in draft.plan.moves:
        if move.to_site == place.site.id:
            key = move.model, move.from_site, move.cohort_period >= 0
            row = units.setdefault(key, np.zeros(place.n_periods))
            row[move.period] += move.units
    for (model, origin, is_bought), row in sorted(units.items()):
        asic, other = draft.study.asic(model), draft.study.site(origin)
        kind = "bought within the study" if is_bought else "of the opening fleet"
        name = f"{asic.name} {kind}, from {other.name}"
        place.sheet.heading(f"Machines moved in: {name}")
        moved = place.decided(f"{name}, machines moved in", "machines", row)
        each: Expr = place.number("move_in_usd_per_unit")
        if is_bought:
            owed = place.sheet.row(
                "One machine: duty beyond that paid",
                "USD",
                Call(
                    "MAX",
                    _landed_price(place, place.site.id, asic)
                    - _landed_price(place, origin, asic),
                    0,
                ),
                style="price",
            )
            each = each + owed
        place.flow("moves", "Moving", -(moved * each))


def _add_opening_books(place: SiteSheet) -> None:
    """Put the write-off of machines that stood at the start on the sheet."""
    if not place.site.opening_fleet:
        return
    place.sheet.heading("Opening fleet: book value")
    models = [opening.model for opening in place.site.opening_fleet]
    for number, opening in enumerate(place.site.opening_fleet):
        is_alone = models.count(opening.model) == 1
        key = f"opening_fleet.{opening.model if is_alone else number}"
        asic = place.draft.study.asic(opening.model)
        life = Call("MAX", place.number(f"{key}.remaining_life_months"), 1)
        place.write_off(
            f"Tax depreciation: {asic.name}",
            place.number(f"{key}.book_value_usd") / life * (place.time.index < life),
        )
