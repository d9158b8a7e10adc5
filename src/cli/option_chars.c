/* option_chars.c - options about what the guest's characters go to: serial ports, debug ports,
 * named ends, and the displays and networks that are not there yet.
 *
 * A named end may be used before it is defined, so names are kept and resolved in finish.c.
 */
#include "cli/parse.h"

#include <string.h>

enum { DEBUGCON_PORT = 0xe9 };

static bool is_none(const char *value)
{
    return !strcmp(value, "none") || !strcmp(value, "null");
}

/* stdio, null, file:F and, where allowed, none. false: something else. */
static bool take_end(char *value, struct serial_config *config)
{
    *config = (struct serial_config){.kind = SERIAL_NULL};
    if (!strcmp(value, "stdio")) {
        config->kind = SERIAL_STDIO;
    } else if (!strncmp(value, "file:", 5) && value[5]) {
        config->kind = SERIAL_FILE;
        config->path = value + 5;
    } else if (strcmp(value, "null") != 0) {
        return false;
    }
    return true;
}

int option_serial(struct parse *parse, char *value)
{
    struct board_config *board = &parse->options->board;
    if (parse->n_serials == ARRAY_SIZE(board->serial)) {
        return parse_fail(parse, "-serial %s: the machine has four serial ports", value);
    }
    unsigned port = parse->n_serials++;
    if (!strcmp(value, "none")) {
        board->serial[port].kind = SERIAL_NONE;
        return 0;
    }
    if (!strncmp(value, "chardev:", 8) && value[8]) {
        parse->serial_ids[port] = value + 8;
        return 0;
    }
    bool with_keys = !strncmp(value, "mon:", 4);
    if (with_keys && strcmp(value, "mon:stdio") != 0) {
        return parse_not_yet(parse, value);
    }
    if (!take_end(value + (with_keys ? 4 : 0), &board->serial[port])) {
        return parse_not_yet(parse, value);
    }
    board->mux_monitor_keys |= with_keys;
    return 0;
}

int option_chardev(struct parse *parse, char *value)
{
    if (parse->n_chardevs == PARSE_MAX_CHARDEVS) {
        return parse_fail(parse, "-chardev: at most %d", PARSE_MAX_CHARDEVS);
    }
    struct parse_chardev *chardev = &parse->chardevs[parse->n_chardevs++];
    char *rest = value;
    char *kind = value_next(&rest);
    for (char *item; (item = value_next(&rest));) {
        char *id = value_of_key(item, "id");
        char *path = value_of_key(item, "path");
        if (id) {
            chardev->id = id;
        } else if (path) {
            chardev->config.path = path;
        } else if (strcmp(item, "mux=off") != 0 && strcmp(item, "signal=on") != 0) {
            return parse_fail(parse, "-chardev: %s is not supported yet", item);
        }
    }
    if (!strcmp(kind, "stdio")) {
        chardev->config.kind = SERIAL_STDIO;
    } else if (!strcmp(kind, "file")) {
        chardev->config.kind = SERIAL_FILE;
    } else if (!strcmp(kind, "null")) {
        chardev->config.kind = SERIAL_NULL;
    } else {
        return parse_not_yet(parse, kind);
    }
    if (!chardev->id || (chardev->config.kind == SERIAL_FILE) != (chardev->config.path != NULL)) {
        return parse_fail(parse, "-chardev %s: expected %s", kind,
                          chardev->config.kind == SERIAL_FILE ? "id=ID,path=FILE" : "id=ID");
    }
    return 0;
}

/* Number of a new debug console, or PARSE_ERROR_USAGE. */
static int add_debugcon(struct parse *parse)
{
    struct board_config *board = &parse->options->board;
    if (board->n_debugcons == BOARD_MAX_DEBUGCONS) {
        return parse_fail(parse, "at most %d debug consoles", BOARD_MAX_DEBUGCONS);
    }
    board->debugcon[board->n_debugcons].base = DEBUGCON_PORT;
    return (int)board->n_debugcons++;
}

static int take_end_or_id(struct parse *parse, char *value, const char **id,
                          struct serial_config *config)
{
    if (!strncmp(value, "chardev:", 8) && value[8]) {
        *id = value + 8;
        return 0;
    }
    return take_end(value, config) ? 0 : parse_not_yet(parse, value);
}

int option_debugcon(struct parse *parse, char *value)
{
    int i = add_debugcon(parse);
    return i < 0 ? i
                 : take_end_or_id(parse, value, &parse->debugcon_ids[i],
                                  &parse->options->board.debugcon[i].config);
}

int option_parallel(struct parse *parse, char *value)
{
    if (!strcmp(value, "none")) {
        parse->options->board.parallel.kind = SERIAL_NONE;
        return 0;
    }
    return take_end_or_id(parse, value, &parse->parallel_id, &parse->options->board.parallel);
}

static bool take_u16(const char *value, uint16_t *out)
{
    uint64_t number;
    if (!value_number(value, UINT16_MAX, &number)) {
        return false;
    }
    *out = (uint16_t)number;
    return true;
}

static int take_debug_exit(struct parse *parse, char *rest)
{
    struct board_config *board = &parse->options->board;
    board->has_debug_exit = true;
    for (char *item; (item = value_next(&rest));) {
        char *base = value_of_key(item, "iobase");
        char *size = value_of_key(item, "iosize");
        if (!(base && take_u16(base, &board->debug_exit_base)) &&
            !(size && take_u16(size, &board->debug_exit_bytes))) {
            return parse_fail(parse, "-device isa-debug-exit: %s: expected iobase=N or iosize=N",
                              item);
        }
        parse->own_exit_base |= base != NULL;
        parse->own_exit_bytes |= size != NULL;
    }
    return 0;
}

static int take_debugcon_device(struct parse *parse, char *rest)
{
    int i = add_debugcon(parse);
    if (i < 0) {
        return i;
    }
    for (char *item; (item = value_next(&rest));) {
        char *base = value_of_key(item, "iobase");
        char *id = value_of_key(item, "chardev");
        if (id) {
            parse->debugcon_ids[i] = id;
        } else if (!base || !take_u16(base, &parse->options->board.debugcon[i].base)) {
            return parse_fail(parse, "-device isa-debugcon: %s: expected iobase=N or chardev=ID",
                              item);
        }
        parse->own_debugcon_base[i] |= base != NULL;
    }
    return parse->debugcon_ids[i] ? 0 : parse_fail(parse, "-device isa-debugcon: needs chardev=ID");
}

int option_device(struct parse *parse, char *value)
{
    char *rest = value;
    char *name = value_next(&rest);
    char *driver = value_of_key(name, "driver");
    name = driver ? driver : name;
    if (!strcmp(name, "isa-debug-exit")) {
        return take_debug_exit(parse, rest);
    }
    if (!strcmp(name, "isa-debugcon")) {
        return take_debugcon_device(parse, rest);
    }
    if (!strcmp(name, "pc-testdev") && !rest) {
        parse->options->board.has_testdev = true;
        return 0;
    }
    return parse_not_yet(parse, name);
}

int option_global(struct parse *parse, char *value)
{
    char *number;
    if ((number = value_of_key(value, "isa-debugcon.iobase"))) {
        parse->has_debugcon_base = take_u16(number, &parse->debugcon_base);
        return parse->has_debugcon_base ? 0 : parse_fail(parse, "-global %s: not a port", value);
    }
    if ((number = value_of_key(value, "isa-debug-exit.iobase"))) {
        parse->has_exit_base = take_u16(number, &parse->exit_base);
        return parse->has_exit_base ? 0 : parse_fail(parse, "-global %s: not a port", value);
    }
    if ((number = value_of_key(value, "isa-debug-exit.iosize"))) {
        parse->has_exit_bytes = take_u16(number, &parse->exit_bytes);
        return parse->has_exit_bytes ? 0 : parse_fail(parse, "-global %s: not a size", value);
    }
    return parse_not_yet(parse, value);
}

int option_nographic(struct parse *parse, char *value)
{
    (void)value;
    parse->options->nographic = true;
    return 0;
}

int option_nodefaults(struct parse *parse, char *value)
{
    (void)value;
    parse->no_defaults = true;
    return 0;
}

int option_display(struct parse *parse, char *value)
{
    parse->has_display = true;
    return is_none(value) ? 0 : parse_not_yet(parse, value);
}

int option_vga(struct parse *parse, char *value)
{
    return is_none(value) ? 0 : parse_not_yet(parse, value);
}

int option_monitor(struct parse *parse, char *value)
{
    parse->has_monitor = true;
    if (!strcmp(value, "stdio") || !strncmp(value, "unix:", 5) || !strncmp(value, "tcp:", 4)) {
        parse->options->monitor = value;
        return 0;
    }
    parse->options->monitor = NULL;
    return is_none(value) ? 0 : parse_not_yet(parse, value);
}

int option_net(struct parse *parse, char *value)
{
    return is_none(value) ? 0 : parse_not_yet(parse, value);
}
