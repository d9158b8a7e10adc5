/* chain.c - indirect jumps and calls that have few targets: virtual calls, switches, interpreters.
 *
 * A target that is looked up is known two loads behind the guest's own load of it, which is what a
 * wrong prediction costs more than natively. And some CPUs predict indirect jumps by the history of
 * conditional ones: a compare for each likely target is history too (docs/decisions/0012).
 *
 * So at first a call to C counts where each site goes (monitor/chain_light.c). It takes itself out
 * again; sites with few targets then go through a chain of compares, a unit of its own, which knows
 * where to go on for each and looks up the rest. The hits are jumps to known targets: joined inside
 * the page, through the I-view else, so nothing needs to be undone when mappings change. No flags:
 * LEA, JRCXZ. A call into the chain stands where the call stood: what it comes back to is the same.
 *
 * -engine no-chains switches it off.
 */
#include "translate/translate.h"

#include <string.h>

enum { JUMP_BYTES = 5, CHAIN_MAX_BYTES = 512 };

void translate_go_sampled(struct translator *t, const struct insn *insn)
{
    struct emit *e = &t->emit;
    struct jump_site *site = NULL;
    if (t->samples) {
        const uint32_t n_loaded = emit_off(e) - t->plant_end;
        if (insn->is_mem && n_loaded < JUMP_BYTES) { /* of a patch of the load: translate_patch() */
            emit_nops(e, JUMP_BYTES - n_loaded);
        }
        uint8_t code[JUMP_SAMPLING_BYTES];
        site = translate_make_site(t, insn, sizeof(*site));
        *site = (struct jump_site){.insn = *insn, .host = emit_pc(e)};
        site->insn.op = OP_TARGET;
        translate_sampling_code(code, site);
        emit_bytes(e, code, sizeof(code));
        translate_names_site(t, emit_off(e) - JUMP_SAMPLING_BYTES + JUMP_SAMPLING_SITE, true);
    }
    translate_go_indirect(t, scan_is_call(insn));
    if (site) {
        site->behind = emit_pc(e);
    }
    if (scan_is_call(insn)) {
        translate_landing(t, insn);
    }
}

/* Those that are met most, first. */
static unsigned best_targets(const struct jump_site *site, uint32_t *targets)
{
    uint8_t n_hits[CHAIN_TARGETS] = {0};
    unsigned n = 0;
    for (unsigned i = 0; i < site->n_targets; i++) {
        unsigned at = n < CHAIN_TARGETS ? n++ : n;
        for (; at && n_hits[at - 1] < site->n_hits[i]; at--) {
            if (at < CHAIN_TARGETS) {
                n_hits[at] = n_hits[at - 1];
                targets[at] = targets[at - 1];
            }
        }
        if (at < CHAIN_TARGETS) {
            n_hits[at] = site->n_hits[i];
            targets[at] = site->targets[i];
        }
    }
    return n;
}

/* r8d = target; the compares need rcx, which lies in r9 meanwhile. */
static void emit_compares(struct translator *t, const uint32_t *targets, unsigned n)
{
    struct emit *e = &t->emit;
    uint32_t hit[CHAIN_TARGETS];
    emit_mov_rr64(e, R9, RCX);
    for (unsigned i = 0; i < n; i++) {
        struct host_mem difference = host_mem_base(R8, (int32_t)(0 - targets[i]));
        emit_lea32(e, RCX, &difference);
        t->may_move &= difference.disp != (int8_t)difference.disp;
        translate_note(t, MOVE_MINUS, 4);
        hit[i] = emit_loop_rel8(e, 0xe3, false);
    }
    emit_mov_rr64(e, RCX, R9);
    translate_go_indirect(t, false);
    for (unsigned i = 0; i < n; i++) { /* few bytes: JRCXZ reaches over them */
        emit_patch_rel8(e, hit[i]);
        emit_mov_rr64(e, RCX, R9);
        translate_jump_long(t, targets[i]);
    }
}

static void plant_rel32(const struct cache *cache, uint64_t at, uint8_t opcode, uint64_t target)
{
    const uint32_t rel = (uint32_t)(target - (at + 5));
    uint8_t *bytes = cache_writable(cache, at);
    bytes[0] = opcode;
    memcpy(bytes + 1, &rel, 4);
}

/* Nothing of the guest runs meanwhile. */
void translate_go_by_chain(const struct cache *cache, const struct jump_site *site)
{
    if (scan_is_call(&site->insn)) {
        const uint64_t call = site->behind - JUMP_CALL_BYTES;
        uint8_t *at = cache_writable(cache, site->host);
        at[0] = 0xeb;
        at[1] = (uint8_t)(call - site->host - 2);
        plant_rel32(cache, call, 0xe8, site->chain);
    } else {
        plant_rel32(cache, site->host, 0xe9, site->chain);
    }
}

struct unit *translate_chain(struct codepages *pages, const struct translate_input *in,
                             struct unit *old, const struct jump_site *site)
{
    struct translator t;
    uint32_t targets[CHAIN_TARGETS];
    const struct unit_insn *insn = cache_find_insn(in->cache, old, site->host);
    translate_init(&t, in);
    if (!translate_begin(&t, CHAIN_MAX_BYTES, 4)) {
        return NULL;
    }
    t.index = 0;
    t.kind = 0;
    t.host_off[0] = 0;
    translate_exit_direct(&t, t.page_eip + insn->page_off); /* should anybody come in here */
    const uint32_t chain_off = emit_off(&t.emit);
    const unsigned n_targets = best_targets(site, targets);
    emit_compares(&t, targets, n_targets);
    const uint32_t body_bytes = emit_off(&t.emit);
    translate_exits(&t);
    t.insns[0] = (struct unit_insn){.page_off = insn->page_off, .n_bytes = insn->n_bytes};
    struct unit *unit = translate_finish(pages, &t, body_bytes);
    unit->chain_off = (uint8_t)chain_off;
    translate_belong(in->page, unit, old);
    return unit;
}
