/* sys.h - raw Linux system calls for light code (no libc, no errno): return value or -errno. */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include <stdint.h>
#include <sys/syscall.h>

static inline long sys_call6(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
static inline long sys_mmap(uint64_t host, uint64_t n_bytes, int prot, int flags, int fd,
                            uint64_t off)
{
    return sys_call6(SYS_mmap, (long)host, (long)n_bytes, prot, flags, fd, (long)off);
}
static inline long sys_mprotect(uint64_t host, uint64_t n_bytes, int prot)
{
    return sys_call6(SYS_mprotect, (long)host, (long)n_bytes, prot, 0, 0, 0);
}
static inline long sys_madvise(uint64_t host, uint64_t n_bytes, int advice)
{
    return sys_call6(SYS_madvise, (long)host, (long)n_bytes, advice, 0, 0, 0);
}

#endif
