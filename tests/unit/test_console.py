# SPDX-License-Identifier: Apache-2.0
"""What commands say: strict JSON, readable numbers, no progress off a terminal."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.months import months_between
from models.plan import PhaseStart
from optimizer import console
from optimizer.console import (
    dump_json,
    live_progress,
    print_pairs,
    print_table,
    to_json_value,
)
from optimizer.milp.solve import Progress


@dataclass(frozen=True, slots=True)
class _Point:
    power_mw: float
    place: Path


def _state(objective_usd_m: float, bound_usd_m: float) -> Progress:
    # Gap = (bound - objective) / objective: (1.1 - 1.0) / 1.0 = 10 %.
    gap_frac = (bound_usd_m - objective_usd_m) / abs(objective_usd_m)
    return Progress(
        elapsed_s=1.0,
        objective_usd_m=objective_usd_m,
        bound_usd_m=bound_usd_m,
        gap_frac=gap_frac if math.isfinite(objective_usd_m) else math.inf,
        nodes=0,
    )


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (math.nan, None),
        (-math.inf, None),
        (np.float64(0.1), 0.1),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (True, True),
        (np.array([[1.0, np.nan]]), [[1.0, None]]),
        (_Point(2.5, Path("runs") / "a"), {"power_mw": 2.5, "place": "runs/a"}),
        (
            PhaseStart(site="oman", phase="one", period=3),
            {"site": "oman", "phase": "one", "period": 3},
        ),
        ({1: {"b", "a"}}, {"1": ["a", "b"]}),
        (date(2025, 11, 30), "2025-11-30"),
        (datetime(2025, 11, 30, tzinfo=UTC), "2025-11-30T00:00:00+00:00"),
    ],
)
def test_values_become_what_json_can_carry(value: object, plain: object) -> None:
    assert to_json_value(value) == plain
    assert json.loads(dump_json(value)) == plain


def test_a_value_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot write"):
        dump_json({"function": months_between})


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_survive_the_round_trip(value: float) -> None:
    assert json.loads(dump_json([value])) == [value]


@given(st.text())
def test_texts_survive_the_round_trip(text: str) -> None:
    assert json.loads(dump_json({"name": text})) == {"name": text}
    assert dump_json({"name": text}).isascii()


def test_tables_show_numbers_by_size_and_unknowns_as_dashes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [("a", 1234567.8), ("b", 12.345), ("c", 0.012345), ("d", None), ("e", 0.0)]
    print_table(("name", "value"), [*rows, ("f", math.nan)], title="Figures")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    cells = [line for line in lines if len(line) == 2]
    assert cells[0] == ["name", "value"]
    assert cells[1:] == [
        ["a", "1,234,568"],
        ["b", "12.3"],
        ["c", "0.01235"],
        ["d", "-"],
        ["e", "0"],
        ["f", "-"],
    ]


def test_narrow_tables_lose_neither_digits_nor_labels(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "PLAIN_WIDTH", 40)
    headings = ["", *(f"figure {place}, USD m" for place in range(12))]
    rows = [
        ["a plan", *(1_000_000.0 + place for place in range(12))],
        ["business as usual", *(-2_000_000.0 - place for place in range(12))],
    ]
    print_table(headings, rows, title="Wide")
    out = capsys.readouterr().out
    assert out.count("Wide") == 1
    assert max(map(len, out.splitlines())) <= 40
    for place in range(12):
        assert f" {1_000_000 + place:,} " in out
        assert f" {-2_000_000 - place:,} " in out
    for line in out.splitlines():
        assert ("1,000,0" in line) == ("a plan" in line)
        assert ("-2,000,0" in line) == ("business as usual" in line)


def test_a_long_text_column_breaks_between_words_and_stays_beside_its_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "PLAIN_WIDTH", 40)
    print_table(("check", "finding"), [("solver", "words that break " * 6)])
    lines = capsys.readouterr().out.splitlines()
    assert sum("finding" in line for line in lines) == 1
    assert {word for line in lines[3:] for word in line.split()} == {
        *("solver", "words", "that", "break")
    }


def test_square_brackets_in_cells_are_text_and_not_markup(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(("field",), [("sites[0].mw",), ("[red]x[/red]",)])
    print_pairs({"field": "[bold]y", "good": True, "count": 12000})
    out = capsys.readouterr().out
    assert "sites[0].mw" in out
    assert "[red]x[/red]" in out
    assert "[bold]y" in out
    assert "yes" in out
    assert "12,000" in out


def test_progress_is_silent_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with live_progress("Solving") as progress:
        progress.solver(_state(1.0, 1.1))
        progress.count(1, 10)
        progress.say("done")
    said = capsys.readouterr()
    assert said.out + said.err == ""


def test_progress_shows_best_bound_gap_and_speed_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    with live_progress("Solving") as progress:
        progress.solver(_state(-math.inf, math.inf))
    assert "best plan none yet" in capsys.readouterr().err
    with live_progress("Solving") as progress:
        progress.solver(_state(1.0, 1.1))
    err = capsys.readouterr().err
    assert "best plan 1.00 USD m, bound 1.10 USD m, gap 10.000%" in err
    with live_progress("Scoring") as progress:
        progress.count(4096, 100_000)
    assert "4,096 of 100,000 scenarios" in capsys.readouterr().err
