# SPDX-License-Identifier: GPL-2.0-only
"""Connections that a process gives to khttpd, and that khttpd returns."""

import errno
import os
import socket
import time

import process
import status
from stream import Stream

NODE = "/dev/khttpd-adopt"
# The most bytes of a connection that a process may have read, and of a record with them.
EARLY = 32768
RECORD = EARLY + 70
LOOPBACK = "127.0.0.1"
# The error of what khttpd does not adopt.
UNSUPPORTED = errno.errorcode[errno.EOPNOTSUPP]


def record(descriptor, early=b""):
    """Returns the record of a connection of which `early` was read."""
    length = f" {len(early)}" if early else ""
    return f"{descriptor}{length}\n".encode() + early


class Node:
    """An open file of the node."""

    def __init__(self, flags=os.O_RDWR):
        self.file = os.open(NODE, flags)

    def lend(self, connection, early=b""):
        """Gives a connection to khttpd, and keeps its descriptor."""
        text = record(connection.fileno(), early)
        assert os.write(self.file, text) == len(text)

    def give(self, connection, early=b""):
        """Gives a connection to khttpd, and closes its descriptor."""
        with connection:
            self.lend(connection, early)

    def refusal(self, text):
        """Returns the name of the error of a write."""
        try:
            os.write(self.file, text)
        except OSError as error:
            return errno.errorcode[error.errno]
        return "accepted"

    def take(self):
        """Waits for a connection that khttpd returns; returns it, and what of it was read before
        it was given and is still to be processed."""
        return self.take_for()[:2]

    def take_for(self):
        """As `take`; returns the process that the rule names, too."""
        text = os.read(self.file, RECORD)
        if not text:
            raise EOFError
        head, _, early = text.partition(b"\n")
        descriptor, length, process = head.decode().split(" ")
        assert len(early) == int(length), text
        return socket.socket(fileno=int(descriptor)), early, process

    def discard(self):
        """Takes connections and ends them, until khttpd has none."""
        os.set_blocking(self.file, False)
        end = time.monotonic() + status.HANG
        while status.count("connections"):
            assert time.monotonic() < end, status.comments()
            try:
                self.take()[0].close()
            except BlockingIOError:
                time.sleep(0.05)
        os.set_blocking(self.file, True)

    def close(self):
        """Closes the file."""
        os.close(self.file)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def pair(address=LOOPBACK):
    """Returns a client, and its connection in this process."""
    with process.listener(address, 0) as listens:
        stream = Stream(listens.getsockname()[:2])
        return stream, listens.accept()[0]


def adopted(node, early=b"", address=LOOPBACK):
    """Returns a client whose connection was given to khttpd."""
    stream, connection = pair(address)
    node.give(connection, early)
    return stream
