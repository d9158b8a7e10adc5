/* slot.c - instructions whose 4-byte constant is written again and again (JITs, trampolines, code
 * that changes its own operands): the constant is read from struct cpu, where the store into the
 * code leaves it (cache/smc_light.c), so nothing need be made anew. The usual forms only: MOV reg,
 * PUSH, arithmetic with a register, CALL and JMP. Place in the flow: translate_form() asks here
 * before it makes the usual form.
 */
#include "translate/translate.h"

/* 05 0D 15 1D 25 2D 35 3D */
static bool is_eax_imm(const struct insn *insn)
{
    return (insn->opcode & 0xc7) == 0x05;
}

/* Where the constant of an instruction that has such a form lies; 0: it has none. */
static unsigned constant_off(const struct insn *insn)
{
    if (insn->map != 0 || insn->opattr != 4 || insn->prefixes || insn->is_mem) {
        return 0;
    }
    if (insn->opcode == 0xe8 || insn->opcode == 0xe9 || insn->opcode == 0x68 || is_eax_imm(insn)) {
        return insn->n_bytes == 5 ? 1 : 0;
    }
    if (insn->opcode >= 0xb8 && insn->opcode <= 0xbf) {
        return insn->n_bytes == 5 && (insn->opcode & 7) != GPR_ESP ? 1 : 0;
    }
    return insn->opcode == 0x81 && insn->n_bytes == 6 && insn_rm(insn) != GPR_ESP ? 2 : 0;
}

/* jmp, call: next instruction + constant. */
static void branch(struct translator *t, const struct insn *insn, const struct host_mem *slot)
{
    const uint32_t next = insn->eip + insn->n_bytes; /* loose pages are not moved: not noted */
    struct host_mem sum = host_mem_base(R8, (int32_t)next);
    emit_load32(&t->emit, R8, slot);
    emit_lea32(&t->emit, R8, &sum);
    if (insn->opcode == 0xe8) {
        translate_push_return(t, insn);
    }
    translate_go_indirect(t, insn->opcode == 0xe8);
    if (insn->opcode == 0xe8) {
        translate_landing(t, insn);
    }
}

static void push(struct translator *t, const struct host_mem *slot)
{
    struct host_mem top = host_mem_base(R12, t->esp_pending - 4);
    emit_load32(&t->emit, R8, slot);
    emit_store32(&t->emit, &top, R8);
    translate_move_esp(t, -4);
}

bool translate_slot(struct translator *t, const struct insn *insn)
{
    const unsigned imm_off = t->in->slot ? constant_off(insn) : 0;
    if (!imm_off || !translate_flat(t) || t->kind || (t->mode & MODE_STEP)) {
        return false;
    }
    const int number = t->in->slot(t->in->arg, insn, imm_off);
    if (number < 0) {
        return false;
    }
    struct host_mem slot = host_mem_base(R15, CPU_HOT_IMM + 4 * number);
    if (insn->opcode == 0xe8 || insn->opcode == 0xe9) {
        branch(t, insn, &slot);
    } else if (insn->opcode == 0x68) {
        push(t, &slot);
    } else if (insn->opcode == 0x81 || is_eax_imm(insn)) {
        const unsigned which = insn->opcode == 0x81 ? insn_reg(insn) : insn->opcode >> 3 & 7;
        const struct host_op op = {.opcode = (uint8_t)(0x03 | which << 3)};
        emit_op_mem(&t->emit, &op, insn->opcode == 0x81 ? (int)insn_rm(insn) : RAX, &slot);
    } else {
        emit_load32(&t->emit, insn->opcode & 7, &slot);
    }
    t->unit_kind |= UNIT_SLOT;
    t->aux = (uint16_t)imm_off;
    return true;
}
