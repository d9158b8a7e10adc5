/* inspect.h - what a debugger reads and changes of a stopped machine beyond struct cpu's plain
 * fields. vCPU thread only, inside stopped() (debug.h). */
#ifndef MONITOR_INSPECT_H
#define MONITOR_INSPECT_H

#include "cpu/cpu.h"
#include "mem/mem.h"

struct cpu *machine_cpu(struct machine *machine);
struct mem *machine_mem(struct machine *machine);

/* As MOV to CR0, CR2, CR3, CR4 at CPL 0 would, its checks included. False: #GP, nothing changed. */
bool machine_set_cr(struct machine *machine, unsigned number, uint32_t value);
/* As MOV to ES, SS, DS, FS, GS would at the current CPL; CS where its selector is its base (real
 * and V86 mode). False: no such descriptor. */
bool machine_set_segment(struct machine *machine, enum seg seg, uint16_t selector);
/* x87 instruction and data pointers as the guest would store them. */
struct fpu_pointers machine_fpu_pointers(struct machine *machine);
void machine_set_fpu_pointers(struct machine *machine, const struct fpu_pointers *pointers);

#endif
