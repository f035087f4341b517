# SPDX-License-Identifier: Apache-2.0
"""`wattplan contest`: who competes, what is written, what is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gpu.contests.contest import contest_of
from models.business_as_usual import business_as_usual
from models.errors import ConfigError
from optimizer.cli import main
from optimizer.contest import CONTEST_FILE, ROWS_FILE, column_stems, contest_run
from optimizer.contest_plans import Contestant, contestants
from optimizer.contest_projects import NO_PROJECT, project_contest
from optimizer.contest_tables import dominance
from optimizer.contest_words import contest_words, project_words
from optimizer.runfolder import RunFacts, RunWriter, open_run
from sites.loader import load_bundle
from sites.resolved import resolved_toml

if TYPE_CHECKING:
    from pathlib import Path

N = 200


def make_run(folder: Path, *, sold_btc: float = 0.0, study: str = "teaching") -> Path:
    """A run that sells some free BTC a month, with naive plans and a policy."""
    bundle = load_bundle(study)
    usual = business_as_usual(bundle.study)
    months = bundle.study.time.months
    seller = usual.model_copy(
        update={"label": "plan", "btc_sold_free": (sold_btc,) * months}
    )
    with RunWriter(folder, RunFacts("plan", study)) as writer:
        writer.write_text("study.toml", resolved_toml(bundle))
        writer.write_plan(seller)
        writer.write_plan(usual, "baseline.json")
        writer.write_plan(
            usual.model_copy(update={"label": "naive"}), "others/all_hosting.json"
        )
        late = {"btc_sold_free": (0.0,) * (months - 1) + (0.5,), "label": "late"}
        writer.write_plan(usual.model_copy(update=late), "policies/late.json")
        row = {"id": "late", "name": "Sell late", "has_plan": True}
        writer.write_json("summary.json", {"policies": {"plans": [row]}})
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("contest") / "one", sold_btc=0.2)


def test_naive_plans_and_policies_compete_and_equal_plans_count_once(
    run: Path,
) -> None:
    found = contestants([open_run(run)], load_bundle("teaching").study, has_naive=True)
    assert [one.name for one in found] == [
        "plan",
        "business as usual",
        'policy "Sell late"',
    ]
    assert found[1].also == ("all hosting",)


def test_runs_of_one_study_compete_under_names_of_their_own(
    run: Path, tmp_path: Path
) -> None:
    others = [
        make_run(tmp_path / k / "one", sold_btc=1.0 + k_)
        for k_, k in enumerate(("a", "b"))
    ]
    runs = [open_run(folder) for folder in (run, *others)]
    found = contestants(runs, load_bundle("teaching").study, has_naive=False)
    assert [one.name for one in found] == ["plan", "run one", "run one (2)"]


def test_a_run_of_another_study_is_refused_with_what_differs(
    run: Path, tmp_path: Path
) -> None:
    other = make_run(tmp_path / "other", study="treasury")
    with pytest.raises(ConfigError, match="company"):
        contest_run([run, other], n_scenarios=10)


def test_a_contest_is_written_and_told(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["contest", str(run), "--scenarios", str(N), "--seed", "4"]
    assert main([*words, "--backend", "numpy"]) == 0
    told = capsys.readouterr().out
    assert "regret mean" in told
    assert "NPV of plan less that of each other" in told
    assert "Not counted twice: all hosting" in told
    found = open_run(run)
    table = found.table(ROWS_FILE)
    np.testing.assert_array_equal(table["scenario_id"], np.arange(N))
    regret = np.stack(
        [
            table[f"{name}_regret_usd"]
            for name in ("plan", "business_as_usual", "policy_sell_late")
        ]
    )
    assert (regret.min(axis=0) == 0.0).all()
    kept = found.json(CONTEST_FILE)
    assert isinstance(kept, dict)
    plans = kept["columns"]["npv_usd"]["plans"]
    assert plans[0]["regret_mean"]["value"] == pytest.approx(regret[0].mean())
    assert sum(plan["best_frac"]["value"] for plan in plans) == pytest.approx(1.0)
    assert found.passport.commands[-1].startswith("wattplan contest")
    assert found.changed_files() == []


def test_json_holds_what_the_file_holds(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["contest", str(run), "--scenarios", "50", "--backend", "numpy", "--json"]
    assert main(words) == 0
    answer = json.loads(capsys.readouterr().out)["contest"]
    assert answer == open_run(run).json(CONTEST_FILE)
    assert main([*words, "--no-rows"]) == 0
    assert not (run / ROWS_FILE).exists()
    assert open_run(run).changed_files() == []


def test_bad_numbers_end_with_exit_code_2(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in ("0", "1000000001"):
        assert main(["contest", str(run), "--scenarios", number]) == 2
        assert "must be from 1 to 1,000,000,000." in capsys.readouterr().err


def test_a_plan_alone_is_said_to_be(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["contest", str(run), str(run), "--scenarios", "50", "--backend", "numpy"]
    assert main(words) == 0
    told = capsys.readouterr().err
    assert "One plan alone: the 2 runs decide the same." in told
    assert "--no-naive" not in told
    del words[2]
    assert main([*words, "--no-naive"]) == 0
    assert "One plan alone: name another run" in capsys.readouterr().err


def test_rows_that_do_not_fit_are_left_out_and_that_is_said(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optimizer.contest.MAX_KEPT_OUTCOMES", 3 * 50 - 1)
    words = ["contest", str(run), "--scenarios", "50", "--backend", "numpy"]
    assert main(words) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "50 scenarios of 3 plans are more than 149 outcomes" in told
    assert f"{ROWS_FILE} is left out" in told
    assert not (run / ROWS_FILE).exists()


def test_plans_with_like_names_have_columns_of_their_own() -> None:
    names = ("plan", "run a_3", "run a", "run A", "RUN a", "???")
    stems = ["plan", "run_a_3", "run_a", "run_a_2", "run_a_3_2", "plan_2"]
    assert (
        column_stems(["plan", "run a_3", "run a", "run A", "run a 3", "???"]) == stems
    )
    assert len(set(column_stems(names))) == len(names)


def test_every_folder_without_a_run_is_named(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["contest", str(tmp_path), str(run), str(tmp_path / "none")]) == 7
    told = capsys.readouterr().err
    assert f"{tmp_path}: not a run folder" in told
    assert f"{tmp_path / 'none'}: not a run folder" in told
    assert "`wattplan plan` makes one" in told


def test_screened_projects_compete_with_doing_none(tmp_path: Path) -> None:
    # Two projects in three scenarios, in USD: good is best twice, none once.
    with RunWriter(tmp_path / "screen", RunFacts("screen", "teaching")) as writer:
        columns = {
            "project": ["good"] * 3 + ["bad"] * 3,
            "scenario_id": [0, 1, 2] * 2,
            "npv_at_hurdle_usd": [3e6, 1e6, -2e6, 1e6, -1e6, -3e6],
        }
        writer.write_table("screen_samples.parquet", columns)
    found = project_contest(open_run(tmp_path / "screen"))
    assert found is not None
    column = found.columns["npv_at_hurdle_usd"]
    assert found.labels == ("good", "bad", NO_PROJECT)
    shares = [plan.best_frac.value for plan in column.plans]
    assert shares == pytest.approx([2 / 3, 0.0, 1 / 3])
    # Regret of none: 3, 1, 0.
    assert column.plans[2].regret_mean.value == pytest.approx(4e6 / 3)
    assert column.pair("good", "bad").is_never_worse
    told = " ".join(project_words(found))
    assert "Highest mean NPV: good, 0.7 USD m" in told
    alone = contest_run([tmp_path / "screen"])
    assert alone.result is None
    assert alone.plans == ()


def test_words_follow_the_figures() -> None:
    rng = np.random.default_rng(3)
    market = 5e6 * rng.normal(size=1000)
    values = 1e8 + np.stack([market + 2e6, market, market, 0.5 * market - 1e9])
    labels = ("plan", "usual", "twin", "poor")
    found = contest_of(labels, {"npv_usd": values, "min_cash_usd": values})
    found.events["equity_over_limit_frac"] = (0.0, 0.0, 0.0, 0.4)
    usual = business_as_usual(load_bundle("teaching").study)
    plans = [Contestant(name, "naive", usual) for name in labels]
    told = " ".join(contest_words(plans, found))
    assert "Highest mean NPV: plan" in told
    assert "the best plan most often, in 100% of scenarios" in told
    assert "The lead of plan over usual is 2.0 USD m (2.00 to 2.00, 95%)" in told
    assert "the difference is the same in every scenario" in told
    assert "nobody who prefers more to less would choose usual, twin and poor" in told
    assert "Equal in every scenario: usual and twin" in told
    assert "more than the company's limit: poor 40%" in told
    column = found.columns["npv_usd"]
    assert dominance(column, "plan", "usual") == "never worse"
    assert dominance(column, "usual", "plan") == "never better"
    assert dominance(column, "usual", "twin") == "equal in all"
