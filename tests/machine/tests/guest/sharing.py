# SPDX-License-Identifier: GPL-2.0-only
"""A process that shares its connections with khttpd: sharing.py ADDRESS PORT PIECE

It responds to one request of a connection that it has accepted, or that khttpd returns, and gives
the connection to khttpd. It reads up to PIECE bytes at a time: 1 is never more than the request."""

import errno
import os
import random
import re
import sys
import threading
import traceback

from adoption import Node
from process import listener

# Errors of giving a connection: the client has reset it, all slots are taken, or khttpd stops.
REFUSED = errno.ENOTCONN, errno.EBUSY, errno.ESHUTDOWN
LENGTH = re.compile(rb"\r\nContent-Length: (\d+)")


def content(method, target, body):
    """Returns the content of the response to a request."""
    return f"{method} {target}\n".encode() * (len(target) * 7) + body


class Process:
    """The process, which reads up to `piece` bytes at a time."""

    def __init__(self, piece):
        self.node, self.piece = Node(), piece

    def receive(self, connection):
        """Receives a piece."""
        piece = connection.recv(random.randint(1, self.piece))
        if not piece:
            raise EOFError
        return piece

    def request(self, connection, text):
        """Receives a request, of which `text` was read; returns it, and what was read after it."""
        while (end := text.find(b"\r\n\r\n")) < 0:
            text += self.receive(connection)
        found = LENGTH.search(text, 0, end)
        length = end + 4 + (int(found[1]) if found else 0)
        while len(text) < length:
            text += self.receive(connection)
        return text[:length], text[length:]

    def serve(self, connection, early=b""):
        """Responds to a request, and gives the connection to khttpd."""
        with connection:
            try:
                text, early = self.request(connection, early)
                head, _, body = text.partition(b"\r\n\r\n")
                method, target, _ = head.decode().split(" ", 2)
                # khttpd has served all others.
                assert target.startswith("/app/"), text
                body = content(method, target, body)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
                connection.sendall(body)
                self.node.lend(connection, early)
            except (EOFError, ConnectionError):
                pass
            except OSError as error:
                if error.errno not in REFUSED:
                    raise

    def start(self, *arguments):
        """Serves a connection in a thread of its own."""
        threading.Thread(target=self.serve, args=arguments).start()

    def accept(self, listens):
        """Accepts connections."""
        while True:
            self.start(listens.accept()[0])

    def run(self, listens):
        """Serves connections from both sides, until a signal."""
        threading.Thread(target=self.accept, args=(listens,)).start()
        while True:
            self.start(*self.node.take())


def fail(failure):
    """Ends the process when a thread fails."""
    traceback.print_exception(failure.exc_value)
    os._exit(1)


if __name__ == "__main__":
    threading.excepthook = fail
    Process(int(sys.argv[3])).run(listener(sys.argv[1], int(sys.argv[2]), share=True))
