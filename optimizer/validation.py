# SPDX-License-Identifier: Apache-2.0
"""A checked study in a few figures: what it holds and how much of it is assumed.

What does not belong here: the checks themselves (see `sites`) and tables on a screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sites import load_bundle
from sites.provenance import assumption_share_frac, grade_counts

if TYPE_CHECKING:
    from pathlib import Path

    from models.site import Site

__all__ = ["SiteSummary", "StudySummary", "summarize_study"]


@dataclass(frozen=True, slots=True)
class SiteSummary:
    """One site of a study.

    Parameters
    ----------
    id, status : str
        Name and status of the site.
    contracted_mw : float
        Facility power at the start. [MW]
    phases_mw : float
        Power of all phases that may be added. [MW]
    shell_mw : dict of str to float
        Opening space by kind. [MW]
    opening_units : float
        Machines that stand there at the start. [units]
    """

    id: str
    status: str
    contracted_mw: float
    phases_mw: float
    shell_mw: dict[str, float]
    opening_units: float


@dataclass(frozen=True, slots=True)
class StudySummary:
    """What a study holds.

    Parameters
    ----------
    id, title, as_of_date, start_month, end_month : str
        Identity and horizon, first and last month.
    months : int
        Length of the horizon. [months]
    sites : tuple of SiteSummary
        Its sites.
    asics, gpus, hosting_offers, gpu_offers : tuple of str
        Ids of its hardware families and offers.
    n_phases, n_conversions : int
        Power phases and conversions on offer. [count]
    n_inputs : int
        Numbers with a recorded origin. [count]
    assumption_share_frac : float
        Share of them that are assumptions or have no source. [share 0-1]
    grades : dict of str to int
        How many stand under each grade of source. [count]
    warnings : tuple of str
        Inputs that are allowed but odd.
    files : dict of str to str
        SHA-256 of every file read.
    """

    id: str
    title: str
    as_of_date: str
    start_month: str
    end_month: str
    months: int
    sites: tuple[SiteSummary, ...]
    asics: tuple[str, ...]
    gpus: tuple[str, ...]
    hosting_offers: tuple[str, ...]
    gpu_offers: tuple[str, ...]
    n_phases: int
    n_conversions: int
    n_inputs: int
    assumption_share_frac: float
    grades: dict[str, int]
    warnings: tuple[str, ...]
    files: dict[str, str]


def summarize_study(path: str | Path) -> StudySummary:
    """Return a summary of a study that has passed every check.

    Parameters
    ----------
    path : str or Path
        Study file, or the name of a bundled study.

    Raises
    ------
    ConfigError
        With every fault of every file that the study includes.
    """
    bundle = load_bundle(path)
    study = bundle.study
    return StudySummary(
        id=study.id,
        title=study.title,
        as_of_date=study.as_of_date,
        start_month=study.months[0],
        end_month=study.months[-1],
        months=study.time.months,
        sites=tuple(_site(site) for site in study.sites),
        asics=tuple(asic.id for asic in study.asics),
        gpus=tuple(gpu.id for gpu in study.gpus),
        hosting_offers=tuple(offer.id for offer in study.hosting_offers),
        gpu_offers=tuple(offer.id for offer in study.gpu_offers),
        n_phases=sum(len(site.phases) for site in study.sites),
        n_conversions=sum(len(site.conversions) for site in study.sites),
        n_inputs=len(bundle.provenance),
        assumption_share_frac=assumption_share_frac(bundle.provenance),
        grades=grade_counts(bundle.provenance),
        warnings=tuple(str(warning) for warning in bundle.warnings),
        files=bundle.files,
    )


def _site(site: Site) -> SiteSummary:
    return SiteSummary(
        id=site.id,
        status=site.status,
        contracted_mw=site.contracted_mw,
        phases_mw=sum(phase.mw for phase in site.phases),
        shell_mw={shell.kind: shell.opening_mw for shell in site.shells},
        opening_units=sum(cohort.units for cohort in site.opening_fleet),
    )
