/* fpu_light.c - x87 instruction and data pointers as the guest should see them (SDM vol. 1, "x87
 * FPU Instruction and Data (Operand) Pointers"; pitfall 9). Light.
 *
 * The host's registers hold addresses in the code cache. They are translated when the guest looks:
 * after FNSTENV, FNSAVE and FXSAVE. What the guest loads (FLDENV, FRSTOR, FXRSTOR, FNINIT) is kept
 * in cpu->fpu_pointers, and the host's registers are cleared: as long as the host's instruction
 * pointer is 0, no x87 instruction has run since. run_park_fpu() notes the host's pointers, because
 * on AMD FXSAVE drops them unless an exception is pending.
 *
 * DEVIATION: for the same reason a host that switches away from us at the wrong moment loses them;
 * the guest then sees older ones, as under any system on AMD. Never while an exception is pending.
 */
#include "base/bytes.h"
#include "monitor/machine_internal.h"
#include "view/acc.h"

bool fpu_was_not_stored(const struct insn *insn);
void fpu_fix_stored(struct cpu *cpu, const struct insn *insn, uint8_t *image);
void fpu_forget_host(struct machine *machine);
enum light_result light_fpu_stored(struct cpu *cpu, const struct insn *insn);
enum light_result light_fpu_loaded(struct cpu *cpu, const struct insn *insn);
enum light_result light_mask_move(struct cpu *cpu, const struct insn *insn);

enum { IMAGE_BYTES = 28, FXSAVE_IMAGE_BYTES = 32 };
struct environment {
    uint32_t words[7];
};

/* Where the pointers lie in what an instruction stores or loads (SDM vol. 1, "Protected Mode x87
 * FPU State Image in Memory, 32-Bit Format" and the three other figures; vol. 2, "FXSAVE"). */
enum layout { LAYOUT_PROT32, LAYOUT_REAL32, LAYOUT_PROT16, LAYOUT_REAL16, LAYOUT_FXSAVE };

static enum layout layout_of(const struct cpu *cpu, const struct insn *insn)
{
    if (insn->map == 1) {
        return LAYOUT_FXSAVE;
    }
    bool real = !(cpu->cr0 & CR0_PE) || (cpu->sysflags & FLAG_VM);
    if (insn->opattr == 4) {
        return real ? LAYOUT_REAL32 : LAYOUT_PROT32;
    }
    return real ? LAYOUT_REAL16 : LAYOUT_PROT16;
}

static unsigned layout_bytes(enum layout layout)
{
    return layout == LAYOUT_FXSAVE                              ? FXSAVE_IMAGE_BYTES
           : layout == LAYOUT_PROT32 || layout == LAYOUT_REAL32 ? IMAGE_BYTES
                                                                : IMAGE_BYTES / 2;
}

static uint32_t get16(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}
static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put_pointers(uint8_t *image, enum layout layout, const struct fpu_pointers *pointers)
{
    uint32_t opcode = pointers->opcode & 0x7ff;
    /* real-address forms hold linear addresses */
    uint32_t ip = pointers->ip + ((uint32_t)pointers->cs << 4);
    uint32_t dp = pointers->dp + ((uint32_t)pointers->ds << 4);
    switch (layout) {
    case LAYOUT_PROT32:
        bytes_put_u32(image + 12, pointers->ip);
        bytes_put_u32(image + 16, pointers->cs | opcode << 16);
        bytes_put_u32(image + 20, pointers->dp);
        bytes_put_u32(image + 24, 0xffff0000u | pointers->ds);
        break;
    case LAYOUT_REAL32:
        bytes_put_u32(image + 12, 0xffff0000u | (ip & 0xffff));
        bytes_put_u32(image + 16, opcode | (ip >> 16) << 12);
        bytes_put_u32(image + 20, 0xffff0000u | (dp & 0xffff));
        bytes_put_u32(image + 24, (dp >> 16) << 12);
        break;
    case LAYOUT_PROT16:
        put16(image + 6, pointers->ip);
        put16(image + 8, pointers->cs);
        put16(image + 10, pointers->dp);
        put16(image + 12, pointers->ds);
        break;
    case LAYOUT_REAL16:
        put16(image + 6, ip);
        put16(image + 8, opcode | (ip >> 16 & 15) << 12);
        put16(image + 10, dp);
        put16(image + 12, (dp >> 16 & 15) << 12);
        break;
    case LAYOUT_FXSAVE:
        put16(image + 6, opcode);
        bytes_put_u32(image + 8, pointers->ip);
        bytes_put_u32(image + 12, pointers->cs);
        bytes_put_u32(image + 16, pointers->dp);
        bytes_put_u32(image + 20, pointers->ds);
        break;
    }
}

static struct fpu_pointers get_pointers(const uint8_t *image, enum layout layout)
{
    switch (layout) {
    case LAYOUT_PROT32:
        return (struct fpu_pointers){.ip = bytes_get_u32(image + 12),
                                     .cs = (uint16_t)get16(image + 16),
                                     .opcode = get16(image + 18) & 0x7ff,
                                     .dp = bytes_get_u32(image + 20),
                                     .ds = (uint16_t)get16(image + 24)};
    case LAYOUT_REAL32:
        return (struct fpu_pointers){
            .ip = get16(image + 12) | (bytes_get_u32(image + 16) >> 12) << 16,
            .opcode = get16(image + 16) & 0x7ff,
            .dp = get16(image + 20) | (bytes_get_u32(image + 24) >> 12) << 16};
    case LAYOUT_PROT16:
        return (struct fpu_pointers){.ip = get16(image + 6),
                                     .cs = (uint16_t)get16(image + 8),
                                     .dp = get16(image + 10),
                                     .ds = (uint16_t)get16(image + 12)};
    case LAYOUT_REAL16:
        return (struct fpu_pointers){.ip = get16(image + 6) | (get16(image + 8) >> 12) << 16,
                                     .opcode = get16(image + 8) & 0x7ff,
                                     .dp = get16(image + 10) | (get16(image + 12) >> 12) << 16};
    default:
        return (struct fpu_pointers){.opcode = get16(image + 6) & 0x7ff,
                                     .ip = bytes_get_u32(image + 8),
                                     .cs = (uint16_t)get16(image + 12),
                                     .dp = bytes_get_u32(image + 16),
                                     .ds = (uint16_t)get16(image + 20)};
    }
}

/* FNSTENV masks all exceptions: FLDENV brings the old mask back. */
static void read_host(struct environment *host)
{
    __asm__ volatile("fnstenv %0\n\tfldenv %0" : "=m"(*host));
}

static void clear_host(void)
{
    struct environment host;
    __asm__ volatile("fnstenv %0" : "=m"(host));
    host.words[3] = host.words[4] = host.words[5] = host.words[6] = 0;
    __asm__ volatile("fldenv %0" : : "m"(host));
}

/* Opcode and segment of the x87 instruction whose bytes these are. */
static bool decode_x87(const uint8_t *bytes, unsigned n, struct fpu_pointers *pointers,
                       enum seg *seg)
{
    static const uint8_t overrides[N_SEG] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    bool overridden = false;
    unsigned i = 0;
    *seg = SEG_DS;
    for (; i < n && (bytes[i] & 0xf8) != 0xd8; i++) {
        for (unsigned s = 0; s < N_SEG; s++) {
            if (bytes[i] == overrides[s]) {
                *seg = (enum seg)s;
                overridden = true;
            }
        }
    }
    if (i + 1 >= n) {
        return false;
    }
    unsigned modrm = bytes[i + 1], mod = modrm >> 6, rm = modrm & 7;
    pointers->opcode = (uint16_t)((bytes[i] & 7) << 8 | modrm);
    /* EBP as base; ESP needs a SIB byte. 16-bit forms: good enough for a field nobody reads. */
    bool stack = (mod != 0 && rm == 5) || (rm == 4 && i + 2 < n && (bytes[i + 2] & 7) == 4);
    if (mod != 3 && stack && !overridden) {
        *seg = SEG_SS;
    }
    return mod != 3;
}

/* Host instruction pointer -> what the guest would have. False: not (any longer) in the cache. */
static bool find_pointers(struct cpu *cpu, uint32_t host_ip, uint32_t host_dp,
                          struct fpu_pointers *pointers)
{
    struct machine *machine = cpu->machine;
    const struct unit *unit = host_ip ? cache_find(&machine->cache, host_ip) : NULL;
    const struct unit_insn *place = unit ? cache_find_insn(&machine->cache, unit, host_ip) : NULL;
    if (!place) {
        return false;
    }
    uint32_t phys = unit->page->phys->phys_page << 12 | place->page_off;
    const uint8_t *bytes = mem_page_host(&machine->mem, phys);
    unsigned left = PAGE_BYTES - place->page_off;
    bool same_ring = !((unit->page->mode ^ cpu->mode) & (MODE_USER | MODE_CPL0));
    enum seg seg = SEG_DS;
    if (bytes) {
        decode_x87(bytes, place->n_bytes < left ? place->n_bytes : left, pointers, &seg);
    }
    pointers->ip =
        (unit->page->lin_page << 12 | place->page_off) - (same_ring ? cpu->seg[SEG_CS].base : 0);
    pointers->cs = same_ring ? cpu->seg[SEG_CS].selector : 0;
    if (host_dp) {
        bool staged = host_dp - (uint32_t)(uint64_t)cpu->staging < CPU_STAGING_BYTES;
        bool based = !staged && (seg == SEG_FS || seg == SEG_GS);
        pointers->dp = staged ? cpu->fpu_checked_off : host_dp - (based ? cpu->seg[seg].base : 0);
        pointers->ds = same_ring ? cpu->seg[seg].selector : 0;
    }
    return true;
}

/* The pointers as they stand; host: what the host's registers hold. */
struct fpu_pointers fpu_current_pointers(struct cpu *cpu, uint32_t host_ip, uint32_t host_dp)
{
    struct fpu_pointers pointers = cpu->fpu_pointers;
    if (cpu->fpu_parked_ip) {
        find_pointers(cpu, cpu->fpu_parked_ip, cpu->fpu_parked_dp, &pointers);
    }
    find_pointers(cpu, host_ip, host_dp, &pointers);
    return pointers;
}

/* The code cache is about to be emptied: addresses in it must become the guest's. */
void fpu_forget_host(struct machine *machine)
{
    struct cpu *cpu = machine->cpu;
    BUG_ON(!cpu->fpu_parked);
    cpu->fpu_pointers = fpu_current_pointers(cpu, 0, 0);
    cpu->fpu_parked_ip = cpu->fpu_parked_dp = 0;
}

/* image: what FNSTENV, FNSAVE or FXSAVE has just stored. */
void fpu_fix_stored(struct cpu *cpu, const struct insn *insn, uint8_t *image)
{
    enum layout layout = layout_of(cpu, insn);
    uint32_t host_ip, host_dp;
    if (layout == LAYOUT_FXSAVE) {
        struct fpu_pointers none = {0};
        if (!image[4] &&
            !get16(image + 2)) { /* nothing of x87 is in use: most of today's threads */
            put_pointers(image, layout, &none);
            return;
        }
        struct environment host;
        read_host(&host);
        host_ip = host.words[3];
        host_dp = host.words[5];
    } else if (layout == LAYOUT_PROT32 || layout == LAYOUT_REAL32) {
        host_ip = bytes_get_u32(image + 12); /* the host stores the first form of both */
        host_dp = bytes_get_u32(image + 20);
    } else { /* the 16-bit forms show half of it */
        struct environment host;
        read_host(&host);
        host_ip = host.words[3];
        host_dp = host.words[5];
    }
    struct fpu_pointers pointers = fpu_current_pointers(cpu, host_ip, host_dp);
    put_pointers(image, layout, &pointers);
    if (insn->map == 0 && insn->opcode == 0xdd) { /* FNSAVE ends with FNINIT */
        cpu->fpu_pointers = (struct fpu_pointers){0};
        cpu->fpu_parked_ip = cpu->fpu_parked_dp = 0;
    }
}

/* The instruction itself ran: its memory is there. */
static bool copy_image(struct cpu *cpu, uint32_t lin, uint8_t *image, unsigned n_bytes, bool write)
{
    const unsigned n = cpu->cpl < 3 && n_bytes % 4 == 0 ? n_bytes / 4 : 0;
    for (unsigned i = 0; i < n_bytes; i += 2) {
        if (n && i <= 2 && !write && acc_read_near(cpu, lin, (void *)image, n)) {
            return true; /* tried again when the first access has warmed the page */
        }
        uint32_t value = write ? get16(image + i) : 0;
        if (write ? acc_write(cpu, lin + i, 2, ACC_CPL, value)
                  : acc_read(cpu, lin + i, 2, ACC_CPL, &value)) {
            return false;
        }
        put16(image + i, value);
    }
    return true;
}

enum light_result light_fpu_stored(struct cpu *cpu, const struct insn *insn)
{
    uint8_t image[FXSAVE_IMAGE_BYTES];
    unsigned n_bytes = layout_bytes(layout_of(cpu, insn));
    uint32_t lin = cpu->seg[insn->seg].base + emul_operand_off(cpu, insn);
    if (copy_image(cpu, lin, image, n_bytes, false)) {
        fpu_fix_stored(cpu, insn, image);
        copy_image(cpu, lin, image, n_bytes, true);
    }
    return LIGHT_NEXT;
}

enum light_result light_fpu_loaded(struct cpu *cpu, const struct insn *insn)
{
    uint8_t image[FXSAVE_IMAGE_BYTES];
    cpu->fpu_parked_ip = cpu->fpu_parked_dp = 0;
    cpu->fpu_pointers = (struct fpu_pointers){0};
    if (!insn->is_mem) {
        return LIGHT_NEXT; /* FNINIT has cleared the host's */
    }
    enum layout layout = layout_of(cpu, insn);
    uint32_t lin = cpu->seg[insn->seg].base + emul_operand_off(cpu, insn);
    if (!copy_image(cpu, lin, image, layout_bytes(layout), false)) {
        return LIGHT_NEXT;
    }
    cpu->fpu_pointers = get_pointers(image, layout);
    /* Nothing of x87 in use, no pointers: what the host's hold will not be asked for. */
    if (layout != LAYOUT_FXSAVE || image[4] || cpu->fpu_pointers.ip) {
        clear_host();
    }
    return LIGHT_NEXT;
}

/* An x87 store that met an unmasked exception other than precision has stored nothing (SDM vol. 1,
 * "Invalid Operation Exception (#I)" and the sections behind it). None was pending before it. */
bool fpu_was_not_stored(const struct insn *insn)
{
    uint16_t control, status;
    if (insn->map != 0 || !(insn->flags & INSN_FPU) || insn_is_x87_control(insn)) {
        return false;
    }
    __asm__ volatile("fnstcw %0\n\tfnstsw %1" : "=m"(control), "=m"(status));
    return status & ~control & 0x1f;
}

/* MASKMOVQ, MASKMOVDQU (SDM vol. 2): bytes of the first register whose mask byte in the second has
 * bit 7 set go to DS:EDI. The registers are read from an FXSAVE image. */
enum light_result light_mask_move(struct cpu *cpu, const struct insn *insn)
{
    _Alignas(16) uint8_t image[512];
    unsigned n_bytes = insn->has_66 ? 16 : 8, base = insn->has_66 ? 160 : 32, last = 0;
    if (!insn->has_66) {  /* as an MMX instruction: TOP = 0, all tags valid (#MF was looked for) */
        uint32_t ignored; /* a read: a write to MM0 would fill bits 64 to 79 of the register */
        __asm__ volatile("movd %%mm0, %0" : "=r"(ignored) : : "memory");
    }
    __asm__ volatile("fxsave64 %0" : "=m"(image));
    const uint8_t *data = image + base + 16 * insn_reg(insn);
    const uint8_t *mask = image + base + 16 * insn_rm(insn);
    uint32_t off = cpu_reg(cpu, GPR_EDI), lin;
    off = insn->adsize == 2 ? off & 0xffff : off;
    for (unsigned i = 0; i < n_bytes; i++) {
        last = mask[i] & 0x80 ? i + 1 : last;
    }
    if (!last) {
        return LIGHT_NEXT;
    }
    if (emul_segment_lin(cpu, (enum seg)insn->seg, off, n_bytes, true, &lin) ||
        acc_probe_write(cpu, lin, last, ACC_CPL)) {
        return LIGHT_FAULT;
    }
    for (unsigned i = 0; i < last; i++) {
        if ((mask[i] & 0x80) && acc_write(cpu, lin + i, 1, ACC_CPL, data[i])) {
            return LIGHT_FAULT;
        }
    }
    return LIGHT_NEXT;
}
