# SPDX-License-Identifier: GPL-2.0-only
"""What the parts of fuzz.py share: the nodes, counts, and calls that are interrupted after a while."""

import collections
import ctypes
import os
import signal

CONTROL = '/dev/khttpd'
RELAY = '/dev/khttpd-relay'
SITE = '/srv/site'
PEER = ('127.0.0.1', 2001)
# Seconds after which a call is interrupted: it may load many files, or connect to a silent peer.
LIMIT = 2
# Limit in seconds of a call on the control node without a command, however slow the machine is.
PATIENCE = 600
counts = collections.Counter()
libc = ctypes.CDLL(None, use_errno=True)


class Interrupted(Exception):
    """A call was interrupted."""


def interrupt(*_):
    raise Interrupted


def within(function, *arguments, limit=LIMIT):
    """Calls a function, and interrupts it after the limit."""
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        return function(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def close(node):
    """Closes a node; a failed close closes it, too."""
    try:
        within(os.close, node)
    except (OSError, Interrupted):
        pass
