/* cache_light.c - from a host address back to unit and instruction. Light: signal handlers and
 * light calls use it. */
#include "cache/cache.h"

/* Sixteen steps through all units would be as many lines of memory that nobody has. */
struct unit *cache_find(const struct cache *cache, uint64_t host)
{
    if (!cache_contains(cache, host)) {
        return NULL;
    }
    const uint32_t off = (uint32_t)(host - cache->exec), block = off >> CACHE_BLOCK_SHIFT;
    uint32_t low = block < cache->n_blocks ? cache->n_before[block] : cache->n_units;
    uint32_t high = block + 1 < cache->n_blocks ? cache->n_before[block + 1] : cache->n_units;
    while (low < high) { /* last unit that begins at or before off */
        uint32_t middle = (low + high) / 2;
        if (cache->units[middle].off <= off) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return NULL;
    }
    struct unit *unit = &cache->units[low - 1];
    return off - unit->off < unit->n_bytes ? unit : NULL;
}

const struct unit_insn *cache_find_insn(const struct cache *cache, const struct unit *unit,
                                        uint64_t host)
{
    uint32_t off = (uint32_t)(host - cache->exec) - unit->off, low = 0, high = unit->n_insns;
    if (off >= unit->body_bytes) {
        return NULL;
    }
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (unit->insns[middle].host_off <= off) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low ? &unit->insns[low - 1] : NULL;
}
