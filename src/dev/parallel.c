/* parallel.c - the printer port: a byte is printed when the strobe goes on.
 *
 * Place in the flow: ports 378-37A -> the byte sink that board/ connected. Light.
 *
 * DEVIATION: no interrupt at ACK, no EPP, ECP or bidirectional mode.
 */
#include "dev/parallel.h"

enum { DATA, STATUS, CONTROL };
enum { STATUS_READY = 0xd8 /* not busy, no ACK, selected, no error */ };
enum { CONTROL_STROBE = 1, CONTROL_NOT_INIT = 4, CONTROL_SELECT = 8, CONTROL_UNUSED = 0xe0 };

static uint32_t parallel_read(void *arg, uint32_t port, unsigned size_bytes)
{
    const struct parallel *parallel = arg;
    (void)size_bytes;
    switch (port) {
    case DATA:
        return parallel->data;
    case STATUS:
        return STATUS_READY;
    default:
        return parallel->control | CONTROL_UNUSED;
    }
}

static void parallel_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct parallel *parallel = arg;
    (void)size_bytes;
    if (port == DATA) {
        parallel->data = (uint8_t)value;
    } else if (port == CONTROL) {
        uint8_t risen = (uint8_t)(value & ~(uint32_t)parallel->control);
        parallel->control = value & 0x1f;
        if ((risen & CONTROL_STROBE) && (value & CONTROL_NOT_INIT)) {
            byte_put(&parallel->sink, parallel->data);
        }
    }
}

void parallel_reset(struct parallel *parallel)
{
    parallel->data = 0;
    parallel->control = CONTROL_NOT_INIT | CONTROL_SELECT;
}

const struct bus_ops parallel_ops = {parallel_read, parallel_write};
