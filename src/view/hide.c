/* hide.c - pages that no window may map: virtualized code pages under a split policy other than
 * "hide", and pages somebody watches, linear or physical. Every access to them takes the checked
 * path and is told to the observer.
 *
 * Place in the flow: dview.c asks page_is_hidden() before it maps; acc.c reports. Decides nothing
 * about what an access means.
 */
#include "view/view_internal.h"

void view_set_observer(struct view *view, view_observer *observer, bool hides_code)
{
    lookup_forget_all(view->cpu);
    view->observer = observer;
    view->hides_code = hides_code;
    view->hides = hides_code || view->n_watched;
}

bool view_hides_code(const struct view *view)
{
    return view->hides_code;
}

/* Takes page i of slot out of its window. False: a window was cleared on the way. */
static bool hide_in_slot(struct view *view, struct view_slot *slot, uint32_t i)
{
    uint32_t window = slot->window, page = slot_page(view, slot) + i;
    uint32_t generation = view->windows[window].generation;
    uint64_t n_dropped = view->stats.n_spaces_dropped;
    slot_hide_page(view, slot, i);
    window_unmap(view, window, page, 1);
    return view->windows[window].generation == generation &&
           view->stats.n_spaces_dropped == n_dropped;
}

static bool hide_phys_in_slot(struct view *view, struct view_slot *slot, uint32_t first_page,
                              uint32_t last_page)
{
    for (uint32_t word = 0; word < VIEW_SLOT_WORDS; word++) {
        for (uint64_t bits = slot->mapped[word]; bits; bits &= bits - 1) {
            uint32_t i = word * 64 + (uint32_t)__builtin_ctzll(bits);
            if (slot_phys_page(view, slot, i) - first_page <= last_page - first_page &&
                !hide_in_slot(view, slot, i)) {
                return false;
            }
        }
    }
    return true;
}

static bool hide_phys_in_window(struct view *view, uint32_t window, uint32_t first_page,
                                uint32_t last_page)
{
    for (uint32_t number = view->windows[window].first; number;) {
        struct view_slot *slot = &view->slots[number];
        number = slot->next;
        if (!hide_phys_in_slot(view, slot, first_page, last_page)) {
            return false;
        }
        slot_release_if_empty(view, slot);
    }
    return true;
}

/* Read-only mappings are in no chain, so this looks at all of them: some 0.1 ms in a running
 * system, paid only under -split log and trap, and where somebody begins to watch. */
void hide_phys_pages(struct view *view, uint32_t first_page, uint32_t last_page)
{
    for (uint32_t window = 0; window <= view->last_window; window++) {
        while (!hide_phys_in_window(view, window, first_page, last_page)) {
        }
    }
}

/* The pages of one slot. False: a window was cleared on the way. */
static bool hide_linear_in_slot(struct view *view, struct view_slot *slot, uint32_t first_page,
                                uint32_t last_page)
{
    for (uint32_t i = 0; i < view->slot_pages; i++) {
        if (slot_page(view, slot) + i - first_page <= last_page - first_page &&
            bit_get(slot->mapped, i) && !hide_in_slot(view, slot, i)) {
            return false;
        }
    }
    slot_release_if_empty(view, slot);
    return true;
}

static void hide_linear_pages(struct view *view, uint32_t first_page, uint32_t last_page)
{
    uint32_t pages_shift = view->slot_shift - PAGE_SHIFT;
    for (uint32_t window = 0; window <= view->last_window; window++) {
        for (uint32_t index = first_page >> pages_shift; index <= last_page >> pages_shift;) {
            struct view_slot *slot = slot_find(view, window, index);
            if (!slot || hide_linear_in_slot(view, slot, first_page, last_page)) {
                index++;
            }
        }
    }
}

void view_watch_pages(struct view *view, uint32_t first_page, uint32_t last_page, bool physical,
                      bool watched)
{
    uint64_t *pages = physical ? view->watched_phys : view->watched_pages;
    uint32_t n_before = view->n_watched;
    lookup_forget_all(view->cpu);
    for (uint32_t page = first_page; page <= last_page; page++) {
        if (bit_get(pages, page) == watched) {
            continue;
        }
        if (watched) {
            bit_set(pages, page);
            view->n_watched++;
        } else {
            bit_clear(pages, page);
            view->n_watched--;
        }
    }
    view->hides = view->hides_code || view->n_watched;
    if (view->n_watched > n_before && physical) {
        hide_phys_pages(view, first_page, last_page);
    } else if (view->n_watched > n_before) {
        hide_linear_pages(view, first_page, last_page);
    }
}

bool view_observe(struct cpu *cpu, struct view_sight *sight)
{
    struct view *view = cpu->view;
    const uint32_t page = sight->lin >> PAGE_SHIFT, phys_page = sight->phys >> PAGE_SHIFT;
    const uint32_t next = (sight->lin + sight->n_bytes - 1) >> PAGE_SHIFT;
    const uint32_t next_phys = (next != page ? sight->phys_next : sight->phys) >> PAGE_SHIFT;
    if (cpu->acc_quiet || !view->observer ||
        (!page_is_hidden(view, page, phys_page) &&
         (next == page || !page_is_hidden(view, next, next_phys)))) {
        return true;
    }
    sight->is_code = view->hides_code &&
                     (page_is_protected(view, phys_page) || page_is_protected(view, next_phys));
    if (view->observer(cpu, sight)) {
        return true;
    }
    cpu->fault = (struct fault){.vector = VEC_STOPPED};
    return false;
}
