/* moves.c - MOV, MOVZX, LEA and the flagless shifts: what translation builds everything of. They
 * touch no flag, so they may stand anywhere; what they move is followed closely. */
#include <stddef.h>

#include "verify/verify_internal.h"

static unsigned operand_reg(const ZydisDecodedOperand *operand)
{
    return reg_number(operand->reg.value);
}

static bool is_wide(const ZydisDecodedOperand *operand)
{
    return ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_GPR64;
}

/* A 32-bit move of the register to itself is what cuts a pointer back; of another, a copy. */
static bool mov_reg32(struct verifier *v, unsigned to, unsigned from)
{
    struct value *value = &v->state.reg[from];
    bool pointer = value->kind == VALUE_POINTER || value->kind == VALUE_FOLD;
    if (from == V_RSP || from >= V_R13) {
        return verify_fail(v, RULE_SOURCE);
    }
    if (to == from && (from == V_RSI || from == V_RDI) && pointer) {
        *value = value_int(v, 0, UINT32_MAX);
        return true;
    }
    if (from == V_R12 && pending_before(v)) { /* it is not ESP */
        return verify_fail(v, RULE_PENDING);
    }
    if (from == V_R12 && (pointer || value->kind == VALUE_JUNK)) {
        /* JUNK is what a conditional 32-bit write left: the window's address or zero above ESP */
        struct value esp = value_int(v, 0, UINT32_MAX);
        return write_reg(v, to, 32, false, &esp);
    }
    if (value->kind != VALUE_INT) {
        return verify_fail(v, RULE_SOURCE);
    }
    struct value copy = *value;
    return write_reg(v, to, 32, false, &copy);
}

static bool mov_reg_reg(struct verifier *v)
{
    const ZydisDecodedOperand *to = &v->operand[0], *from = &v->operand[1];
    if (is_low_byte_of_pointer(to->reg.value) || is_low_byte_of_pointer(from->reg.value)) {
        return verify_fail(v, RULE_REGISTER);
    }
    if (is_wide(to)) { /* spill to scratch, and back */
        unsigned source = operand_reg(from);
        if (source == V_RSP || source >= V_R12 || v->state.reg[source].kind != VALUE_INT) {
            return verify_fail(v, RULE_SOURCE);
        }
        struct value copy = v->state.reg[source];
        return write_reg(v, operand_reg(to), 64, false, &copy);
    }
    if (to->size == 32) {
        return mov_reg32(v, operand_reg(to), operand_reg(from));
    }
    return read_reg(v, from->reg.value) && write_reg(v, operand_reg(to), to->size, false, NULL);
}

static bool mov_reg_imm(struct verifier *v)
{
    const ZydisDecodedOperand *to = &v->operand[0];
    if (is_low_byte_of_pointer(to->reg.value)) {
        return verify_fail(v, RULE_REGISTER);
    }
    if (is_wide(to)) {
        struct value constant = value_of_kind(v, VALUE_CONST, 0);
        constant.lo = constant.hi = v->operand[1].imm.value.s;
        return is_scratch(operand_reg(to)) ? write_reg(v, operand_reg(to), 64, false, &constant)
                                           : verify_fail(v, RULE_DEST);
    }
    if (to->size < 32) {
        return write_reg(v, operand_reg(to), to->size, false, NULL);
    }
    int64_t value = (uint32_t)v->operand[1].imm.value.u;
    struct value constant = value_int(v, value, value);
    return write_reg(v, operand_reg(to), 32, false, &constant);
}

static bool is_element(const struct memory *memory, size_t array)
{
    uint32_t off = memory->field - (uint32_t)array;
    return memory->kind == MEMORY_CPU && memory->n_bytes == 8 && off < 8 * CPU_COUNTERS &&
           off % 8 == 0;
}

/* A counter of the map's: whole elements of struct cpu's count[] and left[]. */
static bool is_countdown(const struct memory *memory)
{
    return is_element(memory, offsetof(struct cpu, left));
}

static bool is_counter(const struct memory *memory)
{
    return is_element(memory, offsetof(struct cpu, count)) || is_countdown(memory);
}

/* 64-bit loads: our own tables, into scratch (and rcx of a crossing unit's guard). */
static bool load_wide(struct verifier *v, unsigned to, const struct memory *memory)
{
    struct value value;
    if (memory->n_bytes != 8) {
        return verify_fail(v, RULE_MEM_FORM);
    }
    if (memory->kind == MEMORY_DIRECTORY) {
        value = value_of_kind(v, VALUE_ENTRY, memory->of);
        value.lo = value.hi = memory->page;
    } else if (memory->kind == MEMORY_DUAL) {
        value = value_of_kind(v, VALUE_DUAL, memory->of);
    } else if (memory->kind != MEMORY_CPU) {
        return verify_fail(v, memory->kind == MEMORY_RSP ? RULE_HOST_STACK : RULE_WIDE);
    } else if (memory->field >= offsetof(struct cpu, seg_base_ptr) &&
               memory->field < offsetof(struct cpu, seg) &&
               (memory->field - offsetof(struct cpu, seg_base_ptr)) % 8 == 0) {
        value = value_of_kind(v, VALUE_SEG_BASE, 0);
    } else if (gate_load_reach(v, memory->field, &value)) {
        return is_scratch(to) ? write_reg(v, to, 64, false, &value) : verify_fail(v, RULE_DEST);
    } else if (is_counter(memory)) {
        bool asked = to == V_RCX && is_countdown(memory);
        value = value_of_kind(v, asked ? VALUE_LEFT : VALUE_COUNT, 0);
        value.lo = memory->field;
        value.hi = is_countdown(memory) ? -1 : 1; /* what is to be added */
    } else if (memory->field == CPU_SCRATCH_AT(SCRATCH_HOST)) {
        if (!v->state.resolved) {
            return verify_fail(v, RULE_STAGING);
        }
        value = value_of_kind(v, VALUE_STAGING, 0);
    } else {
        return verify_fail(v, RULE_CPU_READ);
    }
    return write_reg(v, to, 64, false, &value);
}

static bool is_selector(const struct memory *memory)
{
    uint32_t off = memory->field - (uint32_t)offsetof(struct cpu, seg);
    return memory->kind == MEMORY_CPU && memory->n_bytes == 2 && off < N_SEG * CPU_SEG_BYTES &&
           off % CPU_SEG_BYTES == CPU_SEG_SELECTOR;
}

static bool is_state_word(const struct memory *memory)
{
    return is_cpu_field(memory, offsetof(struct cpu, iff), 4) ||
           is_cpu_field(memory, offsetof(struct cpu, intr), 4) ||
           is_cpu_field(memory, offsetof(struct cpu, df), 4) ||
           is_cpu_field(memory, offsetof(struct cpu, sysflags), 4);
}

bool is_hot_imm(const struct memory *memory)
{
    uint32_t off = memory->field - (uint32_t)offsetof(struct cpu, hot_imm);
    return memory->kind == MEMORY_CPU && memory->n_bytes == 4 && off < 4 * CPU_HOT_IMMS &&
           off % 4 == 0;
}

/* Loads of 1, 2 or 4 bytes by MOV and MOVZX; width is the destination's. */
static bool load_narrow(struct verifier *v, unsigned to, unsigned width,
                        const ZydisDecodedOperand *from, const struct memory *memory)
{
    struct value value = value_int(v, 0,
                                   memory->n_bytes == 1   ? 0xff
                                   : memory->n_bytes == 2 ? 0xffff
                                                          : UINT32_MAX);
    switch (memory->kind) {
    case MEMORY_CPU:
        if (!is_selector(memory) && !is_hot_imm(memory) &&
            !(is_state_word(memory) && (is_scratch(to) || to == V_RCX)) &&
            !(is_cpu_field(memory, offsetof(struct cpu, cs_minus), 4) && is_scratch(to))) {
            return verify_fail(v, RULE_CPU_READ);
        }
        break;
    case MEMORY_GATE:
        if (!is_scratch(to) || width != 32) {
            return verify_fail(v, RULE_DEST);
        }
        if (!gate_load_base(v, memory, &value)) {
            return false;
        }
        break;
    case MEMORY_SLOT:
        if (!is_scratch(to) || width != 32) {
            return verify_fail(v, RULE_DEST);
        }
        value = value_of_kind(v, VALUE_SLOT, memory->of);
        break;
    case MEMORY_GUEST:
    case MEMORY_STAGING:
    case MEMORY_SEG_BASE:
        if (!memory_access(v, from, memory)) {
            return false;
        }
        break;
    case MEMORY_RSP:
        return verify_fail(v, RULE_HOST_STACK);
    default:
        return verify_fail(v, RULE_LOOKUP);
    }
    return write_reg(v, to, width, false, &value);
}

static bool load(struct verifier *v)
{
    const ZydisDecodedOperand *to = &v->operand[0], *from = &v->operand[1];
    struct memory memory;
    if (is_low_byte_of_pointer(to->reg.value)) {
        return verify_fail(v, RULE_REGISTER);
    }
    if (!memory_classify(v, from, &memory)) {
        return false;
    }
    return is_wide(to) ? load_wide(v, operand_reg(to), &memory)
                       : load_narrow(v, operand_reg(to), to->size, from, &memory);
}

/* IF, by CLI and STI: ring 0 only. */
static bool store_cpu(struct verifier *v, const struct memory *memory)
{
    const ZydisDecodedOperand *from = &v->operand[1];
    if (is_cpu_field(memory, offsetof(struct cpu, df), 4)) {
        return flags_store_df(v, memory);
    }
    bool value = from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
                 (from->imm.value.u == 0 || from->imm.value.u == FLAG_IF);
    bool ring0 = (v->in->mode & MODE_CPL0) && !(v->in->mode & MODE_V86);
    if (!is_cpu_field(memory, offsetof(struct cpu, iff), 4) || !value || !ring0) {
        return verify_fail(v, RULE_CPU_WRITE);
    }
    v->state.changed = true;
    return true;
}

/* A counter gets what it held plus one (a countdown: minus one), before the instruction itself. */
static bool store_counter(struct verifier *v, const struct memory *memory)
{
    const ZydisDecodedOperand *from = &v->operand[1];
    const struct value *value =
        from->type == ZYDIS_OPERAND_TYPE_REGISTER ? &v->state.reg[operand_reg(from)] : NULL;
    if (!value || value->kind != VALUE_COUNTED || value->lo != memory->field || v->in_exits ||
        !state_is_entry(&v->state)) {
        return verify_fail(v, RULE_COUNT);
    }
    v->state.reg[operand_reg(from)] = value_of_kind(v, VALUE_JUNK, 0); /* once */
    return true;
}

static bool store(struct verifier *v)
{
    const ZydisDecodedOperand *to = &v->operand[0], *from = &v->operand[1];
    bool from_reg = from->type == ZYDIS_OPERAND_TYPE_REGISTER;
    struct memory memory;
    if (!memory_classify(v, to, &memory)) {
        return false;
    }
    if (memory.kind == MEMORY_RSP) { /* a looked-up return address, for the ret behind it */
        const struct value *target = from_reg ? &v->state.reg[operand_reg(from)] : NULL;
        if (!target || !is_wide(from) || target->kind != VALUE_TARGET || v->in->landings) {
            return verify_fail(v, RULE_HOST_STACK);
        }
        v->state.ret_target = target->of;
        return true;
    }
    if (is_counter(&memory)) {
        return store_counter(v, &memory);
    }
    if (memory.kind == MEMORY_CPU) {
        return store_cpu(v, &memory);
    }
    if (memory.kind != MEMORY_GUEST && memory.kind != MEMORY_STAGING) {
        return verify_fail(v, RULE_CPU_WRITE);
    }
    if (memory.n_bytes > 4) {
        return verify_fail(v, RULE_WIDE);
    }
    return (!from_reg || read_reg(v, from->reg.value)) && memory_access(v, to, &memory);
}

bool step_mov(struct verifier *v)
{
    if (v->operand[0].type == ZYDIS_OPERAND_TYPE_MEMORY) {
        return store(v);
    }
    switch (v->operand[1].type) {
    case ZYDIS_OPERAND_TYPE_MEMORY:
        return load(v);
    case ZYDIS_OPERAND_TYPE_REGISTER:
        return mov_reg_reg(v);
    default:
        return mov_reg_imm(v);
    }
}

bool step_movzx(struct verifier *v)
{
    const ZydisDecodedOperand *to = &v->operand[0], *from = &v->operand[1];
    if (from->type == ZYDIS_OPERAND_TYPE_MEMORY) {
        return load(v);
    }
    struct value value = value_int(v, 0, from->size == 8 ? 0xff : 0xffff);
    return read_reg(v, from->reg.value) && write_reg(v, operand_reg(to), to->size, false, &value);
}

/* 32-bit sums: any guest values; the low half of r12 is ESP. */
static bool lea_narrow(struct verifier *v, unsigned to, unsigned width)
{
    const ZydisRegister parts[2] = {v->operand[1].mem.base, v->operand[1].mem.index};
    for (unsigned i = 0; i < 2; i++) {
        if (parts[i] == ZYDIS_REGISTER_NONE) {
            continue;
        }
        if (ZydisRegisterGetClass(parts[i]) != ZYDIS_REGCLASS_GPR64) {
            return verify_fail(v, RULE_MEM_FORM);
        }
        const struct value *value = &v->state.reg[reg_number(parts[i])];
        bool esp = reg_number(parts[i]) == V_R12 && value->kind == VALUE_POINTER;
        if (value->kind != VALUE_INT && !esp) {
            return verify_fail(v, RULE_SOURCE);
        }
    }
    if (width == 32) {
        gate_note_sum(v, &v->operand[1].mem);
    }
    return write_reg(v, to, width, false, NULL);
}

bool step_lea(struct verifier *v)
{
    const ZydisDecodedOperandMem *mem = &v->operand[1].mem;
    unsigned to = operand_reg(&v->operand[0]);
    if (v->z.address_width != 64 || mem->type != ZYDIS_MEMOP_TYPE_AGEN) {
        return verify_fail(v, RULE_MEM_FORM);
    }
    if (v->state.came_back && to == V_RCX) {
        return !is_wide(&v->operand[0]) && landing_difference(v, mem);
    }
    if (!is_wide(&v->operand[0])) {
        return lea_narrow(v, to, v->operand[0].size);
    }
    if (ZydisRegisterGetClass(mem->base) != ZYDIS_REGCLASS_GPR64) {
        return verify_fail(v, RULE_MEM_FORM);
    }
    const struct value *base = &v->state.reg[reg_number(mem->base)];
    struct value value;
    if (base->kind == VALUE_SLOT) { /* cache offset -> host address */
        if (mem->index != ZYDIS_REGISTER_NONE || mem->disp.value != (int64_t)v->in->cache_exec) {
            return verify_fail(v, RULE_LOOKUP);
        }
        value = value_of_kind(v, VALUE_TARGET, base->of);
    } else if (base->kind == VALUE_ENTRY && to == V_RCX && mem->index != ZYDIS_REGISTER_NONE) {
        const struct value *index = &v->state.reg[reg_number(mem->index)];
        if (index->kind != VALUE_CONST && !(index->kind == VALUE_INT && index->lo == index->hi)) {
            return verify_fail(v, RULE_SOURCE);
        }
        value = value_of_kind(v, VALUE_DIFFERENCE, 0);
    } else if (base->kind == VALUE_REACH) {
        if (!gate_sum(v, base, mem, &value) || !is_scratch(to)) {
            return is_scratch(to) ? false : verify_fail(v, RULE_DEST);
        }
    } else if (base->kind == VALUE_COUNT && mem->index == ZYDIS_REGISTER_NONE) {
        if (mem->disp.value != base->hi) {
            return verify_fail(v, RULE_COUNT);
        }
        value = value_of_kind(v, VALUE_COUNTED, 0);
        value.lo = base->lo;
    } else if (!memory_sum(v, mem, &value)) {
        return false;
    }
    bool moves = to == V_R12 && reg_number(mem->base) == V_R12 &&
                 mem->index == ZYDIS_REGISTER_NONE && !v->state.esp_lost;
    if (!write_reg(v, to, 64, false, &value)) {
        return false;
    }
    if (moves) {
        v->state.esp_lost = false;
        v->state.esp_moved += mem->disp.value;
    }
    return true;
}

/* SHRX, SHLX, RORX: 32-bit; a right shift by a known count bounds its result. */
bool step_shift(struct verifier *v)
{
    const ZydisDecodedOperand *to = &v->operand[0], *from = &v->operand[1], *count = &v->operand[2];
    if (to->size == 64 && v->z.mnemonic == ZYDIS_MNEMONIC_SHRX &&
        from->type == ZYDIS_OPERAND_TYPE_REGISTER && is_scratch(operand_reg(to))) {
        struct value gate;
        return gate_shift(v, &v->state.reg[operand_reg(from)], &v->state.reg[operand_reg(count)],
                          &gate) &&
               write_reg(v, operand_reg(to), 64, false, &gate);
    }
    if (to->size != 32 || from->type != ZYDIS_OPERAND_TYPE_REGISTER) {
        return verify_fail(v, RULE_WIDE);
    }
    if (!read_reg(v, from->reg.value)) {
        return false;
    }
    struct value value = value_int(v, 0, UINT32_MAX);
    if (count->type == ZYDIS_OPERAND_TYPE_REGISTER) {
        if (!read_reg(v, count->reg.value)) {
            return false;
        }
        const struct value *by = &v->state.reg[operand_reg(count)];
        if (v->z.mnemonic == ZYDIS_MNEMONIC_SHRX && by->lo == by->hi && by->lo < 32) {
            const struct value *source = &v->state.reg[operand_reg(from)];
            bool known = source->kind == VALUE_INT;
            value.hi = (known ? source->hi : (int64_t)UINT32_MAX) >> by->lo;
            value.of = known ? source->id : 0;
            value.shift = (unsigned)by->lo;
        }
    }
    return write_reg(v, operand_reg(to), 32, false, &value);
}
