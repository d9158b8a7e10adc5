/* sandbox.c - the system calls a running machine may make, as a seccomp filter.
 *
 * Place in the flow: called once, between set-up and the first entry into guest code. Owns nothing.
 * The code cache stands in the way of the usual W^X rule of a jailer, so the rule here is: what is
 * executable now stays, nothing becomes executable later (no PROT_EXEC in mmap and mprotect).
 *
 * Files: a reset reads kernel, initrd and program again, so open for reading stays; every other way
 * to open is refused (-D, -serial file:, -pidfile are open by then; the pid file is unlinked at the
 * end). New descriptors of other kinds (socket, memfd, eventfd, timers) are refused; only clients
 * of a door that is open already (-gdb, -monitor) are let in.
 *
 * Unprivileged: a filter needs no_new_privs, which libseccomp sets; inside a container's default
 * profile filters stack, the stricter answer wins, and seccomp(2) itself is allowed there.
 */
#include "host/sandbox.h"

#include <errno.h>

#ifndef HAVE_SECCOMP

int host_sandbox_enter(const int *doors, unsigned n_doors)
{
    (void)doors;
    (void)n_doors;
    return -ENOSYS;
}

#else

#include <fcntl.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"

/* No argument matters. */
static const int allowed[] = {
    /* bytes: serial ports, log, reports, kernel files, eventfds */
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(ftruncate), /* a trace is begun anew */
    SCMP_SYS(fallocate), /* holes in the store of code */
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(close),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(unlink),
    /* memory: windows and arenas; brk, mremap for malloc */
    SCMP_SYS(munmap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(mremap),
    /* time and sleep */
    SCMP_SYS(timer_settime),
    SCMP_SYS(timer_gettime),
    SCMP_SYS(timer_getoverrun),
    SCMP_SYS(timer_delete),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(restart_syscall),
    /* signals and threads that are there already */
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getpgrp),
    SCMP_SYS(getrandom),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    /* first steps of a thread made just before us: glibc ends the process if rseq fails */
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
};

/* Nothing of ours, nothing of libc's: whoever calls these has taken the process over. */
static const int deadly[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(clone),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(kill),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(bpf),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(mount),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(reboot),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(personality),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
};

static int add_lists(scmp_filter_ctx filter)
{
    int error = 0;
    for (size_t i = 0; i < ARRAY_SIZE(allowed) && !error; i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(deadly) && !error; i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
    }
    /* glibc tries clone3 first and falls back to clone if the kernel does not know it */
    return error ? error : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

/* The terminal's mode and size; never TIOCSTI, which types for the user. */
static int add_ioctls(scmp_filter_ctx filter)
{
    static const unsigned requests[] = {TCGETS, TCSETS, TCSETSW, TCSETSF, TIOCGWINSZ, TIOCGPGRP};
    int error = 0;
    for (size_t i = 0; i < ARRAY_SIZE(requests) && !error; i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                 SCMP_A1_32(SCMP_CMP_EQ, requests[i], 0));
    }
    return error;
}

/* Calls that are harmless with some arguments only; with others they get the default, EPERM. */
static int add_by_argument(scmp_filter_ctx filter)
{
    const uint32_t how = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | O_PATH;
    const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    const struct scmp_arg_cmp ours = SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)getpid(), 0);
    int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_exec);
    if (!error) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_exec);
    }
    if (!error) { /* run_interrupt(), abort() */
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, ours);
    }
    if (!error) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                                 SCMP_A1_32(SCMP_CMP_MASKED_EQ, how, O_RDONLY));
    }
    if (!error) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                                 SCMP_A2_32(SCMP_CMP_MASKED_EQ, how, O_RDONLY));
    }
    return error ? error : add_ioctls(filter);
}

/* A client of a door that was open before us. It comes by accept4() only, and is read and written
 * as any other descriptor. */
static int add_doors(scmp_filter_ctx filter, const int *doors, unsigned n_doors)
{
    int error = 0;
    for (unsigned i = 0; i < n_doors && !error; i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(accept4), 1,
                                 SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)doors[i], 0));
    }
    return error;
}

int host_sandbox_enter(const int *doors, unsigned n_doors)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter) {
        return -ENOSYS;
    }
    /* all threads; calls of another architecture (int 0x80) end the process */
    int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (!error) {
        error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    }
    if (!error) { /* errors of the kernel, not ECANCELED */
        error = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
    }
    if (!error) { /* a binary tree: 0.1 us instead of a walk through fifty comparisons */
        error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    }
    if (!error) {
        error = add_lists(filter);
    }
    if (!error) {
        error = add_by_argument(filter);
    }
    if (!error) {
        error = add_doors(filter, doors, n_doors);
    }
    if (!error) {
        error = seccomp_load(filter);
    }
    seccomp_release(filter);
    return error == -EINVAL || error == -EOPNOTSUPP ? -ENOSYS : error;
}

#endif
