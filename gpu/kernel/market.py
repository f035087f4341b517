# SPDX-License-Identifier: Apache-2.0
"""One month of the market, for `L` futures at a time.

The equations are those of `models.market` and `models.market_bitcoin`, which also say
where they come from. Drawing stands in `gpu.kernel.random`.
"""

from __future__ import annotations

from gpu.kernel.compiled import Doubles, Integers, L, device
from gpu.kernel.elementary import abs_, exp_, larger, log_, smaller
from gpu.kernel.intrinsics import bits_of_float, float_of_bits, floor_, sqrt_
from gpu.kernel.layout import (
    ADAPTED,
    ADAPTED_OPENING,
    AT_ONCE,
    BREAK_EVEN,
    BTC_PER_EH,
    CAPEX,
    CURE_SHARE,
    DELAY,
    DELAY_SCALE,
    DIFFICULTY_BEFORE,
    DIFFICULTY_PER_EH,
    DIP,
    DIP_DRAW,
    FEE,
    FEE_DEVIATION,
    FEE_KEEP,
    FEE_OPENING,
    FEE_SHARE,
    FEE_STEP,
    GROWTH,
    HASHES,
    HASHPRICE,
    HEIGHT,
    LAG_WEIGHT,
    LOG_CHANGE,
    LOG_DRIFT,
    LOG_HASHRATE,
    LOG_NETWORK,
    LOG_TOTAL,
    LOW_DRAW,
    LOW_FRAC,
    LOW_USD,
    MARKET,
    MONTH_VOLATILITY,
    MONTHLY,
    MOST_VARIANCE,
    N_PERIODS,
    NETWORK_BEFORE,
    NETWORK_STEP,
    OPENING_DIFFICULTY,
    OPENING_HEIGHT,
    OPENING_NETWORK,
    OPENING_PRICE,
    OVERRUN,
    OWN_DRAW,
    POWER,
    POWER_COMMON,
    POWER_DEVIATION,
    POWER_KEEP,
    POWER_OWN,
    POWER_STEP,
    PRICE,
    QUARTER_VARIANCE,
    RAW_PRICE,
    RENT,
    RENT_DEVIATION,
    RENT_KEEP,
    RENT_STEP,
    RETARGET,
    REWARD_BEFORE,
    REWARD_OPENING,
    ROOT,
    S_ROWS,
    SCALE_CAPEX,
    SCALE_FEES,
    SCALE_NETWORK,
    SCALE_POWER,
    SCALE_PRICE,
    SCALE_RENT,
    SLOWLY,
    SPARE_DRAW,
    SPEED_DOWN,
    SPEED_UP,
    START_PRICE,
    TAIL_SPREAD,
    USE,
    USE_DEVIATION,
    USE_KEEP,
    USE_STEP,
    VALUE_PER_EH,
    VARIANCE,
    VARIANCE_KEEP,
    VARIANCE_OPENING,
    VARIANCE_STEP,
    VOLATILITY,
    Z,
)

N_FACTORS = 8
BTC, NETWORK, FEES, COMMON_POWER, GPU_RENT, GPU_USE, LASTING, PASSING = range(8)
HALVING_BLOCKS = 210_000.0
FIRST_SUBSIDY_BTC = 50.0
SATOSHI_PER_BTC = 1e8
TWO_TO_52 = 4503599627370496.0
BITS_OF_ONE = 4607182418800017408
HASHES_PER_DIFFICULTY = 4294967296.0
PH_DAY_HASHES = 8.64e19


@device
def open_market(w: Doubles, data: Doubles, ints: Integers) -> None:
    """Set the state before the first month; build cost and delay are drawn by then."""
    m = ints[MARKET]
    variance = data[m + VARIANCE_OPENING]
    price = data[m + OPENING_PRICE]
    fee = data[m + FEE_OPENING]
    log_network = data[m + LOG_NETWORK]
    network = data[m + OPENING_NETWORK]
    difficulty = data[m + OPENING_DIFFICULTY]
    height = data[m + OPENING_HEIGHT]
    adapted = data[m + ADAPTED_OPENING]
    reward = data[m + REWARD_OPENING]
    for i in range(L):
        w[VARIANCE * L + i] = variance
        w[LOG_TOTAL * L + i] = 0.0
        w[RAW_PRICE * L + i] = price
        w[PRICE * L + i] = price
        w[FEE_DEVIATION * L + i] = fee
        w[LOG_HASHRATE * L + i] = log_network
        w[NETWORK_BEFORE * L + i] = network
        w[DIFFICULTY_BEFORE * L + i] = difficulty
        w[HEIGHT * L + i] = height
        w[ADAPTED * L + i] = adapted
        w[REWARD_BEFORE * L + i] = reward
        w[RENT_DEVIATION * L + i] = 0.0
        w[USE_DEVIATION * L + i] = 0.0


@device
def open_site(w: Doubles, s: Doubles, site: int, data: Doubles, ints: Integers) -> None:
    """Turn the draws of build cost and delay into factor and months."""
    m = ints[MARKET]
    overrun = data[m + OVERRUN]
    scale = data[m + DELAY_SCALE]
    b = site * S_ROWS * L
    for i in range(L):
        cost = exp_(overrun * s[b + OWN_DRAW * L + i]) * w[SCALE_CAPEX * L + i]
        late = scale * abs_(s[b + SPARE_DRAW * L + i]) + 0.5
        s[b + CAPEX * L + i] = cost
        s[b + DELAY * L + i] = floor_(late)
        s[b + POWER_DEVIATION * L + i] = 0.0


@device
def correlate(w: Doubles, data: Doubles, ints: Integers) -> None:
    """Turn independent draws into correlated ones, in place, the last factor first."""
    root = ints[ROOT]
    for k in range(N_FACTORS):
        row = N_FACTORS - 1 - k
        own = data[root + row * N_FACTORS + row]
        to = (Z + row) * L
        if own != 1.0:
            for i in range(L):
                w[to + i] = own * w[to + i]
        for column in range(row):
            part = data[root + row * N_FACTORS + column]
            if part != 0.0:
                of = (Z + column) * L
                for i in range(L):
                    w[to + i] = w[to + i] + part * w[of + i]


@device
def price_month(w: Doubles, data: Doubles, ints: Integers, t: int) -> None:
    """Move the BTC price, its volatility, the month's low and the dip after a call."""
    m = ints[MARKET]
    by_month = ints[MONTHLY]
    n = ints[N_PERIODS]
    keep = data[m + VARIANCE_KEEP]
    step = data[m + VARIANCE_STEP]
    tail = data[m + TAIL_SPREAD]
    most = data[m + MOST_VARIANCE]
    quarter = data[m + QUARTER_VARIANCE]
    level = data[m + VOLATILITY]
    opening = data[m + OPENING_PRICE]
    drift = data[by_month + LOG_DRIFT * n + t]
    drifted = drift
    if t > 0:
        drifted = drift - data[by_month + LOG_DRIFT * n + t - 1]
    cure = data[by_month + CURE_SHARE * n + t]
    for i in range(L):
        state = keep * w[VARIANCE * L + i] + step * w[(Z + LASTING) * L + i]
        deviation = smaller(state + tail * w[(Z + PASSING) * L + i], most)
        volatility = level * exp_(0.5 * deviation - quarter)
        shock = volatility * w[(Z + BTC) * L + i]
        total = w[LOG_TOTAL * L + i] + shock
        w[VARIANCE * L + i] = state
        w[LOG_TOTAL * L + i] = total
        w[LOG_CHANGE * L + i] = drifted + shock
        w[MONTH_VOLATILITY * L + i] = volatility
    for i in range(L):
        w[START_PRICE * L + i] = w[PRICE * L + i]
        w[PRICE * L + i] = opening * exp_(drift + w[LOG_TOTAL * L + i])
    for i in range(L):
        volatility = w[MONTH_VOLATILITY * L + i]
        change = w[LOG_CHANGE * L + i]
        spread = 2.0 * volatility * volatility * w[LOW_DRAW * L + i]
        fall = 0.5 * (change + sqrt_(change * change + spread))
        low = exp_(-fall)
        w[LOW_FRAC * L + i] = low if spread > 0.0 else 1.0
        w[DIP * L + i] = exp_(-abs_(w[DIP_DRAW * L + i]) * volatility * cure)


@device
def subsidy_share(era: float) -> float:
    """Return 0.5 to the power of a number of halvings, from its bits."""
    return float_of_bits(BITS_OF_ONE - (bits_of_float(era + TWO_TO_52) << 52))


@device
def issued_btc(height: float) -> float:
    """Return the subsidies of all blocks below a height, added up [BTC]."""
    era = floor_(height / HALVING_BLOCKS)
    share = subsidy_share(era)
    whole = 2.0 * HALVING_BLOCKS * FIRST_SUBSIDY_BTC * (1.0 - share)
    return whole + (height - era * HALVING_BLOCKS) * FIRST_SUBSIDY_BTC * share


@device
def hashrate_month(w: Doubles, data: Doubles, ints: Integers, t: int) -> None:
    """Move fees and the hashrate that machines could run."""
    m = ints[MARKET]
    by_month = ints[MONTHLY]
    n = ints[N_PERIODS]
    fee_share = data[m + FEE_SHARE]
    fee_keep = data[m + FEE_KEEP]
    fee_step = data[m + FEE_STEP]
    growth = data[by_month + GROWTH * n + t]
    at_once = data[m + AT_ONCE]
    slowly = data[m + SLOWLY]
    up = data[m + SPEED_UP]
    down = data[m + SPEED_DOWN]
    step = data[m + NETWORK_STEP]
    for i in range(L):
        deviation = fee_keep * w[FEE_DEVIATION * L + i]
        deviation = deviation + fee_step * w[(Z + FEES) * L + i]
        w[FEE_DEVIATION * L + i] = deviation
        w[FEE * L + i] = fee_share * exp_(deviation)
    for i in range(L):
        share = subsidy_share(floor_(w[HEIGHT * L + i] / HALVING_BLOCKS))
        satoshi = floor_(FIRST_SUBSIDY_BTC * SATOSHI_PER_BTC * share)
        subsidy = satoshi / SATOSHI_PER_BTC
        earned = w[RAW_PRICE * L + i] * subsidy * (1.0 + w[FEE * L + i])
        reward = log_(earned)
        gap = reward - w[ADAPTED * L + i]
        moved = (up if gap > 0.0 else down) * gap
        change = slowly * moved + at_once * (reward - w[REWARD_BEFORE * L + i])
        w[ADAPTED * L + i] = w[ADAPTED * L + i] + moved
        w[REWARD_BEFORE * L + i] = reward
        size = w[LOG_HASHRATE * L + i] + growth + change
        w[LOG_HASHRATE * L + i] = size + step * w[(Z + NETWORK) * L + i]


@device
def difficulty_month(w: Doubles, data: Doubles, ints: Integers, t: int) -> None:
    """Move running hashrate, difficulty and height; leave output per EH/s behind."""
    m = ints[MARKET]
    by_month = ints[MONTHLY]
    n = ints[N_PERIODS]
    limit = data[by_month + BREAK_EVEN * n + t]
    weight = data[by_month + LAG_WEIGHT * n + t]
    most = data[by_month + RETARGET * n + t]
    hashes = data[by_month + HASHES * n + t]
    per_eh = data[m + DIFFICULTY_PER_EH]
    for i in range(L):
        running = smaller(w[LOG_HASHRATE * L + i], w[REWARD_BEFORE * L + i] + limit)
        now = exp_(running)
        wanted = per_eh * ((1.0 - weight) * now + weight * w[NETWORK_BEFORE * L + i])
        before = w[DIFFICULTY_BEFORE * L + i]
        difficulty = smaller(larger(wanted, before / most), before * most)
        per_hash = 1.0 / (difficulty * HASHES_PER_DIFFICULTY)
        blocks = now * hashes * per_hash
        height = w[HEIGHT * L + i]
        subsidy = (issued_btc(height + blocks) - issued_btc(height)) / blocks
        reward = subsidy * (1.0 + w[FEE * L + i])
        w[NETWORK_BEFORE * L + i] = now
        w[DIFFICULTY_BEFORE * L + i] = difficulty
        w[HEIGHT * L + i] = height + blocks
        w[BTC_PER_EH * L + i] = hashes * per_hash * reward
        w[HASHPRICE * L + i] = PH_DAY_HASHES * per_hash * reward


@device
def scale_month(w: Doubles, data: Doubles, ints: Integers) -> None:
    """Apply the multipliers of a grid to price and network; keep the price unscaled."""
    fee_share = data[ints[MARKET] + FEE_SHARE]
    for i in range(L):
        price = w[PRICE * L + i]
        w[RAW_PRICE * L + i] = price
        scaled = price * w[SCALE_PRICE * L + i]
        reward = (1.0 + w[SCALE_FEES * L + i] * fee_share) / (1.0 + fee_share)
        rarer = reward / w[SCALE_NETWORK * L + i]
        output = w[BTC_PER_EH * L + i] * rarer
        w[PRICE * L + i] = scaled
        w[BTC_PER_EH * L + i] = output
        w[HASHPRICE * L + i] = w[HASHPRICE * L + i] * rarer * scaled
        w[VALUE_PER_EH * L + i] = output * scaled
        w[LOW_USD * L + i] = scaled * w[LOW_FRAC * L + i]


@device
def network_month(w: Doubles, data: Doubles, ints: Integers, t: int) -> None:
    """Move fees and network; leave output, hash price and the month's low behind."""
    hashrate_month(w, data, ints, t)
    difficulty_month(w, data, ints, t)
    scale_month(w, data, ints)


@device
def gpu_month(w: Doubles, data: Doubles, ints: Integers) -> None:
    """Move the rent of GPUs against its trend, and the use of them."""
    m = ints[MARKET]
    rent_keep = data[m + RENT_KEEP]
    rent_step = data[m + RENT_STEP]
    use_keep = data[m + USE_KEEP]
    use_step = data[m + USE_STEP]
    for i in range(L):
        rent = rent_keep * w[RENT_DEVIATION * L + i]
        rent = rent + rent_step * w[(Z + GPU_RENT) * L + i]
        used = use_keep * w[USE_DEVIATION * L + i]
        used = used + use_step * w[(Z + GPU_USE) * L + i]
        w[RENT_DEVIATION * L + i] = rent
        w[USE_DEVIATION * L + i] = used
        w[RENT * L + i] = exp_(rent) * w[SCALE_RENT * L + i]
        w[USE * L + i] = exp_(used)


@device
def power_month(
    w: Doubles, s: Doubles, site: int, data: Doubles, ints: Integers
) -> None:
    """Move one site's power price over its base path."""
    m = ints[MARKET]
    keep = data[m + POWER_KEEP]
    step = data[m + POWER_STEP]
    common = data[m + POWER_COMMON]
    own = data[m + POWER_OWN]
    b = site * S_ROWS * L
    for i in range(L):
        shock = common * w[(Z + COMMON_POWER) * L + i] + own * s[b + OWN_DRAW * L + i]
        deviation = keep * s[b + POWER_DEVIATION * L + i] + step * shock
        s[b + POWER_DEVIATION * L + i] = deviation
        s[b + POWER * L + i] = exp_(deviation) * w[SCALE_POWER * L + i]
