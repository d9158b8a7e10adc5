/* never.c - warns of rules that can never hold: operands the instruction does not come with, a port
 * or a value where it has none, a ring that a mode does not have. Such a rule is a slip of the pen,
 * not an error: the machine runs.
 *
 * In doubt it holds: patterns of bytes are not looked at, nor operands of what map_each_insn() does
 * not show.
 */
#include <stdlib.h>

#include "map/map_internal.h"

/* What one choice of one rule has met. */
struct hope {
    const struct map_rule *rule;
    const struct map_choice *choice;
    bool has_name;  /* an instruction of that name, or the class */
    bool has_form;  /* with those operands */
    bool has_value; /* and with what the conditions ask for */
};
struct hopes {
    struct hope *list;
    unsigned n;
};

static bool needs_look(const struct map_rule *rule, const struct map_choice *choice)
{
    return choice->kind != CHOICE_BYTES &&
           (rule->has_port || rule->has_value || choice->has_operands || choice->opsize);
}

static void look(void *arg, struct map_match *match)
{
    const struct hopes *hopes = arg;
    struct map_choice name_only;
    if (match->insn->flags & INSN_INVALID) {
        return;
    }
    for (unsigned i = 0; i < hopes->n; i++) {
        struct hope *hope = &hopes->list[i];
        name_only = *hope->choice;
        name_only.has_operands = false;
        name_only.opsize = 0;
        if (hope->has_value || !map_choice_matches(&name_only, match)) {
            continue;
        }
        hope->has_name = true;
        if (map_choice_matches(hope->choice, match)) {
            hope->has_form = true;
            hope->has_value = map_has_asked_values(hope->rule, match->insn);
        }
    }
}

static const char *word_of(const struct map_choice *choice)
{
    return choice->kind == CHOICE_CLASS ? map_class_word((enum map_class)choice->class_index)
                                        : ZydisMnemonicGetString((ZydisMnemonic)choice->names[0]);
}

static void report(const struct hope *hope, const char *name, struct map_errors *errors)
{
    const struct map_rule *rule = hope->rule;
    const char *word = word_of(hope->choice);
    unsigned line = rule->source.line, column = rule->source.column;
    if (hope->has_name && !hope->has_form) {
        map_warning(errors, name, line, column, "%s: never comes with these operands", word);
    } else if (!hope->has_value && (rule->has_port || rule->has_value)) {
        map_warning(errors, name, line, column, "%s: never has %s", word,
                    rule->has_port ? "a port" : "a value of that kind");
    }
}

/* Real mode is ring 0 and V86 mode ring 3 (SDM vol. 3, "Real-Address Mode Operation" and
 * "Virtual-8086 Mode"). */
static bool has_place(const struct map_select *select)
{
    unsigned rings = select->rings ? select->rings : RING_0 | RING_1_2 | RING_3;
    unsigned places = select->places;
    return !places || places & (PLACE_PROT16 | PLACE_PROT32) ||
           (places & PLACE_REAL && rings & RING_0) || (places & PLACE_V86 && rings & RING_3);
}

static unsigned list_hopes(const struct map_draft *drafts, unsigned n_drafts, struct hope *list)
{
    unsigned n = 0;
    for (unsigned i = 0; i < n_drafts; i++) {
        const struct map_rule *rule = &drafts[i].rule;
        unsigned n_choices = drafts[i].clears || !rule->text ? 0 : rule->select->n_choices;
        for (unsigned j = 0; j < n_choices; j++) {
            const struct map_choice *choice = &rule->select->choices[j];
            if (!needs_look(rule, choice)) {
                continue;
            }
            if (list) {
                list[n] = (struct hope){.rule = rule, .choice = choice};
            }
            n++;
        }
    }
    return n;
}

void map_find_never(const struct map *map, const struct map_draft *drafts, unsigned n_drafts,
                    const char *name, struct map_errors *errors)
{
    for (unsigned i = 0; i < n_drafts; i++) {
        const struct map_rule *rule = &drafts[i].rule;
        if (!drafts[i].clears && rule->text && !has_place(rule->select)) {
            map_warning(errors, name, rule->source.line, rule->source.column,
                        "this mode never has this ring: real mode is ring 0, v86 ring 3");
        }
    }
    unsigned n = list_hopes(drafts, n_drafts, NULL);
    struct hope *list = n ? calloc(n, sizeof(*list)) : NULL;
    if (!list) {
        return;
    }
    list_hopes(drafts, n_drafts, list);
    map_each_insn(map, true, look, &(struct hopes){list, n});
    for (unsigned i = 0; i < n; i++) {
        report(&list[i], name, errors);
    }
    free(list);
}
