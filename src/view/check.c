/* check.c - coherence by comparison: at CR3 loads and INVLPG the guest's tables as they are now are
 * compared with what was remembered when pages were mapped, and only what changed is dropped.
 *
 * A page that changed only in its rights keeps its mapping: it becomes read-only if it must (fork
 * takes W from thousands of pages at once), and the next write fault gives back what the guest
 * allows. Neighbouring changes become one system call.
 */
#include "view/view_internal.h"

/* Host work put off until the run of pages ends. */
struct batch {
    struct view *view;
    uint32_t window, first, end; /* linear pages; first == end: nothing */
    bool unmap;                  /* take all rights; else make read-only */
};

static void batch_flush(struct batch *batch)
{
    if (batch->first == batch->end) {
        return;
    }
    if (batch->unmap) {
        window_park(batch->view, batch->window, batch->first, batch->end - batch->first);
    } else {
        window_make_read_only(batch->view, batch->window, batch->first, batch->end - batch->first);
    }
    batch->first = batch->end = 0;
}

/* gap_is_empty: nothing is mapped between the run's end and this page, so a run of pages to unmap
 * may include it (a read-only run may not: it would make emptiness readable). */
static void batch_add(struct batch *batch, uint32_t page, bool unmap, bool gap_is_empty)
{
    bool extends = batch->first != batch->end && batch->unmap == unmap &&
                   (page == batch->end || (unmap && gap_is_empty));
    if (!extends) {
        batch_flush(batch);
        batch->first = page;
        batch->unmap = unmap;
    }
    batch->end = page + 1;
}

static void handle_changed(struct batch *batch, struct view_slot *slot, uint32_t i, uint64_t now,
                           bool gap_is_empty)
{
    struct view *view = batch->view;
    uint64_t copy = slot_copy(view, slot, i);
    uint32_t page = slot_page(view, slot) + i;
    bool only_rights = !((copy ^ now) & ~(uint64_t)(PTE_RW | PTE_D | PTE_AVL));
    if (only_rights) {
        bool loses_write =
            bit_get(slot->writable, i) && (now & (PTE_RW | PTE_D)) != (PTE_RW | PTE_D);
        if (loses_write) {
            slot_set_read_only(view, slot, i);
        }
        slot_set_copy(view, slot, i, now);
        if (loses_write) {
            batch_add(batch, page, false, false);
        }
        return;
    }
    if (bit_get(slot->code, i)) {
        dir_reset_page(view, slot->window, page);
    }
    bool mapped = bit_get(slot->mapped, i);
    slot_forget_page(view, slot, i);
    view->stats.n_pages_dropped++;
    if (mapped) {
        slot_park_page(slot, i);
        batch_add(batch, page, true, gap_is_empty);
    }
}

static inline __attribute__((always_inline)) uint64_t
changed_in_word(const void *copies, const void *table, uint32_t word, uint64_t bits, bool pae)
{
    uint64_t changed = 0;
    for (; bits; bits &= bits - 1) {
        uint32_t bit = (uint32_t)__builtin_ctzll(bits);
        uint32_t i = word * 64 + bit;
        uint64_t copy = pae ? ((const uint64_t *)copies)[i] : ((const uint32_t *)copies)[i];
        uint64_t now =
            pae ? ((const volatile uint64_t *)table)[i] : ((const volatile uint32_t *)table)[i];
        if (__builtin_expect(entry_changes(copy, now) != 0, 0)) {
            changed |= UINT64_C(1) << bit;
        }
    }
    return changed;
}

/* Does any of a word's 64 entries of 4 bytes differ from its copy? Two at a time; copies without P
 * are not in use. May say yes for a page that is exempt, never no for one that changed. */
static bool word_differs(const uint64_t *copies, const void *table, uint32_t word)
{
    const uint64_t both = UINT64_C(0x100000001);
    const uint64_t *copy = copies + (uint64_t)word * 32;
    const volatile uint64_t *now = (const volatile uint64_t *)table + (uint64_t)word * 32;
    uint64_t differs = 0;
    for (uint32_t i = 0; i < 32; i++) {
        uint64_t c = copy[i];
        uint64_t in_use = (c & both * PTE_P) * UINT32_MAX;
        differs |= (c ^ now[i]) & (c | ~(both * PTE_D)) & ~(both * PTE_AVL) & in_use;
    }
    return differs;
}

static uint64_t changed_in(const struct view *view, const struct view_slot *slot,
                           const uint64_t *copies, uint32_t word, uint64_t bits)
{
    if (view->kind == PAGING_PAE) {
        return changed_in_word(copies, slot->table, word, bits, true);
    }
    bool dense = (uint32_t)bits == UINT32_MAX || bits >> 32 == UINT32_MAX;
    if (dense && !word_differs(copies, slot->table, word)) {
        return 0;
    }
    return changed_in_word(copies, slot->table, word, bits, false);
}

/* True if nothing in pages [from, to) of the slot is mapped. */
static bool gap_empty(const struct view_slot *slot, uint32_t from, uint32_t to)
{
    while (from < to && !(slot->mapped[from >> 6] >> (from & 63))) {
        from = (from | 63) + 1;
    }
    return from >= to ||
           (uint32_t)__builtin_ctzll(slot->mapped[from >> 6] >> (from & 63)) >= to - from;
}

/* One slot with a page table. The slot may be gone afterwards. */
static void check_table(struct view *view, struct view_slot *slot, bool globals)
{
    const uint64_t *copies = view->copies + (uint64_t)slot_number(view, slot) * (PAGE_BYTES / 8);
    uint32_t window = slot->window;
    uint32_t generation = view->windows[window].generation;
    struct batch batch = {.view = view, .window = window};
    uint32_t n_words = view->slot_pages / 64;
    for (uint32_t word = 0; word < n_words; word++) {
        uint64_t bits = globals ? slot->mapped[word] | slot->code[word] : slot->check[word];
        if (!bits) {
            continue;
        }
        uint64_t changed = changed_in(view, slot, copies, word, bits);
        for (; changed; changed &= changed - 1) {
            uint32_t i = word * 64 + (uint32_t)__builtin_ctzll(changed);
            uint32_t run_end = batch.end - slot_page(view, slot);
            bool empty = batch.unmap && batch.first != batch.end && gap_empty(slot, run_end, i);
            handle_changed(&batch, slot, i, slot_entry(view, slot, i), empty);
            if (view->windows[window].generation != generation) {
                return;
            }
        }
    }
    slot_release_if_empty(view, slot);
    batch_flush(&batch);
}

/* Do processes that come here one after another show the same? Not where address space
 * randomization has put them. What is parked and does not come back costs twice: the mprotect, and
 * each mapping that is made beside those that are left over (15,000 of them: half as much again).
 * By place in the address space, since a slot that was dropped knows nothing. */
static bool parking_pays(struct view *view, struct view_slot *slot)
{
    enum { ENOUGH_TO_JUDGE = 8, IN_VAIN = 2, TRY_AGAIN = 32 };
    uint8_t *in_vain = &view->parked_in_vain[slot->index];
    const uint32_t n_left = slot->n_parked, n_came_back = slot->n_came_back;
    slot->n_came_back = 0;
    if (n_left + n_came_back >= ENOUGH_TO_JUDGE) {
        *in_vain = n_came_back * 4 >= n_left ? 0 : *in_vain + 1;
    } else if (*in_vain >= IN_VAIN) {
        ++*in_vain;
    }
    if (*in_vain >= TRY_AGAIN) {
        *in_vain = IN_VAIN - 1;
    }
    return *in_vain < IN_VAIN;
}

/* Another process has come to this directory, or this one has another page table. What it shows as
 * before stays mapped (a fork's child has its parent's data), the rest is parked: programs that run
 * again and again show the same code, so that a mapping costs an mprotect. The slot may be gone
 * afterwards. */
static bool turn_to_table(struct view *view, struct view_slot *slot, uint64_t pde)
{
    enum { MOST_PAGES = 256 }; /* more are cheaper dropped in one call */
    uint32_t n_pages = slot->n_parked;
    for (uint32_t word = 0; word < VIEW_SLOT_WORDS; word++) {
        for (uint64_t bits = slot->mapped[word]; bits && n_pages <= MOST_PAGES; bits &= bits - 1) {
            n_pages++;
        }
    }
    bool other_rights = (pde & PTE_P) && (table_changes(slot->pde, pde) & ~PTE_FRAME);
    if (slot->large || other_rights || n_pages > MOST_PAGES || view->no_parking ||
        !parking_pays(view, slot)) {
        return false;
    }
    slot->pde = pde;
    slot->table = pde & PTE_P ? walk_page_host(view, (uint32_t)(pde & PTE_FRAME))
                              : (const uint8_t *)view->zero_table;
    check_table(view, slot, true);
    return true;
}

static void check_slot(struct view *view, struct view_slot *slot, bool globals)
{
    uint64_t pde = walk_current_pde(view, slot->index);
    if (slot_pde_changes(slot, pde)) {
        if (slot->window == VIEW_SUP) {
            space_slot_differs(view, slot, pde);
        } else if (!turn_to_table(view, slot, pde)) {
            slot_drop(view, slot);
        }
        return;
    }
    slot->serial = view->spaces[view->current].serial;
    if (!slot->large) {
        check_table(view, slot, globals);
    }
}

void check_window(struct view *view, uint32_t window, bool globals)
{
    const struct view_window *self = &view->windows[window];
    uint32_t generation = self->generation;
    uint32_t number = globals ? self->first : self->first_check;
    while (number) {
        struct view_slot *slot = &view->slots[number];
        number = globals ? slot->next : slot->next_check;
        check_slot(view, slot, globals);
        if (self->generation != generation) {
            return;
        }
    }
}

static void invalidate_in(struct view *view, struct view_slot *slot, uint32_t lin)
{
    if (slot_pde_changes(slot, walk_current_pde(view, slot->index))) {
        slot_drop(view, slot);
        return;
    }
    uint32_t i = (lin >> PAGE_SHIFT) & (view->slot_pages - 1);
    if (slot->large || !slot_uses(slot, i)) {
        return;
    }
    uint64_t now = slot_entry(view, slot, i);
    if (!entry_changes(slot_copy(view, slot, i), now)) {
        return; /* a new walk would give the same translation */
    }
    struct batch batch = {.view = view, .window = slot->window};
    handle_changed(&batch, slot, i, now, false);
    slot_release_if_empty(view, slot);
    batch_flush(&batch);
}

void view_invlpg(struct cpu *cpu, uint32_t lin)
{
    struct view *view = cpu->view;
    view->stats.n_invlpg++;
    acc_make_cold(cpu, lin);
    lookup_forget_page(cpu, lin);
    if (view->kind == PAGING_OFF) {
        return;
    }
    lookup_forget_visits(view, VIEW_SUP, lin);
    lookup_forget_visits(view, view->current, lin);
    uint32_t index = lin >> view->slot_shift;
    struct view_slot *slot = slot_find(view, VIEW_SUP, index);
    if (slot) {
        invalidate_in(view, slot, lin);
    }
    slot = slot_find(view, view->current, index);
    if (slot) {
        invalidate_in(view, slot, lin);
    }
}
