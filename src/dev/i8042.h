/* i8042.h - the keyboard controller with a PS/2 keyboard on it and no mouse, ports 60 and 64.
 *
 * Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device
 * Controller". Light.
 */
#ifndef DEV_I8042_H
#define DEV_I8042_H

#include "bus/bus.h"

enum { I8042_QUEUE_BYTES = 16 };

struct i8042 {
    uint8_t ram[32]; /* ram[0] is the command byte */
    uint8_t status;  /* SYS, command/data, time-out; OBF and AUX come from output */
    uint8_t output;  /* output buffer, port 60 */
    bool output_full, output_is_aux, output_from_keyboard;
    uint8_t output_port;      /* bit 0: not reset, bit 1: A20 */
    uint8_t pending_command;  /* controller command that waits for its byte on port 60; 0: none */
    uint8_t keyboard_command; /* the same for the keyboard */
    uint8_t queue[I8042_QUEUE_BYTES]; /* from keyboard to controller */
    unsigned queue_first, queue_count;
    uint8_t scan_set, last_sent;
    bool scanning;
    struct irq_line irq, a20, reset; /* reset is pulsed */
};

void i8042_init(struct i8042 *kbc, struct irq_line irq, struct irq_line a20, struct irq_line reset);
void i8042_reset(struct i8042 *kbc);
/* The keyboard sends a scan code; dropped if its queue is full or scanning is off. */
void i8042_send_scan_code(struct i8042 *kbc, uint8_t code);
/* Two single ports that are not neighbours: data is port 60, command is port 64. */
extern const struct bus_ops i8042_data_ops, i8042_command_ops;

#endif
