/* sandbox.h - gives up what a running machine does not need: most of the kernel. Full. */
#ifndef HOST_SANDBOX_H
#define HOST_SANDBOX_H

/* doors: listening sockets (host/server.h) where clients may still be accepted.
 * After set-up (memory mapped, files open, timer made, I/O thread running), before the first guest
 * instruction. Holds for all threads, for good. What is refused from then on: EPERM, or the end of
 * the process (SIGSYS) for what only an attacker asks for. 0; -ENOSYS: built without libseccomp or
 * a kernel without seccomp; other -errno. With an error nothing has changed but no_new_privs. */
int host_sandbox_enter(const int *doors, unsigned n_doors);

#endif
