# SPDX-License-Identifier: GPL-2.0-only
"""What khttpd does if it can't hand a connection over: refusals.py

The response is 503 with `Retry-After`, the counter of the reason grows by one, and the connection
serves the next request."""

import os
import socket

import process
import status
from stream import KHTTPD, ROBOTS, Stream, code, request, serves

PAGE = b"busy\n"
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
# Requests for a process, and whether the response has content.
REQUESTS = [
    (request("GET", "/app/a"), True),
    (request("HEAD", "/app/a"), False),
    (request("OPTIONS", "/app/a"), True),
    (request("DELETE", "/app/a"), True),
    (request("BREW", "/app/a"), True),
    (request("POST", "/app/a", body=b"content"), True),
    (request("PUT", "/app/a", body=b"c" * 60000), True),
    (request("POST", "/app/a", "Transfer-Encoding: chunked") + CHUNKS, True),
    (request("GET", "/app/a", version="1.0") + b"", True),
]


def check(head, body, with_body=True, page=None):
    """Asserts that a response is a refusal."""
    assert head.startswith(b"HTTP/1.1 503 "), head
    assert b"\r\nRetry-After: 1\r\n" in head, head
    assert bool(body) == with_body and (page is None or body in (page, b"")), (head, body)


def refuse(reason, address=KHTTPD, page=None):
    """Sends requests that can't be handed over for this reason."""
    name = f"hand-over-{reason}"
    for text, with_body in REQUESTS:
        before = status.count(name)
        for pieces in [text], [text[:9], text[9:30], text[30:]]:
            with Stream(address) as stream:
                serves(stream)
                stream.send(*pieces)
                check(*stream.response(not with_body), with_body, page)
                if b"HTTP/1.0" in text:
                    assert stream.rest() == b""
                    continue
                serves(stream)
                # Again, between two others.
                stream.send(ROBOTS + text + ROBOTS)
                assert code(stream.response()[0]) == 200
                check(*stream.response(not with_body), with_body, page)
                assert code(stream.response()[0]) == 200
                serves(stream)
        count = 2 if b"HTTP/1.0" in text else 4
        status.wait_for(name, before + count)


def expects(reason):
    """A client that waits to be asked for its content gets 503 instead."""
    with Stream() as stream:
        stream.send(request("POST", "/app/a", "Expect: 100-continue", "Content-Length: 7"))
        check(*stream.response())
    print(reason, "expects", flush=True)


def no_listener():
    """No process listens, or it has ended."""
    status.command("hand-over /app/* 9000")
    refuse("no-listener")
    expects("no-listener")
    process.listener("127.0.0.1", 9000).close()
    refuse("no-listener")
    # A process that uses the port, but does not listen.
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 9000))
        refuse("no-listener")


def queue_full():
    """The queue of the process is full; what is in it is served when the process accepts."""
    status.command("hand-over /app/* 9000")
    text = request("GET", "/app/queued")
    with process.listener("127.0.0.1", 9000, backlog=0) as listens:
        handed, queued = status.count("handed-over"), []
        while status.count("hand-over-queue-full") == 0:
            stream = Stream()
            stream.send(text)
            queued.append(stream)
            status.wait_until(
                lambda: status.count("handed-over") + status.count("hand-over-queue-full")
                == handed + len(queued)
            )
        last = queued.pop()
        check(*last.response())
        serves(last)
        assert queued, "the queue takes no connection"
        refuse("queue-full")
        for stream in queued:
            with listens.accept()[0] as accepted:
                assert accepted.recv(4096) == text
                assert accepted.getpeername() == stream.socket.getsockname()
                accepted.sendall(b"response")
            assert stream.rest() == b"response"
        # There is space again.
        last.send(text)
        with listens.accept()[0] as accepted:
            assert accepted.recv(4096) == text
        last.close()
        # A process may accept a connection before it is counted.
        status.wait_for("handed-over", handed + len(queued) + 1)


def kernel_socket():
    """The listener is khttpd's own."""
    status.command("listen 127.0.0.1:8081")
    for target in "8080", "8081", "127.0.0.1:8080":
        status.command(f"hand-over /app/* {target}")
        refuse("kernel-socket")
    refuse("kernel-socket", ("127.0.0.1", 8081))
    status.command("unlisten 127.0.0.1:8081")


def wrong_family():
    """An IPv6 client can't go to a listener for IPv4."""
    status.command("hand-over /app/* 127.0.0.1:9000")
    with process.listener("127.0.0.1", 9000):
        refuse("wrong-family", ("::1", 8080))
    # Without an address there is no listener for it.
    status.command("hand-over /app/* 9000")
    with process.listener("0.0.0.0", 9000):
        refuse("no-listener", ("::1", 8080))
    with process.listener("::", 9000, only=True):
        refuse("no-listener")


def wrong_user():
    """The rule has the number of another user than that of the listener."""
    with process.listener("127.0.0.1", 9000) as listens:
        status.command("hand-over /app/* 9000 uid 1000")
        refuse("wrong-user")
        status.command("hand-over /app/* 9000 uid 0")
        with Stream() as stream:
            text = request("GET", "/app/a")
            stream.send(text)
            with listens.accept()[0] as accepted:
                assert accepted.recv(4096) == text
    status.command("no-hand-over /app/*")


def closing():
    """A client that has said FIN together with its requests gets 503, or the process gets it."""
    status.command("hand-over /app/* 9000")
    for address in "127.0.0.1", "0.0.0.0", "::":
        with process.listener(address, 9000) as listens:
            for others in 0, 1, 3:
                finish(listens, others)


def finish(listens, others):
    """Sends requests and FIN in the same segment."""
    names = "hand-over-closing", "handed-over"
    before = [status.count(name) for name in names]
    text = request("GET", "/app/a")
    with Stream() as stream:
        stream.socket.send(text + ROBOTS * others, socket.MSG_MORE)
        stream.socket.shutdown(socket.SHUT_WR)
        status.wait_until(
            lambda: sum(status.count(name) for name in names) == sum(before) + 1
        )
        if status.count("handed-over") > before[1]:
            with listens.accept()[0] as accepted:
                received = accepted.makefile("rb").read()
                assert received == text + ROBOTS * others, received
                accepted.sendall(b"response")
            assert stream.rest() == b"response"
            return
        check(*stream.response())
        for _ in range(others):
            assert code(stream.response()[0]) == 200
        assert stream.rest() == b""


def page():
    """The site has a page for it."""
    os.makedirs("/tmp/paged/app", exist_ok=True)
    status.write("/tmp/paged/busy.html", PAGE.decode())
    status.write("/tmp/paged/robots.txt", "User-agent: *\n")
    status.command("root /tmp/paged", "error 503 /busy.html", "hand-over /app/* 9000")
    refuse("no-listener", page=PAGE)


def main():
    for case in no_listener, queue_full, kernel_socket, wrong_family, wrong_user, closing, page:
        case()
        print(case.__name__, flush=True)
    status.wait_for("connections", 0)


main()
