# SPDX-License-Identifier: Apache-2.0
"""`init`, `validate` and `schema`: files out, every fault at once, schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optimizer.cli import main
from optimizer.validation import summarize_study
from sites import bundled_studies, load_study


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    assert main(["init", "base", "--folder", str(folder)]) == 0
    return folder


def test_init_writes_a_study_equal_to_the_bundled_one(copied: Path) -> None:
    assert load_study(copied / "study.toml") == load_study("base")


def test_init_writes_into_the_current_folder_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "teaching", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["study"] == "study.toml"
    assert all((tmp_path / name).is_file() for name in answer["files"])
    assert main(["validate", "study.toml"]) == 0


def test_init_replaces_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study.toml").write_text("mine")
    assert main(["init", "teaching", "--folder", str(tmp_path)]) == 2
    assert "study.toml exists already" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["study.toml"]
    assert (tmp_path / "study.toml").read_text() == "mine"


def test_init_of_an_unknown_study_names_those_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "bsae", "--folder", str(tmp_path / "new")]) == 2
    err = capsys.readouterr().err
    assert all(name in err for name in bundled_studies())
    assert not (tmp_path / "new").exists()


def test_init_into_a_file_is_a_report_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["init", "teaching", "--folder", str(tmp_path / "file" / "x")]) == 7
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("name", bundled_studies())
def test_every_bundled_study_is_free_of_faults(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", name, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    study = load_study(name)
    assert summary["months"] == study.time.months
    assert [site["id"] for site in summary["sites"]] == [s.id for s in study.sites]
    assert sum(summary["grades"].values()) == summary["n_inputs"]
    assert 0 <= summary["assumption_share_frac"] <= 1


def test_the_base_study_is_as_large_as_the_product_promises() -> None:
    summary = summarize_study("base")
    assert (summary.start_month, summary.end_month) == ("2025-12", "2030-11")
    assert {site.id for site in summary.sites} == {
        "georgia",
        "oman",
        "indonesia",
        "partner_fleet",
    }
    assert summary.n_phases >= 6
    assert summary.n_conversions >= 4
    assert len(summary.hosting_offers) + len(summary.gpu_offers) >= 12
    assert {"s19_xp", "t21", "s21", "s21_pro", "s21_xp"} <= set(summary.asics)
    assert set(summary.gpus) == {"h100", "h200", "b200", "gb200"}


def test_validate_shows_sites_and_the_share_of_assumptions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["validate"]) == 0
    said = capsys.readouterr()
    assert "are assumptions" in said.out
    assert "partner_fleet" in said.out
    assert "No faults." in said.err


def test_validate_lists_every_fault_at_once_with_place_value_and_mend(
    copied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in copied.rglob("*.toml"):
        place = tmp_path / path.relative_to(copied)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
    study = tmp_path / "study.toml"
    text = study.read_text().replace("months = 60", "months = -60")
    study.write_text(text.replace("[solver]", "[solver]\nfoo = 1"))
    georgia = tmp_path / "sites" / "georgia.toml"
    georgia.write_text(georgia.read_text().replace("uptime_frac", "uptme_frac"))
    assert main(["validate", str(study), "--json"]) == 2
    said = capsys.readouterr()
    faults = json.loads(said.out)["error"]["faults"]
    lines = said.err.splitlines()
    assert len(lines) == len(faults) >= 3
    fields = {(Path(fault["file"]).name, fault["field"]) for fault in faults}
    assert ("study.toml", "time.months") in fields
    assert ("study.toml", "solver.foo") in fields
    assert any(file == "georgia.toml" for file, _ in fields)
    assert any("uptme_frac" in line and "uptime_frac" in line for line in lines)


def test_validate_of_a_missing_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(tmp_path / "none.toml")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "none.toml does not exist" in lines[0]


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"", b"id = ", b"[" * 500, b"a = 1e999\n"]
)
def test_validate_survives_any_file(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd.toml").write_bytes(content)
    assert main(["validate", str(tmp_path / "odd.toml")]) == 2
    assert capsys.readouterr().err


def test_schema_is_printed_alone_or_written_for_all_kinds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["type"] == "object"
    assert "time" in schema["properties"]
    assert main(["schema", "--out", str(tmp_path / "s"), "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert str(tmp_path / "s" / "study.schema.json") in files
    assert json.loads((tmp_path / "s" / "study.schema.json").read_text()) == schema


def test_schema_of_an_unknown_kind_names_the_kinds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["schema", "stduy"]) == 2
    assert "Kinds: study" in capsys.readouterr().err
