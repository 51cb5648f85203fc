# SPDX-License-Identifier: GPL-2.0-only
"""The node of the access log, without lines: log_node.py"""

import contextlib
import os
import select
import signal
import stat
import subprocess
import threading
import traceback

import status
from access_log import LINE, NODE, Reader, error


def is_roots_alone():
    """Only root opens the node."""
    found = os.stat(NODE)
    assert stat.S_ISCHR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o600, found
    assert (found.st_uid, found.st_gid) == (0, 0), found


def has_one_reader():
    """A second reader is refused, until the first has closed the node."""
    with Reader() as first:
        assert error(Reader) == "EBUSY"
        copy = os.dup(first.file)
    assert error(Reader) == "EBUSY"
    os.close(copy)
    Reader().close()


def takes_no_bytes():
    """The node cannot be written."""
    assert error(Reader, os.O_WRONLY) == "EINVAL"
    with Reader(os.O_RDWR) as reader:
        assert error(os.write, reader.file, b"x") == "EINVAL"
        assert error(Reader) == "EBUSY"


def is_empty():
    """Without a line, a read waits or reports that there is none."""
    with Reader(os.O_NONBLOCK) as reader:
        assert error(reader.read) == "EAGAIN"
        assert reader.read(0) == b""
        poll = select.poll()
        poll.register(reader.file, select.POLLIN | select.POLLOUT)
        assert poll.poll(0) == []


class Alarm(Exception):
    """A signal has come."""


def raise_alarm(*_):
    """Ends a system call."""
    raise Alarm


def is_interrupted():
    """A signal ends the wait."""
    signal.signal(signal.SIGALRM, raise_alarm)
    with Reader() as reader:
        signal.setitimer(signal.ITIMER_REAL, 0.5, 0.5)
        with contextlib.suppress(Alarm):
            reader.read()
            raise AssertionError("read without a line")
        signal.setitimer(signal.ITIMER_REAL, 0)


def is_killed():
    """A reader that is killed while it waits leaves its place."""
    ready = os.pipe()
    if (child := os.fork()) == 0:
        with Reader() as reader:
            os.write(ready[1], b"!")
            reader.read()
        os._exit(1)
    assert os.read(ready[0], 1)
    assert error(Reader) == "EBUSY"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    Reader().close()


def needs_a_server():
    """A namespace without a server has no log."""
    if (child := os.fork()) == 0:
        code = 1
        try:
            os.unshare(os.CLONE_NEWNET)
            assert error(Reader) == "ESHUTDOWN"
            status.command("start")
            Reader().close()
            code = 0
        except BaseException:  # pylint: disable=broad-except
            traceback.print_exc()
        os._exit(code)
    assert os.waitpid(child, 0)[1] == 0


def opened_in(name):
    """Makes a server in a namespace, and opens the node there."""
    here, there = (os.open(path, os.O_RDONLY) for path in ("/proc/self/ns/net", f"/run/netns/{name}"))
    os.setns(there, os.CLONE_NEWNET)
    status.command("start")
    reader = Reader()
    os.setns(here, os.CLONE_NEWNET)
    os.close(here)
    os.close(there)
    return reader


def ends_with_its_namespace():
    """A reader outside sees the end of the namespace, which it does not keep."""
    subprocess.run(["ip", "netns", "add", "a"], check=True)
    with opened_in("a") as reader:
        # Each namespace has a log of its own.
        Reader().close()
        poll = select.poll()
        poll.register(reader.file, select.POLLIN)
        assert poll.poll(0) == []
        found = []
        thread = threading.Thread(target=lambda: found.append(reader.read(LINE)))
        thread.start()
        subprocess.run(["ip", "netns", "del", "a"], check=True)
        thread.join(status.HANG)
        assert found == [b""], found
        assert poll.poll(0) == [(reader.file, select.POLLIN | select.POLLHUP)]
        assert reader.read(LINE) == b""


for case in (
    is_roots_alone,
    has_one_reader,
    takes_no_bytes,
    is_empty,
    is_interrupted,
    is_killed,
    needs_a_server,
    ends_with_its_namespace,
):
    print(case.__name__, flush=True)
    case()
