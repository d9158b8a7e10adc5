/* hub_light.c - the loop: run guest code, see why it came back, deal with it. One switch over exit
 * reasons, one function per reason. Invariant at the top of the loop: struct cpu is the truth
 * (INV-2), no instruction is half done.
 *
 * Light: the guest's x87/SSE state may be live in the host's registers all the way through here.
 * Whoever is called from here and is not light is called behind run_park_fpu(). */
#include "bus/bus.h"
#include "cpu/stacks.h"
#include "monitor/machine_internal.h"
#include "trace/trace.h"
#include "x86/desc.h"

enum outcome { GO_ON, STOP };

static enum outcome triple_fault(struct machine *machine, int *status)
{
    struct cpu *cpu = machine->cpu;
    const struct stop stop = {.why = STOP_TRIPLE_FAULT, .lin = cpu->eip + cpu->seg[SEG_CS].base};
    run_park_fpu(cpu);
    monitor_report(machine, "guest triple fault");
    *status = 0;
    if (!monitor_ask_debugger(machine, &stop, status)) {
        return STOP;
    }
    if (machine->options.no_reboot) {
        return STOP;
    }
    board_set_request(machine->board, BOARD_RESET, 0);
    return GO_ON;
}

static bool deliver_one(struct machine *machine, enum event_kind kind, struct fault fault)
{
    struct cpu *cpu = machine->cpu;
    if (kind == EVENT_EXCEPTION && fault.vector < 32) {
        machine->n_exceptions[fault.vector]++;
    }
    if (monitor_logs(machine, LOG_INT)) {
        run_park_fpu(cpu);
        monitor_log_event(machine, kind, fault);
    }
    machine->resume_host = 0;
    return emul_deliver(cpu, kind, fault) != LIGHT_EXIT;
}

/* Data breakpoints on what the event pushes are traps before its handler's first instruction. */
static enum outcome deliver(struct machine *machine, enum event_kind kind, struct fault fault,
                            int *status)
{
    struct cpu *cpu = machine->cpu;
    bool alive = deliver_one(machine, kind, fault);
    if (__builtin_expect(alive && cpu->debug_hits, 0)) {
        cpu->dr[6] |= cpu->debug_hits;
        cpu->debug_hits = 0;
        alive = deliver_one(machine, EVENT_EXCEPTION, (struct fault){.vector = VEC_DB});
    }
    return alive ? GO_ON : triple_fault(machine, status);
}

/* -program: a flat program at CPL 3 has no handlers; HLT ends it with the display of the posts. */
static bool ends_program(struct machine *machine)
{
    if (!machine->options.load.program) {
        return false;
    }
    run_park_fpu(machine->cpu);
    monitor_show_insn(machine, machine->cpu->eip);
    return true;
}

/* Left between two iterations of a string instruction. */
static bool is_inside_repeat(const struct cpu *cpu)
{
    const struct insn *insn = cpu->exit_insn;
    return insn && insn->eip - cpu->seg[SEG_CS].base == cpu->eip &&
           (insn->op == OP_STRING || insn->op == OP_INS || insn->op == OP_OUTS);
}

/* An instruction is complete: the traps it has earned (SDM vol. 3, "Debug Exception (#DB)"). After
 * MOV SS they wait for the next one, unless that is INT: its handler begins with them. */
static enum outcome finish_insn(struct machine *machine, bool tf_before, int *status)
{
    struct cpu *cpu = machine->cpu;
    if (cpu->interrupt_shadow & SHADOW_DEBUG) {
        return GO_ON;
    }
    uint32_t dr6 = cpu->debug_hits | (tf_before ? (uint32_t)DR6_BS : 0);
    cpu->debug_hits = 0;
    if (!dr6) {
        return GO_ON;
    }
    if (is_inside_repeat(cpu)) {
        cpu->sysflags |= FLAG_RF; /* its code breakpoint has been dealt with */
    }
    cpu->dr[6] |= dr6;
    return deliver(machine, EVENT_EXCEPTION, (struct fault){.vector = VEC_DB}, status);
}

/* CR0.NE = 0: the board hears of the x87 exception (FERR#), and the CPU stands still at the waiting
 * instruction until an interrupt comes (vol. 1, "MS-DOS Compatibility Sub-mode"). */
static enum outcome freeze_for_ferr(struct machine *machine)
{
    machine->cpu->halted = true;
    machine->cpu->interrupt_shadow = 0;
    board_report_fpu_error(machine->board);
    return GO_ON;
}

static enum outcome handle_port(struct machine *machine, bool tf_before, int *status)
{
    struct cpu *cpu = machine->cpu;
    struct bus *bus = board_bus(machine->board);
    uint32_t port = cpu->exit_arg[0], size = cpu->exit_arg[1];
    run_park_fpu(cpu);
    switch (cpu->exit_arg[2]) {
    case 0: {
        uint32_t value = bus_port_read(bus, port, size), old = cpu_reg(cpu, GPR_EAX);
        uint32_t mask = size == 4 ? UINT32_MAX : (1u << (8 * size)) - 1;
        cpu_set_reg(cpu, GPR_EAX, (old & ~mask) | (value & mask));
        monitor_plant_after(machine, cpu->exit_insn);
        cpu->eip += cpu->exit_insn->n_bytes;
        cpu->debug_hits |= cpu_debug_port(cpu, port, size);
        break;
    }
    case 1:
        bus_port_write(bus, port, size, cpu->exit_arg[3]);
        cpu->eip += cpu->exit_insn->n_bytes;
        cpu->debug_hits |= cpu_debug_port(cpu, port, size);
        break;
    default: {
        cpu->ports_full = true;
        enum light_result result =
            cpu->exit_arg[2] == 2 ? emul_ins(cpu, cpu->exit_insn) : emul_outs(cpu, cpu->exit_insn);
        cpu->ports_full = false;
        if (result == LIGHT_FAULT && cpu->fault.vector == VEC_STOPPED) {
            return GO_ON; /* the debugger first */
        }
        if (result == LIGHT_FAULT) {
            cpu->debug_hits = 0;
            return deliver(machine, EVENT_EXCEPTION, cpu->fault, status);
        }
        if (result == LIGHT_NEXT) {
            monitor_plant_after(machine, cpu->exit_insn);
            cpu->eip += cpu->exit_insn->n_bytes;
        } else {
            cpu->plant_done = true; /* the repeat goes on */
            cpu->plant_done_lin = cpu->exit_insn->eip;
        }
        break;
    }
    }
    return finish_insn(machine, tf_before, status);
}

/* The instruction at CS:EIP is next: is it one a debugger wants to see first? */
static bool is_break(struct machine *machine)
{
    const struct cpu *cpu = machine->cpu;
    const uint32_t lin = cpu->eip + cpu->seg[SEG_CS].base;
    if (__builtin_expect(!machine->breaks.n, 1) || machine->stops.passing) {
        return false;
    }
    const struct code_break *found = monitor_find_break(&machine->breaks, lin);
    if (!found || !found->is_armed) {
        return false;
    }
    machine->stops.stop = (struct stop){.why = STOP_RULE, .lin = lin};
    machine->stops.pending = true;
    return true;
}

static enum outcome handle_miss(struct machine *machine, bool crosses, int *status)
{
    struct cpu *cpu = machine->cpu;
    uint64_t host = 0;
    switch (crosses ? monitor_mend_crossing(machine, &host) : monitor_find_made(machine, &host)) {
    case FOUND_UNIT:
        machine->resume_host = host;
        return GO_ON;
    case FOUND_FAULT:
        return deliver(machine, EVENT_EXCEPTION, cpu->fault, status);
    case FOUND_NOTHING:
        break;
    }
    run_park_fpu(cpu);
    if (is_break(machine)) {
        return GO_ON;
    }
    if (machine->breaks.n && !(cpu->mode & MODE_STEP)) {
        monitor_forget_break(machine, cpu->eip + cpu->seg[SEG_CS].base);
    }
    host = monitor_find_unit(machine);
    if (!host) {
        return deliver(machine, EVENT_EXCEPTION, cpu->fault, status);
    }
    machine->resume_host = host;
    return GO_ON;
}

static enum outcome handle_reset(struct machine *machine, int *status)
{
    const struct cpu *cpu = machine->cpu;
    const struct stop stop = {.why = STOP_RESET, .lin = cpu->eip + cpu->seg[SEG_CS].base};
    if (!monitor_ask_debugger(machine, &stop, status)) {
        return STOP;
    }
    machine->stops.passing = false;
    if (machine->options.no_reboot) {
        *status = 0;
        return STOP;
    }
    if (monitor_reset(machine) < 0) {
        *status = 1;
        return STOP;
    }
    return GO_ON;
}

/* What the hardware or the user wants. */
static enum outcome handle_requests(struct machine *machine, int *status)
{
    if (machine->run.stop_signal) {
        *status = 128 + machine->run.stop_signal;
        return STOP;
    }
    switch (board_get_request(machine->board, status)) {
    case BOARD_RESET:
        run_park_fpu(machine->cpu);
        return handle_reset(machine, status);
    case BOARD_POWER_OFF:
        *status = 0;
        return STOP;
    case BOARD_EXIT:
        return STOP;
    default:
        return GO_ON;
    }
}

static enum outcome handle_exit(struct machine *machine, uint32_t reason, bool tf_before,
                                int *status)
{
    struct cpu *cpu = machine->cpu;
    switch (reason) {
    case EXIT_MISS:
        return handle_miss(machine, false, status);
    case EXIT_FAULT:
        if (ends_program(machine)) {
            *status = 0;
            return STOP;
        }
        cpu->debug_hits = 0;
        if (cpu->fault.vector == VEC_MF && !(cpu->cr0 & CR0_NE)) {
            return freeze_for_ferr(machine);
        }
        return deliver(machine, EVENT_EXCEPTION, cpu->fault, status);
    case EXIT_PORT:
        return handle_port(machine, tf_before, status);
    case EXIT_SITE:
        run_park_fpu(cpu);
        monitor_remake_site(machine);
        return GO_ON;
    case EXIT_CROSS:
        run_park_fpu(cpu);
        return handle_miss(machine, true, status);
    case EXIT_STEP:
        return finish_insn(machine, tf_before, status);
    case EXIT_TRIPLE_FAULT:
        return triple_fault(machine, status);
    case EXIT_HLT:
        cpu->halted = true;
        cpu->interrupt_shadow = 0;
        return finish_insn(machine, tf_before, status);
    case EXIT_INTR: /* INT has cleared TF and does not trap */
        return finish_insn(machine, tf_before && (cpu->sysflags & FLAG_TF), status);
    case EXIT_REQUEST:
    case EXIT_STOP: /* machine->stops says which */
        return GO_ON;
    default:
        BUG("exit reason");
    }
}

/* A debugger's turn, if one is due. */
static enum outcome handle_stops(struct machine *machine, int *status)
{
    const struct stops *stops = &machine->stops;
    if (__builtin_expect(!stops->pending && !__atomic_load_n(&stops->asked, __ATOMIC_RELAXED), 1)) {
        return GO_ON;
    }
    run_park_fpu(machine->cpu);
    return monitor_stop(machine, status) ? GO_ON : STOP;
}

/* Interrupts, HLT, requests, stops: all that may come between two runs. */
static enum outcome between_runs(struct machine *machine, int *status)
{
    struct cpu *cpu = machine->cpu;
    if (cpu->trace) {
        trace_close(cpu->trace);
    }
    if (cpu->exit_request) {
        cpu->exit_request = 0;
        run_park_fpu(cpu);
        monitor_poll(machine);
        view_age_lookups(cpu);
        monitor_sample_again(machine);
        codepages_shrink(&machine->pages);
    }
    if (handle_requests(machine, status) == STOP || handle_stops(machine, status) == STOP) {
        return STOP;
    }
    while (cpu->halted && !cpu_takes_interrupt(cpu)) {
        run_park_fpu(cpu);
        uint64_t tsc_asleep = __builtin_ia32_rdtsc();
        board_wait(machine->board, UINT64_MAX);
        machine->tsc_halted += __builtin_ia32_rdtsc() - tsc_asleep;
        cpu->exit_request = 0;
        monitor_poll(machine);
        if (handle_requests(machine, status) == STOP || handle_stops(machine, status) == STOP) {
            return STOP;
        }
    }
    if (cpu_takes_interrupt(cpu) && !cpu->interrupt_shadow && !machine->stops.passing) {
        machine->n_interrupts++;
        cpu->halted = false;
        struct fault event = {.vector = VEC_NMI};
        if (cpu_takes_nmi(cpu)) {
            cpu->nmi = false;
            cpu->nmi_blocked = true;
        } else {
            event.vector = (uint8_t)board_ack_interrupt(machine->board);
        }
        return deliver(machine, EVENT_INTERRUPT, event, status);
    }
    return GO_ON;
}

/* One instruction runs alone: the one behind STI or MOV SS, then interrupts are looked at again;
 * the one a debugger stopped at or steps over. */
static void begin_step(struct machine *machine)
{
    struct cpu *cpu = machine->cpu;
    machine->step_once = true;
    machine->resume_host = 0;
    cpu->mode |= MODE_STEP;
    view_switch_mode(cpu);
}

static bool wants_step(const struct machine *machine)
{
    const struct cpu *cpu = machine->cpu;
    return (cpu->interrupt_shadow && (cpu->intr || cpu_takes_nmi(cpu))) || machine->stops.passing ||
           machine->stops.stepping;
}

static void end_step(struct machine *machine)
{
    if (machine->step_once) {
        machine->step_once = false;
        cpu_update_mode(machine->cpu);
    }
}

/* What a debugger wanted of this instruction only is over. */
static void end_pass(struct machine *machine)
{
    struct stops *stops = &machine->stops;
    stops->passing = false;
    if (stops->stepping && !stops->pending) {
        stops->stop = (struct stop){.why = STOP_STEP};
        stops->pending = true;
    }
    stops->stepping = false;
}

/* What holds for one instruction and is used up when it completes. */
struct once {
    uint32_t rf;
    uint8_t shadow;
    bool tf;
};

static struct once take_once(struct cpu *cpu)
{
    struct once once = {.rf = cpu->sysflags & FLAG_RF,
                        .shadow = cpu->interrupt_shadow,
                        .tf = cpu->sysflags & FLAG_TF};
    if (cpu->mode & MODE_STEP) {
        cpu->sysflags &= ~(uint32_t)FLAG_RF;
        cpu->interrupt_shadow = 0;
        cpu->exit_insn = NULL;
    }
    return once;
}

/* Instruction breakpoints are faults, before the instruction is even fetched
 * ("Instruction-Breakpoint Exception Condition"); RF and the shadow of MOV SS hold them off. */
static bool is_code_breakpoint(struct cpu *cpu)
{
    if (__builtin_expect(!(cpu->mode & MODE_STEP), 1) || (cpu->sysflags & FLAG_RF) ||
        (cpu->interrupt_shadow & SHADOW_DEBUG)) {
        return false;
    }
    uint32_t hits = cpu_debug_code(cpu, cpu->eip + cpu->seg[SEG_CS].base);
    cpu->dr[6] |= hits;
    return hits;
}

static void note_exit(struct machine *machine, uint32_t reason)
{
    struct cpu *cpu = machine->cpu;
    cpu->n_exit[reason]++;
    struct event *event = &machine->events[machine->n_events++ % EVENT_RING];
    event->what = (uint8_t)reason;
    event->eip = cpu->eip;
    event->arg = cpu->exit_arg[0];
    if (machine->profile) {
        tally_add(&machine->profile->exits,
                  (uint64_t)reason << 32 | (uint32_t)(cpu->eip + cpu->seg[SEG_CS].base));
    }
    if (monitor_logs(machine, LOG_EXITS | LOG_MMU)) {
        run_park_fpu(cpu);
        monitor_log_exit(machine, reason);
    }
}

/* One turn: in, out, and what follows from it. */
static enum outcome run_once(struct machine *machine, int *status)
{
    struct cpu *cpu = machine->cpu;
    if (__builtin_expect((cpu->mode & MODE_STEP) || wants_step(machine), 0) &&
        is_break(machine)) { /* in MODE_STEP there are units where breakpoints are */
        return GO_ON;
    }
    if (is_code_breakpoint(cpu)) {
        end_pass(machine);
        return deliver(machine, EVENT_EXCEPTION, (struct fault){.vector = VEC_DB}, status);
    }
    if (__builtin_expect(wants_step(machine), 0) && !(cpu->mode & MODE_STEP)) {
        begin_step(machine);
    }
    run_unpark_fpu(cpu);
    struct once once = take_once(cpu);
    uint64_t host = machine->resume_host;
    if (host && host == machine->resume_behind && !cpu->exit_request) {
        cpu->plant_done = false; /* nobody will ask for it */
    }
    machine->resume_host = machine->resume_behind = 0;
    if (__builtin_expect(cpu->stacks_stale, 0)) {
        cpu->stacks_stale = false;
        stacks_empty_all(cpu);
    }
    uint64_t tsc_in = __builtin_ia32_rdtsc();
    uint32_t reason = run_guest(cpu, host);
    machine->tsc_guest += __builtin_ia32_rdtsc() - tsc_in;
    note_exit(machine, reason);
    if (reason == EXIT_MISS || reason == EXIT_SITE || reason == EXIT_CROSS ||
        reason == EXIT_REQUEST ||
        reason == EXIT_STOP) { /* nothing has run yet, if it was to be one instruction */
        if (cpu->mode & MODE_STEP) {
            cpu->sysflags |= once.rf;
            cpu->interrupt_shadow = once.shadow;
        }
        if (reason == EXIT_STOP) {
            end_step(machine);
        }
    } else {
        end_step(machine);
        if (reason != EXIT_STEP || machine->stops.stepping || !is_inside_repeat(cpu)) {
            end_pass(machine); /* or the iterations left would stop one by one */
        }
    }
    return handle_exit(machine, reason, once.tf, status);
}

int monitor_loop(struct machine *machine)
{
    int status = 0;
    machine->tsc_start = __builtin_ia32_rdtsc();
    while (between_runs(machine, &status) == GO_ON && run_once(machine, &status) == GO_ON) {
    }
    run_park_fpu(machine->cpu);
    return status;
}
