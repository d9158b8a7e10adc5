/* value.c - the abstract values of verify/: what registers hold at an instruction boundary, what is
 * left of two states where paths meet. */
#include "verify/verify_internal.h"

bool verify_fail(struct verifier *v, enum verify_rule rule)
{
    struct verify_finding *finding = v->finding;
    finding->rule = rule;
    finding->host_off = v->off;
    finding->index = v->in_exits ? v->in->n_insns : v->index;
    finding->n_bytes = 0;
    while (finding->n_bytes < sizeof(finding->bytes) &&
           v->off + finding->n_bytes < v->in->n_bytes) {
        finding->bytes[finding->n_bytes] = v->in->bytes[v->off + finding->n_bytes];
        finding->n_bytes++;
    }
    return false;
}

struct value value_int(struct verifier *v, int64_t lo, int64_t hi)
{
    return (struct value){.kind = VALUE_INT, .id = ++v->last_id, .lo = lo, .hi = hi};
}

struct value value_of_kind(struct verifier *v, enum value_kind kind, uint32_t of)
{
    return (struct value){.kind = kind, .id = ++v->last_id, .of = of};
}

static void canonical_esp(struct value *value)
{
    *value = (struct value){
        .kind = VALUE_POINTER, .id = entry_id(V_R12), .lo = -DRIFT, .hi = WINDOW_BYTES + DRIFT - 1};
}

void state_canonical(struct verifier *v, struct state *state)
{
    *state = (struct state){.resolved = NULL};
    for (unsigned reg = 0; reg < N_HOST_REGS; reg++) {
        struct value *value = &state->reg[reg];
        if (is_guest_reg(reg)) {
            *value = (struct value){.kind = VALUE_INT, .id = entry_id(reg), .hi = UINT32_MAX};
        } else if (is_scratch(reg)) {
            *value = value_of_kind(v, VALUE_JUNK, 0);
        } else {
            *value = (struct value){.kind = VALUE_OURS, .id = entry_id(reg)};
        }
    }
    canonical_esp(&state->reg[V_R12]);
    state->reg[V_R13].kind = VALUE_POINTER; /* the window itself */
}

static void join_value(struct verifier *v, struct value *value, const struct value *other)
{
    if (value->id == other->id && value->kind == other->kind) {
        value->lo = value->lo < other->lo ? value->lo : other->lo;
        value->hi = value->hi > other->hi ? value->hi : other->hi;
        return;
    }
    bool mixable =
        value->kind == other->kind && (value->kind == VALUE_INT || value->kind == VALUE_POINTER);
    int64_t lo = value->lo < other->lo ? value->lo : other->lo;
    int64_t hi = value->hi > other->hi ? value->hi : other->hi;
    *value = value_of_kind(v, mixable ? value->kind : VALUE_JUNK, 0);
    value->lo = lo;
    value->hi = hi;
}

void state_join(struct verifier *v, struct state *state, const struct state *other)
{
    for (unsigned reg = 0; reg < N_HOST_REGS; reg++) {
        join_value(v, &state->reg[reg], &other->reg[reg]);
    }
    state->resolved = state->resolved == other->resolved ? state->resolved : NULL;
    state->staged |= other->staged;
    state->changed |= other->changed;
    state->sample |= other->sample;
    state->op_done |= other->op_done;
    state->esp_lost |= other->esp_lost || state->esp_moved != other->esp_moved;
    state->df_due |= other->df_due;
    state->same_segment =
        state->same_segment == other->same_segment ? state->same_segment : 0;
    state->flags_of = state->flags_of == other->flags_of ? state->flags_of : UINT32_MAX;
    state->came_back |= other->came_back;
    state->ret_target = 0;
    state->thunk = state->thunk == other->thunk ? state->thunk : 0;
    state->touched = false;
    for (unsigned i = 0; i < MAX_PROVEN; i++) {
        const struct proven *mine = &state->proven[i], *theirs = &other->proven[i];
        if (mine->off != theirs->off || mine->base != theirs->base || mine->sum != theirs->sum ||
            mine->n_bytes != theirs->n_bytes || mine->reach != theirs->reach) {
            state->proven[i] = (struct proven){.n_bytes = 0};
        }
    }
}

bool state_check_next(struct verifier *v, uint32_t next)
{
    const struct state *state = &v->state;
    for (unsigned reg = 0; reg < V_R8; reg++) {
        if (is_guest_reg(reg) && state->reg[reg].kind != VALUE_INT) {
            bool pointer =
                state->reg[reg].kind == VALUE_POINTER || state->reg[reg].kind == VALUE_FOLD;
            return verify_fail(v, pointer ? RULE_FOLD : RULE_BOUNDARY);
        }
    }
    const struct value *esp = &state->reg[V_R12];
    if (esp->kind != VALUE_POINTER || esp->lo < -DRIFT || esp->hi >= WINDOW_BYTES + DRIFT) {
        return verify_fail(v, RULE_BOUNDARY);
    }
    if (state->staged) {
        return verify_fail(v, RULE_COMMIT);
    }
    if (state->came_back) {
        return verify_fail(v, RULE_LANDING);
    }
    if (state->ret_target) {
        return verify_fail(v, RULE_HOST_STACK);
    }
    if (v->in->chain_off && !v->in_exits && !state_is_entry(state)) {
        return verify_fail(v, RULE_BOUNDARY);
    }
    if (state->sample) {
        return verify_fail(v, RULE_COUNT);
    }
    if (state->flags_of || state->df_due) {
        return verify_fail(v, RULE_FLAGS);
    }
    return state->thunk ? thunk_check(v) : pending_check(v, next);
}

bool state_check_canonical(struct verifier *v)
{
    return state_check_next(v, v->in->n_insns);
}

bool state_is_entry(const struct state *state)
{
    for (unsigned reg = 0; reg < V_R8; reg++) {
        if (is_guest_reg(reg) && state->reg[reg].id != entry_id(reg)) {
            return false;
        }
    }
    return state->reg[V_R12].id == entry_id(V_R12) && !state->changed && !state->flags_of;
}
