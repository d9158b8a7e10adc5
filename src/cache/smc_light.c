/* smc_light.c - code that is written: what a store into scanned bytes drops (docs/decisions/0011).
 *
 * Units of one page are linked to each other, so a store drops them all, until the page has been
 * written a few times in short order: it becomes loose. Units of a loose page go to each other
 * through the I-view; a store drops those made from the bytes it changes. An instruction that is
 * hit again is a unit alone, and if no more than its 4-byte constant is ever hit, it reads that
 * from struct cpu, where the store leaves it, and stays. Light: stores of guest code come here. */
#include "base/bytes.h"
#include "cache/bridge.h"

enum {
    WRITES_BEFORE_LOOSE = 4,
    HITS_BEFORE_HOT = 2,
    BURST_TSC = 100 << 20, /* some 40 ms: writes further apart have nothing to do with each other */
    SETTLE_TSC = 800 << 20, /* some 0.3 s without one: the page has come to rest */
};

void codepage_mark_scanned(struct physcode *phys, uint32_t off, uint32_t end)
{
    end = end < PAGE_BYTES ? end : PAGE_BYTES;
    while (off < end) {
        if (!(off & 7) && end - off >= 8) {
            phys->scanned[off >> 3] = 0xff;
            off += 8;
        } else {
            phys->scanned[off >> 3] |= (uint8_t)(1u << (off & 7));
            off++;
        }
    }
}

/* ---- hot instructions, and constants in slots ---- */

static unsigned hot_index(uint32_t phys)
{
    return phys * 2654435761u >> 24;
}

static const struct hot_insn *find_hot(const struct codepages *pages, uint32_t phys)
{
    const struct hot_insn *hot = &pages->hot[hot_index(phys)];
    return hot->phys == phys && hot->n_hits >= HITS_BEFORE_HOT ? hot : NULL;
}

static void note_hit(struct codepages *pages, uint32_t phys, uint32_t bytes)
{
    struct hot_insn *hot = &pages->hot[hot_index(phys)];
    if (!hot->n_hits || hot->phys != phys) {
        *hot = (struct hot_insn){.phys = phys};
    }
    hot->bytes |= (uint16_t)bytes;
    hot->n_hits += hot->n_hits < UINT8_MAX;
}

void codepage_free_slots(struct codepages *pages, uint32_t phys_page)
{
    for (unsigned i = 0; pages->n_slots && i < CPU_HOT_IMMS; i++) {
        if (pages->slots[i].phys >> 12 == phys_page) {
            pages->slots[i].phys = CODEPAGE_NO_SLOT;
            pages->n_slots--;
        }
    }
}

void codepages_forget_hot(struct codepages *pages)
{
    for (unsigned i = 0; i < CODEPAGE_HOT; i++) {
        pages->hot[i] = (struct hot_insn){.n_hits = 0};
    }
    for (unsigned i = 0; i < CPU_HOT_IMMS; i++) {
        pages->slots[i].phys = CODEPAGE_NO_SLOT;
    }
    pages->n_slots = 0;
}

bool codepage_is_hot(const struct codepages *pages, uint32_t phys)
{
    return find_hot(pages, phys) != NULL;
}

bool codepage_is_hot_imm(const struct codepages *pages, uint32_t phys, unsigned imm_off)
{
    const struct hot_insn *hot = find_hot(pages, phys);
    return hot && pages->slot_values && !(hot->bytes & ~(15u << imm_off)) &&
           ((phys + imm_off) & 4095) <= 4092;
}

int codepage_constant(struct codepages *pages, uint32_t phys, unsigned imm_off, uint32_t value)
{
    const uint32_t at = phys + imm_off;
    int found = -1;
    if (!codepage_is_hot_imm(pages, phys, imm_off)) {
        return -1;
    }
    for (int i = 0; i < CPU_HOT_IMMS && (found < 0 || pages->slots[found].phys != at); i++) {
        const bool fits = pages->slots[i].phys == at || pages->slots[i].phys == CODEPAGE_NO_SLOT;
        found = fits ? i : found;
    }
    if (found >= 0) {
        pages->n_slots += pages->slots[found].phys != at;
        pages->slots[found].phys = at;
        pages->slot_values[found] = value; /* no unit may have kept it lately */
    }
    return found;
}

/* Constants that the store has changed. */
static void store_slots(struct codepages *pages, uint32_t phys, uint32_t n_bytes,
                        const uint8_t *bytes)
{
    for (unsigned i = 0; pages->n_slots && i < CPU_HOT_IMMS; i++) {
        const uint32_t at = pages->slots[i].phys;
        if (at != CODEPAGE_NO_SLOT && at < phys + n_bytes && phys < at + 4) {
            pages->slot_values[i] = bytes_get_u32(bytes + (int32_t)(at - phys));
            pages->n_slot_stores++;
        }
    }
}

/* ---- what a store drops ---- */

/* Which bytes of the instruction are in [low, high), but for a constant it reads from a slot. */
static uint32_t bytes_hit(const struct unit_insn *insn, uint32_t low, uint32_t high)
{
    uint32_t hit = 0;
    for (uint32_t i = 0; i < insn->n_bytes; i++) {
        const bool in_slot = (insn->kind & UNIT_SLOT) && i - unit_insn_aux(insn) < 4;
        hit |= insn->page_off + i >= low && insn->page_off + i < high && !in_slot ? 1u << i : 0;
    }
    return hit;
}

static bool unit_is_hit(struct codepages *pages, const struct unit *unit, uint32_t low,
                        uint32_t high)
{
    bool is_hit = false;
    if (unit->low_off >= high || unit->high_off <= low) {
        return false;
    }
    for (uint32_t i = 0; i < unit->n_insns; i++) {
        const uint32_t hit = bytes_hit(&unit->insns[i], low, high);
        if (hit) {
            note_hit(pages, unit->page->phys->phys_page << 12 | unit->insns[i].page_off, hit);
            is_hit = true;
        }
    }
    return is_hit;
}

struct range {
    uint32_t low, high;
};

/* The unit is no longer in its page's list. */
static void drop_unit(struct codepages *pages, struct unit *unit, struct range *dropped)
{
    struct codepage *page = unit->page;
    unit->dead = true;
    pages->n_units_dropped++;
    bridge_close_all(pages, page);
    for (uint32_t i = 0; i < unit->n_insns; i++) {
        const struct unit_insn *insn = &unit->insns[i];
        if (codepage_has_slots(page, insn->page_off) &&
            page->table[insn->page_off] == unit->off + insn->host_off) { /* else another unit's */
            page->table[insn->page_off] = 0;
        }
        for (uint32_t off = insn->page_off; off < insn->page_off + insn->n_bytes && off < 4096;
             off++) {
            page->phys->scanned[off >> 3] &= (uint8_t) ~(1u << (off & 7));
        }
    }
    dropped->low = unit->low_off < dropped->low ? unit->low_off : dropped->low;
    dropped->high = unit->high_off > dropped->high ? unit->high_off : dropped->high;
}

/* A unit and what was re-made of it go together: they jump to each other. */
static bool drop_hit_units(struct codepages *pages, struct physcode *phys, uint32_t low,
                           uint32_t high, struct range *dropped)
{
    bool any = false;
    for (struct codepage *page = phys->pages; page; page = page->next_phys) {
        for (struct unit *unit = page->units; unit; unit = unit->next) {
            if (unit_is_hit(pages, unit, low, high)) {
                unit->dead = true;
                if (unit->is_patch) {
                    unit->parent->dead = true;
                }
            }
        }
        for (struct unit **at = &page->units; *at;) {
            struct unit *unit = *at;
            if (unit->dead || (unit->is_patch && unit->parent->dead)) {
                *at = unit->next;
                drop_unit(pages, unit, dropped);
                any = true;
            } else {
                at = &unit->next;
            }
        }
    }
    return any;
}

/* Units that are left may have been made from the same bytes. False: there are none at all. */
static bool mark_rest(struct physcode *phys, const struct range *dropped)
{
    bool any = phys->depends;
    if (phys->depends) {
        codepage_mark_scanned(phys, 0, DEPEND_BYTES);
    }
    for (const struct codepage *page = phys->pages; page; page = page->next_phys) {
        for (const struct unit *unit = page->units; unit; unit = unit->next) {
            any = true;
            if (unit->low_off >= dropped->high || unit->high_off <= dropped->low) {
                continue;
            }
            for (uint32_t i = 0; i < unit->n_insns; i++) {
                const uint32_t off = unit->insns[i].page_off;
                codepage_mark_scanned(phys, off, off + unit->insns[i].n_bytes);
            }
        }
    }
    return any;
}

/* Away with all, and if that happens often, no links from now on. */
static void drop_page(struct codepages *pages, struct physcode *phys, uint64_t now)
{
    if (now - phys->last_write_tsc > BURST_TSC) {
        phys->n_writes = 0;
    }
    codepage_invalidate(pages, phys->phys_page);
    phys->last_write_tsc = now;
    phys->loose = phys->n_writes >= WRITES_BEFORE_LOOSE && !pages->never_loose;
}

void codepage_store(struct codepages *pages, uint32_t phys_addr, uint32_t n_bytes,
                    const uint8_t *bytes)
{
    struct physcode *phys = physcode_find(pages, phys_addr >> 12);
    const uint32_t low = phys_addr & 4095, high = low + n_bytes;
    const uint64_t now = __builtin_ia32_rdtsc();
    struct range dropped = {.low = 4096, .high = 0};
    if (!phys->loose || (phys->depends && low < DEPEND_BYTES)) {
        drop_page(pages, phys, now);
        return;
    }
    phys->last_write_tsc = now;
    store_slots(pages, phys_addr, n_bytes, bytes);
    if (!drop_hit_units(pages, phys, low, high, &dropped)) {
        return;
    }
    codepages_forget_returns(pages);
    pages->n_invalidations++;
    pages->n_partial++;
    if (!mark_rest(phys, &dropped)) { /* it may be a page of data by now */
        const uint32_t n_writes = phys->n_writes;
        codepage_invalidate(pages, phys->phys_page);
        phys->n_writes = n_writes;
        phys->loose = true;
    }
}

void codepage_settle(struct codepages *pages, struct codepage *page)
{
    struct physcode *phys = page->phys;
    if (phys->loose && __builtin_ia32_rdtsc() - phys->last_write_tsc > SETTLE_TSC) {
        codepage_invalidate(pages, phys->phys_page);
        phys->n_writes = 0;
    }
}
