/* lookup.c - quick look-ups (translate/lookup.c): comparison, call and answer are known byte for
 * byte but for what depends on the instruction: how many bytes, load or store, whose right, which
 * site. What they leave is what the call alone leaves. */
#include <string.h>

#include "verify/verify_internal.h"

struct bytes {
    const uint8_t *at, *end;
    bool ok;
};

static void take(struct bytes *bytes, const void *expected, size_t n)
{
    bytes->ok =
        bytes->ok && (size_t)(bytes->end - bytes->at) >= n && !memcmp(bytes->at, expected, n);
    bytes->at += bytes->ok ? n : 0;
}

static void take_u8(struct bytes *bytes, uint32_t expected)
{
    uint8_t byte = (uint8_t)expected;
    take(bytes, &byte, 1);
}

static void take_u32(struct bytes *bytes, uint32_t expected)
{
    take(bytes, &expected, 4);
}

#define TAKE(bytes, ...)                                                                           \
    take(bytes, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* rorx $12, %r8, %r9; movzbl %r9b, %r11d: how each of them begins, and nothing else does. */
static bool begins(const struct bytes *at)
{
    struct bytes bytes = *at;
    TAKE(&bytes, 0xc4, 0x43, 0xfb, 0xf0, 0xc8, PAGE_SHIFT);
    TAKE(&bytes, 0x45, 0x0f, 0xb6, 0xd9);
    return bytes.ok;
}

/* What the bytes do not say by themselves. */
struct form {
    uint32_t n_bytes;
    bool write;
    uint64_t site;
};

static uint8_t take_any(struct bytes *bytes)
{
    bytes->ok = bytes->ok && bytes->at < bytes->end;
    return bytes->ok ? *bytes->at++ : 0;
}

static uint32_t take_any_u32(struct bytes *bytes)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++) {
        value |= (uint32_t)take_any(bytes) << (8 * i);
    }
    return value;
}

static void take_compare(struct bytes *bytes, bool user, struct form *form)
{
    static const uint8_t last[] = {0x45, 0x8d, 0x48};      /* leal n-1(%r8), %r9d */
    TAKE(bytes, 0xc4, 0x43, 0xfb, 0xf0, 0xc8, PAGE_SHIFT); /* rorx $12, %r8, %r9 */
    TAKE(bytes, 0x45, 0x0f, 0xb6, 0xd9);                   /* movzbl %r9b, %r11d */
    form->n_bytes = 1;
    if (bytes->ok && bytes->end - bytes->at >= 3 && !memcmp(bytes->at, last, 3)) {
        bytes->at += 3;
        form->n_bytes = 1u + take_any(bytes);
        bytes->ok = bytes->ok && form->n_bytes > 1 && form->n_bytes <= 16;
        TAKE(bytes, 0xc4, 0x43, 0xfb, 0xf0, 0xc9, PAGE_SHIFT); /* rorx $12, %r9, %r9 */
    }
    TAKE(bytes, 0x4c, 0x8b, 0xd1);       /* movq %rcx, %r10 */
    TAKE(bytes, 0x43, 0x8b, 0x8c, 0x9f); /* movl quick_tag(%r15,%r11,4), %ecx */
    uint32_t table = take_any_u32(bytes) - CPU_QUICK_TAG;
    form->write = table == 4 * CPU_QUICK;
    bytes->ok = bytes->ok && (table == 0 || form->write);
    if (user) { /* leal right(%rcx,%r9), %ecx */
        TAKE(bytes, 0x42, 0x8d, 0x8c, 0x09);
        take_u32(bytes, CPU_QUICK_USER);
    } else {
        TAKE(bytes, 0x42, 0x8d, 0x0c, 0x09);
    }
}

static void take_call(struct bytes *bytes, struct form *form)
{
    TAKE(bytes, 0x49, 0x8b, 0xca); /* movq %r10, %rcx */
    TAKE(bytes, 0x41, 0xb9);       /* movl $OP_LOOKUP, %r9d */
    take_u32(bytes, OP_LOOKUP);
    TAKE(bytes, 0x49, 0xb8); /* movabs $site, %r8 */
    form->site = take_any_u32(bytes);
    form->site |= (uint64_t)take_any_u32(bytes) << 32;
    TAKE(bytes, 0x41, 0xff, 0x97); /* call *helper(%r15) */
    take_u32(bytes, CPU_HELPER_AT(HELPER_LIGHT));
    TAKE(bytes, 0x4d, 0x8b, 0x87); /* movq answer(%r15), %r8 */
    take_u32(bytes, CPU_SCRATCH_AT(SCRATCH_HOST));
}

static void take_answer(struct bytes *bytes, bool write)
{
    TAKE(bytes, 0x49, 0x8b, 0xca);       /* movq %r10, %rcx */
    TAKE(bytes, 0x4f, 0x8b, 0x9c, 0xdf); /* movq quick_delta(%r15,%r11,8), %r11 */
    take_u32(bytes, CPU_QUICK_DELTA + (write ? 8u * CPU_QUICK : 0));
    TAKE(bytes, 0x4f, 0x8d, 0x04, 0x18); /* leaq (%r8,%r11), %r8 */
}

/* Where a short jump that begins with opcode leads. */
static const uint8_t *take_hop(struct bytes *bytes, uint8_t opcode)
{
    take_u8(bytes, opcode);
    int8_t by = (int8_t)take_any(bytes);
    return bytes->at + by;
}

static bool take_all(struct bytes *bytes, bool user, struct form *form)
{
    take_compare(bytes, user, form);
    const uint8_t *found = take_hop(bytes, 0xe3); /* jrcxz */
    take_call(bytes, form);
    const uint8_t *done = take_hop(bytes, 0xeb); /* jmp */
    bool is_found = found == bytes->at;
    take_answer(bytes, form->write);
    return bytes->ok && is_found && done == bytes->at;
}

static bool may_be_here(struct verifier *v)
{
    if (!memory_is_flat(v) || v->in_exits || (v->in->mode & (MODE_NOWP | MODE_WATCH | MODE_STEP))) {
        return verify_fail(v, RULE_MEM_MODE);
    }
    const struct value *lin = &v->state.reg[V_R8];
    return lin->kind == VALUE_INT || verify_fail(v, RULE_SOURCE);
}

bool lookup_step(struct verifier *v, bool *taken)
{
    struct bytes bytes = {v->in->bytes + v->off, v->in->bytes + v->end_off, true};
    struct form form = {0};
    struct state *state = &v->state;
    *taken = begins(&bytes);
    if (!*taken) {
        return true;
    }
    if (!may_be_here(v)) {
        return false;
    }
    if (!take_all(&bytes, v->in->mode & MODE_USER, &form)) {
        return verify_fail(v, RULE_LOOKUP);
    }
    v->z.length = (uint8_t)(bytes.at - (v->in->bytes + v->off));
    state->reg[V_R8] = value_of_kind(v, VALUE_CONST, 0);
    state->reg[V_R8].lo = state->reg[V_R8].hi = (int64_t)form.site;
    state->reg[V_R9] = value_int(v, OP_LOOKUP, OP_LOOKUP);
    if (!step_light_call(v)) {
        return false;
    }
    if (!state->resolved || state->resolved->mem_bytes != form.n_bytes ||
        state->resolved->mem_write != form.write) {
        return verify_fail(v, RULE_LOOKUP);
    }
    state->reg[V_R8] = value_of_kind(v, VALUE_STAGING, 0);
    return true;
}
