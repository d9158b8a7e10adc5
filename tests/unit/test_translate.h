/* test_translate.h - guest bytes in, one unit of host code out: the translator without a machine.
 * The three functions of view/ that codepage.c calls do nothing here. Used by test_translate*.c and
 * by tests/golden/golden.c. */
#ifndef TESTS_UNIT_TEST_TRANSLATE_H
#define TESTS_UNIT_TEST_TRANSLATE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "translate/translate.h"

enum { FLAT_MODE = MODE_CPL0 | MODE_CODE32 | MODE_STACK32 | MODE_FLAT | MODE_PROT };

static struct bench {
    struct cache cache;
    struct codepages pages;
    struct codepage *page;
    struct scanner scanner;
    struct map *map;
    struct scan_result scan;
    uint8_t bytes[PAGE_BYTES + INSN_MAX_BYTES]; /* the code page and what follows it */
    uint8_t kinds[PAGE_BYTES];                  /* enum site_kind by page offset */
    unsigned engine;
    bool is_unhinted; /* kinds[] is not asked */
    uint64_t cross_next;
    uint32_t thunk_lin; /* 0: none; what the I-view is said to lead to: see bench_thunk() */
    unsigned thunk_reg;
} bench;

static bool bench_is_there; /* what view_has_code() says */
bool view_has_code(const struct view *view, uint32_t lin, const uint32_t *table, uint32_t phys_page)
{
    (void)view;
    (void)lin;
    (void)table;
    (void)phys_page;
    return bench_is_there;
}
void view_protect_page(struct view *view, uint32_t phys_page)
{
    (void)view;
    (void)phys_page;
}
void view_unprotect_page(struct view *view, uint32_t phys_page)
{
    (void)view;
    (void)phys_page;
}
void view_forget_table(struct view *view, uint32_t lin, const uint32_t *table)
{
    (void)view;
    (void)lin;
    (void)table;
}

static inline int bench_create(void)
{
    scan_init(&bench.scanner);
    bench.map = map_create();
    return !bench.map || cache_create(&bench.cache, 4 << 20) ||
           codepages_create(&bench.pages, &bench.cache, NULL, 64);
}

static inline void bench_destroy(void)
{
    codepages_destroy(&bench.pages);
    cache_destroy(&bench.cache);
    map_destroy(bench.map);
}

/* For cmocka_run_group_tests(). */
static inline int bench_setup(void **state)
{
    (void)state;
    return bench_create();
}
static inline int bench_teardown(void **state)
{
    (void)state;
    bench_destroy();
    return 0;
}

/* A code page full of INT3, which ends every unit. */
static inline void bench_start(uint32_t lin_page, uint32_t mode)
{
    codepages_flush(&bench.pages);
    cache_flush(&bench.cache);
    memset(bench.bytes, 0xcc, sizeof(bench.bytes));
    memset(bench.kinds, 0, sizeof(bench.kinds));
    bench.engine = 0;
    bench.is_unhinted = false;
    bench.cross_next = 0;
    bench.thunk_lin = 0;
    bench.page = codepage_get(&bench.pages, 0x77, lin_page, mode, PAGE_BYTES);
}

static inline bool bench_is_known(void *arg, uint32_t off, bool behind_call)
{
    (void)arg;
    uint32_t slot = codepage_slot(bench.page, off);
    bool ours = behind_call && !(bench.engine & ENGINE_NO_ALIGN) && slot &&
                !codepage_is_return(&bench.pages, slot);
    return slot != 0 && !ours;
}
static inline unsigned bench_kind(void *arg, uint32_t off)
{
    (void)arg;
    return bench.kinds[off];
}

static inline bool bench_thunk(void *arg, uint32_t lin, unsigned *reg)
{
    (void)arg;
    *reg = bench.thunk_reg;
    return bench.thunk_lin && lin == bench.thunk_lin;
}

static inline struct translate_input bench_input(void)
{
    return (struct translate_input){.scan = &bench.scan,
                                    .scanner = &bench.scanner,
                                    .map = bench.map,
                                    .cache = &bench.cache,
                                    .page = bench.page,
                                    .engine = bench.engine,
                                    .cross_next = bench.cross_next,
                                    .site = bench_kind,
                                    .is_unhinted = bench.is_unhinted,
                                    .thunk = bench_thunk};
}

static inline bool bench_scan(uint32_t off, unsigned max_insns)
{
    uint8_t next[INSN_MAX_BYTES];
    memcpy(next, bench.bytes + PAGE_BYTES, sizeof(next));
    struct map_site site = {.mode = bench.page->mode, .phys_page = 0x77};
    struct scan_request request = {.page = bench.bytes,
                                   .end_off = 4096,
                                   .next = next,
                                   .n_next = sizeof(next),
                                   .start_off = off,
                                   .page_eip = bench.page->lin_page << 12,
                                   .code32 = bench.page->mode & MODE_CODE32,
                                   .max_insns = max_insns,
                                   .leave_gaps = bench.engine & ENGINE_NO_GAPS,
                                   .known = bench_is_known,
                                   .judge = map_judge,
                                   .map = bench.map,
                                   .judges_shapes = map_is_default(bench.map),
                                   .site = &site};
    scan_page(&bench.scanner, &request, &bench.scan);
    return bench.scan.n_insns != 0;
}

/* The unit that begins at off; NULL: the cache is full. */
static inline struct unit *bench_translate(uint32_t off, unsigned max_insns)
{
    if (!bench_scan(off, max_insns)) {
        return NULL;
    }
    struct translate_input in = bench_input();
    return translate_unit(&bench.pages, &in);
}

/* May the instruction at off be looked up? */
static inline bool bench_may_look_up(uint32_t off)
{
    struct insn insn;
    struct map_site site = {.mode = bench.page->mode, .phys_page = 0x77};
    scan_decode(&bench.scanner, bench.bytes + off, INSN_MAX_BYTES,
                (bench.page->mode & MODE_CODE32) != 0, (bench.page->lin_page << 12) + off, true,
                &insn);
    map_judge(bench.map, &insn, &site);
    return translate_may_look_up(&insn, bench.page->mode);
}

/* Re-makes the instruction number index of unit. */
static inline struct unit *bench_patch(struct unit *unit, unsigned index, unsigned kind)
{
    bench_scan(unit->insns[index].page_off, 1);
    bench.scan.n_insns = 1;
    struct translate_input in = bench_input();
    return translate_patch(&bench.pages, &in, unit, &unit->insns[index], kind);
}

#endif
