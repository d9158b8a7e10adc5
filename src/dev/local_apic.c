/* local_apic.c - registers and priorities of the local APIC.
 *
 * Place in the flow: MMIO at FEE00000 -> IRR -> wire to the board, which joins it with the 8259's.
 * Light. CPUID does not offer it, so only software that expects one without asking finds it: test
 * kernels, which enable it first of all and send themselves interrupts.
 *
 * DEVIATION: always at FEE00000, whatever IA32_APIC_BASE says; no timer, no LVT interrupts, no
 * INIT, SMI or startup messages (there is nobody to start), 8259 interrupts pass whatever LINT0
 * says; no I/O APIC.
 */
#include "dev/local_apic.h"

enum {
    REG_ID = 0x20,
    REG_VERSION = 0x30,
    REG_TPR = 0x80,
    REG_PPR = 0xa0,
    REG_EOI = 0xb0,
    REG_LDR = 0xd0,
    REG_DFR = 0xe0,
    REG_SPURIOUS = 0xf0,
    REG_ISR = 0x100,
    REG_IRR = 0x200,
    REG_ESR = 0x280,
    REG_ICR_LOW = 0x300,
    REG_ICR_HIGH = 0x310,
    REG_LVT = 0x320,
    REG_INITIAL_COUNT = 0x380,
    REG_DIVIDE = 0x3e0,
};
enum { VERSION = 0x50014, ENABLED = 0x100, LVT_MASKED = 0x10000, DFR_FLAT = 0xf };
enum { DELIVER_FIXED = 0, DELIVER_LOWEST = 1, DELIVER_NMI = 4 };
enum { TO_DESTINATION, TO_SELF, TO_ALL, TO_OTHERS };

/* Highest bit's number, or -1. */
static int highest(const uint32_t *words)
{
    for (int i = LOCAL_APIC_VECTOR_WORDS - 1; i >= 0; i--) {
        if (words[i]) {
            return i * 32 + 31 - __builtin_clz(words[i]);
        }
    }
    return -1;
}

static uint32_t processor_priority(const struct local_apic *apic)
{
    int in_service = highest(apic->isr);
    uint32_t service_class = in_service < 0 ? 0 : (uint32_t)in_service & 0xf0;
    return (apic->tpr & 0xf0) >= service_class ? apic->tpr : service_class;
}

static void update(struct local_apic *apic)
{
    int wanted = highest(apic->irr);
    apic->pending = wanted >= 0 && ((uint32_t)wanted & 0xf0) > (processor_priority(apic) & 0xf0);
    irq_set(&apic->intr, apic->pending);
}

unsigned local_apic_acknowledge(struct local_apic *apic)
{
    unsigned vector = (unsigned)highest(apic->irr);
    apic->irr[vector / 32] &= ~(1u << vector % 32);
    apic->isr[vector / 32] |= 1u << vector % 32;
    update(apic);
    return vector;
}

static void end_of_interrupt(struct local_apic *apic)
{
    int vector = highest(apic->isr);
    if (vector >= 0) {
        apic->isr[vector / 32] &= ~(1u << vector % 32);
    }
    update(apic);
}

/* "Determining IPI Destination" */
static bool is_for_us(const struct local_apic *apic)
{
    uint32_t destination = apic->icr_high >> 24;
    switch (apic->icr_low >> 18 & 3) {
    case TO_SELF:
    case TO_ALL:
        return true;
    case TO_OTHERS:
        return false;
    default:
        break;
    }
    if (!(apic->icr_low & 0x800)) {
        return destination == apic->id >> 24 || destination == 0xff;
    }
    uint32_t own = apic->ldr >> 24;
    if (apic->dfr >> 28 == DFR_FLAT) {
        return destination & own;
    }
    return ((destination ^ own) & 0xf0) == 0 && (destination & own & 0xf);
}

static void send(struct local_apic *apic)
{
    uint32_t vector = apic->icr_low & 0xff, mode = apic->icr_low >> 8 & 7;
    bool is_vector = mode == DELIVER_FIXED || mode == DELIVER_LOWEST;
    if (mode == DELIVER_NMI && is_for_us(apic)) { /* "Local APIC State After It Has Been Software
                                                     Disabled": NMI still comes through */
        irq_set(&apic->nmi, true);
    }
    if (!is_vector || !is_for_us(apic) || !(apic->spurious & ENABLED)) {
        return;
    }
    if (vector < 16) {
        apic->esr |= 0x60; /* send and receive illegal vector */
        return;
    }
    apic->irr[vector / 32] |= 1u << vector % 32;
    update(apic);
}

static uint32_t *plain_register(struct local_apic *apic, uint32_t reg)
{
    switch (reg) {
    case REG_ID:
        return &apic->id;
    case REG_TPR:
        return &apic->tpr;
    case REG_LDR:
        return &apic->ldr;
    case REG_DFR:
        return &apic->dfr;
    case REG_SPURIOUS:
        return &apic->spurious;
    case REG_ICR_LOW:
        return &apic->icr_low;
    case REG_ICR_HIGH:
        return &apic->icr_high;
    case REG_INITIAL_COUNT:
        return &apic->initial_count;
    case REG_DIVIDE:
        return &apic->divide;
    default:
        break;
    }
    uint32_t lvt = (reg - REG_LVT) / 16;
    return reg >= REG_LVT && lvt < LOCAL_APIC_N_LVT ? &apic->lvt[lvt] : NULL;
}

static uint32_t apic_read(void *arg, uint32_t off, unsigned size_bytes)
{
    struct local_apic *apic = arg;
    uint32_t reg = off & 0xff0, value = 0;
    const uint32_t *plain = plain_register(apic, reg);
    if (plain) {
        value = *plain;
    } else if (reg == REG_VERSION) {
        value = VERSION;
    } else if (reg == REG_PPR) {
        value = processor_priority(apic);
    } else if (reg == REG_ESR) {
        value = apic->esr;
    } else if (reg >= REG_ISR && reg < REG_ISR + 0x80) {
        value = apic->isr[(reg - REG_ISR) / 16];
    } else if (reg >= REG_IRR && reg < REG_IRR + 0x80) {
        value = apic->irr[(reg - REG_IRR) / 16];
    }
    return size_bytes == 4 && !(off & 15) ? value : value >> (8 * (off & 3));
}

/* Registers take aligned dwords ("Local APIC Register Address Map"); anything else vanishes. */
static void apic_write(void *arg, uint32_t off, unsigned size_bytes, uint32_t value)
{
    struct local_apic *apic = arg;
    uint32_t *plain = plain_register(apic, off);
    if (size_bytes != 4 || off & 15) {
        return;
    }
    if (plain) {
        uint32_t mask = off == REG_ID || off == REG_LDR || off == REG_ICR_HIGH ? 0xff000000u
                        : off == REG_TPR                                       ? 0xff
                        : off == REG_ICR_LOW                                   ? 0xccfffu
                        : off == REG_SPURIOUS                                  ? 0x3ffu
                        : off == REG_DFR                                       ? 0xf0000000u
                                                                               : UINT32_MAX;
        *plain = (value & mask) | (off == REG_DFR ? 0x0fffffffu : 0);
        if (off == REG_ICR_LOW) {
            send(apic);
        }
        update(apic);
    } else if (off == REG_EOI) {
        end_of_interrupt(apic);
    } else if (off == REG_ESR) {
        apic->esr = 0;
    }
}

const struct bus_ops local_apic_ops = {apic_read, apic_write};

/* "Local APIC State After Power-Up or Reset" */
void local_apic_reset(struct local_apic *apic)
{
    struct irq_line intr = apic->intr, nmi = apic->nmi;
    *apic = (struct local_apic){.intr = intr, .nmi = nmi, .spurious = 0xff, .dfr = UINT32_MAX};
    for (unsigned i = 0; i < LOCAL_APIC_N_LVT; i++) {
        apic->lvt[i] = LVT_MASKED;
    }
    update(apic);
}

void local_apic_init(struct local_apic *apic, struct irq_line intr, struct irq_line nmi)
{
    apic->intr = intr;
    apic->nmi = nmi;
    local_apic_reset(apic);
}
