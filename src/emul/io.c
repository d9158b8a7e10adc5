/* io.c - IN, OUT, INS, OUTS: who may touch which port (SDM vol. 1, "I/O Privilege Level", "I/O
 * Permission Bit Map"), and runs of string I/O, because one exit per word kills disks (PIO).
 *
 * What a port does is the bus's business, reached through machine_ports(); see emul.h for ports
 * that need the full monitor.
 */
#include "emul/repeat.h"

bool emul_port_allowed(struct cpu *cpu, uint16_t port, unsigned size_bytes)
{
    uint32_t io_map, bits;
    if (!emul_is_v86(cpu) && cpu->cpl <= cpu_iopl(cpu)) {
        return true; /* real mode too: CPL 0 */
    }
    if (!(cpu->tr.access & DESC_IS_32) || cpu->tr.limit < TSS32_MIN_LIMIT) {
        emul_raise(cpu, VEC_GP, 0);
        return false;
    }
    if (acc_read(cpu, cpu->tr.base + TSS32_IOMAP, 2, ACC_SUP, &io_map)) {
        return false;
    }
    const uint32_t off = io_map + port / 8;
    if (off + 1 > cpu->tr.limit) { /* two bytes are read: ports may straddle */
        emul_raise(cpu, VEC_GP, 0);
        return false;
    }
    if (acc_read(cpu, cpu->tr.base + off, 2, ACC_SUP, &bits)) {
        return false;
    }
    if ((bits >> (port & 7)) & ((1u << size_bytes) - 1)) {
        emul_raise(cpu, VEC_GP, 0);
        return false;
    }
    return true;
}

enum { PORT_IN, PORT_OUT, PORT_INS, PORT_OUTS }; /* exit_arg[2] of EXIT_PORT */

static enum light_result exit_port(struct cpu *cpu, uint16_t port, unsigned size, unsigned what,
                                   uint32_t value)
{
    cpu->exit_reason = EXIT_PORT;
    cpu->exit_arg[0] = port;
    cpu->exit_arg[1] = size;
    cpu->exit_arg[2] = what;
    cpu->exit_arg[3] = value;
    return LIGHT_EXIT;
}

/* E4-E7: immediate port; EC-EF: DX. */
static uint16_t operand_port(const struct cpu *cpu, const struct insn *insn)
{
    return insn->opcode & 8 ? (uint16_t)cpu_reg(cpu, GPR_EDX) : (uint8_t)insn->imm;
}

enum light_result emul_in(struct cpu *cpu, const struct insn *insn)
{
    const unsigned size = insn->opcode & 1 ? insn->opattr : 1;
    const uint16_t port = operand_port(cpu, insn);
    uint32_t value;
    if (!emul_port_allowed(cpu, port, size)) {
        return LIGHT_FAULT;
    }
    const struct emul_ports *ports = machine_ports(cpu->machine);
    if (!ports->in(ports->arg, port, size, &value)) {
        return exit_port(cpu, port, size, PORT_IN, 0);
    }
    emul_write_reg(cpu, GPR_EAX, size, value);
    cpu->debug_hits |= cpu_debug_port(cpu, port, size);
    return LIGHT_NEXT;
}

enum light_result emul_out(struct cpu *cpu, const struct insn *insn)
{
    const unsigned size = insn->opcode & 1 ? insn->opattr : 1;
    const uint16_t port = operand_port(cpu, insn);
    const uint32_t value = emul_read_reg(cpu, GPR_EAX, size);
    if (!emul_port_allowed(cpu, port, size)) {
        return LIGHT_FAULT;
    }
    const struct emul_ports *ports = machine_ports(cpu->machine);
    if (!ports->out(ports->arg, port, size, value)) {
        return exit_port(cpu, port, size, PORT_OUT, value);
    }
    cpu->debug_hits |= cpu_debug_port(cpu, port, size);
    return LIGHT_NEXT;
}

/* ---- string I/O ---- */

/* The store is proved possible before the port is read: reading may have side effects. */
static int ins_step(struct cpu *cpu, const struct repeat *repeat, const struct emul_ports *ports,
                    bool *exits)
{
    const uint16_t port = (uint16_t)cpu_reg(cpu, GPR_EDX);
    uint32_t lin, value;
    if (emul_segment_lin(cpu, SEG_ES, repeat_off(cpu, repeat, GPR_EDI), repeat->size, true, &lin) ||
        acc_probe_write(cpu, lin, repeat->size, ACC_CPL)) {
        return -1;
    }
    if (!ports->in(ports->arg, port, repeat->size, &value)) {
        *exits = true;
        return 0;
    }
    cpu->port_last = value & emul_size_mask(repeat->size);
    if (acc_write(cpu, lin, repeat->size, ACC_CPL, cpu->port_last)) {
        return -1;
    }
    repeat_advance(cpu, repeat, GPR_EDI);
    return 0;
}

static int outs_step(struct cpu *cpu, const struct repeat *repeat, const struct emul_ports *ports,
                     bool *exits)
{
    const uint16_t port = (uint16_t)cpu_reg(cpu, GPR_EDX);
    uint32_t lin, value;
    if (emul_segment_lin(cpu, repeat->seg, repeat_off(cpu, repeat, GPR_ESI), repeat->size, false,
                         &lin) ||
        acc_read(cpu, lin, repeat->size, ACC_CPL, &value)) {
        return -1;
    }
    if (!ports->out(ports->arg, port, repeat->size, value)) {
        *exits = true;
        return 0;
    }
    cpu->port_last = value;
    repeat_advance(cpu, repeat, GPR_ESI);
    return 0;
}

static enum light_result port_string(struct cpu *cpu, const struct insn *insn, bool out)
{
    const uint16_t port = (uint16_t)cpu_reg(cpu, GPR_EDX);
    struct repeat repeat;
    repeat_begin(cpu, insn, &repeat);
    if (!emul_port_allowed(cpu, port, repeat.size)) {
        return LIGHT_FAULT;
    }
    const struct emul_ports *ports = machine_ports(cpu->machine);
    while (repeat_wants_step(cpu, &repeat)) {
        bool exits = false;
        if (out ? outs_step(cpu, &repeat, ports, &exits) : ins_step(cpu, &repeat, ports, &exits)) {
            return LIGHT_FAULT;
        }
        if (exits) {
            return exit_port(cpu, port, repeat.size, out ? PORT_OUTS : PORT_INS, 0);
        }
        repeat_count(cpu, &repeat);
        cpu->debug_hits |= cpu_debug_port(cpu, port, repeat.size);
        if (repeat_is_interrupted(cpu, &repeat)) {
            return LIGHT_JUMP; /* eip stays: the rest is done after the interrupt */
        }
    }
    return LIGHT_NEXT;
}

/* 6C, 6D */
enum light_result emul_ins(struct cpu *cpu, const struct insn *insn)
{
    return port_string(cpu, insn, false);
}

/* 6E, 6F */
enum light_result emul_outs(struct cpu *cpu, const struct insn *insn)
{
    return port_string(cpu, insn, true);
}
