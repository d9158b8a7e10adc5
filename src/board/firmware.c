/* firmware.c - the firmware ROM, and what a BIOS would have left behind: memory map, ACPI tables,
 * CMOS, BIOS data area and the state of the chips.
 *
 * Where a kernel or program is given, no firmware runs; load/ enters the guest where a boot loader
 * would. Multiboot and Linux expect what is set here. With -bios alone the firmware does it itself
 * and finds chips and RAM as after power-on. Owns the legacy memory layout (without -bios):
 *
 *   000000-09FBFF  RAM                       0A0000-0BFFFF  nothing (no VGA)
 *   09FC00-09FFFF  RAM, reserved (EBDA)      0C0000-0EFFFF  nothing
 *   100000-top     RAM                       0F0000-0FFFFF  ROM: RSDP, reset vector, BIOS date
 *   the last two pages of RAM: ACPI tables, FACS (unless RAM is below 2 MiB: no ACPI then)
 *   the last 64 KiB below 4 GiB: the same ROM
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "board/board_internal.h"

enum {
    EBDA_PHYS = 0x9fc00,
    HOLE_PHYS = 0xa0000,
    SHADOW_PHYS = 0xc0000,
    BIOS_PHYS = 0xf0000,
    BIOS_BYTES = 0x10000,
    RSDP_OFF = 0x5a00,
};
enum { E820_RAM = 1, E820_RESERVED = 2, E820_ACPI = 3, E820_NVS = 4 };
enum { BASE_KIB = 639, HIGH_PHYS = 0x100000 };

static bool has_acpi(const struct board *board)
{
    return board->mem->ram_bytes >= MIB(2);
}

static uint32_t facs_phys(const struct board *board)
{
    return (uint32_t)board->mem->ram_bytes - PAGE_BYTES;
}

static uint32_t tables_phys(const struct board *board)
{
    return facs_phys(board) - PAGE_BYTES;
}

unsigned board_memory_map(const struct board *board, struct board_e820 *map, unsigned max)
{
    uint64_t ram_end = board->mem->ram_bytes;
    uint64_t free_end = has_acpi(board) ? tables_phys(board) : ram_end;
    const struct board_e820 all[] = {
        {0, EBDA_PHYS, E820_RAM},
        {EBDA_PHYS, HOLE_PHYS - EBDA_PHYS, E820_RESERVED},
        {BIOS_PHYS, BIOS_BYTES, E820_RESERVED},
        {HIGH_PHYS, free_end - HIGH_PHYS, E820_RAM},
        {free_end, PAGE_BYTES, E820_ACPI},
        {free_end + PAGE_BYTES, PAGE_BYTES, E820_NVS},
    };
    unsigned n = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(all) && n < max; i++) {
        if (all[i].n_bytes && all[i].base < ram_end) {
            map[n++] = all[i];
        }
    }
    return n;
}

/* ---- ROM ---- */

static void build_bios(struct board *board, uint8_t *rom)
{
    static const uint8_t reset_vector[] = {0xf4, 0xeb, 0xfd}; /* hlt; jmp back: nothing to boot */
    memset(rom, 0xff, BIOS_BYTES);
    if (has_acpi(board)) {
        acpi_build_rsdp(rom + RSDP_OFF, tables_phys(board));
    }
    memcpy(rom + 0xfff0, reset_vector, sizeof reset_vector);
    memcpy(rom + 0xfff5, "01/01/99", 8); /* BIOS date */
    rom[0xfffe] = 0xfc;                  /* model: AT */
}

static int add_rom(struct board *board, const uint8_t *bytes, uint32_t n_bytes)
{
    int error = mem_add_rom(board->mem, -n_bytes, bytes, n_bytes);
    if (!error) {
        board->rom_bytes = n_bytes;
        mem_set_type(board->mem, HOLE_PHYS, SHADOW_PHYS - HOLE_PHYS, MEM_NONE);
        board_show_memory(board);
    }
    return error;
}

static void put_le(uint8_t *out, unsigned n_bytes, uint64_t value)
{
    for (unsigned i = 0; i < n_bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

/* One file, the memory map: RAM from 0, holes as every PC has them (QEMU, docs/specs/fw_cfg). */
static void add_fw_cfg_files(struct board *board)
{
    static const char name[] = "etc/e820";
    uint8_t e820[20], dir[4 + 64] = {[3] = 1, [7] = sizeof e820, [9] = FW_CFG_FILE_FIRST};
    put_le(e820, 8, 0);
    put_le(e820 + 8, 8, board->mem->ram_bytes);
    put_le(e820 + 16, 4, E820_RAM);
    memcpy(dir + 12, name, sizeof name);
    fw_cfg_add(&board->fw_cfg, FW_CFG_FILE_DIR, dir, sizeof dir);
    fw_cfg_add(&board->fw_cfg, FW_CFG_FILE_FIRST, e820, sizeof e820);
}

static void add_fw_cfg(struct board *board)
{
    const struct {
        uint16_t key, n_bytes;
        uint64_t value;
    } numbers[] = {
        {FW_CFG_ID, 4, 1},        {FW_CFG_RAM_SIZE, 8, board->mem->ram_bytes},
        {FW_CFG_NOGRAPHIC, 2, 1}, {FW_CFG_NB_CPUS, 2, 1},
        {FW_CFG_MAX_CPUS, 2, 1},
    };
    fw_cfg_add(&board->fw_cfg, FW_CFG_SIGNATURE, "QEMU", 4);
    for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
        uint8_t bytes[8];
        put_le(bytes, numbers[i].n_bytes, numbers[i].value);
        fw_cfg_add(&board->fw_cfg, numbers[i].key, bytes, numbers[i].n_bytes);
    }
    add_fw_cfg_files(board);
}

int board_add_firmware(struct board *board)
{
    add_fw_cfg(board);
    if (board->config.firmware) {
        return add_rom(board, board->config.firmware, board->config.firmware_bytes);
    }
    uint8_t *rom = malloc(BIOS_BYTES);
    if (!rom) {
        return -ENOMEM;
    }
    build_bios(board, rom);
    int error = add_rom(board, rom, BIOS_BYTES);
    free(rom);
    return error;
}

/* ---- after each reset ---- */

static void write_acpi(struct board *board)
{
    uint8_t page[ACPI_TABLES_BYTES];
    const struct acpi_addresses at = {.tables_phys = tables_phys(board),
                                      .facs_phys = facs_phys(board),
                                      .pm_port = BOARD_PM_PORT,
                                      .sci_irq = BOARD_SCI_IRQ};
    unsigned n_bytes = acpi_build_tables(page, &at);
    mem_write(board->mem, at.tables_phys, page, n_bytes);
    acpi_build_facs(page);
    mem_write(board->mem, at.facs_phys, page, ACPI_FACS_BYTES);
}

static void write_word(struct board *board, uint32_t phys, uint16_t value)
{
    uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
    mem_write(board->mem, phys, bytes, 2);
}

/* BIOS data area: what boot loaders and Linux's setup look at. */
static void write_bda(struct board *board)
{
    unsigned n_serial = 0;
    for (unsigned i = 0; i < BOARD_N_SERIAL; i++) {
        if (board->config.serial[i].kind != SERIAL_NONE) {
            write_word(board, 0x400 + 2 * n_serial++, board_serial_place[i].port);
        }
    }
    write_word(board, 0x40e, EBDA_PHYS >> 4);
    write_word(board, 0x410, (uint16_t)(2 | n_serial << 9)); /* coprocessor, serial ports */
    write_word(board, 0x413, BASE_KIB);
    write_word(board, EBDA_PHYS, 1); /* EBDA: its size in KiB */
}

/* Memory sizes where every BIOS keeps them, in KiB and in units of 64 KiB. */
static void write_cmos(struct board *board)
{
    uint8_t *cmos = board->rtc.cmos;
    uint64_t high_kib = (board->mem->ram_bytes - HIGH_PHYS) >> 10;
    uint64_t extended_kib = high_kib < 65535 ? high_kib : 65535;
    uint64_t above_16m = board->mem->ram_bytes > MIB(16) ? board->mem->ram_bytes - MIB(16) : 0;
    uint64_t n_64k = above_16m >> 16;
    cmos[0x14] = 0x02; /* equipment: coprocessor */
    cmos[0x15] = 640 & 0xff;
    cmos[0x16] = 640 >> 8;
    cmos[0x17] = cmos[0x30] = (uint8_t)extended_kib;
    cmos[0x18] = cmos[0x31] = (uint8_t)(extended_kib >> 8);
    cmos[0x34] = (uint8_t)n_64k;
    cmos[0x35] = (uint8_t)(n_64k >> 8);
    cmos[0x5b] = cmos[0x5c] = cmos[0x5d] = 0; /* nothing above 4 GiB */
    uint16_t sum = 0;
    for (unsigned i = 0x10; i < 0x2e; i++) {
        sum = (uint16_t)(sum + cmos[i]);
    }
    cmos[0x2e] = (uint8_t)(sum >> 8);
    cmos[0x2f] = (uint8_t)sum;
}

/* Interrupts at 08 and 70 and all masked (nobody would handle them), SCI level triggered, the timer
 * at 18.2 Hz, refresh running, A20 open. */
static void set_chips(struct board *board)
{
    static const struct {
        uint16_t port;
        uint8_t value;
    } writes[] = {
        {0x20, 0x11},
        {0x21, 0x08},
        {0x21, 0x04},
        {0x21, 0x01},
        {0x21, 0xff},
        {0xa0, 0x11},
        {0xa1, 0x70},
        {0xa1, 0x02},
        {0xa1, 0x01},
        {0xa1, 0xff},
        {0x4d1, 1 << (BOARD_SCI_IRQ - 8)},
        {0x43, 0x36},
        {0x40, 0x00},
        {0x40, 0x00},
        {0x43, 0x54},
        {0x41, 18},
        {0x92, 0x02}, /* A20 open, by port 92 as firmware does it today */
    };
    for (unsigned i = 0; i < ARRAY_SIZE(writes); i++) {
        bus_port_write(board->bus, writes[i].port, 1, writes[i].value);
    }
}

void board_run_firmware(struct board *board)
{
    write_cmos(board);
    if (board->config.firmware_runs) {
        bus_port_write(board->bus, 0x92, 1, 0x02); /* A20 open: firmware begins below 4 GiB */
        return;
    }
    write_bda(board);
    set_chips(board);
    if (has_acpi(board)) {
        write_acpi(board);
    }
}
