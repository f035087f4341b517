# SPDX-License-Identifier: Apache-2.0
"""The monthly model once more, in JAX: the comparison from outside.

Written as a JAX user would: fp64, `jit`, one `lax.scan` over months on arrays whose
last axis is scenarios, `vmap` over plans, sites and machines as axes, parts that no
plan has left out. Draws are threefry of its own, so that single scenarios differ from
ours; given our shocks it gives our scores. It solves an IRR by a fixed number of Newton
steps and neither counts roots nor settles rows that have several. What does not belong
here: reading of tables (`jax_tables`), figures (`bench_jax`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax
from jax_market import N_FACTORS, market_month, open_market
from jax_plan import plan_horizon, plan_month
from jax_treasury import HUGE, finish_treasury, open_treasury

from gpu.kernel import layout as at

if TYPE_CHECKING:
    from jax_tables import Model

    from models.market import Shocks

__all__ = ["JaxModel"]

jax.config.update("jax_enable_x64", True)

SNAP_USD, SNAP_SHARE = 1e-6, 1e-12
NEWTON_STEPS, WIDEST, MAX_IRR_PER_YEAR = 10, 2.0, 10.0
UNROLL = 12
MONTH_ROWS = (
    "price",
    "start",
    "low_frac",
    "low_usd",
    "dip",
    "btc_per_eh",
    "hashprice",
    "worth",
    "rent",
    "use",
)

Rows = dict[str, Any]


def _log_ratio(flows: Any, t: Any) -> tuple[Any, Any]:
    """Return log(inflows / outflows) discounted at t a month, and its slope."""
    x = jnp.exp(-t)

    def step(carry: Any, flow: Any) -> tuple[Any, None]:
        plus, plus_slope, minus, minus_slope = carry
        plus_slope = plus_slope * x + plus
        minus_slope = minus_slope * x + minus
        plus = plus * x + jnp.maximum(flow, 0.0)
        minus = minus * x - jnp.minimum(flow, 0.0)
        return (plus, plus_slope, minus, minus_slope), None

    zero = jnp.zeros_like(t)
    found, _ = lax.scan(step, (zero,) * 4, flows, reverse=True, unroll=UNROLL)
    plus, plus_slope, minus, minus_slope = found
    ratio = jnp.log(plus) - jnp.log(minus)
    return ratio, x * (minus_slope / minus - plus_slope / plus)


def irr_per_year(flows: Any) -> Any:
    """Return the IRR of flows (n_flows, ...) by Newton in a bracket; NaN if none."""
    n = flows.shape[1:]
    ends = [jnp.full(n, end) for end in (-WIDEST, WIDEST)]
    at_low, at_high = (jnp.sign(_log_ratio(flows, end)[0]) for end in ends)

    def step(_: int, carry: Any) -> Any:
        t, low, high = carry
        ratio, slope = _log_ratio(flows, t)
        is_high = jnp.sign(ratio) == at_high
        high, low = jnp.where(is_high, t, high), jnp.where(is_high, low, t)
        goal = t - ratio / slope
        is_inside = (goal >= low) & (goal <= high)
        return jnp.where(is_inside, goal, 0.5 * (low + high)), low, high

    t, _, _ = lax.fori_loop(0, NEWTON_STEPS, step, (jnp.zeros(n), *ends))
    rate = jnp.minimum(jnp.expm1(12.0 * t), MAX_IRR_PER_YEAR)
    return jnp.where(at_low * at_high < 0.0, rate, jnp.nan)


def _increment(ours: Any, theirs: Any) -> Any:
    more = ours - theirs
    size = jnp.maximum(jnp.abs(ours), jnp.abs(theirs)).max(axis=0, keepdims=True)
    return jnp.where(jnp.abs(more) <= SNAP_USD + SNAP_SHARE * size, 0.0, more)


def _returns(flows: Any) -> Any:
    """Return the IRR, without work where nothing flows at all."""
    none = jnp.full(flows.shape[1:], jnp.nan)
    return lax.cond((flows != 0.0).any(), irr_per_year, lambda _: none, flows)


def payback_months(flows: Any) -> Any:
    """Return when the money put in has come back, NaN if never."""
    n = flows.shape[1]

    def step(carry: Any, flow: Any) -> tuple[Any, None]:
        balance, size, was_out, back, period = carry
        balance, size, period = balance + flow, size + jnp.abs(flow), period + 1.0
        slack = SNAP_USD + SNAP_SHARE * size
        was_out = was_out | (balance < -slack)
        is_back = was_out & (balance >= -slack)
        back = jnp.minimum(back, jnp.where(is_back, period, HUGE))
        return (balance, size, was_out, back, period), None

    zero = jnp.zeros(n)
    begin = (zero, zero, zero > 0.0, jnp.full(n, HUGE), 0.0)
    found, _ = lax.scan(step, begin, flows, unroll=UNROLL)
    _, _, was_out, back, _ = found
    return jnp.where(was_out, jnp.where(back >= HUGE, jnp.nan, back), 0.0)


class JaxModel:
    """Compiled functions of a study, a baseline and plans.

    Parameters
    ----------
    model : Model
        What `jax_tables.read_tables` found.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._tables = jax.tree.map(jnp.asarray, (model.plans, model.once))
        self._given = jax.jit(self._score_given)
        self._drawn = jax.jit(self._score_drawn, static_argnums=1)
        self._spread = jax.pmap(
            self._score_drawn,
            in_axes=(0, None, None, None),
            static_broadcasted_argnums=1,
        )

    def score(self, key: Any, n_scenarios: int) -> Rows:
        """Return columns (n_plans, n) and months (n_periods, n_plans, n) of draws.

        Parameters
        ----------
        key : jax key
            Key of the draws.
        n_scenarios : int
            How many. [unitless]
        """
        return self._drawn(key, n_scenarios, *self._tables)

    def score_on_devices(self, keys: Any, n_scenarios: int) -> Rows:
        """Return the same on several devices, one key each, a device axis in front.

        Parameters
        ----------
        keys : jax keys of shape (n_devices,)
            Keys of the draws.
        n_scenarios : int
            How many on each device. [unitless]
        """
        return self._spread(keys, n_scenarios, *self._tables)

    def score_shocks(self, shocks: Shocks, fates: Any) -> Rows:
        """Return the same for draws that are given.

        Parameters
        ----------
        shocks : Shocks
            Draws.
        fates : ndarray of shape (n_fates, n)
            Fates of the clients who can default, in the tables' order. [ratio]
        """
        months = {
            "z": shocks.monthly.transpose(2, 1, 0),
            "site_power": shocks.site_power.transpose(2, 1, 0),
            "low": shocks.within_month[:, 0].T,
            "dip": shocks.within_month[:, 1].T,
        }
        build = shocks.site_build[:, :, 0].T
        return self._given(months, build, fates, *self._tables)

    def _score_given(
        self, months: Rows, build: Any, fates: Any, plans: Rows, once: Rows
    ) -> Rows:
        n = months["low"].shape[1]
        return self._score(n, build, fates, plans, once, lambda t: _at(months, t))

    def _score_drawn(self, key: Any, n: int, plans: Rows, once: Rows) -> Rows:
        first, later = jax.random.split(key)
        build_key, fate_key = jax.random.split(first)
        build = jax.random.normal(build_key, (self.model.n_sites, n))
        fates = jax.random.exponential(fate_key, (self.model.n_fates, n))
        keys = jax.random.split(later, self.model.n_periods)
        n_sites = self.model.n_sites

        def draws(t: Any) -> Rows:
            normal_key, low_key = jax.random.split(keys[t])
            normals = jax.random.normal(normal_key, (N_FACTORS + n_sites + 1, n))
            return {
                "z": normals[:N_FACTORS],
                "site_power": normals[N_FACTORS:-1],
                "dip": normals[-1],
                "low": jax.random.exponential(low_key, (n,)),
            }

        return self._score(n, build, fates, plans, once, draws)

    def _score(
        self, n: int, build: Any, fates: Any, plans: Rows, once: Rows, draws: Any
    ) -> Rows:
        model = self.model
        capex = jnp.exp(model.constants["market"][at.OVERRUN] * build)
        ends = jnp.full((model.n_plans, 1, n), jnp.inf)
        if model.n_fates and "contract_fate" in once:
            ends = fates[once["contract_fate"]] * once["contract_mean"]
        elif model.n_fates:
            ends = fates[:1] * once["contract_mean"]
        over_plans = jax.vmap(self._plan_month, in_axes=(0, 0, 0, 0, None, None))

        def step(carry: Any, given: Any) -> Any:
            t, by, rows = given
            market, state, _ = carry
            market, month = market_month(model, market, draws(t), by)
            month["capex"] = capex
            state, seen = over_plans(state, rows, once, ends, month, by)
            return (market, state, month), self._kept(seen)

        market = open_market(model.constants["market"], model.n_sites, n)
        last = {"capex": capex, "power": market["power"]}
        last |= {name: jnp.zeros(n) for name in MONTH_ROWS}
        state = open_treasury(model, n)
        xs = (jnp.arange(model.n_periods), model.months, plans)
        (_, state, month), seen = lax.scan(step, (market, state, last), xs)
        return self._finish(state, once, ends, month, seen)

    def _plan_month(
        self, state: Rows, rows: Rows, once: Rows, ends: Any, month: Rows, by: Rows
    ) -> Any:
        return plan_month(self.model, state, rows, once, ends, month, by)

    def _kept(self, seen: Rows) -> Rows:
        """Return what later steps need of a month: flows, levels and events."""
        sites = sorted({site for own in self.model.projects for site in own})
        kept = {f"site_{site}": seen["sites"][:, site] for site in sites}
        return kept | {name: seen[name] for name in seen if name != "sites"}

    def _finish(
        self, state: Rows, once: Rows, ends: Any, month: Rows, seen: Rows
    ) -> Rows:
        model, constants = self.model, self.model.constants

        def horizon(*given: Any) -> Any:
            return plan_horizon(model, *given, month)

        more, more_sites = jax.vmap(horizon)(state, once, ends)
        found = finish_treasury(model, state)
        company = seen["company"].at[-1].add(more)
        opening = constants["company"][at.CASH_OPENING]
        factors = jnp.asarray(constants["discount"][1:])
        found["npv_usd"] = opening + jnp.tensordot(factors, company, 1)
        every = self._series(company, more_sites, seen)
        together = jnp.stack(list(every.values()), axis=1)
        rates = dict(zip(every, _returns(together), strict=True))
        for name, flows in every.items():
            plan, site = name
            if site is None:
                found[f"incremental_npv_usd_{plan}"] = factors @ flows
                found[f"irr_per_year_{plan}"] = rates[name]
                found[f"payback_months_{plan}"] = payback_months(flows)
            else:
                hurdle = jnp.asarray(constants["hurdles"][site][1:])
                found[f"site_npv_usd_{plan}_{site}"] = hurdle @ flows
                found[f"site_irr_per_year_{plan}_{site}"] = rates[name]
        months = ("ltv", "distance", "called", "seized")
        return found | {name: seen[name] for name in months if name in seen}

    def _series(
        self, company: Any, more_sites: Any, seen: Rows
    ) -> dict[tuple[int, int | None], Any]:
        """Return increments over the baseline by plan and site, None the company."""
        found: dict[tuple[int, int | None], Any] = {}
        for plan, sites in enumerate(self.model.projects, start=1):
            found[plan, None] = _increment(company[:, plan], company[:, 0])
            for site in sites:
                own = seen[f"site_{site}"].at[-1].add(more_sites[:, site])
                found[plan, site] = _increment(own[:, plan], own[:, 0])
        return found


def _at(months: Rows, t: Any) -> Rows:
    return {
        name: lax.dynamic_index_in_dim(v, t, 0, False) for name, v in months.items()
    }
