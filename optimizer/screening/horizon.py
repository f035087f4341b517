# SPDX-License-Identifier: Apache-2.0
"""Studies and paths cut to what screening needs: longer, or one site alone.

What does not belong here: projects and their value.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final

import numpy as np

from models.paths import MarketPaths
from models.study import Study, TimeGrid

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "MAX_MONTHS",
    "MIN_MONTHS",
    "at_horizon",
    "changed",
    "joined",
    "one_site",
    "site_paths",
]

MIN_MONTHS: Final = 120
"""Shortest horizon of a screening. [months]"""
MAX_MONTHS: Final = 240
"""Longest horizon that a study may have. [months]"""

_BY_SITE: Final = ("power_multiplier", "capex_factor", "delay_months", "client_fate")


def at_horizon(study: Study, months: int) -> Study:
    """Return a study over another horizon, decided month by month.

    Parameters
    ----------
    study : Study
        Study.
    months : int
        New horizon. [months]

    Returns
    -------
    Study
        Copy; everything but the time grid is the same.
    """
    time = TimeGrid(
        start_month=study.time.start_month,
        months=months,
        monthly_months=months,
        order_step_months=study.time.order_step_months,
        holding_step_months=study.time.holding_step_months,
    )
    return changed(study, time=time)


def one_site(study: Study, site_id: str, *, is_bare: bool = False) -> Study:
    """Return a study of one site alone, its offers and every hardware family.

    Parameters
    ----------
    study : Study
        Study.
    site_id : str
        Site to keep.
    is_bare : bool
        Whether to leave out the opening fleet too.

    Returns
    -------
    Study
        Copy; a site's own flows are the same as in the whole study.
    """
    site = study.site(site_id)
    if is_bare:
        site = site.model_copy(update={"opening_fleet": ()})
    return changed(
        study,
        sites=(site,),
        company=study.company.model_copy(update={"tax_site": site_id}),
        hosting_offers=tuple(o for o in study.hosting_offers if o.site == site_id),
        gpu_offers=tuple(o for o in study.gpu_offers if o.site == site_id),
    )


def changed(study: Study, **changes: object) -> Study:
    """Return a validated copy of a study with other values in some fields.

    Parameters
    ----------
    study : Study
        Study.
    **changes : object
        New values by field; `model_copy` would keep what the study has cached.
    """
    values = {name: getattr(study, name) for name in Study.model_fields}
    return Study(**(values | changes))


def site_paths(paths: MarketPaths, site: int) -> MarketPaths:
    """Return paths with one site left on the site axis.

    Parameters
    ----------
    paths : MarketPaths
        Paths of all sites. [mixed]
    site : int
        Position of the site. [unitless]

    Returns
    -------
    MarketPaths
        Views; nothing is copied.
    """
    values = {field.name: getattr(paths, field.name) for field in fields(paths)}
    cut = {name: values[name][:, site : site + 1] for name in _BY_SITE}
    return MarketPaths(**(values | cut))


def joined(parts: Sequence[MarketPaths]) -> MarketPaths:
    """Return the scenarios of several paths, one after another.

    Parameters
    ----------
    parts : sequence of MarketPaths
        At least one, all of the same sites, families and months. [mixed]

    Returns
    -------
    MarketPaths
        Copy with all scenarios, in order.
    """
    return MarketPaths(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(MarketPaths)
        }
    )
