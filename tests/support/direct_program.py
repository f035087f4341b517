# SPDX-License-Identifier: Apache-2.0
"""A linear program as it is written down: columns, rows and entries."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_array

from optimizer.milp.compile import Compiled

INF = np.inf


class Program:
    """Columns, rows and entries as they come."""

    def __init__(self) -> None:
        self.lower: list[float] = []
        self.upper: list[float] = []
        self.whole: list[bool] = []
        self.low: list[float] = []
        self.high: list[float] = []
        self.entries: list[tuple[np.ndarray, int, np.ndarray]] = []
        self.single: list[tuple[int, int, float]] = []

    def column(
        self, lower: float = 0.0, upper: float = INF, whole: bool = False
    ) -> int:
        self.lower.append(lower)
        self.upper.append(upper)
        self.whole.append(whole)
        return len(self.lower) - 1

    def columns(self, count: int, lower: float = 0.0, upper: float = INF) -> int:
        first = len(self.lower)
        self.lower += [lower] * count
        self.upper += [upper] * count
        self.whole += [False] * count
        return first

    def row(self, low: float, high: float, *terms: tuple[int, float]) -> int:
        self.low.append(low)
        self.high.append(high)
        row = len(self.low) - 1
        self.single += [(row, column, value) for column, value in terms]
        return row

    def rows(self, count: int, low: float = 0.0, high: float = 0.0) -> int:
        first = len(self.low)
        self.low += [low] * count
        self.high += [high] * count
        return first

    def fill(self, first_row: int, column: int, values: np.ndarray) -> None:
        """Put a series into one column, from a row down."""
        rows = np.arange(first_row, first_row + len(values))
        self.entries.append((rows, column, values))

    def compiled(self, cost: np.ndarray, offset: float) -> Compiled:
        rows = [entry[0] for entry in self.entries]
        data = [entry[2] for entry in self.entries]
        columns = [np.full(len(r), c) for r, c, _ in self.entries]
        triples = np.array(self.single, dtype=np.float64).reshape(-1, 3)
        matrix = csc_array(
            (
                np.concatenate([*data, triples[:, 2]]),
                (
                    np.concatenate([*rows, triples[:, 0].astype(np.int64)]),
                    np.concatenate([*columns, triples[:, 1].astype(np.int64)]),
                ),
            ),
            shape=(len(self.low), len(self.lower)),
        )
        matrix.eliminate_zeros()
        return Compiled(
            matrix=matrix,
            cost=cost,
            offset=offset,
            row_lower=np.array(self.low),
            row_upper=np.array(self.high),
            lower=np.array(self.lower),
            upper=np.array(self.upper),
            is_integer=np.array(self.whole),
            columns=[],
            rows=[],
        )
