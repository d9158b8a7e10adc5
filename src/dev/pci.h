/* pci.h - PCI configuration mechanism #1 with an i440FX host bridge and a PIIX3 ISA bridge, and the
 * PIIX's reset control register CF9, which lies among the same ports.
 *
 * Source: PCI 2.1 section 3.7.4; 82441FX and 82371SB datasheets. Light.
 */
#ifndef DEV_PCI_H
#define DEV_PCI_H

#include "bus/bus.h"

enum { PCI_N_FUNCTIONS = 2, PCI_CONFIG_BYTES = 256 };

struct pci_function {
    uint8_t device, function;
    uint8_t config[PCI_CONFIG_BYTES];
    uint8_t writable[PCI_CONFIG_BYTES]; /* mask of bits the guest may change */
};

struct pci {
    uint32_t address;      /* CF8 */
    uint8_t reset_control; /* CF9 */
    struct pci_function function[PCI_N_FUNCTIONS];
    struct irq_line reset; /* pulsed */
};

void pci_init(struct pci *pci, struct irq_line reset);
void pci_reset(struct pci *pci);
extern const struct bus_ops pci_address_ops; /* CF8-CFB */
extern const struct bus_ops pci_data_ops;    /* CFC-CFF */

#endif
