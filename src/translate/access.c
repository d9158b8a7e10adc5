/* access.c - the four ways to reach memory (design section 3): direct, dual, computed, checked. */
#include "translate/translate.h"

/* Offset of the operand inside its segment into r8d, no flags. */
void translate_offset(struct translator *t, const struct insn *insn, int32_t delta)
{
    struct emit *e = &t->emit;
    if (insn->base == INSN_NO_REG && insn->index == INSN_NO_REG) {
        uint32_t off = (uint32_t)(insn->disp + delta);
        emit_mov_ri32(e, R8, insn->adsize == 2 ? off & 0xffff : off);
        return;
    }
    if (insn->adsize == 2 && insn->index == INSN_NO_REG && insn->disp + delta == 0) {
        emit_movzx16(e, R8, translate_reg(insn->base));
        return;
    }
    struct host_mem mem = {
        .base = insn->base == INSN_NO_REG ? NO_REG : translate_reg(insn->base),
        .index = insn->index == INSN_NO_REG ? NO_REG : (int)insn->index,
        .scale = insn->scale,
        .disp = insn->disp + delta,
    };
    emit_lea32(e, R8, &mem);
    if (insn->adsize == 2) {
        emit_movzx16(e, R8, R8);
    }
}

/* Base of FS/GS into r9d, through a pointer that leads to an unmapped page while the segment may
 * not be used the fast way (null, limit, rights): see cpu_update_segment(). */
static void emit_segment_base(struct translator *t, const struct insn *insn)
{
    struct host_mem ptr = host_mem_base(R15, CPU_SEG_BASE_PTR + 8 * insn->seg);
    struct host_mem base = host_mem_base(R9, 0);
    emit_load64(&t->emit, R9, &ptr);
    emit_load32(&t->emit, R9, &base);
}

void translate_linear(struct translator *t, const struct insn *insn, int32_t delta)
{
    translate_offset(t, insn, delta);
    if (translate_uses_fs_gs(insn)) {
        struct host_mem sum = host_mem_index(R8, R9, 1, 0);
        emit_segment_base(t, insn);
        emit_lea32(&t->emit, R8, &sum);
    }
}

/* Kernel code that reaches into private slots: window by the address's top bits. r8d = linear. */
void translate_dual(struct translator *t, struct host_mem *mem)
{
    struct host_mem slot = host_mem_index(R15, R9, 8, CPU_DUAL_BASE);
    emit_mov_ri32(&t->emit, R9, 21);
    emit_shrx32(&t->emit, R9, R8, R9);
    emit_load64(&t->emit, R9, &slot);
    *mem = host_mem_index(R9, R8, 1, 0);
}

/* x87 but for the control instructions, and what has an MMX register. */
bool translate_meets_mf(const struct insn *insn)
{
    if (insn->map == 0) {
        return insn->opcode >= 0xd8 && insn->opcode <= 0xdf &&
               !((insn->opcode == 0xd9 || insn->opcode == 0xdd) && insn_reg(insn) >= 6);
    }
    if (insn->has_66 || (insn->prefixes & (PREFIX_REP | PREFIX_REPNE))) {
        return false;
    }
    switch (insn->map << 8 | insn->opcode) {
    case 0x12c: /* CVTTPS2PI, CVTPS2PI */
    case 0x12d:
    case 0x160 ... 0x16b:
    case 0x16e ... 0x170:
    case 0x174 ... 0x176:
    case 0x17e:
    case 0x17f:
    case 0x1c4:
    case 0x1d1 ... 0x1fe:
    case 0x200 ... 0x21e: /* SSSE3 */
    case 0x30f:
        return true;
    default:
        return false;
    }
}

struct insn translate_with_operand(const struct translator *t, const struct insn *insn)
{
    struct insn full;
    scan_decode(t->in->scanner, insn->bytes, insn->n_bytes, (t->mode & MODE_CODE32) != 0, insn->eip,
                true, &full);
    full.verdict = insn->verdict;
    if (insn->verdict == VERDICT_MOV_FROM_SEG) {
        full.mem_bytes = 2;
        full.mem_read = false;
        full.mem_write = true;
    }
    return full;
}

static void emit_checked(struct translator *t, const struct insn *insn, int32_t delta)
{
    struct host_mem answer = host_mem_base(R15, CPU_SCRATCH_AT(SCRATCH_HOST));
    struct insn full = translate_with_operand(t, insn);
    if (translate_meets_mf(insn)) { /* it comes before the operand's faults */
        emit_u8(&t->emit, 0x9b);
    }
    full.disp += delta;
    t->commits = full.mem_write;
    translate_helper(t, &full, OP_RESOLVE);
    emit_load64(&t->emit, R8, &answer);
    t->unit_kind |= UNIT_CHECKED;
}

void translate_commit(struct translator *t, const struct insn *insn)
{
    if ((t->unit_kind & UNIT_CHECKED) && t->commits) {
        translate_helper(t, insn, OP_COMMIT);
    }
}

/* Operands close enough to their base that base + disp will hardly ever wrap. */
static bool small_disp(int32_t disp)
{
    return disp >= -0x8000 && disp < 0x8000;
}

void translate_address(struct translator *t, const struct insn *insn, int32_t delta, bool load,
                       struct host_mem *mem)
{
    bool flat = translate_flat(t);
    bool limited = (t->kind & SITE_COMPUTED) && translate_uses_fs_gs(insn);
    if ((!flat || limited) && translate_computed_address(t, insn, delta, mem)) {
        return;
    }
    if (!flat || (t->kind & SITE_CHECKED)) {
        emit_checked(t, insn, delta);
        *mem = host_mem_base(R8, 0);
        return;
    }
    if (t->kind & SITE_LOOKUP) { /* delta is 0: it is for POP */
        translate_lookup(t, insn);
        *mem = host_mem_base(R8, 0);
        return;
    }
    if (t->kind & SITE_DUAL) {
        t->unit_kind |= UNIT_DUAL;
        translate_linear(t, insn, delta);
        translate_dual(t, mem);
        return;
    }
    int32_t pending = insn->base == GPR_ESP ? t->esp_pending : 0; /* else 0 at such sites */
    int32_t disp = (int32_t)((uint32_t)insn->disp + (uint32_t)(delta + pending));
    if (translate_uses_fs_gs(insn)) {
        bool simple = insn->index == INSN_NO_REG && insn->adsize == 4;
        if (!simple) {
            translate_offset(t, insn, delta);
        }
        emit_segment_base(t, insn);
        *mem = !simple                     ? host_mem_guest(R8, R9, 1, 0)
               : insn->base == INSN_NO_REG ? host_mem_guest(R9, NO_REG, 1, disp)
                                           : host_mem_guest(translate_reg(insn->base), R9, 1, disp);
        return;
    }
    if (insn->adsize == 2) {
        translate_offset(t, insn, delta);
        *mem = host_mem_guest(R8, NO_REG, 1, 0);
        return;
    }
    bool plain = insn->index == INSN_NO_REG && insn->base != INSN_NO_REG && !(t->kind & SITE_GS) &&
                 small_disp(disp);
    if (plain && insn->base == GPR_ESP) {
        *mem = host_mem_base(R12, disp); /* stack slots: r12 is the pointer already */
    } else if (plain && load) {
        *mem = host_mem_index(R13, insn->base, 1, disp);
    } else {
        *mem = host_mem_guest(insn->base == INSN_NO_REG ? NO_REG : translate_reg(insn->base),
                              insn->index == INSN_NO_REG ? NO_REG : (int)insn->index, insn->scale,
                              disp);
    }
}
