# SPDX-License-Identifier: Apache-2.0
"""First page and order of the report of a screening that has no plan.

What does not belong here: the exhibits themselves, and reports of plans
(`optimizer.report.sections`, `optimizer.report.strip`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from optimizer.report.exhibit import Section
from optimizer.report.figures.breakeven import breakeven_exhibit
from optimizer.report.figures.contest import project_exhibits
from optimizer.report.figures.merit import merit_exhibit
from optimizer.report.formats import NOTHING, count, percent, sentence, usd_m
from optimizer.report.inputs import run_exhibit, sources_exhibit, warnings_exhibit
from optimizer.report.screened import screen_exhibits, screen_reading, worded
from optimizer.report.strip import Tile

if TYPE_CHECKING:
    from optimizer.report.data import ScreenedData

__all__ = ["screening_sections", "screening_summary", "screening_tiles"]


def screening_sections(data: ScreenedData) -> tuple[Section, ...]:
    """Return the chapters of the report of a screening.

    Parameters
    ----------
    data : ScreenedData
        The run.
    """
    study = data.study
    return (
        Section(
            "screen",
            "Candidate projects",
            (*screen_exhibits(data), *project_exhibits(data.contest)),
            lead=(
                "Each project by itself on top of business as usual. Projects compete "
                "for power, space and cash: which of them belong together is the "
                "question of a plan."
            ),
            missing=(
                "No plan is in this run: "
                f"`wattplan plan {study.id} --out DIR` finds the best one."
            ),
        ),
        Section(
            "prices",
            "What would change it",
            (breakeven_exhibit(study), merit_exhibit(study)),
            lead="At which prices another use of the same power would be the better.",
        ),
        Section(
            "trust",
            "What it rests on",
            (warnings_exhibit(data), sources_exhibit(data), run_exhibit(data)),
            missing=" ".join(f"Left out: {item}." for item in data.run.left_out),
        ),
    )


def screening_summary(data: ScreenedData) -> tuple[str, ...]:
    """Return the paragraphs that open the report of a screening.

    Parameters
    ----------
    data : ScreenedData
        The run.
    """
    rows = [worded(data.study, row) for row in data.screen]
    if not rows:
        return ("The study offers no candidate project.",)
    return (screen_reading(rows),)


def screening_tiles(data: ScreenedData) -> tuple[Tile, ...]:
    """Return the key figures of a screening.

    Parameters
    ----------
    data : ScreenedData
        The run.
    """
    verdicts = [row.get("verdict") for row in data.screen]
    n_pass, n_only_if = verdicts.count("pass"), verdicts.count("only_if")
    found = [
        Tile(
            "Projects",
            f"{len(verdicts):,}",
            f"at {count(len({row.get('site') for row in data.screen}), 'site')}",
        ),
        Tile(
            "Pass",
            f"{n_pass:,}",
            "clear the hurdle on the base path and in half of the scenarios",
            "good" if n_pass else "warn",
        ),
        Tile("Pass only if", f"{n_only_if:,}", "one price is kinder"),
        Tile("Fail", f"{verdicts.count('fail'):,}"),
    ]
    if data.screen:
        found += _best_tiles(worded(data.study, data.screen[0]))
    return tuple(found)


def _best_tiles(best: dict[str, Any]) -> list[Tile]:
    """Return what the first project is worth."""
    name = str(best.get("project", ""))
    rate, hurdle = _number(best, "irr_per_year"), _number(best, "hurdle_rate_per_year")
    chance = _number(best, "npv_positive_frac")
    return [
        Tile(
            "NPV of the first at its hurdle",
            usd_m(_number(best, "npv_at_hurdle_usd"), signed=True),
            sentence(name),
        ),
        Tile(
            "IRR of the first",
            f"{percent(rate)} a year" if math.isfinite(rate) else NOTHING,
            f"hurdle {percent(hurdle, 0)}"
            if math.isfinite(rate)
            else "no capital is tied up, or none comes back",
        ),
        Tile(
            "P(NPV of the first not under zero)",
            percent(chance, 0) if math.isfinite(chance) else NOTHING,
            "over sampled scenarios, at its hurdle",
        ),
    ]


def _number(row: dict[str, Any], key: str) -> float:
    """Return a figure of a row; NaN where it has none [mixed]."""
    value = row.get(key)
    return float(value) if isinstance(value, int | float) else math.nan
