/* pci.c - PCI configuration space.
 *
 * Place in the flow: ports CF8-CFF. Light. Two bridges, so that systems which look for PCI find
 * what they expect of a PC; nothing decodes memory or I/O through it. Bus 0 only; absent functions
 * read all ones.
 *
 * DEVIATION: of the bridges' own registers only PAM has an effect; SMRAM and PIRQ routing are
 * storage.
 */
#include "dev/pci.h"

enum { ENABLE = 0x80000000u };
enum { RCR_SYSTEM_RESET = 2, RCR_RESET_CPU = 4 };
enum { CFG_PAM0 = 0x59, N_PAM = 7, CFG_SUBSYSTEM = 0x2c };
enum { CFG_COMMAND = 4, CFG_STATUS = 6, CFG_CLASS = 9, CFG_HEADER_TYPE = 14 };

static void pulse(const struct irq_line *line)
{
    irq_set(line, true);
    irq_set(line, false);
}

static struct pci_function *selected(struct pci *pci)
{
    uint32_t address = pci->address;
    if (!(address & ENABLE) || (address >> 16 & 0xff)) {
        return NULL;
    }
    for (unsigned i = 0; i < PCI_N_FUNCTIONS; i++) {
        struct pci_function *function = &pci->function[i];
        if ((address >> 11 & 31) == function->device && (address >> 8 & 7) == function->function) {
            return function;
        }
    }
    return NULL;
}

/* The address register answers whole dwords only; a byte at CF9 is the reset control. */
static uint32_t address_read(void *arg, uint32_t port, unsigned size_bytes)
{
    struct pci *pci = arg;
    if (port == 0 && size_bytes == 4) {
        return pci->address;
    }
    return port == 1 && size_bytes == 1 ? pci->reset_control : 0xffffffffu;
}

static void address_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct pci *pci = arg;
    if (port == 0 && size_bytes == 4) {
        pci->address = value & (ENABLE | 0x00fffffcu);
    } else if (port == 1 && size_bytes == 1) {
        uint8_t risen = (uint8_t)(value & ~pci->reset_control);
        pci->reset_control = value & (RCR_SYSTEM_RESET | RCR_RESET_CPU);
        if (risen & RCR_RESET_CPU) {
            pulse(&pci->reset);
        }
    }
}

static uint32_t data_read(void *arg, uint32_t port, unsigned size_bytes)
{
    struct pci *pci = arg;
    const struct pci_function *function = selected(pci);
    uint32_t value = 0;
    if (!function) {
        return 0xffffffffu;
    }
    for (unsigned i = 0; i < size_bytes; i++) {
        value |= (uint32_t)function->config[((pci->address & 0xfc) + port + i) & 0xff] << (8 * i);
    }
    return value;
}

static void data_write(void *arg, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct pci *pci = arg;
    struct pci_function *function = selected(pci);
    bool changes_pam = false;
    for (unsigned i = 0; function && i < size_bytes; i++) {
        unsigned at = ((pci->address & 0xfc) + port + i) & 0xff;
        uint8_t mask = function->writable[at], old = function->config[at];
        function->config[at] = (uint8_t)((old & ~mask) | ((value >> (8 * i)) & mask));
        changes_pam |= function == &pci->function[0] && at >= CFG_PAM0 && at < CFG_PAM0 + N_PAM &&
                       function->config[at] != old;
    }
    if (changes_pam) {
        pulse(&pci->shadow);
    }
}

unsigned pci_pam(const struct pci *pci, unsigned segment)
{
    const uint8_t *pam = &pci->function[0].config[CFG_PAM0];
    unsigned bits = segment < 12 ? pam[1 + segment / 2] >> (segment % 2 * 4) : pam[0] >> 4;
    return bits & (PCI_PAM_READ | PCI_PAM_WRITE);
}

const struct bus_ops pci_address_ops = {address_read, address_write};
const struct bus_ops pci_data_ops = {data_read, data_write};

static void fill(struct pci_function *function, unsigned device, uint32_t id, uint32_t class_code,
                 uint8_t header_type)
{
    for (unsigned i = 0; i < PCI_CONFIG_BYTES; i++) {
        function->config[i] = 0;
        function->writable[i] = i >= 0x40 ? 0xff : 0; /* chip set registers: storage */
    }
    function->device = (uint8_t)device;
    for (unsigned i = 0; i < 4; i++) {
        function->config[i] = (uint8_t)(id >> (8 * i));
    }
    for (unsigned i = 0; i < 3; i++) {
        function->config[CFG_CLASS + i] = (uint8_t)(class_code >> (8 * i));
    }
    function->config[CFG_COMMAND] = 7;    /* I/O, memory, bus master: fixed in these bridges */
    function->config[CFG_STATUS + 1] = 2; /* medium DEVSEL timing */
    function->config[CFG_HEADER_TYPE] = header_type;
}

void pci_reset(struct pci *pci)
{
    pci->address = 0;
    pci->reset_control = 0;
    fill(&pci->function[0], 0, 0x12378086, 0x060000, 0);
    fill(&pci->function[1], 1, 0x70008086, 0x060100, 0x80);
    for (unsigned i = 0; i < 4; i++) {
        pci->function[1].config[0x60 + i] = 0x80; /* PIRQ A-D routed nowhere */
        /* By this SeaBIOS knows a machine with fw_cfg and a debug console at 402. */
        pci->function[0].config[CFG_SUBSYSTEM + i] = (uint8_t)(0x11001af4u >> (8 * i));
    }
    pulse(&pci->shadow);
}

void pci_init(struct pci *pci, struct irq_line reset, struct irq_line shadow)
{
    pci->reset = reset;
    pci->shadow = shadow;
    pci_reset(pci);
}
