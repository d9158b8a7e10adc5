/* fpu_light.c - the guest's x87 and SSE state between the host's registers and struct cpu. Light. */
#include "run/run.h"

void run_park_fpu(struct cpu *cpu)
{
    if (cpu->fpu_parked) {
        return;
    }
    uint32_t mxcsr = 0x1f80;
    __asm__ volatile("fxsave64 %0\n\tfninit\n\tldmxcsr %1" : "=m"(cpu->fpu) : "m"(mxcsr));
    cpu->fpu_parked = true;
}

void run_unpark_fpu(struct cpu *cpu)
{
    if (!cpu->fpu_parked) {
        return;
    }
    __asm__ volatile("fxrstor64 %0" : : "m"(cpu->fpu) : "memory");
    cpu->fpu_parked = false;
}
