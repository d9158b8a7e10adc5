/* test_scan_roles.c - which fields name general registers: decode.c's table against Zydis, for
 * every encoding there is. A wrong role means that ESP is not redirected to r12, or that an opcode
 * extension is taken for a register. */
#include "test_scan.h"

static unsigned n_compared, n_wrong;

static unsigned role_of(const ZydisDecodedOperand *op)
{
    if (op->type != ZYDIS_OPERAND_TYPE_REGISTER) {
        return 0;
    }
    ZydisRegisterClass class = ZydisRegisterGetClass(op->reg.value);
    bool byte = class == ZYDIS_REGCLASS_GPR8;
    if (!byte && class != ZYDIS_REGCLASS_GPR16 && class != ZYDIS_REGCLASS_GPR32) {
        return 0;
    }
    switch (op->encoding) {
    case ZYDIS_OPERAND_ENCODING_MODRM_REG:
        return byte ? ROLE_REG8 : ROLE_REG;
    case ZYDIS_OPERAND_ENCODING_MODRM_RM:
        return byte ? ROLE_RM8 : ROLE_RM;
    case ZYDIS_OPERAND_ENCODING_OPCODE:
        return byte ? ROLE_OPCODE8 : ROLE_OPCODE;
    default:
        return 0;
    }
}

/* Only what runs natively is re-encoded by its roles. */
static void one(const struct encoding *e)
{
    struct insn insn;
    struct zydis z;
    decode_judge(e, &insn);
    if (insn.verdict != VERDICT_NATIVE) {
        return;
    }
    ask_zydis(e->bytes, 15, e->code32, &z);
    assert_true(ZYAN_SUCCESS(z.status));
    unsigned want = 0, have = insn.roles;
    for (unsigned i = 0; i < z.insn.operand_count; i++) {
        want |= role_of(&z.op[i]);
    }
    if (insn.is_mem) {
        have &= ~(unsigned)(ROLE_RM | ROLE_RM8); /* the field is part of an address */
    }
    if (insn.mnemonic == ZYDIS_MNEMONIC_PAUSE) {
        have &= ~(unsigned)ROLE_OPCODE; /* XCHG EAX,EAX once: the field is 0, which is never ESP */
    }
    n_compared++;
    if (want != have && n_wrong++ < 40) {
        print_error("%s%s (%s): roles %x, Zydis %x\n", show_bytes(e->bytes, z.insn.length),
                    e->code32 ? "" : "(16-bit code)", ZydisMnemonicGetString(z.insn.mnemonic), have,
                    want);
    }
}

static void roles(void **state)
{
    (void)state;
    for_each_encoding(one);
    assert_true(n_compared > 100000);
    assert_int_equal(n_wrong, 0);
}

/* Length, validity and the explicit memory operand's size and use are Zydis' too, for all verdicts.
 */
static void one_shape(const struct encoding *e)
{
    struct insn insn;
    struct zydis z;
    decode_judge(e, &insn);
    ask_zydis(e->bytes, 15, e->code32, &z);
    if (!ZYAN_SUCCESS(z.status)) {
        assert_true(insn.flags & INSN_INVALID);
        assert_int_equal(insn.op, OP_UD);
        assert_int_equal(insn.verdict, VERDICT_HELPER_END);
        return;
    }
    assert_int_equal(insn.n_bytes, z.insn.length);
    if (insn.flags & INSN_INVALID || !insn.is_mem) {
        return;
    }
    for (unsigned i = 0; i < z.insn.operand_count; i++) {
        const ZydisDecodedOperand *op = &z.op[i];
        if (op->type != ZYDIS_OPERAND_TYPE_MEMORY ||
            op->visibility != ZYDIS_OPERAND_VISIBILITY_EXPLICIT ||
            op->mem.type != ZYDIS_MEMOP_TYPE_MEM) {
            continue;
        }
        if (insn.mnemonic == ZYDIS_MNEMONIC_CLFLUSH) { /* a line to Zydis; checked as a byte load */
            assert_true(insn.mem_bytes == 1 && insn.mem_read && !insn.mem_write);
            continue;
        }
        if (insn.mem_bytes * 8 != op->size ||
            insn.mem_read != !!(op->actions & ZYDIS_OPERAND_ACTION_MASK_READ) ||
            insn.mem_write != !!(op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)) {
            fail_msg("%s: memory operand %u bytes, read %d, write %d",
                     show_bytes(e->bytes, z.insn.length), insn.mem_bytes, insn.mem_read,
                     insn.mem_write);
        }
    }
}

static void shapes(void **state)
{
    (void)state;
    for_each_encoding(one_shape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(roles), cmocka_unit_test(shapes)};
    return cmocka_run_group_tests(tests, setup_scanner, NULL);
}
