/* machine_tables.c - the fuzzed guest's GDT, IDT, TSSs and page tables. Mostly such as an operating
 * system would make them, so that code runs for a while; some of them, or all, at random. */
#include "machine_tables.h"
#include "machine_layout.h"

#include <string.h>

extern const uint8_t fuzz_guest_begin[], fuzz_guest_end[], fuzz_guest_df[], fuzz_guest_real[];

void put16(uint8_t *ram, uint32_t at, uint32_t value)
{
    memcpy(ram + at, &value, 2);
}

void put32(uint8_t *ram, uint32_t at, uint32_t value)
{
    memcpy(ram + at, &value, 4);
}

/* flags: G and D/B as in bits 52-55. */
static void put_descriptor(uint8_t *ram, uint32_t at, uint32_t base, uint32_t limit, uint8_t access,
                           uint8_t flags)
{
    put32(ram, at, base << 16 | (limit & 0xffff));
    put32(ram, at + 4,
          (base & 0xff000000) | (uint32_t)flags << 20 | (limit & 0xf0000) | (uint32_t)access << 8 |
              (base >> 16 & 0xff));
}

static void put_gate(uint8_t *ram, uint32_t at, uint16_t selector, uint32_t offset, uint8_t access,
                     uint8_t count)
{
    put32(ram, at, (uint32_t)selector << 16 | (offset & 0xffff));
    put32(ram, at + 4, (offset & 0xffff0000) | (uint32_t)access << 8 | count);
}

void fuzz_put_gdt(struct random *random, uint8_t *ram)
{
    static const uint32_t limits[] = {0, 7, 0xff, 0xffe, 0xfff, 0x1000, 0x7fff, 0xfffe, 0xffff};
    const uint32_t limit = RANDOM_PICK(random, limits);
    const uint32_t base = AT_DATA + random_below(random, 0x2000);
    const struct {
        uint32_t base, limit;
        uint8_t access, flags;
    } plain[] = {
        {0, 0, 0, 0},
        {0, 0xfffff, 0x9b, 0xc}, /* 08 ring 0 code */
        {0, 0xfffff, 0x93, 0xc}, /* 10 ring 0 data */
        {0, 0xfffff, 0xfb, 0xc}, /* 1b ring 3 code */
        {0, 0xfffff, 0xf3, 0xc}, /* 23 ring 3 data */
        {AT_CODE, 0xffff, 0x9b, 0},
        {base, 0xffff, 0x93, 0},
        {AT_CODE, 0xffff, 0xfb, 0},
        {base, limit, 0xf3, (uint8_t)(random_percent(random, 50) ? 4 : 0)},
        {base, limit, 0xf7, (uint8_t)(random_percent(random, 50) ? 4 : 0)}, /* expand-down */
        {AT_TSS, 0x3ff, 0x8b, 0},
        {AT_TSS_2, 0x67, 0x89, 0},
        {AT_TSS_16, 0x2b, 0x81, 0},
        {AT_LDT, 0x3f, 0x82, 0},
        {0, 0, 0, 0}, /* call gates, a task gate */
        {0, 0, 0, 0},
        {0, 0, 0, 0},
        {0, 0xfffff, 0x9f, 0xc}, /* conforming */
        {0, 0xfffff, 0x72, 0xc}, /* not present */
        {AT_TSS_DF, 0x67, 0x89, 0},
        {0, 0xfffff, 0xbb, 0xc}, /* a0 ring 1 */
        {0, 0xfffff, 0xb3, 0xc},
        {0, 0xfffff, 0xf9, 0xc}, /* b0 code that cannot be read */
        {0, 0xfffff, 0xf1, 0xc}, /* b8 data that cannot be written, not yet accessed */
        {AT_CODE, 0x3000 + random_below(random, 0x1000), 0xfb, 4}, /* c0 limited 32-bit code */
    };
    for (unsigned i = 0; i < ARRAY_SIZE(plain); i++) {
        put_descriptor(ram, AT_GDT + 8 * i, plain[i].base, plain[i].limit, plain[i].access,
                       plain[i].flags);
    }
    put_gate(ram, AT_GDT + 0x70, GDT_KCODE, AT_CODE + random_below(random, 0x4000), 0xec,
             (uint8_t)random_below(random, 4));
    put_gate(ram, AT_GDT + 0x78, 0x28, random_below(random, 0x4000), 0xe4,
             (uint8_t)random_below(random, 32));
    put_gate(ram, AT_GDT + 0x80, 0x58, 0, 0xe5, 0);
    random_fill(random, ram + AT_GDT + 8 * ARRAY_SIZE(plain), 0x400 - 8 * ARRAY_SIZE(plain));
    memcpy(ram + AT_LDT, ram + AT_GDT, 0x40);
    random_fill(random, ram + AT_LDT + 0x40, 0x100);
    if (random_percent(random, 5)) {
        random_fill(random, ram + AT_GDT + 0x18, 0x80);
    }
}

static void put_wild_gate(struct random *random, uint8_t *ram, uint32_t at)
{
    static const uint8_t access[] = {0x8e, 0x8f, 0xee, 0xef, 0x86, 0xe7, 0xe5, 0x0e, 0xec};
    static const uint16_t selectors[] = {0x08, 0x28, 0x88, 0x1b, 0x58,
                                         0x60, 0x98, 0x10, 0x00, 0xa0};
    put_gate(ram, at, RANDOM_PICK(random, selectors),
             random_percent(random, 70) ? AT_CODE + random_below(random, 0x4000)
                                        : random_u32(random),
             RANDOM_PICK(random, access), 0);
}

void fuzz_put_idt(struct random *random, uint8_t *ram)
{
    const uint32_t df = AT_HANDLER + (uint32_t)(fuzz_guest_df - fuzz_guest_begin);
    const uint32_t real = AT_HANDLER + (uint32_t)(fuzz_guest_real - fuzz_guest_begin);
    const unsigned wild = random_percent(random, 80) ? 0 : random_below(random, 60);
    for (unsigned vector = 0; vector < 256; vector++) {
        uint8_t access = random_percent(random, 50) ? 0xee : 0x8e;
        put_gate(ram, AT_IDT + 8 * vector, GDT_KCODE, AT_HANDLER, access, 0);
        if (random_percent(random, vector >= 0x30 && vector < 0x40 ? 60 : wild)) {
            put_wild_gate(random, ram, AT_IDT + 8 * vector);
        }
        uint32_t entry = real;
        if (random_percent(random, wild)) {
            entry = random_u32(random);
        }
        put32(ram, 4 * vector, entry);
    }
    if (!random_percent(random, wild)) {
        put_gate(ram, AT_IDT + 8 * VEC_DF, GDT_TSSDF, 0, 0x85, 0);
    }
    memcpy(ram + AT_HANDLER, fuzz_guest_begin, (size_t)(fuzz_guest_end - fuzz_guest_begin));
    put32(ram, AT_TSS_DF + TSS32_EIP, df);
}

static void put_tss32(uint8_t *ram, uint32_t at, uint32_t cr3)
{
    memset(ram + at, 0, 0x68);
    for (unsigned ring = 0; ring < 3; ring++) {
        put32(ram, at + TSS32_ESP0 + 8 * ring, AT_STACK + 0x1000);
        put32(ram, at + TSS32_ESP0 + 4 + 8 * ring, ring == 1 ? 0xa9 : GDT_KDATA);
    }
    static const uint16_t segments[] = {0x10, 0x08, 0x10, 0x10, 0, 0};
    for (unsigned i = 0; i < N_SEG; i++) {
        put32(ram, at + TSS32_ES + 4 * i, segments[i]);
    }
    put32(ram, at + TSS32_CR3, cr3);
    put32(ram, at + TSS32_EIP, AT_HANDLER);
    put32(ram, at + TSS32_EFLAGS, 2);
    put32(ram, at + TSS32_EAX + 16, AT_STACK + 0x1000);
    put16(ram, at + TSS32_IOMAP, 0x68);
}

void fuzz_put_tss(struct random *random, uint8_t *ram, uint32_t cr3)
{
    put_tss32(ram, AT_TSS, cr3);
    random_fill(random, ram + AT_TSS + 0x68, 0x200);
    put16(ram, AT_TSS + TSS32_IOMAP, random_percent(random, 70) ? 0x68 : random_u32(random));
    if (random_percent(random, 40)) {
        memset(ram + AT_TSS + 0x68, 0, 0x200); /* every port allowed */
    }
    put_tss32(ram, AT_TSS_DF, cr3);
    put_tss32(ram, AT_TSS_2, cr3);
    put32(ram, AT_TSS_2 + TSS32_EIP, AT_CODE + random_below(random, 0x4000));
    if (random_percent(random, 30)) {
        put32(ram, AT_TSS_2 + TSS32_EFLAGS, random_u32(random));
        put32(ram, AT_TSS_2 + TSS32_ES + 4 * random_below(random, 7), random_below(random, 0xd0));
        put16(ram, AT_TSS_2 + TSS32_T, random_below(random, 2));
    }
    memset(ram + AT_TSS_16, 0, 0x2c);
    put16(ram, AT_TSS_16 + TSS16_IP, random_below(random, 0x4000));
    put16(ram, AT_TSS_16 + TSS16_AX + 8, 0xff0);
    static const uint16_t segments[] = {0x30, 0x28, 0x30, 0x30};
    for (unsigned i = 0; i < 4; i++) {
        put16(ram, AT_TSS_16 + TSS16_ES + 2 * i, segments[i]);
    }
}

enum { PTE_P = 1, PTE_W = 2, PTE_U = 4, PTE_A = 0x20, PTE_D = 0x40, PTE_PS = 0x80, PTE_G = 0x100 };
enum { TABLE = PTE_P | PTE_W | PTE_U | PTE_A };

static void put_entry(uint8_t *ram, uint32_t at, bool pae, uint64_t value)
{
    memcpy(ram + at, &value, pae ? 8 : 4);
}

static uint64_t wild_entry(struct random *random, bool pae)
{
    static const uint32_t pages[] = {0x000a0000, 0x000f0000, 0x001ff000, 0x00200000, 0xfec00000,
                                     0xfffff000, 0x80000000, AT_PAGING,  AT_CODE,    AT_GDT};
    uint64_t entry = RANDOM_PICK(random, pages) | (random_u32(random) & 0xfff) | PTE_A;
    if (random_percent(random, 20)) {
        entry = random_u32(random);
    }
    if (pae && random_percent(random, 20)) {
        entry |= (uint64_t)random_u32(random) << 32; /* reserved bits, high memory */
    }
    return pae && random_percent(random, 20) ? entry | 1ull << 63 : entry;
}

/* Where runs are compared, nothing may hang on what the TLB still holds or on whether a load that
 * comes to nothing sets A: tables cannot be written through the pages made here, and A is set. */
static uint64_t page_entry(struct random *random, uint32_t phys, bool pae, unsigned wild)
{
    uint64_t entry = phys | PTE_P | PTE_W | PTE_U | PTE_A;
    if (phys >= AT_PAGING && phys < AT_PAGING + 0x4000) {
        return phys | PTE_P | PTE_A;
    }
    if (phys < AT_CODE) {
        return random_percent(random, 97) ? entry & ~(uint64_t)PTE_U : entry;
    }
    if (random_percent(random, wild)) {
        return wild_entry(random, pae);
    }
    static const uint16_t clear[] = {0, 0, 0, 0, PTE_P, PTE_W, PTE_W, PTE_U, PTE_W | PTE_U};
    static const uint16_t set[] = {0, 0, PTE_D, PTE_G};
    entry = (entry & ~(uint64_t)RANDOM_PICK(random, clear)) | RANDOM_PICK(random, set);
    return pae && random_percent(random, 3) ? entry | 1ull << 63 : entry;
}

static uint32_t put_tables32(struct random *random, uint8_t *ram, unsigned wild)
{
    const uint32_t dir = AT_PAGING, low = AT_PAGING + 0x1000, other = AT_PAGING + 0x2000;
    for (unsigned i = 0; i < 1024; i++) {
        put32(ram, low + 4 * i, (uint32_t)page_entry(random, i << 12, false, wild));
        put32(ram, other + 4 * i,
              (uint32_t)page_entry(random, AT_CODE + ((i & 63) << 12), false, 4 + wild));
        put32(ram, dir + 4 * i, random_percent(random, 20) ? (other | TABLE) : 0);
    }
    put32(ram, dir, low | TABLE);
    put32(ram, dir + 4 * 0x300, low | TABLE);
    put32(ram, dir + 4 * 0x3ff,
          random_percent(random, 50) ? (dir | PTE_P | PTE_A) : (other | TABLE));
    put32(ram, dir + 4 * 0x200,
          PTE_PS | PTE_A | PTE_P | PTE_U | (random_percent(random, 50) ? PTE_G : 0));
    for (unsigned i = 0; i < 16; i++) {
        put32(ram, dir + 4 + 4 * random_below(random, 1022),
              (uint32_t)wild_entry(random, false) ^ (random_percent(random, 30) ? PTE_PS : 0));
    }
    return dir | (random_below(random, 4) << 3);
}

static uint32_t put_tables_pae(struct random *random, uint8_t *ram, unsigned wild)
{
    const uint32_t pdpt = AT_PAGING, dir = AT_PAGING + 0x1000, low = AT_PAGING + 0x2000;
    const uint32_t other = AT_PAGING + 0x3000;
    for (unsigned i = 0; i < 512; i++) {
        put_entry(ram, low + 8 * i, true, page_entry(random, i << 12, true, wild));
        put_entry(ram, other + 8 * i, true,
                  page_entry(random, AT_CODE + ((i & 63) << 12), true, 4 + wild));
        put_entry(ram, dir + 8 * i, true,
                  random_percent(random, 20)   ? (other | TABLE)
                  : random_percent(random, 10) ? wild_entry(random, true)
                                               : 0);
    }
    put_entry(ram, dir, true, low | TABLE);
    put_entry(ram, dir + 8, true, PTE_PS | PTE_P | PTE_A | PTE_U);
    put_entry(ram, dir + 8 * 511, true,
              random_percent(random, 50) ? (dir | PTE_P | PTE_A) : (other | TABLE));
    for (unsigned i = 0; i < 4; i++) {
        put_entry(ram, pdpt + 8 * i, true, random_percent(random, 90) ? dir | 1 : 0);
    }
    put_entry(ram, pdpt, true, dir | 1);
    return pdpt;
}

uint32_t fuzz_put_page_tables(struct random *random, uint8_t *ram, bool pae)
{
    unsigned wild = random_percent(random, 70) ? 0 : random_below(random, 40);
    return pae ? put_tables_pae(random, ram, wild) : put_tables32(random, ram, wild);
}
