/* cache.c - executable memory: see cache.h. */
#include "cache/cache.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A place below 2 GiB for the executable mapping; ASLR decides what is taken there. */
static void *map_low(int fd, uint32_t n_bytes)
{
    for (uint64_t at = 0x10000000; at + n_bytes <= 0x7ff00000; at += 0x02000000) {
        void *p = mmap((void *)at, n_bytes, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED_NOREPLACE,
                       fd, 0);
        if (p == (void *)at) {
            return p;
        }
        if (p != MAP_FAILED) { /* a kernel that does not know MAP_FIXED_NOREPLACE */
            munmap(p, n_bytes);
        } else if (errno != EEXIST && errno != EINVAL) {
            return MAP_FAILED;
        }
    }
    errno = ENOMEM;
    return MAP_FAILED;
}

void *cache_map_arena(uint64_t n_bytes)
{
    return mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                -1, 0);
}

void cache_populate(void *at, uint64_t n_bytes, bool writes)
{
    enum { POPULATE_READ = 22, POPULATE_WRITE = 23 }; /* newer than the headers of some hosts */
    int before = errno;
    madvise(at, n_bytes, writes ? POPULATE_WRITE : POPULATE_READ);
    errno = before;
}

void *cache_map_marker(int fd)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    return at == MAP_FAILED ? NULL : at;
}

/* What only big programs reach, densely from the start: page faults of 2 MiB. */
static void advise_huge(void *arena, uint64_t n_bytes)
{
    enum { SMALL_BYTES = 8 << 20 };
    if (arena != MAP_FAILED && n_bytes > SMALL_BYTES) {
        madvise((uint8_t *)arena + SMALL_BYTES, n_bytes - SMALL_BYTES, MADV_HUGEPAGE);
    }
}

static uint64_t blocks_bytes(const struct cache *cache)
{
    return ((uint64_t)(cache->n_bytes >> CACHE_BLOCK_SHIFT) + 1) * sizeof(*cache->n_before);
}

int cache_create(struct cache *cache, uint32_t n_bytes)
{
    memset(cache, 0, sizeof(*cache));
    cache->n_bytes = n_bytes;
    cache->max_units = n_bytes / 48;
    cache->max_insns = n_bytes / 6;
    cache->max_site_bytes = n_bytes * 2;
    cache->max_moves = n_bytes / 8;
    cache->write = MAP_FAILED;
    void *exec = MAP_FAILED;
    cache->fd = memfd_create("plex86-code", MFD_CLOEXEC);
    if (cache->fd >= 0 && ftruncate(cache->fd, n_bytes) == 0) {
        cache->write = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, cache->fd, 0);
        exec = map_low(cache->fd, n_bytes);
    }
    cache->units = cache_map_arena((uint64_t)cache->max_units * sizeof(struct unit));
    cache->insns = cache_map_arena((uint64_t)cache->max_insns * sizeof(struct unit_insn));
    cache->n_before = cache_map_arena(blocks_bytes(cache));
    cache->sites = cache_map_arena(cache->max_site_bytes);
    cache->moves = cache_map_arena((uint64_t)cache->max_moves * sizeof(*cache->moves));
    cache->exec = (uint64_t)exec;
    advise_huge(cache->insns, (uint64_t)cache->max_insns * sizeof(struct unit_insn));
    if (cache->write == MAP_FAILED || exec == MAP_FAILED || cache->units == MAP_FAILED ||
        cache->n_before == MAP_FAILED || cache->insns == MAP_FAILED || cache->sites == MAP_FAILED ||
        cache->moves == MAP_FAILED) {
        int error = errno ? -errno : -ENOMEM;
        cache_destroy(cache);
        return error;
    }
    cache->used = CACHE_STUB_BYTES;
    return 0;
}

void cache_destroy(struct cache *cache)
{
    if (cache->write && cache->write != MAP_FAILED) {
        munmap(cache->write, cache->n_bytes);
    }
    if (cache->exec && (void *)cache->exec != MAP_FAILED) {
        munmap((void *)cache->exec, cache->n_bytes);
    }
    if (cache->units && cache->units != MAP_FAILED) {
        munmap(cache->units, (uint64_t)cache->max_units * sizeof(struct unit));
    }
    if (cache->n_before && cache->n_before != MAP_FAILED) {
        munmap(cache->n_before, blocks_bytes(cache));
    }
    if (cache->insns && cache->insns != MAP_FAILED) {
        munmap(cache->insns, (uint64_t)cache->max_insns * sizeof(struct unit_insn));
    }
    if (cache->sites && cache->sites != MAP_FAILED) {
        munmap(cache->sites, cache->max_site_bytes);
    }
    if (cache->moves && cache->moves != MAP_FAILED) {
        munmap(cache->moves, (uint64_t)cache->max_moves * sizeof(*cache->moves));
    }
    if (cache->fd >= 0) {
        close(cache->fd);
    }
    memset(cache, 0, sizeof(*cache));
    cache->fd = -1;
}

/* Both mappings have the pages that end there. Each page by two faults, of which the guest's code
 * takes one, costs 3.8 us; so 3.0. */
static void populate_to(struct cache *cache, uint32_t end)
{
    enum { STEP_BYTES = 64 << 10 };
    while (cache->populated < end) {
        const uint32_t at = cache->populated, left = cache->n_bytes - at;
        const uint32_t n_bytes = left < STEP_BYTES ? left : STEP_BYTES;
        cache_populate(cache->write + at, n_bytes, true);
        cache_populate((void *)(cache->exec + at), n_bytes, false);
        cache->populated = at + n_bytes;
    }
}

static bool begin(struct cache *cache, uint32_t at, uint32_t max_bytes, uint32_t n_insns,
                  struct emit *emit)
{
    if (at + max_bytes > cache->n_bytes || cache->n_units >= cache->max_units ||
        cache->n_insns + n_insns > cache->max_insns ||
        cache->n_site_bytes + (n_insns + 1) * CACHE_SITE_BYTES > cache->max_site_bytes) {
        return false;
    }
    populate_to(cache, at + 1);
    emit->start = emit->at = cache->write + at;
    emit->end = emit->start + max_bytes;
    emit->exec = cache->exec + at;
    emit->overflow = false;
    emit->fixed = cache->exec;
    emit->n_fixed = 0;
    return true;
}

static uint32_t next_place(const struct cache *cache)
{
    return (cache->used + CACHE_UNIT_ALIGN - 1) & ~(uint32_t)(CACHE_UNIT_ALIGN - 1);
}

bool cache_begin(struct cache *cache, uint32_t max_bytes, uint32_t n_insns, struct emit *emit)
{
    return begin(cache, next_place(cache), max_bytes, n_insns, emit);
}

bool cache_begin_at(struct cache *cache, uint32_t at, uint32_t max_bytes, uint32_t n_insns,
                    struct emit *emit)
{
    enum { LINE = 64 };
    const uint32_t next = next_place(cache);
    return begin(cache, next + ((at - next) & (LINE - 1)), max_bytes, n_insns, emit);
}

struct unit *cache_commit(struct cache *cache, struct emit *emit, const struct unit_insn *insns,
                          uint32_t n_insns, uint32_t body_bytes, struct codepage *page)
{
    BUG_ON(emit->overflow);
    const uint32_t off = (uint32_t)(emit->exec - cache->exec);
    while (cache->n_blocks <= off >> CACHE_BLOCK_SHIFT) {
        cache->n_before[cache->n_blocks++] = cache->n_units;
    }
    struct unit *unit = &cache->units[cache->n_units++];
    unit->off = off;
    unit->n_bytes = emit_off(emit);
    unit->body_bytes = body_bytes;
    unit->n_insns = n_insns;
    unit->insns = cache->insns + cache->n_insns;
    unit->page = page;
    unit->next = NULL;
    unit->dead = false;
    unit->is_patch = false;
    unit->chain_off = 0;
    unit->planted_at = 0;
    unit->is_idle = false;
    unit->hides_move = false;
    unit->cross_off = 0;
    unit->is_replaced = false;
    unit->parent = NULL;
    unit->is_fixed = true;
    unit->n_moves = 0;
    unit->low_off = UINT16_MAX;
    unit->high_off = 0;
    for (uint32_t i = 0; i < n_insns; i++) {
        const uint16_t off = insns[i].page_off, end = (uint16_t)(off + insns[i].n_bytes);
        unit->low_off = off < unit->low_off ? off : unit->low_off;
        unit->high_off = end > unit->high_off ? end : unit->high_off;
    }
    memcpy(unit->insns, insns, n_insns * sizeof(*insns));
    cache->n_insns += n_insns;
    cache->used = unit->off + unit->n_bytes;
    cache->n_bytes_emitted += unit->n_bytes;
    cache->n_units_made++;
    return unit;
}

void cache_note_moves(struct cache *cache, struct unit *unit, const uint32_t *moves, uint32_t n)
{
    if (cache->n_moves + n > cache->max_moves) {
        return; /* it stays where it is */
    }
    unit->moves = cache->moves + cache->n_moves;
    unit->n_moves = n;
    unit->is_fixed = false;
    cache->n_moves += n;
    for (uint32_t i = 0; i < n; i++) {
        const bool is_site = moves[i] >> MOVE_KIND_SHIFT == MOVE_SITE;
        unit->moves[i] = moves[i] + (is_site ? 0 : unit->off);
    }
}

bool cache_has_move(const struct unit *unit, uint32_t off, uint32_t n_bytes)
{
    for (uint32_t i = 0; i < unit->n_moves; i++) {
        const uint32_t at = cache_move_off(unit->moves[i]);
        if (unit->moves[i] >> MOVE_KIND_SHIFT != MOVE_SITE && at + sizeof(uint64_t) > off &&
            at < off + n_bytes) {
            return true;
        }
    }
    return false;
}

void *cache_alloc_site(struct cache *cache, uint32_t n_bytes)
{
    n_bytes = (n_bytes + 15) & ~15u;
    BUG_ON(cache->n_site_bytes + n_bytes > cache->max_site_bytes);
    void *site = cache->sites + cache->n_site_bytes;
    cache->n_site_bytes += n_bytes;
    return site;
}

/* All but the first pages, which the next units need at once. */
static void give_back(void *arena, uint64_t used_bytes, int advice)
{
    enum { KEPT_BYTES = 256 << 10 };
    if (used_bytes > KEPT_BYTES) {
        madvise((uint8_t *)arena + KEPT_BYTES, (used_bytes - KEPT_BYTES + 4095) & ~UINT64_C(4095),
                advice);
    }
}

void cache_flush(struct cache *cache)
{
    give_back(cache->write, cache->used, MADV_REMOVE);
    give_back(cache->units, (uint64_t)cache->n_units * sizeof(struct unit), MADV_DONTNEED);
    give_back(cache->insns, (uint64_t)cache->n_insns * sizeof(struct unit_insn), MADV_DONTNEED);
    give_back(cache->sites, cache->n_site_bytes, MADV_DONTNEED);
    give_back(cache->moves, (uint64_t)cache->n_moves * sizeof(*cache->moves), MADV_DONTNEED);
    cache->used = CACHE_STUB_BYTES;
    cache->populated = 0;
    cache->n_units = cache->n_blocks = 0;
    cache->n_insns = 0;
    cache->n_site_bytes = 0;
    cache->n_moves = 0;
    cache->n_flushes++;
}
