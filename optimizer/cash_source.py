# SPDX-License-Identifier: Apache-2.0
"""What the cash questions are asked of: a run's plan, or a study's business as usual.

What does not belong here: the questions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.business_as_usual import business_as_usual
from optimizer.runreader import PASSPORT_FILE, open_run
from sites.loader import load_bundle

if TYPE_CHECKING:
    from models.plan import Plan
    from models.study import Study
    from optimizer.runreader import Run
    from sites.loader import StudyBundle

__all__ = ["CashSource", "open_cash_source"]


@dataclass(frozen=True, slots=True)
class CashSource:
    """A study with its plan.

    Parameters
    ----------
    bundle : StudyBundle
        Study with the origin of its numbers.
    plan : Plan
        Plan.
    run : Run or None
        Run folder it comes from; None for a study.
    """

    bundle: StudyBundle
    plan: Plan
    run: Run | None

    @property
    def study(self) -> Study:
        """The study."""
        return self.bundle.study


def open_cash_source(place: str) -> CashSource:
    """Return the plan of a run folder, or business as usual of a study.

    Parameters
    ----------
    place : str
        Folder of a run, path of a study file, or name of a bundled study.

    Raises
    ------
    ConfigError
        With every fault of the study.
    ReportError
        If a folder holds no run.
    DataError
        If the run lacks its study or plan.
    """
    path = Path(place)
    if path.is_dir() or path.name == PASSPORT_FILE:
        run = open_run(path)
        return CashSource(load_bundle(run.file("study.toml")), run.plan(), run)
    bundle = load_bundle(place)
    return CashSource(bundle, business_as_usual(bundle.study), None)
