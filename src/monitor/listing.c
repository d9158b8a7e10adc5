/* listing.c - guest and host code as text: for stops, -d in_asm and out_asm, -profile. Full C. */
#include <string.h>

#include "monitor/machine_internal.h"
#include "trace/trace.h"

/* The mnemonic, with its prefixes, fills eight columns. */
static void pad_mnemonic(char *text, size_t n_bytes)
{
    static const char *const prefixes[] = {"lock ", "rep ", "repe ", "repne ", "repz ", "repnz "};
    char copy[96];
    size_t at = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(prefixes); i++) {
        size_t n = strlen(prefixes[i]);
        at += strncmp(text + at, prefixes[i], n) == 0 ? n : 0;
    }
    at += strcspn(text + at, " ");
    if (text[at]) {
        snprintf(copy, sizeof(copy), "%s", text + at + 1);
        snprintf(text + at, n_bytes - at, "%*s%s", at < 8 ? 8 - (int)at : 1, "", copy);
    }
}

/* One line in the form of the posts: " 000B.00100002  90                       nop". */
static void format_bytes(const struct machine *machine, const struct insn *insn, uint32_t selector,
                         bool code32, char *line, size_t n_bytes)
{
    char hex[2 * INSN_MAX_BYTES + 1] = "", text[96] = "(bad)";
    ZydisFormatter formatter;
    ZydisDecodedInstruction zydis;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    const ZydisDecoder *decoder = code32 ? &machine->scanner.code32 : &machine->scanner.code16;
    for (unsigned i = 0; i < insn->n_bytes; i++) {
        snprintf(hex + 2 * i, 3, "%02X", insn->bytes[i]);
    }
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_SIZE, ZYAN_TRUE);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
    if (ZYAN_SUCCESS(
            ZydisDecoderDecodeFull(decoder, insn->bytes, insn->n_bytes, &zydis, operands))) {
        ZydisFormatterFormatInstruction(&formatter, &zydis, operands, zydis.operand_count_visible,
                                        text, sizeof(text), insn->eip, NULL);
        pad_mnemonic(text, sizeof(text));
    }
    snprintf(line, n_bytes, " %04X.%08X  %-25s%s", selector, insn->eip, hex, text);
}

/* What a log rule says where no trace is open. */
void monitor_log_hit(struct machine *machine, const struct insn *insn, const struct map_rule *rule,
                     bool is_after)
{
    const struct cpu *cpu = machine->cpu;
    struct insn here = *insn;
    char line[160];
    here.eip -= cpu->seg[SEG_CS].base;
    format_bytes(machine, &here, cpu->seg[SEG_CS].selector, cpu->seg[SEG_CS].big, line,
                 sizeof(line));
    fprintf(machine->log, "rule %d:%s%s cpl %u eax %08x ebx %08x ecx %08x edx %08x\n", rule->id,
            line, is_after ? " done," : "", cpu->cpl, cpu_reg(cpu, GPR_EAX), cpu_reg(cpu, GPR_EBX),
            cpu_reg(cpu, GPR_ECX), cpu_reg(cpu, GPR_EDX));
}

void monitor_log_data(struct machine *machine, const struct trace_data *data,
                      const struct map_rule *rule)
{
    const struct cpu *cpu = machine->cpu;
    const struct segment *cs = &cpu->seg[SEG_CS];
    char line[160];
    int digits = data->n_bytes < 8 ? (int)data->n_bytes * 2 : 16;
    snprintf(line, sizeof(line), " %04X.%08X  (event)", cs->selector, data->eip - cs->base);
    if (data->insn) {
        struct insn here = *data->insn;
        here.eip -= cs->base;
        format_bytes(machine, &here, cs->selector, cs->big, line, sizeof(line));
    }
    fprintf(machine->log, "rule %d:%s cpl %u %s %u bytes at %08x value %0*lx\n", rule->id, line,
            cpu->cpl, data->write ? "writes" : "reads", data->n_bytes, data->lin, digits,
            trace_data_value(data));
}

bool monitor_fetch_insn(struct machine *machine, uint32_t eip, struct insn *insn)
{
    struct cpu *cpu = machine->cpu;
    struct walk walk;
    uint8_t bytes[INSN_MAX_BYTES];
    unsigned n = 0;
    uint32_t lin = eip + cpu->seg[SEG_CS].base;
    for (; n < sizeof(bytes); n++) {
        if (view_walk(cpu, lin + n, VIEW_READ, false, true, &walk, NULL) < 0) {
            break;
        }
        const uint8_t *host = mem_page_host(&machine->mem, walk.phys);
        bytes[n] = host ? *host : 0xff;
    }
    memset(insn, 0, sizeof(*insn));
    if (n > 0) {
        scan_decode(&machine->scanner, bytes, n, cpu->seg[SEG_CS].big, eip, false, insn);
    }
    return n > 0;
}

void monitor_format_insn(struct machine *machine, uint32_t eip, char *line, size_t n_bytes)
{
    const struct segment *cs = &machine->cpu->seg[SEG_CS];
    struct insn insn;
    if (!monitor_fetch_insn(machine, eip, &insn)) {
        snprintf(line, n_bytes, " %04X.%08X  (not mapped)", cs->selector, eip);
        return;
    }
    format_bytes(machine, &insn, cs->selector, cs->big, line, n_bytes);
}

static void print_host_code(struct machine *machine, const struct unit *unit, uint32_t from,
                            uint32_t to, FILE *out)
{
    ZydisDecoder decoder;
    ZydisFormatter formatter;
    ZydisDecodedInstruction zydis;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
    while (from < to) {
        char text[96] = "(bad)";
        const uint8_t *at = machine->cache.write + unit->off + from;
        uint64_t pc = machine->cache.exec + unit->off + from;
        uint32_t length = 1;
        if (ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, at, to - from, &zydis, operands))) {
            ZydisFormatterFormatInstruction(&formatter, &zydis, operands,
                                            zydis.operand_count_visible, text, sizeof(text), pc,
                                            NULL);
            length = zydis.length;
        }
        fprintf(out, "        %08lx  %s\n", (unsigned long)pc, text);
        from += length;
    }
}

void monitor_print_insn(struct machine *machine, const struct unit *unit, uint32_t index, bool host,
                        FILE *out)
{
    const struct codepage *page = unit->page;
    const uint8_t *bytes = mem_page_host(&machine->mem, page->phys->phys_page << 12);
    const struct unit_insn *at = &unit->insns[index];
    uint32_t end = index + 1 < unit->n_insns ? unit->insns[index + 1].host_off : unit->body_bytes;
    uint32_t eip = (page->lin_page << 12) + at->page_off;
    if (bytes) {
        char line[160];
        struct insn insn;
        uint32_t n = PAGE_BYTES - at->page_off;
        scan_decode(&machine->scanner, bytes + at->page_off, n < 15 ? n : 15,
                    page->mode & MODE_CODE32, eip, false, &insn);
        format_bytes(machine, &insn, 0, page->mode & MODE_CODE32, line, sizeof(line));
        fprintf(out, "%s\n", line);
    }
    if (host) {
        print_host_code(machine, unit, at->host_off, end, out);
    }
}

void monitor_log_unit(struct machine *machine, const struct unit *unit)
{
    const struct codepage *page = unit->page;
    bool host = monitor_logs(machine, LOG_OUT_ASM);
    fprintf(machine->log, "unit: lin %08x phys %05x mode %x insns %u bytes %u%s\n",
            page->lin_page << 12 | unit->insns[0].page_off, page->phys->phys_page, page->mode,
            unit->n_insns, unit->n_bytes, unit->is_patch ? " (patch)" : "");
    for (uint32_t i = 0; i < unit->n_insns; i++) {
        monitor_print_insn(machine, unit, i, host, machine->log);
    }
    if (host) {
        fprintf(machine->log, "      exits:\n");
        print_host_code(machine, unit, unit->body_bytes, unit->n_bytes, machine->log);
    }
}
