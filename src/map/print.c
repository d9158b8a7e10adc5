/* print.c - the map as text again: all rules in effective order, with the comments they were
 * written with. Read back, it gives the same map.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "map/map_internal.h"

static int by_order(const void *a, const void *b)
{
    const struct map_rule *const *left = a, *const *right = b;
    return (*left)->order < (*right)->order ? -1 : (*left)->order > (*right)->order;
}

static void print_rule(const struct map *map, const struct map_rule *rule,
                       const struct map_rule *before, FILE *out)
{
    const char *lead = map->leads[rule - map->rules];
    bool same = before && before->source.name == rule->source.name;
    if (!same) {
        fprintf(out, "\n\n# %s\n", rule->source.name);
    }
    if (same && !(lead && strchr(lead, '\n'))) {
        fputc('\n', out);
    }
    fprintf(out, "%s%s", lead ? lead : "", rule->text);
}

char *map_print(const struct map *map)
{
    char *text = NULL;
    size_t n_bytes = 0;
    const struct map_rule **sorted = calloc(map->n_rules + 1, sizeof(*sorted));
    FILE *out = sorted ? open_memstream(&text, &n_bytes) : NULL;
    unsigned n = 0;
    if (!out) {
        free(sorted);
        return NULL;
    }
    for (uint32_t i = 0; i < map->n_rules; i++) {
        if (map->rules[i].enabled) {
            sorted[n++] = &map->rules[i];
        }
    }
    qsort(sorted, n, sizeof(*sorted), by_order);
    fputs("clear", out);
    for (unsigned i = 0; i < n; i++) {
        print_rule(map, sorted[i], i ? sorted[i - 1] : NULL, out);
    }
    fputc('\n', out);
    fclose(out);
    free(sorted);
    return text;
}
