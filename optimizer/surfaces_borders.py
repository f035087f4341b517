# SPDX-License-Identifier: Apache-2.0
"""Lines between the regions of a map: where the two best lines earn the same.

Every cell of the grid is cut into two triangles, on which margins are taken to be
planes; there the borders are straight and meet in points. The cut runs from low to
high on both axes: along it BTC price over network, all that mining sees, stays.

What does not belong here: margins (`optimizer.surfaces`) and drawing.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from models.arrays import FloatArray

__all__ = ["borders", "chained", "hurdle_borders"]

_NUDGE: Final = 1e-9
_DIGITS: Final = 6
_EDGES: Final = ((0, 1), (1, 2), (2, 0))


def borders(margins: FloatArray) -> FloatArray:
    """Return where two lines earn the same and no other earns more.

    Parameters
    ----------
    margins : ndarray of shape (n_lines, n_rows, n_columns)
        Margins of the lines of business on a map. [USD/MWh]

    Returns
    -------
    ndarray of shape (n_segments, 2, 2)
        Both ends of every piece, as places (row, column) on the grid. [unitless]
    """
    found = [np.empty((0, 2, 2))]
    if min(margins.shape[1:]) > 1:
        places, values = _triangles(margins)
        for one, other in combinations(range(len(margins)), 2):
            others = [k for k in range(len(margins)) if k not in (one, other)]
            gap = values[one] - values[other]
            rivals = values[one][None] - values[others]
            found.append(_zero_lines(places, gap, rivals))
    return np.concatenate(found)


def hurdle_borders(margins: FloatArray) -> FloatArray:
    """Return where the best line earns just the hurdle, as `borders` does.

    Parameters
    ----------
    margins : ndarray of shape (n_lines, n_rows, n_columns)
        Margins at the hurdle. [USD/MWh]
    """
    found = [np.empty((0, 2, 2))]
    if min(margins.shape[1:]) > 1:
        places, values = _triangles(margins)
        for one in range(len(margins)):
            others = [k for k in range(len(margins)) if k != one]
            rivals = values[one][None] - values[others]
            found.append(_zero_lines(places, values[one], rivals))
    return np.concatenate(found)


def chained(segments: FloatArray) -> list[FloatArray]:
    """Return pieces put end to end.

    Parameters
    ----------
    segments : ndarray of shape (n_segments, 2, 2)
        Pieces with common ends. [unitless]

    Returns
    -------
    list of ndarray of shape (n_points, 2)
        Lines as long as they can be; where more than two pieces meet, a line goes on
        along one of them. [unitless]
    """
    keys = [[tuple(end) for end in ends] for ends in segments.round(_DIGITS).tolist()]
    at: dict[tuple[float, ...], list[int]] = {}
    for place, (first, last) in enumerate(keys):
        if first != last:
            at.setdefault(first, []).append(place)
            at.setdefault(last, []).append(place)
    free = {place for place, (first, last) in enumerate(keys) if first != last}

    def follow(end: tuple[float, ...]) -> list[tuple[float, ...]]:
        line: list[tuple[float, ...]] = []
        while True:
            place = next((one for one in at[end] if one in free), None)
            if place is None:
                return line
            free.discard(place)
            first, last = keys[place]
            end = last if first == end else first
            line.append(end)

    lines = []
    while free:
        place = min(free)
        free.discard(place)
        first, last = keys[place]
        ahead, behind = follow(last), follow(first)
        lines.append(np.array([*behind[::-1], first, last, *ahead]))
    return lines


def _triangles(margins: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return corners (n, 3, 2) of all triangles, and margins (n_lines, n, 3) there."""
    n_rows, n_columns = margins.shape[1:]
    row, column = (index.ravel() for index in np.mgrid[: n_rows - 1, : n_columns - 1])
    corners = np.concatenate(
        [
            np.stack([[row, column], [row, column + 1], [row + 1, column + 1]]),
            np.stack([[row, column], [row + 1, column], [row + 1, column + 1]]),
        ],
        axis=2,
    ).transpose(2, 0, 1)
    values: FloatArray = margins[:, corners[..., 0], corners[..., 1]]
    return corners.astype(np.float64), values


def _zero_lines(places: FloatArray, gap: FloatArray, rivals: FloatArray) -> FloatArray:
    """Return pieces of the zero line of `gap` (n, 3) on which all rivals are >= 0.

    Parameters
    ----------
    places : ndarray of shape (n, 3, 2)
        Corners of the triangles. [unitless]
    gap : ndarray of shape (n, 3)
        What is zero on the border. [USD/MWh]
    rivals : ndarray of shape (n_rivals, n, 3)
        What must not be negative there. [USD/MWh]

    Returns
    -------
    ndarray of shape (n_segments, 2, 2)
        Ends of the pieces. [unitless]
    """
    gap = np.where(gap == 0.0, _NUDGE, gap)
    is_cut = (gap.min(axis=1) < 0.0) & (gap.max(axis=1) > 0.0)
    places, gap, rivals = places[is_cut], gap[is_cut], rivals[:, is_cut]
    if not len(gap):
        return np.empty((0, 2, 2))
    crossed, ends, leads = [], [], []
    for first, second in _EDGES:
        a, b = gap[:, first], gap[:, second]
        is_crossed = a * b < 0.0
        share = np.where(is_crossed, a / np.where(is_crossed, a - b, 1.0), 0.0)
        crossed.append(is_crossed)
        ends.append(
            places[:, first] + share[:, None] * (places[:, second] - places[:, first])
        )
        leads.append(
            rivals[..., first] + share * (rivals[..., second] - rivals[..., first])
        )
    # Of three edges exactly two are crossed; the one that is not comes last.
    order = np.argsort(~np.stack(crossed), axis=0, kind="stable")[:2]
    at = np.arange(len(gap))
    segment = np.stack(ends)[order, at].transpose(1, 0, 2)
    start, stop = np.stack(leads)[order, :, at].transpose(0, 2, 1)
    return _clipped(segment, start, stop)


def _clipped(segment: FloatArray, start: FloatArray, stop: FloatArray) -> FloatArray:
    """Return the part of each segment on which linear leads are not negative.

    Parameters
    ----------
    segment : ndarray of shape (n, 2, 2)
        Both ends. [unitless]
    start, stop : ndarray of shape (n_rivals, n)
        Leads at either end. [USD/MWh]

    Returns
    -------
    ndarray of shape (m, 2, 2)
        Those of which something is left. [unitless]
    """
    low, high = np.zeros(len(segment)), np.ones(len(segment))
    for here, there in zip(start, stop, strict=True):
        turns = np.where(
            here != there, here / np.where(here != there, here - there, 1.0), 0.0
        )
        low = np.where((here < 0.0) & (there >= 0.0), np.maximum(low, turns), low)
        high = np.where((here >= 0.0) & (there < 0.0), np.minimum(high, turns), high)
        high = np.where((here < 0.0) & (there < 0.0), -1.0, high)
    is_left = high > low
    first, last = segment[is_left, 0], segment[is_left, 1]
    way = last - first
    return np.stack(
        [first + low[is_left, None] * way, first + high[is_left, None] * way], axis=1
    )
