/* sweep.c - the checker applied to the code cache: one unit when it is entered, all of them when
 * code is thrown away; and what is shown when one does not pass. */
#include <stdio.h>

#include "cache/bridge.h"
#include "verify/verify_internal.h"

enum { SWEEP_EVERY = 8192 }; /* units made between two looks at all of them; some 0.2 s each */

static bool is_live_entry(void *arg, uint64_t host)
{
    const struct cache *cache = arg;
    const struct unit *unit = cache_find(cache, host);
    if (!unit || unit->dead) {
        return false;
    }
    const struct unit_insn *insn = cache_find_insn(cache, unit, host);
    return insn && !unit_insn_pending(insn) && host == cache->exec + unit->off + insn->host_off;
}

static bool is_live_chain(void *arg, uint64_t host)
{
    const struct cache *cache = arg;
    const struct unit *unit = cache_find(cache, host);
    return unit && !unit->dead && unit->chain_off &&
           host == cache->exec + unit->off + unit->chain_off;
}

/* The codepage whose table an entry of the directory leads to. */
static const struct codepage *page_of_entry(const struct cache *cache, uint32_t lin, uint32_t entry)
{
    const struct codepages *pages = cache->pages;
    const uint32_t at = entry + (lin >> PAGE_SHIFT) * BRIDGE_TABLE_BYTES -
                        (pages ? (uint32_t)(uint64_t)pages->tables : 0);
    const uint32_t index = at / BRIDGE_TABLE_BYTES;
    return pages && at % BRIDGE_TABLE_BYTES == 0 && index < pages->n_pages ? &pages->pages[index]
                                                                           : NULL;
}

/* The register of MOV (%ESP), %reg; RET, if unit has that at page_off; -1: no. */
static int thunk_in(const struct cache *cache, const struct unit *unit, uint32_t page_off)
{
    const struct unit_insn *insn = unit->insns, *last = unit->insns + unit->n_insns - 1;
    while (insn < last && insn->page_off != page_off) {
        insn++;
    }
    if (unit->dead || unit->is_patch || insn >= last || insn[0].n_bytes != 3 ||
        insn[1].n_bytes != 1 || insn[1].page_off != page_off + 3) {
        return -1;
    }
    const uint8_t *load = cache->write + unit->off + insn[0].host_off;
    const uint8_t *ret = cache->write + unit->off + insn[1].host_off;
    if (load[0] == 0xe9) {
        return VERIFY_SOME_REGISTER; /* a jump to its re-made form: it was checked before */
    }
    bool is_load = load[0] == 0x41 && load[1] == 0x8b && (load[2] & 0xc7) == 4 && load[3] == 0x24;
    bool is_ret = ret[0] == 0x45 && ret[1] == 0x8b && ret[2] == 4 && ret[3] == 0x24;
    return is_load && is_ret ? load[2] >> 3 : -1;
}

/* Not by its slot: what comes back to the thunk has that, and may end in the middle of it. */
static int thunk_register(void *arg, uint32_t lin, uint32_t mode, uint32_t entry)
{
    const struct cache *cache = arg;
    const struct codepage *page = page_of_entry(cache, lin, entry);
    int found = -1;
    for (const struct unit *unit = page && page->mode == mode ? page->units : NULL;
         unit && found < 0; unit = unit->next) {
        found = thunk_in(cache, unit, lin & (PAGE_BYTES - 1));
    }
    return found;
}

static bool leads_there(void *arg, uint64_t host, uint32_t lin, uint32_t mode, uint32_t entry)
{
    const struct cache *cache = arg;
    const struct unit *unit = cache_find(cache, host);
    const struct unit_insn *insn = unit ? cache_find_insn(cache, unit, host) : NULL;
    return insn && !unit->dead && !unit->cross_off && unit->page->mode == mode &&
           insn->page_off == (lin & (PAGE_BYTES - 1)) &&
           entry == bridge_entry(unit->page->table, lin);
}

void verify_input_of(const struct cache *cache, const struct unit *unit, const uint8_t *guest,
                     struct verify_input *in)
{
    const struct codepage *page = unit->page;
    *in = (struct verify_input){
        .bytes = cache->write + unit->off,
        .exec = cache->exec + unit->off,
        .n_bytes = unit->n_bytes,
        .body_bytes = unit->body_bytes,
        .insns = unit->insns,
        .n_insns = unit->n_insns,
        .page_eip = (page->lin_page << 12),
        .mode = page->mode,
        .landings = !cache->no_landings,
        .is_patch = unit->is_patch,
        .chain_off = unit->chain_off,
        .guest = guest,
        .cache_exec = cache->exec,
        .sites = cache->sites,
        .n_site_bytes = cache->n_site_bytes,
        .is_entry = is_live_entry,
        .is_chain = is_live_chain,
        .thunk = thunk_register,
        .bridge = leads_there,
        .arg = (void *)cache,
    };
}

static void print_bytes(const uint8_t *bytes, unsigned n_bytes)
{
    for (unsigned i = 0; i < 15; i++) {
        if (i < n_bytes) {
            fprintf(stderr, " %02x", bytes[i]);
        } else {
            fprintf(stderr, "   ");
        }
    }
}

static void print_range(const struct verify_input *in, uint32_t from, uint32_t to, uint32_t found)
{
    ZydisDecoder decoder;
    ZydisFormatter formatter;
    ZydisDecodedInstruction z;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
    while (from < to) {
        char text[96] = "(bad)";
        uint32_t length = 1;
        if (ZYAN_SUCCESS(
                ZydisDecoderDecodeFull(&decoder, in->bytes + from, to - from, &z, operands))) {
            ZydisFormatterFormatInstruction(&formatter, &z, operands, z.operand_count_visible, text,
                                            sizeof(text), in->exec + from, NULL);
            length = z.length;
        }
        fprintf(stderr, " %s%08lx ", from == found ? "-->" : "   ",
                (unsigned long)(in->exec + from));
        print_bytes(in->bytes + from, length);
        fprintf(stderr, "  %s\n", text);
        from += length;
    }
}

static _Noreturn void stop(const struct verify_input *in, const struct verify_finding *finding)
{
    fprintf(stderr, "plex86: verify: %s\n  at host %08lx (unit + %x), guest instruction %u, bytes",
            verify_rule_text(finding->rule), (unsigned long)(in->exec + finding->host_off),
            finding->host_off, finding->index);
    print_bytes(finding->bytes, finding->n_bytes);
    fprintf(stderr, "\n  mode %x%s\n", in->mode, in->is_patch ? " (patch)" : "");
    for (uint32_t i = 0; i < in->n_insns; i++) {
        const struct unit_insn *insn = &in->insns[i];
        uint32_t end = i + 1 < in->n_insns ? in->insns[i + 1].host_off : in->body_bytes;
        fprintf(stderr, " %08x kind %02x ", in->page_eip + insn->page_off, insn->kind);
        if (in->guest && insn->page_off + insn->n_bytes <= 4096) {
            print_bytes(in->guest + insn->page_off, insn->n_bytes);
        }
        fprintf(stderr, "\n");
        print_range(in, insn->host_off, end, finding->host_off);
    }
    fprintf(stderr, "  exits:\n");
    print_range(in, in->body_bytes, in->n_bytes, finding->host_off);
    fflush(stderr);
    BUG("an emitted unit breaks a rule of verify/rules.def");
}

static void check_unit(const struct cache *cache, const struct unit *unit, const uint8_t *guest)
{
    struct verify_input in;
    struct verify_finding finding;
    verify_input_of(cache, unit, guest, &in);
    if (verify_unit(&in, &finding) < 0) {
        stop(&in, &finding);
    }
}

uint32_t verify_all(const struct cache *cache)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < cache->n_units; i++) {
        if (!cache->units[i].dead) {
            check_unit(cache, &cache->units[i], NULL);
            n++;
        }
    }
    return n;
}

void verify_cached(const struct cache *cache, const struct unit *unit, const uint8_t *guest)
{
    check_unit(cache, unit, guest);
    if (cache->n_units_made % SWEEP_EVERY == 0) {
        verify_all(cache);
    }
}
