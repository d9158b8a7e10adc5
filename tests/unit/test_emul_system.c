/* test_emul_system.c - flags, control registers, MSRs, CPUID, ports, FPU availability. */
#include "test_emul.h"

static void test_cli_sti(void **state)
{
    (void)state;
    assert_int_equal(RUN(emul_sti, 0xfb), LIGHT_NEXT);
    assert_int_equal(cpu.iff, FLAG_IF);
    assert_true(cpu.interrupt_shadow);
    cpu.interrupt_shadow = false;
    RUN(emul_sti, 0xfb); /* IF was 1: no shadow */
    assert_false(cpu.interrupt_shadow);
    assert_int_equal(RUN(emul_cli, 0xfa), LIGHT_NEXT);
    assert_int_equal(cpu.iff, 0);
    to_ring(3);
    ASSERT_FAULT(RUN(emul_cli, 0xfa), VEC_GP, 0);
    ASSERT_FAULT(RUN(emul_sti, 0xfb), VEC_GP, 0);
    cpu.cr4 = CR4_PVI;
    assert_int_equal(RUN(emul_sti, 0xfb), LIGHT_NEXT);
    assert_true(cpu.sysflags & FLAG_VIF);
    assert_int_equal(cpu.iff, 0);
    cpu.sysflags |= FLAG_VIP;
    ASSERT_FAULT(RUN(emul_sti, 0xfb), VEC_GP, 0);
    cpu.sysflags |= FLAG_IOPL;
    assert_int_equal(RUN(emul_sti, 0xfb), LIGHT_NEXT);
    assert_int_equal(cpu.iff, FLAG_IF);
    to_v86(0);
    cpu.cr4 = 0;
    ASSERT_FAULT(RUN(emul_cli, 0xfa), VEC_GP, 0);
    cpu.cr4 = CR4_VME;
    cpu.sysflags |= FLAG_VIF;
    assert_int_equal(RUN(emul_cli, 0xfa), LIGHT_NEXT);
    assert_false(cpu.sysflags & FLAG_VIF);
}

static uint32_t popf(uint32_t value, unsigned size)
{
    const uint32_t esp = cpu_reg(&cpu, GPR_ESP);
    poke(esp, 4, value);
    const enum light_result result = size == 4 ? RUN(emul_popf, 0x9d) : RUN(emul_popf, 0x66, 0x9d);
    assert_true(result == LIGHT_NEXT || result == LIGHT_JUMP);
    assert_int_equal(cpu.gpr[GPR_ESP], esp + size);
    cpu.gpr[GPR_ESP] = esp;
    return cpu_eflags(&cpu);
}

static void test_popf(void **state)
{
    (void)state;
    cpu_set_eflags(&cpu, FLAG_RF | FLAG_VIP);
    /* ring 0: everything but VM, VIF, VIP; RF cleared */
    assert_int_equal(popf(~0u & ~(uint32_t)FLAG_TF, 4), FLAGS_ARITH | FLAG_IF | FLAG_IOPL |
                                                            FLAG_NT | FLAG_AC | FLAG_ID | FLAG_VIP |
                                                            FLAG_FIXED);
    assert_int_equal(popf(0, 2), FLAG_AC | FLAG_ID | FLAG_VIP | FLAG_FIXED);
    assert_int_equal(popf(0, 4), FLAG_VIP | FLAG_FIXED);
    to_ring(3);
    cpu_set_eflags(&cpu, FLAG_IF);
    assert_int_equal(popf(FLAG_IOPL | FLAG_AC, 4), FLAG_IF | FLAG_AC | FLAG_FIXED);
    cpu_set_eflags(&cpu, FLAG_IF | FLAG_IOPL);
    assert_int_equal(popf(0, 4), FLAG_IOPL | FLAG_FIXED);
    cpu.eip = CODE;
    poke(cpu_reg(&cpu, GPR_ESP), 4, FLAG_TF);
    assert_int_equal(RUN(emul_popf, 0x9d), LIGHT_JUMP); /* other code from here on */
    assert_true(cpu.mode & MODE_STEP);
    assert_int_equal(cpu.eip, CODE + 1);
}

static void test_pushf(void **state)
{
    (void)state;
    to_ring(3);
    cpu_set_eflags(&cpu, FLAG_IF | FLAG_RF | FLAG_ZF | FLAG_ID);
    assert_int_equal(RUN(emul_pushf, 0x9c), LIGHT_NEXT);
    assert_int_equal(peek(STACK3 - 4, 4), FLAG_IF | FLAG_ZF | FLAG_ID | FLAG_FIXED);
    page_readonly[(STACK3 - 8) >> 12] = true;
    ASSERT_FAULT(RUN(emul_pushf, 0x9c), VEC_PF, PF_W | PF_U);
    to_v86(0);
    cpu.arith = 0;
    cpu.iff = 0;
    ASSERT_FAULT(RUN(emul_pushf, 0x9c), VEC_GP, 0);
    cpu.cr4 = CR4_VME;
    cpu.sysflags |= FLAG_VIF;
    assert_int_equal(RUN(emul_pushf, 0x9c), LIGHT_NEXT);
    assert_int_equal(peek(0x12000 + 0x7fe, 2), FLAG_IF | FLAG_IOPL | FLAG_FIXED);
    ASSERT_FAULT(RUN(emul_pushf, 0x66, 0x9c), VEC_GP, 0);
    poke(0x12000 + 0x7fe, 2, FLAG_TF);
    ASSERT_FAULT(RUN(emul_popf, 0x9d), VEC_GP, 0);
    poke(0x12000 + 0x7fe, 2, FLAG_CF);
    assert_int_equal(RUN(emul_popf, 0x9d), LIGHT_NEXT);
    assert_false(cpu.sysflags & FLAG_VIF);
    assert_int_equal(cpu.arith, FLAG_CF);
}

static void test_cr0(void **state)
{
    (void)state;
    cpu.gpr[GPR_EAX] = CR0_PG;
    ASSERT_FAULT(RUN(emul_mov_to_cr, 0x0f, 0x22, 0xc0), VEC_GP, 0);
    cpu.gpr[GPR_EAX] = CR0_PE | CR0_NW;
    ASSERT_FAULT(RUN(emul_mov_to_cr, 0x0f, 0x22, 0xc0), VEC_GP, 0);
    cpu.gpr[GPR_EAX] = CR0_PE | CR0_WP | CR0_TS | 1u << 20; /* ET reads 1, unknown bits 0 */
    assert_int_equal(RUN(emul_mov_to_cr, 0x0f, 0x22, 0xc0), LIGHT_JUMP);
    assert_int_equal(cpu.cr0, CR0_PE | CR0_WP | CR0_TS | CR0_ET);
    assert_true(cpu.mode & MODE_NM);
    assert_int_equal(RUN(emul_clts, 0x0f, 0x06), LIGHT_JUMP);
    assert_false(cpu.mode & MODE_NM);
    assert_int_equal(RUN(emul_clts, 0x0f, 0x06), LIGHT_NEXT);
    const unsigned n = n_paging_changes;
    cpu.gpr[GPR_EAX] = CR0_PE | CR0_PG | CR0_ET;
    bad_pdptes = true;
    ASSERT_FAULT(RUN(emul_mov_to_cr, 0x0f, 0x22, 0xc0), VEC_GP, 0);
    bad_pdptes = false;
    assert_int_equal(RUN(emul_mov_to_cr, 0x0f, 0x22, 0xc0), LIGHT_JUMP);
    assert_int_equal(n_paging_changes, n + 1);
    assert_true(cpu.mode & MODE_NOWP);
    cpu.gpr[GPR_EAX] = 0; /* LMSW cannot clear PE */
    RUN(emul_lmsw, 0x0f, 0x01, 0xf0);
    assert_true(cpu.cr0 & CR0_PE);
    cpu.gpr[GPR_EAX] = CR0_TS;
    assert_int_equal(RUN(emul_lmsw, 0x0f, 0x01, 0xf0), LIGHT_JUMP);
    assert_true(cpu.cr0 & CR0_TS);
    RUN(emul_smsw, 0x0f, 0x01, 0xe1);
    assert_int_equal(cpu.gpr[GPR_ECX], cpu.cr0);
    to_ring(3);
    ASSERT_FAULT(RUN(emul_mov_to_cr, 0x0f, 0x22, 0xc0), VEC_GP, 0);
    ASSERT_FAULT(RUN(emul_mov_from_cr, 0x0f, 0x20, 0xc0), VEC_GP, 0);
    ASSERT_FAULT(RUN(emul_clts, 0x0f, 0x06), VEC_GP, 0);
    ASSERT_FAULT(RUN(emul_lmsw, 0x0f, 0x01, 0xf0), VEC_GP, 0);
}

static void test_real_mode_and_back(void **state)
{
    (void)state;
    to_real();
    cpu.gpr[GPR_EAX] = CR0_PE | CR0_ET;
    assert_int_equal(RUN(emul_mov_to_cr, 0x0f, 0x22, 0xc0), LIGHT_JUMP);
    assert_int_equal(cpu.seg[SEG_CS].base, 0x11000); /* the old CS is still in force */
    assert_true(cpu.mode & MODE_PROT && cpu.mode & MODE_CPL0 && !(cpu.mode & MODE_CODE32));
    cpu.gdtr = (struct table_register){GDT, GDT_LIMIT};
    assert_int_equal(RUN(emul_far_jmp, 0x66, 0xea, 0, 0, 5, 0, K_CODE, 0), LIGHT_JUMP);
    assert_int_equal(cpu.eip, HANDLER);
    assert_true(cpu.mode & MODE_CODE32);
}

static void test_cr3_cr4(void **state)
{
    (void)state;
    const unsigned n = n_cr3_loads, n_changes = n_paging_changes;
    cpu.cr0 |= CR0_PG;
    cpu.gpr[GPR_EBX] = 0x123018;
    assert_int_equal(RUN(emul_mov_to_cr, 0x0f, 0x22, 0xdb), LIGHT_JUMP);
    assert_int_equal(cpu.cr3, 0x123018);
    assert_int_equal(n_cr3_loads, n + 1);
    assert_int_equal(RUN(emul_mov_from_cr, 0x0f, 0x20, 0xd9), LIGHT_NEXT);
    assert_int_equal(cpu.gpr[GPR_ECX], 0x123018);
    bad_pdptes = true;
    cpu.gpr[GPR_EBX] = 0x456000;
    ASSERT_FAULT(RUN(emul_mov_to_cr, 0x0f, 0x22, 0xdb), VEC_GP, 0);
    cpu.gpr[GPR_EAX] = CR4_PAE;
    ASSERT_FAULT(RUN(emul_mov_to_cr, 0x0f, 0x22, 0xe0), VEC_GP, 0);
    bad_pdptes = false;
    assert_int_equal(RUN(emul_mov_to_cr, 0x0f, 0x22, 0xe0), LIGHT_JUMP);
    assert_int_equal(cpu.cr4, CR4_PAE);
    assert_int_equal(n_paging_changes, n_changes + 1);
    cpu.gpr[GPR_EAX] = 1u << 18; /* OSXSAVE is not offered */
    ASSERT_FAULT(RUN(emul_mov_to_cr, 0x0f, 0x22, 0xe0), VEC_GP, 0);
    const unsigned n_inv = n_invlpgs;
    assert_int_equal(RUN(emul_invlpg, 0x0f, 0x01, 0x3d, 0, 0, 0, 0xc0), LIGHT_NEXT);
    assert_int_equal(n_invlpgs, n_inv + 1);
    to_ring(3);
    ASSERT_FAULT(RUN(emul_invlpg, 0x0f, 0x01, 0x3d, 0, 0, 0, 0xc0), VEC_GP, 0);
}

static void test_debug_registers(void **state)
{
    (void)state;
    cpu.gpr[GPR_EAX] = 0;
    RUN(emul_mov_to_dr, 0x0f, 0x23, 0xf0); /* DR6 */
    assert_int_equal(cpu.dr[6], 0xffff0ff0);
    cpu.gpr[GPR_EAX] = ~0u;
    RUN(emul_mov_to_dr, 0x0f, 0x23, 0xe0); /* DR4 = DR6 */
    assert_int_equal(cpu.dr[6], 0xffffefff);
    cpu.gpr[GPR_EAX] = 0x1;
    assert_int_equal(RUN(emul_mov_to_dr, 0x0f, 0x23, 0xf8), LIGHT_JUMP);
    assert_int_equal(cpu.dr[7], 0x401);
    assert_true(cpu.mode & MODE_STEP);
    cpu.cr4 = CR4_DE;
    ASSERT_FAULT(RUN(emul_mov_from_dr, 0x0f, 0x21, 0xe0), VEC_UD, 0);
    cpu.dr[7] |= DR7_GD;
    assert_int_equal(RUN(emul_mov_from_dr, 0x0f, 0x21, 0xc0), LIGHT_FAULT);
    assert_int_equal(cpu.fault.vector, VEC_DB);
    assert_true(cpu.dr[6] & DR6_BD);
    put_idt(VEC_DB, K_CODE, HANDLER, 0x8e);
    assert_int_equal(emul_deliver(&cpu, EVENT_EXCEPTION, cpu.fault), LIGHT_JUMP);
    assert_false(cpu.dr[7] & DR7_GD);
}

static void rdmsr(uint32_t msr)
{
    cpu.gpr[GPR_ECX] = msr;
    assert_int_equal(RUN(emul_rdmsr, 0x0f, 0x32), LIGHT_NEXT);
}
static enum light_result wrmsr(uint32_t msr, uint64_t value)
{
    cpu.gpr[GPR_ECX] = msr;
    cpu.gpr[GPR_EAX] = (uint32_t)value;
    cpu.gpr[GPR_EDX] = value >> 32;
    return RUN(emul_wrmsr, 0x0f, 0x30);
}
static uint64_t edx_eax(void)
{
    return cpu.gpr[GPR_EDX] << 32 | cpu.gpr[GPR_EAX];
}

static void test_msrs(void **state)
{
    (void)state;
    rdmsr(MSR_PAT);
    assert_true(edx_eax() == PAT_RESET);
    assert_int_equal(wrmsr(MSR_PAT, 2), LIGHT_FAULT);
    assert_int_equal(wrmsr(MSR_SYSENTER_EIP, 0xc0001234), LIGHT_NEXT);
    rdmsr(MSR_SYSENTER_EIP);
    assert_true(edx_eax() == 0xc0001234);
    rdmsr(MSR_ARCH_CAPABILITIES);
    assert_true(edx_eax() & ARCH_CAP_RDCL_NO && edx_eax() & ARCH_CAP_IBRS_ALL);
    assert_int_equal(wrmsr(MSR_ARCH_CAPABILITIES, 0), LIGHT_FAULT);
    assert_int_equal(wrmsr(MSR_SPEC_CTRL, 1), LIGHT_NEXT);
    rdmsr(MSR_SPEC_CTRL);
    assert_true(edx_eax() == 1);
    assert_int_equal(wrmsr(MSR_PRED_CMD, 1), LIGHT_NEXT);
    cpu.gpr[GPR_ECX] = MSR_PRED_CMD;
    ASSERT_FAULT(RUN(emul_rdmsr, 0x0f, 0x32), VEC_GP, 0);
    cpu.gpr[GPR_ECX] = 0x12345;
    ASSERT_FAULT(RUN(emul_rdmsr, 0x0f, 0x32), VEC_GP, 0);
    assert_int_equal(wrmsr(MSR_EFER, EFER_NXE), LIGHT_JUMP);
    assert_int_equal(wrmsr(MSR_EFER, EFER_NXE), LIGHT_NEXT);
    assert_int_equal(wrmsr(MSR_EFER, 1 << 8), LIGHT_FAULT); /* no long mode */
    assert_int_equal(wrmsr(MSR_MTRR_VAR + 1, 0xc0000800), LIGHT_NEXT);
    assert_int_equal(wrmsr(MSR_MTRR_VAR + 1, 0x1c0000800), LIGHT_FAULT);
    assert_int_equal(wrmsr(MSR_MTRR_FIX_4K + 7, 0x0606060606060606), LIGHT_NEXT);
    rdmsr(MSR_MTRR_FIX_4K + 7);
    assert_true(edx_eax() == 0x0606060606060606);
    assert_int_equal(wrmsr(MSR_TSC, 0), LIGHT_NEXT);
    RUN(emul_rdtsc, 0x0f, 0x31);
    assert_true(edx_eax() < 1000000000);
    rdmsr(MSR_TSC_ADJUST);
    const uint64_t adjust = edx_eax();
    assert_int_equal(wrmsr(MSR_TSC_ADJUST, adjust + (1ull << 40)), LIGHT_NEXT);
    RUN(emul_rdtsc, 0x0f, 0x31);
    assert_true(edx_eax() >> 40 == 1);
    to_ring(3);
    ASSERT_FAULT(RUN(emul_rdmsr, 0x0f, 0x32), VEC_GP, 0);
    assert_int_equal(wrmsr(MSR_PAT, PAT_RESET), LIGHT_FAULT);
    assert_int_equal(RUN(emul_rdtsc, 0x0f, 0x31), LIGHT_NEXT);
    cpu.cr4 = CR4_TSD;
    ASSERT_FAULT(RUN(emul_rdtsc, 0x0f, 0x31), VEC_GP, 0);
}

static void cpuid(uint32_t leaf, uint32_t index)
{
    cpu.gpr[GPR_EAX] = leaf;
    cpu.gpr[GPR_ECX] = index;
    assert_int_equal(RUN(emul_cpuid, 0x0f, 0xa2), LIGHT_NEXT);
}

static void test_cpuid(void **state)
{
    (void)state;
    cpuid(0, 0);
    assert_int_equal(cpu.gpr[GPR_EAX], 0x16);
    assert_memory_equal(&cpu.gpr[GPR_EBX], "Genu", 4);
    assert_memory_equal(&cpu.gpr[GPR_EDX], "ineI", 4);
    assert_memory_equal(&cpu.gpr[GPR_ECX], "ntel", 4);
    cpuid(1, 0);
    assert_int_equal(cpu.gpr[GPR_EAX] >> 8 & 15, 6);
    assert_true(cpu.gpr[GPR_ECX] >> 31);
    assert_false(cpu.gpr[GPR_EDX] & (1 << 9 | 1 << 7 | 1 << 14));   /* APIC, MCE, MCA */
    assert_false(cpu.gpr[GPR_ECX] & (1 << 26 | 1 << 28 | 1 << 12)); /* XSAVE, AVX, FMA */
    cpuid(0x40000000, 0);
    assert_memory_equal(&cpu.gpr[GPR_EBX], "plex", 4);
    assert_memory_equal(&cpu.gpr[GPR_ECX], "86pl", 4);
    assert_memory_equal(&cpu.gpr[GPR_EDX], "ex86", 4);
    cpuid(0x80000002, 0);
    assert_memory_equal(&cpu.gpr[GPR_EAX], "plex", 4);
    cpuid(0x15, 0);
    assert_true(cpu.gpr[GPR_EBX] / cpu.gpr[GPR_EAX] * cpu.gpr[GPR_ECX] == 2500000000u);
    cpu.tsc_hz = 5000000000ull;
    cpuid(0x15, 0);
    assert_true(cpu.gpr[GPR_EBX] / cpu.gpr[GPR_EAX] * cpu.gpr[GPR_ECX] == 5000000000ull);
    cpuid(7, 0);
    assert_true(cpu.gpr[GPR_EDX] & 1 << 29);
    cpuid(4, 9);
    assert_int_equal(cpu.gpr[GPR_EAX], 0);
    cpuid(0x80000008, 0);
    assert_int_equal(cpu.gpr[GPR_EAX] & 0xff, 32);
    cpuid(0x12345678, 0); /* as leaf 16H */
    assert_int_equal(cpu.gpr[GPR_ECX], 100);
}

static void test_ports(void **state)
{
    (void)state;
    port_value = 0x11223344;
    cpu.gpr[GPR_EAX] = 0xffffffff;
    assert_int_equal(RUN(emul_in, 0xe4, 0x60), LIGHT_NEXT);
    assert_int_equal(cpu.gpr[GPR_EAX], 0xffffff44);
    cpu.gpr[GPR_EDX] = 0x3f8;
    RUN(emul_in, 0x66, 0xed);
    assert_int_equal(cpu.gpr[GPR_EAX], 0xffff3345);
    RUN(emul_out, 0xef);
    assert_int_equal(last_out, 0xffff3345);
    ports_refuse = true;
    assert_int_equal(RUN(emul_out, 0xee), LIGHT_EXIT);
    assert_int_equal(cpu.exit_reason, EXIT_PORT);
    assert_int_equal(cpu.exit_arg[0], 0x3f8);
    assert_int_equal(cpu.exit_arg[1], 1);
    assert_int_equal(cpu.exit_arg[2], 1);
    assert_int_equal(cpu.exit_arg[3], 0x45);
    assert_int_equal(cpu.eip, CODE);
    ports_refuse = false;
    /* ring 3: the bitmap decides */
    to_ring(3);
    cpu.gpr[GPR_EDX] = 0x3f8;
    assert_int_equal(RUN(emul_in, 0xec), LIGHT_NEXT);
    poke(TSS + 0x68 + 32 + 0x3f8 / 8 + 1, 1, 1); /* port 400h is forbidden */
    assert_int_equal(RUN(emul_in, 0xec), LIGHT_NEXT);
    cpu.gpr[GPR_EDX] = 0x3ff;
    assert_int_equal(RUN(emul_in, 0xec), LIGHT_NEXT);
    ASSERT_FAULT(RUN(emul_in, 0xed), VEC_GP, 0); /* 3FF-402 */
    cpu.tr.limit = 0x68 + 32 + 0x3f8 / 8;        /* the second byte is missing */
    cpu.gpr[GPR_EDX] = 0x3f8;
    ASSERT_FAULT(RUN(emul_in, 0xec), VEC_GP, 0);
    cpu.sysflags = FLAG_IOPL;
    assert_int_equal(RUN(emul_in, 0xec), LIGHT_NEXT);
    to_v86(3); /* IOPL does not help */
    cpu.gpr[GPR_EDX] = 0x3f8;
    ASSERT_FAULT(RUN(emul_in, 0xec), VEC_GP, 0);
}

static void test_string_ports(void **state)
{
    (void)state;
    cpu.gpr[GPR_EDX] = 0x1f0;
    cpu.gpr[GPR_ECX] = 256;
    cpu.gpr[GPR_EDI] = DATA;
    assert_int_equal(RUN(emul_ins, 0xf3, 0x66, 0x6d), LIGHT_NEXT); /* rep insw */
    assert_int_equal(cpu.gpr[GPR_ECX], 0);
    assert_int_equal(cpu.gpr[GPR_EDI], DATA + 512);
    assert_int_equal(peek(DATA + 510, 2), 255);
    assert_int_equal(n_port_calls, 256);
    cpu.gpr[GPR_ECX] = 2;
    cpu.gpr[GPR_ESI] = DATA + 510;
    assert_int_equal(RUN(emul_outs, 0xf3, 0x66, 0x6f), LIGHT_NEXT);
    /* the store's fault comes before the port is read; done iterations stay done */
    cpu.gpr[GPR_ECX] = 8;
    cpu.gpr[GPR_EDI] = DATA + 0x1000 - 4;
    page_absent[(DATA >> 12) + 1] = true;
    n_port_calls = 0;
    assert_int_equal(RUN(emul_ins, 0xf3, 0x66, 0x6d), LIGHT_FAULT);
    assert_int_equal(cpu.fault.vector, VEC_PF);
    assert_int_equal(cpu.gpr[GPR_ECX], 6);
    assert_int_equal(n_port_calls, 2);
    cpu.gpr[GPR_ECX] = 0;
    assert_int_equal(RUN(emul_ins, 0xf3, 0x6c), LIGHT_NEXT);
    assert_int_equal(n_port_calls, 2);
    ports_refuse = true;
    cpu.gpr[GPR_ECX] = 3;
    cpu.gpr[GPR_EDI] = DATA;
    assert_int_equal(RUN(emul_ins, 0xf3, 0x6c), LIGHT_EXIT);
    assert_int_equal(cpu.exit_arg[2], 2);
    assert_int_equal(cpu.gpr[GPR_ECX], 3);
}

static void test_hlt(void **state)
{
    (void)state;
    assert_int_equal(RUN(emul_hlt, 0xf4), LIGHT_EXIT);
    assert_true(cpu.halted);
    assert_int_equal(cpu.exit_reason, EXIT_HLT);
    assert_int_equal(cpu.eip, CODE + 1);
    to_ring(3);
    ASSERT_FAULT(RUN(emul_hlt, 0xf4), VEC_GP, 0);
    ASSERT_FAULT(RUN(emul_wbinvd, 0x0f, 0x09), VEC_GP, 0);
}

#define CHECK_FPU(vec, ...)                                                                        \
    do {                                                                                           \
        if ((vec) < 0) {                                                                           \
            assert_int_equal(RUN(emul_fpu_check, __VA_ARGS__), LIGHT_NEXT);                        \
        } else {                                                                                   \
            assert_int_equal(RUN(emul_fpu_check, __VA_ARGS__), LIGHT_FAULT);                       \
            assert_int_equal(cpu.fault.vector, vec);                                               \
        }                                                                                          \
    } while (0)

static void check_fpu(uint32_t cr0, uint32_t cr4, int x87, int wait, int mmx, int sse, int fxsave)
{
    cpu.cr0 = CR0_PE | cr0;
    cpu.cr4 = cr4;
    CHECK_FPU(x87, 0xd9, 0xe8); /* fld1 */
    CHECK_FPU(wait, 0x9b);
    CHECK_FPU(mmx, 0x0f, 0x6f, 0xc1);             /* movq */
    CHECK_FPU(mmx, 0x0f, 0x77);                   /* emms */
    CHECK_FPU(sse, 0x66, 0x0f, 0x6f, 0xc1);       /* movdqa */
    CHECK_FPU(sse, 0x0f, 0x58, 0xc1);             /* addps */
    CHECK_FPU(sse, 0x0f, 0xae, 0x10);             /* ldmxcsr */
    CHECK_FPU(sse, 0x66, 0x0f, 0x38, 0x00, 0xc1); /* pshufb xmm */
    CHECK_FPU(mmx, 0x0f, 0x38, 0x00, 0xc1);       /* pshufb mm */
    CHECK_FPU(fxsave, 0x0f, 0xae, 0x00);
    CHECK_FPU(-1, 0x0f, 0xae, 0xe8); /* lfence */
    CHECK_FPU(-1, 0x0f, 0xc3, 0x00); /* movnti */
    CHECK_FPU(-1, 0x0f, 0x18, 0x00); /* prefetch */
}

static void test_fpu_check(void **state)
{
    (void)state;
    check_fpu(0, CR4_OSFXSR, -1, -1, -1, -1, -1);
    check_fpu(0, 0, -1, -1, -1, VEC_UD, -1);
    check_fpu(CR0_TS, CR4_OSFXSR, VEC_NM, -1, VEC_NM, VEC_NM, VEC_NM);
    check_fpu(CR0_TS | CR0_MP, CR4_OSFXSR, VEC_NM, VEC_NM, VEC_NM, VEC_NM, VEC_NM);
    check_fpu(CR0_EM, CR4_OSFXSR, VEC_NM, -1, VEC_UD, VEC_UD, VEC_NM);
    check_fpu(CR0_EM | CR0_TS, 0, VEC_NM, -1, VEC_UD, VEC_UD, VEC_NM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_cli_sti, emul_setup),
        cmocka_unit_test_setup(test_popf, emul_setup),
        cmocka_unit_test_setup(test_pushf, emul_setup),
        cmocka_unit_test_setup(test_cr0, emul_setup),
        cmocka_unit_test_setup(test_real_mode_and_back, emul_setup),
        cmocka_unit_test_setup(test_cr3_cr4, emul_setup),
        cmocka_unit_test_setup(test_debug_registers, emul_setup),
        cmocka_unit_test_setup(test_msrs, emul_setup),
        cmocka_unit_test_setup(test_cpuid, emul_setup),
        cmocka_unit_test_setup(test_ports, emul_setup),
        cmocka_unit_test_setup(test_string_ports, emul_setup),
        cmocka_unit_test_setup(test_hlt, emul_setup),
        cmocka_unit_test_setup(test_fpu_check, emul_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
