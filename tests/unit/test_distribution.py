# SPDX-License-Identifier: Apache-2.0
"""How outcomes are spread: by hand, against rows, in a run folder and its report."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scored_plans import grown_plan, usual_plan
from tiny_studies import tiny_study

from gpu.sampling.rule import DrawRule
from gpu.scoring.score import score
from gpu.statistics.distribution import Distribution, JointDistribution
from gpu.statistics.histogram import Histogram
from gpu.statistics.joint import JointHistogram
from models.business_as_usual import business_as_usual
from optimizer.distribution_files import (
    DISTRIBUTIONS_FILE,
    read_distributions,
    read_joints,
)
from optimizer.report.figures.distribution import npv_exhibit
from optimizer.report.figures.joint import equity_exhibit
from optimizer.report.figures.returns import irr_exhibit
from optimizer.report.load import load_report_data
from optimizer.report.scores import Scores
from optimizer.report.sections import sections
from optimizer.runfolder import RunFacts, RunWriter, open_run
from optimizer.scoring import score_run
from sites.loader import load_bundle, load_study
from sites.resolved import resolved_toml

if TYPE_CHECKING:
    from pathlib import Path

    from gpu.sampling.rule import SamplingMethod
    from gpu.scoring.result import ScoreResult
    from models.study import Study


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("teaching")


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


def scored(study: Study, *, keep_rows: bool) -> ScoreResult:
    usual = business_as_usual(study)
    return score(
        study,
        usual,
        n_scenarios=6_000,
        seed=3,
        baseline=usual,
        backend="numpy",
        keep_rows=keep_rows,
    )


def test_shares_below_and_quantiles_by_hand() -> None:
    # A fifth from 0 to 2, a half at exactly 4, a tenth from 8 to 10, a fifth nowhere.
    spread = Distribution(
        np.array([0.0, 4.0, 8.0]), np.array([2.0, 4.0, 10.0]), np.array([0.2, 0.5, 0.1])
    )
    assert spread.known_frac == pytest.approx(0.8)
    at = np.array([-1.0, 0.0, 1.0, 3.0, 4.0, 9.0, 11.0])
    # Half of the first bin is under 1, half of the last under 9.
    expected = [0.0, 0.0, 0.1, 0.2, 0.7, 0.75, 0.8]
    np.testing.assert_allclose(spread.below_frac(at), expected, rtol=1e-12)
    # Of the four fifths with an outcome an eighth, 0.1, lies under 1; the half, 0.4,
    # in the point at 4; 15/16, 0.75, under 9.
    found = spread.quantiles(np.array([0.0, 0.125, 0.5, 0.9375, 1.0]))
    np.testing.assert_allclose(found, [0.0, 1.0, 4.0, 9.0, 10.0], rtol=1e-12)


def test_pairs_are_brought_to_other_cells_by_hand() -> None:
    # Three tenths in x 0 to 4, y 0 to 2; half in x 4 to 8, y 2 and more; a fifth in x
    # under 0, y 0 to 2.
    inf = np.inf
    pair = JointDistribution(
        "npv_usd",
        "equity_usd",
        np.array([0.0, 4.0, -inf]),
        np.array([4.0, 8.0, 0.0]),
        np.array([0.0, 2.0, 0.0]),
        np.array([2.0, inf, 2.0]),
        np.array([0.3, 0.5, 0.2]),
    )
    # In x three quarters of the first and nothing of the second lie under 3; in y
    # half of the first and of the last lie under 1, the second stands at 2.
    found = pair.on_grid(np.array([-9.0, 3.0, 9.0]), np.array([0.0, 1.0, 2.5, 3.0]))
    expected = [
        [0.3 * 0.75 * 0.5 + 0.2 * 0.5, 0.3 * 0.75 * 0.5 + 0.2 * 0.5, 0.0],
        [0.3 * 0.25 * 0.5, 0.3 * 0.25 * 0.5 + 0.5, 0.0],
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    # A level at an edge belongs above it.
    (row,) = pair.on_grid(np.array([0.0, 1.0]), np.array([0.0, 2.0, 3.0]))
    np.testing.assert_allclose(row, [0.5, 0.5], rtol=1e-12)


def test_nothing_known_is_no_share_and_no_quantile() -> None:
    nothing = Distribution(np.zeros(0), np.zeros(0), np.zeros(0))
    assert nothing.known_frac == 0.0
    assert nothing.below_frac(np.array([-1.0, 1.0])).tolist() == [0.0, 0.0]
    assert np.isnan(nothing.quantiles(np.array([0.5]))).all()


def test_bins_hold_what_rows_hold_and_are_the_same_without_them(study: Study) -> None:
    kept, streamed = (scored(study, keep_rows=flag) for flag in (True, False))
    assert kept.columns is not None
    assert streamed.columns is None
    assert set(kept.distributions) == set(streamed.distributions) == set(kept.summary)
    for name, one in kept.distributions.items():
        other = streamed.distributions[name]
        for key in ("low", "high", "share_frac"):
            np.testing.assert_array_equal(getattr(one, key), getattr(other, key))
        values = kept.columns[name]
        known = values[~np.isnan(values)]
        assert one.known_frac == pytest.approx(len(known) / len(values), abs=1e-12)
        assert (one.low[1:] >= one.high[:-1]).all()
        # Up to the end of each bin there is what rows say, to the last one.
        below = np.searchsorted(np.sort(known), one.high, side="right") / len(values)
        np.testing.assert_allclose(np.cumsum(one.share_frac), below, atol=1.5 / 6_000)


def test_weights_count_in_shares(study: Study, planned: Path, tmp_path: Path) -> None:
    run = shutil.copytree(planned, tmp_path / "run")
    result = score_run(run, n_scenarios=4_096, sampling="importance").result
    assert result.columns is not None
    weight, npv = result.columns["weight"], result.columns["npv_usd"]
    spread = result.distributions["npv_usd"]
    for value in np.quantile(npv, [0.1, 0.5, 0.9]):
        share = np.average(npv <= value, weights=weight)
        assert spread.below_frac(np.array([value]))[0] == pytest.approx(share, abs=2e-3)
    read = read_distributions(open_run(run))
    (pair, *_) = read_joints(open_run(run))
    (made, *_) = result.joints
    assert (pair.x_name, pair.y_name) == ("npv_usd", "equity_usd")
    np.testing.assert_array_equal(pair.share_frac, made.share_frac)
    np.testing.assert_array_equal(pair.y_high, made.y_high)
    # NPV under zero, from pairs and from the event: off by part of a bin of 65,536 USD.
    under = pair.on_grid(np.array([-1.0, 0.0, 1.0]), np.array([-1.0, 1.0])).sum(axis=1)
    loss = result.probabilities["npv_negative_frac"]
    assert under == pytest.approx([loss, 1.0 - loss], abs=2e-3)
    assert set(read) == {n for n, one in result.distributions.items() if len(one.low)}
    np.testing.assert_array_equal(read["npv_usd"].share_frac, spread.share_frac)
    np.testing.assert_array_equal(read["npv_usd"].low, spread.low)
    data = load_report_data(run)
    assert data.scores is not None
    assert "drawn toward shortfalls of cash and weighted" in data.scores.note


@pytest.mark.parametrize("keep_rows", [True, False])
def test_what_is_known_of_weighted_scenarios_counts_by_weight(keep_rows: bool) -> None:
    study = tiny_study()
    rule = DrawRule(2, method="importance", tilt=(-0.5,) * study.time.months)
    found, rows = (
        score(
            study,
            grown_plan(study),
            n_scenarios=600,
            rule=rule,
            baseline=usual_plan(study),
            backend="numpy",
            keep_rows=keep,
        )
        for keep in (keep_rows, True)
    )
    assert rows.columns is not None
    weight = rows.columns["weight"]
    n_partly = 0
    for name, one in found.distributions.items():
        share = np.average(~np.isnan(rows.columns[name]), weights=weight)
        assert one.known_frac == pytest.approx(share, abs=1e-6)
        n_partly += 0.0 < share < 1.0
    assert n_partly


@pytest.mark.parametrize("sampling", ["plain", "sobol"])
def test_a_report_without_rows_shows_what_one_with_rows_shows(
    planned: Path, tmp_path: Path, sampling: SamplingMethod
) -> None:
    shown = []
    for keep_rows in (True, False):
        run = shutil.copytree(planned, tmp_path / f"run_{keep_rows}")
        score_run(run, n_scenarios=8_192, sampling=sampling, keep_rows=keep_rows)
        assert (run / "scores.parquet").is_file() == keep_rows
        data = load_report_data(run)
        assert data.scores is not None
        ids = {one.id for part in sections(data) for one in part.exhibits}
        assert {"npv_distribution", "irr_distribution"} <= ids
        shown.append(
            (
                npv_exhibit(data.study, data.scores),
                irr_exhibit(data.study, data.plan, data.scores),
            )
        )
    for with_rows, without in zip(*shown, strict=True):
        assert with_rows.figure.to_json() == without.figure.to_json()
        assert with_rows.table is not None
        assert without.table is not None
        for one, other in zip(with_rows.table.rows, without.table.rows, strict=True):
            # Quantiles of streams are within a tenth of a per cent.
            assert one[0] == other[0]
            cells = [np.array(row[1:], dtype=np.float64) for row in (one, other)]
            np.testing.assert_allclose(*cells, rtol=1e-3, atol=1e-9)


def test_npv_is_split_by_the_equity_it_stands_on(study: Study) -> None:
    # A fifth loses 50 M USD and needs 1 B; three tenths make 100 M with 20 M; half
    # make 300 M with none. The company can raise 100 M.
    company = study.company.model_copy(update={"emergency_equity_max_usd": 100e6})
    study = study.model_copy(update={"company": company})
    npv = np.repeat([-50e6, 100e6, 300e6], [200, 300, 500])
    equity = np.repeat([1e9, 20e6, 0.0], [200, 300, 500])
    histogram = JointHistogram("npv_usd", "equity_usd")
    histogram.add(npv, equity)
    column = Histogram(1.0)
    column.add(npv)
    shares = {"equity_needed_frac": 0.5, "equity_over_limit_frac": 0.2}
    scores = Scores(
        {"n_scenarios": 1000, "seed": 1, "probabilities": shares, "columns": {}},
        {"npv_usd": Distribution.of(column, 1000, -50e6, 300e6)},
        (JointDistribution.of(histogram, 1000),),
    )
    exhibit = equity_exhibit(study, scores)
    assert exhibit is not None
    assert exhibit.figure is not None
    none, some, over = (sum(bar.y) for bar in exhibit.figure.data)
    assert (none, some, over) == pytest.approx((50.0, 30.0, 20.0))
    assert "positive in 80.0% of scenarios: in 50.0% without" in exhibit.reading
    assert "in 30.0% with what the company can raise, and in 0.0%" in exhibit.reading
    shares["equity_needed_frac"] = 0.0
    assert equity_exhibit(study, scores) is None


def test_a_run_without_the_file_names_the_command(
    planned: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(planned, tmp_path / "run")
    score_run(run, n_scenarios=512)
    (run / DISTRIBUTIONS_FILE).unlink()
    data = load_report_data(run)
    (risk,) = (part for part in sections(data) if part.id == "risk")
    assert "wattplan score DIR" in risk.missing
    assert "npv_distribution" not in {one.id for one in risk.exhibits}
