# SPDX-License-Identifier: Apache-2.0
"""Flows of a plan less those of its baseline: what counts as nothing."""

from __future__ import annotations

import numpy as np

from gpu.returns import increment_usd


def test_a_difference_within_rounding_of_the_largest_flow_is_nothing() -> None:
    # Largest flow 4e10: up to 1e-6 + 1e-12 x 4e10 = 0.040001 USD is rounding, in every
    # month and wherever the largest flow stands.
    flow = np.array([[0.0, -4e-6, 0.04, 0.0401, 4e10]])
    usual = np.array([[0.0, 0.0, 0.0, 0.0, 3.9e10]])
    assert increment_usd(flow, usual).tolist() == [[0.0, 0.0, 0.0, 0.0401, 1e9]]
    assert increment_usd(usual, flow).tolist() == [[0.0, 0.0, 0.0, -0.0401, -1e9]]


def test_a_row_is_measured_by_its_own_flows_alone() -> None:
    flow = np.array([[2e-6, 0.0], [2e-6, 4e10]])
    found = increment_usd(flow, np.zeros((2, 2)))
    assert found.tolist() == [[2e-6, 0.0], [0.0, 4e10]]
    by_site = increment_usd(flow[None], np.zeros((1, 2, 2)))
    assert by_site.tolist() == [found.tolist()]


def test_rounding_of_nothing_is_nothing() -> None:
    assert not increment_usd(np.full((1, 3), 9e-7), np.zeros((1, 3))).any()
