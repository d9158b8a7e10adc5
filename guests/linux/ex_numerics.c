/* ex_numerics.c - x87, MMX and SSE2 with answers that IEEE 754 and the manual fix exactly.
 *
 * Transcendental x87 instructions differ in the last place between makers, so those are compared
 * with a tolerance; everything else must match to the bit.
 */
#include "exercise.h"

#include <emmintrin.h>
#include <math.h>

static uint16_t x87_control(uint16_t control)
{
    uint16_t before;
    __asm__ volatile("fnstcw %0\n\tfldcw %1" : "=m"(before) : "m"(control));
    return before;
}

/* Sum of 1/k! style series in 80-bit: order and rounding are fixed, so the bits are. */
static void x87_series(void)
{
    volatile long double sum = 0, term = 1;
    for (int k = 1; k < 30; k++) {
        sum += term;
        term /= k;
    }
    uint8_t bits[10];
    memcpy(bits, (const void *)&sum, 10);
    uint64_t mantissa;
    memcpy(&mantissa, bits, 8);
    check_equal("x87-e", mantissa, 0xadf85458a2bb4a9bull);
    double third[3];
    for (int precision = 0; precision < 3; precision++) {
        static const uint16_t controls[] = {0x007f, 0x027f, 0x037f};
        uint16_t before = x87_control(controls[precision]);
        long double one = 1, three = 3, result;
        /* AT&T's fdivrp is the manual's FDIVP: ST(1) / ST(0). */
        __asm__ volatile("fdivrp" : "=t"(result) : "0"(three), "u"(one) : "st(1)");
        x87_control(before);
        long double error = result * 3 - 1;
        third[precision] = (double)(error < 0 ? -error : error);
    }
    check(third[0] > 1e-9 && third[0] < 1e-7 && third[1] > 1e-17 && third[1] < 1e-15 &&
              third[2] < 1e-18,
          "x87-precision-control", "%g %g %g", third[0], third[1], third[2]);
}

static void x87_rounding(void)
{
    static const double values[] = {2.5, -2.5, 1.5, 0.5, -0.5, 1e9 + 0.75, -7.49};
    static const uint16_t controls[] = {0x037f, 0x077f, 0x0b7f, 0x0f7f};
    uint64_t hash = HASH_START;
    for (size_t mode = 0; mode < 4; mode++) {
        uint16_t before = x87_control(controls[mode]);
        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
            int32_t as_int;
            int64_t as_long;
            double rounded;
            __asm__ volatile("fldl %1\n\tfistpl %0" : "=m"(as_int) : "m"(values[i]));
            __asm__ volatile("fldl %1\n\tfistpll %0" : "=m"(as_long) : "m"(values[i]));
            __asm__ volatile("fldl %1\n\tfrndint\n\tfstpl %0" : "=m"(rounded) : "m"(values[i]));
            hash = hash_bytes(hash, &as_int, 4);
            hash = hash_bytes(hash, &as_long, 8);
            hash = hash_bytes(hash, &rounded, 8);
        }
        x87_control(before);
    }
    check_equal("x87-rounding", hash, 0x337f030383212a5dull);
}

static void x87_odd(void)
{
    /* Packed BCD there and back. */
    uint8_t bcd[10] = {0x89, 0x67, 0x45, 0x23, 0x01, 0, 0, 0, 0, 0x80}, back[10];
    long double value;
    __asm__ volatile("fbld %1" : "=t"(value) : "m"(bcd));
    check(value == -123456789.0L, "x87-fbld", "%Lg", value);
    __asm__ volatile("fbstp %0" : "=m"(back) : "t"(value) : "st");
    check(!memcmp(bcd, back, 10), "x87-fbstp", "byte 0 %02x", back[0]);

    uint16_t status;
    long double remainder;
    long double a = 29, b = 8;
    __asm__ volatile("fprem\n\tfnstsw %1" : "=t"(remainder), "=a"(status) : "0"(a), "u"(b));
    /* Quotient 3: C1 (bit 0) and C3 (bit 1) set, C0 (bit 2) clear, C2 clear: complete. */
    check(remainder == 5 && (status & 0x4700) == 0x4200, "x87-fprem", "%Lg status %04x", remainder,
          status);

    long double significand, exponent;
    __asm__ volatile("fxtract" : "=t"(significand), "=u"(exponent) : "0"(40.0L));
    check(significand == 1.25L && exponent == 5, "x87-fxtract", "%Lg %Lg", significand, exponent);
    long double scaled;
    __asm__ volatile("fscale" : "=t"(scaled) : "0"(1.25L), "u"(-3.0L));
    check(scaled == 0.15625L, "x87-fscale", "%Lg", scaled);

    /* Comparison: unordered sets C3 C2 C0. */
    __asm__ volatile("fucompp\n\tfnstsw %0"
                     : "=a"(status)
                     : "t"(1.0L), "u"((long double)NAN)
                     : "st", "st(1)");
    check_equal("x87-unordered", status & 0x4500, 0x4500);
    unsigned char below;
    __asm__ volatile("fcomi %2, %1\n\tsetb %0" : "=q"(below) : "t"(1.0L), "u"(2.0L) : "cc");
    check_equal("x87-fcomi", below, 1);

    /* FSAVE and FRSTOR keep eight values, tags and the last instruction's state. */
    uint8_t image[108];
    double kept[2];
    __asm__ volatile(
        "fninit\n\tfldpi\n\tfld1\n\tfnsave %0\n\tfldz\n\tfrstor %0\n\tfstpl %1\n\tfstpl %2"
        : "=m"(image), "=m"(kept[0]), "=m"(kept[1])
        :
        : "memory");
    check(kept[0] == 1.0 && kept[1] > 3.14159 && kept[1] < 3.1416, "x87-fsave", "%g %g", kept[0],
          kept[1]);
    /* Two values are on the stack, so its top (status bits 11-13) is 6. */
    check_equal("x87-fsave-top", image[5] & 0x38, 0x30);
    /* Popping an empty stack: invalid operation and stack fault. */
    __asm__ volatile("fninit\n\tfldz\n\tfstp %%st(0)\n\tfstp %%st(0)\n\tfnstsw %0\n\tfninit"
                     : "=a"(status));
    check((status & 0x41) == 0x41, "x87-underflow", "status %04x", status);
}

static void x87_functions(void)
{
    double worst = 0;
    for (int i = 1; i < 200; i++) {
        double x = i * 0.0371;
        double s, c, t, l, e;
        __asm__ volatile("fsin" : "=t"(s) : "0"(x));
        __asm__ volatile("fcos" : "=t"(c) : "0"(x));
        __asm__ volatile("fld1\n\tfpatan" : "=t"(t) : "0"(x));
        __asm__ volatile("fldln2\n\tfxch\n\tfyl2x" : "=t"(l) : "0"(x));
        __asm__ volatile("f2xm1" : "=t"(e) : "0"(x / 10));
        double errors[] = {s * s + c * c - 1, tan(t) * 1 - x, exp(l) / x - 1,
                           pow(2, x / 10) - 1 - e};
        for (size_t j = 0; j < ARRAY_SIZE(errors); j++) {
            worst = fmax(worst, fabs(errors[j]));
        }
    }
    check(worst < 1e-11, "x87-functions", "worst error %g", worst);
}

static void mmx(void)
{
    uint64_t a = 0x7fff80010123fedcull, b = 0x0001ffff00ff0102ull, results[8];
    __asm__ volatile("movq %8, %%mm0\n\tmovq %9, %%mm1\n\t"
                     "movq %%mm0, %%mm2\n\tpaddsw %%mm1, %%mm2\n\tmovq %%mm2, %0\n\t"
                     "movq %%mm0, %%mm2\n\tpsubusb %%mm1, %%mm2\n\tmovq %%mm2, %1\n\t"
                     "movq %%mm0, %%mm2\n\tpmaddwd %%mm1, %%mm2\n\tmovq %%mm2, %2\n\t"
                     "movq %%mm0, %%mm2\n\tpackuswb %%mm1, %%mm2\n\tmovq %%mm2, %3\n\t"
                     "movq %%mm0, %%mm2\n\tpunpcklbw %%mm1, %%mm2\n\tmovq %%mm2, %4\n\t"
                     "movq %%mm0, %%mm2\n\tpcmpgtw %%mm1, %%mm2\n\tmovq %%mm2, %5\n\t"
                     "movq %%mm0, %%mm2\n\tpsraw $3, %%mm2\n\tmovq %%mm2, %6\n\t"
                     "movq %%mm0, %%mm2\n\tpsllq $13, %%mm2\n\tmovq %%mm2, %7\n\temms"
                     : "=m"(results[0]), "=m"(results[1]), "=m"(results[2]), "=m"(results[3]),
                       "=m"(results[4]), "=m"(results[5]), "=m"(results[6]), "=m"(results[7])
                     : "m"(a), "m"(b)
                     : "memory");
    check_equal("mmx-paddsw", results[0], 0x7fff80000222ffdeull);
    check_equal("mmx", hash_bytes(HASH_START, results, sizeof(results)), 0x7d5cf85e0d90f2d7ull);
}

__attribute__((target("sse2"))) static void sse2(void)
{
    double values[64], sum[2];
    for (int i = 0; i < 64; i++) {
        values[i] = 1.0 / (i + 1);
    }
    __m128d total = _mm_setzero_pd();
    for (int i = 0; i < 64; i += 2) {
        __m128d pair = _mm_loadu_pd(values + i);
        total = _mm_add_pd(total, _mm_sqrt_pd(_mm_mul_pd(pair, pair)));
        total = _mm_sub_pd(total, _mm_div_pd(pair, _mm_set1_pd(3.0)));
    }
    _mm_storeu_pd(sum, total);
    check_equal("sse2-double", hash_bytes(HASH_START, sum, 16), 0xda52006df7c3baceull);

    static const double halves[] = {2.5, -2.5, 0.5, 1e9 + 0.75};
    uint64_t hash = HASH_START;
    unsigned before = _mm_getcsr();
    for (unsigned mode = 0; mode < 4; mode++) {
        _mm_setcsr(0x1f80 | mode << 13);
        for (size_t i = 0; i < ARRAY_SIZE(halves); i++) {
            volatile double half = halves[i];
            int rounded = _mm_cvtsd_si32(_mm_load_sd((const double *)&half));
            int cut = _mm_cvttsd_si32(_mm_load_sd((const double *)&half));
            hash = hash_bytes(hash, &rounded, 4);
            hash = hash_bytes(hash, &cut, 4);
        }
    }
    _mm_setcsr(0x1f80);
    volatile double tiny = 1e-308, ten = 10;
    volatile double denormal = _mm_cvtsd_f64(_mm_div_sd(_mm_set_sd(tiny), _mm_set_sd(ten)));
    unsigned flags = _mm_getcsr() & 0x3f;
    _mm_setcsr(before);
    check_equal("sse2-rounding", hash, 0x934b81701a2b38eeull);
    check(denormal > 0 && (flags & 0x30) == 0x30, "sse2-denormal", "flags %02x", flags);

    __m128i a = _mm_set_epi32(0x01234567, (int)0x89abcdef, 0x7fff8000, (int)0xff00ff00);
    __m128i b = _mm_set_epi32((int)0xfedcba98, 0x76543210, 0x00018001, 0x0f0f0f0f);
    __m128i results[8] = {
        _mm_madd_epi16(a, b), _mm_sad_epu8(a, b),    _mm_shuffle_epi32(a, 0x1b),
        _mm_mul_epu32(a, b),  _mm_packs_epi32(a, b), _mm_unpackhi_epi16(a, b),
        _mm_slli_si128(a, 5), _mm_cmpgt_epi32(a, b),
    };
    check_equal("sse2-integer", hash_bytes(HASH_START, results, sizeof(results)),
                0x01fe7d1d3e5543f3ull);
    check_equal("sse2-movemask", (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(a, a)), 0xffff);

    /* FXSAVE and FXRSTOR carry both register files. */
    static uint8_t image[512] __attribute__((aligned(16)));
    uint32_t word = 0;
    __asm__ volatile(
        "movd %2, %%xmm7\n\tfninit\n\tfld1\n\tfxsave %0\n\tpxor %%xmm7, %%xmm7\n\tfninit\n\t"
        "fxrstor %0\n\tmovd %%xmm7, %1\n\tfstp %%st(0)"
        : "=m"(image), "=r"(word)
        : "r"(0x5eed1234)
        : "xmm7", "memory");
    check_equal("fxsave", word, 0x5eed1234);
}

/* A few thousand floating-point steps whose value depends on every one: n-body in miniature. */
static void long_run(void)
{
    volatile double x = 0.1, v = 0;
    for (int i = 0; i < 200000; i++) {
        v -= x * 0.001;
        x += v * 0.001;
    }
    double energy = x * x + v * v;
    check(fabs(energy - 0.01) < 1e-5, "long-run", "energy %.12g", energy);
}

void ex_numerics(void)
{
    x87_series();
    x87_rounding();
    x87_odd();
    x87_functions();
    mmx();
    sse2();
    long_run();
}
