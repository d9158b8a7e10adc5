/* kernels.h - the list of compute kernels.
 *
 * A kernel is a pure function: the same n gives the same checksum on every machine. n counts equal
 * pieces of work over a data set of fixed size, so a smaller n is a shorter run of the same thing.
 * Kernels call no library routine that chooses its code by CPUID (memcpy, strlen, ...): native and
 * guest would run different instructions. (qsort and malloc do not choose.)
 */
#ifndef KERNELS_H
#define KERNELS_H

#include "bench.h"

struct kernel {
    const char *name;
    uint32_t (*run)(unsigned n);
    unsigned n_full; /* about 0.3 s natively, on a 2023 server core */
};

#define KERNEL(name, n_full) uint32_t kernel_##name(unsigned n);
#include "kernels.def"
#undef KERNEL

#endif
