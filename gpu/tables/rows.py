# SPDX-License-Identifier: Apache-2.0
"""What the kernel leaves behind, as the columns and months that scoring knows.

What does not belong here: anything a kernel could have done itself; only what is rare
(rates of rows with several roots) or cheap is worked out here.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gpu.kernel import layout as at
from gpu.liquidity import CALL, LEVELS, LIQUIDATION, LiquidityRisk, covenant_event
from gpu.numpy_engine import Scored, site_irr_column, site_npv_column
from gpu.returns import MAX_IRR_PER_YEAR, rate_per_year
from models import finance

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gpu.numpy_engine import Rows
    from gpu.tables.build import Tables
    from models.arrays import BoolArray, FloatArray, IntArray

__all__ = [
    "KernelResult",
    "open_rows",
    "rate_columns",
    "scored_of",
    "settle",
    "shown_rate",
]


@dataclass(frozen=True, slots=True)
class KernelResult:
    """Arrays that the kernel fills.

    Parameters
    ----------
    out : ndarray of shape (n_columns, n)
        Columns of plans, covenants and the density ratio. [mixed]
    levels : ndarray of shape (n_plans, 2, n_periods, n)
        Loan to value and distance to a call. [mixed]
    events : ndarray of shape (2 n_plans + n_covenants, n_periods, n)
        Calls, liquidations, breaches; 1 or 0. [flag]
    shown : dict of int to ndarray of shape (n,) or None
        Rates as they are shown, by their column of `out`, where they are known
        already. [1/year]
    """

    out: FloatArray
    levels: FloatArray
    events: NDArray[np.uint8]
    shown: dict[int, FloatArray] | None = None

    @classmethod
    def zeros(cls, tables: Tables, n_rows: int) -> KernelResult:
        """Return room for a number of rows, full of zeros."""
        out, levels, events = cls.shapes(tables, n_rows)
        return cls(np.zeros(out), np.zeros(levels), np.zeros(events, dtype=np.uint8))

    @staticmethod
    def shapes(
        tables: Tables, n_rows: int
    ) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Return the shapes of the three arrays for a number of rows."""
        n_events = 2 * tables.n_plans + tables.n_covenants
        return (
            (tables.n_columns, n_rows),
            (tables.n_plans, 2, tables.n_periods, n_rows),
            (n_events, tables.n_periods, n_rows),
        )


def open_rows(tables: Tables, result: KernelResult, n_rows: int) -> BoolArray:
    """Return which rows have an IRR that the kernel could not settle, (n,) [bool].

    Parameters
    ----------
    tables : Tables
        Tables of the kernel.
    result : KernelResult
        What it left.
    n_rows : int
        Rows that count; those behind them fill up a group of lanes. [unitless]
    """
    is_open = np.zeros_like(result.out[0, :n_rows], dtype=np.bool_)
    for plan in range(int(tables.has_baseline), tables.n_plans):
        for k in _series(tables, plan):
            column = _series_column(tables, plan, k) + at.SERIES_STATUS
            is_open |= result.out[column, :n_rows] < 0.0
    return is_open


def settle(
    tables: Tables,
    result: KernelResult,
    places: IntArray,
    again: KernelResult,
    flows_usd: FloatArray,
) -> None:
    """Fill in the rates of rows that the kernel could not settle, from their flows.

    Parameters
    ----------
    tables : Tables
        Tables of the kernel.
    result : KernelResult
        Result to fill in.
    places : ndarray of int of shape (n_open,)
        Its open rows. [unitless]
    again : KernelResult
        Result of these rows alone.
    flows_usd : ndarray of shape (n_plans, 1 + n_projects, n_periods + 1, n_wide)
        Their flows, at least n_open wide. [USD]
    """
    open_columns, open_places, rows = [], [], []
    for plan in range(int(tables.has_baseline), tables.n_plans):
        for k in _series(tables, plan):
            column = _series_column(tables, plan, k)
            status = again.out[column + at.SERIES_STATUS, : len(places)]
            open_here = np.flatnonzero(status < 0.0)
            open_columns.append(np.full(len(open_here), column))
            open_places.append(places[open_here])
            rows.append(flows_usd[plan, k][:, open_here].T)
    # All at once: a few rows cost hardly more than one.
    rate, n_roots, code = _irr_rows()(np.concatenate(rows))
    there, which = np.concatenate(open_columns), np.concatenate(open_places)
    result.out[there + at.SERIES_RATE, which] = rate
    result.out[there + at.SERIES_ROOTS, which] = n_roots
    result.out[there + at.SERIES_STATUS, which] = code


def _irr_rows() -> Callable[
    [FloatArray], tuple[FloatArray, IntArray, NDArray[np.int8]]
]:
    """Return what solves rows: compiled, for NumPy would keep other threads waiting."""
    try:
        return importlib.import_module("gpu.irr_rest").irr_rows  # type: ignore[no-any-return]
    except ImportError:  # A device works without Numba.
        return finance.irr_rows


def scored_of(tables: Tables, result: KernelResult, n_rows: int) -> tuple[Scored, ...]:
    """Return the scores of each plan, as `gpu.numpy_engine.score_each` has them.

    Parameters
    ----------
    tables : Tables
        Tables of the kernel.
    result : KernelResult
        What it left.
    n_rows : int
        Rows that count. [unitless]
    """
    usual = _risk(tables, result, 0, n_rows) if tables.has_baseline else None
    found = []
    for plan in range(int(tables.has_baseline), tables.n_plans):
        risk = _risk(tables, result, plan, n_rows)
        rows: Rows = {"npv_usd": _own(tables, result, plan, at.NPV, n_rows)}
        if tables.has_baseline:
            rows |= _increment(tables, result, plan, n_rows)
        rows |= _treasury(tables, result, plan, n_rows) | risk.rows
        if usual is not None:
            rows |= {f"baseline_{name}": row for name, row in usual.rows.items()}
        for site in tables.wanted[plan]:
            k = 1 + tables.projects.index(site)
            column = _series_column(tables, plan, k)
            rows[site_npv_column(site)] = result.out[column + at.SERIES_NPV, :n_rows]
            rows[site_irr_column(site)] = _shown_rate(result, column, n_rows)
        found.append(Scored(rows, risk, usual))
    return tuple(found)


def rate_columns(tables: Tables) -> list[int]:
    """Return the columns of `KernelResult.out` that hold rates by the month."""
    return [
        _series_column(tables, plan, k) + at.SERIES_RATE
        for plan in range(int(tables.has_baseline), tables.n_plans)
        for k in _series(tables, plan)
    ]


def shown_rate(rate_per_month: FloatArray) -> FloatArray:
    """Return rates by the month as they are shown, shape kept [1/year]."""
    shown: FloatArray = np.minimum(rate_per_year(rate_per_month), MAX_IRR_PER_YEAR)
    return shown


def _series(tables: Tables, plan: int) -> list[int]:
    """Return the series of a plan that have columns."""
    own = [1 + tables.projects.index(site) for site in tables.wanted[plan]]
    return [0, *own] if tables.has_baseline else own


def _series_column(tables: Tables, plan: int, k: int) -> int:
    own = plan * tables.n_columns_per_plan + at.N_PLAN_COLUMNS
    return own + k * at.SERIES_COLUMNS


def _own(
    tables: Tables, result: KernelResult, plan: int, row: int, n_rows: int
) -> FloatArray:
    place = plan * tables.n_columns_per_plan + row - at.FIRST_COLUMN
    column: FloatArray = result.out[place, :n_rows]
    return column


def _never_is_nan(values: FloatArray) -> FloatArray:
    return np.where(values >= at.NEVER, np.nan, values)


def _shown_rate(result: KernelResult, column: int, n_rows: int) -> FloatArray:
    place = column + at.SERIES_RATE
    if result.shown is not None:
        return result.shown[place]
    return shown_rate(result.out[place, :n_rows])


def _increment(tables: Tables, result: KernelResult, plan: int, n_rows: int) -> Rows:
    column = _series_column(tables, plan, 0)
    out = result.out[:, :n_rows]
    return {
        "incremental_npv_usd": out[column + at.SERIES_NPV],
        "irr_per_year": _shown_rate(result, column, n_rows),
        "irr_n_roots": out[column + at.SERIES_ROOTS].astype(np.int64),
        "irr_status": out[column + at.SERIES_STATUS].astype(np.int8),
        "payback_months": _never_is_nan(out[column + at.SERIES_PAYBACK]),
    }


def _treasury(tables: Tables, result: KernelResult, plan: int, n_rows: int) -> Rows:
    def own(row: int) -> FloatArray:
        return _own(tables, result, plan, row, n_rows)

    return {
        "min_cash_usd": own(at.MIN_CASH),
        "first_equity_period": _never_is_nan(own(at.FIRST_EQUITY)),
        "equity_usd": own(at.EQUITY),
        "mined_btc": own(at.MINED),
        "final_btc": own(at.FINAL_BTC),
        "final_loan_usd": own(at.FINAL_LOAN),
    }


def _risk(
    tables: Tables, result: KernelResult, plan: int, n_rows: int
) -> LiquidityRisk:
    def own(row: int) -> FloatArray:
        return _own(tables, result, plan, row, n_rows)

    rows: Rows = {}
    events: Rows = {}
    levels: Rows = {}
    if tables.has_loan[plan]:
        for place, name in enumerate((CALL, LIQUIDATION)):
            events[name] = result.events[2 * plan + place, :, :n_rows].T.view(np.bool_)
        rows = {
            f"first_{CALL}_period": _never_is_nan(own(at.FIRST_CALL)),
            f"first_{LIQUIDATION}_period": _never_is_nan(own(at.FIRST_LIQUIDATION)),
            "called_btc_sold": own(at.CALLED_BTC),
            "liquidated_btc": own(at.LIQUIDATED_BTC),
            "forced_sale_usd": own(at.FORCED_USD),
            "peak_ltv_frac": own(at.PEAK_LTV),
            "least_call_distance_usd_per_btc": own(at.LEAST_DISTANCE),
        }
        for place, name in enumerate(LEVELS):
            levels[name] = result.levels[plan, place, :, :n_rows].T
    before = sum(len(names) for names in tables.covenants[:plan])
    first = tables.n_plans * tables.n_columns_per_plan
    for k, facility in enumerate(tables.covenants[plan], start=before):
        event = covenant_event(facility)
        row = 2 * tables.n_plans + k
        events[event] = result.events[row, :, :n_rows].T.view(np.bool_)
        cover = result.out[first + k * at.COVER_COLUMNS :, :n_rows]
        rows[f"first_{event}_period"] = _never_is_nan(cover[at.COVER_FIRST])
        rows[f"least_{event}_dscr"] = _never_is_nan(cover[at.COVER_LEAST])
    return LiquidityRisk(rows, events, levels)
