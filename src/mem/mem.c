/* mem.c - creation and copies of guest physical memory; the contract is in mem.h.
 *
 * Owns the memfd, the monitor's mapping of it and the two page arrays. Everything is sparse: a page
 * costs host memory when it is first touched. Must not map anything into windows (view/ does), and
 * knows no device: MMIO is a function pointer.
 */
#include "mem/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define N_PHYS_PAGES      (1u << (32 - PAGE_SHIFT))
#define PHYS_END          (1ull << 32)
#define LEGACY_HOLE_BEGIN 0xA0000u
#define LEGACY_HOLE_END   0x100000u

/* ROM lives behind RAM in the memfd. Its room is part of the mapping from the beginning, so that
 * mem->host never moves; the file itself grows with each ROM. 16 MiB is the largest flash window
 * PC chip sets of the time decode below 4 GiB. */
#define ROM_MAX_BYTES MIB(16)

/* MADV_COLLAPSE needs file offset and address congruent modulo 2 MiB. */
#define HOST_ALIGN_BYTES MIB(2)

static uint64_t mapping_bytes(const struct mem *mem)
{
    return mem->ram_bytes + ROM_MAX_BYTES;
}

/* An array that costs memory only where it is written. */
static void *map_array(uint64_t n_bytes)
{
    void *host = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return host == MAP_FAILED ? NULL : host;
}

static uint8_t *map_file_aligned(int fd, uint64_t n_bytes)
{
    uint64_t reserved_bytes = n_bytes + HOST_ALIGN_BYTES;
    uint8_t *reserved =
        mmap(NULL, reserved_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) {
        return NULL;
    }
    uint64_t head_bytes = -(uint64_t)(uintptr_t)reserved & (HOST_ALIGN_BYTES - 1);
    uint8_t *host = reserved + head_bytes;
    if (mmap(host, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED, fd,
             0) == MAP_FAILED) {
        int error = errno;
        munmap(reserved, reserved_bytes);
        errno = error;
        return NULL;
    }
    if (head_bytes) {
        munmap(reserved, head_bytes);
    }
    munmap(host + n_bytes, reserved_bytes - head_bytes - n_bytes);
    return host;
}

int mem_create(struct mem *mem, uint64_t ram_bytes)
{
    BUG_ON(ram_bytes % PAGE_BYTES || ram_bytes < MIB(1) || ram_bytes > GIB(3));
    *mem = (struct mem){.fd = -1, .ram_bytes = ram_bytes, .fd_bytes = ram_bytes};
    mem->fd = memfd_create("plex86-ram", MFD_CLOEXEC);
    if (mem->fd < 0 || ftruncate(mem->fd, (off_t)ram_bytes) < 0) {
        goto fail;
    }
    mem->host = map_file_aligned(mem->fd, mapping_bytes(mem));
    if (!mem->host) {
        goto fail;
    }
    mem->page_type = map_array(N_PHYS_PAGES);
    mem->page_fd = map_array(N_PHYS_PAGES * sizeof *mem->page_fd);
    if (!mem->page_type || !mem->page_fd) {
        goto fail;
    }
    mem_set_type(mem, 0, ram_bytes, MEM_RAM);
    return 0;
fail:;
    int error = errno;
    mem_destroy(mem);
    return -error;
}

void mem_destroy(struct mem *mem)
{
    if (mem->host) {
        munmap(mem->host, mapping_bytes(mem));
    }
    if (mem->page_type) {
        munmap(mem->page_type, N_PHYS_PAGES);
    }
    if (mem->page_fd) {
        munmap(mem->page_fd, N_PHYS_PAGES * sizeof *mem->page_fd);
    }
    if (mem->fd >= 0) {
        close(mem->fd);
    }
    *mem = (struct mem){.fd = -1};
}

/* RAM goes back to its own page of the memfd (a ROM may have stood there). ROM keeps what the page
 * shows now: RAM made read-only, or the image that mem_add_rom() put there. */
void mem_set_type(struct mem *mem, uint32_t phys, uint64_t n_bytes, enum mem_type type)
{
    BUG_ON(phys % PAGE_BYTES || n_bytes % PAGE_BYTES || phys + n_bytes > PHYS_END);
    BUG_ON(type == MEM_RAM && phys + n_bytes > mem->ram_bytes);
    uint32_t first = phys >> PAGE_SHIFT;
    uint32_t end = (uint32_t)((phys + n_bytes) >> PAGE_SHIFT);
    for (uint32_t page = first; page < end; page++) {
        BUG_ON(type == MEM_ROM && page >= mem->ram_bytes >> PAGE_SHIFT && !mem->page_fd[page]);
        if (type == MEM_RAM) {
            mem->page_fd[page] = page;
        }
        mem->page_type[page] = (uint8_t)type;
    }
}

static bool can_hold_rom(const struct mem *mem, uint64_t begin, uint64_t end)
{
    if (begin >= LEGACY_HOLE_BEGIN && end <= LEGACY_HOLE_END) {
        return true;
    }
    return begin >= mem->ram_bytes && end <= PHYS_END;
}

int mem_add_rom(struct mem *mem, uint32_t phys, const void *bytes, uint64_t n_bytes)
{
    if (phys % PAGE_BYTES || !n_bytes || n_bytes > ROM_MAX_BYTES) {
        return -EINVAL;
    }
    uint64_t rom_bytes = (n_bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    if (!can_hold_rom(mem, phys, phys + rom_bytes)) {
        return -EINVAL;
    }
    uint64_t rom_off = mem->fd_bytes;
    if (rom_off + rom_bytes > mapping_bytes(mem)) {
        return -ENOSPC;
    }
    if (ftruncate(mem->fd, (off_t)(rom_off + rom_bytes)) < 0) {
        return -errno;
    }
    mem->fd_bytes = rom_off + rom_bytes;
    memcpy(mem->host + rom_off, bytes, n_bytes);
    memset(mem->host + rom_off + n_bytes, 0xff, rom_bytes - n_bytes);
    for (uint64_t off = 0; off < rom_bytes; off += PAGE_BYTES) {
        mem->page_fd[(phys + off) >> PAGE_SHIFT] = (uint32_t)((rom_off + off) >> PAGE_SHIFT);
    }
    mem_set_type(mem, phys, rom_bytes, MEM_ROM);
    return 0;
}

void mem_show_rom(struct mem *mem, uint32_t phys, uint32_t n_bytes, uint32_t rom_phys)
{
    for (uint32_t off = 0; off < n_bytes; off += PAGE_BYTES) {
        BUG_ON(mem_type_of(mem, rom_phys + off) != MEM_ROM);
        mem->page_fd[(phys + off) >> PAGE_SHIFT] = mem->page_fd[(rom_phys + off) >> PAGE_SHIFT];
    }
    mem_set_type(mem, phys, n_bytes, MEM_ROM);
}

/* Bytes from phys to the end of its page, at most n_bytes. */
static uint64_t piece_bytes(uint64_t phys, uint64_t n_bytes)
{
    uint64_t to_end = PAGE_BYTES - phys % PAGE_BYTES;
    return n_bytes < to_end ? n_bytes : to_end;
}

uint64_t mem_read(const struct mem *mem, uint32_t phys, void *out, uint64_t n_bytes)
{
    uint64_t done = 0;
    while (done < n_bytes && phys + done < PHYS_END) {
        uint32_t at = (uint32_t)(phys + done);
        const uint8_t *host = mem_page_host(mem, at);
        if (!host) {
            break;
        }
        uint64_t piece = piece_bytes(at, n_bytes - done);
        memcpy((uint8_t *)out + done, host, piece);
        done += piece;
    }
    return done;
}

/* Whole new pages of RAM: to the file, not through the mapping. Half the cost of a page fault each.
 * Returns how many bytes that were; fewer than it could is no error. */
static uint64_t write_pages(struct mem *mem, uint32_t phys, const void *in, uint64_t n_bytes)
{
    enum { MIN_PAGES = 4 };
    uint64_t n_pages = 0;
    while (n_pages < n_bytes >> PAGE_SHIFT && phys + (n_pages << PAGE_SHIFT) < PHYS_END &&
           mem->page_type[(phys >> PAGE_SHIFT) + n_pages] == MEM_RAM) {
        n_pages++;
    }
    if (phys % PAGE_BYTES || n_pages < MIN_PAGES) {
        return 0;
    }
    ssize_t n = pwrite(mem->fd, in, n_pages << PAGE_SHIFT, (off_t)phys);
    return n > 0 ? (uint64_t)n : 0;
}

uint64_t mem_write(struct mem *mem, uint32_t phys, const void *in, uint64_t n_bytes)
{
    uint64_t done = n_bytes >= PAGE_BYTES ? write_pages(mem, phys, in, n_bytes) : 0;
    while (done < n_bytes && phys + done < PHYS_END) {
        uint32_t at = (uint32_t)(phys + done);
        if (mem_type_of(mem, at) != MEM_RAM) {
            break;
        }
        uint64_t piece = piece_bytes(at, n_bytes - done);
        memcpy(mem_page_host(mem, at), (const uint8_t *)in + done, piece);
        done += piece;
    }
    if (done && mem->on_store) { /* INV-1: one call for the whole run; done is at most 3 GiB */
        mem->on_store(mem->on_store_arg, phys, (uint32_t)done);
    }
    return done;
}
