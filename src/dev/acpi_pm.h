/* acpi_pm.h - ACPI fixed hardware: PM1a event and control blocks, PM timer.
 *
 * Source: ACPI specification 2.0, chapter 4.7. Light.
 */
#ifndef DEV_ACPI_PM_H
#define DEV_ACPI_PM_H

#include "bus/bus.h"
#include "bus/clock.h"

enum { /* offsets from the base port, for the FADT */
       ACPI_PM1_EVENT = 0,
       ACPI_PM1_EVENT_BYTES = 4,
       ACPI_PM1_CONTROL = 4,
       ACPI_PM1_CONTROL_BYTES = 2,
       ACPI_PM_TIMER = 8,
       ACPI_PM_TIMER_BYTES = 4,
       ACPI_PM_PORTS = 12,
};
enum { ACPI_SLP_TYP_S5 = 5 };

struct acpi_pm {
    uint16_t status, enable, control;
    uint32_t seen_half; /* of the 24-bit timer: TMR_STS is set when bit 23 changes */
    struct clock *clock;
    struct irq_line sci, power_off; /* power_off is pulsed */
    struct timer timer;
};

void acpi_pm_init(struct acpi_pm *pm, struct clock *clock, struct irq_line sci,
                  struct irq_line power_off);
void acpi_pm_reset(struct acpi_pm *pm);
extern const struct bus_ops acpi_pm_ops;

#endif
