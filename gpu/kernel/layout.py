# SPDX-License-Identifier: Apache-2.0
"""Where the kernel finds what: places in its tables and rows of its scratch arrays.

Tables are one array of floats (``data``) and one of whole numbers (``ints``); the
header of ``ints`` says where each part begins. Scratch arrays have rows of `L` lanes.
Both sides of the fence, the builders of `gpu.tables.build` and the stages of this
package, read these names. What does not belong here: anything that computes.
"""

from __future__ import annotations

# -- header of ints ---------------------------------------------------------------
(
    N_PERIODS,
    N_SITES,
    N_GPUS,
    N_PLANS,
    HAS_BASELINE,
    N_PROJECTS,
    MARKET,
    MONTHLY,
    COMPANY,
    ROOT,
    GPU_BASE,
    PLAN_HEADS,
    SITE_HEADS,
    TAX_SITE,
    N_COVENANTS,
    DISCOUNT,
    HURDLE_DISCOUNT,
    PROJECT_SITES,
    PROJECT_WANTED,
    COVENANT_ROWS,
    FATES,
    N_FATES,
    RULE,
    TILT,
    USES_GPUS,
    USED_SITES,
    HEADER_LENGTH,
) = range(27)

# -- rule of the draws: ints[ints[RULE] + ...]; data[ints[TILT] + t] ---------------
(
    IS_DRAWN,
    SEED_LOW,
    SEED_HIGH,
    IS_ANTITHETIC,
    SWAPPED,
    IS_TILTED,
    PLAIN_EVERY,
    HAS_LEADING,
    KEEPS_FLOWS,
    RULE_LENGTH,
) = range(10)
# Bits of SWAPPED behind those of the factors.
SWAPS_POWER, SWAPS_BUILD, SWAPS_FATES, SWAPS_WITHIN = range(8, 12)

# -- market: data[ints[MARKET] + ...] ----------------------------------------------
(
    OPENING_PRICE,
    VARIANCE_KEEP,
    VARIANCE_STEP,
    VARIANCE_OPENING,
    TAIL_SPREAD,
    MOST_VARIANCE,
    QUARTER_VARIANCE,
    VOLATILITY,
    FEE_SHARE,
    FEE_KEEP,
    FEE_STEP,
    FEE_OPENING,
    LOG_NETWORK,
    OPENING_NETWORK,
    OPENING_DIFFICULTY,
    OPENING_HEIGHT,
    NETWORK_STEP,
    AT_ONCE,
    SLOWLY,
    SPEED_UP,
    SPEED_DOWN,
    ADAPTED_OPENING,
    REWARD_OPENING,
    DIFFICULTY_PER_EH,
    POWER_KEEP,
    POWER_STEP,
    POWER_COMMON,
    POWER_OWN,
    RENT_KEEP,
    RENT_STEP,
    USE_KEEP,
    USE_STEP,
    OVERRUN,
    DELAY_SCALE,
    MARKET_LENGTH,
) = range(35)

# -- by month: data[ints[MONTHLY] + row * n_periods + t] ---------------------------
(
    LOG_DRIFT,
    GROWTH,
    BREAK_EVEN,
    LAG_WEIGHT,
    RETARGET,
    HASHES,
    CURE_SHARE,
    MONTHLY_ROWS,
) = range(8)

# -- company: data[ints[COMPANY] + ...] --------------------------------------------
(
    CASH_OPENING,
    CASH_FLOOR,
    FREE_OPENING,
    PLEDGED_OPENING,
    LOAN_OPENING,
    LOAN_RATE,
    SALE_KEPT,
    SELLING_COST,
    EQUITY_PREMIUM,
    INITIAL_LTV,
    CALL_LTV,
    LIQUIDATION_LTV,
    PENALTY,
    MOST_DRAWN,
    OVERHEAD,
    COMPANY_LENGTH,
) = range(16)

# -- one plan: ints[ints[PLAN_HEADS] + plan * PLAN_HEAD + ...] ---------------------
(
    PLAN_SERIES,
    PLAN_MATURITY,
    PLAN_HAS_LOAN,
    PLAN_RELEASE,
    PLAN_TERMINAL_DEBT,
    PLAN_COVENANTS,
    PLAN_N_COVENANTS,
    PLAN_GROUP_LOSSES,
    PLAN_HEAD,
) = range(9)
# data[plan series + row * n_periods + t]
(
    SOLD_FREE,
    SOLD_PLEDGED,
    BOUGHT,
    PLEDGED_IN,
    RELEASED,
    DRAWN,
    REPAID,
    EQUITY_PLANNED,
    DEBT_CASH,
    DEBT_COST,
    SERIES_ROWS,
) = range(11)
# One covenant: ints[covenants + k * COVENANT_LENGTH + ...]
COVENANT_SITE, COVENANT_DUE, COVENANT_LEAST, COVENANT_LENGTH = range(4)

# -- one plan at one site: ints[ints[SITE_HEADS] + (plan * n_sites + site) * SITE_HEAD]
(
    SITE_SERIES,
    SITE_SCALARS,
    SITE_TAX,
    SITE_LATE,
    SITE_DEMAND,
    SITE_CREDIT,
    SITE_ASICS,
    SITE_RESALE,
    SITE_POOLS,
    SITE_N_POOLS,
    SITE_CONTRACTS,
    SITE_N_CONTRACTS,
    SITE_LOSSES,
    SITE_IS_IDLE,
    SITE_HEAD,
) = range(15)
# data[site series + row * n_periods + t]
(
    FIXED_TAXED,
    FIXED_UNTAXED,
    POWER_COST,
    CAPEX_PAID,
    WRITE_OFF,
    WRITE_OFF_SCALED,
    SITE_ROWS,
) = range(7)
# data[site scalars + ...]
(
    MINING_VAT,
    TERMINAL_FIXED,
    EARLY_RELIEF,
    EARLY_RELIEF_SCALED,
    SITE_SCALARS_LENGTH,
) = range(5)
# data[tax + ...], then the taxable share by month
TAX_RATE, LOSS_CAP, WITHHOLDING, RELIEF, LOSS_LIFE, TAX_SHARES = range(6)

# ASICs: ints[asics + 3 t + kind] is the first group of four of that kind and month.
GROUP = 4
GROUP_LENGTH = 12
# Used ASICs: ints[resale + t] is the first sale of a month, row n_periods the horizon.
SALE_NEW, SALE_SCRAP, SALE_SLOPE, SALE_ENERGY, SALE_UNITS, SALE_LENGTH = range(6)
# A pool of GPUs: ints[pools + k * POOL_LENGTH + ...]
POOL_GPU, POOL_SERIES, POOL_TERMINAL, POOL_LENGTH = range(4)
POOL_REVENUE, POOL_IDLE, POOL_USED, POOL_SALE, POOL_ROWS = range(5)
# A contract: ints[contracts + k * CONTRACT_LENGTH + ...]
(
    CONTRACT_KIND,
    CONTRACT_GPU,
    CONTRACT_FATE,
    CONTRACT_SINCE,
    CONTRACT_UNTIL,
    CONTRACT_SERIES,
    CONTRACT_SCALARS,
    CONTRACT_LENGTH,
) = range(8)
CONTRACT_FIXED, CONTRACT_POWER, CONTRACT_RENT, CONTRACT_USE, CONTRACT_OWN = range(5)
CONTRACT_ROWS = 5
CONTRACT_MEAN, CONTRACT_LEFT = range(2)
# Share of load that can run: by kind of shell, then all of it, then own GPUs.
ALWAYS, POOL_SHARE = 3, 4

# -- scratch rows of w: one future's market and a month's work ---------------------
Z = 0
(
    LOW_DRAW,
    DIP_DRAW,
    VARIANCE,
    LOG_TOTAL,
    RAW_PRICE,
    FEE_DEVIATION,
    LOG_HASHRATE,
    HEIGHT,
    NETWORK_BEFORE,
    DIFFICULTY_BEFORE,
    ADAPTED,
    REWARD_BEFORE,
    RENT_DEVIATION,
    USE_DEVIATION,
    PRICE,
    START_PRICE,
    LOG_CHANGE,
    MONTH_VOLATILITY,
    FEE,
    BTC_PER_EH,
    HASHPRICE,
    VALUE_PER_EH,
    LOW_USD,
    LOW_FRAC,
    DIP,
    RENT,
    USE,
    SCALE_PRICE,
    SCALE_NETWORK,
    SCALE_FEES,
    SCALE_POWER,
    SCALE_RENT,
    SCALE_USE,
    SCALE_CAPEX,
    RUNNING_BTC,
    RUNNING_ENERGY,
    KIND_BTC,
    KIND_ENERGY,
    SHARE,
    CASH_FLOW,
    TAXED,
    AVAILABLE,
    PROFIT,
    TAX,
    WITHHELD,
    SITE_FLOW,
    TERMINAL,
    LOG_RATIO,
    SOLD_USD,
    SPENT_USD,
    INTEREST,
    DRAWN_USD,
    REPAID_USD,
    RAISED_USD,
    CALLED,
    LIQUIDATED,
    LTV,
    DISTANCE,
    SOLD_BTC,
    W_ROWS,
) = range(8, 68)

# -- rows of s: one site's market ---------------------------------------------------
POWER_DEVIATION, POWER, OWN_DRAW, SPARE_DRAW, CAPEX, DELAY, S_ROWS = range(7)

# -- rows of q: one plan's tax account at one site, the group behind the sites ------
LOSS_BALANCE, LOSS_TOTAL, Q_ROWS = range(3)

# -- rows of p: one plan ------------------------------------------------------------
(
    CASH,
    LOAN,
    FREE,
    PLEDGED,
    WAS_CALLED,
    GROUP_PROFIT,
    OPERATING_CASH,
    MINED_MONTH,
    SITES_FLOW,
    ALONE,
    EARLY_LEFT,
    NPV,
    MIN_CASH,
    FIRST_EQUITY,
    EQUITY,
    MINED,
    FINAL_BTC,
    FINAL_LOAN,
    FIRST_CALL,
    FIRST_LIQUIDATION,
    CALLED_BTC,
    LIQUIDATED_BTC,
    FORCED_USD,
    PEAK_LTV,
    LEAST_DISTANCE,
    P_ROWS,
) = range(26)
FIRST_COLUMN, N_PLAN_COLUMNS = NPV, P_ROWS - NPV
"""Rows of p from here on are columns of the result."""

# -- columns behind them: one set for the company and for each project -------------
SERIES_NPV, SERIES_PAYBACK, SERIES_RATE, SERIES_ROOTS, SERIES_STATUS = range(5)
SERIES_COLUMNS = 5
# -- then two for each covenant, and at last the logarithm of the density ratio -----
COVER_FIRST, COVER_LEAST, COVER_COLUMNS = range(3)

# What never comes, and what has no bound.
NEVER = 1e300
