/* bridge_light.c - opens and closes bridges: see bridge.h. Nothing of the guest runs meanwhile, or
 * it is stopped in the middle of an instruction, in front of the bridge's first byte. Light. */
#include "cache/bridge.h"

#include "base/bytes.h"

static void put_gate(const struct cache *cache, uint32_t at, const uint8_t *gate)
{
    cache_put(cache->write + at + BRIDGE_GATE, gate, BRIDGE_JUMP - BRIDGE_GATE);
}

/* LOOP, or JMP, to the call of the stub. */
static void put_thunk_gate(const struct cache *cache, uint32_t at, uint8_t opcode)
{
    const uint8_t gate[] = {opcode, BRIDGE_THUNK_STUB - BRIDGE_GATE - 2, 0x49, 0x8b, 0xc9};
    put_gate(cache, at, gate);
}

static void close_gate(const struct cache *cache, uint32_t at)
{
    if (bridge_is_thunk(cache, at)) {
        put_thunk_gate(cache, at, 0xeb);
        return;
    }
    uint8_t gate[BRIDGE_JUMP - BRIDGE_GATE] = {0xe8};
    bytes_put_u32(gate + 1, BRIDGE_STUB - (at + BRIDGE_JUMP));
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
    bytes_put_u32(cache->write + at + BRIDGE_ENTRY, 1 - entry);
    bytes_put_u32(cache->write + at + BRIDGE_JUMP + 1, to - (at + BRIDGE_JUMP + 5));
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
    bytes_put_u32(cache->write + at + BRIDGE_GATE + 3, (uint32_t)cache->exec);
}

/* In a thunk's the bytes 22 before that are n, the gate and the rest of it. */
uint32_t bridge_of(const struct cache *cache, uint32_t behind)
{
    const uint32_t at = behind - BRIDGE_JUMP;
    return cache->write[at + 7] == 0x4c ? at : behind - BRIDGE_THUNK_BYTES;
}

int bridge_thunk_register(const struct cache *cache, const struct codepage *page, uint32_t slot)
{
    static const uint8_t ret[] = {0x90, 0x45, 0x8b, 4, 0x24, 0x4d, 0x8d, 0x64, 0x24, 4, 0xc3};
    const uint8_t *load = cache->write + slot; /* mov (%r12), %reg */
    const struct unit *unit = cache_find(cache, cache->exec + slot);
    if (!unit || unit->dead || unit->page != page ||
        unit->off + unit->body_bytes < slot + 4 + sizeof(ret) || load[0] != 0x41 ||
        load[1] != 0x8b || (load[2] & 0xc7) != 4 || load[3] != 0x24) {
        return -1;
    }
    for (unsigned i = 0; i < sizeof(ret); i++) {
        if (load[4 + i] != ret[i]) {
            return -1;
        }
    }
    return load[2] >> 3;
}

uint32_t bridge_target(const struct cache *cache, uint32_t at)
{
    const bool before = bridge_is_call(cache, at) || bridge_is_thunk(cache, at);
    return bytes_get_u32(cache->write + at + (before ? BRIDGE_CALL_LIN : BRIDGE_LIN));
}

uint32_t bridge_entry(const uint32_t *table, uint32_t lin)
{
    return (uint32_t)view_code_entry(table, lin);
}

static bool is_listed(const struct codepages *pages, const struct codepage *page, uint32_t at)
{
    uint32_t number = page->bridges;
    while (number && pages->bridges[number - 1].at != at) {
        number = pages->bridges[number - 1].next;
    }
    return number;
}

static bool has_room(const struct codepages *pages)
{
    return pages->free_bridges || pages->n_bridges < pages->max_bridges;
}

static uint32_t new_bridge(struct codepages *pages)
{
    const uint32_t number = pages->free_bridges;
    if (!number) {
        return ++pages->n_bridges;
    }
    pages->free_bridges = pages->bridges[number - 1].next;
    return number;
}

static void list(struct codepages *pages, struct codepage *page, uint32_t at)
{
    const uint32_t number = new_bridge(pages);
    pages->bridges[number - 1] = (struct bridge){.at = at, .next = page->bridges};
    page->bridges = number;
    pages->n_bridges_built++;
}

/* What it leads to is other code now, or comes and goes: what calls it is made anew. */
static void give_up_thunk(struct codepages *pages, uint32_t at)
{
    const struct unit *unit = cache_find(pages->cache, pages->cache->exec + at);
    codepage_invalidate(pages, unit->page->phys->phys_page);
}

static uint32_t build_thunk(struct codepages *pages, uint32_t at, struct codepage *page,
                            const uint32_t *table, uint32_t lin)
{
    const struct cache *cache = pages->cache;
    const uint32_t slot = codepage_slot(page, lin & (PAGE_BYTES - 1));
    const int reg = bridge_thunk_register(cache, page, slot);
    const bool is_open = cache->write[at + BRIDGE_GATE] == 0xe2;
    if (page->phys->loose || reg != (cache->write[at + BRIDGE_JUMP] & 7) || !has_room(pages)) {
        give_up_thunk(pages, at);
        return 0;
    }
    if (!is_open || !is_listed(pages, page, at)) {
        list(pages, page, at);
    }
    bytes_put_u32(cache->write + at + BRIDGE_ENTRY, 1 - bridge_entry(table, lin));
    put_thunk_gate(cache, at, 0xe2);
    return slot;
}

uint32_t bridge_build(struct codepages *pages, uint32_t at, const uint32_t *table)
{
    const uint32_t lin = bridge_target(pages->cache, at);
    struct codepage *page = codepage_of_table(pages, table);
    const uint32_t slot = page ? codepage_slot(page, lin & (PAGE_BYTES - 1)) : 0;
    if (!slot) {
        return 0; /* not for long: the guest goes there now */
    }
    if (bridge_is_thunk(pages->cache, at)) {
        return build_thunk(pages, at, page, table, lin);
    }
    const struct unit *unit = cache_find(pages->cache, pages->cache->exec + slot);
    /* Units of loose pages go one by one; what asks for the next page's code is made anew where its
     * slot is cleared, and the old one would ask again. */
    if (page->phys->loose || !unit || unit->dead || unit->cross_off || !has_room(pages)) {
        give_up(pages->cache, at);
        return slot;
    }
    list(pages, page, at);
    open_gate(pages->cache, at, bridge_entry(table, lin), slot);
    return slot;
}

void bridge_close_all(struct codepages *pages, struct codepage *page)
{
    uint32_t *last = &page->bridges;
    for (; *last; last = &pages->bridges[*last - 1].next) {
        close_gate(pages->cache, pages->bridges[*last - 1].at);
    }
    if (!pages->never_reuse) {
        *last = pages->free_bridges;
        pages->free_bridges = page->bridges;
    }
    page->bridges = 0;
}
