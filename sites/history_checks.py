# SPDX-License-Identifier: Apache-2.0
"""Rules across the lines and files of a history: order, gaps, doubles, cover.

Each check adds its faults to a list that the caller owns. What does not belong here:
rules on one cell (`sites.history_columns`).
"""

from __future__ import annotations

import itertools
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from models.cost_backtest import months_of_quarter
from models.errors import Fault
from models.months import add_months
from models.units import days_in_month, parse_month

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.backtest import NetworkMonth, ProductionMonth
    from models.company_checks import DailyPrices
    from models.cost_backtest import QuarterFacts
    from sites.tables import Row

__all__ = [
    "check_cover",
    "check_days",
    "check_months",
    "check_price_cover",
    "is_month",
    "read_days",
]

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", flags=re.ASCII)


def check_days(path: Path, days: Sequence[date], faults: list[Fault]) -> None:
    """Add a fault for every day that stands twice, early, or after a gap."""
    for before, after in itertools.pairwise(days):
        if after <= before:
            problem = "stands twice" if after == before else f"comes after {before}"
        elif after - before > timedelta(days=1):
            problem = f"leaves a gap after {before}"
        else:
            continue
        faults.append(
            Fault(
                str(path),
                "date",
                after.isoformat(),
                f"{problem}; every day must stand once, in order.",
                "Sort the rows, remove doubles and add missing days.",
            )
        )


def read_days(path: Path, rows: Sequence[Row], faults: list[Fault]) -> list[date]:
    """Return the dates of the rows, adding a fault for every malformed one."""
    days: list[date] = []
    for row in rows:
        text = row.text.get("date", "")
        try:
            if _DAY.fullmatch(text) is None:
                raise ValueError  # noqa: TRY301
            days.append(date.fromisoformat(text))
        except ValueError:
            if text:
                faults.append(
                    Fault(
                        str(path),
                        row.field("date"),
                        repr(text),
                        "must be a date written YYYY-MM-DD.",
                        "Write it like 2025-11-30.",
                    )
                )
    return days


def is_month(text: str) -> bool:
    """Return whether a text is an ISO month."""
    try:
        parse_month(text)
    except ValueError:
        return False
    return True


def check_months(path: Path, rows: Sequence[Row], faults: list[Fault]) -> None:
    """Add a fault for every month that is malformed, double, early or late."""
    seen: dict[str, int] = {}
    before = ""
    for row in rows:
        month = row.month
        if not month:
            continue
        if not is_month(month):
            problem, action = "must be written YYYY-MM.", "Write it like 2025-11."
        elif month in seen:
            problem = f"stands twice, first on line {seen[month]}."
            action = "Keep one line for the month."
        elif before and month < before:
            problem = f"comes after {before}; months must rise."
            action = "Sort the lines by month."
        elif before and month != add_months(before, 1):
            problem = f"leaves a gap after {before}."
            action = f"Add the months from {add_months(before, 1)} on."
        else:
            problem = action = ""
        if problem:
            faults.append(
                Fault(str(path), row.field("month"), repr(month), problem, action)
            )
        if is_month(month):
            seen.setdefault(month, row.line)
            before = max(before, month)


def check_cover(
    production: Sequence[ProductionMonth],
    network: Sequence[NetworkMonth],
    network_name: str,
    faults: list[Fault],
) -> None:
    """Add a fault for every month of production that the network lacks."""
    have = {row.month for row in network}
    known = sorted(have)
    faults.extend(
        Fault(
            network_name,
            "month",
            row.month,
            f"is missing; the file has {known[0]} to {known[-1]}.",
            "Give a --network file with this month, or leave it out of --production.",
        )
        for row in production
        if row.month not in have and is_month(row.month)
    )


def check_price_cover(
    path: Path,
    prices: DailyPrices,
    quarters: Sequence[QuarterFacts],
    faults: list[Fault],
) -> None:
    """Add a fault for every quarter with revenue that the prices do not cover."""
    have = set(prices.dates)
    for facts in quarters:
        if facts.mining_revenue_usd is None:
            continue
        months = months_of_quarter(facts.quarter)
        first = date.fromisoformat(f"{months[0]}-01")
        last = date.fromisoformat(f"{months[2]}-{days_in_month(months[2])}")
        if first not in have or last not in have:
            faults.append(
                Fault(
                    str(path),
                    "date",
                    "",
                    f"must cover {first} to {last} to check revenue.",
                    "Add those days or leave --history out.",
                )
            )
