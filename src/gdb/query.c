/* query.c - q and Q packets: what we can do, threads, the target description, monitor commands,
 * searching, and QEMU's extensions (physical memory).
 *
 * Each fills gdb->reply; a query that is not here gets the empty reply.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdb/gdb_internal.h"
#include "monitor/command.h"
#include "monitor/inspect.h"

enum { CHUNK_BYTES = 4096 };

static void put_error(struct gdb *gdb, const char *text)
{
    gdb_reply_begin(&gdb->reply);
    gdb_put(&gdb->reply, text);
}

static bool has_word(const struct gdb_words *words, const char *word)
{
    return memmem(words->at, gdb_left(words), word, strlen(word)) != NULL;
}

static void supported(struct gdb *gdb, struct gdb_words *words)
{
    gdb->has_swbreak = has_word(words, "swbreak+");
    gdb->has_hwbreak = has_word(words, "hwbreak+");
    gdb_put(&gdb->reply, "PacketSize=");
    gdb_put_number(&gdb->reply, GDB_PACKET_BYTES);
    gdb_put(&gdb->reply, ";qXfer:features:read+;QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+;"
                         "binary-upload+");
}

/* qXfer:features:read:target.xml:OFF,LENGTH */
static void features(struct gdb *gdb, struct gdb_words *words)
{
    uint32_t off, n_bytes;
    if (!gdb_take(words, "target.xml:")) {
        put_error(gdb, "E00");
        return;
    }
    size_t all = strlen(gdb->description);
    if (!gdb_take_number(words, &off) || !gdb_take_char(words, ',') ||
        !gdb_take_number(words, &n_bytes) || off > all) {
        put_error(gdb, "E16");
        return;
    }
    uint32_t left = (uint32_t)all - off;
    uint32_t most = left < n_bytes ? left : n_bytes;
    most = most < CHUNK_BYTES ? most : CHUNK_BYTES; /* escaped, it still fits */
    gdb_put_char(&gdb->reply, most == left ? 'l' : 'm');
    gdb_put_binary(&gdb->reply, gdb->description + off, most);
}

static void thread_info(struct gdb *gdb)
{
    const struct cpu *cpu = machine_cpu(gdb->machine);
    char text[64];
    int n = snprintf(text, sizeof text, "CPU#0 [%s, CPL %u]", cpu->halted ? "halted" : "running",
                     cpu->cpl);
    gdb_put_hex(&gdb->reply, text, (unsigned)n);
}

/* qRcmd: one line for the machine, in hex. Its output goes to gdb's console, piece by piece. */
static void command(struct gdb *gdb, struct gdb_words *words)
{
    unsigned n = gdb_left(words) / 2;
    char *line = malloc(n + 1), *output = NULL;
    if (!line || !gdb_take_hex(words, line, n) || gdb_left(words)) {
        free(line);
        put_error(gdb, "E16");
        return;
    }
    line[n] = 0;
    size_t n_output;
    FILE *out = open_memstream(&output, &n_output);
    if (out) {
        machine_command(gdb->machine, line, out);
        fclose(out);
        for (size_t i = 0; i < n_output; i += CHUNK_BYTES) {
            size_t left = n_output - i;
            gdb_reply_begin(&gdb->reply);
            gdb_put_char(&gdb->reply, 'O');
            gdb_put_hex(&gdb->reply, output + i,
                        (unsigned)(left < CHUNK_BYTES ? left : CHUNK_BYTES));
            session_send(gdb);
        }
        gdb_reply_begin(&gdb->reply);
    }
    gdb_put(&gdb->reply, out ? "OK" : "E0c");
    free(output);
    free(line);
}

/* qSearch:memory:AT;LENGTH;PATTERN, the pattern in binary. What cannot be read cannot match. */
static void search(struct gdb *gdb, struct gdb_words *words)
{
    uint8_t bytes[2 * CHUNK_BYTES];
    uint32_t at, n_bytes;
    if (!gdb_take_number(words, &at) || !gdb_take_char(words, ';') ||
        !gdb_take_number(words, &n_bytes) || !gdb_take_char(words, ';') || !gdb_left(words) ||
        gdb_left(words) > CHUNK_BYTES) {
        put_error(gdb, "E16");
        return;
    }
    unsigned n_pattern = gdb_left(words);
    uint64_t end = (uint64_t)at + n_bytes, place = at;
    end = end < (1ull << 32) ? end : 1ull << 32;
    while (place + n_pattern <= end) {
        uint64_t left = end - place;
        uint32_t want = left < sizeof bytes ? (uint32_t)left : (uint32_t)sizeof bytes;
        uint32_t got = memory_read(gdb, (uint32_t)place, bytes, want);
        const uint8_t *found = memmem(bytes, got, words->at, n_pattern);
        if (found) {
            gdb_put(&gdb->reply, "1,");
            gdb_put_number(&gdb->reply, place + (uint64_t)(found - bytes));
            return;
        }
        uint64_t next_page = (place + got + 4096) & ~4095ull;
        place = got == want ? place + got - n_pattern + 1 : next_page;
    }
    gdb_put(&gdb->reply, "0");
}

/* qCRC:AT,LENGTH for compare-sections: CRC-32, most significant bit first, start FFFFFFFF. */
static void checksum(struct gdb *gdb, struct gdb_words *words)
{
    uint8_t bytes[CHUNK_BYTES];
    uint32_t at, n_bytes, crc = UINT32_MAX;
    if (!gdb_take_number(words, &at) || !gdb_take_char(words, ',') ||
        !gdb_take_number(words, &n_bytes)) {
        put_error(gdb, "E16");
        return;
    }
    while (n_bytes) {
        uint32_t piece = n_bytes < CHUNK_BYTES ? n_bytes : CHUNK_BYTES;
        if (memory_read(gdb, at, bytes, piece) != piece) {
            put_error(gdb, "E0e");
            return;
        }
        for (uint32_t i = 0; i < piece; i++) {
            crc ^= (uint32_t)bytes[i] << 24;
            for (unsigned k = 0; k < 8; k++) {
                crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7u : 0);
            }
        }
        at += piece;
        n_bytes -= piece;
    }
    gdb_put_char(&gdb->reply, 'C');
    gdb_put_number(&gdb->reply, crc);
}

/* Q...:1 or :0, and the question that goes with it. */
static bool flag_query(struct gdb *gdb, struct gdb_words *words, const char *name, bool *flag)
{
    struct gdb_words rest = {words->at + 1, words->end};
    bool sets = *words->at == 'Q';
    uint32_t value;
    if (!gdb_take(&rest, name)) {
        return false;
    }
    if (!sets) {
        gdb_put(&gdb->reply, *flag ? "1" : "0");
    } else if (gdb_take_char(&rest, ':') && gdb_take_number(&rest, &value) && value <= 1) {
        *flag = value;
        gdb_put(&gdb->reply, "OK");
    } else {
        put_error(gdb, "E16");
    }
    return true;
}

static bool simple_query(struct gdb *gdb, struct gdb_words *words)
{
    static const struct {
        const char *packet, *reply;
    } fixed[] = {
        {"qC", "QC01"},
        {"qfThreadInfo", "m01"},
        {"qsThreadInfo", "l"},
        {"qAttached", "1"},
        {"qTStatus", ""},
        {"qOffsets", "Text=0;Data=0;Bss=0"},
        {"qqemu.sstepbits", "ENABLE=1,NOIRQ=2,NOTIMER=4"},
        {"qqemu.sstep", "0x7"},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(fixed); i++) {
        if (gdb_left(words) == strlen(fixed[i].packet) &&
            memcmp(words->at, fixed[i].packet, gdb_left(words)) == 0) {
            gdb_put(&gdb->reply, fixed[i].reply);
            return true;
        }
    }
    return false;
}

bool query_packet(struct gdb *gdb, struct gdb_words *words)
{
    if (simple_query(gdb, words) || flag_query(gdb, words, "qemu.PhyMemMode", &gdb->phys_mode) ||
        flag_query(gdb, words, "plex86.DeviceReads", &gdb->reads_devices)) {
        return true;
    }
    if (gdb_take(words, "qSupported")) {
        supported(gdb, words);
    } else if (gdb_take(words, "QStartNoAckMode")) {
        gdb_put(&gdb->reply, "OK");
        gdb->no_ack = true;
    } else if (gdb_take(words, "qXfer:features:read:")) {
        features(gdb, words);
    } else if (gdb_take(words, "qThreadExtraInfo,")) {
        thread_info(gdb);
    } else if (gdb_take(words, "qRcmd,")) {
        command(gdb, words);
    } else if (gdb_take(words, "qSearch:memory:")) {
        search(gdb, words);
    } else if (gdb_take(words, "qCRC:")) {
        checksum(gdb, words);
    } else if (gdb_take(words, "qSymbol:")) {
        gdb_put(&gdb->reply, "OK"); /* no symbol is wanted */
    } else {
        return false;
    }
    return true;
}
