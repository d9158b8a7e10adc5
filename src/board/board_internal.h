/* board_internal.h - struct board: every chip and every wire of the machine. For board/ only. */
#ifndef BOARD_BOARD_INTERNAL_H
#define BOARD_BOARD_INTERNAL_H

#include "board/board.h"
#include "dev/acpi_pm.h"
#include "dev/debug_ports.h"
#include "dev/dma8237.h"
#include "dev/fw_cfg.h"
#include "dev/i8042.h"
#include "dev/i8254.h"
#include "dev/i8259.h"
#include "dev/local_apic.h"
#include "dev/mc146818.h"
#include "dev/parallel.h"
#include "dev/pc_testdev.h"
#include "dev/pci.h"
#include "dev/sysctl.h"
#include "dev/uart16550.h"
#include "host/input.h"
#include "host/output.h"

enum { BOARD_N_SERIAL = 4, BOARD_N_OUTPUTS = BOARD_N_SERIAL + BOARD_MAX_DEBUGCONS + 2 };

/* The few places that chips' wiring (board.c) and the tables for the guest (firmware.c) share. */
/* The PM timer (base + 8) lies on ISA Plug and Play's write port A79: the board has no ISA slots,
 * and a system that finds the port taken does not wait 0.35 s for cards to answer (Linux:
 * isapnp_init). */
enum { BOARD_PM_PORT = 0xa70, BOARD_SCI_IRQ = 9, BOARD_PARALLEL_PORT = 0x378 };
#define BOARD_APIC_PHYS 0xfee00000u
struct board_serial_place {
    uint16_t port;
    uint8_t irq;
};
extern const struct board_serial_place board_serial_place[BOARD_N_SERIAL];

/* Who may pull an interrupt line. Several may share one: the wire is their OR. */
enum irq_source {
    SOURCE_PIT,
    SOURCE_KEYBOARD,
    SOURCE_RTC,
    SOURCE_SCI,
    SOURCE_COPROCESSOR,
    SOURCE_TESTDEV,
    SOURCE_SERIAL,
    SOURCE_END = SOURCE_SERIAL + BOARD_N_SERIAL,
};
enum a20_source { A20_KEYBOARD = 1, A20_PORT92 = 2 };

struct board_output {
    struct host_output host;
    struct timer flush_timer;
    struct board *board;
    bool is_open;
};

struct board {
    struct mem *mem;
    struct board_config config;
    struct bus *bus;
    struct clock *clock;

    struct i8259_pair pic;
    struct local_apic apic;
    struct i8254 pit;
    struct mc146818 rtc;
    struct i8042 kbc;
    struct sysctl sysctl;
    struct dma8237 dma;
    struct pci pci;
    struct acpi_pm pm;
    struct uart16550 serial[BOARD_N_SERIAL];
    struct debugcon debugcon[BOARD_MAX_DEBUGCONS];
    struct parallel parallel;
    struct debug_exit debug_exit;
    struct pc_testdev testdev;
    struct coprocessor coprocessor;
    struct fw_cfg fw_cfg;

    uint32_t *intr; /* cpu->intr: the 8259's or the local APIC's */
    bool pic_intr;
    bool *nmi;                /* cpu->nmi, or NULL */
    uint32_t irq_sources[16]; /* bit per enum irq_source */
    unsigned a20_sources;     /* enum a20_source: levels of the two */
    bool a20_open;
    void (*a20_hook)(void *arg, bool open);
    void *a20_hook_arg;
    uint32_t rom_bytes;               /* of the firmware below 4 GiB */
    uint8_t shadow[PCI_PAM_SEGMENTS]; /* what is shown now: PCI_PAM_*, SHADOW_UNSET */
    void (*memory_hook)(void *arg);
    void *memory_hook_arg;
    enum board_request request;
    int exit_status;

    struct board_output output[BOARD_N_OUTPUTS]; /* [0] is standard output */
    unsigned n_outputs;
    struct host_input input;
    int input_serial; /* which serial port standard input goes to, or -1 */
    struct host_timer host_timer;
    struct host_wake wake;
};

/* ---- board_light.c ---- */
struct irq_line board_irq(struct board *board, unsigned irq, unsigned source);
struct irq_line board_intr_wire(struct board *board);
struct irq_line board_apic_wire(struct board *board);
struct irq_line board_nmi_wire(struct board *board);
struct irq_line board_a20_wire(struct board *board, enum a20_source source);
struct irq_line board_request_wire(struct board *board, enum board_request request);
void board_exit_from_guest(void *board, int status);
void board_output_first(void *output);                   /* host_output.on_first */
void board_output_expire(void *output, uint64_t now_ns); /* timer.expire */

/* ---- firmware.c: what a BIOS would have left behind ---- */
int board_add_firmware(struct board *board);  /* ROM and page types, once. 0 or -errno */
void board_run_firmware(struct board *board); /* chips and low memory, after each reset */

/* ---- shadow.c: what is at C0000-FFFFF ---- */
enum { SHADOW_UNSET = 0xff };
struct irq_line board_shadow_wire(struct board *board);

/* ---- acpi.c: tables, pure ---- */
enum { ACPI_RSDP_BYTES = 20, ACPI_FACS_BYTES = 64, ACPI_TABLES_BYTES = 4096 };
struct acpi_addresses {
    uint32_t tables_phys; /* page for RSDT, FADT, DSDT; RSDT comes first */
    uint32_t facs_phys;   /* 64-byte aligned */
    uint16_t pm_port;
    uint8_t sci_irq;
};
/* out: ACPI_TABLES_BYTES bytes. Returns the bytes used. */
unsigned acpi_build_tables(uint8_t *out, const struct acpi_addresses *at);
void acpi_build_facs(uint8_t *out);
void acpi_build_rsdp(uint8_t *out, uint32_t rsdt_phys);

#endif
