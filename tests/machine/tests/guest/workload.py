# SPDX-License-Identifier: GPL-2.0-only
"""What the cases of load.py share: the served files, connections, and requests with their
expected responses."""

import email.utils
import functools
import gzip
import os
import socket
import struct
import time

import status

SITE = "/tmp/site"
ADDRESS = "127.0.0.1", 8080
FILES = {
    "small": b"small\n",
    "page": b"".join(b"line %04d of the page\n" % number for number in range(30)),
    "copied": bytes(number * 7 % 251 for number in range(4096)),
    "spliced": bytes(number * 13 % 251 for number in range(5000)),
    "large": b"".join(b"line %08d of what is large\n" % number for number in range(30000)),
}
FILES["medium"] = FILES["large"][:100000]
DATE = len("Tue, 24 Nov 2026 01:02:03 GMT")


def make_site():
    """Writes the files, one of them with a variant in gzip, and has them served."""
    os.makedirs(f"{SITE}/folder", exist_ok=True)
    FILES["folder/index.html"] = b"<p>a folder</p>\n"
    for name, content in FILES.items():
        with open(f"{SITE}/{name}", "wb") as file:
            file.write(content)
    FILES["page.gz"] = gzip.compress(FILES["page"], mtime=0)
    with open(f"{SITE}/page.gz", "wb") as file:
        file.write(FILES["page.gz"])
    status.command(f"root {SITE}", "reload")


def get(path, *fields, method="GET"):
    lines = [f"{method} {path} HTTP/1.1", "Host: a", *fields, "", ""]
    return "\r\n".join(lines).encode()


def connect(address="127.0.0.1", port=0, **options):
    """Returns a connection from a local address, with a limit for each wait."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", status.HANG, 0))
    for option, value in options.items():
        connection.setsockopt(socket.SOL_SOCKET, getattr(socket, option), value)
    # IP_BIND_ADDRESS_NO_PORT: the port is chosen when the peer is known, so that there are enough.
    connection.setsockopt(socket.IPPROTO_IP, 24, 1)
    connection.bind((address, port))
    connection.connect(ADDRESS)
    return connection


def receive(connection, length):
    """Receives exactly this number of bytes."""
    content = bytearray(length)
    view = memoryview(content)
    at = 0
    while at < length:
        count = connection.recv_into(view[at:])
        assert count, f"closed after {at} bytes of {length}: {bytes(content[:at])[-300:]}"
        at += count
    return content


class Expected:
    """A request and its response, which is known except for the date."""

    def __init__(self, request, code, body, **fields):
        self.request = request
        with connect() as connection:
            connection.sendall(request)
            received = b""
            while b"\r\n\r\n" not in received:
                received += receive(connection, 1)
            lines = received.decode().split("\r\n")
            assert int(lines[0].split()[1]) == code, (request, received)
            found = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            length = len(body) if body is not None else 0
            if body is not None:
                assert int(found["content-length"]) == length, (request, received)
                assert receive(connection, length) == body, request
            for name, value in fields.items():
                assert found[name.replace("_", "-")] == value, (request, received)
        at = received.index(b"\r\nDate: ") + len(b"\r\nDate: ")
        self.before, self.behind = received[:at], received[at + DATE :] + (body or b"")

    def __len__(self):
        return len(self.before) + DATE + len(self.behind)

    def assert_is(self, response):
        """Asserts that this is the response, with a current date."""
        at = len(self.before)
        assert response.startswith(self.before) and response[at + DATE :] == self.behind, (
            self.request,
            response,
        )
        assert response[at : at + DATE] in dates(), (self.request, response)


def dates():
    """Returns the dates that a current response may have."""
    return dates_of(int(time.time()))


@functools.lru_cache(1)
def dates_of(now):
    """Returns the dates that a response received at a second may have."""
    return {
        email.utils.formatdate(now - ago, usegmt=True).encode() for ago in range(-1, status.HANG)
    }


def everything():
    """Returns requests of all kinds."""
    page, copied, spliced = FILES["page"], FILES["copied"], FILES["spliced"]
    with connect() as connection:
        connection.sendall(get("/page", "Connection: close"))
        head = connection.makefile("rb").read().split(b"\r\n\r\n")[0].decode()
    tag = next(line.split()[1] for line in head.splitlines() if line.startswith("ETag:"))
    unusual = {"content_range": f"bytes 1000-2999/{len(spliced)}"}
    return [
        Expected(get("/small"), 200, FILES["small"]),
        Expected(get("/page"), 200, page),
        Expected(
            get("/page", "Accept-Encoding: gzip"), 200, FILES["page.gz"], content_encoding="gzip"
        ),
        Expected(get("/page", f"If-None-Match: {tag}"), 304, None),
        Expected(get("/copied"), 200, copied),
        Expected(get("/spliced"), 200, spliced),
        Expected(get("/spliced", "Range: bytes=1000-2999"), 206, spliced[1000:3000], **unusual),
        Expected(get("/spliced", method="HEAD"), 200, None, content_length=str(len(spliced))),
        Expected(get("/nowhere"), 404, b"404 Not Found\r\n"),
        Expected(get("/folder"), 301, b"301 Moved Permanently\r\n", location="/folder/"),
        Expected(get("/small", method="DELETE"), 405, b"405 Method Not Allowed\r\n"),
        Expected(get("/page", "Range: bytes=100000-"), 416, b"416 Range Not Satisfiable\r\n"),
    ]


def request(connections, kind):
    """Sends a request on each connection, and checks all responses."""
    for connection in connections:
        connection.sendall(kind.request)
    for connection in connections:
        kind.assert_is(bytes(receive(connection, len(kind))))


def check_recovery():
    """Asserts that no connection is left and that all requests are served."""
    status.wait_for("connections", 0)
    everything()
