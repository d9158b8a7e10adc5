/* codepage.c - what has been scanned: see codepage.h. Called by the monitor only. */
#include "cache/codepage.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static uint64_t tables_bytes(const struct codepages *pages)
{
    return (uint64_t)pages->max_pages * VIEW_TABLE_SLOTS * sizeof(uint32_t);
}

int codepages_create(struct codepages *pages, struct cache *cache, struct view *view,
                     uint32_t max_pages)
{
    memset(pages, 0, sizeof(*pages));
    pages->cache = cache;
    cache->pages = pages;
    pages->view = view;
    pages->max_pages = pages->max_phys = max_pages;
    codepages_forget_hot(pages);
    pages->max_depends = max_pages * 4;
    pages->max_links = max_pages * 256;
    pages->max_bridges = max_pages * 128;
    pages->tables = cache_map_arena(tables_bytes(pages));
    pages->pages = cache_map_arena(pages->max_pages * sizeof(struct codepage));
    pages->phys = cache_map_arena(pages->max_phys * sizeof(struct physcode));
    pages->depends = cache_map_arena(pages->max_depends * sizeof(struct depend));
    pages->links = cache_map_arena((uint64_t)pages->max_links * sizeof(struct pending_link));
    pages->bridges = cache_map_arena((uint64_t)pages->max_bridges * sizeof(struct bridge));
    if (pages->tables == MAP_FAILED || pages->pages == MAP_FAILED || pages->phys == MAP_FAILED ||
        pages->depends == MAP_FAILED || pages->links == MAP_FAILED ||
        pages->bridges == MAP_FAILED) {
        return -ENOMEM;
    }
    return 0;
}

void codepages_destroy(struct codepages *pages)
{
    munmap(pages->tables, tables_bytes(pages));
    munmap(pages->pages, pages->max_pages * sizeof(struct codepage));
    munmap(pages->phys, pages->max_phys * sizeof(struct physcode));
    munmap(pages->depends, pages->max_depends * sizeof(struct depend));
    munmap(pages->links, (uint64_t)pages->max_links * sizeof(struct pending_link));
    munmap(pages->bridges, (uint64_t)pages->max_bridges * sizeof(struct bridge));
}

bool codepages_have_room(const struct codepages *pages)
{
    return pages->n_pages + 2 <= pages->max_pages && pages->n_phys + 3 <= pages->max_phys &&
           pages->n_depends + 2 <= pages->max_depends && pages->n_links + 512 <= pages->max_links &&
           pages->n_bridges < pages->max_bridges;
}

static struct physcode *physcode_get(struct codepages *pages, uint32_t phys_page)
{
    struct physcode *phys = physcode_find(pages, phys_page);
    if (!phys) {
        BUG_ON(pages->n_phys >= pages->max_phys);
        phys = &pages->phys[pages->n_phys++];
        memset(phys, 0, sizeof(*phys));
        phys->phys_page = phys_page;
        phys->next_hash = pages->phys_hash[codepage_hash_phys(phys_page)];
        pages->phys_hash[codepage_hash_phys(phys_page)] = phys;
    }
    return phys;
}

/* Slots are read, and found empty, before they are written. Without this each of a table's pages
 * costs a fault for that, which enters the same page of zeros. */
static void show_tables(struct codepages *pages, uint32_t index)
{
    enum { TABLES = 32 };
    const uint32_t left = pages->max_pages - index, n = left < TABLES ? left : TABLES;
    if (index % TABLES == 0) {
        cache_populate(pages->tables + (uint64_t)index * VIEW_TABLE_SLOTS,
                       (uint64_t)n * VIEW_TABLE_SLOTS * sizeof(uint32_t), false);
    }
}

struct codepage *codepage_get(struct codepages *pages, uint32_t phys_page, uint32_t lin_page,
                              uint32_t mode, uint32_t end_off)
{
    struct codepage *page = codepage_find(pages, phys_page, lin_page, mode, end_off);
    if (page) {
        return page;
    }
    BUG_ON(pages->n_pages >= pages->max_pages);
    unsigned hash = codepage_hash(phys_page, lin_page, mode);
    uint32_t index = pages->n_pages++;
    show_tables(pages, index);
    page = &pages->pages[index];
    struct physcode *phys = physcode_get(pages, phys_page);
    *page = (struct codepage){
        .all = pages,
        .lin_page = lin_page,
        .mode = mode,
        .end_off = end_off,
        .phys = phys,
        .table = pages->tables + (uint64_t)index * VIEW_TABLE_SLOTS,
        .next_hash = pages->hash[hash],
        .next_phys = phys->pages,
    };
    memset(page->asked, pages->fills_at_once ? PART_FILLED : 0, sizeof(page->asked));
    pages->hash[hash] = page;
    phys->pages = page;
    codepage_take_over(pages, page);
    return page;
}

bool codepage_is_return(const struct codepages *pages, uint32_t slot)
{
    uint64_t host = pages->cache->exec + slot;
    const struct unit *unit = cache_find(pages->cache, host);
    const struct unit_insn *insn = unit ? cache_find_insn(pages->cache, unit, host) : NULL;
    return insn && (insn->kind & UNIT_RETURN);
}

static void patch_rel32(const struct cache *cache, uint32_t field_off, uint32_t target_off)
{
    uint32_t rel = target_off - (field_off + 4);
    memcpy(cache->write + field_off, &rel, 4);
}

/* What waits for unit, which is new. */
static void resolve_links(struct codepages *pages, struct codepage *page, const struct unit *unit)
{
    struct pending_link **at = &page->links;
    while (*at) {
        struct pending_link *link = *at;
        const uint32_t off = link->target_off;
        const bool maybe = off >= unit->low_off && off < unit->high_off;
        uint32_t target = maybe ? codepage_slot(page, off) : 0;
        if (target) {
            patch_rel32(pages->cache, link->field_off, target);
            *at = link->next;
            link->next = NULL;
            codepage_free_links(pages, &link);
        } else {
            at = &link->next;
        }
    }
}

static void note_start(struct codepages *pages, const struct codepage *page,
                       const struct unit *unit)
{
    const uint32_t off = unit->insns[0].page_off;
    if (!(page->phys->scanned[off >> 3] & 1u << (off & 7))) { /* nobody else has it */
        pages->starts[codepage_hash_start(page, off)] = 1 + (uint32_t)(unit - pages->cache->units);
    }
}

void codepage_add_unit(struct codepages *pages, struct codepage *page, struct unit *unit)
{
    uint32_t from = 0, end = 0; /* what lies side by side is marked together */
    note_start(pages, page, unit);
    for (uint32_t i = 0; i < unit->n_insns; i++) {
        const struct unit_insn *insn = &unit->insns[i];
        if (codepage_has_slots(page, insn->page_off)) {
            codepage_fill_slot(page, unit, insn);
        }
        if (insn->kind & UNIT_RETURN) { /* comes before a unit that begins there */
            pages->starts[codepage_hash_start(page, insn->page_off)] = 0;
        }
        if (insn->page_off != end) {
            codepage_mark_scanned(page->phys, from, end);
            from = insn->page_off;
        }
        end = insn->page_off + (uint32_t)insn->n_bytes;
    }
    codepage_mark_scanned(page->phys, from, end);
    unit->next = page->units;
    page->units = unit;
    resolve_links(pages, page, unit);
    view_protect_page(pages->view, page->phys->phys_page);
}

static bool depends_on(const struct physcode *phys, const struct codepage *page)
{
    const struct depend *depend = phys->depends;
    while (depend && depend->page != page) {
        depend = depend->next;
    }
    return depend;
}

static struct depend *new_depend(struct codepages *pages)
{
    struct depend *depend = pages->free_depends;
    if (!depend) {
        BUG_ON(pages->n_depends >= pages->max_depends);
        return &pages->depends[pages->n_depends++];
    }
    pages->free_depends = depend->next;
    return depend;
}

void codepage_add_depend(struct codepages *pages, struct codepage *page, uint32_t phys_page,
                         uint32_t n_bytes)
{
    struct physcode *phys = physcode_get(pages, phys_page);
    if (!depends_on(phys, page)) {
        struct depend *depend = new_depend(pages);
        *depend = (struct depend){.page = page, .next = phys->depends};
        phys->depends = depend;
    }
    codepage_mark_scanned(phys, 0, n_bytes);
    view_protect_page(pages->view, phys_page);
}

void codepage_add_link(struct codepages *pages, struct codepage *page, uint32_t target_off,
                       uint32_t field_off)
{
    uint32_t target = codepage_slot(page, target_off);
    if (target) {
        patch_rel32(pages->cache, field_off, target);
        return;
    }
    struct pending_link *link = pages->free_links;
    if (link) {
        pages->free_links = link->next;
    } else if (pages->n_links < pages->max_links) {
        link = &pages->links[pages->n_links++];
    } else {
        return; /* the branch keeps going through the I-view: correct, slower */
    }
    *link = (struct pending_link){
        .target_off = target_off, .field_off = field_off, .next = page->links};
    page->links = link;
}

void codepages_flush(struct codepages *pages)
{
    codepages_forget_returns(pages);
    for (uint32_t i = 0; i < pages->n_pages; i++) {
        struct codepage *page = &pages->pages[i];
        view_forget_table(pages->view, page->lin_page << 12, page->table);
        if (page->units) {
            view_unprotect_page(pages->view, page->phys->phys_page);
        }
    }
    for (uint32_t i = 0; i < pages->n_phys; i++) {
        view_unprotect_page(pages->view, pages->phys[i].phys_page);
    }
    madvise(pages->tables, tables_bytes(pages), MADV_DONTNEED);
    pages->n_pages = pages->n_phys = pages->n_depends = pages->n_links = 0;
    pages->n_bridges = pages->free_bridges = 0;
    pages->n_filled = pages->filled_after = 0;
    pages->free_links = NULL;
    pages->free_depends = NULL;
    codepages_forget_hot(pages);
    memset(pages->hash, 0, sizeof(pages->hash));
    memset(pages->starts, 0, sizeof(pages->starts));
    memset(pages->phys_hash, 0, sizeof(pages->phys_hash));
}
