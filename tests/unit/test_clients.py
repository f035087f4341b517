# SPDX-License-Identifier: Apache-2.0
"""Clients who stop paying: sampled once per contract, never on the base path."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine_plans import empty_plan, flat_paths, item
from pydantic import ValidationError
from tiny_studies import gpu_offers, hosting_offers, tiny_study

from gpu.sampling.scenarios import sampled_paths
from models.cashflow import evaluate
from models.clients import client_slot, count_client_slots, paying_share
from models.market import base_paths
from models.plan import OfferAcceptance
from sites import load_study

YEARLY = 0.25
MEAN_MONTHS = -12.0 / np.log(1.0 - YEARLY)


def risky_study(**changes):
    """The tiny study with one client in four lost a year."""
    clients = tuple(
        offer.model_copy(update={"default_rate_per_year": YEARLY})
        for offer in hosting_offers()
    )
    return tiny_study(hosting_offers=clients, **changes)


def with_fate(study, offer, months):
    """Flat paths of one scenario in which a client lasts some months."""
    paths = flat_paths(study)
    fate = paths.client_fate.copy()
    place = study.site_index(offer.site), client_slot(study, offer)
    fate[0, place[0], place[1]] = months / MEAN_MONTHS
    return replace(paths, client_fate=fate)


@pytest.mark.parametrize(("lasts", "paid"), [(0.5, 0), (1.0001, 1), (5.9, 5), (99, 20)])
def test_a_client_pays_the_months_that_he_outlives(lasts, paid):
    study = risky_study()
    offer = study.hosting_offers[0]
    share = paying_share(study, offer, with_fate(study, offer, lasts), since=4)
    assert share[0, 4:].sum() == paid
    assert (np.diff(share[0]) <= 0.0).all()


def test_after_default_revenue_cost_and_remainder_are_gone():
    study = risky_study()
    offer = next(o for o in study.hosting_offers if o.id == "alpha_client")
    taken = OfferAcceptance(offer=offer.id, since=0, until=36)
    plan = empty_plan(study, offers=(taken,))
    whole = evaluate(study, plan, flat_paths(study))
    cut = evaluate(study, plan, with_fate(study, offer, 7.5))
    for name in ("hosting_revenue", "hosting_energy", "hosting_opex"):
        assert item(cut, name)[1:8] == pytest.approx(item(whole, name)[1:8])
        assert (item(cut, name)[8:] == 0.0).all()
        assert (item(whole, name)[8:] != 0.0).all()
    assert item(whole, "terminal_hosting")[-1] > 0.0
    assert item(cut, "terminal_hosting")[-1] == 0.0


def test_nobody_defaults_on_the_base_path():
    study = risky_study()
    assert np.isinf(base_paths(study).client_fate).all()
    for offer in study.hosting_offers:
        share = paying_share(study, offer, base_paths(study), since=0)
        np.testing.assert_array_equal(share, np.ones((1, 24)))


def test_a_contract_without_a_default_rate_is_paid_whatever_its_fate():
    study = tiny_study()
    offer = study.hosting_offers[0]
    paths = with_fate(study, offer, 1e-9)
    assert (paying_share(study, offer, paths, since=0) == 1.0).all()


def test_the_share_that_defaults_within_a_year_is_the_rate():
    study = risky_study()
    paths = sampled_paths(study, 7, np.arange(20_000))
    for offer in study.hosting_offers:
        share = paying_share(study, offer, paths, since=0)
        lost = 1.0 - share[:, 11].mean()
        # Standard error sqrt(0.25 x 0.75 / 20,000) = 0.003.
        assert lost == pytest.approx(YEARLY, abs=0.012)


def test_clients_default_apart_from_each_other():
    study = risky_study()
    fates = sampled_paths(study, 7, np.arange(5_000)).client_fate
    series = fates.reshape(5_000, -1).T
    correlations = np.corrcoef(series) - np.eye(len(series))
    # Standard error 1 / sqrt(5,000) = 0.014.
    assert np.abs(correlations).max() < 0.06


def test_a_contract_keeps_its_place_when_other_sites_are_left_out():
    study = risky_study()
    for site in study.sites:
        alone = risky_study(sites=(site,)).model_copy(
            update={
                "hosting_offers": tuple(
                    o for o in study.hosting_offers if o.site == site.id
                ),
                "gpu_offers": tuple(o for o in study.gpu_offers if o.site == site.id),
            }
        )
        for offer in (*alone.hosting_offers, *alone.gpu_offers):
            assert client_slot(alone, offer) == client_slot(study, offer)
        assert count_client_slots(alone) <= count_client_slots(study)


def test_on_a_lease_in_there_is_no_client_to_default():
    lease = next(o for o in gpu_offers() if o.direction == "in")
    with pytest.raises(ValidationError, match="on a lease in we pay"):
        type(lease)(**(dict(lease) | {"default_rate_per_year": 0.05}))


def test_every_client_of_the_bundled_study_may_default():
    study = load_study("base")
    assert all(o.default_rate_per_year > 0.0 for o in study.hosting_offers)
    for lease in study.gpu_offers:
        assert (lease.default_rate_per_year > 0.0) == (lease.direction == "out")
