/* computed_stack.c - stack instructions where SS has a base or a limit, or B=0 and SP wraps at
 * 64 KiB. Place in the flow: called by stack.c and branch.c; the gate is computed.c's.
 *
 * The offset goes into r8d, its check is for all words of the instruction as one run: where they
 * wrap or end beyond the limit the gate faults and the C function takes the site over. r12 stays
 * window + ESP; with B=0 only its low 16 bits are written. As in stack.c ESP moves last. */
#include "translate/translate.h"

static bool is_wide_stack(const struct translator *t)
{
    return t->mode & MODE_STACK32;
}

/* r8d = offset of ESP + delta in SS. */
static void stack_off(struct translator *t, int32_t delta)
{
    struct host_mem moved = host_mem_base(R12, delta);
    if (delta) {
        emit_lea32(&t->emit, R8, &moved);
    } else if (is_wide_stack(t)) {
        emit_mov_rr32(&t->emit, R8, R12);
    }
    if (!is_wide_stack(t)) {
        emit_movzx16(&t->emit, R8, delta ? R8 : R12);
    }
}

static void stack_gate(struct translator *t, enum reach use, unsigned n_bytes)
{
    translate_gate(t, R8, CPU_STACK_REACH + 8 * (int32_t)use, SEG_SS, n_bytes);
}

/* Behind a gate. */
static struct host_mem stack_slot(int32_t disp)
{
    return host_mem_guest(R8, R9, 1, disp);
}

static void move16(struct translator *t, int to, int from)
{
    struct host_op move = {.legacy = {0x66}, .n_legacy = 1, .opcode = 0x8b};
    emit_op_reg(&t->emit, &move, to, from);
}

static void load(struct translator *t, int to, int32_t disp, unsigned size)
{
    struct host_mem slot = stack_slot(disp);
    if (size == 2) {
        emit_load16z(&t->emit, to, &slot);
    } else {
        emit_load32(&t->emit, to, &slot);
    }
}

static void store(struct translator *t, int32_t disp, int from, unsigned size)
{
    struct host_mem slot = stack_slot(disp);
    if (size == 2) {
        emit_store16(&t->emit, &slot, from);
    } else {
        emit_store32(&t->emit, &slot, from);
    }
}

/* A guest register other than ESP: 16-bit loads leave its upper half alone. */
static void load_guest_reg(struct translator *t, unsigned gpr, int32_t disp, unsigned size)
{
    struct host_mem slot = stack_slot(disp);
    struct host_op op = {.opcode = 0x8b};
    if (size == 2) {
        op.legacy[op.n_legacy++] = 0x66;
    }
    emit_op_mem(&t->emit, &op, (int)gpr, &slot);
}

/* r8d = r8d + n_bytes. */
static void step_over(struct translator *t, uint32_t n_bytes)
{
    struct host_mem above = host_mem_base(R8, (int32_t)n_bytes);
    emit_lea32(&t->emit, R8, &above);
}

void translate_computed_set_esp(struct translator *t)
{
    struct host_mem sum = host_mem_index(R13, R8, 1, 0);
    if (is_wide_stack(t)) {
        emit_lea64(&t->emit, R12, &sum);
    } else {
        move16(t, R12, R8);
    }
}

void translate_computed_push(struct translator *t, int value, uint32_t lin, unsigned size)
{
    struct host_mem minus = host_mem_base(R15, CPU_CS_MINUS);
    struct host_mem sum = host_mem_base(R11, (int32_t)lin);
    stack_off(t, -(int32_t)size);
    stack_gate(t, REACH_WRITE, size);
    if (value == R11) {
        emit_load32(&t->emit, R11, &minus);
        emit_lea32(&t->emit, R11, &sum);
    }
    store(t, 0, value, size);
    translate_computed_set_esp(t);
}

void translate_computed_pop(struct translator *t, unsigned size, uint32_t extra)
{
    stack_off(t, 0);
    stack_gate(t, REACH_READ, size);
    load(t, R10, 0, size);
    step_over(t, size + extra);
}

static void push(struct translator *t, const struct insn *insn)
{
    struct emit *e = &t->emit;
    unsigned size = insn->opattr;
    int value = R10;
    if (insn->map == 0 && (insn->opcode == 0x68 || insn->opcode == 0x6a)) {
        emit_mov_ri32(e, R10, insn->imm);
    } else if (insn->is_mem) {
        struct host_mem mem;
        translate_address(t, insn, 0, true, &mem);
        if (size == 2) {
            emit_load16z(e, R10, &mem);
        } else {
            emit_load32(e, R10, &mem);
        }
    } else {
        value = translate_reg(insn->has_modrm ? insn_rm(insn) : insn->opcode & 7u);
    }
    translate_computed_push(t, value, 0, size);
}

static void pop_mem(struct translator *t, const struct insn *insn, int32_t delta)
{
    struct host_mem mem;
    unsigned size = insn->opattr;
    stack_off(t, 0);
    stack_gate(t, REACH_READ, size);
    load(t, R10, 0, size);
    translate_address(t, insn, delta, false, &mem);
    if (size == 2) {
        emit_store16(&t->emit, &mem, R10);
    } else {
        emit_store32(&t->emit, &mem, R10);
    }
    stack_off(t, (int32_t)size);
    translate_computed_set_esp(t);
}

static bool pop(struct translator *t, const struct insn *insn)
{
    unsigned size = insn->opattr;
    unsigned reg = insn->has_modrm ? insn_rm(insn) : insn->opcode & 7u;
    if (insn->is_mem) { /* SDM, POP: ESP as base of the destination is taken after the increment */
        bool on_esp = insn->base == GPR_ESP && insn->adsize == 4;
        if (on_esp && !is_wide_stack(t)) {
            return false;
        }
        pop_mem(t, insn, on_esp ? (int32_t)size : 0);
    } else if (reg == GPR_ESP) {
        struct host_mem sum = host_mem_index(R13, R10, 1, 0);
        translate_computed_pop(t, size, 0);
        if (size == 4) {
            emit_lea64(&t->emit, R12, &sum);
        } else {
            translate_computed_set_esp(t);
            move16(t, R12, R10);
        }
    } else {
        stack_off(t, 0);
        stack_gate(t, REACH_READ, size);
        load_guest_reg(t, reg, 0, size);
        step_over(t, size);
        translate_computed_set_esp(t);
    }
    return true;
}

static void pusha(struct translator *t, unsigned size)
{
    stack_off(t, -(int32_t)(N_GPR * size));
    stack_gate(t, REACH_WRITE, N_GPR * size);
    for (unsigned reg = 0; reg < N_GPR; reg++) {
        store(t, (int32_t)((N_GPR - 1 - reg) * size), translate_reg(reg), size);
    }
    translate_computed_set_esp(t);
}

static void popa(struct translator *t, unsigned size)
{
    stack_off(t, 0);
    stack_gate(t, REACH_READ, N_GPR * size);
    load(t, R10, 0, size); /* both pages are there before a register changes */
    load(t, R10, (int32_t)((N_GPR - 1) * size), size);
    for (unsigned reg = 0; reg < N_GPR; reg++) {
        if (reg != GPR_ESP) {
            load_guest_reg(t, reg, (int32_t)((N_GPR - 1 - reg) * size), size);
        }
    }
    step_over(t, N_GPR * size);
    translate_computed_set_esp(t);
}

static bool enter(struct translator *t, const struct insn *insn)
{
    unsigned size = insn->opattr;
    uint32_t locals = insn->imm & 0xffff; /* the last ESP must be writable: the C function looks */
    if ((insn->imm2 & 31) || locals || (size == 4) != is_wide_stack(t)) {
        return false;
    }
    stack_off(t, -(int32_t)size);
    stack_gate(t, REACH_WRITE, size);
    store(t, 0, RBP, size);
    if (size == 2) {
        move16(t, RBP, R8);
    } else {
        emit_mov_rr32(&t->emit, RBP, R8);
    }
    translate_computed_set_esp(t);
    return true;
}

static void leave(struct translator *t, unsigned size)
{
    if (is_wide_stack(t)) {
        emit_mov_rr32(&t->emit, R8, RBP);
    } else {
        emit_movzx16(&t->emit, R8, RBP);
    }
    stack_gate(t, REACH_READ, size);
    load_guest_reg(t, GPR_EBP, 0, size);
    step_over(t, size);
    translate_computed_set_esp(t);
}

bool translate_computed_stack(struct translator *t, const struct insn *insn)
{
    unsigned size = insn->opattr;
    struct host_mem selector = host_mem_base(
        R15, (int32_t)(CPU_SEG + CPU_SEG_BYTES * ((insn->opcode >> 3) & 7u) + CPU_SEG_SELECTOR));
    if (!translate_computed(t) || (t->kind & SITE_DUAL)) {
        return false;
    }
    switch ((enum verdict)insn->verdict) {
    case VERDICT_PUSH:
        push(t, insn);
        return true;
    case VERDICT_POP:
        return pop(t, insn);
    case VERDICT_PUSHA:
        pusha(t, size);
        return true;
    case VERDICT_POPA:
        popa(t, size);
        return true;
    case VERDICT_ENTER:
        return enter(t, insn);
    case VERDICT_LEAVE:
        leave(t, size);
        return true;
    case VERDICT_PUSHF:
        if (t->mode & MODE_V86) { /* IOPL and VME decide */
            return false;
        }
        translate_flags_image(t);
        emit_mov_rr32(&t->emit, R10, R8);
        translate_computed_push(t, R10, 0, size);
        return true;
    case VERDICT_PUSH_SEG:
        emit_load16z(&t->emit, R10, &selector);
        translate_computed_push(t, R10, 0, size);
        return true;
    default:
        return false;
    }
}
