/* board.h - the schematic: creates the chips, says every port, IRQ and address on one page, and is
 * what the monitor sees of the machine's hardware.
 */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include "bus/bus.h"
#include "bus/clock.h"
#include "mem/mem.h"

enum board_request { BOARD_RUN, BOARD_RESET, BOARD_POWER_OFF, BOARD_EXIT /* isa-debug-exit */ };

enum serial_kind { SERIAL_NONE, SERIAL_STDIO, SERIAL_FILE, SERIAL_NULL };
struct serial_config {
    enum serial_kind kind;
    const char *path;
};

enum { BOARD_MAX_DEBUGCONS = 4 };
struct board_config {
    struct serial_config serial[4];
    bool mux_monitor_keys; /* Ctrl-A x quits etc. (-nographic) */
    bool has_debug_exit;   /* -device isa-debug-exit,iobase=,iosize= */
    uint16_t debug_exit_base, debug_exit_bytes;
    bool has_testdev;        /* -device pc-testdev */
    struct debugcon_config { /* -debugcon stdio|file:F ; port e9 or iobase */
        uint16_t base;
        struct serial_config config;
    } debugcon[BOARD_MAX_DEBUGCONS];
    unsigned n_debugcons;
    struct serial_config parallel; /* SERIAL_NONE: there is no parallel port */
    /* -bios: multiple of 64 KiB; NULL: one that says what a BIOS would have done has been done. The
     * bytes are copied. */
    const uint8_t *firmware;
    uint32_t firmware_bytes;
    bool firmware_runs; /* the CPU begins in it: it sets up chips and low memory, not we */
    int64_t rtc_base;   /* Unix seconds at power-on, or -1: host's UTC */
};

struct board; /* opaque */
/* 0 or -errno with *error = one line for the user (static or malloc'ed). intr: written 1/0 as the
 * INTR output of the interrupt controller changes (cpu->intr). */
int board_create(struct board **board, struct mem *mem, const struct board_config *config,
                 uint32_t *intr, const char **error);
/* *nmi becomes true with each edge of the NMI input (cpu->nmi); the CPU takes it back. */
void board_connect_nmi(struct board *board, bool *nmi);
void board_destroy(struct board *board);
void board_reset(struct board *board); /* the RESET line of every chip */
struct bus *board_bus(struct board *board);
struct clock *board_clock(struct board *board);
/* INTA cycle: vector of the highest pending interrupt (spurious ones as the 8259 does). Light. */
unsigned board_ack_interrupt(struct board *board);
/* The CPU's FERR# pin: an x87 exception with CR0.NE=0 becomes interrupt 13. Light. */
void board_report_fpu_error(struct board *board);
/* Expires timers, takes host input. Full (any C). */
void board_poll(struct board *board);
/* Guest time stands still between the two, as clock_pause() and clock_resume() say. Full. */
void board_pause_time(struct board *board);
uint64_t board_resume_time(struct board *board);
/* HLT: sleeps until the next timer deadline or host input, at most max_ns; then polls. Full. */
void board_wait(struct board *board, uint64_t max_ns);
/* What the hardware asked for: reset, power-off or exit with *status. Cleared by board_reset.
 * Light. */
enum board_request board_get_request(const struct board *board, int *status);
void board_set_request(struct board *board, enum board_request request, int status);
/* Starts host threads and timers that kick the vCPU (thread = caller) by calling kick(arg), which
 * is async-signal-safe, from another thread or a signal handler. */
int board_start(struct board *board, void (*kick)(void *arg), void *arg);
/* Async-signal-safe, any thread: the current or next board_wait() returns at once. */
void board_wake(struct board *board);
/* Writes out what the guest has sent. For the end of the process, BUG reports included. Light. */
void board_flush(struct board *board);
/* The A20 gate: open unless both the keyboard controller and port 92 hold it closed. hook is called
 * at once and at each change (its writes are never light, see BUS_LIGHT_READ). */
void board_set_a20_hook(struct board *board, void (*hook)(void *arg, bool open), void *arg);
/* hook is called when the chip set is about to show other memory at C0000-FFFFF: it drops what it
 * knows of these pages and calls board_show_memory(), which does it. Never light. */
void board_set_memory_hook(struct board *board, void (*hook)(void *arg), void *arg);
void board_show_memory(struct board *board);
/* Fills E820-style ranges of the memory map: returns count. type 1 RAM, 2 reserved, 3 ACPI tables,
 * 4 ACPI NVS. */
struct board_e820 {
    uint64_t base, n_bytes;
    uint32_t type;
};
unsigned board_memory_map(const struct board *board, struct board_e820 *map, unsigned max);

#endif
