# SPDX-License-Identifier: Apache-2.0
"""Capacity: energised MW, shell MW and what a plan uses of them, by site and month.

Power, shell and machines are separate stocks; this is the one place that says how they
move. What does not belong here: money.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.fleet import asic_facility_mw, gpu_facility_mw

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.plan import Plan
    from models.study import Study

__all__ = [
    "LINES",
    "SHELL_KINDS",
    "Usage",
    "commitment_mw",
    "energised_mw",
    "running_share",
    "shell_mw",
    "usage",
]

SHELL_KINDS: Final = ("air", "hydro", "hpc")
LINES: Final = ("self_mining", "hosting", "gpu_leasing")


@dataclass(frozen=True, slots=True)
class Usage:
    """Facility MW that a plan uses.

    Parameters
    ----------
    by_use_mw : ndarray of shape (n_sites, n_shell_kinds, n_lines, n_periods)
        MW by shell kind and line, in the order of `SHELL_KINDS` and `LINES`. [MW]
    """

    by_use_mw: FloatArray

    @property
    def by_line_mw(self) -> FloatArray:
        """MW by line, (n_sites, n_lines, n_periods) [MW]."""
        total: FloatArray = self.by_use_mw.sum(axis=1)
        return total

    @property
    def by_shell_mw(self) -> FloatArray:
        """MW by shell kind, (n_sites, n_shell_kinds, n_periods) [MW]."""
        total: FloatArray = self.by_use_mw.sum(axis=2)
        return total


def usage(study: Study, plan: Plan) -> Usage:
    """Return the facility MW that a plan's machines and clients take up."""
    n_sites, n_periods = len(study.sites), study.time.months
    used = np.zeros((n_sites, len(SHELL_KINDS), len(LINES), n_periods))

    def add(site: int, line: str, kind: str, since: int, until: int, mw: float) -> None:
        used[site, SHELL_KINDS.index(kind), LINES.index(line), since:until] += mw

    gpu_ids = {gpu.id for gpu in study.gpus}
    for held in plan.holdings:
        index = study.site_index(held.site)
        site = study.sites[index]
        if held.model in gpu_ids:
            mw = gpu_facility_mw(site, study.gpu(held.model)) * held.units
            add(index, "gpu_leasing", "hpc", held.since, held.until, mw)
        else:
            asic = study.asic(held.model)
            mw = asic_facility_mw(site, asic) * held.units
            add(index, "self_mining", asic.shell, held.since, held.until, mw)
    offers = {offer.id: offer for offer in study.hosting_offers}
    for taken in plan.offers:
        if taken.offer in offers:
            offer = offers[taken.offer]
            index = study.site_index(offer.site)
            add(index, "hosting", offer.shell, taken.since, taken.until, offer.mw)
    return Usage(used)


def energised_mw(study: Study, plan: Plan, delay_months: int = 0) -> FloatArray:
    """Return energised MW: opening contract plus phases live.

    Parameters
    ----------
    study : Study
        Study.
    plan : Plan
        Plan.
    delay_months : int
        Delay of every phase. [months]

    Returns
    -------
    ndarray of shape (n_sites, n_periods)
        MW connected; at partner sites the opening contract. [MW]
    """
    n_periods = study.time.months
    energised = np.array([[site.contracted_mw] * n_periods for site in study.sites])
    for start in plan.phases:
        index = study.site_index(start.site)
        phase = next(p for p in study.sites[index].phases if p.id == start.phase)
        live = start.period + phase.lead_time_months + delay_months
        energised[index, live:] += phase.mw
    return energised


def commitment_mw(study: Study, plan: Plan) -> FloatArray:
    """Return MW committed to partners' hosting contracts.

    Returns
    -------
    ndarray of shape (n_sites, n_periods)
        Committed MW; zero at owned sites. [MW]
    """
    committed = np.zeros((len(study.sites), study.time.months))
    for entry in plan.commitments:
        committed[study.site_index(entry.site)] = entry.mw
    return committed


def shell_mw(study: Study, plan: Plan, delay_months: int = 0) -> FloatArray:
    """Return shell MW by kind: opening, built, converted out and in.

    A conversion takes its MW out `downtime_months` before it is done and brings them
    back as the new kind when done.

    Parameters
    ----------
    study : Study
        Study.
    plan : Plan
        Plan.
    delay_months : int
        Delay of everything new; old space leaves as planned. [months]

    Returns
    -------
    ndarray of shape (n_sites, n_shell_kinds, n_periods)
        Usable MW. [MW]
    """
    n_periods = study.time.months
    stock = np.zeros((len(study.sites), len(SHELL_KINDS), n_periods))
    for index, site in enumerate(study.sites):
        for shell in site.shells:
            stock[index, SHELL_KINDS.index(shell.kind)] = shell.opening_mw
    for start in plan.builds:
        index = study.site_index(start.site)
        shell_at = study.sites[index].shell(start.kind)
        if shell_at is None or shell_at.build is None:
            msg = f"site {start.site} offers no {start.kind} shell to build"
            raise ValueError(msg)
        build = shell_at.build
        live = start.period + build.lead_time_months + delay_months
        kind = SHELL_KINDS.index(start.kind)
        stock[index, kind, live:] += build.module_mw * start.modules
    for change in plan.conversions:
        index = study.site_index(change.site)
        conversion = next(
            c for c in study.sites[index].conversions if c.id == change.conversion
        )
        mw = conversion.module_mw * change.modules
        done = change.period + conversion.lead_time_months
        out = done - conversion.downtime_months
        stock[index, SHELL_KINDS.index(conversion.from_kind), out:] -= mw
        into = SHELL_KINDS.index(conversion.to_kind)
        stock[index, into, done + delay_months :] += mw
    return stock


def running_share(study: Study, plan: Plan, delay_months: int) -> FloatArray:
    """Return which share of planned load can run when everything new comes late.

    Load that lacks shell is scaled down evenly within its shell kind; if what still
    fits lacks power, all of it is scaled down evenly.

    Parameters
    ----------
    study : Study
        Study.
    plan : Plan
        Plan.
    delay_months : int
        Delay of phases, shells and conversions. [months]

    Returns
    -------
    ndarray of shape (n_sites, n_shell_kinds, n_periods)
        Share, 1 where the plan runs in full. [share 0-1]
    """
    used = usage(study, plan).by_shell_mw
    if delay_months == 0:
        return np.ones_like(used)
    by_shell = _ratio(shell_mw(study, plan, delay_months), used)
    fits_mw = (used * by_shell).sum(axis=1)
    by_power = _ratio(energised_mw(study, plan, delay_months), fits_mw)
    share: FloatArray = by_shell * by_power[:, None, :]
    return share


def _ratio(available_mw: FloatArray, used_mw: FloatArray) -> FloatArray:
    ratio = np.ones_like(used_mw)
    np.divide(available_mw, used_mw, out=ratio, where=used_mw > 0.0)
    clipped: FloatArray = np.clip(ratio, 0.0, 1.0)
    return clipped
