# SPDX-License-Identifier: GPL-2.0-only
"""Heads beyond 8 KiB, in receive buffers of different sizes: heads.py"""

import socket
import time

import status
from workload import ADDRESS, connect, get, make_site, receive

# The smallest, the default and the largest receive buffer.
BUFFERS = "/proc/sys/net/ipv4/tcp_rmem"
LARGEST = 32768
SMALL = b"small\n"


def head(length):
    """Returns a request of this length: a ticket of Kerberos and cookies."""
    half = length // 2
    text = get("/small", f"Cookie: {'c' * half}", "Authorization: ")
    return text[:-4] + b"t" * (length - len(text)) + b"\r\n\r\n"


def response(connection):
    """Receives a response, and returns its status."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += receive(connection, 1)
    lines = received.decode().split("\r\n")
    length = next(int(line[16:]) for line in lines if line.startswith("Content-Length: "))
    body = receive(connection, length)
    code = int(lines[0].split()[1])
    assert code != 200 or body == SMALL, body
    return code


def code_of(*pieces, pause=0.0):
    """Sends pieces, each in a segment of its own at least, and returns the status."""
    with connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        return response(connection)


def parts(text, size):
    return [text[at : at + size] for at in range(0, len(text), size)]


def bounds():
    """The command decides which heads are accepted, at the byte."""
    for most in 8192, 16384, LARGEST:
        status.command(f"max-head-bytes {most}")
        for length in 300, 8192, 8193, 12200, 16384, 16385, LARGEST, LARGEST + 1, 100000:
            expected = 200 if length <= most else 431
            found = code_of(head(length))
            assert found == expected, (most, length, found)


def pieces():
    """Heads that arrive slowly, and pipelines."""
    status.command(f"max-head-bytes {LARGEST}")
    for length in 12200, LARGEST:
        text = head(length)
        for size, pause in (16384, 0.05), (1400, 0.005), (100, 0):
            found = code_of(*parts(text, size), pause=pause)
            assert found == 200, (length, size, found)
    row = [head(length) for length in (LARGEST, 200, 20000, 8192, LARGEST, 300)]
    for size in 1 << 20, 1400:
        with connect() as connection:
            for piece in parts(b"".join(row * 4), size):
                connection.sendall(piece)
            for number in range(len(row) * 4):
                found = response(connection)
                assert found == 200, (size, number, found)


def changes():
    """The setting changes while heads are unfinished."""
    for before, after, sent, expected in (
        (LARGEST, 8192, 20000, 431),
        (LARGEST, 8192, 8000, 431),
        (8192, LARGEST, 8000, 200),
        (LARGEST, 16384, 12000, 431),
    ):
        status.command(f"max-head-bytes {before}")
        text = head(20001)
        with connect() as connection:
            connection.sendall(text[:sent])
            status.wait_for("connections-reading", 1)
            status.command(f"max-head-bytes {after}")
            connection.sendall(text[sent:])
            found = response(connection)
            assert found == expected, (before, after, sent, found)
        status.wait_for("connections", 0)


make_site()
status.command("timeout head 86400")
for buffers in "4096 131072 6291456", "4096 4096 6291456", "4096 4096 4096":
    status.write(BUFFERS, buffers)
    # The socket of a connection has the buffer of the listener.
    status.command("unlisten")
    status.command(f"listen {ADDRESS[1]}")
    for case in bounds, pieces, changes:
        begin = time.monotonic()
        case()
        print(f"{buffers}: {case.__name__}: {time.monotonic() - begin:.1f} s", flush=True)
