/* decode.c - one guest instruction: bytes -> struct insn, by Zydis. PURE.
 *
 * Offers what the guest's CPUID offers: an instruction set that is not on the list below is
 * undefined here, whatever the host could do with the bytes (pitfall 12). */
#include <string.h>

#include "cpu/cpu.h"
#include "scan/scan.h"

void scan_init(struct scanner *scanner)
{
    ZydisDecoderInit(&scanner->code32, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    ZydisDecoderInit(&scanner->code16, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
    scanner->shapes = NULL;
    static const ZydisDecoderMode off[] = {
        ZYDIS_DECODER_MODE_MPX,   ZYDIS_DECODER_MODE_CET,      ZYDIS_DECODER_MODE_LZCNT,
        ZYDIS_DECODER_MODE_TZCNT, ZYDIS_DECODER_MODE_WBNOINVD, ZYDIS_DECODER_MODE_CLDEMOTE};
    for (unsigned i = 0; i < ARRAY_SIZE(off); i++) {
        ZydisDecoderEnableMode(&scanner->code32, off[i], ZYAN_FALSE);
        ZydisDecoderEnableMode(&scanner->code16, off[i], ZYAN_FALSE);
    }
}

/* Instruction sets the guest has. */
static bool isa_offered(ZydisISASet set)
{
    switch (set) {
    case ZYDIS_ISA_SET_I86:
    case ZYDIS_ISA_SET_I186:
    case ZYDIS_ISA_SET_I286PROTECTED:
    case ZYDIS_ISA_SET_I286REAL:
    case ZYDIS_ISA_SET_I386:
    case ZYDIS_ISA_SET_I486:
    case ZYDIS_ISA_SET_I486REAL:
    case ZYDIS_ISA_SET_PENTIUMREAL:
    case ZYDIS_ISA_SET_PPRO:
    case ZYDIS_ISA_SET_CMOV:
    case ZYDIS_ISA_SET_FCMOV:
    case ZYDIS_ISA_SET_X87:
    case ZYDIS_ISA_SET_PENTIUMMMX:
    case ZYDIS_ISA_SET_FXSAVE:
    case ZYDIS_ISA_SET_SSE:
    case ZYDIS_ISA_SET_SSEMXCSR:
    case ZYDIS_ISA_SET_SSE_PREFETCH:
    case ZYDIS_ISA_SET_PREFETCH_NOP:
    case ZYDIS_ISA_SET_FAT_NOP:
    case ZYDIS_ISA_SET_PAUSE:
    case ZYDIS_ISA_SET_SSE2:
    case ZYDIS_ISA_SET_SSE2MMX:
    case ZYDIS_ISA_SET_SSE3:
    case ZYDIS_ISA_SET_SSE3X87:
    case ZYDIS_ISA_SET_SSSE3:
    case ZYDIS_ISA_SET_SSSE3MMX:
    case ZYDIS_ISA_SET_SSE4:
    case ZYDIS_ISA_SET_SSE42:
    case ZYDIS_ISA_SET_POPCNT:
    case ZYDIS_ISA_SET_MOVBE:
    case ZYDIS_ISA_SET_AES:
    case ZYDIS_ISA_SET_PCLMULQDQ:
    case ZYDIS_ISA_SET_SHA:
    case ZYDIS_ISA_SET_RDRAND:
    case ZYDIS_ISA_SET_RDSEED:
    case ZYDIS_ISA_SET_CLFSH:
    case ZYDIS_ISA_SET_LAHF:
    case ZYDIS_ISA_SET_RDPMC:
    case ZYDIS_ISA_SET_RDTSCP:
        return true;
    default:
        return false;
    }
}

static bool isa_uses_fpu(ZydisISASet set)
{
    switch (set) {
    case ZYDIS_ISA_SET_FCMOV:
    case ZYDIS_ISA_SET_X87:
    case ZYDIS_ISA_SET_PENTIUMMMX:
    case ZYDIS_ISA_SET_FXSAVE:
    case ZYDIS_ISA_SET_SSE:
    case ZYDIS_ISA_SET_SSEMXCSR:
    case ZYDIS_ISA_SET_SSE2:
    case ZYDIS_ISA_SET_SSE2MMX:
    case ZYDIS_ISA_SET_SSE3:
    case ZYDIS_ISA_SET_SSE3X87:
    case ZYDIS_ISA_SET_SSSE3:
    case ZYDIS_ISA_SET_SSSE3MMX:
    case ZYDIS_ISA_SET_SSE4:
    case ZYDIS_ISA_SET_SSE42:
    case ZYDIS_ISA_SET_AES:
    case ZYDIS_ISA_SET_PCLMULQDQ:
    case ZYDIS_ISA_SET_SHA:
        return true;
    default:
        return false;
    }
}

/* INSN_MMX, INSN_SSE or 0: what a manual files it under. */
static unsigned isa_flag(ZydisISASet set)
{
    switch (set) {
    case ZYDIS_ISA_SET_PENTIUMMMX:
    case ZYDIS_ISA_SET_SSE2MMX:
    case ZYDIS_ISA_SET_SSSE3MMX:
        return INSN_MMX;
    case ZYDIS_ISA_SET_SSE:
    case ZYDIS_ISA_SET_SSEMXCSR:
    case ZYDIS_ISA_SET_SSE_PREFETCH:
    case ZYDIS_ISA_SET_SSE2:
    case ZYDIS_ISA_SET_SSE3:
    case ZYDIS_ISA_SET_SSSE3:
    case ZYDIS_ISA_SET_SSE4:
    case ZYDIS_ISA_SET_SSE42:
    case ZYDIS_ISA_SET_AES:
    case ZYDIS_ISA_SET_PCLMULQDQ:
    case ZYDIS_ISA_SET_SHA:
        return INSN_SSE;
    default:
        return 0;
    }
}

/* SSE instruction sets whose listed members work on general registers or memory alone. */
static bool mnemonic_spares_fpu(ZydisMnemonic mnemonic)
{
    switch (mnemonic) {
    case ZYDIS_MNEMONIC_MOVNTI:
    case ZYDIS_MNEMONIC_CRC32:
    case ZYDIS_MNEMONIC_LFENCE:
    case ZYDIS_MNEMONIC_MFENCE:
    case ZYDIS_MNEMONIC_SFENCE:
    case ZYDIS_MNEMONIC_POPCNT:
        return true;
    default:
        return false;
    }
}

static unsigned roles_one_byte(const struct insn *insn)
{
    unsigned op = insn->opcode;
    unsigned both = op & 1 ? ROLE_REG | ROLE_RM : ROLE_REG8 | ROLE_RM8;
    unsigned rm = op & 1 ? ROLE_RM : ROLE_RM8;

    if (op < 0x40) {
        return (op & 7) < 4 ? both : 0;
    }
    if (op < 0x60) {
        return ROLE_OPCODE;
    }
    switch (op) {
    case 0x63:
    case 0x69:
    case 0x6b:
        return ROLE_REG | ROLE_RM;
    case 0x80:
    case 0x82:
        return ROLE_RM8;
    case 0x81:
    case 0x83:
        return ROLE_RM;
    case 0x84 ... 0x8b:
        return both;
    case 0x8c:
    case 0x8e:
    case 0x8f:
        return ROLE_RM;
    case 0x8d:
        return ROLE_REG;
    case 0x90 ... 0x97:
        return ROLE_OPCODE;
    case 0xb0 ... 0xb7:
        return ROLE_OPCODE8;
    case 0xb8 ... 0xbf:
        return ROLE_OPCODE;
    case 0xc0:
    case 0xc1:
    case 0xc6:
    case 0xc7:
    case 0xd0 ... 0xd3:
    case 0xf6:
    case 0xf7:
    case 0xfe:
    case 0xff:
        return rm;
    default:
        return 0;
    }
}

static unsigned roles_0f(const struct insn *insn)
{
    unsigned op = insn->opcode;
    bool f2f3 = insn->prefixes & (PREFIX_REP | PREFIX_REPNE);

    switch (op) {
    case 0x20 ... 0x23:
        return ROLE_RM;
    case 0x2a:
        return f2f3 ? ROLE_RM : 0;
    case 0x2c:
    case 0x2d:
        return f2f3 ? ROLE_REG : 0;
    case 0x40 ... 0x4f:
        return ROLE_REG | ROLE_RM;
    case 0x50:
    case 0xc3:
    case 0xc5:
    case 0xd7:
        return ROLE_REG;
    case 0x6e:
    case 0xba:
    case 0xc4:
    case 0xc7: /* RDRAND, RDSEED */
    case 0x00:
    case 0x01:
        return ROLE_RM;
    case 0x7e:
        return insn->prefixes & PREFIX_REP ? 0 : ROLE_RM;
    case 0x90 ... 0x9f:
        return ROLE_RM8;
    case 0x02:
    case 0x03:
    case 0xa3:
    case 0xa4:
    case 0xa5:
    case 0xab:
    case 0xac:
    case 0xad:
    case 0xaf:
    case 0xb1:
    case 0xb3:
    case 0xb7:
    case 0xb8:
    case 0xbb:
    case 0xbc:
    case 0xbd:
    case 0xbf:
    case 0xc1:
        return ROLE_REG | ROLE_RM;
    case 0xb0:
    case 0xc0:
        return ROLE_REG8 | ROLE_RM8;
    case 0xb2:
    case 0xb4:
    case 0xb5:
        return ROLE_REG;
    case 0xb6:
    case 0xbe:
        return ROLE_REG | ROLE_RM8;
    case 0xc8 ... 0xcf:
        return ROLE_OPCODE;
    default:
        return 0;
    }
}

static unsigned insn_find_roles(const struct insn *insn)
{
    switch (insn->map) {
    case 0:
        return roles_one_byte(insn);
    case 1:
        return roles_0f(insn);
    case 2: /* MOVBE, CRC32 */
        if (insn->opcode == 0xf0) {
            return insn->prefixes & PREFIX_REPNE ? ROLE_REG | ROLE_RM8 : ROLE_REG | ROLE_RM;
        }
        return insn->opcode == 0xf1 ? ROLE_REG | ROLE_RM : 0;
    default: /* PEXTRx, EXTRACTPS, PINSRx */
        return (insn->opcode >= 0x14 && insn->opcode <= 0x17) || insn->opcode == 0x20 ||
                       insn->opcode == 0x22
                   ? ROLE_RM
                   : 0;
    }
}

static void read_prefixes(struct insn *insn, const ZydisDecodedInstruction *zydis)
{
    for (unsigned i = 0; i < zydis->raw.prefix_count; i++) {
        switch (zydis->raw.prefixes[i].value) {
        case 0xf0:
            insn->prefixes |= PREFIX_LOCK;
            break;
        case 0xf2:
            insn->prefixes = (uint8_t)((insn->prefixes & ~PREFIX_REP) | PREFIX_REPNE);
            break;
        case 0xf3:
            insn->prefixes = (uint8_t)((insn->prefixes & ~PREFIX_REPNE) | PREFIX_REP);
            break;
        case 0x26:
            insn->seg = SEG_ES;
            insn->seg_override = true;
            break;
        case 0x2e:
            insn->seg = SEG_CS;
            insn->seg_override = true;
            break;
        case 0x36:
            insn->seg = SEG_SS;
            insn->seg_override = true;
            break;
        case 0x3e:
            insn->seg = SEG_DS;
            insn->seg_override = true;
            break;
        case 0x64:
            insn->seg = SEG_FS;
            insn->seg_override = true;
            break;
        case 0x65:
            insn->seg = SEG_GS;
            insn->seg_override = true;
            break;
        case 0x66:
            insn->has_66 = true;
            break;
        default:
            break;
        }
    }
}

static void read_memory16(struct insn *insn)
{
    static const uint8_t base[8] = {GPR_EBX, GPR_EBX, GPR_EBP, GPR_EBP,
                                    GPR_ESI, GPR_EDI, GPR_EBP, GPR_EBX};
    static const uint8_t index[8] = {GPR_ESI,     GPR_EDI,     GPR_ESI,     GPR_EDI,
                                     INSN_NO_REG, INSN_NO_REG, INSN_NO_REG, INSN_NO_REG};
    unsigned rm = insn_rm(insn);
    if ((insn->modrm >> 6) == 0 && rm == 6) {
        return; /* disp16 alone */
    }
    insn->base = base[rm];
    insn->index = index[rm];
}

static void read_memory32(struct insn *insn, const ZydisDecodedInstruction *zydis)
{
    unsigned mod = insn->modrm >> 6, rm = insn_rm(insn);
    if (rm != 4) {
        insn->base = (mod == 0 && rm == 5) ? INSN_NO_REG : (uint8_t)rm;
        return;
    }
    unsigned base = zydis->raw.sib.base, index = zydis->raw.sib.index;
    insn->sib = (uint8_t)(zydis->raw.sib.scale << 6 | index << 3 | base);
    insn->base = (mod == 0 && base == 5) ? INSN_NO_REG : (uint8_t)base;
    insn->index = index == 4 ? INSN_NO_REG : (uint8_t)index;
    insn->scale = (uint8_t)(1u << zydis->raw.sib.scale);
}

static void read_memory(struct insn *insn, const ZydisDecodedInstruction *zydis)
{
    bool moffs = insn->map == 0 && insn->opcode >= 0xa0 && insn->opcode <= 0xa3;
    insn->is_mem = moffs || (insn->has_modrm && (insn->modrm >> 6) != 3);
    if (!insn->is_mem) {
        return;
    }
    if (insn->has_modrm) {
        if (insn->adsize == 2) {
            read_memory16(insn);
        } else {
            read_memory32(insn, zydis);
        }
    }
    insn->disp = (int32_t)zydis->raw.disp.value;
    if (insn->adsize == 2 && (moffs || insn->base == INSN_NO_REG)) {
        insn->disp &= 0xffff;
    }
    if (!insn->seg_override &&
        (insn->base == GPR_EBP || (insn->base == GPR_ESP && insn->adsize == 4))) {
        insn->seg = SEG_SS;
    }
}

static void read_immediates(struct insn *insn, const ZydisDecodedInstruction *zydis)
{
    for (unsigned i = 0; i < 2; i++) {
        if (zydis->raw.imm[i].size == 0) {
            continue;
        }
        if (i == 0) {
            insn->imm = (uint32_t)zydis->raw.imm[i].value.u;
            insn->imm_at = zydis->raw.imm[i].offset;
        } else {
            insn->imm2 = (uint32_t)zydis->raw.imm[i].value.u;
        }
        insn->imm_bytes = (uint8_t)(insn->imm_bytes + zydis->raw.imm[i].size / 8);
    }
}

static void read_flags(struct insn *insn, const ZydisDecodedInstruction *zydis)
{
    if (!zydis->cpu_flags) {
        return;
    }
    const ZydisAccessedFlags *flags = zydis->cpu_flags;
    insn->flags_read = (uint16_t)(flags->tested & FLAGS_ARITH);
    insn->flags_written =
        (uint16_t)((flags->modified | flags->set_0 | flags->set_1 | flags->undefined) &
                   FLAGS_ARITH);
}

/* Size and use of the explicit memory operand. */
static void read_operands(const ZydisDecoder *decoder, const ZydisDecoderContext *context,
                          const ZydisDecodedInstruction *zydis, struct insn *insn)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeOperands(decoder, context, zydis, operands, zydis->operand_count))) {
        return;
    }
    for (unsigned i = 0; i < zydis->operand_count; i++) {
        const ZydisDecodedOperand *op = &operands[i];
        if (op->type != ZYDIS_OPERAND_TYPE_MEMORY || op->mem.type != ZYDIS_MEMOP_TYPE_MEM ||
            op->visibility != ZYDIS_OPERAND_VISIBILITY_EXPLICIT) {
            continue;
        }
        insn->mem_bytes = (uint16_t)(op->size / 8);
        insn->mem_read = op->actions & ZYDIS_OPERAND_ACTION_MASK_READ;
        insn->mem_write = op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
        if (zydis->mnemonic == ZYDIS_MNEMONIC_CLFLUSH) { /* SDM vol. 2: checked as a byte load */
            insn->mem_bytes = 1;
            insn->mem_read = true;
        }
        return;
    }
}

/* What Zydis says. False: it is not valid, or there are not enough bytes. */
static bool ask_zydis(const struct scanner *scanner, const uint8_t *bytes, unsigned n_bytes,
                      bool code32, bool operands, ZydisDecodedInstruction *zydis, struct insn *insn)
{
    const ZydisDecoder *decoder = code32 ? &scanner->code32 : &scanner->code16;
    ZydisDecoderContext context;

    n_bytes = n_bytes > INSN_MAX_BYTES ? INSN_MAX_BYTES : n_bytes;
    ZyanStatus status = ZydisDecoderDecodeInstruction(decoder, &context, bytes, n_bytes, zydis);
    if (!ZYAN_SUCCESS(status)) {
        bool short_of_bytes = status == ZYDIS_STATUS_NO_MORE_DATA;
        insn->flags = short_of_bytes && n_bytes < INSN_MAX_BYTES ? INSN_TRUNCATED : INSN_INVALID;
        if (status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG ||
            (short_of_bytes && n_bytes == INSN_MAX_BYTES)) {
            insn->flags = INSN_INVALID | INSN_TOO_LONG;
        }
        insn->n_bytes = (uint8_t)(n_bytes ? n_bytes : 1); /* any of them may have decided it */
        memcpy(insn->bytes, bytes, n_bytes);
        return false;
    }
    insn->n_bytes = zydis->length;
    memcpy(insn->bytes, bytes, zydis->length);
    insn->mnemonic = (uint16_t)zydis->mnemonic;
    insn->map = zydis->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT ? 0
                : zydis->opcode_map == ZYDIS_OPCODE_MAP_0F    ? 1
                : zydis->opcode_map == ZYDIS_OPCODE_MAP_0F38  ? 2
                                                              : 3;
    if (zydis->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY || !isa_offered(zydis->meta.isa_set)) {
        insn->flags |= INSN_INVALID;
        return false;
    }
    insn->opcode = zydis->opcode;
    insn->adsize = zydis->address_width / 8;
    read_prefixes(insn, zydis);
    insn->opattr = (code32 != insn->has_66) ? 4 : 2;
    insn->opsize = zydis->operand_width / 8;
    insn->has_modrm = zydis->attributes & ZYDIS_ATTRIB_HAS_MODRM;
    if (insn->has_modrm) {
        insn->modrm =
            (uint8_t)(zydis->raw.modrm.mod << 6 | zydis->raw.modrm.reg << 3 | zydis->raw.modrm.rm);
    }
    read_memory(insn, zydis);
    read_immediates(insn, zydis);
    read_flags(insn, zydis);
    insn->roles = (uint8_t)insn_find_roles(insn);
    if (isa_uses_fpu(zydis->meta.isa_set) && !mnemonic_spares_fpu(zydis->mnemonic)) {
        insn->flags |= INSN_FPU;
    }
    insn->flags |= (uint8_t)isa_flag(zydis->meta.isa_set);
    insn->same = (uint8_t)insn_find_same(insn);
    if (operands && insn->is_mem) {
        read_operands(decoder, &context, zydis, insn);
    }
    return true;
}

/* The way of what is not remembered. may_learn: all bytes are there. */
static __attribute__((noinline)) void decode_anew(const struct scanner *scanner,
                                                  const uint8_t *bytes, unsigned n_bytes,
                                                  bool code32, uint32_t eip, bool operands,
                                                  bool may_learn, struct insn *insn)
{
    ZydisDecodedInstruction zydis;
    memset(insn, 0, sizeof(*insn));
    insn->eip = eip;
    insn->seg = SEG_DS;
    insn->base = insn->index = INSN_NO_REG;
    insn->scale = 1;
    bool valid = ask_zydis(scanner, bytes, n_bytes, code32, operands, &zydis, insn);
    if (valid && may_learn) {
        struct shape_head head = shape_read_head(bytes);
        if (head.key) {
            shape_learn(scanner->shapes, &head, bytes, &zydis, insn);
        }
    }
}

void scan_decode(const struct scanner *scanner, const uint8_t *bytes, unsigned n_bytes, bool code32,
                 uint32_t eip, bool operands, struct insn *insn)
{
    bool may_know = scanner->shapes && code32 && !operands && n_bytes >= SHAPE_MIN_BYTES;
    if (!may_know || !shape_decode(scanner->shapes, bytes, eip, insn)) {
        decode_anew(scanner, bytes, n_bytes, code32, eip, operands, may_know, insn);
    }
}
