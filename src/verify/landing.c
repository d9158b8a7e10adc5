/* landing.c - what is behind a guest call (docs/decisions/0016): a return trusts the host's call
 * stack, so each place it may come to asks whether EIP, in r8d, is the one it stands for, and goes
 * on only if it is. */
#include <string.h>

#include "verify/verify_internal.h"

void landing_begin(struct verifier *v)
{
    if (v->in->landings) {
        v->state.reg[V_R8] = value_int(v, 0, UINT32_MAX);
        v->state.came_back = v->state.reg[V_R8].id;
    }
    v->after_call_off = v->off + v->z.length;
}

bool landing_difference(struct verifier *v, const ZydisDecodedOperandMem *mem)
{
    struct state *state = &v->state;
    const struct unit_insn *insn = &v->in->insns[v->index];
    const uint32_t next = v->in->page_eip + insn->page_off + insn->n_bytes;
    bool is_eip = mem->base == ZYDIS_REGISTER_R8 && mem->index == ZYDIS_REGISTER_NONE &&
                  state->reg[V_R8].id == state->came_back;
    const uint32_t zero = (uint32_t)mem->disp.value + next; /* what rcx will be if it is */
    if (!is_eip || zero > 1 || state->reg[V_RCX].id != entry_id(V_RCX)) {
        return verify_fail(v, RULE_LANDING);
    }
    state->reg[V_RCX] = value_of_kind(v, VALUE_ELSEWHERE, 0);
    state->reg[V_RCX].lo = state->reg[V_RCX].hi = zero;
    return true;
}

bool landing_leave(struct verifier *v)
{
    struct state *state = &v->state;
    const struct value *rcx = &state->reg[V_R9];
    if (!state->came_back || state->reg[V_R8].id != state->came_back || rcx->kind != VALUE_INT ||
        rcx->id != entry_id(V_RCX)) {
        return verify_fail(v, RULE_LANDING);
    }
    state->reg[V_RCX] = *rcx;
    state->came_back = 0;
    return state_check_canonical(v);
}

bool landing_is_jump(const struct verifier *v, uint64_t off)
{
    int32_t rel = 0;
    if (off < v->in->body_bytes && v->in->body_bytes - off >= 5 && v->in->bytes[off] == 0xe9) {
        memcpy(&rel, v->in->bytes + off + 1, 4);
    }
    return v->in->exec + off + 5 + (uint64_t)(int64_t)rel == v->in->cache_exec + STUB_LANDING;
}

/* LOOP to the jump of another landing of this unit. */
bool landing_loop(struct verifier *v, uint64_t host)
{
    const struct value rcx = v->state.reg[V_RCX];
    const uint64_t off = host - v->in->exec;
    const struct state state = v->state;
    if (rcx.kind != VALUE_ELSEWHERE || rcx.lo != 1 || v->z.address_width != 64 ||
        !landing_is_jump(v, off)) {
        return verify_fail(v, RULE_LANDING);
    }
    if (!landing_leave(v)) {
        return false;
    }
    v->state = state;
    v->state.came_back = 0;
    v->state.reg[V_RCX] = value_of_kind(v, VALUE_JUNK, 0);
    return true;
}
