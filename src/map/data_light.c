/* data_light.c - which rules about data an access is for. Light: called in the middle of an
 * instruction, beside the guest's live FPU state.
 */
#include "cpu/cpu.h"
#include "map/map_internal.h"

/* The lists to look at: linear and physical, wide ranges, the first page, the second one. */
enum { N_LISTS = 6 };

static bool meets(const struct map_data *data, uint32_t at, uint32_t n_bytes)
{
    return at - data->first <= data->last - data->first || data->first - at < n_bytes;
}

bool map_is_about(const struct map_data *data, const struct map_access *access)
{
    uint32_t left = 4096 - (access->lin & 4095);
    uint32_t first = access->n_bytes < left ? access->n_bytes : left;
    if (!(data->access & (access->write ? DATA_WRITE : DATA_READ))) {
        return false;
    }
    if (!data->physical) {
        return meets(data, access->lin, access->n_bytes);
    }
    return meets(data, access->phys, first) ||
           (first < access->n_bytes && meets(data, access->phys_next, access->n_bytes - first));
}

static const struct rule_list *find_list(const struct map *map, const struct map_access *access,
                                         unsigned list)
{
    const struct data_index *lists = &map->data[list & 1];
    uint32_t page = (list & 1 ? access->phys : access->lin) >> 12;
    uint32_t next = (access->lin + access->n_bytes - 1) >> 12;
    if (list < 2) {
        return &lists->wide;
    }
    if (list < 4) {
        return &lists->by_page[page % MAP_DATA_BUCKETS];
    }
    if (next == access->lin >> 12) {
        return NULL;
    }
    next = list & 1 ? access->phys_next >> 12 : next;
    return next % MAP_DATA_BUCKETS == page % MAP_DATA_BUCKETS
               ? NULL
               : &lists->by_page[next % MAP_DATA_BUCKETS];
}

/* Of the second page's list only what was not on the first one's. */
static bool was_seen(const struct map_data *data, const struct map_access *access, unsigned list)
{
    uint32_t page = (data->physical ? access->phys : access->lin) >> 12;
    uint32_t first = data->first >> 12, n_pages = (data->last >> 12) - first;
    return list >= 4 && (page - first) % MAP_DATA_BUCKETS <= n_pages;
}

bool map_has_data_rules(const struct map *map)
{
    return map->n_data_rules;
}

int map_next_data_rule(const struct map *map, const struct map_access *access,
                       struct map_data_at *at)
{
    for (; at->list < N_LISTS; at->list++, at->i = 0) {
        const struct rule_list *list = find_list(map, access, at->list);
        while (list && at->i < list->n) {
            unsigned index = list->items[at->i++];
            const struct map_rule *rule = &map->rules[index];
            if (map_is_about(&rule->data, access) && !was_seen(&rule->data, access, at->list) &&
                map_matches_place(rule->select, access->eip, &access->site)) {
                return (int)index;
            }
        }
    }
    return -1;
}

int map_recall_data(const struct map *map, unsigned index, const struct map_access *access)
{
    const struct map_rule *rule = &map->rules[index];
    if (!rule->select->n_choices && !map->emulates.n && !rule->has_port && !rule->has_value) {
        return true;
    }
    const struct data_memo *memo = map_data_memo((struct map *)map, index, access->eip);
    uint32_t n_bytes = access->insn ? access->insn->n_bytes : 0;
    if (!memo->answer || memo->eip != access->eip || memo->rule != index ||
        memo->mode != access->site.mode || memo->phys_page != access->site.phys_page ||
        memo->n_bytes != n_bytes) {
        return -1;
    }
    for (unsigned i = 0; i < n_bytes; i++) {
        if (memo->bytes[i] != access->insn->bytes[i]) {
            return -1;
        }
    }
    return memo->answer == 2;
}
