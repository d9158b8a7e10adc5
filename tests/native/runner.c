/* runner.c - see runner.h. The CPU's side and the engine's side are children: the one loses its
 * low memory and its signals, the other is closed in a sandbox and may even end by a BUG. */
#include "runner.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "segments.h"

enum { ENGINE_SECONDS = 60, CPU_SECONDS = 120 };

static void *shared(size_t n_bytes)
{
    void *at = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

int runner_create(struct runner *runner, const char *directory)
{
    char *path;
    memset(runner, 0, sizeof(*runner));
    if (asprintf(&path, "%s/kernel.elf", directory) < 0) {
        return -1;
    }
    runner->kernel = path;
    runner->has_ldt = segments_available();
    if (asprintf(&path, "%s/batch-%d.bin", directory, (int)getpid()) < 0) {
        return -1;
    }
    runner->batch_path = path;
    runner->batch = shared(sizeof(*runner->batch));
    runner->code = shared(CODE_BYTES);
    runner->cpu = shared(N_CASES * sizeof(*runner->cpu));
    runner->engine = shared(N_CASES * sizeof(*runner->engine));
    runner->made = calloc(N_CASES, sizeof(*runner->made));
    return runner->batch && runner->code && runner->cpu && runner->engine && runner->made ? 0 : -1;
}

/* Exit status of the child, -signal, or -1000 when it took too long. */
static int wait_for(pid_t child, int seconds)
{
    const struct timespec pause = {0, 2000000};
    int status;
    for (int left = seconds * 500; left > 0; left--) {
        if (waitpid(child, &status, WNOHANG) == child) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        }
        nanosleep(&pause, NULL);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return -1000;
}

static void make_head(const struct runner *runner, struct batch_head *head,
                      const struct generator *gen, unsigned n)
{
    struct rng rng = {gen->seed};
    head->n_cases = n;
    head->has_ldt = runner->has_ldt;
    for (unsigned i = 0; i < TEST_PAGE_BYTES; i += 4) {
        uint32_t word = state_integer(&rng);
        memcpy(head->pattern + i, &word, 4);
    }
    segments_describe(head);
}

int runner_prepare(struct runner *runner, const struct generator *gen, uint64_t first, unsigned n)
{
    struct batch *batch = runner->batch;
    make_head(runner, &batch->head, gen, n);
    memset(batch->code, INT3, CODE_BYTES);
    memset(runner->code, INT3, CODE_BYTES);
    memset(runner->cpu, 0, N_CASES * sizeof(*runner->cpu));
    for (unsigned i = 0; i < n; i++) {
        unsigned slot = (unsigned)((first + i) % N_CASES);
        unsigned at = SLOTS_LIN - CODE_LIN + slot * SLOT_BYTES;
        generate_case(gen, first + i, slot, &batch->cases[i], runner->code + at, batch->code + at,
                      &runner->made[i]);
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int failed = cpu_run_batch(batch, runner->code, runner->cpu);
        if (failed) {
            perror("native: cannot prepare the process for 32-bit code");
        }
        _exit(failed ? 1 : 0);
    }
    int status = child < 0 ? -1 : wait_for(child, CPU_SECONDS);
    if (status) {
        fprintf(stderr, "native: the CPU's side ended with %d (cases %llu and following)\n", status,
                (unsigned long long)first);
        return -1;
    }
    for (unsigned i = 0; i < n; i++) {
        if (runner->cpu[i].ran != CPU_RAN) {
            batch->cases[i].flags |= CASE_SKIP;
        }
    }
    return 0;
}

static int write_batch(const struct runner *runner)
{
    FILE *file = fopen(runner->batch_path, "wb");
    if (!file || fwrite(runner->batch, sizeof(*runner->batch), 1, file) != 1 || fclose(file)) {
        perror(runner->batch_path);
        return -1;
    }
    return 0;
}

static int run_once(struct runner *runner, const struct engine_way *way)
{
    uint32_t n = runner->batch->head.n_cases;
    if (write_batch(runner)) {
        return -1;
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int status = engine_run_batch(runner->kernel, runner->batch_path, way, n, runner->engine);
        _exit(status ? 1 : 0);
    }
    int status = child < 0 ? -1 : wait_for(child, ENGINE_SECONDS);
    unlink(runner->batch_path);
    return status;
}

/* A run that failed says nothing: its halves are run again, until single cases are left. */
static void run_range(struct runner *runner, const struct engine_way *way, unsigned begin,
                      unsigned end)
{
    static struct test_result kept[N_CASES];
    struct batch *batch = runner->batch;
    uint32_t saved[N_CASES], n = batch->head.n_cases;
    for (unsigned i = 0; i < n; i++) {
        saved[i] = batch->cases[i].flags;
        batch->cases[i].flags |= i < begin || i >= end ? CASE_SKIP : 0;
    }
    memcpy(kept, runner->engine, sizeof(kept));
    int status = run_once(runner, way);
    for (unsigned i = 0; i < n; i++) {
        batch->cases[i].flags = saved[i];
        if (i < begin || i >= end || status) {
            runner->engine[i] = kept[i];
        }
    }
    if (status && end - begin > 1 && !(runner->end && time(NULL) >= runner->end)) {
        unsigned middle = (begin + end) / 2;
        run_range(runner, way, begin, middle);
        run_range(runner, way, middle, end);
    }
}

void runner_engine(struct runner *runner, const struct engine_way *way)
{
    memset(runner->engine, 0, N_CASES * sizeof(*runner->engine));
    run_range(runner, way, 0, runner->batch->head.n_cases);
}
