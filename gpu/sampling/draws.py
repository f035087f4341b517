# SPDX-License-Identifier: Apache-2.0
"""Draws of a rule, group by group, on any array module.

The rules stand in `gpu.sampling.scenarios`. What does not belong here: what the groups
are for, and what a rule does to them, is said in `gpu.sampling.scenarios`; points of
Sobol nets (`gpu.sampling.leading`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.backend import to_host
from gpu.sampling.leading import LEADING_ROWS, leading_draws
from gpu.sampling.philox import normals, uniforms, words
from gpu.sampling.rule import PARTNER_OFFSET
from models.market_parameters import FACTORS

if TYPE_CHECKING:
    from gpu.backend import ArrayModule
    from gpu.sampling.rule import DrawRule
    from models.arrays import FloatArray, IntArray
    from models.market_parameters import Market

__all__ = ["Draws", "checked_ids", "checked_tilt"]

FACTOR_STREAM: Final = 0
WITHIN_MONTH_STREAM: Final = 8
SITE_POWER_STREAM: Final = 16
SITE_BUILD_STREAM: Final = 4096
CLIENT_STREAM: Final = 65536


@dataclass(frozen=True, slots=True)
class _Source:
    """Where draws come from: Philox counters, and which rows are mirrored."""

    seed: int
    counters: IntArray
    is_mirrored: Any
    xp: ArrayModule

    def normals(self, n_periods: int, stream: int) -> FloatArray:
        """Return (n_scenarios, n_periods, 2) normals, negated in mirrored rows."""
        drawn = normals(self.seed, self.counters, n_periods, stream)
        if self.is_mirrored is None:
            return drawn
        mirrored: FloatArray = self.xp.where(
            self.is_mirrored[:, None, None], -drawn, drawn
        )
        return mirrored


class Draws:
    """The draws of some scenarios under a rule, group by group."""

    def __init__(self, rule: DrawRule, scenario_ids: IntArray, xp: ArrayModule) -> None:
        ids = checked_ids(rule, xp.asarray(scenario_ids))
        self.rule, self.xp, self.ids = rule, xp, ids
        self.own = self._source(ids)
        self.partner = self._source(ids + PARTNER_OFFSET) if rule.swapped else self.own

    def _source(self, ids: IntArray) -> _Source:
        if self.rule.method != "antithetic":
            return _Source(self.rule.seed, ids, None, self.xp)
        return _Source(self.rule.seed, ids >> 1, (ids & 1) == 1, self.xp)

    def of(self, group: str) -> _Source:
        """Return the source of a group's draws."""
        return self.partner if group in self.rule.swapped else self.own

    def series(
        self, n_periods: int, first_stream: int, groups: tuple[str, ...]
    ) -> FloatArray:
        """Return (n_scenarios, n_series, n_periods) normals, two series per stream."""
        drawn: FloatArray = self.xp.empty((len(self.ids), len(groups), n_periods))
        for start in range(0, len(groups), 2):
            stream = first_stream + start // 2
            pair = groups[start : start + 2]
            two = {}
            for place, group in enumerate(pair):
                is_swapped = group in self.rule.swapped
                if is_swapped not in two:
                    two[is_swapped] = self.of(group).normals(n_periods, stream)
                drawn[:, start + place] = two[is_swapped][..., place]
        return drawn

    def factors(self, n_periods: int, market: Market | None) -> FloatArray:
        """Return (n_scenarios, n_factors, n_periods) draws of the factors."""
        drawn = self.series(n_periods, FACTOR_STREAM, FACTORS)
        if self.rule.method == "sobol":
            if market is None:
                msg = "method = 'sobol' must have a study: use draw_shocks"
                raise ValueError(msg)
            ids = to_host(self.ids)
            leading = leading_draws(self.rule, ids, market, n_periods)
            for place, row in enumerate(LEADING_ROWS):
                drawn[:, row] = self.xp.asarray(leading[:, place])
        self._tilt(drawn[:, 0])
        return drawn

    def btc_price(self, n_periods: int) -> FloatArray:
        """Return (n_scenarios, n_periods) draws of the first factor alone."""
        drawn = self.series(n_periods, FACTOR_STREAM, FACTORS[:1])[:, 0]
        self._tilt(drawn)
        return drawn

    def _tilt(self, drawn: FloatArray) -> None:
        """Add the tilt to the draws of btc_price where a scenario is tilted."""
        tilt = checked_tilt(self.rule, drawn.shape[1])
        if tilt.size:
            is_tilted = self.ids % self.rule.plain_every != 0
            drawn += is_tilted[:, None] * self.xp.asarray(tilt)

    def site_power(self, n_sites: int, n_periods: int) -> FloatArray:
        """Return (n_scenarios, n_sites, n_periods) draws of the sites' own power."""
        return self.series(n_periods, SITE_POWER_STREAM, ("site_power",) * n_sites)

    def build(self, n_sites: int) -> FloatArray:
        """Return (n_scenarios, n_sites, 2) draws of capex overrun and delay."""
        source = self.of("site_build")
        drawn: FloatArray = self.xp.empty((len(self.ids), n_sites, 2))
        for site in range(n_sites):
            stream = SITE_BUILD_STREAM + site
            if source.is_mirrored is None:
                drawn[:, site] = source.normals(1, stream)[:, 0]
                continue
            two = normals(source.seed, source.counters, 2, stream)
            for column, other in enumerate((-two[:, 0, 0], two[:, 1, 1])):
                drawn[:, site, column] = self.xp.where(
                    source.is_mirrored, other, two[:, 0, column]
                )
        return drawn

    def fates(self, n_sites: int, n_slots: int) -> FloatArray:
        """Return (n_scenarios, n_sites, n_slots) exponential draws with mean 1."""
        source = self.of("client_fate")
        fates: FloatArray = self.xp.empty((len(self.ids), n_sites, n_slots))
        for site in range(n_sites):
            for slot in range(n_slots):
                stream = CLIENT_STREAM * (site + 1) + slot
                pair = normals(source.seed, source.counters, 1, stream)[:, 0]
                fate = 0.5 * (pair * pair).sum(axis=1)
                if source.is_mirrored is not None:
                    u = uniforms(source.seed, source.counters, 0, stream)[:, 0]
                    fate = self.xp.where(
                        source.is_mirrored, -self.xp.log(1.0 - u), fate
                    )
                fates[:, site, slot] = fate
        return fates

    def within_month(self, n_periods: int) -> FloatArray:
        """Return (n_scenarios, 2, n_periods) draws of the month's low and the dip.

        Single words of 32 bits suffice: low and dip reach 22.9 and 6.7.
        """
        xp, source = self.xp, self.of("within_month")
        months = xp.arange(n_periods, dtype=xp.int64)
        drawn = words(
            source.seed, source.counters[:, None], months[None, :], WITHIN_MONTH_STREAM
        )[:3]
        if source.is_mirrored is not None:
            mask = xp.uint64(2**32 - 1)
            other = (mask - drawn[0], mask - drawn[1], drawn[2] + xp.uint64(2**30))
            drawn = [
                xp.where(source.is_mirrored[:, None], there & mask, here)
                for here, there in zip(drawn, other, strict=True)
            ]
        u, v, w = ((word.astype(xp.float64) + 0.5) * 2.0**-32 for word in drawn)
        dip = xp.sqrt(-2.0 * xp.log(v)) * xp.cos((2.0 * math.pi) * w)
        both: FloatArray = xp.stack([-xp.log(u), dip], axis=1)
        return both


def checked_ids(rule: DrawRule, ids: Any) -> IntArray:
    """Return ids in range as int64, on their own array module."""
    most = (PARTNER_OFFSET if rule.swapped else 2 * PARTNER_OFFSET) - 1
    if ids.dtype.kind not in "iu":
        msg = f"scenario_ids has dtype {ids.dtype}, expected whole numbers"
        raise ValueError(msg)
    if ids.size and (int(ids.min()) < 0 or int(ids.max()) > most):
        msg = f"scenario_ids must lie in 0 to {most}"
        raise ValueError(msg)
    checked: IntArray = ids.astype(np.int64)
    return checked


def checked_tilt(rule: DrawRule, n_periods: int) -> FloatArray:
    """Return the tilt by month, empty for none."""
    if rule.tilt and len(rule.tilt) != n_periods:
        msg = f"tilt has {len(rule.tilt)} numbers, must have one per month: {n_periods}"
        raise ValueError(msg)
    return np.array(rule.tilt)
