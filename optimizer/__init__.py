# SPDX-License-Identifier: Apache-2.0
"""Deciding, and everything a user touches: model, reports and commands.

The three use cases behind the commands, for notebooks and batch jobs::

    import optimizer, sites

    study = sites.load_study("base")
    result = optimizer.plan(study)
    scores = optimizer.score(study, result.plan, n_scenarios=100_000, seed=1)
    ranking = optimizer.screen(study)

They are imported when first used, so that `wattplan --help` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpu.scoring.score import score
    from optimizer.planning import plan
    from optimizer.screening import screen

__all__ = ["plan", "score", "screen"]

_HOMES = {
    "plan": "optimizer.planning",
    "score": "gpu.scoring.score",
    "screen": "optimizer.screening",
}


def __getattr__(name: str) -> object:
    """Return a use case by name, importing its module when first asked for."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
