/* acc.h - how C reads and writes guest memory by linear address: through the windows, as guest code
 * does, so that both always agree; a host fault inside is resolved like a guest access and ends in
 * a value, never a signal's longjmp. Light: general registers only, no libc.
 */
#ifndef VIEW_ACC_H
#define VIEW_ACC_H

#include "cpu/cpu.h"

enum acc_right {
    ACC_CPL, /* as the current CPL (user if 3): the instruction's own operands */
    ACC_SUP, /* implicit supervisor access: GDT, IDT, LDT, TSS, stack of an inner ring */
};

/* Pages that no window may map (view_set_observer) are reported here; cpu->fault may then be
 * VEC_STOPPED, which is passed on like any fault and is none. */
/* 0, or -1 with cpu->fault = the #PF (nothing read). size 1, 2, 4; may cross a page. */
int acc_read(struct cpu *cpu, uint32_t lin, unsigned size_bytes, enum acc_right right,
             uint32_t *value);
/* 0, or -1 with cpu->fault set and nothing written. */
int acc_write(struct cpu *cpu, uint32_t lin, unsigned size_bytes, enum acc_right right,
              uint32_t value);
/* 0 if [lin, lin + n_bytes) could be written (n_bytes <= 4096), else -1 with cpu->fault set. */
int acc_probe_write(struct cpu *cpu, uint32_t lin, unsigned n_bytes, enum acc_right right);
/* A data access to [lin, lin + n_bytes) that is made in pieces (cpu->acc_quiet) is reported as one,
 * where no window maps the pages. Before it: 0, or -1 with cpu->fault = VEC_STOPPED: it must wait.
 */
int acc_ask(struct cpu *cpu, uint32_t lin, unsigned n_bytes, enum acc_right right, bool write);
/* With what was read, or is about to be written. */
void acc_tell(struct cpu *cpu, uint32_t lin, unsigned n_bytes, enum acc_right right, bool write,
              const uint8_t *data);
/* REP MOVS and REP STOS upwards, of n items of size 1, 2, 4 with the rights of the CPL; each
 * operand inside one page, nothing watched. Returns how many were done: fewer than n where the
 * windows do not have the page, and then acc_read() or acc_write() of the next one says why. */
unsigned acc_move(struct cpu *cpu, uint32_t to, uint32_t from, unsigned size_bytes, unsigned n);
unsigned acc_fill(struct cpu *cpu, uint32_t to, uint32_t value, unsigned size_bytes, unsigned n);
/* Instruction fetch: reads up to n_bytes at lin with fetch rights (NX, U/S). Returns the number
 * read; fewer than n_bytes only if a later page cannot be fetched (then cpu->fault is that #PF). */
unsigned acc_fetch(struct cpu *cpu, uint32_t lin, uint8_t *out, unsigned n_bytes);

/* ---- near accesses ---- */

/* Pages that a window gave a supervisor's last accesses: GDT, IDT, TSS, kernel stack. Only a hint,
 * which spares the questions whether the page is worth a mapping: one that has gone since costs a
 * signal and is then asked about. INT and IRET make 20 such accesses. */
static inline uint32_t *acc_warm_of(struct cpu *cpu, uint32_t lin, bool write)
{
    return &cpu->acc_warm[((lin >> 12) * 2 + write) % (2 * CPU_ACC_HINTS)];
}
static inline uint32_t acc_warm_tag(uint32_t lin, bool write)
{
    return (lin & ~UINT32_C(4095)) | 4u | write;
}
static inline bool acc_is_warm(struct cpu *cpu, uint32_t lin, bool write)
{
    return *acc_warm_of(cpu, lin, write) == acc_warm_tag(lin, write) && !(cpu->mode & MODE_WATCH);
}

struct acc_host {
    uint64_t value, failed;
}; /* in rax and rdx; run/enter.S */
struct acc_host acc_host_load8(uint64_t host);
/* True in .failed: one of the n differs from what is at its host address. Else .value is what is at
 * last. */
struct acc_host acc_host_match(const struct acc_same *same, uint64_t n, uint64_t last);
struct acc_host acc_host_load_words(uint64_t host, uint32_t *words, uint64_t n);
struct acc_host acc_host_store_words(uint64_t host, const uint32_t *words, uint64_t n);

static inline bool acc_begin_near(struct cpu *cpu, uint32_t lin, unsigned n, bool write)
{
    cpu->acc_user = false;
    return acc_is_warm(cpu, lin, write) && (lin & 4095) <= 4096 - 4 * n;
}
static inline bool acc_end_near(struct cpu *cpu, uint32_t lin, bool write, bool failed)
{
    if (__builtin_expect(failed, 0)) {
        *acc_warm_of(cpu, lin, write) = 0;
    }
    return !failed;
}

/* A supervisor's read or write of n words in one warm page. False: nothing was done, and nothing
 * said; acc_read() and acc_write() will do. */
static inline bool acc_read_near(struct cpu *cpu, uint32_t lin, uint32_t *words, unsigned n)
{
    if (!acc_begin_near(cpu, lin, n, false)) {
        return false;
    }
    struct acc_host got = acc_host_load_words(cpu->dual_base[lin >> 21] + lin, words, n);
    return acc_end_near(cpu, lin, false, got.failed);
}
/* Two words at once: a descriptor. */
static inline bool acc_read_near8(struct cpu *cpu, uint32_t lin, uint64_t *value)
{
    if (!acc_begin_near(cpu, lin, 2, false)) {
        return false;
    }
    struct acc_host got = acc_host_load8(cpu->dual_base[lin >> 21] + lin);
    *value = got.value;
    return acc_end_near(cpu, lin, false, got.failed);
}
static inline bool acc_write_near(struct cpu *cpu, uint32_t lin, const uint32_t *words, unsigned n)
{
    if (!acc_begin_near(cpu, lin, n, true)) {
        return false;
    }
    struct acc_host got = acc_host_store_words(cpu->dual_base[lin >> 21] + lin, words, n);
    return acc_end_near(cpu, lin, true, got.failed);
}

#endif
