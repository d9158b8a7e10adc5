/* test_emul_deliver.c - interrupts, exceptions, INT n, IRET, SYSENTER and SYSEXIT. */
#include "test_emul.h"

#include <stdlib.h>

static void test_int80_and_iret(void **state)
{
    (void)state;
    put_idt(0x80, K_CODE, HANDLER, 0xef); /* trap gate, DPL 3: IF stays */
    to_ring(3);
    cpu_set_eflags(&cpu, FLAG_IF | FLAG_CF | FLAG_TF | FLAG_NT | FLAG_AC | FLAG_DF);
    const struct snapshot before = take();
    assert_int_equal(RUN(emul_int, 0xcd, 0x80), LIGHT_JUMP);
    assert_int_equal(cpu.eip, HANDLER);
    assert_int_equal(cpu.cpl, 0);
    assert_int_equal(cpu.seg[SEG_CS].selector, K_CODE);
    assert_int_equal(cpu.seg[SEG_SS].selector, K_DATA);
    assert_int_equal(cpu.gpr[GPR_ESP], STACK0 - 20);
    assert_int_equal(peek(STACK0 - 4, 4), U_DATA);
    assert_int_equal(peek(STACK0 - 8, 4), STACK3);
    assert_int_equal(peek(STACK0 - 12, 4), before.eflags);
    assert_int_equal(peek(STACK0 - 16, 4), U_CODE);
    assert_int_equal(peek(STACK0 - 20, 4), CODE + 2);
    assert_int_equal(cpu_eflags(&cpu), FLAG_IF | FLAG_CF | FLAG_AC | FLAG_DF | FLAG_FIXED);
    assert_true(cpu.mode & MODE_CPL0 && cpu.mode & MODE_FLAT && !(cpu.mode & MODE_USER));

    assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    const struct snapshot after = take();
    assert_int_equal(after.eip, CODE + 2);
    assert_int_equal(after.eflags, before.eflags);
    assert_memory_equal(after.gpr, before.gpr, sizeof(after.gpr));
    assert_memory_equal(after.seg, before.seg, sizeof(after.seg));
    assert_true(cpu.mode & MODE_USER && cpu.mode & MODE_STEP);
}

static void test_int_faults(void **state)
{
    (void)state;
    to_ring(3);
    put_idt(0x20, K_CODE, HANDLER, 0x8e); /* DPL 0 */
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x20), VEC_GP, 0x20 * 8 + 2);
    put_idt(0x21, K_CODE, HANDLER, 0x6e); /* not present */
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x21), VEC_NP, 0x21 * 8 + 2);
    put_idt(0x22, K_CODE, HANDLER, 0xec); /* a call gate */
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x22), VEC_GP, 0x22 * 8 + 2);
    put_idt(0x23, 0, HANDLER, 0xee);
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x23), VEC_GP, 0);
    put_idt(0x24, K_DATA, HANDLER, 0xee);
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x24), VEC_GP, K_DATA);
    put_idt(0x25, 0xf8, HANDLER, 0xee); /* beyond the GDT */
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x25), VEC_GP, 0xf8);
    cpu.idtr.limit = 0x27 * 8 + 6;
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x27), VEC_GP, 0x27 * 8 + 2);

    put_idt(3, K_CODE, HANDLER, 0xee);
    poke(TSS + 8, 4, 0); /* null SS0 */
    ASSERT_FAULT(RUN(emul_int, 0xcc), VEC_TS, 0);
    poke(TSS + 8, 4, U_DATA);
    ASSERT_FAULT(RUN(emul_int, 0xcc), VEC_TS, U_DATA & ~3);
    poke(TSS + 8, 4, S_READONLY);
    ASSERT_FAULT(RUN(emul_int, 0xcc), VEC_TS, S_READONLY);
    put_desc(GDT + S_SMALL, DATA, 0xfff, 0x93, 0x4);
    poke(TSS + 8, 4, S_SMALL);
    poke(TSS + 4, 4, 16); /* five words do not fit */
    ASSERT_FAULT(RUN(emul_int, 0xcc), VEC_SS, S_SMALL);
    put_desc(GDT + S_SMALL, DATA, 0xfff, 0x13, 0x4);
    ASSERT_FAULT(RUN(emul_int, 0xcc), VEC_SS, S_SMALL);
    poke(TSS + 8, 4, K_DATA);
    poke(TSS + 4, 4, STACK0);
    page_readonly[(STACK0 >> 12) - 1] = true;
    ASSERT_FAULT(RUN(emul_int, 0xcc), VEC_PF, PF_W);
    page_readonly[(STACK0 >> 12) - 1] = false;
    cpu.tr.limit = 8;
    ASSERT_FAULT(RUN(emul_int, 0xcc), VEC_TS, S_TSS);
}

/* A stack frame that crosses into a page that cannot be written leaves the upper page alone. */
static void test_frame_crosses_page(void **state)
{
    (void)state;
    put_idt(0x80, K_CODE, HANDLER, 0xee);
    to_ring(3);
    poke(TSS + 4, 4, STACK0 + 8);
    page_absent[(STACK0 >> 12) - 1] = true;
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x80), VEC_PF, PF_W);
    assert_int_equal(peek(STACK0 + 4, 4), 0);
    assert_int_equal(peek(STACK0, 4), 0);
}

static void test_page_fault_same_ring(void **state)
{
    (void)state;
    put_idt(VEC_PF, K_CODE, HANDLER, 0x8e); /* interrupt gate: IF off */
    cpu.iff = FLAG_IF;
    const uint32_t esp = cpu_reg(&cpu, GPR_ESP), eflags = cpu_eflags(&cpu);
    const struct fault fault = {.vector = VEC_PF, .has_error = true, .error = 2, .cr2 = 0xc0001234};
    cpu.halted = true;
    cpu.interrupt_shadow = SHADOW_INTERRUPTS;
    assert_int_equal(emul_deliver(&cpu, EVENT_EXCEPTION, fault), LIGHT_JUMP);
    assert_int_equal(cpu.cr2, 0xc0001234);
    assert_int_equal(cpu.iff, 0);
    assert_int_equal(cpu.gpr[GPR_ESP], esp - 16);
    assert_int_equal(peek(esp - 16, 4), 2);
    assert_int_equal(peek(esp - 12, 4), CODE);
    assert_int_equal(peek(esp - 8, 4), K_CODE);
    assert_int_equal(peek(esp - 4, 4), eflags | FLAG_RF); /* fault class */
    assert_false(cpu.halted || cpu.interrupt_shadow || cpu.in_delivery);
}

static void test_external_interrupt_pushes_no_rf(void **state)
{
    (void)state;
    put_idt(0x30, K_CODE, HANDLER, 0x8e);
    const struct fault event = {.vector = 0x30};
    assert_int_equal(emul_deliver(&cpu, EVENT_INTERRUPT, event), LIGHT_JUMP);
    assert_int_equal(peek(STACK0 - 0x800 - 4, 4), FLAG_FIXED);
}

static void test_gate16_and_conforming(void **state)
{
    (void)state;
    put_idt(0x40, K_CODE, 0x56781234, 0xe6); /* 16-bit interrupt gate: IP only */
    to_ring(3);
    assert_int_equal(RUN(emul_int, 0xcd, 0x40), LIGHT_JUMP);
    assert_int_equal(cpu.eip, 0x1234);
    assert_int_equal(cpu.gpr[GPR_ESP], STACK0 - 10);
    assert_int_equal(peek(STACK0 - 2, 2), U_DATA);
    assert_int_equal(peek(STACK0 - 4, 2), STACK3 & 0xffff);
    assert_int_equal(peek(STACK0 - 10, 2), (CODE + 2) & 0xffff);

    put_idt(0x41, S_CONFORMING, HANDLER, 0xee);
    to_ring(3);
    cpu.eip = CODE;
    assert_int_equal(RUN(emul_int, 0xcd, 0x41), LIGHT_JUMP);
    assert_int_equal(cpu.cpl, 3);
    assert_int_equal(cpu.seg[SEG_CS].selector, S_CONFORMING | 3);
    assert_int_equal(cpu.gpr[GPR_ESP], STACK3 - 12);
}

static void test_double_and_triple_fault(void **state)
{
    (void)state;
    put_idt(VEC_DF, K_CODE, HANDLER, 0x8e);
    const struct fault gp = {.vector = VEC_GP, .has_error = true, .error = 0x10};
    /* #GP has no gate: #NP while delivering #GP = double fault */
    const uint32_t esp = cpu_reg(&cpu, GPR_ESP);
    assert_int_equal(emul_deliver(&cpu, EVENT_EXCEPTION, gp), LIGHT_JUMP);
    assert_int_equal(cpu.eip, HANDLER);
    assert_int_equal(peek(esp - 16, 4), 0);
    assert_int_equal(peek(esp - 12, 4), CODE);
    /* benign (#UD) then #GP (no such gate): #GP is delivered, EXT set */
    cpu.eip = CODE;
    put_idt(VEC_GP, K_CODE, HANDLER + 4, 0x8e);
    const struct fault ud = {.vector = VEC_UD};
    assert_int_equal(emul_deliver(&cpu, EVENT_EXCEPTION, ud), LIGHT_JUMP);
    assert_int_equal(cpu.eip, HANDLER + 4);
    assert_int_equal(peek(cpu_reg(&cpu, GPR_ESP), 4), VEC_UD * 8 + 2 + 1);
    /* contributory then #PF is handled serially */
    cpu.eip = CODE;
    put_idt(VEC_PF, K_CODE, HANDLER + 8, 0x8e);
    poke(IDT + VEC_TS * 8, 4, 0);
    cpu.idtr.limit = 0xfff;
    cpu.idtr.base = IDT;
    /* no double fault gate: triple */
    put_idt(VEC_DF, K_CODE, HANDLER, 0x0e);
    put_idt(VEC_GP, K_CODE, HANDLER, 0x0e);
    cpu.eip = CODE;
    assert_int_equal(emul_deliver(&cpu, EVENT_EXCEPTION, gp), LIGHT_EXIT);
    assert_int_equal(cpu.exit_reason, EXIT_TRIPLE_FAULT);
}

static void test_page_fault_during_page_fault(void **state)
{
    (void)state;
    put_idt(VEC_PF, K_CODE, HANDLER, 0x8e);
    put_idt(VEC_DF, S_TASKGATE, 0, 0x85);
    put_gate(IDT + VEC_DF * 8, S_TSS2, 0, 0x85, 0);
    poke(TSS2 + TSS32_EIP, 4, HANDLER + 0x100);
    poke(TSS2 + TSS32_EFLAGS, 4, FLAG_FIXED);
    poke(TSS2 + TSS32_EAX + 4 * GPR_ESP, 4, STACK3);
    poke(TSS2 + TSS32_ES + 4 * SEG_CS, 2, K_CODE);
    poke(TSS2 + TSS32_ES + 4 * SEG_SS, 2, K_DATA);
    page_absent[(cpu_reg(&cpu, GPR_ESP) - 4) >> 12] = true;
    const struct fault fault = {.vector = VEC_PF, .has_error = true, .error = 2, .cr2 = 0x1000};
    const uint32_t esp = cpu_reg(&cpu, GPR_ESP);
    assert_int_equal(emul_deliver(&cpu, EVENT_EXCEPTION, fault), LIGHT_JUMP);
    assert_int_equal(cpu.tr.selector, S_TSS2);
    assert_int_equal(cpu.eip, HANDLER + 0x100);
    assert_int_equal(cpu.gpr[GPR_ESP], STACK3 - 4);
    assert_int_equal(peek(STACK3 - 4, 4), 0); /* error code of #DF */
    assert_true(cpu.sysflags & FLAG_NT);
    assert_int_equal(peek(TSS2, 2), S_TSS);
    assert_int_equal(peek(TSS + TSS32_EIP, 4), CODE);
    assert_int_equal(peek(TSS + TSS32_EAX + 4 * GPR_ESP, 4), esp);
    assert_int_equal(peek(GDT + S_TSS2 + 5, 1), 0x8b);
    assert_int_equal(peek(GDT + S_TSS + 5, 1), 0x8b);
    assert_true(cpu.cr0 & CR0_TS);
    /* IRET goes back */
    page_absent[(esp - 4) >> 12] = false;
    assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    assert_int_equal(cpu.tr.selector, S_TSS);
    assert_int_equal(cpu.eip, CODE);
    assert_int_equal(cpu.gpr[GPR_ESP], esp);
    assert_int_equal(peek(GDT + S_TSS2 + 5, 1), 0x89);
    assert_false(cpu.sysflags & FLAG_NT);
    assert_int_equal(peek(TSS2 + TSS32_EFLAGS, 4) & FLAG_NT, 0);
}

static void test_v86_to_ring0_and_back(void **state)
{
    (void)state;
    put_idt(VEC_GP, K_CODE, HANDLER, 0x8e);
    to_v86(0);
    const struct snapshot before = take();
    const struct fault gp = {.vector = VEC_GP, .has_error = true};
    assert_int_equal(emul_deliver(&cpu, EVENT_EXCEPTION, gp), LIGHT_JUMP);
    assert_int_equal(cpu.cpl, 0);
    assert_false(cpu.sysflags & FLAG_VM);
    assert_int_equal(cpu.gpr[GPR_ESP], STACK0 - 40);
    const uint32_t frame[10] = {
        0, 0x100, 0x1100, before.eflags | FLAG_RF, 0x800, 0x1200, 0x1000, 0x1300, 0x1400, 0x1500};
    assert_memory_equal(ram + STACK0 - 40, frame, sizeof(frame));
    assert_int_equal(cpu.seg[SEG_DS].selector, 0);
    assert_int_equal(cpu.seg[SEG_GS].access, 0);
    assert_int_equal(cpu.seg_base_ptr[SEG_DS], cpu.poison_ptr);
    cpu.gpr[GPR_ESP] += 4;
    assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    const struct snapshot after = take();
    assert_int_equal(after.eflags, before.eflags | FLAG_RF);
    assert_memory_equal(after.seg, before.seg, sizeof(after.seg));
    assert_int_equal(after.cpl, 3);
    assert_int_equal(after.eip, 0x100);
    assert_true(cpu.mode & MODE_V86 && cpu.mode & MODE_USER && !(cpu.mode & MODE_CODE32));
    /* handler in a conforming or ring 3 segment: #GP(selector) */
    put_idt(3, U_CODE, HANDLER, 0xee);
    ASSERT_FAULT(RUN(emul_int, 0xcc), VEC_GP, U_CODE & ~3);
    put_idt(3, S_CONFORMING, HANDLER, 0xee);
    ASSERT_FAULT(RUN(emul_int, 0xcc), VEC_GP, S_CONFORMING);
    /* INT n is IOPL-sensitive, INT3 is not */
    put_idt(0x21, K_CODE, HANDLER, 0xee);
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x21), VEC_GP, 0);
}

static void test_v86_redirected(void **state)
{
    (void)state;
    to_v86(0);
    cpu.cr4 |= CR4_VME;
    cpu.sysflags |= FLAG_VIF;
    poke(0x21 * 4, 4, 0x2000abcd);
    poke(TSS + 0x68 + 0x21 / 8, 1, 0);
    assert_int_equal(RUN(emul_int, 0xcd, 0x21), LIGHT_JUMP);
    assert_int_equal(cpu.eip, 0xabcd);
    assert_int_equal(cpu.seg[SEG_CS].base, 0x20000);
    assert_int_equal(cpu.gpr[GPR_ESP], 0x7fa);
    assert_int_equal(peek(0x12000 + 0x7fe, 2), FLAG_IF | FLAG_IOPL | FLAG_FIXED); /* IF = VIF */
    assert_int_equal(peek(0x12000 + 0x7fa, 2), 0x102);
    assert_false(cpu.sysflags & FLAG_VIF);
    /* IRET with VME puts VIF back */
    assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    assert_true(cpu.sysflags & FLAG_VIF);
    assert_int_equal(cpu.iff, 0);
    assert_int_equal(cpu.seg[SEG_CS].selector, 0x1100);
    poke(TSS + 0x68 + 0x21 / 8, 1, 1 << (0x21 & 7));
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x21), VEC_GP, 0);
}

static void test_real_mode(void **state)
{
    (void)state;
    to_real();
    poke(0x10 * 4, 4, 0x30005678);
    cpu_set_eflags(&cpu, FLAG_IF | FLAG_TF | FLAG_CF);
    assert_int_equal(RUN(emul_int, 0xcd, 0x10), LIGHT_JUMP);
    assert_int_equal(cpu.eip, 0x5678);
    assert_int_equal(cpu.seg[SEG_CS].base, 0x30000);
    assert_int_equal(cpu.gpr[GPR_ESP], 0x7fa);
    assert_int_equal(peek(0x12000 + 0x7fe, 2), FLAG_IF | FLAG_TF | FLAG_CF | FLAG_FIXED);
    assert_int_equal(peek(0x12000 + 0x7fc, 2), 0x1100);
    assert_int_equal(peek(0x12000 + 0x7fa, 2), 0x102);
    assert_int_equal(cpu_eflags(&cpu), FLAG_CF | FLAG_FIXED);
    assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    assert_int_equal(cpu_eflags(&cpu), FLAG_IF | FLAG_TF | FLAG_CF | FLAG_FIXED);
    assert_int_equal(cpu.eip, 0x102);
    /* IVT too short, then IDTR limit 0: shutdown */
    cpu.idtr.limit = 0;
    const struct fault ud = {.vector = VEC_UD};
    assert_int_equal(emul_deliver(&cpu, EVENT_EXCEPTION, ud), LIGHT_EXIT);
    assert_int_equal(cpu.exit_reason, EXIT_TRIPLE_FAULT);
}

static void test_into_and_icebp(void **state)
{
    (void)state;
    put_idt(VEC_OF, K_CODE, HANDLER, 0xee);
    put_idt(VEC_DB, K_CODE, HANDLER + 1, 0x8e); /* DPL 0: INT1 does not care */
    to_ring(3);
    cpu.arith = 0;
    assert_int_equal(RUN(emul_int, 0xce), LIGHT_NEXT);
    assert_int_equal(RUN(emul_int, 0xf1), LIGHT_JUMP);
    assert_int_equal(cpu.eip, HANDLER + 1);
    assert_int_equal(peek(STACK0 - 20, 4), CODE + 1);
    to_ring(3);
    cpu.arith = FLAG_OF;
    assert_int_equal(RUN(emul_int, 0xce), LIGHT_JUMP);
    assert_int_equal(cpu.eip, HANDLER);
}

static void frame(uint32_t eip, uint32_t cs, uint32_t eflags, uint32_t esp, uint32_t ss)
{
    const uint32_t words[5] = {eip, cs, eflags, esp, ss};
    memcpy(ram + cpu_reg(&cpu, GPR_ESP), words, sizeof(words));
}

static void test_iret_checks(void **state)
{
    (void)state;
    frame(HANDLER, 0, 2, STACK3, U_DATA);
    ASSERT_FAULT(RUN(emul_iret, 0xcf), VEC_GP, 0);
    frame(HANDLER, 0xf8, 2, STACK3, U_DATA);
    ASSERT_FAULT(RUN(emul_iret, 0xcf), VEC_GP, 0xf8);
    frame(HANDLER, K_DATA, 2, STACK3, U_DATA);
    ASSERT_FAULT(RUN(emul_iret, 0xcf), VEC_GP, K_DATA);
    frame(HANDLER, U_CODE & ~3, 2, STACK3, U_DATA); /* RPL 0, DPL 3 */
    ASSERT_FAULT(RUN(emul_iret, 0xcf), VEC_GP, U_CODE & ~3);
    frame(HANDLER, U_CODE, 2, STACK3, 0);
    ASSERT_FAULT(RUN(emul_iret, 0xcf), VEC_GP, 0);
    frame(HANDLER, U_CODE, 2, STACK3, K_DATA);
    ASSERT_FAULT(RUN(emul_iret, 0xcf), VEC_GP, K_DATA);
    frame(HANDLER, U_CODE, 2, STACK3, S_ABSENT | 3);
    ASSERT_FAULT(RUN(emul_iret, 0xcf), VEC_SS, S_ABSENT);
    put_desc(GDT + (U_CODE & ~3), 0, 0x4fff, 0xfb, 0x4);
    frame(HANDLER, U_CODE, 2, STACK3, U_DATA);
    ASSERT_FAULT(RUN(emul_iret, 0xcf), VEC_GP, 0);
    put_desc(GDT + (U_CODE & ~3), 0, 0xfffff, 0x7b, 0xc);
    ASSERT_FAULT(RUN(emul_iret, 0xcf), VEC_NP, U_CODE & ~3);
    cpu.gpr[GPR_ESP] = 0x1000000;
    ASSERT_FAULT(RUN(emul_iret, 0xcf), VEC_PF, 0);
}

static void test_iret_flags_and_segments(void **state)
{
    (void)state;
    /* ring 0 to 3: all flags; ring 0's data segments become null, ring 3's stay */
    set_segment(SEG_DS, K_DATA);
    set_segment(SEG_FS, S_CONFORMING);
    frame(HANDLER, U_CODE, ~0u & ~(uint32_t)(FLAG_VM | FLAG_NT), STACK3, U_DATA);
    assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    assert_int_equal(cpu_eflags(&cpu), (0x3f7fd7 & ~(uint32_t)(FLAG_VM | FLAG_NT)) | FLAG_FIXED);
    assert_int_equal(cpu.seg[SEG_DS].selector, 0);
    assert_int_equal(cpu.seg[SEG_DS].access, 0);
    assert_int_equal(cpu.seg[SEG_ES].selector, U_DATA);
    assert_int_equal(cpu.seg[SEG_FS].selector, S_CONFORMING);
    /* ring 3 with IOPL 0: IF, IOPL, VIF, VIP untouched, VM never */
    cpu_set_eflags(&cpu, FLAG_IF);
    frame(HANDLER, U_CODE, FLAG_IOPL | FLAG_VIP | FLAG_VIF | FLAG_VM | FLAG_AC | FLAG_CF, 0, 0);
    assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    assert_int_equal(cpu_eflags(&cpu), FLAG_IF | FLAG_AC | FLAG_CF | FLAG_FIXED);
    assert_int_equal(cpu.gpr[GPR_ESP], STACK3 + 12);
    /* inner ring from ring 3 */
    frame(HANDLER, K_CODE, 2, 0, 0);
    ASSERT_FAULT(RUN(emul_iret, 0xcf), VEC_GP, K_CODE);
}

/* Returning to a 16-bit stack loads SP only: the upper half of the kernel's ESP stays (what Linux
 * calls espfix). */
static void test_iret_to_16bit_stack(void **state)
{
    (void)state;
    put_desc(GDT + S_SMALL, DATA, 0xffff, 0xf3, 0);
    frame(HANDLER, U_CODE, 2, 0x12345678, S_SMALL | 3);
    assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    assert_int_equal(cpu.gpr[GPR_ESP], ((STACK0 - 0x800) & 0xffff0000) | 0x5678);
    assert_false(cpu.mode & MODE_FLAT || cpu.mode & MODE_STACK32);
}

static void test_sysenter(void **state)
{
    (void)state;
    to_ring(3);
    cpu_set_eflags(&cpu, FLAG_IF | FLAG_CF);
    ASSERT_FAULT(RUN(emul_sysenter, 0x0f, 0x34), VEC_GP, 0);
    cpu.sysenter_cs = K_CODE;
    cpu.sysenter_esp = STACK0;
    cpu.sysenter_eip = HANDLER;
    assert_int_equal(RUN(emul_sysenter, 0x0f, 0x34), LIGHT_JUMP);
    assert_int_equal(cpu.cpl, 0);
    assert_int_equal(cpu.eip, HANDLER);
    assert_int_equal(cpu.gpr[GPR_ESP], STACK0);
    assert_int_equal(cpu.iff, 0);
    assert_int_equal(cpu.arith, FLAG_CF);
    assert_int_equal(cpu.seg[SEG_CS].selector, K_CODE);
    assert_int_equal(cpu.seg[SEG_SS].selector, K_DATA);
    assert_int_equal(cpu.seg[SEG_CS].access, 0x9b);
    assert_int_equal(cpu.seg[SEG_SS].access, 0x93);
    assert_true(cpu.mode & MODE_FLAT);
    cpu.gpr[GPR_EDX] = CODE;
    cpu.gpr[GPR_ECX] = STACK3;
    assert_int_equal(RUN(emul_sysexit, 0x0f, 0x35), LIGHT_JUMP);
    assert_int_equal(cpu.cpl, 3);
    assert_int_equal(cpu.seg[SEG_CS].selector, U_CODE);
    assert_int_equal(cpu.seg[SEG_SS].selector, U_DATA);
    assert_int_equal(cpu.seg[SEG_CS].access, 0xfb);
    assert_int_equal(cpu.eip, CODE);
    assert_int_equal(cpu.gpr[GPR_ESP], STACK3);
    ASSERT_FAULT(RUN(emul_sysexit, 0x0f, 0x35), VEC_GP, 0);
}

/* ---- ring.c ---- */

struct trial {
    bool is_iret, has_error;
    enum event_kind kind;
};

static enum light_result try_it(const struct trial *trial)
{
    const struct fault event = {.vector = 0x80, .has_error = trial->has_error, .error = 7};
    return trial->is_iret ? RUN(emul_iret, 0xcf) : emul_deliver(&cpu, trial->kind, event);
}

/* Tables and frames of nearly the usual shape. */
static struct trial arrange(void)
{
    const unsigned cpl = rand() & 1 ? 3 : 0;
    const struct trial trial = {rand() & 1, rand() & 1, rand() % 3};
    cpu.tr.access = rand() & 15 ? 0x8b : 0x83;
    cpu.cr0 = CR0_PE | CR0_ET | (rand() & 1 ? CR0_PG : 0) | (rand() & 1 ? CR0_WP : 0);
    cpu.eip = CODE + (rand() & 0xff);
    cpu_set_eflags(&cpu, (uint32_t)rand() & 0x3f7fd7 & ~(uint32_t)(FLAG_VM | FLAG_NT));
    if (rand() & 3) {
        cpu.sysflags &= ~(uint32_t)FLAG_TF;
    }
    put_idt(0x80, rand() & 7 ? K_CODE : S_CONFORMING, HANDLER, 0xe6 | (rand() & 9));
    poke(TSS + TSS32_ESP0, 4, STACK0 - (rand() & 0x3f) * (rand() & 1 ? 4 : 1));
    poke(TSS + TSS32_ESP0 + 4, 2, rand() & 15 ? K_DATA : S_READONLY);
    put_desc(GDT + K_DATA, 0, 0xfffff, rand() & 15 ? 0x93 : 0x13, 0xc);
    put_desc(GDT + (U_CODE & ~3), 0, 0xfffff, rand() & 15 ? 0xfb : 0xfa, 0xc);
    to_ring(trial.is_iret ? 0 : cpl);
    cpu.gpr[GPR_ESP] = STACK0 - (rand() & 1 ? 0x800 : 0x1000 - 4) - (rand() & 63);
    set_segment(SEG_FS, rand() & 1 ? K_DATA : U_DATA);
    set_segment(SEG_DS, rand() & 7 ? U_DATA : K_DATA);
    cpu_update_mode(&cpu);
    frame(HANDLER, cpl ? U_CODE : K_CODE,
          (uint32_t)rand() & ~(uint32_t)(FLAG_VM | (rand() & 3 ? FLAG_TF | FLAG_AC : 0)), STACK3,
          rand() & 15 ? U_DATA : S_READONLY);
    return trial;
}

static void assert_same_machine(const struct cpu *other)
{
    assert_memory_equal(&cpu.seg, &other->seg, sizeof(cpu.seg));
    assert_memory_equal(&cpu.gpr, &other->gpr, sizeof(cpu.gpr));
    assert_memory_equal(&cpu.seg_base_ptr, &other->seg_base_ptr, sizeof(cpu.seg_base_ptr));
    assert_memory_equal(&cpu.reach, &other->reach, sizeof(cpu.reach));
    assert_int_equal(cpu_eflags(&cpu), cpu_eflags(other));
    assert_int_equal(cpu.mode, other->mode);
    assert_int_equal(cpu.cpl, other->cpl);
    assert_int_equal(cpu.eip, other->eip);
}

/* The way taken for the first time, the way remembered and the long way must leave the same machine
 * behind, and the same tables, stack and exit. */
static void test_quick_way_is_the_long_way(void **state)
{
    (void)state;
    enum { KEEP = STACK0 + 0x1000 };
    static struct cpu start, quick;
    static uint8_t memory[KEEP], after[KEEP];
    srand(1986);
    n_matches = 0;
    for (unsigned i = 0; i < 20000; i++) {
        const struct trial trial = arrange();
        start = cpu;
        memcpy(memory, ram, KEEP);
        const enum light_result result = try_it(&trial);
        memcpy(after, ram, KEEP);
        for (unsigned turn = 0; turn < 3; turn++) {
            quick = cpu;
            memcpy(ram, memory, KEEP);
            cpu = start;
            if (turn < 2) { /* what it has learned by now */
                memcpy(cpu.way_in, quick.way_in, sizeof(cpu.way_in));
                memcpy(cpu.way_out, quick.way_out, sizeof(cpu.way_out));
                memcpy(cpu.acc_warm, quick.acc_warm, sizeof(cpu.acc_warm));
            }
            cpu.no_rings = turn == 2;
            assert_int_equal(try_it(&trial), result);
            cpu.no_rings = false;
            assert_same_machine(&quick);
            assert_memory_equal(ram, after, KEEP);
        }
    }
    assert_true(n_matches > 10000);
}

/* What a remembered way stands on changes between two uses of it. */
static void test_way_is_compared(void **state)
{
    (void)state;
    static struct cpu start;
    put_idt(0x80, K_CODE, HANDLER, 0xee);
    to_ring(3);
    start = cpu;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(RUN(emul_int, 0xcd, 0x80), LIGHT_JUMP);
        assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    }
    assert_true(cpu.way_in[1][0x80].generation == cpu.way_generation);
    assert_true(cpu.way_out[3].generation == cpu.way_generation);
    const unsigned before = n_matches;
    assert_int_equal(RUN(emul_int, 0xcd, 0x80), LIGHT_JUMP);
    assert_int_equal(n_matches, before + 1);
    assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    assert_int_equal(n_matches, before + 2);

    /* the gate */
    put_idt(0x80, K_CODE, HANDLER + 8, 0xef);
    assert_int_equal(RUN(emul_int, 0xcd, 0x80), LIGHT_JUMP);
    assert_int_equal(cpu.eip, HANDLER + 8);
    assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    put_idt(0x80, K_CODE, HANDLER, 0x8e);
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x80), VEC_GP, 0x80 * 8 + 2);
    put_idt(0x80, K_CODE, HANDLER, 0xee);
    /* CS, SS */
    put_desc(GDT + K_CODE, 0, 0xfffff, 0x1b, 0xc);
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x80), VEC_NP, K_CODE);
    put_desc(GDT + K_CODE, 0, 0xfffff, 0x9b, 0xc);
    put_desc(GDT + K_DATA, 0, 0xfffff, 0x13, 0xc);
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x80), VEC_SS, K_DATA);
    put_desc(GDT + K_DATA, 0, 0xfffff, 0x93, 0xc);
    /* SS0, ESP0 */
    poke(TSS + TSS32_ESP0 + 4, 2, U_DATA);
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x80), VEC_TS, U_DATA & ~3);
    poke(TSS + TSS32_ESP0 + 4, 2, K_DATA);
    poke(TSS + TSS32_ESP0, 4, STACK0 - 0x100);
    assert_int_equal(RUN(emul_int, 0xcd, 0x80), LIGHT_JUMP);
    assert_int_equal(cpu.gpr[GPR_ESP], STACK0 - 0x100 - 20);
    assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    poke(TSS + TSS32_ESP0, 4, STACK0);
    /* a page that goes: of the stack, of the tables */
    page_readonly[(STACK0 - 4) >> 12] = true;
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x80), VEC_PF, PF_W);
    page_readonly[(STACK0 - 4) >> 12] = false;
    page_absent[TSS >> 12] = true;
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x80), VEC_PF, 0);
    page_absent[TSS >> 12] = false;
    page_absent[GDT >> 12] = true;
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x80), VEC_PF, 0);
    page_absent[GDT >> 12] = false;
    /* what closes it: IDTR, GDTR, TR */
    cpu.gpr[GPR_ESP] = STACK3;
    assert_int_equal(RUN(emul_int, 0xcd, 0x80), LIGHT_JUMP);
    poke(DATA, 2, 0x3ff);
    poke(DATA + 2, 4, IDT);
    assert_int_equal(RUN(emul_lidt, 0x0f, 0x01, 0x1d, 0, 0, DATA >> 16, 0), LIGHT_NEXT);
    assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    ASSERT_FAULT(RUN(emul_int, 0xcd, 0x80), VEC_GP, 0x80 * 8 + 2);
    cpu.idtr.limit = 0x7ff;
    assert_int_equal(RUN(emul_int, 0xcd, 0x80), LIGHT_JUMP);
    poke(DATA, 2, U_CODE & ~7);
    poke(DATA + 2, 4, GDT);
    assert_int_equal(RUN(emul_lgdt, 0x0f, 0x01, 0x15, 0, 0, DATA >> 16, 0), LIGHT_NEXT);
    ASSERT_FAULT(RUN(emul_iret, 0xcf), VEC_GP, U_CODE & ~3);
    cpu.gdtr.limit = GDT_LIMIT;
    /* IRET: the descriptors */
    put_desc(GDT + (U_DATA & ~3), 0, 0xfffff, 0xf1, 0xc);
    ASSERT_FAULT(RUN(emul_iret, 0xcf), VEC_GP, U_DATA & ~3);
    put_desc(GDT + (U_DATA & ~3), 0, 0xfffff, 0xf3, 0xc);
    put_desc(GDT + (U_CODE & ~3), 0, 0xfffff, 0x7b, 0xc);
    ASSERT_FAULT(RUN(emul_iret, 0xcf), VEC_NP, U_CODE & ~3);
    put_desc(GDT + (U_CODE & ~3), 0, 0xfffff, 0xfb, 0xc);
    assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    assert_int_equal(cpu.cpl, 3);
    assert_memory_equal(&cpu.seg[SEG_SS], &start.seg[SEG_SS], sizeof(cpu.seg[0]));
    put_desc(GDT + S_TSS, TSS + 0x40, 0x67, 0x89, 0);
    poke(TSS + 0x40 + TSS32_ESP0, 4, STACK0 - 0x200);
    poke(TSS + 0x40 + TSS32_ESP0 + 4, 4, K_DATA);
    assert_int_equal(RUN(emul_int, 0xcd, 0x80), LIGHT_JUMP);
    cpu.gpr[GPR_EAX] = S_TSS;
    assert_int_equal(RUN(emul_ltr, 0x0f, 0x00, 0xd8), LIGHT_NEXT);
    assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    assert_int_equal(RUN(emul_int, 0xcd, 0x80), LIGHT_JUMP);
    assert_int_equal(cpu.gpr[GPR_ESP], STACK0 - 0x200 - 20);
}

/* ---- known.c ---- */

static bool knows;
static enum light_result load_known_first(struct cpu *c, const struct insn *insn)
{
    const bool pops = insn->opcode != 0x8e;
    if (emul_load_known(c, insn, pops)) {
        knows = true;
        return LIGHT_NEXT;
    }
    return pops ? emul_pop_seg(c, insn) : emul_mov_to_seg(c, insn);
}

static enum light_result load_it(emul_fn *way, enum seg seg, bool pops)
{
    switch (pops ? seg : N_SEG) {
    case SEG_ES:
        return RUN(way, 0x07);
    case SEG_DS:
        return RUN(way, 0x1f);
    case SEG_FS:
        return RUN(way, 0x0f, 0xa1);
    case SEG_GS:
        return RUN(way, 0x0f, 0xa9);
    default:
        return RUN(way, 0x8e, (uint8_t)(0xc0 | seg << 3));
    }
}

/* One register is loaded again and again, with few selectors whose descriptors change now and then:
 * with and without what is known, the same machine. */
static void test_known_load_is_the_load(void **state)
{
    (void)state;
    static const enum seg segs[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};
    static const uint16_t selectors[] = {0,          3, K_DATA, U_DATA, U_DATA & ~3, S_CONFORMING,
                                         S_SMALL | 3};
    static const uint8_t rights[] = {0x93, 0xf3, 0xf2, 0x73, 0xf1, 0x9f, 0xf7};
    static struct cpu start, known;
    unsigned n_known = 0;
    srand(386);
    for (unsigned i = 0; i < 30000; i++) {
        const enum seg seg = segs[rand() & 3];
        const bool pops = rand() & 1;
        const uint16_t selector = selectors[rand() % ARRAY_SIZE(selectors)];
        if (rand() % 64 == 0) {
            to_ring(rand() & 3 ? 0 : 3);
            cpu.gpr[GPR_ESP] = STACK0 - 0x800;
        }
        if (rand() % 8 == 0) {
            put_desc(GDT + (selectors[2 + rand() % 5] & ~7u), rand() & 1 ? 0 : DATA, 0xfffff,
                     rights[rand() % ARRAY_SIZE(rights)], 0xc);
        }
        if (rand() % 256 == 0) {
            cpu.gdtr.limit = rand() & 3 ? GDT_LIMIT : K_DATA + 7;
            cpu_close_ways(&cpu); /* as LGDT does, with the keys */
            for (unsigned k = 0; k < N_SEG; k++) {
                cpu.seg_key[k] = CPU_NO_KEY;
            }
        }
        cpu.gpr[GPR_EAX] = selector | 0xabcd0000;
        poke(cpu_reg(&cpu, GPR_ESP), 4, selector | 0x12340000);
        cpu.eip = CODE;
        start = cpu;
        const uint64_t desc = *(const uint64_t *)(ram + GDT + (selector & ~7u));
        knows = false;
        const enum light_result result = load_it(load_known_first, seg, pops);
        n_known += knows;
        known = cpu;
        memcpy(ram + GDT + (selector & ~7u), &desc, 8);
        cpu = start;
        assert_int_equal(load_it(pops ? emul_pop_seg : emul_mov_to_seg, seg, pops), result);
        assert_same_machine(&known);
        assert_int_equal(cpu.seg_key[seg], known.seg_key[seg]);
        if (cpu.seg_key[seg] != CPU_NO_KEY) {
            assert_int_equal(cpu.seg_lin[seg], known.seg_lin[seg]);
            assert_true(cpu.seg_raw[seg] == known.seg_raw[seg]);
        }
        cpu = known;
    }
    assert_in_range(n_known, 3000, 30000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_int80_and_iret, emul_setup),
        cmocka_unit_test_setup(test_int_faults, emul_setup),
        cmocka_unit_test_setup(test_frame_crosses_page, emul_setup),
        cmocka_unit_test_setup(test_page_fault_same_ring, emul_setup),
        cmocka_unit_test_setup(test_external_interrupt_pushes_no_rf, emul_setup),
        cmocka_unit_test_setup(test_gate16_and_conforming, emul_setup),
        cmocka_unit_test_setup(test_double_and_triple_fault, emul_setup),
        cmocka_unit_test_setup(test_page_fault_during_page_fault, emul_setup),
        cmocka_unit_test_setup(test_v86_to_ring0_and_back, emul_setup),
        cmocka_unit_test_setup(test_v86_redirected, emul_setup),
        cmocka_unit_test_setup(test_real_mode, emul_setup),
        cmocka_unit_test_setup(test_into_and_icebp, emul_setup),
        cmocka_unit_test_setup(test_iret_checks, emul_setup),
        cmocka_unit_test_setup(test_iret_flags_and_segments, emul_setup),
        cmocka_unit_test_setup(test_iret_to_16bit_stack, emul_setup),
        cmocka_unit_test_setup(test_sysenter, emul_setup),
        cmocka_unit_test_setup(test_quick_way_is_the_long_way, emul_setup),
        cmocka_unit_test_setup(test_way_is_compared, emul_setup),
        cmocka_unit_test_setup(test_known_load_is_the_load, emul_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
