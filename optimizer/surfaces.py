# SPDX-License-Identifier: Apache-2.0
"""Which line of business earns most per MW where: margins over four prices.

The prices are BTC price, network hashrate, power price and GPU rent, as multiples of
the base path. Every axis goes in steps of the same ratio, so that BTC price over
network falls on steps too. Mining sees nothing else of the two - the monthly engine
pays a site in USD for its share of the network's output, and machines are priced by
what they earn - so that a line's margin depends on two numbers and not on four, and
every point of the four-dimensional grid is exact: none is interpolated.

What does not belong here: how a margin comes about (`optimizer.report.surfaces_made`),
pictures (`optimizer.report.surfaces`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.capacity import LINES
from models.power import base_price_usd_per_mwh

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.arrays import FloatArray, IntArray
    from models.study import Study

__all__ = [
    "BTC_STEPS",
    "HASH_STEPS",
    "NETWORK_STEPS",
    "POWER_STEPS",
    "RENT_STEPS",
    "STEPS_PER_DOUBLING",
    "LineSurface",
    "SiteSurface",
    "factors",
    "site_surface",
    "surface_columns",
    "surfaces_of",
]

STEPS_PER_DOUBLING: Final = 12
"""A step is 5.9 %. [unitless]"""
BTC_STEPS: Final = range(-18, 25)
NETWORK_STEPS: Final = range(-12, 13)
POWER_STEPS: Final = range(-12, 13)
RENT_STEPS: Final = range(-12, 31)
HASH_STEPS: Final = range(
    BTC_STEPS[0] - NETWORK_STEPS[-1], BTC_STEPS[-1] - NETWORK_STEPS[0] + 1
)
"""BTC price over network hashrate: what a unit of hashrate earns."""
_AXES: Final = (
    ("hash_price_factor", HASH_STEPS),
    ("power_factor", POWER_STEPS),
    ("gpu_rent_factor", RENT_STEPS),
)


def factors(steps: Sequence[int] | range) -> FloatArray:
    """Return the multiples of the base path at some steps, 1 at step 0 [ratio]."""
    return np.exp2(np.array(steps) / STEPS_PER_DOUBLING)


@dataclass(frozen=True, slots=True)
class LineSurface:
    """The best margin of a line at a site.

    Parameters
    ----------
    line : str
        One of `models.capacity.LINES`.
    margin_usd_per_mwh : ndarray of shape (n_hash, n_powers, n_rents)
        Margin at the site's hurdle of the line's best use; an axis that does not matter
        has length 1. [USD/MWh]
    use : ndarray of int of that shape
        Which use that is, among `uses`. [unitless]
    uses : tuple of str
        Uses of power for this line.
    """

    line: str
    margin_usd_per_mwh: FloatArray
    use: IntArray
    uses: tuple[str, ...]

    def at(self, hash_step: Any, power_step: Any, rent_step: Any) -> FloatArray:
        """Return margins at steps, shapes broadcast [USD/MWh]."""
        found: FloatArray = self.margin_usd_per_mwh[
            self._place(hash_step, power_step, rent_step)
        ]
        return found

    def use_at(self, hash_step: int, power_step: int, rent_step: int) -> str:
        """Return the best use at one point."""
        place = self._place(hash_step, power_step, rent_step)
        return self.uses[int(self.use[place])]

    def _place(self, *steps: Any) -> tuple[IntArray, ...]:
        shape = self.margin_usd_per_mwh.shape
        return tuple(
            np.asarray(step) - axis[0] if n > 1 else np.zeros_like(np.asarray(step))
            for step, (_, axis), n in zip(steps, _AXES, shape, strict=True)
        )


@dataclass(frozen=True, slots=True)
class SiteSurface:
    """Margins of every line at a site, and what the axes are worth today.

    Parameters
    ----------
    site, name : str
        Site id; name.
    has_partner : bool
        Whether power is a partner's hosting rate.
    btc_price_usd, network_eh_s, power_usd_per_mwh : float
        In the first month of the base path. [USD/BTC, EH/s, USD/MWh]
    gpu_rents : tuple of (str, float)
        Name and opening rent of GPU families on sale. [USD/(GPU h)]
    lines : tuple of LineSurface
        Lines that the site has a use for, in the order of `LINES`.
    """

    site: str
    name: str
    has_partner: bool
    btc_price_usd: float
    network_eh_s: float
    power_usd_per_mwh: float
    gpu_rents: tuple[tuple[str, float], ...]
    lines: tuple[LineSurface, ...]

    @property
    def n_points(self) -> int:
        """Number of points of the four-dimensional grid."""
        axes = (BTC_STEPS, NETWORK_STEPS, POWER_STEPS, RENT_STEPS)
        return int(np.prod([len(axis) for axis in axes]))

    def margins(self, hash_step: Any, power_step: Any, rent_step: Any) -> FloatArray:
        """Return the margin of each of `lines` at steps that broadcast.

        Returns
        -------
        ndarray of shape (n_lines, ...)
            Margins. [USD/MWh]
        """
        steps = np.broadcast_arrays(hash_step, power_step, rent_step)
        return np.stack([line.at(*steps) for line in self.lines])

    def btc_by_network(self, power_step: int = 0, rent_step: int = 0) -> FloatArray:
        """Return margins over BTC price and network at one power price and rent.

        Returns
        -------
        ndarray of shape (n_lines, n_networks, n_btc_prices)
            Margins. [USD/MWh]
        """
        ratio = np.array(BTC_STEPS)[None, :] - np.array(NETWORK_STEPS)[:, None]
        return self.margins(ratio, power_step, rent_step)

    def rent_by_power(self, hash_step: int = 0) -> FloatArray:
        """Return margins over power price and GPU rent at one BTC price over network.

        Returns
        -------
        ndarray of shape (n_lines, n_rents, n_powers)
            Margins. [USD/MWh]
        """
        powers, rents = np.array(POWER_STEPS), np.array(RENT_STEPS)
        return self.margins(hash_step, powers[None, :], rents[:, None])

    def wins_frac(self) -> dict[str, tuple[float, float]]:
        """Return in which share of all points each line is best, and above the hurdle.

        Returns
        -------
        dict of str to tuple of float
            By line, over BTC price x network x power x rent. [share 0-1]
        """
        ratios = np.array(HASH_STEPS)
        pairs = np.array(BTC_STEPS)[None, :] - np.array(NETWORK_STEPS)[:, None]
        weights = np.array([(pairs == ratio).sum() for ratio in ratios]) / pairs.size
        margins = self.margins(
            ratios[:, None, None],
            np.array(POWER_STEPS)[None, :, None],
            np.array(RENT_STEPS)[None, None, :],
        )
        best, top = margins.argmax(axis=0), margins.max(axis=0)
        return {
            line.line: (
                float((best == place).mean(axis=(1, 2)) @ weights),
                float(((best == place) & (top > 0.0)).mean(axis=(1, 2)) @ weights),
            )
            for place, line in enumerate(self.lines)
        }


def site_surface(
    study: Study, site_id: str, lines: Sequence[LineSurface]
) -> SiteSurface:
    """Return the surface of a site from those of its lines."""
    site = study.sites[study.site_index(site_id)]
    return SiteSurface(
        site=site.id,
        name=site.name,
        has_partner=site.partner is not None,
        btc_price_usd=study.market.btc_price_usd,
        network_eh_s=study.market.network_eh_s,
        power_usd_per_mwh=float(base_price_usd_per_mwh(site, "flexible", 1)[0]),
        gpu_rents=tuple(
            (gpu.name, gpu.rent_usd_per_gpu_h) for gpu in study.gpus if gpu.is_orderable
        ),
        lines=tuple(sorted(lines, key=lambda one: LINES.index(one.line))),
    )


def surface_columns(surfaces: Sequence[SiteSurface]) -> dict[str, Any]:
    """Return one row per site, line and point that matters to the line.

    Returns
    -------
    dict of str to sequence
        ``site``, ``line``, ``use``, multiples of the base path (NaN where one does not
        matter to the line) [ratio] and ``margin_usd_per_mwh`` [USD/MWh].
    """
    parts: dict[str, list[Any]] = {"site": [], "line": [], "use": []}
    parts |= {name: [] for name, _ in _AXES} | {"margin_usd_per_mwh": []}
    for surface in surfaces:
        for line in surface.lines:
            shape = line.margin_usd_per_mwh.shape
            axes = [
                factors(axis) if n > 1 else np.array([np.nan])
                for (_, axis), n in zip(_AXES, shape, strict=True)
            ]
            grids = np.meshgrid(*axes, indexing="ij")
            n_rows = line.use.size
            parts["site"] += [surface.site] * n_rows
            parts["line"] += [line.line] * n_rows
            parts["use"] += [line.uses[k] for k in line.use.ravel()]
            for (name, _), grid in zip(_AXES, grids, strict=True):
                parts[name].append(grid.ravel())
            parts["margin_usd_per_mwh"].append(line.margin_usd_per_mwh.ravel())
    joined = (*(name for name, _ in _AXES), "margin_usd_per_mwh")
    return parts | {name: np.concatenate(parts[name]) for name in joined}


def surfaces_of(study: Study, columns: Mapping[str, Any]) -> tuple[SiteSurface, ...]:
    """Return the surfaces that `surface_columns` has written.

    Parameters
    ----------
    study : Study
        Study of the run.
    columns : mapping of str to sequence
        Columns as read back, rows in their order. [mixed]

    Raises
    ------
    ValueError
        If the rows of a line do not fill its grid: the table is of another program.
    """
    sites = np.asarray(columns["site"])
    lines = np.asarray(columns["line"])
    found = []
    for site in study.sites:
        own = [
            _line(line, columns, np.flatnonzero((sites == site.id) & (lines == line)))
            for line in LINES
            if ((sites == site.id) & (lines == line)).any()
        ]
        if own:
            found.append(site_surface(study, site.id, own))
    return tuple(found)


def _line(line: str, columns: Mapping[str, Any], rows: IntArray) -> LineSurface:
    shape = []
    for name, axis in _AXES:
        given = np.asarray(columns[name], dtype=np.float64)[rows]
        shape.append(1 if np.isnan(given).all() else len(axis))
    names = [str(name) for name in np.asarray(columns["use"])[rows]]
    uses = tuple(dict.fromkeys(names))
    places = {name: place for place, name in enumerate(uses)}
    margin = np.asarray(columns["margin_usd_per_mwh"], dtype=np.float64)[rows]
    return LineSurface(
        line,
        margin.reshape(shape),
        np.array([places[name] for name in names], dtype=np.int64).reshape(shape),
        uses,
    )
