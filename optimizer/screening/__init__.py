# SPDX-License-Identifier: Apache-2.0
"""Screening: candidate projects, each valued, scored, judged and ranked.

What does not belong here: the best plan of a whole study (`optimizer.planning`).
"""

from __future__ import annotations

from optimizer.screening.result import ProjectResult, ScreenResult
from optimizer.screening.run import screen

__all__ = ["ProjectResult", "ScreenResult", "screen"]
