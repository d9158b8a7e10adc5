/* test_emul.h - a bare CPU for the tests of emul/ and cpu/: 16 MiB of flat memory behind a fake
 * acc.h, a fake view.h that counts its calls, fake ports, a GDT, IDT and TSS with one of
 * everything. Expectations in the tests come from the SDM.
 */
#ifndef TESTS_UNIT_TEST_EMUL_H
#define TESTS_UNIT_TEST_EMUL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "emul/emul.h"
#include "scan/scan.h"
#include "view/acc.h"
#include "view/view.h"
#include "x86/cpuid.h"
#include "x86/desc.h"
#include "x86/msr.h"

enum {
    RAM_BYTES = 16 << 20,
    GDT = 0x1000,
    IDT = 0x2000,
    TSS = 0x3000,
    TSS2 = 0x4000,
    LDT = 0x5000,
    CODE = 0x10000,
    STACK0 = 0x20000,
    STACK3 = 0x30000,
    DATA = 0x40000,
    /* selectors */
    K_CODE = 0x08,
    K_DATA = 0x10,
    U_CODE = 0x1b,
    U_DATA = 0x23,
    S_TSS = 0x28,
    S_LDT = 0x30,
    S_CONFORMING = 0x38,
    K_CODE16 = 0x40,
    K_DATA16 = 0x48,
    S_GATE = 0x53,
    S_TASKGATE = 0x5b,
    S_TSS2 = 0x60,
    S_ABSENT = 0x68,
    S_READONLY = 0x70,
    S_EXECONLY = 0x78,
    S_DOWN = 0x80,
    S_SMALL = 0x88,
    S_TSS16 = 0x90,
    S_UNACCESSED = 0x98,
    GDT_LIMIT = 0x9f,
    HANDLER = 0x50000,
};

static uint8_t ram[RAM_BYTES + 8];
static bool page_absent[RAM_BYTES >> 12], page_readonly[RAM_BYTES >> 12];
static struct cpu cpu;
static unsigned n_switches, n_cr3_loads, n_paging_changes, n_invlpgs;
static bool bad_pdptes;

/* ---- fakes ---- */

static inline int touch(struct cpu *c, uint32_t lin, unsigned n_bytes, enum acc_right right,
                        bool write)
{
    for (uint32_t i = 0; i < n_bytes; i++) {
        const uint32_t page = (lin + i) >> 12;
        if (page >= RAM_BYTES >> 12 || page_absent[page] || (write && page_readonly[page])) {
            c->fault = (struct fault){.vector = VEC_PF, .has_error = true, .cr2 = lin + i};
            c->fault.error = (write ? PF_W : 0) | (right == ACC_CPL && c->cpl == 3 ? PF_U : 0);
            return -1;
        }
    }
    return 0;
}
static inline void note_warm(struct cpu *c, uint32_t lin, enum acc_right right, bool write)
{
    if (right == ACC_SUP || c->cpl < 3) {
        *acc_warm_of(c, lin, write) = acc_warm_tag(lin, write);
    }
}
int acc_read(struct cpu *c, uint32_t lin, unsigned size, enum acc_right right, uint32_t *value)
{
    *value = 0xdeadbeef;
    if (touch(c, lin, size, right, false)) {
        return -1;
    }
    *value = 0;
    memcpy(value, ram + lin, size);
    note_warm(c, lin, right, false);
    return 0;
}
int acc_write(struct cpu *c, uint32_t lin, unsigned size, enum acc_right right, uint32_t value)
{
    if (touch(c, lin, size, right, true)) {
        return -1;
    }
    memcpy(ram + lin, &value, size);
    note_warm(c, lin, right, true);
    return 0;
}
/* Near accesses: the windows are ram itself, and a page is warm once a supervisor has used it. */
static unsigned n_matches;
static inline bool host_ok(uint64_t host, unsigned n_bytes, bool write)
{
    struct cpu scratch = {.cpl = 0};
    return host - (uint64_t)ram < RAM_BYTES &&
           !touch(&scratch, (uint32_t)(host - (uint64_t)ram), n_bytes, ACC_SUP, write);
}
struct acc_host acc_host_load8(uint64_t host)
{
    struct acc_host got = {0, !host_ok(host, 8, false)};
    if (!got.failed) {
        memcpy(&got.value, (const void *)host, 8);
    }
    return got;
}
struct acc_host acc_host_match(const struct acc_same *same, uint64_t n, uint64_t last)
{
    n_matches++;
    for (uint64_t i = 0; i < n; i++) {
        const struct acc_host got = acc_host_load8(same[i].host);
        if (got.failed || got.value != same[i].value) {
            return (struct acc_host){0, true};
        }
    }
    return acc_host_load8(last);
}
struct acc_host acc_host_load_words(uint64_t host, uint32_t *words, uint64_t n)
{
    const bool ok = host_ok(host, (unsigned)n * 4, false);
    if (ok) {
        memcpy(words, (const void *)host, n * 4);
    }
    return (struct acc_host){n, !ok};
}
struct acc_host acc_host_store_words(uint64_t host, const uint32_t *words, uint64_t n)
{
    const bool ok = host_ok(host, (unsigned)n * 4, true);
    if (ok) {
        memcpy((void *)host, words, n * 4);
    }
    return (struct acc_host){n, !ok};
}
int acc_probe_write(struct cpu *c, uint32_t lin, unsigned n_bytes, enum acc_right right)
{
    return touch(c, lin, n_bytes, right, true);
}
unsigned acc_move(struct cpu *c, uint32_t to, uint32_t from, unsigned size, unsigned n)
{
    for (unsigned i = 0; i < n; i++, to += size, from += size) {
        if (touch(c, from, size, ACC_CPL, false) || touch(c, to, size, ACC_CPL, true)) {
            return i;
        }
        memcpy(ram + to, ram + from, size);
    }
    return n;
}
unsigned acc_fill(struct cpu *c, uint32_t to, uint32_t value, unsigned size, unsigned n)
{
    for (unsigned i = 0; i < n; i++, to += size) {
        if (touch(c, to, size, ACC_CPL, true)) {
            return i;
        }
        memcpy(ram + to, &value, size);
    }
    return n;
}
unsigned acc_fetch(struct cpu *c, uint32_t lin, uint8_t *out, unsigned n_bytes)
{
    (void)c;
    memcpy(out, ram + lin, n_bytes);
    return n_bytes;
}
void view_switch_mode(struct cpu *c)
{
    c->window = (uint64_t)ram;
    n_switches++;
}
void view_load_cr3(struct cpu *c)
{
    (void)c;
    n_cr3_loads++;
}
int view_load_pdptes(struct cpu *c, uint32_t cr3)
{
    (void)c;
    (void)cr3;
    return bad_pdptes ? -1 : 0;
}
void view_paging_changed(struct cpu *c)
{
    (void)c;
    n_paging_changes++;
}
void view_forget_code(struct cpu *c, uint32_t lin)
{
    (void)c;
    (void)lin;
}
void view_invlpg(struct cpu *c, uint32_t lin)
{
    (void)c;
    (void)lin;
    n_invlpgs++;
}

static uint32_t port_value, last_out, n_port_calls;
static bool ports_refuse;
static inline bool fake_in(void *arg, uint16_t port, unsigned size, uint32_t *value)
{
    (void)arg, (void)port, (void)size;
    if (ports_refuse) {
        return false;
    }
    n_port_calls++;
    *value = port_value++;
    return true;
}
static inline bool fake_out(void *arg, uint16_t port, unsigned size, uint32_t value)
{
    (void)arg, (void)port, (void)size;
    if (ports_refuse) {
        return false;
    }
    n_port_calls++;
    last_out = value;
    return true;
}
const struct emul_ports *machine_ports(struct machine *machine)
{
    static const struct emul_ports ports = {fake_in, fake_out, NULL};
    (void)machine;
    return &ports;
}

/* ---- memory ---- */

static inline uint32_t peek(uint32_t lin, unsigned size)
{
    uint32_t value = 0;
    memcpy(&value, ram + lin, size);
    return value;
}
static inline void poke(uint32_t lin, unsigned size, uint32_t value)
{
    memcpy(ram + lin, &value, size);
}

/* flags: bits 20-23 of the second word as a nibble (8 = G, 4 = D/B) */
static inline void put_desc(uint32_t lin, uint32_t base, uint32_t limit, unsigned access,
                            unsigned flags)
{
    poke(lin, 4, (limit & 0xffff) | base << 16);
    poke(lin + 4, 4,
         (base >> 16 & 0xff) | access << 8 | (limit & 0xf0000) | flags << 20 | (base & 0xff000000));
}
static inline void put_gate(uint32_t lin, unsigned selector, uint32_t off, unsigned access,
                            unsigned n_params)
{
    poke(lin, 4, (off & 0xffff) | selector << 16);
    poke(lin + 4, 4, n_params | access << 8 | (off & 0xffff0000));
}
static inline void put_idt(unsigned vector, unsigned selector, uint32_t off, unsigned access)
{
    put_gate(IDT + vector * 8, selector, off, access, 0);
}

/* ---- CPU ---- */

static inline void set_segment(enum seg seg, unsigned selector)
{
    const uint32_t lin = GDT + (selector & 0xfff8), lo = peek(lin, 4), hi = peek(lin + 4, 4);
    uint32_t limit = (lo & 0xffff) | (hi & 0xf0000);
    cpu.seg[seg] = (struct segment){.base = lo >> 16 | (hi & 0xff) << 16 | (hi & 0xff000000),
                                    .limit = hi & 1 << 23 ? limit << 12 | 0xfff : limit,
                                    .selector = (uint16_t)selector,
                                    .access = (uint8_t)(hi >> 8),
                                    .big = hi >> 22 & 1};
}

static inline void to_ring(unsigned cpl)
{
    set_segment(SEG_CS, cpl ? U_CODE : K_CODE);
    set_segment(SEG_SS, cpl ? U_DATA : K_DATA);
    for (unsigned seg = 0; seg < N_SEG; seg++) {
        if (seg != SEG_CS && seg != SEG_SS) {
            set_segment(seg, U_DATA);
        }
    }
    cpu.cpl = (uint8_t)cpl;
    cpu.gpr[GPR_ESP] = cpl ? STACK3 : STACK0 - 0x800;
    cpu_update_mode(&cpu);
}
static inline void to_v86(unsigned iopl)
{
    cpu.sysflags = FLAG_VM | iopl << 12;
    for (unsigned seg = 0; seg < N_SEG; seg++) {
        cpu.seg[seg] = (struct segment){.base = 0x10000 + seg * 0x1000,
                                        .limit = 0xffff,
                                        .selector = (uint16_t)(0x1000 + seg * 0x100),
                                        .access = 0xf3};
    }
    cpu.cpl = 3;
    cpu.eip = 0x100;
    cpu.gpr[GPR_ESP] = 0x800;
    cpu_update_mode(&cpu);
}
static inline void to_real(void)
{
    cpu_reset(&cpu);
    cpu.gpr[GPR_EDX] = 0;
    for (unsigned seg = 0; seg < N_SEG; seg++) {
        cpu.seg[seg].base = 0x10000 + seg * 0x1000;
        cpu.seg[seg].selector = (uint16_t)(0x1000 + seg * 0x100);
    }
    cpu.idtr = (struct table_register){0, 0x3ff};
    cpu.eip = 0x100;
    cpu.gpr[GPR_ESP] = 0x800;
    cpu_update_mode(&cpu);
}

/* Flat protected mode, ring 0, no paging. */
static inline int emul_setup(void **state)
{
    (void)state;
    memset(ram, 0, sizeof(ram));
    memset(page_absent, 0, sizeof(page_absent));
    memset(page_readonly, 0, sizeof(page_readonly));
    memset(&cpu, 0, sizeof(cpu));
    bad_pdptes = ports_refuse = false;
    n_port_calls = port_value = 0;
    cpu.poison_ptr = 0x12345678;
    cpu.view = (struct view *)1;
    cpu.tsc_hz = 2500000000u;
    for (unsigned i = 0; i < CPU_DUAL_SLOTS; i++) {
        cpu.dual_base[i] = (uint64_t)ram;
    }
    cpu_reset(&cpu);
    cpu.gpr[GPR_EDX] = 0;
    put_desc(GDT + K_CODE, 0, 0xfffff, 0x9b, 0xc);
    put_desc(GDT + K_DATA, 0, 0xfffff, 0x93, 0xc);
    put_desc(GDT + (U_CODE & ~3), 0, 0xfffff, 0xfb, 0xc);
    put_desc(GDT + (U_DATA & ~3), 0, 0xfffff, 0xf3, 0xc);
    put_desc(GDT + S_TSS, TSS, 0x2067, 0x8b, 0);
    put_desc(GDT + S_LDT, LDT, 0x1f, 0x82, 0);
    put_desc(GDT + S_CONFORMING, 0, 0xfffff, 0x9f, 0xc);
    put_desc(GDT + K_CODE16, 0x10000, 0xffff, 0x9b, 0);
    put_desc(GDT + K_DATA16, 0x20000, 0xffff, 0x93, 0);
    put_gate(GDT + (S_GATE & ~3), K_CODE, HANDLER, 0xec, 2);
    put_gate(GDT + (S_TASKGATE & ~3), S_TSS2, 0, 0xe5, 0);
    put_desc(GDT + S_TSS2, TSS2, 0x67, 0x89, 0);
    put_desc(GDT + S_ABSENT, 0, 0xfffff, 0x73, 0xc);
    put_desc(GDT + S_READONLY, 0, 0xfffff, 0xf1, 0xc);
    put_desc(GDT + S_EXECONLY, 0, 0xfffff, 0xf9, 0xc);
    put_desc(GDT + S_DOWN, 0, 0xfff, 0xf7, 0x4);
    put_desc(GDT + S_SMALL, DATA, 0xfff, 0xf3, 0x4);
    put_desc(GDT + S_TSS16, TSS2, 0x2b, 0x81, 0);
    put_desc(GDT + S_UNACCESSED, 0, 0xfffff, 0xf2, 0xc);
    poke(TSS + TSS32_ESP0, 4, STACK0);
    poke(TSS + TSS32_ESP0 + 4, 4, K_DATA);
    poke(TSS + TSS32_IOMAP, 2, 0x68 + 32);
    cpu.gdtr = (struct table_register){GDT, GDT_LIMIT};
    cpu.idtr = (struct table_register){IDT, 0x7ff};
    cpu.tr = (struct segment){TSS, 0x2067, S_TSS, 0x8b, 0};
    cpu.ldtr = (struct segment){LDT, 0x1f, S_LDT, 0x82, 0};
    cpu.cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_WP;
    cpu.eip = CODE;
    to_ring(0);
    return 0;
}

/* Decodes bytes at cs:eip with the project's own scanner and runs the operation. */
static inline enum light_result run_bytes(emul_fn *fn, const uint8_t *bytes, unsigned n)
{
    static struct scanner scanner;
    static bool ready;
    struct insn insn;
    if (!ready) {
        scan_init(&scanner);
        ready = true;
    }
    scan_decode(&scanner, bytes, n, cpu.seg[SEG_CS].big, cpu.eip, true, &insn);
    assert_int_equal(insn.flags & INSN_TRUNCATED, 0);
    return fn(&cpu, &insn);
}
#define RUN(fn, ...)                                                                               \
    run_bytes(fn, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* Architectural state for "nothing has changed": the part before and after the scratch fields. */
struct snapshot {
    uint64_t gpr[N_GPR];
    uint32_t eip, eflags, cr0, cr2, cr3, cr4;
    struct segment seg[N_SEG], ldtr, tr;
    uint8_t cpl;
};
static inline struct snapshot take(void)
{
    struct snapshot shot;
    memset(&shot, 0, sizeof(shot));
    memcpy(shot.gpr, cpu.gpr, sizeof(shot.gpr));
    memcpy(shot.seg, cpu.seg, sizeof(shot.seg));
    shot.eip = cpu.eip, shot.eflags = cpu_eflags(&cpu), shot.cr0 = cpu.cr0, shot.cr2 = cpu.cr2;
    shot.cr3 = cpu.cr3, shot.cr4 = cpu.cr4, shot.ldtr = cpu.ldtr, shot.tr = cpu.tr,
    shot.cpl = cpu.cpl;
    return shot;
}
#define ASSERT_FAULT(result, vec, err)                                                             \
    do {                                                                                           \
        const struct snapshot before_ = take();                                                    \
        assert_int_equal(result, LIGHT_FAULT);                                                     \
        assert_int_equal(cpu.fault.vector, vec);                                                   \
        assert_int_equal(cpu.fault.error, err);                                                    \
        const struct snapshot after_ = take();                                                     \
        assert_memory_equal(&before_, &after_, sizeof(before_));                                   \
    } while (0)

#endif
