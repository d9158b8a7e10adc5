/* ex_selfmod.c - programs that write the code they run, in every way known to confuse a machine
 * that keeps translations: same page, other page, other mapping, ahead of itself, mixed with data.
 *
 * On a 32-bit x86 no flush is needed: a store followed by a branch is enough (SDM vol. 3,
 * "Self-Modifying Code").
 */
#include "exercise.h"

#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE 4096u
typedef uint32_t (*code_fn)(uint32_t);

static uint8_t *map_code(unsigned n)
{
    return mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0);
}
/* mov $value, %eax; ret */
static void put_constant(uint8_t *at, uint32_t value)
{
    at[0] = 0xb8;
    memcpy(at + 1, &value, 4);
    at[5] = 0xc3;
}
static uint32_t run(const void *at, uint32_t arg)
{
    code_fn fn;
    memcpy(&fn, &at, sizeof(fn));
    return fn(arg);
}

static void rewrite(uint8_t *code)
{
    unsigned bad = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        put_constant(code, i);
        bad += run(code, 0) != i;
    }
    check_equal("same-place", bad, 0);
    /* Change one byte in the middle of an instruction that has already run. */
    put_constant(code, 0);
    for (uint32_t i = 0; i < 500; i++) {
        code[1 + i % 4] = (uint8_t)(i * 5);
        uint32_t expected;
        memcpy(&expected, code + 1, 4);
        bad += run(code, 0) != expected;
    }
    check_equal("one-byte", bad, 0);
    /* The same through memcpy, rep stos and a store that crosses from another page. */
    uint8_t next[16];
    for (uint32_t i = 0; i < 500; i++) {
        put_constant(next, i ^ 0xa5a5);
        memcpy(code + PAGE - 3, next, 6);
        bad += run(code + PAGE - 3, 0) != (i ^ 0xa5a5);
        *(uint32_t *)(code + PAGE - 2) = i; /* the immediate, across the boundary */
        bad += run(code + PAGE - 3, 0) != i;
    }
    check_equal("across-pages", bad, 0);
}

static void jit(uint8_t *code)
{
    /* A fresh function each time, filling the buffer and starting over: xor $i, add, ret. */
    unsigned bad = 0;
    uint32_t off = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        if (off + 16 > 4 * PAGE) {
            off = 0;
        }
        uint8_t *at = code + off;
        static const uint8_t head[] = {0x8b, 0x44, 0x24, 0x04, 0x35}; /* mov 4(%esp), %eax; xor $ */
        memcpy(at, head, 5);
        memcpy(at + 5, &i, 4);
        at[9] = 0xf7, at[10] = 0xd0; /* not %eax */
        at[11] = 0xc3;
        bad += run(at, i * 3) != ~(i * 3 ^ i);
        off += 12;
    }
    check_equal("jit", bad, 0);
}

static void two_mappings(void)
{
    int fd = memfd_create("code", 0);
    if (fd < 0 || ftruncate(fd, 2 * PAGE)) {
        check(false, "two-mappings", "no memfd");
        return;
    }
    uint8_t *writable = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint8_t *runnable = mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    unsigned bad = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        put_constant(writable + i % 64 * 8, i);
        bad += run(runnable + i % 64 * 8, 0) != i;
    }
    check_equal("two-mappings", bad, 0);
    /* Another process writes, this one runs. */
    put_constant(writable, 1);
    bad = run(runnable, 0) != 1;
    pid_t child = fork();
    if (child == 0) {
        put_constant(writable, 0xc001);
        _exit(run(runnable, 0) != 0xc001);
    }
    int status;
    waitpid(child, &status, 0);
    check(status == 0 && !bad && run(runnable, 0) == 0xc001, "other-process", "status %x, value %x",
          status, run(runnable, 0));
    /* The kernel writes: read() into code. */
    uint8_t bytes[8];
    int pipes[2];
    bad = pipe(pipes);
    for (uint32_t i = 0; i < 200; i++) {
        put_constant(bytes, i + 7);
        bad += write(pipes[1], bytes, 6) != 6 || read(pipes[0], writable, 6) != 6;
        bad += run(runnable, 0) != i + 7;
    }
    check_equal("kernel-writes", bad, 0);
    /* Another file page at the same address. */
    put_constant(writable + PAGE, 0xbeef);
    runnable = mmap(runnable, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, PAGE);
    check_equal("remapped", run(runnable, 0), 0xbeef);
    close(fd);
}

static void protect(uint8_t *code)
{
    unsigned bad = 0;
    for (uint32_t i = 0; i < 300; i++) {
        mprotect(code, PAGE, PROT_READ | PROT_WRITE);
        put_constant(code, i);
        mprotect(code, PAGE, PROT_READ | PROT_EXEC);
        bad += run(code, 0) != i;
    }
    mprotect(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    check_equal("w-xor-x", bad, 0);
}

static void ahead(uint8_t *code)
{
    /* The code changes the instruction just after itself: movb $imm, next+1; jmp next; next: mov.
     */
    uint8_t *next = code + 16;
    uint32_t next_imm = (uint32_t)(uintptr_t)(next + 1);
    static const uint8_t fill[] = {0x8a, 0x44, 0x24, 0x04,
                                   0xa2}; /* mov 4(%esp), %al; mov %al, moffs */
    memcpy(code, fill, 5);
    memcpy(code + 5, &next_imm, 4);
    code[9] = 0xeb, code[10] = 5; /* jmp next */
    put_constant(next, 0);
    unsigned bad = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        bad += run(code, i & 0xff) != (i & 0xff);
    }
    check_equal("just-ahead", bad, 0);
    /* The same without a branch: hardware sees that too since the P6. */
    memset(code + 9, 0x90, 7);
    for (uint32_t i = 0; i < 1000; i++) {
        bad += run(code, (i * 7) & 0xff) != ((i * 7) & 0xff);
    }
    check_equal("straight-ahead", bad, 0);
    /* REP STOSB over code that already ran, itself in the same page: nops become inc %eax (40). */
    static const uint8_t stos[] = {
        0x57,                      /* push %edi */
        0xe8, 0,    0,    0,    0, /* call 1f */
        0x5f,                      /* 1: pop %edi */
        0x83, 0xc7, 0x12,          /* add $18, %edi: the byte after the stosb */
        0xb9, 8,    0,    0,    0, /* mov $8, %ecx */
        0x8a, 0x44, 0x24, 0x08,    /* mov 8(%esp), %al */
        0xf3, 0xaa,                /* rep stosb */
        0x31, 0xc0,                /* (overwritten) */
        0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x5f, 0xc3, /* pop %edi; ret */
    };
    memcpy(code, stos, sizeof(stos));
    code[9] = (uint8_t)(offsetof(
                            struct {
                                uint8_t bytes[21];
                                uint8_t target;
                            },
                            target) -
                        6);
    bad = 0;
    for (uint32_t i = 0; i < 100; i++) {
        /* al = 40: inc %eax eight times on 0x..40; al = 90: nothing. */
        uint32_t wanted = i % 2 ? 0x48 : 0x90;
        bad += (uint8_t)run(code, i % 2 ? 0x40 : 0x90) != wanted;
    }
    check_equal("rep-stos", bad, 0);
}

static void mixed(uint8_t *code)
{
    /* Data and code in one page: stores to the data must neither be lost nor disturb the code. */
    uint32_t *counter = (uint32_t *)(code + 1024);
    uint32_t counter_lin = (uint32_t)(uintptr_t)counter;
    static const uint8_t head[] = {0xff, 0x05}; /* incl moffs */
    memcpy(code, head, 2);
    memcpy(code + 2, &counter_lin, 4);
    code[6] = 0xa1; /* mov moffs, %eax */
    memcpy(code + 7, &counter_lin, 4);
    code[11] = 0xc3;
    *counter = 0;
    unsigned bad = 0;
    for (uint32_t i = 1; i <= 100000; i++) {
        bad += run(code, 0) != i;
    }
    check_equal("data-in-code-page", bad, 0);
    /* Reading code as data gives what was written, before and after it ran. */
    put_constant(code, 0x12345678);
    uint32_t value = run(code, 0), read_back;
    memcpy(&read_back, code + 1, 4);
    check(value == 0x12345678 && read_back == value && code[0] == 0xb8 && code[5] == 0xc3,
          "read-back", "%08x %08x", value, read_back);
}

void ex_selfmod(void)
{
    uint8_t *code = map_code(4);
    if (code == MAP_FAILED) {
        check(false, "map", "mmap");
        return;
    }
    rewrite(code);
    jit(code);
    protect(code);
    ahead(code);
    mixed(code);
    two_mappings();
    /* Unmapped and mapped again at the same address: the old code must be gone. */
    unsigned bad = 0;
    for (uint32_t i = 0; i < 200; i++) {
        munmap(code, PAGE);
        mmap(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        bad += code[0] != 0;
        put_constant(code, i);
        bad += run(code, 0) != i;
    }
    check_equal("unmap-and-map", bad, 0);
}
