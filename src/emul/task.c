/* task.c - the hardware task switch, 16- and 32-bit TSSs mixed as they come (SDM vol. 3, "Task
 * Switching").
 *
 * Up to the point where the old task has been saved a fault changes nothing. After it the new task
 * is current, and what is wrong with its segments is its own fault (EMUL_FAULTED_IN_NEW_TASK).
 */
#include "emul/local.h"
#include "view/view.h"

/* What a TSS holds, in one shape for both sizes. */
struct task {
    uint32_t cr3, eip, eflags, gpr[N_GPR];
    uint16_t selector[N_SEG]; /* 16-bit: ES CS SS DS only, FS and GS null */
    uint16_t ldt;
    bool trap;
};

static bool is_32(uint8_t access)
{
    return access & DESC_IS_32;
}

static int read_tss32(struct cpu *cpu, uint32_t base, struct task *task)
{
    uint32_t value;
    if (acc_read(cpu, base + TSS32_CR3, 4, ACC_SUP, &task->cr3) ||
        acc_read(cpu, base + TSS32_EIP, 4, ACC_SUP, &task->eip) ||
        acc_read(cpu, base + TSS32_EFLAGS, 4, ACC_SUP, &task->eflags)) {
        return -1;
    }
    for (unsigned i = 0; i < N_GPR; i++) {
        if (acc_read(cpu, base + TSS32_EAX + i * 4, 4, ACC_SUP, &task->gpr[i])) {
            return -1;
        }
    }
    for (unsigned i = 0; i < N_SEG; i++) {
        if (acc_read(cpu, base + TSS32_ES + i * 4, 2, ACC_SUP, &value)) {
            return -1;
        }
        task->selector[i] = (uint16_t)value;
    }
    if (acc_read(cpu, base + TSS32_LDT, 2, ACC_SUP, &value)) {
        return -1;
    }
    task->ldt = (uint16_t)value;
    if (acc_read(cpu, base + TSS32_T, 2, ACC_SUP, &value)) {
        return -1;
    }
    task->trap = value & 1;
    return 0;
}

static int read_tss16(struct cpu *cpu, uint32_t base, struct task *task)
{
    uint32_t value;
    if (acc_read(cpu, base + TSS16_IP, 2, ACC_SUP, &task->eip) ||
        acc_read(cpu, base + TSS16_FLAGS, 2, ACC_SUP, &task->eflags)) {
        return -1;
    }
    for (unsigned i = 0; i < N_GPR; i++) {
        if (acc_read(cpu, base + TSS16_AX + i * 2, 2, ACC_SUP, &task->gpr[i])) {
            return -1;
        }
        task->gpr[i] |= 0xffff0000u; /* as the 80386 and its successors do */
    }
    for (unsigned i = 0; i < N_SEG; i++) {
        value = 0;
        if (i <= SEG_DS && acc_read(cpu, base + TSS16_ES + i * 2, 2, ACC_SUP, &value)) {
            return -1;
        }
        task->selector[i] = (uint16_t)value;
    }
    if (acc_read(cpu, base + TSS16_LDT, 2, ACC_SUP, &value)) {
        return -1;
    }
    task->ldt = (uint16_t)value;
    task->cr3 = cpu->cr3;
    task->trap = false;
    return 0;
}

/* Saves the running task into its TSS, which has been probed. */
static int save_task(struct cpu *cpu, uint32_t eip, uint32_t eflags)
{
    const uint32_t base = cpu->tr.base;
    const bool wide = is_32(cpu->tr.access);
    const unsigned size = wide ? 4 : 2, n_segs = wide ? N_SEG : SEG_DS + 1;
    const uint32_t gpr_off = wide ? TSS32_EAX : TSS16_AX, seg_off = wide ? TSS32_ES : TSS16_ES;
    int failed = acc_write(cpu, base + (wide ? TSS32_EIP : TSS16_IP), size, ACC_SUP, eip);
    failed |= acc_write(cpu, base + (wide ? TSS32_EFLAGS : TSS16_FLAGS), size, ACC_SUP, eflags);
    for (unsigned i = 0; i < N_GPR; i++) {
        failed |= acc_write(cpu, base + gpr_off + i * size, size, ACC_SUP, cpu_reg(cpu, i));
    }
    for (unsigned i = 0; i < n_segs; i++) {
        failed |= acc_write(cpu, base + seg_off + i * size, 2, ACC_SUP, cpu->seg[i].selector);
    }
    return failed;
}

/* Of the current TSS: all that save_task() writes lies in them. */
static uint32_t saved_bytes(const struct cpu *cpu)
{
    return is_32(cpu->tr.access) ? TSS32_LDT : TSS16_LDT;
}

/* Everything that is written must be writable before anything is. */
static int probe_switch(struct cpu *cpu, enum task_reason reason, const struct desc *tss,
                        uint32_t base)
{
    const bool nests = reason == TASK_CALL || reason == TASK_EVENT;
    if (acc_probe_write(cpu, cpu->tr.base, saved_bytes(cpu), ACC_SUP) ||
        (nests && acc_probe_write(cpu, base, 2, ACC_SUP))) {
        return -1;
    }
    if (reason != TASK_IRET && acc_probe_write(cpu, tss->lin + 5, 1, ACC_SUP)) {
        return -1;
    }
    if (!nests) {
        const uint32_t old_lin = cpu->gdtr.base + (cpu->tr.selector & SEL_INDEX);
        return acc_probe_write(cpu, old_lin + 5, 1, ACC_SUP);
    }
    return 0;
}

/* Busy bits and the back link, with paging still that of the old task. */
static int mark_descriptors(struct cpu *cpu, enum task_reason reason, const struct desc *tss,
                            uint32_t base)
{
    const bool nests = reason == TASK_CALL || reason == TASK_EVENT;
    const uint32_t old_lin = cpu->gdtr.base + (cpu->tr.selector & SEL_INDEX) + 5;
    uint32_t access;
    if (nests) {
        if (acc_write(cpu, base, 2, ACC_SUP, cpu->tr.selector)) {
            return -1;
        }
    } else if (acc_read(cpu, old_lin, 1, ACC_SUP, &access) ||
               acc_write(cpu, old_lin, 1, ACC_SUP, access & ~(uint32_t)DESC_BUSY)) {
        return -1;
    }
    if (reason == TASK_IRET) {
        return 0;
    }
    /* Read again: a task that jumps to itself has just become available. */
    if (acc_read(cpu, tss->lin + 5, 1, ACC_SUP, &access)) {
        return -1;
    }
    return acc_write(cpu, tss->lin + 5, 1, ACC_SUP, access | DESC_BUSY);
}

static int load_ldt(struct cpu *cpu, uint16_t selector, uint32_t ext)
{
    const uint32_t error = (selector & SEL_ERROR) | ext;
    struct desc desc;
    if (!(selector & SEL_ERROR)) {
        return 0;
    }
    if (selector & SEL_TI) {
        return emul_raise(cpu, VEC_TS, error);
    }
    const int read = emul_read_desc(cpu, selector, &desc);
    if (read) {
        return read < 0 ? -1 : emul_raise(cpu, VEC_TS, error);
    }
    if (desc_type(&desc) != DESC_LDT || !desc_is_present(&desc)) {
        return emul_raise(cpu, VEC_TS, error);
    }
    desc_to_segment(&desc, selector, &cpu->ldtr);
    return 0;
}

static int load_cs(struct cpu *cpu, uint16_t selector, uint32_t ext)
{
    const uint32_t error = (selector & SEL_ERROR) | ext;
    const unsigned rpl = selector & SEL_RPL;
    struct desc desc;
    if (!(selector & SEL_ERROR)) {
        return emul_raise(cpu, VEC_TS, error);
    }
    const int read = emul_read_desc(cpu, selector, &desc);
    if (read) {
        return read < 0 ? -1 : emul_raise(cpu, VEC_TS, error);
    }
    if (!desc_is_code(&desc) ||
        (desc_is_conforming(&desc) ? desc_dpl(&desc) > rpl : desc_dpl(&desc) != rpl)) {
        return emul_raise(cpu, VEC_TS, error);
    }
    if (!desc_is_present(&desc)) {
        return emul_raise(cpu, VEC_NP, error);
    }
    if (emul_set_accessed(cpu, &desc)) {
        return -1;
    }
    desc_to_segment(&desc, selector, &cpu->seg[SEG_CS]);
    return 0;
}

static int load_data(struct cpu *cpu, enum seg seg, uint16_t selector, uint32_t ext)
{
    const uint32_t error = (selector & SEL_ERROR) | ext;
    struct desc desc;
    if (!(selector & SEL_ERROR)) {
        return 0;
    }
    const int read = emul_read_desc(cpu, selector, &desc);
    if (read) {
        return read < 0 ? -1 : emul_raise(cpu, VEC_TS, error);
    }
    const uint8_t access = desc_access(&desc);
    if (!(access & SEG_S) || (access & (SEG_CODE | SEG_RW)) == SEG_CODE) {
        return emul_raise(cpu, VEC_TS, error);
    }
    if (!desc_is_conforming(&desc) &&
        ((selector & SEL_RPL) > desc_dpl(&desc) || cpu->cpl > desc_dpl(&desc))) {
        return emul_raise(cpu, VEC_TS, error);
    }
    if (!desc_is_present(&desc)) {
        return emul_raise(cpu, VEC_NP, error);
    }
    if (emul_set_accessed(cpu, &desc)) {
        return -1;
    }
    desc_to_segment(&desc, selector, &cpu->seg[seg]);
    return 0;
}

static int load_segments(struct cpu *cpu, const struct task *task, uint32_t ext)
{
    static const uint8_t data_segments[4] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};
    struct desc ss;
    if (load_ldt(cpu, task->ldt, ext)) {
        return -1;
    }
    if (emul_is_v86(cpu)) {
        for (unsigned i = 0; i < N_SEG; i++) {
            emul_set_v86_segment(&cpu->seg[i], task->selector[i]);
        }
        return 0;
    }
    if (load_cs(cpu, task->selector[SEG_CS], ext) ||
        emul_check_stack_desc(cpu, task->selector[SEG_SS], cpu->cpl, VEC_TS, ext, &ss) ||
        emul_set_accessed(cpu, &ss)) {
        return -1;
    }
    desc_to_segment(&ss, task->selector[SEG_SS], &cpu->seg[SEG_SS]);
    for (unsigned i = 0; i < 4; i++) {
        const enum seg seg = (enum seg)data_segments[i];
        if (load_data(cpu, seg, task->selector[seg], ext)) {
            return -1;
        }
    }
    return 0;
}

/* The new task's registers, with every hidden part invalid until load_segments(). */
static int load_registers(struct cpu *cpu, const struct task *task)
{
    for (unsigned i = 0; i < N_GPR; i++) {
        cpu_set_reg(cpu, i, task->gpr[i]);
    }
    cpu->eip = task->eip;
    cpu_set_eflags(cpu, task->eflags);
    for (unsigned i = 0; i < N_SEG; i++) {
        emul_clear_segment(&cpu->seg[i]);
        cpu->seg[i].selector = task->selector[i];
    }
    emul_clear_segment(&cpu->ldtr);
    cpu->ldtr.selector = task->ldt;
    cpu->cpl = emul_is_v86(cpu) ? 3 : task->selector[SEG_CS] & SEL_RPL;
    cpu->cr0 |= CR0_TS;
    cpu->dr[7] &= ~(uint32_t)DR7_LOCAL;
    if ((cpu->cr0 & CR0_PG) && task->cr3 != cpu->cr3) {
        /* The manual does not say what follows; the handler has the old task's tables. */
        if (view_load_pdptes(cpu, task->cr3)) {
            return emul_raise(cpu, VEC_TS, cpu->tr.selector & SEL_ERROR);
        }
        cpu->cr3 = task->cr3;
        view_load_cr3(cpu);
    }
    return 0;
}

/* What happens as the new task: segments, error code. */
static int start_task(struct cpu *cpu, const struct task *task, uint32_t ext, const uint32_t *error)
{
    if (load_registers(cpu, task) || load_segments(cpu, task, ext)) {
        return -1;
    }
    cpu_update_mode(cpu);
    if (error) {
        const unsigned size = is_32(cpu->tr.access) ? 4 : 2;
        uint32_t esp = cpu_reg(cpu, GPR_ESP);
        if (emul_push_words(cpu, &cpu->seg[SEG_SS], &esp, size, error, 1, ACC_CPL, ext)) {
            return -1;
        }
        cpu_set_reg(cpu, GPR_ESP, esp);
    }
    if (cpu->eip > cpu->seg[SEG_CS].limit) {
        return emul_raise(cpu, VEC_GP, ext);
    }
    return 0;
}

int emul_switch_task(struct cpu *cpu, enum task_reason reason, uint16_t tss_selector,
                     const struct desc *tss, uint32_t return_eip, uint32_t eflags, uint32_t ext,
                     const uint32_t *error)
{
    const bool nests = reason == TASK_CALL || reason == TASK_EVENT;
    const bool wide = is_32(desc_access(tss));
    struct segment new_tr;
    struct task task;
    desc_to_segment(tss, tss_selector, &new_tr);
    if (new_tr.limit < (wide ? (uint32_t)TSS32_MIN_LIMIT : (uint32_t)TSS16_MIN_LIMIT)) {
        return emul_raise(cpu, VEC_TS, (tss_selector & SEL_ERROR) | ext);
    }
    /* LTR takes any limit, and the manual names no fault for an old TSS that cannot hold the task.
     */
    if (cpu->tr.limit < saved_bytes(cpu) - 1) {
        return emul_raise(cpu, VEC_TS, (cpu->tr.selector & SEL_ERROR) | ext);
    }
    if ((wide ? read_tss32(cpu, new_tr.base, &task) : read_tss16(cpu, new_tr.base, &task)) ||
        probe_switch(cpu, reason, tss, new_tr.base)) {
        return EMUL_FAULTED;
    }
    if (reason == TASK_IRET) {
        eflags &= ~(uint32_t)FLAG_NT;
    }
    if (save_task(cpu, return_eip, eflags) || mark_descriptors(cpu, reason, tss, new_tr.base)) {
        return EMUL_FAULTED;
    }
    if (nests) {
        task.eflags |= FLAG_NT;
    }
    new_tr.access |= DESC_BUSY;
    cpu->tr = new_tr;
    if (start_task(cpu, &task, ext, error)) {
        cpu_update_mode(cpu);
        return EMUL_FAULTED_IN_NEW_TASK;
    }
    if (task.trap) { /* "Task-Switch Exception Condition": before the first instruction */
        cpu->dr[6] |= DR6_BT;
        emul_fault_plain(cpu, VEC_DB);
        return EMUL_TRAPPED_IN_NEW_TASK;
    }
    return EMUL_DONE;
}

int emul_read_gate_tss(struct cpu *cpu, const struct desc *gate, uint32_t ext, uint16_t *selector,
                       struct desc *tss)
{
    *selector = gate_selector(gate);
    const uint32_t error = (*selector & SEL_ERROR) | ext;
    if (!(*selector & SEL_INDEX) || (*selector & SEL_TI)) {
        return emul_raise(cpu, VEC_GP, error);
    }
    const int read = emul_read_desc(cpu, *selector, tss);
    if (read) {
        return read < 0 ? -1 : emul_raise(cpu, VEC_GP, error);
    }
    const unsigned type = desc_type(tss);
    if (type != DESC_TSS16 && type != DESC_TSS32) {
        return emul_raise(cpu, VEC_GP, error);
    }
    return desc_is_present(tss) ? 0 : emul_raise(cpu, VEC_NP, error);
}

enum light_result emul_finish_switch(struct cpu *cpu, int result)
{
    if (result == EMUL_DONE) {
        return LIGHT_JUMP;
    }
    if (result == EMUL_FAULTED) {
        return LIGHT_FAULT;
    }
    return emul_deliver(cpu, EVENT_EXCEPTION, cpu->fault);
}
