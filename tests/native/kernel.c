/* kernel.c - the smallest kernel that can run a batch of cases: one module is the batch, the
 * results go to a fixed place in physical memory, the exit device says that they are there.
 *
 * Nothing here is tested by being used: what it does to a case's state it does in entry.S, by
 * IRET; what it reads back comes from the frame of the exception. Runs under any machine that
 * knows multiboot, so QEMU can be asked too.
 */
#include "kernel.h"
#include "memory.h"

void run_case(const struct test_case *test);
extern const uint8_t vector_stubs[];

struct frame { /* as kernel_entry.S pushes it */
    uint32_t es, ds, fs, gs;
    uint32_t edi, esi, ebp, ignored, ebx, edx, ecx, eax;
    uint32_t vector, error, eip, cs, eflags, esp, ss;
};
void kernel_exception(const struct frame *frame);
void kernel_main(uint32_t magic, const uint32_t *multiboot);

struct tss {
    uint32_t back, esp0, ss0;
    uint32_t rest[23];
};

_Static_assert(__builtin_offsetof(struct test_case, eip) == CASE_EIP, "");
_Static_assert(__builtin_offsetof(struct test_case, eflags) == CASE_EFLAGS, "");
_Static_assert(__builtin_offsetof(struct test_case, gpr) == CASE_GPR, "");
_Static_assert(__builtin_offsetof(struct test_case, sel) == CASE_SEL, "");
_Static_assert(__builtin_offsetof(struct test_case, fx) == CASE_FX, "");

struct tss kernel_tss;
static struct descriptor gdt[N_GDT], ldt[N_LDT], idt[256];
static uint32_t directory[1024] __attribute__((aligned(4096)));
static uint32_t code_table[1024] __attribute__((aligned(4096)));
static uint32_t data_table[1024] __attribute__((aligned(4096)));
static struct test_result *current;

enum { PTE_P = 1, PTE_W = 2, PTE_U = 4, PTE_PS = 0x80, PTE_AD = 0x60 };
enum { CR0_PE_MP_NE_WP_AM_PG = (int)0x80050033, CR4_PSE_PGE_FXSR_XMM = 0x690 };

static void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void set_descriptor(struct descriptor *entry, const void *base, uint32_t limit,
                           uint32_t type)
{
    uint32_t lin = (uint32_t)(uintptr_t)base;
    entry->low = lin << 16 | limit;
    entry->high = (lin & 0xff000000) | (lin >> 16 & 0xff) | type << 8;
}

static void load_tables(const struct batch_head *head)
{
    struct {
        uint16_t limit, low, high;
    } pseudo;
    for (unsigned i = 0; i < N_GDT; i++) {
        gdt[i] = head->gdt[i];
    }
    for (unsigned i = 0; i < N_LDT; i++) {
        ldt[i] = head->ldt[i];
    }
    gdt[KERNEL_CODE_SEL / 8] = (struct descriptor){0x0000ffff, 0x00cf9b00};
    gdt[KERNEL_DATA_SEL / 8] = (struct descriptor){0x0000ffff, 0x00cf9300};
    kernel_tss.ss0 = KERNEL_DATA_SEL;
    kernel_tss.rest[22] = (uint32_t)sizeof(kernel_tss) << 16; /* no I/O bitmap */
    set_descriptor(&gdt[GDT_TSS], &kernel_tss, sizeof(kernel_tss) - 1, 0x89);
    set_descriptor(&gdt[GDT_LDT], ldt, sizeof(ldt) - 1, 0x82);
    for (unsigned i = 0; i < 256; i++) { /* DPL 3: INT3 and INTO, as Linux has it */
        uint32_t entry = (uint32_t)(uintptr_t)vector_stubs + (i < 32 ? i : 13) * 16;
        idt[i].low = KERNEL_CODE_SEL << 16 | (entry & 0xffff);
        idt[i].high = (entry & 0xffff0000) | (i == 3 || i == 4 ? 0xee00 : 0x8e00);
    }
    uint32_t lin = (uint32_t)(uintptr_t)gdt;
    pseudo.limit = sizeof(gdt) - 1, pseudo.low = (uint16_t)lin, pseudo.high = (uint16_t)(lin >> 16);
    __asm__ volatile("lgdt %0; ljmp %1, $1f; 1:" : : "m"(pseudo), "i"(KERNEL_CODE_SEL) : "memory");
    __asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss; mov %1, %%fs; mov %1, %%gs"
                     :
                     : "r"(KERNEL_DATA_SEL), "r"(0)
                     : "memory");
    lin = (uint32_t)(uintptr_t)idt;
    pseudo.limit = sizeof(idt) - 1, pseudo.low = (uint16_t)lin, pseudo.high = (uint16_t)(lin >> 16);
    __asm__ volatile("lidt %0; lldt %w1; ltr %w2"
                     :
                     : "m"(pseudo), "r"(GDT_LDT * 8), "r"(GDT_TSS * 8)
                     : "memory");
}

static void map_page(uint32_t lin, uint32_t phys, uint32_t rights)
{
    uint32_t *table = lin >> 22 == CODE_LIN >> 22 ? code_table : data_table;
    table[lin >> 12 & 1023] = phys | rights | PTE_U | PTE_P | PTE_AD;
}

static void start_paging(void)
{
    for (uint32_t i = 0; i < KERNEL_RAM_MIB / 4; i++) {
        directory[i] = i << 22 | PTE_PS | PTE_W | PTE_P | PTE_AD;
    }
    directory[CODE_LIN >> 22] = (uint32_t)(uintptr_t)code_table | PTE_U | PTE_W | PTE_P;
    directory[DATA_LIN >> 22] = (uint32_t)(uintptr_t)data_table | PTE_U | PTE_W | PTE_P;
    for (uint32_t at = 0; at < CODE_BYTES; at += TEST_PAGE_BYTES) {
        map_page(CODE_LIN + at, KERNEL_CODE_PHYS + at, PTE_W);
    }
    for (unsigned i = 0; i < N_WRITABLE; i++) {
        uint32_t lin = writable_pages[i];
        map_page(lin, KERNEL_TEST_PHYS + (lin - DATA_LIN), PTE_W);
    }
    map_page(READ_ONLY_PAGE, KERNEL_TEST_PHYS + (READ_ONLY_PAGE - DATA_LIN), 0);
    __asm__ volatile("mov %0, %%cr4; mov %1, %%cr3; mov %2, %%cr0; jmp 1f; 1:"
                     :
                     : "r"(CR4_PSE_PGE_FXSR_XMM), "r"(directory), "r"(CR0_PE_MP_NE_WP_AM_PG)
                     : "memory");
}

void kernel_exception(const struct frame *frame)
{
    if (!(frame->cs & 3)) {
        outb(KERNEL_EXIT_PORT, KERNEL_EXIT_LOST);
    }
    struct test_result *result = current;
    __asm__ volatile("fxsave %0; fninit" : "=m"(result->fx));
    const uint32_t gpr[8] = {frame->eax, frame->ecx, frame->edx, frame->ebx,
                             frame->esp, frame->ebp, frame->esi, frame->edi};
    copy_words(result->gpr, gpr, sizeof(gpr));
    result->eip = frame->eip;
    result->eflags = frame->eflags;
    result->vector = frame->vector;
    result->error = frame->error;
    __asm__ volatile("mov %%cr2, %0" : "=r"(result->cr2));
    result->sel[CASE_ES] = (uint16_t)frame->es;
    result->sel[CASE_CS] = (uint16_t)frame->cs;
    result->sel[CASE_SS] = (uint16_t)frame->ss;
    result->sel[CASE_DS] = (uint16_t)frame->ds;
    result->sel[CASE_FS] = (uint16_t)frame->fs;
    result->sel[CASE_GS] = (uint16_t)frame->gs;
    memory_record(result);
    result->ran = 1;
}

static uint32_t code_base(uint16_t selector)
{
    const struct descriptor *entry = &ldt[selector >> 3];
    return selector & 4 ? (entry->high & 0xff000000) | (entry->high & 0xff) << 16 | entry->low >> 16
                        : 0;
}

static void next_page(const struct test_case *test, uint32_t present)
{
    if (test->flags & CASE_NEXT_PAGE_MISSING) {
        uint32_t lin = code_base(test->sel[CASE_CS]) + test->eip + TEST_PAGE_BYTES;
        uint32_t *entry = &code_table[lin >> 12 & 1023];
        *entry = (*entry & ~(uint32_t)PTE_P) | present;
        __asm__ volatile("invlpg (%0)" : : "r"(lin) : "memory");
    }
}

void kernel_main(uint32_t magic, const uint32_t *multiboot)
{
    (void)magic;
    const uint32_t *module = (const uint32_t *)(uintptr_t)multiboot[6];
    const struct batch *batch = (const struct batch *)(uintptr_t)module[0];
    outb(0x21, 0xff); /* IF is on in every case, as under Linux; nothing may come */
    outb(0xa1, 0xff);
    load_tables(&batch->head);
    copy_words((void *)KERNEL_CODE_PHYS, batch->code, CODE_BYTES);
    copy_words((void *)(KERNEL_TEST_PHYS + (READ_ONLY_PAGE - DATA_LIN)), batch->head.pattern,
               TEST_PAGE_BYTES);
    start_paging();
    struct test_result *results = (struct test_result *)KERNEL_RESULTS_PHYS;
    for (uint32_t i = 0; i < batch->head.n_cases; i++) {
        current = &results[i];
        if (!(batch->cases[i].flags & CASE_SKIP)) {
            memory_reset(&batch->head, &batch->cases[i]);
            next_page(&batch->cases[i], 0);
            run_case(&batch->cases[i]);
            next_page(&batch->cases[i], PTE_P);
        }
    }
    outb(KERNEL_EXIT_PORT, KERNEL_EXIT_DONE);
}
