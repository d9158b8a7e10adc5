/* flags.c - the sequences that take the guest's flags out of the host's and make them of a word:
 * PUSHF, POPF; and struct cpu's copy of DF. They are known as a whole, byte for byte, written here
 * from the manual: what stands between them is judged as ever. */
#include <stddef.h>
#include <string.h>

#include "verify/verify_internal.h"

#define IMAGE_SAME(bits) (uint8_t)(bits), (uint8_t)((bits) >> 8), (uint8_t)((bits) >> 16), 0

enum {
    SAME_BITS = FLAG_TF | FLAG_NT | FLAG_AC | FLAG_ID | FLAG_DF | FLAG_IOPL,
    AT_IFF = 72,
    AT_SYSFLAGS = 76,
    AT_INTR = 80,
    AT_DF = 88,
};
_Static_assert(offsetof(struct cpu, iff) == AT_IFF &&
                   offsetof(struct cpu, sysflags) == AT_SYSFLAGS &&
                   offsetof(struct cpu, intr) == AT_INTR && offsetof(struct cpu, df) == AT_DF,
               "fields named by the sequences");

/* lahf; seto %r10b; movzbl %ah, %eax */
static const uint8_t take[] = {0x9f, 0x41, 0x0f, 0x90, 0xc2, 0x0f, 0xb6, 0xc4};

/* movl sysflags, %r9d; orl df, %r9d; xorl %r8d, %r9d; andl $SAME_BITS, %r9d; orl intr, %r9d; jz */
static const uint8_t compare0[] = {
    0x45, 0x8b, 0x4f, AT_SYSFLAGS,           0x45, 0x0b, 0x4f, AT_DF,   0x45, 0x33, 0xc8,
    0x41, 0x81, 0xe1, IMAGE_SAME(SAME_BITS), 0x45, 0x0b, 0x4f, AT_INTR, 0x74};
/* movl sysflags, %r9d; orl df, %r9d; orl iff, %r9d; xorl %r8d, %r9d; andl $SAME_BITS + IF, %r9d; jz
 */
static const uint8_t compare3[] = {0x45,
                                   0x8b,
                                   0x4f,
                                   AT_SYSFLAGS,
                                   0x45,
                                   0x0b,
                                   0x4f,
                                   AT_DF,
                                   0x45,
                                   0x0b,
                                   0x4f,
                                   AT_IFF,
                                   0x45,
                                   0x33,
                                   0xc8,
                                   0x41,
                                   0x81,
                                   0xe1,
                                   IMAGE_SAME(SAME_BITS | FLAG_IF),
                                   0x74};

/* movl %r8d, %r9d; andl $IF, %r9d; movl %r9d, iff */
static const uint8_t set_if[] = {0x45, 0x8b, 0xc8, 0x41, 0x81, 0xe1, 0x00,
                                 0x02, 0x00, 0x00, 0x45, 0x89, 0x4f, AT_IFF};
/* rorx $24, %r8d, %eax; rorx $11, %r8d, %r8d; andl $1, %r8d; addb $0x7f, %r8b; sahf */
static const uint8_t make[] = {0xc4, 0xc3, 0x7b, 0xf0, 0xc0, 0x18, 0xc4, 0x43, 0x7b, 0xf0, 0xc0,
                               0x0b, 0x41, 0x83, 0xe0, 0x01, 0x41, 0x80, 0xc0, 0x7f, 0x9e};

static bool is_here(const struct verifier *v, uint32_t off, const uint8_t *bytes, uint32_t n_bytes)
{
    return off + n_bytes <= v->end_off && !memcmp(v->in->bytes + off, bytes, n_bytes);
}

static bool is_pushf(const struct verifier *v)
{
    return v->guest_mnemonic == ZYDIS_MNEMONIC_INVALID ||
           v->guest_mnemonic == ZYDIS_MNEMONIC_PUSHF || v->guest_mnemonic == ZYDIS_MNEMONIC_PUSHFD;
}

static bool is_popf(const struct verifier *v)
{
    return v->guest_mnemonic == ZYDIS_MNEMONIC_INVALID || v->guest_mnemonic == ZYDIS_MNEMONIC_POPFD;
}

static bool saves_rax(const struct verifier *v, unsigned reg)
{
    return v->state.reg[reg].kind == VALUE_INT && v->state.reg[reg].id == entry_id(V_RAX);
}

/* AH to r8 .. r10: nothing has changed yet, and rax is kept. */
static bool step_take(struct verifier *v)
{
    struct state *state = &v->state;
    const struct value *zero = &state->reg[V_R10];
    if (v->in_exits || state->op_done || !state_is_entry(state)) {
        return verify_fail(v, RULE_PRECISE);
    }
    if (!saves_rax(v, V_R8) || zero->kind != VALUE_INT || zero->lo || zero->hi) {
        return verify_fail(v, RULE_FLAGS);
    }
    state->reg[V_RAX] = value_int(v, 0, 0xff);
    state->reg[V_R10] = value_int(v, 0, 1);
    v->z.length = sizeof(take);
    return true;
}

/* The word is read, the host's flags go. n_bytes: with jz's displacement. */
static bool step_compare(struct verifier *v, uint32_t n_bytes)
{
    struct state *state = &v->state;
    const bool ring0 = v->in->mode & MODE_CPL0;
    const bool is_read = state->touched && !state->touched_of && state->touched_lo <= 0 &&
                         state->touched_hi >= 4 && state->reg[V_R8].kind == VALUE_INT;
    if (v->in_exits || state->op_done || !state_is_entry(state) || v->off + n_bytes > v->end_off) {
        return verify_fail(v, RULE_PRECISE);
    }
    if (!memory_is_flat(v) || (v->in->mode & (MODE_NOWP | MODE_V86 | MODE_STEP | MODE_WATCH)) ||
        ring0 != is_here(v, v->off, compare0, sizeof(compare0)) || !is_popf(v)) {
        return verify_fail(v, RULE_MEM_MODE);
    }
    if (!is_read || !saves_rax(v, V_R10) || pending_before(v)) {
        return verify_fail(v, RULE_FLAGS);
    }
    state->reg[V_R9] = value_of_kind(v, VALUE_JUNK, 0);
    state->flags_of = state->reg[V_R8].id;
    const uint32_t end = v->off + n_bytes;
    const int8_t hop = (int8_t)v->in->bytes[end - 1];
    v->z.length = (uint8_t)n_bytes;
    if (hop <= 0 || end + (uint32_t)hop >= v->end_off) {
        return verify_fail(v, RULE_TARGET);
    }
    return step_forward(v, end + (uint32_t)hop);
}

/* In ring 0 behind IF. */
static bool step_make(struct verifier *v, bool sets_if)
{
    struct state *state = &v->state;
    const bool ring0 = v->in->mode & MODE_CPL0;
    const uint32_t n_before = sets_if ? sizeof(set_if) : 0;
    if (!state->flags_of || state->reg[V_R8].id != state->flags_of || !saves_rax(v, V_R10) ||
        ring0 != sets_if || !is_here(v, v->off + n_before, make, sizeof(make))) {
        return verify_fail(v, RULE_FLAGS);
    }
    state->flags_of = 0;
    state->op_done = state->changed = true;
    state->reg[V_RAX] = value_int(v, 0, UINT32_MAX);
    state->reg[V_R8] = value_of_kind(v, VALUE_JUNK, 0);
    state->reg[V_R9] = value_of_kind(v, VALUE_JUNK, 0);
    v->z.length = (uint8_t)(n_before + sizeof(make));
    return true;
}

bool flags_step(struct verifier *v, bool *taken)
{
    *taken = true;
    if (is_here(v, v->off, take, sizeof(take)) && is_pushf(v)) {
        return step_take(v);
    }
    if (is_here(v, v->off, compare0, sizeof(compare0))) {
        return step_compare(v, sizeof(compare0) + 1);
    }
    if (is_here(v, v->off, compare3, sizeof(compare3))) {
        return step_compare(v, sizeof(compare3) + 1);
    }
    if (is_here(v, v->off, set_if, sizeof(set_if))) {
        return step_make(v, true);
    }
    if (is_here(v, v->off, make, sizeof(make))) {
        return step_make(v, false);
    }
    *taken = false;
    return true;
}

bool flags_store_df(struct verifier *v, const struct memory *memory)
{
    const ZydisDecodedOperand *from = &v->operand[1];
    const uint64_t value = v->state.df_due == DF_SET ? FLAG_DF : 0;
    if (!v->state.df_due || from->type != ZYDIS_OPERAND_TYPE_IMMEDIATE || memory->n_bytes != 4 ||
        from->imm.value.u != value) {
        return verify_fail(v, RULE_FLAGS);
    }
    v->state.df_due = 0;
    return true;
}
