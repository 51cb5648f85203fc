# SPDX-License-Identifier: GPL-2.0-only
"""Each allocation of an adoption fails: opening the node and giving a connection succeed or report it,
and what workers do for the connection succeeds, is 503, or ends it. Taking one allocates nothing. So
it is with each allocation of a worker that renders metrics."""

import collections
import os
import select

import status
from adoption import Node, adopted, pair, record
from injection import during_nth_of_workers, each, prepare
from stream import Stream, Torn, code, request, serves

APP = request("GET", "/app/a")
# A worker that has just been made, or that does something else, may spoil an attempt.
ATTEMPTS = 3


def opening():
    """Opens and closes the node."""
    each("open", lambda: Node().close(), lambda _: None)


def giving(node, early):
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
        stream.send(request("GET", "/robots.txt")[len(early) :])
        head, _ = stream.response()
        assert code(head) == 200, head
        connection.close()
        stream.close()
        status.wait_for("connections", 0)
        ends.append(pair())

    ends.append(pair())
    each("give", give, check)
    for end in ends[-1]:
        end.close()


def take(node, outcomes):
    """Has requests for khttpd and for the process."""
    with adopted(node, APP[:5]) as stream:
        stream.send(APP[5:])
        ready = select.select([stream.socket, node.file], [], [])[0]
        if node.file in ready:
            connection, early = node.take()
            assert early == APP[:5] and connection.recv(1000) == APP[5:]
            node.give(connection)
        else:
            head, body = stream.response()
            assert code(head) == 503 and body, (head, body)
        outcomes["returned" if node.file in ready else "refused"] += 1
        serves(stream)


def scrape(_, outcomes):
    """Requests metrics."""
    with Stream() as stream:
        for _ in range(2):
            stream.send(request("GET", "/metrics"))
            head, body = stream.response()
            assert code(head) in (200, 503), head
            assert code(head) == 503 or b"\nkhttpd_site_entries " in body, body
            outcomes["returned" if code(head) == 200 else "refused"] += 1
        serves(stream)


def attempt(visit, n, node, outcomes):
    """Visits while the nth allocation of each worker fails; tells whether one has failed."""

    def action():
        try:
            visit(node, outcomes)
        except (ConnectionError, EOFError, Torn) as error:
            outcomes[type(error).__name__] += 1

    return during_nth_of_workers(n, action) > 0


def working(visit, node):
    """The first allocation of each worker fails, the second one, and so on until none fails any
    more."""
    outcomes, n = collections.Counter(), 1
    while sum(attempt(visit, n, node, outcomes) for _ in range(ATTEMPTS)):
        n += 1
    assert n > 1, "no allocation has failed"
    print(f"allocations of workers: {n - 1}, outcomes: {outcomes}", flush=True)
    assert outcomes["returned"], outcomes
    before = collections.Counter(outcomes)
    visit(node, outcomes)
    assert outcomes["refused"] == before["refused"], outcomes


def main():
    prepare(True)
    status.command("hand-over /app/* 9 always", "metrics /metrics")
    status.command("timeout head 86400", "timeout idle 86400")
    opening()
    with Node() as node:
        for early in b"", request("GET", "/robots.txt")[:10]:
            giving(node, early)
        working(take, node)
        working(scrape, node)
    # Orphans may be left: TCP never repeats a FIN that it has no memory for (tcp_send_fin).
    status.wait_for("connections", 0)


main()
