/* cpu.c - single instructions a virtual machine monitor has to think about. */
#include "micro.h"

#include <stddef.h>
#include <sys/mman.h>

uint32_t micro_call_return(unsigned n)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < n; i++)
        __asm__ volatile("call 1f; jmp 2f; 1: inc %0; ret; 2:" : "+r"(count) : : "cc", "memory");
    return count;
}

static uint32_t add_one(uint32_t a)
{
    return a + 1;
}
static uint32_t add_two(uint32_t a)
{
    return a + 2;
}
static uint32_t add_three(uint32_t a)
{
    return a ^ 3;
}
static uint32_t add_four(uint32_t a)
{
    return a + 4;
}

uint32_t micro_call_indirect(unsigned n)
{
    static uint32_t (*volatile targets[])(uint32_t) = {add_one, add_two, add_three, add_four};
    uint32_t count = 0;
    for (unsigned i = 0; i < n; i++)
        count = targets[i & 3](count);
    return count;
}

uint32_t micro_rdtsc(unsigned n)
{
    uint64_t last = 0;
    for (unsigned i = 0; i < n; i++) {
        uint64_t now = __builtin_ia32_rdtsc();
        bench_require(now >= last);
        last = now;
    }
    return n;
}

/* Reads the flags and writes them back, with the direction flag set half of the time. */
uint32_t micro_pushf_popf(unsigned n)
{
    uint32_t flags, sum = 0;
    for (unsigned i = 0; i < n; i++) {
        __asm__ volatile("pushf; pop %0; xor $0x400, %0; push %0; popf; pushf; pop %0; cld"
                         : "=&r"(flags)
                         :
                         : "cc", "memory");
        sum += flags >> 10 & 1;
        bench_require(flags & 0x200);
    }
    return sum;
}

uint32_t micro_load_segment(unsigned n)
{
    uint32_t selector;
    __asm__ volatile("mov %%ds, %0" : "=r"(selector));
    for (unsigned i = 0; i < n; i++)
        __asm__ volatile("mov %0, %%es" : : "r"(selector) : "memory");
    return n;
}

/* Writes the constant of a small routine and calls it: a code page that is also written. */
uint32_t micro_self_modify(unsigned n)
{
    static const uint8_t routine[] = {0xB8, 0, 0, 0, 0, 0xC3}; /* mov $imm32,%eax; ret */
    static uint8_t *code;
    uint32_t sum = 0;
    if (!code) {
        code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                    0);
        bench_require(code != MAP_FAILED);
        for (unsigned i = 0; i < sizeof routine; i++)
            code[i] = routine[i];
    }
    for (unsigned i = 0; i < n; i++) {
        *(volatile uint32_t *)(code + 1) = i * 3;
        bench_barrier();
        uint32_t answer = ((uint32_t(*)(void))code)();
        bench_require(answer == i * 3);
        sum += answer;
    }
    return sum;
}
