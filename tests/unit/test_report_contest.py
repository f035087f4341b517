# SPDX-License-Identifier: Apache-2.0
"""The contest in the report: its figures are the file's, and it may be absent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reported_runs import HOSTILE, reported_data

from gpu.contests.contest import Contest
from models.business_as_usual import business_as_usual
from optimizer.console import to_json_value
from optimizer.contest import RunContest
from optimizer.contest_plans import Contestant
from optimizer.report import render_report
from optimizer.report.figures.contest import contest_exhibits, project_exhibits

N = 500


@pytest.fixture(scope="module")
def data():
    return reported_data()


@pytest.fixture(scope="module")
def found(data):
    rng = np.random.default_rng(1)
    market = 4e7 * rng.normal(size=N)
    own = np.stack([market + 1e7 * rng.normal(size=N) + k * 5e6 for k in range(3)])
    labels = ("plan", "business as usual", HOSTILE)
    names = (
        "equity_needed_frac",
        "equity_over_limit_frac",
        "margin_call_frac",
        "liquidation_frac",
    )
    made = Contest(labels, events=names)
    flags = dict.fromkeys(names, own < -40000000.0)
    made.take(0, {"npv_usd": own, "min_cash_usd": own}, None, flags)
    usual = business_as_usual(data.study)
    plans = tuple(Contestant(name, "naive", usual) for name in labels)
    projects = Contest(("a/b", "no project"), columns=("npv_at_hurdle_usd",))
    projects.take(0, {"npv_at_hurdle_usd": own[:2]})
    # As it comes back from the run folder.
    return to_json_value(RunContest(plans, made.result(), projects.result()).as_json())


def test_bars_and_marks_are_the_figures_of_the_file(found):
    (exhibit,) = contest_exhibits(found)
    bars, *rest = exhibit.figure.data
    plans = found["columns"]["npv_usd"]["plans"]
    shares = sorted(100.0 * plan["best_frac"]["value"] for plan in plans)[::-1]
    assert list(bars.x) == shares
    assert sum(bars.x) == pytest.approx(100.0)
    means = next(trace for trace in rest if trace.name == "regret: mean")
    by_name = dict(zip(means.y, means.x, strict=True))
    assert by_name["plan"] == plans[0]["regret_mean"]["value"] * 1e-6


def test_tables_hold_every_plan_and_every_pair(found):
    (exhibit,) = contest_exhibits(found)
    assert len(exhibit.table.rows) == 3
    pairs, cash = (fold.tables[0] for fold in exhibit.folds)
    assert len(pairs.rows) == 6
    assert len(cash.rows) == 3
    row = exhibit.table.rows[0]
    assert row[0] == "plan"
    assert row[-2] == found["events"]["margin_call_frac"][0]


def test_titles_fit_beside_each_other_on_a_telephone(found):
    # A panel is about 105 px wide there, a letter of 13 px half as wide as high.
    for exhibit in (*contest_exhibits(found), *project_exhibits(found)):
        for title in exhibit.figure.layout.annotations:
            assert title.font.size * 0.5 * len(title.text) < 100.0, title.text


def test_projects_have_an_exhibit_without_events(found):
    (exhibit,) = project_exhibits(found)
    keys = [column.key for column in exhibit.table.columns]
    assert not any(key.endswith("_event") for key in keys)
    assert {len(row) for row in exhibit.table.rows} == {len(keys)}
    assert "as if only one could be done" in exhibit.note


def test_the_report_shows_a_contest_and_no_name_runs(data, found):
    page = render_report(replace(data, contest=found))
    assert "Which plan wins, in how many futures" in page
    assert "Which project wins, in how many futures" in page
    assert HOSTILE not in page


def test_without_a_contest_there_is_nothing_to_show(data):
    assert contest_exhibits({}) == ()
    assert project_exhibits({}) == ()
    assert "Which plan wins" not in render_report(data)
