/* fw_cfg.h - QEMU's firmware configuration device: numbered items, read byte by byte. Light.
 *
 * Source: QEMU, docs/specs/fw_cfg: selector at 510 (16 bits), data at 511 (8 bits).
 */
#ifndef DEV_FW_CFG_H
#define DEV_FW_CFG_H

#include "bus/bus.h"

enum { FW_CFG_MAX_ITEMS = 24, FW_CFG_BYTES = 512 };
enum fw_cfg_key {
    FW_CFG_SIGNATURE = 0,
    FW_CFG_ID = 1,
    FW_CFG_RAM_SIZE = 3,
    FW_CFG_NOGRAPHIC = 4,
    FW_CFG_NB_CPUS = 5,
    FW_CFG_MAX_CPUS = 0xf,
    FW_CFG_FILE_DIR = 0x19,
    FW_CFG_FILE_FIRST = 0x20,
    FW_CFG_E820 = 0x8003,
};

struct fw_cfg {
    struct fw_cfg_item {
        uint16_t key, off, n_bytes;
    } items[FW_CFG_MAX_ITEMS];
    unsigned n_items, n_bytes;
    uint8_t bytes[FW_CFG_BYTES];    /* the items' contents, one behind the other */
    const struct fw_cfg_item *item; /* selected, or NULL */
    unsigned at;                    /* next byte of it */
};

void fw_cfg_add(struct fw_cfg *fw_cfg, uint16_t key, const void *bytes, unsigned n_bytes);
void fw_cfg_reset(struct fw_cfg *fw_cfg); /* the items stay */
extern const struct bus_ops fw_cfg_ops;   /* 510-511 */

#endif
