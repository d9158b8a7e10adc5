/* machine_state.c - a whole guest from one number: mode, registers, tables, code. What it makes a
 * real CPU could be in, descriptor caches included; what it holds is as hostile as can be. */
#include "machine_layout.h"
#include "machine_tables.h"

#include <string.h>

struct regime {
    const char *name;
    bool protected, v86;
    uint16_t cs, ss; /* selectors; real and V86: paragraph numbers */
};

static const struct regime regimes[] = {
    {"real", false, false, AT_CODE >> 4, 0x400},   {"v86", true, true, AT_CODE >> 4, 0x3000},
    {"pm32-ring0", true, false, 0x08, 0x10},       {"pm32-ring0", true, false, 0x08, 0x10},
    {"pm32-ring3", true, false, 0x1b, 0x23},       {"pm32-ring3", true, false, 0x1b, 0x23},
    {"pm32-ring1", true, false, 0xa1, 0xa9},       {"pm32-ring3-limited", true, false, 0xc3, 0x43},
    {"pm32-expand-down", true, false, 0x1b, 0x4b}, {"pm16-ring0", true, false, 0x28, 0x30},
    {"pm16-ring3", true, false, 0x3b, 0x43},       {"pm32-unreadable", true, false, 0xb3, 0x23},
};

/* What loading this selector would leave in the hidden part. */
static struct segment segment_of(const uint8_t *ram, uint16_t selector)
{
    uint32_t low, high, at = AT_GDT + (selector & SEL_INDEX);
    memcpy(&low, ram + at, 4);
    memcpy(&high, ram + at + 4, 4);
    uint32_t limit = (high & 0xf0000) | (low & 0xffff);
    if (high >> 23 & 1) {
        limit = limit << 12 | 0xfff;
    }
    return (struct segment){.base = (high & 0xff000000) | (high & 0xff) << 16 | low >> 16,
                            .limit = limit,
                            .selector = selector,
                            .access = (uint8_t)(high >> 8),
                            .big = (uint8_t)(high >> 22 & 1)};
}

static void set_real_segment(struct cpu *cpu, enum seg seg, uint16_t selector)
{
    uint8_t access = cpu->sysflags & FLAG_VM ? 0xf3 : 0x93;
    cpu->seg[seg] = (struct segment){(uint32_t)selector << 4, 0xffff, selector, access, 0};
}

static void set_segments(struct random *random, struct cpu *cpu, const uint8_t *ram,
                         const struct regime *regime)
{
    static const uint16_t paragraphs[] = {0,      0x1000, 0x2000, 0x2fff,
                                          0x9fff, 0xa000, 0xf000, 0xffff};
    static const uint16_t data[] = {0x23, 0x23, 0x23, 0x23, 0x43, 0x4b, 0x1b, 0x00, 0x8b};
    const bool real = !regime->protected || regime->v86;
    for (unsigned seg = 0; seg < N_SEG; seg++) {
        uint16_t selector = seg == SEG_CS   ? regime->cs
                            : seg == SEG_SS ? regime->ss
                            : real          ? RANDOM_PICK(random, paragraphs)
                                            : RANDOM_PICK(random, data);
        if (!real && seg != SEG_CS && seg != SEG_SS && random_percent(random, 60)) {
            selector = 0x23;
        }
        if (real) {
            set_real_segment(cpu, (enum seg)seg, selector);
        } else if (selector & SEL_INDEX) {
            cpu->seg[seg] = segment_of(ram, selector);
        } else {
            cpu->seg[seg] = (struct segment){0};
        }
    }
    if (!regime->protected && random_percent(random, 30)) { /* "unreal": limits kept from before */
        cpu->seg[RANDOM_PICK(random, ((uint8_t[]){SEG_DS, SEG_ES, SEG_FS, SEG_GS}))].limit =
            UINT32_MAX;
    }
}

static void set_control(struct random *random, struct cpu *cpu, uint8_t *ram,
                        const struct regime *regime, uint32_t *cr3)
{
    static const uint32_t cr4_bits[] = {CR4_VME, CR4_PVI, CR4_TSD,    CR4_DE,         CR4_PSE,
                                        CR4_PGE, CR4_PCE, CR4_OSFXSR, CR4_OSXMMEXCPT, CR4_UMIP};
    uint32_t cr0 = CR0_ET | (regime->protected ? CR0_PE : 0), cr4 = 0;
    static const struct {
        uint32_t bit;
        unsigned percent;
    } cr0_bits[] = {{CR0_WP, 80}, {CR0_NE, 60}, {CR0_MP, 50}, {CR0_AM, 40},
                    {CR0_TS, 10}, {CR0_EM, 5},  {CR0_CD, 10}};
    for (unsigned i = 0; i < ARRAY_SIZE(cr0_bits); i++) {
        cr0 |= random_percent(random, cr0_bits[i].percent) ? cr0_bits[i].bit : 0;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(cr4_bits); i++) {
        cr4 |= random_percent(random, 50) ? cr4_bits[i] : 0;
    }
    cr4 |= random_percent(random, 70) ? CR4_OSFXSR : 0;
    bool paging = regime->protected && random_percent(random, 60);
    bool pae = random_percent(random, 40);
    *cr3 = 0;
    if (paging) {
        cr0 |= CR0_PG;
        cr4 |= pae ? CR4_PAE : 0;
        cpu->efer = pae && random_percent(random, 50) ? EFER_NXE : 0;
    }
    *cr3 = fuzz_put_page_tables(random, ram, pae);
    cpu->cr0 = cr0;
    cpu->cr4 = cr4;
    cpu->cr3 = *cr3;
    cpu->cr2 = fuzz_edge_value(random);
}

static void set_debug(struct random *random, struct cpu *cpu)
{
    if (!random_percent(random, 10)) {
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        cpu->dr[i] = fuzz_edge_value(random);
    }
    cpu->dr[7] = (random_u32(random) & 0xffff23ff) | DR7_FIXED;
    cpu->dr[7] &= random_percent(random, 80) ? ~(uint32_t)DR7_GD : UINT32_MAX;
}

/* FXSAVE image: FCW, FSW, FTW, MXCSR at 24, ST at 32, XMM at 160 */
static void set_fpu(struct random *random, struct cpu *cpu)
{
    if (random_percent(random, 40)) {
        return;
    }
    uint32_t mxcsr = (random_u32(random) & 0xffff) | (random_percent(random, 70) ? 0x1f80 : 0);
    uint16_t fcw = (uint16_t)((random_u32(random) & 0xf3f) | 0x40);
    fcw |= random_percent(random, 60) ? 0x3f : 0;
    memcpy(cpu->fpu, &fcw, 2);
    uint16_t fsw = (uint16_t)(random_u32(random) & 0x3800);
    memcpy(cpu->fpu + 2, &fsw, 2);
    cpu->fpu[4] = (uint8_t)random_u32(random);
    memcpy(cpu->fpu + 24, &mxcsr, 4);
    for (unsigned i = 0; i < 8; i++) {
        random_fill(random, cpu->fpu + 32 + 16 * i, 10);
    }
    random_fill(random, cpu->fpu + 160, 128);
}

static void set_handlers(struct random *random, struct cpu *cpu, uint8_t *ram,
                         const struct regime *regime)
{
    const bool real = !regime->protected || regime->v86, code16 = !cpu->seg[SEG_CS].big;
    const bool based = cpu->seg[SEG_CS].base != 0;
    static const uint32_t masks[] = {0x3fff, 0x3fff, 0xfff, 0xff};
    const uint32_t stack = cpu_reg(cpu, GPR_ESP);
    put32(ram, P_COUNT, 0);
    put32(ram, P_LIMIT, random_below(random, 150));
    put32(ram, P_BASE, based ? 0 : AT_CODE);
    put32(ram, P_STEP, 1 + random_below(random, 97));
    put32(ram, P_MASK, RANDOM_PICK(random, masks));
    put32(ram, P_DS, real && !regime->v86 ? cpu->seg[SEG_DS].selector : GDT_KDATA);
    put32(ram, P_ES, real && !regime->v86 ? cpu->seg[SEG_ES].selector : GDT_KDATA);
    if (!real && cpu->cpl) {
        put32(ram, P_DS, cpu->seg[SEG_DS].selector);
        put32(ram, P_ES, cpu->seg[SEG_ES].selector);
    }
    const uint32_t frame[] = {cpu->eip,
                              cpu->seg[SEG_CS].selector,
                              cpu_eflags(cpu) & (code16 && !regime->v86 ? 0xffff : UINT32_MAX),
                              stack,
                              cpu->seg[SEG_SS].selector,
                              cpu->seg[SEG_ES].selector,
                              cpu->seg[SEG_DS].selector,
                              cpu->seg[SEG_FS].selector,
                              cpu->seg[SEG_GS].selector};
    for (unsigned i = 0; i < ARRAY_SIZE(frame); i++) {
        put32(ram, P_FRAME + 4 * i, frame[i]);
    }
    for (unsigned i = 0; i < 1024; i++) {
        put32(ram, AT_VALUES + 4 * i, fuzz_edge_value(random));
    }
}

static uint32_t random_eflags(struct random *random, const struct regime *regime)
{
    uint32_t flags = random_u32(random) & FLAGS_ARITH;
    flags |= random_percent(random, 8) ? FLAG_TF : 0;
    flags |= random_percent(random, 40) ? FLAG_IF : 0;
    flags |= random_percent(random, 20) ? FLAG_AC : 0;
    flags |= random_percent(random, 50) ? (uint32_t)FLAG_IOPL : random_u32(random) & FLAG_IOPL;
    flags |= random_percent(random, 5) ? (uint32_t)FLAG_NT : 0;
    flags |= regime->v86 ? FLAG_VM | (random_u32(random) & (FLAG_VIF | FLAG_VIP)) : 0;
    return flags;
}

static void set_cpu(struct random *random, struct machine *machine, const struct regime *regime)
{
    struct cpu *cpu = machine->cpu;
    uint8_t *ram = machine->mem.host;
    uint32_t cr3;
    set_control(random, cpu, ram, regime, &cr3);
    fuzz_put_gdt(random, ram);
    fuzz_put_tss(random, ram, cr3);
    fuzz_put_idt(random, ram);
    cpu_set_eflags(cpu, random_eflags(random, regime));
    cpu->cpl = !regime->protected ? 0 : regime->v86 ? 3 : regime->cs & 3;
    set_segments(random, cpu, ram, regime);
    for (unsigned reg = 0; reg < N_GPR; reg++) {
        cpu_set_reg(cpu, reg, fuzz_edge_value(random));
    }
    if (random_percent(random, 85)) {
        cpu_set_reg(cpu, GPR_ESP,
                    cpu->seg[SEG_SS].big && !cpu->seg[SEG_SS].base ? AT_USER_TOP - 64 : 0xff0);
    }
    if (cpu->cpl == 0 && regime->protected && cpu->seg[SEG_SS].big) {
        cpu_set_reg(cpu, GPR_ESP, AT_STACK + 0x1000);
    }
    cpu->eip = (cpu->seg[SEG_CS].base ? 0 : AT_CODE) + random_below(random, 0x4000);
    cpu->gdtr = (struct table_register){AT_GDT, random_percent(random, 90) ? 0xcf : 0x3ff};
    cpu->idtr = regime->protected ? (struct table_register){AT_IDT, 0x7ff}
                                  : (struct table_register){0, 0x3ff};
    cpu->tr = segment_of(ram, GDT_TSS);
    cpu->ldtr = random_percent(random, 50) ? segment_of(ram, 0x68) : (struct segment){0};
    cpu->sysenter_cs = random_percent(random, 70) ? GDT_KCODE : random_below(random, 0x100);
    cpu->sysenter_esp = AT_STACK + 0x1000;
    cpu->sysenter_eip = AT_HANDLER;
    set_debug(random, cpu);
    set_fpu(random, cpu);
    set_handlers(random, cpu, ram, regime);
}

void fuzz_make_state(struct machine *machine, uint64_t seed, struct fuzz_plan *plan)
{
    struct random random = {seed};
    const struct regime *regime = &RANDOM_PICK(&random, regimes);
    struct cpu *cpu = machine->cpu;
    uint8_t *ram = machine->mem.host;
    memset(ram, 0, AT_CODE);
    memset(ram + AT_CODE, 0xcc, 0xa0000 - AT_CODE); /* INT3 where code runs off */
    memset(ram + 0x100000, 0xcc, FUZZ_RAM_BYTES - 0x100000);
    plan->regime = regime->name;
    plan->real_time = random_percent(&random, 15);
    plan->no_reboot = random_percent(&random, 80);
    random_fill(&random, ram + AT_DATA, 0x4000);
    fuzz_make_code(&random, ram + AT_CODE, 0x4000);
    set_cpu(&random, machine, regime);
    view_paging_changed(cpu);
    if (view_load_pdptes(cpu, cpu->cr3) < 0) {
        cpu->cr3 = 0;
    }
    view_load_cr3(cpu);
    cpu_update_mode(cpu);
    view_switch_mode(cpu);
}
