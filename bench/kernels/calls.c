/* calls.c - calls, returns, indirect jumps and recursion. */
#include "kernels.h"

#include <stdlib.h>

#define NOINLINE __attribute__((noinline, noclone, optimize("no-optimize-sibling-calls")))

NOINLINE static uint32_t fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

uint32_t kernel_fib(unsigned n)
{
    uint32_t sum = 0;
    while (n--)
        sum += fib(18 + (n & 1));
    return sum;
}

NOINLINE static uint32_t ackermann(uint32_t m, uint32_t n)
{
    if (m == 0)
        return n + 1;
    if (n == 0)
        return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

uint32_t kernel_ackermann(unsigned n)
{
    uint32_t sum = 0;
    while (n--)
        sum += ackermann(2, 30 + (n & 3)) + ackermann(3, 3);
    return sum;
}

NOINLINE static int tak(int x, int y, int z)
{
    return y >= x ? z : tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

uint32_t kernel_tak(unsigned n)
{
    uint32_t sum = 0;
    while (n--)
        sum += tak(12, 8, n & 3);
    return sum;
}

NOINLINE static uint32_t place_queens(int side, uint32_t columns, uint32_t left, uint32_t right)
{
    uint32_t all = (1u << side) - 1, n_found = 0;
    if (columns == all)
        return 1;
    for (uint32_t free = all & ~(columns | left | right); free; free &= free - 1) {
        uint32_t here = free & -free;
        n_found += place_queens(side, columns | here, (left | here) << 1, (right | here) >> 1);
    }
    return n_found;
}

uint32_t kernel_queens(unsigned n)
{
    uint32_t sum = 0;
    while (n--)
        sum += place_queens(8 - (n & 1), 0, 0, 0);
    return sum;
}

static int compare_words(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The C library's, with a callback for each comparison. */
uint32_t kernel_qsort(unsigned n)
{
    enum { COUNT = 1000 };
    uint32_t words[COUNT], seed = 17, sum = 0;
    while (n--) {
        for (int i = 0; i < COUNT; i++)
            words[i] = bench_random(&seed);
        qsort(words, COUNT, sizeof words[0], compare_words);
        sum = bench_mix(sum, words[COUNT / 3]);
    }
    return sum;
}

/* Objects of four classes, dispatched through function pointers in an order that is hard to guess.
 */
struct shape {
    uint32_t (*area)(const struct shape *);
    uint32_t (*grow)(struct shape *, uint32_t);
    uint32_t a, b;
};
static uint32_t area_box(const struct shape *s)
{
    return s->a * s->b;
}
static uint32_t area_square(const struct shape *s)
{
    return s->a * s->a;
}
static uint32_t area_triangle(const struct shape *s)
{
    return s->a * s->b / 2;
}
static uint32_t area_ring(const struct shape *s)
{
    return 3 * (s->a + s->b) * (s->a - s->b);
}
static uint32_t grow_both(struct shape *s, uint32_t by)
{
    return (s->a += by) + (s->b ^= by);
}
static uint32_t grow_one(struct shape *s, uint32_t by)
{
    return s->b += s->a & by;
}

uint32_t kernel_virtual(unsigned n)
{
    enum { COUNT = 1024 };
    static uint32_t (*const areas[])(const struct shape *) = {area_box, area_square, area_triangle,
                                                              area_ring};
    static struct shape shapes[COUNT];
    uint32_t seed = 19, sum = 0;
    for (int i = 0; i < COUNT; i++) {
        uint32_t random = bench_random(&seed);
        shapes[i] = (struct shape){areas[random >> 8 & 3], random & 4096 ? grow_both : grow_one,
                                   random & 15, random >> 4 & 15};
    }
    while (n--)
        for (int i = 0; i < COUNT; i++) {
            sum += shapes[i].area(&shapes[i]);
            sum ^= shapes[i].grow(&shapes[i], sum & 3);
        }
    return sum;
}

/* A register machine, one program in two interpreters: a switch in a loop (one indirect jump) and
 * threaded code (one indirect jump for each operation). */
enum op {
    OP_ADD,
    OP_SUB,
    OP_XOR,
    OP_SHIFT,
    OP_MUL,
    OP_LOAD,
    OP_STORE,
    OP_JUMP_NZ,
    OP_DEC,
    OP_HALT
};
struct op_code {
    uint8_t op, to, from, imm;
};
static const struct op_code program[] = {
    {OP_ADD, 0, 1, 0},   {OP_XOR, 1, 0, 0},  {OP_SHIFT, 1, 0, 5},   {OP_STORE, 0, 1, 3},
    {OP_MUL, 2, 1, 0},   {OP_LOAD, 3, 2, 1}, {OP_SUB, 0, 3, 0},     {OP_ADD, 1, 2, 0},
    {OP_STORE, 2, 0, 7}, {OP_DEC, 4, 0, 0},  {OP_JUMP_NZ, 4, 0, 0}, {OP_HALT, 0, 0, 0},
};

uint32_t kernel_interpreter(unsigned n)
{
    uint32_t regs[8] = {1, 2, 3, 4, 0}, memory[64] = {0};
    while (n--) {
        unsigned pc = 0;
        regs[4] = 100;
        for (int running = 1; running;) {
            struct op_code code = program[pc++];
            switch ((enum op)code.op) {
            case OP_ADD:
                regs[code.to] += regs[code.from];
                break;
            case OP_SUB:
                regs[code.to] -= regs[code.from];
                break;
            case OP_XOR:
                regs[code.to] ^= regs[code.from];
                break;
            case OP_SHIFT:
                regs[code.to] ^= regs[code.to] << code.imm;
                break;
            case OP_MUL:
                regs[code.to] = regs[code.to] * regs[code.from] + 1;
                break;
            case OP_LOAD:
                regs[code.to] = memory[(regs[code.from] + code.imm) & 63];
                break;
            case OP_STORE:
                memory[(regs[code.from] + code.imm) & 63] = regs[code.to];
                break;
            case OP_JUMP_NZ:
                if (regs[code.to])
                    pc = code.imm;
                break;
            case OP_DEC:
                regs[code.to]--;
                break;
            case OP_HALT:
                running = 0;
                break;
            }
        }
    }
    return regs[0] ^ regs[1] ^ regs[2];
}

uint32_t kernel_threaded_code(unsigned n)
{
    static const void *const labels[] = {&&add,  &&sub,   &&xor,     &&shift, &&mul,
                                         &&load, &&store, &&jump_nz, &&dec,   &&halt};
    uint32_t regs[8] = {1, 2, 3, 4, 0}, memory[64] = {0};
    while (n--) {
        const struct op_code *code = program - 1;
        regs[4] = 100;
#define NEXT() goto *labels[(++code)->op]
        NEXT();
    add:
        regs[code->to] += regs[code->from];
        NEXT();
    sub:
        regs[code->to] -= regs[code->from];
        NEXT();
        xor : regs[code->to] ^= regs[code->from];
        NEXT();
    shift:
        regs[code->to] ^= regs[code->to] << code->imm;
        NEXT();
    mul:
        regs[code->to] = regs[code->to] * regs[code->from] + 1;
        NEXT();
    load:
        regs[code->to] = memory[(regs[code->from] + code->imm) & 63];
        NEXT();
    store:
        memory[(regs[code->from] + code->imm) & 63] = regs[code->to];
        NEXT();
    jump_nz:
        if (regs[code->to])
            code = program + code->imm - 1;
        NEXT();
    dec:
        regs[code->to]--;
        NEXT();
    halt:;
#undef NEXT
    }
    return regs[0] ^ regs[1] ^ regs[2];
}

/* Recursive descent over a text of arithmetic: character classes, recursion, short branches. */
static NOINLINE uint32_t parse_sum(const char **at);
static NOINLINE uint32_t parse_atom(const char **at)
{
    uint32_t value = 0;
    while (**at == ' ')
        ++*at;
    if (**at == '(') {
        ++*at;
        value = parse_sum(at);
        ++*at;
        return value;
    }
    while (**at >= '0' && **at <= '9')
        value = value * 10 + (*(*at)++ - '0');
    while (**at == ' ')
        ++*at;
    return value;
}
static NOINLINE uint32_t parse_product(const char **at)
{
    uint32_t value = parse_atom(at);
    while (**at == '*') {
        ++*at;
        value *= parse_atom(at);
    }
    return value;
}
static NOINLINE uint32_t parse_sum(const char **at)
{
    uint32_t value = parse_product(at);
    while (**at == '+' || **at == '-') {
        char sign = *(*at)++;
        uint32_t term = parse_product(at);
        value = sign == '+' ? value + term : value - term;
    }
    return value;
}

uint32_t kernel_parser(unsigned n)
{
    static const char *const texts[] = {
        "1 + 2*(3 + 4*(5 - 6)) - 77*88 + (9)", "((((1)))) * 2 + 12345*(6 - 7*(8 + 9))",
        "100 - 20*3 + (4 + 5)*(6 + 7)*(8 + 9)", "3*3*3*3*3 - (2 + 2)*(2 + 2) + 987654321"};
    uint32_t sum = 0;
    while (n--)
        for (int i = 0; i < 16; i++) {
            const char *at = texts[(n + i) & 3];
            sum = bench_mix(sum, parse_sum(&at));
        }
    return sum;
}
