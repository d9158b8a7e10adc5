/* file.c - reads whole files for the loaders. Pipes are welcome (`-initrd <(make-initrd)`).
 *
 * A copy, not a mapping: a file that shrinks while it is mapped would be a SIGBUS here.
 */
#include "load/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, struct load_file *file, uint64_t first_bytes, uint64_t max_bytes)
{
    uint64_t room_bytes = 0;
    for (;;) {
        if (file->n_bytes == room_bytes) {
            room_bytes = room_bytes ? room_bytes * 2 : first_bytes;
            uint8_t *bytes = realloc(file->bytes, room_bytes);
            if (!bytes) {
                return -ENOMEM;
            }
            file->bytes = bytes;
        }
        ssize_t n = read(fd, file->bytes + file->n_bytes, room_bytes - file->n_bytes);
        if (n == 0) {
            return 0;
        }
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -errno;
        }
        file->n_bytes += (uint64_t)n;
        if (file->n_bytes > max_bytes) {
            return -EFBIG;
        }
    }
}

int load_file_read(struct load_file *file, const char *what, const char *path, uint64_t max_bytes,
                   char **error)
{
    *file = (struct load_file){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return load_fail(error, errno, "cannot open the %s %s: %s", what, path, strerror(errno));
    }
    struct stat status;
    uint64_t first_bytes = 65536;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        /* One more than it has, so that the end is seen without growing. */
        uint64_t n_bytes = (uint64_t)status.st_size;
        first_bytes = (n_bytes < max_bytes ? n_bytes : max_bytes) + 1;
    }
    int result = read_all(fd, file, first_bytes, max_bytes);
    close(fd);
    if (result == -EFBIG) {
        load_file_free(file);
        return load_fail(error, EFBIG,
                         "the %s %s does not fit into %llu MiB of guest memory; give more with -m",
                         what, path, (unsigned long long)(max_bytes >> 20));
    }
    if (result < 0) {
        load_file_free(file);
        return load_fail(error, -result, "cannot read the %s %s: %s", what, path,
                         strerror(-result));
    }
    return 0;
}

void load_file_free(struct load_file *file)
{
    free(file->bytes);
    *file = (struct load_file){0};
}

bool load_file_has(const struct load_file *file, uint64_t off, uint64_t n_bytes)
{
    return off <= file->n_bytes && n_bytes <= file->n_bytes - off;
}

uint64_t load_file_u64(const struct load_file *file, uint64_t off)
{
    uint64_t value;
    BUG_ON(!load_file_has(file, off, sizeof value));
    memcpy(&value, file->bytes + off,
           sizeof value); /* the host is little-endian, as is the guest */
    return value;
}

uint32_t load_file_u32(const struct load_file *file, uint64_t off)
{
    uint32_t value;
    BUG_ON(!load_file_has(file, off, sizeof value));
    memcpy(&value, file->bytes + off, sizeof value);
    return value;
}

uint16_t load_file_u16(const struct load_file *file, uint64_t off)
{
    uint16_t value;
    BUG_ON(!load_file_has(file, off, sizeof value));
    memcpy(&value, file->bytes + off, sizeof value);
    return value;
}
