/* sysctl.h - the system control ports of the PC: 61 (speaker, counter 2), 92 (fast A20 and reset),
 * CF9 lives with PCI. Source: IBM PS/2 and 82371AB datasheets. Light.
 */
#ifndef DEV_SYSCTL_H
#define DEV_SYSCTL_H

#include "bus/bus.h"
#include "dev/i8254.h"

struct sysctl {
    uint8_t port61, port92;
    struct i8254 *pit; /* counter 2: gate out, OUT in */
    struct clock *clock;
    struct irq_line a20, reset; /* reset is pulsed */
};

void sysctl_init(struct sysctl *sysctl, struct i8254 *pit, struct clock *clock, struct irq_line a20,
                 struct irq_line reset);
void sysctl_reset(struct sysctl *sysctl);
extern const struct bus_ops sysctl_61_ops, sysctl_92_ops;

#endif
