/* plant.c - sets of rules that hold for one instruction, interned: same set, same number. Place in
 * the flow: judge.c makes them, translate/ and the monitor read them. Owns map->plants.
 */
#include <stdlib.h>
#include <string.h>

#include "map/map_internal.h"

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
    plant->has_after = plant->samples = false;
    plant->log_bits = 0;
    plant->n_logs = plant->n_counters = 0;
    for (unsigned i = 0; i < plant->n_rules; i++) {
        const struct map_rule *rule = &map->rules[plant->rules[i]];
        if ((rule->actions & ~(unsigned)(ACTION_COUNT | ACTION_SAMPLE)) || rule->has_port ||
            rule->has_value) {
            plant->counts_only = false;
        }
        if ((rule->actions & ACTION_EMULATE) || rule->has_port || rule->has_value) {
            plant->always = false;
        }
        if (rule->actions & ~(unsigned)(ACTION_COUNT | ACTION_LOG)) {
            plant->observes = false;
        }
        plant->samples |= rule->actions & ACTION_SAMPLE;
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

unsigned map_intern_plant(struct map *map, struct map_plant *plant)
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

void map_drop_plants_of(struct map *map, uint16_t rule)
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
bool map_is_default(const struct map *map)
{
    return map->next_order == map->default_end;
}

bool map_has_room(const struct map *map)
{
    return map->n_plants + 512 < MAP_PLANTS;
}
