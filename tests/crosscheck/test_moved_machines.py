# SPDX-License-Identifier: Apache-2.0
"""Machines bought at one site that move on: hand-worked, and two ways, one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from moved_cases import AIR, cheap_power_later, late_hall, machine, moving_studies

from models.errors import InfeasibleError
from models.market import base_paths
from models.plan import Move
from optimizer import plan
from optimizer.milp.options import ModelOptions

if TYPE_CHECKING:
    from models.study import Study


def test_bought_where_there_is_room_and_moved_to_cheap_power() -> None:
    """One lot of 100 machines: 0.378 MW, on average 0.3591 MW at 95 % uptime.

    Moved in June it saves 40 USD/MWh from July to November, 153 days or 3,672 h:
    0.3591 x 3,672 x 40 = 52,745 USD. It costs 100 x 100 USD, and what June's 720 h earn
    at alpha: output less 0.3591 x 720 x 60 = 15,513 USD of energy.
    """
    study = cheap_power_later()
    moved, stayed = plan(study), plan(study, options=ModelOptions(moves_bought=False))
    assert moved.is_verified, [check for check in moved.checks if not check.passed]
    assert moved.plan.moves == (
        Move(
            model="new",
            cohort_period=0,
            from_site="alpha",
            to_site="omega",
            period=6,
            units=moved.plan.moves[0].units,
        ),
    )
    spans = [(h.site, h.since, h.until, h.ending) for h in moved.plan.holdings]
    assert spans == [("alpha", 0, 6, "move"), ("omega", 7, 12, "keep")]
    paths = base_paths(study)
    # 100 machines of 270 TH/s at 95 % uptime, less a pool fee of 0.5 %.
    btc = paths.btc_per_eh_s[0, 6] * 0.027 * 0.95 * 0.995
    june = btc * paths.btc_price_usd[0, 6] - 15_513.12
    gain = 52_744.608 - 10_000.0 - june
    assert gain > 10_000.0
    assert moved.npv_usd - stayed.npv_usd == pytest.approx(gain, abs=1e-3)
    assert stayed.plan.moves == ()


def test_duty_of_the_new_site_keeps_machines_where_they_are() -> None:
    """20 points more duty on 2,430 USD x 0.8^0.5 is 435 USD each, or 43,469 a lot.

    That is more than the 52,745 - 10,000 saved by the move less June's output.
    """
    study = cheap_power_later(asic_duty_frac=0.3)
    assert plan(study).plan.moves == ()


def test_no_move_without_a_hall_of_the_machines_kind() -> None:
    hydro = AIR.model_copy(update={"kind": "hydro"})
    assert plan(cheap_power_later(shells=(hydro,))).plan.moves == ()


def test_no_bought_machine_flatters_the_hurdle_of_a_discretionary_site() -> None:
    study = cheap_power_later(status="pilot", hurdle_rate_per_year=0.1)
    assert plan(study).plan.moves == ()


def test_moved_machines_are_sold_at_their_new_site() -> None:
    # Worth most while new ones are dear; half a year later no output covers the energy.
    study = cheap_power_later(shells=late_hall(1, 0.0))
    dying = study.market.model_copy(
        update={"btc_price_usd": 90_000.0, "btc_log_drift_per_year": -2.2}
    )
    cheap = machine(price_usd_per_th=1.0, scrap_usd_per_th=0.1)
    result = plan(study.model_copy(update={"market": dying, "asics": (cheap,)}))
    assert result.is_verified, [check for check in result.checks if not check.passed]


@given(moving_studies())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    # A smaller failing study would take minutes to find and reads no better.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
def test_random_studies_in_which_bought_machines_move(study: Study) -> None:
    try:
        result = plan(study, gap_frac=1e-3, time_limit_s=20.0)
    except InfeasibleError:
        event("infeasible")
        return
    bought = [move for move in result.plan.moves if move.model == "new"]
    event("bought machines moved" if bought else "none moved")
    if any(h.model == "new" and h.ending == "sell" for h in result.plan.holdings):
        event("sold" + (" after a move" if bought else ""))
    assert [check for check in result.checks if not check.passed] == []
