/* test_view_lookup.c - look-ups: what they find, which bits they set, what makes them look again,
 * and when a page is mapped after all. */
#include "test_view.h"

enum { USER = 0x08048000, FRAME = 0x400000, PAGES = 64 };

static uint32_t cr3;

static void begin_with(const struct view_options *opt)
{
    guest_start(RAM_BYTES, opt);
    cr3 = new_space(false);
    for (uint32_t i = 0; i < PAGES; i++) {
        map_small(cr3, USER + i * PAGE_BYTES, (FRAME + i * PAGE_BYTES) | P | W | U, false);
    }
    map_small(cr3, USER + 8 * PAGE_BYTES, 0, false);
    map_small(cr3, USER + 9 * PAGE_BYTES, (FRAME + 9 * PAGE_BYTES) | P | U, false);
    map_small(cr3, USER + 10 * PAGE_BYTES, (FRAME + 10 * PAGE_BYTES) | P | W, false);
    map_small(cr3, USER + 11 * PAGE_BYTES, 0xE0000000 | P | W | U, false);
    paging_on(cr3, false);
    cpu->cpl = 3;
}

static void begin(void)
{
    begin_with(NULL);
}

static uint32_t at(uint32_t page)
{
    return USER + page * PAGE_BYTES;
}

static uint64_t pte(uint32_t page)
{
    return get_entry(pte_at(cr3, at(page), false), false) & 0xFFF;
}

static void put_pte(uint32_t page, uint64_t value)
{
    put_entry(pte_at(cr3, at(page), false), false, value);
}

static uint64_t ram(uint32_t page)
{
    return (uint64_t)mem.host + FRAME + (uint64_t)page * PAGE_BYTES;
}

static void test_answers(void **state)
{
    (void)state;
    uint64_t host = 0;
    begin();
    assert_int_equal(view_look_up(cpu, at(1) + 5, false, &host), VIEW_MAPPED);
    assert_true(host == ram(1) + 5);
    assert_int_equal(pte(1), P | W | U | A);
    assert_int_equal(pte(0), P | W | U);
    assert_int_equal(pte(2), P | W | U);
    assert_int_equal(view_look_up(cpu, at(1) + 6, true, &host), VIEW_MAPPED);
    assert_int_equal(pte(1), P | W | U | A | D);
    assert_int_equal(cpu->n_spared, 1);                /* the first fault would have mapped it */
    assert_int_equal(view_get_stats(view)->n_runs, 0); /* no mapping was made */
    assert_int_equal(view_look_up(cpu, at(8) + 7, true, &host), VIEW_FAULT);
    assert_int_equal(cpu->fault.error, PF_W | PF_U);
    assert_int_equal(cpu->fault.cr2, at(8) + 7);
    assert_int_equal(view_look_up(cpu, at(9), true, &host), VIEW_FAULT);
    assert_int_equal(cpu->fault.error, PF_P | PF_W | PF_U);
    assert_int_equal(pte(9), P | U);
    assert_int_equal(view_look_up(cpu, at(10), false, &host), VIEW_FAULT);
    assert_int_equal(cpu->fault.error, PF_P | PF_U);
    assert_int_equal(view_look_up(cpu, at(11), false, &host), VIEW_CHECKED);
    cpu->cpl = 0;
    assert_int_equal(view_look_up(cpu, at(10), false, &host), VIEW_MAPPED);
    assert_int_equal(view_look_up(cpu, at(9), true, &host), VIEW_FAULT); /* CR0.WP */
    /* a page that is mapped spares nothing */
    cpu->cpl = 3;
    assert_int_equal(touch_user(at(3), VIEW_WRITE), VIEW_MAPPED);
    uint32_t n_spared = cpu->n_spared;
    assert_int_equal(view_look_up(cpu, at(3), true, &host), VIEW_MAPPED);
    assert_int_equal(cpu->n_spared, n_spared);
    guest_stop();
}

/* What was found is good until the TLB would forget it, and for that access and right only. */
static void test_forgets(void **state)
{
    (void)state;
    uint64_t host = 0;
    begin();
    assert_true(view_look_up_again(cpu, at(1), false) == 0);
    assert_true(view_look_up_again(cpu, 0, false) == 0);
    assert_int_equal(view_look_up(cpu, at(1), false, &host), VIEW_MAPPED);
    assert_true(view_look_up_again(cpu, at(1) + 9, false) == ram(1) + 9);
    assert_true(view_look_up_again(cpu, at(1), true) == 0);
    assert_true(view_look_up_again(cpu, at(2), false) == 0);
    cpu->cpl = 0;
    assert_true(view_look_up_again(cpu, at(1), false) == 0);
    cpu->cpl = 3;
    put_pte(1, (FRAME + 5 * PAGE_BYTES) | P | W | U);
    assert_true(view_look_up_again(cpu, at(1), false) == ram(1));
    view_invlpg(cpu, at(1));
    assert_true(view_look_up_again(cpu, at(1), false) == 0);
    assert_true(view_look_up_ram(cpu, at(1), false, &host) && host == ram(5));
    load_cr3(cr3);
    assert_true(view_look_up_again(cpu, at(1), false) == 0);
    assert_true(view_look_up_ram(cpu, at(1), true, &host) && host == ram(5));
    view_protect_page(view, (FRAME >> PAGE_SHIFT) + 5); /* INV-1 */
    assert_true(view_look_up_again(cpu, at(1), true) == 0);
    assert_int_equal(view_look_up(cpu, at(1), true, &host), VIEW_CHECKED);
    assert_int_equal(view_look_up(cpu, at(1), false, &host), VIEW_MAPPED);
    view_watch_pages(view, at(1) >> PAGE_SHIFT, at(1) >> PAGE_SHIFT, false, true);
    assert_true(view_look_up_again(cpu, at(1), false) == 0);
    assert_int_equal(view_look_up(cpu, at(1), false, &host), VIEW_CHECKED);
    view_watch_pages(view, at(1) >> PAGE_SHIFT, at(1) >> PAGE_SHIFT, false, false);
    assert_int_equal(view_look_up(cpu, at(1), false, &host), VIEW_MAPPED);
    cpu->a20 = false;
    view_paging_changed(cpu);
    assert_true(view_look_up_again(cpu, at(1), false) == 0);
    cpu->a20 = true;
    view_paging_changed(cpu);
    assert_int_equal(view_look_up(cpu, at(1), false, &host), VIEW_MAPPED);
    view_memory_changed(cpu);
    assert_true(view_look_up_again(cpu, at(1), false) == 0);
    /* 2^32 generations later */
    assert_int_equal(view_look_up(cpu, at(2), false, &host), VIEW_MAPPED);
    uint32_t generation = cpu->lookup_generation;
    cpu->lookup_generation = UINT32_MAX;
    for (uint32_t i = 0; i < 8 && cpu->lookup_generation != generation; i++) {
        view_invlpg(cpu, at(1));
        assert_true(view_look_up_again(cpu, at(2), false) == 0);
    }
    guest_stop();
}

/* A page that is given another frame every few uses (kmap) is never mapped, and its look-ups say
 * that the window did not have it. */
static void test_frames_in_turn(void **state)
{
    (void)state;
    uint64_t host = 0;
    begin();
    for (uint32_t i = 0; i < 60; i++) {
        put_pte(4, (FRAME + i % PAGES * PAGE_BYTES) | P | W | U);
        for (unsigned use = 0; use < 3; use++) {
            assert_int_equal(view_look_up(cpu, at(4) + 5, true, &host), VIEW_MAPPED);
            assert_true(host == ram(i % PAGES) + 5);
            assert_true(view_look_up_again(cpu, at(4) + 5, true) == host);
            assert_true(view_lookup_known(cpu, at(4), true)->delta & 1);
        }
        put_pte(4, 0);
        view_invlpg(cpu, at(4));
    }
    assert_int_equal(view_get_stats(view)->n_runs, 0);
    put_pte(4, (FRAME + 4 * PAGE_BYTES) | P | W | U);
    assert_int_equal(touch_user(at(4), VIEW_WRITE), VIEW_MAPPED);
    assert_int_equal(view_look_up(cpu, at(4), true, &host), VIEW_MAPPED);
    assert_false(view_lookup_known(cpu, at(4), true)->delta & 1);
    guest_stop();
}

static void test_maps_in_the_end(void **state)
{
    (void)state;
    uint64_t host = 0;
    begin();
    unsigned n = 0;
    while (!view_is_mapped(cpu, at(4), true, true)) {
        assert_int_equal(view_look_up(cpu, at(4), true, &host), VIEW_MAPPED);
        assert_true(++n < 60);
    }
    assert_true(n > 2);
    assert_true(host_writable(user_host(at(4))));
    assert_false(host_readable(user_host(at(5)))); /* A is not set there */
    /* after a fault of the guest's its patience begins anew */
    put_pte(4, 0);
    view_invlpg(cpu, at(4));
    assert_int_equal(view_look_up(cpu, at(4), true, &host), VIEW_FAULT);
    put_pte(4, (FRAME + 4 * PAGE_BYTES) | P | W | U);
    assert_int_equal(view_look_up(cpu, at(4), true, &host), VIEW_MAPPED);
    assert_false(view_is_mapped(cpu, at(4), true, true));
    guest_stop();
}

/* What emitted code would find (translate/lookup.c), or 0. */
static uint64_t quick(uint32_t lin, bool write)
{
    uint32_t page = lin >> PAGE_SHIFT, i = page % CPU_QUICK;
    uint32_t right = cpu->cpl == 3 ? CPU_QUICK_USER : 0;
    return cpu->quick_tag[write][i] + page + right == 0 ? lin + cpu->quick_delta[write][i] : 0;
}

static void find(uint32_t lin, bool write)
{
    uint64_t host = 0;
    assert_int_equal(view_look_up(cpu, lin, write, &host), VIEW_MAPPED);
    view_lookup_set_quick(cpu, lin, write, view_lookup_known(cpu, lin, write));
    assert_true(quick(lin, write) == host);
}

/* Quick look-ups are for one page, access and right, and forgotten when the others are. */
static void test_quick(void **state)
{
    (void)state;
    begin();
    for (uint32_t page = 0; page < 2 * CPU_QUICK; page++) { /* before anything was found */
        cpu->cpl = page & 1 ? 3 : 0;
        assert_true(!quick(page << PAGE_SHIFT, false) && !quick(page << PAGE_SHIFT, true));
    }
    cpu->cpl = 3;
    find(at(1), false);
    assert_true(!quick(at(1), true) && !quick(at(2), false));
    assert_true(!quick(at(1) + (CPU_QUICK << PAGE_SHIFT), false));
    cpu->cpl = 0;
    assert_true(!quick(at(1), false));
    cpu->cpl = 3;
    find(at(1), true);
    find(at(2), true);
    put_pte(1, (FRAME + 5 * PAGE_BYTES) | P | W | U);
    view_invlpg(cpu, at(1) + 77);
    assert_true(!quick(at(1), false) && !quick(at(1), true));
    assert_true(quick(at(2), true) == ram(2)); /* INVLPG is about one page */
    assert_true(view_look_up_again(cpu, at(1), true) == 0);
    assert_true(view_look_up_again(cpu, at(2), true) == ram(2));
    load_cr3(cr3);
    assert_true(!quick(at(2), true));
    find(at(2), true);
    view_protect_page(view, (FRAME >> PAGE_SHIFT) + 2); /* INV-1 */
    assert_true(!quick(at(2), true));
    for (uint32_t i = 0; i < 3; i++) { /* more than the list of those that are set can hold */
        for (uint32_t page = 12; page < PAGES; page++) {
            find(at(page), false);
            find(at(page), true);
        }
    }
    cpu->lookup_epoch_tsc = 0;
    uint32_t epoch = cpu->lookup_epoch;
    view_age_lookups(cpu);
    assert_int_equal(cpu->lookup_epoch, epoch + 1);
    for (uint32_t page = 12; page < PAGES; page++) {
        assert_true(!quick(at(page), false) && !quick(at(page), true));
        assert_true(view_look_up_again(cpu, at(page), true) == 0);
    }
    guest_stop();
}

/* INVLPG anywhere in a large page is about all of it. */
static void test_quick_large(void **state)
{
    (void)state;
    const uint32_t lin = 0x10000000;
    begin();
    put_entry(cr3 + (lin >> 22) * 4, false, 0x400000 | P | W | U | PS);
    find(lin + 3 * PAGE_BYTES, true);
    find(at(1), false);
    view_invlpg(cpu, at(2));
    assert_true(quick(lin + 3 * PAGE_BYTES, true) != 0);
    view_invlpg(cpu, lin + 9 * PAGE_BYTES);
    assert_true(quick(lin + 3 * PAGE_BYTES, true) == 0);
    assert_true(view_look_up_again(cpu, lin + 3 * PAGE_BYTES, true) == 0);
    guest_stop();
}

static void next_epoch(bool is_busy)
{
    uint32_t epoch = cpu->lookup_epoch;
    cpu->lookup_epoch_tsc = 0;
    view_age_lookups(cpu);
    assert_int_equal(cpu->lookup_epoch, epoch + 1);
    cpu->lookup_paid = is_busy ? epoch : epoch - 9;
    assert_true(view_lookups_pay(cpu) == is_busy);
}

/* A page that is there in another epoch still is mapped, though nobody counts its uses; later where
 * look-ups spare many faults, and not for another frame. */
static void test_epochs(void **state)
{
    (void)state;
    uint64_t host = 0;
    begin();
    for (unsigned busy = 0; busy < 2; busy++) {
        unsigned n = 0;
        next_epoch(busy);
        while (!view_is_mapped(cpu, at(4 + busy), true, true)) {
            assert_int_equal(view_look_up(cpu, at(4 + busy), true, &host), VIEW_MAPPED);
            next_epoch(busy);
            n++;
        }
        assert_int_equal(n, busy ? 4 : 2);
    }
    for (uint32_t i = 20; i < 40; i++) {
        put_pte(12, (FRAME + i * PAGE_BYTES) | P | W | U);
        load_cr3(cr3);
        assert_int_equal(view_look_up(cpu, at(12), true, &host), VIEW_MAPPED);
        assert_true(host == ram(i));
        next_epoch(false);
    }
    assert_false(view_is_mapped(cpu, at(12), true, true));
    /* what the window has is found quickly only where look-ups pay */
    assert_int_equal(view_look_up(cpu, at(4), true, &host), VIEW_MAPPED);
    view_lookup_set_quick(cpu, at(4), true, view_lookup_known(cpu, at(4), true));
    assert_true(!quick(at(4), true));
    next_epoch(true);
    find(at(4), true);
    /* ten times what they cost is 0.1 of the time */
    next_epoch(false);
    cpu->lookup_epoch_tsc = __builtin_ia32_rdtsc() - (1u << 22);
    cpu->lookup_n_spared = cpu->n_spared - 20;
    view_age_lookups(cpu);
    assert_false(view_lookups_pay(cpu));
    cpu->lookup_epoch_tsc = __builtin_ia32_rdtsc() - (1u << 22);
    cpu->lookup_n_spared = cpu->n_spared - 4000;
    view_age_lookups(cpu);
    assert_true(view_lookups_pay(cpu));
    guest_stop();
}

/* A looked-up site touches the page first, the guest makes it present: is it mapped then? If
 * another site comes to it next, that is learnt. */
static bool first_touch(uint32_t page, bool other_site_comes)
{
    uint64_t host = 0;
    put_pte(page, 0);
    view_invlpg(cpu, at(page));
    assert_int_equal(view_look_up(cpu, at(page), true, &host), VIEW_FAULT);
    const uint32_t user_mode = cpu->mode | MODE_USER;
    cpu->mode = user_mode & ~(uint32_t)MODE_USER;
    view_switch_mode(cpu);
    put_pte(page, (FRAME + page * PAGE_BYTES) | P | W | U | A | D);
    cpu->mode = user_mode;
    view_switch_mode(cpu);
    const bool is_early = host_readable(window_base(view, view->current) + at(page));
    if (!is_early && other_site_comes) {
        assert_int_equal(touch_user(at(page), VIEW_READ), VIEW_MAPPED);
    }
    return is_early;
}

static unsigned n_early(bool others_come)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < 3 * PAGES; i++) {
        n += first_touch(i % PAGES, others_come);
    }
    return n;
}

static void test_early(void **state)
{
    (void)state;
    enum { TOUCHES = 3 * PAGES, FIRST = 32, ONE_OF = 8 };
    begin();
    assert_int_equal(n_early(false), 0); /* nobody comes, so they are left alone */
    unsigned n = n_early(true);
    assert_in_range(n, TOUCHES - TOUCHES / ONE_OF - FIRST, TOUCHES - TOUCHES / ONE_OF);
    assert_in_range(n_early(true), TOUCHES - TOUCHES / ONE_OF, TOUCHES - TOUCHES / ONE_OF);
    assert_in_range(n_early(false), 0, TOUCHES / 2); /* it is noticed when that changes, */
    assert_int_equal(n_early(false), 0);
    assert_true(n_early(true) > 0); /* and changes again */
    /* what other sites do in the supervisor's window says nothing */
    cpu->cpl = 0;
    uint64_t host = 0;
    put_pte(5, 0);
    view_invlpg(cpu, at(5));
    assert_int_equal(view_look_up(cpu, at(5), true, &host), VIEW_FAULT);
    assert_false(view->retry.pending);
    guest_stop();
    const struct view_options never = {.no_early = true};
    begin_with(&never);
    assert_int_equal(n_early(true), 0);
    guest_stop();
}

/* Whoever found a page first is charged if somebody faults at it all the same: once, while it is
 * that page, and not if the guest has given it away. */
static void test_charges(void **state)
{
    (void)state;
    enum { WHO = CPU_LOOKUP_SITES - 3, OTHER = 5 };
    uint64_t host = 0;
    begin();
    const uint16_t *charged = cpu->lookup_charged;
    assert_int_equal(touch_user(at(1), VIEW_WRITE), VIEW_MAPPED); /* nobody found it */
    assert_int_equal(cpu->n_charged, 0);
    cpu->lookup_by = WHO;
    const uint32_t n_spared = cpu->n_spared;
    assert_int_equal(view_look_up(cpu, at(12), true, &host), VIEW_MAPPED);
    cpu->lookup_by = OTHER;
    assert_int_equal(view_look_up(cpu, at(12), true, &host), VIEW_MAPPED);
    assert_int_equal(cpu->n_found, 1);
    assert_int_equal(cpu->n_spared, n_spared + 1);
    assert_int_equal(touch_user(at(12), VIEW_WRITE), VIEW_MAPPED);
    assert_int_equal(charged[WHO], 1);
    assert_int_equal(charged[OTHER], 0);
    assert_int_equal(cpu->n_charged, 1);
    assert_true((int32_t)(cpu->n_spared - n_spared) < 1);
    view_invlpg(cpu, at(12));
    put_pte(12, (FRAME + 13 * PAGE_BYTES) | P | W | U);
    view_invlpg(cpu, at(12));
    assert_int_equal(touch_user(at(12), VIEW_WRITE), VIEW_MAPPED); /* not twice */
    assert_int_equal(cpu->n_charged, 1);
    /* given away between the two: by INVLPG, by another frame, by a fault of the guest's */
    assert_int_equal(view_look_up(cpu, at(20), true, &host), VIEW_MAPPED);
    view_invlpg(cpu, at(20));
    assert_int_equal(touch_user(at(20), VIEW_WRITE), VIEW_MAPPED);
    assert_int_equal(view_look_up(cpu, at(40), true, &host), VIEW_MAPPED);
    put_pte(40, (FRAME + 41 * PAGE_BYTES) | P | W | U);
    assert_int_equal(touch_user(at(40), VIEW_WRITE), VIEW_MAPPED);
    assert_int_equal(view_look_up(cpu, at(60), true, &host), VIEW_MAPPED);
    put_pte(60, 0);
    assert_int_equal(touch_user(at(60), VIEW_WRITE), VIEW_FAULT);
    put_pte(60, (FRAME + 60 * PAGE_BYTES) | P | W | U);
    assert_int_equal(touch_user(at(60), VIEW_WRITE), VIEW_MAPPED);
    assert_int_equal(cpu->n_charged, 1);
    /* nor where it was left alone on purpose (view/early.c) */
    for (unsigned on = 0; on < 2; on++) {
        view->early.score_of_all = on ? 12 : 0;
        memset(view->early.score, 0, sizeof view->early.score);
        assert_int_equal(view_look_up(cpu, at(61 + on), true, &host), VIEW_MAPPED);
        assert_int_equal(touch_user(at(61 + on), VIEW_WRITE), VIEW_MAPPED);
        assert_int_equal(cpu->n_charged, 2);
    }
    /* more charged than spared is not many spared */
    next_epoch(false);
    cpu->lookup_epoch_tsc = __builtin_ia32_rdtsc() - (1u << 22);
    cpu->lookup_n_spared = cpu->n_spared + 4000;
    view_age_lookups(cpu);
    assert_false(view_lookups_pay(cpu));
    guest_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),        cmocka_unit_test(test_forgets),
        cmocka_unit_test(test_frames_in_turn), cmocka_unit_test(test_maps_in_the_end),
        cmocka_unit_test(test_quick),          cmocka_unit_test(test_quick_large),
        cmocka_unit_test(test_epochs),         cmocka_unit_test(test_early),
        cmocka_unit_test(test_charges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
