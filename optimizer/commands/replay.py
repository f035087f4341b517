# SPDX-License-Identifier: Apache-2.0
"""`wattplan score RUN --replay ID`: one future as tables, sentences or JSON.

What does not belong here: the future's figures (`optimizer.replay`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import numpy as np
import typer

from optimizer.console import output_console, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from optimizer.replay import Replay
    from optimizer.replay_lines import Columns

__all__ = ["ReplayOption", "show_replay"]

ReplayOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--replay",
        metavar="ID",
        help="Show that one scenario month by month and why it went so; "
        "nothing is scored or written. Without --seed: that of the run's scores.",
    ),
]

_MILLION: Final = 1e6
_MONTHS_SHOWN: Final = 36
"""Longer studies are shown by quarter."""
_LEAST_USD: Final = 0.5
_OPTIONS: Final = frozenset({"folder", "seed", "replay", "json_output"})
"""What may stand beside ``--replay``."""


def show_replay(
    context: typer.Context, folder: Path, scenario_id: str, *, json_output: bool
) -> None:
    """Replay one scenario of a run and print it.

    Parameters
    ----------
    context : typer.Context
        Says which options were given; those of scoring are faults here.
    folder : Path
        Run folder.
    scenario_id : str
        Number of the scenario.
    json_output : bool
        Print JSON, with every month, instead of tables.

    Raises
    ------
    ConfigError
        With every option that has no meaning for a replay, or a bad id or seed.
    """
    from models.errors import ConfigError, Fault
    from optimizer.replay import replay_run

    def is_given(name: str) -> bool:
        source = context.get_parameter_source(name)
        return source is not None and source.name == "COMMANDLINE"

    faults = [
        Fault(
            f"--{name.replace('_', '-')}",
            "",
            "",
            "has no meaning beside --replay.",
            "Leave one of them out.",
        )
        for name in context.params
        if name not in _OPTIONS and is_given(name)
    ]
    if faults:
        raise ConfigError(faults)
    seed = int(context.params["seed"]) if is_given("seed") else None
    found = replay_run(folder, scenario_id=scenario_id, seed=seed)
    if json_output:
        print_json({"replay": found})
    else:
        _show(found)


def _show(found: Replay) -> None:
    console = output_console()
    method = found.rule["method"]
    how = "" if method == "plain" else f", {method} draws"
    weight = "" if found.weight == 1.0 else f", weight {found.weight:.3g}"
    console.print(
        f"{found.plan_label}: scenario {found.scenario_id:,}, seed {found.seed}"
        f"{how}{weight}",
        markup=False,
        style="bold",
    )
    spans = _spans(found.months)
    _show_market(found, spans)
    _show_results(found, spans)
    _show_treasury(found, spans)
    _show_lines(found)
    _show_drivers(found)
    console.print("Why it went so", style="bold")
    for sentence in found.why:
        console.print(f"- {sentence}", markup=False)
    if found.loan_terms_note:
        console.print(found.loan_terms_note, markup=False)


def _spans(months: tuple[str, ...]) -> dict[str, slice]:
    """Return rows to show: months, or calendar quarters of a long study."""
    if len(months) <= _MONTHS_SHOWN:
        return {month: slice(t, t + 1) for t, month in enumerate(months)}
    spans: dict[str, slice] = {}
    for place, month in enumerate(months):
        year, number = month.split("-")
        label = f"{year}Q{(int(number) + 2) // 3}"
        start = spans[label].start if label in spans else place
        spans[label] = slice(start, place + 1)
    return spans


def _by(
    columns: Columns,
    spans: dict[str, slice],
    name: str,
    how: Callable[..., float] = np.mean,
    unit: float = 1.0,
) -> list[float | None]:
    """Return a column over the spans; None where there is nothing."""
    values = (float(how(columns[name][span])) / unit for span in spans.values())
    return [value if np.isfinite(value) else None for value in values]


def _last(values: np.ndarray) -> float:
    return float(values[-1])


def _table(
    title: str, spans: dict[str, slice], columns: dict[str, list[float | None]]
) -> None:
    rows = list(zip(spans, *columns.values(), strict=True))
    heading = "quarter" if any("Q" in label for label in spans) else "month"
    print_table((heading, *columns), rows, title=title)


def _show_market(found: Replay, spans: dict[str, slice]) -> None:
    columns = found.columns
    shown: dict[str, list[float | None]] = {}
    for label, name in (
        ("BTC, USD", "btc_price_usd"),
        ("network, EH/s", "network_eh_s"),
        ("hash price, USD per PH/s a day", "hashprice_usd_per_ph_day"),
    ):
        shown[label] = _by(columns, spans, name)
        if name == "btc_price_usd":
            shown["low"] = _by(columns, spans, "btc_low_usd", np.min)
        base = _by(columns, spans, f"base_{name}")
        shown[f"base {label.partition(',')[0]}"] = base
    shown["fees, %"] = _by(columns, spans, "fee_share_frac", unit=0.01)
    for name in columns:
        if name.startswith("power_"):
            site = name.removeprefix("power_").removesuffix("_over_base_ratio")
            shown[f"power {site}, x base"] = _by(columns, spans, name)
        elif name.startswith("gpu_") and name.endswith("_rent_usd_per_gpu_h"):
            gpu = name.removeprefix("gpu_").removesuffix("_rent_usd_per_gpu_h")
            shown[f"{gpu} rent, USD/h"] = _by(columns, spans, name)
            shown["base"] = _by(columns, spans, f"base_{name}")
            used = f"gpu_{gpu}_utilisation_frac"
            shown[f"{gpu} use, %"] = _by(columns, spans, used, unit=0.01)
    _table("Prices: means, lows at their lowest; base: the base path", spans, shown)


def _show_results(found: Replay, spans: dict[str, slice]) -> None:
    from optimizer.replay_lines import LINE_LABELS

    columns = found.columns
    shown: dict[str, list[float | None]] = {}
    for line in found.lines_in_use:
        if line in {"treasury", "financing"}:
            continue
        label = LINE_LABELS[line].partition(":")[0]
        shown[label] = _by(columns, spans, f"{line}_usd", np.sum, _MILLION)
        shown[f"base {label}"] = _by(
            columns, spans, f"base_{line}_usd", np.sum, _MILLION
        )
    shown["BTC mined"] = _by(columns, spans, "mined_btc", np.sum)
    if columns["possible_mining_mwh"].any():
        for prefix, label in (("", "standing by, %"), ("base_", "base standing by")):
            shown[label] = _idle(columns, spans, prefix)
    _table("Results, USD m, without what is left at the horizon", spans, shown)


def _idle(columns: Columns, spans: dict[str, slice], prefix: str) -> list[float | None]:
    """Return the share of mining energy that stands by over the spans [%]."""
    shares: list[float | None] = []
    for span in spans.values():
        possible = float(columns[f"{prefix}possible_mining_mwh"][span].sum())
        run = float(columns[f"{prefix}mining_mwh"][span].sum())
        shares.append(round(100.0 * (1.0 - run / possible), 6) if possible else None)
    return shares


def _show_treasury(found: Replay, spans: dict[str, slice]) -> None:
    columns = found.columns
    shown: dict[str, list[float | None]] = {
        "cash": _by(columns, spans, "cash_usd", _last, _MILLION),
        "base cash": _by(columns, spans, "base_cash_usd", _last, _MILLION),
        "free BTC": _by(columns, spans, "free_btc", _last),
        "pledged BTC": _by(columns, spans, "pledged_btc", _last),
        "BTC sold": _by(columns, spans, "sold_btc", np.sum),
        "loan": _by(columns, spans, "loan_usd", _last, _MILLION),
        "LTV at low, %": _by(columns, spans, "low_ltv_frac", np.max, 0.01),
    }
    optional = {
        "call: cash": ("call_cash_usd", _MILLION),
        "BTC pledged": ("call_pledged_btc", 1.0),
        "BTC sold ": ("call_sold_btc", 1.0),
        "BTC liquidated": ("liquidated_btc", 1.0),
        "floor: BTC sold": ("floor_sold_btc", 1.0),
        "equity": ("equity_usd", _MILLION),
    }
    for label, (name, unit) in optional.items():
        if columns[name].any():
            shown[label] = _by(columns, spans, name, np.sum, unit)
    if columns["debt_usd"].any():
        shown["other debt"] = _by(columns, spans, "debt_usd", _last, _MILLION)
    _table("Cash, BTC and loan, USD m, at the end", spans, shown)


def _show_lines(found: Replay) -> None:
    rows: list[tuple[object, ...]] = [
        (
            line.label,
            line.npv_usd / _MILLION,
            line.base_npv_usd / _MILLION,
            line.delta_npv_usd / _MILLION,
            line.horizon_usd / _MILLION,
        )
        for line in found.lines
        if line.line in found.lines_in_use
    ]
    total = found.npv_usd - found.base_npv_usd
    left = sum(line.horizon_usd for line in found.lines)
    rows.append(
        (
            "NPV",
            *(usd / _MILLION for usd in (found.npv_usd, found.base_npv_usd)),
            total / _MILLION,
            left / _MILLION,
        )
    )
    headings = ("present value, USD m", "here", "base path", "difference", "at horizon")
    print_table(headings, rows, title="By line; BTC mined counts at its month's price")


def _show_drivers(found: Replay) -> None:
    from optimizer.replay_lines import LINE_LABELS

    lines = found.lines_in_use
    rows: list[tuple[object, ...]] = [
        (
            step.label,
            step.delta_npv_usd / _MILLION,
            *(step.by_line_usd[line] / _MILLION for line in lines),
        )
        for step in found.drivers
        if max(abs(usd) for usd in step.by_line_usd.values()) > _LEAST_USD
    ]
    if not rows:
        return
    rows.append(
        (
            "in all",
            sum(step.delta_npv_usd for step in found.drivers) / _MILLION,
            *(
                sum(step.by_line_usd[line] for step in found.drivers) / _MILLION
                for line in lines
            ),
        )
    )
    labels = [LINE_LABELS[line].partition(":")[0] for line in lines]
    print_table(
        ("NPV, USD m", "here less base path", *labels),
        rows,
        title="By driver, one after the other replaced by its base path",
    )
