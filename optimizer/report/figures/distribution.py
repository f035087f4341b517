# SPDX-License-Identifier: Apache-2.0
"""NPV over sampled scenarios, of the plan and over business as usual.

Statistics come from `gpu.statistics.risk`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.statistics.risk import cvar, quantile
from optimizer.report.exhibit import Exhibit
from optimizer.report.figures.histogram import add_distribution, add_marker, panels
from optimizer.report.formats import percent, sentence, usd_m
from optimizer.report.style import PLAN
from optimizer.report.table import Cell, Table, number, text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.study import Study
    from optimizer.report.data import Scores
    from optimizer.report.table import Column

__all__ = ["npv_exhibit", "scenarios_note"]

_USD_M = 1e-6
_SHARES = (0.05, 0.25, 0.50, 0.75, 0.95)


def npv_exhibit(study: Study, scores: Scores) -> Exhibit:
    """Return the distributions of NPV and of NPV over business as usual.

    Parameters
    ----------
    study : Study
        Study.
    scores : Scores
        Rows of sampled scenarios.
    """
    columns = [("npv_usd", "NPV")]
    if "incremental_npv_usd" in scores.columns:
        columns.append(("incremental_npv_usd", "NPV over business as usual"))
    series = [(title, scores.columns[key] * _USD_M) for key, title in columns]
    figure = panels([title for title, _ in series])
    for row, (title, values) in enumerate(series, start=1):
        add_distribution(figure, row, values, PLAN)
        add_marker(figure, row, 0.0, "zero")
        figure.update_xaxes(title_text=f"{title}, USD m", row=row, col=1)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            title,
            *_statistics(scores.columns[key]),
            float((scores.columns[key] < 0).mean()),
        )
        for key, title in columns
    )
    return Exhibit(
        id="npv_distribution",
        title="NPV over sampled scenarios",
        reading=_npv_reading(study, scores),
        figure=figure,
        table=Table("npv_distribution", "NPV over scenarios", _npv_columns(), rows),
        note=f"{scenarios_note(scores)} The outermost bars hold all beyond the axis.",
    )


def _npv_columns() -> tuple[Column, ...]:
    return (
        text("measure", "Measure"),
        number("mean_usd", "Mean", "USD m", scale=_USD_M),
        *(
            number(
                f"p{round(100 * s):02d}_usd",
                f"P{round(100 * s)}",
                "USD m",
                scale=_USD_M,
            )
            for s in _SHARES
        ),
        number("cvar_95_usd", "Mean of worst 5%", "USD m", scale=_USD_M),
        number("negative_frac", "P(under zero)", "%", scale=100.0),
    )


def _statistics(values: NDArray[Any]) -> list[float]:
    quantiles = np.asarray(quantile(values, _SHARES)).tolist()
    return [float(values.mean()), *quantiles, float(cvar(values, 0.95))]


def _npv_reading(study: Study, scores: Scores) -> str:
    npv = scores.columns["npv_usd"]
    low, middle, high = np.asarray(quantile(npv, (0.05, 0.5, 0.95))).tolist()
    words = (
        f"in {scores.n_scenarios:,} scenarios NPV at "
        f"{100 * study.company.discount_rate_per_year:g}% has a median of "
        f"{usd_m(middle)} and lies between {usd_m(low)} and {usd_m(high)} in nine of "
        f"ten; it is negative in {percent(float((npv < 0).mean()))}"
    )
    gain = scores.columns.get("incremental_npv_usd")
    if gain is not None:
        better = percent(float((gain > 0).mean()))
        words += f", and the plan beats business as usual in {better}"
    return sentence(words)


def scenarios_note(scores: Scores) -> str:
    """Return how many scenarios there are and their seed."""
    return f"{scores.n_scenarios:,} sampled scenarios, seed {scores.seed}."
