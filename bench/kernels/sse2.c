/* sse2.c - scalar and packed SSE2 (compiled with -mfpmath=sse). */
#include "kernels.h"

#include <emmintrin.h>
#include <string.h>

static uint32_t fold(double value)
{
    uint32_t halves[2];
    memcpy(halves, &value, sizeof halves);
    return bench_mix(halves[0], halves[1]);
}

#define NBODY_NAME kernel_nbody_sse2
#include "nbody.inc"

/* 48 x 48 doubles, two columns at a time. */
uint32_t kernel_dgemm(unsigned n)
{
    enum { SIDE = 48 };
    static double a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE] __attribute__((aligned(16)));
    uint32_t seed = 29;
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = (int32_t)bench_random(&seed) / 2147483648.0;
            b[i][j] = (int32_t)bench_random(&seed) / 2147483648.0;
            c[i][j] = 0;
        }
    while (n--) {
        for (int i = 0; i < SIDE; i++)
            for (int j = 0; j < SIDE; j += 2) {
                __m128d cells = _mm_setzero_pd();
                for (int k = 0; k < SIDE; k++)
                    cells =
                        _mm_add_pd(cells, _mm_mul_pd(_mm_set1_pd(a[i][k]), _mm_loadu_pd(&b[k][j])));
                _mm_storeu_pd(
                    &c[i][j],
                    _mm_add_pd(_mm_mul_pd(_mm_loadu_pd(&c[i][j]), _mm_set1_pd(0.5)), cells));
            }
        bench_barrier();
    }
    return fold(c[1][2]) ^ fold(c[SIDE - 1][SIDE - 1]);
}

/* y = a*x + y over 4096 floats, packed. */
uint32_t kernel_saxpy(unsigned n)
{
    enum { COUNT = 4096 };
    static float x[COUNT], y[COUNT] __attribute__((aligned(16)));
    uint32_t seed = 31;
    for (int i = 0; i < COUNT; i++)
        x[i] = (int32_t)bench_random(&seed) / 2147483648.0f, y[i] = 0;
    while (n--) {
        __m128 factor = _mm_set1_ps(n & 1 ? 0.75f : -0.5f);
        for (int i = 0; i < COUNT; i += 4)
            _mm_storeu_ps(&y[i],
                          _mm_add_ps(_mm_mul_ps(factor, _mm_loadu_ps(&x[i])), _mm_loadu_ps(&y[i])));
        bench_barrier();
    }
    return fold(y[0] + y[COUNT / 2]) ^ fold(y[COUNT - 1]);
}

/* Sums of absolute differences, the heart of a video encoder: packed integers. */
uint32_t kernel_sad_sse2(unsigned n)
{
    enum { COUNT = 8192 };
    static uint8_t a[COUNT + 16], b[COUNT + 16];
    uint32_t seed = 37, sum = 0;
    for (int i = 0; i < COUNT; i++)
        a[i] = bench_random(&seed), b[i] = bench_random(&seed);
    while (n--) {
        __m128i total = _mm_setzero_si128();
        for (int i = 0; i < COUNT; i += 16) {
            __m128i x = _mm_loadu_si128((const __m128i *)&a[i + (n & 7)]);
            __m128i y = _mm_loadu_si128((const __m128i *)&b[i]);
            total = _mm_add_epi64(total, _mm_sad_epu8(x, y));
            total = _mm_add_epi64(total, _mm_sad_epu8(_mm_max_epu8(x, y), _mm_avg_epu8(x, y)));
        }
        sum = bench_mix(sum, _mm_cvtsi128_si32(total));
        sum ^= _mm_cvtsi128_si32(_mm_srli_si128(total, 8));
        bench_barrier();
    }
    return sum;
}
