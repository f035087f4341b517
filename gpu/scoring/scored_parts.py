# SPDX-License-Identifier: Apache-2.0
"""Scores of many scenarios brought to the host and joined.

What does not belong here: how they come about (`gpu.engines`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.backend import to_host
from gpu.liquidity import LiquidityRisk
from gpu.numpy_engine import Scored

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["joined", "joined_rows", "on_host"]


def on_host(found: Sequence[Scored]) -> tuple[Scored, ...]:
    """Return scores with every array on the host; one baseline stays one object.

    Parameters
    ----------
    found : sequence of Scored
        One per plan, of the same scenarios.
    """
    usual = found[0].baseline
    risk = None if usual is None else _risk_on_host(usual)
    return tuple(Scored(one.rows, _risk_on_host(one.plan), risk) for one in found)


def _risk_on_host(risk: LiquidityRisk) -> LiquidityRisk:
    return LiquidityRisk(
        {name: to_host(values) for name, values in risk.rows.items()},
        {name: to_host(values) for name, values in risk.events.items()},
        {name: to_host(values) for name, values in risk.levels.items()},
    )


def joined(pieces: Sequence[tuple[Scored, ...]]) -> tuple[Scored, ...]:
    """Return scores of scenarios that follow each other as one.

    Parameters
    ----------
    pieces : sequence of tuple of Scored
        On the host; each tuple has one entry per plan.
    """
    if len(pieces) == 1:
        return pieces[0]
    firsts = [piece[0].baseline for piece in pieces]
    usual = _joined_risk([risk for risk in firsts if risk is not None])
    return tuple(
        Scored(
            joined_rows([one.rows for one in own]),
            _joined_risk([one.plan for one in own]) or own[0].plan,
            usual,
        )
        for own in zip(*pieces, strict=True)
    )


def _joined_risk(parts: list[LiquidityRisk]) -> LiquidityRisk | None:
    if not parts:
        return None
    return LiquidityRisk(
        joined_rows([part.rows for part in parts]),
        joined_rows([part.events for part in parts]),
        joined_rows([part.levels for part in parts]),
    )


def joined_rows(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return columns of rows that follow each other as one.

    Parameters
    ----------
    parts : sequence of dict of str to ndarray of shape (n_rows, ...)
        Columns by name, the same names in each. [mixed]
    """
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
