/* emit.c - the host encoder: see emit.h. Encodings from SDM vol. 2, "Instruction Format". */
#include "emit/emit.h"

#include <stddef.h>
#include <string.h>

void emit_u8(struct emit *emit, uint8_t value)
{
    if (emit->at >= emit->end) {
        emit->overflow = true;
        return;
    }
    *emit->at++ = value;
}

void emit_bytes(struct emit *emit, const uint8_t *bytes, unsigned n_bytes)
{
    if (emit->end - emit->at >= (ptrdiff_t)n_bytes) {
        for (unsigned i = 0; i < n_bytes; i++) { /* a few: cheaper than memcpy */
            emit->at[i] = bytes[i];
        }
        emit->at += n_bytes;
        return;
    }
    for (unsigned i = 0; i < n_bytes; i++) {
        emit_u8(emit, bytes[i]);
    }
}

/* An instruction is put together without looking at the end for each byte: in the buffer itself
 * where the longest one surely fits, else in `spare`, of which finish_insn() emits what does. */
enum { SPARE_BYTES = 24 };

static uint8_t *begin_insn(const struct emit *emit, uint8_t *spare)
{
    return emit->end - emit->at >= SPARE_BYTES ? emit->at : spare;
}

static void finish_insn(struct emit *emit, const uint8_t *spare, uint8_t *at)
{
    if (__builtin_expect((uint64_t)(at - spare) <= SPARE_BYTES, 0)) {
        emit_bytes(emit, spare, (unsigned)(at - spare));
    } else {
        emit->at = at;
    }
}

static bool has_room(struct emit *emit, unsigned n_bytes)
{
    emit->overflow |= emit->end - emit->at < (ptrdiff_t)n_bytes;
    return !emit->overflow;
}

static void emit_u16(struct emit *emit, uint16_t value)
{
    if (has_room(emit, 2)) {
        memcpy(emit->at, &value, 2);
        emit->at += 2;
    }
}
void emit_u32(struct emit *emit, uint32_t value)
{
    if (has_room(emit, 4)) {
        memcpy(emit->at, &value, 4);
        emit->at += 4;
    }
}
void emit_u64(struct emit *emit, uint64_t value)
{
    if (has_room(emit, 8)) {
        memcpy(emit->at, &value, 8);
        emit->at += 8;
    }
}

void emit_guest_prefixes(struct emit *emit)
{
    emit_u8(emit, emit_guest_prefix(emit));
    emit_u8(emit, EMIT_ADDRESS32);
}

/* prefix: of a segment, or 0. */
static inline uint8_t *put_head(uint8_t *at, const struct host_op *op, uint8_t prefix, bool a32,
                                int reg, int index, int base)
{
    if (prefix) {
        *at++ = prefix;
    }
    if (a32) {
        *at++ = EMIT_ADDRESS32;
    }
    for (unsigned i = 0; i < op->n_legacy; i++) {
        *at++ = op->legacy[i];
    }
    unsigned rex =
        (op->rex_w ? 8u : 0) | (reg >= 8 ? 4u : 0) | (index >= 8 ? 2u : 0) | (base >= 8 ? 1u : 0);
    if (rex || op->rex_force) {
        *at++ = (uint8_t)(0x40 | rex);
    }
    if (op->map) {
        *at++ = 0x0f;
        if (op->map > 1) {
            *at++ = op->map == 2 ? 0x38 : 0x3a;
        }
    }
    *at++ = op->opcode;
    return at;
}

static inline uint8_t *put_u32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, 4);
    return at + 4;
}

/* ModRM, SIB and displacement of a memory operand. */
static inline uint8_t *put_modrm_mem(uint8_t *at, int reg, const struct host_mem *mem)
{
    unsigned r = ((unsigned)reg & 7) << 3;
    unsigned scale_bits = (unsigned)__builtin_ctz(mem->scale | 16) & 3;
    unsigned index = mem->index == NO_REG ? 4 : (unsigned)mem->index & 7;

    if (mem->base == NO_REG) { /* disp32, with or without index: always through SIB base 5 */
        *at++ = (uint8_t)(r | 4);
        *at++ = (uint8_t)(scale_bits << 6 | index << 3 | 5);
        return put_u32(at, (uint32_t)mem->disp);
    }
    unsigned base = (unsigned)mem->base & 7;
    unsigned mod = mem->disp == 0 && base != 5 ? 0 : mem->disp == (int8_t)mem->disp ? 1 : 2;
    if (mem->index != NO_REG || base == 4) {
        *at++ = (uint8_t)(mod << 6 | r | 4);
        *at++ = (uint8_t)(scale_bits << 6 | index << 3 | base);
    } else {
        *at++ = (uint8_t)(mod << 6 | r | base);
    }
    if (mod == 1) {
        *at++ = (uint8_t)mem->disp;
    } else if (mod == 2) {
        at = put_u32(at, (uint32_t)mem->disp);
    }
    return at;
}

void emit_op_mem(struct emit *emit, const struct host_op *op, int reg, const struct host_mem *mem)
{
    uint8_t spare[SPARE_BYTES], *at = begin_insn(emit, spare);
    at = put_head(at, op, mem->guest ? emit_guest_prefix(emit) : 0, mem->a32, reg, mem->index,
                  mem->base);
    finish_insn(emit, spare, put_modrm_mem(at, reg, mem));
}

void emit_op_reg(struct emit *emit, const struct host_op *op, int reg, int rm)
{
    uint8_t spare[SPARE_BYTES], *at = begin_insn(emit, spare);
    at = put_head(at, op, 0, false, reg, NO_REG, rm);
    *at++ = (uint8_t)(0xc0 | ((unsigned)reg & 7) << 3 | ((unsigned)rm & 7));
    finish_insn(emit, spare, at);
}

static void op_rr(struct emit *emit, uint8_t map, uint8_t opcode, bool w, int reg, int rm)
{
    struct host_op op = {.rex_w = w, .map = map, .opcode = opcode};
    emit_op_reg(emit, &op, reg, rm);
}

static void op_rm(struct emit *emit, uint8_t map, uint8_t opcode, bool w, int reg,
                  const struct host_mem *mem)
{
    struct host_op op = {.rex_w = w, .map = map, .opcode = opcode};
    emit_op_mem(emit, &op, reg, mem);
}

static void op_rm16(struct emit *emit, uint8_t opcode, int reg, const struct host_mem *mem)
{
    struct host_op op = {.legacy = {0x66}, .n_legacy = 1, .opcode = opcode};
    emit_op_mem(emit, &op, reg, mem);
}

void emit_mov_rr32(struct emit *emit, int to, int from)
{
    op_rr(emit, 0, 0x8b, false, to, from);
}
void emit_mov_rr64(struct emit *emit, int to, int from)
{
    op_rr(emit, 0, 0x8b, true, to, from);
}

void emit_mov_ri32(struct emit *emit, int to, uint32_t value)
{
    uint8_t spare[SPARE_BYTES], *at = begin_insn(emit, spare);
    if (to >= 8) {
        *at++ = 0x41;
    }
    *at++ = (uint8_t)(0xb8 | ((unsigned)to & 7));
    finish_insn(emit, spare, put_u32(at, value));
}

void emit_mov_ri64(struct emit *emit, int to, uint64_t value)
{
    if (value <= UINT32_MAX) {
        emit_mov_ri32(emit, to, (uint32_t)value);
        return;
    }
    emit_u8(emit, to >= 8 ? 0x49 : 0x48);
    emit_u8(emit, (uint8_t)(0xb8 | ((unsigned)to & 7)));
    emit_u64(emit, value);
}

void emit_load32(struct emit *emit, int to, const struct host_mem *mem)
{
    op_rm(emit, 0, 0x8b, false, to, mem);
}
void emit_load64(struct emit *emit, int to, const struct host_mem *mem)
{
    op_rm(emit, 0, 0x8b, true, to, mem);
}
void emit_load16z(struct emit *emit, int to, const struct host_mem *mem)
{
    op_rm(emit, 1, 0xb7, false, to, mem);
}
void emit_store32(struct emit *emit, const struct host_mem *mem, int from)
{
    op_rm(emit, 0, 0x89, false, from, mem);
}
void emit_store64(struct emit *emit, const struct host_mem *mem, int from)
{
    op_rm(emit, 0, 0x89, true, from, mem);
}
void emit_store16(struct emit *emit, const struct host_mem *mem, int from)
{
    op_rm16(emit, 0x89, from, mem);
}
void emit_store_imm32(struct emit *emit, const struct host_mem *mem, uint32_t value)
{
    op_rm(emit, 0, 0xc7, false, 0, mem);
    emit_u32(emit, value);
}
void emit_store_imm16(struct emit *emit, const struct host_mem *mem, uint16_t value)
{
    op_rm16(emit, 0xc7, 0, mem);
    emit_u16(emit, value);
}
void emit_lea64(struct emit *emit, int to, const struct host_mem *mem)
{
    op_rm(emit, 0, 0x8d, true, to, mem);
}
void emit_lea32(struct emit *emit, int to, const struct host_mem *mem)
{
    op_rm(emit, 0, 0x8d, false, to, mem);
}

/* VEX.LZ.{pp}.0F38.W opcode /r with the count register in VEX.vvvv (BMI2). */
static void vex_shift(struct emit *emit, unsigned pp, bool w, int to, int from, int count_reg)
{
    emit_u8(emit, 0xc4);
    emit_u8(emit, (uint8_t)((to >= 8 ? 0 : 0x80) | 0x40 | (from >= 8 ? 0 : 0x20) | 2));
    emit_u8(emit, (uint8_t)((w ? 0x80 : 0) | (~(unsigned)count_reg & 15) << 3 | pp));
    emit_u8(emit, 0xf7);
    emit_u8(emit, (uint8_t)(0xc0 | ((unsigned)to & 7) << 3 | ((unsigned)from & 7)));
}
void emit_shrx32(struct emit *emit, int to, int from, int count_reg)
{
    vex_shift(emit, 3, false, to, from, count_reg);
}
void emit_shrx64(struct emit *emit, int to, int from, int count_reg)
{
    vex_shift(emit, 3, true, to, from, count_reg);
}
void emit_sarx32(struct emit *emit, int to, int from, int count_reg)
{
    vex_shift(emit, 2, false, to, from, count_reg);
}
void emit_shlx32(struct emit *emit, int to, int from, int count_reg)
{
    vex_shift(emit, 1, false, to, from, count_reg);
}
void emit_shlx64(struct emit *emit, int to, int from, int count_reg)
{
    vex_shift(emit, 1, true, to, from, count_reg);
}
static void rorx(struct emit *emit, int to, int from, unsigned count, uint8_t w)
{
    emit_u8(emit, 0xc4);
    emit_u8(emit, (uint8_t)((to >= 8 ? 0 : 0x80) | 0x40 | (from >= 8 ? 0 : 0x20) | 3));
    emit_u8(emit, 0x7b | w); /* W, vvvv = 1111, L0, F2 */
    emit_u8(emit, 0xf0);
    emit_u8(emit, (uint8_t)(0xc0 | ((unsigned)to & 7) << 3 | ((unsigned)from & 7)));
    emit_u8(emit, (uint8_t)count);
}
void emit_rorx32(struct emit *emit, int to, int from, unsigned count)
{
    rorx(emit, to, from, count, 0);
}
void emit_rorx64(struct emit *emit, int to, int from, unsigned count)
{
    rorx(emit, to, from, count, 0x80);
}

void emit_movzx16(struct emit *emit, int to, int from)
{
    op_rr(emit, 1, 0xb7, false, to, from);
}
void emit_movsx16(struct emit *emit, int to, int from)
{
    op_rr(emit, 1, 0xbf, false, to, from);
}
void emit_movzx8(struct emit *emit, int to, int from)
{
    struct host_op op = {.map = 1, .opcode = 0xb6, .rex_force = from >= 4};
    emit_op_reg(emit, &op, to, from);
}

void emit_jmp_reg(struct emit *emit, int reg)
{
    op_rr(emit, 0, 0xff, false, 4, reg);
}
void emit_call_reg(struct emit *emit, int reg)
{
    op_rr(emit, 0, 0xff, false, 2, reg);
}
void emit_jmp_mem(struct emit *emit, const struct host_mem *mem)
{
    op_rm(emit, 0, 0xff, false, 4, mem);
}
void emit_call_mem(struct emit *emit, const struct host_mem *mem)
{
    op_rm(emit, 0, 0xff, false, 2, mem);
}
void emit_ret(struct emit *emit)
{
    emit_u8(emit, 0xc3);
}

static uint32_t emit_rel32(struct emit *emit, uint64_t target_pc)
{
    uint32_t field = emit_off(emit);
    if (target_pc - emit->fixed < EMIT_FIXED_BYTES) {
        if (emit->n_fixed < EMIT_MAX_FIXED) {
            emit->fixed_fields[emit->n_fixed] = (uint16_t)field;
        }
        emit->n_fixed++;
    }
    emit_u32(emit, (uint32_t)(target_pc - (emit_pc(emit) + 4)));
    return field;
}
uint32_t emit_jmp_rel32(struct emit *emit, uint64_t target_pc)
{
    emit_u8(emit, 0xe9);
    return emit_rel32(emit, target_pc);
}
uint32_t emit_call_rel32(struct emit *emit, uint64_t target_pc)
{
    emit_u8(emit, 0xe8);
    return emit_rel32(emit, target_pc);
}
/* SDM vol. 2, "NOP", Recommended Multi-Byte Sequence of NOP Instruction. */
void emit_nops(struct emit *emit, unsigned n_bytes)
{
    static const uint8_t nops[9][9] = {
        {0x90},
        {0x66, 0x90},
        {0x0f, 0x1f, 0x00},
        {0x0f, 0x1f, 0x40, 0x00},
        {0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
        {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    };
    while (n_bytes) {
        unsigned n = n_bytes < 9 ? n_bytes : 9;
        emit_bytes(emit, nops[n - 1], n);
        n_bytes -= n;
    }
}

bool emit_jump_short(struct emit *emit, int condition, uint64_t target_pc)
{
    int64_t rel = (int64_t)(target_pc - emit_pc(emit) - 2);
    if (rel < INT8_MIN || rel > INT8_MAX) {
        return false;
    }
    emit_u8(emit, condition < 0 ? 0xeb : (uint8_t)(0x70 | condition));
    emit_u8(emit, (uint8_t)rel);
    return true;
}

uint32_t emit_jcc_rel32(struct emit *emit, unsigned condition, uint64_t target_pc)
{
    emit_u8(emit, 0x0f);
    emit_u8(emit, (uint8_t)(0x80 | condition));
    return emit_rel32(emit, target_pc);
}
uint32_t emit_loop_rel8(struct emit *emit, uint8_t opcode, bool a32)
{
    if (a32) {
        emit_u8(emit, 0x67);
    }
    emit_u8(emit, opcode);
    emit_u8(emit, 0);
    return emit_off(emit) - 1;
}
void emit_patch_rel8(struct emit *emit, uint32_t field_off)
{
    uint32_t distance = emit_off(emit) - (field_off + 1);
    BUG_ON(!emit->overflow && distance > 127);
    if (!emit->overflow) {
        emit->start[field_off] = (uint8_t)distance;
    }
}
void emit_patch_rel32(struct emit *emit, uint32_t field_off, uint64_t target_pc)
{
    if (emit->overflow) {
        return;
    }
    uint32_t rel = (uint32_t)(target_pc - (emit->exec + field_off + 4));
    memcpy(emit->start + field_off, &rel, 4);
}
