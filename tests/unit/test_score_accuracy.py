# SPDX-License-Identifier: Apache-2.0
"""`--until`: the text, the figures it may name, sampling that ends by itself."""

from __future__ import annotations

import numpy as np
import pytest
from scored_plans import grown_plan, usual_plan
from tiny_studies import company, tiny_study

import gpu.scoring.chunks
from gpu.scoring.chunks import BLOCK
from gpu.scoring.score import ScoreOptions, ScoreResult, score, score_plans
from gpu.statistics.accuracy import Accuracy, parse_accuracy
from models.errors import ConfigError

STUDY = tiny_study()
PLAN, USUAL = grown_plan(STUDY), usual_plan(STUDY)


@pytest.mark.parametrize(
    ("text", "name", "statistic", "half_width", "is_relative"),
    [
        ("cvar95 +- 0.5 %", "npv_usd", "cvar_95", 0.005, True),
        ("npv mean +- 1e6 USD", "npv_usd", "mean", 1e6, False),
        ("NPV  p05+-2%", "npv_usd", "p05", 0.02, True),
        ("gain mean +/- 1.5 USD m", "incremental_npv_usd", "mean", 1.5e6, False),
        ("cash p01 ± 250000 usd", "min_cash_usd", "p01", 250_000.0, False),
        ("mined_btc p50 +- 3 BTC", "mined_btc", "p50", 3.0, False),
        (
            "least call distance usd per btc mean +- 9 USD per BTC",
            "least_call_distance_usd_per_btc",
            "mean",
            9.0,
            False,
        ),
        ("payback months mean +- 1 months", "payback_months", "mean", 1.0, False),
        ("prob of margin call +- 0.2 pp", "margin_call_frac", "probability", 2e-3, 0),
        ("P(liquidation) +- 5 %", "liquidation_frac", "probability", 0.05, True),
        ("prob no irr +- 1 pp", "no_irr_frac", "probability", 0.01, False),
    ],
)
def test_a_figure_and_its_half_width_are_read(
    text: str, name: str, statistic: str, half_width: float, is_relative: bool
) -> None:
    found = parse_accuracy(text)
    assert (found.name, found.statistic) == (name, statistic)
    assert found.half_width == pytest.approx(half_width, rel=1e-12)
    assert found.is_relative == is_relative


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "must be a figure, +- and an amount"),
        ("cvar95", "must be a figure, +- and an amount"),
        ("cvar95 0.5 %", "must be a figure, +- and an amount"),
        ("+- 0.5 %", "must be a figure, +- and an amount"),
        ("cvar96 +- 0.5 %", "Did you mean cvar95?"),
        ("median +- 0.5 %", "or begin with prob"),
        ("npv mean +- %", "must be a number above 0"),
        ("npv mean +- 0 %", "must be a number above 0"),
        ("npv mean +- -1 %", "must be a number above 0"),
        ("npv mean +- nan %", "must be a number above 0"),
        ("npv mean +- 1e999 %", "must be a number above 0"),
        ("npv mean +- 5", "must have a unit that fits npv_usd: %, USD, USD m"),
        ("npv mean +- 5 BTC", "must have a unit that fits npv_usd: %, USD, USD m"),
        ("npv mean +- 5 EUR", "must have a unit that fits npv_usd: %, USD, USD m"),
        ("foo mean +- 1 USD", "1 USD must be an amount in %: the name of the figure"),
        ("mined_btc mean +- 5 EUR", "must have a unit that fits mined_btc: %, BTC"),
        (
            "least_call_distance_usd_per_btc mean +- 100 BTC",
            "unit that fits least_call_distance_usd_per_btc: %, USD per BTC",
        ),
        ("prob loss +- 5 USD", "must have a unit that fits npv_negative_frac: %, pp"),
    ],
)
def test_what_is_wrong_with_a_text_is_said(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_accuracy(text)
    assert "--until" in str(caught.value)
    assert complaint in str(caught.value)


def test_a_relative_half_width_goes_with_the_size_of_the_figure() -> None:
    share = Accuracy("", "npv_usd", "mean", 0.01, is_relative=True)
    assert share.allowed(-200.0) == 2.0
    assert share.allowed(0.0) == 0.0
    assert Accuracy("", "npv_usd", "mean", 3.0, is_relative=False).allowed(-9.0) == 3.0


def test_a_figure_that_scores_do_not_have_is_refused_before_any_work() -> None:
    options = ScoreOptions(until="npw mean +- 1 %")
    with pytest.raises(ConfigError, match="npw must be one of"):
        score(STUDY, PLAN, n_scenarios=5, options=options)
    options = ScoreOptions(until="prob of margin calls +- 1 %")
    with pytest.raises(ConfigError, match=r"Did you mean margin_call_frac\?"):
        score(STUDY, PLAN, n_scenarios=5, options=options)
    owed = company().loan.model_copy(update={"principal_usd": 0.0})
    free = tiny_study(company=company(loan=owed))
    options = ScoreOptions(until="prob of margin call +- 1 %")
    with pytest.raises(ConfigError, match=r"not to be had.*There are cash shortfall"):
        score(free, PLAN, n_scenarios=5, options=options)
    # Columns of codes and counts have no mean worth asking for.
    for name in ("irr_n_roots", "irr_status"):
        options = ScoreOptions(until=f"{name} mean +- 1 %")
        with pytest.raises(ConfigError, match=f"{name} must be one of"):
            score(STUDY, PLAN, n_scenarios=5, baseline=USUAL, options=options)


def run(until: str, n_scenarios: int, *, keep_rows: bool = True) -> ScoreResult:
    return score(
        STUDY,
        PLAN,
        n_scenarios=n_scenarios,
        seed=3,
        baseline=USUAL,
        backend="numpy",
        keep_rows=keep_rows,
        options=ScoreOptions(until=until),
    )


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make chunks of one block, so that little sampling is enough to stop."""
    monkeypatch.setattr(gpu.scoring.chunks, "MIN_CHUNK_BLOCKS", 1)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("keep_rows", [True, False])
def test_sampling_ends_when_a_mean_is_exact_enough(keep_rows: bool) -> None:
    # Of n scenarios the half width is 1.96 sd / sqrt(n): one block shows the sd, then
    # what 2.5 blocks would reach is reached with three.
    first = run("npv mean +- 1 USD", BLOCK)
    sd = first.summary["npv_usd"].sd
    asked = 1.96 * sd / np.sqrt(2.5 * BLOCK)
    found = run(f"npv mean +- {asked} USD", 6 * BLOCK, keep_rows=keep_rows)
    assert found.reached is not None
    assert found.reached.is_reached
    assert found.n_scenarios == found.reached.n_scenarios == 3 * BLOCK
    assert found.reached.n_allowed == 6 * BLOCK
    assert found.reached.half_width <= asked
    assert found.reached.value == found.summary["npv_usd"].mean
    # What is reported is what three blocks alone give.
    alone = run("npv mean +- 1 USD", 3 * BLOCK, keep_rows=keep_rows)
    assert repr(found.summary) == repr(alone.summary)
    assert found.probabilities == alone.probabilities
    if keep_rows:
        assert found.columns is not None
        assert len(found.columns["npv_usd"]) == 3 * BLOCK


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(
    ("figure", "unit"),
    [
        ("cvar95", "%"),
        ("p05", "USD m"),
        ("npv p50", "USD"),
        ("prob of loss", "pp"),
        ("gain mean", "%"),
    ],
)
def test_every_kind_of_figure_can_be_asked_for(figure: str, unit: str) -> None:
    found = run(f"{figure} +- 1e-9 {unit}", BLOCK)
    assert found.reached is not None
    assert not found.reached.is_reached
    assert found.n_scenarios == BLOCK
    assert 0.0 < found.reached.half_width < np.inf
    wide = run(f"{figure} +- 1e9 {unit}", 2 * BLOCK)
    assert wide.reached is not None
    assert wide.reached.is_reached
    assert wide.n_scenarios == BLOCK


@pytest.mark.usefixtures("small_chunks")
def test_of_several_plans_the_least_exact_decides() -> None:
    results = score_plans(
        STUDY,
        (PLAN, USUAL),
        n_scenarios=2 * BLOCK,
        seed=3,
        backend="numpy",
        options=ScoreOptions(until="npv mean +- 1 USD"),
    )
    widths = [1.96 * one.summary["npv_usd"].sd / np.sqrt(2 * BLOCK) for one in results]
    for one in results:
        assert one.reached is not None
        assert one.reached.half_width == pytest.approx(max(widths), rel=1e-3)
