/* segment.c - instructions that load and store segment registers (SDM vol. 2, "MOV", "POP",
 * "LDS/LES/LFS/LGS/LSS"). CS is loaded by far transfers only.
 */
#include "emul/local.h"

/* MOV SS and POP SS, but not LSS, hold off interrupts for one instruction ("Masking Exceptions and
 * Interrupts When Switching Stacks"). */
static enum light_result finish_load(struct cpu *cpu, const struct insn *insn, bool mode_due)
{
    if (__builtin_expect(!mode_due, 1)) {
        return LIGHT_NEXT;
    }
    const uint32_t old_mode = cpu->mode;
    cpu_update_ring(cpu);
    return emul_next_in(cpu, insn, old_mode);
}

enum light_result emul_mov_to_seg(struct cpu *cpu, const struct insn *insn)
{
    const unsigned seg = insn_reg(insn);
    uint32_t selector;
    bool mode_due;
    if (seg == SEG_CS || seg >= N_SEG) {
        return emul_fault_plain(cpu, VEC_UD);
    }
    if (emul_read_rm(cpu, insn, 2, &selector) ||
        emul_load_segment(cpu, (enum seg)seg, (uint16_t)selector, &mode_due)) {
        return LIGHT_FAULT;
    }
    cpu->interrupt_shadow |= seg == SEG_SS ? SHADOW_INTERRUPTS | SHADOW_DEBUG : 0;
    return finish_load(cpu, insn, mode_due);
}

enum light_result emul_mov_from_seg(struct cpu *cpu, const struct insn *insn)
{
    const unsigned seg = insn_reg(insn);
    if (seg >= N_SEG) {
        return emul_fault_plain(cpu, VEC_UD);
    }
    const unsigned size = insn->is_mem ? 2 : insn->opattr;
    return emul_write_rm(cpu, insn, size, cpu->seg[seg].selector) ? LIGHT_FAULT : LIGHT_NEXT;
}

/* 06 0E 16 1E, 0F A0, 0F A8: the register's number is in bits 3-5 of all of them. */
static enum seg opcode_seg(const struct insn *insn)
{
    return (enum seg)((insn->opcode >> 3) & 7);
}

/* With 32-bit operands the selector is pushed zero-extended (AMD; "PUSH" allows both). */
enum light_result emul_push_seg(struct cpu *cpu, const struct insn *insn)
{
    const uint16_t selector = cpu->seg[opcode_seg(insn)].selector;
    return emul_push_word(cpu, insn->opattr, selector) ? LIGHT_FAULT : LIGHT_NEXT;
}

enum light_result emul_pop_seg(struct cpu *cpu, const struct insn *insn)
{
    const enum seg seg = opcode_seg(insn);
    const uint32_t esp = emul_move_esp(&cpu->seg[SEG_SS], cpu_reg(cpu, GPR_ESP), insn->opattr);
    uint32_t selector;
    bool mode_due;
    if (emul_peek_words(cpu, 0, insn->opattr, &selector, 1) ||
        emul_load_segment(cpu, seg, (uint16_t)selector, &mode_due)) {
        return LIGHT_FAULT;
    }
    cpu_set_reg(cpu, GPR_ESP, esp); /* counted with the old SS.B */
    cpu->interrupt_shadow |= seg == SEG_SS ? SHADOW_INTERRUPTS | SHADOW_DEBUG : 0;
    return finish_load(cpu, insn, mode_due);
}

/* C4 LES, C5 LDS, 0F B2 LSS, 0F B4 LFS, 0F B5 LGS */
enum light_result emul_load_far(struct cpu *cpu, const struct insn *insn)
{
    enum seg seg;
    uint32_t off, selector;
    bool mode_due;
    if (!insn->is_mem) {
        return emul_fault_plain(cpu, VEC_UD);
    }
    if (insn->map == 0) {
        seg = insn->opcode == 0xc4 ? SEG_ES : SEG_DS;
    } else {
        seg = insn->opcode == 0xb2 ? SEG_SS : (enum seg)(insn->opcode & 7);
    }
    if (emul_read_mem(cpu, insn, 0, insn->opattr, &off) ||
        emul_read_mem(cpu, insn, insn->opattr, 2, &selector) ||
        emul_load_segment(cpu, seg, (uint16_t)selector, &mode_due)) {
        return LIGHT_FAULT;
    }
    emul_write_reg(cpu, insn_reg(insn), insn->opattr, off);
    return finish_load(cpu, insn, mode_due);
}
