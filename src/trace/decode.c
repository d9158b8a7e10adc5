/* decode.c - PURE: binary stream -> trace events (format.h). The stream may hold anything. */
#include <stdlib.h>
#include <string.h>

#include "trace/format.h"

enum { MAX_INSNS = 1 << 24 };

/* False at the end of the stream; the decoder stays where it was. */
static bool get_number(const uint8_t **at, const uint8_t *end, uint64_t *number)
{
    *number = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t byte = *(*at)++;
        *number |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            return true;
        }
    }
    return false;
}

bool trace_decode_begin(struct trace_decoder *decoder, const uint8_t *bytes, size_t n_bytes)
{
    uint32_t version;
    *decoder = (struct trace_decoder){.bytes = bytes, .end = bytes + n_bytes};
    if (n_bytes < TRACE_HEADER_BYTES || memcmp(bytes, "plex86tr", 8) != 0) {
        return false;
    }
    memcpy(&version, bytes + 8, 4);
    memcpy(&decoder->tsc_hz, bytes + 16, 8);
    memcpy(&decoder->tsc_start, bytes + 24, 8);
    decoder->bytes += TRACE_HEADER_BYTES;
    decoder->tsc = decoder->tsc_start;
    return version == TRACE_VERSION;
}

static bool parse_definition(const uint8_t *at, const uint8_t *end, struct trace_event *insn)
{
    uint64_t lin, eip, cs, rule;
    if (!get_number(&at, end, &lin) || !get_number(&at, end, &eip) || !get_number(&at, end, &cs) ||
        !get_number(&at, end, &rule) || end - at < 5) {
        return false;
    }
    *insn = (struct trace_event){.lin = (uint32_t)lin,
                                 .eip = (uint32_t)eip,
                                 .cs = (uint16_t)cs,
                                 .rule = (uint16_t)rule,
                                 .is_again = at[0] == TRACE_AFTER,
                                 .values = at[1],
                                 .cpl = at[2] & 3,
                                 .code32 = at[3] & 1,
                                 .n_bytes = at[4] & 15};
    unsigned n_bytes = at[4];
    at += 5;
    if (insn->values >= N_TRACE_VALUES || n_bytes > INSN_MAX_BYTES || end - at != n_bytes) {
        return false;
    }
    memcpy(insn->bytes, at, insn->n_bytes);
    return true;
}

static bool add_insn(struct trace_decoder *decoder, const struct trace_event *insn)
{
    if (decoder->n_insns == decoder->max_insns) {
        uint32_t max = decoder->max_insns ? 2 * decoder->max_insns : 256;
        struct trace_event *insns =
            max > MAX_INSNS ? NULL : realloc(decoder->insns, max * sizeof *insns);
        if (!insns) {
            return false;
        }
        decoder->insns = insns;
        decoder->max_insns = max;
    }
    decoder->insns[decoder->n_insns++] = *insn;
    return true;
}

/* A record that begins with 0; *at is behind it. */
static enum trace_got get_record(struct trace_decoder *decoder, const uint8_t **at)
{
    uint64_t type, n, rule = 0;
    struct trace_event insn;
    if (!get_number(at, decoder->end, &type)) {
        return TRACE_GOT_CUT;
    }
    if (type == TRACE_RECORD_END) {
        return TRACE_GOT_END;
    }
    if (type == TRACE_RECORD_RULE && !get_number(at, decoder->end, &rule)) {
        return TRACE_GOT_CUT;
    }
    if (!get_number(at, decoder->end, &n) || n > (uint64_t)(decoder->end - *at)) {
        return TRACE_GOT_CUT;
    }
    const uint8_t *body = *at;
    *at += n;
    if (type == TRACE_RECORD_RULE && n < sizeof decoder->rule_text) {
        memcpy(decoder->rule_text, body, n);
        decoder->rule_text[n] = 0;
        decoder->rule = (uint16_t)rule;
        return TRACE_GOT_RULE;
    }
    if (type != TRACE_RECORD_INSN || !parse_definition(body, *at, &insn) ||
        !add_insn(decoder, &insn)) {
        return TRACE_GOT_BAD;
    }
    return TRACE_GOT_EVENT; /* of no interest to the caller: the loop goes on */
}

static enum trace_got get_event(struct trace_decoder *decoder, const uint8_t **at, uint64_t number)
{
    if (number > decoder->n_insns) {
        return TRACE_GOT_BAD;
    }
    uint64_t passed, cr3 = decoder->event.cr3, value;
    struct trace_event event = decoder->insns[number - 1];
    if (!get_number(at, decoder->end, &passed) ||
        ((passed & 1) && !get_number(at, decoder->end, &cr3))) {
        return TRACE_GOT_CUT;
    }
    uint64_t tsc = decoder->tsc + (passed >> 1);
    event.tsc = tsc & TRACE_TSC_MASK;
    event.cr3 = (uint32_t)cr3;
    for (unsigned i = 0; i < trace_count_values((enum trace_values)event.values); i++) {
        if (!get_number(at, decoder->end, &value)) {
            return TRACE_GOT_CUT;
        }
        event.value[i] = (uint32_t)value;
    }
    decoder->event = event;
    decoder->tsc = tsc;
    return TRACE_GOT_EVENT;
}

enum trace_got trace_decode(struct trace_decoder *decoder)
{
    for (;;) {
        const uint8_t *at = decoder->bytes;
        uint64_t number;
        if (!get_number(&at, decoder->end, &number)) {
            return TRACE_GOT_CUT;
        }
        enum trace_got got = number ? get_event(decoder, &at, number) : get_record(decoder, &at);
        if (got == TRACE_GOT_CUT || got == TRACE_GOT_BAD) {
            return got;
        }
        decoder->bytes = at;
        if (number || got != TRACE_GOT_EVENT) {
            return got;
        }
    }
}

void trace_decode_free(struct trace_decoder *decoder)
{
    free(decoder->insns);
    decoder->insns = NULL;
}
