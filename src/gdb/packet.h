/* packet.h - the framing of gdb's remote serial protocol (GDB manual, "Remote Protocol"). Pure. */
#ifndef GDB_PACKET_H
#define GDB_PACKET_H

#include "base/base.h"

/* What we offer as PacketSize. Hex doubles memory: 8 KiB of it go into one packet. */
enum { GDB_PACKET_BYTES = 16384 };

enum gdb_event {
    GDB_NOTHING,
    GDB_PACKET,    /* decoder->bytes[0..n_bytes): unescaped, a NUL behind it */
    GDB_DAMAGED,   /* wrong checksum, or longer than PacketSize: to be sent again */
    GDB_ACK,       /* + */
    GDB_NAK,       /* - */
    GDB_INTERRUPT, /* Ctrl-C outside a packet */
};

enum gdb_state { GDB_OUTSIDE, GDB_INSIDE, GDB_ESCAPED, GDB_SUM_HIGH, GDB_SUM_LOW };
struct gdb_decoder {
    enum gdb_state state;
    bool is_too_long;
    uint8_t sum, sum_given;
    unsigned n_bytes;
    uint8_t bytes[GDB_PACKET_BYTES + 1];
};

/* One byte from the client; what is complete with it. Bytes that belong to nothing are dropped. */
enum gdb_event gdb_decode(struct gdb_decoder *decoder, uint8_t byte);

/* ---- a packet to be sent ---- */

struct gdb_reply {
    unsigned n_bytes; /* of the contents */
    bool is_cut;      /* something did not fit */
    uint8_t bytes[1 + GDB_PACKET_BYTES + 3];
};
void gdb_reply_begin(struct gdb_reply *reply);
void gdb_put_char(struct gdb_reply *reply, char c);
void gdb_put(struct gdb_reply *reply, const char *text);
void gdb_put_number(struct gdb_reply *reply, uint64_t value); /* hex, no leading zeros */
void gdb_put_hex(struct gdb_reply *reply, const void *bytes,
                 unsigned n_bytes); /* two digits each */
/* Escaped where it must be. Returns how many bytes fitted. */
unsigned gdb_put_binary(struct gdb_reply *reply, const void *bytes, unsigned n_bytes);
unsigned gdb_reply_room(const struct gdb_reply *reply);
/* Adds frame and checksum. The whole packet is *packet, n bytes. */
unsigned gdb_reply_end(struct gdb_reply *reply, const uint8_t **packet);

/* ---- reading the contents of one ---- */

struct gdb_words {
    const uint8_t *at, *end;
};
bool gdb_take_char(struct gdb_words *words, char c);
bool gdb_take(struct gdb_words *words, const char *text);
/* At least one hex digit, value below 2^32. */
bool gdb_take_number(struct gdb_words *words, uint32_t *value);
/* Exactly n_bytes as pairs of digits. */
bool gdb_take_hex(struct gdb_words *words, void *bytes, unsigned n_bytes);
static inline unsigned gdb_left(const struct gdb_words *words)
{
    return (unsigned)(words->end - words->at);
}

#endif
