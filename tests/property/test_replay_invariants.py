# SPDX-License-Identifier: Apache-2.0
"""What holds for every plan in every future that is replayed: all of it adds up."""

from __future__ import annotations

import numpy as np
import pytest
from engine_strategies import STUDY, few, plans
from hypothesis import given
from hypothesis import strategies as st

from gpu.numpy_engine import EQUITY_TOLERANCE_USD
from gpu.scoring.score import score_scenarios
from optimizer.replay import MAX_ID, replay
from optimizer.replay_lines import LINE_LABELS
from optimizer.replay_tables import replay_tables

ids = st.integers(0, MAX_ID)
CENT = 0.01


@given(plans(), ids, st.integers(0, 2**64 - 1))
@few
def test_lines_and_drivers_sum_to_npv_and_months_to_cash(plan, number, seed):
    found = replay(STUDY, plan, scenario_id=number, rule=seed)
    rows = score_scenarios(
        STUDY, plan, seed=seed, scenario_ids=np.array([number], dtype=np.int64)
    )
    assert found.npv_usd == rows["npv_usd"][0]
    lines = sum(line.npv_usd for line in found.lines)
    assert lines == pytest.approx(found.npv_usd, abs=CENT)
    drivers = sum(step.delta_npv_usd for step in found.drivers)
    assert drivers == pytest.approx(found.npv_usd - found.base_npv_usd, abs=CENT)
    for line in found.lines:
        by_line = sum(step.by_line_usd[line.line] for step in found.drivers)
        assert by_line == pytest.approx(line.delta_npv_usd, abs=CENT)
    # The claim of new equity is no cash; everything else is, or cancels.
    company, columns = STUDY.company, found.columns
    flow = sum(columns[f"{line}_usd"] for line in LINE_LABELS)
    claim = (1.0 + company.emergency_equity_premium_frac) * columns["equity_usd"]
    change = np.diff(columns["cash_usd"], prepend=company.cash_usd)
    np.testing.assert_allclose(flow + claim, change, atol=CENT)


@given(plans(), ids)
@few
def test_balances_close_and_shares_are_shares(plan, number):
    found = replay(STUDY, plan, scenario_id=number)
    columns = found.columns
    held = columns["free_btc"] + columns["pledged_btc"]
    opening = STUDY.company.btc_free + STUDY.company.btc_pledged
    change = np.diff(held, prepend=opening)
    bought = change - columns["mined_btc"] + columns["sold_btc"]
    np.testing.assert_allclose(bought, 0.0, atol=1e-8)
    idle = columns["standing_by_frac"]
    assert ((idle >= 0.0) & (idle <= 1.0) | np.isnan(idle)).all()
    for forced in ("call_sold_btc", "liquidated_btc", "floor_sold_btc"):
        assert (columns[forced] >= -1e-9).all()
        assert (columns[forced] <= columns["sold_btc"] + 1e-9).all()
    short = {one.month for one in found.events.short_months}
    beyond = columns["equity_usd"] > EQUITY_TOLERANCE_USD
    beyond |= columns["floor_sold_btc"] > 0.0
    assert short == {
        m for m, is_short in zip(found.months, beyond, strict=True) if is_short
    }
    called = {one.month for one in found.events.calls}
    level = STUDY.company.loan.margin_call_ltv_frac
    over = columns["low_ltv_frac"] > level * (1.0 + 1e-6)
    assert {
        m for m, is_over in zip(found.months, over, strict=True) if is_over
    } <= called
    assert all(table.rows for table in replay_tables(found))
