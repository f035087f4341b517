# SPDX-License-Identifier: Apache-2.0
"""`wattplan validate`: every fault of a study at once, or a summary of it.

The checks stand in `sites`, the summary in `optimizer.validation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimizer.commands.options import JsonOption, StudyArgument
from optimizer.console import error_console, print_json, print_pairs, print_table

if TYPE_CHECKING:
    from optimizer.validation import StudySummary

__all__ = ["validate"]

GRADES = {
    "P": "filing or official figure",
    "T": "trade press",
    "V": "vendor",
    "D": "derived",
    "M": "assumption",
    "": "no grade",
}


def validate(study: StudyArgument = "base", *, json_output: JsonOption = False) -> None:
    """Check a study: every fault at once, or a summary."""
    from optimizer.validation import summarize_study

    summary = summarize_study(study)
    if json_output:
        print_json(summary)
    else:
        _show(summary)


def _show(summary: StudySummary) -> None:
    grades = ", ".join(
        f"{GRADES.get(grade, grade)} {count}" for grade, count in summary.grades.items()
    )
    print_pairs(
        {
            "study": f"{summary.id}: {summary.title}",
            "horizon": f"{summary.start_month} to {summary.end_month}, "
            f"{summary.months} months",
            "facts as of": summary.as_of_date,
            "ASIC families": ", ".join(summary.asics),
            "GPU families": ", ".join(summary.gpus),
            "hosting offers": len(summary.hosting_offers),
            "GPU offers": len(summary.gpu_offers),
            "power phases": summary.n_phases,
            "conversions": summary.n_conversions,
            "input numbers": f"{summary.n_inputs:,}, of which "
            f"{summary.assumption_share_frac:.0%} are assumptions",
            "origin": grades,
            "files read": len(summary.files),
        }
    )
    print_table(
        ("site", "status", "contracted MW", "phases MW", "shells MW", "machines"),
        [
            (
                site.id,
                site.status,
                site.contracted_mw,
                site.phases_mw,
                ", ".join(f"{kind} {mw:g}" for kind, mw in site.shell_mw.items()),
                site.opening_units,
            )
            for site in summary.sites
        ],
    )
    console = error_console()
    for warning in summary.warnings:
        console.print(f"Warning: {warning}", style="yellow", markup=False)
    console.print("No faults.", markup=False)
