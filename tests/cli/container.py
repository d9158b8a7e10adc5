#!/usr/bin/env python3
"""container.py - runs a command under what a container's default seccomp profile refuses.

Usage: tests/cli/container.py COMMAND...

Docker's default profile (docs.docker.com, "Seccomp security profiles for Docker", the table of blocked
system calls) allows a list; a process that has no capabilities meets the rest as EPERM, clone3 as ENOSYS,
so that libc falls back to clone, whose flags a filter can see.
"""
import ctypes
import errno
import os
import sys

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
CMP_MASKED_EQ, CMP_NE = 7, 1

REFUSED = """acct add_key bpf clock_adjtime clock_settime create_module delete_module finit_module fsconfig fsmount
fsopen fspick get_kernel_syms get_mempolicy init_module io_uring_enter io_uring_register io_uring_setup ioperm
iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind mount mount_setattr move_mount move_pages
name_to_handle_at nfsservctl open_by_handle_at open_tree perf_event_open pivot_root process_vm_readv
process_vm_writev ptrace query_module quotactl reboot request_key set_mempolicy setns settimeofday swapoff
swapon sysfs _sysctl umount2 unshare uselib userfaultfd ustat vm86 vm86old vhangup"""
NEW_NAMESPACES = 0x7E020000


class Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def refuse():
    lib = ctypes.CDLL("libseccomp.so.2")
    lib.seccomp_init.restype = ctypes.c_void_p
    lib.seccomp_load.argtypes = [ctypes.c_void_p]
    lib.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint,
                                           ctypes.c_void_p]
    filter_ = lib.seccomp_init(ALLOW)

    def add(name, code, *compare):
        number = lib.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return 0    # not of this architecture, or newer than the library
        array = (Compare * max(1, len(compare)))(*compare)
        result = lib.seccomp_rule_add_array(filter_, ERRNO | code, number, len(compare), array)
        if result:
            sys.exit("container.py: %s: %s" % (name, os.strerror(-result)))
        return 1

    n = sum(add(name, errno.EPERM) for name in REFUSED.split())
    n += add("clone3", errno.ENOSYS)
    for bit in range(32):
        if NEW_NAMESPACES >> bit & 1:
            n += add("clone", errno.EPERM, Compare(0, CMP_MASKED_EQ, 1 << bit, 1 << bit))
    n += add("personality", errno.EPERM, Compare(0, CMP_NE, 0xFFFFFFFF, 0))    # it allows four more
    if n < 50 or lib.seccomp_load(filter_):
        sys.exit("container.py: no filter (%d rules)" % n)


refuse()
os.execvp(sys.argv[1], sys.argv[1:])
