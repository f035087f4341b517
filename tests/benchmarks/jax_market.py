# SPDX-License-Identifier: Apache-2.0
"""One month of the market in JAX: the equations of `models.market` once more.

The last axis is scenarios. What does not belong here: draws (`jax_model`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp

from gpu.kernel import layout as at

if TYPE_CHECKING:
    from jax_tables import Model

__all__ = ["N_FACTORS", "market_month", "open_market"]

N_FACTORS = 8
BTC, NETWORK, FEES, COMMON_POWER, GPU_RENT, GPU_USE, LASTING, PASSING = range(8)
HALVING_BLOCKS, FIRST_SUBSIDY_BTC, SATOSHI_PER_BTC = 210_000.0, 50.0, 1e8
HASHES_PER_DIFFICULTY, PH_DAY_HASHES = 2.0**32, 8.64e19

Rows = dict[str, Any]


def _correlated(root: Any, z: Any) -> list[Any]:
    """Return correlated factors; zeros of the root cost nothing."""
    return [
        sum(float(root[i, j]) * z[j] for j in range(i + 1) if root[i, j] != 0.0)
        for i in range(N_FACTORS)
    ]


def open_market(m: list[float], n_sites: int, n: int) -> Rows:
    """Return the state of the market before the first month."""
    opening = {
        "variance": m[at.VARIANCE_OPENING],
        "log_total": 0.0,
        "price": m[at.OPENING_PRICE],
        "fee": m[at.FEE_OPENING],
        "log_hashrate": m[at.LOG_NETWORK],
        "network": m[at.OPENING_NETWORK],
        "difficulty": m[at.OPENING_DIFFICULTY],
        "height": m[at.OPENING_HEIGHT],
        "adapted": m[at.ADAPTED_OPENING],
        "reward": m[at.REWARD_OPENING],
        "rent": 0.0,
        "use": 0.0,
    }
    state: Rows = {name: jnp.full(n, value) for name, value in opening.items()}
    return state | {"power": jnp.zeros((n_sites, n))}


def _issued_btc(height: Any) -> Any:
    era = jnp.floor(height / HALVING_BLOCKS)
    share = jnp.exp2(-era)
    whole = 2.0 * HALVING_BLOCKS * FIRST_SUBSIDY_BTC * (1.0 - share)
    return whole + (height - era * HALVING_BLOCKS) * FIRST_SUBSIDY_BTC * share


def _price(m: list[float], state: Rows, z: list[Any], by: Any, draws: Rows) -> Any:
    """Return the state of the price, and what a month of it is."""
    lasting = m[at.VARIANCE_KEEP] * state["variance"]
    lasting = lasting + m[at.VARIANCE_STEP] * z[LASTING]
    deviation = jnp.minimum(
        lasting + m[at.TAIL_SPREAD] * z[PASSING], m[at.MOST_VARIANCE]
    )
    volatility = m[at.VOLATILITY] * jnp.exp(0.5 * deviation - m[at.QUARTER_VARIANCE])
    shock = volatility * z[BTC]
    total = state["log_total"] + shock
    price = m[at.OPENING_PRICE] * jnp.exp(by["market"][at.LOG_DRIFT] + total)
    change = by["drifted"] + shock
    spread = 2.0 * volatility * volatility * draws["low"]
    fall = 0.5 * (change + jnp.sqrt(change * change + spread))
    low = jnp.where(spread > 0.0, jnp.exp(-fall), 1.0)
    cure = by["market"][at.CURE_SHARE]
    dip = jnp.exp(-jnp.abs(draws["dip"]) * volatility * cure)
    moved = {"variance": lasting, "log_total": total, "price": price}
    month = {"price": price, "start": state["price"], "low_frac": low, "dip": dip}
    return moved, month | {"low_usd": price * low}


def _network(m: list[float], state: Rows, z: list[Any], by: Any) -> Any:
    """Return the state of the network, and output and hash price of a month."""
    fee = m[at.FEE_KEEP] * state["fee"] + m[at.FEE_STEP] * z[FEES]
    paid = 1.0 + m[at.FEE_SHARE] * jnp.exp(fee)
    share = jnp.exp2(-jnp.floor(state["height"] / HALVING_BLOCKS))
    satoshi = jnp.floor(FIRST_SUBSIDY_BTC * SATOSHI_PER_BTC * share)
    reward = jnp.log(state["price"] * (satoshi / SATOSHI_PER_BTC) * paid)
    gap = reward - state["adapted"]
    moved = jnp.where(gap > 0.0, m[at.SPEED_UP], m[at.SPEED_DOWN]) * gap
    size = state["log_hashrate"] + by["market"][at.GROWTH] + m[at.SLOWLY] * moved
    size = size + m[at.AT_ONCE] * (reward - state["reward"])
    size = size + m[at.NETWORK_STEP] * z[NETWORK]
    now = jnp.exp(jnp.minimum(size, reward + by["market"][at.BREAK_EVEN]))
    weight = by["market"][at.LAG_WEIGHT]
    wanted = (1.0 - weight) * now + weight * state["network"]
    before, most = state["difficulty"], by["market"][at.RETARGET]
    difficulty = jnp.clip(
        m[at.DIFFICULTY_PER_EH] * wanted, before / most, before * most
    )
    per_hash = 1.0 / (difficulty * HASHES_PER_DIFFICULTY)
    hashes = by["market"][at.HASHES]
    blocks = now * hashes * per_hash
    height = state["height"] + blocks
    subsidy = (_issued_btc(height) - _issued_btc(state["height"])) / blocks
    names = "fee", "log_hashrate", "network", "difficulty", "height", "adapted"
    values = fee, size, now, difficulty, height, state["adapted"] + moved
    after = dict(zip(names, values, strict=True)) | {"reward": reward}
    output = hashes * per_hash * subsidy * paid
    hashprice = PH_DAY_HASHES * per_hash * subsidy * paid
    return after, {"btc_per_eh": output, "hashprice_per_usd": hashprice}


def market_month(model: Model, state: Rows, draws: Rows, by: Any) -> tuple[Rows, Rows]:
    """Return the state of the market after a month, and its prices."""
    m = model.constants["market"]
    z = _correlated(model.constants["root"], draws["z"])
    after, month = _price(m, state, z, by, draws)
    network, found = _network(m, state, z, by)
    rent = m[at.RENT_KEEP] * state["rent"] + m[at.RENT_STEP] * z[GPU_RENT]
    use = m[at.USE_KEEP] * state["use"] + m[at.USE_STEP] * z[GPU_USE]
    shock = m[at.POWER_COMMON] * z[COMMON_POWER] + m[at.POWER_OWN] * draws["site_power"]
    power = m[at.POWER_KEEP] * state["power"] + m[at.POWER_STEP] * shock
    after |= network | {"rent": rent, "use": use, "power": power}
    month |= {
        "btc_per_eh": found["btc_per_eh"],
        "hashprice": found["hashprice_per_usd"] * month["price"],
        "worth": found["btc_per_eh"] * month["price"],
        "rent": jnp.exp(rent),
        "use": jnp.exp(use),
        "power": jnp.exp(power),
    }
    return after, month
