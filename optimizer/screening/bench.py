# SPDX-License-Identifier: Apache-2.0
"""Scoring every project on the same paths: base, grid, ladder and samples in one go.

What does not belong here: ranking, and plans solved again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from gpu.sampling.scenarios import sampled_paths
from models.ledger import discount
from models.leverage import TaxGroup
from models.market import base_paths
from models.path_changes import repeated, scaled
from optimizer.screening.breakeven import DRIVERS, LADDER, break_evens, ladder_paths
from optimizer.screening.financed_scores import IRR_SCENARIOS, financed_score, returned
from optimizer.screening.financing import Lender
from optimizer.screening.horizon import joined, site_paths
from optimizer.screening.ranking import flags_of, liquid_means_usd, loan_flags
from optimizer.screening.result import ProjectResult
from optimizer.screening.scores import (
    GridScore,
    base_score,
    rows_of,
    sample_score,
)
from optimizer.screening.terms import (
    is_paid_by_us,
    offer_break_even,
    priced_offer,
    with_offer_price,
)
from optimizer.screening.valuation import Flows, SiteBench
from optimizer.screening.verdict import OFFER_PRICE, price_of, verdict_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpu.sampling.grid import Grid
    from models.arrays import FloatArray, IntArray
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.study import Study
    from optimizer.screening.financed_scores import FinancedScore
    from optimizer.screening.financing import Levered
    from optimizer.screening.generation import Candidates
    from optimizer.screening.projects import Project
    from optimizer.screening.scores import BaseScore, Rows, SampleScore
    from optimizer.screening.usual import Leaving

__all__ = ["PathTable", "scored"]

_BASELINES_KEPT: Final = 4


@dataclass(slots=True)
class PathTable:
    """Paths that every project is scored on: base, grid, ladder, samples, in a row.

    Parameters
    ----------
    study : Study
        Study over the horizon of the screening.
    points : Grid or None
        Multipliers of the base path.
    n_scenarios : int
        Sampled scenarios. [unitless]
    seed : int
        Their seed. [unitless]
    """

    study: Study
    points: Grid | None
    n_scenarios: int
    seed: int
    base: MarketPaths = field(init=False)
    paths: MarketPaths = field(init=False)
    rows: IntArray = field(init=False)
    grid_rows: slice = field(init=False)
    ladder_rows: slice = field(init=False)
    sample_rows: slice = field(init=False)

    def __post_init__(self) -> None:
        """Make the paths."""
        self.base = base_paths(self.study)
        parts = [self.base]
        n_points = 0
        if self.points is not None:
            n_points = self.points.n_points
            factors = self.points.multipliers(np.arange(n_points))
            parts.append(scaled(self.study, repeated(self.base, n_points), factors))
        ids = np.arange(self.n_scenarios, dtype=np.int64)
        parts.append(sampled_paths(self.study, self.seed, ids))
        parts.append(ladder_paths(self.study, self.base))
        self.paths = joined(parts)
        first = 1 + n_points
        last = first + self.n_scenarios
        self.grid_rows = slice(1, first)
        self.sample_rows = slice(first, last)
        # Base path and samples: the scenarios that loans are scored on.
        self.rows = np.concatenate([[0], np.arange(first, last)])
        self.ladder_rows = slice(last, last + len(DRIVERS) * len(LADDER))


def scored(
    table: PathTable,
    made: Candidates,
    progress: Callable[[str, int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[list[ProjectResult], list[str]]:
    """Return scored projects, not yet ranked, and notes on those that are not scored.

    Parameters
    ----------
    table : PathTable
        Paths.
    made : Candidates
        Projects.
    progress : callable, optional
        Called as ``progress(stage, done, total)``.
    should_stop : callable, optional
        Polled; a true value leaves the rest out.
    """
    found: list[ProjectResult] = []
    left_out: list[str] = []
    benches: dict[str, _Bench] = {}
    group: TaxGroup | None = None
    for done, project in enumerate(made.projects):
        if should_stop is not None and should_stop():
            left_out.append(f"{len(made.projects) - done} projects: stopped before")
            break
        if project.site not in benches:
            # Projects come site by site: the one before is done with.
            group = group or _tax_group(table, made)
            benches = {
                project.site: _Bench(
                    table,
                    SiteBench(table.study, made.usual[project.site]),
                    Lender(table.study, project.site, group),
                )
            }
        bench = benches[project.site]
        leaving = bench.site.leaving(project)
        if leaving is None:
            left_out.append(f"{project.id}: no room can be made for it")
        else:
            found.append(bench.result(project, leaving))
        if progress is not None:
            progress("projects scored", done + 1, len(made.projects))
    return found, left_out


def _tax_group(table: PathTable, made: Candidates) -> TaxGroup:
    """Return the company's tax group under business as usual."""
    study = table.study
    place = study.site_index(study.company.tax_site)
    site = SiteBench(study, made.usual[study.company.tax_site])
    paths = site_paths(table.paths, place)
    flows = site.flows(site.usual_plan(), paths)
    rows = table.rows
    return TaxGroup.of(study, flows.profit_usd[rows], flows.early_relief_usd[rows])


class _Scores(NamedTuple):
    """Scores of one project."""

    base: BaseScore
    alone: BaseScore
    grid: GridScore | None
    sampled: Rows
    sample: SampleScore
    financed: FinancedScore


@dataclass(slots=True)
class _Bench:
    """Scores the projects of one site on the common paths."""

    table: PathTable
    site: SiteBench
    lender: Lender
    paths: MarketPaths = field(init=False)
    base: MarketPaths = field(init=False)
    hurdle: float = field(init=False)
    means_usd: float = field(init=False)
    baselines: dict[tuple[Leaving, ...], tuple[Plan, Flows]] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        place, study = self.site.usual.site, self.table.study
        index = study.site_index(place.id)
        self.paths = site_paths(self.table.paths, index)
        self.base = site_paths(self.table.base, index)
        self.hurdle = place.hurdle_rate_per_year
        self.means_usd = liquid_means_usd(study.company, study.market)

    def result(self, project: Project, leaving: tuple[Leaving, ...]) -> ProjectResult:
        """Return a project's scores."""
        study = self.table.study
        baseline, before = self._baseline(leaving)
        plan = self.site.with_project(project, leaving)
        whole = self.site.flows(plan, self.paths)
        added = whole.less(before)
        alone = added
        if self.site.has_present_use:
            alone = self.site.alone(project, self.base)
        scores = self._scores(added, alone, whole)
        crossings = self._break_evens(plan, baseline, added.flow_usd)
        crossings[OFFER_PRICE] = self._offer_break_even(project, plan, before)
        base, sample, months = scores.base, scores.sample, study.months
        return ProjectResult(
            rank=0,
            project=project,
            start_month=months[project.start],
            live_month=months[project.live],
            end_month=months[min(project.end, len(months) - 1)],
            displaced=", ".join(f"{part.mw:.1f} MW {part.name}" for part in leaving),
            hurdle_rate_per_year=self.hurdle,
            alone=scores.alone,
            base=base,
            financed=scores.financed,
            grid=scores.grid,
            sample=sample,
            break_evens=crossings,
            break_even_prices=_prices(study, project, crossings),
            verdict=verdict_of(
                study,
                project,
                npv_at_hurdle_usd=base.npv_at_hurdle_usd,
                npv_positive_frac=sample.npv_positive_frac,
                found=crossings,
            ),
            flags=(
                *flags_of(base, sample, means_usd=self.means_usd),
                *loan_flags(base, sample, scores.financed),
            ),
            sampled_irr_per_year=scores.sampled.irr_per_year,
            sampled_npv_usd=scores.sampled.npv_usd,
        )

    def _scores(self, added: Flows, alone: Flows, whole: Flows) -> _Scores:
        """Return the scores of what a project adds, without and with loans."""
        table, hurdle = self.table, self.hurdle
        judged = added.flow_usd[: table.sample_rows.stop]
        levered = self.lender.levered(added, whole, table.rows)
        searched = 1 + IRR_SCENARIOS
        # One search for all roots: few rows cost nearly as much as many.
        to_search = [judged, alone.flow_usd[:1], levered.equity_usd[:searched]]
        rows = rows_of(np.concatenate(to_search), hurdle)
        sampled = rows.part(table.sample_rows)
        on_grid = rows.part(table.grid_rows)
        return _Scores(
            base=base_score(added, rows, hurdle),
            alone=base_score(alone, rows.part(slice(len(judged), None)), hurdle),
            grid=None
            if table.points is None
            else GridScore(on_grid.npv_usd, on_grid.irr_per_year),
            sampled=sampled,
            sample=sample_score(sampled, hurdle),
            financed=self._financed(levered, added, rows),
        )

    def _financed(self, levered: Levered, added: Flows, rows: Rows) -> FinancedScore:
        """Return the score with loans; of the same flows where there are none."""
        kept = self.table.rows
        own = Flows(
            levered.equity_usd if levered.drawn_usd else added.flow_usd[kept],
            added.terminal_usd[kept],
            added.invested_usd[kept],
        )
        part = rows.part(kept)
        if levered.drawn_usd:
            searched = rows.part(slice(self.table.sample_rows.stop + 1, None))
            part = returned(searched, own.flow_usd)
        return financed_score(levered, own, part, self.hurdle)

    def _baseline(self, leaving: tuple[Leaving, ...]) -> tuple[Plan, Flows]:
        """Return the plan counted from and its flows, the last few kept."""
        if leaving not in self.baselines:
            plan = self.site.baseline(leaving, self.base)
            same = [flows for kept, flows in self.baselines.values() if kept == plan]
            flows = same[0] if same else self.site.flows(plan, self.paths)
            if len(self.baselines) >= _BASELINES_KEPT:
                self.baselines.pop(next(iter(self.baselines)))
            self.baselines[leaving] = (plan, flows)
        return self.baselines[leaving]

    def _break_evens(
        self, plan: Plan, baseline: Plan, flow_usd: FloatArray
    ) -> dict[str, float | None]:
        site, hurdle = self.site, self.hurdle

        def npv_of(paths: MarketPaths) -> FloatArray:
            added = site.flows(plan, paths).less(site.flows(baseline, paths))
            return discount(added.flow_usd, hurdle)

        on_ladder = discount(flow_usd[self.table.ladder_rows], hurdle)
        return break_evens(site.with_fleet, self.base, on_ladder, npv_of)

    def _offer_break_even(
        self, project: Project, plan: Plan, before: Flows
    ) -> float | None:
        offer = priced_offer(self.table.study, project)
        if offer is None:
            return None
        site, before_usd = self.site, before.flow_usd[:1]

        def npv_of(multiplier: float) -> float:
            study = with_offer_price(site.with_fleet, offer.id, multiplier)
            flow_usd = site.flows(plan, self.base, study=study).flow_usd
            return float(discount(flow_usd - before_usd, self.hurdle)[0])

        return offer_break_even(npv_of, is_paid_by_us=is_paid_by_us(offer))


def _prices(
    study: Study, project: Project, found: dict[str, float | None]
) -> dict[str, float]:
    """Return break-evens as prices of the first month, NaN where there is none."""
    names = {
        "btc_price": "break_even_btc_price_usd",
        "power_price": "break_even_power_price_usd_per_mwh",
        "gpu_rent": "break_even_rent_usd_per_gpu_h",
    }
    prices = {}
    for driver, name in names.items():
        multiplier = found[driver]
        prices[name] = (
            float("nan")
            if multiplier is None
            else price_of(study, project, driver).value * multiplier
        )
    return prices | _offer_prices(study, project, found[OFFER_PRICE])


def _offer_prices(
    study: Study, project: Project, multiplier: float | None
) -> dict[str, float]:
    """Return the break-even of the offer's price in the column of its unit."""
    columns = {
        "USD/MWh": "break_even_offer_rate_usd_per_mwh",
        "USD/kW-month": "break_even_offer_rent_usd_per_it_kw_month",
        "USD/GPU-h": "break_even_offer_price_usd_per_gpu_h",
    }
    price = price_of(study, project, OFFER_PRICE)
    values = dict.fromkeys(columns.values(), float("nan"))
    if multiplier is not None:
        values[columns[price.unit]] = price.value * multiplier
    return values
