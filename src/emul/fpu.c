/* fpu.c - may this x87, MMX or SSE instruction run at all? (SDM vol. 3, "Emulation and the x87
 * FPU", "Providing Operating System Support for SSE"; vol. 1 tables of #UD and #NM). The
 * instruction itself always runs natively.
 */
#include "emul/local.h"

enum kind { KIND_NONE, KIND_WAIT, KIND_X87, KIND_MMX, KIND_SSE };

/* 0F opcodes that are MMX without a 66, F2 or F3 prefix: 60-7F, D1-FE, PSHUFW to PALIGNR. C4 and C5
 * (PINSRW, PEXTRW) and MOVNTQ came with SSE but obey MMX's rules. */
static bool is_mmx(const struct insn *insn)
{
    const uint8_t op = insn->opcode;
    if (insn->has_66 || (insn->prefixes & (PREFIX_REP | PREFIX_REPNE))) {
        return false;
    }
    if (insn->map == 1) {
        return (op >= 0x60 && op <= 0x7f) || op == 0xc4 || op == 0xc5 || (op >= 0xd1 && op <= 0xfe);
    }
    return (insn->map == 2 && op <= 0x1e) || (insn->map == 3 && op == 0x0f);
}

/* Those of the 0F maps that touch no FPU or SSE register. */
static bool is_general(const struct insn *insn)
{
    const uint8_t op = insn->opcode;
    if (insn->map == 1) {
        if (op == 0xae && insn->has_modrm) {
            return !insn->is_mem || insn_reg(insn) == 7; /* fences; CLFLUSH */
        }
        /* MOVNTI, PREFETCH, POPCNT; CMPXCHG8B, RDRAND */
        return op == 0xc3 || op == 0x18 || op == 0x0d || op == 0xb8 || op == 0xc7;
    }
    return insn->map == 2 && op >= 0xf0; /* MOVBE, CRC32 */
}

static enum kind find_kind(const struct insn *insn)
{
    if (insn->map == 0) {
        return insn->opcode == 0x9b                           ? KIND_WAIT
               : insn->opcode >= 0xd8 && insn->opcode <= 0xdf ? KIND_X87
                                                              : KIND_NONE;
    }
    if (is_general(insn)) {
        return KIND_NONE;
    }
    if (insn->map == 1 && insn->opcode == 0xae && insn_reg(insn) <= 1) {
        return KIND_X87; /* FXSAVE, FXRSTOR: #NM for EM and TS alike */
    }
    return is_mmx(insn) ? KIND_MMX : KIND_SSE;
}

enum light_result emul_fpu_check(struct cpu *cpu, const struct insn *insn)
{
    const uint32_t cr0 = cpu->cr0;
    const enum kind kind = find_kind(insn);
    switch (kind) {
    case KIND_NONE:
        return LIGHT_NEXT;
    case KIND_WAIT:
        return (cr0 & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS) ? emul_fault_plain(cpu, VEC_NM)
                                                              : LIGHT_NEXT;
    case KIND_X87:
        return cr0 & (CR0_EM | CR0_TS) ? emul_fault_plain(cpu, VEC_NM) : LIGHT_NEXT;
    case KIND_MMX:
    case KIND_SSE:
        break;
    }
    if ((cr0 & CR0_EM) || (kind == KIND_SSE && !(cpu->cr4 & CR4_OSFXSR))) {
        return emul_fault_plain(cpu, VEC_UD);
    }
    return cr0 & CR0_TS ? emul_fault_plain(cpu, VEC_NM) : LIGHT_NEXT;
}
