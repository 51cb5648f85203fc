# SPDX-License-Identifier: GPL-2.0-only
"""Measures the latency of a client while thousands of other peers are slow: slow.py PEERS SECONDS
SEED

A slow peer sends a byte of a head or of a content each second, or reads just enough of a long
response not to be reset, or sends requests and reads no response, or keeps its window closed.
Prints the median and the 99th percentile of the client's latency in microseconds, without slow
peers and with them.

Slow peers would be on other machines. So their TCP is the one of packet.py, in a process that
runs in both measurements and gives way to the client. The CPU time that the kernel's TCP would
need for them would be taken from the client."""

import gc
import multiprocessing
import os
import random
import socket
import sys
import time

import packet
import status

SITE = "/tmp/site"
ADDRESS = "127.0.0.1", 8080
# The client sends a hundred requests a second, at a random moment of each hundredth: TCP's timers
# expire together, and requests at fixed times would meet all of them or none.
PERIOD = 10_000_000
TICKS = 250
# Seconds within which the slow peers connect.
COMING = 12
# Receive buffer of a slow peer in bytes.
ROOM = 2000
LONG = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"
SHORT = b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n"
# First bytes, interval in seconds, and the bytes to send and the number of bytes to read after each
# interval.
KINDS = [
    (b"GET / HTTP/1.1\r\nX-Slow: ", 1, b"x", 0),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n", 1, b"x", 0),
    (LONG, 10, b"", 1000),
    (SHORT * 10, 5, SHORT * 10, 0),
    (LONG, 60, b"", 0),
]


class Slow(packet.Peer):
    """A slow peer."""

    def __init__(self, cable, kind):
        super().__init__(cable, mss=1460)
        self.kind = kind
        self.beginning, self.interval, self.then, self.appetite = KINDS[kind]
        self.read = 0
        self.age = 0
        self.syn()

    def emit(self, *words, **names):
        """Sends a segment with the current window."""
        self.window = max(ROOM - len(self.stream) + self.read, 0)
        super().emit(*words, **names)

    def take(self, *words):
        """Processes a received segment; a SYN-ACK starts the peer."""
        is_new = self.first is None
        super().take(*words)
        if is_new and self.first is not None:
            self.send(self.beginning)

    def act(self):
        """Sends and reads a little at the end of an interval."""
        self.age += 1
        if self.first is not None and self.age % self.interval == 0:
            self.read = min(self.read + self.appetite, len(self.stream))
            self.send(self.then)

    def is_ended(self):
        """Returns whether the server has ended the connection."""
        return self.finished or self.is_reset


class Peers:
    """All slow peers."""

    def __init__(self):
        self.cable = packet.Cable()
        self.peers = []
        self.connections = 0

    def start(self, kind):
        """Starts a peer."""
        self.connections += 1
        return Slow(self.cable, kind)

    def grow(self, count):
        """Starts peers until there are so many."""
        while len(self.peers) < count:
            self.peers.append(self.start(len(self.peers) % len(KINDS)))

    def act(self, first, step):
        """Lets every `step`-th peer act, and replaces those whose connections have ended."""
        for number in range(first, len(self.peers), step):
            peer = self.peers[number]
            if peer.is_ended():
                peer.reset()
                self.peers[number] = self.start(peer.kind)
            else:
                peer.act()

    def wait(self, end):
        """Receives until a time, and at least once."""
        self.cable.drain()
        while (left := end - time.monotonic()) > 0:
            self.cable.listen(left)


def slow(count, orders):
    """Waits for the order to begin, reports when all peers are connected, and goes on until the
    order to end."""
    os.nice(19)
    orders.recv()
    others = Peers()
    begin, turn = time.monotonic(), 0
    while not orders.poll():
        turn += 1
        others.grow(min(count, count * turn // (COMING * TICKS)))
        others.act(turn % TICKS, TICKS)
        others.wait(begin + turn / TICKS)
        if turn == COMING * TICKS:
            orders.send("here")
    orders.send((others.connections, turn / TICKS, time.monotonic() - begin))
    for peer in others.peers:
        peer.reset()


def latencies(seconds):
    """Measures latencies of requests, each from its planned time on."""
    connection = socket.create_connection(ADDRESS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    found = []
    length = None
    begin = time.perf_counter_ns()
    for period in range(int(seconds * 1e9) // PERIOD):
        due = begin + period * PERIOD + random.randrange(PERIOD)
        while (left := due - time.perf_counter_ns()) > 0:
            time.sleep(left / 1e9)
        connection.sendall(SHORT)
        received = len(connection.recv(65536))
        length = length or received
        while received < length:
            received += len(connection.recv(65536))
        found.append(time.perf_counter_ns() - due)
    connection.close()
    return found


def summary(found):
    """Returns the median and the 99th percentile in microseconds."""
    found.sort()
    return found[len(found) // 2] // 1000, found[len(found) * 99 // 100] // 1000


def main():
    count, seconds = int(sys.argv[1]), float(sys.argv[2])
    random.seed(int(sys.argv[3]))
    os.makedirs(SITE, exist_ok=True)
    with open(f"{SITE}/page", "wb") as file:
        file.write(b"a line of a page\n" * 36)
    with open(f"{SITE}/large", "wb") as file:
        file.write(b"a line of what is large\n" * 100000)
    status.command(f"root {SITE}")
    gc.disable()
    ours, theirs = multiprocessing.Pipe()
    # Some peers are always about to reconnect.
    others = multiprocessing.Process(target=slow, args=(count * 11 // 10, theirs), daemon=True)
    others.start()
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    latencies(2)
    quiet = latencies(seconds)
    ours.send("begin")
    ours.recv()
    # The first peers are reset in this time.
    time.sleep(12)
    loud = latencies(seconds * 2)
    present = status.count("connections")
    ours.send("end")
    connections, planned, took = ours.recv()
    others.join()
    assert present >= count, f"only {present} of {count} are connected"
    assert took < planned * 1.3 + 1, f"the slow peers took {took} s for {planned} s"
    status.wait_for("connections", 0)
    quiet += latencies(seconds)
    print(
        "quiet",
        *summary(quiet),
        "loud",
        *summary(loud),
        "present",
        present,
        "connections",
        connections,
    )


main()
