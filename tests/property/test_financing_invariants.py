# SPDX-License-Identifier: Apache-2.0
"""What holds for any project and any loan sized for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.debt import DebtFacility
from models.debt_limits import cover_at
from models.debt_sizing import repayment_tests, sized_draws
from models.finance import annual_rate, irr
from optimizer.screening.financing import equity_flow_usd

N = 72
COST_USD = 1e6


def loan(
    advance_frac: float,
    rate_per_year: float,
    *,
    term_months: int,
    grace_months: int,
    min_dscr: float | None,
    limit_usd: float = 1e12,
) -> DebtFacility:
    return DebtFacility(
        id="hall",
        name="Hall",
        kind="project",
        site="alpha",
        advance_frac=advance_frac,
        rate_per_year=rate_per_year,
        term_months=term_months,
        grace_months=grace_months,
        limit_usd=limit_usd,
        min_dscr=min_dscr,
    )


loans = st.builds(
    loan,
    st.floats(0.0, 1.0),
    st.floats(0.0, 0.3),
    term_months=st.integers(1, 84),
    grace_months=st.integers(0, 24),
    min_dscr=st.one_of(st.none(), st.floats(1.0, 3.0)),
    limit_usd=st.floats(0.0, 3e6),
)
months = st.lists(st.floats(-2e5, 2e5), min_size=N, max_size=N).map(np.array)


@settings(max_examples=150, deadline=None)
@given(loans, months, st.integers(0, N - 1), st.floats(-1e6, 1e6))
def test_no_loan_passes_cost_limit_or_cover(
    facility: DebtFacility, cash_usd: np.ndarray, period: int, second_usd: float
) -> None:
    cost = np.zeros(N)
    cost[0] = COST_USD
    cost[period] += second_usd
    sized = sized_draws(facility, cost, cash_usd)
    drawn = sized.path.drawn_usd[0]
    paid = np.maximum(cost, 0.0)
    assert np.isfinite(drawn).all()
    assert (drawn >= 0.0).all()
    assert (drawn <= facility.advance_frac * paid * (1.0 + 1e-12)).all()
    assert sized.path.balance_usd.max() <= facility.limit_usd * (1.0 + 1e-9) + 1e-6
    service = sized.path.service_usd[0]
    if facility.min_dscr is not None and drawn.any():
        tests = repayment_tests(sized.path.repayment_usd[0], service)
        cover = cover_at(cash_usd[None, :], service, tests)
        assert (cover[~np.isnan(cover)] >= facility.min_dscr * (1.0 - 1e-9)).all()


@settings(max_examples=100, deadline=None)
@given(
    st.floats(0.02, 0.06),
    st.floats(0.0, 0.95),
    st.floats(0.1, 0.9),
    st.integers(24, 60),
    st.integers(0, 6),
)
def test_more_of_a_loan_under_the_projects_irr_raises_equitys(
    yield_per_month: float, cheapness: float, less: float, term: int, grace: int
) -> None:
    # A level cash flow: IRR r > 0. At a loan rate under r each USD drawn is worth
    # 1 - PV(service at r) > 0 at r, so equity's IRR is above it and rises with draws.
    flow = np.zeros((1, N + 1))
    flow[0, 1], flow[0, 2:] = -COST_USD, yield_per_month * COST_USD
    monthly = irr(flow[0]).rate
    assume(monthly > 1e-4)
    cost = np.zeros(N)
    cost[0] = COST_USD
    cash = np.maximum(flow[0, 1:], 0.0)
    rates = []
    for advance in (0.0, 0.9 * less, 0.9):
        facility = loan(
            advance,
            cheapness * 12.0 * monthly,
            term_months=term,
            grace_months=grace,
            min_dscr=1.3,
        )
        path = sized_draws(facility, cost, cash).path
        own = equity_flow_usd(flow, path, np.zeros((1, N)))[0]
        found = irr(own)
        assert found.status == "ok"
        rates.append(float(annual_rate(found.rate)))
    assert rates[0] == pytest.approx(float(annual_rate(monthly)))
    assert rates[0] < rates[1] * (1.0 + 1e-9)
    assert rates[1] <= rates[2] * (1.0 + 1e-9)
