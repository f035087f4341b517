# SPDX-License-Identifier: Apache-2.0
"""One thing counted again after a solve: what was measured and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Check", "check"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing counted again.

    Parameters
    ----------
    name : str
        What was checked.
    passed : bool
        Whether it holds.
    measured, allowed : float
        Figure and its limit, in `unit`.
    unit : str
        Unit of both.
    """

    name: str
    passed: bool
    measured: float
    allowed: float
    unit: str


def check(name: str, measured: float, allowed: float, unit: str) -> Check:
    """Return a check that passes when the figure is within its limit."""
    return Check(name, bool(measured <= allowed), float(measured), allowed, unit)
