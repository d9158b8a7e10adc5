/* bus.h - the contract between chips and the machine: ports, MMIO, IRQ lines. A chip does not know
 * where it lives; board/ says. Everything runs on the vCPU thread; chips need no locks.
 */
#ifndef BUS_BUS_H
#define BUS_BUS_H

#include "base/base.h"

enum bus_flags {
    BUS_LIGHT = 1, /* handlers use general registers only and call no libc: may run with the guest's
                      FPU state live, straight from emitted code */
    BUS_BYTES = 2, /* an 8-bit chip: the bus splits wider accesses into bytes, lowest address first,
                      as the ISA bridge does */
    BUS_LIGHT_READ = 4, /* only reads are light. For chips whose writes may stop the machine (reset,
                           power-off, A20): the full monitor sees board_get_request() at once, and
                           no guest instruction runs after the one that asked */
    BUS_OVER = 8, /* takes ports that others have */
};

struct bus_ops {
    /* port is relative to the range's base; size_bytes 1, 2, 4. NULL: reads ones, writes vanish. */
    uint32_t (*read)(void *chip, uint32_t port, unsigned size_bytes);
    void (*write)(void *chip, uint32_t port, unsigned size_bytes, uint32_t value);
};

struct bus; /* ports and MMIO of one machine */
struct bus *bus_create(void);
void bus_destroy(struct bus *bus);
/* 0, or -EBUSY if a port in [base, base + n) is taken (BUS_OVER: takes it). name: for reports and the device matrix. */
int bus_add_ports(struct bus *bus, const char *name, uint32_t base, uint32_t n,
                  const struct bus_ops *ops, void *chip, unsigned flags);
int bus_add_mmio(struct bus *bus, const char *name, uint32_t phys, uint32_t n_bytes,
                 const struct bus_ops *ops, void *chip, unsigned flags);
/* Full accesses. A multi-byte access that no single range takes is split into bytes. Unknown ports
 * read all ones and are counted. */
uint32_t bus_port_read(struct bus *bus, uint32_t port, unsigned size_bytes);
void bus_port_write(struct bus *bus, uint32_t port, unsigned size_bytes, uint32_t value);
uint32_t bus_mmio_read(struct bus *bus, uint32_t phys, unsigned size_bytes);
void bus_mmio_write(struct bus *bus, uint32_t phys, unsigned size_bytes, uint32_t value);
/* Light accesses: false if the range is not BUS_LIGHT (nothing done). Signatures fit emul_ports. */
bool bus_port_read_light(void *bus, uint16_t port, unsigned size_bytes, uint32_t *value);
bool bus_port_write_light(void *bus, uint16_t port, unsigned size_bytes, uint32_t value);
/* Calls fn for each unknown port touched: number of reads and writes. */
void bus_each_unknown(const struct bus *bus,
                      void (*fn)(void *arg, uint32_t port, uint64_t n_reads, uint64_t n_writes),
                      void *arg);

/* One interrupt line out of a chip. set() may be called at any level at any time. */
struct irq_line {
    void (*set)(void *arg, unsigned number, bool level);
    void *arg;
    unsigned number;
};
static inline void irq_set(const struct irq_line *line, bool level)
{
    if (line->set) {
        line->set(line->arg, line->number, level);
    }
}

#endif
