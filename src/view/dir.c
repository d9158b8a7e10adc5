/* dir.c - I-view directories: linear page -> table of that code page.
 *
 * A directory is 8 MiB of virtual memory, copy-on-write of one memfd that holds the default content
 * (every entry leads to the zero table, and that to the scanner), so it costs what it uses and is
 * reset by one madvise. Entries are biased: slot address = entry + lin * 4.
 * User modes have directories per space, the others share those of the supervisor window. Each
 * entry is covered by a slot's code bit in the same window, so that whatever drops the page drops
 * it.
 */
#include <linux/mman.h>

#include "base/sys.h"
#include "cpu/stacks.h"
#include "view/view_internal.h"

#define PROT_DIR 3 /* PROT_READ | PROT_WRITE */
enum { ADVICE_DONTNEED = 4 };

static uint64_t biased(uint64_t table, uint32_t page)
{
    return view_code_entry((const uint32_t *)table, page << PAGE_SHIFT);
}

static uint32_t first_dir(uint32_t window)
{
    return window == VIEW_SUP ? 0 : VIEW_N_SUP_DIRS + (window - 1) * VIEW_N_SPACE_DIRS;
}

static uint32_t n_dirs(uint32_t window)
{
    return window == VIEW_SUP ? VIEW_N_SUP_DIRS : VIEW_N_SPACE_DIRS;
}

static uint64_t *dir_entries(const struct view *view, uint32_t number)
{
    return (uint64_t *)(view->dirs_host + ((uint64_t)number << VIEW_DIR_SHIFT));
}

static void reset_dir(struct view *view, uint32_t number)
{
    struct view_dir *dir = &view->dirs[number];
    if (dir->used) {
        sys_madvise((uint64_t)dir_entries(view, number), UINT64_C(1) << VIEW_DIR_SHIFT,
                    ADVICE_DONTNEED);
        dir->used = false;
        stacks_empty(view->cpu, number);
    }
}

void dir_reset_window(struct view *view, uint32_t window)
{
    for (uint32_t i = 0; i < n_dirs(window); i++) {
        reset_dir(view, first_dir(window) + i);
    }
}

void dir_release_space(struct view *view, uint32_t window)
{
    for (uint32_t i = 0; i < VIEW_N_SPACE_DIRS; i++) {
        reset_dir(view, first_dir(window) + i);
        view->dirs[first_dir(window) + i].assigned = false;
    }
    view->spaces[window].last_mode = UINT32_MAX;
    cpu_forget_switches(view->cpu);
}

void dir_reset_page(struct view *view, uint32_t window, uint32_t page)
{
    uint64_t empty = biased(view->zero_table, page);
    for (uint32_t i = 0; i < n_dirs(window); i++) {
        uint32_t number = first_dir(window) + i;
        if (view->dirs[number].used && dir_entries(view, number)[page] != empty) {
            dir_entries(view, number)[page] = empty;
            stacks_empty(view->cpu, number);
        }
    }
}

static void map_dir(struct view *view, uint32_t number)
{
    for (;;) {
        long result = sys_mmap((uint64_t)dir_entries(view, number), UINT64_C(1) << VIEW_DIR_SHIFT,
                               PROT_DIR, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, view->dirs_fd, 0);
        if ((unsigned long)result <= (unsigned long)-4096L) {
            break;
        }
        BUG_ON(!window_shed(view)); /* nothing mapped anywhere, and still no room for one more */
    }
    view->dirs[number].mapped = true;
    view->n_mappings++;
}

uint64_t dir_for_mode(struct view *view, uint32_t window, uint32_t mode)
{
    uint32_t first = first_dir(window);
    uint32_t free_dir = UINT32_MAX;
    for (uint32_t number = first; number < first + n_dirs(window); number++) {
        if (view->dirs[number].assigned && view->dirs[number].mode == mode) {
            return (uint64_t)dir_entries(view, number);
        }
        if (!view->dirs[number].assigned && free_dir == UINT32_MAX) {
            free_dir = number;
        }
    }
    if (free_dir == UINT32_MAX) {
        uint32_t *next = window == VIEW_SUP ? &view->next_sup_dir : &view->spaces[window].next_dir;
        free_dir = first + *next;
        *next = (*next + 1) % n_dirs(window);
        reset_dir(view, free_dir);
        if (window == VIEW_SUP) {
            view->sup_dir_of_mode[view->dirs[free_dir].mode] = 0;
        }
    }
    cpu_forget_switches(view->cpu);
    if (!view->dirs[free_dir].mapped) {
        map_dir(view, free_dir);
    }
    view->dirs[free_dir].assigned = true;
    view->dirs[free_dir].mode = mode;
    if (window == VIEW_SUP) {
        view->sup_dir_of_mode[mode & (VIEW_N_MODES - 1)] = (uint8_t)(free_dir + 1);
    }
    return (uint64_t)dir_entries(view, free_dir);
}

/* The slot that will remember where the code's page came from. */
static struct view_slot *code_slot(struct view *view, uint32_t window, uint32_t lin,
                                   const struct walk *walk)
{
    uint32_t index = lin >> view->slot_shift;
    struct view_slot *slot = slot_find(view, window, index);
    if (slot && !slot_suits(view, slot, walk)) {
        slot_drop(view, slot);
        slot = NULL;
    }
    while (!slot && !(slot = slot_make(view, window, index, walk))) {
        BUG_ON(!window_shed(view));
    }
    return slot;
}

static void add_code_page(struct view *view, struct view_slot *slot, uint32_t i, uint64_t pte,
                          const struct walk *walk)
{
    slot->has_user |= walk->user;
    if (!slot_uses(slot, i)) {
        if ((slot_copy(view, slot, i) ^ pte) & PTE_FRAME) {
            slot_unpark_page(slot, i); /* the copy will no longer tell its frame */
        }
        slot_use_page(view, slot, i, pte, slot->window != VIEW_SUP || !walk->global);
    }
    bit_set(slot->code, i);
}

void view_map_code(struct cpu *cpu, uint32_t lin, const struct walk *walk, uint32_t *table)
{
    struct view *view = cpu->view;
    uint32_t window = cpu->mode & MODE_USER ? view->current : VIEW_SUP;
    uint32_t page = lin >> PAGE_SHIFT;
    struct view_slot *slot = code_slot(view, window, lin, walk);
    uint32_t i = page & (view->slot_pages - 1);
    if (!slot->large && slot_uses(slot, i) && entry_changes(slot_copy(view, slot, i), walk->pte)) {
        bool mapped = bit_get(slot->mapped, i);
        uint32_t generation = view->windows[window].generation;
        dir_reset_page(view, window, page);
        slot_forget_page(view, slot, i);
        if (mapped) {
            window_unmap(view, window, page, 1);
        }
        if (view->windows[window].generation != generation) {
            slot = code_slot(view, window, lin, walk);
        }
    }
    add_code_page(view, slot, i, walk->pte, walk);
    uint32_t number = (uint32_t)((cpu->dir - view->dirs_host) >> VIEW_DIR_SHIFT);
    uint64_t *entry = &dir_entries(view, number)[page], now = biased((uint64_t)table, page);
    view->dirs[number].used = true;
    if (*entry != now && *entry != biased(view->zero_table, page)) {
        stacks_empty(cpu, number);
    }
    *entry = now;
}

/* One of the pages around, whose entry is now: if it looks like the one that was walked for, a walk
 * for it would change nothing, and a TLB might have it already. */
static void map_neighbour(struct cpu *cpu, struct view_slot *slot, uint32_t i,
                          const struct walk *walk, view_code_finder *find, void *arg)
{
    struct view *view = cpu->view;
    uint32_t page = slot_page(view, slot) + i;
    uint64_t *entry = (uint64_t *)cpu->dir + page;
    uint64_t now = slot_entry(view, slot, i);
    if (*entry != biased(view->zero_table, page) ||
        ((now ^ walk->pte) & ~(uint64_t)(PTE_FRAME | PTE_D | PTE_AVL)) ||
        (slot_uses(slot, i) && entry_changes(slot_copy(view, slot, i), now))) {
        return;
    }
    uint32_t phys_page = (uint32_t)((now & PTE_FRAME) >> PAGE_SHIFT) & view->page_mask;
    uint32_t *table = find(arg, phys_page, page);
    if (table) {
        add_code_page(view, slot, i, now, walk);
        *entry = biased((uint64_t)table, page);
    }
}

void view_map_code_around(struct cpu *cpu, uint32_t lin, const struct walk *walk,
                          view_code_finder *find, void *arg)
{
    struct view *view = cpu->view;
    uint32_t window = cpu->mode & MODE_USER ? view->current : VIEW_SUP;
    uint32_t i = (lin >> PAGE_SHIFT) & (view->slot_pages - 1);
    uint32_t first = i & ~(uint32_t)(VIEW_AROUND_PAGES - 1);
    struct view_slot *slot = slot_find(view, window, lin >> view->slot_shift);
    if (walk->page_bytes != PAGE_BYTES || view->no_fault_around || !slot || slot->large) {
        return;
    }
    for (uint32_t page = first; page < first + VIEW_AROUND_PAGES; page++) {
        map_neighbour(cpu, slot, page, walk, find, arg);
    }
}

uint32_t *view_code_table(const struct cpu *cpu, uint32_t lin)
{
    uint32_t page = lin >> PAGE_SHIFT;
    uint64_t entry = ((const uint64_t *)cpu->dir)[page];
    uint64_t table = entry + ((uint64_t)page << VIEW_TABLE_SHIFT);
    return table == cpu->view->zero_table ? NULL : (uint32_t *)table;
}

void view_forget_code(struct cpu *cpu, uint32_t lin)
{
    struct view *view = cpu->view;
    dir_reset_page(view, cpu->mode & MODE_USER ? view->current : VIEW_SUP, lin >> PAGE_SHIFT);
}

/* Forgets the code bit of a page that has no entry left. */
static void drop_code_bit(struct view *view, struct view_slot *slot, uint32_t i)
{
    if (bit_get(slot->mapped, i)) {
        bit_clear(slot->code, i);
        return;
    }
    slot_forget_page(view, slot, i);
    slot_release_if_empty(view, slot);
}

static void forget_in_window(struct view *view, uint32_t window, uint32_t page, uint64_t entry)
{
    struct view_slot *slot = slot_find(view, window, page >> (view->slot_shift - PAGE_SHIFT));
    uint32_t i = page & (view->slot_pages - 1);
    if (!slot || !bit_get(slot->code, i)) {
        return;
    }
    uint64_t empty = biased(view->zero_table, page);
    bool left = false;
    for (uint32_t number = first_dir(window); number < first_dir(window) + n_dirs(window);
         number++) {
        uint64_t *entries = dir_entries(view, number);
        if (!view->dirs[number].used) {
            continue;
        }
        if (entries[page] == entry) {
            entries[page] = empty;
            stacks_empty(view->cpu, number);
        }
        left |= entries[page] != empty;
    }
    if (!left) {
        drop_code_bit(view, slot, i);
    }
}

void view_forget_table(struct view *view, uint32_t lin, const uint32_t *table)
{
    uint32_t page = lin >> PAGE_SHIFT;
    uint64_t entry = biased((uint64_t)table, page);
    forget_in_window(view, VIEW_SUP, page, entry);
    for (uint32_t window = 1; window <= view->last_window; window++) {
        if (view->spaces[window].live) {
            forget_in_window(view, window, page, entry);
        }
    }
}

static bool leads_to(const struct view *view, uint32_t window, uint32_t page, uint64_t entry)
{
    for (uint32_t number = first_dir(window); number < first_dir(window) + n_dirs(window);
         number++) {
        if (view->dirs[number].used && dir_entries(view, number)[page] == entry) {
            return true;
        }
    }
    return false;
}

/* Spaces whose processes are gone stay until their CR3 is loaded again. */
bool view_has_code(const struct view *view, uint32_t lin, const uint32_t *table, uint32_t phys_page)
{
    const uint32_t page = lin >> PAGE_SHIFT, i = page & (view->slot_pages - 1);
    const uint64_t entry = biased((uint64_t)table, page);
    for (uint32_t window = 0; window <= view->last_window; window++) {
        const struct view_slot *slot =
            window == VIEW_SUP || view->spaces[window].live
                ? slot_find(view, window, page >> (view->slot_shift - PAGE_SHIFT))
                : NULL;
        if (!slot || !bit_get(slot->code, i) || !leads_to(view, window, page, entry)) {
            continue;
        }
        const uint64_t now = slot->large ? 0 : slot_entry(view, slot, i);
        const uint64_t frame = (now & PTE_FRAME) >> PAGE_SHIFT;
        if (slot->large || ((now & PTE_P) && (frame & view->page_mask) == phys_page)) {
            return true;
        }
    }
    return false;
}
