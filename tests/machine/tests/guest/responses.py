# SPDX-License-Identifier: GPL-2.0-only
"""Cases of load.py with many requests or connections, of which every response is checked."""

import multiprocessing
import os
import random
import resource
import sys
import time

import status
from workload import DATE, connect, dates, everything, receive, request


def send_series(kinds, count, seed, results):
    """Sends at least `count` pipelined requests, and checks each byte of the responses."""
    generator = random.Random(seed)
    row = [generator.choice(kinds) for _ in range(32)]
    data = b"".join(kind.request for kind in row)
    length = sum(map(len, row))
    # The bytes between two dates, to compare a whole series with one date.
    pieces = [row[0].before, *(a.behind + b.before for a, b in zip(row, row[1:])), row[-1].behind]
    known, first = {}, len(row[0].before)
    connection, left = None, 0
    turns = -(-count // len(row))
    for turn in range(turns):
        if left < len(row):
            # The response to the last request that a connection may have differs.
            connection, left = connect(), 9999
        left -= len(row)
        if turn % 16:
            connection.sendall(data)
        else:
            cut = generator.randrange(len(data))
            connection.sendall(data[:cut])
            connection.sendall(data[cut:])
        received = receive(connection, length)
        date = bytes(received[first : first + DATE])
        if date not in known:
            assert date in dates(), date
            known = {date: date.join(pieces)}
        if received != known[date]:
            # The date has changed within the series, or a response is wrong.
            at = 0
            for kind in row:
                kind.assert_is(bytes(received[at : at + len(kind)]))
                at += len(kind)
    results.put(turns * len(row))


def million(count, seed):
    """Sends this number of requests, and compares each response byte by byte."""
    kinds = everything()
    status.command("reset counters")
    results = multiprocessing.Queue()
    tasks = [
        multiprocessing.Process(
            target=send_series, args=(kinds, count // 4, seed + number, results)
        )
        for number in range(4)
    ]
    begin = time.monotonic()
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()
        assert task.exitcode == 0, "a client has failed"
    took = time.monotonic() - begin
    sent = sum(results.get() for _ in tasks)
    assert status.count("requests") == sent, (status.count("requests"), sent)
    print(sent, f"requests, all responses correct, {took:.0f} s, {sent / took:.0f}/s")


def many(count, seed):
    """Opens this number of connections, has two requests served on each, and keeps them open
    until the input ends."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 1000, count + 1000))
    kinds = everything()[:2]
    # The first connection must not expire before the last one has been made.
    status.command("timeout idle 3600")
    begin = time.monotonic()
    opened = []
    for first in range(0, count, 250):
        some = [
            connect(f"127.0.1.{1 + number // 10000}")
            for number in range(first, min(first + 250, count))
        ]
        request(some, kinds[0])
        opened += some
    took = time.monotonic() - begin
    status.wait_for("connections", count)
    random.Random(seed).shuffle(opened)
    for first in range(0, count, 250):
        request(opened[first : first + 250], kinds[1])
    assert status.count("connections") == count, status.count("connections")
    print(
        f"{count} connections are open after {took:.1f} s, all served twice after {time.monotonic() - begin:.1f} s, {status.sockets()}",
        flush=True,
    )
    sys.stdin.read()
    os._exit(0)


def expire(count, _seed):
    """Lets this number of idle connections expire in the same second, and measures the wait of
    new clients meanwhile."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 1000, count + 1000))
    small = everything()[0]
    status.command("timeout idle 100")
    idle = []
    for first in range(0, count, 250):
        some = [
            connect(f"127.0.1.{1 + number // 10000}")
            for number in range(first, min(first + 250, count))
        ]
        request(some, small)
        idle += some
    status.wait_for("connections", count)
    expired = status.count("expired")
    status.command("timeout idle 3")
    for connection in idle:
        connection.sendall(small.request)
    longest, came = 0, 0
    while status.count("expired") - expired < count:
        begin = time.monotonic()
        with connect() as connection:
            request([connection], small)
        longest, came = max(longest, time.monotonic() - begin), came + 1
        time.sleep(0.002)
    print(f"longest {longest * 1000:.1f} ms of {came} clients", flush=True)
