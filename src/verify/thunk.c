/* thunk.c - calls that are done in place (translate/thunk.c): only where the I-view's slot for the
 * target is that of code which loads the return address and returns; and then all of it is done. */
#include "verify/verify_internal.h"

bool thunk_difference(struct verifier *v, const struct value *slot,
                      const ZydisDecodedOperandMem *mem, struct value *difference)
{
    const struct value *lin = &v->state.reg[V_R8];
    uint64_t host = v->in->cache_exec + (uint64_t)-mem->disp.value;
    bool known = lin->kind == VALUE_INT && lin->id == slot->of && lin->lo == lin->hi;
    bool call =
        v->guest_mnemonic == ZYDIS_MNEMONIC_INVALID || v->guest_mnemonic == ZYDIS_MNEMONIC_CALL;
    int reg = known && call && mem->index == ZYDIS_REGISTER_NONE && v->in->thunk
                  ? v->in->thunk(v->in->arg, host, (uint32_t)lin->lo & 4095)
                  : -1;
    if (v->in_exits || reg < 0 || reg >= V_R8) {
        return verify_fail(v, RULE_THUNK);
    }
    *difference = value_of_kind(v, VALUE_DIFFERENCE, 0);
    difference->lo = difference->hi = 1 + reg;
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
            bool may = state->thunk == 1 + reg || state->thunk == 1 + VERIFY_SOME_REGISTER;
            done &= may && value->lo == eip && value->hi == eip;
            n_written++;
        }
    }
    done &= n_written == 1;
    bool level = !state->esp_lost && state->esp_moved == pending;
    return (done && level && !state->op_done && !state->changed) || verify_fail(v, RULE_THUNK);
}
