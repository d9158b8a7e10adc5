/* console.c - the control connection: one client at a time, a line is a command. Full C.
 *
 * Place in the flow: the I/O thread of host/server sees that something has come and kicks the
 * vCPU thread, which reads, obeys and answers between two runs of guest code. A line too long or of
 * no sense costs its sender one line of answer and the machine nothing. Owns struct console.
 */
#include "monitor/console.h"

#include <stdlib.h>
#include <string.h>

#include "host/server.h"
#include "monitor/command.h"
#include "monitor/machine_internal.h"
#include "monitor/pause.h"

enum { LINE_BYTES = 4096, LINES_AT_ONCE = 64 };

struct console {
    struct host_server server;
    atomic_bool has_input;
    bool is_stdio, is_paused, is_too_long;
    unsigned n_line;
    char line[LINE_BYTES];
};

/* I/O thread */
static void on_ready(void *arg)
{
    struct machine *machine = arg;
    atomic_store(&machine->console->has_input, true);
    board_wake(machine->board);
    run_interrupt(&machine->run);
}

static void put(struct console *console, const char *text, size_t n_bytes)
{
    if (console->is_stdio) {
        fwrite(text, 1, n_bytes, stdout);
        fflush(stdout);
    } else {
        host_server_write(&console->server, text, (unsigned)n_bytes);
    }
}

static void prompt(struct console *console)
{
    put(console, "(plex86) ", 9);
}

static void obey(struct machine *machine, const char *line)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *out = open_memstream(&text, &n_bytes);
    if (!out) {
        return;
    }
    machine_command(machine, line, out);
    fclose(out);
    put(machine->console, text, n_bytes);
    free(text);
}

static void take_byte(struct machine *machine, char byte)
{
    struct console *console = machine->console;
    if (byte != '\n') {
        if (console->n_line + 1 < LINE_BYTES) {
            console->line[console->n_line++] = byte ? byte : '?';
        } else {
            console->is_too_long = true;
        }
        return;
    }
    console->line[console->n_line] = 0;
    if (console->is_too_long) {
        static const char text[] = "error: the line is too long\n";
        put(console, text, sizeof(text) - 1);
    } else {
        obey(machine, console->line);
    }
    console->n_line = 0;
    console->is_too_long = false;
    prompt(console);
}

/* True: there may be more. A client that never stops sending gets its turn again later. */
static bool serve(struct machine *machine)
{
    struct console *console = machine->console;
    char bytes[1024];
    int n = host_server_read(&console->server, bytes, sizeof(bytes));
    for (int i = 0; i < n; i++) {
        take_byte(machine, bytes[i]);
    }
    if (n < 0) {
        console->is_paused = false; /* nobody is left to say cont */
    }
    /* the next one is let in only once the read has seen the last one go */
    if (n <= 0 && host_server_accept(&console->server)) {
        console->n_line = 0;
        console->is_too_long = false;
        prompt(console);
    }
    return n > 0;
}

static bool must_go(const struct machine *machine)
{
    int status;
    return machine->run.stop_signal || board_get_request(machine->board, &status) != BOARD_RUN;
}

static void stand(struct machine *machine)
{
    struct console *console = machine->console;
    machine_pause_time(machine);
    while (console->is_paused && !must_go(machine)) {
        machine->cpu->exit_request = 0;
        board_poll(machine->board);
        if (!serve(machine) && console->is_paused) {
            host_server_wait(&console->server, machine_is_kicked, machine);
        }
    }
    console->is_paused = false;
    machine_resume_time(machine);
}

static void take_commands(struct machine *machine)
{
    struct console *console = machine->console;
    if (!console || !atomic_exchange(&console->has_input, false)) {
        return;
    }
    for (unsigned i = 0; i < LINES_AT_ONCE && serve(machine); i++) {
    }
    if (console->is_paused) {
        stand(machine);
    }
    host_server_watch(&console->server);
}

void monitor_poll(struct machine *machine)
{
    board_poll(machine->board);
    take_commands(machine);
}

bool console_stop(struct machine *machine, const struct stop *stop)
{
    struct console *console = machine->console;
    char line[160], text[256];
    if (!console || console->server.client_fd < 0) {
        return false;
    }
    monitor_format_insn(machine, stop->lin - machine->cpu->seg[SEG_CS].base, line, sizeof(line));
    int n = snprintf(text, sizeof(text), "\nstopped by rule %d; Current instruction:\n%s\n",
                     stop->rule, line);
    if (stop->why == STOP_DATA) {
        n = snprintf(text, sizeof(text),
                     "\nstopped by rule %d behind a %s of %u bytes at %08x by instruction:\n%s\n",
                     stop->rule, stop->write ? "write" : "read", stop->data_bytes, stop->data_lin,
                     line);
    } else if (stop->why != STOP_RULE) {
        n = snprintf(text, sizeof(text), "\nstopped; Current instruction:\n%s\n", line);
    }
    put(console, text, (size_t)n);
    prompt(console);
    console->is_paused = true;
    stand(machine);
    host_server_watch(&console->server);
    return true;
}

bool console_is_paused(const struct machine *machine)
{
    return machine->console && machine->console->is_paused;
}

bool console_pause(struct machine *machine)
{
    if (machine->console) {
        machine->console->is_paused = true;
    }
    return machine->console;
}

void console_resume(struct machine *machine)
{
    if (machine->console) {
        machine->console->is_paused = false;
    }
}

int console_open(struct machine *machine, const char *spec, char **error)
{
    struct console *console = calloc(1, sizeof(*console));
    char *why = NULL;
    if (!console) {
        *error = strdup("-monitor: out of memory");
        return -1;
    }
    machine->console = console;
    console->is_stdio = !strcmp(spec, "stdio");
    int result = console->is_stdio ? host_server_open_stdin(&console->server)
                                   : host_server_open(&console->server, spec, &why);
    if (result == 0) {
        result = host_server_start(&console->server, on_ready, machine);
    }
    if (result < 0) {
        if (asprintf(error, "-monitor %s", why ? why : strerror(-result)) < 0) {
            *error = NULL;
        }
        free(why);
        return -1; /* machine_destroy() closes */
    }
    if (console->is_stdio) {
        host_server_watch(&console->server);
        prompt(console);
    } else {
        machine_allow_door(machine, console->server.listen_fd);
    }
    return 0;
}

void console_close(struct machine *machine)
{
    if (machine->console) {
        host_server_close(&machine->console->server);
        free(machine->console);
        machine->console = NULL;
    }
}
