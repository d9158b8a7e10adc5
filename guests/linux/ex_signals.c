/* ex_signals.c - exceptions and interrupts as a user program sees them: which one, where exactly,
 * and that everything is as it was afterwards.
 */
#include "exercise.h"

#include <errno.h>
#include <sys/time.h>
#include <time.h>

/* Addresses of single instructions, to compare with the EIP that a signal reports. */
extern const uint8_t at_divide[], at_overflow[], at_ud2[], after_int3[], at_load[];

static void divide_zero(void *arg)
{
    (void)arg;
    __asm__ volatile(".globl at_divide\n\txorl %%ecx, %%ecx\n\tmovl $7, %%eax\n\tcltd\n"
                     "at_divide: idivl %%ecx"
                     :
                     :
                     : "eax", "ecx", "edx", "cc");
}
static void divide_overflow(void *arg)
{
    (void)arg;
    __asm__ volatile(".globl at_overflow\n\tmovl $-1, %%ecx\n\tmovl $0x80000000, %%eax\n\tcltd\n"
                     "at_overflow: idivl %%ecx"
                     :
                     :
                     : "eax", "ecx", "edx", "cc");
}
static void undefined(void *arg)
{
    (void)arg;
    __asm__ volatile(".globl at_ud2\nat_ud2: ud2");
}
static void breakpoint(void *arg)
{
    (void)arg;
    __asm__ volatile(".globl after_int3\n\tint3\nafter_int3: nop");
}
/* All registers hold known values when the load faults. */
static void load_with_known_registers(void *arg)
{
    (void)arg;
    __asm__ volatile(
        ".globl at_load\n\tpushl %%ebp\n\tmovl $0x11111111, %%eax\n\tmovl $0x22222222, %%ebx\n\t"
        "movl $0x33333333, %%ecx\n\tmovl $0x44444444, %%edx\n\tmovl $0x55555555, %%esi\n\t"
        "movl $0x66666666, %%edi\n\tmovl $16, %%ebp\n\tstc\n"
        "at_load: movl (%%ebp), %%eax\n\tpopl %%ebp"
        :
        :
        : "eax", "ebx", "ecx", "edx", "esi", "edi", "memory", "cc");
}

static bool eip_is(const uint8_t *label)
{
    return (uint32_t)caught.regs[REG_EIP] == (uint32_t)(uintptr_t)label;
}

static void exceptions(void)
{
    check(catch_fault(divide_zero, NULL) == SIGFPE && caught.code == FPE_INTDIV &&
              eip_is(at_divide),
          "divide-by-zero", "signal %d code %d eip %x", caught.signal, caught.code,
          caught.regs[REG_EIP]);
    check(catch_fault(divide_overflow, NULL) == SIGFPE && eip_is(at_overflow), "divide-overflow",
          "signal %d eip %x", caught.signal, caught.regs[REG_EIP]);
    check(catch_fault(undefined, NULL) == SIGILL && eip_is(at_ud2), "ud2", "signal %d eip %x",
          caught.signal, caught.regs[REG_EIP]);
    check(catch_fault(breakpoint, NULL) == SIGTRAP && eip_is(after_int3), "int3",
          "signal %d eip %x", caught.signal, caught.regs[REG_EIP]);
    bool segv = catch_fault(load_with_known_registers, NULL) == SIGSEGV;
    const greg_t *r = caught.regs;
    check(segv && eip_is(at_load) && r[REG_EAX] == 0x11111111 && r[REG_EBX] == 0x22222222 &&
              r[REG_ECX] == 0x33333333 && r[REG_EDX] == 0x44444444 && r[REG_ESI] == 0x55555555 &&
              r[REG_EDI] == 0x66666666 && r[REG_EBP] == 16 && (r[REG_EFL] & 1),
          "registers-at-fault", "signal %d eip %x eax %x ebx %x efl %x", caught.signal, r[REG_EIP],
          r[REG_EAX], r[REG_EBX], r[REG_EFL]);
}

static void x87_exception(void *arg)
{
    (void)arg;
    uint16_t unmasked = 0x037b; /* zero divide unmasked */
    __asm__ volatile("fninit\n\tfldcw %0\n\tfld1\n\tfldz\n\tfdivrp\n\tfwait" : : "m"(unmasked));
}
static void sse_exception(void *arg)
{
    (void)arg;
    uint32_t unmasked = 0x1d80;
    __asm__ volatile("ldmxcsr %0\n\txorps %%xmm0, %%xmm0\n\tmovl $0x3f800000, %%eax\n\t"
                     "movd %%eax, %%xmm1\n\tdivss %%xmm0, %%xmm1"
                     :
                     : "m"(unmasked)
                     : "eax");
}
static void float_exceptions(void)
{
    /* AT&T's fdivrp is the manual's FDIVP: 1 / 0. */
    check(catch_fault(x87_exception, NULL) == SIGFPE && caught.code == FPE_FLTDIV, "x87-exception",
          "signal %d code %d", caught.signal, caught.code);
    uint32_t masked = 0x1f80;
    __asm__ volatile("fninit\n\tldmxcsr %0" : : "m"(masked));
    check(catch_fault(sse_exception, NULL) == SIGFPE && caught.code == FPE_FLTDIV, "sse-exception",
          "signal %d code %d", caught.signal, caught.code);
    __asm__ volatile("fninit\n\tldmxcsr %0" : : "m"(masked));
}

/* Repairs a fault by changing registers in the frame, then goes on. */
static void repair(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info;
    ucontext_t *uc = context;
    static uint32_t good = 0xfeedf00d;
    uc->uc_mcontext.gregs[REG_ESI] = (greg_t)(uintptr_t)&good;
}
static void resume(void)
{
    struct sigaction action = {.sa_sigaction = repair, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    uint32_t value = 0, wrong = 64;
    __asm__ volatile("movl (%1), %0" : "=r"(value), "+S"(wrong));
    check_equal("repair-and-resume", value, 0xfeedf00d);
    signal(SIGSEGV, SIG_DFL);
}

static volatile sig_atomic_t n_steps, n_ticks;
static void on_step(int signal)
{
    (void)signal;
    n_steps++;
}
static void single_step(void)
{
    signal(SIGTRAP, on_step);
    n_steps = 0;
    /* TF set by the POPF takes effect after the next instruction: nop x5, pushf, andl, popf. */
    __asm__ volatile("pushfl\n\torl $0x100, (%%esp)\n\tpopfl\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\t"
                     "pushfl\n\tandl $~0x100, (%%esp)\n\tpopfl"
                     :
                     :
                     : "memory", "cc");
    check_equal("single-step", (unsigned)n_steps, 8);
    signal(SIGTRAP, SIG_DFL);
}

static void on_tick(int signal)
{
    (void)signal;
    n_ticks++;
    /* Make the frame's FPU state matter. */
    volatile double x = 1.0 / (n_ticks + 1);
    (void)x;
}
/* One pass of a loop that keeps every register, the flags and the FPU busy; the result is a pure
 * function of the seed, however often it is interrupted. */
static uint32_t busy(uint32_t seed, double *sum)
{
    uint32_t a = seed, b = seed ^ 0x9e3779b9, c = 0, d = 1;
    double x = 0;
    for (int i = 0; i < 20000; i++) {
        __asm__ volatile(
            "addl %1, %0\n\tadcl %0, %2\n\tsbbl %3, %1\n\trcll $3, %3\n\txorl %2, %0\n\t"
            "pushl %0\n\tpushl %2\n\tpopl %%eax\n\taddl (%%esp), %%eax\n\tpopl %2\n\tadcl %%eax, %3"
            : "+r"(a), "+r"(b), "+r"(c), "+r"(d)
            :
            : "eax", "cc", "memory");
        x = x * 0.5 + (double)(a & 0xff);
    }
    *sum = x;
    return a ^ b ^ c ^ d;
}
static void interrupted(void)
{
    double right_sum, sum;
    uint32_t right = busy(1, &right_sum), n_wrong = 0, n_rounds = 0;
    signal(SIGALRM, on_tick);
    struct itimerval every = {{0, 2000}, {0, 2000}};
    setitimer(ITIMER_REAL, &every, NULL);
    n_ticks = 0;
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        n_wrong += busy(1, &sum) != right || sum != right_sum;
        n_rounds++;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((n_ticks < 200 || n_rounds < 200) && now.tv_sec - start.tv_sec < 60);
    memset(&every, 0, sizeof(every));
    setitimer(ITIMER_REAL, &every, NULL);
    check(n_wrong == 0 && n_ticks >= 200, "interrupted-loops", "%u of %u wrong, %d ticks", n_wrong,
          n_rounds, (int)n_ticks);
}

static void alarms(void)
{
    signal(SIGALRM, on_tick);
    n_ticks = 0;
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    alarm(1);
    errno = 0;
    struct timespec ten = {10, 0};
    int result = nanosleep(&ten, NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds =
        (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    check(result == -1 && errno == EINTR && n_ticks == 1 && seconds > 0.9 && seconds < 5, "alarm",
          "result %d ticks %d after %.2f s", result, (int)n_ticks, seconds);
    /* A loop without any system call is interrupted too. */
    n_ticks = 0;
    struct itimerval once = {{0, 0}, {0, 50000}};
    setitimer(ITIMER_REAL, &once, NULL);
    for (uint64_t i = 0; !n_ticks && i < 40000000000ull; i++) {
    }
    check(n_ticks == 1, "spin-until-signal", "%d ticks", (int)n_ticks);
}

static volatile unsigned depth;
static void nested(int signal)
{
    if (++depth < 50) {
        raise(signal);
    }
}
static void nesting(void)
{
    struct sigaction action = {.sa_handler = nested, .sa_flags = SA_NODEFER};
    sigaction(SIGUSR1, &action, NULL);
    double before = 1.25;
    raise(SIGUSR1);
    check(depth == 50 && before == 1.25, "nested", "depth %u", depth);
}

void ex_signals(void)
{
    exceptions();
    float_exceptions();
    resume();
    single_step();
    nesting();
    alarms();
    interrupted();
}
