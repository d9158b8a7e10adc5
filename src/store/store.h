/* store.h - a file of byte strings, each under a key made of a page's contents, that outlives the
 * process: what was translated once need not be translated again. Knows nothing of code.
 *
 * Only appended to; the index is written behind the strings when the store is closed, and the
 * header, which names it, last: who is killed leaves the file as it was. If much is new, all
 * strings are written once more, list by list, so that those of a page are had by one read; a hole
 * is left where they were. One process writes, others read meanwhile. Every string has a checksum;
 * what does not fit is not there.
 *
 * A key is a hash that anybody can make collide: who reads a string compares what it is about.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/base.h"

enum {
    STORE_IDENTITY_BYTES = 64,
    STORE_PAGE_BYTES = 4096,
    STORE_MAX_BYTES = 96 << 10, /* of one string */
    STORE_MAX_KEPT = 128 << 20, /* of all strings: then it is begun anew */
};

struct store;
struct store_key {
    uint64_t hash[2];
};

/* Opens or makes the file, mode 0600. identity: of who can use what is in it; a file of another one
 * is begun anew. 0 or -errno; -EPERM: the file belongs to somebody else, or others may write it. */
int store_open(struct store **store, const char *path,
               const uint8_t identity[STORE_IDENTITY_BYTES]);
/* Writes what has been added. NULL is allowed. */
void store_close(struct store *store);

/* page: STORE_PAGE_BYTES; about: what else the strings depend on. */
struct store_key store_hash(const uint8_t *page, const uint32_t *about, unsigned n_about);
/* A number for the key, from 1 on, the same until the store is closed; 0: out of memory. */
uint32_t store_list(struct store *store, struct store_key key);
/* Its strings in the order in which they were added, each a number from 1 on; 0: no more. */
uint32_t store_first(const struct store *store, uint32_t list);
uint32_t store_next(const struct store *store, uint32_t string);
uint32_t store_last(const struct store *store, uint32_t list);
/* Valid until the next call; NULL: damaged. */
const uint8_t *store_read(struct store *store, uint32_t string, uint32_t *n_bytes);
/* May anything be added still? */
bool store_takes(const struct store *store);
/* n_bytes: a multiple of 8. False: it is not kept (the file is full, read-only, or cannot be
 * written). */
bool store_add(struct store *store, uint32_t list, const void *bytes, uint32_t n_bytes);

struct store_counts {
    uint32_t n_lists, n_strings, n_added;
    uint64_t n_bytes; /* of the file */
    bool is_read_only;
};
struct store_counts store_count(const struct store *store);

/* identity.c. The linker's build id of this program into id, up to n_bytes: how many; 0: it has
 * none. */
unsigned store_build_id(uint8_t *id, unsigned n_bytes);

#endif
