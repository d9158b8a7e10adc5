/* window.c - the host side of windows: the only mmap and mprotect calls on them.
 *
 * A process has about 65,500 host mappings. We keep an upper bound per window (a run can split its
 * surroundings, so it counts 2), recount exactly when the bound nears the limit, and then shed
 * whole windows: one mmap over 4 GiB. ENOMEM from the host is answered in the same way, never by an
 * abort.
 *
 * Light room: raw system calls only.
 */
#include <linux/mman.h>

#include "base/sys.h"
#include "view/view_internal.h"

#define WINDOW_EMPTY_FLAGS (MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE)

static bool failed(long result)
{
    return (unsigned long)result > (unsigned long)-4096L;
}

static void count_mappings(struct view *view, uint32_t window, uint32_t n)
{
    view->windows[window].n_mappings += n;
    view->n_mappings += n;
    view->stats.n_mappings = view->n_mappings;
}

static uint64_t page_host(const struct view *view, uint32_t window, uint32_t page)
{
    return window_base(view, window) + ((uint64_t)page << PAGE_SHIFT);
}

long window_map(struct view *view, uint32_t window, uint32_t page, uint32_t fd_page,
                uint32_t n_pages, bool writable, bool populate)
{
    long result = sys_mmap(page_host(view, window, page), (uint64_t)n_pages << PAGE_SHIFT,
                           writable ? PROT_READ | PROT_WRITE : PROT_READ,
                           MAP_SHARED | MAP_FIXED | (populate ? MAP_POPULATE : 0), view->mem->fd,
                           (uint64_t)fd_page << PAGE_SHIFT);
    if (failed(result)) {
        return result;
    }
    count_mappings(view, window, 2);
    view->windows[window].touched = true;
    view->stats.n_runs++;
    view->stats.n_pages_mapped += n_pages;
    return 0;
}

long window_set_rights(struct view *view, uint32_t window, uint32_t page, uint32_t n_pages,
                       bool writable)
{
    long result = sys_mprotect(page_host(view, window, page), (uint64_t)n_pages << PAGE_SHIFT,
                               writable ? PROT_READ | PROT_WRITE : PROT_READ);
    if (failed(result)) {
        return result;
    }
    count_mappings(view, window, 2);
    return 0;
}

/* Frees mappings for the benefit of `window`; if no other space is left, clears it. True: try
 * again. */
static bool shed_for(struct view *view, uint32_t window)
{
    uint32_t victim = space_victim(view, window);
    if (victim) {
        space_evict(view, victim);
        return true;
    }
    window_clear(view, window);
    return false;
}

void window_unmap(struct view *view, uint32_t window, uint32_t page, uint32_t n_pages)
{
    do {
        long result = sys_mmap(page_host(view, window, page), (uint64_t)n_pages << PAGE_SHIFT,
                               PROT_NONE, WINDOW_EMPTY_FLAGS, -1, 0);
        if (!failed(result)) {
            count_mappings(view, window, 1);
            return;
        }
    } while (shed_for(view, window));
}

static void take_rights(struct view *view, uint32_t window, uint32_t page, uint32_t n_pages,
                        int prot)
{
    do {
        long result =
            sys_mprotect(page_host(view, window, page), (uint64_t)n_pages << PAGE_SHIFT, prot);
        if (!failed(result)) {
            count_mappings(view, window, 2);
            return;
        }
    } while (shed_for(view, window));
}

/* Ballast: mappings that are there to be given up. Past its limit the host refuses even the mmap
 * that would free a whole window; unmapping the ballast makes that one possible. */
enum { BALLAST_PAGES = 32 };

void window_make_ballast(struct view *view)
{
    uint64_t n_bytes = (uint64_t)BALLAST_PAGES << PAGE_SHIFT;
    if (view->ballast) {
        return;
    }
    long result =
        sys_mmap(0, n_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (failed(result)) {
        return;
    }
    view->ballast = (uint64_t)result;
    for (uint32_t i = 0; i < BALLAST_PAGES; i += 2) {
        sys_mprotect(view->ballast + ((uint64_t)i << PAGE_SHIFT), PAGE_BYTES, PROT_READ);
    }
}

void window_drop_ballast(struct view *view)
{
    if (view->ballast) {
        sys_call6(SYS_munmap, (long)view->ballast, (long)BALLAST_PAGES << PAGE_SHIFT, 0, 0, 0, 0);
        view->ballast = 0;
    }
}

static void clear_host(struct view *view, uint32_t window)
{
    for (unsigned attempt = 0;; attempt++) {
        long result =
            sys_mmap(window_base(view, window), GIB(4), PROT_NONE, WINDOW_EMPTY_FLAGS, -1, 0);
        if (!failed(result)) {
            break;
        }
        BUG_ON(attempt > 0);
        window_drop_ballast(view);
    }
    window_make_ballast(view);
}

void window_make_read_only(struct view *view, uint32_t window, uint32_t page, uint32_t n_pages)
{
    take_rights(view, window, page, n_pages, PROT_READ);
}

void window_park(struct view *view, uint32_t window, uint32_t page, uint32_t n_pages)
{
    take_rights(view, window, page, n_pages, PROT_NONE);
}

void window_clear(struct view *view, uint32_t window)
{
    struct view_window *self = &view->windows[window];
    while (self->first) {
        struct view_slot *slot = &view->slots[self->first];
        slot_forget_all(view, slot);
        slot_release(view, slot);
    }
    dir_reset_window(view, window);
    self->generation++;
    if (!self->touched) {
        return;
    }
    clear_host(view, window);
    self->touched = false;
    view->n_mappings -= self->n_mappings;
    self->n_mappings = 0;
    view->stats.n_mappings = view->n_mappings;
}

bool window_shed(struct view *view)
{
    uint32_t window = space_victim(view, VIEW_SUP);
    view->stats.n_evictions++;
    if (window) {
        space_evict(view, window);
        return true;
    }
    const struct view_window *sup = &view->windows[VIEW_SUP];
    const struct view_window *own = &view->windows[view->current];
    if (!sup->first && !own->first) {
        return false;
    }
    window_clear(view, own->first && (own->n_mappings >= sup->n_mappings || !sup->first)
                           ? view->current
                           : VIEW_SUP);
    return true;
}

/* What a page of a slot looks like to the host's merging of mappings: neighbours with the same key
 * are one mapping. 0: nothing mapped. */
static uint64_t merge_key(const struct view *view, const struct view_slot *slot, uint32_t i)
{
    uint64_t rights = bit_get(slot->mapped, i)   ? 1 + bit_get(slot->writable, i)
                      : bit_get(slot->parked, i) ? 3
                                                 : 0;
    if (!rights) {
        return 0;
    }
    uint64_t fd_page = page_in_memfd(view, slot_phys_page(view, slot, i));
    return (fd_page - (slot_page(view, slot) + i) + (UINT64_C(1) << 32)) << 2 | rights;
}

/* Those that begin in a slot, or behind it. */
static uint32_t recount_slot(const struct view *view, const struct view_slot *slot)
{
    const struct view_slot *before =
        slot->index ? slot_find(view, slot->window, slot->index - 1u) : NULL;
    bool is_last = slot->index + 1u == GIB(4) >> view->slot_shift;
    uint64_t key_before = before ? merge_key(view, before, view->slot_pages - 1) : 0;
    uint32_t n = 0;
    for (uint32_t word = 0; word < view->slot_pages / 64; word++) {
        if (!(slot->mapped[word] | slot->parked[word])) {
            n += key_before != 0;
            key_before = 0;
            continue;
        }
        for (uint32_t i = word * 64; i < word * 64 + 64; i++) {
            uint64_t key = merge_key(view, slot, i);
            n += key != key_before;
            key_before = key;
        }
    }
    return n + (key_before && !is_last && !slot_find(view, slot->window, slot->index + 1u));
}

/* Exact number of host mappings of a window beyond the first. */
static uint32_t recount(const struct view *view, uint32_t window)
{
    uint32_t n = 0;
    for (uint32_t number = view->windows[window].first; number; number = view->slots[number].next) {
        n += recount_slot(view, &view->slots[number]);
    }
    return n;
}

static void recount_all(struct view *view)
{
    for (uint32_t window = 0; window <= view->last_window; window++) {
        struct view_window *self = &view->windows[window];
        if (self->touched) {
            uint32_t n = recount(view, window);
            view->n_mappings += n - self->n_mappings;
            self->n_mappings = n;
        }
    }
    view->stats.n_mappings = view->n_recounted = view->n_mappings;
}

/* Near the host's limit a page more is another process's window less, which costs a hundred times
 * what look-ups do: what is mapped stays, and the rest is looked up. */
bool window_has_room(struct view *view)
{
    const uint32_t enough = view->max_mappings - view->max_mappings / 8;
    if (view->n_mappings >= enough &&
        view->n_mappings >= view->n_recounted + view->max_mappings / 16) {
        recount_all(view);
    }
    return view->n_mappings < enough;
}

void window_make_room(struct view *view)
{
    enum { SPARE = 64 };
    if (view->n_mappings + SPARE <= view->max_mappings) {
        return;
    }
    recount_all(view);
    /* an eighth below the limit, or the next few faults would recount again */
    while (view->n_mappings + SPARE > view->max_mappings - view->max_mappings / 8) {
        if (!window_shed(view)) {
            return;
        }
    }
}
