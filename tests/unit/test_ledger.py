# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from engine_plans import empty_plan, flat_paths, full_commitments, opening_holdings
from tiny_studies import tiny_study

from models.cashflow import evaluate
from models.finance import npv
from models.ledger import CORPORATE_ITEMS, ITEMS, discount

KINDS = {
    "operating",
    "investment",
    "resale",
    "tax",
    "terminal",
    "financing",
    "treasury",
}


@pytest.fixture(scope="module")
def ledger():
    study = tiny_study()
    plan = empty_plan(
        study,
        holdings=opening_holdings(study),
        commitments=full_commitments(study),
    )
    return evaluate(study, plan, flat_paths(study))


def test_names_of_items_are_unique_and_their_kinds_known():
    items = (*ITEMS, *CORPORATE_ITEMS)
    names = [item.name for item in items]
    assert len(set(names)) == len(names)
    assert {item.kind for item in items} <= KINDS
    assert all(item.label for item in items)
    assert all(
        (item.kind == "terminal") == item.name.startswith("terminal_") for item in items
    )


def test_discounting_leaves_the_opening_and_brings_a_year_back_by_the_rate():
    flow = np.zeros(25)
    flow[[0, 12, 24]] = 100.0, 112.0, 125.44
    # 100 + 112 / 1.12 + 125.44 / 1.12^2.
    assert discount(flow, 0.12) == pytest.approx(300.0, rel=1e-12)


def test_without_a_rate_the_value_is_the_sum():
    assert discount(np.arange(5.0), 0.0) == 10.0


def test_discounting_agrees_with_npv_at_the_monthly_rate(rng):
    flows = rng.normal(size=(3, 2, 25))
    values = discount(flows, 0.2)
    assert values.shape == (3, 2)
    rate = 1.2 ** (1 / 12) - 1
    assert values[1, 1] == pytest.approx(npv(rate, flows[1, 1]), rel=1e-9)


@pytest.mark.parametrize("n_flows", [13, 61, 121, 241])
def test_a_row_is_discounted_alone_as_in_a_batch(rng, n_flows):
    flows = rng.normal(size=(101, n_flows)) * 1e6
    together = discount(flows, 0.12)
    alone = [discount(flows[k : k + 1], 0.12)[0] for k in range(101)]
    assert together.tolist() == alone


def test_site_flows_are_the_sum_of_their_items(ledger):
    total = sum(ledger.site_items.values())
    assert ledger.site_flow_usd() == pytest.approx(total, rel=1e-12)
    assert ledger.site_flow_usd().shape == (1, 2, 25)


def test_company_flows_are_sites_and_corporate_items(ledger):
    total = sum(ledger.site_items.values()).sum(axis=1)
    total = total + sum(ledger.corporate_items.values())
    assert ledger.company_flow_usd() == pytest.approx(total, rel=1e-12)
    assert ledger.npv_usd(0.12) == pytest.approx(discount(total, 0.12), rel=1e-12)


def test_terminal_value_is_the_sum_of_terminal_items(ledger):
    expected = (
        ledger.site_items["terminal_asics"][:, :, -1].sum(axis=1)
        + ledger.corporate_items["terminal_btc"][:, -1]
        + ledger.corporate_items["terminal_loan"][:, -1]
    )
    assert ledger.terminal_usd() == pytest.approx(expected, rel=1e-12)


def test_every_item_of_a_ledger_is_a_known_one(ledger):
    assert set(ledger.site_items) <= {item.name for item in ITEMS}
    assert list(ledger.corporate_items) == [item.name for item in CORPORATE_ITEMS]
