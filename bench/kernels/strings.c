/* strings.c - bytes and string instructions. Own loops: the C library picks its by CPUID. */
#include "kernels.h"

enum { BUFFER_BYTES = 65536 };
static uint8_t source[BUFFER_BYTES], target[BUFFER_BYTES];

static void fill_source(void)
{
    uint32_t seed = 41;
    for (int i = 0; i < BUFFER_BYTES; i++)
        source[i] = bench_random(&seed) | 1;
}

static uint32_t sum_target(void)
{
    uint32_t sum = 0;
    for (int i = 0; i < BUFFER_BYTES; i += 61)
        sum = bench_mix(sum, target[i]);
    return sum;
}

uint32_t kernel_copy_words(unsigned n)
{
    fill_source();
    while (n--) {
        volatile uint32_t *to = (void *)target;
        const uint32_t *from = (const void *)source;
        for (int i = 0; i < BUFFER_BYTES / 4; i += 4) {
            to[i] = from[i];
            to[i + 1] = from[i + 1];
            to[i + 2] = from[i + 2];
            to[i + 3] = from[i + 3];
        }
        source[n % BUFFER_BYTES] ^= 1;
    }
    return sum_target();
}

/* 1024 strings of 0 to 63 bytes. */
uint32_t kernel_strlen(unsigned n)
{
    uint32_t sum = 0;
    fill_source();
    for (int i = 63; i < BUFFER_BYTES; i += 64)
        source[i - (i * 7 >> 3) % 64] = 0, source[i] = 0;
    while (n--)
        for (int i = 0; i < BUFFER_BYTES; i += 64) {
            const uint8_t *at = &source[i];
            while (*at)
                at++;
            sum += at - &source[i];
            bench_barrier();
        }
    return sum;
}

uint32_t kernel_strchr(unsigned n)
{
    uint32_t sum = 0;
    fill_source();
    source[BUFFER_BYTES - 1] = 0;
    while (n--) {
        uint8_t wanted = n * 2 + 1;
        for (const uint8_t *at = source; *at; at++)
            if (*at == wanted)
                sum += at - source;
        bench_barrier();
    }
    return sum;
}

static inline void rep_movsl(void *to, const void *from, unsigned n_words)
{
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(n_words) : : "memory");
}

static inline void rep_stosl(void *to, uint32_t value, unsigned n_words)
{
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(n_words) : "a"(value) : "memory");
}

uint32_t kernel_rep_movs(unsigned n)
{
    fill_source();
    while (n--) {
        rep_movsl(target, source, BUFFER_BYTES / 4);
        source[n % BUFFER_BYTES] ^= 1;
    }
    return sum_target();
}

uint32_t kernel_rep_stos(unsigned n)
{
    uint32_t sum = 0;
    while (n--) {
        rep_stosl(target, n, BUFFER_BYTES / 4);
        sum = bench_mix(sum, target[n % BUFFER_BYTES]);
    }
    return sum ^ sum_target();
}

/* Short strings of every kind, as compilers of the nineties made them: scas, cmps, movsb, lods. */
uint32_t kernel_rep_short(unsigned n)
{
    uint32_t sum = 0;
    fill_source();
    while (n--)
        for (int i = 0; i < 64; i++) {
            uint8_t *from = &source[i * 64], *to = &target[i * 64], *di = to, *si = from;
            unsigned count = 1 + (i * 5 & 31), left = count;
            __asm__ volatile("rep movsb" : "+D"(di), "+S"(si), "+c"(left) : : "memory");
            di = to, si = from, left = count + 1;
            __asm__ volatile("repe cmpsb" : "+D"(di), "+S"(si), "+c"(left) : : "memory", "cc");
            sum += left;
            di = to, left = 64;
            __asm__ volatile("repne scasb"
                             : "+D"(di), "+c"(left)
                             : "a"(from[count - 1])
                             : "memory", "cc");
            sum = sum * 33 + left;
            si = from;
            uint32_t word;
            __asm__ volatile("lodsl" : "=a"(word), "+S"(si) : : "memory");
            sum ^= word;
        }
    return sum;
}

uint32_t kernel_histogram(unsigned n)
{
    uint32_t counts[256] = {0}, sum = 0;
    fill_source();
    while (n--) {
        for (int i = 0; i < BUFFER_BYTES; i++)
            counts[source[i]]++;
        bench_barrier();
    }
    for (int i = 0; i < 256; i++)
        sum = bench_mix(sum, counts[i]);
    return sum;
}

/* Insertion sort of pointers to 64 short strings. */
uint32_t kernel_sort_strings(unsigned n)
{
    enum { COUNT = 64 };
    const uint8_t *names[COUNT];
    uint32_t sum = 0, seed = 43;
    fill_source();
    for (int i = 15; i < BUFFER_BYTES; i += 16)
        source[i] = 0;
    while (n--) {
        for (int i = 0; i < COUNT; i++)
            names[i] = &source[bench_random(&seed) % (BUFFER_BYTES / 16) * 16];
        for (int i = 1; i < COUNT; i++) {
            const uint8_t *name = names[i];
            int j = i;
            for (; j > 0; j--) {
                const uint8_t *a = names[j - 1], *b = name;
                while (*a && *a == *b)
                    a++, b++;
                if (*a <= *b)
                    break;
                names[j] = names[j - 1];
            }
            names[j] = name;
        }
        sum = bench_mix(sum, names[COUNT / 2][0] << 8 | names[COUNT / 2][1]);
    }
    return sum;
}
