/* board.c - the schematic: every port, IRQ and address of the machine on one page.
 *
 * Creates and wires the chips; what flows over the wires is in board_light.c, life (start, poll,
 * wait) in board_life.c. Must not contain a chip's behaviour.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board/board_internal.h"

enum { IRQ_PIT = 0, IRQ_KEYBOARD = 1, IRQ_RTC = 8, IRQ_COPROCESSOR = 13 };
const struct board_serial_place board_serial_place[BOARD_N_SERIAL] = {
    {0x3f8, 4},
    {0x2f8, 3},
    {0x3e8, 4},
    {0x2e8, 3},
};

#define LIGHT_BYTES      (BUS_LIGHT | BUS_BYTES)
#define LIGHT_READ_BYTES (BUS_LIGHT_READ | BUS_BYTES)

/* POST codes go to 80, where the DMA page registers have a byte that means nothing: there the
 * debug console takes the place of it. */
static int add_debugcon(struct board *b, unsigned i)
{
    enum { POST_PORT = 0x80 };
    uint16_t base = b->config.debugcon[i].base;
    bool over = base == POST_PORT || (b->config.has_testdev && base == PC_TESTDEV_PORT + 9);
    unsigned flags = LIGHT_BYTES | (over ? BUS_OVER : 0);
    return bus_add_ports(b->bus, "debugcon", base, 1, &debugcon_ops, &b->debugcon[i], flags);
}

/* Its byte port E9 gives way to a debug console there. */
static int add_testdev_ports(struct board *b)
{
    const uint32_t latch = PC_TESTDEV_PORT, flush = latch + 4, bytes = latch + 8;
    struct pc_testdev *testdev = &b->testdev;
    int error =
        bus_add_ports(b->bus, "pc-testdev", latch, 4, &pc_testdev_latch_ops, testdev, BUS_LIGHT);
    if (!error) {
        error = bus_add_ports(b->bus, "pc-testdev flush", flush, 4, &pc_testdev_flush_ops, testdev,
                              BUS_LIGHT);
    }
    if (!error) {
        error = bus_add_ports(b->bus, "pc-testdev bytes", bytes, 4, &pc_testdev_latch_ops, testdev,
                              LIGHT_BYTES);
    }
    return error ? error
                 : bus_add_ports(b->bus, "pc-testdev irq", PC_TESTDEV_IRQ_PORT, PC_TESTDEV_N_IRQS,
                                 &pc_testdev_irq_ops, testdev, LIGHT_BYTES);
}

static int add_ports(struct board *b)
{
    const struct {
        const char *name;
        uint32_t port, n;
        const struct bus_ops *ops;
        void *chip;
        unsigned flags;
    } map[] = {
        {"dma1", 0x00, 16, &dma8237_low_ops, &b->dma, LIGHT_BYTES},
        {"pic1", 0x20, 2, &i8259_master_ops, &b->pic, LIGHT_BYTES},
        {"pit", 0x40, 4, &i8254_ops, &b->pit, LIGHT_BYTES},
        {"keyboard data", 0x60, 1, &i8042_data_ops, &b->kbc, LIGHT_READ_BYTES},
        {"port 61", 0x61, 1, &sysctl_61_ops, &b->sysctl, LIGHT_BYTES},
        {"keyboard command", 0x64, 1, &i8042_command_ops, &b->kbc, LIGHT_READ_BYTES},
        {"rtc", 0x70, 2, &mc146818_ops, &b->rtc, LIGHT_BYTES},
        {"dma page, POST", 0x80, 16, &dma8237_page_ops, &b->dma, LIGHT_BYTES},
        {"port 92", 0x92, 1, &sysctl_92_ops, &b->sysctl, LIGHT_READ_BYTES},
        {"pic2", 0xa0, 2, &i8259_slave_ops, &b->pic, LIGHT_BYTES},
        {"dma2", 0xc0, 32, &dma8237_high_ops, &b->dma, LIGHT_BYTES},
        {"delay", 0xed, 1, &delay_port_ops, NULL, LIGHT_BYTES},
        {"coprocessor", 0xf0, 2, &coprocessor_ops, &b->coprocessor, LIGHT_BYTES},
        {"elcr", 0x4d0, 2, &i8259_elcr_ops, &b->pic, LIGHT_BYTES},
        {"fw_cfg", 0x510, 2, &fw_cfg_ops, &b->fw_cfg, BUS_LIGHT},
        {"acpi pm", BOARD_PM_PORT, ACPI_PM_PORTS, &acpi_pm_ops, &b->pm, BUS_LIGHT_READ},
        {"pci address, reset", 0xcf8, 4, &pci_address_ops, &b->pci, BUS_LIGHT_READ},
        {"pci data", 0xcfc, 4, &pci_data_ops, &b->pci, BUS_LIGHT_READ},
    };
    int error = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(map) && !error; i++) {
        error = bus_add_ports(b->bus, map[i].name, map[i].port, map[i].n, map[i].ops, map[i].chip,
                              map[i].flags);
    }
    for (unsigned i = 0; i < BOARD_N_SERIAL && !error; i++) {
        if (b->config.serial[i].kind != SERIAL_NONE) {
            error = bus_add_ports(b->bus, "serial", board_serial_place[i].port, 8, &uart16550_ops,
                                  &b->serial[i], LIGHT_BYTES);
        }
    }
    if (b->config.has_testdev && !error) {
        error = add_testdev_ports(b);
    }
    for (unsigned i = 0; i < b->config.n_debugcons && !error; i++) {
        error = add_debugcon(b, i);
    }
    if (b->config.parallel.kind != SERIAL_NONE && !error) {
        error = bus_add_ports(b->bus, "parallel", BOARD_PARALLEL_PORT, 3, &parallel_ops,
                              &b->parallel, LIGHT_BYTES);
    }
    if (b->config.has_debug_exit && !error) {
        error = bus_add_ports(b->bus, "isa-debug-exit", b->config.debug_exit_base,
                              b->config.debug_exit_bytes, &debug_exit_ops, &b->debug_exit, 0);
    }
    return error;
}

static void wire_chips(struct board *b)
{
    struct irq_line reset = board_request_wire(b, BOARD_RESET);
    int64_t utc_ns =
        b->config.rtc_base < 0 ? clock_host_utc_ns() : b->config.rtc_base * 1000000000ll;
    i8259_init(&b->pic, board_intr_wire(b));
    local_apic_init(&b->apic, board_apic_wire(b), board_nmi_wire(b));
    i8254_init(&b->pit, b->clock, board_irq(b, IRQ_PIT, SOURCE_PIT));
    mc146818_init(&b->rtc, b->clock, board_irq(b, IRQ_RTC, SOURCE_RTC), utc_ns);
    i8042_init(&b->kbc, board_irq(b, IRQ_KEYBOARD, SOURCE_KEYBOARD),
               board_a20_wire(b, A20_KEYBOARD), reset);
    sysctl_init(&b->sysctl, &b->pit, b->clock, board_a20_wire(b, A20_PORT92), reset);
    pci_init(&b->pci, reset, board_shadow_wire(b));
    acpi_pm_init(&b->pm, b->clock, board_irq(b, BOARD_SCI_IRQ, SOURCE_SCI),
                 board_request_wire(b, BOARD_POWER_OFF));
    b->coprocessor.irq = board_irq(b, IRQ_COPROCESSOR, SOURCE_COPROCESSOR);
    for (unsigned i = 0; i < ARRAY_SIZE(b->testdev.irq); i++) {
        b->testdev.irq[i] = board_irq(b, i, SOURCE_TESTDEV);
    }
    b->debug_exit = (struct debug_exit){.exit = board_exit_from_guest, .arg = b};
    dma8237_reset(&b->dma);
}

/* ---- what the outside is connected to ---- */

/* One output per file; everything that goes to standard output shares the first. */
static int open_output(struct board *b, const char *path, struct board_output **output)
{
    struct board_output *new_output = path ? &b->output[b->n_outputs] : &b->output[0];
    *output = new_output;
    if (!path && new_output->is_open) {
        return 0;
    }
    new_output->board = b;
    new_output->flush_timer.expire = board_output_expire;
    new_output->flush_timer.arg = new_output;
    clock_add_timer(b->clock, &new_output->flush_timer);
    int error = host_output_open(&new_output->host, path, board_output_first, new_output);
    new_output->is_open = !error;
    if (path) {
        b->n_outputs++;
    }
    return error;
}

static int connect_sink(struct board *b, const struct serial_config *config, struct byte_sink *sink)
{
    struct board_output *output;
    *sink = (struct byte_sink){0};
    if (config->kind == SERIAL_NONE || config->kind == SERIAL_NULL) {
        return 0;
    }
    int error = open_output(b, config->kind == SERIAL_FILE ? config->path : NULL, &output);
    if (!error) {
        *sink = (struct byte_sink){.put = host_output_put, .arg = &output->host};
    }
    return error;
}

static int connect_outside(struct board *b, const char **what)
{
    b->output[0].host.fd = -1;
    b->n_outputs = 1;
    b->input_serial = -1;
    for (int i = 0; i < BOARD_N_SERIAL; i++) {
        struct byte_sink sink;
        struct byte_source source = {0};
        const struct serial_config *config = &b->config.serial[i];
        *what = config->path;
        int error = connect_sink(b, config, &sink);
        if (error) {
            return error;
        }
        if (config->kind == SERIAL_STDIO && b->input_serial < 0) {
            b->input_serial = i;
            source = (struct byte_source){.take = host_input_take, .arg = &b->input};
        }
        uart16550_init(&b->serial[i], b->clock,
                       board_irq(b, board_serial_place[i].irq, SOURCE_SERIAL + (unsigned)i), sink,
                       source);
    }
    for (unsigned i = 0; i < b->config.n_debugcons; i++) {
        *what = b->config.debugcon[i].config.path;
        int error = connect_sink(b, &b->config.debugcon[i].config, &b->debugcon[i].sink);
        if (error) {
            return error;
        }
    }
    *what = b->config.parallel.path;
    return connect_sink(b, &b->config.parallel, &b->parallel.sink);
}

/* ---- MMIO ---- */

static uint32_t mmio_read(void *arg, uint32_t phys, unsigned size_bytes)
{
    return bus_mmio_read(arg, phys, size_bytes);
}

static void mmio_write(void *arg, uint32_t phys, unsigned size_bytes, uint32_t value)
{
    bus_mmio_write(arg, phys, size_bytes, value);
}

static int add_mmio(struct board *b)
{
    mem_set_type(b->mem, BOARD_APIC_PHYS, LOCAL_APIC_BYTES, MEM_MMIO);
    if (b->config.has_testdev) {
        mem_set_type(b->mem, PC_TESTDEV_PHYS, PC_TESTDEV_MEM_BYTES, MEM_MMIO);
        int error = bus_add_mmio(b->bus, "pc-testdev", PC_TESTDEV_PHYS, PC_TESTDEV_MEM_BYTES,
                                 &pc_testdev_mem_ops, &b->testdev, BUS_LIGHT);
        if (error) {
            return error;
        }
    }
    return bus_add_mmio(b->bus, "local apic", BOARD_APIC_PHYS, LOCAL_APIC_BYTES, &local_apic_ops,
                        &b->apic, BUS_LIGHT);
}

/* ---- creation ---- */

static const char *describe(int error, const char *format, const char *what)
{
    char *line = NULL;
    if (asprintf(&line, format, what ? what : "", strerror(-error)) < 0) {
        return "out of memory";
    }
    return line;
}

int board_create(struct board **board, struct mem *mem, const struct board_config *config,
                 uint32_t *intr, const char **error)
{
    const char *what = NULL;
    struct board *b = calloc(1, sizeof *b);
    *board = NULL;
    if (!b) {
        *error = "out of memory";
        return -ENOMEM;
    }
    b->mem = mem;
    b->config = *config;
    b->intr = intr;
    b->host_timer.id = -1;
    b->wake.fd = -1;
    b->input.control_fd = -1;
    memset(b->shadow, SHADOW_UNSET, sizeof b->shadow);
    b->bus = bus_create();
    b->clock = clock_create();
    int result = b->bus && b->clock ? host_wake_create(&b->wake) : -ENOMEM;
    if (result) {
        *error = describe(result, "cannot create the machine's board%s: %s", NULL);
        goto fail;
    }
    wire_chips(b);
    result = connect_outside(b, &what);
    if (result) {
        *error = describe(result, "cannot write the output of a port to '%s': %s", what);
        goto fail;
    }
    result = add_ports(b);
    result = result ? result : add_mmio(b);
    if (result) {
        *error = describe(result,
                          "debugcon or isa-debug-exit%s: the port is taken or out of range (%s); "
                          "choose another iobase",
                          NULL);
        goto fail;
    }
    result = board_add_firmware(b);
    if (result) {
        *error = describe(result, "cannot set up the BIOS area%s: %s", NULL);
        goto fail;
    }
    mem->mmio_read = mmio_read;
    mem->mmio_write = mmio_write;
    mem->mmio_arg = b->bus;
    *intr = 0;
    board_reset(b);
    *board = b;
    return 0;
fail:
    board_destroy(b);
    return result;
}

void board_reset(struct board *b)
{
    board_flush(b);
    i8259_reset(&b->pic);
    local_apic_reset(&b->apic);
    i8254_reset(&b->pit);
    mc146818_reset(&b->rtc);
    i8042_reset(&b->kbc);
    irq_set(&b->coprocessor.irq, false);
    sysctl_reset(&b->sysctl);
    dma8237_reset(&b->dma);
    parallel_reset(&b->parallel);
    pci_reset(&b->pci);
    fw_cfg_reset(&b->fw_cfg);
    acpi_pm_reset(&b->pm);
    for (unsigned i = 0; i < BOARD_N_SERIAL; i++) {
        uart16550_reset(&b->serial[i]);
    }
    b->request = BOARD_RUN;
    b->exit_status = 0;
    board_run_firmware(b);
}

struct bus *board_bus(struct board *board)
{
    return board->bus;
}

struct clock *board_clock(struct board *board)
{
    return board->clock;
}

void board_set_a20_hook(struct board *board, void (*hook)(void *arg, bool open), void *arg)
{
    board->a20_hook = hook;
    board->a20_hook_arg = arg;
    if (hook) {
        hook(arg, board->a20_open);
    }
}
