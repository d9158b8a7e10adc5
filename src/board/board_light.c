/* board_light.c - the wires: what happens on the board when a chip pulls one. Light.
 *
 * Place in the flow: chip -> wire -> 8259 -> cpu->intr, or chip -> request that the monitor sees.
 */
#include "board/board_internal.h"

/* ---- interrupts ---- */

static void set_irq(void *arg, unsigned number, bool level)
{
    struct board *board = arg;
    unsigned irq = number & 15;
    uint32_t bit = 1u << (number >> 4);
    uint32_t sources = board->irq_sources[irq];
    sources = level ? sources | bit : sources & ~bit;
    board->irq_sources[irq] = sources;
    i8259_set_line(&board->pic, irq, sources != 0);
}

struct irq_line board_irq(struct board *board, unsigned irq, unsigned source)
{
    return (struct irq_line){.set = set_irq, .arg = board, .number = irq | source << 4};
}

static void set_intr(void *arg, unsigned number, bool level)
{
    struct board *board = arg;
    (void)number;
    board->pic_intr = level;
    *board->intr = level || board->apic.pending;
}

static void set_apic_intr(void *arg, unsigned number, bool level)
{
    struct board *board = arg;
    (void)number;
    *board->intr = level || board->pic_intr;
}

struct irq_line board_apic_wire(struct board *board)
{
    return (struct irq_line){.set = set_apic_intr, .arg = board};
}

static void pulse_nmi(void *arg, unsigned number, bool level)
{
    struct board *board = arg;
    (void)number;
    if (board->nmi && level) {
        *board->nmi = true;
    }
}

struct irq_line board_nmi_wire(struct board *board)
{
    return (struct irq_line){.set = pulse_nmi, .arg = board};
}

void board_connect_nmi(struct board *board, bool *nmi)
{
    board->nmi = nmi;
}

struct irq_line board_intr_wire(struct board *board)
{
    return (struct irq_line){.set = set_intr, .arg = board};
}

unsigned board_ack_interrupt(struct board *board)
{
    return board->apic.pending ? local_apic_acknowledge(&board->apic)
                               : i8259_acknowledge(&board->pic);
}

void board_report_fpu_error(struct board *board)
{
    coprocessor_report(&board->coprocessor);
}

/* ---- A20 ---- */

/* Whoever changed last decides. DEVIATION: chipsets join keyboard controller and port 92 by OR; but
 * what firmware leaves in the keyboard controller differs, and QEMU, Bochs and the software written
 * on them expect either one alone to close the gate. */
static void set_a20(void *arg, unsigned number, bool level)
{
    struct board *board = arg;
    bool changes = !(board->a20_sources & number) == level;
    board->a20_sources = level ? board->a20_sources | number : board->a20_sources & ~number;
    if (changes && board->a20_open != level) {
        board->a20_open = level;
        if (board->a20_hook) {
            board->a20_hook(board->a20_hook_arg, level);
        }
    }
}

struct irq_line board_a20_wire(struct board *board, enum a20_source source)
{
    return (struct irq_line){.set = set_a20, .arg = board, .number = source};
}

/* ---- requests to the monitor ---- */

enum board_request board_get_request(const struct board *board, int *status)
{
    *status = board->exit_status;
    return board->request;
}

void board_set_request(struct board *board, enum board_request request, int status)
{
    board->request = request;
    board->exit_status = status;
    if (request != BOARD_RUN) {
        board_flush(board);
    }
}

static void pull_request(void *arg, unsigned number, bool level)
{
    struct board *board = arg;
    if (level && board->request == BOARD_RUN) { /* the first one counts */
        board_set_request(board, (enum board_request)number, 0);
    }
}

struct irq_line board_request_wire(struct board *board, enum board_request request)
{
    return (struct irq_line){.set = pull_request, .arg = board, .number = request};
}

void board_exit_from_guest(void *arg, int status)
{
    struct board *board = arg;
    if (board->request == BOARD_RUN) {
        board_set_request(board, BOARD_EXIT, status);
    }
}

/* ---- output ---- */

void board_output_first(void *arg)
{
    enum { FLUSH_AFTER_NS = 1000000 }; /* a line of text becomes one write; nobody sees 1 ms */
    struct board_output *output = arg;
    struct clock *clock = output->board->clock;
    clock_arm(clock, &output->flush_timer, clock_now_ns(clock) + FLUSH_AFTER_NS);
}

void board_output_expire(void *arg, uint64_t now_ns)
{
    struct board_output *output = arg;
    (void)now_ns;
    host_output_flush(&output->host);
}

void board_flush(struct board *board)
{
    for (unsigned i = 0; i < board->n_outputs; i++) {
        host_output_flush(&board->output[i].host);
    }
}
