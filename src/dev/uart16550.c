/* uart16550.c - the NS16550A serial port.
 *
 * Place in the flow: bytes the guest sends go to a sink (a ring in memory, flushed by board/),
 * bytes from outside are taken from a source at the pace of the line. Light. Owns the receive FIFO;
 * knows no file and no terminal.
 *
 * DEVIATION: sending takes no time, so THR is always empty again at once; a line slower than 115200
 * baud receives at 115200; nothing is received while neither RTS nor OUT2 is on, unless the guest
 * polls LSR for input (as if the other side kept to hardware handshake): a piped input must not be
 * lost to the FIFO resets of a driver's probe; frame and parity errors do not occur.
 */
#include "dev/uart16550.h"

/* So many reads of LSR in a row are a loop that waits for input; Linux's console output does two.
 */
enum { POLLING = 64 };

/* 10 bits at 115200 baud */
#define FASTEST_CHAR_NS 86806u

static unsigned rx_capacity(const struct uart16550 *uart)
{
    return uart->fifo_enabled ? UART_FIFO_BYTES : 1;
}

/* 1.8432 MHz / 16 / divisor baud, 10 bits per character. */
static uint64_t char_ns(const struct uart16550 *uart)
{
    uint64_t ns = (uint64_t)uart->divisor * FASTEST_CHAR_NS;
    return ns && ns < FASTEST_CHAR_NS ? ns : FASTEST_CHAR_NS;
}

/* ---- interrupts ---- */

static uint8_t line_errors(const struct uart16550 *uart)
{
    uint8_t errors = uart->lsr & UART_LSR_OE;
    return errors | (uart->rx_count ? uart->rx_error[uart->rx_first] : 0);
}

/* Datasheet, table "Interrupt Control Functions", in order of priority. */
static uint8_t highest_interrupt(const struct uart16550 *uart)
{
    if ((uart->ier & UART_IER_RLS) && line_errors(uart)) {
        return UART_IIR_RLS;
    }
    if (uart->ier & UART_IER_RDA) {
        if (uart->rx_count >= (uart->fifo_enabled ? uart->trigger : 1u)) {
            return UART_IIR_RDA;
        }
        if (uart->rx_timeout) {
            return UART_IIR_TIMEOUT;
        }
    }
    if ((uart->ier & UART_IER_THRE) && uart->thre_pending) {
        return UART_IIR_THRE;
    }
    if ((uart->ier & UART_IER_MSR) && (uart->msr & 0x0f)) {
        return UART_IIR_MSR;
    }
    return UART_IIR_NONE;
}

/* On the PC, OUT2 gates the interrupt; in loopback the pin is inactive. */
static void update_irq(struct uart16550 *uart)
{
    bool gate = (uart->mcr & UART_MCR_OUT2) && !(uart->mcr & UART_MCR_LOOP);
    irq_set(&uart->irq, gate && highest_interrupt(uart) != UART_IIR_NONE);
}

/* ---- receiving ---- */

static void restart_timeout(struct uart16550 *uart)
{
    uart->rx_timeout = false;
    if (uart->fifo_enabled && uart->rx_count) {
        clock_arm(uart->clock, &uart->timeout_timer, clock_now_ns(uart->clock) + 4 * char_ns(uart));
    } else {
        clock_disarm(uart->clock, &uart->timeout_timer);
    }
}

static void receive(struct uart16550 *uart, uint8_t byte, uint8_t error)
{
    if (uart->rx_count == rx_capacity(uart)) {
        uart->lsr |= UART_LSR_OE;
        if (!uart->fifo_enabled) { /* datasheet, "OE": the new character replaces the old one */
            uart->rx_byte[uart->rx_first] = byte;
            uart->rx_error[uart->rx_first] = error;
        }
    } else {
        unsigned at = (uart->rx_first + uart->rx_count) % UART_FIFO_BYTES;
        uart->rx_byte[at] = byte;
        uart->rx_error[at] = error;
        uart->rx_count++;
    }
    restart_timeout(uart);
    update_irq(uart);
}

static bool receiver_listens(const struct uart16550 *uart)
{
    if (uart->mcr & UART_MCR_LOOP) {
        return false;
    }
    return (uart->mcr & (UART_MCR_RTS | UART_MCR_OUT2)) || uart->n_idle_polls >= POLLING;
}

/* Arms the timer for the next character if there is room; the timer finds out if there is one. */
static void expect_input(struct uart16550 *uart)
{
    if (uart->source_ready && receiver_listens(uart) && uart->rx_count < rx_capacity(uart) &&
        uart->rx_timer.deadline_ns == UINT64_MAX) {
        clock_arm(uart->clock, &uart->rx_timer, clock_now_ns(uart->clock) + char_ns(uart));
    }
}

/* With a FIFO, as many characters at once as raise one interrupt; then their time passes. */
static void rx_expire(void *arg, uint64_t now_ns)
{
    struct uart16550 *uart = arg;
    unsigned most = uart->fifo_enabled ? uart->trigger : 1;
    unsigned n = 0;
    uint8_t byte;
    while (receiver_listens(uart) && n < most && uart->rx_count < rx_capacity(uart)) {
        uart->source_ready = byte_take(&uart->source, &byte);
        if (!uart->source_ready) {
            break;
        }
        receive(uart, byte, 0);
        n++;
    }
    if (n && uart->source_ready) {
        clock_arm(uart->clock, &uart->rx_timer, now_ns + n * char_ns(uart));
    }
}

static void timeout_expire(void *arg, uint64_t now_ns)
{
    struct uart16550 *uart = arg;
    (void)now_ns;
    uart->rx_timeout = uart->fifo_enabled && uart->rx_count;
    update_irq(uart);
}

static void clear_rx(struct uart16550 *uart)
{
    uart->rx_count = 0;
    restart_timeout(uart);
}

static uint8_t read_data(struct uart16550 *uart)
{
    uint8_t byte = uart->rx_byte[uart->rx_first];
    if (uart->rx_count) {
        uart->rx_first = (uart->rx_first + 1) % UART_FIFO_BYTES;
        uart->rx_count--;
    }
    restart_timeout(uart);
    update_irq(uart);
    expect_input(uart);
    return byte;
}

void uart16550_input_ready(struct uart16550 *uart)
{
    uart->source_ready = true;
    expect_input(uart);
}

void uart16550_receive_break(struct uart16550 *uart)
{
    receive(uart, 0, UART_LSR_BI);
}

/* ---- sending ---- */

/* The byte is gone at once, but the request falls and rises, or an edge-triggered 8259 would miss
 * that THR is empty again. */
static void write_data(struct uart16550 *uart, uint8_t byte)
{
    uart->thre_pending = false;
    update_irq(uart);
    if (uart->mcr & UART_MCR_LOOP) {
        receive(uart, byte, 0);
    } else {
        byte_put(&uart->sink, byte);
    }
    uart->thre_pending = true;
    update_irq(uart);
}

/* ---- registers ---- */

/* Levels of the modem inputs: a cable that is always ready, or in loopback our own outputs. */
static void update_modem(struct uart16550 *uart)
{
    uint8_t level = UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD;
    if (uart->mcr & UART_MCR_LOOP) {
        level = (uint8_t)((uart->mcr & UART_MCR_RTS ? UART_MSR_CTS : 0) |
                          (uart->mcr & UART_MCR_DTR ? UART_MSR_DSR : 0) |
                          (uart->mcr & UART_MCR_OUT1 ? UART_MSR_RI : 0) |
                          (uart->mcr & UART_MCR_OUT2 ? UART_MSR_DCD : 0));
    }
    uint8_t changed = (uart->msr ^ level) & 0xf0;
    uint8_t delta = (uint8_t)(changed >> 4);
    if (level & UART_MSR_RI) {
        delta &= (uint8_t)~UART_MSR_TERI; /* only the trailing edge of RI counts */
    }
    uart->msr = level | (uart->msr & 0x0f) | delta;
}

static uint8_t read_lsr(struct uart16550 *uart)
{
    uint8_t value = UART_LSR_THRE | UART_LSR_TEMT | line_errors(uart);
    if (uart->rx_count) {
        value |= UART_LSR_DR;
    }
    for (unsigned i = 0; uart->fifo_enabled && i < uart->rx_count; i++) {
        if (uart->rx_error[(uart->rx_first + i) % UART_FIFO_BYTES]) {
            value |= UART_LSR_FIFO_ERROR;
        }
    }
    uart->lsr = 0;
    if (uart->rx_count) {
        uart->rx_error[uart->rx_first] = 0;
    }
    update_irq(uart);
    if (!uart->rx_count && uart->n_idle_polls < POLLING) {
        uart->n_idle_polls++;
        expect_input(uart);
    }
    return value;
}

static uint8_t read_iir(struct uart16550 *uart)
{
    uint8_t id = highest_interrupt(uart);
    if (id == UART_IIR_THRE) {
        uart->thre_pending = false;
        update_irq(uart);
    }
    return (uint8_t)(id | (uart->fifo_enabled ? UART_IIR_FIFO : 0));
}

static void write_ier(struct uart16550 *uart, uint8_t value)
{
    uint8_t risen = (uint8_t)(value & ~uart->ier);
    uart->ier = value & 0x0f;
    if (risen & UART_IER_THRE) {
        uart->thre_pending = true; /* enabling it while THR is empty interrupts at once */
    }
    update_irq(uart);
}

static void write_fcr(struct uart16550 *uart, uint8_t value)
{
    static const uint8_t trigger[4] = {1, 4, 8, 14};
    bool enable = value & UART_FCR_ENABLE;
    if (enable != uart->fifo_enabled) { /* datasheet: changing FCR0 clears both FIFOs */
        uart->fifo_enabled = enable;
        clear_rx(uart);
    }
    if (enable) {
        uart->trigger = trigger[value >> 6];
        if (value & UART_FCR_CLEAR_RX) {
            clear_rx(uart);
        }
    }
    update_irq(uart);
    expect_input(uart);
}

static void write_mcr(struct uart16550 *uart, uint8_t value)
{
    uart->mcr = value & 0x1f;
    update_modem(uart);
    update_irq(uart);
    expect_input(uart);
}

static uint32_t read_port(void *arg, uint32_t port, unsigned size_bytes)
{
    struct uart16550 *uart = arg;
    bool dlab = uart->lcr & UART_LCR_DLAB;
    (void)size_bytes;
    switch (port) {
    case UART_DATA:
        return dlab ? uart->divisor & 0xff : read_data(uart);
    case UART_IER:
        return dlab ? uart->divisor >> 8 : uart->ier;
    case UART_IIR:
        return read_iir(uart);
    case UART_LCR:
        return uart->lcr;
    case UART_MCR:
        return uart->mcr;
    case UART_LSR:
        return read_lsr(uart);
    case UART_MSR: {
        uint8_t value = uart->msr;
        uart->msr &= 0xf0;
        update_irq(uart);
        return value;
    }
    default:
        return uart->scr;
    }
}

static void write_port(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct uart16550 *uart = arg;
    bool dlab = uart->lcr & UART_LCR_DLAB;
    (void)size_bytes;
    uart->n_idle_polls = 0;
    switch (port) {
    case UART_DATA:
        if (dlab) {
            uart->divisor = (uint16_t)((uart->divisor & 0xff00) | value);
        } else {
            write_data(uart, (uint8_t)value);
        }
        break;
    case UART_IER:
        if (dlab) {
            uart->divisor = (uint16_t)((uart->divisor & 0xff) | value << 8);
        } else {
            write_ier(uart, (uint8_t)value);
        }
        break;
    case UART_FCR:
        write_fcr(uart, (uint8_t)value);
        break;
    case UART_LCR:
        uart->lcr = (uint8_t)value;
        break;
    case UART_MCR:
        write_mcr(uart, (uint8_t)value);
        break;
    case UART_SCR:
        uart->scr = (uint8_t)value;
        break;
    default: /* LSR and MSR: factory test only */
        break;
    }
}

const struct bus_ops uart16550_ops = {read_port, write_port};

/* Datasheet, table "UART Reset Configuration". The divisor is left as a PC's BIOS sets it: 9600. */
void uart16550_reset(struct uart16550 *uart)
{
    uart->ier = uart->lcr = uart->mcr = uart->scr = uart->lsr = 0;
    uart->divisor = 12;
    uart->fifo_enabled = false;
    uart->trigger = 1;
    uart->n_idle_polls = 0;
    uart->thre_pending = false;
    clock_disarm(uart->clock, &uart->rx_timer);
    clear_rx(uart);
    update_modem(uart);
    uart->msr &= 0xf0;
    update_irq(uart);
}

void uart16550_init(struct uart16550 *uart, struct clock *clock, struct irq_line irq,
                    struct byte_sink sink, struct byte_source source)
{
    *uart = (struct uart16550){.clock = clock, .irq = irq, .sink = sink, .source = source};
    uart->rx_timer.expire = rx_expire;
    uart->rx_timer.arg = uart;
    uart->timeout_timer.expire = timeout_expire;
    uart->timeout_timer.arg = uart;
    clock_add_timer(clock, &uart->rx_timer);
    clock_add_timer(clock, &uart->timeout_timer);
    uart16550_reset(uart);
}
