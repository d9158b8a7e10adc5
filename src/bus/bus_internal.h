/* bus_internal.h - struct bus, shared by bus.c (accesses, light) and bus_full.c (creation).
 * Nobody else includes it.
 */
#ifndef BUS_BUS_INTERNAL_H
#define BUS_BUS_INTERNAL_H

#include "bus/bus.h"

enum {
    BUS_MAX_RANGES = 128, /* index 0 means "nothing answers"; fits a byte */
    BUS_MAX_MMIO = 32,
    BUS_UNKNOWN_SLOTS = 256, /* distinct unknown ports that are counted one by one */
    BUS_N_PORTS = 65536,
};

struct bus_range {
    const char *name;
    uint32_t base, n;
    const struct bus_ops *ops;
    void *chip;
    unsigned flags; /* enum bus_flags */
};

struct bus_unknown {
    uint32_t port_plus_1; /* 0: free slot */
    uint64_t n_reads, n_writes;
};

struct bus {
    uint8_t *port_range; /* range index per port; pages of it exist only where a port was added */
    struct bus_range range[BUS_MAX_RANGES];
    unsigned n_ranges; /* range[0] is never used */
    struct bus_range mmio[BUS_MAX_MMIO];
    unsigned n_mmio;
    struct bus_unknown unknown[BUS_UNKNOWN_SLOTS]; /* open addressing */
    struct bus_unknown unknown_rest;               /* what found no slot; reported as port ffff */
};

#endif
