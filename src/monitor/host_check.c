/* host_check.c - does this host have what emitted code needs? (Apart: <sys/auxv.h> and cpu.h both
 * define PF_W.) */
#include "monitor/host_check.h"

#include <string.h>
#include <sys/auxv.h>

enum { HWCAP2_FSGSBASE_BIT = 2 };

char *monitor_check_host(void)
{
    if (!__builtin_cpu_supports("bmi2")) {
        return strdup("this host CPU lacks BMI2 (Haswell, Zen or newer is needed): plex86 cannot "
                      "emit code that leaves the flags alone");
    }
    if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_BIT)) {
        return strdup("this host's kernel does not enable FSGSBASE (Linux 5.9 or newer on a CPU "
                      "that has it; not booted with nofsgsbase)");
    }
    return NULL;
}
