/* ring.h - the producer's side of the ring, to be compiled into the code that logs: a hit may take
 * 20 ns, of which 10 are RDTSC. Light: vCPU thread, guest's FPU state live.
 */
#ifndef TRACE_RING_H
#define TRACE_RING_H

#include "map/map.h"
#include "trace/trace.h"

/* Which have results: their events stay open until those are known. */
static inline bool trace_has_results(const struct insn *insn)
{
#define TRACE_OP(name) (1ull << OP_##name)
    const uint64_t ops = TRACE_OP(IN) | TRACE_OP(INS) | TRACE_OP(OUTS) | TRACE_OP(CPUID) |
                         TRACE_OP(RDMSR) | TRACE_OP(RDPMC) | TRACE_OP(XGETBV) | TRACE_OP(RDTSC) |
                         TRACE_OP(RDTSCP) | TRACE_OP(MOV_FROM_CR) | TRACE_OP(MOV_FROM_DR) |
                         TRACE_OP(SMSW) | TRACE_OP(STR) | TRACE_OP(SLDT) | TRACE_OP(SGDT) |
                         TRACE_OP(SIDT) | TRACE_OP(LAR) | TRACE_OP(LSL) | TRACE_OP(VERR) |
                         TRACE_OP(VERW);
#undef TRACE_OP
    _Static_assert(OP_XGETBV < 64 && OP_VERW < 64, "bits of one word");
    return insn->verdict >= VERDICT_RDTSC && insn->op < 64 && (ops >> insn->op & 1);
}

/* What is known before insn runs. */
enum trace_values trace_values_before(const struct cpu *cpu, const struct insn *insn,
                                      uint32_t *value);

static inline struct trace_event *trace_slot(struct trace *trace, uint64_t at)
{
    return &trace->ring[at & trace->mask];
}

static inline void trace_describe(struct trace_event *event, const struct cpu *cpu,
                                  const struct insn *insn)
{
    event->cr3 = cpu->cr3;
    event->lin = insn->eip;
    event->eip = insn->eip - cpu->seg[SEG_CS].base;
    event->cs = cpu->seg[SEG_CS].selector;
    event->shape = (uint8_t)(insn->n_bytes | cpu->cpl << 4 | cpu->seg[SEG_CS].big << 6);
    __builtin_memcpy(event->bytes, insn->bytes, 8); /* two overlapping moves, no loop */
    __builtin_memcpy(event->bytes + INSN_MAX_BYTES - 8, insn->bytes + INSN_MAX_BYTES - 8, 8);
}

/* insn is about to run: stores an event for each of n_rules rules, all of one moment. Those of an
 * instruction with results stay open. False: there is no room, nothing was stored;
 * trace_make_room(), and again. */
static inline __attribute__((always_inline)) bool trace_log(struct trace *trace,
                                                            const struct cpu *cpu,
                                                            const struct insn *insn,
                                                            const uint16_t *rules, unsigned n_rules)
{
    if (__builtin_expect(trace->n_open, 0)) {
        trace_close(trace);
    }
    uint64_t put = atomic_load_explicit(&trace->put, memory_order_relaxed);
    if (!trace->is_on) {
        return true;
    }
    if (__builtin_expect(put + n_rules > trace->limit, 0)) {
        return false;
    }
    struct trace_event *event = trace_slot(trace, put);
    uint64_t tsc = __builtin_ia32_rdtsc();
    __builtin_prefetch(trace_slot(trace, put + 8), 1); /* the worker's core has it */
    trace_describe(event, cpu, insn);
    event->rule = rules[0];
    event->stamp = tsc << 8 | trace_values_before(cpu, insn, event->value);
    for (unsigned i = 1; i < n_rules; i++) {
        struct trace_event *next = trace_slot(trace, put + i);
        *next = *event;
        next->rule = rules[i];
    }
    if (trace_has_results(insn)) {
        trace->n_open = (uint8_t)n_rules;
    } else {
        atomic_store_explicit(&trace->put, put + n_rules, memory_order_release);
    }
    return true;
}

#endif
