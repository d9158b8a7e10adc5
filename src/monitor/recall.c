/* recall.c - code of pages whose contents some machine has run before: their units are made of what
 * was recorded then, which costs half of translating them (docs/decisions/0022). Sits in front
 * of the arrow bytes -> scan -> map -> translate: what comes from here has been through it.
 *
 * Only user code that cache/move.c could move, on whole pages, judged by the default map: what it
 * says besides its page's contents lies in `about` or in the identity of the store's file. A page
 * is asked for once, when it has no unit; all its units come at once.
 */
#include "monitor/recall.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "monitor/machine_internal.h"
#include "store/store.h"

#include <Zydis/Zydis.h>
#include <cpuid.h>

struct place {
    uint32_t list;    /* 0: nothing is recorded of this page */
    uint32_t last, n; /* the last string that it knows of, and how many */
};

/* More than a page full of small units: its contents are translated in ever new ways. */
enum { MAX_UNITS = 512 };

struct recall {
    struct store *store;
    struct place *places; /* by codepage */
    uint64_t n_pages, n_units, n_insns, n_refused, n_bytes;
};

/* ---- the file ---- */

static void identify_host(uint32_t *words, unsigned n)
{
    static const uint32_t leaves[] = {1, 7, 0x80000001};
    unsigned at = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(leaves); i++) {
        uint32_t a = 0, b = 0, c = 0, d = 0;
        __get_cpuid_count(leaves[i], 0, &a, &b, &c, &d);
        /* leaf 1: EBX names the CPU it ran on, ECX bit 27 is the host's setting */
        const uint32_t features[] = {leaves[i] == 7 ? b : 0, c, d};
        for (unsigned j = 0; j < ARRAY_SIZE(features) && at < n; j++) {
            words[at++] = features[j];
        }
    }
}

/* Who can use what is in the file: this program, with its decoder, on such a CPU, with the code
 * cache at this address. False: the program does not know what it is. */
static bool identify(const struct machine *machine, uint8_t *identity)
{
    struct {
        uint8_t build[16];
        uint64_t cache_exec, decoder;
        uint32_t host[8];
    } who = {.cache_exec = machine->cache.exec, .decoder = ZydisGetVersion()};
    _Static_assert(sizeof(who) == STORE_IDENTITY_BYTES, "fills it");
    identify_host(who.host, ARRAY_SIZE(who.host));
    const bool is_known = store_build_id(who.build, sizeof(who.build)) == sizeof(who.build);
    memcpy(identity, &who, sizeof(who));
    return is_known;
}

/* Without a name the user's own directory for what can be made again (XDG Base Directory
 * Specification); nobody is told if there is none. */
static char *default_path(void)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *folder = NULL, *path = NULL;
    if ((cache && *cache == '/' ? asprintf(&folder, "%s", cache)
         : home && *home == '/' ? asprintf(&folder, "%s/.cache", home)
                                : -1) < 0) {
        return NULL;
    }
    mkdir(folder, 0700);
    char *ours = NULL;
    if (asprintf(&ours, "%s/plex86", folder) >= 0) {
        mkdir(ours, 0700);
        if (asprintf(&path, "%s/code", ours) < 0) {
            path = NULL;
        }
        free(ours);
    }
    free(folder);
    return path;
}

/* What was asked for in other words is asked for to see the translator at work. */
static bool is_ordinary(const struct options *options)
{
    return (options->engine & ~(unsigned)ENGINE_VERIFY) == 0 &&
           !(options->log_mask & (LOG_IN_ASM | LOG_OUT_ASM)) && !options->gdb &&
           !options->jitdump && options->split == SPLIT_HIDE;
}

static int open_store(struct machine *machine, const char *path)
{
    uint8_t identity[STORE_IDENTITY_BYTES];
    struct recall *recall = calloc(1, sizeof(*recall));
    int result = recall ? 0 : -ENOMEM;
    if (!result) {
        recall->places = calloc(machine->pages.max_pages, sizeof(*recall->places));
        result = !recall->places               ? -ENOMEM
                 : identify(machine, identity) ? store_open(&recall->store, path, identity)
                                               : -ENOEXEC;
    }
    if (result) {
        recall_destroy(recall);
    } else {
        machine->recall = recall;
    }
    return result;
}

int recall_create(struct machine *machine, char **error)
{
    const char *named = machine->options.code_store;
    const char *path = named ? named : getenv("PLEX86_CODE_STORE");
    char *made = NULL;
    if (path && strcmp(path, "none") == 0) {
        return 0;
    }
    if (!path && is_ordinary(&machine->options)) {
        path = made = default_path();
    }
    int result = path ? open_store(machine, path) : 0;
    if (result && named && result != -EBUSY &&
        asprintf(error, "-code-store %s: %s", named,
                 result == -EPERM ? "not a file of yours alone" : strerror(-result)) < 0) {
        *error = NULL;
    }
    free(made);
    return result && named && result != -EBUSY ? -1 : 0;
}

void recall_destroy(struct recall *recall)
{
    if (recall) {
        store_close(recall->store);
        free(recall->places);
        free(recall);
    }
}

/* ---- pages ---- */

static struct place *place_of(const struct machine *machine, const struct codepage *page)
{
    return &machine->recall->places[page - machine->pages.pages];
}

/* A page that is written again and again is not worth its key. */
static bool is_wanted(const struct machine *machine, const struct codepage *page)
{
    return translate_may_move(page, machine->options.engine) && page->end_off == PAGE_BYTES &&
           page->phys->n_writes < 3 && map_is_default(machine->map) && !machine->breaks.n;
}

static void note_unit(struct machine *machine, struct unit *unit)
{
    machine->recall->n_units++;
    machine->recall->n_insns += unit->n_insns;
    machine->recall->n_bytes += unit->n_bytes;
    monitor_note_unit(machine, unit);
}

struct site_arg {
    struct machine *machine;
    uint32_t phys;
};

static unsigned site_kind(void *arg, uint32_t page_off)
{
    const struct site_arg *site = arg;
    return monitor_site_hint(site->machine, site->phys | page_off);
}

static void replay(struct machine *machine, struct codepage *page, const uint8_t *guest,
                   uint32_t string)
{
    const uint32_t phys_page = page->phys->phys_page;
    struct site_arg site = {machine, phys_page << 12};
    struct translate_replay in = {
        .pages = &machine->pages, .page = page, .guest = guest, .arg = &site};
    in.site = monitor_has_hints(machine, phys_page) ? site_kind : NULL;
    in.bytes = store_read(machine->recall->store, string, &in.n_bytes);
    struct unit *unit = in.bytes ? translate_replay(&in) : NULL;
    if (unit) {
        note_unit(machine, unit);
    } else {
        machine->recall->n_refused++;
    }
}

bool recall_page(struct machine *machine, struct codepage *page)
{
    struct recall *recall = machine->recall;
    const uint8_t *bytes = mem_page_host(&machine->mem, page->phys->phys_page << 12);
    if (!recall) {
        return false;
    }
    *place_of(machine, page) = (struct place){0};
    if (!bytes || !is_wanted(machine, page)) {
        return false;
    }
    const uint32_t about[] = {page->mode, machine->options.engine & ~(unsigned)ENGINE_VERIFY};
    const uint32_t list = store_list(recall->store, store_hash(bytes, about, ARRAY_SIZE(about)));
    struct place place = {.list = list};
    recall->n_pages += store_first(recall->store, list) != 0;
    for (uint32_t s = store_first(recall->store, list); s && codepages_have_room(&machine->pages);
         s = store_next(recall->store, s)) {
        replay(machine, page, bytes, s);
        place.last = s;
        place.n++;
    }
    *place_of(machine, page) = place;
    return page->units;
}

bool recall_wants(const struct machine *machine, const struct codepage *page)
{
    if (!machine->recall) {
        return false;
    }
    const struct place *place = place_of(machine, page);
    return place->list && place->n < MAX_UNITS && store_takes(machine->recall->store) &&
           store_last(machine->recall->store, place->list) == place->last &&
           is_wanted(machine, page);
}

void recall_record(struct machine *machine, const struct codepage *page, const uint8_t *bytes,
                   uint32_t n_bytes)
{
    struct place *place = place_of(machine, page);
    struct store *store = machine->recall->store;
    if (store_add(store, place->list, bytes, n_bytes)) {
        place->last = store_last(store, place->list);
        place->n++;
    }
}

void recall_print(const struct recall *recall, FILE *out)
{
    if (!recall) {
        return;
    }
    const struct store_counts counts = store_count(recall->store);
    fprintf(out,
            "stats: recalled pages %" PRIu64 " units %" PRIu64 " insns %" PRIu64
            " host bytes %" PRIu64 " refused %" PRIu64
            "; store pages %u units %u new %u KiB %" PRIu64 "%s\n",
            recall->n_pages, recall->n_units, recall->n_insns, recall->n_bytes, recall->n_refused,
            counts.n_lists, counts.n_strings, counts.n_added, counts.n_bytes >> 10,
            counts.is_read_only ? " read-only" : "");
}
