/* ex_odd.c - user instructions that few programs use and that re-encoding for 64-bit mode must not
 * forget: opcodes that mode took away, segments, 16-bit addressing, the stack pointer as data, and
 * what user mode may not do.
 */
#include "exercise.h"

#include <asm/ldt.h>
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>

#define PRIVILEGED(name, text)                                                                     \
    static void name(void *arg)                                                                    \
    {                                                                                              \
        (void)arg;                                                                                 \
        __asm__ volatile(text : : : "eax", "edx", "memory", "cc");                                 \
    }
PRIVILEGED(do_cli, "cli")
PRIVILEGED(do_hlt, "hlt")
PRIVILEGED(do_in, "inb $0x80, %%al")
PRIVILEGED(do_cr0, "movl %%cr0, %%eax")
PRIVILEGED(do_lidt, "subl $8, %%esp\n\tlidt (%%esp)")
PRIVILEGED(do_wrmsr, "wrmsr")
PRIVILEGED(do_invlpg, "invlpg (%%esp)")
PRIVILEGED(do_int_20, "int $0x20")
PRIVILEGED(do_into, "movl $0x7fffffff, %%eax\n\taddl $1, %%eax\n\tinto")

static void do_bound(void *arg)
{
    int32_t limits[2] = {10, 20};
    __asm__ volatile("boundl %0, %1" : : "r"((int)(intptr_t)arg), "m"(limits) : "memory");
}
static void load_bad_segment(void *arg)
{
    __asm__ volatile("pushl %%es\n\tmovl %0, %%es\n\tpopl %%es" : : "r"(arg));
}

static void forbidden(void)
{
    static const struct {
        const char *name;
        void (*body)(void *);
    } cases[] = {{"user-cli", do_cli},       {"user-hlt", do_hlt},       {"user-in", do_in},
                 {"user-cr0", do_cr0},       {"user-lidt", do_lidt},     {"user-wrmsr", do_wrmsr},
                 {"user-invlpg", do_invlpg}, {"user-int-20", do_int_20}, {"into", do_into}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        check(catch_fault(cases[i].body, NULL) == SIGSEGV, cases[i].name, "signal %d",
              caught.signal);
    }
    check(catch_fault(do_bound, (void *)15) == 0 && catch_fault(do_bound, (void *)21) == SIGSEGV,
          "bound", "signal %d", caught.signal);
    check(catch_fault(load_bad_segment, (void *)0x1237) == SIGSEGV, "bad-segment", "signal %d",
          caught.signal);
    check(catch_fault(load_bad_segment, (void *)0) == 0, "null-segment", "signal %d",
          caught.signal);
}

static void old_opcodes(void)
{
    uint32_t a, d, flags;
    __asm__("movl $0x19, %%eax\n\taddb $0x28, %%al\n\tdaa" : "=a"(a) : : "cc");
    check_equal("daa", a & 0xff, 0x47);
    __asm__("movl $0x47, %%eax\n\tsubb $0x28, %%al\n\tdas" : "=a"(a) : : "cc");
    check_equal("das", a & 0xff, 0x19);
    __asm__("movl $0x0109, %%eax\n\taddb $8, %%al\n\taaa" : "=a"(a) : : "cc");
    check_equal("aaa", a & 0xffff, 0x0207);
    __asm__("movl $0x0205, %%eax\n\tsubb $8, %%al\n\taas" : "=a"(a) : : "cc");
    check_equal("aas", a & 0xffff, 0x0107);
    __asm__("movl $63, %%eax\n\taam" : "=a"(a) : : "cc");
    check_equal("aam", a & 0xffff, 0x0603);
    __asm__("movl $0x0603, %%eax\n\taad" : "=a"(a) : : "cc");
    check_equal("aad", a & 0xffff, 63);
    __asm__ volatile("stc\n\t.byte 0xd6\n\tmovl %%eax, %0" : "=r"(a) : : "eax", "cc"); /* salc */
    check_equal("salc", a & 0xff, 0xff);
    static uint32_t seen[4]; /* static: POPA takes back what was put into registers */
    __asm__ volatile(
        "pushal\n\tmovl 28(%%esp), %%ecx\n\tmovl %%ecx, %0\n\tmovl 12(%%esp), %%ecx\n\t"
        "movl %%ecx, %1\n\tleal 32(%%esp), %%ecx\n\tmovl %%ecx, %2\n\tmovl $9, 16(%%esp)\n\t"
        "popal\n\tmovl %%ebx, %3"
        : "=m"(seen[0]), "=m"(seen[1]), "=m"(seen[2]), "=m"(seen[3])
        : "a"(0xabcd0123)
        : "ebx", "memory");
    check(seen[0] == 0xabcd0123 && seen[1] == seen[2] && seen[3] == 9, "pusha",
          "eax %x esp %x %x ebx %x", seen[0], seen[1], seen[2], seen[3]);
    __asm__ volatile("pushl %%es\n\tpushl %%ds\n\tpushl %%ss\n\tpushl %%cs\n\tpopl %0\n\tpopl "
                     "%1\n\tpopl %%ds\n\t"
                     "popl %%es"
                     : "=r"(a), "=r"(d));
    check((a & 3) == 3 && (d & 3) == 3, "push-segments", "%x %x", a, d);
    static uint8_t table[256];
    for (int i = 0; i < 256; i++) {
        table[i] = (uint8_t)(255 - i);
    }
    __asm__("xlatb" : "=a"(a) : "a"(0x11), "b"(table) : "memory");
    check_equal("xlat", a & 0xff, 0xee);
    __asm__("xorl %%eax, %%eax\n\tmovb $0xd5, %%ah\n\tsahf\n\tlahf\n\tmovl %%eax, %0"
            : "=r"(flags)
            :
            : "eax", "cc");
    check_equal("sahf", flags >> 8 & 0xff, 0xd7);
    static const struct {
        uint32_t off;
        uint16_t selector;
    } __attribute__((packed)) pointer = {0x1234, 0};
    __asm__ volatile("pushl %%es\n\tlesl %1, %0\n\tpopl %%es" : "=r"(a) : "m"(pointer));
    check_equal("les", a, 0x1234);
    uint32_t value = 5, low_nibble;
    __asm__("incl %0\n\tdecl %0\n\tincw %w0\n\tmovl %0, %1"
            : "+r"(value), "=r"(low_nibble)
            :
            : "cc");
    check_equal("inc-dec", low_nibble, 6);
}

static void add_by_alias(void *arg)
{
    __asm__ volatile(".byte 0x82, 0xc0, 0x05"
                     : "=a"(*(uint32_t *)arg)
                     : "0"(3)
                     : "cc"); /* add $5, %al */
}
static void opcode_82(void)
{
    uint32_t a = 0;
    check(catch_fault(add_by_alias, &a) == 0 && (a & 0xff) == 8, "opcode-82", "signal %d, %x",
          caught.signal, a);
}

static void stack_pointer(void)
{
    uint32_t a, b, c;
    __asm__ volatile("movl %%esp, %1\n\tpushl %%esp\n\tpopl %0" : "=r"(a), "=r"(b));
    check_equal("push-esp", a, b);
    __asm__ volatile("pushl $7\n\tpushl $9\n\tpopl (%%esp)\n\tpopl %0" : "=r"(a));
    check_equal("pop-to-esp", a, 9);
    __asm__ volatile(
        "movl %%esp, %2\n\tpushl $1\n\tpushl $2\n\tmovl $3, %0\n\txchgl %0, (%%esp)\n\tpopl %1\n\t"
        "movl %2, %%esp"
        : "=&r"(a), "=&r"(b), "=&r"(c));
    check(a == 2 && b == 3, "xchg-stack", "%u %u", a, b);
    __asm__ volatile("movl %%esp, %1\n\tenter $32, $0\n\tmovl %%ebp, %0\n\tleave\n\tsubl %%esp, %1"
                     : "=&r"(a), "=&r"(b));
    check_equal("enter-leave", b, 0);
    __asm__ volatile("pushw $0x1234\n\tpushw $0x5678\n\tpopl %0" : "=r"(a));
    check_equal("pushw", a, 0x12345678);
    __asm__ volatile(
        "call 1f\n\tjmp 2f\n1:\tpushl $11\n\tpushl $22\n\tpushl 8(%%esp)\n\tret $8\n2:\tpopl %0"
        : "=r"(a));
    (void)a; /* the return address pushed by call remains: popped into a */
    check(a != 0, "ret-imm", "%x", a);
    __asm__ volatile(
        "movl %%esp, %1\n\tleal -64(%%esp), %%esp\n\txchgl %%eax, %%esp\n\txchgl %%eax, %%esp\n\t"
        "movl %1, %%esp\n\tmovl %%esp, %0"
        : "=&r"(a), "=&r"(b)
        :
        : "eax");
    check_equal("xchg-esp", a, b);
    /* Calls whose target lies in memory relative to the moving stack pointer. */
    __asm__ volatile(
        "pushl $1f\n\tcall *(%%esp)\n\tjmp 2f\n1:\tmovl $77, %0\n\tret\n2:\taddl $4, %%esp"
        : "=&r"(a));
    check_equal("call-esp", a, 77);
}

static uint32_t fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void addressing(void)
{
    uint32_t a;
    /* A 16-bit effective address in 32-bit code wraps at 64 KiB; lea shows it without an access. */
    __asm__(".byte 0x67\n\tleal 0x7000(%%ebx), %%eax" : "=a"(a) : "b"(0) : "cc");
    __asm__("addr16 leal 0x1000(%%bx,%%si), %0" : "=r"(a) : "b"(0xfffff000), "S"(0x0ff0));
    check_equal("lea-16", a, 0x0ff0);
    /* Address arithmetic wraps at 4 GiB. */
    uint32_t word = 0xcafe;
    uint32_t high = (uint32_t)(uintptr_t)&word + 0x80000000u;
    __asm__("movl -0x80000000(%1), %0" : "=r"(a) : "r"(high), "m"(word));
    check_equal("wrap-4g", a, 0xcafe);
    uint32_t quarter = (uint32_t)(uintptr_t)&word - 0x40000000u * 3;
    __asm__("movl (%1,%2,4), %0"
            : "=r"(a)
            : "r"(quarter - 0x40000000u * 4u), "r"(0x70000000u), "m"(word));
    check_equal("wrap-index", a, 0xcafe);
    /* jecxz with a 16-bit count, loop, and their flags. */
    __asm__ volatile("movl $0x10000, %%ecx\n\txorl %0, %0\n\taddr16 jecxz 1f\n\tmovl $1, %0\n1:"
                     : "=r"(a)
                     :
                     : "ecx", "cc");
    check_equal("jcxz", a, 0);
    __asm__ volatile("movl $10, %%ecx\n\txorl %0, %0\n1:\taddl $2, %0\n\tloop 1b"
                     : "=r"(a)
                     :
                     : "ecx", "cc");
    check_equal("loop", a, 20);
    check_equal("recursion", fib(22), 17711);
    /* Strings backwards. */
    char text[16] = "0123456789abcde";
    const char *from = text + 9;
    char *to = text + 12;
    uint32_t n = 10;
    __asm__ volatile("std\n\trep movsb\n\tcld" : "+S"(from), "+D"(to), "+c"(n) : : "memory", "cc");
    check(!strcmp(text, "0120123456789de"), "std-movs", "%s", text);
    to = text;
    n = 16;
    __asm__ volatile("repne scasb" : "+D"(to), "+c"(n) : "a"('9') : "memory", "cc");
    check_equal("scas", (uint32_t)(to - text), 13);
    uint64_t pair = 0x1111111122222222ull;
    uint8_t equal;
    __asm__ volatile("lock cmpxchg8b %0\n\tsetz %1"
                     : "+m"(pair), "=q"(equal)
                     : "A"(0x1111111122222222ull), "b"(3), "c"(4)
                     : "cc");
    check(equal && pair == 0x0000000400000003ull, "cmpxchg8b", "%llx", (unsigned long long)pair);
    __asm__("bswap %0" : "=r"(a) : "0"(0x01020304));
    check_equal("bswap", a, 0x04030201);
    uint32_t bits[4] = {0, 0, 0, 0};
    __asm__ volatile("btsl %1, %0" : "+m"(bits) : "r"(70) : "cc", "memory");
    check_equal("bts-memory", bits[2], 1u << 6);
}

static void far_calls(void)
{
    uint32_t a;
    __asm__ volatile("pushl %%cs\n\tpushl $1f\n\tlret\n1:\tmovl $5, %0" : "=r"(a));
    check_equal("lret", a, 5);
    static struct {
        uint32_t off;
        uint16_t selector;
    } __attribute__((packed)) target;
    __asm__ volatile(
        "movl $1f, %0\n\tmovw %%cs, %1\n\tlcall *%0\n\tjmp 2f\n1:\tmovl $6, %%eax\n\tlret\n2:"
        : "=m"(target.off), "=m"(target.selector), "=a"(a)
        :
        : "memory");
    check_equal("lcall", a, 6);
}

/* A data segment with its own base and limit from the local descriptor table. */
static void read_segment(void *arg)
{
    uint32_t off = (uint32_t)(uintptr_t)arg, value;
    __asm__ volatile("movl %%fs:(%1), %0" : "=r"(value) : "r"(off));
    (void)value;
}
static void local_segments(void)
{
    static uint32_t words[1024] = {111, 222, 333};
    struct user_desc desc = {.entry_number = 3,
                             .base_addr = (unsigned)(uintptr_t)words,
                             .limit = 7,
                             .seg_32bit = 1,
                             .useable = 1};
    if (syscall(SYS_modify_ldt, 1, &desc, sizeof(desc)) != 0) {
        check(false, "ldt", "modify_ldt: errno %d", errno);
        return;
    }
    uint32_t a, b;
    __asm__ volatile("movl $0x1f, %%eax\n\tmovl %%eax, %%fs\n\tmovl %%fs:4, %0\n\tmovl $999, "
                     "%%fs:0\n\tmovl %%fs:0, %1"
                     : "=&r"(a), "=&r"(b)
                     :
                     : "eax", "memory");
    check(a == 222 && b == 999 && words[0] == 999, "ldt", "%u %u", a, b);
    check(catch_fault(read_segment, (void *)4) == 0, "ldt-inside", "signal %d", caught.signal);
    check(catch_fault(read_segment, (void *)5) == SIGSEGV &&
              catch_fault(read_segment, (void *)8) == SIGSEGV,
          "ldt-limit", "signal %d", caught.signal);
    __asm__ volatile("movl %0, %%fs" : : "r"(0));
    /* TLS again after all that. */
    static __thread int mine = 31;
    check_equal("tls-after", (unsigned)mine, 31);
}

static void kernel_entry(void)
{
    uint32_t by_int, by_libc = (uint32_t)getpid();
    __asm__ volatile("int $0x80" : "=a"(by_int) : "0"(SYS_getpid) : "memory");
    check_equal("int-80", by_int, by_libc);
    unsigned bad = 0;
    for (unsigned i = 0; i < 20000; i++) {
        bad += (uint32_t)syscall(SYS_getppid) == 0;
    }
    check_equal("20000-syscalls", bad, 0);
    struct timespec before, now;
    clock_gettime(CLOCK_MONOTONIC, &before);
    uint64_t tsc = __builtin_ia32_rdtsc();
    for (unsigned i = 0; i < 20000; i++) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        uint64_t next = __builtin_ia32_rdtsc();
        bad += now.tv_sec < before.tv_sec ||
               (now.tv_sec == before.tv_sec && now.tv_nsec < before.tv_nsec);
        bad += next < tsc;
        tsc = next;
        before = now;
    }
    check_equal("time-goes-forward", bad, 0);
}

void ex_odd(void)
{
    old_opcodes();
    opcode_82();
    stack_pointer();
    addressing();
    far_calls();
    local_segments();
    kernel_entry();
    forbidden();
}
