/* classify.c - which instructions can be compared, which the guest's CPU does not have, and which
 * flags the manual leaves open. Written from the SDM, not from the engine's lists. */
#include "gen.h"

/* What the guest's CPUID offers (docs/devices.md): nothing else may do anything but #UD. */
static bool offered(ZydisISASet set)
{
    switch (set) {
#define OFFERED(name)                                                                              \
    case ZYDIS_ISA_SET_##name:                                                                     \
        return true;
#include "offered.def"
#undef OFFERED
    default:
        return false;
    }
}

static struct classified by_mnemonic(ZydisMnemonic mnemonic)
{
    switch (mnemonic) {
#define SKIP(name, why)                                                                            \
    case ZYDIS_MNEMONIC_##name:                                                                    \
        return (struct classified){VERDICT_SKIP, why};
#define OLD(name, why)                                                                             \
    case ZYDIS_MNEMONIC_##name:                                                                    \
        return (struct classified){VERDICT_OLD, why};
#define VOLATILE(name, why)                                                                        \
    case ZYDIS_MNEMONIC_##name:                                                                    \
        return (struct classified){VERDICT_NO_TSC, why};
#include "differs.def"
#undef SKIP
#undef OLD
#undef VOLATILE
    default:
        return (struct classified){VERDICT_RUN, NULL};
    }
}

static bool has_prefix(const ZydisDecodedInstruction *insn, uint8_t byte)
{
    for (unsigned i = 0; i < insn->raw.prefix_count; i++) {
        if (insn->raw.prefixes[i].value == byte) {
            return true;
        }
    }
    return false;
}

struct classified classify(const ZydisDecodedInstruction *insn, const uint8_t *bytes)
{
    if (insn->mnemonic == ZYDIS_MNEMONIC_INT && bytes[insn->length - 1] == 0x80) {
        return (struct classified){VERDICT_SKIP, "a system call of the host"};
    }
    if ((insn->opcode == 0xe0 || insn->opcode == 0xe1) &&
        insn->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
        (has_prefix(insn, 0xf2) || has_prefix(insn, 0xf3))) {
        return (struct classified){VERDICT_SKIP, "AMD lets REP choose the condition of LOOPcc"};
    }
    if (insn->opcode == 0x0d && insn->opcode_map == ZYDIS_OPCODE_MAP_0F &&
        insn->raw.modrm.mod == 3) {
        return (struct classified){VERDICT_SKIP, "a NOP on Intel's CPUs, #UD on AMD's"};
    }
    struct classified class = by_mnemonic(insn->mnemonic);
    if (class.verdict == VERDICT_RUN && !offered(insn->meta.isa_set)) {
        class = (struct classified){VERDICT_UD, ZydisISASetGetString(insn->meta.isa_set)};
    }
    return class;
}

/* Undefined with these prefixes, but what would it be without? The CPU underneath may ignore them,
 * and must not run what it then finds (VMCALL, for one; LOCK MOV CR0 is CR8 on AMD's CPUs). */
struct classified classify_undecoded(const ZydisDecoder *decoder, const uint8_t *bytes, unsigned n)
{
    ZydisDecodedInstruction insn;
    while (n > 1 && (*bytes == 0x66 || *bytes == 0xf2 || *bytes == 0xf3 || *bytes == 0xf0 ||
                     *bytes == 0x67 || (*bytes & 0xe7) == 0x26 || (*bytes & 0xfe) == 0x64)) {
        bytes++;
        n--;
        if (ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(decoder, NULL, bytes, n, &insn))) {
            struct classified class = classify(&insn, bytes);
            bool control = insn.meta.isa_ext == ZYDIS_ISA_EXT_BASE && insn.opcode >= 0x20 &&
                           insn.opcode <= 0x23 && insn.opcode_map == ZYDIS_OPCODE_MAP_0F;
            if (control || class.verdict == VERDICT_UD || class.verdict == VERDICT_SKIP) {
                return (struct classified){VERDICT_UD, class.why};
            }
        }
    }
    return (struct classified){VERDICT_RUN, NULL};
}

uint32_t undefined_flags(ZydisMnemonic mnemonic)
{
    enum { CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, OF = 0x800 };
    switch (mnemonic) {
#define UNDEFINED(name, flags)                                                                     \
    case ZYDIS_MNEMONIC_##name:                                                                    \
        return flags;
#include "undefined.def"
#undef UNDEFINED
    default:
        return 0;
    }
}
