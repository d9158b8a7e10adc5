/* view_internal.h - what the files of view/ share: windows, spaces, slots, directories.
 *
 * A *slot* is what one page-directory entry covers (4 MiB, with PAE 2 MiB) in one window: the PDE
 * as it was, and for each page that is mapped (or has code in a directory) the PTE as it was. Slots
 * make every question about coherence one comparison: memory now against the copy.
 *
 * Space i owns window i for life; window 0 is the supervisor window and has no space.
 */
#ifndef VIEW_VIEW_INTERNAL_H
#define VIEW_VIEW_INTERNAL_H

#include "view/view.h"

enum {
    VIEW_SUP = 0,                /* the supervisor window */
    VIEW_DEFAULT_WINDOWS = 2048, /* private windows */
    VIEW_MIN_WINDOWS = 8,
    VIEW_KEEP_SPACES = 128, /* above this many, spaces whose processes are gone are looked for */
    VIEW_SWEEP_SPACES = 8, /* looked at for each one made: at most a seventh of all is stale then */
    VIEW_N_SLOTS = 16384,  /* slot records in all; number 0 means "none" */
    VIEW_SLOT_PAGES = 1024, /* pages in a slot (PAE: 512 in use) */
    VIEW_SLOT_WORDS = VIEW_SLOT_PAGES / 64,
    VIEW_WINDOW_SLOTS = 2048, /* slots in a window (without PAE: 1024 in use) */
    VIEW_N_SUP_DIRS = 16,     /* directories of the supervisor window: one per mode */
    VIEW_N_SPACE_DIRS = 4,    /* directories of one space */
    VIEW_DIR_SHIFT = 23,      /* 2^20 entries of 8 bytes */
    VIEW_TABLE_SHIFT = 14,    /* bytes of a code page's table: 4096 slots of 4 bytes */
    VIEW_HASH_SIZE = 1024,
    VIEW_AROUND_PAGES = 16, /* fault-around, aligned (docs: measurements) */
    /* The same for read-only pages, of which the host enters those that are read by sixteen in one
     * fault of its own: 0.15 us for each, where MAP_POPULATE takes 0.13 for each of the run. */
    VIEW_AROUND_READ = 64,
    VIEW_LARGE_SLOTS = 64, /* most slots mapped by one fault in a run of large pages */
    VIEW_PROBES = 16,      /* early.c */
    VIEW_N_MODES = 8192,   /* values of cpu->mode */
    VIEW_ABSENT_LIMIT = 2, /* times a user slot may vanish at a CR3 load before it is private */
    VIEW_DIFFER_LIMIT = 4, /* times a supervisor-only slot may differ before it is private */
};

/* Page-table entry bits (SDM vol. 3, "Paging") */
enum {
    PTE_P = 1 << 0,
    PTE_RW = 1 << 1,
    PTE_US = 1 << 2,
    PTE_A = 1 << 5,
    PTE_D = 1 << 6,
    PTE_PS = 1 << 7,
    PTE_G = 1 << 8,
    PTE_AVL = 7 << 9,
};
#define PTE_NX    (UINT64_C(1) << 63)
#define PTE_FRAME UINT64_C(0xFFFFF000) /* physical addresses have 32 bits here */

enum paging_kind { PAGING_OFF, PAGING_2LEVEL, PAGING_PAE };

struct view_slot {
    uint64_t pde;                    /* as it was when the slot was made or last found unchanged */
    const uint8_t *table;            /* large: NULL; else host address of the page-table page */
    uint32_t phys;                   /* large: physical address of the first page */
    uint32_t next, prev;             /* slots of this window */
    uint32_t next_check, prev_check; /* slots of this window to compare at a CR3 load */
    uint32_t next_large, prev_large; /* large slots of the same physical frame */
    uint32_t serial;                 /* supervisor window: the space the PDE was last seen in */
    uint16_t window, index;
    uint16_t n_used;                /* pages mapped or with code */
    uint16_t n_parked, n_came_back; /* came back: since another table was judged */
    uint16_t check_groups;          /* words of check[] that are not 0 */
    bool large, has_user, in_check;
    uint64_t mapped[VIEW_SLOT_WORDS];   /* mapped in the window */
    uint64_t writable[VIEW_SLOT_WORDS]; /* and writable; small pages: also in the chain by frame */
    uint64_t code[VIEW_SLOT_WORDS];     /* may have an entry in a directory of this window */
    uint64_t check[VIEW_SLOT_WORDS];    /* to compare at CR3 loads: used and not global */
    uint64_t parked[VIEW_SLOT_WORDS];   /* not mapped, but the host mapping is still there without
                                           rights, of the copy's frame; never in large slots */
};

struct view_link {
    uint32_t next, prev;
}; /* page numbers: slot * VIEW_SLOT_PAGES + page of slot */

struct view_window {
    uint32_t first, first_check; /* slots */
    uint32_t generation; /* counts window_clear(): slots held across a host call are stale */
    uint32_t n_mappings; /* host mappings beyond the first; an upper bound until recounted */
    bool touched;        /* something was mapped since the last clear */
};

struct view_dir {
    bool assigned, mapped, used; /* used: holds entries */
    uint32_t mode;
};

struct view_space {
    bool live;
    uint32_t key;       /* CR3 with the paging kind in the low bits */
    uint32_t serial;    /* unique over the view's life */
    uint32_t hash_next; /* window index, 0 = end */
    uint64_t last_used;
    uint32_t last_mode; /* directory of the last user mode: the hot case of view_switch_mode */
    uint64_t last_dir;
    uint32_t next_dir; /* replacement is round robin */
};

/* Uses of pages that their windows do not have, by looked-up sites; pages may share a count. As
 * many as there can be host mappings: a set of pages that is larger than this table was never
 * mapped, and each of its uses looked up (measured: 9 times a mapped page's cost). */
enum { VIEW_VISITS_SHIFT = 16 };

struct view {
    struct mem *mem;
    struct cpu *cpu; /* its dual_base is kept up to date */
    /* arena */
    uint64_t arena, arena_bytes; /* reservation */
    uint64_t window0;            /* base of window 0 */
    uint32_t n_windows;          /* the supervisor window included */
    uint32_t max_mappings;
    uint32_t n_mappings;  /* sum over windows, and directories */
    uint32_t n_recounted; /* the same when it was last exact */
    uint64_t ballast;     /* mappings to give up in need, or 0 */
    bool no_fault_around, no_parking, no_early;
    struct view_window *windows;
    struct view_space *spaces;
    uint32_t *free_windows;
    uint32_t n_free_windows;
    uint32_t last_window; /* the highest private window that was ever used */
    uint32_t next_sweep;
    uint32_t chance; /* state of the numbers that choose victims */
    uint32_t hash[VIEW_HASH_SIZE];
    uint32_t current; /* window of the current space */
    uint32_t serial;
    uint64_t tick;
    /* slots */
    uint32_t *slot_of; /* [window * VIEW_WINDOW_SLOTS + slot index] */
    struct view_slot *slots;
    uint64_t *copies;        /* 4 KiB per slot: PTEs, 4 or 8 bytes each */
    struct view_link *links; /* [page number] */
    uint32_t n_slots_ever, free_slot;
    uint32_t *frame_head;                   /* by physical page: writable small mappings */
    uint32_t large_head[VIEW_WINDOW_SLOTS]; /* by phys >> slot_shift */
    uint64_t *protected_pages;              /* bitmap by physical page */
    uint64_t *watched_pages;                /* bitmap by linear page: see hide.c */
    uint64_t *watched_phys;                 /* and by physical page */
    uint32_t n_watched;                     /* bits of both */
    bool hides, hides_code;                 /* hides: some page may not be mapped */
    view_observer *observer;
    const uint8_t *ones; /* a page of FF: what a page table in a hole reads as */
    /* the last #PF of user code that was given to the guest */
    struct {
        bool pending;
        uint32_t lin, serial;
        enum view_access access;
    } retry;
    struct view_early {
        uint8_t score[VIEW_WINDOW_SLOTS]; /* by slot index: 0 or 1 + score */
        uint8_t score_of_all;
        uint32_t n_asked;
        struct {
            uint32_t window, page; /* window 0: free */
        } probes[VIEW_PROBES];
    } early; /* early.c */
    /* paging as last announced */
    enum paging_kind kind;
    unsigned slot_shift;     /* 22; PAE: 21 */
    uint32_t slot_pages;     /* 1024; PAE: 512 */
    uint32_t page_mask;      /* of physical page numbers: A20 */
    uint32_t cr0, cr4, efer; /* only the bits that matter */
    uint64_t pdpte[4];
    const uint8_t
        *directory[4]; /* host address of the page directory; PAE: one per PDPTE, or NULL */
    /* slots whose PDE differs between spaces */
    uint8_t is_private[VIEW_WINDOW_SLOTS], n_absent[VIEW_WINDOW_SLOTS], n_differ[VIEW_WINDOW_SLOTS];
    uint16_t private_list[VIEW_WINDOW_SLOTS];
    uint8_t parked_in_vain[VIEW_WINDOW_SLOTS]; /* check.c, parking_pays() */
    uint32_t n_private;
    /* I-view */
    uint64_t dirs_host; /* directories, 8 MiB each */
    int dirs_fd;        /* default content */
    uint64_t zero_table;
    struct view_dir *dirs; /* VIEW_N_SUP_DIRS, then VIEW_N_SPACE_DIRS per private window */
    uint8_t sup_dir_of_mode[VIEW_N_MODES]; /* index + 1 */
    uint32_t next_sup_dir;
    struct view_visits {
        uint32_t n : 5, epoch : 4;
        uint32_t frame : 12; /* low bits of the physical page's number */
        uint32_t by : 11;    /* who found it first: cpu->lookup_by */
    } visits[1 << VIEW_VISITS_SHIFT];
    struct view_stats stats;
};

static inline bool bit_get(const uint64_t *map, uint32_t i)
{
    return map[i >> 6] >> (i & 63) & 1;
}
static inline void bit_set(uint64_t *map, uint32_t i)
{
    map[i >> 6] |= UINT64_C(1) << (i & 63);
}
static inline void bit_clear(uint64_t *map, uint32_t i)
{
    map[i >> 6] &= ~(UINT64_C(1) << (i & 63));
}

/* acc.c: the page was dropped on purpose; its next accesses from C need no mapping. */
void acc_make_cold(struct cpu *cpu, uint32_t lin);
void acc_make_all_cold(struct cpu *cpu);

/* lookup.c */
void lookup_forget_visits(struct view *view, uint32_t window, uint32_t lin);
/* Somebody has faulted at the page. If it was looked up before that spared nothing. */
void lookup_charge(struct cpu *cpu, uint32_t window, uint32_t lin, uint32_t phys_page);
void lookup_start(struct cpu *cpu);
void lookup_forget_all(struct cpu *cpu);
void lookup_forget_page(struct cpu *cpu, uint32_t lin);

static inline uint64_t window_base(const struct view *view, uint32_t window)
{
    return view->window0 + ((uint64_t)window << VIEW_WINDOW_STRIDE_SHIFT);
}
static inline struct view_slot *slot_find(const struct view *view, uint32_t window, uint32_t index)
{
    uint32_t number = view->slot_of[window * VIEW_WINDOW_SLOTS + index];
    return number ? &view->slots[number] : NULL;
}
static inline uint32_t slot_number(const struct view *view, const struct view_slot *slot)
{
    return (uint32_t)(slot - view->slots);
}
/* Linear page number of a slot's first page. */
static inline uint32_t slot_page(const struct view *view, const struct view_slot *slot)
{
    return (uint32_t)slot->index << (view->slot_shift - PAGE_SHIFT);
}
static inline bool slot_uses(const struct view_slot *slot, uint32_t i)
{
    return bit_get(slot->mapped, i) || bit_get(slot->code, i);
}
static inline uint64_t slot_copy(const struct view *view, const struct view_slot *slot, uint32_t i)
{
    const uint64_t *copy = view->copies + (uint64_t)slot_number(view, slot) * (PAGE_BYTES / 8);
    return view->kind == PAGING_PAE ? copy[i] : ((const uint32_t *)copy)[i];
}
/* The guest's PTE as it is now; not for large slots. */
static inline uint64_t slot_entry(const struct view *view, const struct view_slot *slot, uint32_t i)
{
    return view->kind == PAGING_PAE
               ? __atomic_load_n((const uint64_t *)slot->table + i, __ATOMIC_RELAXED)
               : __atomic_load_n((const uint32_t *)slot->table + i, __ATOMIC_RELAXED);
}
/* Physical page of a page that is in use. */
static inline uint32_t slot_phys_page(const struct view *view, const struct view_slot *slot,
                                      uint32_t i)
{
    uint32_t page = slot->large ? (slot->phys >> PAGE_SHIFT) + i
                                : (uint32_t)((slot_copy(view, slot, i) & PTE_FRAME) >> PAGE_SHIFT);
    return page & view->page_mask;
}
/* The bits in which an entry differs from its copy in a way that matters: the guest may set D
 * behind our back (that is the CPU's own doing), but not clear it; AVL bits are the guest's own. */
static inline uint64_t entry_changes(uint64_t copy, uint64_t now)
{
    return (copy ^ now) & (copy | ~(uint64_t)PTE_D) & ~(uint64_t)PTE_AVL;
}
/* The same for a PDE that names a page table: A, D and G mean nothing here. */
static inline uint64_t table_changes(uint64_t copy, uint64_t now)
{
    return (copy ^ now) & ~(uint64_t)(PTE_A | PTE_D | PTE_G | PTE_AVL);
}
static inline uint64_t slot_pde_changes(const struct view_slot *slot, uint64_t now)
{
    return slot->large ? entry_changes(slot->pde, now) : table_changes(slot->pde, now);
}
static inline bool page_is_protected(const struct view *view, uint32_t phys_page)
{
    return bit_get(view->protected_pages, phys_page);
}
/* May no window map it? Linear and physical page. */
static inline bool page_is_hidden(const struct view *view, uint32_t page, uint32_t phys_page)
{
    return __builtin_expect(view->hides, 0) &&
           (bit_get(view->watched_pages, page) || bit_get(view->watched_phys, phys_page) ||
            (view->hides_code && page_is_protected(view, phys_page)));
}
static inline uint32_t page_in_memfd(const struct view *view, uint32_t phys_page)
{
    return view->mem->page_type[phys_page] == MEM_RAM ? phys_page : view->mem->page_fd[phys_page];
}

/* walk.c. Host address of a page of RAM or ROM, else of a page of ones. */
const uint8_t *walk_page_host(const struct view *view, uint32_t phys);
/* The page-directory entry of a slot in the directory view_load_cr3() saw last. */
uint64_t walk_current_pde(const struct view *view, uint32_t index);

/* slot.c. NULL if the pool is empty. */
struct view_slot *slot_make(struct view *view, uint32_t window, uint32_t index,
                            const struct walk *walk);
/* Is it what the walk found? One whose pages are all parked turns to whatever table comes. */
bool slot_suits(struct view *view, struct view_slot *slot, const struct walk *walk);
/* Gives back a slot whose pages are all unused. */
void slot_release(struct view *view, struct view_slot *slot);
void slot_release_if_empty(struct view *view, struct view_slot *slot);
/* Bookkeeping only; host mappings are the caller's. */
void slot_use_page(struct view *view, struct view_slot *slot, uint32_t i, uint64_t pte,
                   bool compare);
void slot_set_writable(struct view *view, struct view_slot *slot, uint32_t i);
void slot_set_read_only(struct view *view, struct view_slot *slot, uint32_t i);
void slot_forget_page(struct view *view, struct view_slot *slot, uint32_t i);
/* Mapped no longer; what directories know of it stays. */
void slot_hide_page(struct view *view, struct view_slot *slot, uint32_t i);
void slot_park_page(struct view_slot *slot, uint32_t i);
void slot_unpark_page(struct view_slot *slot, uint32_t i);
void slot_forget_all(struct view *view, struct view_slot *slot);
void slot_set_copy(struct view *view, struct view_slot *slot, uint32_t i, uint64_t pte);
/* Forgets and releases the slot, takes its pages out of the window and the directories. */
void slot_drop(struct view *view, struct view_slot *slot);

/* window.c: the only callers of mmap and mprotect on windows. */
/* 0 or -errno. */
long window_map(struct view *view, uint32_t window, uint32_t page, uint32_t fd_page,
                uint32_t n_pages, bool writable, bool populate);
long window_set_rights(struct view *view, uint32_t window, uint32_t page, uint32_t n_pages,
                       bool writable);
/* These never fail: in need they shed other windows, in the end they clear this one (its generation
 * changes). */
void window_unmap(struct view *view, uint32_t window, uint32_t page, uint32_t n_pages);
void window_make_read_only(struct view *view, uint32_t window, uint32_t page, uint32_t n_pages);
/* Takes all rights, leaves the mapping: a third of the cost of window_unmap. */
void window_park(struct view *view, uint32_t window, uint32_t page, uint32_t n_pages);
/* Everything out of this window and its directories. */
void window_clear(struct view *view, uint32_t window);
/* Frees host mappings: another space's, else the current window's, else the supervisor
 * window's. False if nothing is left to shed. */
bool window_shed(struct view *view);
void window_make_ballast(struct view *view);
void window_drop_ballast(struct view *view);
/* May a page that can be looked up be mapped? */
bool window_has_room(struct view *view);
/* Sheds until a few more mappings fit below the limit. */
void window_make_room(struct view *view);

/* space.c */
void space_evict(struct view *view, uint32_t window);
/* A live space to evict, not the current one and not window `keep`; 0 = none. */
uint32_t space_victim(struct view *view, uint32_t keep);
void space_slot_differs(struct view *view, struct view_slot *slot, uint64_t pde_now);
/* Reads paging state from cpu, begins with an empty set of spaces. */
void space_start(struct cpu *cpu);

/* dview.c. What may an access do whose walk found walk? */
enum view_answer dview_judge(const struct view *view, uint32_t window, uint32_t lin,
                             enum view_access access, bool user, const struct walk *walk);
/* Maps the page, and what comes along. False: the window has been cleared. */
bool dview_map(struct view *view, uint32_t window, uint32_t lin, const struct walk *walk);

/* early.c. User code has a #PF of the guest's at lin: it is to be mapped on the way back. */
void early_want(struct cpu *cpu, uint32_t lin, enum view_access access);
/* The same, and it was a looked-up site. */
void early_want_looked_up(struct cpu *cpu, uint32_t lin, enum view_access access);
/* Are pages mapped at this place that looked-up sites touch first? */
bool early_is_on(const struct view *view, uint32_t lin);
/* A site that looks nothing up has come to a page of an address space. */
void early_note_use(struct view *view, uint32_t window, uint32_t lin);
/* What view_switch_mode() does then on the way to user mode. */
void early_map(struct cpu *cpu);

/* check.c. Compares all used slots of a window (globals: the exempt pages too) and drops changes.
 */
void check_window(struct view *view, uint32_t window, bool globals);

/* hide.c. Takes physical pages out of every window, read-only mappings included. */
void hide_phys_pages(struct view *view, uint32_t first_page, uint32_t last_page);

/* dir.c */
void dir_reset_page(struct view *view, uint32_t window, uint32_t page);
void dir_reset_window(struct view *view, uint32_t window);
void dir_release_space(struct view *view, uint32_t window);
/* Host address of the directory for a mode, made if need be. */
uint64_t dir_for_mode(struct view *view, uint32_t window, uint32_t mode);

#endif
