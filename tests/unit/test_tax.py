# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from models import tax


def test_profit_is_taxed_in_the_month_it_arises():
    paid = tax.profit_tax_usd(np.array([[100.0, 0.0, 40.0]]), 0.25, 1.0)
    assert paid.tolist() == [[25.0, 0.0, 10.0]]


def test_a_loss_pays_no_tax_and_shelters_later_profit():
    # Loss 100; then 60 wholly sheltered, 40 of the next 60 too: tax on 20.
    paid = tax.profit_tax_usd(np.array([[-100.0, 60.0, 60.0]]), 0.25, 1.0)
    assert paid.tolist() == [[0.0, 0.0, 5.0]]


def test_losses_shelter_no_more_than_their_share_of_a_profit():
    # Cap 0.8: profit 50 uses 40 of the 100 and is taxed on 10; 60 are left, the next
    # profit of 100 uses them all (its cap is 80) and is taxed on 40.
    paid = tax.profit_tax_usd(np.array([[-100.0, 50.0, 100.0, 10.0]]), 0.5, 0.8)
    assert paid.tolist() == [[0.0, 5.0, 20.0, 5.0]]


def test_a_loss_never_shelters_earlier_profit():
    paid = tax.profit_tax_usd(np.array([[100.0, -100.0]]), 0.25, 1.0)
    assert paid.tolist() == [[25.0, 0.0]]


def test_scenarios_carry_their_own_losses():
    paid = tax.profit_tax_usd(np.array([[-10.0, 10.0], [10.0, 10.0]]), 0.1, 1.0)
    assert paid.tolist() == [[0.0, 0.0], [1.0, 1.0]]


def test_one_step_returns_tax_and_the_losses_left():
    profit, before = np.array([50.0, -20.0, 0.0]), np.array([100.0, 5.0, 7.0])
    paid, left = tax.profit_tax_step(profit, before, 0.5, 0.8)
    assert paid == pytest.approx([5.0, 0.0, 0.0])
    assert left == pytest.approx([60.0, 25.0, 7.0])
