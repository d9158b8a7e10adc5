/* map.c - the verdict for one instruction: default.def, then what the instruction set says.
 * Place in the flow: scan -> map -> translate. Owns nothing but struct map; no policy of its own.
 */
#include "map/map.h"

#include <Zydis/Zydis.h>

#include "cpu/cpu.h"

enum { RULE_UNSET = 0xff };

void map_init(struct map *map)
{
    _Static_assert(ZYDIS_MNEMONIC_MAX_VALUE < ARRAY_SIZE(((struct map *)0)->rule), "map too small");
    for (unsigned i = 0; i < ARRAY_SIZE(map->rule); i++) {
        map->rule[i].verdict = RULE_UNSET;
    }
#define RULE(name, verdict_name, op_name)                                                          \
    map->rule[ZYDIS_MNEMONIC_##name].verdict = VERDICT_##verdict_name;                             \
    map->rule[ZYDIS_MNEMONIC_##name].op = OP_##op_name;
#include "map/default.def"
#undef RULE
}

static void set(struct insn *insn, enum verdict verdict, enum emul_op op)
{
    insn->verdict = verdict;
    insn->op = op;
}

/* MOV to and from segment, control and debug registers share the mnemonic of plain MOV. */
static bool judge_mov(struct insn *insn)
{
    if (insn->map == 0 && insn->opcode == 0x8c) {
        set(insn, insn_reg(insn) < N_SEG ? VERDICT_MOV_FROM_SEG : VERDICT_HELPER_END,
            insn_reg(insn) < N_SEG ? OP_MOV_FROM_SEG : OP_UD);
        return true;
    }
    if (insn->map == 0 && insn->opcode == 0x8e) {
        set(insn, VERDICT_HELPER, OP_MOV_TO_SEG);
        return true;
    }
    if (insn->map == 1 && insn->opcode >= 0x20 && insn->opcode <= 0x23) {
        static const uint8_t ops[4] = {OP_MOV_FROM_CR, OP_MOV_FROM_DR, OP_MOV_TO_CR, OP_MOV_TO_DR};
        set(insn, VERDICT_HELPER, (enum emul_op)ops[insn->opcode - 0x20]);
        return true;
    }
    return false;
}

static bool is_segment_push_pop(const struct insn *insn)
{
    if (insn->map == 0) {
        return insn->opcode < 0x20 && (insn->opcode & 6) == 6 && insn->opcode != 0x0f;
    }
    return insn->map == 1 && (insn->opcode == 0xa0 || insn->opcode == 0xa1 ||
                              insn->opcode == 0xa8 || insn->opcode == 0xa9);
}

/* CALL, JMP and RET: near or far, direct or not. Group 5 in the opcode FF, far ones 9A EA CA CB. */
static bool judge_transfer(struct insn *insn)
{
    if (insn->map != 0) {
        return false;
    }
    switch (insn->opcode) {
    case 0x9a:
        set(insn, VERDICT_HELPER_END, OP_FAR_CALL);
        return true;
    case 0xea:
        set(insn, VERDICT_HELPER_END, OP_FAR_JMP);
        return true;
    case 0xca:
    case 0xcb:
        set(insn, VERDICT_HELPER_END, OP_FAR_RET);
        return true;
    case 0xff:
        switch (insn_reg(insn)) {
        case 2:
            set(insn, VERDICT_CALL_INDIRECT, OP_CALL);
            return true;
        case 3:
            set(insn, VERDICT_HELPER_END, OP_FAR_CALL);
            return true;
        case 4:
            set(insn, VERDICT_JMP_INDIRECT, OP_JMP);
            return true;
        case 5:
            set(insn, VERDICT_HELPER_END, OP_FAR_JMP);
            return true;
        default:
            return false;
        }
    default:
        return false;
    }
}

void map_judge(void *arg, struct insn *insn)
{
    const struct map *map = arg;

    if (insn->flags & (INSN_INVALID | INSN_TOO_LONG)) {
        set(insn, VERDICT_HELPER_END, OP_UD);
        return;
    }
    if (insn->mnemonic == ZYDIS_MNEMONIC_MOV && judge_mov(insn)) {
        return;
    }
    if (is_segment_push_pop(insn)) {
        bool push = !(insn->opcode & 1);
        set(insn, push ? VERDICT_PUSH_SEG : VERDICT_HELPER, push ? OP_PUSH_SEG : OP_POP_SEG);
        return;
    }
    if (judge_transfer(insn)) {
        return;
    }
    bool sse_movsd_cmpsd = insn->map != 0 && (insn->mnemonic == ZYDIS_MNEMONIC_MOVSD ||
                                              insn->mnemonic == ZYDIS_MNEMONIC_CMPSD);
    if (map->rule[insn->mnemonic].verdict != RULE_UNSET && !sse_movsd_cmpsd) {
        set(insn, (enum verdict)map->rule[insn->mnemonic].verdict,
            (enum emul_op)map->rule[insn->mnemonic].op);
        return;
    }
    set(insn, VERDICT_NATIVE, OP_UD);
}
