/* desc.c - descriptors out of GDT and LDT, and the loads of data and stack segments (SDM vol. 3,
 * "Protection"; vol. 2, "MOV", "Interrupt stack of the TSS").
 */
#include "emul/local.h"

int emul_read_desc(struct cpu *cpu, uint16_t selector, struct desc *desc)
{
    uint32_t base = cpu->gdtr.base, limit = cpu->gdtr.limit;
    const uint32_t off = selector & SEL_INDEX;
    if (selector & SEL_TI) {
        if (!(cpu->ldtr.access & SEG_PRESENT)) {
            return DESC_OUTSIDE;
        }
        base = cpu->ldtr.base;
        limit = cpu->ldtr.limit;
    }
    if (off + 7 > limit) {
        return DESC_OUTSIDE;
    }
    desc->lin = base + off;
    return emul_read_desc_at(cpu, desc);
}

int emul_set_accessed_slow(struct cpu *cpu, const struct desc *desc)
{
    return acc_write(cpu, desc->lin + 5, 1, ACC_SUP, desc_access(desc) | SEG_ACCESSED);
}

int emul_check_stack_desc(struct cpu *cpu, uint16_t selector, unsigned dpl, unsigned vector,
                          uint32_t ext, struct desc *desc)
{
    const uint32_t error = (selector & SEL_ERROR) | ext;
    if (!(selector & SEL_ERROR)) {
        return emul_raise(cpu, vector, ext);
    }
    const int read = emul_read_desc(cpu, selector, desc);
    if (read) {
        return read < 0 ? -1 : emul_raise(cpu, vector, error);
    }
    if ((selector & SEL_RPL) != dpl || desc_dpl(desc) != dpl || !desc_is_writable_data(desc)) {
        return emul_raise(cpu, vector, error);
    }
    if (!desc_is_present(desc)) {
        return emul_raise(cpu, VEC_SS, error);
    }
    return 0;
}

int emul_read_inner_stack(struct cpu *cpu, unsigned dpl, uint32_t ext, uint16_t *selector,
                          uint32_t *esp, struct desc *desc)
{
    const uint32_t tss_error = (cpu->tr.selector & SEL_ERROR) | ext;
    uint32_t ss;
    if (cpu->tr.access & DESC_IS_32) {
        const uint32_t off = TSS32_ESP0 + dpl * 8;
        if (off + 5 > cpu->tr.limit) {
            return emul_raise(cpu, VEC_TS, tss_error);
        }
        if (acc_read(cpu, cpu->tr.base + off, 4, ACC_SUP, esp) ||
            acc_read(cpu, cpu->tr.base + off + 4, 2, ACC_SUP, &ss)) {
            return -1;
        }
    } else {
        const uint32_t off = TSS16_SP0 + dpl * 4;
        if (off + 3 > cpu->tr.limit) {
            return emul_raise(cpu, VEC_TS, tss_error);
        }
        if (acc_read(cpu, cpu->tr.base + off, 2, ACC_SUP, esp) ||
            acc_read(cpu, cpu->tr.base + off + 2, 2, ACC_SUP, &ss)) {
            return -1;
        }
    }
    *selector = (uint16_t)ss;
    return emul_check_stack_desc(cpu, (uint16_t)ss, dpl, VEC_TS, ext, desc);
}

enum { LOADED_NULL = 1 };

static int load_protected(struct cpu *cpu, enum seg seg, uint16_t selector, struct desc *desc)
{
    const uint32_t error = selector & SEL_ERROR;
    if (seg == SEG_SS) {
        if (emul_check_stack_desc(cpu, selector, cpu->cpl, VEC_GP, 0, desc)) {
            return -1;
        }
    } else {
        if (!error) {
            emul_clear_segment(&cpu->seg[seg]);
            cpu->seg[seg].selector = selector;
            return LOADED_NULL;
        }
        const int read = emul_read_desc(cpu, selector, desc);
        if (read) {
            return read < 0 ? -1 : emul_raise(cpu, VEC_GP, error);
        }
        const uint8_t access = desc_access(desc);
        if (!(access & SEG_S) || (access & (SEG_CODE | SEG_RW)) == SEG_CODE) {
            return emul_raise(cpu, VEC_GP, error); /* system, or execute-only */
        }
        if (!desc_is_conforming(desc) &&
            ((selector & SEL_RPL) > desc_dpl(desc) || cpu->cpl > desc_dpl(desc))) {
            return emul_raise(cpu, VEC_GP, error);
        }
        if (!desc_is_present(desc)) {
            return emul_raise(cpu, VEC_NP, error);
        }
    }
    if (emul_set_accessed(cpu, desc)) {
        return -1;
    }
    desc_to_segment(desc, selector, &cpu->seg[seg]);
    return 0;
}

/* Is it more than the selector and DPL that differ? FS and GS are read through struct segment, and
 * what they hold is not part of the mode. */
static bool reshapes(enum seg seg, const struct segment *old, const struct segment *now)
{
    return (old->base != now->base && seg < SEG_FS) || old->limit != now->limit ||
           old->big != now->big || ((old->access ^ now->access) & ~SEG_DPL);
}

/* Code that loads the same selector again needs the eight bytes only (translate/segment.c). */
static void set_key(struct cpu *cpu, enum seg seg, uint16_t selector, const struct desc *desc)
{
    if (seg != SEG_SS && !(selector & SEL_TI)) {
        cpu->seg_raw[seg] = desc->lo | (uint64_t)(desc->hi | SEG_ACCESSED << 8) << 32;
        cpu->seg_lin[seg] = desc->lin;
        cpu->seg_key[seg] = selector;
    } else {
        cpu->seg_key[seg] = CPU_NO_KEY;
    }
}

int emul_load_segment(struct cpu *cpu, enum seg seg, uint16_t selector, bool *mode_due)
{
    const struct segment old = cpu->seg[seg];
    bool reshaped = true;
    if (__builtin_expect(emul_is_prot(cpu), 1)) {
        struct desc desc;
        const int loaded = load_protected(cpu, seg, selector, &desc);
        if (loaded < 0) {
            return -1;
        }
        reshaped = reshapes(seg, &old, &cpu->seg[seg]);
        if (reshaped) {
            cpu_update_segment(cpu, seg);
        }
        if (loaded == LOADED_NULL) {
            cpu->seg_key[seg] = CPU_NO_KEY;
        } else {
            set_key(cpu, seg, selector, &desc);
            emul_remember_segment(cpu, seg, &desc);
        }
    } else {
        if (emul_is_v86(cpu)) {
            emul_set_v86_segment(&cpu->seg[seg], selector);
        } else {
            emul_set_real_segment(&cpu->seg[seg], selector);
        }
        cpu_update_segment(cpu, seg);
    }
    *mode_due = reshaped && seg < SEG_FS;
    return 0;
}

/* IRET and RET, "RETURN-TO-OUTER-PRIVILEGE-LEVEL": null selectors lose their RPL too. */
bool emul_drop_inner_segments(struct cpu *cpu)
{
    static const uint8_t data_segments[4] = {SEG_ES, SEG_FS, SEG_GS, SEG_DS};
    bool dropped = false;
    for (unsigned i = 0; i < 4; i++) {
        struct segment *segment = &cpu->seg[data_segments[i]];
        const uint8_t access = segment->access;
        if (!(access & SEG_PRESENT)) {
            segment->selector = 0;
            continue;
        }
        if ((unsigned)(access & SEG_DPL) >> 5 >= cpu->cpl ||
            (access & (SEG_CODE | SEG_DC)) == (SEG_CODE | SEG_DC)) {
            continue;
        }
        emul_clear_segment(segment);
        cpu_update_segment(cpu, (enum seg)data_segments[i]);
        dropped = true;
    }
    return dropped;
}
