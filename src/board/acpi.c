/* acpi.c - ACPI tables, byte by byte. Pure: addresses in, bytes out.
 *
 * Source: ACPI specification 2.0, chapters 5.2 (tables) and 18.2 (AML grammar). What the tables
 * say: one CPU with an 8259 pair (no MADT), SCI on IRQ 9, always in ACPI mode, S5, reset through
 * CF9.
 */
#include <string.h>

#include "board/board_internal.h"

enum { HEADER_BYTES = 36, FADT_BYTES = 244, RSDT_BYTES = HEADER_BYTES + 4, TABLE_ALIGN = 16 };
enum { HEADER_CHECKSUM = 9, RSDP_CHECKSUM = 8 };
enum { RESET_PORT = 0xcf9, RESET_VALUE = 6 };

static void put_le(uint8_t *out, unsigned off, unsigned n_bytes, uint32_t value)
{
    for (unsigned i = 0; i < n_bytes; i++) {
        out[off + i] = (uint8_t)(value >> (8 * i));
    }
}

static void put_checksum(uint8_t *table, unsigned n_bytes, unsigned checksum_off)
{
    uint8_t sum = 0;
    table[checksum_off] = 0;
    for (unsigned i = 0; i < n_bytes; i++) {
        sum = (uint8_t)(sum + table[i]);
    }
    table[checksum_off] = (uint8_t)-sum;
}

static void put_header(uint8_t *table, const char *signature, unsigned n_bytes, uint8_t revision)
{
    memcpy(table, signature, 4);
    put_le(table, 4, 4, n_bytes);
    table[8] = revision;
    memcpy(table + 10, "PLEX86", 6);   /* OEM */
    memcpy(table + 16, "PLEX86PC", 8); /* OEM table */
    put_le(table, 24, 4, 1);
    memcpy(table + 28, "PLEX", 4); /* creator */
    put_le(table, 32, 4, 1);
}

/* Name (\_S5, Package () {5, 5, 0, 0}): SLP_TYP for PM1a and PM1b. */
static unsigned build_dsdt(uint8_t *table)
{
    static const uint8_t aml[] = {
        0x08, '_',
        'S',  '5',
        '_', /* NameOp */
        0x12, 0x08,
        4, /* PackageOp, PkgLength (counts itself), elements */
        0x0a, ACPI_SLP_TYP_S5,
        0x0a, ACPI_SLP_TYP_S5,
        0x00, 0x00,
    };
    unsigned n_bytes = HEADER_BYTES + sizeof aml;
    put_header(table, "DSDT", n_bytes, 1); /* revision 1: integers are 32 bits */
    memcpy(table + HEADER_BYTES, aml, sizeof aml);
    put_checksum(table, n_bytes, HEADER_CHECKSUM);
    return n_bytes;
}

static void build_fadt(uint8_t *t, const struct acpi_addresses *at, uint32_t dsdt_phys)
{
    enum { /* IAPC_BOOT_ARCH */
           LEGACY_DEVICES = 1,
           HAS_8042 = 2,
           NO_VGA = 4,
    };
    enum { /* flags; the "fixed" buttons and RTC wake do not exist: bits set */
           WBINVD = 1,
           PROC_C1 = 4,
           PWR_BUTTON = 0x10,
           SLP_BUTTON = 0x20,
           FIX_RTC = 0x40,
           RESET_REG_SUP = 0x400,
    };
    put_header(t, "FACP", FADT_BYTES, 3);
    put_le(t, 36, 4, at->facs_phys);
    put_le(t, 40, 4, dsdt_phys);
    t[45] = 1; /* preferred profile: desktop */
    put_le(t, 46, 2, at->sci_irq);
    put_le(t, 56, 4, at->pm_port + ACPI_PM1_EVENT);
    put_le(t, 64, 4, at->pm_port + ACPI_PM1_CONTROL);
    put_le(t, 76, 4, at->pm_port + ACPI_PM_TIMER);
    t[88] = ACPI_PM1_EVENT_BYTES;
    t[89] = ACPI_PM1_CONTROL_BYTES;
    t[91] = ACPI_PM_TIMER_BYTES;
    put_le(t, 96, 2, 0xffff); /* no C2 */
    put_le(t, 98, 2, 0xffff); /* no C3 */
    t[108] = RTC_CENTURY;
    put_le(t, 109, 2, LEGACY_DEVICES | HAS_8042 | NO_VGA);
    put_le(t, 112, 4, WBINVD | PROC_C1 | PWR_BUTTON | SLP_BUTTON | FIX_RTC | RESET_REG_SUP);
    t[116] = 1; /* reset register: I/O space, 8 bits, byte access */
    t[117] = 8;
    t[119] = 1;
    put_le(t, 120, 4, RESET_PORT);
    t[128] = RESET_VALUE;
    put_checksum(t, FADT_BYTES, HEADER_CHECKSUM);
}

static unsigned align_up(unsigned off)
{
    return (off + TABLE_ALIGN - 1) & ~(unsigned)(TABLE_ALIGN - 1);
}

unsigned acpi_build_tables(uint8_t *out, const struct acpi_addresses *at)
{
    unsigned fadt_off = align_up(RSDT_BYTES);
    unsigned dsdt_off = align_up(fadt_off + FADT_BYTES);
    memset(out, 0, ACPI_TABLES_BYTES);
    put_header(out, "RSDT", RSDT_BYTES, 1);
    put_le(out, HEADER_BYTES, 4, at->tables_phys + fadt_off);
    put_checksum(out, RSDT_BYTES, HEADER_CHECKSUM);
    build_fadt(out + fadt_off, at, at->tables_phys + dsdt_off);
    return dsdt_off + build_dsdt(out + dsdt_off);
}

void acpi_build_facs(uint8_t *out)
{
    memset(out, 0, ACPI_FACS_BYTES);
    memcpy(out, "FACS", 4);
    put_le(out, 4, 4, ACPI_FACS_BYTES);
    out[32] = 1; /* version */
}

void acpi_build_rsdp(uint8_t *out, uint32_t rsdt_phys)
{
    memset(out, 0, ACPI_RSDP_BYTES);
    memcpy(out, "RSD PTR ", 8);
    memcpy(out + 9, "PLEX86", 6);
    put_le(out, 16, 4, rsdt_phys);
    put_checksum(out, ACPI_RSDP_BYTES, RSDP_CHECKSUM);
}
