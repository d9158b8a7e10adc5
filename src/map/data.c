/* data.c - rules about data: the lists they are found by, and whether one of them holds for the
 * instruction that makes an access.
 *
 * Place in the flow: map.c adds and removes; the monitor asks in the middle of an instruction
 * (data_light.c) and comes here for what is not remembered: choices may need the decoder.
 */
#include <string.h>

#include "cpu/cpu.h"
#include "map/map_internal.h"

static bool is_wide(const struct map_data *data)
{
    return (data->last >> 12) - (data->first >> 12) >= MAP_DATA_PAGES;
}

static bool change_list(struct rule_list *list, uint16_t index, bool add)
{
    if (!add) {
        map_list_remove(list, index);
        return true;
    }
    return (list->n && list->items[list->n - 1] == index) || map_list_add(list, index);
}

bool map_index_data(struct map *map, uint16_t index, bool add)
{
    const struct map_rule *rule = &map->rules[index];
    const struct map_data *data = &rule->data;
    struct data_index *lists = &map->data[data->physical];
    bool done = true;
    if (rule->actions == ACTION_EMULATE) {
        return true; /* looked at when another rule holds */
    }
    if (is_wide(data)) {
        return change_list(&lists->wide, index, add);
    }
    for (uint32_t page = data->first >> 12; page <= data->last >> 12; page++) {
        done &= change_list(&lists->by_page[page % MAP_DATA_BUCKETS], index, add);
    }
    return done;
}

static bool is_for_all(const struct map_select *select)
{
    bool all = !select->n_choices;
    for (unsigned i = 0; i < select->n_choices; i++) {
        const struct map_choice *choice = &select->choices[i];
        all |= choice->kind == CHOICE_CLASS && choice->class_index == CLASS_ALL;
    }
    return all;
}

static bool matches(struct map *map, const struct map_rule *rule, const struct map_access *access,
                    const struct cpu *cpu)
{
    if (!access->insn) { /* the CPU's own access: only rules for all instructions are about it */
        return is_for_all(rule->select) && !rule->has_port && !rule->has_value &&
               map_matches_place(rule->select, access->eip, &access->site);
    }
    struct map_match match;
    match.map = map;
    match.insn = access->insn;
    match.site = &access->site;
    match.has_decoded = false;
    return map_rule_matches(rule, &match) && map_rule_holds(rule, access->insn, cpu);
}

/* A later rule says "emulate". *fixed: as it will the next time, too. */
static bool is_undone(struct map *map, const struct map_rule *rule, const struct map_access *access,
                      const struct cpu *cpu, bool *fixed)
{
    for (uint32_t i = 0; i < map->emulates.n; i++) {
        const struct map_rule *other = &map->rules[map->emulates.items[i]];
        if (other->order <= rule->order ||
            (other->data.access && !map_is_about(&other->data, access))) {
            *fixed &= other->order <= rule->order; /* the next access may be to other bytes */
            continue;
        }
        *fixed &= !other->data.access && !other->has_port && !other->has_value;
        if (matches(map, other, access, cpu)) {
            return true;
        }
    }
    return false;
}

bool map_judge_data(struct map *map, unsigned index, const struct map_access *access,
                    const struct cpu *cpu)
{
    const struct map_rule *rule = &map->rules[index];
    bool fixed = !rule->has_port && !rule->has_value;
    bool holds = matches(map, rule, access, cpu) && !is_undone(map, rule, access, cpu, &fixed);
    if (fixed) {
        struct data_memo *memo = map_data_memo(map, index, access->eip);
        *memo = (struct data_memo){.eip = access->eip,
                                   .mode = access->site.mode,
                                   .phys_page = (uint32_t)access->site.phys_page,
                                   .rule = (uint16_t)index,
                                   .answer = holds ? 2 : 1};
        if (access->insn) {
            memo->n_bytes = access->insn->n_bytes;
            memcpy(memo->bytes, access->insn->bytes, sizeof(memo->bytes));
        }
    }
    return holds;
}
