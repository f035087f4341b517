# SPDX-License-Identifier: Apache-2.0
"""What happened in one future, in sentences: idle machines, cash, calls, contracts.

What does not belong here: which line and driver moved NPV (`optimizer.replay_words`),
the events themselves (`optimizer.replay_events`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.liquidity import has_btc_loan
from optimizer.replay_phrases import count_of_months, money

if TYPE_CHECKING:
    from models.plan import Plan
    from models.study import Study
    from optimizer.replay import Replay
    from optimizer.replay_events import Call, Default
    from optimizer.replay_lines import Columns

__all__ = ["event_rows", "event_sentences"]

_LEAST_IDLE_FRAC: Final = 0.0005


def event_sentences(study: Study, plan: Plan, found: Replay) -> list[str]:
    """Return what happened, in sentences.

    Parameters
    ----------
    study, plan : Study, Plan
        Study and plan.
    found : Replay
        The future.
    """
    said = [_standing_by(found), _cash(study, found), _calls(study, plan, found)]
    return [text for text in (*said, *_contracts(found)) if text]


def event_rows(found: Replay) -> tuple[tuple[str, str, str], ...]:
    """Return what happened as rows: month, event, figures.

    Parameters
    ----------
    found : Replay
        The future.

    Returns
    -------
    tuple of tuple of str
        In order of time; of months with short cash the first alone, the treasury's
        table has all.
    """
    events = found.events
    rows = [
        (
            one.month,
            "liquidation" if one.is_liquidated else "margin call",
            f"{_price_of(one)}low {one.low_usd:,.0f}, loan to value "
            f"{one.low_ltv_frac:.0%}; {_met(one)}",
        )
        for one in events.calls
    ]
    if events.short_months:
        first, count = events.short_months[0], len(events.short_months)
        took = f"{first.sold_btc:,.1f} BTC sold, equity {money(first.equity_usd)}"
        rows.append((first.month, "cash short", f"{took}; first of {count}"))
    rows += [
        (
            one.month,
            "covenant breached",
            f"{one.facility}: cover {one.dscr:.2f} against {one.min_dscr:.2f}",
        )
        for one in events.breaches
    ]
    rows += [
        (
            one.month,
            "client stops paying",
            f"{one.offer} at {one.site}, {_size(one)}: "
            f"{count_of_months(one.unpaid_months)} unpaid",
        )
        for one in events.defaults
    ]
    return tuple(sorted(rows, key=lambda row: row[0]))


def _price_of(call: Call) -> str:
    """Return at what price a call came, as the start of a text."""
    if not np.isfinite(call.called_at_usd):
        return ""
    return f"at {call.called_at_usd:,.0f} USD, "


def _size(default: Default) -> str:
    """Return how large a contract is."""
    if default.mw:
        return f"{default.mw:,.1f} MW"
    return f"{default.n_gpus:,.0f} GPUs"


def _standing_by(found: Replay) -> str:
    columns = found.columns
    possible_mwh = columns["possible_mining_mwh"]
    if not possible_mwh.any():
        return ""
    mean, usual = _idle_frac(columns, ""), _idle_frac(columns, "base_")
    if max(mean, usual) < _LEAST_IDLE_FRAC:
        return "All machines ran in every month."
    text = f"{mean:.1%} of mining energy stood by, {usual:.1%} on the base path"
    if mean > _LEAST_IDLE_FRAC:
        idle = columns["standing_by_frac"]
        lost_mwh = possible_mwh - columns["mining_mwh"]
        place = int(np.argmax(lost_mwh))
        text += (
            f"; most of it in {found.months[place]}, {lost_mwh[place]:,.0f} MWh or "
            f"{idle[place]:.0%}"
        )
    return f"{text}."


def _idle_frac(columns: Columns, prefix: str) -> float:
    """Return the share of mining energy over all months that stood by."""
    run, possible = (
        float(columns[f"{prefix}{name}"].sum())
        for name in ("mining_mwh", "possible_mining_mwh")
    )
    # Rounding may leave a little more than all: no energy stood by then.
    return max(1.0 - run / possible, 0.0)


def _cash(study: Study, found: Replay) -> str:
    floor = study.company.cash_floor_usd
    short = found.events.short_months
    cash = found.columns["cash_usd"]
    if not short:
        place = int(np.argmin(cash))
        return (
            f"Cash was never short: least in {found.months[place]}, "
            f"{money(cash[place])} against a floor of {money(floor)}."
        )
    first = short[0]
    sold = sum(one.sold_btc for one in short)
    equity = sum(one.equity_usd for one in short)
    took = [f"{sold:,.1f} BTC sold beyond the plan"] if sold > 0.0 else []
    took += [f"{money(equity)} of emergency equity"] if equity >= 1.0 else []
    all_in = f", and in {len(short)} months in all" if len(short) > 1 else ""
    return (
        f"Cash was short first in {first.month}{all_in}: the floor of {money(floor)} "
        f"took {' and '.join(took)}."
    )


def _calls(study: Study, plan: Plan, found: Replay) -> str:
    if not has_btc_loan(study, plan):
        return ""
    calls, level = found.events.calls, study.company.loan.margin_call_ltv_frac
    ltv = found.columns["low_ltv_frac"]
    if not calls:
        place = int(np.argmax(ltv))
        return (
            f"No margin call: loan to value was highest in {found.months[place]}, "
            f"{ltv[place]:.0%} at the month's low against {level:.0%} for a call."
        )
    first = calls[0]
    at = (
        f"at {first.called_at_usd:,.0f} USD" if np.isfinite(first.called_at_usd) else ""
    )
    text = (
        f"The first margin call came in {first.month} {at}".rstrip()
        + f" (the month's low was {first.low_usd:,.0f}, the base path's price "
        f"{first.base_btc_price_usd:,.0f}): {_met(first)}."
    )
    if len(calls) > 1:
        text += f" {len(calls)} calls in all, the last in {calls[-1].month}"
        text += f", together {_met(*calls)}."
    return text


def _met(*calls: Call) -> str:
    """Return how some calls were met."""
    cash_usd = sum(one.cash_usd for one in calls)
    pledged, sold, lost = (
        sum(getattr(one, name) for one in calls)
        for name in ("pledged_btc", "sold_btc", "liquidated_btc")
    )
    parts = []
    if cash_usd > 0.0:
        parts.append(f"{money(cash_usd)} in cash")
    if pledged > 0.0:
        parts.append(f"{pledged:,.1f} BTC more pledged")
    if sold > 0.0:
        fetched = sum(one.proceeds_usd for one in calls if not one.is_liquidated)
        parts.append(f"{sold:,.1f} BTC sold for {money(fetched)}")
    if lost > 0.0:
        fetched = sum(one.proceeds_usd for one in calls if one.is_liquidated)
        parts.append(f"{lost:,.1f} BTC sold by the lender for {money(fetched)}")
    return f"met with {', '.join(parts)}" if parts else "nothing was left to meet it"


def _contracts(found: Replay) -> list[str]:
    """Return breaches, defaults, delays and overruns."""
    events, said = found.events, []
    if events.breaches:
        first, count = events.breaches[0], len(events.breaches)
        tests = "one test" if count == 1 else f"{count} tests"
        said.append(
            f"The covenant of {first.facility} was breached first in {first.month}: "
            f"cover {first.dscr:.2f} against {first.min_dscr:.2f}; "
            f"{tests} failed in all."
        )
    for one in events.defaults:
        said.append(
            f"The client of {one.offer} at {one.site} ({_size(one)}) stopped paying in "
            f"{one.month}: {count_of_months(one.unpaid_months)} unpaid."
        )
    for build in events.builds:
        late = (
            f"{count_of_months(build.delay_months)} late"
            if build.delay_months
            else "on time"
        )
        side = "over" if build.overrun_usd >= 0.0 else "under"
        said.append(
            f"{build.site} came {late} and cost {money(abs(build.overrun_usd))} "
            f"{side} plan."
        )
    return said
