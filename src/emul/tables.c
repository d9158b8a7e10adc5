/* tables.c - GDTR, IDTR, LDTR, TR, and the instructions that ask about descriptors (SDM vol. 2,
 * "LGDT/LIDT", "SGDT", "SIDT", "LLDT", "LTR", "LAR", "LSL", "VERR/VERW", "ARPL").
 */
#include "emul/local.h"

/* ---- GDTR, IDTR: six bytes; with 16-bit operands loads take 24 bits of base, stores give all
 * ---- */

static enum light_result load_table(struct cpu *cpu, const struct insn *insn,
                                    struct table_register *table)
{
    uint32_t limit, base;
    if (!insn->is_mem) {
        return emul_fault_plain(cpu, VEC_UD);
    }
    if (cpu->cpl != 0) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    if (emul_read_mem(cpu, insn, 0, 2, &limit) || emul_read_mem(cpu, insn, 2, 4, &base)) {
        return LIGHT_FAULT;
    }
    table->limit = limit;
    table->base = insn->opattr == 2 ? base & 0xffffff : base;
    return LIGHT_NEXT;
}

static enum light_result store_table(struct cpu *cpu, const struct insn *insn,
                                     const struct table_register *table)
{
    uint32_t lin;
    if (!insn->is_mem) {
        return emul_fault_plain(cpu, VEC_UD);
    }
    if (emul_operand_lin(cpu, insn, 6, true, &lin) || acc_probe_write(cpu, lin, 6, ACC_CPL) ||
        acc_write(cpu, lin, 2, ACC_CPL, table->limit) ||
        acc_write(cpu, lin + 2, 4, ACC_CPL, table->base)) {
        return LIGHT_FAULT;
    }
    return LIGHT_NEXT;
}

enum light_result emul_lgdt(struct cpu *cpu, const struct insn *insn)
{
    for (unsigned seg = 0; seg < N_SEG; seg++) {
        cpu->seg_key[seg] = CPU_NO_KEY;
    }
    cpu_close_ways(cpu);
    return load_table(cpu, insn, &cpu->gdtr);
}
enum light_result emul_lidt(struct cpu *cpu, const struct insn *insn)
{
    cpu_close_ways(cpu);
    return load_table(cpu, insn, &cpu->idtr);
}
enum light_result emul_sgdt(struct cpu *cpu, const struct insn *insn)
{
    return store_table(cpu, insn, &cpu->gdtr);
}
enum light_result emul_sidt(struct cpu *cpu, const struct insn *insn)
{
    return store_table(cpu, insn, &cpu->idtr);
}

/* ---- LDTR, TR ---- */

enum light_result emul_lldt(struct cpu *cpu, const struct insn *insn)
{
    uint32_t selector;
    struct desc desc;
    if (!emul_is_prot(cpu)) {
        return emul_fault_plain(cpu, VEC_UD);
    }
    if (cpu->cpl != 0) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    if (emul_read_rm(cpu, insn, 2, &selector)) {
        return LIGHT_FAULT;
    }
    const uint32_t error = selector & SEL_ERROR;
    if (!error) {
        emul_clear_segment(&cpu->ldtr);
        cpu->ldtr.selector = (uint16_t)selector;
        return LIGHT_NEXT;
    }
    if (selector & SEL_TI) {
        return emul_fault(cpu, VEC_GP, error);
    }
    const int read = emul_read_desc(cpu, (uint16_t)selector, &desc);
    if (read) {
        return read < 0 ? LIGHT_FAULT : emul_fault(cpu, VEC_GP, error);
    }
    if (desc_type(&desc) != DESC_LDT) {
        return emul_fault(cpu, VEC_GP, error);
    }
    if (!desc_is_present(&desc)) {
        return emul_fault(cpu, VEC_NP, error);
    }
    desc_to_segment(&desc, (uint16_t)selector, &cpu->ldtr);
    return LIGHT_NEXT;
}

enum light_result emul_ltr(struct cpu *cpu, const struct insn *insn)
{
    uint32_t selector;
    struct desc desc;
    if (!emul_is_prot(cpu)) {
        return emul_fault_plain(cpu, VEC_UD);
    }
    if (cpu->cpl != 0) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    if (emul_read_rm(cpu, insn, 2, &selector)) {
        return LIGHT_FAULT;
    }
    const uint32_t error = selector & SEL_ERROR;
    if (!error || (selector & SEL_TI)) {
        return emul_fault(cpu, VEC_GP, error);
    }
    const int read = emul_read_desc(cpu, (uint16_t)selector, &desc);
    if (read) {
        return read < 0 ? LIGHT_FAULT : emul_fault(cpu, VEC_GP, error);
    }
    const unsigned type = desc_type(&desc);
    if (type != DESC_TSS16 && type != DESC_TSS32) {
        return emul_fault(cpu, VEC_GP, error);
    }
    if (!desc_is_present(&desc)) {
        return emul_fault(cpu, VEC_NP, error);
    }
    if (acc_write(cpu, desc.lin + 5, 1, ACC_SUP, desc_access(&desc) | DESC_BUSY)) {
        return LIGHT_FAULT;
    }
    desc_to_segment(&desc, (uint16_t)selector, &cpu->tr);
    cpu->tr.access |= DESC_BUSY;
    cpu_close_ways(cpu);
    return LIGHT_NEXT;
}

static enum light_result store_selector(struct cpu *cpu, const struct insn *insn, uint16_t selector)
{
    if (!emul_is_prot(cpu)) {
        return emul_fault_plain(cpu, VEC_UD);
    }
    const unsigned size = insn->is_mem ? 2 : insn->opattr;
    return emul_write_rm(cpu, insn, size, selector) ? LIGHT_FAULT : LIGHT_NEXT;
}

enum light_result emul_sldt(struct cpu *cpu, const struct insn *insn)
{
    return store_selector(cpu, insn, cpu->ldtr.selector);
}
enum light_result emul_str(struct cpu *cpu, const struct insn *insn)
{
    return store_selector(cpu, insn, cpu->tr.selector);
}

/* ---- LAR, LSL, VERR, VERW: the answer is ZF; only #PF can come of the descriptor ---- */

/* Reads the descriptor an inquiry names. 1: there is one and the ring may ask about it; 0: no; -1.
 */
static int ask(struct cpu *cpu, uint16_t selector, struct desc *desc)
{
    if (!(selector & SEL_ERROR)) {
        return 0;
    }
    const int read = emul_read_desc(cpu, selector, desc);
    if (read) {
        return read < 0 ? -1 : 0;
    }
    if (desc_is_conforming(desc)) {
        return 1;
    }
    const unsigned dpl = desc_dpl(desc);
    return cpu->cpl <= dpl && (selector & SEL_RPL) <= (int)dpl;
}

static enum light_result answer(struct cpu *cpu, bool zf)
{
    cpu->arith = zf ? cpu->arith | FLAG_ZF : cpu->arith & ~(uint32_t)FLAG_ZF;
    return LIGHT_NEXT;
}

enum { /* system types as sets of bits, for LAR and LSL */
       TYPES_LSL = 1 << DESC_TSS16 | 1 << DESC_LDT | 1 << DESC_TSS16_BUSY | 1 << DESC_TSS32 |
                   1 << DESC_TSS32_BUSY,
       TYPES_LAR = TYPES_LSL | 1 << DESC_CALL16 | 1 << DESC_TASK | 1 << DESC_CALL32,
};

/* Common to LAR and LSL: 1 with *desc, 0 = ZF is clear, -1. */
static int ask_operand(struct cpu *cpu, const struct insn *insn, uint32_t types, struct desc *desc)
{
    uint32_t selector;
    if (!emul_is_prot(cpu)) {
        emul_fault_plain(cpu, VEC_UD);
        return -1;
    }
    if (emul_read_rm(cpu, insn, 2, &selector)) {
        return -1;
    }
    const int allowed = ask(cpu, (uint16_t)selector, desc);
    if (allowed <= 0) {
        return allowed;
    }
    const unsigned type = desc_type(desc);
    return (type & SEG_S) || (types >> type & 1);
}

enum light_result emul_lar(struct cpu *cpu, const struct insn *insn)
{
    struct desc desc;
    const int found = ask_operand(cpu, insn, TYPES_LAR, &desc);
    if (found > 0) {
        emul_write_reg(cpu, insn_reg(insn), insn->opattr, desc.hi & 0x00ffff00);
    }
    return found < 0 ? LIGHT_FAULT : answer(cpu, found);
}

enum light_result emul_lsl(struct cpu *cpu, const struct insn *insn)
{
    struct desc desc;
    const int found = ask_operand(cpu, insn, TYPES_LSL, &desc);
    if (found > 0) {
        emul_write_reg(cpu, insn_reg(insn), insn->opattr, desc_limit(&desc));
    }
    return found < 0 ? LIGHT_FAULT : answer(cpu, found);
}

static enum light_result verify(struct cpu *cpu, const struct insn *insn, bool write)
{
    struct desc desc;
    const int found = ask_operand(cpu, insn, 0, &desc);
    if (found <= 0) {
        return found < 0 ? LIGHT_FAULT : answer(cpu, false);
    }
    const bool is_readable = !desc_is_code(&desc) || (desc_access(&desc) & SEG_RW);
    return answer(cpu, write ? desc_is_writable_data(&desc) : is_readable);
}

enum light_result emul_verr(struct cpu *cpu, const struct insn *insn)
{
    return verify(cpu, insn, false);
}
enum light_result emul_verw(struct cpu *cpu, const struct insn *insn)
{
    return verify(cpu, insn, true);
}

enum light_result emul_arpl(struct cpu *cpu, const struct insn *insn)
{
    uint32_t selector;
    if (!emul_is_prot(cpu)) {
        return emul_fault_plain(cpu, VEC_UD);
    }
    if (emul_read_rm(cpu, insn, 2, &selector)) {
        return LIGHT_FAULT;
    }
    const uint32_t rpl = emul_read_reg(cpu, insn_reg(insn), 2) & SEL_RPL;
    const bool raised = (selector & SEL_RPL) < rpl;
    if (raised && emul_write_rm(cpu, insn, 2, (selector & ~(uint32_t)SEL_RPL) | rpl)) {
        return LIGHT_FAULT;
    }
    return answer(cpu, raised);
}
