# SPDX-License-Identifier: Apache-2.0
"""`wattplan drivers` on a run folder, and the report of such a run."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from models.business_as_usual import business_as_usual
from models.errors import DataError
from optimizer.cli import main
from optimizer.drivers_files import read_drivers, read_surfaces
from optimizer.report.load import load_report_data
from optimizer.report.sections import sections
from optimizer.runfolder import RunFacts, RunWriter, open_run
from sites.loader import load_bundle, load_study
from sites.resolved import resolved_toml

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ["--scenarios", "1024", "--backend", "numpy"]


@pytest.fixture
def run(tmp_path: Path, planned: Path) -> Path:
    return shutil.copytree(planned, tmp_path / "one")


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "one"
    bundle = load_bundle("teaching")
    plan = business_as_usual(bundle.study)
    with RunWriter(folder, RunFacts("plan", "teaching", seed=5)) as writer:
        writer.write_text("study.toml", resolved_toml(bundle))
        writer.write_plan(plan.model_copy(update={"label": "plan"}))
        writer.write_json("summary.json", {"npv_usd": 1.0})
    return folder


def exhibits(folder: Path) -> dict[str, object]:
    data = load_report_data(folder)
    return {one.id: one for part in sections(data) for one in part.exhibits}


def test_without_drivers_the_report_names_the_command(run: Path) -> None:
    data = load_report_data(run)
    assert data.drivers is None
    assert data.surfaces == ()
    missing = " ".join(section.missing for section in sections(data))
    assert missing.count("wattplan drivers DIR") == 2
    assert not {"drivers", "surfaces"} & set(exhibits(run))


def test_drivers_are_shown_and_written_into_the_run(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drivers", str(run), *WORDS]) == 0
    said = capsys.readouterr()
    assert "What drives NPV, USD m" in said.out
    assert "first order, %" in said.out
    assert "Which line earns most per MW" in said.out
    assert "numpy: asked for" in said.err
    found = open_run(run)
    assert found.changed_files() == []
    assert found.passport.seed == 5
    assert found.passport.commands[-1] == (
        f"wattplan drivers {run} --scenarios 1024 --seed 1 --backend numpy"
    )
    summary = found.json("summary.json")
    assert isinstance(summary, dict)
    assert summary["npv_usd"] == 1.0
    largest = summary["drivers"]["largest"]["npv_usd"]  # type: ignore[index,call-overload]
    assert largest["driver"] == "btc_price"
    assert largest["total_frac"]["low"] < largest["total_frac"]["value"]
    table = found.table("drivers.parquet")
    assert len(table["driver"]) % 9 == 0
    assert {"first_order_frac", "total_low_frac", "alone_p90"} <= set(table)
    result = read_drivers(found)
    assert result is not None
    assert result.n_scenarios == 1024
    assert [s.site for s in read_surfaces(found, load_study("teaching"))] == [
        "valley",
        "plot",
    ]


def test_the_report_then_shows_both(run: Path) -> None:
    assert main(["drivers", str(run), *WORDS]) == 0
    shown = exhibits(run)
    assert {"drivers", "surfaces", "surfaces_wide"} <= set(shown)
    drivers = shown["drivers"]
    assert "BTC price alone makes" in drivers.reading  # type: ignore[attr-defined]
    assert main(["report", str(run)]) == 0
    page = (run / "report.html").read_text(encoding="utf-8")
    assert 'id="plot-drivers"' in page


def test_json_is_one_document_with_break_evens(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drivers", str(run), *WORDS, "--seed", "3", "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["drivers"]["seed"] == 3
    keys = {figure["key"] for figure in body["drivers"]["figures"]}
    assert keys >= {"npv_usd", "min_cash_usd"}
    assert {turn["kind"] for turn in body["break_evens"]} <= {"best", "clears", "fails"}


def test_bad_numbers_and_folders_are_faults(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drivers", str(run), "--scenarios", "10"]) == 2
    assert "must be a whole number from 1,024" in capsys.readouterr().err
    assert main(["drivers", str(tmp_path)]) == 7


def test_damaged_files_are_named_with_the_mend(run: Path) -> None:
    found = open_run(run)
    (run / "drivers.json").write_text('{"figures": 3}', encoding="utf-8")
    with pytest.raises(DataError, match="wattplan drivers"):
        read_drivers(found)
