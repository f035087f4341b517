# SPDX-License-Identifier: Apache-2.0
"""`wattplan plan` on a study without a plan: exit code 4 and what conflicts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from optimizer.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def broke(tmp_path: Path) -> Path:
    """The teaching study with a cash floor that it cannot keep."""
    assert main(["init", "teaching", "--folder", str(tmp_path)]) == 0
    path = tmp_path / "study.toml"
    text = path.read_text(encoding="utf-8")
    assert "cash_floor_usd = 1e6" in text
    path.write_text(
        text.replace("cash_floor_usd = 1e6", "cash_floor_usd = 60e6"), encoding="utf-8"
    )
    return path


def test_plan_names_what_conflicts_and_writes_nothing(
    broke: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(["plan", str(broke), "--out", str(out)]) == 4
    err = capsys.readouterr().err
    assert "cash_floor at company, 2025-12: short by" in err
    assert "USD. Lower cash_floor_usd to" in err
    assert "or raise emergency_equity_max_usd by" in err
    assert "Traceback" not in err
    assert not out.exists()


def test_plan_gives_the_conflicts_as_json(
    broke: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["plan", str(broke), "--out", str(tmp_path / "run"), "--json"]) == 4
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["class"] == "InfeasibleError"
    (conflict,) = error["conflicts"]
    assert conflict["rule"] == "cash_floor"
    assert conflict["unit"] == "USD"
    # Opening cash 12 M, all 50 BTC at 100,000 USD or less, equity 5 M: 38 M short or
    # more, for machines cannot earn that in a month.
    assert conflict["amount"] > 35e6
