/* test_view_walk.c - the page-table walk against an independent statement of the SDM's rules: every
 * combination of rights, mode and access, in 32-bit and PAE form; then the special cases one by
 * one.
 */
#include "test_view.h"

enum { LIN = 0x08049123, FRAME = 0x00345000 };

static struct walk walk;
static struct fault fault;

static int try_walk(enum view_access access, bool user)
{
    memset(&fault, 0, sizeof(fault));
    return view_walk(cpu, LIN, access, user, false, &walk, &fault);
}

static uint32_t error_bits(enum view_access access, bool user, bool nxe)
{
    return (access == VIEW_WRITE ? PF_W : 0) | (user ? PF_U : 0) |
           (access == VIEW_FETCH && nxe ? PF_I : 0);
}

static void check_rights(bool pae, unsigned pde_bits, unsigned pte_bits, bool wp,
                         enum view_access access, bool user, bool large)
{
    uint32_t cr3 = cpu->cr3;
    bool nx = pae && (pde_bits & 4 || (!large && pte_bits & 4));
    uint64_t pde =
        P | (pde_bits & 1 ? W : 0) | (pde_bits & 2 ? U : 0) | (pae && pde_bits & 4 ? PTE_NX : 0);
    uint64_t pte =
        P | (pte_bits & 1 ? W : 0) | (pte_bits & 2 ? U : 0) | (pae && pte_bits & 4 ? PTE_NX : 0);
    bool u = pde & U && (large || pte & U);
    bool w = pde & W && (large || pte & W);
    put_entry(pde_at(cr3, LIN, pae), pae, large ? pde | PS | 0x400000 : pde | 0x300000);
    if (!large) {
        put_entry(pte_at(cr3, LIN, pae), pae, pte | FRAME);
    }
    cpu->cr0 = CR0_PE | CR0_PG | (wp ? CR0_WP : 0);
    bool allowed = (!user || u) && (access != VIEW_FETCH || !nx) &&
                   (access != VIEW_WRITE || w || (!user && !wp));
    int result = try_walk(access, user);
    assert_int_equal(result, allowed ? 0 : -1);
    uint64_t pde_after = get_entry(pde_at(cr3, LIN, pae), pae);
    uint64_t leaf_after = large ? pde_after : get_entry(pte_at(cr3, LIN, pae), pae);
    if (!allowed) {
        assert_int_equal(fault.vector, VEC_PF);
        assert_true(fault.has_error);
        assert_int_equal(fault.error, PF_P | error_bits(access, user, pae));
        assert_int_equal(fault.cr2, LIN);
        assert_false(leaf_after & (A | D));
        return;
    }
    assert_true(pde_after & A && leaf_after & A);
    assert_int_equal((bool)(leaf_after & D), access == VIEW_WRITE);
    assert_true(large || !(pde_after & D));
    uint32_t size = !large ? 4096 : pae ? 2 << 20 : 4 << 20;
    assert_int_equal(walk.page_bytes, size);
    assert_int_equal(walk.phys, (large ? 0x400000 : FRAME) | (LIN & (size - 1)));
    assert_int_equal(walk.user, u);
    assert_int_equal(walk.writable, w);
    assert_int_equal(walk.no_execute, nx);
    assert_int_equal(walk.dirty, access == VIEW_WRITE);
    assert_int_equal(walk.pde, pde_after);
    assert_int_equal(walk.pte, large ? 0 : leaf_after);
    assert_int_equal(walk.pde_phys, pde_at(cr3, LIN, pae));
    assert_int_equal(walk.pte_phys, large ? 0 : pte_at(cr3, LIN, pae));
}

static void all_rights(bool pae)
{
    guest_start(RAM_BYTES, NULL);
    paging_on(new_space(pae), pae);
    cpu->efer = pae ? EFER_NXE : 0;
    view_paging_changed(cpu);
    for (unsigned n = 0; n < 8 * 8 * 2 * 3 * 2 * 2; n++) {
        check_rights(pae, n & 7, n >> 3 & 7, n >> 6 & 1,
                     (enum view_access)(n >> 7 & 1) + (n & 256 ? 1 : 0), n >> 9 & 1, n >> 10 & 1);
    }
    guest_stop();
}
static void test_rights_32(void **state)
{
    (void)state;
    all_rights(false);
}
static void test_rights_pae(void **state)
{
    (void)state;
    all_rights(true);
}

static void test_not_present(void **state)
{
    (void)state;
    for (int pae = 0; pae < 2; pae++) {
        guest_start(RAM_BYTES, NULL);
        uint32_t cr3 = new_space(pae);
        paging_on(cr3, pae);
        assert_int_equal(try_walk(VIEW_WRITE, true), -1);
        assert_int_equal(fault.error, PF_W | PF_U);
        map_small(cr3, LIN, FRAME | W | U, pae); /* present bit missing */
        assert_int_equal(try_walk(VIEW_READ, false), -1);
        assert_int_equal(fault.error, 0);
        put_entry(pte_at(cr3, LIN, pae), pae, FRAME | P);
        assert_int_equal(try_walk(VIEW_READ, false), 0);
        if (pae) { /* a PDPTE is used as it was loaded */
            put_entry(cr3 + (LIN >> 30) * 8, true, 0);
            assert_int_equal(try_walk(VIEW_READ, false), 0);
            load_cr3(cr3);
            assert_int_equal(try_walk(VIEW_READ, false), -1);
            assert_int_equal(fault.error, 0);
        }
        guest_stop();
    }
}

static void test_reserved_32(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    uint32_t cr3 = new_space(false);
    paging_on(cr3, false);
    for (unsigned bit = 12; bit < 22; bit++) {
        map_large(cr3, LIN, 0x400000 | P | W | U | 1u << bit, false);
        bool ok = bit == 12; /* PAT */
        assert_int_equal(try_walk(VIEW_WRITE, true), ok ? 0 : -1);
        if (!ok) {
            assert_int_equal(fault.error, PF_P | PF_RSVD | PF_W | PF_U);
        } else {
            assert_int_equal(walk.phys, 0x400000 | (LIN & 0x3FFFFF));
        }
    }
    /* without CR4.PSE the PS bit means nothing */
    map_small(cr3, 0x0C000000, FRAME | P, false);
    put_entry(pde_at(cr3, LIN, false), false,
              get_entry(pde_at(cr3, 0x0C000000, false), false) | PS);
    put_entry(pte_at(cr3, LIN, false), false, FRAME | P);
    cpu->cr4 &= ~CR4_PSE;
    view_paging_changed(cpu);
    assert_int_equal(try_walk(VIEW_READ, true), -1); /* supervisor page */
    assert_int_equal(try_walk(VIEW_READ, false), 0);
    assert_int_equal(walk.page_bytes, 4096);
    guest_stop();
}

static void test_reserved_pae(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    uint32_t cr3 = new_space(true);
    paging_on(cr3, true);
    for (unsigned bit = 32; bit < 64; bit++) {
        for (int nxe = 0; nxe < 2; nxe++) {
            cpu->efer = nxe ? EFER_NXE : 0;
            bool ok = bit == 63 && nxe;
            map_small(cr3, LIN, FRAME | P | UINT64_C(1) << bit, true);
            assert_int_equal(try_walk(VIEW_READ, false), ok ? 0 : -1);
            assert_int_equal(fault.error, ok ? 0 : PF_P | PF_RSVD);
            put_entry(pte_at(cr3, LIN, true), true, FRAME | P);
            put_entry(pde_at(cr3, LIN, true), true,
                      get_entry(pde_at(cr3, LIN, true), true) | UINT64_C(1) << bit);
            assert_int_equal(try_walk(VIEW_READ, false), ok ? 0 : -1);
            map_large(cr3, LIN, 0x400000 | P | UINT64_C(1) << bit, true);
            assert_int_equal(try_walk(VIEW_READ, false), ok ? 0 : -1);
            put_entry(pde_at(cr3, LIN, true), true, 0);
        }
    }
    for (unsigned bit = 12; bit < 21; bit++) {
        map_large(cr3, LIN, 0x400000 | P | 1u << bit, true);
        assert_int_equal(try_walk(VIEW_READ, false), bit == 12 ? 0 : -1);
    }
    /* PAE has large pages whatever CR4.PSE says */
    cpu->cr4 &= ~CR4_PSE;
    map_large(cr3, LIN, 0x400000 | P, true);
    assert_int_equal(try_walk(VIEW_READ, false), 0);
    assert_int_equal(walk.page_bytes, 2 << 20);
    /* the error code names fetches only with NXE */
    map_large(cr3, LIN, 0x400000 | P, true);
    cpu->efer = 0;
    assert_int_equal(try_walk(VIEW_FETCH, true), -1);
    assert_int_equal(fault.error, PF_P | PF_U);
    cpu->efer = EFER_NXE;
    assert_int_equal(try_walk(VIEW_FETCH, true), -1);
    assert_int_equal(fault.error, PF_P | PF_U | PF_I);
    guest_stop();
}

static void test_pdptes(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    uint32_t cr3 = new_space(true);
    assert_int_equal(view_load_pdptes(cpu, cr3), 0); /* no PAE: nothing is looked at */
    paging_on(cr3, true);
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t good = get_entry(cr3 + 8, true);
        bool reserved = bit == 1 || bit == 2 || (bit >= 5 && bit <= 8) || bit >= 32;
        put_entry(cr3 + 8, true, good | UINT64_C(1) << bit);
        assert_int_equal(view_load_pdptes(cpu, cr3), reserved ? -1 : 0);
        put_entry(cr3 + 8, true, (good | UINT64_C(1) << bit) & ~1ull);
        assert_int_equal(view_load_pdptes(cpu, cr3), 0); /* not present: nothing is reserved */
        put_entry(cr3 + 8, true, good);
    }
    guest_stop();
}

static void test_probe_changes_nothing(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    uint32_t cr3 = new_space(false);
    map_small(cr3, LIN, FRAME | P | W, false);
    put_entry(pde_at(cr3, LIN, false), false,
              get_entry(pde_at(cr3, LIN, false), false) & ~(uint64_t)A);
    paging_on(cr3, false);
    assert_int_equal(view_walk(cpu, LIN, VIEW_WRITE, false, true, &walk, NULL), 0);
    assert_false(walk.dirty);
    assert_int_equal(view_walk(cpu, LIN, VIEW_WRITE, true, true, &walk, NULL), -1);
    assert_false(get_entry(pde_at(cr3, LIN, false), false) & (A | D));
    assert_false(get_entry(pte_at(cr3, LIN, false), false) & (A | D));
    guest_stop();
}

static void test_paging_off_and_a20(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    assert_int_equal(view_walk(cpu, 0x123456, VIEW_WRITE, true, false, &walk, &fault), 0);
    assert_int_equal(walk.phys, 0x123456);
    assert_int_equal(walk.page_bytes, 0);
    assert_true(walk.user && walk.writable && walk.dirty);
    cpu->a20 = false;
    assert_int_equal(view_walk(cpu, 0x123456, VIEW_READ, true, false, &walk, &fault), 0);
    assert_int_equal(walk.phys, 0x023456);
    /* page tables and page are reached through the gate too */
    cpu->a20 = true;
    next_table = 0x400000;
    uint32_t cr3 = new_space(false);
    map_small(cr3, LIN, 0x700000 | P, false);
    paging_on(cr3 | 0x100000, false);
    assert_int_equal(view_walk(cpu, LIN, VIEW_READ, false, false, &walk, &fault), -1);
    cpu->a20 = false;
    view_paging_changed(cpu);
    assert_int_equal(view_walk(cpu, LIN, VIEW_READ, false, false, &walk, &fault), 0);
    assert_int_equal(walk.phys, 0x600000 | (LIN & 0xFFF));
    guest_stop();
}

static void test_table_in_hole(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    uint32_t cr3 = new_space(false);
    paging_on(cr3, false);
    put_entry(pde_at(cr3, LIN, false), false, 0xB0000000 | P | W | U);
    assert_int_equal(try_walk(VIEW_READ, true), 0); /* ones: present, all rights */
    assert_int_equal(walk.phys, 0xFFFFF000 | (LIN & 0xFFF));
    cpu->cr3 = 0xB0000000;
    assert_int_equal(try_walk(VIEW_READ, true), -1);
    assert_int_equal(fault.error, PF_P | PF_U | PF_RSVD);
    guest_stop();
}

static void test_global(void **state)
{
    (void)state;
    guest_start(RAM_BYTES, NULL);
    uint32_t cr3 = new_space(false);
    map_small(cr3, LIN, FRAME | P | G, false);
    paging_on(cr3, false);
    assert_int_equal(try_walk(VIEW_READ, false), 0);
    assert_true(walk.global);
    cpu->cr4 &= ~CR4_PGE;
    assert_int_equal(try_walk(VIEW_READ, false), 0);
    assert_false(walk.global);
    guest_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rights_32),
        cmocka_unit_test(test_rights_pae),
        cmocka_unit_test(test_not_present),
        cmocka_unit_test(test_reserved_32),
        cmocka_unit_test(test_reserved_pae),
        cmocka_unit_test(test_pdptes),
        cmocka_unit_test(test_probe_changes_nothing),
        cmocka_unit_test(test_paging_off_and_a20),
        cmocka_unit_test(test_table_in_hole),
        cmocka_unit_test(test_global),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
