/* codepage.h - what has been scanned: one codepage per (physical page, linear page, mode, CS's end)
 * with the slot table that the I-view's directories point to, and one physcode per physical page
 * that says which of its bytes units were made from.
 *
 * INV-1 stands on this: view/ write-protects the page while physcode exists; whoever stores past
 * that protection (checked stores, DMA) asks codepage_hit() first.
 */
#ifndef CACHE_CODEPAGE_H
#define CACHE_CODEPAGE_H

#include "cache/cache.h"
#include "cpu/stacks.h"
#include "view/view.h"

struct physcode {
    uint32_t phys_page;
    struct physcode *next_hash;
    struct codepage *pages; /* codepages of this physical page */
    struct depend *depends; /* codepages of other pages with an instruction that ends here */
    uint32_t n_writes;      /* times a store dropped units of this page lately */
    bool loose; /* written often: its units are not linked to each other, so that a store
                   drops those it hits only (smc_light.c) */
    uint64_t last_write_tsc; /* when: what lies far back is forgiven (site.c) */
    uint8_t scanned[512];    /* bitmap of bytes units were made from */
};
struct depend {
    struct codepage *page;
    struct depend *next;
};

/* A branch that waits for its target (same page) to be translated. */
struct pending_link {
    uint32_t target_off;
    uint32_t field_off; /* cache offset of the rel32 */
    struct pending_link *next;
};

/* A bridge that leads to units of a codepage: bridge.h. */
struct bridge {
    uint32_t at, next; /* offset in the cache; 1 + number of the next */
};

/* Direct branches do not read slots, so most parts of most tables (one page of the host each) are
 * never read. A part stays empty, which costs no memory, until it has been looked up a few times;
 * then it gets all its slots, and those of each new unit (docs/decisions/0019). */
enum {
    CODEPAGE_PARTS = 4,
    PART_SHIFT = 10,
    PART_FILLED = 255,
    SHRINK_PARTS = 512, /* so many: those that nobody needs are looked for. 2 MiB */
};
_Static_assert(CODEPAGE_PARTS << PART_SHIFT == VIEW_TABLE_SLOTS, "parts of a table");

struct codepages;
struct codepage {
    const struct codepages *all;
    uint32_t lin_page, mode;
    uint32_t end_off; /* code ends here: 4096, or less if the CS limit lies in the page */
    struct physcode *phys;
    uint32_t *table;               /* VIEW_TABLE_SLOTS slots */
    uint8_t asked[CODEPAGE_PARTS]; /* look-ups that found a part of it empty, or PART_FILLED */
    struct unit *units;
    struct pending_link *links;
    uint32_t bridges; /* 1 + number of the first that leads here */
    struct codepage *next_hash, *next_phys;
};

enum { CODEPAGE_HASH = 4096, CODEPAGE_STARTS = 65536, CODEPAGE_HOT = 256, DEPEND_BYTES = 14 };

/* An instruction of a loose page that stores have hit. */
struct hot_insn {
    uint32_t phys;  /* of its first byte */
    uint16_t bytes; /* which of its bytes were hit */
    uint8_t n_hits; /* up to 255; 0: a free entry */
};
/* A constant of four bytes that units read from memory instead of containing it. */
struct hot_slot {
    uint32_t phys; /* where the guest has it, inside a page; CODEPAGE_NO_SLOT: free */
};
#define CODEPAGE_NO_SLOT UINT32_MAX

struct codepages {
    struct cache *cache;
    struct view *view;
    uint32_t *tables;       /* arena of slot tables */
    struct codepage *pages; /* arena, index = table index */
    uint32_t n_pages, max_pages;
    struct physcode *phys; /* arena */
    uint32_t n_phys, max_phys;
    struct depend *depends;
    uint32_t n_depends, max_depends;
    struct pending_link *links;
    uint32_t n_links, max_links;
    struct bridge *bridges; /* arena */
    uint32_t n_bridges, max_bridges;
    /* of the arenas, what nobody needs any more */
    struct depend *free_depends;
    struct pending_link *free_links;
    uint32_t free_bridges; /* as in struct codepage */
    bool never_reuse;      /* -engine no-reuse */
    uint32_t n_filled;     /* parts of tables */
    uint32_t filled_after; /* what was left when they were looked through */
    uint64_t n_given_back, tsc_shrunk;
    struct codepage *hash[CODEPAGE_HASH];
    /* by page and offset, of those made last: 1 + number of the unit that begins there, if no older
     * one has that instruction, and no call comes back to it in a newer one */
    uint32_t starts[CODEPAGE_STARTS];
    struct physcode *phys_hash[CODEPAGE_HASH];
    struct hot_insn hot[CODEPAGE_HOT];
    struct hot_slot slots[CPU_HOT_IMMS];
    uint32_t n_slots;      /* in use */
    uint32_t *slot_values; /* cpu->hot_imm */
    struct cpu *cpu;       /* whose call stacks lead here, or NULL */
    bool never_loose;      /* -engine no-loose */
    bool fills_at_once;    /* -engine no-late-slots */
    uint64_t n_invalidations, n_units_dropped, n_partial, n_slot_stores, n_moves, n_bridges_built;
};

static inline unsigned codepage_hash_phys(uint32_t phys_page)
{
    return phys_page * 2654435761u >> 20;
}

static inline unsigned codepage_hash(uint32_t phys_page, uint32_t lin_page, uint32_t mode)
{
    return (phys_page * 2654435761u ^ lin_page * 40503u ^ mode * 977u) % CODEPAGE_HASH;
}

static inline unsigned codepage_hash_start(const struct codepage *page, uint32_t off)
{
    const uint32_t number = (uint32_t)((uintptr_t)page->table / (VIEW_TABLE_SLOTS * 4));
    return (number << 12 | off) * 2654435761u >> 16;
}
_Static_assert(CODEPAGE_STARTS == 1 << (32 - 16), "codepage_hash_start()");

static inline bool codepage_has_slots(const struct codepage *page, uint32_t off)
{
    return page->asked[off >> PART_SHIFT] == PART_FILLED;
}
/* The first unit with an instruction there has its slot, or the last that comes back to it. */
static inline void codepage_fill_slot(struct codepage *page, const struct unit *unit,
                                      const struct unit_insn *insn)
{
    const bool is_free = !page->table[insn->page_off] || (insn->kind & UNIT_RETURN);
    if (is_free && !unit_insn_pending(insn)) {
        page->table[insn->page_off] = unit->off + insn->host_off;
    }
}
/* What the slot would hold if its part were filled. Light. */
uint32_t codepage_search(const struct codepage *page, uint32_t off);
/* Where the instruction at off is; 0: no unit has it. Most are asked for in vain, and memory that
 * was only read costs the host a page fault, and another one when it is written. */
static inline uint32_t codepage_slot(const struct codepage *page, uint32_t off)
{
    if (!(page->phys->scanned[off >> 3] & 1u << (off & 7))) {
        return 0;
    }
    return codepage_has_slots(page, off) ? page->table[off] : codepage_search(page, off);
}
/* The same for guest code that found its slot empty: the part may be filled. Light. */
uint32_t codepage_look_up(struct codepages *pages, struct codepage *page, uint32_t off);
/* The next look-up finds nothing. Light. */
void codepage_clear_slot(struct codepages *pages, struct codepage *page, uint32_t off);

/* Some unit is no longer to be run: nobody may return to it either. */
static inline void codepages_forget_returns(struct codepages *pages)
{
    if (pages->cpu) {
        stacks_empty_all(pages->cpu);
    }
}

int codepages_create(struct codepages *pages, struct cache *cache, struct view *view,
                     uint32_t max_pages);
void codepages_destroy(struct codepages *pages);
/* True if a new codepage, its links and dependencies surely fit; else flush first. */
bool codepages_have_room(const struct codepages *pages);
/* Finds or makes the codepage. Never fails after codepages_have_room(). */
struct codepage *codepage_get(struct codepages *pages, uint32_t phys_page, uint32_t lin_page,
                              uint32_t mode, uint32_t end_off);
/* NULL: there is none. Light. */
struct codepage *codepage_find(const struct codepages *pages, uint32_t phys_page, uint32_t lin_page,
                               uint32_t mode, uint32_t end_off);
/* Light. */
struct codepage *codepage_of_table(const struct codepages *pages, const uint32_t *table);
struct physcode *physcode_find(const struct codepages *pages, uint32_t phys_page);
/* Does the slot lead to what a call comes back to, in the code of that call? */
bool codepage_is_return(const struct codepages *pages, uint32_t slot);
/* move.c: the page's code lies at linear page lin_page from now on, and nowhere else. False: it may
 * not be moved, and nothing has changed. */
bool codepage_move(struct codepages *pages, struct codepage *page, uint32_t lin_page);
/* move.c: the same for one unit, which nothing leads to yet. False: it is of no use any more. */
bool codepage_move_unit(const struct cache *cache, const struct unit *unit, uint32_t delta_pages);
/* move.c: an address space has page now: bridges to other codepages of the same physical page,
 * where nobody has these any more, are closed. */
void codepage_take_over(struct codepages *pages, const struct codepage *page);
/* A codepage of this physical page, mode and end at another address, where no address space has it
 * any more; or NULL. */
struct codepage *codepage_find_left(const struct codepages *pages, uint32_t phys_page,
                                    uint32_t mode, uint32_t end_off);
/* Enters a committed unit: slots for all its instructions, marks scanned bytes, resolves links. */
void codepage_add_unit(struct codepages *pages, struct codepage *page, struct unit *unit);
/* The last instruction of page's unit has bytes in phys_page too. */
void codepage_add_depend(struct codepages *pages, struct codepage *page, uint32_t phys_page,
                         uint32_t n_bytes);
void codepage_add_link(struct codepages *pages, struct codepage *page, uint32_t target_off,
                       uint32_t field_off);
/* Light. */
void codepage_free_links(struct codepages *pages, struct pending_link **list);
/* smc_light.c */
void codepage_mark_scanned(struct physcode *phys, uint32_t off, uint32_t end);
void codepage_free_slots(struct codepages *pages, uint32_t phys_page);
void codepages_forget_hot(struct codepages *pages);
/* True if units were made from any of the n_bytes at phys (one page). */
bool codepage_hit(const struct codepages *pages, uint32_t phys, uint32_t n_bytes);
/* n_bytes at phys (one page), which is `bytes` now, have been stored to: drops what was made of
 * them, unless that reads them anew each time. */
void codepage_store(struct codepages *pages, uint32_t phys, uint32_t n_bytes, const uint8_t *bytes);
/* What is written more than once is made anew more than once: such an instruction is a unit alone.
 */
bool codepage_is_hot(const struct codepages *pages, uint32_t phys);
/* If no more of it was hit than the 4 bytes from imm_off on: they may have a slot. */
bool codepage_is_hot_imm(const struct codepages *pages, uint32_t phys, unsigned imm_off);
/* The slot of the instruction at phys, whose 4-byte constant begins imm_off bytes behind and is
 * `value` now; or -1: it is not hot, other bytes of it are, no slot is left. */
int codepage_constant(struct codepages *pages, uint32_t phys, unsigned imm_off, uint32_t value);
/* Before new units are made of the page: it may have come to rest long ago. */
void codepage_settle(struct codepages *pages, struct codepage *page);
/* Drops all units made from this physical page and lifts its write protection. */
void codepage_invalidate(struct codepages *pages, uint32_t phys_page);
/* shrink.c: now and then gives tables back that nobody needs. Nothing of the guest runs. */
void codepages_shrink(struct codepages *pages);
/* Drops everything; the caller flushes the cache with it. */
void codepages_flush(struct codepages *pages);

#endif
