/* place.c - finds places in guest RAM and keeps them apart. Owns the list of what is taken; the map
 * of what is RAM is the board's.
 *
 * Physical addresses are 64-bit here so that sums cannot wrap; all RAM lies below 4 GiB.
 */
#include "load/room.h"

#include <errno.h>

#define PHYS_END (1ull << 32)

void place_begin(struct place *place, struct mem *mem, const struct board_e820 *map, unsigned n_map)
{
    place->mem = mem;
    place->map = map;
    place->n_map = n_map;
    place->n_used = 0;
}

/* End of the RAM range that holds phys, or phys if none does. */
static uint64_t ram_end_at(const struct place *place, uint64_t phys)
{
    for (unsigned i = 0; i < place->n_map; i++) {
        const struct board_e820 *range = &place->map[i];
        if (range->type == E820_RAM && phys >= range->base && phys - range->base < range->n_bytes) {
            uint64_t end = range->base + range->n_bytes;
            return end < PHYS_END ? end : PHYS_END;
        }
    }
    return phys;
}

bool place_is_ram(const struct place *place, uint64_t phys, uint64_t n_bytes)
{
    if (!n_bytes || phys >= PHYS_END || n_bytes > PHYS_END - phys) {
        return false;
    }
    uint64_t end = phys + n_bytes;
    for (uint64_t at = phys; at < end;) { /* neighbouring ranges count as one */
        uint64_t range_end = ram_end_at(place, at);
        if (range_end == at) {
            return false;
        }
        at = range_end;
    }
    for (uint64_t at = phys & ~(uint64_t)(PAGE_BYTES - 1); at < end; at += PAGE_BYTES) {
        if (mem_type_of(place->mem, (uint32_t)at) != MEM_RAM) {
            return false; /* the map promised what is not there: believe the memory */
        }
    }
    return true;
}

/* The used range that overlaps, or NULL. */
static const struct place_range *find_used(const struct place *place, uint64_t begin, uint64_t end)
{
    for (unsigned i = 0; i < place->n_used; i++) {
        if (begin < place->used[i].end && place->used[i].begin < end) {
            return &place->used[i];
        }
    }
    return NULL;
}

int place_claim(struct place *place, uint64_t phys, uint64_t n_bytes)
{
    if (!place_is_ram(place, phys, n_bytes)) {
        return -EFAULT;
    }
    if (find_used(place, phys, phys + n_bytes)) {
        return -EEXIST;
    }
    if (place->n_used == PLACE_MAX_USED) {
        return -ENOSPC;
    }
    place->used[place->n_used++] = (struct place_range){phys, phys + n_bytes};
    return 0;
}

static uint64_t page_up(uint64_t phys)
{
    return (phys + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}
static uint64_t page_down(uint64_t phys)
{
    return phys & ~(uint64_t)(PAGE_BYTES - 1);
}

/* One RAM range of the map, narrowed to [low, high); false if nothing is left. */
static bool narrow(const struct board_e820 *range, uint64_t low, uint64_t high, uint64_t *begin,
                   uint64_t *end)
{
    if (range->type != E820_RAM || range->base >= PHYS_END) {
        return false;
    }
    uint64_t n_bytes = range->n_bytes < PHYS_END ? range->n_bytes : PHYS_END;
    uint64_t range_end = range->base + n_bytes;
    *begin = page_up(range->base > low ? range->base : low);
    *end = page_down(range_end < high ? range_end : high);
    return *begin < *end;
}

int place_find_high(struct place *place, uint64_t low, uint64_t high, uint64_t n_bytes,
                    uint32_t *phys)
{
    uint64_t best = 0;
    bool found = false;
    for (unsigned i = 0; i < place->n_map; i++) {
        uint64_t begin, end;
        if (!n_bytes || !narrow(&place->map[i], low, high, &begin, &end)) {
            continue;
        }
        while (end > begin && end - begin >= n_bytes) {
            uint64_t at = page_down(end - n_bytes);
            const struct place_range *used = find_used(place, at, at + n_bytes);
            if (!used) {
                if (at >= begin && (!found || at > best)) {
                    found = true;
                    best = at;
                }
                break;
            }
            end = page_down(used->begin); /* below what is in the way */
        }
    }
    *phys = (uint32_t)best;
    return found && place_claim(place, best, n_bytes) == 0 ? 0 : -ENOSPC;
}

int place_find_low(struct place *place, uint64_t low, uint64_t high, uint64_t n_bytes,
                   uint32_t *phys)
{
    uint64_t best = 0;
    bool found = false;
    for (unsigned i = 0; i < place->n_map; i++) {
        uint64_t begin, end;
        if (!n_bytes || !narrow(&place->map[i], low, high, &begin, &end)) {
            continue;
        }
        while (end > begin && end - begin >= n_bytes) {
            const struct place_range *used = find_used(place, begin, begin + n_bytes);
            if (!used) {
                if (!found || begin < best) {
                    found = true;
                    best = begin;
                }
                break;
            }
            begin = page_up(used->end); /* above what is in the way */
        }
    }
    *phys = (uint32_t)best;
    return found && place_claim(place, best, n_bytes) == 0 ? 0 : -ENOSPC;
}

void place_write(struct place *place, uint64_t phys, const void *bytes, uint64_t n_bytes)
{
    BUG_ON(mem_write(place->mem, (uint32_t)phys, bytes, n_bytes) != n_bytes);
}

void place_zero(struct place *place, uint64_t phys, uint64_t n_bytes)
{
    static const uint8_t zeros[65536];
    while (n_bytes) {
        uint64_t piece = n_bytes < sizeof zeros ? n_bytes : sizeof zeros;
        place_write(place, phys, zeros, piece);
        phys += piece;
        n_bytes -= piece;
    }
}

uint64_t place_ram_bytes(const struct place *place)
{
    uint64_t n_bytes = 0;
    for (unsigned i = 0; i < place->n_map; i++) {
        n_bytes += place->map[i].type == E820_RAM ? place->map[i].n_bytes : 0;
    }
    return n_bytes;
}
