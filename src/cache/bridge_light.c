/* bridge_light.c - opens and closes bridges: see bridge.h. Nothing of the guest runs meanwhile, or
 * it is stopped in the middle of an instruction, in front of the bridge's first byte. Light. */
#include "cache/bridge.h"

static void put_u32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static void put_gate(const struct cache *cache, uint32_t at, const uint8_t *gate)
{
    cache_put(cache->write + at + BRIDGE_GATE, gate, BRIDGE_JUMP - BRIDGE_GATE);
}

static void close_gate(const struct cache *cache, uint32_t at)
{
    uint8_t gate[BRIDGE_JUMP - BRIDGE_GATE] = {0xe8};
    put_u32(gate + 1, BRIDGE_STUB - (at + BRIDGE_JUMP));
    put_gate(cache, at, gate);
}

/* How far LOOP goes: a landing is mov, lea, and its own jump behind jrcxz, or loop to another's. */
static uint8_t way_to_look_up(const struct cache *cache, uint32_t at)
{
    enum { ASKS = BRIDGE_CALL_BYTES + 10, FROM = BRIDGE_GATE + 2 };
    const uint8_t *asks = cache->write + at + ASKS;
    if (!bridge_is_call(cache, at)) {
        return BRIDGE_LOOKUP - FROM;
    }
    return (uint8_t)(ASKS + 2 - FROM + (asks[0] == 0xe2 ? asks[1] : 0));
}

static void open_gate(const struct cache *cache, uint32_t at, uint32_t entry, uint32_t to)
{
    const uint8_t gate[] = {0xe2, way_to_look_up(cache, at), 0x49, 0x8b, 0xc9};
    put_u32(cache->write + at + BRIDGE_ENTRY, 1 - entry);
    put_u32(cache->write + at + BRIDGE_JUMP + 1, to - (at + BRIDGE_JUMP + 5));
    put_gate(cache, at, gate);
}

static void give_up(const struct cache *cache, uint32_t at)
{
    static const uint8_t gate[] = {0xeb, BRIDGE_LOOKUP - BRIDGE_GATE - 2, 0x0f, 0x1f, 0};
    static const uint8_t look_up[] = {0x47, 0x8b, 0x0c, 0x82, 0xeb, BRIDGE_GATE - BRIDGE_ENTRY};
    static const uint8_t go[] = {0x4d, 0x8d, 0x89, 0, 0, 0, 0, 0x41, 0xff, 0xd1};
    if (!bridge_is_call(cache, at)) {
        put_gate(cache, at, gate);
        return;
    }
    cache_put(cache->write + at + BRIDGE_ENTRY - sizeof(look_up), look_up, sizeof(look_up));
    cache_put(cache->write + at + BRIDGE_GATE, go, sizeof(go));
    put_u32(cache->write + at + BRIDGE_GATE + 3, (uint32_t)cache->exec);
}

uint32_t bridge_target(const struct cache *cache, uint32_t at)
{
    const uint8_t *lin =
        cache->write + at + (bridge_is_call(cache, at) ? BRIDGE_CALL_LIN : BRIDGE_LIN);
    return lin[0] | (uint32_t)lin[1] << 8 | (uint32_t)lin[2] << 16 | (uint32_t)lin[3] << 24;
}

uint32_t bridge_entry(const uint32_t *table, uint32_t lin)
{
    return (uint32_t)(uint64_t)table - (lin >> PAGE_SHIFT) * BRIDGE_TABLE_BYTES;
}

uint32_t bridge_build(struct codepages *pages, uint32_t at, const uint32_t *table)
{
    const uint32_t lin = bridge_target(pages->cache, at);
    struct codepage *page = codepage_of_table(pages, table);
    const uint32_t slot = page ? codepage_slot(page, lin & (PAGE_BYTES - 1)) : 0;
    if (!slot) {
        return 0; /* not for long: the guest goes there now */
    }
    const struct unit *unit = cache_find(pages->cache, pages->cache->exec + slot);
    /* Units of loose pages go one by one; what asks for the next page's code is made anew where its
     * slot is cleared, and the old one would ask again. */
    if (page->phys->loose || !unit || unit->dead || unit->is_crossing ||
        pages->n_bridges == pages->max_bridges) {
        give_up(pages->cache, at);
        return slot;
    }
    const uint32_t number = pages->n_bridges++;
    pages->bridges[number] = (struct bridge){.at = at, .next = page->bridges};
    page->bridges = number + 1;
    pages->n_bridges_built++;
    open_gate(pages->cache, at, bridge_entry(table, lin), slot);
    return slot;
}

void bridge_close_all(struct codepages *pages, struct codepage *page)
{
    for (uint32_t number = page->bridges; number; number = pages->bridges[number - 1].next) {
        close_gate(pages->cache, pages->bridges[number - 1].at);
    }
    page->bridges = 0;
}
