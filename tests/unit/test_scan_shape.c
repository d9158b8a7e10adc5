/* test_scan_shape.c - what is remembered of an instruction's kind gives the same answer as asking
 * Zydis, and judging, each time: every opcode and ModRM of all four maps, with and without
 * prefixes. */
#include "test_scan.h"

static struct shape_table table;
static struct scanner quick;

static int setup(void **state)
{
    (void)state;
    scan_init(&scanner);
    scan_init(&quick);
    quick.shapes = &table;
    map = map_create();
    return !map;
}

static int teardown(void **state)
{
    (void)state;
    map_destroy(map);
    return 0;
}

static const uint8_t prefixes[][3] = {
    /* count, bytes */
    {0},       {1, 0x66},       {1, 0xf0},       {1, 0xf2},       {1, 0xf3},
    {1, 0x64}, {2, 0x65, 0x66}, {2, 0x66, 0x2e}, {2, 0xf2, 0xf3}, {1, 0x67},
};

/* prefix, opcode and ModRM as they are asked for; the rest from a counter's bits. */
static void make(uint8_t *bytes, const uint8_t *prefix, unsigned map, unsigned op, unsigned modrm,
                 uint32_t salt)
{
    unsigned at = 0;
    for (; at < prefix[0]; at++) {
        bytes[at] = prefix[1 + at];
    }
    if (map) {
        bytes[at++] = 0x0f;
    }
    if (map > 1) {
        bytes[at++] = map == 2 ? 0x38 : 0x3a;
    }
    bytes[at++] = (uint8_t)op;
    bytes[at++] = (uint8_t)modrm;
    for (; at < 24; at++) {
        salt = salt * 1664525u + 1013904223u;
        bytes[at] = (uint8_t)(salt >> 24);
    }
}

static void check(const uint8_t *bytes, unsigned n)
{
    static const struct map_site site = {.mode = MODE_PROT};
    struct insn plain, quickly;
    scan_decode(&scanner, bytes, n, true, 0x1000, false, &plain);
    scan_decode(&quick, bytes, n, true, 0x1000, false, &quickly);
    map_judge(map, &plain, &site);
    map_judge(map, &quickly, &site);
    quickly.shape = 0;
    if (memcmp(&plain, &quickly, sizeof plain)) {
        print_message("bytes %02x %02x %02x %02x %02x %02x\n", bytes[0], bytes[1], bytes[2],
                      bytes[3], bytes[4], bytes[5]);
    }
    assert_memory_equal(&plain, &quickly, sizeof plain);
}

static void all_forms(void **state)
{
    (void)state;
    memset(&table, 0, sizeof table);
    for (unsigned p = 0; p < ARRAY_SIZE(prefixes); p++) {
        for (unsigned form = 0; form < 4 * 65536; form++) {
            uint8_t bytes[24];
            unsigned map = form >> 16, op = form >> 8 & 255, modrm = form & 255;
            for (uint32_t salt = 0; salt < 2; salt++) { /* the first may be learned */
                make(bytes, prefixes[p], map, op, modrm, form * 4 + salt);
                check(bytes, sizeof bytes);
            }
        }
    }
}

/* Every ModRM, SIB and mod of one opcode, learned from another one. */
static void addresses(void **state)
{
    (void)state;
    uint8_t bytes[24] = {0x81, 0x03};
    memset(&table, 0, sizeof table);
    check(bytes, sizeof bytes);
    for (unsigned i = 0; i < 192 * 256; i++) {
        make(bytes, prefixes[0], 0, 0x81, i >> 8, i);
        bytes[2] = (uint8_t)i;
        check(bytes, sizeof bytes);
    }
}

static bool is_known(void *arg, uint32_t off, bool behind_call)
{
    (void)arg;
    (void)off;
    (void)behind_call;
    return false;
}

static void scan_with(const struct scanner *with, const uint8_t *page, uint32_t off,
                      struct scan_result *result)
{
    static const struct map_site site = {.mode = MODE_PROT};
    const struct scan_request request = {.page = page,
                                         .start_off = off,
                                         .end_off = 4096,
                                         .code32 = true,
                                         .max_insns = SCAN_MAX_INSNS,
                                         .known = is_known,
                                         .judge = map_judge,
                                         .map = map,
                                         .judges_shapes = with->shapes,
                                         .site = &site};
    scan_page(with, &request, result);
}

/* What is remembered, and judged, up to the page's last byte: no instruction goes beyond it. */
static void page_ends(void **state)
{
    (void)state;
    static uint8_t page[4096];
    static struct scan_result plain, quickly;
    memset(&table, 0, sizeof table);
    uint32_t salt = 1;
    for (unsigned turn = 0; turn < 20000; turn++) {
        for (unsigned i = 4096 - 64; i < 4096; i++) {
            salt = salt * 1664525u + 1013904223u;
            page[i] = (uint8_t)(salt >> 24);
        }
        const uint32_t off = 4096 - 1 - turn % 40;
        scan_with(&scanner, page, off, &plain);
        scan_with(&quick, page, off, &quickly);
        assert_int_equal(plain.n_insns, quickly.n_insns);
        assert_int_equal(plain.next_off, quickly.next_off);
        for (unsigned i = 0; i < plain.n_insns; i++) {
            quickly.insns[i].shape = 0;
            assert_memory_equal(&plain.insns[i], &quickly.insns[i], sizeof plain.insns[i]);
        }
    }
}

static bool knows(const uint8_t *bytes)
{
    struct insn insn;
    return shape_decode(&table, bytes, 0, &insn);
}

static void what_is_kept(void **state)
{
    (void)state;
    static const uint8_t kept[][SHAPE_MIN_BYTES] = {
        {0x8b, 0x45, 0xfc},
        {0x55},
        {0xe8, 1, 2, 3, 4},
        {0x0f, 0x84, 1, 2, 3, 4},
        {0xa1, 1, 2, 3, 4},
        {0xf2, 0x0f, 0x10, 0x00},
        {0x66, 0x0f, 0x6f, 0x00},
        {0x66, 0x0f, 0x3a, 0x63, 0xc1, 0x02},
        {0x66, 0x0f, 0x38, 0x00, 0x03},
        {0xc8, 1, 2, 3},
        {0x9a, 1, 2, 3, 4, 5, 6},
    };
    static const uint8_t never[][SHAPE_MIN_BYTES] = {
        {0x67, 0x8b, 0x00},
        {0xf2, 0xf3, 0xa4},
        {0x66, 0x66, 0x90},
        {0x0f, 0x20, 0x00},
        {0xc5, 0xf8, 0x10, 0x00},
        {0x62, 0xf1, 0x7c},
        {0x0f, 0x39, 0x00, 0x00},
        {0x0f, 0x0f, 0, 0x9e},
        {0xf0, 0x01, 0xc0} /* LOCK with a register: invalid */,
        {0x26, 0x26, 0x26, 0x26, 0x90},
    };
    struct insn insn;
    memset(&table, 0, sizeof table);
    for (unsigned i = 0; i < ARRAY_SIZE(kept); i++) {
        assert_false(knows(kept[i]));
        scan_decode(&quick, kept[i], SHAPE_MIN_BYTES, true, 0, false, &insn);
        assert_true(knows(kept[i]));
    }
    for (unsigned i = 0; i < ARRAY_SIZE(never); i++) {
        scan_decode(&quick, never[i], SHAPE_MIN_BYTES, true, 0, false, &insn);
        assert_false(knows(never[i]));
    }
}

/* 16-bit code, fewer bytes than may be looked at, operands wanted: the table is left alone. */
static void elsewhere(void **state)
{
    (void)state;
    static const uint8_t bytes[SHAPE_MIN_BYTES] = {0x8b, 0x86, 1, 2, 3, 4};
    struct insn insn, plain;
    memset(&table, 0, sizeof table);
    scan_decode(&quick, bytes, SHAPE_MIN_BYTES, false, 0, false, &insn);
    scan_decode(&quick, bytes, 6, true, 0, false, &insn);
    scan_decode(&quick, bytes, SHAPE_MIN_BYTES, true, 0, true, &insn);
    assert_false(knows(bytes));
    scan_decode(&quick, bytes, SHAPE_MIN_BYTES, true, 0, false, &insn);
    assert_true(knows(bytes));
    scan_decode(&scanner, bytes, SHAPE_MIN_BYTES, false, 0, false, &plain);
    scan_decode(&quick, bytes, SHAPE_MIN_BYTES, false, 0, false, &insn);
    assert_memory_equal(&insn, &plain, sizeof plain); /* shape and all */
    scan_decode(&quick, bytes, SHAPE_MIN_BYTES, true, 0, true, &insn);
    assert_int_equal(insn.mem_bytes, 4);
    scan_decode(&quick, bytes, 5, true, 0, false, &insn);
    assert_int_equal(insn.flags, INSN_TRUNCATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms),    cmocka_unit_test(addresses), cmocka_unit_test(page_ends),
        cmocka_unit_test(what_is_kept), cmocka_unit_test(elsewhere),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
