/* test_emul_string.c - string instructions, stack and near control flow in their checked forms,
 * BCD, BOUND. */
#include "test_emul.h"

#include <stdlib.h>

static void test_movs(void **state)
{
    (void)state;
    memcpy(ram + DATA, "plex86 runs", 12);
    cpu.gpr[GPR_ESI] = DATA;
    cpu.gpr[GPR_EDI] = DATA + 0x100;
    cpu.gpr[GPR_ECX] = 3;
    assert_int_equal(RUN(emul_string, 0xf3, 0xa5), LIGHT_NEXT);
    assert_string_equal(ram + DATA + 0x100, "plex86 runs");
    assert_int_equal(cpu.gpr[GPR_ESI], DATA + 12);
    assert_int_equal(cpu.gpr[GPR_EDI], DATA + 0x10c);
    assert_int_equal(cpu.gpr[GPR_ECX], 0);
    /* overlapping, byte by byte: a fill */
    cpu.gpr[GPR_ESI] = DATA;
    cpu.gpr[GPR_EDI] = DATA + 1;
    cpu.gpr[GPR_ECX] = 5;
    RUN(emul_string, 0xf3, 0xa4);
    assert_memory_equal(ram + DATA, "pppppp", 6);
    /* DF, without REP */
    cpu.arith = FLAG_DF;
    cpu.gpr[GPR_ESI] = cpu.gpr[GPR_EDI] = DATA;
    cpu.gpr[GPR_ECX] = 5;
    RUN(emul_string, 0x66, 0xa5);
    assert_int_equal(cpu.gpr[GPR_ESI], DATA - 2);
    assert_int_equal(cpu.gpr[GPR_ECX], 5);
    cpu.gpr[GPR_ECX] = 0;
    RUN(emul_string, 0xf3, 0xa5);
    assert_int_equal(cpu.gpr[GPR_ESI], DATA - 2);
}

static void test_address_size_16(void **state)
{
    (void)state;
    cpu.gpr[GPR_EDI] = 0xabcdffff;
    cpu.gpr[GPR_ECX] = 0x12340002;
    cpu.gpr[GPR_EAX] = 0x5a;
    RUN(emul_string, 0xf3, 0x67, 0xaa); /* rep stosb, DI and CX */
    assert_int_equal(cpu.gpr[GPR_EDI], 0xabcd0001);
    assert_int_equal(cpu.gpr[GPR_ECX], 0x12340000);
    assert_int_equal(ram[0xffff], 0x5a);
    assert_int_equal(ram[0], 0x5a);
}

static void test_cmps_scas(void **state)
{
    (void)state;
    memcpy(ram + DATA, "abcdef", 6);
    memcpy(ram + DATA + 0x100, "abcxef", 6);
    cpu.gpr[GPR_ESI] = DATA;
    cpu.gpr[GPR_EDI] = DATA + 0x100;
    cpu.gpr[GPR_ECX] = 6;
    RUN(emul_string, 0xf3, 0xa6); /* repe cmpsb */
    assert_int_equal(cpu.gpr[GPR_ECX], 2);
    assert_false(cpu.arith & FLAG_ZF);
    assert_true(cpu.arith & FLAG_CF); /* 'd' < 'x' */
    cpu.gpr[GPR_EDI] = DATA;
    cpu.gpr[GPR_ECX] = 100;
    cpu.gpr[GPR_EAX] = 'e';
    RUN(emul_string, 0xf2, 0xae); /* repne scasb */
    assert_int_equal(cpu.gpr[GPR_EDI], DATA + 5);
    assert_int_equal(cpu.gpr[GPR_ECX], 95);
    assert_true(cpu.arith & FLAG_ZF);
    /* a fault after equal elements: EFLAGS as before, registers tell what was done */
    page_absent[(DATA >> 12) + 1] = true;
    cpu.gpr[GPR_EDI] = DATA + 0xffe;
    cpu.gpr[GPR_EAX] = 0;
    cpu.gpr[GPR_ECX] = 10;
    cpu.arith = FLAG_CF | FLAG_OF;
    assert_int_equal(RUN(emul_string, 0xf3, 0xae), LIGHT_FAULT);
    assert_int_equal(cpu.arith, FLAG_CF | FLAG_OF);
    assert_int_equal(cpu.gpr[GPR_EDI], DATA + 0x1000);
    assert_int_equal(cpu.gpr[GPR_ECX], 8);
}

/* The host's CMP says what the flags are. */
static void test_compare_flags(void **state)
{
    (void)state;
    srand(86);
    for (unsigned i = 0; i < 200000; i++) {
        const uint32_t left = (uint32_t)rand() << (rand() & 15) ^ (uint32_t)rand() >> (rand() & 31);
        const uint32_t right = i & 3 ? (uint32_t)rand() << (rand() & 15) : left + (rand() & 3) - 1;
        uint64_t flags8, flags16, flags32;
        __asm__("cmpb %b2, %b1; pushfq; pop %0" : "=&r"(flags8) : "q"(left), "q"(right) : "cc");
        __asm__("cmpw %w2, %w1; pushfq; pop %0" : "=&r"(flags16) : "r"(left), "r"(right) : "cc");
        __asm__("cmpl %2, %1; pushfq; pop %0" : "=&r"(flags32) : "r"(left), "r"(right) : "cc");
        const uint64_t expected[3] = {flags8, flags16, flags32};
        for (unsigned size = 0; size < 3; size++) {
            cpu.gpr[GPR_EAX] = left;
            cpu.gpr[GPR_EDI] = DATA;
            poke(DATA, 4, right);
            if (size == 0) {
                RUN(emul_string, 0xae);
            } else if (size == 1) {
                RUN(emul_string, 0x66, 0xaf);
            } else {
                RUN(emul_string, 0xaf);
            }
            assert_int_equal(cpu.arith, expected[size] & FLAGS_ARITH);
        }
    }
}

static void test_rep_gives_way(void **state)
{
    (void)state;
    cpu.gpr[GPR_EDI] = DATA;
    cpu.gpr[GPR_ECX] = 10000;
    cpu.exit_request = 1;
    assert_int_equal(RUN(emul_string, 0xf3, 0xaa), LIGHT_JUMP);
    assert_int_equal(cpu.gpr[GPR_ECX], 10000 - 4096);
    assert_int_equal(cpu.eip, CODE);
    cpu.exit_request = 0;
    cpu.intr = 1; /* IF is 0 */
    assert_int_equal(RUN(emul_string, 0xf3, 0xaa), LIGHT_NEXT);
    cpu.gpr[GPR_EDI] = DATA;
    cpu.gpr[GPR_ECX] = 10000;
    cpu.iff = FLAG_IF;
    assert_int_equal(RUN(emul_string, 0xf3, 0xaa), LIGHT_JUMP);
    cpu.sysflags = FLAG_TF; /* each iteration traps */
    cpu.gpr[GPR_ECX] = 2;
    assert_int_equal(RUN(emul_string, 0xf3, 0xaa), LIGHT_JUMP);
    assert_int_equal(cpu.gpr[GPR_ECX], 1);
    assert_int_equal(RUN(emul_string, 0xf3, 0xaa), LIGHT_NEXT);
}

static void test_lods_override_xlat(void **state)
{
    (void)state;
    set_segment(SEG_FS, S_SMALL);
    poke(DATA + 8, 4, 0xcafe1234);
    cpu.gpr[GPR_ESI] = 8;
    RUN(emul_string, 0x64, 0xad);
    assert_int_equal(cpu.gpr[GPR_EAX], 0xcafe1234);
    cpu.gpr[GPR_ESI] = 0xffd;
    ASSERT_FAULT(RUN(emul_string, 0x64, 0xad), VEC_GP, 0);
    cpu.gpr[GPR_EBX] = 4;
    cpu.gpr[GPR_EAX] = 0x11223304;
    RUN(emul_xlat, 0x64, 0xd7);
    assert_int_equal(cpu.gpr[GPR_EAX], 0x11223334);
}

static void test_push_pop(void **state)
{
    (void)state;
    const uint32_t esp = cpu_reg(&cpu, GPR_ESP);
    assert_int_equal(RUN(emul_push, 0x54), LIGHT_NEXT); /* push %esp: the old one */
    assert_int_equal(peek(esp - 4, 4), esp);
    assert_int_equal(RUN(emul_pop, 0x5c), LIGHT_NEXT);
    assert_int_equal(cpu.gpr[GPR_ESP], esp);
    RUN(emul_push, 0x6a, 0xff);
    assert_int_equal(peek(esp - 4, 4), 0xffffffff);
    /* pop 4(%esp): addressed with the ESP after the pop */
    poke(esp - 4, 4, 0x1234);
    RUN(emul_pop, 0x8f, 0x44, 0x24, 0x04);
    assert_int_equal(peek(esp + 4, 4), 0x1234);
    assert_int_equal(cpu.gpr[GPR_ESP], esp);
    cpu.gpr[GPR_EAX] = 0x1000000;
    ASSERT_FAULT(RUN(emul_pop, 0x8f, 0x00), VEC_PF, PF_W);
    /* 16-bit stack wraps and keeps the upper half of ESP */
    set_segment(SEG_SS, K_DATA16);
    cpu.gpr[GPR_ESP] = 0xabcd0000;
    RUN(emul_push, 0x68, 1, 2, 3, 4);
    assert_int_equal(cpu.gpr[GPR_ESP], 0xabcdfffc);
    assert_int_equal(peek(0x2fffc, 4), 0x04030201);
    cpu.gpr[GPR_ESP] = 0xabcd0002;
    ASSERT_FAULT(RUN(emul_push, 0x50), VEC_SS, 0); /* 4 bytes at FFFE */
    assert_int_equal(RUN(emul_push, 0x66, 0x50), LIGHT_NEXT);
    assert_int_equal(cpu.gpr[GPR_ESP], 0xabcd0000);
}

static void test_pusha_popa(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_GPR; i++) {
        cpu.gpr[i] = i == GPR_ESP ? STACK0 : 0x11111111u * (i + 1);
    }
    RUN(emul_pusha, 0x60);
    assert_int_equal(peek(STACK0 - 4, 4), 0x11111111);
    assert_int_equal(peek(STACK0 - 20, 4), STACK0);
    assert_int_equal(peek(STACK0 - 32, 4), 0x88888888);
    cpu.gpr[GPR_EAX] = cpu.gpr[GPR_EDI] = 0;
    poke(STACK0 - 20, 4, 0);
    RUN(emul_popa, 0x61);
    assert_int_equal(cpu.gpr[GPR_EAX], 0x11111111);
    assert_int_equal(cpu.gpr[GPR_EDI], 0x88888888);
    assert_int_equal(cpu.gpr[GPR_ESP], STACK0);
    page_absent[(STACK0 >> 12) - 1] = true;
    cpu.gpr[GPR_ESP] = STACK0 + 8;
    ASSERT_FAULT(RUN(emul_pusha, 0x60), VEC_PF, PF_W);
}

static void test_enter_leave(void **state)
{
    (void)state;
    cpu.gpr[GPR_ESP] = STACK0;
    cpu.gpr[GPR_EBP] = STACK0 + 0x100;
    RUN(emul_enter, 0xc8, 0x10, 0, 0);
    assert_int_equal(cpu.gpr[GPR_EBP], STACK0 - 4);
    assert_int_equal(cpu.gpr[GPR_ESP], STACK0 - 4 - 0x10);
    assert_int_equal(peek(STACK0 - 4, 4), STACK0 + 0x100);
    RUN(emul_leave, 0xc9);
    assert_int_equal(cpu.gpr[GPR_ESP], STACK0);
    assert_int_equal(cpu.gpr[GPR_EBP], STACK0 + 0x100);
    poke(STACK0 + 0xfc, 4, 0xaaaa);
    poke(STACK0 + 0xf8, 4, 0xbbbb);
    RUN(emul_enter, 0xc8, 0x20, 0, 3);
    assert_int_equal(peek(STACK0 - 4, 4), STACK0 + 0x100);
    assert_int_equal(peek(STACK0 - 8, 4), 0xaaaa);
    assert_int_equal(peek(STACK0 - 12, 4), 0xbbbb);
    assert_int_equal(peek(STACK0 - 16, 4), STACK0 - 4);
    assert_int_equal(cpu.gpr[GPR_EBP], STACK0 - 4);
    assert_int_equal(cpu.gpr[GPR_ESP], STACK0 - 16 - 0x20);
}

static void test_near(void **state)
{
    (void)state;
    const uint32_t esp = cpu_reg(&cpu, GPR_ESP);
    RUN(emul_call, 0xe8, 0x10, 0, 0, 0);
    assert_int_equal(cpu.eip, CODE + 0x15);
    assert_int_equal(peek(esp - 4, 4), CODE + 5);
    RUN(emul_ret, 0xc2, 8, 0);
    assert_int_equal(cpu.eip, CODE + 5);
    assert_int_equal(cpu.gpr[GPR_ESP], esp + 8);
    cpu.gpr[GPR_EAX] = 0x12345678;
    RUN(emul_jmp, 0x66, 0xff, 0xe0); /* jmp *%ax: 16 bits */
    assert_int_equal(cpu.eip, 0x5678);
    cpu.eip = CODE;
    cpu.seg[SEG_CS].limit = CODE + 0xfff;
    ASSERT_FAULT(RUN(emul_jmp, 0xe9, 0, 0x20, 0, 0), VEC_GP, 0);
    ASSERT_FAULT(RUN(emul_call, 0xff, 0xd0), VEC_GP, 0);
    cpu.eip = CODE + 0xff0; /* LOOP beyond the limit: ECX is not counted down */
    cpu.gpr[GPR_ECX] = 2;
    ASSERT_FAULT(RUN(emul_jmp, 0xe2, 0x70), VEC_GP, 0);
}

static void test_conditions(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 256; bits++) {
        const uint32_t flags = (bits & 1 ? FLAG_CF : 0) | (bits & 2 ? FLAG_PF : 0) |
                               (bits & 4 ? FLAG_ZF : 0) | (bits & 8 ? FLAG_SF : 0) |
                               (bits & 16 ? FLAG_OF : 0);
        const bool cf = bits & 1, pf = bits & 2, zf = bits & 4, sf = bits & 8, of = bits & 16;
        const bool expected[16] = {
            of, !of, cf, !cf, zf,       !zf,      cf || zf,       !(cf || zf),
            sf, !sf, pf, !pf, sf != of, sf == of, zf || sf != of, !zf && sf == of};
        cpu.arith = flags;
        for (unsigned code = 0; code < 16; code++) {
            cpu.eip = CODE;
            assert_int_equal(RUN(emul_jmp, 0x70 + code, 0x10),
                             expected[code] ? LIGHT_JUMP : LIGHT_NEXT);
            assert_int_equal(cpu.eip, expected[code] ? CODE + 0x12 : CODE);
            cpu.eip = CODE;
            assert_int_equal(RUN(emul_jmp, 0x0f, 0x80 + code, 0x10, 0, 0, 0),
                             expected[code] ? LIGHT_JUMP : LIGHT_NEXT);
        }
    }
    cpu.eip = CODE;
    cpu.gpr[GPR_ECX] = 0x10001;
    assert_int_equal(RUN(emul_jmp, 0x67, 0xe2, 0x10), LIGHT_NEXT); /* loopw: CX */
    assert_int_equal(cpu.gpr[GPR_ECX], 0x10000);
    assert_int_equal(RUN(emul_jmp, 0x67, 0xe3, 0x10), LIGHT_JUMP); /* jcxz */
    cpu.eip = CODE;
    assert_int_equal(RUN(emul_jmp, 0xe3, 0x10), LIGHT_NEXT); /* jecxz */
    cpu.arith = FLAG_ZF;
    assert_int_equal(RUN(emul_jmp, 0xe1, 0x10), LIGHT_JUMP); /* loope */
    cpu.eip = CODE;
    assert_int_equal(RUN(emul_jmp, 0xe0, 0x10), LIGHT_NEXT); /* loopne */
    assert_int_equal(cpu.gpr[GPR_ECX], 0xfffe);
}

static void test_bound(void **state)
{
    (void)state;
    poke(DATA, 4, (uint32_t)-5);
    poke(DATA + 4, 4, 5);
    cpu.gpr[GPR_ECX] = (uint32_t)-5;
    assert_int_equal(RUN(emul_bound, 0x62, 0x0d, 0, 0, 4, 0), LIGHT_NEXT);
    cpu.gpr[GPR_ECX] = 6;
    ASSERT_FAULT(RUN(emul_bound, 0x62, 0x0d, 0, 0, 4, 0), VEC_BR, 0);
}

/* Examples worked through by hand from the SDM's pseudo-code. */
static void test_bcd(void **state)
{
    (void)state;
    static const struct {
        uint8_t op;
        uint16_t ax;
        uint32_t flags;
        uint16_t ax_out;
        uint32_t cf_af;
    } cases[] = {
        {0x27, 0x00ae, 0, 0x0014, FLAG_CF | FLAG_AF}, /* DAA: 79h + 35h */
        {0x27, 0x0014, FLAG_CF, 0x0074, FLAG_CF},
        {0x27, 0x0099, 0, 0x0099, 0},
        {0x27, 0x00fa, 0, 0x0060, FLAG_CF | FLAG_AF},
        {0x2f, 0x00ee, FLAG_CF | FLAG_AF, 0x0088, FLAG_CF | FLAG_AF}, /* DAS: 35h - 47h */
        {0x2f, 0x0005, FLAG_AF, 0x00ff, FLAG_CF | FLAG_AF},
        {0x2f, 0x000a, 0, 0x0004, FLAG_AF},
        {0x37, 0x000b, 0, 0x0101, FLAG_CF | FLAG_AF}, /* AAA */
        {0x37, 0x00fa, 0, 0x0200, FLAG_CF | FLAG_AF}, /* AX + 106H carries into AH */
        {0x37, 0x0035, 0, 0x0005, 0},
        {0x3f, 0x0003, FLAG_AF, 0xfe0d, FLAG_CF | FLAG_AF}, /* AAS borrows */
        {0x3f, 0x020f, 0, 0x0109, FLAG_CF | FLAG_AF},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        cpu.gpr[GPR_EAX] = 0xabcd0000 | cases[i].ax;
        cpu.arith = cases[i].flags;
        assert_int_equal(RUN(emul_bcd, cases[i].op), LIGHT_NEXT);
        assert_int_equal(cpu.gpr[GPR_EAX], 0xabcd0000 | cases[i].ax_out);
        assert_int_equal(cpu.arith & (FLAG_CF | FLAG_AF), cases[i].cf_af);
    }
    cpu.gpr[GPR_EAX] = 0xffff0000 | 123;
    RUN(emul_bcd, 0xd4, 10); /* AAM */
    assert_int_equal(cpu.gpr[GPR_EAX], 0xffff0c03);
    RUN(emul_bcd, 0xd5, 10); /* AAD */
    assert_int_equal(cpu.gpr[GPR_EAX], 0xffff007b);
    assert_int_equal(cpu.arith & (FLAG_SF | FLAG_ZF | FLAG_PF), FLAG_PF); /* 7B: six ones */
    ASSERT_FAULT(RUN(emul_bcd, 0xd4, 0), VEC_DE, 0);
    cpu.arith = FLAG_CF;
    RUN(emul_bcd, 0xd6);
    assert_int_equal(cpu.gpr[GPR_EAX], 0xffff00ff);
}

/* The same instructions on a real CPU (AMD EPYC, compatibility mode), undefined flags included:
 * opcode, immediate, AX, EFLAGS before; AX, arithmetic flags after. */
static void test_bcd_on_host(void **state)
{
    (void)state;
    static const struct {
        uint8_t op, imm;
        uint16_t ax;
        uint32_t flags;
        uint16_t ax_out;
        uint32_t out;
    } rows[] = {
        {0x27, 0x0, 0x1031, 0x893, 0x1097, 0x891}, {0x27, 0x0, 0x8266, 0x13, 0x82cc, 0x895},
        {0x27, 0x0, 0x172f, 0x856, 0x1735, 0x14},  {0x27, 0x0, 0x991c, 0x8c7, 0x9982, 0x895},
        {0x27, 0x0, 0xbe08, 0x847, 0xbe68, 0x1},   {0x27, 0x0, 0xbb0e, 0x896, 0xbb14, 0x14},
        {0x2f, 0x0, 0x3983, 0x12, 0x397d, 0x814},  {0x2f, 0x0, 0x2b88, 0xd7, 0x2b22, 0x815},
        {0x2f, 0x0, 0xf53e, 0x43, 0xf5d8, 0x95},   {0x2f, 0x0, 0x1d3, 0xd7, 0x16d, 0x811},
        {0x2f, 0x0, 0xa07b, 0x47, 0xa015, 0x11},   {0x2f, 0x0, 0x4eaa, 0x893, 0x4e44, 0x815},
        {0x37, 0x0, 0x7fa5, 0x56, 0x800b, 0x891},  {0x37, 0x0, 0x8dd6, 0x856, 0x8e0c, 0x91},
        {0x37, 0x0, 0x842, 0x93, 0x908, 0x15},     {0x37, 0x0, 0x68d1, 0x47, 0x6801, 0x4},
        {0x37, 0x0, 0x1940, 0xd7, 0x1a06, 0x11},   {0x3f, 0x0, 0x8090, 0x96, 0x7f0a, 0x811},
        {0x3f, 0x0, 0x1099, 0xc2, 0x1009, 0x4},    {0x3f, 0x0, 0x4c53, 0x3, 0x4c03, 0x4},
        {0x3f, 0x0, 0xfb62, 0x882, 0xfb02, 0x80},  {0x3f, 0x0, 0xcc0e, 0x42, 0xcb08, 0x91},
        {0xd4, 0xa, 0x921b, 0x52, 0x207, 0x0},     {0xd4, 0xa, 0x4d05, 0x53, 0x5, 0x4},
        {0xd4, 0xa, 0x6975, 0x842, 0xb07, 0x0},    {0xd4, 0xa, 0xc989, 0x92, 0xd07, 0x0},
        {0xd4, 0x7, 0xb257, 0x53, 0xc03, 0x4},     {0xd4, 0x7, 0xf72e, 0x16, 0x604, 0x0},
        {0xd4, 0x7, 0xe9e5, 0x83, 0x2005, 0x4},    {0xd4, 0x7, 0x105, 0x853, 0x5, 0x4},
        {0xd5, 0xa, 0x2ba4, 0x3, 0x52, 0x811},     {0xd5, 0xa, 0x1d5e, 0x3, 0x80, 0x890},
        {0xd5, 0xa, 0xab04, 0xc7, 0xb2, 0x94},     {0xd5, 0xa, 0xef8f, 0x97, 0xe5, 0x90},
        {0xd5, 0xa, 0x74ed, 0xd3, 0x75, 0x811},    {0xd5, 0xa, 0xbbdd, 0x887, 0x2b, 0x15},
        {0xd5, 0x3, 0xc86d, 0x13, 0xc5, 0x894},    {0xd5, 0x3, 0xa391, 0x813, 0x7a, 0x801},
        {0xd5, 0x3, 0xfd7e, 0x16, 0x75, 0x11},     {0xd5, 0x3, 0xefc3, 0x8c3, 0x90, 0x95},
        {0xd5, 0x3, 0xd036, 0x16, 0xa6, 0x884},    {0xd5, 0x3, 0x7b73, 0x17, 0xe4, 0x884},
        {0xd6, 0x0, 0xb22a, 0x852, 0xb200, 0x850}, {0xd6, 0x0, 0xc11a, 0x887, 0xc1ff, 0x885},
        {0xd6, 0x0, 0xca99, 0x816, 0xca00, 0x814}, {0xd6, 0x0, 0xfa90, 0x806, 0xfa00, 0x804},
        {0xd6, 0x0, 0x6a9c, 0x8c3, 0x6aff, 0x8c1}, {0xd6, 0x0, 0x8221, 0x812, 0x8200, 0x810},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        cpu.gpr[GPR_EAX] = rows[i].ax;
        cpu_set_eflags(&cpu, rows[i].flags);
        if (rows[i].imm) {
            RUN(emul_bcd, rows[i].op, rows[i].imm);
        } else {
            RUN(emul_bcd, rows[i].op);
        }
        assert_int_equal(cpu.gpr[GPR_EAX], rows[i].ax_out);
        assert_int_equal(cpu.arith, rows[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_movs, emul_setup),
        cmocka_unit_test_setup(test_address_size_16, emul_setup),
        cmocka_unit_test_setup(test_cmps_scas, emul_setup),
        cmocka_unit_test_setup(test_compare_flags, emul_setup),
        cmocka_unit_test_setup(test_rep_gives_way, emul_setup),
        cmocka_unit_test_setup(test_lods_override_xlat, emul_setup),
        cmocka_unit_test_setup(test_push_pop, emul_setup),
        cmocka_unit_test_setup(test_pusha_popa, emul_setup),
        cmocka_unit_test_setup(test_enter_leave, emul_setup),
        cmocka_unit_test_setup(test_near, emul_setup),
        cmocka_unit_test_setup(test_conditions, emul_setup),
        cmocka_unit_test_setup(test_bound, emul_setup),
        cmocka_unit_test_setup(test_bcd, emul_setup),
        cmocka_unit_test_setup(test_bcd_on_host, emul_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
