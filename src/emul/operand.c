/* operand.c - where an instruction's memory operand lies, with every check of segmentation (SDM
 * vol. 3, "Limit Checking", "Type Checking"), and reading and writing it.
 */
#include "emul/local.h"

uint32_t emul_operand_off(const struct cpu *cpu, const struct insn *insn)
{
    uint32_t off = (uint32_t)insn->disp;
    if (insn->base != INSN_NO_REG) {
        off += cpu_reg(cpu, insn->base);
    }
    if (insn->index != INSN_NO_REG) {
        off += cpu_reg(cpu, insn->index) * insn->scale;
    }
    return insn->adsize == 2 ? off & 0xffff : off;
}

/* "Alignment Requirements by Data Type" (#AC): natural alignment of an operand of n_bytes. Operands
 * of 16 bytes are not checked: MOVAPS and kin fault by themselves, MOVUPS and kin may lie anywhere.
 */
int emul_check_alignment_slow(struct cpu *cpu, uint32_t lin, unsigned n_bytes)
{
    unsigned align = 1;
    switch (n_bytes) {
    case 2:
    case 14: /* FNSTENV, 16-bit form */
    case 94: /* FNSAVE, 16-bit form */
        align = 2;
        break;
    case 4:
    case 6: /* far pointer of 48 bits */
    case 28:
    case 108:
        align = 4;
        break;
    case 8:
    case 10: /* extended real, packed decimal */
        align = 8;
        break;
    }
    return lin & (align - 1) ? emul_raise(cpu, VEC_AC, 0) : 0;
}

int emul_segment_lin(struct cpu *cpu, enum seg seg, uint32_t off, unsigned n_bytes, bool write,
                     uint32_t *lin)
{
    const struct segment *segment = &cpu->seg[seg];
    bool ok = emul_limit_ok(segment, off, n_bytes);
    if (emul_is_prot(cpu)) {
        const uint8_t access = segment->access;
        ok = ok && (access & SEG_PRESENT);
        if (write) {
            ok = ok && (access & (SEG_CODE | SEG_RW)) == SEG_RW;
        } else {
            ok = ok && (access & (SEG_CODE | SEG_RW)) != SEG_CODE;
        }
    }
    if (!ok) {
        return emul_raise(cpu, seg == SEG_SS ? VEC_SS : VEC_GP, 0);
    }
    *lin = segment->base + off;
    return emul_check_alignment(cpu, *lin, n_bytes);
}

int emul_operand_lin(struct cpu *cpu, const struct insn *insn, unsigned n_bytes, bool write,
                     uint32_t *lin)
{
    return emul_segment_lin(cpu, (enum seg)insn->seg, emul_operand_off(cpu, insn), n_bytes, write,
                            lin);
}

int emul_read_mem(struct cpu *cpu, const struct insn *insn, uint32_t skip, unsigned size,
                  uint32_t *value)
{
    const uint32_t mask = emul_size_mask(insn->adsize);
    uint32_t lin;
    if (emul_segment_lin(cpu, (enum seg)insn->seg, (emul_operand_off(cpu, insn) + skip) & mask,
                         size, false, &lin)) {
        return -1;
    }
    return acc_read(cpu, lin, size, ACC_CPL, value);
}

int emul_write_mem(struct cpu *cpu, const struct insn *insn, uint32_t skip, unsigned size,
                   uint32_t value)
{
    const uint32_t mask = emul_size_mask(insn->adsize);
    uint32_t lin;
    if (emul_segment_lin(cpu, (enum seg)insn->seg, (emul_operand_off(cpu, insn) + skip) & mask,
                         size, true, &lin)) {
        return -1;
    }
    return acc_write(cpu, lin, size, ACC_CPL, value & emul_size_mask(size));
}

int emul_read_rm(struct cpu *cpu, const struct insn *insn, unsigned size, uint32_t *value)
{
    if (!insn->is_mem) {
        *value = emul_read_reg(cpu, insn_rm(insn), size);
        return 0;
    }
    return emul_read_mem(cpu, insn, 0, size, value);
}

int emul_write_rm(struct cpu *cpu, const struct insn *insn, unsigned size, uint32_t value)
{
    if (!insn->is_mem) {
        emul_write_reg(cpu, insn_rm(insn), size, value);
        return 0;
    }
    return emul_write_mem(cpu, insn, 0, size, value);
}
