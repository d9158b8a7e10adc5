/* branch.c - control: every branch goes to an instruction of a live unit, to an exit, to a stub, or
 * to what the I-view says for an address; calls into C name an operation and an instruction we
 * know. */
#include "verify/verify_internal.h"

static bool is_stub(const struct verifier *v, uint64_t host)
{
    return host == v->in->cache_exec + STUB_MISS || host == v->in->cache_exec + STUB_STEP ||
           host == v->in->cache_exec + STUB_CROSS;
}

/* A branch inside the instruction's own code: the paths meet again further down. */
bool step_forward(struct verifier *v, uint32_t off)
{
    for (unsigned i = 0; i < v->n_forward; i++) {
        if (v->forward[i].off == off) {
            state_join(v, &v->forward[i].state, &v->state);
            return true;
        }
    }
    if (v->n_forward == MAX_FORWARD) {
        return verify_fail(v, RULE_TARGET);
    }
    v->forward[v->n_forward].off = off;
    v->forward[v->n_forward++].state = v->state;
    return true;
}

static bool check_target(struct verifier *v, uint64_t host, bool may_be_inside)
{
    uint64_t off = host - v->in->exec;
    if (off < v->in->n_bytes) {
        if (v->mark[off] != MARK_NONE) {
            return state_check_canonical(v);
        }
        if (may_be_inside && !v->in_exits && off >= v->off + v->z.length && off < v->end_off) {
            const struct value *rcx = &v->state.reg[V_RCX];
            bool sample = v->state.sample; /* from here on, if not before */
            v->state.sample |= v->z.mnemonic == ZYDIS_MNEMONIC_JRCXZ && rcx->kind == VALUE_LEFT;
            const uint32_t came_back = v->state.came_back;
            const bool landed = v->z.mnemonic == ZYDIS_MNEMONIC_JRCXZ &&
                                rcx->kind == VALUE_ELSEWHERE && rcx->lo == 0;
            v->state.came_back = landed ? 0 : came_back;
            bool added = step_forward(v, (uint32_t)off);
            v->state.came_back = came_back;
            v->state.sample = sample;
            return added;
        }
        return verify_fail(v, RULE_TARGET);
    }
    if (is_stub(v, host) || (v->in->is_chain && v->in->is_chain(v->in->arg, host))) {
        if (v->state.reg[V_R8].kind != VALUE_INT) {
            return verify_fail(v, RULE_STUB);
        }
        return state_check_canonical(v);
    }
    if (host == v->in->cache_exec + STUB_LANDING && v->in->landings) {
        return landing_leave(v);
    }
    if (!v->in->is_entry(v->in->arg, host)) {
        return verify_fail(v, RULE_TARGET);
    }
    return state_check_canonical(v);
}

/* jmp or call through a register: the I-view's answer for the address in r8, which the stub for "no
 * code yet" needs. */
static bool check_indirect(struct verifier *v)
{
    const ZydisDecodedOperand *operand = &v->operand[0];
    const struct value *target = operand->type == ZYDIS_OPERAND_TYPE_REGISTER
                                     ? &v->state.reg[reg_number(operand->reg.value)]
                                     : NULL;
    const struct value *lin = &v->state.reg[V_R8];
    if (!target || target->kind != VALUE_TARGET || lin->kind != VALUE_INT ||
        lin->id != target->of) {
        return verify_fail(v, RULE_INDIRECT);
    }
    return state_check_canonical(v);
}

static bool is_relative(const struct verifier *v)
{
    return v->operand[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && v->operand[0].imm.is_relative;
}

static uint64_t relative_target(const struct verifier *v)
{
    return v->in->exec + v->off + v->z.length + (uint64_t)v->operand[0].imm.value.s;
}

/* Jcc, LOOP and JECXZ decide what the guest's instruction decides. */
static bool check_condition(struct verifier *v)
{
    struct state *state = &v->state;
    bool loop = v->z.mnemonic == ZYDIS_MNEMONIC_LOOP || v->z.mnemonic == ZYDIS_MNEMONIC_LOOPE ||
                v->z.mnemonic == ZYDIS_MNEMONIC_LOOPNE;
    if (v->z.mnemonic == ZYDIS_MNEMONIC_JRCXZ) { /* our own question: no flags */
        enum value_kind kind = state->reg[V_RCX].kind;
        bool known = kind == VALUE_INT || kind == VALUE_DIFFERENCE || kind == VALUE_LEFT ||
                     kind == VALUE_ELSEWHERE;
        return known || verify_fail(v, RULE_SOURCE);
    }
    if (v->in_exits) {
        return verify_fail(v, RULE_EXITS);
    }
    /* JCXZ has no form in 64-bit mode: JECXZ on a zero-extended CX */
    bool narrow = v->guest_mnemonic == ZYDIS_MNEMONIC_JCXZ &&
                  v->z.mnemonic == ZYDIS_MNEMONIC_JECXZ && state->reg[V_RCX].kind == VALUE_INT &&
                  state->reg[V_RCX].hi <= 0xffff;
    if (v->guest_mnemonic != ZYDIS_MNEMONIC_INVALID && v->guest_mnemonic != v->z.mnemonic &&
        !narrow) {
        return verify_fail(v, RULE_MNEMONIC);
    }
    if (state->op_done) {
        return verify_fail(v, RULE_TWICE);
    }
    state->op_done = true;
    if ((loop || v->z.mnemonic == ZYDIS_MNEMONIC_JECXZ) && v->z.address_width != 32) {
        return verify_fail(v, RULE_WIDE); /* it would count in 64 bits */
    }
    if (loop) {
        return write_reg(v, V_RCX, 32, false, NULL);
    }
    return true;
}

bool step_branch(struct verifier *v)
{
    bool conditional = v->z.meta.category == ZYDIS_CATEGORY_COND_BR;
    if (v->state.came_back && v->z.mnemonic == ZYDIS_MNEMONIC_LOOP && is_relative(v)) {
        return landing_loop(v, relative_target(v));
    }
    if (conditional && !check_condition(v)) {
        return false;
    }
    if (!conditional) {
        v->alive = false;
        if (v->z.mnemonic != ZYDIS_MNEMONIC_JMP) {
            return verify_fail(v, RULE_SET);
        }
        if (!is_relative(v)) {
            return check_indirect(v);
        }
    } else if (!is_relative(v)) {
        return verify_fail(v, RULE_TARGET);
    }
    return check_target(v, relative_target(v), true);
}

/* struct insn of a light call: inside its arena, for this guest instruction, with this operation.
 */
static const struct insn *find_site(const struct verifier *v, const struct value *site, int64_t op)
{
    bool constant = site->kind == VALUE_CONST || site->kind == VALUE_INT;
    uint64_t off = (uint64_t)site->lo - (uint64_t)v->in->sites;
    if (!constant || site->lo != site->hi || off % 16 != 0 ||
        off + sizeof(struct insn) > v->in->n_site_bytes) {
        return NULL;
    }
    const struct insn *insn = (const struct insn *)(v->in->sites + off);
    const struct unit_insn *at = &v->in->insns[v->index];
    bool named = insn->op == op || op == OP_PLANT || op == OP_PLANT_AFTER;
    bool ours =
        named && insn->n_bytes == at->n_bytes && insn->eip == v->in->page_eip + at->page_off;
    return ours ? insn : NULL;
}

/* Its C function never says LIGHT_NEXT. */
static bool never_returns(const struct insn *insn, enum emul_op op)
{
    return op < N_OPS && op != OP_FPU_CHECK &&
           (insn->verdict == VERDICT_JMP || insn->verdict == VERDICT_JMP_INDIRECT ||
            insn->verdict == VERDICT_RET || insn->verdict == VERDICT_HELPER_END);
}

/* OP_TARGET counts where an indirect branch goes, and may go there: it looks at guest ESP, changes
 * nothing, never fails. r8d, where the branch goes, comes back as it was. */
static bool target_call(struct verifier *v)
{
    struct state *state = &v->state;
    const bool branch = v->guest_mnemonic == ZYDIS_MNEMONIC_INVALID ||
                        v->guest_mnemonic == ZYDIS_MNEMONIC_JMP ||
                        v->guest_mnemonic == ZYDIS_MNEMONIC_CALL;
    if (v->in_exits || !branch || state->reg[V_R8].kind != VALUE_INT ||
        !find_site(v, &state->reg[V_R10], OP_TARGET)) {
        return verify_fail(v, v->in_exits ? RULE_EXITS : RULE_HELPER);
    }
    if (!state_check_canonical(v)) {
        return false;
    }
    for (unsigned reg = V_R9; reg <= V_R11; reg++) {
        state->reg[reg] = value_of_kind(v, VALUE_JUNK, 0);
    }
    state->reg[V_R12] = (struct value){.kind = VALUE_POINTER, .id = ++v->last_id, .hi = UINT32_MAX};
    return true;
}

bool step_light_call(struct verifier *v)
{
    struct state *state = &v->state;
    const struct value *op = &state->reg[V_R9];
    const uint32_t flags_of = state->flags_of;
    if (pending_before(v)) { /* C sees r12 */
        return verify_fail(v, RULE_PENDING);
    }
    bool planted = op->lo >= OP_PLANTED; /* which is no more than a function that may fault */
    enum emul_op number = (enum emul_op)(op->lo - (planted ? OP_PLANTED : 0));
    if (v->in_exits || op->kind != VALUE_INT || op->lo != op->hi || op->lo < 0 ||
        op->lo >= OP_PLANTED + N_OPS || (unsigned)number >= N_LIGHT_OPS || number == OP_TARGET) {
        return verify_fail(v, v->in_exits ? RULE_EXITS : RULE_HELPER);
    }
    const struct insn *insn = find_site(v, &state->reg[V_R8], number);
    if (!insn) {
        return verify_fail(v, RULE_HELPER);
    }
    bool inside =
        number == OP_RESOLVE || number == OP_LOOKUP || number == OP_FPU_CHECK || number == OP_PLANT;
    bool after = number == OP_COMMIT || number == OP_STI_PENDING || number == OP_FPU_STORED ||
                 number == OP_FPU_LOADED || number == OP_PLANT_AFTER; /* these never fault */
    if (number == OP_COMMIT) {
        if (!state->resolved || state->resolved->op != OP_RESOLVE) {
            return verify_fail(v, RULE_STAGING);
        }
        state->staged = false;
    }
    if (state->reg[V_R12].kind != VALUE_POINTER) { /* its low half is ESP, and all that C sees */
        state->reg[V_R12] = (struct value){.kind = VALUE_POINTER, .id = ++v->last_id};
    }
    if ((number == OP_POPF_LATE) != (flags_of != 0)) {
        return verify_fail(v, RULE_FLAGS);
    }
    state->flags_of = 0; /* it does not look at them, and makes them */
    state->sample &= number != OP_PLANT;
    if (!state_check_canonical(v)) {
        return false;
    }
    if (!after && (!state_is_entry(state) || state->op_done)) {
        return verify_fail(v, RULE_PRECISE);
    }
    struct state next;
    state_canonical(v, &next);
    next.esp_lost = !inside;
    if (inside) { /* guest registers come back as they were */
        next.resolved = number == OP_RESOLVE || number == OP_LOOKUP ? insn : NULL;
    } else {
        for (unsigned reg = 0; reg < V_R8; reg++) {
            if (is_guest_reg(reg)) {
                next.reg[reg] = value_int(v, 0, UINT32_MAX);
            }
        }
        next.reg[V_R12].id = ++v->last_id;
        next.changed = next.op_done = true;
    }
    *state = next;
    v->alive = !never_returns(insn, number);
    if (!v->alive) {
        v->after_call_off = v->off + v->z.length;
    }
    return true;
}

/* It returns to "jmp *%r10", with r10 from enter.S, or not at all. */
static bool light_call_end(struct verifier *v)
{
    const uint8_t *behind = v->in->bytes + v->off + v->z.length;
    if (!step_light_call(v)) {
        return false;
    }
    bool jumps = v->end_off - (v->off + v->z.length) >= 3 && behind[0] == 0x41 &&
                 behind[1] == 0xff && behind[2] == 0xe2;
    return (!v->alive && jumps) || verify_fail(v, RULE_HELPER);
}

bool step_call(struct verifier *v)
{
    if (v->operand[0].type == ZYDIS_OPERAND_TYPE_MEMORY) {
        struct memory memory; /* call *helper[HELPER_LIGHT](%r15) */
        if (!memory_classify(v, &v->operand[0], &memory)) {
            return false;
        }
        if (is_cpu_field(&memory, CPU_HELPER_AT(HELPER_LIGHT_END), 8)) {
            return light_call_end(v);
        }
        if (is_cpu_field(&memory, CPU_HELPER_AT(HELPER_TARGET), 8)) {
            return target_call(v);
        }
        return is_cpu_field(&memory, CPU_HELPER_AT(HELPER_LIGHT), 8) ? step_light_call(v)
                                                                     : verify_fail(v, RULE_HELPER);
    }
    bool ok = is_relative(v) ? check_target(v, relative_target(v), false) : check_indirect(v);
    if (!ok) {
        return false;
    }
    state_canonical(v, &v->state);
    v->state.esp_lost = true;
    landing_begin(v);
    return true;
}

/* The signal handler makes of it the call that would stand here (run/signals.c, call_by_trap). */
bool step_trap(struct verifier *v)
{
    return step_light_call(v);
}

bool step_ret(struct verifier *v)
{
    const struct value *lin = &v->state.reg[V_R8];
    bool known = lin->kind == VALUE_INT && v->z.operand_count_visible == 0 && !v->in_exits;
    bool looked_up = lin->id == v->state.ret_target || v->in->landings;
    v->state.ret_target = 0;
    v->alive = false;
    if (!known || !looked_up) {
        return verify_fail(v, RULE_HOST_STACK);
    }
    return state_check_canonical(v);
}
