/* debug_ports.h - ports that exist for people: QEMU's debug console and isa-debug-exit, the delay
 * port ED, and the coprocessor's F0-F1. Light.
 */
#ifndef DEV_DEBUG_PORTS_H
#define DEV_DEBUG_PORTS_H

#include "bus/bus.h"
#include "host/bytes.h"

struct debugcon {
    struct byte_sink sink;
};
extern const struct bus_ops debugcon_ops; /* reads E9, as programs that probe for it expect */

struct debug_exit {
    void (*exit)(void *arg, int status); /* status: value << 1 | 1 */
    void *arg;
};
extern const struct bus_ops debug_exit_ops;

/* The board's latch between the CPU's FERR# and interrupt 13; a write to F0 opens it. */
struct coprocessor {
    struct irq_line irq;
};
extern const struct bus_ops coprocessor_ops;
void coprocessor_report(struct coprocessor *coprocessor); /* FERR#: an unmasked x87 exception */

extern const struct bus_ops delay_port_ops; /* writes vanish, reads ones, not counted as unknown */

#endif
