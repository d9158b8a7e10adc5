/* report.c - what the user sees of the machine's inside: stop reports, -d logs, counters. Full C.
 */
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "host/terminal.h"
#include "monitor/machine_internal.h"
#include "monitor/recall.h"

static const char *const exit_names[N_EXIT_REASONS] = {
#define EXIT(name, text) #name,
#include "cpu/exits.def"
#undef EXIT
};
static const char *const light_names[N_LIGHT_OPS] = {
#define OP(name, function) [OP_##name] = #name,
#include "emul/ops.def"
#undef OP
    [OP_RESOLVE] = "RESOLVE",         [OP_COMMIT] = "COMMIT",       [OP_LOOKUP] = "LOOKUP",
    [OP_STI_PENDING] = "STI_PENDING", [OP_POPF_LATE] = "POPF_LATE", [OP_FPU_STORED] = "FPU_STORED",
    [OP_FPU_LOADED] = "FPU_LOADED",   [OP_MASK_MOVE] = "MASK_MOVE", [OP_PLANT] = "PLANT",
    [OP_PLANT_AFTER] = "PLANT_AFTER", [OP_TARGET] = "TARGET",
};

const char *monitor_exit_name(unsigned reason)
{
    return reason < N_EXIT_REASONS ? exit_names[reason] : "?";
}

const char *monitor_op_name(unsigned op)
{
    return op < N_LIGHT_OPS ? light_names[op] : "?";
}

void monitor_print_registers(const struct cpu *cpu, FILE *out)
{
    static const char *const names[N_SEG] = {"ES", "CS", "SS", "DS", "FS", "GS"};
    fprintf(out, " EAX=%08x EBX=%08x ECX=%08x EDX=%08x\n ESI=%08x EDI=%08x EBP=%08x ESP=%08x\n",
            cpu_reg(cpu, GPR_EAX), cpu_reg(cpu, GPR_EBX), cpu_reg(cpu, GPR_ECX),
            cpu_reg(cpu, GPR_EDX), cpu_reg(cpu, GPR_ESI), cpu_reg(cpu, GPR_EDI),
            cpu_reg(cpu, GPR_EBP), cpu_reg(cpu, GPR_ESP));
    fprintf(out, " EIP=%08x EFL=%08x CPL=%u mode=%x\n", cpu->eip, cpu_eflags(cpu), cpu->cpl,
            cpu->mode);
    for (unsigned i = 0; i < N_SEG; i++) {
        const struct segment *seg = &cpu->seg[i];
        fprintf(out, " %s=%04x base=%08x limit=%08x access=%02x%s\n", names[i], seg->selector,
                seg->base, seg->limit, seg->access, seg->big ? " big" : "");
    }
    fprintf(out,
            " CR0=%08x CR2=%08x CR3=%08x CR4=%08x EFER=%08x\n GDT=%08x/%x IDT=%08x/%x TR=%04x "
            "LDT=%04x\n",
            cpu->cr0, cpu->cr2, cpu->cr3, cpu->cr4, cpu->efer, cpu->gdtr.base, cpu->gdtr.limit,
            cpu->idtr.base, cpu->idtr.limit, cpu->tr.selector, cpu->ldtr.selector);
}

void monitor_report(struct machine *machine, const char *headline)
{
    char line[160];
    board_flush(machine->board);
    fprintf(stderr, "plex86: %s\n", headline);
    monitor_format_insn(machine, machine->cpu->eip, line, sizeof(line));
    fprintf(stderr, "Current instruction:\n%s\n", line);
    monitor_print_registers(machine->cpu, stderr);
    fprintf(stderr, "Last exits:");
    unsigned n = machine->n_events < 16 ? machine->n_events : 16;
    for (unsigned i = n; i > 0; i--) {
        const struct event *event = &machine->events[(machine->n_events - i) % EVENT_RING];
        fprintf(stderr, " %s@%08x", exit_names[event->what], event->eip);
    }
    fprintf(stderr, "\n");
}

/* Runs inside bug_at(): async-signal-safe. */
void monitor_bug_reporter(void *arg)
{
    const struct machine *machine = arg;
    const struct cpu *cpu = machine->cpu;
    char buffer[2048];
    struct text text;
    host_terminal_restore();
    text_begin(&text, buffer, sizeof(buffer));
    text_add(&text, "guest: eip=");
    text_add_hex(&text, cpu->eip, 8);
    text_add(&text, " mode=");
    text_add_hex(&text, cpu->mode, 1);
    for (unsigned i = 0; i < N_GPR; i++) {
        text_add(&text, " r");
        text_add_dec(&text, i);
        text_add(&text, "=");
        text_add_hex(&text, cpu->gpr[i], 8);
    }
    text_add(&text, "\nlast exits:");
    unsigned n = machine->n_events < 16 ? machine->n_events : 16;
    for (unsigned i = n; i > 0; i--) {
        const struct event *event = &machine->events[(machine->n_events - i) % EVENT_RING];
        text_add(&text, " ");
        text_add(&text, exit_names[event->what]);
        text_add(&text, "@");
        text_add_hex(&text, event->eip, 8);
    }
    text_add(&text, "\nlast host faults (eip lin window):");
    const struct run *run = &machine->run;
    n = run->n_faults < 4 ? (unsigned)run->n_faults : 4;
    for (unsigned i = n; i > 0; i--) {
        const struct run_fault *fault = &run->faults[(run->n_faults - i) % RUN_FAULT_RING];
        text_add(&text, " ");
        text_add_hex(&text, fault->eip, 8);
        text_add(&text, fault->write ? " w" : " r");
        text_add_hex(&text, fault->lin, 8);
        text_add(&text, " ");
        text_add_hex(&text, fault->window, 1);
    }
    text_add(&text, "\n");
    text_write(&text, STDERR_FILENO);
}

void monitor_log_event(struct machine *machine, enum event_kind kind, struct fault fault)
{
    const struct cpu *cpu = machine->cpu;
    fprintf(machine->log, "int: %s vector %02x error %x cr2 %08x eip %04x:%08x cpl %u\n",
            kind == EVENT_INTERRUPT ? "irq" : "exception", fault.vector, fault.error, fault.cr2,
            cpu->seg[SEG_CS].selector, cpu->eip, cpu->cpl);
}

/* Where, what, by whom. */
void monitor_log_split(struct machine *machine, const struct view_sight *sight, bool is_last)
{
    const struct cpu *cpu = machine->cpu;
    fprintf(machine->log, "split: %s %u bytes at %08x (physical %08x) by %04X.%08X cpl %u%s\n",
            sight->write ? "write" : "read", sight->n_bytes, sight->lin, sight->phys,
            cpu->seg[SEG_CS].selector, cpu->eip, cpu->cpl, cpu->in_delivery ? " (event)" : "");
    if (is_last) {
        fprintf(machine->log, "split: no more lines; the number of accesses comes at the end\n");
    }
}

void monitor_show_insn(struct machine *machine, uint32_t eip)
{
    char line[160];
    board_flush(machine->board);
    monitor_format_insn(machine, eip, line, sizeof(line));
    printf("Current instruction:\n%s\n", line);
    fflush(stdout);
}

static void log_faults(struct machine *machine)
{
    static const char *const answers[] = {"mapped", "guest fault", "checked", "dual"};
    struct run *run = &machine->run;
    uint64_t from = run->n_faults > RUN_FAULT_RING ? run->n_faults - RUN_FAULT_RING : 0;
    from = machine->n_faults_logged > from ? machine->n_faults_logged : from;
    for (; from < run->n_faults; from++) {
        const struct run_fault *fault = &run->faults[from % RUN_FAULT_RING];
        fprintf(machine->log, "mmu: %s %08x from eip %08x%s window %lx: %s\n",
                fault->write ? "write" : "read", fault->lin, fault->eip,
                fault->from_c ? " (C)" : "", (unsigned long)fault->window,
                answers[fault->answer & 3]);
    }
    machine->n_faults_logged = from;
}

void monitor_log_exit(struct machine *machine, uint32_t reason)
{
    const struct cpu *cpu = machine->cpu;
    if (monitor_logs(machine, LOG_MMU)) {
        log_faults(machine);
    }
    if (!monitor_logs(machine, LOG_EXITS)) {
        return;
    }
    fprintf(machine->log, "exit: %-8s eip %08x cpl %u arg %x %x %x %x fault %02x/%x cr2 %08x\n",
            exit_names[reason], cpu->eip, cpu->cpl, cpu->exit_arg[0], cpu->exit_arg[1],
            cpu->exit_arg[2], cpu->exit_arg[3], cpu->fault.vector, cpu->fault.error,
            cpu->fault.cr2);
    if (monitor_logs(machine, LOG_CPU)) {
        monitor_print_registers(cpu, machine->log);
    }
}

void monitor_print_stats(struct machine *machine, FILE *out)
{
    const struct cpu *cpu = machine->cpu;
    const struct view_stats *view = view_get_stats(machine->view);
    double ms = cpu->tsc_hz ? 1000.0 / (double)cpu->tsc_hz : 0;
    uint64_t all = __builtin_ia32_rdtsc() - machine->tsc_start;
    fprintf(
        out,
        "stats: ms in all %.1f: guest code (with light calls, hidden faults) %.1f, halted %.1f, "
        "monitor %.1f\n",
        (double)all * ms, (double)machine->tsc_guest * ms, (double)machine->tsc_halted * ms,
        (double)(all - machine->tsc_guest - machine->tsc_halted) * ms);
    fprintf(out, "stats: units %lu insns %lu host bytes %lu (%.1f ms translating) flushes %lu\n",
            machine->cache.n_units_made, machine->n_insns_translated, machine->n_translated_bytes,
            (double)machine->tsc_translating * ms, machine->cache.n_flushes);
    fprintf(
        out,
        "stats: codepages %u moved %lu invalidations %lu (%lu in part) units dropped %lu constants "
        "%lu\n",
        machine->pages.n_pages, machine->pages.n_moves, machine->pages.n_invalidations,
        machine->pages.n_partial, machine->pages.n_units_dropped, machine->pages.n_slot_stores);
    fprintf(out,
            "stats: sites re-made: gs %lu dual %lu checked %lu computed %lu looked up %lu (%lu again) "
            "given back %lu chains %lu bridges %lu\n",
            machine->n_site_patches[SITE_GS], machine->n_site_patches[SITE_DUAL],
            machine->n_site_patches[SITE_CHECKED], machine->n_site_patches[SITE_COMPUTED],
            machine->n_site_patches[SITE_LOOKUP], machine->n_sites_again,
            machine->n_sites_given_back, machine->n_chains, machine->pages.n_bridges_built);
    fprintf(
        out,
        "stats: host faults %lu async signals %lu quick epochs %lu steps %lu call stack resets %lu "
        "interrupts %lu\n",
        cpu->n_host_faults, cpu->n_signals, machine->n_quick_epochs, cpu->n_steps,
        cpu->n_stack_resets, machine->n_interrupts);
    for (unsigned i = 0; i < N_EXIT_REASONS; i++) {
        if (cpu->n_exit[i]) {
            fprintf(out, "stats: exit %-12s %lu\n", exit_names[i], cpu->n_exit[i]);
        }
    }
    for (unsigned i = 0; i < 32; i++) {
        if (machine->n_exceptions[i]) {
            fprintf(out, "stats: exception %u: %lu\n", i, machine->n_exceptions[i]);
        }
    }
    for (unsigned i = 0; i < N_LIGHT_OPS; i++) {
        if (cpu->n_light[i]) {
            fprintf(out, "stats: light %-14s %lu\n", light_names[i], cpu->n_light[i]);
        }
    }
    fprintf(out,
            "stats: view faults %lu pages %lu runs %lu guest faults %lu checked %lu look-ups %lu\n",
            view->n_faults, view->n_pages_mapped, view->n_runs, view->n_guest_faults,
            view->n_checked, view->n_lookups);
    fprintf(out,
            "stats: spaces made %lu dropped %lu cr3 loads %lu known %lu invlpg %lu pages "
            "dropped %lu full flushes %lu\n",
            view->n_spaces_made, view->n_spaces_dropped, view->n_cr3_loads, view->n_cr3_known,
            view->n_invlpg, view->n_pages_dropped, view->n_full_flushes);
    fprintf(out,
            "stats: protects %lu unprotects %lu private slots %lu evictions %lu mappings %lu\n",
            view->n_protects, view->n_unprotects, view->n_slots_private, view->n_evictions,
            view->n_mappings);
    recall_print(machine->recall, out);
    monitor_print_memory(machine, out);
}
