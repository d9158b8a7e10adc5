/* test_view.h - a guest for the tests of view/: RAM, a CPU, page tables built by hand, and a way to
 * ask the host what a window allows without taking a signal. */
#ifndef TESTS_UNIT_TEST_VIEW_H
#define TESTS_UNIT_TEST_VIEW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "view/view_internal.h"

enum {
    P = PTE_P,
    W = PTE_RW,
    U = PTE_US,
    A = PTE_A,
    D = PTE_D,
    PS = PTE_PS,
    G = PTE_G,
    RAM_BYTES = 64 << 20,
    TABLES = 0x200000, /* page tables are made from here */
};

static struct mem mem;
static struct cpu *cpu;
static struct view *view;
static uint32_t next_table;
static int pipe_fds[2];

static inline void guest_start(uint64_t ram_bytes, const struct view_options *opt)
{
    assert_int_equal(mem_create(&mem, ram_bytes), 0);
    cpu = aligned_alloc(64, (sizeof(*cpu) + 63) & ~63ul);
    memset(cpu, 0, sizeof(*cpu));
    cpu->a20 = true;
    cpu->mode = MODE_CPL0 | MODE_CODE32 | MODE_FLAT;
    next_table = TABLES;
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(view_create(&view, &mem, cpu, opt), 0);
}

static inline void guest_stop(void)
{
    view_destroy(view);
    mem_destroy(&mem);
    free(cpu);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static inline uint64_t get_entry(uint32_t phys, bool pae)
{
    return pae ? *(uint64_t *)(mem.host + phys) : *(uint32_t *)(mem.host + phys);
}
static inline void put_entry(uint32_t phys, bool pae, uint64_t value)
{
    if (pae) {
        *(uint64_t *)(mem.host + phys) = value;
    } else {
        *(uint32_t *)(mem.host + phys) = (uint32_t)value;
    }
}
static inline uint32_t new_table(void)
{
    uint32_t phys = next_table;
    next_table += PAGE_BYTES;
    memset(mem.host + phys, 0, PAGE_BYTES);
    return phys;
}
/* A CR3: a page directory, or with PAE a PDPT with four directories behind it. */
static inline uint32_t new_space(bool pae)
{
    uint32_t cr3 = new_table();
    for (uint32_t i = 0; pae && i < 4; i++) {
        put_entry(cr3 + i * 8, true, new_table() | P);
    }
    return cr3;
}
static inline uint32_t pde_at(uint32_t cr3, uint32_t lin, bool pae)
{
    return pae ? (uint32_t)(get_entry(cr3 + (lin >> 30) * 8, true) & PTE_FRAME) +
                     (lin >> 21 & 511) * 8
               : cr3 + (lin >> 22) * 4;
}
static inline uint32_t pte_at(uint32_t cr3, uint32_t lin, bool pae)
{
    uint32_t table = (uint32_t)(get_entry(pde_at(cr3, lin, pae), pae) & PTE_FRAME);
    return pae ? table + (lin >> 12 & 511) * 8 : table + (lin >> 12 & 1023) * 4;
}
static inline void map_small(uint32_t cr3, uint32_t lin, uint64_t entry, bool pae)
{
    uint32_t pde = pde_at(cr3, lin, pae);
    if (!(get_entry(pde, pae) & P)) {
        put_entry(pde, pae, new_table() | P | W | U | A);
    }
    put_entry(pte_at(cr3, lin, pae), pae, entry);
}
static inline void map_large(uint32_t cr3, uint32_t lin, uint64_t entry, bool pae)
{
    put_entry(pde_at(cr3, lin, pae), pae, entry | PS);
}
static inline void paging_on(uint32_t cr3, bool pae)
{
    cpu->cr0 = CR0_PE | CR0_PG | CR0_WP;
    cpu->cr4 = CR4_PSE | CR4_PGE | (pae ? CR4_PAE : 0);
    cpu->cr3 = cr3;
    assert_int_equal(view_load_pdptes(cpu, cr3), 0);
    view_paging_changed(cpu);
}
static inline void load_cr3(uint32_t cr3)
{
    assert_int_equal(view_load_pdptes(cpu, cr3), 0);
    cpu->cr3 = cr3;
    view_load_cr3(cpu);
}

static inline bool host_readable(uint64_t host)
{
    char byte;
    return write(pipe_fds[1], (void *)host, 1) == 1 && read(pipe_fds[0], &byte, 1) == 1;
}
static inline bool host_writable(uint64_t host)
{
    char byte;
    if (write(pipe_fds[1], (void *)host, 1) != 1) {
        return false;
    }
    if (read(pipe_fds[0], (void *)host, 1) == 1) { /* the byte it held */
        return true;
    }
    assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
    return false;
}
static inline uint64_t sup_host(uint32_t lin)
{
    return window_base(view, VIEW_SUP) + lin;
}
static inline uint64_t user_host(uint32_t lin)
{
    return window_base(view, view->current) + lin;
}

enum { HIT = 100 }; /* the window allowed it already */

/* One access as guest code makes it in this window. */
static inline int touch_in(uint64_t window, uint32_t lin, enum view_access access, bool user)
{
    uint64_t host = window + lin;
    if (access == VIEW_WRITE ? host_writable(host) : host_readable(host)) {
        return HIT;
    }
    int answer = view_fault(cpu, window, lin, access, user);
    if (answer == VIEW_MAPPED) {
        assert_true(access == VIEW_WRITE ? host_writable(host) : host_readable(host));
    } else {
        assert_false(access == VIEW_WRITE ? host_writable(host) : host_readable(host));
    }
    return answer;
}
static inline int touch_user(uint32_t lin, enum view_access access)
{
    return touch_in(window_base(view, view->current), lin, access, true);
}
static inline int touch_sup(uint32_t lin, enum view_access access)
{
    return touch_in(window_base(view, VIEW_SUP), lin, access, false);
}
static inline int touch_dual(uint32_t lin, enum view_access access)
{
    return touch_in(cpu->dual_base[lin >> 21], lin, access, false);
}
/* Host mappings in the arena as /proc/self/maps has them, without the empty ones at both ends. */
static inline long host_mappings(void)
{
    FILE *file = fopen("/proc/self/maps", "re");
    unsigned long from;
    unsigned long to;
    long n = 0;
    char line[512];
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%lx-%lx", &from, &to) == 2 && to > view->arena &&
            from < view->arena + view->arena_bytes) {
            n++;
        }
    }
    fclose(file);
    return n - 1;
}

#endif
