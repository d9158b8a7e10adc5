/* load.c - the loaders and the command line, under ASan: images and words that are nearly right.
 * Each ends in 0, or in an error and one line; never in anything else. */
#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include "cli/options.h"
#include "simple.h"

enum { RAM_BYTES = 16 << 20, IMAGE_BYTES = 12 << 10, N_MAP = 4 };

static struct mem mem;
static struct cpu cpu;
static int kernel_fd, initrd_fd;
static char kernel_path[32], initrd_path[32];

/* The loaders end with it; the real one wants a view/. */
void cpu_update_mode(struct cpu *cpu_of_loader)
{
    (void)cpu_of_loader;
}

static void put(uint8_t *at, uint64_t value, unsigned n_bytes)
{
    memcpy(at, &value, n_bytes);
}

static void make_linux(uint8_t *b)
{
    b[0x1f1] = 3;
    put(b + 0x1f4, 0x100, 4);
    put(b + 0x1fe, 0xaa55, 2);
    put(b + 0x200, 0x66eb, 2);
    put(b + 0x202, 0x53726448, 4);
    put(b + 0x206, 0x20c, 2);
    b[0x211] = 0x41;
    put(b + 0x214, 0x100000, 4);
    put(b + 0x22c, 0x37ffffff, 4);
    put(b + 0x230, 0x200000, 4);
    b[0x234] = 1;
    put(b + 0x238, 2047, 4);
    put(b + 0x258, 0x400000, 8);
    put(b + 0x260, 0x300000, 4);
}

static void make_multiboot(uint8_t *b, uint32_t flags)
{
    put(b + 0x400, 0x1badb002, 4);
    put(b + 0x404, flags, 4);
    put(b + 0x408, 0u - 0x1badb002u - flags, 4);
    static const uint32_t kludge[] = {0x100400, 0x100000, 0x102000, 0x104000, 0x100500};
    for (unsigned i = 0; i < 5; i++) {
        put(b + 0x40c + 4 * i, kludge[i], 4);
    }
}

static void make_elf(uint8_t *b)
{
    make_multiboot(b, 3);
    memcpy(b,
           "\x7f"
           "ELF\1\1\1",
           7);
    put(b + 16, 2 | 3 << 16, 4);
    put(b + 20, 1, 4);
    put(b + 24, 0x100500, 4);
    put(b + 28, 52, 4);
    put(b + 40, 52, 2);
    put(b + 42, 32, 2);
    put(b + 44, 2, 2);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *segment = b + 52 + 32 * i;
        put(segment, 1, 4);
        put(segment + 4, 0x1000 * i, 4);
        put(segment + 8, 0x100000 + 0x10000 * i, 4);
        put(segment + 12, 0x100000 + 0x10000 * i, 4);
        put(segment + 16, 0x1000, 4);
        put(segment + 20, 0x2000, 4);
    }
}

static uint32_t edge(struct random *random)
{
    static const uint32_t edges[] = {0,          1,          0xff,       0xfff,      0x1000,
                                     0xffff,     0xa0000,    0x100000,   0xffffff,   0x1000000,
                                     0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff, 0xfffffffc};
    return random_percent(random, 30) ? random_u32(random)
                                      : RANDOM_PICK(random, edges) + random_below(random, 5) - 2;
}

static unsigned make_image(struct random *random, uint8_t *b)
{
    static const uint16_t fields[] = {0x1f1, 0x1f4, 0x202, 0x206, 0x211, 0x214, 0x22c, 0x230, 0x238,
                                      0x248, 0x24c, 0x250, 0x258, 0x260, 0x400, 0x404, 0x408, 0x40c,
                                      0x410, 0x414, 0x418, 0x41c, 0x420, 16,    20,    24,    28,
                                      42,    44,    52,    56,    60,    64,    68,    72,    84,
                                      88,    92,    96,    100,   104};
    memset(b, 0, IMAGE_BYTES);
    switch (random_below(random, 4)) {
    case 0:
        make_linux(b);
        break;
    case 1:
        make_multiboot(b, 0x10003 | (random_u32(random) & 4));
        break;
    case 2:
        make_elf(b);
        break;
    default:
        random_fill(random, b, 0x1000);
    }
    for (unsigned i = random_below(random, 4); i > 0; i--) {
        if (random_percent(random, 70)) {
            put(b + RANDOM_PICK(random, fields), edge(random), 1u << random_below(random, 3));
        } else {
            b[random_below(random, 0x800)] ^= (uint8_t)(1u << random_below(random, 8));
        }
    }
    if (random_percent(random, 30)) { /* a right checksum */
        uint32_t magic, flags;
        memcpy(&magic, b + 0x400, 4);
        memcpy(&flags, b + 0x404, 4);
        put(b + 0x408, 0u - magic - flags, 4);
    }
    return random_percent(random, 70) ? (unsigned)IMAGE_BYTES : random_below(random, IMAGE_BYTES);
}

static void fill_file(int fd, const uint8_t *bytes, unsigned n_bytes)
{
    if (ftruncate(fd, 0) != 0 || pwrite(fd, bytes, n_bytes, 0) != (ssize_t)n_bytes) {
        simple_say("cannot write the image");
        _exit(3);
    }
}

static bool one_load(struct random *random)
{
    static const struct board_e820 map[N_MAP] = {{0, 0x9fc00, 1},
                                                 {0x9fc00, 0x60400, 2},
                                                 {0x100000, RAM_BYTES - 0x110000, 1},
                                                 {RAM_BYTES - 0x10000, 0x10000, 3}};
    static uint8_t image[IMAGE_BYTES];
    static char append[4000];
    char *error = NULL, modules[200];
    fill_file(kernel_fd, image, make_image(random, image));
    snprintf(modules, sizeof modules, random_percent(random, 50) ? "%s" : "%s a,,%s b c,",
             initrd_path, initrd_path);
    memset(append, 'x', sizeof append - 1);
    append[random_below(random, sizeof append)] = '\0';
    struct load_request request = {
        .kernel = kernel_path,
        .initrd = random_percent(random, 40) ? modules : NULL,
        .append = random_percent(random, 60) ? append : NULL,
        .program_phys = edge(random),
    };
    if (random_percent(random, 10)) {
        request.program = kernel_path;
        request.kernel = NULL;
    }
    int result = load_guest(&request, &mem, map, N_MAP, &cpu, &error);
    bool bad = result < 0 ? !error || !*error || strchr(error, '\n') : error != NULL;
    free(error);
    if (!bad && random_percent(random, 10)) {
        uint8_t *bytes = NULL;
        uint32_t n_bytes = 0;
        error = NULL;
        result = load_firmware(kernel_path, &bytes, &n_bytes, &error);
        bad = result < 0 ? !error || strchr(error, '\n') : error || !bytes || n_bytes % 0x10000;
        free(bytes);
        free(error);
    }
    if (bad) {
        simple_say("an error without its one line, or a line without an error");
    }
    return bad;
}

static bool one_command_line(struct random *random)
{
    static const char *const names[] = {
#define SECTION(title)
#define OPTION(name, argument, function, help) "-" name,
#define ALSO(name, argument, function)         "-" name,
#define NOT_YET(name, has_argument)            "-" name,
#include "cli/options.def"
#undef SECTION
#undef OPTION
#undef ALSO
#undef NOT_YET
    };
    static const char *const values[] = {"",
                                         ",",
                                         "=",
                                         "4",
                                         "4G",
                                         "-1",
                                         "99999999999999999999",
                                         "0x",
                                         "stdio",
                                         "file:",
                                         "file:/dev/null",
                                         "mon:stdio",
                                         "null",
                                         "none",
                                         "null,id=a",
                                         "chardev:a",
                                         "isa-debug-exit,iobase=0xf4",
                                         "isa-debugcon,chardev=a",
                                         "base=utc",
                                         "base=2000-13-45",
                                         "a,addr=",
                                         "addr=1",
                                         "help",
                                         "in_asm,,int",
                                         "verify,tiny-cache",
                                         "%s%n",
                                         "pc,accel=kvm",
                                         "size=12M",
                                         "tcp:",
                                         "unix:"};
    char *argv[12] = {(char *)"plex86"}, words[12][64];
    int argc = 1 + (int)random_below(random, 10);
    for (int i = 1; i < argc; i++) {
        const char *word = random_percent(random, i % 2 ? 90 : 10) ? RANDOM_PICK(random, names)
                                                                   : RANDOM_PICK(random, values);
        snprintf(words[i], sizeof words[i], "%s", word);
        if (word[0] && random_percent(random, 10)) {
            words[i][random_below(random, (uint32_t)strlen(word))] =
                (char)(1 + random_below(random, 255));
        }
        argv[i] = words[i];
    }
    struct options options;
    int result = options_parse(&options, argc, argv);
    options_free(&options);
    if (result > 1 || result < -2) {
        simple_say("options_parse has no such answer");
        return true;
    }
    return false;
}

static bool one(uint64_t seed)
{
    struct random random = {seed};
    return random_percent(&random, 70) ? one_load(&random) : one_command_line(&random);
}

int main(int argc, char **argv)
{
    __asan_set_death_callback(simple_asan);
    kernel_fd = memfd_create("kernel", 0);
    initrd_fd = memfd_create("initrd", 0);
    snprintf(kernel_path, sizeof kernel_path, "/proc/self/fd/%d", kernel_fd);
    snprintf(initrd_path, sizeof initrd_path, "/proc/self/fd/%d", initrd_fd);
    if (ftruncate(initrd_fd, 5000) != 0 || mem_create(&mem, RAM_BYTES) != 0) {
        return 3;
    }
    mem_set_type(&mem, 0xa0000, 0x60000, MEM_NONE);
    simple_out = dup(STDOUT_FILENO);
    if (!freopen("/dev/null", "w", stdout)) { /* the options' own words */
        return 3;
    }
    fflush(stderr);
    return simple_main(argc, argv, "load", one);
}
