/* entry.c - the CPU's state at a 32-bit entry: protected mode, flat segments, paging and interrupts
 * off. What the loaders have in common; each says selectors, EIP and ESP.
 *
 * The hidden parts and the table in guest memory must agree: the guest may reload a selector before
 * it has a GDT of its own (Linux does with __BOOT_DS).
 */
#include "load/room.h"

enum { ACCESS_CODE = 0x9b, ACCESS_DATA = 0x93, FLAGS_4GIB_32BIT = 0xc };
enum { IVT_BYTES = 256 * 4 };

/* SDM vol. 3, "Segment Descriptors": base 0, limit FFFFF pages. */
static uint64_t flat_descriptor(uint8_t access)
{
    return 0x0000ffffull | (uint64_t)access << 40 | 0xfull << 48 | (uint64_t)FLAGS_4GIB_32BIT << 52;
}

static struct segment flat_segment(uint16_t selector, uint8_t access)
{
    return (struct segment){
        .base = 0, .limit = 0xffffffff, .selector = selector, .access = access, .big = 1};
}

void entry_set(struct cpu *cpu, struct place *place, const struct entry *entry)
{
    uint8_t ring = entry->code & 3;
    uint8_t dpl = (uint8_t)(ring << 5);
    uint64_t gdt[ENTRY_GDT_BYTES / 8] = {0};
    BUG_ON(entry->code >= ENTRY_GDT_BYTES || entry->data >= ENTRY_GDT_BYTES);
    gdt[entry->code >> 3] = flat_descriptor(ACCESS_CODE | dpl);
    gdt[entry->data >> 3] = flat_descriptor(ACCESS_DATA | dpl);
    place_write(place, entry->gdt_phys, gdt, sizeof gdt);

    for (unsigned reg = 0; reg < N_GPR; reg++) {
        cpu_set_reg(cpu, reg, 0);
    }
    for (unsigned seg = 0; seg < N_SEG; seg++) {
        cpu->seg[seg] = seg == SEG_CS ? flat_segment(entry->code, ACCESS_CODE | dpl)
                                      : flat_segment(entry->data, ACCESS_DATA | dpl);
    }
    cpu->gdtr = (struct table_register){.base = entry->gdt_phys, .limit = sizeof gdt - 1};
    /* As firmware leaves it: a kernel that goes back to real mode may use INT without LIDT
     * (kvm-unit-tests' realmode). Nobody comes from ring 3 to a handler that is not there. */
    cpu->idtr = (struct table_register){.base = 0, .limit = ring ? 0 : IVT_BYTES - 1};
    cpu->cr0 = CR0_PE | CR0_ET; /* caches on, as firmware leaves them */
    cpu->cr3 = 0;
    cpu->cr4 = 0;
    cpu->cpl = ring;
    cpu->a20 = true;
    cpu->halted = false;
    cpu->interrupt_shadow = 0;
    cpu_set_eflags(cpu, FLAG_FIXED);
    cpu->eip = entry->eip;
    cpu_set_reg(cpu, GPR_ESP, entry->esp);
    cpu_update_mode(cpu);
}
