# SPDX-License-Identifier: Apache-2.0
"""The report of a run: one offline HTML file with figures, tables and their sources.

`render_report` makes it from results in memory, `write_report` from a run folder. What
does not belong here: results themselves, and the workbook.
"""

from __future__ import annotations

from optimizer.report.data import ReportData, RunInfo, ScreenedData
from optimizer.report.load import load_report_data
from optimizer.report.render import REPORT_FILE, render_report, write_report
from optimizer.report.scores import Scores

__all__ = [
    "REPORT_FILE",
    "ReportData",
    "RunInfo",
    "Scores",
    "ScreenedData",
    "load_report_data",
    "render_report",
    "write_report",
]
