/* test_scan_decode.c - one instruction: fields, addresses, immediates, what is invalid. */
#include "test_scan.h"

static struct insn insn;

static void decode(const char *hex, bool code32)
{
    uint8_t bytes[32];
    unsigned n = 0, value;
    for (const char *at = hex; sscanf(at, "%2x", &value) == 1 && n < sizeof(bytes);) {
        bytes[n++] = (uint8_t)value;
        at += 2 + (at[2] == ' ');
        if (!*at) {
            break;
        }
    }
    scan_decode(&scanner, bytes, n, code32, 0x1000, true, &insn);
}

static void prefixes(void **state)
{
    (void)state;
    decode("f0 01 08", true);
    assert_int_equal(insn.prefixes, PREFIX_LOCK);
    decode("f3 a4", true);
    assert_int_equal(insn.prefixes, PREFIX_REP);
    decode("f2 f3 a4", true); /* the last one counts */
    assert_int_equal(insn.prefixes, PREFIX_REP);
    decode("f3 f2 a6", true);
    assert_int_equal(insn.prefixes, PREFIX_REPNE);
    static const struct {
        const char *hex;
        unsigned seg;
    } overrides[] = {{"26 8b 03", SEG_ES},      {"2e 8b 03", SEG_CS}, {"36 8b 03", SEG_SS},
                     {"3e 8b 45 00", SEG_DS},   {"64 8b 03", SEG_FS}, {"65 8b 03", SEG_GS},
                     {"65 2e 26 8b 03", SEG_ES}};
    for (unsigned i = 0; i < ARRAY_SIZE(overrides); i++) {
        decode(overrides[i].hex, true);
        assert_true(insn.seg_override);
        assert_int_equal(insn.seg, overrides[i].seg);
    }
    decode("8b 03", true);
    assert_false(insn.seg_override);
    assert_int_equal(insn.seg, SEG_DS);
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool code32;
        unsigned opsize, opattr, adsize;
    } rows[] = {
        {"8b 03", true, 4, 4, 4},        {"66 8b 03", true, 2, 2, 4},
        {"8a 03", true, 1, 4, 4},        {"66 8a 03", true, 1, 2, 4},
        {"8b 07", false, 2, 2, 2},       {"66 8b 07", false, 4, 4, 2},
        {"67 66 8b 03", false, 4, 4, 4}, {"67 8b 07", true, 4, 4, 2},
        {"66 66 8b 03", true, 2, 2, 4},  {"90", false, 2, 2, 2},
        {"66 c3", true, 2, 2, 4},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        decode(rows[i].hex, rows[i].code32);
        if (insn.opsize != rows[i].opsize || insn.opattr != rows[i].opattr ||
            insn.adsize != rows[i].adsize) {
            fail_msg("%s: opsize %u opattr %u adsize %u", rows[i].hex, insn.opsize, insn.opattr,
                     insn.adsize);
        }
    }
}

static unsigned gpr_of(ZydisRegister reg)
{
    return reg == ZYDIS_REGISTER_NONE ? INSN_NO_REG : (unsigned)ZydisRegisterGetId(reg);
}

/* The memory operand of bytes as Zydis sees it. */
static void compare_memory(const uint8_t *bytes, bool code32)
{
    struct zydis z;
    ask_zydis(bytes, 15, code32, &z);
    scan_decode(&scanner, bytes, 15, code32, 0x1000, true, &insn);
    assert_true(ZYAN_SUCCESS(z.status));
    const ZydisDecodedOperand *op = &z.op[1];
    assert_int_equal(insn.n_bytes, z.insn.length);
    assert_int_equal(insn.is_mem, op->type == ZYDIS_OPERAND_TYPE_MEMORY);
    if (!insn.is_mem) {
        return;
    }
    int32_t disp = insn.adsize == 2 ? (int16_t)op->mem.disp.value : (int32_t)op->mem.disp.value;
    int32_t our = insn.adsize == 2 ? (int16_t)insn.disp : insn.disp;
    bool same_seg = op->mem.segment == (ZydisRegister)(ZYDIS_REGISTER_ES + insn.seg);
    unsigned scale = op->mem.scale ? op->mem.scale : 1; /* 0 = no index */
    if (gpr_of(op->mem.base) != insn.base || gpr_of(op->mem.index) != insn.index ||
        (op->mem.index && scale != insn.scale) || disp != our || !same_seg || insn.mem_bytes != 4) {
        fail_msg("%s: base %u index %u scale %u disp %x seg %u size %u",
                 show_bytes(bytes, z.insn.length), insn.base, insn.index, insn.scale, insn.disp,
                 insn.seg, insn.mem_bytes);
    }
    assert_true(insn.mem_read && !insn.mem_write);
}

static void addresses(void **state)
{
    (void)state;
    static const uint8_t segs[] = {0, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    static const uint8_t fill[] = {0x00, 0x7f, 0x80, 0xff};
    for (unsigned i = 0; i < 4 * ARRAY_SIZE(segs) * ARRAY_SIZE(fill) * 65536; i++) {
        unsigned modrm = i & 255, sib = i >> 8 & 255, rest = i >> 16;
        bool code32 = rest & 1, other_size = rest & 2;
        bool wide = code32 != other_size;
        bool has_sib = wide && (modrm & 7) == 4 && modrm < 0xc0;
        if (!has_sib && sib) {
            continue;
        }
        rest /= 4;
        uint8_t seg = segs[rest % ARRAY_SIZE(segs)];
        uint8_t bytes[15];
        unsigned n = 0;
        memset(bytes, fill[rest / ARRAY_SIZE(segs)], sizeof(bytes));
        if (other_size) {
            bytes[n++] = 0x67;
        }
        if (!code32) {
            bytes[n++] = 0x66;
        }
        if (seg) {
            bytes[n++] = seg;
        }
        bytes[n++] = 0x8b;
        bytes[n++] = (uint8_t)modrm;
        if (has_sib) {
            bytes[n++] = (uint8_t)sib;
        }
        compare_memory(bytes, code32);
    }
}

static void moffs(void **state)
{
    (void)state;
    decode("a1 78 56 34 12", true);
    assert_true(insn.is_mem && !insn.has_modrm);
    assert_int_equal(insn.disp, 0x12345678);
    assert_int_equal(insn.base, INSN_NO_REG);
    assert_int_equal(insn.n_bytes, 5);
    decode("67 a3 34 f2", true);
    assert_int_equal(insn.disp, 0xf234); /* 16-bit offsets are not negative */
    assert_int_equal(insn.n_bytes, 4);
    decode("a0 34 f2", false);
    assert_int_equal(insn.disp, 0xf234);
    decode("8b 06 34 f2", false);
    assert_int_equal(insn.disp, 0xf234);
    assert_int_equal(insn.base, INSN_NO_REG);
    decode("64 a2 00 00 00 80", true);
    assert_int_equal(insn.seg, SEG_FS);
    assert_int_equal((uint32_t)insn.disp, 0x80000000);
}

static void immediates(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool code32;
        uint32_t imm, imm2;
        unsigned at, n;
    } rows[] = {
        {"b8 78 56 34 12", true, 0x12345678, 0, 1, 4},
        {"66 b8 34 92", true, 0xffff9234, 0, 2, 2}, /* the operation uses the low half */
        {"83 c0 ff", true, 0xffffffff, 0, 2, 1},    /* sign-extended */
        {"6a 80", true, 0xffffff80, 0, 1, 1},
        {"eb fe", true, 0xfffffffe, 0, 1, 1}, /* relative */
        {"e8 fb ff ff ff", true, 0xfffffffb, 0, 1, 4},
        {"e9 00 80", false, 0xffff8000, 0, 1, 2},
        {"0f 84 10 00 00 00", true, 0x10, 0, 2, 4},
        {"c8 34 12 05", true, 0x1234, 5, 1, 3}, /* ENTER */
        {"9a 78 56 34 12 cd ab", true, 0x12345678, 0xabcd, 1, 6},
        {"ea 34 12 cd ab", false, 0x1234, 0xabcd, 1, 4},
        {"c2 08 00", true, 8, 0, 1, 2},
        {"c1 e0 1f", true, 0x1f, 0, 2, 1},
        {"0f a4 d8 07", true, 7, 0, 3, 1},
        {"81 84 98 00 01 00 00 78 56 34 12", true, 0x12345678, 0, 7, 4},
        {"66 0f 3a 0f c1 05", true, 5, 0, 5, 1},
        {"90", true, 0, 0, 0, 0},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        decode(rows[i].hex, rows[i].code32);
        if (insn.imm != rows[i].imm || insn.imm2 != rows[i].imm2 || insn.imm_at != rows[i].at ||
            insn.imm_bytes != rows[i].n ||
            (insn.flags & (INSN_INVALID | INSN_TRUNCATED | INSN_TOO_LONG))) {
            fail_msg("%s: imm %x imm2 %x at %u, %u bytes, flags %x", rows[i].hex, insn.imm,
                     insn.imm2, insn.imm_at, insn.imm_bytes, insn.flags);
        }
    }
}

/* Flags by SDM vol. 1, appendix A, "EFLAGS Cross-Reference". */
static void flags(void **state)
{
    (void)state;
    enum { ALL = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF };
    static const struct {
        const char *hex;
        unsigned reads, writes;
    } rows[] = {
        {"01 c0", 0, ALL},
        {"11 c0", FLAG_CF, ALL},
        {"19 c0", FLAG_CF, ALL},
        {"39 c0", 0, ALL},
        {"21 c0", 0, ALL},
        {"85 c0", 0, ALL},
        {"40", 0, ALL & ~FLAG_CF},
        {"48", 0, ALL & ~FLAG_CF},
        {"f7 d8", 0, ALL},
        {"f7 d0", 0, 0},
        {"8b c0", 0, 0},
        {"8d 03", 0, 0},
        {"f8", 0, FLAG_CF},
        {"f9", 0, FLAG_CF},
        {"f5", FLAG_CF, FLAG_CF},
        {"fc", 0, FLAG_DF},
        {"fd", 0, FLAG_DF},
        {"0f 94 c0", FLAG_ZF, 0},
        {"0f 47 c1", FLAG_CF | FLAG_ZF, 0},
        {"7c 00", FLAG_SF | FLAG_OF, 0},
        {"7e 00", FLAG_SF | FLAG_OF | FLAG_ZF, 0},
        {"7a 00", FLAG_PF, 0},
        {"a4", FLAG_DF, 0},
        {"a6", FLAG_DF, ALL},
        {"9f", ALL & ~FLAG_OF, 0},
        {"9e", 0, ALL & ~FLAG_OF},
        {"0f af c1", 0, ALL},
        {"0f b1 c8", 0, ALL},
        {"0f c1 c8", 0, ALL},
        {"0f c8", 0, 0},
        {"e2 00", 0, 0},
        {"e1 00", FLAG_ZF, 0},
        {"0f 2e c1", 0, ALL},
        {"dd 03", 0, 0},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        decode(rows[i].hex, true);
        if (insn.flags_read != rows[i].reads || insn.flags_written != rows[i].writes) {
            fail_msg("%s: reads %x writes %x, SDM: %x %x", rows[i].hex, insn.flags_read,
                     insn.flags_written, rows[i].reads, rows[i].writes);
        }
    }
}

static void fpu(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool fpu;
    } rows[] = {
        {"d9 c0", true},           {"0f 6f c1", true},
        {"0f 58 c1", true},        {"66 0f 58 c1", true},
        {"0f ae 00", true},        {"0f ae 10", true},
        {"0f 77", true},           {"f3 0f 2c c1", true},
        {"66 0f 38 00 c1", true},  {"66 0f 3a 0f c1 05", true},
        {"f2 0f 38 f1 c1", false}, {"0f ae f0", false},
        {"0f c3 03", false},       {"0f 18 03", false},
        {"8b 03", false},          {"9b", true},
        {"0f 44 c1", false},       {"da c1", true},
        {"f3 0f b8 c1", false},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        decode(rows[i].hex, true);
        assert_false(insn.flags & (INSN_INVALID | INSN_TRUNCATED));
        /* FWAIT obeys MP and TS, not EM: translate_insn() has a rule of its own */
        if (rows[i].fpu != !!(insn.flags & INSN_FPU) && rows[i].hex[0] != '9') {
            fail_msg("%s: flags %x", rows[i].hex, insn.flags);
        }
    }
}

static void invalid(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "0f 0b 66", /* valid: UD2 is judged, not invalid (see below) */
        "0f ff c0",
        "0f 04",
        "0f 0f c0 0c" /* 3DNow! */,
        "f0 90" /* LOCK NOP */,
        "f0 8b 03" /* LOCK MOV */,
        "f0 01 c0" /* LOCK, register */,
        "8d c0" /* LEA of a register */,
        "c5 f8 58 c1" /* VEX */,
        "62 f1 7c 48 58 c1" /* EVEX */,
        "0f 05" /* SYSCALL */,
        "0f 07",
        "0f 01 c1" /* VMCALL */,
        "0f 01 d0" /* XGETBV */,
        "f3 0f c7 f8" /* RDPID */,
        "0f ae 20" /* XSAVE */,
        "f3 0f ae c0" /* RDFSBASE */,
        "66 0f 38 f6 c1" /* ADCX */,
        "0f 38 f6 01" /* WRSSD */,
        "66 0f 38 cf c1" /* GF2P8MULB */,
        "fe d0",
        "ff f8",
        "0f 20 c9",
        "8e c8" /* MOV CS */,
        "8c f0",
        "c6 c8 00",
        "8f c8 00 00 00 00 00 00",
    };
    for (unsigned i = 1; i < ARRAY_SIZE(bad); i++) {
        decode(bad[i], true);
        if (!(insn.flags & INSN_INVALID)) {
            struct insn judged = insn;
            static const struct map_site site;
            map_judge(map, &judged, &site);
            if (judged.verdict != VERDICT_HELPER_END || judged.op != OP_UD) {
                fail_msg("%s: flags %x verdict %u op %u, not #UD", bad[i], insn.flags,
                         judged.verdict, judged.op);
            }
        }
    }
    decode(bad[0], true);
    assert_false(insn.flags & INSN_INVALID);
}

static void length(void **state)
{
    (void)state;
    static const char *const longest = "66 66 66 66 66 66 66 66 66 66 66 66 66 66 90";
    static const char *const longer = "66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90";
    decode(longest, true);
    assert_int_equal(insn.flags, 0);
    assert_int_equal(insn.n_bytes, 15);
    decode(longer, true);
    assert_int_equal(insn.flags, INSN_INVALID | INSN_TOO_LONG);
    decode("66 66 66 66 66 66 66 66 66 66 66 b8 78 56",
           true); /* 14 bytes, b8 needs one more at most */
    assert_int_equal(insn.flags, 0);
    decode("66 66 66 66 66 66 66 66 66 66 66 66 66 b8 78 56", true); /* its last byte is the 16th */
    assert_int_equal(insn.flags, INSN_INVALID | INSN_TOO_LONG);
    uint8_t all[15] = {0xf0, 0x2e, 0x66, 0x81, 0x84, 0x98, 1, 2, 3, 4, 5, 6};
    for (unsigned n = 1; n < 12; n++) {
        scan_decode(&scanner, all, n, true, 0, true, &insn);
        assert_int_equal(insn.flags, INSN_TRUNCATED);
    }
    scan_decode(&scanner, all, 12, true, 0, true, &insn);
    assert_int_equal(insn.flags, 0);
    assert_int_equal(insn.n_bytes, 12);
    assert_memory_equal(insn.bytes, all, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes), cmocka_unit_test(sizes),      cmocka_unit_test(addresses),
        cmocka_unit_test(moffs),    cmocka_unit_test(immediates), cmocka_unit_test(flags),
        cmocka_unit_test(fpu),      cmocka_unit_test(invalid),    cmocka_unit_test(length),
    };
    return cmocka_run_group_tests(tests, setup_scanner, NULL);
}
