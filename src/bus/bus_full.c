/* bus_full.c - creation of the bus and its reports; the accesses are in bus.c.
 *
 * Called by board/ at creation and by cli/ at the end (unknown ports). Owns the allocation.
 */
#include "bus/bus_internal.h"

#include <errno.h>
#include <stdlib.h>

struct bus *bus_create(void)
{
    struct bus *bus = calloc(1, sizeof *bus);
    if (!bus) {
        return NULL;
    }
    bus->port_range = calloc(BUS_N_PORTS, 1);
    if (!bus->port_range) {
        free(bus);
        return NULL;
    }
    bus->n_ranges = 1;
    return bus;
}

void bus_destroy(struct bus *bus)
{
    if (bus) {
        free(bus->port_range);
        free(bus);
    }
}

int bus_add_ports(struct bus *bus, const char *name, uint32_t base, uint32_t n,
                  const struct bus_ops *ops, void *chip, unsigned flags)
{
    if (!n || base >= BUS_N_PORTS || n > BUS_N_PORTS - base) {
        return -EINVAL;
    }
    if (bus->n_ranges == BUS_MAX_RANGES) {
        return -ENOSPC;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (bus->port_range[base + i] && !(flags & BUS_OVER)) {
            return -EBUSY;
        }
    }
    unsigned index = bus->n_ranges++;
    bus->range[index] = (struct bus_range){
        .name = name, .base = base, .n = n, .ops = ops, .chip = chip, .flags = flags};
    for (uint32_t i = 0; i < n; i++) {
        bus->port_range[base + i] = (uint8_t)index;
    }
    return 0;
}

int bus_add_mmio(struct bus *bus, const char *name, uint32_t phys, uint32_t n_bytes,
                 const struct bus_ops *ops, void *chip, unsigned flags)
{
    if (!n_bytes || n_bytes - 1 > UINT32_MAX - phys) {
        return -EINVAL;
    }
    if (bus->n_mmio == BUS_MAX_MMIO) {
        return -ENOSPC;
    }
    for (unsigned i = 0; i < bus->n_mmio; i++) {
        const struct bus_range *range = &bus->mmio[i];
        if (phys - range->base < range->n || range->base - phys < n_bytes) {
            return -EBUSY;
        }
    }
    bus->mmio[bus->n_mmio++] = (struct bus_range){
        .name = name, .base = phys, .n = n_bytes, .ops = ops, .chip = chip, .flags = flags};
    return 0;
}

void bus_each_unknown(const struct bus *bus,
                      void (*fn)(void *arg, uint32_t port, uint64_t n_reads, uint64_t n_writes),
                      void *arg)
{
    for (unsigned i = 0; i < BUS_UNKNOWN_SLOTS; i++) {
        const struct bus_unknown *slot = &bus->unknown[i];
        if (slot->port_plus_1) {
            fn(arg, slot->port_plus_1 - 1, slot->n_reads, slot->n_writes);
        }
    }
    const struct bus_unknown *rest = &bus->unknown_rest;
    if (rest->n_reads || rest->n_writes) {
        fn(arg, 0xffff, rest->n_reads, rest->n_writes);
    }
}
