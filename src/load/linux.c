/* linux.c - loads a Linux bzImage by its 32-bit boot protocol (kernel documentation, "The Linux/x86
 * Boot Protocol", sections "The Real-Mode Kernel Header" and "32-bit Boot Protocol"), 2.00 to 2.15.
 *
 * We take the place of the kernel's real-mode setup code: its findings (memory map, command line,
 * RAM disk) go into the zero page. No BIOS is needed. Every header field is checked: the image may
 * be damaged or hostile.
 */
#include "load/room.h"

#include <errno.h>
#include <string.h>

/* Offsets in the image's first sectors; from SETUP_SECTS on, the same in the zero page. */
enum {
    HDR_SETUP_SECTS = 0x1f1,
    HDR_SYSSIZE = 0x1f4,
    HDR_VID_MODE = 0x1fa,
    HDR_BOOT_FLAG = 0x1fe,
    HDR_JUMP_BYTES = 0x201, /* the header ends at 202 + this byte */
    HDR_MAGIC = 0x202,
    HDR_VERSION = 0x206,
    HDR_LOADER_TYPE = 0x210,
    HDR_LOADFLAGS = 0x211,
    HDR_CODE32_START = 0x214,
    HDR_RAMDISK_IMAGE = 0x218,
    HDR_RAMDISK_SIZE = 0x21c,
    HDR_CMD_LINE_PTR = 0x228,     /* 2.02 */
    HDR_INITRD_ADDR_MAX = 0x22c,  /* 2.03 */
    HDR_KERNEL_ALIGNMENT = 0x230, /* 2.05 */
    HDR_RELOCATABLE = 0x234,
    HDR_XLOADFLAGS = 0x236,   /* 2.12 */
    HDR_CMDLINE_SIZE = 0x238, /* 2.06 */
    HDR_PREF_ADDRESS = 0x258, /* 2.10 */
    HDR_INIT_SIZE = 0x260,
    HDR_MIN_END = 0x220, /* the last field of 2.00 that we use */
    HDR_MAX_END = 0x290, /* the zero page's next user */
    /* zero page only */
    ZP_EXT_MEM_K = 0x002,
    ZP_VIDEO_MODE = 0x006,
    ZP_VIDEO_COLS = 0x007,
    ZP_VIDEO_LINES = 0x00e,
    ZP_VIDEO_POINTS = 0x010,
    ZP_OLD_CL_MAGIC = 0x020,
    ZP_OLD_CL_OFFSET = 0x022,
    ZP_ALT_MEM_K = 0x1e0,
    ZP_E820_ENTRIES = 0x1e8,
    ZP_E820_TABLE = 0x2d0,
    ZP_BYTES = 4096,
    ZP_E820_MAX = 128,
    E820_ENTRY_BYTES = 20,
};
enum {
    BOOT_FLAG = 0xaa55,
    LOADFLAG_LOADED_HIGH = 1,
    LOADFLAG_KEEP_SEGMENTS = 0x40,
    LOADFLAG_CAN_USE_HEAP = 0x80,
    XLOADFLAG_KERNEL_64 = 1,
    LOADER_UNDEFINED = 0xff,
    OLD_CL_MAGIC = 0xa33f,
    SECTOR_BYTES = 512,
};
#define MAGIC_HDRS 0x53726448u /* "HdrS" */

/* Low memory. Kernels before 2.02 look for the old command line relative to 90000. */
enum {
    LINUX_ZERO_PAGE = 0x90000, /* also the top of the entry stack */
    LINUX_GDT = 0x91000,
    LINUX_CMDLINE = 0x92000,
    LINUX_LOW_END = 0x9a000,
    LINUX_STACK_BYTES = 0x1000,
    LINUX_CODE = 0x10,
    LINUX_DATA = 0x18,
};
#define LINUX_KERNEL_PHYS 0x100000u

struct linux_image {
    const char *path;
    const struct load_file *file;
    uint16_t version;
    uint64_t setup_bytes, kernel_bytes; /* real-mode part, protected-mode part */
    uint32_t entry_eip;
    uint64_t busy_begin, busy_end; /* RAM the kernel uses before it reads its memory map */
    uint64_t initrd_max;           /* highest byte the RAM disk may use */
    uint32_t cmdline_max;          /* without the final NUL */
};

bool linux_is_image(const struct load_file *file)
{
    return load_file_has(file, 0, HDR_MIN_END) && load_file_u32(file, HDR_MAGIC) == MAGIC_HDRS &&
           load_file_u16(file, HDR_BOOT_FLAG) == BOOT_FLAG;
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

static bool header_has(const struct linux_image *image, uint16_t version, uint64_t field_end)
{
    return image->version >= version && load_file_has(image->file, 0, field_end);
}

/* Sizes: where the real-mode part ends, whether the file is whole. */
static int read_sizes(struct linux_image *image, char **error)
{
    const struct load_file *file = image->file;
    uint64_t n_sectors = file->bytes[HDR_SETUP_SECTS];
    image->setup_bytes = ((n_sectors ? n_sectors : 4) + 1) * SECTOR_BYTES; /* 0 means 4 */
    if (file->n_bytes <= image->setup_bytes) {
        return load_fail(error, ENOEXEC,
                         "the kernel %s is cut off: it ends inside its setup code; copy it again",
                         image->path);
    }
    image->kernel_bytes = file->n_bytes - image->setup_bytes;
    /* Before 2.04 syssize has 16 bits and may be too small; signatures may follow the kernel. */
    if (image->version >= 0x204) {
        uint64_t said_bytes = (uint64_t)load_file_u32(file, HDR_SYSSIZE) * 16;
        if (said_bytes > image->kernel_bytes + 15) {
            return load_fail(error, ENOEXEC,
                             "the kernel %s is cut off: its header says %llu bytes, the file has "
                             "%llu; copy it again",
                             image->path, (unsigned long long)(said_bytes + image->setup_bytes),
                             (unsigned long long)file->n_bytes);
        }
    }
    return 0;
}

/* What can we run? */
static int check_kind(const struct linux_image *image, char **error)
{
    const struct load_file *file = image->file;
    if (image->version < 0x200) {
        return load_fail(
            error, ENOEXEC,
            "the kernel %s has boot protocol %x.%02x; 2.00 (Linux 1.3.73) or later is needed",
            image->path, image->version >> 8, image->version & 0xff);
    }
    if (!(file->bytes[HDR_LOADFLAGS] & LOADFLAG_LOADED_HIGH)) {
        return load_fail(error, ENOEXEC, "the kernel %s is a zImage; build a bzImage instead",
                         image->path);
    }
    if (header_has(image, 0x20c, HDR_XLOADFLAGS + 2) &&
        (load_file_u16(file, HDR_XLOADFLAGS) & XLOADFLAG_KERNEL_64)) {
        return load_fail(
            error, ENOEXEC,
            "the kernel %s is 64-bit; plex86 runs 32-bit systems: give a 32-bit (i386, 686) kernel",
            image->path);
    }
    return 0;
}

/* The RAM from where the kernel will run to where it can look after itself ("init_size"); kernels
 * that do not say are given three times their packed size, as GRUB does. */
static int read_busy_range(struct linux_image *image, char **error)
{
    const struct load_file *file = image->file;
    uint64_t begin = LINUX_KERNEL_PHYS;
    uint64_t busy_bytes = align_up(image->kernel_bytes, PAGE_BYTES) * 3;
    if (header_has(image, 0x20a, HDR_INIT_SIZE + 4)) {
        uint64_t preferred = load_file_u64(file, HDR_PREF_ADDRESS);
        uint64_t align = load_file_u32(file, HDR_KERNEL_ALIGNMENT);
        bool relocatable = file->bytes[HDR_RELOCATABLE];
        if (preferred >= GIB(4) || (relocatable && (!align || (align & (align - 1))))) {
            return load_fail(
                error, ENOEXEC,
                "the kernel %s has a damaged header (pref_address %#llx, alignment %#llx)",
                image->path, (unsigned long long)preferred, (unsigned long long)align);
        }
        begin = relocatable ? align_up(preferred > begin ? preferred : begin, align) : preferred;
        busy_bytes = load_file_u32(file, HDR_INIT_SIZE);
    }
    image->busy_begin = begin < LINUX_KERNEL_PHYS ? begin : LINUX_KERNEL_PHYS;
    image->busy_end = begin + busy_bytes;
    uint64_t loaded_end = LINUX_KERNEL_PHYS + image->kernel_bytes;
    if (image->busy_end < loaded_end) {
        image->busy_end = loaded_end;
    }
    return 0;
}

static int read_header(struct linux_image *image, char **error)
{
    const struct load_file *file = image->file;
    image->version = load_file_u16(file, HDR_VERSION);
    int result = check_kind(image, error);
    if (!result) {
        result = read_sizes(image, error);
    }
    if (!result) {
        result = read_busy_range(image, error);
    }
    if (result < 0) {
        return result;
    }
    image->entry_eip = load_file_u32(file, HDR_CODE32_START);
    if (image->entry_eip < LINUX_KERNEL_PHYS ||
        image->entry_eip - LINUX_KERNEL_PHYS >= image->kernel_bytes) {
        return load_fail(error, ENOEXEC,
                         "the kernel %s has a damaged header: it begins at %#x, outside itself",
                         image->path, image->entry_eip);
    }
    image->initrd_max = 0x37ffffff; /* what kernels before 2.03 can reach */
    if (header_has(image, 0x203, HDR_INITRD_ADDR_MAX + 4)) {
        image->initrd_max = load_file_u32(file, HDR_INITRD_ADDR_MAX);
    }
    image->cmdline_max = 255;
    if (header_has(image, 0x206, HDR_CMDLINE_SIZE + 4)) {
        image->cmdline_max = load_file_u32(file, HDR_CMDLINE_SIZE);
    }
    if (image->cmdline_max > LINUX_LOW_END - LINUX_CMDLINE - 1) {
        image->cmdline_max = LINUX_LOW_END - LINUX_CMDLINE - 1;
    }
    return 0;
}

static int place_kernel(const struct linux_image *image, struct place *place, char **error)
{
    uint64_t low_begin = LINUX_ZERO_PAGE - LINUX_STACK_BYTES;
    if (place_claim(place, low_begin, LINUX_LOW_END - low_begin) < 0) {
        return load_fail(error, ENOSPC, "no RAM at %#llx for the boot parameters of %s",
                         (unsigned long long)low_begin, image->path);
    }
    uint64_t busy_bytes = image->busy_end - image->busy_begin;
    if (place_claim(place, image->busy_begin, busy_bytes) < 0) {
        uint64_t need_mib = (image->busy_end + MIB(1) - 1) >> 20;
        return load_fail(
            error, ENOSPC,
            "the kernel %s does not fit: it needs RAM from %#llx to %#llx; give -m %llu or more",
            image->path, (unsigned long long)image->busy_begin, (unsigned long long)image->busy_end,
            (unsigned long long)need_mib + 1);
    }
    return load_file_copy(image->file, image->setup_bytes, image->kernel_bytes, place,
                          LINUX_KERNEL_PHYS, error);
}

static int place_initrd(const struct linux_image *image, const char *path, struct place *place,
                        uint32_t *phys, uint32_t *n_bytes, char **error)
{
    struct load_file initrd;
    *phys = *n_bytes = 0;
    if (!path) {
        return 0;
    }
    int result = load_file_open(&initrd, "initrd", path, place_ram_bytes(place), error);
    if (result < 0) {
        return result;
    }
    if (initrd.n_bytes &&
        place_find_high(place, MIB(1), image->initrd_max + 1, initrd.n_bytes, phys) < 0) {
        result = load_fail(
            error, ENOSPC,
            "the initrd %s (%llu KiB) does not fit beside the kernel, which uses RAM up to "
            "%#llx and takes an initrd up to %#llx; give more memory with -m",
            path, (unsigned long long)(initrd.n_bytes >> 10), (unsigned long long)image->busy_end,
            (unsigned long long)image->initrd_max);
    } else if (initrd.n_bytes) {
        result = load_file_copy(&initrd, 0, initrd.n_bytes, place, *phys, error);
        *n_bytes = (uint32_t)initrd.n_bytes;
    }
    load_file_free(&initrd);
    return result;
}

static void put_u8(uint8_t *page, unsigned off, uint8_t value)
{
    page[off] = value;
}
static void put_u16(uint8_t *page, unsigned off, uint16_t value)
{
    memcpy(page + off, &value, 2);
}
static void put_u32(uint8_t *page, unsigned off, uint32_t value)
{
    memcpy(page + off, &value, 4);
}
static void put_u64(uint8_t *page, unsigned off, uint64_t value)
{
    memcpy(page + off, &value, 8);
}

static void put_memory_map(uint8_t *page, const struct place *place)
{
    unsigned n = place->n_map < ZP_E820_MAX ? place->n_map : ZP_E820_MAX;
    uint64_t above_k = 0; /* RAM from 1 MiB to the first gap, for kernels that know no E820 */
    for (unsigned i = 0; i < n; i++) {
        const struct board_e820 *range = &place->map[i];
        unsigned off = ZP_E820_TABLE + i * E820_ENTRY_BYTES;
        put_u64(page, off, range->base);
        put_u64(page, off + 8, range->n_bytes);
        put_u32(page, off + 16, range->type);
        if (range->type == E820_RAM && range->base == MIB(1)) {
            above_k = range->n_bytes >> 10;
        }
    }
    put_u8(page, ZP_E820_ENTRIES, (uint8_t)n);
    put_u32(page, ZP_ALT_MEM_K, (uint32_t)above_k);
    put_u16(page, ZP_EXT_MEM_K,
            above_k > 0xfc00 ? 0xfc00 : (uint16_t)above_k); /* BIOS: at most 63 MiB */
}

/* Text mode 3 with isVGA 0: vgacon then probes B8000, finds no memory and leaves. Zero columns
 * would be divided by. */
static void put_screen(uint8_t *page)
{
    put_u8(page, ZP_VIDEO_MODE, 3);
    put_u8(page, ZP_VIDEO_COLS, 80);
    put_u8(page, ZP_VIDEO_LINES, 25);
    put_u16(page, ZP_VIDEO_POINTS, 16);
}

static void put_zero_page(const struct linux_image *image, struct place *place,
                          uint32_t initrd_phys, uint32_t initrd_bytes)
{
    uint8_t page[ZP_BYTES] = {0};
    const struct load_file *file = image->file;
    uint64_t header_end = HDR_MAGIC + (uint64_t)file->bytes[HDR_JUMP_BYTES];
    header_end = header_end < HDR_MIN_END ? HDR_MIN_END : header_end;
    header_end = header_end > HDR_MAX_END ? HDR_MAX_END : header_end;
    header_end = header_end > file->n_bytes ? file->n_bytes : header_end;
    memcpy(page + HDR_SETUP_SECTS, file->bytes + HDR_SETUP_SECTS, header_end - HDR_SETUP_SECTS);

    put_u16(page, HDR_VID_MODE, 0xffff); /* "normal" */
    put_u8(page, HDR_LOADER_TYPE, LOADER_UNDEFINED);
    page[HDR_LOADFLAGS] |= LOADFLAG_CAN_USE_HEAP;
    page[HDR_LOADFLAGS] &= (uint8_t)~LOADFLAG_KEEP_SEGMENTS;
    put_u32(page, HDR_RAMDISK_IMAGE, initrd_phys);
    put_u32(page, HDR_RAMDISK_SIZE, initrd_bytes);
    put_screen(page);
    if (image->version >= 0x202) {
        put_u32(page, HDR_CMD_LINE_PTR, LINUX_CMDLINE);
    } else {
        put_u16(page, ZP_OLD_CL_MAGIC, OLD_CL_MAGIC);
        put_u16(page, ZP_OLD_CL_OFFSET, LINUX_CMDLINE - LINUX_ZERO_PAGE);
    }
    put_memory_map(page, place);
    place_write(place, LINUX_ZERO_PAGE, page, sizeof page);
}

int linux_load(const struct load_request *request, const struct load_file *kernel,
               struct place *place, struct cpu *cpu, char **error)
{
    struct linux_image image = {.path = request->kernel, .file = kernel};
    const char *cmdline = request->append ? request->append : "";
    size_t cmdline_bytes = strlen(cmdline);
    uint32_t initrd_phys = 0, initrd_bytes = 0;
    int result = read_header(&image, error);
    if (!result && cmdline_bytes > image.cmdline_max) {
        result = load_fail(error, E2BIG, "-append has %zu characters; the kernel %s takes %u",
                           cmdline_bytes, image.path, image.cmdline_max);
    }
    if (!result) {
        result = place_kernel(&image, place, error);
    }
    if (!result) {
        result = place_initrd(&image, request->initrd, place, &initrd_phys, &initrd_bytes, error);
    }
    if (result < 0) {
        return result;
    }
    place_write(place, LINUX_CMDLINE, cmdline, cmdline_bytes + 1);
    put_zero_page(&image, place, initrd_phys, initrd_bytes);
    struct entry entry = {.gdt_phys = LINUX_GDT,
                          .code = LINUX_CODE,
                          .data = LINUX_DATA,
                          .eip = image.entry_eip,
                          .esp = LINUX_ZERO_PAGE};
    entry_set(cpu, place, &entry);
    cpu_set_reg(cpu, GPR_ESI, LINUX_ZERO_PAGE);
    return 0;
}
