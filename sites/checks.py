# SPDX-License-Identifier: Apache-2.0
"""Rules between records: references, dates and stocks that must fit together.

They run on whatever could be read, so that a file with one wrong number still hears
about its wrong references. What does not belong here: rules inside one record (they
stand in `models`) and inputs that are odd but allowed (`sites.suspicious`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.company import Company
from models.hardware import AsicModel, GpuModel
from models.market import correlation_root
from models.market_parameters import Market
from models.offers import HostingOffer
from models.site import Site
from models.units import W_PER_MW
from sites.debt_checks import company_debt_faults
from sites.words import did_you_mean, listed, number_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from models.errors import Fault
    from models.site import Shell
    from sites.entries import Entry, StudyEntries

__all__ = ["check_study", "opening_mw_by_shell"]

_KW_PER_MW = 1_000.0
_TOLERANCE_MW = 1e-6
_DROP = " An offer that the study does not need can be named under [drop]."


def check_study(entries: StudyEntries) -> list[Fault]:
    """Return every fault between the records of a study.

    Parameters
    ----------
    entries : StudyEntries
        Records as read.
    """
    faults = _duplicates(entries)
    if entries.company is not None:
        faults += _company(entries.company, entries)
    if entries.market is not None:
        faults += _correlations(entries.market)
    for site in entries.lists["sites"]:
        faults += _site_references(site, entries)
        faults += _site_dates(site, entries.start_month)
        faults += _power_range(site)
        faults += _site_stocks(site, entries)
    for name in ("hosting_offers", "gpu_offers"):
        for offer in entries.lists[name]:
            faults += _offer(offer, entries)
    return faults


def _unknown(
    entry: Entry,
    path: str,
    what: str,
    name: object,
    known: Iterable[str],
    advice: str = "",
) -> list[Fault]:
    """Return a fault if a name is not among those known."""
    known = set(known)
    if name is None or str(name) in known:
        return []
    action = f"{did_you_mean(str(name), known)}Known: {listed(known)}.{advice}"
    return [entry.fault(path, f"names no {what}.", action, value=repr(name))]


def _duplicates(entries: StudyEntries) -> list[Fault]:
    faults = []
    spaces = [("tax_regimes",), ("sites",), ("asics", "gpus")]
    spaces.append(("hosting_offers", "gpu_offers"))
    for space in spaces:
        seen: dict[str, Entry] = {}
        for entry in (entry for name in space for entry in entries.lists[name]):
            if entry.id in seen:
                first = seen[entry.id].node
                where = f"{first.file} {first.path}".strip()
                allowed = f"is used twice among the {' and '.join(space)}."
                action = f"Rename it; the first stands in {where}."
                faults.append(entry.fault("id", allowed, action, value=repr(entry.id)))
            elif entry.id:
                seen[entry.id] = entry
    for site in entries.lists["sites"]:
        for key in ("phases", "conversions"):
            names: set[object] = set()
            for k, member in enumerate(site.members(key)):
                name = member.get("id")
                if name is not None and name in names:
                    allowed = f"is used twice among the {key} of this site."
                    path = f"{key}.{k}.id"
                    faults.append(
                        site.fault(path, allowed, "Rename one.", value=repr(name))
                    )
                names.add(name)
    return faults


def _company(company: Entry, entries: StudyEntries) -> list[Fault]:
    tax_site = company.values.get("tax_site")
    faults = _unknown(company, "tax_site", "site", tax_site, entries.ids("sites"))
    faults += [
        company.fault(
            "tax_site",
            "must not be a pilot or greenfield site: its hurdle stands alone.",
            "Name the operating or partner site whose tax carries corporate costs.",
            value=repr(tax_site),
        )
        for site in entries.lists["sites"]
        if site.id == tax_site and site.values.get("status") in {"pilot", "greenfield"}
    ]
    record = company.record
    if (
        isinstance(record, Company)
        and entries.start_month
        and record.loan.maturity_month < entries.start_month
        and record.loan.principal_usd > 0
    ):
        allowed = f"must not be before the first month {entries.start_month}."
        action = "Give the month in which the principal is due."
        value = record.loan.maturity_month
        faults.append(
            company.fault("loan.maturity_month", allowed, action, value=value)
        )
    return [*faults, *company_debt_faults(company, entries)]


def _site_references(site: Entry, entries: StudyEntries) -> list[Fault]:
    regimes = entries.ids("tax_regimes")
    faults = _unknown(
        site, "tax_regime", "tax regime", site.values.get("tax_regime"), regimes
    )
    kinds = {str(shell.get("kind")) for shell in site.members("shells")}
    for k, conversion in enumerate(site.members("conversions")):
        for key in ("from_kind", "to_kind"):
            path = f"conversions.{k}.{key}"
            faults += _unknown(
                site, path, "shell of this site", conversion.get(key), kinds
            )
    machines = entries.ids("asics")
    needs = {
        entry.id: str(entry.values.get("shell")) for entry in entries.lists["asics"]
    }
    for k, cohort in enumerate(site.members("opening_fleet")):
        model, path = cohort.get("model"), f"opening_fleet.{k}.model"
        faults += _unknown(site, path, "ASIC family", model, machines)
        kind = needs.get(str(model))
        if kind is not None and kind not in kinds:
            allowed = f"needs a shell of kind {kind!r}, which this site lacks."
            action = "Add the shell, or move the machines to another site."
            faults.append(site.fault(path, allowed, action, value=repr(model)))
    return faults


def _site_dates(site: Entry, start_month: str) -> list[Fault]:
    dated = [
        (f"{key}.{k}.earliest_month", member.get("earliest_month"))
        for key in ("phases", "conversions")
        for k, member in enumerate(site.members(key))
    ]
    for k, shell in enumerate(site.members("shells")):
        build = shell.get("build")
        if isinstance(build, dict):
            path = f"shells.{k}.build.earliest_month"
            dated.append((path, build.get("earliest_month")))
    return [
        _too_early(site, path, month, start_month)
        for path, month in dated
        if isinstance(month, str) and month < start_month
    ]


def _correlations(market: Entry) -> list[Fault]:
    """Return faults of pairs given twice, of itself, or that contradict each other."""
    record = market.record
    if not isinstance(record, Market):
        return []
    faults = []
    seen: set[frozenset[str]] = set()
    for k, pair in enumerate(record.correlations):
        names = frozenset((pair.first, pair.second))
        if len(names) == 1 or names in seen:
            allowed = "must pair two different shocks, each pair once."
            value = f"{pair.first} with {pair.second}"
            path = f"correlations.{k}"
            faults.append(market.fault(path, allowed, "Remove it.", value=value))
        seen.add(names)
    if faults:
        return faults
    try:
        correlation_root(record)
    except ValueError:
        allowed = "contradict each other: the matrix is not positive definite."
        return [market.fault("correlations", allowed, "Bring them nearer to zero.")]
    return []


def _power_range(entry: Entry) -> list[Fault]:
    site = entry.record
    if not isinstance(site, Site):
        return []
    power = site.power
    ends = {
        "flexible_low_usd_per_mwh": (power.flexible_low_usd_per_mwh, -1.0),
        "flexible_high_usd_per_mwh": (power.flexible_high_usd_per_mwh, 1.0),
    }
    faults = []
    for name, (end, side) in ends.items():
        if end is not None and side * (end - power.flexible_usd_per_mwh) < 0:
            word = ">=" if side > 0 else "<="
            allowed = f"must be {word} the price {power.flexible_usd_per_mwh:g}."
            value = number_text(end, "USD/MWh")
            path = f"power.{name}"
            faults.append(entry.fault(path, allowed, "Correct one.", value=value))
    return faults


def _too_early(entry: Entry, path: str, month: str, start_month: str) -> Fault:
    allowed = f"must not be before the first month {start_month}."
    action = f'Write "{start_month}" or later.'
    return entry.fault(path, allowed, action, value=month)


def opening_mw_by_shell(
    site: Site, asics: Mapping[str, AsicModel], gpus: Mapping[str, GpuModel]
) -> dict[str, float]:
    """Return the facility power of a site's opening fleet, by kind of shell.

    Parameters
    ----------
    site : Site
        Site with its opening fleet.
    asics, gpus : mapping of str to AsicModel, GpuModel
        Hardware families by id; families unknown to both are left out.

    Returns
    -------
    dict of str to float
        Power at the plug (ASICs) or IT power (GPUs) times the shell's
        `gross_per_it_ratio`. [MW]
    """
    taken: dict[str, float] = {shell.kind: 0.0 for shell in site.shells}
    for cohort in site.opening_fleet:
        asic, gpu = asics.get(cohort.model), gpus.get(cohort.model)
        shell: Shell | None
        if asic is not None and (shell := site.shell(asic.shell)) is not None:
            it_mw = cohort.units * asic.power_w / W_PER_MW
            taken[asic.shell] += it_mw * shell.gross_per_it_ratio
        elif gpu is not None and (shell := site.shell("hpc")) is not None:
            it_mw = cohort.units * gpu.node_it_kw / _KW_PER_MW
            taken["hpc"] += it_mw * shell.gross_per_it_ratio
    return taken


def _site_stocks(entry: Entry, entries: StudyEntries) -> list[Fault]:
    site = entry.record
    if not isinstance(site, Site):
        return []
    asics = {
        e.id: e.record
        for e in entries.lists["asics"]
        if isinstance(e.record, AsicModel)
    }
    gpus = {
        e.id: e.record for e in entries.lists["gpus"] if isinstance(e.record, GpuModel)
    }
    fleet = opening_mw_by_shell(site, asics, gpus)
    clients = dict.fromkeys(fleet, 0.0)
    for offer in (e.record for e in entries.lists["hosting_offers"]):
        if not isinstance(offer, HostingOffer) or offer.site != site.id:
            continue
        if offer.is_committed and offer.shell in clients:
            clients[offer.shell] += offer.mw
    faults = []
    for k, shell in enumerate(site.shells):
        taken = fleet[shell.kind] + clients[shell.kind]
        if taken > shell.opening_mw + _TOLERANCE_MW:
            allowed = (
                f"must hold the opening fleet ({fleet[shell.kind]:.2f} MW) and the "
                f"committed clients ({clients[shell.kind]:.2f} MW)."
            )
            action = f"Give at least {taken:.2f} MW, or remove machines or clients."
            value = number_text(shell.opening_mw, "MW")
            path = f"shells.{k}.opening_mw"
            faults.append(entry.fault(path, allowed, action, value=value))
    total = sum(fleet.values()) + sum(clients.values())
    if total > site.contracted_mw + _TOLERANCE_MW:
        allowed = f"must cover the opening fleet and committed clients, {total:.2f} MW."
        action = f"Give at least {total:.2f} MW, or remove machines or clients."
        value = number_text(site.contracted_mw, "MW")
        faults.append(entry.fault("contracted_mw", allowed, action, value=value))
    return faults


def _offer(offer: Entry, entries: StudyEntries) -> list[Fault]:
    values = offer.values
    site_id = values.get("site")
    known = entries.ids("sites")
    faults = _unknown(offer, "site", "site", site_id, known, _DROP)
    if "gpu" in values:
        known = entries.ids("gpus")
        faults += _unknown(offer, "gpu", "GPU family", values["gpu"], known, _DROP)
    site = next((e for e in entries.lists["sites"] if e.id == site_id), None)
    if site is not None and "shell" in values:
        kinds = {str(shell.get("kind")) for shell in site.members("shells")}
        what = f"shell of the site {site_id!r}"
        faults += _unknown(offer, "shell", what, values["shell"], kinds)
    month = values.get("earliest_start")
    if isinstance(month, str) and entries.start_month:
        is_committed = values.get("is_committed") is True
        if month < entries.start_month and not is_committed:
            faults.append(
                _too_early(offer, "earliest_start", month, entries.start_month)
            )
        if month > entries.start_month and is_committed:
            allowed = f"must be {entries.start_month} for a committed contract."
            action = (
                "A committed contract runs from the first month; or remove the flag."
            )
            faults.append(offer.fault("earliest_start", allowed, action, value=month))
    return faults
