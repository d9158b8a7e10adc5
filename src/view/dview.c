/* dview.c - a host access to a window faulted: walk the guest's tables, judge, map.
 *
 * Reached from the SIGSEGV handler and from acc.c. Maps runs, not pages: neighbours in the same
 * page table that would be mapped with the same rights from consecutive frames come along, large
 * pages and identity mappings (PG=0) come whole. A page is writable here only if the tables allow
 * it, its D bit is set and it holds no scanned code, so that the first store is seen.
 *
 * INV: only pages that user mode may touch are mapped in a private window, with the user's rights.
 */
#include "view/view_internal.h"

static bool is_ram(const struct view *view, uint32_t phys_page)
{
    return view->mem->page_type[phys_page] == MEM_RAM;
}

/* ---- 4 KiB pages ---- */

static bool small_writable(const struct view *view, const struct view_slot *slot, uint64_t pte)
{
    uint32_t phys_page = (uint32_t)((pte & PTE_FRAME) >> PAGE_SHIFT) & view->page_mask;
    return (slot->pde & pte & PTE_RW) && (pte & PTE_D) && is_ram(view, phys_page) &&
           !page_is_protected(view, phys_page);
}

/* May page i join a run whose page there would be fd_page, and which looks like pte? */
static bool small_joins(const struct view *view, const struct view_slot *slot, uint32_t i,
                        uint64_t pte, uint32_t fd_page, bool writable, uint64_t *now)
{
    *now = slot_entry(view, slot, i);
    if (bit_get(slot->mapped, i) || ((*now ^ pte) & ~(PTE_FRAME | PTE_D | PTE_AVL))) {
        return false;
    }
    if (bit_get(slot->code, i) && entry_changes(slot_copy(view, slot, i), *now)) {
        return false;
    }
    uint32_t phys_page = (uint32_t)((*now & PTE_FRAME) >> PAGE_SHIFT) & view->page_mask;
    uint32_t base_page = (uint32_t)((pte & PTE_FRAME) >> PAGE_SHIFT) & view->page_mask;
    return !page_is_hidden(view, slot_page(view, slot) + i, phys_page) &&
           view->mem->page_type[phys_page] == view->mem->page_type[base_page] &&
           page_in_memfd(view, phys_page) == fd_page &&
           small_writable(view, slot, *now) == writable;
}

/* Pages that were read-only for want of a D bit, or for code that is gone, become writable. */
static long small_upgrade(struct view *view, struct view_slot *slot, uint32_t i)
{
    uint32_t last = view->no_fault_around ? i : i | (VIEW_AROUND_PAGES - 1);
    uint32_t end = i;
    while (end <= last && bit_get(slot->mapped, end) && !bit_get(slot->writable, end)) {
        uint64_t now = slot_entry(view, slot, end);
        bool same_page =
            !((slot_copy(view, slot, end) ^ now) & ~(uint64_t)(PTE_RW | PTE_D | PTE_AVL));
        if (!same_page || !small_writable(view, slot, now)) {
            break;
        }
        end++;
    }
    long result = window_set_rights(view, slot->window, slot_page(view, slot) + i, end - i, true);
    if (result) {
        return result;
    }
    for (; i < end; i++) {
        slot_set_copy(view, slot, i, slot_entry(view, slot, i));
        slot_set_writable(view, slot, i);
    }
    return 0;
}

/* True if the host still has exactly these pages, without rights. */
static bool small_is_parked(const struct view *view, const struct view_slot *slot, uint32_t first,
                            uint32_t end, uint32_t fd_page)
{
    for (uint32_t i = first; i < end; i++) {
        if (!bit_get(slot->parked, i) ||
            page_in_memfd(view, slot_phys_page(view, slot, i)) != fd_page + (i - first)) {
            return false;
        }
    }
    return true;
}

static long small_map(struct view *view, struct view_slot *slot, uint32_t i,
                      const struct walk *walk)
{
    uint64_t pte = walk->pte;
    bool writable = small_writable(view, slot, pte);
    if (slot_uses(slot, i)) {
        uint64_t changed = (slot_copy(view, slot, i) ^ pte) & ~(uint64_t)(PTE_RW | PTE_D | PTE_AVL);
        if (changed) {
            if (bit_get(slot->code, i)) {
                dir_reset_page(view, slot->window, slot_page(view, slot) + i);
            }
            slot_forget_page(view, slot, i);
        } else if (bit_get(slot->mapped, i) && writable && !bit_get(slot->writable, i)) {
            return small_upgrade(view, slot, i);
        }
    }
    uint64_t run[VIEW_AROUND_READ];
    uint32_t around = writable ? VIEW_AROUND_PAGES : VIEW_AROUND_READ;
    uint32_t block = i & ~(around - 1);
    uint32_t fd_page = page_in_memfd(view, walk->phys >> PAGE_SHIFT);
    uint32_t first = i;
    uint32_t end = i + 1;
    run[i - block] = pte;
    if (!view->no_fault_around) {
        while (first > block && small_joins(view, slot, first - 1, pte, fd_page - (i - first + 1),
                                            writable, &run[first - 1 - block])) {
            first--;
        }
        while (end < block + around && small_joins(view, slot, end, pte, fd_page + (end - i),
                                                   writable, &run[end - block])) {
            end++;
        }
    }
    uint32_t page_first = slot_page(view, slot) + first;
    fd_page -= i - first;
    const bool comes_back = small_is_parked(view, slot, first, end, fd_page);
    long result =
        comes_back
            ? window_set_rights(view, slot->window, page_first, end - first, writable)
            : window_map(view, slot->window, page_first, fd_page, end - first, writable, writable);
    if (result) {
        return result;
    }
    bool compare = slot->window != VIEW_SUP || !walk->global;
    slot->has_user |= walk->user;
    slot->n_came_back += comes_back ? (uint16_t)(end - first) : 0;
    for (uint32_t page = first; page < end; page++) {
        slot_set_read_only(view, slot, page); /* the chain is by the old copy */
        slot_unpark_page(slot, page);
        slot_use_page(view, slot, page, run[page - block], compare);
        bit_set(slot->mapped, page);
        if (writable) {
            slot_set_writable(view, slot, page);
        }
    }
    return 0;
}

/* ---- large pages and PG=0 ---- */

struct run {
    uint32_t page, fd_page, n_pages;
    bool writable;
};

static long run_flush(struct view *view, uint32_t window, struct run *run)
{
    long result = 0;
    if (run->n_pages) {
        result =
            window_map(view, window, run->page, run->fd_page, run->n_pages, run->writable, false);
    }
    run->n_pages = 0;
    return result;
}

/* Marks what of the slot is to be mapped and extends the run; maps runs as they end. */
static long large_add(struct view *view, struct view_slot *slot, bool may_write, struct run *run)
{
    for (uint32_t i = 0; i < view->slot_pages; i++) {
        uint32_t phys_page = ((slot->phys >> PAGE_SHIFT) + i) & view->page_mask;
        enum mem_type type = (enum mem_type)view->mem->page_type[phys_page];
        if (type != MEM_RAM && type != MEM_ROM) {
            continue;
        }
        uint32_t fd_page = page_in_memfd(view, phys_page);
        uint32_t page = slot_page(view, slot) + i;
        if (page_is_hidden(view, page, phys_page)) {
            continue;
        }
        bool writable = may_write && type == MEM_RAM && !page_is_protected(view, phys_page);
        if (!run->n_pages || page != run->page + run->n_pages ||
            fd_page != run->fd_page + run->n_pages || writable != run->writable) {
            long result = run_flush(view, slot->window, run);
            if (result) {
                return result;
            }
            *run = (struct run){.page = page, .fd_page = fd_page, .writable = writable};
        }
        run->n_pages++;
        slot_use_page(view, slot, i, 0, false);
        bit_set(slot->mapped, i);
        if (writable) {
            bit_set(slot->writable, i);
        } else {
            bit_clear(slot->writable, i);
        }
    }
    return 0;
}

/* Does the next slot continue the run of large pages that began with walk, n slots before? */
static struct view_slot *large_next(struct view *view, uint32_t window, uint32_t index, uint32_t n,
                                    const struct walk *walk)
{
    uint64_t size = UINT64_C(1) << view->slot_shift;
    if (index >= GIB(4) >> view->slot_shift || slot_find(view, window, index) ||
        (window == VIEW_SUP && view->is_private[index])) {
        return NULL;
    }
    struct walk next = *walk;
    if (view->kind != PAGING_OFF) {
        next.pde = walk_current_pde(view, index);
        if ((next.pde ^ (walk->pde + n * size)) & ~(uint64_t)PTE_AVL) {
            return NULL;
        }
    }
    uint64_t phys = (walk->phys & ~(size - 1)) + n * size;
    if (phys >= GIB(4) || !is_ram(view, (uint32_t)(phys >> PAGE_SHIFT))) {
        return NULL; /* end of RAM: an identity mapping goes on to 4 GiB */
    }
    next.phys = (uint32_t)phys;
    struct view_slot *slot = slot_make(view, window, index, &next);
    if (slot) {
        slot->has_user = walk->user;
    }
    return slot;
}

static long large_upgrade(struct view *view, struct view_slot *slot, uint32_t i)
{
    uint32_t first = i;
    uint32_t end = i;
    for (; end < view->slot_pages && bit_get(slot->mapped, end) && !bit_get(slot->writable, end);
         end++) {
        uint32_t phys_page = slot_phys_page(view, slot, end);
        if (!is_ram(view, phys_page) || page_is_protected(view, phys_page)) {
            break;
        }
    }
    for (; first > 0 && bit_get(slot->mapped, first - 1) && !bit_get(slot->writable, first - 1);
         first--) {
        uint32_t phys_page = slot_phys_page(view, slot, first - 1);
        if (!is_ram(view, phys_page) || page_is_protected(view, phys_page)) {
            break;
        }
    }
    long result =
        window_set_rights(view, slot->window, slot_page(view, slot) + first, end - first, true);
    for (; !result && first < end; first++) {
        slot_set_writable(view, slot, first);
    }
    return result;
}

static long large_map(struct view *view, struct view_slot *slot, uint32_t i,
                      const struct walk *walk)
{
    bool may_write = walk->writable && walk->dirty;
    slot->pde = walk->pde; /* D may be new */
    if (bit_get(slot->mapped, i)) {
        return may_write && !bit_get(slot->writable, i) ? large_upgrade(view, slot, i) : 0;
    }
    struct run run = {0};
    uint32_t window = slot->window;
    uint32_t index = slot->index;
    slot->has_user |= walk->user;
    long result = 0;
    for (uint32_t n = 0; !result && slot; slot = large_next(view, window, index + n, n, walk)) {
        result = large_add(view, slot, may_write, &run);
        n++;
        if (n == VIEW_LARGE_SLOTS || view->no_fault_around) {
            break;
        }
    }
    if (!result) {
        result = run_flush(view, window, &run);
    }
    if (result) {
        window_clear(view, window); /* pages were marked that are not there */
    }
    return result;
}

/* ---- the fault ---- */

static long map_page(struct view *view, uint32_t window, uint32_t lin, const struct walk *walk)
{
    uint32_t index = lin >> view->slot_shift;
    uint32_t i = (lin >> PAGE_SHIFT) & (view->slot_pages - 1);
    struct view_slot *slot = slot_find(view, window, index);
    if (slot && !slot_suits(view, slot, walk)) {
        slot_drop(view, slot);
        slot = NULL;
    }
    if (!slot) {
        slot = slot_make(view, window, index, walk);
        if (!slot) {
            return -1;
        }
    }
    return slot->large ? large_map(view, slot, i, walk) : small_map(view, slot, i, walk);
}

enum view_answer dview_judge(const struct view *view, uint32_t window, uint32_t lin,
                             enum view_access access, bool user, const struct walk *walk)
{
    uint32_t phys_page = walk->phys >> PAGE_SHIFT;
    enum mem_type type = mem_type_of(view->mem, walk->phys);
    bool write = access == VIEW_WRITE;
    if ((type != MEM_RAM && type != MEM_ROM) ||
        page_is_hidden(view, lin >> PAGE_SHIFT, phys_page) ||
        (write && (type == MEM_ROM || page_is_protected(view, phys_page)))) {
        return VIEW_CHECKED;
    }
    bool user_may = walk->user && (!write || walk->writable);
    if (window != VIEW_SUP) {
        return user_may ? VIEW_MAPPED : VIEW_CHECKED;
    }
    if (user || (write && !walk->writable)) {
        return VIEW_CHECKED; /* CR0.WP=0 */
    }
    if (view->is_private[lin >> view->slot_shift]) {
        return user_may ? VIEW_DUAL : VIEW_CHECKED;
    }
    return VIEW_MAPPED;
}

bool dview_map(struct view *view, uint32_t window, uint32_t lin, const struct walk *walk)
{
    window_make_room(view);
    while (map_page(view, window, lin, walk)) {
        if (!window_shed(view)) {
            window_clear(view, window); /* nothing unrecorded may stay mapped */
            return false;
        }
    }
    return true;
}

enum view_answer view_fault(struct cpu *cpu, uint64_t window_host, uint32_t lin,
                            enum view_access access, bool user)
{
    struct view *view = cpu->view;
    uint32_t window = (uint32_t)((window_host - view->window0) >> VIEW_WINDOW_STRIDE_SHIFT);
    struct walk walk;
    BUG_ON(window != VIEW_SUP && window != view->current);
    view->stats.n_faults++;
    if (view_walk(cpu, lin, access, user, false, &walk, &cpu->fault)) {
        view->stats.n_guest_faults++;
        lookup_forget_visits(view, window, lin);
        if (user) {
            early_want(cpu, lin, access);
        }
        return VIEW_FAULT;
    }
    struct view_slot *slot = slot_find(view, window, lin >> view->slot_shift);
    if (slot && window == VIEW_SUP && !slot_suits(view, slot, &walk)) {
        space_slot_differs(view, slot, walk.pde);
    }
    enum view_answer answer = dview_judge(view, window, lin, access, user, &walk);
    if (!early_is_on(view, lin)) { /* else it was left alone on purpose */
        lookup_charge(cpu, window, lin, walk.phys >> PAGE_SHIFT);
    }
    if (answer == VIEW_MAPPED) {
        early_note_use(view, window, lin);
        answer = dview_map(view, window, lin, &walk) ? VIEW_MAPPED : VIEW_CHECKED;
    }
    view->stats.n_checked += answer == VIEW_CHECKED;
    return answer;
}

bool view_find_window(const struct view *view, uint64_t host, uint64_t *window, uint32_t *lin,
                      bool *in_guard)
{
    if (host - view->arena >= view->arena_bytes) {
        return false;
    }
    /* a guard is the 2 GiB after a window and the 2 GiB before the next: count from the middle */
    uint64_t number = (host - view->window0 + GIB(2)) >> VIEW_WINDOW_STRIDE_SHIFT;
    if (host + GIB(2) < view->window0 || number >= view->n_windows) {
        return false;
    }
    *window = window_base(view, (uint32_t)number);
    *lin = (uint32_t)host; /* windows are 4 GiB aligned */
    *in_guard = host - *window >= GIB(4);
    return true;
}
