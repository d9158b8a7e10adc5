/* computed_string.c - MOVS, STOS and LODS without REP, and XLAT, where segments have bases or
 * limits or addresses are 16-bit. Place in the flow: called by string.c; the gate is computed.c's.
 *
 * They become a load and a store: nothing is ever a host pointer, so a fault needs no folding. The
 * step comes from struct cpu's copy of the direction flag. Repeated ones and
 * comparisons are left to C. */
#include "translate/translate.h"

/* Offset of SI or DI into r8d. */
static void index_off(struct translator *t, const struct insn *insn, int reg)
{
    if (insn->adsize == 2) {
        emit_movzx16(&t->emit, R8, reg);
    } else {
        emit_mov_rr32(&t->emit, R8, reg);
    }
}

static void gate(struct translator *t, enum reach use, enum seg seg, unsigned size)
{
    translate_gate(t, R8, CPU_REACH + 8 * (int32_t)(use * N_SEG + seg), seg, size);
}

/* r10d = 0, or all ones if DF is set. Flags stay. */
static void direction(struct translator *t)
{
    struct emit *e = &t->emit;
    struct host_mem df = host_mem_base(R15, CPU_DF);
    emit_load32(e, R10, &df);
    emit_mov_ri32(e, R11, 21); /* DF is bit 10 */
    emit_shlx32(e, R10, R10, R11);
    emit_mov_ri32(e, R11, 31);
    emit_sarx32(e, R10, R10, R11);
}

/* SI or DI moves by size, or back: size + r10d * 2 * size. */
static void advance(struct translator *t, const struct insn *insn, int reg, unsigned size)
{
    struct host_op move16 = {.legacy = {0x66}, .n_legacy = 1, .opcode = 0x8b};
    struct host_mem sum = host_mem_index(reg, R10, 2 * size, (int32_t)size);
    if (insn->adsize == 2) {
        emit_lea32(&t->emit, R8, &sum);
        emit_op_reg(&t->emit, &move16, reg, R8);
    } else {
        emit_lea32(&t->emit, reg, &sum);
    }
}

/* mov between reg and gs:[r8d + r9d]. */
static void move(struct translator *t, bool store, int reg, unsigned size)
{
    struct host_mem mem = host_mem_guest(R8, R9, 1, 0);
    struct host_op op = {.opcode = (uint8_t)((store ? 0x88 : 0x8a) | (size > 1))};
    if (size == 2) {
        op.legacy[op.n_legacy++] = 0x66;
    }
    if (!store && reg == R10 && size < 4) { /* scratch holds nothing to keep */
        op = (struct host_op){.map = 1, .opcode = (uint8_t)(size == 1 ? 0xb6 : 0xb7)};
    }
    emit_op_mem(&t->emit, &op, reg, &mem);
}

static void xlat(struct translator *t, const struct insn *insn, enum seg seg)
{
    struct emit *e = &t->emit;
    struct host_mem sum = host_mem_index(RBX, R8, 1, 0);
    emit_movzx8(e, R8, RAX);
    emit_lea32(e, R8, &sum);
    if (insn->adsize == 2) {
        emit_movzx16(e, R8, R8);
    }
    gate(t, REACH_READ, seg, 1);
    move(t, false, RAX, 1);
}

bool translate_computed_string(struct translator *t, const struct insn *insn)
{
    unsigned size = insn->opcode & 1 ? insn->opattr : 1;
    enum seg seg = insn->seg_override ? (enum seg)insn->seg : SEG_DS;
    bool repeats = insn->prefixes & (PREFIX_REP | PREFIX_REPNE);
    if (!translate_computed(t) || (t->kind & SITE_DUAL) || repeats) {
        return false;
    }
    if (insn->verdict == VERDICT_XLAT) {
        xlat(t, insn, seg);
        return true;
    }
    switch (insn->opcode & 0xfe) {
    case 0xa4: /* MOVS */
        index_off(t, insn, RSI);
        gate(t, REACH_READ, seg, size);
        move(t, false, R10, size);
        index_off(t, insn, RDI);
        gate(t, REACH_WRITE, SEG_ES, size);
        move(t, true, R10, size);
        direction(t);
        advance(t, insn, RSI, size);
        advance(t, insn, RDI, size);
        return true;
    case 0xaa: /* STOS */
        direction(t);
        index_off(t, insn, RDI);
        gate(t, REACH_WRITE, SEG_ES, size);
        move(t, true, RAX, size);
        advance(t, insn, RDI, size);
        return true;
    case 0xac: /* LODS */
        direction(t);
        index_off(t, insn, RSI);
        gate(t, REACH_READ, seg, size);
        move(t, false, RAX, size);
        advance(t, insn, RSI, size);
        return true;
    default:
        return false;
    }
}
