/* each.c - one instruction of every kind, for those who ask what a choice can select. */
#include "map/map_internal.h"
#include "scan/scan.h"

enum { N_OPCODES = 4 * 256 }; /* one byte, 0F, 0F 38, 0F 3A */

static void decode_one(const struct scanner *scanner, uint8_t prefix, unsigned opcode,
                       uint8_t modrm, struct insn *insn)
{
    static const uint8_t third[] = {0, 0, 0x38, 0x3a};
    uint8_t bytes[INSN_MAX_BYTES] = {0};
    unsigned n = 0, map = opcode >> 8;
    if (prefix) {
        bytes[n++] = prefix;
    }
    if (map) {
        bytes[n++] = 0x0f;
    }
    if (map > 1) {
        bytes[n++] = third[map];
    }
    bytes[n++] = (uint8_t)opcode;
    bytes[n] = modrm;
    scan_decode(scanner, bytes, sizeof(bytes), true, 0, false, insn);
    map_find_form(insn);
}

/* 0F 01 has instructions in its rm field. */
static bool is_worth(unsigned opcode, unsigned modrm, bool every_rm)
{
    return (modrm < 64 && (modrm & 7) == 1) ||
           (modrm >= 0xc0 && (every_rm || opcode == 0x101 || (modrm & 7) == 0));
}

static void see_opcode(const struct scanner *scanner, uint8_t prefix, unsigned opcode,
                       bool every_rm, map_each_fn *see, void *arg, struct map_match *match)
{
    struct insn insn;
    for (unsigned modrm = 0; modrm < 256; modrm++) {
        if (!is_worth(opcode, modrm, every_rm)) {
            continue;
        }
        decode_one(scanner, prefix, opcode, (uint8_t)modrm, &insn);
        match->insn = &insn;
        match->has_decoded = false;
        see(arg, match);
        if (!insn.has_modrm && !(insn.flags & INSN_INVALID) && !every_rm) {
            break;
        }
    }
}

void map_each_insn(const struct map *map, bool every_rm, map_each_fn *see, void *arg)
{
    static const uint8_t prefixes[] = {0, 0x66, 0xf2, 0xf3};
    struct scanner scanner;
    struct map_match match = {.map = map};
    scan_init(&scanner);
    for (unsigned p = 0; p < sizeof(prefixes); p++) {
        for (unsigned opcode = 0; opcode < N_OPCODES; opcode++) {
            see_opcode(&scanner, prefixes[p], opcode, every_rm, see, arg, &match);
        }
    }
}
