/* signals.c - the only signal handlers. Async-signal-safe, on the alternate stack.
 *
 * A fault whose RIP lies in the code cache is the guest's: it is resolved by mapping a page (and
 * the instruction runs again), or it becomes an exit with the exact guest instruction. A fault in
 * acc_host_* is C code reading guest memory. Any other fault is our bug and says so.
 *
 * An asynchronous signal (timer, input) makes the guest leave at the next instruction boundary: at
 * once if it is on one, else by single steps of the host (TF) to the next.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/text.h"
#include "cache/codepage.h"
#include "cpu/stacks.h"
#include "host/host.h"
#include "run/offsets.h"
#include "run/run.h"

extern const uint8_t run_resume_begin[], run_resume_end[], run_reload_begin[], run_reload_end[];
extern const uint8_t acc_host_begin[], acc_host_end[];
void run_exit_signal(void);
void run_signal_entry(int signal, siginfo_t *info, void *context);
void run_on_signal(int signal, siginfo_t *info, void *context);
void run_bail(void);
void acc_host_fail(void);

static _Thread_local struct run *current_run; /* the machine whose guest code this thread runs */

enum {
    HOST_TF = 0x100,
    TRAP_DE = 0,
    TRAP_DB = 1,
    TRAP_BP = 3,
    TRAP_GP = 13,
    TRAP_PF = 14,
    TRAP_MF = 16,
    TRAP_XM = 19
};

struct place {
    struct unit *unit;
    const struct unit_insn *insn;
    uint64_t host; /* of the instruction's first host byte */
    uint32_t eip;
};

static greg_t *reg(ucontext_t *uc, int number)
{
    return &uc->uc_mcontext.gregs[number];
}

static bool in_range(uint64_t rip, const uint8_t *begin, const uint8_t *end)
{
    return rip >= (uint64_t)begin && rip < (uint64_t)end;
}

static bool find_place(const struct run *run, uint64_t rip, struct place *place)
{
    place->unit = cache_find(run->cache, rip);
    place->insn = place->unit ? cache_find_insn(run->cache, place->unit, rip) : NULL;
    if (!place->insn) {
        return false;
    }
    const struct codepage *page = place->unit->page;
    place->host = run->cache->exec + place->unit->off + place->insn->host_off;
    place->eip = (page->lin_page << 12) + place->insn->page_off - run->cpu->seg[SEG_CS].base;
    return true;
}

/* Where rsi/rdi are host pointers, make them guest offsets again (pitfall 4). */
static void fold_string(const struct run *run, const struct place *place, ucontext_t *uc)
{
    uint64_t off = (uint64_t)*reg(uc, REG_RIP) - run->cache->exec - place->unit->off;
    if ((place->insn->kind & UNIT_STRING) && off >= unit_insn_aux(place->insn)) {
        *reg(uc, REG_RSI) = (uint32_t)*reg(uc, REG_RSI);
        *reg(uc, REG_RDI) = (uint32_t)*reg(uc, REG_RDI);
    }
}

/* Inside a run of pushes or pops r12 is behind: the instruction has not begun, or faulted before it
 * changed anything. It may have left the window, then it wraps as ESP does. */
static void fold_esp(const struct place *place, ucontext_t *uc)
{
    if (unit_insn_pending(place->insn)) {
        uint32_t esp = (uint32_t)*reg(uc, REG_R12) + (uint32_t)unit_insn_pending(place->insn);
        *reg(uc, REG_R12) = (greg_t)((uint64_t)*reg(uc, REG_R13) + esp);
    }
}

/* Makes the handler return into the exit path with the guest's registers live. */
static void leave_guest(struct run *run, const struct place *place, ucontext_t *uc,
                        enum exit_reason reason)
{
    fold_string(run, place, uc);
    fold_esp(place, uc);
    run->cpu->eip = place->eip;
    run->cpu->exit_reason = reason;
    run->cpu->exit_host = place->host;
    *reg(uc, REG_EFL) &= ~(greg_t)HOST_TF;
    *reg(uc, REG_RIP) = (greg_t)run_exit_signal;
}

static void leave_with_fault(struct run *run, const struct place *place, ucontext_t *uc,
                             unsigned vector, bool has_error)
{
    run->cpu->fault = (struct fault){.vector = (uint8_t)vector, .has_error = has_error};
    leave_guest(run, place, uc, EXIT_FAULT);
}

static void leave_for_site(struct run *run, const struct place *place, ucontext_t *uc,
                           enum view_answer answer, bool write, uint32_t lin)
{
    run->cpu->exit_arg[0] = answer;
    run->cpu->exit_arg[1] = lin;
    run->cpu->exit_arg[2] = write;
    leave_guest(run, place, uc, EXIT_SITE);
}

/* May a word of the guest's call stack lie there? */
static bool has_room(const struct run *run, uint64_t at)
{
    const uint64_t end = stacks_end_now(run->cpu);
    return end - at - 1 < STACKS_BYTES;
}

/* The newest words move to the top: the guest may be in a deep recursion, and a light call may
 * have its return address there. Returns beyond them look their targets up (STUB_BOTTOM). */
static void make_room(struct run *run, ucontext_t *uc)
{
    enum { KEPT_BYTES = 64 << 10 };
    const uint64_t rsp = (uint64_t)*reg(uc, REG_RSP), top = stacks_top_now(run->cpu);
    const uint64_t to = rsp < top - STACKS_BYTES / 2 ? top - KEPT_BYTES : top;
    memmove((void *)to, (void *)rsp, top - to);
    *reg(uc, REG_RSP) = (greg_t)to;
    run->cpu->n_stack_resets++;
}

/* Technique trap: INT3 stands where the call into C would; r8 and r9d are set for it. */
static bool call_by_trap(struct run *run, ucontext_t *uc)
{
    uint64_t rip = (uint64_t)*reg(uc, REG_RIP);
    struct place place;
    if (!find_place(run, rip - 1, &place)) {
        return false;
    }
    if (!has_room(run, (uint64_t)*reg(uc, REG_RSP) - 8)) {
        make_room(run, uc);
    }
    *reg(uc, REG_RSP) -= 8;
    *(uint64_t *)*reg(uc, REG_RSP) = rip;
    *reg(uc, REG_RIP) = (greg_t)run->cpu->helper[HELPER_LIGHT];
    return true;
}

/* The guest's call stack ran into a guard. */
static bool reset_call_stack(struct run *run, uint64_t at, ucontext_t *uc)
{
    uint64_t begin = stacks_end_now(run->cpu) - STACKS_STRIDE;
    if (at - begin >= STACKS_STRIDE + STACKS_GUARD || has_room(run, at)) {
        return false;
    }
    make_room(run, uc);
    return true;
}

static void report_number(struct text *text, const char *name, uint64_t value)
{
    text_add(text, " ");
    text_add(text, name);
    text_add(text, "=");
    text_add_hex(text, value, 1);
}

static _Noreturn void report_bug(int signal, const siginfo_t *info, ucontext_t *uc)
{
    static const struct {
        const char *name;
        int number;
    } names[] = {{"rip", REG_RIP}, {"rsp", REG_RSP}, {"rax", REG_RAX}, {"rcx", REG_RCX},
                 {"rdx", REG_RDX}, {"rbx", REG_RBX}, {"rbp", REG_RBP}, {"rsi", REG_RSI},
                 {"rdi", REG_RDI}, {"r8", REG_R8},   {"r9", REG_R9},   {"r10", REG_R10},
                 {"r11", REG_R11}, {"r12", REG_R12}, {"r13", REG_R13}, {"r14", REG_R14},
                 {"r15", REG_R15}};
    char buffer[1024];
    struct text text;
    text_begin(&text, buffer, sizeof(buffer));
    text_add(&text, "host signal that is not the guest's:");
    report_number(&text, "signal", (uint64_t)signal);
    report_number(&text, "address", (uint64_t)info->si_addr);
    report_number(&text, "trap", (uint64_t)*reg(uc, REG_TRAPNO));
    report_number(&text, "error", (uint64_t)*reg(uc, REG_ERR));
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        report_number(&text, names[i].name, (uint64_t)*reg(uc, names[i].number));
    }
    struct place place;
    if (current_run && find_place(current_run, (uint64_t)*reg(uc, REG_RIP), &place)) {
        report_number(&text, "guest_eip", place.eip);
        report_number(&text, "unit_off", place.unit->off);
        report_number(&text, "insn_host", place.host);
    }
    BUG(buffer);
}

static void note_fault(struct run *run, struct run_fault fault)
{
    run->faults[run->n_faults++ % RUN_FAULT_RING] = fault;
}

/* The fault noted last has its answer. */
static void count_fault(struct run *run)
{
    const struct run_fault *fault = &run->faults[(run->n_faults - 1) % RUN_FAULT_RING];
    if (run->profile) {
        uint64_t cause = fault->answer | (unsigned)fault->write << 2 | (unsigned)fault->from_c << 3;
        tally_add(&run->profile->faults,
                  cause << 32 | (uint32_t)(fault->eip + run->cpu->seg[SEG_CS].base));
    }
}

/* A page fault of emitted code at a host address that belongs to the guest's view. */
static bool guest_page_fault(struct run *run, const struct place *place, uint64_t at, bool write,
                             ucontext_t *uc)
{
    uint64_t window;
    uint32_t lin;
    bool in_guard;
    bool gate = (uint64_t)run->cpu - at - 1 < CPU_GATE_BYTES; /* a computed access: limit, rights */
    if (at - run->poison < 4096 || gate) {                    /* FS or GS whose fast form is off */
        leave_for_site(run, place, uc, VIEW_CHECKED, write, 0);
        run->cpu->exit_arg[3] = CAUSE_SEGMENT;
        return true;
    }
    if (!view_find_window(run->view, at, &window, &lin, &in_guard)) {
        return false;
    }
    run->cpu->exit_arg[3] = in_guard ? CAUSE_GUARD : CAUSE_PAGE;
    if (in_guard) {
        uint64_t esp = (uint64_t)*reg(uc, REG_R12), base = (uint64_t)*reg(uc, REG_R13);
        if (esp - base > UINT32_MAX) { /* ESP itself wrapped: once is enough to say */
            *reg(uc, REG_R12) = (greg_t)(base + (uint32_t)esp);
            return true;
        }
        leave_for_site(run, place, uc, VIEW_CHECKED, write, lin);
        return true;
    }
    bool user = place->unit->page->mode & MODE_USER;
    if (!run->no_lookup && run_faults_often(run, place->host)) {
        leave_for_site(run, place, uc, VIEW_MAPPED, write, lin);
        run->cpu->exit_arg[3] = CAUSE_OFTEN;
        return true;
    }
    note_fault(run, (struct run_fault){place->eip, lin, window, 0, write, false});
    const uint32_t n_charged = run->cpu->n_charged;
    enum view_answer answer =
        view_fault(run->cpu, window, lin, write ? VIEW_WRITE : VIEW_READ, user);
    if (run->cpu->n_charged != n_charged) {
        run_faults_behind_lookup(run, place->host);
    }
    run->faults[(run->n_faults - 1) % RUN_FAULT_RING].answer = (uint8_t)answer;
    count_fault(run);
    if (answer == VIEW_FAULT) {
        leave_guest(run, place, uc, EXIT_FAULT);
    } else if (answer != VIEW_MAPPED) {
        leave_for_site(run, place, uc, answer, write, lin);
    }
    return true;
}

/* A synchronous signal with RIP in the code cache. False: not the guest's. */
static bool guest_fault(struct run *run, int signal, const siginfo_t *info, ucontext_t *uc)
{
    struct place place;
    greg_t trap = *reg(uc, REG_TRAPNO), error = *reg(uc, REG_ERR);
    uint64_t at = (uint64_t)info->si_addr;

    if (signal == SIGSEGV && trap == TRAP_PF && reset_call_stack(run, at, uc)) {
        return true;
    }
    if (!find_place(run, (uint64_t)*reg(uc, REG_RIP), &place)) {
        return false;
    }
    switch (signal) {
    case SIGSEGV:
        if (trap == TRAP_PF) {
            return guest_page_fault(run, &place, at, error & 2, uc);
        }
        if (trap != TRAP_GP) {
            return false;
        }
        leave_with_fault(run, &place, uc, VEC_GP, true); /* misaligned SSE operand */
        return true;
    case SIGILL:
        leave_with_fault(run, &place, uc, VEC_UD, false);
        return true;
    case SIGFPE:
        leave_with_fault(run, &place, uc,
                         trap == TRAP_MF   ? VEC_MF
                         : trap == TRAP_XM ? (run->cpu->cr4 & CR4_OSXMMEXCPT ? VEC_XM : VEC_UD)
                                           : VEC_DE,
                         false);
        return true;
    default:
        return false;
    }
}

/* C code's access to guest memory through a window. */
static bool acc_fault(struct run *run, const siginfo_t *info, ucontext_t *uc)
{
    uint64_t window;
    uint32_t lin;
    bool in_guard;
    if (!view_find_window(run->view, (uint64_t)info->si_addr, &window, &lin, &in_guard)) {
        return false;
    }
    enum view_answer answer = VIEW_CHECKED;
    if (!in_guard) {
        answer = view_fault(run->cpu, window, lin, *reg(uc, REG_ERR) & 2 ? VIEW_WRITE : VIEW_READ,
                            run->cpu->acc_user);
    }
    note_fault(run, (struct run_fault){run->cpu->eip, lin, window, (uint8_t)answer,
                                       *reg(uc, REG_ERR) & 2, true});
    count_fault(run);
    if (answer != VIEW_MAPPED) {
        run->cpu->acc_answer = (uint8_t)answer;
        *reg(uc, REG_RIP) = (greg_t)acc_host_fail;
    }
    return true;
}

/* Is this a place where the guest may be left? Then leaves. Not behind STI or MOV SS: there one
 * more instruction comes first; by single steps it shows whether we came that way. */
static bool leave_at_boundary(struct run *run, ucontext_t *uc, bool stepped)
{
    struct place place;
    uint64_t rip = (uint64_t)*reg(uc, REG_RIP);
    const struct unit_insn *from = run->step_from;
    run->step_from = NULL;
    if (!find_place(run, rip, &place)) {
        return false;
    }
    run->step_from = place.insn;
    bool shadow = (place.insn->kind & UNIT_SHADOW) && (!stepped || from == place.insn - 1);
    bool boundary = rip == place.host && !shadow;
    bool in_rep = (place.insn->kind & UNIT_STRING) &&
                  rip == run->cache->exec + place.unit->off + unit_insn_aux(place.insn);
    if (!boundary && !in_rep) {
        return false;
    }
    if (!boundary) { /* the repeat will go on: what is planted there has happened */
        run->cpu->plant_done = true;
        run->cpu->plant_done_lin = place.eip + run->cpu->seg[SEG_CS].base;
    }
    leave_guest(run, &place, uc, EXIT_REQUEST);
    return true;
}

static void on_step(struct run *run, ucontext_t *uc)
{
    uint64_t rip = (uint64_t)*reg(uc, REG_RIP);
    run->cpu->n_steps++;
    if (cache_contains(run->cache, rip)) {
        leave_at_boundary(run, uc, true);
    } else if (!in_range(rip, run_reload_begin, run_reload_end)) {
        /* in C or on the way out: exit_request says the rest */
        *reg(uc, REG_EFL) &= ~(greg_t)HOST_TF;
    }
}

/* What guest code has on its call stack has become stale under it, and the unit it is in may have
 * been dropped, which may be about to make a call. */
static void forget_returns(struct run *run, ucontext_t *uc)
{
    *reg(uc, REG_RSP) = (greg_t)stacks_top_now(run->cpu);
    run->cpu->stacks_stale = true;
    run_kick(run);
    if (cache_contains(run->cache, (uint64_t)*reg(uc, REG_RIP)) &&
        !leave_at_boundary(run, uc, false)) {
        *reg(uc, REG_EFL) |= HOST_TF;
    }
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    struct run *run = current_run;
    int saved_errno = errno;
    uint64_t rip = (uint64_t)*reg(uc, REG_RIP);
    bool done = false;
    if (run) {
        const uint32_t n_emptied = run->cpu->n_stacks_emptied;
        run->cpu->n_host_faults++;
        if (signal == SIGTRAP && *reg(uc, REG_TRAPNO) == TRAP_BP) {
            done = call_by_trap(run, uc);
        } else if (signal == SIGTRAP && *reg(uc, REG_TRAPNO) == TRAP_DB) {
            on_step(run, uc);
            done = true;
        } else if (cache_contains(run->cache, rip)) {
            done = guest_fault(run, signal, info, uc);
            if (run->cpu->n_stacks_emptied != n_emptied) {
                forget_returns(run, uc);
            }
        } else if (signal == SIGSEGV && in_range(rip, acc_host_begin, acc_host_end)) {
            done = acc_fault(run, info, uc);
        } else if (signal == SIGSEGV) {
            done = reset_call_stack(run, (uint64_t)info->si_addr, uc);
        }
    }
    if (!done) {
        report_bug(signal, info, uc);
    }
    errno = saved_errno;
}

static void on_kick(int signal, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    struct run *run = current_run;
    (void)info;
    if (!run) {
        return;
    }
    run->cpu->n_signals++;
    uint64_t rip = (uint64_t)*reg(uc, REG_RIP);
    /* over emitted code no C of ours is in the middle of anything */
    if (signal == HOST_TIMER_SIGNAL && cache_contains(run->cache, rip) && run->on_timer &&
        run->on_timer(run->cpu)) {
        return;
    }
    run_kick(run);
    if (cache_contains(run->cache, rip)) {
        if (!leave_at_boundary(run, uc, false)) {
            *reg(uc, REG_EFL) |= HOST_TF;
        }
    } else if (in_range(rip, run_reload_begin, run_reload_end)) {
        *reg(uc, REG_EFL) |= HOST_TF;
    } else if (in_range(rip, run_resume_begin, run_resume_end)) {
        *reg(uc, REG_RIP) = (greg_t)run_bail;
    }
}

/* -profile: whose time it was. The guest notices nothing. */
static void on_sample(int signal, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    struct run *run = current_run;
    struct place place;
    (void)signal;
    (void)info;
    if (!run || !run->profile || run->cpu->halted) {
        return;
    }
    uint32_t cs_base = run->cpu->seg[SEG_CS].base;
    uint64_t kind = RUN_SAMPLE_MONITOR;
    uint32_t lin = run->cpu->eip + cs_base;
    const struct unit *unit;
    if (find_place(run, (uint64_t)*reg(uc, REG_RIP), &place)) {
        kind = place.unit->page->mode & MODE_USER ? RUN_SAMPLE_USER : RUN_SAMPLE_KERNEL;
        lin = place.eip + cs_base;
    } else if ((unit = cache_find(run->cache, (uint64_t)*reg(uc, REG_RIP)))) { /* its exits */
        kind = unit->page->mode & MODE_USER ? RUN_SAMPLE_USER : RUN_SAMPLE_KERNEL;
        lin = (unit->page->lin_page << 12) + unit->insns[unit->n_insns - 1].page_off;
    }
    tally_add(&run->profile->samples, kind << 32 | lin);
}

/* The user wants the process to end: the machine's loop sees stop_signal. Other threads block this.
 */
static void on_stop(int signal, siginfo_t *info, void *context)
{
    if (current_run) {
        __atomic_store_n(&current_run->stop_signal, signal, __ATOMIC_RELAXED);
        on_kick(signal, info, context);
    }
}

/* From run_signal_entry (enter.S). */
void run_on_signal(int signal, siginfo_t *info, void *context)
{
    switch (signal) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
        on_fault(signal, info, context);
        break;
    case SIGINT:
    case SIGTERM:
    case SIGHUP:
    case SIGQUIT:
        on_stop(signal, info, context);
        break;
    default:
        if (signal == HOST_SAMPLE_SIGNAL) {
            on_sample(signal, info, context);
        } else {
            on_kick(signal, info, context);
        }
        break;
    }
}

static int install(int signal)
{
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = run_signal_entry;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, HOST_TIMER_SIGNAL);
    sigaddset(&action.sa_mask, HOST_KICK_SIGNAL);
    return sigaction(signal, &action, NULL) == 0 ? 0 : -errno;
}

void run_prepare_process(void)
{
    signal(SIGPIPE, SIG_IGN); /* a reader of our output may go away */
    signal(SIGXFSZ, SIG_IGN); /* ulimit -f counts memfds: an error code will do */
}

int run_bind(struct run *run)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    int error = 0;
    if (!run->alternate_stack) {
        void *map = mmap(NULL, RUN_ALTERNATE_MAP_BYTES, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED) {
            return -errno;
        }
        run->alternate_map = map;
        run->alternate_stack = (void *)(((uint64_t)map + ALTERNATE_STACK_BYTES - 1) &
                                        ~(uint64_t)(ALTERNATE_STACK_BYTES - 1));
    }
    *(uint64_t *)run->alternate_stack = run->cpu->scratch[SCRATCH_HOST_FS] = run_read_fs();
    run->cpu->scratch[SCRATCH_GS] = ~UINT64_C(0); /* another machine may have set GS meanwhile */
    stack_t stack = {.ss_sp = run->alternate_stack, .ss_size = ALTERNATE_STACK_BYTES};
    if (sigaltstack(&stack, NULL) != 0) {
        return -errno;
    }
    run->tid = (int)syscall(SYS_gettid);
    current_run = run;
    for (unsigned i = 0; i < ARRAY_SIZE(faults) && !error; i++) {
        error = install(faults[i]);
    }
    static const int stops[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (unsigned i = 0; i < ARRAY_SIZE(stops) && !error; i++) {
        error = install(stops[i]);
    }
    if (!error) {
        error = install(HOST_TIMER_SIGNAL);
    }
    if (!error && run->profile) {
        error = install(HOST_SAMPLE_SIGNAL);
    }
    return error ? error : install(HOST_KICK_SIGNAL);
}
