/* lookup.c - sites that keep meeting pages no window has: the instruction runs in guest RAM itself.
 * Place in the flow: access.c, for SITE_LOOKUP; view/lookup.c finds, monitor/lookup_light.c judges.
 *
 * A page that was found before is found again without a call, in the two tables of struct cpu that
 * are indexed by the low byte of the page number (quick_tag, quick_delta), some 1.5 ns instead of
 * 12. The guest's flags are live, so all of it is LEA, RORX and JRCXZ:
 *
 *     leal operand, %r8d ; rorx $12, %r8, %r9       page number; the offset is shifted far up
 *     movzbl %r9b, %r11d
 *     leal n-1(%r8), %r9d ; rorx $12, %r9, %r9      the last byte's, if there are several
 *     movq %rcx, %r10 ; movl quick_tag(%r15,%r11,4), %ecx ; leal right(%rcx,%r9), %ecx ; jrcxz
 * found movq %r10, %rcx ; the call ; movq answer, %r8 ; jmp done found: movq %r10, %rcx ; movq
 * quick_delta(%r15,%r11,8), %r11 ; leaq (%r8,%r11), %r8 done:
 *
 * An operand on two pages is never found: the entry is taken by the first one's number and compared
 * with the second one's, and their low bytes differ.
 *
 * -engine no-quick-lookup leaves the call alone. verify/lookup.c knows these bytes.
 */
#include "translate/translate.h"

/* Its operand is a plain one of RAM: no x87 pointer to keep, no #MF to come first, no offset that
 * leaves the operand, nothing C would rather do itself. */
static bool is_plain_access(const struct insn *insn)
{
    bool fpu = insn->map == 0 && (insn->flags & INSN_FPU);
    bool states = insn->map == 1 && insn->opcode == 0xae; /* FXSAVE and its kin, CLFLUSH */
    return insn->verdict == VERDICT_NATIVE && insn_reaches_memory(insn) && !fpu && !states &&
           !(insn->flags & INSN_MMX) && !translate_meets_mf(insn) && !insn_is_bit_string(insn) &&
           insn->mem_bytes > 0 && insn->mem_bytes <= 16;
}

/* PUSH, JMP, CALL: what they do besides follows the load of their operand. */
static bool is_loaded_first(const struct insn *insn)
{
    return (insn->verdict == VERDICT_PUSH || insn->verdict == VERDICT_JMP_INDIRECT ||
            insn->verdict == VERDICT_CALL_INDIRECT) &&
           insn->is_mem && insn->opattr == 4 && insn->mem_bytes == 4 && !insn->mem_write;
}

bool translate_may_look_up(const struct insn *insn, uint32_t mode)
{
    const uint32_t flat = MODE_FLAT | MODE_STACK32 | MODE_CODE32;
    unsigned string = insn->opcode & 0xfe;
    bool moves = insn->verdict == VERDICT_STRING && (string == 0xa4 || string == 0xaa);
    bool loads = is_plain_access(insn) || is_loaded_first(insn);
    return (mode & flat) == flat && !(mode & (MODE_NOWP | MODE_WATCH | MODE_STEP)) &&
           insn->adsize == 4 && insn->technique < TECHNIQUE_CALL && !insn->plant &&
           insn->seg != SEG_CS && (loads || (moves && !translate_uses_fs_gs(insn)));
}

static void emit_call(struct translator *t, const struct insn *full)
{
    struct host_mem answer = host_mem_base(R15, CPU_SCRATCH_AT(SCRATCH_HOST));
    translate_helper(t, full, OP_LOOKUP);
    emit_load64(&t->emit, R8, &answer);
}

/* rcx = 0 if the page of the operand at r8 is known; r11: its place in the tables, r10: the
 * guest's ecx. */
static void emit_compare(struct translator *t, const struct insn *full)
{
    struct emit *e = &t->emit;
    const int32_t right = t->mode & MODE_USER ? CPU_QUICK_USER : 0;
    const int32_t table = CPU_QUICK_TAG + (full->mem_write ? 4 * CPU_QUICK : 0);
    struct host_mem last = host_mem_base(R8, full->mem_bytes - 1);
    struct host_mem tag = host_mem_index(R15, R11, 4, table);
    struct host_mem difference = host_mem_index(RCX, R9, 1, right);
    emit_rorx64(e, R9, R8, PAGE_SHIFT);
    emit_movzx8(e, R11, R9);
    if (full->mem_bytes > 1) {
        emit_lea32(e, R9, &last);
        emit_rorx64(e, R9, R9, PAGE_SHIFT);
    }
    emit_mov_rr64(e, R10, RCX);
    emit_load32(e, RCX, &tag);
    emit_lea32(e, RCX, &difference);
}

void translate_lookup(struct translator *t, const struct insn *insn)
{
    struct emit *e = &t->emit;
    const struct insn full = translate_with_operand(t, insn);
    translate_linear(t, insn, 0); /* and may FS or GS be used as it is? */
    if (t->in->engine & ENGINE_NO_QUICK_LOOKUP) {
        emit_call(t, &full);
        return;
    }
    struct host_mem delta =
        host_mem_index(R15, R11, 8, CPU_QUICK_DELTA + (full.mem_write ? 8 * CPU_QUICK : 0));
    struct host_mem byte = host_mem_index(R8, R11, 1, 0);
    emit_compare(t, &full);
    uint32_t found = emit_loop_rel8(e, 0xe3, false);
    emit_mov_rr64(e, RCX, R10);
    emit_call(t, &full);
    uint32_t done = emit_loop_rel8(e, 0xeb, false);
    emit_patch_rel8(e, found);
    emit_mov_rr64(e, RCX, R10);
    emit_load64(e, R11, &delta);
    emit_lea64(e, R8, &byte);
    emit_patch_rel8(e, done);
}
