/* debug_ports.c - debug console, debug exit and delay ports.
 *
 * Place in the flow: board/ puts each at the port the user or the PC says. Light. Owns nothing.
 */
#include "dev/debug_ports.h"

enum { DEBUGCON_ID = 0xe9 };

static uint32_t debugcon_read(void *arg, uint32_t port, unsigned size_bytes)
{
    (void)arg, (void)port, (void)size_bytes;
    return DEBUGCON_ID;
}

static void debugcon_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct debugcon *debugcon = arg;
    (void)port, (void)size_bytes;
    byte_put(&debugcon->sink, (uint8_t)value);
}

static uint32_t debug_exit_read(void *arg, uint32_t port, unsigned size_bytes)
{
    (void)arg, (void)port, (void)size_bytes;
    return 0;
}

static void debug_exit_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct debug_exit *debug_exit = arg;
    (void)port, (void)size_bytes;
    debug_exit->exit(debug_exit->arg, (int)(value << 1 | 1));
}

/* DEVIATION: IGNNE# stays away: a waiting x87 instruction between the write to F0 and the end of
 * the exception raises the interrupt again instead of going on. */
static void coprocessor_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct coprocessor *coprocessor = arg;
    (void)port, (void)size_bytes, (void)value;
    irq_set(&coprocessor->irq, false);
}

void coprocessor_report(struct coprocessor *coprocessor)
{
    irq_set(&coprocessor->irq, true);
}

const struct bus_ops coprocessor_ops = {NULL, coprocessor_write};
const struct bus_ops debugcon_ops = {debugcon_read, debugcon_write};
const struct bus_ops debug_exit_ops = {debug_exit_read, debug_exit_write};
const struct bus_ops delay_port_ops = {NULL, NULL};
