# SPDX-License-Identifier: Apache-2.0
"""Quantiles and tail means of outcomes held in memory.

Outcomes are such that higher is better (NPV, IRR, minimum cash), so the tail is the low
end. What does not belong here: statistics merged over chunks
(`gpu.statistics.columns`), the CVaR of the plan's objective (`optimizer.milp`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.backend import get_array_module

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from models.arrays import FloatArray

__all__ = ["cvar", "cvar_of_sorted", "quantile", "weight_inside", "weight_reached"]

# A cumulative share this close to the wanted one has reached it: 0.3 * 10 is 3.
SHARE_TOLERANCE = 1e-12
_LEAST = 5e-324


def cvar(values: ArrayLike, alpha: float, weights: ArrayLike | None = None) -> float:
    """Return the mean of the worst share of the outcomes.

    Parameters
    ----------
    values : array_like of shape (n,)
        Outcomes, higher is better; NumPy or CuPy. [any]
    alpha : float
        Confidence, in [0, 1): the worst ``1 - alpha`` is averaged. [unitless]
    weights : array_like of shape (n,) or None
        Probabilities up to a common factor, >= 0, with a positive sum; None for
        equal ones. [unitless]

    Returns
    -------
    float
        Expected shortfall in the units of the outcomes: the outcome at the edge of
        the tail counts with just the part of its weight that lies inside. The mean
        for alpha = 0. [same as `values`]

    Raises
    ------
    ValueError
        If there are no values, a value is NaN, `alpha` is outside [0, 1), or the
        weights do not fit.

    Notes
    -----
    NaN raises: only the caller knows whether a scenario without a result is bad or
    out of scope. Infinite values are allowed, and -inf in the tail gives -inf.
    """
    if not 0.0 <= alpha < 1.0:
        msg = f"alpha = {alpha} must be in [0, 1): 0.95 averages the worst 5 per cent"
        raise ValueError(msg)
    ordered, weight, xp = _sorted(values, weights)
    return _tail_mean(ordered, weight, (1.0 - alpha) * weight.sum(), xp)


def cvar_of_sorted(ordered: FloatArray, alpha: float) -> float:
    """Return `cvar` of outcomes that are sorted already, to the last bit.

    Parameters
    ----------
    ordered : ndarray of shape (n,)
        Outcomes in rising order, none of them NaN, at least one. [any]
    alpha : float
        Confidence, in [0, 1). [unitless]
    """
    tail = (1.0 - alpha) * float(len(ordered))
    worst = ordered[: int(tail) + 1]
    return _tail_mean(worst, np.ones(len(worst)), tail, np)


def weight_inside(reached: Any, weight: Any, tail: Any, xp: Any = np) -> Any:
    """Return how much of each outcome's weight lies inside the tail.

    The outcome at the edge of the tail counts with a part of its weight: the one
    definition of a tail's mean for rows, bins and groups.

    Parameters
    ----------
    reached : ndarray of shape (..., n)
        Cumulative weights of outcomes in rising order. [unitless]
    weight : ndarray of shape (..., n)
        Their weights. [unitless]
    tail : float or ndarray of shape (..., 1)
        Weight of the tail. [unitless]
    xp : module
        Array module computed on.

    Returns
    -------
    ndarray of shape (..., n)
        0 to the weight. [unitless]
    """
    return xp.clip(tail - (reached - weight), 0.0, weight)


def weight_reached(share: Any, total: Any, xp: Any = np) -> Any:
    """Return the cumulative weight at which a share is reached.

    A quantile is the smallest outcome up to which outcomes weigh so much: the one
    definition for rows, bins and groups.

    Parameters
    ----------
    share : float or ndarray of any shape
        Shares in [0, 1]. [share 0-1]
    total : float or ndarray of a shape that fits
        Weight of all outcomes. [unitless]
    xp : module
        Array module computed on.

    Returns
    -------
    float or ndarray of the shape of both
        Above 0, so that an outcome without weight never is a quantile. [unitless]
    """
    return xp.maximum((share - SHARE_TOLERANCE) * total, _LEAST)


def _tail_mean(ordered: Any, weight: Any, tail: float, xp: Any) -> float:
    inside = weight_inside(xp.cumsum(weight), weight, tail, xp)
    kept = inside > 0.0
    part = inside[kept]
    # Relative to the worst value, so that a large common level costs no digits.
    worst = ordered[0]
    if not bool(xp.isfinite(worst)):
        return float(worst)
    gain = (part * (ordered[kept] - worst)).sum() / part.sum()
    return float(worst + gain)


def quantile(
    values: ArrayLike, q: ArrayLike, weights: ArrayLike | None = None
) -> FloatArray | float:
    """Return the smallest outcome whose cumulative share reaches `q`.

    Parameters
    ----------
    values : array_like of shape (n,)
        Outcomes; NumPy or CuPy. [any]
    q : array_like of shape () or (n_quantiles,)
        Shares in [0, 1]. [unitless]
    weights : array_like of shape (n,) or None
        Probabilities up to a common factor, >= 0, with a positive sum; None for
        equal ones. [unitless]

    Returns
    -------
    float or ndarray of shape (n_quantiles,)
        Always one of the values with positive weight (the inverse of the empirical
        distribution, no interpolation): the minimum for q = 0, the maximum for
        q = 1, and ``quantile(values, 1 - alpha)`` is the edge of the tail that
        `cvar` averages. [same as `values`]

    Raises
    ------
    ValueError
        If there are no values, a value is NaN, a share is outside [0, 1], or the
        weights do not fit.

    Notes
    -----
    A cumulative share within 1e-12 of `q` counts as reached, so that 0.3 of ten equal
    weights is the third value whatever the rounding of 0.3.
    """
    ordered, weight, xp = _sorted(values, weights)
    share = xp.asarray(q, dtype=xp.float64)
    if share.ndim > 1 or not bool(((share >= 0.0) & (share <= 1.0)).all()):
        msg = f"q = {q!r} must be in [0, 1], one number or a list"
        raise ValueError(msg)
    reached = xp.cumsum(weight)
    goal = weight_reached(share, reached[-1], xp)
    place = xp.searchsorted(reached, goal, side="left")
    result: FloatArray = ordered[xp.minimum(place, len(ordered) - 1)]
    return float(result) if share.ndim == 0 else result


def _sorted(values: ArrayLike, weights: ArrayLike | None) -> tuple[Any, Any, Any]:
    """Return values in rising order, their weights and the array module."""
    xp = get_array_module(values)
    array = xp.asarray(values, dtype=xp.float64)
    if array.ndim != 1 or not array.size:
        msg = f"values has shape {array.shape}, expected (n >= 1,)"
        raise ValueError(msg)
    if bool(xp.isnan(array).any()):
        msg = f"values holds {int(xp.isnan(array).sum())} NaN: drop or replace them"
        raise ValueError(msg)
    if weights is None:
        return xp.sort(array), xp.ones(array.shape, dtype=xp.float64), xp
    weight = xp.asarray(weights, dtype=xp.float64)
    if weight.shape != array.shape:
        msg = f"weights has shape {weight.shape}, expected {array.shape}"
        raise ValueError(msg)
    if not bool((xp.isfinite(weight) & (weight >= 0.0)).all()):
        msg = "weights must be finite and >= 0"
        raise ValueError(msg)
    if not bool((weight > 0.0).any()):
        msg = "weights must have a positive sum"
        raise ValueError(msg)
    present = weight > 0.0
    array, weight = array[present], weight[present]
    order = xp.argsort(array)
    # Relative to the largest, so that no sum overflows.
    return array[order], weight[order] / weight.max(), xp
