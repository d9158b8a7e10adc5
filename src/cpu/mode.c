/* mode.c - what follows from the CPU's state: the mode key and the fast form of segment access.
 *
 * Called after every change of CR0, CPL, segments, TF, VM or DR7; light. Owns nothing; tells view/
 * which window and directory are due. Decides nothing about the guest.
 */
#include "cpu/cpu.h"
#include "cpu/stacks.h"
#include "view/view.h"
#include "x86/desc.h"

/* Access rights that allow both loads and stores at any offset below the limit: present data,
 * writable, expand-up. */
static inline bool access_is_plain(uint8_t access)
{
    const uint8_t mask = SEG_PRESENT | SEG_S | SEG_CODE | SEG_DC | SEG_RW;
    return (access & mask) == (SEG_PRESENT | SEG_S | SEG_RW);
}

/* CS: readable code, or what reset leaves in CS, which is typed as data. */
static inline bool access_is_readable_cs(uint8_t access)
{
    if ((access & (SEG_PRESENT | SEG_S | SEG_CODE | SEG_RW)) ==
        (SEG_PRESENT | SEG_S | SEG_CODE | SEG_RW)) {
        return true;
    }
    return access_is_plain(access);
}

static inline bool is_flat(const struct cpu *cpu)
{
    const struct segment *cs = &cpu->seg[SEG_CS], *ds = &cpu->seg[SEG_DS];
    const struct segment *es = &cpu->seg[SEG_ES], *ss = &cpu->seg[SEG_SS];
    const uint32_t base = cs->base | ds->base | es->base | ss->base;
    const uint32_t limit = cs->limit & ds->limit & es->limit & ss->limit;
    if ((base | ~limit) != 0) {
        return false;
    }
    return access_is_plain(ds->access) && access_is_plain(es->access) &&
           access_is_plain(ss->access) && access_is_readable_cs(cs->access);
}

bool cpu_is_flat(const struct cpu *cpu)
{
    return is_flat(cpu);
}

/* -(bytes from offset 0 that the segment has). */
static inline int64_t reach_of(uint32_t limit)
{
    return -(int64_t)limit - 1;
}

/* "Limit Checking", "Type Checking". Expand-down segments are left to C; in real and V86 mode there
 * are no types. */
static void update_reach(struct cpu *cpu, enum seg seg)
{
    const struct segment *segment = &cpu->seg[seg];
    const bool prot = (cpu->cr0 & CR0_PE) && !(cpu->sysflags & FLAG_VM);
    const uint8_t access = segment->access;
    const bool down = (access & (SEG_S | SEG_CODE | SEG_DC)) == (SEG_S | SEG_DC);
    const bool usable = !down && (access & SEG_PRESENT); /* null: what PE=0 makes of it C knows */
    const bool reads = usable && (!prot || (access & (SEG_CODE | SEG_RW)) != SEG_CODE);
    const bool writes = usable && (!prot || (access & (SEG_CODE | SEG_RW)) == SEG_RW);
    const uint32_t limit16 = segment->limit < 0xffff ? segment->limit : 0xffff;
    cpu->reach[REACH_READ][seg] = reads ? reach_of(segment->limit) : 0;
    cpu->reach[REACH_WRITE][seg] = writes ? reach_of(segment->limit) : 0;
    if (seg == SEG_SS) {
        const uint32_t limit = segment->big ? segment->limit : limit16;
        cpu->stack_reach[REACH_READ] = reads ? reach_of(limit) : 0;
        cpu->stack_reach[REACH_WRITE] = writes ? reach_of(limit) : 0;
    } else if (seg == SEG_CS) {
        cpu->code_reach[REACH_CODE16] = reach_of(limit16);
        cpu->code_reach[REACH_CODE32] = reach_of(segment->limit);
        cpu->cs_minus = 0 - segment->base;
    }
}

void cpu_update_segment(struct cpu *cpu, enum seg seg)
{
    const struct segment *segment = &cpu->seg[seg];
    const bool fast = segment->limit == UINT32_MAX && access_is_plain(segment->access);
    cpu->seg_base_ptr[seg] = fast ? (uint64_t)&segment->base : cpu->poison_ptr;
    cpu->seg_key[seg] = CPU_NO_KEY;
    update_reach(cpu, seg);
}

/* What makes the guest's instructions or accesses be looked at one by one. Rare: one test. */
static inline uint32_t watch_bits(const struct cpu *cpu, uint32_t eflags)
{
    const uint32_t dr7 = cpu->dr[7], flags = eflags & (FLAG_TF | FLAG_AC);
    uint32_t bits = 0;
    if (__builtin_expect(!(flags | (dr7 & DR7_ENABLED)), 1)) {
        return 0;
    }
    bits |= (flags & FLAG_TF) || (dr7 & DR7_ENABLED) ? MODE_STEP : 0;
    bits |= (flags & FLAG_AC) && cpu->cpl == 3 && (cpu->cr0 & CR0_AM) ? MODE_WATCH : 0;
    for (unsigned i = 0; i < 4; i++) { /* R/W bit 0: stores, or loads and stores */
        bits |= (dr7 >> (2 * i) & 3) && (dr7 >> (16 + 4 * i) & 1) ? MODE_WATCH : 0;
    }
    return bits;
}

static uint32_t compute_mode(const struct cpu *cpu)
{
    static const uint8_t ring_bits[4] = {MODE_CPL0, 0, 0, MODE_USER};
    uint32_t mode = ring_bits[cpu->cpl & 3];
    mode |= cpu->seg[SEG_CS].big ? MODE_CODE32 : 0;
    mode |= cpu->seg[SEG_SS].big ? MODE_STACK32 : 0;
    mode |= is_flat(cpu) ? MODE_FLAT : 0;
    mode |= (cpu->cr0 & CR0_PE) ? MODE_PROT : 0;
    mode |= (cpu->sysflags & FLAG_VM) ? MODE_V86 : 0;
    mode |= (cpu->cr0 & (CR0_TS | CR0_EM)) ? MODE_NM : 0;
    mode |= (cpu->cr4 & CR4_OSFXSR) ? 0 : MODE_NOSSE;
    mode |= watch_bits(cpu, cpu->sysflags);
    if (!(mode & MODE_FLAT) && (mode & (MODE_PROT | MODE_V86)) == MODE_PROT) {
        mode |= cpu->seg[SEG_CS].limit != UINT32_MAX ? MODE_CSLIMIT : 0;
    }
    if ((cpu->cr0 & (CR0_PG | CR0_WP)) == CR0_PG && cpu->cpl < 3) {
        mode |= MODE_NOWP;
    }
    return mode;
}

static inline void set_mode(struct cpu *cpu, uint32_t mode)
{
    const struct cpu_switch *known = &cpu->switched[mode & MODE_USER];
    if (mode == cpu->mode) {
        return;
    }
    cpu->mode = mode;
    if (__builtin_expect(known->mode == mode, 1)) {
        cpu->window = known->window;
        cpu->dir = known->dir;
        cpu->stack_now = known->stack;
    } else if (cpu->view) {
        view_switch_mode(cpu);
    }
}

/* "Limit Checking": code ends where CS does. Units are made per linear page and mode; the page in
 * which the limit lies is scanned up to it only (miss.c), so it must be entered anew when another
 * limit comes into force.
 * DEVIATION: real and V86 code that runs past offset FFFF without a branch faults only at the end
 * of that linear page; pages are shared by all the segments that overlap there. */
static void update_code_end(struct cpu *cpu)
{
    const struct segment *cs = &cpu->seg[SEG_CS];
    const uint32_t end = cpu->mode & MODE_CSLIMIT ? cs->base + cs->limit + 1 : 0;
    if (end != cpu->code_end) {
        if (cpu->view && end) {
            view_forget_code(cpu, cpu->code_end);
            view_forget_code(cpu, end);
        }
        cpu->code_end = end;
    }
}

void cpu_update_ring(struct cpu *cpu)
{
    set_mode(cpu, compute_mode(cpu));
    if (__builtin_expect((cpu->mode & MODE_CSLIMIT) || cpu->code_end, 0)) {
        update_code_end(cpu);
    }
}

uint32_t cpu_flat_mode(const struct cpu *cpu, uint32_t eflags)
{
    uint32_t mode =
        cpu->mode & ~(uint32_t)(MODE_USER | MODE_CPL0 | MODE_STEP | MODE_WATCH | MODE_NOWP);
    if (cpu->cpl == 3) {
        mode |= MODE_USER;
    } else {
        mode |= (cpu->cr0 & (CR0_PG | CR0_WP)) == CR0_PG ? MODE_CPL0 | MODE_NOWP : MODE_CPL0;
    }
    return mode | watch_bits(cpu, eflags);
}

void cpu_set_flat_mode(struct cpu *cpu, uint32_t mode)
{
    set_mode(cpu, mode);
}

void cpu_update_flat_ring(struct cpu *cpu)
{
    set_mode(cpu, cpu_flat_mode(cpu, cpu->sysflags));
}

void cpu_update_mode(struct cpu *cpu)
{
    cpu_close_ways(cpu);
    for (unsigned seg = 0; seg < N_SEG; seg++) {
        cpu_update_segment(cpu, (enum seg)seg);
    }
    cpu_update_ring(cpu);
}
