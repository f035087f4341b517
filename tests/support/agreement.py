# SPDX-License-Identifier: Apache-2.0
"""The contract between two engines, scenario by scenario.

With scale = max(capex, sum of monthly flows' sizes, 1e6 USD) of a scenario:

- money within 1e-9 of the scale; where it is an increment, of the larger of both plans'
- IRR within 1e-9 (of itself over 1), roots and status equal
- payback equal, but where cumulative cash is within 1e-6 of the scale of zero
- BTC within 1e-9 of the BTC that passed through the company's hands
- loan to value and distance to a call within 1e-9, given that: a loan under 1e-6 of
  the scale, or a pledge under 1e-6 of the BTC, is exact to 1e-15 of these
- events equal, but where a level is within 1e-9 of its threshold
- NaN in the same places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.engines import make_engine
from gpu.liquidity import CALL, LEVELS, LIQUIDATION, covenant_event, covenants
from gpu.sampling.scenarios import sampled_paths
from models.cashflow import evaluate
from models.debt_limits import dscr_test_months, service_cover
from models.ledger import ITEMS
from models.market import base_paths
from models.path_changes import repeated, scaled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu.engines import EngineName
    from gpu.liquidity import LiquidityRisk
    from gpu.numpy_engine import Scored
    from gpu.sampling.scenarios import DrawRule
    from models.arrays import BoolArray, FloatArray, IntArray
    from models.ledger import Ledger
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.study import Study

SHARE = 1e-9
"""Of scale, rate, BTC or level."""
PAYBACK_SHARE = 1e-6
LEAST_SCALE_USD = 1e6
REMNANT = 1e-6
LEAST_LOAN_USD = 0.01
LEAST_PLEDGE_BTC = 1e-9
EQUITY_TOLERANCE_USD = 1e-6
EXACT = ("irr_n_roots", "irr_status")
INVESTMENTS = {item.name for item in ITEMS if item.kind == "investment"}


@dataclass(frozen=True, slots=True)
class Spared:
    """What the contract lets pass: scenarios, and of these those on a knife's edge."""

    n_scenarios: int = 0
    n_paybacks: int = 0
    n_events: int = 0

    def __add__(self, other: Spared) -> Spared:
        return Spared(
            self.n_scenarios + other.n_scenarios,
            self.n_paybacks + other.n_paybacks,
            self.n_events + other.n_events,
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """One plan's ledger on the scenarios and the sizes that errors are measured by."""

    study: Study
    plan: Plan
    paths: MarketPaths
    ledger: Ledger
    scale_usd: FloatArray
    btc: FloatArray

    @classmethod
    def of(cls, study: Study, plan: Plan, paths: MarketPaths) -> Measured:
        """Value a plan with the oracle."""
        ledger = evaluate(study, plan, paths)
        spent = sum(
            (np.abs(ledger.site_items[name]).sum(axis=(1, 2)))
            for name in sorted(INVESTMENTS & set(ledger.site_items))
        )
        flows = np.abs(ledger.company_flow_usd()[:, 1:]).sum(axis=1)
        scale = np.maximum(np.maximum(spent, flows), LEAST_SCALE_USD)
        path = ledger.treasury
        opening = path.btc_free[:, 0] + path.btc_pledged[:, 0]
        btc = opening + ledger.mined_btc.sum(axis=(1, 2)) + path.btc_bought.sum(axis=1)
        return cls(study, plan, paths, ledger, scale, btc)


def compare(
    study: Study,
    plans: Sequence[Plan],
    baseline: Plan | None,
    rule: DrawRule | int,
    tested: EngineName = "cpu",
    *,
    ids: IntArray | None = None,
    multipliers: dict[str, FloatArray] | None = None,
    has_sites: bool = True,
) -> Spared:
    """Score on both engines, by ids, a grid or the base path, and hold the contract."""
    oracle, engine = (
        make_engine(name, study, plans, baseline, rule, has_sites=has_sites)
        for name in ("numpy", tested)
    )
    base = base_paths(study)
    if ids is not None:
        pairs = oracle.score(ids), engine.score(ids)
        paths = sampled_paths(study, rule, ids)
    elif multipliers is not None:
        pairs = oracle.score_grid(multipliers), engine.score_grid(multipliers)
        n_rows = len(next(iter(multipliers.values())))
        paths = scaled(study, repeated(base, n_rows), multipliers)
    else:
        pairs, paths = (oracle.score_base(), engine.score_base()), base
    spared = Spared()
    for plan, ours, theirs in zip(plans, *pairs, strict=True):
        spared += assert_agreement(study, plan, baseline, paths, ours, theirs)
    return spared


def assert_agreement(
    study: Study,
    plan: Plan,
    baseline: Plan | None,
    paths: MarketPaths,
    oracle: Scored,
    other: Scored,
) -> Spared:
    """Hold the contract between the oracle's scores and another engine's."""
    assert list(oracle.rows) == list(other.rows)
    ours = Measured.of(study, plan, paths)
    usual = None if baseline is None else Measured.of(study, baseline, paths)
    n_events = _same_risk(ours, oracle.plan, other.plan)
    if usual is None:
        assert oracle.baseline is None
        assert other.baseline is None
    else:
        assert oracle.baseline is not None
        assert other.baseline is not None
        n_events += _same_risk(usual, oracle.baseline, other.baseline)
    n_paybacks = 0
    for name, expected in oracle.rows.items():
        found = other.rows[name]
        assert found.shape == expected.shape, name
        if name == "payback_months":
            assert usual is not None
            n_paybacks = _same_payback(ours, usual, expected, found)
        elif name == "first_equity_period":
            n_events += _same_first_equity(ours, expected, found)
        elif name.startswith("baseline_"):
            assert usual is not None
            _same_column(usual, usual, other.baseline, name, expected, found)
        else:
            _same_column(ours, usual, other.plan, name, expected, found)
    return Spared(len(oracle.rows["npv_usd"]), n_paybacks, n_events)


def _same_column(
    ours: Measured,
    usual: Measured | None,
    risk: LiquidityRisk | None,
    name: str,
    expected: FloatArray,
    found: FloatArray,
) -> None:
    """Hold one column to its tolerance."""
    own = name.removeprefix("baseline_")
    if own in EXACT:
        assert found.dtype == expected.dtype, name
        np.testing.assert_array_equal(found, expected, name)
    elif own.startswith("first_"):
        # Events are compared by month; the column must tell the first of them.
        assert risk is not None
        event = own.removeprefix("first_").removesuffix("_period")
        np.testing.assert_array_equal(found, _first(risk.events[event]), name)
    elif (
        own.endswith("_irr_per_year")
        or own == "irr_per_year"
        or own.startswith("least_covenant")
    ):
        _within(name, expected, found, SHARE * np.fmax(np.abs(expected), 1.0))
    elif own == "peak_ltv_frac":
        # Levels are compared by month; the columns must tell the extremes of them.
        assert risk is not None
        np.testing.assert_array_equal(found, risk.levels[LEVELS[0]].max(axis=1), name)
    elif own == "least_call_distance_usd_per_btc":
        assert risk is not None
        np.testing.assert_array_equal(found, risk.levels[LEVELS[1]].min(axis=1), name)
    elif own.endswith(("_btc", "called_btc_sold")):
        _within(name, expected, found, SHARE * ours.btc)
    else:
        assert own.endswith("_usd"), f"the contract does not say what {name} is"
        is_increment = own == "incremental_npv_usd" or own.startswith("site_")
        scale = ours.scale_usd
        if is_increment and usual is not None:
            scale = np.maximum(scale, usual.scale_usd)
        _within(name, expected, found, SHARE * scale)


def _within(
    name: str, expected: FloatArray, found: FloatArray, allowed: FloatArray
) -> None:
    """Hold numbers to a tolerance, and NaN and infinity to their places."""
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected), name)
    with np.errstate(invalid="ignore"):
        error = np.abs(found - expected)
    is_bad = ~((error <= allowed) | np.isnan(expected) | (found == expected))
    worst = np.flatnonzero(is_bad)[:5]
    assert not is_bad.any(), (
        f"{name}: {is_bad.sum()} of {is_bad.size} differ by more than allowed, such as "
        f"{found.flat[worst]} for {expected.flat[worst]} "
        f"in {worst} (allowed {np.broadcast_to(allowed, error.shape).flat[worst]})"
    )


# -- events -----------------------------------------------------------------------


def _same_risk(ours: Measured, expected: LiquidityRisk, found: LiquidityRisk) -> int:
    """Hold levels and events by month; return how many events are spared."""
    assert list(expected.rows) == list(found.rows)
    assert list(expected.events) == list(found.events)
    assert list(expected.levels) == list(found.levels)
    if expected.levels:
        _same_levels(ours, expected, found)
    n_spared = 0
    for event, flags in expected.events.items():
        assert found.events[event].dtype == flags.dtype == np.bool_
        differ = found.events[event] != flags
        if differ.any():
            is_close = _near_threshold(ours, event, expected)
            assert is_close[differ].all(), f"{event} in {np.argwhere(differ)[:5]}"
            n_spared += int(differ.sum())
    return n_spared


def _same_levels(ours: Measured, expected: LiquidityRisk, found: LiquidityRisk) -> None:
    """Hold loan to value and the distance to a call by month."""
    ltv, distance = (expected.levels[name] for name in LEVELS)
    path = ours.ledger.treasury
    share = SHARE * np.maximum(
        1.0,
        np.maximum(
            REMNANT * ours.scale_usd[:, None] / _least(path.loan_usd, LEAST_LOAN_USD),
            REMNANT * ours.btc[:, None] / _least(path.btc_pledged, LEAST_PLEDGE_BTC),
        ),
    )
    _within(LEVELS[0], ltv, found.levels[LEVELS[0]], share * ltv)
    # The distance is low (1 - ltv / call): it is as exact as its two parts.
    low_usd = ours.paths.btc_price_usd * ours.paths.btc_low_frac
    call = ours.study.company.loan.margin_call_ltv_frac
    allowed = low_usd * np.maximum(SHARE, share * ltv / call)
    _within(LEVELS[1], distance, found.levels[LEVELS[1]], allowed)


def _least(balance: FloatArray, least: float) -> FloatArray:
    """Return the lower of a month's two balances, of those that are not zero."""
    safe = np.where(balance > 0.0, balance, np.inf)
    return np.maximum(np.minimum(safe[:, :-1], safe[:, 1:]), least)


def _near_threshold(ours: Measured, event: str, expected: LiquidityRisk) -> BoolArray:
    """Return in which months a level is within 1e-9 of where an event begins."""
    loan = ours.study.company.loan
    if event == CALL:
        share = expected.levels[LEVELS[0]] / loan.margin_call_ltv_frac
        return np.abs(share - 1.0) <= 2.0 * SHARE
    if event == LIQUIDATION:
        return np.zeros(ours.paths.btc_price_usd.shape, dtype=np.bool_)
    is_near = np.zeros(ours.paths.btc_price_usd.shape, dtype=np.bool_)
    for facility in covenants(ours.study, ours.plan):
        if covenant_event(facility.id) == event:
            cover = service_cover(ours.study, ours.ledger, facility)
            least = facility.min_dscr or 0.0
            tests = list(dscr_test_months(is_near.shape[1]))
            is_near[:, tests] = np.abs(cover / least - 1.0) <= 2.0 * SHARE
    return is_near


def _same_first_equity(ours: Measured, expected: FloatArray, found: FloatArray) -> int:
    """Hold the month of the first equity; return how many are spared.

    It may differ only where every month between the two answers raises what is within
    the tolerance for money of counting as nothing.
    """
    raised = ours.ledger.treasury.equity_usd
    months = raised.shape[1]
    differ = ~((expected == found) | (np.isnan(expected) & np.isnan(found)))
    for row in np.flatnonzero(differ):
        both = [expected[row], found[row]]
        first = int(np.nanmin(both))
        slack = SHARE * ours.scale_usd[row]
        assert abs(raised[row, first] - EQUITY_TOLERANCE_USD) <= slack, (
            f"first equity of row {row}: {found[row]} for {expected[row]} of {months}"
        )
    return int(differ.sum())


def _first(flags: BoolArray) -> FloatArray:
    return np.where(flags.any(axis=1), flags.argmax(axis=1).astype(float), np.nan)


# -- payback ----------------------------------------------------------------------


def _same_payback(
    ours: Measured, usual: Measured, expected: FloatArray, found: FloatArray
) -> int:
    """Hold the payback; return how many are spared."""
    differ = ~((expected == found) | (np.isnan(expected) & np.isnan(found)))
    if differ.any():
        flow, less = (x.ledger.company_flow_usd()[differ] for x in (ours, usual))
        is_rounding = np.abs(flow - less) <= 1e-6 + 1e-12 * np.abs(flow)
        balance = np.cumsum(np.where(is_rounding, 0.0, flow - less), axis=1)
        scale = np.maximum(ours.scale_usd, usual.scale_usd)[differ]
        for row, months in enumerate(zip(expected[differ], found[differ], strict=True)):
            near = PAYBACK_SHARE * scale[row]
            for answer in months:
                assert _may_be_payback(balance[row], answer, near), (
                    f"payback {months[1]} for {months[0]} of {balance[row]}"
                )
    return int(differ.sum())


def _may_be_payback(balance: FloatArray, answer: float, near_usd: float) -> bool:
    """Return whether an answer is right for some sign of the balances near zero.

    Zero before the first flow is no matter of rounding.
    """
    may_be_out = balance <= near_usd
    may_be_out[: int((balance != 0.0).argmax())] = False
    may_be_back = balance >= -near_usd
    if answer == 0.0:
        return bool(may_be_back.all())
    end = len(balance) if np.isnan(answer) else int(answer)
    if end < len(balance) and not may_be_back[end]:
        return False
    # Not out before some month, then out up to the answer.
    return any(
        may_be_back[:start].all() and may_be_out[start:end].all()
        for start in range(end)
    )


def bits(scored: Scored) -> dict[str, Any]:
    """Return every array of a result by name, to compare bit for bit."""
    found: dict[str, Any] = {f"rows {n}": row for n, row in scored.rows.items()}
    for who, risk in (("plan", scored.plan), ("baseline", scored.baseline)):
        if risk is not None:
            for kind in ("rows", "events", "levels"):
                for name, values in getattr(risk, kind).items():
                    found[f"{who} {kind} {name}"] = values
    return found


def assert_same_bits(
    scored: Scored, other: Scored, rows: IntArray | slice = slice(None)
) -> None:
    """Hold two results of one engine to the same bits; `rows` picks from the first."""
    one, two = bits(scored), bits(other)
    assert list(one) == list(two)
    for name, values in one.items():
        picked = values[rows]
        assert picked.dtype == two[name].dtype, name
        assert picked.tobytes() == two[name].tobytes(), name
