/* session.c - what one client says while the machine stands: registers, memory, points, going on.
 *
 * Place in the flow: gdb.c reads bytes and calls session_packet() for each packet; queries are
 * query.c's. A packet that is not known gets the empty reply, one that is malformed an error; none
 * changes anything in part. vCPU thread only.
 */
#include <string.h>

#include "gdb/gdb_internal.h"
#include "gdb/registers.h"
#include "monitor/inspect.h"

/* errno values, as gdb shows them */
enum { ERROR_PACKET = 22, ERROR_MEMORY = 14, ERROR_POINT = 12 };

void session_begin(struct gdb *gdb)
{
    gdb->decoder.state = GDB_OUTSIDE;
    gdb->input_at = gdb->n_input = 0;
    gdb->no_ack = gdb->has_swbreak = gdb->has_hwbreak = gdb->owes_stop = false;
    gdb->phys_mode = gdb->reads_devices = gdb->is_stepping = false;
    gdb_reply_begin(&gdb->reply);
}

void session_resend(struct gdb *gdb)
{
    const uint8_t *packet;
    unsigned n = gdb_reply_end(&gdb->reply, &packet);
    host_server_write(&gdb->server, packet, n);
}

void session_send(struct gdb *gdb)
{
    BUG_ON(gdb->reply.is_cut);
    session_resend(gdb);
}

static void error(struct gdb *gdb, uint8_t number)
{
    gdb_reply_begin(&gdb->reply);
    gdb_put_char(&gdb->reply, 'E');
    gdb_put_hex(&gdb->reply, &number, 1);
}

static void ok_or(struct gdb *gdb, bool ok, uint8_t number)
{
    if (ok) {
        gdb_put(&gdb->reply, "OK");
    } else {
        error(gdb, number);
    }
}

void session_say(struct gdb *gdb, const char *text)
{
    gdb_reply_begin(&gdb->reply);
    gdb_put_char(&gdb->reply, 'O');
    gdb_put_hex(&gdb->reply, text, (unsigned)strlen(text));
    session_send(gdb);
}

/* ---- stops ---- */

static void put_watch(struct gdb *gdb)
{
    static const char *const words[N_POINTS] = {
        [POINT_WRITE] = "watch", [POINT_READ] = "rwatch", [POINT_ACCESS] = "awatch"};
    const struct point *point = points_of_watch(gdb, gdb->stop.watch);
    if (!point) {
        return;
    }
    /* gdb looks its watchpoint up by an address inside it; the access may begin before. */
    uint32_t lin =
        gdb->stop.data_lin - point->lin < point->n_bytes ? gdb->stop.data_lin : point->lin;
    gdb_put(&gdb->reply, words[point->kind]);
    gdb_put_char(&gdb->reply, ':');
    gdb_put_number(&gdb->reply, lin);
    gdb_put_char(&gdb->reply, ';');
}

static void put_stop(struct gdb *gdb)
{
    uint8_t signal = (uint8_t)gdb->signal;
    gdb_put_char(&gdb->reply, 'T');
    gdb_put_hex(&gdb->reply, &signal, 1);
    gdb_put(&gdb->reply, "thread:01;");
    if (gdb->stop.why == STOP_WATCH) {
        put_watch(gdb);
    } else if (gdb->stop.why == STOP_RULE && gdb->stop.lin == machine_cpu(gdb->machine)->eip) {
        /* With a code segment whose base is not 0 gdb would find no breakpoint of its own at the
         * PC and go on by itself; without the word it stops. */
        const struct point *point = points_at(gdb, gdb->stop.lin);
        if (point && point->kind == POINT_HARDWARE && gdb->has_hwbreak) {
            gdb_put(&gdb->reply, "hwbreak:;");
        } else if (point && point->kind == POINT_SOFTWARE && gdb->has_swbreak) {
            gdb_put(&gdb->reply, "swbreak:;");
        }
    }
}

void session_report_stop(struct gdb *gdb)
{
    if (gdb->owes_stop) {
        gdb->owes_stop = false;
        gdb_reply_begin(&gdb->reply);
        put_stop(gdb);
        session_send(gdb);
    }
}

/* ---- registers ---- */

static void read_registers(struct gdb *gdb)
{
    uint8_t bytes[REGISTER_MAX_BYTES];
    for (unsigned i = 0; i < registers_count(); i++) {
        registers_read(gdb->machine, i, bytes);
        gdb_put_hex(&gdb->reply, bytes, registers_bytes(i));
    }
}

/* Those that cannot be set, or not to that, stay as they are: gdb sends them all. */
static bool write_registers(struct gdb *gdb, struct gdb_words *words)
{
    uint8_t bytes[REGISTER_MAX_BYTES];
    unsigned i = 0;
    for (; i < registers_count() && gdb_take_hex(words, bytes, registers_bytes(i)); i++) {
        registers_write(gdb->machine, i, bytes);
    }
    return i && !gdb_left(words);
}

static void read_register(struct gdb *gdb, struct gdb_words *words)
{
    uint8_t bytes[REGISTER_MAX_BYTES];
    uint32_t number;
    if (!gdb_take_number(words, &number) || number >= registers_count()) {
        error(gdb, ERROR_PACKET);
        return;
    }
    registers_read(gdb->machine, number, bytes);
    gdb_put_hex(&gdb->reply, bytes, registers_bytes(number));
}

static bool write_register(struct gdb *gdb, struct gdb_words *words)
{
    uint8_t bytes[REGISTER_MAX_BYTES];
    uint32_t number;
    return gdb_take_number(words, &number) && number < registers_count() &&
           gdb_take_char(words, '=') && gdb_take_hex(words, bytes, registers_bytes(number)) &&
           registers_write(gdb->machine, number, bytes);
}

/* ---- memory ---- */

static bool take_range(struct gdb_words *words, uint32_t *at, uint32_t *n_bytes)
{
    return gdb_take_number(words, at) && gdb_take_char(words, ',') &&
           gdb_take_number(words, n_bytes);
}

/* m: hex; x: binary, which gdb asks for from version 16 on. */
static void read_memory(struct gdb *gdb, struct gdb_words *words, bool binary)
{
    static const unsigned max_bytes = (GDB_PACKET_BYTES - 1) / 2; /* each byte may need two */
    uint8_t bytes[GDB_PACKET_BYTES / 2];
    uint32_t at, n_bytes;
    if (!take_range(words, &at, &n_bytes)) {
        error(gdb, ERROR_PACKET);
        return;
    }
    uint32_t done = memory_read(gdb, at, bytes, n_bytes < max_bytes ? n_bytes : max_bytes);
    if (!done && n_bytes) {
        error(gdb, ERROR_MEMORY);
    } else if (binary) {
        gdb_put_char(&gdb->reply, 'b');
        gdb_put_binary(&gdb->reply, bytes, done);
    } else {
        gdb_put_hex(&gdb->reply, bytes, done);
    }
}

static void write_memory(struct gdb *gdb, struct gdb_words *words, bool binary)
{
    uint8_t bytes[GDB_PACKET_BYTES];
    const uint8_t *from = bytes;
    uint32_t at, n_bytes;
    bool good = take_range(words, &at, &n_bytes) && gdb_take_char(words, ':');
    if (good && binary) {
        from = words->at;
        good = gdb_left(words) == n_bytes;
    } else if (good) {
        good = n_bytes <= sizeof bytes && gdb_left(words) == 2 * n_bytes &&
               gdb_take_hex(words, bytes, n_bytes);
    }
    if (!good) {
        error(gdb, ERROR_PACKET);
    } else {
        ok_or(gdb, memory_write(gdb, at, from, n_bytes) == n_bytes, ERROR_MEMORY);
    }
}

/* ---- points, going on ---- */

static void handle_point(struct gdb *gdb, struct gdb_words *words, bool set)
{
    uint32_t kind, lin, n_bytes;
    if (!gdb_take_number(words, &kind) || !gdb_take_char(words, ',') ||
        !take_range(words, &lin, &n_bytes)) {
        error(gdb, ERROR_PACKET);
    } else if (kind < N_POINTS) {
        bool done = set ? points_add(gdb, (enum point_kind)kind, lin, n_bytes)
                        : points_remove(gdb, (enum point_kind)kind, lin, n_bytes);
        ok_or(gdb, done, ERROR_POINT);
    } /* others: the empty reply */
}

static enum gdb_next go_on(struct gdb *gdb, enum gdb_next next)
{
    gdb->owes_stop = next != GDB_KILL;
    gdb->range_begin = gdb->range_end = 0;
    return next;
}

/* c, s: an address to go on at; C, S: a signal before it, which means nothing to a machine. */
static enum gdb_next resume(struct gdb *gdb, struct gdb_words *words, char command)
{
    bool has_signal = command == 'C' || command == 'S';
    uint32_t number;
    if (has_signal && !gdb_take_number(words, &number)) {
        error(gdb, ERROR_PACKET);
        return GDB_STAY;
    }
    if (!has_signal || gdb_take_char(words, ';')) {
        if (gdb_left(words) && !gdb_take_number(words, &number)) {
            error(gdb, ERROR_PACKET);
            return GDB_STAY;
        }
        if (gdb_left(words) == 0 && words->at[-1] != (uint8_t)command) {
            machine_cpu(gdb->machine)->eip = number;
        }
    }
    return go_on(gdb, command == 's' || command == 'S' ? GDB_STEP : GDB_CONTINUE);
}

/* There is one thread: the first action is for it. */
static enum gdb_next resume_threads(struct gdb *gdb, struct gdb_words *words)
{
    uint32_t begin = 0, end = 0, signal;
    if (gdb_take_char(words, 'c') ||
        (gdb_take_char(words, 'C') && gdb_take_number(words, &signal))) {
        return go_on(gdb, GDB_CONTINUE);
    }
    if (gdb_take_char(words, 's') ||
        (gdb_take_char(words, 'S') && gdb_take_number(words, &signal))) {
        return go_on(gdb, GDB_STEP);
    }
    if (gdb_take_char(words, 'r') && take_range(words, &begin, &end)) {
        go_on(gdb, GDB_STEP);
        gdb->range_begin = begin;
        gdb->range_end = end;
        return GDB_STEP;
    }
    error(gdb, ERROR_PACKET);
    return GDB_STAY;
}

static enum gdb_next handle_v(struct gdb *gdb, struct gdb_words *words)
{
    if (gdb_take(words, "Cont?")) {
        gdb_put(&gdb->reply, "vCont;c;C;s;S;r");
    } else if (gdb_take(words, "Cont;")) {
        return resume_threads(gdb, words);
    } else if (gdb_take(words, "Kill")) {
        gdb_put(&gdb->reply, "OK");
        session_send(gdb);
        return go_on(gdb, GDB_KILL);
    } /* vMustReplyEmpty and others: the empty reply */
    return GDB_STAY;
}

/* Threads: one, number 1; 0 and -1 mean any, all. */
static bool is_our_thread(struct gdb_words *words)
{
    uint32_t number;
    if (gdb_take(words, "-1")) {
        return true;
    }
    return gdb_take_number(words, &number) && number <= 1;
}

static void detach(struct gdb *gdb)
{
    points_clear(gdb);
    gdb_put(&gdb->reply, "OK");
    session_send(gdb);
}

static enum gdb_next handle(struct gdb *gdb, struct gdb_words *words)
{
    uint8_t command = gdb_left(words) ? *words->at++ : 0;
    switch (command) {
    case '?':
        put_stop(gdb);
        return GDB_STAY;
    case 'g':
        read_registers(gdb);
        return GDB_STAY;
    case 'G':
        ok_or(gdb, write_registers(gdb, words), ERROR_PACKET);
        return GDB_STAY;
    case 'p':
        read_register(gdb, words);
        return GDB_STAY;
    case 'P':
        ok_or(gdb, write_register(gdb, words), ERROR_PACKET);
        return GDB_STAY;
    case 'm':
    case 'x':
        read_memory(gdb, words, command == 'x');
        return GDB_STAY;
    case 'M':
    case 'X':
        write_memory(gdb, words, command == 'X');
        return GDB_STAY;
    case 'Z':
    case 'z':
        handle_point(gdb, words, command == 'Z');
        return GDB_STAY;
    case 'H':
        words->at += gdb_left(words) ? 1 : 0; /* for which operation: there is one thread */
        ok_or(gdb, is_our_thread(words), ERROR_PACKET);
        return GDB_STAY;
    case 'T':
        ok_or(gdb, is_our_thread(words), ERROR_PACKET);
        return GDB_STAY;
    case 'q':
    case 'Q':
        words->at--;
        query_packet(gdb, words);
        return GDB_STAY;
    case 'c':
    case 'C':
    case 's':
    case 'S':
        return resume(gdb, words, (char)command);
    case 'v':
        return handle_v(gdb, words);
    case 'D':
        detach(gdb);
        return GDB_CONTINUE;
    case 'k':
        return go_on(gdb, GDB_KILL);
    default:
        return GDB_STAY; /* the empty reply: not known */
    }
}

enum gdb_next session_packet(struct gdb *gdb)
{
    struct gdb_words words = {gdb->decoder.bytes, gdb->decoder.bytes + gdb->decoder.n_bytes};
    gdb_reply_begin(&gdb->reply);
    enum gdb_next next = handle(gdb, &words);
    if (next == GDB_STAY) {
        session_send(gdb);
    }
    return next;
}
