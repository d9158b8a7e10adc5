/* store_internal.h - the store's parts, for the files of this room. */
#ifndef STORE_STORE_INTERNAL_H
#define STORE_STORE_INTERNAL_H

#include "store/store.h"

/* As in the file, in the host's byte order. */
struct store_header {
    char magic[8];
    uint8_t identity[STORE_IDENTITY_BYTES];
    uint64_t index_at, index_bytes, index_sum; /* 0: nothing is in it yet */
};
struct store_list {
    struct store_key key;
    uint32_t first, last; /* strings */
};
struct store_string {
    uint64_t at, sum;
    uint32_t n_bytes, next;
};

struct store {
    int fd;
    bool is_read_only, is_loaded;
    struct store_header header;
    uint64_t kept;                /* bytes of all strings */
    uint64_t end;                 /* where the next string goes */
    struct store_list *lists;     /* from 1 on */
    struct store_string *strings; /* from 1 on */
    uint32_t n_lists, max_lists, n_strings, max_strings, n_added;
    uint32_t *hash; /* numbers of lists, by key; a power of two, at most half full */
    uint32_t n_hash;
    uint8_t *pending; /* what has not been written yet: the n_pending bytes before `end` */
    uint32_t n_pending;
    uint8_t *read; /* n_read bytes from read_at on, as they are in the file */
    uint64_t read_at;
    uint32_t n_read;
};

/* lists.c */
uint32_t store_find_list(struct store *store, struct store_key key);
/* Behind the others of list. False: out of memory. */
bool store_add_string(struct store *store, uint32_t list, uint64_t at, uint32_t n_bytes,
                      uint64_t sum);
void store_forget(struct store *store);
/* What store_format_index() has made; strings end before store->end. False: it is something else.
 */
bool store_take_index(struct store *store, const uint8_t *at, size_t n_bytes);
/* malloc'd; NULL: out of memory. */
uint8_t *store_format_index(const struct store *store, size_t *n_bytes);

#endif
