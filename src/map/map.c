/* map.c - struct map: rules in their order, the lists they are found by, the plants they make, and
 * the judgement of one instruction.
 *
 * Place in the flow: scan -> map -> translate. Owns the rules and their text. No policy of its own:
 * default.map has it. A rule that names instructions is on the lists of these, one for a single
 * address in a hash, all others on the general list; judging walks the three in rule order.
 */
#include "map/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/cpu.h"
#include "map/map_internal.h"

extern const char map_default_text[], map_default_end[]; /* default.S */

/* ---- lists ---- */

static bool list_add(struct rule_list *list, uint16_t rule)
{
    if (list->n == list->n_room) {
        uint32_t n_room = list->n_room ? 2 * list->n_room : 4;
        uint16_t *items = realloc(list->items, n_room * sizeof(*items));
        if (!items) {
            return false;
        }
        list->items = items;
        list->n_room = n_room;
    }
    list->items[list->n++] = rule;
    return true;
}

static void list_remove(struct rule_list *list, uint16_t rule)
{
    for (uint32_t i = 0; i < list->n; i++) {
        if (list->items[i] == rule) {
            memmove(&list->items[i], &list->items[i + 1], (list->n - i - 1) * sizeof(*list->items));
            list->n--;
            return;
        }
    }
}

static unsigned lin_bucket(uint32_t lin)
{
    return (lin * 2654435761u) >> 22;
}

static bool only_names(const struct map_select *select)
{
    for (unsigned i = 0; i < select->n_choices; i++) {
        if (select->choices[i].kind != CHOICE_NAMES) {
            return false;
        }
    }
    return select->n_choices != 0;
}

static bool each_list(struct map *map, uint16_t index, bool add)
{
    const struct map_select *select = map->rules[index].select;
    bool done = true;
    if (select->has_lin && select->lin_first == select->lin_last) {
        struct rule_list *list = &map->by_lin[lin_bucket(select->lin_first)];
        return add ? list_add(list, index) : (list_remove(list, index), true);
    }
    if (!only_names(select)) {
        return add ? list_add(&map->general, index) : (list_remove(&map->general, index), true);
    }
    for (unsigned i = 0; i < select->n_choices; i++) {
        const struct map_choice *choice = &select->choices[i];
        for (unsigned j = 0; j < choice->n_names; j++) {
            struct rule_list *list = &map->by_name[choice->names[j]];
            bool is_last = list->n && list->items[list->n - 1] == index; /* "mov | mov" */
            if (!add) {
                list_remove(list, index);
            } else if (!is_last && !list_add(list, index)) {
                done = false;
            }
        }
    }
    return done;
}

/* ---- rules ---- */

static void free_rule(struct map_rule *rule)
{
    map_select_free(rule->select);
    free((char *)rule->text);
    *rule = (struct map_rule){0};
}

void map_draft_free(struct map_draft *draft)
{
    free_rule(&draft->rule);
    free(draft->lead);
}

static const char *keep_name(struct map *map, const char *name)
{
    for (uint32_t i = map->n_names; i-- > 0;) {
        if (!strcmp(map->names[i], name)) {
            return map->names[i];
        }
    }
    char **names = realloc(map->names, (map->n_names + 1) * sizeof(*names));
    if (!names) {
        return NULL;
    }
    map->names = names;
    names[map->n_names] = strdup(name);
    return names[map->n_names] ? names[map->n_names++] : NULL;
}

static bool take_counter(struct map *map, struct map_rule *rule)
{
    rule->counter = MAP_NO_COUNTER;
    if (!(rule->actions & (ACTION_COUNT | ACTION_SAMPLE))) {
        return true;
    }
    for (unsigned i = 0; i < MAP_MAX_COUNTERS; i++) {
        if (!map->counter_used[i]) {
            map->counter_used[i] = 1;
            rule->counter = (uint16_t)i;
            return true;
        }
    }
    return false;
}

static int find_slot(struct map *map)
{
    for (uint32_t i = 0; map->n_free && i < map->n_rules; i++) {
        if (!map->rules[i].enabled) {
            map->n_free--;
            return (int)i;
        }
    }
    if (map->n_rules == MAP_MAX_RULES) {
        return -1;
    }
    if (map->n_rules == map->n_rules_room) {
        uint32_t n_room = map->n_rules_room ? 2 * map->n_rules_room : 128;
        struct map_rule *rules = realloc(map->rules, n_room * sizeof(*rules));
        char **leads = realloc(map->leads, n_room * sizeof(*leads));
        map->rules = rules ? rules : map->rules;
        map->leads = leads ? leads : map->leads;
        if (!rules || !leads) {
            return -1;
        }
        map->n_rules_room = n_room;
    }
    return (int)map->n_rules++;
}

/* Takes the draft's contents over. NULL, or what is in the way. */
static const char *add_draft(struct map *map, struct map_draft *draft, const char *name)
{
    const char *kept = keep_name(map, name);
    int slot = kept ? find_slot(map) : -1;
    if (slot < 0) {
        return "there are too many rules, or there is no memory for more";
    }
    struct map_rule *rule = &map->rules[slot];
    *rule = draft->rule;
    map->leads[slot] = draft->lead;
    draft->lead = NULL;
    draft->rule = (struct map_rule){0};
    rule->source.name = kept;
    rule->order = map->next_order++;
    rule->id = map->is_default ? 0 : ++map->next_id;
    rule->enabled = true;
    if (!take_counter(map, rule)) {
        return "there are too many rules that count or sample (1024 can be)";
    }
    return each_list(map, (uint16_t)slot, true) ? NULL : "no memory";
}

static void drop_plants_of(struct map *map, uint16_t rule);

static void remove_slot(struct map *map, uint16_t slot)
{
    struct map_rule *rule = &map->rules[slot];
    if (!rule->id) { /* "clear": what is left is asked each time */
        map->default_end = 0;
        memset(map->memo, 0, sizeof(map->memo));
        memset(map->by_shape, 0, sizeof(map->by_shape));
    }
    each_list(map, slot, false);
    if (rule->counter != MAP_NO_COUNTER) {
        map->counter_used[rule->counter] = 0;
    }
    drop_plants_of(map, slot);
    free_rule(rule);
    free(map->leads[slot]);
    map->leads[slot] = NULL;
    map->n_free++;
}

bool map_remove_rule(struct map *map, int id)
{
    for (uint32_t i = 0; id > 0 && i < map->n_rules; i++) {
        if (map->rules[i].enabled && map->rules[i].id == id) {
            remove_slot(map, (uint16_t)i);
            return true;
        }
    }
    return false;
}

/* The rules of one text, all or none. */
static bool add_drafts(struct map *map, const char *name, struct map_draft *drafts, unsigned n,
                       struct map_errors *errors)
{
    uint64_t first_order = map->next_order;
    for (unsigned i = 0; i < n; i++) {
        if (drafts[i].clears) {
            for (uint32_t j = 0; j < map->n_rules; j++) {
                if (map->rules[j].enabled) {
                    remove_slot(map, (uint16_t)j);
                }
            }
            continue;
        }
        unsigned line = drafts[i].rule.source.line, column = drafts[i].rule.source.column;
        const char *error = add_draft(map, &drafts[i], name);
        if (error) {
            map_error(errors, name, line, column, "%s", error);
            for (uint32_t j = 0; j < map->n_rules; j++) {
                if (map->rules[j].enabled && map->rules[j].order >= first_order) {
                    remove_slot(map, (uint16_t)j);
                }
            }
            return false;
        }
    }
    return true;
}

int map_add_text(struct map *map, const char *name, const char *text, size_t n_bytes,
                 struct map_errors *errors)
{
    struct map_draft *drafts;
    unsigned n_drafts;
    bool good = map_parse(name, text, n_bytes, &drafts, &n_drafts, errors);
    if (!map->is_default && n_drafts) {
        unsigned n_before = errors->n;
        map_check_rules(map, drafts, n_drafts, name, errors);
        good = good && errors->n == n_before;
    }
    good = good && add_drafts(map, name, drafts, n_drafts, errors);
    for (unsigned i = 0; i < n_drafts; i++) {
        map_draft_free(&drafts[i]);
    }
    free(drafts);
    return good ? 0 : -1;
}

int map_add_rule(struct map *map, const char *name, const char *text, char **error)
{
    struct map_errors errors = {0};
    int before = map->next_id;
    *error = NULL;
    if (map_add_text(map, name, text, strlen(text), &errors) < 0) {
        char *first = errors.lines ? strchr(errors.lines, '\n') : NULL;
        if (first) {
            *first = 0;
        }
        *error = errors.lines ? strdup(errors.lines) : NULL;
    } else if (map->next_id == before) {
        *error = strdup("expected a rule");
    }
    map_errors_free(&errors);
    return *error || map->next_id == before ? -1 : map->next_id;
}

/* ---- plants ---- */

static unsigned plant_bucket(const struct map_plant *plant)
{
    uint32_t hash = plant->n_rules;
    for (unsigned i = 0; i < plant->n_rules; i++) {
        hash = (hash ^ plant->rules[i]) * 16777619u;
    }
    return hash % MAP_PLANT_BUCKETS;
}

static void describe_plant(const struct map *map, struct map_plant *plant)
{
    plant->counts_only = plant->always = plant->observes = true;
    plant->has_after = false;
    plant->log_bits = 0;
    plant->n_logs = plant->n_counters = 0;
    for (unsigned i = 0; i < plant->n_rules; i++) {
        const struct map_rule *rule = &map->rules[plant->rules[i]];
        if (rule->actions != ACTION_COUNT || rule->has_port || rule->has_value) {
            plant->counts_only = false;
        }
        if ((rule->actions & ACTION_EMULATE) || rule->has_port || rule->has_value) {
            plant->always = false;
        }
        if (rule->actions & ~(unsigned)(ACTION_COUNT | ACTION_LOG)) {
            plant->observes = false;
        }
        if (rule->n_patches && !rule->patch_skip) {
            plant->has_after = true;
        }
        if (rule->actions & ACTION_LOG) {
            plant->log_bits |= 1u << i;
            plant->log_ids[plant->n_logs++] = (uint16_t)rule->id;
        }
        plant->gate[i] = (struct map_gate){.has_port = rule->has_port,
                                           .has_value = rule->has_value,
                                           .emulates = rule->actions & ACTION_EMULATE,
                                           .port_lo = rule->port_lo,
                                           .port_hi = rule->port_hi,
                                           .value = rule->value,
                                           .value_mask = rule->value_mask};
        plant->n_counters += rule->counter != MAP_NO_COUNTER;
        plant->id[i] = (uint16_t)rule->id;
        plant->counter[i] = rule->counter;
    }
}

/* 0 if there is no room: map_has_room() is asked before each scan. */
static unsigned intern_plant(struct map *map, struct map_plant *plant)
{
    unsigned bucket = plant_bucket(plant);
    for (unsigned i = map->plant_hash[bucket]; i; i = map->plant_next[i]) {
        if (map->plants[i].n_rules == plant->n_rules &&
            !memcmp(map->plants[i].rules, plant->rules, plant->n_rules * sizeof(plant->rules[0]))) {
            return i;
        }
    }
    if (map->n_plants >= map->n_plants_room) {
        uint32_t n_room = map->n_plants_room ? 2 * map->n_plants_room : 64;
        struct map_plant *plants = realloc(map->plants, n_room * sizeof(*plants));
        uint16_t *next = realloc(map->plant_next, n_room * sizeof(*next));
        map->plants = plants ? plants : map->plants;
        map->plant_next = next ? next : map->plant_next;
        if (!plants || !next) {
            return 0;
        }
        map->n_plants_room = n_room;
    }
    if (map->n_plants >= MAP_PLANTS) {
        return 0;
    }
    unsigned index = map->n_plants++;
    describe_plant(map, plant);
    map->plants[index] = *plant;
    map->plant_next[index] = map->plant_hash[bucket];
    map->plant_hash[bucket] = (uint16_t)index;
    return index;
}

/* Out of the hash: the same set of slots may mean other rules soon. */
static void drop_plants_of(struct map *map, uint16_t rule)
{
    for (unsigned bucket = 0; bucket < MAP_PLANT_BUCKETS; bucket++) {
        uint16_t *link = &map->plant_hash[bucket];
        while (*link) {
            const struct map_plant *plant = &map->plants[*link];
            bool has = false;
            for (unsigned i = 0; i < plant->n_rules; i++) {
                has |= plant->rules[i] == rule;
            }
            if (has) {
                map->plants[*link].n_rules = 0;
                *link = map->plant_next[*link];
            } else {
                link = &map->plant_next[*link];
            }
        }
    }
}

void map_forget_plants(struct map *map)
{
    memset(map->plant_hash, 0, sizeof(map->plant_hash));
    map->n_plants = 1;
}

/* A scan makes at most one plant per instruction. */
bool map_has_room(const struct map *map)
{
    return map->n_plants + 512 < MAP_PLANTS;
}

/* ---- judging ---- */

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
                                        &map->by_lin[lin_bucket(match->insn->eip)]};
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

/* Also sets verdict and operation, which are functions of the shape too. */
static enum technique form_and_default(struct map *map, struct map_match *match, struct insn *insn)
{
    struct shape_memo *memo = &map->by_shape[insn->shape * 2654435761u >> 21];
    if (insn->shape && memo->shape == insn->shape) {
        insn->verdict = memo->verdict;
        insn->op = memo->op;
        return (enum technique)memo->technique;
    }
    map_find_form(insn);
    enum technique technique = default_technique(map, match);
    if (insn->shape) {
        *memo = (struct shape_memo){insn->shape, insn->verdict, insn->op, (uint8_t)technique};
    }
    return technique;
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

void map_judge(void *arg, struct insn *insn, const struct map_site *site)
{
    struct map *map = arg;
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
    insn->plant = judgement.plant.n_rules ? (uint16_t)intern_plant(map, &judgement.plant) : 0;
}

/* ---- life ---- */

struct map *map_create(void)
{
    struct map *map = calloc(1, sizeof(*map));
    struct map_errors errors = {0};
    if (!map) {
        return NULL;
    }
    ZydisDecoderInit(&map->code32, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    ZydisDecoderInit(&map->code16, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
    map_forget_plants(map);
    map->is_default = true;
    int result = map_add_text(map, "default", map_default_text,
                              (size_t)(map_default_end - map_default_text), &errors);
    map->is_default = false;
    map->default_end = map->next_order;
    map_errors_free(&errors);
    if (result < 0) {
        map_destroy(map);
        return NULL;
    }
    return map;
}

void map_destroy(struct map *map)
{
    if (!map) {
        return;
    }
    for (uint32_t i = 0; i < map->n_rules; i++) {
        free_rule(&map->rules[i]);
        free(map->leads[i]);
    }
    for (unsigned i = 0; i < MAP_MNEMONICS; i++) {
        free(map->by_name[i].items);
    }
    for (unsigned i = 0; i < MAP_AT_BUCKETS; i++) {
        free(map->by_lin[i].items);
    }
    for (uint32_t i = 0; i < map->n_names; i++) {
        free(map->names[i]);
    }
    free(map->general.items);
    free(map->names);
    free(map->rules);
    free(map->leads);
    free(map->plants);
    free(map->plant_next);
    free(map);
}

unsigned map_n_rules(const struct map *map)
{
    return map->n_rules;
}

const struct map_rule *map_rule_by_id(const struct map *map, int id)
{
    for (uint32_t i = 0; id > 0 && i < map->n_rules; i++) {
        if (map->rules[i].enabled && map->rules[i].id == id) {
            return &map->rules[i];
        }
    }
    return NULL;
}

const char *map_technique_name(enum technique technique)
{
    static const char *const names[N_TECHNIQUES] = {"native", "inline", "call", "trap"};
    return names[technique];
}
