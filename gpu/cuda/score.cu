// SPDX-License-Identifier: Apache-2.0
// Entry points of the kernel on a GPU: one thread per scenario, and threads go on to
// further scenarios until there are none. step.cuh stands before this text.
//
// A study's counts are known when this is compiled: a thread's scratch has exactly the
// rows it needs and lies in local memory, which the hardware keeps side by side for the
// threads of a warp. The history, hundreds of rows, lies in global memory in the same
// order: row r of thread t is history[r * n_threads + t].

#ifndef WATTPLAN_N_SITES
#define WATTPLAN_N_SITES 4
#endif
#ifndef WATTPLAN_N_PLANS
#define WATTPLAN_N_PLANS 2
#endif
#ifndef WATTPLAN_N_FATES
#define WATTPLAN_N_FATES 4
#endif
#ifndef WATTPLAN_N_COVENANTS
#define WATTPLAN_N_COVENANTS 1
#endif
#ifndef WATTPLAN_BLOCK_THREADS
#define WATTPLAN_BLOCK_THREADS 128
#endif
#ifndef WATTPLAN_BLOCKS_PER_SM
#define WATTPLAN_BLOCKS_PER_SM 4
#endif

// A study without any of them still needs an array to name.
#define WATTPLAN_ROWS(count, rows) ((count) > 0 ? (count) * (rows) : 1)

extern "C" __global__
__launch_bounds__(WATTPLAN_BLOCK_THREADS, WATTPLAN_BLOCKS_PER_SM) void score_rows(
    double* __restrict__ history, long long* __restrict__ ids,
    double* __restrict__ leading, double* __restrict__ scales,
    double* __restrict__ out, double* __restrict__ levels,
    unsigned char* __restrict__ events, double* __restrict__ flows, long long n_rows,
    double* __restrict__ data, long long* __restrict__ ints) {
    using namespace wattplan;
    double w[W_ROWS];
    double s[WATTPLAN_ROWS(WATTPLAN_N_SITES, S_ROWS)];
    double f[WATTPLAN_ROWS(WATTPLAN_N_FATES, 1)];
    double q[WATTPLAN_N_PLANS * (WATTPLAN_N_SITES + 1) * Q_ROWS];
    double p[WATTPLAN_N_PLANS * P_ROWS];
    double c[WATTPLAN_ROWS(WATTPLAN_N_COVENANTS, COVER_COLUMNS)];
    double work[IRR_WORK_ROWS], answer[IRR_OUT_ROWS];
    int64 u[WORD_ROWS], own[1], partner[1], mirrored[1];
    const int64 n_threads = (int64)gridDim.x * blockDim.x;
    const int64 thread = (int64)blockIdx.x * blockDim.x + threadIdx.x;
    History h(history + thread, n_threads);
    for (int64 row = thread; row < n_rows; row += n_threads) {
        score_lanes(w, s, f, q, p, c, h, u, own, partner, mirrored, work, answer, ids,
                    leading, scales, out, levels, events, flows, n_rows, row, data,
                    ints);
    }
}
