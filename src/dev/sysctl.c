/* sysctl.c - system control ports 61 and 92.
 *
 * Place in the flow: port 61 joins counter 2 of the 8254 with the guest (Linux calibrates its TSC
 * here); port 92 drives two wires of the board. Light. There is no speaker to hear.
 */
#include "dev/sysctl.h"

enum { GATE2 = 1, SPEAKER = 2, REFRESH = 0x10, OUT2 = 0x20, WRITABLE_61 = 0x0f };
enum { FAST_RESET = 1, FAST_A20 = 2 };
enum { REFRESH_TICKS = 18 }; /* counter 1's count on every PC: DRAM refresh every 15 us */

static uint32_t read_61(void *arg, uint32_t port, unsigned size_bytes)
{
    struct sysctl *sysctl = arg;
    (void)port, (void)size_bytes;
    uint64_t tick = i8254_ticks(clock_now_ns(sysctl->clock));
    return (sysctl->port61 & WRITABLE_61) | (tick / REFRESH_TICKS & 1 ? REFRESH : 0) |
           (i8254_out(sysctl->pit, 2) ? OUT2 : 0);
}

static void write_61(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct sysctl *sysctl = arg;
    (void)port, (void)size_bytes;
    sysctl->port61 = value & WRITABLE_61;
    i8254_set_gate(sysctl->pit, 2, value & GATE2);
}

static uint32_t read_92(void *arg, uint32_t port, unsigned size_bytes)
{
    struct sysctl *sysctl = arg;
    (void)port, (void)size_bytes;
    return sysctl->port92;
}

static void write_92(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct sysctl *sysctl = arg;
    (void)port, (void)size_bytes;
    uint8_t risen = (uint8_t)(value & ~sysctl->port92);
    sysctl->port92 = value & (FAST_RESET | FAST_A20);
    irq_set(&sysctl->a20, value & FAST_A20);
    if (risen & FAST_RESET) {
        irq_set(&sysctl->reset, true);
        irq_set(&sysctl->reset, false);
    }
}

const struct bus_ops sysctl_61_ops = {read_61, write_61};
const struct bus_ops sysctl_92_ops = {read_92, write_92};

void sysctl_reset(struct sysctl *sysctl)
{
    sysctl->port61 = sysctl->port92 = 0;
    i8254_set_gate(sysctl->pit, 2, false);
    irq_set(&sysctl->a20, false);
}

void sysctl_init(struct sysctl *sysctl, struct i8254 *pit, struct clock *clock, struct irq_line a20,
                 struct irq_line reset)
{
    *sysctl = (struct sysctl){.pit = pit, .clock = clock, .a20 = a20, .reset = reset};
    sysctl_reset(sysctl);
}
