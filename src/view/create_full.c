/* create_full.c - makes and unmakes a view: reserves the arena, the pools and the directories.
 *
 * Runs before and after guest code only, so it is compiled normally and may use libc.
 * Everything big is reserved address space that costs memory as it is used.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "view/view_internal.h"

static void *reserve(uint64_t n_bytes, int prot)
{
    void *host = mmap(NULL, n_bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return host == MAP_FAILED ? NULL : host;
}

static uint64_t arena_bytes_for(uint32_t n_windows)
{
    /* 8 GiB more: alignment and the outer guards */
    return ((uint64_t)n_windows + 1) << VIEW_WINDOW_STRIDE_SHIFT;
}

/* Halves the number of windows until the host agrees (ulimit -v). */
static int reserve_arena(struct view *view, uint32_t n_private)
{
    for (;;) {
        uint32_t n_windows = n_private + 1;
        void *host = reserve(arena_bytes_for(n_windows), PROT_NONE);
        if (host) {
            view->arena = (uint64_t)host;
            view->arena_bytes = arena_bytes_for(n_windows);
            view->n_windows = n_windows;
            view->window0 = (view->arena + GIB(2) + GIB(4) - 1) & ~(GIB(4) - 1);
            return 0;
        }
        if (n_private <= VIEW_MIN_WINDOWS) {
            return -ENOMEM;
        }
        n_private = n_private / 2 < VIEW_MIN_WINDOWS ? VIEW_MIN_WINDOWS : n_private / 2;
    }
}

static uint64_t n_all_dirs(const struct view *view)
{
    return VIEW_N_SUP_DIRS + (uint64_t)(view->n_windows - 1) * VIEW_N_SPACE_DIRS;
}

/* By write(): half of what 2,048 page faults cost. */
static int fill_default_directory(const struct view *view)
{
    enum { PIECE_ENTRIES = 2048 };
    uint64_t piece[PIECE_ENTRIES];
    for (uint64_t page = 0; page < VIEW_DIR_ENTRIES; page += PIECE_ENTRIES) {
        for (uint64_t i = 0; i < PIECE_ENTRIES; i++) {
            piece[i] = view->zero_table - ((page + i) << VIEW_TABLE_SHIFT);
        }
        ssize_t n = write(view->dirs_fd, piece, sizeof(piece));
        if (n != (ssize_t)sizeof(piece)) {
            return n < 0 ? -errno : -ENOSPC;
        }
    }
    return 0;
}

/* The memfd all directories begin as copies of, and the table its entries name. */
static int make_default_directory(struct view *view)
{
    uint64_t n_bytes = UINT64_C(1) << VIEW_DIR_SHIFT;
    void *zero = reserve(sizeof(uint32_t) * VIEW_TABLE_SLOTS, PROT_READ);
    if (!zero) {
        return -ENOMEM;
    }
    view->zero_table = (uint64_t)zero;
    view->dirs_fd = memfd_create("plex86-directory", MFD_CLOEXEC);
    if (view->dirs_fd < 0 || ftruncate(view->dirs_fd, (off_t)n_bytes)) {
        return -errno;
    }
    int error = fill_default_directory(view);
    if (error) {
        return error;
    }
    void *dirs = reserve(n_all_dirs(view) << VIEW_DIR_SHIFT, PROT_NONE);
    if (!dirs) {
        return -ENOMEM;
    }
    view->dirs_host = (uint64_t)dirs;
    return 0;
}

struct pool {
    void **host;
    uint64_t n_bytes;
};
enum { N_POOLS = 12 };

static void list_pools(struct view *view, struct pool pools[N_POOLS])
{
    uint64_t n = view->n_windows;
    struct pool all[N_POOLS] = {
        {(void **)&view->windows, n * sizeof(*view->windows)},
        {(void **)&view->spaces, n * sizeof(*view->spaces)},
        {(void **)&view->free_windows, n * sizeof(*view->free_windows)},
        {(void **)&view->slot_of, n * VIEW_WINDOW_SLOTS * sizeof(*view->slot_of)},
        {(void **)&view->slots, VIEW_N_SLOTS * sizeof(*view->slots)},
        {(void **)&view->copies, (uint64_t)VIEW_N_SLOTS * PAGE_BYTES},
        {(void **)&view->links, (uint64_t)VIEW_N_SLOTS * VIEW_SLOT_PAGES * sizeof(*view->links)},
        {(void **)&view->frame_head, (GIB(4) >> PAGE_SHIFT) * sizeof(*view->frame_head)},
        {(void **)&view->protected_pages, (GIB(4) >> PAGE_SHIFT) / 8},
        {(void **)&view->watched_pages, VIEW_DIR_ENTRIES / 8},
        {(void **)&view->watched_phys, (GIB(4) >> PAGE_SHIFT) / 8},
        {(void **)&view->dirs, n_all_dirs(view) * sizeof(*view->dirs)},
    };
    memcpy(pools, all, sizeof(all));
}

bool view_list_pool(struct view *view, unsigned i, const void **host, uint64_t *n_bytes)
{
    struct pool pools[N_POOLS];
    list_pools(view, pools);
    if (i >= N_POOLS) {
        return false;
    }
    *host = *pools[i].host;
    *n_bytes = pools[i].n_bytes;
    return true;
}

static int reserve_pools(struct view *view)
{
    struct pool pools[N_POOLS];
    list_pools(view, pools);
    for (unsigned i = 0; i < N_POOLS; i++) {
        *pools[i].host = reserve(pools[i].n_bytes, PROT_READ | PROT_WRITE);
        if (!*pools[i].host) {
            return -ENOMEM;
        }
    }
    void *ones = reserve(PAGE_BYTES, PROT_READ | PROT_WRITE);
    if (!ones) {
        return -ENOMEM;
    }
    view->ones = memset(ones, 0xFF, PAGE_BYTES);
    return 0;
}

static uint32_t host_limit(void)
{
    enum { KEEP_FREE = 4000, USUAL = 65530 };
    long limit = USUAL;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    if (file) {
        if (fscanf(file, "%ld", &limit) != 1) {
            limit = USUAL;
        }
        fclose(file);
    }
    limit = limit > 1 << 20 ? 1 << 20 : limit;
    return limit > 2 * KEEP_FREE ? (uint32_t)(limit - KEEP_FREE) : (uint32_t)limit / 2;
}

int view_create(struct view **out, struct mem *mem, struct cpu *cpu, const struct view_options *opt)
{
    static const struct view_options usual = {0};
    opt = opt ? opt : &usual;
    struct view *view = calloc(1, sizeof(*view));
    if (!view) {
        return -ENOMEM;
    }
    view->mem = mem;
    view->cpu = cpu;
    view->dirs_fd = -1;
    view->max_mappings = opt->max_mappings ? opt->max_mappings : host_limit();
    view->no_fault_around = opt->no_fault_around;
    view->no_parking = opt->no_parking;
    view->no_early = opt->no_early;
    int error = reserve_arena(view, opt->n_windows ? opt->n_windows : VIEW_DEFAULT_WINDOWS);
    error = error ? error : make_default_directory(view);
    error = error ? error : reserve_pools(view);
    if (error) {
        view_destroy(view);
        return error;
    }
    window_make_ballast(view);
    view->n_slots_ever = 1;
    for (uint32_t window = view->n_windows - 1; window >= 1; window--) {
        view->free_windows[view->n_free_windows++] = window;
    }
    cpu->view = view;
    lookup_start(cpu);
    if (cpu->cr0 & CR0_PG && cpu->cr4 & CR4_PAE) {
        view_load_pdptes(cpu, cpu->cr3);
    }
    space_start(cpu);
    view_switch_mode(cpu);
    *out = view;
    return 0;
}

void view_destroy(struct view *view)
{
    if (!view) {
        return;
    }
    struct pool pools[N_POOLS];
    list_pools(view, pools);
    for (unsigned i = 0; i < N_POOLS; i++) {
        if (*pools[i].host) {
            munmap(*pools[i].host, pools[i].n_bytes);
        }
    }
    window_drop_ballast(view);
    if (view->ones) {
        munmap((void *)(uintptr_t)view->ones, PAGE_BYTES);
    }
    if (view->dirs_host) {
        munmap((void *)view->dirs_host, n_all_dirs(view) << VIEW_DIR_SHIFT);
    }
    if (view->zero_table) {
        munmap((void *)view->zero_table, sizeof(uint32_t) * VIEW_TABLE_SLOTS);
    }
    if (view->dirs_fd >= 0) {
        close(view->dirs_fd);
    }
    if (view->arena) {
        munmap((void *)view->arena, view->arena_bytes);
    }
    free(view);
}
