# SPDX-License-Identifier: Apache-2.0
"""`wattplan backtest`: options, tables for the terminal, JSON.

What does not belong here: the backtest itself (`optimizer.backtest`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimizer.commands.options import JsonOption
from optimizer.console import output_console, print_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from models.cost_backtest import CostToMine
    from optimizer.backtest import BacktestReport

__all__ = ["backtest"]


def backtest(
    *,
    production: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV file of any miner: month, avg_operating_hashrate_eh_s and, if "
            "known, btc_produced, days_operating. Default: the company's own figures.",
        ),
    ] = None,
    network: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV file of the network: month, difficulty (harmonic mean), "
            "fee_share_frac (fees / subsidy), subsidy_btc_per_block. Default: bundled "
            "chain facts, January 2024 to November 2025.",
        ),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV file of daily BTC prices: date, price_usd. Makes the revenue "
            "row a check.",
        ),
    ] = None,
    pool_fee: Annotated[
        float,
        typer.Option(
            metavar="FRAC",
            help="Share of output kept by the pool, 0.005 for half a percent. Not "
            "published; the share implied by the differences is shown, not used.",
        ),
    ] = 0.0,
    json_output: JsonOption = False,
) -> None:
    """Compare expected output and cost to mine with what a miner reported."""
    from optimizer.backtest import run_backtest

    report = run_backtest(
        production=production,
        network=network,
        history=history,
        pool_fee_frac=pool_fee,
    )
    if json_output:
        print_json(report.to_dict())
    else:
        _show(report, output_console())


def _show(report: BacktestReport, console: Console) -> None:
    _show_months(report, console)
    if report.cost_to_mine is not None:
        _show_cost(report.cost_to_mine, console)
    _show_rest(report, console)
    for warning in report.warnings:
        console.print(f"Warning: {warning}", style="yellow", markup=False)
    console.print("Sources: " + ", ".join(report.sources), markup=False)


def _table(title: str, first: str, numbers: tuple[str, ...], last: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=SIMPLE_HEAD,
    )
    table.add_column(first, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(last, overflow="fold")
    return table


def _show_months(report: BacktestReport, console: Console) -> None:
    names = ("EH/s", "Days", "Expected BTC", "Reported BTC", "Error %")
    table = _table("Mining output, expected against reported", "Month", names, "Flags")
    for row in report.months:
        reported = "" if row.reported_btc is None else f"{row.reported_btc:,.1f}"
        error = "" if row.error_frac is None else f"{100.0 * row.error_frac:+.2f}"
        table.add_row(
            row.month,
            f"{row.hashrate_eh_s:.2f}",
            f"{row.days_operating:.4g}",
            f"{row.expected_btc:,.1f}",
            reported,
            "by fill" if row.is_filled and error else error,
            ", ".join(row.flags),
        )
    console.print(table)
    worst = report.max_abs_error_frac
    if worst is not None:
        console.print(
            f"Largest error of {len(report.checked)} whole months with a given hash "
            f"rate: {worst:.2%}, mean {report.mean_error_frac:+.2%}; pool fee used: "
            f"{report.pool_fee_frac:.2%}."
        )
    estimate = report.pool_fee_estimate
    if estimate is not None:
        spread = "" if estimate.sd_frac is None else f", sd {estimate.sd_frac:.2%}"
        console.print(
            f"Implied pool fee: {estimate.mean_frac:.2%}{spread}: an estimate, not "
            "published and not used unless given with --pool-fee."
        )


def _show_cost(cost: CostToMine, console: Console) -> None:
    names = ("BTC", "USD/BTC", "J/TH", "GWh", "USD/MWh")
    title = "Cost to mine, without depreciation"
    table = _table(title, "Quarter", names, "Filled")
    for row in cost.quarters:
        table.add_row(
            row.quarter,
            f"{row.btc_produced:,.1f}",
            f"{row.cash_cost_usd_per_btc:,.0f}",
            f"{row.efficiency_j_per_th:.1f}{'*' * row.is_efficiency_carried}",
            f"{row.energy_mwh / 1e3:,.1f}",
            f"{row.rate_usd_per_mwh:.2f}",
            ", ".join(row.filled_months),
        )
    console.print(table)
    last = cost.quarters[-1].quarter
    console.print(
        f"Hosting rate of the quarters before {last}: "
        f"{cost.fit_rate_usd_per_mwh:.2f} USD/MWh; predicts "
        f"{cost.predicted_usd_per_btc:,.0f} USD/BTC, published "
        f"{cost.published_usd_per_btc:,.0f}, residual {cost.residual_frac:+.2%}.\n"
        f"Base case, all quarters: {cost.base_rate_usd_per_mwh:.2f} USD/MWh "
        f"({cost.base_rate_low_usd_per_mwh:.2f} to "
        f"{cost.base_rate_high_usd_per_mwh:.2f}).\n"
        f"* Efficiency carried from the last published one; had the rate held, "
        f"{last} would need {cost.efficiency_if_rate_held_j_per_th:.1f} J/TH."
    )


def _show_rest(report: BacktestReport, console: Console) -> None:
    life = report.fleet_life
    if life is not None:
        console.print(
            f"Remaining fleet life: {life.machines_book_value_usd / 1e6:,.1f} / "
            f"{life.depreciation_usd / 1e6:,.1f} M USD a quarter = "
            f"{life.remaining_years:.2f} years: a calibration, not a prediction."
        )
    check = report.revenue_check
    if check is None:
        return
    text = (
        f"{check.quarter} mining revenue: {check.published_usd / 1e6:,.1f} M USD, "
        f"{check.realised_usd_per_btc:,.0f} USD/BTC: "
    )
    if check.predicted_usd is None or check.residual_frac is None:
        console.print(f"{text}{check.kind} (give --history).")
    else:
        console.print(
            f"{text}output at mean market price gives "
            f"{check.predicted_usd / 1e6:,.1f} M USD, {check.residual_frac:+.2%}."
        )
