/* test_translate_same.c - instructions that are copied become the same host bytes as those put
 * together one by one (-engine no-copies): every opcode and ModRM of both maps that have such, with
 * all kinds of SIB bytes and displacements, alone and inside a run of pushes and pops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "test_translate.h"

enum { AT = 0x40, LIN_PAGE = 0x1234, MAX_HOST = 512, RUN_BYTES = 2 };

struct made {
    unsigned n_bytes, n_insns;
    uint8_t bytes[MAX_HOST];
    struct unit_insn insns[8];
};

static bool make(unsigned engine, uint32_t mode, const uint8_t *code, unsigned n_code,
                 unsigned n_insns, struct made *made)
{
    bench_start(LIN_PAGE, mode);
    bench.engine = engine;
    bench.is_unhinted = true;
    memcpy(bench.bytes + AT, code, n_code);
    const struct unit *unit = bench_translate(AT, n_insns);
    if (!unit || unit->n_bytes > MAX_HOST || unit->n_insns > 8) {
        return false;
    }
    memset(made, 0, sizeof(*made));
    made->n_bytes = unit->n_bytes;
    made->n_insns = unit->n_insns;
    memcpy(made->bytes, bench.cache.write + unit->off, unit->n_bytes);
    memcpy(made->insns, unit->insns, unit->n_insns * sizeof(unit->insns[0]));
    return true;
}

/* As an assembler writes it: the shortest displacement, no SIB byte without need. */
static bool is_shortest(const struct insn *insn)
{
    if (!insn->is_mem) {
        return true;
    }
    const unsigned mod = insn->modrm >> 6;
    const bool has_sib = insn_rm(insn) == 4, small = insn->disp == (int8_t)insn->disp;
    const bool none = insn->base == INSN_NO_REG;
    if (has_sib && insn->index == INSN_NO_REG && (insn->scale != 1 || insn->base != GPR_ESP)) {
        return false;
    }
    if (none) {
        return true;
    }
    return mod == 2 ? !small : mod == 1 ? insn->disp || insn->base == GPR_EBP : true;
}

static uint32_t random_state = 86;
static unsigned rnd(unsigned n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

/* opcode, ModRM, SIB, displacement, and what may be an immediate. */
static void make_code(uint8_t *code, unsigned map, unsigned op, unsigned modrm)
{
    static const int32_t disps[] = {0,      4,      -4,      127,     -128,   128,
                                    0x7fff, 0x8000, -0x8000, -0x8001, 1 << 30};
    unsigned at = 0;
    if (map) {
        code[at++] = 0x0f;
    }
    code[at++] = (uint8_t)op;
    code[at++] = (uint8_t)modrm;
    if (modrm < 0xc0 && (modrm & 7) == 4) {
        code[at++] = rnd(2) ? 0x24 : (uint8_t)rnd(256);
    }
    const int32_t disp = disps[rnd(ARRAY_SIZE(disps))];
    memcpy(code + at, &disp, 4);
    at += modrm >> 6 == 1 ? 1 : modrm < 0xc0 ? 4 : 0;
    for (unsigned end = at + 8; at < end; at++) {
        code[at] = (uint8_t)rnd(256);
    }
}

static void compare(uint32_t mode, const uint8_t *code, unsigned n_code, unsigned n_insns)
{
    struct made quick, slow;
    assert_true(make(0, mode, code, n_code, n_insns, &quick));
    assert_true(make(ENGINE_NO_COPIES, mode, code, n_code, n_insns, &slow));
    if (memcmp(&quick, &slow, sizeof quick)) {
        print_message("code");
        for (unsigned i = 0; i < n_code; i++) {
            print_message(" %02x", code[i]);
        }
        print_message("\nhost");
        for (unsigned i = 0; i < quick.n_bytes; i++) {
            print_message(" %02x", quick.bytes[i]);
        }
        print_message("\nslow");
        for (unsigned i = 0; i < slow.n_bytes; i++) {
            print_message(" %02x", slow.bytes[i]);
        }
        print_message("\n");
        fail();
    }
}

static void all_forms(void **state)
{
    (void)state;
    unsigned n_same = 0, n_mem = 0;
    for (unsigned form = 0; form < 8 * 65536; form++) {
        const unsigned map = form >> 16 & 1, op = form >> 8 & 255, modrm = form & 255;
        const uint32_t mode = FLAT_MODE | (form >> 17 & 1 ? MODE_USER : 0);
        uint8_t code[64] = {0x50, 0x51}; /* push %eax; push %ecx */
        struct insn insn;
        make_code(code + RUN_BYTES, map, op, modrm);
        scan_decode(&bench.scanner, code + RUN_BYTES, INSN_MAX_BYTES, true, 0, false, &insn);
        if (!insn.same || !is_shortest(&insn) || (insn.flags & INSN_INVALID)) {
            continue;
        }
        n_same++;
        n_mem += insn.is_mem;
        compare(mode, code + RUN_BYTES, insn.n_bytes, 1);
        unsigned at = RUN_BYTES + insn.n_bytes;
        code[at++] = 0x59; /* pop %ecx; pop %eax; ret */
        code[at++] = 0x58;
        code[at++] = 0xc3;
        compare(mode, code, at, 6);
    }
    print_message("%u instructions, %u with memory\n", n_same, n_mem);
    assert_true(n_same > 60000 && n_mem > 30000);
}

/* What comes out where the guest's bytes are longer than needed: they stay as they are. */
static void long_forms(void **state)
{
    (void)state;
    static const struct {
        uint8_t code[8], n_code, host[8], n_host;
    } cases[] = {
        {{0x01, 0x46, 0x00}, 3, {0x65, 0x67, 0x01, 0x46, 0x00}, 5}, /* add %eax, 0(%esi) */
        {{0x89, 0x03}, 2, {0x65, 0x67, 0x40, 0x89, 0x03}, 5},       /* mov %eax, (%ebx) */
        {{0x8d, 0x76, 0x00}, 3, {0x90}, 1},                         /* lea 0(%esi), %esi */
        {{0x8b, 0x44, 0x24, 0x00}, 4, {0x41, 0x8b, 0x04, 0x24, 0x90}, 5},
        {{0x8b, 0x46, 0x00}, 3, {0x41, 0x8b, 0x44, 0x35, 0x00}, 5},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct made made;
        assert_true(make(0, FLAT_MODE | MODE_USER, cases[i].code, cases[i].n_code, 1, &made));
        assert_memory_equal(made.bytes, cases[i].host, cases[i].n_host);
    }
}

/* Sites of which something is known, crossing units, other modes: not copied, so hints are asked.
 */
static void not_copied(void **state)
{
    (void)state;
    static const uint8_t code[] = {0x89, 0x03};
    bench_start(LIN_PAGE, FLAT_MODE);
    memcpy(bench.bytes + AT, code, sizeof code);
    bench.kinds[AT] = SITE_DUAL;
    const struct unit *unit = bench_translate(AT, 1);
    assert_non_null(unit);
    assert_true(unit->insns[0].kind & UNIT_DUAL);
    struct made made;
    assert_true(make(0, MODE_PROT | MODE_CPL0 | MODE_CODE32 | MODE_STACK32, code, 2, 1, &made));
    assert_true((made.bytes[0] & 0xfe) != 0x64 || made.bytes[2] != 0x40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms),
        cmocka_unit_test(long_forms),
        cmocka_unit_test(not_copied),
    };
    return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}
