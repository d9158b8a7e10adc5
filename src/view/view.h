/* view.h - the split: what the guest's address spaces look like to the host.
 *
 * D-view: 4 GiB windows (GS.base) where pages of the guest's RAM are mapped with exactly the rights
 * the guest's page tables give; one private window per address space (CR3) for what user mode may
 * touch, one supervisor window shared by all. I-view: directories that say which host code runs at
 * a linear address (iview.h). Coherence follows the hardware's TLB rules.
 *
 * Everything here is light (general registers only, raw system calls through base/sys.h), because
 * it is reached from light helpers and from the SIGSEGV handler.
 */
#ifndef VIEW_VIEW_H
#define VIEW_VIEW_H

#include "cpu/cpu.h"
#include "mem/mem.h"

enum view_access { VIEW_READ = 0, VIEW_WRITE = 1, VIEW_FETCH = 2 };

enum view_answer {
    VIEW_MAPPED,  /* the page is now in the window: run the access again */
    VIEW_FAULT,   /* the guest's tables forbid it: cpu->fault is the #PF */
    VIEW_CHECKED, /* must go through the checked path (MMIO, ROM write, hole, WP=0, supervisor page
                     in a private slot, store to a page with scanned code) */
    VIEW_DUAL,    /* kernel site reaches into a private slot: make it a dual site */
};

/* Result of walking the guest's page tables for one linear page. */
struct walk {
    uint32_t phys;                                  /* physical address of the byte asked for */
    uint32_t page_bytes;                            /* 4096, 2 MiB or 4 MiB; 0 = paging off */
    bool user, writable, dirty, global, no_execute; /* combined over both levels */
    uint64_t pde, pte; /* as read (after A/D were set); pte 0 for large pages */
    uint32_t pde_phys, pte_phys;
};

/* walk.c. Walks for an access with the given rights (user: as CPL 3), sets A and (write) D bits
 * with atomic operations in guest memory. 0, or -1 with *fault = #PF. With probe: changes nothing
 * and reports nothing (fault may be NULL). Handles PG=0, 2-level, PSE, PAE, NX, WP, reserved bits.
 */
int view_walk(struct cpu *cpu, uint32_t lin, enum view_access access, bool user, bool probe,
              struct walk *walk, struct fault *fault);

/* ---- spaces, windows, directories (space.c, dview.c) ---- */

enum {
    VIEW_WINDOW_STRIDE_SHIFT =
        33,                     /* windows are 4 GiB aligned, 8 GiB apart: guards on both sides */
    VIEW_DIR_ENTRIES = 1 << 20, /* one 8-byte entry per linear page */
    VIEW_TABLE_SLOTS = 4096,    /* 4-byte slots of one code page's table: host address - cache
                                   base of the unit that begins at this byte; 0 = none */
};

struct view_options {
    unsigned n_windows;    /* private windows in the arena; 0 = default (2048) */
    unsigned max_mappings; /* host mappings to stay below; 0 = from vm.max_map_count - 4000 */
    bool no_fault_around;  /* map single pages only (bisecting) */
    bool no_parking;       /* what another process mapped is dropped (bisecting) */
    bool no_early;         /* no page is mapped for a site that looks it up (bisecting) */
};

/* Reserves the arena and the default directory, makes the supervisor window and the space of
 * CR3=0/paging off. Sets cpu->view and the CPU's window/dir. 0 or -errno. Not light. */
int view_create(struct view **view, struct mem *mem, struct cpu *cpu,
                const struct view_options *opt);
void view_destroy(struct view *view);

/* After cpu->cr3 (and with PAE: view_load_pdptes) changed by MOV CR3 or a task switch. Compares
 * what is mapped in the new space with the guest's tables as they are now and drops what differs.
 */
void view_load_cr3(struct cpu *cpu);
/* Loads and checks the four PDPTEs at cpu->cr3 for PAE (kept in view, as the CPU keeps them). 0, or
 * -1 if a reserved bit is set (the caller raises #GP(0)). No-op without PAE paging. */
int view_load_pdptes(struct cpu *cpu, uint32_t cr3);
void view_invlpg(struct cpu *cpu, uint32_t lin);
/* After CR0.PG/WP, CR4.PSE/PAE/PGE, EFER.NXE or the A20 gate changed: everything is dropped. */
void view_paging_changed(struct cpu *cpu);
/* What answers at physical addresses changed (mem_set_type): everything is dropped. */
void view_memory_changed(struct cpu *cpu);
/* The window of CPL 0 to 2, whatever the address space. */
uint64_t view_supervisor_window(const struct view *view);
/* Sets cpu->window, cpu->dir (and dual_base when the space changed) for cpu->mode. CPL 3 uses the
 * private window and the space's directory for this mode, other CPLs the supervisor window and the
 * shared directory of this mode. A few ns when the directory exists. */
void view_switch_mode(struct cpu *cpu);

/* A host access at window + lin faulted. Tries to map it. user: rights of CPL 3. */
enum view_answer view_fault(struct cpu *cpu, uint64_t window, uint32_t lin, enum view_access access,
                            bool user);
/* Window base if host lies in the arena, with the (32-bit) linear address; false for other
 * addresses. Addresses in a guard give the window whose guard it is and the wrapped address, and
 * set *in_guard. */
bool view_find_window(const struct view *view, uint64_t host, uint64_t *window, uint32_t *lin,
                      bool *in_guard);
/* The window in which an access with the given rights is to be made now (private window for user,
 * else supervisor window or, for a private slot, the private one). */
uint64_t view_window_for(const struct cpu *cpu, uint32_t lin, bool user);

/* True if the slot of lin was not private and is now: its page is a user's. */
bool view_make_private(struct cpu *cpu, uint32_t lin);
enum { VIEW_MIN_SLOT_BYTES = 1 << 21 }; /* each border of slots is one of these */

/* lookup.c. Where a data access with the rights of the CPL finds its byte in guest RAM, good to the
 * end of the page: no window is asked and none is changed. VIEW_MAPPED and *host; VIEW_FAULT:
 * cpu->fault; VIEW_CHECKED: not in RAM, or not to be stored to. Counts in cpu->n_spared how often
 * the host would have faulted, had the window been asked. */
enum view_answer view_look_up(struct cpu *cpu, uint32_t lin, bool write, uint64_t *host);
/* The same from what was found before, or 0. */
static inline uint64_t view_lookup_tag(const struct cpu *cpu, uint32_t lin, bool write, bool user)
{
    return (uint64_t)cpu->lookup_generation << 32 | (lin & ~(uint32_t)(PAGE_BYTES - 1)) |
           (unsigned)user << 1 | write;
}
static inline struct cpu_lookup *view_lookup_of(struct cpu *cpu, uint32_t lin, bool write)
{
    return &cpu->lookup[((lin >> PAGE_SHIFT) * 2 + write) % CPU_LOOKUPS];
}
static inline const struct cpu_lookup *view_lookup_known(struct cpu *cpu, uint32_t lin, bool write)
{
    const struct cpu_lookup *known = view_lookup_of(cpu, lin, write);
    return known->tag == view_lookup_tag(cpu, lin, write, cpu->cpl == 3) ? known : NULL;
}
static inline uint64_t view_lookup_host(const struct cpu_lookup *known, uint32_t lin)
{
    return (known->delta & ~UINT64_C(1)) + lin;
}
static inline uint64_t view_look_up_again(struct cpu *cpu, uint32_t lin, bool write)
{
    const struct cpu_lookup *known = view_lookup_known(cpu, lin, write);
    return known ? view_lookup_host(known, lin) : 0;
}
static inline bool view_look_up_ram(struct cpu *cpu, uint32_t lin, bool write, uint64_t *host)
{
    const struct cpu_lookup *known = view_lookup_known(cpu, lin, write);
    if (known && !(known->delta & 1)) { /* else it counts, for the site and for the page */
        *host = view_lookup_host(known, lin);
        return true;
    }
    return view_look_up(cpu, lin, write, host) == VIEW_MAPPED;
}
/* Have they spared so many faults lately that those sites pay which spare none themselves? */
static inline bool view_lookups_pay(const struct cpu *cpu)
{
    return cpu->lookup_epoch - cpu->lookup_paid <= 2;
}
/* From now on a looked-up site finds the page without a call. Not one that the window has: whoever
 * keeps meeting such pages is to be judged, unless look-ups pay on the whole. */
static inline void view_lookup_set_quick(struct cpu *cpu, uint32_t lin, bool write,
                                         const struct cpu_lookup *known)
{
    uint32_t page = lin >> PAGE_SHIFT, i = page % CPU_QUICK;
    if (!(known->delta & 1) && !view_lookups_pay(cpu)) {
        return;
    }
    if (cpu->n_quick < CPU_QUICK_LIST) {
        cpu->quick_list[cpu->n_quick] = (uint16_t)(write * CPU_QUICK + i);
    }
    cpu->n_quick++;
    cpu->quick_tag[write][i] = 0u - (page + (cpu->cpl == 3 ? (unsigned)CPU_QUICK_USER : 0));
    cpu->quick_delta[write][i] = known->delta & ~UINT64_C(1);
}
/* Now and then: what was found is forgotten, so that sites in long loops are judged, and pages that
 * only quick look-ups use are counted. */
void view_age_lookups(struct cpu *cpu);
/* Does the window where such an access would be made have the page? */
bool view_is_mapped(const struct cpu *cpu, uint32_t lin, bool write, bool user);

/* I-view: code at lin (page given by walk) is now described by table. table = address of slot 0 of
 * the page's table (VIEW_TABLE_SLOTS uint32_t, 16 KiB aligned not needed); stored biased by the
 * page so that slot address = entry + eip_lin * 4. Remembers the PTE, so that INVLPG, CR3 loads
 * etc. drop the entry. Applies to the directory of cpu->mode. */
void view_map_code(struct cpu *cpu, uint32_t lin, const struct walk *walk, uint32_t *table);
/* After view_map_code(): the same for pages around it that the guest's tables show in the same way
 * and find() has tables for. */
typedef uint32_t *view_code_finder(void *arg, uint32_t phys_page, uint32_t lin_page);
void view_map_code_around(struct cpu *cpu, uint32_t lin, const struct walk *walk,
                          view_code_finder *find, void *arg);
/* The page of lin leads to the scanner again in the current window's directories. */
void view_forget_code(struct cpu *cpu, uint32_t lin);
/* What a directory has where lin leads to table: biased by the page. */
static inline uint64_t view_code_entry(const uint32_t *table, uint32_t lin)
{
    return (uint64_t)table - (uint64_t)(lin >> PAGE_SHIFT) * VIEW_TABLE_SLOTS * sizeof(*table);
}
/* Present table of lin in the directory of cpu->mode, or NULL. */
uint32_t *view_code_table(const struct cpu *cpu, uint32_t lin);
/* Removes every directory entry (all spaces, all modes) that names this table at this linear page.
 */
void view_forget_table(struct view *view, uint32_t lin, const uint32_t *table);
/* Does an address space that has this table at lin still have this physical page there, by its page
 * tables as they are now? */
bool view_has_code(const struct view *view, uint32_t lin, const uint32_t *table,
                   uint32_t phys_page);

/* Write protection of physical pages that hold scanned code, in every window, including runs mapped
 * in one go. phys_page = physical address >> 12. Idempotent. */
void view_protect_page(struct view *view, uint32_t phys_page);
void view_unprotect_page(struct view *view, uint32_t phys_page);
bool view_page_protected(const struct view *view, uint32_t phys_page);

/* An access by C code (instructions whose site is checked, emulation, event delivery) to bytes of
 * which some lie in a page that no window maps. */
struct view_sight {
    uint32_t lin, n_bytes; /* over at most two pages */
    uint32_t phys;
    uint32_t phys_next; /* of the second page's first byte, if there are two */
    bool write;
    bool probe;          /* nothing is read or written yet; only under hides_code */
    bool is_code;        /* one of them is a virtualized code page (hides_code) */
    const uint8_t *data; /* n_bytes: what was read, or is about to be written. Not with probe */
};
/* How many of them lie in the first page. */
static inline uint32_t view_sight_first(const struct view_sight *sight)
{
    uint32_t left = 4096 - (sight->lin & 4095);
    return sight->n_bytes < left ? sight->n_bytes : left;
}
/* Light. False: the access must not be made now; it fails with VEC_STOPPED. */
typedef bool view_observer(struct cpu *cpu, const struct view_sight *sight);
/* hide.c. hides_code: from now on physical pages with scanned code are mapped in no window. Before
 * the first unit is made. */
void view_set_observer(struct view *view, view_observer *observer, bool hides_code);
bool view_hides_code(const struct view *view);
/* Linear pages, or physical ones, are mapped in no window while they are watched, whatever lies
 * there. Both ends belong to the range. */
void view_watch_pages(struct view *view, uint32_t first_page, uint32_t last_page, bool physical,
                      bool watched);
/* For acc.c: tells the observer. False: cpu->fault says VEC_STOPPED. */
bool view_observe(struct cpu *cpu, struct view_sight *sight);

/* Everything dropped: all pages out of all windows, all directory entries (tests, snapshots). */
void view_drop_all(struct view *view);

struct view_stats {
    uint64_t n_faults, n_pages_mapped, n_runs, n_guest_faults, n_spaces_made, n_spaces_dropped,
        n_cr3_loads, n_cr3_known, n_pages_dropped, n_invlpg, n_protects, n_unprotects, n_evictions,
        n_slots_private, n_checked, n_mappings, n_full_flushes, n_lookups;
};
const struct view_stats *view_get_stats(const struct view *view);
/* Where the i-th of its records lie; false: there are no more. Full. */
bool view_list_pool(struct view *view, unsigned i, const void **host, uint64_t *n_bytes);

#endif
