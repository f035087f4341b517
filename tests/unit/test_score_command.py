# SPDX-License-Identifier: Apache-2.0
"""`wattplan score` and `wattplan stress` on a run folder."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scored_plans import grown_plan, usual_plan
from tiny_studies import tiny_study

import gpu.array_engine
import optimizer.commands.score as score_command
import optimizer.scoring
from gpu.scoring.score import score
from models.business_as_usual import business_as_usual
from optimizer.chunk_store import file_of
from optimizer.cli import main
from optimizer.runfolder import RunFacts, RunWriter, open_run
from optimizer.scoring import baseline_of
from sites.loader import load_bundle, load_study
from sites.resolved import resolved_toml

if TYPE_CHECKING:
    from pathlib import Path

N = 300


def make_run(folder: Path, *, with_baseline: bool = False) -> None:
    bundle = load_bundle("teaching")
    plan = business_as_usual(bundle.study)
    with RunWriter(folder, RunFacts("plan", "teaching")) as writer:
        writer.write_text("study.toml", resolved_toml(bundle))
        writer.write_plan(plan.model_copy(update={"label": "plan"}))
        writer.write_json("summary.json", {"npv_usd": 1.0})
        if with_baseline:
            writer.write_plan(
                plan.model_copy(update={"label": "own baseline"}), "baseline.json"
            )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "one"
    make_run(folder)
    return folder


def test_score_writes_rows_grid_and_summary(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["score", str(run), "--scenarios", str(N), "--seed", "7"]
    assert main([*words, "--grid", "btc_price=0.5:1.5:3"]) == 0
    told = capsys.readouterr().out
    assert "NPV, USD m" in told
    assert "CVaR 95" in told
    assert "NPV below business as usual" in told
    assert "the cash floor needs emergency equity" in told
    assert "Grid of 3 points" in told
    assert "scenarios/s" in told
    found = open_run(run)
    scores = found.table("scores.parquet")
    np.testing.assert_array_equal(scores["scenario_id"], np.arange(N))
    assert set(scores["irr_status"]) == {"all_zero"}
    grid = found.table("grid.parquet")
    assert grid["btc_price_multiplier"].tolist() == [0.5, 1.0, 1.5]
    summary = found.json("summary.json")
    assert isinstance(summary, dict)
    assert summary["npv_usd"] == 1.0
    score = summary["score"]
    assert score["n_scenarios"] == N
    assert score["columns"]["npv_usd"]["count"] == N
    assert score["grid"]["n_points"] == 3
    assert found.passport.seed == 7
    assert found.passport.scenarios == N
    assert found.passport.timings_s["score"] > 0
    assert found.passport.commands[-1].endswith(" --grid btc_price=0.5:1.5:3")
    assert found.changed_files() == []


def test_score_as_json_is_only_json(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(run), "--scenarios", "50", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)["score"]
    assert answer["columns"]["npv_usd"]["quantiles"].keys() >= {"p05", "p50", "p95"}
    assert answer["probabilities"]["no_irr_frac"] == 1.0
    assert answer["base"]["incremental_npv_usd"] == 0.0


def test_sites_are_shown_by_name() -> None:
    study = tiny_study()
    result = score(
        study,
        grown_plan(study),
        n_scenarios=20,
        baseline=usual_plan(study),
        backend="numpy",
    )
    site = score_command._sites(result)[0]
    rows = score_command._rows(result, {site: "North shore"})
    labels = [row[0] for row in rows if row is not None]
    assert "North shore: NPV at hurdle, USD m" in labels
    assert "North shore: IRR, %/year" in labels
    events = score_command._events(result, {site: "North shore"})
    assert events[f"site_{site}_no_irr_frac"] == "North shore has no IRR"


def test_shares_of_weighted_scenarios_count_by_weight(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    make_run(run)
    words = ["score", str(run), "--scenarios", "400", "--sampling", "importance"]
    assert main(words) == 0
    told = capsys.readouterr().out
    summary = open_run(run).json("summary.json")
    assert isinstance(summary, dict)
    score = summary["score"]
    assert 1.0 < score["effective_scenarios"] < 400.0
    assert f"effective sample size {score['effective_scenarios']:,.0f}" in told
    # The plan is business as usual: not one increment in all the weight has an IRR.
    (line,) = (one for one in told.splitlines() if "IRR of the company over" in one)
    assert "100.0%" in line


def test_resume_and_fresh_exclude_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path / "run")
    words = ["score", str(tmp_path / "run"), "--scenarios", "50", "--resume", "--fresh"]
    assert main(words) == 2
    assert "--resume cannot go with --fresh" in capsys.readouterr().err
    assert not (tmp_path / "run" / "scores.parquet").exists()


@pytest.mark.parametrize("number", ["0", "1000000000000"])
@pytest.mark.parametrize("more", [[], ["--no-rows"], ["--yes"]])
def test_the_limit_of_scenarios_is_the_one_that_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: str, more: list[str]
) -> None:
    make_run(tmp_path / "run")
    assert main(["score", str(tmp_path / "run"), "--scenarios", number, *more]) == 2
    assert "from 1 to 1,000,000,000." in capsys.readouterr().err


def test_no_rows_means_no_file_of_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    make_run(folder)
    words = ["score", str(folder), "--scenarios", "50", "--no-rows", "--json"]
    assert main(words) == 0
    answer = json.loads(capsys.readouterr().out)["score"]
    assert answer["columns"]["npv_usd"]["quantile_error_frac"] <= 0.001
    assert not (folder / "scores.parquet").exists()


def test_rows_of_an_earlier_scoring_do_not_stay_beside_new_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    make_run(folder)
    words = ["score", str(folder), "--scenarios", "50", "--json"]
    for more, tables in (
        ([], ["scores.parquet"]),
        (["--sampling", "importance"], ["scores_weighted.parquet"]),
        (["--no-rows"], []),
        (["--sampling", "sobol"], ["scores.parquet"]),
    ):
        assert main([*words, *more]) == 0
        found = open_run(folder)
        assert sorted(path.name for path in folder.glob("scores*")) == tables
        assert found.changed_files() == []
        answer = json.loads(capsys.readouterr().out)["score"]
        method = more[1] if more[:1] == ["--sampling"] else "plain"
        assert answer["rule"]["method"] == method
    assert found.passport.commands[-1].endswith("--sampling sobol")


def test_more_rows_than_memory_should_hold_go_to_parts_when_agreed_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    make_run(folder)
    monkeypatch.setattr("optimizer.score_files.MAX_KEPT_ROWS", 5000)
    monkeypatch.setattr("gpu.scoring.chunks.MIN_CHUNK_BLOCKS", 1)
    words = ["score", str(folder), "--scenarios", "9000", "--backend", "numpy"]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert "9,000 would write rows of about 0.0 GB" in told
    assert "--no-rows, or go ahead with --yes" in told
    assert main([*words, "--yes", "--json"]) == 0
    json.loads(capsys.readouterr().out)
    found = open_run(folder)
    names = [f"scores/part-{first:010d}.parquet" for first in (0, 4096, 8192)]
    assert [n for n in found.passport.files if n.startswith("scores")] == names
    ids = np.concatenate([found.table(name)["scenario_id"] for name in names])
    np.testing.assert_array_equal(ids, np.arange(9000))
    assert sorted(p.name for p in (folder / "scores").iterdir()) == [
        name.removeprefix("scores/") for name in names
    ]
    monkeypatch.setattr("optimizer.score_files.free_disk_bytes", lambda _: 10**6)
    assert main([*words, "--yes"]) == 2
    assert "0.0 GB are free. Choose fewer, or keep no rows with --no-rows." in (
        capsys.readouterr().err
    )


def test_a_chunk_damaged_before_the_tables_are_written_is_scored_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    make_run(folder)
    monkeypatch.setattr("optimizer.score_files.MAX_KEPT_ROWS", 5000)
    monkeypatch.setattr("gpu.scoring.chunks.MIN_CHUNK_BLOCKS", 1)
    words = ["score", str(folder), "--scenarios", "9000", "--backend", "numpy"]
    words += ["--yes", "--json"]
    real = optimizer.scoring._with_company
    chunk = folder / "scores" / file_of(4096)

    def harmed(*given: Any) -> object:
        chunk.write_bytes(chunk.read_bytes()[:-1])
        return real(*given)

    before = (folder / "run.json").read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(optimizer.scoring, "_with_company", harmed)
        assert main(words) == 7
    told = capsys.readouterr().err
    assert f"{chunk}: does not match its checksum. Nothing was written" in told
    assert "are scored again" not in told
    assert (folder / "run.json").read_bytes() == before
    assert not list(folder.rglob("*.parquet"))
    assert len(list(folder.glob("scores/chunk-*"))) == 3
    assert main([*words, "--resume"]) == 0
    told = capsys.readouterr().err
    assert "its 4,096 rows are scored again" in told
    found = open_run(folder)
    parts = [found.table(n)["scenario_id"] for n in found.passport.files if "part" in n]
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(9000))


def test_an_interrupt_says_how_to_go_on_and_resume_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    make_run(folder)
    monkeypatch.setattr("gpu.scoring.chunks.MIN_CHUNK_BLOCKS", 1)
    words = ["score", str(folder), "--scenarios", "6000", "--backend", "numpy"]
    real = gpu.array_engine.score_each
    n_calls = 0

    def pressed(*given: object, **more: object) -> object:
        nonlocal n_calls
        n_calls += 1
        if n_calls == 4:  # The base path, two pieces of chunk 0, then Ctrl-C.
            raise KeyboardInterrupt
        return real(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(gpu.array_engine, "score_each", pressed)
    assert main(words) == 130
    told = capsys.readouterr().err
    assert "1 of 2 chunks are finished and kept." in told
    again = f"wattplan {' '.join(words[:4])} --seed 1 --backend numpy --resume"
    assert f"Go on with: {again}\n" in told
    assert main(words) == 2
    assert "holds 1 finished chunk of a scoring" in capsys.readouterr().err
    assert main([*words, "--resume", "--seed", "2"]) == 2
    assert "draws.seed (was 1, is 2)" in capsys.readouterr().err
    assert main([*words, "--resume", "--json"]) == 0
    resumed = json.loads(capsys.readouterr().out)["score"]
    assert not (folder / "scores").exists()
    assert main([*words, "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)["score"]
    times = {"elapsed_s", "prepared_s", "scenarios_per_s"}
    assert {k: v for k, v in resumed.items() if k not in times} == {
        k: v for k, v in whole.items() if k not in times
    }


def test_until_is_answered_and_a_bad_text_is_named(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["score", str(run), "--scenarios", "300"]
    assert main([*words, "--until", "npv mean +- 0.001 %"]) == 0
    told = capsys.readouterr().out
    assert "npv mean +- 0.001 %: not reached with 300 of 300 scenarios:" in told
    assert re.search(r": \d\.\d+ \+- 0\.\d+ USD m, asked for 9\.\d+e-05 USD m ", told)
    assert main([*words, "--until", "prob loss +- 10 pp"]) == 0
    found = re.search(
        r"reached .* \+- [0-9.]+ %, asked for 10 % ", capsys.readouterr().out
    )
    assert found
    assert main([*words, "--until", "npv mode +- 1 %"]) == 2
    assert "--until = npv mode must end with one of mean" in capsys.readouterr().err


def test_the_runs_own_baseline_comes_first(tmp_path: Path) -> None:
    study = load_study("teaching")
    for name, label in ((True, "own baseline"), (False, "business as usual")):
        folder = tmp_path / label
        make_run(folder, with_baseline=name)
        assert baseline_of(open_run(folder), study).label == label


def test_bad_options_are_all_named_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    make_run(folder)
    before = sorted(folder.iterdir())
    words = ["score", str(folder), "--scenarios", "0", "--grid", "btc=1:2:3"]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert "--scenarios = 0 must be a whole number" in told
    assert "--grid: name = btc must be one of" in told
    assert sorted(folder.iterdir()) == before
    assert main(["score", str(folder), "--seed", "-1"]) == 2
    assert main(["score", str(folder), "--backend", "abacus"]) == 2


def test_a_folder_without_a_run_is_a_report_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("score", "stress"):
        assert main([command, str(tmp_path)]) == 7
        assert "not a run folder" in capsys.readouterr().err


def test_a_run_without_a_plan_is_a_data_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with RunWriter(tmp_path / "run", RunFacts("screen", "teaching")) as writer:
        writer.write_text("study.toml", resolved_toml(load_bundle("teaching")))
    assert main(["score", str(tmp_path / "run"), "--scenarios", "5"]) == 3
    assert "no such file" in capsys.readouterr().err


def test_stress_shows_and_writes_every_story(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["stress", str(run)]) == 0
    told = capsys.readouterr().out
    for word in ("Base path", "BTC price halves", "equity needed", "BTC mined"):
        assert word in told
    found = open_run(run)
    table = found.table("stress.parquet")
    assert len(table["story_id"]) == 7
    assert table["story_id"][0] == "base"
    summary = found.json("summary.json")
    assert isinstance(summary, dict)
    assert summary["stress"]["stories"][0]["story_id"] == "price_crash"
    assert found.changed_files() == []


def test_stress_takes_chosen_and_own_stories(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["stress", str(run), "--story", "power_spike", "--json"]) == 0
    stories = json.loads(capsys.readouterr().out)["stress"]["stories"]
    assert [row["story_id"] for row in stories] == ["power_spike"]
    own = tmp_path / "own.toml"
    own.write_text(
        'source = "assumption"\nas_of = 2025-11-30\n[[stories]]\nid = "boom"\n'
        'name = "Boom"\ndescription = "Twice the price."\nbtc_price_factor = 2.0\n'
    )
    assert main(["stress", str(run), "--stories", str(own), "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)["stress"]["stories"]
    assert row["name"] == "Boom"
    assert row["delta_npv_usd"] > 0
    assert main(["stress", str(run), "--story", "flood"]) == 2
    assert "--story = flood must be one of" in capsys.readouterr().err
