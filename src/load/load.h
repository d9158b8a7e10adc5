/* load.h - puts software into guest memory and says where the CPU begins. */
#ifndef LOAD_LOAD_H
#define LOAD_LOAD_H

#include "board/board.h"
#include "cpu/cpu.h"
#include "mem/mem.h"

struct load_request {
    const char *bios;    /* -bios: raw ROM image, read by load_firmware() */
    const char *kernel;  /* -kernel: bzImage or multiboot (ELF32 or a.out-kludge flat) */
    const char *initrd;  /* -initrd: file, or for multiboot "file args,file args" modules */
    const char *append;  /* -append */
    const char *program; /* -program FILE: flat binary */
    uint32_t program_phys;
};
/* Reads the ROM image: *bytes (malloc'ed) ends with it, has FF before it, and is a multiple of
 * 64 KiB. 0, or -errno with *error as below. */
int load_firmware(const char *path, uint8_t **bytes, uint32_t *n_bytes, char **error);
/* Loads and sets cpu (after cpu_reset) to the entry state the protocol asks for. 0, or -errno with
 * *error = one malloc'ed line: what was tried, what to do. With -bios alone the CPU stays as it
 * is after reset. */
int load_guest(const struct load_request *request, struct mem *mem, const struct board_e820 *map,
               unsigned n_map, struct cpu *cpu, char **error);

#endif
