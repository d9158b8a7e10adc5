/* firmware.c - the ROM image of -bios: read, checked and rounded up to what a ROM chip has.
 *
 * An image that is no multiple of 64 KiB is as if its chip were full of FF before it: what counts
 * is where it ends, at the reset vector.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "load/room.h"

enum { ROM_UNIT_BYTES = 64 << 10, ROM_MAX_BYTES = 16 << 20, RESET_VECTOR_BYTES = 16 };

int load_firmware(const char *path, uint8_t **bytes, uint32_t *n_bytes, char **error)
{
    struct load_file file;
    int result = load_file_open(&file, "firmware", path, ROM_MAX_BYTES, error);
    *bytes = NULL;
    if (result == -EFBIG) {
        free(*error);
        return load_fail(error, EFBIG, "the firmware %s is larger than 16 MiB", path);
    }
    if (result < 0) {
        return result;
    }
    if (file.n_bytes < RESET_VECTOR_BYTES) {
        load_file_free(&file);
        return load_fail(error, ENOEXEC,
                         "the firmware %s has less than 16 bytes: no room for a reset vector",
                         path);
    }
    *n_bytes = ((uint32_t)file.n_bytes + ROM_UNIT_BYTES - 1) & ~(uint32_t)(ROM_UNIT_BYTES - 1);
    *bytes = malloc(*n_bytes);
    if (!*bytes) {
        load_file_free(&file);
        return load_fail(error, ENOMEM, "no memory for the firmware %s", path);
    }
    memset(*bytes, 0xff, *n_bytes - file.n_bytes);
    result = load_file_get(&file, 0, *bytes + (*n_bytes - file.n_bytes), file.n_bytes, error);
    load_file_free(&file);
    if (result < 0) {
        free(*bytes);
        *bytes = NULL;
    }
    return result;
}
