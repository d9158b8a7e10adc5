/* insn.h - struct insn: one decoded guest instruction, as scan hands it on. Pure data. */
#ifndef SCAN_INSN_H
#define SCAN_INSN_H

#include "base/base.h"

enum { INSN_MAX_BYTES = 15 };

enum insn_prefix { PREFIX_LOCK = 1, PREFIX_REP = 2, PREFIX_REPNE = 4 };
enum { INSN_NO_REG = 0xff };

struct insn {
    uint32_t eip;    /* of the first byte, were CS's base 0: its linear address */
    uint8_t n_bytes; /* 1..15 */
    uint8_t bytes[INSN_MAX_BYTES];
    uint8_t opsize;    /* effective operand size attribute in bytes: 2 or 4 (1 if byte form) */
    uint8_t opattr;    /* operand size attribute ignoring byte forms: 2 or 4 */
    uint8_t adsize;    /* address size in bytes: 2 or 4 */
    uint8_t prefixes;  /* enum insn_prefix */
    uint8_t seg;       /* effective segment of the memory operand (enum seg) */
    bool seg_override; /* an override prefix was present */
    bool has_66;       /* an operand size prefix was present */
    uint8_t map;       /* opcode map: 0 one-byte, 1 0F, 2 0F38, 3 0F3A */
    uint8_t opcode;
    bool has_modrm;
    uint8_t modrm, sib;
    bool is_mem;                /* ModRM names memory (mod != 3), or a moffs form */
    uint8_t base, index, scale; /* memory operand: enum gpr or INSN_NO_REG; scale 1,2,4,8 */
    int32_t disp;               /* sign-extended; for 16-bit addressing the 16-bit value */
    uint32_t imm;  /* first immediate, sign-extended as the operation needs; rel for branches */
    uint32_t imm2; /* second immediate: selector of far ptr, ENTER's level */
    uint16_t mem_bytes;                 /* size of the memory operand in bytes; 0 none or unknown */
    uint16_t mnemonic;                  /* ZydisMnemonic */
    uint8_t verdict;                    /* enum verdict, map/map.h */
    uint8_t op;                         /* enum emul_op: the C function if it has one, map/map.h */
    uint8_t technique;                  /* enum technique: which of its forms is used, map/map.h */
    bool counted;                       /* of an OP_PLANT's site: its rules have counted in place */
    uint16_t plant;                     /* struct map_plant: what else happens here; 0 nothing */
    bool looks_up;                      /* a string instruction's site: see struct lookup_site */
    uint8_t flags;                      /* enum insn_flag */
    uint8_t roles;                      /* enum insn_role */
    bool mem_read, mem_write;           /* what the memory operand is used for */
    uint16_t flags_read, flags_written; /* FLAGS_ARITH bits tested / possibly changed */
    uint8_t imm_at;    /* offset of the first immediate inside bytes[] (0 = none) */
    uint8_t imm_bytes; /* all immediates together */
    uint8_t same;      /* enum insn_same */
    uint32_t shape;    /* instructions of one shape differ in address, segment override, SIB,
                          displacement, immediates and the register in ModRM.rm: shape.h; or 0 */
};
enum insn_flag {
    INSN_INVALID = 1,   /* undefined, or longer than 15 bytes: see invalid_vector */
    INSN_TRUNCATED = 2, /* the bytes given ended inside it */
    INSN_FPU = 4,       /* x87, MMX, SSE state is used */
    INSN_TOO_LONG = 8,  /* more than 15 bytes: #GP(0), not #UD */
    INSN_MMX = 16,      /* of an MMX set */
    INSN_SSE = 32,      /* of an SSE set; both also where no state is used (MOVNTI, LFENCE) */
};
/* The same bytes are the same instruction in 64-bit mode, but for where its memory operand lies;
 * the register in ModRM.rm may still be ESP. */
enum insn_same {
    SAME_NOT,
    SAME_OPERANDS,
    SAME_LOAD, /* of plain loads */
    SAME_LEA,
};
/* Which fields of ModRM (or of the opcode's low bits) name general registers. */
enum insn_role {
    ROLE_REG = 1,
    ROLE_RM = 2,
    ROLE_REG8 = 4,
    ROLE_RM8 = 8,
    ROLE_OPCODE = 16,
    ROLE_OPCODE8 = 32
};

enum insn_same insn_find_same(const struct insn *insn);

static inline unsigned insn_reg(const struct insn *insn)
{
    return (insn->modrm >> 3) & 7;
}
static inline unsigned insn_rm(const struct insn *insn)
{
    return insn->modrm & 7;
}

/* Its ModRM or moffs operand is accessed: LEA only computes the address, hints do nothing. */
static inline bool insn_reaches_memory(const struct insn *insn)
{
    bool lea = insn->map == 0 && insn->opcode == 0x8d;
    bool hint =
        insn->map == 1 && (insn->opcode == 0x0d || (insn->opcode >= 0x18 && insn->opcode < 0x20));
    return insn->is_mem && !lea && !hint;
}

/* x87 control instructions leave the instruction and data pointers alone (SDM vol. 1, "x87 FPU
 * Instruction and Data (Operand) Pointers"): D9 /4-/7, DB E0-E4, DD /4 /6 /7, DF E0 and their kin.
 */
static inline bool insn_is_x87_control(const struct insn *insn)
{
    unsigned reg = insn_reg(insn);
    switch (insn->opcode) {
    case 0xd9:
        return insn->is_mem && reg >= 4;
    case 0xdb:
        return !insn->is_mem && reg == 4;
    case 0xdd:
        return insn->is_mem && (reg == 4 || reg >= 6);
    case 0xdf:
        return !insn->is_mem && reg == 4;
    default:
        return false;
    }
}
/* FXSAVE: in 64-bit mode it stores XMM8-15 too, which the guest's must not. */
static inline bool insn_is_fxsave(const struct insn *insn)
{
    return insn->is_mem && insn->map == 1 && insn->opcode == 0xae && insn_reg(insn) == 0;
}
enum { INSN_FXSAVE_STORES = 288 }; /* bytes, outside 64-bit mode */

/* BT, BTS, BTR, BTC with the bit offset in a register: it reaches far from the operand. */
static inline bool insn_is_bit_string(const struct insn *insn)
{
    return insn->map == 1 && (insn->opcode == 0xa3 || insn->opcode == 0xab ||
                              insn->opcode == 0xb3 || insn->opcode == 0xbb);
}
/* SHA1*, SHA256*: Intel's CPUs want their operands on 16 bytes, AMD's do not. */
static inline bool insn_is_sha(const struct insn *insn)
{
    return (insn->map == 2 && insn->opcode >= 0xc8 && insn->opcode <= 0xcd) ||
           (insn->map == 3 && insn->opcode == 0xcc);
}
/* SSE operands of 16 bytes that must lie on 16 bytes, else #GP (SDM vol. 2, exception types 1, 2
 * and 4): all but MOVUPS, MOVUPD, MOVDQU, LDDQU and the PCMPxSTRx. FXSAVE, FXRSTOR. Not SHA: the
 * CPU underneath says. */
static inline bool insn_must_be_aligned(const struct insn *insn)
{
    if (!insn->is_mem || insn->map == 0) {
        return false;
    }
    if (insn->mem_bytes == 512) {
        return insn->map == 1 && insn->opcode == 0xae;
    }
    if (insn->mem_bytes != 16 || insn_is_sha(insn)) {
        return false;
    }
    if (insn->map == 3) {
        return insn->opcode < 0x60 || insn->opcode > 0x63;
    }
    bool f3 = insn->prefixes & PREFIX_REP;
    bool unaligned = insn->opcode == 0x10 || insn->opcode == 0x11 || insn->opcode == 0xf0 ||
                     (f3 && (insn->opcode == 0x6f || insn->opcode == 0x7f));
    return insn->map == 2 || !unaligned;
}
/* FNSTENV, FNSAVE, FXSAVE */
static inline bool insn_stores_fpu_pointers(const struct insn *insn)
{
    if (!insn->is_mem) {
        return false;
    }
    return insn->map == 0 ? (insn->opcode == 0xd9 || insn->opcode == 0xdd) && insn_reg(insn) == 6
                          : insn_is_fxsave(insn);
}
/* FLDENV, FRSTOR, FXRSTOR; FNINIT */
static inline bool insn_loads_fpu_pointers(const struct insn *insn)
{
    if (!insn->is_mem) {
        return insn->map == 0 && insn->opcode == 0xdb && insn->has_modrm && insn->modrm == 0xe3;
    }
    return insn->map == 0 ? (insn->opcode == 0xd9 || insn->opcode == 0xdd) && insn_reg(insn) == 4
                          : insn->map == 1 && insn->opcode == 0xae && insn_reg(insn) == 1;
}

#endif
