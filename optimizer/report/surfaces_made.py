# SPDX-License-Identifier: Apache-2.0
"""Margins of every use of a site's power over four prices, by the scoring engine.

A use is one block of power valued alone, as in `optimizer.report.blocks`: the engine of
the run's plan would not do, for its plan fixes which line has which power. Blocks are
scored as so many plans in one pass over the grid. What does not belong here: what the
margins say (`optimizer.surfaces`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.engines import make_engine
from gpu.numpy_engine import site_npv_column
from gpu.scoring.engine_rows import grid_rows
from gpu.scoring.workers import in_order
from models.capacity import LINES
from optimizer.report.blocks import blocks_at, present_mwh
from optimizer.surfaces import (
    HASH_STEPS,
    POWER_STEPS,
    RENT_STEPS,
    LineSurface,
    factors,
    site_surface,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu.engines import EngineName
    from models.arrays import FloatArray
    from models.plan import Plan
    from models.study import Study
    from optimizer.report.blocks import Block
    from optimizer.surfaces import SiteSurface

__all__ = ["surfaces"]

_ROWS: Final = 256
_RENTED: Final = "gpu_leasing"


def surfaces(study: Study, *, backend: EngineName = "auto") -> tuple[SiteSurface, ...]:
    """Return what each line earns per MWh at each site, over four prices.

    Parameters
    ----------
    study : Study
        Study.
    backend : {"auto", "numpy", "cpu", "cuda"}
        Engine, see `gpu.engines.make_engine`.

    Returns
    -------
    tuple of SiteSurface
        Sites with at least one use of their power; margins at their hurdle rates, as
        `optimizer.report.blocks.margin_usd_per_mwh` has them. [USD/MWh]
    """
    blocks = [block for site in study.sites for block in blocks_at(study, site)]
    margins = _margins(study, blocks, backend)
    found = []
    for site in study.sites:
        own = []
        for line in LINES:
            places = [
                place
                for place, block in enumerate(blocks)
                if (block.site, block.line) == (site.id, line)
            ]
            if places:
                every = np.stack([margins[place] for place in places])
                uses = tuple(blocks[place].label for place in places)
                own.append(
                    LineSurface(line, every.max(axis=0), every.argmax(axis=0), uses)
                )
        if own:
            found.append(site_surface(study, site.id, own))
    return tuple(found)


def _margins(
    study: Study, blocks: Sequence[Block], backend: EngineName
) -> list[FloatArray]:
    """Return the margins of each block over the prices that matter to its line."""
    found: dict[int, FloatArray] = {}
    together: dict[tuple[Plan, bool], list[int]] = {}
    for place, block in enumerate(blocks):
        key = (block.nothing, block.line == _RENTED)
        together.setdefault(key, []).append(place)
    for (nothing, is_rented), places in together.items():
        own = [blocks[place] for place in places]
        for place, margin in zip(
            places, _scored(study, own, nothing, backend, is_rented), strict=True
        ):
            found[place] = margin
    return [found[place] for place in range(len(blocks))]


def _scored(
    study: Study,
    blocks: Sequence[Block],
    nothing: Plan,
    backend: EngineName,
    is_rented: bool,
) -> list[FloatArray]:
    """Return the margins of blocks of one alternative, each (n_hash, n_power, n_rent).

    GPUs see power price and rent, everything else power price and what hashrate earns:
    BTC price over network is moved by the price, with the network as it is.
    """
    first = factors(RENT_STEPS if is_rented else HASH_STEPS)
    powers = factors(POWER_STEPS)
    by_row = {
        "gpu_rent" if is_rented else "btc_price": np.repeat(first, len(powers)),
        "power_price": np.tile(powers, len(first)),
    }
    n_rows = first.size * powers.size
    plans = [block.plan for block in blocks]
    engine = make_engine(backend, study, plans, nothing, 0, n_rows=n_rows)

    def of_rows(start: int) -> list[FloatArray]:
        rows = slice(start, min(start + _ROWS, n_rows))
        own = {name: all_[rows] for name, all_ in by_row.items()}
        return [
            np.asarray(one[site_npv_column(block.site)], dtype=np.float64)
            for one, block in zip(grid_rows(engine, own), blocks, strict=True)
        ]

    parts = list(in_order(of_rows, range(0, n_rows, _ROWS), engine.n_workers))
    shape = (first.size, powers.size)
    found = []
    for place, block in enumerate(blocks):
        value = np.concatenate([part[place] for part in parts]).reshape(shape)
        margin = value / present_mwh(study, block)
        found.append(margin.T[None] if is_rented else margin[:, :, None])
    return found
