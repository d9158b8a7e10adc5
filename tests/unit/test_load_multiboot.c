/* test_load_multiboot.c - unit tests of load/multiboot*.c and load/flat.c. */
#include "test_load.h"

#include <sys/stat.h>
#include <sys/wait.h>

enum { FILE_BYTES = 0x2000, HEADER_OFF = 0x100 };

static void put_header(uint8_t *bytes, uint32_t off, uint32_t flags)
{
    put32(bytes + off, 0x1badb002);
    put32(bytes + off + 4, flags);
    put32(bytes + off + 8, 0u - 0x1badb002u - flags);
}

/* Address fields: header at 100100, file from 100000 (offset 0), loaded 1800h bytes, bss to 104000.
 */
static void make_flat(uint8_t *bytes)
{
    memset(bytes, 0xcc, FILE_BYTES);
    put_header(bytes, HEADER_OFF, 0x10003);
    put32(bytes + HEADER_OFF + 12, 0x100100);
    put32(bytes + HEADER_OFF + 16, 0x100000);
    put32(bytes + HEADER_OFF + 20, 0x101800);
    put32(bytes + HEADER_OFF + 24, 0x104000);
    put32(bytes + HEADER_OFF + 28, 0x100200);
}

static void put_segment(uint8_t *bytes, unsigned i, uint32_t off, uint32_t vaddr, uint32_t phys,
                        uint32_t n_file, uint32_t n_mem)
{
    uint8_t *header = bytes + 52 + i * 32;
    put32(header, 1);
    put32(header + 4, off);
    put32(header + 8, vaddr);
    put32(header + 12, phys);
    put32(header + 16, n_file);
    put32(header + 20, n_mem);
}

/* ELF32 linked at C0000000, loaded at 1 MiB and 2 MiB. */
static void make_elf(uint8_t *bytes)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 1, 1, 1};
    memset(bytes, 0, FILE_BYTES);
    memcpy(bytes, ident, sizeof ident);
    put16(bytes + 18, 3);
    put32(bytes + 24, 0xc0100010);
    put32(bytes + 28, 52);
    put16(bytes + 42, 32);
    put16(bytes + 44, 2);
    put_segment(bytes, 0, 0x1000, 0xc0100000, 0x100000, 0x800, 0x1000);
    put_segment(bytes, 1, 0x1800, 0xc0200000, 0x200000, 0x800, 0x3000);
    put_header(bytes, HEADER_OFF, 3);
    memset(bytes + 0x1000, 0x11, 0x800);
    memset(bytes + 0x1800, 0x22, 0x800);
}

static void read_string(const struct bench *bench, uint32_t phys, char *string, size_t n_bytes)
{
    assert_int_equal(mem_read(&bench->mem, phys, string, n_bytes), n_bytes);
    string[n_bytes - 1] = 0;
}

static uint32_t check_multiboot_entry(const struct bench *bench)
{
    check_entry(bench, 0x10, 0x18);
    assert_int_equal(bench->cpu.idtr.limit, 0x3ff); /* the IVT, as firmware leaves it */
    assert_int_equal(cpu_reg(&bench->cpu, GPR_EAX), 0x2badb002);
    return cpu_reg(&bench->cpu, GPR_EBX);
}

static void loads_by_address_fields(void **state)
{
    struct bench *bench = *state;
    uint8_t bytes[FILE_BYTES];
    make_flat(bytes);
    put_file(bench->kernel, bytes, sizeof bytes);
    uint8_t dirt[0x4000];
    memset(dirt, 0x99, sizeof dirt);
    mem_write(&bench->mem, 0x100000, dirt, sizeof dirt);
    struct load_request request = {.kernel = bench->kernel, .append = "a=b c"};
    assert_int_equal(load(bench, &request), 0);
    uint32_t info = check_multiboot_entry(bench);
    assert_int_equal(bench->cpu.eip, 0x100200);
    assert_int_equal(peek(bench, 0x1017fc), 0xcccccccc);
    assert_int_equal(peek(bench, 0x101800), 0); /* bss is cleared */
    assert_int_equal(peek(bench, 0x103ffc), 0);

    assert_int_equal(peek(bench, info), 0x24d);
    assert_int_equal(peek(bench, info + 4), 639);
    assert_int_equal(peek(bench, info + 8), (RAM_BYTES - 0x110000) / 1024);
    char text[64], expected[64];
    snprintf(expected, sizeof expected, "%s a=b c", bench->kernel);
    read_string(bench, peek(bench, info + 16), text, sizeof text);
    assert_string_equal(text, expected);
    read_string(bench, peek(bench, info + 64), text, 8);
    assert_string_equal(text, "plex86");
    assert_int_equal(peek(bench, info + 20), 0);
    assert_int_equal(peek(bench, info + 44), N_MAP * 24);
    uint32_t entry = peek(bench, info + 48) + 2 * 24;
    assert_int_equal(peek(bench, entry), 20);
    assert_int_equal(peek(bench, entry + 4), 0x100000);
    assert_int_equal(peek(bench, entry + 20), 1);
}

static void zero_ends_mean_the_whole_file(void **state)
{
    struct bench *bench = *state;
    uint8_t bytes[FILE_BYTES];
    make_flat(bytes);
    put32(bytes + HEADER_OFF + 20, 0);
    put32(bytes + HEADER_OFF + 24, 0);
    put_file(bench->kernel, bytes, sizeof bytes);
    struct load_request request = {.kernel = bench->kernel};
    assert_int_equal(load(bench, &request), 0);
    assert_int_equal(peek(bench, 0x100000 + FILE_BYTES - 4), 0xcccccccc);
}

static void loads_elf(void **state)
{
    struct bench *bench = *state;
    uint8_t bytes[FILE_BYTES];
    make_elf(bytes);
    put_file(bench->kernel, bytes, sizeof bytes);
    struct load_request request = {.kernel = bench->kernel};
    assert_int_equal(load(bench, &request), 0);
    check_multiboot_entry(bench);
    assert_int_equal(bench->cpu.eip, 0x100010); /* virtual entry made physical */
    assert_int_equal(peek(bench, 0x1007fc), 0x11111111);
    assert_int_equal(peek(bench, 0x100800), 0);
    assert_int_equal(peek(bench, 0x200000), 0x22222222);
    assert_int_equal(peek(bench, 0x202ffc), 0);
}

enum { LONG_BYTES = 700000, LONG_TABLE = 650000, LONG_PHYS = 0x100123 };

/* Longer than what is held of a file: the program header, at the end, and most of the segment are
 * fetched when they are wanted. */
static uint8_t *make_long_elf(void)
{
    uint8_t *bytes = malloc(LONG_BYTES);
    make_elf(bytes);
    for (unsigned i = 0x1000; i < LONG_BYTES; i++) {
        bytes[i] = (uint8_t)(i * 7 + (i >> 12));
    }
    put32(bytes + 24, 0xc0100130);
    put32(bytes + 28, LONG_TABLE);
    put16(bytes + 44, 1);
    put_segment(bytes + LONG_TABLE - 52, 0, 0x1000, 0xc0100123, LONG_PHYS, LONG_TABLE - 0x1000,
                LONG_TABLE);
    return bytes;
}

static void check_long_elf(struct bench *bench, const uint8_t *bytes)
{
    check_multiboot_entry(bench);
    assert_int_equal(bench->cpu.eip, 0x100130);
    assert_memory_equal(bench->mem.host + LONG_PHYS, bytes + 0x1000, LONG_TABLE - 0x1000);
    assert_int_equal(bench->mem.host[LONG_PHYS + LONG_TABLE - 0x1000], 0);
}

static void loads_a_long_file(void **state)
{
    struct bench *bench = *state;
    uint8_t *bytes = make_long_elf();
    struct load_request request = {.kernel = bench->kernel};
    put_file(bench->kernel, bytes, LONG_BYTES);
    assert_int_equal(load(bench, &request), 0);
    check_long_elf(bench, bytes);

    n_mode_updates = 0; /* the same through a pipe, which has no length */
    assert_int_equal(unlink(bench->kernel), 0);
    assert_int_equal(mkfifo(bench->kernel, 0600), 0);
    memset(bench->mem.host + LONG_PHYS, 0xee, LONG_BYTES);
    pid_t child = fork();
    if (child == 0) {
        put_file(bench->kernel, bytes, LONG_BYTES);
        _exit(0);
    }
    assert_int_equal(load(bench, &request), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    check_long_elf(bench, bytes);
    free(bytes);
}

static void a_long_module(void **state)
{
    struct bench *bench = *state;
    uint8_t elf[FILE_BYTES], *bytes = make_long_elf();
    make_elf(elf);
    put_file(bench->kernel, elf, sizeof elf);
    put_file(bench->other, bytes, LONG_BYTES);
    struct load_request request = {.kernel = bench->kernel, .initrd = bench->other};
    assert_int_equal(load(bench, &request), 0);
    uint32_t module = peek(bench, cpu_reg(&bench->cpu, GPR_EBX) + 24);
    uint32_t begin = peek(bench, module);
    assert_int_equal(peek(bench, module + 4), begin + LONG_BYTES);
    assert_memory_equal(bench->mem.host + begin, bytes, LONG_BYTES);
    free(bytes);
}

static void loads_modules(void **state)
{
    struct bench *bench = *state;
    uint8_t bytes[FILE_BYTES], module[5000];
    char list[128], text[64], first[64];
    make_elf(bytes);
    memset(module, 0x33, sizeof module);
    put_file(bench->kernel, bytes, sizeof bytes);
    put_file(bench->other, module, sizeof module);
    snprintf(list, sizeof list, "%s one,,two,%s", bench->other, bench->other);
    snprintf(first, sizeof first, "%s one,two", bench->other);
    struct load_request request = {.kernel = bench->kernel, .initrd = list};
    assert_int_equal(load(bench, &request), 0);
    uint32_t info = check_multiboot_entry(bench);
    assert_int_equal(peek(bench, info + 20), 2);
    uint32_t table = peek(bench, info + 24);
    assert_int_equal(peek(bench, table), 0x203000); /* behind the kernel's bss, on a page */
    assert_int_equal(peek(bench, table + 4), 0x203000 + sizeof module);
    assert_int_equal(peek(bench, table + 16), 0x205000);
    read_string(bench, peek(bench, table + 8), text, sizeof text);
    assert_string_equal(text, first);
    read_string(bench, peek(bench, table + 24), text, sizeof text);
    assert_string_equal(text, bench->other);
    assert_int_equal(peek(bench, 0x205000), 0x33333333);

    request.initrd = "/nonexistent/module args";
    n_mode_updates = 0;
    expect_refusal(bench, &request, -ENOENT, "/nonexistent/module:");
    assert_int_equal(truncate(bench->other, 15 << 20), 0);
    request.initrd = bench->other;
    expect_refusal(bench, &request, -ENOSPC, "-m");
}

/* The information structure goes where the kernel is not. */
static void kernel_in_low_memory(void **state)
{
    struct bench *bench = *state;
    uint8_t bytes[FILE_BYTES];
    make_elf(bytes);
    put_segment(bytes, 1, 0x1800, 0x8000, 0x8000, 0x800, 0x8f000);
    put_file(bench->kernel, bytes, sizeof bytes);
    struct load_request request = {.kernel = bench->kernel};
    assert_int_equal(load(bench, &request), 0);
    assert_true(check_multiboot_entry(bench) >= 0x97000);
    assert_int_equal(peek(bench, 0x8000), 0x22222222);
    put_segment(bytes, 1, 0x1800, 0x8000, 0x8000, 0x800, 0x93000);
    put_file(bench->kernel, bytes, sizeof bytes);
    n_mode_updates = 0;
    expect_refusal(bench, &request, -ENOSPC, "conventional memory");
}

struct damage {
    bool elf;
    unsigned off;
    uint32_t value;
    int result;
    const char *word;
};

static void hostile_kernels(void **state)
{
    static const struct damage damages[] = {
        {false, HEADER_OFF + 12, 0x0ff000, -ENOEXEC, "damaged"},
        {false, HEADER_OFF + 12, 0xffffffff, -ENOEXEC, "damaged"},
        {false, HEADER_OFF + 16, 0xfffff000, -ENOEXEC, "damaged"},
        {false, HEADER_OFF + 20, 0x0fffff, -ENOEXEC, "damaged"},
        {false, HEADER_OFF + 20, 0x103000, -ENOEXEC, "cut off"},
        {false, HEADER_OFF + 24, 0x101000, -ENOEXEC, "damaged"},
        {false, HEADER_OFF + 24, 0xffffffff, -ENOSPC, "not all RAM"},
        {false, HEADER_OFF + 28, 0xf0000000, -ENOEXEC, "begins at"},
        {true, 4, 0x010102, -ENOEXEC, "64-bit"},
        {true, 18, 40, -ENOEXEC, "another processor"},
        {true, 28, 0xfffffff0, -ENOEXEC, "cut off"},
        {true, 42, 0x00020000, -ENOEXEC, "program headers"},
        {true, 44, 0xffff, -ENOEXEC, "cut off"},
        {true, 52 + 4, 0xfffff000, -ENOEXEC, "cut off"},
        {true, 52 + 12, 0xa0000, -ENOSPC, "not all RAM"},
        {true, 52 + 12, 0xfffff800, -ENOSPC, "not all RAM"},
        {true, 52 + 12, 0x200000, -ENOSPC, "twice"},
        {true, 52 + 16, 0x1001, -ENOEXEC, "cut off"},
        {true, 52 + 20, 0xffffffff, -ENOSPC, "not all RAM"},
        {true, 24, 0x90000000, -ENOEXEC, "begins at"},
    };
    struct bench *bench = *state;
    struct load_request request = {.kernel = bench->kernel};
    uint8_t bytes[FILE_BYTES];
    for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
        const struct damage *damage = &damages[i];
        damage->elf ? make_elf(bytes) : make_flat(bytes);
        if (damage->off == 18 || damage->off == 44) {
            put16(bytes + damage->off, (uint16_t)damage->value);
        } else if (damage->off == 42) {
            put16(bytes + 42, (uint16_t)damage->value);
        } else if (damage->off == 4) {
            bytes[4] = 2;
        } else {
            put32(bytes + damage->off, damage->value);
        }
        put_file(bench->kernel, bytes, sizeof bytes);
        expect_refusal(bench, &request, damage->result, damage->word);
    }
    make_elf(bytes);
    put_header(bytes, HEADER_OFF, 0x9);
    put_file(bench->kernel, bytes, sizeof bytes);
    expect_refusal(bench, &request, -ENOEXEC, "features");
    make_elf(bytes);
    put32(bytes + HEADER_OFF + 8, 0); /* checksum */
    put_file(bench->kernel, bytes, sizeof bytes);
    expect_refusal(bench, &request, -ENOEXEC, "without a multiboot header");
    make_flat(bytes);
    put_file(bench->kernel, bytes, HEADER_OFF + 20);
    expect_refusal(bench, &request, -ENOEXEC, "inside its multiboot header");
}

static void random_kernels(void **state)
{
    struct bench *bench = *state;
    struct load_request request = {.kernel = bench->kernel};
    uint8_t bytes[FILE_BYTES];
    srand(1);
    print_message("seed 1\n");
    for (int round = 0; round < 2000; round++) {
        bool elf = round & 1;
        elf ? make_elf(bytes) : make_flat(bytes);
        for (int n = rand() % 4 + 1; n > 0; n--) {
            static const uint32_t values[] = {0, 1, 0x7fffffff, 0xffffffff, 0x100000, 0xfff};
            unsigned off =
                elf ? 24 + (unsigned)rand() % 92 : HEADER_OFF + 12 + (unsigned)rand() % 17;
            put32(bytes + off, rand() % 2 ? (uint32_t)rand() : values[rand() % 6]);
        }
        put_file(bench->kernel, bytes, (size_t)(rand() % 8 ? FILE_BYTES : rand() % FILE_BYTES));
        n_mode_updates = 0;
        load(bench, &request);
    }
}

/* ---- -program ---- */

static void program_begins_in_ring_3(void **state)
{
    struct bench *bench = *state;
    put_file(bench->other, "\xf8\xf9\x90\xf4", 4); /* clc; stc; nop; hlt: the program of the post */
    struct load_request request = {.program = bench->other, .program_phys = 0x100000};
    assert_int_equal(load(bench, &request), 0);
    check_entry(bench, 0x0b, 0x13);
    assert_int_equal(bench->cpu.eip, 0x100000);
    assert_int_equal(bench->cpu.idtr.limit, 0);
    assert_int_equal(peek(bench, 0x100000), 0xf490f9f8);
    uint32_t esp = cpu_reg(&bench->cpu, GPR_ESP);
    assert_int_equal(esp, 0x90000);
    assert_int_equal(mem_type_of(&bench->mem, esp - 4), MEM_RAM);
}

static void program_elsewhere(void **state)
{
    struct bench *bench = *state;
    uint8_t *big = calloc(1, 0x90000);
    struct load_request request = {.program = bench->other, .program_phys = 0};
    put_file(bench->other, big, 0x90000); /* all of low memory: the stack goes above 1 MiB */
    assert_int_equal(load(bench, &request), 0);
    assert_true(cpu_reg(&bench->cpu, GPR_ESP) > 0x100000);
    assert_int_equal(bench->cpu.eip, 0);
    free(big);
    request.program_phys = 0x60000;
    expect_refusal(bench, &request, -ENOSPC, "addr=");
    request.program_phys = 0xffffffff;
    expect_refusal(bench, &request, -ENOSPC, "addr=");
    put_file(bench->other, "", 0);
    expect_refusal(bench, &request, -ENOEXEC, "empty");
    request.program = "/nonexistent/program";
    expect_refusal(bench, &request, -ENOENT, "program /nonexistent/program");
}

static void nothing_to_load(void **state)
{
    struct load_request request = {0};
    expect_refusal(*state, &request, -EINVAL, "-kernel");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOAD_TEST(loads_by_address_fields),
        LOAD_TEST(zero_ends_mean_the_whole_file),
        LOAD_TEST(loads_elf),
        LOAD_TEST(loads_a_long_file),
        LOAD_TEST(a_long_module),
        LOAD_TEST(loads_modules),
        LOAD_TEST(kernel_in_low_memory),
        LOAD_TEST(hostile_kernels),
        LOAD_TEST(random_kernels),
        LOAD_TEST(program_begins_in_ring_3),
        LOAD_TEST(program_elsewhere),
        LOAD_TEST(nothing_to_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
