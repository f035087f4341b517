# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from engine_plans import empty_plan, full_commitments, opening_holdings
from tiny_studies import alpha, beta, tiny_study

from models import capacity
from models.plan import (
    BuildStart,
    Commitment,
    ConversionStart,
    Holding,
    OfferAcceptance,
    PhaseStart,
)

AIR, HYDRO, HPC = range(3)
MINING, HOSTING, GPU = range(3)
ALPHA, BETA = range(2)
PHASE = PhaseStart(site="alpha", phase="alpha_p1", period=2)
BUILD = BuildStart(site="alpha", kind="air", period=1, modules=2)
HALL = ConversionStart(site="alpha", conversion="alpha_hall", period=4, modules=2)


def nodes(units, since=0, until=24):
    return Holding(
        model="h100",
        site="alpha",
        cohort_period=since,
        since=since,
        until=until,
        units=units,
        ending="keep" if until == 24 else "sell",
    )


def test_usage_counts_machines_where_they_stand_and_while_they_stand():
    study = tiny_study()
    sold = opening_holdings(study)[0].model_copy(update={"until": 6, "ending": "sell"})
    used = capacity.usage(study, empty_plan(study, holdings=(sold,)))
    # 1,000 x 0.00315 MW for six months.
    assert used.by_line_mw[ALPHA, MINING, :6] == pytest.approx(np.full(6, 3.15))
    assert not used.by_line_mw[ALPHA, MINING, 6:].any()
    assert np.array_equal(used.by_shell_mw[ALPHA, AIR], used.by_line_mw[ALPHA, MINING])
    assert not used.by_line_mw[BETA].any()


def test_usage_counts_gpu_nodes_in_the_hall_at_the_gross_ratio():
    study = tiny_study()
    used = capacity.usage(study, empty_plan(study, holdings=(nodes(10.0),)))
    # 10 x 11.3 kW x 1.35.
    assert used.by_line_mw[ALPHA, GPU, 0] == pytest.approx(0.15255)
    assert used.by_shell_mw[ALPHA, HPC, 0] == pytest.approx(0.15255)


def test_usage_counts_clients_in_the_shell_they_ask_for():
    study = tiny_study()
    offers = (
        OfferAcceptance(offer="alpha_client", since=0, until=6),
        OfferAcceptance(offer="alpha_tenant", since=12, until=132),
        OfferAcceptance(offer="rent_in", since=0, until=12),
    )
    used = capacity.usage(study, empty_plan(study, offers=offers))
    assert used.by_shell_mw[ALPHA, AIR].tolist() == [2.0] * 6 + [0.0] * 18
    assert used.by_shell_mw[ALPHA, HPC].tolist() == [0.0] * 12 + [1.35] * 12
    assert used.by_line_mw[ALPHA, HOSTING, 12] == 1.35
    assert not used.by_line_mw[BETA].any()


def test_a_phase_energises_after_its_lead_time_and_delay():
    study = tiny_study()
    plan = empty_plan(study, phases=(PHASE,))
    # Started in period 2, six months of work: live in period 8.
    on_time = capacity.energised_mw(study, plan)
    assert on_time[ALPHA].tolist() == [10.0] * 8 + [15.0] * 16
    assert on_time[BETA].tolist() == [12.0] * 24
    late = capacity.energised_mw(study, plan, 3)
    assert late[ALPHA].tolist() == [10.0] * 11 + [15.0] * 13


def test_a_phase_later_than_the_horizon_never_energises():
    study = tiny_study()
    plan = empty_plan(study, phases=(PHASE.model_copy(update={"period": 20}),))
    assert capacity.energised_mw(study, plan)[ALPHA].tolist() == [10.0] * 24


def test_commitments_stand_at_partner_sites_alone():
    study = tiny_study()
    mw = tuple(12.0 if t < 6 else 4.0 for t in range(24))
    plan = empty_plan(study, commitments=(Commitment(site="beta", mw=mw),))
    committed = capacity.commitment_mw(study, plan)
    assert committed[BETA].tolist() == list(mw)
    assert not committed[ALPHA].any()
    full = capacity.commitment_mw(
        study, empty_plan(study, commitments=full_commitments(study))
    )
    assert full[BETA].tolist() == [12.0] * 24


def test_new_shells_stand_after_their_lead_time():
    study = tiny_study()
    stock = capacity.shell_mw(study, empty_plan(study, builds=(BUILD,)))
    # Two modules of 2.5 MW, begun in period 1, three months of work.
    assert stock[ALPHA, AIR].tolist() == [10.0] * 4 + [15.0] * 20
    assert stock[BETA, AIR].tolist() == [12.0] * 24
    assert not stock[:, HYDRO].any()


def test_a_conversion_takes_old_space_out_for_its_downtime_first():
    study = tiny_study()
    stock = capacity.shell_mw(study, empty_plan(study, conversions=(HALL,)))
    # Begun in period 4, done in 10, out of use from 7: 2 x 1.35 MW.
    assert stock[ALPHA, AIR] == pytest.approx([10.0] * 7 + [7.3] * 17)
    assert stock[ALPHA, HPC] == pytest.approx([0.0] * 10 + [2.7] * 14)
    # Space is lost for the three months between.
    total = stock[ALPHA].sum(axis=0)
    assert total == pytest.approx([10.0] * 7 + [7.3] * 3 + [10.0] * 14)


def test_a_late_conversion_still_gives_up_old_space_as_planned():
    study = tiny_study()
    stock = capacity.shell_mw(study, empty_plan(study, conversions=(HALL,)), 4)
    assert stock[ALPHA, AIR] == pytest.approx([10.0] * 7 + [7.3] * 17)
    assert stock[ALPHA, HPC] == pytest.approx([0.0] * 14 + [2.7] * 10)


@pytest.mark.parametrize("kind", ["hpc", "hydro"])
def test_a_shell_that_is_not_offered_cannot_be_built(kind):
    study = tiny_study()
    plan = empty_plan(study, builds=(BUILD.model_copy(update={"kind": kind}),))
    with pytest.raises(ValueError, match=f"site alpha offers no {kind} shell to build"):
        capacity.shell_mw(study, plan)


def late_hall_plan(study):
    """8.4 MW of machines in air and, from period 10, 2.6 MW of clients in a hall."""
    machines = opening_holdings(study)[0].model_copy(update={"units": 2000.0})
    return empty_plan(
        study,
        holdings=(machines, nodes(80.0, since=10)),
        conversions=(HALL,),
    )


def test_everything_runs_when_nothing_is_late():
    study = tiny_study()
    assert (capacity.running_share(study, late_hall_plan(study), 0) == 1.0).all()


def test_load_waits_for_a_late_hall():
    study = tiny_study()
    share = capacity.running_share(study, late_hall_plan(study), 3)
    assert share[ALPHA, HPC].tolist() == [1.0] * 10 + [0.0] * 3 + [1.0] * 11
    assert (share[ALPHA, AIR] == 1.0).all()
    assert (share[BETA] == 1.0).all()


def test_load_that_lacks_power_is_scaled_down_evenly():
    study = tiny_study()
    machines = opening_holdings(study)[0].model_copy(update={"units": 4000.0})
    plan = empty_plan(study, holdings=(machines,), phases=(PHASE,), builds=(BUILD,))
    # 12.6 MW from the start; 10 MW of power and shell until both are there (delayed
    # by two months: shell in period 6, power in 10).
    share = capacity.running_share(study, plan, 2)
    assert share[ALPHA, AIR, :10] == pytest.approx(np.full(10, 10 / 12.6))
    assert (share[ALPHA, AIR, 10:] == 1.0).all()


def test_a_late_hall_leaves_its_power_to_machines_that_have_their_space():
    # Power and hall are both late: 9.45 MW of machines fit the 10 MW that stand, and
    # the hall's load cannot take any of them, having no space.
    study = tiny_study()
    machines = opening_holdings(study)[0].model_copy(
        update={"units": 3000.0, "until": 4, "ending": "sell"}
    )
    hall = HALL.model_copy(update={"period": 0})
    more = empty_plan(
        study,
        holdings=(machines.model_copy(update={"until": 24, "ending": "keep"}),),
        offers=(OfferAcceptance(offer="alpha_tenant", since=6, until=24),),
        conversions=(hall,),
        phases=(PHASE.model_copy(update={"period": 0}),),
        builds=(BUILD.model_copy(update={"period": 0}),),
    )
    share = capacity.running_share(study, more, 1)
    # Period 6: air 7.3 + 5 MW for 9.45 MW; hall 0 of 1.35 MW; power 10 MW.
    assert share[ALPHA, AIR, 6] == 1.0
    assert share[ALPHA, HPC, 6] == 0.0
    assert share[ALPHA, HPC, 7] == 1.0


def test_load_short_of_shell_and_power_takes_the_power_there_is():
    # 12.6 MW of machines, 10 MW of shell and 4 MW of power until both builds are done:
    # 10 MW fit and share 4 MW, so 4 of 12.6 MW run.
    study = tiny_study(sites=(alpha(contracted_mw=4.0), beta()))
    machines = opening_holdings(study)[0].model_copy(update={"units": 4000.0})
    start = {"period": 0}
    plan = empty_plan(
        study,
        holdings=(machines,),
        phases=(PHASE.model_copy(update=start),),
        builds=(BUILD.model_copy(update=start),),
    )
    share = capacity.running_share(study, plan, 1)
    assert share[ALPHA, AIR, 0] == pytest.approx(4 / 12.6)
    # From period 4 the shell is there, from 7 on 9 MW of power.
    assert share[ALPHA, AIR, 4] == pytest.approx(4 / 12.6)
    assert share[ALPHA, AIR, 7] == pytest.approx(9 / 12.6)


def test_more_conversion_than_there_is_space_stops_the_load():
    study = tiny_study()
    many = HALL.model_copy(update={"period": 0, "modules": 8})
    plan = empty_plan(study, holdings=opening_holdings(study), conversions=(many,))
    # 10 - 8 x 1.35 = -0.8 MW: no negative share.
    share = capacity.running_share(study, plan, 1)
    assert share[ALPHA, AIR, 23] == 0.0
