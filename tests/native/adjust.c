/* adjust.c - operands that random ones would hardly ever make useful: pointers of instructions
 * whose memory operand is implied, short counts, divisors that do not overflow, branches that
 * stay in reach. Half of the time at most, where the random ones mean something too. */
#include <string.h>

#include "gen.h"

enum { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI };

static uint32_t offset(struct maker *maker, enum mode_kind unused, unsigned seg)
{
    (void)unused;
    return state_target(&maker->rng, maker->mem_bytes) - maker->seg_base[seg];
}

static void set_stack(struct maker *maker, unsigned at, uint32_t word)
{
    uint32_t lin = maker->test->gpr[ESP] + maker->seg_base[CASE_SS] + at;
    if (lin - STACK_LIN <= STACK_BYTES - 4) {
        memcpy(maker->test->window + MIDDLE_BYTES + END_BYTES + (lin - STACK_LIN), &word, 4);
    }
}

static uint32_t get_stack(struct maker *maker, unsigned at)
{
    uint32_t word = 0, lin = maker->test->gpr[ESP] + maker->seg_base[CASE_SS] + at;
    if (lin - STACK_LIN <= STACK_BYTES - 4) {
        memcpy(&word, maker->test->window + MIDDLE_BYTES + END_BYTES + (lin - STACK_LIN), 4);
    }
    return word;
}

static uint32_t any_selector(struct rng *rng)
{
    static const uint16_t choice[] = {SEL_CODE32, SEL_CODE32, SEL_DATA32, SEL_DATA32, 0, 3,
                                      0x20,       0x28,       0x10,       0x18,       8, 0xfff8};
    return choice[rng_below(rng, sizeof(choice) / sizeof(*choice))];
}

/* An EIP in this case's slot, but not in the instruction itself: that might never end. */
static uint32_t near_eip(struct maker *maker, unsigned at, unsigned n_bytes)
{
    uint32_t off = rng_below(&maker->rng, SLOT_BYTES - 32);
    if (off + 16 > at && off < at + n_bytes) {
        off = at + n_bytes + rng_below(&maker->rng, 8);
    }
    return maker->lin + off - maker->seg_base[CASE_CS];
}

static void set_branch(struct maker *maker, unsigned at, const ZydisDecodedInstruction *insn)
{
    uint32_t next = maker->lin + at + insn->length - maker->seg_base[CASE_CS];
    uint32_t disp = near_eip(maker, at, insn->length) - next;
    unsigned imm_at = at + insn->raw.imm[0].offset, n_bytes = insn->raw.imm[0].size / 8;
    if (n_bytes == 1) {
        int32_t near = (int32_t)(disp << 24) >> 24;
        if (near >= -32 && near < 0) {
            near = -near;
        }
        maker->code[imm_at] = (uint8_t)near;
    } else if (rng_chance(&maker->rng, 70)) {
        memcpy(maker->code + imm_at, &disp, n_bytes);
    }
}

static void set_string(struct maker *maker, const ZydisDecodedInstruction *insn)
{
    struct rng *rng = &maker->rng;
    uint32_t *gpr = maker->test->gpr;
    uint32_t esi = offset(maker, 0, CASE_DS), edi = offset(maker, 0, CASE_ES);
    if (insn->address_width == 16) {
        esi = (gpr[ESI] & 0xffff0000) | (esi & 0xffff);
        edi = (gpr[EDI] & 0xffff0000) | (edi & 0xffff);
    }
    gpr[ESI] = esi;
    gpr[EDI] = edi;
    gpr[ECX] = rng_chance(rng, 80) ? rng_below(rng, 40) : rng_below(rng, 5000);
    if (insn->address_width == 16) {
        gpr[ECX] |= rng_next(rng) & 0xffff0000;
    }
}

/* The far pointer of the instruction: 20 % wrong. */
static void set_far_immediate(struct maker *maker, unsigned at, const ZydisDecodedInstruction *insn)
{
    unsigned eip_bytes = insn->operand_width == 16 ? 2 : 4;
    uint32_t eip = near_eip(maker, at, insn->length), selector = any_selector(&maker->rng);
    unsigned imm_at = at + insn->length - eip_bytes - 2;
    memcpy(maker->code + imm_at, &eip, eip_bytes);
    memcpy(maker->code + imm_at + eip_bytes, &selector, 2);
}

/* IRET and far RET: IP, CS, FLAGS in words of the operand size. */
static void set_far_return(struct maker *maker, unsigned at, const ZydisDecodedInstruction *insn)
{
    struct rng *rng = &maker->rng;
    uint32_t flags = 0x202 | (rng_next(rng) & 0x2048d5) | (rng_chance(rng, 10) ? 0x100 : 0);
    uint32_t eip = near_eip(maker, at, insn->length), selector = any_selector(rng);
    if (insn->operand_width == 16) {
        set_stack(maker, 0, (eip & 0xffff) | selector << 16);
        set_stack(maker, 4, flags & 0xffff);
        return;
    }
    set_stack(maker, 0, eip);
    set_stack(maker, 4, selector | (rng_next(rng) & 0xffff0000));
    set_stack(maker, 8, flags);
}

static void set_divide(struct maker *maker)
{
    struct rng *rng = &maker->rng;
    uint32_t *gpr = maker->test->gpr;
    switch (rng_below(rng, 4)) {
    case 0:
        gpr[EDX] = 0;
        break;
    case 1:
        gpr[EDX] = (uint32_t)((int32_t)gpr[EAX] >> 31);
        break;
    case 2:
        gpr[EDX] &= 0xff;
        gpr[EAX] &= 0x3fff;
        break;
    }
}

static void immediate_16(struct maker *maker, unsigned at, uint32_t value)
{
    memcpy(maker->code + at, &value, 2);
}

void adjust_case(struct maker *maker, unsigned at, const ZydisDecodedInstruction *insn)
{
    struct rng *rng = &maker->rng;
    uint32_t *gpr = maker->test->gpr;
    bool sometimes = rng_chance(rng, 60);
    if (insn->raw.imm[0].is_relative) {
        set_branch(maker, at, insn);
    }
    if (insn->meta.category == ZYDIS_CATEGORY_STRINGOP ||
        insn->meta.category == ZYDIS_CATEGORY_IOSTRINGOP) {
        set_string(maker, insn);
    }
    switch (insn->mnemonic) {
    case ZYDIS_MNEMONIC_XLAT:
        gpr[EBX] = offset(maker, 0, CASE_DS) - (gpr[EAX] & 0xff);
        break;
    case ZYDIS_MNEMONIC_MASKMOVQ:
    case ZYDIS_MNEMONIC_MASKMOVDQU:
        gpr[EDI] = offset(maker, 0, CASE_DS);
        break;
    case ZYDIS_MNEMONIC_MOV:
        if (insn->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && (insn->opcode & 0xfc) == 0xa0) {
            uint32_t off = offset(maker, 0, CASE_DS);
            unsigned n = insn->address_width / 8u;
            memcpy(maker->code + at + insn->length - n, &off, n);
        }
        if (insn->opcode == 0x8e && sometimes) {
            gpr[insn->raw.modrm.rm] = any_selector(rng);
        }
        break;
    case ZYDIS_MNEMONIC_DIV:
    case ZYDIS_MNEMONIC_IDIV:
        set_divide(maker);
        break;
    case ZYDIS_MNEMONIC_ENTER:
        immediate_16(maker, at + insn->length - 3, rng_below(rng, 64));
        gpr[EBP] = STACK_LIN + rng_below(rng, STACK_BYTES) - maker->seg_base[CASE_SS];
        break;
    case ZYDIS_MNEMONIC_LEAVE:
        gpr[EBP] = STACK_LIN + rng_below(rng, STACK_BYTES) - maker->seg_base[CASE_SS];
        break;
    case ZYDIS_MNEMONIC_BT:
    case ZYDIS_MNEMONIC_BTS:
    case ZYDIS_MNEMONIC_BTR:
    case ZYDIS_MNEMONIC_BTC:
        if (sometimes && insn->raw.modrm.reg != insn->raw.modrm.rm && insn->raw.modrm.reg != ESP &&
            insn->raw.modrm.mod == 3) {
            gpr[insn->raw.modrm.reg] &= 0x3f;
        }
        break;
    case ZYDIS_MNEMONIC_RET:
        if (insn->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR) {
            set_far_return(maker, at, insn);
        } else {
            set_stack(maker, 0, near_eip(maker, at, insn->length));
        }
        if ((insn->opcode == 0xc2 || insn->opcode == 0xca) && sometimes) {
            immediate_16(maker, at + insn->length - 2, rng_below(rng, 64));
        }
        break;
    case ZYDIS_MNEMONIC_IRET:
    case ZYDIS_MNEMONIC_IRETD:
        set_far_return(maker, at, insn);
        break;
    case ZYDIS_MNEMONIC_POPF:
    case ZYDIS_MNEMONIC_POPFD: /* NT would only hurt what the next case does */
        set_stack(maker, 0, get_stack(maker, 0) & ~0x4000u & (rng_chance(rng, 80) ? ~0x100u : ~0u));
        break;
    case ZYDIS_MNEMONIC_CALL:
    case ZYDIS_MNEMONIC_JMP:
        if (insn->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR && !insn->raw.modrm.offset) {
            set_far_immediate(maker, at, insn);
        } else if (insn->raw.modrm.offset && insn->raw.modrm.mod == 3) {
            gpr[insn->raw.modrm.rm] = near_eip(maker, at, insn->length);
        }
        break;
    default:
        break;
    }
}
