/* test_view_dir.c - I-view directories: what they hold by default, what drops an entry, that user
 * spaces and modes do not see each other's entries. */
#include "cpu/stacks.h"
#include "test_view.h"

enum {
    USER = 0x08048000,
    KERNEL = 0xC0000000,
    FRAME = 0x00800000,
    USER_MODE = MODE_USER | MODE_CODE32 | MODE_FLAT | MODE_PROT,
    KERNEL_MODE = MODE_CPL0 | MODE_CODE32 | MODE_FLAT | MODE_PROT,
};

static uint32_t tables[8][VIEW_TABLE_SLOTS];

static void enter(uint32_t mode)
{
    cpu->mode = mode;
    view_switch_mode(cpu);
}
static void add_code(uint32_t lin, uint32_t *table)
{
    struct walk walk;
    assert_int_equal(
        view_walk(cpu, lin, VIEW_FETCH, cpu->mode & MODE_USER, false, &walk, &cpu->fault), 0);
    view_map_code(cpu, lin, &walk, table);
}
/* As emitted code looks a unit up. */
static uint32_t *slot_address(uint32_t lin)
{
    return (uint32_t *)(((uint64_t *)cpu->dir)[lin >> 12] + (uint64_t)lin * 4);
}

static void test_default(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    const uint32_t lins[] = {0,          0xFFF,      0x1000, USER + 5,
                             0x7FFFFFFF, 0x80000000, KERNEL, 0xFFFFFFFF};
    for (unsigned i = 0; i < ARRAY_SIZE(lins); i++) {
        assert_int_equal(*slot_address(lins[i]), 0);
        assert_null(view_code_table(cpu, lins[i]));
    }
    add_code(0x7C00, tables[0]);
    assert_ptr_equal(view_code_table(cpu, 0x7C80), tables[0]);
    assert_ptr_equal(slot_address(0x7C80), &tables[0][0xC80]);
    assert_null(view_code_table(cpu, 0x8000));
    view_drop_all(view);
    assert_null(view_code_table(cpu, 0x7C00));
    guest_stop();
}

static void test_modes_and_spaces(void **state)
{
    (void)state;
    for (int pae = 0; pae < 2; pae++) {
        guest_start(RAM_BYTES, NULL);
        uint32_t a = new_space(pae);
        uint32_t b = new_space(pae);
        map_small(a, USER, FRAME | P | U, pae);
        map_small(b, USER, FRAME | P | U, pae);
        map_small(a, KERNEL, (FRAME + 0x1000) | P | G, pae);
        put_entry(pde_at(b, KERNEL, pae), pae, get_entry(pde_at(a, KERNEL, pae), pae));
        paging_on(a, pae);
        enter(KERNEL_MODE);
        uint64_t kernel_dir = cpu->dir;
        assert_int_equal(cpu->window, window_base(view, VIEW_SUP));
        add_code(KERNEL, tables[0]);
        enter(USER_MODE);
        uint64_t user_dir = cpu->dir;
        assert_true(user_dir != kernel_dir);
        assert_int_equal(cpu->window, window_base(view, view->current));
        add_code(USER, tables[1]);
        assert_null(view_code_table(cpu, KERNEL));
        enter(USER_MODE | MODE_NM);
        assert_null(view_code_table(cpu, USER));
        add_code(USER, tables[2]);
        enter(USER_MODE);
        assert_int_equal(cpu->dir, user_dir);
        assert_ptr_equal(view_code_table(cpu, USER), tables[1]);
        enter(KERNEL_MODE);
        assert_null(view_code_table(cpu, USER));
        load_cr3(b);
        assert_int_equal(cpu->dir, kernel_dir);
        assert_ptr_equal(view_code_table(cpu, KERNEL), tables[0]);
        enter(USER_MODE);
        assert_null(view_code_table(cpu, USER));
        add_code(USER, tables[1]);
        /* forgetting a table reaches every space and mode, and nothing else */
        view_forget_table(view, USER, tables[1]);
        assert_null(view_code_table(cpu, USER));
        enter(KERNEL_MODE);
        load_cr3(a);
        assert_ptr_equal(view_code_table(cpu, KERNEL), tables[0]);
        enter(USER_MODE);
        assert_null(view_code_table(cpu, USER));
        enter(USER_MODE | MODE_NM);
        assert_ptr_equal(view_code_table(cpu, USER), tables[2]);
        guest_stop();
    }
}

static void test_coherence(void **state)
{
    (void)state;
    for (int pae = 0; pae < 2; pae++) {
        guest_start(RAM_BYTES, NULL);
        uint32_t a = new_space(pae);
        uint32_t b = new_space(pae);
        map_small(a, USER, FRAME | P | U, pae);
        map_small(a, USER + 0x1000, (FRAME + 0x1000) | P | U | W, pae);
        map_small(b, USER, (FRAME + 0x2000) | P | U, pae);
        paging_on(a, pae);
        enter(USER_MODE);
        add_code(USER, tables[0]);
        add_code(USER + 0x1000, tables[1]);
        assert_int_equal(host_mappings(), 0); /* code needs no data mapping */
        view_invlpg(cpu, USER);
        assert_ptr_equal(view_code_table(cpu, USER), tables[0]); /* unchanged */
        put_entry(pte_at(a, USER, pae), pae, (FRAME + 0x5000) | P | U | A);
        assert_ptr_equal(view_code_table(cpu, USER), tables[0]);
        view_invlpg(cpu, USER);
        assert_null(view_code_table(cpu, USER));
        /* while it is also mapped as data */
        assert_int_equal(touch_user(USER + 0x1000, VIEW_WRITE), VIEW_MAPPED);
        load_cr3(a);
        assert_ptr_equal(view_code_table(cpu, USER + 0x1000), tables[1]);
        put_entry(pte_at(a, USER + 0x1000, pae), pae, 0);
        load_cr3(b);
        load_cr3(a);
        assert_null(view_code_table(cpu, USER + 0x1000));
        assert_int_equal(touch_user(USER + 0x1000, VIEW_READ), VIEW_FAULT);
        /* remapped, found out by the next walk */
        add_code(USER, tables[2]);
        put_entry(pte_at(a, USER, pae), pae, (FRAME + 0x7000) | P | U);
        add_code(USER, tables[3]);
        assert_ptr_equal(view_code_table(cpu, USER), tables[3]);
        put_entry(pte_at(a, USER, pae), pae, (FRAME + 0x8000) | P | U);
        assert_int_equal(touch_user(USER, VIEW_READ), VIEW_MAPPED);
        assert_null(view_code_table(cpu, USER));
        /* NX */
        if (pae) {
            cpu->efer = EFER_NXE;
            view_paging_changed(cpu);
            add_code(USER, tables[4]);
            put_entry(pte_at(a, USER, pae), pae, get_entry(pte_at(a, USER, pae), pae) | PTE_NX);
            load_cr3(a);
            assert_null(view_code_table(cpu, USER));
        }
        /* a paging change drops all */
        map_small(a, USER, FRAME | P | U, pae);
        add_code(USER, tables[5]);
        cpu->cr4 ^= CR4_PSE;
        view_paging_changed(cpu);
        assert_null(view_code_table(cpu, USER));
        guest_stop();
    }
}

/* Tables of the pages from FRAME on; others are not known. */
static uint32_t *find_table(void *arg, uint32_t phys_page, uint32_t lin_page)
{
    uint32_t n = phys_page - (FRAME >> 12);
    (*(unsigned *)arg)++;
    assert_int_equal(lin_page & 15, n & 15);
    return n < ARRAY_SIZE(tables) && n != 5 ? tables[n] : NULL;
}

/* Entering one page's code enters that of its neighbours whose entries say the same. */
static void test_around(void **state)
{
    (void)state;
    enum { BASE = 0x08050000, ALIKE = P | U | A };
    for (int pae = 0; pae < 2; pae++) {
        guest_start(RAM_BYTES, NULL);
        uint32_t a = new_space(pae);
        static const uint64_t bits[] = {
            ALIKE, ALIKE, P | U, ALIKE | W, U | A, ALIKE, ALIKE | D, ALIKE,
        };
        for (uint32_t i = 0; i < ARRAY_SIZE(bits); i++) {
            map_small(a, BASE + i * 0x1000, (FRAME + i * 0x1000) | bits[i], pae);
        }
        map_small(a, BASE - 0x1000, FRAME | ALIKE, pae); /* of the block before */
        paging_on(a, pae);
        enter(USER_MODE);
        struct walk walk;
        unsigned n_asked = 0;
        assert_int_equal(view_walk(cpu, BASE + 0x7000, VIEW_FETCH, true, false, &walk, &cpu->fault),
                         0);
        view_map_code(cpu, BASE + 0x7000, &walk, tables[7]);
        view_map_code_around(cpu, BASE + 0x7000, &walk, find_table, &n_asked);
        static const bool entered[] = {true, true, false, false, false, false, true, true};
        for (uint32_t i = 0; i < ARRAY_SIZE(entered); i++) {
            uint32_t *table = view_code_table(cpu, BASE + i * 0x1000);
            assert_ptr_equal(table, entered[i] ? tables[i] : NULL);
        }
        assert_null(view_code_table(cpu, BASE - 0x1000));
        assert_int_equal(n_asked, 4);                                    /* 0, 1, 5, 6 */
        assert_false(get_entry(pte_at(a, BASE + 0x2000, pae), pae) & A); /* nothing was set */
        /* they go as others do */
        put_entry(pte_at(a, BASE, pae), pae, (FRAME + 0x9000) | ALIKE);
        view_invlpg(cpu, BASE);
        assert_null(view_code_table(cpu, BASE));
        put_entry(pte_at(a, BASE + 0x1000, pae), pae, 0);
        load_cr3(a);
        assert_null(view_code_table(cpu, BASE + 0x1000));
        assert_ptr_equal(view_code_table(cpu, BASE + 0x6000), tables[6]);
        /* an entry that changed since the page was mapped as data is left to a walk */
        map_small(a, BASE, FRAME | ALIKE, pae);
        assert_int_equal(touch_user(BASE, VIEW_READ), VIEW_MAPPED);
        put_entry(pte_at(a, BASE, pae), pae, (FRAME + 0x1000) | ALIKE);
        view_map_code_around(cpu, BASE + 0x7000, &walk, find_table, &n_asked);
        assert_null(view_code_table(cpu, BASE));
        guest_stop();
    }
}

static void test_around_off(void **state)
{
    (void)state;
    const struct view_options single = {.no_fault_around = true};
    guest_start(RAM_BYTES, &single);
    uint32_t a = new_space(false);
    map_small(a, USER, FRAME | P | U | A, false);
    map_small(a, USER + 0x1000, (FRAME + 0x1000) | P | U | A, false);
    paging_on(a, false);
    enter(USER_MODE);
    struct walk walk;
    unsigned n_asked = 0;
    assert_int_equal(view_walk(cpu, USER, VIEW_FETCH, true, false, &walk, &cpu->fault), 0);
    view_map_code(cpu, USER, &walk, tables[0]);
    view_map_code_around(cpu, USER, &walk, find_table, &n_asked);
    assert_int_equal(n_asked, 0);
    assert_null(view_code_table(cpu, USER + 0x1000));
    guest_stop();
}

/* Supervisor code in user-like slots (boot's identity map): gone in a space that differs there. */
static void test_kernel_code_in_private_slot(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    uint32_t a = new_space(false);
    uint32_t b = new_space(false);
    map_small(a, USER, FRAME | P | U | W, false);
    map_small(b, USER, (FRAME + 0x1000) | P | U | W, false);
    paging_on(a, false);
    enter(KERNEL_MODE);
    for (int round = 0; round < 4; round++) {
        uint32_t *own = tables[round & 1];
        load_cr3(round & 1 ? b : a);
        assert_null(view_code_table(cpu, USER));
        add_code(USER, own);
        assert_ptr_equal(view_code_table(cpu, USER), own);
        load_cr3(cpu->cr3);
        assert_ptr_equal(view_code_table(cpu, USER), own);
    }
    guest_stop();
}

static void test_large_page_code(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    uint32_t a = new_space(false);
    map_large(a, KERNEL, 0x400000 | P | W | G, false);
    paging_on(a, false);
    enter(KERNEL_MODE);
    add_code(KERNEL + 0x5000u, tables[0]);
    add_code(KERNEL + 0x9000u, tables[1]);
    assert_int_equal(touch_sup(KERNEL, VIEW_WRITE), VIEW_MAPPED);
    assert_ptr_equal(view_code_table(cpu, KERNEL + 0x5000u), tables[0]);
    view_forget_table(view, KERNEL + 0x5000u, tables[0]);
    assert_null(view_code_table(cpu, KERNEL + 0x5000u));
    put_entry(pde_at(a, KERNEL, false), false, 0x800000 | P | W | G | PS);
    view_invlpg(cpu, KERNEL);
    assert_null(view_code_table(cpu, KERNEL + 0x9000u));
    assert_false(host_readable(sup_host(KERNEL)));
    guest_stop();
}

/* More modes than directories: the oldest gives way, and comes back empty. */
static void test_directory_recycling(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    uint32_t a = new_space(false);
    map_small(a, USER, FRAME | P | U, false);
    paging_on(a, false);
    for (uint32_t n = 0; n < 40; n++) {
        uint32_t mode = USER_MODE & ~(uint32_t)MODE_PROT;
        enter(mode | (n % 10 & 7) << 6);
        uint32_t *table = view_code_table(cpu, USER);
        assert_true(!table || table == tables[n % 10 & 7]);
        add_code(USER, tables[n % 10 & 7]);
    }
    for (uint32_t n = 0; n < 200; n++) {
        enter(MODE_CPL0 | (n % 25) << 2);
        uint32_t *table = view_code_table(cpu, USER);
        assert_true(!table || table == tables[n % 25 & 7]);
        add_code(USER, tables[n % 25 & 7]);
    }
    guest_stop();
}

static void test_eviction_empties_directories(void **state)
{
    (void)state;
    const struct view_options few = {.n_windows = 2};
    guest_start(RAM_BYTES, &few);
    uint32_t cr3[4];
    for (uint32_t i = 0; i < 4; i++) {
        cr3[i] = new_space(false);
        map_small(cr3[i], USER, FRAME | P | U, false);
    }
    paging_on(cr3[0], false);
    for (uint32_t n = 0; n < 12; n++) {
        enter(KERNEL_MODE);
        load_cr3(cr3[n % 4]);
        enter(USER_MODE);
        assert_null(view_code_table(cpu, USER));
        add_code(USER, tables[n % 4]);
    }
    guest_stop();
}

/* What calls have left on the stack of a directory is there again when the directory is, unless an
 * entry of it was taken away meanwhile. */
static bool keeps_returns(void (*change)(uint32_t other), uint32_t here, uint32_t other)
{
    load_cr3(here);
    enter(USER_MODE);
    cpu->stack_now->rsp = stacks_top_now(cpu) - 64;
    uint64_t top = stacks_top_now(cpu);
    uint32_t n_emptied = cpu->n_stacks_emptied;
    change(other);
    bool told = stacks_top_now(cpu) != top || cpu->n_stacks_emptied != n_emptied;
    load_cr3(here);
    enter(USER_MODE);
    assert_true(stacks_top_now(cpu) == top);
    bool kept = cpu->stack_now->rsp == top - 64;
    assert_true(kept || (cpu->stack_now->rsp == top && told));
    return kept;
}

static void go_and_come(uint32_t other)
{
    enter(KERNEL_MODE);
    assert_true(cpu->stack_now->rsp == stacks_top_now(cpu));
    load_cr3(other);
    enter(USER_MODE);
    assert_true(cpu->stack_now->rsp == stacks_top_now(cpu));
}

static void flush_nothing(uint32_t other)
{
    (void)other;
    view_invlpg(cpu, USER);
    view_invlpg(cpu, USER + 0x1000);
    load_cr3(cpu->cr3);
}

static void move_page(uint32_t other)
{
    (void)other;
    put_entry(pte_at(cpu->cr3, USER, false), false, (FRAME + 0x5000) | P | U | A);
    view_invlpg(cpu, USER);
}

static void move_page_from_afar(uint32_t other)
{
    put_entry(pte_at(cpu->cr3, USER, false), false, (FRAME + 0x6000) | P | U | A);
    load_cr3(other);
}

static void find_moved_page(uint32_t other)
{
    (void)other;
    put_entry(pte_at(cpu->cr3, USER, false), false, (FRAME + 0x7000) | P | U | A);
    add_code(USER, tables[3]);
}

static void other_table(uint32_t other)
{
    (void)other;
    add_code(USER, tables[4]);
}

static void forget_table(uint32_t other)
{
    go_and_come(other);
    view_forget_table(view, USER, tables[0]);
}

static void drop_all(uint32_t other)
{
    go_and_come(other);
    view_drop_all(view);
}

static void change_paging(uint32_t other)
{
    (void)other;
    cpu->cr4 ^= CR4_PSE;
    view_paging_changed(cpu);
}

static void test_returns(void **state)
{
    static void (*const harmless[])(uint32_t) = {go_and_come, flush_nothing};
    static void (*const harmful[])(uint32_t) = {move_page,    move_page_from_afar, find_moved_page,
                                                other_table,  forget_table,        drop_all,
                                                change_paging};
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(harmless) + ARRAY_SIZE(harmful); i++) {
        guest_start(RAM_BYTES, NULL);
        uint32_t a = new_space(false), b = new_space(false);
        map_small(a, USER, FRAME | P | U, false);
        map_small(b, USER, (FRAME + 0x1000) | P | U, false);
        paging_on(a, false);
        enter(USER_MODE);
        add_code(USER, tables[0]);
        bool is_harmful = i >= ARRAY_SIZE(harmless);
        assert_true(keeps_returns(is_harmful ? harmful[i - ARRAY_SIZE(harmless)] : harmless[i], a,
                                  b) != is_harmful);
        guest_stop();
    }
}

/* More directories than stacks: whoever finds another's begins with an empty one. */
static void test_shared_stacks(void **state)
{
    (void)state;
    memset(cpu->stack, 0, sizeof(cpu->stack));
    stacks_begin(cpu, 0x10000000);
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t number = 0; number < 200; number += 4) {
            stacks_switch(cpu, number);
            assert_true(cpu->stack_now->rsp == stacks_top_now(cpu));
            cpu->stack_now->rsp -= 8;
            stacks_switch(cpu, number);
            assert_true(cpu->stack_now->rsp == stacks_top_now(cpu) - 8);
            stacks_empty(cpu, number + 64 * 4); /* at least the stack is the same for some */
            assert_true(cpu->stack_now->rsp == stacks_top_now(cpu) - 8);
            stacks_empty(cpu, number);
            assert_true(cpu->stack_now->rsp == stacks_top_now(cpu));
            cpu->stack_now->rsp -= round ? 0 : 8;
        }
        stacks_empty_all(cpu);
        for (unsigned i = 0; i < CPU_STACKS; i++) {
            assert_true(&cpu->stack[i] == cpu->stack_now ? cpu->stack_now->rsp == stacks_top(cpu, i)
                                            : cpu->stack[i].rsp == stacks_top(cpu, i));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_modes_and_spaces),
        cmocka_unit_test(test_coherence),
        cmocka_unit_test(test_around),
        cmocka_unit_test(test_around_off),
        cmocka_unit_test(test_kernel_code_in_private_slot),
        cmocka_unit_test(test_large_page_code),
        cmocka_unit_test(test_directory_recycling),
        cmocka_unit_test(test_eviction_empties_directories),
        cmocka_unit_test(test_returns),
        cmocka_unit_test(test_shared_stacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
