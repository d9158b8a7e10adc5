/* fw_cfg.c - items for firmware that asks: RAM size, number of CPUs, memory map.
 *
 * Place in the flow: ports 510-511. Light. The items are board/'s. Read only, no DMA interface (the
 * ID says so); an unknown item reads zeros, as in QEMU.
 */
#include "dev/fw_cfg.h"

void fw_cfg_add(struct fw_cfg *fw_cfg, uint16_t key, const void *bytes, unsigned n_bytes)
{
    const uint8_t *from = bytes;
    BUG_ON(fw_cfg->n_items == FW_CFG_MAX_ITEMS || n_bytes > FW_CFG_BYTES - fw_cfg->n_bytes);
    fw_cfg->items[fw_cfg->n_items++] = (struct fw_cfg_item){
        .key = key, .off = (uint16_t)fw_cfg->n_bytes, .n_bytes = (uint16_t)n_bytes};
    for (unsigned i = 0; i < n_bytes; i++) {
        fw_cfg->bytes[fw_cfg->n_bytes++] = from[i];
    }
}

static uint32_t data_read(void *arg, uint32_t port, unsigned size_bytes)
{
    struct fw_cfg *fw_cfg = arg;
    const struct fw_cfg_item *item = fw_cfg->item;
    (void)port;
    if (size_bytes != 1 || !item || fw_cfg->at >= item->n_bytes) {
        return size_bytes == 1 ? 0 : UINT32_MAX;
    }
    return fw_cfg->bytes[item->off + fw_cfg->at++];
}

static void select_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct fw_cfg *fw_cfg = arg;
    if (port != 0 || size_bytes != 2) {
        return;
    }
    fw_cfg->item = NULL;
    fw_cfg->at = 0;
    for (unsigned i = 0; i < fw_cfg->n_items; i++) {
        if (fw_cfg->items[i].key == value) {
            fw_cfg->item = &fw_cfg->items[i];
        }
    }
}

void fw_cfg_reset(struct fw_cfg *fw_cfg)
{
    fw_cfg->item = NULL;
    fw_cfg->at = 0;
}

const struct bus_ops fw_cfg_ops = {data_read, select_write};
