/* bus.c - port and MMIO accesses find their chip. Light: a guest's IN or OUT comes here straight
 * from emitted code.
 *
 * Place in the flow: emul (IN, OUT) or the monitor (checked accesses) -> bus -> one chip.
 * Owns the counters of unknown ports. Must not know what any chip does.
 */
#include "bus/bus_internal.h"

static uint32_t all_ones(unsigned size_bytes)
{
    return size_bytes >= 4 ? 0xffffffffu : (1u << (8 * size_bytes)) - 1;
}

/* ---- unknown ports: all ones, and counted ---- */

static struct bus_unknown *unknown_slot(struct bus *bus, uint32_t port)
{
    uint32_t at = port * 0x9e3779b1u >> 24;
    for (unsigned i = 0; i < BUS_UNKNOWN_SLOTS; i++) {
        struct bus_unknown *slot = &bus->unknown[(at + i) % BUS_UNKNOWN_SLOTS];
        if (slot->port_plus_1 == port + 1) {
            return slot;
        }
        if (!slot->port_plus_1) {
            slot->port_plus_1 = port + 1;
            return slot;
        }
    }
    return &bus->unknown_rest; /* a guest that walks all ports costs no memory */
}

/* ---- one access to one range ---- */

static uint32_t range_read(const struct bus_range *range, uint32_t rel, unsigned size_bytes)
{
    if (!range->ops->read) {
        return all_ones(size_bytes);
    }
    return range->ops->read(range->chip, rel, size_bytes) & all_ones(size_bytes);
}

static void range_write(const struct bus_range *range, uint32_t rel, unsigned size_bytes,
                        uint32_t value)
{
    if (range->ops->write) {
        range->ops->write(range->chip, rel, size_bytes, value & all_ones(size_bytes));
    }
}

/* ---- ports ---- */

/* The one range that takes the whole access; NULL with *split: bytes go different ways; NULL
 * without: nothing answers anywhere. Port numbers wrap at 64 Ki like the 16 address lines do. */
static const struct bus_range *port_range(const struct bus *bus, uint32_t port, unsigned size_bytes,
                                          bool *split)
{
    unsigned index = bus->port_range[port & 0xffff];
    *split = false;
    for (unsigned i = 1; i < size_bytes; i++) {
        if (bus->port_range[(port + i) & 0xffff] != index) {
            *split = true;
            return NULL;
        }
    }
    if (!index) {
        return NULL;
    }
    const struct bus_range *range = &bus->range[index];
    if (size_bytes > 1 && ((range->flags & BUS_BYTES) || port + size_bytes > BUS_N_PORTS)) {
        *split = true;
        return NULL;
    }
    return range;
}

uint32_t bus_port_read(struct bus *bus, uint32_t port, unsigned size_bytes)
{
    bool split;
    port &= 0xffff;
    const struct bus_range *range = port_range(bus, port, size_bytes, &split);
    if (range) {
        return range_read(range, port - range->base, size_bytes);
    }
    if (!split) {
        unknown_slot(bus, port)->n_reads++;
        return all_ones(size_bytes);
    }
    uint32_t value = 0;
    for (unsigned i = 0; i < size_bytes; i++) {
        value |= bus_port_read(bus, port + i, 1) << (8 * i);
    }
    return value;
}

void bus_port_write(struct bus *bus, uint32_t port, unsigned size_bytes, uint32_t value)
{
    bool split;
    port &= 0xffff;
    const struct bus_range *range = port_range(bus, port, size_bytes, &split);
    if (range) {
        range_write(range, port - range->base, size_bytes, value);
        return;
    }
    if (!split) {
        unknown_slot(bus, port)->n_writes++;
        return;
    }
    for (unsigned i = 0; i < size_bytes; i++) {
        bus_port_write(bus, port + i, 1, value >> (8 * i) & 0xff);
    }
}

/* All bytes of the access lead to light chips, or to nothing. */
static bool is_light(const struct bus *bus, uint32_t port, unsigned size_bytes, unsigned flags)
{
    for (unsigned i = 0; i < size_bytes; i++) {
        unsigned index = bus->port_range[(port + i) & 0xffff];
        if (index && !(bus->range[index].flags & flags)) {
            return false;
        }
    }
    return true;
}

bool bus_port_read_light(void *bus_arg, uint16_t port, unsigned size_bytes, uint32_t *value)
{
    struct bus *bus = bus_arg;
    if (!is_light(bus, port, size_bytes, BUS_LIGHT | BUS_LIGHT_READ)) {
        return false;
    }
    *value = bus_port_read(bus, port, size_bytes);
    return true;
}

bool bus_port_write_light(void *bus_arg, uint16_t port, unsigned size_bytes, uint32_t value)
{
    struct bus *bus = bus_arg;
    if (!is_light(bus, port, size_bytes, BUS_LIGHT)) {
        return false;
    }
    bus_port_write(bus, port, size_bytes, value);
    return true;
}

/* ---- MMIO ---- */

static const struct bus_range *mmio_range(const struct bus *bus, uint32_t phys, unsigned size_bytes)
{
    for (unsigned i = 0; i < bus->n_mmio; i++) {
        const struct bus_range *range = &bus->mmio[i];
        uint32_t rel = phys - range->base;
        if (rel < range->n && size_bytes <= range->n - rel) {
            return size_bytes > 1 && (range->flags & BUS_BYTES) ? NULL : range;
        }
    }
    return NULL;
}

static const struct bus_range *mmio_range_of_byte(const struct bus *bus, uint32_t phys)
{
    return mmio_range(bus, phys, 1);
}

uint32_t bus_mmio_read(struct bus *bus, uint32_t phys, unsigned size_bytes)
{
    const struct bus_range *range = mmio_range(bus, phys, size_bytes);
    if (range) {
        return range_read(range, phys - range->base, size_bytes);
    }
    uint32_t value = 0;
    for (unsigned i = 0; i < size_bytes; i++) {
        range = mmio_range_of_byte(bus, phys + i);
        uint32_t byte = range ? range_read(range, phys + i - range->base, 1) : 0xff;
        value |= byte << (8 * i);
    }
    return value;
}

void bus_mmio_write(struct bus *bus, uint32_t phys, unsigned size_bytes, uint32_t value)
{
    const struct bus_range *range = mmio_range(bus, phys, size_bytes);
    if (range) {
        range_write(range, phys - range->base, size_bytes, value);
        return;
    }
    for (unsigned i = 0; i < size_bytes; i++) {
        range = mmio_range_of_byte(bus, phys + i);
        if (range) {
            range_write(range, phys + i - range->base, 1, value >> (8 * i) & 0xff);
        }
    }
}
