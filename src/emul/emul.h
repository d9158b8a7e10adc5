/* emul.h - system instructions and event delivery in C. Light: this whole room is compiled with
 * general registers only and calls no libc, because the guest's FPU state is live.
 *
 * Contract of every emul_*(cpu, insn): struct cpu is the truth on entry (all registers; cpu->eip is
 * the instruction's own EIP). On LIGHT_NEXT the caller advances eip by insn->n_bytes. On LIGHT_JUMP
 * the function has set eip itself. On LIGHT_FAULT cpu->fault is filled and *no* architectural state
 * has changed. On LIGHT_EXIT cpu->exit_reason/exit_arg say what the monitor must do.
 *
 * LIGHT_JUMP comes back whenever the code that follows may have been translated for another mode or
 * address space: eip is then the next instruction to run. String instructions are the exception to
 * "nothing has changed": registers tell the iterations done when one faults, and LIGHT_JUMP with
 * eip still at the instruction means that interrupts are to be looked at (or TF trapped) in
 * between. Nothing here looks at cpu->intr otherwise: after STI, POPF, IRET the caller does.
 *
 * Exits: EXIT_HLT, eip already behind HLT. EXIT_PORT: exit_arg[0] port, [1] size in bytes, [2] 0
 * IN, 1 OUT, 2 INS, 3 OUTS, [3] value of OUT; eip at the instruction, permission already checked.
 * The monitor either does IN and OUT itself and advances eip, or, for all four, parks the FPU, sets
 * cpu->ports_full and calls the same emul_ function again. EXIT_TRIPLE_FAULT.
 */
#ifndef EMUL_EMUL_H
#define EMUL_EMUL_H

#include "cpu/cpu.h"
#include "scan/insn.h"

typedef enum light_result emul_fn(struct cpu *cpu, const struct insn *insn);

/* One function per line of ops.def: OP(NAME, function). */
#define OP(name, function) emul_fn function;
#include "emul/ops.def"
#undef OP

enum event_kind {
    EVENT_EXCEPTION,
    EVENT_INTERRUPT,
    EVENT_SOFTWARE
}; /* SOFTWARE: INT n, INT3, INTO */

/* Delivers an event through the IDT (or IVT in real mode) exactly as SDM vol. 3, "Interrupt and
 * Exception Handling": stack switch, error code, V86, task gates, nested faults -> #DF -> triple.
 * For exceptions of kind fault, cpu->eip is the faulting instruction; for SOFTWARE it is the *next*
 * one (INT n itself goes through emul_int(), which charges its own faults to INT n). Returns
 * LIGHT_JUMP, or LIGHT_EXIT with EXIT_TRIPLE_FAULT. Clears halted/shadow. */
enum light_result emul_deliver(struct cpu *cpu, enum event_kind kind, struct fault event);

/* INT n and IRET (operand size 4) in their usual shape (ring.c). True: done, as after LIGHT_JUMP.
 * False: nothing has changed, emul_int() or emul_iret() must find out. CS is flat, if at all. */
bool emul_int_flat(struct cpu *cpu, const struct insn *insn);
bool emul_iret_flat(struct cpu *cpu, const struct insn *insn);

/* MOV and POP to DS, ES, FS, GS of what they hold already, and to FS and GS of what they held a
 * moment ago (known.c). True: done, as after LIGHT_NEXT. False: nothing has changed. */
bool emul_load_known(struct cpu *cpu, const struct insn *insn, bool pops);

/* Fills cpu->fault and returns LIGHT_FAULT. */
enum light_result emul_fault(struct cpu *cpu, unsigned vector,
                             uint32_t error);                         /* with error code */
enum light_result emul_fault_plain(struct cpu *cpu, unsigned vector); /* without */

/* Linear address of insn's memory operand, with segment limit and type checks for n_bytes
 * (write: needs a writable segment). 0, or -1 with cpu->fault (#GP(0), #SS(0)). Handles 16- and
 * 32-bit addressing, real mode, V86, expand-down. */
int emul_operand_lin(struct cpu *cpu, const struct insn *insn, unsigned n_bytes, bool write,
                     uint32_t *lin);
/* The same for an explicit segment and offset. */
int emul_segment_lin(struct cpu *cpu, enum seg seg, uint32_t off, unsigned n_bytes, bool write,
                     uint32_t *lin);
/* Offset (before the segment) of insn's memory operand. */
uint32_t emul_operand_off(const struct cpu *cpu, const struct insn *insn);

/* True if [port, port + size) may be used at the current CPL/IOPL/V86 (I/O permission bitmap). On
 * false cpu->fault is set. */
bool emul_port_allowed(struct cpu *cpu, uint16_t port, unsigned size_bytes);

/* Port access. in() and out() return false, with nothing done, if the port needs the full monitor.
 * machine_ports() gives the light pair while cpu->ports_full is false and a pair that never returns
 * false while it is true. *value of in() is cut to the size by the caller. */
struct emul_ports {
    bool (*in)(void *arg, uint16_t port, unsigned size_bytes, uint32_t *value);
    bool (*out)(void *arg, uint16_t port, unsigned size_bytes, uint32_t value);
    void *arg;
};
const struct emul_ports *machine_ports(struct machine *machine);

#endif
