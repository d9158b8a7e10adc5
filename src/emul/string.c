/* string.c - MOVS, STOS, LODS, CMPS, SCAS and XLAT in their checked form (SDM vol. 2): for segments
 * with a base or limit, 16-bit addresses and pages that need a look at each access. The emitted
 * code runs the plain cases natively.
 */
#include "emul/repeat.h"

/* Flags of left - right, as CMP leaves them. */
static uint32_t compare_flags(uint32_t left, uint32_t right, unsigned size)
{
    const uint32_t mask = emul_size_mask(size), sign = mask ^ (mask >> 1);
    left &= mask;
    right &= mask;
    const uint32_t result = (left - right) & mask;
    uint32_t flags = left < right ? FLAG_CF : 0;
    flags |= result == 0 ? FLAG_ZF : 0;
    flags |= result & sign ? FLAG_SF : 0;
    flags |= (left ^ right) & (left ^ result) & sign ? FLAG_OF : 0;
    flags |= (left ^ right ^ result) & FLAG_AF;
    flags |= __builtin_parity(result & 0xff) ? 0 : FLAG_PF;
    return flags;
}

static void set_compare_flags(struct cpu *cpu, uint32_t left, uint32_t right, unsigned size)
{
    cpu->arith = (cpu->arith & FLAG_DF) | compare_flags(left, right, size);
}

static int read_source(struct cpu *cpu, const struct repeat *repeat, uint32_t *value)
{
    uint32_t lin;
    if (emul_segment_lin(cpu, repeat->seg, repeat_off(cpu, repeat, GPR_ESI), repeat->size, false,
                         &lin)) {
        return -1;
    }
    return acc_read(cpu, lin, repeat->size, ACC_CPL, value);
}

/* The operand at ES:EDI, which no prefix overrides. */
static int read_dest(struct cpu *cpu, const struct repeat *repeat, uint32_t *value)
{
    uint32_t lin;
    if (emul_segment_lin(cpu, SEG_ES, repeat_off(cpu, repeat, GPR_EDI), repeat->size, false,
                         &lin)) {
        return -1;
    }
    return acc_read(cpu, lin, repeat->size, ACC_CPL, value);
}

static int write_dest(struct cpu *cpu, const struct repeat *repeat, uint32_t value)
{
    uint32_t lin;
    if (emul_segment_lin(cpu, SEG_ES, repeat_off(cpu, repeat, GPR_EDI), repeat->size, true, &lin)) {
        return -1;
    }
    return acc_write(cpu, lin, repeat->size, ACC_CPL, value & emul_size_mask(repeat->size));
}

/* One iteration without the count. 0, or -1 with nothing changed. */
static int step(struct cpu *cpu, const struct repeat *repeat, unsigned opcode)
{
    uint32_t left, right;
    switch (opcode & 0xfe) {
    case 0xa4: /* MOVS */
        if (read_source(cpu, repeat, &left) || write_dest(cpu, repeat, left)) {
            return -1;
        }
        repeat_advance(cpu, repeat, GPR_ESI);
        repeat_advance(cpu, repeat, GPR_EDI);
        return 0;
    case 0xa6: /* CMPS */
        /* Where both fail, an EPYC names ES:EDI's, with REP DS:ESI's. */
        if ((!repeat->repeats && read_dest(cpu, repeat, &right)) ||
            read_source(cpu, repeat, &left) ||
            (repeat->repeats && read_dest(cpu, repeat, &right))) {
            return -1;
        }
        set_compare_flags(cpu, left, right, repeat->size);
        repeat_advance(cpu, repeat, GPR_ESI);
        repeat_advance(cpu, repeat, GPR_EDI);
        return 0;
    case 0xaa: /* STOS */
        if (write_dest(cpu, repeat, cpu_reg(cpu, GPR_EAX))) {
            return -1;
        }
        repeat_advance(cpu, repeat, GPR_EDI);
        return 0;
    case 0xac: /* LODS */
        if (read_source(cpu, repeat, &left)) {
            return -1;
        }
        emul_write_reg(cpu, GPR_EAX, repeat->size, left);
        repeat_advance(cpu, repeat, GPR_ESI);
        return 0;
    default: /* SCAS */
        if (read_dest(cpu, repeat, &right)) {
            return -1;
        }
        set_compare_flags(cpu, cpu_reg(cpu, GPR_EAX), right, repeat->size);
        repeat_advance(cpu, repeat, GPR_EDI);
        return 0;
    }
}

/* How many items of size bytes lie upwards from reg inside its segment, before an offset wraps and
 * inside one page. 0: C must look at each (expand-down, rights, beyond the limit). */
static uint32_t items_in_run(const struct cpu *cpu, const struct repeat *repeat, enum seg seg,
                             enum reach use, unsigned reg, uint32_t *lin)
{
    const uint32_t off = repeat_off(cpu, repeat, reg);
    int64_t left = -(cpu->reach[use][seg] + off);
    *lin = cpu->seg[seg].base + off;
    const uint32_t in_page = 4096 - (*lin & 4095), in_mask = repeat->mask - off;
    left = left < in_page ? left : in_page;
    left = left - 1 < in_mask ? left : (int64_t)in_mask + 1;
    return left > 0 ? (uint32_t)left / repeat->size : 0;
}

static void advance_by(struct cpu *cpu, const struct repeat *repeat, unsigned reg, uint32_t n)
{
    emul_write_reg(cpu, reg, repeat->adsize, cpu_reg(cpu, reg) + n);
}

/* REP MOVS and REP STOS upwards, as many iterations at once as surely differ in nothing but their
 * number. False: the next one must be made alone. */
static bool step_run(struct cpu *cpu, struct repeat *repeat, unsigned opcode)
{
    const bool moves = (opcode & 0xfe) == 0xa4;
    const uint32_t left = cpu_reg(cpu, GPR_ECX) & repeat->mask;
    uint32_t n = REPEAT_SLICE - repeat->n_slice, to, from = 0;
    if (repeat->n_alone || !repeat->repeats || (cpu->arith & FLAG_DF) || left < 2 ||
        (cpu->mode & MODE_WATCH) || (cpu->sysflags & FLAG_TF)) {
        repeat->n_alone -= repeat->n_alone != 0;
        return false;
    }
    n = n < left ? n : left;
    uint32_t items = items_in_run(cpu, repeat, SEG_ES, REACH_WRITE, GPR_EDI, &to);
    n = n < items ? n : items;
    if (moves) {
        items = items_in_run(cpu, repeat, repeat->seg, REACH_READ, GPR_ESI, &from);
        n = n < items ? n : items;
    }
    if (n < 2) {
        return false;
    }
    const uint32_t done = moves ? acc_move(cpu, to, from, repeat->size, n)
                                : acc_fill(cpu, to, cpu_reg(cpu, GPR_EAX), repeat->size, n);
    repeat->n_alone = done < n ? n - done : 0; /* no second fault for each item of that page */
    advance_by(cpu, repeat, GPR_EDI, done * repeat->size);
    if (moves) {
        advance_by(cpu, repeat, GPR_ESI, done * repeat->size);
    }
    advance_by(cpu, repeat, GPR_ECX, 0 - done);
    repeat->n_slice += done;
    return done != 0;
}

enum light_result emul_string(struct cpu *cpu, const struct insn *insn)
{
    const unsigned opcode = insn->opcode;
    const bool compares = (opcode & 0xfe) == 0xa6 || (opcode & 0xfe) == 0xae;
    const uint32_t flags_before = cpu->arith;
    struct repeat repeat;
    repeat_begin(cpu, insn, &repeat);
    while (repeat_wants_step(cpu, &repeat)) {
        bool run =
            ((opcode & 0xfe) == 0xa4 || (opcode & 0xfe) == 0xaa) && step_run(cpu, &repeat, opcode);
        if (run) {
            if (repeat_is_interrupted(cpu, &repeat)) {
                return LIGHT_JUMP;
            }
            continue;
        }
        if (step(cpu, &repeat, opcode)) {
            /* "REP": a fault in CMPS or SCAS leaves EFLAGS as before the instruction */
            cpu->arith = flags_before;
            return LIGHT_FAULT;
        }
        repeat_count(cpu, &repeat);
        if (compares && repeat.repeats) {
            const bool equal = cpu->arith & FLAG_ZF;
            repeat.done = insn->prefixes & PREFIX_REPNE ? equal : !equal;
        }
        if (repeat_is_interrupted(cpu, &repeat)) {
            return LIGHT_JUMP; /* eip stays: the rest is done after the interrupt */
        }
    }
    return LIGHT_NEXT;
}

enum light_result emul_xlat(struct cpu *cpu, const struct insn *insn)
{
    const enum seg seg = insn->seg_override ? (enum seg)insn->seg : SEG_DS;
    const uint32_t mask = emul_size_mask(insn->adsize);
    const uint32_t off = (cpu_reg(cpu, GPR_EBX) + emul_read_reg(cpu, GPR_EAX, 1)) & mask;
    uint32_t lin, value;
    if (emul_segment_lin(cpu, seg, off, 1, false, &lin) || acc_read(cpu, lin, 1, ACC_CPL, &value)) {
        return LIGHT_FAULT;
    }
    emul_write_reg(cpu, GPR_EAX, 1, value);
    return LIGHT_NEXT;
}
