/* parallel.h - a parallel port with a printer that takes every byte at once. Light.
 *
 * Source: IBM PC AT Technical Reference, "Parallel Printer Adapter": data, status, control.
 */
#ifndef DEV_PARALLEL_H
#define DEV_PARALLEL_H

#include "bus/bus.h"
#include "host/bytes.h"

struct parallel {
    uint8_t data, control;
    struct byte_sink sink;
};
void parallel_reset(struct parallel *parallel);
extern const struct bus_ops parallel_ops;

#endif
