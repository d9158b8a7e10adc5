/* branch.c - control flow. Branches inside the page are joined; what leaves the page goes through
 * the I-view directory, so that changing a mapping never leaves a stale jump behind. Calls are host
 * calls, so that the CPU's return predictor works; a return takes its address into r8d and returns,
 * and the place it comes to asks whether it is the right one (docs/decisions/0016). With -engine
 * no-landings it looks its target up, puts that over the host's return slot, and returns: then the
 * slot's old content is only ever a prediction. */
#include "cache/bridge.h"
#include "translate/translate.h"

/* r8d = linear target -> r9 = host address, by two loads: directory entry (biased), slot. No flags.
 */
static void emit_lookup_slot(struct translator *t, int entry_reg)
{
    struct host_mem slot = host_mem_index(entry_reg, R8, 4, 0);
    struct host_mem base = host_mem_base(R9, (int32_t)t->in->cache->exec);
    emit_load32(&t->emit, R9, &slot);
    emit_lea64(&t->emit, R9, &base);
}

static void emit_lookup(struct translator *t)
{
    struct host_mem entry = host_mem_index(R14, R9, 8, 0);
    emit_mov_ri32(&t->emit, R9, 12);
    emit_shrx32(&t->emit, R9, R8, R9);
    emit_load64(&t->emit, R10, &entry);
    emit_lookup_slot(t, R10);
}

/* The same for a target known now. */
static void emit_lookup_known(struct translator *t, uint32_t lin)
{
    translate_load_lin(t, R8, lin);
    translate_load_entry(t, R10, lin);
    emit_lookup_slot(t, R10);
}

/* What all kinds of bridges begin with. */
static void emit_compare(struct translator *t, uint32_t lin)
{
    struct emit *e = &t->emit;
    translate_load_entry(t, R10, lin);
    emit_mov_rr64(e, R9, RCX);
    emit_bytes(e, (const uint8_t[]){0x41, 0x8d, 0x8a}, 3); /* lea n(%r10), %ecx */
    emit_u32(e, (lin >> PAGE_SHIFT) * BRIDGE_TABLE_BYTES);
    translate_note(t, MOVE_ENTRY, 4);
}

/* The same of a jump or call, closed. */
static void emit_closed(struct translator *t, uint32_t lin)
{
    struct emit *e = &t->emit;
    emit_compare(t, lin);
    emit_call_rel32(e, t->in->cache->exec + STUB_BRIDGE);
}

/* Out of the page, by a bridge that C builds when it is first used (cache/bridge.h). */
static void emit_bridge(struct translator *t, uint32_t lin)
{
    struct emit *e = &t->emit;
    const uint32_t at = emit_off(e);
    emit_closed(t, lin);
    emit_jmp_rel32(e, emit_pc(e) + 5);
    emit_mov_rr64(e, RCX, R9);
    translate_load_lin(t, R8, lin);
    emit_lookup_slot(t, R10);
    emit_jmp_reg(e, R9);
    BUG_ON(emit_off(e) - at != BRIDGE_BYTES && !e->overflow);
}

static void emit_call_bridge(struct translator *t, uint32_t lin)
{
    struct emit *e = &t->emit;
    translate_load_lin(t, R8, lin);
    const uint32_t at = emit_off(e);
    emit_closed(t, lin);
    emit_call_rel32(e, t->in->cache->exec + STUB_MISS);
    BUG_ON(emit_off(e) - at != BRIDGE_CALL_BYTES && !e->overflow);
}

/* Loose pages are short-lived code; the look-up is all they need. */
static bool may_bridge(const struct translator *t, uint32_t target_eip)
{
    return target_eip >> PAGE_SHIFT >= BRIDGE_FIRST_PAGE &&
           !(t->in->engine & (ENGINE_NO_BRIDGES | ENGINE_NO_JOIN)) && !t->in->page->phys->loose &&
           !(t->mode & MODE_STEP);
}

static bool goes_by_bridge(const struct translator *t, uint32_t target_eip)
{
    return target_eip >> PAGE_SHIFT != t->in->page->lin_page && may_bridge(t, target_eip);
}

bool translate_thunk_bridge(struct translator *t, unsigned reg, uint32_t target_eip, uint32_t next)
{
    static const uint8_t closed[] = {0xeb, BRIDGE_THUNK_STUB - BRIDGE_GATE - 2};
    struct emit *e = &t->emit;
    if (!may_bridge(t, target_eip) || t->in->page->lin_page < BRIDGE_FIRST_PAGE) {
        return false;
    }
    struct host_mem top = host_mem_base(R12, t->esp_pending - 4);
    translate_store_lin(t, &top, next);
    translate_load_lin(t, R8, target_eip);
    const uint32_t at = emit_off(e);
    emit_compare(t, target_eip);
    emit_bytes(e, closed, sizeof(closed));
    emit_mov_rr64(e, RCX, R9);
    translate_load_lin(t, (int)reg, next);
    emit_bytes(e, (const uint8_t[]){0x0f, 0x1f, 0x84}, 3); /* nop rel32(%rax,%rbp,8) */
    emit_call_rel32(e, t->in->cache->exec + STUB_BRIDGE);
    BUG_ON(emit_off(e) - at != BRIDGE_THUNK_BYTES && !e->overflow);
    return true;
}

void translate_exit_direct(struct translator *t, uint32_t target_eip)
{
    uint32_t lin = target_eip;
    if (t->mode & MODE_STEP) {
        emit_mov_ri32(&t->emit, R8, lin);
        emit_jmp_rel32(&t->emit, t->in->cache->exec + STUB_STEP);
        return;
    }
    if (goes_by_bridge(t, lin)) {
        emit_bridge(t, lin);
        return;
    }
    emit_lookup_known(t, lin);
    emit_jmp_reg(&t->emit, R9);
}

/* Where a joined branch to target may go now: host address, or 0. *index: forward inside the unit.
 */
static uint64_t find_joined(const struct translator *t, uint32_t target_eip, int *index)
{
    uint32_t off = target_eip - t->page_eip;
    *index = -1;
    if (off >= 4096 || (t->in->engine & ENGINE_NO_JOIN) || (t->mode & MODE_STEP)) {
        return 0;
    }
    const int found = scan_index(t->in->scan, off, target_eip);
    if (found >= 0 && (unsigned)found <= t->index) {
        return t->emit.exec + t->host_off[found];
    }
    if (found >= 0 && (unsigned)found < t->n_insns) {
        *index = found;
        return 0;
    }
    uint32_t slot = t->in->page->phys->loose ? 0 : codepage_slot(t->in->page, off);
    return slot ? t->in->cache->exec + slot : 0;
}

/* rel32 at field goes to target: now, at the end of this unit's translation, or through an exit. */
static void aim(struct translator *t, uint32_t field_off, uint32_t target_eip)
{
    int index;
    uint64_t host = find_joined(t, target_eip, &index);
    if (host) {
        emit_patch_rel32(&t->emit, field_off, host);
        if (host < t->emit.exec && t->n_joins++ < MAX_JOINS) {
            t->joins[t->n_joins - 1] = (struct join){field_off, target_eip - t->page_eip};
        }
    } else if (index >= 0 && t->n_fixups < MAX_FIXUPS) {
        t->fixups[t->n_fixups].field_off = field_off;
        t->fixups[t->n_fixups++].target_index = (uint32_t)index;
    } else {
        BUG_ON(t->n_exits >= MAX_FIXUPS);
        t->exits[t->n_exits].field_off = field_off;
        t->exits[t->n_exits++].target_eip = target_eip;
    }
}

void translate_jump(struct translator *t, int condition, uint32_t target_eip)
{
    uint32_t off = target_eip - t->page_eip;
    bool inside = off < 4096 && !(t->in->engine & ENGINE_NO_JOIN) && !(t->mode & MODE_STEP);
    int index;
    uint64_t host = inside ? find_joined(t, target_eip, &index) : 0;
    if (host >= t->emit.exec && emit_jump_short(&t->emit, condition, host)) {
        return;
    }
    if (condition >= 0) {
        aim(t, emit_jcc_rel32(&t->emit, (unsigned)condition, 0), target_eip);
    } else if (inside) {
        aim(t, emit_jmp_rel32(&t->emit, 0), target_eip);
    } else {
        translate_exit_direct(t, target_eip);
    }
}

void translate_jump_long(struct translator *t, uint32_t target_eip)
{
    aim(t, emit_jmp_rel32(&t->emit, 0), target_eip);
}

/* LOOP family with ECX: the host's own with a 67 prefix; short, so it hops over a long jump. */
void translate_loop(struct translator *t, const struct insn *insn, uint32_t target_eip)
{
    uint32_t taken = emit_loop_rel8(&t->emit, insn->opcode, true);
    uint32_t skip = emit_loop_rel8(&t->emit, 0xeb, false);
    emit_patch_rel8(&t->emit, taken);
    translate_jump_long(t, target_eip);
    emit_patch_rel8(&t->emit, skip);
}

/* Where the call comes back to. A return goes to wherever the host's call stack says, with EIP in
 * r8d: if that is not the address behind this call, the I-view says where. No flags: what is asked
 * is whether ECX, kept in r9, would be 0, or 1. LOOP falls through where all is well: a branch
 * taken each time would fill the history that the guest's own branches are predicted by (0016). It
 * needs the jump of a landing before this one near by. */
void translate_landing(struct translator *t, const struct insn *insn)
{
    const uint32_t next_eip = insn->eip + insn->n_bytes;
    enum { REACH_BYTES = 128 - 12 };
    struct emit *e = &t->emit;
    bool near = t->landing_jump && emit_off(e) - t->landing_jump <= REACH_BYTES;
    struct host_mem difference = host_mem_base(R8, (int32_t)((near ? 1 : 0) - next_eip));
    if (t->in->cache->no_landings || t->mode & MODE_STEP) {
        return;
    }
    emit_mov_rr64(e, R9, RCX);
    emit_lea32(e, RCX, &difference);
    t->may_move &= difference.disp != (int8_t)difference.disp;
    translate_note(t, MOVE_MINUS, 4);
    if (near) {
        uint32_t field = emit_loop_rel8(e, 0xe2, false);
        e->start[field] = (uint8_t)(t->landing_jump - emit_off(e));
    } else {
        uint32_t same = emit_loop_rel8(e, 0xe3, false);
        t->landing_jump = emit_off(e);
        emit_jmp_rel32(e, t->in->cache->exec + STUB_LANDING);
        emit_patch_rel8(e, same);
    }
    emit_mov_rr64(e, RCX, R9);
}

void translate_push_return(struct translator *t, const struct insn *insn)
{
    struct host_mem slot = host_mem_base(R12, t->esp_pending - 4);
    translate_store_lin(t, &slot, insn->eip + insn->n_bytes);
    translate_move_esp(t, -4);
}

void translate_call_known(struct translator *t, const struct insn *insn, uint32_t target_eip)
{
    uint32_t off = target_eip - t->page_eip;
    if (t->mode & MODE_STEP) {
        translate_exit_direct(t, target_eip);
    } else if (target_eip == insn->eip + insn->n_bytes) {
        return; /* "call next; pop": nobody will return here */
    } else if (off < 4096 && !(t->in->engine & ENGINE_NO_JOIN)) {
        aim(t, emit_call_rel32(&t->emit, 0), target_eip);
    } else if (goes_by_bridge(t, target_eip) && !t->in->cache->no_landings &&
               t->in->page->lin_page >= BRIDGE_FIRST_PAGE) { /* its landing has known lengths */
        emit_call_bridge(t, target_eip);
    } else {
        emit_lookup_known(t, target_eip);
        emit_call_reg(&t->emit, R9);
    }
    translate_landing(t, insn);
}

static void load_target(struct translator *t, const struct insn *insn)
{
    if (insn->is_mem) {
        struct host_mem mem;
        translate_address(t, insn, 0, true, &mem);
        emit_load32(&t->emit, R8, &mem);
    } else {
        emit_mov_rr32(&t->emit, R8, translate_reg(insn_rm(insn)));
    }
}

void translate_go_indirect(struct translator *t, bool call)
{
    if (t->mode & MODE_STEP) {
        emit_jmp_rel32(&t->emit, t->in->cache->exec + STUB_STEP);
        return;
    }
    emit_lookup(t);
    if (call) {
        emit_call_reg(&t->emit, R9);
    } else {
        emit_jmp_reg(&t->emit, R9);
    }
}

void translate_return(struct translator *t)
{
    struct host_mem slot = host_mem_base(RSP, 0);
    if (!t->in->cache->no_landings) {
        emit_ret(&t->emit);
        return;
    }
    emit_lookup(t);
    emit_store64(&t->emit, &slot, R9);
    emit_ret(&t->emit);
}

static void translate_ret(struct translator *t, const struct insn *insn)
{
    struct host_mem top = host_mem_base(R12, t->esp_pending);
    uint32_t extra = insn->opcode == 0xc2 ? insn->imm & 0xffff : 0;
    emit_load32(&t->emit, R8, &top);
    translate_move_esp(t, (int32_t)(4 + extra));
    if (t->mode & MODE_STEP) {
        emit_jmp_rel32(&t->emit, t->in->cache->exec + STUB_STEP);
        return;
    }
    translate_return(t);
}

void translate_branch(struct translator *t, const struct insn *insn)
{
    uint32_t target = 0;
    bool stack = insn->verdict == VERDICT_CALL || insn->verdict == VERDICT_CALL_INDIRECT ||
                 insn->verdict == VERDICT_RET;
    /* all-checked mode still runs branches without a memory operand the fast way */
    bool flat = (t->mode & (MODE_FLAT | MODE_STACK32 | MODE_CODE32)) ==
                (MODE_FLAT | MODE_STACK32 | MODE_CODE32);
    bool fast = flat && insn->opattr == 4 &&
                !((stack || insn->is_mem) &&
                  (!translate_flat(t) || (t->kind & (SITE_CHECKED | SITE_DUAL)))) &&
                !(insn->verdict == VERDICT_LOOP && insn->adsize == 2);
    if (!fast && !flat && translate_computed_branch(t, insn)) {
        return;
    }
    if (!fast) {
        translate_helper(t, insn, (enum emul_op)insn->op);
        t->unit_kind |= stack || insn->is_mem ? UNIT_CHECKED : 0;
        return;
    }
    scan_has_target(insn, &target);
    switch ((enum verdict)insn->verdict) {
    case VERDICT_JMP:
        translate_jump(t, -1, target);
        break;
    case VERDICT_JCC:
        translate_jump(t, insn->opcode & 15, target);
        break;
    case VERDICT_LOOP:
        translate_loop(t, insn, target);
        break;
    case VERDICT_CALL:
        if (!translate_thunk(t, insn, target)) {
            translate_push_return(t, insn);
            translate_call_known(t, insn, target);
        }
        break;
    case VERDICT_CALL_INDIRECT:
        load_target(t, insn);
        translate_push_return(t, insn);
        translate_go_sampled(t, insn);
        break;
    case VERDICT_JMP_INDIRECT:
        load_target(t, insn);
        translate_go_sampled(t, insn);
        break;
    case VERDICT_RET:
        translate_ret(t, insn);
        break;
    default:
        BUG("not a branch");
    }
}
