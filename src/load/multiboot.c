/* multiboot.c - loads a kernel by the Multiboot Specification 0.6.96 ("multiboot 1"): ELF32, or any
 * file with the header's address fields; modules, command line, memory map.
 *
 * The kernel goes where it says (checked against the file and the RAM), modules behind it on page
 * boundaries, the information structure into free conventional memory (multiboot_info.c).
 */
#include "load/multiboot.h"

#include <errno.h>
#include <string.h>

enum {
    HEADER_SEARCH_BYTES = 8192,
    HEADER_BYTES = 12,
    HEADER_ADDRESS_BYTES = 32, /* with the address fields */
    FLAGS_REQUIRED_KNOWN = 7,  /* of bits 0-15: page-aligned modules, memory info, video */
    FLAG_ADDRESSES = 1 << 16,
    MULTIBOOT_CODE = 0x10,
    MULTIBOOT_DATA = 0x18,
};
#define HEADER_MAGIC 0x1badb002u
#define ENTRY_MAGIC  0x2badb002u

/* ELF (System V ABI, "Object Files"), 32-bit offsets */
enum {
    ELF_HEADER_BYTES = 52,
    ELF_CLASS = 4,
    ELF_DATA = 5,
    ELF_MACHINE = 18,
    ELF_ENTRY = 24,
    ELF_PHOFF = 28,
    ELF_PHENTSIZE = 42,
    ELF_PHNUM = 44,
    PH_BYTES = 32,
    PH_OFFSET = 4,
    PH_VADDR = 8,
    PH_PADDR = 12,
    PH_FILESZ = 16,
    PH_MEMSZ = 20,
    PT_LOAD = 1,
    EM_386 = 3,
    EM_486 = 6,
};

int64_t multiboot_find_header(const struct load_file *file)
{
    for (uint64_t off = 0; off + HEADER_BYTES <= HEADER_SEARCH_BYTES; off += 4) {
        if (!load_file_has(file, off, HEADER_BYTES)) {
            break;
        }
        uint32_t magic = load_file_u32(file, off);
        uint32_t flags = load_file_u32(file, off + 4);
        if (magic == HEADER_MAGIC && magic + flags + load_file_u32(file, off + 8) == 0) {
            return (int64_t)off;
        }
    }
    return -1;
}

/* Copies n_file bytes of the file to phys and clears up to n_mem. */
static int load_piece(struct multiboot *boot, uint64_t off, uint64_t n_file, uint64_t phys,
                      uint64_t n_mem, char **error)
{
    if (n_file > n_mem || !load_file_has(boot->kernel, off, n_file)) {
        return load_fail(
            error, ENOEXEC,
            "the kernel %s is cut off or damaged: it wants bytes %#llx to %#llx of %#llx",
            boot->path, (unsigned long long)off, (unsigned long long)(off + n_file),
            (unsigned long long)boot->kernel->n_bytes);
    }
    if (!n_mem) {
        return 0;
    }
    int result = place_claim(boot->place, phys, n_mem);
    if (result < 0) {
        return load_fail(error, ENOSPC, "the kernel %s wants memory from %#llx to %#llx, %s",
                         boot->path, (unsigned long long)phys, (unsigned long long)(phys + n_mem),
                         result == -EFAULT   ? "which is not all RAM; give more with -m"
                         : result == -EEXIST ? "part of it twice: the file is damaged"
                                             : "in too many pieces");
    }
    result = load_file_copy(boot->kernel, off, n_file, boot->place, phys, error);
    if (result < 0) {
        return result;
    }
    place_zero(boot->place, phys + n_file, n_mem - n_file);
    if (phys + n_mem > boot->kernel_end) {
        boot->kernel_end = phys + n_mem;
    }
    return 0;
}

/* The header's address fields, for files that are not ELF (the spec calls it the a.out kludge). */
static int load_by_header(struct multiboot *boot, uint64_t header_off, char **error)
{
    const struct load_file *file = boot->kernel;
    if (!load_file_has(file, header_off, HEADER_ADDRESS_BYTES)) {
        return load_fail(error, ENOEXEC, "the kernel %s is cut off inside its multiboot header",
                         boot->path);
    }
    uint64_t header_phys = load_file_u32(file, header_off + 12);
    uint64_t load_phys = load_file_u32(file, header_off + 16);
    uint64_t load_end = load_file_u32(file, header_off + 20);
    uint64_t bss_end = load_file_u32(file, header_off + 24);
    boot->entry_eip = load_file_u32(file, header_off + 28);
    if (header_phys < load_phys || header_phys - load_phys > header_off) {
        return load_fail(error, ENOEXEC,
                         "the kernel %s has a damaged multiboot header: loading begins at %#llx, "
                         "the header at %#llx",
                         boot->path, (unsigned long long)load_phys,
                         (unsigned long long)header_phys);
    }
    uint64_t off = header_off - (header_phys - load_phys);
    if (!load_end) { /* 0: all of the file */
        load_end = load_phys + (file->n_bytes - off);
    }
    if (!bss_end) { /* 0: no bss */
        bss_end = load_end;
    }
    if (load_end < load_phys || bss_end < load_end) {
        return load_fail(error, ENOEXEC,
                         "the kernel %s has a damaged multiboot header: it ends before it begins",
                         boot->path);
    }
    return load_piece(boot, off, load_end - load_phys, load_phys, bss_end - load_phys, error);
}

static int check_elf(const struct multiboot *boot, char **error)
{
    const struct load_file *file = boot->kernel;
    static const uint8_t magic[4] = {0x7f, 'E', 'L', 'F'};
    if (!load_file_has(file, 0, ELF_HEADER_BYTES) ||
        memcmp(file->bytes, magic, sizeof magic) != 0) {
        return load_fail(
            error, ENOEXEC,
            "the kernel %s has a multiboot header without addresses, and is not an ELF file",
            boot->path);
    }
    uint16_t machine = load_file_u16(file, ELF_MACHINE);
    if (file->bytes[ELF_CLASS] == 2) {
        return load_fail(error, ENOEXEC,
                         "the kernel %s is a 64-bit ELF file; plex86 runs 32-bit systems",
                         boot->path);
    }
    if (file->bytes[ELF_CLASS] != 1 || file->bytes[ELF_DATA] != 1 ||
        (machine != EM_386 && machine != EM_486)) {
        return load_fail(error, ENOEXEC, "the kernel %s is an ELF file for another processor",
                         boot->path);
    }
    if (load_file_u16(file, ELF_PHENTSIZE) < PH_BYTES) {
        return load_fail(error, ENOEXEC, "the kernel %s has damaged ELF program headers",
                         boot->path);
    }
    return 0;
}

static int load_elf(struct multiboot *boot, char **error)
{
    const struct load_file *file = boot->kernel;
    int result = check_elf(boot, error);
    if (result < 0) {
        return result;
    }
    uint64_t table = load_file_u32(file, ELF_PHOFF);
    uint64_t entry_bytes = load_file_u16(file, ELF_PHENTSIZE);
    unsigned n = load_file_u16(file, ELF_PHNUM);
    uint32_t entry = load_file_u32(file, ELF_ENTRY);
    boot->entry_eip = entry;
    for (unsigned i = 0; i < n; i++) {
        uint64_t header = table + i * entry_bytes;
        if (!load_file_has(file, header, PH_BYTES)) {
            return load_fail(error, ENOEXEC, "the kernel %s is cut off inside its program headers",
                             boot->path);
        }
        if (load_file_u32(file, header) != PT_LOAD) {
            continue;
        }
        uint32_t vaddr = load_file_u32(file, header + PH_VADDR);
        uint32_t phys = load_file_u32(file, header + PH_PADDR);
        uint32_t n_mem = load_file_u32(file, header + PH_MEMSZ);
        if (entry - vaddr < n_mem) { /* linked high: e_entry is virtual, paging is off */
            boot->entry_eip = phys + (entry - vaddr);
        }
        result = load_piece(boot, load_file_u32(file, header + PH_OFFSET),
                            load_file_u32(file, header + PH_FILESZ), phys, n_mem, error);
        if (result < 0) {
            return result;
        }
    }
    return 0;
}

static int load_kernel(struct multiboot *boot, char **error)
{
    int64_t header_off = multiboot_find_header(boot->kernel);
    BUG_ON(header_off < 0);
    uint32_t flags = load_file_u32(boot->kernel, (uint64_t)header_off + 4);
    if (flags & 0xffff & ~FLAGS_REQUIRED_KNOWN) {
        return load_fail(
            error, ENOEXEC,
            "the kernel %s requires multiboot features that are unknown here (flags %#x)",
            boot->path, flags);
    }
    int result = flags & FLAG_ADDRESSES ? load_by_header(boot, (uint64_t)header_off, error)
                                        : load_elf(boot, error);
    if (!result && !place_is_ram(boot->place, boot->entry_eip, 1)) {
        result = load_fail(error, ENOEXEC, "the kernel %s begins at %#x, which is not RAM",
                           boot->path, boot->entry_eip);
    }
    return result;
}

int multiboot_load(const struct load_request *request, const struct load_file *kernel,
                   struct place *place, struct cpu *cpu, char **error)
{
    struct multiboot boot = {.path = request->kernel,
                             .append = request->append ? request->append : "",
                             .kernel = kernel,
                             .place = place,
                             .kernel_end = MIB(1)};
    uint32_t info_phys = 0, gdt_phys = 0;
    int result = load_kernel(&boot, error);
    if (!result) {
        result = multiboot_load_modules(&boot, request->initrd, error);
    }
    if (!result) {
        result = multiboot_put_info(&boot, &info_phys, &gdt_phys, error);
    }
    if (!result) {
        struct entry entry = {.gdt_phys = gdt_phys,
                              .code = MULTIBOOT_CODE,
                              .data = MULTIBOOT_DATA,
                              .eip = boot.entry_eip,
                              .esp = gdt_phys}; /* the spec: the kernel must set its own */
        entry_set(cpu, place, &entry);
        cpu_set_reg(cpu, GPR_EAX, ENTRY_MAGIC);
        cpu_set_reg(cpu, GPR_EBX, info_phys);
    }
    multiboot_free(&boot);
    return result;
}
