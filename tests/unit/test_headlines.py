# SPDX-License-Identifier: Apache-2.0
"""Headline rows of several plans: the oracle's, whichever engine scores them."""

from __future__ import annotations

import numpy as np
import pytest
from scored_plans import grown_plan, usual_plan
from tiny_studies import tiny_study

from gpu.engines import make_engine
from gpu.numpy_engine import headline_rows
from gpu.sampling.scenarios import sampled_paths
from gpu.scoring.headlines import score_headlines

N = 600
SCALE_USD = 1e9


@pytest.fixture(scope="module")
def case():
    study = tiny_study()
    return study, (grown_plan(study), usual_plan(study))


def test_the_array_engine_gives_the_oracle_s_rows(case):
    study, plans = case
    found = score_headlines(study, plans, 3, n_scenarios=N, backend="numpy")
    paths = sampled_paths(study, 3, np.arange(N))
    for rows, plan in zip(found, plans, strict=True):
        wanted = headline_rows(study, plan, paths)
        assert list(rows) == list(wanted)
        for name, values in wanted.items():
            np.testing.assert_array_equal(rows[name], values, err_msg=name)


def test_the_compiled_engine_gives_the_same_columns_within_the_contract(case):
    study, plans = case
    ours = score_headlines(study, plans, 3, n_scenarios=N, backend="cpu")
    theirs = score_headlines(study, plans, 3, n_scenarios=N, backend="numpy")
    for mine, wanted in zip(ours, theirs, strict=True):
        assert list(mine) == list(wanted)
        for name, values in wanted.items():
            slack = 1e-9 * (SCALE_USD if name.endswith("_usd") else 1e4)
            np.testing.assert_allclose(
                mine[name], values, rtol=1e-9, atol=slack, err_msg=name
            )


def test_pieces_and_threads_change_no_bit(case):
    study, plans = case
    found = score_headlines(study, plans, 3, n_scenarios=N, backend="cpu")
    whole = make_engine("cpu", study, plans, None, 3).score(np.arange(N))
    for rows, scored in zip(found, whole, strict=True):
        for name, values in rows.items():
            np.testing.assert_array_equal(values, scored.rows[name], err_msg=name)


@pytest.mark.parametrize("name", ["numpy", "cpu"])
def test_an_engine_spared_the_sites_gives_all_else_to_the_bit(case, name):
    study, plans = case
    ids = np.arange(200)
    usual = plans[1]
    whole = make_engine(name, study, plans, usual, 3).score(ids)
    spared = make_engine(name, study, plans, usual, 3, has_sites=False).score(ids)
    assert any(column.startswith("site_") for column in whole[0].rows)
    for ours, theirs in zip(spared, whole, strict=True):
        kept = [column for column in theirs.rows if not column.startswith("site_")]
        assert list(ours.rows) == kept
        for column in kept:
            np.testing.assert_array_equal(
                ours.rows[column], theirs.rows[column], err_msg=column
            )
