# SPDX-License-Identifier: Apache-2.0
"""IRR over sampled scenarios against the hurdle, by site and for the whole plan.

Scenarios without an IRR are counted and shown, never dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.numpy_engine import site_irr_column, site_npv_column
from gpu.statistics.risk import quantile
from optimizer.report.exhibit import Exhibit
from optimizer.report.figures.distribution import scenarios_note
from optimizer.report.figures.histogram import add_distribution, add_marker, panels
from optimizer.report.formats import percent, sentence
from optimizer.report.style import PLAN, plain
from optimizer.report.table import Table, number, text

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.study import Study
    from optimizer.planning import PlanResult
    from optimizer.report.data import Scores
    from optimizer.report.table import Cell

__all__ = ["Project", "irr_exhibit", "scored_projects"]

_SHARES: Final = (0.05, 0.25, 0.50, 0.75, 0.95)
_IRR_BOUNDS: Final = (-60.0, 120.0)


@dataclass(frozen=True, slots=True)
class Project:
    """IRR and NPV of one project over scenarios.

    Parameters
    ----------
    name, measure : str
        The project; what its hurdle is called.
    irr_per_year, npv_usd : ndarray of shape (n_scenarios,)
        IRR, NaN without one; NPV at the hurdle. [per year, USD]
    hurdle_per_year : float
        Hurdle. [per year]
    """

    name: str
    measure: str
    irr_per_year: FloatArray
    npv_usd: FloatArray
    hurdle_per_year: float

    @property
    def known(self) -> FloatArray:
        """IRRs of the scenarios that have one, shape (n,) [per year]."""
        known: FloatArray = self.irr_per_year[~np.isnan(self.irr_per_year)]
        return known

    @property
    def no_irr_frac(self) -> float:
        """Share of scenarios without an IRR [share 0-1]."""
        return 1.0 - len(self.known) / len(self.irr_per_year)

    @property
    def clears_frac(self) -> float:
        """Share of scenarios with an NPV at the hurdle that is not negative."""
        return float((self.npv_usd >= 0.0).mean())


def scored_projects(study: Study, plan: PlanResult, scores: Scores) -> list[Project]:
    """Return sites at which the plan invests, then the whole plan.

    Parameters
    ----------
    study : Study
        Study with hurdle rates.
    plan : PlanResult
        The plan; a site without capex has no project whose IRR would say much.
    scores : Scores
        Rows of sampled scenarios.
    """
    projects = []
    for index, site in enumerate(study.sites):
        invested = sum(
            float(np.abs(flow[0, index]).sum())
            for name, flow in plan.ledger.site_items.items()
            if name.endswith(("_capex", "_purchase"))
        )
        if site_irr_column(site.id) in scores.columns and invested > 0.0:
            projects.append(
                Project(
                    f"{site.name} project",
                    "hurdle",
                    scores.columns[site_irr_column(site.id)],
                    scores.columns[site_npv_column(site.id)],
                    site.hurdle_rate_per_year,
                )
            )
    if "irr_per_year" in scores.columns:
        projects.append(
            Project(
                "Whole plan over business as usual",
                "discount rate",
                scores.columns["irr_per_year"],
                scores.columns["incremental_npv_usd"],
                study.company.discount_rate_per_year,
            )
        )
    return projects


def irr_exhibit(study: Study, plan: PlanResult, scores: Scores) -> Exhibit:
    """Return the IRR distribution of each site's project and of the whole plan.

    Parameters
    ----------
    study : Study
        Study with hurdle rates.
    plan : PlanResult
        The plan.
    scores : Scores
        Rows of sampled scenarios.
    """
    projects = scored_projects(study, plan, scores)
    figure = panels([plain(project.name) for project in projects])
    for row, one in enumerate(projects, start=1):
        add_distribution(
            figure,
            row,
            one.known * 100.0,
            PLAN,
            n_total=len(one.irr_per_year),
            bounds=_IRR_BOUNDS,
        )
        hurdle = 100.0 * one.hurdle_per_year
        add_marker(figure, row, hurdle, f"{one.measure} {hurdle:g}%")
        figure.update_xaxes(title_text="IRR, % per year", row=row, col=1)
    return Exhibit(
        id="irr_distribution",
        title="IRR over sampled scenarios, against the hurdle",
        reading=" ".join(_irr_reading(project) for project in projects),
        figure=figure if projects else None,
        table=_irr_table(projects),
        note=(
            f"{scenarios_note(scores)} IRRs are after tax; those of sites, counted "
            "over business as usual where the plan invests, are unlevered. Where flows "
            "have no IRR (often because money comes in before any goes out) the "
            "scenario is counted beside the bars; NPV at the hurdle decides there. "
            "Curves end at the share of scenarios that have an IRR; the outermost bars "
            "hold all beyond the axis."
        ),
    )


def _irr_reading(one: Project) -> str:
    words = (
        f"{one.name}: NPV at the {one.measure} of {100 * one.hurdle_per_year:g}% is "
        f"positive in {percent(one.clears_frac)} of scenarios"
    )
    if len(one.known):
        words += f", median IRR {percent(float(quantile(one.known, 0.5)))}"
        words += " where there is one" if one.no_irr_frac > 0.0 else ""
    if one.no_irr_frac > 0.0:
        words += f", no IRR in {percent(one.no_irr_frac)}"
    return sentence(words)


def _irr_table(projects: list[Project]) -> Table:
    columns = (
        text("project", "Project"),
        number("hurdle_per_year", "Hurdle", "% a year", scale=100.0),
        number("npv_clears_frac", "P(NPV at hurdle \u2265 0)", "%", scale=100.0),
        number("irr_clears_frac", "P(IRR \u2265 hurdle)", "%", scale=100.0),
        number("no_irr_frac", "No IRR", "%", scale=100.0),
        number("no_irr_and_gain_frac", "No IRR, yet NPV \u2265 0", "%", scale=100.0),
        *(
            number(
                f"irr_p{round(100 * s):02d}_per_year",
                f"IRR P{round(100 * s)}",
                "% a year",
                scale=100.0,
            )
            for s in _SHARES
        ),
    )
    rows = tuple(_irr_row(project) for project in projects)
    return Table("irr_distribution", "IRR over scenarios", columns, rows)


def _irr_row(one: Project) -> tuple[Cell, ...]:
    n_scenarios = len(one.irr_per_year)
    known = one.known
    shares: list[float | None] = [None] * len(_SHARES)
    if len(known):
        shares = np.asarray(quantile(known, _SHARES)).tolist()
    gains = np.isnan(one.irr_per_year) & (one.npv_usd >= 0.0)
    return (
        one.name,
        one.hurdle_per_year,
        one.clears_frac,
        float((known >= one.hurdle_per_year).sum() / n_scenarios),
        one.no_irr_frac,
        float(gains.mean()),
        *shares,
    )
