/* step.c - the effect of one host instruction on the abstract state: registers, the guest's own
 * instruction, strings. The moves that translation needs are in moves.c, branches in branch.c. */
#include "verify/verify_internal.h"

/* What may be read as a source: a guest value. Nothing of ours gets into a guest register. */
bool read_reg(struct verifier *v, ZydisRegister reg)
{
    ZydisRegisterClass width = ZydisRegisterGetClass(reg);
    unsigned number = reg_number(reg);
    const struct value *value = &v->state.reg[number];
    if (width == ZYDIS_REGCLASS_GPR64) {
        return verify_fail(v, RULE_WIDE);
    }
    if (number == V_RSP || number >= V_R13 || is_low_byte_of_pointer(reg)) {
        return verify_fail(v, RULE_SOURCE);
    }
    if (number == V_R12 && pending_before(v)) { /* it is not ESP */
        return verify_fail(v, RULE_PENDING);
    }
    if (number == V_R12) { /* the window is 4 GiB aligned: the low half is ESP */
        bool esp = value->kind == VALUE_POINTER || value->kind == VALUE_INT;
        return (esp && width != ZYDIS_REGCLASS_GPR8) || verify_fail(v, RULE_SOURCE);
    }
    return value->kind == VALUE_INT || verify_fail(v, RULE_SOURCE);
}

static bool write_part(struct verifier *v, unsigned reg, unsigned width)
{
    struct value *value = &v->state.reg[reg];
    if (reg == V_R12 && value->kind == VALUE_POINTER && width == 16) {
        value->id = ++v->last_id; /* the 64 KiB it lies in are those it lay in */
        value->lo &= ~INT64_C(0xffff);
        value->hi |= 0xffff;
        return true;
    }
    if (value->kind != VALUE_INT || reg == V_R12) {
        return verify_fail(v, RULE_DEST);
    }
    *value = value_int(v, 0, value->hi | 0xffff);
    return true;
}

static bool write_wide(struct verifier *v, unsigned reg, const struct value *value)
{
    bool ok = false;
    if (is_scratch(reg)) {
        ok = true;
    } else if (reg == V_R12) {
        ok = value->kind == VALUE_POINTER;
    } else if (value->kind == VALUE_INT) { /* a spilled register comes back */
        ok = value->id == entry_id(reg);
    } else if (reg == V_RSI || reg == V_RDI) {
        ok = value->kind == VALUE_POINTER && value->of == entry_id(reg) &&
             v->state.reg[reg].id == entry_id(reg) && value->lo == 0;
    } else if (reg == V_RCX) {
        ok = value->kind == VALUE_ENTRY || value->kind == VALUE_DIFFERENCE ||
             value->kind == VALUE_LEFT;
    }
    if (!ok) {
        return verify_fail(v, RULE_DEST);
    }
    v->state.reg[reg] = *value;
    return true;
}

bool write_reg(struct verifier *v, unsigned reg, unsigned width, bool conditional,
               const struct value *value)
{
    struct value *old = &v->state.reg[reg];
    if (reg == V_RSP || reg >= V_R13) {
        return verify_fail(v, RULE_DEST);
    }
    v->state.esp_lost |= reg == V_R12;
    if (width < 32) {
        return write_part(v, reg, width);
    }
    if (width == 64) {
        return value ? write_wide(v, reg, value) : verify_fail(v, RULE_WIDE);
    }
    if (is_guest_reg(reg) && old->kind != VALUE_INT) {
        bool pointer = old->kind == VALUE_POINTER || old->kind == VALUE_FOLD;
        return verify_fail(v, pointer ? RULE_FOLD : RULE_DEST);
    }
    if (value && value->kind != VALUE_INT && !is_scratch(reg)) {
        return verify_fail(v, RULE_DEST);
    }
    if (conditional && old->kind != VALUE_INT) { /* zero-extended or as it was */
        *old = value_of_kind(v, VALUE_JUNK, 0);
        return true;
    }
    *old = value ? *value : value_int(v, 0, UINT32_MAX);
    return true;
}

/* As far as it can be said without the operands: same operation, width and prefixes that matter.
 * The decoder gives vector instructions a width of the mode's; it has no meaning. */
static bool is_guests(const struct verifier *v)
{
    bool has_width = v->z.meta.isa_ext == ZYDIS_ISA_EXT_BASE;
    return v->guest_mnemonic == ZYDIS_MNEMONIC_INVALID ||
           (v->guest_mnemonic == v->z.mnemonic && v->guest_prefixes == effective_prefixes(&v->z) &&
            (!has_width || v->guest_width == v->z.operand_width));
}

/* The guest's instruction: once, before anything else changed. */
static bool begin_guest_op(struct verifier *v)
{
    struct state *state = &v->state;
    if (v->in_exits) {
        return verify_fail(v, RULE_EXITS);
    }
    if (v->z.mnemonic == ZYDIS_MNEMONIC_FWAIT && v->guest_mnemonic != ZYDIS_MNEMONIC_FWAIT) {
        return state_is_entry(state) || verify_fail(v, RULE_PRECISE); /* a pending #MF, no more */
    }
    if (state->op_done) {
        return verify_fail(v, RULE_TWICE);
    }
    if (!is_guests(v)) {
        return verify_fail(v, RULE_MNEMONIC);
    }
    state->op_done = true;
    return true;
}

static bool is_general(const ZydisDecodedOperand *operand)
{
    ZydisRegisterClass class = ZydisRegisterGetClass(operand->reg.value);
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
           (class == ZYDIS_REGCLASS_GPR8 || class == ZYDIS_REGCLASS_GPR16 ||
            class == ZYDIS_REGCLASS_GPR32 || class == ZYDIS_REGCLASS_GPR64);
}

static bool step_operands_in(struct verifier *v)
{
    for (unsigned i = 0; i < v->z.operand_count; i++) {
        const ZydisDecodedOperand *operand = &v->operand[i];
        if (is_general(operand)) {
            /* what is only written needs no value, but its number is checked on writing */
            if ((operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ) &&
                !read_reg(v, operand->reg.value)) {
                return false;
            }
            if (is_low_byte_of_pointer(operand->reg.value)) {
                return verify_fail(v, RULE_DEST);
            }
        } else if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY) {
            struct memory memory;
            if (!memory_classify(v, operand, &memory)) {
                return false;
            }
            if (memory.kind == MEMORY_CPU) {
                if (is_hot_imm(&memory) && operand->actions == ZYDIS_OPERAND_ACTION_READ) {
                    continue;
                }
                bool writes = operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
                return verify_fail(v, writes ? RULE_CPU_WRITE : RULE_CPU_READ);
            }
            if (memory.kind == MEMORY_RSP) {
                return verify_fail(v, RULE_HOST_STACK);
            }
            if (memory.kind != MEMORY_GUEST && memory.kind != MEMORY_STAGING) {
                return verify_fail(v, RULE_LOOKUP);
            }
            if (!memory_access(v, operand, &memory)) {
                return false;
            }
        }
    }
    return true;
}

static bool step_operands_out(struct verifier *v)
{
    for (unsigned i = 0; i < v->z.operand_count; i++) {
        const ZydisDecodedOperand *operand = &v->operand[i];
        if (is_general(operand) && (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)) {
            bool scan = v->z.mnemonic == ZYDIS_MNEMONIC_BSF || v->z.mnemonic == ZYDIS_MNEMONIC_BSR;
            bool conditional = scan || (operand->actions & ZYDIS_OPERAND_ACTION_CONDWRITE);
            if (!write_reg(v, reg_number(operand->reg.value), operand->size, conditional, NULL)) {
                return false;
            }
        }
    }
    return true;
}

static bool step_guest_op(struct verifier *v)
{
    bool waits = v->z.mnemonic == ZYDIS_MNEMONIC_FWAIT;
    if (!begin_guest_op(v)) {
        return false;
    }
    if (!state_is_entry(&v->state)) {
        return verify_fail(v, RULE_PRECISE);
    }
    if (!step_operands_in(v) || !step_operands_out(v)) {
        return false;
    }
    v->state.changed |= !waits;
    v->state.df_due = v->z.mnemonic == ZYDIS_MNEMONIC_CLD   ? DF_CLEAR
                      : v->z.mnemonic == ZYDIS_MNEMONIC_STD ? DF_SET
                                                            : 0;
    return true;
}

/* MOVS, STOS, LODS, CMPS, SCAS: rsi and rdi have just become pointers, nothing else has changed. */
static bool step_string(struct verifier *v)
{
    struct state *state = &v->state;
    const uint32_t direct = MODE_FLAT | MODE_STACK32 | MODE_CODE32;
    bool pointer[N_HOST_REGS] = {false};
    if (!begin_guest_op(v)) {
        return false;
    }
    if ((v->in->mode & direct) != direct || (v->in->mode & MODE_NOWP)) {
        return verify_fail(v, RULE_MEM_MODE);
    }
    const struct unit_insn *insn = &v->in->insns[v->index];
    if (!(insn->kind & UNIT_STRING) || unit_insn_aux(insn) != v->off) {
        return verify_fail(v, RULE_STRING); /* a fault in it would not be folded */
    }
    for (unsigned i = 0; i < v->z.operand_count; i++) {
        if (v->operand[i].type != ZYDIS_OPERAND_TYPE_MEMORY) {
            continue;
        }
        struct memory memory;
        unsigned base = reg_number(v->operand[i].mem.base);
        if (!memory_classify(v, &v->operand[i], &memory)) {
            return false;
        }
        if (state->reg[base].kind != VALUE_POINTER || state->reg[base].of != entry_id(base)) {
            return verify_fail(v, RULE_STRING);
        }
        pointer[base] = true;
    }
    for (unsigned reg = 0; reg < V_R8; reg++) {
        if (is_guest_reg(reg) && !pointer[reg] && state->reg[reg].id != entry_id(reg)) {
            return verify_fail(v, RULE_PRECISE);
        }
    }
    if (state->changed || state->reg[V_R12].id != entry_id(V_R12)) {
        return verify_fail(v, RULE_PRECISE);
    }
    for (unsigned i = 0; i < v->z.operand_count; i++) {
        const ZydisDecodedOperand *operand = &v->operand[i];
        if (!is_general(operand)) {
            continue;
        }
        unsigned reg = reg_number(operand->reg.value);
        if (reg == V_RSI || reg == V_RDI) {
            state->reg[reg] = value_of_kind(v, VALUE_FOLD, entry_id(reg));
        } else if (reg == V_RCX || reg == V_RAX) { /* 64-bit count: it was below 2^32, and falls */
            state->reg[reg] = value_int(v, 0, UINT32_MAX);
        } else {
            return verify_fail(v, RULE_STRING);
        }
    }
    state->changed = true;
    return true;
}

static bool step_nop(struct verifier *v)
{
    for (unsigned i = 0; i < v->z.operand_count_visible; i++) {
        if (v->operand[i].type == ZYDIS_OPERAND_TYPE_MEMORY && v->z.opcode != 0x1f) {
            return verify_fail(v, RULE_SET); /* hints: PREFETCH and what may become of them */
        }
    }
    return true;
}

bool step_instruction(struct verifier *v)
{
    bool taken = false; /* by one of the sequences that are known as a whole */
    if (!flags_step(v, &taken) || (!taken && !segment_step(v, &taken)) ||
        (!taken && !lookup_step(v, &taken)) || (!taken && !bridge_step(v, &taken))) {
        return false;
    }
    if (taken) {
        return true;
    }
    if (!check_instruction(v)) {
        return false;
    }
    uint32_t ret_target = v->state.ret_target;
    v->state.ret_target = 0;
    if (ret_target && v->z.mnemonic != ZYDIS_MNEMONIC_RET) {
        return verify_fail(v, RULE_HOST_STACK);
    }
    switch (v->z.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
        return step_mov(v);
    case ZYDIS_MNEMONIC_MOVZX:
        return step_movzx(v);
    case ZYDIS_MNEMONIC_LEA:
        return step_lea(v);
    case ZYDIS_MNEMONIC_SHLX:
    case ZYDIS_MNEMONIC_SHRX:
    case ZYDIS_MNEMONIC_SARX:
    case ZYDIS_MNEMONIC_RORX:
        return step_shift(v);
    case ZYDIS_MNEMONIC_NOP:
        return step_nop(v);
    case ZYDIS_MNEMONIC_INT3:
        return step_trap(v);
    case ZYDIS_MNEMONIC_RET:
        v->state.ret_target = ret_target;
        return step_ret(v);
    default:
        break;
    }
    switch (v->z.meta.category) {
    case ZYDIS_CATEGORY_CALL:
        return step_call(v);
    case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_UNCOND_BR:
        return step_branch(v);
    case ZYDIS_CATEGORY_STRINGOP:
        return step_string(v);
    default:
        return step_guest_op(v);
    }
}
