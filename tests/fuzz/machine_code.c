/* machine_code.c - random guest code: raw bytes, and instructions put together from opcode maps so
 * that most of them do something. Decides nothing about the machine. */
#include "machine.h"
#include "machine_layout.h"

#include <string.h>

uint32_t fuzz_edge_value(struct random *random)
{
    static const uint32_t edges[] = {
        0,          1,          2,          0x7f,       0x80,       0xff,       0x7fff,
        0x8000,     0xffff,     0x10000,    0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
        0xfffffff0, 0xffff0000, 0x9fffe,    0xa0000,    0xbffff,    0xc0000,    0xf0000,
        0xffff0,    0x100000,   0x1ffffe,   0x200000,   0x3ffffe,   0x400000,   0xc0000000,
        0xfec00000, 0xfee00000, 0xe0000000, 0xffc00000, 0xfffff000, 0x7ffffffc, AT_GDT,
        AT_IDT,     AT_TSS,     AT_PAGING,  AT_HANDLER, AT_STACK,   0x174,      0x3f8,
        0x60,       0x64,       0x70,       0x20,       0xcf8,      0x604};
    switch (random_below(random, 8)) {
    case 0:
        return random_u32(random);
    case 1:
    case 2:
        return AT_DATA + random_below(random, 0x10000);
    case 3: /* around a page's end */
        return (AT_DATA & ~0xfffu) + (random_below(random, 16) << 12) + 0xff8 +
               random_below(random, 16);
    case 4:
        return AT_CODE + random_below(random, 0x4000);
    case 5:
        return AT_PAGING + random_below(random, 0x4000);
    default:
        return RANDOM_PICK(random, edges) + random_below(random, 3) - 1;
    }
}

static uint8_t modrm(struct random *random)
{
    static const uint8_t rm[] = {0x00, 0x01, 0x03, 0x04, 0x05, 0x06, 0x07, 0x40, 0x43, 0x44,
                                 0x45, 0x46, 0x80, 0x83, 0x84, 0x85, 0xc0, 0xc1, 0xc4, 0xc7};
    if (random_percent(random, 20)) {
        return (uint8_t)random_u32(random);
    }
    return (uint8_t)(RANDOM_PICK(random, rm) | random_below(random, 8) << 3);
}

struct stream {
    uint8_t bytes[64];
    unsigned n;
};

static void put(struct stream *stream, unsigned byte)
{
    stream->bytes[stream->n++] = (uint8_t)byte;
}

static void put_operand(struct stream *stream, struct random *random)
{
    uint32_t disp = random_percent(random, 60) ? fuzz_edge_value(random) : random_below(random, 64);
    put(stream, modrm(random));
    if (random_percent(random, 40)) {
        put(stream, random_u32(random)); /* a SIB, a displacement's first byte */
    }
    for (unsigned i = 0; i < 4; i++) {
        put(stream, disp >> (8 * i));
    }
}

static void put_prefixes(struct stream *stream, struct random *random)
{
    static const uint8_t prefixes[] = {0x66, 0x66, 0x67, 0x67, 0xf2, 0xf3, 0xf0,
                                       0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65};
    unsigned n = random_percent(random, 70)   ? 0
                 : random_percent(random, 80) ? 1
                 : random_percent(random, 95) ? 1 + random_below(random, 3)
                                              : random_below(random, 15);
    for (unsigned i = 0; i < n; i++) {
        put(stream, RANDOM_PICK(random, prefixes));
    }
}

static void put_system(struct stream *stream, struct random *random)
{
    static const uint8_t two_byte[] = {0x00, 0x01, 0x02, 0x03, 0x06, 0x08, 0x09, 0x20, 0x21,
                                       0x22, 0x23, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0xa0,
                                       0xa1, 0xa2, 0xa8, 0xa9, 0xae, 0xb2, 0xb4, 0xb5, 0xc7};
    static const uint8_t one_byte[] = {
        0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x62, 0x63, 0x8c, 0x8e, 0x8e, 0x9a, 0x9c,
        0x9d, 0x9d, 0xc4, 0xc5, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xe4, 0xe5, 0xe6, 0xe7,
        0xea, 0xec, 0xed, 0xee, 0xef, 0xf1, 0xf4, 0xfa, 0xfb, 0xff, 0x8f, 0x17, 0xfb};
    static const uint16_t selectors[] = {0x08, 0x10, 0x1b, 0x23, 0x28, 0x30, 0x3b, 0x43, 0x48,
                                         0x50, 0x58, 0x60, 0x68, 0x70, 0x78, 0x80, 0x88, 0x90,
                                         0x98, 0xa0, 0xa9, 0xb3, 0x04, 0x0c, 0x17, 0x00};
    if (random_percent(random, 40)) {
        put(stream, 0x0f);
        put(stream, RANDOM_PICK(random, two_byte));
        put_operand(stream, random);
        return;
    }
    uint8_t opcode = RANDOM_PICK(random, one_byte);
    uint16_t selector = RANDOM_PICK(random, selectors);
    put(stream, opcode);
    if (opcode == 0x9a || opcode == 0xea) {
        uint32_t target = AT_CODE + random_below(random, 0x4000);
        for (unsigned i = 0; i < 4; i++) {
            put(stream, target >> (8 * i));
        }
        put(stream, selector);
        put(stream, selector >> 8);
    } else if (opcode == 0xcd) {
        put(stream,
            random_percent(random, 50) ? 0x30 + random_below(random, 16) : random_u32(random));
    } else {
        put_operand(stream, random);
    }
}

/* Loads that make the next instruction meet a chosen value. */
static void put_load(struct stream *stream, struct random *random)
{
    uint32_t value = fuzz_edge_value(random);
    static const uint8_t regs[] = {0, 1, 2, 3, 5, 6, 7, 4};
    put(stream, 0xb8 | RANDOM_PICK(random, regs));
    for (unsigned i = 0; i < 4; i++) {
        put(stream, value >> (8 * i));
    }
}

static void put_near_branch(struct stream *stream, struct random *random)
{
    static const uint8_t opcodes[] = {0xe8, 0xe9, 0xeb, 0xe0, 0xe1, 0xe2, 0xe3, 0xc2, 0xc3};
    unsigned kind = random_below(random, 4);
    int32_t away = (int32_t)random_below(random, 200) - 60;
    if (random_percent(random, 20)) {
        away *= 64;
    }
    if (kind == 0) {
        put(stream, 0x70 | random_below(random, 16));
    } else if (kind == 1) {
        put(stream, 0x0f);
        put(stream, 0x80 | random_below(random, 16));
    } else if (kind == 2) {
        put(stream, 0xff);
        put(stream, modrm(random));
        return;
    } else {
        put(stream, RANDOM_PICK(random, opcodes));
    }
    for (unsigned i = 0; i < 4; i++) {
        put(stream, (uint32_t)away >> (8 * i));
    }
}

static void put_instruction(struct stream *stream, struct random *random)
{
    static const uint8_t strings[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac,
                                      0xad, 0xae, 0xaf, 0x6c, 0x6d, 0x6e, 0x6f};
    uint32_t dice = random_below(random, 100);
    stream->n = 0;
    if (dice < 8) {
        unsigned n = 1 + random_below(random, 15);
        for (unsigned i = 0; i < n; i++) {
            put(stream, random_u32(random));
        }
        return;
    }
    put_prefixes(stream, random);
    if (dice < 35) {
        put(stream, random_u32(random));
        put_operand(stream, random);
    } else if (dice < 52) {
        put(stream, 0x0f);
        put(stream, random_u32(random));
        put_operand(stream, random);
    } else if (dice < 55) {
        put(stream, 0x0f);
        put(stream, random_percent(random, 50) ? 0x38 : 0x3a);
        put(stream, random_u32(random));
        put_operand(stream, random);
    } else if (dice < 65) {
        put(stream, 0xd8 | random_below(random, 8));
        put_operand(stream, random);
    } else if (dice < 70) {
        if (random_percent(random, 60)) {
            put(stream, random_percent(random, 70) ? 0xf3 : 0xf2);
        }
        put(stream, RANDOM_PICK(random, strings));
    } else if (dice < 82) {
        put_system(stream, random);
    } else if (dice < 92) {
        put_load(stream, random);
    } else {
        put_near_branch(stream, random);
    }
}

void fuzz_make_code(struct random *random, uint8_t *bytes, unsigned n_bytes)
{
    struct stream stream;
    unsigned at = 0;
    while (at < n_bytes) {
        put_instruction(&stream, random);
        /* Operands are put whole; most instructions want less of them. */
        unsigned n = stream.n > 3 && random_percent(random, 70)
                         ? stream.n - random_below(random, stream.n > 6 ? 5 : 2)
                         : stream.n;
        n = n < n_bytes - at ? n : n_bytes - at;
        memcpy(bytes + at, stream.bytes, n);
        at += n;
    }
    /* MASKMOVQ and MASKMOVDQU: whether a byte that is masked out faults differs from CPU to CPU. */
    for (at = 1; at < n_bytes; at++) {
        if (bytes[at - 1] == 0x0f && bytes[at] == 0xf7) {
            bytes[at] = 0xf6;
        }
    }
    /* RDRAND, RDSEED: another answer in each run. */
    for (at = 2; at < n_bytes; at++) {
        if (bytes[at - 2] == 0x0f && bytes[at - 1] == 0xc7 && bytes[at] >= 0xf0) {
            bytes[at] &= 0x3f;
        }
    }
}
