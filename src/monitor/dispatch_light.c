/* dispatch_light.c - where light calls from guest code arrive (run/enter.S): picks the C function,
 * delivers the fault it may raise, and decides how guest code goes on. Light. */
#include "monitor/machine_internal.h"

uint32_t light_dispatch(struct cpu *cpu, const struct insn *insn, uint32_t op);
enum light_result checked_resolve(struct cpu *cpu, const struct insn *insn);
enum light_result checked_commit(struct cpu *cpu, const struct insn *insn);
bool light_looks_up_again(struct cpu *cpu, const struct insn *insn);
enum light_result light_look_up(struct cpu *cpu, const struct insn *insn);
enum light_result light_string(struct cpu *cpu, const struct insn *insn);
enum light_result light_fpu_stored(struct cpu *cpu, const struct insn *insn);
enum light_result light_fpu_loaded(struct cpu *cpu, const struct insn *insn);
enum light_result light_mask_move(struct cpu *cpu, const struct insn *insn);
enum light_result light_plant(struct cpu *cpu, const struct insn *insn);
bool light_observe(struct cpu *cpu, const struct insn *insn);
enum light_result light_plant_after(struct cpu *cpu, const struct insn *insn);
uint32_t light_target(struct cpu *cpu, const struct insn *insn);

/* Units are made by linear address; only now is it known which CS leads there. */
static uint32_t insn_eip(const struct cpu *cpu, const struct insn *insn)
{
    return insn->eip - cpu->seg[SEG_CS].base;
}

/* INTR was high when STI ran: one more instruction, then the interrupt. */
static enum light_result sti_pending(struct cpu *cpu, const struct insn *insn)
{
    cpu->eip = insn_eip(cpu, insn) + insn->n_bytes;
    cpu->interrupt_shadow = SHADOW_INTERRUPTS;
    cpu->exit_reason = EXIT_INTR;
    return LIGHT_EXIT;
}

/* The inline form has read the word and clobbered the flags: cpu->arith is nothing. Nothing but
 * that read could have failed, and nothing has run since that could unmap the page. */
static enum light_result popf_late(struct cpu *cpu, const struct insn *insn)
{
    const enum light_result result = emul_popf(cpu, insn);
    BUG_ON(result == LIGHT_FAULT);
    return result;
}

static emul_fn *const functions[N_LIGHT_OPS] = {
#define OP(name, function) [OP_##name] = function,
#include "emul/ops.def"
#undef OP
    [OP_RESOLVE] = checked_resolve,     [OP_COMMIT] = checked_commit,
    [OP_LOOKUP] = light_look_up,        [OP_POPF_LATE] = popf_late,
    [OP_STI_PENDING] = sti_pending,     [OP_FPU_STORED] = light_fpu_stored,
    [OP_FPU_LOADED] = light_fpu_loaded, [OP_MASK_MOVE] = light_mask_move,
    [OP_PLANT] = light_plant,           [OP_PLANT_AFTER] = light_plant_after,
};

const struct emul_ports *machine_ports(struct machine *machine)
{
    return machine->cpu->ports_full ? &machine->ports_full : &machine->ports_light;
}

/* Go back into guest code at cpu->eip, unless something waits. In MODE_STEP the hub sees each
 * instruction, also the first one in it. */
static uint32_t go_on(struct cpu *cpu, bool step)
{
    if (step) {
        cpu->exit_reason = EXIT_STEP;
        return LIGHT_EXIT;
    }
    if (cpu_takes_interrupt(cpu) || (cpu->mode & MODE_STEP)) {
        cpu->exit_reason = EXIT_INTR;
        return LIGHT_EXIT;
    }
    return LIGHT_JUMP;
}

/* Only code breakpoints look at it. */
static inline void forget_rf(struct cpu *cpu, uint32_t op)
{
    if (op != OP_IRET || !(cpu->mode & MODE_STEP)) {
        cpu->sysflags &= ~(uint32_t)FLAG_RF;
    }
}

static uint32_t raise_fault(struct cpu *cpu)
{
    cpu->exit_reason = cpu->fault.vector == VEC_STOPPED ? EXIT_STOP : EXIT_FAULT;
    return LIGHT_EXIT;
}

static inline void count(struct cpu *cpu, const struct insn *insn, uint32_t op)
{
    const struct machine *machine = cpu->machine;
    cpu->n_light[op]++;
    if (__builtin_expect(machine->profile != NULL, 0)) {
        tally_add(&machine->profile->calls, (uint64_t)op << 32 | insn->eip);
    }
}

__attribute__((noinline)) static uint32_t dispatch(struct cpu *cpu, const struct insn *insn,
                                                   uint32_t op)
{
    struct machine *machine = cpu->machine;
    uint64_t generation = machine->pages.n_invalidations;
    uint64_t window = cpu->window, dir = cpu->dir;
    uint32_t mode = cpu->mode;
    /* the instruction is not over yet */
    bool inside = op == OP_RESOLVE || op == OP_LOOKUP || op == OP_FPU_CHECK || op == OP_PLANT;

    cpu->eip = insn_eip(cpu, insn);
    cpu->exit_insn = (struct insn *)insn;
    count(cpu, insn, op);
    enum light_result result = op == OP_STRING ? light_string(cpu, insn) : functions[op](cpu, insn);
    if (op == OP_UD && insn->flags & INSN_TOO_LONG) { /* SDM: more than 15 bytes is #GP(0) */
        cpu->fault = (struct fault){.vector = VEC_GP, .has_error = true};
    }
    switch (result) {
    case LIGHT_NEXT:
        if (__builtin_expect(inside, 0)) {
            if (machine->pages.n_invalidations != generation) {
                cpu->stacks_stale = true; /* the unit may be gone, and make one more call: */
                cpu->exit_request = 1;    /* out of it at the next boundary */
            }
            return LIGHT_NEXT;
        }
        if (__builtin_expect(insn->plant, 0) && op < N_OPS) {
            monitor_plant_after(machine, insn);
        }
        cpu->eip += insn->n_bytes;
        if (mode & MODE_STEP) { /* TF as it was before the instruction, which may have changed it */
            bool ends = op != OP_COMMIT && op != OP_FPU_STORED && op != OP_FPU_LOADED &&
                        op != OP_PLANT_AFTER;
            return ends ? go_on(cpu, true) : LIGHT_NEXT;
        }
        if (cpu->interrupt_shadow) {
            if (cpu_takes_interrupt(cpu)) {
                cpu->exit_reason = EXIT_INTR;
                return LIGHT_EXIT;
            }
            cpu->interrupt_shadow = 0; /* the boundary table keeps signals out of the shadow */
        }
        if (machine->pages.n_invalidations != generation || mode != cpu->mode ||
            window != cpu->window || dir != cpu->dir || op == OP_MOV_TO_CR || op == OP_INVLPG ||
            cpu_takes_interrupt(cpu)) {
            return go_on(cpu,
                         false); /* the unit we came from may be gone, its mode or mapping over */
        }
        return LIGHT_NEXT;
    case LIGHT_JUMP:
        if (cpu->eip == insn_eip(cpu, insn) && (op == OP_STRING || op == OP_INS || op == OP_OUTS)) {
            cpu->plant_done = true; /* the repeat goes on later */
            cpu->plant_done_lin = insn->eip;
        }
        forget_rf(cpu, op);
        if ((mode & MODE_STEP) && op == OP_INT) { /* it has cleared TF and does not trap */
            cpu->exit_reason = EXIT_INTR;
            return LIGHT_EXIT;
        }
        return go_on(cpu, mode & MODE_STEP);
    case LIGHT_FAULT:
        return raise_fault(cpu);
    default:
        return LIGHT_EXIT;
    }
}

__attribute__((noinline)) static uint32_t dispatch_planted(struct cpu *cpu, const struct insn *insn,
                                                           uint32_t op)
{
    uint32_t result = light_observe(cpu, insn) ? 0 : dispatch(cpu, insn, OP_PLANT);
    if (result || op == OP_PLANT) {
        return result;
    }
    return dispatch(cpu, insn, op & ~(uint32_t)OP_PLANTED);
}

/* The ways between the rings, without dispatch()'s questions where they have their usual shape. */
static inline bool changes_ring(struct cpu *cpu, const struct insn *insn, uint32_t op)
{
    switch (op) {
    case OP_INT:
        return emul_int_flat(cpu, insn);
    case OP_IRET:
        return emul_iret_flat(cpu, insn);
    case OP_SYSENTER:
        return !(cpu->mode & MODE_STEP) && emul_sysenter(cpu, insn) == LIGHT_JUMP;
    case OP_SYSEXIT:
        return !(cpu->mode & MODE_STEP) && emul_sysexit(cpu, insn) == LIGHT_JUMP;
    default:
        return false;
    }
}

/* Returns 0 to go on behind the call, 1 to re-enter at cpu->eip, else leaves guest code. */
uint32_t light_dispatch(struct cpu *cpu, const struct insn *insn, uint32_t op)
{
    if (op == OP_LOOKUP && light_looks_up_again(cpu, insn)) {
        return LIGHT_NEXT;
    }
    if (op == OP_TARGET) {
        return light_target(cpu, insn);
    }
    if (op == OP_PLANT || (op & OP_PLANTED)) {
        return dispatch_planted(cpu, insn, op);
    }
    if (!cpu->no_rings && (op == OP_MOV_TO_SEG || op == OP_POP_SEG) && !insn->plant &&
        emul_load_known(cpu, insn, op == OP_POP_SEG)) {
        count(cpu, insn, op);
        return LIGHT_NEXT;
    }
    if (!cpu->no_rings && changes_ring(cpu, insn, op)) {
        count(cpu, insn, op);
        forget_rf(cpu, op);
        return go_on(cpu, false);
    }
    return dispatch(cpu, insn, op);
}
