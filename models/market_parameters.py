# SPDX-License-Identifier: Apache-2.0
"""Parameters of the market model; the processes themselves stand in `models.market`.

One number, one meaning: volatilities are per square root of a year, half-lives in
months, and zero volatility everywhere gives the base path.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from models.fields import (
    Factor,
    Fraction,
    Identifier,
    Money,
    PerYear,
    Record,
    SignedPerYear,
)

__all__ = ["FACTORS", "Correlation", "Market"]

FACTORS = (
    "btc_price",
    "network",
    "fees",
    "power",
    "gpu_rent",
    "gpu_utilisation",
    "btc_variance",
    "btc_tail",
)
"""Names of the correlated monthly shocks, in the order of the factor axis."""


class Correlation(Record):
    """Correlation of two monthly shocks."""

    first: Identifier
    second: Identifier
    value: float = Field(ge=-1, le=1, json_schema_extra={"unit": "ratio"})


class Market(Record):
    """Base case and volatility of every price the company meets."""

    id: Identifier
    name: str
    btc_price_usd: Money = Field(gt=0)
    """Price in the first month."""
    btc_log_drift_per_year: float = Field(
        ge=-2, le=2, json_schema_extra={"unit": "per year"}
    )
    btc_volatility_per_year: PerYear
    """Root of the mean variance in the long run."""
    btc_opening_volatility_per_year: PerYear | None = None
    """Root of the mean variance of a month in the opening state; None: its median."""
    btc_variance_spread: float = Field(
        default=0.0, ge=0, le=3, json_schema_extra={"unit": "ratio"}
    )
    """Standard deviation of the lasting part of log variance: how much it clusters."""
    btc_variance_half_life_months: float = Field(
        default=3.0, gt=0, le=120, json_schema_extra={"unit": "months"}
    )
    """Months in which the lasting part of log variance halves."""
    btc_variance_tail_spread: float = Field(
        default=0.0, ge=0, le=3, json_schema_extra={"unit": "ratio"}
    )
    """Standard deviation of log variance that is new every month: how fat tails are."""
    earlier_btc_price_usd: Money | None = Field(default=None, gt=0)
    """Price a month before the opening; None: the same. The network answers to it."""
    reference_btc_price_usd: Money = Field(gt=0)
    """Price that the opening network has adapted to."""
    network_eh_s: float = Field(gt=0, le=1e6, json_schema_extra={"unit": "EH/s"})
    """Network hashrate just before the first month."""
    block_height: int = Field(ge=840_000, json_schema_extra={"unit": "blocks"})
    """Height at the start of the first month."""
    network_trend_per_year: SignedPerYear
    """Growth in the long run at constant block reward in USD."""
    network_opening_growth_per_year: SignedPerYear | None = None
    """Pace of growth just before the first month; None: the trend."""
    network_growth_half_life_months: float = Field(
        default=6.0, gt=0, le=120, json_schema_extra={"unit": "months"}
    )
    """Months in which the pace comes half-way from its opening value to the trend."""
    network_elasticity: Factor
    """Response of the hashrate to the block reward in USD in the end (log on log)."""
    network_short_elasticity: float = Field(
        default=0.0, ge=0, le=10, json_schema_extra={"unit": "ratio"}
    )
    """Part of it that comes within a month."""
    network_half_life_up_months: float = Field(
        gt=0, le=120, json_schema_extra={"unit": "months"}
    )
    network_half_life_down_months: float = Field(
        gt=0, le=120, json_schema_extra={"unit": "months"}
    )
    network_volatility_per_year: PerYear
    network_break_even_usd_per_ph_day: float | None = Field(
        default=None, gt=0, le=10_000, json_schema_extra={"unit": "USD/(PH/s)/day"}
    )
    """Hash price that the network's machines must earn to run, in the first month: at
    less, some stand by until the others earn it. None: they always run."""
    network_break_even_decline_per_year: float = Field(
        default=0.0, ge=0, lt=1, json_schema_extra={"unit": "per year"}
    )
    """How it falls from year to year, as machines get more efficient."""
    fee_share_frac: Factor
    """Fees over subsidy, median."""
    opening_fee_share_frac: Factor | None = None
    """Fees over subsidy in the month before the first; None: the median."""
    fee_half_life_months: float = Field(
        gt=0, le=120, json_schema_extra={"unit": "months"}
    )
    fee_volatility_per_year: PerYear
    power_half_life_months: float = Field(
        gt=0, le=120, json_schema_extra={"unit": "months"}
    )
    power_volatility_per_year: PerYear
    power_common_frac: Fraction
    """Share of power price variance common to all sites."""
    gpu_rent_drift_per_year: SignedPerYear
    """Yearly change of the rent of a given GPU family."""
    gpu_rent_half_life_months: float = Field(
        gt=0, le=120, json_schema_extra={"unit": "months"}
    )
    gpu_rent_volatility_per_year: PerYear
    gpu_utilisation_half_life_months: float = Field(
        gt=0, le=120, json_schema_extra={"unit": "months"}
    )
    gpu_utilisation_volatility_per_year: PerYear
    capex_overrun_volatility_frac: Fraction
    """Standard deviation of the log of build cost over plan, per site."""
    delay_volatility_months: float = Field(
        ge=0, le=60, json_schema_extra={"unit": "months"}
    )
    """Scale of the half-normal commissioning delay, per site."""
    resale_power_price_usd_per_mwh: float = Field(
        ge=0, le=5000, json_schema_extra={"unit": "USD/MWh"}
    )
    """Power price of the marginal buyer of used machines."""
    resale_depth_eh_s_per_month: float | None = Field(
        default=None, gt=0, le=1e6, json_schema_extra={"unit": "EH/s per month"}
    )
    """Most used hashrate that the market takes from us in a month; None: no limit."""
    correlations: tuple[Correlation, ...] = ()

    @model_validator(mode="after")
    def _known_factors(self) -> Market:
        for pair in self.correlations:
            for name in (pair.first, pair.second):
                if name not in FACTORS:
                    msg = f"correlation names {name!r}, allowed are {list(FACTORS)}"
                    raise ValueError(msg)
        return self
