# SPDX-License-Identifier: Apache-2.0
"""Accepted offers on a site's sheet, as `models.contracts` and `models.book` have them.

What does not belong here: the partner's hosting of our own machines (`plant`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.months import months_between
from optimizer.workbook.expr import Call, Expr
from optimizer.workbook.site import SiteSheet, in_last_month

if TYPE_CHECKING:
    from models.offers import GpuLeaseOffer, HostingOffer
    from models.plan import OfferAcceptance
    from optimizer.workbook.lines import Scalar, Series

__all__ = ["add_contracts"]


def add_contracts(place: SiteSheet) -> None:
    """Put every accepted offer of a site on its sheet."""
    study = place.draft.study
    hosting = {offer.id: offer for offer in study.hosting_offers}
    leases = {offer.id: offer for offer in study.gpu_offers}
    for taken in place.draft.plan.offers:
        if taken.offer in hosting and hosting[taken.offer].site == place.site.id:
            _add_hosting(place, hosting[taken.offer], taken)
        elif taken.offer in leases and leases[taken.offer].site == place.site.id:
            _add_lease(place, leases[taken.offer], taken)


def _live(place: SiteSheet, name: str, taken: OfferAcceptance) -> Series:
    """Put on the sheet of the plan in which months a contract runs."""
    mask = np.zeros(place.n_periods)
    mask[taken.since : taken.until] = 1.0
    return place.decided(f"{name}, running", "flag", mask)


def _remainder(place: SiteSheet, name: str, taken: OfferAcceptance) -> Scalar:
    """Put on the sheet how many last monthly margins a contract is worth, taxed."""
    inputs = place.draft.inputs
    months_left = max(taken.until - place.n_periods, 0)
    left = _count(place, f"{name}, months left past the horizon", months_left)
    yearly = Call(
        "MAX",
        inputs.number("company.discount_rate_per_year"),
        place.number("hurdle_rate_per_year"),
    )
    monthly = place.sheet.value(
        "Discount rate past the horizon",
        "per month",
        (1 + yearly) ** (1 / inputs.constant("months_per_year")) - 1,
        style="factor",
    )

    def worth(months: Scalar) -> Expr:
        return Call(
            "IF", monthly.same(0), months, (1 - (1 + monthly) ** -months) / monthly
        )

    rate = place.tax_number("rate_frac")
    kept = 1 - place.tax_number("withholding_frac")
    total: Expr = (1 - rate) * kept * worth(left)
    for number, holiday in enumerate(place.regime.holidays):
        horizon = place.draft.study.time
        end = months_between(horizon.start_month, holiday.last_month) + 1
        begin = months_between(horizon.start_month, holiday.first_month)
        until = min(max(end - place.n_periods, 0), months_left)
        since = min(max(begin - place.n_periods, 0), until)
        if until > since:
            words = f"{name}, months past the horizon up to holiday {number + 1}"
            before = _count(place, words, since)
            after = _count(place, f"{words} and its end", until)
            exempt = place.tax_number(f"holidays.{number}.exempt_frac")
            total = total + rate * kept * exempt * (worth(after) - worth(before))
    return place.sheet.value(
        "Last monthly margins that the rest is worth, after tax",
        "months",
        total,
        style="factor",
    )


def _count(place: SiteSheet, label: str, months: int) -> Scalar:
    """Put a number of months that follows from the plan on its sheet."""
    return place.draft.decided_once(
        f"{place.site.name}: {label}", "months", float(months)
    )


def _add_hosting(place: SiteSheet, offer: HostingOffer, taken: OfferAcceptance) -> None:
    """Put a hosting client on the sheet."""
    inputs, sheet = place.draft.inputs, place.sheet

    def term(key: str) -> Scalar:
        return inputs.number(f"hosting_offers.{offer.id}.{key}")

    sheet.heading(f"Hosting contract: {offer.name}")
    live = _live(place, offer.name, taken)
    place.use(offer.shell, "hosting", live * term("mw"))
    paid = Call("MAX", term("load_frac"), term("take_or_pay_frac"))
    energy: Expr | None = None
    if offer.rate_usd_per_mwh > 0:
        revenue = term("mw") * place.time.hours * paid * term("rate_usd_per_mwh")
        energy = term("mw") * place.time.hours * term("load_frac") * place.flexible
    else:
        it_kw = term("mw") * inputs.constant("kw_per_mw")
        if place.site.shell(offer.shell) is not None:
            it_kw = it_kw / place.number(f"shells.{offer.shell}.gross_per_it_ratio")
        revenue = it_kw * term("rent_usd_per_it_kw_month") * paid
    full = sheet.row("Revenue if running", "USD", revenue)
    margin: Expr = full - full * term("opex_frac_of_revenue")
    place.flow("hosting_revenue", "Revenue", full * live)
    if energy is not None:
        bought = sheet.row("Energy bought if running", "USD", energy)
        margin = full - bought - full * term("opex_frac_of_revenue")
        place.flow("hosting_energy", "Energy", -(bought * live))
    place.flow(
        "hosting_opex", "Operation", -(full * term("opex_frac_of_revenue") * live)
    )
    if taken.until > place.n_periods:
        left = _remainder(place, offer.name, taken)
        place.flow(
            "terminal_hosting",
            "Contract left at the horizon",
            in_last_month(place.time, margin * left),
        )


def _add_lease(place: SiteSheet, offer: GpuLeaseOffer, taken: OfferAcceptance) -> None:
    """Put a GPU lease on the sheet: rent, what the market gives or takes, deposit."""
    inputs, sheet = place.draft.inputs, place.sheet
    sheet.heading(f"GPU lease {offer.direction}: {offer.name}")
    live = _live(place, offer.name, taken)
    sign = 1 if offer.direction == "in" else -1

    def term(key: str) -> Scalar:
        return inputs.number(f"gpu_offers.{offer.id}.{key}")

    used = place.market.gpu_used[offer.gpu]
    share = inputs.number(f"gpus.{offer.gpu}.opex_frac_of_revenue")
    rented = (
        term("n_gpus")
        * place.time.hours
        * term("paid_hours_frac")
        * term("price_usd_per_gpu_h")
    )
    sold = term("n_gpus") * place.time.hours * used * place.market.gpu_rent[offer.gpu]
    rent = sheet.row("Contract payment if running", "USD", rented)
    merchant = sheet.row("Merchant revenue of these GPUs", "USD", sold)
    parts: list[tuple[str, str, Expr]] = [
        ("gpu_contract", "Contract", -rent if sign == 1 else rent),
        ("gpu_merchant", "Merchant revenue", merchant if sign == 1 else -merchant),
        (
            "gpu_opex",
            "Operation",
            -(merchant * share) if sign == 1 else (merchant - rent) * share,
        ),
    ]
    if sign == -1 and place.site.shell("hpc") is not None:
        parts.append(("gpu_energy", "Energy", _own_energy(place, offer)))
    margin: Expr | int = 0
    for item, label, formula in parts:
        line = sheet.row(f"{label} if running", "USD", formula)
        margin = line if isinstance(margin, int) else margin + line
        place.flow(item, label, line * live)
    if taken.until > place.n_periods and isinstance(margin, Expr):
        left = _remainder(place, offer.name, taken)
        place.flow(
            "terminal_leases",
            "Contract left at the horizon",
            in_last_month(place.time, margin * left),
        )
    if offer.deposit_months:
        _add_deposit(place, offer, taken)


def _own_energy(place: SiteSheet, offer: GpuLeaseOffer) -> Expr:
    """Return the energy that own nodes need more under contract, as a flow. [USD]."""
    inputs = place.draft.inputs

    def gpu(key: str) -> Scalar:
        return inputs.number(f"gpus.{offer.gpu}.{key}")

    def term(key: str) -> Scalar:
        return inputs.number(f"gpu_offers.{offer.id}.{key}")

    it_mw = place.sheet.value(
        "IT power of the nodes",
        "MW",
        term("n_gpus")
        / gpu("gpus_per_node")
        * gpu("node_it_kw")
        / inputs.constant("kw_per_mw"),
        style="factor",
    )
    full = it_mw * place.number("shells.hpc.pue") * (1 - gpu("idle_power_frac"))
    more = term("paid_hours_frac") - place.market.gpu_used[offer.gpu]
    return -(full * place.time.hours * place.firm * more)


def _add_deposit(
    place: SiteSheet, offer: GpuLeaseOffer, taken: OfferAcceptance
) -> None:
    """Put the deposit of a lease on the sheet: paid, and back."""
    inputs = place.draft.inputs

    def term(key: str) -> Scalar:
        return inputs.number(f"gpu_offers.{offer.id}.{key}")

    deposit = place.sheet.value(
        "Deposit",
        "USD",
        term("deposit_months")
        * term("n_gpus")
        * place.time.hours.total
        / place.time.n_months
        * term("paid_hours_frac")
        * term("price_usd_per_gpu_h"),
        style="money",
    )
    moved = np.zeros(place.n_periods)
    moved[taken.since] += 1.0
    if taken.until < place.n_periods:
        moved[taken.until] -= 1.0
    paid = place.decided(f"{offer.name}, deposit made (1) or back (-1)", "flag", moved)
    out = place.sheet.row("Deposit made, or back", "USD", paid * deposit)
    place.deposits.append((offer.direction, out))
    place.flow("gpu_deposits", "Deposit", -out if offer.direction == "in" else out)
    if taken.until >= place.n_periods:
        back = deposit if offer.direction == "in" else -deposit
        place.flow(
            "terminal_deposits",
            "Deposit at the horizon",
            in_last_month(place.time, back),
        )
