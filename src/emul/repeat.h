/* repeat.h - REP for string instructions emulated in C: count, direction, address size, and when a
 * long run must give way to interrupts (SDM vol. 2, "REP/REPE/REPNE"). Registers always say how
 * many iterations are done, so that a run may stop between any two of them.
 */
#ifndef EMUL_REPEAT_H
#define EMUL_REPEAT_H

#include "emul/local.h"

enum { REPEAT_SLICE = 4096 }; /* iterations between two looks at interrupts */

struct repeat {
    uint32_t mask; /* of the address size */
    uint32_t step; /* +size or -size by DF */
    uint8_t adsize, size;
    enum seg seg; /* of the source operand */
    bool repeats; /* a REP prefix is there */
    bool done;
    unsigned n_slice;
    unsigned n_alone; /* this many iterations are to be made one by one (string.c) */
};

static inline void repeat_begin(const struct cpu *cpu, const struct insn *insn,
                                struct repeat *repeat)
{
    repeat->adsize = insn->adsize;
    repeat->mask = emul_size_mask(insn->adsize);
    repeat->size = insn->opcode & 1 ? insn->opattr : 1; /* true of every string opcode */
    repeat->step = cpu->arith & FLAG_DF ? 0u - repeat->size : repeat->size;
    repeat->seg = insn->seg_override ? (enum seg)insn->seg : SEG_DS;
    repeat->repeats = insn->prefixes & (PREFIX_REP | PREFIX_REPNE);
    repeat->done = false;
    repeat->n_slice = repeat->n_alone = 0;
}
/* True while another iteration is due. */
static inline bool repeat_wants_step(const struct cpu *cpu, const struct repeat *repeat)
{
    return repeat->repeats ? (cpu_reg(cpu, GPR_ECX) & repeat->mask) != 0 && !repeat->done
                           : !repeat->done;
}
static inline uint32_t repeat_off(const struct cpu *cpu, const struct repeat *repeat, unsigned reg)
{
    return cpu_reg(cpu, reg) & repeat->mask;
}
static inline void repeat_advance(struct cpu *cpu, const struct repeat *repeat, unsigned reg)
{
    emul_write_reg(cpu, reg, repeat->adsize, cpu_reg(cpu, reg) + repeat->step);
}
/* One iteration is complete. */
static inline void repeat_count(struct cpu *cpu, struct repeat *repeat)
{
    if (repeat->repeats) {
        emul_write_reg(cpu, GPR_ECX, repeat->adsize, cpu_reg(cpu, GPR_ECX) - 1);
        repeat->n_slice++;
    } else {
        repeat->done = true;
    }
}
/* After repeat_count(): true if more iterations are due but the monitor comes first. With TF each
 * iteration traps, and so does one that a debug register watches. */
static inline bool repeat_is_interrupted(const struct cpu *cpu, struct repeat *repeat)
{
    if (__builtin_expect(repeat->n_slice < REPEAT_SLICE && !(cpu->sysflags & FLAG_TF) &&
                             !cpu->debug_hits && !cpu->watch_hit,
                         1)) {
        return false;
    }
    if (!repeat->repeats || !repeat_wants_step(cpu, repeat)) {
        return false;
    }
    repeat->n_slice = 0;
    const uint32_t exit_request = *(const volatile uint32_t *)&cpu->exit_request;
    const uint32_t intr = *(const volatile uint32_t *)&cpu->intr;
    return exit_request || (intr && cpu->iff) || cpu_takes_nmi(cpu) || (cpu->sysflags & FLAG_TF) ||
           cpu->debug_hits || cpu->watch_hit;
}

#endif
