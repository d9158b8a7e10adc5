/* test_host64.h - reads back what was emitted: Zydis in 64-bit mode, and host registers by number.
 * Shared by the tests of emit/ and translate/. */
#ifndef TESTS_UNIT_TEST_HOST64_H
#define TESTS_UNIT_TEST_HOST64_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <Zydis/Zydis.h>

#include "emit/emit.h"

struct host_insn {
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
};

static inline bool host_decode(const uint8_t *bytes, size_t n_bytes, struct host_insn *out)
{
    static ZydisDecoder decoder;
    static bool is_ready;
    if (!is_ready) {
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        /* as scan/ decodes: F3 0F BC is BSF */
        ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_TZCNT, ZYAN_FALSE);
        ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_LZCNT, ZYAN_FALSE);
        is_ready = true;
    }
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, n_bytes, &out->insn, out->op));
}

/* Zydis' name of host register number reg (ModRM/REX numbering) in a width of 8 to 64 bits. */
static inline ZydisRegister host_reg_name(int reg, unsigned n_bits)
{
    static const ZydisRegister low_bytes[16] = {
        ZYDIS_REGISTER_AL,   ZYDIS_REGISTER_CL,   ZYDIS_REGISTER_DL,   ZYDIS_REGISTER_BL,
        ZYDIS_REGISTER_SPL,  ZYDIS_REGISTER_BPL,  ZYDIS_REGISTER_SIL,  ZYDIS_REGISTER_DIL,
        ZYDIS_REGISTER_R8B,  ZYDIS_REGISTER_R9B,  ZYDIS_REGISTER_R10B, ZYDIS_REGISTER_R11B,
        ZYDIS_REGISTER_R12B, ZYDIS_REGISTER_R13B, ZYDIS_REGISTER_R14B, ZYDIS_REGISTER_R15B};
    if (reg == NO_REG) {
        return ZYDIS_REGISTER_NONE;
    }
    return n_bits == 8    ? low_bytes[reg]
           : n_bits == 16 ? (ZydisRegister)(ZYDIS_REGISTER_AX + reg)
           : n_bits == 32 ? (ZydisRegister)(ZYDIS_REGISTER_EAX + reg)
                          : (ZydisRegister)(ZYDIS_REGISTER_RAX + reg);
}

/* guest: the segment register of the guest's memory. */
static inline bool host_same_mem(const ZydisDecodedOperand *op, const struct host_mem *mem,
                                 ZydisRegister guest)
{
    unsigned n_bits = mem->a32 ? 32 : 64;
    bool stack_base = mem->base == RSP || mem->base == RBP;
    ZydisRegister segment = mem->guest ? guest : stack_base ? ZYDIS_REGISTER_SS : ZYDIS_REGISTER_DS;
    return op->type == ZYDIS_OPERAND_TYPE_MEMORY && op->mem.segment == segment &&
           op->mem.base == host_reg_name(mem->base, n_bits) &&
           op->mem.index == host_reg_name(mem->index, n_bits) &&
           (mem->index == NO_REG || op->mem.scale == mem->scale) && op->mem.disp.value == mem->disp;
}

#endif
