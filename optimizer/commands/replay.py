# SPDX-License-Identifier: Apache-2.0
"""`wattplan score RUN --replay ID`: one future as tables, sentences or JSON.

What does not belong here: the future's figures (`optimizer.replay`).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from optimizer.console import error_console, output_console, print_json, print_table

if TYPE_CHECKING:
    from pathlib import Path

    from optimizer.replay import Replay

__all__ = ["ReplayOption", "show_replay"]

ReplayOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--replay",
        metavar="ID",
        help="Show that one scenario month by month and why it went so; "
        "nothing is scored or written. Seed and sampling are those of the run's scores "
        "unless given.",
    ),
]

_OPTIONS: Final = frozenset({"folder", "seed", "sampling", "replay", "json_output"})
"""What may stand beside ``--replay``."""


def show_replay(
    context: typer.Context, folder: Path, scenario_id: str, *, json_output: bool
) -> None:
    """Replay one scenario of a run and print it.

    Parameters
    ----------
    context : typer.Context
        Says which options were given; those of scoring are faults here.
    folder : Path
        Run folder.
    scenario_id : str
        Number of the scenario.
    json_output : bool
        Print JSON, with every month, instead of tables.

    Raises
    ------
    ConfigError
        With every option that has no meaning for a replay, or a bad id or seed.
    """
    from models.errors import ConfigError, Fault
    from optimizer.replay_folder import replay_run

    def is_given(name: str) -> bool:
        source = context.get_parameter_source(name)
        return source is not None and source.name == "COMMANDLINE"

    faults = [
        Fault(
            f"--{name.replace('_', '-')}",
            "",
            "",
            "has no meaning beside --replay.",
            "Leave one of them out.",
        )
        for name in context.params
        if name not in _OPTIONS and is_given(name)
    ]
    if faults:
        raise ConfigError(faults)
    seed = int(context.params["seed"]) if is_given("seed") else None
    method = context.params["sampling"] if is_given("sampling") else None
    found = replay_run(folder, scenario_id=scenario_id, seed=seed, method=method)
    if json_output:
        print_json({"replay": _as_json(found)})
    else:
        _show(found)


def _as_json(found: Replay) -> dict[str, object]:
    """Return a replay with words for status codes, as tables of rows have them."""
    from models.finance import IRR_STATUS

    body: dict[str, object] = asdict(found)
    for part, scores in (("scores", found.scores), ("base_scores", found.base_scores)):
        if "irr_status" in scores:
            word = IRR_STATUS[int(scores["irr_status"])]
            body[part] = scores | {"irr_status": word}
    return body


def _show(found: Replay) -> None:
    from optimizer.replay_tables import replay_tables

    console = output_console()
    method = found.rule["method"]
    how = "" if method == "plain" else f", {method} draws"
    weight = "" if found.weight == 1.0 else f", weight {found.weight:.3g}"
    console.print(
        f"{found.plan_label}: scenario {found.scenario_id:,}, seed {found.seed}"
        f"{how}{weight}",
        markup=False,
        style="bold",
    )
    for table in replay_tables(found):
        print_table(table.headings, table.rows, title=table.title)
    console.print("Why it went so", style="bold")
    for sentence in found.why:
        console.print(f"- {sentence}", markup=False)
    if found.loan_terms_note:
        console.print(found.loan_terms_note, markup=False)
    if found.doubt:
        error_console().print(found.doubt, markup=False, soft_wrap=True)
