# SPDX-License-Identifier: Apache-2.0
"""Stress: a plan on named stories, each beside the base path.

One function per use case, called alike by command line, notebook and batch jobs. What
does not belong here: what stories say (`sites.stories`) and what a path earns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gpu.numpy_engine import score_paths
from models.errors import ConfigError, Fault
from models.market import base_paths
from models.path_changes import delayed, scaled, with_hashprice
from sites.stories import bundled_stories

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.arrays import FloatArray
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.study import Study
    from sites.stories import PathChange, Story

__all__ = ["StoryResult", "StressResult", "chosen_stories", "story_paths", "stress"]


@dataclass(frozen=True, slots=True)
class StoryResult:
    """What a plan is worth in one story.

    Parameters
    ----------
    story_id, name, description : str
        The story.
    npv_usd, delta_npv_usd : float
        NPV, and its distance from the base path's. [USD]
    incremental_npv_usd : float
        NPV over business as usual in the same story; NaN without that. [USD]
    min_cash_usd, equity_usd : float
        Least cash at a month's end; emergency equity in all. [USD]
    first_equity_month : str
        Calendar month of the first emergency equity; empty if none.
    mined_btc, final_btc : float
        BTC mined over the horizon, and held at its end. [BTC]
    missing_sites : tuple of str
        Sites of the story that the study does not have.
    first_call_month : str
        Calendar month of the first margin call; empty if none.
    forced_sale_usd : float
        Proceeds of BTC sold under calls, by the company or the lender. [USD]
    """

    story_id: str
    name: str
    description: str
    npv_usd: float
    delta_npv_usd: float
    incremental_npv_usd: float
    min_cash_usd: float
    equity_usd: float
    first_equity_month: str
    mined_btc: float
    final_btc: float
    missing_sites: tuple[str, ...] = ()
    first_call_month: str = ""
    forced_sale_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class StressResult:
    """A plan on its base path and on every story.

    Parameters
    ----------
    plan_label : str
        The plan.
    baseline_label : str or None
        What increments are counted from.
    base : StoryResult
        The base path.
    stories : tuple of StoryResult
        The stories, in their order.
    loan_terms_note : str
        Which terms of the loan on pledged BTC are assumptions; empty if none is.
    """

    plan_label: str
    baseline_label: str | None
    base: StoryResult
    stories: tuple[StoryResult, ...]
    loan_terms_note: str = ""


def story_paths(study: Study, story: Story) -> MarketPaths:
    """Return the one path of a story.

    Parameters
    ----------
    study : Study
        Study whose base case the story changes.
    story : Story
        Story. [mixed]

    Returns
    -------
    MarketPaths
        Shape (1, ...): simulated with the story's market, then changed directly.
    """
    market = study.market
    changes: dict[str, float] = {
        "btc_price_usd": market.btc_price_usd * story.btc_price_factor
    }
    if story.btc_log_drift_per_year is not None:
        changes["btc_log_drift_per_year"] = story.btc_log_drift_per_year
    if story.network_elasticity is not None:
        changes["network_elasticity"] = story.network_elasticity
    told = study.model_copy(update={"market": market.model_copy(update=changes)})
    paths = scaled(
        study,
        base_paths(told),
        {change.multiplier: _factor(study, change) for change in story.changes},
    )
    if story.hashprice_cap_usd_per_ph_day is not None:
        capped = np.minimum(
            paths.hashprice_usd_per_ph_day, story.hashprice_cap_usd_per_ph_day
        )
        paths = with_hashprice(paths, capped)
    extra = {delay.site: delay.delay_months for delay in story.delays}
    if extra:
        months = [extra.get(site.id, 0) for site in study.sites]
        paths = delayed(paths, np.array(months, dtype=np.int64))
    return paths


def stress(
    study: Study,
    plan: Plan,
    *,
    baseline: Plan | None = None,
    stories: Sequence[Story] | None = None,
) -> StressResult:
    """Return what a plan is worth in each of the named stories.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan; it is not changed, what must give is found by its treasury.
    baseline : Plan or None
        Business as usual, run on the same stories.
    stories : sequence of Story or None
        Stories; None for those that come with the package.

    Returns
    -------
    StressResult
        Figures of the base path and of every story.
    """
    if stories is None:
        stories = bundled_stories()
    base_row = _row(study, plan, baseline, base_paths(study))
    base = _result(study, base_row, base_row, "base", "Base path", "")
    return StressResult(
        plan_label=plan.label,
        baseline_label=None if baseline is None else baseline.label,
        base=base,
        stories=tuple(
            _result(
                study,
                _row(study, plan, baseline, story_paths(study, story)),
                base_row,
                story.id,
                story.name,
                story.description,
                tuple(
                    delay.site
                    for delay in story.delays
                    if delay.site not in {site.id for site in study.sites}
                ),
            )
            for story in stories
        ),
    )


def chosen_stories(names: Sequence[str], stories: Sequence[Story]) -> list[Story]:
    """Return the stories of some names, all of them for no names.

    Raises
    ------
    ConfigError
        With every name that is no story.
    """
    known = {story.id: story for story in stories}
    faults = [
        Fault(
            "--story",
            "",
            name,
            f"must be one of {', '.join(known)}.",
            "Choose one of them.",
        )
        for name in names
        if name not in known
    ]
    if faults:
        raise ConfigError(faults)
    return [known[name] for name in names] or list(stories)


def _factor(study: Study, change: PathChange) -> float | FloatArray:
    """Return a number, or one per month of shape (1, n_periods)."""
    if change.multiplier == "capex":
        return change.factor
    factors = np.ones((1, study.time.months))
    first = change.first_month - 1
    factors[0, first : first + change.months] = change.factor
    return factors


def _row(
    study: Study, plan: Plan, baseline: Plan | None, paths: MarketPaths
) -> dict[str, float]:
    rows = score_paths(study, plan, paths, baseline=baseline)
    return {name: float(column[0]) for name, column in rows.items()}


def _result(
    study: Study,
    row: dict[str, float],
    base: dict[str, float],
    story_id: str,
    name: str,
    description: str,
    missing_sites: tuple[str, ...] = (),
) -> StoryResult:
    first_call = row.get("first_margin_call_period", float("nan"))
    return StoryResult(
        story_id=story_id,
        name=name,
        description=description,
        npv_usd=row["npv_usd"],
        delta_npv_usd=row["npv_usd"] - base["npv_usd"],
        incremental_npv_usd=row.get("incremental_npv_usd", float("nan")),
        min_cash_usd=row["min_cash_usd"],
        equity_usd=row["equity_usd"],
        first_equity_month=_month(study, row["first_equity_period"]),
        mined_btc=row["mined_btc"],
        final_btc=row["final_btc"],
        missing_sites=missing_sites,
        first_call_month=_month(study, first_call),
        forced_sale_usd=row.get("forced_sale_usd", 0.0),
    )


def _month(study: Study, period: float) -> str:
    return "" if np.isnan(period) else study.months[int(period)]
