/* memory.c - the guest's memory as gdb reads and writes it, by linear or physical address.
 *
 * Must not disturb: the guest's page tables are walked without setting A and D bits, rights are not
 * asked for, and device registers, whose reading may change them, are read only on request. Stores
 * go through mem_write(), which tells the scanner (INV-1).
 */
#include "gdb/gdb_internal.h"
#include "monitor/inspect.h"
#include "view/view.h"

static uint32_t left_in_page(uint32_t at, uint32_t n_bytes)
{
    uint32_t left = PAGE_BYTES - (at & (PAGE_BYTES - 1));
    return left < n_bytes ? left : n_bytes;
}

static bool find_phys(const struct gdb *gdb, uint32_t at, uint32_t *phys)
{
    struct walk walk;
    *phys = at;
    if (gdb->phys_mode) {
        return true;
    }
    if (view_walk(machine_cpu(gdb->machine), at, VIEW_READ, false, true, &walk, NULL) < 0) {
        return false;
    }
    *phys = walk.phys;
    return true;
}

static bool read_device(const struct gdb *gdb, uint32_t phys, uint8_t *bytes, uint32_t n_bytes)
{
    const struct mem *mem = machine_mem(gdb->machine);
    if (!gdb->reads_devices || mem_type_of(mem, phys) != MEM_MMIO || !mem->mmio_read) {
        return false;
    }
    unsigned size = !((phys | n_bytes) & 3) ? 4 : 1; /* most registers are words */
    for (uint32_t i = 0; i < n_bytes; i += size) {
        uint32_t value = mem->mmio_read(mem->mmio_arg, phys + i, size);
        for (unsigned k = 0; k < size; k++) {
            bytes[i + k] = (uint8_t)(value >> (8 * k));
        }
    }
    return true;
}

uint32_t memory_read(struct gdb *gdb, uint32_t at, uint8_t *bytes, uint32_t n_bytes)
{
    uint32_t done = 0;
    while (done < n_bytes && at + done >= at) {
        uint32_t phys, piece = left_in_page(at + done, n_bytes - done);
        if (!find_phys(gdb, at + done, &phys) ||
            (mem_read(machine_mem(gdb->machine), phys, bytes + done, piece) != piece &&
             !read_device(gdb, phys, bytes + done, piece))) {
            break;
        }
        done += piece;
    }
    return done;
}

uint32_t memory_write(struct gdb *gdb, uint32_t at, const uint8_t *bytes, uint32_t n_bytes)
{
    uint32_t done = 0;
    while (done < n_bytes && at + done >= at) {
        uint32_t phys, piece = left_in_page(at + done, n_bytes - done);
        if (!find_phys(gdb, at + done, &phys) ||
            mem_write(machine_mem(gdb->machine), phys, bytes + done, piece) != piece) {
            break;
        }
        done += piece;
    }
    return done;
}
