/* miss_light.c - an address that the I-view does not lead from, though its code is there: made for
 * another address space that shows the same page, or for this one before its tables changed. The
 * page, and pages around it, are entered into the directory; everything else is miss.c's. Light:
 * the guest's FPU state stays where it is.
 *
 * A process that forks or executes begins with empty directories: 70 of these for a subshell of
 * busybox's sh.
 *
 * -engine no-quick-miss switches it off.
 */
#include "monitor/machine_internal.h"
#include "view/view.h"

static uint32_t *find_table(void *arg, uint32_t phys_page, uint32_t lin_page)
{
    struct machine *machine = arg;
    const struct codepage *page =
        codepage_find(&machine->pages, phys_page, lin_page, machine->cpu->mode, PAGE_BYTES);
    return page && page->units ? page->table : NULL;
}

enum found monitor_find_made(struct machine *machine, uint64_t *host)
{
    struct cpu *cpu = machine->cpu;
    uint32_t lin = cpu->eip + cpu->seg[SEG_CS].base;
    if (cpu->eip > cpu->seg[SEG_CS].limit || cpu->code_end || machine->breaks.n ||
        (machine->options.engine & ENGINE_NO_QUICK_MISS)) {
        return FOUND_NOTHING;
    }
    uint32_t *table = view_code_table(cpu, lin);
    if (!table) {
        struct walk walk;
        if (view_walk(cpu, lin, VIEW_FETCH, cpu->cpl == 3, false, &walk, &cpu->fault) < 0) {
            return FOUND_FAULT;
        }
        table = find_table(machine, walk.phys >> PAGE_SHIFT, lin >> PAGE_SHIFT);
        if (!table) {
            return FOUND_NOTHING;
        }
        view_map_code(cpu, lin, &walk, table);
        view_map_code_around(cpu, lin, &walk, find_table, machine);
    }
    uint32_t slot =
        codepage_look_up(&machine->pages, codepage_of_table(&machine->pages, table),
                         lin & (PAGE_BYTES - 1));
    *host = machine->cache.exec + slot;
    return slot ? FOUND_UNIT : FOUND_NOTHING;
}
