/* deliver.c - interrupts and exceptions through the IDT or the IVT (SDM vol. 3, "Interrupt and
 * Exception Handling"; vol. 2, "INT n/INTO/INT3/INT1").
 *
 * What has the usual shape is done by ring.c.
 */
#include "emul/local.h"

static const uint32_t FLAGS_CLEARED = FLAG_TF | FLAG_NT | FLAG_RF | FLAG_VM;

/* "RF": 1 in the pushed image of fault-class exceptions, but for instruction breakpoints. For the
 * rest what RF was when the event came; nobody clears RF after each instruction, so it is believed
 * only while single-stepping. */
static uint32_t pushed_eflags(const struct cpu *cpu, enum event_kind kind,
                              const struct fault *event)
{
    uint32_t eflags = cpu_eflags(cpu);
    if (kind == EVENT_EXCEPTION && (event->vector != VEC_DB || event->error)) {
        return eflags | FLAG_RF;
    }
    return cpu->mode & MODE_STEP ? eflags : eflags & ~FLAG_RF;
}

/* "Interrupt and Exception Handling" of real-address mode. No error codes. */
static int deliver_real(struct cpu *cpu, unsigned vector, uint32_t ext, uint32_t return_eip)
{
    uint32_t entry, esp = cpu_reg(cpu, GPR_ESP);
    if (vector * 4 + 3 > cpu->idtr.limit) {
        return emul_raise(cpu, VEC_GP, vector * 8 + ERR_IDT + ext);
    }
    if (acc_read(cpu, cpu->idtr.base + vector * 4, 4, ACC_SUP, &entry)) {
        return -1;
    }
    const uint32_t words[3] = {cpu_eflags(cpu), cpu->seg[SEG_CS].selector, return_eip};
    if (!emul_has_room(&cpu->seg[SEG_SS], esp, 2, 3)) {
        return emul_raise(cpu, VEC_SS, ext);
    }
    if ((entry & 0xffff) > cpu->seg[SEG_CS].limit) {
        return emul_raise(cpu, VEC_GP, ext);
    }
    if (emul_push_words(cpu, &cpu->seg[SEG_SS], &esp, 2, words, 3, ACC_CPL, ext)) {
        return -1;
    }
    cpu_set_reg(cpu, GPR_ESP, esp);
    emul_set_real_segment(&cpu->seg[SEG_CS], (uint16_t)(entry >> 16));
    cpu->eip = entry & 0xffff;
    cpu->iff = 0;
    cpu->sysflags &= ~(uint32_t)(FLAG_TF | FLAG_RF | FLAG_AC);
    cpu_update_segment(cpu, SEG_CS);
    cpu_update_ring(cpu);
    return EMUL_DONE;
}

static int deliver_task_gate(struct cpu *cpu, enum event_kind kind, const struct fault *event,
                             uint32_t ext, const struct desc *gate, uint32_t return_eip)
{
    uint16_t selector;
    struct desc tss;
    if (emul_read_gate_tss(cpu, gate, ext, &selector, &tss)) {
        return -1;
    }
    return emul_switch_task(cpu, TASK_EVENT, selector, &tss, return_eip,
                            pushed_eflags(cpu, kind, event), ext,
                            event->has_error ? &event->error : NULL);
}

/* What an interrupt or trap gate leads to, checked, before anything is pushed. */
struct target {
    struct desc gate, cs;
    unsigned size; /* of the words pushed: 2 or 4 */
    uint32_t eip;
    uint32_t ext;
};

static void enter_handler(struct cpu *cpu, const struct target *target, uint32_t esp)
{
    cpu_set_reg(cpu, GPR_ESP, esp);
    desc_to_segment(&target->cs, (uint16_t)((gate_selector(&target->gate) & ~SEL_RPL) | cpu->cpl),
                    &cpu->seg[SEG_CS]);
    cpu->eip = target->eip;
    cpu->sysflags &= ~FLAGS_CLEARED;
    if (!(desc_type(&target->gate) & 1)) { /* interrupt gate */
        cpu->iff = 0;
    }
    cpu_update_segment(cpu, SEG_CS);
    cpu_update_ring(cpu);
}

static int check_entry(struct cpu *cpu, const struct target *target)
{
    if (target->eip > desc_limit(&target->cs)) {
        return emul_raise(cpu, VEC_GP, target->ext);
    }
    return emul_set_accessed(cpu, &target->cs);
}

/* "INTRA-PRIVILEGE-LEVEL-INTERRUPT" */
static int enter_same_ring(struct cpu *cpu, const struct target *target, const uint32_t *words,
                           unsigned n)
{
    const struct segment *ss = &cpu->seg[SEG_SS];
    uint32_t esp = cpu_reg(cpu, GPR_ESP);
    if (!emul_has_room(ss, esp, target->size, n)) {
        return emul_raise(cpu, VEC_SS, target->ext);
    }
    if (check_entry(cpu, target) ||
        emul_push_words(cpu, ss, &esp, target->size, words, n, ACC_CPL, target->ext)) {
        return -1;
    }
    enter_handler(cpu, target, esp);
    return EMUL_DONE;
}

/* "INTER-PRIVILEGE-LEVEL-INTERRUPT" and "INTERRUPT-FROM-VIRTUAL-8086-MODE" */
static int enter_inner_ring(struct cpu *cpu, const struct target *target, const uint32_t *words,
                            unsigned n)
{
    const unsigned dpl = desc_dpl(&target->cs);
    uint16_t selector;
    uint32_t esp;
    struct desc desc;
    struct segment ss;
    if (emul_read_inner_stack(cpu, dpl, target->ext, &selector, &esp, &desc)) {
        return -1;
    }
    desc_to_segment(&desc, selector, &ss);
    const uint32_t ss_error = (selector & SEL_ERROR) | target->ext;
    if (!emul_has_room(&ss, esp, target->size, n)) {
        return emul_raise(cpu, VEC_SS, ss_error);
    }
    if (check_entry(cpu, target) || emul_set_accessed(cpu, &desc) ||
        emul_push_words(cpu, &ss, &esp, target->size, words, n, ACC_SUP, ss_error)) {
        return -1;
    }
    if (emul_is_v86(cpu)) {
        static const uint8_t nulled[4] = {SEG_GS, SEG_FS, SEG_DS, SEG_ES};
        for (unsigned i = 0; i < 4; i++) {
            emul_clear_segment(&cpu->seg[nulled[i]]);
            cpu_update_segment(cpu, (enum seg)nulled[i]);
        }
    }
    cpu->seg[SEG_SS] = ss;
    cpu_update_segment(cpu, SEG_SS);
    cpu->cpl = (uint8_t)dpl;
    enter_handler(cpu, target, emul_join_esp(cpu, &ss, esp));
    return EMUL_DONE;
}

static int enter_gate(struct cpu *cpu, enum event_kind kind, const struct fault *event,
                      struct target *target, uint32_t return_eip)
{
    const uint16_t selector = gate_selector(&target->gate);
    const uint32_t error = (selector & SEL_ERROR) | target->ext;
    const bool v86 = emul_is_v86(cpu);
    target->size = desc_type(&target->gate) & DESC_IS_32 ? 4 : 2;
    target->eip = gate_off(&target->gate);
    if (!(selector & SEL_ERROR)) {
        return emul_raise(cpu, VEC_GP, target->ext);
    }
    const int read = emul_read_desc(cpu, selector, &target->cs);
    if (read) {
        return read < 0 ? -1 : emul_raise(cpu, VEC_GP, error);
    }
    const unsigned dpl = desc_dpl(&target->cs);
    if (!desc_is_code(&target->cs) || dpl > cpu->cpl) {
        return emul_raise(cpu, VEC_GP, error);
    }
    if (!desc_is_present(&target->cs)) {
        return emul_raise(cpu, VEC_NP, error);
    }
    const bool inner = dpl < cpu->cpl && !desc_is_conforming(&target->cs);
    if (v86 && (!inner || dpl != 0)) {
        return emul_raise(cpu, VEC_GP, error);
    }
    uint32_t words[10];
    unsigned n = 0;
    if (v86) {
        words[n++] = cpu->seg[SEG_GS].selector;
        words[n++] = cpu->seg[SEG_FS].selector;
        words[n++] = cpu->seg[SEG_DS].selector;
        words[n++] = cpu->seg[SEG_ES].selector;
    }
    if (inner) {
        words[n++] = cpu->seg[SEG_SS].selector;
        words[n++] = cpu_reg(cpu, GPR_ESP);
    }
    words[n++] = pushed_eflags(cpu, kind, event);
    words[n++] = cpu->seg[SEG_CS].selector;
    words[n++] = return_eip;
    if (event->has_error) {
        words[n++] = event->error;
    }
    return inner ? enter_inner_ring(cpu, target, words, n) : enter_same_ring(cpu, target, words, n);
}

int emul_deliver_once(struct cpu *cpu, enum event_kind kind, const struct fault *event,
                      uint32_t return_eip)
{
    struct target target;
    struct desc *gate = &target.gate;
    const unsigned vector = event->vector;
    const struct entry entry = {.vector = vector,
                                .min_dpl = kind == EVENT_SOFTWARE ? cpu->cpl : 0,
                                .has_error = event->has_error,
                                .error = event->error,
                                .return_eip = return_eip,
                                .eflags = pushed_eflags(cpu, kind, event)};
    if (__builtin_expect(emul_enter_flat(cpu, &entry), 1)) {
        return EMUL_DONE;
    }
    target.ext = kind == EVENT_SOFTWARE ? 0 : ERR_EXT;
    if (emul_is_real(cpu)) {
        return deliver_real(cpu, vector, target.ext, return_eip);
    }
    const uint32_t error = vector * 8 + ERR_IDT + target.ext;
    if (vector * 8 + 7 > cpu->idtr.limit) {
        return emul_raise(cpu, VEC_GP, error);
    }
    gate->lin = cpu->idtr.base + vector * 8;
    if (emul_read_desc_at(cpu, gate)) {
        return -1;
    }
    const unsigned type = desc_type(gate);
    const bool is_task = type == DESC_TASK;
    if (!is_task && (type & ~(DESC_IS_32 | 1u)) != DESC_INT16) {
        return emul_raise(cpu, VEC_GP, error);
    }
    if (kind == EVENT_SOFTWARE && desc_dpl(gate) < cpu->cpl) {
        return emul_raise(cpu, VEC_GP, error);
    }
    if (!desc_is_present(gate)) {
        return emul_raise(cpu, VEC_NP, error);
    }
    if (is_task) {
        return deliver_task_gate(cpu, kind, event, target.ext, gate, return_eip);
    }
    return enter_gate(cpu, kind, event, &target, return_eip);
}

/* Table "Conditions for Generating a Double Fault" */
static bool is_contributory(unsigned vector)
{
    return vector == VEC_DE || (vector >= VEC_TS && vector <= VEC_GP);
}
static bool makes_double_fault(unsigned first, unsigned second)
{
    if (first == VEC_PF) {
        return second == VEC_PF || is_contributory(second);
    }
    return is_contributory(first) && is_contributory(second);
}

/* #DF that cannot be delivered is shutdown. #AC whose delivery at CPL 3 raises #AC is neither in
 * the table nor ever over: DEVIATION: silicon repeats it for ever (CVE-2015-5307); we shut down. */
static bool never_delivered(const struct fault *event, const struct fault *second)
{
    return event->vector == VEC_DF || (event->vector == VEC_AC && second->vector == VEC_AC);
}

/* #AC and #PF may take turns in the same way; no guest that means well needs so many. */
enum { MAX_TURNS = 32 };

enum light_result emul_deliver(struct cpu *cpu, enum event_kind kind, struct fault event)
{
    cpu->halted = false;
    cpu->interrupt_shadow = 0;
    cpu->in_delivery = true;
    if (kind == EVENT_EXCEPTION && event.vector != VEC_DB) {
        cpu->plant_done = false; /* the restart is an execution of its own */
    }
    for (unsigned turn = 0; turn < MAX_TURNS; turn++) {
        if (kind == EVENT_EXCEPTION && event.vector == VEC_PF) {
            cpu->cr2 = event.cr2;
        }
        if (kind == EVENT_EXCEPTION && event.vector == VEC_DB) {
            cpu->dr[7] &= ~(uint32_t)DR7_GD; /* the handler may use the debug registers */
        }
        const int result = emul_deliver_once(cpu, kind, &event, cpu->eip);
        if (result == EMUL_DONE) {
            cpu->in_delivery = false;
            return LIGHT_JUMP;
        }
        const struct fault second = cpu->fault;
        if (result == EMUL_TRAPPED_IN_NEW_TASK) {
            event = second;
        } else if (kind == EVENT_EXCEPTION && never_delivered(&event, &second)) {
            cpu->in_delivery = false;
            cpu->exit_reason = EXIT_TRIPLE_FAULT;
            return LIGHT_EXIT;
        } else if (kind == EVENT_EXCEPTION && makes_double_fault(event.vector, second.vector)) {
            event = (struct fault){.vector = VEC_DF, .has_error = true};
        } else {
            event = second;
        }
        kind = EVENT_EXCEPTION;
    }
    cpu->in_delivery = false;
    cpu->exit_reason = EXIT_TRIPLE_FAULT;
    return LIGHT_EXIT;
}
