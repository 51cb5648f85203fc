# SPDX-License-Identifier: GPL-2.0-only
"""Connections that khttpd returns to a process: returns.py"""

import ctypes
import errno
import fcntl
import mmap
import os
import resource
import select
import signal
import socket
import threading
import time

import status
from adoption import EARLY, RECORD, Node, adopted
from stream import ROBOTS, Stream, code, masked, request, serves

LIBC = ctypes.CDLL(None, use_errno=True)
# Memory that is used by its address.
KEPT = []
APP = request("GET", "/app/a")
WEBSOCKET = request(
    "GET",
    "/app/socket",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
REQUESTS = [
    APP,
    request("HEAD", "/app/a"),
    request("BREW", "/app/a"),
    request("GET", "/app/a", version="1.0"),
    request("POST", "/app/a", body=b"content" * 5000),
    request("POST", "/app/a", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n",
    request("POST", "/app/a", "Expect: 100-continue", "Content-Length: 5"),
    WEBSOCKET + b"\x81\x85mask" + bytes(5),
    APP + ROBOTS + APP,
]


def receive(connection, count):
    """Receives that many bytes, and asserts that there are no more."""
    text = b""
    while len(text) < count:
        text += connection.recv(count - len(text))
    assert not waits(connection), connection.recv(1000)
    return text


def waits(file):
    """Tells whether a file can be read."""
    return bool(select.select([file], [], [], 0)[0])


def take(node, stream, text):
    """Takes a connection whose request is `text`, and asserts that nothing is lost and that it is
    of this client. Returns it, and what of it was read before it was given."""
    connection, early = node.take()
    assert connection.getpeername() == stream.socket.getsockname()
    assert fcntl.fcntl(connection, fcntl.F_GETFD) == fcntl.FD_CLOEXEC
    received = early + receive(connection, len(text) - len(early))
    assert received == text, (received, early)
    stream.send(b"sent")
    assert receive(connection, 4) == b"sent"
    connection.sendall(b"response")
    assert stream.exactly(8) == b"response"
    return connection, early


def whole(node):
    """Requests of all kinds, after others or alone, of which the process has read some bytes: what
    khttpd has not processed of these comes with the record, the others are in the socket."""
    with adopted(node) as stream:
        stream.send(ROBOTS)
        ahead = masked(b"".join(stream.response()))
    for text in REQUESTS:
        for before in 0, 1, 3:
            whole_text = ROBOTS * before + text
            given = len(ROBOTS) * before
            for cut in {0, 1, given, given + 1, given + 40, len(whole_text)}:
                cut = min(cut, EARLY, len(whole_text))
                with adopted(node, whole_text[:cut]) as stream:
                    stream.send(whole_text[cut:])
                    for _ in range(before):
                        assert masked(b"".join(stream.response())) == ahead
                    connection, early = take(node, stream, text)
                    assert len(early) == max(0, cut - given), (cut, given, early)
                    # It can be given again at once.
                    node.give(connection)
                    serves(stream)
    status.wait_for("connections", 0)


def cuts(node):
    """A request that is cut at each point: between the process and the socket, and in the
    socket."""
    text = ROBOTS + APP
    for cut in range(len(text) + 1):
        for early in text[:cut], b"":
            with adopted(node, early) as stream:
                pieces = [text[:cut]] * (not early) + [text[cut:]]
                stream.send(*pieces)
                assert code(stream.response()[0]) == 200
                take(node, stream, APP)[0].close()


def ready(node):
    """poll(2) and epoll(7) tell of a connection, and a read without one returns or waits."""
    poll, epoll = select.poll(), select.epoll()
    poll.register(node.file)
    epoll.register(node.file, select.EPOLLIN)
    assert poll.poll(0) == [(node.file, select.POLLOUT)] and not epoll.poll(0)
    os.set_blocking(node.file, False)
    try:
        node.take()
        raise AssertionError("no error")
    except BlockingIOError:
        pass
    with adopted(node) as stream, adopted(node) as other:
        for one in stream, other:
            one.send(APP)
        assert epoll.poll(status.HANG) == [(node.file, select.EPOLLIN)]
        assert poll.poll(0) == [(node.file, select.POLLIN | select.POLLOUT)]
        end(node)
        assert epoll.poll(status.HANG) == [(node.file, select.EPOLLIN)]
        end(node)
        assert poll.poll(0) == [(node.file, select.POLLOUT)] and not epoll.poll(0)
        assert stream.rest() == other.rest() == b""
    os.set_blocking(node.file, True)
    epoll.close()
    # A read that waits gets the connection, one of several each.
    taken = []
    threads = [threading.Thread(target=lambda: taken.append(node.take()[0])) for _ in range(5)]
    for thread in threads:
        thread.start()
    streams = [adopted(node) for _ in threads]
    time.sleep(0.2)
    assert not taken, taken
    for stream in streams:
        stream.send(APP)
    for thread in threads:
        thread.join()
    names = {connection.fileno() for connection in taken}
    assert len(names) == len(streams), names
    for one in taken + streams:
        one.close()


def end(node):
    """Takes a connection, and ends it."""
    with node.take()[0] as connection:
        # Otherwise the client would get RST.
        connection.recv(65536)


class Interrupted(Exception):
    """A signal has come."""


def interrupted(node):
    """A signal ends a read that waits."""

    def interrupt(*_):
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    # Again and again, because the first one may come before the read.
    signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
    try:
        node.take()
        raise AssertionError("no signal")
    except Interrupted:
        signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def end_of_memory():
    """Returns the address behind memory that can be written."""
    size = mmap.PAGESIZE
    memory = mmap.mmap(-1, 2 * size)
    end = ctypes.addressof(ctypes.c_char.from_buffer(memory)) + size
    assert LIBC.mprotect(ctypes.c_void_p(end), size, 0) == 0
    KEPT.append(memory)
    return end


def reading(node):
    """Buffers that are too small, memory that can't be written, and no free descriptor: the
    connection goes on waiting."""
    text = APP + b"x" * 1000
    with adopted(node, text) as stream:
        status.wait_until(lambda: waits(node.file))
        for size in 0, 1, 2, 10, len(text), len(text) + 3:
            try:
                found = os.read(node.file, size)
                assert size == 0 and found == b"", (size, found)
            except OSError as error:
                assert error.errno == errno.EINVAL, (size, error)
        before = [status.count(name) for name in ("adopted", "returned")]
        for address in 8, end_of_memory() - 100:
            assert LIBC.read(node.file, ctypes.c_void_p(address), RECORD) == -1
            assert ctypes.get_errno() == errno.EFAULT, ctypes.get_errno()
            # It has not left khttpd, where it would have to begin anew.
            assert waits(node.file)
        assert before == [status.count(name) for name in ("adopted", "returned")]
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest = os.dup(0)
        os.close(lowest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
        try:
            os.read(node.file, RECORD)
            raise AssertionError("no error")
        except OSError as error:
            assert error.errno == errno.EMFILE, error
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert waits(node.file)
        connection, early = node.take()
        assert early == text, early
        connection.close()
        assert stream.rest() == b""


def busy(stream):
    """Receives a 503."""
    head, body = stream.response()
    assert code(head) == 503 and b"\r\nRetry-After: 1\r\n" in head and body, (head, body)


def without_reader():
    """No process reads: the response is 503, and the connection persists."""
    before = status.count("hand-over-no-reader")
    with Node(os.O_WRONLY) as writer:
        for cut in 0, 10, len(APP), len(APP) + 10:
            with adopted(writer, (APP + ROBOTS)[:cut]) as stream:
                stream.send((APP + ROBOTS)[cut:])
                busy(stream)
                assert code(stream.response()[0]) == 200
                # Its content is not a request.
                stream.send(request("POST", "/app/a", body=ROBOTS) + APP + ROBOTS)
                busy(stream)
                busy(stream)
                assert code(stream.response()[0]) == 200
                # There is a reader again.
                with Node(os.O_RDONLY) as reader:
                    stream.send(APP)
                    take(reader, stream, APP)[0].close()
    assert status.count("hand-over-no-reader") == before + 12, status.comments()


def last_reader():
    """The last reader closes its file while connections wait: they get 503, and persist."""
    node = Node()
    streams = [adopted(node) for _ in range(20)]
    for stream in streams:
        stream.send(APP + ROBOTS)
    with Node(os.O_RDONLY):
        status.wait_until(lambda: waits(node.file))
        copy = os.dup(node.file)
        node.close()
        os.close(copy)
    for stream in streams:
        busy(stream)
        assert code(stream.response()[0]) == 200
        serves(stream)
    # Another reader takes what one has left.
    node = Node()
    with Node(os.O_RDONLY) as other:
        for stream in streams:
            stream.send(APP)
        status.wait_until(lambda: waits(node.file))
        node.close()
        for _ in streams:
            end(other)
    for stream in streams:
        assert stream.rest() == b""
        stream.close()


def slow_reader(node):
    """No reader takes the connection within `timeout head`: the response is 503."""
    status.command("timeout head 2")
    with adopted(node) as stream:
        begin = time.monotonic()
        stream.send(APP + ROBOTS)
        busy(stream)
        # The server counts whole seconds.
        assert time.monotonic() - begin > 1
        assert code(stream.response()[0]) == 200
        assert not waits(node.file)
        status.command("timeout head 86400")
        serves(stream)
        stream.send(APP)
        take(node, stream, APP)[0].close()


def ended(node):
    """Clients that say FIN, or reset the connection, while it waits for the reader."""
    for way in Stream.close, lambda stream: stream.socket.shutdown(socket.SHUT_WR):
        stream = adopted(node)
        stream.send(APP)
        status.wait_until(lambda: waits(node.file))
        way(stream)
        connection, early = node.take()
        with connection, connection.makefile("rb") as file:
            assert early == b"" and file.read() == APP
        stream.close()
    # khttpd may notice the reset before the process takes the connection.
    stream = adopted(node)
    stream.send(APP)
    status.wait_until(lambda: waits(node.file))
    stream.reset()
    node.discard()


def destinations(node):
    """The record tells the process of the rule, with and without early bytes; it can be written as
    it was read."""
    for process in "8000", "127.0.0.1:8000", "[::1]:8000":
        status.command(f"hand-over /to/* {process} always uid 1000")
        for early in b"", APP[:5]:
            text = APP.replace(b"/app/", b"/to/")
            with adopted(node, text[: len(early)]) as stream:
                stream.send(text[len(early) :])
                connection, taken, to = node.take_for()
                assert (taken, to) == (early, process), (taken, to)
                with connection:
                    line = f"{connection.fileno()} {len(taken)} {to}\n".encode()
                    assert os.write(node.file, line + taken) == len(line + taken)
                connection, taken, to = node.take_for()
                assert (taken, to) == (early, process), (taken, to)
                connection.close()
    status.command("no-hand-over /to/*")


def many(node):
    """Many connections wait, and each is returned once, with what belongs to it."""
    expected = {}
    streams = []
    for number in range(300):
        text = request("POST", f"/app/{number}", body=b"%d" % number * 100)
        stream = adopted(node, text[: number % 60])
        stream.send(text[number % 60 :])
        expected[stream.socket.getsockname(), stream.socket.getpeername()] = text
        streams.append(stream)
    for _ in streams:
        connection, early = node.take()
        text = expected.pop((connection.getpeername(), connection.getsockname()))
        received = receive(connection, len(text) - len(early))
        assert early + received == text, (early + received, text)
        connection.sendall(text)
        connection.close()
    assert not expected and not waits(node.file)
    for stream in streams:
        assert stream.rest().startswith(b"POST /app/")
        stream.close()


def main():
    status.command("hand-over /app/* 9 always", "timeout head 86400", "timeout idle 86400")
    cases = whole, cuts, ready, interrupted, reading, slow_reader, ended, destinations, many
    for case in cases:
        with Node() as node:
            case(node)
        print(case.__name__, status.count("returned"), flush=True)
        status.wait_for("connections", 0)
    for case in without_reader, last_reader:
        case()
        print(case.__name__, status.count("hand-over-no-reader"), flush=True)
        status.wait_for("connections", 0)
    status.wait_for_sockets(orphan=0)


main()
