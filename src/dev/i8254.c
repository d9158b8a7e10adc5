/* i8254.c - the 8254 interval timer.
 *
 * Place in the flow: the guest programs counters; counter 0's OUT is IRQ 0, counter 2's gate and
 * OUT are in port 61. Light. Owns one clock timer, for the rising edges of OUT 0; everything else
 * is computed when read.
 *
 * Lost ticks. Edges lie on a fixed grid, start + k * count, so the timer does not drift however
 * late we are. If the host let us sleep over several edges, the guest is owed them: a system that
 * counts ticks would lose time. They are delivered between the regular ones, four per period, and
 * at most one second's worth is owed; more would be a storm after the host was suspended, and
 * systems with a second clock would rather skip. Edges that come while the guest does not listen
 * merge in the 8259, as on silicon; those are the guest's own affair.
 *
 * DEVIATION: OUT 0 falls only just before it rises again, not half a period (mode 3) or one clock
 * (mode 2) earlier; ticks closer than 20 us are delivered 20 us apart; counters 0 and 1 have no
 * gate pin, as on the PC.
 */
#include "dev/i8254.h"

#define MIN_TICK_NS 20000u

/* Both factors are 64-bit fixed point, so the error is below one tick in a thousand years. */
uint64_t i8254_ticks(uint64_t now_ns)
{
    const uint64_t ticks_per_ns = (uint64_t)(((unsigned __int128)I8254_HZ << 64) / 1000000000u) + 1;
    return (uint64_t)((unsigned __int128)now_ns * ticks_per_ns >> 64);
}

uint64_t i8254_ticks_to_ns(uint64_t ticks)
{
    const uint64_t ns_per_tick = (uint64_t)(((unsigned __int128)1000000000u << 48) / I8254_HZ) + 1;
    uint64_t ns = (uint64_t)((unsigned __int128)ticks * ns_per_tick >> 48);
    while (i8254_ticks(ns) < ticks) {
        ns++;
    }
    return ns;
}

static uint64_t now_tick(struct i8254 *pit)
{
    return i8254_ticks(clock_now_ns(pit->clock));
}

/* ---- one counter, at a tick ---- */

static bool is_periodic(const struct i8254_counter *c)
{
    return c->mode == 2 || c->mode == 3;
}

/* Brings a count that waits for the end of a period into force. */
static void settle(struct i8254_counter *c, uint64_t tick)
{
    if (c->next_count && (int64_t)(tick - c->next_tick) >= 0) {
        c->count = c->next_count;
        c->start_tick = c->next_start;
        c->next_count = 0;
        c->is_unloaded = false;
    }
}

static uint64_t elapsed(const struct i8254_counter *c, uint64_t tick)
{
    if (c->is_held) {
        return c->held_ticks;
    }
    int64_t ticks = (int64_t)(tick - c->start_tick);
    return ticks < 0 ? 0 : (uint64_t)ticks;
}

/* Mode 3 counts down by two, twice per period; an odd count is high one clock longer than low. */
static uint32_t high_part(uint32_t count)
{
    return (count + 1) / 2;
}

static uint16_t counting_element(const struct i8254_counter *c, uint64_t tick)
{
    uint32_t modulus = c->bcd ? 10000 : 65536;
    uint64_t done = elapsed(c, tick);
    uint32_t value;
    if (!c->count) {
        value = c->written;
    } else if (c->mode == 2) {
        value = c->count - (uint32_t)(done % c->count);
    } else if (c->mode == 3) {
        uint32_t phase = (uint32_t)(done % c->count);
        uint32_t high = high_part(c->count);
        value = (c->count & ~1u) - 2 * (phase < high ? phase : phase - high);
    } else {
        value = c->count + modulus - (uint32_t)(done % modulus); /* goes on past zero */
    }
    value %= modulus;
    if (!c->bcd) {
        return (uint16_t)value;
    }
    return (uint16_t)(value / 1000 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 |
                      value % 10);
}

static bool out_level(const struct i8254_counter *c, uint64_t tick)
{
    uint64_t done = elapsed(c, tick);
    switch (c->mode) {
    case 0:
        return c->count && done >= c->count;
    case 1:
        return !c->count || done >= c->count || (int64_t)(tick - c->start_tick) < 0;
    case 2:
        return !c->gate || !c->count || done % c->count != c->count - 1;
    case 3:
        return !c->gate || !c->count || done % c->count < high_part(c->count);
    default: /* 4, 5: a strobe one clock long */
        return !c->count || done != c->count;
    }
}

/* The first rising edge of OUT after tick; UINT64_MAX if none will come by itself. */
static uint64_t next_edge(const struct i8254_counter *c, uint64_t tick)
{
    if (!c->count || c->is_held) {
        return UINT64_MAX;
    }
    if (!is_periodic(c)) {
        uint64_t edge = c->start_tick + c->count + (c->mode >= 4);
        return (int64_t)(edge - tick) > 0 ? edge : UINT64_MAX;
    }
    uint64_t edge = c->start_tick + (elapsed(c, tick) / c->count + 1) * c->count;
    if (c->next_count && (int64_t)(edge - c->next_tick) > 0) {
        edge = c->next_start + c->next_count;
    }
    return edge;
}

/* ---- IRQ 0 ---- */

static void schedule(struct i8254 *pit, uint64_t now_ns)
{
    struct i8254_counter *c = &pit->counter[0];
    pit->edge_tick = next_edge(c, i8254_ticks(now_ns));
    if (pit->edge_tick == UINT64_MAX) {
        clock_disarm(pit->clock, &pit->timer);
        return;
    }
    uint64_t deadline_ns = i8254_ticks_to_ns(pit->edge_tick);
    if (pit->n_behind) {
        uint64_t quarter_ns = now_ns + i8254_ticks_to_ns(c->count) / 4;
        deadline_ns = quarter_ns < deadline_ns ? quarter_ns : deadline_ns;
    }
    clock_arm(pit->clock, &pit->timer, deadline_ns);
}

static void expire(void *arg, uint64_t now_ns)
{
    struct i8254 *pit = arg;
    struct i8254_counter *c = &pit->counter[0];
    uint64_t tick = i8254_ticks(now_ns);
    settle(c, tick);
    uint64_t n_edges = 0;
    if ((int64_t)(tick - pit->edge_tick) >= 0) {
        n_edges = is_periodic(c) ? 1 + (tick - pit->edge_tick) / c->count : 1;
    }
    uint64_t n_owed = pit->n_behind + n_edges;
    if (n_owed) {
        irq_set(&pit->irq, false);
        irq_set(&pit->irq, true);
        n_owed--;
    }
    uint64_t most = I8254_HZ / (c->count ? c->count : 1);
    pit->n_behind = (uint32_t)(n_owed < most ? n_owed : most);
    schedule(pit, now_ns);
    if (pit->timer.deadline_ns < now_ns + MIN_TICK_NS) {
        clock_arm(pit->clock, &pit->timer, now_ns + MIN_TICK_NS);
    }
}

/* Before the guest changes a counter, at the time of now_ns: an edge that was due comes first. */
static void catch_up(struct i8254 *pit, unsigned number, uint64_t now_ns)
{
    uint64_t tick = i8254_ticks(now_ns);
    if (number == 0 && pit->edge_tick != UINT64_MAX && (int64_t)(tick - pit->edge_tick) >= 0) {
        expire(pit, now_ns);
    }
    settle(&pit->counter[number], tick);
}

/* After any change of counter 0 by the guest, at the same time: were it read anew, a short one-shot
 * could be over already (the host may run others in between), and its edge would never come. */
static void reprogrammed(struct i8254 *pit, uint64_t now_ns)
{
    pit->n_behind = 0;
    irq_set(&pit->irq, out_level(&pit->counter[0], i8254_ticks(now_ns)));
    schedule(pit, now_ns);
}

/* ---- writes ---- */

static void load_count(struct i8254_counter *c, uint32_t count, uint64_t tick)
{
    c->written = count;
    if (c->mode == 1 || c->mode == 5) {
        c->is_unloaded = true; /* until the gate rises */
        return;
    }
    if (is_periodic(c) && c->count && !c->is_held) {
        uint64_t done = elapsed(c, tick);
        uint64_t period_start = c->start_tick + done / c->count * c->count;
        bool at_middle = c->mode == 3 && done % c->count < high_part(c->count);
        c->next_count = count;
        c->next_tick = period_start + (at_middle ? high_part(c->count) : c->count);
        c->next_start = c->next_tick - (at_middle ? high_part(count) : 0);
        c->is_unloaded = true;
        return;
    }
    c->count = count;
    c->start_tick = tick + 1; /* the clock pulse after the write loads the counting element */
    c->is_held = !c->gate;
    c->held_ticks = 0;
    c->is_unloaded = false;
}

static uint32_t decode_count(const struct i8254_counter *c, uint16_t raw)
{
    if (!c->bcd) {
        return raw ? raw : 65536;
    }
    uint32_t value =
        (raw >> 12) * 1000u + (raw >> 8 & 15) * 100u + (raw >> 4 & 15) * 10u + (raw & 15);
    return value ? value : 10000;
}

static void write_counter(struct i8254 *pit, unsigned number, uint8_t value)
{
    struct i8254_counter *c = &pit->counter[number];
    uint64_t now_ns = clock_now_ns(pit->clock);
    uint16_t raw;
    catch_up(pit, number, now_ns);
    if (c->access == 3 && !c->high_byte_next_write) {
        c->high_byte_next_write = true;
        c->write_low = value;
        if (c->mode == 0) {
            c->count = 0; /* datasheet, mode 0: the first byte stops counting, OUT is low at once */
        }
    } else {
        if (c->access == 3) {
            raw = (uint16_t)(value << 8 | c->write_low);
            c->high_byte_next_write = false;
        } else {
            raw = c->access == 2 ? (uint16_t)(value << 8) : value;
        }
        load_count(c, decode_count(c, raw), i8254_ticks(now_ns));
    }
    if (number == 0) {
        reprogrammed(pit, now_ns);
    }
}

static void latch_count(struct i8254_counter *c, uint64_t tick)
{
    if (!c->count_latched) {
        c->count_latched = true;
        c->latch = counting_element(c, tick);
    }
}

static void latch_status(struct i8254_counter *c, uint64_t tick)
{
    if (c->status_latched) {
        return;
    }
    bool is_null = c->is_unloaded || (c->count && (int64_t)(tick - c->start_tick) < 0);
    c->status_latched = true;
    c->latched_status =
        (uint8_t)(out_level(c, tick) << 7 | is_null << 6 | c->access << 4 | c->mode << 1 | c->bcd);
}

static void write_control(struct i8254 *pit, uint8_t value)
{
    uint64_t now_ns = clock_now_ns(pit->clock);
    uint64_t tick = i8254_ticks(now_ns);
    unsigned number = value >> 6;
    if (number == 3) { /* read-back: the two "what" bits are active low */
        for (unsigned i = 0; i < 3; i++) {
            struct i8254_counter *c = &pit->counter[i];
            if (!(value >> (i + 1) & 1)) {
                continue;
            }
            settle(c, tick);
            if (!(value & 0x20)) {
                latch_count(c, tick);
            }
            if (!(value & 0x10)) {
                latch_status(c, tick);
            }
        }
        return;
    }
    struct i8254_counter *c = &pit->counter[number];
    if (!(value >> 4 & 3)) {
        settle(c, tick);
        latch_count(c, tick);
        return;
    }
    catch_up(pit, number, now_ns);
    c->access = value >> 4 & 3;
    c->mode = value >> 1 & 7;
    c->mode = c->mode > 5 ? c->mode - 4 : c->mode; /* x10 and x11 are modes 2 and 3 */
    c->bcd = value & 1;
    c->high_byte_next_read = c->high_byte_next_write = false;
    c->count_latched = c->status_latched = false;
    c->written = c->count = c->next_count = 0;
    c->is_held = false;
    c->is_unloaded = true;
    if (number == 0) {
        reprogrammed(pit, now_ns);
    }
}

void i8254_set_gate(struct i8254 *pit, unsigned number, bool level)
{
    struct i8254_counter *c = &pit->counter[number];
    uint64_t now_ns = clock_now_ns(pit->clock);
    uint64_t tick = i8254_ticks(now_ns);
    catch_up(pit, number, now_ns);
    if (level == c->gate) {
        return;
    }
    c->gate = level;
    if (!level) {
        if (c->mode != 1 && c->mode != 5 && c->count) {
            c->held_ticks = elapsed(c, tick);
            c->is_held = true;
            c->next_count = 0;
        }
    } else if (c->mode == 0 || c->mode == 4) {
        c->start_tick = tick - c->held_ticks;
        c->is_held = false;
    } else if (c->written) { /* modes 1, 2, 3, 5: the rising edge loads the count */
        c->count = c->written;
        c->start_tick = tick + 1;
        c->next_count = 0;
        c->is_held = false;
        c->is_unloaded = false;
    }
    if (number == 0) {
        reprogrammed(pit, now_ns);
    }
}

bool i8254_out(struct i8254 *pit, unsigned number)
{
    uint64_t tick = now_tick(pit);
    settle(&pit->counter[number], tick);
    return out_level(&pit->counter[number], tick);
}

/* ---- reads ---- */

static uint8_t read_counter(struct i8254 *pit, unsigned number)
{
    struct i8254_counter *c = &pit->counter[number];
    if (c->status_latched) {
        c->status_latched = false;
        return c->latched_status;
    }
    uint64_t tick = now_tick(pit);
    settle(c, tick);
    uint16_t value = c->count_latched ? c->latch : counting_element(c, tick);
    bool high = c->access == 2 || (c->access == 3 && c->high_byte_next_read);
    if (c->access == 3) {
        c->high_byte_next_read = !c->high_byte_next_read;
    }
    if (c->access != 3 || high) {
        c->count_latched = false;
    }
    return (uint8_t)(high ? value >> 8 : value);
}

static uint32_t read_port(void *arg, uint32_t port, unsigned size_bytes)
{
    (void)size_bytes;
    return port == 3 ? 0xff : read_counter(arg, port);
}

static void write_port(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    (void)size_bytes;
    if (port == 3) {
        write_control(arg, (uint8_t)value);
    } else {
        write_counter(arg, port, (uint8_t)value);
    }
}

const struct bus_ops i8254_ops = {read_port, write_port};

void i8254_reset(struct i8254 *pit)
{
    for (unsigned i = 0; i < 3; i++) {
        pit->counter[i] = (struct i8254_counter){.mode = 0, .access = 3, .gate = i != 2};
    }
    reprogrammed(pit, clock_now_ns(pit->clock));
}

void i8254_init(struct i8254 *pit, struct clock *clock, struct irq_line irq)
{
    *pit = (struct i8254){.clock = clock, .irq = irq};
    pit->timer.expire = expire;
    pit->timer.arg = pit;
    clock_add_timer(clock, &pit->timer);
    i8254_reset(pit);
}
