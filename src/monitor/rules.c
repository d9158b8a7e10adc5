/* rules.c - changes the map of a running machine and drops the code the change concerns. Full C.
 *
 * A rule for addresses costs the units of those pages, any other the whole cache: some 50 ms of
 * translating again for a Linux at work. Owns no rule: map/ does.
 */
#include "monitor/rules.h"

#include <stdlib.h>
#include <string.h>

#include "monitor/machine_internal.h"
#include "trace/trace.h"

_Static_assert((int)MAP_MAX_COUNTERS == (int)CPU_COUNTERS, "one counter of the CPU each");

static void drop_code(struct machine *machine, bool is_range, uint32_t first, uint32_t last)
{
    struct codepages *pages = &machine->pages;
    if (!is_range) {
        monitor_flush_code(machine);
        return;
    }
    for (uint32_t i = 0; i < pages->n_pages; i++) {
        const struct codepage *page = &pages->pages[i];
        if (page->units && page->lin_page >= first >> PAGE_SHIFT &&
            page->lin_page <= last >> PAGE_SHIFT) {
            codepage_invalidate(pages, page->phys->phys_page);
        }
    }
    machine->resume_host = 0;
}

void monitor_name_rules(struct machine *machine)
{
    for (unsigned i = 0; i < map_n_rules(machine->map); i++) {
        const struct map_rule *rule = map_rule_at(machine->map, i);
        if (rule->enabled && rule->actions & (ACTION_LOG | ACTION_SAMPLE)) {
            trace_name_rule(machine->cpu->trace, (uint16_t)rule->id, rule->text);
        }
    }
}

static void start_counter(struct machine *machine, const struct map_rule *rule)
{
    if (rule->counter != MAP_NO_COUNTER) {
        uint64_t left = rule->actions & ACTION_SAMPLE ? rule->sample_n : 0;
        machine->cpu->count[rule->counter] = machine->cpu->left[rule->counter] = left;
    }
}

void monitor_start_counters(struct machine *machine)
{
    for (unsigned i = 0; i < map_n_rules(machine->map); i++) {
        const struct map_rule *rule = map_rule_at(machine->map, i);
        if (rule->enabled) {
            start_counter(machine, rule);
        }
    }
}

/* Rules about data are looked at when an access is made, and plant nothing. */
static bool concerns_code(const struct map_rule *rule)
{
    return !rule->data.access;
}

int machine_add_rule(struct machine *machine, const char *text, char **message)
{
    uint32_t first, last;
    int id = map_add_rule(machine->map, "rule", text, message);
    if (id < 0) {
        if (!*message) {
            *message = strdup("no memory");
        }
        return -1;
    }
    const struct map_rule *rule = map_rule_by_id(machine->map, id);
    start_counter(machine, rule);
    if (machine->cpu->trace) {
        trace_name_rule(machine->cpu->trace, (uint16_t)id, rule->text);
    }
    monitor_watch_rule(machine, rule);
    if (concerns_code(rule)) {
        bool is_range = map_rule_range(rule, &first, &last);
        drop_code(machine, is_range, first, last);
    }
    return id;
}

bool machine_remove_rule(struct machine *machine, int id)
{
    uint32_t first, last;
    const struct map_rule *rule = map_rule_by_id(machine->map, id);
    if (!rule) {
        return false;
    }
    const struct map_data data = rule->data;
    if (concerns_code(rule)) {
        bool is_range = map_rule_range(rule, &first, &last);
        drop_code(machine, is_range, first, last);
    }
    map_remove_rule(machine->map, id);
    if (data.access) {
        monitor_unwatch_rule(machine, &data);
    }
    return true;
}

static uint64_t count_of(const struct machine *machine, const struct map_rule *rule)
{
    return machine->cpu->count[rule->counter] - machine->cpu->left[rule->counter];
}

void machine_print_rules(struct machine *machine, FILE *out)
{
    unsigned n = 0;
    for (unsigned i = 0; i < map_n_rules(machine->map); i++) {
        const struct map_rule *rule = map_rule_at(machine->map, i);
        if (!rule->enabled || !rule->id) {
            continue;
        }
        n++;
        fprintf(out, "%d: %s", rule->id, rule->text);
        if (rule->counter != MAP_NO_COUNTER) {
            fprintf(out, "  (%lu)", count_of(machine, rule));
        }
        fprintf(out, "\n");
    }
    if (!n) {
        fprintf(out, "no rules but the built-in ones\n");
    }
}

void machine_print_counts(struct machine *machine, FILE *out)
{
    for (unsigned i = 0; i < map_n_rules(machine->map); i++) {
        const struct map_rule *rule = map_rule_at(machine->map, i);
        if (rule->enabled && rule->counter != MAP_NO_COUNTER) {
            fprintf(out, "count: %12lu  %s\n", count_of(machine, rule), rule->text);
        }
    }
}
