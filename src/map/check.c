/* check.c - refuses rules that ask of an instruction what it cannot do: run natively where that
 * would show or harm the host, be done in line where there is no such form, give a result where
 * nothing runs behind it.
 *
 * A choice that only names instructions is checked by their forms. Others are tried on every
 * opcode, as the judge will: 4 ms, and only if a rule asks for such a thing. The judge itself never
 * gives an instruction a technique it has no form for, whatever rules say; this is so that the user
 * hears of it.
 */
#include <stdlib.h>
#include <string.h>

#include "cpu/cpu.h"
#include "map/map_internal.h"

enum { MAX_KINDS = 16 };

/* What one choice of one rule has met: reasons against it, each with an example. */
struct finding {
    const struct map_rule *rule;
    const struct map_choice *choice; /* NULL: a rule for all */
    bool is_done;                    /* known by names alone */
    bool is_possible;                /* some instruction has what is asked */
    unsigned n;
    struct kind {
        const char *why;
        uint16_t mnemonic;
        bool others;
    } kinds[MAX_KINDS];
};

static bool needs_check(const struct map_rule *rule)
{
    return (rule->has_technique &&
            (rule->technique == TECHNIQUE_NATIVE || rule->technique == TECHNIQUE_INLINE)) ||
           (rule->n_patches && !rule->patch_skip);
}

static bool goes_on_behind(const struct insn *insn)
{
    switch (insn->verdict) {
    case VERDICT_JMP:
    case VERDICT_JCC:
    case VERDICT_LOOP:
    case VERDICT_CALL:
    case VERDICT_CALL_INDIRECT:
    case VERDICT_JMP_INDIRECT:
    case VERDICT_RET:
    case VERDICT_HELPER_END:
        return false;
    default:
        return true;
    }
}

static const char *find_fault(const struct map_rule *rule, const struct insn *insn)
{
    if (rule->has_technique && !map_has_form(insn, (enum technique)rule->technique)) {
        return map_why_no_form(insn, (enum technique)rule->technique);
    }
    return rule->n_patches && !rule->patch_skip && !goes_on_behind(insn)
               ? "does not go on behind itself: there is no result to patch"
               : NULL;
}

static void note(struct finding *finding, const struct insn *insn)
{
    const char *why = find_fault(finding->rule, insn);
    if (!why) {
        finding->is_possible = true;
        return;
    }
    for (unsigned i = 0; i < finding->n; i++) {
        if (finding->kinds[i].why == why) {
            finding->kinds[i].others |= finding->kinds[i].mnemonic != insn->mnemonic;
            return;
        }
    }
    if (finding->n < MAX_KINDS) {
        finding->kinds[finding->n++] = (struct kind){why, insn->mnemonic, false};
    }
}

static void check_names(struct finding *finding)
{
    const struct map_choice *choice = finding->choice;
    struct insn insn;
    if (!choice || choice->kind != CHOICE_NAMES) {
        return;
    }
    for (unsigned i = 0; i < choice->n_names; i++) {
        if (!map_form_of_name(choice->names[i], &insn)) {
            return;
        }
    }
    for (unsigned i = 0; i < choice->n_names; i++) {
        map_form_of_name(choice->names[i], &insn);
        note(finding, &insn);
    }
    finding->is_done = true;
}

struct findings {
    struct finding *list;
    unsigned n;
};

static void try_insn(void *arg, struct map_match *match)
{
    struct findings *findings = arg;
    for (unsigned i = 0; i < findings->n; i++) {
        struct finding *finding = &findings->list[i];
        const struct map_choice *choice = finding->choice;
        bool by_bytes = choice && choice->kind == CHOICE_BYTES; /* undefined ones count here only */
        if (!finding->is_done && (by_bytes || !(match->insn->flags & INSN_INVALID)) &&
            (!choice || map_choice_matches(choice, match))) {
            note(finding, match->insn);
        }
    }
}

/* Native must be safe for all that is selected. In line, those of a class that cannot are left as
 * they are, if only some can. */
static void report(const struct finding *finding, const char *name, struct map_errors *errors)
{
    const struct map_rule *rule = finding->rule;
    bool is_inline = rule->has_technique && rule->technique == TECHNIQUE_INLINE;
    if (is_inline && finding->is_possible && !rule->n_patches) {
        return;
    }
    for (unsigned i = 0; i < finding->n; i++) {
        const struct kind *kind = &finding->kinds[i];
        const char *mnemonic = ZydisMnemonicGetString((ZydisMnemonic)kind->mnemonic);
        const char *word =
            rule->has_technique ? map_technique_name((enum technique)rule->technique) : "patch";
        map_error(errors, name, rule->source.line, rule->source.column, "%s: %s %s%s", word,
                  kind->mnemonic ? mnemonic : "it", kind->why,
                  kind->others ? " (and others selected here)" : "");
    }
}

static unsigned list_choices(const struct map_draft *drafts, unsigned n_drafts,
                             struct finding *findings)
{
    unsigned n = 0;
    for (unsigned i = 0; i < n_drafts; i++) {
        const struct map_rule *rule = &drafts[i].rule;
        if (drafts[i].clears || !rule->text || !needs_check(rule)) {
            continue;
        }
        unsigned n_choices = rule->select->n_choices;
        for (unsigned j = 0; j < (n_choices ? n_choices : 1); j++) {
            if (findings) {
                findings[n].rule = rule;
                findings[n].choice = n_choices ? &rule->select->choices[j] : NULL;
            }
            n++;
        }
    }
    return n;
}

void map_check_rules(const struct map *map, const struct map_draft *drafts, unsigned n_drafts,
                     const char *name, struct map_errors *errors)
{
    unsigned n = list_choices(drafts, n_drafts, NULL);
    struct finding *list = n ? calloc(n, sizeof(*list)) : NULL;
    bool needed = false, every_rm = false;
    if (!list) {
        return;
    }
    list_choices(drafts, n_drafts, list);
    for (unsigned i = 0; i < n; i++) {
        const struct map_choice *choice = list[i].choice;
        check_names(&list[i]);
        needed |= !list[i].is_done;
        every_rm |=
            !list[i].is_done && choice && (choice->kind == CHOICE_BYTES || choice->has_operands);
    }
    if (needed) {
        map_each_insn(map, every_rm, try_insn, &(struct findings){list, n});
    }
    for (unsigned i = 0; i < n; i++) {
        report(&list[i], name, errors);
    }
    free(list);
}
