/* format.h - PURE: the binary stream of a trace, and its text.
 *
 * Little-endian. Header: 8 bytes "plex86tr", u32 version, u32 0, u64 TSC frequency in Hz, u64 TSC
 * at the start. Then records. Numbers are LEB128 varints: 7 bits a byte, low bits first.
 *
 *   0, 1, n, bytes[n]   defines the next instruction number (from 1): what does not change from hit
 *                       to hit: lin, eip, cs, rule (varints), then kind, values, cpl, code32,
 *                       n_bytes (a byte each), the instruction's bytes
 *   0, 2, id, n, text   the text of a rule
 *   0, 3                end of the stream: closed in order
 *   number, d, c, ...   an event: instruction number; (TSC since the last event) * 2 + (1 if CR3
 *                       changed); CR3 if it changed; the values
 *
 * An event takes 4-8 bytes. A reader must stand anything: a stream may end anywhere.
 */
#ifndef TRACE_FORMAT_H
#define TRACE_FORMAT_H

#include <stddef.h>

#include "trace/trace.h"

enum {
    TRACE_VERSION = 2,
    TRACE_HEADER_BYTES = 32,
    TRACE_RECORD_BYTES = 512, /* no record is longer */
    TRACE_DICTIONARY = 1 << 14,
};
enum trace_record { TRACE_RECORD_INSN = 1, TRACE_RECORD_RULE, TRACE_RECORD_END };

unsigned trace_count_values(enum trace_values values);
unsigned trace_count_known(enum trace_values values); /* of them, those known before it runs */
enum trace_kind trace_kind_of(const struct trace_event *event);
const char *trace_value_name(enum trace_values values, unsigned index);

struct trace_encoder {
    uint64_t last_tsc;
    uint32_t last_cr3;
    uint32_t n_defined;
    struct {
        uint32_t number; /* 0: free */
        struct trace_event event;
    } * dictionary; /* TRACE_DICTIONARY slots, the caller's */
};

/* Each writes one thing to bytes and returns how many bytes that took. */
size_t trace_encode_header(struct trace_encoder *encoder, uint64_t tsc_hz, uint64_t tsc,
                           uint8_t *bytes);
size_t trace_encode_event(struct trace_encoder *encoder, const struct trace_event *event,
                          uint8_t *bytes); /* at most TRACE_RECORD_BYTES; defines it if need be */
size_t trace_encode_rule(uint16_t rule, const char *text, uint8_t *bytes);
size_t trace_encode_end(uint8_t *bytes);

struct trace_decoder {
    const uint8_t *bytes, *end; /* what is left of the stream */
    uint64_t tsc_hz, tsc_start;
    struct trace_event event; /* the last one */
    uint64_t tsc;             /* its time, all 64 bits */
    struct trace_event *insns;
    uint32_t n_insns, max_insns;
    uint16_t rule; /* after TRACE_GOT_RULE */
    char rule_text[TRACE_RULE_BYTES];
};
enum trace_got { TRACE_GOT_EVENT, TRACE_GOT_RULE, TRACE_GOT_END, TRACE_GOT_CUT, TRACE_GOT_BAD };

/* False: not a trace, or of another version. Keeps pointing into bytes. */
bool trace_decode_begin(struct trace_decoder *decoder, const uint8_t *bytes, size_t n_bytes);
/* CUT: the stream ends inside a record or without an end record; BAD: nonsense. */
enum trace_got trace_decode(struct trace_decoder *decoder);
void trace_decode_free(struct trace_decoder *decoder);

struct scanner;
/* One line without its newline: text, or a JSON object. ns: since the start of the trace. */
void trace_format_text(const struct scanner *scanner, const struct trace_event *event, uint64_t ns,
                       char *line, size_t n_bytes);
void trace_format_json(const struct scanner *scanner, const struct trace_event *event, uint64_t ns,
                       char *line, size_t n_bytes);

#endif
