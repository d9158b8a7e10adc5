/* test_map_never.c - warnings of rules that can never hold, and no others. */
#include "test_scan.h"

#include <stdlib.h>
#include <string.h>

static char *warning_of(const char *text)
{
    map = map_create();
    char *message;
    int id = map_add_rule(map, "t", text, &message);
    if (id < 0) {
        fail_msg("%s: %s", text, message);
    }
    map_destroy(map);
    return message;
}

static void rules_that_never_hold(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"mov reg: log", "t:1:1: mov: never comes with these operands"},
        {"mov cr3, imm: log", "mov: never comes with these operands"},
        {"cpuid eax: count", "cpuid: never comes with these operands"},
        {"cpuid | mov reg: count", "mov: never comes"},
        {"nop port 3: log", "nop: never has a port"},
        {"  branch port 3: log", "t:1:3: branch: never has a port"},
        {"add value 3: log", "add: never has a value of that kind"},
        {"cpuid msr 0x10: log", "cpuid: never has a value of that kind"},
        {"io vector 3: log", "io: never has a value of that kind"},
        {"cpl 3 mode real: count", "this mode never has this ring"},
        {"cpl 0 mode v86: count", "this mode never has this ring"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *message = warning_of(rows[i].text);
        if (!message || !strstr(message, rows[i].says)) {
            fail_msg("%s: %s", rows[i].text, message ? message : "no warning");
        }
        free(message);
    }
}

static void rules_that_may_hold(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "mov reg, cr3 | mov cr3, reg: count",
        "mov reg, mem: count",
        "movl: count",
        "movsl: count",
        "jmp far: count",
        "call rel: count",
        "in al, dx port 0x64: count",
        "in al, imm port 0x60: count",
        "int imm vector 0x80: count",
        "int vector 3: count",
        "io port 0x3f8: count",
        "system value 1: count",
        "mov cr0, reg value 0/0x80000000: count",
        "mov sreg, r16 value 0x10: count",
        "wrmsr msr 0x10: count",
        "cpuid leaf 1: count",
        "port 0x64: count",
        "pshufb xmm, xmm: count",
        "pextrw mem, xmm, imm8: count",
        "fld st: count",
        "fld m64: count",
        "shl reg, cl: count",
        "lgdt mem: count",
        "0f ff 77 port 3: count",
        "cpl 3 mode v86 mode real: count",
        "cpl 1-2 mode prot16: count",
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *message = warning_of(rows[i]);
        if (message) {
            fail_msg("%s: %s", rows[i], message);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_that_never_hold),
        cmocka_unit_test(rules_that_may_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
