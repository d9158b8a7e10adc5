/* int.c - the instructions that raise events: INT n, INT3, INTO, INT1 (SDM vol. 2, "INT
 * n/INTO/INT3/ INT1"), with what virtual-8086 mode and CR4.VME make of INT n. Delivery itself is
 * deliver.c's.
 */
#include "emul/local.h"

/* Software interrupt of a virtual-8086 task that CR4.VME sends to the task's own IVT ("Method 5"
 * and "Method 6", vol. 3, "Handling Software Interrupts in Virtual-8086 Mode"). */
static int deliver_redirected(struct cpu *cpu, unsigned vector, uint32_t return_eip)
{
    const bool iopl3 = cpu_iopl(cpu) == 3;
    uint32_t entry, esp = cpu_reg(cpu, GPR_ESP), flags = cpu_eflags(cpu);
    if (!iopl3) {
        flags = (flags & ~(uint32_t)FLAG_IF) | FLAG_IOPL;
        flags |= cpu->sysflags & FLAG_VIF ? FLAG_IF : 0;
    }
    if (acc_read(cpu, vector * 4, 4, ACC_SUP, &entry)) {
        return -1;
    }
    const uint32_t words[3] = {flags, cpu->seg[SEG_CS].selector, return_eip};
    if (emul_push_words(cpu, &cpu->seg[SEG_SS], &esp, 2, words, 3, ACC_CPL, 0)) {
        return -1;
    }
    cpu_set_reg(cpu, GPR_ESP, esp);
    emul_set_v86_segment(&cpu->seg[SEG_CS], (uint16_t)(entry >> 16));
    cpu->eip = entry & 0xffff;
    if (iopl3) {
        cpu->iff = 0;
    } else {
        cpu->sysflags &= ~(uint32_t)FLAG_VIF;
    }
    cpu->sysflags &= ~(uint32_t)(FLAG_TF | FLAG_RF);
    cpu_update_segment(cpu, SEG_CS);
    cpu_update_ring(cpu);
    return EMUL_DONE;
}

/* CR4.VME: is this INT n of a virtual-8086 task sent to the task itself? 1, 0, or -1. */
static int is_redirected(struct cpu *cpu, unsigned vector)
{
    uint32_t io_map, bits;
    if (!(cpu->cr4 & CR4_VME)) {
        return 0;
    }
    if (!(cpu->tr.access & DESC_IS_32) || cpu->tr.limit < TSS32_MIN_LIMIT) {
        return emul_raise(cpu, VEC_GP, 0);
    }
    if (acc_read(cpu, cpu->tr.base + TSS32_IOMAP, 2, ACC_SUP, &io_map)) {
        return -1;
    }
    /* the 32 bytes below the I/O permission bitmap */
    const uint32_t off = io_map - 32 + vector / 8;
    if (off > cpu->tr.limit) {
        return emul_raise(cpu, VEC_GP, 0);
    }
    if (acc_read(cpu, cpu->tr.base + off, 1, ACC_SUP, &bits)) {
        return -1;
    }
    return !(bits >> (vector & 7) & 1);
}

bool emul_int_flat(struct cpu *cpu, const struct insn *insn)
{
    const struct entry entry = {
        .vector = (uint8_t)insn->imm,
        .min_dpl = cpu->cpl,
        .return_eip = insn->eip + insn->n_bytes,
        .eflags = cpu_eflags(cpu) & ~(uint32_t)FLAG_RF,
    };
    return insn->opcode == 0xcd && emul_enter_flat(cpu, &entry);
}

enum light_result emul_int(struct cpu *cpu, const struct insn *insn)
{
    struct fault event = {.vector = (uint8_t)insn->imm};
    enum event_kind kind = EVENT_SOFTWARE;
    const uint32_t return_eip = cpu->eip + insn->n_bytes;
    if (insn->opcode == 0xcc) {
        event.vector = VEC_BP;
    } else if (insn->opcode == 0xce) {
        if (!(cpu->arith & FLAG_OF)) {
            return LIGHT_NEXT;
        }
        event.vector = VEC_OF;
    } else if (insn->opcode == 0xf1) { /* INT1: no DPL check, EXT is set */
        event.vector = VEC_DB;
        kind = EVENT_EXCEPTION;
    } else if (__builtin_expect(emul_is_v86(cpu), 0)) { /* only CD is IOPL-sensitive */
        const int redirected = is_redirected(cpu, event.vector);
        if (redirected < 0) {
            return LIGHT_FAULT;
        }
        if (redirected) {
            return emul_finish_switch(cpu, deliver_redirected(cpu, event.vector, return_eip));
        }
        if (cpu_iopl(cpu) < 3) {
            return emul_fault(cpu, VEC_GP, 0);
        }
    }
    return emul_finish_switch(cpu, emul_deliver_once(cpu, kind, &event, return_eip));
}
