/* stacks.h - the host stacks that guest calls push their return addresses on and guest returns
 * trust (docs/decisions/0016): which is in use, which have to be emptied. Light.
 *
 * A word on a stack leads to a landing: code behind a call, good for one page of one directory. So
 * each directory has a stack of its own (directories that share one take it over empty), and what
 * takes code or a directory's entries away empties stacks. Empty is: only the lowest word is left,
 * at the top; it leads to STUB_BOTTOM and is never popped.
 */
#ifndef CPU_STACKS_H
#define CPU_STACKS_H

#include "cpu/cpu.h"

enum {
    STACKS_STRIDE = 640 << 10, /* from one stack to the next */
    STACKS_GUARD = 64 << 10,   /* without access, at either end */
    STACKS_BYTES = STACKS_STRIDE - STACKS_GUARD,
    STACKS_SHARED = CPU_STACKS / 2,
    STACKS_STAGGER = 128, /* no two tops at the same place of a page: CPUs take that for the same
                             address at first */
    STACKS_ABOVE = 4096,  /* of them above the top: -engine no-landings pops more than it pushed */
};

/* The stacks lie from host on: guard, stack, guard, stack ... guard. Their lowest words are the
 * caller's to write. */
void stacks_begin(struct cpu *cpu, uint64_t host);
static inline uint64_t stacks_end(const struct cpu *cpu, unsigned index)
{
    return cpu->stacks_host + ((uint64_t)index + 1) * STACKS_STRIDE;
}
static inline uint64_t stacks_top(const struct cpu *cpu, unsigned index)
{
    return stacks_end(cpu, index) - STACKS_ABOVE - index * STACKS_STAGGER;
}
/* Of the one in use. */
static inline uint64_t stacks_end_now(const struct cpu *cpu)
{
    return stacks_end(cpu, (unsigned)(cpu->stack_now - cpu->stack));
}
static inline uint64_t stacks_top_now(const struct cpu *cpu)
{
    return stacks_top(cpu, (unsigned)(cpu->stack_now - cpu->stack));
}
/* What directory `number` shares with a few others; those of rings 0 to 2 with none. */
static inline unsigned stacks_index(uint32_t number)
{
    const uint32_t private = number - STACKS_SHARED; /* mostly one for a process, four apart */
    return number < STACKS_SHARED ? number
                                  : STACKS_SHARED + ((private >> 2) + 4 * private) % STACKS_SHARED;
}
/* Directory `number` is in force now: so is its stack. */
void stacks_switch(struct cpu *cpu, uint32_t number);
/* Directory `number` leads elsewhere from some page. */
void stacks_empty(struct cpu *cpu, uint32_t number);
/* Code is no longer what it was made from. */
void stacks_empty_all(struct cpu *cpu);

#endif
