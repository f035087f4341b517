# SPDX-License-Identifier: Apache-2.0
"""The loops of `gpu.statistics.describe_cpu`, compiled.

Arrays are flat, those worked on are given; weights are an array of no length where
there are none. What does not
belong here: what is counted and why (`gpu.statistics.describe`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from gpu.kernel.compiled import Doubles, Integers, device, entry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "count",
    "count_months",
    "count_pair",
    "flag_months",
    "moments",
]

# Compiled in: the cache of compiled functions looks at this file alone.
LANES: Final = 64
LOWS: Final = 64
HIGHS: Final = 128
COUNTS: Final = 192
WORK: Final = 256
"""Length of the work array: lanes of sums, extremes and counts. [unitless]"""
_INF: Final = math.inf
_SIZE: Final = 2**63 - 1
_INFINITE: Final = 2047 << 52


@device
def _add_up(lanes: Doubles) -> float:
    """Add the upper half of the lanes to the lower until one is left."""
    half = LANES // 2
    while half >= 1:
        for lane in range(half):
            lanes[lane] = lanes[lane] + lanes[lane + half]
        half = half // 2
    return float(lanes[0])


@device
def _first_known(values: Doubles, offset: int, n: int) -> int:
    place = 0
    while place < n and values[offset + place] != values[offset + place]:
        place += 1
    return place


@device
def _gather(values: Doubles, offset: int, n: int, start: float, work: Doubles) -> None:
    """Add up, by lanes, gaps to one outcome, extremes and counts."""
    for lane in range(LANES):
        work[lane] = 0.0
        work[LOWS + lane] = _INF
        work[HIGHS + lane] = -_INF
        work[COUNTS + lane] = 0.0
    n_whole = n - n % LANES
    for first in range(offset, offset + n_whole, LANES):
        for lane in range(LANES):
            value = values[first + lane]
            low, high = work[LOWS + lane], work[HIGHS + lane]
            work[lane] += value - start if value == value else 0.0
            work[COUNTS + lane] += 1.0 if value == value else 0.0
            work[LOWS + lane] = value if value < low else low
            work[HIGHS + lane] = value if value > high else high
    for lane in range(n - n_whole):
        value = values[offset + n_whole + lane]
        low, high = work[LOWS + lane], work[HIGHS + lane]
        work[lane] += value - start if value == value else 0.0
        work[COUNTS + lane] += 1.0 if value == value else 0.0
        work[LOWS + lane] = value if value < low else low
        work[HIGHS + lane] = value if value > high else high


@entry
def moments(
    values: Doubles,
    n: int,
    units: Integers,
    work: Doubles,
    found: Doubles,
    whole: Integers,
) -> None:
    """Write each column's mean, squares, extremes and squared weights; two counts."""
    for column in range(len(values) // n):
        offset, at, whole_at = column * n, 5 * column, 2 * column
        found[at] = 0.0
        found[at + 1] = 0.0
        found[at + 2] = _INF
        found[at + 3] = -_INF
        found[at + 4] = 0.0
        whole[whole_at] = 0
        whole[whole_at + 1] = 0
        place = _first_known(values, offset, n)
        if place == n:
            continue
        start = values[offset + place]
        _gather(values, offset, n, start, work)
        for lane in range(LANES):
            whole[whole_at] += int(work[COUNTS + lane])
            found[at + 2] = min(found[at + 2], work[LOWS + lane])
            found[at + 3] = max(found[at + 3], work[HIGHS + lane])
        total = whole[whole_at]
        found[at + 4] = float(total)
        if len(units) > 0:
            _square_units(values, offset, n, units, work)
            found[at + 4] = _add_up(work)
            total = _weighted_gaps(values, offset, n, units, start, work)
        whole[whole_at + 1] = total
        mean = start + _add_up(work) / max(total, 1)
        found[at] = mean
        _squares(values, offset, n, units, mean, work)
        found[at + 1] = _add_up(work)


@device
def _weighted_gaps(
    values: Doubles, offset: int, n: int, units: Integers, start: float, lanes: Doubles
) -> int:
    for lane in range(LANES):
        lanes[lane] = 0.0
    total = 0
    for place in range(n):
        value = values[offset + place]
        if value == value:
            lanes[place % LANES] += (value - start) * float(units[place])
            total += units[place]
    return total


@device
def _square_units(
    values: Doubles, offset: int, n: int, units: Integers, lanes: Doubles
) -> None:
    for lane in range(LANES):
        lanes[lane] = 0.0
    for place in range(n):
        value = values[offset + place]
        if value == value:
            weight = float(units[place])
            lanes[place % LANES] += weight * weight


@device
def _squares(
    values: Doubles, offset: int, n: int, units: Integers, mean: float, lanes: Doubles
) -> None:
    for lane in range(LANES):
        lanes[lane] = 0.0
    if len(units) > 0:
        for place in range(n):
            value = values[offset + place]
            if value == value:
                gap = value - mean
                lanes[place % LANES] += gap * gap * float(units[place])
        return
    n_whole = n - n % LANES
    for first in range(offset, offset + n_whole, LANES):
        for lane in range(LANES):
            value = values[first + lane]
            gap = value - mean if value == value else 0.0
            lanes[lane] += gap * gap
    for lane in range(n - n_whole):
        value = values[offset + n_whole + lane]
        gap = value - mean if value == value else 0.0
        lanes[lane] += gap * gap


@entry
def count(
    bits: Integers,
    n: int,
    units: Integers,
    windows: Integers,
    remainder_bits: int,
    weight_bits: int,
    cells: Integers,
) -> None:
    """Add columns of outcomes, given by their bits, to pairs of count and remainder.

    A window is four numbers: shift, base key, bins of a side, and the cell of bin 0.
    """
    is_weighted = len(units) > 0
    mask = (1 << remainder_bits) - 1
    for column in range(len(bits) // n):
        shift, base_key = windows[4 * column], windows[4 * column + 1]
        side, zero = windows[4 * column + 2], windows[4 * column + 3]
        below = shift - remainder_bits
        for place in range(n):
            own = bits[column * n + place]
            size = own & _SIZE
            if size > _INFINITE:
                continue
            key = size >> shift
            bin_size = min(max(key - (base_key - 1), 0), side)
            sign = own >> 63
            cell = 2 * ((bin_size ^ sign) - sign + zero)
            part = (size >> below) & mask if key >= base_key else 0
            unit = 1
            if is_weighted:
                unit = units[place]
                part = (part * unit) >> weight_bits
            cells[cell] += unit
            cells[cell + 1] += part


@device
def _place_of(own: int, shift: int, base_key: int, side: int) -> int:
    key = ((own & _SIZE) >> shift) - (base_key - 1)
    key = key if key > 0 else 0
    key = key if key < side else side
    sign = own >> 63
    return (key ^ sign) - sign


@device
def _place_all(
    bits: Integers,
    start: int,
    n_rows: int,
    shift: int,
    base_key: int,
    side: int,
    places: NDArray[np.int16],
) -> None:
    for row in range(n_rows):
        places[row] = _place_of(bits[start + row], shift, base_key, side)


@device
def _range_of(values: Doubles, start: int, n_rows: int, work: Doubles) -> None:
    for lane in range(LANES):
        work[LOWS + lane] = _INF
        work[HIGHS + lane] = -_INF
    n_whole = n_rows - n_rows % LANES
    for first in range(start, start + n_whole, LANES):
        for lane in range(LANES):
            value = values[first + lane]
            least, most = work[LOWS + lane], work[HIGHS + lane]
            work[LOWS + lane] = value if value < least else least
            work[HIGHS + lane] = value if value > most else most
    for place in range(start + n_whole, start + n_rows):
        work[LOWS] = min(work[LOWS], values[place])
        work[HIGHS] = max(work[HIGHS], values[place])
    for lane in range(1, LANES):
        work[LOWS] = min(work[LOWS], work[LOWS + lane])
        work[HIGHS] = max(work[HIGHS], work[HIGHS + lane])


@entry
def count_months(
    values: Doubles,
    bits: Integers,
    units: Integers,
    shift: int,
    base_key: int,
    side: int,
    first: int,
    cells: Integers,
    low: Doubles,
    high: Doubles,
    is_counted: NDArray[np.uint8],
    places: NDArray[np.int16],
    work: Doubles,
) -> None:
    """Add outcomes, month after month, to counts where they fit the cells."""
    n_periods = len(low)
    n_rows = len(values) // n_periods
    n_bins = len(cells) // n_periods
    for period in range(n_periods):
        if is_counted[period]:
            continue
        _range_of(values, period * n_rows, n_rows, work)
        _place_all(bits, period * n_rows, n_rows, shift, base_key, side, places)
        low[period] = work[LOWS] + 0.0
        high[period] = work[HIGHS] + 0.0
        least, most = places[0], places[0]
        for row in range(n_rows):
            own = places[row]
            least = own if own < least else least
            most = own if own > most else most
        if least < first or most >= first + n_bins:
            continue
        is_counted[period] = 1
        start = period * n_bins - first
        if len(units) > 0:
            for row in range(n_rows):
                cells[start + places[row]] += units[row]
        else:
            for row in range(n_rows):
                cells[start + places[row]] += 1


@entry
def flag_months(
    flags: NDArray[np.uint8],
    units: Integers,
    has_been: NDArray[np.uint8],
    in_month: Integers,
    by_month: Integers,
) -> None:
    """Write how often flags, month after month, are up and have been up."""
    n_rows = len(has_been)
    for period in range(len(in_month)):
        start = period * n_rows
        n_in, n_by = 0, 0
        if len(units) > 0:
            for row in range(n_rows):
                has_been[row] |= flags[start + row]
                n_in += units[row] * flags[start + row]
                n_by += units[row] * has_been[row]
        else:
            for row in range(n_rows):
                has_been[row] |= flags[start + row]
                n_in += flags[start + row]
                n_by += has_been[row]
        in_month[period] = n_in
        by_month[period] = n_by


@entry
def count_pair(
    x: Integers,
    y: Integers,
    units: Integers,
    x_shift: int,
    x_base_key: int,
    x_side: int,
    y_shift: int,
    y_base_key: int,
    y_side: int,
    cells: Integers,
) -> int:
    """Add pairs of outcomes to counts; return the weight of those with NaN."""
    n_columns = 2 * y_side + 1
    n_missing = 0
    for row in range(len(x)):
        unit = units[row] if len(units) > 0 else 1
        if (x[row] & _SIZE) > _INFINITE or (y[row] & _SIZE) > _INFINITE:
            n_missing += unit
            continue
        x_place = _place_of(x[row], x_shift, x_base_key, x_side) + x_side
        y_place = _place_of(y[row], y_shift, y_base_key, y_side) + y_side
        cells[x_place * n_columns + y_place] += unit
    return n_missing
