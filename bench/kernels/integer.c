/* integer.c - loops of integer instructions on small arrays: little memory, few calls. */
#include "kernels.h"

/* Eratosthenes over 64 Ki bytes. */
uint32_t kernel_sieve(unsigned n)
{
    static uint8_t composite[65536];
    uint32_t n_primes = 0;
    while (n--) {
        for (unsigned i = 0; i < sizeof composite; i++)
            composite[i] = 0;
        for (unsigned i = 2; i < 256; i++)
            if (!composite[i])
                for (unsigned multiple = i * i; multiple < sizeof composite; multiple += i)
                    composite[multiple] = 1;
        for (unsigned i = 2; i < sizeof composite; i++)
            n_primes += !composite[i];
        bench_barrier();
    }
    return n_primes;
}

/* The table-driven CRC of zlib over 16 KiB. */
uint32_t kernel_crc32(unsigned n)
{
    static uint32_t table[256];
    static uint8_t data[16384];
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t entry = i;
        for (int bit = 0; bit < 8; bit++)
            entry = entry & 1 ? 0xEDB88320u ^ (entry >> 1) : entry >> 1;
        table[i] = entry;
    }
    uint32_t seed = 1, crc = ~0u;
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = bench_random(&seed);
    while (n--) {
        for (unsigned i = 0; i < sizeof data; i++)
            crc = table[(crc ^ data[i]) & 0xFF] ^ (crc >> 8);
        bench_barrier();
    }
    return ~crc;
}

static const uint32_t sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate(uint32_t word, int by)
{
    return word >> by | word << (32 - by);
}

static void sha256_block(uint32_t state[8], const uint32_t block[16])
{
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
        w[i] = block[i];
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) +
                      sha256_k[i] + w[i];
        uint32_t t2 =
            (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

uint32_t kernel_sha256(unsigned n)
{
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint32_t block[16], seed = 7;
    for (int i = 0; i < 16; i++)
        block[i] = bench_random(&seed);
    while (n--)
        for (int i = 0; i < 64; i++)
            sha256_block(state, block);
    return state[0] ^ state[7];
}

/* 48 x 48 integers, the plain three loops. */
uint32_t kernel_matrix_int(unsigned n)
{
    enum { SIDE = 48 };
    static int32_t a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];
    uint32_t seed = 3, sum = 0;
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            a[i][j] = bench_random(&seed) % 100, b[i][j] = bench_random(&seed) % 100;
    while (n--) {
        for (int i = 0; i < SIDE; i++)
            for (int j = 0; j < SIDE; j++) {
                int32_t cell = 0;
                for (int k = 0; k < SIDE; k++)
                    cell += a[i][k] * b[k][j];
                c[i][j] = cell;
            }
        a[n % SIDE][0] ^= 1;
        sum = bench_mix(sum, c[n % SIDE][n % 7]);
        bench_barrier();
    }
    return sum;
}

/* Population counts, reversals, bit scans and bit tests over 4096 words. */
uint32_t kernel_bit_ops(unsigned n)
{
    uint32_t sum = 0, seed = 5;
    while (n--)
        for (int i = 0; i < 4096; i++) {
            uint32_t word = bench_random(&seed);
            uint32_t count = word - ((word >> 1) & 0x55555555);
            count = (count & 0x33333333) + ((count >> 2) & 0x33333333);
            count = ((count + (count >> 4)) & 0x0F0F0F0F) * 0x01010101 >> 24;
            uint32_t reversed = (word >> 1 & 0x55555555) | (word & 0x55555555) << 1;
            reversed = (reversed >> 2 & 0x33333333) | (reversed & 0x33333333) << 2;
            reversed =
                __builtin_bswap32((reversed >> 4 & 0x0F0F0F0F) | (reversed & 0x0F0F0F0F) << 4);
            sum +=
                count + __builtin_ctz(word) * __builtin_clz(word) + (reversed >> (count & 31) & 1);
            if (word & 1u << (sum & 31))
                sum = rotate(sum, 5);
        }
    return sum;
}

uint32_t kernel_collatz(unsigned n)
{
    uint32_t longest = 0, sum = 0;
    for (uint32_t start = 1; start <= n * 64; start++) {
        uint64_t value = start;
        uint32_t n_steps = 0;
        while (value != 1) {
            value = value & 1 ? 3 * value + 1 : value >> 1;
            n_steps++;
        }
        sum += n_steps;
        if (n_steps > longest)
            longest = n_steps;
    }
    return sum ^ longest << 20;
}

/* 1024-bit schoolbook product: mul, add with carry. */
uint32_t kernel_bignum(unsigned n)
{
    enum { LIMBS = 32 };
    uint32_t a[LIMBS], b[LIMBS], product[2 * LIMBS], seed = 11;
    for (int i = 0; i < LIMBS; i++)
        a[i] = bench_random(&seed), b[i] = bench_random(&seed);
    while (n--) {
        for (int i = 0; i < 2 * LIMBS; i++)
            product[i] = 0;
        for (int i = 0; i < LIMBS; i++) {
            uint64_t carry = 0;
            for (int j = 0; j < LIMBS; j++) {
                carry += (uint64_t)a[i] * b[j] + product[i + j];
                product[i + j] = (uint32_t)carry;
                carry >>= 32;
            }
            product[i + LIMBS] = (uint32_t)carry;
        }
        for (int i = 0; i < LIMBS; i++)
            a[i] = product[i + LIMBS / 2] | 1;
    }
    return a[0] ^ a[LIMBS - 1];
}

/* Greatest common divisors by remainder, and digits by division. */
uint32_t kernel_divide(unsigned n)
{
    uint32_t sum = 0, seed = 13;
    while (n--)
        for (int i = 0; i < 64; i++) {
            uint32_t a = bench_random(&seed), b = bench_random(&seed), ten = 10;
            __asm__("" : "+r"(ten)); /* a real div, not a multiplication */
            for (uint32_t digits = a; digits; digits /= ten)
                sum += digits % ten;
            while (b) {
                uint32_t rest = a % b;
                a = b, b = rest;
            }
            sum = bench_mix(sum, a);
        }
    return sum;
}
