/* computed.c - computed accesses (design section 3): segments with a base or a limit, 16-bit
 * addresses, 16-bit stacks. Place in the flow: called by access.c, stack.c, branch.c and string.c
 * for modes that are not flat.
 *
 * No instruction here touches a flag. The offset is summed up in r8d as the 386 would. Its check is
 * the gate: cpu->reach holds -(limit + 1), so reach + offset + bytes - 1 in 64 bits is negative
 * just when the access lies within the limit. Shifted right by CPU_GATE_SHIFT that is
 * CPU_GATE_INDEX or 0, and it indexes the load of the segment's base: 0 leads to reserved addresses
 * below struct cpu. The fault there makes the site a checked one (run/signals.c, monitor/site.c),
 * where C raises what is due. The base is loaded each time, nothing of a segment is ever baked in.
 * The access itself is gs:[offset + base] in 32 bits, so it stays in the window whatever the
 * numbers are.
 */
#include "translate/translate.h"

bool translate_computed(const struct translator *t)
{
    return !(t->in->engine & ENGINE_ALL_CHECKED) && !(t->mode & (MODE_NOWP | MODE_WATCH)) &&
           !(t->kind & SITE_CHECKED);
}

void translate_gate(struct translator *t, int off_reg, int32_t reach, enum seg seg,
                    unsigned n_bytes)
{
    struct emit *e = &t->emit;
    int32_t base = (int32_t)(CPU_SEG + CPU_SEG_BYTES * seg + CPU_SEG_BASE);
    struct host_mem field = host_mem_base(R15, reach);
    struct host_mem sum = host_mem_index(R9, off_reg, 1, (int32_t)n_bytes - 1);
    struct host_mem gate = host_mem_index(R15, R9, 1, base - CPU_GATE_INDEX);
    emit_load64(e, R9, &field);
    emit_mov_ri32(e, R11, CPU_GATE_SHIFT);
    emit_lea64(e, R9, &sum);
    emit_shrx64(e, R9, R9, R11);
    emit_load32(e, R9, &gate);
}

/* What the operand decodes to: its size and use. */
static bool find_operand(const struct translator *t, const struct insn *insn, struct insn *full)
{
    *full = translate_with_operand(t, insn);
    /* x87: the data pointer is the offset, and the host's register would show the sum */
    bool x87 = insn->map == 0 && insn->opcode >= 0xd8 && insn->opcode <= 0xdf;
    return full->mem_bytes && full->mem_bytes <= CPU_STAGING_BYTES && !insn_is_bit_string(insn) &&
           !(x87 && !insn_is_x87_control(insn));
}

bool translate_computed_address(struct translator *t, const struct insn *insn, int32_t delta,
                                struct host_mem *mem)
{
    struct insn full;
    if (!translate_computed(t) || !find_operand(t, insn, &full)) {
        return false;
    }
    enum reach use = full.mem_write ? REACH_WRITE : REACH_READ;
    translate_offset(t, insn, delta);
    translate_gate(t, R8, CPU_REACH + 8 * (int32_t)(use * N_SEG + insn->seg), (enum seg)insn->seg,
                   full.mem_bytes);
    *mem = host_mem_guest(R8, R9, 1, 0);
    if (t->kind & SITE_DUAL) {
        struct host_mem sum = host_mem_index(R8, R9, 1, 0);
        t->unit_kind |= UNIT_DUAL;
        emit_lea32(&t->emit, R8, &sum);
        translate_dual(t, mem);
    }
    return true;
}
