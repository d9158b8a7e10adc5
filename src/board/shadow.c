/* shadow.c - what the CPU finds at C0000-FFFFF: firmware or the RAM that lies under it, as the host
 * bridge's PAM registers say.
 *
 * Place in the flow: guest writes PAM (dev/pci.c) -> wire -> the monitor's hook, which drops every
 * mapping and all code -> board_show_memory(). Owns the page types of that range.
 *
 * DEVIATION: "read from ROM, write to RAM" cannot be mapped; the RAM is given the ROM's contents
 * and shown for both. Firmware uses that state only to copy itself.
 */
#include "board/board_internal.h"

enum { SHADOW_PHYS = 0xc0000, SHADOW_END = 0x100000, MAX_LOW_ROM = 0x20000 };

/* The last 128 KiB of the firmware below 4 GiB appear below 1 MiB too: 1 MiB = 4 GiB modulo what
 * the decoder looks at ("BIOS memory", 82371SB). Elsewhere nothing answers. */
static bool has_rom(const struct board *board, uint32_t phys)
{
    uint32_t low_bytes = board->rom_bytes < MAX_LOW_ROM ? board->rom_bytes : MAX_LOW_ROM;
    return phys >= SHADOW_END - low_bytes;
}

static void show(struct board *board, uint32_t phys, unsigned old, unsigned pam)
{
    struct mem *mem = board->mem;
    uint32_t n_bytes = PCI_PAM_SEGMENT_BYTES, rom_phys = phys - SHADOW_END;
    if (!pam && has_rom(board, phys)) {
        mem_show_rom(mem, phys, n_bytes, rom_phys);
        return;
    }
    if (!pam) {
        mem_set_type(mem, phys, n_bytes, MEM_NONE);
        return;
    }
    mem_set_type(mem, phys, n_bytes, MEM_RAM);
    if (pam == PCI_PAM_WRITE && (old == SHADOW_UNSET || !(old & PCI_PAM_READ)) &&
        has_rom(board, phys)) {
        for (uint32_t off = 0; off < n_bytes; off += PAGE_BYTES) {
            mem_write(mem, phys + off, mem_page_host(mem, rom_phys + off), PAGE_BYTES);
        }
    }
    if (pam == PCI_PAM_READ) {
        mem_set_type(mem, phys, n_bytes, MEM_ROM);
    }
}

void board_show_memory(struct board *board)
{
    for (unsigned i = 0; i < PCI_PAM_SEGMENTS; i++) {
        unsigned pam = pci_pam(&board->pci, i);
        if (pam != board->shadow[i]) {
            show(board, SHADOW_PHYS + i * PCI_PAM_SEGMENT_BYTES, board->shadow[i], pam);
            board->shadow[i] = (uint8_t)pam;
        }
    }
}

static void pam_changed(void *arg, unsigned number, bool level)
{
    struct board *board = arg;
    (void)number;
    if (!level || !board->rom_bytes) {
        return;
    }
    bool differs = false;
    for (unsigned i = 0; i < PCI_PAM_SEGMENTS; i++) {
        differs |= pci_pam(&board->pci, i) != board->shadow[i];
    }
    if (differs && board->memory_hook) {
        board->memory_hook(board->memory_hook_arg);
    } else if (differs) {
        board_show_memory(board);
    }
}

struct irq_line board_shadow_wire(struct board *board)
{
    return (struct irq_line){.set = pam_changed, .arg = board};
}

void board_set_memory_hook(struct board *board, void (*hook)(void *arg), void *arg)
{
    board->memory_hook = hook;
    board->memory_hook_arg = arg;
}
