# SPDX-License-Identifier: Apache-2.0
"""`wattplan score RUN --replay ID` on a run folder."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gpu.sampling.rule import DrawRule
from gpu.sampling.scenarios import sampled_paths
from gpu.scoring.score import score_scenarios
from models.business_as_usual import business_as_usual
from models.finance import IRR_STATUS
from optimizer.cli import main
from optimizer.replay_folder import replay_run
from optimizer.runfolder import RunFacts, RunWriter, open_run
from optimizer.score_files import readable
from optimizer.scoring import score_run
from sites.loader import load_bundle
from sites.resolved import resolved_toml

if TYPE_CHECKING:
    from pathlib import Path

    from gpu.sampling.rule import SamplingMethod

SCORED_SEED = 11
N = 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Business as usual of the teaching study, scored."""
    place = tmp_path_factory.mktemp("runs") / "one"
    bundle = load_bundle("teaching")
    with RunWriter(place, RunFacts("plan", "teaching")) as writer:
        writer.write_text("study.toml", resolved_toml(bundle))
        plan = business_as_usual(bundle.study)
        writer.write_plan(plan.model_copy(update={"label": "plan"}))
    words = ["score", str(place), "--scenarios", str(N), "--seed", str(SCORED_SEED)]
    assert main([*words, "--backend", "numpy"]) == 0
    return place


def told(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict:
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["replay"]


def test_json_has_every_month_and_the_exact_scores(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = told(["score", str(folder), "--replay", "123,456,789"], capsys)
    run = open_run(folder)
    study = load_bundle(run.file("study.toml")).study
    ids = np.array([123_456_789])
    rows = score_scenarios(
        study,
        run.plan(),
        seed=SCORED_SEED,
        scenario_ids=ids,
        baseline=business_as_usual(study),
    )
    assert answer["scenario_id"] == 123_456_789
    assert answer["scores"].keys() == rows.keys()
    for name, column in readable(rows).items():
        (value,) = column.tolist()
        is_null = isinstance(value, float) and not np.isfinite(value)
        assert answer["scores"][name] == (None if is_null else value)
    assert answer["base_scores"]["irr_status"] in IRR_STATUS
    assert answer["doubt"] == ""
    paths = sampled_paths(study, SCORED_SEED, ids)
    assert answer["months"] == list(study.months)
    assert answer["columns"]["btc_price_usd"] == paths.btc_price_usd[0].tolist()
    assert len(answer["drivers"]) == 9
    assert answer["why"]


def test_a_scored_scenario_is_the_row_of_the_run(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = told(["score", str(folder), "--replay", "5"], capsys)
    npv = open_run(folder).table("scores.parquet")["npv_usd"]
    assert answer["seed"] == SCORED_SEED
    assert answer["npv_usd"] == npv[5]
    assert answer["standing"]["lower_frac"] == (npv < npv[5]).mean()
    assert answer["standing"]["n_scenarios"] == N
    assert answer["standing"]["mean_npv_usd"] == pytest.approx(npv.mean())


@pytest.mark.parametrize("sampling", ["plain", "importance"])
def test_rows_that_another_study_made_are_doubted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sampling: SamplingMethod
) -> None:
    place = tmp_path / "run"
    with_rule(place, None)
    score_run(place, n_scenarios=30, sampling=sampling)
    words = ["score", str(place), "--replay", "5"]
    assert main(words) == 0
    assert "Score the run again" not in capsys.readouterr().err
    study = (place / "study.toml").read_text(encoding="utf-8")
    changed = re.sub(r"(?m)^cash_usd = .*$", "cash_usd = 9_000_000.0", study, count=1)
    assert changed != study
    (place / "study.toml").write_text(changed, encoding="utf-8")
    assert main(words) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "study.toml changed since the run was made" in told
    assert "for this future, the replay finds" in told
    # Beyond the rows there is nothing to hold it against.
    assert main(["score", str(place), "--replay", "30"]) == 0
    assert "the replay finds" not in capsys.readouterr().err


def test_another_seed_is_another_future(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["score", str(folder), "--replay", "5"]
    same = told([*words, "--seed", str(SCORED_SEED)], capsys)
    other = told([*words, "--seed", "1"], capsys)
    assert same == told(words, capsys)
    assert (other["seed"], other["npv_usd"] == same["npv_usd"]) == (1, False)


def test_the_terminal_shows_months_lines_drivers_and_why(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert main(["score", str(folder), "--replay", "5"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for text in (
        f"plan: scenario 5, seed {SCORED_SEED}",
        "2025-12",
        "2027-11",
        "Self-mining",
        "By driver",
        "Why it went so",
        f"of the {N} scenarios scored",
    ):
        assert text in out
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


@pytest.mark.parametrize("text", ["-1", "9223372036854775808", "1.5", "first"])
def test_a_bad_number_is_a_fault_with_exit_code_2(
    folder: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(folder), "--replay", text]) == 2
    message = capsys.readouterr().err
    assert f"--replay = {text} must be the number of a scenario" in message
    assert "0 to 9,223,372,036,854,775,807" in message
    assert main(["score", str(folder), "--replay", text, "--json"]) == 2
    [fault] = json.loads(capsys.readouterr().out)["error"]["faults"]
    assert fault["value"] == text


def test_a_seed_over_64_bits_is_a_fault(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["score", str(folder), "--replay", "5", "--seed", str(2**64)]
    assert main(words) == 2
    assert "--seed = 18446744073709551616 must be a whole" in capsys.readouterr().err


def test_options_of_scoring_are_faults_beside_replay(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["score", str(folder), "--replay", "5"]
    assert main([*words, "--scenarios", "10", "--grid", "capex=1:2:2"]) == 2
    message = capsys.readouterr().err
    assert "--scenarios has no meaning beside --replay" in message
    assert "--grid has no meaning beside --replay" in message


def test_a_run_without_scores_is_replayed_with_seed_1(tmp_path: Path) -> None:
    place = tmp_path / "unscored"
    bundle = load_bundle("teaching")
    with RunWriter(place, RunFacts("plan", "teaching")) as writer:
        writer.write_text("study.toml", resolved_toml(bundle))
        writer.write_plan(business_as_usual(bundle.study))
    found = replay_run(place, scenario_id="3")
    assert found.seed == 1
    assert found.standing is None
    assert not any("scenarios scored" in sentence for sentence in found.why)


def with_rule(place: Path, rule: dict[str, object] | None) -> None:
    """An unscored run whose summary says how its scores were drawn."""
    bundle = load_bundle("teaching")
    quantiles = {"p05": 1.0, "p50": 2.0, "p95": 3.0}
    column = {"mean": 2.0, "quantiles": quantiles}
    score = {"seed": 4, "n_scenarios": 9, "rule": rule, "columns": {"npv_usd": column}}
    with RunWriter(place, RunFacts("plan", "teaching")) as writer:
        writer.write_text("study.toml", resolved_toml(bundle))
        writer.write_plan(business_as_usual(bundle.study))
        writer.write_json("summary.json", {"score": score})


def test_the_rule_of_the_runs_scores_is_honoured(tmp_path: Path) -> None:
    rule = DrawRule(4, method="importance", tilt=(-0.5,) * 24)
    with_rule(tmp_path / "run", rule.as_json())
    found = replay_run(tmp_path / "run", scenario_id="3")
    study = load_bundle("teaching").study
    paths = sampled_paths(study, rule, np.array([3]))
    np.testing.assert_array_equal(
        found.columns["btc_price_usd"], paths.btc_price_usd[0]
    )
    assert found.rule == rule.as_json()
    assert found.weight != 1.0
    # Without rows of equal weight or distributions quantiles tell the place.
    assert found.standing is not None
    assert found.standing.lower_frac is None
    assert found.standing.between == ("P95", "")
    other = replay_run(tmp_path / "run", scenario_id="3", seed=5, method="antithetic")
    assert other.rule == DrawRule(5, method="antithetic").as_json()


def test_a_seed_alone_is_the_rule_of_plain_scores(tmp_path: Path) -> None:
    with_rule(tmp_path / "run", None)
    assert replay_run(tmp_path / "run", scenario_id="3").rule == DrawRule(4).as_json()


@pytest.mark.parametrize("keep_rows", [True, False])
@pytest.mark.parametrize(
    ("kept", "asked"),
    [
        ({"seed": 1}, {"method": "importance"}),
        ({"seed": 1, "sampling": "importance"}, {"seed": 5}),
        ({"seed": 1, "sampling": "importance"}, {"seed": 5, "method": "plain"}),
        ({"seed": 1, "sampling": "sobol"}, {"seed": 5, "method": "importance"}),
    ],
)
def test_another_seed_or_method_shows_the_future_that_it_would_score(
    tmp_path: Path, kept: dict[str, Any], asked: dict[str, Any], keep_rows: bool
) -> None:
    place = tmp_path / "run"
    with_rule(place, None)
    score_run(place, n_scenarios=64, keep_rows=keep_rows, **kept)
    found = replay_run(place, scenario_id="21", **asked)
    wanted = {"seed": asked.get("seed", kept["seed"])}
    wanted["sampling"] = asked.get("method", kept.get("sampling", "plain"))
    rows = score_run(place, n_scenarios=64, **wanted).result.columns
    assert rows is not None
    assert found.npv_usd == rows["npv_usd"][21]
    weight = rows["weight"][21] if "weight" in rows else 1.0
    assert found.weight == pytest.approx(weight, abs=2.0**-22)
    standing = found.standing
    assert standing is not None
    assert standing.lower_frac is not None
    assert 0.0 <= standing.lower_frac <= 1.0


@pytest.mark.parametrize(
    "score",
    [
        {"seed": "x"},
        {"seed": 1, "columns": {"npv_usd": 1}},
        {"seed": 1, "columns": {"npv_usd": {"quantiles": [1.0]}}},
        {"seed": 1, "columns": 5},
    ],
)
def test_damaged_scores_are_a_data_error(
    tmp_path: Path, score: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with_rule(tmp_path / "run", None)
    with RunWriter.extend(tmp_path / "run", command="x") as writer:
        writer.write_json("summary.json", {"score": score})
    assert main(["score", str(tmp_path / "run"), "--replay", "5"]) == 3
    assert "damaged" in capsys.readouterr().err


def test_a_damaged_rule_is_a_data_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_rule(tmp_path / "run", {"seed": 4, "method": "dice"})
    assert main(["score", str(tmp_path / "run"), "--replay", "5"]) == 3
    assert "the draw rule of the scores is damaged" in capsys.readouterr().err


def test_a_folder_without_a_run_is_a_report_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(tmp_path), "--replay", "5"]) == 7
    assert "not a run folder" in capsys.readouterr().err
