/* protect.c - write protection of physical pages that hold scanned code.
 *
 * Protecting finds every writable mapping: small pages by the chain of their physical page, large
 * ones by the list of slots on the same physical frame. Unprotecting changes no mapping: the next
 * write fault does, if there is one.
 */
#include "view/view_internal.h"

static void protect_small(struct view *view, uint32_t phys_page)
{
    uint32_t number;
    while ((number = view->frame_head[phys_page])) {
        struct view_slot *slot = &view->slots[number / VIEW_SLOT_PAGES];
        uint32_t i = number % VIEW_SLOT_PAGES;
        slot_set_read_only(view, slot, i);
        window_make_read_only(view, slot->window, slot_page(view, slot) + i, 1);
    }
}

/* False if a window was cleared on the way: the list must be begun again. */
static bool protect_in_slot(struct view *view, struct view_slot *slot, uint32_t phys_page)
{
    uint32_t window = slot->window;
    uint32_t generation = view->windows[window].generation;
    uint32_t i = phys_page & (view->slot_pages - 1);
    uint32_t alias = i | (~view->page_mask & (1u << 8)); /* with A20 masked, 1 MiB above too */
    for (uint32_t pass = 0; pass < 2; pass++, i = alias) {
        if (bit_get(slot->writable, i)) {
            bit_clear(slot->writable, i);
            uint64_t n_dropped = view->stats.n_spaces_dropped;
            window_make_read_only(view, window, slot_page(view, slot) + i, 1);
            if (view->windows[window].generation != generation ||
                view->stats.n_spaces_dropped != n_dropped) {
                return false;
            }
        }
    }
    return true;
}

static void protect_large(struct view *view, uint32_t phys_page)
{
    const uint32_t *head = &view->large_head[phys_page >> (view->slot_shift - PAGE_SHIFT)];
    uint32_t number = *head;
    while (number) {
        struct view_slot *slot = &view->slots[number];
        number = protect_in_slot(view, slot, phys_page) ? slot->next_large : *head;
    }
}

void view_protect_page(struct view *view, uint32_t phys_page)
{
    if (page_is_protected(view, phys_page)) {
        return;
    }
    view->stats.n_protects++;
    bit_set(view->protected_pages, phys_page);
    lookup_forget_all(view->cpu);
    if (view->hides_code) {
        hide_phys_pages(view, phys_page, phys_page);
        return;
    }
    protect_small(view, phys_page);
    protect_large(view, phys_page);
}

void view_unprotect_page(struct view *view, uint32_t phys_page)
{
    if (page_is_protected(view, phys_page)) {
        view->stats.n_unprotects++;
        bit_clear(view->protected_pages, phys_page);
    }
}

bool view_page_protected(const struct view *view, uint32_t phys_page)
{
    return page_is_protected(view, phys_page);
}
