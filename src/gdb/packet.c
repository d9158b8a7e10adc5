/* packet.c - bytes of a connection into packets and back: frames, checksums, escapes, hex.
 *
 * Place in the flow: between the socket and session.c. Pure, no state but the caller's. Whatever
 * bytes come, the decoder ends in a state from which the next good packet is read.
 */
#include "gdb/packet.h"

#include <string.h>

enum { INTERRUPT_BYTE = 3, ESCAPE = '}', ESCAPE_BIT = 0x20 };

static int digit_value(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static void begin_packet(struct gdb_decoder *decoder)
{
    decoder->state = GDB_INSIDE;
    decoder->n_bytes = 0;
    decoder->sum = 0;
    decoder->is_too_long = false;
}

static void keep(struct gdb_decoder *decoder, uint8_t byte)
{
    if (decoder->n_bytes < GDB_PACKET_BYTES) {
        decoder->bytes[decoder->n_bytes++] = byte;
    } else {
        decoder->is_too_long = true;
    }
}

static enum gdb_event decode_outside(struct gdb_decoder *decoder, uint8_t byte)
{
    switch (byte) {
    case '$':
        begin_packet(decoder);
        return GDB_NOTHING;
    case '+':
        return GDB_ACK;
    case '-':
        return GDB_NAK;
    case INTERRUPT_BYTE:
        return GDB_INTERRUPT;
    default:
        return GDB_NOTHING;
    }
}

static enum gdb_event end_packet(struct gdb_decoder *decoder, int low)
{
    decoder->state = GDB_OUTSIDE;
    decoder->bytes[decoder->n_bytes] = 0;
    if (low < 0 || (decoder->sum_given | low) != decoder->sum || decoder->is_too_long) {
        return GDB_DAMAGED;
    }
    return GDB_PACKET;
}

/* A dollar sign is always escaped inside a packet: a bare one begins the next packet, and the rest
 * of this one is lost. */
enum gdb_event gdb_decode(struct gdb_decoder *decoder, uint8_t byte)
{
    switch (decoder->state) {
    case GDB_OUTSIDE:
        return decode_outside(decoder, byte);
    case GDB_INSIDE:
    case GDB_ESCAPED:
        if (byte == '$') {
            begin_packet(decoder);
            return GDB_DAMAGED;
        }
        if (byte == '#') {
            decoder->state = GDB_SUM_HIGH;
            return GDB_NOTHING;
        }
        decoder->sum += byte;
        if (decoder->state == GDB_ESCAPED) {
            keep(decoder, byte ^ ESCAPE_BIT);
            decoder->state = GDB_INSIDE;
        } else if (byte == ESCAPE) {
            decoder->state = GDB_ESCAPED;
        } else {
            keep(decoder, byte);
        }
        return GDB_NOTHING;
    case GDB_SUM_HIGH:
        if (digit_value(byte) < 0) {
            return end_packet(decoder, -1);
        }
        decoder->sum_given = (uint8_t)(digit_value(byte) << 4);
        decoder->state = GDB_SUM_LOW;
        return GDB_NOTHING;
    default:
        return end_packet(decoder, digit_value(byte));
    }
}

/* ---- sending ---- */

void gdb_reply_begin(struct gdb_reply *reply)
{
    reply->n_bytes = 0;
    reply->is_cut = false;
}

unsigned gdb_reply_room(const struct gdb_reply *reply)
{
    return GDB_PACKET_BYTES - reply->n_bytes;
}

void gdb_put_char(struct gdb_reply *reply, char c)
{
    if (gdb_reply_room(reply)) {
        reply->bytes[1 + reply->n_bytes++] = (uint8_t)c;
    } else {
        reply->is_cut = true;
    }
}

void gdb_put(struct gdb_reply *reply, const char *text)
{
    while (*text) {
        gdb_put_char(reply, *text++);
    }
}

static char digit(unsigned value)
{
    return "0123456789abcdef"[value & 15];
}

void gdb_put_number(struct gdb_reply *reply, uint64_t value)
{
    unsigned shift = 60;
    while (shift && !(value >> shift)) {
        shift -= 4;
    }
    for (;; shift -= 4) {
        gdb_put_char(reply, digit((unsigned)(value >> shift)));
        if (!shift) {
            return;
        }
    }
}

void gdb_put_hex(struct gdb_reply *reply, const void *bytes, unsigned n_bytes)
{
    for (const uint8_t *at = bytes; n_bytes; at++, n_bytes--) {
        gdb_put_char(reply, digit(*at >> 4));
        gdb_put_char(reply, digit(*at));
    }
}

unsigned gdb_put_binary(struct gdb_reply *reply, const void *bytes, unsigned n_bytes)
{
    const uint8_t *at = bytes;
    for (unsigned i = 0; i < n_bytes; i++) {
        bool escape = at[i] == '$' || at[i] == '#' || at[i] == ESCAPE || at[i] == '*';
        if (gdb_reply_room(reply) < (escape ? 2 : 1)) {
            return i;
        }
        if (escape) {
            gdb_put_char(reply, ESCAPE);
        }
        gdb_put_char(reply, (char)(escape ? at[i] ^ ESCAPE_BIT : at[i]));
    }
    return n_bytes;
}

unsigned gdb_reply_end(struct gdb_reply *reply, const uint8_t **packet)
{
    unsigned n = reply->n_bytes;
    uint8_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        sum += reply->bytes[1 + i];
    }
    reply->bytes[0] = '$';
    reply->bytes[1 + n] = '#';
    reply->bytes[2 + n] = (uint8_t)digit(sum >> 4);
    reply->bytes[3 + n] = (uint8_t)digit(sum);
    *packet = reply->bytes;
    return n + 4;
}

/* ---- reading ---- */

bool gdb_take_char(struct gdb_words *words, char c)
{
    if (words->at == words->end || *words->at != (uint8_t)c) {
        return false;
    }
    words->at++;
    return true;
}

bool gdb_take(struct gdb_words *words, const char *text)
{
    size_t n = strlen(text);
    if (gdb_left(words) < n || memcmp(words->at, text, n) != 0) {
        return false;
    }
    words->at += n;
    return true;
}

bool gdb_take_number(struct gdb_words *words, uint32_t *value)
{
    uint64_t number = 0;
    const uint8_t *begin = words->at;
    for (; words->at < words->end && digit_value(*words->at) >= 0; words->at++) {
        number = number << 4 | (unsigned)digit_value(*words->at);
        if (number > UINT32_MAX) {
            return false;
        }
    }
    *value = (uint32_t)number;
    return words->at > begin;
}

bool gdb_take_hex(struct gdb_words *words, void *bytes, unsigned n_bytes)
{
    uint8_t *out = bytes;
    if (gdb_left(words) / 2 < n_bytes) {
        return false;
    }
    for (unsigned i = 0; i < n_bytes; i++, words->at += 2) {
        int high = digit_value(words->at[0]), low = digit_value(words->at[1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
