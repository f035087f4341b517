# SPDX-License-Identifier: Apache-2.0
"""The report as a page: complete, offline, and safe whatever the inputs say."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from reported_runs import HOSTILE, reported_data, screened_data

from models.business_as_usual import business_as_usual
from optimizer.cli import main
from optimizer.planning import evaluate_plan
from optimizer.report import ReportData, render_report, write_report
from optimizer.report.screening_page import screening_summary, screening_tiles
from optimizer.report.strip import alerts, tiles
from optimizer.runfolder import RunFacts, RunWriter, open_run
from optimizer.scoring import score_run, stress_run
from sites import load_bundle, resolved_toml

if TYPE_CHECKING:
    from pathlib import Path

SECTIONS = (
    "plan",
    "value",
    "money",
    "margin-section",
    "risk",
    "prices",
    "why",
    "screen",
    "ledger-section",
    "trust",
)


@pytest.fixture(scope="module")
def data() -> ReportData:
    return reported_data(HOSTILE)


@pytest.fixture(scope="module")
def page(data: ReportData) -> str:
    return render_report(data)


def _markup(page: str) -> str:
    """The page without Plotly's own script, which holds addresses it never loads."""
    longest = max(re.findall(r"<script>.*?</script>", page, re.DOTALL), key=len)
    return page.replace(longest, "")


def test_every_section_and_figure_is_there_once(page: str) -> None:
    for name in SECTIONS:
        assert page.count(f'<section id="{name}">') == 1
    figures = re.findall(r'<div class="plot" id="plot-([^"]+)"', page)
    assert len(figures) == len(set(figures)) >= 10
    for name in figures:
        assert page.count(f'id="figure-{name}"') == 1
        assert page.count(f'id="reading-{name}"') == 1


def test_every_table_can_be_taken_away_as_csv(page: str) -> None:
    tables = re.findall(r'<table id="table-([^"]+)"', page)
    assert len(tables) == len(set(tables))
    for name in tables:
        assert page.count(f'data-csv="{name}"') == 1
        found = re.search(rf'id="csv-{name}">(.*?)</script>', page)
        assert found is not None
        assert json.loads(found[1]).endswith("\n")


def test_the_page_holds_plotly_once_and_nothing_from_outside(page: str) -> None:
    markup = _markup(page)
    assert page.count("plotly.js v") == 1
    assert (
        re.findall(r'(?:src|srcset|@import|url\()\s*=?\s*["\']?https?:', markup) == []
    )
    assert re.findall(r'<link[^>]+href="(?!data:)', markup) == []
    assert "default-src 'none'" in markup
    assert len(page.encode()) < 10e6


def test_names_from_input_files_never_become_markup(page: str) -> None:
    markup = _markup(page)
    assert HOSTILE not in markup
    assert "&lt;script&gt;alert(" in markup
    # Inside JSON the sign that could end a script element is spelt as an escape.
    for body in re.findall(
        r'<script type="application/json"[^>]*>(.*?)</script>', markup
    ):
        assert "<" not in body
    assert "Quarterly &lt;report&gt;" in markup


def test_missing_parts_name_the_command_that_makes_them() -> None:
    bare = render_report(reported_data(is_full=False))
    for command in (
        "wattplan score DIR",
        "wattplan stress DIR",
        "wattplan explain DIR",
        "wattplan screen DIR",
        "wattplan plan tiny --compare",
    ):
        assert f"<code>{command}</code>" in bare


def test_key_figures_show_gap_chances_and_cost(data: ReportData) -> None:
    shown = {tile.label: tile for tile in tiles(data)}
    assert shown["Proven gap"].value == "0.050%"
    assert shown["Proven gap"].detail == "at most USD 0.02m from the best; optimal"
    negative = data.scores.record["probabilities"]["npv_negative_frac"]
    assert shown["P(NPV under zero)"].value == f"{100 * negative:.1f}%"
    low, high = data.scores.record["probability_ranges"]["npv_negative_frac"]
    ends = f"95%: {100 * low:.1f}% to {100 * high:.1f}%"
    assert shown["P(NPV under zero)"].detail == f"300 scenarios, seed 1; {ends}"
    assert "with depreciation" in shown["Cost to mine"].detail
    called = data.scores.record["probabilities"]["margin_call_within_3_months_frac"]
    chance = shown["P(margin call in 3 months)"]
    assert chance.value == f"{100 * called:.1f}%"
    # The loan of 6 M on 100 BTC is called under 6,000,000 / (0.78 x 100) USD.
    assert shown["Distance to a call"].detail.endswith("called under USD 76,923")


def test_emergency_equity_and_failed_checks_are_said_loudly(data: ReportData) -> None:
    equity = tuple(3e6 if t == 4 else 0.0 for t in range(data.study.time.months))
    needy = evaluate_plan(
        data.study,
        data.plan.plan.model_copy(update={"emergency_equity_usd": equity}),
    )
    broken = replace(needy.checks[0], passed=False)
    needy = replace(needy, checks=(broken, *needy.checks[1:]))
    found = alerts(replace(data, plan=needy))
    assert found[0].title.startswith("The plan raises USD ")
    assert "April 2026" in found[0].text
    assert found[1].title == "1 check of the plan failed"
    assert broken.name in found[1].text


def test_a_screening_opens_with_its_verdicts_and_its_first_project() -> None:
    data = screened_data()
    shown = {tile.label: tile for tile in screening_tiles(data)}
    assert (shown["Projects"].value, shown["Projects"].detail) == ("2", "at 1 site")
    assert [shown[name].value for name in ("Pass", "Pass only if", "Fail")] == [
        "1",
        "1",
        "0",
    ]
    first = shown["NPV of the first at its hurdle"]
    assert first.value == "+USD 1.2m"
    assert first.detail.startswith("Alpha: ")
    assert shown["IRR of the first"].value == "31.0% a year"
    assert shown["P(NPV of the first not under zero)"].value == "70%"
    assert "2 projects 1 pass" in screening_summary(data)[0]


def test_a_screening_without_projects_says_so() -> None:
    data = screened_data(is_empty=True)
    assert [tile.value for tile in screening_tiles(data)] == ["0"] * 4
    page = render_report(data)
    assert "The study offers no candidate project." in page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("runs") / "run"
    bundle = load_bundle("teaching")
    plan = business_as_usual(bundle.study)
    facts = RunFacts(
        kind="plan",
        study_id="teaching",
        study_title=bundle.study.title,
        inputs=bundle.files,
        command="wattplan plan teaching",
    )
    with RunWriter(place, facts) as writer:
        writer.write_text("study.toml", resolved_toml(bundle))
        writer.write_plan(plan)
        writer.write_plan(plan, "baseline.json")
        writer.write_plan(plan, "others/run_off.json")
    return place


def test_a_run_folder_gets_its_report_and_keeps_its_passport(folder: Path) -> None:
    place = write_report(folder)
    run = open_run(folder)
    assert place == folder / "report.html"
    assert run.passport.files["report.html"].size_bytes == place.stat().st_size
    page = place.read_text(encoding="utf-8")
    assert run.passport.run_id in page
    assert "Two valleys: 24 months, two machines, one client" in page
    assert "Run-off" in page
    assert "company.cash_usd" in page


def test_scores_and_stories_of_a_folder_reach_its_report(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    score_run(folder, n_scenarios=64, seed=7)
    stress_run(folder)
    assert main(["report", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert told["size_bytes"] == (folder / "report.html").stat().st_size
    assert "64 sampled scenarios, seed 7." in page
    assert 'id="plot-irr_distribution"' in page
    assert 'id="plot-stress"' in page


def test_a_folder_without_a_plan_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(tmp_path / "none")]) == 7
    assert "none" in capsys.readouterr().err
