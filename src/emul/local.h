/* local.h - what the files of emul/ share and nobody else sees: small inline helpers for faults,
 * registers, segments and descriptors. Light.
 *
 * Habit of this room: an int-returning helper gives 0, or -1 with cpu->fault filled. Everything
 * that can fault is done before the first change of struct cpu (contract of emul.h).
 */
#ifndef EMUL_LOCAL_H
#define EMUL_LOCAL_H

#include "emul/emul.h"
#include "view/acc.h"
#include "x86/desc.h"

/* ---- modes ---- */

static inline bool emul_is_real(const struct cpu *cpu)
{
    return !(cpu->cr0 & CR0_PE);
}
static inline bool emul_is_v86(const struct cpu *cpu)
{
    return cpu->sysflags & FLAG_VM;
}
/* Protected mode proper: selectors name descriptors. */
static inline bool emul_is_prot(const struct cpu *cpu)
{
    return (cpu->cr0 & CR0_PE) && !(cpu->sysflags & FLAG_VM);
}

/* ---- faults ---- */

static inline int emul_raise(struct cpu *cpu, unsigned vector, uint32_t error)
{
    cpu->fault = (struct fault){.vector = (uint8_t)vector, .has_error = true, .error = error};
    return -1;
}

/* operand.c: #AC. 0 or -1. Stacks check each word; descriptor tables and TSS are never checked. */
int emul_check_alignment_slow(struct cpu *cpu, uint32_t lin, unsigned n_bytes);
static inline int emul_check_alignment(struct cpu *cpu, uint32_t lin, unsigned n_bytes)
{
    if (__builtin_expect(cpu_checks_alignment(cpu), 0)) {
        return emul_check_alignment_slow(cpu, lin, n_bytes);
    }
    return 0;
}

/* ---- leaving an instruction ---- */

/* LIGHT_JUMP to the next instruction: the code that follows must be found again. */
static inline enum light_result emul_jump_next(struct cpu *cpu, const struct insn *insn)
{
    cpu->eip += insn->n_bytes;
    return LIGHT_JUMP;
}
/* After cpu_update_mode(): LIGHT_NEXT if the code that follows was translated for this mode. */
static inline enum light_result emul_next_in(struct cpu *cpu, const struct insn *insn,
                                             uint32_t old_mode)
{
    return cpu->mode == old_mode ? LIGHT_NEXT : emul_jump_next(cpu, insn);
}

/* ---- registers; size 1 names AL CL DL BL AH CH DH BH ---- */

static inline uint32_t emul_size_mask(unsigned size)
{
    return size == 4 ? UINT32_MAX : size == 2 ? 0xffff : 0xff;
}
static inline uint32_t emul_read_reg(const struct cpu *cpu, unsigned reg, unsigned size)
{
    if (size == 1) {
        return (uint8_t)(cpu->gpr[reg & 3] >> (reg & 4 ? 8 : 0));
    }
    return (uint32_t)cpu->gpr[reg] & emul_size_mask(size);
}
static inline void emul_write_reg(struct cpu *cpu, unsigned reg, unsigned size, uint32_t value)
{
    if (size == 4) {
        cpu->gpr[reg] = value;
    } else if (size == 2) {
        cpu->gpr[reg] = (cpu_reg(cpu, reg) & 0xffff0000u) | (uint16_t)value;
    } else {
        const unsigned shift = reg & 4 ? 8 : 0;
        const uint32_t keep = cpu_reg(cpu, reg & 3) & ~(0xffu << shift);
        cpu->gpr[reg & 3] = keep | (value & 0xff) << shift;
    }
}
/* Replaces the bits of mask in EFLAGS. */
static inline void emul_merge_flags(struct cpu *cpu, uint32_t value, uint32_t mask)
{
    cpu_set_eflags(cpu, (cpu_eflags(cpu) & ~mask) | (value & mask));
}

/* ---- segments ---- */

/* True if [off, off + n_bytes) lies within the segment. A limit of 4 GiB lets accesses wrap ("Limit
 * Checking": implementation-specific). */
static inline bool emul_limit_ok(const struct segment *segment, uint32_t off, unsigned n_bytes)
{
    const uint32_t last = off + n_bytes - 1;
    if ((segment->access & (SEG_S | SEG_CODE | SEG_DC)) == (SEG_S | SEG_DC)) { /* expand-down */
        return off > segment->limit && last >= off && (segment->big || last <= 0xffff);
    }
    return segment->limit == UINT32_MAX || (last >= off && last <= segment->limit);
}

static inline void emul_clear_segment(struct segment *segment)
{
    *segment = (struct segment){0};
}
/* What a segment register holds after a load in virtual-8086 mode. */
static inline void emul_set_v86_segment(struct segment *segment, uint16_t selector)
{
    *segment = (struct segment){
        .base = (uint32_t)selector << 4,
        .limit = 0xffff,
        .selector = selector,
        .access = SEG_PRESENT | SEG_DPL | SEG_S | SEG_RW | SEG_ACCESSED,
    };
}
/* The same in real mode: limit and rights stay as they were (unreal mode), but a register that
 * protected mode left null becomes usable. */
static inline void emul_set_real_segment(struct segment *segment, uint16_t selector)
{
    segment->selector = selector;
    segment->base = (uint32_t)selector << 4;
    if (!(segment->access & SEG_PRESENT)) {
        segment->access = SEG_PRESENT | SEG_S | SEG_RW | SEG_ACCESSED;
        segment->limit = 0xffff;
    }
}

/* ---- descriptors ---- */

struct desc {
    uint32_t lo, hi; /* the eight bytes in the table */
    uint32_t lin;    /* where they lie */
};

static inline uint8_t desc_access(const struct desc *desc)
{
    return (uint8_t)(desc->hi >> 8);
}
static inline unsigned desc_dpl(const struct desc *desc)
{
    return (desc->hi >> 13) & 3;
}
static inline unsigned desc_type(const struct desc *desc)
{
    return (desc->hi >> 8) & DESC_TYPE;
}
static inline bool desc_is_present(const struct desc *desc)
{
    return desc->hi & 1u << 15;
}
static inline bool desc_is_code(const struct desc *desc)
{
    return (desc_access(desc) & (SEG_S | SEG_CODE)) == (SEG_S | SEG_CODE);
}
static inline bool desc_is_conforming(const struct desc *desc)
{
    return (desc_access(desc) & (SEG_S | SEG_CODE | SEG_DC)) == (SEG_S | SEG_CODE | SEG_DC);
}
static inline bool desc_is_writable_data(const struct desc *desc)
{
    return (desc_access(desc) & (SEG_S | SEG_CODE | SEG_RW)) == (SEG_S | SEG_RW);
}
static inline uint32_t desc_limit(const struct desc *desc)
{
    const uint32_t limit = (desc->lo & 0xffff) | (desc->hi & 0xf0000);
    return desc->hi & 1u << 23 ? limit << 12 | 0xfff : limit;
}
/* The hidden part as a load makes it; the accessed bit counts as set. */
static inline void desc_to_segment(const struct desc *desc, uint16_t selector,
                                   struct segment *segment)
{
    segment->base = desc->lo >> 16 | (desc->hi & 0xff) << 16 | (desc->hi & 0xff000000u);
    segment->limit = desc_limit(desc);
    segment->selector = selector;
    segment->access = desc_access(desc) | (desc->hi & 1u << 12 ? SEG_ACCESSED : 0);
    segment->big = (desc->hi >> 22) & 1;
}
/* Gates */
static inline uint16_t gate_selector(const struct desc *gate)
{
    return (uint16_t)(gate->lo >> 16);
}
static inline uint32_t gate_off(const struct desc *gate)
{
    const uint32_t high = gate->hi & DESC_IS_32 << 8 ? gate->hi & 0xffff0000u : 0;
    return high | (gate->lo & 0xffff);
}

/* The eight bytes at desc->lin. 0 or -1. */
static inline int emul_read_desc_at(struct cpu *cpu, struct desc *desc)
{
    uint64_t both;
    if (__builtin_expect(acc_read_near8(cpu, desc->lin, &both), 1)) {
        desc->lo = (uint32_t)both;
        desc->hi = (uint32_t)(both >> 32);
        return 0;
    }
    if (acc_read(cpu, desc->lin, 4, ACC_SUP, &desc->lo)) {
        return -1;
    }
    return acc_read(cpu, desc->lin + 4, 4, ACC_SUP, &desc->hi);
}

enum { DESC_OUTSIDE = 1 };
/* desc.c: reads the descriptor of selector. 0, DESC_OUTSIDE (beyond its table's limit, or no LDT;
 * the caller names the fault), or -1. Null selectors are the caller's business. */
int emul_read_desc(struct cpu *cpu, uint16_t selector, struct desc *desc);

/* ---- flat segments: what every 32-bit kernel uses; their entry and return need few checks ---- */

enum { FLAT_CODE = 0x00cf9b00, FLAT_DATA = 0x00cf9300, FLAT_AVL = 1 << 20 };

static inline struct segment emul_flat_segment(uint32_t selector, unsigned ring, uint32_t pattern)
{
    return (struct segment){.limit = UINT32_MAX,
                            .selector = (uint16_t)selector,
                            .access = (uint8_t)(pattern >> 8 | ring << 5),
                            .big = 1};
}
/* Replaces flat CS or SS by another flat one; the caller runs cpu_update_flat_ring(). */
static inline void emul_set_flat(struct cpu *cpu, enum seg seg, uint32_t selector, unsigned ring,
                                 uint32_t pattern)
{
    cpu->seg[seg] = emul_flat_segment(selector, ring, pattern);
    if (seg ==
        SEG_CS) { /* SS has the fast form already; CS may have been data, as reset leaves it */
        cpu->seg_base_ptr[seg] = cpu->poison_ptr;
        cpu->reach[REACH_WRITE][seg] = 0;
    }
}
enum { MODE_ALL_FLAT = MODE_FLAT | MODE_CODE32 | MODE_STACK32 | MODE_PROT };
/* True in protected mode with CS DS ES SS flat and 32-bit. */
static inline bool emul_is_all_flat(const struct cpu *cpu)
{
    return (cpu->mode & (MODE_ALL_FLAT | MODE_V86)) == MODE_ALL_FLAT;
}

/* desc.c: sets the accessed bit of a code or data descriptor in its table if it is clear. 0 or -1.
 */
int emul_set_accessed_slow(struct cpu *cpu, const struct desc *desc);
static inline int emul_set_accessed(struct cpu *cpu, const struct desc *desc)
{
    if (__builtin_expect(desc->hi & SEG_ACCESSED << 8, 1)) {
        return 0;
    }
    return emul_set_accessed_slow(cpu, desc);
}

/* desc.c: the checks for a new SS at ring dpl. vector: #GP for MOV, RET, IRET; #TS for gates and
 * task switches. ext: ERR_EXT or 0. Fills *desc; touches nothing. 0 or -1. */
int emul_check_stack_desc(struct cpu *cpu, uint16_t selector, unsigned dpl, unsigned vector,
                          uint32_t ext, struct desc *desc);
/* desc.c: SS and ESP for ring dpl out of the current TSS, checked (#TS, #SS). 0 or -1. */
int emul_read_inner_stack(struct cpu *cpu, unsigned dpl, uint32_t ext, uint16_t *selector,
                          uint32_t *esp, struct desc *desc);
/* desc.c: loads a segment register other than CS as MOV, POP, LDS do, in any mode. 0, with
 * *mode_due set if the mode may be another one now; or -1 with nothing changed. */
int emul_load_segment(struct cpu *cpu, enum seg seg, uint16_t selector, bool *mode_due);
/* known.c: FS or GS has just been loaded with what is at desc->lin. */
void emul_remember_segment(struct cpu *cpu, enum seg seg, const struct desc *desc);
/* desc.c: at a return to a less privileged ring: data segments that ring may not have become null.
 * cpu->cpl is the new one already. True if there was one. */
bool emul_drop_inner_segments(struct cpu *cpu);

/* ---- returns of far RET and IRET in protected mode (return.c) ---- */

struct ret {
    struct desc cs, ss; /* ss, esp: to an outer ring */
    uint32_t eip, esp;
    uint16_t cs_selector, ss_selector;
    bool outer;
};
/* All checks of a return to words[1]:words[0]; the outer ESP and SS lie outer_skip above ESP. 0
 * with *ret; or -1. */
int emul_check_return(struct cpu *cpu, const uint32_t *words, unsigned size, uint32_t outer_skip,
                      struct ret *ret);
/* Carries it out, but for the pops of a return inside the ring, and updates the mode. */
void emul_return(struct cpu *cpu, const struct ret *ret);

/* ---- stack (stack.c) ---- */

static inline uint32_t emul_stack_mask(const struct segment *ss)
{
    return ss->big ? UINT32_MAX : 0xffff;
}
/* ESP after SP moved by delta; SS.B=0 keeps the upper half. */
static inline uint32_t emul_move_esp(const struct segment *ss, uint32_t esp, uint32_t delta)
{
    const uint32_t mask = emul_stack_mask(ss);
    return (esp & ~mask) | ((esp + delta) & mask);
}
/* What ESP holds when a new stack ss is loaded with esp: SS.B=0 keeps the old upper half. */
static inline uint32_t emul_join_esp(const struct cpu *cpu, const struct segment *ss, uint32_t esp)
{
    const uint32_t mask = emul_stack_mask(ss);
    return (cpu_reg(cpu, GPR_ESP) & ~mask) | (esp & mask);
}
/* True if n words of size bytes below ss:esp are within the limit. */
bool emul_has_room(const struct segment *ss, uint32_t esp, unsigned size, unsigned n);
/* Pushes words[0], then words[1] ... at ss:*esp. 0 with *esp moved; or -1 with nothing written:
 * #SS(ss_error) or #PF. */
int emul_push_words(struct cpu *cpu, const struct segment *ss, uint32_t *esp, unsigned size,
                    const uint32_t *words, unsigned n, enum acc_right right, uint32_t ss_error);
/* Pushes one word on the current stack. 0 or -1 with nothing changed. */
int emul_push_word(struct cpu *cpu, unsigned size, uint32_t value);
/* Reads n words at SS:ESP + skip without moving ESP; zero-extended. All limits are checked before
 * the first is read. 0 or -1. */
int emul_peek_words(struct cpu *cpu, uint32_t skip, unsigned size, uint32_t *words, unsigned n);
static inline void emul_pop_bytes(struct cpu *cpu, uint32_t n_bytes)
{
    cpu->gpr[GPR_ESP] = emul_move_esp(&cpu->seg[SEG_SS], cpu_reg(cpu, GPR_ESP), n_bytes);
}

/* ---- operands (operand.c) ---- */

/* r/m of 1, 2 or 4 bytes. 0 or -1. */
int emul_read_rm(struct cpu *cpu, const struct insn *insn, unsigned size, uint32_t *value);
int emul_write_rm(struct cpu *cpu, const struct insn *insn, unsigned size, uint32_t value);
/* Memory operand at operand offset + skip, size bytes (limits as for an access of its own). */
int emul_read_mem(struct cpu *cpu, const struct insn *insn, uint32_t skip, unsigned size,
                  uint32_t *value);
int emul_write_mem(struct cpu *cpu, const struct insn *insn, uint32_t skip, unsigned size,
                   uint32_t value);

/* ---- events and tasks ---- */

/* Result of work that may leave the old task for good. */
enum {
    EMUL_DONE = 0,
    EMUL_FAULTED = -1,
    EMUL_FAULTED_IN_NEW_TASK = 1,
    EMUL_TRAPPED_IN_NEW_TASK = 2, /* the switch is complete; the T bit of the TSS asks for #DB */
};

/* deliver.c: one attempt. EMUL_DONE; EMUL_FAULTED with cpu->fault and nothing changed;
 * EMUL_FAULTED_IN_NEW_TASK, EMUL_TRAPPED_IN_NEW_TASK: a task gate was taken, cpu->fault is due in
 * the new task. */
int emul_deliver_once(struct cpu *cpu, enum event_kind kind, const struct fault *event,
                      uint32_t return_eip);

/* ring.c: what an event wants of its gate and pushes. */
struct entry {
    uint32_t vector, min_dpl, error, return_eip, eflags;
    bool has_error;
};
/* The usual shape of emul_deliver_once(). True: done. False: nothing has changed. */
bool emul_enter_flat(struct cpu *cpu, const struct entry *entry);

enum task_reason { TASK_JMP, TASK_CALL, TASK_IRET, TASK_EVENT };
/* task.c: switches to the task of tss_selector, whose descriptor the caller has read and checked
 * (type, DPL, present). Returns as emul_deliver_once. eflags: saved in the old task's TSS (IRET
 * clears NT in it). error: pushed on the new stack if not NULL. */
int emul_switch_task(struct cpu *cpu, enum task_reason reason, uint16_t tss_selector,
                     const struct desc *tss, uint32_t return_eip, uint32_t eflags, uint32_t ext,
                     const uint32_t *error);
/* task.c: reads and checks the TSS a task gate names: #GP(tss), #NP(tss). 0 or -1. */
int emul_read_gate_tss(struct cpu *cpu, const struct desc *gate, uint32_t ext, uint16_t *selector,
                       struct desc *tss);
/* task.c: what an instruction returns after emul_switch_task or emul_deliver_once. */
enum light_result emul_finish_switch(struct cpu *cpu, int result);

/* flags.c: EFLAGS bits a POPF or IRET of this size may change at the current CPL and IOPL in
 * protected or real mode (RF, VIF, VIP not among them). */
uint32_t emul_writable_flags(const struct cpu *cpu, unsigned size);

#endif
