/* multiboot.h - load/'s own: one multiboot kernel on its way into memory, between multiboot.c (the
 * kernel) and multiboot_info.c (modules and the information structure).
 */
#ifndef LOAD_MULTIBOOT_H
#define LOAD_MULTIBOOT_H

#include "load/room.h"

enum { MULTIBOOT_MAX_MODULES = 32 };

struct multiboot {
    const char *path, *append;
    const struct load_file *kernel;
    struct place *place;
    uint32_t entry_eip;
    uint64_t kernel_end; /* end of the highest piece, at least 1 MiB: modules go behind it */
    unsigned n_modules;
    struct multiboot_module {
        uint32_t begin, end; /* physical */
        char *text;          /* "file args", malloc'ed */
    } modules[MULTIBOOT_MAX_MODULES];
};

/* list: "file args,file args", ",," for a comma in a name; NULL: none. 0, or -errno with *error. */
int multiboot_load_modules(struct multiboot *boot, const char *list, char **error);
/* Writes the information structure and all it points to into free conventional memory, and finds
 * room for a GDT with a page of stack below it. */
int multiboot_put_info(struct multiboot *boot, uint32_t *info_phys, uint32_t *gdt_phys,
                       char **error);
void multiboot_free(struct multiboot *boot);

#endif
