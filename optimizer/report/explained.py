# SPDX-License-Identifier: Apache-2.0
"""Why the rest was not chosen: cost of forcing, break-evens, worth of a megawatt.

The answers come from `optimizer.explain`. What does not belong here: finding them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from optimizer.report.exhibit import Exhibit, Fold
from optimizer.report.formats import amount, count, full_month, sentence, usd_m
from optimizer.report.style import MUTED, PLAN, dates, new_figure, plain
from optimizer.report.table import Cell, Table, number, text

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.explain.explanation import Explanation
    from optimizer.explain.forcing import ForcedAnswer
    from optimizer.explain.marginal import MarginalRow, MarginalValues
    from optimizer.report.data import ReportData

__all__ = ["explain_exhibits"]

_USD_M = 1e-6
_COLOURS = ("#1F3A5F", "#0072B2", "#56B4E9", "#009E73", "#D55E00", "#CC79A7")
_OPEN = ("open", "relaxation only")


def explain_exhibits(data: ReportData) -> tuple[Exhibit, ...]:
    """Return why-not, break-evens and marginal values; nothing without them.

    Parameters
    ----------
    data : ReportData
        The run.
    """
    found = data.explain
    if found is None:
        return ()
    exhibits = [_why_not(found), _break_evens(found)]
    if found.marginal is not None:
        exhibits.append(_marginal(data.study, found.marginal))
    return tuple(exhibits)


def _why_not(found: Explanation) -> Exhibit:
    """Return what forcing each thing that is not done would cost."""
    answers = {answer.question: answer for answer in found.why_not}
    columns = (
        text("question", "Not in the plan"),
        text("status", "Status"),
        number("npv_lost_usd", "NPV lost", "USD m", scale=_USD_M),
        number("npv_lost_low_usd", "At least", "USD m", scale=_USD_M),
        number("npv_lost_high_usd", "At most", "USD m", scale=_USD_M),
        number("capex_usd", "More capex", "USD m", scale=_USD_M),
        number("site_irr_per_year", "IRR of the site", "% a year", scale=100.0),
        number("hurdle_rate_per_year", "Hurdle", "% a year", scale=100.0),
        text("why", "Why"),
    )
    rows = tuple(
        _why_row(question.title, answers.get(question.id))
        for question in found.questions
    )
    known = [a for a in found.why_not if a.npv_lost_usd is not None]
    return Exhibit(
        id="why-not",
        title="What it would cost to do it all the same",
        reading=_why_reading(found),
        figure=_why_figure(found) if known else None,
        table=Table("why_not", "Things the plan does not do", columns, rows),
        is_open=True,
        note=(
            "The plan is solved again with each thing forced in; the loss is proven to "
            "lie between the two bounds."
        ),
    )


def _why_row(title: str, answer: ForcedAnswer | None) -> tuple[Cell, ...]:
    if answer is None:
        return (title, "not computed yet", *[None] * 6, "")
    why = "; ".join((answer.text, *answer.blocked_by))
    return (
        title,
        answer.status,
        answer.npv_lost_usd,
        answer.npv_lost_low_usd,
        answer.npv_lost_high_usd,
        answer.capex_usd,
        answer.site_irr_per_year,
        answer.hurdle_rate_per_year,
        why,
    )


def _why_reading(found: Explanation) -> str:
    titles = {question.id: question.title for question in found.questions}
    known = [a for a in found.why_not if a.npv_lost_usd is not None]
    open_answers = len(found.questions) - len(found.why_not)
    if not known:
        words = f"{count(len(found.questions), 'question')} asked, none answered yet"
        return sentence(words if found.questions else "the plan leaves nothing undone")
    nearest = min(known, key=lambda a: a.npv_lost_usd or 0.0)
    dearest = max(known, key=lambda a: a.npv_lost_usd or 0.0)
    words = (
        f"least is lost with {usd_m(nearest.npv_lost_usd or 0.0)} where "
        f'"{titles.get(nearest.question, nearest.question)}" is overruled'
    )
    if dearest is not nearest:
        words += (
            f", most with {usd_m(dearest.npv_lost_usd or 0.0)} where "
            f'"{titles.get(dearest.question, dearest.question)}" is'
        )
    if open_answers:
        words += f"; {count(open_answers, 'answer')} still to be computed"
    return sentence(words)


def _why_figure(found: Explanation) -> go.Figure:
    titles = {question.id: question.title for question in found.questions}
    known = [a for a in found.why_not if a.npv_lost_usd is not None]
    known.sort(key=lambda a: a.npv_lost_usd or 0.0)
    lost = [(a.npv_lost_usd or 0.0) * _USD_M for a in known]
    low = [
        v if a.npv_lost_low_usd is None else a.npv_lost_low_usd * _USD_M
        for v, a in zip(lost, known, strict=True)
    ]
    high = [
        v if a.npv_lost_high_usd is None else a.npv_lost_high_usd * _USD_M
        for v, a in zip(lost, known, strict=True)
    ]
    figure = new_figure(80 + 34 * len(known), margin={"l": 24, "r": 40, "t": 10})
    figure.add_trace(
        go.Bar(
            orientation="h",
            x=lost,
            y=[plain(titles.get(a.question, a.question)) for a in known],
            marker={"color": PLAN},
            width=0.55,
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [h - v for v, h in zip(lost, high, strict=True)],
                "arrayminus": [v - b for v, b in zip(lost, low, strict=True)],
                "color": MUTED,
                "thickness": 1.2,
            },
            hovertemplate="%{y}: %{x:,.1f} USD m<extra></extra>",
            showlegend=False,
        )
    )
    figure.update_xaxes(title_text="NPV lost by forcing it, USD m", rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    return figure


def _break_evens(found: Explanation) -> Exhibit:
    """Return the price intervals in which each thing begins to be chosen."""
    titles = {question.id: question.title for question in found.questions}
    columns = (
        text("question", "Not in the plan"),
        text("driver", "Price"),
        text("status", "Status"),
        number("not_chosen_multiplier", "Not yet at", "x base", decimals=3),
        number("chosen_multiplier", "Chosen at", "x base", decimals=3),
        text("in_words", "In words"),
    )
    rows = tuple(
        (
            titles.get(one.question, one.question),
            one.driver.replace("_", " ").replace("@", " at "),
            one.status,
            one.not_chosen_multiplier,
            one.chosen_multiplier,
            one.text,
        )
        for one in sorted(found.break_evens, key=lambda b: b.status in _OPEN)
    )
    settled = [one for one in found.break_evens if one.status not in _OPEN]
    n_settled = len(settled)
    words = f"{n_settled} of {count(len(found.break_evens), 'break-even')} found"
    near = [one for one in settled if one.chosen_multiplier is not None]
    if near:
        best = min(near, key=lambda b: abs((b.chosen_multiplier or 1.0) - 1.0))
        words += (
            f"; the nearest: {titles.get(best.question, best.question)}; {best.text}"
        )
    return Exhibit(
        id="break-evens",
        title="From which price it would be chosen",
        reading=sentence(words),
        table=Table("break_evens", "Break-even prices", columns, rows[:n_settled]),
        folds=()
        if n_settled == len(rows)
        else (
            Fold(
                "Not yet found",
                (Table("break_evens_open", "Open", columns, rows[n_settled:]),),
            ),
        ),
        note=(
            "Intervals are confirmed by a whole plan either side; other prices stay on "
            "the base path."
        ),
    )


def _marginal(study: Study, values: MarginalValues) -> Exhibit:
    """Return what one more MW is worth by site, kind and month."""
    shown = [row for row in values.rows if row.total_usd_per_mw > 1.0]
    names = [_resource(study, row) for row in shown]
    columns = (
        text("month", "Month"),
        *(
            number(
                f"{row.site}_{row.resource}_usd_per_mw_month",
                name,
                "USD/MW-month",
                decimals=0,
            )
            for name, row in zip(names, shown, strict=True)
        ),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (month, *(row.usd_per_mw_month[k] for row in shown))
        for k, month in enumerate(values.months)
    )
    return Exhibit(
        id="marginal",
        title="What one more megawatt is worth",
        reading=_marginal_reading(study, values, shown),
        figure=_marginal_figure(values, shown, names) if shown else None,
        table=Table("marginal", "Gain of NPV by month", columns, rows),
        note=(
            "Gain of NPV from one more MW in one month, the plan's whole numbers held. "
            "Powered space is power together with space of a kind."
        ),
    )


def _resource(study: Study, row: MarginalRow) -> str:
    kinds = {
        "power": "power",
        "power_and_air": "powered air space",
        "power_and_hydro": "powered hydro space",
        "power_and_hpc": "powered HPC space",
    }
    return f"{study.site(row.site).name}, {kinds.get(row.resource, row.resource)}"


def _marginal_reading(
    study: Study, values: MarginalValues, shown: list[MarginalRow]
) -> str:
    if not shown:
        return "With the plan's whole numbers held, one more MW is worth nothing."
    best = max(shown, key=lambda row: row.total_usd_per_mw)
    top = max(range(len(values.months)), key=lambda k: best.usd_per_mw_month[k])
    height = f"{amount(best.usd_per_mw_month[top], 0)} USD"
    words = (
        f"one more MW is worth most as {_resource(study, best)}: "
        f"{usd_m(best.total_usd_per_mw, 2)} of NPV over the horizon, at its height "
        f"{height} in {full_month(values.months[top])}"
    )
    for site, worth in values.release_usd_per_mw.items():
        if worth > 1.0:
            words += (
                f"; being free of one MW locked at {study.site(site).name} would be "
                f"worth {usd_m(worth, 2)}"
            )
    return sentence(words)


def _marginal_figure(
    values: MarginalValues, shown: list[MarginalRow], names: list[str]
) -> go.Figure:
    figure = new_figure(340, hovermode="x unified")
    for index, (row, name) in enumerate(zip(shown, names, strict=True)):
        figure.add_trace(
            go.Scatter(
                x=dates(values.months),
                y=row.usd_per_mw_month,
                name=plain(name),
                mode="lines",
                line={
                    "shape": "hv",
                    "width": 2,
                    "color": _COLOURS[index % len(_COLOURS)],
                },
                hovertemplate="%{y:,.0f}",
            )
        )
    figure.update_yaxes(title_text="USD per MW and month", rangemode="tozero")
    figure.update_layout(showlegend=True)
    return figure
