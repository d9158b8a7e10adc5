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
/* A supervisor's read or write of n words (at most 16) that lie in one page which the window gave a
 * moment ago. False: nothing was done, and nothing said; acc_read() and acc_write() will do. */
bool acc_read_near(struct cpu *cpu, uint32_t lin, uint32_t *words, unsigned n);
bool acc_write_near(struct cpu *cpu, uint32_t lin, const uint32_t *words, unsigned n);
/* 0 if [lin, lin + n_bytes) could be written (n_bytes <= 4096), else -1 with cpu->fault set. */
int acc_probe_write(struct cpu *cpu, uint32_t lin, unsigned n_bytes, enum acc_right right);
/* A data access to [lin, lin + n_bytes) is about to be made in pieces: reports it as one where no
 * window maps the pages. 0, or -1 with cpu->fault = VEC_STOPPED: it must wait. */
int acc_observe(struct cpu *cpu, uint32_t lin, unsigned n_bytes, enum acc_right right, bool write);
/* REP MOVS and REP STOS upwards, of n items of size 1, 2, 4 with the rights of the CPL; each operand
 * inside one page, nothing watched. Returns how many were done: fewer than n where the windows do not
 * have the page, and then acc_read() or acc_write() of the next one says why. */
unsigned acc_move(struct cpu *cpu, uint32_t to, uint32_t from, unsigned size_bytes, unsigned n);
unsigned acc_fill(struct cpu *cpu, uint32_t to, uint32_t value, unsigned size_bytes, unsigned n);
/* Instruction fetch: reads up to n_bytes at lin with fetch rights (NX, U/S). Returns the number
 * read; fewer than n_bytes only if a later page cannot be fetched (then cpu->fault is that #PF). */
unsigned acc_fetch(struct cpu *cpu, uint32_t lin, uint8_t *out, unsigned n_bytes);

#endif
