/* crossing.c - which unit of an instruction on two pages is right now: see crossing.h. Nothing of
 * the guest runs meanwhile.
 *
 * What a unit was made from is known by its constant: the entry leads to the codepage behind the
 * border as it was then. While the unit lives, none of its bytes has been stored to, in neither
 * page (struct depend): the same physical page has the same bytes there. */
#include "cache/crossing.h"

#include <string.h>

#include "base/bytes.h"

static bool is_of(const struct unit *unit, uint32_t off)
{
    return unit->cross_off && unit->low_off == off;
}

static uint32_t next_lin(const struct codepage *page)
{
    return (page->lin_page + 1) << PAGE_SHIFT;
}

static const struct codepage *made_from(const struct codepages *pages, const struct unit *unit)
{
    const uint64_t page = next_lin(unit->page) >> PAGE_SHIFT;
    uint64_t negated;
    memcpy(&negated, pages->cache->write + unit->off + unit->cross_off, sizeof(negated));
    return codepage_of_table(
        pages, (const uint32_t *)(page * VIEW_TABLE_SLOTS * sizeof(uint32_t) - negated));
}

static bool is_same(const struct codepage *old, const struct codepage *now)
{
    return old && old->phys == now->phys && old->mode == now->mode && old->end_off == now->end_off;
}

static uint32_t entry_point(const struct unit *unit)
{
    return unit->off + unit->insns[0].host_off;
}

static void lead(const struct cache *cache, const struct unit *unit, uint32_t to)
{
    const uint32_t field = unit->off + unit->cross_off + CROSSING_JUMP;
    bytes_put_u32(cache->write + field, to - (field + 4));
}

/* From one to the next, and at last to `last`: none leads to itself, however often that is done. */
static void lead_to(const struct cache *cache, const struct unit *last)
{
    const struct unit *before = NULL;
    for (const struct unit *unit = last->page->units; unit; unit = unit->next) {
        if (unit == last || !is_of(unit, last->low_off)) {
            continue;
        }
        if (before) {
            lead(cache, before, entry_point(unit));
        }
        before = unit;
    }
    if (before) {
        lead(cache, before, entry_point(last));
    }
    lead(cache, last, CROSSING_STUB);
}

const struct unit *crossing_find(const struct codepage *page, uint32_t off)
{
    const struct unit *unit = page->units;
    while (unit && !is_of(unit, off)) {
        unit = unit->next;
    }
    return unit;
}

const struct unit *crossing_mend(struct codepages *pages, struct codepage *page, uint32_t off,
                                 const struct codepage *second)
{
    const struct unit *unit = crossing_find(page, off);
    while (unit && !(is_of(unit, off) && is_same(made_from(pages, unit), second))) {
        unit = unit->next;
    }
    /* Units of a loose page are dropped one by one, so none may lead to another one, and only by
     * the slot does anybody get there. */
    if (!unit || (page->phys->loose && codepage_slot(page, off) != entry_point(unit))) {
        return NULL;
    }
    const uint64_t negated = 0 - view_code_entry(second->table, next_lin(page));
    memcpy(pages->cache->write + unit->off + unit->cross_off, &negated, sizeof(negated));
    if (!page->phys->loose) {
        lead_to(pages->cache, unit);
    }
    return unit;
}

void crossing_succeed(const struct codepages *pages, const struct unit *unit)
{
    if (!unit->page->phys->loose) {
        lead_to(pages->cache, unit);
    }
}
