# SPDX-License-Identifier: GPL-2.0-only
"""Each allocation of a hand-over fails: the client gets 503, or the response of the process. If the
process is a TLS agent, the connection is closed instead.

Workers hand connections over. First the slab cache of the requests in the queue of a process fails
for a while, then the nth allocation of each worker, and at last the nth one of accept(2)."""

import socket
from collections import Counter

import status
from injection import FAULTS, during_nth_of_workers, each, prepare, put
from process import Process, listener
from stream import KHTTPD, Stream, code, request, serves

CONTENT = bytes(20000)
REQUEST = request("POST", "/app/a", body=CONTENT)
# The port of a process, where the client connects to, and the cache of the requests in the queue.
# Connections to port 9000 become AF_INET ones.
PLACES = [
    (9000, KHTTPD, "request_sock_TCP"),
    (9001, KHTTPD, "request_sock_TCPv6"),
    (9001, ("::1", 8080), "request_sock_TCPv6"),
]
# A listener whose connections are for the TLS agent.
TLS = "127.0.0.1", 8444
# A worker that has just been made, or that does something else, may spoil an attempt.
ATTEMPTS = 3
# After so many seconds without a word a connection counts as closed.
SILENCE = 30


def ask(stream):
    """Sends a request for the process; tells whether the process responds, or khttpd by 503."""
    stream.send(REQUEST)
    head, body = stream.response()
    if code(head) == 503:
        assert b"\r\nRetry-After: 1\r\n" in head and body, (head, body)
        return False
    assert code(head) == 200 and body == b"POST /app/a\n" + CONTENT, (head, body)
    return True


def without(cache, address):
    """The cache is out of memory while a client asks: its connection persists."""
    before = status.count("hand-over-no-memory")
    # TCP needs the cache for the handshake.
    with Stream(address) as stream:
        serves(stream)
        put(f"/sys/kernel/slab/{cache}/failslab", "1")
        for _ in range(ATTEMPTS):
            assert not ask(stream), "handed over without memory"
            serves(stream)
        put(f"/sys/kernel/slab/{cache}/failslab", "0")
        assert ask(stream), "not handed over with memory"
    assert status.count("hand-over-no-memory") >= before + ATTEMPTS


def visit(address, outcomes):
    """Asks for the process, and for a file if khttpd has refused."""
    with Stream(address) as stream:
        handed = ask(stream)
        outcomes[handed] += 1
        if not handed:
            serves(stream)


def visit_agent(address, outcomes):
    """Asks the TLS agent, which can't have the connection if it is closed, perhaps without a word: TCP
    never repeats a FIN that it has no memory for (tcp_send_fin)."""
    with Stream(address) as stream:
        stream.socket.settimeout(SILENCE)
        try:
            outcomes[ask(stream)] += 1
        except (ConnectionError, EOFError, TimeoutError):
            outcomes[False] += 1


def attempt(n, address, outcomes):
    """Visits while the nth allocation of each worker fails; tells whether one has failed."""
    if address == TLS:
        return during_nth_of_workers(n, lambda: visit_agent(address, outcomes)) > 0
    ended = []

    def action():
        try:
            visit(address, outcomes)
        except (ConnectionError, EOFError) as error:
            ended.append(error)

    failed = during_nth_of_workers(n, action)
    # khttpd gives up if it runs out of memory twice in succession, in two workers.
    assert not ended or failed > 1, (n, ended)
    return failed > 0


def in_workers(address):
    """The first allocation of each worker fails, the second one, and so on until none fails any
    more. Returns how many requests were handed over (True) and refused (False)."""
    outcomes, n = Counter(), 1
    while sum(attempt(n, address, outcomes) for _ in range(ATTEMPTS)):
        n += 1
    assert n > 1, "no allocation has failed"
    print(f"{address}: allocations of workers: {n - 1}, handed over: {outcomes}", flush=True)
    return outcomes


def accepting():
    """accept(2) fails, and the connection stays in the queue."""
    status.command("hand-over /app/* 9002")
    streams, accepted = [], []

    def enter_queue():
        before = status.count("handed-over")
        streams.append(Stream())
        streams[0].send(REQUEST)
        status.wait_for("handed-over", before + 1)

    def check(found):
        if found:
            return
        with accepted.pop() as connection:
            assert connection.recv(len(REQUEST), socket.MSG_WAITALL) == REQUEST
            connection.sendall(b"response")
        with streams.pop() as stream:
            assert stream.rest() == b"response"
        enter_queue()

    with listener("127.0.0.1", 9002) as listens:
        enter_queue()
        each("accept", lambda: accepted.append(listens.accept()[0]), check)
        streams.pop().close()


def main():
    prepare(True)
    for name, value in ("cache-filter", "Y"), ("times", "-1"), ("probability", "100"):
        put(FAULTS.format("failslab", name), value)
    with Process("http", "127.0.0.1", 9000), Process("http", "::", 9001):
        for port, address, cache in PLACES:
            status.command(f"hand-over /app/* {port}")
            without(cache, address)
        for name, value in ("probability", "0"), ("cache-filter", "N"):
            put(FAULTS.format("failslab", name), value)
        for port, address, _ in PLACES:
            status.command(f"hand-over /app/* {port}")
            before = status.count("hand-over-no-memory")
            outcomes = in_workers(address)
            assert outcomes[True] and outcomes[False], outcomes
            assert status.count("hand-over-no-memory") >= before + outcomes[False]
            with Stream(address) as stream:
                assert ask(stream), "not handed over with memory"
        status.command("tls-agent 9000", f"listen {TLS[0]}:{TLS[1]} tls")
        outcomes, before = in_workers(TLS), status.count("tls-refused")
        assert outcomes[True] and outcomes[False] and before, outcomes
        with Stream(TLS) as stream:
            assert ask(stream), "not handed over with memory"
        # No process listens there: the 503 needs memory.
        status.command("hand-over /app/* 9003")
        assert not in_workers(KHTTPD)[True]
    accepting()
    # Orphans may be left: TCP never repeats a FIN that it has no memory for (tcp_send_fin).
    status.wait_for("connections", 0)


main()
