/* walk.c - the guest's page tables, as the SDM says (vol. 3, "Paging"): 32-bit and PAE.
 *
 * Used by the fault path, by checked accesses and by instruction fetch. Reads and sets A/D bits
 * through mem->host; never maps anything. Each entry is read once: the guest cannot change it
 * between check and use.
 *
 * DEVIATION: physical addresses have 32 bits (CPUID 80000008h must say so), PSE-36 is not offered:
 * the bits above are reserved and fault as such.
 */
#include "view/view_internal.h"

const uint8_t *walk_page_host(const struct view *view, uint32_t phys)
{
    uint32_t page = (phys >> PAGE_SHIFT) & view->page_mask;
    enum mem_type type = (enum mem_type)view->mem->page_type[page];
    if (type != MEM_RAM && type != MEM_ROM) {
        return view->ones;
    }
    return view->mem->host + ((uint64_t)page_in_memfd(view, page) << PAGE_SHIFT);
}

uint64_t walk_current_pde(const struct view *view, uint32_t index)
{
    if (view->kind == PAGING_PAE) {
        const uint8_t *directory = view->directory[index >> 9];
        return directory
                   ? __atomic_load_n((const uint64_t *)directory + (index & 511), __ATOMIC_RELAXED)
                   : 0;
    }
    return __atomic_load_n((const uint32_t *)view->directory[0] + index, __ATOMIC_RELAXED);
}

/* A paging-structure entry in guest memory. Where nothing answers it reads as ones, and writes to
 * anything but RAM vanish. */
struct entry {
    void *host;
    uint64_t value;
    uint32_t phys;
    bool is_ram;
};

static inline struct entry read_entry(const struct cpu *cpu, uint32_t phys, bool pae)
{
    const struct mem *mem = cpu->view->mem;
    struct entry entry = {.phys = cpu->a20 ? phys : phys & ~(1u << 20)};
    uint32_t page = entry.phys >> PAGE_SHIFT;
    enum mem_type type = (enum mem_type)mem->page_type[page];
    if (type != MEM_RAM && type != MEM_ROM) {
        entry.value = pae ? UINT64_MAX : UINT32_MAX;
        return entry;
    }
    entry.is_ram = type == MEM_RAM;
    entry.host = mem->host + ((uint64_t)page_in_memfd(cpu->view, page) << PAGE_SHIFT) +
                 (entry.phys & (PAGE_BYTES - 1));
    entry.value = pae ? __atomic_load_n((uint64_t *)entry.host, __ATOMIC_RELAXED)
                      : __atomic_load_n((uint32_t *)entry.host, __ATOMIC_RELAXED);
    return entry;
}

static inline void set_bits(struct entry *entry, uint32_t bits)
{
    if ((entry->value & bits) == bits) {
        return;
    }
    if (entry->is_ram) {
        __atomic_fetch_or((uint32_t *)entry->host, bits, __ATOMIC_SEQ_CST);
    }
    entry->value |= bits;
}

static int page_fault(const struct cpu *cpu, uint32_t lin, enum view_access access, bool user,
                      uint32_t cause, struct fault *fault)
{
    if (fault) {
        bool tells_fetch = (cpu->cr4 & CR4_PAE) && (cpu->efer & EFER_NXE);
        fault->vector = VEC_PF;
        fault->has_error = true;
        fault->error = cause | (access == VIEW_WRITE ? PF_W : 0) | (user ? PF_U : 0) |
                       (access == VIEW_FETCH && tells_fetch ? PF_I : 0);
        fault->cr2 = lin;
    }
    return -1;
}

static uint64_t pae_reserved(const struct cpu *cpu)
{
    return UINT64_C(0x7FFFFFFF00000000) | (cpu->efer & EFER_NXE ? 0 : PTE_NX);
}

/* Finds PDE and PTE. Returns 0, or the cause for the error code plus 0x100. */
static unsigned find_entries(const struct cpu *cpu, uint32_t lin, struct entry *pde,
                             struct entry *pte, uint32_t *page_bytes)
{
    enum { FAILED = 0x100 };
    bool pae = cpu->cr4 & CR4_PAE;
    uint64_t reserved = 0;
    uint64_t large_reserved;
    if (pae) {
        uint64_t pdpte = cpu->view->pdpte[lin >> 30];
        if (!(pdpte & PTE_P)) {
            return FAILED;
        }
        reserved = pae_reserved(cpu);
        large_reserved = reserved | 0x1FE000;
        *pde = read_entry(cpu, (uint32_t)(pdpte & PTE_FRAME) + ((lin >> 21) & 511) * 8, true);
    } else {
        large_reserved = 0x3FE000;
        *pde = read_entry(cpu, (cpu->cr3 & (uint32_t)PTE_FRAME) + (lin >> 22) * 4, false);
    }
    if (!(pde->value & PTE_P)) {
        return FAILED;
    }
    if ((pde->value & PTE_PS) && (pae || (cpu->cr4 & CR4_PSE))) {
        *page_bytes = pae ? 2u << 20 : 4u << 20;
        return pde->value & large_reserved ? FAILED | PF_P | PF_RSVD : 0;
    }
    if (pde->value & reserved) {
        return FAILED | PF_P | PF_RSVD;
    }
    *page_bytes = PAGE_BYTES;
    uint32_t table = (uint32_t)(pde->value & PTE_FRAME);
    *pte = pae ? read_entry(cpu, table + ((lin >> 12) & 511) * 8, true)
               : read_entry(cpu, table + ((lin >> 12) & 1023) * 4, false);
    if (!(pte->value & PTE_P)) {
        return FAILED;
    }
    return pte->value & reserved ? FAILED | PF_P | PF_RSVD : 0;
}

static void walk_flat(const struct cpu *cpu, uint32_t lin, struct walk *walk)
{
    walk->phys = cpu->a20 ? lin : lin & ~(1u << 20);
    walk->page_bytes = 0;
    walk->user = walk->writable = walk->dirty = true;
    walk->global = walk->no_execute = false;
    walk->pde = walk->pte = 0;
    walk->pde_phys = walk->pte_phys = 0;
}

int view_walk(struct cpu *cpu, uint32_t lin, enum view_access access, bool user, bool probe,
              struct walk *walk, struct fault *fault)
{
    if (!(cpu->cr0 & CR0_PG)) {
        walk_flat(cpu, lin, walk);
        return 0;
    }
    struct entry pde = {0};
    struct entry pte = {0};
    uint32_t page_bytes = 0;
    unsigned failed = find_entries(cpu, lin, &pde, &pte, &page_bytes);
    if (failed) {
        return page_fault(cpu, lin, access, user, failed & 0xFF, fault);
    }
    bool large = page_bytes != PAGE_BYTES;
    uint64_t rights = large ? pde.value : pde.value & pte.value;
    bool no_execute = (pde.value | pte.value) & PTE_NX;
    if ((user && !(rights & PTE_US)) || (access == VIEW_FETCH && no_execute) ||
        (access == VIEW_WRITE && !(rights & PTE_RW) && (user || (cpu->cr0 & CR0_WP)))) {
        return page_fault(cpu, lin, access, user, PF_P, fault);
    }
    struct entry *leaf = large ? &pde : &pte;
    if (!probe) {
        set_bits(&pde, PTE_A);
        set_bits(leaf, access == VIEW_WRITE ? PTE_A | PTE_D : PTE_A);
    }
    uint32_t phys = (uint32_t)(leaf->value & PTE_FRAME & ~(uint64_t)(page_bytes - 1)) |
                    (lin & (page_bytes - 1));
    walk->phys = cpu->a20 ? phys : phys & ~(1u << 20);
    walk->page_bytes = page_bytes;
    walk->user = rights & PTE_US;
    walk->writable = rights & PTE_RW;
    walk->dirty = leaf->value & PTE_D;
    walk->global = (leaf->value & PTE_G) && (cpu->cr4 & CR4_PGE);
    walk->no_execute = no_execute;
    walk->pde = pde.value;
    walk->pte = pte.value;
    walk->pde_phys = pde.phys;
    walk->pte_phys = pte.phys;
    return 0;
}

int view_load_pdptes(struct cpu *cpu, uint32_t cr3)
{
    if (!(cpu->cr4 & CR4_PAE)) {
        return 0;
    }
    uint64_t loaded[4];
    for (unsigned i = 0; i < 4; i++) {
        loaded[i] = read_entry(cpu, (cr3 & ~31u) + i * 8, true).value;
        /* reserved: 2:1, 8:5, everything above the physical address */
        if ((loaded[i] & PTE_P) && (loaded[i] & UINT64_C(0xFFFFFFFF000001E6))) {
            return -1;
        }
    }
    for (unsigned i = 0; i < 4; i++) {
        cpu->view->pdpte[i] = loaded[i];
    }
    return 0;
}
