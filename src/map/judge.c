/* judge.c - the judgement of one instruction: the rules that hold for it, in their order.
 *
 * Place in the flow: scan -> map -> translate. Walks the lists of index.c; no policy of its own:
 * default.map has it.
 */
#include <string.h>

#include "cpu/cpu.h"
#include "map/map_internal.h"

struct judgement {
    enum technique technique;
    struct map_plant plant;
};

static void apply_rule(struct judgement *judgement, const struct map_rule *rule, uint16_t index)
{
    struct map_plant *plant = &judgement->plant;
    bool at_run_time = rule->has_port || rule->has_value;
    if (rule->has_technique) {
        judgement->technique = (enum technique)rule->technique;
    }
    if ((rule->actions & ACTION_EMULATE) && !at_run_time) {
        plant->n_rules = 0;
    }
    if (rule->actions == 0 || (rule->actions == ACTION_EMULATE && !plant->n_rules)) {
        return;
    }
    if (plant->n_rules == MAP_PLANT_MAX) {
        memmove(plant->rules, plant->rules + 1, sizeof(plant->rules) - sizeof(plant->rules[0]));
        plant->n_rules--;
    }
    plant->rules[plant->n_rules++] = index;
}

/* The rules from order from on, before order end. */
static void walk_rules(struct map *map, struct map_match *match, uint64_t from, uint64_t end,
                       struct judgement *judgement)
{
    const struct rule_list *lists[3] = {&map->general, &map->by_name[match->insn->mnemonic],
                                        &map->by_lin[map_lin_bucket(match->insn->eip)]};
    uint32_t at[3] = {0};
    for (int i = 0; i < 3; i++) {
        while (at[i] < lists[i]->n && map->rules[lists[i]->items[at[i]]].order < from) {
            at[i]++;
        }
    }
    for (;;) {
        int first = -1;
        for (int i = 0; i < 3; i++) {
            if (at[i] < lists[i]->n &&
                (first < 0 || map->rules[lists[i]->items[at[i]]].order <
                                  map->rules[lists[first]->items[at[first]]].order)) {
                first = i;
            }
        }
        if (first < 0 || map->rules[lists[first]->items[at[first]]].order >= end) {
            return;
        }
        uint16_t index = lists[first]->items[at[first]++];
        if (map_rule_matches(&map->rules[index], match)) {
            apply_rule(judgement, &map->rules[index], index);
        }
    }
}

/* Everything a built-in rule can ask for: name, class (a function of these fields), opcode bytes.
 */
static uint64_t default_key(const struct insn *insn)
{
    uint64_t reg = insn->has_modrm ? insn_reg(insn) : 0;
    return 1 | (uint64_t)insn->mnemonic << 1 | (uint64_t)insn->map << 17 |
           (uint64_t)insn->opcode << 19 | reg << 27 | (uint64_t)insn->is_mem << 30 |
           (uint64_t)insn->flags << 31 | (uint64_t)insn->prefixes << 39 |
           (uint64_t)insn->opsize << 47;
}

/* The built-in rules give a technique and plant nothing: asked once per kind of instruction. */
static enum technique default_technique(struct map *map, struct map_match *match)
{
    uint64_t key = default_key(match->insn);
    struct default_memo *memo = &map->memo[key * 0x9e3779b97f4a7c15u >> 53];
    if (memo->key != key) {
        struct judgement judgement = {.technique = TECHNIQUE_CALL}; /* unknown = virtualized */
        walk_rules(map, match, 0, map->default_end, &judgement);
        *memo = (struct default_memo){key, (uint8_t)judgement.technique};
    }
    return (enum technique)memo->technique;
}

static inline struct shape_memo *memo_of(struct map *map, const struct insn *insn)
{
    return &map->by_shape[insn->shape * 2654435761u >> 21];
}

static enum technique possible(const struct insn *insn, enum technique technique)
{
    if (map_has_form(insn, technique)) {
        return technique;
    }
    if (technique == TECHNIQUE_NATIVE && map_has_form(insn, TECHNIQUE_INLINE)) {
        return TECHNIQUE_INLINE;
    }
    return technique == TECHNIQUE_INLINE && map_has_form(insn, TECHNIQUE_NATIVE) ? TECHNIQUE_NATIVE
                                                                                 : TECHNIQUE_CALL;
}

/* Also sets verdict and operation, which are functions of the shape too. */
static enum technique form_and_default(struct map *map, struct map_match *match, struct insn *insn)
{
    struct shape_memo *memo = memo_of(map, insn);
    if (insn->shape && memo->shape == insn->shape) {
        insn->verdict = memo->verdict;
        insn->op = memo->op;
        return (enum technique)memo->technique;
    }
    map_find_form(insn);
    enum technique technique = default_technique(map, match);
    if (insn->shape) {
        *memo = (struct shape_memo){.shape = insn->shape,
                                    .verdict = insn->verdict,
                                    .op = insn->op,
                                    .technique = (uint8_t)technique,
                                    .possible = (uint8_t)possible(insn, technique)};
    }
    return technique;
}

/* With more rules than the built-in ones, or of a shape that is not remembered. */
static __attribute__((noinline)) void judge_by_rules(struct map *map, struct insn *insn,
                                                     const struct map_site *site)
{
    struct map_match match;
    struct judgement judgement;
    match.map = map;
    match.insn = insn;
    match.site = site;
    match.has_decoded = false;
    judgement.technique = form_and_default(map, &match, insn);
    judgement.plant.n_rules = 0;
    if (map->next_order != map->default_end) {
        walk_rules(map, &match, map->default_end, UINT64_MAX, &judgement);
    }
    insn->technique = (uint8_t)possible(insn, judgement.technique);
    insn->plant = judgement.plant.n_rules ? (uint16_t)map_intern_plant(map, &judgement.plant) : 0;
}

void map_judge(void *arg, struct insn *insn, const struct map_site *site)
{
    struct map *map = arg;
    const struct shape_memo *memo = memo_of(map, insn);
    if (insn->shape && memo->shape == insn->shape && map->next_order == map->default_end) {
        insn->verdict = memo->verdict;
        insn->op = memo->op;
        insn->technique = memo->possible;
        insn->plant = 0;
        return;
    }
    judge_by_rules(map, insn, site);
}
