/* lookup.c - where an access would find its byte in guest RAM, without a window: for sites that
 * keep meeting pages no window has, because each such meeting costs a signal and an mmap (5 us and
 * more; this 20 ns). The guest's tables are walked as for any access, A and D bits included.
 *
 * What was found is kept as a TLB keeps it: until INVLPG, a CR3 load, a change of paging, of what
 * answers at physical addresses, of watched pages, or until a page gets scanned code (INV-1).
 * Light.
 */
#include "view/view_internal.h"

/* A page that is used so often without a window is worth a mapping: other sites use it too. More
 * often than the eight stores of an unrolled loop that come to each page once. Quick look-ups are
 * not counted, so a page that is there in another epoch still has been used often; where processes
 * come and go it may be another process's. */
enum { VISITS_BEFORE_MAPPING = 24, VISITS_OF_EPOCH = 24, VISITS_OF_BUSY_EPOCH = 8 };
enum { VISITS_MASK = 31, EPOCH_MASK = 15, FRAME_MASK = 0xfff }; /* struct view_visits */

static void forget_quick(struct cpu *cpu)
{
    uint32_t *tag = cpu->quick_tag[0];
    if (cpu->n_quick <= CPU_QUICK_LIST) {
        for (unsigned i = 0; i < cpu->n_quick; i++) {
            tag[cpu->quick_list[i]] = CPU_QUICK_NEVER;
        }
    } else {
        for (unsigned i = 0; i < 2 * CPU_QUICK; i++) {
            tag[i] = CPU_QUICK_NEVER;
        }
    }
    cpu->n_quick = 0;
}

void lookup_start(struct cpu *cpu)
{
    cpu->n_quick = UINT32_MAX; /* a tag of 0 would be that of page 0 */
    cpu->lookup_epoch = 1;
    lookup_forget_all(cpu);
}

void lookup_forget_all(struct cpu *cpu)
{
    forget_quick(cpu);
    if (cpu->any_lookup_large) {
        for (unsigned i = 0; i < ARRAY_SIZE(cpu->lookup_large); i++) {
            cpu->lookup_large[i] = 0;
        }
        cpu->any_lookup_large = false;
    }
    if (++cpu->lookup_generation == 0) { /* tags of 2^32 flushes ago */
        for (unsigned i = 0; i < CPU_LOOKUPS; i++) {
            cpu->lookup[i].tag = 0;
        }
        cpu->lookup_generation = 1;
    }
}

/* INVLPG: the page, and what else was found in it if it was a large one. */
void lookup_forget_page(struct cpu *cpu, uint32_t lin)
{
    uint32_t page = lin >> PAGE_SHIFT, i = page % CPU_QUICK;
    if (bit_get(cpu->lookup_large, lin >> 22)) {
        lookup_forget_all(cpu);
        return;
    }
    for (unsigned write = 0; write < 2; write++) {
        struct cpu_lookup *known = view_lookup_of(cpu, lin, write);
        if ((uint32_t)known->tag >> PAGE_SHIFT == page) {
            known->tag = 0; /* of generation 0, which is none */
        }
        uint32_t sum = 0u - cpu->quick_tag[write][i];
        if ((sum & (CPU_QUICK_USER - 1)) == page) {
            cpu->quick_tag[write][i] = CPU_QUICK_NEVER;
        }
    }
}

static void note_large(struct cpu *cpu, uint32_t lin)
{
    bit_set(cpu->lookup_large, lin >> 22);
    cpu->any_lookup_large = true;
}

void view_age_lookups(struct cpu *cpu)
{
    enum { EPOCH_TSC = 1 << 21, WORTH_SHIFT = 17 }; /* 0.8 ms; ten times a fault spared */
    uint64_t now = __builtin_ia32_rdtsc(), passed = now - cpu->lookup_epoch_tsc;
    if (passed < EPOCH_TSC) {
        return;
    }
    int64_t n_spared = (int32_t)(cpu->n_spared - cpu->lookup_n_spared); /* < 0: charged */
    if (n_spared > 0 && (uint64_t)n_spared << WORTH_SHIFT >= passed) {
        cpu->lookup_paid = cpu->lookup_epoch;
    }
    cpu->lookup_n_spared = cpu->n_spared;
    cpu->lookup_epoch_tsc = now;
    cpu->lookup_epoch += cpu->lookup_epoch != UINT32_MAX ? 1 : 2; /* none is 0 */
    lookup_forget_all(cpu);
}

static struct view_visits *visits_of(struct view *view, uint32_t window, uint32_t lin)
{
    uint32_t hash = (lin >> PAGE_SHIFT) * 2654435769u ^ window * 2246822519u;
    return &view->visits[hash >> (32 - VIEW_VISITS_SHIFT)];
}

/* The guest gives the page another frame: what Linux does for each page beyond its own region that
 * it clears or copies (kmap). Three uses of each such frame are no reason to map any. */
void lookup_forget_visits(struct view *view, uint32_t window, uint32_t lin)
{
    visits_of(view, window, lin)->n = 0;
}

/* A page that others fault at as well has to be mapped in spite of all look-ups. */
void lookup_charge(struct cpu *cpu, uint32_t window, uint32_t lin, uint32_t phys_page)
{
    enum { COUNTED = 2 }; /* the guest's fault, and the use after it */
    struct view_visits *visits = visits_of(cpu->view, window, lin);
    if (visits->n && visits->frame == (phys_page & FRAME_MASK)) {
        cpu->lookup_charged[visits->by]++;
        cpu->n_charged++;
        cpu->n_spared -= COUNTED;
        visits->n = 0;
    }
}

static uint32_t window_number(const struct view *view, uint64_t base)
{
    return (uint32_t)((base - view->window0) >> VIEW_WINDOW_STRIDE_SHIFT);
}

static bool is_mapped(const struct view *view, uint32_t window, uint32_t lin, bool write)
{
    const struct view_slot *slot = slot_find(view, window, lin >> view->slot_shift);
    uint32_t i = (lin >> PAGE_SHIFT) & (view->slot_pages - 1);
    return slot && bit_get(slot->mapped, i) && (!write || bit_get(slot->writable, i));
}

bool view_is_mapped(const struct cpu *cpu, uint32_t lin, bool write, bool user)
{
    const struct view *view = cpu->view;
    return is_mapped(view, window_number(view, view_window_for(cpu, lin, user)), lin, write);
}

/* May the access be made in RAM, for all that is not said by the guest's tables? */
static bool may_use(const struct view *view, uint32_t lin, uint32_t phys, bool write)
{
    uint32_t phys_page = phys >> PAGE_SHIFT;
    enum mem_type type = mem_type_of(view->mem, phys);
    return (type == MEM_RAM || (type == MEM_ROM && !write)) &&
           !(write && page_is_protected(view, phys_page)) &&
           !page_is_hidden(view, lin >> PAGE_SHIFT, phys_page);
}

/* One visit more. Another frame is another page: another process has come. Only the first one
 * spares a fault, for that fault would have mapped it. */
static bool is_worth_mapping(struct cpu *cpu, struct view_visits *visits, uint32_t phys_page)
{
    const uint32_t epoch = cpu->lookup_epoch & EPOCH_MASK;
    const uint32_t frame = phys_page & FRAME_MASK;
    unsigned of_epoch = view_lookups_pay(cpu) ? VISITS_OF_BUSY_EPOCH : VISITS_OF_EPOCH;
    unsigned n = visits->frame != frame                ? 1u
                 : visits->n && visits->epoch != epoch ? visits->n + of_epoch
                                                       : visits->n + 1u;
    bool is_worth = n > VISITS_BEFORE_MAPPING;
    if (n == 1) {
        visits->by = cpu->lookup_by & (CPU_LOOKUP_SITES - 1);
        cpu->n_spared++;
        cpu->n_found++;
    }
    visits->n = is_worth ? 0 : n & VISITS_MASK;
    visits->epoch = epoch;
    visits->frame = frame;
    return is_worth;
}

enum view_answer view_look_up(struct cpu *cpu, uint32_t lin, bool write, uint64_t *host)
{
    struct view *view = cpu->view;
    struct walk walk;
    bool user = cpu->cpl == 3;
    enum view_access access = write ? VIEW_WRITE : VIEW_READ;
    uint64_t base = view_window_for(cpu, lin, user);
    uint32_t window = window_number(view, base);
    view->stats.n_lookups++;
    if (view_walk(cpu, lin, access, user, false, &walk, &cpu->fault)) {
        view->stats.n_guest_faults++;
        lookup_forget_visits(view, window, lin);
        cpu->n_spared++;
        if (user) {
            early_want_looked_up(cpu, lin, access);
        }
        return VIEW_FAULT;
    }
    if (!may_use(view, lin, walk.phys, write)) {
        return VIEW_CHECKED;
    }
    bool is_spared = !is_mapped(view, window, lin, write);
    if (is_spared) {
        if (is_worth_mapping(cpu, visits_of(view, window, lin), walk.phys >> PAGE_SHIFT) &&
            window_has_room(view)) {
            is_spared = view_fault(cpu, base, lin, access, user) != VIEW_MAPPED;
        }
    }
    uint8_t *byte = view->mem->host +
                    ((uint64_t)page_in_memfd(view, walk.phys >> PAGE_SHIFT) << PAGE_SHIFT) +
                    (lin & (PAGE_BYTES - 1));
    if (walk.page_bytes != PAGE_BYTES) {
        note_large(cpu, lin);
    }
    *host = (uint64_t)byte;
    *view_lookup_of(cpu, lin, write) = (struct cpu_lookup){
        .tag = view_lookup_tag(cpu, lin, write, user), .delta = ((uint64_t)byte - lin) | is_spared};
    return VIEW_MAPPED;
}
