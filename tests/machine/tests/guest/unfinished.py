# SPDX-License-Identifier: GPL-2.0-only
"""A case of load.py with thousands of heads that are not finished."""

import collections
import multiprocessing
import os
import resource
import select
import socket
import statistics
import time

import status
from workload import ADDRESS, connect, get

# The length of each head. It is less than the longest that the server accepts.
HEAD = b"GET /small HTTP/1.1\r\nHost: a\r\nX-Filling: " + b"x" * 7178
NEWCOMERS = 20
# A TCP service of the host that is not khttpd.
OTHER = "127.0.0.1", 9000


def begin_heads(count, opened):
    """Keeps `count` connections open that never finish their heads; counts those that were
    opened."""
    status.write("/proc/self/oom_score_adj", "1000")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, count + 100))
    poll, connections = select.epoll(), {}
    while True:
        for number, _ in poll.poll(0 if len(connections) < count else 0.1, 1000):
            connections.pop(number).close()
        for _ in range(min(100, count - len(connections))):
            connection = socket.socket()
            connection.setblocking(False)
            # IP_BIND_ADDRESS_NO_PORT, so that there are enough ports.
            connection.setsockopt(socket.IPPROTO_IP, 24, 1)
            connection.bind((f"127.0.0.{2 + opened.value % 8}", 0))
            connection.connect_ex(ADDRESS)
            try:
                connection.send(HEAD)
            except BlockingIOError:
                pass
            poll.register(connection, select.EPOLLRDHUP)
            connections[connection.fileno()] = connection
            opened.value += 1


def serve_other():
    """Sends back what each client of another TCP service sends."""
    with socket.create_server(OTHER) as listener:
        while True:
            connection = listener.accept()[0]
            connection.sendall(connection.recv(100))
            connection.close()


def wait_of_newcomer():
    """Returns the seconds until a new client has the beginning of its response."""
    begin = time.monotonic()
    with connect() as connection:
        connection.sendall(get("/small"))
        assert connection.recv(100).startswith(b"HTTP/1.1 200 "), "not served"
    return time.monotonic() - begin


def large_objects():
    """Returns the number of slab objects that are as large as a head."""
    status.empty_caches()
    with open("/proc/slabinfo", encoding="ascii") as file:
        found = collections.Counter()
        for line in file:
            words = line.split()
            if words[0].startswith("kmalloc") and words[0].endswith(("-8k", "-16k")):
                found[words[0]] += int(words[1])
    return sum(found.values())


def unfinished_heads(count, _seed):
    """Unfinished heads take no memory but that which TCP accounts for. If that gets short, the
    oldest of them are given up, and new clients and other services are served meanwhile."""
    status.write(f"/proc/{os.getppid()}/oom_score_adj", "-999")
    before = large_objects()
    # Without a lock, which a task that is killed might hold: one task writes it.
    opened = multiprocessing.Value("q", lock=False)
    tasks = [
        multiprocessing.Process(target=begin_heads, args=(count, opened), daemon=True),
        multiprocessing.Process(target=serve_other, daemon=True),
    ]
    for task in tasks:
        task.start()
    end, most = time.monotonic() + status.HANG, {"mem": 0}
    while opened.value < count:
        assert time.monotonic() < end, f"{opened.value} connections were opened"
        most = max(most, status.sockets(), key=lambda sockets: sockets["mem"])
        time.sleep(0.1)
    waits = []
    for _ in range(NEWCOMERS):
        time.sleep(0.2)
        most = max(most, status.sockets(), key=lambda sockets: sockets["mem"])
        waits.append(1000 * wait_of_newcomer())
        with socket.create_connection(OTHER, timeout=status.HANG) as connection:
            connection.sendall(b"other")
            assert connection.recv(100) == b"other", "another service is not served"
    reading, shed = status.count("connections-reading"), status.count("shed")
    grown = large_objects() - before
    assert all(task.is_alive() for task in tasks), "killed"
    for task in tasks:
        task.kill()
        task.join()
    print(f"median {statistics.median(waits):.1f} ms, longest {max(waits):.1f} ms, ", end="")
    print(f"{opened.value} heads begun, {reading} unfinished at the end, {shed} given up, ", end="")
    print(f"{grown} large objects more, {most}", flush=True)
    assert grown < count // 20, f"{grown} objects for {count} unfinished heads"
