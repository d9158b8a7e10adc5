/* store.c - the file of a store: opened, read, appended to, gathered, closed. See store.h. */
#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PENDING_BYTES = 256 << 10, READ_BYTES = 96 << 10 };
_Static_assert((int)READ_BYTES >= (int)STORE_MAX_BYTES, "a whole string");
static const uint64_t MAX_SPAN = UINT64_C(1) << 30; /* with holes */
static const char MAGIC[8] = "plex86c1";

static inline uint64_t mix(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
    return sum ^ sum >> 29;
}

static uint64_t sum_of(const void *bytes, size_t n_bytes)
{
    uint64_t sum = n_bytes + 1;
    const uint8_t *at = bytes;
    for (; n_bytes >= 8; n_bytes -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof(word));
        sum = mix(sum, word);
    }
    for (; n_bytes; n_bytes--) {
        sum = mix(sum, *at++);
    }
    return sum;
}

/* Two halves of the page side by side: their multiplications need not wait for each other. */
struct store_key store_hash(const uint8_t *page, const uint32_t *about, unsigned n_about)
{
    enum { HALF = STORE_PAGE_BYTES / 2 };
    struct store_key key = {{1, 2}};
    for (unsigned at = 0; at < HALF; at += 8) {
        uint64_t low, high;
        memcpy(&low, page + at, sizeof(low));
        memcpy(&high, page + HALF + at, sizeof(high));
        key.hash[0] = mix(key.hash[0], low);
        key.hash[1] = mix(key.hash[1], high);
    }
    for (unsigned i = 0; i < n_about; i++) {
        key.hash[0] = mix(key.hash[0], about[i]);
    }
    key.hash[0] = mix(key.hash[0], key.hash[1]);
    return key;
}

static bool read_at(int fd, void *to, size_t n_bytes, uint64_t at)
{
    for (size_t done = 0; done < n_bytes;) {
        ssize_t n = pread(fd, (uint8_t *)to + done, n_bytes - done, (off_t)(at + done));
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return false;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool write_at(int fd, const void *from, size_t n_bytes, uint64_t at)
{
    for (size_t done = 0; done < n_bytes;) {
        ssize_t n = pwrite(fd, (const uint8_t *)from + done, n_bytes - done, (off_t)(at + done));
        if (n < 0 && errno != EINTR) {
            return false;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool read_index(struct store *store)
{
    const struct store_header *header = &store->header;
    if (!header->index_at) {
        return true;
    }
    uint8_t *index = malloc(header->index_bytes + 1);
    store->end = header->index_at;
    bool is_good = index && read_at(store->fd, index, header->index_bytes, header->index_at) &&
                   sum_of(index, header->index_bytes) == header->index_sum &&
                   store_take_index(store, index, header->index_bytes);
    free(index);
    store->end = header->index_at + header->index_bytes;
    return is_good;
}

static int begin_anew(struct store *store, const uint8_t *identity)
{
    struct store_header header = {0};
    memcpy(header.magic, MAGIC, sizeof(MAGIC));
    memcpy(header.identity, identity, sizeof(header.identity));
    store->header = header;
    if (store->is_read_only) {
        return -EBUSY;
    }
    if (ftruncate(store->fd, 0) < 0) {
        return -errno;
    }
    return write_at(store->fd, &header, sizeof(header), 0) ? 0 : -EIO;
}

static bool is_of(const struct store_header *header, const uint8_t *identity)
{
    return memcmp(header->magic, MAGIC, sizeof(MAGIC)) == 0 &&
           memcmp(header->identity, identity, sizeof(header->identity)) == 0;
}

/* Of a header that may be anything. Read under the lock, so nobody is making the file anew. */
static int look_at_header(struct store *store, const uint8_t *identity)
{
    struct store_header *header = &store->header;
    if (read_at(store->fd, header, sizeof(*header), 0) && is_of(header, identity) &&
        header->index_at < MAX_SPAN && header->index_bytes < MAX_SPAN / 8) {
        return 0;
    }
    return store->is_read_only ? -EBUSY : begin_anew(store, identity);
}

/* Not before somebody asks: most of what opens a store is on its way to a guest's first
 * instruction. */
static void load_index(struct store *store)
{
    if (store->is_loaded) {
        return;
    }
    store->is_loaded = true;
    if (!read_index(store) || store->kept > STORE_MAX_KEPT / 8 * 7) {
        store_forget(store);
        store->is_read_only |= begin_anew(store, store->header.identity) < 0;
    }
}

int store_open(struct store **out, const char *path, const uint8_t identity[STORE_IDENTITY_BYTES])
{
    struct stat stat;
    struct store *store = calloc(1, sizeof(*store));
    if (!store) {
        return -ENOMEM;
    }
    store->end = sizeof(struct store_header);
    store->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int result = store->fd < 0 ? -errno : 0;
    if (!result && (fstat(store->fd, &stat) < 0 || !S_ISREG(stat.st_mode) ||
                    stat.st_uid != geteuid() || stat.st_mode & (S_IWGRP | S_IWOTH))) {
        result = -EPERM;
    }
    if (!result) {
        store->is_read_only = flock(store->fd, LOCK_EX | LOCK_NB) < 0;
        store->pending = malloc(PENDING_BYTES);
        store->read = malloc(READ_BYTES);
        result = store->pending && store->read ? look_at_header(store, identity) : -ENOMEM;
    }
    if (result) {
        store->is_read_only = true; /* nothing is to be written any more */
        store_close(store);
        return result;
    }
    *out = store;
    return 0;
}

static bool write_pending(struct store *store)
{
    const bool is_written =
        write_at(store->fd, store->pending, store->n_pending, store->end - store->n_pending);
    store->n_pending = 0;
    return is_written;
}

uint32_t store_list(struct store *store, struct store_key key)
{
    load_index(store);
    return store_find_list(store, key);
}

/* Up to the end of the last string of the list that lies side by side with this one. */
static uint32_t span_of(const struct store *store, const struct store_string *from)
{
    uint64_t end = from->at + from->n_bytes;
    for (uint32_t next = from->next; next; next = store->strings[next].next) {
        const struct store_string *string = &store->strings[next];
        if (string->at != end || end + string->n_bytes - from->at > READ_BYTES) {
            break;
        }
        end += string->n_bytes;
    }
    return (uint32_t)(end - from->at);
}

/* A system call for each string would cost as much as making a unit of it. */
static const uint8_t *read_ahead(struct store *store, const struct store_string *from)
{
    const uint64_t written = store->end - store->n_pending, left = written - from->at;
    if (from->at < store->read_at || from->at + from->n_bytes > store->read_at + store->n_read) {
        store->n_read = 0;
        const uint32_t wanted = span_of(store, from),
                       n_bytes = left < wanted ? (uint32_t)left : wanted;
        if (!read_at(store->fd, store->read, n_bytes, from->at)) {
            return NULL;
        }
        store->read_at = from->at;
        store->n_read = n_bytes;
    }
    return store->read + (from->at - store->read_at);
}

const uint8_t *store_read(struct store *store, uint32_t string, uint32_t *n_bytes)
{
    const struct store_string *from = &store->strings[string];
    const uint64_t written = store->end - store->n_pending;
    const uint8_t *bytes =
        from->at >= written ? store->pending + (from->at - written) : read_ahead(store, from);
    *n_bytes = from->n_bytes;
    return bytes && sum_of(bytes, from->n_bytes) == from->sum ? bytes : NULL;
}

/* All strings, list by list, behind what is there: pages are asked for one by one, and what they
 * became was added over the time that a program runs. */
static bool gather(struct store *store)
{
    for (uint32_t i = 1; i <= store->n_lists; i++) {
        for (uint32_t s = store->lists[i].first; s; s = store->strings[s].next) {
            struct store_string *string = &store->strings[s];
            const uint8_t *bytes = read_ahead(store, string);
            if (!bytes ||
                (store->n_pending + string->n_bytes > PENDING_BYTES && !write_pending(store))) {
                return false;
            }
            memcpy(store->pending + store->n_pending, bytes, string->n_bytes);
            store->n_pending += string->n_bytes;
            string->at = store->end;
            store->end += string->n_bytes;
        }
    }
    return write_pending(store);
}

/* Where holes can be made. */
static bool is_scattered(const struct store *store)
{
    return store->n_added > store->n_strings / 4 &&
           fallocate(store->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)store->end,
                     4096) == 0;
}

/* Strings, index, header, in this order. */
static void finish(struct store *store)
{
    const uint64_t first = sizeof(struct store_header), before = store->end;
    struct store_header header = store->header;
    if (!write_pending(store)) {
        return;
    }
    const bool gathers = is_scattered(store);
    if (gathers && !gather(store)) {
        return;
    }
    size_t n_bytes;
    uint8_t *index = store_format_index(store, &n_bytes);
    if (!index) {
        return;
    }
    header.index_at = store->end;
    header.index_bytes = n_bytes;
    header.index_sum = sum_of(index, n_bytes);
    if (write_at(store->fd, index, n_bytes, store->end) &&
        write_at(store->fd, &header, sizeof(header), 0) && gathers) {
        fallocate(store->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)first,
                  (off_t)(before - first));
    }
    free(index);
}

void store_close(struct store *store)
{
    if (!store) {
        return;
    }
    if (store->n_added && !store->is_read_only) {
        finish(store);
    }
    if (store->fd >= 0) {
        close(store->fd);
    }
    free(store->lists);
    free(store->strings);
    free(store->hash);
    free(store->pending);
    free(store->read);
    free(store);
}

bool store_takes(const struct store *store)
{
    return !store->is_read_only && store->kept < STORE_MAX_KEPT && store->end <= MAX_SPAN;
}

bool store_add(struct store *store, uint32_t list, const void *bytes, uint32_t n_bytes)
{
    if (!store_takes(store) || !list || n_bytes == 0 || n_bytes > STORE_MAX_BYTES ||
        store->kept + n_bytes > STORE_MAX_KEPT) {
        return false;
    }
    if (store->n_pending + n_bytes > PENDING_BYTES && !write_pending(store)) {
        store->is_read_only = true; /* what was lost is in the index: it is not written */
        return false;
    }
    BUG_ON(n_bytes % 8);
    if (!store_add_string(store, list, store->end, n_bytes, sum_of(bytes, n_bytes))) {
        return false;
    }
    memcpy(store->pending + store->n_pending, bytes, n_bytes);
    store->n_pending += n_bytes;
    store->end += n_bytes;
    store->n_added++;
    return true;
}

struct store_counts store_count(const struct store *store)
{
    return (struct store_counts){.n_lists = store->n_lists,
                                 .n_strings = store->n_strings,
                                 .n_added = store->n_added,
                                 .n_bytes = store->end,
                                 .is_read_only = store->is_read_only};
}
