/* acpi_pm.c - ACPI fixed hardware.
 *
 * Place in the flow: ports that the FADT names; SCI; a wire to the board for S5. Light. Owns the
 * clock timer for the PM timer's overflow, armed only while the guest enables that event. The
 * machine is always in ACPI mode (SMI_CMD is 0 in the FADT, SCI_EN reads 1).
 *
 * DEVIATION: no power or sleep button and no sleep state but S5; the PM timer counts 3579546 Hz,
 * three times our 8254, instead of 3579545.
 */
#include "dev/acpi_pm.h"

#include "dev/i8254.h"

enum { TMR_STS = 1, GBL_STS = 0x20, WAK_STS = 0x8000 };
enum { TMR_EN = 1, ENABLE_BITS = 0x0721 };
enum { SCI_EN = 1, GBL_RLS = 4, SLP_EN = 0x2000, CONTROL_BITS = 0x1c02 };
enum { HALF_SHIFT = 23 };

/* 24 bits of it are promised (TMR_VAL_EXT is clear); the upper ones read 0. */
static uint64_t pm_ticks(struct acpi_pm *pm)
{
    uint64_t now_ns = clock_now_ns(pm->clock);
    const uint64_t per_ns = (uint64_t)(((unsigned __int128)(3 * I8254_HZ) << 64) / 1000000000u);
    return (uint64_t)((unsigned __int128)now_ns * per_ns >> 64);
}

static void update(struct acpi_pm *pm)
{
    uint32_t half = (uint32_t)(pm_ticks(pm) >> HALF_SHIFT);
    if (half != pm->seen_half) {
        pm->seen_half = half;
        pm->status |= TMR_STS;
    }
    irq_set(&pm->sci, pm->status & pm->enable);
    uint64_t deadline_ns = UINT64_MAX;
    if ((pm->enable & TMR_EN) && !(pm->status & TMR_STS)) {
        uint64_t ticks = (uint64_t)(half + 1) << HALF_SHIFT;
        deadline_ns = i8254_ticks_to_ns(ticks / 3 + 1);
    }
    clock_arm(pm->clock, &pm->timer, deadline_ns);
}

static void expire(void *arg, uint64_t now_ns)
{
    (void)now_ns;
    update(arg);
}

static void write_control(struct acpi_pm *pm, uint16_t value)
{
    pm->control = value & CONTROL_BITS;
    if ((value & SLP_EN) && (value >> 10 & 7) == ACPI_SLP_TYP_S5) {
        irq_set(&pm->power_off, true);
        irq_set(&pm->power_off, false);
    }
}

/* Registers are 16 bits wide and read and written as ACPICA does: whole; bytes work for reading. */
static uint32_t read_port(void *arg, uint32_t port, unsigned size_bytes)
{
    struct acpi_pm *pm = arg;
    uint32_t word;
    (void)size_bytes;
    if (port >= ACPI_PM_TIMER) {
        return (uint32_t)(pm_ticks(pm) & 0xffffff) >> (8 * (port - ACPI_PM_TIMER));
    }
    if (port < ACPI_PM1_CONTROL) {
        update(pm);
        word = pm->status | (uint32_t)pm->enable << 16;
        return word >> (8 * port);
    }
    return (uint32_t)(pm->control | SCI_EN) >> (8 * (port - ACPI_PM1_CONTROL));
}

static void write_port(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct acpi_pm *pm = arg;
    uint32_t mask = size_bytes >= 4 ? 0xffffffffu : (1u << (8 * size_bytes)) - 1;
    value &= mask;
    if (port < ACPI_PM1_CONTROL) {
        uint32_t shift = 8 * port;
        uint32_t keep = (uint32_t)pm->enable << 16 & ~(mask << shift);
        update(pm);
        pm->status &= (uint16_t) ~(value << shift); /* write one to clear */
        pm->enable = (uint16_t)((keep | value << shift) >> 16 & ENABLE_BITS);
        update(pm);
    } else if (port < ACPI_PM_TIMER) {
        uint32_t shift = 8 * (port - ACPI_PM1_CONTROL);
        write_control(pm, (uint16_t)((pm->control & ~(mask << shift)) | value << shift));
    }
}

const struct bus_ops acpi_pm_ops = {read_port, write_port};

void acpi_pm_reset(struct acpi_pm *pm)
{
    pm->status = pm->enable = pm->control = 0;
    pm->seen_half = (uint32_t)(pm_ticks(pm) >> HALF_SHIFT);
    update(pm);
}

void acpi_pm_init(struct acpi_pm *pm, struct clock *clock, struct irq_line sci,
                  struct irq_line power_off)
{
    *pm = (struct acpi_pm){.clock = clock, .sci = sci, .power_off = power_off};
    pm->timer.expire = expire;
    pm->timer.arg = pm;
    clock_add_timer(clock, &pm->timer);
    acpi_pm_reset(pm);
}
