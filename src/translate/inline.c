/* inline.c - technique inline: a few host instructions in place of a system instruction. */
#include "translate/translate.h"

static void translate_cli(struct translator *t)
{
    struct host_mem iff = host_mem_base(R15, CPU_IFF);
    emit_store_imm32(&t->emit, &iff, 0);
}

/* IF := 1; if INTR is high already, C code sees to it that one more instruction runs before it. The
 * test is by jrcxz: no flags. */
static void translate_sti(struct translator *t, const struct insn *insn)
{
    struct emit *e = &t->emit;
    struct host_mem iff = host_mem_base(R15, CPU_IFF), intr = host_mem_base(R15, CPU_INTR);
    emit_store_imm32(e, &iff, FLAG_IF);
    emit_mov_rr64(e, R9, RCX);
    emit_load32(e, RCX, &intr);
    uint32_t quiet = emit_loop_rel8(e, 0xe3, false);
    emit_mov_rr64(e, RCX, R9);
    translate_helper(t, insn, OP_STI_PENDING);
    emit_u8(e, 0xeb);
    emit_u8(e, 0);
    uint32_t done = emit_off(e) - 1;
    emit_patch_rel8(e, quiet);
    emit_mov_rr64(e, RCX, R9);
    emit_patch_rel8(e, done);
    t->shadow_next = true;
}

static void translate_mov_from_seg(struct translator *t, const struct insn *insn)
{
    struct emit *e = &t->emit;
    struct host_mem selector =
        host_mem_base(R15, (int32_t)(CPU_SEG + CPU_SEG_BYTES * insn_reg(insn) + CPU_SEG_SELECTOR));
    if (insn->is_mem) {
        struct host_mem mem;
        translate_address(t, insn, 0, false, &mem);
        emit_load16z(e, R10, &selector);
        emit_store16(e, &mem, R10);
        translate_commit(t, insn);
        return;
    }
    int reg = translate_reg(insn_rm(insn));
    if (insn->opattr == 2) {
        struct host_op load = {.legacy = {0x66}, .n_legacy = 1, .opcode = 0x8b};
        emit_op_mem(e, &load, reg, &selector);
        return;
    }
    emit_load16z(e, reg, &selector);
    if (reg == R12) {
        translate_esp_fix(t, true);
    }
}

void translate_inline(struct translator *t, const struct insn *insn)
{
    bool ring0 = (t->mode & MODE_CPL0) && !(t->mode & MODE_V86);
    if (insn->verdict == VERDICT_CLI && ring0) {
        translate_cli(t);
    } else if (insn->verdict == VERDICT_STI && ring0 && !(t->mode & MODE_STEP)) {
        translate_sti(t, insn);
    } else if (insn->verdict == VERDICT_MOV_FROM_SEG) {
        translate_mov_from_seg(t, insn);
    } else {
        translate_helper(t, insn, (enum emul_op)insn->op);
        t->shadow_next = insn->verdict == VERDICT_STI;
    }
}
