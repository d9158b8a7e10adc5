/* segment.c - MOV and POP to DS, ES, FS, GS in ring 0: kernels load the selectors that are there
 * already, on each entry and before each return. Loading the same selector from the same eight
 * bytes changes nothing, so the bytes are compared in place: SDM vol. 3, "Segment Descriptors";
 * struct cpu's seg_raw says what they were (emul/desc.c). Everything else is the C function's. No
 * flags: NOT, LEA, JRCXZ. Place in the flow: called by translate_form().
 */
#include "translate/translate.h"

static void emit_not(struct translator *t, int reg, bool wide)
{
    struct host_op op = {.opcode = 0xf7, .rex_w = wide};
    emit_op_reg(&t->emit, &op, 2, reg);
}

/* jrcxz if r8 is the field of struct cpu; rcx is lost, r9 has it. Returns where its rel8 lies. */
static uint32_t hop_if_equal(struct translator *t, int32_t field, bool wide)
{
    struct emit *e = &t->emit;
    struct host_mem mem = host_mem_base(R15, field);
    struct host_mem minus = host_mem_index(R8, R10, 1, 1);
    if (wide) {
        emit_load64(e, R10, &mem);
    } else {
        emit_load32(e, R10, &mem);
    }
    emit_not(t, R10, wide);
    if (wide) {
        emit_lea64(e, RCX, &minus);
    } else {
        emit_lea32(e, RCX, &minus);
    }
    return emit_loop_rel8(e, 0xe3, false);
}

static void load_if_changed(struct translator *t, const struct insn *insn, enum seg seg)
{
    struct emit *e = &t->emit;
    struct host_mem lin = host_mem_base(R15, CPU_SEG_LIN + 4 * (int32_t)seg);
    struct host_mem desc = host_mem_guest(R8, NO_REG, 1, 0);
    emit_mov_rr64(e, R9, RCX);
    const uint32_t same_selector = hop_if_equal(t, CPU_SEG_KEY + 4 * (int32_t)seg, false);
    const uint32_t other = emit_loop_rel8(e, 0xeb, false);
    emit_patch_rel8(e, same_selector);
    emit_mov_rr64(e, RCX, R9); /* the load may fault */
    emit_load32(e, R8, &lin);
    emit_load64(e, R8, &desc);
    const uint32_t same_bytes = hop_if_equal(t, CPU_SEG_RAW + 8 * (int32_t)seg, true);
    emit_patch_rel8(e, other);
    emit_mov_rr64(e, RCX, R9);
    translate_helper(t, insn, (enum emul_op)insn->op);
    const uint32_t done = emit_loop_rel8(e, 0xeb, false);
    emit_patch_rel8(e, same_bytes);
    emit_mov_rr64(e, RCX, R9);
    if (insn->op == OP_POP_SEG) {
        struct host_mem above = host_mem_base(R12, 4);
        emit_lea64(e, R12, &above);
    }
    emit_patch_rel8(e, done);
}

void translate_load_segment(struct translator *t, const struct insn *insn)
{
    const uint32_t need = MODE_CPL0 | MODE_PROT, without = MODE_STEP | MODE_V86;
    const bool pops = insn->op == OP_POP_SEG;
    const unsigned seg = pops ? insn->opcode >> 3 & 7u : insn_reg(insn);
    const bool is_inline = translate_flat(t) && (t->mode & (need | without)) == need && !t->kind &&
                           seg < N_SEG && seg != SEG_CS && seg != SEG_SS &&
                           (pops ? insn->opattr == 4 : !insn->is_mem && insn_rm(insn) != GPR_ESP);
    if (!is_inline) {
        translate_helper(t, insn, (enum emul_op)insn->op);
        t->shadow_next = true;
        return;
    }
    if (pops) {
        struct host_mem top = host_mem_base(R12, 0);
        emit_load32(&t->emit, R8,
                    &top); /* as the C function does: of two pages both must be there */
        emit_movzx16(&t->emit, R8, R8);
    } else {
        emit_movzx16(&t->emit, R8, (int)insn_rm(insn));
    }
    load_if_changed(t, insn, (enum seg)seg);
}
