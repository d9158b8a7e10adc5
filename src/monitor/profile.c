/* profile.c - the report of -profile: time by guest code, exits, light calls and hidden faults by
 * guest address, and the hottest units with guest and host code side by side. Full C.
 *
 * Counting is done elsewhere (run/signals.c, hub_light.c, dispatch_light.c); this file owns the
 * tables and reads them when the machine has stopped.
 */
#include "monitor/profile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "monitor/machine_internal.h"

enum { N_TOP = 20, N_TOP_UNITS = 16 };

static bool create_tally(struct tally *tally)
{
    tally->n_slots = PROFILE_SLOTS;
    tally->slots = calloc(tally->n_slots, sizeof *tally->slots);
    return tally->slots;
}

int profile_create(struct profile **out, const char *path)
{
    struct profile *profile = calloc(1, sizeof *profile);
    if (!profile) {
        return -ENOMEM;
    }
    profile->out = fopen(path, "we");
    if (!profile->out) {
        int error = errno;
        free(profile);
        return -error;
    }
    if (!create_tally(&profile->run.samples) || !create_tally(&profile->run.faults) ||
        !create_tally(&profile->exits) || !create_tally(&profile->calls)) {
        profile_destroy(profile);
        return -ENOMEM;
    }
    *out = profile;
    return 0;
}

void profile_destroy(struct profile *profile)
{
    if (!profile) {
        return;
    }
    free(profile->run.samples.slots);
    free(profile->run.faults.slots);
    free(profile->exits.slots);
    free(profile->calls.slots);
    fclose(profile->out);
    free(profile);
}

static int by_count(const void *a, const void *b)
{
    const struct tally_slot *x = a, *y = b;
    return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

/* A sorted copy of the slots in use; the caller frees. */
static struct tally_slot *sorted(const struct tally *tally, unsigned *n, uint64_t *sum)
{
    struct tally_slot *slots = malloc((tally->n_slots + 1) * sizeof *slots);
    *n = 0;
    *sum = tally->lost;
    for (uint32_t i = 0; slots && i < tally->n_slots; i++) {
        if (tally->slots[i].key) {
            slots[*n] = tally->slots[i];
            slots[(*n)++].key--;
            *sum += tally->slots[i].count;
        }
    }
    if (slots) {
        qsort(slots, *n, sizeof *slots, by_count);
    }
    return slots;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* "count percent name address" lines of the greatest; name_of gives the words of a key's upper
 * half. */
static void print_top(FILE *out, const char *title, const struct tally *tally,
                      const char *(*name_of)(unsigned kind))
{
    unsigned n;
    uint64_t sum;
    struct tally_slot *slots = sorted(tally, &n, &sum);
    fprintf(out, "\n## %s: %" PRIu64 "%s\n\n", title, sum, tally->lost ? " (table was full)" : "");
    for (unsigned i = 0; slots && i < n && i < N_TOP; i++) {
        fprintf(out, "%10" PRIu64 " %5.1f%%  %-14s %08x\n", slots[i].count,
                percent(slots[i].count, sum), name_of((unsigned)(slots[i].key >> 32)),
                (uint32_t)slots[i].key);
    }
    free(slots);
}

static const char *sample_name(unsigned kind)
{
    static const char *const names[] = {"kernel", "user", "monitor"};
    return names[kind < 3 ? kind : 2];
}

static const char *fault_name(unsigned kind)
{
    static const char *const names[] = {
        "read: mapped",    "read: guest fault",    "read: checked",    "read: dual",
        "write: mapped",   "write: guest fault",   "write: checked",   "write: dual",
        "C read: mapped",  "C read: guest fault",  "C read: checked",  "C read: dual",
        "C write: mapped", "C write: guest fault", "C write: checked", "C write: dual"};
    return names[kind & 15];
}

static void print_split(FILE *out, const struct tally *samples)
{
    uint64_t by_kind[3] = {0}, sum = samples->lost;
    for (uint32_t i = 0; i < samples->n_slots; i++) {
        if (samples->slots[i].key) {
            by_kind[(samples->slots[i].key - 1) >> 32] += samples->slots[i].count;
            sum += samples->slots[i].count;
        }
    }
    fprintf(out, "# Profile: %" PRIu64 " samples, at most one in %.2f ms; none in HLT\n\n", sum,
            1000.0 / PROFILE_HZ);
    for (unsigned i = 0; i < ARRAY_SIZE(by_kind); i++) {
        fprintf(out, "%10" PRIu64 " %5.1f%%  %s\n", by_kind[i], percent(by_kind[i], sum),
                i == 0   ? "translated kernel code (CPL 0-2)"
                : i == 1 ? "translated user code (CPL 3)"
                         : "monitor: light calls, translating, hidden faults in C");
    }
}

static uint64_t sample_key(const struct codepage *page, uint32_t page_off)
{
    uint64_t user = page->mode & MODE_USER ? 1 : 0;
    return user << 32 | (page->lin_page << 12) | page_off;
}

static uint64_t unit_samples(const struct tally *samples, const struct unit *unit)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < unit->n_insns; i++) {
        sum += tally_get(samples, sample_key(unit->page, unit->insns[i].page_off));
    }
    return sum;
}

static void print_unit(struct machine *machine, const struct unit *unit, uint64_t n_samples,
                       uint64_t sum)
{
    const struct tally *samples = &machine->profile->run.samples;
    FILE *out = machine->profile->out;
    fprintf(out, "\n### %08x: %" PRIu64 " samples, %.1f%%, %s, %u instructions in %u bytes%s\n\n",
            unit->page->lin_page << 12 | unit->insns[0].page_off, n_samples,
            percent(n_samples, sum), unit->page->mode & MODE_USER ? "user" : "kernel",
            unit->n_insns, unit->n_bytes, unit->is_patch ? " (re-made site)" : "");
    for (uint32_t i = 0; i < unit->n_insns; i++) {
        uint64_t count = tally_get(samples, sample_key(unit->page, unit->insns[i].page_off));
        if (count) {
            fprintf(out, "%8" PRIu64, count);
        } else {
            fprintf(out, "%8s", "");
        }
        monitor_print_insn(machine, unit, i, true, out);
    }
}

static void print_units(struct machine *machine)
{
    const struct tally *samples = &machine->profile->run.samples;
    FILE *out = machine->profile->out;
    struct tally_slot *top = calloc(machine->cache.n_units + 1, sizeof *top);
    uint64_t sum = samples->lost;
    for (uint32_t i = 0; i < samples->n_slots; i++) {
        sum += samples->slots[i].count;
    }
    unsigned n = 0;
    for (uint32_t i = 0; top && i < machine->cache.n_units; i++) {
        const struct unit *unit = &machine->cache.units[i];
        uint64_t count = unit->dead ? 0 : unit_samples(samples, unit);
        if (count) {
            top[n++] = (struct tally_slot){.key = i, .count = count};
        }
    }
    qsort(top, n, sizeof *top, by_count);
    fprintf(out, "\n## Hottest units: guest code, and the host code it became\n\n"
                 "Left: samples of an instruction in all units that have it.\n");
    for (unsigned i = 0; i < n && i < N_TOP_UNITS; i++) {
        print_unit(machine, &machine->cache.units[top[i].key], top[i].count, sum);
    }
    free(top);
}

void profile_print(struct machine *machine)
{
    struct profile *profile = machine->profile;
    print_split(profile->out, &profile->run.samples);
    print_top(profile->out, "Hottest instructions", &profile->run.samples, sample_name);
    print_top(profile->out, "Exits to the monitor, by reason and guest address", &profile->exits,
              monitor_exit_name);
    print_top(profile->out, "Light calls, by operation and guest address", &profile->calls,
              monitor_op_name);
    print_top(profile->out, "Hidden page faults, by cause and guest address", &profile->run.faults,
              fault_name);
    print_units(machine);
    fflush(profile->out);
}
