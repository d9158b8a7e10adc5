/* multiboot_info.c - modules, and the structure in which a multiboot kernel finds them, its command
 * line and the memory map (Multiboot Specification, "Boot information format").
 *
 * All of it is built in one host buffer whose guest address is known first, so that pointers in it
 * are plain sums.
 */
#include "load/multiboot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    INFO_FLAGS = 0,
    INFO_MEM_LOWER = 4,
    INFO_MEM_UPPER = 8,
    INFO_CMDLINE = 16,
    INFO_MODS_COUNT = 20,
    INFO_MODS_ADDR = 24,
    INFO_MMAP_LENGTH = 44,
    INFO_MMAP_ADDR = 48,
    INFO_LOADER_NAME = 64,
    INFO_BYTES = 120,
    HAS_MEMORY = 1,
    HAS_CMDLINE = 4,
    HAS_MODULES = 8,
    HAS_MMAP = 0x40,
    HAS_LOADER_NAME = 0x200,
    MODULE_BYTES = 16,
    MMAP_BYTES = 24, /* 4 of size, which does not count itself, and 20 */
    STACK_BYTES = 4096,
};
#define INFO_LOW  0x8000ull  /* above the BIOS data area and where boot sectors live */
#define INFO_HIGH 0x9a000ull /* below any EBDA */
static const char loader_name[] = "plex86";

/* Next piece of a list that is cut at single commas; ",," is a comma. malloc'ed, NULL at the end.
 */
static char *next_module(const char **list)
{
    if (!*list || !**list) {
        return NULL;
    }
    char *text = malloc(strlen(*list) + 1);
    if (!text) {
        return NULL;
    }
    char *out = text;
    const char *in = *list;
    for (; *in; in++) {
        if (in[0] == ',' && in[1] == ',') {
            in++;
        } else if (in[0] == ',') {
            break;
        }
        *out++ = *in;
    }
    *out = 0;
    *list = *in ? in + 1 : in;
    return text;
}

static int load_module(struct multiboot *boot, struct multiboot_module *module, char **error)
{
    char *path = strdup(module->text);
    if (!path) {
        return load_fail(error, ENOMEM, "no memory for the list of modules");
    }
    path[strcspn(path, " ")] = 0; /* arguments follow the name */
    struct load_file file;
    int result = load_file_open(&file, "module", path, place_ram_bytes(boot->place), error);
    if (result < 0) {
        free(path);
        return result;
    }
    uint64_t n_bytes = file.n_bytes ? file.n_bytes : 1; /* an empty module has a place, too */
    if (place_find_low(boot->place, boot->kernel_end, GIB(4), n_bytes, &module->begin) < 0) {
        result = load_fail(
            error, ENOSPC,
            "the module %s (%llu KiB) does not fit behind the kernel; give more memory with -m",
            path, (unsigned long long)(file.n_bytes >> 10));
    } else {
        module->end = module->begin + (uint32_t)file.n_bytes;
        result = load_file_copy(&file, 0, file.n_bytes, boot->place, module->begin, error);
    }
    load_file_free(&file);
    free(path);
    return result;
}

int multiboot_load_modules(struct multiboot *boot, const char *list, char **error)
{
    char *text;
    while ((text = next_module(&list))) {
        if (boot->n_modules == MULTIBOOT_MAX_MODULES) {
            free(text);
            return load_fail(error, E2BIG, "-initrd names more than %d multiboot modules",
                             MULTIBOOT_MAX_MODULES);
        }
        struct multiboot_module *module = &boot->modules[boot->n_modules++];
        module->text = text;
        int result = load_module(boot, module, error);
        if (result < 0) {
            return result;
        }
    }
    return 0;
}

void multiboot_free(struct multiboot *boot)
{
    for (unsigned i = 0; i < boot->n_modules; i++) {
        free(boot->modules[i].text);
    }
    boot->n_modules = 0;
}

/* The buffer under construction. */
struct block {
    uint8_t *bytes;
    uint64_t n_bytes, max_bytes;
    uint32_t phys; /* of bytes[0] */
};

static void put_u32(struct block *block, uint64_t off, uint32_t value)
{
    BUG_ON(off + 4 > block->max_bytes);
    memcpy(block->bytes + off, &value, 4);
}
static void put_u64(struct block *block, uint64_t off, uint64_t value)
{
    BUG_ON(off + 8 > block->max_bytes);
    memcpy(block->bytes + off, &value, 8);
}
/* Takes n zeroed bytes at a multiple of 4: offset. */
static uint64_t take(struct block *block, uint64_t n_bytes)
{
    uint64_t off = (block->n_bytes + 3) & ~3ull;
    BUG_ON(off + n_bytes > block->max_bytes);
    block->n_bytes = off + n_bytes;
    return off;
}
/* Guest address of a copy of the string. */
static uint32_t take_string(struct block *block, const char *string)
{
    uint64_t off = take(block, strlen(string) + 1);
    strcpy((char *)block->bytes + off, string);
    return block->phys + (uint32_t)off;
}

/* Upper bound of what take() will hand out. */
static uint64_t measure(const struct multiboot *boot)
{
    uint64_t n_bytes = INFO_BYTES + strlen(boot->path) + 1 + strlen(boot->append) + 1 +
                       sizeof loader_name + (uint64_t)boot->place->n_map * MMAP_BYTES;
    for (unsigned i = 0; i < boot->n_modules; i++) {
        n_bytes += MODULE_BYTES + strlen(boot->modules[i].text) + 1;
    }
    return n_bytes + 4 * (8 + (uint64_t)boot->n_modules); /* rounding of each piece */
}

static void put_memory(struct block *block, const struct place *place)
{
    uint64_t off = take(block, (uint64_t)place->n_map * MMAP_BYTES);
    uint64_t lower_bytes = 0, upper_bytes = 0;
    put_u32(block, INFO_MMAP_ADDR, block->phys + (uint32_t)off);
    put_u32(block, INFO_MMAP_LENGTH, place->n_map * MMAP_BYTES);
    for (unsigned i = 0; i < place->n_map; i++, off += MMAP_BYTES) {
        const struct board_e820 *range = &place->map[i];
        put_u32(block, off, MMAP_BYTES - 4);
        put_u64(block, off + 4, range->base);
        put_u64(block, off + 12, range->n_bytes);
        put_u32(block, off + 20, range->type);
        if (range->type == E820_RAM && range->base == 0) {
            lower_bytes = range->n_bytes;
        } else if (range->type == E820_RAM && range->base == MIB(1)) {
            upper_bytes = range->n_bytes;
        }
    }
    put_u32(block, INFO_MEM_LOWER,
            (uint32_t)((lower_bytes < KIB(640) ? lower_bytes : KIB(640)) >> 10));
    put_u32(block, INFO_MEM_UPPER, (uint32_t)(upper_bytes >> 10));
}

static void put_modules(struct block *block, const struct multiboot *boot)
{
    uint64_t off = take(block, (uint64_t)boot->n_modules * MODULE_BYTES);
    put_u32(block, INFO_MODS_COUNT, boot->n_modules);
    put_u32(block, INFO_MODS_ADDR, block->phys + (uint32_t)off);
    for (unsigned i = 0; i < boot->n_modules; i++, off += MODULE_BYTES) {
        const struct multiboot_module *module = &boot->modules[i];
        put_u32(block, off, module->begin);
        put_u32(block, off + 4, module->end);
        put_u32(block, off + 8, take_string(block, module->text));
    }
}

/* The command line begins with the kernel's name, as GRUB and QEMU have it. */
static void put_cmdline(struct block *block, const struct multiboot *boot)
{
    uint64_t n_bytes = strlen(boot->path) + strlen(boot->append) + 2;
    uint64_t off = take(block, n_bytes);
    snprintf((char *)block->bytes + off, n_bytes, "%s%s%s", boot->path, *boot->append ? " " : "",
             boot->append);
    put_u32(block, INFO_CMDLINE, block->phys + (uint32_t)off);
}

int multiboot_put_info(struct multiboot *boot, uint32_t *info_phys, uint32_t *gdt_phys,
                       char **error)
{
    struct block block = {.max_bytes = measure(boot)};
    uint32_t stack_phys;
    if (place_find_low(boot->place, INFO_LOW, INFO_HIGH, block.max_bytes, &block.phys) < 0 ||
        place_find_low(boot->place, INFO_LOW, INFO_HIGH, STACK_BYTES + ENTRY_GDT_BYTES,
                       &stack_phys) < 0) {
        return load_fail(
            error, ENOSPC,
            "the kernel %s leaves no conventional memory for the boot information (%llu bytes)",
            boot->path, (unsigned long long)block.max_bytes);
    }
    block.bytes = calloc(1, block.max_bytes);
    if (!block.bytes) {
        return load_fail(error, ENOMEM, "no memory for the boot information");
    }
    BUG_ON(take(&block, INFO_BYTES) != 0);
    put_u32(&block, INFO_FLAGS,
            HAS_MEMORY | HAS_CMDLINE | HAS_MODULES | HAS_MMAP | HAS_LOADER_NAME);
    put_memory(&block, boot->place);
    put_cmdline(&block, boot);
    put_modules(&block, boot);
    put_u32(&block, INFO_LOADER_NAME, take_string(&block, loader_name));
    place_write(boot->place, block.phys, block.bytes, block.max_bytes);
    free(block.bytes);
    *info_phys = block.phys;
    *gdt_phys = stack_phys + STACK_BYTES;
    return 0;
}
