/* watch.c - data watches: the list of them, and the pages that the windows must not map for their
 * sake. Full C, on the vCPU thread. Hits are found in watch_light.c. */
#include <stdlib.h>

#include "monitor/machine_internal.h"

/* Pages of this range that no other watch needs are mapped again. */
static void set_pages(struct machine *machine, uint32_t lin, uint32_t last, bool watched)
{
    for (uint32_t page = lin >> PAGE_SHIFT; page <= last >> PAGE_SHIFT; page++) {
        view_watch_page(machine->view, page << PAGE_SHIFT, watched);
    }
}

static void set_all_pages(struct machine *machine)
{
    for (unsigned i = 0; i < machine->watches.n; i++) {
        set_pages(machine, machine->watches.list[i].lin, machine->watches.list[i].last, true);
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
    set_pages(machine, lin, lin + (n_bytes - 1), true);
    return watches->last_id;
}

bool machine_watch_remove(struct machine *machine, int id)
{
    struct watches *watches = &machine->watches;
    for (unsigned i = 0; i < watches->n; i++) {
        if (watches->list[i].id == id) {
            const struct watch gone = watches->list[i];
            watches->list[i] = watches->list[--watches->n];
            set_pages(machine, gone.lin, gone.last, false);
            set_all_pages(machine);
            return true;
        }
    }
    return false;
}
