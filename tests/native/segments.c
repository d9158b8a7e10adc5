/* segments.c - see segments.h. */
#include "segments.h"

#include <asm/ldt.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DATA, DATA_DOWN, CODE }; /* user_desc.contents; conforming code Linux refuses */

static const struct {
    uint32_t base, limit;
    uint8_t contents, fixed, big, pages, absent; /* fixed: not writable, or not readable */
} table[N_LDT] = {
    [LDT_DATA16] = {DATA_LIN, 0xffff, DATA, 0, 0, 0, 0},
    [LDT_DATA32] = {DATA_LIN, 0xffff, DATA, 0, 1, 0, 0},
    [LDT_READ_ONLY] = {DATA_LIN, 0xffff, DATA, 1, 1, 0, 0},
    [LDT_DOWN16] = {DATA_LIN, 0x17ff, DATA_DOWN, 0, 0, 0, 0},
    [LDT_DOWN32] = {DATA_LIN, 0x17ff, DATA_DOWN, 0, 1, 0, 0},
    [LDT_EXACT] = {DATA_PAGE, 0x1fff, DATA, 0, 1, 0, 0},
    [LDT_ABSENT] = {DATA_LIN, 0xffff, DATA, 0, 1, 0, 1},
    [LDT_EXECUTE] = {DATA_LIN, 0xffff, CODE, 1, 1, 0, 0},
    [LDT_READ_CODE] = {DATA_LIN, 0xffff, CODE, 0, 1, 0, 0},
    [LDT_PAGES] = {DATA_LIN, 0xf, DATA, 0, 1, 1, 0},
    [LDT_FLAT] = {0, 0xfffff, DATA, 0, 1, 1, 0},
    [LDT_ODD] = {DATA_PAGE + 0xf35, 0x1ff, DATA, 0, 1, 0, 0},
    [LDT_CODE32] = {CODE_LIN, CODE_BYTES / 4096 - 1, CODE, 0, 1, 1, 0},
    [LDT_CODE16 + 0] = {CODE_LIN + 0x00000, 0xffff, CODE, 0, 0, 0, 0},
    [LDT_CODE16 + 1] = {CODE_LIN + 0x10000, 0xffff, CODE, 0, 0, 0, 0},
    [LDT_CODE16 + 2] = {CODE_LIN + 0x20000, 0xffff, CODE, 0, 0, 0, 0},
    [LDT_CODE16 + 3] = {CODE_LIN + 0x30000, 0xffff, CODE, 0, 0, 0, 0},
};

static bool is_used(unsigned index)
{
    return table[index].limit != 0;
}

uint32_t segment_base(uint16_t selector)
{
    unsigned index = selector >> 3;
    return (selector & 4) && index < N_LDT ? table[index].base : 0;
}

bool segment_is_big(uint16_t selector)
{
    unsigned index = selector >> 3;
    return !(selector & 4) || (index < N_LDT && table[index].big);
}

int segments_install(void)
{
    for (unsigned i = 0; i < N_LDT; i++) {
        struct user_desc desc = {.entry_number = i,
                                 .base_addr = table[i].base,
                                 .limit = table[i].limit,
                                 .seg_32bit = table[i].big,
                                 .contents = table[i].contents,
                                 .read_exec_only = table[i].fixed,
                                 .limit_in_pages = table[i].pages,
                                 .seg_not_present = table[i].absent};
        /* The kernel's answer has 32 bits: libc does not see that it is negative. */
        int answer = is_used(i) ? (int)syscall(SYS_modify_ldt, 0x11, &desc, sizeof(desc)) : 0;
        if (answer != 0) {
            errno = answer < -1 ? -answer : errno;
            return -1;
        }
    }
    return 0;
}

bool segments_available(void)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        _exit(segments_install() ? 1 : 0);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

/* As Linux's fill_ldt() does it: DPL 3, accessed. */
static struct descriptor describe(unsigned i)
{
    uint32_t base = table[i].base, limit = table[i].limit;
    uint32_t access = 0x71u | (uint32_t)!table[i].fixed << 1 | (uint32_t)table[i].contents << 2 |
                      (uint32_t)!table[i].absent << 7;
    return (struct descriptor){base << 16 | (limit & 0xffff),
                               (base & 0xff000000) | (base >> 16 & 0xff) | access << 8 |
                                   (limit & 0xf0000) | (uint32_t)table[i].big << 22 |
                                   (uint32_t)table[i].pages << 23};
}

/* What LAR and LSL tell of the host's GDT; the base of none of it matters here. */
static struct descriptor visible(unsigned index)
{
    uint32_t rights = 0, limit = 0, selector = index << 3 | 3;
    __asm__("lar %1, %0" : "+r"(rights) : "r"(selector) : "cc");
    __asm__("lsl %1, %0" : "+r"(limit) : "r"(selector) : "cc");
    limit = rights & 0x800000 ? limit >> 12 : limit;
    return (struct descriptor){limit & 0xffff, (rights & 0x00f0ff00) | (limit & 0xf0000)};
}

void segments_describe(struct batch_head *head)
{
    for (unsigned i = 0; i < N_GDT; i++) {
        head->gdt[i] = visible(i);
    }
    for (unsigned i = 0; i < N_LDT; i++) {
        head->ldt[i] = head->has_ldt && is_used(i) ? describe(i) : (struct descriptor){0, 0};
    }
}

uint16_t segment_choose(struct rng *rng, unsigned seg, bool code32, uint32_t slot_lin)
{
    static const uint8_t data[] = {LDT_DATA16,    LDT_DATA32, LDT_DATA16, LDT_DATA32,
                                   LDT_READ_ONLY, LDT_DOWN16, LDT_DOWN32, LDT_READ_CODE,
                                   LDT_EXACT,     LDT_PAGES,  LDT_FLAT,   LDT_ODD};
    static const uint8_t stack[] = {LDT_DATA16, LDT_DATA32, LDT_DOWN16, LDT_DOWN32, LDT_PAGES};
    switch (seg) {
    case CASE_CS:
        if (!code32) {
            return ldt_selector(LDT_CODE16 + ((slot_lin - CODE_LIN) >> 16));
        }
        return rng_chance(rng, 60) ? (uint16_t)SEL_CODE32 : ldt_selector(LDT_CODE32);
    case CASE_SS:
        return rng_chance(rng, code32 ? 40 : 10)
                   ? (uint16_t)SEL_DATA32
                   : ldt_selector(stack[rng_below(rng, sizeof(stack))]);
    case CASE_FS:
    case CASE_GS:
        if (rng_chance(rng, 15)) {
            return 0;
        } /* fall through */
    default:
        return rng_chance(rng, 15) ? (uint16_t)SEL_DATA32
                                   : ldt_selector(data[rng_below(rng, sizeof(data))]);
    }
}
