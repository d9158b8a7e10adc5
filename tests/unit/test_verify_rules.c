/* test_verify_rules.c - the checker accepts each form the translator has, and refuses what is none:
 * the table of test_verify_cases.h, and units that are wrong as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/cpu.h"
#include "map/map.h"
#include "test_verify_cases.h"

enum {
    CACHE = 0x10000000,
    UNIT = CACHE + 0x400,
    KNOWN = CACHE + 0x1000,
    CHAIN = CACHE + 0x2000,
    PAGE_EIP = 0x5000,
    FLAT = MODE_CPL0 | MODE_CODE32 | MODE_STACK32 | MODE_FLAT | MODE_PROT,
};

static struct {
    uint8_t bytes[512];
    uint32_t n_bytes;
    struct unit_insn insns[2];
    _Alignas(16) struct {
        _Alignas(16) struct insn insn;
    } sites[7];
    uint8_t page[4096];
} unit;

static void put(const void *bytes, uint32_t n_bytes)
{
    memcpy(unit.bytes + unit.n_bytes, bytes, n_bytes);
    unit.n_bytes += n_bytes;
}

static void put_branch(uint8_t opcode, uint32_t host)
{
    uint32_t rel = host - (UNIT + unit.n_bytes + 5);
    put(&opcode, 1);
    put(&rel, 4);
}

static void put_light(char what, bool call)
{
    static const uint8_t mov_r9[] = {0x41, 0xb9}, mov_r8[] = {0x49, 0xb8},
                         call_light[] = {0x41, 0xff, 0x97, 0x00, 0x01, 0x00, 0x00},
                         call_end[] = {0x41, 0xff, 0x97, 0x20, 0x01, 0x00, 0x00},
                         mov_r10[] = {0x49, 0xba},
                         call_target[] = {0x41, 0xff, 0x97, 0x30, 0x01, 0x00, 0x00};
    unsigned index = what == 'C'                                                ? 1
                     : what == 'H' || what == 'T' || what == 'Q' || what == 'M' ? 2
                     : what == 'E' || what == 'N'                               ? 3
                     : what == 'F'                                              ? 4
                     : what == 'J'                                              ? 6
                                                                                : 0;
    uint32_t op = what == 'O'   ? N_LIGHT_OPS
                  : what == 'P' ? OP_PLANT
                  : what == 'A' ? OP_PLANT_AFTER
                  : what == 'B' ? OP_PLANTED | OP_PLANT
                                : unit.sites[index].insn.op;
    op |= what == 'Q' ? OP_PLANTED : 0;
    uint64_t site = (uint64_t)&unit.sites[index];
    site += what == 'X' ? sizeof(unit.sites) : 0;
    if (what == 'J') {
        put(mov_r10, 2);
        put(&site, 8);
        put(call_target, sizeof(call_target));
        return;
    }
    put(mov_r9, 2);
    put(&op, 4);
    put(mov_r8, 2);
    put(&site, 8);
    if (what == 'N' || what == 'M') {
        put(call_end, sizeof(call_end));
    } else if (what == 'T') {
        put("\xcc", 1);
    } else {
        put(call_light, call ? sizeof(call_light) : 0);
    }
}

static void make_sites(void)
{
    static const struct insn common = {
        .eip = PAGE_EIP + 0x10, .n_bytes = 2, .mem_bytes = 4, .mem_read = true, .mem_write = true};
    for (unsigned i = 0; i < ARRAY_SIZE(unit.sites); i++) {
        unit.sites[i].insn = common;
    }
    unit.sites[0].insn.op = OP_RESOLVE;
    unit.sites[1].insn.op = OP_COMMIT;
    unit.sites[2].insn.op = OP_CPUID;
    unit.sites[2].insn.verdict = VERDICT_HELPER;
    unit.sites[3].insn.op = OP_IRET;
    unit.sites[3].insn.verdict = VERDICT_HELPER_END;
    unit.sites[4].insn.op = OP_POPF_LATE;
    unit.sites[4].insn.verdict = VERDICT_POPF;
    unit.sites[5].insn.op = OP_MOV_TO_SEG;
    unit.sites[5].insn.verdict = VERDICT_LOAD_SEG;
    unit.sites[6].insn.op = OP_TARGET;
    unit.sites[6].insn.verdict = VERDICT_JMP_INDIRECT;
}

static void make_unit(const char *code)
{
    memset(&unit, 0, sizeof(unit));
    make_sites();
    unit.insns[0] = (struct unit_insn){.page_off = 0x10, .n_bytes = 2};
    char copy[512], *rest = copy;
    snprintf(copy, sizeof(copy), "%s", code);
    for (char *word; (word = strsep(&rest, " "));) {
        if (!strcmp(word, "aux")) {
            unit.insns[0].kind |= UNIT_STRING;
            unit.insns[0].detail = (int16_t)unit.n_bytes;
        } else if (!strncmp(word, "jmp:", 4)) {
            put_branch(0xe9, (uint32_t)strtoul(word + 4, NULL, 16));
        } else if (!strncmp(word, "call:", 5)) {
            put_branch(0xe8, (uint32_t)strtoul(word + 5, NULL, 16));
        } else if (word[0] == '@') {
            put_light(word[1], word[1] != '0');
        } else if (word[0]) {
            uint8_t byte = (uint8_t)strtoul(word, NULL, 16);
            put(&byte, 1);
        }
    }
    unit.insns[1] =
        (struct unit_insn){.host_off = (uint16_t)unit.n_bytes, .page_off = 0x12, .n_bytes = 5};
    put_branch(0xe9, KNOWN);
}

static bool is_known(void *arg, uint64_t host)
{
    (void)arg;
    return host == KNOWN;
}

static bool is_chain(void *arg, uint64_t host)
{
    (void)arg;
    return host == CHAIN;
}

/* MOV (%ESP), %EBX; RET */
static int thunk(void *arg, uint32_t lin, uint32_t mode, uint32_t entry)
{
    (void)arg;
    return lin == 0x08049760 && mode == FLAT && entry == 0x1234 ? 3 : -1;
}

static struct verify_input input(char flag)
{
    struct verify_input in = {.bytes = unit.bytes,
                              .exec = UNIT,
                              .n_bytes = unit.n_bytes,
                              .body_bytes = unit.n_bytes,
                              .insns = unit.insns,
                              .n_insns = 2,
                              .page_eip = PAGE_EIP,
                              .mode = FLAT,
                              .cache_exec = CACHE,
                              .sites = (const uint8_t *)unit.sites,
                              .n_site_bytes = sizeof(unit.sites),
                              .is_entry = is_known,
                              .is_chain = is_chain,
                              .thunk = thunk};
    if (flag == 'M') {
        memcpy(unit.page + 0x10, "\x29\xc0", 2); /* sub %eax, %eax */
        in.guest = unit.page;
    } else if (flag == 'L') {
        in.landings = true;
    } else if (flag == 'B') {
        in.mode &= ~(uint32_t)MODE_FLAT;
    } else if (flag == 'U') {
        in.mode = (in.mode & ~(uint32_t)MODE_CPL0) | MODE_USER;
    }
    return in;
}

static const char *name_of(enum verify_rule rule)
{
    return rule == N_VERIFY_RULES ? "accepted" : verify_rule_text(rule);
}

static void test_cases(void **state)
{
    (void)state;
    unsigned n_good = 0, n_bad = 0, n_wrong = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct verify_finding finding;
        make_unit(cases[i].code);
        struct verify_input in = input(cases[i].flag);
        enum verify_rule rule = verify_unit(&in, &finding) < 0 ? finding.rule : N_VERIFY_RULES;
        n_good += rule == N_VERIFY_RULES;
        n_bad += rule != N_VERIFY_RULES;
        if (rule != cases[i].rule) {
            printf("%s\n    wanted: %s\n    got:    %s\n", cases[i].text, name_of(cases[i].rule),
                   name_of(rule));
            n_wrong++;
        }
    }
    printf("hand-made: %u accepted, %u refused\n", n_good, n_bad);
    assert_int_equal(n_wrong, 0);
}

/* What is wrong with a unit as a whole. */
static enum verify_rule check(const struct verify_input *in)
{
    struct verify_finding finding;
    return verify_unit(in, &finding) < 0 ? finding.rule : N_VERIFY_RULES;
}

static void test_table(void **state)
{
    (void)state;
    make_unit("31 c0");
    struct verify_input in = input(0);
    assert_int_equal(check(&in), N_VERIFY_RULES);
    in.n_insns = 0;
    assert_int_equal(check(&in), RULE_TABLE);
    in.n_insns = 2;
    unit.insns[1].host_off = 0; /* not ascending */
    assert_int_equal(check(&in), RULE_TABLE);
    unit.insns[1].host_off = 1; /* in the middle of the first */
    assert_int_equal(check(&in), RULE_STRADDLE);
    unit.insns[1].host_off = 200;
    assert_int_equal(check(&in), RULE_TABLE);
    make_unit("31 c0");
    in = input(0);
    unit.insns[0].n_bytes = 0;
    assert_int_equal(check(&in), RULE_TABLE);
}

/* A chain of compares: one jump, then what expects an address in r8d. */
static enum verify_rule check_chain(const char *code, uint32_t chain_off)
{
    make_unit(code);
    struct verify_input in = input(0);
    in.n_insns = 1;
    in.chain_off = chain_off;
    return check(&in);
}

static void test_chain(void **state)
{
    (void)state;
    /* jmp KNOWN; mov %rcx, %r9; lea -0x5760(%r8), %ecx; jrcxz 1f; mov %r9, %rcx; look-up; jmp *%r9;
       1: mov %r9, %rcx; jmp KNOWN */
#define BEGIN "jmp:10001000 49 89 c9 41 8d 88 a0 a8 ff ff "
#define REST                                                                                       \
    "41 b9 0c 00 00 00 c4 42 33 f7 c8 4f 8b 14 ce 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff e1 "
#define END "4c 89 c9 jmp:10001000"
    assert_int_equal(check_chain(BEGIN "e3 20 4c 89 c9 " REST END, 5), N_VERIFY_RULES);
    assert_int_equal(check_chain(BEGIN "e3 1d " REST END, 5), RULE_BOUNDARY); /* rcx is lost */
    assert_int_equal(check_chain(BEGIN "e3 20 4c 89 c9 " REST "jmp:10001000", 5), RULE_BOUNDARY);
    assert_int_equal(check_chain("jmp:10001000 89 c3 jmp:10001000", 5), RULE_BOUNDARY); /* ebx */
    assert_int_equal(check_chain("jmp:10001000 41 b9 0c 00 00 00 41 ff e1", 5), RULE_INDIRECT);
    /* without the address */
    assert_int_equal(check_chain("jmp:10002000", 0), RULE_STUB);
    assert_int_equal(check_chain("41 89 c0 jmp:10002000", 0), N_VERIFY_RULES);
    assert_int_equal(check_chain("41 89 c0 jmp:10002001", 0), RULE_TARGET);
}

static void test_ends(void **state)
{
    static const uint8_t call_known[] = {0xe8, 0xf9, 0x0b, 0x00, 0x00}; /* at UNIT + 2 */
    (void)state;
    make_unit("31 c0");
    struct verify_input in = input(0);
    in.n_insns = 1;
    in.n_bytes = in.body_bytes = 2;
    assert_int_equal(check(&in), RULE_FALL_OFF);
    in.is_patch = true; /* still nothing behind it */
    assert_int_equal(check(&in), RULE_FALL_OFF);
    in.n_bytes = 7; /* the jump back */
    assert_int_equal(check(&in), N_VERIFY_RULES);
    in.is_patch = false; /* only a patch goes on there */
    assert_int_equal(check(&in), RULE_FALL_OFF);
    in.is_patch = true;
    unit.bytes[2] = 0x90; /* an exit that is none */
    unit.bytes[3] = 0x90;
    unit.bytes[4] = 0x90;
    unit.bytes[5] = 0x90;
    unit.bytes[6] = 0x90;
    assert_int_equal(check(&in), RULE_FALL_OFF);
    unit.bytes[2] = 0xff; /* incl %eax in the exits */
    unit.bytes[3] = 0xc0;
    assert_int_equal(check(&in), RULE_EXITS);
    make_unit("31 c0"); /* a call at the very end: nobody returns to it */
    in = input(0);
    memcpy(unit.bytes + 2, call_known, 5);
    assert_int_equal(check(&in), N_VERIFY_RULES);
}

/* A branch into the exits must hit the start of one. */
static void test_exit_starts(void **state)
{
    (void)state;
    make_unit("0f 84 05 00 00 00 jmp:10001000 41 b8 00 01 00 00 jmp:10000000");
    struct verify_input in = input(0);
    in.n_insns = 1;
    in.n_bytes = 6 + 5 + 6 + 5;
    in.body_bytes = 11;
    assert_int_equal(check(&in), N_VERIFY_RULES);
    unit.bytes[2] = 11; /* to the jmp in the exit: r8 would be unset */
    assert_int_equal(check(&in), RULE_TARGET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_table),
                                       cmocka_unit_test(test_chain), cmocka_unit_test(test_ends),
                                       cmocka_unit_test(test_exit_starts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
