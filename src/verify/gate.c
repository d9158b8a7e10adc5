/* gate.c - the limit check of computed accesses, step by step: reach + offset + bytes - 1, its sign
 * by a shift, the load of the segment's base that faults if the sign says so. What it proves is
 * kept in the state as offset, base and number of bytes; memory.c asks for it in modes that are not
 * flat. */
#include <stddef.h>

#include "verify/verify_internal.h"

enum { REACH_FIELDS = 2 * N_SEG, STACK_FIELDS = 2, CODE_FIELDS = 2 };

/* Which of the 64-bit fields of struct cpu a reach is; -1: none of them. Numbered as they lie. */
static int reach_number(uint32_t field)
{
    uint32_t off = field - (uint32_t)offsetof(struct cpu, reach);
    _Static_assert(offsetof(struct cpu, stack_reach) ==
                           offsetof(struct cpu, reach) + 8 * REACH_FIELDS &&
                       offsetof(struct cpu, code_reach) ==
                           offsetof(struct cpu, stack_reach) + 8 * STACK_FIELDS,
                   "reach, stack_reach and code_reach follow each other");
    return off % 8 == 0 && off / 8 < REACH_FIELDS + STACK_FIELDS + CODE_FIELDS ? (int)(off / 8)
                                                                               : -1;
}

static unsigned reach_segment(int number)
{
    return number < REACH_FIELDS                  ? (unsigned)number % N_SEG
           : number < REACH_FIELDS + STACK_FIELDS ? SEG_SS
                                                  : SEG_CS;
}

static bool reach_is_code(int number)
{
    return number >= REACH_FIELDS + STACK_FIELDS;
}

static bool reach_allows_stores(int number)
{
    return number < REACH_FIELDS ? number / N_SEG == REACH_WRITE
                                 : (number - REACH_FIELDS) % STACK_FIELDS == REACH_WRITE;
}

bool gate_load_reach(struct verifier *v, uint32_t field, struct value *value)
{
    int number = reach_number(field);
    if (number < 0) {
        return false;
    }
    *value = value_of_kind(v, VALUE_REACH, 0);
    value->lo = number;
    return true;
}

/* lea bytes-1(reach, offset) */
bool gate_sum(struct verifier *v, const struct value *reach, const ZydisDecodedOperandMem *mem,
              struct value *sum)
{
    const struct value *off =
        mem->index == ZYDIS_REGISTER_NONE ? NULL : &v->state.reg[reg_number(mem->index)];
    if (!off || off->kind != VALUE_INT || mem->scale != 1 || mem->disp.value < 0 ||
        mem->disp.value >= UNKNOWN_ACCESS_BYTES) {
        return verify_fail(v, RULE_LIMIT);
    }
    *sum = value_of_kind(v, VALUE_MARGIN, off->id);
    sum->lo = reach->lo;
    sum->hi = mem->disp.value + 1;
    return true;
}

/* shrx of the 64-bit margin by a known count: all ones if it was negative, 0 if not. */
bool gate_shift(struct verifier *v, const struct value *margin, const struct value *count,
                struct value *gate)
{
    if (margin->kind != VALUE_MARGIN || count->kind != VALUE_INT || count->lo != count->hi ||
        count->lo != CPU_GATE_SHIFT) {
        return verify_fail(v, RULE_WIDE);
    }
    *gate = *margin;
    gate->kind = VALUE_GATE;
    gate->id = ++v->last_id;
    return true;
}

bool gate_classify(struct verifier *v, const struct value *gate, const ZydisDecodedOperandMem *mem,
                   struct memory *memory)
{
    int64_t field = mem->disp.value + CPU_GATE_INDEX;
    int64_t base = (int64_t)offsetof(struct cpu, seg) +
                   (int64_t)sizeof(struct segment) * reach_segment((int)gate->lo) +
                   (int64_t)offsetof(struct segment, base);
    if (mem->scale != 1 || field != base || memory->n_bytes != 4) {
        return verify_fail(v, RULE_LIMIT);
    }
    memory->kind = MEMORY_GATE;
    memory->of = reg_number(mem->index);
    return true;
}

bool gate_load_base(struct verifier *v, const struct memory *memory, struct value *base)
{
    struct state *state = &v->state;
    const struct value *gate = &state->reg[memory->of];
    if (!state_is_entry(state)) { /* it faults where the limit says so */
        return verify_fail(v, RULE_PRECISE);
    }
    state->proven[1] = state->proven[0];
    state->proven[0] = (struct proven){
        .off = gate->of, .base = base->id, .reach = (int)gate->lo, .n_bytes = (uint32_t)gate->hi};
    return true;
}

void gate_note_sum(struct verifier *v, const ZydisDecodedOperandMem *mem)
{
    if (mem->base == ZYDIS_REGISTER_NONE || mem->index == ZYDIS_REGISTER_NONE || mem->scale != 1 ||
        mem->disp.value) {
        return;
    }
    uint32_t base = v->state.reg[reg_number(mem->base)].id;
    uint32_t index = v->state.reg[reg_number(mem->index)].id;
    for (unsigned i = 0; i < MAX_PROVEN; i++) {
        struct proven *proven = &v->state.proven[i];
        if (proven->n_bytes && ((proven->off == base && proven->base == index) ||
                                (proven->off == index && proven->base == base))) {
            proven->sum = v->last_id + 1; /* of the value about to be written */
        }
    }
}

/* Does the operand's address come from this proof? *off: how far from the offset it is. */
static bool is_address_of(const struct verifier *v, const ZydisDecodedOperandMem *mem,
                          const struct proven *proven, int64_t *off)
{
    uint32_t base = mem->base == ZYDIS_REGISTER_NONE ? 0 : v->state.reg[reg_number(mem->base)].id;
    uint32_t index =
        mem->index == ZYDIS_REGISTER_NONE ? 0 : v->state.reg[reg_number(mem->index)].id;
    *off = mem->disp.value;
    if (!proven->n_bytes || mem->scale > 1) {
        return false;
    }
    if (is_guest_segment(v, mem->segment)) {
        return base && index &&
               ((proven->off == base && proven->base == index) ||
                (proven->off == index && proven->base == base));
    }
    const struct value *pointer = &v->state.reg[reg_number(mem->base)];
    if (!proven->sum) {
        return false;
    }
    return pointer->kind == VALUE_DUAL ? index == proven->sum
                                       : pointer->kind == VALUE_POINTER && pointer->lo == 0 &&
                                             pointer->of == proven->sum && !index;
}

const struct proven *gate_find(const struct verifier *v, const ZydisDecodedOperandMem *mem,
                               int64_t *off)
{
    for (unsigned i = 0; i < MAX_PROVEN; i++) {
        if (is_address_of(v, mem, &v->state.proven[i], off)) {
            return &v->state.proven[i];
        }
    }
    return NULL;
}

bool gate_check(struct verifier *v, const struct proven *proven, int64_t off, uint32_t n_bytes,
                bool writes)
{
    bool ok = off >= 0 && off + n_bytes <= proven->n_bytes && !reach_is_code(proven->reach) &&
              (!writes || reach_allows_stores(proven->reach));
    return ok || verify_fail(v, RULE_LIMIT);
}
