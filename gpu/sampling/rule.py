# SPDX-License-Identifier: Apache-2.0
"""The rule by which draws come about: seed, method, tilt, swapped groups.

What the rule does to each draw is said and done in `gpu.sampling.scenarios`; finding a
good tilt and judging an estimate belongs to `gpu.sampling.tilt`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from models.market_parameters import FACTORS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "GROUPS",
    "MAX_SEED",
    "PARTNER_OFFSET",
    "DrawRule",
    "SamplingMethod",
    "as_rule",
    "rule_from_json",
]

SamplingMethod: TypeAlias = Literal["plain", "antithetic", "sobol", "importance"]

GROUPS: Final = (*FACTORS, "site_power", "site_build", "client_fate", "within_month")
"""Groups of draws that can be taken from the partner scenario."""
PARTNER_OFFSET: Final = 2**62
"""The partner of scenario n is scenario n + 2^62."""

MAX_SEED: Final = 2**64 - 1
_MAX_TILT: Final = 4.0
_MAX_PLAIN_EVERY: Final = 4096


@dataclass(frozen=True, slots=True)
class DrawRule:
    """How the draws of a scenario come about, see `gpu.sampling.scenarios`.

    Parameters
    ----------
    seed : int
        0 to 2^64 - 1. [unitless]
    method : {"plain", "antithetic", "sobol", "importance"}
        Independent scenarios; mirrored pairs; scrambled Sobol points for the leading
        factors; tilted scenarios with weights.
    tilt : tuple of float
        With ``importance`` alone: by month, what is added to the draw of ``btc_price``
        in tilted scenarios, -4 to 4. [unitless]
    plain_every : int
        With ``importance`` alone: every scenario whose id this divides is not tilted; a
        power of two from 2 to 4,096. No weight exceeds it. [unitless]
    swapped : tuple of str
        Names of `GROUPS` whose draws come from the partner scenario; kept in the order
        of `GROUPS`.

    Raises
    ------
    ValueError
        If a value is out of range or does not fit the method.
    """

    seed: int
    method: SamplingMethod = "plain"
    tilt: tuple[float, ...] = ()
    plain_every: int = 2
    swapped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or self.seed != int(self.seed):
            msg = f"seed = {self.seed} must be a whole number"
            raise ValueError(msg)
        names = tuple(self.swapped)
        object.__setattr__(self, "seed", int(self.seed))
        object.__setattr__(self, "tilt", tuple(float(shift) for shift in self.tilt))
        self._check()
        kept = tuple(group for group in GROUPS if group in names)
        object.__setattr__(self, "swapped", kept)

    def _check(self) -> None:
        every = self.plain_every
        unknown = [name for name in self.swapped if name not in GROUPS]
        faults = {
            f"seed = {self.seed} must lie in 0 to {MAX_SEED}": not (
                0 <= self.seed <= MAX_SEED
            ),
            f"method = {self.method!r} must be one of {get_args(SamplingMethod)}": (
                self.method not in get_args(SamplingMethod)
            ),
            "tilt must have finite numbers from -4 to 4": not all(
                math.isfinite(shift) and abs(shift) <= _MAX_TILT for shift in self.tilt
            ),
            "tilt must be empty but for importance": bool(self.tilt)
            and self.method != "importance",
            f"plain_every = {every} must be a power of two from 2 to 4096": not (
                2 <= every <= _MAX_PLAIN_EVERY and every & (every - 1) == 0
            ),
            f"swapped has {unknown}, each must be one of {GROUPS}": bool(unknown),
        }
        for msg, is_fault in faults.items():
            if is_fault:
                raise ValueError(msg)

    def as_json(self) -> dict[str, Any]:
        """Return the rule as a dictionary of numbers, texts and lists."""
        fields = asdict(self)
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in fields.items()
        }


def rule_from_json(fields: Mapping[str, Any]) -> DrawRule:
    """Return the rule that `DrawRule.as_json` has written.

    Raises
    ------
    ValueError
        If a value is out of range.
    TypeError
        If a field is missing or unknown.
    """
    given = dict(fields)
    for name in ("tilt", "swapped"):
        given[name] = tuple(given.get(name, ()))
    return DrawRule(**given)


def as_rule(rule_or_seed: DrawRule | int) -> DrawRule:
    """Return a rule; a seed alone stands for plain draws.

    Parameters
    ----------
    rule_or_seed : DrawRule or int
        Rule, or seed from 0 to 2^64 - 1. [unitless]

    Returns
    -------
    DrawRule
        The rule.

    Raises
    ------
    ValueError
        If the seed is out of range.
    """
    if isinstance(rule_or_seed, DrawRule):
        return rule_or_seed
    return DrawRule(rule_or_seed)
