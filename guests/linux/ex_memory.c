/* ex_memory.c - what page tables promise: protection, copy on write, aliases, exact faults. */
#include "exercise.h"

#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE 4096u

static uint8_t *map_pages(unsigned n, int protection)
{
    return mmap(NULL, n * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void read_byte(void *at)
{
    (void)*(volatile uint8_t *)at;
}
static void write_byte(void *at)
{
    *(volatile uint8_t *)at = 1;
}
static void write_word(void *at)
{
    *(volatile uint32_t *)at = 0x11223344;
}
static void read_word(void *at)
{
    (void)*(volatile uint32_t *)at;
}
static void call_code(void *at)
{
    ((void (*)(void))at)();
}

static void protection(void)
{
    uint8_t *pages = map_pages(4, PROT_READ | PROT_WRITE);
    pages[0] = pages[PAGE] = 7;
    mprotect(pages, PAGE, PROT_READ);
    check(catch_fault(write_byte, pages + 5) == SIGSEGV && caught.code == SEGV_ACCERR &&
              caught.fault_lin == (uintptr_t)pages + 5 && caught.regs[REG_ERR] == 7,
          "write-to-read-only", "signal %d code %d at %x error %x", caught.signal, caught.code,
          (unsigned)caught.fault_lin, caught.regs[REG_ERR]);
    check(catch_fault(read_byte, pages) == 0 && pages[0] == 7, "read-of-read-only", "%d",
          caught.signal);
    mprotect(pages, PAGE, PROT_READ | PROT_WRITE);
    check(catch_fault(write_byte, pages) == 0, "write-allowed-again", "%d", caught.signal);
    mprotect(pages, PAGE, PROT_NONE);
    check(catch_fault(read_byte, pages) == SIGSEGV && caught.code == SEGV_ACCERR, "prot-none", "%d",
          caught.signal);
    munmap(pages + 2 * PAGE, PAGE);
    check(catch_fault(read_byte, pages + 2 * PAGE + 9) == SIGSEGV && caught.code == SEGV_MAPERR &&
              caught.fault_lin == (uintptr_t)pages + 2 * PAGE + 9,
          "unmapped", "signal %d code %d", caught.signal, caught.code);
    check(catch_fault(read_byte, (void *)0) == SIGSEGV && caught.fault_lin == 0, "null", "%d",
          caught.signal);
    check(catch_fault(read_byte, (void *)0xfffffff0u) == SIGSEGV &&
              caught.fault_lin == 0xfffffff0u && (caught.regs[REG_ERR] & 4),
          "kernel-address", "signal %d at %x", caught.signal, (unsigned)caught.fault_lin);
    munmap(pages, 4 * PAGE);
}

static void crossing(void)
{
    /* A store across a boundary to a missing page writes nothing, and names the second page. */
    uint8_t *pages = map_pages(2, PROT_READ | PROT_WRITE);
    memset(pages, 0x55, 2 * PAGE);
    mprotect(pages + PAGE, PAGE, PROT_NONE);
    bool faulted = catch_fault(write_word, pages + PAGE - 2) == SIGSEGV;
    check(faulted && caught.fault_lin == (uintptr_t)pages + PAGE && pages[PAGE - 2] == 0x55 &&
              pages[PAGE - 1] == 0x55,
          "crossing-store", "faulted %d at +%x, bytes %02x %02x", faulted,
          (unsigned)(caught.fault_lin - (uintptr_t)pages), pages[PAGE - 2], pages[PAGE - 1]);
    check(catch_fault(read_word, pages + PAGE - 1) == SIGSEGV &&
              caught.fault_lin == (uintptr_t)pages + PAGE,
          "crossing-load", "at +%x", (unsigned)(caught.fault_lin - (uintptr_t)pages));
    munmap(pages, 2 * PAGE);
}

struct string_fault {
    uint8_t *from, *to;
};
static void copy_string(void *arg)
{
    struct string_fault *f = arg;
    uint8_t *from = f->from, *to = f->to;
    unsigned n = 100;
    __asm__ volatile("rep movsl" : "+S"(from), "+D"(to), "+c"(n) : : "memory");
}
static void strings(void)
{
    /* REP MOVSD that meets a hole after 10 elements: registers say exactly how far it came. */
    uint8_t *pages = map_pages(4, PROT_READ | PROT_WRITE);
    for (unsigned i = 0; i < PAGE; i++) {
        pages[i] = (uint8_t)(i * 7);
    }
    mprotect(pages + 3 * PAGE, PAGE, PROT_NONE);
    struct string_fault f = {pages, pages + 3 * PAGE - 40};
    bool faulted = catch_fault(copy_string, &f) == SIGSEGV;
    check(faulted && caught.regs[REG_ECX] == 90 &&
              (uint32_t)caught.regs[REG_EDI] == (uint32_t)(uintptr_t)(pages + 3 * PAGE) &&
              (uint32_t)caught.regs[REG_ESI] == (uint32_t)(uintptr_t)(pages + 40) &&
              !memcmp(pages, pages + 3 * PAGE - 40, 40),
          "string-fault", "faulted %d ecx %d", faulted, caught.regs[REG_ECX]);
    munmap(pages, 4 * PAGE);
}

static void no_execute(void)
{
    /* Where the kernel sets NX (PAE, and only if it means to: Debian 12's 32-bit kernel does not
     * for such pages) the call faults as a fetch; elsewhere any readable page runs. Nothing in
     * between. */
    uint8_t *page = map_pages(1, PROT_READ | PROT_WRITE);
    page[0] = 0xc3;
    int signal = catch_fault(call_code, page);
    check(signal == 0 || (signal == SIGSEGV && caught.fault_lin == (uintptr_t)page &&
                          (caught.regs[REG_ERR] & 0x15) == 0x15),
          "no-execute", "signal %d at %x error %x", signal, (unsigned)caught.fault_lin,
          caught.regs[REG_ERR]);
    mprotect(page, PAGE, PROT_READ | PROT_EXEC);
    check(catch_fault(call_code, page) == 0, "exec-allowed", "signal %d", caught.signal);
    munmap(page, PAGE);
}

static void aliases(void)
{
    int fd = memfd_create("alias", 0);
    if (fd < 0 || ftruncate(fd, 16 * PAGE)) {
        check(false, "alias", "no memfd");
        return;
    }
    uint8_t *one = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint8_t *two = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (unsigned i = 0; i < 16 * PAGE; i += 64) {
        one[i] = (uint8_t)(i >> 6);
    }
    bool same = !memcmp(one, two, 16 * PAGE);
    two[5 * PAGE] = 0xa5;
    check(same && one[5 * PAGE] == 0xa5, "alias", "same %d", same);
    pid_t child = fork();
    if (child == 0) {
        one[6 * PAGE] = 0x77;
        _exit(0);
    }
    waitpid(child, NULL, 0);
    check_equal("shared-with-child", two[6 * PAGE], 0x77);
    two = mremap(two, 16 * PAGE, 32 * PAGE, MREMAP_MAYMOVE);
    check(two != MAP_FAILED && two[6 * PAGE] == 0x77, "mremap", "%p", (void *)two);
    close(fd);
}

static void copy_on_write(void)
{
    enum { N = 512 };
    uint8_t *pages = map_pages(N, PROT_READ | PROT_WRITE);
    for (unsigned i = 0; i < N; i++) {
        pages[i * PAGE + i] = (uint8_t)i;
    }
    int bad_in_child = 0;
    pid_t child = fork();
    if (child == 0) {
        for (unsigned i = 0; i < N; i++) {
            bad_in_child += pages[i * PAGE + i] != (uint8_t)i;
            pages[i * PAGE + i] = 0xee;
        }
        _exit(bad_in_child ? 1 : 0);
    }
    int status, bad = 0;
    waitpid(child, &status, 0);
    for (unsigned i = 0; i < N; i++) {
        bad += pages[i * PAGE + i] != (uint8_t)i;
    }
    check(status == 0 && bad == 0, "copy-on-write", "child %x, parent %d bad", status, bad);
    madvise(pages, N * PAGE, MADV_DONTNEED);
    int not_zero = 0;
    for (unsigned i = 0; i < N; i++) {
        not_zero += pages[i * PAGE + i] != 0;
    }
    check_equal("dontneed-zeroes", (unsigned)not_zero, 0);
    munmap(pages, N * PAGE);
}

static void much(void)
{
    /* 24 MiB, written in one order and read in another. */
    enum { WORDS = 6 << 20 };
    uint32_t *words =
        mmap(NULL, WORDS * 4u, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (words == MAP_FAILED) {
        check(false, "24-mib", "mmap");
        return;
    }
    for (uint32_t i = 0; i < WORDS; i++) {
        words[i] = i * 2654435761u;
    }
    uint32_t bad = 0;
    for (uint32_t start = 0; start < 1024; start++) {
        for (uint32_t i = start; i < WORDS; i += 1024) {
            bad += words[i] != i * 2654435761u;
        }
    }
    check_equal("24-mib", bad, 0);
    munmap(words, WORDS * 4u);
}

static unsigned deep(unsigned n)
{
    volatile uint8_t frame[1024];
    frame[0] = (uint8_t)n;
    return n ? deep(n - 1) + frame[0] : 0;
}

void ex_memory(void)
{
    protection();
    crossing();
    strings();
    no_execute();
    aliases();
    copy_on_write();
    much();
    check_equal("stack-growth", deep(4000), 502480);
}
