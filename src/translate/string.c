/* string.c - string instructions: ES:EDI cannot be overridden, so rsi and rdi become host pointers
 * for the length of the instruction and are cut back to 32 bits after it (pitfall 4). A fault
 * inside REP is folded back by run/signals.c: UNIT_STRING says from where on. Under TF the C
 * function runs one iteration at a time. */
#include "translate/translate.h"

enum { USES_SI = 1, USES_DI = 2 };

static unsigned string_uses(const struct insn *insn)
{
    switch (insn->opcode & 0xfe) {
    case 0xa4: /* MOVS */
    case 0xa6: /* CMPS */
        return USES_SI | USES_DI;
    case 0xac: /* LODS */
        return USES_SI;
    default: /* STOS, SCAS */
        return USES_DI;
    }
}

static void to_pointer(struct translator *t, int reg)
{
    struct emit *e = &t->emit;
    struct host_mem flat = host_mem_index(R13, reg, 1, 0);
    if (t->kind & SITE_DUAL) {
        t->unit_kind |= UNIT_DUAL;
        struct host_mem slot = host_mem_index(R15, R9, 8, CPU_DUAL_BASE);
        emit_mov_ri32(e, R9, 21);
        emit_shrx32(e, R9, reg, R9);
        emit_load64(e, R9, &slot);
        flat = host_mem_index(R9, reg, 1, 0);
    }
    emit_lea64(e, reg, &flat);
}

static void translate_xlat(struct translator *t)
{
    struct host_op load = {.opcode = 0x8a};
    struct host_mem mem = host_mem_guest(RBX, R8, 1, 0);
    emit_movzx8(&t->emit, R8, RAX);
    emit_op_mem(&t->emit, &load, RAX, &mem);
}

void translate_string(struct translator *t, const struct insn *insn)
{
    struct emit *e = &t->emit;
    bool odd_segment = insn->seg == SEG_FS || insn->seg == SEG_GS;
    bool fast = translate_flat(t) && insn->adsize == 4 && !odd_segment &&
                !(t->kind & (SITE_CHECKED | SITE_GS)) && !(t->mode & MODE_STEP);
    if (insn->verdict == VERDICT_XLAT && fast && !(t->kind & SITE_DUAL)) {
        translate_xlat(t);
        return;
    }
    if (!translate_flat(t) && translate_computed_string(t, insn)) {
        return;
    }
    if (fast && (t->kind & SITE_LOOKUP)) {
        struct insn site = *insn;
        site.looks_up = true;
        translate_helper(t, &site, OP_STRING);
        return;
    }
    if (!fast || insn->verdict == VERDICT_XLAT) {
        translate_helper(t, insn, (enum emul_op)insn->op);
        t->unit_kind |= UNIT_CHECKED;
        return;
    }
    unsigned uses = string_uses(insn);
    if (uses & USES_SI) {
        to_pointer(t, RSI);
    }
    if (uses & USES_DI) {
        to_pointer(t, RDI);
    }
    t->unit_kind |= UNIT_STRING;
    t->aux = (uint16_t)emit_off(e);
    if (insn->has_66) {
        emit_u8(e, 0x66);
    }
    if (insn->prefixes & PREFIX_REP) {
        emit_u8(e, 0xf3);
    } else if (insn->prefixes & PREFIX_REPNE) {
        emit_u8(e, 0xf2);
    }
    emit_u8(e, insn->opcode);
    if (uses & USES_SI) {
        emit_mov_rr32(e, RSI, RSI);
    }
    if (uses & USES_DI) {
        emit_mov_rr32(e, RDI, RDI);
    }
}
