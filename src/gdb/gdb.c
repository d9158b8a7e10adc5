/* gdb.c - the door: who comes, who goes, and the loop in which the machine stands still.
 *
 * Place in the flow: the hub calls stopped() (monitor/debug.h); here the client is listened to
 * until it says go on. While the guest runs, the I/O thread sees that something has come and asks
 * for a stop. Owns struct gdb. Without a client the machine runs as if there were no door, but for
 * stops that a rule asks for: these wait for one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdb/gdb_internal.h"
#include "gdb/registers.h"
#include "monitor/console.h"
#include "monitor/inspect.h"
#include "monitor/machine.h"
#include "monitor/pause.h"

static bool has_client(const struct gdb *gdb)
{
    return gdb->server.client_fd >= 0;
}

/* I/O thread */
static void on_ready(void *arg)
{
    struct gdb *gdb = arg;
    atomic_store(&gdb->has_input, true);
    machine_ask_stop(gdb->machine);
}

/* ---- input ---- */

/* More bytes in gdb->input, if there are any and those in it are used up. False: the client has
 * gone. */
static bool fill(struct gdb *gdb)
{
    if (gdb->input_at < gdb->n_input) {
        return true;
    }
    int n = host_server_read(&gdb->server, gdb->input, sizeof gdb->input);
    gdb->input_at = 0;
    gdb->n_input = n > 0 ? (unsigned)n : 0;
    return n >= 0;
}

static void forget_client(struct gdb *gdb)
{
    points_clear(gdb);
    session_begin(gdb);
}

static void acknowledge(struct gdb *gdb, bool good)
{
    if (!gdb->no_ack) {
        host_server_write(&gdb->server, good ? "+" : "-", 1);
    }
}

/* The next event in the bytes that are there. */
static enum gdb_event next_event(struct gdb *gdb)
{
    while (gdb->input_at < gdb->n_input) {
        enum gdb_event event = gdb_decode(&gdb->decoder, gdb->input[gdb->input_at++]);
        if (event != GDB_NOTHING) {
            return event;
        }
    }
    return GDB_NOTHING;
}

/* What came while the guest ran: Ctrl-C or, as in QEMU, any packet stops it; that packet is lost.
 * Noise does not stop it. */
static bool wants_stop(struct gdb *gdb)
{
    if (!fill(gdb)) {
        forget_client(gdb);
        return false;
    }
    for (;;) {
        switch (next_event(gdb)) {
        case GDB_INTERRUPT:
            return true;
        case GDB_PACKET:
            acknowledge(gdb, true);
            return true;
        case GDB_NOTHING:
            return false;
        default:
            break;
        }
    }
}

/* ---- standing still ---- */

/* Handles what is in gdb->input. */
static enum gdb_next listen_to(struct gdb *gdb)
{
    enum gdb_next next = GDB_STAY;
    while (next == GDB_STAY) {
        switch (next_event(gdb)) {
        case GDB_PACKET:
            acknowledge(gdb, true);
            next = session_packet(gdb);
            break;
        case GDB_DAMAGED:
            acknowledge(gdb, false);
            break;
        case GDB_NAK:
            session_resend(gdb);
            break;
        case GDB_NOTHING:
            return GDB_STAY;
        default: /* we stand already */
            break;
        }
    }
    return next;
}

/* Until somebody says how to go on. */
static enum gdb_next stand(struct gdb *gdb, int *status)
{
    machine_take_cont(gdb->machine); /* an old one */
    for (;;) {
        machine_pause_time(gdb->machine); /* -monitor may have stopped it and gone on, too */
        if (machine_serve(gdb->machine, status)) {
            return GDB_KILL;
        }
        if (host_server_accept(&gdb->server)) {
            session_begin(gdb);
        }
        bool had_client = has_client(gdb);
        if (machine_take_cont(gdb->machine) && !had_client) {
            return GDB_CONTINUE;
        }
        enum gdb_next next = listen_to(gdb);
        if (next != GDB_STAY) {
            return next;
        }
        if (had_client && !fill(gdb)) {
            forget_client(gdb);
            return GDB_CONTINUE;
        }
        if (!gdb->n_input) {
            host_server_wait(&gdb->server, machine_is_kicked, gdb->machine);
        }
    }
}

/* ---- stops ---- */

static void say_stop(struct gdb *gdb, const struct stop *stop)
{
    char text[160];
    if (!gdb->owes_stop) {
        return;
    }
    switch (stop->why) {
    case STOP_TRIPLE_FAULT:
        session_say(gdb, "plex86: guest triple fault\n");
        break;
    case STOP_SPLIT:
        snprintf(text, sizeof text,
                 "plex86: %s of %u bytes at 0x%x, a page with virtualized code\n",
                 stop->write ? "write" : "read", stop->data_bytes, stop->data_lin);
        session_say(gdb, text);
        break;
    case STOP_DATA:
        snprintf(text, sizeof text, "plex86: stopped by rule %d behind a %s of %u bytes at 0x%x\n",
                 stop->rule, stop->write ? "write" : "read", stop->data_bytes, stop->data_lin);
        session_say(gdb, text);
        break;
    case STOP_RULE:
        if (!points_at(gdb, stop->lin)) {
            snprintf(text, sizeof text, "plex86: stopped by rule %d\n", stop->rule);
            session_say(gdb, text);
        }
        break;
    default:
        break;
    }
}

static bool is_in_range(const struct gdb *gdb)
{
    uint32_t eip = machine_cpu(gdb->machine)->eip;
    return gdb->range_begin < gdb->range_end && eip >= gdb->range_begin && eip < gdb->range_end;
}

/* Does this stop concern anybody? If so gdb->stop and gdb->signal are set. */
static bool is_to_stand(struct gdb *gdb, const struct stop *stop)
{
    bool has_input = atomic_exchange(&gdb->has_input, false);
    gdb->signal = GDB_SIGTRAP;
    switch (stop->why) {
    case STOP_ASKED:
        if (gdb->waits_at_start) {
            gdb->waits_at_start = false;
            break;
        }
        gdb->signal = GDB_SIGINT;
        if (!has_input) {
            return false; /* it came with another stop */
        }
        if (host_server_accept(&gdb->server)) {
            session_begin(gdb);
            break;
        }
        return has_client(gdb) && wants_stop(gdb);
    case STOP_STEP:
        if (!has_client(gdb)) {
            return false;
        }
        if (is_in_range(gdb)) {
            if (has_input && wants_stop(gdb)) {
                gdb->signal = GDB_SIGINT;
                break;
            }
            return false;
        }
        break;
    case STOP_RESET:
        return false;
    case STOP_TRIPLE_FAULT:
        gdb->signal = GDB_SIGSEGV;
        return has_client(gdb);
    case STOP_WATCH:
        return points_of_watch(gdb, stop->watch) != NULL;
    default:
        break;
    }
    return true;
}

static enum debug_go go_of(enum gdb_next next)
{
    return next == GDB_KILL ? DEBUG_END : next == GDB_STEP ? DEBUG_STEP : DEBUG_CONTINUE;
}

/* debug.h */
static enum debug_go stopped(void *arg, struct machine *machine, const struct stop *stop,
                             int *status)
{
    struct gdb *gdb = arg;
    bool stands = is_to_stand(gdb, stop);
    enum gdb_next next = gdb->is_stepping ? GDB_STEP : GDB_CONTINUE;
    if (stands && !has_client(gdb) && stop->why != STOP_ASKED) {
        stands = !console_stop(machine, stop); /* -monitor shows it and says how to go on */
    }
    if (stands) {
        gdb->stop = *stop;
        say_stop(gdb, stop);
        session_report_stop(gdb);
        *status = 0; /* of a machine that gdb ends */
        next = stand(gdb, status);
        machine_resume_time(machine);
    }
    gdb->is_stepping = next == GDB_STEP && has_client(gdb);
    if (gdb->input_at < gdb->n_input && next != GDB_KILL) {
        on_ready(gdb); /* the client did not wait for our answer */
    } else {
        host_server_watch(&gdb->server);
    }
    return go_of(next);
}

/* ---- opening and closing ---- */

int gdb_open(struct gdb **out, struct machine *machine, const char *spec, bool wait_at_start,
             char **error)
{
    struct gdb *gdb = calloc(1, sizeof *gdb);
    char *why = NULL;
    *error = NULL;
    if (!gdb || !(gdb->description = registers_describe())) {
        free(gdb);
        *error = strdup("-gdb: out of memory");
        return -1;
    }
    gdb->machine = machine;
    gdb->waits_at_start = wait_at_start;
    gdb->server.listen_fd = gdb->server.client_fd = gdb->server.control_fd = -1;
    int result = spec ? host_server_open(&gdb->server, spec, &why) : 0;
    if (result == 0 && spec) {
        result = host_server_start(&gdb->server, on_ready, gdb);
    }
    if (result < 0) {
        if (asprintf(error, "-gdb %s", why ? why : strerror(-result)) < 0) {
            *error = NULL;
        }
        free(why);
        gdb_close(gdb, 0);
        return -1;
    }
    if (spec) {
        machine_allow_door(machine, gdb->server.listen_fd);
    }
    const struct debugger debugger = {.stopped = stopped, .arg = gdb};
    machine_set_debugger(machine, &debugger);
    if (wait_at_start) {
        machine_ask_stop(machine);
    }
    *out = gdb;
    return 0;
}

/* W: it ended, with this status. */
static void report_end(struct gdb *gdb, int status)
{
    uint8_t byte = (uint8_t)status;
    gdb_reply_begin(&gdb->reply);
    gdb_put_char(&gdb->reply, 'W');
    gdb_put_hex(&gdb->reply, &byte, 1);
    session_send(gdb);
}

void gdb_close(struct gdb *gdb, int status)
{
    if (!gdb) {
        return;
    }
    if (has_client(gdb) && gdb->owes_stop) {
        report_end(gdb, status);
    }
    host_server_close(&gdb->server);
    free(gdb->points);
    free(gdb->description);
    free(gdb);
}
