/* checked_light.c - the checked way to reach memory: C resolves the address, the same instruction
 * then runs natively on a staging buffer, and what it stored is carried out. Light. */
#include "monitor/machine_internal.h"
#include "view/acc.h"

enum light_result checked_resolve(struct cpu *cpu, const struct insn *insn);
enum light_result checked_commit(struct cpu *cpu, const struct insn *insn);
bool fpu_was_not_stored(const struct insn *insn);
void fpu_fix_stored(struct cpu *cpu, const struct insn *insn, uint8_t *image);

/* BT, BTS, BTR, BTC with a register: the offset selects a word far from the operand (SDM). */
static uint32_t bit_string_displacement(const struct cpu *cpu, const struct insn *insn)
{
    if (!insn_is_bit_string(insn)) {
        return 0;
    }
    uint32_t bit = cpu_reg(cpu, insn_reg(insn));
    return insn->opattr == 2 ? (uint32_t)(((int16_t)bit >> 4) * 2)
                             : (uint32_t)(((int32_t)bit >> 5) * 4);
}

/* Many words of a supervisor at once: kernels save and load the FPU's 512 bytes at each switch of
 * tasks, word by word 0.7 us. False: nothing was done; the first word may warm the page. */
static bool move_words(struct cpu *cpu, uint32_t lin, uint8_t *staging, unsigned n, bool write)
{
    if (n < 16 || n % 4 || cpu->cpl == 3) {
        return false;
    }
    return write ? acc_write_near(cpu, lin, (const void *)staging, n / 4)
                 : acc_read_near(cpu, lin, (void *)staging, n / 4);
}

enum light_result checked_resolve(struct cpu *cpu, const struct insn *insn)
{
    unsigned n = insn->mem_bytes;
    uint32_t lin = 0;
    uint32_t off = emul_operand_off(cpu, insn) + bit_string_displacement(cpu, insn);
    if (insn->adsize == 2) {
        off &= 0xffff;
    }
    BUG_ON(n + 64 > CPU_STAGING_BYTES);
    if (insn_must_be_aligned(insn) && ((cpu->seg[insn->seg].base + off) & 15)) {
        cpu->fault = (struct fault){.vector = VEC_GP, .has_error = true};
        return LIGHT_FAULT; /* even where the stack's limit, or a page, would object too */
    }
    if (n && emul_segment_lin(cpu, (enum seg)insn->seg, off, n, insn->mem_write, &lin) < 0) {
        return LIGHT_FAULT;
    }
    if ((lin & 15) && insn_is_sha(insn) && cpu_checks_alignment(cpu)) {
        cpu->fault = (struct fault){.vector = VEC_AC, .has_error = true};
        return LIGHT_FAULT;
    }
    if (insn->mem_write && acc_probe_write(cpu, lin, n, ACC_CPL) < 0) {
        return LIGHT_FAULT;
    }
    uint8_t *staging = cpu->staging + (lin & 63); /* alignment as the guest sees it */
    /* An x87 store with an unmasked exception leaves its operand as it was. */
    bool may_not_store = insn->map == 0 && (insn->flags & INSN_FPU);
    bool reads = insn->mem_read || !insn->mem_write;
    if (reads || may_not_store) {
        if (reads && acc_ask(cpu, lin, n, ACC_CPL, false) < 0) {
            return LIGHT_FAULT;
        }
        cpu->acc_quiet = true;
        for (unsigned i = 0; i < n && !move_words(cpu, lin + i, staging + i, n - i, false);) {
            unsigned size = n - i >= 4 ? 4 : n - i >= 2 ? 2 : 1;
            uint32_t value;
            if (acc_read(cpu, lin + i, size, ACC_CPL, &value) < 0) {
                cpu->acc_quiet = false;
                return LIGHT_FAULT;
            }
            for (unsigned k = 0; k < size; k++) {
                staging[i + k] = (uint8_t)(value >> (8 * k));
            }
            i += size;
        }
        cpu->acc_quiet = false;
        if (reads) {
            acc_tell(cpu, lin, n, ACC_CPL, false, staging);
        }
    }
    if (insn->map == 0 && (insn->flags & INSN_FPU) && !insn_is_x87_control(insn)) {
        cpu->fpu_checked_off = off; /* what the x87 data pointer should have been */
    }
    cpu->staged_lin = lin;
    cpu->staged_bytes = !insn->mem_write ? 0 : insn_is_fxsave(insn) ? INSN_FXSAVE_STORES : n;
    cpu->scratch[SCRATCH_HOST] = (uint64_t)staging;
    return LIGHT_NEXT;
}

enum light_result checked_commit(struct cpu *cpu, const struct insn *insn)
{
    uint8_t *staging = (uint8_t *)cpu->scratch[SCRATCH_HOST];
    if (insn_stores_fpu_pointers(insn)) {
        fpu_fix_stored(cpu, insn, staging);
    }
    if (cpu->staged_bytes && fpu_was_not_stored(insn)) {
        cpu->staged_bytes = 0;
    }
    acc_tell(cpu, cpu->staged_lin, cpu->staged_bytes, ACC_CPL, true, staging);
    cpu->acc_quiet = true;
    for (unsigned i = 0, n = cpu->staged_bytes;
         i < n && !move_words(cpu, cpu->staged_lin + i, staging + i, n - i, true);) {
        unsigned left = cpu->staged_bytes - i, size = left >= 4 ? 4 : left >= 2 ? 2 : 1;
        uint32_t value = 0;
        for (unsigned k = 0; k < size; k++) {
            value |= (uint32_t)staging[i + k] << (8 * k);
        }
        /* Probed by checked_resolve: this can fail only where a piece of this very store changed
         * the page tables for the next piece. Silicon would have used its old translation. */
        acc_write(cpu, cpu->staged_lin + i, size, ACC_CPL, value);
        i += size;
    }
    cpu->acc_quiet = false;
    cpu->staged_bytes = 0;
    return LIGHT_NEXT;
}
