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
