/* codepage_light.c - the part of codepage.h that stores to scanned pages reach while the guest's
 * FPU state is live: is it code, and away with the units. Light. */
#include "cache/bridge.h"

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
    while (page && (page->phys->phys_page != phys_page || page->lin_page != lin_page ||
                    page->mode != mode || page->end_off != end_off)) {
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

static void drop_units(struct codepages *pages, struct codepage *page)
{
    for (struct unit *unit = page->units; unit; unit = unit->next) {
        unit->dead = true;
        pages->n_units_dropped++;
        for (uint32_t i = 0; i < unit->n_insns; i++) {
            page->table[unit->insns[i].page_off] = 0;
        }
    }
    if (page->units) {
        codepages_forget_returns(pages);
    }
    bridge_close_all(pages, page);
    page->units = NULL;
    page->links = NULL;
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
    for (struct depend *depend = phys->depends; depend; depend = depend->next) {
        drop_units(pages, depend->page); /* its own page stays protected: harmless */
    }
    phys->depends = NULL;
    for (unsigned i = 0; i < sizeof(phys->scanned); i++) {
        phys->scanned[i] = 0;
    }
    view_unprotect_page(pages->view, phys_page);
}
