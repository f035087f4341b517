# SPDX-License-Identifier: Apache-2.0
"""Repairs of an infeasible study: each tried alone, its amount found, said in words.

A repair is named only if it makes the model feasible by itself, the other conflicts
being mended as diagnosed. Amounts are rounded to the safe side.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from models.finance import discount_factors
from models.margin import opening_ltv_frac
from models.offers import HostingOffer
from optimizer.milp.elastic import Slack
from optimizer.milp.treasury import loan_months
from optimizer.milp.value import MONTHLY_FLOWS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.arrays import FloatArray
    from models.offers import GpuLeaseOffer
    from models.site import Site
    from models.study import Study
    from optimizer.milp.elastic import ElasticProgram, ElasticSolution
    from optimizer.milp.model import BuiltModel

__all__ = ["Repairs", "money"]

_MILLION: Final = 1e6
_TINY_BTC: Final = 1e-6
_LEAST_LIMIT_S: Final = 1.0
_MOST_LIMIT_S: Final = 15.0
_PART_OF_SHORTAGE: Final = 0.25
"""A hold within the horizon is named if it makes up this share of a shortage."""


def money(amount_usd_m: float, *, up: bool) -> str:
    """Return an amount of USD millions in words, rounded up or down.

    Parameters
    ----------
    amount_usd_m : float
        Amount, >= 0. [USD m]
    up : bool
        Whether to round up.
    """
    whole = math.ceil if up else math.floor
    if amount_usd_m >= 0.1:
        return f"{whole(amount_usd_m * 100 * (1 - 1e-12)) / 100:,.2f} M USD"
    return f"{whole(amount_usd_m * _MILLION * (1 - 1e-12)):,} USD"


class Repairs:
    """Tries single repairs of one diagnosed study.

    Parameters
    ----------
    study : Study
        Study.
    built : BuiltModel
        Its model, for what each candidate is.
    program : ElasticProgram
        Its rules.
    amounts : dict of Slack to float
        The cheapest shortage found. [unit of each]
    deadline : float
        When to stop trying, on the clock of `time.perf_counter`. [s]
    """

    def __init__(
        self,
        study: Study,
        built: BuiltModel,
        program: ElasticProgram,
        amounts: dict[Slack, float],
        deadline: float,
    ) -> None:
        self._study, self._built, self._program = study, built, program
        self._amounts, self._deadline = amounts, deadline

    # -- repairs of one conflict, in words ----------------------------------------

    def of_capacity(self, slack: Slack, amount: float, month: str) -> str:
        """Return repairs of a shortage of MW, GPUs or forced use."""
        asked = {
            "shell_limit": f"Give {slack.where} shell {_up(amount)} MW more "
            f"(opening_mw) by {month}",
            "power_limit": f"Energise {_up(amount)} MW more at {slack.where} "
            f"(contracted_mw) by {month}",
            "gpu_pool": f"Bring {math.ceil(amount - 1e-6)} more GPUs of this family "
            f"to {slack.where} by {month}",
            "resale_depth": f"Find buyers for {_up(amount)} EH/s more a step "
            "(resale_depth_eh_s_per_month), or room for these machines to stand",
            "forced_phase": "Do not force this phase",
            "forced_phase_use": f"Force a phase of {_up(amount)} MW less, or offer "
            "more shells or machines there",
            "forced_use": f"Force {_up(amount)} MW-months less, or offer more power, "
            "shells or machines there",
        }
        found = [asked[slack.rule]]
        dropped = self._contracts_to_drop({slack})
        if dropped:
            found.append(f"end {dropped}")
        return _either(found)

    def of_cash(self, short_usd_m: float, period: int) -> str:
        """Return repairs of a shortage of cash that first bites in a period."""
        cash = {s for s in self._amounts if s.rule == "cash_balance"}
        found = [
            self._lower_floor(cash),
            self._raise_equity(cash),
            self._sell_faster(cash),
        ]
        dropped = self._contracts_to_drop(cash)
        found.append(f"end {dropped}" if dropped else "")
        found.append(f"bring {money(short_usd_m, up=True)} more opening cash")
        text = _either([part for part in found if part])
        loan = self._study.company.loan
        if loan.principal_usd and self._study.period_of(loan.maturity_month) == period:
            text += (
                f" The loan of {money(loan.principal_usd / _MILLION, up=False)} falls "
                "due in that month (maturity_month)."
            )
        return text + self._call_words(period)

    def _call_words(self, period: int) -> str:
        """Say that the price of a month calls the opening loan, if it does."""
        company = self._study.company
        price = float(self._built.paths.btc_price_usd[0, period])
        if period not in loan_months(self._study):
            return ""
        ltv = opening_ltv_frac(company, price)
        if ltv <= company.loan.margin_call_ltv_frac:
            return ""
        return (
            f" At {price:,.0f} USD per BTC the opening loan stands at {ltv:.0%} of its "
            f"pledge, over margin_call_ltv_frac {company.loan.margin_call_ltv_frac}: "
            "the lender must be met in cash."
        )

    def of_notice(
        self, site: Site, short_usd_m: float, month: str
    ) -> tuple[float, str]:
        """Return the months of hold that cash can bear, and how to get there.

        The text is empty if the hold of committed MW has no part in the shortage.
        """
        rows = {i: r for i, r in self._program.held_rows.items() if i[0] == site.id}
        terms = site.partner
        if not rows or terms is None:
            return 0.0, ""
        without = self._cash_short(rows.values())
        horizon = self._study.time.months
        held_months = max(terms.min_term_months, terms.notice_months)
        least = _PART_OF_SHORTAGE if held_months <= horizon else 0.01
        if without is None or without > (1.0 - least) * short_usd_m:
            return 0.0, ""
        past = f", past the horizon of {horizon}" if held_months > horizon else ""
        text = (
            f"The partner contract holds {site.contracted_mw:,.0f} MW for "
            f"{held_months} months (min_term_months {terms.min_term_months}, "
            f"notice_months {terms.notice_months}){past}: cash is short by "
            f"{money(short_usd_m, up=True)} from {month}. "
        )
        if without > 1e-6:
            return 0.0, (
                f"{text}Without any hold it would be short by "
                f"{money(without, up=True)}: shorten both, and mend the rest as above."
            )
        months = self._bearable_months(rows)
        cash = {s for s in self._amounts if s.rule == "cash_balance"}
        release = Slack("held", site.id, "MW", 1.0, self._program.easing(rows.values()))
        freed = self._alone([release], cash)
        fewer = f"{months} months or fewer" if months else "0 months"
        parts = [f"set both to {fewer}"]
        if freed is not None:
            released = sum(freed.amounts.values())
            parts.append(f"hold {_up(released)} MW less from the start")
        return float(months), text + _either(parts)

    def of_hurdle(self, slack: Slack, short_usd_m: float) -> str:
        """Return the highest hurdle that can be cleared, or what is amiss at any."""
        site = self._study.site(slack.where)
        asked = f"hurdle_rate_per_year of {site.id} is {site.hurdle_rate_per_year:.3f}"
        if not self._clears(slack, 0.0):
            return (
                f"{asked}, and its fixed costs outweigh all it may earn at any rate: "
                f"cut them by {money(short_usd_m, up=True)} in present value, or give "
                "the site the status operating, for which no hurdle holds."
            )
        low, high = 0, math.ceil(site.hurdle_rate_per_year * 1e3)
        while high - low > 1:
            middle = (low + high) // 2
            if self._clears(slack, middle / 1e3):
                low = middle
            else:
                high = middle
        return f"{asked}: set it to {low / 1e3:.3f} or lower."

    # -- single repairs -----------------------------------------------------------

    def _alone(
        self,
        knobs: list[Slack],
        mended: set[Slack],
        dropped_rows: Iterable[int] = (),
        freed_columns: Iterable[int] = (),
        new_rows: dict[int, FloatArray] | None = None,
    ) -> ElasticSolution | None:
        """Solve with knobs instead of the slacks they mend, others as diagnosed."""
        left = self._deadline - time.perf_counter()
        if left < _LEAST_LIMIT_S:
            return None
        others = [
            replace(slack, price_usd_m=0.0, most=amount * (1.0 + 1e-6) + 1e-6)
            for slack, amount in self._amounts.items()
            if slack not in mended
        ]
        found = self._program.solve(
            [*knobs, *others],
            time_limit_s=min(left / 2, _MOST_LIMIT_S),
            dropped_rows=dropped_rows,
            freed_columns=freed_columns,
            new_rows=new_rows,
        )
        if found is None:
            return None
        used = {slack: a for slack, a in found.amounts.items() if slack in knobs}
        return replace(found, amounts=used)

    def _lower_floor(self, cash: set[Slack]) -> str:
        floor = self._study.company.cash_floor_usd / _MILLION
        rows = self._program.row_of["cash_floor"].values()
        knob = Slack(
            "cash_floor", "company", "USD", 1.0, self._program.easing(rows), most=floor
        )
        found = self._alone([knob], cash)
        if found is None:
            return ""
        lower = max(floor - sum(found.amounts.values()) - 1e-4, 0.0)
        return f"lower cash_floor_usd to {money(lower, up=False)}"

    def _raise_equity(self, cash: set[Slack]) -> str:
        if not self._built.options.allow_equity:
            return ""
        rows = self._program.row_of["equity_limit"].values()
        knob = Slack("equity", "company", "USD", 1.0, self._program.easing(rows))
        columns = self._program.column_of["equity_usd_m"].values()
        found = self._alone([knob], cash, freed_columns=columns)
        if found is None:
            return ""
        more = sum(found.amounts.values())
        return f"raise emergency_equity_max_usd by {money(more + 1e-4, up=True)}"

    def _sell_faster(self, cash: set[Slack]) -> str:
        """Try a larger share of BTC sold a month."""
        share = self._study.company.max_btc_sale_frac_per_month
        rows = self._program.row_of.get("sale_share", {})
        knobs = [
            Slack("sale_share", str(t), "BTC", 1e-3, self._program.easing([row]))
            for t, row in rows.items()
        ]
        if share >= 1.0 or not knobs:
            return ""
        found = self._alone(knobs, cash)
        if found is None:
            return ""
        needed = max(
            self._share_sold(found.values, row, share) for row in rows.values()
        )
        if needed > 1.0:
            return ""
        percent = math.ceil(needed * 1e3) / 10
        return f"allow up to {percent:.1f} % of the BTC at hand to be sold in a month"

    def _share_sold(self, values: FloatArray, row: int, share_frac: float) -> float:
        """Return the share of BTC at hand sold in the month of a ``sale_share`` row.

        The row says ``sold - share x (BTC at hand) <= share x opening BTC``.
        """
        sold, limit = 0.0, self._program.upper(row)
        for name, _, coefficient, column in self._program.entries(row):
            if name.startswith("sold_"):
                sold += coefficient * values[column]
            else:
                limit -= coefficient * values[column]
        if sold <= _TINY_BTC:
            return 0.0
        return share_frac * sold / limit if limit > 0.0 else math.inf

    def _clears(self, slack: Slack, rate_per_year: float) -> bool:
        """Whether a site can clear another hurdle rate."""
        ((row, _),) = slack.rows
        site, n_periods = self._study.site(slack.where), self._study.time.months
        old = discount_factors(site.hurdle_rate_per_year, n_periods)
        ratio = discount_factors(rate_per_year, n_periods) / old
        data = [
            value * ratio[index[1] + 1 if name in MONTHLY_FLOWS else n_periods]
            for name, index, value, _ in self._program.entries(row)
        ]
        return self._alone([], {slack}, new_rows={row: np.array(data)}) is not None

    def _contracts_to_drop(self, mended: set[Slack]) -> str:
        """Return the smallest set of committed contracts whose end mends a conflict."""
        offers = {
            choice.offer.id: choice.offer
            for choice in self._built.candidates.offers
            if choice.offer.is_committed
        }
        rows = self._program.row_of.get("accepted_once", {})
        knobs = [
            Slack(
                "accepted_once",
                offer.id,
                "contract",
                1.0 + _size(offer),
                ((rows[offer.id], 1.0),),
                most=1.0,
                is_whole=True,
            )
            for offer in offers.values()
        ]
        found = self._alone(knobs, mended) if knobs else None
        if found is None:
            return ""
        return " and ".join(_contract(offers[slack.where]) for slack in found.amounts)

    def _cash_short(self, dropped_rows: Iterable[int]) -> float | None:
        """Return the shortage of cash without some rows [USD m]."""
        cash = [s for s in self._amounts if s.rule == "cash_balance"]
        found = self._alone(cash, set(cash), dropped_rows=dropped_rows)
        return None if found is None else sum(found.amounts.values())

    def _bearable_months(self, rows: dict[tuple[str, int], int]) -> int:
        """Return the longest hold, on the grid of steps, that cash can bear."""
        steps = self._built.candidates.grid.steps
        cash = {s for s in self._amounts if s.rule == "cash_balance"}
        low, high = 0, len(rows)
        while high - low > 1:
            middle = (low + high) // 2
            dropped = [row for (_, step), row in rows.items() if step >= middle]
            if self._alone([], cash, dropped_rows=dropped) is None:
                high = middle
            else:
                low = middle
        return steps[low]


def _up(amount: float) -> str:
    """Return MW rounded up to two decimals."""
    return f"{math.ceil(amount * 100 - 1e-4) / 100:,.2f}"


def _either(parts: list[str]) -> str:
    """Return alternatives as one sentence."""
    text = "; or ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _size(offer: HostingOffer | GpuLeaseOffer) -> float:
    return offer.mw if isinstance(offer, HostingOffer) else offer.n_gpus / 100.0


def _contract(offer: HostingOffer | GpuLeaseOffer) -> str:
    if isinstance(offer, HostingOffer):
        return f"contract {offer.id} ({offer.mw:,.2f} MW)"
    return f"contract {offer.id} ({offer.n_gpus:,} GPUs)"
