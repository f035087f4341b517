# SPDX-License-Identifier: Apache-2.0
"""Tornado: how far each input alone moves the NPV of the plan.

What is tried and how stands in `optimizer.sensitivity`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go

from models.path_changes import MULTIPLIERS
from optimizer.report.exhibit import Exhibit, Fold
from optimizer.report.formats import MINUS, count, sentence, usd_m
from optimizer.report.style import MUTED, PLAN, SHELL, new_figure, plain
from optimizer.report.table import AS_GIVEN, Table, number, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.study import Study
    from optimizer.sensitivity import Sensitivity, Swing

__all__ = ["input_name", "tornado_exhibit"]

_USD_M: Final = 1e-6
_DRAWN: Final = 16
_SMALL_FRAC: Final = 0.01
_LABEL_LETTERS: Final = 50
_LISTS: Final = frozenset(
    {
        "sites",
        "asics",
        "gpus",
        "hosting_offers",
        "gpu_offers",
        "tax_regimes",
        "side_businesses",
        "shells",
        "phases",
        "conversions",
        "opening_fleet",
        "company",
        "market",
        "partner",
        "build",
    }
)
_UNITS: Final = re.compile(
    r"_(usd|frac|per_year|eh_s|th_s|j_per_th|it_kw|kw|mw|w|months|years|g_per_kwh)"
    r"(_.*)?$"
)
_PATHS: Final = {
    "btc_price": "BTC price",
    "network": "Network hashrate",
    "fees": "Transaction fees",
    "power_price": "Power price at every site",
    "gpu_rent": "Merchant GPU rent",
    "gpu_utilisation": "GPU utilisation",
    "capex": "Build cost at every site",
}
_CAPITALS: Final = {
    "btc": "BTC",
    "gpu": "GPU",
    "asic": "ASIC",
    "ltv": "LTV",
    "hpc": "HPC",
    "pue": "PUE",
}


def tornado_exhibit(study: Study, found: Sensitivity) -> Exhibit:
    """Return the NPV change of every input at its low and its high end.

    Parameters
    ----------
    study : Study
        Study of the plan.
    found : Sensitivity
        What each input does to it.
    """
    columns = (
        text("input", "Input"),
        text("key", "Place in the study"),
        text("unit", "Unit"),
        number("value", "Value", decimals=AS_GIVEN),
        number("low", "Low", decimals=AS_GIVEN),
        number("high", "High", decimals=AS_GIVEN),
        number("low_change_usd", "NPV at low", "USD m", scale=_USD_M, signed=True),
        number("high_change_usd", "NPV at high", "USD m", scale=_USD_M, signed=True),
    )
    rows = tuple(
        (
            input_name(study, one.key),
            one.key,
            one.unit,
            one.value,
            one.low,
            one.high,
            one.low_change_usd,
            one.high_change_usd,
        )
        for one in found.swings
    )
    return Exhibit(
        id="tornado",
        title="One input at a time",
        reading=_reading(study, found),
        figure=_figure(study, found.swings[:_DRAWN]) if found.swings else None,
        table=Table(
            "tornado", "Inputs that move NPV, the largest first", columns, rows
        ),
        note=(
            "The plan's decisions are kept and run through the monthly engine again at "
            "either end; nothing is solved again, so a planner who could answer would "
            "lose less and gain more. Figures beside the bars are the ends: the range "
            "that the facts give, or a multiple of the whole base path."
        ),
        folds=(_others(study, found),),
    )


def _others(study: Study, found: Sensitivity) -> Fold:
    """Return the inputs with a range that are not in the picture, and why."""
    still = tuple((key, "does not move NPV on the base path") for key in found.unmoved)
    untried = tuple((key, f"not tried: {why}") for key, why in found.left_out)
    rows = tuple((input_name(study, key), key, why) for key, why in (*still, *untried))
    columns = (
        text("input", "Input"),
        text("key", "Place in the study"),
        text("why", "Why"),
    )
    title = f"{count(len(rows), 'input')} with a range that {_are(rows)} not shown"
    return Fold(title, (Table("tornado_others", title, columns, rows),))


def _are(rows: Sequence[object]) -> str:
    return "is" if len(rows) == 1 else "are"


def _reading(study: Study, found: Sensitivity) -> str:
    n_tried = len(found.swings) + len(found.unmoved)
    if not found.swings:
        return sentence(f"none of {count(n_tried, 'input')} tried moves NPV")
    first = found.swings[0]
    small = _SMALL_FRAC * abs(found.npv_usd)
    n_small = sum(one.size_usd < small for one in found.swings) + len(found.unmoved)
    words = (
        f"of {count(n_tried, 'input')} tried one by one, "
        f"{_inside(input_name(study, first.key))} moves NPV most: "
        f"{usd_m(first.low_change_usd, signed=True)} at {_end(first, first.low)} and "
        f"{usd_m(first.high_change_usd, signed=True)} at {_end(first, first.high)}"
    )
    if found.npv_usd > 0.0:
        n_lost = sum(
            found.npv_usd + min(one.low_change_usd, one.high_change_usd) < 0.0
            for one in found.swings
        )
        words += (
            f"; {n_lost or 'none'} alone {'turns' if n_lost == 1 else 'turn'} it "
            f"negative and {n_small} move it by less than 1%"
        )
    return sentence(words)


def _inside(name: str) -> str:
    """Return a name as it stands inside a sentence."""
    is_word = name[1:2].islower() and name.partition(":")[1] == ""
    return name[:1].lower() + name[1:] if is_word else name


def _end(swing: Swing, value: float) -> str:
    if swing.key in MULTIPLIERS:
        return f"{100 * value:g}% of the base path"
    if swing.unit == "share 0-1":
        return f"{100 * value:g}%"
    unit = "" if swing.unit == "ratio" else f" {swing.unit}"
    return f"{_given(value)}{unit}"


def _given(value: float) -> str:
    """Return an end of a range in few letters."""
    words = f"{value:,.4g}" if abs(value) < 1e5 else f"{value / 1e6:,.4g}m"
    return words.replace("-", MINUS, 1)


def _figure(study: Study, swings: Sequence[Swing]) -> go.Figure:
    """Return bars from the base path to either end, the largest swing on top."""
    names = [_label(study, one, place) for place, one in enumerate(swings, start=1)]
    lows = [(one.low_change_usd * _USD_M, _end(one, one.low)) for one in swings]
    highs = [(one.high_change_usd * _USD_M, _end(one, one.high)) for one in swings]
    figure = new_figure(
        110 + 28 * len(swings), margin={"l": 24, "r": 24, "t": 30}, barmode="overlay"
    )
    figure.add_trace(_bars("At the low end", SHELL, names, lows))
    figure.add_trace(_bars("At the high end", PLAN, names, highs))
    changes_usd_m = [change for change, _ in (*lows, *highs)]
    low, high = min(0.0, *changes_usd_m), max(0.0, *changes_usd_m)
    room = 0.25 * max(high - low, 1e-9)
    figure.add_vline(x=0, line_width=1, line_color=MUTED)
    figure.update_xaxes(
        title_text="Change of NPV, USD m", range=[low - room, high + room]
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    return figure


def _bars(
    name: str, colour: str, places: list[str], ends: list[tuple[float, str]]
) -> go.Bar:
    """Return one end of every input: its change in USD m, and the end beside it."""
    words = [plain(end.removesuffix(" of the base path")) for _, end in ends]
    return go.Bar(
        orientation="h",
        x=[change for change, _ in ends],
        y=places,
        name=name,
        marker={"color": colour},
        width=0.62,
        text=[w if change else "" for w, (change, _) in zip(words, ends, strict=True)],
        textposition="outside",
        textfont={"size": 10, "color": MUTED},
        cliponaxis=False,
        customdata=words,
        hovertemplate="%{y}<br>at %{customdata}: %{x:+,.1f} USD m<extra></extra>",
    )


def _label(study: Study, swing: Swing, place: int) -> str:
    """Return a label that leaves room for the bars; its number keeps it apart."""
    words = f"{place}. {input_name(study, swing.key)}"
    is_long = len(words) > _LABEL_LETTERS
    return plain(words[: _LABEL_LETTERS - 1].rstrip() + "\u2026" if is_long else words)


def input_name(study: Study, key: str) -> str:
    """Return an input in words, from its place in the study.

    Parameters
    ----------
    study : Study
        Study with the names of its parts.
    key : str
        Place as `sites.provenance` has it, or name of a multiplier.
    """
    if key in MULTIPLIERS:
        return _PATHS[key]
    named = {
        part.id: part.name
        for parts in (
            study.sites,
            study.asics,
            study.gpus,
            study.hosting_offers,
            study.gpu_offers,
            study.tax_regimes,
            study.company.side_businesses,
        )
        for part in parts
    }
    *places, field = key.split(".")
    where = [
        named.get(step, _words(step))
        for before, step in zip(["", *places], places, strict=False)
        if step not in _LISTS or before == "sites"
    ]
    what = _words(_UNITS.sub("", field))
    name = f"{', '.join(where)}: {what}" if where else what
    return name[:1].upper() + name[1:]


def _words(name: str) -> str:
    return " ".join(_CAPITALS.get(word, word) for word in name.split("_"))
