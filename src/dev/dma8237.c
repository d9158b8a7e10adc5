/* dma8237.c - DMA controllers as registers that remember.
 *
 * Place in the flow: ports 0-F, 80-8F, C0-DF. Light. No chip of this machine asks for DMA, but
 * systems reset and probe the controllers, and use port 80 as a delay and for POST codes.
 *
 * DEVIATION: no transfers; status is always 0 (nothing requested, nothing finished).
 */
#include "dev/dma8237.h"

enum { /* registers 8-15 */
       COMMAND = 8,
       SINGLE_MASK = 10,
       MODE = 11,
       CLEAR_FLIP_FLOP = 12,
       MASTER_CLEAR = 13,
       CLEAR_MASK = 14,
       ALL_MASK = 15,
};

static void clear_chip(struct dma8237_chip *chip)
{
    chip->command = 0;
    chip->mask = 0x0f;
    chip->high_byte_next = false;
}

static uint32_t chip_read(struct dma8237_chip *chip, unsigned reg)
{
    if (reg < COMMAND) {
        bool high = chip->high_byte_next;
        chip->high_byte_next = !high;
        return high ? chip->current[reg] >> 8 : chip->current[reg] & 0xff;
    }
    return reg == ALL_MASK ? 0xf0 | chip->mask : 0;
}

static void chip_write(struct dma8237_chip *chip, unsigned reg, uint8_t value)
{
    if (reg < COMMAND) {
        uint16_t old = chip->base[reg];
        chip->base[reg] =
            (uint16_t)(chip->high_byte_next ? (old & 0xff) | value << 8 : (old & 0xff00) | value);
        chip->current[reg] = chip->base[reg];
        chip->high_byte_next = !chip->high_byte_next;
        return;
    }
    switch (reg) {
    case COMMAND:
        chip->command = value;
        break;
    case SINGLE_MASK:
        chip->mask &= (uint8_t) ~(1u << (value & 3));
        chip->mask |= (uint8_t)((value >> 2 & 1) << (value & 3));
        break;
    case MODE:
        chip->mode[value & 3] = value;
        break;
    case CLEAR_FLIP_FLOP:
        chip->high_byte_next = false;
        break;
    case MASTER_CLEAR:
        clear_chip(chip);
        break;
    case CLEAR_MASK:
        chip->mask = 0;
        break;
    case ALL_MASK:
        chip->mask = value & 0x0f;
        break;
    default: /* 9, request: nobody is there */
        break;
    }
}

static uint32_t low_read(void *arg, uint32_t port, unsigned size_bytes)
{
    struct dma8237 *dma = arg;
    (void)size_bytes;
    return chip_read(&dma->chip[0], port);
}

static void low_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct dma8237 *dma = arg;
    (void)size_bytes;
    chip_write(&dma->chip[0], port, (uint8_t)value);
}

static uint32_t high_read(void *arg, uint32_t port, unsigned size_bytes)
{
    struct dma8237 *dma = arg;
    (void)size_bytes;
    return port & 1 ? 0xff : chip_read(&dma->chip[1], port >> 1);
}

static void high_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct dma8237 *dma = arg;
    (void)size_bytes;
    if (!(port & 1)) {
        chip_write(&dma->chip[1], port >> 1, (uint8_t)value);
    }
}

static uint32_t page_read(void *arg, uint32_t port, unsigned size_bytes)
{
    struct dma8237 *dma = arg;
    (void)size_bytes;
    return dma->page[port];
}

static void page_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct dma8237 *dma = arg;
    (void)size_bytes;
    dma->page[port] = (uint8_t)value;
}

const struct bus_ops dma8237_low_ops = {low_read, low_write};
const struct bus_ops dma8237_high_ops = {high_read, high_write};
const struct bus_ops dma8237_page_ops = {page_read, page_write};

void dma8237_reset(struct dma8237 *dma)
{
    clear_chip(&dma->chip[0]);
    clear_chip(&dma->chip[1]);
}
