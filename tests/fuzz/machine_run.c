/* machine_run.c - the bench of the machine fuzzer: two machines (one with a tiny cache), their
 * boards put back as they were before each run, time that stands still, an end for every guest.
 *
 * Linked with --wrap for the few doors where the world comes in: the loader, HLT's sleep, and what
 * machine_doors.c has.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "board/board_internal.h"
#include "bus/clock_internal.h"
#include "host/host.h"
#include "machine_layout.h"
#include "machine_run.h"
#include "verify/verify.h"

enum {
    BUDGET_NS = 4000000,
    HALT_STATUS = 64,
    N_CANARIES = 16,
    TABLE_BYTES = 0x4000,
    CODE_BYTES = 0x4000,
    KICK_NS = 60000
};

struct fuzz_machine {
    struct machine *machine;
    struct board board; /* as it was when the machine was made */
    struct clock clock;
    struct recall *recall;
    uint8_t rom[0x40000];
};

struct fuzz_bench {
    struct fuzz_machine normal, tiny;
    struct machine *bound;
    timer_t budget, kicks;
    uint8_t *canary[N_CANARIES];
    unsigned n_runs, n_mappings;
    uint8_t page_type[1 << 20];
    /* of the run under way */
    uint64_t seed;
    struct fuzz_plan plan;
    unsigned n_resets, n_waits;
    uint8_t tables[TABLE_BYTES], code[CODE_BYTES], iomap[0x200]; /* as the seed has them */
    uint32_t limit;
    long budget_ns;
};

static struct fuzz_bench *current;

static const struct {
    const char *name;
    unsigned engine;
    bool tiny, kicks, keeps;
} variants[FUZZ_VARIANTS] = {
    {.name = "normal"},
    {.name = "verify", .engine = ENGINE_VERIFY},
    {.name = "one-insn", .engine = ENGINE_ONE_INSN},
    {.name = "all-checked", .engine = ENGINE_ALL_CHECKED},
    {.name = "no-join", .engine = ENGINE_NO_JOIN},
    {.name = "tiny", .engine = ENGINE_TINY_CACHE | ENGINE_NO_FAULT_AROUND, .tiny = true},
    {.name = "kicked", .kicks = true},
    {.name = "eager-verify", .engine = ENGINE_VERIFY | ENGINE_EAGER_LOOKUP},
    {.name = "checked-one-verify", .engine = ENGINE_VERIFY | ENGINE_ONE_INSN | ENGINE_ALL_CHECKED},
    {.name = "kept", .engine = ENGINE_VERIFY, .keeps = true}, /* twice, with one store */
};

const char *fuzz_variant_name(unsigned variant)
{
    return variants[variant].name;
}

int fuzz_variant_number(const char *name)
{
    for (int i = 0; i < FUZZ_VARIANTS; i++) {
        if (strcmp(name, variants[i].name) == 0) {
            return i;
        }
    }
    return -1;
}

void fuzz_limit(struct fuzz_bench *bench, uint32_t limit)
{
    bench->limit = limit;
}

void fuzz_log(struct fuzz_bench *bench, unsigned log_mask)
{
    bench->normal.machine->options.log_mask = bench->tiny.machine->options.log_mask = log_mask;
    bench->budget_ns = log_mask ? 100 * BUDGET_NS : BUDGET_NS;
}

const char *fuzz_end_name(const struct fuzz_end *end)
{
    static const char *const names[] = {"halted", "stopped", "timeout"};
    return names[end->kind];
}

/* ---- the doors ---- */

int __wrap_load_guest(const struct load_request *request, struct mem *mem,
                      const struct board_e820 *map, unsigned n_map, struct cpu *cpu, char **error);
int __wrap_load_guest(const struct load_request *request, struct mem *mem,
                      const struct board_e820 *map, unsigned n_map, struct cpu *cpu, char **error)
{
    (void)request;
    (void)mem;
    (void)map;
    (void)n_map;
    (void)error;
    if (current) { /* the guest asked for a reset */
        struct fuzz_plan ignored;
        fuzz_make_state(cpu->machine, current->seed, &ignored);
        if (++current->n_resets > 1) {
            cpu->iff = 0;
            cpu->halted = true;
        }
    }
    return 0;
}

void __real_board_wait(struct board *board, uint64_t max_ns);
void __wrap_board_wait(struct board *board, uint64_t max_ns);
void __wrap_board_wait(struct board *board, uint64_t max_ns)
{
    (void)max_ns;
    if (current->plan.real_time && current->n_waits++ < 8) {
        __real_board_wait(board, 100000);
        return;
    }
    current->bound->run.stop_signal = HALT_STATUS;
}

void __wrap_monitor_report(struct machine *machine, const char *headline);
void __wrap_monitor_report(struct machine *machine, const char *headline)
{
    (void)machine;
    (void)headline;
}

/* ---- making and taking apart ---- */

static void kick(void *arg)
{
    struct machine *machine = arg;
    run_interrupt(&machine->run);
}

static void fail(const char *what)
{
    fprintf(stderr, "fuzz: %s\n", what);
    exit(3);
}

static void make_machine(struct fuzz_machine *made, unsigned engine)
{
    char store[] = "/tmp/plex86-fuzz-XXXXXX", *error = NULL;
    struct options options = {.ram_bytes = FUZZ_RAM_BYTES, .engine = engine, .code_store = store};
    const int fd = mkstemp(store);
    if (fd < 0 || close(fd)) {
        fail("no file for a store in /tmp");
    }
    options.board.rtc_base = 1000000000;
    options.board.has_debug_exit = true;
    options.board.debug_exit_base = 0xf4;
    options.board.debug_exit_bytes = 4;
    options.board.n_debugcons = 1;
    options.board.debugcon[0].base = 0xe9;
    options.board.debugcon[0].config.kind = SERIAL_NULL;
    for (unsigned i = 0; i < 4; i++) {
        options.board.serial[i].kind = i < 2 ? SERIAL_NULL : SERIAL_NONE;
    }
    if (machine_create(&made->machine, &options, &error) < 0) {
        fail(error);
    }
    unlink(store);
    made->machine->options.code_store = NULL;
    made->recall = made->machine->recall;
    made->machine->recall = NULL;
    struct board *board = made->machine->board;
    if (run_bind(&made->machine->run) || board_start(board, kick, made->machine)) {
        fail("cannot start the machine");
    }
    made->board = *board;
    made->clock = *board_clock(board);
    memcpy(made->rom, made->machine->mem.host + 0xc0000, sizeof made->rom);
}

static timer_t make_timer(clockid_t clock, int signal)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = signal};
    timer_t timer;
    event._sigev_un._tid = gettid();
    if (timer_create(clock, &event, &timer) != 0) {
        fail("timer_create");
    }
    return timer;
}

static void arm(timer_t timer, long first_ns, long interval_ns)
{
    struct itimerspec spec = {.it_value.tv_nsec = first_ns, .it_interval.tv_nsec = interval_ns};
    timer_settime(timer, 0, &spec, NULL);
}

static void make_canary(struct fuzz_bench *bench, unsigned i)
{
    bench->canary[i] =
        mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(bench->canary[i], 0xc5, PAGE_BYTES);
}

struct fuzz_bench *fuzz_create(void)
{
    struct fuzz_bench *bench = calloc(1, sizeof *bench);
    for (unsigned i = 0; i < N_CANARIES; i++) {
        if (i == N_CANARIES / 2) {
            make_machine(&bench->normal, 0);
            make_machine(&bench->tiny, ENGINE_TINY_CACHE | ENGINE_NO_FAULT_AROUND);
        }
        make_canary(bench, i);
    }
    memcpy(bench->page_type, bench->normal.machine->mem.page_type, sizeof bench->page_type);
    bench->budget = make_timer(CLOCK_THREAD_CPUTIME_ID, SIGQUIT);
    bench->kicks = make_timer(CLOCK_MONOTONIC, HOST_KICK_SIGNAL);
    bench->limit = UINT32_MAX;
    bench->budget_ns = BUDGET_NS;
    current = bench;
    return bench;
}

void fuzz_destroy(struct fuzz_bench *bench)
{
    timer_delete(bench->budget);
    timer_delete(bench->kicks);
    bench->normal.machine->recall = bench->normal.recall;
    bench->tiny.machine->recall = bench->tiny.recall;
    machine_destroy(bench->normal.machine);
    machine_destroy(bench->tiny.machine);
    free(bench);
    current = NULL;
}

/* ---- one run ---- */

static void restore(struct fuzz_machine *made, bool real_time)
{
    struct machine *machine = made->machine;
    host_timer_pause(&machine->board->host_timer);
    *machine->board = made->board;
    *board_clock(machine->board) = made->clock;
    board_clock(machine->board)->is_manual = !real_time;
    board_clock(machine->board)->manual_ns = 1000000000;
    monitor_flush_code(machine);
    view_drop_all(machine->view);
    memset(machine->hints, 0, SITE_HINTS * sizeof(*machine->hints));
    machine->n_events = 0;
    machine->run.stop_signal = 0;
    machine->run.n_faults = 0;
    *made->board.intr = 0;
    board_reset(machine->board);
    machine->cpu->exit_request = 0;
    cpu_reset(machine->cpu);
}

/* Page tables are the same but for A and D. */
static bool same_tables(const uint8_t *a, const uint8_t *b)
{
    for (unsigned i = 0; i < TABLE_BYTES; i++) {
        if ((a[i] ^ b[i]) & (i % 4 ? 0xff : 0x9f)) {
            return false;
        }
    }
    return true;
}

static void run_once(struct fuzz_bench *bench, uint64_t seed, unsigned variant,
                     struct fuzz_plan *plan, struct fuzz_end *end)
{
    struct fuzz_machine *made = variants[variant].tiny ? &bench->tiny : &bench->normal;
    struct machine *machine = made->machine;
    if (bench->bound != machine && run_bind(&machine->run)) {
        fail("cannot bind");
    }
    bench->bound = machine;
    bug_set_reporter(monitor_bug_reporter, machine);
    bench->seed = seed;
    bench->n_resets = bench->n_waits = 0;
    machine->options.engine = variants[variant].engine;
    machine->run.lookup_at_once = variants[variant].engine & ENGINE_EAGER_LOOKUP;
    machine->recall = variants[variant].keeps ? made->recall : NULL;
    restore(made, false);
    fuzz_make_state(machine, seed, &bench->plan);
    fuzz_time_stands = !bench->plan.real_time;
    board_clock(machine->board)->is_manual = !bench->plan.real_time;
    machine->options.no_reboot = bench->plan.no_reboot;
    memcpy(bench->tables, machine->mem.host + AT_PAGING, TABLE_BYTES);
    memcpy(bench->code, machine->mem.host + AT_CODE, CODE_BYTES);
    memcpy(bench->iomap, machine->mem.host + AT_IOMAP, sizeof bench->iomap);
    if (bench->limit != UINT32_MAX) {
        memcpy(machine->mem.host + P_LIMIT, &bench->limit, 4);
    }
    arm(bench->budget, bench->budget_ns, 0);
    if (variants[variant].kicks) {
        arm(bench->kicks, KICK_NS, KICK_NS);
    }
    uint64_t n_signals = machine->cpu->n_signals;
    int status = monitor_loop(machine);
    arm(bench->kicks, 0, 0);
    arm(bench->budget, 0, 0);
    if (variants[variant].engine & ENGINE_VERIFY) {
        verify_all(&machine->cache);
    }
    end->status = status;
    end->kind = status == 128 + SIGQUIT       ? FUZZ_TIMEOUT
                : status == 128 + HALT_STATUS ? FUZZ_HALTED
                                              : FUZZ_STOPPED;
    end->n_resets = bench->n_resets;
    memcpy(&end->cpu, machine->cpu, sizeof end->cpu);
    memcpy(end->ram, machine->mem.host, sizeof end->ram);
    end->kicked = machine->cpu->n_signals != n_signals;
    end->code_changed = memcmp(bench->code, end->ram + AT_CODE, CODE_BYTES) ||
                        memcmp(bench->iomap, end->ram + AT_IOMAP, sizeof bench->iomap);
    end->tables_changed = !same_tables(bench->tables, end->ram + AT_PAGING);
    memcpy(&end->count, end->ram + P_COUNT, 4);
    *plan = bench->plan;
    bench->n_runs++;
}

void fuzz_run(struct fuzz_bench *bench, uint64_t seed, unsigned variant, struct fuzz_plan *plan,
              struct fuzz_end *end)
{
    if (variants[variant].keeps) {
        run_once(bench, seed, variant, plan, end);
    }
    run_once(bench, seed, variant, plan, end);
}

/* ---- comparing ---- */

struct report {
    char *text;
    size_t n_bytes, at;
    unsigned n;
};

static void __attribute__((format(printf, 2, 3)))
add(struct report *report, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (report->n++ < 24) {
        int n = vsnprintf(report->text + report->at, report->n_bytes - report->at, format, list);
        report->at += (size_t)n < report->n_bytes - report->at ? (size_t)n : 0;
    }
    va_end(list);
}

static void compare32(struct report *report, const char *name, uint32_t a, uint32_t b)
{
    if (a != b) {
        add(report, "  %s %x %x\n", name, a, b);
    }
}

static void compare_segments(struct report *report, const struct cpu *a, const struct cpu *b)
{
    for (unsigned i = 0; i < N_SEG; i++) {
        const struct segment *x = &a->seg[i], *y = &b->seg[i];
        if (memcmp(x, y, sizeof *x) != 0) {
            add(report, "  segment %u: %x %x+%x %x %x, %x %x+%x %x %x\n", i, x->selector, x->base,
                x->limit, x->access, x->big, y->selector, y->base, y->limit, y->access, y->big);
        }
    }
}

static void compare_cpu(struct report *report, const struct cpu *a, const struct cpu *b)
{
    static const char *const names[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
    for (unsigned i = 0; i < N_GPR; i++) {
        compare32(report, names[i], cpu_reg(a, i), cpu_reg(b, i));
    }
    compare32(report, "eip", a->eip, b->eip);
    compare32(report, "eflags", cpu_eflags(a), cpu_eflags(b));
    compare32(report, "cr0", a->cr0, b->cr0);
    compare32(report, "cr2", a->cr2, b->cr2);
    compare32(report, "cr3", a->cr3, b->cr3);
    compare32(report, "cr4", a->cr4, b->cr4);
    compare32(report, "mode", a->mode, b->mode);
    compare32(report, "dr6", a->dr[6], b->dr[6]);
    compare32(report, "dr7", a->dr[7], b->dr[7]);
    compare32(report, "tr", a->tr.selector, b->tr.selector);
    compare32(report, "ldtr", a->ldtr.selector, b->ldtr.selector);
    compare32(report, "gdtr", a->gdtr.base, b->gdtr.base);
    compare32(report, "idtr", a->idtr.base, b->idtr.base);
    compare_segments(report, a, b);
    for (unsigned i = 0; i < 416; i++) { /* not the pointers: they are those of host code */
        if (a->fpu[i] != b->fpu[i] && (i < 6 || i >= 24)) {
            add(report, "  fpu image at %u: %x %x\n", i, a->fpu[i], b->fpu[i]);
        }
    }
}

/* A reset or exit that a chip asks for comes when the vCPU next looks up: a signal makes it sooner.
 */
bool fuzz_compare(const struct fuzz_end *a, const struct fuzz_end *b, char *text, size_t n_bytes)
{
    struct report report = {text, n_bytes, 0, 0};
    text[0] = '\0';
    const bool kicked = a->kicked || b->kicked;
    const bool stopped = a->kind == FUZZ_STOPPED || b->kind == FUZZ_STOPPED;
    if (a->tables_changed || b->tables_changed || (kicked && stopped) ||
        (kicked && (a->code_changed || b->code_changed))) {
        return false;
    }
    compare32(&report, "end", a->kind, b->kind);
    compare32(&report, "status", (uint32_t)a->status, (uint32_t)b->status);
    compare32(&report, "resets", a->n_resets, b->n_resets);
    compare32(&report, "count", a->count, b->count);
    compare_cpu(&report, &a->cpu, &b->cpu);
    for (uint32_t phys = 0; phys < FUZZ_RAM_BYTES; phys += 4) {
        uint32_t x, y;
        memcpy(&x, a->ram + phys, 4);
        memcpy(&y, b->ram + phys, 4);
        if (x != y) {
            add(&report, "  memory %x: %x %x\n", phys, x, y);
        }
    }
    return report.n != 0;
}

/* ---- damage ---- */

static unsigned count_mappings(void)
{
    FILE *file = fopen("/proc/self/maps", "re");
    unsigned n = 0;
    int c;
    while (file && (c = getc(file)) != EOF) {
        n += c == '\n';
    }
    if (file) {
        fclose(file);
    }
    return n;
}

static const char *check_mappings(struct fuzz_bench *bench)
{
    if (bench->n_runs % 512 > 2) {
        return NULL;
    }
    view_drop_all(bench->normal.machine->view);
    view_drop_all(bench->tiny.machine->view);
    unsigned n = count_mappings();
    if (!bench->n_mappings) {
        bench->n_mappings = n;
    }
    return n > bench->n_mappings + 64 ? "host mappings are not given back" : NULL;
}

static const char *check_machine(const struct fuzz_bench *bench, const struct fuzz_machine *made)
{
    const struct machine *machine = made->machine;
    if (memcmp(made->rom, machine->mem.host + 0xc0000, sizeof made->rom) != 0) {
        return "ROM was written";
    }
    if (memcmp(bench->page_type, machine->mem.page_type, sizeof bench->page_type) != 0) {
        return "the kind of a page has changed";
    }
    return NULL;
}

const char *fuzz_check(struct fuzz_bench *bench)
{
    for (unsigned i = 0; i < N_CANARIES; i++) {
        for (unsigned k = 0; k < PAGE_BYTES; k++) {
            if (bench->canary[i][k] != 0xc5) {
                return "a page beside the machine's was written";
            }
        }
    }
    const char *damage = check_machine(bench, &bench->normal);
    damage = damage ? damage : check_machine(bench, &bench->tiny);
    return damage ? damage : check_mappings(bench);
}
