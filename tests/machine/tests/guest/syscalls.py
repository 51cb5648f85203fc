# SPDX-License-Identifier: GPL-2.0-only
"""The part of fuzz.py that makes unusual system calls on both nodes."""

import ctypes
import fcntl
import mmap
import os
import random
import select
import socket
import threading
import time

from interruptible import (
    CONTROL,
    LIMIT,
    PATIENCE,
    RELAY,
    SITE,
    Interrupted,
    close,
    counts,
    within,
)
from system_calls import READ, WRITE, system_call


def far():
    """Returns an address that is not mapped."""
    return ctypes.c_void_p(random.choice([0, 1, 0xDEAD000, -4096, 1 << 47]))


ODD = {
    'read nowhere': lambda rng, node: system_call(
        READ, node, far(), ctypes.c_size_t(rng.choice([0, 1, 4096, 1 << 62]))
    ),
    'write from nowhere': lambda rng, node: system_call(
        WRITE, node, far(), ctypes.c_size_t(rng.choice([0, 1, 4096, 200000, 1 << 62]))
    ),
    'ioctl': lambda rng, node: fcntl.ioctl(node, rng.getrandbits(32), bytes(64)),
    'lseek': lambda rng, node: os.lseek(node, rng.choice([0, 5, -1, 1 << 62]), rng.randrange(5)),
    'pread': lambda rng, node: os.pread(node, 100, rng.choice([0, 100, 1 << 62])),
    'pwrite': lambda rng, node: os.pwrite(node, b'# x\n', rng.choice([0, 100, 1 << 62])),
    'readv': lambda rng, node: os.readv(
        node, [bytearray(rng.randrange(100)) for _ in range(rng.randrange(1, 200))]
    ),
    'writev': lambda rng, node: os.writev(
        node, [b'# x', b'', b'yz', b'\n'] * rng.randrange(1, 100)
    ),
    'mmap': lambda rng, node: mmap.mmap(node, 4096),
    'truncate': lambda rng, node: os.ftruncate(node, rng.choice([0, 1 << 40])),
    'allocate': lambda rng, node: os.posix_fallocate(node, 0, 4096),
    'sync': lambda rng, node: os.fsync(node),
    'advise': lambda rng, node: os.posix_fadvise(node, 0, 0, rng.randrange(6)),
    'lock': lambda rng, node: fcntl.flock(
        node, rng.choice([fcntl.LOCK_EX, fcntl.LOCK_UN]) | fcntl.LOCK_NB
    ),
    'lease': lambda rng, node: fcntl.fcntl(node, fcntl.F_SETLEASE, fcntl.F_WRLCK),
    'flags': lambda rng, node: fcntl.fcntl(
        node, fcntl.F_SETFL, rng.choice([os.O_NONBLOCK, os.O_APPEND, os.O_ASYNC, os.O_DIRECT, 0])
    ),
    'sendfile to': lambda rng, node: os.sendfile(
        node, os.open(f'{SITE}/hello.txt', os.O_RDONLY), 0, 0
    ),
    'splice from': lambda rng, node: splice(node, None),
    'splice to': lambda rng, node: splice(None, node),
    'epoll': lambda rng, node: epoll(node),
    'select': lambda rng, node: select.select([node], [node], [node], 0),
    'list': lambda rng, node: os.listdir(node),
    'stat': lambda rng, node: (os.fstat(node), os.fstatvfs(node)),
    'mode': lambda rng, node: os.fchmod(node, 0o600),
    'duplicate': lambda rng, node: os.close(os.dup(node)),
    'link': lambda rng, node: os.close(os.open(f'/proc/self/fd/{node}', os.O_RDWR | os.O_NONBLOCK)),
    'child': lambda rng, node: child(node),
    'threads': lambda rng, node: together(node),
    'socket': lambda rng, node: socket.socket(fileno=os.dup(node)).listen(),
}


def splice(source, target):
    ends = os.pipe()
    try:
        os.write(ends[1], b'# spliced\n')
        os.splice(ends[0] if source is None else source, ends[1] if target is None else target, 100)
    finally:
        for end in ends:
            os.close(end)


def epoll(node):
    with select.epoll() as waiting:
        waiting.register(node, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
        waiting.poll(0)


def child(node):
    """Another process writes, and closes by exiting."""
    if (process := os.fork()) == 0:
        try:
            os.write(node, b'# not finished')
        finally:
            os._exit(0)
    os.waitpid(process, 0)


def together(node):
    """Several threads read and write one open file."""

    def work():
        try:
            os.write(node, b'# x\n')
            os.read(node, 100)
        except OSError:
            pass

    os.set_blocking(node, False)
    tasks = [threading.Thread(target=work) for _ in range(3)]
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()


def odd(rng, end):
    """Makes unusual system calls, which may fail, but not block, and which have no effect."""
    while time.monotonic() < end:
        path = rng.choice([CONTROL, RELAY])
        try:
            node = within(
                os.open,
                path,
                rng.choice([os.O_RDWR, os.O_RDONLY, os.O_WRONLY])
                | rng.choice([0, os.O_NONBLOCK, os.O_PATH, os.O_APPEND]),
            )
        except (OSError, Interrupted):
            # The commands change the peer of the relay.
            counts['not-opened'] += 1
            continue
        for _ in range(rng.randint(1, 6)):
            name = rng.choice(sorted(ODD))
            try:
                within(ODD[name], rng, node, limit=LIMIT if path == RELAY else PATIENCE)
                counts['odd-done'] += 1
            except Interrupted:
                # The peer of the relay may be silent.
                assert path == RELAY, name
                counts['odd-interrupted'] += 1
            except (OSError, ValueError, OverflowError):
                counts['odd-failed'] += 1
        close(node)
