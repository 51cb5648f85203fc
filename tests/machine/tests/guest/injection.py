# SPDX-License-Identifier: GPL-2.0-only
"""Fault injection: allocations that fail one by one, or at random."""

import errno
import os
import subprocess
from contextlib import suppress

FAULTS = '/sys/kernel/debug/{}/{}'

# Errors that report a lack of memory: ENFILE for a socket, EADDRINUSE for a port
# (inet_csk_get_port).
SHORT = {errno.ENOMEM, errno.ENFILE, errno.ENOBUFS, errno.EADDRINUSE}

# Errors of a thread's files when it has ended.
GONE = FileNotFoundError, ProcessLookupError


def put(path, text):
    with open(path, 'w', encoding='ascii') as file:
        file.write(text)


def prepare(waiting):
    """Enables failures of all kinds of allocations, also of those that may wait for memory if
    `waiting`."""
    if not os.path.ismount('/sys/kernel/debug'):
        subprocess.run(['mount', '-t', 'debugfs', 'debugfs', '/sys/kernel/debug'], check=True)
    for kind in 'failslab', 'fail_page_alloc':
        put(FAULTS.format(kind, 'ignore-gfp-wait'), 'N' if waiting else 'Y')
        put(FAULTS.format(kind, 'verbose'), '0')
    put(FAULTS.format('fail_page_alloc', 'ignore-gfp-highmem'), 'N')
    put(FAULTS.format('fail_page_alloc', 'min-order'), '0')


class Nth:
    """Lets the nth allocation of this thread fail."""

    def __init__(self):
        self.file = os.open('/proc/thread-self/fail-nth', os.O_RDWR)

    def during(self, n, action):
        """Runs `action`; returns its errno or 0, and whether an allocation has failed on
        purpose."""
        os.pwrite(self.file, b'%d' % n, 0)
        try:
            action()
            found = 0
        except OSError as e:
            found = e.errno
        left = int(os.pread(self.file, 20, 0))
        os.pwrite(self.file, b'0', 0)
        return found, left == 0


nth = Nth()


def each(what, action, check, begin=1):
    """Repeats `action` until no allocation fails; `check` examines the state after each attempt."""
    n, refused = begin, 0
    while True:
        found, injected = nth.during(n, action)
        assert found == 0 or (injected and found in SHORT), (
            what,
            n,
            errno.errorcode.get(found, found),
        )
        check(found)
        if not injected:
            break
        refused += found != 0
        n += 1
    assert n > begin, f'{what}: no allocation has failed'
    print(
        f'{what}: {n - begin} allocations failed, which {refused} times failed the operation',
        flush=True,
    )


def chance(percent):
    for kind in 'failslab', 'fail_page_alloc':
        put(FAULTS.format(kind, 'times'), '-1')
        put(FAULTS.format(kind, 'probability'), percent)


def fail_in_workers(only):
    prepare(only == 'Y')
    for kind in 'failslab', 'fail_page_alloc':
        put(FAULTS.format(kind, 'task-filter'), only)


def workers():
    """Yields the folders in /proc of all workqueue threads."""
    for task in filter(str.isdigit, os.listdir('/proc')):
        with suppress(*GONE), open(f'/proc/{task}/comm', encoding='ascii') as comm:
            if comm.read().startswith('kworker'):
                yield f'/proc/{task}'


def mark_workers():
    """Lets allocations of all workqueue threads fail; returns the number of threads."""
    count = 0
    for worker in workers():
        with suppress(*GONE):
            put(f'{worker}/make-it-fail', '1')
            count += 1
    return count


def during_nth_of_workers(n, action):
    """Runs `action` while the nth allocation of each workqueue thread fails; returns in how many of
    them one has failed."""
    files = []
    for worker in workers():
        with suppress(*GONE):
            files.append(os.open(f'{worker}/fail-nth', os.O_RDWR))
            os.pwrite(files[-1], b'%d' % n, 0)
    action()
    failed = 0
    for file in files:
        with suppress(*GONE):
            failed += int(os.pread(file, 20, 0)) == 0
            os.pwrite(file, b'0', 0)
        os.close(file)
    return failed
