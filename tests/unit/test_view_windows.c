/* test_view_windows.c - what is mapped where, and when it goes: faults, runs, CR3 loads, INVLPG,
 * private slots, global pages, eviction and the host's limit. Host memory is really accessed. */
#include "test_view.h"

enum { USER = 0x08048000, KERNEL = 0xC0000000, FRAME = 0x00800000 };
#define K(lin) ((uint32_t)(lin))

static void fill_ram(void)
{
    for (uint32_t phys = 0x700000; phys < 0x2000000; phys += PAGE_BYTES) {
        *(uint32_t *)(mem.host + phys) = phys | 1;
    }
}

static void test_user_page(void **state)
{
    (void)state;
    for (int pae = 0; pae < 2; pae++) {
        guest_start(RAM_BYTES, NULL);
        fill_ram();
        uint32_t cr3 = new_space(pae);
        map_small(cr3, USER, FRAME | P | W | U, pae);
        map_small(cr3, USER + 0x5000, (FRAME + 0x9000) | P | U, pae);
        map_small(cr3, USER + 0x8000, (FRAME + 0xA000) | P | W, pae);
        paging_on(cr3, pae);
        assert_int_equal(touch_user(USER, VIEW_READ), VIEW_MAPPED);
        assert_int_equal(*(uint32_t *)user_host(USER), FRAME | 1);
        assert_false(host_writable(user_host(USER))); /* D is not set yet */
        assert_int_equal(touch_user(USER, VIEW_WRITE), VIEW_MAPPED);
        assert_true(get_entry(pte_at(cr3, USER, pae), pae) & D);
        *(uint32_t *)user_host(USER) = 0x1234;
        assert_int_equal(*(uint32_t *)(mem.host + FRAME), 0x1234);
        assert_int_equal(touch_user(USER + 0x5000, VIEW_WRITE), VIEW_FAULT);
        assert_int_equal(cpu->fault.error, PF_P | PF_W | PF_U);
        assert_int_equal(cpu->fault.cr2, USER + 0x5000);
        assert_int_equal(touch_user(USER + 0x5000, VIEW_READ), VIEW_MAPPED);
        assert_int_equal(touch_user(USER + 0x5000, VIEW_WRITE), VIEW_FAULT);
        assert_int_equal(touch_user(USER + 0x8000, VIEW_READ), VIEW_FAULT);
        assert_int_equal(touch_user(USER + 0x1000, VIEW_READ), VIEW_FAULT);
        assert_int_equal(cpu->fault.error, PF_U);
        /* the supervisor sees all of it in its own window while the slot is shared */
        assert_int_equal(touch_sup(USER, VIEW_WRITE), VIEW_MAPPED);
        assert_int_equal(touch_sup(USER + 0x8000, VIEW_WRITE), VIEW_MAPPED);
        assert_int_equal(touch_sup(USER + 0x5000, VIEW_WRITE), VIEW_FAULT); /* WP=1 */
        guest_stop();
    }
}

static void test_write_protect_off(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    uint32_t cr3 = new_space(false);
    map_small(cr3, KERNEL, FRAME | P, false);
    map_small(cr3, K(KERNEL + 0x10000), (FRAME + 0x4000) | P | W, false);
    paging_on(cr3, false);
    assert_int_equal(touch_sup(KERNEL, VIEW_WRITE), VIEW_FAULT);
    cpu->cr0 &= ~CR0_WP;
    view_paging_changed(cpu);
    assert_int_equal(touch_sup(KERNEL, VIEW_WRITE), VIEW_CHECKED);
    assert_true(get_entry(pte_at(cr3, KERNEL, false), false) & D);
    assert_int_equal(touch_sup(KERNEL, VIEW_READ), VIEW_MAPPED);
    assert_int_equal(touch_sup(KERNEL, VIEW_WRITE), VIEW_CHECKED);
    assert_int_equal(touch_sup(K(KERNEL + 0x10000), VIEW_WRITE), VIEW_MAPPED);
    cpu->cr0 |= CR0_WP;
    view_paging_changed(cpu);
    assert_int_equal(touch_sup(KERNEL, VIEW_WRITE), VIEW_FAULT);
    assert_int_equal(touch_sup(K(KERNEL + 0x10000), VIEW_WRITE), HIT); /* nothing was dropped */
    guest_stop();
}

static void test_memory_types(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    uint8_t rom[PAGE_BYTES] = {0x5A};
    assert_int_equal(mem_add_rom(&mem, 0xFFFF0000, rom, sizeof(rom)), 0);
    mem_set_type(&mem, 0xA0000, 0x20000, MEM_MMIO);
    uint32_t cr3 = new_space(false);
    map_small(cr3, KERNEL, 0xFFFF0000 | P | W | A | D, false);
    map_small(cr3, K(KERNEL + 0x1000), 0xA0000 | P | W | A | D, false);
    map_small(cr3, K(KERNEL + 0x2000), 0xE0000000 | P | W | A | D, false);
    paging_on(cr3, false);
    assert_int_equal(touch_sup(KERNEL, VIEW_READ), VIEW_MAPPED);
    assert_int_equal(*(uint8_t *)sup_host(KERNEL), 0x5A);
    assert_int_equal(touch_sup(KERNEL, VIEW_WRITE), VIEW_CHECKED);
    assert_int_equal(touch_sup(K(KERNEL + 0x1000), VIEW_READ), VIEW_CHECKED);
    assert_int_equal(touch_sup(K(KERNEL + 0x2000), VIEW_READ), VIEW_CHECKED);
    guest_stop();
}

static void test_paging_off(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    fill_ram();
    mem_set_type(&mem, 0xA0000, 0x60000, MEM_MMIO);
    view_protect_page(view, 0x50);
    assert_int_equal(touch_sup(0x1000, VIEW_WRITE), VIEW_MAPPED);
    assert_true(host_writable(sup_host(0x9F000)));
    assert_true(host_writable(sup_host(0x100000)));
    assert_true(host_writable(sup_host(RAM_BYTES - 1))); /* all RAM came in one fault */
    assert_int_equal(*(uint32_t *)sup_host(0x801000), 0x801001);
    assert_int_equal(touch_sup(0xA0000, VIEW_READ), VIEW_CHECKED);
    assert_int_equal(touch_sup(RAM_BYTES, VIEW_READ), VIEW_CHECKED);
    assert_int_equal(touch_sup(0x50000, VIEW_READ), HIT);
    assert_int_equal(touch_sup(0x50000, VIEW_WRITE), VIEW_CHECKED);
    view_unprotect_page(view, 0x50);
    assert_int_equal(touch_sup(0x50000, VIEW_WRITE), VIEW_MAPPED);
    assert_int_equal(view_get_stats(view)->n_faults, 5);
    view_invlpg(cpu, 0x1000);
    view_load_cr3(cpu);
    assert_int_equal(touch_sup(0x1000, VIEW_WRITE), HIT);
    /* A20 masked: the second megabyte is the first */
    cpu->a20 = false;
    view_paging_changed(cpu);
    assert_false(host_readable(sup_host(0x1000)));
    assert_int_equal(touch_sup(0x101000, VIEW_WRITE), VIEW_MAPPED);
    *(uint32_t *)sup_host(0x101000) = 77;
    assert_int_equal(*(uint32_t *)(mem.host + 0x1000), 77);
    view_protect_page(view, 1);
    assert_int_equal(touch_sup(0x1000, VIEW_WRITE), VIEW_CHECKED);
    assert_int_equal(touch_sup(0x101000, VIEW_WRITE), VIEW_CHECKED);
    assert_int_equal(touch_sup(0x102000, VIEW_WRITE), HIT);
    guest_stop();
}

static void test_runs(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    fill_ram();
    uint32_t cr3 = new_space(false);
    uint32_t lin = 0x10000000;
    for (uint32_t i = 0; i < 32; i++) {
        map_small(cr3, lin + i * PAGE_BYTES, (FRAME + i * PAGE_BYTES) | P | W | U | A | D, false);
    }
    put_entry(pte_at(cr3, lin + 0x3000, false), false,
              (FRAME + 0x3000) | P | W | U); /* not accessed */
    put_entry(pte_at(cr3, lin + 0xC000, false), false,
              (FRAME + 0xC000) | P | W | U | A); /* clean */
    put_entry(pte_at(cr3, lin + 0xE000, false), false,
              (FRAME + 0xE000) | P | W | A | D); /* supervisor */
    paging_on(cr3, false);
    assert_int_equal(touch_user(lin + 0x7000, VIEW_READ), VIEW_MAPPED);
    for (uint32_t i = 0; i < 16; i++) {
        bool expected = i >= 4 && i < 12;
        assert_int_equal(host_writable(user_host(lin + i * PAGE_BYTES)), expected);
        assert_int_equal(host_readable(user_host(lin + i * PAGE_BYTES)), expected);
    }
    for (uint32_t i = 4; i < 12; i++) {
        assert_int_equal(*(uint32_t *)user_host(lin + i * PAGE_BYTES),
                         (FRAME + i * PAGE_BYTES) | 1);
    }
    assert_false(host_readable(user_host(lin + 0x10000))); /* the next block of 16 */
    assert_int_equal(view_get_stats(view)->n_runs, 1);
    assert_int_equal(view_get_stats(view)->n_pages_mapped, 8);
    assert_false(get_entry(pte_at(cr3, lin + 0x3000, false), false) & A);
    assert_int_equal(touch_user(lin + 0xC000, VIEW_READ), VIEW_MAPPED);
    assert_false(host_writable(user_host(lin + 0xC000)));
    assert_int_equal(touch_user(lin + 0xD000, VIEW_READ), VIEW_MAPPED);
    assert_int_equal(touch_user(lin + 0xC000, VIEW_WRITE), VIEW_MAPPED);
    assert_int_equal(touch_user(lin + 0xE000, VIEW_READ), VIEW_FAULT);
    /* read-only ones come in blocks of 64, but for what was not accessed, or is writable */
    uint32_t text = 0x20000000;
    for (uint32_t i = 0; i < 100; i++) {
        map_small(cr3, text + i * PAGE_BYTES, (0x800000 + i * PAGE_BYTES) | P | U | A, false);
    }
    put_entry(pte_at(cr3, text + 0x2000, false), false, 0x802000 | P | U);
    put_entry(pte_at(cr3, text + 0x30000, false), false, 0x830000 | P | U | W | A | D);
    assert_int_equal(touch_user(text + 0x20000, VIEW_READ), VIEW_MAPPED);
    for (uint32_t i = 0; i < 100; i++) {
        bool expected = i >= 3 && i < 0x30;
        assert_int_equal(host_readable(user_host(text + i * PAGE_BYTES)), expected);
        assert_false(host_writable(user_host(text + i * PAGE_BYTES)));
    }
    window_make_room(view);
    guest_stop();
}

static void test_large(void **state)
{
    (void)state;
    for (int pae = 0; pae < 2; pae++) {
        guest_start(RAM_BYTES, NULL);
        fill_ram();
        uint32_t size = pae ? 2 << 20 : 4 << 20;
        uint32_t cr3 = new_space(pae);
        for (uint32_t phys = 0; phys < RAM_BYTES; phys += size) {
            map_large(cr3, K(KERNEL + phys), phys | P | W | A | D | G, pae);
        }
        put_entry(pde_at(cr3, K(KERNEL + 6 * size), pae), pae,
                  (6 * size) | P | A | PS | G | W); /* clean */
        view_protect_page(view, (size >> PAGE_SHIFT) + 3);
        paging_on(cr3, pae);
        assert_int_equal(touch_sup(K(KERNEL + size), VIEW_READ), VIEW_MAPPED);
        assert_false(host_readable(sup_host(KERNEL)));
        assert_true(host_writable(sup_host(K(KERNEL + 6 * size - 1))));
        assert_false(host_readable(sup_host(K(KERNEL + 6 * size))));
        assert_false(host_writable(sup_host(K(KERNEL + size + 0x3000))));
        assert_true(host_readable(sup_host(K(KERNEL + size + 0x3000))));
        assert_int_equal(*(uint32_t *)sup_host(K(KERNEL + 0x900000)), 0x900001);
        assert_int_equal(touch_sup(K(KERNEL + 6 * size + 5), VIEW_READ), VIEW_MAPPED);
        assert_false(host_writable(sup_host(K(KERNEL + 6 * size))));
        assert_false(host_readable(sup_host(K(KERNEL + 7 * size))));
        assert_int_equal(touch_sup(K(KERNEL + 6 * size + 0x8000), VIEW_WRITE), VIEW_MAPPED);
        assert_true(host_writable(sup_host(K(KERNEL + 7 * size - 1))));
        assert_true(host_writable(sup_host(K(KERNEL + 6 * size))));
        assert_true(get_entry(pde_at(cr3, K(KERNEL + 6 * size), pae), pae) & D);
        /* protect inside a run, large and small alias together */
        map_small(cr3, USER, (2 * size + 0x5000) | P | W | U, pae);
        assert_int_equal(touch_user(USER, VIEW_WRITE), VIEW_MAPPED);
        view_protect_page(view, (2 * size + 0x5000) >> PAGE_SHIFT);
        assert_true(view_page_protected(view, (2 * size + 0x5000) >> PAGE_SHIFT));
        assert_int_equal(touch_user(USER, VIEW_WRITE), VIEW_CHECKED);
        assert_int_equal(touch_sup(K(KERNEL + 2 * size + 0x5000), VIEW_WRITE), VIEW_CHECKED);
        assert_int_equal(touch_sup(K(KERNEL + 2 * size + 0x6000), VIEW_WRITE), HIT);
        assert_int_equal(touch_sup(K(KERNEL + 2 * size + 0x4FFF), VIEW_WRITE), HIT);
        view_unprotect_page(view, (2 * size + 0x5000) >> PAGE_SHIFT);
        assert_int_equal(touch_user(USER, VIEW_WRITE), VIEW_MAPPED);
        assert_int_equal(touch_sup(K(KERNEL + 2 * size + 0x5000), VIEW_WRITE), VIEW_MAPPED);
        /* INVLPG: unchanged stays, changed goes as a whole */
        view_invlpg(cpu, K(KERNEL + size + 0x7000));
        assert_int_equal(touch_sup(K(KERNEL + size), VIEW_WRITE), HIT);
        put_entry(pde_at(cr3, K(KERNEL + size), pae), pae, 0);
        assert_int_equal(touch_sup(K(KERNEL + size), VIEW_WRITE), HIT);
        view_invlpg(cpu, K(KERNEL + size + 0x7000));
        assert_int_equal(touch_sup(K(KERNEL + size), VIEW_WRITE), VIEW_FAULT);
        assert_int_equal(touch_sup(K(KERNEL + 2 * size - 1), VIEW_WRITE), VIEW_FAULT);
        assert_int_equal(touch_sup(K(KERNEL + 2 * size), VIEW_WRITE), HIT);
        guest_stop();
    }
}

static void test_invlpg(void **state)
{
    (void)state;
    for (int pae = 0; pae < 2; pae++) {
        guest_start(RAM_BYTES, NULL);
        fill_ram();
        uint32_t cr3 = new_space(pae);
        for (uint32_t i = 0; i < 8; i++) {
            map_small(cr3, USER + i * PAGE_BYTES, (FRAME + i * PAGE_BYTES) | P | W | U | A | D | G,
                      pae);
        }
        paging_on(cr3, pae);
        assert_int_equal(touch_user(USER, VIEW_WRITE), VIEW_MAPPED);
        assert_int_equal(touch_sup(USER, VIEW_WRITE), VIEW_MAPPED);
        uint32_t pte = pte_at(cr3, USER + 0x2000, pae);
        put_entry(pte, pae, (FRAME + 0x100000) | P | W | U | A | D | G);
        assert_int_equal(*(uint32_t *)user_host(USER + 0x2000),
                         (FRAME + 0x2000) | 1); /* stale as in a TLB */
        view_invlpg(cpu, USER + 0x2ABC);
        assert_int_equal(touch_user(USER + 0x1000, VIEW_WRITE), HIT);
        assert_int_equal(touch_user(USER + 0x3000, VIEW_WRITE), HIT);
        assert_int_equal(touch_user(USER + 0x2000, VIEW_WRITE), VIEW_MAPPED);
        assert_int_equal(*(uint32_t *)user_host(USER + 0x2000), (FRAME + 0x100000) | 1);
        assert_int_equal(touch_sup(USER + 0x2000, VIEW_READ), VIEW_MAPPED);
        assert_int_equal(*(uint32_t *)sup_host(USER + 0x2000), (FRAME + 0x100000) | 1);
        /* only rights: the mapping stays, read-only; and comes back */
        put_entry(pte, pae, (FRAME + 0x100000) | P | U | A | D | G);
        view_invlpg(cpu, USER + 0x2000);
        assert_int_equal(touch_user(USER + 0x2000, VIEW_READ), HIT);
        assert_int_equal(touch_user(USER + 0x2000, VIEW_WRITE), VIEW_FAULT);
        put_entry(pte, pae, (FRAME + 0x100000) | P | W | U | A | D | G);
        assert_int_equal(touch_user(USER + 0x2000, VIEW_WRITE), VIEW_MAPPED); /* no INVLPG needed */
        /* D cleared: the next store must set it again */
        put_entry(pte, pae, (FRAME + 0x100000) | P | W | U | A | G);
        view_invlpg(cpu, USER + 0x2000);
        assert_int_equal(touch_user(USER + 0x2000, VIEW_READ), HIT);
        assert_int_equal(touch_user(USER + 0x2000, VIEW_WRITE), VIEW_MAPPED);
        assert_true(get_entry(pte, pae) & D);
        put_entry(pte, pae, 0);
        view_invlpg(cpu, USER + 0x2000);
        assert_int_equal(touch_user(USER + 0x2000, VIEW_READ), VIEW_FAULT);
        assert_int_equal(touch_sup(USER + 0x2000, VIEW_READ), VIEW_FAULT);
        guest_stop();
    }
}

static void test_cr3_compare(void **state)
{
    (void)state;
    for (int pae = 0; pae < 2; pae++) {
        guest_start(RAM_BYTES, NULL);
        fill_ram();
        uint32_t a = new_space(pae);
        uint32_t b = new_space(pae);
        for (uint32_t i = 0; i < 16; i++) {
            map_small(a, USER + 0x8000 + i * PAGE_BYTES,
                      (FRAME + i * PAGE_BYTES) | P | W | U | A | D, pae);
            map_small(b, USER + 0x8000 + i * PAGE_BYTES,
                      (FRAME + 0x100000 + i * PAGE_BYTES) | P | W | U | A | D, pae);
        }
        uint32_t lin = USER + 0x8000;
        paging_on(a, pae);
        assert_int_equal(touch_user(lin, VIEW_WRITE), VIEW_MAPPED);
        load_cr3(b);
        assert_int_equal(touch_user(lin, VIEW_WRITE), VIEW_MAPPED);
        assert_int_equal(*(uint32_t *)user_host(lin), (FRAME + 0x100000) | 1);
        load_cr3(a);
        assert_int_equal(touch_user(lin + 0x7000, VIEW_WRITE), HIT);
        assert_int_equal(*(uint32_t *)user_host(lin), FRAME | 1);
        /* changed while elsewhere: frame, rights, gone, A, D; the rest stays */
        load_cr3(b);
        put_entry(pte_at(a, lin, pae), pae, (FRAME + 0x200000) | P | W | U | A | D);
        put_entry(pte_at(a, lin + 0x1000, pae), pae, (FRAME + 0x1000) | P | U | A | D);
        put_entry(pte_at(a, lin + 0x2000, pae), pae, 0);
        put_entry(pte_at(a, lin + 0x3000, pae), pae, (FRAME + 0x3000) | P | W | U | D);
        put_entry(pte_at(a, lin + 0x4000, pae), pae, (FRAME + 0x4000) | P | W | U | A);
        put_entry(pte_at(a, lin + 0x5000, pae), pae,
                  (FRAME + 0x5000) | P | W | U | A | D | PTE_AVL);
        put_entry(pte_at(a, lin + 0x6000, pae), pae, (FRAME + 0x6000) | P | W | A | D);
        load_cr3(a);
        assert_false(host_readable(user_host(lin)));
        assert_true(host_readable(user_host(lin + 0x1000)));
        assert_false(host_writable(user_host(lin + 0x1000)));
        assert_false(host_readable(user_host(lin + 0x2000)));
        assert_false(host_readable(user_host(lin + 0x3000)));
        assert_true(host_readable(user_host(lin + 0x4000)));
        assert_false(host_writable(user_host(lin + 0x4000)));
        assert_true(host_writable(user_host(lin + 0x5000)));
        assert_false(host_readable(user_host(lin + 0x6000)));
        assert_true(host_writable(user_host(lin + 0x7000)));
        assert_int_equal(touch_user(lin, VIEW_READ), VIEW_MAPPED);
        assert_int_equal(*(uint32_t *)user_host(lin), (FRAME + 0x200000) | 1);
        /* a reload of the same CR3 is a flush */
        put_entry(pte_at(a, lin, pae), pae, 0);
        assert_int_equal(touch_user(lin, VIEW_READ), HIT);
        load_cr3(a);
        assert_int_equal(touch_user(lin, VIEW_READ), VIEW_FAULT);
        /* another page table */
        put_entry(pde_at(a, lin, pae), pae, get_entry(pde_at(b, lin, pae), pae));
        load_cr3(a);
        assert_false(host_readable(user_host(lin + 0x7000)));
        assert_int_equal(touch_user(lin + 0x7000, VIEW_READ), VIEW_MAPPED);
        assert_int_equal(*(uint32_t *)user_host(lin + 0x7000), (FRAME + 0x107000) | 1);
        assert_int_equal(view_get_stats(view)->n_cr3_known, 5);
        guest_stop();
    }
}

/* Whole words of used pages take a shorter way: each page in turn changes, alone. */
static void test_dense_compare(void **state)
{
    (void)state;
    for (int pae = 0; pae < 2; pae++) {
        guest_start(RAM_BYTES, NULL);
        uint32_t a = new_space(pae);
        for (uint32_t i = 0; i < 160; i++) {
            map_small(a, 0x10000000 + i * PAGE_BYTES, (FRAME + i * PAGE_BYTES) | P | W | U | A | D,
                      pae);
        }
        paging_on(a, pae);
        for (uint32_t i = 0; i < 160; i++) {
            assert_in_range(touch_user(0x10000000 + i * PAGE_BYTES, VIEW_WRITE), 0, HIT);
        }
        for (uint32_t i = 0; i < 160; i++) {
            uint32_t lin = 0x10000000 + i * PAGE_BYTES;
            put_entry(pte_at(a, lin, pae), pae,
                      (FRAME + 0x400000 + i * PAGE_BYTES) | P | W | U | A | D);
            uint64_t dropped = view_get_stats(view)->n_pages_dropped;
            load_cr3(a);
            assert_int_equal(view_get_stats(view)->n_pages_dropped, dropped + 1);
            assert_false(host_readable(user_host(lin)));
            assert_int_equal(touch_user(lin, VIEW_WRITE), VIEW_MAPPED);
            load_cr3(a);
            assert_int_equal(view_get_stats(view)->n_pages_dropped, dropped + 1);
        }
        guest_stop();
    }
}

/* Two processes with their own user half and one kernel half. */
static void two_processes(bool pae, uint32_t *a, uint32_t *b)
{
    *a = new_space(pae);
    *b = new_space(pae);
    map_small(*a, USER, FRAME | P | W | U | A | D, pae);
    map_small(*b, USER, (FRAME + 0x100000) | P | W | U | A | D, pae);
    map_small(*a, USER + 0x1000, (FRAME + 0x1000) | P | W | A | D, pae); /* supervisor page there */
    map_small(*a, KERNEL, (FRAME + 0x200000) | P | W | A | D, pae);
    map_small(*a, K(KERNEL + 0x1000), (FRAME + 0x280000) | P | W | A | D | G, pae);
    put_entry(pde_at(*b, KERNEL, pae), pae, get_entry(pde_at(*a, KERNEL, pae), pae));
}

static void test_private_slots(void **state)
{
    (void)state;
    for (int pae = 0; pae < 2; pae++) {
        guest_start(RAM_BYTES, NULL);
        fill_ram();
        uint32_t a;
        uint32_t b;
        two_processes(pae, &a, &b);
        paging_on(a, pae);
        assert_int_equal(touch_sup(KERNEL, VIEW_WRITE), VIEW_MAPPED);
        assert_int_equal(touch_sup(USER, VIEW_WRITE), VIEW_MAPPED);
        assert_int_equal(*(uint32_t *)sup_host(USER), FRAME | 1);
        assert_int_equal(cpu->dual_base[USER >> 21], window_base(view, VIEW_SUP));
        load_cr3(b);
        assert_int_equal(view_get_stats(view)->n_slots_private, 1);
        assert_int_equal(touch_sup(KERNEL, VIEW_WRITE), HIT); /* shared */
        assert_int_equal(touch_sup(USER, VIEW_READ), VIEW_DUAL);
        assert_int_equal(cpu->dual_base[USER >> 21], window_base(view, view->current));
        assert_int_equal(cpu->dual_base[KERNEL >> 21], window_base(view, VIEW_SUP));
        assert_int_equal(view_window_for(cpu, USER, false), window_base(view, view->current));
        assert_int_equal(touch_dual(USER, VIEW_WRITE), VIEW_MAPPED);
        assert_int_equal(*(uint32_t *)(cpu->dual_base[USER >> 21] + USER), (FRAME + 0x100000) | 1);
        load_cr3(a);
        assert_int_equal(touch_dual(USER, VIEW_WRITE), VIEW_MAPPED);
        assert_int_equal(*(uint32_t *)(cpu->dual_base[USER >> 21] + USER), FRAME | 1);
        assert_int_equal(touch_user(USER, VIEW_WRITE), HIT);
        /* supervisor pages there: checked, in either window; never mapped where user code runs */
        assert_int_equal(touch_sup(USER + 0x1000, VIEW_READ), VIEW_CHECKED);
        assert_int_equal(touch_dual(USER + 0x1000, VIEW_READ), VIEW_CHECKED);
        assert_int_equal(touch_user(USER + 0x1000, VIEW_READ), VIEW_FAULT);
        assert_int_equal(touch_dual(USER + 0x2000, VIEW_READ), VIEW_FAULT);
        assert_int_equal(cpu->fault.error, 0); /* the supervisor's fault, not the user's */
        put_entry(pte_at(a, USER, pae), pae, FRAME | P | U | A | D);
        view_invlpg(cpu, USER);
        assert_int_equal(touch_dual(USER, VIEW_WRITE), VIEW_FAULT);
        assert_int_equal(cpu->fault.error, PF_P | PF_W);
        cpu->cr0 &= ~CR0_WP;
        view_paging_changed(cpu);
        assert_int_equal(touch_dual(USER, VIEW_WRITE), VIEW_CHECKED);
        assert_int_equal(touch_sup(USER, VIEW_WRITE), VIEW_CHECKED);
        /* a change of paging mode forgets it */
        cpu->cr4 ^= CR4_PSE;
        view_paging_changed(cpu);
        assert_int_equal(cpu->dual_base[USER >> 21], window_base(view, VIEW_SUP));
        assert_int_equal(touch_sup(USER, VIEW_READ), VIEW_MAPPED);
        guest_stop();
    }
}

/* A slot that the other space does not have: dropped, private only if it happens again and again
 * where user pages live. */
static void test_absent_slots(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    uint32_t a;
    uint32_t b;
    two_processes(false, &a, &b);
    put_entry(pde_at(b, USER, false), false, 0);
    map_small(a, 0xD0000000, (FRAME + 0x300000) | P | W | A | D, false);
    paging_on(a, false);
    for (int round = 0; round < 6; round++) {
        assert_int_equal(touch_sup(0xD0000000, VIEW_WRITE), VIEW_MAPPED);
        assert_int_equal(touch_sup(USER, VIEW_WRITE),
                         round < VIEW_ABSENT_LIMIT ? VIEW_MAPPED : VIEW_DUAL);
        load_cr3(b);
        assert_int_equal(touch_sup(0xD0000000, VIEW_WRITE), VIEW_FAULT);
        assert_int_equal(touch_sup(USER, VIEW_WRITE), VIEW_FAULT);
        load_cr3(a);
    }
    /* a page table exchanged within one space is not a difference between spaces */
    uint32_t table = new_table();
    memcpy(mem.host + table, mem.host + (pte_at(a, KERNEL, false) & ~0xFFFu), PAGE_BYTES);
    assert_int_equal(touch_sup(KERNEL, VIEW_WRITE), VIEW_MAPPED);
    put_entry(pde_at(a, KERNEL, false), false, table | P | W | U | A);
    put_entry(pde_at(b, KERNEL, false), false, table | P | W | U | A);
    load_cr3(a);
    assert_int_equal(touch_sup(KERNEL, VIEW_WRITE), VIEW_MAPPED);
    load_cr3(b);
    assert_int_equal(touch_sup(KERNEL, VIEW_WRITE), HIT);
    assert_int_equal(view_get_stats(view)->n_slots_private, 1);
    guest_stop();
}

static void test_global_pages(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    fill_ram();
    uint32_t a;
    uint32_t b;
    two_processes(false, &a, &b);
    paging_on(a, false);
    assert_int_equal(touch_sup(KERNEL, VIEW_WRITE), VIEW_MAPPED);
    assert_int_equal(touch_sup(K(KERNEL + 0x1000), VIEW_WRITE), VIEW_MAPPED);
    put_entry(pte_at(a, KERNEL, false), false, 0);
    put_entry(pte_at(a, K(KERNEL + 0x1000), false), false, 0);
    load_cr3(b);
    assert_int_equal(touch_sup(KERNEL, VIEW_WRITE), VIEW_FAULT);
    assert_int_equal(touch_sup(K(KERNEL + 0x1000), VIEW_WRITE), HIT); /* global: survives */
    /* CR4.PGE off and on flushes it, and only what changed */
    map_small(a, K(KERNEL + 0x2000), (FRAME + 0x400000) | P | W | A | D | G, false);
    assert_int_equal(touch_sup(K(KERNEL + 0x2000), VIEW_WRITE), VIEW_MAPPED);
    cpu->cr4 &= ~CR4_PGE;
    view_paging_changed(cpu);
    cpu->cr4 |= CR4_PGE;
    view_paging_changed(cpu);
    assert_int_equal(touch_sup(K(KERNEL + 0x1000), VIEW_WRITE), VIEW_FAULT);
    assert_int_equal(touch_sup(K(KERNEL + 0x2000), VIEW_WRITE), HIT);
    /* without PGE the G bit exempts nothing, whenever the page was mapped */
    cpu->cr4 &= ~CR4_PGE;
    view_paging_changed(cpu);
    put_entry(pte_at(a, K(KERNEL + 0x2000), false), false, 0);
    load_cr3(b);
    assert_int_equal(touch_sup(K(KERNEL + 0x2000), VIEW_WRITE), VIEW_FAULT);
    guest_stop();
}

static void test_eviction(void **state)
{
    (void)state;
    const struct view_options few = {.n_windows = 3};
    guest_start(RAM_BYTES, &few);
    fill_ram();
    uint32_t cr3[6];
    for (uint32_t i = 0; i < 6; i++) {
        cr3[i] = new_space(false);
        map_small(cr3[i], USER, (FRAME + i * 0x10000) | P | W | U | A | D, false);
    }
    paging_on(cr3[0], false);
    for (uint32_t round = 0; round < 30; round++) {
        uint32_t i = round * 7 % 6;
        load_cr3(cr3[i]);
        int answer = touch_user(USER, VIEW_WRITE);
        assert_true(answer == VIEW_MAPPED || answer == HIT);
        assert_int_equal(*(uint32_t *)user_host(USER), (FRAME + i * 0x10000) | 1);
    }
    assert_true(view_get_stats(view)->n_evictions > 10);
    guest_stop();
    /* one private window: its space gives way to the next */
    const struct view_options one = {.n_windows = 1};
    guest_start(RAM_BYTES, &one);
    fill_ram();
    for (uint32_t i = 0; i < 3; i++) {
        cr3[i] = new_space(false);
        map_small(cr3[i], USER, (FRAME + i * 0x10000) | P | W | U | A | D, false);
    }
    paging_on(cr3[0], false);
    for (uint32_t i = 0; i < 9; i++) {
        load_cr3(cr3[i % 3]);
        assert_int_equal(touch_user(USER, VIEW_WRITE), VIEW_MAPPED);
        assert_int_equal(*(uint32_t *)user_host(USER), (FRAME + i % 3 * 0x10000) | 1);
    }
    guest_stop();
}

/* More spaces than windows, in turn: some are still there when they come again. */
static void test_turns(void **state)
{
    (void)state;
    enum { SPACES = 20, ROUNDS = 40 };
    const struct view_options few = {.n_windows = 16};
    guest_start(RAM_BYTES, &few);
    fill_ram();
    uint32_t cr3[SPACES];
    for (uint32_t i = 0; i < SPACES; i++) {
        cr3[i] = new_space(false);
        map_small(cr3[i], USER, (FRAME + i * 0x10000) | P | W | U | A | D, false);
    }
    paging_on(cr3[0], false);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < SPACES; i++) {
            load_cr3(cr3[i]);
            assert_in_range(touch_user(USER, VIEW_WRITE), 0, HIT);
            assert_int_equal(*(uint32_t *)user_host(USER), (FRAME + i * 0x10000) | 1);
        }
    }
    assert_true(view->stats.n_cr3_known > ROUNDS * SPACES / 4);
    guest_stop();
}

/* Spaces of TURN_PAGES pages each, of which no two neighbours merge; a user in the first. */
enum { TURN_SPACES = 8, TURN_PAGES = 200 };
static uint32_t turn_cr3[TURN_SPACES];

static void start_turns(const struct view_options *options)
{
    guest_start(RAM_BYTES, options);
    for (uint32_t i = 0; i < TURN_SPACES * TURN_PAGES; i++) {
        if (i % TURN_PAGES == 0) {
            turn_cr3[i / TURN_PAGES] = new_space(false);
        }
        map_small(turn_cr3[i / TURN_PAGES], USER + i % TURN_PAGES * PAGE_BYTES,
                  (FRAME + i % 256 * 0x2000) | P | W | U | A | D, false);
    }
    paging_on(turn_cr3[0], false);
    cpu->cpl = 3;
}

/* The i-th page, in turn; its space is loaded when its first one comes. */
static uint32_t turn_to(uint32_t i)
{
    if (i % TURN_PAGES == 0) {
        load_cr3(turn_cr3[i / TURN_PAGES % TURN_SPACES]);
    }
    return USER + i % TURN_PAGES * PAGE_BYTES;
}

static void look_up_in_turn(unsigned n_rounds)
{
    for (uint32_t i = 0; i < n_rounds * TURN_SPACES * TURN_PAGES; i++) {
        uint64_t host;
        assert_int_equal(view_look_up(cpu, turn_to(i), true, &host), VIEW_MAPPED);
    }
}

/* Pages of many spaces that are looked up in turn are mapped in the end, as a single one is. */
static void test_lookups_in_turn(void **state)
{
    (void)state;
    start_turns(NULL);
    look_up_in_turn(40);
    uint32_t n_mapped = 0;
    for (uint32_t i = 0; i < TURN_SPACES * TURN_PAGES; i++) {
        n_mapped += view_is_mapped(cpu, turn_to(i), true, true);
    }
    assert_true(n_mapped > TURN_SPACES * TURN_PAGES * 9 / 10);
    guest_stop();
}

/* More pages than there can be host mappings: those that are mapped stay, the others are looked up.
 */
static void test_lookups_at_limit(void **state)
{
    (void)state;
    enum { MOST = 1000 };
    const struct view_options few = {.n_windows = 16, .max_mappings = MOST};
    start_turns(&few);
    look_up_in_turn(60);
    assert_int_equal(view->stats.n_evictions, 0);
    assert_in_range(host_mappings(), MOST / 2, MOST);
    guest_stop();
}

/* Another process comes to a directory: what its page table shows as before costs no mapping. */
static void check_other_table(bool pae)
{
    const uint64_t rights = P | W | U | A | D, rights_of_table = P | W | U | A;
    guest_start(RAM_BYTES, NULL);
    fill_ram();
    uint32_t a = new_space(pae);
    for (uint32_t i = 0; i < 4; i++) {
        map_small(a, USER + i * PAGE_BYTES, (FRAME + i * 0x3000) | rights, pae);
    }
    paging_on(a, pae);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(touch_user(USER + i * PAGE_BYTES, VIEW_WRITE), VIEW_MAPPED);
    }
    uint64_t n_runs = view->stats.n_runs;
    uint32_t pde = pde_at(a, USER, pae);
    /* as a child of fork: the same, the same without W, nothing there yet, another page */
    put_entry(pde, pae, new_table() | rights_of_table);
    map_small(a, USER, FRAME | rights, pae);
    map_small(a, USER + PAGE_BYTES, (FRAME + 0x3000) | (rights & ~(uint64_t)W), pae);
    map_small(a, USER + 3 * PAGE_BYTES, (FRAME + 0x10000) | rights, pae);
    load_cr3(a);
    assert_true(host_writable(user_host(USER)));
    assert_true(host_readable(user_host(USER + PAGE_BYTES)));
    assert_false(host_writable(user_host(USER + PAGE_BYTES)));
    assert_false(host_readable(user_host(USER + 2 * PAGE_BYTES)));
    assert_false(host_readable(user_host(USER + 3 * PAGE_BYTES)));
    assert_int_equal(touch_user(USER + 2 * PAGE_BYTES, VIEW_READ), VIEW_FAULT);
    map_small(a, USER + 2 * PAGE_BYTES, (FRAME + 0x6000) | rights, pae);
    assert_int_equal(touch_user(USER + 2 * PAGE_BYTES, VIEW_WRITE), VIEW_MAPPED);
    assert_int_equal(*(uint32_t *)user_host(USER + 2 * PAGE_BYTES), (FRAME + 0x6000) | 1);
    assert_int_equal(view->stats.n_runs, n_runs);
    assert_int_equal(touch_user(USER + 3 * PAGE_BYTES, VIEW_WRITE), VIEW_MAPPED);
    assert_int_equal(*(uint32_t *)user_host(USER + 3 * PAGE_BYTES), (FRAME + 0x10000) | 1);
    /* it ends, and a program is executed: at first there is no table at all */
    put_entry(pde, pae, 0);
    load_cr3(a);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(touch_user(USER + i * PAGE_BYTES, VIEW_READ), VIEW_FAULT);
    }
    n_runs = view->stats.n_runs;
    map_small(a, USER, FRAME | rights, pae);
    map_small(a, USER + PAGE_BYTES, FRAME | rights, pae);
    assert_int_equal(touch_user(USER, VIEW_WRITE), VIEW_MAPPED);
    assert_int_equal(view->stats.n_runs, n_runs);
    assert_false(host_readable(user_host(USER + PAGE_BYTES)));
    /* rights of the table */
    put_entry(pde, pae, get_entry(pde, pae) & ~(uint64_t)U);
    load_cr3(a);
    assert_false(host_readable(user_host(USER)));
    guest_stop();
}

static void test_other_table(void **state)
{
    (void)state;
    check_other_table(false);
    check_other_table(true);
}

/* One process after another in the same directory, each with 12 pages from `page` on. */
static void next_process(uint32_t cr3, uint32_t page, bool pae)
{
    const uint32_t pde = pde_at(cr3, USER, pae);
    put_entry(pde, pae, new_table() | P | W | U | A);
    for (uint32_t i = 0; i < 12; i++) {
        map_small(cr3, USER + (page + i) * PAGE_BYTES, (FRAME + i * 0x3000) | P | W | U | A | D,
                  pae);
    }
    load_cr3(cr3);
    for (uint32_t i = 0; i < 12; i++) {
        assert_false(host_readable(user_host(USER + (page + i) * PAGE_BYTES)));
        assert_int_equal(touch_user(USER + (page + i) * PAGE_BYTES, VIEW_WRITE), VIEW_MAPPED);
    }
}

/* Where each process shows other pages parking is given up, and tried again later. */
static void check_parked_in_vain(bool pae)
{
    guest_start(RAM_BYTES, NULL);
    const uint32_t a = new_space(pae);
    map_small(a, USER, FRAME | P | W | U | A | D, pae);
    paging_on(a, pae);
    for (uint32_t i = 1; i < 8; i++) {
        next_process(a, i * 16, pae);
    }
    const struct view_slot *slot = slot_find(view, view->current, USER >> view->slot_shift);
    assert_non_null(slot);
    assert_int_equal(slot->n_parked, 0);
    for (uint32_t page = 0; page < 7 * 16; page++) {
        assert_false(host_readable(user_host(USER + page * PAGE_BYTES)));
    }
    uint64_t n_runs = view->stats.n_runs, n_turns = 0;
    do { /* the same again: at first mapped anew each time */
        n_runs = view->stats.n_runs;
        load_cr3(a);
        put_entry(pde_at(a, USER, pae), pae, 0);
        load_cr3(a);
        next_process(a, 16, pae);
        assert_true(++n_turns < 40);
    } while (view->stats.n_runs != n_runs);
    assert_true(n_turns > 8);
    for (uint32_t i = 0; i < 4; i++) { /* and stays so */
        put_entry(pde_at(a, USER, pae), pae, 0);
        load_cr3(a);
        next_process(a, 16, pae);
        assert_int_equal(view->stats.n_runs, n_runs);
    }
    guest_stop();
}

static void test_parked_in_vain(void **state)
{
    (void)state;
    check_parked_in_vain(false);
    check_parked_in_vain(true);
}

/* Spaces whose directories have been emptied make room for new ones; the others stay. */
static void check_ended_spaces(bool pae)
{
    enum { ENDED = 400, LIVING = 150 };
    guest_start(RAM_BYTES, NULL);
    uint32_t living[LIVING];
    for (uint32_t i = 0; i < LIVING + ENDED; i++) {
        uint32_t cr3 = new_space(pae);
        map_small(cr3, USER, FRAME | P | W | U | A | D, pae);
        if (i == 0) {
            paging_on(cr3, pae);
        }
        load_cr3(cr3);
        assert_int_equal(touch_user(USER, VIEW_WRITE), VIEW_MAPPED);
        if (i < LIVING) {
            living[i] = cr3;
        } else {
            put_entry(pde_at(cr3, USER, pae), pae, 0);
        }
    }
    assert_int_equal(view->stats.n_evictions, 0);
    assert_in_range(view->n_windows - 1 - view->n_free_windows, LIVING, LIVING * 8 / 7 + 8);
    for (uint32_t i = 0; i < LIVING; i++) {
        load_cr3(living[i]);
        assert_int_equal(touch_user(USER, VIEW_WRITE), HIT);
    }
    guest_stop();
}

static void test_ended_spaces(void **state)
{
    (void)state;
    check_ended_spaces(false);
    check_ended_spaces(true);
}

static void test_mapping_limit(void **state)
{
    (void)state;
    const struct view_options small = {
        .n_windows = 16, .max_mappings = 600, .no_fault_around = true};
    guest_start(RAM_BYTES, &small);
    fill_ram();
    uint32_t cr3[3];
    for (uint32_t i = 0; i < 3; i++) {
        cr3[i] = new_space(false);
        for (uint32_t page = 0; page < 800; page++) { /* frames descend: no two merge */
            map_small(cr3[i], 0x10000000 + page * PAGE_BYTES,
                      (0x1000000 - page * PAGE_BYTES) | P | W | U | A | D, false);
        }
    }
    paging_on(cr3[0], false);
    for (uint32_t n = 0; n < 6; n++) {
        load_cr3(cr3[n % 3]);
        for (uint32_t page = 0; page < 800; page++) {
            uint32_t lin = 0x10000000 + page * PAGE_BYTES;
            assert_in_range(touch_user(lin, VIEW_WRITE), 0, HIT);
            assert_int_equal(*(uint32_t *)user_host(lin), (0x1000000 - page * PAGE_BYTES) | 1);
            if (page % 100 == 0) {
                assert_true(host_mappings() < 600 + 3 * (long)view->n_windows);
            }
        }
    }
    assert_true(view_get_stats(view)->n_evictions > 0);
    guest_stop();
}

/* The bound is an upper one, and recounting gives what the host has. */
static void test_mapping_count(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    uint32_t cr3 = new_space(false);
    paging_on(cr3, false);
    view->max_mappings = 1; /* recount at every fault ... */
    unsigned seed = 12345;
    for (uint32_t n = 0; n < 2000; n++) {
        seed = seed * 1103515245 + 12345;
        uint32_t lin = 0x10000000 + (seed >> 8 & 0x7FF) * PAGE_BYTES;
        uint32_t phys = 0x1000000 + ((seed >> 8 & 0x7FF) + (seed >> 28 & 1)) * PAGE_BYTES;
        map_small(cr3, lin, phys | P | U | A | (seed >> 29 & 1 ? W | D : 0), false);
        view_invlpg(cpu, lin);
        if (seed >> 30 & 1) {
            view->max_mappings = 60000;
            assert_in_range(touch_user(lin, VIEW_READ), 0, HIT);
        } else {
            put_entry(pte_at(cr3, lin, false), false, 0);
            view_invlpg(cpu, lin);
        }
        if (n % 50 == 0) {
            long host = host_mappings();
            assert_true((long)view->n_mappings >= host - 1);
            uint64_t evictions = view->stats.n_evictions;
            view->max_mappings = view->n_mappings + 63; /* ... but shed nothing */
            view->max_mappings += view->max_mappings / 4;
            uint32_t keep = view->max_mappings;
            view->n_mappings += keep;
            view->windows[view->current].n_mappings += keep;
            window_make_room(view);
            assert_int_equal(view->stats.n_evictions, evictions);
            assert_int_equal(view->n_mappings - 1, host); /* one directory is mapped */
            view->max_mappings = 60000;
        }
    }
    guest_stop();
}

/* The host really says ENOMEM: everything else in the process has eaten the mappings. */
static void test_host_refuses(void **state)
{
    (void)state;
    const struct view_options opt = {.max_mappings = 1 << 20, .no_fault_around = true};
    guest_start(RAM_BYTES, &opt);
    fill_ram();
    uint32_t cr3[3];
    for (uint32_t i = 0; i < 3; i++) {
        cr3[i] = new_space(false);
        for (uint32_t page = 0; page < 800; page++) {
            map_small(cr3[i], 0x10000000 + page * PAGE_BYTES,
                      (0x1000000 - page * PAGE_BYTES) | P | W | U | A | D, false);
        }
    }
    paging_on(cr3[0], false);
    enum { EATEN = 70000 };
    uint8_t *eater = mmap(NULL, (uint64_t)EATEN * 2 * PAGE_BYTES, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(eater != MAP_FAILED);
    uint32_t eaten = 0;
    while (eaten < EATEN &&
           !mprotect(eater + (uint64_t)eaten * 2 * PAGE_BYTES, PAGE_BYTES, PROT_READ)) {
        eaten++;
    }
    if (eaten == EATEN) {
        skip(); /* a host with a much higher vm.max_map_count */
    }
    for (uint32_t i = 0; i < 500; i++) { /* leave room for 1000 */
        mprotect(eater + (uint64_t)i * 2 * PAGE_BYTES, PAGE_BYTES, PROT_NONE);
    }
    for (uint32_t n = 0; n < 6; n++) {
        load_cr3(cr3[n % 3]);
        for (uint32_t page = 0; page < 800; page++) {
            uint32_t lin = 0x10000000 + page * PAGE_BYTES;
            int answer = touch_user(lin, VIEW_WRITE);
            assert_true(answer == VIEW_MAPPED || answer == HIT);
            assert_int_equal(*(uint32_t *)user_host(lin), (0x1000000 - page * PAGE_BYTES) | 1);
            if (page % 3 == 0) {
                view_protect_page(view, (0x1000000 >> PAGE_SHIFT) - page);
                assert_false(host_writable(user_host(lin)));
                view_unprotect_page(view, (0x1000000 >> PAGE_SHIFT) - page);
            }
        }
    }
    assert_true(view_get_stats(view)->n_evictions > 0);
    munmap(eater, (uint64_t)EATEN * 2 * PAGE_BYTES);
    guest_stop();
}

static void test_find_window(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    uint64_t window;
    uint32_t lin;
    bool guard;
    for (uint32_t i = 0; i < view->n_windows; i += 100) {
        uint64_t base = window_base(view, i);
        assert_int_equal(base & (GIB(4) - 1), 0);
        assert_true(view_find_window(view, base + 0x12345678, &window, &lin, &guard));
        assert_true(window == base && lin == 0x12345678 && !guard);
        assert_true(view_find_window(view, base - 4, &window, &lin, &guard));
        assert_true(window == base && lin == 0xFFFFFFFC && guard);
        assert_true(view_find_window(view, base + GIB(4) + 4, &window, &lin, &guard));
        assert_true(window == base && lin == 4 && guard);
        assert_true(view_find_window(view, base + GIB(6) - 1, &window, &lin, &guard));
        assert_true(window == base && guard);
        assert_true(view_find_window(view, base - GIB(2), &window, &lin, &guard));
        assert_true(window == base && guard);
    }
    assert_false(view_find_window(view, (uint64_t)mem.host, &window, &lin, &guard));
    assert_false(view_find_window(view, 0, &window, &lin, &guard));
    assert_false(view_find_window(view, view->arena + view->arena_bytes, &window, &lin, &guard));
    guest_stop();
}

/* After a #PF of user code the guest makes the page present; it is mapped on the way back. */
static void test_retry_after_guest_fault(void **state)
{
    (void)state;
    const uint32_t user_mode = MODE_USER | MODE_CODE32 | MODE_FLAT;
    guest_start(RAM_BYTES, NULL);
    uint32_t a = new_space(false);
    uint32_t b = new_space(false);
    map_small(a, USER, FRAME | P | U | A, false);
    paging_on(a, false);
    const struct {
        uint64_t entry;
        enum view_access access;
        bool mapped;
    } cases[] = {
        {FRAME | P | W | U | A | D, VIEW_WRITE, true}, {FRAME | P | W | U | A, VIEW_READ, true},
        {FRAME | P | W | U | A, VIEW_WRITE, false}, /* D is the store's to set */
        {FRAME | P | W | U | D, VIEW_READ, false},     {FRAME | P | W | A | D, VIEW_READ, false},
        {FRAME | P | U | A | D, VIEW_WRITE, false},    {0, VIEW_READ, false},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        uint32_t pte = pte_at(a, USER, false);
        put_entry(pte, false, 0);
        view_invlpg(cpu, USER);
        assert_int_equal(touch_user(USER, cases[i].access), VIEW_FAULT);
        struct fault before = cpu->fault;
        cpu->mode = MODE_CPL0;
        view_switch_mode(cpu);
        put_entry(pte, false, cases[i].entry);
        cpu->mode = user_mode;
        view_switch_mode(cpu);
        assert_int_equal(host_readable(user_host(USER)), cases[i].mapped);
        assert_int_equal(get_entry(pte, false), cases[i].entry);
        assert_memory_equal(&before, &cpu->fault, sizeof(before));
    }
    /* another process runs next: not its page */
    put_entry(pte_at(a, USER, false), false, 0);
    map_small(b, USER, FRAME | P | W | U | A | D, false);
    assert_int_equal(touch_user(USER, VIEW_READ), VIEW_FAULT);
    load_cr3(b);
    view_switch_mode(cpu);
    assert_false(host_readable(user_host(USER)));
    guest_stop();
}

static void test_drop_all(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    uint32_t a;
    uint32_t b;
    two_processes(false, &a, &b);
    paging_on(a, false);
    assert_int_equal(touch_user(USER, VIEW_WRITE), VIEW_MAPPED);
    assert_int_equal(touch_sup(KERNEL, VIEW_WRITE), VIEW_MAPPED);
    view_drop_all(view);
    assert_int_equal(host_mappings(), 0);
    assert_int_equal(touch_user(USER, VIEW_WRITE), VIEW_MAPPED);
    assert_int_equal(touch_sup(KERNEL, VIEW_WRITE), VIEW_MAPPED);
    cpu->cr0 &= ~CR0_PG;
    view_paging_changed(cpu);
    assert_int_equal(host_mappings(), 0);
    guest_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_user_page),
        cmocka_unit_test(test_write_protect_off),
        cmocka_unit_test(test_memory_types),
        cmocka_unit_test(test_paging_off),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_dense_compare),
        cmocka_unit_test(test_invlpg),
        cmocka_unit_test(test_cr3_compare),
        cmocka_unit_test(test_private_slots),
        cmocka_unit_test(test_absent_slots),
        cmocka_unit_test(test_global_pages),
        cmocka_unit_test(test_eviction),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_lookups_at_limit),
        cmocka_unit_test(test_other_table),
        cmocka_unit_test(test_parked_in_vain),
        cmocka_unit_test(test_ended_spaces),
        cmocka_unit_test(test_lookups_in_turn),
        cmocka_unit_test(test_mapping_limit),
        cmocka_unit_test(test_mapping_count),
        cmocka_unit_test(test_host_refuses),
        cmocka_unit_test(test_find_window),
        cmocka_unit_test(test_retry_after_guest_fault),
        cmocka_unit_test(test_drop_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
