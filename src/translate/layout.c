/* layout.c - where code lies. What is behind a call is the call's own: a return that finds its
 * target anywhere else is mispredicted each time. So nothing fills between the two, and units made
 * earlier lose the slot to it (UNIT_RETURN).
 *
 * Small loops begin so that they span as few cache lines of code as they can. The micro-op cache
 * and the fetch unit work by lines of 64 bytes; a loop of 0.75 cycles per turn takes 1.4 when it
 * straddles two (measured on Zen, "saxpy" of the bench). Compilers align loop heads for this
 * reason, and re-encoding loses their alignment.
 *
 * -engine no-align switches both off.
 */
#include "translate/translate.h"

#include <string.h>

enum { LINE_BYTES = 64, MAX_LOOP_BYTES = 192, MAX_ALIGNED_LOOPS = 16 };

/* Host bytes of an instruction, roughly: nothing but speed depends on it. */
static unsigned guess_bytes(const struct insn *insn)
{
    enum { LONG = 32 };
    static const uint8_t bytes[N_VERDICTS] = {
        [VERDICT_PUSH] = 10, [VERDICT_POP] = 10, [VERDICT_JMP] = 5,
        [VERDICT_JCC] = 6,   [VERDICT_NOP] = 1,
    };
    if (insn->verdict == VERDICT_NATIVE) {
        const bool inc_dec = insn->map == 0 && insn->opcode >= 0x40 && insn->opcode < 0x50;
        return insn->n_bytes + 2u * insn->is_mem + inc_dec;
    }
    return bytes[insn->verdict] ? bytes[insn->verdict] : LONG;
}

/* The index of the instruction that insn, at index, jumps back to inside the unit; or -1. */
static int loop_head(const struct translator *t, unsigned index)
{
    const struct insn *insn = &t->in->scan->insns[index];
    uint32_t target;
    if (!scan_is(insn, SCAN_JUMP) || !scan_has_target(insn, &target) ||
        target - t->page_eip >= PAGE_BYTES) {
        return -1;
    }
    const int head = scan_index(t->in->scan, target - t->page_eip, target);
    return head <= (int)index ? head : -1;
}

/* Marks the heads of innermost loops with the loop's size. */
void translate_find_loops(struct translator *t)
{
    const struct scan_result *scan = t->in->scan;
    unsigned n_loops = 0;
    int last_head = -1;
    memset(t->loop_bytes, 0, scan->n_insns * sizeof t->loop_bytes[0]);
    if (t->in->engine & (ENGINE_NO_ALIGN | ENGINE_NO_JOIN) || t->mode & MODE_STEP) {
        return;
    }
    for (unsigned b = 0; b < t->n_branches && n_loops < MAX_ALIGNED_LOOPS; b++) {
        unsigned i = t->branches[b];
        int head = loop_head(t, i);
        if (head < 0 || head < last_head) { /* a loop around the one before */
            continue;
        }
        unsigned n_bytes = 0;
        for (unsigned j = (unsigned)head; j <= i && n_bytes <= MAX_LOOP_BYTES; j++) {
            n_bytes += guess_bytes(&scan->insns[j]);
        }
        if (n_bytes <= MAX_LOOP_BYTES) {
            n_bytes -= n_bytes <= 128 && scan->insns[i].verdict == VERDICT_JCC ? 4 : 0; /* rel8 */
            t->loop_bytes[head] = (uint8_t)n_bytes;
            n_loops += head != last_head;
            last_head = head;
        }
    }
}

/* Before instruction t->index: fills up to the next line if the loop then spans fewer. A unit
 * begins with its first instruction, so that one stays where it is. */
void translate_align_loop(struct translator *t)
{
    bool is_fixed = t->index == 0 || translate_behind_call(t);
    unsigned n_bytes = is_fixed ? 0 : t->loop_bytes[t->index];
    unsigned at = (unsigned)emit_pc(&t->emit) % LINE_BYTES;
    if (n_bytes && (at + n_bytes - 1) / LINE_BYTES > (n_bytes - 1) / LINE_BYTES) {
        emit_nops(&t->emit, LINE_BYTES - at);
    }
}
