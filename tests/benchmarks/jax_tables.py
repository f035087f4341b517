# SPDX-License-Identifier: Apache-2.0
"""Dense arrays of plans for the JAX model, read from the kernel's tables.

Months come first, as `jax.lax.scan` wants them, then plans, as `jax.vmap` does; the
last axis, of length 1, is that of scenarios. What a plan lacks is a row of zeros; what
no plan has is left out. Delays, losses that expire and covenants are refused: the
model does without them. What does not belong here: the model (`jax_model`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.kernel import layout as at

if TYPE_CHECKING:
    from gpu.tables.build import Tables
    from models.arrays import FloatArray

__all__ = ["Model", "PlanHead", "read_tables"]

N_KINDS, N_FACTORS = 3, 8
NEVER = 1e300
# Rows of a plan's months; those that no plan has are left out.
SITE_ROWS = (
    "fixed_taxed",
    "fixed_untaxed",
    "power_cost",
    "capex_paid",
    "write_off",
    "write_off_scaled",
)
TREASURY_ROWS = (
    "sold_free",
    "sold_pledged",
    "bought",
    "pledged_in",
    "released",
    "drawn",
    "repaid",
    "equity",
    "debt_cash",
    "debt_cost",
)
CONTRACT_ROWS = ("fixed", "power", "rent", "use")


@dataclass(frozen=True)
class Model:
    """What the compiled function is made for, and the arrays that it is called with.

    Parameters
    ----------
    n_periods, n_sites, n_plans, n_fates : int
        Sizes; plan 0 is the baseline, fates those of clients. [unitless]
    tax_site : int
        Place of the site whose group pays the company's tax. [unitless]
    projects : tuple of tuple of int
        Of each plan but the baseline, places of the sites valued as projects.
    has_loan : bool
        Whether a plan ever owes on BTC.
    constants : dict of str to float or ndarray
        Terms of market and company. [mixed]
    months : dict of str to ndarray of shape (n_periods, ...)
        Rows of the market and of taxes. [mixed]
    plans : dict of str to ndarray of shape (n_periods, n_plans, ...)
        What plans do by month. [mixed]
    once : dict of str to ndarray of shape (n_plans, ...)
        What plans are without a month. [mixed]
    """

    n_periods: int
    n_sites: int
    n_plans: int
    n_fates: int
    tax_site: int
    projects: tuple[tuple[int, ...], ...]
    has_loan: bool
    constants: dict[str, Any]
    months: dict[str, FloatArray]
    plans: dict[str, FloatArray]
    once: dict[str, FloatArray]


class PlanHead:
    """Tables of one plan at one site."""

    def __init__(self, tables: Tables, plan: int, site: int) -> None:
        self.data, self.ints, self.n = tables.data, tables.ints, tables.n_periods
        heads = self.ints[at.SITE_HEADS]
        self.head = heads + (plan * tables.n_sites + site) * at.SITE_HEAD

    def place(self, row: int) -> int:
        """Return an entry of the head."""
        return int(self.ints[self.head + row])

    def block(self, first: int, *shape: int) -> FloatArray:
        """Return numbers from a place on."""
        return self.data[first : first + int(np.prod(shape))].reshape(shape)

    def machines(self) -> list[list[FloatArray]]:
        """Return columns (least value, hash rate, energy) of machines by month."""
        starts = self.ints[self.place(at.SITE_ASICS) :][: N_KINDS * self.n + 1]
        found: list[list[FloatArray]] = []
        for t in range(self.n):
            first, until = starts[N_KINDS * t], starts[N_KINDS * (t + 1)]
            size = until - first, 3, at.GROUP
            groups = self.block(first * at.GROUP_LENGTH, *size)
            columns = groups.transpose(0, 2, 1).reshape(-1, 3)
            found.append([column for column in columns if column[1] != 0.0])
        return found

    def sales(self) -> list[list[FloatArray]]:
        """Return used ASICs sold by month, and at the horizon behind them."""
        starts = self.ints[self.place(at.SITE_RESALE) :][: self.n + 2]
        return [
            list(self.block(a * at.SALE_LENGTH, b - a, at.SALE_LENGTH))
            for a, b in pairwise(starts)
        ]


def _padded(rows: list[list[FloatArray]], empty: FloatArray, depth: int) -> FloatArray:
    """Return months of columns as (n_months, length of a column, depth)."""
    table = np.repeat(empty[:, None], len(rows) * depth, axis=1)
    table = table.reshape(len(empty), len(rows), depth)
    for t, columns in enumerate(rows):
        for k, column in enumerate(columns):
            table[:, t, k] = column
    return table.transpose(1, 0, 2)


def _constants(tables: Tables) -> dict[str, Any]:
    data, ints = tables.data, tables.ints
    market = data[ints[at.MARKET] :][: at.MARKET_LENGTH]
    company = data[ints[at.COMPANY] :][: at.COMPANY_LENGTH]
    n = tables.n_periods + 1
    n_projects = len(tables.projects)
    hurdles = data[ints[at.HURDLE_DISCOUNT] :][: n_projects * n].reshape(-1, n)
    sites = [int(k) for k in ints[ints[at.PROJECT_SITES] :][:n_projects]]
    root = data[ints[at.ROOT] :][: N_FACTORS**2]
    return {
        "market": [float(value) for value in market],
        "company": [float(value) for value in company],
        "root": root.reshape(N_FACTORS, N_FACTORS),
        "discount": data[ints[at.DISCOUNT] :][:n],
        "base_use": data[ints[at.GPU_BASE] :][: ints[at.N_GPUS], None],
        "hurdles": dict(zip(sites, hurdles, strict=True)),
    }


def _taxes(heads: list[PlanHead], tax_site: int) -> tuple[dict[str, Any], FloatArray]:
    """Return terms by account, the group behind the sites, and shares by month."""
    terms, shares = [], []
    for head in (*heads, heads[tax_site]):
        first = head.place(at.SITE_TAX)
        terms.append(head.block(first, at.TAX_SHARES))
        shares.append(head.block(first + at.TAX_SHARES, head.n))
    table = np.array(terms).T[:, :, None]
    names = {
        "rate": at.TAX_RATE,
        "cap": at.LOSS_CAP,
        "withholding": at.WITHHOLDING,
        "relief": at.RELIEF,
    }
    return {k: table[row] for k, row in names.items()}, np.array(shares).T[:, :, None]


def _pools(tables: Tables, head: PlanHead) -> tuple[FloatArray, FloatArray]:
    """Return own GPUs by row, month and family at current trends, and at the end."""
    n, n_gpus = tables.n_periods, int(tables.ints[at.N_GPUS])
    series, terminal = np.zeros((at.POOL_ROWS, n, n_gpus)), np.zeros(n_gpus)
    trend = _trend(tables)
    for k in range(head.place(at.SITE_N_POOLS)):
        first = head.place(at.SITE_POOLS) + k * at.POOL_LENGTH
        gpu, begin, end = (int(head.ints[first + row]) for row in range(3))
        own = head.block(begin, at.POOL_ROWS, n).copy()
        own[[at.POOL_REVENUE, at.POOL_SALE]] *= trend[gpu]
        series[:, :, gpu] = own
        terminal[gpu] = head.data[end] * trend[gpu, -1]
    return series, terminal


def _trend(tables: Tables) -> FloatArray:
    """Return base rent by family and month."""
    n_gpus, n = int(tables.ints[at.N_GPUS]), tables.n_periods
    first = tables.ints[at.GPU_BASE] + n_gpus
    return tables.data[first : first + n_gpus * n].reshape(n_gpus, n)


def _contracts(
    tables: Tables, plan: int, depth: int
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Return contracts of a plan: by month (n_periods, depth, 1), and once."""
    n, n_sites = tables.n_periods, tables.n_sites
    months = {name: np.zeros((n, depth, 1)) for name in (*CONTRACT_ROWS, "age")}
    names = ("last", "left", "mean", "use_base")
    once = {name: np.zeros((depth, 1)) for name in names}
    once |= {"last": np.zeros((4, depth, 1)), "mean": np.full((depth, 1), np.inf)}
    once |= {"fate": np.zeros(depth, dtype=np.int64), "age": np.zeros((depth, 1))}
    once["at"] = np.zeros((n_sites, depth, 1))
    k, trend = 0, _trend(tables)
    for site in range(n_sites):
        head = PlanHead(tables, plan, site)
        for own in range(head.place(at.SITE_N_CONTRACTS)):
            first = head.place(at.SITE_CONTRACTS) + own * at.CONTRACT_LENGTH
            _, gpu, fate, since, until, begin, scalars = (
                int(value) for value in head.ints[first:][: at.CONTRACT_LENGTH]
            )
            rows = head.block(begin, at.CONTRACT_ROWS, n).copy()
            rows[at.CONTRACT_RENT] *= trend[gpu] if gpu >= 0 else 0.0
            once["last"][:, k, 0] = rows[:4, -1]
            period = np.arange(n)
            rows *= (period >= since) & (period < until)
            for row, name in enumerate(CONTRACT_ROWS):
                months[name][:, k, 0] = rows[row]
            months["age"][:, k, 0] = period + 1 - since
            once["age"][k] = n - since
            once["left"][k] = head.data[scalars + at.CONTRACT_LEFT]
            if fate >= 0:
                once["fate"][k] = fate
                once["mean"][k] = head.data[scalars + at.CONTRACT_MEAN]
            if gpu >= 0:
                once["use_base"][k] = tables.data[tables.ints[at.GPU_BASE] + gpu]
            once["at"][site, k] = 1.0
            k += 1
    prefix = "contract_"
    return (
        {prefix + name: values for name, values in months.items()},
        {prefix + name: values for name, values in once.items()},
    )


def _sites(tables: Tables, heads: list[PlanHead], depths: tuple[int, int]) -> Any:
    """Return what a plan does at its sites, by month and once."""
    n = tables.n_periods
    series = np.array(
        [h.block(h.place(at.SITE_SERIES), at.SITE_ROWS, n) for h in heads]
    )
    months = {name: series[:, row].T[:, :, None] for row, name in enumerate(SITE_ROWS)}
    scalars = np.array([h.block(h.place(at.SITE_SCALARS), 5) for h in heads])
    names = ("vat", "terminal", "early", "early_scaled")
    once = {name: scalars[:, row, None] for row, name in enumerate(names)}
    never = np.array([NEVER, 0.0, 0.0])
    found = [_padded(h.machines(), never, depths[0]) for h in heads]
    months["machines"] = np.stack(found, axis=-1)[..., None]
    sold = [_padded(h.sales(), np.zeros(at.SALE_LENGTH), depths[1]) for h in heads]
    table = np.stack(sold, axis=-1)[..., None]
    months["sales"], once["sales"] = table[:-1], table[-1]
    pools = [_pools(tables, head) for head in heads]
    months["pools"] = np.array([own for own, _ in pools]).transpose(2, 1, 3, 0)[
        ..., None
    ]
    once["pools"] = np.array([end for _, end in pools]).T[..., None]
    credit = np.zeros((n, len(heads), 1))
    for k, head in enumerate(heads):
        first = head.place(at.SITE_CREDIT)
        if first >= 0:
            credit[:, k, 0] = head.block(first, N_KINDS, n).sum(axis=0)
    months["credit"] = credit
    return months, once


def _plan(tables: Tables, plan: int, heads: list[PlanHead], depths: Any) -> Any:
    """Return the months of a plan, and what it is without a month."""
    n, data, ints = tables.n_periods, tables.data, tables.ints
    months, once = _sites(tables, heads, depths[:2])
    own = _contracts(tables, plan, depths[2])
    months |= own[0]
    once |= own[1]
    head = ints[at.PLAN_HEADS] + plan * at.PLAN_HEAD
    series = heads[0].block(ints[head + at.PLAN_SERIES], at.SERIES_ROWS, n)
    for row, name in enumerate(TREASURY_ROWS):
        months[name] = series[row][:, None]
    due = int(ints[head + at.PLAN_MATURITY])
    months["matures"] = (np.arange(n) == due).astype(np.float64)[:, None]
    once["release"] = data[ints[head + at.PLAN_RELEASE]][None]
    once["terminal_debt"] = data[ints[head + at.PLAN_TERMINAL_DEBT]][None]
    return months, once


def _stacked(parts: list[dict[str, FloatArray]], axis: int) -> dict[str, FloatArray]:
    found = {k: np.stack([part[k] for part in parts], axis=axis) for k in parts[0]}
    return {k: v for k, v in found.items() if k in ("release", "machines") or v.any()}


def read_tables(tables: Tables) -> Model:
    """Return the arrays of the JAX model.

    Parameters
    ----------
    tables : Tables
        Those of a study, its plans and a baseline.

    Raises
    ------
    ValueError
        If they hold what the JAX model does without.
    """
    plans = range(tables.n_plans)
    heads = [
        [PlanHead(tables, plan, site) for site in range(tables.n_sites)]
        for plan in plans
    ]
    every = [head for own in heads for head in own]
    late = any(head.place(at.SITE_LATE) >= 0 for head in every)
    if late or tables.n_losses or tables.n_covenants or not tables.has_baseline:
        msg = "the JAX model needs a baseline and no delays, expiring losses, covenants"
        raise ValueError(msg)
    depths = (
        max(1, *(len(row) for head in every for row in head.machines())),
        max(1, *(len(row) for head in every for row in head.sales())),
        max(1, *(sum(h.place(at.SITE_N_CONTRACTS) for h in own) for own in heads)),
    )
    parts = [_plan(tables, plan, heads[plan], depths) for plan in plans]
    tax_site = int(tables.ints[at.TAX_SITE])
    terms, shares = _taxes(heads[0], tax_site)
    n = tables.n_periods
    market = heads[0][0].block(tables.ints[at.MONTHLY], at.MONTHLY_ROWS, n)
    drift = market[at.LOG_DRIFT]
    months = {"market": market.T, "drifted": np.diff(drift, prepend=0.0)}
    months["period"] = np.arange(n, dtype=np.float64)
    sites = [int(k) for k in tables.ints[tables.ints[at.PROJECT_SITES] :]]
    projects = tuple(
        tuple(sites[tables.projects.index(name)] for name in tables.wanted[plan])
        for plan in plans[1:]
    )
    return Model(
        n_periods=n,
        n_sites=tables.n_sites,
        n_plans=tables.n_plans,
        n_fates=tables.n_fates,
        tax_site=tax_site,
        projects=projects,
        has_loan=any(tables.has_loan),
        constants=_constants(tables) | {"tax": terms},
        months=months | {"tax_share": shares},
        plans=_stacked([months for months, _ in parts], axis=1),
        once=_stacked([once for _, once in parts], axis=0),
    )
