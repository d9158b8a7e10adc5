/* iret.c - IRET in every mode (SDM vol. 2, "IRET/IRETD"). What has the usual shape is done by
 * ring.c.
 */
#include "emul/local.h"

/* "REAL-ADDRESS-MODE": all of EFLAGS but VM, VIF and VIP. */
static enum light_result iret_real(struct cpu *cpu, unsigned size)
{
    uint32_t words[3];
    if (emul_peek_words(cpu, 0, size, words, 3)) {
        return LIGHT_FAULT;
    }
    if (words[0] > cpu->seg[SEG_CS].limit) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    emul_pop_bytes(cpu, 3 * size);
    emul_set_real_segment(&cpu->seg[SEG_CS], (uint16_t)words[1]);
    cpu->eip = words[0];
    uint32_t mask = emul_writable_flags(cpu, size);
    emul_merge_flags(cpu, words[2], size == 4 ? mask | FLAG_RF : mask);
    cpu_update_segment(cpu, SEG_CS);
    cpu_update_ring(cpu);
    return LIGHT_JUMP;
}

/* "RETURN-FROM-VIRTUAL-8086-MODE": stays in the task. */
static enum light_result iret_v86(struct cpu *cpu, unsigned size)
{
    const bool iopl3 = cpu_iopl(cpu) == 3;
    const bool vme = !iopl3 && size == 2 && (cpu->cr4 & CR4_VME);
    uint32_t words[3];
    if (!iopl3 && !vme) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    if (emul_peek_words(cpu, 0, size, words, 3)) {
        return LIGHT_FAULT;
    }
    if (vme && ((words[2] & FLAG_TF) || ((words[2] & FLAG_IF) && (cpu->sysflags & FLAG_VIP)))) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    if (words[0] > 0xffff) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    emul_pop_bytes(cpu, 3 * size);
    emul_set_v86_segment(&cpu->seg[SEG_CS], (uint16_t)words[1]);
    cpu->eip = words[0];
    uint32_t mask = FLAGS_ARITH | FLAG_TF | FLAG_NT;
    if (vme) {
        words[2] |= words[2] & FLAG_IF ? FLAG_VIF : 0;
        mask |= FLAG_VIF;
    } else {
        mask |= FLAG_IF | (size == 4 ? FLAG_RF | FLAG_AC | FLAG_ID : 0);
    }
    emul_merge_flags(cpu, words[2], mask);
    cpu_update_segment(cpu, SEG_CS);
    cpu_update_ring(cpu);
    return LIGHT_JUMP;
}

/* "TASK-RETURN": back through the link of the current TSS. */
static enum light_result iret_task(struct cpu *cpu, const struct insn *insn)
{
    uint32_t link;
    struct desc tss;
    if (acc_read(cpu, cpu->tr.base + TSS32_LINK, 2, ACC_SUP, &link)) {
        return LIGHT_FAULT;
    }
    const uint32_t error = link & SEL_ERROR;
    if (link & SEL_TI) {
        return emul_fault(cpu, VEC_TS, error);
    }
    const int read = emul_read_desc(cpu, (uint16_t)link, &tss);
    if (read) {
        return read < 0 ? LIGHT_FAULT : emul_fault(cpu, VEC_TS, error);
    }
    const unsigned type = desc_type(&tss);
    if (!error || (type != DESC_TSS32_BUSY && type != DESC_TSS16_BUSY)) {
        return emul_fault(cpu, VEC_TS, error);
    }
    if (!desc_is_present(&tss)) {
        return emul_fault(cpu, VEC_NP, error);
    }
    const int result =
        emul_switch_task(cpu, TASK_IRET, (uint16_t)link, &tss, cpu->eip + insn->n_bytes,
                         cpu_eflags(cpu) & ~(uint32_t)FLAG_RF, 0, NULL);
    return emul_finish_switch(cpu, result);
}

/* "RETURN-TO-VIRTUAL-8086-MODE" from ring 0: six more words. */
static enum light_result iret_to_v86(struct cpu *cpu, const uint32_t *words)
{
    static const uint8_t order[5] = {SEG_SS, SEG_ES, SEG_DS, SEG_FS, SEG_GS};
    uint32_t more[6];
    if (emul_peek_words(cpu, 12, 4, more, 6)) {
        return LIGHT_FAULT;
    }
    if (words[0] > 0xffff) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    cpu_set_eflags(cpu, words[2]);
    cpu->cpl = 3;
    cpu->eip = words[0];
    cpu_set_reg(cpu, GPR_ESP, more[0]);
    emul_set_v86_segment(&cpu->seg[SEG_CS], (uint16_t)words[1]);
    for (unsigned i = 0; i < 5; i++) {
        emul_set_v86_segment(&cpu->seg[order[i]], (uint16_t)more[i + 1]);
    }
    cpu_update_mode(cpu);
    return LIGHT_JUMP;
}

/* Flags of a return inside protected mode, with the rights of the ring that executes IRET. */
static void return_flags(struct cpu *cpu, unsigned size, uint32_t eflags)
{
    uint32_t mask = emul_writable_flags(cpu, size);
    if (size == 4) {
        mask |= FLAG_RF | (cpu->cpl == 0 ? FLAG_VIF | FLAG_VIP : 0);
    }
    emul_merge_flags(cpu, eflags, mask);
}

static enum light_result iret_protected(struct cpu *cpu, unsigned size)
{
    uint32_t words[3];
    if (emul_peek_words(cpu, 0, size, words, 3)) {
        return LIGHT_FAULT;
    }
    if (size == 4 && cpu->cpl == 0 && (words[2] & FLAG_VM)) {
        return iret_to_v86(cpu, words);
    }
    struct ret ret;
    if (emul_check_return(cpu, words, size, 3 * size, &ret)) {
        return LIGHT_FAULT;
    }
    return_flags(cpu, size, words[2]);
    if (!ret.outer) {
        emul_pop_bytes(cpu, 3 * size);
    }
    emul_return(cpu, &ret);
    return LIGHT_JUMP;
}

enum light_result emul_iret(struct cpu *cpu, const struct insn *insn)
{
    const unsigned size = insn->opattr;
    cpu->nmi_blocked = false; /* "Handling Multiple NMIs": also where IRET faults */
    if (emul_iret_flat(cpu, insn)) {
        return LIGHT_JUMP;
    }
    if (emul_is_prot(cpu)) {
        if (__builtin_expect(cpu->sysflags & FLAG_NT, 0)) {
            return iret_task(cpu, insn);
        }
        return iret_protected(cpu, size);
    }
    return emul_is_v86(cpu) ? iret_v86(cpu, size) : iret_real(cpu, size);
}
