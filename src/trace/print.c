/* print.c - PURE: one trace event as a line of text or a JSON object. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scan/scan.h"
#include "trace/format.h"

static const struct {
    uint8_t n, n_known;
    const char *names[TRACE_MAX_VALUES];
} value_names[N_TRACE_VALUES] = {
#define VALUES(name, n_known, ...)                                                                 \
    [TRACE_##name] = {sizeof((const char *[]){NULL, ##__VA_ARGS__}) / sizeof(char *) - 1,          \
                      n_known,                                                                     \
                      {__VA_ARGS__}},
#include "trace/values.def"
#undef VALUES
};

unsigned trace_count_values(enum trace_values values)
{
    return value_names[values].n;
}

const char *trace_value_name(enum trace_values values, unsigned index)
{
    return value_names[values].names[index];
}

unsigned trace_count_known(enum trace_values values)
{
    return value_names[values].n_known;
}

enum trace_kind trace_kind_of(const struct trace_event *event)
{
    unsigned values = event->values;
    bool has_results = value_names[values].n_known < value_names[values].n;
    return event->is_again ? TRACE_AFTER : has_results ? TRACE_DONE : TRACE_BEFORE;
}

static void disassemble(const struct scanner *scanner, const struct trace_event *event, char *text,
                        size_t n_bytes)
{
    ZydisFormatter formatter;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    const ZydisDecoder *decoder = event->code32 ? &scanner->code32 : &scanner->code16;
    if (!event->n_bytes) { /* the CPU's own access, for an interrupt or exception */
        snprintf(text, n_bytes, "(event)");
        return;
    }
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
    if (ZYAN_FAILED(
            ZydisDecoderDecodeFull(decoder, event->bytes, event->n_bytes, &insn, operands)) ||
        ZYAN_FAILED(ZydisFormatterFormatInstruction(&formatter, &insn, operands,
                                                    insn.operand_count_visible, text, n_bytes,
                                                    event->eip, NULL))) {
        snprintf(text, n_bytes, "(bad)");
    }
}

void trace_format_text(const struct scanner *scanner, const struct trace_event *event, uint64_t ns,
                       char *line, size_t n_bytes)
{
    char text[96];
    int used;
    disassemble(scanner, event, text, sizeof text);
    char who[16] = "split";
    if (event->rule) {
        snprintf(who, sizeof who, "rule %u", event->rule);
    }
    used = snprintf(line, n_bytes, "%" PRIu64 ".%09u cpl %u cr3 %08x %04x:%08x %s  %s",
                    ns / 1000000000u, (unsigned)(ns % 1000000000u), event->cpl, event->cr3,
                    event->cs, event->eip, who, text);
    enum trace_values values = (enum trace_values)event->values;
    unsigned n_known = trace_count_known(values);
    for (unsigned i = 0; i < trace_count_values(values); i++) {
        if (used >= 0 && (size_t)used < n_bytes) {
            const char *mark = i != n_known ? "" : event->is_again ? "  =>>" : "  =>";
            used += snprintf(line + used, n_bytes - (size_t)used, "%s  %s %x", mark,
                             trace_value_name(values, i), event->value[i]);
        }
    }
}

void trace_format_json(const struct scanner *scanner, const struct trace_event *event, uint64_t ns,
                       char *line, size_t n_bytes)
{
    static const char *const kinds[] = {"before", "done", "after"};
    char text[96], hex[2 * INSN_MAX_BYTES + 1] = "";
    int used;
    disassemble(scanner, event, text, sizeof text);
    for (unsigned i = 0; i < event->n_bytes; i++) {
        snprintf(hex + 2 * i, 3, "%02x", event->bytes[i]);
    }
    used = snprintf(line, n_bytes,
                    "{\"ns\":%" PRIu64 ",\"cpl\":%u,\"cr3\":%u,\"cs\":%u,\"eip\":%u,\"lin\":%u,"
                    "\"rule\":%u,\"when\":\"%s\",\"bytes\":\"%s\",\"insn\":\"%s\"",
                    ns, event->cpl, event->cr3, event->cs, event->eip, event->lin, event->rule,
                    kinds[trace_kind_of(event)], hex, text);
    for (unsigned i = 0; i < trace_count_values((enum trace_values)event->values); i++) {
        if (used >= 0 && (size_t)used < n_bytes) {
            used +=
                snprintf(line + used, n_bytes - (size_t)used, ",\"%s\":%u",
                         trace_value_name((enum trace_values)event->values, i), event->value[i]);
        }
    }
    if (used >= 0 && (size_t)used < n_bytes) {
        snprintf(line + used, n_bytes - (size_t)used, "}");
    }
}
