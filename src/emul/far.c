/* far.c - far CALL, JMP and RET in all their ways: real and virtual-8086 mode, code segments, call
 * gates, task gates, TSSs (SDM vol. 2, "CALL", "JMP", "RET").
 */
#include "emul/local.h"

struct far {
    uint16_t selector;
    uint32_t eip;
    bool call;
    uint32_t return_eip;
    unsigned size; /* operand size */
};

/* 9A, EA: immediate; FF /3, /5: memory, offset first. */
static int read_far(struct cpu *cpu, const struct insn *insn, bool call, struct far *far)
{
    uint32_t selector = insn->imm2;
    far->eip = insn->imm;
    far->size = insn->opattr;
    far->call = call;
    far->return_eip = cpu->eip + insn->n_bytes;
    if (insn->opcode == 0xff) {
        if (!insn->is_mem) {
            emul_fault_plain(cpu, VEC_UD);
            return -1;
        }
        if (emul_read_mem(cpu, insn, 0, far->size, &far->eip) ||
            emul_read_mem(cpu, insn, far->size, 2, &selector)) {
            return -1;
        }
    }
    far->selector = (uint16_t)selector;
    far->eip &= emul_size_mask(far->size);
    return 0;
}

/* Pushes CS and EIP of a far call on the current stack after every other check. *esp: moved. */
static int push_return(struct cpu *cpu, const struct far *far, unsigned size, uint32_t *esp)
{
    const uint32_t words[2] = {cpu->seg[SEG_CS].selector, far->return_eip};
    return emul_push_words(cpu, &cpu->seg[SEG_SS], esp, size, words, 2, ACC_CPL, 0);
}

static int check_return_room(struct cpu *cpu, unsigned size)
{
    if (!emul_has_room(&cpu->seg[SEG_SS], cpu_reg(cpu, GPR_ESP), size, 2)) {
        return emul_raise(cpu, VEC_SS, 0);
    }
    return 0;
}

static enum light_result far_real(struct cpu *cpu, const struct far *far)
{
    uint32_t esp = cpu_reg(cpu, GPR_ESP);
    if (far->call && check_return_room(cpu, far->size)) {
        return LIGHT_FAULT;
    }
    if (far->eip > cpu->seg[SEG_CS].limit) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    if (far->call && push_return(cpu, far, far->size, &esp)) {
        return LIGHT_FAULT;
    }
    cpu_set_reg(cpu, GPR_ESP, esp);
    if (emul_is_v86(cpu)) {
        emul_set_v86_segment(&cpu->seg[SEG_CS], far->selector);
    } else {
        emul_set_real_segment(&cpu->seg[SEG_CS], far->selector);
    }
    cpu->eip = far->eip;
    cpu_update_segment(cpu, SEG_CS);
    cpu_update_ring(cpu);
    return LIGHT_JUMP;
}

/* To a code segment of the same ring, directly or through a gate. */
static enum light_result enter_code(struct cpu *cpu, const struct far *far, uint16_t selector,
                                    const struct desc *cs, uint32_t eip, unsigned size)
{
    uint32_t esp = cpu_reg(cpu, GPR_ESP);
    if (far->call && check_return_room(cpu, size)) {
        return LIGHT_FAULT;
    }
    if (eip > desc_limit(cs)) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    if (emul_set_accessed(cpu, cs) || (far->call && push_return(cpu, far, size, &esp))) {
        return LIGHT_FAULT;
    }
    cpu_set_reg(cpu, GPR_ESP, esp);
    desc_to_segment(cs, (uint16_t)((selector & ~SEL_RPL) | cpu->cpl), &cpu->seg[SEG_CS]);
    cpu->eip = eip;
    cpu_update_segment(cpu, SEG_CS);
    cpu_update_ring(cpu);
    return LIGHT_JUMP;
}

static enum light_result far_code(struct cpu *cpu, const struct far *far, const struct desc *cs)
{
    const uint32_t error = far->selector & SEL_ERROR;
    const unsigned dpl = desc_dpl(cs);
    if (desc_is_conforming(cs) ? dpl > cpu->cpl
                               : (far->selector & SEL_RPL) > cpu->cpl || dpl != cpu->cpl) {
        return emul_fault(cpu, VEC_GP, error);
    }
    if (!desc_is_present(cs)) {
        return emul_fault(cpu, VEC_NP, error);
    }
    return enter_code(cpu, far, far->selector, cs, far->eip, far->size);
}

/* "MORE-PRIVILEGE" of CALL: stack of the inner ring, parameters copied from the old one. */
static enum light_result call_inner(struct cpu *cpu, const struct far *far, const struct desc *gate,
                                    const struct desc *cs)
{
    const unsigned dpl = desc_dpl(cs), n_params = gate->hi & 31;
    const unsigned size = desc_type(gate) & DESC_IS_32 ? 4 : 2;
    const uint32_t eip = gate_off(gate);
    uint32_t words[4 + 31], params[31], esp;
    uint16_t selector;
    struct desc desc;
    struct segment ss;
    if (emul_read_inner_stack(cpu, dpl, 0, &selector, &esp, &desc)) {
        return LIGHT_FAULT;
    }
    desc_to_segment(&desc, selector, &ss);
    if (!emul_has_room(&ss, esp, size, 4 + n_params)) {
        return emul_fault(cpu, VEC_SS, selector & SEL_ERROR);
    }
    if (eip > desc_limit(cs)) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    if (emul_peek_words(cpu, 0, size, params, n_params)) {
        return LIGHT_FAULT;
    }
    unsigned n = 0;
    words[n++] = cpu->seg[SEG_SS].selector;
    words[n++] = cpu_reg(cpu, GPR_ESP);
    for (unsigned i = n_params; i-- > 0;) {
        words[n++] = params[i];
    }
    words[n++] = cpu->seg[SEG_CS].selector;
    words[n++] = far->return_eip;
    if (emul_set_accessed(cpu, cs) || emul_set_accessed(cpu, &desc) ||
        emul_push_words(cpu, &ss, &esp, size, words, n, ACC_SUP, selector & SEL_ERROR)) {
        return LIGHT_FAULT;
    }
    cpu->seg[SEG_SS] = ss;
    cpu_set_reg(cpu, GPR_ESP, emul_join_esp(cpu, &ss, esp));
    desc_to_segment(cs, (uint16_t)((gate_selector(gate) & ~SEL_RPL) | dpl), &cpu->seg[SEG_CS]);
    cpu->cpl = (uint8_t)dpl;
    cpu->eip = eip;
    cpu_update_segment(cpu, SEG_CS);
    cpu_update_segment(cpu, SEG_SS);
    cpu_update_ring(cpu);
    return LIGHT_JUMP;
}

static enum light_result far_gate(struct cpu *cpu, const struct far *far, const struct desc *gate)
{
    const uint16_t selector = gate_selector(gate);
    const uint32_t error = selector & SEL_ERROR;
    struct desc cs;
    if (!error) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    const int read = emul_read_desc(cpu, selector, &cs);
    if (read) {
        return read < 0 ? LIGHT_FAULT : emul_fault(cpu, VEC_GP, error);
    }
    const unsigned dpl = desc_dpl(&cs);
    const bool conforming = desc_is_conforming(&cs);
    if (!desc_is_code(&cs) || dpl > cpu->cpl || (!far->call && !conforming && dpl != cpu->cpl)) {
        return emul_fault(cpu, VEC_GP, error);
    }
    if (!desc_is_present(&cs)) {
        return emul_fault(cpu, VEC_NP, error);
    }
    if (!conforming && dpl < cpu->cpl) {
        return call_inner(cpu, far, gate, &cs);
    }
    const unsigned size = desc_type(gate) & DESC_IS_32 ? 4 : 2;
    return enter_code(cpu, far, selector, &cs, gate_off(gate), size);
}

static enum light_result far_task(struct cpu *cpu, const struct far *far, const struct desc *desc)
{
    uint16_t selector = far->selector;
    struct desc tss = *desc;
    if (desc_type(desc) == DESC_TASK && emul_read_gate_tss(cpu, desc, 0, &selector, &tss)) {
        return LIGHT_FAULT;
    }
    const int result =
        emul_switch_task(cpu, far->call ? TASK_CALL : TASK_JMP, selector, &tss, far->return_eip,
                         cpu_eflags(cpu) & ~(uint32_t)FLAG_RF, 0, NULL);
    return emul_finish_switch(cpu, result);
}

static enum light_result far_protected(struct cpu *cpu, const struct far *far)
{
    const uint32_t error = far->selector & SEL_ERROR;
    struct desc desc;
    if (!error) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    const int read = emul_read_desc(cpu, far->selector, &desc);
    if (read) {
        return read < 0 ? LIGHT_FAULT : emul_fault(cpu, VEC_GP, error);
    }
    if (desc_is_code(&desc)) {
        return far_code(cpu, far, &desc);
    }
    const unsigned type = desc_type(&desc);
    const bool is_call_gate = type == DESC_CALL16 || type == DESC_CALL32;
    const bool is_tss = type == DESC_TSS16 || type == DESC_TSS32;
    if (!is_call_gate && !is_tss && type != DESC_TASK) {
        return emul_fault(cpu, VEC_GP, error);
    }
    const unsigned dpl = desc_dpl(&desc);
    if (dpl < cpu->cpl || dpl < (far->selector & SEL_RPL) || (is_tss && (far->selector & SEL_TI))) {
        return emul_fault(cpu, VEC_GP, error);
    }
    if (!desc_is_present(&desc)) {
        return emul_fault(cpu, VEC_NP, error);
    }
    return is_call_gate ? far_gate(cpu, far, &desc) : far_task(cpu, far, &desc);
}

static enum light_result far_transfer(struct cpu *cpu, const struct insn *insn, bool call)
{
    struct far far;
    if (read_far(cpu, insn, call, &far)) {
        return LIGHT_FAULT;
    }
    return emul_is_prot(cpu) ? far_protected(cpu, &far) : far_real(cpu, &far);
}

enum light_result emul_far_call(struct cpu *cpu, const struct insn *insn)
{
    return far_transfer(cpu, insn, true);
}

enum light_result emul_far_jmp(struct cpu *cpu, const struct insn *insn)
{
    return far_transfer(cpu, insn, false);
}

/* ---- RET far: CB, CA iw ---- */

static enum light_result ret_real(struct cpu *cpu, unsigned size, uint32_t n_release)
{
    uint32_t words[2];
    if (emul_peek_words(cpu, 0, size, words, 2)) {
        return LIGHT_FAULT;
    }
    if (words[0] > cpu->seg[SEG_CS].limit) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    emul_pop_bytes(cpu, 2 * size + n_release);
    if (emul_is_v86(cpu)) {
        emul_set_v86_segment(&cpu->seg[SEG_CS], (uint16_t)words[1]);
    } else {
        emul_set_real_segment(&cpu->seg[SEG_CS], (uint16_t)words[1]);
    }
    cpu->eip = words[0];
    cpu_update_segment(cpu, SEG_CS);
    cpu_update_ring(cpu);
    return LIGHT_JUMP;
}

static enum light_result ret_protected(struct cpu *cpu, unsigned size, uint32_t n_release)
{
    uint32_t words[2];
    struct ret ret;
    if (emul_peek_words(cpu, 0, size, words, 2) ||
        emul_check_return(cpu, words, size, 2 * size + n_release, &ret)) {
        return LIGHT_FAULT;
    }
    if (!ret.outer) {
        emul_pop_bytes(cpu, 2 * size + n_release);
    }
    emul_return(cpu, &ret);
    if (ret.outer) { /* the parameters lie on both stacks */
        emul_pop_bytes(cpu, n_release);
    }
    return LIGHT_JUMP;
}

enum light_result emul_far_ret(struct cpu *cpu, const struct insn *insn)
{
    const uint32_t n_release = insn->opcode == 0xca ? insn->imm & 0xffff : 0;
    if (emul_is_prot(cpu)) {
        return ret_protected(cpu, insn->opattr, n_release);
    }
    return ret_real(cpu, insn->opattr, n_release);
}
