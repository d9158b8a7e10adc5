/* uart16550.h - the NS16550A serial port, eight ports.
 *
 * Source: National PC16550D datasheet. Light.
 */
#ifndef DEV_UART16550_H
#define DEV_UART16550_H

#include "bus/bus.h"
#include "bus/clock.h"
#include "host/bytes.h"

enum { UART_FIFO_BYTES = 16 };
enum { UART_DATA, UART_IER, UART_IIR, UART_LCR, UART_MCR, UART_LSR, UART_MSR, UART_SCR };
enum { UART_FCR = UART_IIR };
enum { UART_IER_RDA = 1, UART_IER_THRE = 2, UART_IER_RLS = 4, UART_IER_MSR = 8 };
enum {
    UART_IIR_MSR = 0,
    UART_IIR_NONE = 1,
    UART_IIR_THRE = 2,
    UART_IIR_RDA = 4,
    UART_IIR_RLS = 6,
    UART_IIR_TIMEOUT = 0x0c,
    UART_IIR_FIFO = 0xc0,
};
enum { UART_FCR_ENABLE = 1, UART_FCR_CLEAR_RX = 2, UART_FCR_CLEAR_TX = 4 };
enum { UART_LCR_DLAB = 0x80 };
enum {
    UART_MCR_DTR = 1,
    UART_MCR_RTS = 2,
    UART_MCR_OUT1 = 4,
    UART_MCR_OUT2 = 8,
    UART_MCR_LOOP = 0x10,
};
enum {
    UART_LSR_DR = 1,
    UART_LSR_OE = 2,
    UART_LSR_PE = 4,
    UART_LSR_FE = 8,
    UART_LSR_BI = 0x10,
    UART_LSR_THRE = 0x20,
    UART_LSR_TEMT = 0x40,
    UART_LSR_FIFO_ERROR = 0x80,
};
enum {
    UART_MSR_DCTS = 1,
    UART_MSR_DDSR = 2,
    UART_MSR_TERI = 4,
    UART_MSR_DDCD = 8,
    UART_MSR_CTS = 0x10,
    UART_MSR_DSR = 0x20,
    UART_MSR_RI = 0x40,
    UART_MSR_DCD = 0x80,
};

struct uart16550 {
    uint8_t ier, lcr, mcr, msr, scr;
    uint8_t lsr; /* OE only; the rest is computed, PE FE BI come with the byte */
    uint16_t divisor;
    bool fifo_enabled;
    uint8_t trigger; /* bytes in the FIFO that raise "received data" */
    uint8_t rx_byte[UART_FIFO_BYTES], rx_error[UART_FIFO_BYTES];
    unsigned rx_first, rx_count;
    bool rx_timeout;      /* character time-out is pending */
    bool thre_pending;    /* THR became empty and nobody has been told */
    bool source_ready;    /* the source may have bytes */
    uint8_t n_idle_polls; /* reads of LSR without data since the last write to any register */
    struct clock *clock;
    struct irq_line irq;
    struct byte_sink sink;
    struct byte_source source;
    struct timer rx_timer;      /* the next bytes from outside */
    struct timer timeout_timer; /* four character times after the last one */
};

void uart16550_init(struct uart16550 *uart, struct clock *clock, struct irq_line irq,
                    struct byte_sink sink, struct byte_source source);
void uart16550_reset(struct uart16550 *uart);
/* The source may have bytes again. */
void uart16550_input_ready(struct uart16550 *uart);
/* The line goes to break for one character. */
void uart16550_receive_break(struct uart16550 *uart);
extern const struct bus_ops uart16550_ops;

#endif
