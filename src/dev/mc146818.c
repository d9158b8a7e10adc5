/* mc146818.c - the real-time clock and its CMOS RAM.
 *
 * Place in the flow: the guest reads time and memory size through ports 70/71; IRQ 8. Light. Owns
 * the clock's offset from guest time. Registers are computed when read; the timer runs only while
 * an interrupt is enabled and not already pending.
 *
 * DEVIATION: the day of the week follows the date; changing BCD/binary or 12/24 h re-encodes the
 * time instead of leaving the digits; only the 32768 Hz time base exists; port 70 reads FF.
 */
#include "dev/mc146818.h"

#include "dev/calendar.h"

#define NS_PER_S 1000000000ll
/* Datasheet, "Update Cycle": UIP rises 244 us before a cycle of 1984 us. Our second ends with it.
 */
#define UIP_NS ((244 + 1984) * 1000ll)

enum { DIVIDER_RESET = 0x60, RATE_MASK = 0x0f, ALARM_ANY = 0xc0 };

static int64_t time_ns(struct mc146818 *rtc)
{
    return (int64_t)clock_now_ns(rtc->clock) + rtc->offset_ns;
}

static int64_t second_of(int64_t ns)
{
    return ns >= 0 ? ns / NS_PER_S : -((-ns + NS_PER_S - 1) / NS_PER_S);
}

/* ---- register encodings ---- */

static uint8_t encode(const struct mc146818 *rtc, unsigned value)
{
    return (uint8_t)(rtc->cmos[RTC_B] & RTC_B_BINARY ? value : value / 10 << 4 | value % 10);
}

static unsigned decode(const struct mc146818 *rtc, uint8_t raw)
{
    return rtc->cmos[RTC_B] & RTC_B_BINARY ? raw : (raw >> 4) * 10u + (raw & 15);
}

static uint8_t encode_hour(const struct mc146818 *rtc, unsigned hour)
{
    if (rtc->cmos[RTC_B] & RTC_B_24H) {
        return encode(rtc, hour);
    }
    unsigned hour12 = hour % 12 ? hour % 12 : 12;
    return (uint8_t)(encode(rtc, hour12) | (hour >= 12 ? 0x80 : 0));
}

static unsigned decode_hour(const struct mc146818 *rtc, uint8_t raw)
{
    if (rtc->cmos[RTC_B] & RTC_B_24H) {
        return decode(rtc, raw);
    }
    return decode(rtc, raw & 0x7f) % 12 + (raw & 0x80 ? 12 : 0);
}

static void refresh_registers(struct mc146818 *rtc)
{
    struct calendar now;
    if (rtc->is_frozen) {
        return;
    }
    calendar_from_seconds(&now, second_of(time_ns(rtc)));
    rtc->cmos[RTC_SECONDS] = encode(rtc, now.second);
    rtc->cmos[RTC_MINUTES] = encode(rtc, now.minute);
    rtc->cmos[RTC_HOURS] = encode_hour(rtc, now.hour);
    rtc->cmos[RTC_WEEKDAY] = encode(rtc, now.weekday);
    rtc->cmos[RTC_DAY] = encode(rtc, now.day);
    rtc->cmos[RTC_MONTH] = encode(rtc, now.month);
    rtc->cmos[RTC_YEAR] = encode(rtc, (unsigned)now.year % 100);
    rtc->cmos[RTC_CENTURY] = encode(rtc, (unsigned)now.year / 100);
}

static unsigned clamp(unsigned value, unsigned low, unsigned high)
{
    return value < low ? low : value > high ? high : value;
}

/* Sets the clock to what the registers say; fraction_ns of that second have passed. */
static void set_from_registers(struct mc146818 *rtc, int64_t fraction_ns)
{
    struct calendar set = {
        .year = (int)(clamp(decode(rtc, rtc->cmos[RTC_CENTURY]), 16, 99) * 100 +
                      decode(rtc, rtc->cmos[RTC_YEAR]) % 100),
        .month = clamp(decode(rtc, rtc->cmos[RTC_MONTH]), 1, 12),
        .day = clamp(decode(rtc, rtc->cmos[RTC_DAY]), 1, 31),
        .hour = clamp(decode_hour(rtc, rtc->cmos[RTC_HOURS]), 0, 23),
        .minute = clamp(decode(rtc, rtc->cmos[RTC_MINUTES]), 0, 59),
        .second = clamp(decode(rtc, rtc->cmos[RTC_SECONDS]), 0, 59),
    };
    int64_t second = calendar_to_seconds(&set);
    rtc->offset_ns = second * NS_PER_S + fraction_ns - (int64_t)clock_now_ns(rtc->clock);
    rtc->seen_second = second;
}

/* ---- flags and interrupts ---- */

/* First second at or after `from` at which the alarm rings; INT64_MAX for an impossible time. */
static int64_t next_alarm(const struct mc146818 *rtc, int64_t from)
{
    uint8_t raw_hour = rtc->cmos[RTC_HOURS_ALARM];
    uint8_t raw_minute = rtc->cmos[RTC_MINUTES_ALARM];
    uint8_t raw_second = rtc->cmos[RTC_SECONDS_ALARM];
    struct calendar now;
    calendar_from_seconds(&now, from);
    int64_t day_start = from - (int64_t)(now.hour * 3600 + now.minute * 60 + now.second);
    for (unsigned i = 0; i <= 24; i++) {
        unsigned hour = now.hour + i;
        if (raw_hour < ALARM_ANY && decode_hour(rtc, raw_hour) != hour % 24) {
            continue;
        }
        for (unsigned minute = i ? 0 : now.minute; minute < 60; minute++) {
            if (raw_minute < ALARM_ANY && decode(rtc, raw_minute) != minute) {
                continue;
            }
            unsigned first = i == 0 && minute == now.minute ? now.second : 0;
            unsigned second = raw_second < ALARM_ANY ? decode(rtc, raw_second) : first;
            if (second >= first && second < 60) {
                return day_start + hour * 3600 + minute * 60 + second;
            }
        }
    }
    return INT64_MAX;
}

/* log2 of the periodic interrupt's period in units of 1/32768 s; 0: no periodic interrupt. */
static unsigned period_shift(const struct mc146818 *rtc)
{
    unsigned rate = rtc->cmos[RTC_A] & RATE_MASK;
    return !rate ? 0 : rate <= 2 ? rate + 6 : rate - 1;
}

static uint64_t periods(const struct mc146818 *rtc, uint64_t now_ns)
{
    const uint64_t per_ns = (uint64_t)(((unsigned __int128)32768 << 64) / 1000000000u);
    return (uint64_t)((unsigned __int128)now_ns * per_ns >> 64) >> period_shift(rtc);
}

static uint64_t period_to_ns(const struct mc146818 *rtc, uint64_t n)
{
    return (uint64_t)((unsigned __int128)(n << period_shift(rtc)) * 1000000000u >> 15) + 1;
}

/* Brings register C up to date and drives the line. Flags are set whether enabled or not. */
static void update_flags(struct mc146818 *rtc)
{
    uint8_t *c = &rtc->cmos[RTC_C];
    if (!rtc->is_frozen) {
        int64_t second = second_of(time_ns(rtc));
        if (second > rtc->seen_second) {
            *c |= RTC_C_UF;
            if (next_alarm(rtc, rtc->seen_second + 1) <= second) {
                *c |= RTC_C_AF;
            }
            rtc->seen_second = second;
        }
    }
    if (period_shift(rtc)) {
        uint64_t n = periods(rtc, clock_now_ns(rtc->clock));
        if (n != rtc->seen_period) {
            *c |= RTC_C_PF;
        }
        rtc->seen_period = n;
    }
    bool pending = *c & rtc->cmos[RTC_B] & (RTC_C_PF | RTC_C_AF | RTC_C_UF);
    *c = (uint8_t)((*c & ~RTC_C_IRQF) | (pending ? RTC_C_IRQF : 0));
    irq_set(&rtc->irq, pending);
}

static void schedule(struct mc146818 *rtc)
{
    uint64_t deadline_ns = UINT64_MAX;
    uint8_t wanted = rtc->cmos[RTC_B] & (uint8_t)~rtc->cmos[RTC_C];
    if ((wanted & RTC_B_PIE) && period_shift(rtc)) {
        deadline_ns = period_to_ns(rtc, rtc->seen_period + 1);
    }
    int64_t second = INT64_MAX;
    if (!rtc->is_frozen && (wanted & RTC_B_AIE)) {
        second = next_alarm(rtc, rtc->seen_second + 1);
    }
    if (!rtc->is_frozen && (wanted & RTC_B_UIE)) {
        second = rtc->seen_second + 1;
    }
    if (second != INT64_MAX) {
        uint64_t at_ns = (uint64_t)(second * NS_PER_S - rtc->offset_ns);
        deadline_ns = at_ns < deadline_ns ? at_ns : deadline_ns;
    }
    clock_arm(rtc->clock, &rtc->timer, deadline_ns);
}

static void update(struct mc146818 *rtc)
{
    update_flags(rtc);
    schedule(rtc);
}

static void expire(void *arg, uint64_t now_ns)
{
    (void)now_ns;
    update(arg);
}

/* ---- registers ---- */

static bool is_time_register(unsigned index)
{
    return index == RTC_CENTURY || (index <= RTC_YEAR && index != RTC_SECONDS_ALARM &&
                                    index != RTC_MINUTES_ALARM && index != RTC_HOURS_ALARM);
}

static uint8_t read_register(struct mc146818 *rtc, unsigned index)
{
    if (is_time_register(index)) {
        refresh_registers(rtc);
        return rtc->cmos[index];
    }
    if (index == RTC_A) {
        int64_t now = time_ns(rtc);
        int64_t left = (second_of(now) + 1) * NS_PER_S - now;
        bool updating = !rtc->is_frozen && left <= UIP_NS;
        return (uint8_t)(rtc->cmos[RTC_A] | (updating ? RTC_A_UIP : 0));
    }
    if (index == RTC_C) {
        update_flags(rtc);
        uint8_t value = rtc->cmos[RTC_C];
        rtc->cmos[RTC_C] = 0;
        update(rtc);
        return value;
    }
    return rtc->cmos[index];
}

/* Registers A and B: the clock stops while SET or the divider's reset holds it. */
static void write_control(struct mc146818 *rtc, unsigned index, uint8_t value)
{
    update_flags(rtc);
    bool divider_was_reset = (rtc->cmos[RTC_A] & DIVIDER_RESET) == DIVIDER_RESET;
    refresh_registers(rtc);
    rtc->cmos[index] = value;
    bool divider_reset = (rtc->cmos[RTC_A] & DIVIDER_RESET) == DIVIDER_RESET;
    bool freeze = divider_reset || (rtc->cmos[RTC_B] & RTC_B_SET);
    if (index == RTC_B && (value & RTC_B_SET)) {
        rtc->cmos[RTC_B] &= (uint8_t)~RTC_B_UIE; /* datasheet, "SET" */
    }
    if (divider_was_reset && !divider_reset) {
        /* Datasheet, "Divider Control": the first update comes half a second after the release. */
        rtc->offset_ns = NS_PER_S / 2 - (int64_t)clock_now_ns(rtc->clock);
    }
    if (!freeze && rtc->is_frozen) {
        int64_t now = time_ns(rtc); /* the divider ran on under SET: its fraction counts */
        set_from_registers(rtc, now - second_of(now) * NS_PER_S);
    }
    rtc->is_frozen = freeze;
    rtc->seen_period = periods(rtc, clock_now_ns(rtc->clock));
    update(rtc);
}

static void write_register(struct mc146818 *rtc, unsigned index, uint8_t value)
{
    if (index == RTC_A) {
        write_control(rtc, index, value & 0x7f);
    } else if (index == RTC_B) {
        write_control(rtc, index, value);
    } else if (index == RTC_C || index == RTC_D) {
        return; /* read only */
    } else if (is_time_register(index)) {
        refresh_registers(rtc);
        rtc->cmos[index] = value;
        if (!rtc->is_frozen) {
            int64_t now = time_ns(rtc);
            set_from_registers(rtc, now - second_of(now) * NS_PER_S);
            update(rtc);
        }
    } else {
        if (index <= RTC_HOURS_ALARM) {
            update_flags(rtc); /* what rang before the change has rung */
        }
        rtc->cmos[index] = value;
        update(rtc);
    }
}

static uint32_t read_port(void *arg, uint32_t port, unsigned size_bytes)
{
    struct mc146818 *rtc = arg;
    (void)size_bytes;
    return port == 0 ? 0xff : read_register(rtc, rtc->index);
}

static void write_port(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct mc146818 *rtc = arg;
    (void)size_bytes;
    if (port == 0) {
        rtc->index = value & 0x7f;
        rtc->nmi_masked = value & 0x80;
    } else {
        write_register(rtc, rtc->index, (uint8_t)value);
    }
}

const struct bus_ops mc146818_ops = {read_port, write_port};

void mc146818_reset(struct mc146818 *rtc)
{
    update_flags(rtc);
    rtc->cmos[RTC_B] &= (uint8_t) ~(RTC_B_PIE | RTC_B_AIE | RTC_B_UIE | RTC_B_SQWE);
    rtc->cmos[RTC_C] = 0;
    rtc->index = 0;
    rtc->nmi_masked = false;
    update(rtc);
}

void mc146818_init(struct mc146818 *rtc, struct clock *clock, struct irq_line irq, int64_t utc_ns)
{
    *rtc = (struct mc146818){.clock = clock, .irq = irq};
    rtc->timer.expire = expire;
    rtc->timer.arg = rtc;
    clock_add_timer(clock, &rtc->timer);
    rtc->cmos[RTC_A] = 0x26; /* 32768 Hz, 1024 Hz periodic rate: what a PC's BIOS sets */
    rtc->cmos[RTC_B] = RTC_B_24H;
    rtc->cmos[RTC_D] = 0x80; /* battery is good */
    rtc->offset_ns = utc_ns - (int64_t)clock_now_ns(clock);
    rtc->seen_second = second_of(utc_ns);
    mc146818_reset(rtc);
}
