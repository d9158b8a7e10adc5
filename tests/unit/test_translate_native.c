/* test_translate_native.c - what runs natively is the same instruction: every encoding is
 * translated in every way to reach memory and read back by Zydis in 64-bit mode. Structure only;
 * `make native` runs the forms. */
#include "test_host64.h"
#include "test_translate.h"

#include "test_scan.h"

static unsigned n_compared, n_wrong;
static bool in_code32;
static bool is_reported[2048]; /* by mnemonic */

static bool same_register(ZydisRegister guest, ZydisRegister host)
{
    switch (guest) {
    case ZYDIS_REGISTER_ESP:
        return host == ZYDIS_REGISTER_R12D;
    case ZYDIS_REGISTER_SP:
        return host == ZYDIS_REGISTER_R12W;
    case ZYDIS_REGISTER_AH:
    case ZYDIS_REGISTER_CH:
    case ZYDIS_REGISTER_DH:
    case ZYDIS_REGISTER_BH:
        return host == guest || host == ZYDIS_REGISTER_R10B; /* a copy: see high_byte_in() */
    default:
        return host == guest;
    }
}

static ZydisRegister in_64(ZydisRegister reg, bool a32)
{
    if (reg == ZYDIS_REGISTER_NONE) {
        return reg;
    }
    int number = ZydisRegisterGetId(reg) == 4 ? R12 : ZydisRegisterGetId(reg);
    return host_reg_name(number, a32 ? 32 : 64);
}

/* The address: guest registers with GS and 32 bits, or r12/r13 as base, or computed in r8 (+ r9).
 */
static bool same_memory(const ZydisDecodedOperand *guest, const ZydisDecodedOperand *host,
                        unsigned kind, bool narrow)
{
    if (host->type != ZYDIS_OPERAND_TYPE_MEMORY || host->size != guest->size) {
        return false;
    }
    bool gs = host->mem.segment == ZYDIS_REGISTER_FS; /* a supervisor's window */
    bool fs_gs = guest->mem.segment == ZYDIS_REGISTER_FS || guest->mem.segment == ZYDIS_REGISTER_GS;
    if (kind == SITE_CHECKED) {
        return !gs && host->mem.base == ZYDIS_REGISTER_R8 && !host->mem.index &&
               !host->mem.disp.value;
    }
    if (kind == SITE_DUAL) {
        return !gs && host->mem.base == ZYDIS_REGISTER_R9 && host->mem.index == ZYDIS_REGISTER_R8 &&
               host->mem.scale == 1 && !host->mem.disp.value;
    }
    if (fs_gs) { /* base of the segment in r9d */
        return gs &&
               (host->mem.base == ZYDIS_REGISTER_R9D || host->mem.index == ZYDIS_REGISTER_R9D);
    }
    if (narrow) { /* 16-bit address size */
        return gs && host->mem.base == ZYDIS_REGISTER_R8D && !host->mem.index &&
               !host->mem.disp.value;
    }
    int32_t disp = (int32_t)guest->mem.disp.value;
    if (host->mem.disp.value != disp) {
        return false;
    }
    if (gs) {
        return host->mem.base == in_64(guest->mem.base, true) &&
               host->mem.index == in_64(guest->mem.index, true) &&
               (!guest->mem.index || host->mem.scale == guest->mem.scale);
    }
    if (kind == SITE_GS || guest->mem.index || disp < -0x8000 || disp >= 0x8000) {
        return false;
    }
    if (guest->mem.base == ZYDIS_REGISTER_ESP) {
        return host->mem.base == ZYDIS_REGISTER_R12 && !host->mem.index;
    }
    return host->mem.base == ZYDIS_REGISTER_R13 && host->mem.scale == 1 &&
           host->mem.index == in_64(guest->mem.base, false);
}

static bool same_operand(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *guest,
                         const ZydisDecodedOperand *host, unsigned kind)
{
    switch (guest->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        return host->type == ZYDIS_OPERAND_TYPE_REGISTER && guest->size == host->size &&
               same_register(guest->reg.value, host->reg.value);
    case ZYDIS_OPERAND_TYPE_MEMORY:
        if (insn->mnemonic == ZYDIS_MNEMONIC_LEA) {
            return host->type == guest->type; /* its own test */
        }
        return same_memory(guest, host, kind, insn->address_width == 16);
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
        return host->type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
               (uint32_t)guest->imm.value.u == (uint32_t)host->imm.value.u;
    default:
        return false;
    }
}

static bool is_bit_string(const struct zydis *guest)
{
    return guest->insn.opcode_map == ZYDIS_OPCODE_MAP_0F && (guest->insn.opcode & 0xe7) == 0xa3 &&
           guest->insn.operand_count_visible == 2;
}

static bool same_insn(const struct zydis *guest, const struct host_insn *host, unsigned kind)
{
    if (guest->insn.mnemonic != host->insn.mnemonic ||
        guest->insn.operand_count_visible != host->insn.operand_count_visible ||
        (guest->insn.attributes & ZYDIS_ATTRIB_HAS_LOCK) !=
            (host->insn.attributes & ZYDIS_ATTRIB_HAS_LOCK)) {
        return false;
    }
    for (unsigned i = 0; i < guest->insn.operand_count_visible; i++) {
        if (i == 1 && kind == SITE_CHECKED && is_bit_string(guest) &&
            host->op[1].reg.value == host_reg_name(R11, host->op[1].size)) {
            continue; /* a copy: see cut_bit_offset() */
        }
        if (!same_operand(&guest->insn, &guest->op[i], &host->op[i], kind)) {
            return false;
        }
    }
    return true;
}

/* What stands around the instruction touches no flags and no guest register. */
static const char *why_bad_helper(const struct host_insn *host)
{
    if (host->insn.mnemonic == ZYDIS_MNEMONIC_CALL || host->insn.mnemonic == ZYDIS_MNEMONIC_NOP ||
        host->insn.mnemonic == ZYDIS_MNEMONIC_FWAIT) { /* x87's own pending exception first */
        return NULL;
    }
    const ZydisAccessedFlags *flags = host->insn.cpu_flags;
    if (flags && (flags->modified | flags->set_0 | flags->set_1 | flags->undefined)) {
        return "changes flags";
    }
    if (host->op[0].type == ZYDIS_OPERAND_TYPE_MEMORY) {
        if (host->op[0].mem.base == ZYDIS_REGISTER_R15 && host->op[0].mem.disp.value == CPU_DF) {
            return NULL; /* CLD, STD: the copy */
        }
        return "stores";
    }
    int reg = ZydisRegisterGetId(host->op[0].reg.value);
    bool rotates = host->insn.mnemonic == ZYDIS_MNEMONIC_RORX || host->op[0].size == 8;
    return (reg < 8 && !rotates) || reg > 12 ? "changes a guest register" : NULL;
}

/* LEA of a register to itself: nothing need be left of it. */
static bool does_nothing(const struct zydis *guest)
{
    const ZydisDecodedOperand *to = &guest->op[0], *from = &guest->op[1];
    return guest->insn.mnemonic == ZYDIS_MNEMONIC_LEA && to->size == 32 &&
           from->mem.base == to->reg.value && from->mem.index == ZYDIS_REGISTER_NONE &&
           from->mem.disp.value == 0;
}

static const char *check_body(const struct unit *unit, const struct zydis *guest, unsigned kind)
{
    const uint8_t *at = bench.cache.write + unit->off;
    unsigned n_same = 0;
    for (uint32_t off = 0; off < unit->body_bytes;) {
        struct host_insn host;
        if (!host_decode(at + off, unit->body_bytes - off, &host)) {
            return "does not decode in 64-bit mode";
        }
        off += host.insn.length;
        if (!n_same && same_insn(guest, &host, kind)) {
            n_same++;
            continue;
        }
        const char *why = why_bad_helper(&host);
        if (why) {
            return n_same ? why : "is another instruction";
        }
    }
    return n_same || does_nothing(guest) ? NULL : "is lost";
}

static void start(void)
{
    bench_start(0x400, in_code32 ? FLAT_MODE : MODE_CPL0);
}

static void compare(const struct encoding *e, const struct insn *insn, const struct zydis *guest,
                    unsigned kind)
{
    bench.scan.n_insns = 1;
    bench.scan.insns[0] = *insn;
    bench.scan.insns[0].eip = bench.page->lin_page << 12;
    bench.scan.ends_open = false; /* no way on: the body is the instruction alone */
    bench.kinds[0] = (uint8_t)kind;
    struct translate_input in = bench_input();
    struct unit *unit = translate_unit(&bench.pages, &in);
    if (!unit) {
        start();
        compare(e, insn, guest, kind);
        return;
    }
    const char *why = check_body(unit, guest, kind);
    if (!why && insn_reaches_memory(insn) && unit->body_bytes < 5) {
        why = "leaves no room for a patch";
    }
    n_compared++;
    if (why && n_wrong++ < 100000 && !is_reported[insn->mnemonic]) {
        is_reported[insn->mnemonic] = true;
        print_error("%s(%s) site kind %u: %s:", show_bytes(e->bytes, insn->n_bytes),
                    ZydisMnemonicGetString((ZydisMnemonic)insn->mnemonic), kind, why);
        print_error(" %s\n", show_bytes(bench.cache.write + unit->off, unit->body_bytes));
    }
}

static void one(const struct encoding *e)
{
    static const uint8_t kinds[] = {SITE_DIRECT, SITE_GS, SITE_DUAL, SITE_CHECKED};
    struct insn insn;
    struct zydis guest;
    if (e->code32 != in_code32) {
        return;
    }
    decode_judge(e, &insn);
    if (insn.verdict != VERDICT_NATIVE) {
        return;
    }
    ask_zydis(e->bytes, 15, in_code32, &guest);
    bool mask_move = insn.map == 1 && insn.opcode == 0xf7 && !insn.is_mem;
    if (mask_move && (!in_code32 || insn.seg != SEG_DS)) {
        return; /* a C function: OP_MASK_MOVE */
    }
    if (insn_is_fxsave(&insn) || (insn.adsize == 2 && insn.is_mem && insn_is_bit_string(&insn))) {
        compare(e, &insn, &guest, SITE_CHECKED); /* 64-bit mode differs: never direct */
        return;
    }
    if (insn.is_mem && insn.seg == SEG_CS) { /* CS is never writable */
        compare(e, &insn, &guest, SITE_CHECKED);
        return;
    }
    if (!in_code32) { /* segments are not flat: memory is reached by C alone */
        compare(e, &insn, &guest, SITE_CHECKED);
        return;
    }
    for (unsigned i = 0; i < (insn_reaches_memory(&insn) ? ARRAY_SIZE(kinds) : 1); i++) {
        compare(e, &insn, &guest, kinds[i]);
    }
}

static void every_encoding(void **state)
{
    (void)state;
    in_code32 = true;
    start();
    for_each_encoding(one);
    assert_true(n_compared > 100000);
    assert_int_equal(n_wrong, 0);
}

static void every_encoding_16(void **state)
{
    (void)state;
    in_code32 = false;
    n_compared = n_wrong = 0;
    start();
    for_each_encoding(one);
    assert_true(n_compared > 100000);
    assert_int_equal(n_wrong, 0);
}

/* Every base, index, scale and size of displacement, with a segment override. */
static void every_address(void **state)
{
    (void)state;
    static const uint8_t segs[] = {0, 0x26, 0x64, 0x65, 0x36};
    static const uint8_t opcodes[] = {0x8b, 0x89, 0x8a, 0x88, 0x01, 0xff, 0x8d};
    n_wrong = 0;
    in_code32 = true;
    start();
    for (unsigned i = 0; i < ARRAY_SIZE(segs) * ARRAY_SIZE(opcodes) * 3 * 8 * 257; i++) {
        struct encoding e = {.n_bytes = 15, .code32 = true};
        unsigned rest = i, n = 0;
        unsigned sib = rest % 257;
        rest /= 257;
        unsigned reg = rest & 7, mod = (rest >> 3) % 3;
        rest = (rest >> 3) / 3;
        memset(e.bytes, sib & 1 ? 0x90 : 0x03, sizeof(e.bytes));
        if (segs[rest % ARRAY_SIZE(segs)]) {
            e.bytes[n++] = segs[rest % ARRAY_SIZE(segs)];
        }
        e.bytes[n++] = opcodes[rest / ARRAY_SIZE(segs)];
        e.bytes[n++] = (uint8_t)(mod << 6 | reg << 3 | (sib < 256 ? 4 : 1));
        e.bytes[n++] = (uint8_t)sib;
        one(&e);
    }
    assert_int_equal(n_wrong, 0);
}

static int setup(void **state)
{
    setup_scanner(state);
    return bench_create();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_encoding),
                                       cmocka_unit_test(every_encoding_16),
                                       cmocka_unit_test(every_address)};
    return cmocka_run_group_tests(tests, setup, bench_teardown);
}
