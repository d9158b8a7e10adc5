/* test_map_data.c - rules about data: which accesses they are for, who undoes them, and that any
 * number of them is found by page.
 */
#include "test_scan.h"

#include <stdlib.h>

#include "cpu/cpu.h"
#include "map/map_internal.h"

enum { RING0 = MODE_CPL0 | MODE_PROT | MODE_CODE32, RING3 = MODE_USER | MODE_PROT | MODE_CODE32 };
enum { SIZE = 4, EIP = 0xc0100000, PHYS = 0x7000000 };

static struct cpu *cpu;

static int setup(void **state)
{
    scan_init(&scanner);
    map = map_create();
    cpu = calloc(1, sizeof(*cpu));
    *state = map;
    return !map || !cpu;
}

static int teardown(void **state)
{
    map_destroy(*state);
    free(cpu);
    return 0;
}

static int add(const char *text)
{
    char *error;
    int id = map_add_rule(map, "t", text, &error);
    if (id < 0) {
        fail_msg("%s: %s", text, error);
    }
    return id;
}

static struct insn insn_of(const char *hex)
{
    uint8_t bytes[16] = {0};
    struct insn insn;
    unsigned n = 0;
    for (char *end; *hex && n < 15; hex = end) {
        bytes[n++] = (uint8_t)strtoul(hex, &end, 16);
    }
    scan_decode(&scanner, bytes, 15, true, EIP, false, &insn);
    map_find_form(&insn);
    return insn;
}

/* How many rules an access is for. hex: the instruction; NULL: an event. Asked twice: the second
 * answer is remembered. */
static unsigned hits_of(const char *hex, uint32_t mode, uint32_t lin, uint32_t phys,
                        uint32_t n_bytes, bool write)
{
    unsigned hits[2] = {0, 0};
    struct insn insn = insn_of(hex ? hex : "90");
    struct map_access access = {.insn = hex ? &insn : NULL,
                                .eip = EIP,
                                .site = {.mode = mode, .phys_page = 0x100},
                                .lin = lin,
                                .n_bytes = n_bytes,
                                .phys = phys,
                                .phys_next = 0x5000000,
                                .write = write};
    for (unsigned turn = 0; turn < 2; turn++) {
        struct map_data_at at = {.list = 0};
        for (int i; (i = map_next_data_rule(map, &access, &at)) >= 0;) {
            int known = map_recall_data(map, (unsigned)i, &access);
            hits[turn] += known < 0 ? map_judge_data(map, (unsigned)i, &access, cpu) : known != 0;
        }
    }
    assert_int_equal(hits[0], hits[1]);
    return hits[0];
}

static unsigned hits(const char *hex, uint32_t lin, uint32_t n_bytes, bool write)
{
    return hits_of(hex, RING0, lin, PHYS | (lin & 0xfff), n_bytes, write);
}

static void ranges(void **state)
{
    (void)state;
    add("writes 0x1000+4: count");
    assert_int_equal(hits("89 03", 0x1000, SIZE, true), 1);
    assert_int_equal(hits("89 03", 0x1000, SIZE, false), 0);
    assert_int_equal(hits("89 03", 0xffd, SIZE, true), 1); /* from the page before */
    assert_int_equal(hits("89 03", 0xffc, SIZE, true), 0);
    assert_int_equal(hits("89 03", 0x1003, SIZE, true), 1);
    assert_int_equal(hits("89 03", 0x1004, SIZE, true), 0);
    assert_int_equal(hits("89 03", 0xf00, 512, true), 1); /* over all of it */
    add("reads 0x2000: count");
    assert_int_equal(hits("8b 03", 0x1ffd, SIZE, false), 1);
    assert_int_equal(hits("8b 03", 0x2001, SIZE, false), 0);
    add("touches 0x2fff-0x3000: count"); /* in both lists of an access over the edge: once */
    assert_int_equal(hits("8b 03", 0x2ffe, SIZE, false), 1);
    assert_int_equal(hits("8b 03", 0x3000, SIZE, true), 1);
    add("touches 0xfffffffc+4: count");
    add("touches 0: count");
    assert_int_equal(hits("8b 03", 0xfffffffe, SIZE, false), 2); /* wraps */
}

static void wide_ranges(void **state)
{
    (void)state;
    add("touches 0-0xffffffff: count");
    add("touches 0x100000+0x100000: count");
    add("touches 0x0+0x10000: count"); /* sixteen pages: by page */
    assert_int_equal(hits("8b 03", 0x50000000, SIZE, false), 1);
    assert_int_equal(hits("8b 03", 0xffffffff, SIZE, false), 2);
    assert_int_equal(hits("8b 03", 0x1fffff, SIZE, false), 2);
    assert_int_equal(hits("8b 03", 0xfffd, SIZE, false), 2);
    assert_int_equal(hits("8b 03", 0x3ffe, SIZE, false), 2);
    assert_int_equal(hits("8b 03", 0x100000 - 1, SIZE, false), 2);
}

static void physical(void **state)
{
    (void)state;
    add("writes phys 0x7000ff0+0x20: count");
    assert_int_equal(hits("89 03", 0x12340ff0, SIZE, true), 1);
    assert_int_equal(hits("89 03", 0xfee, 2, true), 0);
    assert_int_equal(hits("89 03", 0x7000ff0, SIZE, false), 0);
    assert_int_equal(hits("89 03", 0xffe, SIZE, true), 1);
    add("touches phys 0x5000001: count"); /* the second page lies somewhere else */
    assert_int_equal(hits("89 03", 0xffe, SIZE, true), 2);
    assert_int_equal(hits("89 03", 0xffe, 3, true), 1);
}

static void selections(void **state)
{
    (void)state;
    add("mov touches 0x1000+4: count");
    assert_int_equal(hits("89 03", 0x1000, SIZE, true), 1);
    assert_int_equal(hits("01 03", 0x1000, SIZE, true), 0);
    assert_int_equal(hits(NULL, 0x1000, SIZE, true), 0); /* no instruction's */
    add("touches 0x1000+4 cpl 3: count");
    assert_int_equal(hits("01 03", 0x1000, SIZE, true), 0);
    assert_int_equal(hits_of("01 03", RING3, 0x1000, PHYS, SIZE, true), 1);
    add("all mode prot32 at 0xc0100000 page 0x100000 reads 0x1000: count");
    add("in 0xc0100001-0xc01fffff reads 0x1000: count");
    add("page 0x101000 reads 0x1000: count");
    assert_int_equal(hits("01 03", 0x1000, SIZE, false), 1);
    assert_int_equal(hits(NULL, 0x1000, SIZE, false), 1);
    add("add mem, r32 | 8b 03 writes 0x2000: count");
    assert_int_equal(hits("01 03", 0x2000, SIZE, true), 1);
    assert_int_equal(hits("03 03", 0x2000, SIZE, true), 0);
    assert_int_equal(hits("8b 03", 0x2000, SIZE, true), 1);
    add("outs port 0x3f8 reads 0x3000: count");
    cpu_set_reg(cpu, GPR_EDX, 0x3f8);
    assert_int_equal(hits("6e", 0x3000, 1, false), 1);
    cpu_set_reg(cpu, GPR_EDX, 0x3f9);
    assert_int_equal(hits("6e", 0x3000, 1, false), 0);
    assert_int_equal(hits("8b 03", 0x3000, 1, false), 0);
}

static void exceptions_come_behind(void **state)
{
    (void)state;
    add("push: emulate"); /* before: undoes nothing */
    add("touches 0x1000+0x100: log");
    assert_int_equal(hits("50", 0x1010, SIZE, true), 1);
    int some = add("writes 0x1020+4: emulate");
    assert_int_equal(hits("50", 0x1020, SIZE, true), 0);
    assert_int_equal(hits("50", 0x101e, SIZE, true), 0);
    assert_int_equal(hits("50", 0x1020, SIZE, false), 1);
    assert_int_equal(hits("50", 0x1024, SIZE, true), 1);
    int all = add("push: emulate");
    assert_int_equal(hits("50", 0x1024, SIZE, true), 0);
    assert_int_equal(hits("01 03", 0x1024, SIZE, true), 1);
    add("touches 0x1024: stop"); /* later rules win */
    assert_int_equal(hits("50", 0x1024, SIZE, true), 1);
    assert_true(map_remove_rule(map, all) && map_remove_rule(map, some));
    assert_int_equal(hits("50", 0x1024, SIZE, true), 2);
    assert_int_equal(hits("50", 0x1020, SIZE, true), 1);
}

/* Nothing is planted: the code stays as it is. */
static void plants_nothing(void **state)
{
    (void)state;
    add("touches 0-0xffffffff: count, log, stop");
    struct insn insn = insn_of("89 03");
    const struct map_site site = {.mode = RING0, .phys_page = 0x100};
    map_judge(map, &insn, &site);
    assert_int_equal(insn.plant, 0);
}

static void many(void **state)
{
    (void)state;
    char text[64];
    int ids[4000];
    for (unsigned i = 0; i < 4000; i++) {
        snprintf(text, sizeof(text), "writes 0x%x+2: count", 0x10000 + 1000 * i);
        ids[i] = add(text);
    }
    for (unsigned i = 0; i < 4000; i++) {
        assert_int_equal(hits("89 03", 0x10000 + 1000 * i - 3, SIZE, true), 1);
        assert_int_equal(hits("89 03", 0x10000 + 1000 * i + 2, SIZE, true), 0);
    }
    for (unsigned i = 0; i < 4000; i += 2) {
        assert_true(map_remove_rule(map, ids[i]));
    }
    for (unsigned i = 0; i < 4000; i++) {
        assert_int_equal(hits("89 03", 0x10000 + 1000 * i, SIZE, true), i % 2);
        assert_int_equal(map_has_data_rules(map), true);
    }
    for (unsigned i = 1; i < 4000; i += 2) {
        assert_true(map_remove_rule(map, ids[i]));
    }
    assert_false(map_has_data_rules(map));
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"writes: count", ":: expected a linear address"},
        {"mov writes: count", ":: expected a linear address"},
        {"mov writes phys: count", ":: expected a physical address"},
        {"touches 5-4: count", "the range ends before it begins"},
        {"touches 5+0: count", "a range that is not empty"},
        {"touches 0xffffffff+2: count", "does not wrap"},
        {"reads 1 writes 2: count", "writes: given twice"},
        {"mov touches 1: call", "call: the technique is chosen before"},
        {"mov reads 1: patch eax = 1", "patch: what is read or written cannot be patched"},
        {"mov reads 1: patch skip", "patch: what is read or written cannot be patched"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *error;
        assert_int_equal(map_add_rule(map, "t", rows[i].text, &error), -1);
        if (!error || !strstr(error, rows[i].message)) {
            fail_msg("%s: %s", rows[i].text, error);
        }
        free(error);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(ranges),
        TEST(wide_ranges),
        TEST(physical),
        TEST(selections),
        TEST(exceptions_come_behind),
        TEST(plants_nothing),
        TEST(many),
        TEST(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
