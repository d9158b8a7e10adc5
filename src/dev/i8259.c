/* i8259.c - the pair of 8259A interrupt controllers.
 *
 * Place in the flow: chips raise lines (board/ wires them) -> IRR -> priority resolver -> INT ->
 * cpu->intr; the CPU answers with i8259_acknowledge(). Light.
 *
 * DEVIATION: the LTIM bit of ICW1 is ignored (as on the PIIX, where ELCR decides per input); ICW3
 * is accepted and ignored, because the cascade is wired to input 2; MCS-80 mode does not exist.
 */
#include "dev/i8259.h"

enum { CASCADE = 2, NONE = -1 };

static struct i8259 *master_of(struct i8259_pair *pair)
{
    return &pair->chip[0];
}
static struct i8259 *slave_of(struct i8259_pair *pair)
{
    return &pair->chip[1];
}

/* ---- priority resolver ---- */

/* The level that INT would announce, or NONE. A level in service blocks itself and what is below.
 */
static int highest_request(const struct i8259 *chip)
{
    if (chip->icw_step) {
        return NONE;
    }
    uint8_t requests = chip->irr & (uint8_t)~chip->imr;
    uint8_t blocking = chip->isr;
    if (chip->special_mask) {
        blocking &= (uint8_t)~chip->imr; /* datasheet, "Special Mask Mode" */
    }
    if (chip->fully_nested && chip->is_master) {
        blocking &=
            (uint8_t) ~(1u << CASCADE); /* "Special Fully Nested Mode": slave not locked out */
    }
    for (unsigned i = 1; i <= 8; i++) {
        unsigned level = (chip->lowest + i) & 7;
        if (blocking >> level & 1) {
            return NONE;
        }
        if (requests >> level & 1) {
            return (int)level;
        }
    }
    return NONE;
}

/* Edge: a rise is latched, and stays requested only while the line is high, so that a line that
 * falls before INTA gives the spurious level 7 (datasheet, "IR inputs must remain high"). */
static void set_input(struct i8259 *chip, unsigned level_number, bool high)
{
    uint8_t bit = (uint8_t)(1u << level_number);
    if (!high) {
        chip->lines &= (uint8_t)~bit;
        chip->irr &= (uint8_t)~bit;
        return;
    }
    if ((chip->elcr & bit) || !(chip->lines & bit)) {
        chip->irr |= bit;
    }
    chip->lines |= bit;
}

static void update_outputs(struct i8259_pair *pair)
{
    set_input(master_of(pair), CASCADE, highest_request(slave_of(pair)) != NONE);
    bool level = highest_request(master_of(pair)) != NONE;
    if (level != pair->intr_level) {
        pair->intr_level = level;
        irq_set(&pair->intr, level);
    }
}

void i8259_set_line(void *arg, unsigned irq, bool level)
{
    struct i8259_pair *pair = arg;
    set_input(&pair->chip[irq >> 3 & 1], irq & 7, level);
    update_outputs(pair);
}

/* ---- INTA ---- */

static void take(struct i8259 *chip, int level)
{
    uint8_t bit = (uint8_t)(1u << level);
    if (!(chip->elcr & bit)) {
        chip->irr &= (uint8_t)~bit;
    }
    if (!chip->auto_eoi) {
        chip->isr |= bit;
    } else if (chip->rotate_in_auto_eoi) {
        chip->lowest = (uint8_t)level;
    }
}

unsigned i8259_acknowledge(struct i8259_pair *pair)
{
    struct i8259 *master = master_of(pair);
    struct i8259 *slave = slave_of(pair);
    int level = highest_request(master);
    unsigned vector;
    if (level == NONE) {
        vector = master->vector_base | 7u; /* spurious: no ISR bit, so no EOI is due */
    } else if (level != CASCADE) {
        take(master, level);
        vector = master->vector_base | (unsigned)level;
    } else {
        take(master, CASCADE);
        int slave_level = highest_request(slave);
        if (slave_level == NONE) {
            vector = slave->vector_base | 7u; /* the master's bit 2 is in service all the same */
        } else {
            take(slave, slave_level);
            vector = slave->vector_base | (unsigned)slave_level;
        }
        set_input(master, CASCADE, false); /* the slave's INT falls; it may rise again below */
    }
    update_outputs(pair);
    return vector;
}

/* ---- command words ---- */

static void write_icw1(struct i8259 *chip, uint8_t value)
{
    chip->imr = 0;
    chip->isr = 0;
    chip->irr = chip->lines & chip->elcr; /* edge sense is reset: a high line must fall first */
    chip->lowest = 7;
    chip->special_mask = false;
    chip->read_isr = false;
    chip->poll = false;
    chip->auto_eoi = chip->rotate_in_auto_eoi = chip->fully_nested = false;
    chip->icw4_follows = value & 1;
    chip->single = value & 2;
    chip->icw_step = 2;
}

static void write_icw_rest(struct i8259 *chip, uint8_t value)
{
    switch (chip->icw_step) {
    case 2:
        chip->vector_base = value & 0xf8;
        chip->icw_step = chip->single ? (chip->icw4_follows ? 4 : 0) : 3;
        break;
    case 3:
        chip->icw_step = chip->icw4_follows ? 4 : 0;
        break;
    default:
        chip->fully_nested = value & 0x10;
        chip->auto_eoi = value & 2;
        chip->icw_step = 0;
        break;
    }
}

/* Level a non-specific EOI ends: the highest in service; not one that special mask mode hides. */
static int highest_in_service(const struct i8259 *chip)
{
    uint8_t in_service = chip->isr;
    if (chip->special_mask) {
        in_service &= (uint8_t)~chip->imr;
    }
    for (unsigned i = 1; i <= 8; i++) {
        unsigned level = (chip->lowest + i) & 7;
        if (in_service >> level & 1) {
            return (int)level;
        }
    }
    return NONE;
}

/* OCW2: bits R, SL, EOI, then the level for the specific forms. */
static void write_ocw2(struct i8259 *chip, uint8_t value)
{
    int level = value & 7;
    switch (value >> 5) {
    case 0:
    case 4: /* rotate in automatic EOI mode: clear, set */
        chip->rotate_in_auto_eoi = value & 0x80;
        break;
    case 1:
    case 5: /* non-specific EOI; 5: and rotate */
        level = highest_in_service(chip);
        if (level != NONE) {
            chip->isr &= (uint8_t) ~(1u << level);
            if (value & 0x80) {
                chip->lowest = (uint8_t)level;
            }
        }
        break;
    case 3:
    case 7: /* specific EOI; 7: and rotate */
        chip->isr &= (uint8_t) ~(1u << level);
        if (value & 0x80) {
            chip->lowest = (uint8_t)level;
        }
        break;
    case 6: /* set priority */
        chip->lowest = (uint8_t)level;
        break;
    default: /* 2: no operation */
        break;
    }
}

static void write_ocw3(struct i8259 *chip, uint8_t value)
{
    if (value & 0x40) {
        chip->special_mask = value & 0x20;
    }
    chip->poll = value & 4;
    if (value & 2) {
        chip->read_isr = value & 1;
    }
}

static void write_port(struct i8259_pair *pair, struct i8259 *chip, uint32_t port, uint8_t value)
{
    if (port & 1) {
        if (chip->icw_step) {
            write_icw_rest(chip, value);
        } else {
            chip->imr = value;
        }
    } else if (value & 0x10) {
        write_icw1(chip, value);
    } else if (value & 8) {
        write_ocw3(chip, value);
    } else {
        write_ocw2(chip, value);
    }
    update_outputs(pair);
}

/* Datasheet, "Poll Command": the next read is an INTA that also tells the level. */
static uint8_t read_poll(struct i8259_pair *pair, struct i8259 *chip)
{
    chip->poll = false;
    int level = highest_request(chip);
    if (level == NONE) {
        return 0;
    }
    take(chip, level);
    update_outputs(pair);
    return (uint8_t)(0x80 | level);
}

static uint8_t read_port(struct i8259_pair *pair, struct i8259 *chip, uint32_t port)
{
    if (chip->poll) {
        return read_poll(pair, chip);
    }
    if (port & 1) {
        return chip->imr;
    }
    return chip->read_isr ? chip->isr : chip->irr;
}

/* ---- bus ---- */

static uint32_t master_read(void *arg, uint32_t port, unsigned size_bytes)
{
    struct i8259_pair *pair = arg;
    (void)size_bytes;
    return read_port(pair, master_of(pair), port);
}

static void master_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct i8259_pair *pair = arg;
    (void)size_bytes;
    write_port(pair, master_of(pair), port, (uint8_t)value);
}

static uint32_t slave_read(void *arg, uint32_t port, unsigned size_bytes)
{
    struct i8259_pair *pair = arg;
    (void)size_bytes;
    return read_port(pair, slave_of(pair), port);
}

static void slave_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct i8259_pair *pair = arg;
    (void)size_bytes;
    write_port(pair, slave_of(pair), port, (uint8_t)value);
}

static uint32_t elcr_read(void *arg, uint32_t port, unsigned size_bytes)
{
    struct i8259_pair *pair = arg;
    (void)size_bytes;
    return pair->chip[port & 1].elcr;
}

static void elcr_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct i8259_pair *pair = arg;
    struct i8259 *chip = &pair->chip[port & 1];
    (void)size_bytes;
    uint8_t before = chip->elcr;
    chip->elcr = value & chip->elcr_mask;
    chip->irr |= chip->lines & chip->elcr & (uint8_t)~before;
    update_outputs(pair);
}

const struct bus_ops i8259_master_ops = {master_read, master_write};
const struct bus_ops i8259_slave_ops = {slave_read, slave_write};
const struct bus_ops i8259_elcr_ops = {elcr_read, elcr_write};

static void reset_chip(struct i8259 *chip)
{
    write_icw1(chip, 1);
    chip->elcr = 0;
    chip->irr = 0;
    chip->vector_base = 0;
}

void i8259_reset(struct i8259_pair *pair)
{
    reset_chip(master_of(pair));
    reset_chip(slave_of(pair));
    update_outputs(pair);
}

void i8259_init(struct i8259_pair *pair, struct irq_line intr)
{
    *pair = (struct i8259_pair){.intr = intr};
    master_of(pair)->is_master = true;
    master_of(pair)->elcr_mask = 0xf8; /* IRQ 0, 1, 2 are edge triggered for ever */
    slave_of(pair)->elcr_mask = 0xde;  /* so are 8 and 13 */
    i8259_reset(pair);
}
