/* trace_light.c - one event into the ring. Light: runs between two guest instructions with the
 * guest's FPU state live; no system call, no allocation, under 20 ns.
 *
 * Owns the producer's side of the ring. Must not wait: a full ring is the caller's business.
 */
#include "emul/emul.h"
#include "map/map.h"
#include "trace/trace.h"

/* The register an operand field names, cut to the operand size. */
static uint32_t reg_value(const struct cpu *cpu, unsigned reg, unsigned size)
{
    if (size == 1) {
        return (uint8_t)(cpu_reg(cpu, reg & 3) >> (reg & 4 ? 8 : 0));
    }
    uint32_t value = cpu_reg(cpu, reg & 7);
    return size == 2 ? value & 0xffff : value;
}

static uint32_t operand_lin(const struct cpu *cpu, const struct insn *insn)
{
    return cpu->seg[insn->seg].base + emul_operand_off(cpu, insn);
}

static enum trace_values port_values(const struct cpu *cpu, const struct insn *insn,
                                     uint32_t *value)
{
    value[0] = map_port_of(insn, cpu);
    value[1] = reg_value(cpu, GPR_EAX, insn->opsize);
    return insn->op == OP_OUT ? TRACE_PORT : TRACE_PORT_READ;
}

static enum trace_values port_string_values(const struct cpu *cpu, const struct insn *insn,
                                            uint32_t *value)
{
    bool out = insn->op == OP_OUTS;
    uint32_t off = cpu_reg(cpu, out ? GPR_ESI : GPR_EDI);
    value[0] = map_port_of(insn, cpu);
    value[1] = cpu->seg[out ? insn->seg : SEG_ES].base + (insn->adsize == 2 ? off & 0xffff : off);
    value[2] = cpu_reg(cpu, GPR_ECX);
    return TRACE_PORT_STRING;
}

static uint32_t imm_value(const struct insn *insn)
{
    return insn->opsize == 4 ? insn->imm : insn->imm & ((1u << 8 * insn->opsize) - 1);
}

/* Operands in ModRM: memory by its linear address, general registers and constants by value. MOV
 * to CRn and DRn has its register in rm. */
static enum trace_values modrm_values(const struct cpu *cpu, const struct insn *insn,
                                      uint32_t *value)
{
    bool reg_is_gpr = insn->roles & (ROLE_REG | ROLE_REG8);
    bool rm_is_gpr = insn->roles & (ROLE_RM | ROLE_RM8);
    bool two = reg_is_gpr || insn->imm_bytes;
    value[1] = reg_is_gpr ? reg_value(cpu, insn_reg(insn), insn->opsize) : imm_value(insn);
    if (insn->is_mem) {
        value[0] = operand_lin(cpu, insn);
        bool mov_store = insn->map == 0 && (insn->opcode == 0x88 || insn->opcode == 0x89);
        return !two ? TRACE_ADDRESS : reg_is_gpr && !mov_store ? TRACE_MEMORY_REG : TRACE_MEMORY;
    }
    value[0] = reg_value(cpu, insn_rm(insn), insn->opsize);
    if (rm_is_gpr) {
        return two ? TRACE_OPERANDS : TRACE_OPERAND;
    }
    value[0] = value[1]; /* the other one is MMX, SSE or x87 */
    return two ? TRACE_OPERAND : TRACE_NO_VALUES;
}

static enum trace_values values_before(const struct cpu *cpu, const struct insn *insn,
                                       uint32_t *value)
{
    switch (insn->op) {
    case OP_IN:
    case OP_OUT:
        return port_values(cpu, insn, value);
    case OP_INS:
    case OP_OUTS:
        return port_string_values(cpu, insn, value);
    case OP_STRING:
        value[0] = cpu_reg(cpu, GPR_ESI);
        value[1] = cpu_reg(cpu, GPR_EDI);
        value[2] = cpu_reg(cpu, GPR_ECX);
        value[3] = cpu_reg(cpu, GPR_EAX);
        return TRACE_STRING;
    case OP_CPUID:
        value[0] = cpu_reg(cpu, GPR_EAX);
        value[1] = cpu_reg(cpu, GPR_ECX);
        return TRACE_LEAF;
    case OP_RDMSR:
    case OP_WRMSR:
        value[0] = cpu_reg(cpu, GPR_ECX);
        value[1] = cpu_reg(cpu, GPR_EAX);
        value[2] = cpu_reg(cpu, GPR_EDX);
        return insn->op == OP_WRMSR ? TRACE_MSR : TRACE_MSR_READ;
    case OP_INT:
        value[0] = map_value_of(insn, cpu);
        value[1] = cpu_reg(cpu, GPR_EAX);
        return TRACE_VECTOR;
    case OP_MOV_FROM_CR:
    case OP_MOV_FROM_DR:
        return TRACE_NO_VALUES; /* what it writes is logged behind it */
    case OP_FAR_CALL:
    case OP_FAR_JMP:
        if (!insn->has_modrm) {
            value[0] = insn->imm2;
            value[1] = insn->imm;
            return TRACE_FAR;
        }
        break;
    }
    if (insn->verdict == VERDICT_NOP) {
        return TRACE_NO_VALUES;
    }
    if (insn->has_modrm) {
        return modrm_values(cpu, insn, value);
    }
    if (insn->roles & (ROLE_OPCODE | ROLE_OPCODE8)) {
        value[0] = reg_value(cpu, insn->opcode & 7, insn->opsize);
        return TRACE_OPERAND;
    }
    if (insn->is_mem) { /* moffs */
        value[0] = operand_lin(cpu, insn);
        value[1] = reg_value(cpu, GPR_EAX, insn->opsize);
        return insn->opcode & 2 ? TRACE_MEMORY : TRACE_MEMORY_REG;
    }
    return TRACE_NO_VALUES;
}

static enum trace_values values_after(const struct cpu *cpu, const struct insn *insn,
                                      uint32_t *value)
{
    switch (insn->op) {
    case OP_IN:
        value[0] = reg_value(cpu, GPR_EAX, insn->opsize);
        return TRACE_OPERAND;
    case OP_MOV_FROM_CR:
    case OP_MOV_FROM_DR:
    case OP_MOV_FROM_SEG:
    case OP_SMSW:
    case OP_STR:
    case OP_SLDT:
        if (!insn->is_mem) {
            value[0] = reg_value(cpu, insn_rm(insn), insn->opsize);
            return TRACE_OPERAND;
        }
        break;
    }
    value[0] = cpu_reg(cpu, GPR_EAX);
    value[1] = cpu_reg(cpu, GPR_EBX);
    value[2] = cpu_reg(cpu, GPR_ECX);
    value[3] = cpu_reg(cpu, GPR_EDX);
    return TRACE_RESULTS;
}

bool trace_log(struct trace *trace, const struct cpu *cpu, const struct insn *insn, uint16_t rule,
               enum trace_kind kind)
{
    if (!trace->is_on) {
        return true;
    }
    uint64_t put = atomic_load_explicit(&trace->put, memory_order_relaxed);
    uint64_t taken = atomic_load_explicit(&trace->taken, memory_order_acquire);
    if (put - taken > trace->mask) {
        return false;
    }
    struct trace_event *event = &trace->ring[put & trace->mask];
    __builtin_prefetch(&trace->ring[(put + 8) & trace->mask], 1); /* the worker's core has it */
    event->tsc = __builtin_ia32_rdtsc();
    event->cr3 = cpu->cr3;
    event->lin = insn->eip;
    event->eip = insn->eip - cpu->seg[SEG_CS].base;
    event->rule = rule;
    event->cs = cpu->seg[SEG_CS].selector;
    event->cpl = cpu->cpl;
    event->kind = (uint8_t)kind;
    event->code32 = cpu->seg[SEG_CS].big;
    event->n_bytes = insn->n_bytes;
    __builtin_memcpy(event->bytes, insn->bytes, 8); /* two overlapping moves, no loop */
    __builtin_memcpy(event->bytes + INSN_MAX_BYTES - 8, insn->bytes + INSN_MAX_BYTES - 8, 8);
    event->values = (uint8_t)(kind == TRACE_AFTER ? values_after(cpu, insn, event->value)
                                                  : values_before(cpu, insn, event->value));
    atomic_store_explicit(&trace->put, put + 1, memory_order_release);
    return true;
}
