/* memory.c - what of the process's memory is beside the guest's RAM, and what for: a line of -d
 * stats. Asked of the host (/proc), not counted: arenas are reserved whole and cost what was
 * touched. Full C; changes nothing.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "monitor/machine_internal.h"

/* KiB of the arena's pages that the host has given. Private anonymous ones: Linux says "exclusive"
 * of what is ours, not of the zero page. */
static uint64_t touched_kib(int pagemap, const void *arena, uint64_t n_bytes)
{
    enum { AT_ONCE = 4096 };
    const uint64_t is_ours = UINT64_C(1) << 63 | UINT64_C(1) << 56;
    uint64_t entries[AT_ONCE], first = (uint64_t)arena >> PAGE_SHIFT, n_touched = 0;
    const uint64_t end = first + (n_bytes >> PAGE_SHIFT);
    while (first < end) {
        const uint64_t n = end - first < AT_ONCE ? end - first : AT_ONCE;
        const ssize_t got =
            pread(pagemap, entries, n * sizeof(*entries), (off_t)(first * sizeof(*entries)));
        if (got <= 0) {
            break;
        }
        const uint64_t n_got = (uint64_t)got / sizeof(*entries);
        for (uint64_t i = 0; i < n_got; i++) {
            n_touched += (entries[i] & is_ours) == is_ours;
        }
        first += n_got;
    }
    return n_touched * (PAGE_BYTES >> 10);
}

/* Whole mappings, by the name of what they show. */
struct mapped {
    uint64_t ram, code, directories, all; /* KiB, each page's share (PSS) */
};

static struct mapped read_smaps(void)
{
    struct mapped mapped = {0};
    char line[512], name[64] = "";
    FILE *file = fopen("/proc/self/smaps", "re");
    while (file && fgets(line, sizeof(line), file)) {
        unsigned long kib;
        if (line[strspn(line, "0123456789abcdef")] == '-') {
            const char *found = strstr(line, "memfd:");
            snprintf(name, sizeof(name), "%.40s", found ? found + strlen("memfd:") : "");
        } else if (sscanf(line, "Pss: %lu kB", &kib) == 1) {
            uint64_t *which = strncmp(name, "plex86-ram", 10) == 0         ? &mapped.ram
                              : strncmp(name, "plex86-code", 11) == 0      ? &mapped.code
                              : strncmp(name, "plex86-directory", 16) == 0 ? &mapped.directories
                                                                           : NULL;
            mapped.all += kib;
            if (which) {
                *which += kib;
            }
        }
    }
    if (file) {
        fclose(file);
    }
    return mapped;
}

/* What is there of no use any more. */
static void print_dead(const struct machine *machine, FILE *out)
{
    const struct cache *cache = &machine->cache;
    uint64_t dead_bytes = 0, dead_insns = 0, patch_bytes = 0, n_dead = 0, n_patches = 0;
    uint32_t n_empty = 0;
    for (uint32_t i = 0; i < cache->n_units; i++) {
        const struct unit *unit = &cache->units[i];
        if (unit->dead) {
            n_dead++;
            dead_bytes += unit->n_bytes;
            dead_insns += unit->n_insns;
        } else if (unit->is_patch) {
            n_patches++;
            patch_bytes += unit->n_bytes;
        }
    }
    for (uint32_t i = 0; i < machine->pages.n_pages; i++) {
        n_empty += !machine->pages.pages[i].units;
    }
    fprintf(
        out,
        "stats: code units %u KiB %u insns %u; dead %lu KiB %lu insns %lu; patches %lu KiB %lu; "
        "codepages %u without code %u; bridges %u links %u; parts of tables %u, given back %lu\n",
        cache->n_units, cache->used >> 10, cache->n_insns, n_dead, dead_bytes >> 10, dead_insns,
        n_patches, patch_bytes >> 10, machine->pages.n_pages, n_empty, machine->pages.n_bridges,
        machine->pages.n_links, machine->pages.n_filled, machine->pages.n_given_back);
}

void monitor_print_memory(const struct machine *machine, FILE *out)
{
    const struct mapped mapped = read_smaps();
    const struct cache *cache = &machine->cache;
    const struct codepages *pages = &machine->pages;
    const int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    const uint64_t own = mapped.all - mapped.ram;
    const struct {
        const char *name;
        const void *arena;
        uint64_t n_bytes;
    } arenas[] = {
        {"slot tables", pages->tables,
         (uint64_t)pages->max_pages * VIEW_TABLE_SLOTS * sizeof(*pages->tables)},
        {"insns", cache->insns, (uint64_t)cache->max_insns * sizeof(*cache->insns)},
        {"units", cache->units, (uint64_t)cache->max_units * sizeof(*cache->units)},
        {"sites", cache->sites, cache->max_site_bytes},
        {"moves", cache->moves, (uint64_t)cache->max_moves * sizeof(*cache->moves)},
        {"bridges", pages->bridges, (uint64_t)pages->max_bridges * sizeof(*pages->bridges)},
        {"links", pages->links, (uint64_t)pages->max_links * sizeof(*pages->links)},
        {"codepages", pages->pages, pages->max_pages * sizeof(*pages->pages)},
        {"physcodes", pages->phys, pages->max_phys * sizeof(*pages->phys)},
    };
    uint64_t rest = own - mapped.code - mapped.directories;
    fprintf(out, "stats: memory KiB own %lu:", own);
    for (unsigned i = 0; i < ARRAY_SIZE(arenas); i++) {
        const uint64_t kib = touched_kib(pagemap, arenas[i].arena, arenas[i].n_bytes);
        fprintf(out, " %s %lu", arenas[i].name, kib);
        rest -= kib;
    }
    const void *pool;
    uint64_t n_bytes, view_kib = 0;
    for (unsigned i = 0; view_list_pool(machine->view, i, &pool, &n_bytes); i++) {
        view_kib += touched_kib(pagemap, pool, n_bytes);
    }
    fprintf(out, " host code %lu directories %lu view %lu rest %lu\n", mapped.code,
            mapped.directories, view_kib, rest - view_kib);
    if (pagemap >= 0) {
        close(pagemap);
    }
    print_dead(machine, out);
}
