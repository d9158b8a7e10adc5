/* test_translate_layout.c - where loops lie: a small loop never spans more lines of code than it
 * must; the switch, the first instruction and big loops leave everything in place. */
#include "test_host64.h"
#include "test_translate.h"

/* n_before NOPs, then n_body INCs closed by JNZ to the first of them, then INT3. */
static struct unit *loop_unit(unsigned n_before, unsigned n_body)
{
    bench_start(0x400, FLAT_MODE);
    memset(bench.bytes, 0x90, n_before);
    memset(bench.bytes + n_before, 0x40, n_body);
    bench.bytes[n_before + n_body] = 0x75;
    bench.bytes[n_before + n_body + 1] = (uint8_t)(0 - (n_body + 2));
    return bench_translate(0, SCAN_MAX_INSNS);
}

static unsigned n_lines(uint32_t from, uint32_t to)
{
    return (to - 1) / 64 - from / 64 + 1;
}

/* The loop's first and last host byte, from the cache's start. */
static void loop_place(const struct unit *unit, unsigned head, unsigned back, uint32_t *from,
                       uint32_t *to)
{
    *from = unit->off + unit->insns[head].host_off;
    *to = unit->off + unit->insns[back + 1].host_off;
}

static void small_loops_lie_well(void **state)
{
    (void)state;
    unsigned n_moved = 0;
    for (unsigned n_body = 1; n_body < 40; n_body++) {
        for (unsigned n_before = 1; n_before < 70; n_before++) {
            uint32_t from, to;
            struct unit *unit = loop_unit(n_before, n_body);
            loop_place(unit, n_before, n_before + n_body, &from, &to);
            assert_int_equal(to - from, 2 * n_body + 2);
            assert_int_equal(n_lines(from, to), (to - from + 63) / 64);
            /* the jump back goes to the head, past what fills */
            struct host_insn host;
            uint64_t target;
            uint64_t jump = unit->off + unit->insns[n_before + n_body].host_off;
            assert_true(host_decode(bench.cache.write + jump, 16, &host));
            ZydisCalcAbsoluteAddress(&host.insn, &host.op[0], jump, &target);
            assert_int_equal(target, from);
            n_moved += unit->insns[n_before].host_off != n_before;
        }
    }
    assert_true(n_moved > 100);
}

static void switched_off(void **state)
{
    (void)state;
    for (unsigned n_before = 1; n_before < 70; n_before++) {
        bench_start(0x400, FLAT_MODE);
        bench.engine = ENGINE_NO_ALIGN;
        memset(bench.bytes, 0x90, n_before);
        bench.bytes[n_before] = 0x40;
        memcpy(bench.bytes + n_before + 1, "\x75\xfd", 2);
        struct unit *unit = bench_translate(0, SCAN_MAX_INSNS);
        assert_int_equal(unit->insns[n_before].host_off, n_before);
    }
}

/* A unit is entered at its first byte. */
static void first_instruction(void **state)
{
    (void)state;
    for (unsigned n_body = 1; n_body < 60; n_body++) {
        struct unit *unit = loop_unit(0, n_body);
        assert_int_equal(unit->insns[0].host_off, 0);
    }
}

static void big_loops_stay(void **state)
{
    (void)state;
    for (unsigned n_before = 1; n_before < 60; n_before++) {
        struct unit *unit = loop_unit(n_before, 120);
        assert_int_equal(unit->n_insns, n_before + 120 + 2);
        bench_start(0x400, FLAT_MODE);
        memset(bench.bytes, 0x90, n_before);
        /* 40 times MOV EAX, imm32 is more than fits: stays where it falls */
        for (unsigned i = 0; i < 40; i++) {
            bench.bytes[n_before + 5 * i] = 0xb8;
        }
        memcpy(bench.bytes + n_before + 200, "\x0f\x85\x32\xff\xff\xff", 6);
        unit = bench_translate(0, SCAN_MAX_INSNS);
        assert_int_equal(unit->insns[n_before].host_off, n_before);
    }
}

/* A call's host return address is the place of the guest's: even where a loop begins there, and
 * where earlier code lies. */
static void calls_own_their_return(void **state)
{
    (void)state;
    for (unsigned engine = 0; engine <= ENGINE_NO_ALIGN; engine += ENGINE_NO_ALIGN) {
        for (unsigned n_before = 1; n_before < 70; n_before++) {
            bench_start(0x400, FLAT_MODE);
            bench.engine = engine;
            memset(bench.bytes, 0x90, n_before);
            memcpy(bench.bytes + n_before, "\xff\xd0\x40\x75\xfd",
                   5); /* call *%eax; 1: inc; jne 1b */
            struct unit *unit = NULL, *early = NULL;
            if (n_before & 1) {
                early = bench_translate(n_before + 2, SCAN_MAX_INSNS);
            }
            unit = bench_translate(0, SCAN_MAX_INSNS);
            const struct unit_insn *call = &unit->insns[n_before];
            if (early && engine) {
                assert_int_equal(unit->n_insns, n_before + 1);
                assert_int_equal(codepage_slot(bench.page, n_before + 2), early->off);
                continue;
            }
            assert_true(unit->n_insns >= n_before + 2);
            assert_int_equal(call[1].kind & UNIT_RETURN, engine ? 0 : UNIT_RETURN);
            uint32_t back = unit->off + call[1].host_off;
            assert_int_equal(codepage_slot(bench.page, n_before + 2), back);
            uint32_t landing = bench.cache.no_landings ? 0 : 20; /* bytes behind call *%r9 */
            assert_memory_equal(bench.cache.write + back - landing - 3, "\x41\xff\xd1", 3);
            if (!engine) { /* the same call in another unit does not take it away */
                codepage_clear_slot(&bench.pages, bench.page, n_before);
                unit = bench_translate(n_before, SCAN_MAX_INSNS);
                assert_int_equal(unit->n_insns, 1);
                assert_int_equal(codepage_slot(bench.page, n_before + 2), back);
            }
        }
    }
}

/* What fills is one guest instruction's tail: it touches nothing. */
static void fill_does_nothing(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 70; n++) {
        uint8_t bytes[96];
        struct emit emit = {.start = bytes, .at = bytes, .end = bytes + sizeof bytes};
        unsigned n_insns = 0;
        emit_nops(&emit, n);
        assert_int_equal(emit_off(&emit), n);
        for (unsigned off = 0; off < n; n_insns++) {
            struct host_insn host;
            assert_true(host_decode(bytes + off, n - off, &host));
            assert_int_equal(host.insn.mnemonic, ZYDIS_MNEMONIC_NOP);
            off += host.insn.length;
        }
        assert_int_equal(n_insns, (n + 8) / 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_loops_lie_well),   cmocka_unit_test(switched_off),
        cmocka_unit_test(first_instruction),      cmocka_unit_test(big_loops_stay),
        cmocka_unit_test(calls_own_their_return), cmocka_unit_test(fill_does_nothing),
    };
    return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}
