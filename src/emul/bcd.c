/* bcd.c - decimal arithmetic and BOUND, which 64-bit mode took away (SDM vol. 2).
 *
 * Flags the manual calls undefined are as an AMD EPYC leaves them in compatibility mode (measured,
 * 2700 cases): those of the addition or subtraction behind the instruction; for AAA and AAS the
 * 16-bit one, before AL is cut.
 */
#include "emul/local.h"

/* All six flags of left + right or left - right = result, of size 1 or 2 bytes. */
static uint32_t sum_flags(uint32_t left, uint32_t right, bool subtract, unsigned size)
{
    const uint32_t mask = emul_size_mask(size), sign = mask ^ (mask >> 1);
    const uint32_t result = (subtract ? left - right : left + right) & mask;
    const uint32_t overflow = (subtract ? left ^ right : ~(left ^ right)) & (left ^ result) & sign;
    uint32_t flags = overflow ? FLAG_OF : 0;
    flags |= (subtract ? left < right : result < left) ? FLAG_CF : 0;
    flags |= (left ^ right ^ result) & FLAG_AF;
    flags |= result & sign ? FLAG_SF : 0;
    flags |= result == 0 ? FLAG_ZF : 0;
    flags |= __builtin_parity(result & 0xff) ? 0 : FLAG_PF;
    return flags;
}

enum { FLAGS_CARRIES = FLAG_CF | FLAG_AF };

/* Arithmetic flags with CF and AF replaced. */
static void set_flags(struct cpu *cpu, uint32_t flags, uint32_t carries)
{
    cpu->arith = (cpu->arith & FLAG_DF) | (flags & ~(uint32_t)FLAGS_CARRIES) | carries;
}

/* DAA 27, DAS 2F */
static void decimal_adjust(struct cpu *cpu, bool subtract)
{
    const uint8_t al = (uint8_t)cpu_reg(cpu, GPR_EAX);
    const bool old_cf = cpu->arith & FLAG_CF;
    uint32_t carries = 0, adjust = 0;
    if ((al & 15) > 9 || (cpu->arith & FLAG_AF)) {
        adjust = 6;
        carries |= FLAG_AF;
        carries |= subtract && al < 6 ? FLAG_CF : 0; /* DAA: AL > F9 implies the branch below */
    }
    if (al > 0x99 || old_cf) {
        adjust += 0x60;
        carries |= FLAG_CF;
    }
    emul_write_reg(cpu, GPR_EAX, 1, subtract ? al - adjust : al + adjust);
    set_flags(cpu, sum_flags(al, adjust, subtract, 1), carries);
}

/* AAA 37, AAS 3F */
static void ascii_adjust(struct cpu *cpu, bool subtract)
{
    const uint16_t ax = (uint16_t)cpu_reg(cpu, GPR_EAX);
    const bool due = (ax & 15) > 9 || (cpu->arith & FLAG_AF);
    const uint32_t adjust = due ? 0x106 : 0;
    emul_write_reg(cpu, GPR_EAX, 2, (subtract ? ax - adjust : ax + adjust) & 0xff0f);
    set_flags(cpu, sum_flags(ax, adjust, subtract, 2), due ? FLAGS_CARRIES : 0);
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
        emul_write_reg(cpu, GPR_EAX, 2, (uint32_t)(al / base) << 8 | al % base);
        set_flags(cpu, sum_flags(al % base, 0, false, 1), 0);
        break;
    case 0xd5: /* AAD */
        emul_write_reg(cpu, GPR_EAX, 2, (uint8_t)(al + ah * base));
        cpu->arith = (cpu->arith & FLAG_DF) | sum_flags(al, (uint8_t)(ah * base), false, 1);
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
