# SPDX-License-Identifier: GPL-2.0-only
"""A client that sees every byte."""

import re
import socket
import struct

import status

KHTTPD = "127.0.0.1", 8080
# A file of khttpd's own.
ROBOTS = b"GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n"


def request(method, target, *fields, version="1.1", body=b""):
    """Returns the bytes of a request."""
    if body:
        fields = *fields, f"Content-Length: {len(body)}"
    lines = f"{method} {target} HTTP/{version}", "Host: a", *fields
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


def masked(received):
    """Returns bytes without the times of responses."""
    return re.sub(rb"\r\nDate: [^\r]+", b"\r\nDate: now", received, flags=re.IGNORECASE)


class Torn(Exception):
    """The connection ended within a response."""


class Stream:
    """A connection to a server."""

    def __init__(self, address=KHTTPD, source=None):
        self.socket = socket.create_connection(address, status.HANG, source)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = b""

    def send(self, *pieces):
        """Sends pieces, each in segments of its own."""
        for piece in pieces:
            self.socket.sendall(piece)

    def buffer(self, size):
        """Sets the size of the receive buffer."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)

    def fill(self):
        """Receives something; returns False at the end of the stream."""
        piece = self.socket.recv(1 << 20)
        self.left += piece
        return bool(piece)

    def take(self, count):
        """Returns that many of the bytes that were received."""
        taken, self.left = self.left[:count], self.left[count:]
        return taken

    def head(self):
        """Receives the head of a response."""
        while (end := self.left.find(b"\r\n\r\n")) < 0:
            if not self.fill():
                raise Torn(self.left) if self.left else EOFError
        return self.take(end + 4)

    def response(self, bodiless=False):
        """Receives a response; returns its head and its content."""
        head = self.head()
        length = re.search(rb"\r\ncontent-length: *(\d+)", head.lower())
        return head, self.exactly(0 if bodiless or not length else int(length[1]))

    def exactly(self, count):
        """Receives that many bytes, which belong to a response that has begun."""
        while len(self.left) < count:
            if not self.fill():
                raise Torn(self.left)
        return self.take(count)

    def rest(self):
        """Receives all until the server closes."""
        while self.fill():
            pass
        return self.take(len(self.left))

    def reset(self):
        """Ends the connection by RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        """Ends the connection."""
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def code(head):
    """Returns the status of a response."""
    return int(head.split(b" ", 2)[1])


def serves(stream):
    """Asserts that khttpd serves the connection."""
    stream.send(ROBOTS)
    head, body = stream.response()
    assert code(head) == 200 and body.startswith(b"User-agent"), (head, body)
