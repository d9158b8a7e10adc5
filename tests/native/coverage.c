/* coverage.c - see coverage.h. A row is an opcode with its prefix and, where it selects the
 * instruction, ModRM.reg; columns are modes. */
#include "coverage.h"

#include <stdlib.h>
#include <string.h>

enum { N_ROWS = N_MAPS * 256 * N_PP * 8 };

struct row {
    const char *name, *why;
    uint32_t compared[N_MODES][N_ENGINES], skipped;
    bool reg, mem;
};

struct coverage {
    struct row rows[N_ROWS];
};

static unsigned row_of(const struct form *form)
{
    return ((form->map * 256u + form->opcode) * N_PP + form->pp) * 8 + form->reg;
}

struct coverage *coverage_create(void)
{
    return calloc(1, sizeof(struct coverage));
}

static const char *name_of(const struct generated *made)
{
    if (!made->decoded) {
        return "(undefined)";
    }
    return made->class.verdict == VERDICT_UD ? "(hidden)"
                                             : ZydisMnemonicGetString(made->insn.mnemonic);
}

void coverage_add(struct coverage *coverage, enum mode_kind mode, unsigned engine,
                  const struct generated *made, bool skipped)
{
    struct row *row = &coverage->rows[row_of(&made->form)];
    if (made->sequence) {
        return;
    }
    if (!row->name || (row->name[0] == '(' && made->decoded)) {
        row->name = name_of(made);
    }
    if (skipped) {
        row->skipped++;
        row->why = made->class.why ? made->class.why : "the case did not end, or left 32-bit code";
        return;
    }
    row->compared[mode][engine]++;
    row->mem |= made->form.shape == SHAPE_MEM;
    row->reg |= made->form.shape == SHAPE_REG;
}

static bool is_compared(const struct row *row, unsigned mode, unsigned engine)
{
    return row->compared[mode][engine] != 0;
}

/* Those that are not "normal": by name, or only as many rules of a table. */
static void write_ways(FILE *out, const char *before, bool names, const char *after)
{
    for (unsigned e = 1; e < N_ENGINES; e++) {
        fprintf(out, "%s%s%s", before, names ? engine_ways[e].name : "", after);
    }
}

static void write_totals(const struct coverage *coverage, FILE *out)
{
    fprintf(out, "| mode | encodings compared |");
    write_ways(out, " ", true, " |");
    fprintf(out, " not compared |\n|---|---|");
    write_ways(out, "---|", false, "");
    fprintf(out, "---|\n");
    for (unsigned mode = 0; mode < N_MODES; mode++) {
        unsigned n[N_ENGINES] = {0}, none = 0;
        for (unsigned i = 0; i < N_ROWS; i++) {
            const struct row *row = &coverage->rows[i];
            for (unsigned e = 0; e < N_ENGINES; e++) {
                n[e] += is_compared(row, mode, e);
            }
            none += row->name && !is_compared(row, mode, 0);
        }
        if (n[0]) {
            fprintf(out, "| %s |", modes[mode].name);
            for (unsigned e = 0; e < N_ENGINES; e++) {
                fprintf(out, " %u |", n[e]);
            }
            fprintf(out, " %u |\n", none);
        }
    }
}

static void write_name(const struct row *row, unsigned i, FILE *out)
{
    static const char *const maps[N_MAPS] = {"", "0F ", "0F38 ", "0F3A "};
    static const char *const prefixes[N_PP] = {"", "66 ", "F2 ", "F3 ", "LOCK "};
    unsigned reg = i % 8, pp = i / 8 % N_PP, opcode = i / (8 * N_PP) % 256;
    fprintf(out, "| %s%s%02X /%u | %s |", prefixes[pp], maps[i / (8 * N_PP * 256)], opcode, reg,
            row->name);
}

void coverage_write(const struct coverage *coverage, FILE *out)
{
    fprintf(out, "# Coverage of the native rung\n\n");
    write_totals(coverage, out);
    fprintf(out, "\n## Not compared\n\n| encoding | instruction | why |\n|---|---|---|\n");
    for (unsigned i = 0; i < N_ROWS; i++) {
        const struct row *row = &coverage->rows[i];
        if (row->skipped) {
            write_name(row, i, out);
            fprintf(out, " %s |\n", row->why);
        }
    }
    fprintf(out, "\n## Cases compared, by mode\n\n| encoding | instruction | operand |");
    for (unsigned mode = 0; mode < N_MODES; mode++) {
        if (!modes[mode].sequences) {
            fprintf(out, " %s", modes[mode].name);
            write_ways(out, ", ", true, "");
            fprintf(out, " |");
        }
    }
    fprintf(out, "\n|---|---|---|---|---|---|\n");
    for (unsigned i = 0; i < N_ROWS; i++) {
        const struct row *row = &coverage->rows[i];
        if (!row->name) {
            continue;
        }
        write_name(row, i, out);
        fprintf(out, " %s |",
                row->reg && row->mem ? "reg, mem"
                : row->reg           ? "reg"
                : row->mem           ? "mem"
                                     : "-");
        for (unsigned mode = 0; mode < N_MODES; mode++) {
            if (!modes[mode].sequences) {
                for (unsigned e = 0; e < N_ENGINES; e++) {
                    fprintf(out, "%s%u", e ? ", " : " ", row->compared[mode][e]);
                }
                fprintf(out, " |");
            }
        }
        fputc('\n', out);
    }
}
