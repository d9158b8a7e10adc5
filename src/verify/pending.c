/* pending.c - runs of stack instructions: r12 is behind guest ESP by what the unit's table says.
 * Three parties must agree: the table, which signals.c adds; the code, by how much it moves r12;
 * and the guest's instruction, by how much that moves ESP. For each instruction of a run pending
 * before + ESP's move = r12's move + pending behind. Nobody enters where something is pending: such
 * places are no targets (verify.c, sweep.c), and the range of r12 is what the instruction before
 * has left.
 */
#include "verify/verify_internal.h"

static int32_t pending_at(const struct verifier *v, uint32_t index)
{
    return index < v->in->n_insns ? unit_insn_pending(&v->in->insns[index]) : 0;
}

int32_t pending_before(const struct verifier *v)
{
    return v->in_exits ? 0 : pending_at(v, v->index);
}

static bool is_esp(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->reg.value == ZYDIS_REGISTER_ESP;
}

/* Does any operand, hidden ones too, write ESP or a part of it? */
static bool writes_esp(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *operands)
{
    for (unsigned i = 0; i < z->operand_count; i++) {
        bool part = operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                    ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LEGACY_32,
                                                     operands[i].reg.value) == ZYDIS_REGISTER_ESP;
        if (part && (operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)) {
            return true;
        }
    }
    return false;
}

static bool set_move(struct verifier *v, int64_t move)
{
    v->guest_esp_move = move;
    return true;
}

static bool near_move(struct verifier *v, const ZydisDecodedInstruction *z,
                      const ZydisDecodedOperand *operands)
{
    if (z->meta.branch_type != ZYDIS_BRANCH_TYPE_NEAR || z->operand_width != 32) {
        return false;
    }
    if (z->mnemonic == ZYDIS_MNEMONIC_CALL) {
        return set_move(v, -4);
    }
    return set_move(v, z->operand_count_visible ? 4 + (int64_t)operands[0].imm.value.u : 4);
}

/* By how much the guest's instruction moves ESP; false: not known here. */
static bool find_move(struct verifier *v, const ZydisDecodedInstruction *z,
                      const ZydisDecodedOperand *operands)
{
    const ZydisDecodedOperand *first = &operands[0], *second = &operands[1];
    bool sum = z->operand_count_visible == 2 && is_esp(first) &&
               second->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    switch (z->mnemonic) {
    case ZYDIS_MNEMONIC_PUSH:
        return set_move(v, -(z->operand_width / 8));
    case ZYDIS_MNEMONIC_POP:
        return !is_esp(first) && set_move(v, z->operand_width / 8);
    case ZYDIS_MNEMONIC_CALL:
    case ZYDIS_MNEMONIC_RET:
        return near_move(v, z, operands);
    case ZYDIS_MNEMONIC_ADD:
        return sum ? set_move(v, second->imm.value.s) : !writes_esp(z, operands) && set_move(v, 0);
    case ZYDIS_MNEMONIC_SUB:
        return sum ? set_move(v, -second->imm.value.s) : !writes_esp(z, operands) && set_move(v, 0);
    case ZYDIS_MNEMONIC_LEA:
        if (is_esp(first)) {
            return second->mem.base == ZYDIS_REGISTER_ESP &&
                   second->mem.index == ZYDIS_REGISTER_NONE && set_move(v, second->mem.disp.value);
        }
        return set_move(v, 0);
    default:
        return !writes_esp(z, operands) && set_move(v, 0);
    }
}

void pending_read_guest(struct verifier *v, const uint8_t *bytes, unsigned n_bytes)
{
    ZydisDecodedInstruction z;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    v->guest_esp_known =
        ZYAN_SUCCESS(ZydisDecoderDecodeFull(&v->guest, bytes, n_bytes, &z, operands)) &&
        find_move(v, &z, operands);
}

bool pending_check(struct verifier *v, uint32_t next)
{
    int64_t before = pending_before(v), behind = pending_at(v, next);
    if (v->after_call_off && v->off >= v->after_call_off) { /* a return: r12 is ESP */
        before = 0;
    }
    if (!before && !behind) {
        return true;
    }
    if (v->state.esp_lost || (v->in->guest && !v->guest_esp_known)) {
        return verify_fail(v, RULE_PENDING);
    }
    /* without the guest's bytes: it has been checked with them when it was made */
    bool agrees = !v->in->guest || before + v->guest_esp_move == v->state.esp_moved + behind;
    return agrees || verify_fail(v, RULE_PENDING);
}

bool pending_begin(struct verifier *v, const struct value *esp, bool falls_in)
{
    if (!pending_before(v)) {
        return true;
    }
    if (!falls_in || esp->kind != VALUE_POINTER || !memory_is_flat(v)) {
        return verify_fail(v, RULE_PENDING);
    }
    v->state.reg[V_R12].lo = esp->lo;
    v->state.reg[V_R12].hi = esp->hi;
    return true;
}
