/* debug.c - what the debug registers watch (SDM vol. 3, "Debug Registers", "Breakpoint Field
 * Recognition"). Pure questions about DR0-DR7; who asks them: the hub before an instruction runs
 * (code), view/acc.c (data), emul/io.c (ports). Raising #DB is the hub's business. Light.
 */
#include "cpu/cpu.h"

enum { WATCH_CODE = 0, WATCH_WRITE = 1, WATCH_PORT = 2, WATCH_READ_WRITE = 3 };

/* Register i is armed for one of kinds (a bit set of 1 << WATCH_x) and covers part of the range. */
static bool is_hit(const struct cpu *cpu, unsigned i, unsigned kinds, uint32_t at, unsigned n_bytes)
{
    static const uint8_t bytes_of[4] = {1, 2, 8, 4};
    const uint32_t dr7 = cpu->dr[7];
    const unsigned kind = (dr7 >> (16 + 4 * i)) & 3;
    const uint32_t length = bytes_of[(dr7 >> (18 + 4 * i)) & 3];
    if (!(dr7 >> (2 * i) & 3) || !(kinds >> kind & 1)) {
        return false;
    }
    const uint32_t first = cpu->dr[i] & ~(length - 1); /* low bits are ignored, as LEN says */
    return at - first < length || first - at < n_bytes;
}

static uint32_t find_hits(const struct cpu *cpu, unsigned kinds, uint32_t at, unsigned n_bytes)
{
    uint32_t hits = 0;
    for (unsigned i = 0; i < 4; i++) {
        hits |= is_hit(cpu, i, kinds, at, n_bytes) ? 1u << i : 0;
    }
    return hits;
}

/* Only the first byte of an instruction, prefixes included, is compared. */
uint32_t cpu_debug_code(const struct cpu *cpu, uint32_t lin)
{
    return find_hits(cpu, 1u << WATCH_CODE, lin, 1);
}

/* Ports are watched only with CR4.DE; without it that encoding is undefined. */
uint32_t cpu_debug_port(const struct cpu *cpu, uint32_t port, unsigned size_bytes)
{
    return cpu->cr4 & CR4_DE ? find_hits(cpu, 1u << WATCH_PORT, port, size_bytes) : 0;
}

void cpu_debug_data(struct cpu *cpu, uint32_t lin, unsigned n_bytes, bool write)
{
    const unsigned kinds = 1u << WATCH_READ_WRITE | (write ? 1u << WATCH_WRITE : 0);
    cpu->debug_hits |= find_hits(cpu, kinds, lin, n_bytes);
}
