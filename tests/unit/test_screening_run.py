# SPDX-License-Identifier: Apache-2.0
"""Screening end to end: function, files, command, and plans solved again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tiny_studies import alpha, beta, gamma, tiny_study

import optimizer
from models.cashflow import evaluate
from models.errors import ConfigError
from models.ledger import discount
from models.market import base_paths
from optimizer.cli import main
from optimizer.milp.compile import compile_model
from optimizer.milp.model import build_model
from optimizer.milp.options import ModelOptions
from optimizer.runreader import open_run
from optimizer.screening.generation import make_candidates
from optimizer.screening.horizon import at_horizon
from optimizer.screening.reoptimisation import (
    column_keys,
    forbidden_bounds,
    forced_bounds,
    reoptimise,
)
from optimizer.tablefiles import read_parquet

if TYPE_CHECKING:
    from pathlib import Path

    from models.study import Study
    from optimizer.screening.result import ScreenResult

STARTS = (0, 12)
GRID = "btc_price=0.5:1.5:3, power_price=0.8:1.2:2"


def small_study() -> Study:
    return tiny_study(sites=(alpha(), beta(), gamma()))


def screen_small(n_scenarios: int, seed: int, grid: str | None = GRID) -> ScreenResult:
    return optimizer.screen(
        small_study(),
        n_scenarios=n_scenarios,
        seed=seed,
        grid=grid,
        start_months=STARTS,
        reoptimise_top=0,
    )


@pytest.fixture(scope="module")
def screened() -> ScreenResult:
    return optimizer.screen(
        small_study(),
        n_scenarios=40,
        seed=3,
        grid=GRID,
        start_months=STARTS,
        reoptimise_top=0,
    )


def test_every_project_is_ranked_once(screened: ScreenResult) -> None:
    assert [one.rank for one in screened.projects] == list(
        range(1, len(screened.projects) + 1)
    )
    kinds = [one.verdict.kind for one in screened.projects]
    order = {"pass": 0, "only_if": 1, "fail": 2}
    assert [order[kind] for kind in kinds] == sorted(order[kind] for kind in kinds)


def test_values_reach_ten_years_and_the_end_of_every_contract(
    screened: ScreenResult,
) -> None:
    assert screened.plan_months == 24
    ends = [one.project.end for one in screened.projects]
    assert screened.horizon_months == max(120, max(ends) + 1)
    assert screened.horizon_months > 126


def test_npv_is_that_of_the_monthly_engine_on_the_whole_study(
    screened: ScreenResult,
) -> None:
    study = at_horizon(small_study(), screened.horizon_months)
    paths = base_paths(study)
    at_gamma = [one for one in screened.projects if one.project.site == "gamma"]
    assert at_gamma
    for one in at_gamma:
        # At an empty site the project's plan alone is the whole story.
        ledger = evaluate(study, one.project.plan(study), paths)
        flow = ledger.site_flow_usd()[0, study.site_index("gamma")]
        npv = discount(flow, one.hurdle_rate_per_year)
        assert one.base.npv_at_hurdle_usd == pytest.approx(float(npv), rel=1e-9)
        assert one.alone == one.base


def test_the_same_seed_gives_the_same_scores_and_another_does_not(
    screened: ScreenResult,
) -> None:
    again = optimizer.screen(
        small_study(),
        n_scenarios=40,
        seed=3,
        grid=GRID,
        start_months=STARTS,
        reoptimise_top=0,
    )
    other = optimizer.screen(
        small_study(),
        n_scenarios=5,
        seed=4,
        grid=None,
        start_months=STARTS,
        reoptimise_top=0,
    )
    for one, two in zip(screened.projects, again.projects, strict=True):
        assert one.project.id == two.project.id
        assert np.array_equal(one.sampled_npv_usd, two.sampled_npv_usd)
    npvs = {one.project.id: one.sampled_npv_usd for one in other.projects}
    first = screened.projects[0]
    assert not np.array_equal(npvs[first.project.id], first.sampled_npv_usd[:5])


def test_fewer_scenarios_are_the_first_of_more(screened: ScreenResult) -> None:
    fewer = optimizer.screen(
        small_study(),
        n_scenarios=10,
        seed=3,
        grid=GRID,
        start_months=STARTS,
        reoptimise_top=0,
    )
    by_id = {one.project.id: one for one in screened.projects}
    for one in fewer.projects:
        more = by_id[one.project.id].sampled_npv_usd[:10]
        assert np.array_equal(one.sampled_npv_usd, more)


def test_the_grid_holds_the_base_path_and_moves_with_prices(
    screened: ScreenResult,
) -> None:
    table = screened.grid_table()
    assert len(table["project"]) == 6 * len(screened.projects)
    mining = next(p for p in screened.projects if p.project.line == "self_mining")
    assert mining.grid is not None
    npv = mining.grid.npv_at_hurdle_usd.reshape(3, 2)
    assert (np.diff(npv[:, 0]) > 0).all()
    assert npv[2, 0] >= npv[2, 1]


def test_one_row_per_project_with_units_in_its_keys(screened: ScreenResult) -> None:
    table = screened.table()
    assert len(table["project"]) == len(screened.projects)
    assert set(table["verdict"]) <= {"pass", "only_if", "fail"}
    for share in ("irr_at_hurdle_frac", "npv_positive_frac", "no_irr_frac"):
        assert all(0.0 <= float(str(value)) <= 1.0 for value in table[share])


def test_the_best_of_each_family_stands_once(screened: ScreenResult) -> None:
    best = screened.best_of_family()
    families = [one.project.family for one in best]
    assert len(set(families)) == len(families)
    assert best[0].rank == 1


def test_arguments_out_of_range_are_named_all_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        optimizer.screen(
            small_study(),
            n_scenarios=0,
            seed=-1,
            grid="gold=1:2:3",
            start_months=(),
            reoptimise_top=-1,
        )
    text = str(caught.value)
    for name in ("--scenarios", "--seed", "--grid", "--start", "--reoptimise"):
        assert name in text


# -- plans solved again ---------------------------------------------------------------


def test_forcing_and_forbidding_a_project_move_its_columns_alone() -> None:
    study = small_study()
    compiled = compile_model(build_model(study, ModelOptions()).pyomo)
    keys = column_keys(compiled)
    made = make_candidates(at_horizon(study, 120), plan_months=24, start_months=(0,))
    project = next(p for p in made.projects if p.id.startswith("gamma/new/air/new"))
    forced = forced_bounds(study, compiled, keys, project)
    assert forced is not None
    (order,) = project.orders
    place = keys["order_lots", ("new", "gamma", order.period)]
    assert forced.lower[place] == order.lots
    assert (np.flatnonzero(forced.lower != compiled.lower) == [place]).all()
    forbidden = forbidden_bounds(compiled, keys, project)
    changed = np.flatnonzero(forbidden.upper != compiled.upper)
    names = {
        (compiled.columns[k].parent_component().local_name, compiled.columns[k].index())
        for k in changed
    }
    assert names
    assert {name for name, _ in names} == {"order_lots"}
    assert {index[:2] for _, index in names} == {("new", "gamma")}


def test_a_project_past_the_studys_horizon_cannot_be_forced() -> None:
    study = small_study()
    compiled = compile_model(build_model(study, ModelOptions()).pyomo)
    made = make_candidates(at_horizon(study, 120), plan_months=24, start_months=(30,))
    project = next(p for p in made.projects if p.id.startswith("gamma/new/air/new"))
    assert forced_bounds(study, compiled, column_keys(compiled), project) is None


def test_value_in_the_best_plan_is_with_less_without(screened: ScreenResult) -> None:
    study = small_study()
    gamma_alone = next(
        p for p in screened.projects if p.project.id.startswith("gamma/new/air/new")
    )
    gap = 1e-4
    result = reoptimise(
        study, replace(screened, projects=(gamma_alone,)), top=1, gap_frac=gap
    )
    options = ModelOptions(enforce_hurdles=False)
    free = optimizer.plan(study, options=options, gap_frac=gap).npv_usd
    # Without its machines there is nothing to do at gamma: a study that lacks it.
    lesser = small_study().model_copy(update={"sites": study.sites[:2]})
    without = optimizer.plan(lesser, options=options, gap_frac=gap).npv_usd
    value = result.projects[0].reoptimised
    assert value is not None
    assert value.status == "solved"
    assert value.is_chosen
    assert value.value_usd == pytest.approx(free - without, abs=3 * gap * free)
    assert value.uncertainty_usd <= 2 * gap * free
    assert result.timings_s["reoptimisation"] > 0.0


def test_a_wish_to_stop_leaves_the_rest_out_and_says_so(
    screened: ScreenResult,
) -> None:
    result = reoptimise(small_study(), screened, top=2, should_stop=lambda: True)
    statuses = {
        one.reoptimised.status for one in result.projects if one.reoptimised is not None
    }
    assert statuses <= {"not solved", "does not fit the study's horizon"}
    named = [note for note in result.left_out if "not re-optimised" in note]
    assert named


def test_a_stopped_screening_ranks_what_it_has() -> None:
    asked = iter([False, False, True, True, True])
    result = optimizer.screen(
        small_study(), n_scenarios=5, grid=None, should_stop=lambda: next(asked)
    )
    assert [one.rank for one in result.projects] == [1, 2]
    assert any("stopped before" in note for note in result.left_out)


# -- files and command ----------------------------------------------------------------


def test_the_command_writes_a_run_and_only_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    words = ["--start", "0", "--scenarios", "20", "--reoptimise", "0", "--json"]
    assert main(["screen", "teaching", "--out", str(folder), *words]) == 0
    projects = json.loads(capsys.readouterr().out)["screen"]["projects"]
    run = open_run(folder)
    assert run.passport.kind == "screen"
    assert run.passport.scenarios == 20
    assert run.passport.kpis["n_projects"] == len(projects)
    table = read_parquet(folder / "screen.parquet")
    assert table["project"].tolist() == [row["project"] for row in projects]
    text = (folder / "screen.csv").read_text(encoding="utf-8")
    assert len(text.splitlines()) == len(projects) + 1
    samples = read_parquet(folder / "screen_samples.parquet")
    assert len(samples["scenario_id"]) % 20 == 0
    # The folder of a run stands for its study, and the screening is added to it.
    assert main(["screen", str(folder), *words]) == 0
    again = open_run(folder)
    assert [words.split()[1] for words in again.passport.commands] == [
        "screen",
        "report",
        "screen",
        "report",
    ]
    assert again.changed_files() == []


def test_a_screening_alone_has_its_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    words = ["--start", "0", "--scenarios", "20", "--reoptimise", "0"]
    assert main(["screen", "teaching", "--out", str(folder), *words]) == 0
    assert f"Report: {folder / 'report.html'}" in capsys.readouterr().out
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Screening report" in page
    for name in ("screen", "prices", "trust"):
        assert page.count(f'<section id="{name}">') == 1
    assert '<section id="plan">' not in page
    assert "<code>wattplan plan teaching --out DIR</code>" in page
    assert "Green Valley: " in page
    first = page
    assert main(["report", str(folder)]) == 0
    again = (folder / "report.html").read_text(encoding="utf-8")
    assert "Screening report" in again
    assert len(again) >= len(first)


def test_the_terminal_shows_the_ranking(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    words = ["screen", "teaching", "--out", str(folder), "--scenarios", "20"]
    assert main([*words, "--reoptimise", "1", "--top", "3", "--start", "0"]) == 0
    said = capsys.readouterr().out
    assert "valley/existing/air/client" in said
    assert "Value in the best plan" in said
    assert "only if" in said


def test_a_faulty_grid_ends_with_code_2_and_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert main(["screen", "teaching", "--out", str(folder), "--grid", "x"]) == 2
    assert not folder.exists()
