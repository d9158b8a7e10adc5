/* breaks.c - breakpoints of a debugger. Full C, on the vCPU thread.
 *
 * Where one is set, no unit may begin and none may run across (miss.c asks while it scans), so the
 * guest leaves by EXIT_MISS exactly there and the hub stops. Going on, that instruction runs in
 * MODE_STEP, whose units are others. So code that has no breakpoint in it is what it was.
 *
 * gdb takes its breakpoints out at each stop and puts them back: a cleared one stays in the list,
 * not armed, until the guest comes along; setting it again costs nothing. Owns the list.
 */
#include "monitor/breaks.h"

#include <stdlib.h>
#include <string.h>

#include "monitor/machine_internal.h"

/* Units that begin at lin or run across it, whatever physical page and mode they are of. */
static void drop_units(struct machine *machine, uint32_t lin)
{
    struct codepages *pages = &machine->pages;
    for (uint32_t i = 0; i < pages->n_pages; i++) {
        if (pages->pages[i].lin_page == lin >> PAGE_SHIFT && pages->pages[i].units) {
            codepage_invalidate(pages, pages->pages[i].phys->phys_page);
        }
    }
    machine->resume_host = 0;
}

bool machine_break_set(struct machine *machine, uint32_t lin)
{
    struct breaks *breaks = &machine->breaks;
    struct code_break *found = monitor_find_break(breaks, lin);
    if (found) {
        found->is_armed = true;
        return true;
    }
    struct code_break *list = realloc(breaks->list, (breaks->n + 1) * sizeof *list);
    if (!list) {
        return false;
    }
    unsigned at = breaks->n;
    for (; at && list[at - 1].lin > lin; at--) {
        list[at] = list[at - 1];
    }
    list[at] = (struct code_break){.lin = lin, .is_armed = true};
    breaks->list = list;
    breaks->n++;
    drop_units(machine, lin);
    return true;
}

bool machine_break_clear(struct machine *machine, uint32_t lin)
{
    struct code_break *found = monitor_find_break(&machine->breaks, lin);
    if (!found || !found->is_armed) {
        return false;
    }
    found->is_armed = false;
    return true;
}

void monitor_forget_break(struct machine *machine, uint32_t lin)
{
    struct breaks *breaks = &machine->breaks;
    struct code_break *found = monitor_find_break(breaks, lin);
    if (found && !found->is_armed) {
        size_t behind = (size_t)(breaks->list + breaks->n - (found + 1));
        memmove(found, found + 1, behind * sizeof *found);
        breaks->n--;
    }
}
