/* file.c - files for the loaders. Pipes are welcome (`-initrd <(make-initrd)`).
 *
 * Copies, not mappings: a file that shrinks while it is mapped would be a SIGBUS here. Of a long
 * regular file only the head is held; the rest goes straight to guest RAM (load_file_copy), which
 * spares a buffer of its size and the page faults to fill it.
 */
#include "load/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_BYTES = 128 << 10, PIECE_BYTES = 16 << 10 };

static ssize_t read_some(int fd, void *bytes, uint64_t n_bytes)
{
    ssize_t n;
    do {
        n = read(fd, bytes, n_bytes);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* To the end of the file, but no more than max_bytes. */
static int read_all(struct load_file *file, uint64_t first_bytes, uint64_t max_bytes)
{
    uint64_t room_bytes = 0;
    for (;;) {
        if (file->n_held == room_bytes) {
            room_bytes = room_bytes ? room_bytes * 2 : first_bytes;
            uint8_t *bytes = realloc(file->bytes, room_bytes);
            if (!bytes) {
                return -ENOMEM;
            }
            file->bytes = bytes;
        }
        ssize_t n = read_some(file->fd, file->bytes + file->n_held, room_bytes - file->n_held);
        if (n < 0) {
            return (int)n;
        }
        file->n_held += (uint64_t)n;
        file->n_bytes = file->n_held;
        if (n == 0 || file->n_bytes > max_bytes) {
            return n == 0 ? 0 : -EFBIG;
        }
    }
}

static int read_head(struct load_file *file, uint64_t n_bytes)
{
    file->bytes = malloc(HEAD_BYTES);
    while (file->bytes && file->n_held < HEAD_BYTES) {
        ssize_t n = read_some(file->fd, file->bytes + file->n_held, HEAD_BYTES - file->n_held);
        if (n <= 0) {
            return n < 0 ? (int)n : -EIO; /* shorter than it was a moment ago */
        }
        file->n_held += (uint64_t)n;
    }
    file->n_bytes = n_bytes;
    return file->bytes ? 0 : -ENOMEM;
}

static int read_file(struct load_file *file, uint64_t max_bytes)
{
    struct stat status;
    bool is_regular = fstat(file->fd, &status) == 0 && S_ISREG(status.st_mode);
    uint64_t n_bytes = is_regular ? (uint64_t)status.st_size : 0;
    if (is_regular && n_bytes > max_bytes) {
        return -EFBIG;
    }
    if (n_bytes > HEAD_BYTES) {
        return read_head(file, n_bytes);
    }
    /* One more than it has, so that the end is seen without growing. */
    return read_all(file, is_regular ? n_bytes + 1 : 65536, max_bytes);
}

int load_file_open(struct load_file *file, const char *what, const char *path, uint64_t max_bytes,
                   char **error)
{
    *file = (struct load_file){.fd = open(path, O_RDONLY | O_CLOEXEC), .what = what, .path = path};
    if (file->fd < 0) {
        return load_fail(error, errno, "cannot open the %s %s: %s", what, path, strerror(errno));
    }
    int result = read_file(file, max_bytes);
    if (result == 0) {
        return 0;
    }
    load_file_free(file);
    if (result == -EFBIG) {
        return load_fail(error, EFBIG,
                         "the %s %s does not fit into %llu MiB of guest memory; give more with -m",
                         what, path, (unsigned long long)(max_bytes >> 20));
    }
    return load_fail(error, -result, "cannot read the %s %s: %s", what, path, strerror(-result));
}

void load_file_free(struct load_file *file)
{
    free(file->bytes);
    if (file->fd >= 0) {
        close(file->fd);
    }
    *file = (struct load_file){.fd = -1};
}

bool load_file_has(const struct load_file *file, uint64_t off, uint64_t n_bytes)
{
    return off <= file->n_bytes && n_bytes <= file->n_bytes - off;
}

/* n_bytes of the file from off: 0 or -errno. */
static int get(const struct load_file *file, uint64_t off, void *out, uint64_t n_bytes)
{
    uint64_t done = 0;
    if (off < file->n_held) {
        done = file->n_held - off < n_bytes ? file->n_held - off : n_bytes;
        memcpy(out, file->bytes + off, done);
    }
    while (done < n_bytes) {
        ssize_t n = pread(file->fd, (uint8_t *)out + done, n_bytes - done, (off_t)(off + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? -errno : -EIO;
        }
        done += (uint64_t)n;
    }
    return 0;
}

int load_file_get(const struct load_file *file, uint64_t off, void *out, uint64_t n_bytes,
                  char **error)
{
    BUG_ON(!load_file_has(file, off, n_bytes));
    int result = get(file, off, out, n_bytes);
    return result < 0 ? load_fail(error, -result, "cannot read the %s %s: %s", file->what,
                                  file->path, strerror(-result))
                      : 0;
}

int load_file_copy(const struct load_file *file, uint64_t off, uint64_t n_bytes,
                   struct place *place, uint64_t phys, char **error)
{
    uint8_t piece[PIECE_BYTES];
    while (n_bytes) {
        uint64_t piece_bytes = n_bytes < PIECE_BYTES ? n_bytes : PIECE_BYTES;
        int result = load_file_get(file, off, piece, piece_bytes, error);
        if (result < 0) {
            return result;
        }
        place_write(place, phys, piece, piece_bytes);
        off += piece_bytes;
        phys += piece_bytes;
        n_bytes -= piece_bytes;
    }
    return 0;
}

/* A field of a file that has changed since it was opened is 0. The host is little-endian, as is the
 * guest. */
static uint64_t field(const struct load_file *file, uint64_t off, uint64_t n_bytes)
{
    uint64_t value = 0;
    BUG_ON(!load_file_has(file, off, n_bytes));
    return get(file, off, &value, n_bytes) < 0 ? 0 : value;
}

uint64_t load_file_u64(const struct load_file *file, uint64_t off)
{
    return field(file, off, 8);
}

uint32_t load_file_u32(const struct load_file *file, uint64_t off)
{
    return (uint32_t)field(file, off, 4);
}

uint16_t load_file_u16(const struct load_file *file, uint64_t off)
{
    return (uint16_t)field(file, off, 2);
}
