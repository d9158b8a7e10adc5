/* thunk.c - calls to "mov (%esp), %reg; ret", by which position-independent code learns where it
 * is. Each function of a shared library or of glibc begins with one; the call, the return and the
 * lookups of both are a sixth of the user time of an awk script.
 *
 * Where the target is known to be such code, the call is done in place: the return address is
 * stored where the call stores it, and the register gets it. That holds as long as the I-view leads
 * from the target's address to that very code, which is what its bridge asks (cache/bridge.h): it
 * does not if the page is another one, its bytes have changed, a breakpoint or a rule of the map
 * has come. Then C opens it anew, or makes what calls anew, and the guest goes on where it should.
 *
 * The three guest instructions are one here; nothing can interrupt between them.
 *
 * -engine no-thunks switches it off.
 */
#include "translate/translate.h"

/* What asks where it is adds a constant to that: ADD r32, imm32 is near. To look at where each call
 * leads costs more: memory that nobody else reads. */
static bool adds_soon(const struct translator *t)
{
    enum { NEAR = 8 };
    const struct insn *insn = &t->in->scan->insns[t->index + 1];
    const unsigned left = t->n_insns - t->index - 1, n = left < NEAR ? left : NEAR;
    bool adds = false;
    for (unsigned i = 0; i < n; i++) {
        adds |= insn[i].map == 0 && (insn[i].opcode == 0x05 ||
                                     (insn[i].opcode == 0x81 && insn[i].modrm >> 3 == 0xc0 >> 3));
    }
    return adds;
}

bool translate_thunk(struct translator *t, const struct insn *insn, uint32_t target_eip)
{
    const struct translate_input *in = t->in;
    unsigned reg;
    if (!in->thunk || in->cross_next || t->mode & MODE_STEP ||
        in->engine & (ENGINE_NO_THUNKS | ENGINE_NO_JOIN) || !adds_soon(t) ||
        !in->thunk(in->arg, target_eip, &reg) ||
        !translate_thunk_bridge(t, reg, target_eip, insn->eip + insn->n_bytes)) {
        return false;
    }
    translate_settle_esp(t);
    return true;
}
