/* pc_testdev.h - QEMU's pc-testdev: ports and memory that test kernels poke at. Light.
 */
#ifndef DEV_PC_TESTDEV_H
#define DEV_PC_TESTDEV_H

#include "bus/bus.h"

enum {
    PC_TESTDEV_PORT = 0xe0,
    PC_TESTDEV_IRQ_PORT = 0x2000,
    PC_TESTDEV_N_IRQS = 24,
    PC_TESTDEV_MEM_BYTES = 0x10000,
};
#define PC_TESTDEV_PHYS 0xff000000u

struct pc_testdev {
    uint32_t latch;          /* E0-E3 and E8-EB: what was written comes back */
    struct irq_line irq[16]; /* port 2000 + n is the level of interrupt n */
    uint8_t mem[PC_TESTDEV_MEM_BYTES];
};

extern const struct bus_ops pc_testdev_latch_ops; /* 4 ports, twice */
extern const struct bus_ops pc_testdev_flush_ops; /* 4 ports: nothing to flush */
extern const struct bus_ops pc_testdev_irq_ops;
extern const struct bus_ops pc_testdev_mem_ops;

#endif
