/* local_apic.h - the part of a local APIC that a system with one CPU can talk to itself with:
 * registers, priorities, interrupts sent to itself. Light.
 *
 * Source: SDM vol. 3, "Advanced Programmable Interrupt Controller (APIC)".
 */
#ifndef DEV_LOCAL_APIC_H
#define DEV_LOCAL_APIC_H

#include "bus/bus.h"

enum { LOCAL_APIC_BYTES = 4096, LOCAL_APIC_VECTOR_WORDS = 8, LOCAL_APIC_N_LVT = 6 };

struct local_apic {
    uint32_t id, tpr, spurious, ldr, dfr, esr, icr_low, icr_high, initial_count, divide;
    uint32_t lvt[LOCAL_APIC_N_LVT];
    uint32_t irr[LOCAL_APIC_VECTOR_WORDS], isr[LOCAL_APIC_VECTOR_WORDS]; /* a bit per vector */
    bool pending; /* a vector in irr may be delivered now */
    struct irq_line intr, nmi;
};

/* nmi: raised once for each message, never lowered */
void local_apic_init(struct local_apic *apic, struct irq_line intr, struct irq_line nmi);
void local_apic_reset(struct local_apic *apic);
/* With pending: the vector to deliver, now in service. */
unsigned local_apic_acknowledge(struct local_apic *apic);
extern const struct bus_ops local_apic_ops; /* 4 KiB of MMIO */

#endif
