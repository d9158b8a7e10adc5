/* form.c - how an instruction can be done: its verdict and C function, which techniques that
 * leaves, and why not the others.
 *
 * Place in the flow: first half of map_judge(). Facts only, no choice: rules choose. No state.
 */
#include <Zydis/Zydis.h>
#include <string.h>

#include "cpu/cpu.h"
#include "map/map_internal.h"

struct form {
    uint16_t is_set, verdict, op, reason;
};

static const struct form forms[MAP_MNEMONICS] = {
#define FORM(name, verdict_name, op_name, reason_name)                                             \
    [ZYDIS_MNEMONIC_##name] = {1, VERDICT_##verdict_name, OP_##op_name, REASON_##reason_name},
#include "map/forms.def"
#undef FORM
};
_Static_assert((int)ZYDIS_MNEMONIC_MAX_VALUE < (int)MAP_MNEMONICS,
               "more mnemonics than the map has room for");

static const char *const reasons[] = {
#define REASON(name, text) [REASON_##name] = text,
#include "map/reasons.def"
#undef REASON
};

static const struct form plain = {1, VERDICT_NATIVE, OP_UD, REASON_NONE};
static const struct form undefined = {1, VERDICT_HELPER_END, OP_UD, REASON_UNDEFINED};

/* MOV to and from segment, control and debug registers share the mnemonic of plain MOV. */
static struct form form_of_mov(const struct insn *insn)
{
    if (insn->map == 0 && insn->opcode == 0x8c) {
        return insn_reg(insn) < N_SEG
                   ? (struct form){1, VERDICT_MOV_FROM_SEG, OP_MOV_FROM_SEG, REASON_SELECTOR}
                   : undefined;
    }
    if (insn->map == 0 && insn->opcode == 0x8e) {
        return (struct form){1, VERDICT_LOAD_SEG, OP_MOV_TO_SEG, REASON_SEGMENT};
    }
    if (insn->map == 1 && insn->opcode >= 0x20 && insn->opcode <= 0x23) {
        static const uint8_t ops[4] = {OP_MOV_FROM_CR, OP_MOV_FROM_DR, OP_MOV_TO_CR, OP_MOV_TO_DR};
        return (struct form){1, VERDICT_HELPER, ops[insn->opcode - 0x20], REASON_PRIVILEGED};
    }
    return plain;
}

static bool is_segment_push_pop(const struct insn *insn)
{
    if (insn->map == 0) {
        return insn->opcode < 0x20 && (insn->opcode & 6) == 6 && insn->opcode != 0x0f;
    }
    return insn->map == 1 && (insn->opcode == 0xa0 || insn->opcode == 0xa1 ||
                              insn->opcode == 0xa8 || insn->opcode == 0xa9);
}

/* CALL, JMP and RET: near or far, direct or not. Group 5 in the opcode FF, far ones 9A EA CA CB.
 * is_set 0: none of them. */
static struct form form_of_transfer(const struct insn *insn)
{
    static const struct form far_call = {1, VERDICT_HELPER_END, OP_FAR_CALL, REASON_SEGMENT};
    static const struct form far_jmp = {1, VERDICT_HELPER_END, OP_FAR_JMP, REASON_SEGMENT};
    static const struct form far_ret = {1, VERDICT_HELPER_END, OP_FAR_RET, REASON_SEGMENT};
    static const struct form group5[8] = {
        [2] = {1, VERDICT_CALL_INDIRECT, OP_CALL, REASON_JUMP},
        [3] = {1, VERDICT_HELPER_END, OP_FAR_CALL, REASON_SEGMENT},
        [4] = {1, VERDICT_JMP_INDIRECT, OP_JMP, REASON_JUMP},
        [5] = {1, VERDICT_HELPER_END, OP_FAR_JMP, REASON_SEGMENT},
    };
    if (insn->map != 0) {
        return (struct form){0};
    }
    switch (insn->opcode) {
    case 0x9a:
        return far_call;
    case 0xea:
        return far_jmp;
    case 0xca:
    case 0xcb:
        return far_ret;
    case 0xff:
        return group5[insn_reg(insn)];
    default:
        return (struct form){0};
    }
}

static struct form form_of(const struct insn *insn)
{
    if (insn->flags & (INSN_INVALID | INSN_TOO_LONG)) {
        return undefined;
    }
    if (insn->mnemonic == ZYDIS_MNEMONIC_MOV) {
        return form_of_mov(insn);
    }
    if (is_segment_push_pop(insn)) {
        bool push = !(insn->opcode & 1);
        return push ? (struct form){1, VERDICT_PUSH_SEG, OP_PUSH_SEG, REASON_SELECTOR}
                    : (struct form){1, VERDICT_LOAD_SEG, OP_POP_SEG, REASON_SEGMENT};
    }
    struct form transfer = form_of_transfer(insn);
    if (transfer.is_set) {
        return transfer;
    }
    bool sse_movsd_cmpsd = insn->map != 0 && (insn->mnemonic == ZYDIS_MNEMONIC_MOVSD ||
                                              insn->mnemonic == ZYDIS_MNEMONIC_CMPSD);
    return forms[insn->mnemonic].is_set && !sse_movsd_cmpsd ? forms[insn->mnemonic] : plain;
}

void map_find_form(struct insn *insn)
{
    struct form form = form_of(insn);
    insn->verdict = (uint8_t)form.verdict;
    insn->op = (uint8_t)form.op;
}

bool map_form_of_name(unsigned mnemonic, struct insn *insn)
{
    memset(insn, 0, sizeof(*insn));
    insn->mnemonic = (uint16_t)mnemonic;
    switch (mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_PUSH:
    case ZYDIS_MNEMONIC_POP:
    case ZYDIS_MNEMONIC_CALL:
    case ZYDIS_MNEMONIC_JMP:
    case ZYDIS_MNEMONIC_RET:
    case ZYDIS_MNEMONIC_MOVSD:
    case ZYDIS_MNEMONIC_CMPSD:
        return false;
    default:
        insn->opcode = 0x90; /* what no other test looks for */
        map_find_form(insn);
        return true;
    }
}

bool map_has_form(const struct insn *insn, enum technique technique)
{
    switch (technique) {
    case TECHNIQUE_NATIVE:
        return insn->verdict == VERDICT_NATIVE || insn->verdict == VERDICT_NOP;
    case TECHNIQUE_INLINE:
        return insn->verdict != VERDICT_NATIVE && insn->verdict != VERDICT_HELPER &&
               insn->verdict != VERDICT_HELPER_END;
    default:
        return true;
    }
}

const char *map_why_no_form(const struct insn *insn, enum technique technique)
{
    if (technique == TECHNIQUE_NATIVE) {
        return reasons[form_of(insn).reason];
    }
    return insn->verdict == VERDICT_NATIVE ? "runs natively: nothing of it is emulated in line"
                                           : "has no inline form, only a C function";
}
