# SPDX-License-Identifier: Apache-2.0
"""Picture of the balance sheet: assets above zero, debt below, equity as a line.

What does not belong here: the statements as tables (`optimizer.report.statements`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import plotly.graph_objects as go

from optimizer.report.formats import full_month, sentence, short_month, usd_m
from optimizer.report.style import INK, LINE_COLOURS, PLAN, POWER, new_figure

if TYPE_CHECKING:
    from models.statements import Statements
    from models.study import Study

__all__ = ["balance_figure", "balance_reading", "quarter_ends"]

_USD_M = 1e-6
_HEIGHT_PX = 460

_ASSETS: Final = (
    ("cash", "Cash", PLAN),
    ("btc_free", "BTC, free", "#F0B27A"),
    ("btc_pledged", "BTC, pledged", LINE_COLOURS["self_mining"]),
    ("asics", "Mining machines", LINE_COLOURS["hosting"]),
    ("gpus", "GPUs", LINE_COLOURS["gpu_leasing"]),
    ("plant", "Power and shells", POWER),
    ("deposits_paid", "Deposits paid", "#C9B37E"),
)
_DEBTS: Final = (
    ("btc_loan", "BTC loan", "#7B4B94"),
    ("other_debt", "Other debt", "#B39BC8"),
    ("deposits_held", "Deposits received", "#D9C9E3"),
)


def quarter_ends(study: Study) -> list[int]:
    """Return balance indices of the opening, each calendar quarter's end, the horizon.

    Index 0 is the opening, index t + 1 the end of month t. [period]
    """
    ends = [
        index
        for index, month in enumerate(study.months, start=1)
        if int(month[-2:]) % 3 == 0
    ]
    return list(dict.fromkeys([0, *ends, study.time.months]))


def balance_figure(study: Study, made: Statements) -> go.Figure:
    """Return assets, debt and equity at every quarter's end.

    Parameters
    ----------
    study : Study
        Study.
    made : Statements
        Statements of the plan. [USD]
    """
    at = quarter_ends(study)
    names = ["opening", *(short_month(study.months[k - 1]) for k in at[1:])]
    figure = new_figure(_HEIGHT_PX, barmode="relative", hovermode="x unified")
    for sign, parts in ((1.0, _ASSETS), (-1.0, _DEBTS)):
        for key, label, colour in parts:
            values = sign * made.balance[key][0, at] * _USD_M
            if np.abs(values).max() > 5e-7:
                figure.add_trace(
                    go.Bar(
                        x=names,
                        y=values,
                        name=label,
                        marker={"color": colour},
                        hovertemplate="%{y:,.1f}",
                    )
                )
    figure.add_trace(
        go.Scatter(
            x=names,
            y=made.balance["equity"][0, at] * _USD_M,
            name="Equity",
            mode="lines+markers",
            line={"color": INK, "width": 2.2},
            marker={"size": 5},
            hovertemplate="%{y:,.1f}",
        )
    )
    figure.add_hline(y=0, line_width=1, line_color=INK)
    figure.update_yaxes(title_text="USD m")
    figure.update_layout(margin={"t": 64})
    return figure


def balance_reading(study: Study, made: Statements) -> str:
    """Return the picture in a line.

    Parameters
    ----------
    study : Study
        Study.
    made : Statements
        Statements of the plan. [USD]
    """
    equity = made.balance["equity"][0]
    least = int(equity.argmin())
    debt = made.balance["btc_loan"][0] + made.balance["other_debt"][0]
    held = made.balance["btc_free"][0] + made.balance["btc_pledged"][0]
    parts = [
        f"equity goes from {usd_m(equity[0])} at the opening to {usd_m(equity[-1])} at "
        "the horizon"
    ]
    if 0 < least < len(equity) - 1:
        month = full_month(study.months[least - 1])
        parts.append(f"it is least in {month} at {usd_m(equity[least])}")
    parts.append(
        f"debt goes from {usd_m(debt[0])} to {usd_m(debt[-1])}, BTC at fair value from "
        f"{usd_m(held[0])} to {usd_m(held[-1])}"
    )
    return sentence("; ".join(parts))
