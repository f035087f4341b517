# SPDX-License-Identifier: Apache-2.0
"""Checks of the company's debt and treasury policy against the rest of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.company import Company

if TYPE_CHECKING:
    from models.errors import Fault
    from sites.entries import Entry, StudyEntries

__all__ = ["company_debt_faults"]


def company_debt_faults(company: Entry, entries: StudyEntries) -> list[Fault]:
    """Return faults of debt facilities, draw limit and BTC floor.

    Parameters
    ----------
    company : Entry
        Company of the study.
    entries : StudyEntries
        All of the study's entries.

    Returns
    -------
    list of Fault
        Empty if all fits.
    """
    faults = _facility_faults(company, entries)
    record = company.record
    if not isinstance(record, Company):
        return faults
    limit, owed = record.loan.draw_limit_usd, record.loan.principal_usd
    if 0.0 < limit < owed:
        faults.append(
            company.fault(
                "loan.draw_limit_usd",
                f"must not be under the opening principal_usd {owed:,.0f}.",
                "Raise it, or give 0 if nothing more may be drawn.",
                value=str(limit),
            )
        )
    floor, held = record.treasury_policy.btc_floor, record.btc_free + record.btc_pledged
    if record.treasury_policy.kind == "keep_floor" and floor > held:
        faults.append(
            company.fault(
                "treasury_policy.btc_floor",
                f"must not exceed the opening BTC of {held:,.1f}.",
                "Lower it, or choose another treasury policy.",
                value=str(floor),
            )
        )
    return faults


def _facility_faults(company: Entry, entries: StudyEntries) -> list[Fault]:
    faults: list[Fault] = []
    sites, seen = entries.ids("sites"), set()
    tax_site = company.values.get("tax_site")
    for k, facility in enumerate(company.members("debt_facilities")):
        path, place, name = (
            f"debt_facilities.{k}",
            facility.get("site"),
            facility.get("id"),
        )
        if name in seen:
            faults.append(
                company.fault(
                    f"{path}.id",
                    "is used twice among the debt facilities.",
                    "Rename one.",
                    value=repr(name),
                )
            )
        seen.add(name)
        if place is None:
            continue
        if place not in sites:
            faults.append(
                company.fault(
                    f"{path}.site",
                    f"is no site of the study: {', '.join(sorted(sites))}.",
                    "Name one of them, or add the site.",
                    value=repr(place),
                )
            )
        elif place == tax_site:
            faults.append(
                company.fault(
                    f"{path}.site",
                    "must not be the site that carries the company's tax: cover is "
                    "counted after the site's own tax.",
                    "Finance another site, or move tax_site.",
                    value=repr(place),
                )
            )
    return faults
