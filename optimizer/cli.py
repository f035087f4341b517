# SPDX-License-Identifier: Apache-2.0
"""The `wattplan` command: lists the commands and turns errors into exit codes.

This is the only module that exits or shows an error. What does not belong here: what a
command does (see `optimizer.commands`).
"""

from __future__ import annotations

import importlib
import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import Abort, TyperException

from models.errors import ConfigError, InfeasibleError, SolverError, WattplanError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMMANDS", "Command", "build_app", "main"]

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Command:
    """One command as the help page shows it.

    Parameters
    ----------
    name : str
        Word after ``wattplan``; also the name of its module and function.
    panel : str
        Group on the help page.
    help : str
        One sentence.
    example : str
        Line that a user can paste.
    is_group : bool
        Whether its module holds a Typer app of sub-commands named ``app``.
    """

    name: str
    panel: str
    help: str
    example: str
    is_group: bool = False

    @property
    def module(self) -> str:
        """Return the dotted name of the module that holds the command."""
        return f"optimizer.commands.{self.name}"


START = "Start here"
DECIDE = "Decide"
TEST = "Test the decision"
LOOK = "Look"

COMMANDS = (
    Command(
        "init",
        START,
        "Write a runnable study and every file it includes into a folder.",
        "wattplan init base --folder my-study",
    ),
    Command(
        "validate",
        START,
        "Check a study: every fault at once, or a summary.",
        "wattplan validate my-study/study.toml",
    ),
    Command(
        "doctor",
        START,
        "Check this installation: versions, solver, backend, folders.",
        "wattplan doctor",
    ),
    Command(
        "schema",
        START,
        "Write the JSON Schema of study files, for editors.",
        "wattplan schema > study.schema.json",
    ),
    Command(
        "plan",
        DECIDE,
        "Find the plan with the highest net present value.",
        "wattplan plan base --out runs/base",
    ),
    Command(
        "explain",
        DECIDE,
        "Say why sites and lines were not chosen, and when they would be.",
        "wattplan explain runs/base",
    ),
    Command(
        "screen",
        DECIDE,
        "Value and rank candidate projects by IRR.",
        "wattplan screen base --out runs/screen",
    ),
    Command(
        "backtest",
        TEST,
        "Compare the mining model with reported production.",
        "wattplan backtest",
    ),
    Command(
        "calibrate",
        TEST,
        "Fit the market model to a price history, tested out of sample.",
        "wattplan calibrate --history FILE.csv --until 2025-11-30",
    ),
    Command(
        "score",
        TEST,
        "Run a plan over sampled market scenarios or a grid.",
        "wattplan score runs/base --scenarios 100000 --seed 1",
    ),
    Command(
        "contest",
        TEST,
        "Hold plans against each other on the same scenarios.",
        "wattplan contest runs/base --naive",
    ),
    Command(
        "stress",
        TEST,
        "Run a plan over named stories, such as a price crash.",
        "wattplan stress runs/base",
    ),
    Command(
        "drivers",
        TEST,
        "Say what drives a plan, and which line of business wins at which prices.",
        "wattplan drivers runs/base --scenarios 16384",
    ),
    Command(
        "cash",
        LOOK,
        "Show cash week by week, of a quarter that has begun, or of a side business.",
        "wattplan cash base --weeks 13",
    ),
    Command(
        "report",
        LOOK,
        "Write the report of a run again, or its workbook.",
        "wattplan report runs/base --xlsx",
    ),
    Command(
        "runs",
        LOOK,
        "List, show, compare and remove runs.",
        "wattplan runs compare runs/base runs/other",
        is_group=True,
    ),
)


def _show_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"wattplan {version('wattplan')}")
        raise typer.Exit


def _root(
    context: typer.Context,
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error.")
    ] = False,
) -> None:
    """Plan what every megawatt should do: mine BTC, host, or lease GPUs."""
    del version, debug  # acted upon in the callback above and in `main`
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def build_app() -> typer.Typer:
    """Return the Typer app with every command."""
    app = typer.Typer(
        name="wattplan",
        add_completion=False,
        invoke_without_command=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Start: [bold]wattplan plan teaching --out runs/teaching[/bold]",
    )
    app.callback()(_root)
    for command in COMMANDS:
        module = importlib.import_module(command.module)
        epilog = f"Example: [bold]{command.example}[/bold]"
        if command.is_group:
            app.add_typer(
                module.app,
                name=command.name,
                help=command.help,
                epilog=epilog,
                rich_help_panel=command.panel,
            )
        else:
            app.command(
                command.name,
                help=command.help,
                epilog=epilog,
                rich_help_panel=command.panel,
            )(getattr(module, command.name))
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after ``wattplan``; those of the process when omitted.

    Returns
    -------
    int
        0 on success, 1 for a fault of the program, 2 for bad input, 3 to 7 as drawn in
        `models.errors`, 130 after an interrupt.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    is_debug = "--debug" in words
    is_json = "--json" in words
    # `--debug` may stand anywhere, also behind the command's name.
    words = [word for word in words if word != "--debug"]
    try:
        result = build_app()(args=words, prog_name="wattplan", standalone_mode=False)
    except (KeyboardInterrupt, Abort):
        result = INTERRUPTED
    except Exception as error:
        if is_debug:
            traceback.print_exc()
        return _show_error(error, is_json=is_json)
    code = result if isinstance(result, int) else 0
    if code == INTERRUPTED:
        _write_line("interrupted")
        if is_json:
            _print_json_error(None, name="Interrupted", message="interrupted")
    return code


def _show_error(error: Exception, *, is_json: bool) -> int:
    if isinstance(error, TyperException):
        code = error.exit_code
        name, message = "UsageError", error.format_message()
        _show_usage_error(error)
    elif isinstance(error, WattplanError):
        code = error.exit_code
        name, message = type(error).__name__, str(error)
    else:
        code, name = 1, type(error).__name__
        first_line = str(error).partition("\n")[0].rstrip(".")
        message = (
            f"unexpected error: {name}: {first_line}. "
            "Run again with --debug to see where it happened."
        )
    if not isinstance(error, TyperException):
        _write_line(message)
    if is_json:
        _print_json_error(error, name=name, message=message)
    return code


def _show_usage_error(error: TyperException) -> None:
    show = getattr(error, "show", None)
    if show is None:
        _write_line(error.format_message())
    else:
        show()


def _write_line(text: str) -> None:
    sys.stderr.write(text.rstrip("\n") + "\n")


def _print_json_error(error: Exception | None, *, name: str, message: str) -> None:
    from optimizer.console import print_json

    body: dict[str, object] = {"class": name, "message": message, "faults": []}
    if isinstance(error, ConfigError):
        body["faults"] = list(error.faults)
    elif isinstance(error, InfeasibleError):
        body["conflicts"] = list(error.conflicts)
    elif isinstance(error, SolverError):
        body["status"] = error.status
        body["log_path"] = error.log_path
    print_json({"error": body})
