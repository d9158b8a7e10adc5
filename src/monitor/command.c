/* command.c - the commands of -monitor and of gdb's "monitor": a table, one function each. Full C.
 * Words as in QEMU's monitor where it has the command.
 */
#include "monitor/command.h"

#include <stdlib.h>
#include <string.h>

#include "monitor/console.h"
#include "monitor/machine_internal.h"
#include "monitor/rules.h"
#include "trace/trace.h"

struct command {
    const char *name, *arguments, *help;
    void (*function)(struct machine *machine, const char *rest, FILE *out);
};

static void command_help(struct machine *machine, const char *rest, FILE *out);

/* ---- rules ---- */

static void command_rule_add(struct machine *machine, const char *rest, FILE *out)
{
    char *message = NULL;
    int id = machine_add_rule(machine, rest, &message);
    if (id > 0) {
        fprintf(out, "rule %d\n", id);
    }
    if (id <= 0 || message) {
        fprintf(out, "%s: %s\n", id > 0 ? "warning" : "error", message ? message : "no memory");
    }
    free(message);
}

static void remove_all(struct machine *machine)
{
    for (unsigned i = 0; i < map_n_rules(machine->map); i++) {
        const struct map_rule *rule = map_rule_at(machine->map, i);
        if (rule->enabled && rule->id) {
            machine_remove_rule(machine, rule->id);
        }
    }
}

static void command_rule_delete(struct machine *machine, const char *rest, FILE *out)
{
    char *end;
    if (!strcmp(rest, "all")) {
        remove_all(machine);
        return;
    }
    long id = strtol(rest, &end, 10);
    if (!*rest || *end || id < 1 || id > INT32_MAX) {
        fprintf(out, "error: rule delete: expected the number of a rule (info rules), or all\n");
    } else if (!machine_remove_rule(machine, (int)id)) {
        fprintf(out, "error: rule delete: there is no rule %ld\n", id);
    }
}

static void info_map(struct machine *machine, const char *rest, FILE *out)
{
    (void)rest;
    char *text = map_print(machine->map);
    fputs(text ? text : "error: no memory\n", out);
    free(text);
}

static void info_rules(struct machine *machine, const char *rest, FILE *out)
{
    (void)rest;
    machine_print_rules(machine, out);
}

static void info_counters(struct machine *machine, const char *rest, FILE *out)
{
    (void)rest;
    machine_print_counts(machine, out);
}

/* ---- the machine ---- */

static void info_registers(struct machine *machine, const char *rest, FILE *out)
{
    char line[160];
    (void)rest;
    monitor_print_registers(machine->cpu, out);
    monitor_format_insn(machine, machine->cpu->eip, line, sizeof(line));
    fprintf(out, "%s\n", line);
}

static void info_status(struct machine *machine, const char *rest, FILE *out)
{
    (void)rest;
    fprintf(out, "VM status: %s\n",
            console_is_paused(machine)                            ? "paused"
            : machine->cpu->halted && !machine->cpu->exit_request ? "running (halted)"
                                                                  : "running");
}

static void info_stats(struct machine *machine, const char *rest, FILE *out)
{
    (void)rest;
    monitor_print_stats(machine, out);
}

static void command_stop(struct machine *machine, const char *rest, FILE *out)
{
    (void)rest;
    if (!console_pause(machine)) {
        fprintf(out, "error: stop: there is no -monitor to go on from; gdb stops by Ctrl-C\n");
    }
}

static void command_cont(struct machine *machine, const char *rest, FILE *out)
{
    (void)rest;
    (void)out;
    machine->stops.cont = true;
    console_resume(machine);
}

static void command_reset(struct machine *machine, const char *rest, FILE *out)
{
    (void)rest;
    (void)out;
    board_set_request(machine->board, BOARD_RESET, 0);
    console_resume(machine);
}

static void command_quit(struct machine *machine, const char *rest, FILE *out)
{
    (void)rest;
    (void)out;
    board_set_request(machine->board, BOARD_EXIT, 0);
}

/* The sandbox opens no file for writing once the machine runs: -trace has named them all. */
static struct trace *trace_of(struct machine *machine, FILE *out)
{
    if (!machine->cpu->trace) {
        fprintf(out,
                "error: trace: the files are named at the start, by -trace FILE[,start=off]\n");
    }
    return machine->cpu->trace;
}

static unsigned find_trace_file(const struct machine *machine, const char *path)
{
    unsigned i = 0;
    while (i < machine->options.n_traces && strcmp(machine->options.trace_paths[i], path) != 0) {
        i++;
    }
    return i;
}

/* Without a name: goes on, or begins the first file. */
static void trace_start(struct machine *machine, const char *rest, FILE *out)
{
    struct trace *trace = trace_of(machine, out);
    if (!trace) {
        return;
    }
    int current = trace_current_file(trace);
    if (!*rest && current >= 0) {
        trace->is_on = true;
        return;
    }
    unsigned file = *rest ? find_trace_file(machine, rest) : 0;
    if (file == machine->options.n_traces) {
        fprintf(out, "error: trace: %s: no file of -trace\n", rest);
    } else if (!trace_begin(trace, file)) {
        fprintf(out, "error: trace: the writer is stuck\n");
    } else {
        monitor_name_rules(machine);
    }
}

static void trace_stop(struct machine *machine, const char *rest, FILE *out)
{
    (void)rest;
    struct trace *trace = trace_of(machine, out);
    if (trace) {
        trace->is_on = false;
        trace_flush(trace);
    }
}

static void info_trace(struct machine *machine, const char *rest, FILE *out)
{
    (void)rest;
    const struct trace *trace = trace_of(machine, out);
    for (unsigned i = 0; trace && i < machine->options.n_traces; i++) {
        bool is_current = (int)i == trace_current_file(trace);
        fprintf(out, "%s: %s\n", machine->options.trace_paths[i],
                !is_current    ? "not being written"
                : trace->error ? "failed"
                : trace->is_on ? "being written"
                               : "held");
    }
}

/* ---- the table ---- */

static const struct command commands[] = {
    {"help", "", "this list", command_help},
    {"rule add", " RULE", "a rule of the map, in effect at once (docs/map.md)", command_rule_add},
    {"rule delete", " N|all", "take a rule out", command_rule_delete},
    {"info rules", "", "the rules and their counters", info_rules},
    {"info counters", "", "the counters", info_counters},
    {"info map", "", "the whole map as text, the built-in one included", info_map},
    {"info registers", "", "the guest's CPU", info_registers},
    {"info status", "", "running or paused", info_status},
    {"info stats", "", "counters of the engine", info_stats},
    {"info trace", "", "the files of -trace", info_trace},
    {"trace start", " [FILE]", "begin this file of -trace; without it: go on", trace_start},
    {"trace stop", "", "hold it; what has been found so far is in the file", trace_stop},
    {"stop", "", "the guest stands still, its clock too", command_stop},
    {"cont", "", "it goes on; also c", command_cont},
    {"c", "", NULL, command_cont},
    {"system_reset", "", "the reset button", command_reset},
    {"quit", "", "end the machine; also q", command_quit},
    {"q", "", NULL, command_quit},
};

static void command_help(struct machine *machine, const char *rest, FILE *out)
{
    (void)machine;
    (void)rest;
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (commands[i].help) {
            int n = fprintf(out, "%s%s", commands[i].name, commands[i].arguments);
            fprintf(out, "%*s%s\n", n < 20 ? 20 - n : 1, "", commands[i].help);
        }
    }
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* What follows if line begins with these words, else NULL. */
static const char *after_words(const char *line, const char *words)
{
    while (*words) {
        if (*words == ' ') {
            if (*line != ' ' && *line != '\t') {
                return NULL;
            }
            line = skip_blanks(line);
            words++;
        } else if (*line++ != *words++) {
            return NULL;
        }
    }
    return !*line || *line == ' ' || *line == '\t' ? skip_blanks(line) : NULL;
}

void machine_command(struct machine *machine, const char *line, FILE *out)
{
    char *copy = strdup(skip_blanks(line));
    if (!copy) {
        fprintf(out, "error: no memory\n");
        return;
    }
    for (size_t n = strlen(copy); n && strchr(" \t\r\n", copy[n - 1]);) {
        copy[--n] = 0;
    }
    bool known = !*copy;
    for (size_t i = 0; i < ARRAY_SIZE(commands) && !known; i++) {
        const char *rest = after_words(copy, commands[i].name);
        if (rest) {
            commands[i].function(machine, rest, out);
            known = true;
        }
    }
    if (!known) {
        fprintf(out, "error: unknown command; help lists them\n");
    }
    free(copy);
}
