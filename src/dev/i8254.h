/* i8254.h - the 8254 interval timer: three counters at 1193182 Hz.
 *
 * Source: Intel 82C54 datasheet (231244). Light. Counters are not stepped: their state is computed
 * from the clock when somebody looks.
 */
#ifndef DEV_I8254_H
#define DEV_I8254_H

#include "bus/bus.h"
#include "bus/clock.h"

enum { I8254_HZ = 1193182 };

struct i8254_counter {
    uint8_t mode;   /* 0-5 */
    uint8_t access; /* 1 low byte, 2 high byte, 3 low then high */
    bool bcd, gate;
    bool high_byte_next_read, high_byte_next_write;
    uint8_t write_low; /* first byte of a pair */
    bool count_latched, status_latched;
    uint16_t latch;
    uint8_t latched_status;

    bool is_unloaded; /* status bit "null count": written, not yet in the counting element */

    uint32_t written;    /* last count written, 1 .. 65536 (10000 in BCD); 0: none since mode set */
    uint32_t count;      /* count in force; 0: not counting (never loaded or not triggered) */
    uint64_t start_tick; /* tick at which count was loaded */
    bool is_held;        /* gate low: counting stands still */
    uint64_t held_ticks; /* ticks counted when it was held */
    uint32_t next_count; /* modes 2, 3: takes over at next_tick; 0: none */
    uint64_t next_tick;
    uint64_t next_start; /* start_tick from then on; before next_tick if OUT is then low (mode 3) */
};

struct i8254 {
    struct i8254_counter counter[3];
    struct clock *clock;
    struct irq_line irq; /* OUT of counter 0 */
    struct timer timer;  /* next rising edge of OUT 0 */
    uint64_t edge_tick;  /* that edge on the grid */
    uint32_t n_behind;   /* edges that we missed and still owe; see i8254.c */
};

void i8254_init(struct i8254 *pit, struct clock *clock, struct irq_line irq);
void i8254_reset(struct i8254 *pit);
void i8254_set_gate(struct i8254 *pit, unsigned counter, bool level);
bool i8254_out(struct i8254 *pit, unsigned counter);
/* Ticks of the 1193182 Hz oscillator since power-on; the refresh toggle of port 61 divides it too.
 */
uint64_t i8254_ticks(uint64_t now_ns);
/* First ns at which i8254_ticks() is at least ticks. */
uint64_t i8254_ticks_to_ns(uint64_t ticks);
extern const struct bus_ops i8254_ops; /* 4 ports, chip = struct i8254 */

#endif
