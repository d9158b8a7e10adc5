/* slot.c - slot records: what is mapped where, and from which guest PTE.
 *
 * Bookkeeping only: nothing here talks to the host. The pool is bounded; a full pool is answered by
 * shedding a window. Writable small pages are chained by physical page and large slots by physical
 * frame, so that protecting a page finds every writable mapping of it; read-only ones need no
 * chain.
 */
#include "view/view_internal.h"

static void list_add(struct view *view, uint32_t *head, struct view_slot *slot)
{
    uint32_t number = slot_number(view, slot);
    slot->prev = 0;
    slot->next = *head;
    if (*head) {
        view->slots[*head].prev = number;
    }
    *head = number;
}

static void list_remove(struct view *view, uint32_t *head, struct view_slot *slot)
{
    if (slot->prev) {
        view->slots[slot->prev].next = slot->next;
    } else {
        *head = slot->next;
    }
    if (slot->next) {
        view->slots[slot->next].prev = slot->prev;
    }
}

static void set_checked(struct view *view, struct view_slot *slot, bool checked)
{
    if (slot->in_check == checked) {
        return;
    }
    uint32_t *head = &view->windows[slot->window].first_check;
    uint32_t number = slot_number(view, slot);
    slot->in_check = checked;
    if (checked) {
        slot->prev_check = 0;
        slot->next_check = *head;
        if (*head) {
            view->slots[*head].prev_check = number;
        }
        *head = number;
        return;
    }
    if (slot->prev_check) {
        view->slots[slot->prev_check].next_check = slot->next_check;
    } else {
        *head = slot->next_check;
    }
    if (slot->next_check) {
        view->slots[slot->next_check].prev_check = slot->prev_check;
    }
}

static void frame_add(struct view *view, struct view_slot *slot)
{
    uint32_t *head = &view->large_head[slot->phys >> view->slot_shift];
    uint32_t number = slot_number(view, slot);
    slot->prev_large = 0;
    slot->next_large = *head;
    if (*head) {
        view->slots[*head].prev_large = number;
    }
    *head = number;
}

static void frame_remove(struct view *view, struct view_slot *slot)
{
    if (slot->prev_large) {
        view->slots[slot->prev_large].next_large = slot->next_large;
    } else {
        view->large_head[slot->phys >> view->slot_shift] = slot->next_large;
    }
    if (slot->next_large) {
        view->slots[slot->next_large].prev_large = slot->prev_large;
    }
}

struct view_slot *slot_make(struct view *view, uint32_t window, uint32_t index,
                            const struct walk *walk)
{
    uint32_t number = view->free_slot;
    if (number) {
        view->free_slot = view->slots[number].next;
    } else if (view->n_slots_ever < VIEW_N_SLOTS) {
        number = view->n_slots_ever++;
    } else {
        return NULL;
    }
    struct view_slot *slot = &view->slots[number]; /* its maps are all 0: see slot_release */
    slot->pde = walk->pde;
    slot->window = (uint16_t)window;
    slot->index = (uint16_t)index;
    slot->n_used = slot->n_parked = slot->n_came_back = 0;
    slot->check_groups = 0;
    slot->large = walk->page_bytes != PAGE_BYTES;
    slot->has_user = false;
    slot->in_check = false;
    slot->serial = view->spaces[view->current].serial;
    slot->table = NULL;
    slot->phys = 0;
    list_add(view, &view->windows[window].first, slot);
    view->slot_of[window * VIEW_WINDOW_SLOTS + index] = number;
    if (slot->large) {
        /* walk->phys may have lost bit 20 to the A20 gate, which no frame number contains */
        slot->phys = walk->phys & ~((1u << view->slot_shift) - 1);
        frame_add(view, slot);
        set_checked(view, slot, view->kind != PAGING_OFF && (window != VIEW_SUP || !walk->global));
    } else {
        slot->table = walk_page_host(view, walk->pte_phys);
    }
    return slot;
}

bool slot_suits(struct view *view, struct view_slot *slot, const struct walk *walk)
{
    if (slot->large != (walk->page_bytes != PAGE_BYTES)) {
        return false;
    }
    if (!slot_pde_changes(slot, walk->pde)) {
        return true;
    }
    if (slot->large || slot->n_used) {
        return false;
    }
    slot->pde = walk->pde;
    slot->serial = view->spaces[view->current].serial;
    slot->table = walk_page_host(view, walk->pte_phys);
    return true;
}

void slot_release(struct view *view, struct view_slot *slot)
{
    BUG_ON(slot->n_used != 0 || slot->n_parked != 0);
    set_checked(view, slot, false);
    if (slot->large) {
        frame_remove(view, slot);
    }
    list_remove(view, &view->windows[slot->window].first, slot);
    view->slot_of[slot->window * VIEW_WINDOW_SLOTS + slot->index] = 0;
    slot->next = view->free_slot;
    view->free_slot = slot_number(view, slot);
}

void slot_release_if_empty(struct view *view, struct view_slot *slot)
{
    if (!slot->n_used && !slot->n_parked) {
        slot_release(view, slot);
    }
}

void slot_park_page(struct view_slot *slot, uint32_t i)
{
    bit_set(slot->parked, i);
    slot->n_parked++;
}

void slot_unpark_page(struct view_slot *slot, uint32_t i)
{
    if (bit_get(slot->parked, i)) {
        bit_clear(slot->parked, i);
        slot->n_parked--;
    }
}

void slot_set_copy(struct view *view, struct view_slot *slot, uint32_t i, uint64_t pte)
{
    uint64_t *copy = view->copies + (uint64_t)slot_number(view, slot) * (PAGE_BYTES / 8);
    if (view->kind == PAGING_PAE) {
        copy[i] = pte;
    } else {
        ((uint32_t *)copy)[i] = (uint32_t)pte;
    }
}

void slot_use_page(struct view *view, struct view_slot *slot, uint32_t i, uint64_t pte,
                   bool compare)
{
    if (!slot_uses(slot, i)) {
        slot->n_used++;
    }
    if (slot->large) {
        return;
    }
    slot_set_copy(view, slot, i, pte);
    if (compare) {
        bit_set(slot->check, i);
        slot->check_groups |= (uint16_t)(1u << (i >> 6));
        set_checked(view, slot, true);
    }
}

void slot_set_writable(struct view *view, struct view_slot *slot, uint32_t i)
{
    if (bit_get(slot->writable, i)) {
        return;
    }
    bit_set(slot->writable, i);
    if (slot->large) {
        return;
    }
    uint32_t page = slot_number(view, slot) * VIEW_SLOT_PAGES + i;
    uint32_t *head = &view->frame_head[slot_phys_page(view, slot, i)];
    view->links[page] = (struct view_link){.next = *head, .prev = 0};
    if (*head) {
        view->links[*head].prev = page;
    }
    *head = page;
}

void slot_set_read_only(struct view *view, struct view_slot *slot, uint32_t i)
{
    if (!bit_get(slot->writable, i)) {
        return;
    }
    bit_clear(slot->writable, i);
    if (slot->large) {
        return;
    }
    struct view_link *link = &view->links[slot_number(view, slot) * VIEW_SLOT_PAGES + i];
    if (link->prev) {
        view->links[link->prev].next = link->next;
    } else {
        view->frame_head[slot_phys_page(view, slot, i)] = link->next;
    }
    if (link->next) {
        view->links[link->next].prev = link->prev;
    }
}

void slot_forget_page(struct view *view, struct view_slot *slot, uint32_t i)
{
    if (!slot_uses(slot, i)) {
        return;
    }
    slot_set_read_only(view, slot, i);
    bit_clear(slot->mapped, i);
    bit_clear(slot->code, i);
    slot->n_used--;
    bit_clear(slot->check, i);
    if (!slot->large) {
        slot_set_copy(view, slot, i, slot_copy(view, slot, i) & ~(uint64_t)PTE_P);
    }
    if (!slot->large && !slot->check[i >> 6]) {
        slot->check_groups &= (uint16_t) ~(1u << (i >> 6));
        set_checked(view, slot, slot->check_groups != 0);
    }
}

void slot_hide_page(struct view *view, struct view_slot *slot, uint32_t i)
{
    if (!bit_get(slot->code, i)) {
        slot_forget_page(view, slot, i);
        return;
    }
    slot_set_read_only(view, slot, i);
    bit_clear(slot->mapped, i);
}

void slot_forget_all(struct view *view, struct view_slot *slot)
{
    for (uint32_t word = 0; word < VIEW_SLOT_WORDS; word++) {
        if (!slot->large) {
            for (uint64_t bits = slot->writable[word]; bits; bits &= bits - 1) {
                slot_set_read_only(view, slot, word * 64 + (uint32_t)__builtin_ctzll(bits));
            }
            for (uint64_t bits = slot->mapped[word] | slot->code[word]; bits; bits &= bits - 1) {
                slot_set_copy(view, slot, word * 64 + (uint32_t)__builtin_ctzll(bits), 0);
            }
        }
        slot->mapped[word] = slot->writable[word] = slot->code[word] = slot->check[word] = 0;
        slot->parked[word] = 0;
    }
    slot->n_used = slot->n_parked = 0;
    slot->check_groups = 0;
}

void slot_drop(struct view *view, struct view_slot *slot)
{
    uint32_t window = slot->window;
    uint32_t page = slot_page(view, slot);
    uint32_t first = UINT32_MAX;
    uint32_t last = 0;
    for (uint32_t word = 0; word < VIEW_SLOT_WORDS; word++) {
        uint64_t mapped = slot->mapped[word] | slot->parked[word];
        if (mapped) {
            first = first == UINT32_MAX ? word * 64 + (uint32_t)__builtin_ctzll(mapped) : first;
            last = word * 64 + 63 - (uint32_t)__builtin_clzll(mapped);
        }
        for (uint64_t bits = slot->code[word]; bits; bits &= bits - 1) {
            dir_reset_page(view, window, page + word * 64 + (uint32_t)__builtin_ctzll(bits));
        }
    }
    view->stats.n_pages_dropped += slot->n_used;
    slot_forget_all(view, slot);
    slot_release(view, slot);
    if (first != UINT32_MAX) {
        window_unmap(view, window, page + first, last - first + 1);
    }
}
