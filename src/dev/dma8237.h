/* dma8237.h - the two 8237A DMA controllers and the page registers: storage only, no transfers.
 *
 * Source: Intel 8237A datasheet (231466). Light.
 */
#ifndef DEV_DMA8237_H
#define DEV_DMA8237_H

#include "bus/bus.h"

struct dma8237_chip {
    uint16_t base[8], current[8]; /* address and count of channels 0-3, alternating */
    uint8_t command, mask, mode[4];
    bool high_byte_next;
};

struct dma8237 {
    struct dma8237_chip chip[2]; /* ports 0-F; C0-DF, every second one */
    uint8_t page[16];            /* ports 80-8F; 80 itself is the POST code port */
};

void dma8237_reset(struct dma8237 *dma);
extern const struct bus_ops dma8237_low_ops, dma8237_high_ops, dma8237_page_ops;

#endif
