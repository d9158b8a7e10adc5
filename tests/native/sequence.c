/* sequence.c - 2 to 30 random instructions in one slot: forms that rarely fault, pointers loaded
 * just before they are used, branches forward, loops that a counter in memory ends, calls and
 * returns, stores into the code that comes next. */
#include <string.h>

#include "gen.h"

enum { MAX_STEPS = 30, ROOM = SLOT_BYTES - 24, COUNTER_LIN = STACK_LIN + STACK_BYTES - 4 };

struct plan {
    unsigned start[MAX_STEPS + 1], n; /* where each step begins */
    struct {
        unsigned at, to;
    } branch[MAX_STEPS]; /* rel32 to be filled in: to is a step */
    unsigned n_branches;
};

static void bytes(struct maker *maker, const void *from, unsigned n)
{
    memcpy(maker->code + maker->n, from, n);
    maker->n += n;
}

static void byte(struct maker *maker, unsigned value)
{
    maker->code[maker->n++] = (uint8_t)value;
}

static void word(struct maker *maker, uint32_t value)
{
    bytes(maker, &value, 4);
}

static void rel32(struct maker *maker, struct plan *plan, unsigned to)
{
    plan->branch[plan->n_branches].at = maker->n;
    plan->branch[plan->n_branches++].to = to;
    word(maker, 0);
}

/* SUB dword [counter], 1; JS over the end; then the branch back. */
static void put_backward(struct maker *maker, struct plan *plan)
{
    byte(maker, 0x83);
    byte(maker, 0x2d);
    word(maker, COUNTER_LIN);
    byte(maker, 1);
    byte(maker, 0x0f);
    byte(maker, 0x88);
    rel32(maker, plan, MAX_STEPS);
    byte(maker, 0x0f);
    byte(maker, 0x80u | rng_below(&maker->rng, 16));
    rel32(maker, plan, rng_below(&maker->rng, plan->n + 1));
}

/* Jcc, JMP or CALL to a later step; a CALL there is balanced by a POP or by nothing at all. */
static void put_forward(struct maker *maker, struct plan *plan)
{
    struct rng *rng = &maker->rng;
    unsigned to = plan->n + 1 + rng_below(rng, 4), kind = rng_below(rng, 10);
    if (kind < 6) {
        byte(maker, 0x0f);
        byte(maker, 0x80u | rng_below(rng, 16));
    } else {
        byte(maker, kind < 8 ? 0xe8 : 0xe9);
    }
    rel32(maker, plan, to < MAX_STEPS ? to : MAX_STEPS);
}

/* CALL over a short function that begins right behind it: CALL f; JMP on; f: POP/PUSH, RET. */
static void put_function(struct maker *maker)
{
    static const uint8_t code[] = {0xe8, 2, 0, 0, 0, 0xeb, 4, 0x58, 0x50, 0x40, 0xc3};
    bytes(maker, code, sizeof(code));
}

/* MOV byte [code], imm8: into the immediate of the MOV EAX, imm32 that follows, or a few away. */
static void put_self_modification(struct maker *maker)
{
    byte(maker, 0xc6);
    byte(maker, 0x05);
    word(maker, maker->lin + maker->n + 6 + rng_below(&maker->rng, 4));
    byte(maker, rng_next(&maker->rng) & 0xff);
    byte(maker, 0xb8);
    word(maker, rng_next(&maker->rng));
}

static bool suits(const ZydisDecodedInstruction *insn, const uint8_t *code)
{
    switch (insn->meta.category) {
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_RET:
    case ZYDIS_CATEGORY_IO:
    case ZYDIS_CATEGORY_IOSTRINGOP:
    case ZYDIS_CATEGORY_SYSTEM:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
    case ZYDIS_CATEGORY_SEGOP:
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_UNCOND_BR:
        return false;
    default:
        break;
    }
    switch (insn->mnemonic) {
    case ZYDIS_MNEMONIC_ENTER: /* moves the stack away */
    case ZYDIS_MNEMONIC_LEAVE:
    case ZYDIS_MNEMONIC_MASKMOVQ: /* compare.c says what is open in these; here nobody could tell */
    case ZYDIS_MNEMONIC_MASKMOVDQU:
    case ZYDIS_MNEMONIC_CMPSB:
    case ZYDIS_MNEMONIC_CMPSW:
    case ZYDIS_MNEMONIC_CMPSD:
    case ZYDIS_MNEMONIC_SCASB:
    case ZYDIS_MNEMONIC_SCASW:
    case ZYDIS_MNEMONIC_SCASD:
    case ZYDIS_MNEMONIC_FNSAVE: /* and AMD's x87 pointers do not survive a switch of contexts */
    case ZYDIS_MNEMONIC_FNSTENV:
    case ZYDIS_MNEMONIC_FXSAVE:
    case ZYDIS_MNEMONIC_FRSTOR:
    case ZYDIS_MNEMONIC_FLDENV:
    case ZYDIS_MNEMONIC_FXRSTOR:
        return false;
    default:
        break;
    }
    bool seg = insn->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
               (insn->opcode == 0x8e || (insn->opcode & 0xe7) == 0x07);
    return !seg && !(insn->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED) &&
           undefined_flags(insn->mnemonic) == 0 && classify(insn, code).verdict == VERDICT_RUN;
}

/* Loads the registers that the instruction at `at` was aimed with: MOV r32, imm32 before it. */
static void put_form(struct maker *maker)
{
    const struct generator *gen = maker->gen;
    uint32_t kept[8];
    uint8_t insn_bytes[32];
    unsigned at = maker->n;
    memcpy(kept, maker->test->gpr, sizeof(kept));
    bool found = false;
    for (unsigned tries = 0; tries < 20 && !found; tries++) {
        ZydisDecodedInstruction insn;
        struct form form = gen->forms.form[rng_below(&maker->rng, gen->forms.n)];
        memcpy(maker->test->gpr, kept, sizeof(kept));
        maker->n = at;
        if (form.pp == PP_LOCK && rng_chance(&maker->rng, 80)) {
            continue;
        }
        encode_form(maker, &form);
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&gen->decoder, NULL, maker->code + at,
                                                        maker->n - at, &insn)) ||
            !suits(&insn, maker->code + at)) {
            continue;
        }
        adjust_case(maker, at, &insn);
        memcpy(insn_bytes, maker->code + at, insn.length);
        maker->n = at;
        for (unsigned reg = 0; reg < 8; reg++) {
            if (reg != 4 && maker->test->gpr[reg] != kept[reg]) {
                byte(maker, 0xb8 + reg);
                word(maker, maker->test->gpr[reg]);
            }
        }
        bytes(maker, insn_bytes, insn.length);
        found = true;
    }
    maker->n = found ? maker->n : at;
    memcpy(maker->test->gpr, kept, sizeof(kept));
}

static void put_step(struct maker *maker, struct plan *plan)
{
    unsigned kind = rng_below(&maker->rng, 100);
    if (kind < 10) {
        put_forward(maker, plan);
    } else if (kind < 14) {
        put_backward(maker, plan);
    } else if (kind < 17) {
        put_function(maker);
    } else if (kind < 20) {
        put_self_modification(maker);
    } else {
        put_form(maker);
    }
}

void sequence_encode(struct maker *maker)
{
    struct plan plan = {.n = 0};
    unsigned steps = 2 + rng_below(&maker->rng, MAX_STEPS - 1);
    uint32_t counter = rng_below(&maker->rng, 12);
    memcpy(maker->test->window + WINDOW_BYTES - 4, &counter, 4);
    maker->test->gpr[4] = STACK_LIN + STACK_BYTES / 2;
    while (plan.n < steps && maker->n < ROOM - 32 && plan.n_branches < MAX_STEPS - 2) {
        plan.start[plan.n] = maker->n;
        put_step(maker, &plan);
        plan.n++;
    }
    for (unsigned i = plan.n; i <= MAX_STEPS; i++) {
        plan.start[i] = maker->n; /* INT3 stands there */
    }
    for (unsigned i = 0; i < plan.n_branches; i++) {
        uint32_t disp = plan.start[plan.branch[i].to] - (plan.branch[i].at + 4);
        memcpy(maker->code + plan.branch[i].at, &disp, 4);
    }
}
