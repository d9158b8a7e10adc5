/* test_load_linux.c - unit tests of load/linux.c: images made on the spot, whole and hostile. */
#include "test_load.h"

enum { SETUP_SECTS = 3, SETUP_BYTES = (SETUP_SECTS + 1) * 512, KERNEL_BYTES = 5000 };

struct image {
    uint8_t bytes[SETUP_BYTES + KERNEL_BYTES];
};

/* A protocol 2.12 image as a 32-bit Debian kernel has it. */
static void make_image(struct image *image)
{
    uint8_t *b = image->bytes;
    memset(image, 0, sizeof *image);
    b[0x1f1] = SETUP_SECTS;
    put32(b + 0x1f4, (KERNEL_BYTES + 15) / 16);
    put16(b + 0x1fe, 0xaa55);
    b[0x200] = 0xeb;
    b[0x201] = 0x66; /* header ends at 268 */
    put32(b + 0x202, 0x53726448);
    put16(b + 0x206, 0x20c);
    b[0x211] = 1 | 0x40;
    put32(b + 0x214, 0x100000);
    put32(b + 0x22c, 0x37ffffff);
    put32(b + 0x230, 0x200000);
    b[0x234] = 1;
    put32(b + 0x238, 2047);
    put64(b + 0x258, 0x400000);
    put32(b + 0x260, 0x300000);
    b[0x267] = 0x77;
    b[0x268] = 0x78; /* not part of the header */
    for (int i = 0; i < KERNEL_BYTES; i++) {
        b[SETUP_BYTES + i] = (uint8_t)(i * 3);
    }
}

static void boots_with_everything(void **state)
{
    struct bench *bench = *state;
    struct image image;
    uint8_t initrd[5000], got[KERNEL_BYTES];
    make_image(&image);
    memset(initrd, 0xab, sizeof initrd);
    put_file(bench->kernel, &image, sizeof image);
    put_file(bench->other, initrd, sizeof initrd);
    struct load_request request = {
        .kernel = bench->kernel, .initrd = bench->other, .append = "console=ttyS0"};
    assert_int_equal(load(bench, &request), 0);

    check_entry(bench, 0x10, 0x18);
    const struct cpu *cpu = &bench->cpu;
    uint32_t zero_page = cpu_reg(cpu, GPR_ESI);
    assert_int_equal(cpu->eip, 0x100000);
    assert_int_equal(cpu_reg(cpu, GPR_EBP) | cpu_reg(cpu, GPR_EDI) | cpu_reg(cpu, GPR_EBX), 0);
    assert_int_equal(mem_read(&bench->mem, 0x100000, got, sizeof got), sizeof got);
    assert_memory_equal(got, image.bytes + SETUP_BYTES, sizeof got);

    uint32_t initrd_phys = peek(bench, zero_page + 0x218);
    assert_int_equal(initrd_phys, RAM_BYTES - 0x10000 - 0x2000); /* as high as RAM goes */
    assert_int_equal(peek(bench, zero_page + 0x21c), sizeof initrd);
    assert_int_equal(mem_read(&bench->mem, initrd_phys, got, sizeof initrd), sizeof initrd);
    assert_memory_equal(got, initrd, sizeof initrd);

    uint8_t page[4096];
    mem_read(&bench->mem, zero_page, page, sizeof page);
    assert_int_equal(page[0x210], 0xff);
    assert_int_equal(page[0x211], 1 | 0x80); /* KEEP_SEGMENTS is ours to clear */
    assert_int_equal(page[0x267], 0x77);
    assert_int_equal(page[0x268], 0);
    assert_int_equal(page[0x1ef], 0); /* sentinel */
    assert_int_equal(page[0x1e8], N_MAP);
    assert_int_equal(peek(bench, zero_page + 0x2d0 + 2 * 20), 0x100000);
    assert_int_equal(peek(bench, zero_page + 0x2d0 + 3 * 20 + 16), 3);
    assert_int_equal(peek(bench, zero_page + 0x1e0), (RAM_BYTES - 0x110000) / 1024);
    char cmdline[32];
    mem_read(&bench->mem, peek(bench, zero_page + 0x228), cmdline, sizeof cmdline);
    assert_string_equal(cmdline, "console=ttyS0");
}

static void boots_with_nothing(void **state)
{
    struct bench *bench = *state;
    struct image image;
    make_image(&image);
    put_file(bench->kernel, &image, sizeof image);
    struct load_request request = {.kernel = bench->kernel};
    assert_int_equal(load(bench, &request), 0);
    assert_int_equal(peek(bench, 0x90218), 0);
    assert_int_equal(peek(bench, 0x9021c), 0);
    assert_int_equal(peek(bench, peek(bench, 0x90228)) & 0xff, 0);
}

static void old_protocol_has_the_old_command_line(void **state)
{
    struct bench *bench = *state;
    struct image image;
    make_image(&image);
    put16(image.bytes + 0x206, 0x200);
    put32(image.bytes + 0x1f4, 0xffffffff); /* syssize is not to be believed then */
    put_file(bench->kernel, &image, sizeof image);
    struct load_request request = {.kernel = bench->kernel, .append = "root=/dev/hda1"};
    assert_int_equal(load(bench, &request), 0);
    assert_int_equal(peek(bench, 0x90020) & 0xffff, 0xa33f);
    char cmdline[32];
    mem_read(&bench->mem, 0x90000 + (peek(bench, 0x90020) >> 16), cmdline, sizeof cmdline);
    assert_string_equal(cmdline, "root=/dev/hda1");
    char *line = malloc(300);
    memset(line, 'x', 299);
    line[299] = 0;
    request.append = line;
    n_mode_updates = 0;
    expect_refusal(bench, &request, -E2BIG, "takes 255");
    free(line);
}

static void initrd_stays_below_its_limit(void **state)
{
    struct bench *bench = *state;
    struct image image;
    make_image(&image);
    put32(image.bytes + 0x22c, 0x8fffff);
    put_file(bench->kernel, &image, sizeof image);
    put_file(bench->other, &image, 4096);
    struct load_request request = {.kernel = bench->kernel, .initrd = bench->other};
    assert_int_equal(load(bench, &request), 0);
    assert_int_equal(peek(bench, 0x90218), 0x8ff000);
    n_mode_updates = 0;
    put32(image.bytes + 0x22c,
          0x700000); /* exactly where the kernel's own RAM ends: 400000+300000 */
    put_file(bench->kernel, &image, sizeof image);
    expect_refusal(bench, &request, -ENOSPC, "does not fit beside the kernel");
}

static void initrd_too_large(void **state)
{
    struct bench *bench = *state;
    struct image image;
    make_image(&image);
    put_file(bench->kernel, &image, sizeof image);
    struct load_request request = {.kernel = bench->kernel, .initrd = bench->other};
    assert_int_equal(truncate(bench->other, 10 << 20), 0); /* below RAM, beside the kernel not */
    expect_refusal(bench, &request, -ENOSPC, "give more memory with -m");
    assert_int_equal(truncate(bench->other, 1ll << 40), 0); /* sparse; must not be read */
    expect_refusal(bench, &request, -EFBIG, "-m");
    request.initrd = "/nonexistent/initrd";
    expect_refusal(bench, &request, -ENOENT, "/nonexistent/initrd");
}

struct damage {
    unsigned off, n_bytes;
    uint64_t value;
    int result;
    const char *word;
};

static void hostile_headers(void **state)
{
    static const struct damage damages[] = {
        {0x202, 4, 0, -ENOEXEC, "not a kernel"},
        {0x1fe, 2, 0, -ENOEXEC, "not a kernel"},
        {0x206, 2, 0x105, -ENOEXEC, "boot protocol 1.05"},
        {0x211, 1, 0, -ENOEXEC, "zImage"},
        {0x236, 2, 1, -ENOEXEC, "64-bit"},
        {0x1f1, 1, 255, -ENOEXEC, "cut off"},
        {0x1f4, 4, KERNEL_BYTES / 16 + 2, -ENOEXEC, "cut off"},
        {0x1f4, 4, 0xffffffff, -ENOEXEC, "cut off"},
        {0x214, 4, 0, -ENOEXEC, "damaged"},
        {0x214, 4, 0x100000 + KERNEL_BYTES, -ENOEXEC, "damaged"},
        {0x214, 4, 0xffffffff, -ENOEXEC, "damaged"},
        {0x230, 4, 0, -ENOEXEC, "damaged"},
        {0x230, 4, 0x300000, -ENOEXEC, "damaged"},
        {0x230, 4, 0x80000000, -ENOSPC, "does not fit"},
        {0x258, 8, UINT64_MAX, -ENOEXEC, "damaged"},
        {0x258, 8, 0xffffffff, -ENOSPC, "does not fit"},
        {0x260, 4, 0xffffffff, -ENOSPC, "does not fit"},
        {0x260, 4, RAM_BYTES, -ENOSPC, "does not fit"},
    };
    struct bench *bench = *state;
    struct image image;
    struct load_request request = {.kernel = bench->kernel};
    for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
        const struct damage *damage = &damages[i];
        make_image(&image);
        memcpy(image.bytes + damage->off, &damage->value, damage->n_bytes);
        put_file(bench->kernel, &image, sizeof image);
        expect_refusal(bench, &request, damage->result, damage->word);
    }
}

/* Every length ends in a value; sizes that can be right give a kernel. */
static void truncated_anywhere(void **state)
{
    struct bench *bench = *state;
    struct image image;
    struct load_request request = {.kernel = bench->kernel};
    make_image(&image);
    for (size_t n = 0; n < sizeof image - 15; n += n < 0x400 ? 1 : 97) {
        put_file(bench->kernel, &image, n);
        assert_int_equal(load(bench, &request), -ENOEXEC);
    }
}

/* Random header fields: a value, never a crash (this runs under ASan). */
static void random_headers(void **state)
{
    struct bench *bench = *state;
    struct image image;
    struct load_request request = {
        .kernel = bench->kernel, .initrd = bench->other, .append = "quiet"};
    put_file(bench->other, "initrd", 6);
    srand(1);
    print_message("seed 1\n");
    for (int round = 0; round < 2000; round++) {
        make_image(&image);
        for (int n = rand() % 4 + 1; n > 0; n--) {
            static const uint32_t values[] = {0,          1,          0xff,    0x7fffffff,
                                              0x80000000, 0xffffffff, 0x100000};
            unsigned off = 0x1f1 + (unsigned)rand() % 0x90;
            put32(image.bytes + off, rand() % 2 ? (uint32_t)rand() : values[rand() % 7]);
        }
        put32(image.bytes + 0x202, 0x53726448);
        put16(image.bytes + 0x1fe, 0xaa55);
        put_file(bench->kernel, &image, sizeof image);
        n_mode_updates = 0;
        if (load(bench, &request) == 0) {
            assert_true(bench->cpu.eip >= 0x100000 && bench->cpu.eip < 0x100000 + sizeof image);
        }
    }
}

static void says_what_it_is_instead(void **state)
{
    struct bench *bench = *state;
    struct load_request request = {.kernel = bench->kernel};
    uint8_t elf[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    put_file(bench->kernel, elf, sizeof elf);
    expect_refusal(bench, &request, -ENOEXEC, "64-bit ELF");
    elf[4] = 1;
    put_file(bench->kernel, elf, sizeof elf);
    expect_refusal(bench, &request, -ENOEXEC, "bzImage");
    put_file(bench->kernel, "\x1f\x8b\x08", 3);
    expect_refusal(bench, &request, -ENOEXEC, "gzip");
    put_file(bench->kernel, "", 0);
    expect_refusal(bench, &request, -ENOEXEC, "not a kernel");
    request.kernel = "/tmp";
    expect_refusal(bench, &request, -EISDIR, "/tmp");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOAD_TEST(boots_with_everything),
        LOAD_TEST(boots_with_nothing),
        LOAD_TEST(old_protocol_has_the_old_command_line),
        LOAD_TEST(initrd_stays_below_its_limit),
        LOAD_TEST(initrd_too_large),
        LOAD_TEST(hostile_headers),
        LOAD_TEST(truncated_anywhere),
        LOAD_TEST(random_headers),
        LOAD_TEST(says_what_it_is_instead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
