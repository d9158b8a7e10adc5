/* codepage_light.c - the part of codepage.h that stores to scanned pages reach while the guest's
 * FPU state is live: is it code, and away with the units. Light. */
#include "cache/bridge.h"

/* A look-up that finds its part empty costs some 0.3 us. 1 for big programs: 37 MiB of tables; 2:
 * 33, 4: 29, 8: 27; all at once: 65. */
enum { ASKED_BEFORE_SLOTS = 4 };

struct physcode *physcode_find(const struct codepages *pages, uint32_t phys_page)
{
    struct physcode *phys = pages->phys_hash[codepage_hash_phys(phys_page)];
    while (phys && phys->phys_page != phys_page) {
        phys = phys->next_hash;
    }
    return phys;
}

struct codepage *codepage_find(const struct codepages *pages, uint32_t phys_page, uint32_t lin_page,
                               uint32_t mode, uint32_t end_off)
{
    struct codepage *page = pages->hash[codepage_hash(phys_page, lin_page, mode)];
    while (page && (page->lin_page != lin_page || page->mode != mode || page->end_off != end_off ||
                    page->phys->phys_page != phys_page)) { /* one more line of memory: last */
        page = page->next_hash;
    }
    return page;
}

struct codepage *codepage_of_table(const struct codepages *pages, const uint32_t *table)
{
    uint64_t index = (uint64_t)(table - pages->tables) / VIEW_TABLE_SLOTS;
    return index < pages->n_pages ? &pages->pages[index] : NULL;
}

bool codepage_hit(const struct codepages *pages, uint32_t phys_addr, uint32_t n_bytes)
{
    const struct physcode *phys = physcode_find(pages, phys_addr >> 12);
    if (!phys || (!phys->pages && !phys->depends)) {
        return false;
    }
    for (uint32_t i = phys_addr & 4095; n_bytes && i < 4096; i++, n_bytes--) {
        if (phys->scanned[i >> 3] & 1u << (i & 7)) {
            return true;
        }
    }
    return false;
}

static bool has_slots(const struct unit *unit)
{
    return !unit->is_patch && !unit->is_replaced;
}

/* The instruction of unit that begins at off; NULL: none does. Light: a unit's instructions are in
 * ascending order of address, as they were scanned. */
static const struct unit_insn *insn_at(const struct unit *unit, uint32_t off)
{
    const struct unit_insn *insn = unit->insns;
    for (uint32_t n = unit->n_insns; n > 1;) {
        const uint32_t half = n / 2;
        insn += insn[half].page_off <= off ? half : 0;
        n -= half;
    }
    return insn->page_off == off ? insn : NULL;
}

/* Most branches lead to where a unit begins; each unit of the list is a line of memory to wait
 * for. 0: not known. */
static uint32_t guess_start(const struct codepage *page, uint32_t off)
{
    const uint32_t number = page->all->starts[codepage_hash_start(page, off)];
    if (!number) {
        return 0;
    }
    const struct unit *unit = &page->all->cache->units[number - 1];
    const bool fits = unit->page == page && unit->low_off == off && !unit->dead;
    return fits && has_slots(unit) ? unit->off : 0;
}

uint32_t codepage_search(const struct codepage *page, uint32_t off)
{
    uint32_t found = guess_start(page, off);
    if (found) {
        return found;
    }
    for (const struct unit *unit = page->units; unit; unit = unit->next) { /* the newest first */
        if (off < unit->low_off || off >= unit->high_off || !has_slots(unit)) {
            continue;
        }
        const struct unit_insn *insn = insn_at(unit, off);
        if (!insn || unit_insn_pending(insn)) {
            continue;
        }
        found = unit->off + insn->host_off;
        if (insn->kind & UNIT_RETURN) {
            return found;
        }
    }
    return found;
}

/* As codepage_add_unit() would have done, the oldest unit first: so here a slot that is not a
 * return's is overwritten by older ones. */
static void fill_part(struct codepages *pages, struct codepage *page, uint32_t part)
{
    const uint32_t low = part << PART_SHIFT, high = low + (1u << PART_SHIFT);
    uint8_t is_return[(1u << PART_SHIFT) / 8];
    for (unsigned i = 0; i < sizeof(is_return); i++) {
        is_return[i] = 0;
    }
    for (const struct unit *unit = page->units; unit; unit = unit->next) {
        if (!has_slots(unit) || unit->low_off >= high || unit->high_off <= low) {
            continue;
        }
        for (uint32_t i = 0; i < unit->n_insns; i++) {
            const struct unit_insn *insn = &unit->insns[i];
            const uint32_t at = insn->page_off - low;
            if (at >= 1u << PART_SHIFT || unit_insn_pending(insn) ||
                is_return[at >> 3] & 1u << (at & 7)) {
                continue;
            }
            page->table[insn->page_off] = unit->off + insn->host_off;
            if (insn->kind & UNIT_RETURN) {
                is_return[at >> 3] |= (uint8_t)(1u << (at & 7));
            }
        }
    }
    page->asked[part] = PART_FILLED;
    pages->n_filled++;
}

uint32_t codepage_look_up(struct codepages *pages, struct codepage *page, uint32_t off)
{
    const uint32_t slot = codepage_slot(page, off), part = off >> PART_SHIFT;
    if (slot && !codepage_has_slots(page, off) && ++page->asked[part] >= ASKED_BEFORE_SLOTS) {
        fill_part(pages, page, part);
    }
    return slot;
}

void codepage_clear_slot(struct codepages *pages, struct codepage *page, uint32_t off)
{
    const uint32_t slot = codepage_slot(page, off);
    struct unit *unit = slot ? cache_find(pages->cache, pages->cache->exec + slot) : NULL;
    if (!unit) {
        return;
    }
    unit->is_replaced = unit->n_insns == 1;
    if (!unit->is_replaced && !codepage_has_slots(page, off)) {
        fill_part(pages, page, off >> PART_SHIFT); /* else it would be searched for, and found */
    }
    if (codepage_has_slots(page, off)) {
        page->table[off] = 0;
    }
}

void codepage_free_links(struct codepages *pages, struct pending_link **list)
{
    struct pending_link **last = list;
    while (*last) {
        last = &(*last)->next;
    }
    if (!pages->never_reuse) {
        *last = pages->free_links;
        pages->free_links = *list;
    }
    *list = NULL;
}

static void drop_units(struct codepages *pages, struct codepage *page)
{
    for (struct unit *unit = page->units; unit; unit = unit->next) {
        unit->dead = true;
        pages->n_units_dropped++;
        for (uint32_t i = 0; i < unit->n_insns; i++) {
            if (codepage_has_slots(page, unit->insns[i].page_off)) {
                page->table[unit->insns[i].page_off] = 0;
            }
        }
    }
    if (page->units) {
        codepages_forget_returns(pages);
    }
    bridge_close_all(pages, page);
    page->units = NULL;
    codepage_free_links(pages, &page->links);
}

void codepage_invalidate(struct codepages *pages, uint32_t phys_page)
{
    struct physcode *phys = physcode_find(pages, phys_page);
    if (!phys) {
        return;
    }
    pages->n_invalidations++;
    phys->n_writes++;
    phys->loose = false;
    codepage_free_slots(pages, phys_page);
    for (struct codepage *page = phys->pages; page; page = page->next_phys) {
        drop_units(pages, page);
    }
    struct depend **last = &phys->depends;
    for (; *last; last = &(*last)->next) {
        drop_units(pages, (*last)->page); /* its own page stays protected: harmless */
    }
    if (!pages->never_reuse) {
        *last = pages->free_depends;
        pages->free_depends = phys->depends;
    }
    phys->depends = NULL;
    for (unsigned i = 0; i < sizeof(phys->scanned); i++) {
        phys->scanned[i] = 0;
    }
    view_unprotect_page(pages->view, phys_page);
}
