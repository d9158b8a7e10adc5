/* cpu.c - runs a batch on the CPU underneath: a process of its own, code and data below 4 GiB at
 * the addresses the guest has them, compatibility mode, and signals as exceptions.
 *
 * Owns that process's signals and low memory. What it cannot show (a case that never ends, one
 * that got into 64-bit code) it marks to be skipped.
 */
#include "cpu.h"

#include <asm/ldt.h>
#include <asm/prctl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "memory.h"
#include "segments.h"

/* Used by cpu_enter.S. */
struct test_case cpu_entry;
struct {
    uint32_t eip;
    uint16_t cs;
} __attribute__((packed, aligned(8))) cpu_target;
uint64_t cpu_rsp, cpu_fs_base;
uint32_t cpu_ticks; /* of the timer, in this case */
uint16_t cpu_segments[4];
void cpu_enter(void);
void cpu_handler(int, siginfo_t *, void *);
void cpu_handle(int signal, siginfo_t *info, ucontext_t *uc);
extern const char cpu_resume[];

static struct test_result *current;

_Static_assert(offsetof(struct test_case, eflags) == 8 && offsetof(struct test_case, gpr) == 12 &&
                   offsetof(struct test_case, sel) == 44 && offsetof(struct test_case, fx) == 64,
               "cpu_enter.S");

static void take_back(ucontext_t *uc)
{
    greg_t *reg = uc->uc_mcontext.gregs;
    struct _libc_fpstate *fpu = uc->uc_mcontext.fpregs;
    reg[REG_RIP] = (greg_t)cpu_resume;
    reg[REG_RSP] = (greg_t)cpu_rsp;
    reg[REG_EFL] = 0x202;
    reg[REG_CSGSFS] = (greg_t)((uint64_t)SEL_DATA32 << 48 | SEL_CODE64);
    fpu->cwd = 0x37f;
    fpu->swd = 0;
    fpu->ftw = 0;
    fpu->mxcsr = 0x1f80;
}

/* All synchronous signals, and the timer that ends a case which does not end. */
void cpu_handle(int signal, siginfo_t *info, ucontext_t *uc)
{
    static const uint8_t order[8] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX,
                                     REG_RSP, REG_RBP, REG_RSI, REG_RDI};
    const greg_t *reg = uc->uc_mcontext.gregs;
    struct test_result *result = current;
    uint16_t cs = (uint16_t)reg[REG_CSGSFS];
    (void)info;
    if (signal == SIGALRM) {
        if (cs != SEL_CODE64) {
            result->ran = CPU_NEVER_ENDED;
            take_back(uc);
        }
        return;
    }
    for (unsigned i = 0; i < 8; i++) {
        result->gpr[i] = (uint32_t)reg[order[i]];
    }
    result->eip = (uint32_t)reg[REG_RIP];
    result->eflags = (uint32_t)reg[REG_EFL];
    result->vector = (uint32_t)reg[REG_TRAPNO];
    result->error = (uint32_t)reg[REG_ERR];
    result->cr2 = (uint32_t)reg[REG_CR2];
    result->sel[CASE_ES] = cpu_segments[0];
    result->sel[CASE_CS] = cs;
    result->sel[CASE_SS] = (uint16_t)((uint64_t)reg[REG_CSGSFS] >> 48);
    result->sel[CASE_DS] = cpu_segments[1];
    result->sel[CASE_FS] = cpu_segments[2];
    result->sel[CASE_GS] = cpu_segments[3];
    memcpy(result->fx, uc->uc_mcontext.fpregs, sizeof(result->fx));
    result->ran = cs == SEL_CODE64 ? CPU_LEFT_32BIT : CPU_RAN;
    take_back(uc);
}

static int map(uint32_t lin, uint32_t n_bytes, int rights)
{
    void *at = mmap(test_pointer(lin), n_bytes, rights,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_POPULATE, -1, 0);
    return at == test_pointer(lin) ? 0 : -1;
}

static int map_test_memory(const struct batch_head *head, const uint8_t *code)
{
    int failed = map(CODE_LIN, CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (unsigned i = 0; i < N_WRITABLE && !failed; i++) {
        failed = map(writable_pages[i], TEST_PAGE_BYTES, PROT_READ | PROT_WRITE);
    }
    if (failed || map(READ_ONLY_PAGE, TEST_PAGE_BYTES, PROT_READ | PROT_WRITE)) {
        return -1;
    }
    memcpy(test_pointer(CODE_LIN), code, CODE_BYTES);
    memcpy(test_pointer(READ_ONLY_PAGE), head->pattern, TEST_PAGE_BYTES);
    return mprotect(test_pointer(READ_ONLY_PAGE), TEST_PAGE_BYTES, PROT_READ);
}

static int install_handlers(void)
{
    static uint8_t stack[64 << 10];
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGALRM};
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    action.sa_sigaction = cpu_handler;
    int failed = sigaltstack(&alternate, NULL);
    for (unsigned i = 0; i < sizeof(signals) / sizeof(*signals) && !failed; i++) {
        failed = sigaction(signals[i], &action, NULL);
    }
    return failed;
}

static void next_page(const struct test_case *test, int rights)
{
    if (test->flags & CASE_NEXT_PAGE_MISSING) {
        uint32_t lin = segment_base(test->sel[CASE_CS]) + test->eip;
        mprotect(test_pointer((lin | (TEST_PAGE_BYTES - 1)) + 1), TEST_PAGE_BYTES, rights);
    }
}

int cpu_run_batch(const struct batch *batch, const uint8_t *code, struct test_result *results)
{
    const struct itimerval tick = {{0, 50000}, {0, 50000}};
    if (map_test_memory(&batch->head, code) || (batch->head.has_ldt && segments_install()) ||
        install_handlers()) {
        return -1;
    }
    syscall(SYS_arch_prctl, ARCH_GET_FS, &cpu_fs_base);
    setitimer(ITIMER_REAL, &tick, NULL);
    for (uint32_t i = 0; i < batch->head.n_cases; i++) {
        const struct test_case *test = &batch->cases[i];
        current = &results[i];
        if (test->flags & CASE_SKIP) {
            continue;
        }
        cpu_entry = *test;
        cpu_target.eip = test->eip;
        cpu_target.cs = test->sel[CASE_CS];
        cpu_ticks = 0;
        memory_reset(&batch->head, test);
        next_page(test, PROT_NONE);
        cpu_enter();
        next_page(test, PROT_READ | PROT_WRITE | PROT_EXEC);
        memory_record(current);
    }
    return 0;
}
