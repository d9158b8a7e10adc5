/* trace_light.c - one event into the ring. Light: runs between two guest instructions with the
 * guest's FPU state live; no system call, no allocation, under 20 ns.
 *
 * Owns the producer's side of the ring. Must not wait: a full ring is the caller's business.
 */
#include "emul/emul.h"
#include "map/gate.h"
#include "trace/ring.h"

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

/* What there is to say of these before they run: nothing, but where they store. */
static enum trace_values store_values(const struct cpu *cpu, const struct insn *insn,
                                      uint32_t *value)
{
    value[0] = insn->is_mem ? operand_lin(cpu, insn) : 0;
    return insn->is_mem ? TRACE_ADDRESS : TRACE_NO_VALUES;
}

static enum trace_values query_values(const struct cpu *cpu, const struct insn *insn,
                                      uint32_t *value)
{
    value[0] = insn->is_mem ? operand_lin(cpu, insn) : cpu_reg(cpu, insn_rm(insn)) & 0xffff;
    return insn->is_mem ? TRACE_ADDRESS : TRACE_SELECTOR;
}

enum trace_values trace_values_before(const struct cpu *cpu, const struct insn *insn,
                                      uint32_t *value)
{
    switch (insn->op) {
    case OP_IN:
        value[0] = map_port_of(insn, cpu);
        return TRACE_PORT_READ;
    case OP_OUT:
        value[0] = map_port_of(insn, cpu);
        value[1] = reg_value(cpu, GPR_EAX, insn->opsize);
        return TRACE_PORT;
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
    case OP_RDPMC:
    case OP_XGETBV:
    case OP_WRMSR:
        value[0] = cpu_reg(cpu, GPR_ECX);
        value[1] = cpu_reg(cpu, GPR_EAX);
        value[2] = cpu_reg(cpu, GPR_EDX);
        return insn->op == OP_WRMSR ? TRACE_MSR : TRACE_MSR_READ;
    case OP_INT:
        value[0] = map_value_of(insn, cpu);
        value[1] = cpu_reg(cpu, GPR_EAX);
        return TRACE_VECTOR;
    case OP_RDTSC:
    case OP_RDTSCP:
        return TRACE_NO_VALUES;
    case OP_MOV_FROM_CR:
    case OP_MOV_FROM_DR:
    case OP_SMSW:
    case OP_STR:
    case OP_SLDT:
    case OP_SGDT:
    case OP_SIDT:
        return store_values(cpu, insn, value);
    case OP_LAR:
    case OP_LSL:
    case OP_VERR:
    case OP_VERW:
        return query_values(cpu, insn, value);
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

/* ---- results ---- */

static bool has_gpr_rm(const struct insn *insn)
{
    return insn->has_modrm && !insn->is_mem;
}

/* Of what these store, the CPU knows the value without a look at memory. */
static uint32_t stored_value(const struct cpu *cpu, const struct insn *insn)
{
    switch (insn->op) {
    case OP_STR:
        return cpu->tr.selector;
    case OP_SLDT:
        return cpu->ldtr.selector;
    default:
        return cpu->cr0 & 0xffff;
    }
}

static void table_results(const struct table_register *table, const struct insn *insn,
                          uint32_t *value)
{
    value[1] = table->limit;
    value[2] = insn->opattr == 2 ? table->base & 0xffffff : table->base;
}

/* Iterations done, and the last value that went through the port. */
static void port_string_results(const struct cpu *cpu, const struct insn *insn, uint32_t *value)
{
    uint32_t mask = insn->adsize == 2 ? 0xffff : UINT32_MAX;
    bool repeats = insn->prefixes & (PREFIX_REP | PREFIX_REPNE);
    value[3] = repeats ? (value[2] - cpu_reg(cpu, GPR_ECX)) & mask : 1;
    value[4] = value[3] ? cpu->port_last : 0;
}

static void pair_results(const struct cpu *cpu, uint32_t *value)
{
    value[0] = cpu_reg(cpu, GPR_EAX);
    value[1] = cpu_reg(cpu, GPR_EDX);
}

/* Behind the instruction; value[] holds what was known before it. */
static enum trace_values add_results(const struct cpu *cpu, const struct insn *insn,
                                     uint32_t *value)
{
    bool zf = cpu->arith & FLAG_ZF;
    switch (insn->op) {
    case OP_IN:
        value[1] = reg_value(cpu, GPR_EAX, insn->opsize);
        return TRACE_DONE_PORT;
    case OP_INS:
    case OP_OUTS:
        port_string_results(cpu, insn, value);
        return TRACE_DONE_PORT_STRING;
    case OP_CPUID:
        value[2] = cpu_reg(cpu, GPR_EAX);
        value[3] = cpu_reg(cpu, GPR_EBX);
        value[4] = cpu_reg(cpu, GPR_ECX);
        value[5] = cpu_reg(cpu, GPR_EDX);
        return TRACE_DONE_LEAF;
    case OP_RDMSR:
    case OP_RDPMC:
    case OP_XGETBV:
        pair_results(cpu, value + 1);
        return TRACE_DONE_MSR;
    case OP_RDTSC:
        pair_results(cpu, value);
        return TRACE_DONE_TSC;
    case OP_RDTSCP:
        pair_results(cpu, value);
        value[2] = cpu_reg(cpu, GPR_ECX);
        return TRACE_DONE_TSCP;
    case OP_SGDT:
    case OP_SIDT:
        table_results(insn->op == OP_SGDT ? &cpu->gdtr : &cpu->idtr, insn, value);
        return TRACE_DONE_TABLE;
    case OP_LAR:
    case OP_LSL:
        value[1] = reg_value(cpu, insn_reg(insn), insn->opsize);
        value[2] = zf;
        return insn->is_mem ? TRACE_DONE_QUERY_MEMORY : TRACE_DONE_QUERY;
    case OP_VERR:
    case OP_VERW:
        value[1] = zf;
        return insn->is_mem ? TRACE_DONE_VERIFY_MEMORY : TRACE_DONE_VERIFY;
    default: /* MOV from CR and DR, SMSW, STR, SLDT */
        value[insn->is_mem] = has_gpr_rm(insn) ? reg_value(cpu, insn_rm(insn), insn->opsize)
                                               : stored_value(cpu, insn);
        return insn->is_mem ? TRACE_DONE_MEMORY : TRACE_DONE_VALUE;
    }
}

/* ---- the ring ---- */

static void publish(struct trace *trace, unsigned n)
{
    uint64_t put = atomic_load_explicit(&trace->put, memory_order_relaxed);
    atomic_store_explicit(&trace->put, put + n, memory_order_release);
    trace->n_open = 0;
}

void trace_close(struct trace *trace)
{
    if (trace->n_open) {
        trace->kept = *trace_slot(trace, atomic_load_explicit(&trace->put, memory_order_relaxed));
        publish(trace, trace->n_open);
    }
}

bool trace_complete(struct trace *trace, const struct cpu *cpu, const struct insn *insn)
{
    uint64_t put = atomic_load_explicit(&trace->put, memory_order_relaxed);
    struct trace_event *event = trace_slot(trace, put);
    if (!trace->n_open || event->lin != insn->eip) {
        return !trace->is_on;
    }
    uint8_t values = (uint8_t)add_results(cpu, insn, event->value);
    event->values = values;
    for (unsigned i = 1; i < trace->n_open; i++) {
        struct trace_event *next = trace_slot(trace, put + i);
        __builtin_memcpy(next->value, event->value, sizeof(next->value));
        next->values = values;
    }
    publish(trace, trace->n_open);
    return true;
}

bool trace_log_after(struct trace *trace, const struct cpu *cpu, const struct insn *insn,
                     uint16_t rule)
{
    uint64_t put = atomic_load_explicit(&trace->put, memory_order_relaxed);
    if (!trace->is_on || trace->kept.lin != insn->eip) {
        return true;
    }
    if (put + 1 > trace->limit) {
        return false;
    }
    struct trace_event *event = trace_slot(trace, put);
    *event = trace->kept;
    event->rule = rule;
    event->is_again = true;
    event->stamp = __builtin_ia32_rdtsc() << 8 | add_results(cpu, insn, event->value);
    publish(trace, 1);
    return true;
}

bool trace_log_access(struct trace *trace, const struct cpu *cpu, const struct insn *insn,
                      const struct trace_access *access)
{
    trace_close(trace);
    uint64_t put = atomic_load_explicit(&trace->put, memory_order_relaxed);
    if (!trace->is_on) {
        return true;
    }
    if (put + 1 > trace->limit) {
        return false;
    }
    struct trace_event *event = trace_slot(trace, put);
    trace_describe(event, cpu, insn);
    event->rule = 0;
    event->stamp =
        __builtin_ia32_rdtsc() << 8 | (access->write ? TRACE_ACCESS_WRITE : TRACE_ACCESS_READ);
    event->value[0] = access->lin;
    event->value[1] = access->phys;
    event->value[2] = access->n_bytes;
    event->value[3] = cpu->in_delivery;
    publish(trace, 1);
    return true;
}
