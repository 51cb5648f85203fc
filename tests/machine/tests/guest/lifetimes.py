# SPDX-License-Identifier: GPL-2.0-only
"""The lives of adopted connections, all at the same time, and the seconds after which each ends:
lifetimes.py

The machine's clock counts instructions, so that a busy host does not change it."""

import os
import threading
import time

import status
from adoption import Node, adopted
from stream import Stream, Torn, request, serves
from timeouts import within

FOLDER = "/tmp/site"
LIFE = 20
STOP = 7
APP = request("GET", "/app/a")


def ended(stream, begin, most):
    """Waits for the end of a connection, which has lived as long as it may."""
    try:
        stream.rest()
    except ConnectionResetError:
        pass
    within(LIFE, time.monotonic() - begin, most)


def silent(node):
    """Connections without a request, more than the sweep ends in one run."""
    begin = time.monotonic()
    for stream in [adopted(node) for _ in range(50)]:
        ended(stream, begin, LIFE + 5)


def used(node):
    """A connection that is used again and again. Its responses are whole."""
    begin = time.monotonic()
    stream = adopted(node)
    try:
        while time.monotonic() - begin < 2 * LIFE:
            serves(stream)
            time.sleep(0.5)
    except (EOFError, ConnectionError):
        pass
    within(LIFE, time.monotonic() - begin, LIFE + 5)


def unfinished(node):
    """A request whose end does not come."""
    begin = time.monotonic()
    stream = adopted(node, b"GET / HTTP/1.1\r\n")
    stream.send(b"Host: a\r\n")
    ended(stream, begin, LIFE + STOP + 5)


def sending(node):
    """A response that a slow client takes may be finished for a while."""
    begin = time.monotonic()
    stream = adopted(node)
    stream.buffer(4096)
    stream.send(request("GET", "/large"))
    with_error = False
    try:
        while stream.socket.recv(2000):
            time.sleep(0.1)
    except ConnectionResetError:
        with_error = True
    assert with_error, "the whole response was sent"
    within(LIFE + STOP - 1, time.monotonic() - begin, LIFE + STOP + 10)


def finishing(node):
    """A response that ends in time is whole, and then the connection ends."""
    begin = time.monotonic()
    stream = adopted(node)
    stream.buffer(4096)
    stream.send(request("GET", "/large"))
    while time.monotonic() - begin < LIFE + 2:
        stream.left += stream.socket.recv(2000)
        time.sleep(0.1)
    stream.buffer(1 << 20)
    try:
        _, body = stream.response()
        assert len(body) == os.path.getsize(f"{FOLDER}/large"), len(body)
        assert stream.rest() == b""
    except Torn as error:
        raise AssertionError("the response was not finished") from error


def waiting(node):
    """A connection that waits for a reader, which does not read."""
    begin = time.monotonic()
    stream = adopted(node)
    stream.send(APP)
    ended(stream, begin, LIFE + STOP + 5)


CASES = silent, used, unfinished, sending, finishing, waiting
failures = []


def run(case, node):
    """Runs a case and records its failure."""
    try:
        case(node)
    except BaseException as error:  # pylint: disable=broad-except
        failures.append(f"{case.__name__}: {error!r}")


def again():
    """Each adoption begins a new life."""
    with Node() as node:
        begin = time.monotonic()
        stream = adopted(node)
        for _ in range(3):
            while time.monotonic() - begin < LIFE - 5:
                serves(stream)
                time.sleep(0.5)
            stream.send(APP)
            connection, _ = node.take()
            assert connection.recv(1000) == APP
            begin = time.monotonic()
            node.give(connection)
        ended(stream, begin, LIFE + 5)


def main():
    limits = [f"timeout {name} 86400" for name in ("idle", "head", "send")]
    status.command(
        f"root {FOLDER}",
        "hand-over /app/* 9 always",
        *limits,
        "min-rate 1",
        f"timeout adopted {LIFE}",
        f"timeout stop {STOP}",
    )
    own = Stream()
    with Node() as node:
        tasks = [threading.Thread(target=run, args=(case, node)) for case in CASES]
        for task in tasks:
            task.start()
        for task in tasks:
            task.join()
    assert not failures, failures
    again()
    # Those of khttpd's own listeners live on.
    serves(own)
    own.close()
    status.wait_for("connections", 0)


main()
