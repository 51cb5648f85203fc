# SPDX-License-Identifier: GPL-2.0-only
"""System calls by number, for what Python has no function for. Each architecture has its numbers
(arch/x86/entry/syscalls/syscall_64.tbl, scripts/syscall.tbl)."""

import ctypes
import os

READ, WRITE, DELETE_MODULE, FINIT_MODULE, BPF = {
    "x86_64": (0, 1, 176, 313, 321),
    "aarch64": (63, 64, 106, 273, 280),
}[os.uname().machine]

libc = ctypes.CDLL(None, use_errno=True)


def system_call(number, *arguments):
    """Makes a system call; returns its result."""
    result = libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def is_writing(process):
    """Returns whether a process sleeps in write()."""
    with open(f"/proc/{process}/syscall", encoding="ascii") as file:
        return file.read().startswith(f"{WRITE} ")
