# SPDX-License-Identifier: Apache-2.0
"""Merit order: what a MWh earns in each machine over time, against power prices.

A machine whose line falls under a site's power price stands by there. What a machine
earns stands in `models.fleet`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import plotly.graph_objects as go

from models.fleet import asic_month
from models.market import base_paths
from models.path_changes import scaled
from models.power import base_price_usd_per_mwh
from optimizer.report.exhibit import Exhibit
from optimizer.report.formats import amount, full_month, joined, sentence
from optimizer.report.style import MUTED, dates, new_figure, plain
from optimizer.report.table import Cell, Table, number, text

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.hardware import AsicModel
    from models.site import Site
    from models.study import Study

__all__ = ["Earning", "earnings", "merit_exhibit"]

_DARK: Final = (0x6B, 0x2B, 0x00)
_LIGHT: Final = (0xF2, 0xB2, 0x7E)
_DASHES: Final = ("dash", "dot", "dashdot", "longdash", "longdashdot", "solid")


@dataclass(frozen=True, slots=True)
class Earning:
    """Revenue of one machine per MWh at the meter.

    Parameters
    ----------
    asic : AsicModel
        Machine, new in the first month.
    site : Site
        Where its facility energy is counted.
    revenue_usd_per_mwh : ndarray of shape (n_periods,)
        After the pool fee, before operation. [USD/MWh]
    """

    asic: AsicModel
    site: Site
    revenue_usd_per_mwh: FloatArray


def earnings(study: Study) -> tuple[Earning, ...]:
    """Return what a MWh earns in each family, best first.

    Counted at the largest site that has the space the family needs.

    Parameters
    ----------
    study : Study
        Study.
    """
    # At a power price of zero every machine runs, so its revenue shows in full.
    paths = scaled(study, base_paths(study), {"power_price": 0.0})
    found = []
    for asic in study.asics:
        fitting = [site for site in study.sites if site.shell(asic.shell) is not None]
        if not fitting:
            continue
        site = max(fitting, key=lambda s: (s.partner is None, s.contracted_mw))
        month = asic_month(study, site, asic, 0, paths)
        found.append(Earning(asic, site, month.revenue_usd[0] / month.energy_mwh[0]))
    return tuple(sorted(found, key=lambda e: -float(e.revenue_usd_per_mwh[0])))


def merit_exhibit(study: Study) -> Exhibit:
    """Return revenue per MWh by machine and month, with power prices.

    Parameters
    ----------
    study : Study
        Study.
    """
    ranked = earnings(study)
    prices = {
        site.name: base_price_usd_per_mwh(site, "flexible", study.time.months)
        for site in study.sites
    }
    return Exhibit(
        id="merit",
        title="What a MWh earns in each machine, against power prices",
        reading=_reading(study, ranked, prices),
        figure=_figure(study, ranked, prices),
        table=_table(study, ranked, prices),
        note=(
            "Base path. Revenue after the pool fee of a machine that is new in the "
            "first month, per MWh at the meter. Where it lies under the power price "
            "the machine stands by. Dotted: hydro machines. Grey: flexible power "
            "price, or the hosting rate at partner sites."
        ),
    )


def _figure(
    study: Study, ranked: tuple[Earning, ...], prices: dict[str, FloatArray]
) -> go.Figure:
    figure = new_figure(460, hovermode="x unified", margin={"t": 24, "r": 150})
    figure.update_layout(
        legend={"orientation": "v", "x": 1.01, "y": 1.0, "yanchor": "top"}
    )
    when = dates(study.months)
    for index, one in enumerate(ranked):
        figure.add_trace(
            go.Scatter(
                x=when,
                y=one.revenue_usd_per_mwh,
                name=plain(one.asic.name),
                mode="lines",
                line={
                    "color": _shade(index, len(ranked)),
                    "width": 2,
                    "dash": "dot" if one.asic.shell == "hydro" else "solid",
                },
                hovertemplate="%{y:,.1f}",
            )
        )
    for index, (name, price) in enumerate(prices.items()):
        figure.add_trace(
            go.Scatter(
                x=when,
                y=price,
                name=f"{plain(name)}, price",
                mode="lines",
                line={
                    "color": MUTED,
                    "width": 1.6,
                    "dash": _DASHES[index % len(_DASHES)],
                },
                hovertemplate="%{y:,.1f}",
            )
        )
    figure.update_yaxes(title_text="USD/MWh", rangemode="tozero")
    return figure


def _shade(index: int, n_shades: int) -> str:
    """Return a shade of the mining accent, dark for what earns most."""
    share = index / max(n_shades - 1, 1)
    parts = [round(a + (b - a) * share) for a, b in zip(_DARK, _LIGHT, strict=True)]
    return f"rgb({parts[0]}, {parts[1]}, {parts[2]})"


def _reading(
    study: Study, ranked: tuple[Earning, ...], prices: dict[str, FloatArray]
) -> str:
    if not ranked:
        return ""
    first, last = ranked[0], ranked[-1]
    words = (
        f"a MWh earns {amount(float(first.revenue_usd_per_mwh[0]), 0)} USD in "
        f"{first.asic.name} and {amount(float(last.revenue_usd_per_mwh[0]), 0)} USD in "
        f"{last.asic.name} at the start"
    )
    price = prices[first.site.name]
    out: dict[int, list[str]] = {}
    for one in ranked:
        under = np.flatnonzero(one.revenue_usd_per_mwh < price)
        if len(under):
            out.setdefault(int(under[0]), []).append(one.asic.name)
    if out:
        month, names = max(out.items(), key=lambda item: len(item[1]))
        when = full_month(study.months[month]) if month else "the start"
        words += (
            f"; from {when} {joined(names)} no longer "
            f"{'earns' if len(names) == 1 else 'earn'} the power price of "
            f"{first.site.name}"
        )
    return sentence(words)


def _table(
    study: Study, ranked: tuple[Earning, ...], prices: dict[str, FloatArray]
) -> Table:
    columns = (
        text("month", "Month"),
        *(
            number(f"{one.asic.id}_usd_per_mwh", one.asic.name, "USD/MWh")
            for one in ranked
        ),
        *(
            number(f"{site.id}_price_usd_per_mwh", f"{site.name}, price", "USD/MWh")
            for site in study.sites
        ),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            month,
            *(float(one.revenue_usd_per_mwh[period]) for one in ranked),
            *(float(price[period]) for price in prices.values()),
        )
        for period, month in enumerate(study.months)
    )
    return Table("merit", "Revenue per MWh and power prices", columns, rows)
