/* test_translate.c - what must hold for every unit, whatever is in it: it decodes, its branches
 * stay where they may, its tables fit, and there is room for what comes later. What single units
 * look like is in tests/golden. */
#include "test_translate.h"
#include "test_host64.h"

#include "test_scan.h"

static unsigned n_units;
static uint32_t mode_now;
static unsigned engine_now, kind_now;

static void bad(const struct encoding *e, const char *why)
{
    fail_msg("%s in mode %x, engine %x, site kind %u: %s", show_bytes(e->bytes, 12), mode_now,
             engine_now, kind_now, why);
}

static void start(void)
{
    bench_start(0x400, mode_now);
    bench.engine = engine_now;
}

/* A branch leads into this unit, to a stub, or to a unit that is there. */
static bool target_ok(const struct unit *unit, uint64_t target)
{
    uint64_t off = target - bench.cache.exec;
    return off - unit->off < unit->n_bytes || off == STUB_MISS || off == STUB_STEP ||
           off == STUB_CROSS || off == STUB_LANDING || off == STUB_BRIDGE;
}

static bool touches_flags(const struct host_insn *host)
{
    const ZydisAccessedFlags *flags = host->insn.cpu_flags;
    return flags && (flags->modified | flags->set_0 | flags->set_1 | flags->undefined) &&
           host->insn.mnemonic != ZYDIS_MNEMONIC_CALL;
}

static void check_code(const struct encoding *e, const struct unit *unit, const struct insn *insn)
{
    const uint8_t *at = bench.cache.write + unit->off;
    unsigned n_flag_writers = 0;
    for (uint32_t off = 0; off < unit->n_bytes;) {
        struct host_insn host;
        uint64_t target, pc = bench.cache.exec + unit->off + off;
        if (!host_decode(at + off, unit->n_bytes - off, &host)) {
            bad(e, "does not decode in 64-bit mode");
        }
        if (host.op[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && host.op[0].imm.is_relative &&
            host.insn.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE) {
            ZydisCalcAbsoluteAddress(&host.insn, &host.op[0], pc, &target);
            if (!target_ok(unit, target)) {
                bad(e, "branches to nowhere");
            }
        }
        bool privileged = host.insn.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED;
        bool system = host.insn.meta.category == ZYDIS_CATEGORY_SYSTEM ||
                      host.insn.meta.category == ZYDIS_CATEGORY_INTERRUPT ||
                      host.insn.meta.category == ZYDIS_CATEGORY_SYSCALL;
        if (insn->verdict != VERDICT_NATIVE && (privileged || system)) {
            bad(e, "emits a system instruction");
        }
        n_flag_writers += touches_flags(&host);
        off += host.insn.length;
    }
    /* the guest's flags are live: only its own instruction may write them */
    bool own = insn->flags_written || insn->verdict == VERDICT_STRING;
    bool popf = insn->verdict == VERDICT_POPF; /* they are dead: src/verify knows its sequence */
    if (!popf && n_flag_writers > (own ? 1u : 0u)) {
        bad(e, "changes flags beside its instruction");
    }
}

/* Whatever can come back as a site to be re-made needs five bytes for the jump. */
static bool may_be_patched(const struct insn *insn)
{
    switch (insn->verdict) {
    case VERDICT_PUSH:
    case VERDICT_POP:
    case VERDICT_PUSHA:
    case VERDICT_POPA:
    case VERDICT_ENTER:
    case VERDICT_LEAVE:
    case VERDICT_PUSHF:
    case VERDICT_POPF:
    case VERDICT_PUSH_SEG:
    case VERDICT_CALL:
    case VERDICT_CALL_INDIRECT:
    case VERDICT_RET:
    case VERDICT_STRING:
    case VERDICT_XLAT:
        return true;
    default:
        return insn->is_mem;
    }
}

static void translate_one(const struct encoding *e, const struct insn *insn)
{
    bench.scan.n_insns = 1;
    bench.scan.insns[0] = *insn;
    bench.scan.insns[0].eip = bench.page->lin_page << 12;
    bench.scan.ends_open = !scan_is_terminal(insn);
    bench.scan.next_off = insn->n_bytes;
    bench.kinds[0] = (uint8_t)kind_now;
    bench.page->units = NULL; /* nothing was made of the page */
    struct translate_input in = bench_input();
    struct unit *unit = translate_unit(&bench.pages, &in);
    if (!unit) {
        start();
        translate_one(e, insn);
        return;
    }
    n_units++;
    check_code(e, unit, insn);
    if (may_be_patched(insn) && unit->body_bytes < 5 && !scan_is_terminal(insn)) {
        bad(e, "leaves no room for a patch");
    }
    if (unit->insns[0].host_off != 0 || unit->insns[0].page_off != 0 ||
        unit->insns[0].n_bytes != insn->n_bytes || unit->body_bytes > unit->n_bytes) {
        bad(e, "wrong table");
    }
}

static void one(const struct encoding *e)
{
    struct insn insn;
    if (e->code32 != !!(mode_now & MODE_CODE32)) {
        return;
    }
    decode_judge(e, &insn);
    if (insn.flags & INSN_INVALID) {
        return; /* all the same: one call */
    }
    if (!may_be_patched(&insn) && kind_now) {
        return;
    }
    translate_one(e, &insn);
}

static void all_of(uint32_t mode, unsigned engine, unsigned kind)
{
    static const uint8_t modrms[] = {0x00, 0x05, 0x0c, 0x44, 0x7d, 0x84,
                                     0x98, 0xc4, 0xe0, 0xe4, 0xfc};
    static const uint8_t prefixes[] = {0, 0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x64};
    mode_now = mode;
    engine_now = engine;
    kind_now = kind;
    start();
    for (unsigned i = 0; i < ARRAY_SIZE(prefixes) * ARRAY_SIZE(modrms) * 4 * 256; i++) {
        unsigned rest = i >> 10;
        struct encoding e;
        make_encoding(&e, prefixes[rest % ARRAY_SIZE(prefixes)], i >> 8 & 3, i & 255,
                      modrms[rest / ARRAY_SIZE(prefixes)], mode & MODE_CODE32);
        one(&e);
    }
}

static void every_mode(void **state)
{
    (void)state;
    static const uint32_t modes[] = {
        FLAT_MODE,
        (FLAT_MODE & ~MODE_CPL0) | MODE_USER,
        FLAT_MODE & ~MODE_CPL0,
        FLAT_MODE | MODE_NM,
        FLAT_MODE | MODE_NOWP,
        FLAT_MODE | MODE_STEP,
        FLAT_MODE & ~MODE_STACK32,
        FLAT_MODE & ~MODE_FLAT,
        FLAT_MODE & ~(MODE_FLAT | MODE_CODE32),
        MODE_CPL0,
        MODE_PROT | MODE_V86 | MODE_USER,
        MODE_PROT | MODE_V86 | MODE_USER | MODE_STEP | MODE_NM,
    };
    for (unsigned i = 0; i < ARRAY_SIZE(modes); i++) {
        all_of(modes[i], 0, SITE_DIRECT);
    }
    assert_true(n_units > 100000);
}

static void every_engine(void **state)
{
    (void)state;
    static const unsigned engines[] = {ENGINE_ALL_CHECKED, ENGINE_NO_JOIN,
                                       ENGINE_ALL_CHECKED | ENGINE_NO_JOIN};
    for (unsigned i = 0; i < ARRAY_SIZE(engines); i++) {
        all_of(FLAT_MODE, engines[i], SITE_DIRECT);
    }
}

static void every_kind(void **state)
{
    (void)state;
    for (unsigned kind = 1; kind < 8; kind++) {
        all_of(FLAT_MODE, 0, kind);
    }
    all_of(FLAT_MODE, 0, SITE_COMPUTED);
    all_of(FLAT_MODE, 0, SITE_COMPUTED | SITE_DUAL);
}

/* The longest forms, as many as the scan may find, in one unit: CACHE_UNIT_MAX_BYTES is enough. */
static void longest_unit(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[12];
        unsigned n;
        uint32_t mode;
    } rows[] = {
        {{0x64, 0x66, 0xf0, 0x0f, 0xab, 0x8c, 0x8b, 1, 2, 3, 4}, 11, FLAT_MODE | MODE_NM},
        {{0xdd, 0xb4, 0x8b, 1, 2, 3, 4}, 7, FLAT_MODE | MODE_NM},       /* FNSAVE */
        {{0x0f, 0xae, 0x84, 0x8b, 1, 2, 3, 4}, 8, FLAT_MODE | MODE_NM}, /* FXSAVE */
        {{0x0f, 0x84, 0, 0, 1, 0}, 6, FLAT_MODE},                       /* Jcc out of the page */
        {{0xe2, 0x05}, 2, FLAT_MODE},
        {{0xe8, 0, 0, 1, 0}, 5, FLAT_MODE},
        {{0xff, 0x94, 0x8b, 1, 2, 3, 4}, 7, FLAT_MODE}, /* CALL m */
        {{0xf3, 0xa5}, 2, FLAT_MODE},
        {{0x60}, 1, FLAT_MODE},
        {{0xfb}, 1, FLAT_MODE},
        {{0x64, 0xff, 0x94, 0x8b, 1, 2, 3, 4}, 8, FLAT_MODE & ~MODE_FLAT}, /* computed */
        {{0x64, 0xf0, 0x00, 0xa1, 1, 2}, 6, MODE_CPL0},                    /* a high byte */
        {{0x64, 0x0f, 0xae, 0x84, 1, 2}, 6, MODE_CPL0 | MODE_NM},          /* FXSAVE */
        {{0x60}, 1, MODE_CPL0},
        {{0x61}, 1, MODE_CPL0},
        {{0xc8, 1, 2, 0}, 4, MODE_CPL0},
        {{0xff, 0x97, 1, 2}, 4, MODE_CPL0}, /* CALL m */
        {{0xe8, 0, 0x20}, 3, MODE_CPL0},
        {{0xe2, 0x7f}, 2, MODE_CPL0},
        {{0x0f, 0x84, 0, 0x20}, 4, MODE_CPL0},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        for (unsigned kind = 0; kind < 8; kind++) {
            bench_start(0x400, rows[i].mode);
            for (unsigned n = 0; n < SCAN_MAX_INSNS; n++) {
                uint32_t off = n * rows[i].n;
                if (off + rows[i].n > 4096) {
                    break;
                }
                memcpy(bench.bytes + off, rows[i].bytes, rows[i].n);
                bench.kinds[off] = (uint8_t)kind;
            }
            struct unit *unit = bench_translate(0, SCAN_MAX_INSNS);
            assert_non_null(unit);
            const uint8_t *op = rows[i].bytes + (rows[i].bytes[0] == 0x64);
            bool call = op[0] == 0xe8 || (op[0] == 0xff && (op[1] >> 3 & 7) == 2);
            assert_int_equal(unit->n_insns, SCAN_MAX_INSNS - call); /* no call is the last */
            assert_true(unit->n_bytes <= CACHE_UNIT_MAX_BYTES);
            for (uint32_t j = 1; j < unit->n_insns; j++) {
                assert_true(unit->insns[j].host_off > unit->insns[j - 1].host_off);
            }
        }
    }
}

/* No memory for a unit: nothing has changed, the caller flushes. */
static void cache_full(void **state)
{
    (void)state;
    bench_start(0x400, FLAT_MODE);
    memset(bench.bytes, 0x90, 64);
    uint32_t used = bench.cache.used;
    bench.cache.used = bench.cache.n_bytes - 1000;
    assert_null(bench_translate(0, 10));
    assert_int_equal(bench.cache.n_units, 0);
    assert_null(bench.page->units);
    for (unsigned off = 0; off < 64; off++) {
        assert_int_equal(codepage_slot(bench.page, off), 0);
    }
    bench.cache.used = used;
    assert_non_null(bench_translate(0, 10));
}

/* A patch belongs to its page: invalidation takes it too, and its table leads back to the guest. */
static void patches(void **state)
{
    (void)state;
    static const uint8_t code[] = {0x40, 0x8b, 0x03, 0x41,
                                   0xc3}; /* inc; mov (%ebx),%eax; inc; ret */
    bench_start(0x400, FLAT_MODE);
    memcpy(bench.bytes + 0x10, code, sizeof(code));
    struct unit *unit = bench_translate(0x10, 10);
    uint32_t old_host = unit->off + unit->insns[1].host_off;
    struct unit *patch = bench_patch(unit, 1, SITE_DUAL);
    assert_true(patch->is_patch);
    assert_int_equal(patch->insns[0].page_off, 0x11);
    assert_int_equal(patch->insns[0].kind & UNIT_DUAL, UNIT_DUAL);
    assert_int_equal(codepage_slot(bench.page, 0x11),
                     old_host); /* entered as before, through the jump */
    struct host_insn host;
    uint64_t target;
    assert_true(host_decode(bench.cache.write + old_host, 15, &host));
    assert_int_equal(host.insn.mnemonic, ZYDIS_MNEMONIC_JMP);
    ZydisCalcAbsoluteAddress(&host.insn, &host.op[0], old_host, &target);
    assert_int_equal(target, patch->off);
    /* five bytes do not reach into the next instruction */
    assert_true(unit->insns[2].host_off - unit->insns[1].host_off >= 5);
    uint8_t jump[5];
    memcpy(jump, bench.cache.write + old_host, sizeof(jump));
    translate_unplant(&bench.cache, patch);
    assert_true(host_decode(bench.cache.write + old_host, 15, &host));
    assert_int_equal(host.insn.mnemonic, ZYDIS_MNEMONIC_MOV);
    memcpy(bench.cache.write + old_host, jump, sizeof(jump));
    codepage_invalidate(&bench.pages, bench.page->phys->phys_page);
    assert_true(unit->dead && patch->dead);
    assert_int_equal(codepage_slot(bench.page, 0x11), 0);
}

static bool may_look_up(const char *bytes, unsigned n_bytes, uint32_t mode)
{
    bench_start(0x400, mode);
    memcpy(bench.bytes, bytes, n_bytes);
    return bench_may_look_up(0);
}

/* Plain operands in flat code, and strings that only move or store. */
static void who_may_look_up(void **state)
{
    (void)state;
    assert_true(may_look_up("\x8b\x03", 2, FLAT_MODE));             /* mov (%ebx),%eax */
    assert_true(may_look_up("\xf0\x0f\xc1\x03", 4, FLAT_MODE));     /* lock xadd */
    assert_true(may_look_up("\x0f\x29\x03", 3, FLAT_MODE));         /* movaps */
    assert_true(may_look_up("\xf3\xab", 2, FLAT_MODE));             /* rep stos */
    assert_true(may_look_up("\xa3\x00\x10\x00\x00", 5, FLAT_MODE)); /* mov moffs */
    assert_true(may_look_up("\x65\x8b\x03", 3, FLAT_MODE));         /* gs: */
    assert_true(may_look_up("\xff\x33", 2, FLAT_MODE));             /* push (%ebx) */
    assert_true(may_look_up("\xff\x23", 2, FLAT_MODE));             /* jmp *(%ebx) */
    assert_true(may_look_up("\xff\x13", 2, FLAT_MODE));             /* call *(%ebx) */
    assert_false(may_look_up("\x66\xff\x13", 3, FLAT_MODE));        /* callw *(%ebx) */
    assert_false(may_look_up("\xff\xd3", 2, FLAT_MODE));            /* call *%ebx */
    assert_false(may_look_up("\x66\xff\x33", 3, FLAT_MODE));        /* pushw (%ebx) */
    assert_false(may_look_up("\x8f\x03", 2, FLAT_MODE));            /* pop (%ebx) */
    assert_false(may_look_up("\x53", 1, FLAT_MODE));                /* push %ebx */
    assert_false(may_look_up("\x64\xf3\xa4", 3, FLAT_MODE));        /* rep movsb from fs: */
    assert_false(may_look_up("\xf3\xa6", 2, FLAT_MODE));            /* repe cmps */
    assert_false(may_look_up("\x8d\x03", 2, FLAT_MODE));            /* lea */
    assert_false(may_look_up("\x2e\x8b\x03", 3, FLAT_MODE));        /* cs: */
    assert_false(may_look_up("\xd9\x03", 2, FLAT_MODE));            /* flds */
    assert_false(may_look_up("\x0f\x6f\x03", 3, FLAT_MODE));        /* movq to %mm0 */
    assert_false(may_look_up("\x0f\xab\x03", 3, FLAT_MODE));        /* bts %eax */
    assert_false(may_look_up("\x0f\xae\x03", 3, FLAT_MODE));        /* fxsave */
    assert_false(may_look_up("\x67\x8b\x07", 3, FLAT_MODE));        /* mov (%bx),%eax */
    assert_false(may_look_up("\x8b\x03", 2, FLAT_MODE | MODE_NOWP));
    assert_false(may_look_up("\x8b\x03", 2, FLAT_MODE | MODE_WATCH));
    assert_false(may_look_up("\x8b\x03", 2, FLAT_MODE | MODE_STEP));
    assert_false(may_look_up("\x8b\x03", 2, FLAT_MODE & ~(uint32_t)MODE_FLAT));
}

static int setup(void **state)
{
    setup_scanner(state);
    return bench_create();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mode),      cmocka_unit_test(every_engine),
        cmocka_unit_test(every_kind),      cmocka_unit_test(longest_unit),
        cmocka_unit_test(cache_full),      cmocka_unit_test(patches),
        cmocka_unit_test(who_may_look_up),
    };
    return cmocka_run_group_tests(tests, setup, bench_teardown);
}
