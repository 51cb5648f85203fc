# SPDX-License-Identifier: GPL-2.0-only
"""Clients that keep a server waiting, all at the same time, and the seconds after which it ends each
connection: timeouts.py [adopted]

The connections are those of 127.0.0.1:8080, or `adopted` from this process.

Each measurement begins before that of the server. The machine's clock counts instructions, so
that a busy host does not change it."""

import socket
import sys
import threading
import time

from adoption import Node
from process import listener

GET = b"GET / HTTP/1.1\r\nHost: khttpd\r\n\r\n"
# Limit in seconds that ends a test which hangs.
HANG = 600
NODE = Node() if "adopted" in sys.argv else None


def connect(room=0):
    """Returns a connection, with a receive buffer of `room` bytes if that is set."""
    connection = socket.socket()
    if room:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    connection.settimeout(HANG)
    if not NODE:
        connection.connect(("127.0.0.1", 8080))
        return connection
    with listener("127.0.0.1", 0) as listens:
        connection.connect(listens.getsockname())
        NODE.give(listens.accept()[0])
    return connection


def rest(connection):
    """Receives until the server closes."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def until_reset(connection, data, begin, pause):
    """Sends until the server resets the connection; returns the seconds since `begin`."""
    connection.setblocking(False)
    while time.monotonic() - begin < HANG:
        try:
            connection.send(data)
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            return time.monotonic() - begin
        time.sleep(pause)
    raise AssertionError("never reset")


def within(timeout, seconds, most):
    """Asserts the duration of a timeout. The server counts whole seconds, so that it may be up
    to one shorter."""
    assert timeout - 1 < seconds < most, f"after {seconds} s, not {timeout}"


def idle():
    """A connection without a request is closed after 75 s, without a response."""
    connection = connect()
    begin = time.monotonic()
    connection.sendall(GET)
    received = connection.recv(65536)
    assert received.startswith(b"HTTP/1.1 200 "), received
    assert rest(connection) == b""
    within(75, time.monotonic() - begin, 80)


def unfinished(beginning):
    """An unfinished head gets a 408 after 10 s."""
    connection = connect()
    begin = time.monotonic()
    connection.sendall(beginning)
    assert rest(connection).startswith(b"HTTP/1.1 408 ")
    within(10, time.monotonic() - begin, 14)


def slow():
    """A byte now and then does not extend the timeout of the head."""
    connection = connect()
    begin = time.monotonic()
    for byte in b"GET / HTTP/1.1\r\nHost: khttpd\r\nX-Slow: abcdefghijklmnopqrstuvwxyz":
        if time.monotonic() - begin > 12:
            break
        try:
            connection.sendall(bytes([byte]))
        except OSError:
            break
        time.sleep(0.7)
    assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")


def lingering():
    """A connection lingers for 5 s after the last response if the peer does not close it."""
    connection = connect()
    begin = time.monotonic()
    connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert rest(connection).startswith(b"HTTP/1.1 400 ")
    within(5, until_reset(connection, b"x", begin, 0.1), 9)


def deaf():
    """A peer that reads nothing, while the responses exceed the buffers, is reset after 30 s."""
    connection = connect(4096)
    begin = time.monotonic()
    within(30, until_reset(connection, GET * 1000, begin, 0.2), 40)


def unhurried():
    """A peer that reads slowly, for longer than `timeout send`, gets the complete response."""
    connection = connect(4096)
    begin = time.monotonic()
    connection.sendall(b"GET /large HTTP/1.0\r\nHost: khttpd\r\n\r\n")
    received = b""
    while time.monotonic() - begin < 45:
        received += connection.recv(4096)
        time.sleep(0.5)
    received += rest(connection)
    assert len(received.partition(b"\r\n\r\n")[2]) == 3000000, len(received)


def trickling():
    """A peer that reads far less than `min-rate` is reset, although it acknowledges something
    more often than each `timeout send`."""
    connection = connect(4096)
    begin = time.monotonic()
    connection.sendall(b"GET /large HTTP/1.1\r\nHost: khttpd\r\n\r\n")
    while not connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        assert time.monotonic() - begin < HANG, "never reset"
        connection.recv(200)
        time.sleep(1)
    within(30, time.monotonic() - begin, 90)


CASES = {
    "idle": idle,
    "unfinished line": lambda: unfinished(b"GET / HT"),
    "unfinished head": lambda: unfinished(b"GET / HTTP/1.1\r\nHost: a\r\n"),
    "slow": slow,
    "lingering": lingering,
    "deaf": deaf,
    "trickling": trickling,
    "unhurried": unhurried,
}
failures = []


def run(name, case):
    """Runs a case and records its failure."""
    try:
        case()
    except BaseException as error:  # pylint: disable=broad-except
        failures.append(f"{name}: {error!r}")


def main():
    tasks = [threading.Thread(target=run, args=case) for case in CASES.items()]
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()
    assert not failures, failures


if __name__ == "__main__":
    main()
