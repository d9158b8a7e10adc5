/* near.c - transfers of control inside CS in their checked form: targets against the CS limit,
 * 16-bit operands, stacks with a limit (SDM vol. 2, "CALL", "RET", "JMP", "Jcc", "LOOP").
 */
#include "emul/local.h"

/* The target as EIP, cut to the operand size and checked. 0 or -1 with #GP(0). */
static int check_target(struct cpu *cpu, const struct insn *insn, uint32_t *target)
{
    if (insn->opattr == 2) {
        *target &= 0xffff;
    }
    if (*target > cpu->seg[SEG_CS].limit) {
        return emul_raise(cpu, VEC_GP, 0);
    }
    return 0;
}

static uint32_t relative_target(const struct cpu *cpu, const struct insn *insn)
{
    return cpu->eip + insn->n_bytes + insn->imm;
}

static int read_target(struct cpu *cpu, const struct insn *insn, uint32_t *target)
{
    if (insn->opcode != 0xff) {
        *target = relative_target(cpu, insn);
        return 0;
    }
    return emul_read_rm(cpu, insn, insn->opattr, target);
}

/* E8, FF /2 */
enum light_result emul_call(struct cpu *cpu, const struct insn *insn)
{
    uint32_t target;
    if (read_target(cpu, insn, &target) || check_target(cpu, insn, &target) ||
        emul_push_word(cpu, insn->opattr, cpu->eip + insn->n_bytes)) {
        return LIGHT_FAULT;
    }
    cpu->eip = target;
    return LIGHT_JUMP;
}

/* C3, C2 iw */
enum light_result emul_ret(struct cpu *cpu, const struct insn *insn)
{
    uint32_t target;
    if (emul_peek_words(cpu, 0, insn->opattr, &target, 1) || check_target(cpu, insn, &target)) {
        return LIGHT_FAULT;
    }
    emul_pop_bytes(cpu, insn->opattr + (insn->opcode == 0xc2 ? insn->imm & 0xffff : 0));
    cpu->eip = target;
    return LIGHT_JUMP;
}

/* Condition codes, low four bits of Jcc ("EFLAGS Condition Codes"). */
static bool is_condition_true(uint32_t flags, unsigned code)
{
    const bool sign_differs = !(flags & FLAG_SF) != !(flags & FLAG_OF);
    bool result = false;
    switch (code >> 1) {
    case 0:
        result = flags & FLAG_OF;
        break;
    case 1:
        result = flags & FLAG_CF;
        break;
    case 2:
        result = flags & FLAG_ZF;
        break;
    case 3:
        result = flags & (FLAG_CF | FLAG_ZF);
        break;
    case 4:
        result = flags & FLAG_SF;
        break;
    case 5:
        result = flags & FLAG_PF;
        break;
    case 6:
        result = sign_differs;
        break;
    case 7:
        result = sign_differs || (flags & FLAG_ZF);
        break;
    }
    return result != (code & 1);
}

/* E0 LOOPNE, E1 LOOPE, E2 LOOP, E3 JCXZ; the count is CX or ECX by address size. */
static enum light_result loop(struct cpu *cpu, const struct insn *insn)
{
    const uint32_t mask = emul_size_mask(insn->adsize);
    uint32_t count = cpu_reg(cpu, GPR_ECX) & mask;
    bool taken = count == 0;
    if (insn->opcode != 0xe3) {
        count = (count - 1) & mask;
        taken = count != 0;
        if (insn->opcode != 0xe2) {
            taken = taken && !(cpu->arith & FLAG_ZF) == (insn->opcode == 0xe0);
        }
    }
    uint32_t target = relative_target(cpu, insn);
    if (taken && check_target(cpu, insn, &target)) {
        return LIGHT_FAULT;
    }
    emul_write_reg(cpu, GPR_ECX, insn->adsize, count);
    if (!taken) {
        return LIGHT_NEXT;
    }
    cpu->eip = target;
    return LIGHT_JUMP;
}

/* E9, EB, FF /4, 70-7F, 0F 80-8F, E0-E3 */
enum light_result emul_jmp(struct cpu *cpu, const struct insn *insn)
{
    const bool is_jcc = insn->map == 1 || (insn->opcode & 0xf0) == 0x70;
    uint32_t target;
    if (!is_jcc && insn->opcode >= 0xe0 && insn->opcode <= 0xe3) {
        return loop(cpu, insn);
    }
    if (is_jcc && !is_condition_true(cpu->arith, insn->opcode & 15)) {
        return LIGHT_NEXT;
    }
    if (read_target(cpu, insn, &target) || check_target(cpu, insn, &target)) {
        return LIGHT_FAULT;
    }
    cpu->eip = target;
    return LIGHT_JUMP;
}
