/* computed_branch.c - branches in code whose CS has a base or a limit, or whose IP wraps at 64 KiB.
 * Place in the flow: called by branch.c, whose jumps, calls and lookups it uses.
 *
 * Units belong to linear pages, and any CS may lead there: so what a branch means is checked when
 * it is taken. The offset of the target, its linear address minus CS's base, must lie below the
 * limit (and 64 KiB with 16-bit operands); else the gate faults, and the C function finds out
 * whether IP wraps or #GP is due. Conditional branches are checked before it is known whether they
 * are taken: at worst a site becomes a C function for nothing. */
#include "translate/translate.h"

/* r9d = base of CS, if a branch may go to offset off_reg. */
static void code_gate(struct translator *t, const struct insn *insn, int off_reg)
{
    int32_t reach = insn->opattr == 2 ? REACH_CODE16 : REACH_CODE32;
    translate_gate(t, off_reg, CPU_CODE_REACH + 8 * reach, SEG_CS, 1);
}

static void check_known(struct translator *t, const struct insn *insn, uint32_t target)
{
    struct host_mem minus = host_mem_base(R15, CPU_CS_MINUS);
    struct host_mem sum = host_mem_base(R8, (int32_t)target);
    emit_load32(&t->emit, R8, &minus);
    emit_lea32(&t->emit, R8, &sum);
    code_gate(t, insn, R8);
}

/* r10d = linear address of the target in a register or in memory. */
static void load_target(struct translator *t, const struct insn *insn)
{
    struct emit *e = &t->emit;
    struct host_mem sum = host_mem_index(R10, R9, 1, 0);
    if (insn->is_mem) {
        struct host_mem mem;
        translate_address(t, insn, 0, true, &mem);
        if (insn->opattr == 2) {
            emit_load16z(e, R10, &mem);
        } else {
            emit_load32(e, R10, &mem);
        }
    } else if (insn->opattr == 2) {
        emit_movzx16(e, R10, translate_reg(insn_rm(insn)));
    } else {
        emit_mov_rr32(e, R10, translate_reg(insn_rm(insn)));
    }
    code_gate(t, insn, R10);
    emit_lea32(e, R10, &sum);
}

/* CX counts: the host's own instruction on a zero-extended copy. */
static void loop16(struct translator *t, const struct insn *insn, uint32_t target)
{
    struct emit *e = &t->emit;
    struct host_op move16 = {.legacy = {0x66}, .n_legacy = 1, .opcode = 0x8b};
    emit_mov_rr64(e, R9, RCX);
    emit_movzx16(e, RCX, RCX);
    uint32_t taken = emit_loop_rel8(e, insn->opcode, true);
    emit_op_reg(e, &move16, R9, RCX);
    emit_mov_rr32(e, RCX, R9);
    uint32_t skip = emit_loop_rel8(e, 0xeb, false);
    emit_patch_rel8(e, taken);
    emit_op_reg(e, &move16, R9, RCX);
    emit_mov_rr32(e, RCX, R9);
    translate_jump_long(t, target);
    emit_patch_rel8(e, skip);
}

static void ret(struct translator *t, const struct insn *insn)
{
    struct host_mem sum = host_mem_index(R10, R9, 1, 0);
    translate_computed_pop(t, insn->opattr, insn->opcode == 0xc2 ? insn->imm & 0xffff : 0);
    code_gate(t, insn, R10);
    emit_lea32(&t->emit, R10, &sum);
    translate_computed_set_esp(t);
    emit_mov_rr32(&t->emit, R8, R10);
    translate_return(t);
}

bool translate_computed_branch(struct translator *t, const struct insn *insn)
{
    uint32_t target = 0, next = insn->eip + insn->n_bytes;
    bool cuts_eip = insn->opattr == 2 && (t->mode & MODE_CODE32);
    if (!translate_computed(t) || (t->mode & MODE_STEP) || (t->kind & SITE_DUAL) || cuts_eip) {
        return false;
    }
    if (scan_has_target(insn, &target)) {
        check_known(t, insn, target);
    }
    switch ((enum verdict)insn->verdict) {
    case VERDICT_JMP:
        translate_jump(t, -1, target);
        return true;
    case VERDICT_JCC:
        translate_jump(t, insn->opcode & 15, target);
        return true;
    case VERDICT_LOOP:
        if (insn->adsize == 2) {
            loop16(t, insn, target);
        } else {
            translate_loop(t, insn, target);
        }
        return true;
    case VERDICT_CALL:
        translate_computed_push(t, R11, next, insn->opattr);
        translate_call_known(t, insn, target);
        return true;
    case VERDICT_CALL_INDIRECT:
        load_target(t, insn);
        translate_computed_push(t, R11, next, insn->opattr);
        emit_mov_rr32(&t->emit, R8, R10);
        translate_go_indirect(t, true);
        translate_landing(t, insn);
        return true;
    case VERDICT_JMP_INDIRECT:
        load_target(t, insn);
        emit_mov_rr32(&t->emit, R8, R10);
        translate_go_indirect(t, false);
        return true;
    case VERDICT_RET:
        ret(t, insn);
        return true;
    default:
        return false;
    }
}
