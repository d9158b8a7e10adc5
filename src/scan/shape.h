/* shape.h - what instructions with the same prefixes, opcode and ModRM have in common, whatever
 * their SIB byte, displacement and immediates are: asked of Zydis once, then known. PURE: the table
 * is the caller's, and what is in it changes only how long an answer takes.
 */
#ifndef SCAN_SHAPE_H
#define SCAN_SHAPE_H

#include <stddef.h>

#include <Zydis/Zydis.h>

#include "scan/insn.h"

/* Of struct insn what is behind the instruction's place and bytes; its end, insn->shape, is the
 * key. One line of memory: many kinds are met, each seldom. */
enum {
    SHAPE_FROM = offsetof(struct insn, opsize),
    SHAPE_TAIL = offsetof(struct insn, shape) - SHAPE_FROM
};
enum { SHAPE_LINE_BYTES = 64 };
struct shape {
    _Alignas(SHAPE_LINE_BYTES) uint8_t tail[SHAPE_TAIL];
    uint32_t key;      /* 0: none */
    uint32_t imm_sign; /* the sign bit of the first immediate, 0 if it is not signed */
    uint8_t imm_bytes, imm2_bytes;
    bool is_moffs;
    bool is_judged; /* the tail has the map's judgement too */
};
_Static_assert(sizeof(struct shape) == SHAPE_LINE_BYTES, "a line");
_Static_assert(offsetof(struct insn, shape) + sizeof(uint32_t) == sizeof(struct insn), "its end");
enum { SHAPE_BITS = 11 };
struct shape_table {
    struct shape shapes[1 << SHAPE_BITS];
};
/* An empty one, for free(); NULL: no memory. */
struct shape_table *shape_table_create(void);

/* The fixed part of an instruction at hand. */
struct shape_head {
    uint32_t key; /* 0: not of a kind that is remembered */
    uint8_t n_bytes;
    uint8_t seg; /* enum seg of the last override, else INSN_NO_REG */
    uint8_t modrm;
    bool has_modrm;
};

enum { SHAPE_MIN_BYTES = 16 }; /* how many must be there: reads do not look at an operand's size */
/* Reads prefixes, opcode and ModRM of 32-bit code. */
struct shape_head shape_read_head(const uint8_t *bytes);
/* Fills *insn and returns its shape if an instruction with this head was learned before; else NULL.
 * What the map says of it means something only if the shape is judged. */
struct shape *shape_decode(struct shape_table *table, const uint8_t *bytes, uint32_t eip,
                           struct insn *insn);
/* The map says of each instruction of this shape what it has said of *insn. */
void shape_note_judgement(struct shape *shape, const struct insn *insn);
/* Zydis has decoded it, found it valid, and *insn is what became of it. */
void shape_learn(struct shape_table *table, const struct shape_head *head, const uint8_t *bytes,
                 const ZydisDecodedInstruction *zydis, const struct insn *insn);

#endif
