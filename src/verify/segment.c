/* segment.c - loads of the selector that a segment register has already: the two comparisons of
 * struct cpu's seg_key and seg_raw, known byte for byte but for which register they are about and
 * how far they hop. What follows when they do not hold is a light call like any other. */
#include <stddef.h>
#include <string.h>

#include "verify/verify_internal.h"

/* movl seg_key+N(%r15), %r10d; notl %r10d; leal 1(%r8,%r10), %ecx; jrcxz */
static const uint8_t key_parts[3][5] = {
    {0x45, 0x8b, 0x97}, {0x41, 0xf7, 0xd2}, {0x43, 0x8d, 0x4c, 0x10, 0x01}};
/* movl seg_lin+N(%r15), %r8d; movq %fs:(%r8d), %r8; movq seg_raw+N(%r15), %r10; notq %r10;
 * leaq 1(%r8,%r10), %rcx; jrcxz */
static const uint8_t raw_head[] = {0x45, 0x8b, 0x87};
static const uint8_t raw_load[] = {0x64, 0x67, 0x4d, 0x8b, 0x00, 0x4d, 0x8b, 0x97};
static const uint8_t raw_tail[] = {0x49, 0xf7, 0xd2, 0x4b, 0x8d, 0x4c, 0x10, 0x01, 0xe3};

static bool take_bytes(const struct verifier *v, uint32_t *off, const uint8_t *bytes, uint32_t n)
{
    if (*off + n > v->end_off || memcmp(v->in->bytes + *off, bytes, n)) {
        return false;
    }
    *off += n;
    return true;
}

/* A disp32 that names an element of a field of struct cpu with one per segment register. */
static bool take_field(const struct verifier *v, uint32_t *off, uint32_t field, uint32_t size,
                       unsigned *seg)
{
    uint32_t disp;
    if (*off + 4 > v->end_off) {
        return false;
    }
    memcpy(&disp, v->in->bytes + *off, 4);
    *off += 4;
    *seg = (disp - field) / size;
    return disp - field < size * N_SEG && (disp - field) % size == 0;
}

static bool may_be_here(struct verifier *v, unsigned seg)
{
    const uint32_t need = MODE_CPL0 | MODE_PROT;
    const uint32_t without = MODE_V86 | MODE_STEP | MODE_NOWP | MODE_WATCH;
    if (!memory_is_flat(v) || (v->in->mode & (need | without)) != need || v->in_exits ||
        seg == SEG_CS || seg == SEG_SS) {
        return verify_fail(v, RULE_MEM_MODE);
    }
    if (!state_is_entry(&v->state) || v->state.op_done) {
        return verify_fail(v, RULE_PRECISE);
    }
    const struct value *kept = &v->state.reg[V_R9];
    return (kept->kind == VALUE_INT && kept->id == entry_id(V_RCX)) || verify_fail(v, RULE_SOURCE);
}

/* rcx is the difference; off: of the hop's displacement. */
static bool hop(struct verifier *v, uint32_t off, unsigned same)
{
    struct state *state = &v->state;
    const uint32_t end = off + 1;
    if (off >= v->end_off) {
        return verify_fail(v, RULE_STRADDLE);
    }
    const int8_t by = (int8_t)v->in->bytes[off];
    state->reg[V_R10] = value_of_kind(v, VALUE_JUNK, 0);
    state->reg[V_RCX] = value_int(v, 0, UINT32_MAX);
    v->z.length = (uint8_t)(end - v->off);
    if (by <= 0 || end + (uint32_t)by >= v->end_off) {
        return verify_fail(v, RULE_TARGET);
    }
    state->same_segment = (uint8_t)same;
    if (!step_forward(v, end + (uint32_t)by)) {
        return false;
    }
    state->same_segment = 0;
    return true;
}

static bool step_key(struct verifier *v, uint32_t off, unsigned seg)
{
    const struct value *selector = &v->state.reg[V_R8];
    if (!may_be_here(v, seg)) {
        return false;
    }
    if (selector->kind != VALUE_INT || selector->hi > UINT16_MAX) {
        return verify_fail(v, RULE_SOURCE);
    }
    return hop(v, off, seg + 1);
}

static bool step_raw(struct verifier *v, uint32_t off, unsigned seg, unsigned lin_seg)
{
    if (!may_be_here(v, seg)) {
        return false;
    }
    if (seg != lin_seg || v->state.same_segment != seg + 1) {
        return verify_fail(v, RULE_SEGMENT);
    }
    v->state.reg[V_R8] = value_of_kind(v, VALUE_JUNK, 0);
    return hop(v, off, 0);
}

bool segment_step(struct verifier *v, bool *taken)
{
    static const uint8_t jrcxz = 0xe3;
    uint32_t off = v->off;
    unsigned seg, lin_seg;
    *taken = true;
    if (take_bytes(v, &off, key_parts[0], 3) &&
        take_field(v, &off, offsetof(struct cpu, seg_key), 4, &seg) &&
        take_bytes(v, &off, key_parts[1], 3) && take_bytes(v, &off, key_parts[2], 5) &&
        take_bytes(v, &off, &jrcxz, 1)) {
        return step_key(v, off, seg);
    }
    off = v->off;
    if (take_bytes(v, &off, raw_head, sizeof(raw_head)) &&
        take_field(v, &off, offsetof(struct cpu, seg_lin), 4, &lin_seg) &&
        take_bytes(v, &off, raw_load, sizeof(raw_load)) &&
        take_field(v, &off, offsetof(struct cpu, seg_raw), 8, &seg) &&
        take_bytes(v, &off, raw_tail, sizeof(raw_tail))) {
        return step_raw(v, off, seg, lin_seg);
    }
    *taken = false;
    return true;
}
