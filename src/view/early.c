/* early.c - a page that the guest has just made present is mapped before the access is made again:
 * a hidden fault less.
 *
 * After a hidden fault that became the guest's page fault that is always so: the access comes
 * again. A looked-up site (lookup.c) needs no mapping; but most pages that such sites touch first,
 * in allocators and copies, are used by other sites next, each of which would fault. Others are
 * filled by the same loop and given back; to map these costs the mmap, and each use a call. So it
 * is observed: of some pages that are left alone, does another site come to them soon? By place in
 * the address space, since programs have their heap in one and their buffers in another; what is
 * not known of a place is as it is for all.
 *
 * Least of 48, 5 starts of python: 130 ms, then 97; always mapping made the micro benchmark
 * page_touch eight times as slow. -engine no-early-maps. Light. */
#include "view/view_internal.h"

enum {
    MOST = 12,
    EARLY_FROM = 6,
    IN_VAIN = 2, /* what weighs as much as two hidden faults spared */
    PROBE_EVERY = 8,
};

void early_want(struct cpu *cpu, uint32_t lin, enum view_access access)
{
    struct view *view = cpu->view;
    view->retry.pending = true;
    cpu->switched[1].mode = UINT32_MAX; /* the next way there leads past early_map() */
    view->retry.lin = lin;
    view->retry.serial = view->spaces[view->current].serial;
    view->retry.access = access;
}

static uint8_t changed(uint8_t score, bool was_used)
{
    return was_used          ? (uint8_t)(score + (score < MOST))
           : score > IN_VAIN ? (uint8_t)(score - IN_VAIN)
                             : 0;
}

static uint8_t score_at(const struct view_early *early, uint32_t index)
{
    return early->score[index] ? early->score[index] - 1 : early->score_of_all;
}

bool early_is_on(const struct view *view, uint32_t lin)
{
    return score_at(&view->early, lin >> view->slot_shift) >= EARLY_FROM;
}

static void judge_probe(struct view *view, uint32_t page, bool was_used)
{
    struct view_early *early = &view->early;
    const uint32_t index = page >> (view->slot_shift - PAGE_SHIFT);
    early->score[index] = 1 + changed(score_at(early, index), was_used);
    early->score_of_all = changed(early->score_of_all, was_used);
}

void early_want_looked_up(struct cpu *cpu, uint32_t lin, enum view_access access)
{
    struct view *view = cpu->view;
    struct view_early *early = &view->early;
    const uint32_t page = lin >> PAGE_SHIFT, i = page % VIEW_PROBES;
    if (view->no_early || !window_has_room(view)) {
        return;
    }
    if (early_is_on(view, lin) && ++early->n_asked % PROBE_EVERY != 0) {
        early_want(cpu, lin, access);
        return;
    }
    if (early->probes[i].window) {
        judge_probe(view, early->probes[i].page, false);
    }
    early->probes[i].window = view->current;
    early->probes[i].page = page;
}

void early_note_use(struct view *view, uint32_t window, uint32_t lin)
{
    const uint32_t page = lin >> PAGE_SHIFT, i = page % VIEW_PROBES;
    if (window != VIEW_SUP && view->early.probes[i].window == window &&
        view->early.probes[i].page == page) {
        view->early.probes[i].window = 0;
        judge_probe(view, page, true);
    }
}

void early_map(struct cpu *cpu)
{
    struct view *view = cpu->view;
    uint32_t lin = view->retry.lin;
    enum view_access access = view->retry.access;
    struct walk walk;
    view->retry.pending = false;
    if (view->retry.serial != view->spaces[view->current].serial ||
        view_walk(cpu, lin, access, true, true, &walk, NULL)) {
        return;
    }
    /* A and D are the guest's or the access's to set, not ours */
    uint64_t leaf = walk.page_bytes == PAGE_BYTES ? walk.pte : walk.pde;
    bool is_set = (walk.pde & leaf & PTE_A) && (access != VIEW_WRITE || (leaf & PTE_D));
    if (is_set && dview_judge(view, view->current, lin, access, true, &walk) == VIEW_MAPPED) {
        dview_map(view, view->current, lin, &walk);
    }
}
