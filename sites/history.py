# SPDX-License-Identifier: Apache-2.0
"""History in: production, network, difficulty epochs, quarters, daily prices.

Reads the bundled CSV files and a user's own, checks them strictly, and reports every
fault of every file at once. The bundled network files hold chain facts only; prices
come from the user. What does not belong here: what the figures mean
(`models.backtest`, `models.cost_backtest`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from models.backtest import NetworkMonth, ProductionMonth
from models.company_checks import DailyPrices
from models.cost_backtest import QuarterFacts
from models.errors import ConfigError, Fault
from models.network import DifficultyEpochs
from models.units import day_number, days_in_month
from sites.history_checks import (
    check_cover,
    check_days,
    check_months,
    check_price_cover,
    is_month,
    read_days,
)
from sites.history_columns import (
    EPOCHS,
    HASHRATE,
    NETWORK,
    PRICES,
    PRODUCTION,
    QUARTERS,
)
from sites.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BacktestFiles",
    "load_backtest_files",
    "load_difficulty_epochs",
    "load_network",
    "load_prices",
    "load_production",
    "load_quarters",
]

_DATA: Final = Path(__file__).resolve().parent / "data"
_PRODUCTION_FILE: Final = _DATA / "company" / "production.csv"
_QUARTERS_FILE: Final = _DATA / "company" / "quarterly.csv"
_NETWORK_FILE: Final = _DATA / "market" / "network_monthly.csv"
_EPOCHS_FILE: Final = _DATA / "market" / "difficulty_epochs.csv"
# The bundled chain is known to the end of this UTC day.
_CHAIN_END: Final = date(2025, 11, 30)
_BACKTEST_FIELDS: Final = (HASHRATE, "btc_produced", "days_operating")


@dataclass(frozen=True, slots=True)
class BacktestFiles:
    """Everything a backtest reads, checked.

    Parameters
    ----------
    production : tuple of ProductionMonth
        Consecutive months.
    network : dict of str to NetworkMonth
        Network by month; has every month of `production`.
    epochs : DifficultyEpochs or None
        Retargets; None when the user brought a network file.
    quarters : tuple of QuarterFacts
        The company's quarters; empty when the user brought a production file.
    prices : DailyPrices or None
        The user's daily prices.
    sources : tuple of str
        Files read, as named by the user or inside the package.
    """

    production: tuple[ProductionMonth, ...]
    network: dict[str, NetworkMonth]
    epochs: DifficultyEpochs | None
    quarters: tuple[QuarterFacts, ...]
    prices: DailyPrices | None
    sources: tuple[str, ...]


def load_backtest_files(
    *,
    production: Path | None = None,
    network: Path | None = None,
    history: Path | None = None,
) -> BacktestFiles:
    """Return all that a backtest needs, from the user's files or the bundled ones.

    Parameters
    ----------
    production : pathlib.Path, optional
        Columns ``month,avg_operating_hashrate_eh_s[,btc_produced][,days_operating]``;
        bundled: the company's own figures.
    network : pathlib.Path, optional
        Columns ``month,difficulty,fee_share_frac,subsidy_btc_per_block``; bundled: the
        chain from January 2024 to November 2025, with its retargets.
    history : pathlib.Path, optional
        Daily prices, columns ``date,price_usd`` and any others.

    Returns
    -------
    BacktestFiles
        Checked records.

    Raises
    ------
    ConfigError
        With every fault of every file.
    """
    faults: list[Fault] = []
    production_file = production or _PRODUCTION_FILE
    network_file = network or _NETWORK_FILE
    months = _read_production(production_file, faults)
    chain = _read_network(network_file, faults)
    prices = None if history is None else _read_prices(history, faults)
    quarters = () if production is not None else _read_quarters(_QUARTERS_FILE, faults)
    if months and chain:
        check_cover(months, chain, _shown(network_file), faults)
    if history is not None and prices is not None and prices.dates:
        check_price_cover(history, prices, quarters, faults)
    epochs = None if network is not None else _read_epochs(_EPOCHS_FILE, faults)
    if faults:
        raise ConfigError(faults)
    used = [production_file, network_file]
    used += [_QUARTERS_FILE] if quarters else []
    used += [] if epochs is None else [_EPOCHS_FILE]
    used += [] if history is None else [history]
    return BacktestFiles(
        production=months,
        network={row.month: row for row in chain},
        epochs=epochs,
        quarters=quarters,
        prices=prices,
        sources=tuple(_shown(path) for path in used),
    )


def load_production(path: Path | None = None) -> tuple[ProductionMonth, ...]:
    """Return a miner's reported months; the company's own without a path.

    Parameters
    ----------
    path : pathlib.Path, optional
        CSV file; without it the bundled figures.

    Returns
    -------
    tuple of ProductionMonth
        Consecutive months.

    Raises
    ------
    ConfigError
        With every fault of the file.
    """
    faults: list[Fault] = []
    rows = _read_production(path or _PRODUCTION_FILE, faults)
    _raise(faults)
    return rows


def load_network(path: Path | None = None) -> tuple[NetworkMonth, ...]:
    """Return the network by month; January 2024 to November 2025 without a path.

    Parameters
    ----------
    path : pathlib.Path, optional
        CSV file; without it the bundled chain facts.

    Returns
    -------
    tuple of NetworkMonth
        Consecutive months.

    Raises
    ------
    ConfigError
        With every fault of the file.
    """
    faults: list[Fault] = []
    rows = _read_network(path or _NETWORK_FILE, faults)
    _raise(faults)
    return rows


def load_difficulty_epochs() -> DifficultyEpochs:
    """Return the bundled difficulty epochs, up to the end of 30 November 2025.

    Raises
    ------
    ConfigError
        If the bundled file was damaged.
    """
    faults: list[Fault] = []
    epochs = _read_epochs(_EPOCHS_FILE, faults)
    _raise(faults)
    return epochs


def load_quarters() -> tuple[QuarterFacts, ...]:
    """Return the company's published mining figures by quarter.

    Raises
    ------
    ConfigError
        If the bundled file was damaged.
    """
    faults: list[Fault] = []
    rows = _read_quarters(_QUARTERS_FILE, faults)
    _raise(faults)
    return rows


def load_prices(path: Path) -> DailyPrices:
    """Return a user's daily BTC prices.

    Parameters
    ----------
    path : pathlib.Path
        CSV file with the columns ``date,price_usd`` and any others.

    Returns
    -------
    DailyPrices
        Consecutive days.

    Raises
    ------
    ConfigError
        With every fault of the file.
    """
    faults: list[Fault] = []
    prices = _read_prices(path, faults)
    _raise(faults)
    return prices


def _raise(faults: Sequence[Fault]) -> None:
    if faults:
        raise ConfigError(faults)


def _shown(path: Path) -> str:
    """Return a bundled file by its place in the package, any other as named."""
    if path.is_relative_to(_DATA):
        return f"sites/data/{path.relative_to(_DATA).as_posix()}"
    return str(path)


def _read_production(path: Path, faults: list[Fault]) -> tuple[ProductionMonth, ...]:
    rows = read_table(path, PRODUCTION, faults=faults)
    check_months(path, rows, faults)
    for row in rows:
        if row.text.get(HASHRATE) == "" and not row.text.get("btc_produced"):
            what = "needs a hash rate, or an output to fill it from."
            faults.append(
                Fault(
                    str(path),
                    row.field(HASHRATE),
                    "",
                    what,
                    "Give one of the two figures, or remove the line.",
                )
            )
        days = row.number.get("days_operating")
        if days is not None and is_month(row.month):
            length = days_in_month(row.month)
            if days > length:
                faults.append(
                    Fault(
                        str(path),
                        row.field("days_operating"),
                        f"{days:g} days",
                        f"must be at most the month's {length} days.",
                        "Correct the days or the month.",
                    )
                )
    return tuple(
        ProductionMonth(
            month=row.month,
            avg_operating_hashrate_eh_s=row.number.get(HASHRATE),
            btc_produced=row.number.get("btc_produced"),
            days_operating=row.number.get("days_operating"),
            derived_fields=tuple(
                name
                for name in row.text.get("derived_fields", "").split(";")
                if name in _BACKTEST_FIELDS
            ),
        )
        for row in rows
    )


def _read_network(path: Path, faults: list[Fault]) -> tuple[NetworkMonth, ...]:
    rows = read_table(path, NETWORK, faults=faults)
    check_months(path, rows, faults)
    return tuple(
        NetworkMonth(
            month=row.month,
            difficulty=row.number.get("difficulty", np.nan),
            fee_share_frac=row.number.get("fee_share_frac", np.nan),
            subsidy_btc_per_block=row.number.get("subsidy_btc_per_block", np.nan),
        )
        for row in rows
    )


def _read_epochs(path: Path, faults: list[Fault]) -> DifficultyEpochs:
    rows = read_table(path, EPOCHS, faults=faults)
    days = read_days(path, rows, faults)
    fracs = np.array([row.number.get("day_frac", np.nan) for row in rows])
    start_day = np.array([day_number(day) for day in days], dtype=np.float64)
    if len(start_day) == len(fracs):
        start_day += fracs
        if (np.diff(start_day) <= 0.0).any():
            faults.append(
                Fault(str(path), "date", "", "must rise.", "Sort the rows by date.")
            )
    return DifficultyEpochs(
        start_day=start_day,
        difficulty=np.array([row.number.get("difficulty", np.nan) for row in rows]),
        height=np.array([int(row.number.get("height", 0)) for row in rows]),
        end_day=float(day_number(_CHAIN_END) + 1),
    )


def _read_quarters(path: Path, faults: list[Fault]) -> tuple[QuarterFacts, ...]:
    rows = read_table(path, QUARTERS, faults=faults)
    return tuple(
        QuarterFacts(
            quarter=row.text.get("quarter", ""),
            btc_produced=row.number.get("btc_produced", np.nan),
            cash_cost_usd_per_btc=row.number.get("cash_cost_usd_per_btc", np.nan),
            fleet_efficiency_j_per_th=row.number.get("fleet_efficiency_j_per_th"),
            all_in_cost_usd_per_btc=row.number.get("all_in_cost_usd_per_btc"),
            mining_revenue_usd=row.number.get("mining_revenue_usd"),
            depreciation_usd=row.number.get("depreciation_usd"),
            machines_book_value_usd=row.number.get("machines_book_value_usd"),
        )
        for row in rows
    )


def _read_prices(path: Path, faults: list[Fault]) -> DailyPrices:
    rows = read_table(path, PRICES, faults=faults, allows_unknown=True)
    days = read_days(path, rows, faults)
    check_days(path, days, faults)
    return DailyPrices(
        dates=tuple(days),
        price_usd=np.array([row.number.get("price_usd", np.nan) for row in rows]),
    )
