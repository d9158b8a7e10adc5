/* machine_internal.h - what the files of monitor/ share: one struct per virtual machine. */
#ifndef MONITOR_MACHINE_INTERNAL_H
#define MONITOR_MACHINE_INTERNAL_H

#include <stdio.h>

#include "board/board.h"
#include "cache/codepage.h"
#include "emul/emul.h"
#include "map/map.h"
#include "monitor/debug.h"
#include "monitor/jitdump.h"
#include "monitor/machine.h"
#include "monitor/profile.h"
#include "run/run.h"
#include "scan/scan.h"
#include "translate/translate.h"
#include "view/view.h"

enum { SITE_HINTS = 1 << 14, EVENT_RING = 64 };

struct site_hint {
    uint32_t key;
    uint8_t kind;
    uint8_t n_given_back; /* times a look-up did not pay there */
};                        /* key: physical address of the instruction + 1 */

struct event {
    uint8_t what;
    uint32_t eip, arg;
}; /* for reports: the last exits */

/* Stops and single steps of ours: see debug.h. */
struct stops {
    struct debugger debugger;
    struct stop stop;
    bool pending;  /* stop is due before the next instruction */
    bool asked;    /* by machine_ask_stop(), from any thread */
    bool passing;  /* the next instruction does not stop, nor does an interrupt come before it */
    bool stepping; /* STOP_STEP behind it */
    bool cont;     /* -monitor has said so: for a debugger that stands without a client */
};

struct watch {
    int id;
    uint32_t lin, last;
    bool read, write;
};
struct watches {
    struct watch *list;
    unsigned n;
    int last_id;
};

/* What plant_before() found for behind the instruction: conditions hold before it, not after. */
struct plant_held {
    uint32_t lin;
    uint16_t plant;  /* 0: nothing is due */
    uint32_t logged; /* rules, as bits as of map_plant_holds() */
    const struct map_rule *patch;
};

/* Data accesses to virtualized code pages (-split log, -split trap). */
struct split {
    uint64_t n_reads, n_writes, n_shown;
};

/* Breakpoints, ascending: see breaks.c. */
struct code_break {
    uint32_t lin;
    bool is_armed;
};
struct breaks {
    struct code_break *list;
    unsigned n;
};

/* Indirect branches whose targets have been counted, the one to be judged again first. */
struct judged {
    struct jump_site *first, *last;
};

struct machine {
    struct cpu *cpu;
    struct mem mem;
    struct view *view;
    struct cache cache;
    struct codepages pages;
    struct run run;
    struct scanner scanner;
    struct shape_table *shapes;
    struct map *map; /* options->map, or one of our own */
    bool owns_map;
    struct board *board;
    struct options options;
    struct emul_ports ports_light, ports_full;
    struct clock *clock;      /* the board's */
    struct timer epoch_timer; /* lookup_light.c */
    struct site_hint *hints;
    uint64_t hint_pages[64]; /* by a hash of the physical page: it may have hints */
    struct scan_result scan; /* of the unit being made */
    uint64_t resume_host;    /* where the next entry goes; 0 = by cpu->eip */
    uint64_t resume_behind;  /* resume_host if that is behind what is planted at the instruction */
    bool step_once;          /* cpu->mode has MODE_STEP for one instruction: our doing */
    struct stops stops;
    struct watches watches;
    struct plant_held held;
    struct split split;
    struct breaks breaks;
    int doors[4]; /* listening sockets: the sandbox lets their clients in */
    unsigned n_doors;
    struct console *console; /* -monitor, or NULL */
    FILE *log;
    struct profile *profile; /* -profile, or NULL */
    struct jitdump *jitdump; /* -jitdump, or NULL */
    struct recall *recall;   /* code that was translated before, or NULL */
    struct event events[EVENT_RING];
    uint32_t n_events;
    uint64_t start_ns, n_translated_bytes, n_insns_translated, n_interrupts, n_exceptions[32];
    uint64_t tsc_start, tsc_guest, tsc_halted; /* guest: light calls and hidden faults included */
    uint64_t n_faults_logged, tsc_translating, n_site_patches[32], n_sites_given_back;
    uint64_t n_sites_again; /* looked up by a patch that was given back before */
    uint64_t n_chains, tsc_sampled, n_quick_epochs;
    struct judged judged[2]; /* with one target, with more */
};

/* lookup_light.c */
void monitor_end_epoch(void *arg, uint64_t now_ns);
bool monitor_end_epoch_quickly(struct cpu *cpu);
/* miss.c: host address of the unit at cpu->eip, made if need be. 0: cpu->fault is to be delivered.
 */
uint64_t monitor_find_unit(struct machine *machine);
/* unit has been made, as a whole: whoever wants to know of it is told. */
void monitor_note_unit(struct machine *machine, const struct unit *unit);
/* miss_light.c: the same if the unit is there. Light. */
enum found { FOUND_NOTHING, FOUND_UNIT, FOUND_FAULT };
enum found monitor_find_made(struct machine *machine, uint64_t *host);
/* The unit of the instruction on two pages at cpu->eip does not fit what the second one is.
 * Nothing: there is no other one. */
enum found monitor_mend_crossing(struct machine *machine, uint64_t *host);
/* site.c: EXIT_SITE. Leaves in resume_host where to go on. */
void monitor_remake_site(struct machine *machine);
/* chain_light.c: site has been judged; some of those are sampled once more, if it is time. */
void monitor_judge_again(struct machine *machine, struct jump_site *site);
void monitor_sample_again(struct machine *machine);
unsigned monitor_site_hint(struct machine *machine, uint32_t phys);
/* Is anything known of sites in this page? */
bool monitor_has_hints(const struct machine *machine, uint32_t phys_page);
void monitor_flush_code(struct machine *machine);
/* hub_light.c: runs until something stops the machine; returns the exit status. */
int monitor_loop(struct machine *machine);
/* create.c: loads what the command line names and brings the CPU to its entry state. start.c:
 * reset. */
int monitor_load(struct machine *machine, char **error);
int monitor_reset(struct machine *machine);
/* plant_light.c: insn, which has a C function, is done. */
void monitor_plant_after(struct machine *machine, const struct insn *insn);
/* rules.c: the texts of those that log, for a trace that begins. */
void monitor_name_rules(struct machine *machine);
void monitor_start_counters(struct machine *machine);
/* watch.c: pages for a rule about data, for all there are; and no longer. */
void monitor_watch_rule(struct machine *machine, const struct map_rule *rule);
void monitor_watch_rules(struct machine *machine);
void monitor_unwatch_rule(struct machine *machine, const struct map_data *data);
/* watch_light.c: what view/ reports of pages that no window maps. */
view_observer monitor_observe;
/* stop.c. False: the machine ends with *status. The FPU is parked. */
bool monitor_stop(struct machine *machine, int *status);
/* True without a debugger, too: the event takes its course. */
bool monitor_ask_debugger(struct machine *machine, const struct stop *stop, int *status);
/* breaks.c: lin is reached and its breakpoint is not armed any more. */
void monitor_forget_break(struct machine *machine, uint32_t lin);
static inline struct code_break *monitor_find_break(const struct breaks *breaks, uint32_t lin)
{
    unsigned low = 0, high = breaks->n;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (breaks->list[middle].lin < lin) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < breaks->n && breaks->list[low].lin == lin ? &breaks->list[low] : NULL;
}
/* fpu_light.c: where the last x87 instruction was, as the guest has it; host: what the host's
 * registers or a parked image hold. */
struct fpu_pointers fpu_current_pointers(struct cpu *cpu, uint32_t host_ip, uint32_t host_dp);
/* console.c: what the host has for us: keys, timers, commands. The FPU is parked. */
void monitor_poll(struct machine *machine);
/* report.c */
void monitor_log_event(struct machine *machine, enum event_kind kind, struct fault fault);
void monitor_print_registers(const struct cpu *cpu, FILE *out);
void monitor_show_insn(struct machine *machine, uint32_t eip);
void monitor_report(struct machine *machine, const char *headline);
void monitor_format_insn(struct machine *machine, uint32_t eip, char *line, size_t n_bytes);
/* The instruction at CS:EIP, its eip that offset. False: not mapped. Full. */
bool monitor_fetch_insn(struct machine *machine, uint32_t eip, struct insn *insn);
void monitor_print_stats(struct machine *machine, FILE *out);
/* memory.c */
void monitor_print_memory(const struct machine *machine, FILE *out);
void monitor_log_split(struct machine *machine, const struct view_sight *sight, bool is_last);
void monitor_log_hit(struct machine *machine, const struct insn *insn, const struct map_rule *rule,
                     bool is_after);
struct trace_data;
void monitor_log_data(struct machine *machine, const struct trace_data *data,
                      const struct map_rule *rule);
void monitor_log_exit(struct machine *machine, uint32_t reason);
/* One instruction of a unit, with its host code behind it if host. */
void monitor_print_insn(struct machine *machine, const struct unit *unit, uint32_t index, bool host,
                        FILE *out);
const char *monitor_exit_name(unsigned reason);
const char *monitor_op_name(unsigned op);
void monitor_log_unit(struct machine *machine, const struct unit *unit);
void monitor_bug_reporter(void *arg);
static inline bool monitor_logs(const struct machine *machine, unsigned category)
{
    return machine->options.log_mask & category;
}

#endif
