/* option_machine.c - options about software, memory, CPU, clock and engine: one function each.
 *
 * Each takes the value text (cut in place; it lives as long as struct options) and returns 0 or
 * PARSE_ERROR_*. Order of options must not matter: what depends on another waits for finish.c.
 */
#include "cli/parse.h"

#include <string.h>
#include <time.h>

#define RAM_MIN_BYTES MIB(4)
#define RAM_MAX_BYTES MIB(3072) /* above it lies the PCI hole of a PC */

int option_kernel(struct parse *parse, char *value)
{
    parse->options->load.kernel = value;
    return 0;
}

int option_bios(struct parse *parse, char *value)
{
    parse->options->load.bios = value;
    return 0;
}

int option_initrd(struct parse *parse, char *value)
{
    parse->options->load.initrd = value;
    return 0;
}

int option_append(struct parse *parse, char *value)
{
    parse->options->load.append = value;
    return 0;
}

int option_program(struct parse *parse, char *value)
{
    char *rest = value;
    parse->options->load.program = value_next(&rest);
    for (char *item; (item = value_next(&rest));) {
        char *number = value_of_key(item, "addr");
        uint64_t phys;
        if (!number || !value_number(number, UINT32_MAX, &phys)) {
            return parse_fail(parse, "-program: %s: expected addr=N, N below 4 GiB", item);
        }
        parse->options->load.program_phys = (uint32_t)phys;
    }
    return 0;
}

int option_memory(struct parse *parse, char *value)
{
    char *rest = value;
    bool first = true;
    for (char *item; (item = value_next(&rest)); first = false) {
        char *size = value_of_key(item, "size");
        if (!size && first && !strchr(item, '=')) {
            size = item;
        }
        if (!size) {
            return parse_fail(parse, "-m: %s is not supported yet", item);
        }
        uint64_t n_bytes;
        if (!value_size(size, 20, &n_bytes)) {
            return parse_fail(parse, "-m %s: not a size; expected for example 512, 512M or 2G",
                              size);
        }
        if (n_bytes < RAM_MIN_BYTES || n_bytes > RAM_MAX_BYTES) {
            return parse_refuse(parse, "-m %s: guest memory can be 4M to 3072M", size);
        }
        n_bytes = (n_bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
        parse->options->ram_bytes = n_bytes;
    }
    return 0;
}

int option_cpu(struct parse *parse, char *value)
{
    parse->options->cpu_model = value;
    return 0;
}

/* plex86 is its own accelerator; scripts written for QEMU name others. */
int option_accel(struct parse *parse, char *value)
{
    char *rest = value;
    char *item = value_next(&rest);
    char *name = value_of_key(item, "accel");
    name = name ? name : item;
    if (strcmp(name, "plex86") != 0) {
        parse_note(parse, "accelerator %s ignored: plex86 runs guest code in its own way", name);
    }
    return 0;
}

int option_enable_kvm(struct parse *parse, char *value)
{
    (void)value;
    char kvm[] = "kvm";
    return option_accel(parse, kvm);
}

/* Properties of QEMU's pc that change nothing here, or ask for what is so anyway. */
static bool is_harmless_property(const char *item)
{
    static const char *const harmless[] = {"usb=off",  "graphics=off", "hpet=off",   "hpet=on",
                                           "acpi=off", "acpi=on",      "vmport=off", "vmport=auto",
                                           "smm=off",  "smm=auto",     "i8042=on",   "pit=on"};
    for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
        if (!strcmp(item, harmless[i])) {
            return true;
        }
    }
    return false;
}

int option_machine(struct parse *parse, char *value)
{
    char *rest = value;
    bool first = true;
    for (char *item; (item = value_next(&rest)); first = false) {
        char *type = value_of_key(item, "type");
        char *accel = value_of_key(item, "accel");
        if (!type && first && !strchr(item, '=')) {
            type = item;
        }
        if (type && !strcmp(type, "help")) {
            parse->help = PARSE_HELP_MACHINE;
        } else if (type) {
            if (strcmp(type, "pc") != 0 && strncmp(type, "pc-i440fx-", 10) != 0) {
                return parse_fail(parse, "-%s %s is not supported yet; the machine is pc",
                                  parse->name, type);
            }
        } else if (accel) {
            option_accel(parse, accel);
        } else if (!is_harmless_property(item)) {
            return parse_fail(parse, "-%s: %s is not supported yet", parse->name, item);
        }
    }
    return 0;
}

int option_smp(struct parse *parse, char *value)
{
    char *rest = value;
    for (char *item; (item = value_next(&rest));) {
        char *equals = strchr(item, '=');
        uint64_t n;
        if (!value_number(equals ? equals + 1 : item, UINT32_MAX, &n)) {
            return parse_fail(parse, "-smp %s: not a number of CPUs", item);
        }
        if (n != 1) {
            return parse_fail(parse, "-smp %s is not supported yet: the machine has one CPU", item);
        }
    }
    return 0;
}

int option_rtc(struct parse *parse, char *value)
{
    char *rest = value;
    for (char *item; (item = value_next(&rest));) {
        char *base = value_of_key(item, "base");
        if (!base) {
            if (strcmp(item, "clock=host") != 0 && strcmp(item, "driftfix=none") != 0) {
                return parse_fail(parse, "-rtc: %s is not supported yet", item);
            }
        } else if (!strcmp(base, "utc")) {
            parse->options->board.rtc_base = -1;
        } else if (!strcmp(base, "localtime")) {
            /* The chip counts local time as if it were UTC. */
            time_t now = time(NULL);
            struct tm local;
            localtime_r(&now, &local);
            parse->options->board.rtc_base = (int64_t)now + local.tm_gmtoff;
        } else if (!value_date(base, &parse->options->board.rtc_base)) {
            return parse_fail(
                parse, "-rtc base=%s: expected utc, localtime or YYYY-MM-DD[Thh:mm:ss]", base);
        }
    }
    return 0;
}

int option_no_reboot(struct parse *parse, char *value)
{
    (void)value;
    parse->options->no_reboot = true;
    return 0;
}

struct word {
    const char *word;
    unsigned bit;
};

static int take_words(struct parse *parse, char *value, const struct word *words, size_t n_words,
                      enum parse_help help, unsigned *mask)
{
    char *rest = value;
    for (char *item; (item = value_next(&rest));) {
        if (!strcmp(item, "help")) {
            parse->help = help;
            return 0;
        }
        size_t i = 0;
        while (i < n_words && strcmp(words[i].word, item) != 0) {
            i++;
        }
        if (i == n_words) {
            return parse_fail(parse, "-%s %s: unknown word (-%s help lists them)", parse->name,
                              item, parse->name);
        }
        *mask |= words[i].bit;
    }
    return 0;
}

int option_log(struct parse *parse, char *value)
{
    static const struct word words[] = {
#define LOG(name, bit, word, text) {word, bit},
#include "cli/log.def"
#undef LOG
    };
    struct options *options = parse->options;
    int result =
        take_words(parse, value, words, ARRAY_SIZE(words), PARSE_HELP_LOG, &options->log_mask);
    options->stats |= (options->log_mask & LOG_STATS) != 0;
    return result;
}

int option_engine(struct parse *parse, char *value)
{
    static const struct word words[] = {
#define ENGINE(name, bit, word, text) {word, bit},
#include "cli/engine.def"
#undef ENGINE
    };
    return take_words(parse, value, words, ARRAY_SIZE(words), PARSE_HELP_ENGINE,
                      &parse->options->engine);
}

int option_split(struct parse *parse, char *value)
{
    static const char *const words[] = {
        [SPLIT_HIDE] = "hide", [SPLIT_LOG] = "log", [SPLIT_TRAP] = "trap"};
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        if (!strcmp(words[i], value)) {
            parse->options->split = (enum split_policy)i;
            return 0;
        }
    }
    return parse_fail(parse, "-split %s: it can be hide, log or trap", value);
}

int option_log_path(struct parse *parse, char *value)
{
    parse->options->log_path = value;
    return 0;
}

int option_trace(struct parse *parse, char *value)
{
    struct options *options = parse->options;
    char *rest = value, *path = value_next(&rest), *file = value_of_key(path, "file");
    if (options->n_traces == OPTIONS_MAX_TRACES) {
        return parse_fail(parse, "-trace: at most %d files", OPTIONS_MAX_TRACES);
    }
    options->trace_paths[options->n_traces++] = file ? file : path;
    for (char *item; (item = value_next(&rest));) {
        char *start = value_of_key(item, "start");
        if (!start || (strcmp(start, "on") != 0 && strcmp(start, "off") != 0)) {
            return parse_fail(parse, "-trace: %s: expected start=on or start=off", item);
        }
        options->trace_off = !strcmp(start, "off");
    }
    return 0;
}

int option_code_store(struct parse *parse, char *value)
{
    parse->options->code_store = value;
    return 0;
}

int option_profile(struct parse *parse, char *value)
{
    parse->options->profile_path = value;
    return 0;
}

int option_jitdump(struct parse *parse, char *value)
{
    (void)value;
    parse->options->jitdump = true;
    return 0;
}

int option_stats(struct parse *parse, char *value)
{
    (void)value;
    parse->options->stats = true;
    return 0;
}

int option_gdb(struct parse *parse, char *value)
{
    if (!strcmp(value, "stdio")) {
        return parse_not_yet(parse, value);
    }
    parse->options->gdb = strcmp(value, "none") ? value : NULL;
    return 0;
}

int option_gdb_default(struct parse *parse, char *value)
{
    (void)value;
    parse->options->gdb = "tcp::1234";
    return 0;
}

int option_wait_at_start(struct parse *parse, char *value)
{
    (void)value;
    parse->options->wait_at_start = true;
    return 0;
}

int option_pid_path(struct parse *parse, char *value)
{
    parse->options->pid_path = value;
    return 0;
}

int option_version(struct parse *parse, char *value)
{
    (void)value;
    parse->help = PARSE_VERSION;
    return 0;
}

int option_help(struct parse *parse, char *value)
{
    (void)value;
    parse->help = PARSE_HELP;
    return 0;
}

int option_ignored(struct parse *parse, char *value)
{
    (void)parse;
    (void)value;
    return 0;
}
