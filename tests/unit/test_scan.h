/* test_scan.h - what the tests of scan/ and map/ share: every encoding, one after the other, and
 * Zydis' own opinion of it. */
#ifndef TESTS_UNIT_TEST_SCAN_H
#define TESTS_UNIT_TEST_SCAN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "cpu/cpu.h"
#include "map/map.h"
#include "scan/scan.h"

static struct scanner scanner;
static struct map *map;

static inline int setup_scanner(void **state)
{
    (void)state;
    scan_init(&scanner);
    map = map_create();
    assert_non_null(map);
    return 0;
}

struct zydis { /* what Zydis says of the same bytes */
    ZyanStatus status;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
};

static inline void ask_zydis(const uint8_t *bytes, unsigned n_bytes, bool code32, struct zydis *out)
{
    memset(out, 0, sizeof(*out));
    out->status = ZydisDecoderDecodeFull(code32 ? &scanner.code32 : &scanner.code16, bytes, n_bytes,
                                         &out->insn, out->op);
}

/* "66 0f 6f /c1", for messages. */
static inline const char *show_bytes(const uint8_t *bytes, unsigned n_bytes)
{
    static char text[64];
    text[0] = 0;
    for (unsigned i = 0; i < n_bytes && i < 15; i++) {
        snprintf(text + 3 * i, 4, "%02x ", bytes[i]);
    }
    return text;
}

struct encoding {
    uint8_t bytes[16];
    unsigned n_bytes; /* always 15: what follows is an immediate or nothing */
    bool code32;
};

static inline void make_encoding(struct encoding *e, uint8_t prefix, unsigned opcode_map,
                                 uint8_t opcode, uint8_t modrm, bool code32)
{
    unsigned n = 0;
    memset(e->bytes, 0x11, sizeof(e->bytes));
    if (prefix) {
        e->bytes[n++] = prefix;
    }
    if (opcode_map) {
        e->bytes[n++] = 0x0f;
    }
    if (opcode_map >= 2) {
        e->bytes[n++] = opcode_map == 2 ? 0x38 : 0x3a;
    }
    e->bytes[n++] = opcode;
    e->bytes[n++] = modrm;
    e->n_bytes = 15;
    e->code32 = code32;
}

/* Every opcode of every map, with every mandatory prefix and LOCK, with every ModRM, in 32-bit and
 * 16-bit code: half a million encodings. */
static inline void for_each_encoding(void (*one)(const struct encoding *e))
{
    static const uint8_t prefixes[] = {0, 0x66, 0xf2, 0xf3, 0xf0, 0x67};
    struct encoding e;
    for (unsigned code32 = 0; code32 < 2; code32++) {
        for (unsigned p = 0; p < sizeof(prefixes); p++) {
            for (unsigned opcode_map = 0; opcode_map < 4; opcode_map++) {
                for (unsigned i = 0; i < 65536; i++) {
                    make_encoding(&e, prefixes[p], opcode_map, i >> 8, i & 0xff, code32);
                    one(&e);
                }
            }
        }
    }
}

static inline void decode_judge(const struct encoding *e, struct insn *insn)
{
    scan_decode(&scanner, e->bytes, e->n_bytes, e->code32, 0x1000, true, insn);
    static const struct map_site site = {.mode = MODE_CPL0 | MODE_PROT | MODE_CODE32};
    map_judge(map, insn, &site);
}

#endif
