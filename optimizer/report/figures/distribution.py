# SPDX-License-Identifier: Apache-2.0
"""NPV over sampled scenarios, of the plan and over business as usual.

Statistics come from the run's scoring, see `gpu.statistics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from optimizer.report.exhibit import Exhibit
from optimizer.report.figures.histogram import add_distribution, add_marker, panels
from optimizer.report.formats import percent, sentence, usd_m
from optimizer.report.scores import Exact, exactness
from optimizer.report.style import PLAN
from optimizer.report.table import Cell, Table, number, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.study import Study
    from optimizer.report.scores import Scores
    from optimizer.report.table import Column

__all__ = ["SHOWN_SHARES", "npv_exhibit"]

_USD_M: Final = 1e-6
SHOWN_SHARES: Final = ("p05", "p25", "p50", "p75", "p95")
"""Quantiles that tables of the report show."""


@dataclass(frozen=True, slots=True)
class _Measure:
    """A value over scenarios, and the event that it is negative."""

    column: str
    title: str
    loss: str


_MEASURES: Final = (
    _Measure("npv_usd", "NPV", "npv_negative_frac"),
    _Measure(
        "incremental_npv_usd", "NPV over business as usual", "npv_below_baseline_frac"
    ),
)


def npv_exhibit(study: Study, scores: Scores) -> Exhibit:
    """Return the distributions of NPV and of NPV over business as usual.

    Parameters
    ----------
    study : Study
        Study.
    scores : Scores
        The plan over sampled scenarios.
    """
    measures = [one for one in _MEASURES if scores.has(one.column)]
    figure = panels([one.title for one in measures])
    for row, one in enumerate(measures, start=1):
        spread = scores.spread(one.column)
        add_distribution(figure, row, spread, PLAN, scale=_USD_M)
        add_marker(figure, row, 0.0, "zero")
        figure.update_xaxes(title_text=f"{one.title}, USD m", row=row, col=1)
    rows = tuple(_row(scores, one) for one in measures)
    exact = [line for one in measures for line in _exact(scores, one)]
    return Exhibit(
        id="npv_distribution",
        title="NPV over sampled scenarios",
        reading=_reading(study, scores),
        figure=figure,
        table=Table("npv_distribution", "NPV over scenarios", _columns(), rows),
        note=f"{scores.note} The outermost bars hold all beyond the axis.",
        folds=(exactness("npv_exactness", exact),),
    )


def _columns() -> tuple[Column, ...]:
    return (
        text("measure", "Measure"),
        number("mean_usd", "Mean", "USD m", scale=_USD_M),
        *(
            number(f"{share}_usd", _label(share), "USD m", scale=_USD_M)
            for share in SHOWN_SHARES
        ),
        number("cvar_95_usd", "Mean of worst 5%", "USD m", scale=_USD_M),
        number("negative_frac", "P(under zero)", "%", scale=100.0),
    )


def _label(share: str) -> str:
    return f"P{int(share[1:])}"


def _row(scores: Scores, one: _Measure) -> tuple[Cell, ...]:
    names = ("mean", *SHOWN_SHARES, "cvar_95")
    figures = (scores.figure(one.column, name).value for name in names)
    return (one.title, *figures, scores.chance(one.loss).value)


def _exact(scores: Scores, one: _Measure) -> Iterator[Exact]:
    shares = ((name, _label(name)) for name in SHOWN_SHARES)
    for name, words in (("mean", "Mean"), *shares, ("cvar_95", "Mean of worst 5%")):
        yield Exact(one.title, words, "_usd", scores.figure(one.column, name))
    yield Exact(one.title, "P(under zero)", "", scores.chance(one.loss))


def _reading(study: Study, scores: Scores) -> str:
    low, middle, high = (
        scores.figure("npv_usd", share).value for share in ("p05", "p50", "p95")
    )
    words = (
        f"in {scores.n_scenarios:,} scenarios NPV at "
        f"{100 * study.company.discount_rate_per_year:g}% has a median of "
        f"{usd_m(middle)} and lies between {usd_m(low)} and {usd_m(high)} in nine of "
        f"ten; it is negative in {percent(scores.chance('npv_negative_frac').value)}"
    )
    if scores.has("incremental_npv_usd"):
        better = percent(scores.chance("npv_above_baseline_frac").value)
        words += f", and the plan beats business as usual in {better}"
    return sentence(words)
