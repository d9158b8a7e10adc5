/* golden.c - prints a golden file anew: its head as it stands, then the listing that the translator
 * makes of it today. `make golden` compares, `make bless` accepts.
 *
 * Head, one per line; what is not said is flat 32-bit code in ring 0 at 00400100:
 *     # text
 *     mode: ring3 16bit stack16 base nm step nowp v86   words that change the mode
 *     at: 400100        EIP of the first byte      base: 10000    base of CS
 *     engine: no-join   words of -engine           insns: 1       budget
 *     rule: all: call   a rule of the map
 *     kind: 3=checked   what is known of the access at byte 3 (gs, dual, checked)
 *     then: 5           another unit from byte 5, after the first
 *     patch: 2=dual     instruction number 2 of the last unit is re-made
 *     thunk: 402000=3   there lies "mov (%esp), %register 3; ret"
 *     cross: yes        the next page is what was expected (a page-crossing unit)
 *     code: 89 d8 c3    code+20: c3    guest bytes, at byte 20
 *     ----
 * Addresses in the listing are relative: +0010 in this unit, @0010 from the first unit's start,
 * names for stubs and fields of struct cpu.
 */
#include <stdlib.h>

#include "../unit/test_translate.h"

enum { MAX_THEN = 4, CROSS_NEXT = 0x12345 };

static struct golden {
    char head[4096];
    uint32_t at, base, mode;
    unsigned max_insns, n_then, n_patches;
    uint32_t then[MAX_THEN];
    struct {
        unsigned index, kind;
    } patches[MAX_THEN];
    bool is_crossing;
    uint32_t thunk_lin;
    unsigned thunk_reg, engine;
    struct {
        uint32_t off;
        uint8_t bytes[256];
        unsigned n;
    } codes[8];
    unsigned n_codes;
    struct {
        uint32_t off;
        unsigned kind;
    } kinds[8];
    unsigned n_kinds;
    char rules[4][128];
    unsigned n_rules;
} golden;

static ZydisFormatter formatter;
static ZydisDecoder host_decoder;
static uint32_t origin; /* cache offset of the first unit */

static void die(const char *what, const char *which)
{
    fprintf(stderr, "golden: %s: %s\n", what, which);
    exit(2);
}

static unsigned kind_of(const char *word)
{
    static const struct {
        const char *word;
        unsigned kind;
    } words[] = {{"gs", SITE_GS},
                 {"dual", SITE_DUAL},
                 {"checked", SITE_CHECKED},
                 {"computed", SITE_COMPUTED}};
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        if (!strncmp(word, words[i].word, strlen(words[i].word))) {
            return words[i].kind;
        }
    }
    die("no such kind", word);
    return 0;
}

static void take_mode(char *words)
{
    static const struct {
        const char *word;
        uint32_t clear, set;
    } modes[] = {{"ring3", MODE_CPL0, MODE_USER},
                 {"ring1", MODE_CPL0, 0},
                 {"16bit", MODE_CODE32, 0},
                 {"stack16", MODE_STACK32, 0},
                 {"base", MODE_FLAT, 0},
                 {"nm", 0, MODE_NM},
                 {"step", 0, MODE_STEP},
                 {"nowp", 0, MODE_NOWP},
                 {"v86", MODE_CPL0 | MODE_CODE32 | MODE_STACK32 | MODE_FLAT, MODE_V86 | MODE_USER}};
    for (char *word = strtok(words, " \n"); word; word = strtok(NULL, " \n")) {
        unsigned i = 0;
        while (i < ARRAY_SIZE(modes) && strcmp(modes[i].word, word) != 0) {
            i++;
        }
        if (i == ARRAY_SIZE(modes)) {
            die("no such mode", word);
        }
        golden.mode = (golden.mode & ~modes[i].clear) | modes[i].set;
    }
}

static void take_engine(char *words)
{
    static const struct {
        const char *word;
        unsigned bit;
    } flags[] = {
#define ENGINE(name, bit, word, help) {word, bit},
#include "cli/engine.def"
#undef ENGINE
    };
    for (char *word = strtok(words, " \n"); word; word = strtok(NULL, " \n")) {
        for (unsigned i = 0; i < ARRAY_SIZE(flags); i++) {
            golden.engine |= strcmp(flags[i].word, word) ? 0 : flags[i].bit;
        }
    }
}

static void take_code(uint32_t off, const char *hex)
{
    unsigned value;
    int n;
    golden.codes[golden.n_codes].off = off;
    while (sscanf(hex, " %2x%n", &value, &n) == 1) {
        golden.codes[golden.n_codes].bytes[golden.codes[golden.n_codes].n++] = (uint8_t)value;
        hex += n;
    }
    golden.n_codes++;
}

static void take_line(char *line)
{
    char *value = strchr(line, ':');
    if (line[0] == '#') {
        return;
    }
    if (!value) {
        die("not a line of a head", line);
    }
    *value++ = 0;
    char *end = value;
    unsigned long number = strtoul(value, &end, 16);
    if (!strcmp(line, "mode")) {
        take_mode(value);
    } else if (!strcmp(line, "engine")) {
        take_engine(value);
    } else if (!strcmp(line, "at")) {
        golden.at = (uint32_t)number;
    } else if (!strcmp(line, "base")) {
        golden.base = (uint32_t)number;
        golden.mode &= ~(uint32_t)MODE_FLAT;
    } else if (!strcmp(line, "insns")) {
        golden.max_insns = (unsigned)number;
    } else if (!strcmp(line, "rule")) {
        snprintf(golden.rules[golden.n_rules++], sizeof(golden.rules[0]), "%s", value);
    } else if (!strcmp(line, "then")) {
        golden.then[golden.n_then++] = (uint32_t)number;
    } else if (!strcmp(line, "cross")) {
        golden.is_crossing = true;
    } else if (!strcmp(line, "thunk")) {
        golden.thunk_lin = (uint32_t)number;
        golden.thunk_reg = (unsigned)strtoul(end + 1, NULL, 16);
    } else if (!strcmp(line, "kind")) {
        golden.kinds[golden.n_kinds].off = (uint32_t)number;
        golden.kinds[golden.n_kinds++].kind = kind_of(end + 1);
    } else if (!strcmp(line, "patch")) {
        golden.patches[golden.n_patches].index = (unsigned)number;
        golden.patches[golden.n_patches++].kind = kind_of(end + 1);
    } else if (!strncmp(line, "code", 4)) {
        take_code(line[4] == '+' ? (uint32_t)strtoul(line + 5, NULL, 16) : 0, value);
    } else {
        die("no such word", line);
    }
}

static void read_head(const char *path)
{
    char line[1024];
    FILE *file = fopen(path, "re");
    if (!file) {
        die("cannot open", path);
    }
    golden.at = 0x400100;
    golden.mode = FLAT_MODE;
    golden.max_insns = SCAN_MAX_INSNS;
    while (fgets(line, sizeof(line), file) && strncmp(line, "----", 4) != 0) {
        strncat(golden.head, line, sizeof(golden.head) - strlen(golden.head) - 1);
        take_line(line);
    }
    fclose(file);
}

/* ---- the listing ---- */

static const char *op_name(uint64_t op)
{
    static const char *const names[] = {
#define OP(name, function) [OP_##name] = #name,
#include "emul/ops.def"
#undef OP
        [OP_RESOLVE] = "RESOLVE",         [OP_COMMIT] = "COMMIT",
        [OP_STI_PENDING] = "STI_PENDING", [OP_POPF_LATE] = "POPF_LATE",
        [OP_FPU_STORED] = "FPU_STORED",   [OP_PLANT] = "PLANT",
        [OP_PLANT_AFTER] = "PLANT_AFTER", [OP_TARGET] = "TARGET",
    };
    return op < ARRAY_SIZE(names) && names[op] ? names[op] : "?";
}

static const char *cpu_field(int64_t off)
{
    static const struct {
        int64_t off, n_bytes;
        const char *name;
    } fields[] = {{CPU_GPR, 64, "gpr"},
                  {CPU_EIP, 4, "eip"},
                  {CPU_ARITH, 4, "arith"},
                  {CPU_IFF, 4, "iff"},
                  {CPU_SYSFLAGS, 4, "sysflags"},
                  {CPU_INTR, 4, "intr"},
                  {CPU_EXIT_REQUEST, 4, "exit_request"},
                  {CPU_WINDOW, 8, "window"},
                  {CPU_DIR, 8, "dir"},
                  {CPU_SEG_BASE_PTR, 48, "seg_base_ptr"},
                  {CPU_SEG, 72, "seg"},
                  {CPU_HELPER, 512, "helper"},
                  {CPU_SCRATCH, 64, "scratch"},
                  {CPU_REACH, 48, "load_reach"},
                  {CPU_REACH + 48, 48, "store_reach"},
                  {CPU_STACK_REACH, 16, "stack_reach"},
                  {CPU_CODE_REACH, 16, "code_reach"},
                  {CPU_CS_MINUS, 4, "cs_minus"},
                  {CPU_SEG - (int64_t)CPU_GATE_INDEX, 72, "gate"},
                  {CPU_COUNTS, 8 * CPU_COUNTERS, "count"},
                  {CPU_LEFT, 8 * CPU_COUNTERS, "left"},
                  {CPU_DUAL_BASE, 16384, "dual_base"}};
    static char text[64];
    for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
        if (off >= fields[i].off && off < fields[i].off + fields[i].n_bytes) {
            int64_t inside = off - fields[i].off;
            snprintf(text, sizeof(text), inside ? "%s+%ld" : "%s", fields[i].name, (long)inside);
            return text;
        }
    }
    snprintf(text, sizeof(text), "cpu+%ld", (long)off);
    return text;
}

/* Replaces the number in front of "(" by name. */
static void name_disp(char *text, const char *name)
{
    char copy[256];
    char *open = strchr(text, '('), *begin = open;
    if (!open) {
        return;
    }
    while (begin > text && begin[-1] != ' ' && begin[-1] != '*' && begin[-1] != ':') {
        begin--;
    }
    snprintf(copy, sizeof(copy), "%.*s%s%s", (int)(begin - text), text, name, open);
    strcpy(text, copy);
}

static void show_target(const struct unit *unit, uint64_t target, char *text, size_t n_bytes)
{
    uint64_t off = target - bench.cache.exec;
    if (off - unit->off < unit->n_bytes) {
        snprintf(text, n_bytes, "+%04x", (unsigned)(off - unit->off));
    } else if (off < CACHE_STUB_BYTES) {
        snprintf(text, n_bytes, "%s",
                 off == STUB_MISS      ? "stub_miss"
                 : off == STUB_STEP    ? "stub_step"
                 : off == STUB_LANDING ? "stub_landing"
                 : off == STUB_BRIDGE  ? "stub_bridge"
                                       : "stub_cross");
    } else if (off >= origin && off < bench.cache.used) {
        snprintf(text, n_bytes, "@%04x", (unsigned)(off - origin));
    } else {
        snprintf(text, n_bytes, "nowhere");
    }
}

static bool is_site(uint64_t value)
{
    return value - (uint64_t)bench.cache.sites < bench.cache.max_site_bytes;
}

/* One host instruction at cache offset off in words; returns its length. */
static unsigned show_host(const struct unit *unit, uint32_t off, uint32_t end)
{
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
    char text[256] = "(bad)", target[32];
    const uint8_t *at = bench.cache.write + off;
    uint64_t pc = bench.cache.exec + off, absolute;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&host_decoder, at, end - off, &insn, op))) {
        printf("    +%04x  .byte 0x%02x\n", off - unit->off, *at);
        return 1;
    }
    ZydisFormatterFormatInstruction(&formatter, &insn, op, insn.operand_count_visible, text,
                                    sizeof(text), pc, NULL);
    for (unsigned i = 0; i < insn.operand_count_visible; i++) {
        if (op[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && op[i].imm.is_relative) {
            ZydisCalcAbsoluteAddress(&insn, &op[i], pc, &absolute);
            show_target(unit, absolute, target, sizeof(target));
            snprintf(text, sizeof(text), "%s %s", ZydisMnemonicGetString(insn.mnemonic), target);
        } else if (op[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && is_site(op[i].imm.value.u)) {
            snprintf(text, sizeof(text), "mov $site, %%%s",
                     ZydisRegisterGetString(op[0].reg.value));
        } else if (op[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
                   op[i].mem.base == ZYDIS_REGISTER_R15) {
            name_disp(text, cpu_field(op[i].mem.disp.value));
        } else if (op[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
                   op[i].mem.disp.value == (int64_t)bench.cache.exec) {
            name_disp(text, "cache");
        }
    }
    /* mov $op, %r9d; mov $site, %r8: the call of a C function */
    uint64_t site;
    memcpy(&site, at + 8, sizeof(site));
    if (at[0] == 0x41 && at[1] == 0xb9 && at[6] == 0x49 && at[7] == 0xb8 && is_site(site)) {
        uint64_t number = op[1].imm.value.u;
        snprintf(text, sizeof(text), "mov $%s%s, %%r9d", number & OP_PLANTED ? "PLANT+" : "",
                 op_name(number & ~(uint64_t)OP_PLANTED));
    }
    printf("    +%04x  %s\n", off - unit->off, text);
    return insn.length;
}

static void show_host_range(const struct unit *unit, uint32_t from, uint32_t to)
{
    while (from < to) {
        from += show_host(unit, unit->off + from, unit->off + to);
    }
}

static void show_guest(uint32_t eip, const uint8_t *bytes, unsigned n_bytes, unsigned kind)
{
    static const char *const kinds[] = {"string", "shadow", "writes", "dual", "checked", "return"};
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
    char hex[32] = "", text[96] = "(bad)";
    const ZydisDecoder *decoder =
        golden.mode & MODE_CODE32 ? &bench.scanner.code32 : &bench.scanner.code16;
    for (unsigned i = 0; i < n_bytes && i < 15; i++) {
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    }
    if (ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, bytes, 15, &insn, op))) {
        ZydisFormatterFormatInstruction(&formatter, &insn, op, insn.operand_count_visible, text,
                                        sizeof(text), eip, NULL);
    }
    printf("%08x  %-18s %s", eip, hex, text);
    for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (kind & 1u << i) {
            printf("  [%s]", kinds[i]);
        }
    }
    printf("\n");
}

static void show_unit(const struct unit *unit, const char *name)
{
    uint32_t page_eip = bench.page->lin_page << 12;
    printf("%s @%04x: %u instructions, %u + %u bytes\n", name, unit->off - origin, unit->n_insns,
           unit->body_bytes, unit->n_bytes - unit->body_bytes);
    for (uint32_t i = 0; i < unit->n_insns; i++) {
        const struct unit_insn *insn = &unit->insns[i];
        uint32_t end = i + 1 < unit->n_insns ? unit->insns[i + 1].host_off : unit->body_bytes;
        show_guest(page_eip + insn->page_off, bench.bytes + insn->page_off, insn->n_bytes,
                   insn->kind);
        if (unit_insn_pending(insn)) {
            printf("    (esp = r12 %+d, no entry)\n", unit_insn_pending(insn));
        }
        if (insn->kind & UNIT_STRING) {
            printf("    (pointers from +%04x on)\n", unit_insn_aux(insn));
        }
        show_host_range(unit, insn->host_off, end);
    }
    if (unit->n_bytes > unit->body_bytes) {
        printf("exits\n");
        show_host_range(unit, unit->body_bytes, unit->n_bytes);
    }
}

static void show_links(void)
{
    for (const struct pending_link *link = bench.page->links; link; link = link->next) {
        printf("waits for %03x: the branch at @%04x\n", link->target_off, link->field_off - origin);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2 || argv[1][0] == '-') {
        die("usage", "golden FILE.txt");
    }
    read_head(argv[1]);
    if (bench_create()) {
        die("cannot make a code cache", "memfd, mmap");
    }
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
    ZydisDecoderInit(&host_decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    bench_start((golden.at + golden.base) >> 12, golden.mode);
    bench.engine = golden.engine;
    bench.cache.no_landings = golden.engine & ENGINE_NO_LANDINGS;
    for (unsigned i = 0; i < golden.n_rules; i++) {
        char *error = NULL;
        if (map_add_rule(bench.map, "golden", golden.rules[i], &error) < 0) {
            die(golden.rules[i], error ? error : "no rule");
        }
    }
    bench.cross_next = golden.is_crossing ? CROSS_NEXT : 0;
    bench.thunk_lin = golden.thunk_lin;
    bench.thunk_reg = golden.thunk_reg;
    uint32_t start = (golden.at + golden.base) & (PAGE_BYTES - 1);
    for (unsigned i = 0; i < golden.n_codes; i++) {
        memcpy(bench.bytes + start + golden.codes[i].off, golden.codes[i].bytes, golden.codes[i].n);
    }
    for (unsigned i = 0; i < golden.n_kinds; i++) {
        bench.kinds[start + golden.kinds[i].off] = (uint8_t)golden.kinds[i].kind;
    }
    printf("%s----\n", golden.head);
    origin = CACHE_STUB_BYTES;
    struct unit *unit = bench_translate(start, golden.max_insns);
    for (unsigned i = 0; unit && i < golden.n_then; i++) {
        bench_translate(start + golden.then[i], golden.max_insns);
    }
    for (unsigned i = 0; unit && i < golden.n_patches; i++) {
        bench_patch(unit, golden.patches[i].index, golden.patches[i].kind);
    }
    for (uint32_t i = 0; i < bench.cache.n_units; i++) { /* last: links are as they end */
        show_unit(&bench.cache.units[i], bench.cache.units[i].is_patch ? "patch" : "unit");
    }
    show_links();
    bench_destroy();
    return unit ? 0 : 1;
}
