/* same.c - instructions whose bytes are the same instruction in 64-bit mode: what the translator
 * copies instead of putting together anew (translate/same.c). PURE.
 *
 * General instructions on 32- or 8-bit operands, without prefixes, that do not name ESP by an
 * opcode or ModRM.reg. Left out is what 64-bit mode took away or gave another meaning (SDM vol. 2,
 * "Opcode Map": 40-4F, 62, 63, 82, ...).
 */
#include "cpu/cpu.h"
#include "scan/scan.h"

static enum insn_same one_byte(const struct insn *insn)
{
    const unsigned op = insn->opcode, reg = insn_reg(insn);
    if (op < 0x40) {
        return (op & 7) < 6 ? SAME_OPERANDS : SAME_NOT;
    }
    switch (op) {
    case 0x8a:
    case 0x8b:
        return SAME_LOAD;
    case 0x8d:
        return SAME_LEA;
    case 0x69:
    case 0x6b:
    case 0x80:
    case 0x81:
    case 0x83 ... 0x89:
    case 0x91 ... 0x99:
    case 0xa8:
    case 0xa9:
    case 0xb0 ... 0xbf:
    case 0xc0:
    case 0xc1:
    case 0xc6:
    case 0xc7:
    case 0xd0 ... 0xd3:
    case 0xf6:
    case 0xf7:
        return SAME_OPERANDS;
    case 0xfe:
    case 0xff:
        return reg < 2 ? SAME_OPERANDS : SAME_NOT;
    default:
        return SAME_NOT;
    }
}

static enum insn_same two_bytes(const struct insn *insn)
{
    switch (insn->opcode) {
    case 0xb6:
    case 0xb7:
    case 0xbe:
    case 0xbf:
        return SAME_LOAD;
    case 0xa3: /* with memory they reach far from the operand */
    case 0xab:
    case 0xb3:
    case 0xbb:
        return insn->is_mem ? SAME_NOT : SAME_OPERANDS;
    case 0x40 ... 0x4f:
    case 0x90 ... 0x9f:
    case 0xa4:
    case 0xa5:
    case 0xac:
    case 0xad:
    case 0xaf:
    case 0xb0:
    case 0xb1:
    case 0xba:
    case 0xbc:
    case 0xbd:
    case 0xc0:
    case 0xc1:
    case 0xc8 ... 0xcf:
        return SAME_OPERANDS;
    default:
        return SAME_NOT;
    }
}

enum insn_same insn_find_same(const struct insn *insn)
{
    const bool plain = !insn->prefixes && !insn->has_66 && !insn->seg_override &&
                       insn->adsize == 4 && insn->opattr == 4 && !(insn->flags & INSN_FPU);
    const bool esp = ((insn->roles & ROLE_REG) && insn_reg(insn) == GPR_ESP) ||
                     ((insn->roles & ROLE_OPCODE) && (insn->opcode & 7) == GPR_ESP);
    if (!plain || esp || insn->map > 1) {
        return SAME_NOT;
    }
    return insn->map ? two_bytes(insn) : one_byte(insn);
}
