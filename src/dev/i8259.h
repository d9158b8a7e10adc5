/* i8259.h - the pair of 8259A interrupt controllers with the ELCR of the PIIX.
 *
 * Source: Intel 8259A datasheet (231468); 82371AB (PIIX4) datasheet, "Interrupt Controller" and
 * "ELCR". Light.
 */
#ifndef DEV_I8259_H
#define DEV_I8259_H

#include "bus/bus.h"

struct i8259 {
    uint8_t irr, imr, isr;
    uint8_t lines;     /* input levels */
    uint8_t elcr;      /* 1: level triggered */
    uint8_t elcr_mask; /* which inputs may be level triggered */
    uint8_t vector_base;
    uint8_t lowest;   /* level with the lowest priority; 7 unless rotated */
    uint8_t icw_step; /* next ICW expected at A0=1; 0: initialized */
    bool icw4_follows, single;
    bool auto_eoi, rotate_in_auto_eoi, special_mask, fully_nested;
    bool read_isr, poll;
    bool is_master;
};

struct i8259_pair {
    struct i8259 chip[2]; /* master, slave on its input 2 */
    struct irq_line intr; /* INT output of the master */
    bool intr_level;
};

/* Power-on: no interrupt leaves until ICW1 begins an initialization and it is complete. */
void i8259_reset(struct i8259_pair *pair);
void i8259_init(struct i8259_pair *pair, struct irq_line intr);
/* One of the 16 inputs (2 is the cascade and is not an input). pair is void for struct irq_line. */
void i8259_set_line(void *pair, unsigned irq, bool level);
/* The two INTA cycles: returns the vector. Spurious requests give level 7 of the chip asked. */
unsigned i8259_acknowledge(struct i8259_pair *pair);

/* chip = &pair->chip[i]'s pair; ranges of two ports each, and ELCR's two. */
extern const struct bus_ops i8259_master_ops, i8259_slave_ops, i8259_elcr_ops;

#endif
