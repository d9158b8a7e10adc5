/* load.c - the door of load/: which loader takes the file. As in QEMU: the Linux header is looked
 * for first, then the multiboot header.
 */
#include "load/room.h"

#include <errno.h>
#include <string.h>

/* A file that no loader takes: says what it is, if that helps. */
static int fail_unknown(const char *path, const struct load_file *file, char **error)
{
    static const uint8_t elf_magic[4] = {0x7f, 'E', 'L', 'F'};
    bool is_elf = load_file_has(file, 0, 20) && !memcmp(file->bytes, elf_magic, 4);
    if (is_elf && file->bytes[4] == 2) {
        return load_fail(
            error, ENOEXEC,
            "%s is a 64-bit ELF file; plex86 runs 32-bit systems: give a 32-bit kernel", path);
    }
    if (is_elf) {
        return load_fail(error, ENOEXEC,
                         "%s is an ELF file without a multiboot header; for Linux give the bzImage "
                         "(arch/x86/boot/bzImage), not vmlinux",
                         path);
    }
    if (load_file_has(file, 0, 2) && file->bytes[0] == 0x1f && file->bytes[1] == 0x8b) {
        return load_fail(error, ENOEXEC, "%s is compressed with gzip; unpack it first (gzip -d)",
                         path);
    }
    return load_fail(error, ENOEXEC,
                     "%s is not a kernel: neither a Linux bzImage nor a multiboot header was found",
                     path);
}

static int load_kernel(const struct load_request *request, struct place *place, struct cpu *cpu,
                       char **error)
{
    struct load_file kernel;
    int result = load_file_open(&kernel, "kernel", request->kernel, place_ram_bytes(place), error);
    if (result < 0) {
        return result;
    }
    if (linux_is_image(&kernel)) {
        result = linux_load(request, &kernel, place, cpu, error);
    } else if (multiboot_find_header(&kernel) >= 0) {
        result = multiboot_load(request, &kernel, place, cpu, error);
    } else {
        result = fail_unknown(request->kernel, &kernel, error);
    }
    load_file_free(&kernel);
    return result;
}

int load_guest(const struct load_request *request, struct mem *mem, const struct board_e820 *map,
               unsigned n_map, struct cpu *cpu, char **error)
{
    struct place place;
    *error = NULL;
    place_begin(&place, mem, map, n_map);
    if (request->kernel) {
        return load_kernel(request, &place, cpu, error);
    }
    if (request->program) {
        return flat_load(request, &place, cpu, error);
    }
    if (request->bios) {
        return 0;
    }
    return load_fail(error, EINVAL, "nothing to load: give -kernel FILE or -program FILE");
}
