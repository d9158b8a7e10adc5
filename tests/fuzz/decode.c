/* decode.c - scan_decode() against all that Zydis says, for random bytes in both modes, with as
 * many bytes at hand as chance will have it; and the same from what is remembered of its shape.
 * Under ASan: the buffer ends where the bytes do. */
#include <sanitizer/asan_interface.h>

#include "cpu/cpu.h"
#include "scan/scan.h"
#include "simple.h"

static struct scanner scanner, quick; /* quick remembers shapes */
static struct shape_table shapes;

struct answer {
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

static bool complain(const char *what, const uint8_t *bytes, unsigned n, bool code32)
{
    char line[160];
    int at = snprintf(line, sizeof line, "%s, %u bits:", what, code32 ? 32 : 16);
    for (unsigned i = 0; i < n; i++) {
        at += snprintf(line + at, sizeof line - (size_t)at, " %02x", bytes[i]);
    }
    simple_say(line);
    return true;
}

static unsigned reg_number(ZydisRegister reg)
{
    return reg == ZYDIS_REGISTER_NONE ? INSN_NO_REG : (unsigned)ZydisRegisterGetId(reg);
}

static unsigned seg_number(ZydisRegister reg)
{
    switch (reg) {
    case ZYDIS_REGISTER_ES:
        return SEG_ES;
    case ZYDIS_REGISTER_CS:
        return SEG_CS;
    case ZYDIS_REGISTER_SS:
        return SEG_SS;
    case ZYDIS_REGISTER_FS:
        return SEG_FS;
    case ZYDIS_REGISTER_GS:
        return SEG_GS;
    default:
        return SEG_DS;
    }
}

static const char *compare_memory(const struct insn *insn, const ZydisDecodedOperand *op)
{
    const uint32_t mask = insn->adsize == 2 ? 0xffff : UINT32_MAX;
    if (!insn->is_mem) {
        return "memory operand not seen";
    }
    if (insn->base != reg_number(op->mem.base) || insn->index != reg_number(op->mem.index)) {
        return "base or index";
    }
    if (op->mem.index != ZYDIS_REGISTER_NONE && insn->scale != op->mem.scale) {
        return "scale";
    }
    if (((uint32_t)insn->disp ^ (uint32_t)op->mem.disp.value) & mask) {
        return "displacement";
    }
    if (op->mem.type != ZYDIS_MEMOP_TYPE_MEM) {
        return NULL; /* LEA and the like */
    }
    if (insn->seg != seg_number(op->mem.segment)) {
        return "segment";
    }
    /* CLFLUSH: Zydis says the line; the SDM checks it as a byte load */
    bool flush = insn->mnemonic == ZYDIS_MNEMONIC_CLFLUSH;
    if (insn->mem_bytes != (flush ? 1 : op->size / 8)) {
        return "size of the memory operand";
    }
    if (insn->mem_read != !!(op->actions & ZYDIS_OPERAND_ACTION_MASK_READ) ||
        insn->mem_write != !!(op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)) {
        return "use of the memory operand";
    }
    return NULL;
}

static const char *compare(const struct insn *insn, const struct answer *answer)
{
    const ZydisDecodedInstruction *zydis = &answer->insn;
    if (insn->n_bytes != zydis->length || insn->mnemonic != zydis->mnemonic) {
        return "length or mnemonic";
    }
    if (insn->flags & INSN_INVALID) {
        return NULL; /* an instruction set that the guest does not have */
    }
    if (insn->adsize * 8 != zydis->address_width || insn->opcode != zydis->opcode) {
        return "address size or opcode";
    }
    const uint32_t imm_mask =
        zydis->raw.imm[0].size >= 32 ? UINT32_MAX : (1u << zydis->raw.imm[0].size) - 1;
    if (zydis->raw.imm[0].size && zydis->raw.imm[0].offset == insn->imm_at &&
        ((insn->imm ^ (uint32_t)zydis->raw.imm[0].value.u) & imm_mask)) {
        return "immediate";
    }
    for (unsigned i = 0; i < zydis->operand_count_visible; i++) {
        const ZydisDecodedOperand *op = &answer->operands[i];
        if (op->type == ZYDIS_OPERAND_TYPE_MEMORY &&
            (op->encoding == ZYDIS_OPERAND_ENCODING_MODRM_RM ||
             op->encoding == ZYDIS_OPERAND_ENCODING_DISP16_32_64)) {
            return compare_memory(insn, op);
        }
    }
    return NULL;
}

static void make_bytes(struct random *random, uint8_t *bytes)
{
    static const uint8_t prefixes[] = {0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e,
                                       0x36, 0x3e, 0x26, 0x64, 0x65};
    unsigned n_prefixes = random_percent(random, 60)   ? 0
                          : random_percent(random, 80) ? random_below(random, 4)
                                                       : random_below(random, 17);
    random_fill(random, bytes, 32);
    for (unsigned i = 0; i < n_prefixes; i++) {
        bytes[i] = RANDOM_PICK(random, prefixes);
    }
    if (random_percent(random, 50)) {
        bytes[n_prefixes] = 0x0f;
        if (random_percent(random, 30)) {
            bytes[n_prefixes + 1] = random_percent(random, 50) ? 0x38 : 0x3a;
        }
    }
}

static bool same_by_shape(const uint8_t *bytes, unsigned n, bool code32)
{
    struct insn plain, remembered;
    scan_decode(&scanner, bytes, n, code32, 0x1000, false, &plain);
    scan_decode(&quick, bytes, n, code32, 0x1000, false, &remembered);
    remembered.shape = 0;
    return !memcmp(&plain, &remembered, sizeof plain);
}

static bool one_insn(struct random *random)
{
    uint8_t bytes[40];
    bool code32 = random_percent(random, 50);
    unsigned n = random_percent(random, 60) ? 15 : 1 + random_below(random, 20);
    make_bytes(random, bytes);
    uint8_t *exact = malloc(n);
    memcpy(exact, bytes, n);
    struct insn insn;
    struct answer answer;
    scan_decode(&scanner, exact, n, code32, 0x1000, true, &insn);
    bool same = same_by_shape(exact, n, code32);
    free(exact);
    const ZydisDecoder *decoder = code32 ? &scanner.code32 : &scanner.code16;
    ZyanStatus whole = ZydisDecoderDecodeFull(decoder, bytes, 15, &answer.insn, answer.operands);
    const char *what = NULL;
    if (!same) {
        what = "remembered otherwise";
    } else if (insn.n_bytes == 0 || insn.n_bytes > INSN_MAX_BYTES) {
        what = "length out of range";
    } else if (insn.flags & INSN_TRUNCATED) {
        what = n >= INSN_MAX_BYTES                              ? "truncated with all bytes there"
               : ZYAN_SUCCESS(whole) && answer.insn.length <= n ? "truncated, but whole"
                                                                : NULL;
    } else if (ZYAN_SUCCESS(whole) && answer.insn.length <= n) {
        what = compare(&insn, &answer);
    } else if (!(insn.flags & INSN_INVALID)) {
        what = "valid, and Zydis says no";
    }
    return what && complain(what, bytes, 15, code32);
}

static bool one(uint64_t seed)
{
    struct random random = {seed};
    bool found = false;
    for (unsigned i = 0; i < 1000 && !found; i++) {
        found = one_insn(&random);
    }
    return found;
}

int main(int argc, char **argv)
{
    scan_init(&scanner);
    scan_init(&quick);
    quick.shapes = &shapes;
    __asan_set_death_callback(simple_asan);
    return simple_main(argc, argv, "decode", one);
}
