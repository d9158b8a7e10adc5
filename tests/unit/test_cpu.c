/* test_cpu.c - reset state, the mode key, the fast form of segment access. */
#include "test_emul.h"

static void test_reset(void **state)
{
    (void)state;
    memset(&cpu, 0xff, sizeof(cpu));
    cpu.view = (struct view *)1;
    n_switches = 0;
    cpu_reset(&cpu);
    assert_int_equal(cpu.eip, 0xfff0);
    assert_int_equal(cpu.seg[SEG_CS].selector, 0xf000);
    assert_int_equal(cpu.seg[SEG_CS].base, 0xffff0000);
    assert_int_equal(cpu.seg[SEG_CS].limit, 0xffff);
    for (unsigned i = 0; i < N_SEG; i++) {
        assert_int_equal(cpu.seg[i].access, 0x93);
        assert_int_equal(cpu.seg[i].limit, 0xffff);
        assert_int_equal(cpu.seg[i].big, 0);
    }
    assert_int_equal(cpu.cr0, 0x60000010);
    assert_int_equal(cpu.cr2 | cpu.cr3 | cpu.cr4 | cpu.efer, 0);
    assert_int_equal(cpu_eflags(&cpu), 2);
    assert_int_equal(cpu.gpr[GPR_EDX] >> 8 & 15, 6);
    assert_true(cpu.gpr[GPR_EAX] == 0 && cpu.gpr[GPR_ESP] == 0);
    assert_int_equal(cpu.dr[6], 0xffff0ff0);
    assert_int_equal(cpu.dr[7], 0x400);
    assert_int_equal(cpu.idtr.limit, 0xffff);
    assert_int_equal(cpu.gdtr.base, 0);
    assert_true(cpu.msr_pat == 0x0007040600070406);
    assert_int_equal(cpu.cpl, 0);
    assert_false(cpu.halted || cpu.interrupt_shadow || cpu.in_delivery);
    assert_int_equal(cpu.mode, MODE_CPL0 | MODE_NOSSE);
    assert_int_equal(n_switches, 1);
    assert_int_equal(cpu.fpu[0], 0x40);
    assert_int_equal(cpu.fpu[24] | cpu.fpu[25] << 8, 0x1f80);
}

static void test_mode_bits(void **state)
{
    (void)state;
    assert_int_equal(cpu.mode,
                     MODE_CPL0 | MODE_CODE32 | MODE_STACK32 | MODE_FLAT | MODE_PROT | MODE_NOSSE);
    to_ring(3);
    assert_int_equal(cpu.mode,
                     MODE_USER | MODE_CODE32 | MODE_STACK32 | MODE_FLAT | MODE_PROT | MODE_NOSSE);
    const unsigned n = n_switches;
    cpu_update_mode(&cpu);
    assert_int_equal(n_switches, n); /* nothing changed */
    cpu.seg[SEG_ES] = (struct segment){0};
    cpu_update_mode(&cpu);
    assert_false(cpu.mode & MODE_FLAT);
    assert_int_equal(n_switches, n + 1);
    to_ring(3);
    set_segment(SEG_FS, S_SMALL); /* FS does not matter */
    cpu_update_mode(&cpu);
    assert_true(cpu.mode & MODE_FLAT);
    set_segment(SEG_DS, S_READONLY);
    cpu_update_mode(&cpu);
    assert_false(cpu.mode & MODE_FLAT);
    to_ring(0);
    set_segment(SEG_CS, S_EXECONLY);
    cpu_update_mode(&cpu);
    assert_false(cpu.mode & MODE_FLAT);
    to_ring(0);
    cpu.cr0 = CR0_PE | CR0_PG | CR0_EM;
    cpu_update_mode(&cpu);
    assert_true(cpu.mode & MODE_NOWP && cpu.mode & MODE_NM);
    to_ring(3);
    assert_false(cpu.mode & MODE_NOWP);
    to_v86(0);
    assert_int_equal(cpu.mode, MODE_USER | MODE_PROT | MODE_V86 | MODE_NM | MODE_NOSSE);
}

/* What a debug register, EFLAGS.AC or a CS limit adds to the mode, and what the registers watch. */
static void test_watch(void **state)
{
    (void)state;
    to_ring(3);
    const uint32_t plain = cpu.mode;
    cpu.cr0 |= CR0_AM;
    cpu_set_eflags(&cpu, FLAG_AC);
    cpu_update_flat_ring(&cpu);
    assert_int_equal(cpu.mode, plain | MODE_WATCH);
    assert_true(cpu_checks_alignment(&cpu));
    cpu_set_eflags(&cpu, 0);
    cpu.dr[7] = 0x402; /* G0, code */
    cpu.dr[0] = 0x1000;
    cpu_update_ring(&cpu);
    assert_int_equal(cpu.mode, plain | MODE_STEP);
    assert_int_equal(cpu_debug_code(&cpu, 0x1000), 1);
    assert_int_equal(cpu_debug_code(&cpu, 0x1001), 0);
    cpu.dr[7] = 0x00d00408; /* G1, stores, four bytes */
    cpu.dr[1] = 0x2002;     /* means 2000 */
    cpu_update_ring(&cpu);
    assert_int_equal(cpu.mode, plain | MODE_STEP | MODE_WATCH);
    cpu.debug_hits = 0;
    cpu_debug_data(&cpu, 0x2000, 4, false);
    cpu_debug_data(&cpu, 0x1ffc, 4, true);
    cpu_debug_data(&cpu, 0x2004, 4, true);
    assert_int_equal(cpu.debug_hits, 0);
    cpu_debug_data(&cpu, 0x1ffd, 4, true);
    assert_int_equal(cpu.debug_hits, 2);
    cpu.dr[7] = 0x02000420; /* G2, ports */
    cpu.dr[2] = 0x3f8;
    assert_int_equal(cpu_debug_port(&cpu, 0x3f8, 1), 0);
    cpu.cr4 |= CR4_DE;
    assert_int_equal(cpu_debug_port(&cpu, 0x3f7, 2), 4);
    cpu.cr4 &= ~(uint32_t)CR4_DE;
    cpu.debug_hits = 0;
    cpu.dr[7] = 0x400;
    cpu.seg[SEG_CS].limit = 0xfff;
    cpu_update_ring(&cpu);
    assert_true(cpu.mode & MODE_CSLIMIT);
    assert_int_equal(cpu.code_end, 0x1000);
    to_ring(3);
    assert_int_equal(cpu.code_end, 0);
}

static void test_seg_base_ptr(void **state)
{
    (void)state;
    static const struct {
        uint16_t selector;
        bool fast;
    } cases[] = {
        {U_DATA, true},   {K_DATA, true},  {S_READONLY, false}, {S_DOWN, false},
        {S_SMALL, false}, {U_CODE, false}, {K_DATA16, false},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        set_segment(SEG_GS, cases[i].selector);
        cpu_update_segment(&cpu, SEG_GS);
        const uint64_t expected = cases[i].fast ? (uint64_t)&cpu.seg[SEG_GS].base : cpu.poison_ptr;
        assert_true(cpu.seg_base_ptr[SEG_GS] == expected);
    }
    cpu.seg[SEG_GS].limit = UINT32_MAX;
    set_segment(SEG_GS, U_DATA);
    cpu.seg[SEG_GS].base = 0x12345000; /* TLS: any base */
    cpu_update_segment(&cpu, SEG_GS);
    assert_true(cpu.seg_base_ptr[SEG_GS] == (uint64_t)&cpu.seg[SEG_GS].base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_reset, emul_setup),
        cmocka_unit_test_setup(test_mode_bits, emul_setup),
        cmocka_unit_test_setup(test_watch, emul_setup),
        cmocka_unit_test_setup(test_seg_base_ptr, emul_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
