# SPDX-License-Identifier: Apache-2.0
"""IRR over sampled scenarios against the hurdle, by site and for the whole plan.

Scenarios without an IRR are counted and shown, never dropped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.numpy_engine import site_irr_column
from gpu.statistics.intervals import Interval
from optimizer.report.exhibit import Exhibit
from optimizer.report.figures.distribution import SHOWN_SHARES
from optimizer.report.figures.histogram import add_distribution, add_marker, panels
from optimizer.report.formats import percent, sentence
from optimizer.report.scores import Exact, exactness
from optimizer.report.style import PLAN, plain
from optimizer.report.table import Table, number, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpu.statistics.distribution import Distribution
    from models.study import Study
    from optimizer.planning import PlanResult
    from optimizer.report.scores import Scores
    from optimizer.report.table import Cell

__all__ = ["Project", "irr_exhibit", "scored_projects"]

_IRR_BOUNDS: Final = (-60.0, 120.0)
_PER_CENT: Final = 100.0


@dataclass(frozen=True, slots=True)
class Project:
    """IRR and NPV of one project over scenarios.

    Parameters
    ----------
    name, measure : str
        The project; what its hurdle is called.
    irr : Distribution
        IRRs of the scenarios that have one. [per year]
    irr_shares : tuple of Interval
        Quantiles of those, in the order of `SHOWN_SHARES`. [per year]
    clears : Interval
        Share of scenarios with an NPV at the hurdle that is not negative. [share 0-1]
    no_irr, no_irr_and_gain : Interval
        Share of scenarios without an IRR; and of those without one in which the NPV at
        the hurdle is positive. [share 0-1]
    hurdle_per_year : float
        Hurdle. [per year]
    """

    name: str
    measure: str
    irr: Distribution
    irr_shares: tuple[Interval, ...]
    clears: Interval
    no_irr: Interval
    no_irr_and_gain: Interval
    hurdle_per_year: float

    @property
    def irr_clears_frac(self) -> float:
        """Share of scenarios with an IRR of at least the hurdle [share 0-1]."""
        under = self.irr.below_frac(np.array([self.hurdle_per_year]))
        return self.irr.known_frac - float(under[0])


def scored_projects(study: Study, plan: PlanResult, scores: Scores) -> list[Project]:
    """Return sites at which the plan invests, then the whole plan.

    Parameters
    ----------
    study : Study
        Study with hurdle rates.
    plan : PlanResult
        The plan; a site without capex has no project whose IRR would say much.
    scores : Scores
        The plan over sampled scenarios.
    """
    projects = []
    for index, site in enumerate(study.sites):
        invested = sum(
            float(np.abs(flow[0, index]).sum())
            for name, flow in plan.ledger.site_items.items()
            if name.endswith(("_capex", "_purchase"))
        )
        column, start = site_irr_column(site.id), f"site_{site.id}_"
        if scores.has(column) and invested > 0.0:
            projects.append(
                Project(
                    name=f"{site.name} project",
                    measure="hurdle",
                    irr=scores.spread(column),
                    irr_shares=_shares(scores, column),
                    clears=scores.chance(f"{start}clears_hurdle_frac"),
                    no_irr=scores.chance(f"{start}no_irr_frac"),
                    no_irr_and_gain=scores.chance(f"{start}no_irr_and_gain_frac"),
                    hurdle_per_year=site.hurdle_rate_per_year,
                )
            )
    if scores.has("irr_per_year"):
        projects.append(
            Project(
                name="Whole plan over business as usual",
                measure="discount rate",
                irr=scores.spread("irr_per_year"),
                irr_shares=_shares(scores, "irr_per_year"),
                clears=_complement(scores.chance("npv_below_baseline_frac")),
                no_irr=scores.chance("no_irr_frac"),
                no_irr_and_gain=scores.chance("no_irr_and_gain_frac"),
                hurdle_per_year=study.company.discount_rate_per_year,
            )
        )
    return projects


def _shares(scores: Scores, column: str) -> tuple[Interval, ...]:
    return tuple(scores.figure(column, share) for share in SHOWN_SHARES)


def _complement(chance: Interval) -> Interval:
    return Interval(1.0 - chance.value, 1.0 - chance.high, 1.0 - chance.low)


def irr_exhibit(study: Study, plan: PlanResult, scores: Scores) -> Exhibit:
    """Return the IRR distribution of each site's project and of the whole plan.

    Parameters
    ----------
    study : Study
        Study with hurdle rates.
    plan : PlanResult
        The plan.
    scores : Scores
        The plan over sampled scenarios.
    """
    projects = scored_projects(study, plan, scores)
    figure = panels([plain(project.name) for project in projects])
    for row, one in enumerate(projects, start=1):
        add_distribution(
            figure, row, one.irr, PLAN, scale=_PER_CENT, bounds=_IRR_BOUNDS
        )
        hurdle = _PER_CENT * one.hurdle_per_year
        add_marker(figure, row, hurdle, f"{one.measure} {hurdle:g}%")
        figure.update_xaxes(title_text="IRR, % per year", row=row, col=1)
    exact = [line for one in projects for line in _exact(one)]
    return Exhibit(
        id="irr_distribution",
        title="IRR over sampled scenarios, against the hurdle",
        reading=" ".join(_irr_reading(project) for project in projects),
        figure=figure if projects else None,
        table=_irr_table(projects),
        note=(
            f"{scores.note} IRRs are after tax; those of sites, counted "
            "over business as usual where the plan invests, are unlevered, that of the "
            "whole plan is of the company's flows with its treasury and loans (the "
            "key figures have that of all sites, unlevered). Where flows "
            "have no IRR (often because money comes in before any goes out) the "
            "scenario is counted beside the bars; NPV at the hurdle decides there. "
            "Curves end at the share of scenarios that have an IRR; the outermost bars "
            "hold all beyond the axis. "
            + " ".join(scores.record.get("irr_notes") or ())
        ).strip(),
        folds=(exactness("irr_exactness", exact),) if projects else (),
    )


def _exact(one: Project) -> Iterator[Exact]:
    yield Exact(one.name, "P(NPV at hurdle \u2265 0)", "", one.clears)
    yield Exact(one.name, "No IRR", "", one.no_irr)
    yield Exact(one.name, "No IRR, yet NPV > 0", "", one.no_irr_and_gain)
    for name, interval in zip(SHOWN_SHARES, one.irr_shares, strict=True):
        yield Exact(one.name, f"IRR P{int(name[1:])}", "_per_year", interval)


def _irr_reading(one: Project) -> str:
    words = (
        f"{one.name}: NPV at the {one.measure} of {100 * one.hurdle_per_year:g}% is "
        f"positive in {percent(one.clears.value)} of scenarios"
    )
    if len(one.irr.low):
        words += f", median IRR {percent(one.irr_shares[_MEDIAN].value)}"
        words += " where there is one" if one.no_irr.value > 0.0 else ""
    if one.no_irr.value > 0.0:
        words += f", no IRR in {percent(one.no_irr.value)}"
    return sentence(words)


_MEDIAN: Final = SHOWN_SHARES.index("p50")


def _irr_table(projects: list[Project]) -> Table:
    columns = (
        text("project", "Project"),
        number("hurdle_per_year", "Hurdle", "% a year", scale=_PER_CENT),
        number("npv_clears_frac", "P(NPV at hurdle \u2265 0)", "%", scale=_PER_CENT),
        number("irr_clears_frac", "P(IRR \u2265 hurdle)", "%", scale=_PER_CENT),
        number("no_irr_frac", "No IRR", "%", scale=_PER_CENT),
        number("no_irr_and_gain_frac", "No IRR, yet NPV > 0", "%", scale=_PER_CENT),
        *(
            number(
                f"irr_{share}_per_year",
                f"IRR P{int(share[1:])}",
                "% a year",
                scale=_PER_CENT,
            )
            for share in SHOWN_SHARES
        ),
    )
    rows = tuple(_irr_row(project) for project in projects)
    return Table("irr_distribution", "IRR over scenarios", columns, rows)


def _irr_row(one: Project) -> tuple[Cell, ...]:
    shares = (share.value for share in one.irr_shares)
    return (
        one.name,
        one.hurdle_per_year,
        one.clears.value,
        one.irr_clears_frac,
        one.no_irr.value,
        one.no_irr_and_gain.value,
        *(value if math.isfinite(value) else None for value in shares),
    )
