/* cache.h - executable memory: begin, commit, abort, flush; and the tables that lead from a host
 * address back to the guest instruction. Owns all executable memory of a machine.
 *
 * W^X by two mappings of one memfd: `write` (rw-) and `exec` (r-x). exec lies below 2 GiB, so that
 * I-view slots are 32-bit offsets and branches between units are rel32. Code memory is handed out
 * in ascending order and never reused before a flush of everything (pitfall 37), so units are
 * sorted by address without further work. Offset 0 holds the stubs: slot value 0 = "no code yet" =
 * miss.
 */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include "emit/emit.h"

enum { CACHE_STUB_BYTES = 256, CACHE_UNIT_MAX_BYTES = 56 << 10, CACHE_UNIT_ALIGN = 32 };
_Static_assert((int)CACHE_STUB_BYTES == (int)EMIT_FIXED_BYTES, "the stubs are what is fixed");

/* What one guest instruction of a unit became. Big programs have millions. */
struct unit_insn {
    uint16_t host_off;      /* from the unit's start: first host byte */
    uint16_t page_off : 12, /* guest offset in the code page */
        n_bytes : 4;        /* guest length */
    uint8_t kind;           /* enum unit_kind */
    uint8_t plant_bytes;    /* host bytes of what is planted before it; going on behind them is
                               exact when that has been done already */
    int16_t detail;         /* unit_insn_pending(), or of some kinds unit_insn_aux() */
};
_Static_assert(sizeof(struct unit_insn) == 8, "small");
enum unit_kind {
    UNIT_STRING = 1, /* from aux on rsi and/or rdi are host pointers: fold to 32 bits */
    UNIT_SHADOW = 2, /* its start is no place for an interrupt (after STI, MOV SS, POP SS) */
    UNIT_DUAL = 8,   /* its direct access has become a dual one */
    UNIT_CHECKED = 16,
    UNIT_RETURN = 32, /* behind a call: where the host's return predictor expects to come back */
    UNIT_SLOT = 64,   /* four bytes of it, from aux on, are read from cpu->hot_imm[] */
};

/* Guest ESP minus r12 where it begins: inside a run of pushes or pops (translate/stack_run.c), of
 * which nothing is UNIT_STRING or UNIT_SLOT; nobody enters where it is not 0. */
static inline int32_t unit_insn_pending(const struct unit_insn *insn)
{
    return insn->kind & (UNIT_STRING | UNIT_SLOT) ? 0 : insn->detail;
}
/* UNIT_STRING: host_off of the REP instruction itself; UNIT_SLOT: where in the guest's instruction
 * the constant lies. */
static inline uint16_t unit_insn_aux(const struct unit_insn *insn)
{
    return insn->kind & (UNIT_STRING | UNIT_SLOT) ? (uint16_t)insn->detail : 0;
}

enum { CACHE_BLOCK_SHIFT = 12 }; /* of code, to find a unit by: n_before */

struct codepage;
struct unit {
    uint32_t off, n_bytes; /* in the cache */
    uint32_t body_bytes;   /* instructions; behind them the exits */
    uint32_t n_insns;
    struct unit_insn *insns;
    struct codepage *page;
    struct unit *next;          /* of this page */
    uint16_t low_off, high_off; /* its instructions lie in [low_off, high_off) of their page */
    bool dead;
    bool is_patch;           /* one re-made access of another unit: `parent` */
    bool is_replaced;        /* its one slot is for a unit that was made instead */
    uint8_t planted_over[5]; /* a patch: what the jump to it has overwritten, */
    uint32_t planted_at;     /* and where in the cache */
    bool is_idle;            /* no jump leads to it any more: it was taken back */
    bool hides_move;         /* one of the parent's moves is in what was overwritten */
    uint8_t chain_off; /* not 0: from here on it expects an address in r8d: translate/chain.c */
    struct unit *parent;
    bool is_fixed;     /* not to be moved: something in it says where it is, unnoted */
    uint8_t cross_off; /* not 0: its one instruction ends in the next page; where the constant is
                          that this page's entry must have (crossing.h) */
    uint32_t *moves;   /* the places that say it: move.c */
    uint32_t n_moves;
};

/* What lies at such a place: struct insn of a site, or 4 bytes of code (8: MOVE_CROSS). */
enum move_kind {
    MOVE_SITE,  /* eip */
    MOVE_LIN,   /* a linear address of the code */
    MOVE_MINUS, /* 0 or 1 - linear address */
    MOVE_DIR,   /* 8 * linear page: where the I-view's directory has it */
    MOVE_ENTRY, /* something - linear page * bytes of a table, in 32 bits, negated */
    MOVE_CROSS, /* linear page * bytes of a table - something */
};
enum { MOVE_KIND_SHIFT = 28, MOVE_SITE_ALIGN = 16 };

/* The code of insn and of the next one share what is pending: neither can be re-made alone. */
static inline bool unit_insn_in_run(const struct unit *unit, const struct unit_insn *insn)
{
    const struct unit_insn *next = insn + 1;
    return unit_insn_pending(insn) ||
           (next < unit->insns + unit->n_insns && unit_insn_pending(next));
}

struct cache {
    int fd;
    uint8_t *write;
    uint64_t exec;
    uint32_t n_bytes, used, populated;
    struct unit *units;
    uint32_t n_units, max_units;
    uint32_t *n_before;      /* units that begin before each block of code */
    uint32_t n_blocks;       /* up to the one in which the last begins */
    struct unit_insn *insns; /* arena */
    uint32_t n_insns, max_insns;
    uint8_t *sites; /* arena of struct insn that helper calls point to */
    uint32_t n_site_bytes, max_site_bytes;
    uint32_t *moves; /* arena: enum move_kind, offset in the cache or of the site in units of 16 */
    uint32_t n_moves, max_moves;
    const struct codepages *pages; /* whose units they are, or NULL */
    bool no_landings; /* returns look their targets up: nothing behind a call asks for EIP */
    uint64_t n_flushes, n_bytes_emitted, n_units_made;
};

/* Room the sites of one instruction take at most: PLANT, FPU_CHECK, RESOLVE, COMMIT, FPU_LOADED,
 * PLANT_AFTER. */
enum { CACHE_SITE_BYTES = 512 };

/* Zeroed memory that costs nothing until it is touched, or MAP_FAILED: the arenas of this room. */
void *cache_map_arena(uint64_t n_bytes);
/* Enters pages before they are used, many in one call; for reading only, they stay the host's page
 * of zeros. A hint: Linux before 5.14 enters each when it is touched. */
void cache_populate(void *at, uint64_t n_bytes, bool writes);
/* The first page of a file mapped executable, for perf to see (jitdump.c); NULL: errno. Never
 * executed. */
void *cache_map_marker(int fd);
/* 0 or -errno. n_bytes: multiple of 4096. */
int cache_create(struct cache *cache, uint32_t n_bytes);
void cache_destroy(struct cache *cache);
/* Opens a buffer with room for max_bytes of code and n_insns table entries; false = full, flush. */
bool cache_begin(struct cache *cache, uint32_t max_bytes, uint32_t n_insns, struct emit *emit);
/* The same at an address that is `at` modulo 64. */
bool cache_begin_at(struct cache *cache, uint32_t at, uint32_t max_bytes, uint32_t n_insns,
                    struct emit *emit);
/* Makes what was emitted a unit. insns is copied. */
struct unit *cache_commit(struct cache *cache, struct emit *emit, const struct unit_insn *insns,
                          uint32_t n_insns, uint32_t body_bytes, struct codepage *page);
/* The places in unit that say where it is; move.c. They are copied; offsets count from the unit. */
void cache_note_moves(struct cache *cache, struct unit *unit, const uint32_t *moves, uint32_t n);
static inline uint32_t cache_move_off(uint32_t move)
{
    return move & ((1u << MOVE_KIND_SHIFT) - 1);
}
/* Does one of unit's moves touch these bytes of the cache? */
bool cache_has_move(const struct unit *unit, uint32_t off, uint32_t n_bytes);
static inline uint32_t cache_move_site(const struct cache *cache, const void *site)
{
    return (uint32_t)MOVE_SITE << MOVE_KIND_SHIFT |
           (uint32_t)(((const uint8_t *)site - cache->sites) / MOVE_SITE_ALIGN);
}
/* A place for n_bytes that lives as long as the units do (cache_begin made sure of room). */
void *cache_alloc_site(struct cache *cache, uint32_t n_bytes);
/* Forgets all units (the caller has emptied every table that leads here). Stubs stay. Their memory
 * goes back to the host. */
void cache_flush(struct cache *cache);
/* The unit whose host bytes contain host, or NULL. Light enough for the signal handlers. */
struct unit *cache_find(const struct cache *cache, uint64_t host);
/* The instruction of unit that host belongs to, or NULL (exits, padding). */
const struct unit_insn *cache_find_insn(const struct cache *cache, const struct unit *unit,
                                        uint64_t host);
static inline bool cache_contains(const struct cache *cache, uint64_t host)
{
    return host - cache->exec < cache->n_bytes;
}
static inline uint8_t *cache_writable(const struct cache *cache, uint64_t host)
{
    return cache->write + (host - cache->exec);
}
/* Over code that is there: nothing of the guest runs meanwhile. Upwards, byte by byte. Light. */
static inline void cache_put(uint8_t *at, const uint8_t *bytes, unsigned n_bytes)
{
    for (unsigned i = 0; i < n_bytes; i++) {
        at[i] = bytes[i];
    }
}

#endif
