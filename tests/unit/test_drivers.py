# SPDX-License-Identifier: Apache-2.0
"""What drives a plan: indices from the engine, drivers alone, exact zeros, seeds."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scored_plans import grown_plan
from tiny_studies import market, tiny_study

from gpu.numpy_engine import headline_rows
from gpu.sampling.rule import GROUPS
from gpu.sampling.scenarios import draw_shocks, sampled_paths
from gpu.sampling.sobol_indices import Estimate
from models.errors import ConfigError
from models.market import base_paths, simulate
from models.market_parameters import Correlation
from models.paths import MarketPaths
from optimizer.console import dump_json
from optimizer.drivers import drivers
from optimizer.drivers_alone import drawn_alone, shocks_alone
from optimizer.drivers_result import (
    DRIVERS,
    Drivers,
    FigureDrivers,
    drivers_of,
    inside,
    shared_draws,
)
from optimizer.report.figures.drivers import drivers_exhibit

STUDY = tiny_study()
PLAN = grown_plan(STUDY)
N = 2048

STILL = {
    "btc_volatility_per_year": 0.0,
    "network_volatility_per_year": 0.0,
    "fee_volatility_per_year": 0.0,
    "power_volatility_per_year": 0.0,
    "gpu_rent_volatility_per_year": 0.0,
    "gpu_utilisation_volatility_per_year": 0.0,
    "capex_overrun_volatility_frac": 0.0,
    "delay_volatility_months": 0.0,
}


def found_with(n: int = N, seed: int = 1, **changes: object) -> Drivers:
    study = STUDY.model_copy(update={"market": market(**changes)})
    return drivers(study, PLAN, n_scenarios=n, seed=seed, backend="numpy")


def figure(found: Drivers, key: str = "npv_usd") -> FigureDrivers:
    return next(one for one in found.figures if one.key == key)


def sharing(found: Drivers) -> list[FigureDrivers]:
    """Figures that scatter; emergency equity hardly ever comes in this plan."""
    moving = [one for one in found.figures if not math.isnan(one.first_sum_frac.value)]
    assert [one.key for one in moving] == ["npv_usd", "min_cash_usd", "margin_call"]
    return moving


def totals(one: FigureDrivers) -> dict[str, float]:
    return {share.key: share.total_frac.value for share in one.shares}


@pytest.fixture(scope="module")
def found() -> Drivers:
    return drivers(STUDY, PLAN, n_scenarios=N, backend="numpy")


def test_every_draw_belongs_to_exactly_one_driver() -> None:
    groups = [group for driver in DRIVERS for group in driver.groups]
    assert sorted(groups) == sorted(GROUPS)


def test_shares_add_up_and_totals_are_no_less(found: Drivers) -> None:
    for one in sharing(found):
        assert {share.key for share in one.shares} == {d.key for d in DRIVERS}
        alone = sum(share.first_frac.value for share in one.shares)
        assert one.first_sum_frac.value == pytest.approx(alone, abs=1e-12)
        assert one.first_sum_frac.low <= 1.0
        assert sum(totals(one).values()) >= one.first_sum_frac.low
        for share in one.shares:
            assert (
                share.first_frac.low <= share.first_frac.value <= share.first_frac.high
            )
            assert share.total_frac.high >= share.first_frac.low - 0.02
        ordered = list(totals(one).values())
        assert ordered == sorted(ordered, reverse=True)


def test_the_mean_is_that_of_own_and_partner_scenarios(found: Drivers) -> None:
    ids = np.arange(N)
    own = headline_rows(STUDY, PLAN, sampled_paths(STUDY, 1, ids))
    partner = headline_rows(STUDY, PLAN, sampled_paths(STUDY, 1, ids + 2**62))
    both = np.concatenate([own["npv_usd"], partner["npv_usd"]])
    one = figure(found)
    assert one.mean == pytest.approx(both.mean(), rel=1e-12)
    assert one.std == pytest.approx(both.std(), rel=1e-9)
    calls = ~np.isnan(
        np.concatenate([r["first_margin_call_period"] for r in (own, partner)])
    )
    assert figure(found, "margin_call").mean == pytest.approx(calls.mean(), abs=1e-12)


def test_a_driver_without_volatility_has_indices_of_exactly_zero() -> None:
    changed = found_with(
        gpu_rent_volatility_per_year=0.0, power_volatility_per_year=0.0
    )
    for one in sharing(changed):
        for share in one.shares:
            if share.key in {"gpu_rent", "power"}:
                ends = (
                    share.first_frac.low,
                    share.first_frac.high,
                    share.total_frac.high,
                )
                assert ends == (0.0, 0.0, 0.0)
                assert share.alone.p10 == share.alone.p90 == one.base


def test_the_only_driver_there_is_makes_all_of_the_variance() -> None:
    only = STILL | {"power_volatility_per_year": 0.15}
    study = STUDY.model_copy(update={"market": market(**only)})
    plan = PLAN.model_copy(update={"offers": ()})
    one = figure(drivers(study, plan, n_scenarios=N, backend="numpy"))
    share = one.shares[0]
    assert share.key == "power"
    assert (share.first_frac.value, share.total_frac.value) == pytest.approx(
        (1.0, 1.0), abs=0.05
    )
    assert all(total == 0.0 for key, total in totals(one).items() if key != "power")
    assert share.alone.p10 < one.base < share.alone.p90


def test_nothing_to_share_is_said_where_nothing_moves() -> None:
    study = STUDY.model_copy(update={"market": market(**STILL)})
    plan = PLAN.model_copy(update={"offers": ()})
    still = drivers(study, plan, n_scenarios=1024, backend="numpy")
    for one in still.figures:
        assert math.isnan(one.first_sum_frac.value)
        assert all(math.isnan(share.total_frac.value) for share in one.shares)
        assert "nothing to share" in one.note
        assert one.mean == pytest.approx(one.base, rel=1e-12, abs=1e-9)


def test_a_figure_that_hardly_ever_moves_is_not_explained(found: Drivers) -> None:
    rare = figure(found, "equity_usd")
    assert rare.std > 0.0
    assert "too few" in rare.note
    assert all(math.isnan(share.first_frac.value) for share in rare.shares)


def test_the_same_seed_gives_the_same_and_another_seed_another(found: Drivers) -> None:
    again = drivers(STUDY, PLAN, n_scenarios=N, backend="numpy")
    assert dump_json(again.figures) == dump_json(found.figures)
    other = drivers(STUDY, PLAN, n_scenarios=N, seed=2, backend="numpy")
    assert figure(other).mean != figure(found).mean
    btc = [one.shares[0].total_frac for one in (figure(found), figure(other))]
    assert btc[0].low < btc[1].high
    assert btc[1].low < btc[0].high


def test_the_compiled_engine_finds_the_same(found: Drivers) -> None:
    compiled = drivers(STUDY, PLAN, n_scenarios=N, backend="cpu")
    for one, other in zip(sharing(found), sharing(compiled), strict=True):
        assert other.std == pytest.approx(one.std, rel=1e-7)
        assert totals(other) == pytest.approx(totals(one), abs=1e-6)
        first = {share.key: share.first_frac.value for share in one.shares}
        for share in other.shares:
            assert share.first_frac.value == pytest.approx(first[share.key], abs=1e-6)


def test_one_driver_alone_leaves_everything_else_on_the_base_path() -> None:
    drawn = draw_shocks(STUDY, 1, np.arange(50))
    base = base_paths(STUDY)
    moving = {
        "site_build": {"capex_factor", "delay_months"},
        "client_fate": {"client_fate"},
        "power": {"power_multiplier"},
        "site_power": {"power_multiplier"},
        "gpu_rent": {"gpu_rent_usd_per_gpu_h"},
        "gpu_utilisation": {"gpu_utilisation_frac"},
        "within_month": {"btc_low_frac"},
    }
    for group, names in moving.items():
        paths = simulate(STUDY, shocks_alone(drawn, {group}))
        for name in MarketPaths.__slots__:
            own, still = getattr(paths, name), getattr(base, name)
            is_same = bool((own == still).all())
            assert is_same == (name not in names), (group, name)


def test_all_drivers_alone_at_once_are_the_scenarios_themselves() -> None:
    rows = drawn_alone(STUDY, PLAN, GROUPS, n_scenarios=40, seed=3)
    paths = sampled_paths(STUDY, 3, np.arange(40))
    wanted = headline_rows(STUDY, PLAN, paths)
    assert np.array_equal(rows["npv_usd"], wanted["npv_usd"])


def test_what_correlated_drivers_share_counts_to_the_first() -> None:
    pairs = (
        Correlation(first="gpu_utilisation", second="gpu_rent", value=0.4),
        Correlation(first="btc_price", second="btc_variance", value=-0.2),
        Correlation(first="network", second="btc_variance", value=0.1),
    )
    study = STUDY.model_copy(update={"market": market(correlations=pairs)})
    assert shared_draws(study) == (
        "GPU rent and GPU utilisation move together (correlation 0.4): the common part "
        "counts as GPU rent.",
        "Network hashrate and BTC price move together (correlation 0.1): the common "
        "part counts as Network hashrate.",
    )
    # The variance's draw then moves nothing of the network, the network's moves it.
    drawn = draw_shocks(study, 1, np.arange(20))
    alone = simulate(study, shocks_alone(drawn, {"network"}))
    assert not np.array_equal(alone.network_eh_s, base_paths(study).network_eh_s)
    assert inside("Build cost") == "build cost"
    assert inside("GPU rent") == "GPU rent"


def test_the_report_names_no_driver_next_whose_index_may_be_nothing(
    found: Drivers,
) -> None:
    one = figure(found)
    first, second, *rest = one.shares
    assert second.total_frac.low > 0.0
    assert "Next for NPV comes " in drivers_exhibit(found).reading
    noisy = [
        replace(share, total_frac=Estimate(0.3, -0.1, 0.7)) for share in (second, *rest)
    ]
    others = tuple(other for other in found.figures if other is not one)
    unsure = replace(one, shares=(first, *noisy))
    reading = drivers_exhibit(replace(found, figures=(unsure, *others))).reading
    assert "Next for NPV" not in reading
    assert reading.startswith(f"{first.name} alone makes ")


def test_what_is_written_can_be_read_back(found: Drivers) -> None:
    again = drivers_of(json.loads(dump_json(found)))
    assert dump_json(again) == dump_json(found)
    assert figure(again) == figure(found)
    still = found_with(1024, **STILL)
    read = drivers_of(json.loads(dump_json(still)))
    assert math.isnan(figure(read, "equity_usd").first_sum_frac.value)
    assert replace(read, figures=()) == replace(still, figures=())


@pytest.mark.parametrize(
    ("n_scenarios", "seed", "field"),
    [(1023, 1, "--scenarios"), (10**7, 1, "--scenarios"), (2048, -1, "--seed")],
)
def test_numbers_out_of_range_are_faults(
    n_scenarios: int, seed: int, field: str
) -> None:
    with pytest.raises(ConfigError, match=field):
        drivers(STUDY, PLAN, n_scenarios=n_scenarios, seed=seed)
