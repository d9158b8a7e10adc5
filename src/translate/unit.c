/* unit.c - the translator's driver: one unit from its instruction list, out-of-line exits, links.
 */
#include "translate/translate.h"

#include <string.h>

#include "cache/crossing.h"

enum { PATCH_BYTES = 5 }; /* of the jump that translate_patch plants */

void translate_note(struct translator *t, enum move_kind kind, unsigned n_bytes)
{
    if (!t->may_move) {
        return;
    }
    if (t->n_moves == MAX_MOVES || t->emit.overflow) {
        t->may_move = false;
        return;
    }
    t->moves[t->n_moves++] = (uint32_t)kind << MOVE_KIND_SHIFT | (emit_off(&t->emit) - n_bytes);
}

static void note_site(struct translator *t, const void *site)
{
    if (t->n_moves == MAX_MOVES) {
        t->may_move = false;
    } else if (t->may_move) {
        t->moves[t->n_moves++] = cache_move_site(t->in->cache, site);
    }
}

void translate_load_lin(struct translator *t, int reg, uint32_t lin)
{
    emit_mov_ri32(&t->emit, reg, lin);
    translate_note(t, MOVE_LIN, 4);
}

void translate_load_entry(struct translator *t, int reg, uint32_t lin)
{
    const int32_t disp = (int32_t)(8 * (lin >> 12));
    const struct host_mem entry = host_mem_base(R14, disp);
    emit_load64(&t->emit, reg, &entry);
    if (disp == (int8_t)disp) {
        t->may_move = false;
    }
    translate_note(t, MOVE_DIR, 4);
}

void translate_store_lin(struct translator *t, const struct host_mem *mem, uint32_t lin)
{
    emit_store_imm32(&t->emit, mem, lin);
    translate_note(t, MOVE_LIN, 4);
}

void *translate_make_site(struct translator *t, const struct insn *insn, uint32_t n_bytes)
{
    struct insn *site = cache_alloc_site(t->in->cache, n_bytes);
    *site = *insn;
    note_site(t, site);
    if (t->n_sites < MAX_SITES) {
        t->sites[t->n_sites] = (struct made_site){.site = site, .n_bytes = n_bytes};
    }
    t->n_sites++;
    return site;
}

void translate_names_site(struct translator *t, uint32_t field_off, bool is_jump)
{
    if (t->n_sites <= MAX_SITES) {
        t->sites[t->n_sites - 1].field_off = field_off;
        t->sites[t->n_sites - 1].is_jump = is_jump;
    }
}

void translate_helper(struct translator *t, const struct insn *insn, enum emul_op op)
{
    translate_call_c(t, insn, op, false);
}

void translate_call_c(struct translator *t, const struct insn *insn, enum emul_op op, bool trap)
{
    const bool looks_up = op == OP_LOOKUP || insn->looks_up;
    struct insn *site =
        translate_make_site(t, insn, looks_up ? sizeof(struct lookup_site) : sizeof(*site));
    if (looks_up) {
        translate_begin_lookup((struct lookup_site *)site);
    }
    if (op != OP_PLANT && op != OP_PLANT_AFTER) { /* these look at what the instruction is */
        site->op = (uint8_t)op;
    }
    const bool ends = insn->verdict == VERDICT_HELPER_END && op == insn->op && !t->plant_due &&
                      !trap && !(t->in->engine & ENGINE_NO_PAIRS);
    struct host_mem entry =
        host_mem_base(R15, CPU_HELPER_AT(ends ? HELPER_LIGHT_END : HELPER_LIGHT));
    uint32_t number = op;
    if (t->plant_due && op == insn->op) {
        number |= OP_PLANTED;
        t->plant_due = false;
    }
    emit_mov_ri32(&t->emit, R9, number);
    emit_mov_ri64(&t->emit, R8, (uint64_t)site);
    translate_names_site(t, emit_off(&t->emit) - 8, false);
    if (trap) {
        emit_u8(&t->emit, 0xcc);
    } else {
        emit_call_mem(&t->emit, &entry);
    }
    if (ends) {
        emit_jmp_reg(&t->emit, R10);
    }
}

void translate_esp_fix(struct translator *t, bool is_written)
{
    struct host_mem sum = host_mem_index(R13, R12, 1, 0);
    if (!is_written) {
        emit_mov_rr32(&t->emit, R12, R12);
    }
    emit_lea64(&t->emit, R12, &sum);
}

static void translate_form(struct translator *t, const struct insn *insn)
{
    if (t->mode & (MODE_NM | MODE_NOSSE) &&
        ((insn->flags & INSN_FPU) ||
         (insn->mnemonic == ZYDIS_MNEMONIC_FWAIT && (t->mode & MODE_NM)))) {
        translate_helper(t, insn, OP_FPU_CHECK);
    }
    if ((translate_is_touched(insn) && translate_plant_by_call(t, insn)) ||
        (t->may_slot && translate_slot(t, insn))) {
        return;
    }
    switch ((enum verdict)insn->verdict) {
    case VERDICT_NATIVE:
        translate_native(t, insn);
        break;
    case VERDICT_PUSH:
    case VERDICT_POP:
    case VERDICT_PUSHA:
    case VERDICT_POPA:
    case VERDICT_ENTER:
    case VERDICT_LEAVE:
    case VERDICT_PUSHF:
    case VERDICT_PUSH_SEG:
        translate_stack(t, insn);
        break;
    case VERDICT_JMP:
    case VERDICT_JCC:
    case VERDICT_LOOP:
    case VERDICT_CALL:
    case VERDICT_CALL_INDIRECT:
    case VERDICT_JMP_INDIRECT:
    case VERDICT_RET:
        translate_branch(t, insn);
        break;
    case VERDICT_STRING:
    case VERDICT_XLAT:
        translate_string(t, insn);
        break;
    case VERDICT_NOP:
        emit_u8(&t->emit, 0x90);
        break;
    case VERDICT_CLI:
    case VERDICT_STI:
    case VERDICT_POPF:
    case VERDICT_MOV_FROM_SEG:
    case VERDICT_RDTSC:
        translate_inline(t, insn);
        break;
    case VERDICT_LOAD_SEG:
        translate_load_segment(t, insn);
        break;
    case VERDICT_HELPER:
    case VERDICT_HELPER_END:
        translate_helper(t, insn, (enum emul_op)insn->op);
        break;
    case N_VERDICTS:
        BUG("verdict");
    }
}

static void translate_insn(struct translator *t, const struct insn *insn)
{
    const bool is_touched = translate_is_touched(insn);
    if (is_touched) {
        translate_plant_before(t, insn);
    }
    t->plant_end = emit_off(&t->emit);
    translate_form(t, insn);
    if (is_touched) {
        BUG_ON(t->plant_due);
        translate_plant_after(t, insn);
    }
}

/* SDM: an instruction on two pages; valid only while the next page is the one it was made from. */
static void translate_cross_guard(struct translator *t, const struct insn *insn)
{
    struct emit *e = &t->emit;
    uint32_t lin = insn->eip;
    struct host_mem sum = host_mem_index(RCX, R8, 1, 0);
    emit_mov_rr64(e, R9, RCX);
    translate_load_entry(t, RCX, lin + PAGE_BYTES);
    BUG_ON(0 - t->in->cross_next <= UINT32_MAX); /* then it would have no 8 bytes */
    emit_mov_ri64(e, R8, 0 - t->in->cross_next);
    BUG_ON(emit_off(e) - 8 > UINT8_MAX);
    t->cross_off = (uint8_t)(emit_off(e) - 8);
    translate_note(t, MOVE_CROSS, 8);
    emit_lea64(e, RCX, &sum);
    uint32_t equal = emit_loop_rel8(e, 0xe3, false);
    emit_mov_rr64(e, RCX, R9);
    translate_load_lin(t, R8, lin);
    emit_jmp_rel32(e, t->in->cache->exec + STUB_CROSS);
    BUG_ON(emit_off(e) - 4 != (uint32_t)t->cross_off + CROSSING_JUMP);
    emit_patch_rel8(e, equal);
    emit_mov_rr64(e, RCX, R9);
}

/* What the passes over the whole unit are about. */
static void find_branches(struct translator *t)
{
    const struct insn *insns = t->in->scan->insns;
    t->n_branches = t->n_movers = 0;
    for (unsigned i = 0; i < t->n_insns; i++) {
        t->branches[t->n_branches] = t->movers[t->n_movers] = (uint8_t)i;
        t->n_branches += scan_is(&insns[i], SCAN_DIRECT);
        t->n_movers += translate_may_move_esp(&insns[i]);
    }
}

/* Behind it there is room for the longest instruction and the exits. What rules plant can make an
 * instruction longer than any scan budget foresees. */
enum { BODY_MAX_BYTES = CACHE_UNIT_MAX_BYTES - (16 << 10) };

/* The short way of most instructions. False: the long one is due, and nothing has been done. */
static inline bool copy_insn(struct translator *t, const struct insn *insn)
{
    const unsigned i = t->index;
    const uint32_t start = emit_off(&t->emit);
    const bool ends_run = t->run[i] == RUN_MEMBER;
    if (insn->verdict != VERDICT_NATIVE || translate_is_touched(insn) || ends_run ||
        t->loop_bytes[i] || t->shadow_next || (i && scan_is_call(insn - 1)) ||
        !translate_copy(t, insn)) {
        return false;
    }
    t->host_off[i] = start;
    t->insns[i] = (struct unit_insn){
        .host_off = (uint16_t)start,
        .page_off = (insn->eip - t->page_eip) & (PAGE_BYTES - 1),
        .detail = (int16_t)t->esp_pending,
        .n_bytes = insn->n_bytes & INSN_MAX_BYTES,
    };
    return true;
}

static void translate_body(struct translator *t)
{
    const struct scan_result *scan = t->in->scan;
    find_branches(t);
    translate_find_loops(t);
    translate_find_runs(t);
    const bool may_copy = translate_may_copy(t);
    for (t->index = 0;
         t->index < t->n_insns && (emit_off(&t->emit) < BODY_MAX_BYTES || t->esp_pending);
         t->index++) {
        const struct insn *insn = &scan->insns[t->index];
        uint32_t page_off = insn->eip - t->page_eip;
        if (may_copy && insn->same && copy_insn(t, insn)) {
            continue;
        }
        if (t->loop_bytes[t->index]) {
            translate_align_loop(t);
        }
        uint32_t start = emit_off(&t->emit);
        int32_t esp_pending = t->esp_pending;
        bool shadow = t->shadow_next;
        bool owns_return = !(t->in->engine & ENGINE_NO_ALIGN) && translate_behind_call(t);

        t->host_off[t->index] = start;
        t->kind = translate_site(t, page_off);
        /* a flat CS is readable, never writable; of FXSAVE's bytes not all are carried out; the
           offset of a bit string wraps at 64 KiB with its 16-bit address */
        if (insn->is_mem && ((insn->seg == SEG_CS && t->is_flat) || insn_is_fxsave(insn) ||
                             (insn->adsize == 2 && insn_is_bit_string(insn)))) {
            t->kind |= SITE_CHECKED;
        }
        t->unit_kind = 0;
        t->aux = 0;
        t->shadow_next = false;
        if (t->in->cross_next && t->index == 0) {
            translate_cross_guard(t, insn);
        }
        translate_insn(t, insn);
        if (!(t->run[t->index] & RUN_GOES_ON)) {
            translate_settle_esp(t);
        }
        if (t->mode & MODE_STEP && !scan_is_terminal(insn)) {
            translate_exit_direct(t, insn->eip + insn->n_bytes);
        }
        /* room for the jump of a later patch (translate_patch) */
        if (emit_off(&t->emit) - start < PATCH_BYTES && insn_reaches_memory(insn)) {
            emit_nops(&t->emit, PATCH_BYTES - (emit_off(&t->emit) - start));
        }
        t->insns[t->index] = (struct unit_insn){
            .host_off = (uint16_t)start,
            .page_off = page_off & (PAGE_BYTES - 1),
            .detail = (int16_t)(t->aux ? t->aux : esp_pending),
            .plant_bytes = (uint8_t)(t->plant_end - start),
            .n_bytes = insn->n_bytes,
            .kind = (uint8_t)(t->unit_kind | (shadow ? UNIT_SHADOW : 0) |
                              (owns_return ? UNIT_RETURN : 0)),
        };
    }
    t->n_insns = t->index;
    t->host_off[t->n_insns] = emit_off(&t->emit);
    if (t->n_insns < scan->n_insns) { /* the rest is another unit's */
        const struct insn *last = &scan->insns[t->n_insns - 1];
        if (!scan_is_terminal(last)) {
            translate_jump(t, -1, last->eip + last->n_bytes);
        }
        return;
    }
    if (scan->ends_open && !(t->mode & MODE_STEP)) {
        translate_jump(t, -1, t->page_eip + scan->next_off);
    }
}

/* One of the last exits that leads there too, and is no field of its own to be linked; or -1. */
static int find_exit(const struct translator *t, unsigned i)
{
    enum { TRIED = 16 };
    const uint32_t target = t->exits[i].target_eip;
    for (unsigned j = i; j-- > 0 && i - j <= TRIED;) {
        if (t->exits[j].target_eip == target && target - t->page_eip >= PAGE_BYTES) {
            return (int)j;
        }
    }
    return -1;
}

void translate_exits(struct translator *t)
{
    struct emit *e = &t->emit;
    for (unsigned i = 0; i < t->n_exits; i++) {
        const int same = find_exit(t, i);
        t->exits[i].off = same >= 0 ? t->exits[same].off : emit_off(e);
        emit_patch_rel32(e, t->exits[i].field_off, e->exec + t->exits[i].off);
        if (same >= 0) {
            continue;
        }
        uint32_t target = t->exits[i].target_eip;
        uint32_t off = target - t->page_eip;
        bool joinable = off < 4096 && !t->in->page->phys->loose &&
                        !(t->in->engine & ENGINE_NO_JOIN) && !(t->mode & MODE_STEP);
        if (joinable && t->n_links < MAX_LINKS) {
            t->links[t->n_links].field_off = t->exits[i].field_off;
            t->links[t->n_links++].target_off = off;
            translate_load_lin(t, R8, target);
            emit_jmp_rel32(e, t->in->cache->exec + STUB_MISS);
        } else {
            translate_exit_direct(t, target);
        }
    }
}

void translate_init(struct translator *t, const struct translate_input *in)
{
    t->in = in;
    t->mode = in->page->mode;
    const uint32_t flat = MODE_FLAT | MODE_STACK32 | MODE_CODE32;
    t->is_flat = (t->mode & flat) == flat && !(in->engine & ENGINE_ALL_CHECKED) &&
                 !(t->mode & (MODE_NOWP | MODE_WATCH));
    t->may_slot = in->slot && in->page->phys->loose;
    t->page_eip = in->page->lin_page << 12;
    t->n_insns = in->scan->n_insns;
    t->n_fixups = t->n_exits = t->n_links = 0;
    t->shadow_next = t->plant_due = t->samples = false;
    t->esp_pending = 0;
    t->landing_jump = 0;
    t->run[0] = 0;
    t->may_move = translate_may_move(in->page, in->engine);
    t->n_moves = t->n_joins = t->n_sites = 0;
    t->cross_off = 0;
}

bool translate_begin(struct translator *t, uint32_t max_bytes, uint32_t n_insns)
{
    if (!cache_begin(t->in->cache, max_bytes, n_insns, &t->emit)) {
        return false;
    }
    t->emit.guest_fs = !(t->mode & MODE_USER);
    return true;
}

struct unit *translate_finish(struct codepages *pages, struct translator *t, uint32_t body_bytes)
{
    struct cache *cache = t->in->cache;
    struct unit *unit =
        cache_commit(cache, &t->emit, t->insns, t->n_insns, body_bytes, t->in->page);
    for (unsigned i = 0; i < t->n_links; i++) {
        codepage_add_link(pages, t->in->page, t->links[i].target_off,
                          unit->off + t->links[i].field_off);
    }
    unit->cross_off = t->cross_off;
    if (t->may_move) {
        cache_note_moves(cache, unit, t->moves, t->n_moves);
    }
    return unit;
}

/* Forward branches inside the unit; to what did not get into it they are exits. */
static void resolve_fixups(struct translator *t)
{
    for (unsigned i = 0; i < t->n_fixups; i++) {
        uint32_t field_off = t->fixups[i].field_off, target = t->fixups[i].target_index;
        if (target < t->n_insns) {
            emit_patch_rel32(&t->emit, field_off, t->emit.exec + t->host_off[target]);
        } else {
            BUG_ON(t->n_exits >= MAX_FIXUPS);
            t->exits[t->n_exits].field_off = field_off;
            t->exits[t->n_exits++].target_eip = t->in->scan->insns[target].eip;
        }
    }
}

struct unit *translate_unit(struct codepages *pages, const struct translate_input *in)
{
    struct translator t;
    translate_init(&t, in);
    if (!translate_begin(&t, CACHE_UNIT_MAX_BYTES, SCAN_MAX_INSNS)) {
        return NULL;
    }
    t.samples = !in->cross_next && !(t.mode & MODE_STEP) && !in->page->phys->loose &&
                !(in->engine & ENGINE_NO_CHAINS);
    translate_body(&t);
    uint32_t body_bytes = emit_off(&t.emit);
    resolve_fixups(&t);
    translate_exits(&t);
    BUG_ON(t.emit.overflow); /* see BODY_MAX_BYTES */
    if (in->record) {
        translate_record(&t, body_bytes);
    }
    struct unit *unit = translate_finish(pages, &t, body_bytes);
    codepage_add_unit(pages, in->page, unit);
    return unit;
}

void translate_belong(struct codepage *page, struct unit *unit, struct unit *to)
{
    unit->is_patch = true;
    unit->parent = to->is_patch ? to->parent : to;
    unit->next = page->units;
    page->units = unit;
}

/* Nothing of the guest runs meanwhile. */
static void plant(const struct cache *cache, struct unit *patch, const struct unit *over,
                  uint32_t at_off)
{
    uint8_t *at = cache->write + at_off;
    const uint32_t rel = patch->off - (at_off + PATCH_BYTES);
    patch->planted_at = at_off;
    patch->hides_move = cache_has_move(over, at_off, PATCH_BYTES);
    memcpy(patch->planted_over, at, PATCH_BYTES);
    at[0] = 0xe9;
    memcpy(at + 1, &rel, sizeof(rel));
}

struct unit *translate_patch(struct codepages *pages, const struct translate_input *in,
                             struct unit *old_unit, const struct unit_insn *old, unsigned kind)
{
    struct translator t;
    struct cache *cache = in->cache;
    const struct insn *insn = &in->scan->insns[0];

    translate_init(&t, in);
    if (!translate_begin(&t, 768, 4)) {
        return NULL;
    }
    t.index = 0;
    t.kind = kind;
    t.unit_kind = 0;
    t.aux = 0;
    t.host_off[0] = 0;
    translate_insn(&t, insn);
    uint32_t body_bytes = emit_off(&t.emit);
    if (!scan_is_terminal(insn)) { /* behind the instruction at its old place */
        const struct unit_insn *next = old + 1;
        uint64_t back = next < old_unit->insns + old_unit->n_insns &&
                                next->page_off == old->page_off + old->n_bytes
                            ? cache->exec + old_unit->off + next->host_off
                            : 0;
        if (back) {
            emit_jmp_rel32(&t.emit, back);
        } else {
            translate_exit_direct(&t, insn->eip + insn->n_bytes);
        }
    }
    translate_exits(&t);
    t.insns[0] = (struct unit_insn){.host_off = 0,
                                    .page_off = old->page_off,
                                    .detail = (int16_t)t.aux,
                                    .plant_bytes = (uint8_t)t.plant_end,
                                    .n_bytes = old->n_bytes,
                                    .kind = (uint8_t)(t.unit_kind | (old->kind & UNIT_SHADOW))};
    struct unit *unit = translate_finish(pages, &t, body_bytes);
    translate_belong(in->page, unit, old_unit);
    plant(cache, unit, old_unit, old_unit->off + old->host_off);
    return unit;
}

void translate_unplant(struct cache *cache, struct unit *patch)
{
    patch->hides_move = false;
    patch->is_idle = true;
    memcpy(cache_writable(cache, cache->exec + patch->planted_at), patch->planted_over,
           PATCH_BYTES);
}

struct unit *translate_plant_again(const struct cache *cache, const struct unit *over,
                                   const struct unit_insn *old)
{
    const uint32_t at_off = over->off + old->host_off;
    struct unit *patch = over->page->units;
    while (patch && !(patch->is_idle && patch->planted_at == at_off)) {
        patch = patch->next;
    }
    if (patch) {
        patch->is_idle = false;
        plant(cache, patch, over, at_off);
    }
    return patch;
}
