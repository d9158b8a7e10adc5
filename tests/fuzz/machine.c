/* machine.c - random guests in real machines, many per second in one process.
 *
 * A seed is a whole guest (machine_state.c). It runs until it halts, stops the machine or has had
 * its time; then it runs again in another engine mode, where it must end with the same registers,
 * flags and memory. The parent forks a worker and starts a new one behind the seed that ended it.
 *
 * Usage: machine [-s SEED] [-n COUNT] [-t SECONDS] [-l SEEDS.txt] [-v] [-V VARIANT [-d MASK] [-c
 * LIMIT]] -l: seeds that once found something, first     -v: each seed's ways and ends; no fork -V:
 * only in this variant, logging the categories of MASK (cli/log.def) to stderr Findings go to
 * stdout with their seed; exit code 1 if there were any.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "machine_layout.h"
#include "machine_run.h"

enum { STALL_SECONDS = 20, TEXT_BYTES = 4000, SEEDS_PER_WORKER = 3000 };

struct shared {
    uint64_t seed, n_states, n_runs, n_timeouts, n_compared, n_findings;
    const char *variant;
    char text[TEXT_BYTES];
};

struct arguments {
    uint64_t seed, n;
    unsigned seconds;
    bool verbose;
    const char *list, *variant;
    unsigned log_mask;
    uint32_t limit;
};

static struct shared *shared;
static time_t stop_at;

static void finding(uint64_t seed, const char *what, const char *text)
{
    shared->n_findings++;
    printf("FINDING seed %#lx: %s\n%s\n", (unsigned long)seed, what, text);
    fflush(stdout);
}

static void show_end(uint64_t seed, const struct fuzz_plan *plan, const char *variant,
                     const struct fuzz_end *end)
{
    printf("%#lx %s %s: %s eip %x count %u cr0 %x mode %x\n", (unsigned long)seed, plan->regime,
           variant, fuzz_end_name(end), end->cpu.eip, end->count, end->cpu.cr0, end->cpu.mode);
}

/* The earliest end at which the two ways differ: the handlers stop at a lower count. Ends in text.
 */
static void narrow(struct fuzz_bench *bench, uint64_t seed, unsigned a, unsigned b, char *text,
                   size_t n_bytes)
{
    static struct fuzz_end end_a, end_b;
    struct fuzz_plan plan;
    char shorter[TEXT_BYTES - 100];
    uint32_t low = 0, high = 151;
    while (low < high) {
        uint32_t middle = (low + high) / 2, eip;
        fuzz_limit(bench, middle);
        fuzz_run(bench, seed, a, &plan, &end_a);
        fuzz_run(bench, seed, b, &plan, &end_b);
        if (end_a.kind == FUZZ_TIMEOUT || end_b.kind == FUZZ_TIMEOUT ||
            !fuzz_compare(&end_a, &end_b, shorter, sizeof shorter)) {
            low = middle + 1;
            continue;
        }
        high = middle;
        memcpy(&eip, end_a.ram + P_FRAME, 4);
        snprintf(text, n_bytes, "  limit %u, the last began at %x\n%s", middle, eip, shorter);
    }
    fuzz_limit(bench, UINT32_MAX);
}

/* One seed: as it is, then in other ways that must not matter. */
static void run_seed(struct fuzz_bench *bench, uint64_t seed, bool verbose)
{
    struct random random = {seed ^ 0x76617269616e7473u};
    struct fuzz_plan plan;
    static struct fuzz_end first, other;
    char text[TEXT_BYTES];
    unsigned first_variant = random_below(&random, FUZZ_PLAIN_VARIANTS);
    shared->seed = seed;
    shared->variant = fuzz_variant_name(first_variant);
    fuzz_run(bench, seed, first_variant, &plan, &first);
    shared->n_states++;
    shared->n_runs++;
    shared->n_timeouts += first.kind == FUZZ_TIMEOUT;
    if (verbose) {
        show_end(seed, &plan, shared->variant, &first);
    }
    for (unsigned i = 0; i < 2 && first.kind != FUZZ_TIMEOUT && !plan.real_time; i++) {
        unsigned variant = random_below(&random, FUZZ_VARIANTS);
        shared->variant = fuzz_variant_name(variant);
        fuzz_run(bench, seed, variant, &plan, &other);
        shared->n_runs++;
        if (verbose) {
            show_end(seed, &plan, shared->variant, &other);
        }
        if (other.kind == FUZZ_TIMEOUT) {
            continue;
        }
        shared->n_compared++;
        if (fuzz_compare(&first, &other, text, sizeof text)) {
            char what[200];
            narrow(bench, seed, first_variant, variant, text, sizeof text);
            snprintf(what, sizeof what, "%s: %s and %s differ", plan.regime,
                     fuzz_variant_name(first_variant), shared->variant);
            finding(seed, what, text);
        }
    }
    const char *damage = fuzz_check(bench);
    if (damage) {
        finding(seed, "damage", damage);
    }
}

/* For looking into a finding. */
static int run_one(const struct arguments *arguments)
{
    static struct fuzz_end end;
    struct fuzz_plan plan;
    struct fuzz_bench *bench = fuzz_create();
    int variant = fuzz_variant_number(arguments->variant);
    if (variant < 0) {
        return 2;
    }
    fuzz_log(bench, arguments->log_mask);
    fuzz_limit(bench, arguments->limit);
    fuzz_run(bench, arguments->seed, (unsigned)variant, &plan, &end);
    show_end(arguments->seed, &plan, arguments->variant, &end);
    return 0;
}

static void work(uint64_t first, uint64_t n, bool verbose)
{
    struct fuzz_bench *bench = fuzz_create();
    uint64_t seed = first;
    for (; seed < first + n && time(NULL) < stop_at; seed++) {
        run_seed(bench, seed, verbose);
    }
    shared->seed = seed;
    fuzz_destroy(bench);
}

static void read_back(int fd, char *text, size_t n_bytes)
{
    ssize_t n = pread(fd, text, n_bytes - 1, 0);
    text[n > 0 ? n : 0] = '\0';
}

/* Waits for the worker. A worker whose seed does not change for too long hangs in the monitor. */
static int watch(pid_t pid)
{
    uint64_t last = UINT64_MAX;
    unsigned still = 0;
    int status;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        usleep(20000);
        uint64_t now = shared->n_runs;
        still = now == last ? still + 1 : 0;
        last = now;
        if (still == STALL_SECONDS * 50) {
            kill(pid, SIGABRT);
        }
    }
    return status;
}

/* Runs seeds [first, first + n) in a worker. Returns the seed to go on with. */
static uint64_t serve(uint64_t first, uint64_t n)
{
    char log[] = "/tmp/plex86-fuzz-XXXXXX", text[TEXT_BYTES], what[100];
    int fd = mkstemp(log);
    unlink(log);
    shared->seed = first;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fd, STDERR_FILENO);
        work(first, n, false);
        fflush(stdout);
        _exit(0);
    }
    int status = watch(pid);
    uint64_t next = shared->seed;
    if (status != 0) {
        read_back(fd, text, sizeof text);
        snprintf(what, sizeof what, "%s %d, variant %s, worker began with %#lx",
                 WIFSIGNALED(status) ? "signal" : "exit",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                 shared->variant ? shared->variant : "none", (unsigned long)first);
        finding(shared->seed, what, text);
        next = shared->seed + 1;
    }
    close(fd);
    return next;
}

static void serve_list(const char *path)
{
    FILE *file = path ? fopen(path, "re") : NULL;
    char line[256];
    while (file && fgets(line, sizeof line, file)) {
        if (line[0] != '#' && line[0] != '\n') {
            serve(strtoull(line, NULL, 0), 1);
        }
    }
    if (file) {
        fclose(file);
    }
}

static bool parse(struct arguments *arguments, int argc, char **argv)
{
    int option;
    *arguments =
        (struct arguments){.seed = 1, .n = UINT64_MAX / 2, .seconds = 30, .limit = UINT32_MAX};
    while ((option = getopt(argc, argv, "s:n:t:l:vV:d:c:")) != -1) {
        switch (option) {
        case 's':
            arguments->seed = strtoull(optarg, NULL, 0);
            break;
        case 'n':
            arguments->n = strtoull(optarg, NULL, 0);
            break;
        case 't':
            arguments->seconds = (unsigned)atoi(optarg);
            break;
        case 'l':
            arguments->list = optarg;
            break;
        case 'V':
            arguments->variant = optarg;
            break;
        case 'c':
            arguments->limit = (uint32_t)strtoul(optarg, NULL, 0);
            break;
        case 'd':
            arguments->log_mask = (unsigned)strtoul(optarg, NULL, 0);
            break;
        case 'v':
            arguments->verbose = true;
            break;
        default:
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    if (!parse(&arguments, argc, argv)) {
        return 2;
    }
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    stop_at = time(NULL) + (time_t)arguments.seconds;
    if (arguments.variant) {
        return run_one(&arguments);
    }
    if (arguments.verbose) {
        work(arguments.seed, arguments.n, true);
        return shared->n_findings != 0;
    }
    serve_list(arguments.list);
    uint64_t seed = arguments.seed, end = arguments.seed + arguments.n;
    while (seed < end && time(NULL) < stop_at && shared->n_findings < 50) {
        uint64_t n = end - seed < SEEDS_PER_WORKER ? end - seed : SEEDS_PER_WORKER;
        seed = serve(seed, n);
    }
    printf("machine: seeds %#lx to %#lx, %lu states, %lu runs, %lu compared, %lu ran out of time, "
           "%lu findings\n",
           (unsigned long)arguments.seed, (unsigned long)seed, (unsigned long)shared->n_states,
           (unsigned long)shared->n_runs, (unsigned long)shared->n_compared,
           (unsigned long)shared->n_timeouts, (unsigned long)shared->n_findings);
    return shared->n_findings != 0;
}
