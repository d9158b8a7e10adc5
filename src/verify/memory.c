/* memory.c - each memory operand is one of a few things, or it is refused:
 *   gs:[32-bit address]        cannot leave the 4 GiB behind GS.base, whatever the registers hold;
 *                              fs: where the guest is a supervisor
 *   [window pointer + 32-bit]  r13, r12, or the pointers of dual and string forms: their range is
 *                              computed and must end inside the guards
 *   [r15 + offset]             a field of struct cpu; who may use which is decided by the caller
 *   [r14 ...], [entry + lin*4] directory and slot loads, with indices that are proven
 *   [r8] after OP_RESOLVE      the staging buffer
 *   [r8] after OP_LOOKUP       the operand itself: C has looked where it lies in guest RAM
 */
#include <stddef.h>

#include "verify/verify_internal.h"

static bool is_general(ZydisRegister reg, ZydisRegisterClass width)
{
    return ZydisRegisterGetClass(reg) == width;
}

/* gs: or fs: with a 32-bit address. The registers need not be proven for safety; but only guest
 * values have a meaning here. */
static bool classify_window(struct verifier *v, const ZydisDecodedOperandMem *mem,
                            struct memory *memory)
{
    const ZydisRegister parts[2] = {mem->base, mem->index};
    for (unsigned i = 0; i < 2; i++) {
        if (parts[i] == ZYDIS_REGISTER_NONE) {
            continue;
        }
        if (!is_general(parts[i], ZYDIS_REGCLASS_GPR32)) {
            return verify_fail(v, RULE_MEM_FORM);
        }
        const struct value *value = &v->state.reg[reg_number(parts[i])];
        bool esp = reg_number(parts[i]) == V_R12 && value->kind == VALUE_POINTER;
        if (value->kind != VALUE_INT && !esp) {
            return verify_fail(v, RULE_SOURCE);
        }
    }
    if (v->z.address_width != 32) {
        return verify_fail(v, RULE_MEM_FORM);
    }
    memory->kind = MEMORY_GUEST;
    return true;
}

bool memory_sum(struct verifier *v, const ZydisDecodedOperandMem *mem, struct value *sum)
{
    if (!is_general(mem->base, ZYDIS_REGCLASS_GPR64) ||
        (mem->index != ZYDIS_REGISTER_NONE && !is_general(mem->index, ZYDIS_REGCLASS_GPR64))) {
        return verify_fail(v, RULE_MEM_FORM);
    }
    const struct value *base = &v->state.reg[reg_number(mem->base)];
    int64_t lo = mem->disp.value, hi = mem->disp.value;
    uint32_t of = 0;
    if (base->kind == VALUE_POINTER) {
        lo += base->lo;
        hi += base->hi;
    } else if (base->kind != VALUE_DUAL) {
        return verify_fail(v, RULE_MEM_FORM);
    }
    if (mem->index != ZYDIS_REGISTER_NONE) {
        const struct value *index = &v->state.reg[reg_number(mem->index)];
        if (index->kind != VALUE_INT) {
            return verify_fail(v, RULE_MEM_FORM);
        }
        lo += index->lo * mem->scale;
        hi += index->hi * mem->scale;
        of = index->id;
    }
    if (base->kind == VALUE_DUAL && (of != base->of || mem->scale != 1 || mem->disp.value)) {
        return verify_fail(v, RULE_LOOKUP);
    }
    *sum = (struct value){.kind = VALUE_POINTER, .id = ++v->last_id, .of = of, .lo = lo, .hi = hi};
    return true;
}

static bool classify_cpu(struct verifier *v, const ZydisDecodedOperandMem *mem,
                         struct memory *memory)
{
    if (mem->index != ZYDIS_REGISTER_NONE &&
        v->state.reg[reg_number(mem->index)].kind == VALUE_GATE) {
        return gate_classify(v, &v->state.reg[reg_number(mem->index)], mem, memory);
    }
    if (mem->disp.value < 0 ||
        mem->disp.value + memory->n_bytes > (int64_t)offsetof(struct cpu, staging)) {
        return verify_fail(v, RULE_MEM_FORM);
    }
    memory->kind = MEMORY_CPU;
    memory->field = (uint32_t)mem->disp.value;
    if (mem->index == ZYDIS_REGISTER_NONE) {
        return true;
    }
    const struct value *index = &v->state.reg[reg_number(mem->index)];
    if (index->kind != VALUE_INT || index->shift != 21 || index->hi >= CPU_DUAL_SLOTS ||
        mem->scale != 8 || memory->field != offsetof(struct cpu, dual_base)) {
        return verify_fail(v, RULE_LOOKUP);
    }
    memory->kind = MEMORY_DUAL;
    memory->of = index->of;
    return true;
}

static bool classify_directory(struct verifier *v, const ZydisDecodedOperandMem *mem,
                               struct memory *memory)
{
    memory->kind = MEMORY_DIRECTORY;
    if (mem->index == ZYDIS_REGISTER_NONE) {
        memory->page = mem->disp.value / 8;
        if (mem->disp.value < 0 || mem->disp.value % 8 || memory->page >= VIEW_DIR_ENTRIES) {
            return verify_fail(v, RULE_LOOKUP);
        }
        return true;
    }
    const struct value *index = &v->state.reg[reg_number(mem->index)];
    if (index->kind != VALUE_INT || index->shift != 12 || index->hi >= VIEW_DIR_ENTRIES ||
        mem->scale != 8 || mem->disp.value) {
        return verify_fail(v, RULE_LOOKUP);
    }
    memory->of = index->of;
    return true;
}

static bool classify_slot(struct verifier *v, const ZydisDecodedOperandMem *mem,
                          struct memory *memory)
{
    const struct value *entry = &v->state.reg[reg_number(mem->base)];
    const struct value *lin =
        mem->index == ZYDIS_REGISTER_NONE ? NULL : &v->state.reg[reg_number(mem->index)];
    bool same =
        lin && lin->kind == VALUE_INT && mem->scale == 4 && !mem->disp.value &&
        (entry->of ? entry->of == lin->id : lin->lo == lin->hi && lin->lo >> 12 == entry->lo);
    if (!same || memory->n_bytes != 4) {
        return verify_fail(v, RULE_LOOKUP);
    }
    memory->kind = MEMORY_SLOT;
    memory->of = lin->id;
    return true;
}

static bool is_bit_string(const struct verifier *v)
{
    bool family = v->z.mnemonic == ZYDIS_MNEMONIC_BT || v->z.mnemonic == ZYDIS_MNEMONIC_BTS ||
                  v->z.mnemonic == ZYDIS_MNEMONIC_BTR || v->z.mnemonic == ZYDIS_MNEMONIC_BTC;
    return family && v->operand[1].type == ZYDIS_OPERAND_TYPE_REGISTER;
}

static bool check_range(struct verifier *v, const struct value *pointer, uint32_t n_bytes)
{
    int64_t reach = is_bit_string(v) ? BIT_STRING_REACH : 0;
    if (pointer->lo - reach < -GUARD_BYTES ||
        pointer->hi + reach + n_bytes > WINDOW_BYTES + GUARD_BYTES) {
        return verify_fail(v, RULE_MEM_RANGE);
    }
    return true;
}

static bool classify_pointer(struct verifier *v, const ZydisDecodedOperandMem *mem,
                             struct memory *memory)
{
    struct value pointer;
    memory->kind = MEMORY_GUEST;
    return memory_sum(v, mem, &pointer) && check_range(v, &pointer, memory->n_bytes);
}

static uint32_t access_bytes(const struct verifier *v, const ZydisDecodedOperand *operand)
{
    if (v->z.mnemonic == ZYDIS_MNEMONIC_CLFLUSH) {
        return 1; /* SDM vol. 2: checked as a byte load; the line it flushes is no access */
    }
    return operand->size ? operand->size / 8u : UNKNOWN_ACCESS_BYTES;
}

bool memory_classify(struct verifier *v, const ZydisDecodedOperand *operand, struct memory *memory)
{
    const ZydisDecodedOperandMem *mem = &operand->mem;
    *memory = (struct memory){.n_bytes = access_bytes(v, operand)};
    if (mem->type != ZYDIS_MEMOP_TYPE_MEM) {
        return verify_fail(v, RULE_MEM_FORM);
    }
    if (is_guest_segment(v, mem->segment)) {
        return classify_window(v, mem, memory);
    }
    bool segment_is_flat =
        mem->segment == ZYDIS_REGISTER_DS || mem->segment == ZYDIS_REGISTER_SS ||
        (mem->segment == ZYDIS_REGISTER_ES && v->z.meta.category == ZYDIS_CATEGORY_STRINGOP);
    if (!segment_is_flat || v->z.address_width != 64 ||
        !is_general(mem->base, ZYDIS_REGCLASS_GPR64)) {
        return verify_fail(v, RULE_MEM_FORM);
    }
    unsigned base = reg_number(mem->base);
    if (base == V_R15) {
        return classify_cpu(v, mem, memory);
    }
    if (base == V_R14) {
        return classify_directory(v, mem, memory);
    }
    if (base == V_RSP) {
        memory->kind = MEMORY_RSP;
        return (mem->index == ZYDIS_REGISTER_NONE && !mem->disp.value) ||
               verify_fail(v, RULE_HOST_STACK);
    }
    bool plain = mem->index == ZYDIS_REGISTER_NONE && !mem->disp.value;
    switch (v->state.reg[base].kind) {
    case VALUE_ENTRY:
        return classify_slot(v, mem, memory);
    case VALUE_SEG_BASE:
        memory->kind = MEMORY_SEG_BASE;
        return (plain && memory->n_bytes == 4) || verify_fail(v, RULE_LOOKUP);
    case VALUE_STAGING:
        memory->kind = MEMORY_STAGING;
        return plain || verify_fail(v, RULE_STAGING);
    default:
        return classify_pointer(v, mem, memory);
    }
}

static bool access_staging(struct verifier *v, const ZydisDecodedOperand *operand, uint32_t n_bytes)
{
    const struct insn *insn = v->state.resolved;
    bool writes = operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
    bool reads = operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ;
    if (!insn || n_bytes > insn->mem_bytes || (writes && !insn->mem_write) ||
        (reads && insn->mem_write && !insn->mem_read)) {
        return verify_fail(v, RULE_STAGING);
    }
    if (is_bit_string(v)) { /* the offset must stay inside what was staged */
        const struct value *offset = &v->state.reg[reg_number(v->operand[1].reg.value)];
        if (offset->kind != VALUE_INT || offset->hi >= 8 * (int64_t)n_bytes) {
            return verify_fail(v, RULE_STAGING);
        }
    }
    v->state.staged |= writes && insn->op == OP_RESOLVE;
    return true;
}

/* [r12 + disp]: its offset from r12, if it is one. */
static bool stack_offset(const struct verifier *v, const ZydisDecodedOperandMem *mem, int64_t *off)
{
    *off = mem->disp.value;
    return !is_guest_segment(v, mem->segment) && mem->index == ZYDIS_REGISTER_NONE &&
           reg_number(mem->base) == V_R12 && v->state.reg[V_R12].kind == VALUE_POINTER;
}

/* The instruction has accessed off..off + n_bytes behind r12, or behind the value `of`. */
static void touch(struct state *state, uint32_t of, int64_t off, uint32_t n_bytes)
{
    if (!state_is_entry(state)) {
        return;
    }
    int64_t low = off, high = off + n_bytes;
    if (state->touched && state->touched_of == of) {
        low = low < state->touched_lo ? low : state->touched_lo;
        high = high > state->touched_hi ? high : state->touched_hi;
    }
    if (high - low <= 4096) {
        state->touched = true;
        state->touched_of = of;
        state->touched_lo = low;
        state->touched_hi = high;
    }
}

/* A MOV to or from [r12 + off] went through: so that address lies in the window (guards have no
 * pages), and r12 not far from it. */
static void refine_esp(struct verifier *v, int64_t off, uint32_t n_bytes)
{
    struct value *esp = &v->state.reg[V_R12];
    int64_t lo = -off, hi = WINDOW_BYTES - n_bytes - off;
    esp->lo = esp->lo > lo ? esp->lo : lo;
    esp->hi = esp->hi < hi ? esp->hi : hi;
    touch(&v->state, 0, off, n_bytes);
}

bool memory_is_flat(const struct verifier *v)
{
    const uint32_t direct = MODE_FLAT | MODE_STACK32 | MODE_CODE32;
    return (v->in->mode & direct) == direct;
}

/* POPA: both ends were read before the first register changed. */
static bool is_touched(const struct state *state, uint32_t of, int64_t off, uint32_t n_bytes)
{
    return state->touched && state->touched_of == of && off >= state->touched_lo &&
           off + n_bytes <= state->touched_hi;
}

static bool access_guest(struct verifier *v, const ZydisDecodedOperand *operand, uint32_t n_bytes)
{
    struct state *state = &v->state;
    bool writes = operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
    if (v->in_exits) {
        return verify_fail(v, RULE_EXITS);
    }
    int64_t off = 0;
    bool moves = v->z.mnemonic == ZYDIS_MNEMONIC_MOV || v->z.mnemonic == ZYDIS_MNEMONIC_MOVZX;
    bool stack = stack_offset(v, &operand->mem, &off);
    uint32_t of = 0;
    if (!memory_is_flat(v) || (v->in->mode & MODE_NOWP)) {
        const struct proven *proven = gate_find(v, &operand->mem, &off);
        if (!proven || (v->in->mode & MODE_NOWP)) {
            return verify_fail(v, RULE_MEM_MODE);
        }
        if (!gate_check(v, proven, off, n_bytes, writes)) {
            return false;
        }
        of = proven->off;
    }
    bool safe = (stack || of) && is_touched(state, of, off, n_bytes) && !writes;
    if (!safe && !state_is_entry(state)) {
        return verify_fail(v, RULE_PRECISE);
    }
    if (of && moves) {
        touch(state, of, off, n_bytes);
    } else if (stack && moves) {
        refine_esp(v, off, n_bytes);
    }
    return true;
}

bool memory_access(struct verifier *v, const ZydisDecodedOperand *operand,
                   const struct memory *memory)
{
    switch (memory->kind) {
    case MEMORY_GUEST:
        return access_guest(v, operand, memory->n_bytes);
    case MEMORY_STAGING:
        return access_staging(v, operand, memory->n_bytes);
    case MEMORY_SEG_BASE: /* the poison page of a segment without the fast form faults */
        return state_is_entry(&v->state) || verify_fail(v, RULE_PRECISE);
    default:
        return true;
    }
}
