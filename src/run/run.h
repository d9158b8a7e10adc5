/* run.h - the only way into guest code, and the only signal handlers. Owns signals and ucontext. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "base/tally.h"
#include "cache/cache.h"
#include "cpu/cpu.h"
#include "view/view.h"

/* One host fault in a window, for -d mmu and reports. */
struct run_fault {
    uint32_t eip, lin;
    uint64_t window;
    uint8_t answer;
    bool write, from_c;
};
enum { RUN_FAULT_RING = 256 };

/* Hidden faults of one site: often.c. */
struct run_often {
    uint32_t host_off, tsc;
    uint16_t n, limit;
};
enum { RUN_OFTEN = 1024 };

/* exit_arg[3] of EXIT_SITE: what is wrong with the site. */
enum site_cause {
    CAUSE_PAGE,    /* exit_arg[0] is view/'s answer, [1] the linear address, [2] a store */
    CAUSE_SEGMENT, /* FS, GS, or a computed access beyond its segment */
    CAUSE_GUARD,   /* base + disp left the window */
    CAUSE_OFTEN,   /* it faults often */
    CAUSE_SELDOM,  /* its look-ups do not pay */
    CAUSE_TARGETS, /* an indirect branch, done already: its targets are known now */
};

/* What the handlers count for -profile. */
struct run_profile {
    struct tally samples; /* enum run_sample << 32 | linear address */
    struct tally
        faults; /* (answer | write << 2 | from_c << 3) << 32 | linear address of the code */
};
enum run_sample { RUN_SAMPLE_KERNEL, RUN_SAMPLE_USER, RUN_SAMPLE_MONITOR };

/* What the handlers need to know of the machine whose guest code this thread runs. */
struct run {
    struct cpu *cpu;
    struct cache *cache;
    struct view *view;
    uint8_t *stacks; /* of guest calls (cpu/stacks.h), guards included */
    uint64_t poison; /* address of the poison page */
    void *alternate_stack, *alternate_map; /* at a multiple of its size in that */
    int tid;                           /* of the bound thread */
    const struct unit_insn *step_from; /* instruction the last single step began in */
    int stop_signal;                   /* SIGTERM and the like arrived: the machine is to end */
    struct run_fault faults[RUN_FAULT_RING];
    uint64_t n_faults;
    struct run_profile *profile; /* or NULL */
    bool no_lookup;              /* no site is told to look up */
    bool lookup_at_once;         /* each, from its first fault on */
    /* The host timer's signal has come over guest code: true if what was due is done, and the guest
     * may stay. May be NULL. */
    bool (*on_timer)(struct cpu *cpu);
    struct run_often often[RUN_OFTEN];
    unsigned often_doubt; /* how often look-ups have not paid lately: doubles what is often */
};

enum { RUN_ALTERNATE_MAP_BYTES = 512 << 10 };

/* The thread's own, outside of guest code and light code. */
static inline uint64_t run_read_fs(void)
{
    uint64_t base;
    __asm__ volatile("rdfsbase %0" : "=r"(base));
    return base;
}

/* Signals that must not end the process before there is a machine. Once, before anything else. */
void run_prepare_process(void);
/* A zeroed struct cpu with reserved addresses below it, where computed accesses beyond a limit
 * fault. NULL: no memory. */
struct cpu *run_map_cpu(void);
void run_unmap_cpu(struct cpu *cpu);
/* Maps the stacks of guest calls and the poison page, writes the cache's stubs, fills cpu->helper.
 * 0 or -errno. */
int run_create(struct run *run, struct cpu *cpu, struct cache *cache, struct view *view);
void run_destroy(struct run *run);
/* Installs the handlers (process-wide, once) and the alternate stack of this thread, and makes run
 * the one they serve on this thread. 0 or -errno. */
int run_bind(struct run *run);
/* Writes the stubs at the start of the cache (again after a flush is not needed). */
void run_write_stubs(struct run *run);
/* Enters guest code at host, or where cpu->eip leads if 0. Returns cpu->exit_reason. */
uint32_t run_guest(struct cpu *cpu, uint64_t host);
/* From any thread or handler: leave guest code soon. Async-signal-safe. */
void run_kick(struct run *run);
/* The same, and sends the signal that makes the thread notice. */
void run_interrupt(struct run *run);
/* often.c: a site (host address of its instruction) has faulted once more: is that often? */
bool run_faults_often(struct run *run, uint64_t host);
/* That fault was at a page that looked-up sites had spared. */
void run_faults_behind_lookup(struct run *run, uint64_t host);
/* The look-ups of some site have paid, or have not. */
static inline void run_note_lookups(struct run *run, bool paid)
{
    enum { MOST_DOUBT = 4 }; /* 64 faults: 0.6 ms of a loop that only touches pages */
    if (!paid) {
        run->often_doubt += run->often_doubt < MOST_DOUBT;
    } else if (run->often_doubt) {
        run->often_doubt--;
    }
}
/* Its look-ups have been given up n times: more patience each time. False: it has none left. */
bool run_may_fault_more(struct run *run, uint64_t host, unsigned n_given_back);
void run_never_often(struct run *run, uint64_t host);
void run_forget_often(struct run *run);
/* Guest FPU out of / back into the host's registers; idempotent. */
void run_park_fpu(struct cpu *cpu);
void run_unpark_fpu(struct cpu *cpu);

#endif
