/* room.h - load/'s own: what all loaders share. Files, free places in guest RAM, the entry state,
 * error lines.
 *
 * Everything that comes from a file is hostile: offsets and sizes are 64-bit here and checked
 * against the file and the RAM before use.
 */
#ifndef LOAD_ROOM_H
#define LOAD_ROOM_H

#include "load/load.h"

/* ---- error.c ---- */

/* Sets *error to one malloc'ed line and returns -number, number an errno value. */
__attribute__((format(printf, 3, 4))) int load_fail(char **error, int number, const char *format,
                                                    ...);

/* ---- file.c: files, as far as they are held in memory ---- */

struct load_file {
    uint8_t *bytes;  /* the first n_held; all, or 128 KiB at least */
    uint64_t n_held; /* at most n_bytes */
    uint64_t n_bytes;
    int fd;
    const char *what, *path; /* for messages */
};
/* 0, or -errno with *error. Files of more than max_bytes are refused. what: "kernel", "initrd". */
int load_file_open(struct load_file *file, const char *what, const char *path, uint64_t max_bytes,
                   char **error);
void load_file_free(struct load_file *file);
/* Bytes of the file, which must have them, to memory or to a claimed range of guest RAM: 0, or
 * -errno with *error. */
int load_file_get(const struct load_file *file, uint64_t off, void *out, uint64_t n_bytes,
                  char **error);
struct place;
int load_file_copy(const struct load_file *file, uint64_t off, uint64_t n_bytes,
                   struct place *place, uint64_t phys, char **error);
/* True if [off, off + n_bytes) lies in the file. */
bool load_file_has(const struct load_file *file, uint64_t off, uint64_t n_bytes);
/* Little-endian fields; BUG outside the file: the caller has asked load_file_has(). */
uint16_t load_file_u16(const struct load_file *file, uint64_t off);
uint32_t load_file_u32(const struct load_file *file, uint64_t off);
uint64_t load_file_u64(const struct load_file *file, uint64_t off);

/* ---- place.c: where things go in guest RAM ---- */

enum { PLACE_MAX_USED = 128, E820_RAM = 1 };

struct place {
    struct mem *mem;
    const struct board_e820 *map;
    unsigned n_map;
    unsigned n_used;
    struct place_range {
        uint64_t begin, end;
    } used[PLACE_MAX_USED]; /* what has been claimed, in no order */
};
void place_begin(struct place *place, struct mem *mem, const struct board_e820 *map,
                 unsigned n_map);
/* True if all of [phys, phys + n_bytes) is RAM that the memory map gives away. n_bytes 0: false. */
bool place_is_ram(const struct place *place, uint64_t phys, uint64_t n_bytes);
/* Takes the range: 0, -EFAULT (not all RAM), -EEXIST (overlaps what is taken), -ENOSPC (too many).
 */
int place_claim(struct place *place, uint64_t phys, uint64_t n_bytes);
/* Finds and claims n_bytes (page-aligned) in [low, high): as high or as low as possible. 0 or
 * -ENOSPC. */
int place_find_high(struct place *place, uint64_t low, uint64_t high, uint64_t n_bytes,
                    uint32_t *phys);
int place_find_low(struct place *place, uint64_t low, uint64_t high, uint64_t n_bytes,
                   uint32_t *phys);
/* Stores into a claimed range. */
void place_write(struct place *place, uint64_t phys, const void *bytes, uint64_t n_bytes);
void place_zero(struct place *place, uint64_t phys, uint64_t n_bytes);
uint64_t place_ram_bytes(const struct place *place); /* sum of the map's RAM */

/* ---- entry.c: the CPU's state at the first instruction ---- */

enum { ENTRY_GDT_BYTES = 32 };

struct entry {
    uint32_t gdt_phys;   /* ENTRY_GDT_BYTES, claimed by the caller; the GDT is written there */
    uint16_t code, data; /* selectors; RPL = the ring of the code; GDT index 1..3 */
    uint32_t eip, esp;
};
/* Protected mode, paging off, flat 4 GiB segments, interrupts off, other registers 0, A20 open. */
void entry_set(struct cpu *cpu, struct place *place, const struct entry *entry);

/* ---- the loaders: 0, or -errno with *error. path is for messages. ---- */

bool linux_is_image(const struct load_file *file);
int linux_load(const struct load_request *request, const struct load_file *kernel,
               struct place *place, struct cpu *cpu, char **error);
/* Offset of the multiboot 1 header in the file, or -1. */
int64_t multiboot_find_header(const struct load_file *file);
int multiboot_load(const struct load_request *request, const struct load_file *kernel,
                   struct place *place, struct cpu *cpu, char **error);
int flat_load(const struct load_request *request, struct place *place, struct cpu *cpu,
              char **error);

#endif
