/* test_view_random.c - random page tables, changes, flushes, protections and accesses against one
 * rule: after the flushes that the SDM asks for, what a window allows and shows is exactly what a
 * walk of the tables says. The seed is printed when a step fails.
 */
#include "test_view.h"

enum { N_SPACES = 5, N_STEPS = 6000, N_PAGES = 24, FRAMES = 0x1000000, N_FRAMES = 64 };

static uint64_t rng;
static uint32_t cr3s[N_SPACES];
static bool pae;
static bool globals;
static uint32_t spare; /* a page table nobody has */

static uint32_t rnd(uint32_t n)
{
    rng = rng * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(rng >> 33) % n;
}

/* Linear pages in play: two slots of user addresses, one shared kernel slot, one large. */
static uint32_t some_lin(void)
{
    static const uint32_t bases[] = {0x08048000, 0xBFFF0000, 0xC1000000, 0xD0000000};
    return bases[rnd(4)] + rnd(N_PAGES) * PAGE_BYTES;
}
static bool is_shared(uint32_t lin)
{
    return lin >= 0xC0000000;
}

static uint64_t some_entry(uint32_t lin)
{
    uint64_t entry = FRAMES + rnd(4) * 0x10000 + (lin & 0xF000) % 0x10000;
    entry |= rnd(4) ? FRAMES : 0;
    entry |= rnd(5) ? P : 0;
    entry |= rnd(3) ? W : 0;
    entry |= is_shared(lin) ? (rnd(8) ? 0 : U) : (rnd(8) ? U : 0);
    entry |= rnd(2) ? A : 0;
    entry |= rnd(2) ? D : 0;
    return entry | (globals && is_shared(lin) && rnd(2) ? G : 0);
}

static void build_spaces(void)
{
    spare = new_table();
    for (uint32_t i = 0; i < N_SPACES; i++) {
        cr3s[i] = new_space(pae);
        for (uint32_t n = 0; n < 60; n++) {
            uint32_t lin = some_lin();
            if (i == 0 || !is_shared(lin)) {
                map_small(cr3s[i], lin, some_entry(lin), pae);
            }
        }
        for (uint32_t lin = 0xC0000000; i && lin; lin += pae ? 2 << 20 : 4 << 20) {
            put_entry(pde_at(cr3s[i], lin, pae), pae, get_entry(pde_at(cr3s[0], lin, pae), pae));
        }
    }
}

/* What the tables say now, in the window's terms. */
static void check_page(uint64_t window, uint32_t lin, bool user)
{
    struct walk walk;
    bool dual = window != window_base(view, VIEW_SUP) && !user;
    uint64_t host = window + lin;
    bool may_read = !view_walk(cpu, lin, VIEW_READ, user, true, &walk, NULL);
    if (host_readable(host)) {
        assert_true(may_read);
        assert_int_equal(*(uint32_t *)host, *(uint32_t *)(mem.host + walk.phys));
        assert_true(window == window_base(view, VIEW_SUP) || walk.user);
    }
    if (host_writable(host)) {
        assert_int_equal(view_walk(cpu, lin, VIEW_WRITE, user, true, &walk, NULL), 0);
        assert_true(walk.writable && walk.dirty);
        assert_false(view_page_protected(view, walk.phys >> PAGE_SHIFT));
    }
    (void)dual;
}

static void access_page(uint32_t lin, bool user, enum view_access access)
{
    uint64_t window = view_window_for(cpu, lin, user);
    uint64_t host = window + lin;
    struct walk walk;
    bool allowed = !view_walk(cpu, lin, access, user, true, &walk, NULL);
    bool hit = access == VIEW_WRITE ? host_writable(host) : host_readable(host);
    if (hit) {
        assert_true(allowed);
    } else {
        int answer = view_fault(cpu, window, lin, access, user);
        if (!allowed) {
            assert_int_equal(answer, VIEW_FAULT);
            assert_int_equal(cpu->fault.cr2, lin);
            return;
        }
        assert_int_not_equal(answer, VIEW_FAULT);
        assert_int_not_equal(answer, VIEW_DUAL); /* the dual table said where */
        if (answer == VIEW_CHECKED) {
            bool user_may = walk.user && (access == VIEW_READ || walk.writable);
            assert_true(
                (access == VIEW_WRITE && view_page_protected(view, walk.phys >> PAGE_SHIFT)) ||
                (!user_may && window != window_base(view, VIEW_SUP)));
            return;
        }
        assert_int_equal(answer, VIEW_MAPPED);
    }
    assert_int_equal(view_walk(cpu, lin, access, user, true, &walk, NULL), 0);
    assert_true(access == VIEW_READ || walk.dirty);
    assert_true(access == VIEW_WRITE ? host_writable(host) : host_readable(host));
    assert_int_equal(*(uint32_t *)host, *(uint32_t *)(mem.host + walk.phys));
}

static void check_all(void)
{
    static const uint32_t bases[] = {0x08048000, 0xBFFF0000, 0xC1000000, 0xD0000000};
    for (unsigned b = 0; b < 4; b++) {
        for (uint32_t i = 0; i < N_PAGES + 8; i++) {
            uint32_t lin = bases[b] + i * PAGE_BYTES;
            check_page(window_base(view, VIEW_SUP), lin, false);
            check_page(window_base(view, view->current), lin, true);
        }
    }
}

static void flush(uint32_t lin)
{
    switch (rnd(4)) {
    case 0:
        load_cr3(cr3s[rnd(N_SPACES)]); /* globals are not flushed by this */
        view_invlpg(cpu, lin);
        break;
    case 1:
        cpu->cr4 ^= CR4_PGE;
        view_paging_changed(cpu);
        cpu->cr4 ^= CR4_PGE;
        view_paging_changed(cpu);
        break;
    default:
        view_invlpg(cpu, lin);
    }
}

/* Another process comes to this directory: some pages are as before, others not, or none is. */
static void change_table(uint32_t lin)
{
    uint32_t pde = pde_at(cpu->cr3, lin, pae);
    uint64_t was = get_entry(pde, pae);
    if (is_shared(lin) || !(was & P)) {
        return;
    }
    uint32_t n_entries = pae ? 512 : 1024, size = pae ? 8 : 4;
    uint32_t page = lin >> 12 & ~(n_entries - 1);
    for (uint32_t i = 0; i < n_entries; i++) {
        uint64_t entry = get_entry((uint32_t)(was & PTE_FRAME) + i * size, pae);
        entry = entry && rnd(4) == 0 ? some_entry((page + i) << 12) : entry;
        put_entry(spare + i * size, pae, rnd(4) ? entry : 0);
    }
    if (rnd(2)) {
        put_entry(pde, pae, 0);
        load_cr3(cpu->cr3);
        check_all();
    }
    put_entry(pde, pae, spare | (was & ~PTE_FRAME & ~(uint64_t)(rnd(8) ? 0 : rnd(2) ? W : U)));
    spare = (uint32_t)(was & PTE_FRAME);
    load_cr3(cpu->cr3);
    check_all();
}

static void step(uint32_t n)
{
    uint32_t lin = some_lin();
    uint32_t cr3 = cpu->cr3;
    switch (rnd(40) ? rnd(10) : 10) {
    case 10:
        change_table(lin);
        break;
    case 0:
        map_small(cr3, lin, some_entry(lin), pae);
        flush(lin);
        break;
    case 1: /* rights only, as fork does */
        map_small(cr3, lin, get_entry(pte_at(cr3, lin, pae), pae) & ~(uint64_t)(rnd(2) ? W : D),
                  pae);
        flush(lin);
        break;
    case 2: /* another space's user page, while it is not loaded */
        cr3 = cr3s[rnd(N_SPACES)];
        lin &= ~0xC0000000u;
        lin = lin < 0x10000000 ? 0x08048000 | (lin & 0xF000) : 0x08050000;
        map_small(cr3, lin, some_entry(lin), pae);
        if (cr3 == cpu->cr3) {
            view_invlpg(cpu, lin);
        }
        break;
    case 3:
        load_cr3(cr3s[rnd(N_SPACES)]);
        break;
    case 4:
        view_protect_page(view, (FRAMES >> PAGE_SHIFT) + rnd(N_FRAMES));
        break;
    case 5:
        view_unprotect_page(view, (FRAMES >> PAGE_SHIFT) + rnd(N_FRAMES));
        break;
    default:
        access_page(lin, rnd(2), rnd(2) ? VIEW_WRITE : VIEW_READ);
    }
    if (n % 16 == 0) {
        check_all();
    }
}

static void run(uint64_t seed, const struct view_options *opt)
{
    rng = seed;
    pae = seed & 1;
    globals = seed & 2;
    guest_start(RAM_BYTES, opt);
    for (uint32_t phys = 0x700000; phys < RAM_BYTES; phys += PAGE_BYTES) {
        *(uint32_t *)(mem.host + phys) = phys | 1;
    }
    build_spaces();
    paging_on(cr3s[0], pae);
    print_message("seed %lu\n", seed);
    for (uint32_t n = 0; n < N_STEPS; n++) {
        step(n);
    }
    guest_stop();
}

static void test_random(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++) {
        run(seed, NULL);
    }
}
static void test_random_tight(void **state)
{
    (void)state;
    const struct view_options tight = {.n_windows = 2, .max_mappings = 100};
    for (uint64_t seed = 100; seed < 108; seed++) {
        run(seed, &tight);
    }
    const struct view_options dropping = {.no_parking = true};
    run(200, &dropping);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_tight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
