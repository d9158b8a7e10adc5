/* emit.h - the host encoder and its code buffer. PURE: writes bytes into a buffer it was given,
 * knows nothing of guests, caches or policy.
 *
 * Host registers are numbered as in ModRM/REX: rax 0 ... rdi 7, r8 8 ... r15 15. None of the
 * helpers marked "no flags" touches RFLAGS: guest flags are live in it while guest code runs.
 */
#ifndef EMIT_EMIT_H
#define EMIT_EMIT_H

#include "base/base.h"

enum host_reg {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
    NO_REG = -1,
};

enum { EMIT_FIXED_BYTES = 256, EMIT_MAX_FIXED = 256 };

/* A code buffer: bytes are written at `at`; they will run at exec + (at - start). */
struct emit {
    uint8_t *start, *at, *end;
    uint64_t exec;
    bool guest_fs; /* the guest's memory lies behind FS.base, not GS.base */
    bool overflow; /* something did not fit: everything after is void */
    /* Where the rel32 fields are whose targets lie below fixed + EMIT_FIXED_BYTES: not in this
     * code, and elsewhere from it when it is put somewhere else. Up to EMIT_MAX_FIXED are noted. */
    uint64_t fixed;
    unsigned n_fixed;
    uint16_t fixed_fields[EMIT_MAX_FIXED];
};

/* A host memory operand: [base + index * scale + disp], computed in 32 bits if a32. */
struct host_mem {
    int base, index; /* enum host_reg or NO_REG; index never RSP */
    unsigned scale;  /* 1, 2, 4, 8 */
    int32_t disp;
    bool guest; /* behind GS.base or FS.base: emit->guest_fs */
    bool a32;
};

/* A host instruction to be put together around a ModRM byte. */
struct host_op {
    uint8_t legacy[4]; /* legacy prefixes as wanted (66 F2 F3 F0), without 65/67 */
    uint8_t n_legacy;
    bool rex_w, rex_force;
    uint8_t map; /* 0 one-byte, 1 0F, 2 0F38, 3 0F3A */
    uint8_t opcode;
};

static inline uint64_t emit_pc(const struct emit *emit)
{
    return emit->exec + (uint64_t)(emit->at - emit->start);
}
static inline uint32_t emit_off(const struct emit *emit)
{
    return (uint32_t)(emit->at - emit->start);
}

enum { EMIT_FS = 0x64, EMIT_GS = 0x65, EMIT_ADDRESS32 = 0x67 };
/* The segment prefix of the guest's memory. */
static inline uint8_t emit_guest_prefix(const struct emit *emit)
{
    return emit->guest_fs ? EMIT_FS : EMIT_GS;
}

void emit_u8(struct emit *emit, uint8_t value);
void emit_u32(struct emit *emit, uint32_t value);
void emit_u64(struct emit *emit, uint64_t value);
void emit_bytes(struct emit *emit, const uint8_t *bytes, unsigned n_bytes);

/* The prefixes of an operand that lies in the guest's memory by a 32-bit address. */
void emit_guest_prefixes(struct emit *emit);
/* op with ModRM: reg field (register number or /digit), memory or register r/m. */
void emit_op_mem(struct emit *emit, const struct host_op *op, int reg, const struct host_mem *mem);
void emit_op_reg(struct emit *emit, const struct host_op *op, int reg, int rm);

/* no flags */
void emit_mov_rr32(struct emit *emit, int to, int from);
void emit_mov_rr64(struct emit *emit, int to, int from);
void emit_mov_ri32(struct emit *emit, int to, uint32_t value); /* zero-extends */
void emit_mov_ri64(struct emit *emit, int to, uint64_t value);
void emit_load32(struct emit *emit, int to, const struct host_mem *mem);
void emit_load64(struct emit *emit, int to, const struct host_mem *mem);
void emit_load16z(struct emit *emit, int to, const struct host_mem *mem); /* movzwl */
void emit_store32(struct emit *emit, const struct host_mem *mem, int from);
void emit_store64(struct emit *emit, const struct host_mem *mem, int from);
void emit_store16(struct emit *emit, const struct host_mem *mem, int from);
void emit_store_imm32(struct emit *emit, const struct host_mem *mem, uint32_t value);
void emit_store_imm16(struct emit *emit, const struct host_mem *mem, uint16_t value);
void emit_lea64(struct emit *emit, int to, const struct host_mem *mem);
void emit_lea32(struct emit *emit, int to, const struct host_mem *mem);
void emit_rorx32(struct emit *emit, int to, int from, unsigned count);
void emit_rorx64(struct emit *emit, int to, int from, unsigned count);
void emit_shrx32(struct emit *emit, int to, int from, int count_reg);
void emit_shrx64(struct emit *emit, int to, int from, int count_reg);
void emit_sarx32(struct emit *emit, int to, int from, int count_reg);
void emit_shlx32(struct emit *emit, int to, int from, int count_reg);
void emit_shlx64(struct emit *emit, int to, int from, int count_reg);
void emit_movzx16(struct emit *emit, int to, int from);
void emit_movzx8(struct emit *emit, int to, int from); /* from: low byte */
void emit_movsx16(struct emit *emit, int to, int from);
void emit_jmp_reg(struct emit *emit, int reg);
void emit_call_reg(struct emit *emit, int reg);
void emit_jmp_mem(struct emit *emit, const struct host_mem *mem);
void emit_call_mem(struct emit *emit, const struct host_mem *mem);
void emit_ret(struct emit *emit);
/* The fewest instructions that do nothing in n_bytes. */
void emit_nops(struct emit *emit, unsigned n_bytes);
/* rel8 form of jcc, or of jmp if condition < 0; false, and nothing emitted, if the target is too
 * far. */
bool emit_jump_short(struct emit *emit, int condition, uint64_t target_pc);
/* rel32 forms; return the offset (emit_off) of the rel32 field, for emit_patch_rel32 later. */
uint32_t emit_jmp_rel32(struct emit *emit, uint64_t target_pc);
uint32_t emit_call_rel32(struct emit *emit, uint64_t target_pc);
uint32_t emit_jcc_rel32(struct emit *emit, unsigned condition, uint64_t target_pc);
/* A short branch forward: E0-E3 (loop family, jrcxz/jecxz with a32), EB, 70-7F. Returns the offset
 * of its rel8. */
uint32_t emit_loop_rel8(struct emit *emit, uint8_t opcode, bool a32);
void emit_patch_rel8(struct emit *emit, uint32_t field_off); /* to here */
void emit_patch_rel32(struct emit *emit, uint32_t field_off, uint64_t target_pc);

static inline struct host_mem host_mem_base(int base, int32_t disp)
{
    return (struct host_mem){.base = base, .index = NO_REG, .scale = 1, .disp = disp};
}
static inline struct host_mem host_mem_index(int base, int index, unsigned scale, int32_t disp)
{
    return (struct host_mem){.base = base, .index = index, .scale = scale, .disp = disp};
}
static inline struct host_mem host_mem_guest(int base, int index, unsigned scale, int32_t disp)
{
    return (struct host_mem){
        .base = base, .index = index, .scale = scale, .disp = disp, .guest = true, .a32 = true};
}

#endif
