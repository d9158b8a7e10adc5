/* test_emul_far.c - segment loads, far transfers, call gates, task switches, inquiries. */
#include "test_emul.h"

static void mov_ax(uint32_t value)
{
    cpu.gpr[GPR_EAX] = value;
}

static void test_load_data_segment(void **state)
{
    (void)state;
    to_ring(3);
    mov_ax(U_DATA);
    assert_int_equal(RUN(emul_mov_to_seg, 0x8e, 0xd8), LIGHT_NEXT); /* mov %eax, %ds */
    mov_ax(0xf8 | 3);
    ASSERT_FAULT(RUN(emul_mov_to_seg, 0x8e, 0xd8), VEC_GP, 0xf8);
    mov_ax(K_DATA);
    ASSERT_FAULT(RUN(emul_mov_to_seg, 0x8e, 0xd8), VEC_GP, K_DATA);
    mov_ax(S_EXECONLY);
    ASSERT_FAULT(RUN(emul_mov_to_seg, 0x8e, 0xd8), VEC_GP, S_EXECONLY);
    mov_ax(S_TSS);
    ASSERT_FAULT(RUN(emul_mov_to_seg, 0x8e, 0xd8), VEC_GP, S_TSS);
    mov_ax(S_ABSENT | 3);
    ASSERT_FAULT(RUN(emul_mov_to_seg, 0x8e, 0xd8), VEC_NP, S_ABSENT);
    mov_ax(0x24 | 3); /* LDT beyond its limit */
    ASSERT_FAULT(RUN(emul_mov_to_seg, 0x8e, 0xd8), VEC_GP, 0x24);
    cpu.ldtr.access = 0;
    mov_ax(0x0c | 3);
    ASSERT_FAULT(RUN(emul_mov_to_seg, 0x8e, 0xd8), VEC_GP, 0x0c);
    mov_ax(S_CONFORMING | 3); /* conforming code, DPL 0: allowed */
    assert_int_equal(RUN(emul_mov_to_seg, 0x8e, 0xe0), LIGHT_NEXT); /* fs */
    mov_ax(3);
    assert_int_equal(RUN(emul_mov_to_seg, 0x8e, 0xe8), LIGHT_NEXT); /* gs: null with an RPL */
    assert_int_equal(cpu.seg[SEG_GS].selector, 3);
    assert_int_equal(cpu.seg[SEG_GS].access, 0);
    assert_int_equal(cpu.seg_base_ptr[SEG_GS], cpu.poison_ptr);
    mov_ax(S_UNACCESSED | 3);
    assert_int_equal(RUN(emul_mov_to_seg, 0x8e, 0xe8), LIGHT_NEXT);
    assert_int_equal(peek(GDT + S_UNACCESSED + 5, 1), 0xf3);
    assert_int_equal(cpu.seg[SEG_GS].access, 0xf3);
    assert_ptr_equal(cpu.seg_base_ptr[SEG_GS], &cpu.seg[SEG_GS].base);
    mov_ax(S_SMALL | 3); /* ds no longer flat: the mode changes */
    assert_int_equal(RUN(emul_mov_to_seg, 0x8e, 0xd8), LIGHT_JUMP);
    assert_int_equal(cpu.eip, CODE + 2);
    assert_false(cpu.mode & MODE_FLAT);
}

static void test_load_ss(void **state)
{
    (void)state;
    to_ring(3);
    mov_ax(3);
    ASSERT_FAULT(RUN(emul_mov_to_seg, 0x8e, 0xd0), VEC_GP, 0);
    mov_ax(U_DATA & ~3);
    ASSERT_FAULT(RUN(emul_mov_to_seg, 0x8e, 0xd0), VEC_GP, U_DATA & ~3);
    mov_ax(S_READONLY | 3);
    ASSERT_FAULT(RUN(emul_mov_to_seg, 0x8e, 0xd0), VEC_GP, S_READONLY);
    mov_ax(S_ABSENT | 3);
    ASSERT_FAULT(RUN(emul_mov_to_seg, 0x8e, 0xd0), VEC_SS, S_ABSENT);
    mov_ax(U_DATA);
    assert_false(cpu.interrupt_shadow);
    assert_int_equal(RUN(emul_mov_to_seg, 0x8e, 0xd0), LIGHT_NEXT);
    assert_true(cpu.interrupt_shadow);
}

static void test_push_pop_seg(void **state)
{
    (void)state;
    const uint32_t esp = cpu_reg(&cpu, GPR_ESP);
    poke(esp - 4, 4, 0xffffffff);
    assert_int_equal(RUN(emul_push_seg, 0x0e), LIGHT_NEXT); /* push %cs */
    assert_int_equal(peek(esp - 4, 4), K_CODE);
    cpu.gpr[GPR_ESP] = esp;
    assert_int_equal(RUN(emul_push_seg, 0x66, 0x0f, 0xa8), LIGHT_NEXT); /* pushw %gs */
    assert_int_equal(cpu.gpr[GPR_ESP], esp - 2);
    poke(esp - 2, 2, U_DATA);
    assert_int_equal(RUN(emul_pop_seg, 0x66, 0x0f, 0xa1), LIGHT_NEXT); /* popw %fs */
    assert_int_equal(cpu.gpr[GPR_ESP], esp);
    assert_int_equal(cpu.seg[SEG_FS].selector, U_DATA);
    poke(esp, 4, 0xf8);
    ASSERT_FAULT(RUN(emul_pop_seg, 0x07), VEC_GP, 0xf8);
    /* mov from: 32-bit register zero-extended, memory 16 bits */
    cpu.gpr[GPR_ECX] = ~0u;
    assert_int_equal(RUN(emul_mov_from_seg, 0x8c, 0xd9), LIGHT_NEXT); /* mov %ds, %ecx */
    assert_int_equal(cpu.gpr[GPR_ECX], U_DATA);
    poke(DATA, 4, ~0u);
    assert_int_equal(RUN(emul_mov_from_seg, 0x8c, 0x1d, 0, 0, 4, 0), LIGHT_NEXT);
    assert_int_equal(peek(DATA, 4), 0xffff0000 | U_DATA);
    /* lgs */
    poke(DATA, 4, 0x11223344);
    poke(DATA + 4, 2, U_DATA);
    assert_int_equal(RUN(emul_load_far, 0x0f, 0xb5, 0x0d, 0, 0, 4, 0), LIGHT_NEXT);
    assert_int_equal(cpu.gpr[GPR_ECX], 0x11223344);
    assert_int_equal(cpu.seg[SEG_GS].selector, U_DATA);
    poke(DATA + 4, 2, 0xf8);
    ASSERT_FAULT(RUN(emul_load_far, 0xc4, 0x0d, 0, 0, 4, 0), VEC_GP, 0xf8);
}

static void test_operand_checks(void **state)
{
    (void)state;
    uint32_t lin;
    set_segment(SEG_DS, S_SMALL);
    assert_int_equal(emul_segment_lin(&cpu, SEG_DS, 0xffc, 4, true, &lin), 0);
    assert_int_equal(lin, DATA + 0xffc);
    assert_int_equal(emul_segment_lin(&cpu, SEG_DS, 0xffd, 4, true, &lin), -1);
    assert_int_equal(cpu.fault.vector, VEC_GP);
    set_segment(SEG_DS, S_DOWN);
    assert_int_equal(emul_segment_lin(&cpu, SEG_DS, 0xfff, 1, true, &lin), -1);
    assert_int_equal(emul_segment_lin(&cpu, SEG_DS, 0x1000, 1, true, &lin), 0);
    assert_int_equal(emul_segment_lin(&cpu, SEG_DS, 0xfffffffe, 4, true, &lin), -1);
    cpu.seg[SEG_DS].big = 0;
    assert_int_equal(emul_segment_lin(&cpu, SEG_DS, 0xffff, 1, true, &lin), 0);
    assert_int_equal(emul_segment_lin(&cpu, SEG_DS, 0x10000, 1, true, &lin), -1);
    set_segment(SEG_DS, S_READONLY);
    assert_int_equal(emul_segment_lin(&cpu, SEG_DS, 0, 4, false, &lin), 0);
    assert_int_equal(emul_segment_lin(&cpu, SEG_DS, 0, 4, true, &lin), -1);
    assert_int_equal(emul_segment_lin(&cpu, SEG_CS, 0, 4, false, &lin), 0);
    assert_int_equal(emul_segment_lin(&cpu, SEG_CS, 0, 4, true, &lin), -1);
    cpu.seg[SEG_DS] = (struct segment){0};
    assert_int_equal(emul_segment_lin(&cpu, SEG_DS, 0, 1, false, &lin), -1);
    set_segment(SEG_SS, S_SMALL);
    assert_int_equal(emul_segment_lin(&cpu, SEG_SS, 0x1000, 1, false, &lin), -1);
    assert_int_equal(cpu.fault.vector, VEC_SS);
}

static void test_far_jmp(void **state)
{
    (void)state;
    assert_int_equal(RUN(emul_far_jmp, 0xea, 0, 0, 5, 0, K_CODE, 0), LIGHT_JUMP);
    assert_int_equal(cpu.eip, HANDLER);
    ASSERT_FAULT(RUN(emul_far_jmp, 0xea, 0, 0, 5, 0, 0, 0), VEC_GP, 0);
    ASSERT_FAULT(RUN(emul_far_jmp, 0xea, 0, 0, 5, 0, K_DATA, 0), VEC_GP, K_DATA);
    ASSERT_FAULT(RUN(emul_far_jmp, 0xea, 0, 0, 5, 0, U_CODE, 0), VEC_GP, U_CODE & ~3);
    ASSERT_FAULT(RUN(emul_far_jmp, 0xea, 0, 0, 5, 0, K_CODE16, 0), VEC_GP, 0); /* beyond limit */
    /* into 16-bit code: CS.D */
    assert_int_equal(RUN(emul_far_jmp, 0xea, 0x34, 0x12, 0, 0, K_CODE16, 0), LIGHT_JUMP);
    assert_int_equal(cpu.eip, 0x1234);
    assert_false(cpu.mode & MODE_CODE32);
    to_ring(3);
    cpu.eip = CODE;
    ASSERT_FAULT(RUN(emul_far_jmp, 0xea, 0, 0, 5, 0, K_CODE, 0), VEC_GP, K_CODE);
    assert_int_equal(RUN(emul_far_jmp, 0xea, 0, 0, 5, 0, S_CONFORMING, 0), LIGHT_JUMP);
    assert_int_equal(cpu.seg[SEG_CS].selector, S_CONFORMING | 3);
    assert_int_equal(cpu.cpl, 3);
    /* a jump through a gate may not change the ring */
    ASSERT_FAULT(RUN(emul_far_jmp, 0xea, 0, 0, 0, 0, S_GATE, 0), VEC_GP, K_CODE);
}

static void test_call_gate_and_ret(void **state)
{
    (void)state;
    to_ring(3);
    poke(STACK3, 4, 0x1111);
    poke(STACK3 + 4, 4, 0x2222);
    const struct snapshot before = take();
    assert_int_equal(RUN(emul_far_call, 0x9a, 1, 2, 3, 4, S_GATE, 0), LIGHT_JUMP);
    assert_int_equal(cpu.cpl, 0);
    assert_int_equal(cpu.eip, HANDLER);
    const uint32_t frame[6] = {CODE + 7, U_CODE, 0x1111, 0x2222, STACK3, U_DATA};
    assert_int_equal(cpu.gpr[GPR_ESP], STACK0 - 24);
    assert_memory_equal(ram + STACK0 - 24, frame, sizeof(frame));
    /* lret $8 releases the parameters on both stacks */
    assert_int_equal(RUN(emul_far_ret, 0xca, 8, 0), LIGHT_JUMP);
    assert_int_equal(cpu.cpl, 3);
    assert_int_equal(cpu.eip, CODE + 7);
    assert_int_equal(cpu.gpr[GPR_ESP], STACK3 + 8);
    assert_memory_equal(cpu.seg, before.seg, sizeof(before.seg));
    /* faults of the gate */
    cpu.eip = CODE;
    put_gate(GDT + (S_GATE & ~3), K_CODE, HANDLER, 0x8c, 0);
    ASSERT_FAULT(RUN(emul_far_call, 0x9a, 1, 2, 3, 4, S_GATE, 0), VEC_GP, S_GATE & ~3);
    put_gate(GDT + (S_GATE & ~3), K_CODE, HANDLER, 0x6c, 0);
    ASSERT_FAULT(RUN(emul_far_call, 0x9a, 1, 2, 3, 4, S_GATE, 0), VEC_NP, S_GATE & ~3);
    put_gate(GDT + (S_GATE & ~3), K_DATA, HANDLER, 0xec, 0);
    ASSERT_FAULT(RUN(emul_far_call, 0x9a, 1, 2, 3, 4, S_GATE, 0), VEC_GP, K_DATA);
    put_gate(GDT + (S_GATE & ~3), K_CODE, HANDLER, 0xec, 0);
    poke(TSS + 8, 4, 0xf8);
    ASSERT_FAULT(RUN(emul_far_call, 0x9a, 1, 2, 3, 4, S_GATE, 0), VEC_TS, 0xf8);
}

static void test_far_call_same_ring(void **state)
{
    (void)state;
    const uint32_t esp = cpu_reg(&cpu, GPR_ESP);
    assert_int_equal(RUN(emul_far_call, 0x9a, 0, 0, 5, 0, K_CODE, 0), LIGHT_JUMP);
    assert_int_equal(peek(esp - 4, 4), K_CODE);
    assert_int_equal(peek(esp - 8, 4), CODE + 7);
    assert_int_equal(RUN(emul_far_ret, 0xcb), LIGHT_JUMP);
    assert_int_equal(cpu.eip, CODE + 7);
    assert_int_equal(cpu.gpr[GPR_ESP], esp);
    page_absent[(esp - 8) >> 12] = true;
    ASSERT_FAULT(RUN(emul_far_call, 0x9a, 0, 0, 5, 0, K_CODE, 0), VEC_PF, PF_W);
}

static void test_real_far(void **state)
{
    (void)state;
    to_real();
    assert_int_equal(RUN(emul_far_call, 0x9a, 0x34, 0x12, 0, 0x20), LIGHT_JUMP);
    assert_int_equal(cpu.eip, 0x1234);
    assert_int_equal(cpu.seg[SEG_CS].base, 0x20000);
    assert_int_equal(peek(0x12000 + 0x7fe, 2), 0x1100);
    assert_int_equal(peek(0x12000 + 0x7fc, 2), 0x105);
    assert_int_equal(RUN(emul_far_ret, 0xcb), LIGHT_JUMP);
    assert_int_equal(cpu.eip, 0x105);
    /* unreal mode: a load keeps the limit */
    cpu.seg[SEG_DS].limit = UINT32_MAX;
    cpu.gpr[GPR_EAX] = 0x4000;
    RUN(emul_mov_to_seg, 0x8e, 0xd8);
    assert_int_equal(cpu.seg[SEG_DS].base, 0x40000);
    assert_int_equal(cpu.seg[SEG_DS].limit, UINT32_MAX);
}

static void prepare_tss2(void)
{
    for (unsigned i = 0; i < N_GPR; i++) {
        poke(TSS2 + TSS32_EAX + i * 4, 4, 0x1000 + i);
    }
    for (unsigned i = 0; i < N_SEG; i++) {
        poke(TSS2 + TSS32_ES + i * 4, 2, U_DATA);
    }
    poke(TSS2 + TSS32_ES + SEG_CS * 4, 2, U_CODE);
    poke(TSS2 + TSS32_EIP, 4, HANDLER);
    poke(TSS2 + TSS32_EFLAGS, 4, FLAG_IF | FLAG_FIXED);
    poke(TSS2 + TSS32_LDT, 2, S_LDT);
    poke(TSS2 + TSS32_CR3, 4, 0x7000);
}

static void test_task_jmp(void **state)
{
    (void)state;
    prepare_tss2();
    cpu.cr0 |= CR0_PG;
    const unsigned n_loads = n_cr3_loads;
    cpu.dr[7] = DR7_FIXED | 1;
    assert_int_equal(RUN(emul_far_jmp, 0xea, 0, 0, 0, 0, S_TSS2, 0), LIGHT_JUMP);
    assert_int_equal(cpu.tr.selector, S_TSS2);
    assert_int_equal(cpu.tr.access, 0x8b);
    assert_int_equal(cpu.cpl, 3);
    assert_int_equal(cpu.eip, HANDLER);
    assert_int_equal(cpu.gpr[GPR_EDI], 0x1007);
    assert_int_equal(cpu_eflags(&cpu), FLAG_IF | FLAG_FIXED); /* no NT for JMP */
    assert_int_equal(cpu.seg[SEG_CS].selector, U_CODE);
    assert_int_equal(cpu.seg[SEG_GS].access, 0xf3);
    assert_int_equal(cpu.ldtr.base, LDT);
    assert_int_equal(cpu.cr3, 0x7000);
    assert_int_equal(n_cr3_loads, n_loads + 1);
    assert_int_equal(cpu.dr[7], DR7_FIXED);
    assert_true(cpu.cr0 & CR0_TS && cpu.mode & MODE_NM && cpu.mode & MODE_USER);
    assert_int_equal(peek(GDT + S_TSS + 5, 1), 0x89);
    assert_int_equal(peek(GDT + S_TSS2 + 5, 1), 0x8b);
    assert_int_equal(peek(TSS + TSS32_EIP, 4), CODE + 7);
    assert_int_equal(peek(TSS + TSS32_ES + SEG_CS * 4, 2), K_CODE);
    assert_int_equal(peek(TSS2, 2), 0); /* no link for JMP */
}

static void test_task_checks(void **state)
{
    (void)state;
    prepare_tss2();
    to_ring(3);
    ASSERT_FAULT(RUN(emul_far_jmp, 0xea, 0, 0, 0, 0, S_TSS2, 0), VEC_GP, S_TSS2); /* DPL 0 */
    to_ring(0);
    ASSERT_FAULT(RUN(emul_far_jmp, 0xea, 0, 0, 0, 0, S_TSS, 0), VEC_GP, S_TSS); /* busy */
    put_desc(GDT + S_TSS2, TSS2, 0x66, 0x89, 0);
    ASSERT_FAULT(RUN(emul_far_call, 0x9a, 0, 0, 0, 0, S_TSS2, 0), VEC_TS, S_TSS2);
    put_desc(GDT + S_TSS2, TSS2, 0x67, 0x09, 0);
    ASSERT_FAULT(RUN(emul_far_call, 0x9a, 0, 0, 0, 0, S_TSS2, 0), VEC_NP, S_TSS2);
    put_desc(GDT + S_TSS2, TSS2, 0x67, 0x89, 0);
    page_readonly[TSS >> 12] = true; /* the old task cannot be saved */
    ASSERT_FAULT(RUN(emul_far_call, 0x9a, 0, 0, 0, 0, S_TSS2, 0), VEC_PF, PF_W);
    assert_int_equal(peek(GDT + S_TSS2 + 5, 1), 0x89);
    page_readonly[TSS >> 12] = false;
    cpu.sysflags |= FLAG_NT;
    poke(TSS, 2, S_TSS2); /* link to a task that is not busy */
    ASSERT_FAULT(RUN(emul_iret, 0xcf), VEC_TS, S_TSS2);
    cpu.sysflags = 0;
    /* a bad selector in the new task is the new task's fault: delivered there, through its IDT */
    poke(TSS2 + TSS32_ES + SEG_DS * 4, 2, K_DATA);
    poke(TSS2 + TSS32_CR3, 4, 0);
    put_idt(VEC_TS, K_CODE, HANDLER + 0x40, 0x8e);
    poke(TSS2 + TSS32_ESP0, 4, STACK0);
    poke(TSS2 + TSS32_ESP0 + 4, 4, K_DATA);
    assert_int_equal(RUN(emul_far_call, 0x9a, 0, 0, 0, 0, S_TASKGATE, 0), LIGHT_JUMP);
    assert_int_equal(cpu.tr.selector, S_TSS2);
    assert_int_equal(cpu.eip, HANDLER + 0x40);
    assert_int_equal(peek(STACK0 - 24, 4), K_DATA); /* error code */
    assert_int_equal(peek(STACK0 - 20, 4), HANDLER);
    assert_int_equal(peek(STACK0 - 16, 4), U_CODE);
}

static void test_task_16bit(void **state)
{
    (void)state;
    poke(TSS2 + TSS16_IP, 2, 0x4000);
    poke(TSS2 + TSS16_FLAGS, 2, FLAG_CF | FLAG_FIXED);
    poke(TSS2 + TSS16_AX, 2, 0x1234);
    poke(TSS2 + TSS16_AX + 2 * GPR_ESP, 2, 0x8000);
    poke(TSS2 + TSS16_ES, 2, K_DATA);
    poke(TSS2 + TSS16_ES + 2, 2, K_CODE16);
    poke(TSS2 + TSS16_ES + 4, 2, K_DATA16);
    poke(TSS2 + TSS16_ES + 6, 2, K_DATA);
    assert_int_equal(RUN(emul_far_call, 0x9a, 0, 0, 0, 0, S_TSS16, 0), LIGHT_JUMP);
    assert_int_equal(cpu.eip, 0x4000);
    assert_int_equal(cpu.gpr[GPR_EAX] & 0xffff, 0x1234);
    assert_int_equal(cpu_eflags(&cpu), FLAG_CF | FLAG_NT | FLAG_FIXED);
    assert_int_equal(cpu.seg[SEG_FS].access, 0);
    assert_int_equal(peek(TSS2, 2), S_TSS);
    assert_int_equal(RUN(emul_iret, 0xcf), LIGHT_JUMP);
    assert_int_equal(cpu.tr.selector, S_TSS);
    assert_int_equal(cpu.eip, CODE + 7);
    assert_int_equal(peek(TSS2 + TSS16_IP, 2), 0x4001);
}

static void test_ltr_lldt(void **state)
{
    (void)state;
    mov_ax(S_TSS2);
    assert_int_equal(RUN(emul_ltr, 0x0f, 0x00, 0xd8), LIGHT_NEXT);
    assert_int_equal(cpu.tr.base, TSS2);
    assert_int_equal(peek(GDT + S_TSS2 + 5, 1), 0x8b);
    ASSERT_FAULT(RUN(emul_ltr, 0x0f, 0x00, 0xd8), VEC_GP, S_TSS2); /* busy now */
    mov_ax(0);
    ASSERT_FAULT(RUN(emul_ltr, 0x0f, 0x00, 0xd8), VEC_GP, 0);
    assert_int_equal(RUN(emul_lldt, 0x0f, 0x00, 0xd0), LIGHT_NEXT);
    assert_int_equal(cpu.ldtr.access, 0);
    mov_ax(S_LDT);
    assert_int_equal(RUN(emul_lldt, 0x0f, 0x00, 0xd0), LIGHT_NEXT);
    assert_int_equal(cpu.ldtr.base, LDT);
    mov_ax(K_DATA);
    ASSERT_FAULT(RUN(emul_lldt, 0x0f, 0x00, 0xd0), VEC_GP, K_DATA);
    to_ring(3);
    ASSERT_FAULT(RUN(emul_lldt, 0x0f, 0x00, 0xd0), VEC_GP, 0);
    to_v86(3);
    ASSERT_FAULT(RUN(emul_ltr, 0x0f, 0x00, 0xd8), VEC_UD, 0);
}

static void test_tables(void **state)
{
    (void)state;
    poke(DATA, 2, 0x1ff);
    poke(DATA + 2, 4, 0xfedcba98);
    assert_int_equal(RUN(emul_lgdt, 0x0f, 0x01, 0x15, 0, 0, 4, 0), LIGHT_NEXT);
    assert_int_equal(cpu.gdtr.base, 0xfedcba98);
    assert_int_equal(cpu.gdtr.limit, 0x1ff);
    assert_int_equal(RUN(emul_lidt, 0x66, 0x0f, 0x01, 0x1d, 0, 0, 4, 0), LIGHT_NEXT);
    assert_int_equal(cpu.idtr.base, 0xdcba98);
    assert_int_equal(RUN(emul_sgdt, 0x0f, 0x01, 0x05, 0x10, 0, 4, 0), LIGHT_NEXT);
    assert_memory_equal(ram + DATA, ram + DATA + 0x10, 6);
    to_ring(3);
    ASSERT_FAULT(RUN(emul_lgdt, 0x0f, 0x01, 0x15, 0, 0, 4, 0), VEC_GP, 0);
    assert_int_equal(RUN(emul_sidt, 0x0f, 0x01, 0x0d, 0x10, 0, 4, 0), LIGHT_NEXT);
}

static void test_inquiries(void **state)
{
    (void)state;
    to_ring(3);
    mov_ax(U_CODE);
    assert_int_equal(RUN(emul_lar, 0x0f, 0x02, 0xc8), LIGHT_NEXT);
    assert_true(cpu.arith & FLAG_ZF);
    assert_int_equal(cpu.gpr[GPR_ECX] & 0xf0ff00, 0xc0fb00);
    assert_int_equal(RUN(emul_lsl, 0x0f, 0x03, 0xc8), LIGHT_NEXT);
    assert_int_equal(cpu.gpr[GPR_ECX], UINT32_MAX);
    mov_ax(K_DATA);
    RUN(emul_lsl, 0x0f, 0x03, 0xc8);
    assert_false(cpu.arith & FLAG_ZF);
    to_ring(0);
    mov_ax(S_TSS);
    RUN(emul_lsl, 0x0f, 0x03, 0xc8);
    assert_true(cpu.arith & FLAG_ZF);
    assert_int_equal(cpu.gpr[GPR_ECX], 0x2067);
    mov_ax(S_GATE & ~3);
    RUN(emul_lsl, 0x0f, 0x03, 0xc8);
    assert_false(cpu.arith & FLAG_ZF);
    RUN(emul_lar, 0x0f, 0x02, 0xc8);
    assert_true(cpu.arith & FLAG_ZF);
    RUN(emul_verr, 0x0f, 0x00, 0xe0);
    assert_false(cpu.arith & FLAG_ZF);
    mov_ax(S_READONLY);
    RUN(emul_verr, 0x0f, 0x00, 0xe0);
    assert_true(cpu.arith & FLAG_ZF);
    RUN(emul_verw, 0x0f, 0x00, 0xe8);
    assert_false(cpu.arith & FLAG_ZF);
    mov_ax(S_EXECONLY);
    RUN(emul_verr, 0x0f, 0x00, 0xe0);
    assert_false(cpu.arith & FLAG_ZF);
    mov_ax(0);
    cpu.arith = FLAG_ZF | FLAG_CF;
    RUN(emul_verr, 0x0f, 0x00, 0xe0);
    assert_int_equal(cpu.arith, FLAG_CF);
    mov_ax(0x10);
    cpu.gpr[GPR_ECX] = 3;
    RUN(emul_arpl, 0x63, 0xc8); /* arpl %cx, %ax */
    assert_int_equal(cpu.gpr[GPR_EAX], 0x13);
    assert_true(cpu.arith & FLAG_ZF);
    RUN(emul_arpl, 0x63, 0xc8);
    assert_false(cpu.arith & FLAG_ZF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_load_data_segment, emul_setup),
        cmocka_unit_test_setup(test_load_ss, emul_setup),
        cmocka_unit_test_setup(test_push_pop_seg, emul_setup),
        cmocka_unit_test_setup(test_operand_checks, emul_setup),
        cmocka_unit_test_setup(test_far_jmp, emul_setup),
        cmocka_unit_test_setup(test_call_gate_and_ret, emul_setup),
        cmocka_unit_test_setup(test_far_call_same_ring, emul_setup),
        cmocka_unit_test_setup(test_real_far, emul_setup),
        cmocka_unit_test_setup(test_task_jmp, emul_setup),
        cmocka_unit_test_setup(test_task_checks, emul_setup),
        cmocka_unit_test_setup(test_task_16bit, emul_setup),
        cmocka_unit_test_setup(test_ltr_lldt, emul_setup),
        cmocka_unit_test_setup(test_tables, emul_setup),
        cmocka_unit_test_setup(test_inquiries, emul_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
