/* shape.h - what instructions with the same prefixes, opcode and ModRM have in common, whatever
 * their SIB byte, displacement and immediates are: asked of Zydis once, then known. PURE: the table
 * is the caller's, and what is in it changes only how long an answer takes.
 */
#ifndef SCAN_SHAPE_H
#define SCAN_SHAPE_H

#include <Zydis/Zydis.h>

#include "scan/insn.h"

struct shape {
    uint32_t key; /* 0: none */
    uint8_t imm_bytes, imm2_bytes;
    bool imm_signed, is_moffs;
    struct insn insn;
};
enum { SHAPE_BITS = 11 };
struct shape_table {
    struct shape shapes[1 << SHAPE_BITS];
};

/* The fixed part of an instruction at hand. */
struct shape_head {
    uint32_t key; /* 0: not of a kind that is remembered */
    uint8_t n_bytes;
    uint8_t seg; /* enum seg of the last override, else INSN_NO_REG */
    uint8_t modrm;
    bool has_modrm;
};

/* Reads prefixes, opcode and ModRM of 32-bit code; INSN_MAX_BYTES bytes are there. */
struct shape_head shape_read_head(const uint8_t *bytes);
/* Fills *insn and returns true if an instruction with this head was learned before. */
bool shape_decode(const struct shape_table *table, const uint8_t *bytes, uint32_t eip,
                  struct insn *insn);
/* Zydis has decoded it, found it valid, and *insn is what became of it. */
void shape_learn(struct shape_table *table, const struct shape_head *head, const uint8_t *bytes,
                 const ZydisDecodedInstruction *zydis, const struct insn *insn);

#endif
