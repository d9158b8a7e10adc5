/* watch.c - data watches: the list of them, and the pages that the windows must not map for their
 * sake and that of rules about data. Full C, on the vCPU thread. Hits are found in watch_light.c.
 */
#include <stdlib.h>

#include "monitor/machine_internal.h"

static void set_pages(struct machine *machine, uint32_t first, uint32_t last, bool physical,
                      bool watched)
{
    view_watch_pages(machine->view, first >> PAGE_SHIFT, last >> PAGE_SHIFT, physical, watched);
}

static bool watches_data(const struct map_rule *rule)
{
    return rule->enabled && rule->data.access && rule->actions != ACTION_EMULATE;
}

/* Again, those that others want too and that have just been given back. */
static void set_shared_pages(struct machine *machine, uint32_t first, uint32_t last, bool physical)
{
    const struct watches *watches = &machine->watches;
    for (unsigned i = 0; i < watches->n && !physical; i++) {
        const struct watch *watch = &watches->list[i];
        if (watch->lin >> PAGE_SHIFT <= last >> PAGE_SHIFT &&
            watch->last >> PAGE_SHIFT >= first >> PAGE_SHIFT) {
            set_pages(machine, watch->lin, watch->last, false, true);
        }
    }
    for (unsigned i = 0; i < map_n_rules(machine->map); i++) {
        const struct map_rule *rule = map_rule_at(machine->map, i);
        const struct map_data *data = &rule->data;
        if (watches_data(rule) && data->physical == physical &&
            data->first >> PAGE_SHIFT <= last >> PAGE_SHIFT &&
            data->last >> PAGE_SHIFT >= first >> PAGE_SHIFT) {
            set_pages(machine, data->first, data->last, physical, true);
        }
    }
}

int machine_watch_add(struct machine *machine, uint32_t lin, uint32_t n_bytes, bool read,
                      bool write)
{
    struct watches *watches = &machine->watches;
    if (n_bytes == 0 || lin + (n_bytes - 1) < lin || !(read || write)) {
        return -1;
    }
    struct watch *list = reallocarray(watches->list, watches->n + 1, sizeof(*list));
    if (!list) {
        return -1;
    }
    watches->list = list;
    list[watches->n++] = (struct watch){
        .id = ++watches->last_id,
        .lin = lin,
        .last = lin + (n_bytes - 1),
        .read = read,
        .write = write,
    };
    set_pages(machine, lin, lin + (n_bytes - 1), false, true);
    return watches->last_id;
}

bool machine_watch_remove(struct machine *machine, int id)
{
    struct watches *watches = &machine->watches;
    for (unsigned i = 0; i < watches->n; i++) {
        if (watches->list[i].id == id) {
            const struct watch gone = watches->list[i];
            watches->list[i] = watches->list[--watches->n];
            set_pages(machine, gone.lin, gone.last, false, false);
            set_shared_pages(machine, gone.lin, gone.last, false);
            return true;
        }
    }
    return false;
}

void monitor_watch_rule(struct machine *machine, const struct map_rule *rule)
{
    if (watches_data(rule)) {
        set_pages(machine, rule->data.first, rule->data.last, rule->data.physical, true);
    }
}

void monitor_unwatch_rule(struct machine *machine, const struct map_data *data)
{
    set_pages(machine, data->first, data->last, data->physical, false);
    set_shared_pages(machine, data->first, data->last, data->physical);
}

void monitor_watch_rules(struct machine *machine)
{
    for (unsigned i = 0; i < map_n_rules(machine->map); i++) {
        monitor_watch_rule(machine, map_rule_at(machine->map, i));
    }
}
