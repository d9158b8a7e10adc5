/* options.c - from argv to struct options: finds the rule of each option and calls its function
 * (option_machine.c, option_chars.c); prints help, notes and the one error line.
 *
 * All knowledge of single options is in options.def and these functions.
 */
#include "cli/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct option_rule {
    const char *name;     /* NULL: a section title in help */
    const char *argument; /* NULL: takes none */
    option_fn *function;  /* NULL: not supported yet */
    const char *help;     /* NULL: not listed */
};

static const struct option_rule rules[] = {
#define SECTION(title)                         {NULL, NULL, NULL, title},
#define OPTION(name, argument, function, help) {name, argument, function, help},
#define ALSO(name, argument, function)         {name, argument, function, NULL},
#define NOT_YET(name, has_argument)            {name, (has_argument) ? "" : NULL, NULL, NULL},
#include "cli/options.def"
#undef SECTION
#undef OPTION
#undef ALSO
#undef NOT_YET
};

static void put_message(struct parse *parse, const char *format, va_list args)
{
    vsnprintf(parse->message, sizeof parse->message, format, args);
}

int parse_fail(struct parse *parse, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_message(parse, format, args);
    va_end(args);
    return PARSE_ERROR_USAGE;
}

int parse_refuse(struct parse *parse, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_message(parse, format, args);
    va_end(args);
    return PARSE_ERROR_VALUE;
}

void parse_note(struct parse *parse, const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    size_t used = strlen(parse->notes);
    if (used + strlen(line) + 2 <= sizeof parse->notes) {
        snprintf(parse->notes + used, sizeof parse->notes - used, "%s\n", line);
    }
}

int parse_not_yet(struct parse *parse, const char *value)
{
    return parse_fail(parse, "-%s%s%s is not supported yet", parse->name, value ? " " : "",
                      value ? value : "");
}

static const struct option_rule *find_rule(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        if (rules[i].name && !strcmp(rules[i].name, name)) {
            return &rules[i];
        }
    }
    return NULL;
}

/* One copy of all arguments: list values are cut in place, argv stays as ps shows it. */
static char **copy_arguments(struct options *options, int argc, char **argv)
{
    size_t n_bytes = 0;
    for (int i = 0; i < argc; i++) {
        n_bytes += strlen(argv[i]) + 1;
    }
    options->strings = malloc(n_bytes + 1);
    char **copies = calloc((size_t)argc + 1, sizeof *copies);
    if (!options->strings || !copies) {
        free(copies);
        return NULL;
    }
    char *next = options->strings;
    for (int i = 0; i < argc; i++) {
        copies[i] = strcpy(next, argv[i]);
        next += strlen(next) + 1;
    }
    return copies;
}

static int take_options(struct parse *parse, int argc, char **args)
{
    for (int i = 1; i < argc; i++) {
        if (args[i][0] != '-' || !args[i][1]) {
            return parse_fail(parse, "%s: not an option (disk images are not supported yet)",
                              args[i]);
        }
        parse->name = args[i] + (args[i][1] == '-' ? 2 : 1);
        const struct option_rule *rule = find_rule(parse->name);
        if (!rule) {
            return parse_fail(parse, "%s: unknown option (plex86 -help lists all)", args[i]);
        }
        if (!rule->function) {
            return parse_not_yet(parse, NULL);
        }
        char *value = NULL;
        if (rule->argument) {
            if (i + 1 >= argc) {
                return parse_fail(parse, "-%s needs an argument: %s", parse->name, rule->argument);
            }
            value = args[++i];
        }
        int result = rule->function(parse, value);
        if (result < 0 || parse->help != PARSE_RUN) {
            return result;
        }
    }
    return parse_finish(parse);
}

int parse_options(struct parse *parse, struct options *options, int argc, char **argv)
{
    *parse = (struct parse){.options = options};
    *options = (struct options){.ram_bytes = MIB(128),
                                .load.program_phys = 0x100000,
                                .board.rtc_base = -1,
                                .board.debug_exit_base = 0x501, /* QEMU's defaults */
                                .board.debug_exit_bytes = 2};
    char **args = copy_arguments(options, argc, argv);
    if (!args) {
        return parse_refuse(parse, "no memory for the arguments");
    }
    int result = take_options(parse, argc, args);
    free(args); /* the strings stay */
    if (parse->map_errors.n) {
        result = PARSE_ERROR_USAGE;
    } else if (result >= 0 && parse->print_map) {
        parse->help = PARSE_PRINT_MAP;
    }
    return result < 0 ? result : parse->help != PARSE_RUN;
}

static void print_help(void)
{
    printf("usage: plex86 -kernel FILE [options]\n"
           "       plex86 -program FILE [options]\n"
           "Runs a 32-bit x86 system as an ordinary process. Options as in qemu-system-i386.\n");
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        const struct option_rule *rule = &rules[i];
        if (!rule->name) {
            printf("\n%s:\n", rule->help);
        } else if (rule->help) {
            int n = printf("  -%s%s%s", rule->name, rule->argument ? " " : "",
                           rule->argument ? rule->argument : "");
            printf("%s%*s%s\n", n < 30 ? "" : "\n", n < 30 ? 30 - n : 30, "", rule->help);
        }
    }
}

static void print_words(enum parse_help help)
{
    static const struct {
        enum parse_help help;
        const char *word, *text;
    } words[] = {
#define LOG(name, bit, word, text) {PARSE_HELP_LOG, word, text},
#include "cli/log.def"
#undef LOG
#define ENGINE(name, bit, word, text) {PARSE_HELP_ENGINE, word, text},
#include "cli/engine.def"
#undef ENGINE
        {PARSE_HELP_MACHINE, "pc", "PC with ISA chips (default)"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (words[i].help == help) {
            printf("%-16s %s\n", words[i].word, words[i].text);
        }
    }
}

static void print_text(char *text)
{
    fputs(text ? text : "", stdout);
    free(text);
}

static void print_lines(const char *what, const char *lines)
{
    for (const char *line = lines, *end; line && (end = strchr(line, '\n')); line = end + 1) {
        fprintf(stderr, "plex86: %s: %.*s\n", what, (int)(end - line), line);
    }
}

int options_parse(struct options *options, int argc, char **argv)
{
    struct parse parse;
    int result = parse_options(&parse, options, argc, argv);
    print_lines("note", parse.notes);
    print_lines("warning", parse.map_errors.warnings);
    if (parse.map_errors.n) {
        fprintf(stderr, "plex86: the rules of the map have errors:\n%s", parse.map_errors.lines);
    } else if (result < 0) {
        fprintf(stderr, "plex86: %s\n", parse.message);
    } else if (parse.help == PARSE_HELP) {
        print_help();
    } else if (parse.help == PARSE_VERSION) {
        options->show_version = true;
    } else if (parse.help == PARSE_HELP_MAP) {
        print_text(map_print_classes());
    } else if (parse.help == PARSE_PRINT_MAP) {
        print_text(map_print(options->map));
    } else if (parse.help != PARSE_RUN) {
        print_words(parse.help);
    }
    map_errors_free(&parse.map_errors);
    return result;
}

void options_free(struct options *options)
{
    map_destroy(options->map);
    options->map = NULL;
    free(options->strings);
    options->strings = NULL;
}

void options_print_version(const char *build)
{
    printf("plex86 %s\n", build);
}
