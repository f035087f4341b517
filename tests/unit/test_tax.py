# SPDX-License-Identifier: Apache-2.0
"""Tax of a given profit: losses, holidays, withholding, what falls due at the end."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_studies import tax_regimes

from models.tax import (
    TaxAccount,
    TaxTerms,
    profit_levies_usd,
    tax_terms,
    taxable_shares,
    terminal_tax_usd,
)
from models.tax_regime import TaxHoliday


def terms(n_periods, rate=0.25, cap=1.0, **changes):
    shares = changes.pop("taxable", (1.0,) * n_periods)
    return TaxTerms(rate, cap, shares, **changes)


def levies(*profit, **changes):
    found = profit_levies_usd(np.array([profit]), terms(len(profit), **changes))
    return found.tax_usd[0].tolist(), found.withheld_usd[0].tolist()


def tax(*profit, **changes):
    return levies(*profit, **changes)[0]


# -- losses -----------------------------------------------------------------------


def test_profit_is_taxed_in_the_month_it_arises():
    assert tax(100.0, 0.0, 40.0) == [25.0, 0.0, 10.0]


def test_a_loss_pays_no_tax_and_shelters_later_profit():
    # Loss 100; then 60 wholly sheltered, 40 of the next 60 too: tax on 20.
    assert tax(-100.0, 60.0, 60.0) == [0.0, 0.0, 5.0]


def test_losses_shelter_no_more_than_their_share_of_a_profit():
    # Cap 0.8: profit 50 uses 40 of the 100 and is taxed on 10; 60 are left, the next
    # profit of 100 uses them all (its cap is 80) and is taxed on 40.
    assert tax(-100.0, 50.0, 100.0, 10.0, rate=0.5, cap=0.8) == [0.0, 5.0, 20.0, 5.0]


def test_a_loss_never_shelters_earlier_profit():
    assert tax(100.0, -100.0) == [25.0, 0.0]


def test_scenarios_carry_their_own_losses():
    profit = np.array([[-10.0, 10.0], [10.0, 10.0]])
    paid = profit_levies_usd(profit, terms(2, rate=0.1)).tax_usd
    assert paid.tolist() == [[0.0, 0.0], [1.0, 1.0]]


def test_an_account_returns_tax_and_keeps_the_losses_left():
    before = TaxAccount(terms(2, rate=0.5, cap=0.8), np.zeros(3))
    before.step(np.array([-100.0, -5.0, -7.0]))
    paid, withheld = before.step(np.array([50.0, -20.0, 0.0]))
    # 50 uses 40 of 100 and is taxed on 10; 5 + 20; 7 stay.
    assert paid == pytest.approx([5.0, 0.0, 0.0])
    assert withheld.tolist() == [0.0, 0.0, 0.0]
    assert before.loss_balance_usd == pytest.approx([60.0, 25.0, 7.0])


def test_a_loss_may_be_used_in_its_last_month_and_not_after():
    # Life 2: the 100 of month 0 serve months 1 and 2.
    assert tax(-100.0, 0.0, 100.0, loss_life_months=2)[2] == 0.0
    assert tax(-100.0, 0.0, 0.0, 100.0, loss_life_months=2)[3] == 25.0


def test_losses_are_used_first_in_first_out():
    # Life 2: 60 of month 0, 40 of month 1. Profit 50 in month 2 uses the 60 first: the
    # 10 left of it expire, the 40 of month 1 still serve month 3. Tax on 100 - 40.
    paid = tax(-60.0, -40.0, 50.0, 100.0, loss_life_months=2)
    assert paid == [0.0, 0.0, 0.0, 15.0]


def test_a_capped_loss_expires_with_what_it_could_not_shelter():
    # Cap 0.5, life 2: of 100, profits of 40 and 60 use 20 and 30; the other 50 expire.
    paid = tax(-100.0, 40.0, 60.0, 80.0, cap=0.5, loss_life_months=2)
    assert paid == [0.0, 5.0, 7.5, 20.0]


@pytest.mark.parametrize("life", [5, 60, None])
def test_a_life_as_long_as_the_horizon_is_without_end(life):
    asked = terms(5, loss_life_months=life)
    assert not asked.expires_within
    assert tax(-100.0, 0.0, 0.0, 0.0, 120.0, loss_life_months=life)[4] == 5.0


# -- holidays ---------------------------------------------------------------------


def test_neither_gain_nor_loss_of_an_exempt_share_counts():
    # Half of everything is exempt: tax on 50 - use; the loss counts 50, and profit 100
    # of a later full month is taxed on 100 - 50.
    taxable = (0.5, 0.5, 1.0)
    assert tax(100.0, -100.0, 100.0, taxable=taxable) == [12.5, 0.0, 12.5]


def test_a_loss_of_a_full_holiday_shelters_nothing_later():
    assert tax(-100.0, 100.0, taxable=(0.0, 1.0)) == [0.0, 25.0]


def test_a_full_holiday_uses_up_no_losses():
    assert tax(-100.0, 500.0, 100.0, taxable=(1.0, 0.0, 1.0)) == [0.0, 0.0, 0.0]


def test_a_loss_shelters_only_the_taxable_part_of_a_profit():
    # Loss 100; profit 80 at half: 40 taxable, all sheltered; 60 are left.
    assert tax(-100.0, 80.0, 100.0, taxable=(1.0, 0.5, 1.0)) == [0.0, 0.0, 10.0]


def test_holidays_are_months_of_the_calendar_both_ends_included():
    regime = tax_regimes()[0].model_copy(
        update={
            "holidays": (
                TaxHoliday(first_month="2026-02", last_month="2026-03", exempt_frac=1),
                TaxHoliday(
                    first_month="2025-01", last_month="2025-12", exempt_frac=0.4
                ),
            )
        }
    )
    assert taxable_shares(regime, "2025-12", 5) == (0.6, 1.0, 0.0, 0.0, 1.0)
    assert tax_terms(regime, "2026-03", 2).taxable_frac == (0.0, 1.0)


# -- withholding ------------------------------------------------------------------


def test_what_is_left_of_a_profit_is_paid_up_and_withheld_from():
    # 100 less tax 25 is paid up: 10 % of 75.
    assert levies(100.0, withholding_frac=0.1) == ([25.0], [7.5])


def test_losses_brought_forward_reduce_what_is_paid_up():
    # 100 less losses 60 less tax 10: 30 are paid up.
    found = levies(-60.0, 100.0, withholding_frac=0.1)
    assert found == ([0.0, 10.0], [0.0, 3.0])


def test_an_exempt_profit_is_paid_up_like_any_other():
    assert levies(100.0, withholding_frac=0.1, taxable=(0.0,)) == ([0.0], [10.0])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("withheld", [0.0, 0.2])
def test_levies_are_linear_in_gain_and_losses_used(share, withheld):
    asked = terms(2, rate=0.3, withholding_frac=withheld, taxable=(1.0, share))
    found = profit_levies_usd(np.array([[-10.0, 100.0]]), asked)
    used = min(10.0, share * 100.0)
    expected = asked.levy_frac(1) * 100.0 - asked.relief_frac * used
    assert found.total_usd[0, 1] == pytest.approx(expected)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("withheld", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("rate", [0.0, 0.25, 1.0])
def test_a_gain_and_a_loss_made_up_together_never_pay(rate, withheld, share):
    # Both raised by 1: levy now against relief of the share that counts as a loss.
    asked = terms(1, rate=rate, withholding_frac=withheld, taxable=(share,))
    lost = asked.levy_frac(0) - share * asked.relief_frac
    assert lost == pytest.approx(withheld * (1.0 - share), abs=1e-15)


# -- at the horizon ---------------------------------------------------------------


def test_tax_put_off_is_owed_less_the_relief_of_losses_left():
    # Saved 100 early; losses of 120 are worth 0.25 x 120 = 30.
    owed = terminal_tax_usd(np.array([100.0]), np.array([120.0]), terms(1))
    assert owed.tolist() == [70.0]


def test_losses_left_bring_no_money_back():
    owed = terminal_tax_usd(np.array([10.0]), np.array([120.0]), terms(1))
    assert owed.tolist() == [0.0]
