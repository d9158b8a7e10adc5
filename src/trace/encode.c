/* encode.c - PURE: trace events -> binary stream (format.h). Runs on the worker's thread. */
#include <string.h>

#include "trace/format.h"

static const char trace_magic[8] = {'p', 'l', 'e', 'x', '8', '6', 't', 'r'};

static uint8_t *put_number(uint8_t *at, uint64_t number)
{
    while (number >= 0x80) {
        *at++ = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    *at++ = (uint8_t)number;
    return at;
}

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

size_t trace_encode_header(struct trace_encoder *encoder, uint64_t tsc_hz, uint64_t tsc,
                           uint8_t *bytes)
{
    uint32_t version = TRACE_VERSION, zero = 0;
    uint8_t *at = put_bytes(bytes, trace_magic, sizeof trace_magic);
    at = put_bytes(at, &version, 4);
    at = put_bytes(at, &zero, 4);
    at = put_bytes(at, &tsc_hz, 8);
    at = put_bytes(at, &tsc, 8);
    encoder->last_tsc = tsc;
    encoder->last_cr3 = 0;
    encoder->n_defined = 0;
    return (size_t)(at - bytes);
}

/* The fields that a definition holds. */
static inline bool is_same_insn(const struct trace_event *a, const struct trace_event *b)
{
    enum { SITE_BYTES = sizeof(*a) - offsetof(struct trace_event, rule) };
    return a->lin == b->lin && a->eip == b->eip && a->values == b->values &&
           !memcmp(&a->rule, &b->rule, SITE_BYTES);
}

static uint8_t *put_definition(uint8_t *at, const struct trace_event *event)
{
    uint8_t body[96], *end = body;
    end = put_number(end, event->lin);
    end = put_number(end, event->eip);
    end = put_number(end, event->cs);
    end = put_number(end, event->rule);
    const uint8_t small[5] = {(uint8_t)trace_kind_of(event), (uint8_t)event->values, event->cpl,
                              event->code32, event->n_bytes};
    end = put_bytes(end, small, sizeof small);
    end = put_bytes(end, event->bytes, event->n_bytes);
    at = put_number(at, 0);
    at = put_number(at, TRACE_RECORD_INSN);
    at = put_number(at, (uint64_t)(end - body));
    return put_bytes(at, body, (size_t)(end - body));
}

size_t trace_encode_event(struct trace_encoder *encoder, const struct trace_event *event,
                          uint8_t *bytes)
{
    uint8_t *at = bytes;
    uint32_t hash = (event->lin * 0x9e3779b1u) ^ (event->rule * 0x85ebca6bu) ^
                    (uint32_t)(event->values << 8 | event->shape) * 0xc2b2ae35u;
    typeof(encoder->dictionary) entry =
        &encoder->dictionary[(hash ^ hash >> 15) % TRACE_DICTIONARY];
    if (!entry->number || !is_same_insn(&entry->event, event)) {
        at = put_definition(at, event);
        entry->event = *event;
        entry->number = ++encoder->n_defined;
    }
    bool new_space = event->cr3 != encoder->last_cr3;
    at = put_number(at, entry->number);
    /* the TSC of another core may be a little behind: never negative */
    uint64_t passed = (event->tsc - encoder->last_tsc) & TRACE_TSC_MASK;
    passed = passed > TRACE_TSC_MASK / 2 ? 0 : passed;
    at = put_number(at, passed << 1 | new_space);
    if (new_space) {
        at = put_number(at, event->cr3);
        encoder->last_cr3 = event->cr3;
    }
    encoder->last_tsc += passed;
    for (unsigned i = 0; i < trace_count_values((enum trace_values)event->values); i++) {
        at = put_number(at, event->value[i]);
    }
    return (size_t)(at - bytes);
}

size_t trace_encode_rule(uint16_t rule, const char *text, uint8_t *bytes)
{
    size_t n = strlen(text);
    n = n < TRACE_RULE_BYTES ? n : TRACE_RULE_BYTES - 1;
    uint8_t *at = put_number(bytes, 0);
    at = put_number(at, TRACE_RECORD_RULE);
    at = put_number(at, rule);
    at = put_number(at, n);
    return (size_t)(put_bytes(at, text, n) - bytes);
}

size_t trace_encode_end(uint8_t *bytes)
{
    uint8_t *at = put_number(bytes, 0);
    return (size_t)(put_number(at, TRACE_RECORD_END) - bytes);
}
