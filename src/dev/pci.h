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
    struct irq_line reset;  /* pulsed */
    struct irq_line shadow; /* pulsed when the host bridge's PAM registers have changed */
};

void pci_init(struct pci *pci, struct irq_line reset, struct irq_line shadow);
void pci_reset(struct pci *pci);
/* PAM (82441FX, "Programmable Attribute Map Registers"): four bits for each 16 KiB from C0000, of
 * which two count. Segments of F0000 share theirs. */
enum { PCI_PAM_READ = 1, PCI_PAM_WRITE = 2, PCI_PAM_SEGMENTS = 16, PCI_PAM_SEGMENT_BYTES = 0x4000 };
unsigned pci_pam(const struct pci *pci, unsigned segment);
extern const struct bus_ops pci_address_ops; /* CF8-CFB */
extern const struct bus_ops pci_data_ops;    /* CFC-CFF */

#endif
