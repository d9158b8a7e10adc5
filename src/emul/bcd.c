/* bcd.c - decimal arithmetic and BOUND, which 64-bit mode took away (SDM vol. 2). Flags the manual
 * calls undefined are as the host CPUs leave them (tests/unit/test_emul_bcd.c).
 */
#include "emul/local.h"

/* SF, ZF and PF of an 8-bit result. */
static uint32_t result_flags(uint8_t result)
{
    return (result & 0x80 ? FLAG_SF : 0) | (result == 0 ? FLAG_ZF : 0) |
           (__builtin_parity(result) ? 0 : FLAG_PF);
}

static void set_result(struct cpu *cpu, uint8_t al, uint32_t carries)
{
    emul_write_reg(cpu, GPR_EAX, 1, al);
    cpu->arith = (cpu->arith & FLAG_DF) | result_flags(al) | carries;
}

/* DAA 27, DAS 2F */
static void decimal_adjust(struct cpu *cpu, bool subtract)
{
    const uint8_t old_al = (uint8_t)cpu_reg(cpu, GPR_EAX);
    const bool old_cf = cpu->arith & FLAG_CF;
    uint8_t al = old_al;
    uint32_t carries = 0;
    if ((al & 15) > 9 || (cpu->arith & FLAG_AF)) {
        carries |= FLAG_AF;
        if (subtract) {
            carries |= old_cf || al < 6 ? FLAG_CF : 0;
            al -= 6;
        } else {
            carries |= old_cf || al > 0xf9 ? FLAG_CF : 0;
            al += 6;
        }
    }
    if (old_al > 0x99 || old_cf) {
        carries |= FLAG_CF;
        al = (uint8_t)(subtract ? al - 0x60 : al + 0x60);
    } else if (!subtract) {
        carries &= ~(uint32_t)FLAG_CF;
    }
    set_result(cpu, al, carries);
}

/* AAA 37, AAS 3F */
static void ascii_adjust(struct cpu *cpu, bool subtract)
{
    const uint16_t ax = (uint16_t)cpu_reg(cpu, GPR_EAX);
    uint16_t adjusted = ax;
    uint32_t carries = 0;
    if ((ax & 15) > 9 || (cpu->arith & FLAG_AF)) {
        adjusted = (uint16_t)(subtract ? ax - 0x106 : ax + 0x106);
        carries = FLAG_AF | FLAG_CF;
    }
    emul_write_reg(cpu, GPR_EAX, 2, adjusted & 0xff0f);
    cpu->arith = (cpu->arith & FLAG_DF) | result_flags(adjusted & 0x0f) | carries;
}

enum light_result emul_bcd(struct cpu *cpu, const struct insn *insn)
{
    const uint8_t al = (uint8_t)cpu_reg(cpu, GPR_EAX), ah = (uint8_t)(cpu_reg(cpu, GPR_EAX) >> 8);
    const uint8_t base = (uint8_t)insn->imm;
    switch (insn->opcode) {
    case 0x27:
        decimal_adjust(cpu, false);
        break;
    case 0x2f:
        decimal_adjust(cpu, true);
        break;
    case 0x37:
        ascii_adjust(cpu, false);
        break;
    case 0x3f:
        ascii_adjust(cpu, true);
        break;
    case 0xd4: /* AAM */
        if (base == 0) {
            return emul_fault_plain(cpu, VEC_DE);
        }
        emul_write_reg(cpu, GPR_EAX, 2, (uint32_t)(al / base) << 8);
        set_result(cpu, al % base, 0);
        break;
    case 0xd5: /* AAD */
        emul_write_reg(cpu, GPR_EAX, 2, 0);
        set_result(cpu, (uint8_t)(al + ah * base), 0);
        break;
    default: /* D6 SALC */
        emul_write_reg(cpu, GPR_EAX, 1, cpu->arith & FLAG_CF ? 0xff : 0);
        break;
    }
    return LIGHT_NEXT;
}

/* 62: the register against the pair of signed bounds in memory. */
enum light_result emul_bound(struct cpu *cpu, const struct insn *insn)
{
    const unsigned size = insn->opattr;
    uint32_t lower, upper;
    if (!insn->is_mem) {
        return emul_fault_plain(cpu, VEC_UD);
    }
    if (emul_read_mem(cpu, insn, 0, size, &lower) || emul_read_mem(cpu, insn, size, size, &upper)) {
        return LIGHT_FAULT;
    }
    int32_t index = (int32_t)emul_read_reg(cpu, insn_reg(insn), size);
    int32_t low = (int32_t)lower, high = (int32_t)upper;
    if (size == 2) {
        index = (int16_t)index;
        low = (int16_t)low;
        high = (int16_t)high;
    }
    return index < low || index > high ? emul_fault_plain(cpu, VEC_BR) : LIGHT_NEXT;
}
