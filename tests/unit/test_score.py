# SPDX-License-Identifier: Apache-2.0
"""Scoring: rows, chunks, replay, grids, statistics, bad input."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from engine_plans import empty_plan
from scored_plans import grown_plan, usual_plan
from tiny_studies import company, market, tiny_study

import gpu.array_engine
from gpu.backend import to_host
from gpu.numpy_engine import project_sites, score_each, score_paths
from gpu.returns import MAX_IRR_PER_YEAR, rate_per_year, recovery_months
from gpu.sampling.scenarios import sampled_paths
from gpu.scoring.chunks import BLOCK
from gpu.scoring.score import ScoreOptions, ScoreResult, score_scenarios
from gpu.scoring.score import score as score_by
from gpu.statistics.risk import cvar, quantile
from models.cashflow import evaluate
from models.errors import BackendError, ConfigError
from models.finance import IRR_STATUS, irr, npv, payback_months
from models.ledger import discount
from models.market import base_paths
from models.market_parameters import Market

if TYPE_CHECKING:
    from types import ModuleType

# What the oracle says, to the bit: `auto` may choose another engine.
score = partial(score_by, backend="numpy")
STUDY = tiny_study()
PLAN, USUAL = grown_plan(STUDY), usual_plan(STUDY)
N = 5000
SEED = 20251130
STILL = {
    name: 0.0
    for name in Market.model_fields
    if "volatility" in name or name == "delay_volatility_months"
}


@pytest.fixture(scope="module")
def result() -> ScoreResult:
    return score(
        STUDY,
        PLAN,
        n_scenarios=N,
        seed=SEED,
        baseline=USUAL,
        grid="btc_price=0.5:1.5:3, power_price=0.8:1.2:3",
    )


def columns_of(result: ScoreResult) -> dict[str, np.ndarray]:
    assert result.columns is not None
    return result.columns


def test_a_row_is_what_the_engine_and_the_finance_functions_say(
    result: ScoreResult,
) -> None:
    columns = columns_of(result)
    for scenario in (0, 17, 4999):
        paths = sampled_paths(STUDY, SEED, np.array([scenario]))
        plan, usual = evaluate(STUDY, PLAN, paths), evaluate(STUDY, USUAL, paths)
        flow = plan.company_flow_usd()[0]
        increment = flow - usual.company_flow_usd()[0]
        monthly = 1.12 ** (1 / 12) - 1
        row = {name: column[scenario] for name, column in columns.items()}
        assert row["npv_usd"] == pytest.approx(npv(monthly, flow), rel=1e-9)
        gain = npv(monthly, increment)
        assert row["incremental_npv_usd"] == pytest.approx(gain, abs=1e-9 * 1e8)
        found = irr(increment)
        yearly = (1 + found.rate) ** 12 - 1
        assert row["irr_per_year"] == pytest.approx(yearly, abs=1e-9, nan_ok=True)
        assert row["irr_n_roots"] == found.n_roots
        assert IRR_STATUS[row["irr_status"]] == found.status
        back = payback_months(increment)
        assert row["payback_months"] == pytest.approx(back, nan_ok=True)
        assert row["min_cash_usd"] == plan.treasury.cash_usd[0, 1:].min()
        assert row["mined_btc"] == pytest.approx(plan.mined_btc.sum(), rel=1e-12)
        loan_usd = plan.treasury.loan_usd[0, -1]
        assert row["final_loan_usd"] == pytest.approx(loan_usd, rel=1e-9)
        site = plan.site_flow_usd()[0, 0] - usual.site_flow_usd()[0, 0]
        worth = npv(1.15 ** (1 / 12) - 1, site)
        assert row["site_alpha_npv_at_hurdle_usd"] == pytest.approx(worth, abs=1e-2)


def test_pieces_of_any_size_change_no_bit(result: ScoreResult) -> None:
    for rows in (333, 4096, 5000):
        other = score(
            STUDY,
            PLAN,
            n_scenarios=N,
            seed=SEED,
            baseline=USUAL,
            options=ScoreOptions(rows_at_once=rows),
        )
        for name, column in columns_of(other).items():
            np.testing.assert_array_equal(column, columns_of(result)[name], name)
        assert repr(other.summary) == repr(result.summary)
        assert other.probabilities == result.probabilities


def test_a_scenario_can_be_scored_alone(result: ScoreResult) -> None:
    ids = np.array([4999, 3, 3, 1000])
    alone = score_scenarios(STUDY, PLAN, seed=SEED, scenario_ids=ids, baseline=USUAL)
    for name, column in alone.items():
        np.testing.assert_array_equal(column, columns_of(result)[name][ids], name)


def test_zero_volatility_scores_the_base_path_every_time() -> None:
    study = tiny_study(market=market(**STILL))
    still = score(study, PLAN, n_scenarios=50, seed=1, baseline=USUAL)
    for name, column in columns_of(still).items():
        expected = np.full(50, still.base[name])
        np.testing.assert_array_equal(column.astype(np.float64), expected, name)
    npv_usd = still.summary["npv_usd"]
    assert (npv_usd.mean, npv_usd.sd) == (still.base["npv_usd"], 0.0)
    assert npv_usd.quantiles["p01"] == npv_usd.cvar_95 == still.base["npv_usd"]


def test_the_baseline_against_itself_gains_nothing() -> None:
    same = score(STUDY, USUAL, n_scenarios=20, seed=1, baseline=USUAL)
    columns = columns_of(same)
    assert not columns["incremental_npv_usd"].any()
    assert same.irr_status_frac["all_zero"] == 1.0
    assert same.probabilities["no_irr_frac"] == 1.0
    assert same.probabilities["npv_below_baseline_frac"] == 0.0
    assert not columns["payback_months"].any()
    assert not [name for name in columns if name.startswith("site_")]


def test_without_a_baseline_there_is_no_increment() -> None:
    alone = score(STUDY, PLAN, n_scenarios=20, seed=1)
    assert "incremental_npv_usd" not in columns_of(alone)
    assert alone.irr_status_frac == {}
    assert alone.baseline_label is None
    assert "site_beta_irr_per_year" in columns_of(alone)


def test_statistics_describe_the_rows(result: ScoreResult) -> None:
    columns = columns_of(result)
    npv_usd, summary = columns["npv_usd"], result.summary["npv_usd"]
    assert summary.mean == pytest.approx(npv_usd.mean(), rel=1e-12)
    assert summary.sd == pytest.approx(npv_usd.std(ddof=1), rel=1e-9)
    assert summary.quantiles["p05"] == quantile(npv_usd, 0.05)
    assert summary.cvar_95 == cvar(npv_usd, 0.95) <= summary.mean
    assert (summary.minimum, summary.maximum) == (npv_usd.min(), npv_usd.max())
    no_irr = np.isnan(columns["irr_per_year"])
    assert result.summary["irr_per_year"].n_missing == no_irr.sum()
    assert result.probabilities["no_irr_frac"] == no_irr.mean()
    below = (columns["incremental_npv_usd"] < 0).mean()
    assert result.probabilities["npv_below_baseline_frac"] == below
    assert sum(result.irr_status_frac.values()) == pytest.approx(1.0)


def test_streamed_statistics_agree_within_their_error(result: ScoreResult) -> None:
    streamed = score(
        STUDY, PLAN, n_scenarios=N, seed=SEED, baseline=USUAL, keep_rows=False
    )
    assert streamed.columns is None
    assert streamed.probabilities == result.probabilities
    for name, exact in result.summary.items():
        found = streamed.summary[name]
        assert (found.count, found.n_missing) == (exact.count, exact.n_missing)
        assert found.mean == pytest.approx(exact.mean, nan_ok=True)
        for key, value in exact.quantiles.items():
            limit = max(
                found.quantile_error_frac * abs(value), found.quantile_error_abs
            )
            assert found.quantiles[key] == pytest.approx(
                value, abs=limit * (1 + 1e-9), rel=0, nan_ok=True
            )


def test_the_middle_of_the_grid_is_the_base_path(result: ScoreResult) -> None:
    assert result.grid is not None
    columns = result.grid.columns
    assert columns["btc_price_multiplier"].tolist() == [0.5] * 3 + [1.0] * 3 + [1.5] * 3
    middle = {name: float(column[4]) for name, column in columns.items()}
    assert middle["btc_price_multiplier"] == middle["power_price_multiplier"] == 1.0
    for name, value in result.base.items():
        assert middle[name] == pytest.approx(value, rel=0, abs=0, nan_ok=True)
    # Dearer power never helps, a dearer BTC never hurts.
    worth = columns["npv_usd"].reshape(3, 3)
    assert (np.diff(worth, axis=1) < 0).all()
    assert (np.diff(worth, axis=0) > 0).all()


def test_emergency_equity_is_found_and_dated() -> None:
    poor = tiny_study(
        company=company(cash_usd=1.2e6, btc_free=0.0, btc_pledged=0.0),
        market=market(btc_price_usd=20_000.0),
    )
    rows = score_paths(poor, usual_plan(poor), base_paths(poor))
    ledger = evaluate(poor, usual_plan(poor), base_paths(poor))
    raised = ledger.treasury.equity_usd[0]
    assert raised.sum() > 1e4
    assert rows["equity_usd"][0] == pytest.approx(raised.sum())
    assert rows["first_equity_period"][0] == np.flatnonzero(raised)[0]
    # Cash is held at its floor, to rounding.
    assert rows["min_cash_usd"][0] == pytest.approx(1e6, rel=1e-9)


def test_nothing_held_scores_overhead_alone() -> None:
    rows = score_paths(STUDY, empty_plan(STUDY), base_paths(STUDY))
    assert np.isnan(rows["first_equity_period"][0])
    assert rows["equity_usd"][0] == rows["mined_btc"][0] == 0.0
    assert rows["final_btc"][0] == 120.0


def test_only_sites_that_differ_are_projects() -> None:
    assert project_sites(STUDY, PLAN, USUAL) == ("alpha", "beta")
    assert project_sites(STUDY, USUAL, USUAL) == ()
    assert project_sites(STUDY, PLAN, None) == ("alpha", "beta")
    only_alpha = PLAN.model_copy(update={"offers": USUAL.offers})
    assert project_sites(STUDY, only_alpha, USUAL) == ("alpha",)


def test_recovery_follows_the_payback_rule(
    xp: ModuleType, rng: np.random.Generator
) -> None:
    flows = rng.integers(-3, 4, (500, 12)).astype(np.float64)
    found = to_host(recovery_months(xp.asarray(flows)))
    np.testing.assert_array_equal(found, payback_months(flows))


def test_monthly_rates_become_yearly_and_huge_ones_are_shown_as_the_limit() -> None:
    rates = rate_per_year(np.array([0.0, 0.01, -0.5, np.nan, 1e30]))
    assert rates[:3] == pytest.approx([0.0, 1.01**12 - 1, 0.5**12 - 1], rel=1e-12)
    assert math.isnan(rates[3])
    assert np.isfinite(rates[4])
    assert rates[4] > MAX_IRR_PER_YEAR


def test_progress_is_told_after_every_block() -> None:
    told: list[tuple[int, int, float]] = []
    score(
        STUDY,
        PLAN,
        n_scenarios=BLOCK + 25,
        seed=1,
        grid="capex=1:2:2",
        progress=lambda *state: told.append(state),
    )
    assert [done for done, _, _ in told] == [BLOCK, BLOCK + 25, BLOCK + 27]
    assert {total for _, total, _ in told} == {BLOCK + 27}
    assert all(speed > 0 for _, _, speed in told)


def test_every_bad_argument_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        score(STUDY, PLAN, n_scenarios=0, seed=-1, grid="btc=1:2:3")
    files = [fault.file for fault in caught.value.faults]
    assert files == ["--scenarios", "--seed", "--grid"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"n_scenarios": 5_000_001}, "at most|--no-rows"),
        ({"n_scenarios": 10**10, "keep_rows": False}, "1 to 1,000,000,000"),
        ({"n_scenarios": 2.5}, "--scenarios = 2.5"),
        ({"n_scenarios": float("nan")}, "--scenarios = nan"),
        ({"n_scenarios": True}, "--scenarios = True"),
        ({"seed": 2**64}, "--seed = 18446744073709551616"),
        ({"seed": 1.0}, "--seed = 1.0"),
    ],
)
def test_bad_counts_and_seeds_are_refused(
    arguments: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        score(STUDY, PLAN, **({"n_scenarios": 5} | arguments))  # type: ignore[arg-type]


def test_short_memory_halves_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = score(STUDY, PLAN, n_scenarios=40, seed=1)
    sizes: list[int] = []

    def tight(study: object, plan: object, paths: object, **rest: object) -> object:
        sizes.append(paths.n_scenarios)  # type: ignore[attr-defined]
        if sizes[-1] > 10:
            raise MemoryError
        return score_each(study, plan, paths, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(gpu.array_engine, "score_each", tight)
    found = score(
        STUDY, PLAN, n_scenarios=40, seed=1, options=ScoreOptions(rows_at_once=64)
    )
    # The base path; 40 of 64 fail, of 32, of 16; then 8 at a time.
    assert sizes == [1, 40, 32, 16, *[8] * 5]
    np.testing.assert_array_equal(
        columns_of(found)["npv_usd"], columns_of(usual)["npv_usd"]
    )


def test_no_memory_for_a_single_scenario_is_a_backend_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object, **__: object) -> object:
        raise MemoryError

    monkeypatch.setattr(gpu.array_engine, "score_each", full)
    with pytest.raises(BackendError, match="does not suffice for one scenario"):
        score(STUDY, PLAN, n_scenarios=40, seed=1)


def test_rows_agree_on_every_array_module(xp: ModuleType) -> None:
    ids = np.arange(100)
    host = score_scenarios(STUDY, PLAN, seed=1, scenario_ids=ids, baseline=USUAL)
    paths = sampled_paths(STUDY, 1, ids, xp)
    there = score_paths(STUDY, PLAN, paths, baseline=USUAL)
    for name, column in host.items():
        assert isinstance(there[name], np.ndarray)
        scale = 1e8 if name.endswith("_usd") else 1.0
        np.testing.assert_allclose(
            there[name], column, rtol=1e-9, atol=1e-9 * scale, err_msg=name
        )


def test_discounting_does_not_depend_on_the_number_of_rows(
    rng: np.random.Generator,
) -> None:
    flows = rng.standard_normal((300, 61))
    alone = [float(discount(flows[k : k + 1], 0.12)[0]) for k in range(300)]
    assert discount(flows, 0.12).tolist() == alone
