/* thunk.c - calls that are done in place (translate/thunk.c): by a bridge (bridge.c), only where
 * the I-view leads to code which loads the return address and returns; and then all of it is done.
 */
#include "verify/verify_internal.h"

bool thunk_begin(struct verifier *v, unsigned reg, uint32_t lin)
{
    struct state *state = &v->state;
    const bool call =
        v->guest_mnemonic == ZYDIS_MNEMONIC_INVALID || v->guest_mnemonic == ZYDIS_MNEMONIC_CALL;
    if (!call || v->in_exits || !state_is_entry(state) || reg == V_RSP) {
        return verify_fail(v, RULE_THUNK);
    }
    for (unsigned scratch = V_R8; scratch <= V_R11; scratch++) {
        state->reg[scratch] = value_of_kind(v, VALUE_JUNK, 0);
    }
    state->reg[reg] = value_int(v, lin, lin);
    state->thunk = true;
    return true;
}

/* The call's store, r12 level with ESP, EIP in the register, nothing else changed. */
bool thunk_check(struct verifier *v)
{
    const struct state *state = &v->state;
    const struct unit_insn *insn = &v->in->insns[v->index];
    int64_t eip = (uint32_t)(v->in->page_eip + insn->page_off + insn->n_bytes);
    int32_t pending = pending_before(v);
    bool done = state->touched && state->touched_of == 0 && state->touched_lo <= pending - 4 &&
                state->touched_hi >= pending;
    unsigned n_written = 0;
    for (unsigned reg = 0; reg < V_R8; reg++) {
        const struct value *value = &state->reg[reg];
        if (is_guest_reg(reg) && value->id != entry_id(reg)) {
            done &= value->lo == eip && value->hi == eip;
            n_written++;
        }
    }
    done &= n_written == 1;
    bool level = !state->esp_lost && state->esp_moved == pending;
    return (done && level && !state->op_done && !state->changed) || verify_fail(v, RULE_THUNK);
}
