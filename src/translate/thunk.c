/* thunk.c - calls to "mov (%esp), %reg; ret", by which position-independent code learns where it
 * is. Each function of a shared library or of glibc begins with one; the call, the return and the
 * lookups of both are a sixth of the user time of an awk script.
 *
 * Where the target is known to be such code, the call is done in place: the return address is
 * stored where the call stores it, and the register gets it. That holds as long as the I-view leads
 * from the target's address to that very code, which is asked each time (no flags: JRCXZ): it does
 * not if the page is another one, its bytes have changed, a breakpoint or a rule of the map has
 * come. Then the guest goes there, by a jump: the host's call stack is one short, and only a
 * prediction is lost.
 *
 * The three guest instructions are one here; nothing can interrupt between them.
 *
 * -engine no-thunks switches it off.
 */
#include "translate/translate.h"

bool translate_thunk(struct translator *t, const struct insn *insn, uint32_t target_eip)
{
    const struct translate_input *in = t->in;
    struct emit *e = &t->emit;
    uint32_t slot, next = insn->eip + insn->n_bytes;
    unsigned reg;
    if (!in->thunk || in->cross_next || t->mode & MODE_STEP ||
        in->engine & (ENGINE_NO_THUNKS | ENGINE_NO_JOIN) ||
        !in->thunk(in->arg, target_eip, &slot, &reg)) {
        return false;
    }
    struct host_mem top = host_mem_base(R12, t->esp_pending - 4);
    struct host_mem found = host_mem_index(R10, R8, 4, 0);
    struct host_mem difference = host_mem_base(R10, -(int32_t)slot);
    translate_store_lin(t, &top, next);
    translate_load_lin(t, R8, target_eip);
    emit_mov_rr64(e, R9, RCX);
    translate_load_entry(t, R10, target_eip);
    emit_load32(e, R10, &found);
    emit_lea64(e, RCX, &difference);
    uint32_t same = emit_loop_rel8(e, 0xe3, false);
    emit_mov_rr64(e, RCX, R9);
    emit_lea64(e, R12, &top);
    translate_jump_long(t, target_eip);
    emit_patch_rel8(e, same);
    emit_mov_rr64(e, RCX, R9);
    translate_settle_esp(t);
    translate_load_lin(t, (int)reg, next);
    return true;
}
