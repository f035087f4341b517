# SPDX-License-Identifier: Apache-2.0
"""Numbers that the kernel repeats: each is that of the definition.

The kernel's cache on disk is named after the kernel's own sources, so it must not take
numbers from elsewhere; a threshold changed in one place alone would be met so rarely
that comparing the engines may miss it.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from gpu import irr_batch, irr_rest, liquidity, numpy_engine, returns
from gpu.kernel import (
    calls,
    cover,
    draws,
    finish,
    irr,
    irr_count,
    layout,
    lines,
    rest_search,
    rest_sums,
    scenario,
    space,
    treasury,
)
from gpu.kernel import market as kernel_market
from gpu.kernel import random as kernel_random
from gpu.sampling import draws as sampling_draws
from gpu.sampling import leading, leading_cpu, net, philox, scenarios, weights_cpu
from gpu.sampling.rule import GROUPS, PARTNER_OFFSET
from gpu.statistics import describe, describe_loops
from models import _expsum, _isolate, debt_limits, margin, network
from models.capacity import SHELL_KINDS
from models.finance import IrrStatus
from models.market_parameters import FACTORS
from models.path_changes import MULTIPLIERS
from models.units import HASHES_PER_EH, PH_PER_EH, SECONDS_PER_DAY


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (cover.TEST_FROM, debt_limits.DSCR_WINDOW_MONTHS - 1),
        (cover.TEST_STEP, debt_limits.DSCR_STEP_MONTHS),
        (cover.COVER_SLACK, liquidity._COVER_SLACK),
        (calls.ROUNDING, margin._ROUNDING),
        (calls.LEAST_LOAN_USD, margin._LEAST_LOAN_USD),
        (calls.MAX_LTV, margin.MAX_LTV_FRAC),
        (treasury.EQUITY_TOLERANCE_USD, numpy_engine.EQUITY_TOLERANCE_USD),
        (finish.SNAP_USD, returns.SNAP_USD),
        (finish.SNAP_SHARE, returns.SNAP_SHARE),
        (kernel_market.HALVING_BLOCKS, network.HALVING_BLOCKS),
        (kernel_market.FIRST_SUBSIDY_BTC, network._FIRST_SUBSIDY_BTC),
        (kernel_market.SATOSHI_PER_BTC, network._SATOSHI_PER_BTC),
        (kernel_market.HASHES_PER_DIFFICULTY, network.HASHES_PER_DIFFICULTY),
        (kernel_market.PH_DAY_HASHES, HASHES_PER_EH / PH_PER_EH * SECONDS_PER_DAY),
        (irr_count.LARGEST_PLAIN, irr_batch.LARGEST_PLAIN),
        (irr_count.UNIT_ROUNDOFF, irr_batch.UNIT_ROUNDOFF),
        (irr_count.SUM_DEPTH, irr_batch.SUM_DEPTH),
        (irr.LOWEST_RATE, irr_batch.LOWEST_RATE),
        (rest_search.UNIT_ROUNDOFF, _expsum.UNIT_ROUNDOFF),
        (rest_sums.CLEAR_ROUNDOFF, 100.0 * _expsum.UNIT_ROUNDOFF),
        (rest_sums.TAYLOR_ORDER, _expsum.TAYLOR_ORDER),
        (rest_sums.N_COEFFICIENTS, _expsum.TAYLOR_ORDER + 1),
        (rest_sums.TERM_ROUNDOFFS, _expsum.TERM_ROUNDOFFS),
        (rest_sums.FIRST_LEFT_OUT, 1.0 / math.factorial(_expsum.TAYLOR_ORDER + 1)),
        (rest_search.MAX_REFINE, _isolate.MAX_REFINE),
        (rest_search.NOISE_ROUNDOFFS, _isolate.NOISE_ROUNDOFFS),
        (leading_cpu.N_LEADING, len(leading.LEADING)),
        (leading_cpu.BITS, net.BLOCK_BITS),
        (leading_cpu.TAIL_STREAM, leading._TAIL_STREAM),
        (leading_cpu.MOST_LOG_VARIANCE, leading._MOST_LOG_VARIANCE),
        (weights_cpu.PRICE_STREAM, sampling_draws.FACTOR_STREAM),
        (weights_cpu.MOST_LOG, scenarios._MOST_LOG),
        (describe_loops.LANES, describe.LANES),
        (scenario.N_SCALES, len(MULTIPLIERS)),
        (space.N_KINDS, len(SHELL_KINDS)),
        (lines.HPC, SHELL_KINDS.index("hpc")),
        (draws.N_FACTORS, len(FACTORS)),
        (draws.PARTNER_OFFSET, PARTNER_OFFSET),
    ],
)
def test_a_number_that_the_kernel_repeats_is_that_of_its_definition(
    here: float, there: float
) -> None:
    assert here == there


@pytest.mark.parametrize(
    ("kernel", "definition", "names"),
    [
        (
            draws,
            sampling_draws,
            ("WITHIN_MONTH_STREAM", "SITE_POWER_STREAM", "SITE_BUILD_STREAM"),
        ),
        (
            kernel_random,
            philox,
            ("ROUNDS", "MULTIPLIER_0", "MULTIPLIER_1", "WEYL_0", "WEYL_1", "MASK_32"),
        ),
    ],
)
def test_streams_and_multipliers_are_those_of_the_array_engine(
    kernel: Any, definition: Any, names: tuple[str, ...]
) -> None:
    for name in names:
        assert getattr(kernel, name) == getattr(definition, name), name


def test_places_are_in_the_order_of_what_they_stand_for() -> None:
    factors = ("BTC", "NETWORK", "FEES", "COMMON_POWER", "GPU_RENT", "GPU_USE")
    own = [getattr(kernel_market, name) for name in (*factors, "LASTING", "PASSING")]
    meant = ("btc_price", "network", "fees", "power", "gpu_rent", "gpu_utilisation")
    assert own == [FACTORS.index(n) for n in (*meant, "btc_variance", "btc_tail")]
    scales = ("PRICE", "NETWORK", "FEES", "POWER", "RENT", "USE", "CAPEX")
    assert [getattr(layout, f"SCALE_{name}") for name in scales] == [
        layout.SCALE_PRICE + list(MULTIPLIERS).index(name)
        for name in (
            *("btc_price", "network", "fees", "power_price"),
            *("gpu_rent", "gpu_utilisation", "capex"),
        )
    ]
    swaps = ("POWER", "BUILD", "FATES", "WITHIN")
    groups = ("site_power", "site_build", "client_fate", "within_month")
    assert [getattr(layout, f"SWAPS_{name}") for name in swaps] == [
        GROUPS.index(name) for name in groups
    ]
    rest = (rest_sums.EMPTY, rest_sums.ONE, rest_sums.OPEN)
    assert rest == (_expsum.NONE, _expsum.ONE, _expsum.OPEN)
    rest_codes = (irr_rest.OK, irr_rest.SEVERAL, irr_rest.NONE)
    assert rest_codes == (IrrStatus.OK, IrrStatus.SEVERAL, IrrStatus.NONE)
    codes = (irr.OK, irr.SEVERAL, irr.NONE, irr.ALL_ZERO)
    assert codes == (
        *(IrrStatus.OK, IrrStatus.SEVERAL),
        *(IrrStatus.NONE, IrrStatus.ALL_ZERO),
    )
