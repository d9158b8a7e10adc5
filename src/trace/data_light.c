/* data_light.c - an access to memory into the ring, as ring.h does for instructions. Light.
 */
#include "trace/ring.h"

uint64_t trace_data_value(const struct trace_data *data)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < data->n_bytes && i < 8; i++) {
        value |= (uint64_t)data->bytes[i] << (8 * i);
    }
    return value;
}

bool trace_log_data(struct trace *trace, const struct cpu *cpu, const struct trace_data *data,
                    uint16_t rule)
{
    static const struct insn none; /* an event's: no bytes */
    trace_close(trace);            /* of the instruction this is in the middle of */
    uint64_t put = atomic_load_explicit(&trace->put, memory_order_relaxed);
    if (!trace->is_on) {
        return true;
    }
    if (put + 1 > trace->limit) {
        return false;
    }
    struct trace_event *event = trace_slot(trace, put);
    uint64_t value = trace_data_value(data), tsc = __builtin_ia32_rdtsc();
    bool is_long = data->n_bytes > 4;
    trace_describe(event, cpu, data->insn ? data->insn : &none);
    event->lin = data->eip;
    event->eip = data->eip - cpu->seg[SEG_CS].base;
    event->rule = rule;
    event->value[0] = data->lin;
    event->value[1] = data->n_bytes;
    event->value[2] = (uint32_t)value;
    event->value[3] = (uint32_t)(value >> 32);
    event->stamp = tsc << 8 | (data->write ? (is_long ? TRACE_WRITE_LONG : TRACE_WRITE)
                                           : (is_long ? TRACE_READ_LONG : TRACE_READ));
    atomic_store_explicit(&trace->put, put + 1, memory_order_release);
    return true;
}
