/* signals.c - exceptions that become signals, and signals without exceptions. */
#define _GNU_SOURCE
#include "micro.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static volatile uint32_t n_signals;
static volatile int last_code;
static void *volatile last_address;

/* Steps over the instruction that faulted; the handler is told its length. */
static volatile unsigned skip_bytes;

static void skip_instruction(int signal, siginfo_t *info, void *context)
{
    ucontext_t *frame = context;
    (void)signal;
    n_signals++;
    last_code = info->si_code;
    last_address = info->si_addr;
    frame->uc_mcontext.gregs[REG_EIP] += skip_bytes;
}

static void install(int signal, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    bench_require(sigaction(signal, &action, NULL) == 0);
}

void setup_traps(void)
{
    install(SIGUSR1, skip_instruction);
    install(SIGFPE, skip_instruction);
    install(SIGTRAP, skip_instruction);
    install(SIGILL, skip_instruction);
    install(SIGSEGV, skip_instruction);
}

uint32_t micro_signal_install(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        install(SIGUSR2, skip_instruction);
    return n;
}

uint32_t micro_signal_raise(unsigned n)
{
    int self = getpid();
    skip_bytes = 0;
    n_signals = 0;
    for (unsigned i = 0; i < n; i++)
        bench_require(kill(self, SIGUSR1) == 0);
    bench_require(n_signals == n);
    return n_signals;
}

uint32_t micro_divide_error(unsigned n)
{
    skip_bytes = 2;
    n_signals = 0;
    for (unsigned i = 0; i < n; i++)
        __asm__ volatile("xor %%edx, %%edx; xor %%ecx, %%ecx; div %%ecx"
                         :
                         : "a"(i)
                         : "ecx", "edx", "cc", "memory");
    bench_require(n_signals == n && last_code == FPE_INTDIV);
    return n_signals;
}

uint32_t micro_breakpoint(unsigned n)
{
    skip_bytes = 0; /* a trap: EIP is already past it */
    n_signals = 0;
    for (unsigned i = 0; i < n; i++)
        __asm__ volatile("int3" : : : "memory");
    bench_require(n_signals == n);
    return n_signals;
}

uint32_t micro_undefined_opcode(unsigned n)
{
    skip_bytes = 2;
    n_signals = 0;
    for (unsigned i = 0; i < n; i++)
        __asm__ volatile("ud2" : : : "memory");
    bench_require(n_signals == n);
    return n_signals;
}

uint32_t micro_segv(unsigned n)
{
    skip_bytes = 2; /* mov (%ecx),%eax */
    n_signals = 0;
    for (unsigned i = 0; i < n; i++)
        __asm__ volatile(".byte 0x8B, 0x01" : : "c"(64) : "eax", "memory");
    bench_require(n_signals == n && last_code == SEGV_MAPERR && last_address == (void *)64);
    return n_signals;
}

static uint32_t *fault_page;

static void unprotect(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    n_signals++;
    last_address = info->si_addr;
    mprotect(fault_page, 4096, PROT_READ | PROT_WRITE);
}

void setup_fault_page(void)
{
    fault_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bench_require(fault_page != MAP_FAILED);
    install(SIGSEGV, unprotect);
    fault_page[1] = 0;
}

/* Protects a page, writes to it, unprotects it in the handler: a garbage collector's write barrier.
 */
uint32_t micro_mprotect_fault(unsigned n)
{
    uint32_t before = fault_page[1];
    n_signals = 0;
    for (unsigned i = 0; i < n; i++) {
        bench_require(mprotect(fault_page, 4096, PROT_READ) == 0);
        ((volatile uint32_t *)fault_page)[1]++;
    }
    bench_require(n_signals == n && fault_page[1] == before + n && last_address == fault_page + 1);
    return n_signals;
}

/* No fault: the page is written only while it may be. */
uint32_t micro_mprotect_toggle(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        bench_require(mprotect(fault_page, 4096, PROT_READ) == 0);
        bench_require(mprotect(fault_page, 4096, PROT_READ | PROT_WRITE) == 0);
        ((volatile uint32_t *)fault_page)[2] = i;
    }
    return fault_page[2];
}
