# SPDX-License-Identifier: GPL-2.0-only
"""The access log: its node, and lines of it."""

import contextlib
import ctypes
import errno
import json
import os
import subprocess
import threading
import traceback

import status
from stream import Stream, request

NODE = "/dev/khttpd-log"
# Room for any line.
LINE = 8192
# Requests on a connection: fewer than khttpd's bound.
SERVED = 5000
SMALL = request("HEAD", "/robots.txt")

libc = ctypes.CDLL(None, use_errno=True)


def error(function, *arguments):
    """Returns the name of the error of a function."""
    try:
        function(*arguments)
    except OSError as found:
        return errno.errorcode[found.errno]
    return "none"


class Reader:
    """The open node."""

    def __init__(self, flags=os.O_RDONLY):
        self.file = os.open(NODE, flags)

    def read(self, room=1 << 16):
        """Returns what one call of read(2) returns."""
        return os.read(self.file, room)

    def read_to(self, address, room):
        """Reads to an address; returns the length, or the name of the error."""
        length = libc.read(self.file, ctypes.c_void_p(address), ctypes.c_size_t(room))
        return length if length >= 0 else errno.errorcode[ctypes.get_errno()]

    def rest(self, room=1 << 16):
        """Returns all that can be read at once."""
        os.set_blocking(self.file, False)
        pieces = []
        with contextlib.suppress(BlockingIOError):
            while piece := self.read(room):
                pieces.append(piece)
        os.set_blocking(self.file, True)
        return b"".join(pieces)

    def close(self):
        """Closes the node."""
        os.close(self.file)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Collector(threading.Thread):
    """Reads all lines until `end` is called."""

    def __init__(self):
        super().__init__(daemon=True)
        self.reader, self.pieces, self.ended = Reader(os.O_NONBLOCK), [], threading.Event()
        self.start()

    def run(self):
        while True:
            is_last = self.ended.is_set()
            self.pieces.append(self.reader.rest())
            if is_last:
                return
            self.ended.wait(0.01)

    def end(self):
        """Returns the bytes of all lines."""
        self.ended.set()
        self.join()
        self.reader.close()
        return b"".join(self.pieces)


def objects(text):
    """Returns the lines of the JSON format, and the number of lost lines that others tell of."""
    assert not text or text.endswith(b"\n"), text[-100:]
    found = [json.loads(line) for line in text.splitlines()]
    return [line for line in found if "lost" not in line], sum(line.get("lost", 0) for line in found)


def ask(count, message=SMALL, batch=50):
    """Makes requests, as many on a connection as khttpd serves."""
    while count:
        with Stream() as stream:
            for _ in range(min(count, SERVED) // batch or 1):
                now = min(count, batch)
                stream.send(message * now)
                for _ in range(now):
                    stream.response(message.startswith(b"HEAD"))
                count -= now


class Clients:
    """Processes that make requests, each on a CPU of its own if there are so many."""

    def __init__(self, count, processes=1, message=SMALL, batch=50):
        self.left = [self.client(n, count, message, batch) for n in range(processes)]

    @staticmethod
    def client(number, *arguments):
        """Begins a process, and returns its number."""
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.sched_setaffinity(0, {number % os.cpu_count()})
                ask(*arguments)
                code = 0
            except BaseException:  # pylint: disable=broad-except
                traceback.print_exc()
            os._exit(code)
        return child

    def are_busy(self):
        """Returns whether a process has requests left."""
        for child in list(self.left):
            pid, code = os.waitpid(child, os.WNOHANG)
            if pid:
                assert code == 0, "a client has failed"
                self.left.remove(child)
        return bool(self.left)

    def join(self):
        """Waits for all processes."""
        while self.left:
            assert os.waitpid(self.left.pop(), 0)[1] == 0, "a client has failed"


def settle():
    """Waits until no connection is left, and with that no line is to come."""
    status.wait_for("connections", 0)


def reports():
    """Returns the lines of the kernel's log about lost lines."""
    log = subprocess.run(["dmesg"], check=True, capture_output=True, text=True).stdout
    return [line for line in log.splitlines() if "lines lost" in line]
