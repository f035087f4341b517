# SPDX-License-Identifier: Apache-2.0
"""What drives the plan of a run, found and written into the run.

What does not belong here: how it is found (`optimizer.drivers`,
`optimizer.report.surfaces_made`), showing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from models.errors import DataError
from optimizer.drivers import DEFAULT_PAIRS, drivers
from optimizer.drivers_files import DRIVERS_FILE, SURFACES_FILE
from optimizer.report.surfaces_made import surfaces
from optimizer.runfolder import RunWriter, open_run
from optimizer.surfaces import surface_columns
from sites.loader import load_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from gpu.engines import EngineName
    from gpu.scoring.workers import Progress
    from optimizer.drivers_result import Drivers
    from optimizer.surfaces import SiteSurface

__all__ = [
    "DRIVERS_KEY",
    "DrivenRun",
    "drivers_run",
    "share_columns",
    "write_drivers",
]

SHARES_FILE: Final = "drivers.parquet"
DRIVERS_KEY: Final = "drivers"
SUMMARY_FILE: Final = "summary.json"


@dataclass(frozen=True, slots=True)
class DrivenRun:
    """What drives a run's plan, and which line wins where.

    Parameters
    ----------
    drivers : Drivers
        Shares of the figures' variance.
    surfaces : tuple of SiteSurface
        Margins of each line over BTC price, network, power and GPU rent.
    """

    drivers: Drivers
    surfaces: tuple[SiteSurface, ...]


def drivers_run(
    folder: Path,
    *,
    n_scenarios: int = DEFAULT_PAIRS,
    seed: int = 1,
    backend: EngineName = "auto",
    progress: Progress | None = None,
    command: str = "wattplan drivers",
) -> DrivenRun:
    """Find what drives the plan of a run and which line wins where; add it to the run.

    Parameters
    ----------
    folder : Path
        Run folder.
    n_scenarios : int
        Pairs of scenarios, see `optimizer.drivers.drivers`. [unitless]
    seed : int
        0 to 2^64 - 1. [unitless]
    backend : {"auto", "numpy", "cpu", "cuda"}
        Engine, see `gpu.engines.make_engine`.
    progress : callable or None
        Called as ``progress(done, total, scenarios_per_s)``.
    command : str
        Command line, for the passport.

    Returns
    -------
    DrivenRun
        As written to ``drivers.json``, ``drivers.parquet``, ``surfaces.parquet`` and,
        the largest drivers alone, under the key ``drivers`` to ``summary.json``.

    Raises
    ------
    ConfigError
        If an argument is out of range.
    ReportError
        If there is no run, or it cannot be written.
    DataError
        If the run lacks its study or plan.
    """
    run = open_run(folder)
    study, plan = load_bundle(run.file("study.toml")).study, run.plan()
    found = DrivenRun(
        drivers(
            study,
            plan,
            n_scenarios=n_scenarios,
            seed=seed,
            backend=backend,
            progress=progress,
        ),
        surfaces(study, backend=backend),
    )
    summary: object = {}
    if (run.folder / SUMMARY_FILE).is_file():
        summary = run.json(SUMMARY_FILE)
    if not isinstance(summary, dict):
        place = run.folder / SUMMARY_FILE
        msg = f"{place}: must hold a JSON object. Make the run again."
        raise DataError(msg)
    with RunWriter.extend(run.folder, command=command) as writer:
        write_drivers(writer, found, summary=summary)
    return found


def write_drivers(
    writer: RunWriter, found: DrivenRun, *, summary: dict[str, object]
) -> None:
    """Stage the files of what drives a plan.

    Parameters
    ----------
    writer : RunWriter
        Open writer of the run.
    found : DrivenRun
        What drives its plan.
    summary : dict of str to object
        What ``summary.json`` holds besides; it gains the key ``drivers``.
    """
    result = found.drivers
    writer.write_json(DRIVERS_FILE, result)
    writer.write_table(SHARES_FILE, share_columns(result))
    if found.surfaces:
        writer.write_table(SURFACES_FILE, surface_columns(found.surfaces))
    else:
        writer.remove(SURFACES_FILE)
    summary[DRIVERS_KEY] = {
        "seed": result.seed,
        "n_scenarios": result.n_scenarios,
        "backend": result.backend,
        "largest": {
            figure.key: {
                "driver": figure.shares[0].key,
                "first_frac": asdict(figure.shares[0].first_frac),
                "total_frac": asdict(figure.shares[0].total_frac),
            }
            for figure in result.figures
        },
    }
    writer.write_json(SUMMARY_FILE, summary)
    writer.timings_s["drivers"] = result.elapsed_s


def share_columns(result: Drivers) -> dict[str, list[Any]]:
    """Return one row per figure and driver.

    Returns
    -------
    dict of str to list
        Indices with both ends of their 95 % interval [share 0-1], and the figure when
        the driver alone is drawn [unit of the figure].
    """
    rows = [
        {
            "figure": figure.key,
            "unit": figure.unit,
            "driver": share.key,
            "first_order_frac": share.first_frac.value,
            "first_order_low_frac": share.first_frac.low,
            "first_order_high_frac": share.first_frac.high,
            "total_frac": share.total_frac.value,
            "total_low_frac": share.total_frac.low,
            "total_high_frac": share.total_frac.high,
            "base": figure.base,
            "alone_p10": share.alone.p10,
            "alone_p50": share.alone.p50,
            "alone_p90": share.alone.p90,
            "alone_mean": share.alone.mean,
        }
        for figure in result.figures
        for share in figure.shares
    ]
    return {name: [row[name] for row in rows] for name in rows[0]}
