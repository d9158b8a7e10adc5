/* mem.h - guest physical memory: RAM (one memfd), ROM, holes. Owns guest RAM; maps nothing into
 * windows (that is view/'s).
 *
 * The memfd's offset equals the physical address for all of [0, ram_bytes), the legacy hole
 * A0000-FFFFF included: its pages exist, what they are is said by the page's type.
 * ROM above RAM (firmware below 4 GiB) lives in the memfd too, after RAM.
 */
#ifndef MEM_MEM_H
#define MEM_MEM_H

#include "base/base.h"

enum { PAGE_BYTES = 4096, PAGE_SHIFT = 12 };

enum mem_type {
    MEM_NONE, /* nothing answers: reads all ones, writes vanish */
    MEM_RAM,
    MEM_ROM,  /* reads the memfd, writes vanish */
    MEM_MMIO, /* a device answers, through mem->mmio_* */
};

struct mem {
    int fd;             /* memfd, or -1 */
    uint64_t ram_bytes; /* size of RAM in bytes, multiple of 4096, at most 3 GiB */
    uint64_t fd_bytes;  /* size of the memfd */
    uint8_t *host;      /* the monitor's own read-write mapping of the whole memfd */
    uint8_t *page_type; /* enum mem_type per physical page of [0, 4 GiB): 1 MiB array */
    uint32_t *page_fd; /* memfd page number per physical page (RAM: same number), for RAM and ROM */
    /* MMIO: set by board; size_bytes 1, 2, 4 */
    uint32_t (*mmio_read)(void *arg, uint32_t phys, unsigned size_bytes);
    void (*mmio_write)(void *arg, uint32_t phys, unsigned size_bytes, uint32_t value);
    void *mmio_arg;
    /* view/ hears of every store to RAM that did not come through a window (DMA, loaders, INV-1) */
    void (*on_store)(void *arg, uint32_t phys, uint32_t n_bytes);
    void *on_store_arg;
};

/* 0, or -errno (memfd_create or mmap refused). ram_bytes: multiple of 4096, 1 MiB .. 3 GiB. */
int mem_create(struct mem *mem, uint64_t ram_bytes);
void mem_destroy(struct mem *mem);
/* Marks [phys, phys + n_bytes) as type; both multiples of 4096. */
void mem_set_type(struct mem *mem, uint32_t phys, uint64_t n_bytes, enum mem_type type);
/* Adds a ROM image at phys (any page in 4 GiB that is not RAM, or inside A0000-FFFFF). n_bytes is
 * rounded up to a page, the rest filled with FF. 0 or -errno. */
int mem_add_rom(struct mem *mem, uint32_t phys, const void *bytes, uint64_t n_bytes);
/* Shows at phys what mem_add_rom() put at rom_phys; multiples of 4096. */
void mem_show_rom(struct mem *mem, uint32_t phys, uint32_t n_bytes, uint32_t rom_phys);
/* Host pointer to a RAM or ROM page's first byte (phys may be unaligned: pointer to that byte), or
 * NULL. Good to the end of that page only. */
uint8_t *mem_page_host(const struct mem *mem, uint32_t phys);
/* Copies for loaders, DMA and the debugger: any length, crosses pages, RAM and ROM (write: RAM
 * only; also ROM if force). Calls on_store. Returns bytes done (stops at the first page that
 * cannot). */
uint64_t mem_read(const struct mem *mem, uint32_t phys, void *out, uint64_t n_bytes);
uint64_t mem_write(struct mem *mem, uint32_t phys, const void *in, uint64_t n_bytes);

static inline enum mem_type mem_type_of(const struct mem *mem, uint32_t phys)
{
    return (enum mem_type)mem->page_type[phys >> PAGE_SHIFT];
}

#endif
