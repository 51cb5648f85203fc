# SPDX-License-Identifier: GPL-2.0-only
"""Compares the bytes that a client gets through khttpd from a process with those from the process
itself: exchanges.py KIND STEP [direct]

KIND is a kind of process.py. STEP is the distance between the points at which a request is cut.
`direct` compares the process with itself, to try this program without khttpd's hand-over."""

import random
import struct
import sys

import status
from process import Process
from stream import KHTTPD, ROBOTS, Stream, code, masked, request

PROCESS = "127.0.0.1", 9000
CLOSE = "Connection: close"
# Distance between the points at which a request is cut.
STEP = 1
MEBIBYTE = random.Random(1).randbytes(1 << 20)


def whole(address, *pieces):
    """Sends pieces, and returns all that comes until the server closes."""
    with Stream(address) as stream:
        stream.send(*pieces)
        return stream.rest()


def turns(address, *requests):
    """Sends each request when the response to the one before has arrived."""
    received = b""
    with Stream(address) as stream:
        for one in requests:
            stream.send(one)
            received += b"".join(stream.response(one.startswith(b"HEAD")))
        return received + stream.rest()


def get(address):
    """A path without a file, with a query, and with fields of all lengths."""
    for target in "/app/file", "/app/echo/a?b=%2fc&d", "/app/echo/%c3%a9/":
        yield whole(address, request("GET", target, CLOSE))
    yield whole(address, request("GET", "/app/echo/a", "X: " + "x" * 7000, CLOSE))


def head_and_options(address):
    """Requests for paths without a file."""
    yield turns(
        address,
        request("HEAD", "/app/file"),
        request("OPTIONS", "/app/file"),
        request("HEAD", "/app/none"),
        request("GET", "/app/file", CLOSE),
    )


def old_versions(address):
    """HTTP/1.0, which ends the connection or keeps it."""
    yield whole(address, b"GET /app/echo/a HTTP/1.0\r\n\r\n")
    yield whole(address, request("GET", "/app/file", version="1.0"))
    yield turns(
        address,
        request("GET", "/app/echo/a", "Connection: keep-alive", version="1.0"),
        request("GET", "/app/echo/b", version="1.0"),
    )


def methods(address):
    """Methods that khttpd knows, and such as only a process may know."""
    for method in "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "BREW":
        yield whole(address, request(method, "/app/echo/a", CLOSE))


def persistent(address):
    """The connection is the process's, also for a path where khttpd has a file."""
    ask = [request("GET", f"/app/echo/{number}") for number in range(5)]
    yield turns(address, *ask, ROBOTS, request("POST", "/app/echo/x", CLOSE, body=b"content"))
    yield whole(address, b"".join(ask) + request("GET", "/app/echo/last", CLOSE))


def post(address):
    """1 MiB of content, in one piece and after the head."""
    whole_request = request("POST", "/app/echo/a", CLOSE, body=MEBIBYTE)
    yield whole(address, whole_request)
    cut = len(whole_request) - len(MEBIBYTE)
    yield whole(address, whole_request[:cut], whole_request[cut:])


def expecting(address):
    """1 MiB of content, for which the client waits to be asked."""
    length = f"Content-Length: {len(MEBIBYTE)}"
    ask = request("POST", "/app/echo/a", CLOSE, "Expect: 100-continue", length)
    with Stream(address) as stream:
        stream.send(ask)
        head = stream.head()
        if code(head) != 100:
            yield head
        else:
            stream.send(MEBIBYTE)
            yield head + stream.rest()


def chunked(address):
    """Content in chunks of many sizes, each sent alone, and all at once."""
    head = request("POST", "/app/echo/a", CLOSE, "Transfer-Encoding: chunked")
    chunks, at = [], 0
    for size in 1, 2, 15, 16, 17, 1000, 4095, 4096, 4097, 70000:
        chunks.append(b"%x\r\n%s\r\n" % (size, MEBIBYTE[at : at + size]))
        at += size
    yield whole(address, head, *chunks, b"0\r\n\r\n")
    yield whole(address, head + b"".join(chunks) + b"0\r\n\r\n")


def byte_by_byte(address):
    """Requests of which each byte arrives alone."""
    for text in (
        request("GET", "/app/file", CLOSE),
        request("POST", "/app/echo/a", CLOSE, body=b"content"),
    ):
        yield whole(address, *(text[at : at + 1] for at in range(len(text))))


def cuts(address):
    """A request, and half a request after it, cut at each point or at some."""
    first = request("POST", "/app/echo/a", body=b"content")
    text = first + request("GET", "/app/echo/b", CLOSE)
    for cut in range(1, len(text), STEP):
        yield whole(address, text[:cut], text[cut:])


SINGLE = [get, head_and_options, old_versions, methods, post, expecting, chunked, byte_by_byte]
# gunicorn leaves a pipelined request waiting until the next one arrives.
PIPELINED = [persistent, cuts]


def frame(message, kind=1):
    """Returns a WebSocket frame of a client (RFC 6455 section 5)."""
    length = len(message)
    if length < 126:
        head = struct.pack("!BB", 0x80 | kind, 0x80 | length)
    elif length < 65536:
        head = struct.pack("!BBH", 0x80 | kind, 0xFE, length)
    else:
        head = struct.pack("!BBQ", 0x80 | kind, 0xFF, length)
    mask = b"mask"
    repeated = mask * (length // 4 + 1)
    return head + mask + bytes(a ^ b for a, b in zip(message, repeated))


def talk(address, sizes, *pieces):
    """Sends a handshake in pieces, then a message of each of these sizes when the one before was
    echoed, and ends the connection."""
    with Stream(address) as stream:
        stream.send(*pieces)
        received = stream.head()
        assert code(received) == 101, received
        for size in sizes:
            message = frame(MEBIBYTE[:size], 2)
            stream.send(message)
            # A server's frame has no mask.
            received += stream.exactly(len(message) - 4)
        stream.send(frame(struct.pack("!H", 1000), 8))
        return received + stream.rest()


def websocket(address):
    """Messages of all lengths, and a handshake that is cut at each point or at some."""
    ask = request(
        "GET",
        "/app/socket",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    yield talk(address, (0, 1, 125, 126, 5000, 65535, 65536, 300000), ask)
    for cut in range(1, len(ask), STEP):
        yield talk(address, (5,), ask[:cut], ask[cut:])


def first_of_khttpd(target):
    """The first of three pipelined requests is khttpd's, the others are the process's."""
    others = request("GET", "/app/echo/second") + request("GET", "/robots.txt", CLOSE)
    with Stream(KHTTPD) as stream:
        stream.send(ROBOTS)
        expected = b"".join(stream.response()) + whole(PROCESS, others)
    text = ROBOTS + others
    cuts = range(1, len(text), STEP)
    for cut in cuts:
        received = whole(target, text[:cut], text[cut:])
        assert masked(received) == masked(expected), (cut, received, expected)
    return len(cuts)


def compare(exchange, target):
    """Compares what an exchange gets; returns the number of its parts."""
    expected = [masked(part) for part in exchange(PROCESS)]
    received = [masked(part) for part in exchange(target)]
    assert len(expected) == len(received)
    for number, (direct, through) in enumerate(zip(expected, received)):
        assert direct, f"{exchange.__name__}, part {number}: the process sends nothing"
        assert (
            direct == through
        ), f"{exchange.__name__}, part {number}: {through[:500]}, not {direct[:500]}"
    return len(expected)


def main():
    global STEP
    STEP = int(sys.argv[2])
    kind, direct = sys.argv[1], sys.argv[3:] == ["direct"]
    target = PROCESS if direct else KHTTPD
    if not direct:
        status.command("hand-over /app/* 9000")
    pipelines = kind in ("http", "mptcp", "nginx", "node")
    exchanges = [websocket] if kind == "websocket" else SINGLE + PIPELINED * pipelines
    # Where Node.js listens unless it is told: a client of IPv4 has an IPv4-mapped address there.
    with Process(kind, "::" if kind == "node" else PROCESS[0]):
        count = 0
        for exchange in exchanges:
            parts = compare(exchange, target)
            print(exchange.__name__, parts, flush=True)
            count += parts
        if not direct:
            if pipelines:
                count += first_of_khttpd(target)
            # Each part has a connection of its own.
            status.wait_for("handed-over", count)


if __name__ == "__main__":
    main()
