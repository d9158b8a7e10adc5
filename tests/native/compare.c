/* compare.c - what must be equal: registers, flags, segment selectors, x87 and SSE state, the
 * exception, and all memory. What may differ is said here or in undefined.def, nowhere else. */
#include "compare.h"
#include "segments.h"

#include <stdarg.h>
#include <string.h>

static const char *const gpr_names[8] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
static const char *const seg_names[N_CASE_SEGS] = {"es", "cs", "ss", "ds", "fs", "gs"};

struct differences {
    char *text;
    size_t n;
};

static void __attribute__((format(printf, 2, 3)))
differ(struct differences *out, const char *format, ...)
{
    va_list args;
    if (out->n >= MAX_DIFFERENCES - 1) {
        return;
    }
    va_start(args, format);
    int n = vsnprintf(out->text + out->n, MAX_DIFFERENCES - out->n, format, args);
    va_end(args);
    out->n += n > 0 ? (size_t)n : 0;
}

static void word(struct differences *out, const char *name, uint32_t cpu, uint32_t engine)
{
    if (cpu != engine) {
        differ(out, "%s %x, engine %x; ", name, cpu, engine);
    }
}

/* The page tables of the guest have no NX, Linux's have; and where the guest keeps its kernel,
 * mapped for CPL 0, nothing is mapped under Linux. */
static uint32_t error_code(const struct test_result *result)
{
    enum { PF_P = 1, PF_I = 16, VEC_PF = 14, KERNEL_END = 64 << 20 };
    uint32_t error = result->error;
    if (result->vector == VEC_PF) {
        error &= ~(uint32_t)PF_I;
        error &= result->cr2 < KERNEL_END ? ~(uint32_t)PF_P : ~0u;
    }
    return error;
}

/* FXSAVE image (SDM vol. 1, "FXSAVE Area"). The pointers to the last x87 instruction are not
 * compared: AMD's FXSAVE leaves them out unless an exception is pending; tests/guest x87_env_fip.
 */
static void compare_fpu(struct differences *out, const uint8_t *cpu, const uint8_t *engine)
{
    static const struct {
        const char *name;
        uint16_t at, n_bytes;
    } fields[] = {{"fcw", 0, 2}, {"fsw", 2, 2}, {"ftw", 4, 1}, {"mxcsr", 24, 4}};
    for (unsigned i = 0; i < 4; i++) {
        uint32_t one = 0, other = 0;
        memcpy(&one, cpu + fields[i].at, fields[i].n_bytes);
        memcpy(&other, engine + fields[i].at, fields[i].n_bytes);
        word(out, fields[i].name, one, other);
    }
    for (unsigned i = 0; i < 8; i++) {
        const uint8_t *one = cpu + 32 + i * 16, *other = engine + 32 + i * 16;
        if (memcmp(one, other, 10) != 0) {
            differ(out, "st%u differs; ", i);
        }
        if (memcmp(one + 128, other + 128, 16) != 0) {
            differ(out, "xmm%u differs; ", i);
        }
    }
}

/* SDM vol. 3, "Limit Checking": with a limit of FFFFFFFF it is the CPU's choice whether an access
 * that wraps raises #GP or #SS. Without them it comes to the alignment, and to the pages, of which
 * the last and the first are not there. */
static bool wraps(const struct test_result *cpu, const struct test_result *engine)
{
    bool gp = cpu->vector == 12 || cpu->vector == 13;
    bool at_end = engine->vector == 17 || (engine->vector == 14 && engine->cr2 >= 0xfffff000);
    return gp && cpu->error == 0 && at_end && cpu->eip == engine->eip;
}

static bool is_image(const struct generated *made)
{
    switch (made->decoded ? made->insn.mnemonic : ZYDIS_MNEMONIC_INVALID) {
    case ZYDIS_MNEMONIC_FXSAVE:
    case ZYDIS_MNEMONIC_FXRSTOR:
    case ZYDIS_MNEMONIC_FNSAVE:
    case ZYDIS_MNEMONIC_FRSTOR:
    case ZYDIS_MNEMONIC_FNSTENV:
    case ZYDIS_MNEMONIC_FLDENV:
        return true;
    default:
        return false;
    }
}

static bool is_cmps(const struct generated *made)
{
    return made->decoded && made->insn.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
           (made->insn.opcode & 0xfe) == 0xa6;
}

/* CMPS reads two operands; which one first, the manual does not say. Nor which byte of a state
 * image of many bytes is touched first: any in it may be the one that faults. */
static bool same_cr2(const struct generated *made, uint32_t cpu, uint32_t engine)
{
    enum { IMAGE_BYTES = 512 };
    return cpu == engine || is_cmps(made) ||
           (is_image(made) && cpu - engine + IMAGE_BYTES <= 2 * (uint32_t)IMAGE_BYTES);
}

/* SDM vol. 2, "REP": a fault in the middle of CMPS or SCAS leaves EFLAGS as they were before the
 * instruction. AMD's CPUs leave those of the last comparison. And vol. 3, "RF": a trap between two
 * iterations pushes RF=1; AMD's CPUs push 0. */
static uint32_t open_flags(const struct generated *made, const struct test_result *cpu)
{
    enum { ARITHMETIC = 0x8d5, RF = 0x10000 };
    if (!made->decoded) {
        return 0;
    }
    if (cpu->vector == 1 && made->insn.meta.category == ZYDIS_CATEGORY_STRINGOP) {
        return RF;
    }
    switch (made->insn.mnemonic) {
    case ZYDIS_MNEMONIC_CMPSB:
    case ZYDIS_MNEMONIC_CMPSW:
    case ZYDIS_MNEMONIC_CMPSD:
    case ZYDIS_MNEMONIC_SCASB:
    case ZYDIS_MNEMONIC_SCASW:
    case ZYDIS_MNEMONIC_SCASD:
        return cpu->vector == 3 ? 0 : ARITHMETIC;
    default:
        return undefined_flags(made->insn.mnemonic);
    }
}

/* On its way back from the kernel a CPU replaces null selectors 1 to 3 by 0. */
static uint16_t selector(uint16_t selector)
{
    return selector < 4 ? 0 : selector;
}

/* SDM vol. 2, "MASKMOVQ": bytes that the mask leaves out may or may not fault. */
static bool may_fault(const struct generated *made, const struct test_result *cpu,
                      const struct test_result *engine)
{
    bool mask_move = made->decoded && (made->insn.mnemonic == ZYDIS_MNEMONIC_MASKMOVQ ||
                                       made->insn.mnemonic == ZYDIS_MNEMONIC_MASKMOVDQU);
    return mask_move && (cpu->vector == 3 || engine->vector == 3);
}

/* AMD's CPUs read SS:ESP of a far return whose RPL is not CPL before they look at CS; in the SDM's
 * order (vol. 2, "RET") a null CS comes first. */
static bool reads_outer_stack(const struct generated *made, const struct test_result *cpu,
                              const struct test_result *engine)
{
    bool far = made->decoded && (made->insn.mnemonic == ZYDIS_MNEMONIC_RET ||
                                 made->insn.mnemonic == ZYDIS_MNEMONIC_IRET ||
                                 made->insn.mnemonic == ZYDIS_MNEMONIC_IRETD);
    bool cpu_read = cpu->vector == 12 || cpu->vector == 14;
    return far && cpu_read && engine->vector == 13 && cpu->eip == engine->eip;
}

/* SDM vol. 2, "MOVDQU" and kin: whether operands of 16 bytes that may lie anywhere raise #AC is
 * the CPU's choice. AMD's do. */
static bool may_lie_anywhere(const struct generated *made, const struct test_result *cpu)
{
    switch (made->decoded && cpu->vector == 17 ? made->insn.mnemonic : ZYDIS_MNEMONIC_INVALID) {
    case ZYDIS_MNEMONIC_MOVUPS:
    case ZYDIS_MNEMONIC_MOVUPD:
    case ZYDIS_MNEMONIC_MOVDQU:
    case ZYDIS_MNEMONIC_LDDQU:
    case ZYDIS_MNEMONIC_MASKMOVDQU:
    case ZYDIS_MNEMONIC_PCMPESTRI:
    case ZYDIS_MNEMONIC_PCMPESTRM:
    case ZYDIS_MNEMONIC_PCMPISTRI:
    case ZYDIS_MNEMONIC_PCMPISTRM:
        return true;
    default:
        return false;
    }
}

/* Linux's data pages have NX, the guest's do not: there the code goes on. And of CMPS' two operands
 * either may be found wrong first. */
static bool goes_elsewhere(const struct generated *made, const struct test_result *cpu,
                           const struct test_result *engine)
{
    enum { PF_P = 1, PF_I = 16 };
    bool fetch = cpu->vector == 14 && (cpu->error & (PF_P | PF_I)) == (PF_P | PF_I);
    return fetch || (is_cmps(made) && cpu->vector != engine->vector && cpu->vector >= 12 &&
                     cpu->vector <= 14 && engine->vector >= 12 && engine->vector <= 14);
}

/* Undefined opcodes at the end of a segment or page: how many more bytes a CPU fetches before it
 * gives up is its own affair. And how AMD's CPUs wrap the parts of a long image at 64 KiB, and
 * whether limit (#SS) or alignment (#GP) comes first where it wraps at 4 GiB. */
static bool at_an_end(const struct generated *made, const struct test_result *cpu,
                      const struct test_result *engine)
{
    bool ud = made->decoded && (made->insn.mnemonic == ZYDIS_MNEMONIC_UD0 ||
                                made->insn.mnemonic == ZYDIS_MNEMONIC_UD1);
    if (ud || !made->decoded) {
        bool cpu_end = cpu->vector == 13 || cpu->vector == 14;
        bool engine_end = engine->vector == 13 || engine->vector == 14;
        return !made->sequence &&
               ((cpu_end && engine->vector == 6) || (cpu->vector == 6 && engine_end));
    }
    bool limit = engine->vector == 12 || engine->vector == 13;
    bool cpu_limit = (cpu->vector == 12 || cpu->vector == 13) && cpu->error == 0;
    return is_image(made) && limit && cpu->vector != engine->vector &&
           (made->insn.address_width == 16 || cpu_limit);
}

/* A far CALL of AMD's CPUs has stored the return address before it finds the target wrong. */
static bool pushes_first(const struct generated *made, const struct test_result *cpu)
{
    return made->decoded && made->insn.mnemonic == ZYDIS_MNEMONIC_CALL &&
           made->insn.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR && cpu->vector != 3;
}

bool compare_results(const struct generated *made, const struct test_result *cpu,
                     const struct test_result *engine, char text[MAX_DIFFERENCES])
{
    struct differences out = {text, 0};
    bool exact = made->class.verdict != VERDICT_NO_TSC;
    uint32_t open = open_flags(made, cpu);
    text[0] = 0;
    if (!engine->ran) {
        differ(&out, "the engine did not run it; ");
        return true;
    }
    if (may_lie_anywhere(made, cpu) || goes_elsewhere(made, cpu, engine) ||
        may_fault(made, cpu, engine) || at_an_end(made, cpu, engine)) {
        return false;
    }
    if (!wraps(cpu, engine) && !reads_outer_stack(made, cpu, engine)) {
        word(&out, "vector", cpu->vector, engine->vector);
        word(&out, "error", error_code(cpu), error_code(engine));
    }
    word(&out, "eip", cpu->eip, engine->eip);
    if (cpu->vector == 14 && engine->vector == 14 && !same_cr2(made, cpu->cr2, engine->cr2)) {
        word(&out, "cr2", cpu->cr2, engine->cr2);
    }
    for (unsigned i = 0; i < 8 && exact; i++) {
        word(&out, gpr_names[i], cpu->gpr[i], engine->gpr[i]);
    }
    word(&out, "eflags", cpu->eflags & ~open, engine->eflags & ~open);
    for (unsigned i = 0; i < N_CASE_SEGS; i++) {
        word(&out, seg_names[i], selector(cpu->sel[i]), selector(engine->sel[i]));
    }
    compare_fpu(&out, cpu->fx, engine->fx);
    exact = exact && !pushes_first(made, cpu);
    for (unsigned at = 0; at < WINDOW_BYTES && exact; at++) {
        if (cpu->window[at] != engine->window[at]) {
            differ(&out, "memory at window+%x %02x, engine %02x; ", at, cpu->window[at],
                   engine->window[at]);
            break;
        }
    }
    if (exact) {
        word(&out, "memory sum", cpu->checksum, engine->checksum);
    }
    return out.n != 0;
}

static void print_state(FILE *out, const char *who, const uint32_t *gpr, uint32_t eip,
                        uint32_t eflags, const uint16_t *sel)
{
    fprintf(out, "  %-6s", who);
    for (unsigned i = 0; i < 8; i++) {
        fprintf(out, " %s=%08x", gpr_names[i], gpr[i]);
    }
    fprintf(out, "\n         eip=%08x eflags=%08x", eip, eflags);
    for (unsigned i = 0; i < N_CASE_SEGS; i++) {
        fprintf(out, " %s=%04x", seg_names[i], sel[i]);
    }
    fputc('\n', out);
}

static void print_bytes(FILE *out, const char *name, const uint8_t *bytes, unsigned n)
{
    fprintf(out, "         %s", name);
    for (unsigned i = 0; i < n; i++) {
        fprintf(out, "%s%02x", i % 16 ? "" : " ", bytes[i]);
    }
    fputc('\n', out);
}

static void print_result(FILE *out, const char *who, const struct test_result *result)
{
    print_state(out, who, result->gpr, result->eip, result->eflags, result->sel);
    fprintf(out, "         vector=%u error=%x cr2=%x sum=%x\n", result->vector, result->error,
            result->cr2, result->checksum);
    print_bytes(out, "fx ", result->fx, 32);
    print_bytes(out, "st ", result->fx + 32, 128);
    print_bytes(out, "xmm", result->fx + 160, 128);
}

static void print_code(FILE *out, const struct generated *made, const struct test_case *test)
{
    ZydisMachineMode mode = segment_is_big(test->sel[CASE_CS]) ? ZYDIS_MACHINE_MODE_LEGACY_32
                                                               : ZYDIS_MACHINE_MODE_LEGACY_16;
    unsigned at = made->at, end = made->at + made->n_bytes;
    while (at < end) {
        ZydisDisassembledInstruction insn;
        unsigned n = 1;
        const char *text = "(undefined)";
        if (ZYAN_SUCCESS(ZydisDisassembleIntel(mode, made->slot_lin + at, made->guest + at,
                                               end - at, &insn))) {
            n = insn.info.length;
            text = insn.text;
        } else if (at == made->at) {
            n = end - at;
        }
        fprintf(out, "  %08x ", made->slot_lin + at);
        for (unsigned i = 0; i < 11; i++) {
            i < n ? fprintf(out, " %02x", made->guest[at + i]) : fprintf(out, "   ");
        }
        fprintf(out, "  %s\n", text);
        at += n;
    }
}

void print_case(FILE *out, const struct generated *made, const struct test_case *test,
                const struct test_result *cpu, const struct test_result *engine)
{
    print_code(out, made, test);
    print_state(out, "before", test->gpr, test->eip, test->eflags, test->sel);
    print_bytes(out, "fx ", test->fx, 32);
    print_bytes(out, "st ", test->fx + 32, 128);
    print_bytes(out, "xmm", test->fx + 160, 128);
    print_bytes(out, "mem", test->window, WINDOW_BYTES);
    print_result(out, "cpu", cpu);
    if (engine) {
        print_result(out, "engine", engine);
    }
}
