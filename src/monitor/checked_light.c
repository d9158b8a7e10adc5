/* checked_light.c - the checked way to reach memory: C resolves the address, the same instruction
 * then runs natively on a staging buffer, and what it stored is carried out. Light. */
#include "monitor/machine_internal.h"
#include "view/acc.h"

enum light_result checked_resolve(struct cpu *cpu, const struct insn *insn);
enum light_result checked_commit(struct cpu *cpu, const struct insn *insn);
enum light_result light_fpu_stored(struct cpu *cpu, const struct insn *insn);

/* BT, BTS, BTR, BTC with a register: the offset selects a word far from the operand (SDM). */
static uint32_t bit_string_displacement(const struct cpu *cpu, const struct insn *insn)
{
    bool bit_string = insn->map == 1 && (insn->opcode == 0xa3 || insn->opcode == 0xab ||
                                         insn->opcode == 0xb3 || insn->opcode == 0xbb);
    if (!bit_string) {
        return 0;
    }
    uint32_t bit = cpu_reg(cpu, insn_reg(insn));
    return insn->opattr == 2 ? (uint32_t)(((int16_t)bit >> 4) * 2)
                             : (uint32_t)(((int32_t)bit >> 5) * 4);
}

enum light_result checked_resolve(struct cpu *cpu, const struct insn *insn)
{
    unsigned n = insn->mem_bytes;
    uint32_t lin = 0;
    uint32_t off = emul_operand_off(cpu, insn) + bit_string_displacement(cpu, insn);
    if (insn->adsize == 2) {
        off &= 0xffff;
    }
    BUG_ON(n + 64 > CPU_STAGING_BYTES);
    if (n && emul_segment_lin(cpu, (enum seg)insn->seg, off, n, insn->mem_write, &lin) < 0) {
        return LIGHT_FAULT;
    }
    if (insn->mem_write && acc_probe_write(cpu, lin, n, ACC_CPL) < 0) {
        return LIGHT_FAULT;
    }
    uint8_t *staging = cpu->staging + (lin & 63); /* alignment as the guest sees it */
    if (insn->mem_read || !insn->mem_write) {
        for (unsigned i = 0; i < n;) {
            unsigned size = n - i >= 4 ? 4 : n - i >= 2 ? 2 : 1;
            uint32_t value;
            if (acc_read(cpu, lin + i, size, ACC_CPL, &value) < 0) {
                return LIGHT_FAULT;
            }
            for (unsigned k = 0; k < size; k++) {
                staging[i + k] = (uint8_t)(value >> (8 * k));
            }
            i += size;
        }
    }
    cpu->staged_lin = lin;
    cpu->staged_bytes = insn->mem_write ? n : 0;
    cpu->scratch[SCRATCH_HOST] = (uint64_t)staging;
    return LIGHT_NEXT;
}

enum light_result checked_commit(struct cpu *cpu, const struct insn *insn)
{
    const uint8_t *staging = (const uint8_t *)cpu->scratch[SCRATCH_HOST];
    (void)insn;
    cpu->staged_count++;
    for (unsigned i = 0; i < cpu->staged_bytes;) {
        unsigned left = cpu->staged_bytes - i, size = left >= 4 ? 4 : left >= 2 ? 2 : 1;
        uint32_t value = 0;
        for (unsigned k = 0; k < size; k++) {
            value |= (uint32_t)staging[i + k] << (8 * k);
        }
        /* probed by checked_resolve: cannot fail */
        BUG_ON(acc_write(cpu, cpu->staged_lin + i, size, ACC_CPL, value) < 0);
        i += size;
    }
    cpu->staged_bytes = 0;
    return LIGHT_NEXT;
}

/* FNSTENV, FNSAVE and FXSAVE have stored the host's x87 instruction pointer (an address in the code
 * cache, below 2 GiB): replace it by the guest's (pitfall 9). */
enum light_result light_fpu_stored(struct cpu *cpu, const struct insn *insn)
{
    struct machine *machine = cpu->machine;
    uint32_t lin, fip;
    bool fxsave = insn->map == 1;
    bool wide = fxsave || insn->opattr == 4;
    uint32_t at = fxsave ? 8 : wide ? 12 : 6;
    if (!wide || emul_operand_lin(cpu, insn, 16, true, &lin) < 0 ||
        acc_read(cpu, lin + at, 4, ACC_CPL, &fip) < 0) {
        return LIGHT_NEXT; /* the instruction itself ran: its memory is there */
    }
    const struct unit *unit = cache_find(&machine->cache, fip);
    const struct unit_insn *place = unit ? cache_find_insn(&machine->cache, unit, fip) : NULL;
    if (place) {
        uint32_t eip = (unit->page->lin_page << 12) - unit->page->cs_base + place->page_off;
        acc_write(cpu, lin + at, 4, ACC_CPL, eip);
        acc_write(cpu, lin + at + 4, 2, ACC_CPL, cpu->seg[SEG_CS].selector);
    }
    return LIGHT_NEXT;
}
