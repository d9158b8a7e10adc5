/* lists.c - lists and strings of a store in memory, and the index that they are in the file. Knows
 * where strings lie, not what they are; reads and writes nothing. */
#include <stdlib.h>
#include <string.h>

#include "store/store_internal.h"

enum { FIRST_LISTS = 1 << 12 };

static bool grow(void **array, uint32_t *max, uint32_t needed, size_t n_bytes)
{
    if (needed < *max) {
        return true;
    }
    const uint32_t n = *max ? *max * 2 : FIRST_LISTS;
    void *bigger = realloc(*array, n * n_bytes);
    if (bigger) {
        *array = bigger;
        *max = n;
    }
    return bigger;
}

static uint32_t *find_slot(const struct store *store, struct store_key key)
{
    uint32_t i = (uint32_t)key.hash[0] & (store->n_hash - 1);
    while (store->hash[i] && memcmp(&store->lists[store->hash[i]].key, &key, sizeof(key)) != 0) {
        i = (i + 1) & (store->n_hash - 1);
    }
    return &store->hash[i];
}

static bool make_room_for_list(struct store *store)
{
    if (store->n_lists * 2 + 2 > store->n_hash) {
        const uint32_t n = store->n_hash ? store->n_hash * 2 : FIRST_LISTS * 2;
        uint32_t *hash = calloc(n, sizeof(*hash));
        if (!hash) {
            return false;
        }
        free(store->hash);
        store->hash = hash;
        store->n_hash = n;
        for (uint32_t i = 1; i <= store->n_lists; i++) {
            *find_slot(store, store->lists[i].key) = i;
        }
    }
    return grow((void **)&store->lists, &store->max_lists, store->n_lists + 1,
                sizeof(*store->lists));
}

uint32_t store_find_list(struct store *store, struct store_key key)
{
    if (!make_room_for_list(store)) {
        return 0;
    }
    uint32_t *slot = find_slot(store, key);
    if (!*slot) {
        *slot = ++store->n_lists;
        store->lists[*slot] = (struct store_list){.key = key};
    }
    return *slot;
}

bool store_add_string(struct store *store, uint32_t list, uint64_t at, uint32_t n_bytes,
                      uint64_t sum)
{
    if (!grow((void **)&store->strings, &store->max_strings, store->n_strings + 1,
              sizeof(*store->strings))) {
        return false;
    }
    const uint32_t number = ++store->n_strings;
    struct store_list *of = &store->lists[list];
    store->strings[number] = (struct store_string){.at = at, .n_bytes = n_bytes, .sum = sum};
    store->kept += n_bytes;
    if (of->last) {
        store->strings[of->last].next = number;
    } else {
        of->first = number;
    }
    of->last = number;
    return true;
}

uint32_t store_first(const struct store *store, uint32_t list)
{
    return list && list <= store->n_lists ? store->lists[list].first : 0;
}

uint32_t store_next(const struct store *store, uint32_t string)
{
    return store->strings[string].next;
}

uint32_t store_last(const struct store *store, uint32_t list)
{
    return list && list <= store->n_lists ? store->lists[list].last : 0;
}

/* ---- the index: for each list its key, a number of strings, and each string's place ---- */

struct index_list {
    struct store_key key;
    uint64_t n_strings;
};
struct index_string {
    uint64_t at, sum, n_bytes;
};

static bool take_string(struct store *store, uint32_t list, const struct index_string *string)
{
    const uint64_t first = sizeof(struct store_header);
    return string->n_bytes && string->n_bytes <= STORE_MAX_BYTES && string->at >= first &&
           string->at + string->n_bytes <= store->end &&
           store_add_string(store, list, string->at, (uint32_t)string->n_bytes, string->sum);
}

bool store_take_index(struct store *store, const uint8_t *at, size_t n_bytes)
{
    const uint8_t *end = at + n_bytes;
    while (at < end) {
        struct index_list list;
        if ((size_t)(end - at) < sizeof(list)) {
            return false;
        }
        memcpy(&list, at, sizeof(list));
        at += sizeof(list);
        const uint32_t number = store_find_list(store, list.key);
        if (!number || list.n_strings > (size_t)(end - at) / sizeof(struct index_string)) {
            return false;
        }
        for (uint64_t i = 0; i < list.n_strings; i++) {
            struct index_string string;
            memcpy(&string, at, sizeof(string));
            at += sizeof(string);
            if (!take_string(store, number, &string)) {
                return false;
            }
        }
    }
    return true;
}

void store_forget(struct store *store)
{
    store->n_lists = store->n_strings = 0;
    store->kept = 0;
    store->end = sizeof(struct store_header);
    if (store->hash) {
        memset(store->hash, 0, store->n_hash * sizeof(*store->hash));
    }
}

static uint8_t *put(uint8_t *to, const void *bytes, size_t n_bytes)
{
    memcpy(to, bytes, n_bytes);
    return to + n_bytes;
}

/* Lists without strings are left out. */
uint8_t *store_format_index(const struct store *store, size_t *n_bytes)
{
    uint8_t *index = malloc(store->n_lists * sizeof(struct index_list) +
                            store->n_strings * sizeof(struct index_string) + 1);
    uint8_t *to = index;
    for (uint32_t i = 1; index && i <= store->n_lists; i++) {
        struct index_list head = {.key = store->lists[i].key};
        for (uint32_t s = store->lists[i].first; s; s = store->strings[s].next) {
            head.n_strings++;
        }
        to = head.n_strings ? put(to, &head, sizeof(head)) : to;
        for (uint32_t s = store->lists[i].first; s; s = store->strings[s].next) {
            const struct store_string *string = &store->strings[s];
            const struct index_string entry = {
                .at = string->at, .sum = string->sum, .n_bytes = string->n_bytes};
            to = put(to, &entry, sizeof(entry));
        }
    }
    *n_bytes = (size_t)(to - index);
    return index;
}
