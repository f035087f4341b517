# SPDX-License-Identifier: Apache-2.0
"""`wattplan runs`: list, show, compare and remove run folders.

The questions themselves stand in `optimizer.runs`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimizer.commands.options import JsonOption, RunsFolderOption
from optimizer.console import (
    error_console,
    print_json,
    print_pairs,
    print_table,
)

if TYPE_CHECKING:
    from optimizer.passport import Passport

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)

RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="Folder, name or id of a run.")
]


@app.command(
    "list",
    help="List the runs in a folder.",
    epilog="Example: [bold]wattplan runs list[/bold]",
)
def list_command(
    *, folder: RunsFolderOption = Path("runs"), json_output: JsonOption = False
) -> None:
    """List the runs in a folder, oldest first."""
    from optimizer.runs import list_runs

    summaries = list_runs(folder)
    if json_output:
        print_json({"runs": summaries})
        return
    if not summaries:
        error_console().print(f"No runs in {folder}.")
        return
    print_table(
        ("run", "kind", "study", "created", "status", "NPV, USD m", "gap, %"),
        [
            (
                summary.folder,
                summary.kind,
                summary.study_id,
                summary.created_utc,
                summary.status if summary.is_readable else "damaged run.json",
                _scaled(summary.npv_usd, 1e-6),
                _scaled(summary.gap_frac, 100.0),
            )
            for summary in summaries
        ],
    )


@app.command(
    "show",
    help="Show a run: key figures, checks, and whether its files are unchanged.",
    epilog="Example: [bold]wattplan runs show runs/base[/bold]",
)
def show_command(
    run: RunName,
    *,
    folder: RunsFolderOption = Path("runs"),
    json_output: JsonOption = False,
) -> None:
    """Show the passport of a run."""
    from optimizer.runs import find_run

    found = find_run(run, folder)
    changed = found.changed_files()
    if json_output:
        print_json(
            {
                "folder": found.folder,
                "passport": found.passport,
                "changed_files": changed,
            }
        )
        return
    _show_passport(found.passport, found.folder)
    if changed:
        error_console().print(f"Changed since the run: {', '.join(changed)}")


def _show_passport(passport: Passport, folder: Path) -> None:
    pairs: dict[str, object] = {
        "folder": folder,
        "run id": passport.run_id,
        "kind": passport.kind,
        "status": passport.status,
        "study": f"{passport.study_id} ({passport.study_title})",
        "created": passport.created_utc,
        "commands": "; ".join(passport.commands),
        "seed": passport.seed,
        "scenarios": passport.scenarios,
        "computed by": f"{passport.backend} on {passport.device}",
        "version": passport.versions.get("wattplan"),
        "inputs": f"{len(passport.inputs)} files, {passport.inputs_sha256[:12]}",
    }
    if passport.solver is not None:
        solver = passport.solver
        pairs["solver"] = solver.status
        pairs["gap"] = None if solver.gap_frac is None else f"{solver.gap_frac:.4%}"
    if passport.left_out:
        pairs["left out"] = "; ".join(passport.left_out)
    print_pairs(pairs)
    if passport.kpis:
        print_table(("key figure", "value"), list(passport.kpis.items()))
    if passport.checks:
        rows = [(check.name, check.is_good, check.text) for check in passport.checks]
        print_table(("check", "good", "finding"), rows)


@app.command(
    "compare",
    help="Compare key figures and inputs of two or more runs.",
    epilog="Example: [bold]wattplan runs compare runs/base runs/other[/bold]",
)
def compare_command(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN RUN...", help="Two or more runs.")
    ],
    *,
    folder: RunsFolderOption = Path("runs"),
    json_output: JsonOption = False,
) -> None:
    """Compare runs; the first is what the others are measured against."""
    from optimizer.runs import compare_runs, find_run

    comparison = compare_runs([find_run(name, folder) for name in runs])
    if json_output:
        print_json(comparison)
        return
    later = [f"change, {label}" for label in comparison.labels[1:]]
    print_table(
        ("key figure", *comparison.labels, *later),
        [(row.key, *row.values, *row.changes) for row in comparison.kpis],
    )
    if comparison.inputs:
        print_table(
            ("input that differs", *comparison.labels),
            [(item.key, *item.values) for item in comparison.inputs],
        )
    elif comparison.has_same_inputs:
        error_console().print("Same inputs.")


@app.command(
    "rm",
    help="Remove runs. Files that a run did not write are left alone.",
    epilog="Example: [bold]wattplan runs rm runs/old --yes[/bold]",
)
def remove_command(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs.")],
    *,
    folder: RunsFolderOption = Path("runs"),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Remove runs after asking."""
    from optimizer.runreader import remove_run
    from optimizer.runs import find_run

    found = [find_run(name, folder) for name in runs]
    if not yes:
        names = ", ".join(str(run.folder) for run in found)
        typer.confirm(f"Remove {names}?", abort=True, err=True)
    report = []
    for run in found:
        left = remove_run(run)
        if not left:
            run.folder.rmdir()
        report.append({"folder": run.folder, "files_left": left})
        if left and not json_output:
            error_console().print(
                f"{run.folder}: {len(left)} files that are not the run's are left."
            )
    if json_output:
        print_json({"removed": report})


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
