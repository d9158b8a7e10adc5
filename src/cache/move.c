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

#include "cache/codepage.h"
#include "scan/insn.h"

/* Below, 8 * page is a displacement of one byte. Nobody has programs there. */
enum {
    FIRST_PAGE = 16,
    N_LIN_PAGES = 1 << 20,
    PLANTED_BYTES = 5,
    MAX_TRIED = 8,
    TABLE_BYTES = VIEW_TABLE_SLOTS * sizeof(uint32_t)
};

static bool is_possible(uint32_t lin_page)
{
    return lin_page >= FIRST_PAGE && lin_page < N_LIN_PAGES;
}

static uint32_t move_off(uint32_t move)
{
    return move & ((1u << MOVE_KIND_SHIFT) - 1);
}

static uint32_t read32(const struct cache *cache, uint32_t off)
{
    uint32_t value;
    memcpy(&value, cache->write + off, sizeof(value));
    return value;
}

/* Would what a patch has overwritten, and may put back one day, be such a place? */
static bool is_planted_over(const struct codepage *page, uint32_t off)
{
    for (const struct unit *unit = page->units; unit; unit = unit->next) {
        if (unit->is_patch && unit->planted_at && off + sizeof(uint64_t) > unit->planted_at &&
            off < unit->planted_at + PLANTED_BYTES) {
            return true;
        }
    }
    return false;
}

static bool has_patches(const struct codepage *page)
{
    for (const struct unit *unit = page->units; unit; unit = unit->next) {
        if (unit->is_patch) {
            return true;
        }
    }
    return false;
}

static bool may_move_unit(const struct cache *cache, const struct codepage *page,
                          const struct unit *unit, uint32_t delta_pages, bool patched)
{
    if (unit->is_fixed) {
        return false;
    }
    for (uint32_t i = 0; i < unit->n_moves; i++) {
        const uint32_t kind = unit->moves[i] >> MOVE_KIND_SHIFT, off = move_off(unit->moves[i]);
        if (kind == MOVE_SITE) {
            continue;
        }
        if (kind == MOVE_DIR) {
            const uint32_t target = read32(cache, off) / 8;
            if (!is_possible(target) || !is_possible(target + delta_pages)) {
                return false;
            }
        }
        if (patched && is_planted_over(page, off)) {
            return false;
        }
    }
    return true;
}

static void add32(const struct cache *cache, uint32_t off, uint32_t delta)
{
    const uint32_t value = read32(cache, off) + delta;
    memcpy(cache->write + off, &value, sizeof(value));
}

static void move_unit(const struct cache *cache, const struct unit *unit, uint32_t delta_pages)
{
    const uint32_t delta = delta_pages << 12;
    for (uint32_t i = 0; i < unit->n_moves; i++) {
        const uint32_t off = move_off(unit->moves[i]);
        switch ((enum move_kind)(unit->moves[i] >> MOVE_KIND_SHIFT)) {
        case MOVE_SITE:
            ((struct insn *)(cache->sites + (uint64_t)off * MOVE_SITE_ALIGN))->eip += delta;
            break;
        case MOVE_LIN:
            add32(cache, off, delta);
            break;
        case MOVE_MINUS:
            add32(cache, off, 0 - delta);
            break;
        case MOVE_DIR:
            add32(cache, off, delta_pages * 8);
            break;
        case MOVE_ENTRY:
            add32(cache, off, delta_pages * TABLE_BYTES);
            break;
        case MOVE_CROSS: {
            uint64_t value;
            memcpy(&value, cache->write + off, sizeof(value));
            value += (uint64_t)(int64_t)(int32_t)delta_pages * TABLE_BYTES;
            memcpy(cache->write + off, &value, sizeof(value));
            break;
        }
        }
    }
}

bool codepage_move(struct codepages *pages, struct codepage *page, uint32_t lin_page)
{
    const uint32_t delta_pages = lin_page - page->lin_page;
    const bool patched = has_patches(page);
    if (!is_possible(page->lin_page) || !is_possible(lin_page) || page->phys->loose) {
        return false;
    }
    for (const struct unit *unit = page->units; unit; unit = unit->next) {
        if (!may_move_unit(pages->cache, page, unit, delta_pages, patched)) {
            return false;
        }
    }
    view_forget_table(pages->view, page->lin_page << 12, page->table);
    codepages_forget_returns(pages); /* the landings in it stand for other addresses */
    for (const struct unit *unit = page->units; unit; unit = unit->next) {
        move_unit(pages->cache, unit, delta_pages);
    }
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
