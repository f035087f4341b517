# SPDX-License-Identifier: Apache-2.0
"""Why one future went as it did, in sentences made of its figures.

What does not belong here: the figures (`optimizer.replay_lines`,
`optimizer.replay_drivers`, `optimizer.replay_events`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.liquidity import has_btc_loan
from optimizer.replay_drivers import DRIVER_LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.plan import Plan
    from models.study import Study
    from optimizer.replay import Replay, Standing
    from optimizer.replay_drivers import DriverStep
    from optimizer.replay_events import Call
    from optimizer.replay_lines import Columns, LineResult

__all__ = ["money", "why"]

_MILLION: Final = 1e6
_NETWORK: Final = ("network_answer", "network")
_WORTH_SAYING_FRAC: Final = 0.02
"""Smaller than this share of the largest: not said in words."""
_NO_DIFFERENCE_USD: Final = 0.5
_LEAST_IDLE_FRAC: Final = 0.0005


def money(usd: float, *, signed: bool = False) -> str:
    """Return an amount in millions, with three digits or more.

    Parameters
    ----------
    usd : float
        Amount. [USD]
    signed : bool
        Write a plus as well.
    """
    millions = usd / _MILLION
    places = 0 if abs(millions) >= 100.0 else 1 if abs(millions) >= 10.0 else 2
    text = f"{millions:{'+' if signed else ''},.{places}f}"
    return f"{text} USD m"


def why(study: Study, plan: Plan, found: Replay) -> tuple[str, ...]:
    """Return why a future went as it did.

    Parameters
    ----------
    study, plan : Study, Plan
        Study and plan.
    found : Replay
        Its figures.

    Returns
    -------
    tuple of str
        Sentences, the most important first.
    """
    said = [_verdict(found)]
    if abs(found.npv_usd - found.base_npv_usd) > _NO_DIFFERENCE_USD:
        said += [_line_sentence(found), _driver_sentence(found.drivers)]
        said += _market_sentences(found)
    said += [
        _standing_by(found),
        _cash(study, found),
        _calls(study, plan, found),
        *_contracts(found),
    ]
    return tuple(text for text in said if text)


def _verdict(found: Replay) -> str:
    less = found.npv_usd - found.base_npv_usd
    if abs(less) <= _NO_DIFFERENCE_USD:
        text = f"NPV is {money(found.npv_usd)}, as on the base path."
    else:
        side = "under" if less < 0.0 else "over"
        text = (
            f"NPV is {money(found.npv_usd)}, {money(abs(less))} {side} the base "
            f"path's {money(found.base_npv_usd)}."
        )
    over = found.scores.get("incremental_npv_usd")
    if over is not None and found.baseline_label:
        text += f" That is {money(over, signed=True)} over {found.baseline_label} in "
        text += "the same future."
    if found.standing is not None:
        text += f" {standing_sentence(found.standing)}"
    return text


def standing_sentence(standing: Standing) -> str:
    """Return how an NPV compares with the scores of its run.

    Parameters
    ----------
    standing : Standing
        Mean, and share of scenarios that are worse.
    """
    mean = f"their mean is {money(standing.mean_npv_usd)}"
    if standing.lower_frac is not None:
        return (
            f"NPV is lower in {standing.lower_frac:.1%} of the "
            f"{standing.n_scenarios:,} scenarios scored; {mean}."
        )
    low, high = standing.between
    span = (
        f"under their {high}"
        if not low
        else f"over their {low}"
        if not high
        else f"between their {low} and {high}"
    )
    return f"Of the {standing.n_scenarios:,} scenarios scored it lies {span}; {mean}."


def by_driver(parts: Mapping[str, float]) -> dict[str, float]:
    """Return amounts by driver with both parts of the network as one [USD]."""
    joined = {name: usd for name, usd in parts.items() if name not in _NETWORK}
    whole = sum(parts[name] for name in _NETWORK if name in parts)
    ordered = {}
    for name in DRIVER_LABELS:
        if name == "network":
            ordered[name] = whole
        elif name in joined:
            ordered[name] = joined[name]
    return ordered


def driver_name(driver: str) -> str:
    """Return a driver as it stands inside a sentence."""
    if driver == "network":
        return "the network"
    label = DRIVER_LABELS[driver]
    return label if label.startswith(("BTC", "GPU")) else label[0].lower() + label[1:]


def _line_sentence(found: Replay) -> str:
    """Return which line moved most the way that NPV went, and which driver did it."""
    sign = 1.0 if found.npv_usd > found.base_npv_usd else -1.0
    lines = [line for line in found.lines if line.line != "tax"]
    line = max(lines, key=lambda one: sign * one.delta_npv_usd)
    if sign * line.delta_npv_usd <= _NO_DIFFERENCE_USD:
        # Tax alone moved NPV.
        line = next(one for one in found.lines if one.line == "tax")
    moved = by_driver({one.driver: one.by_line_usd[line.line] for one in found.drivers})
    order = sorted(moved, key=lambda name: -sign * moved[name])
    text = (
        f"{line.label} {'gained' if sign > 0.0 else 'lost'} most: "
        f"{money(line.delta_npv_usd, signed=True)} against "
        f"{money(line.base_npv_usd)} on the base path. "
        f"{_capital(driver_name(order[0]))} weighed most in it, "
        f"{money(moved[order[0]], signed=True)}"
    )
    other = order[-1]
    if -sign * moved[other] > _WORTH_SAYING_FRAC * abs(moved[order[0]]):
        text += f"; {driver_name(other)} went the other way, "
        text += money(moved[other], signed=True)
    return f"{text}.{_also(found.lines, line)}"


def _also(lines: tuple[LineResult, ...], most: LineResult) -> str:
    """Return which other lines moved by a part worth saying."""
    least = 0.1 * abs(most.delta_npv_usd)
    others = sorted(
        (one for one in lines if one is not most and abs(one.delta_npv_usd) > least),
        key=lambda one: -abs(one.delta_npv_usd),
    )
    if not others:
        return ""
    parts = [f"{one.label} {money(one.delta_npv_usd, signed=True)}" for one in others]
    return f" Beside it: {', '.join(parts)}."


def _driver_sentence(drivers: tuple[DriverStep, ...]) -> str:
    each = {one.driver: one.delta_npv_usd for one in drivers}
    total = by_driver(each)
    least = _WORTH_SAYING_FRAC * max(abs(usd) for usd in total.values())
    parts = []
    for name, usd in total.items():
        if abs(usd) <= least and name != "network":
            continue
        text = f"{driver_name(name)} {money(usd, signed=True)}"
        if name == "network":
            answer, own = (each[part] for part in _NETWORK)
            if max(abs(answer), abs(own)) <= least:
                continue
            text += (
                f" (its answer to the price {money(answer, signed=True)}, its own "
                f"course {money(own, signed=True)})"
            )
        parts.append(text)
    return (
        f"By driver, one replaced by its base path after the other: {'; '.join(parts)}."
    )


def _market_sentences(found: Replay) -> list[str]:
    """Return what the two drivers that moved most looked like."""
    total = by_driver({one.driver: one.delta_npv_usd for one in found.drivers})
    order = sorted(total, key=lambda name: -abs(total[name]))[:2]
    most = abs(total[order[0]])
    said = []
    for name in order:
        if abs(total[name]) > 0.1 * most:
            said.append(_looked_like(name, found))
    return [text for text in said if text]


def _looked_like(driver: str, found: Replay) -> str:
    columns, months = found.columns, found.months
    if driver == "btc_price":
        price, base = columns["btc_price_usd"], columns["base_btc_price_usd"]
        place = int(np.argmin(price / base))
        how = "furthest" if (price / base).mean() < 1.0 else "least so"
        return (
            f"BTC stood {_apart(price, base)} the base path on average, {how} in "
            f"{months[place]}: {price[place]:,.0f} USD against {base[place]:,.0f}."
        )
    if driver == "network":
        hashrate, base = columns["network_eh_s"], columns["base_network_eh_s"]
        return (
            f"The network stood {_apart(hashrate, base)} the base path on average, and "
            f"at {hashrate[-1]:,.0f} EH/s at the end against {base[-1]:,.0f}."
        )
    if driver == "fees":
        fees, base = columns["fee_share_frac"], columns["base_fee_share_frac"]
        return (
            f"Fees came to {fees.mean():.1%} of the subsidy on average, "
            f"{base.mean():.1%} on the base path."
        )
    if driver == "power":
        return _power(columns)
    if driver == "gpu":
        return _gpu(columns)
    if driver == "within_month":
        fall = columns["btc_low_usd"] / columns["btc_price_usd"]
        place = int(np.argmin(fall))
        return (
            f"Within a month BTC fell furthest under its price in {months[place]}: to "
            f"{columns['btc_low_usd'][place]:,.0f} USD."
        )
    return ""


def _power(columns: Columns) -> str:
    ratios = {
        name.removeprefix("power_").removesuffix("_over_base_ratio"): ratio
        for name, ratio in columns.items()
        if name.startswith("power_")
    }
    if not ratios:
        return ""
    site = max(ratios, key=lambda name: abs(float(ratios[name].mean()) - 1.0))
    ratio = ratios[site]
    return (
        f"Power moved furthest at {site}: {_apart(ratio, np.ones_like(ratio))} the "
        f"base path on average, {ratio.min():.2f} to {ratio.max():.2f} times it."
    )


def _gpu(columns: Columns) -> str:
    parts = []
    for name, rent in columns.items():
        if not (name.startswith("gpu_") and name.endswith("_rent_usd_per_gpu_h")):
            continue
        gpu = name.removeprefix("gpu_").removesuffix("_rent_usd_per_gpu_h")
        used, base = (
            columns[f"{prefix}gpu_{gpu}_utilisation_frac"] for prefix in ("", "base_")
        )
        parts.append(
            f"rent of {gpu} stood {_apart(rent, columns[f'base_{name}'])} the base path"
            f" on average, its use was {used.mean():.0%} against {base.mean():.0%}"
        )
    return f"{_capital('; '.join(parts))}." if parts else ""


def _apart(values: np.ndarray, base: np.ndarray) -> str:
    """Return the mean distance from the base path in words."""
    share = float((values / base).mean()) - 1.0
    return f"{abs(share):.0%} {'under' if share < 0.0 else 'over'}"


def _standing_by(found: Replay) -> str:
    columns = found.columns
    possible_mwh = columns["possible_mining_mwh"]
    if not possible_mwh.any():
        return ""
    mean, usual = (
        1.0 - columns[f"{prefix}mining_mwh"].sum() / total.sum()
        for prefix in ("", "base_")
        for total in [columns[f"{prefix}possible_mining_mwh"]]
    )
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
    took += [f"{money(equity)} of emergency equity"] if equity > 0.0 else []
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
        first = events.breaches[0]
        said.append(
            f"The covenant of {first.facility} was breached first in {first.month}: "
            f"cover {first.dscr:.2f} against {first.min_dscr:.2f}; "
            f"{len(events.breaches)} tests failed in all."
        )
    for one in events.defaults:
        what = f"{one.mw:,.1f} MW" if one.mw else f"{one.n_gpus:,.0f} GPUs"
        said.append(
            f"The client of {one.offer} at {one.site} ({what}) stopped paying in "
            f"{one.month}: {_months(one.unpaid_months)} unpaid."
        )
    for build in events.builds:
        late = (
            f"{_months(build.delay_months)} late" if build.delay_months else "on time"
        )
        side = "over" if build.overrun_usd >= 0.0 else "under"
        said.append(
            f"{build.site} was live {late} and cost {money(abs(build.overrun_usd))} "
            f"{side} plan."
        )
    return said


def _months(count: int) -> str:
    return "one month" if count == 1 else f"{count} months"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
