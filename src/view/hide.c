/* hide.c - pages that no window may map: virtualized code pages under a split policy other than
 * "hide", and linear pages somebody watches. Every access to them takes the checked path and is
 * told to the observer.
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

static bool hide_phys_in_slot(struct view *view, struct view_slot *slot, uint32_t phys_page)
{
    for (uint32_t word = 0; word < VIEW_SLOT_WORDS; word++) {
        for (uint64_t bits = slot->mapped[word]; bits; bits &= bits - 1) {
            uint32_t i = word * 64 + (uint32_t)__builtin_ctzll(bits);
            if (slot_phys_page(view, slot, i) == phys_page && !hide_in_slot(view, slot, i)) {
                return false;
            }
        }
    }
    return true;
}

static bool hide_phys_in_window(struct view *view, uint32_t window, uint32_t phys_page)
{
    for (uint32_t number = view->windows[window].first; number;) {
        struct view_slot *slot = &view->slots[number];
        number = slot->next;
        if (!hide_phys_in_slot(view, slot, phys_page)) {
            return false;
        }
        slot_release_if_empty(view, slot);
    }
    return true;
}

/* Read-only mappings are in no chain, so this looks at all of them: some 0.1 ms in a running
 * system, paid only under -split log and trap. */
void hide_phys_page(struct view *view, uint32_t phys_page)
{
    for (uint32_t window = 0; window <= view->last_window; window++) {
        while (!hide_phys_in_window(view, window, phys_page)) {
        }
    }
}

static void hide_linear_page(struct view *view, uint32_t page)
{
    uint32_t pages_shift = view->slot_shift - PAGE_SHIFT;
    for (uint32_t window = 0; window <= view->last_window; window++) {
        struct view_slot *slot = slot_find(view, window, page >> pages_shift);
        uint32_t i = page & (view->slot_pages - 1);
        if (slot && bit_get(slot->mapped, i)) {
            if (hide_in_slot(view, slot, i)) {
                slot_release_if_empty(view, slot);
            }
        }
    }
}

void view_watch_page(struct view *view, uint32_t lin, bool watched)
{
    uint32_t page = lin >> PAGE_SHIFT;
    if (bit_get(view->watched_pages, page) == watched) {
        return;
    }
    if (watched) {
        lookup_forget_all(view->cpu);
        bit_set(view->watched_pages, page);
        view->n_watched++;
        hide_linear_page(view, page);
    } else {
        bit_clear(view->watched_pages, page);
        view->n_watched--;
    }
    view->hides = view->hides_code || view->n_watched;
}

bool view_observe(struct cpu *cpu, struct view_sight *sight)
{
    struct view *view = cpu->view;
    if (cpu->acc_quiet || !view->observer ||
        !page_is_hidden(view, sight->lin >> PAGE_SHIFT, sight->phys >> PAGE_SHIFT)) {
        return true;
    }
    sight->is_code = view->hides_code && page_is_protected(view, sight->phys >> PAGE_SHIFT);
    if (view->observer(cpu, sight)) {
        return true;
    }
    cpu->fault = (struct fault){.vector = VEC_STOPPED};
    return false;
}
