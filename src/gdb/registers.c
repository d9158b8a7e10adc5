/* registers.c - reads and sets single registers of the stopped guest, in gdb's numbering.
 *
 * Place in the flow: session.c asks for them one by one or all together. Owns nothing; struct cpu
 * is the truth (INV-2) and the FPU is parked there. What is more than a field is
 * machine/inspect.h's.
 */
#include "gdb/registers.h"

#include <string.h>

#include "base/bytes.h"
#include "monitor/inspect.h"

enum { POINTER_CS, POINTER_IP, POINTER_DS, POINTER_DP, POINTER_OPCODE };
enum {
    TABLE_GDT_BASE,
    TABLE_GDT_LIMIT,
    TABLE_IDT_BASE,
    TABLE_IDT_LIMIT,
    TABLE_LDTR,
    TABLE_LDT_BASE,
    TABLE_TR,
    TABLE_TSS_BASE
};
enum { /* FXSAVE image (SDM vol. 1, "FXSAVE Area") */
       FX_STATUS = 2,
       FX_TAGS = 4,
       FX_OPCODE = 6,
       FX_MXCSR = 24,
       FX_MXCSR_MASK = 28,
       FX_ST0 = 32
};

/* ---- one pair of functions per kind; n_bytes is the register's size ---- */

typedef void read_fn(struct machine *machine, unsigned argument, uint8_t *bytes, unsigned n_bytes);
typedef bool write_fn(struct machine *machine, unsigned argument, const uint8_t *bytes,
                      unsigned n_bytes);
#define READER(kind)                                                                               \
    static void read_##kind(struct machine *machine, unsigned argument, uint8_t *bytes,            \
                            unsigned n_bytes)
#define WRITER(kind)                                                                               \
    static bool write_##kind(struct machine *machine, unsigned argument, const uint8_t *bytes,     \
                             unsigned n_bytes)
#define UNUSED_ARGUMENTS ((void)machine, (void)argument, (void)bytes, (void)n_bytes)

READER(gpr)
{
    UNUSED_ARGUMENTS;
    bytes_put_u32(bytes, cpu_reg(machine_cpu(machine), argument));
}
WRITER(gpr)
{
    UNUSED_ARGUMENTS;
    cpu_set_reg(machine_cpu(machine), argument, bytes_get_u32(bytes));
    return true;
}

READER(eip)
{
    UNUSED_ARGUMENTS;
    bytes_put_u32(bytes, machine_cpu(machine)->eip);
}
/* The guest stands somewhere else now: what the old place's instruction held off, HLT included, is
 * over. */
WRITER(eip)
{
    UNUSED_ARGUMENTS;
    struct cpu *cpu = machine_cpu(machine);
    cpu->eip = bytes_get_u32(bytes);
    cpu->halted = false;
    cpu->interrupt_shadow = 0;
    return true;
}

READER(eflags)
{
    UNUSED_ARGUMENTS;
    bytes_put_u32(bytes, cpu_eflags(machine_cpu(machine)));
}
/* VM stays: it would change what every segment register means. */
WRITER(eflags)
{
    UNUSED_ARGUMENTS;
    struct cpu *cpu = machine_cpu(machine);
    if ((bytes_get_u32(bytes) ^ cpu_eflags(cpu)) & FLAG_VM) {
        return false;
    }
    cpu_set_eflags(cpu, bytes_get_u32(bytes));
    cpu_update_mode(cpu);
    return true;
}

READER(selector)
{
    UNUSED_ARGUMENTS;
    bytes_put_u32(bytes, machine_cpu(machine)->seg[argument].selector);
}
WRITER(selector)
{
    UNUSED_ARGUMENTS;
    return bytes_get_u32(bytes) <= UINT16_MAX &&
           machine_set_segment(machine, (enum seg)argument, (uint16_t)bytes_get_u32(bytes));
}

READER(fpu_image)
{
    memcpy(bytes, machine_cpu(machine)->fpu + argument, n_bytes);
}
WRITER(fpu_image)
{
    memcpy(machine_cpu(machine)->fpu + argument, bytes, n_bytes);
    return true;
}
READER(fpu_word)
{
    (void)n_bytes;
    const uint8_t *word = machine_cpu(machine)->fpu + argument;
    bytes_put_u32(bytes, word[0] | (uint32_t)word[1] << 8);
}
WRITER(fpu_word)
{
    return write_fpu_image(machine, argument, bytes, n_bytes / 2);
}

/* The image keeps one bit per register: empty or not. gdb wants the tag word of FSTENV (SDM vol. 1,
 * "x87 FPU Tag Word"). */
static unsigned tag_of(const uint8_t *st)
{
    unsigned exponent = (st[8] | (unsigned)st[9] << 8) & 0x7fff;
    bool is_zero = !(bytes_get_u32(st) | bytes_get_u32(st + 4));
    if (exponent == 0 && is_zero) {
        return 1;
    }
    return exponent == 0 || exponent == 0x7fff || !(st[7] & 0x80) ? 2 : 0;
}
READER(tags)
{
    UNUSED_ARGUMENTS;
    const uint8_t *image = machine_cpu(machine)->fpu;
    unsigned top = image[FX_STATUS + 1] >> 3 & 7;
    uint32_t tags = 0;
    for (unsigned i = 0; i < 8; i++) {
        const uint8_t *st = image + FX_ST0 + 16 * (uint8_t)((i - top) & 7);
        tags |= (image[FX_TAGS] >> i & 1 ? tag_of(st) : 3u) << (2 * i);
    }
    bytes_put_u32(bytes, tags);
}
WRITER(tags)
{
    UNUSED_ARGUMENTS;
    uint8_t in_use = 0;
    for (unsigned i = 0; i < 8; i++) {
        in_use |= (uint8_t)((bytes_get_u32(bytes) >> (2 * i) & 3) != 3 ? 1u << i : 0);
    }
    machine_cpu(machine)->fpu[FX_TAGS] = in_use;
    return true;
}

READER(fpu_pointer)
{
    (void)n_bytes;
    struct fpu_pointers pointers = machine_fpu_pointers(machine);
    const uint32_t values[] = {[POINTER_CS] = pointers.cs,
                               [POINTER_IP] = pointers.ip,
                               [POINTER_DS] = pointers.ds,
                               [POINTER_DP] = pointers.dp,
                               [POINTER_OPCODE] = pointers.opcode & 0x7ff};
    bytes_put_u32(bytes, values[argument]);
}
WRITER(fpu_pointer)
{
    (void)n_bytes;
    struct fpu_pointers pointers = machine_fpu_pointers(machine);
    uint32_t value = bytes_get_u32(bytes);
    switch (argument) {
    case POINTER_CS:
        pointers.cs = (uint16_t)value;
        break;
    case POINTER_IP:
        pointers.ip = value;
        break;
    case POINTER_DS:
        pointers.ds = (uint16_t)value;
        break;
    case POINTER_DP:
        pointers.dp = value;
        break;
    default:
        pointers.opcode = (uint16_t)(value & 0x7ff);
        break;
    }
    machine_set_fpu_pointers(machine, &pointers);
    return true;
}

/* Reserved bits would make the FXRSTOR that follows fault. */
WRITER(mxcsr)
{
    uint32_t mask = bytes_get_u32(machine_cpu(machine)->fpu + FX_MXCSR_MASK);
    if (bytes_get_u32(bytes) & ~(mask ? mask : 0xffbfu)) {
        return false;
    }
    return write_fpu_image(machine, argument, bytes, n_bytes);
}

READER(base)
{
    UNUSED_ARGUMENTS;
    bytes_put_u32(bytes, machine_cpu(machine)->seg[argument].base);
}
WRITER(base)
{
    UNUSED_ARGUMENTS;
    struct cpu *cpu = machine_cpu(machine);
    cpu->seg[argument].base = bytes_get_u32(bytes);
    cpu_update_mode(cpu);
    return true;
}

READER(cr)
{
    UNUSED_ARGUMENTS;
    const struct cpu *cpu = machine_cpu(machine);
    bytes_put_u32(bytes, argument == 0   ? cpu->cr0
                 : argument == 2 ? cpu->cr2
                 : argument == 3 ? cpu->cr3
                                 : cpu->cr4);
}
WRITER(cr)
{
    UNUSED_ARGUMENTS;
    return machine_set_cr(machine, argument, bytes_get_u32(bytes));
}

READER(efer)
{
    UNUSED_ARGUMENTS;
    bytes_put_u32(bytes, machine_cpu(machine)->efer);
}
READER(cpl)
{
    UNUSED_ARGUMENTS;
    bytes_put_u32(bytes, machine_cpu(machine)->cpl);
}
READER(dr)
{
    UNUSED_ARGUMENTS;
    bytes_put_u32(bytes, machine_cpu(machine)->dr[argument]);
}
READER(table)
{
    UNUSED_ARGUMENTS;
    const struct cpu *cpu = machine_cpu(machine);
    const uint32_t values[] = {
        [TABLE_GDT_BASE] = cpu->gdtr.base, [TABLE_GDT_LIMIT] = cpu->gdtr.limit,
        [TABLE_IDT_BASE] = cpu->idtr.base, [TABLE_IDT_LIMIT] = cpu->idtr.limit,
        [TABLE_LDTR] = cpu->ldtr.selector, [TABLE_LDT_BASE] = cpu->ldtr.base,
        [TABLE_TR] = cpu->tr.selector,     [TABLE_TSS_BASE] = cpu->tr.base};
    bytes_put_u32(bytes, values[argument]);
}
WRITER(none)
{
    UNUSED_ARGUMENTS;
    return false;
}

/* ---- the table ---- */

static const struct {
    uint16_t n_bytes, argument;
    read_fn *read;
    write_fn *write;
} registers[] = {
#define FEATURE(name)
#define REG(name, bits, type, group, read, write, argument)                                        \
    {(bits) / 8, argument, read_##read, write_##write},
#include "gdb/registers.def"
#undef FEATURE
#undef REG
};

unsigned registers_count(void)
{
    return ARRAY_SIZE(registers);
}

unsigned registers_bytes(unsigned number)
{
    return registers[number].n_bytes;
}

void registers_read(struct machine *machine, unsigned number, uint8_t *bytes)
{
    registers[number].read(machine, registers[number].argument, bytes, registers[number].n_bytes);
}

bool registers_write(struct machine *machine, unsigned number, const uint8_t *bytes)
{
    uint8_t now[REGISTER_MAX_BYTES];
    unsigned n_bytes = registers[number].n_bytes;
    registers_read(machine, number, now);
    return memcmp(now, bytes, n_bytes) == 0 ||
           registers[number].write(machine, registers[number].argument, bytes, n_bytes);
}
