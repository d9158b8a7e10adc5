/* space.c - address spaces: one per CR3 value, each with its private window; which slots of the
 * supervisor window they share; what a CR3 load and a change of paging mode do.
 *
 * Which half is "the kernel" is found by comparing directories: a slot of the supervisor window is
 * shared as long as every space that is loaded has the same PDE there. One that differs is dropped
 * and, where user pages live, soon private: kernel code reaches it through dual sites, in
 * the private window of the space that is loaded.
 */
#include "cpu/stacks.h"
#include "view/view_internal.h"

enum { CR0_PAGING = (int)CR0_PG | CR0_WP, CR4_PAGING = CR4_PSE | CR4_PAE | CR4_PGE };

static uint32_t key_of(const struct view *view, uint32_t cr3)
{
    switch (view->kind) {
    case PAGING_2LEVEL:
        return (cr3 & ~0xFFFu) | PAGING_2LEVEL;
    case PAGING_PAE:
        return (cr3 & ~0x1Fu) | PAGING_PAE;
    default:
        return PAGING_OFF;
    }
}

static uint32_t *hash_of(struct view *view, uint32_t key)
{
    return &view->hash[(key >> 12 ^ key >> 5) & (VIEW_HASH_SIZE - 1)];
}

static uint32_t find_space(struct view *view, uint32_t key)
{
    uint32_t window = *hash_of(view, key);
    while (window && view->spaces[window].key != key) {
        window = view->spaces[window].hash_next;
    }
    return window;
}

static bool may_evict(const struct view *view, uint32_t window, uint32_t keep)
{
    return view->spaces[window].live && window != view->current && window != keep;
}

static uint32_t pick(struct view *view, uint32_t keep)
{
    for (unsigned i = 0; i < 8; i++) {
        view->chance = view->chance * 1664525 + 1013904223;
        uint32_t window = (uint32_t)((uint64_t)view->chance * view->last_window >> 32) + 1;
        if (may_evict(view, window, keep)) {
            return window;
        }
    }
    return 0;
}

/* The older one of two taken at random. Not the oldest of all: more processes than fit which run in
 * turn would each find their space gone (measured: 17 times the cost of a switch for one process
 * too many), while of these most are still there. */
uint32_t space_victim(struct view *view, uint32_t keep)
{
    uint32_t victim = pick(view, keep);
    uint32_t other = pick(view, keep);
    if (!victim || (other && view->spaces[other].last_used < view->spaces[victim].last_used)) {
        victim = other;
    }
    for (uint32_t window = 1; !victim && window <= view->last_window; window++) {
        victim = may_evict(view, window, keep) ? window : 0;
    }
    return victim;
}

void space_evict(struct view *view, uint32_t window)
{
    struct view_space *space = &view->spaces[window];
    BUG_ON(!space->live);
    window_clear(view, window);
    dir_release_space(view, window);
    uint32_t *link = hash_of(view, space->key);
    while (*link != window) {
        link = &view->spaces[*link].hash_next;
    }
    *link = space->hash_next;
    space->live = false;
    view->free_windows[view->n_free_windows++] = window;
    view->stats.n_spaces_dropped++;
}

/* A slot's entry in the directory of a space that is not loaded, as the next load would find it. */
static uint64_t stored_pde(const struct view *view, uint32_t key, uint32_t index)
{
    const uint8_t *directory = walk_page_host(view, key);
    if (view->kind != PAGING_PAE) {
        return ((const volatile uint32_t *)directory)[index];
    }
    directory += key & (PAGE_BYTES - 1) & ~UINT32_C(0x1F);
    uint64_t pdpte = ((const volatile uint64_t *)directory)[index >> 9];
    if (!(pdpte & PTE_P)) {
        return 0;
    }
    directory = walk_page_host(view, (uint32_t)(pdpte & PTE_FRAME));
    return ((const volatile uint64_t *)directory)[index & 511];
}

/* Nothing that is known of it would survive the next load: its process has ended. */
static bool is_stale(const struct view *view, uint32_t window)
{
    uint32_t number = view->windows[window].first;
    while (number) {
        const struct view_slot *slot = &view->slots[number];
        if (slot->n_used &&
            !slot_pde_changes(slot, stored_pde(view, view->spaces[window].key, slot->index))) {
            return false;
        }
        number = slot->next;
    }
    return true;
}

/* Nobody says when an address space ends. Where many are made, the ends are looked for, so that
 * what the dead hold (some 30 host mappings and 50 KiB each) does not grow with their number. */
static void sweep(struct view *view)
{
    uint32_t n_live = view->n_windows - 1 - view->n_free_windows;
    for (unsigned i = 0; i < VIEW_SWEEP_SPACES && n_live > VIEW_KEEP_SPACES; i++) {
        view->next_sweep = view->next_sweep % view->last_window + 1;
        if (may_evict(view, view->next_sweep, VIEW_SUP) && is_stale(view, view->next_sweep)) {
            space_evict(view, view->next_sweep);
        }
    }
}

static uint32_t make_space(struct view *view, uint32_t key)
{
    sweep(view);
    if (!view->n_free_windows) {
        uint32_t victim = space_victim(view, VIEW_SUP);
        view->stats.n_evictions++;
        space_evict(view, victim ? victim : view->current);
    }
    uint32_t window = view->free_windows[--view->n_free_windows];
    view->last_window = window > view->last_window ? window : view->last_window;
    struct view_space *space = &view->spaces[window];
    uint32_t *head = hash_of(view, key);
    space->live = true;
    space->key = key;
    space->serial = ++view->serial;
    space->hash_next = *head;
    space->last_mode = UINT32_MAX;
    *head = window;
    view->stats.n_spaces_made++;
    return window;
}

static void set_dual(struct cpu *cpu, uint32_t index, uint64_t base)
{
    const struct view *view = cpu->view;
    if (view->slot_shift == 21) {
        cpu->dual_base[index] = base;
    } else {
        cpu->dual_base[index * 2] = cpu->dual_base[index * 2 + 1] = base;
    }
}

static void enter_space(struct cpu *cpu, uint32_t window)
{
    struct view *view = cpu->view;
    cpu_forget_switches(cpu);
    if (view->current != window) {
        view->current = window;
        uint64_t base = window_base(view, window);
        for (uint32_t i = 0; i < view->n_private; i++) {
            set_dual(cpu, view->private_list[i], base);
        }
    }
    view->spaces[window].last_used = ++view->tick;
}

static void make_private(struct view *view, uint32_t index)
{
    if (view->is_private[index]) {
        return;
    }
    view->is_private[index] = 1;
    cpu_close_ways(view->cpu);
    view->private_list[view->n_private++] = (uint16_t)index;
    set_dual(view->cpu, index, window_base(view, view->current));
    view->stats.n_slots_private++;
}

/* A slot of the supervisor window whose PDE is not what it was. If it changed inside one space it
 * is only stale. A user slot that differs between spaces becomes private; one of supervisor pages
 * only gets a few chances (kernels bring their directories up to date late), since pages of that
 * kind cannot be reached through a private window and would all take the checked path. */
void space_slot_differs(struct view *view, struct view_slot *slot, uint64_t pde_now)
{
    uint32_t index = slot->index;
    bool has_user = slot->has_user;
    bool other_space = slot->serial != view->spaces[view->current].serial;
    slot_drop(view, slot);
    if (!other_space) {
        return;
    }
    if (!(pde_now & PTE_P)) {
        if (has_user && ++view->n_absent[index] >= VIEW_ABSENT_LIMIT) {
            make_private(view, index);
        }
    } else if (has_user || ++view->n_differ[index] >= VIEW_DIFFER_LIMIT) {
        make_private(view, index);
    }
}

bool view_make_private(struct cpu *cpu, uint32_t lin)
{
    struct view *view = cpu->view;
    const uint32_t index = lin >> view->slot_shift;
    struct walk walk;
    if (view->kind == PAGING_OFF || view->is_private[index] ||
        view_walk(cpu, lin, VIEW_READ, true, true, &walk, NULL)) {
        return false;
    }
    struct view_slot *slot = slot_find(view, VIEW_SUP, index);
    if (slot) {
        slot_drop(view, slot);
    }
    make_private(view, index);
    return true;
}

static void find_directory(struct view *view, uint32_t cr3)
{
    if (view->kind != PAGING_PAE) {
        view->directory[0] = walk_page_host(view, cr3);
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        view->directory[i] = view->pdpte[i] & PTE_P
                                 ? walk_page_host(view, (uint32_t)(view->pdpte[i] & PTE_FRAME))
                                 : NULL;
    }
}

void view_load_cr3(struct cpu *cpu)
{
    struct view *view = cpu->view;
    view->stats.n_cr3_loads++;
    acc_make_all_cold(cpu);
    lookup_forget_all(cpu);
    if (view->kind == PAGING_OFF) {
        return;
    }
    uint32_t key = key_of(view, cpu->cr3);
    uint32_t window = find_space(view, key);
    if (window) {
        view->stats.n_cr3_known++;
    } else {
        window = make_space(view, key);
    }
    find_directory(view, cpu->cr3);
    enter_space(cpu, window);
    check_window(view, window, false);
    check_window(view, VIEW_SUP, !(view->cr4 & CR4_PGE));
    view_switch_mode(cpu);
}

_Static_assert((int)VIEW_N_SUP_DIRS == (int)STACKS_SHARED, "cpu/stacks.h: rings 0 to 2 share no stack");

/* The directory in force, the stack of guest calls with it, and what remembers both. */
static inline void set_dir(struct cpu *cpu, uint64_t dir, uint32_t mode)
{
    const uint32_t number = (uint32_t)((dir - cpu->view->dirs_host) >> VIEW_DIR_SHIFT);
    if (dir != cpu->dir) {
        cpu->dir = dir;
        stacks_switch(cpu, number);
    }
    cpu->switched[mode & MODE_USER ? 1 : 0] =
        (struct cpu_switch){mode, cpu->window, dir, cpu->stack_now};
}

void view_switch_mode(struct cpu *cpu)
{
    struct view *view = cpu->view;
    uint32_t mode = cpu->mode;
    if (!(mode & MODE_USER)) {
        uint32_t dir = view->sup_dir_of_mode[mode & (VIEW_N_MODES - 1)];
        cpu->window = window_base(view, VIEW_SUP);
        set_dir(cpu,
                dir ? view->dirs_host + ((uint64_t)(dir - 1) << VIEW_DIR_SHIFT)
                    : dir_for_mode(view, VIEW_SUP, mode),
                mode);
        return;
    }
    struct view_space *space = &view->spaces[view->current];
    if (space->last_mode != mode) {
        space->last_dir = dir_for_mode(view, view->current, mode);
        space->last_mode = mode;
    }
    cpu->window = window_base(view, view->current);
    set_dir(cpu, space->last_dir, mode);
    if (__builtin_expect(view->retry.pending, 0)) {
        early_map(cpu);
    }
}

uint64_t view_supervisor_window(const struct view *view)
{
    return window_base(view, VIEW_SUP);
}

uint64_t view_window_for(const struct cpu *cpu, uint32_t lin, bool user)
{
    return user ? window_base(cpu->view, cpu->view->current) : cpu->dual_base[lin >> 21];
}

/* Takes over the paging state of cpu and begins with one space and nothing private. */
void space_start(struct cpu *cpu)
{
    struct view *view = cpu->view;
    bool pae = cpu->cr4 & CR4_PAE;
    view->cr0 = cpu->cr0 & (uint32_t)CR0_PAGING;
    view->cr4 = cpu->cr4 & CR4_PAGING;
    view->efer = cpu->efer & EFER_NXE;
    view->page_mask = cpu->a20 ? UINT32_MAX >> PAGE_SHIFT : (UINT32_MAX >> PAGE_SHIFT) & ~(1u << 8);
    view->kind = !(cpu->cr0 & CR0_PG) ? PAGING_OFF : pae ? PAGING_PAE : PAGING_2LEVEL;
    view->slot_shift = view->kind == PAGING_PAE ? 21 : 22;
    view->slot_pages = 1u << (view->slot_shift - PAGE_SHIFT);
    view->n_private = 0;
    for (uint32_t i = 0; i < VIEW_WINDOW_SLOTS; i++) {
        view->is_private[i] = view->n_absent[i] = view->n_differ[i] = 0;
        cpu->dual_base[i] = window_base(view, VIEW_SUP);
    }
    cpu_close_ways(cpu);
    find_directory(view, cpu->cr3);
    enter_space(cpu, make_space(view, key_of(view, cpu->cr3)));
}

static void forget_spaces(struct view *view)
{
    window_clear(view, VIEW_SUP);
    for (uint32_t window = 1; window <= view->last_window; window++) {
        if (view->spaces[window].live) {
            space_evict(view, window);
        }
    }
}

void view_paging_changed(struct cpu *cpu)
{
    struct view *view = cpu->view;
    lookup_forget_all(cpu);
    uint32_t changed = ((cpu->cr0 & (uint32_t)CR0_PAGING) ^ view->cr0) & CR0_PG;
    changed |= ((cpu->cr4 & CR4_PAGING) ^ view->cr4) & (CR4_PSE | CR4_PAE);
    changed |= (cpu->efer & EFER_NXE) ^ view->efer;
    bool a20 = view->page_mask >> 8 & 1;
    if (!changed && a20 == cpu->a20) {
        /* CR4.PGE is toggled to flush global pages, and CR0.WP is no part of any mapping: only what
         * the tables make writable is mapped so. Other spaces are compared when they are loaded. */
        view->cr0 = cpu->cr0 & (uint32_t)CR0_PAGING;
        view->cr4 = cpu->cr4 & CR4_PAGING;
        if (view->kind != PAGING_OFF) {
            check_window(view, view->current, true);
            check_window(view, VIEW_SUP, true);
        }
        return;
    }
    view->stats.n_full_flushes++;
    forget_spaces(view);
    if (cpu->cr0 & CR0_PG && cpu->cr4 & CR4_PAE) {
        view_load_pdptes(cpu, cpu->cr3); /* a bad PDPTE was the caller's to report */
    }
    space_start(cpu);
    view_switch_mode(cpu);
}

void view_memory_changed(struct cpu *cpu)
{
    cpu->view->stats.n_full_flushes++;
    lookup_forget_all(cpu);
    forget_spaces(cpu->view);
    space_start(cpu);
    view_switch_mode(cpu);
}

void view_drop_all(struct view *view)
{
    view->stats.n_full_flushes++;
    lookup_forget_all(view->cpu);
    for (uint32_t window = 0; window <= view->last_window; window++) {
        window_clear(view, window);
    }
}

const struct view_stats *view_get_stats(const struct view *view)
{
    return &view->stats;
}
