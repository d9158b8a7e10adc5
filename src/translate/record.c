/* record.c - a unit as bytes that say how to make it again: elsewhere in the cache, at another
 * linear page, in another process. Called by unit.c when a unit is finished, before anything of it
 * has been changed or run; replayed for whoever found the record by the page's contents
 * (docs/decisions/0022).
 *
 * What a finished unit says of places: rel32 to the stubs (emit.h), to other units of its page
 * (joins: there when it is replayed, because records are replayed in order; links: as ever), to its
 * own sites, and what cache/move.c knows of. Units that may not be moved are not recorded.
 */
#include "translate/translate.h"

#include <string.h>

#include "base/bytes.h"

enum { RECORD_MAX_BYTES = 64 << 10, LINE_BYTES = 64 };

struct head {
    uint32_t n_bytes, body_bytes, lin_page, n_site_bytes;
    uint16_t at; /* begins there in a line of 64 bytes: loops are aligned by that */
    uint16_t n_insns, n_moves, n_links, n_joins, n_fixed, n_sites, n_guest_bytes;
};
struct site_head {
    uint32_t field_off;
    uint16_t n_bytes, is_jump;
};
struct pair {
    uint16_t field_off, target_off;
};

/* Where its parts lie, in this order. */
struct parts {
    struct site_head *sites;
    uint32_t *moves; /* a site's is its number, not its place */
    struct unit_insn *insns;
    struct pair *links, *joins;
    uint16_t *fixed;      /* in the code they hold the offset of the stub */
    uint8_t *site_bytes;  /* jump_site: host and behind count from the unit's start */
    uint8_t *guest_bytes; /* of the instructions, one after the other */
    uint8_t *code;
    size_t n_bytes; /* of all, a multiple of 8 */
};
_Static_assert(sizeof(struct head) % 8 == 0 && sizeof(struct pair) == 4,
               "alignment of what follows");

static struct parts find_parts(uint8_t *bytes, const struct head *head)
{
    struct parts parts;
    uint8_t *at = bytes + sizeof(*head);
#define PART(name, n) (parts.name = (void *)at, at += (size_t)(n) * sizeof(*parts.name))
    PART(sites, head->n_sites);
    PART(moves, head->n_moves);
    PART(insns, head->n_insns);
    PART(links, head->n_links);
    PART(joins, head->n_joins);
    PART(fixed, head->n_fixed);
    PART(site_bytes, head->n_site_bytes);
    PART(guest_bytes, head->n_guest_bytes);
    PART(code, head->n_bytes);
#undef PART
    parts.n_bytes = ((size_t)(at - bytes) + 7) & ~(size_t)7;
    return parts;
}

/* ---- recording ---- */

static bool may_record(const struct translator *t)
{
    const unsigned n_bytes = emit_off(&t->emit);
    if (!t->may_move || t->in->cross_next || !t->in->is_unhinted ||
        t->n_insns < t->in->scan->n_insns || t->n_sites > MAX_SITES || t->n_joins > MAX_JOINS ||
        t->emit.n_fixed > EMIT_MAX_FIXED || n_bytes > RECORD_MAX_BYTES / 2) {
        return false;
    }
    for (unsigned i = 0; i < t->n_sites; i++) {
        if (!t->sites[i].field_off || t->sites[i].site->plant) {
            return false;
        }
    }
    return true;
}

static void record_sites(const struct translator *t, const struct parts *parts)
{
    uint8_t *at = parts->site_bytes;
    for (unsigned i = 0; i < t->n_sites; i++) {
        const struct made_site *site = &t->sites[i];
        parts->sites[i] = (struct site_head){.field_off = site->field_off,
                                             .n_bytes = (uint16_t)site->n_bytes,
                                             .is_jump = site->is_jump};
        memset(parts->code + site->field_off, 0, sizeof(uint64_t));
        if (site->is_jump) {
            struct jump_site jump = *(const struct jump_site *)site->site;
            jump.host -= t->emit.exec;
            jump.behind -= t->emit.exec;
            jump.insn.shape = 0; /* a number of this process */
            memcpy(at, &jump, sizeof(jump));
        } else {
            memcpy(at, site->site, site->n_bytes);
            memset(at + offsetof(struct insn, shape), 0, sizeof(site->site->shape));
        }
        at += site->n_bytes;
    }
}

static void record_moves(const struct translator *t, uint32_t *moves)
{
    uint32_t n_sites = 0;
    for (unsigned i = 0; i < t->n_moves; i++) {
        const bool is_site = t->moves[i] >> MOVE_KIND_SHIFT == MOVE_SITE;
        moves[i] = is_site ? (uint32_t)MOVE_SITE << MOVE_KIND_SHIFT | n_sites : t->moves[i];
        n_sites += is_site;
    }
    BUG_ON(n_sites != t->n_sites);
}

static void record_pairs(const struct join *joins, unsigned n, struct pair *pairs)
{
    for (unsigned i = 0; i < n; i++) {
        pairs[i] = (struct pair){(uint16_t)joins[i].field_off, (uint16_t)joins[i].target_off};
    }
}

static void record_fixed(const struct translator *t, const struct parts *parts)
{
    for (unsigned i = 0; i < t->emit.n_fixed; i++) {
        const uint16_t field = t->emit.fixed_fields[i];
        const uint32_t rel = bytes_get_u32(parts->code + field);
        bytes_put_u32(parts->code + field,
                      rel + (uint32_t)(t->emit.exec + field + 4 - t->emit.fixed));
        parts->fixed[i] = field;
    }
}

void translate_record(const struct translator *t, uint32_t body_bytes)
{
    _Alignas(8) uint8_t bytes[RECORD_MAX_BYTES];
    if (!may_record(t)) {
        return;
    }
    struct head head = {.n_bytes = emit_off(&t->emit),
                        .body_bytes = body_bytes,
                        .lin_page = t->in->page->lin_page,
                        .at = t->emit.exec % LINE_BYTES,
                        .n_insns = (uint16_t)t->n_insns,
                        .n_moves = (uint16_t)t->n_moves,
                        .n_links = (uint16_t)t->n_links,
                        .n_joins = (uint16_t)t->n_joins,
                        .n_fixed = (uint16_t)t->emit.n_fixed,
                        .n_sites = (uint16_t)t->n_sites};
    for (unsigned i = 0; i < t->n_sites; i++) {
        head.n_site_bytes += t->sites[i].n_bytes;
    }
    for (unsigned i = 0; i < t->n_insns; i++) {
        head.n_guest_bytes += t->in->scan->insns[i].n_bytes;
    }
    const struct parts parts = find_parts(bytes, &head);
    if (parts.n_bytes > sizeof(bytes)) {
        return;
    }
    memset(bytes + parts.n_bytes - 8, 0, 8); /* what nothing fills */
    memcpy(bytes, &head, sizeof(head));
    memcpy(parts.code, t->emit.start, head.n_bytes);
    memcpy(parts.insns, t->insns, head.n_insns * sizeof(*parts.insns));
    record_pairs(t->links, t->n_links, parts.links);
    record_pairs(t->joins, t->n_joins, parts.joins);
    uint8_t *guest = parts.guest_bytes;
    for (unsigned i = 0; i < t->n_insns; i++) {
        const struct insn *insn = &t->in->scan->insns[i];
        memcpy(guest, insn->bytes, insn->n_bytes);
        guest += insn->n_bytes;
    }
    record_sites(t, &parts);
    record_moves(t, parts.moves);
    record_fixed(t, &parts);
    t->in->record(t->in->arg, bytes, (uint32_t)parts.n_bytes);
}

/* ---- replaying ---- */

static bool is_inside(const struct head *head, uint32_t field_off, uint32_t n_bytes)
{
    return field_off < head->n_bytes && head->n_bytes - field_off >= n_bytes;
}

static bool pairs_fit(const struct head *head, const struct pair *pairs, unsigned n)
{
    bool fits = true;
    for (unsigned i = 0; i < n; i++) {
        fits &= is_inside(head, pairs[i].field_off, 4) && pairs[i].target_off < PAGE_BYTES;
    }
    return fits;
}

static bool moves_fit(const struct head *head, const uint32_t *moves)
{
    bool fits = true;
    for (unsigned i = 0; i < head->n_moves; i++) {
        const uint32_t kind = moves[i] >> MOVE_KIND_SHIFT, off = cache_move_off(moves[i]);
        fits &=
            kind == MOVE_SITE ? off < head->n_sites : kind <= MOVE_ENTRY && is_inside(head, off, 4);
    }
    return fits;
}

static bool insns_fit(const struct head *head, const struct unit_insn *insns)
{
    bool fits = head->n_insns > 0 && head->n_insns <= SCAN_MAX_INSNS;
    for (unsigned i = 0; i < head->n_insns; i++) {
        fits &= insns[i].host_off <= head->body_bytes &&
                (i == 0 || (insns[i].host_off >= insns[i - 1].host_off &&
                            insns[i].page_off > insns[i - 1].page_off)) &&
                insns[i].n_bytes && insns[i].page_off + insns[i].n_bytes <= PAGE_BYTES;
    }
    return fits;
}

static bool sites_fit(const struct head *head, const struct site_head *sites)
{
    uint32_t n_bytes = 0;
    bool fits = head->n_sites <= MAX_SITES;
    for (unsigned i = 0; i < head->n_sites; i++) {
        const uint32_t n = sites[i].n_bytes;
        fits &= is_inside(head, sites[i].field_off, 8) &&
                (sites[i].is_jump ? n == sizeof(struct jump_site)
                                  : n == sizeof(struct insn) || n == sizeof(struct lookup_site));
        n_bytes += n;
    }
    return fits && n_bytes == head->n_site_bytes;
}

/* A damaged file has been found out before; this keeps what is left from writing where it may not.
 */
static bool fits(const struct head *head, const struct parts *parts)
{
    bool fields_fit = true;
    for (unsigned i = 0; i < head->n_fixed; i++) {
        fields_fit &= is_inside(head, parts->fixed[i], 4) &&
                      bytes_get_u32(parts->code + parts->fixed[i]) < EMIT_FIXED_BYTES;
    }
    return fields_fit && head->body_bytes <= head->n_bytes && head->n_moves <= MAX_MOVES &&
           head->n_joins <= MAX_JOINS && insns_fit(head, parts->insns) &&
           moves_fit(head, parts->moves) && pairs_fit(head, parts->links, head->n_links) &&
           pairs_fit(head, parts->joins, head->n_joins) && sites_fit(head, parts->sites);
}

/* The page's key says what it was when it was asked for; bytes that no unit had may have changed
 * before this one was made of them. */
static bool is_same_code(const uint8_t *guest, const struct head *head, const struct parts *parts)
{
    uint32_t at = 0;
    bool is_same = true;
    for (unsigned i = 0; i < head->n_insns && is_same; i++) {
        const struct unit_insn *insn = &parts->insns[i];
        is_same = at + insn->n_bytes <= head->n_guest_bytes &&
                  memcmp(guest + insn->page_off, parts->guest_bytes + at, insn->n_bytes) == 0;
        at += insn->n_bytes;
    }
    return is_same && at == head->n_guest_bytes;
}

/* A site that has faulted must not be made again as it was then: it would fault for ever. */
static bool has_hints(const struct translate_replay *in, const struct head *head,
                      const struct parts *parts)
{
    bool has = false;
    for (unsigned i = 0; in->site && i < head->n_insns && !has; i++) {
        has = in->site(in->arg, parts->insns[i].page_off) != 0;
    }
    return has;
}

/* False: one leads to what is not there. */
static bool find_joined(const struct codepage *page, const struct pair *joins, unsigned n,
                        uint32_t *slots)
{
    bool are_there = true;
    for (unsigned i = 0; i < n && are_there; i++) {
        slots[i] = codepage_slot(page, joins[i].target_off);
        are_there = slots[i] != 0;
    }
    return are_there;
}

static void put_sites(struct cache *cache, struct emit *e, const struct head *head,
                      const struct parts *parts, uint32_t *moves)
{
    const uint8_t *from = parts->site_bytes;
    void *sites[MAX_SITES];
    for (unsigned i = 0; i < head->n_sites; i++) {
        const struct site_head *site = &parts->sites[i];
        sites[i] = cache_alloc_site(cache, site->n_bytes);
        memcpy(sites[i], from, site->n_bytes);
        memcpy(e->start + site->field_off, &sites[i], sizeof(sites[i]));
        if (site->is_jump) {
            struct jump_site *jump = sites[i];
            jump->host += e->exec;
            jump->behind += e->exec;
        }
        from += site->n_bytes;
    }
    for (unsigned i = 0; i < head->n_moves; i++) {
        const bool is_site = parts->moves[i] >> MOVE_KIND_SHIFT == MOVE_SITE;
        moves[i] = is_site ? cache_move_site(cache, sites[cache_move_off(parts->moves[i])])
                           : parts->moves[i];
    }
}

static void put_code(const struct cache *cache, const uint32_t *slots, struct emit *e,
                     const struct head *head, const struct parts *parts)
{
    memcpy(e->start, parts->code, head->n_bytes);
    e->at = e->start + head->n_bytes;
    for (unsigned i = 0; i < head->n_fixed; i++) {
        const uint16_t field = parts->fixed[i];
        emit_patch_rel32(e, field, cache->exec + bytes_get_u32(parts->code + field));
    }
    for (unsigned i = 0; i < head->n_joins; i++) {
        emit_patch_rel32(e, parts->joins[i].field_off, cache->exec + slots[i]);
    }
}

struct unit *translate_replay(const struct translate_replay *in)
{
    struct codepage *page = in->page;
    struct cache *cache = in->pages->cache;
    struct head head;
    struct emit e;
    uint32_t moves[MAX_MOVES], slots[MAX_JOINS];
    if (in->n_bytes < sizeof(head)) {
        return NULL;
    }
    memcpy(&head, in->bytes, sizeof(head));
    const struct parts parts = find_parts((uint8_t *)in->bytes, &head);
    if (parts.n_bytes != in->n_bytes || !fits(&head, &parts) ||
        !is_same_code(in->guest, &head, &parts) || has_hints(in, &head, &parts) ||
        !find_joined(page, parts.joins, head.n_joins, slots) ||
        !cache_begin_at(cache, head.at, head.n_bytes, SCAN_MAX_INSNS, &e)) {
        return NULL;
    }
    put_code(cache, slots, &e, &head, &parts);
    put_sites(cache, &e, &head, &parts, moves);
    struct unit *unit = cache_commit(cache, &e, parts.insns, head.n_insns, head.body_bytes, page);
    cache_note_moves(cache, unit, moves, head.n_moves);
    if (unit->is_fixed || !codepage_move_unit(cache, unit, page->lin_page - head.lin_page)) {
        unit->dead = true; /* nothing leads to it */
        return NULL;
    }
    for (unsigned i = 0; i < head.n_links; i++) {
        codepage_add_link(in->pages, page, parts.links[i].target_off,
                          unit->off + parts.links[i].field_off);
    }
    codepage_add_unit(in->pages, page, unit);
    return unit;
}
