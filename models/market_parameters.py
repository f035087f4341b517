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

FACTORS = ("btc_price", "network", "fees", "power", "gpu_rent", "gpu_utilisation")
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
    reference_btc_price_usd: Money = Field(gt=0)
    """Price at which the opening network hashrate would be at rest."""
    network_eh_s: float = Field(gt=0, le=1e6, json_schema_extra={"unit": "EH/s"})
    """Network hashrate just before the first month."""
    block_height: int = Field(ge=840_000, json_schema_extra={"unit": "blocks"})
    """Height at the start of the first month."""
    network_trend_per_year: SignedPerYear
    """Growth of the resting hashrate at constant block reward in USD."""
    network_elasticity: Factor
    """Response of the resting hashrate to the block reward in USD (log on log)."""
    network_half_life_up_months: float = Field(
        gt=0, le=120, json_schema_extra={"unit": "months"}
    )
    network_half_life_down_months: float = Field(
        gt=0, le=120, json_schema_extra={"unit": "months"}
    )
    network_volatility_per_year: PerYear
    fee_share_frac: Factor
    """Fees over subsidy."""
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
