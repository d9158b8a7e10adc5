/* inline.c - technique inline: a few host instructions in place of a system instruction. */
#include "translate/translate.h"

static void emit_reg_field(struct translator *t, uint8_t opcode, int reg, int32_t field)
{
    struct host_op op = {.opcode = opcode};
    struct host_mem mem = host_mem_base(R15, field);
    emit_op_mem(&t->emit, &op, reg, &mem);
}

/* Arithmetic flags are the host's; IF, IOPL and the rest are the guest's. Sums instead of logic:
 * the live flags stay. LAHF and SETO and not PUSHFQ: their image is there 4 ns earlier. */
void translate_flags_image(struct translator *t)
{
    static const uint8_t take[] = {0x9f,                   /* lahf */
                                   0x41, 0x0f, 0x90, 0xc2, /* seto %r10b */
                                   0x0f, 0xb6, 0xc4};      /* movzbl %ah, %eax */
    struct emit *e = &t->emit;
    struct host_mem sum = host_mem_index(R9, R10, 1, 0), sum8 = host_mem_index(R8, R9, 1, 0);
    emit_mov_rr64(e, R8, RAX);
    emit_mov_ri32(e, R10, 0);
    emit_bytes(e, take, sizeof(take));
    emit_mov_rr32(e, R9, RAX);
    emit_mov_rr64(e, RAX, R8);
    emit_rorx32(e, R10, R10, 21); /* OF is bit 11 */
    emit_reg_field(t, 0x8b, R8, CPU_SYSFLAGS);
    emit_lea32(e, R8, &sum8);
    emit_reg_field(t, 0x8b, R9, CPU_IFF);
    emit_lea32(e, R9, &sum);
    emit_reg_field(t, 0x8b, R10, CPU_DF);
    emit_lea32(e, R9, &sum);
    emit_lea32(e, R8, &sum8);
}

/* CLD, STD have run. */
void translate_direction(struct translator *t, bool set)
{
    struct host_mem df = host_mem_base(R15, CPU_DF);
    emit_store_imm32(&t->emit, &df, set ? FLAG_DF : 0);
}

/* "POPF": in ring 0 all but the arithmetic flags and IF stay as they are nearly always; in other
 * rings all but the arithmetic flags. Then IOPL does not matter, which says whether IF may change.
 * INTR is looked at because this POPF may let the interrupt in. The flags are dead from the first
 * comparison on; the C function does not need them, and the load before has proven that it cannot
 * fault. */
static bool translate_popf(struct translator *t, const struct insn *insn)
{
    enum { OR = 0x0b, XOR = 0x33, LOAD = 0x8b, AND_IMM = 0x81, AND = 4 };
    static const uint8_t make[] = {
        0xc4, 0xc3, 0x7b, 0xf0, 0xc0, 0x18, /* rorx $24, %r8d, %eax: AH is the low byte */
        0xc4, 0x43, 0x7b, 0xf0, 0xc0, 0x0b, /* rorx $11, %r8d, %r8d */
        0x41, 0x83, 0xe0, 0x01,             /* and $1, %r8d */
        0x41, 0x80, 0xc0, 0x7f,             /* add $0x7f, %r8b: OF */
        0x9e};                              /* sahf */
    struct emit *e = &t->emit;
    struct host_mem top = host_mem_base(R12, 0), above = host_mem_base(R12, 4);
    const struct host_op and_imm = {.opcode = AND_IMM}, xor = {
                                                            .opcode = XOR};
    const bool ring0 = t->mode & MODE_CPL0;
    const uint32_t same = FLAG_TF | FLAG_NT | FLAG_AC | FLAG_ID | FLAG_DF | FLAG_IOPL;
    if (!translate_flat(t) || (t->mode & (MODE_STEP | MODE_V86)) || insn->opattr != 4 ||
        (t->kind & (SITE_CHECKED | SITE_DUAL))) {
        return false;
    }
    emit_load32(e, R8, &top);
    emit_mov_rr64(e, R10, RAX);
    emit_reg_field(t, LOAD, R9, CPU_SYSFLAGS);
    emit_reg_field(t, OR, R9, CPU_DF);
    if (!ring0) {
        emit_reg_field(t, OR, R9, CPU_IFF);
    }
    emit_op_reg(e, &xor, R9, R8);
    emit_op_reg(e, &and_imm, AND, R9);
    emit_u32(e, ring0 ? same : same | FLAG_IF);
    if (ring0) {
        emit_reg_field(t, OR, R9, CPU_INTR);
    }
    const uint32_t usual = emit_loop_rel8(e, 0x74, false); /* jz */
    translate_helper(t, insn, OP_POPF_LATE);
    const uint32_t done = emit_loop_rel8(e, 0xeb, false);
    emit_patch_rel8(e, usual);
    if (ring0) {
        emit_mov_rr32(e, R9, R8);
        emit_op_reg(e, &and_imm, AND, R9);
        emit_u32(e, FLAG_IF);
        emit_reg_field(t, 0x89, R9, CPU_IFF);
    }
    emit_bytes(e, make, sizeof(make));
    emit_mov_rr64(e, RAX, R10);
    emit_lea64(e, R12, &above);
    emit_patch_rel8(e, done);
    return true;
}

static void translate_cli(struct translator *t)
{
    struct host_mem iff = host_mem_base(R15, CPU_IFF);
    emit_store_imm32(&t->emit, &iff, 0);
}

/* IF := 1; if INTR is high already, C code sees to it that one more instruction runs before it. The
 * test is by jrcxz: no flags. */
static void translate_sti(struct translator *t, const struct insn *insn)
{
    struct emit *e = &t->emit;
    struct host_mem iff = host_mem_base(R15, CPU_IFF), intr = host_mem_base(R15, CPU_INTR);
    emit_store_imm32(e, &iff, FLAG_IF);
    emit_mov_rr64(e, R9, RCX);
    emit_load32(e, RCX, &intr);
    uint32_t quiet = emit_loop_rel8(e, 0xe3, false);
    emit_mov_rr64(e, RCX, R9);
    translate_helper(t, insn, OP_STI_PENDING);
    uint32_t done = emit_loop_rel8(e, 0xeb, false);
    emit_patch_rel8(e, quiet);
    emit_mov_rr64(e, RCX, R9);
    emit_patch_rel8(e, done);
    t->shadow_next = true;
}

static void translate_mov_from_seg(struct translator *t, const struct insn *insn)
{
    struct emit *e = &t->emit;
    struct host_mem selector =
        host_mem_base(R15, (int32_t)(CPU_SEG + CPU_SEG_BYTES * insn_reg(insn) + CPU_SEG_SELECTOR));
    if (insn->is_mem) {
        struct host_mem mem;
        translate_address(t, insn, 0, false, &mem);
        emit_load16z(e, R10, &selector);
        emit_store16(e, &mem, R10);
        translate_commit(t, insn);
        return;
    }
    int reg = translate_reg(insn_rm(insn));
    if (insn->opattr == 2) {
        struct host_op load = {.legacy = {0x66}, .n_legacy = 1, .opcode = 0x8b};
        emit_op_mem(e, &load, reg, &selector);
        return;
    }
    emit_load16z(e, reg, &selector);
    if (reg == R12) {
        translate_esp_fix(t, true);
    }
}

void translate_inline(struct translator *t, const struct insn *insn)
{
    bool ring0 = (t->mode & MODE_CPL0) && !(t->mode & MODE_V86);
    if (insn->verdict == VERDICT_CLI && ring0) {
        translate_cli(t);
    } else if (insn->verdict == VERDICT_STI && ring0 && !(t->mode & MODE_STEP)) {
        translate_sti(t, insn);
    } else if (insn->verdict == VERDICT_MOV_FROM_SEG) {
        translate_mov_from_seg(t, insn);
    } else if (insn->verdict == VERDICT_POPF && translate_popf(t, insn)) {
        return;
    } else {
        translate_helper(t, insn, (enum emul_op)insn->op);
        t->shadow_next = insn->verdict == VERDICT_STI;
    }
}
