/* index.c - the lists by which rules are found: those that name instructions are on the lists of
 * these, one for a single address in a hash, all others on the general list. Rules about data are
 * data.c's. Place in the flow: map.c adds and removes, judge.c walks.
 */
#include <stdlib.h>
#include <string.h>

#include "map/map_internal.h"

bool map_list_add(struct rule_list *list, uint16_t rule)
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

void map_list_remove(struct rule_list *list, uint16_t rule)
{
    for (uint32_t i = 0; i < list->n; i++) {
        if (list->items[i] == rule) {
            memmove(&list->items[i], &list->items[i + 1], (list->n - i - 1) * sizeof(*list->items));
            list->n--;
            return;
        }
    }
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

bool map_index_rule(struct map *map, uint16_t index, bool add)
{
    const struct map_select *select = map->rules[index].select;
    bool done = true;
    if (map->rules[index].id && (map->rules[index].actions & ACTION_EMULATE)) {
        memset(map->data_memo, 0, sizeof(map->data_memo));
        done = add ? map_list_add(&map->emulates, index)
                   : (map_list_remove(&map->emulates, index), true);
    }
    if (map->rules[index].data.access) {
        memset(map->data_memo, 0, sizeof(map->data_memo));
        map->n_data_rules += add ? 1 : -1u;
        return map_index_data(map, index, add) && done;
    }
    if (select->has_lin && select->lin_first == select->lin_last) {
        struct rule_list *list = &map->by_lin[map_lin_bucket(select->lin_first)];
        return (add ? map_list_add(list, index) : (map_list_remove(list, index), true)) && done;
    }
    if (!only_names(select)) {
        struct rule_list *list = &map->general;
        return (add ? map_list_add(list, index) : (map_list_remove(list, index), true)) && done;
    }
    for (unsigned i = 0; i < select->n_choices; i++) {
        const struct map_choice *choice = &select->choices[i];
        for (unsigned j = 0; j < choice->n_names; j++) {
            struct rule_list *list = &map->by_name[choice->names[j]];
            bool is_last = list->n && list->items[list->n - 1] == index; /* "mov | mov" */
            if (!add) {
                map_list_remove(list, index);
            } else if (!is_last && !map_list_add(list, index)) {
                done = false;
            }
        }
    }
    return done;
}
