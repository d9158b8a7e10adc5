/* test_emit_branch.c - branches of the host encoder: targets, patching, and what happens when the
 * buffer is full. */
#include "test_host64.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXEC = 0x10000000 };

static uint8_t buffer[512];
static struct emit emit;
static struct host_insn host;

static void begin(size_t n_bytes)
{
    memset(buffer, 0xcc, sizeof(buffer));
    emit = (struct emit){.start = buffer, .at = buffer, .end = buffer + n_bytes, .exec = EXEC};
}

/* Where the direct branch at off goes. */
static uint64_t target_of(uint32_t off, ZydisMnemonic mnemonic)
{
    uint64_t target = 0;
    assert_true(host_decode(buffer + off, sizeof(buffer) - off, &host));
    assert_int_equal(host.insn.mnemonic, mnemonic);
    assert_true(
        ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&host.insn, &host.op[0], EXEC + off, &target)));
    return target;
}

static const ZydisMnemonic jcc[16] = {
    ZYDIS_MNEMONIC_JO, ZYDIS_MNEMONIC_JNO, ZYDIS_MNEMONIC_JB,  ZYDIS_MNEMONIC_JNB,
    ZYDIS_MNEMONIC_JZ, ZYDIS_MNEMONIC_JNZ, ZYDIS_MNEMONIC_JBE, ZYDIS_MNEMONIC_JNBE,
    ZYDIS_MNEMONIC_JS, ZYDIS_MNEMONIC_JNS, ZYDIS_MNEMONIC_JP,  ZYDIS_MNEMONIC_JNP,
    ZYDIS_MNEMONIC_JL, ZYDIS_MNEMONIC_JNL, ZYDIS_MNEMONIC_JLE, ZYDIS_MNEMONIC_JNLE};

static const uint64_t targets[] = {EXEC,          EXEC + 5,   EXEC + 0x1000,
                                   EXEC - 0x1000, 0x7ff00000, 0x1000};

static void rel32(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(targets); i++) {
        for (unsigned j = 0; j < ARRAY_SIZE(targets); j++) {
            begin(sizeof(buffer));
            uint32_t jump = emit_jmp_rel32(&emit, targets[i]);
            uint32_t call = emit_call_rel32(&emit, targets[j]);
            assert_int_equal(jump, 1);
            assert_int_equal(call, 6);
            assert_int_equal(emit_pc(&emit), EXEC + 10);
            assert_int_equal(target_of(0, ZYDIS_MNEMONIC_JMP), targets[i]);
            assert_int_equal(target_of(5, ZYDIS_MNEMONIC_CALL), targets[j]);
            emit_patch_rel32(&emit, jump, targets[j]);
            emit_patch_rel32(&emit, call, targets[i]);
            assert_int_equal(target_of(0, ZYDIS_MNEMONIC_JMP), targets[j]);
            assert_int_equal(target_of(5, ZYDIS_MNEMONIC_CALL), targets[i]);
            assert_int_equal(buffer[10], 0xcc);
        }
        for (unsigned condition = 0; condition < 16; condition++) {
            begin(sizeof(buffer));
            uint32_t field = emit_jcc_rel32(&emit, condition, targets[i]);
            assert_int_equal(field, 2);
            assert_int_equal(target_of(0, jcc[condition]), targets[i]);
            emit_patch_rel32(&emit, field, targets[0] + 77);
            assert_int_equal(target_of(0, jcc[condition]), targets[0] + 77);
        }
    }
}

static void by_register(void **state)
{
    (void)state;
    for (int reg = 0; reg < 16; reg++) {
        begin(sizeof(buffer));
        emit_jmp_reg(&emit, reg);
        assert_true(host_decode(buffer, (size_t)(emit.at - buffer), &host));
        assert_int_equal(host.insn.mnemonic, ZYDIS_MNEMONIC_JMP);
        assert_int_equal(host.op[0].reg.value, host_reg_name(reg, 64));
        begin(sizeof(buffer));
        emit_call_reg(&emit, reg);
        assert_true(host_decode(buffer, (size_t)(emit.at - buffer), &host));
        assert_int_equal(host.insn.mnemonic, ZYDIS_MNEMONIC_CALL);
        assert_int_equal(host.op[0].reg.value, host_reg_name(reg, 64));
    }
    begin(sizeof(buffer));
    emit_ret(&emit);
    assert_true(host_decode(buffer, 1, &host));
    assert_int_equal(host.insn.mnemonic, ZYDIS_MNEMONIC_RET);
}

static void rel8(void **state)
{
    (void)state;
    static const struct {
        uint8_t opcode;
        ZydisMnemonic wide, narrow;
    } loops[] = {{0xe0, ZYDIS_MNEMONIC_LOOPNE, ZYDIS_MNEMONIC_LOOPNE},
                 {0xe1, ZYDIS_MNEMONIC_LOOPE, ZYDIS_MNEMONIC_LOOPE},
                 {0xe2, ZYDIS_MNEMONIC_LOOP, ZYDIS_MNEMONIC_LOOP},
                 {0xe3, ZYDIS_MNEMONIC_JRCXZ, ZYDIS_MNEMONIC_JECXZ}};
    static const unsigned distances[] = {0, 1, 15, 126, 127};
    for (unsigned i = 0; i < ARRAY_SIZE(loops); i++) {
        for (unsigned a32 = 0; a32 < 2; a32++) {
            for (unsigned d = 0; d < ARRAY_SIZE(distances); d++) {
                begin(sizeof(buffer));
                uint32_t field = emit_loop_rel8(&emit, loops[i].opcode, a32);
                assert_int_equal(field, 1 + a32);
                for (unsigned n = 0; n < distances[d]; n++) {
                    emit_u8(&emit, 0x90);
                }
                emit_patch_rel8(&emit, field);
                assert_int_equal(target_of(0, a32 ? loops[i].narrow : loops[i].wide),
                                 emit_pc(&emit));
                assert_int_equal(host.insn.address_width, a32 ? 32 : 64);
            }
        }
    }
}

static void short_jumps(void **state)
{
    (void)state;
    for (int distance = -140; distance < 140; distance++) {
        for (int condition = -1; condition < 16; condition++) {
            begin(sizeof(buffer));
            bool fits = distance >= -128 && distance <= 127;
            assert_int_equal(emit_jump_short(&emit, condition, EXEC + 2 + (int64_t)distance), fits);
            assert_int_equal(emit_off(&emit), fits ? 2 : 0);
            if (fits) {
                assert_int_equal(target_of(0, condition < 0 ? ZYDIS_MNEMONIC_JMP : jcc[condition]),
                                 EXEC + 2 + (int64_t)distance);
            }
        }
    }
}

/* A short branch that does not reach is our bug, and is not emitted silently. */
static void rel8_too_far(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        close(2);
        begin(sizeof(buffer));
        uint32_t field = emit_loop_rel8(&emit, 0xe2, true);
        for (unsigned n = 0; n < 128; n++) {
            emit_u8(&emit, 0x90);
        }
        emit_patch_rel8(&emit, field);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* Emits 71 bytes of all kinds into a buffer of n_bytes: nothing lands behind its end. */
static void full_buffer(void **state)
{
    (void)state;
    struct host_mem mem = host_mem_guest(R12, R13, 8, 0x12345678);
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7};
    for (unsigned n_bytes = 0; n_bytes <= 75; n_bytes++) {
        begin(n_bytes);
        uint32_t early = emit_jmp_rel32(&emit, EXEC);
        emit_mov_ri64(&emit, R9, UINT64_MAX);
        emit_store_imm32(&emit, &mem, 1);
        emit_store_imm16(&emit, &mem, 1);
        emit_shrx64(&emit, R8, R9, R10);
        emit_bytes(&emit, bytes, sizeof(bytes));
        uint32_t late = emit_jcc_rel32(&emit, 4, EXEC);
        uint32_t loop = emit_loop_rel8(&emit, 0xe3, true);
        emit_u64(&emit, 0);
        assert_int_equal(emit.overflow, n_bytes < 71);
        assert_true(emit.at <= emit.end);
        emit_patch_rel32(&emit, early, EXEC + 0x100);
        emit_patch_rel32(&emit, late, EXEC + 0x100);
        emit_patch_rel8(&emit, loop);
        for (unsigned i = n_bytes; i < sizeof(buffer); i++) {
            assert_int_equal(buffer[i], 0xcc);
        }
        if (emit.overflow && n_bytes >= 5) { /* void, but not torn: patches did nothing */
            assert_int_equal(target_of(0, ZYDIS_MNEMONIC_JMP), EXEC);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rel32),       cmocka_unit_test(by_register),
        cmocka_unit_test(rel8),        cmocka_unit_test(rel8_too_far),
        cmocka_unit_test(short_jumps), cmocka_unit_test(full_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
