# SPDX-License-Identifier: Apache-2.0
"""The workbook of a plan: live formulas that give the engine's figures to the cent.

`build_model` puts the lines together, `write_model` writes them, `write_workbook` does
both for a run folder. What does not belong here: the engine, and the HTML report.
"""

from __future__ import annotations

from optimizer.workbook.folder import WORKBOOK_FILE, stage_workbook, write_workbook
from optimizer.workbook.model import Model, build_model
from optimizer.workbook.write import write_model

__all__ = [
    "WORKBOOK_FILE",
    "Model",
    "build_model",
    "stage_workbook",
    "write_model",
    "write_workbook",
]
