/* i8042.c - the keyboard controller and its keyboard.
 *
 * Place in the flow: ports 60 and 64; IRQ 1; two wires to the board, A20 and reset. Light. The host
 * has no keyboard for it yet, so it mostly answers probes: a driver finds a working AT keyboard,
 * and that there is no mouse.
 *
 * DEVIATION: bytes follow each other without the milliseconds of the serial line; translation
 * (command byte bit 6) is kept but scan codes are passed as sent; the password commands do not
 * exist.
 */
#include "dev/i8042.h"

enum { /* status, port 64 */
       STATUS_OBF = 1,
       STATUS_SYS = 4,
       STATUS_COMMAND = 8,
       STATUS_UNLOCKED = 0x10,
       STATUS_AUX = 0x20,
       STATUS_TIMEOUT = 0x40,
};
enum { /* command byte */
       CMD_IRQ1 = 1,
       CMD_SYS = 4,
       CMD_KEYBOARD_OFF = 0x10,
       CMD_AUX_OFF = 0x20,
       CMD_TRANSLATE = 0x40,
};
enum { OUTPUT_NOT_RESET = 1, OUTPUT_A20 = 2 };
enum { ACK = 0xfa, RESEND = 0xfe, SELF_TEST_OK = 0xaa };

static void update_irq(struct i8042 *kbc)
{
    irq_set(&kbc->irq, kbc->output_full && kbc->output_from_keyboard && (kbc->ram[0] & CMD_IRQ1));
}

/* Moves the keyboard's next byte into the output buffer, if that is free and the clock line is on.
 */
static void refill(struct i8042 *kbc)
{
    if (!kbc->output_full && kbc->queue_count && !(kbc->ram[0] & CMD_KEYBOARD_OFF)) {
        kbc->output = kbc->queue[kbc->queue_first];
        kbc->queue_first = (kbc->queue_first + 1) % I8042_QUEUE_BYTES;
        kbc->queue_count--;
        kbc->output_full = kbc->output_from_keyboard = true;
        kbc->output_is_aux = false;
    }
    update_irq(kbc);
}

/* The controller's own answer; it overwrites what was there. */
static void answer(struct i8042 *kbc, uint8_t value, bool is_aux)
{
    kbc->output = value;
    kbc->output_full = true;
    kbc->output_is_aux = is_aux;
    kbc->output_from_keyboard = false;
    update_irq(kbc);
}

static void set_output_port(struct i8042 *kbc, uint8_t value)
{
    kbc->output_port = value;
    irq_set(&kbc->a20, value & OUTPUT_A20);
    if (!(value & OUTPUT_NOT_RESET)) {
        irq_set(&kbc->reset, true);
        irq_set(&kbc->reset, false);
    }
}

/* ---- keyboard ---- */

static void send(struct i8042 *kbc, uint8_t byte)
{
    if (kbc->queue_count < I8042_QUEUE_BYTES) {
        kbc->queue[(kbc->queue_first + kbc->queue_count) % I8042_QUEUE_BYTES] = byte;
        kbc->queue_count++;
        kbc->last_sent = byte;
    }
}

void i8042_send_scan_code(struct i8042 *kbc, uint8_t code)
{
    if (kbc->scanning) {
        send(kbc, code);
        refill(kbc);
    }
}

static void keyboard_defaults(struct i8042 *kbc, bool scanning)
{
    kbc->scan_set = 2;
    kbc->scanning = scanning;
    kbc->queue_count = 0;
}

/* A byte that belongs to a command sent before: LEDs, typematic rate, scan code set. */
static void keyboard_argument(struct i8042 *kbc, uint8_t value)
{
    uint8_t command = kbc->keyboard_command;
    kbc->keyboard_command = 0;
    send(kbc, ACK);
    if (command == 0xf0 && value == 0) {
        send(kbc, kbc->scan_set);
    } else if (command == 0xf0 && value <= 3) {
        kbc->scan_set = value;
    }
}

static void keyboard_write(struct i8042 *kbc, uint8_t value)
{
    if (kbc->keyboard_command && value < 0xed) {
        keyboard_argument(kbc, value);
        return;
    }
    kbc->keyboard_command = 0;
    switch (value) {
    case 0xed: /* LEDs */
    case 0xf0: /* scan code set */
    case 0xf3: /* typematic rate */
        kbc->keyboard_command = value;
        send(kbc, ACK);
        break;
    case 0xee: /* echo */
        send(kbc, 0xee);
        break;
    case 0xf2: /* identify: MF2 keyboard */
        send(kbc, ACK);
        send(kbc, 0xab);
        send(kbc, 0x83);
        break;
    case 0xf4:
    case 0xf5:
    case 0xf6: /* enable; disable; defaults */
        keyboard_defaults(kbc, value != 0xf5);
        send(kbc, ACK);
        break;
    case 0xfe: {
        uint8_t last = kbc->last_sent;
        send(kbc, last);
        break;
    }
    case 0xff: /* reset and self test */
        keyboard_defaults(kbc, true);
        send(kbc, ACK);
        send(kbc, SELF_TEST_OK);
        break;
    default:
        send(kbc, value >= 0xf7 && value <= 0xfa ? ACK : RESEND); /* F7-FA: set 3 only */
        break;
    }
}

/* ---- controller ---- */

static void controller_argument(struct i8042 *kbc, uint8_t command, uint8_t value)
{
    if (command >= 0x60 && command <= 0x7f) {
        kbc->ram[command & 31] = value;
        if (command == 0x60) {
            kbc->status = (uint8_t)((kbc->status & ~STATUS_SYS) | (value & CMD_SYS));
            refill(kbc);
        }
        return;
    }
    switch (command) {
    case 0xd1:
        set_output_port(kbc, value);
        break;
    case 0xd2: /* as if the keyboard had sent it */
        answer(kbc, value, false);
        kbc->output_from_keyboard = true;
        update_irq(kbc);
        break;
    case 0xd3:
        /* As if the mouse had sent it. No AUX flag: that is how a controller without a mouse port
         * answers, and Linux then stops looking at once instead of waiting for a time-out. */
        answer(kbc, value, false);
        break;
    default: /* d4: to the mouse, which is not there */
        kbc->status |= STATUS_TIMEOUT;
        answer(kbc, RESEND, true);
        break;
    }
}

static void controller_command(struct i8042 *kbc, uint8_t command)
{
    kbc->status &= (uint8_t)~STATUS_TIMEOUT;
    kbc->pending_command = 0;
    if (command >= 0x20 && command <= 0x3f) {
        answer(kbc, kbc->ram[command & 31], false);
        return;
    }
    if ((command >= 0x60 && command <= 0x7f) || (command >= 0xd1 && command <= 0xd4)) {
        kbc->pending_command = command;
        return;
    }
    if (command >= 0xf0) { /* pulse output port bits 0-3 that are zero; bit 0 is the CPU's reset */
        if (!(command & OUTPUT_NOT_RESET)) {
            irq_set(&kbc->reset, true);
            irq_set(&kbc->reset, false);
        }
        return;
    }
    switch (command) {
    case 0xa4: /* no password */
        answer(kbc, 0xf1, false);
        break;
    case 0xa7:
    case 0xa8:
        kbc->ram[0] = (uint8_t)((kbc->ram[0] & ~CMD_AUX_OFF) | (command == 0xa7 ? CMD_AUX_OFF : 0));
        break;
    case 0xa9: /* test of the mouse port: clock line stuck low */
        answer(kbc, 1, false);
        break;
    case 0xaa:
        kbc->status |= STATUS_SYS;
        answer(kbc, 0x55, false);
        break;
    case 0xab: /* test of the keyboard port */
        answer(kbc, 0, false);
        break;
    case 0xad:
        kbc->ram[0] |= CMD_KEYBOARD_OFF;
        break;
    case 0xae:
        kbc->ram[0] &= (uint8_t)~CMD_KEYBOARD_OFF;
        refill(kbc);
        break;
    case 0xc0: /* input port: keyboard not locked, no manufacturing jumper */
        answer(kbc, 0xa0, false);
        break;
    case 0xd0:
        answer(kbc, kbc->output_port, false);
        break;
    case 0xdd:
    case 0xdf:
        set_output_port(
            kbc, (uint8_t)((kbc->output_port & ~OUTPUT_A20) | (command == 0xdf ? OUTPUT_A20 : 0)));
        break;
    case 0xe0: /* test inputs */
        answer(kbc, 0, false);
        break;
    default:
        break;
    }
}

/* ---- bus ---- */

static uint32_t data_read(void *arg, uint32_t port, unsigned size_bytes)
{
    struct i8042 *kbc = arg;
    (void)port, (void)size_bytes;
    uint8_t value = kbc->output; /* an empty buffer shows the last byte again */
    kbc->output_full = kbc->output_is_aux = kbc->output_from_keyboard = false;
    kbc->status &= (uint8_t)~STATUS_TIMEOUT;
    update_irq(kbc); /* down, so that the next byte is a new edge */
    refill(kbc);
    return value;
}

static void data_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct i8042 *kbc = arg;
    (void)port, (void)size_bytes;
    uint8_t command = kbc->pending_command;
    kbc->status &= (uint8_t)~STATUS_COMMAND;
    kbc->pending_command = 0;
    if (command) {
        controller_argument(kbc, command, (uint8_t)value);
        return;
    }
    kbc->ram[0] &= (uint8_t)~CMD_KEYBOARD_OFF; /* sending to the keyboard turns its clock on */
    keyboard_write(kbc, (uint8_t)value);
    refill(kbc);
}

static uint32_t status_read(void *arg, uint32_t port, unsigned size_bytes)
{
    const struct i8042 *kbc = arg;
    (void)port, (void)size_bytes;
    return kbc->status | STATUS_UNLOCKED | (kbc->output_full ? STATUS_OBF : 0) |
           (kbc->output_full && kbc->output_is_aux ? STATUS_AUX : 0);
}

static void command_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct i8042 *kbc = arg;
    (void)port, (void)size_bytes;
    kbc->status |= STATUS_COMMAND;
    controller_command(kbc, (uint8_t)value);
}

const struct bus_ops i8042_data_ops = {data_read, data_write};
const struct bus_ops i8042_command_ops = {status_read, command_write};

/* As a BIOS leaves it: self test passed, keyboard on, interrupt on, mouse off, A20 open. */
void i8042_reset(struct i8042 *kbc)
{
    for (unsigned i = 0; i < ARRAY_SIZE(kbc->ram); i++) {
        kbc->ram[i] = 0;
    }
    kbc->ram[0] = CMD_IRQ1 | CMD_SYS | CMD_AUX_OFF | CMD_TRANSLATE;
    kbc->status = STATUS_SYS;
    kbc->output = 0;
    kbc->output_full = kbc->output_is_aux = kbc->output_from_keyboard = false;
    kbc->pending_command = kbc->keyboard_command = 0;
    kbc->last_sent = 0;
    keyboard_defaults(kbc, true);
    kbc->output_port = 0xcc | OUTPUT_NOT_RESET | OUTPUT_A20;
    irq_set(&kbc->a20, true);
    update_irq(kbc);
}

void i8042_init(struct i8042 *kbc, struct irq_line irq, struct irq_line a20, struct irq_line reset)
{
    *kbc = (struct i8042){.irq = irq, .a20 = a20, .reset = reset};
    i8042_reset(kbc);
}
