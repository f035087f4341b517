# SPDX-License-Identifier: Apache-2.0
"""Use case: backtest the mining physics against reported output and cost.

Joins files (`sites.history`) and formulas (`models.backtest`, `models.cost_backtest`,
`models.company_checks`) into one result for command line, report and notebook. What
does not belong here: economics, tables for a terminal.
"""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from models.backtest import backtest_production, implied_pool_fee
from models.company_checks import check_revenue, fleet_life, mean_price_by_month
from models.cost_backtest import predict_cost_to_mine, quarter_costs
from models.errors import ConfigError, Fault
from sites.history import load_backtest_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from models.backtest import BacktestMonth, PoolFeeEstimate
    from models.company_checks import FleetLife, RevenueCheck
    from models.cost_backtest import CostToMine
    from optimizer.console import JsonValue
    from sites.history import BacktestFiles

__all__ = ["BacktestReport", "run_backtest"]

MONTH_TOLERANCE_FRAC: Final = 0.01
COST_TOLERANCE_FRAC: Final = 0.07
_HIGH_POOL_FEE_FRAC: Final = 0.05
_HIGH_FEE_SHARE_FRAC: Final = 0.5
_LOW_DIFFICULTY: Final = 1e12


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """Everything `wattplan backtest` shows.

    Parameters
    ----------
    months : tuple of BacktestMonth
        Expected against reported output.
    pool_fee_frac : float
        Pool fee used, as given. [unitless]
    pool_fee_estimate : PoolFeeEstimate or None
        Pool fee that the differences imply; not used.
    cost_to_mine : CostToMine or None
        Cost prediction; None for another miner's production.
    fleet_life : FleetLife or None
        Calibrated remaining life; None for another miner's production.
    revenue_check : RevenueCheck or None
        Mining revenue; None for another miner's production.
    avg_price_usd_per_btc : mapping of str to float
        Mean price by month, from the user's price history. [USD/BTC]
    warnings : tuple of str
        What looks odd in inputs or results.
    sources : tuple of str
        Files read.
    """

    months: tuple[BacktestMonth, ...]
    pool_fee_frac: float
    pool_fee_estimate: PoolFeeEstimate | None
    cost_to_mine: CostToMine | None
    fleet_life: FleetLife | None
    revenue_check: RevenueCheck | None
    avg_price_usd_per_btc: Mapping[str, float]
    warnings: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def checked(self) -> tuple[BacktestMonth, ...]:
        """Whole months with a given hash rate and a reported output."""
        return tuple(row for row in self.months if row.is_check)

    @property
    def max_abs_error_frac(self) -> float | None:
        """Largest difference over the checked months; None without any."""
        errors = [abs(row.error_frac or 0.0) for row in self.checked]
        return max(errors, default=None)

    @property
    def mean_error_frac(self) -> float | None:
        """Mean difference over the checked months; None without any."""
        errors = [row.error_frac or 0.0 for row in self.checked]
        return statistics.fmean(errors) if errors else None

    def to_dict(self) -> dict[str, JsonValue]:
        """Return the result as plain values for JSON; keys carry units."""
        worst = self.max_abs_error_frac
        return {
            "months": [self._month_dict(row) for row in self.months],
            "summary": {
                "n_checked_months": len(self.checked),
                "max_abs_error_frac": worst,
                "mean_error_frac": self.mean_error_frac,
                "tolerance_frac": MONTH_TOLERANCE_FRAC,
                "is_within_tolerance": None
                if worst is None
                else worst <= MONTH_TOLERANCE_FRAC,
            },
            "pool_fee_frac": self.pool_fee_frac,
            "pool_fee_estimate": self._fee_dict(),
            "cost_to_mine": self._cost_dict(),
            "fleet_life": None
            if self.fleet_life is None
            else {**asdict(self.fleet_life), "kind": "calibration, not a prediction"},
            "revenue_check": None
            if self.revenue_check is None
            else asdict(self.revenue_check),
            "warnings": list(self.warnings),
            "sources": list(self.sources),
        }

    def _month_dict(self, row: BacktestMonth) -> dict[str, JsonValue]:
        return {
            "month": row.month,
            "expected_btc": row.expected_btc,
            "reported_btc": row.reported_btc,
            "error_frac": row.error_frac,
            "hashrate_eh_s": row.hashrate_eh_s,
            "days_operating": row.days_operating,
            "difficulty": row.difficulty,
            "fee_share_frac": row.fee_share_frac,
            "subsidy_btc_per_block": row.subsidy_btc_per_block,
            "avg_price_usd_per_btc": self.avg_price_usd_per_btc.get(row.month),
            "is_filled": row.is_filled,
            "is_partial": row.is_partial,
            "is_check": row.is_check,
            "flags": list(row.flags),
        }

    def _fee_dict(self) -> dict[str, JsonValue] | None:
        estimate = self.pool_fee_estimate
        if estimate is None:
            return None
        return {
            "mean_frac": estimate.mean_frac,
            "sd_frac": estimate.sd_frac,
            "n_months": len(estimate.months),
            "months": list(estimate.months),
            "note": "implied by the differences, not published; not used unless given",
        }

    def _cost_dict(self) -> dict[str, JsonValue] | None:
        cost = self.cost_to_mine
        if cost is None:
            return None
        quarters: list[JsonValue] = []
        for row in cost.quarters:
            values: dict[str, JsonValue] = asdict(row)
            values["filled_months"] = list(row.filled_months)
            quarters.append(values)
        return {
            "quarters": quarters,
            "fit_quarters": [row.quarter for row in cost.quarters[:-1]],
            "fit_rate_usd_per_mwh": cost.fit_rate_usd_per_mwh,
            "predicted_quarter": cost.quarters[-1].quarter,
            "predicted_usd_per_btc": cost.predicted_usd_per_btc,
            "published_usd_per_btc": cost.published_usd_per_btc,
            "residual_frac": cost.residual_frac,
            "tolerance_frac": COST_TOLERANCE_FRAC,
            "is_within_tolerance": abs(cost.residual_frac) <= COST_TOLERANCE_FRAC,
            "efficiency_if_rate_held_j_per_th": cost.efficiency_if_rate_held_j_per_th,
            "base_rate_usd_per_mwh": cost.base_rate_usd_per_mwh,
            "base_rate_low_usd_per_mwh": cost.base_rate_low_usd_per_mwh,
            "base_rate_high_usd_per_mwh": cost.base_rate_high_usd_per_mwh,
        }


def run_backtest(
    *,
    production: Path | None = None,
    network: Path | None = None,
    history: Path | None = None,
    pool_fee_frac: float = 0.0,
) -> BacktestReport:
    """Return expected against reported output, and the checks on cost and revenue.

    Parameters
    ----------
    production : pathlib.Path, optional
        A miner's months; without it the company's own, with cost and revenue.
    network : pathlib.Path, optional
        The network by month; without it bundled chain facts with exact retargets.
    history : pathlib.Path, optional
        Daily BTC prices; without it the revenue row is an identity, not a check.
    pool_fee_frac : float
        Share of output kept by the pool; zero, because it is not published.
        [unitless]

    Returns
    -------
    BacktestReport
        Result with `to_dict` for JSON.

    Raises
    ------
    ConfigError
        With every fault of every file and option.
    """
    faults = _pool_fee_faults(pool_fee_frac)
    try:
        files = load_backtest_files(
            production=production, network=network, history=history
        )
    except ConfigError as err:
        raise ConfigError([*faults, *err.faults]) from err
    if faults:
        raise ConfigError(faults)
    months = backtest_production(
        files.production,
        files.network,
        pool_fee_frac=pool_fee_frac,
        epochs=files.epochs,
    )
    price = None if files.prices is None else mean_price_by_month(files.prices)
    cost, life, revenue = _company_checks(files, months, price)
    return BacktestReport(
        months=months,
        pool_fee_frac=pool_fee_frac,
        pool_fee_estimate=implied_pool_fee(months, pool_fee_frac=pool_fee_frac),
        cost_to_mine=cost,
        fleet_life=life,
        revenue_check=revenue,
        avg_price_usd_per_btc=price or {},
        warnings=_warnings(months, pool_fee_frac, cost),
        sources=files.sources,
    )


def _pool_fee_faults(pool_fee_frac: float) -> list[Fault]:
    if 0.0 <= pool_fee_frac < 1.0:
        return []
    return [
        Fault(
            "command line",
            "--pool-fee",
            f"{pool_fee_frac:g}",
            "must be at least 0 and under 1.",
            "Give a share: 0.005 for half a percent.",
        )
    ]


def _company_checks(
    files: BacktestFiles,
    months: Sequence[BacktestMonth],
    price: Mapping[str, float] | None,
) -> tuple[CostToMine | None, FleetLife | None, RevenueCheck | None]:
    if not files.quarters:
        return None, None, None
    last = files.quarters[-1]
    return (
        predict_cost_to_mine(quarter_costs(files.quarters, months)),
        fleet_life(last),
        check_revenue(last, months, avg_price_usd=price),
    )


def _warnings(
    months: Sequence[BacktestMonth], pool_fee_frac: float, cost: CostToMine | None
) -> tuple[str, ...]:
    found: list[str] = []
    if pool_fee_frac > _HIGH_POOL_FEE_FRAC:
        found.append(
            f"--pool-fee {pool_fee_frac:g} is {pool_fee_frac:.0%} of output: "
            "a share was asked for, usual pools keep up to 0.02"
        )
    for row in months:
        if row.fee_share_frac > _HIGH_FEE_SHARE_FRAC:
            found.append(
                f"{row.month}: fees of {row.fee_share_frac:.0%} of the subsidy; is "
                "fee_share_frac given in percent?"
            )
        if row.difficulty < _LOW_DIFFICULTY:
            found.append(
                f"{row.month}: difficulty {row.difficulty:g} is far below the real "
                "network's; is it given in trillions?"
            )
        if row.is_check and abs(row.error_frac or 0.0) > MONTH_TOLERANCE_FRAC:
            found.append(
                f"{row.month}: expected output is {row.error_frac:+.2%} off the "
                f"reported one, more than {MONTH_TOLERANCE_FRAC:.0%}"
            )
    if cost is not None and abs(cost.residual_frac) > COST_TOLERANCE_FRAC:
        found.append(
            f"{cost.quarters[-1].quarter}: predicted cost to mine is "
            f"{cost.residual_frac:+.2%} off, more than {COST_TOLERANCE_FRAC:.0%}"
        )
    return tuple(found)
