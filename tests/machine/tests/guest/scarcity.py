# SPDX-License-Identifier: GPL-2.0-only
"""Each allocation of an adoption fails: opening the node and giving a connection succeed or report it,
and what workers do for the connection succeeds, is 503, or ends it. Taking one allocates nothing. So
it is with each allocation of a worker that renders metrics, and of one that encrypts and decrypts:
scarcity.py plain|secure"""

import collections
import os
import select
import ssl
import sys

import status
from adoption import Node, record
from injection import during_nth_of_workers, each, prepare
from secure import KINDS
from stream import Stream, Torn, code, request, serves

APP = request("GET", "/app/a")
FOLDER = "/tmp/scarce"
FILES = {
    "/robots.txt": "User-agent: *\n",
    "/large": "".join(f"{number:07}\n" for number in range(12_500)),
}
LAST = request("GET", "/large", "Range: bytes=0-9,50000-50009", "Connection: close")
# A worker that has just been made, or that does something else, may spoil an attempt.
ATTEMPTS = 3


def opening():
    """Opens and closes the node."""
    each("open", lambda: Node().close(), lambda _: None)


def giving(node, pair, early):
    """Gives a connection, which is served, or still the process's."""
    ends = []

    def give():
        connection = ends[-1][1]
        os.write(node.file, record(connection.fileno(), early))

    def check(found):
        stream, connection = ends[-1]
        if found:
            assert status.count("connections") == 0, status.comments()
            stream.send(b"text")
            assert connection.recv(100) == b"text"
            return
        connection.close()
        stream.send(request("GET", "/robots.txt")[len(early) :])
        head, _ = stream.response()
        assert code(head) == 200, head
        stream.close()
        status.wait_for("connections", 0)
        ends.append(pair())

    ends.append(pair())
    each("give", give, check)
    for end in ends[-1]:
        end.close()


def take(adopt, node, outcomes):
    """Has requests for khttpd and for the process."""
    with adopt(node, APP[:5]) as stream:
        stream.send(APP[5:])
        ready = select.select([stream.socket, node.file], [], [])[0]
        if node.file in ready:
            connection, early = node.take()
            # TLS has decrypted more than was given.
            while len(early) < len(APP):
                early += connection.recv(len(APP))
            assert early == APP
            node.give(connection)
        else:
            head, body = stream.response()
            assert code(head) == 503 and body, (head, body)
        outcomes["returned" if node.file in ready else "refused"] += 1
        serves(stream)


def load(adopt, node, outcomes):
    """Requests files, and two ranges; then the connection ends."""
    with adopt(node) as stream:
        for target, content in FILES.items():
            stream.send(request("GET", target))
            head, body = stream.response()
            assert code(head) == 503 or code(head) == 200 and body == content.encode(), head
            outcomes["returned" if code(head) == 200 else "refused"] += 1
        stream.send(LAST)
        head, body = stream.response()
        assert code(head) == 503 or code(head) == 206 and body.count(b"\r\n\r\n") == 2, head
        assert stream.rest() == b""


def scrape(_adopt, _node, outcomes):
    """Requests metrics."""
    with Stream() as stream:
        for _ in range(2):
            stream.send(request("GET", "/metrics"))
            head, body = stream.response()
            assert code(head) in (200, 503), head
            assert code(head) == 503 or b"\nkhttpd_site_entries " in body, body
            outcomes["returned" if code(head) == 200 else "refused"] += 1
        serves(stream)


def attempt(n, visit, *arguments):
    """Visits while the nth allocation of each worker fails; tells whether one has failed."""

    def action():
        try:
            visit(*arguments)
        except (ConnectionError, EOFError, Torn, ssl.SSLError) as error:
            arguments[-1][type(error).__name__] += 1

    return during_nth_of_workers(n, action) > 0


def working(visit, adopt, node):
    """The first allocation of each worker fails, the second one, and so on until none fails any
    more."""
    outcomes, n = collections.Counter(), 1
    while sum(attempt(n, visit, adopt, node, outcomes) for _ in range(ATTEMPTS)):
        n += 1
    assert n > 1, "no allocation has failed"
    print(f"{visit.__name__}: allocations of workers: {n - 1}, outcomes: {outcomes}", flush=True)
    assert outcomes["returned"], outcomes
    before = collections.Counter(outcomes)
    visit(adopt, node, outcomes)
    assert outcomes["refused"] == before["refused"], outcomes


def main():
    pair, adopt = KINDS[sys.argv[1]]
    os.makedirs(FOLDER)
    for target, content in FILES.items():
        status.write(FOLDER + target, content)
    prepare(True)
    status.command(f"root {FOLDER}")
    status.command("hand-over /app/* 9 always", "metrics /metrics")
    status.command("timeout head 86400", "timeout idle 86400")
    opening()
    with Node() as node:
        for early in b"", request("GET", "/robots.txt")[:10]:
            giving(node, pair, early)
        for visit in take, load, scrape:
            working(visit, adopt, node)
    # Orphans may be left: TCP never repeats a FIN that it has no memory for (tcp_send_fin).
    status.wait_for("connections", 0)


main()
