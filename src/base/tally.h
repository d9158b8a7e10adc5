/* tally.h - counters by a 64-bit key, in a table of fixed size. Light and async-signal-safe: signal
 * handlers and light calls count here. A key that finds no place is counted as lost.
 */
#ifndef BASE_TALLY_H
#define BASE_TALLY_H

#include "base/base.h"

struct tally_slot {
    uint64_t key; /* 0: free; so keys are stored plus 1 */
    uint64_t count;
};
struct tally {
    struct tally_slot *slots; /* n_slots of them, zeroed, the caller's */
    uint32_t n_slots;         /* a power of two */
    uint64_t lost;
};

enum { TALLY_MAX_PROBES = 64 };

/* Not against itself in a handler that interrupts it on the same table. */
static inline void tally_add(struct tally *tally, uint64_t key)
{
    uint64_t hash = key * 0x9e3779b97f4a7c15u;
    uint32_t at = (uint32_t)(hash >> 32);
    for (unsigned i = 0; i < TALLY_MAX_PROBES; i++) {
        struct tally_slot *slot = &tally->slots[(at + i) & (tally->n_slots - 1)];
        if (!slot->key) {
            slot->key = key + 1;
        }
        if (slot->key == key + 1) {
            slot->count++;
            return;
        }
    }
    tally->lost++;
}

static inline uint64_t tally_get(const struct tally *tally, uint64_t key)
{
    uint64_t hash = key * 0x9e3779b97f4a7c15u;
    uint32_t at = (uint32_t)(hash >> 32);
    for (unsigned i = 0; i < TALLY_MAX_PROBES; i++) {
        const struct tally_slot *slot = &tally->slots[(at + i) & (tally->n_slots - 1)];
        if (slot->key == key + 1) {
            return slot->count;
        }
        if (!slot->key) {
            break;
        }
    }
    return 0;
}

#endif
