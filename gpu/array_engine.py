# SPDX-License-Identifier: Apache-2.0
"""The array engine: the monthly engine of `models` on NumPy or CuPy arrays.

What does not belong here: what it computes (`gpu.numpy_engine`), when it is chosen
(`gpu.engines`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.asked_rows import count_ids, count_points
from gpu.backend import DeviceLostError, is_device_loss
from gpu.numpy_engine import score_each
from gpu.sampling.scenarios import sampled_paths
from gpu.scoring.chunks import chunk_rows
from gpu.scoring.scored_parts import joined, on_host
from models.clients import count_client_slots
from models.errors import BackendError
from models.market import Shocks, simulate
from models.market_parameters import FACTORS
from models.path_changes import repeated, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gpu.backend import ArrayModule, Backend
    from gpu.numpy_engine import Scored
    from gpu.sampling.rule import DrawRule
    from models.arrays import FloatArray, IntArray
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.study import Study

__all__ = ["ArrayEngine"]

DEVICE_BLOCKS: Final = 16
"""Blocks that fill a device; a single one leaves most of it idle. [unitless]"""


class ArrayEngine:
    """The array engine on NumPy or CuPy: simulates once, values every plan.

    Parameters
    ----------
    place : Backend
        Array module.
    study : Study
        Study of the plans.
    plans : sequence of Plan
        Plans to score on the same scenarios.
    baseline : Plan or None
        Business as usual; valued once for all plans.
    rule : DrawRule or int
        Rule of the draws; a seed for plain ones. [unitless]
    rows_at_once : int or None
        Scenarios in work arrays at once; None for what suits memory. [unitless]
    has_sites : bool
        Whether sites are valued as projects, with NPV and IRR of their own.
    """

    def __init__(
        self,
        place: Backend,
        study: Study,
        plans: Sequence[Plan],
        baseline: Plan | None,
        rule: DrawRule | int,
        *,
        rows_at_once: int | None = None,
        has_sites: bool = True,
    ) -> None:
        self.name: str = place.name
        self.reason = place.reason
        # NumPy on arrays of this size holds the interpreter or fills the memory bus:
        # two threads scored no more than one, and CuPy queues on one stream anyway.
        self.n_workers = 1
        self.blocks_per_call = 1 if place.xp is np else DEVICE_BLOCKS
        self.rows_at_once = rows_at_once or chunk_rows(study, place.xp)
        self._xp: ArrayModule = place.xp
        self._study, self._plans, self._baseline = study, tuple(plans), baseline
        self._rule, self._has_sites = rule, has_sites

    def score(self, ids: IntArray) -> tuple[Scored, ...]:
        """Return the scores of each plan in sampled scenarios, on the host.

        Parameters
        ----------
        ids : ndarray of int of shape (n,)
            Numbers of the scenarios. [unitless]

        Raises
        ------
        ValueError
            If there is no scenario, or a number is out of range.
        """
        return self._in_pieces(
            count_ids(ids),
            lambda piece: sampled_paths(
                self._study, self._rule, ids[piece], xp=self._xp
            ),
        )

    def score_grid(self, multipliers: dict[str, FloatArray]) -> tuple[Scored, ...]:
        """Return the scores of each plan at multiples of the base path.

        Parameters
        ----------
        multipliers : dict of str to ndarray of shape (n,)
            Of `models.path_changes.MULTIPLIERS`, at least one. [ratio]

        Raises
        ------
        ValueError
            If there is no factor, a name is unknown or a factor cannot be applied.
        """
        n_rows = count_points(multipliers)
        base = _base_path(self._study, self._xp)

        def paths_of(piece: slice) -> MarketPaths:
            own = {name: values[piece] for name, values in multipliers.items()}
            many = repeated(base, len(next(iter(own.values()))))
            return scaled(self._study, many, own)

        return self._in_pieces(n_rows, paths_of)

    def score_base(self) -> tuple[Scored, ...]:
        """Return the scores of each plan on the base path, one row."""
        return self._in_pieces(1, lambda _: _base_path(self._study, self._xp))

    def _in_pieces(
        self, n_rows: int, paths_of: Callable[[slice], MarketPaths]
    ) -> tuple[Scored, ...]:
        """Score rows in pieces that fit memory; halve the pieces where they do not."""
        pieces: list[tuple[Scored, ...]] = []
        start = 0
        while start < n_rows:
            size = self.rows_at_once
            piece = slice(start, min(start + size, n_rows))
            try:
                found = score_each(
                    self._study,
                    self._plans,
                    paths_of(piece),
                    baseline=self._baseline,
                    has_sites=self._has_sites,
                )
                pieces.append(on_host(found))
            except MemoryError as error:
                # CuPy's out-of-memory error is a MemoryError too.
                self.rows_at_once = self._smaller(size, error)
                continue
            except Exception as error:
                if is_device_loss(error):
                    raise DeviceLostError.of(error) from error
                raise
            start = piece.stop
        return joined(pieces)

    def _smaller(self, rows: int, error: MemoryError) -> int:
        if rows == 1:
            msg = (
                f"{self.name}: memory does not suffice for one scenario of "
                f"{self._study.time.months} months. Free memory and run again."
            )
            raise BackendError(msg) from error
        return max(rows // 2, 1)


def _base_path(study: Study, xp: ArrayModule) -> MarketPaths:
    n_periods, n_sites = study.time.months, len(study.sites)
    shocks = Shocks(
        monthly=xp.zeros((1, len(FACTORS), n_periods)),
        site_power=xp.zeros((1, n_sites, n_periods)),
        site_build=xp.zeros((1, n_sites, 2)),
        client_fate=xp.full((1, n_sites, count_client_slots(study)), xp.inf),
        within_month=xp.zeros((1, 2, n_periods)),
    )
    return simulate(study, shocks)
