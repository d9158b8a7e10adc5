/* finish.c - after the last option: names are resolved, defaults filled in, and what does not fit
 * together is refused. The rules for serial port 0 are those of QEMU (vl.c, "default_serial").
 */
#include "cli/parse.h"

#include <string.h>

static int resolve(struct parse *parse, const char *id, const char *user,
                   struct serial_config *config)
{
    if (!id) {
        return 0;
    }
    for (unsigned i = 0; i < parse->n_chardevs; i++) {
        if (!strcmp(parse->chardevs[i].id, id)) {
            *config = parse->chardevs[i].config;
            return 0;
        }
    }
    return parse_fail(parse, "%s: there is no -chardev with id=%s", user, id);
}

static int finish_debug_ports(struct parse *parse)
{
    struct board_config *board = &parse->options->board;
    for (unsigned i = 0; i < board->n_debugcons; i++) {
        if (parse->has_debugcon_base && !parse->own_debugcon_base[i]) {
            board->debugcon[i].base = parse->debugcon_base;
        }
    }
    if (parse->has_exit_base && !parse->own_exit_base) {
        board->debug_exit_base = parse->exit_base;
    }
    if (parse->has_exit_bytes && !parse->own_exit_bytes) {
        board->debug_exit_bytes = parse->exit_bytes;
    }
    unsigned n = board->debug_exit_bytes;
    if (board->has_debug_exit && (n < 1 || n > 4 || board->debug_exit_base + n > 0x10000)) {
        return parse_fail(parse,
                          "isa-debug-exit: iosize must be 1 to 4 and end below port 0x10000");
    }
    return 0;
}

static void default_serial(struct parse *parse)
{
    struct board_config *board = &parse->options->board;
    if (parse->n_serials || parse->no_defaults) {
        return;
    }
    if (parse->options->nographic) {
        board->serial[0].kind = SERIAL_STDIO;
        board->mux_monitor_keys = !parse->has_monitor;
        return;
    }
    board->serial[0].kind = SERIAL_NULL;
    if (!parse->has_display && !board->n_debugcons && parse->options->load.kernel) {
        parse_note(parse, "no display yet: add -nographic to have serial port 0 (ttyS0) here");
    }
}

static int check_stdio(struct parse *parse)
{
    const struct board_config *board = &parse->options->board;
    unsigned n = board->parallel.kind == SERIAL_STDIO;
    for (unsigned i = 0; i < board->n_debugcons; i++) {
        n += board->debugcon[i].config.kind == SERIAL_STDIO;
    }
    for (size_t i = 0; i < ARRAY_SIZE(board->serial); i++) {
        n += board->serial[i].kind == SERIAL_STDIO;
    }
    const char *monitor = parse->options->monitor;
    n += monitor && !strcmp(monitor, "stdio");
    return n > 1 ? parse_fail(parse,
                              "stdio can be one port, or the monitor; send the others to file:F")
                 : 0;
}

static int check_software(struct parse *parse)
{
    const struct load_request *load = &parse->options->load;
    if (load->kernel && load->program) {
        return parse_fail(parse, "-kernel and -program: give one of them");
    }
    if (!load->kernel && (load->initrd || load->append)) {
        return parse_fail(parse, "-%s needs -kernel", load->initrd ? "initrd" : "append");
    }
    if (!load->kernel && !load->program && !load->bios && !parse->print_map) {
        return parse_fail(parse,
                          "nothing to run: give -kernel, -bios or -program FILE (-help lists all)");
    }
    return 0;
}

int parse_finish(struct parse *parse)
{
    struct board_config *board = &parse->options->board;
    int result = resolve(parse, parse->parallel_id, "-parallel", &board->parallel);
    for (unsigned i = 0; i < board->n_debugcons && !result; i++) {
        result = resolve(parse, parse->debugcon_ids[i], "isa-debugcon", &board->debugcon[i].config);
    }
    for (size_t i = 0; i < ARRAY_SIZE(board->serial) && !result; i++) {
        result = resolve(parse, parse->serial_ids[i], "-serial", &board->serial[i]);
    }
    if (!result) {
        result = finish_debug_ports(parse);
    }
    if (!result) {
        result = check_software(parse);
    }
    if (!result) {
        default_serial(parse);
        result = check_stdio(parse);
    }
    return result;
}
