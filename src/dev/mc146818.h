/* mc146818.h - the MC146818 real-time clock and its CMOS RAM, ports 70 and 71.
 *
 * Source: Motorola MC146818 datasheet (ADI873R1); CMOS layout as in Ralf Brown's list. Light.
 */
#ifndef DEV_MC146818_H
#define DEV_MC146818_H

#include "bus/bus.h"
#include "bus/clock.h"

enum {
    RTC_SECONDS = 0,
    RTC_SECONDS_ALARM,
    RTC_MINUTES,
    RTC_MINUTES_ALARM,
    RTC_HOURS,
    RTC_HOURS_ALARM,
    RTC_WEEKDAY,
    RTC_DAY,
    RTC_MONTH,
    RTC_YEAR,
    RTC_A = 10,
    RTC_B,
    RTC_C,
    RTC_D,
    RTC_SHUTDOWN = 0x0f,
    RTC_CENTURY = 0x32,
};
enum { RTC_A_UIP = 0x80 };
enum {
    RTC_B_SET = 0x80,
    RTC_B_PIE = 0x40,
    RTC_B_AIE = 0x20,
    RTC_B_UIE = 0x10,
    RTC_B_SQWE = 8,
    RTC_B_BINARY = 4,
    RTC_B_24H = 2,
};
enum { RTC_C_IRQF = 0x80, RTC_C_PF = 0x40, RTC_C_AF = 0x20, RTC_C_UF = 0x10 };

struct mc146818 {
    uint8_t cmos[128]; /* clock registers are stale unless the clock is frozen */
    uint8_t index;
    bool nmi_masked;      /* bit 7 of port 70 */
    bool is_frozen;       /* SET bit, or divider held in reset */
    int64_t offset_ns;    /* time of the clock = guest time + this, ns since 1970 */
    int64_t seen_second;  /* up to which second UF and AF were considered */
    uint64_t seen_period; /* the same for PF, in periods of the selected rate */
    struct clock *clock;
    struct irq_line irq;
    struct timer timer; /* the next moment at which an enabled interrupt becomes due */
};

/* utc_ns: ns since 1970 that the clock shows now. */
void mc146818_init(struct mc146818 *rtc, struct clock *clock, struct irq_line irq, int64_t utc_ns);
/* The RESET pin: interrupts off; time and RAM stay. */
void mc146818_reset(struct mc146818 *rtc);
extern const struct bus_ops mc146818_ops; /* 2 ports */

#endif
