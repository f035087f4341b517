# SPDX-License-Identifier: Apache-2.0
"""What holds for tax of every profit under every regime."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.depreciation import tax_depreciation_usd, yearly_shares
from models.tax import TaxTerms, profit_levies_usd
from models.tax_regime import DepreciationRule, TaxRegime

quick = settings(max_examples=100, deadline=None)
MONTHS = 14
shares = st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0])
money = st.integers(-50, 50).map(lambda value: 10.0 * value)
profits = st.lists(money, min_size=MONTHS, max_size=MONTHS).map(np.array)


@st.composite
def regimes(draw):
    return TaxTerms(
        rate_frac=draw(shares),
        loss_use_cap_frac=draw(shares),
        taxable_frac=tuple(draw(st.tuples(*[shares] * MONTHS))),
        withholding_frac=draw(shares),
        loss_life_months=draw(st.sampled_from([None, 1, 2, 5, 13, 14])),
    )


def by_vintage(profit, terms):
    """Tax and withholding with losses kept by month, the oldest used first."""
    life = terms.loss_life_months or len(profit)
    old: list[list[float]] = []
    taxes, withheld = [], []
    for month, value in enumerate(profit):
        share = terms.taxable_frac[month]
        gain = max(value, 0.0)
        wanted = used = 0.0
        wanted = terms.loss_use_cap_frac * share * gain
        for loss in old:
            part = min(loss[1], wanted - used)
            loss[1] -= part
            used += part
        taxes.append(terms.rate_frac * (share * gain - used))
        withheld.append(terms.withholding_frac * (gain - used - taxes[-1]))
        old.append([month, share * max(-value, 0.0)])
        # What arose in month m serves the months up to m + life.
        old = [loss for loss in old if loss[0] + life >= month + 1]
    return taxes, withheld, sum(loss[1] for loss in old)


@given(profits, regimes())
@quick
def test_one_balance_tells_what_losses_by_vintage_do(profit, terms):
    found = profit_levies_usd(profit[None], terms)
    taxes, withheld, left = by_vintage(profit, terms)
    assert found.tax_usd[0] == pytest.approx(taxes, abs=1e-9)
    assert found.withheld_usd[0] == pytest.approx(withheld, abs=1e-9)
    assert found.loss_left_usd[0] == pytest.approx(left, abs=1e-9)


@given(profits, regimes())
@quick
def test_levies_lie_between_nothing_and_the_full_levy_on_gains(profit, terms):
    found = profit_levies_usd(profit[None], terms)
    levies = np.array([terms.levy_frac(month) for month in range(MONTHS)])
    assert found.tax_usd.min() >= -1e-9
    assert found.withheld_usd.min() >= -1e-9
    assert found.loss_left_usd.min() >= 0.0
    assert np.all(found.total_usd[0] <= levies * np.maximum(profit, 0.0) + 1e-9)


@given(profits, regimes(), st.integers(0, MONTHS - 1), st.integers(0, 60))
@quick
def test_more_write_off_never_raises_total_tax(profit, terms, month, cost):
    less = profit.copy()
    less[month] -= 10.0 * cost
    plain = profit_levies_usd(profit[None], terms).total_usd.sum()
    assert profit_levies_usd(less[None], terms).total_usd.sum() <= plain + 1e-9


@given(profits, regimes())
@quick
def test_longer_lives_and_higher_caps_of_losses_never_raise_total_tax(profit, terms):
    total = profit_levies_usd(profit[None], terms).total_usd.sum()
    for easier in (
        replace(terms, loss_life_months=None),
        replace(terms, loss_use_cap_frac=1.0),
    ):
        assert profit_levies_usd(profit[None], easier).total_usd.sum() <= total + 1e-9


@given(profits, regimes(), st.sampled_from([0.5, 3.0]))
@quick
def test_tax_is_in_the_profit_s_own_currency(profit, terms, rate):
    plain = profit_levies_usd(profit[None], terms).total_usd
    assert profit_levies_usd(rate * profit[None], terms).total_usd == pytest.approx(
        rate * plain, abs=1e-9
    )


@given(profits, profits, regimes())
@quick
def test_scenarios_are_taxed_apart(one, other, terms):
    both = profit_levies_usd(np.stack([one, other]), terms)
    alone = profit_levies_usd(other[None], terms)
    assert np.array_equal(both.total_usd[1], alone.total_usd[0])
    assert both.loss_left_usd[1] == alone.loss_left_usd[0]


@given(
    st.sampled_from(["straight_line", "macrs", "bonus"]),
    shares,
    st.sampled_from([3, 5, 7, 10, 15, 20]),
    st.integers(0, 40),
    st.integers(1, 12),
)
@quick
def test_no_method_writes_off_more_than_the_cost_or_less_over_time(
    method, bonus_frac, years, live, month
):
    rule = DepreciationRule(method=method, bonus_frac=bonus_frac, macrs_years=years)
    regime = TaxRegime(
        id="x",
        name="x",
        rate_frac=0.2,
        loss_use_cap_frac=1.0,
        asic_life_months=36,
        gpu_life_months=36,
        plant_life_months=36,
        asic_depreciation=rule,
    )
    schedule = tax_depreciation_usd(
        regime, "asic", 100.0, live, start_month=f"2026-{month:02d}", n_periods=300
    )
    assert schedule.min() >= 0.0
    assert not schedule[:live].any()
    assert schedule.sum() == pytest.approx(100.0)


@given(st.sampled_from([3, 5, 7, 10, 15, 20]), shares)
@quick
def test_bonus_never_runs_behind_its_table(years, bonus_frac):
    table = np.cumsum(
        yearly_shares(DepreciationRule(method="macrs", macrs_years=years))
    )
    rule = DepreciationRule(method="bonus", bonus_frac=bonus_frac, macrs_years=years)
    assert np.all(np.cumsum(yearly_shares(rule)) >= table - 1e-12)
