/* test_scan_page.c - from an entry point to the list a unit is made of: where it stops, what it
 * follows, what it leaves out. */
#include "test_scan.h"

enum { PAGE = 4096, EIP = 0x401000 };

static uint8_t page[PAGE + 16];
static struct scan_result result;
static uint32_t known_off; /* the one offset that already has code */
static const uint8_t *maybe_known;
static bool leave_gaps;
static bool owns_returns; /* but not if a call comes back there */

static bool is_known(void *arg, uint32_t off, bool behind_call)
{
    return off == *(uint32_t *)arg && !(behind_call && owns_returns);
}

/* Fills the page with UD2, then puts the bytes at off. */
static void put(uint32_t off, const char *hex)
{
    unsigned value;
    int n;
    while (sscanf(hex, " %2x%n", &value, &n) == 1) {
        page[off++] = (uint8_t)value;
        hex += n;
    }
}

static void clear(void)
{
    for (unsigned i = 0; i < sizeof(page); i += 2) {
        page[i] = 0x0f;
        page[i + 1] = 0x0b;
    }
    known_off = UINT32_MAX;
    owns_returns = leave_gaps = false;
}

static void scan_from(uint32_t off, unsigned max_insns, unsigned n_next)
{
    uint8_t next[INSN_MAX_BYTES];
    memcpy(next, page + PAGE, sizeof(next));
    static const struct map_site site;
    struct scan_request request = {.page = page,
                                   .end_off = 4096,
                                   .next = n_next ? next : NULL,
                                   .n_next = n_next,
                                   .start_off = off,
                                   .page_eip = EIP,
                                   .code32 = true,
                                   .max_insns = max_insns,
                                   .leave_gaps = leave_gaps,
                                   .known = is_known,
                                   .arg = &known_off,
                                   .maybe_known = maybe_known,
                                   .judge = map_judge,
                                   .map = map,
                                   .site = &site};
    memset(&result, 0xee, sizeof(result));
    scan_page(&scanner, &request, &result);
}

static void expect(const uint32_t *offs, unsigned n, bool ends_open, uint32_t next_off)
{
    assert_int_equal(result.n_insns, n);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(result.insns[i].eip, EIP + offs[i]);
    }
    assert_int_equal(result.ends_open, ends_open);
    if (ends_open) { /* otherwise nobody needs it */
        assert_int_equal(result.next_off, next_off);
    }
}
#define EXPECT(ends_open, next_off, ...)                                                           \
    expect((const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t),  \
           ends_open, next_off)

static void terminals(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool ends;
    } rows[] = {
        {"c3", true},
        {"c2 04 00", true},
        {"ff e0", true},
        {"ff 23", true},
        {"cf", true},
        {"ea 00 00 00 00 08 00", true},
        {"cb", true},
        {"9a 00 00 00 00 08 00", true},
        {"cd 80", true},
        {"cc", true},
        {"0f 0b", true},
        {"f1", true},
        {"0f 34", true},
        {"0f 35", true},
        {"0f 05", true},
        {"e9 00 10 00 00", true},
        /* and these go on */
        {"e8 00 00 00 00", false},
        {"ff d0", false},
        {"74 10", false},
        {"e2 10", false},
        {"f4", false},
        {"fa", false},
        {"fb", false},
        {"ce", false},
        {"0f 22 d8", false},
        {"ec", false},
        {"f3 a4", false},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        clear();
        put(0x10, rows[i].hex);
        put(0x20, "c3");
        scan_from(0x10, 1, 0);
        assert_int_equal(result.n_insns, 1);
        if (result.ends_open == rows[i].ends ||
            scan_is_terminal(&result.insns[0]) != rows[i].ends) {
            fail_msg("%s: ends_open %d", rows[i].hex, result.ends_open);
        }
    }
}

static void targets(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool has;
        uint32_t target;
    } rows[] = {
        {"eb fe", true, EIP},
        {"e9 fb ff ff ff", true, EIP},
        {"e8 00 10 00 00", true, EIP + 0x1005},
        {"74 7f", true, EIP + 0x81},
        {"75 80", true, EIP - 0x7e},
        {"0f 8f 00 00 00 80", true, EIP + 6 + 0x80000000},
        {"e2 02", true, EIP + 4},
        {"67 e3 02", true, EIP + 5},
        {"66 e9 00 00", true, (EIP + 4) & 0xffff},
        {"66 74 02", true, (EIP + 5) & 0xffff},
        {"c3", false, 0},
        {"ff e0", false, 0},
        {"ff d0", false, 0},
        {"cd 80", false, 0},
        {"90", false, 0},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        uint32_t target = 0x5555;
        clear();
        put(0, rows[i].hex);
        scan_from(0, 1, 0);
        bool has = scan_has_target(&result.insns[0], &target);
        if (has != rows[i].has || (has && target != rows[i].target)) {
            fail_msg("%s: target %x", rows[i].hex, target);
        }
    }
    struct insn insn;
    scan_decode(&scanner, (const uint8_t *)"\xe9\xff\xff", 3, false, 0xfff0, false, &insn);
    static const struct map_site site;
    map_judge(map, &insn, &site);
    uint32_t target;
    assert_true(scan_has_target(&insn, &target));
    assert_int_equal(target, 0xfff2); /* 16-bit code: IP wraps */
}

static void straight(void **state)
{
    (void)state;
    clear();
    put(0x100, "90 89 c8 e8 00 00 00 00 50 c3");
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x101, 0x103, 0x108, 0x109);
    scan_from(0x100, 4, 0); /* the budget */
    EXPECT(true, 0x109, 0x100, 0x101, 0x103, 0x108);
    scan_from(0x100, 3, 0); /* a call and what it comes back to stay together */
    EXPECT(true, 0x103, 0x100, 0x101);
    scan_from(0x103, 1, 0);
    EXPECT(true, 0x108, 0x103);
    scan_from(0x100, 1, 0);
    EXPECT(true, 0x101, 0x100);
}

static void budget(void **state)
{
    (void)state;
    clear();
    memset(page, 0x90, PAGE);
    scan_from(0, 100000, 0);
    assert_int_equal(result.n_insns, SCAN_MAX_INSNS);
    assert_true(result.ends_open);
    assert_int_equal(result.next_off, SCAN_MAX_INSNS);
}

/* Behind a jump or return: only where a branch seen before leads, not far, never backwards. */
static void gaps(void **state)
{
    (void)state;
    clear();
    put(0x100, "74 0e c3"); /* je 0x110; ret */
    put(0x110, "40 c3");
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x102, 0x110, 0x111);
    clear();
    put(0x100, "0f 84 ff 00 00 00 c3"); /* je 0x205: 254 bytes behind the ret */
    put(0x205, "40 c3");
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x106, 0x205, 0x206);
    put(0x100, "0f 84 04 01 00 00 c3"); /* je 0x20a: 259 bytes, too far */
    put(0x20a, "40 c3");
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x106);
    clear();
    put(0x0f0, "40 c3");
    put(0x100, "74 ee c3"); /* je 0xf0: backwards is for a unit of its own */
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x102);
    clear();
    put(0x100, "e8 0b 00 00 00 c3"); /* a call's target is not followed */
    put(0x110, "40 c3");
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x105);
    clear();
    put(0x100, "75 1e 74 0c eb 2a"); /* jne 0x120; je 0x110; jmp 0x130: nearest first */
    put(0x110, "c3");
    put(0x120, "c3");
    put(0x130, "c3");
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x102, 0x104, 0x110, 0x120, 0x130);
}

/* A loop that is entered in its middle: its head lies in the gap behind the jump there. */
static void loops_entered_in_the_middle(void **state)
{
    (void)state;
    clear();
    put(0x100, "eb 01 40 41 75 fc c3"); /* jmp 0x103; 0x102: inc; 0x103: inc; jne 0x102; ret */
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x102, 0x103, 0x104, 0x106);
    scan_from(0x100, 5, 0);
    assert_int_equal(result.n_insns, 5);
    scan_from(0x100, 4, 0); /* the budget leaves no room for it */
    EXPECT(false, 0, 0x100, 0x103, 0x104, 0x106);
    known_off = 0x102;
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x103, 0x104, 0x106);
    known_off = UINT32_MAX;
    leave_gaps = true;
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x103, 0x104, 0x106);
    clear();
    put(0x100, "eb 02 b8 00 41 75 fb c3"); /* the head runs into the middle of what follows */
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x104, 0x105, 0x107);
    put(0x102, "0f 04"); /* undefined */
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x104, 0x105, 0x107);
    clear();
    put(0x100, "eb 0e");       /* jmp 0x110 */
    put(0x104, "40 75 05 c3"); /* 0x104: inc; jne 0x10c; ret: a block that ends by itself */
    put(0x10c, "41 c3");       /* found from that block only */
    put(0x110, "74 f2 c3");    /* je 0x104; ret */
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x104, 0x105, 0x107, 0x10c, 0x10d, 0x110, 0x112);
    put(0x10c, "41 90"); /* leads into UD2, not to what follows: also an end */
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x104, 0x105, 0x107, 0x10c, 0x10d, 0x10e, 0x110, 0x112);
    put(0x10e, "69 c0"); /* IMUL with an immediate that lies over it: not that block */
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x104, 0x105, 0x107, 0x110, 0x112);
}

static void jump_out_of_page(void **state)
{
    (void)state;
    clear();
    put(0x100, "0f 84 00 10 00 00 e9 00 20 00 00");
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x106);
}

static void known(void **state)
{
    (void)state;
    clear();
    put(0x100, "90 90 90 90 c3");
    known_off = 0x102;
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(true, 0x102, 0x100, 0x101);
    known_off = 0x100; /* the entry itself is scanned all the same: somebody asked */
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x101, 0x102, 0x103, 0x104);
    clear();
    put(0x100, "e8 00 00 00 00 40 ff d0 41 eb 02"); /* call; inc; call *%eax; inc; jmp 0x10d */
    put(0x10d, "c3");
    known_off = 0x105;
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(true, 0x105, 0x100);
    owns_returns = true;
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x105, 0x106, 0x108, 0x109, 0x10d);
    known_off = 0x108;
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x105, 0x106, 0x108, 0x109, 0x10d);
    known_off = 0x10d; /* a jump's target is nobody's */
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x105, 0x106, 0x108, 0x109);
    known_off = 0x106;
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(true, 0x106, 0x100, 0x105);
    clear();
    put(0x100, "74 0e c3");
    put(0x110, "c3");
    known_off = 0x110; /* a pending target that is known is left alone */
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x102);
}

/* Where the bitmap says that nothing is there nobody is asked. */
static void known_by_bitmap(void **state)
{
    (void)state;
    uint8_t bitmap[PAGE / 8] = {0};
    clear();
    put(0x100, "90 90 90 eb 0b");
    put(0x110, "c3");
    maybe_known = bitmap;
    known_off = 0x102;
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x101, 0x102, 0x103, 0x110);
    bitmap[0x102 / 8] = 1 << 2;
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(true, 0x102, 0x100, 0x101);
    bitmap[0x110 / 8] = 1;
    known_off = 0x110;
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x101, 0x102, 0x103);
    maybe_known = NULL;
}

/* What cannot be decoded ends the unit in front of it: perhaps nobody gets there. */
static void invalid_behind(void **state)
{
    (void)state;
    clear();
    put(0x100, "90 0f 04");
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(true, 0x101, 0x100);
    scan_from(0x101, SCAN_MAX_INSNS, 0); /* as the first it is judged: #UD */
    EXPECT(false, 0, 0x101);
    assert_int_equal(result.insns[0].op, OP_UD);
    clear();
    put(0x100, "90 66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90");
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(true, 0x101, 0x100);
    scan_from(0x101, SCAN_MAX_INSNS, 0);
    assert_int_equal(result.n_insns, 1);
    assert_true(result.insns[0].flags & INSN_TOO_LONG);
}

static void page_end(void **state)
{
    (void)state;
    clear();
    put(0xffe, "90 90");
    scan_from(0xffe, SCAN_MAX_INSNS, 0);
    EXPECT(true, 0x1000, 0xffe, 0xfff);
    put(0xffd, "90 89 c8"); /* ends exactly at the page's end */
    scan_from(0xffd, SCAN_MAX_INSNS, 0);
    EXPECT(true, 0x1000, 0xffd, 0xffe);
    put(0xffd, "90 90 89"); /* the last one crosses: a unit of its own */
    scan_from(0xffd, SCAN_MAX_INSNS, 15);
    EXPECT(true, 0xfff, 0xffd, 0xffe);
}

static void crossing(void **state)
{
    (void)state;
    clear();
    put(0xffd, "81 c3 78"); /* add $0x12345678,%ebx */
    put(0x1000, "56 34 12 90 c3");
    scan_from(0xffd, SCAN_MAX_INSNS, 0); /* without the next page: give me more */
    assert_int_equal(result.n_insns, 0);
    scan_from(0xffd, SCAN_MAX_INSNS, 2);
    assert_int_equal(result.n_insns, 0); /* two bytes are not enough */
    scan_from(0xffd, SCAN_MAX_INSNS, 3);
    EXPECT(true, 0x1003, 0xffd);
    assert_int_equal(result.insns[0].n_bytes, 6);
    assert_int_equal(result.insns[0].imm, 0x12345678);
    scan_from(0xffd, SCAN_MAX_INSNS, 15); /* more bytes do not make it longer than one */
    EXPECT(true, 0x1003, 0xffd);
    put(0xfff, "c3"); /* what fits does not look at the next page */
    scan_from(0xfff, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0xfff);
    put(0xfff, "0f");
    put(0x1000, "ff");
    scan_from(0xfff, SCAN_MAX_INSNS, 15);
    assert_int_equal(result.n_insns, 1);
    assert_int_equal(result.insns[0].op, OP_UD);
}

/* Two instructions may overlap (a jump into the middle of one): the second is in another unit. */
static void overlap(void **state)
{
    (void)state;
    clear();
    put(0x100, "74 01 b8 90 90 90 90 c3"); /* je 0x103: inside the mov */
    scan_from(0x100, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x100, 0x102, 0x107);
    scan_from(0x103, SCAN_MAX_INSNS, 0);
    EXPECT(false, 0, 0x103, 0x104, 0x105, 0x106, 0x107);
}

static void many_targets(void **state)
{
    (void)state;
    clear();
    for (uint32_t off = 0; off < 2 * 100; off += 2) { /* more than there is room to remember */
        put(off, "74 00");
        page[off + 1] = (uint8_t)(200 - off);
    }
    put(200, "c3");
    scan_from(0, SCAN_MAX_INSNS, 0);
    assert_true(result.n_insns >= 101);
    for (unsigned i = 1; i < result.n_insns; i++) { /* ascending, no overlap */
        assert_true(result.insns[i].eip >= result.insns[i - 1].eip + result.insns[i - 1].n_bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terminals),
        cmocka_unit_test(targets),
        cmocka_unit_test(straight),
        cmocka_unit_test(budget),
        cmocka_unit_test(gaps),
        cmocka_unit_test(jump_out_of_page),
        cmocka_unit_test(known),
        cmocka_unit_test(known_by_bitmap),
        cmocka_unit_test(invalid_behind),
        cmocka_unit_test(page_end),
        cmocka_unit_test(crossing),
        cmocka_unit_test(overlap),
        cmocka_unit_test(many_targets),
        cmocka_unit_test(loops_entered_in_the_middle),
    };
    return cmocka_run_group_tests(tests, setup_scanner, NULL);
}
