/* option_map.c - options about the instruction map: files of rules, single rules, printing.
 *
 * Rules are read in the order of the command line, which is the order they have. All errors of all
 * of them are collected: the user mends them in one go. Reads files, keeps none open.
 */
#include "cli/parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE_BYTES = 16 << 20 };

static bool have_map(struct parse *parse)
{
    if (!parse->options->map) {
        parse->options->map = map_create();
    }
    return parse->options->map;
}

/* malloc'ed; NULL: errno. At most one byte more than a map may have, so that a device or a pipe
 * that never ends does end. */
static char *read_file(const char *path, size_t *n_bytes)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t n = 0, n_room = 0;
    int error = file ? 0 : errno;
    while (!error) {
        if (n == n_room) {
            n_room = n_room ? 2 * n_room : 4096;
            char *more = realloc(text, n_room);
            if (!more) {
                error = ENOMEM;
                break;
            }
            text = more;
        }
        size_t n_read = fread(text + n, 1, n_room - n, file);
        n += n_read;
        if (n_read == 0 || n > MAX_FILE_BYTES) {
            error = ferror(file) ? (errno ? errno : EIO) : 0;
            break;
        }
    }
    if (file) {
        fclose(file);
    }
    if (error) {
        free(text);
        errno = error;
        return NULL;
    }
    *n_bytes = n;
    return text;
}

int option_map(struct parse *parse, char *value)
{
    size_t n_bytes;
    if (!strcmp(value, "help")) {
        parse->help = PARSE_HELP_MAP;
        return 0;
    }
    if (!have_map(parse)) {
        return parse_refuse(parse, "no memory for the map");
    }
    char *text = read_file(value, &n_bytes);
    if (!text) {
        map_error(&parse->map_errors, "", 0, 0, "%.200s: %s", value, strerror(errno));
        return 0;
    }
    map_add_text(parse->options->map, value, text, n_bytes, &parse->map_errors);
    free(text);
    return 0; /* errors wait until all rules are read */
}

int option_map_rule(struct parse *parse, char *value)
{
    if (!have_map(parse)) {
        return parse_refuse(parse, "no memory for the map");
    }
    char name[32];
    snprintf(name, sizeof(name), "-map-rule %u", ++parse->n_map_rules);
    map_add_text(parse->options->map, name, value, strlen(value), &parse->map_errors);
    return 0;
}

int option_map_print(struct parse *parse, char *value)
{
    (void)value;
    if (!have_map(parse)) {
        return parse_refuse(parse, "no memory for the map");
    }
    parse->print_map = true;
    return 0;
}

int option_map_counts(struct parse *parse, char *value)
{
    (void)value;
    parse->options->map_counts = true;
    return 0;
}
