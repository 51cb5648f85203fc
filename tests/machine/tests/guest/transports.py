# SPDX-License-Identifier: GPL-2.0-only
"""A client gets the same bytes on a connection that a process gave to khttpd as on one of khttpd's
own: transports.py plain|secure"""

import os
import random
import re
import socket
import sys
import time

import status
from adoption import EARLY, LOOPBACK, Node
from secure import KINDS
from stream import Stream, masked, request

pair, adopted = KINDS[sys.argv[1]]

FOLDER = "/tmp/transports"
CLOSE = "Connection: close"
CHUNKS = b"5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nX: y\r\n\r\n"
LARGE = 6 << 20


def prepare():
    """Makes a site."""
    os.makedirs(f"{FOLDER}/folder", exist_ok=True)
    generator = random.Random(1)
    for name, size in ("index.html", 5000), ("folder/index.html", 1), ("empty", 0), ("a.css", 70000):
        with open(f"{FOLDER}/{name}", "wb") as file:
            file.write(generator.randbytes(size))
    with open(f"{FOLDER}/large", "wb") as file:
        file.write(generator.randbytes(LARGE))
    status.write(f"{FOLDER}/none.html", "none\n" * 100)
    status.write(f"{FOLDER}/a.css.gz", "not really compressed\n")
    status.command(
        f"root {FOLDER}",
        "error 404 /none.html",
        "redirect 301 /old /new",
        "field *.css X-Test: yes",
        "timeout send 86400",
        "timeout head 86400",
    )


def entity_tag():
    """Returns the entity tag of the page."""
    with Stream() as stream:
        stream.send(request("HEAD", "/"))
        return re.search(rb"\r\nETag: ([^\r]+)", stream.head())[1].decode()


def persistent(tag):
    """Returns requests that keep the connection."""
    return [
        request("GET", "/"),
        request("HEAD", "/a.css"),
        request("GET", "/a.css", "Accept-Encoding: gzip"),
        request("GET", "/", f"If-None-Match: {tag}"),
        request("GET", "/", f"If-Range: {tag}", "Range: bytes=100-"),
        request("GET", "/a.css", "Range: bytes=0-0"),
        request("GET", "/a.css", "Range: bytes=-60000"),
        request("GET", "/a.css", "Range: bytes=3-5,9000-20000,-1"),
        request("GET", "/", "Range: bytes=5000-"),
        request("GET", "/empty"),
        request("GET", "/folder"),
        request("GET", "/folder/?a=b"),
        request("GET", "/old"),
        request("GET", "/none/such"),
        request("HEAD", "/none/such"),
        request("POST", "/", body=b"content" * 1000),
        request("PUT", "/", "Transfer-Encoding: chunked") + CHUNKS,
        request("OPTIONS", "*"),
        request("OPTIONS", "/"),
        request("BREW", "/"),
        request("GET", "/", "Connection: keep-alive", version="1.0"),
        request("GET", "/", "Upgrade: websocket", "Connection: upgrade"),
    ]


# Requests that end the connection.
LAST = [
    request("GET", "/empty", CLOSE),
    request("GET", "/", version="1.0"),
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    request("GET", "/" + "a" * 9000),
    request("GET", "/", "X: " + "x" * 9000),
]


def rest(stream, *pieces, finish=False):
    """Sends pieces, and FIN if `finish`; returns all that comes until khttpd closes."""
    with stream:
        try:
            stream.send(*pieces)
            if finish:
                stream.socket.shutdown(socket.SHUT_WR)
        except ConnectionError:
            # khttpd has rejected the beginning.
            pass
        return masked(stream.rest())


def same(node, text, expected, cut):
    """Asserts what a client of an adopted connection gets whose first `cut` bytes a process has
    read. The others come before or after the adoption."""
    stream, connection = pair()
    ahead = cut % 2 == 0
    if ahead:
        stream.send(text[cut:])
    node.give(connection, text[:cut])
    received = rest(stream, *[text[cut:]] * (not ahead))
    assert received == expected, (text[:2000], cut, received[:2000], expected[:2000])


def each(node):
    """Each request, and the last one of a connection: in the socket, read by the process, and in
    part."""
    for text in [*(one + LAST[0] for one in persistent(entity_tag())), *LAST]:
        expected = rest(Stream(), text)
        assert expected.startswith(b"HTTP/1.1 "), (text, expected)
        for cut in {0, 1, min(len(text), EARLY), len(text) // 2, min(len(text) - 1, EARLY - 1)}:
            same(node, text, expected, cut)


def together(node):
    """All requests in one stream, over IPv4 and IPv6."""
    text = b"".join(persistent(entity_tag())) + LAST[0]
    expected = rest(Stream(), text)
    assert expected.count(b"HTTP/1.1 ") > 20, expected.count(b"HTTP/1.1 ")
    for address in LOOPBACK, "::1":
        for cut in 0, 1, 1000, EARLY:
            stream = adopted(node, text[:cut], address)
            received = rest(stream, text[cut:])
            assert received == expected, (cut, len(received), len(expected))


def cuts(node):
    """Pipelined requests whose beginning, up to each point, a process has read."""
    text = (
        request("POST", "/empty", body=b"content")
        + request("GET", "/", "Range: bytes=7-9")
        + request("HEAD", "/none", CLOSE)
    )
    expected = rest(Stream(), text)
    for cut in range(len(text) + 1):
        same(node, text, expected, cut)
    # And then byte by byte.
    for cut in 0, 1, 20, 60, 100:
        pieces = [text[at : at + 1] for at in range(cut, len(text))]
        received = rest(adopted(node, text[:cut]), *pieces)
        assert received == expected, (cut, received)


def finished(node):
    """A client that has said FIN before the process gives the connection, and one that does it
    later."""
    text = request("GET", "/") + request("GET", "/a.css")
    expected = rest(Stream(), text, finish=True)
    for cut in 0, 10, len(text) - 5:
        received = rest(adopted(node, text[:cut]), text[cut:], finish=True)
        assert received == expected, (cut, received[:2000])
        stream, connection = pair()
        stream.send(text[cut:])
        stream.socket.shutdown(socket.SHUT_WR)
        assert connection.recv(1, socket.MSG_PEEK)
        node.give(connection, text[:cut])
        received = rest(stream)
        assert received == expected, (cut, received[:2000])
    # Nothing but FIN.
    assert rest(adopted(node), finish=True) == b""
    assert rest(adopted(node, b"GET"), finish=True) == rest(Stream(), b"GET", finish=True)


def slow(node):
    """A large file, whose client reads slowly at first, between other requests."""
    text = request("GET", "/") + request("GET", "/large") + request("GET", "/a.css", CLOSE)
    expected = rest(Stream(), text)
    assert len(expected) > LARGE
    for cut in 0, len(text):
        stream = adopted(node, text[:cut])
        stream.buffer(4096)
        stream.send(text[cut:])
        for _ in range(200):
            stream.left += stream.socket.recv(3000)
            time.sleep(0.005)
        stream.buffer(1 << 20)
        assert rest(stream) == expected, cut


def main():
    prepare()
    with Node() as node:
        for case in each, together, cuts, finished, slow:
            case(node)
            print(case.__name__, flush=True)
        before = status.count("adopted")
        with adopted(node), adopted(node):
            assert status.count("adopted") == before + 2
    status.wait_for("connections", 0)
    status.wait_for_sockets(orphan=0)


main()
