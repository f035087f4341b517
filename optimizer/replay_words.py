# SPDX-License-Identifier: Apache-2.0
"""Why one future went as it did, in sentences made of its figures.

What does not belong here: the figures (`optimizer.replay_lines`,
`optimizer.replay_drivers`), what happened (`optimizer.replay_event_words`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from optimizer.replay_drivers import DRIVER_LABELS
from optimizer.replay_event_words import event_sentences
from optimizer.replay_phrases import capital, money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.plan import Plan
    from models.study import Study
    from optimizer.replay import Replay, Standing
    from optimizer.replay_drivers import DriverStep
    from optimizer.replay_lines import Columns, LineResult

__all__ = ["why"]

_PRICE: Final = ("btc_price", "network_answer")
"""The network answers to the price: in words both are one driver."""
_WORTH_SAYING_FRAC: Final = 0.02
"""Smaller than this share of the largest: not said in words."""
_NO_DIFFERENCE_USD: Final = 0.5


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
    return (*said, *event_sentences(study, plan, found))


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
    """Return amounts by driver, the network's answer being part of the price's [USD].

    Parameters
    ----------
    parts : mapping of str to float
        Amounts by key of `DRIVER_LABELS`. [USD]
    """
    whole = sum(parts[name] for name in _PRICE)
    others = {name: usd for name, usd in parts.items() if name not in _PRICE}
    return {_PRICE[0]: whole} | others


def driver_name(driver: str) -> str:
    """Return a driver as it stands inside a sentence."""
    if driver == "network":
        return "the network's own course"
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
        f"{capital(driver_name(order[0]))} weighed most in it, "
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
        alone, answer = (each[part] for part in _PRICE)
        has_parts = name == _PRICE[0] and abs(answer) > least
        if abs(usd) <= least and not has_parts:
            continue
        text = f"{driver_name(name)} {money(usd, signed=True)}"
        if has_parts:
            text += (
                f" ({money(alone, signed=True)} with the network as it was, "
                f"{money(answer, signed=True)} by the network's answer)"
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
        return (
            f"BTC stood {_apart(price, base)} the base path on average, lowest beside "
            f"it in {months[place]}: {price[place]:,.0f} USD against "
            f"{base[place]:,.0f}.{_fetched(columns)}"
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


def _fetched(columns: Columns) -> str:
    """Return what BTC sold fetched on average, here and on the base path."""
    sold, base = (columns[f"{prefix}sold_btc"].sum() for prefix in ("", "base_"))
    if min(sold, base) <= 0.0:
        return ""
    here, usual = (
        columns[f"{prefix}sales_usd"].sum() / btc
        for prefix, btc in (("", sold), ("base_", base))
    )
    return (
        f" {sold:,.0f} BTC sold fetched {here:,.0f} USD each on average, on the base "
        f"path {base:,.0f} BTC {usual:,.0f}."
    )


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
    return f"{capital('; '.join(parts))}." if parts else ""


def _apart(values: np.ndarray, base: np.ndarray) -> str:
    """Return the mean distance from the base path in words."""
    share = float((values / base).mean()) - 1.0
    return f"{abs(share):.0%} {'under' if share < 0.0 else 'over'}"
