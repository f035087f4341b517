# SPDX-License-Identifier: Apache-2.0
"""The plan: every decision over the horizon, as a value.

It can be saved, compared, scored and explained. Periods are indices from 0, the first
month of the study. What it earns stands in `models.cashflow`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from models.fields import Identifier, Record

__all__ = [
    "BuildStart",
    "Commitment",
    "ConversionStart",
    "DebtDraw",
    "Holding",
    "Move",
    "OfferAcceptance",
    "Order",
    "PhaseStart",
    "Plan",
]

_OPTIONAL_SERIES: Final = (
    "btc_bought",
    "btc_pledged",
    "btc_released",
    "loan_drawn_usd",
    "loan_repaid_usd",
)

Period = Annotated[int, Field(ge=0, json_schema_extra={"unit": "period"})]
Count = Annotated[int, Field(ge=0, json_schema_extra={"unit": "units"})]
Amount = Annotated[float, Field(ge=0, json_schema_extra={"unit": "units"})]


class Order(Record):
    """Lots of machines ordered (and paid) in a month for a site.

    `model` names an ASIC family or a GPU family (then a lot is nodes).
    """

    model: Identifier
    site: Identifier
    period: Period
    lots: Count


class Holding(Record):
    """Machines of one cohort installed at a site from a period up to another.

    ``cohort_period`` is the first running period of the cohort (its age is zero then);
    it is negative for the opening fleet. ``until`` is exclusive. What happens at
    ``until``: ``sell`` (resale value; at the horizon the terminal value, which is the
    same), ``move`` (to another holding) or ``keep`` (end of the horizon, terminal
    value).
    """

    model: Identifier
    site: Identifier
    cohort_period: int = Field(ge=-600, json_schema_extra={"unit": "period"})
    since: Period
    until: Period
    units: Amount
    """Machines; GPU nodes for GPU families."""
    ending: Literal["sell", "move", "keep"]

    @model_validator(mode="after")
    def _ends_after_start(self) -> Holding:
        _check_span(self.since, self.until)
        return self


class Move(Record):
    """Machines of one cohort leave one site and arrive at another.

    They earn nothing from `period` until the holding at the new site begins
    (`models.fleet.TRANSIT_MONTHS` later).
    """

    model: Identifier
    cohort_period: int = Field(ge=-600, json_schema_extra={"unit": "period"})
    from_site: Identifier
    to_site: Identifier
    period: Period
    units: Amount


class PhaseStart(Record):
    """A power phase of a site, construction starting in a period."""

    site: Identifier
    phase: Identifier
    period: Period


class BuildStart(Record):
    """Shell modules of one kind, construction starting in a period."""

    site: Identifier
    kind: Literal["air", "hydro", "hpc"]
    period: Period
    modules: Count


class ConversionStart(Record):
    """Conversion modules, work starting in a period."""

    site: Identifier
    conversion: Identifier
    period: Period
    modules: Count


class OfferAcceptance(Record):
    """An offer accepted: running from `since` up to `until` (exclusive).

    `until` may lie beyond the horizon.
    """

    offer: Identifier
    since: Period
    until: Period

    @model_validator(mode="after")
    def _ends_after_start(self) -> OfferAcceptance:
        _check_span(self.since, self.until)
        return self


class Commitment(Record):
    """MW committed to a partner's hosting contract, month by month."""

    site: Identifier
    mw: tuple[Amount, ...]


class DebtDraw(Record):
    """A draw on a debt facility in a period."""

    facility: Identifier
    period: Period
    amount_usd: Amount


class Plan(Record):
    """Every decision of one plan.

    Monthly series of the treasury that are left out are zero.
    """

    label: str
    study_id: Identifier
    months: int = Field(ge=1, json_schema_extra={"unit": "months"})
    orders: tuple[Order, ...] = ()
    holdings: tuple[Holding, ...] = ()
    moves: tuple[Move, ...] = ()
    phases: tuple[PhaseStart, ...] = ()
    builds: tuple[BuildStart, ...] = ()
    conversions: tuple[ConversionStart, ...] = ()
    offers: tuple[OfferAcceptance, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    btc_sold_free: tuple[Amount, ...]
    """BTC sold from free holdings, each month. [BTC]"""
    btc_sold_pledged: tuple[Amount, ...]
    """BTC sold from pledged holdings, each repaying `release_usd_per_btc`. [BTC]"""
    btc_bought: tuple[Amount, ...] = ()
    """BTC bought. [BTC]"""
    btc_pledged: tuple[Amount, ...] = ()
    """Free BTC pledged. [BTC]"""
    btc_released: tuple[Amount, ...] = ()
    """Pledged BTC released, each against `release_usd_per_btc` repaid. [BTC]"""
    loan_drawn_usd: tuple[Amount, ...] = ()
    """Draws on the loan against BTC pledged in the same month. [USD]"""
    loan_repaid_usd: tuple[Amount, ...] = ()
    """Principal repaid in cash beyond what sales and releases repay. [USD]"""
    release_usd_per_btc: Amount | None = None
    """Principal that frees one pledged BTC; opening loan over pledge if left out."""
    debt_draws: tuple[DebtDraw, ...] = ()
    emergency_equity_usd: tuple[Amount, ...]
    """Equity raised to keep the cash floor, each month. [USD]"""

    @model_validator(mode="before")
    @classmethod
    def _fill_what_is_left_out(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("months"), int):
            return data
        return dict.fromkeys(_OPTIONAL_SERIES, (0.0,) * data["months"]) | data

    @model_validator(mode="after")
    def _fits_its_horizon(self) -> Plan:
        monthly = {
            name: getattr(self, name)
            for name in (
                "btc_sold_free",
                "btc_sold_pledged",
                "emergency_equity_usd",
                *_OPTIONAL_SERIES,
            )
        } | {f"commitments of {entry.site}": entry.mw for entry in self.commitments}
        for name, values in monthly.items():
            if len(values) != self.months:
                msg = f"{name} has {len(values)} months, the plan {self.months}"
                raise ValueError(msg)
        if len({entry.site for entry in self.commitments}) != len(self.commitments):
            msg = "commitments must name each site once"
            raise ValueError(msg)
        for held in self.holdings:
            if held.until > self.months or (
                held.ending == "keep" and held.until < self.months
            ):
                msg = (
                    f"holding of {held.model} at {held.site} ends in period "
                    f"{held.until} of {self.months}: it must end by the horizon, and "
                    "is kept only up to it"
                )
                raise ValueError(msg)
        return self


def _check_span(since: int, until: int) -> None:
    """Raise when a span of periods ends before it starts."""
    if until < since:
        msg = f"until {until} must not be before since {since}"
        raise ValueError(msg)
