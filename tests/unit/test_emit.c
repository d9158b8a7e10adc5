/* test_emit.c - the host encoder, read back by Zydis: every function with every register, every
 * form of address. */
#include "test_host64.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXEC = 0x10000000 };

static uint8_t buffer[64];
static struct emit emit;
static struct host_insn host;
static bool guest_fs;

static void begin(void)
{
    emit = (struct emit){.start = buffer,
                         .at = buffer,
                         .end = buffer + sizeof(buffer),
                         .exec = EXEC,
                         .guest_fs = guest_fs};
}

/* Exactly one instruction was emitted, and it is this one. */
static void read_back(ZydisMnemonic mnemonic, const char *what)
{
    assert_false(emit.overflow);
    if (!host_decode(buffer, (size_t)(emit.at - buffer), &host) ||
        host.insn.length != emit.at - buffer || host.insn.mnemonic != mnemonic) {
        fail_msg("%s: emitted %s, %u of %u bytes, expected %s", what,
                 ZydisMnemonicGetString(host.insn.mnemonic), host.insn.length,
                 (unsigned)(emit.at - buffer), ZydisMnemonicGetString(mnemonic));
    }
}

static void expect_reg(unsigned index, int reg, unsigned n_bits)
{
    assert_int_equal(host.op[index].type, ZYDIS_OPERAND_TYPE_REGISTER);
    assert_int_equal(host.op[index].reg.value, host_reg_name(reg, n_bits));
}

static void expect_mem(unsigned index, const struct host_mem *mem, unsigned n_bits)
{
    if (!host_same_mem(&host.op[index], mem, guest_fs ? ZYDIS_REGISTER_FS : ZYDIS_REGISTER_GS) ||
        host.op[index].size != n_bits) {
        fail_msg("base %d index %d scale %u disp %d gs %d a32 %d: wrong address or size", mem->base,
                 mem->index, mem->scale, mem->disp, mem->guest, mem->a32);
    }
}

static void register_forms(void **state)
{
    (void)state;
    static const struct {
        void (*emit)(struct emit *emit, int to, int from);
        ZydisMnemonic mnemonic;
        unsigned to_bits, from_bits;
    } forms[] = {
        {emit_mov_rr32, ZYDIS_MNEMONIC_MOV, 32, 32},  {emit_mov_rr64, ZYDIS_MNEMONIC_MOV, 64, 64},
        {emit_movzx16, ZYDIS_MNEMONIC_MOVZX, 32, 16}, {emit_movzx8, ZYDIS_MNEMONIC_MOVZX, 32, 8},
        {emit_movsx16, ZYDIS_MNEMONIC_MOVSX, 32, 16},
    };
    for (unsigned f = 0; f < ARRAY_SIZE(forms); f++) {
        for (int to = 0; to < 16; to++) {
            for (int from = 0; from < 16; from++) {
                begin();
                forms[f].emit(&emit, to, from);
                read_back(forms[f].mnemonic, "register form");
                expect_reg(0, to, forms[f].to_bits);
                expect_reg(1, from, forms[f].from_bits);
            }
        }
    }
}

static void shifts(void **state)
{
    (void)state;
    static const struct {
        void (*emit)(struct emit *emit, int to, int from, int count_reg);
        ZydisMnemonic mnemonic;
        unsigned n_bits;
    } forms[] = {{emit_shrx32, ZYDIS_MNEMONIC_SHRX, 32},
                 {emit_shrx64, ZYDIS_MNEMONIC_SHRX, 64},
                 {emit_shlx32, ZYDIS_MNEMONIC_SHLX, 32},
                 {emit_shlx64, ZYDIS_MNEMONIC_SHLX, 64}};
    for (unsigned i = 0; i < ARRAY_SIZE(forms) * 4096; i++) {
        int to = i & 15, from = i >> 4 & 15, count = i >> 8 & 15;
        begin();
        forms[i >> 12].emit(&emit, to, from, count);
        read_back(forms[i >> 12].mnemonic, "shift");
        expect_reg(0, to, forms[i >> 12].n_bits);
        expect_reg(1, from, forms[i >> 12].n_bits);
        expect_reg(2, count, forms[i >> 12].n_bits);
    }
    for (unsigned i = 0; i < 256 * 32; i++) {
        begin();
        emit_rorx32(&emit, i & 15, i >> 4 & 15, i >> 8);
        read_back(ZYDIS_MNEMONIC_RORX, "rorx");
        expect_reg(0, i & 15, 32);
        expect_reg(1, i >> 4 & 15, 32);
        assert_int_equal(host.op[2].imm.value.u, i >> 8);
    }
}

static const int32_t disps[] = {0,    1,     -1,     127,     -128,      128,      -129,
                                4096, -4096, 0x8000, -0x8001, INT32_MAX, INT32_MIN};

/* Calls one(arg, mem) for every base, index, scale, displacement, GS and address size. */
static void for_each_mem(void (*one)(void *arg, const struct host_mem *mem), void *arg)
{
    for (int base = NO_REG; base < 16; base++) {
        for (int index = NO_REG; index < 16; index++) {
            for (unsigned scale = 1; scale <= 8 && index != RSP; scale *= 2) {
                for (unsigned i = 0; i < ARRAY_SIZE(disps) * 4; i++) {
                    struct host_mem mem = {.base = base,
                                           .index = index,
                                           .scale = scale,
                                           .disp = disps[i >> 2],
                                           .guest = i & 1,
                                           .a32 = i & 2};
                    one(arg, &mem);
                }
            }
        }
    }
}

static void one_load(void *arg, const struct host_mem *mem)
{
    int *reg = arg;
    *reg = (*reg + 1) & 15;
    begin();
    emit_load32(&emit, *reg, mem);
    read_back(ZYDIS_MNEMONIC_MOV, "load32");
    expect_reg(0, *reg, 32);
    expect_mem(1, mem, 32);
    assert_int_equal(buffer[0] == 0x64, mem->guest && emit.guest_fs);
    bool short_disp = mem->disp >= -128 && mem->disp <= 127 && mem->base != NO_REG;
    assert_int_equal(host.insn.raw.disp.size,
                     short_disp ? (mem->disp == 0 && (mem->base & 7) != RBP ? 0 : 8)
                     : mem->disp || mem->base == NO_REG ? 32
                                                        : 0);
}

static void every_address(void **state)
{
    (void)state;
    int reg = 0;
    for_each_mem(one_load, &reg);
    guest_fs = true;
    for_each_mem(one_load, &reg);
    guest_fs = false;
}

struct mem_form {
    void (*load)(struct emit *emit, int to, const struct host_mem *mem);
    void (*store)(struct emit *emit, const struct host_mem *mem, int from);
    void (*go)(struct emit *emit, const struct host_mem *mem);
    ZydisMnemonic mnemonic;
    unsigned reg_bits, mem_bits;
};

static void one_mem_form(const struct mem_form *form, int reg, const struct host_mem *mem)
{
    begin();
    if (form->load) {
        form->load(&emit, reg, mem);
    } else if (form->store) {
        form->store(&emit, mem, reg);
    } else {
        form->go(&emit, mem);
    }
    read_back(form->mnemonic, "memory form");
    unsigned mem_at = form->load ? 1 : 0;
    if (form->mnemonic == ZYDIS_MNEMONIC_LEA) { /* no segment, no access */
        struct host_mem plain = *mem;
        plain.guest = false;
        ZydisDecodedOperand op = host.op[1];
        op.mem.segment =
            plain.base == RSP || plain.base == RBP ? ZYDIS_REGISTER_SS : ZYDIS_REGISTER_DS;
        assert_true(host_same_mem(&op, &plain, ZYDIS_REGISTER_GS));
    } else {
        expect_mem(mem_at, mem, form->mem_bits);
    }
    if (form->reg_bits) {
        expect_reg(1 - mem_at, reg, form->reg_bits);
    }
}

static void memory_forms(void **state)
{
    (void)state;
    static const struct mem_form forms[] = {
        {.load = emit_load32, .mnemonic = ZYDIS_MNEMONIC_MOV, .reg_bits = 32, .mem_bits = 32},
        {.load = emit_load64, .mnemonic = ZYDIS_MNEMONIC_MOV, .reg_bits = 64, .mem_bits = 64},
        {.load = emit_load16z, .mnemonic = ZYDIS_MNEMONIC_MOVZX, .reg_bits = 32, .mem_bits = 16},
        {.store = emit_store32, .mnemonic = ZYDIS_MNEMONIC_MOV, .reg_bits = 32, .mem_bits = 32},
        {.store = emit_store64, .mnemonic = ZYDIS_MNEMONIC_MOV, .reg_bits = 64, .mem_bits = 64},
        {.store = emit_store16, .mnemonic = ZYDIS_MNEMONIC_MOV, .reg_bits = 16, .mem_bits = 16},
        {.load = emit_lea32, .mnemonic = ZYDIS_MNEMONIC_LEA, .reg_bits = 32},
        {.load = emit_lea64, .mnemonic = ZYDIS_MNEMONIC_LEA, .reg_bits = 64},
        {.go = emit_jmp_mem, .mnemonic = ZYDIS_MNEMONIC_JMP, .mem_bits = 64},
        {.go = emit_call_mem, .mnemonic = ZYDIS_MNEMONIC_CALL, .mem_bits = 64},
    };
    static const int indexes[] = {NO_REG, RAX, RBP, R8, R12, R13};
    for (unsigned f = 0; f < ARRAY_SIZE(forms); f++) {
        for (unsigned i = 0; i < 16 * 17 * ARRAY_SIZE(indexes) * ARRAY_SIZE(disps); i++) {
            unsigned rest = i >> 4;
            struct host_mem mem = {.base = (int)(rest % 17) - 1, .scale = 1u << (i & 3)};
            rest /= 17;
            mem.index = indexes[rest % ARRAY_SIZE(indexes)];
            mem.disp = disps[rest / ARRAY_SIZE(indexes)];
            mem.guest = mem.a32 = i & 4;
            one_mem_form(&forms[f], i & 15, &mem);
        }
    }
}

static void immediates(void **state)
{
    (void)state;
    static const uint64_t values[] = {0,
                                      1,
                                      0x7f,
                                      0x80,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x100000000,
                                      0x7fffffffffffffff,
                                      0xffffffffffffffff};
    for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
        struct host_mem mem = host_mem_index(R12, R13, 4, -4);
        for (int reg = 0; reg < 16; reg++) {
            begin();
            emit_mov_ri64(&emit, reg, values[i]);
            read_back(ZYDIS_MNEMONIC_MOV, "mov_ri64");
            expect_reg(0, reg, values[i] > UINT32_MAX ? 64 : 32); /* 32: zero-extends */
            uint64_t mask = values[i] > UINT32_MAX ? UINT64_MAX : UINT32_MAX;
            assert_true((host.op[1].imm.value.u & mask) == values[i]);
            begin();
            emit_mov_ri32(&emit, reg, (uint32_t)values[i]);
            read_back(ZYDIS_MNEMONIC_MOV, "mov_ri32");
            expect_reg(0, reg, 32);
            assert_int_equal((uint32_t)host.op[1].imm.value.u, (uint32_t)values[i]);
            mem.base = reg;
            begin();
            emit_store_imm32(&emit, &mem, (uint32_t)values[i]);
            read_back(ZYDIS_MNEMONIC_MOV, "store_imm32");
            expect_mem(0, &mem, 32);
            assert_int_equal((uint32_t)host.op[1].imm.value.u, (uint32_t)values[i]);
            begin();
            emit_store_imm16(&emit, &mem, (uint16_t)values[i]);
            read_back(ZYDIS_MNEMONIC_MOV, "store_imm16");
            expect_mem(0, &mem, 16);
            assert_int_equal((uint16_t)host.op[1].imm.value.u, (uint16_t)values[i]);
        }
    }
}

/* Prefixes, maps, REX.W and a bare REX, by instructions that need them. */
static void free_forms(void **state)
{
    (void)state;
    static const struct {
        struct host_op op;
        ZydisMnemonic mnemonic;
    } forms[] = {
        {{.legacy = {0xf0}, .n_legacy = 1, .map = 1, .opcode = 0xb1}, ZYDIS_MNEMONIC_CMPXCHG},
        {{.legacy = {0x66, 0xf0}, .n_legacy = 2, .opcode = 0x01}, ZYDIS_MNEMONIC_ADD},
        {{.legacy = {0xf2}, .n_legacy = 1, .map = 1, .opcode = 0x58}, ZYDIS_MNEMONIC_ADDSD},
        {{.legacy = {0xf3}, .n_legacy = 1, .map = 1, .opcode = 0x10}, ZYDIS_MNEMONIC_MOVSS},
        {{.map = 2, .opcode = 0xf0}, ZYDIS_MNEMONIC_MOVBE},
        {{.legacy = {0x66}, .n_legacy = 1, .map = 2, .opcode = 0x00}, ZYDIS_MNEMONIC_PSHUFB},
        {{.rex_w = true, .opcode = 0x03}, ZYDIS_MNEMONIC_ADD},
        {{.rex_force = true, .opcode = 0x88}, ZYDIS_MNEMONIC_MOV},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(forms) * 16 * 16; i++) {
        struct host_mem mem = {.base = i & 15,
                               .index = NO_REG,
                               .scale = 1,
                               .disp = i & 64 ? 8 : 0,
                               .guest = i & 1,
                               .a32 = i & 1};
        begin();
        emit_op_mem(&emit, &forms[i >> 8].op, i >> 4 & 15, &mem);
        read_back(forms[i >> 8].mnemonic, "free form");
        unsigned at = host.op[0].type == ZYDIS_OPERAND_TYPE_MEMORY ? 0 : 1;
        expect_mem(at, &mem, host.op[at].size);
        assert_int_equal(ZydisRegisterGetId(host.op[1 - at].reg.value) -
                             (forms[i >> 8].op.opcode == 0x88 && (i >> 4 & 15) >= 4 ? 4 : 0),
                         i >> 4 & 15); /* Zydis counts AH..BH between BL and SPL */
    }
    struct host_op palignr = {.legacy = {0x66}, .n_legacy = 1, .map = 3, .opcode = 0x0f};
    begin();
    emit_op_reg(&emit, &palignr, 9, 2);
    emit_u8(&emit, 7);
    read_back(ZYDIS_MNEMONIC_PALIGNR, "palignr");
    assert_int_equal(host.op[0].reg.value, ZYDIS_REGISTER_XMM9);
    assert_int_equal(host.op[1].reg.value, ZYDIS_REGISTER_XMM2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(register_forms), cmocka_unit_test(shifts),
        cmocka_unit_test(every_address),  cmocka_unit_test(memory_forms),
        cmocka_unit_test(immediates),     cmocka_unit_test(free_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
