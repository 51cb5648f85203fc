# SPDX-License-Identifier: GPL-2.0-only
"""State that the processes of chaos.py share, and functions that several of them use."""

import collections
import ctypes
import errno
import multiprocessing
import os
import subprocess
import sys
import time
import traceback

CONTROL = '/dev/khttpd'
RELAY = '/dev/khttpd-relay'
SITES = '/tmp/chaos'
PORT = 8080
PORTS = range(8080, 8086)
# Ports of a peer that echoes and now and then resets, of a peer that only receives, and of none.
RUDE, POLITE, DEAD = 2001, 2002, 1
# Limit in seconds that ends a test in which the module stays in use although no process opens its
# nodes. Closing the relay takes 10 at most, but a busy host may be slow.
UNLOAD_LIMIT = 600
# The least `timeout stop` and `timeout send` in seconds, and the time within which neither of them
# can truncate a response.
STOP, STOP_KEPT = 5, 3
# Limit in seconds of a response on a connection that has had one before.
PATIENCE = 600
# Errors of opening a node while the module is loaded or unloaded.
GONE = {errno.ENOENT, errno.ENXIO, errno.ENODEV}
ENDED = (ConnectionResetError, BrokenPipeError, EOFError)

libc = ctypes.CDLL(None, use_errno=True)
# Without locks, which a killed process would keep.
over, pause, failed = (multiprocessing.RawValue('b') for _ in range(3))
# Incremented when unloading begins and when it has ended.
unloads = multiprocessing.RawValue('L')
# The first process of each namespace.
inhabitants = multiprocessing.RawArray('i', 2)
bodies = collections.defaultdict(set)
counts = collections.Counter()


def read(path):
    try:
        with open(path, encoding='utf-8') as file:
            return file.read()
    except OSError:
        return ''


def opened(path, flags):
    """Opens a node; returns `None` while it does not exist."""
    if pause.value:
        time.sleep(0.01)
        return None
    try:
        return os.open(path, flags)
    except OSError as e:
        if e.errno in GONE:
            counts['absent'] += 1
            time.sleep(0.005)
            return None
        if path == RELAY and e.errno == errno.ECONNREFUSED:
            counts['relay-refused'] += 1
            return None
        raise


def command(node, text):
    """Writes a text; returns 0 or the errno."""
    try:
        assert os.write(node, text.encode()) == len(text.encode())
        return 0
    except OSError as e:
        return e.errno


def run_child(function):
    """Runs a function in a child, which exits afterwards."""
    try:
        function()
        os._exit(0)
    except BaseException:
        traceback.print_exc(file=sys.stdout)
        sys.stdout.flush()
        failed.value = over.value = 1
        os._exit(1)


def ip(arguments):
    subprocess.run(['ip', *arguments.split()], check=True)
