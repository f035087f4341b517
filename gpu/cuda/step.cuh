// SPDX-License-Identifier: Apache-2.0
// The monthly model of gpu/kernel, one scenario at a time.
// Written by gpu.kernel.translate: change the functions there, not this file.

// What the kernel's functions are made of, the same on a GPU and on a CPU.
//
// Nothing is included: NVRTC has no headers. Products and sums must not be contracted:
// nvcc and NVRTC need -fmad=false, g++ and clang++ -ffp-contract=off.
#if defined(__CUDACC__)
#define DEVICE __device__ __forceinline__
#define DEVICE_MEMBER __device__ __forceinline__
#else
#define DEVICE static inline
#define DEVICE_MEMBER
#endif

namespace wattplan {

typedef long long int64;
typedef unsigned long long uint64;

#if defined(__CUDACC__)

DEVICE int64 bits_of_float(double x) { return __double_as_longlong(x); }
DEVICE double float_of_bits(int64 bits) { return __longlong_as_double(bits); }
DEVICE double fma_(double a, double b, double c) { return __fma_rn(a, b, c); }
DEVICE double sqrt_(double x) { return __dsqrt_rn(x); }
DEVICE double floor_(double x) { return ::floor(x); }
DEVICE double abs_(double x) { return ::fabs(x); }

#else

DEVICE int64 bits_of_float(double x) {
    int64 bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits;
}
DEVICE double float_of_bits(int64 bits) {
    double x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}
DEVICE double fma_(double a, double b, double c) { return __builtin_fma(a, b, c); }
DEVICE double sqrt_(double x) { return __builtin_sqrt(x); }
DEVICE double floor_(double x) { return __builtin_floor(x); }
DEVICE double abs_(double x) { return __builtin_fabs(x); }

#endif

// Rows of one lane that stand apart: on a GPU the lanes of all threads lie side by side.
struct History {
    double* rows;
    int64 stride;
    DEVICE_MEMBER History(double* rows_, int64 stride_ = 1)
        : rows(rows_), stride(stride_) {}
    DEVICE_MEMBER double& operator[](int64 row) const { return rows[row * stride]; }
};

DEVICE double float_of_int(int64 n) { return (double)n; }
DEVICE int64 int_of_float(double x) { return (int64)x; }
DEVICE int64 multiply_words(int64 a, int64 b) {
    return (int64)((uint64)(unsigned int)a * (uint64)(unsigned int)b);
}
DEVICE int64 size_of(int64 n) { return n < 0 ? -n : n; }
// Division of whole numbers that rounds down, as in Python.
DEVICE int64 floor_quotient(int64 a, int64 b) {
    int64 q = a / b;
    return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}
DEVICE int64 floor_rest(int64 a, int64 b) { return a - floor_quotient(a, b) * b; }

}  // namespace wattplan

namespace wattplan {

constexpr int64 ABOVE = 11LL;
constexpr int64 ABOVE_DEPTH = 16LL;
constexpr int64 ABOVE_MIDDLE = 17LL;
constexpr int64 ADAPTED = 18LL;
constexpr int64 ADAPTED_OPENING = 21LL;
constexpr double ALL_ZERO = 4.0;
constexpr int64 ALONE = 9LL;
constexpr int64 ALWAYS = 3LL;
constexpr int64 AT_ONCE = 17LL;
constexpr int64 AVAILABLE = 49LL;
constexpr int64 BELOW = 12LL;
constexpr int64 BELOW_DEPTH = 18LL;
constexpr int64 BELOW_MIDDLE = 19LL;
constexpr double BELOW_ONE = 0.9999999999999999;
constexpr int64 BEND = 52LL;
constexpr int64 BITS_OF_ONE = 4607182418800017408LL;
constexpr int64 BOUGHT = 2LL;
constexpr int64 BOUND = 13LL;
constexpr int64 BREAK_EVEN = 2LL;
constexpr int64 BTC = 0LL;
constexpr int64 BTC_PER_EH = 27LL;
constexpr int64 CALLED = 62LL;
constexpr int64 CALLED_BTC = 20LL;
constexpr int64 CALL_LTV = 10LL;
constexpr int64 CAPEX = 4LL;
constexpr int64 CAPEX_PAID = 3LL;
constexpr int64 CASH = 0LL;
constexpr int64 CASH_FLOOR = 1LL;
constexpr int64 CASH_FLOW = 47LL;
constexpr int64 CASH_OPENING = 0LL;
constexpr int64 CHANGES = 4LL;
constexpr int64 COMMON_POWER = 3LL;
constexpr int64 COMPANY = 8LL;
constexpr int64 CONTRACT_FATE = 2LL;
constexpr int64 CONTRACT_FIXED = 0LL;
constexpr int64 CONTRACT_GPU = 1LL;
constexpr int64 CONTRACT_KIND = 0LL;
constexpr int64 CONTRACT_LEFT = 1LL;
constexpr int64 CONTRACT_LENGTH = 7LL;
constexpr int64 CONTRACT_MEAN = 0LL;
constexpr int64 CONTRACT_OWN = 4LL;
constexpr int64 CONTRACT_POWER = 1LL;
constexpr int64 CONTRACT_RENT = 2LL;
constexpr int64 CONTRACT_SCALARS = 6LL;
constexpr int64 CONTRACT_SERIES = 5LL;
constexpr int64 CONTRACT_SINCE = 3LL;
constexpr int64 CONTRACT_UNTIL = 4LL;
constexpr int64 CONTRACT_USE = 3LL;
constexpr double COS_0 = 19.739208802178716;
constexpr double COS_1 = 64.93939402266818;
constexpr double COS_2 = -85.45681720660308;
constexpr double COS_3 = 60.24464134251958;
constexpr double COS_4 = -26.42625211684072;
constexpr double COS_5 = 7.903145297378133;
constexpr double COS_6 = -1.6977917318005684;
constexpr int64 COUNT_ROWS = 36LL;
constexpr int64 COVENANT_DUE = 1LL;
constexpr int64 COVENANT_LEAST = 2LL;
constexpr int64 COVENANT_LENGTH = 3LL;
constexpr int64 COVENANT_ROWS = 19LL;
constexpr int64 COVENANT_SITE = 0LL;
constexpr int64 COVER_COLUMNS = 2LL;
constexpr int64 COVER_FIRST = 0LL;
constexpr int64 COVER_LEAST = 1LL;
constexpr double COVER_SLACK = 1e-09;
constexpr double CROSSED = 3.0;
constexpr int64 CURE_SHARE = 6LL;
constexpr int64 DEBT_CASH = 8LL;
constexpr int64 DEBT_COST = 9LL;
constexpr int64 DELAY = 5LL;
constexpr int64 DELAY_SCALE = 33LL;
constexpr int64 DIFFICULTY_BEFORE = 17LL;
constexpr int64 DIFFICULTY_PER_EH = 23LL;
constexpr int64 DIP = 32LL;
constexpr int64 DIP_DRAW = 9LL;
constexpr int64 DISCOUNT = 15LL;
constexpr int64 DISTANCE = 65LL;
constexpr int64 DRAWN = 5LL;
constexpr int64 DRAWN_USD = 59LL;
constexpr int64 EARLY_LEFT = 10LL;
constexpr int64 EARLY_RELIEF = 2LL;
constexpr int64 EARLY_RELIEF_SCALED = 3LL;
constexpr int64 EQUITY = 14LL;
constexpr int64 EQUITY_PLANNED = 7LL;
constexpr int64 EQUITY_PREMIUM = 8LL;
constexpr double EQUITY_TOLERANCE_USD = 1e-06;
constexpr int64 EXPONENT_MASK = 9218868437227405312LL;
constexpr double EXP_0 = 0.5000000000000011;
constexpr double EXP_1 = 0.16666666666666413;
constexpr double EXP_2 = 0.041666666666530267;
constexpr double EXP_3 = 0.008333333333494343;
constexpr double EXP_4 = 0.0013888888943598247;
constexpr double EXP_5 = 0.00019841269506754315;
constexpr double EXP_6 = 2.48014931356679e-05;
constexpr double EXP_7 = 2.755758629041852e-06;
constexpr double EXP_8 = 2.763023409633475e-07;
constexpr double EXP_9 = 2.5000064441792513e-08;
constexpr double EXP_LARGEST = 709.782712893384;
constexpr double EXP_SMALLEST = -708.0;
constexpr int64 F = 38LL;
constexpr double FAILED = 3.0;
constexpr double FALLS = 1.0;
constexpr int64 FATES = 20LL;
constexpr int64 FEE = 26LL;
constexpr int64 FEES = 2LL;
constexpr int64 FEE_DEVIATION = 13LL;
constexpr int64 FEE_KEEP = 9LL;
constexpr int64 FEE_OPENING = 11LL;
constexpr int64 FEE_SHARE = 8LL;
constexpr int64 FEE_STEP = 10LL;
constexpr int64 FINAL_BTC = 16LL;
constexpr int64 FINAL_LOAN = 17LL;
constexpr int64 FIRST = 2LL;
constexpr int64 FIRST_CALL = 18LL;
constexpr int64 FIRST_COLUMN = 11LL;
constexpr int64 FIRST_EQUITY = 13LL;
constexpr int64 FIRST_LIQUIDATION = 19LL;
constexpr double FIRST_REACH = 3.0;
constexpr double FIRST_SUBSIDY_BTC = 50.0;
constexpr int64 FIXED_TAXED = 0LL;
constexpr int64 FIXED_UNTAXED = 1LL;
constexpr int64 FORCED_USD = 22LL;
constexpr int64 FOUND_ABOVE = 44LL;
constexpr int64 FOUND_BELOW = 45LL;
constexpr int64 FRACTION_MASK = 4503599627370495LL;
constexpr int64 FREE = 2LL;
constexpr int64 FREE_OPENING = 2LL;
constexpr int64 F_SLOPE = 39LL;
constexpr int64 GPU_BASE = 10LL;
constexpr int64 GPU_PAIR = 2LL;
constexpr int64 GPU_RENT = 4LL;
constexpr int64 GPU_USE = 5LL;
constexpr int64 GROUP = 4LL;
constexpr int64 GROUP_LENGTH = 12LL;
constexpr int64 GROUP_PROFIT = 5LL;
constexpr int64 GROWTH = 1LL;
constexpr double HALVING_BLOCKS = 210000.0;
constexpr int64 HASHES = 5LL;
constexpr double HASHES_PER_DIFFICULTY = 4294967296.0;
constexpr int64 HASHPRICE = 28LL;
constexpr int64 HAS_BASELINE = 4LL;
constexpr int64 HAS_LEADING = 7LL;
constexpr int64 HEIGHT = 15LL;
constexpr int64 HIGH_LOSS = 53LL;
constexpr int64 HIGH_TILT = 49LL;
constexpr int64 HPC = 2LL;
constexpr double HUGE_ = 1e+300;
constexpr int64 HURDLE_DISCOUNT = 16LL;
constexpr int64 INITIAL_LTV = 9LL;
constexpr int64 INTEREST = 58LL;
constexpr double INVERSE_LN_2 = 1.4426950408889634;
constexpr int64 IRR_OUT_ROWS = 3LL;
constexpr int64 IRR_RATE = 0LL;
constexpr int64 IRR_ROOTS = 1LL;
constexpr int64 IRR_STATUS = 2LL;
constexpr int64 IRR_WORK_ROWS = 58LL;
constexpr int64 IS_ANTITHETIC = 3LL;
constexpr int64 IS_AWAY = 56LL;
constexpr int64 IS_CLOSE = 55LL;
constexpr int64 IS_DRAWN = 0LL;
constexpr int64 IS_NEAR = 53LL;
constexpr int64 IS_TILTED = 5LL;
constexpr int64 KEEPS_FLOWS = 8LL;
constexpr int64 KIND_BTC = 44LL;
constexpr int64 KIND_ENERGY = 45LL;
constexpr int64 L = 1LL;
constexpr int64 LAG_WEIGHT = 3LL;
constexpr double LARGEST_PLAIN = 1e+100;
constexpr double LARGEST_SUM = 1e+280;
constexpr int64 LAST = 3LL;
constexpr int64 LASTING = 6LL;
constexpr int64 LEAST_DISTANCE = 24LL;
constexpr double LEAST_LOAN_USD = 0.01;
constexpr double LEAST_PLEDGE_BTC = 1e-09;
constexpr double LEAST_SPAN = 1e-05;
constexpr double LEAST_TILT = 1e-07;
constexpr int64 LIQUIDATED = 63LL;
constexpr int64 LIQUIDATED_BTC = 21LL;
constexpr int64 LIQUIDATION_LTV = 11LL;
constexpr double LN_2 = 0.6931471805599453;
constexpr double LN_2_REST = 2.3190468138462996e-17;
constexpr double LN_2_SHORT = 0.6931471803691238;
constexpr double LN_2_SHORT_REST = 1.9082149292705877e-10;
constexpr int64 LOAN = 1LL;
constexpr int64 LOAN_OPENING = 4LL;
constexpr int64 LOAN_RATE = 5LL;
constexpr double LOG_0 = 0.6666666666666734;
constexpr double LOG_1 = 0.3999999999941468;
constexpr double LOG_2 = 0.2857142874238834;
constexpr double LOG_3 = 0.22222198573057161;
constexpr double LOG_4 = 0.18183564334074193;
constexpr double LOG_5 = 0.15314050326564208;
constexpr double LOG_6 = 0.14795952142548588;
constexpr int64 LOG_CHANGE = 24LL;
constexpr int64 LOG_DRIFT = 0LL;
constexpr int64 LOG_HASHRATE = 14LL;
constexpr int64 LOG_NETWORK = 12LL;
constexpr int64 LOG_RATIO = 55LL;
constexpr int64 LOG_TOTAL = 11LL;
constexpr int64 LOSS_BALANCE = 0LL;
constexpr int64 LOSS_CAP = 1LL;
constexpr int64 LOSS_LIFE = 4LL;
constexpr int64 LOSS_TOTAL = 1LL;
constexpr double LOWEST_RATE = -0.9999999999999999;
constexpr int64 LOW_DRAW = 8LL;
constexpr int64 LOW_FRAC = 31LL;
constexpr int64 LOW_GAIN = 50LL;
constexpr int64 LOW_LEAN = 51LL;
constexpr int64 LOW_PLACE = 52LL;
constexpr int64 LOW_TILT = 48LL;
constexpr int64 LOW_USD = 30LL;
constexpr int64 LTV = 64LL;
constexpr int64 MARKET = 6LL;
constexpr int64 MASK_32 = 4294967295LL;
constexpr double MAX_LTV = 10.0;
constexpr int64 MAX_STEPS = 60LL;
constexpr int64 MIDDLE = 15LL;
constexpr int64 MINED = 15LL;
constexpr int64 MINED_MONTH = 7LL;
constexpr int64 MINING_VAT = 0LL;
constexpr int64 MIN_CASH = 12LL;
constexpr int64 MOMENT = 6LL;
constexpr int64 MONTHLY = 7LL;
constexpr int64 MONTH_VOLATILITY = 25LL;
constexpr double MOST_BENT = 1.5;
constexpr int64 MOST_DRAWN = 13LL;
constexpr double MOST_FADE = 600.0;
constexpr int64 MOST_VARIANCE = 5LL;
constexpr int64 MOVE = 50LL;
constexpr int64 MULTIPLIER_0 = 3528531795LL;
constexpr int64 MULTIPLIER_1 = 3449720151LL;
constexpr int64 NAN_BITS = 9221120237041090560LL;
constexpr double NEAR = 0.25;
constexpr int64 NETWORK = 1LL;
constexpr int64 NETWORK_BEFORE = 16LL;
constexpr int64 NETWORK_STEP = 16LL;
constexpr double NEVER = 1e+300;
constexpr double NONE = 3.0;
constexpr double NONE_YET = 0.0;
constexpr double NOT_PLAIN = 99.0;
constexpr int64 NPV = 11LL;
constexpr int64 N_COVENANTS = 14LL;
constexpr int64 N_FACTORS = 8LL;
constexpr int64 N_FATES = 21LL;
constexpr int64 N_GPUS = 2LL;
constexpr int64 N_KINDS = 3LL;
constexpr int64 N_PERIODS = 0LL;
constexpr int64 N_PLANS = 3LL;
constexpr int64 N_PLAN_COLUMNS = 14LL;
constexpr int64 N_PROJECTS = 5LL;
constexpr int64 N_SCALES = 7LL;
constexpr int64 N_SITES = 1LL;
constexpr double OK = 0.0;
constexpr int64 ONE_BITS = 4607182418800017408LL;
constexpr int64 OPENING_DIFFICULTY = 14LL;
constexpr int64 OPENING_HEIGHT = 15LL;
constexpr int64 OPENING_NETWORK = 13LL;
constexpr int64 OPENING_PRICE = 0LL;
constexpr int64 OPERATING_CASH = 6LL;
constexpr int64 OVERHEAD = 14LL;
constexpr int64 OVERRUN = 32LL;
constexpr int64 OWN_DRAW = 2LL;
constexpr int64 PARTNER_OFFSET = 4611686018427387904LL;
constexpr int64 PASSING = 7LL;
constexpr int64 PEAK_LTV = 23LL;
constexpr int64 PENALTY = 12LL;
constexpr double PH_DAY_HASHES = 8.64e+19;
constexpr int64 PLACE = 47LL;
constexpr double PLACE_UNIT = 9.313225746154785e-10;
constexpr int64 PLAIN_EVERY = 6LL;
constexpr int64 PLAN_COVENANTS = 5LL;
constexpr int64 PLAN_GROUP_LOSSES = 7LL;
constexpr int64 PLAN_HAS_LOAN = 2LL;
constexpr int64 PLAN_HEAD = 8LL;
constexpr int64 PLAN_HEADS = 11LL;
constexpr int64 PLAN_MATURITY = 1LL;
constexpr int64 PLAN_N_COVENANTS = 6LL;
constexpr int64 PLAN_RELEASE = 3LL;
constexpr int64 PLAN_SERIES = 0LL;
constexpr int64 PLAN_TERMINAL_DEBT = 4LL;
constexpr int64 PLEDGED = 3LL;
constexpr int64 PLEDGED_IN = 3LL;
constexpr int64 PLEDGED_OPENING = 3LL;
constexpr int64 POOL_GPU = 0LL;
constexpr int64 POOL_IDLE = 1LL;
constexpr int64 POOL_LENGTH = 3LL;
constexpr int64 POOL_REVENUE = 0LL;
constexpr int64 POOL_SALE = 3LL;
constexpr int64 POOL_SERIES = 1LL;
constexpr int64 POOL_SHARE = 4LL;
constexpr int64 POOL_TERMINAL = 2LL;
constexpr int64 POOL_USED = 2LL;
constexpr int64 POWER = 1LL;
constexpr int64 POWER_COMMON = 26LL;
constexpr int64 POWER_COST = 2LL;
constexpr int64 POWER_DEVIATION = 0LL;
constexpr int64 POWER_KEEP = 24LL;
constexpr int64 POWER_OWN = 27LL;
constexpr int64 POWER_STEP = 25LL;
constexpr int64 PRICE = 22LL;
constexpr int64 PROFIT = 50LL;
constexpr int64 PROJECT_SITES = 17LL;
constexpr int64 PROJECT_WANTED = 18LL;
constexpr int64 P_ROWS = 25LL;
constexpr int64 Q = 40LL;
constexpr int64 QUARTER_TURN = 1073741824LL;
constexpr int64 QUARTER_VARIANCE = 6LL;
constexpr int64 Q_ROWS = 2LL;
constexpr int64 Q_SLOPE = 41LL;
constexpr int64 RAISED_USD = 61LL;
constexpr int64 RAW_PRICE = 12LL;
constexpr int64 RELEASED = 4LL;
constexpr int64 RELIEF = 3LL;
constexpr int64 RENT = 33LL;
constexpr int64 RENT_DEVIATION = 20LL;
constexpr int64 RENT_KEEP = 28LL;
constexpr int64 RENT_STEP = 29LL;
constexpr int64 REPAID = 6LL;
constexpr int64 REPAID_USD = 60LL;
constexpr int64 RETARGET = 4LL;
constexpr int64 REWARD_BEFORE = 19LL;
constexpr int64 REWARD_OPENING = 22LL;
constexpr double RISES = 2.0;
constexpr int64 ROOT = 9LL;
constexpr int64 ROOT_HALF_BITS = 4604544271217802189LL;
constexpr double ROUNDER = 6755399441055744.0;
constexpr double ROUNDING = 1e-09;
constexpr int64 ROUNDS = 10LL;
constexpr int64 RULE = 22LL;
constexpr int64 RUNNING_BTC = 42LL;
constexpr int64 RUNNING_ENERGY = 43LL;
constexpr double SAFETY = 1e-09;
constexpr int64 SALE_ENERGY = 3LL;
constexpr int64 SALE_KEPT = 6LL;
constexpr int64 SALE_LENGTH = 5LL;
constexpr int64 SALE_NEW = 0LL;
constexpr int64 SALE_SCRAP = 1LL;
constexpr int64 SALE_SLOPE = 2LL;
constexpr int64 SALE_UNITS = 4LL;
constexpr double SATOSHI_PER_BTC = 100000000.0;
constexpr int64 SCALE = 46LL;
constexpr int64 SCALE_CAPEX = 41LL;
constexpr int64 SCALE_FEES = 37LL;
constexpr int64 SCALE_NETWORK = 36LL;
constexpr int64 SCALE_POWER = 38LL;
constexpr int64 SCALE_PRICE = 35LL;
constexpr int64 SCALE_RENT = 39LL;
constexpr int64 SCALE_USE = 40LL;
constexpr int64 SECOND_MOMENT = 8LL;
constexpr int64 SECOND_SPREAD = 9LL;
constexpr int64 SEED_HIGH = 2LL;
constexpr int64 SEED_LOW = 1LL;
constexpr int64 SEEK_STEPS = 14LL;
constexpr int64 SELLING_COST = 7LL;
constexpr int64 SERIES_COLUMNS = 5LL;
constexpr int64 SERIES_NPV = 0LL;
constexpr int64 SERIES_PAYBACK = 1LL;
constexpr int64 SERIES_RATE = 2LL;
constexpr int64 SERIES_ROOTS = 3LL;
constexpr int64 SERIES_STATUS = 4LL;
constexpr double SEVERAL = 1.0;
constexpr int64 SHARE = 46LL;
constexpr double SHARPNESS = 20000.0;
constexpr int64 SHIFT = 55LL;
constexpr int64 SIDE = 42LL;
constexpr int64 SIGN = 10LL;
constexpr double SIN_1 = -41.34170224039968;
constexpr double SIN_2 = 81.60524927596823;
constexpr double SIN_3 = -76.70585970878628;
constexpr double SIN_4 = 42.058685506929045;
constexpr double SIN_5 = -15.093829331779947;
constexpr double SIN_6 = 3.7813665881942073;
constexpr int64 SITES_FLOW = 8LL;
constexpr int64 SITE_ASICS = 6LL;
constexpr int64 SITE_BUILD_STREAM = 4096LL;
constexpr int64 SITE_CONTRACTS = 10LL;
constexpr int64 SITE_CREDIT = 5LL;
constexpr int64 SITE_DEMAND = 4LL;
constexpr int64 SITE_FLOW = 53LL;
constexpr int64 SITE_HEAD = 14LL;
constexpr int64 SITE_HEADS = 12LL;
constexpr int64 SITE_IS_IDLE = 13LL;
constexpr int64 SITE_LATE = 3LL;
constexpr int64 SITE_LOSSES = 12LL;
constexpr int64 SITE_N_CONTRACTS = 11LL;
constexpr int64 SITE_N_POOLS = 9LL;
constexpr int64 SITE_POOLS = 8LL;
constexpr int64 SITE_POWER_STREAM = 16LL;
constexpr int64 SITE_RESALE = 7LL;
constexpr int64 SITE_SCALARS = 1LL;
constexpr int64 SITE_SERIES = 0LL;
constexpr int64 SITE_TAX = 2LL;
constexpr int64 SIZE = 1LL;
constexpr int64 SLOPE = 51LL;
constexpr int64 SLOWLY = 18LL;
constexpr double SMALLEST_PLAIN = 1e-100;
constexpr double SMALLEST_SUM = 1e-280;
constexpr double SMALL_T = 0.0625;
constexpr double SNAP_SHARE = 1e-12;
constexpr double SNAP_USD = 1e-06;
constexpr int64 SOLD_BTC = 66LL;
constexpr int64 SOLD_FREE = 0LL;
constexpr int64 SOLD_PLEDGED = 1LL;
constexpr int64 SOLD_USD = 56LL;
constexpr double SOLVED = 2.0;
constexpr int64 SPARE_DRAW = 3LL;
constexpr int64 SPEED_DOWN = 20LL;
constexpr int64 SPEED_UP = 19LL;
constexpr int64 SPENT_USD = 57LL;
constexpr int64 SPREAD = 7LL;
constexpr int64 START_PRICE = 23LL;
constexpr int64 STATE = 43LL;
constexpr int64 STEP = 54LL;
constexpr int64 SUMS = 20LL;
constexpr int64 SUM_DEPTH = 4LL;
constexpr int64 SWAPPED = 4LL;
constexpr int64 SWAPS_BUILD = 9LL;
constexpr int64 SWAPS_FATES = 10LL;
constexpr int64 SWAPS_POWER = 8LL;
constexpr int64 SWAPS_WITHIN = 11LL;
constexpr int64 S_ROWS = 6LL;
constexpr int64 TAIL_SPREAD = 4LL;
constexpr double TAU = 6.283185307179586;
constexpr double TAU_REST = 2.4492935982947064e-16;
constexpr int64 TAX = 51LL;
constexpr int64 TAXED = 48LL;
constexpr int64 TAX_RATE = 0LL;
constexpr int64 TAX_SHARES = 5LL;
constexpr int64 TAX_SITE = 13LL;
constexpr int64 TERMINAL = 54LL;
constexpr int64 TERMINAL_FIXED = 1LL;
constexpr int64 TEST_FROM = 11LL;
constexpr int64 TEST_STEP = 3LL;
constexpr int64 TINY = 5LL;
constexpr double TOLERANCE = 8e-13;
constexpr int64 TOTAL = 0LL;
constexpr double TWO_52 = 4503599627370496.0;
constexpr int64 TWO_52_BITS = 4841369599423283200LL;
constexpr double TWO_TO_52 = 4503599627370496.0;
constexpr int64 U = 36LL;
constexpr double UNIT_ROUNDOFF = 1.1102230246251565e-16;
constexpr double UNKNOWN = 9.0;
constexpr double UNSETTLED = -1.0;
constexpr int64 USE = 34LL;
constexpr int64 USED_SITES = 25LL;
constexpr int64 USES_GPUS = 24LL;
constexpr int64 USE_DEVIATION = 21LL;
constexpr int64 USE_KEEP = 30LL;
constexpr int64 USE_STEP = 31LL;
constexpr int64 VALUE_PER_EH = 29LL;
constexpr int64 VARIANCE = 10LL;
constexpr int64 VARIANCE_KEEP = 1LL;
constexpr int64 VARIANCE_OPENING = 3LL;
constexpr int64 VARIANCE_STEP = 2LL;
constexpr int64 VERDICT = 57LL;
constexpr int64 VOLATILITY = 7LL;
constexpr double WAITING = 1.0;
constexpr int64 WAS_CALLED = 4LL;
constexpr int64 WEYL_0 = 2654435769LL;
constexpr int64 WEYL_1 = 3144134277LL;
constexpr int64 WITHHELD = 52LL;
constexpr int64 WITHHOLDING = 2LL;
constexpr int64 WITHIN_MONTH_STREAM = 8LL;
constexpr int64 WORD_ROWS = 4LL;
constexpr double WORD_STEP = 2.3283064365386963e-10;
constexpr int64 WRITE_OFF = 4LL;
constexpr int64 WRITE_OFF_SCALED = 5LL;
constexpr int64 W_ROWS = 67LL;
constexpr int64 X = 37LL;
constexpr int64 Z = 0LL;
constexpr int64 draws_TILT = 23LL;
constexpr int64 irr_HIGH = 49LL;
constexpr int64 irr_LOW = 48LL;
constexpr int64 irr_count_DEPTH = 14LL;
constexpr int64 irr_seek_DEPTH = 54LL;
constexpr int64 irr_seek_HIGH = 47LL;
constexpr int64 irr_seek_LOW = 46LL;
constexpr int64 irr_seek_TILT = 56LL;

// Find the counters of the scenarios in ``ids`` from ``first`` on.
DEVICE void open_counters(int64* own, int64* partner, int64* mirrored, int64* ids, int64 first, int64* ints) {
    int64 paired = ints[ints[RULE] + IS_ANTITHETIC];
    for (int64 i = 0LL; i < L; ++i) {
        int64 scenario = ids[first + i];
        int64 there = scenario | PARTNER_OFFSET;
        own[i] = scenario >> paired;
        partner[i] = there >> paired;
        mirrored[i] = scenario & paired;
    }
}

// Return whether some plan does something at a site: else nobody looks at it.
DEVICE bool is_used(int64 site, int64* ints) {
    return ints[ints[USED_SITES] + site] == 1LL;
}

// Return whether a group of draws comes from the partner.
DEVICE bool is_swapped(int64 group, int64* ints) {
    return ((ints[ints[RULE] + SWAPPED] >> group) & 1LL) == 1LL;
}

// Return ``(2 k + 1) 2^-53``, k from the top 26 bits of two words.
DEVICE double uniform(int64 high, int64 low) {
    int64 k = ((int64)((uint64)(high >> 6LL) << 26LL)) | (low >> 6LL);
    return float_of_bits(ONE_BITS | k) - BELOW_ONE;
}

// Return the natural logarithm of a positive normal number.
DEVICE double log_(double x) {
    int64 shifted = bits_of_float(x) + (ONE_BITS - ROOT_HALF_BITS);
    int64 exponent = (shifted & EXPONENT_MASK) >> 52LL;
    double k = float_of_bits(exponent | TWO_52_BITS) - (TWO_52 + 1023.0);
    double f = float_of_bits((shifted & FRACTION_MASK) + ROOT_HALF_BITS) - 1.0;
    double s = f / (2.0 + f);
    double z = s * s;
    double z2 = z * z;
    double high = fma_(z2, LOG_6, fma_(z, LOG_5, LOG_4));
    double p = fma_(z2, fma_(z2, high, fma_(z, LOG_3, LOG_2)), fma_(z, LOG_1, LOG_0));
    double half_square = (0.5 * f) * f;
    double rest = fma_(s, fma_(z, p, half_square), k * LN_2_SHORT_REST);
    return fma_(k, LN_2_SHORT, f - (half_square - rest));
}

// Write an exponential number with mean 1 per lane into row ``row`` of w.
DEVICE void exponential(int64* u, double* w, int64 row, int64* mirrored) {
    int64 start = row * L;
    for (int64 i = 0LL; i < L; ++i) {
        double x = uniform(u[i], u[L + i]);
        x = (mirrored[i] == 0LL) ? x : (1.0 - x);
        w[start + i] = -log_(x);
    }
}

// Return the upper 32 of 64 bits.
DEVICE int64 upper_word(int64 product) {
    return (product >> 32LL) & MASK_32;
}

// Write the four words of Philox 4x32-10 of each lane into rows 0 to 3 of u.
DEVICE void random_words(int64* u, int64 seed_low, int64 seed_high, int64* counters, int64 month, int64 stream) {
    for (int64 i = 0LL; i < L; ++i) {
        int64 c0 = counters[i] & MASK_32;
        int64 c1 = upper_word(counters[i]);
        int64 c2 = month;
        int64 c3 = stream;
        for (int64 k = 0LL; k < ROUNDS; ++k) {
            int64 product_0 = multiply_words(c0, MULTIPLIER_0);
            int64 product_1 = multiply_words(c2, MULTIPLIER_1);
            int64 key_low = (seed_low + (k * WEYL_0)) & MASK_32;
            int64 key_high = (seed_high + (k * WEYL_1)) & MASK_32;
            c0 = (upper_word(product_1) ^ c1) ^ key_low;
            c2 = (upper_word(product_0) ^ c3) ^ key_high;
            c1 = product_1 & MASK_32;
            c3 = product_0 & MASK_32;
        }
        u[i] = c0;
        u[L + i] = c1;
        u[(2LL * L) + i] = c2;
        u[(3LL * L) + i] = c3;
    }
}

// Return sin(2 pi r) for |r| <= 1/8.
DEVICE double _sine_of_part(double r) {
    double z = r * r;
    double p = fma_(z, SIN_6, SIN_5);
    p = fma_(z, p, SIN_4);
    p = fma_(z, p, SIN_3);
    p = fma_(z, p, SIN_2);
    p = fma_(z, p, SIN_1);
    return fma_(r, TAU, r * fma_(z, p, TAU_REST));
}

// Return cos(2 pi r) for |r| <= 1/8.
DEVICE double _cosine_of_part(double r) {
    double z = r * r;
    double p = fma_(z, COS_6, COS_5);
    p = fma_(z, p, COS_4);
    p = fma_(z, p, COS_3);
    p = fma_(z, p, COS_2);
    p = fma_(z, p, COS_1);
    return fma_(z, fma_(z, p, -COS_0), 1.0);
}

// Return sin(2 pi (r + quarter / 4)) for |r| <= 1/8.
DEVICE double _of_quarter(double r, int64 quarter) {
    double s = _sine_of_part(r);
    double c = _cosine_of_part(r);
    double chosen = ((quarter & 1LL) == 0LL) ? s : c;
    return float_of_bits(bits_of_float(chosen) ^ ((int64)((uint64)(quarter & 2LL) << 62LL)));
}

// Return cos(2 pi v) for v of 0 to 1: the argument counts whole turns.
DEVICE double cosine_of_turn(double v) {
    double shifted = fma_(v, 4.0, ROUNDER);
    double r = fma_(shifted - ROUNDER, -0.25, v);
    return _of_quarter(r, bits_of_float(shifted) + 1LL);
}

// Return sin(2 pi v) for v of 0 to 1: the argument counts whole turns.
DEVICE double sine_of_turn(double v) {
    double shifted = fma_(v, 4.0, ROUNDER);
    double r = fma_(shifted - ROUNDER, -0.25, v);
    return _of_quarter(r, bits_of_float(shifted));
}

// Write two standard normals per lane into rows ``row`` and ``row + 1`` of w.
DEVICE void normal_pair(int64* u, double* w, int64 row, int64 seed_low, int64 seed_high, int64* counters, int64 month, int64 stream) {
    random_words(u, seed_low, seed_high, counters, month, stream);
    int64 first = row * L;
    int64 second = first + L;
    for (int64 i = 0LL; i < L; ++i) {
        double radius = sqrt_((-2.0) * log_(uniform(u[i], u[L + i])));
        double turn = uniform(u[(2LL * L) + i], u[(3LL * L) + i]);
        w[first + i] = radius * cosine_of_turn(turn);
        w[second + i] = radius * sine_of_turn(turn);
    }
}

// Draw capex overrun and delay of a site: of a mirrored delay, another draw.
DEVICE void draw_build(int64* u, double* w, double* s, int64 site, int64* own, int64* partner, int64* mirrored, int64* ints) {
    int64 r = ints[RULE];
    int64 low = ints[r + SEED_LOW];
    int64 high = ints[r + SEED_HIGH];
    int64 stream = SITE_BUILD_STREAM + site;
    bool swapped = is_swapped(SWAPS_BUILD, ints);
    int64 b = (site * S_ROWS) * L;
    if (swapped) {
        normal_pair(u, w, RUNNING_BTC, low, high, partner, 0LL, stream);
    } else {
        normal_pair(u, w, RUNNING_BTC, low, high, own, 0LL, stream);
    }
    for (int64 i = 0LL; i < L; ++i) {
        s[(b + (OWN_DRAW * L)) + i] = w[(RUNNING_BTC * L) + i];
        s[(b + (SPARE_DRAW * L)) + i] = w[(RUNNING_ENERGY * L) + i];
    }
    if (ints[r + IS_ANTITHETIC] == 1LL) {
        if (swapped) {
            normal_pair(u, w, KIND_BTC, low, high, partner, 1LL, stream);
        } else {
            normal_pair(u, w, KIND_BTC, low, high, own, 1LL, stream);
        }
        for (int64 i = 0LL; i < L; ++i) {
            double cost = s[(b + (OWN_DRAW * L)) + i];
            double late = s[(b + (SPARE_DRAW * L)) + i];
            double other = w[((KIND_BTC + 1LL) * L) + i];
            s[(b + (OWN_DRAW * L)) + i] = (mirrored[i] == 1LL) ? (-cost) : cost;
            s[(b + (SPARE_DRAW * L)) + i] = (mirrored[i] == 1LL) ? other : late;
        }
    }
}

// Draw what a future has once: build cost and delay by site, clients' fates.
DEVICE void draw_once(int64* u, double* w, double* s, double* f, int64* own, int64* partner, int64* mirrored, int64* ints) {
    int64 r = ints[RULE];
    for (int64 i = 0LL; i < L; ++i) {
        w[(LOG_RATIO * L) + i] = 0.0;
    }
    for (int64 row = Z, row_end = Z + N_FACTORS; row < row_end; ++row) {
        for (int64 i = 0LL; i < L; ++i) {
            w[(row * L) + i] = 0.0;
        }
    }
    if (ints[r + IS_DRAWN] == 1LL) {
        for (int64 site = 0LL, site_end = ints[N_SITES]; site < site_end; ++site) {
            if (is_used(site, ints)) {
                draw_build(u, w, s, site, own, partner, mirrored, ints);
            }
        }
        for (int64 k = 0LL, k_end = ints[N_FATES]; k < k_end; ++k) {
            int64 stream = ints[ints[FATES] + k];
            int64 low = ints[r + SEED_LOW];
            int64 high = ints[r + SEED_HIGH];
            if (is_swapped(SWAPS_FATES, ints)) {
                random_words(u, low, high, partner, 0LL, stream);
            } else {
                random_words(u, low, high, own, 0LL, stream);
            }
            exponential(u, f, k, mirrored);
        }
    } else {
        for (int64 site = 0LL, site_end = ints[N_SITES]; site < site_end; ++site) {
            int64 b = (site * S_ROWS) * L;
            for (int64 i = 0LL; i < L; ++i) {
                s[(b + (OWN_DRAW * L)) + i] = 0.0;
                s[(b + (SPARE_DRAW * L)) + i] = 0.0;
            }
        }
        for (int64 k = 0LL, k_end = ints[N_FATES]; k < k_end; ++k) {
            for (int64 i = 0LL; i < L; ++i) {
                f[(k * L) + i] = NEVER;
            }
        }
    }
}

// Set the state before the first month; build cost and delay are drawn by then.
DEVICE void open_market(double* w, double* data, int64* ints) {
    int64 m = ints[MARKET];
    double variance = data[m + VARIANCE_OPENING];
    double price = data[m + OPENING_PRICE];
    double fee = data[m + FEE_OPENING];
    double log_network = data[m + LOG_NETWORK];
    double network = data[m + OPENING_NETWORK];
    double difficulty = data[m + OPENING_DIFFICULTY];
    double height = data[m + OPENING_HEIGHT];
    double adapted = data[m + ADAPTED_OPENING];
    double reward = data[m + REWARD_OPENING];
    for (int64 i = 0LL; i < L; ++i) {
        w[(VARIANCE * L) + i] = variance;
        w[(LOG_TOTAL * L) + i] = 0.0;
        w[(RAW_PRICE * L) + i] = price;
        w[(PRICE * L) + i] = price;
        w[(FEE_DEVIATION * L) + i] = fee;
        w[(LOG_HASHRATE * L) + i] = log_network;
        w[(NETWORK_BEFORE * L) + i] = network;
        w[(DIFFICULTY_BEFORE * L) + i] = difficulty;
        w[(HEIGHT * L) + i] = height;
        w[(ADAPTED * L) + i] = adapted;
        w[(REWARD_BEFORE * L) + i] = reward;
        w[(RENT_DEVIATION * L) + i] = 0.0;
        w[(USE_DEVIATION * L) + i] = 0.0;
    }
}

// Copy a row of lanes into a column.
DEVICE void write_row(double* out, int64 column, int64 n_rows, int64 first, History of, int64 row) {
    int64 to = (column * n_rows) + first;
    int64 at = row * L;
    for (int64 i = 0LL; i < L; ++i) {
        out[to + i] = of[at + i];
    }
}

// Return the first history row of a plan's series: 0 the company, then projects.
DEVICE int64 series_row(int64 plan, int64 k, int64* ints) {
    return ((plan * (1LL + ints[N_PROJECTS])) + k) * (ints[N_PERIODS] + 1LL);
}

// Return the larger of two numbers; the second if one is NaN.
DEVICE double larger(double a, double b) {
    return (a > b) ? a : b;
}

// Turn a plan's series into increments over plan 0; rounding counts as nothing.
DEVICE void subtract_baseline(double* w, History h, int64 plan, int64* ints) {
    int64 rows = ints[N_PERIODS] + 1LL;
    for (int64 k = 0LL, k_end = 1LL + ints[N_PROJECTS]; k < k_end; ++k) {
        int64 ours = series_row(plan, k, ints);
        int64 theirs = series_row(0LL, k, ints);
        for (int64 i = 0LL; i < L; ++i) {
            w[(PROFIT * L) + i] = 0.0;
        }
        for (int64 row = 0LL, row_end = rows; row < row_end; ++row) {
            int64 a = (ours + row) * L;
            int64 b = (theirs + row) * L;
            for (int64 i = 0LL; i < L; ++i) {
                double size = larger(abs_(h[a + i]), abs_(h[b + i]));
                w[(PROFIT * L) + i] = larger(w[(PROFIT * L) + i], size);
            }
        }
        for (int64 row = 0LL, row_end = rows; row < row_end; ++row) {
            int64 a = (ours + row) * L;
            int64 b = (theirs + row) * L;
            for (int64 i = 0LL; i < L; ++i) {
                double more = h[a + i] - h[b + i];
                bool is_none = abs_(more) <= (SNAP_USD + (SNAP_SHARE * w[(PROFIT * L) + i]));
                h[a + i] = (is_none) ? 0.0 : more;
            }
        }
    }
}

// Leave the present value of a series in TAXED.
DEVICE void present_value(double* w, History h, int64 first, int64 factors, double* data, int64* ints) {
    for (int64 i = 0LL; i < L; ++i) {
        w[(TAXED * L) + i] = 0.0;
    }
    for (int64 row = 0LL, row_end = ints[N_PERIODS] + 1LL; row < row_end; ++row) {
        double factor = data[factors + row];
        int64 at = (first + row) * L;
        for (int64 i = 0LL; i < L; ++i) {
            w[(TAXED * L) + i] = w[(TAXED * L) + i] + (factor * h[at + i]);
        }
    }
}

// Write the first flow of each lane that is not zero, also as the last so far.
DEVICE void _find_first(History flows, int64 first, int64 n_flows, double* work) {
    int64 n_missing = 1LL;
    int64 k = 0LL;
    while ((n_missing > 0LL) && (k < n_flows)) {
        n_missing = 0LL;
        for (int64 i = 0LL; i < L; ++i) {
            double begun = work[(FIRST * L) + i];
            double is_new = (begun == 0.0) ? 1.0 : 0.0;
            begun = fma_(flows[(first + (k * L)) + i], is_new, begun);
            work[(FIRST * L) + i] = begun;
            work[(LAST * L) + i] = begun;
            n_missing = n_missing + ((begun == 0.0) ? 1LL : 0LL);
        }
        k = k + 1LL;
    }
}

// Take in the flows of places k and k + 1.
DEVICE void _describe_two(History flows, int64 first, int64 k, double* work) {
    int64 at = first + (k * L);
    double place = float_of_int(k);
    double later = float_of_int(k + 1LL);
    double square = place * place;
    double later_square = later * later;
    for (int64 i = 0LL; i < L; ++i) {
        double flow = flows[at + i];
        double other = flows[(at + L) + i];
        double size = abs_(flow);
        double more = abs_(other);
        double moment = work[(MOMENT * L) + i];
        double spread = work[(SPREAD * L) + i];
        double second = work[(SECOND_MOMENT * L) + i];
        double wide = work[(SECOND_SPREAD * L) + i];
        work[(TOTAL * L) + i] = (work[(TOTAL * L) + i] + flow) + other;
        work[(SIZE * L) + i] = (work[(SIZE * L) + i] + size) + more;
        work[(MOMENT * L) + i] = fma_(later, other, fma_(place, flow, moment));
        work[(SPREAD * L) + i] = fma_(later, more, fma_(place, size, spread));
        work[(SECOND_MOMENT * L) + i] = fma_(later_square, other, fma_(square, flow, second));
        work[(SECOND_SPREAD * L) + i] = fma_(later_square, more, fma_(square, size, wide));
        double skip = (size < SMALLEST_PLAIN) ? 1.0 : 0.0;
        double next_skip = (more < SMALLEST_PLAIN) ? 1.0 : 0.0;
        work[(TINY * L) + i] = work[(TINY * L) + i] + ((size * skip) + (more * next_skip));
        double last = work[(LAST * L) + i];
        double newer = fma_(last, skip, flow);
        double newest = fma_(newer, next_skip, other);
        int64 change = bits_of_float(newer) ^ bits_of_float(last);
        int64 next_change = bits_of_float(newest) ^ bits_of_float(newer);
        double changes = (change < 0LL) ? 1.0 : 0.0;
        changes = changes + ((next_change < 0LL) ? 1.0 : 0.0);
        work[(CHANGES * L) + i] = work[(CHANGES * L) + i] + changes;
        work[(LAST * L) + i] = newest;
    }
}

// Go once through the flows of each lane, two at a time.
DEVICE void _describe(History flows, int64 first, int64 n_flows, double* work) {
    for (int64 row = 0LL, row_end = SECOND_SPREAD + 1LL; row < row_end; ++row) {
        for (int64 i = 0LL; i < L; ++i) {
            work[(row * L) + i] = 0.0;
        }
    }
    _find_first(flows, first, n_flows, work);
    int64 n_single = n_flows & 1LL;
    if (n_single > 0LL) {
        for (int64 i = 0LL; i < L; ++i) {
            double flow = flows[first + i];
            double size = abs_(flow);
            work[(TOTAL * L) + i] = flow;
            work[(SIZE * L) + i] = size;
            work[(TINY * L) + i] = (size < SMALLEST_PLAIN) ? size : 0.0;
        }
    }
    for (int64 pair = 0LL, pair_end = n_flows >> 1LL; pair < pair_end; ++pair) {
        _describe_two(flows, first, n_single + (2LL * pair), work);
    }
}

// Settle the lanes with at most one sign change.
DEVICE void _count_by_signs(int64 n_flows, double* work) {
    double slack_share = (4.0 + float_of_int(n_flows)) * UNIT_ROUNDOFF;
    for (int64 i = 0LL; i < L; ++i) {
        double total = work[(TOTAL * L) + i];
        double size = work[(SIZE * L) + i];
        double changes = work[(CHANGES * L) + i];
        double last = work[(LAST * L) + i];
        double tiny = work[(TINY * L) + i];
        double slack = slack_share * size;
        double sign = (total > slack) ? 1.0 : 0.0;
        sign = (total < (-slack)) ? (-1.0) : sign;
        double above = ((sign * last) > 0.0) ? 1.0 : 0.0;
        double below = ((sign * last) < 0.0) ? 1.0 : 0.0;
        above = (changes == 0.0) ? 0.0 : above;
        below = (changes == 0.0) ? 0.0 : below;
        double is_open = (sign == 0.0) ? UNKNOWN : 0.0;
        is_open = (changes > 1.0) ? UNKNOWN : is_open;
        is_open = (changes == 0.0) ? 0.0 : is_open;
        is_open = (size < LARGEST_PLAIN) ? is_open : NOT_PLAIN;
        is_open = (tiny > 0.0) ? NOT_PLAIN : is_open;
        work[(ABOVE * L) + i] = (is_open == 0.0) ? above : is_open;
        work[(BELOW * L) + i] = (is_open == 0.0) ? below : is_open;
        work[(SIGN * L) + i] = sign;
    }
}

// Write the least of the bounds that the depths give.
DEVICE void _least_bound(int64 n_flows, double* work) {
    for (int64 i = 0LL; i < L; ++i) {
        double bound = UNKNOWN;
        double at_depth = 0.0;
        double middle = 0.0;
        double beyond = 0.0;
        double hidden = 0.0;
        double lesser = work[(SUMS * L) + i];
        for (int64 depth = 0LL; depth < SUM_DEPTH; ++depth) {
            int64 row = SUMS + (4LL * depth);
            double flow = work[(row * L) + i];
            double marks = work[((row + 2LL) * L) + i];
            double doubt = work[((row + 3LL) * L) + i];
            beyond = beyond + (((flow * lesser) < 0.0) ? 1.0 : 0.0);
            lesser = flow;
            double share = (4.0 + float_of_int((depth + 1LL) * n_flows)) * UNIT_ROUNDOFF;
            double rest = (share * work[((row + 1LL) * L) + i]) - abs_(flow);
            hidden = (rest > hidden) ? rest : hidden;
            double changes = floor_(marks);
            double places = (marks - changes) / PLACE_UNIT;
            double place = (changes > 1.0) ? floor_(0.5 * places) : places;
            place = (changes > 0.0) ? place : (-1.0);
            changes = changes + beyond;
            changes = (doubt > 0.0) ? UNKNOWN : changes;
            changes = (hidden > 0.0) ? UNKNOWN : changes;
            bool is_less = changes < bound;
            at_depth = (is_less) ? float_of_int(depth + 1LL) : at_depth;
            middle = (is_less) ? place : middle;
            bound = (is_less) ? changes : bound;
        }
        work[(BOUND * L) + i] = bound;
        work[(irr_count_DEPTH * L) + i] = at_depth;
        work[(MIDDLE * L) + i] = middle;
    }
}

// Begin the running sums with the flow of place 0.
DEVICE void _add_one(History flows, int64 at, double* work) {
    for (int64 i = 0LL; i < L; ++i) {
        double flow = flows[at + i];
        double size = abs_(flow);
        for (int64 depth = 0LL; depth < SUM_DEPTH; ++depth) {
            int64 row = SUMS + (4LL * depth);
            work[(row * L) + i] = flow;
            work[((row + 1LL) * L) + i] = size;
        }
    }
}

// Add the flows of places k and k + 1 to the running sums of all depths.
DEVICE void _add_two(History flows, int64 at, int64 stride, int64 k, double* work) {
    double mark = 1.0 + (float_of_int(k) * PLACE_UNIT);
    double next_mark = mark + PLACE_UNIT;
    double place = float_of_int(k + 1LL);
    for (int64 i = 0LL; i < L; ++i) {
        double flow = flows[at + i];
        double other = flows[(at + stride) + i];
        double size = abs_(flow);
        double more = abs_(other);
        for (int64 depth = 0LL; depth < SUM_DEPTH; ++depth) {
            int64 row = SUMS + (4LL * depth);
            double step = float_of_int(depth + 1LL) * UNIT_ROUNDOFF;
            double share = (4.0 * UNIT_ROUNDOFF) + (step * place);
            double before = work[(row * L) + i];
            flow = before + flow;
            other = flow + other;
            size = work[((row + 1LL) * L) + i] + size;
            more = size + more;
            double marks = ((flow * before) < 0.0) ? mark : 0.0;
            double next_marks = ((other * flow) < 0.0) ? next_mark : 0.0;
            double doubt = (abs_(flow) < (share * size)) ? 1.0 : 0.0;
            double next_doubt = (abs_(other) < ((share + step) * more)) ? 1.0 : 0.0;
            work[(row * L) + i] = other;
            work[((row + 1LL) * L) + i] = more;
            work[((row + 2LL) * L) + i] = work[((row + 2LL) * L) + i] + (marks + next_marks);
            work[((row + 3LL) * L) + i] = work[((row + 3LL) * L) + i] + (doubt + next_doubt);
        }
    }
}

// Write into `BOUND` a bound on the roots on the side of the first flows read.
DEVICE void _bound_by_sums(History flows, int64 start, int64 stride, int64 n_flows, double* work) {
    for (int64 row = SUMS; row < COUNT_ROWS; ++row) {
        for (int64 i = 0LL; i < L; ++i) {
            work[(row * L) + i] = 0.0;
        }
    }
    int64 n_single = n_flows & 1LL;
    if (n_single > 0LL) {
        _add_one(flows, start, work);
    }
    for (int64 pair = 0LL, pair_end = n_flows >> 1LL; pair < pair_end; ++pair) {
        int64 k = n_single + (2LL * pair);
        _add_two(flows, start + (k * stride), stride, k, work);
    }
    _least_bound(n_flows, work);
}

// Return a number as it is, for storing where it may have come from.
DEVICE double kept(double x) {
    return x + 0.0;
}

// Put the bound in place of a count that is not known.
DEVICE void _take_bound(int64 row, int64 depth_row, double* work) {
    for (int64 i = 0LL; i < L; ++i) {
        double count = work[(row * L) + i];
        double bound = work[(BOUND * L) + i];
        double found = (count == UNKNOWN) ? bound : count;
        work[(row * L) + i] = kept(found);
        work[(depth_row * L) + i] = work[(irr_count_DEPTH * L) + i];
        work[((depth_row + 1LL) * L) + i] = work[(MIDDLE * L) + i];
    }
}

// Write into the rows `SIGN`, `ABOVE` and `BELOW` what is known of each lane.
DEVICE void count_roots(History flows, int64 first, int64 n_flows, double* work) {
    _describe(flows, first, n_flows, work);
    _count_by_signs(n_flows, work);
    int64 n_open = 0LL;
    for (int64 i = 0LL; i < L; ++i) {
        n_open = n_open + ((work[(ABOVE * L) + i] > 1.0) ? 1LL : 0LL);
    }
    if (n_open > 0LL) {
        _bound_by_sums(flows, first, L, n_flows, work);
        _take_bound(ABOVE, ABOVE_DEPTH, work);
        _bound_by_sums(flows, first + ((n_flows - 1LL) * L), -L, n_flows, work);
        _take_bound(BELOW, BELOW_DEPTH, work);
    }
}

// Say that no pair of roots has been looked for.
DEVICE void leave_pairs(double* work) {
    for (int64 i = 0LL; i < L; ++i) {
        work[(FOUND_ABOVE * L) + i] = 0.0;
        work[(FOUND_BELOW * L) + i] = 0.0;
        work[(STATE * L) + i] = SOLVED;
    }
}

// Return the smaller of two numbers; the second if one is NaN.
DEVICE double smaller(double a, double b) {
    return (a < b) ? a : b;
}

// Return e to the power x; 0 below -708, infinity on overflow, NaN of NaN.
DEVICE double exp_(double x) {
    double shifted = fma_(x, INVERSE_LN_2, ROUNDER);
    double k = shifted - ROUNDER;
    double r = fma_(-k, LN_2_REST, fma_(-k, LN_2, x));
    double r2 = r * r;
    double r4 = r2 * r2;
    double high = fma_(r, EXP_9, EXP_8);
    double middle = fma_(r2, fma_(r, EXP_7, EXP_6), fma_(r, EXP_5, EXP_4));
    double low = fma_(r2, fma_(r, EXP_3, EXP_2), fma_(r, EXP_1, EXP_0));
    double p = fma_(r4, fma_(r4, high, middle), low);
    double half_power = float_of_bits((int64)((uint64)(bits_of_float(shifted) + 1022LL) << 52LL));
    p = fma_(r2, p, r) + 1.0;
    double result = (p + p) * half_power;
    result = (x > EXP_LARGEST) ? float_of_bits(0x7FF0000000000000LL) : result;
    return (x < EXP_SMALLEST) ? 0.0 : result;
}

// Set up the lanes to look at; return how many there are.
DEVICE int64 irr_seek__begin(int64 turn, int64 n_flows, double* work) {
    double n = float_of_int(n_flows);
    int64 n_waiting = 0LL;
    for (int64 i = 0LL; i < L; ++i) {
        double above = work[(ABOVE * L) + i];
        double below = work[(BELOW * L) + i];
        double first = work[(FIRST * L) + i];
        double last = work[(LAST * L) + i];
        double size = work[(SIZE * L) + i];
        double found_below = work[(FOUND_BELOW * L) + i];
        double above_depth = work[(ABOVE_DEPTH * L) + i];
        double below_depth = work[(BELOW_DEPTH * L) + i];
        double above_middle = work[(ABOVE_MIDDLE * L) + i];
        double below_middle = work[(BELOW_MIDDLE * L) + i];
        double gain = work[(SIGN * L) + i] * work[(TOTAL * L) + i];
        double state = work[(STATE * L) + i];
        double side = (above == 2.0) ? 1.0 : (-1.0);
        side = (turn == 0LL) ? side : (-1.0);
        double middle = (side > 0.0) ? above_middle : below_middle;
        double depth = (side > 0.0) ? above_depth : below_depth;
        double far = (side > 0.0) ? first : last;
        double high = log_((2.0 * size) / abs_(far));
        double there = (side > 0.0) ? above : below;
        double wanted = (there == 2.0) ? 1.0 : 0.0;
        wanted = (below <= 2.0) ? wanted : 0.0;
        wanted = (above <= 2.0) ? wanted : 0.0;
        wanted = (middle >= 0.0) ? wanted : 0.0;
        wanted = (state == SOLVED) ? wanted : 0.0;
        wanted = (found_below == 0.0) ? wanted : 0.0;
        double start = smaller(FIRST_REACH / n, 0.5 * high);
        double spread = work[(SPREAD * L) + i];
        double moment = work[(SIGN * L) + i] * work[(MOMENT * L) + i];
        double place = spread / size;
        gain = 0.5 * (size + gain);
        work[(SIDE * L) + i] = side;
        work[(irr_seek_DEPTH * L) + i] = depth;
        work[(SHIFT * L) + i] = (side > 0.0) ? middle : (middle - (n - 1.0));
        work[(irr_seek_LOW * L) + i] = 0.0;
        work[(irr_seek_HIGH * L) + i] = high;
        work[(LOW_TILT * L) + i] = 0.0;
        work[(HIGH_TILT * L) + i] = 0.0;
        work[(LOW_GAIN * L) + i] = gain;
        work[(LOW_LEAN * L) + i] = side * ((place * gain) - (0.5 * (spread + moment)));
        work[(LOW_PLACE * L) + i] = side * place;
        work[(HIGH_LOSS * L) + i] = HUGE_;
        work[(U * L) + i] = start;
        work[(X * L) + i] = exp_((-side) * start);
        work[(STATE * L) + i] = (wanted > 0.0) ? WAITING : state;
        n_waiting = n_waiting + ((wanted > 0.0) ? 1LL : 0LL);
    }
    return n_waiting;
}

// Evaluate f and q and their derivatives in x by Horner's rule.
DEVICE void evaluate_both(History flows, int64 first, int64 n_flows, double* work) {
    for (int64 row = F, row_end = Q_SLOPE + 1LL; row < row_end; ++row) {
        for (int64 i = 0LL; i < L; ++i) {
            work[(row * L) + i] = 0.0;
        }
    }
    int64 at = first + (n_flows * L);
    if ((n_flows & 1LL) > 0LL) {
        at = at - L;
        for (int64 i = 0LL; i < L; ++i) {
            double flow = flows[at + i];
            work[(F * L) + i] = flow;
            work[(Q * L) + i] = abs_(flow);
        }
    }
    for (int64 _ = 0LL, __end = n_flows >> 1LL; _ < __end; ++_) {
        at = at - (2LL * L);
        for (int64 i = 0LL; i < L; ++i) {
            double x = work[(X * L) + i];
            double f = work[(F * L) + i];
            double q = work[(Q * L) + i];
            double flow = flows[(at + L) + i];
            double f_slope = fma_(work[(F_SLOPE * L) + i], x, f);
            double q_slope = fma_(work[(Q_SLOPE * L) + i], x, q);
            f = fma_(f, x, flow);
            q = fma_(q, x, abs_(flow));
            flow = flows[at + i];
            work[(F_SLOPE * L) + i] = fma_(f_slope, x, f);
            work[(Q_SLOPE * L) + i] = fma_(q_slope, x, q);
            work[(F * L) + i] = fma_(f, x, flow);
            work[(Q * L) + i] = fma_(q, x, abs_(flow));
        }
    }
}

// Tell on which side of the least value each lane stands, or that f has crossed.
DEVICE void _judge(int64 n_flows, double* work) {
    double n = float_of_int(n_flows);
    for (int64 i = 0LL; i < L; ++i) {
        double u = work[(U * L) + i];
        double x = work[(X * L) + i];
        double f = work[(F * L) + i];
        double f_slope = work[(F_SLOPE * L) + i];
        double q = work[(Q * L) + i];
        double q_slope = work[(Q_SLOPE * L) + i];
        double side = work[(SIDE * L) + i];
        double shift = work[(SHIFT * L) + i];
        double depth = work[(irr_seek_DEPTH * L) + i];
        double low_gain = work[(LOW_GAIN * L) + i];
        double low_lean = work[(LOW_LEAN * L) + i];
        double low_place = work[(LOW_PLACE * L) + i];
        double high_loss = work[(HIGH_LOSS * L) + i];
        double sign = work[(SIGN * L) + i];
        double gain = sign * f;
        double slack = ((8.0 * n) * UNIT_ROUNDOFF) * q;
        double near = exp_(-u);
        double place = (side * (x * f_slope)) / f;
        double tilt = (shift - place) - ((depth * near) / (1.0 - near));
        double doubt = (LEAST_TILT * n) + ((slack / abs_(gain)) * (n + abs_(place)));
        double verdict = (tilt < (-doubt)) ? FALLS : NONE_YET;
        verdict = (tilt > doubt) ? RISES : verdict;
        verdict = (gain > slack) ? verdict : NONE_YET;
        verdict = (gain < (-slack)) ? CROSSED : verdict;
        double inside = (q < LARGEST_SUM) ? 1.0 : 0.0;
        inside = (q > SMALLEST_SUM) ? inside : 0.0;
        verdict = (inside > 0.0) ? verdict : RISES;
        double loss = (inside > 0.0) ? (0.5 * (q - gain)) : HUGE_;
        gain = 0.5 * (q + gain);
        place = (x * q_slope) / q;
        double lean = side * ((place * gain) - ((0.5 * x) * (q_slope + (sign * f_slope))));
        work[(irr_seek_TILT * L) + i] = (inside > 0.0) ? tilt : 0.0;
        work[(VERDICT * L) + i] = verdict;
        work[(LOW_GAIN * L) + i] = kept((verdict == FALLS) ? gain : low_gain);
        work[(LOW_LEAN * L) + i] = kept((verdict == FALLS) ? lean : low_lean);
        work[(LOW_PLACE * L) + i] = kept((verdict == FALLS) ? (side * place) : low_place);
        work[(HIGH_LOSS * L) + i] = kept((verdict == RISES) ? loss : high_loss);
    }
}

// Return 1 if the tangent at the near end is above the chord at the far end.
DEVICE double _keeps_sign(int64 i, double span, double* work) {
    double gain = work[(LOW_GAIN * L) + i];
    double worth = work[(HIGH_LOSS * L) + i];
    double fade = work[(LOW_PLACE * L) + i] * span;
    double tangent = gain + (work[(LOW_LEAN * L) + i] * span);
    double loss = worth * exp_(fade);
    double left = (tangent - loss) - (SAFETY * (gain + loss));
    double keeps = (left > 0.0) ? 1.0 : 0.0;
    keeps = (worth < HUGE_) ? keeps : 0.0;
    return (abs_(fade) < MOST_FADE) ? keeps : 0.0;
}

// Narrow the brackets, settle what is proven; return how many lanes go on.
DEVICE int64 _settle(int64 n_flows, double* work) {
    double n = float_of_int(n_flows);
    int64 n_waiting = 0LL;
    for (int64 i = 0LL; i < L; ++i) {
        double u = work[(U * L) + i];
        double low = work[(irr_seek_LOW * L) + i];
        double high = work[(irr_seek_HIGH * L) + i];
        double low_tilt = work[(LOW_TILT * L) + i];
        double high_tilt = work[(HIGH_TILT * L) + i];
        double tilt = work[(irr_seek_TILT * L) + i];
        double verdict = work[(VERDICT * L) + i];
        double side = work[(SIDE * L) + i];
        double state = work[(STATE * L) + i];
        double above = work[(ABOVE * L) + i];
        double below = work[(BELOW * L) + i];
        double found_above = work[(FOUND_ABOVE * L) + i];
        double found_below = work[(FOUND_BELOW * L) + i];
        low = (verdict == FALLS) ? u : low;
        high = (verdict == RISES) ? u : high;
        low_tilt = (verdict == FALLS) ? tilt : low_tilt;
        high_tilt = (verdict == RISES) ? tilt : high_tilt;
        double span = high - low;
        double next_state = ((span * n) > LEAST_SPAN) ? WAITING : FAILED;
        next_state = (verdict > NONE_YET) ? next_state : FAILED;
        double crossed = (verdict == CROSSED) ? side : 0.0;
        crossed = (state == WAITING) ? crossed : 0.0;
        double clear = side * _keeps_sign(i, span, work);
        clear = ((next_state == WAITING) && (crossed == 0.0)) ? clear : 0.0;
        clear = (state == WAITING) ? clear : 0.0;
        next_state = (clear != 0.0) ? SOLVED : next_state;
        next_state = (crossed != 0.0) ? SOLVED : next_state;
        next_state = (state == WAITING) ? next_state : state;
        work[(irr_seek_LOW * L) + i] = kept(low);
        work[(irr_seek_HIGH * L) + i] = kept(high);
        work[(LOW_TILT * L) + i] = kept(low_tilt);
        work[(HIGH_TILT * L) + i] = kept(high_tilt);
        work[(STATE * L) + i] = kept(next_state);
        work[(FOUND_ABOVE * L) + i] = kept((crossed > 0.0) ? u : found_above);
        work[(FOUND_BELOW * L) + i] = kept((crossed < 0.0) ? u : found_below);
        work[(ABOVE * L) + i] = kept((clear > 0.0) ? 0.0 : above);
        work[(BELOW * L) + i] = kept((clear < 0.0) ? 0.0 : below);
        n_waiting = n_waiting + ((next_state == WAITING) ? 1LL : 0LL);
    }
    return n_waiting;
}

// Say where to evaluate next.
DEVICE void _approach(int64 n_flows, double* work) {
    double n = float_of_int(n_flows);
    for (int64 i = 0LL; i < L; ++i) {
        double low = work[(irr_seek_LOW * L) + i];
        double high = work[(irr_seek_HIGH * L) + i];
        double low_tilt = work[(LOW_TILT * L) + i];
        double high_tilt = work[(HIGH_TILT * L) + i];
        double share = abs_(work[(F * L) + i]) / work[(Q * L) + i];
        double span = high - low;
        double reach = (0.25 * share) / n;
        double fall = sqrt_(abs_(low_tilt));
        double rise = sqrt_(abs_(high_tilt));
        double best = low + ((span * fall) / (fall + rise));
        double beyond_low = (best - (0.5 * (high - best))) - reach;
        double beyond_high = (best + (0.5 * (best - low))) + reach;
        double goal = ((best - low) < (high - best)) ? beyond_high : beyond_low;
        goal = (goal > (low + (0.05 * span))) ? goal : (low + (0.05 * span));
        goal = (goal < (high - (0.05 * span))) ? goal : (high - (0.05 * span));
        double outward = ((3.0 * low) < high) ? (3.0 * low) : (0.5 * (low + high));
        goal = (high_tilt == 0.0) ? outward : goal;
        goal = (low_tilt == 0.0) ? (high / 3.0) : goal;
        work[(U * L) + i] = goal;
        work[(X * L) + i] = exp_((-work[(SIDE * L) + i]) * goal);
    }
}

// Settle the lanes that may have two roots on a side of zero, or on both.
DEVICE void seek_pairs(History flows, int64 first, int64 n_flows, double* work) {
    leave_pairs(work);
    for (int64 turn = 0LL; turn < 2LL; ++turn) {
        int64 n_waiting = irr_seek__begin(turn, n_flows, work);
        for (int64 _ = 0LL; _ < SEEK_STEPS; ++_) {
            if (n_waiting == 0LL) {
                break;
            }
            evaluate_both(flows, first, n_flows, work);
            _judge(n_flows, work);
            n_waiting = _settle(n_flows, work);
            _approach(n_flows, work);
        }
    }
}

// Return 1 if both counts of a lane are proven, else 0.
DEVICE double _is_settled(int64 i, double* work) {
    double above = work[(ABOVE * L) + i];
    double below = work[(BELOW * L) + i];
    double found_above = work[(FOUND_ABOVE * L) + i];
    double found_below = work[(FOUND_BELOW * L) + i];
    double is_above = (found_above > 0.0) ? 1.0 : 0.0;
    is_above = (above <= 1.0) ? 1.0 : is_above;
    double is_below = (found_below > 0.0) ? 1.0 : 0.0;
    is_below = (below <= 1.0) ? 1.0 : is_below;
    return is_above * is_below;
}

// Set the lanes that have a root at a rate of zero, where all sums are known.
DEVICE void irr__begin(double* work) {
    for (int64 i = 0LL; i < L; ++i) {
        double above = work[(ABOVE * L) + i];
        double below = work[(BELOW * L) + i];
        double first = work[(FIRST * L) + i];
        double last = work[(LAST * L) + i];
        double f = work[(TOTAL * L) + i];
        double q = work[(SIZE * L) + i];
        double moment = work[(MOMENT * L) + i];
        double spread = work[(SPREAD * L) + i];
        double second = work[(SECOND_MOMENT * L) + i];
        double wide = work[(SECOND_SPREAD * L) + i];
        double sign = work[(SIGN * L) + i];
        double found_above = work[(FOUND_ABOVE * L) + i];
        double found_below = work[(FOUND_BELOW * L) + i];
        double settled = _is_settled(i, work);
        double has_root = ((above + below) > 0.0) ? settled : 0.0;
        double side = (above > 0.0) ? 1.0 : (-1.0);
        double other_side = (below > 0.0) ? (-1.0) : 1.0;
        side = (sign > 0.0) ? side : other_side;
        double n_there = (side > 0.0) ? above : below;
        double far = (side > 0.0) ? first : last;
        double high = log_((2.0 * q) / abs_(far));
        double found = (side > 0.0) ? found_above : found_below;
        high = (n_there == 2.0) ? found : high;
        work[(U * L) + i] = 0.0;
        work[(X * L) + i] = 1.0;
        work[(F * L) + i] = f;
        work[(F_SLOPE * L) + i] = moment;
        work[(Q * L) + i] = q;
        work[(Q_SLOPE * L) + i] = spread;
        work[(SCALE * L) + i] = q;
        work[(PLACE * L) + i] = 0.0;
        work[(irr_LOW * L) + i] = 0.0;
        work[(irr_HIGH * L) + i] = kept(high);
        work[(MOVE * L) + i] = 0.0;
        work[(SLOPE * L) + i] = 0.0;
        double gain = 1.0 / (q + f);
        double loss = 1.0 / (q - f);
        double gain_place = (spread + moment) * gain;
        double loss_place = (spread - moment) * loss;
        double gain_bend = ((wide + second) * gain) - (gain_place * gain_place);
        double loss_bend = ((wide - second) * loss) - (loss_place * loss_place);
        work[(BEND * L) + i] = gain_bend - loss_bend;
        work[(SIDE * L) + i] = side;
        work[(IS_NEAR * L) + i] = 0.0;
        work[(STATE * L) + i] = (has_root > 0.0) ? WAITING : SOLVED;
    }
}

// Return exp(t) - 1 without loss near zero.
DEVICE double _growth_of(double t) {
    double p = fma_(t, 1.0 / 3628800.0, 1.0 / 362880.0);
    p = fma_(t, p, 1.0 / 40320.0);
    p = fma_(t, p, 1.0 / 5040.0);
    p = fma_(t, p, 1.0 / 720.0);
    p = fma_(t, p, 1.0 / 120.0);
    p = fma_(t, p, 1.0 / 24.0);
    p = fma_(t, p, 1.0 / 6.0);
    p = fma_(t, p, 0.5);
    double near = fma_(t * t, p, t);
    return (abs_(t) < SMALL_T) ? near : (exp_(t) - 1.0);
}

// Write the results of each lane.
DEVICE void _finish(double* work, double* out) {
    for (int64 i = 0LL; i < L; ++i) {
        double above = work[(ABOVE * L) + i];
        double below = work[(BELOW * L) + i];
        double n_roots = above + below;
        double t = work[(SIDE * L) + i] * work[(U * L) + i];
        double rate = _growth_of(t);
        rate = (rate > LOWEST_RATE) ? rate : LOWEST_RATE;
        double settled = _is_settled(i, work);
        settled = (work[(STATE * L) + i] == SOLVED) ? settled : 0.0;
        double status = (n_roots > 1.0) ? SEVERAL : OK;
        double empty = (work[(SIZE * L) + i] == 0.0) ? ALL_ZERO : NONE;
        status = (n_roots == 0.0) ? empty : status;
        status = (settled > 0.0) ? status : UNSETTLED;
        rate = (status >= NONE) ? float_of_bits(NAN_BITS) : rate;
        out[(IRR_RATE * L) + i] = rate;
        out[(IRR_ROOTS * L) + i] = n_roots;
        out[(IRR_STATUS * L) + i] = status;
    }
}

// Write the step toward the root of each lane, what it rests on, and the slope.
DEVICE void _aim(double* work) {
    for (int64 i = 0LL; i < L; ++i) {
        double x = work[(X * L) + i];
        double f = work[(F * L) + i];
        double f_slope = x * work[(F_SLOPE * L) + i];
        double q = work[(Q * L) + i];
        double q_slope = x * work[(Q_SLOPE * L) + i];
        double scale = work[(SCALE * L) + i];
        double place = work[(PLACE * L) + i];
        double move = work[(MOVE * L) + i];
        double slope_before = work[(SLOPE * L) + i];
        double bend = work[(BEND * L) + i];
        double side = work[(SIDE * L) + i];
        double was_near = work[(IS_NEAR * L) + i];
        double fade = (place * side) * move;
        double faded = scale * ((1.0 - fade) + ((0.5 * fade) * fade));
        q = (was_near > 0.0) ? faded : q;
        place = (was_near > 0.0) ? place : (q_slope / q);
        double fall = f_slope - (place * f);
        double share = f / q;
        double curved = 1.0 - (share * share);
        double gain = log_((1.0 + share) / (1.0 - share));
        gain = (was_near > 0.0) ? (2.0 * share) : gain;
        double slope = (2.0 * fall) / q;
        slope = (was_near > 0.0) ? slope : (slope / curved);
        double newton = gain / slope;
        double measured = (side * (slope_before - slope)) / move;
        bend = (move == 0.0) ? bend : measured;
        double y = (newton * bend) / slope;
        y = (y < MOST_BENT) ? y : MOST_BENT;
        y = (y > (-MOST_BENT)) ? y : (-MOST_BENT);
        double stretch = fma_(y, fma_(y, fma_(y, 1.0 / 24.0, 1.0 / 6.0), 0.5), 1.0);
        double close = (abs_(share) < NEAR) ? 1.0 : 0.0;
        close = (q > SMALLEST_SUM) ? close : 0.0;
        close = (q < LARGEST_SUM) ? close : 0.0;
        double away = ((f * work[(SIGN * L) + i]) < 0.0) ? 1.0 : 0.0;
        away = (q > SMALLEST_SUM) ? away : 1.0;
        away = (q < LARGEST_SUM) ? away : 1.0;
        work[(SCALE * L) + i] = q;
        work[(PLACE * L) + i] = kept(place);
        work[(SLOPE * L) + i] = slope;
        work[(STEP * L) + i] = (side * newton) * stretch;
        work[(IS_CLOSE * L) + i] = close;
        work[(IS_AWAY * L) + i] = away;
    }
}

// Move each lane; return bits: 1 if any needs f alone, 2 if any needs q too.
DEVICE int64 _move(int64 n_flows, double* work) {
    double n = float_of_int(n_flows);
    int64 need = 0LL;
    for (int64 i = 0LL; i < L; ++i) {
        double u = work[(U * L) + i];
        double low = work[(irr_LOW * L) + i];
        double high = work[(irr_HIGH * L) + i];
        double move = abs_(work[(MOVE * L) + i]);
        double steep = abs_(work[(SLOPE * L) + i]);
        double step = work[(STEP * L) + i];
        double close = work[(IS_CLOSE * L) + i];
        double away = work[(IS_AWAY * L) + i];
        double state = work[(STATE * L) + i];
        double goal = u + step;
        high = (away > 0.0) ? u : high;
        low = (away > 0.0) ? low : u;
        double middle = 0.5 * (low + high);
        double most = (move > 0.0) ? (0.75 * move) : high;
        double quick = (abs_(step) < most) ? 1.0 : 0.0;
        quick = (goal > low) ? quick : 0.0;
        quick = (goal < high) ? quick : 0.0;
        double width = abs_(step) * n;
        double sure = (move > 0.0) ? (move * n) : 1.0;
        sure = (sure < 1.0) ? sure : 1.0;
        double last = (((width * width) * sure) <= (TOLERANCE * steep)) ? close : 0.0;
        last = ((width * n) <= (0.25 * steep)) ? last : 0.0;
        last = (goal > 0.0) ? last : 0.0;
        goal = ((quick + last) > 0.0) ? goal : middle;
        goal = (goal > low) ? goal : low;
        goal = (goal < high) ? goal : high;
        double near = (quick > 0.0) ? close : 0.0;
        near = ((abs_(goal - u) * n) < 1.0) ? near : 0.0;
        double ended = ((steep * SHARPNESS) > n) ? SOLVED : FAILED;
        double next_state = (middle > low) ? WAITING : FAILED;
        next_state = (middle < high) ? next_state : FAILED;
        next_state = (last > 0.0) ? ended : next_state;
        next_state = (state == WAITING) ? next_state : state;
        goal = (state == WAITING) ? goal : u;
        work[(irr_LOW * L) + i] = kept(low);
        work[(irr_HIGH * L) + i] = kept(high);
        work[(MOVE * L) + i] = goal - u;
        work[(IS_NEAR * L) + i] = near;
        work[(U * L) + i] = kept(goal);
        work[(X * L) + i] = exp_((-work[(SIDE * L) + i]) * goal);
        work[(STATE * L) + i] = kept(next_state);
        int64 wants = (near > 0.0) ? 1LL : 2LL;
        need = need | ((next_state == WAITING) ? wants : 0LL);
    }
    return need;
}

// Evaluate f and its derivative in x, to the same bits as `evaluate_both`.
DEVICE void evaluate_sum(History flows, int64 first, int64 n_flows, double* work) {
    for (int64 i = 0LL; i < L; ++i) {
        work[(F * L) + i] = 0.0;
        work[(F_SLOPE * L) + i] = 0.0;
    }
    int64 at = first + (n_flows * L);
    for (int64 _ = 0LL, __end = n_flows & 3LL; _ < __end; ++_) {
        at = at - L;
        for (int64 i = 0LL; i < L; ++i) {
            double x = work[(X * L) + i];
            double f = work[(F * L) + i];
            work[(F_SLOPE * L) + i] = fma_(work[(F_SLOPE * L) + i], x, f);
            work[(F * L) + i] = fma_(f, x, flows[at + i]);
        }
    }
    for (int64 _ = 0LL, __end = n_flows >> 2LL; _ < __end; ++_) {
        at = at - (4LL * L);
        for (int64 i = 0LL; i < L; ++i) {
            double x = work[(X * L) + i];
            double f = work[(F * L) + i];
            double f_slope = fma_(work[(F_SLOPE * L) + i], x, f);
            f = fma_(f, x, flows[(at + (3LL * L)) + i]);
            f_slope = fma_(f_slope, x, f);
            f = fma_(f, x, flows[(at + (2LL * L)) + i]);
            f_slope = fma_(f_slope, x, f);
            f = fma_(f, x, flows[(at + L) + i]);
            work[(F_SLOPE * L) + i] = fma_(f_slope, x, f);
            work[(F * L) + i] = fma_(f, x, flows[at + i]);
        }
    }
}

// Find the root of each lane that is settled and has one.
DEVICE void _solve(History flows, int64 first, int64 n_flows, double* work, double* out) {
    irr__begin(work);
    for (int64 _ = 0LL; _ < MAX_STEPS; ++_) {
        _aim(work);
        int64 need = _move(n_flows, work);
        if (need == 0LL) {
            break;
        }
        if (need == 1LL) {
            evaluate_sum(flows, first, n_flows, work);
        } else {
            evaluate_both(flows, first, n_flows, work);
        }
    }
    _finish(work, out);
}

// Write rate, number of roots and status of each lane into `out`.
DEVICE void irr_lanes(History flows, int64 first, int64 n_flows, double* work, double* out) {
    count_roots(flows, first, n_flows, work);
    seek_pairs(flows, first, n_flows, work);
    _solve(flows, first, n_flows, work, out);
}

// Leave the month in which the money put in has come back in TERMINAL.
DEVICE void payback(double* w, History h, int64 first, int64* ints) {
    for (int64 i = 0LL; i < L; ++i) {
        w[(CASH_FLOW * L) + i] = 0.0;
        w[(PROFIT * L) + i] = 0.0;
        w[(SITE_FLOW * L) + i] = 0.0;
        w[(TERMINAL * L) + i] = NEVER;
    }
    for (int64 row = 0LL, row_end = ints[N_PERIODS] + 1LL; row < row_end; ++row) {
        double month = float_of_int(row);
        int64 at = (first + row) * L;
        for (int64 i = 0LL; i < L; ++i) {
            double flow = h[at + i];
            double balance = w[(CASH_FLOW * L) + i] + flow;
            double size = w[(PROFIT * L) + i] + abs_(flow);
            double slack = SNAP_USD + (SNAP_SHARE * size);
            double was_out = w[(SITE_FLOW * L) + i];
            double out = (balance < (-slack)) ? 1.0 : was_out;
            double back = (balance >= (-slack)) ? month : NEVER;
            back = (out > 0.0) ? back : NEVER;
            w[(CASH_FLOW * L) + i] = balance;
            w[(PROFIT * L) + i] = size;
            w[(SITE_FLOW * L) + i] = kept(out);
            w[(TERMINAL * L) + i] = kept(smaller(w[(TERMINAL * L) + i], back));
        }
    }
    for (int64 i = 0LL; i < L; ++i) {
        double found = w[(TERMINAL * L) + i];
        double back = (w[(SITE_FLOW * L) + i] > 0.0) ? found : 0.0;
        w[(TERMINAL * L) + i] = kept(back);
    }
}

// Copy a series to where the host can look at it.
DEVICE void write_flows(double* flows, History h, int64 n_rows, int64 first, int64 plan, int64 k, int64* ints) {
    int64 begin = series_row(plan, k, ints);
    for (int64 row = 0LL, row_end = ints[N_PERIODS] + 1LL; row < row_end; ++row) {
        write_row(flows, begin + row, n_rows, first, h, begin + row);
    }
}

// Value one series: NPV, payback, IRR.
DEVICE void finish_series(double* w, History h, double* work, double* answer, double* out, double* flows, int64 n_rows, int64 first, int64 plan, int64 k, int64 column, double* data, int64* ints) {
    int64 row = series_row(plan, k, ints);
    int64 factors = ints[DISCOUNT];
    if (k > 0LL) {
        factors = ints[HURDLE_DISCOUNT] + ((k - 1LL) * (ints[N_PERIODS] + 1LL));
    }
    present_value(w, h, row, factors, data, ints);
    write_row(out, column + SERIES_NPV, n_rows, first, w, TAXED);
    if (k == 0LL) {
        payback(w, h, row, ints);
        write_row(out, column + SERIES_PAYBACK, n_rows, first, w, TERMINAL);
    }
    irr_lanes(h, row * L, ints[N_PERIODS] + 1LL, work, answer);
    write_row(out, column + SERIES_RATE, n_rows, first, answer, IRR_RATE);
    write_row(out, column + SERIES_ROOTS, n_rows, first, answer, IRR_ROOTS);
    write_row(out, column + SERIES_STATUS, n_rows, first, answer, IRR_STATUS);
    if (ints[ints[RULE] + KEEPS_FLOWS] == 1LL) {
        write_flows(flows, h, n_rows, first, plan, k, ints);
    }
}

// Write every column of the lanes.
DEVICE void finish(double* w, double* p, double* c, History h, double* work, double* answer, double* out, double* flows, int64 n_rows, int64 first, double* data, int64* ints) {
    int64 n_series = 1LL + ints[N_PROJECTS];
    int64 per_plan = N_PLAN_COLUMNS + (n_series * SERIES_COLUMNS);
    int64 baseline = ints[HAS_BASELINE];
    for (int64 plan = 0LL, plan_end = ints[N_PLANS]; plan < plan_end; ++plan) {
        for (int64 k = 0LL; k < N_PLAN_COLUMNS; ++k) {
            int64 row = ((plan * P_ROWS) + FIRST_COLUMN) + k;
            write_row(out, (plan * per_plan) + k, n_rows, first, p, row);
        }
        if (plan >= baseline) {
            if (baseline == 1LL) {
                subtract_baseline(w, h, plan, ints);
            }
            for (int64 k = 0LL, k_end = n_series; k < k_end; ++k) {
                if (ints[(ints[PROJECT_WANTED] + (plan * n_series)) + k] == 1LL) {
                    int64 column = ((plan * per_plan) + N_PLAN_COLUMNS) + (k * SERIES_COLUMNS);
                    finish_series(w, h, work, answer, out, flows, n_rows, first, plan, k, column, data, ints);
                }
            }
        }
    }
    int64 column = ints[N_PLANS] * per_plan;
    for (int64 k = 0LL, k_end = ints[N_COVENANTS] * COVER_COLUMNS; k < k_end; ++k) {
        write_row(out, column + k, n_rows, first, c, k);
    }
    column = column + (ints[N_COVENANTS] * COVER_COLUMNS);
    write_row(out, column, n_rows, first, w, LOG_RATIO);
}

// Return where the tables of a plan begin.
DEVICE int64 plan_head(int64 plan, int64* ints) {
    return ints[PLAN_HEADS] + (plan * PLAN_HEAD);
}

// Begin an account without losses.
DEVICE void open_account(double* q, int64 account) {
    int64 b = (account * Q_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        q[(b + (LOSS_BALANCE * L)) + i] = 0.0;
        q[(b + (LOSS_TOTAL * L)) + i] = 0.0;
    }
}

// Set a plan's balances and record before the first month.
DEVICE void open_plan(double* q, double* p, double* c, int64 plan, double* data, int64* ints) {
    int64 m = ints[COMPANY];
    double cash = data[m + CASH_OPENING];
    double loan = data[m + LOAN_OPENING];
    double free = data[m + FREE_OPENING];
    double pledged = data[m + PLEDGED_OPENING];
    int64 b = (plan * P_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        p[(b + (CASH * L)) + i] = cash;
        p[(b + (LOAN * L)) + i] = loan;
        p[(b + (FREE * L)) + i] = free;
        p[(b + (PLEDGED * L)) + i] = pledged;
        p[(b + (WAS_CALLED * L)) + i] = 0.0;
        p[(b + (NPV * L)) + i] = cash;
        p[(b + (MIN_CASH * L)) + i] = NEVER;
        p[(b + (FIRST_EQUITY * L)) + i] = NEVER;
        p[(b + (EQUITY * L)) + i] = 0.0;
        p[(b + (MINED * L)) + i] = 0.0;
        p[(b + (FIRST_CALL * L)) + i] = NEVER;
        p[(b + (FIRST_LIQUIDATION * L)) + i] = NEVER;
        p[(b + (CALLED_BTC * L)) + i] = 0.0;
        p[(b + (LIQUIDATED_BTC * L)) + i] = 0.0;
        p[(b + (FORCED_USD * L)) + i] = 0.0;
        p[(b + (PEAK_LTV * L)) + i] = 0.0;
        p[(b + (LEAST_DISTANCE * L)) + i] = NEVER;
    }
    int64 n_sites = ints[N_SITES];
    for (int64 k = 0LL, k_end = n_sites + 1LL; k < k_end; ++k) {
        open_account(q, (plan * (n_sites + 1LL)) + k);
    }
    int64 head = plan_head(plan, ints);
    for (int64 k = 0LL, k_end = ints[head + PLAN_N_COVENANTS]; k < k_end; ++k) {
        int64 row = ints[head + PLAN_COVENANTS] - ints[plan_head(0LL, ints) + PLAN_COVENANTS];
        int64 e = ((floor_quotient(row, COVENANT_LENGTH) + k) * COVER_COLUMNS) * L;
        for (int64 i = 0LL; i < L; ++i) {
            c[(e + (COVER_FIRST * L)) + i] = NEVER;
            c[(e + (COVER_LEAST * L)) + i] = NEVER;
        }
    }
}

// Negate the numbers of a row of w in lanes whose ``mirrored`` is 1, not 0.
DEVICE void mirror(double* w, int64 row, int64* mirrored) {
    int64 start = row * L;
    for (int64 i = 0LL; i < L; ++i) {
        w[start + i] = float_of_bits(bits_of_float(w[start + i]) ^ ((int64)((uint64)mirrored[i] << 63LL)));
    }
}

// Write two normals per lane, negated where mirrored.
DEVICE void pair_of(int64* u, double* w, int64 row, int64* counters, int64* mirrored, int64* ints, int64 month, int64 stream) {
    int64 r = ints[RULE];
    normal_pair(u, w, row, ints[r + SEED_LOW], ints[r + SEED_HIGH], counters, month, stream);
    if (ints[r + IS_ANTITHETIC] == 1LL) {
        mirror(w, row, mirrored);
        mirror(w, row + 1LL, mirrored);
    }
}

// Draw what is each site's own in its power price.
DEVICE void site_powers(int64* u, double* w, double* s, int64* own, int64* partner, int64* mirrored, int64* ints, int64 month) {
    int64 n_sites = ints[N_SITES];
    for (int64 k = 0LL, k_end = floor_quotient(n_sites + 1LL, 2LL); k < k_end; ++k) {
        int64 stream = SITE_POWER_STREAM + k;
        int64 first = 2LL * k;
        int64 second = ((first + 1LL) < n_sites) ? (first + 1LL) : first;
        if ((is_used(first, ints)) || (is_used(second, ints))) {
            if (is_swapped(SWAPS_POWER, ints)) {
                pair_of(u, w, RUNNING_BTC, partner, mirrored, ints, month, stream);
            } else {
                pair_of(u, w, RUNNING_BTC, own, mirrored, ints, month, stream);
            }
        }
        if (is_used(first, ints)) {
            int64 b = (first * S_ROWS) * L;
            for (int64 i = 0LL; i < L; ++i) {
                s[(b + (OWN_DRAW * L)) + i] = w[(RUNNING_BTC * L) + i];
            }
        }
        if ((second > first) && (is_used(second, ints))) {
            int64 b = (second * S_ROWS) * L;
            for (int64 i = 0LL; i < L; ++i) {
                s[(b + (OWN_DRAW * L)) + i] = w[(RUNNING_ENERGY * L) + i];
            }
        }
    }
}

// Return a whole number of 0 to 2^52 - 1 as a float, exactly.
DEVICE double float_of_small(int64 n) {
    return float_of_bits(n | TWO_52_BITS) - TWO_52;
}

// Return ``(word + 1/2) 2^-32``, exactly.
DEVICE double uniform_of_word(int64 word) {
    return (float_of_small(word) + 0.5) * WORD_STEP;
}

// Write the draws inside the month into rows ``row`` and ``row + 1`` of w.
DEVICE void month_low_and_dip(int64* u, double* w, int64 row) {
    int64 first = row * L;
    int64 second = first + L;
    for (int64 i = 0LL; i < L; ++i) {
        w[first + i] = -log_(uniform_of_word(u[i]));
        double radius = sqrt_((-2.0) * log_(uniform_of_word(u[L + i])));
        double turn = uniform_of_word(u[(2LL * L) + i]);
        w[second + i] = radius * cosine_of_turn(turn);
    }
}

// Mirror the words behind `month_low_and_dip` in lanes whose ``mirrored`` is 1.
DEVICE void mirror_words(int64* u, int64* mirrored) {
    for (int64 i = 0LL; i < L; ++i) {
        int64 flip = mirrored[i] * MASK_32;
        u[i] = u[i] ^ flip;
        u[L + i] = u[L + i] ^ flip;
        u[(2LL * L) + i] = (u[(2LL * L) + i] + (mirrored[i] * QUARTER_TURN)) & MASK_32;
    }
}

// Draw the month's low and the dip after a call.
DEVICE void within_month(int64* u, double* w, int64* own, int64* partner, int64* mirrored, int64* ints, int64 month) {
    int64 r = ints[RULE];
    int64 low = ints[r + SEED_LOW];
    int64 high = ints[r + SEED_HIGH];
    if (is_swapped(SWAPS_WITHIN, ints)) {
        random_words(u, low, high, partner, month, WITHIN_MONTH_STREAM);
    } else {
        random_words(u, low, high, own, month, WITHIN_MONTH_STREAM);
    }
    if (ints[r + IS_ANTITHETIC] == 1LL) {
        mirror_words(u, mirrored);
    }
    month_low_and_dip(u, w, LOW_DRAW);
}

// Take factors 0, 1 and 6 from the host's normals: (n, 3, n_periods).
DEVICE void lead(double* w, double* leading, int64 first, int64* ints, int64 month) {
    int64 n = ints[N_PERIODS];
    for (int64 i = 0LL; i < L; ++i) {
        int64 at = (((first + i) * 3LL) * n) + month;
        w[(Z * L) + i] = leading[at];
        w[((Z + 1LL) * L) + i] = leading[at + n];
        w[((Z + 6LL) * L) + i] = leading[at + (2LL * n)];
    }
}

// Shift the draw of the BTC price where tilted; add up the density ratio.
DEVICE void tilt_price(double* w, int64* ids, int64 first, double* data, int64* ints, int64 month) {
    int64 every = ints[ints[RULE] + PLAIN_EVERY];
    double shift = data[ints[draws_TILT] + month];
    for (int64 i = 0LL; i < L; ++i) {
        double added = ((ids[first + i] & (every - 1LL)) != 0LL) ? shift : 0.0;
        double z = w[(Z * L) + i] + added;
        w[(Z * L) + i] = z;
        w[(LOG_RATIO * L) + i] = w[(LOG_RATIO * L) + i] + (shift * (z - (0.5 * shift)));
    }
}

// Copy a row.
DEVICE void copy_row(double* w, int64 to, int64 of) {
    int64 there = to * L;
    int64 here = of * L;
    for (int64 i = 0LL; i < L; ++i) {
        w[there + i] = w[here + i];
    }
}

// Draw two factors of the market, each from its own source.
DEVICE void factor_pair(int64* u, double* w, int64 pair, int64* own, int64* partner, int64* mirrored, int64* ints, int64 month) {
    int64 row = Z + (2LL * pair);
    bool first = is_swapped(2LL * pair, ints);
    bool second = is_swapped((2LL * pair) + 1LL, ints);
    if (!((first) && (second))) {
        pair_of(u, w, row, own, mirrored, ints, month, pair);
    }
    if ((first) || (second)) {
        pair_of(u, w, RUNNING_BTC, partner, mirrored, ints, month, pair);
        if (first) {
            copy_row(w, row, RUNNING_BTC);
        }
        if (second) {
            copy_row(w, row + 1LL, RUNNING_ENERGY);
        }
    }
}

// Draw everything of a month; nothing at all on the base path.
DEVICE void draw_month(int64* u, double* w, double* s, int64* own, int64* partner, int64* mirrored, int64* ids, double* leading, int64 first, double* data, int64* ints, int64 month) {
    int64 r = ints[RULE];
    if (ints[r + IS_DRAWN] == 1LL) {
        for (int64 pair = 0LL, pair_end = floor_quotient(N_FACTORS, 2LL); pair < pair_end; ++pair) {
            bool is_led = (pair == 0LL) && (ints[r + HAS_LEADING] == 1LL);
            bool is_idle = (pair == GPU_PAIR) && (ints[USES_GPUS] == 0LL);
            if ((!(is_led)) && (!(is_idle))) {
                factor_pair(u, w, pair, own, partner, mirrored, ints, month);
            }
        }
        if (ints[r + HAS_LEADING] == 1LL) {
            lead(w, leading, first, ints, month);
        }
        if (ints[r + IS_TILTED] == 1LL) {
            tilt_price(w, ids, first, data, ints, month);
        }
        site_powers(u, w, s, own, partner, mirrored, ints, month);
        within_month(u, w, own, partner, mirrored, ints, month);
    } else {
        for (int64 row = Z, row_end = Z + N_FACTORS; row < row_end; ++row) {
            for (int64 i = 0LL; i < L; ++i) {
                w[(row * L) + i] = 0.0;
            }
        }
        for (int64 i = 0LL; i < L; ++i) {
            w[(LOW_DRAW * L) + i] = 0.0;
            w[(DIP_DRAW * L) + i] = 0.0;
        }
        for (int64 site = 0LL, site_end = ints[N_SITES]; site < site_end; ++site) {
            int64 b = (site * S_ROWS) * L;
            for (int64 i = 0LL; i < L; ++i) {
                s[(b + (OWN_DRAW * L)) + i] = 0.0;
            }
        }
    }
}

// Turn independent draws into correlated ones, in place, the last factor first.
DEVICE void correlate(double* w, double* data, int64* ints) {
    int64 root = ints[ROOT];
    for (int64 k = 0LL; k < N_FACTORS; ++k) {
        int64 row = (N_FACTORS - 1LL) - k;
        double own = data[(root + (row * N_FACTORS)) + row];
        int64 to = (Z + row) * L;
        if (own != 1.0) {
            for (int64 i = 0LL; i < L; ++i) {
                w[to + i] = own * w[to + i];
            }
        }
        for (int64 column = 0LL, column_end = row; column < column_end; ++column) {
            double part = data[(root + (row * N_FACTORS)) + column];
            if (part != 0.0) {
                int64 of = (Z + column) * L;
                for (int64 i = 0LL; i < L; ++i) {
                    w[to + i] = w[to + i] + (part * w[of + i]);
                }
            }
        }
    }
}

// Move the BTC price, its volatility, the month's low and the dip after a call.
DEVICE void price_month(double* w, double* data, int64* ints, int64 t) {
    int64 m = ints[MARKET];
    int64 by_month = ints[MONTHLY];
    int64 n = ints[N_PERIODS];
    double keep = data[m + VARIANCE_KEEP];
    double step = data[m + VARIANCE_STEP];
    double tail = data[m + TAIL_SPREAD];
    double most = data[m + MOST_VARIANCE];
    double quarter = data[m + QUARTER_VARIANCE];
    double level = data[m + VOLATILITY];
    double opening = data[m + OPENING_PRICE];
    double drift = data[(by_month + (LOG_DRIFT * n)) + t];
    double drifted = drift;
    if (t > 0LL) {
        drifted = drift - data[((by_month + (LOG_DRIFT * n)) + t) - 1LL];
    }
    double cure = data[(by_month + (CURE_SHARE * n)) + t];
    for (int64 i = 0LL; i < L; ++i) {
        double state = (keep * w[(VARIANCE * L) + i]) + (step * w[((Z + LASTING) * L) + i]);
        double deviation = smaller(state + (tail * w[((Z + PASSING) * L) + i]), most);
        double volatility = level * exp_((0.5 * deviation) - quarter);
        double shock = volatility * w[((Z + BTC) * L) + i];
        double total = w[(LOG_TOTAL * L) + i] + shock;
        w[(VARIANCE * L) + i] = state;
        w[(LOG_TOTAL * L) + i] = total;
        w[(LOG_CHANGE * L) + i] = drifted + shock;
        w[(MONTH_VOLATILITY * L) + i] = volatility;
    }
    for (int64 i = 0LL; i < L; ++i) {
        w[(START_PRICE * L) + i] = w[(PRICE * L) + i];
        w[(PRICE * L) + i] = opening * exp_(drift + w[(LOG_TOTAL * L) + i]);
    }
    for (int64 i = 0LL; i < L; ++i) {
        double volatility = w[(MONTH_VOLATILITY * L) + i];
        double change = w[(LOG_CHANGE * L) + i];
        double spread = ((2.0 * volatility) * volatility) * w[(LOW_DRAW * L) + i];
        double fall = 0.5 * (change + sqrt_((change * change) + spread));
        double low = exp_(-fall);
        w[(LOW_FRAC * L) + i] = (spread > 0.0) ? low : 1.0;
        w[(DIP * L) + i] = exp_(((-abs_(w[(DIP_DRAW * L) + i])) * volatility) * cure);
    }
}

// Return 0.5 to the power of a number of halvings, from its bits.
DEVICE double subsidy_share(double era) {
    return float_of_bits(BITS_OF_ONE - ((int64)((uint64)bits_of_float(era + TWO_TO_52) << 52LL)));
}

// Move fees and the hashrate that machines could run.
DEVICE void hashrate_month(double* w, double* data, int64* ints, int64 t) {
    int64 m = ints[MARKET];
    int64 by_month = ints[MONTHLY];
    int64 n = ints[N_PERIODS];
    double fee_share = data[m + FEE_SHARE];
    double fee_keep = data[m + FEE_KEEP];
    double fee_step = data[m + FEE_STEP];
    double growth = data[(by_month + (GROWTH * n)) + t];
    double at_once = data[m + AT_ONCE];
    double slowly = data[m + SLOWLY];
    double up = data[m + SPEED_UP];
    double down = data[m + SPEED_DOWN];
    double step = data[m + NETWORK_STEP];
    for (int64 i = 0LL; i < L; ++i) {
        double deviation = fee_keep * w[(FEE_DEVIATION * L) + i];
        deviation = deviation + (fee_step * w[((Z + FEES) * L) + i]);
        w[(FEE_DEVIATION * L) + i] = deviation;
        w[(FEE * L) + i] = fee_share * exp_(deviation);
    }
    for (int64 i = 0LL; i < L; ++i) {
        double share = subsidy_share(floor_(w[(HEIGHT * L) + i] / HALVING_BLOCKS));
        double satoshi = floor_((FIRST_SUBSIDY_BTC * SATOSHI_PER_BTC) * share);
        double subsidy = satoshi / SATOSHI_PER_BTC;
        double earned = (w[(RAW_PRICE * L) + i] * subsidy) * (1.0 + w[(FEE * L) + i]);
        double reward = log_(earned);
        double gap = reward - w[(ADAPTED * L) + i];
        double moved = ((gap > 0.0) ? up : down) * gap;
        double change = (slowly * moved) + (at_once * (reward - w[(REWARD_BEFORE * L) + i]));
        w[(ADAPTED * L) + i] = w[(ADAPTED * L) + i] + moved;
        w[(REWARD_BEFORE * L) + i] = reward;
        double size = (w[(LOG_HASHRATE * L) + i] + growth) + change;
        w[(LOG_HASHRATE * L) + i] = size + (step * w[((Z + NETWORK) * L) + i]);
    }
}

// Return the subsidies of all blocks below a height, added up [BTC].
DEVICE double issued_btc(double height) {
    double era = floor_(height / HALVING_BLOCKS);
    double share = subsidy_share(era);
    double whole = ((2.0 * HALVING_BLOCKS) * FIRST_SUBSIDY_BTC) * (1.0 - share);
    return whole + (((height - (era * HALVING_BLOCKS)) * FIRST_SUBSIDY_BTC) * share);
}

// Move running hashrate, difficulty and height; leave output per EH/s behind.
DEVICE void difficulty_month(double* w, double* data, int64* ints, int64 t) {
    int64 m = ints[MARKET];
    int64 by_month = ints[MONTHLY];
    int64 n = ints[N_PERIODS];
    double limit = data[(by_month + (BREAK_EVEN * n)) + t];
    double weight = data[(by_month + (LAG_WEIGHT * n)) + t];
    double most = data[(by_month + (RETARGET * n)) + t];
    double hashes = data[(by_month + (HASHES * n)) + t];
    double per_eh = data[m + DIFFICULTY_PER_EH];
    for (int64 i = 0LL; i < L; ++i) {
        double running = smaller(w[(LOG_HASHRATE * L) + i], w[(REWARD_BEFORE * L) + i] + limit);
        double now = exp_(running);
        double wanted = per_eh * (((1.0 - weight) * now) + (weight * w[(NETWORK_BEFORE * L) + i]));
        double before = w[(DIFFICULTY_BEFORE * L) + i];
        double difficulty = smaller(larger(wanted, before / most), before * most);
        double per_hash = 1.0 / (difficulty * HASHES_PER_DIFFICULTY);
        double blocks = (now * hashes) * per_hash;
        double height = w[(HEIGHT * L) + i];
        double subsidy = (issued_btc(height + blocks) - issued_btc(height)) / blocks;
        double reward = subsidy * (1.0 + w[(FEE * L) + i]);
        w[(NETWORK_BEFORE * L) + i] = now;
        w[(DIFFICULTY_BEFORE * L) + i] = difficulty;
        w[(HEIGHT * L) + i] = height + blocks;
        w[(BTC_PER_EH * L) + i] = (hashes * per_hash) * reward;
        w[(HASHPRICE * L) + i] = (PH_DAY_HASHES * per_hash) * reward;
    }
}

// Apply the multipliers of a grid to price and network; keep the price unscaled.
DEVICE void scale_month(double* w, double* data, int64* ints) {
    double fee_share = data[ints[MARKET] + FEE_SHARE];
    for (int64 i = 0LL; i < L; ++i) {
        double price = w[(PRICE * L) + i];
        w[(RAW_PRICE * L) + i] = price;
        double scaled = price * w[(SCALE_PRICE * L) + i];
        double reward = (1.0 + (w[(SCALE_FEES * L) + i] * fee_share)) / (1.0 + fee_share);
        double rarer = reward / w[(SCALE_NETWORK * L) + i];
        double output = w[(BTC_PER_EH * L) + i] * rarer;
        w[(PRICE * L) + i] = scaled;
        w[(BTC_PER_EH * L) + i] = output;
        w[(HASHPRICE * L) + i] = (w[(HASHPRICE * L) + i] * rarer) * scaled;
        w[(VALUE_PER_EH * L) + i] = output * scaled;
        w[(LOW_USD * L) + i] = scaled * w[(LOW_FRAC * L) + i];
    }
}

// Move fees and network; leave output, hash price and the month's low behind.
DEVICE void network_month(double* w, double* data, int64* ints, int64 t) {
    hashrate_month(w, data, ints, t);
    difficulty_month(w, data, ints, t);
    scale_month(w, data, ints);
}

// Move the rent of GPUs against its trend, and the use of them.
DEVICE void gpu_month(double* w, double* data, int64* ints) {
    int64 m = ints[MARKET];
    double rent_keep = data[m + RENT_KEEP];
    double rent_step = data[m + RENT_STEP];
    double use_keep = data[m + USE_KEEP];
    double use_step = data[m + USE_STEP];
    for (int64 i = 0LL; i < L; ++i) {
        double rent = rent_keep * w[(RENT_DEVIATION * L) + i];
        rent = rent + (rent_step * w[((Z + GPU_RENT) * L) + i]);
        double used = use_keep * w[(USE_DEVIATION * L) + i];
        used = used + (use_step * w[((Z + GPU_USE) * L) + i]);
        w[(RENT_DEVIATION * L) + i] = rent;
        w[(USE_DEVIATION * L) + i] = used;
        w[(RENT * L) + i] = exp_(rent) * w[(SCALE_RENT * L) + i];
        w[(USE * L) + i] = exp_(used);
    }
}

// Move one site's power price over its base path.
DEVICE void power_month(double* w, double* s, int64 site, double* data, int64* ints) {
    int64 m = ints[MARKET];
    double keep = data[m + POWER_KEEP];
    double step = data[m + POWER_STEP];
    double common = data[m + POWER_COMMON];
    double own = data[m + POWER_OWN];
    int64 b = (site * S_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        double shock = (common * w[((Z + COMMON_POWER) * L) + i]) + (own * s[(b + (OWN_DRAW * L)) + i]);
        double deviation = (keep * s[(b + (POWER_DEVIATION * L)) + i]) + (step * shock);
        s[(b + (POWER_DEVIATION * L)) + i] = deviation;
        s[(b + (POWER * L)) + i] = exp_(deviation) * w[(SCALE_POWER * L) + i];
    }
}

// Move the whole market on by a month.
DEVICE void market_month(double* w, double* s, double* data, int64* ints, int64 t) {
    correlate(w, data, ints);
    price_month(w, data, ints, t);
    network_month(w, data, ints, t);
    if (ints[USES_GPUS] == 1LL) {
        gpu_month(w, data, ints);
    }
    for (int64 site = 0LL, site_end = ints[N_SITES]; site < site_end; ++site) {
        if (is_used(site, ints)) {
            power_month(w, s, site, data, ints);
        }
    }
}

// Turn the draws of build cost and delay into factor and months.
DEVICE void open_site(double* w, double* s, int64 site, double* data, int64* ints) {
    int64 m = ints[MARKET];
    double overrun = data[m + OVERRUN];
    double scale = data[m + DELAY_SCALE];
    int64 b = (site * S_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        double cost = exp_(overrun * s[(b + (OWN_DRAW * L)) + i]) * w[(SCALE_CAPEX * L) + i];
        double late = (scale * abs_(s[(b + (SPARE_DRAW * L)) + i])) + 0.5;
        s[(b + (CAPEX * L)) + i] = cost;
        s[(b + (DELAY * L)) + i] = floor_(late);
        s[(b + (POWER_DEVIATION * L)) + i] = 0.0;
    }
}

// Return where the tables of a plan at a site begin.
DEVICE int64 site_head(int64 plan, int64 site, int64* ints) {
    return ints[SITE_HEADS] + (((plan * ints[N_SITES]) + site) * SITE_HEAD);
}

// Add up output and energy of the machines whose revenue covers their energy.
DEVICE void running_asics(double* w, double* s, int64 group, int64 until, int64 site, double* data) {
    int64 b = (site * S_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        w[(KIND_BTC * L) + i] = 0.0;
        w[(KIND_ENERGY * L) + i] = 0.0;
    }
    for (int64 g = group, g_end = until; g < g_end; ++g) {
        int64 at = g * GROUP_LENGTH;
        double level0 = data[at];
        double level1 = data[at + 1LL];
        double level2 = data[at + 2LL];
        double level3 = data[at + 3LL];
        double hash0 = data[at + GROUP];
        double hash1 = data[(at + GROUP) + 1LL];
        double hash2 = data[(at + GROUP) + 2LL];
        double hash3 = data[(at + GROUP) + 3LL];
        double energy0 = data[at + (2LL * GROUP)];
        double energy1 = data[(at + (2LL * GROUP)) + 1LL];
        double energy2 = data[(at + (2LL * GROUP)) + 2LL];
        double energy3 = data[(at + (2LL * GROUP)) + 3LL];
        for (int64 i = 0LL; i < L; ++i) {
            double worth = w[(VALUE_PER_EH * L) + i];
            double power = s[(b + (POWER * L)) + i];
            double hashes = (worth > (level0 * power)) ? hash0 : 0.0;
            double energy = (worth > (level0 * power)) ? energy0 : 0.0;
            hashes = hashes + ((worth > (level1 * power)) ? hash1 : 0.0);
            energy = energy + ((worth > (level1 * power)) ? energy1 : 0.0);
            hashes = hashes + ((worth > (level2 * power)) ? hash2 : 0.0);
            energy = energy + ((worth > (level2 * power)) ? energy2 : 0.0);
            hashes = hashes + ((worth > (level3 * power)) ? hash3 : 0.0);
            energy = energy + ((worth > (level3 * power)) ? energy3 : 0.0);
            w[(KIND_BTC * L) + i] = w[(KIND_BTC * L) + i] + hashes;
            w[(KIND_ENERGY * L) + i] = w[(KIND_ENERGY * L) + i] + energy;
        }
    }
}

// Look up the share of load of a kind of shell that can run, by each delay.
DEVICE void kind_share(double* w, double* s, int64 head, int64 site, int64 kind, double* data, int64* ints, int64 t) {
    int64 n = ints[N_PERIODS];
    int64 table = (ints[head + SITE_LATE] + (kind * n)) + t;
    int64 b = (site * S_ROWS) * L;
    double longest = float_of_int(n);
    for (int64 i = 0LL; i < L; ++i) {
        int64 late = int_of_float(smaller(s[(b + (DELAY * L)) + i], longest));
        w[(SHARE * L) + i] = data[table + ((late * N_KINDS) * n)];
    }
}

// Let all load run.
DEVICE void full_share(double* w) {
    for (int64 i = 0LL; i < L; ++i) {
        w[(SHARE * L) + i] = 1.0;
    }
}

// Mine: revenue, energy, VAT; CASH_FLOW is what is left without the revenue.
DEVICE void mining_month(double* w, double* s, int64 head, int64 site, double* data, int64* ints, int64 t) {
    int64 n = ints[N_PERIODS];
    int64 starts = ints[head + SITE_ASICS];
    int64 late = ints[head + SITE_LATE];
    for (int64 i = 0LL; i < L; ++i) {
        w[(RUNNING_BTC * L) + i] = 0.0;
        w[(RUNNING_ENERGY * L) + i] = 0.0;
    }
    for (int64 kind = 0LL; kind < N_KINDS; ++kind) {
        int64 first = ints[(starts + (N_KINDS * t)) + kind];
        int64 until = ints[((starts + (N_KINDS * t)) + kind) + 1LL];
        if (until > first) {
            running_asics(w, s, first, until, site, data);
            if (late >= 0LL) {
                kind_share(w, s, head, site, kind, data, ints, t);
            } else {
                full_share(w);
            }
            for (int64 i = 0LL; i < L; ++i) {
                double share = w[(SHARE * L) + i];
                w[(RUNNING_BTC * L) + i] = w[(RUNNING_BTC * L) + i] + (share * w[(KIND_BTC * L) + i]);
                w[(RUNNING_ENERGY * L) + i] = w[(RUNNING_ENERGY * L) + i] + (share * w[(KIND_ENERGY * L) + i]);
            }
        }
    }
    int64 series = ints[head + SITE_SERIES];
    double taxed = data[(series + (FIXED_TAXED * n)) + t];
    double power_cost = data[(series + (POWER_COST * n)) + t];
    double vat = data[ints[head + SITE_SCALARS] + MINING_VAT];
    int64 b = (site * S_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        double btc = w[(RUNNING_BTC * L) + i] * w[(BTC_PER_EH * L) + i];
        double revenue = btc * w[(PRICE * L) + i];
        double power = s[(b + (POWER * L)) + i];
        double cost = (w[(RUNNING_ENERGY * L) + i] + power_cost) * power;
        w[(RUNNING_BTC * L) + i] = btc;
        w[(TAXED * L) + i] = revenue + ((taxed - cost) - (vat * revenue));
    }
}

// Add credits for load, and what late power and shells change.
DEVICE void credit_month(double* w, double* s, int64 head, int64 site, double* data, int64* ints, int64 t) {
    int64 n = ints[N_PERIODS];
    int64 credit = ints[head + SITE_CREDIT];
    int64 late = ints[head + SITE_LATE];
    if (credit >= 0LL) {
        for (int64 kind = 0LL; kind < N_KINDS; ++kind) {
            double usd = data[(credit + (kind * n)) + t];
            if (usd != 0.0) {
                if (late >= 0LL) {
                    kind_share(w, s, head, site, kind, data, ints, t);
                } else {
                    full_share(w);
                }
                for (int64 i = 0LL; i < L; ++i) {
                    w[(TAXED * L) + i] = w[(TAXED * L) + i] + (usd * w[(SHARE * L) + i]);
                }
            }
        }
    }
    if (late >= 0LL) {
        int64 table = ints[head + SITE_DEMAND] + t;
        int64 b = (site * S_ROWS) * L;
        double longest = float_of_int(n);
        for (int64 i = 0LL; i < L; ++i) {
            int64 months = int_of_float(smaller(s[(b + (DELAY * L)) + i], longest));
            w[(SHARE * L) + i] = data[table + (months * n)];
        }
        for (int64 i = 0LL; i < L; ++i) {
            w[(TAXED * L) + i] = w[(TAXED * L) + i] - w[(SHARE * L) + i];
        }
    }
}

// Add what used ASICs are worth to a row; t = n_periods is the horizon.
DEVICE void used_machines(double* w, int64 row, int64 head, double* data, int64* ints, int64 t) {
    int64 starts = ints[head + SITE_RESALE];
    int64 to = row * L;
    for (int64 k = ints[starts + t], k_end = ints[(starts + t) + 1LL]; k < k_end; ++k) {
        int64 at = k * SALE_LENGTH;
        double new_ = data[at + SALE_NEW];
        double scrap = data[at + SALE_SCRAP];
        double slope = data[at + SALE_SLOPE];
        double energy = data[at + SALE_ENERGY];
        double units = data[at + SALE_UNITS];
        for (int64 i = 0LL; i < L; ++i) {
            double margin = slope * (w[(HASHPRICE * L) + i] - energy);
            w[to + i] = w[to + i] + (units * smaller(new_, larger(scrap, margin)));
        }
    }
}

// Leave the sold share of merchant hours of a GPU family in SHARE.
DEVICE void gpu_use(double* w, int64 gpu, double* data, int64* ints) {
    double base = data[ints[GPU_BASE] + gpu];
    for (int64 i = 0LL; i < L; ++i) {
        double sold = smaller(base * w[(USE * L) + i], 1.0);
        w[(SHARE * L) + i] = smaller(sold * w[(SCALE_USE * L) + i], 1.0);
    }
}

// Add own GPUs on the merchant market, and those sold.
DEVICE void pools_month(double* w, double* s, int64 head, int64 site, double* data, int64* ints, int64 t) {
    int64 n = ints[N_PERIODS];
    int64 late = ints[head + SITE_LATE];
    int64 b = (site * S_ROWS) * L;
    for (int64 k = 0LL, k_end = ints[head + SITE_N_POOLS]; k < k_end; ++k) {
        int64 at = ints[head + SITE_POOLS] + (k * POOL_LENGTH);
        int64 gpu = ints[at + POOL_GPU];
        int64 series = ints[at + POOL_SERIES];
        double trend = data[((ints[GPU_BASE] + ints[N_GPUS]) + (gpu * n)) + t];
        double revenue = data[(series + (POOL_REVENUE * n)) + t] * trend;
        double idle = data[(series + (POOL_IDLE * n)) + t];
        double used = data[(series + (POOL_USED * n)) + t];
        double sale = data[(series + (POOL_SALE * n)) + t] * trend;
        if ((revenue != 0.0) || (idle != 0.0)) {
            gpu_use(w, gpu, data, ints);
            for (int64 i = 0LL; i < L; ++i) {
                double share = w[(SHARE * L) + i];
                double cost = (idle + (used * share)) * s[(b + (POWER * L)) + i];
                w[(KIND_BTC * L) + i] = ((revenue * share) * w[(RENT * L) + i]) - cost;
            }
            if (late >= 0LL) {
                kind_share(w, s, head, site, HPC, data, ints, t);
            } else {
                full_share(w);
            }
            for (int64 i = 0LL; i < L; ++i) {
                w[(TAXED * L) + i] = w[(TAXED * L) + i] + (w[(SHARE * L) + i] * w[(KIND_BTC * L) + i]);
            }
        }
        if (sale != 0.0) {
            for (int64 i = 0LL; i < L; ++i) {
                w[(TAXED * L) + i] = w[(TAXED * L) + i] + (sale * w[(RENT * L) + i]);
            }
        }
    }
}

// Leave what a contract earns in a month, its client paying, in KIND_BTC.
DEVICE void contract_margin(double* w, double* s, int64 at, int64 site, double* data, int64* ints, int64 t) {
    int64 n = ints[N_PERIODS];
    int64 series = ints[at + CONTRACT_SERIES];
    int64 gpu = ints[at + CONTRACT_GPU];
    double fixed = data[(series + (CONTRACT_FIXED * n)) + t];
    double power = data[(series + (CONTRACT_POWER * n)) + t];
    int64 b = (site * S_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        w[(KIND_BTC * L) + i] = fixed + (power * s[(b + (POWER * L)) + i]);
    }
    if (gpu >= 0LL) {
        double trend = data[((ints[GPU_BASE] + ints[N_GPUS]) + (gpu * n)) + t];
        double rent = data[(series + (CONTRACT_RENT * n)) + t] * trend;
        double use = data[(series + (CONTRACT_USE * n)) + t];
        gpu_use(w, gpu, data, ints);
        for (int64 i = 0LL; i < L; ++i) {
            double sold = w[(SHARE * L) + i];
            double earned = (rent * w[(RENT * L) + i]) + (use * s[(b + (POWER * L)) + i]);
            w[(KIND_BTC * L) + i] = w[(KIND_BTC * L) + i] + (sold * earned);
        }
    }
}

// Set to zero what a client no longer pays after so many months of contract.
DEVICE void still_pays(double* w, double* f, int64 at, double* data, int64* ints, int64 months) {
    int64 row = ints[at + CONTRACT_FATE];
    if (row >= 0LL) {
        double mean = data[ints[at + CONTRACT_SCALARS] + CONTRACT_MEAN];
        double ends = float_of_int(months);
        int64 b = row * L;
        for (int64 i = 0LL; i < L; ++i) {
            double due = w[(KIND_BTC * L) + i];
            double paid = (ends <= (f[b + i] * mean)) ? due : 0.0;
            w[(KIND_BTC * L) + i] = kept(paid);
        }
    }
}

// Add contracts with hosting clients and GPU leases.
DEVICE void contracts_month(double* w, double* s, double* f, int64 head, int64 site, double* data, int64* ints, int64 t) {
    int64 n = ints[N_PERIODS];
    int64 late = ints[head + SITE_LATE];
    for (int64 k = 0LL, k_end = ints[head + SITE_N_CONTRACTS]; k < k_end; ++k) {
        int64 at = ints[head + SITE_CONTRACTS] + (k * CONTRACT_LENGTH);
        int64 since = ints[at + CONTRACT_SINCE];
        if ((since <= t) && (t < ints[at + CONTRACT_UNTIL])) {
            contract_margin(w, s, at, site, data, ints, t);
            still_pays(w, f, at, data, ints, (t + 1LL) - since);
            int64 kind = ints[at + CONTRACT_KIND];
            if ((late < 0LL) || (kind == ALWAYS)) {
                full_share(w);
            } else {
                if (kind == POOL_SHARE) {
                    double own = data[(ints[at + CONTRACT_SERIES] + (CONTRACT_OWN * n)) + t];
                    kind_share(w, s, head, site, HPC, data, ints, t);
                    for (int64 i = 0LL; i < L; ++i) {
                        w[(SHARE * L) + i] = 1.0 - (own * (1.0 - w[(SHARE * L) + i]));
                    }
                } else {
                    kind_share(w, s, head, site, kind, data, ints, t);
                }
            }
            for (int64 i = 0LL; i < L; ++i) {
                w[(TAXED * L) + i] = w[(TAXED * L) + i] + (w[(SHARE * L) + i] * w[(KIND_BTC * L) + i]);
            }
        }
    }
}

// Work one month of a site before tax.
DEVICE void site_month(double* w, double* s, double* f, int64 head, int64 site, double* data, int64* ints, int64 t) {
    int64 n = ints[N_PERIODS];
    mining_month(w, s, head, site, data, ints, t);
    credit_month(w, s, head, site, data, ints, t);
    used_machines(w, TAXED, head, data, ints, t);
    pools_month(w, s, head, site, data, ints, t);
    contracts_month(w, s, f, head, site, data, ints, t);
    int64 series = ints[head + SITE_SERIES];
    double untaxed = data[(series + (FIXED_UNTAXED * n)) + t];
    double capex = data[(series + (CAPEX_PAID * n)) + t];
    double write_off = data[(series + (WRITE_OFF * n)) + t];
    double scaled = data[(series + (WRITE_OFF_SCALED * n)) + t];
    int64 b = (site * S_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        double cost = s[(b + (CAPEX * L)) + i];
        w[(AVAILABLE * L) + i] = w[(TAXED * L) + i];
        w[(CASH_FLOW * L) + i] = untaxed - (capex * cost);
        w[(PROFIT * L) + i] = (w[(TAXED * L) + i] - write_off) - (scaled * cost);
    }
}

// Keep no more losses than those of the last months of their life.
DEVICE void expire(double* q, History h, int64 b, int64 losses, int64 life, int64 t) {
    int64 now = (losses + t) * L;
    for (int64 i = 0LL; i < L; ++i) {
        h[now + i] = q[(b + (LOSS_TOTAL * L)) + i];
    }
    if ((t + 1LL) > life) {
        int64 then = ((losses + t) - life) * L;
        for (int64 i = 0LL; i < L; ++i) {
            double recent = q[(b + (LOSS_TOTAL * L)) + i] - h[then + i];
            double balance = q[(b + (LOSS_BALANCE * L)) + i];
            q[(b + (LOSS_BALANCE * L)) + i] = kept(smaller(balance, recent));
        }
    }
}

// Tax the profit in PROFIT; tax and tax withheld go to TAX and WITHHELD.
DEVICE void tax_month(double* w, double* q, History h, int64 account, int64 terms, int64 losses, double* data, int64 t) {
    double rate = data[terms + TAX_RATE];
    double cap = data[terms + LOSS_CAP];
    double withholding = data[terms + WITHHOLDING];
    double share = data[(terms + TAX_SHARES) + t];
    int64 b = (account * Q_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        double profit = w[(PROFIT * L) + i];
        double gain = larger(profit, 0.0);
        double loss = share * (gain - profit);
        double taxable = share * gain;
        double balance = q[(b + (LOSS_BALANCE * L)) + i];
        double use = smaller(balance, cap * taxable);
        double tax = rate * (taxable - use);
        w[(TAX * L) + i] = tax;
        w[(WITHHELD * L) + i] = withholding * ((gain - use) - tax);
        q[(b + (LOSS_BALANCE * L)) + i] = (balance - use) + loss;
        q[(b + (LOSS_TOTAL * L)) + i] = q[(b + (LOSS_TOTAL * L)) + i] + loss;
    }
    if (losses >= 0LL) {
        expire(q, h, b, losses, int_of_float(data[terms + LOSS_LIFE]), t);
    }
}

// Write a site's flow into its series if it is a project.
DEVICE void keep_site_flow(double* w, History h, int64 plan, int64 site, int64* ints, int64 row) {
    for (int64 k = 0LL, k_end = ints[N_PROJECTS]; k < k_end; ++k) {
        if (ints[ints[PROJECT_SITES] + k] == site) {
            int64 at = (series_row(plan, 1LL + k, ints) + row) * L;
            for (int64 i = 0LL; i < L; ++i) {
                h[at + i] = w[(SITE_FLOW * L) + i];
            }
        }
    }
}

// Write the cash available for debt service where a covenant looks at it.
DEVICE void keep_available(double* w, History h, int64 head, int64 site, int64* ints, int64 t) {
    int64 first = ints[plan_head(0LL, ints) + PLAN_COVENANTS];
    for (int64 k = 0LL, k_end = ints[head + PLAN_N_COVENANTS]; k < k_end; ++k) {
        int64 at = ints[head + PLAN_COVENANTS] + (k * COVENANT_LENGTH);
        if (ints[at + COVENANT_SITE] == site) {
            int64 place = floor_quotient(at - first, COVENANT_LENGTH) * ints[N_PERIODS];
            int64 to = ((ints[COVENANT_ROWS] + place) + t) * L;
            for (int64 i = 0LL; i < L; ++i) {
                double kept = (w[(AVAILABLE * L) + i] - w[(TAX * L) + i]) - w[(WITHHELD * L) + i];
                h[to + i] = kept;
            }
        }
    }
}

// Work and tax one site at which the plan does something.
DEVICE void work_site(double* w, double* s, double* f, double* q, double* p, History h, int64 plan, int64 head, int64 tables, int64 site, double* data, int64* ints, int64 t) {
    int64 n_sites = ints[N_SITES];
    int64 b = (plan * P_ROWS) * L;
    site_month(w, s, f, tables, site, data, ints, t);
    double is_group = (site == ints[TAX_SITE]) ? 1.0 : 0.0;
    if (site == ints[TAX_SITE]) {
        for (int64 i = 0LL; i < L; ++i) {
            p[(b + (GROUP_PROFIT * L)) + i] = w[(PROFIT * L) + i];
        }
    }
    int64 account = (plan * (n_sites + 1LL)) + site;
    int64 terms = ints[tables + SITE_TAX];
    int64 losses = ints[tables + SITE_LOSSES];
    tax_month(w, q, h, account, terms, losses, data, t);
    for (int64 i = 0LL; i < L; ++i) {
        double levies = w[(TAX * L) + i] + w[(WITHHELD * L) + i];
        double untaxed = w[(TAXED * L) + i] + w[(CASH_FLOW * L) + i];
        double revenue = w[(RUNNING_BTC * L) + i] * w[(PRICE * L) + i];
        w[(SITE_FLOW * L) + i] = untaxed - levies;
        p[(b + (SITES_FLOW * L)) + i] = p[(b + (SITES_FLOW * L)) + i] + (untaxed - levies);
        double paid = (untaxed - revenue) - ((1.0 - is_group) * levies);
        p[(b + (OPERATING_CASH * L)) + i] = p[(b + (OPERATING_CASH * L)) + i] + paid;
        p[(b + (MINED_MONTH * L)) + i] = p[(b + (MINED_MONTH * L)) + i] + w[(RUNNING_BTC * L) + i];
        p[(b + (ALONE * L)) + i] = p[(b + (ALONE * L)) + i] + (is_group * levies);
    }
    keep_site_flow(w, h, plan, site, ints, t + 1LL);
    keep_available(w, h, head, site, ints, t);
}

// Work and tax every site; what they leave goes to the plan's rows.
DEVICE void sites_month(double* w, double* s, double* f, double* q, double* p, History h, int64 plan, double* data, int64* ints, int64 t) {
    int64 head = plan_head(plan, ints);
    int64 n_sites = ints[N_SITES];
    for (int64 site = 0LL, site_end = n_sites; site < site_end; ++site) {
        int64 tables = site_head(plan, site, ints);
        if (ints[tables + SITE_IS_IDLE] == 0LL) {
            work_site(w, s, f, q, p, h, plan, head, tables, site, data, ints, t);
        } else {
            for (int64 i = 0LL; i < L; ++i) {
                w[(SITE_FLOW * L) + i] = 0.0;
            }
            keep_site_flow(w, h, plan, site, ints, t + 1LL);
        }
    }
}

// Take over cash and output after interest and tax; a loan that matures is paid.
DEVICE void begin_month(double* w, double* p, int64 plan, int64 head, int64* ints, int64 t) {
    int64 b = (plan * P_ROWS) * L;
    double matures = (ints[head + PLAN_MATURITY] == t) ? 1.0 : 0.0;
    for (int64 i = 0LL; i < L; ++i) {
        double loan = p[(b + (LOAN * L)) + i];
        double pledged = p[(b + (PLEDGED * L)) + i];
        double cash = p[(b + (CASH * L)) + i] + (((p[(b + (OPERATING_CASH * L)) + i] - w[(INTEREST * L) + i]) - w[(TAX * L) + i]) - w[(WITHHELD * L) + i]);
        double due = matures * loan;
        double freed = matures * pledged;
        p[(b + (CASH * L)) + i] = cash - due;
        p[(b + (LOAN * L)) + i] = loan - due;
        p[(b + (FREE * L)) + i] = (p[(b + (FREE * L)) + i] + p[(b + (MINED_MONTH * L)) + i]) + freed;
        p[(b + (PLEDGED * L)) + i] = pledged - freed;
        w[(REPAID_USD * L) + i] = due;
        w[(SOLD_USD * L) + i] = 0.0;
        w[(SPENT_USD * L) + i] = 0.0;
        w[(DRAWN_USD * L) + i] = 0.0;
        w[(RAISED_USD * L) + i] = 0.0;
    }
}

// Return what one pledged BTC repays when it leaves the pledge [USD/BTC].
DEVICE double per_btc_usd(double release, double loan, double pledged, double called) {
    double share = loan / larger(pledged, LEAST_PLEDGE_BTC);
    return (called > 0.0) ? smaller(release, share) : release;
}

// Pledge free BTC and draw on it, then release pledged BTC against principal.
DEVICE void pledge_and_release(double* w, double* p, int64 plan, int64 head, double* data, int64* ints, int64 t) {
    int64 n = ints[N_PERIODS];
    int64 series = ints[head + PLAN_SERIES];
    double pledge = data[(series + (PLEDGED_IN * n)) + t];
    double wanted = data[(series + (DRAWN * n)) + t];
    double release = data[(series + (RELEASED * n)) + t];
    if ((pledge > 0.0) || (release > 0.0)) {
        int64 c = ints[COMPANY];
        double initial = data[c + INITIAL_LTV];
        double most = data[c + MOST_DRAWN];
        double per_release = data[ints[head + PLAN_RELEASE]];
        int64 b = (plan * P_ROWS) * L;
        for (int64 i = 0LL; i < L; ++i) {
            double free = p[(b + (FREE * L)) + i];
            double loan = p[(b + (LOAN * L)) + i];
            double more = smaller(pledge, free);
            double pledged = p[(b + (PLEDGED * L)) + i] + more;
            double backed = smaller(initial * w[(PRICE * L) + i], per_release) * more;
            double drawn = smaller(smaller(wanted, backed), larger(most - loan, 0.0));
            loan = loan + drawn;
            double freed = smaller(release, pledged);
            double per_btc = per_btc_usd(per_release, loan, pledged, p[(b + (WAS_CALLED * L)) + i]);
            double repaid = smaller(per_btc * freed, loan);
            p[(b + (FREE * L)) + i] = (free - more) + freed;
            p[(b + (PLEDGED * L)) + i] = pledged - freed;
            p[(b + (LOAN * L)) + i] = loan - repaid;
            p[(b + (CASH * L)) + i] = (p[(b + (CASH * L)) + i] + drawn) - repaid;
            w[(DRAWN_USD * L) + i] = drawn;
            w[(REPAID_USD * L) + i] = w[(REPAID_USD * L) + i] + repaid;
        }
    }
}

// Sell what there is of the BTC that the plan sells, and take in its equity.
DEVICE void sell_as_planned(double* w, double* p, int64 plan, int64 head, double* data, int64* ints, double sell_free, double sell_pledged, double raised) {
    double kept = data[ints[COMPANY] + SALE_KEPT];
    double release = data[ints[head + PLAN_RELEASE]];
    int64 b = (plan * P_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        double fetched = w[(PRICE * L) + i] * kept;
        double free = p[(b + (FREE * L)) + i];
        double loan = p[(b + (LOAN * L)) + i];
        double pledged = p[(b + (PLEDGED * L)) + i];
        double out = smaller(sell_free, free);
        double sold = smaller(sell_pledged, pledged);
        double per_btc = per_btc_usd(release, loan, pledged, p[(b + (WAS_CALLED * L)) + i]);
        double repaid = smaller(per_btc * sold, loan);
        double proceeds = (fetched * out) + (fetched * sold);
        p[(b + (FREE * L)) + i] = free - out;
        p[(b + (PLEDGED * L)) + i] = pledged - sold;
        p[(b + (LOAN * L)) + i] = loan - repaid;
        p[(b + (CASH * L)) + i] = p[(b + (CASH * L)) + i] + ((proceeds - repaid) + raised);
        w[(SOLD_USD * L) + i] = proceeds;
        w[(REPAID_USD * L) + i] = w[(REPAID_USD * L) + i] + repaid;
        w[(RAISED_USD * L) + i] = raised;
    }
}

// Sell free and pledged BTC and raise equity, as the plan says.
DEVICE void sell_and_raise(double* w, double* p, int64 plan, int64 head, double* data, int64* ints, int64 t) {
    int64 n = ints[N_PERIODS];
    int64 series = ints[head + PLAN_SERIES];
    double sell_free = data[(series + (SOLD_FREE * n)) + t];
    double sell_pledged = data[(series + (SOLD_PLEDGED * n)) + t];
    double raised = data[(series + (EQUITY_PLANNED * n)) + t];
    if ((sell_free > 0.0) || (sell_pledged > 0.0) || (raised > 0.0)) {
        sell_as_planned(w, p, plan, head, data, ints, sell_free, sell_pledged, raised);
    }
}

// Buy BTC and repay principal out of cash over the floor, as the plan says.
DEVICE void buy_and_repay(double* w, double* p, int64 plan, int64 head, double* data, int64* ints, int64 t) {
    int64 n = ints[N_PERIODS];
    int64 series = ints[head + PLAN_SERIES];
    double buy = data[(series + (BOUGHT * n)) + t];
    double repay = data[(series + (REPAID * n)) + t];
    if ((buy > 0.0) || (repay > 0.0)) {
        double floor = data[ints[COMPANY] + CASH_FLOOR];
        int64 b = (plan * P_ROWS) * L;
        for (int64 i = 0LL; i < L; ++i) {
            double cash = p[(b + (CASH * L)) + i];
            double loan = p[(b + (LOAN * L)) + i];
            double price = w[(PRICE * L) + i];
            double bought = smaller(buy, larger(cash - floor, 0.0) / price);
            double spent = price * bought;
            cash = cash - spent;
            double repaid = smaller(smaller(repay, loan), larger(cash - floor, 0.0));
            p[(b + (CASH * L)) + i] = cash - repaid;
            p[(b + (FREE * L)) + i] = p[(b + (FREE * L)) + i] + bought;
            p[(b + (LOAN * L)) + i] = loan - repaid;
            w[(SPENT_USD * L) + i] = spent;
            w[(REPAID_USD * L) + i] = w[(REPAID_USD * L) + i] + repaid;
        }
    }
}

// Sell free BTC, then pledged BTC, then raise equity, up to the cash floor.
DEVICE void mend_floor(double* w, double* p, int64 plan, int64 head, double* data, int64* ints) {
    int64 c = ints[COMPANY];
    double floor = data[c + CASH_FLOOR];
    double kept = data[c + SALE_KEPT];
    double release = data[ints[head + PLAN_RELEASE]];
    double least = floor - (ROUNDING * (floor + 1.0));
    int64 b = (plan * P_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        double cash = p[(b + (CASH * L)) + i];
        double free = p[(b + (FREE * L)) + i];
        double loan = p[(b + (LOAN * L)) + i];
        double pledged = p[(b + (PLEDGED * L)) + i];
        double fetched = w[(PRICE * L) + i] * kept;
        double short_ = (cash < least) ? (floor - cash) : 0.0;
        double out = smaller(short_ / fetched, free);
        double proceeds = fetched * out;
        short_ = larger(short_ - proceeds, 0.0);
        double share = loan / larger(pledged, LEAST_PLEDGE_BTC);
        double per_btc = smaller(release, share);
        double gain = larger(fetched - per_btc, 0.0);
        double sold = smaller(short_ / larger(gain, LEAST_PLEDGE_BTC), pledged);
        sold = (gain > 0.0) ? sold : 0.0;
        double repaid = smaller(per_btc * sold, loan);
        double raised = larger(short_ - (gain * sold), 0.0);
        proceeds = proceeds + (fetched * sold);
        p[(b + (CASH * L)) + i] = cash + ((proceeds - repaid) + raised);
        p[(b + (FREE * L)) + i] = free - out;
        p[(b + (PLEDGED * L)) + i] = pledged - sold;
        p[(b + (LOAN * L)) + i] = loan - repaid;
        w[(SOLD_USD * L) + i] = w[(SOLD_USD * L) + i] + proceeds;
        w[(REPAID_USD * L) + i] = w[(REPAID_USD * L) + i] + repaid;
        w[(RAISED_USD * L) + i] = w[(RAISED_USD * L) + i] + raised;
    }
}

// Add the month to the plan's record; the company's flow goes to SITES_FLOW.
DEVICE void close_month(double* w, double* p, int64 plan, int64 head, double* data, int64* ints, int64 t) {
    int64 n = ints[N_PERIODS];
    int64 c = ints[COMPANY];
    double overhead = data[c + OVERHEAD];
    double premium = data[c + EQUITY_PREMIUM];
    double debt = data[(ints[head + PLAN_SERIES] + (DEBT_CASH * n)) + t];
    double month = float_of_int(t);
    int64 b = (plan * P_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        double raised = w[(RAISED_USD * L) + i];
        double counted = (raised > EQUITY_TOLERANCE_USD) ? raised : 0.0;
        double when = (counted > 0.0) ? month : NEVER;
        p[(b + (FIRST_EQUITY * L)) + i] = kept(smaller(p[(b + (FIRST_EQUITY * L)) + i], when));
        p[(b + (EQUITY * L)) + i] = p[(b + (EQUITY * L)) + i] + counted;
        double cash = p[(b + (CASH * L)) + i];
        p[(b + (MIN_CASH * L)) + i] = kept(smaller(p[(b + (MIN_CASH * L)) + i], cash));
        double mined = p[(b + (MINED_MONTH * L)) + i];
        p[(b + (MINED * L)) + i] = p[(b + (MINED * L)) + i] + mined;
        double treasury = w[(SOLD_USD * L) + i] - w[(SPENT_USD * L) + i];
        treasury = treasury - (mined * w[(PRICE * L) + i]);
        double tax = (p[(b + (ALONE * L)) + i] - w[(TAX * L) + i]) - w[(WITHHELD * L) + i];
        double loan = (w[(DRAWN_USD * L) + i] - w[(REPAID_USD * L) + i]) - w[(INTEREST * L) + i];
        double own = ((((overhead + debt) + treasury) + tax) + loan) - (premium * raised);
        p[(b + (SITES_FLOW * L)) + i] = p[(b + (SITES_FLOW * L)) + i] + own;
    }
}

// Note loan to value at the month's low, and how far the price is from a call.
DEVICE void see_level(double* w, double* p, int64 plan, double* data, int64* ints) {
    double call = data[ints[COMPANY] + CALL_LTV];
    int64 b = (plan * P_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        double loan = p[(b + (LOAN * L)) + i];
        double low = w[(LOW_USD * L) + i];
        double value = p[(b + (PLEDGED * L)) + i] * low;
        double share = loan / ((value > 0.0) ? value : 1.0);
        share = (value > 0.0) ? share : MAX_LTV;
        double ltv = (loan > LEAST_LOAN_USD) ? smaller(share, MAX_LTV) : 0.0;
        double distance = low * (1.0 - (ltv / call));
        w[(LTV * L) + i] = ltv;
        w[(DISTANCE * L) + i] = distance;
        p[(b + (PEAK_LTV * L)) + i] = kept(larger(p[(b + (PEAK_LTV * L)) + i], ltv));
        double least = p[(b + (LEAST_DISTANCE * L)) + i];
        p[(b + (LEAST_DISTANCE * L)) + i] = kept(smaller(least, distance));
    }
}

// Return what free BTC leaves of a call that wants some of it, without rounding.
DEVICE double left_short_usd(double short_, double level, double free, double wanted) {
    bool is_met = (level > 0.0) && (wanted <= free);
    double rest = larger(short_ - (level * free), 0.0);
    return (is_met) ? 0.0 : rest;
}

// Return the price at which a loan is called, ``backed`` at a price of 1.
DEVICE double call_price_usd(double loan, double backed) {
    double safe = (backed > 0.0) ? backed : 1.0;
    double bare = (loan > 0.0) ? NEVER : 0.0;
    double price = loan / safe;
    return (backed > 0.0) ? price : bare;
}

// Meet a margin call: cash, free BTC pledged, a sale, or the lender's.
DEVICE void meet_call(double* w, double* p, int64 plan, double* data, int64* ints) {
    int64 c = ints[COMPANY];
    double initial = data[c + INITIAL_LTV];
    double call = data[c + CALL_LTV];
    double liquidation = data[c + LIQUIDATION_LTV];
    double penalty = data[c + PENALTY];
    double selling = data[c + SELLING_COST];
    double floor = data[c + CASH_FLOOR];
    int64 b = (plan * P_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        double loan = p[(b + (LOAN * L)) + i];
        double pledged = p[(b + (PLEDGED * L)) + i];
        double free = p[(b + (FREE * L)) + i];
        double cash = p[(b + (CASH * L)) + i];
        double low = w[(LOW_USD * L) + i];
        double level = initial * low;
        double called_at = larger(((call * low) * pledged) * (1.0 + ROUNDING), LEAST_LOAN_USD);
        double called = (loan > called_at) ? 1.0 : 0.0;
        double short_ = called * larger(loan - (level * pledged), 0.0);
        double paid = smaller(larger(cash - floor, 0.0), short_);
        short_ = short_ - paid;
        double backing = (level > 0.0) ? level : NEVER;
        double more = smaller(free, short_ / backing);
        short_ = left_short_usd(short_, level, free, short_ / backing);
        double held = pledged + more;
        double owed = loan - paid;
        double trigger = call_price_usd(loan, call * pledged);
        double start_usd = w[(START_PRICE * L) + i];
        double price = w[(PRICE * L) + i];
        double from_usd = (w[(LOW_FRAC * L) + i] < 1.0) ? start_usd : price;
        double at_call = smaller(from_usd, trigger);
        double worth = ((liquidation * at_call) * w[(DIP * L) + i]) * held;
        double seized = (owed >= worth) ? called : 0.0;
        seized = (short_ > 0.0) ? seized : 0.0;
        double lost = (seized > 0.0) ? penalty : selling;
        double fetched = low * (1.0 - lost);
        double sold = smaller(short_ / (fetched - level), held);
        double proceeds = fetched * sold;
        double uncovered = larger(owed - proceeds, 0.0);
        double bare = (sold >= held) ? uncovered : 0.0;
        paid = paid + (called * bare);
        p[(b + (LOAN * L)) + i] = (loan - paid) - proceeds;
        p[(b + (CASH * L)) + i] = cash - paid;
        p[(b + (FREE * L)) + i] = free - more;
        p[(b + (PLEDGED * L)) + i] = held - sold;
        w[(CALLED * L) + i] = called;
        w[(LIQUIDATED * L) + i] = seized;
        w[(SOLD_BTC * L) + i] = sold;
        w[(SOLD_USD * L) + i] = w[(SOLD_USD * L) + i] + proceeds;
        w[(REPAID_USD * L) + i] = w[(REPAID_USD * L) + i] + (paid + proceeds);
        p[(b + (FORCED_USD * L)) + i] = p[(b + (FORCED_USD * L)) + i] + proceeds;
    }
}

// Add a month's call to the plan's record.
DEVICE void note_call(double* w, double* p, int64 plan, int64 t) {
    double month = float_of_int(t);
    int64 b = (plan * P_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        double called = w[(CALLED * L) + i];
        double seized = w[(LIQUIDATED * L) + i];
        double sold = w[(SOLD_BTC * L) + i];
        double by_lender = seized * sold;
        p[(b + (WAS_CALLED * L)) + i] = kept(larger(called, p[(b + (WAS_CALLED * L)) + i]));
        p[(b + (LIQUIDATED_BTC * L)) + i] = p[(b + (LIQUIDATED_BTC * L)) + i] + by_lender;
        p[(b + (CALLED_BTC * L)) + i] = p[(b + (CALLED_BTC * L)) + i] + (sold - by_lender);
        double when = (called > 0.0) ? month : NEVER;
        p[(b + (FIRST_CALL * L)) + i] = kept(smaller(p[(b + (FIRST_CALL * L)) + i], when));
        when = (seized > 0.0) ? month : NEVER;
        double first = p[(b + (FIRST_LIQUIDATION * L)) + i];
        p[(b + (FIRST_LIQUIDATION * L)) + i] = kept(smaller(first, when));
    }
}

// Work one month of a plan but for its covenants and the horizon.
DEVICE void plan_month(double* w, double* s, double* f, double* q, double* p, History h, int64 plan, double* data, int64* ints, int64 t) {
    int64 n = ints[N_PERIODS];
    int64 m = ints[COMPANY];
    int64 head = plan_head(plan, ints);
    double overhead = data[m + OVERHEAD];
    double rate = data[m + LOAN_RATE];
    double principal = data[(ints[head + PLAN_SERIES] + (DEBT_CASH * n)) + t];
    double cost = data[(ints[head + PLAN_SERIES] + (DEBT_COST * n)) + t];
    int64 b = (plan * P_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        p[(b + (OPERATING_CASH * L)) + i] = overhead + principal;
        p[(b + (MINED_MONTH * L)) + i] = 0.0;
        p[(b + (SITES_FLOW * L)) + i] = 0.0;
        p[(b + (ALONE * L)) + i] = 0.0;
    }
    sites_month(w, s, f, q, p, h, plan, data, ints, t);
    int64 n_sites = ints[N_SITES];
    int64 terms = ints[site_head(plan, ints[TAX_SITE], ints) + SITE_TAX];
    for (int64 i = 0LL; i < L; ++i) {
        double interest = p[(b + (LOAN * L)) + i] * rate;
        w[(INTEREST * L) + i] = interest;
        w[(PROFIT * L) + i] = ((p[(b + (GROUP_PROFIT * L)) + i] + overhead) - cost) - interest;
    }
    int64 account = (plan * (n_sites + 1LL)) + n_sites;
    tax_month(w, q, h, account, terms, ints[head + PLAN_GROUP_LOSSES], data, t);
    begin_month(w, p, plan, head, ints, t);
    pledge_and_release(w, p, plan, head, data, ints, t);
    sell_and_raise(w, p, plan, head, data, ints, t);
    buy_and_repay(w, p, plan, head, data, ints, t);
    if (ints[head + PLAN_HAS_LOAN] == 1LL) {
        see_level(w, p, plan, data, ints);
        meet_call(w, p, plan, data, ints);
        note_call(w, p, plan, t);
    }
    mend_floor(w, p, plan, head, data, ints);
    close_month(w, p, plan, head, data, ints, t);
}

// Write the company's flow of a month to its series and count it in the NPV.
DEVICE void close_flow(double* p, History h, int64 plan, double* data, int64* ints, int64 t) {
    double factor = data[(ints[DISCOUNT] + t) + 1LL];
    int64 at = ((series_row(plan, 0LL, ints) + t) + 1LL) * L;
    int64 b = (plan * P_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        double flow = p[(b + (SITES_FLOW * L)) + i];
        h[at + i] = flow;
        p[(b + (NPV * L)) + i] = p[(b + (NPV * L)) + i] + (factor * flow);
    }
}

// Write whether lanes are above zero.
DEVICE void write_flags(unsigned char* events, int64 row, int64 n_rows, int64 first, double* of, int64 flag) {
    int64 to = (row * n_rows) + first;
    int64 at = flag * L;
    for (int64 i = 0LL; i < L; ++i) {
        events[to + i] = (of[at + i] > 0.0) ? 1LL : 0LL;
    }
}

// Test the debt service cover of a covenant over the last twelve months.
DEVICE void test_cover(double* w, History h, double* c, int64 k, int64 at, double* data, int64* ints, int64 t) {
    int64 n = ints[N_PERIODS];
    double due = data[ints[at + COVENANT_DUE] + t];
    for (int64 i = 0LL; i < L; ++i) {
        w[(SITE_FLOW * L) + i] = 0.0;
    }
    if (due > 0.0) {
        double least = data[ints[at + COVENANT_LEAST]] * (1.0 - COVER_SLACK);
        double month = float_of_int(t);
        for (int64 i = 0LL; i < L; ++i) {
            w[(CASH_FLOW * L) + i] = 0.0;
        }
        for (int64 back = 0LL, back_end = TEST_FROM + 1LL; back < back_end; ++back) {
            int64 of = ((((ints[COVENANT_ROWS] + (k * n)) + t) - TEST_FROM) + back) * L;
            for (int64 i = 0LL; i < L; ++i) {
                w[(CASH_FLOW * L) + i] = w[(CASH_FLOW * L) + i] + h[of + i];
            }
        }
        int64 e = (k * COVER_COLUMNS) * L;
        for (int64 i = 0LL; i < L; ++i) {
            double cover = w[(CASH_FLOW * L) + i] / due;
            double breached = (cover < least) ? 1.0 : 0.0;
            double when = (breached > 0.0) ? month : NEVER;
            c[(e + (COVER_FIRST * L)) + i] = kept(smaller(c[(e + (COVER_FIRST * L)) + i], when));
            c[(e + (COVER_LEAST * L)) + i] = kept(smaller(c[(e + (COVER_LEAST * L)) + i], cover));
            w[(SITE_FLOW * L) + i] = breached;
        }
    }
}

// Write events and levels of a month, and test the covenants that are due.
DEVICE void note_month(double* w, History h, double* c, double* levels, unsigned char* events, int64 n_rows, int64 first, int64 plan, double* data, int64* ints, int64 t) {
    int64 n = ints[N_PERIODS];
    int64 head = plan_head(plan, ints);
    if (ints[head + PLAN_HAS_LOAN] == 1LL) {
        write_row(levels, ((2LL * plan) * n) + t, n_rows, first, w, LTV);
        write_row(levels, (((2LL * plan) + 1LL) * n) + t, n_rows, first, w, DISTANCE);
        write_flags(events, ((2LL * plan) * n) + t, n_rows, first, w, CALLED);
        write_flags(events, (((2LL * plan) + 1LL) * n) + t, n_rows, first, w, LIQUIDATED);
    }
    if ((t >= TEST_FROM) && (floor_rest(t - TEST_FROM, TEST_STEP) == 0LL)) {
        int64 begin = ints[plan_head(0LL, ints) + PLAN_COVENANTS];
        for (int64 j = 0LL, j_end = ints[head + PLAN_N_COVENANTS]; j < j_end; ++j) {
            int64 at = ints[head + PLAN_COVENANTS] + (j * COVENANT_LENGTH);
            int64 k = floor_quotient(at - begin, COVENANT_LENGTH);
            test_cover(w, h, c, k, at, data, ints, t);
            int64 row = (((2LL * ints[N_PLANS]) + k) * n) + t;
            write_flags(events, row, n_rows, first, w, SITE_FLOW);
        }
    }
}

// Add own GPUs and contracts left at the horizon to TERMINAL.
DEVICE void lines_horizon(double* w, double* s, double* f, int64 head, int64 site, double* data, int64* ints) {
    int64 n = ints[N_PERIODS];
    for (int64 k = 0LL, k_end = ints[head + SITE_N_POOLS]; k < k_end; ++k) {
        int64 at = ints[head + SITE_POOLS] + (k * POOL_LENGTH);
        int64 gpu = ints[at + POOL_GPU];
        double trend = data[(((ints[GPU_BASE] + ints[N_GPUS]) + (gpu * n)) + n) - 1LL];
        double sale = data[ints[at + POOL_TERMINAL]] * trend;
        for (int64 i = 0LL; i < L; ++i) {
            w[(TERMINAL * L) + i] = w[(TERMINAL * L) + i] + (sale * w[(RENT * L) + i]);
        }
    }
    for (int64 k = 0LL, k_end = ints[head + SITE_N_CONTRACTS]; k < k_end; ++k) {
        int64 at = ints[head + SITE_CONTRACTS] + (k * CONTRACT_LENGTH);
        double left = data[ints[at + CONTRACT_SCALARS] + CONTRACT_LEFT];
        if (left != 0.0) {
            contract_margin(w, s, at, site, data, ints, n - 1LL);
            still_pays(w, f, at, data, ints, n - ints[at + CONTRACT_SINCE]);
            for (int64 i = 0LL; i < L; ++i) {
                w[(TERMINAL * L) + i] = w[(TERMINAL * L) + i] + (left * w[(KIND_BTC * L) + i]);
            }
        }
    }
}

// Leave what a site's assets and contracts are worth at the horizon in TERMINAL.
DEVICE void site_horizon(double* w, double* s, double* f, int64 head, int64 site, double* data, int64* ints) {
    int64 n = ints[N_PERIODS];
    double fixed = data[ints[head + SITE_SCALARS] + TERMINAL_FIXED];
    for (int64 i = 0LL; i < L; ++i) {
        w[(TERMINAL * L) + i] = fixed;
    }
    used_machines(w, TERMINAL, head, data, ints, n);
    lines_horizon(w, s, f, head, site, data, ints);
}

// Add what one site is worth at the horizon, less tax put off.
DEVICE void close_site(double* w, double* s, double* f, double* q, double* p, History h, int64 plan, int64 tables, int64 site, double* data, int64* ints) {
    int64 n = ints[N_PERIODS];
    int64 n_sites = ints[N_SITES];
    int64 b = (plan * P_ROWS) * L;
    site_horizon(w, s, f, tables, site, data, ints);
    int64 scalars = ints[tables + SITE_SCALARS];
    double early = data[scalars + EARLY_RELIEF];
    double scaled = data[scalars + EARLY_RELIEF_SCALED];
    double relief = data[ints[tables + SITE_TAX] + RELIEF];
    int64 a = (((plan * (n_sites + 1LL)) + site) * Q_ROWS) * L;
    int64 g = (((plan * (n_sites + 1LL)) + n_sites) * Q_ROWS) * L;
    int64 e = (site * S_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        double owed = early + (scaled * s[(e + (CAPEX * L)) + i]);
        double alone = larger(owed - (relief * q[(a + (LOSS_BALANCE * L)) + i]), 0.0);
        double group = larger(owed - (relief * q[(g + (LOSS_BALANCE * L)) + i]), 0.0);
        w[(SITE_FLOW * L) + i] = w[(TERMINAL * L) + i] - alone;
        w[(CASH_FLOW * L) + i] = alone - group;
    }
    if (site == ints[TAX_SITE]) {
        for (int64 i = 0LL; i < L; ++i) {
            p[(b + (EARLY_LEFT * L)) + i] = w[(CASH_FLOW * L) + i];
        }
    }
    for (int64 i = 0LL; i < L; ++i) {
        p[(b + (SITES_FLOW * L)) + i] = p[(b + (SITES_FLOW * L)) + i] + w[(SITE_FLOW * L) + i];
    }
    for (int64 k = 0LL, k_end = ints[N_PROJECTS]; k < k_end; ++k) {
        if (ints[ints[PROJECT_SITES] + k] == site) {
            int64 at = (series_row(plan, 1LL + k, ints) + n) * L;
            for (int64 i = 0LL; i < L; ++i) {
                h[at + i] = h[at + i] + w[(SITE_FLOW * L) + i];
            }
        }
    }
}

// Add what sites are worth at the horizon, less tax put off, to their last flow.
DEVICE void sites_horizon(double* w, double* s, double* f, double* q, double* p, History h, int64 plan, double* data, int64* ints) {
    for (int64 site = 0LL, site_end = ints[N_SITES]; site < site_end; ++site) {
        int64 tables = site_head(plan, site, ints);
        if (ints[tables + SITE_IS_IDLE] == 0LL) {
            close_site(w, s, f, q, p, h, plan, tables, site, data, ints);
        }
    }
}

// Close a plan: sites, BTC, loan and debt at the horizon.
DEVICE void plan_horizon(double* w, double* s, double* f, double* q, double* p, History h, int64 plan, double* data, int64* ints) {
    sites_horizon(w, s, f, q, p, h, plan, data, ints);
    double kept = data[ints[COMPANY] + SALE_KEPT];
    double debt = data[ints[plan_head(plan, ints) + PLAN_TERMINAL_DEBT]];
    int64 b = (plan * P_ROWS) * L;
    for (int64 i = 0LL; i < L; ++i) {
        double btc = p[(b + (FREE * L)) + i] + p[(b + (PLEDGED * L)) + i];
        double loan = p[(b + (LOAN * L)) + i];
        double worth = (((btc * w[(PRICE * L) + i]) * kept) - loan) - debt;
        p[(b + (SITES_FLOW * L)) + i] = p[(b + (SITES_FLOW * L)) + i] + (worth + p[(b + (EARLY_LEFT * L)) + i]);
        p[(b + (FINAL_BTC * L)) + i] = btc;
        p[(b + (FINAL_LOAN * L)) + i] = (loan > EQUITY_TOLERANCE_USD) ? loan : 0.0;
    }
}

// Score the scenarios ``first`` to ``first + L - 1`` of ``ids``.
DEVICE void score_lanes(double* w, double* s, double* f, double* q, double* p, double* c, History h, int64* u, int64* own, int64* partner, int64* mirrored, double* work, double* answer, int64* ids, double* leading, double* scales, double* out, double* levels, unsigned char* events, double* flows, int64 n_rows, int64 first, double* data, int64* ints) {
    int64 n = ints[N_PERIODS];
    for (int64 k = 0LL; k < N_SCALES; ++k) {
        for (int64 i = 0LL; i < L; ++i) {
            w[((SCALE_PRICE + k) * L) + i] = scales[((k * n_rows) + first) + i];
        }
    }
    open_counters(own, partner, mirrored, ids, first, ints);
    draw_once(u, w, s, f, own, partner, mirrored, ints);
    open_market(w, data, ints);
    for (int64 site = 0LL, site_end = ints[N_SITES]; site < site_end; ++site) {
        if (is_used(site, ints)) {
            open_site(w, s, site, data, ints);
        }
    }
    for (int64 plan = 0LL, plan_end = ints[N_PLANS]; plan < plan_end; ++plan) {
        open_plan(q, p, c, plan, data, ints);
        for (int64 k = 0LL, k_end = floor_quotient(series_row(1LL, 0LL, ints), n + 1LL); k < k_end; ++k) {
            int64 at = series_row(plan, k, ints) * L;
            for (int64 i = 0LL; i < L; ++i) {
                h[at + i] = 0.0;
            }
        }
    }
    for (int64 t = 0LL, t_end = n; t < t_end; ++t) {
        draw_month(u, w, s, own, partner, mirrored, ids, leading, first, data, ints, t);
        market_month(w, s, data, ints, t);
        for (int64 plan = 0LL, plan_end = ints[N_PLANS]; plan < plan_end; ++plan) {
            plan_month(w, s, f, q, p, h, plan, data, ints, t);
            if (t == (n - 1LL)) {
                plan_horizon(w, s, f, q, p, h, plan, data, ints);
            }
            close_flow(p, h, plan, data, ints, t);
            note_month(w, h, c, levels, events, n_rows, first, plan, data, ints, t);
        }
    }
    finish(w, p, c, h, work, answer, out, flows, n_rows, first, data, ints);
}

}  // namespace wattplan
