/* test_cache_codepage.c - what has been scanned: slots, scanned bytes, links, invalidation. The
 * three functions of view/ that codepage.c calls are played by this program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cache/codepage.h"

static struct cache cache;
static struct codepages pages;
static int n_protected[16]; /* by physical page: protect adds, unprotect empties */
static uint32_t *forgotten[16];
static unsigned n_forgotten;

void view_protect_page(struct view *view, uint32_t phys_page)
{
    (void)view;
    n_protected[phys_page & 15]++;
}
void view_unprotect_page(struct view *view, uint32_t phys_page)
{
    (void)view;
    n_protected[phys_page & 15] = 0;
}
void view_forget_table(struct view *view, uint32_t lin, const uint32_t *table)
{
    (void)view;
    (void)lin;
    forgotten[n_forgotten++ & 15] = (uint32_t *)(uintptr_t)table;
}
static uint32_t needed_phys; /* the page that some address space has */
bool view_has_code(const struct view *view, uint32_t lin, const uint32_t *table, uint32_t phys_page)
{
    (void)view;
    (void)lin;
    (void)table;
    return phys_page == needed_phys;
}

static int setup(void **state)
{
    (void)state;
    memset(n_protected, 0, sizeof(n_protected));
    n_forgotten = 0;
    return cache_create(&cache, 1 << 20) || codepages_create(&pages, &cache, NULL, 8);
}

static int teardown(void **state)
{
    (void)state;
    codepages_destroy(&pages);
    cache_destroy(&cache);
    return 0;
}

static uint16_t return_off = UINT16_MAX; /* what a call comes back to */

/* A unit of page with an instruction of 4 host bytes and n_bytes guest bytes at each offset. */
static struct unit *add(struct codepage *page, const uint16_t *offs, unsigned n, unsigned n_bytes)
{
    struct emit emit;
    struct unit_insn insns[16];
    assert_true(cache_begin(&cache, 256, n, &emit));
    for (unsigned i = 0; i < n; i++) {
        insns[i] = (struct unit_insn){
            .host_off = (uint16_t)(4 * i),
            .page_off = offs[i],
            .n_bytes = (uint8_t)n_bytes,
            .kind = offs[i] == return_off ? UNIT_RETURN : 0,
        };
        emit_u32(&emit, 0x90909090);
    }
    struct unit *unit = cache_commit(&cache, &emit, insns, n, 4 * n, page);
    codepage_add_unit(&pages, page, unit);
    return unit;
}
#define ADD(page, n_bytes, ...)                                                                    \
    add(page, (const uint16_t[]){__VA_ARGS__}, sizeof((uint16_t[]){__VA_ARGS__}) / 2, n_bytes)

static void get(void **state)
{
    (void)state;
    assert_null(codepage_find(&pages, 5, 0x400, 0x15, 0));
    struct codepage *page = codepage_get(&pages, 5, 0x400, 0x15, 0);
    assert_ptr_equal(codepage_find(&pages, 5, 0x400, 0x15, 0), page);
    assert_null(codepage_find(&pages, 5, 0x400, 0x15, 0x10));
    assert_ptr_equal(codepage_get(&pages, 5, 0x400, 0x15, 0), page);
    struct codepage *others[] = {
        codepage_get(&pages, 6, 0x400, 0x15, 0), codepage_get(&pages, 5, 0x401, 0x15, 0),
        codepage_get(&pages, 5, 0x400, 0x14, 0), codepage_get(&pages, 5, 0x400, 0x15, 0x10)};
    for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
        assert_ptr_not_equal(others[i], page);
        assert_ptr_equal(codepage_of_table(&pages, others[i]->table), others[i]);
        assert_ptr_equal(codepage_of_table(&pages, others[i]->table + 4095), others[i]);
    }
    assert_int_equal(pages.n_pages, 5);
    assert_int_equal(pages.n_phys, 2); /* four pages share one physical page */
    assert_ptr_equal(others[3]->phys, page->phys);
    assert_null(codepage_of_table(&pages, pages.tables + 5 * VIEW_TABLE_SLOTS));
    assert_null(physcode_find(&pages, 7));
    assert_ptr_equal(physcode_find(&pages, 5), page->phys);
}

static void slots(void **state)
{
    (void)state;
    struct codepage *page = codepage_get(&pages, 5, 0x400, 1, 0);
    struct unit *unit = ADD(page, 2, 0x10, 0x12, 0x14);
    for (unsigned off = 0; off < 4096; off++) {
        uint32_t want = off == 0x10   ? unit->off
                        : off == 0x12 ? unit->off + 4
                        : off == 0x14 ? unit->off + 8
                                      : 0;
        assert_int_equal(codepage_slot(page, off), want);
    }
    assert_int_equal(n_protected[5], 1);
    struct unit *overlap = ADD(page, 2, 0x0e, 0x10, 0x13);
    assert_int_equal(codepage_slot(page, 0x0e), overlap->off);
    assert_int_equal(codepage_slot(page, 0x10), unit->off); /* the first one stays */
    assert_int_equal(codepage_slot(page, 0x13), overlap->off + 8);
    assert_ptr_equal(page->units, overlap);
    assert_ptr_equal(overlap->next, unit);
}

static void look_up(struct codepage *page, unsigned off, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        assert_int_not_equal(codepage_look_up(&pages, page, (uint32_t)off), 0);
    }
}

/* Tables of code that no address space has go back to the host; the others, and the code, stay. */
static void tables_nobody_needs(void **state)
{
    (void)state;
    static const uint16_t offs[] = {0x10, 0x7fe, 0x800, 0xffc};
    struct codepage *page[4];
    struct unit *unit[4];
    needed_phys = 6;
    for (unsigned i = 0; i < 4; i++) {
        page[i] = codepage_get(&pages, 5 + i, 0x400 + i, 1, 0);
        unit[i] = ADD(page[i], 2, 0x10, 0x7fe, 0x800, 0xffc);
        for (unsigned at = 0; at < 4; at++) {
            look_up(page[i], offs[at], i == 3 ? 1 : 4); /* the last one is not filled */
        }
    }
    codepage_clear_slot(&pages, page[1], 0x7fe);
    assert_int_equal(pages.n_filled, 12);
    codepages_shrink(&pages); /* too few to look for */
    assert_int_equal(page[0]->table[0x10], unit[0]->off);
    pages.n_filled += SHRINK_PARTS;
    pages.never_reuse = true;
    codepages_shrink(&pages);
    assert_int_equal(page[0]->table[0x10], unit[0]->off);
    pages.never_reuse = false;
    codepages_shrink(&pages);
    assert_int_equal(pages.n_filled, SHRINK_PARTS + 4);
    assert_int_equal(pages.n_given_back, 8);
    assert_int_equal(pages.filled_after, pages.n_filled);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(page[i]->table[0x10], i == 1 ? unit[i]->off : 0);
        assert_int_equal(page[i]->table[0x800], i == 1 ? unit[i]->off + 8 : 0);
        assert_int_equal(page[i]->table[0xffc], i == 1 ? unit[i]->off + 12 : 0);
        for (unsigned at = 0; at < 4; at++) {
            const bool cleared = i == 1 && offs[at] == 0x7fe;
            assert_int_equal(codepage_slot(page[i], offs[at]), cleared ? 0 : unit[i]->off + 4 * at);
        }
    }
    look_up(page[2], 0x800, 4); /* as the first time */
    assert_int_equal(page[2]->table[0x800], unit[2]->off + 8);
    assert_int_equal(page[2]->table[0x10], 0);
    const uint64_t now = pages.tsc_shrunk, long_ago = now - (UINT64_C(1) << 32);
    for (unsigned more = 255; more <= 256; more++) { /* what was left counts, and the time */
        pages.n_filled = pages.filled_after + more;
        pages.tsc_shrunk = more == 255 ? long_ago : now;
        codepages_shrink(&pages);
        assert_int_equal(page[2]->table[0x800], unit[2]->off + 8);
    }
    pages.tsc_shrunk = long_ago;
    codepages_shrink(&pages);
    assert_int_equal(page[2]->table[0x800], 0);
}

/* Overlapping units, returns among them, patches, what is pending: an order that decides. */
static struct unit *add_many(struct codepage *page)
{
    ADD(page, 2, 0x10, 0x12, 0x14, 0x3fe, 0x400, 0x402, 0xc00);
    return_off = 0x10;
    struct unit *unit = ADD(page, 2, 0x0e, 0x10, 0x12, 0x16, 0x402);
    return_off = UINT16_MAX;
    unit->insns[3].detail = 4;
    ADD(page, 2, 0x12, 0x14, 0x18);
    struct unit *patch = ADD(page, 2, 0x1a);
    patch->is_patch = true;
    return unit;
}

static void slots_come_late(void **state)
{
    (void)state;
    struct codepage *page = codepage_get(&pages, 5, 0x400, 1, 0);
    struct unit *unit = ADD(page, 2, 0x10, 0x12, 0x3fe, 0x400, 0xc00);
    assert_int_equal(codepage_look_up(&pages, page, 0x11),
                     0);                 /* never scanned, and nobody has it: */
    for (unsigned i = 0; i < 300; i++) { /* that fills nothing */
        assert_int_equal(codepage_look_up(&pages, page, 0x13), 0);
        assert_int_equal(codepage_slot(page, 0x12), unit->off + 4);
    }
    look_up(page, 0x12, 3);
    for (unsigned off = 0; off < 4096; off++) {
        assert_int_equal(page->table[off], 0);
    }
    look_up(page, 0x10, 1);
    assert_int_equal(page->table[0x10], unit->off);
    assert_int_equal(page->table[0x3fe], unit->off + 8);
    assert_int_equal(page->table[0x400] | page->table[0xc00], 0);
    struct unit *more = ADD(page, 2, 0x3fc, 0x3fe, 0x404); /* filled where its part is */
    assert_int_equal(page->table[0x3fc], more->off);
    assert_int_equal(page->table[0x3fe], unit->off + 8);
    assert_int_equal(page->table[0x404], 0);
    codepage_invalidate(&pages, 5);
    for (unsigned off = 0; off < 4096; off++) {
        assert_int_equal(page->table[off] | codepage_slot(page, off), 0);
    }
}

/* Filled later, a part holds what it would hold if it had been there from the start. */
static void late_slots_are_the_same(void **state)
{
    (void)state;
    struct codepage *late = codepage_get(&pages, 5, 0x400, 1, 0);
    pages.fills_at_once = true;
    struct codepage *early = codepage_get(&pages, 5, 0x401, 1, 0);
    pages.fills_at_once = false;
    const uint32_t base = add_many(late)->off, early_base = add_many(early)->off;
    assert_int_equal(early->table[0x10], early_base + 4); /* the return's */
    early->table[0x16] = early->table[0x1a] = 0;
    for (unsigned off = 0; off < 4096; off++) {
        const uint32_t want = early->table[off] ? early->table[off] - early_base + base : 0;
        assert_int_equal(codepage_slot(late, off), want);
    }
    look_up(late, 0x10, 4);
    look_up(late, 0x402, 4);
    look_up(late, 0xc00, 4);
    for (unsigned off = 0; off < 4096; off++) {
        const uint32_t want = early->table[off] ? early->table[off] - early_base + base : 0;
        assert_int_equal(late->table[off], want);
    }
}

static void cleared_slots(void **state)
{
    (void)state;
    struct codepage *page = codepage_get(&pages, 5, 0x400, 1, 0);
    struct unit *unit = ADD(page, 2, 0x10, 0x12);
    ADD(page, 4, 0xffe);
    codepage_clear_slot(&pages, page, 0x800); /* nothing there */
    codepage_clear_slot(&pages, page, 0xffe);
    codepage_clear_slot(&pages, page, 0x12);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(codepage_slot(page, 0xffe) | codepage_slot(page, 0x12), 0);
        assert_int_equal(codepage_slot(page, 0x10), unit->off);
        look_up(page, 0x10, 5);
    }
    struct unit *again = ADD(page, 4, 0xffe);
    for (unsigned i = 0; i < 5; i++) { /* before its part is filled, and then */
        assert_int_equal(codepage_look_up(&pages, page, 0xffe), again->off);
    }
    assert_int_equal(page->table[0xffe], again->off);
    codepage_clear_slot(&pages, page, 0xffe);
    assert_int_equal(codepage_slot(page, 0xffe), 0);
}

static void hits(void **state)
{
    (void)state;
    struct codepage *page = codepage_get(&pages, 5, 0x400, 1, 0);
    assert_false(codepage_hit(&pages, 5 << 12, 4096));
    ADD(page, 3, 0x100, 0x103, 0xffe); /* the last one ends in the next page */
    for (uint32_t off = 0; off < 4096; off++) {
        bool code = (off >= 0x100 && off < 0x106) || off >= 0xffe;
        assert_int_equal(codepage_hit(&pages, 5 << 12 | off, 1), code);
        bool code4 = (off + 4 > 0x100 && off < 0x106) || off + 4 > 0xffe;
        assert_int_equal(codepage_hit(&pages, 5 << 12 | off, 4), code4);
    }
    assert_true(codepage_hit(&pages, 5 << 12, 4096));
    assert_false(codepage_hit(&pages, 6 << 12, 4096));
    codepage_add_depend(&pages, page, 6, 1);
    assert_true(codepage_hit(&pages, 6 << 12, 1));
    assert_false(codepage_hit(&pages, 6 << 12 | 1, 4095));
    assert_int_equal(n_protected[6], 1);
    assert_false(codepage_hit(&pages, 4 << 12, 4096));
}

static uint32_t branch_target(uint32_t field_off)
{
    uint32_t rel;
    memcpy(&rel, cache.write + field_off, 4);
    return field_off + 4 + rel;
}

static void links(void **state)
{
    (void)state;
    struct codepage *page = codepage_get(&pages, 5, 0x400, 1, 0);
    struct codepage *alias = codepage_get(&pages, 5, 0x500, 1, 0);
    struct unit *from = ADD(page, 2, 0x10, 0x12, 0x14);
    codepage_add_link(&pages, page, 0x12, from->off); /* known already: at once */
    assert_int_equal(branch_target(from->off), from->off + 4);
    codepage_add_link(&pages, page, 0x30, from->off + 4);
    codepage_add_link(&pages, page, 0x40, from->off + 8);
    uint32_t before = branch_target(from->off + 8);
    ADD(alias, 2, 0x30, 0x40); /* another page's code is not the target */
    assert_int_equal(branch_target(from->off + 8), before);
    struct unit *to = ADD(page, 2, 0x2e, 0x30);
    assert_int_equal(branch_target(from->off + 4), to->off + 4);
    assert_int_equal(branch_target(from->off + 8), before); /* still waits */
    struct unit *last = ADD(page, 2, 0x40);
    assert_int_equal(branch_target(from->off + 8), last->off);
    assert_null(page->links);
}

/* No room for links costs speed, not correctness. */
static void links_full(void **state)
{
    (void)state;
    struct codepage *page = codepage_get(&pages, 5, 0x400, 1, 0);
    struct unit *from = ADD(page, 2, 0x10, 0x12);
    pages.max_links = 1;
    codepage_add_link(&pages, page, 0x30, from->off);
    codepage_add_link(&pages, page, 0x30, from->off + 4);
    uint32_t before = branch_target(from->off + 4);
    struct unit *to = ADD(page, 2, 0x30);
    assert_int_equal(branch_target(from->off), to->off);
    assert_int_equal(branch_target(from->off + 4), before);
    pages.max_links = 8 * 256;
}

static void invalidate(void **state)
{
    (void)state;
    struct codepage *page = codepage_get(&pages, 5, 0x400, 1, 0);
    struct codepage *alias = codepage_get(&pages, 5, 0x500, 3, 0);
    struct codepage *other = codepage_get(&pages, 6, 0x401, 1, 0);
    struct unit *a = ADD(page, 2, 0x10, 0x12), *b = ADD(page, 2, 0x20), *c = ADD(alias, 2, 0x10);
    struct unit *d = ADD(other, 2, 0x10);
    static struct cpu cpu;
    pages.cpu = &cpu;
    stacks_begin(&cpu, 0x10000000);
    cpu.stack_now->rsp -= 64;
    codepage_add_link(&pages, page, 0x50, a->off);
    codepage_invalidate(&pages, 5);
    assert_true(cpu.stack_now->rsp ==
                stacks_top_now(&cpu)); /* nobody returns to what was dropped */
    pages.cpu = NULL;
    assert_true(a->dead && b->dead && c->dead);
    assert_false(d->dead);
    for (unsigned off = 0; off < 4096; off++) {
        assert_int_equal(codepage_slot(page, off) | codepage_slot(alias, off), 0);
    }
    assert_int_equal(codepage_slot(other, 0x10), d->off);
    assert_null(page->units);
    assert_null(page->links); /* or a later unit would patch dead code */
    assert_false(codepage_hit(&pages, 5 << 12, 4096));
    assert_true(codepage_hit(&pages, 6 << 12, 4096));
    assert_int_equal(n_protected[5], 0);
    assert_int_equal(n_protected[6], 1);
    assert_int_equal(page->phys->n_writes, 1);
    assert_int_equal(pages.n_units_dropped, 3);
    assert_int_equal(pages.n_invalidations, 1);
    struct unit *again = ADD(page, 2, 0x10); /* and is made again */
    assert_int_equal(codepage_slot(page, 0x10), again->off);
    assert_true(codepage_hit(&pages, 5 << 12 | 0x10, 1));
    assert_int_equal(n_protected[5], 1);
    codepage_invalidate(&pages, 9); /* nothing there */
    assert_int_equal(pages.n_invalidations, 1);
}

/* A store into the second page of a crossing instruction drops it. */
static void invalidate_second_page(void **state)
{
    (void)state;
    struct codepage *first = codepage_get(&pages, 5, 0x400, 1, 0);
    struct codepage *second = codepage_get(&pages, 6, 0x401, 1, 0);
    struct unit *crossing = ADD(first, 6, 0xffd), *tail = ADD(second, 2, 3);
    codepage_add_depend(&pages, first, 6, 3);
    assert_true(codepage_hit(&pages, 6 << 12 | 2, 1));
    codepage_invalidate(&pages, 6);
    assert_true(crossing->dead && tail->dead);
    assert_int_equal(codepage_slot(first, 0xffd), 0);
    assert_false(codepage_hit(&pages, 6 << 12, 4096));
    assert_null(physcode_find(&pages, 6)->depends);
    struct unit *again = ADD(first, 6, 0xffd);
    codepage_add_depend(&pages, first, 6, 3);
    codepage_invalidate(&pages, 5); /* and a store into the first one */
    assert_true(again->dead);
    assert_int_equal(codepage_slot(first, 0xffd), 0);
}

/* A page that is dropped and made again and again costs no more than it did the first time; what
 * waits in other pages does not suffer from what is given back. */
static void records_are_reused(void **state)
{
    (void)state;
    struct codepage *first = codepage_get(&pages, 5, 0x400, 1, 0);
    struct codepage *second = codepage_get(&pages, 6, 0x401, 1, 0);
    struct codepage *other = codepage_get(&pages, 7, 0x402, 1, 0);
    struct unit *waits = ADD(other, 2, 0x10, 0x12);
    codepage_add_link(&pages, other, 0x80, waits->off);
    for (unsigned i = 0; i < 200; i++) {
        ADD(first, 6, 0xffd);
        codepage_add_depend(&pages, first, 6, 3);
        codepage_add_depend(&pages, first, 6, 3);
        struct unit *from = ADD(second, 2, 0x10, 0x12, 0x14);
        codepage_add_link(&pages, second, 0x40, from->off);
        codepage_add_link(&pages, second, 0x50, from->off + 4);
        codepage_add_link(&pages, second, 0x60, from->off + 8);
        struct unit *to = ADD(second, 2, 0x50); /* one is resolved, two wait until the end */
        assert_int_equal(branch_target(from->off + 4), to->off);
        codepage_invalidate(&pages, 6);
        assert_null(second->links);
        assert_null(first->units);
    }
    assert_int_equal(pages.n_depends, 1);
    assert_int_equal(pages.n_links, 4);
    struct unit *to = ADD(other, 2, 0x80);
    assert_int_equal(branch_target(waits->off), to->off);
    codepages_flush(&pages);
    assert_null(pages.free_links);
    assert_null(pages.free_depends);
    assert_int_equal(pages.free_bridges, 0);
}

static void room(void **state)
{
    (void)state;
    assert_true(codepages_have_room(&pages));
    for (uint32_t i = 0; i < 5; i++) {
        codepage_get(&pages, i, i, 1, 0);
    }
    assert_true(codepages_have_room(&pages)); /* 5 of 8 pages, 5 of 8 physical ones */
    codepage_get(&pages, 5, 5, 1, 0);
    assert_false(codepages_have_room(&pages)); /* a crossing unit needs two pages, three physical */
    pages.n_phys = 0;
    assert_true(codepages_have_room(&pages));
    pages.n_links = pages.max_links - 511;
    assert_false(codepages_have_room(&pages));
    pages.n_links = 0;
    pages.n_depends = pages.max_depends - 1;
    assert_false(codepages_have_room(&pages));
    pages.n_depends = 0;
    pages.n_phys = 6;
}

static void flush(void **state)
{
    (void)state;
    struct codepage *page = codepage_get(&pages, 5, 0x400, 1, 0);
    struct codepage *other = codepage_get(&pages, 6, 0x401, 1, 0);
    uint32_t *tables[2] = {page->table, other->table};
    ADD(page, 6, 0x10, 0xffd);
    codepage_add_depend(&pages, page, 7, 3);
    codepages_flush(&pages);
    cache_flush(&cache);
    assert_int_equal(n_forgotten, 2);
    assert_true((forgotten[0] == tables[0] && forgotten[1] == tables[1]) ||
                (forgotten[0] == tables[1] && forgotten[1] == tables[0]));
    assert_int_equal(n_protected[5] | n_protected[6] | n_protected[7], 0);
    assert_int_equal(pages.n_pages | pages.n_phys | pages.n_depends | pages.n_links, 0);
    assert_null(physcode_find(&pages, 5));
    assert_false(codepage_hit(&pages, 5 << 12, 4096));
    page = codepage_get(&pages, 6, 0x401, 1, 0);
    assert_ptr_equal(page->table, tables[0]); /* the arena is used again, and is empty */
    for (unsigned off = 0; off < VIEW_TABLE_SLOTS; off++) {
        assert_int_equal(codepage_slot(page, off), 0);
    }
    assert_null(page->units);
    assert_null(page->phys->depends);
    for (unsigned i = 0; i < sizeof(page->phys->scanned); i++) {
        assert_int_equal(page->phys->scanned[i], 0);
    }
}

/* ---- stores into code (smc_light.c) ---- */

static uint8_t memory[4096];

static void store(uint32_t off, uint32_t n_bytes)
{
    assert_true(codepage_hit(&pages, 5 << 12 | off, n_bytes));
    codepage_store(&pages, 5 << 12 | off, n_bytes, memory + off);
}

static struct codepage *make_loose(void)
{
    struct codepage *page = codepage_get(&pages, 5, 0x400, 1, 0);
    for (unsigned i = 0; i < 4; i++) {
        assert_false(page->phys->loose);
        ADD(page, 2, 0x10, 0x12);
        store(0x12, 1);
        assert_null(page->units);
    }
    assert_true(page->phys->loose);
    return page;
}

static void store_in_part(void **state)
{
    (void)state;
    struct codepage *page = make_loose();
    struct unit *first = ADD(page, 4, 0x10, 0x14), *second = ADD(page, 4, 0x30, 0x34);
    struct unit *over = ADD(page, 4, 0x12, 0x16), *alias;
    struct codepage *other = codepage_get(&pages, 5, 0x800, 1, 0);
    alias = ADD(other, 4, 0x14);
    const uint64_t before = pages.n_invalidations;
    store(0x16, 1); /* first, over and alias have it */
    assert_int_equal(pages.n_invalidations, before + 1);
    assert_true(first->dead && over->dead && alias->dead && !second->dead);
    assert_ptr_equal(page->units, second);
    assert_null(other->units);
    assert_int_equal(
        codepage_slot(page, 0x10) | codepage_slot(page, 0x14) | codepage_slot(page, 0x16), 0);
    assert_int_equal(codepage_slot(page, 0x30), second->off);
    assert_false(codepage_hit(&pages, 5 << 12, 0x30));
    assert_true(codepage_hit(&pages, 5 << 12 | 0x37, 1));
    assert_false(codepage_hit(&pages, 5 << 12 | 0x38, 0x100));
    /* the bytes that only a dropped unit had; those that another has too */
    first = ADD(page, 4, 0x2e);
    store(0x2e, 1);
    assert_true(first->dead && !second->dead);
    assert_true(codepage_hit(&pages, 5 << 12 | 0x30, 1));
    assert_false(codepage_hit(&pages, 5 << 12 | 0x2f, 1));
    /* the last one: a page without code */
    assert_true(n_protected[5]);
    store(0x30, 4);
    assert_null(page->units);
    assert_false(n_protected[5]);
    assert_true(page->phys->loose);
}

static void store_and_patches(void **state)
{
    (void)state;
    struct codepage *page = make_loose();
    struct unit *whole = ADD(page, 4, 0x10, 0x14), *other = ADD(page, 4, 0x30);
    struct unit *patch = ADD(page, 4, 0x14); /* as translate_patch() makes it */
    patch->is_patch = true;
    patch->parent = whole;
    store(0x10, 1); /* jumps back to what goes */
    assert_true(whole->dead && patch->dead && !other->dead);
    assert_ptr_equal(page->units, other);
    whole = ADD(page, 4, 0x10, 0x14);
    whole->insns[1].kind = UNIT_SLOT; /* which its patch has not */
    whole->insns[1].detail = 0;
    patch = ADD(page, 4, 0x14);
    patch->is_patch = true;
    patch->parent = whole;
    store(0x14, 1);
    assert_true(whole->dead && patch->dead);
}

static void store_into_second_page(void **state)
{
    (void)state;
    make_loose();
    struct codepage *before = codepage_get(&pages, 4, 0x3ff, 1, 0);
    struct unit *crossing = ADD(before, 6, 0xffd);
    codepage_add_depend(&pages, before, 5, 3);
    store(2, 1);
    assert_true(crossing->dead);
}

static void constants(void **state)
{
    (void)state;
    uint32_t values[CPU_HOT_IMMS] = {0};
    pages.slot_values = values;
    struct codepage *page = make_loose();
    const uint32_t phys = 5 << 12 | 0x20;
    ADD(page, 5, 0x20);
    store(0x21, 4);
    assert_false(codepage_is_hot(&pages, phys));
    ADD(page, 5, 0x20);
    store(0x22, 1);
    assert_true(codepage_is_hot(&pages, phys));
    assert_true(codepage_is_hot_imm(&pages, phys, 1));
    assert_false(codepage_is_hot_imm(&pages, phys, 2)); /* byte 1 was hit */
    int slot = codepage_constant(&pages, phys, 1, 7);
    assert_int_not_equal(slot, -1);
    assert_int_equal(values[slot], 7);
    struct unit *unit = ADD(page, 5, 0x20);
    unit->insns[0].kind = UNIT_SLOT;
    unit->insns[0].detail = 1;
    memcpy(memory + 0x20, "\xb8\x44\x33\x22\x11", 5);
    store(0x21, 4);
    assert_false(unit->dead);
    assert_int_equal(values[slot], 0x11223344);
    memory[0x24] = 0xaa; /* its last byte, and what follows */
    codepage_store(&pages, 5 << 12 | 0x24, 2, memory + 0x24);
    assert_false(unit->dead);
    assert_int_equal(values[slot], 0xaa223344);
    store(0x20, 2); /* the opcode too */
    assert_true(unit->dead);
    assert_false(codepage_is_hot_imm(&pages, phys, 1));
    assert_int_equal(codepage_constant(&pages, phys, 1, 7), -1);
    ADD(page, 5, 0x20);
    codepage_invalidate(&pages, 5);
    assert_int_equal(pages.n_slots, 0);
}

static void never_loose(void **state)
{
    (void)state;
    struct codepage *page = codepage_get(&pages, 5, 0x400, 1, 0);
    pages.never_loose = true;
    for (unsigned i = 0; i < 20; i++) {
        ADD(page, 2, 0x10, 0x12);
        store(0x12, 1);
    }
    assert_false(page->phys->loose);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(get, setup, teardown),
        cmocka_unit_test_setup_teardown(slots, setup, teardown),
        cmocka_unit_test_setup_teardown(slots_come_late, setup, teardown),
        cmocka_unit_test_setup_teardown(late_slots_are_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(cleared_slots, setup, teardown),
        cmocka_unit_test_setup_teardown(tables_nobody_needs, setup, teardown),
        cmocka_unit_test_setup_teardown(hits, setup, teardown),
        cmocka_unit_test_setup_teardown(links, setup, teardown),
        cmocka_unit_test_setup_teardown(links_full, setup, teardown),
        cmocka_unit_test_setup_teardown(invalidate, setup, teardown),
        cmocka_unit_test_setup_teardown(invalidate_second_page, setup, teardown),
        cmocka_unit_test_setup_teardown(records_are_reused, setup, teardown),
        cmocka_unit_test_setup_teardown(room, setup, teardown),
        cmocka_unit_test_setup_teardown(flush, setup, teardown),
        cmocka_unit_test_setup_teardown(store_in_part, setup, teardown),
        cmocka_unit_test_setup_teardown(store_and_patches, setup, teardown),
        cmocka_unit_test_setup_teardown(store_into_second_page, setup, teardown),
        cmocka_unit_test_setup_teardown(constants, setup, teardown),
        cmocka_unit_test_setup_teardown(never_loose, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
