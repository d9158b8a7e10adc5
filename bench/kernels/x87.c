/* x87.c - the floating-point stack (compiled with -mfpmath=387). */
#include "kernels.h"

#include <math.h>
#include <string.h>

static uint32_t fold(double value)
{
    uint32_t halves[2];
    memcpy(halves, &value, sizeof halves);
    return bench_mix(halves[0], halves[1]);
}

#define NBODY_NAME kernel_nbody_x87
#include "nbody.inc"

/* 32 x 32 points, at most 64 rounds each. */
uint32_t kernel_mandelbrot_x87(unsigned n)
{
    uint32_t n_inside = 0;
    while (n--)
        for (int row = 0; row < 32; row++)
            for (int column = 0; column < 32; column++) {
                double re = column / 12.0 - 2.0, im = row / 12.0 - 1.3, x = 0, y = 0;
                int i = 0;
                while (i < 64 && x * x + y * y < 4.0) {
                    double next = x * x - y * y + re;
                    y = 2 * x * y + im;
                    x = next;
                    i++;
                }
                n_inside += i;
            }
    return n_inside;
}

/* Long-double products and sums from memory: fld, fmul, fadd of 80-bit and 64-bit operands. */
uint32_t kernel_dot_x87(unsigned n)
{
    enum { COUNT = 1024 };
    static double a[COUNT];
    static float b[COUNT];
    uint32_t seed = 23;
    long double sum = 0;
    for (int i = 0; i < COUNT; i++) {
        a[i] = (int32_t)bench_random(&seed) / 65536.0;
        b[i] = (int32_t)bench_random(&seed) / 65536.0f;
    }
    while (n--) {
        for (int i = 0; i < COUNT; i++)
            sum += (long double)a[i] * b[i];
        sum *= 0.5L;
        bench_barrier();
    }
    return fold((double)sum);
}
