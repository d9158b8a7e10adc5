/* stack_run.c - runs of stack instructions: r12 moves once, behind the last of them. Each LEA of
 * r12 waits for the one before it, which the stack engine of a CPU spares native code: four pushes,
 * SUB, and the way back are ten cycles of every call.
 *
 * Inside a run guest ESP is r12 + t->esp_pending. What stands between stack instructions is part of
 * the run if nothing but a fault or a signal can leave there; the unit's table then says what is
 * pending, and run/signals.c adds it. Nobody enters where something is pending: no slot leads
 * there, branch targets that are known begin a run anew, and a site inside is not patched but its
 * page's units are dropped (monitor/site.c). r12 may leave the window only by little, so a run
 * needs an access through it (docs/verify.md).
 *
 * Loose pages (docs/decisions/0011) have none: what reads its constant from a slot says so where a
 * run's instruction says what is pending (struct unit_insn).
 *
 * -engine no-stack-runs switches it off.
 */
#include "translate/translate.h"

#include <string.h>

enum { MAX_RUN_INSNS = 32, MAX_PENDING_BYTES = 16 << 10 };

void translate_move_esp(struct translator *t, int32_t delta)
{
    t->esp_pending += delta;
    if (!(t->run[t->index] & RUN_GOES_ON)) {
        translate_settle_esp(t);
    }
}

void translate_settle_esp(struct translator *t)
{
    if (t->esp_pending) {
        struct host_mem moved = host_mem_base(R12, t->esp_pending);
        emit_lea64(&t->emit, R12, &moved);
        t->esp_pending = 0;
    }
}

/* ADD or SUB $imm, %esp; LEA disp(%esp), %esp: the only arithmetic on ESP that a run may hold. */
static bool is_add_sub(const struct insn *insn)
{
    unsigned what = insn_reg(insn);
    return insn->verdict == VERDICT_NATIVE && insn->map == 0 && insn->opattr == 4 &&
           (insn->opcode == 0x81 || insn->opcode == 0x83) && !insn->is_mem &&
           insn_rm(insn) == GPR_ESP && (what == 0 || what == 5);
}

static bool is_lea(const struct insn *insn)
{
    return insn->verdict == VERDICT_NATIVE && insn->map == 0 && insn->opcode == 0x8d &&
           insn->opsize == 4 && insn->adsize == 4;
}

static bool is_lea_esp(const struct insn *insn)
{
    return is_lea(insn) && insn_reg(insn) == GPR_ESP && insn->base == GPR_ESP &&
           insn->index == INSN_NO_REG;
}

static bool is_mov_from_esp(const struct insn *insn)
{
    if (insn->verdict != VERDICT_NATIVE || insn->map != 0 || insn->is_mem || insn->opsize != 4) {
        return false;
    }
    return (insn->opcode == 0x89 && insn_reg(insn) == GPR_ESP && insn_rm(insn) != GPR_ESP) ||
           (insn->opcode == 0x8b && insn_rm(insn) == GPR_ESP && insn_reg(insn) != GPR_ESP);
}

static int32_t esp_change(const struct insn *insn)
{
    switch ((enum verdict)insn->verdict) {
    case VERDICT_PUSH:
    case VERDICT_CALL:
    case VERDICT_CALL_INDIRECT:
        return -4;
    case VERDICT_POP:
        return 4;
    case VERDICT_RET:
        return 4 + (int32_t)(insn->opcode == 0xc2 ? insn->imm & 0xffff : 0);
    default:
        break;
    }
    if (is_add_sub(insn)) {
        return insn_reg(insn) == 0 ? (int32_t)insn->imm : (int32_t)(0 - insn->imm);
    }
    return is_lea_esp(insn) ? insn->disp : 0;
}

/* A memory operand whose site will hardly ever have to be re-made: kernel code reaches through any
 * pointer into user memory, but not through ESP. */
static bool may_reach(const struct translator *t, const struct insn *insn)
{
    bool segment = insn->seg == SEG_DS || insn->seg == SEG_SS || insn->seg == SEG_ES;
    return segment && insn->adsize == 4 && !insn_is_bit_string(insn) &&
           (insn->base == GPR_ESP || (t->mode & MODE_USER)) &&
           !translate_site(t, insn->eip - t->page_eip);
}

static bool names_esp(const struct insn *insn)
{
    return ((insn->roles & ROLE_REG) && insn_reg(insn) == GPR_ESP) ||
           ((insn->roles & ROLE_RM) && !insn->is_mem && insn_rm(insn) == GPR_ESP) ||
           ((insn->roles & ROLE_OPCODE) && (insn->opcode & 7) == GPR_ESP);
}

static bool is_native_member(const struct translator *t, const struct insn *insn)
{
    if ((insn->flags & INSN_FPU) || insn->mnemonic == ZYDIS_MNEMONIC_FWAIT) {
        return false; /* may call C */
    }
    if (is_add_sub(insn) || is_lea_esp(insn) || is_mov_from_esp(insn)) {
        return true;
    }
    if (names_esp(insn)) {
        return false;
    }
    return !insn->is_mem || is_lea(insn) || (insn_reaches_memory(insn) && may_reach(t, insn));
}

/* Nothing about it concerns ESP but perhaps the address of its operand. */
static inline bool is_ordinary(const struct insn *insn)
{
    return insn->same && insn->verdict == VERDICT_NATIVE && !translate_is_touched(insn) &&
           (insn->is_mem || !(insn->roles & ROLE_RM) || insn_rm(insn) != GPR_ESP);
}

static bool is_member(const struct translator *t, const struct insn *insn)
{
    if (insn->plant || insn->technique == TECHNIQUE_CALL || insn->technique == TECHNIQUE_TRAP) {
        return false;
    }
    bool direct = !translate_site(t, insn->eip - t->page_eip);
    switch ((enum verdict)insn->verdict) {
    case VERDICT_NATIVE:
        return is_native_member(t, insn);
    case VERDICT_NOP:
        return true;
    case VERDICT_CALL:
    case VERDICT_RET:
        return direct && insn->opattr == 4;
    case VERDICT_PUSH:
    case VERDICT_CALL_INDIRECT: {
        bool esp = insn->has_modrm ? insn_rm(insn) == GPR_ESP : insn->opcode == 0x54;
        return direct && insn->opattr == 4 && (insn->is_mem ? may_reach(t, insn) : !esp);
    }
    case VERDICT_POP: {
        unsigned reg = insn->has_modrm ? insn_rm(insn) : insn->opcode & 7;
        return direct && insn->opattr == 4 && !insn->is_mem && reg != GPR_ESP;
    }
    default:
        return false;
    }
}

static bool ends_run(const struct insn *insn)
{
    return insn->verdict == VERDICT_CALL || insn->verdict == VERDICT_CALL_INDIRECT ||
           insn->verdict == VERDICT_RET;
}

/* A move to or from memory by r12: that r12 is in the window, or near, can be proven from it. */
static bool is_proof(const struct insn *insn)
{
    if (insn->verdict != VERDICT_NATIVE) {
        return insn->verdict != VERDICT_NOP;
    }
    bool move = insn->map == 0   ? (insn->opcode & 0xfc) == 0x88 || (insn->opcode & 0xfe) == 0xc6
                : insn->map == 1 ? (insn->opcode & 0xfe) == 0xb6
                                 : false;
    return move && insn->is_mem && insn->base == GPR_ESP && insn->index == INSN_NO_REG &&
           insn->disp >= 0 && insn->disp < MAX_PENDING_BYTES;
}

/* Which instructions branches of the unit lead to. */
static void find_targets(const struct translator *t, uint8_t *is_target)
{
    const struct scan_result *scan = t->in->scan;
    memset(is_target, 0, t->n_insns);
    for (unsigned i = 0; i < t->n_branches; i++) {
        uint32_t target;
        if (scan_has_target(&scan->insns[t->branches[i]], &target) &&
            target - t->page_eip < PAGE_BYTES) {
            const int index = scan_index(scan, target - t->page_eip, target);
            is_target[index >= 0 ? index : SCAN_MAX_INSNS] = 1;
        }
    }
}

/* May the instruction be entered only from the one before it? */
static bool follows(const struct translator *t, const uint8_t *is_target, unsigned index)
{
    const struct insn *insn = &t->in->scan->insns[index], *before = insn - 1;
    return insn->eip == before->eip + before->n_bytes && insn->eip - t->page_eip < PAGE_BYTES &&
           !is_target[index];
}

/* Marks the run that begins at first, if one does. Returns where to look next. */
static unsigned mark_run(struct translator *t, const uint8_t *is_target, unsigned first)
{
    const struct insn *insns = t->in->scan->insns;
    unsigned n_moves = 0, n_sums = 0, last = first, proof = t->n_insns, i = first;
    int64_t pending = 0;
    for (; i < t->n_insns && i < first + MAX_RUN_INSNS; i++) {
        const struct insn *insn = &insns[i];
        if (i > first && (!follows(t, is_target, i) || ends_run(insn - 1))) {
            break;
        }
        if (is_ordinary(insn)) {
            if (insn->is_mem && insn->same != SAME_LEA && !may_reach(t, insn)) {
                break;
            }
            if (proof == t->n_insns && insn->base == GPR_ESP && is_proof(insn)) {
                proof = i;
            }
            continue;
        }
        int32_t change = esp_change(insn);
        if (!is_member(t, insn)) {
            break;
        }
        pending += change;
        if (pending > MAX_PENDING_BYTES || pending < -MAX_PENDING_BYTES) {
            break;
        }
        if (change) {
            n_moves++;
            n_sums += is_add_sub(insn) || is_lea_esp(insn);
            last = i;
        }
        if (proof == t->n_insns && is_proof(insn)) {
            proof = i;
        }
    }
    if (proof == t->n_insns || (n_moves < 2 && !n_sums)) {
        return i > first ? i : first + 1;
    }
    last = proof > last ? proof : last;
    if (last == first) {
        return first + 1;
    }
    for (i = first; i <= last; i++) {
        t->run[i] = RUN_MEMBER | (i < last ? RUN_GOES_ON : 0);
    }
    return last + 1;
}

void translate_find_runs(struct translator *t)
{
    uint8_t is_target[SCAN_MAX_INSNS + 1]; /* the last: of none */
    memset(t->run, 0, t->n_insns * sizeof t->run[0]);
    if (!t->n_movers || !t->is_flat || t->may_slot || t->mode & MODE_STEP || t->in->cross_next ||
        t->n_insns < 2 || t->in->engine & ENGINE_NO_STACK_RUNS) {
        return;
    }
    find_targets(t, is_target);
    unsigned next = 0; /* where the run before ended */
    for (unsigned i = 0; i < t->n_movers; i++) {
        unsigned at = t->movers[i];
        if (at >= next && esp_change(&t->in->scan->insns[at])) {
            next = mark_run(t, is_target, at);
        }
    }
}

/* Flags from a copy of ESP, beside the chain of r12. */
static void translate_sum(struct translator *t, const struct insn *insn)
{
    struct host_op op = {.opcode = insn->opcode};
    if (t->esp_pending) {
        struct host_mem esp = host_mem_base(R12, t->esp_pending);
        emit_lea32(&t->emit, R8, &esp);
    } else {
        emit_mov_rr32(&t->emit, R8, R12);
    }
    emit_op_reg(&t->emit, &op, (int)insn_reg(insn), R8);
    emit_bytes(&t->emit, insn->bytes + insn->imm_at, insn->imm_bytes);
    translate_move_esp(t, esp_change(insn));
}

bool translate_run_native(struct translator *t, const struct insn *insn)
{
    if (is_add_sub(insn)) {
        translate_sum(t, insn);
        return true;
    }
    if (is_lea_esp(insn)) {
        uint32_t start = emit_off(&t->emit);
        translate_move_esp(t, insn->disp);
        if (emit_off(&t->emit) == start) {
            emit_u8(&t->emit, 0x90); /* its boundary is a place of its own */
        }
        return true;
    }
    if (t->esp_pending && is_mov_from_esp(insn)) {
        struct host_mem esp = host_mem_base(R12, t->esp_pending);
        unsigned to = insn->opcode == 0x89 ? insn_rm(insn) : insn_reg(insn);
        emit_lea32(&t->emit, (int)to, &esp);
        return true;
    }
    return false;
}
