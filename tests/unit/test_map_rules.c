/* test_map_rules.c - the language of the map: what rules select and plant, what is refused and how
 * it is said, the examples of docs/map.md, and texts that are no rules. */
#include "test_scan.h"

#include <stdlib.h>

enum { RING0 = MODE_CPL0 | MODE_PROT | MODE_CODE32, RING3 = MODE_USER | MODE_PROT | MODE_CODE32 };

static int setup(void **state)
{
    scan_init(&scanner);
    map = map_create();
    *state = map;
    return !map;
}

static int teardown(void **state)
{
    map_destroy(*state);
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

/* Hex bytes, judged at a place. */
static struct insn judge_at(const char *hex, uint32_t mode, uint32_t lin, uint64_t phys_page)
{
    uint8_t bytes[16] = {0};
    struct insn insn;
    const struct map_site site = {.mode = mode, .phys_page = phys_page};
    unsigned n = 0;
    for (char *end; *hex && n < 15; hex = end) {
        bytes[n++] = (uint8_t)strtoul(hex, &end, 16);
    }
    scan_decode(&scanner, bytes, 15, mode & MODE_CODE32, lin, false, &insn);
    map_judge(map, &insn, &site);
    return insn;
}

static struct insn judge(const char *hex)
{
    return judge_at(hex, RING0, 0xc0100000, 0x100);
}

static bool has_plant(const char *hex)
{
    return judge(hex).plant;
}

static void selects(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *yes[4], *no[4];
    } rows[] = {
        {"cpuid: stop", {"0f a2"}, {"90", "0f 31"}},
        {"j*: stop", {"eb 00", "74 00", "e3 00", "0f 84"}, {"e8", "c3", "e2 00"}},
        {"je: stop", {"74 00", "0f 84"}, {"75 00"}},
        {"cmov*: stop", {"0f 44 c1"}, {"0f 94 c1"}},
        {"cli, sti: stop", {"fa", "fb"}, {"f8"}},
        {"cli | 0f a2 | io: stop", {"fa", "0f a2", "ec", "6e"}, {"90"}},
        {"mov reg, cr3: stop", {"0f 20 d8", "0f 20 d9"}, {"0f 20 c0", "0f 22 d8", "8b c1"}},
        {"mov cr, reg: stop", {"0f 22 c0", "0f 22 d8"}, {"0f 20 c0", "0f 23 f8"}},
        {"mov sreg, r/m: stop", {"8e d8", "8e 1b"}, {"8c d8", "8b c1"}},
        {"mov sreg, mem: stop", {"8e 1b"}, {"8e d8"}},
        {"in al, dx: stop", {"ec"}, {"ed", "e4 60"}},
        {"in al, imm: stop", {"e4 60"}, {"ec", "e5 60"}},
        {"add mem, reg: stop", {"01 03", "00 03"}, {"03 03", "01 c3", "83 03 01"}},
        {"add m32, reg: stop", {"01 03"}, {"00 03", "66 01 03"}},
        {"movl r/m, reg: stop", {"89 03"}, {"88 03", "66 89 03"}},
        {"int imm: stop", {"cd 80"}, {"cc", "ce"}},
        {"int: stop", {"cd 80", "cc", "ce", "cf"}, {"c3"}},
        {"int vector 0x80: stop", {"cd 80"}, {"cd 81", "cc"}},
        {"vector 3: stop", {"cc", "cd 03"}, {"cd 80", "ce"}},
        {"call mem: stop", {"ff 13", "ff 1b"}, {"ff d3", "e8"}},
        {"call rel: stop", {"e8"}, {"ff d3", "9a"}},
        {"lcall: stop", {"9a", "ff 1b"}, {"e8", "ff 13"}},
        {"ret: stop", {"c3", "c2", "cb", "ca"}, {"cf"}},
        {"movs: stop", {"a4", "a5", "66 a5"}, {"f2 0f 10 c1"}},
        {"movsd: stop", {"a5", "f2 0f 10 c1"}, {"a4"}},
        {"0f 20 ??: stop", {"0f 20 c0", "0f 20 d8"}, {"0f 21 c0"}},
        {"0f 2?: stop", {"0f 20 c0", "0f 23 f8"}, {"0f 31"}},
        {"8b [c0-c7]: stop", {"8b c0", "8b c7", "66 8b c1"}, {"8b c8", "8b 03"}},
        {"f3 90: stop", {"f3 90"}, {"90", "f2 90"}},
        {"66 90: stop", {"66 90"}, {"90"}},
        {"port 0x60-0x64: stop", {"e4 60", "e6 64", "ec", "6c"}, {"e4 65", "e6 20", "90"}},
        {"leaf 1: stop", {"0f a2"}, {"ee", "0f 32"}},
        {"msr 0x10: stop", {"0f 32", "0f 30"}, {"0f a2"}},
        {"fpu: stop", {"d9 c0", "9b"}, {"0f 58 c1", "0f fc c1"}},
        {"mmx: stop", {"0f fc c1"}, {"d9 c0", "0f 58 c1"}},
        {"sse: stop", {"0f 58 c1", "0f ae e8"}, {"d9 c0", "0f fc c1"}},
        {"lock: stop", {"f0 01 03", "87 03"}, {"01 03", "87 c3"}},
        {"undefined: stop", {"0f 0b", "0f 05", "0f aa"}, {"90"}},
        {"segment: stop", {"8e d8", "1e", "0f a1", "c5 03"}, {"8b c1"}},
        {"*: stop", {"90", "0f 0b", "ff d0"}, {NULL}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int id = add(rows[i].rule);
        for (unsigned j = 0; j < 4; j++) {
            if (rows[i].yes[j] && !has_plant(rows[i].yes[j])) {
                fail_msg("%s does not select %s", rows[i].rule, rows[i].yes[j]);
            }
            if (rows[i].no[j] && has_plant(rows[i].no[j])) {
                fail_msg("%s selects %s", rows[i].rule, rows[i].no[j]);
            }
        }
        assert_true(map_remove_rule(map, id));
    }
}

static void places(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        uint32_t mode, lin;
        uint64_t phys_page;
        bool holds;
    } rows[] = {
        {"cpl 0: stop", RING0, 0, 0, true},
        {"cpl 0: stop", RING3, 0, 0, false},
        {"cpl 3: stop", RING3, 0, 0, true},
        {"cpl 1-2: stop", MODE_PROT, 0, 0, true},
        {"cpl 0-2: stop", RING3, 0, 0, false},
        {"mode real: stop", MODE_CPL0, 0, 0, true},
        {"mode real: stop", RING0, 0, 0, false},
        {"mode v86: stop", MODE_PROT | MODE_V86 | MODE_USER, 0, 0, true},
        {"mode prot16 mode real: stop", MODE_PROT | MODE_CPL0, 0, 0, true},
        {"mode prot: stop", MODE_PROT | MODE_V86 | MODE_USER, 0, 0, false},
        {"at 0xc0100000: stop", RING0, 0xc0100000, 0, true},
        {"at 0xc0100000: stop", RING0, 0xc0100001, 0, false},
        {"in 0x1000-0x1fff: stop", RING0, 0x1fff, 0, true},
        {"in 0x1000-0x1fff: stop", RING0, 0x2000, 0, false},
        {"in 0x1000+0x1000: stop", RING0, 0x1fff, 0, true},
        {"in 0x1000+0x1000: stop", RING0, 0x2000, 0, false},
        {"in 0xfffff000-0xffffffff: stop", RING0, 0xffffffff, 0, true},
        {"page 0x100000: stop", RING0, 0, 0x100, true},
        {"page 0x100000: stop", RING0, 0, 0x101, false},
        {"nop cpl 0 in 0x1000+16 page 0x5000: stop", RING0, 0x1008, 5, true},
        {"cpuid cpl 0 in 0x1000+16 page 0x5000: stop", RING0, 0x1008, 5, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int id = add(rows[i].rule);
        struct insn insn = judge_at("90", rows[i].mode, rows[i].lin, rows[i].phys_page);
        if ((insn.plant != 0) != rows[i].holds) {
            fail_msg("%s, mode %x lin %x", rows[i].rule, rows[i].mode, rows[i].lin);
        }
        map_remove_rule(map, id);
    }
}

static void later_rules_win(void **state)
{
    (void)state;
    add("nop: trap");
    assert_int_equal(judge("90").technique, TECHNIQUE_TRAP);
    int id = add("nop: call count");
    add("all: log");
    struct insn insn = judge("90");
    const struct map_plant *plant = map_plant_at(map, insn.plant);
    assert_int_equal(insn.technique, TECHNIQUE_CALL);
    assert_int_equal(plant->n_rules, 2);
    assert_int_equal(map_rule_at(map, plant->rules[0])->actions, ACTION_COUNT);
    assert_int_equal(map_rule_at(map, plant->rules[1])->actions, ACTION_LOG);
    assert_false(plant->counts_only);
    assert_int_equal(judge("90").plant, insn.plant); /* the same set, the same number */
    add("nop: emulate");
    assert_int_equal(judge("90").plant, 0);
    assert_int_equal(judge("90").technique, TECHNIQUE_CALL); /* it names none */
    assert_int_not_equal(judge("0f a2").plant, 0);
    add("nop: native");
    assert_int_equal(judge("90").technique, TECHNIQUE_NATIVE);
    assert_true(map_remove_rule(map, id));
    assert_false(map_remove_rule(map, id));
    add("nop: count");
    assert_true(map_plant_at(map, judge("90").plant)->counts_only);
}

/* What is known only when the instruction runs. */
static void run_time(void **state)
{
    (void)state;
    static struct cpu cpu;
    struct insn in = judge("ec");
    add("io: log");
    add("io port 0x3f8-0x3ff: emulate");
    add("io port 0x3f9: stop");
    in = judge("ec");
    const struct map_plant *plant = map_plant_at(map, in.plant);
    assert_int_equal(plant->n_rules, 3);
    cpu_set_reg(&cpu, GPR_EDX, 0x60);
    assert_int_equal(map_plant_holds(plant, &in, &cpu), 1);
    cpu_set_reg(&cpu, GPR_EDX, 0x3f8);
    assert_int_equal(map_plant_holds(plant, &in, &cpu), 2);
    cpu_set_reg(&cpu, GPR_EDX, 0x123403f9); /* DX alone */
    assert_int_equal(map_plant_holds(plant, &in, &cpu), 6);
    struct insn cpuid = judge("0f a2");
    assert_int_equal(cpuid.plant, 0);
    add("cpuid leaf 7: count");
    add("out value 0x40/0xf0: count");
    cpuid = judge("0f a2");
    cpu_set_reg(&cpu, GPR_EAX, 7);
    assert_int_equal(map_plant_holds(map_plant_at(map, cpuid.plant), &cpuid, &cpu), 1);
    cpu_set_reg(&cpu, GPR_EAX, 1);
    assert_int_equal(map_plant_holds(map_plant_at(map, cpuid.plant), &cpuid, &cpu), 0);
    struct insn out = judge("ee");
    plant = map_plant_at(map, out.plant);
    cpu_set_reg(&cpu, GPR_EDX, 0x80);
    cpu_set_reg(&cpu, GPR_EAX, 0xffffff45); /* AL alone */
    assert_int_equal(map_plant_holds(plant, &out, &cpu), 1 | 1u << (plant->n_rules - 1));
}

static void patches(void **state)
{
    (void)state;
    add("cpuid leaf 1: patch edx &= ~bit 9, ah = -1, edx:eax *= 3/2, ecx ^= 0x80000000");
    struct insn insn = judge("0f a2");
    const struct map_plant *plant = map_plant_at(map, insn.plant);
    const struct map_rule *rule = map_rule_at(map, plant->rules[0]);
    static const struct map_patch expected[4] = {
        {PATCH_AND, GPR_EDX, 4, 0, 0xfffffdff, 1},
        {PATCH_SET, GPR_EAX, 1, 8, 0xff, 1},
        {PATCH_SCALE, GPR_EAX, 8, 0, 3, 2},
        {PATCH_XOR, GPR_ECX, 4, 0, 0x80000000, 1},
    };
    assert_true(plant->has_after);
    assert_int_equal(rule->n_patches, 4);
    for (unsigned i = 0; i < 4; i++) {
        const struct map_patch *patch = &rule->patches[i];
        if (patch->op != expected[i].op || patch->reg != expected[i].reg ||
            patch->n_bytes != expected[i].n_bytes || patch->shift != expected[i].shift ||
            patch->value != expected[i].value || patch->divisor != expected[i].divisor) {
            fail_msg("patch %u", i);
        }
    }
    add("hlt: patch skip, count");
    rule = map_rule_at(map, map_plant_at(map, judge("f4").plant)->rules[0]);
    assert_true(rule->patch_skip);
    assert_int_equal(rule->actions, ACTION_PATCH | ACTION_COUNT);
}

/* Whatever is asked for, an instruction never has a technique it has no form for. */
static void one_forced(const struct encoding *e)
{
    struct insn insn;
    decode_judge(e, &insn);
    bool plain = insn.verdict == VERDICT_NATIVE || insn.verdict == VERDICT_NOP;
    bool helper = insn.verdict == VERDICT_HELPER || insn.verdict == VERDICT_HELPER_END;
    if ((insn.technique == TECHNIQUE_NATIVE && !plain) ||
        (insn.technique == TECHNIQUE_INLINE && (helper || insn.verdict == VERDICT_NATIVE))) {
        fail_msg("%s: technique %u", show_bytes(e->bytes, 6), insn.technique);
    }
}

static void no_form_no_technique(void **state)
{
    (void)state;
    add("all: inline");
    for_each_encoding(one_forced);
}

static void errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"cpuidd: count", "t:1:1: cpuidd: no such instruction or class; cpuid?"},
        {"\n\n  bogusword: count", "t:3:3: bogusword: expected an instruction"},
        {"nop", "t:1:4: the end: expected what to do"},
        {"nop:", "t:1:5: the end: expected what to do"},
        {"nop: explode", "t:1:6: explode: expected native inline call trap"},
        {"nop cpl 4: stop", "t:1:9: 4: expected a privilege level, 0 to 3, at most 3"},
        {"nop cpl 1: stop", "t:1:9: 1: rings 1 and 2 are known only together"},
        {"nop mode long: stop", "t:1:10: long: expected a mode: real v86 prot16 prot32 prot"},
        {"nop at here: stop", "t:1:8: here: expected a linear address"},
        {"nop at 0x100000000: stop", "at most 0xffffffff"},
        {"in 0x60: log", "t:1:4: 0x60: expected a range"},
        {"in 5-4: log", "t:1:6: 4: the range ends before it begins"},
        {"in 5+0: log", "t:1:6: 0: expected a range that is not empty"},
        {"in 0xffffffff+2: log", "does not wrap"},
        {"at 1 at 2: stop", "t:1:6: at: given twice"},
        {"io port 0x10000: stop", "t:1:9: 0x10000: expected a port, at most 0xffff"},
        {"io port 0x60: trap", "t:1:15: trap: the technique is chosen before"},
        {"nop: call trap", "t:1:11: trap: a rule has one technique"},
        {"nop: count count", "t:1:12: count: given twice"},
        {"nop: sample", "t:1:12: the end: expected a number"},
        {"nop: sample 0", "t:1:13: 0: expected a number of 1 or more"},
        {"cpuid: patch esp = 0", "t:1:14: esp: the stack pointer is no result"},
        {"cpuid: patch eax", "t:1:17: the end: expected = &="},
        {"cpuid: patch eax = bit 32", "the number of a bit, at most 31"},
        {"cpuid: patch al = 256", "a value that fits the register"},
        {"cpuid: patch edx:ecx = 1", "the pair is edx:eax"},
        {"cpuid: patch eax *= 1/0", "t:1:23: 0: the divisor is zero"},
        {"cpuid: patch", "expected skip or a result register"},
        {"branch: patch eax = 1", "does not go on behind itself"},
        {"mov bogus, reg: stop", "t:1:5: bogus"},
        {"mov reg,: stop", "t:1:9: :: expected an operand"},
        {"0f zz: stop", "t:1:4: zz: expected a condition"},
        {"[c7-c0]: stop", "t:1:7: ]: the range ends before it begins"},
        {"[c0: stop", "expected - and the last byte"},
        {"nop | : stop", "t:1:7: :: expected an instruction"},
        {"nop \x01: stop", "t:1:5: byte 0x01: expected a condition"},
        {"nop: stop;", "t:1:10: ;: expected native"},
        {"clear all", "t:1:7: all: expected the end of the line"},
        {"io: inline", "t:1:1: inline: insb has no inline form"},
        {"add: inline", "t:1:1: inline: add runs natively"},
        {"0f 05: native", "native: syscall is undefined to the guest"},
        {"rdtsc: native", "t:1:1: native: rdtsc shows the host's time stamp counter"},
        {"cpuid: native", "native: cpuid shows the host's CPUID"},
        {"8c d8: native", "native: mov would read the host's segment selector"},
        {"push: native", "natively that would be the monitor's"},
        {"int3: native", "would be an interrupt or a system call of the host"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct map_errors found = {0};
        unsigned n_before = map_n_rules(map);
        assert_int_equal(map_add_text(map, "t", rows[i].text, strlen(rows[i].text), &found), -1);
        if (!found.lines || !strstr(found.lines, rows[i].message)) {
            fail_msg("%s: %s", rows[i].text, found.lines);
        }
        assert_int_equal(map_n_rules(map), n_before);
        map_errors_free(&found);
    }
}

static void all_errors_are_listed(void **state)
{
    (void)state;
    static const char text[] = "bogus1: count\nnop: count\nbogus2: count # here\ncpuid: native\n"
                               "io |\n  bogus3: count\n";
    struct map_errors found = {0};
    assert_int_equal(map_add_text(map, "f", text, sizeof(text) - 1, &found), -1);
    assert_int_equal(found.n, 4);
    assert_non_null(strstr(found.lines, "f:1:1:"));
    assert_non_null(strstr(found.lines, "f:3:1:"));
    assert_non_null(strstr(found.lines, "f:4:1: native: cpuid"));
    assert_non_null(strstr(found.lines, "f:6:3: bogus3"));
    assert_false(has_plant("90")); /* all or none */
    map_errors_free(&found);
}

static void printed_is_read_back(void **state)
{
    (void)state;
    static const char rules[] = "# mine\nnop: stop # here\n\nj* | call |\n  ret cpl 3: sample 7\n"
                                "cpuid leaf 1: patch edx &= ~bit 9, count\n";
    struct map_errors found = {0};
    assert_int_equal(map_add_text(map, "f", rules, sizeof(rules) - 1, &found), 0);
    add("0f 20 ??: trap, log");
    char *once = map_print(map);
    struct map *again = map_create();
    assert_int_equal(map_add_text(again, "f", once, strlen(once), &found), 0);
    char *twice = map_print(again);
    unsigned n_lines = 0;
    for (char *a = once, *b = twice, *save_a, *save_b;; a = b = NULL, n_lines++) {
        char *left, *right; /* comments say where rules come from */
        do {
            left = strtok_r(a, "\n", &save_a);
            a = NULL;
        } while (left && *left == '#');
        do {
            right = strtok_r(b, "\n", &save_b);
            b = NULL;
        } while (right && *right == '#');
        if (!left || !right) {
            assert_ptr_equal(left, right);
            break;
        }
        assert_string_equal(left, right);
    }
    assert_true(n_lines > 15);
    map_destroy(again);
    free(once);
    free(twice);
}

/* Every line between ```map and ``` in the manual. */
static void manual_examples(void **state)
{
    (void)state;
    char line[512];
    unsigned n = 0;
    bool inside = false;
    FILE *file = fopen("docs/map.md", "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        if (!strncmp(line, "```", 3)) {
            inside = !strcmp(line, "```map\n");
        } else if (inside && line[0] != '\n') {
            add(line);
            n++;
        }
    }
    fclose(file);
    assert_true(n >= 25);
    char *classes = map_print_classes(); /* and every class is in the manual */
    for (char *save, *row = strtok_r(classes, "\n", &save); row;
         row = strtok_r(NULL, "\n", &save)) {
        row[strcspn(row, " ")] = 0;
        assert_true(add(strcat(strcpy(line, row), ": count")) > 0);
    }
    free(classes);
}

/* Each alternative of the manual's grammar. */
static void grammar(void **state)
{
    (void)state;
    static const char *const rows[] = {
        ": count",
        "nop count",
        "nop: count log, stop",
        "cpl 0 count",
        "at 1: stop",
        "nop cpl 0-3 mode real mode prot: stop",
        "0f ?? | mov *, reg | io, cli, f8: call, count",
        "page 1+0x1000 : log, sample 2",
        "out port 1-2 value 1/0xf stop",
        "leaf 1 count",
        "msr 0x10/0xff: count",
        "vector 3: emulate",
        "reads 1 stop",
        "writes phys 1+2: log",
        "in 1-2 touches 0-0xffffffff: count",
        "cpuid patch eax = -bit 3, ebx ^= ~bit 1, ecx *= 3/2, dl += ~1",
        "cpuid: patch skip, edx:eax |= 1 count",
        "nop: native | ",
    };
    for (size_t i = 0; i + 1 < ARRAY_SIZE(rows); i++) {
        add(rows[i]);
    }
    char *error;
    assert_int_equal(map_add_rule(map, "t", rows[ARRAY_SIZE(rows) - 1], &error), -1);
    free(error);
    assert_int_equal(map_add_rule(map, "t", "count", &error), -1); /* no colon, nothing before it */
    free(error);
}

/* Text of any bytes is refused or read, and costs no more than its length. */
static void garbage(void **state)
{
    (void)state;
    static const char *const words[] = {"nop",  "in",  "0x10", "|",     ",", ":",    "patch", "eax",
                                        "&=",   "~",   "bit",  "[",     "]", "-",    "mov",   "reg",
                                        "0f",   "??",  "at",   "stop",  "*", "cr3",  "\\\n",  "\n",
                                        "skip", "cpl", "port", "count", "#", "\xff", "clear", "/"};
    static char text[1 << 16];
    uint32_t seed = 12345;
    for (unsigned round = 0; round < 400; round++) {
        struct map_errors found = {0};
        size_t n = 0;
        while (n < (round < 300 ? 200 : sizeof(text) - 16)) {
            seed = seed * 1664525 + 1013904223;
            if (round % 3 == 0) {
                text[n++] = (char)(seed >> 24);
            } else {
                const char *word = words[(seed >> 16) % ARRAY_SIZE(words)];
                n += (size_t)sprintf(text + n, "%s%s", word, seed >> 30 ? " " : "");
            }
        }
        map_add_text(map, "g", text, n, &found);
        assert_true(!found.lines || strlen(found.lines) < 101 * 700);
        map_errors_free(&found);
    }
    memset(text, 'a', sizeof(text));
    struct map_errors found = {0};
    assert_int_equal(map_add_text(map, "g", text, sizeof(text), &found), -1);
    assert_non_null(strstr(found.lines, "aaa...: expected"));
    map_errors_free(&found);
    memset(text, '*', sizeof(text));
    assert_int_equal(map_add_text(map, "g", text, sizeof(text), &found), -1);
    map_errors_free(&found);
}

static void many_rules(void **state)
{
    (void)state;
    char text[64];
    int ids[5000];
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(text, sizeof(text), "at 0x%x: stop", 0xc0000000 + 3 * i);
        ids[i] = add(text);
    }
    for (unsigned i = 0; i < 15000; i++) {
        bool stops = judge_at("90", RING0, 0xc0000000 + i, 0).plant;
        assert_int_equal(stops, i % 3 == 0);
    }
    for (unsigned i = 0; i < 5000; i += 2) {
        assert_true(map_remove_rule(map, ids[i]));
    }
    assert_int_equal(judge_at("90", RING0, 0xc0000000, 0).plant, 0);
    assert_int_not_equal(judge_at("90", RING0, 0xc0000003, 0).plant, 0);
    for (unsigned i = 0; i < 2500; i++) { /* slots are used again, order is kept */
        ids[i] = add("nop: stop");
    }
    assert_true(map_n_rules(map) < 5100);
    const struct map_plant *plant = map_plant_at(map, judge_at("90", RING0, 0xc0000003, 0).plant);
    assert_int_equal(plant->n_rules, MAP_PLANT_MAX); /* the last ones hold */
    assert_int_equal(map_rule_at(map, plant->rules[MAP_PLANT_MAX - 1])->id, ids[2499]);
}

static void counters_run_out(void **state)
{
    (void)state;
    char *error;
    for (unsigned i = 0; i < MAP_MAX_COUNTERS; i++) {
        add("nop: count");
    }
    assert_int_equal(map_add_rule(map, "t", "nop: count", &error), -1);
    assert_non_null(strstr(error, "too many rules that count"));
    free(error);
    add("nop: stop");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(selects),          TEST(places),
        TEST(later_rules_win),  TEST(run_time),
        TEST(patches),          TEST(no_form_no_technique),
        TEST(errors),           TEST(all_errors_are_listed),
        TEST(manual_examples),  TEST(printed_is_read_back),
        TEST(grammar),          TEST(garbage),          TEST(many_rules),
        TEST(counters_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
