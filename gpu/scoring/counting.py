# SPDX-License-Identifier: Apache-2.0
"""What goes with an engine: how its scenarios are counted and weighted as quickly.

Beside a compiled engine or a device, NumPy's small steps would take most of the time
and keep threads from each other. What does not belong here: the counting itself
(`gpu.statistics.describe`), the weights (`gpu.sampling.scenarios`).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from gpu.sampling.scenarios import weights
from gpu.statistics.describe import NUMPY

if TYPE_CHECKING:
    from gpu.sampling.rule import DrawRule
    from gpu.statistics.counter import Counter
    from models.arrays import FloatArray, IntArray
    from models.study import Study

__all__ = ["counter_of", "weights_of"]


def counter_of(engine: str) -> Counter:
    """Return how blocks of an engine are counted; every form gives the same bits.

    Parameters
    ----------
    engine : str
        Name of the engine; beside NumPy nothing loads Numba.
    """
    if engine == "numpy":
        return NUMPY
    try:
        counter: Counter = importlib.import_module("gpu.statistics.describe_cpu").CPU
    except ImportError:  # The array engine works on a device without Numba.
        return NUMPY
    return counter


def weights_of(
    engine: str, study: Study, rule: DrawRule, ids: IntArray
) -> FloatArray | None:
    """Return the weights of scenarios; None where the rule gives them none.

    Parameters
    ----------
    engine : str
        Name of the engine, see `counter_of`.
    study : Study
        Study.
    rule : DrawRule
        Rule of the draws.
    ids : ndarray of int of shape (n,)
        Numbers of the scenarios. [unitless]

    Returns
    -------
    ndarray of shape (n,) or None
        Likelihood ratios, with importance sampling. [ratio]
    """
    if rule.method != "importance":
        return None
    if engine != "numpy":
        try:
            compiled = importlib.import_module("gpu.sampling.weights_cpu")
        except ImportError:
            return weights(study, rule, ids)
        found: FloatArray = compiled.weights(study, rule, ids)
        return found
    return weights(study, rule, ids)
