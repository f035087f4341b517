# SPDX-License-Identifier: Apache-2.0
"""What a screening found, project by project, and as a table.

What does not belong here: files (`optimizer.screening.files`) and the terminal
(`optimizer.commands.screen`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gpu.sampling.grid import Grid
    from models.arrays import FloatArray
    from optimizer.screening.financed_scores import FinancedScore
    from optimizer.screening.projects import Project
    from optimizer.screening.reoptimisation import Reoptimised
    from optimizer.screening.scores import BaseScore, GridScore, SampleScore
    from optimizer.screening.verdict import Verdict

__all__ = ["ProjectResult", "ScreenResult"]

Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class ProjectResult:
    """One project, valued and judged; all scores are on top of business as usual.

    Parameters
    ----------
    rank : int
        1 is best; see `optimizer.screening.ranking`.
    project : Project
        The project.
    start_month, live_month, end_month : str
        Calendar months of `Project.start`, `live` and `end`.
    displaced : str
        Who makes room, with MW; empty if nobody.
    hurdle_rate_per_year : float
        Hurdle of its site. [per year]
    alone : BaseScore
        Alone, on the base path.
    base : BaseScore
        On top of business as usual, on the base path.
    financed : FinancedScore
        The same with the loans it can bear.
    grid : GridScore or None
        Over the grid.
    sample : SampleScore
        Over sampled scenarios.
    break_evens : dict of str to float or None
        Multipliers by driver. [ratio]
    break_even_prices : dict of str to float
        The same as prices of the first month; NaN where there is none. [mixed]
    verdict : Verdict
        Pass, only if, or fail.
    flags : tuple of str
        What a reader should know before using the figures.
    sampled_irr_per_year, sampled_npv_usd : ndarray of shape (n_scenarios,)
        By scenario id; NaN where there is no IRR. [per year, USD]
    reoptimised : Reoptimised or None
        Value in the best plan, where it was solved for.
    """

    rank: int
    project: Project
    start_month: str
    live_month: str
    end_month: str
    displaced: str
    hurdle_rate_per_year: float
    alone: BaseScore
    base: BaseScore
    financed: FinancedScore
    grid: GridScore | None
    sample: SampleScore
    break_evens: dict[str, float | None]
    break_even_prices: dict[str, float]
    verdict: Verdict
    flags: tuple[str, ...]
    sampled_irr_per_year: FloatArray = field(repr=False)
    sampled_npv_usd: FloatArray = field(repr=False)
    reoptimised: Reoptimised | None = None

    @property
    def npv_per_invested(self) -> float:
        """NPV at the hurdle per USD invested; NaN without investment [ratio]."""
        paid = self.base.invested_usd
        return self.base.npv_at_hurdle_usd / paid if paid > 0.0 else math.nan

    @property
    def grid_clears_frac(self) -> float:
        """Share of grid points that clear the hurdle; NaN without a grid."""
        return math.nan if self.grid is None else self.grid.clears_frac

    def to_row(self) -> dict[str, Cell]:
        """Return the project as one row of a table; keys carry units."""
        again = self.reoptimised
        return {
            **self._what(),
            **self._worth(),
            **self._chances(),
            **self._financed(),
            "grid_clears_frac": self.grid_clears_frac,
            **self.break_even_prices,
            "reoptimised_npv_usd": math.nan if again is None else again.value_usd,
            "reoptimised_within_usd": math.nan
            if again is None
            else again.uncertainty_usd,
            "reoptimised_status": "" if again is None else again.status,
            "flags": "; ".join(self.flags),
        }

    def _what(self) -> dict[str, Cell]:
        project = self.project
        return {
            "rank": self.rank,
            "project": project.id,
            "site": project.site,
            "line": project.line,
            "space": project.space.how,
            "shell": project.kind,
            "asset": project.asset,
            "size": project.space.size,
            "mw": project.mw,
            "units": project.n_units,
            "start_month": self.start_month,
            "live_month": self.live_month,
            "end_month": self.end_month,
            "displaces": self.displaced,
            "verdict": self.verdict.kind,
            "verdict_text": self.verdict.text,
        }

    def _worth(self) -> dict[str, Cell]:
        base, alone = self.base, self.alone
        return {
            "hurdle_rate_per_year": self.hurdle_rate_per_year,
            "npv_at_hurdle_usd": base.npv_at_hurdle_usd,
            "irr_per_year": base.irr_per_year,
            "irr_status": base.irr_status,
            "payback_months": base.payback_months,
            "invested_usd": base.invested_usd,
            "peak_need_usd": base.peak_need_usd,
            "npv_per_invested": self.npv_per_invested,
            "terminal_pv_usd": base.terminal_pv_usd,
            "terminal_share_frac": base.terminal_share_frac,
            "alone_npv_at_hurdle_usd": alone.npv_at_hurdle_usd,
            "alone_irr_per_year": alone.irr_per_year,
            "alone_payback_months": alone.payback_months,
        }

    def _financed(self) -> dict[str, Cell]:
        own = self.financed
        base, sample = own.base, own.sample
        quantiles: dict[str, Cell] = {
            f"equity_irr_{name}_per_year": value
            for name, value in sample.irr_quantiles_per_year.items()
        }
        return {
            "loan_usd": own.loan_usd,
            "loan_share_frac": own.loan_share_frac,
            "loan_facilities": "; ".join(
                f"{loan.facility} {loan.drawn_usd / 1e6:.3f} M USD, bound by "
                f"{loan.bound}"
                for loan in own.loans
            ),
            "dscr_min": own.dscr_min,
            "dscr_average": own.dscr_average,
            "dscr_covenant": own.dscr_covenant,
            "site_dscr_min": own.site_dscr_min,
            "dscr_under_covenant_frac": own.dscr_under_covenant_frac,
            "dscr_under_one_frac": own.dscr_under_one_frac,
            "dscr_min_p05": own.dscr_min_p05,
            "dscr_min_p50": own.dscr_min_p50,
            "equity_npv_at_hurdle_usd": base.npv_at_hurdle_usd,
            "equity_irr_per_year": base.irr_per_year,
            "equity_irr_status": base.irr_status,
            "equity_payback_months": base.payback_months,
            "equity_peak_need_usd": base.peak_need_usd,
            "equity_clears": own.clears,
            "equity_irr_at_hurdle_frac": sample.irr_at_hurdle_frac,
            "equity_npv_positive_frac": sample.npv_positive_frac,
            "equity_no_irr_frac": sample.no_irr_frac,
            **quantiles,
            "equity_npv_p05_usd": sample.npv_p05_usd,
            "equity_npv_p50_usd": sample.npv_p50_usd,
            "equity_npv_p95_usd": sample.npv_p95_usd,
        }

    def _chances(self) -> dict[str, Cell]:
        sample = self.sample
        quantiles: dict[str, Cell] = {
            f"irr_{name}_per_year": value
            for name, value in sample.irr_quantiles_per_year.items()
        }
        return {
            "irr_at_hurdle_frac": sample.irr_at_hurdle_frac,
            "npv_positive_frac": sample.npv_positive_frac,
            "no_irr_frac": sample.no_irr_frac,
            "no_capital_frac": sample.no_capital_frac,
            "several_irr_frac": sample.several_irr_frac,
            **quantiles,
            "npv_mean_usd": sample.npv_mean_usd,
            "npv_p05_usd": sample.npv_p05_usd,
            "npv_p50_usd": sample.npv_p50_usd,
            "npv_p95_usd": sample.npv_p95_usd,
            "npv_cvar_95_usd": sample.npv_cvar_95_usd,
            "payback_p50_months": sample.payback_p50_months,
            "unpaid_frac": sample.unpaid_frac,
        }


@dataclass(frozen=True, slots=True)
class ScreenResult:
    """A screening.

    Parameters
    ----------
    study_id, study_title : str
        Study screened.
    horizon_months, plan_months : int
        Horizon of the values, and of the study itself. [months]
    seed, n_scenarios : int
        Scenarios 0 to n - 1 of that seed. [unitless]
    grid : Grid or None
        Multipliers of the base path.
    rank_by : str
        ``npv`` or ``index``, see `optimizer.screening.ranking`.
    projects : tuple of ProjectResult
        Best first.
    left_out : tuple of str
        What gave no project, and what was not computed.
    timings_s : dict of str to float
        Seconds by stage. [s]
    """

    study_id: str
    study_title: str
    horizon_months: int
    plan_months: int
    seed: int
    n_scenarios: int
    grid: Grid | None
    rank_by: str
    projects: tuple[ProjectResult, ...]
    left_out: tuple[str, ...]
    timings_s: dict[str, float]

    def best_of_family(self) -> tuple[ProjectResult, ...]:
        """Return the best size and start month of each family, best first."""
        seen: set[str] = set()
        best = []
        for result in self.projects:
            if result.project.family not in seen:
                seen.add(result.project.family)
                best.append(result)
        return tuple(best)

    def table(self) -> dict[str, list[Cell]]:
        """Return all projects as columns, best first."""
        rows = [result.to_row() for result in self.projects]
        return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}

    def grid_table(self) -> dict[str, list[Cell]]:
        """Return every project at every point of the grid as columns."""
        if self.grid is None:
            return {}
        points = self.grid.multipliers(np.arange(self.grid.n_points))
        columns: dict[str, list[Cell]] = {"project": []}
        columns |= {f"{name}_multiplier": [] for name in points}
        columns |= {"npv_at_hurdle_usd": [], "irr_per_year": []}
        for result in self.projects:
            if result.grid is None:
                continue
            columns["project"] += [result.project.id] * self.grid.n_points
            for name, values in points.items():
                columns[f"{name}_multiplier"] += values.tolist()
            columns["npv_at_hurdle_usd"] += result.grid.npv_at_hurdle_usd.tolist()
            columns["irr_per_year"] += result.grid.irr_per_year.tolist()
        return columns

    def to_dict(self) -> dict[str, object]:
        """Return the screening as plain values; keys carry units."""
        return {
            "study_id": self.study_id,
            "study_title": self.study_title,
            "horizon_months": self.horizon_months,
            "plan_months": self.plan_months,
            "seed": self.seed,
            "n_scenarios": self.n_scenarios,
            "rank_by": self.rank_by,
            "grid": None
            if self.grid is None
            else {
                axis.name: {"low": axis.low, "high": axis.high, "count": axis.count}
                for axis in self.grid.axes
            },
            "projects": [result.to_row() for result in self.projects],
            "left_out": list(self.left_out),
            "timings_s": self.timings_s,
        }
