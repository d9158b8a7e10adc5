/* fpu_light.c - the guest's x87 and SSE state between the host's registers and struct cpu, and
 * FS.base with it: while that state is live, FS.base is the supervisor's window, and what reaches
 * thread-local storage must not run. WRFSBASE and WRGSBASE wait for all before them and take 8 to
 * 12 ns (Zen 4); so neither is due where the guest changes its ring. Light.
 */
#include "run/offsets.h"
#include "run/run.h"

void run_park_fpu(struct cpu *cpu)
{
    if (cpu->fpu_parked) {
        return;
    }
    uint32_t mxcsr = 0x1f80;
    __asm__ volatile("wrfsbase %0" : : "r"(cpu->scratch[SCRATCH_HOST_FS]));
    __asm__ volatile("fxsave64 %0" : "=m"(cpu->fpu));
    if (cpu->fpu[4]) { /* x87 registers in use: AMD's FXSAVE has left out where the last one was */
        struct {
            uint32_t words[7];
        } environment;
        __asm__ volatile("fnstenv %0" : "=m"(environment));
        if (environment.words[3]) {
            cpu->fpu_parked_ip = environment.words[3];
            cpu->fpu_parked_dp = environment.words[5] ? environment.words[5] : cpu->fpu_parked_dp;
        }
    }
    __asm__ volatile("fninit\n\tldmxcsr %0" : : "m"(mxcsr));
    cpu->fpu_parked = true;
}

void run_unpark_fpu(struct cpu *cpu)
{
    if (!cpu->fpu_parked) {
        return;
    }
    __asm__ volatile("fxrstor64 %0" : : "m"(cpu->fpu) : "memory");
    cpu->fpu_parked = false;
    __asm__ volatile("wrfsbase %0" : : "r"(cpu->scratch[SCRATCH_FS]));
}
