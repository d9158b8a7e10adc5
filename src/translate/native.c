/* native.c - technique native: the same instruction with its operands re-encoded for 64-bit mode.
 */
#include "translate/translate.h"

/* 66 is an operand size in general instructions (64-bit mode's default is 32, whatever the guest's
 * was), but part of the opcode in SSE ones. */
static bool wants_66(const struct insn *insn)
{
    bool other =
        insn->map == 1 && (insn->opcode == 0xae || insn->opcode == 0xc3); /* fences, MOVNTI */
    bool sse = (insn->map == 1 && (insn->flags & INSN_FPU)) || other || insn->map == 3 ||
               (insn->map == 2 && insn->opcode < 0xf0);
    return sse ? insn->has_66 : insn->opattr == 2;
}

static void host_op_init(struct host_op *op, const struct insn *insn)
{
    *op = (struct host_op){.map = insn->map, .opcode = insn->opcode};
    if (insn->map == 0 && insn->opcode == 0x82) {
        op->opcode = 0x80; /* its alias; 82 is undefined in 64-bit mode */
    }
    bool bit_scan = insn->map == 1 && (insn->opcode == 0xbc || insn->opcode == 0xbd);
    if (wants_66(insn)) {
        op->legacy[op->n_legacy++] = 0x66;
    }
    if (insn->prefixes & PREFIX_LOCK) {
        op->legacy[op->n_legacy++] = 0xf0;
    }
    if (insn->prefixes & PREFIX_REPNE) {
        op->legacy[op->n_legacy++] = 0xf2;
    }
    if ((insn->prefixes & PREFIX_REP) && !bit_scan) { /* TZCNT/LZCNT are not offered */
        op->legacy[op->n_legacy++] = 0xf3;
    }
    if (bit_scan && insn->prefixes & PREFIX_REPNE) {
        op->n_legacy--;
    }
}

static void emit_immediates(struct translator *t, const struct insn *insn)
{
    if (insn->imm_bytes && insn->imm_at) {
        emit_bytes(&t->emit, insn->bytes + insn->imm_at, insn->imm_bytes);
    }
}

/* Does the instruction (possibly) write the register in ModRM.reg? A false "yes" costs a move. */
static bool writes_reg(const struct insn *insn)
{
    unsigned op = insn->opcode;
    if (insn->map == 0) {
        if (op < 0x40) {
            return (op & 2) && (op & 0x38) != 0x38;
        }
        return op != 0x84 && op != 0x85 && op != 0x88 && op != 0x89;
    }
    if (insn->map == 1) {
        return op != 0xa3 && op != 0xab && op != 0xb3 && op != 0xbb && op != 0xa4 && op != 0xa5 &&
               op != 0xac && op != 0xad && op != 0xb0 && op != 0xb1 && op != 0xc3;
    }
    return !(insn->map == 2 && insn->opcode == 0xf1 && insn->is_mem &&
             !(insn->prefixes & PREFIX_REPNE));
}

static bool writes_esp(const struct insn *insn)
{
    if (insn->opattr == 2 && insn->map == 0) {
        return false; /* 16-bit writes leave the pointer's upper part alone */
    }
    if (insn->roles & ROLE_OPCODE) {
        return (insn->opcode & 7) == GPR_ESP;
    }
    if ((insn->roles & ROLE_REG) && insn_reg(insn) == GPR_ESP && writes_reg(insn)) {
        return true;
    }
    return (insn->roles & ROLE_RM) && !insn->is_mem && insn_rm(insn) == GPR_ESP;
}

/* INC/DEC r, XCHG, BSWAP, MOV r,imm: the register is in the opcode's low bits. */
static void native_opcode_reg(struct translator *t, const struct insn *insn)
{
    struct host_op op;
    struct emit *e = &t->emit;
    host_op_init(&op, insn);
    unsigned reg = insn->opcode & 7;
    if (insn->map == 0 && insn->opcode >= 0x40 && insn->opcode < 0x50) {
        op.opcode = 0xff;
        emit_op_reg(e, &op, insn->opcode < 0x48 ? 0 : 1, translate_reg(reg));
        return;
    }
    emit_bytes(e, op.legacy, op.n_legacy);
    if (reg == GPR_ESP && (insn->roles & ROLE_OPCODE)) {
        emit_u8(e, 0x41);
    }
    if (insn->map) {
        emit_u8(e, 0x0f);
    }
    emit_u8(e, insn->opcode);
    emit_immediates(t, insn);
}

static void native_plain(struct translator *t, const struct insn *insn)
{
    struct host_op op;
    host_op_init(&op, insn);
    emit_bytes(&t->emit, op.legacy, op.n_legacy);
    if (insn->map) {
        emit_u8(&t->emit, 0x0f);
    }
    if (insn->map == 2) {
        emit_u8(&t->emit, 0x38);
    } else if (insn->map == 3) {
        emit_u8(&t->emit, 0x3a);
    }
    emit_u8(&t->emit, insn->opcode);
    emit_immediates(t, insn);
}

/* A high byte register (AH CH DH BH) beside an operand that needs REX: work on a copy in r10. */
static void high_byte_in(struct translator *t, unsigned reg8)
{
    emit_rorx32(&t->emit, R10, (int)(reg8 & 3), 8);
}
static void high_byte_out(struct translator *t, unsigned reg8)
{
    struct host_op mov8 = {.opcode = 0x8a, .rex_force = true};
    int reg = (int)(reg8 & 3);
    emit_rorx32(&t->emit, reg, reg, 8);
    emit_op_reg(&t->emit, &mov8, reg, R10);
    emit_rorx32(&t->emit, reg, reg, 24);
}

/* MASKMOVQ, MASKMOVDQU store at DS:EDI, though no operand says memory. */
static bool is_mask_move(const struct insn *insn)
{
    return insn->map == 1 && insn->opcode == 0xf7 && !insn->is_mem;
}

static void native_mask_move(struct translator *t, const struct insn *insn)
{
    if (!insn->has_66) { /* MMX: a pending #MF comes first */
        emit_u8(&t->emit, 0x9b);
    }
    translate_helper(t, insn, OP_MASK_MOVE);
    t->unit_kind |= UNIT_CHECKED;
}

static void native_reg_form(struct translator *t, const struct insn *insn)
{
    struct host_op op;
    host_op_init(&op, insn);
    int reg = insn->roles & ROLE_REG ? translate_reg(insn_reg(insn)) : (int)insn_reg(insn);
    int rm = insn->roles & ROLE_RM ? translate_reg(insn_rm(insn)) : (int)insn_rm(insn);
    if ((insn->roles & ROLE_RM8) && insn_rm(insn) >= 4 && reg == R12) { /* movzx esp, ah */
        high_byte_in(t, insn_rm(insn));
        rm = R10;
    }
    if (is_mask_move(insn)) {
        emit_guest_prefixes(&t->emit);
    }
    emit_op_reg(&t->emit, &op, reg, rm);
    emit_immediates(t, insn);
}

/* Plain loads are worth the shorter-latency r13 form. */
static bool is_plain_load(const struct insn *insn)
{
    if (insn->map == 0) {
        return insn->opcode == 0x8b || insn->opcode == 0x8a;
    }
    return insn->map == 1 && (insn->opcode == 0xb6 || insn->opcode == 0xb7 ||
                              insn->opcode == 0xbe || insn->opcode == 0xbf);
}

/* A checked site has staged only the dword that the bit offset selects: the offset is cut to 5 (4)
 * bits, in r11. */
static int cut_bit_offset(struct translator *t, const struct insn *insn)
{
    emit_mov_ri32(&t->emit, R10, insn->opsize == 2 ? 28 : 27);
    emit_shlx32(&t->emit, R11, translate_reg(insn_reg(insn)), R10);
    emit_shrx32(&t->emit, R11, R11, R10);
    return R11;
}

static void native_mem_form(struct translator *t, const struct insn *insn)
{
    struct emit *e = &t->emit;
    struct host_op op;
    struct host_mem mem;
    host_op_init(&op, insn);
    translate_address(t, insn, 0, is_plain_load(insn) && insn->opattr == 4, &mem);
    bool checked = t->unit_kind & UNIT_CHECKED;

    int reg = insn->roles & ROLE_REG ? translate_reg(insn_reg(insn)) : (int)insn_reg(insn);
    if (!insn->has_modrm) { /* A0-A3: MOV with the accumulator */
        op.opcode =
            (uint8_t)(insn->opcode < 0xa2 ? 0x8a | (insn->opcode & 1) : 0x88 | (insn->opcode & 1));
        reg = RAX;
    }
    bool high = (insn->roles & ROLE_REG8) && reg >= 4 && insn->has_modrm &&
                (mem.base >= 8 || mem.index >= 8);
    if (high) {
        high_byte_in(t, (unsigned)reg);
    }
    if (checked && insn_is_bit_string(insn)) {
        reg = cut_bit_offset(t, insn);
    }
    uint8_t *start = e->at;
    emit_op_mem(e, &op, high ? R10 : reg, &mem);
    bool has_rex = (high ? R10 : reg) >= 8 || mem.base >= 8 || mem.index >= 8;
    if (e->at - start + insn->imm_bytes < 5 && !has_rex &&
        !((insn->roles & ROLE_REG8) && reg >= 4)) {
        e->at = start; /* room for translate_patch's jump: a REX prefix costs nothing */
        op.rex_force = true;
        emit_op_mem(e, &op, high ? R10 : reg, &mem);
    }
    if (insn->has_modrm) {
        emit_immediates(t, insn);
    }
    if (high && writes_reg(insn)) {
        high_byte_out(t, (unsigned)reg);
    }
    translate_commit(t, insn);
}

/* 32-bit forms that write ESP whatever the flags or operands are. */
static bool surely_writes_esp(const struct insn *insn)
{
    if (insn->map != 0 || insn->opattr != 4) {
        return false;
    }
    bool group1 = (insn->opcode == 0x81 || insn->opcode == 0x83) && insn_reg(insn) != 7;
    bool loads = (insn->opcode == 0x8b || insn->opcode == 0x8d) && insn_reg(insn) == GPR_ESP;
    return group1 || loads || (insn->roles & ROLE_OPCODE);
}

static void native_lea(struct translator *t, const struct insn *insn)
{
    struct host_op op;
    host_op_init(&op, insn);
    struct host_mem mem = {
        .base = insn->base == INSN_NO_REG ? NO_REG : translate_reg(insn->base),
        .index = insn->index == INSN_NO_REG ? NO_REG : (int)insn->index,
        .scale = insn->scale,
        .disp = insn->disp,
    };
    if (insn->base == GPR_ESP) {
        mem.disp = (int32_t)((uint32_t)mem.disp + (uint32_t)t->esp_pending);
    }
    if (insn->adsize == 2) {
        emit_lea32(&t->emit, R8, &mem);
        emit_movzx16(&t->emit, R8, R8);
        mem = host_mem_base(R8, 0);
    }
    emit_op_mem(&t->emit, &op, translate_reg(insn_reg(insn)), &mem);
}

/* Compilers fill gaps with LEA of a register to itself. */
static bool is_lea_nop(const struct insn *insn)
{
    return insn->opsize == 4 && insn->adsize == 4 && insn->base == insn_reg(insn) &&
           insn->index == INSN_NO_REG && insn->disp == 0;
}

void translate_native(struct translator *t, const struct insn *insn)
{
    const bool is_lea = insn->map == 0 && insn->opcode == 0x8d;
    if (is_lea && is_lea_nop(insn)) {
        emit_u8(&t->emit, 0x90);
        return;
    }
    if (translate_in_run(t) && translate_run_native(t, insn)) {
        return;
    }
    if (is_lea) {
        native_lea(t, insn);
    } else if (insn->is_mem) {
        native_mem_form(t, insn);
    } else if (is_mask_move(insn) && (!translate_flat(t) || insn->seg != SEG_DS ||
                                      (t->kind & (SITE_CHECKED | SITE_DUAL)))) {
        native_mask_move(t, insn);
    } else if (insn->has_modrm) {
        native_reg_form(t, insn);
    } else if (insn->roles & (ROLE_OPCODE | ROLE_OPCODE8)) {
        native_opcode_reg(t, insn);
    } else {
        native_plain(t, insn);
    }
    if (writes_esp(insn)) {
        translate_esp_fix(t, surely_writes_esp(insn));
    }
    if (insn->opcode < 0xae) { /* below FXSAVE, FNSTENV, CLD and their kin */
        return;
    }
    if (insn->map == 0 && (insn->opcode == 0xfc || insn->opcode == 0xfd)) {
        translate_direction(t, insn->opcode & 1);
    }
    if (insn_loads_fpu_pointers(insn)) {
        translate_helper(t, insn, OP_FPU_LOADED);
    } else if (insn_stores_fpu_pointers(insn) && !(t->unit_kind & UNIT_CHECKED)) {
        translate_helper(t, insn, OP_FPU_STORED); /* a checked site has done it on the staging */
    }
}
