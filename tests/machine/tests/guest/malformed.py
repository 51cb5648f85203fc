# SPDX-License-Identifier: GPL-2.0-only
"""What khttpd rejects never reaches a process: malformed.py

Malformed, oversized and ambiguous requests, whole and cut in two at each point, to paths that are
handed over, also on connections that were served before."""

import process
import status
from stream import Stream, Torn, code, request, serves

GOOD = request("GET", "/app/good")


def line(text):
    """Returns a request with this line."""
    return f"{text}\r\nHost: a\r\n\r\n".encode("latin-1")


def fields(*lines, method="POST"):
    """Returns a request with these fields, after Host."""
    return request(method, "/app/a", *lines)


MALFORMED = [
    line("GET  /app/a HTTP/1.1"),
    line("GET /app/a HTTP/1.1 "),
    line("GET /app/a"),
    line("GET /app/a HTTP/2.0"),
    line("GET /app/a HTTP/1.10"),
    line("GET /app/a b HTTP/1.1"),
    line("GET /app/\x01 HTTP/1.1"),
    line("GET /app/\xe9 HTTP/1.1"),
    line("GET /app/%zz HTTP/1.1"),
    line("GET /app/%00 HTTP/1.1"),
    line("GET /app/a#b HTTP/1.1"),
    line("GET ftp://a/app/a HTTP/1.1"),
    line("G(T /app/a HTTP/1.1"),
    line("CONNECT a:80 HTTP/1.1"),
    line("PRI * HTTP/2.0"),
    line("OPTIONS * HTTP/1.1"),
    line("GET /app%2fa HTTP/1.1"),
    line("POST /app/a%2Fb HTTP/1.1"),
    line("GET /app/" + "a" * 8050 + " HTTP/1.1"),
    b"GET /app/a HTTP/1.1\nHost: a\n\n",
    b"GET /app/a HTTP/1.1\r\nHost: a\n\r\n",
    b"GET /app/a HTTP/1.1\r\n\r\n",
    b"GET /app/a HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    b"GET /app/a HTTP/1.1\r\nHost: a b\r\n\r\n",
    b"GET /app/a HTTP/1.1\r\n Host: a\r\n\r\n",
    fields("X: a\r\n b"),
    fields("X : a"),
    fields("nocolon"),
    fields("X: a\x01"),
    fields("X: a\rb"),
    fields("X: " + "x" * 8300),
    fields(*(f"X{number}: a" for number in range(70))),
    fields("Content-Length: 1", "Content-Length: 2"),
    fields("Content-Length: +1"),
    fields("Content-Length: -1"),
    fields("Content-Length: 0x1"),
    fields("Content-Length: 99999999999999999999"),
    fields("Content-Length: 5", "Transfer-Encoding: chunked"),
    fields("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    fields("Transfer-Encoding: chunked, gzip"),
    fields("Transfer-Encoding: xchunked"),
    fields("Transfer-Encoding:\x0bchunked"),
    b"POST /app/a HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
]


def send(text, cut, served):
    """Sends a text in two pieces, and asserts that khttpd responds by itself."""
    with Stream() as stream:
        if served:
            serves(stream)
        try:
            stream.send(text[:cut], text[cut:])
            head, _ = stream.response()
        except (ConnectionError, EOFError, Torn) as error:
            # It may have responded to the first piece, and closed.
            assert cut < len(text), (text[:200], error)
            return
        if not text.startswith(b"OPTIONS *"):
            assert 400 <= code(head) < 600, (text[:200], head)
        assert b"\r\nServer: khttpd" in head, head


def main():
    status.command("hand-over /app/* 9000 always")
    with process.listener("127.0.0.1", 9000) as listens:
        listens.settimeout(status.HANG)
        for number, text in enumerate(MALFORMED):
            send(text, len(text), True)
            for cut in range(1, min(len(text), 120) + 1):
                send(text, cut, False)
            assert status.count("handed-over") == number, text[:200]
            # The first connection that the process gets is the one with the good request.
            with Stream() as stream:
                stream.send(GOOD)
                with listens.accept()[0] as accepted:
                    assert accepted.recv(65536) == GOOD, text[:200]
                    assert accepted.getpeername() == stream.socket.getsockname(), text[:200]
    print(len(MALFORMED), "requests")


main()
