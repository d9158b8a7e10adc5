/* stack.c - pushes and pops through SS, with its limit, its B bit and its direction (SDM vol. 1,
 * "Stack"), and the instructions made of them in their checked form.
 *
 * The emitted code does flat stacks by itself; these serve 16-bit stacks, SS with a base or limit,
 * and everything that must see all its faults before it changes anything.
 */
#include "emul/local.h"

/* The common shape: n_bytes at off without wrap inside the stack's mask, all within the limit. */
static inline bool is_one_run(const struct segment *ss, uint32_t off, unsigned n_bytes)
{
    const uint32_t last = off + n_bytes - 1;
    return last >= off && last <= emul_stack_mask(ss) && emul_limit_ok(ss, off, n_bytes);
}

bool emul_has_room(const struct segment *ss, uint32_t esp, unsigned size, unsigned n)
{
    const uint32_t mask = emul_stack_mask(ss);
    if (is_one_run(ss, (esp - n * size) & mask, n * size)) {
        return true;
    }
    for (unsigned i = 1; i <= n; i++) {
        if (!emul_limit_ok(ss, (esp - i * size) & mask, size)) {
            return false;
        }
    }
    return true;
}

static int push_wrapping(struct cpu *cpu, const struct segment *ss, uint32_t esp, unsigned size,
                         const uint32_t *words, unsigned n, enum acc_right right, uint32_t ss_error)
{
    const uint32_t mask = emul_stack_mask(ss);
    if (!emul_has_room(ss, esp, size, n)) {
        return emul_raise(cpu, VEC_SS, ss_error);
    }
    for (unsigned i = 0; i < n; i++) {
        const uint32_t lin = ss->base + ((esp - (i + 1) * size) & mask);
        if ((right == ACC_CPL && emul_check_alignment(cpu, lin, size)) ||
            acc_probe_write(cpu, lin, size, right)) {
            return -1;
        }
    }
    for (unsigned i = 0; i < n; i++) {
        if (acc_write(cpu, ss->base + ((esp - (i + 1) * size) & mask), size, right, words[i])) {
            return -1;
        }
    }
    return 0;
}

/* One by one, downwards from top: what lies above a missing page is written. */
static int store_words(struct cpu *cpu, uint32_t top, unsigned size, const uint32_t *words,
                       unsigned n, enum acc_right right)
{
    for (unsigned i = 0; i < n; i++) {
        if (acc_write(cpu, top - i * size, size, right, words[i])) {
            return -1;
        }
    }
    return 0;
}

int emul_push_words(struct cpu *cpu, const struct segment *ss, uint32_t *esp, unsigned size,
                    const uint32_t *words, unsigned n, enum acc_right right, uint32_t ss_error)
{
    const uint32_t total = n * size;
    const uint32_t off = (*esp - total) & emul_stack_mask(ss);
    if (__builtin_expect(is_one_run(ss, off, total), 1)) {
        uint32_t lin = ss->base + off;
        if (right == ACC_CPL && emul_check_alignment(cpu, lin, size)) {
            return -1;
        }
        /* Pushed one by one from the top: CR2 is the first that fails. Inside one page the first
         * store proves that the others will succeed. */
        const uint32_t top = lin + total - size;
        for (unsigned i = 0; (lin & 0xfff) + total > 0x1000 && i < n; i++) {
            if (acc_probe_write(cpu, top - i * size, size, right)) {
                return -1;
            }
        }
        if (store_words(cpu, top, size, words, n, right)) {
            return -1;
        }
    } else if (push_wrapping(cpu, ss, *esp, size, words, n, right, ss_error)) {
        return -1;
    }
    *esp = emul_move_esp(ss, *esp, -total);
    return 0;
}

int emul_push_word(struct cpu *cpu, unsigned size, uint32_t value)
{
    uint32_t esp = cpu_reg(cpu, GPR_ESP);
    if (emul_push_words(cpu, &cpu->seg[SEG_SS], &esp, size, &value, 1, ACC_CPL, 0)) {
        return -1;
    }
    cpu_set_reg(cpu, GPR_ESP, esp);
    return 0;
}

int emul_peek_words(struct cpu *cpu, uint32_t skip, unsigned size, uint32_t *words, unsigned n)
{
    const struct segment *ss = &cpu->seg[SEG_SS];
    const uint32_t mask = emul_stack_mask(ss);
    const uint32_t first = cpu_reg(cpu, GPR_ESP) + skip;
    if (!is_one_run(ss, first & mask, n * size)) {
        for (unsigned i = 0; i < n; i++) {
            if (!emul_limit_ok(ss, (first + i * size) & mask, size)) {
                return emul_raise(cpu, VEC_SS, 0);
            }
        }
    }
    for (unsigned i = 0; i < n; i++) {
        const uint32_t lin = ss->base + ((first + i * size) & mask);
        if (emul_check_alignment(cpu, lin, size) || acc_read(cpu, lin, size, ACC_CPL, &words[i])) {
            return -1;
        }
    }
    return 0;
}

/* ---- PUSH, POP and kin ---- */

/* 50+r, 68, 6A, FF /6 */
enum light_result emul_push(struct cpu *cpu, const struct insn *insn)
{
    const unsigned size = insn->opattr;
    uint32_t value;
    if (insn->opcode == 0x68 || insn->opcode == 0x6a) {
        value = insn->imm;
    } else if (insn->opcode != 0xff) {
        value = emul_read_reg(cpu, insn->opcode & 7, size);
    } else if (emul_read_rm(cpu, insn, size, &value)) {
        return LIGHT_FAULT;
    }
    return emul_push_word(cpu, size, value) ? LIGHT_FAULT : LIGHT_NEXT;
}

/* 58+r, 8F /0. A memory operand based on ESP is addressed with the ESP after the pop; POP ESP keeps
 * what was popped. */
enum light_result emul_pop(struct cpu *cpu, const struct insn *insn)
{
    const unsigned size = insn->opattr;
    const uint32_t old_esp = cpu_reg(cpu, GPR_ESP);
    uint32_t value;
    if (emul_peek_words(cpu, 0, size, &value, 1)) {
        return LIGHT_FAULT;
    }
    emul_pop_bytes(cpu, size);
    if (insn->opcode != 0x8f) {
        emul_write_reg(cpu, insn->opcode & 7, size, value);
    } else if (emul_write_rm(cpu, insn, size, value)) {
        cpu_set_reg(cpu, GPR_ESP, old_esp);
        return LIGHT_FAULT;
    }
    return LIGHT_NEXT;
}

/* "PUSHA/PUSHAD", real and virtual-8086 mode: #GP, not #SS, if SP is 7, 9, 11, 13 or 15. SP 1, 3
 * and 5 are #SS, which finds no room for its own frame either: shutdown, as the manual says. */
static bool has_odd_room(const struct cpu *cpu, uint32_t esp)
{
    const struct segment *ss = &cpu->seg[SEG_SS];
    const uint32_t sp = esp & emul_stack_mask(ss);
    return !emul_is_prot(cpu) && (sp & 1) && sp >= 7 && sp <= 15 && ss->limit <= 0xffff;
}

enum light_result emul_pusha(struct cpu *cpu, const struct insn *insn)
{
    uint32_t words[N_GPR], esp = cpu_reg(cpu, GPR_ESP);
    if (has_odd_room(cpu, esp)) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    for (unsigned reg = 0; reg < N_GPR; reg++) {
        words[reg] = cpu_reg(cpu, reg);
    }
    const struct segment *ss = &cpu->seg[SEG_SS];
    const unsigned size = insn->opattr;
    const uint32_t off = (esp - N_GPR * size) & emul_stack_mask(ss), lin = ss->base + off;
    if (is_one_run(ss, off, N_GPR * size)) { /* the CPU does not look ahead */
        if (emul_check_alignment(cpu, lin, size) ||
            store_words(cpu, lin + (N_GPR - 1) * size, size, words, N_GPR, ACC_CPL)) {
            return LIGHT_FAULT;
        }
        esp = emul_move_esp(ss, esp, 0u - N_GPR * size);
    } else if (emul_push_words(cpu, ss, &esp, size, words, N_GPR, ACC_CPL, 0)) {
        return LIGHT_FAULT;
    }
    cpu_set_reg(cpu, GPR_ESP, esp);
    return LIGHT_NEXT;
}

enum light_result emul_popa(struct cpu *cpu, const struct insn *insn)
{
    const unsigned size = insn->opattr;
    uint32_t words[N_GPR];
    if (emul_peek_words(cpu, 0, size, words, N_GPR)) {
        return LIGHT_FAULT;
    }
    for (unsigned i = 0; i < N_GPR; i++) {
        const unsigned reg = N_GPR - 1 - i; /* EDI lies lowest */
        if (reg != GPR_ESP) {
            emul_write_reg(cpu, reg, size, words[i]);
        }
    }
    emul_pop_bytes(cpu, N_GPR * size);
    return LIGHT_NEXT;
}

enum light_result emul_enter(struct cpu *cpu, const struct insn *insn)
{
    const struct segment *ss = &cpu->seg[SEG_SS];
    const unsigned size = insn->opattr, level = insn->imm2 & 31;
    const uint32_t mask = emul_stack_mask(ss), n_bytes = insn->imm & 0xffff;
    const uint32_t frame = emul_move_esp(ss, cpu_reg(cpu, GPR_ESP), -size);
    uint32_t word = cpu_reg(cpu, GPR_EBP), esp = cpu_reg(cpu, GPR_ESP), lin;
    /* Word by word: old frame pointers may lie where new ones are being pushed. */
    if (emul_push_words(cpu, ss, &esp, size, &word, 1, ACC_CPL, 0)) {
        return LIGHT_FAULT;
    }
    for (unsigned i = 1; i <= level; i++) {
        const uint32_t off = (cpu_reg(cpu, GPR_EBP) - i * size) & mask;
        word = frame;
        if (i < level && (emul_segment_lin(cpu, SEG_SS, off, size, false, &lin) ||
                          acc_read(cpu, lin, size, ACC_CPL, &word))) {
            return LIGHT_FAULT;
        }
        if (emul_push_words(cpu, ss, &esp, size, &word, 1, ACC_CPL, 0)) {
            return LIGHT_FAULT;
        }
    }
    /* The last ESP must be a place that could be written. */
    const uint32_t last = emul_move_esp(ss, esp, -n_bytes);
    if (emul_segment_lin(cpu, SEG_SS, last & mask, size, true, &lin) ||
        acc_probe_write(cpu, lin, size, ACC_CPL)) {
        return LIGHT_FAULT;
    }
    emul_write_reg(cpu, GPR_EBP, size, frame);
    cpu_set_reg(cpu, GPR_ESP, last);
    return LIGHT_NEXT;
}

enum light_result emul_leave(struct cpu *cpu, const struct insn *insn)
{
    const struct segment *ss = &cpu->seg[SEG_SS];
    const unsigned size = insn->opattr;
    const uint32_t mask = emul_stack_mask(ss), old_esp = cpu_reg(cpu, GPR_ESP);
    uint32_t value;
    cpu_set_reg(cpu, GPR_ESP, (old_esp & ~mask) | (cpu_reg(cpu, GPR_EBP) & mask));
    if (emul_peek_words(cpu, 0, size, &value, 1)) {
        cpu_set_reg(cpu, GPR_ESP, old_esp);
        return LIGHT_FAULT;
    }
    emul_pop_bytes(cpu, size);
    emul_write_reg(cpu, GPR_EBP, size, value);
    return LIGHT_NEXT;
}
