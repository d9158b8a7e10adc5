/* map.c - struct map: rules in their order, from the text that names them to the day they go.
 *
 * Owns the rules and their text. index.c finds them, judge.c asks them about an instruction,
 * data.c about an access.
 */
#include "map/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "map/map_internal.h"

extern const char map_default_text[], map_default_end[]; /* default.S */

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
        return "there are too many rules that count or sample (4096 can be)";
    }
    return map_index_rule(map, (uint16_t)slot, true) ? NULL : "no memory";
}

static void remove_slot(struct map *map, uint16_t slot)
{
    struct map_rule *rule = &map->rules[slot];
    if (!rule->id) { /* "clear": what is left is asked each time */
        map->default_end = 0;
        memset(map->memo, 0, sizeof(map->memo));
        memset(map->by_shape, 0, sizeof(map->by_shape));
    }
    map_index_rule(map, slot, false);
    if (rule->counter != MAP_NO_COUNTER) {
        map->counter_used[rule->counter] = 0;
    }
    map_drop_plants_of(map, slot);
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
    if (good && !map->is_default && n_drafts) {
        map_find_never(map, drafts, n_drafts, name, errors);
    }
    good = good && add_drafts(map, name, drafts, n_drafts, errors);
    for (unsigned i = 0; i < n_drafts; i++) {
        map_draft_free(&drafts[i]);
    }
    free(drafts);
    return good ? 0 : -1;
}

static char *first_line(const char *lines)
{
    return lines ? strndup(lines, strcspn(lines, "\n")) : NULL;
}

int map_add_rule(struct map *map, const char *name, const char *text, char **message)
{
    struct map_errors errors = {0};
    int before = map->next_id, result = -1;
    if (map_add_text(map, name, text, strlen(text), &errors) < 0) {
        *message = first_line(errors.lines);
    } else if (map->next_id == before) {
        *message = strdup("expected a rule");
    } else {
        *message = first_line(errors.warnings);
        result = map->next_id;
    }
    map_errors_free(&errors);
    return result;
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
    for (unsigned i = 0; i < 2 * (MAP_DATA_BUCKETS + 1); i++) {
        const struct data_index *data = &map->data[i & 1];
        free((i >> 1 ? &data->by_page[(i >> 1) - 1] : &data->wide)->items);
    }
    free(map->emulates.items);
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
