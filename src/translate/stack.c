/* stack.c - PUSH, POP and kin: 64-bit mode's own use rsp and cannot take a segment (pitfall 3).
 * Store first, move ESP after, so that a fault finds every register as it was. In 16-bit stacks,
 * with segment bases, and at checked sites their C functions do the work. */
#include "translate/translate.h"

/* Stores the low 2 or 4 bytes of reg below ESP and moves ESP. */
static void push_reg(struct translator *t, int reg, unsigned size)
{
    struct host_mem slot = host_mem_base(R12, t->esp_pending - (int32_t)size);
    if (size == 2) {
        emit_store16(&t->emit, &slot, reg);
    } else {
        emit_store32(&t->emit, &slot, reg);
    }
    translate_move_esp(t, -(int32_t)size);
}

static void push_imm(struct translator *t, uint32_t value, unsigned size)
{
    struct host_mem slot = host_mem_base(R12, t->esp_pending - (int32_t)size);
    if (size == 2) {
        emit_store_imm16(&t->emit, &slot, (uint16_t)value);
    } else {
        emit_store_imm32(&t->emit, &slot, value);
    }
    translate_move_esp(t, -(int32_t)size);
}

static void translate_push(struct translator *t, const struct insn *insn)
{
    unsigned size = insn->opattr;
    if (insn->map == 0 && (insn->opcode == 0x68 || insn->opcode == 0x6a)) {
        push_imm(t, insn->imm, size);
    } else if (insn->is_mem) {
        struct host_mem mem;
        translate_address(t, insn, 0, true, &mem);
        if (size == 2) {
            emit_load16z(&t->emit, R10, &mem);
        } else {
            emit_load32(&t->emit, R10, &mem);
        }
        push_reg(t, R10, size);
    } else {
        unsigned reg = insn->has_modrm ? insn_rm(insn) : insn->opcode & 7;
        push_reg(t, translate_reg(reg), size);
    }
}

static void pop_mem(struct translator *t, const struct insn *insn, unsigned size)
{
    struct host_mem top = host_mem_base(R12, 0), mem;
    /* SDM, POP: ESP as base of the destination is taken after the increment */
    int32_t delta = insn->base == GPR_ESP && insn->adsize == 4 ? (int32_t)size : 0;
    if (size == 2) {
        emit_load16z(&t->emit, R10, &top);
    } else {
        emit_load32(&t->emit, R10, &top);
    }
    translate_address(t, insn, delta, false, &mem);
    if (size == 2) {
        emit_store16(&t->emit, &mem, R10);
    } else {
        emit_store32(&t->emit, &mem, R10);
    }
    translate_move_esp(t, (int32_t)size);
}

static void translate_pop(struct translator *t, const struct insn *insn)
{
    struct emit *e = &t->emit;
    struct host_mem top = host_mem_base(R12, t->esp_pending);
    unsigned size = insn->opattr;
    if (insn->is_mem) {
        pop_mem(t, insn, size);
        return;
    }
    unsigned reg = insn->has_modrm ? insn_rm(insn) : insn->opcode & 7;
    if (reg == GPR_ESP && size == 4) {
        struct host_mem sum = host_mem_index(R13, R8, 1, 0);
        emit_load32(e, R8, &top);
        emit_lea64(e, R12, &sum);
        return;
    }
    struct host_op load = {.opcode = 0x8b};
    if (size == 2) {
        load.legacy[load.n_legacy++] = 0x66;
    }
    if (reg == GPR_ESP) { /* pop %sp: the low half is replaced after the increment */
        struct host_op move = {.legacy = {0x66}, .n_legacy = 1, .opcode = 0x8b};
        emit_load16z(e, R8, &top);
        translate_move_esp(t, 2);
        emit_op_reg(e, &move, R12, R8);
        return;
    }
    emit_op_mem(e, &load, (int)reg, &top);
    translate_move_esp(t, (int32_t)size);
}

static void translate_pusha(struct translator *t)
{
    for (int reg = 0; reg < N_GPR; reg++) {
        struct host_mem slot = host_mem_base(R12, -4 * (reg + 1));
        emit_store32(&t->emit, &slot, translate_reg((unsigned)reg));
    }
    translate_move_esp(t, -32);
}

static void translate_popa(struct translator *t)
{
    struct host_mem first = host_mem_base(R12, 0), last = host_mem_base(R12, 28);
    emit_load32(&t->emit, R8, &first); /* both pages are there before a register changes */
    emit_load32(&t->emit, R8, &last);
    for (int reg = 0; reg < N_GPR; reg++) {
        struct host_mem slot = host_mem_base(R12, 4 * (7 - reg));
        if (reg != GPR_ESP) {
            emit_load32(&t->emit, reg, &slot);
        }
    }
    translate_move_esp(t, 32);
}

/* No locals, level 0. */
static void translate_enter(struct translator *t)
{
    struct host_mem slot = host_mem_base(R12, -4);
    emit_store32(&t->emit, &slot, RBP);
    emit_lea32(&t->emit, RBP, &slot);
    translate_move_esp(t, -4);
}

static void translate_leave(struct translator *t)
{
    struct host_mem saved = host_mem_guest(RBP, NO_REG, 1, 0);
    struct host_mem above = host_mem_base(RBP, 4), sum = host_mem_index(R13, R9, 1, 0);
    emit_load32(&t->emit, R8, &saved);
    emit_lea32(&t->emit, R9, &above);
    emit_lea64(&t->emit, R12, &sum);
    emit_mov_rr32(&t->emit, RBP, R8);
}

static void translate_push_seg(struct translator *t, const struct insn *insn)
{
    unsigned seg = (insn->opcode >> 3) & 7;
    struct host_mem selector =
        host_mem_base(R15, (int32_t)(CPU_SEG + CPU_SEG_BYTES * seg + CPU_SEG_SELECTOR));
    emit_load16z(&t->emit, R8, &selector);
    push_reg(t, R8, insn->opattr);
}

void translate_stack(struct translator *t, const struct insn *insn)
{
    if (!translate_flat(t) && translate_computed_stack(t, insn)) {
        return;
    }
    bool plain = translate_flat(t) && !(t->kind & (SITE_CHECKED | SITE_DUAL));
    bool wide_only = insn->verdict == VERDICT_PUSHA || insn->verdict == VERDICT_POPA ||
                     insn->verdict == VERDICT_ENTER || insn->verdict == VERDICT_LEAVE;
    if (!plain || (wide_only && insn->opattr != 4) ||
        (insn->verdict == VERDICT_ENTER && (insn->imm2 & 31 || insn->imm & 0xffff))) {
        /* a memory operand elsewhere may be what is dual or checked, the C function does both;
         * ENTER with locals must be able to write at the last ESP (SDM, ENTER) */
        translate_helper(t, insn, (enum emul_op)insn->op);
        t->unit_kind |= UNIT_CHECKED;
        return;
    }
    switch ((enum verdict)insn->verdict) {
    case VERDICT_PUSH:
        translate_push(t, insn);
        break;
    case VERDICT_POP:
        translate_pop(t, insn);
        break;
    case VERDICT_PUSHA:
        translate_pusha(t);
        break;
    case VERDICT_POPA:
        translate_popa(t);
        break;
    case VERDICT_ENTER:
        translate_enter(t);
        break;
    case VERDICT_LEAVE:
        translate_leave(t);
        break;
    case VERDICT_PUSHF:
        translate_flags_image(t);
        push_reg(t, R8, insn->opattr);
        break;
    case VERDICT_PUSH_SEG:
        translate_push_seg(t, insn);
        break;
    default:
        BUG("not a stack instruction");
    }
}
