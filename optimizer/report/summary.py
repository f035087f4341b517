# SPDX-License-Identifier: Apache-2.0
"""The first paragraph: what the plan is and what it is worth, in a few sentences.

What does not belong here: tiles and alerts (`optimizer.report.strip`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimizer.report.figures.capacity import capacity_reading
from optimizer.report.formats import count, full_month, percent, sentence, usd_m
from optimizer.report.kpis import key_figures

if TYPE_CHECKING:
    from optimizer.report.data import ReportData

__all__ = ["summary"]


def summary(data: ReportData) -> tuple[str, ...]:
    """Return the paragraphs that open the report.

    Parameters
    ----------
    data : ReportData
        The run.
    """
    study = data.study
    figures = key_figures(data, data.plan)
    word = "more" if figures.change_usd >= 0 else "less"
    worth = (
        f"over {count(study.time.months, 'month')} from "
        f"{full_month(study.months[0])} the plan is worth {usd_m(figures.npv_usd)} "
        f"after tax, {usd_m(abs(figures.change_usd))} {word} than business as usual; "
        f"it spends {usd_m(figures.capex_usd)} on machines, power and space"
    )
    does = capacity_reading(study, data.plan, data.baseline)
    paragraphs = [f"{sentence(worth)} {does}"]
    if data.scores is not None:
        risk = (
            f"over {data.scores.n_scenarios:,} scenarios its NPV is negative in "
            f"{percent(data.scores.chance('npv_negative_frac').value)}"
        )
        if data.scores.has("incremental_npv_usd"):
            better = data.scores.chance("npv_above_baseline_frac").value
            risk += f", and it beats business as usual in {percent(better)}"
        paragraphs.append(sentence(risk))
    return tuple(paragraphs)
