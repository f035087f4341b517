# SPDX-License-Identifier: Apache-2.0
"""What a solve is asked beyond the study: lines allowed, things forced, labels."""

from __future__ import annotations

from dataclasses import dataclass

from models.capacity import LINES

__all__ = ["ModelOptions"]


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Variations of the investment model on one study.

    Parameters
    ----------
    label : str
        Name of the resulting plan.
    lines : tuple of str
        Business lines that may take on anything new.
    filled_line : str or None
        Line whose MW-months are maximised before value (naive plans).
    forced_site : str or None
        Discretionary site that must be built and used, its hurdle set aside.
    forced_line : str or None
        Line that must use power.
        With a forced site too: that line at that site.
    forced_mw_months : float
        MW-months that a forced site or line must use. [MW-months]
    forced_new : bool
        Whether only what is newly taken on counts for a forced line: machines ordered
        and offers accepted, not the opening fleet and contracts.
    forced_phase : str or None
        Power phase of the forced site that must be built and used.
    closed_sites : tuple of str
        Sites where nothing may be built.
    allow_equity : bool
        Whether emergency equity may be raised.
    enforce_hurdles : bool
        Whether discretionary sites must clear their hurdle.
    moves_bought : bool
        Whether machines bought within the horizon may move between sites.
    all_months : bool
        Whether capacity rows stand in every month, also where others imply them; duals
        then tell months apart.
    """

    label: str = "plan"
    lines: tuple[str, ...] = LINES
    filled_line: str | None = None
    forced_site: str | None = None
    forced_line: str | None = None
    forced_mw_months: float = 0.0
    forced_new: bool = False
    forced_phase: str | None = None
    closed_sites: tuple[str, ...] = ()
    allow_equity: bool = True
    enforce_hurdles: bool = True
    moves_bought: bool = True
    all_months: bool = False
