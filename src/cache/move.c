/* move.c - code that comes to another linear address: a program that is executed again finds its
 * libraries elsewhere (address space randomization), in the same physical pages. What units say of
 * their own address was noted when they were made (translate/), so the codepage is not made anew
 * but moved: its table and its code stay where they are, and a few words of it change.
 *
 * Only a codepage that no address space has at its old address any more is moved; two programs that
 * run side by side have one each. Nothing of the guest runs meanwhile. Nobody returns to it as it
 * was: the stacks of guest calls are emptied.
 *
 * -engine no-moves switches it off (monitor/miss.c).
 */
#include <string.h>

#include "base/bytes.h"
#include "cache/bridge.h"
#include "scan/insn.h"

enum { N_LIN_PAGES = 1 << 20, MAX_TRIED = 8 };

static bool is_possible(uint32_t lin_page)
{
    return lin_page >= BRIDGE_FIRST_PAGE && lin_page < N_LIN_PAGES;
}

static void add32(const struct cache *cache, uint32_t off, uint32_t delta)
{
    uint8_t *at = cache->write + off;
    bytes_put_u32(at, bytes_get_u32(at) + delta);
}

/* False: a target would lie where it may not, and `moves` before this one have been applied. */
static bool apply(const struct cache *cache, uint32_t move, uint32_t delta_pages)
{
    const uint32_t delta = delta_pages << 12, off = cache_move_off(move);
    switch ((enum move_kind)(move >> MOVE_KIND_SHIFT)) {
    case MOVE_SITE:
        ((struct insn *)(cache->sites + (uint64_t)off * MOVE_SITE_ALIGN))->eip += delta;
        break;
    case MOVE_LIN:
        add32(cache, off, delta);
        break;
    case MOVE_MINUS:
        add32(cache, off, 0 - delta);
        break;
    case MOVE_DIR: {
        const uint32_t target = bytes_get_u32(cache->write + off) / 8;
        if (!is_possible(target) || !is_possible(target + delta_pages)) {
            return false;
        }
        add32(cache, off, delta_pages * 8);
        break;
    }
    case MOVE_ENTRY:
        add32(cache, off, delta_pages * BRIDGE_TABLE_BYTES);
        break;
    case MOVE_CROSS: {
        uint64_t value;
        memcpy(&value, cache->write + off, sizeof(value));
        value += (uint64_t)(int64_t)(int32_t)delta_pages * BRIDGE_TABLE_BYTES;
        memcpy(cache->write + off, &value, sizeof(value));
        break;
    }
    }
    return true;
}

/* How many of the unit's moves were applied: all, or those before one that may not be. */
static uint32_t move_unit(const struct cache *cache, const struct unit *unit, uint32_t delta_pages)
{
    uint32_t n = 0;
    while (n < unit->n_moves && apply(cache, unit->moves[n], delta_pages)) {
        n++;
    }
    return n;
}

bool codepage_move_unit(const struct cache *cache, const struct unit *unit, uint32_t delta_pages)
{
    return !delta_pages || move_unit(cache, unit, delta_pages) == unit->n_moves;
}

/* As it was: all units before `end`, and the first n moves of that. */
static void move_back(const struct cache *cache, const struct codepage *page,
                      const struct unit *end, uint32_t n, uint32_t delta_pages)
{
    for (const struct unit *unit = page->units; unit != end; unit = unit->next) {
        for (uint32_t i = 0; i < unit->n_moves; i++) {
            apply(cache, unit->moves[i], 0 - delta_pages);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        apply(cache, end->moves[i], 0 - delta_pages);
    }
}

/* Units, what they say of themselves and their code are seldom in a cache of the CPU: asked for one
 * unit ahead, a page takes a quarter less. */
static void fetch_ahead(const struct cache *cache, const struct unit *unit)
{
    enum { LINE = 64, MOST_BYTES = 16 * LINE };
    const uint32_t n_bytes = unit->n_bytes < MOST_BYTES ? unit->n_bytes : MOST_BYTES;
    __builtin_prefetch(unit->next);
    for (uint32_t i = 0; i < unit->n_moves; i += LINE / sizeof(*unit->moves)) {
        __builtin_prefetch(unit->moves + i);
    }
    for (uint32_t i = 0; i < n_bytes; i += LINE) {
        __builtin_prefetch(cache->write + unit->off + i, 1);
    }
}

/* One pass, taken back if something may not be moved. */
static bool move_units(const struct cache *cache, const struct codepage *page, uint32_t delta_pages)
{
    for (const struct unit *unit = page->units; unit; unit = unit->next) {
        if (unit->next) {
            fetch_ahead(cache, unit->next);
        }
        const bool may = !unit->is_fixed && !unit->hides_move;
        const uint32_t n = may ? move_unit(cache, unit, delta_pages) : 0;
        if (!may || n < unit->n_moves) {
            move_back(cache, page, unit, n, delta_pages);
            return false;
        }
    }
    return true;
}

/* Else they would compare with an entry that does not come again, and look up for ever. */
void codepage_take_over(struct codepages *pages, const struct codepage *page)
{
    const uint32_t phys_page = page->phys->phys_page;
    for (struct codepage *other = page->phys->pages; other; other = other->next_phys) {
        if (other != page && other->bridges &&
            !view_has_code(pages->view, other->lin_page << 12, other->table, phys_page)) {
            bridge_close_all(pages, other);
        }
    }
}

bool codepage_move(struct codepages *pages, struct codepage *page, uint32_t lin_page)
{
    const uint32_t delta_pages = lin_page - page->lin_page;
    if (!is_possible(page->lin_page) || !is_possible(lin_page) || page->phys->loose ||
        !move_units(pages->cache, page, delta_pages)) {
        return false;
    }
    view_forget_table(pages->view, page->lin_page << 12, page->table);
    codepages_forget_returns(pages); /* the landings in it stand for other addresses */
    const uint32_t phys_page = page->phys->phys_page;
    struct codepage **at = &pages->hash[codepage_hash(phys_page, page->lin_page, page->mode)];
    while (*at != page) {
        at = &(*at)->next_hash;
    }
    *at = page->next_hash;
    page->lin_page = lin_page;
    at = &pages->hash[codepage_hash(phys_page, lin_page, page->mode)];
    page->next_hash = *at;
    *at = page;
    pages->n_moves++;
    codepage_take_over(pages, page);
    return true;
}

struct codepage *codepage_find_left(const struct codepages *pages, uint32_t phys_page,
                                    uint32_t mode, uint32_t end_off)
{
    const struct physcode *phys = physcode_find(pages, phys_page);
    unsigned n_tried = 0;
    for (struct codepage *page = phys ? phys->pages : NULL; page && n_tried < MAX_TRIED;
         page = page->next_phys) {
        if (page->mode != mode || page->end_off != end_off || !page->units) {
            continue;
        }
        n_tried++;
        if (!view_has_code(pages->view, page->lin_page << 12, page->table, phys_page)) {
            return page;
        }
    }
    return NULL;
}
