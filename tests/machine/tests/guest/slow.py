# SPDX-License-Identifier: GPL-2.0-only
"""What somebody who means well has to wait while thousands are slow:  slow.py PEERS SECONDS SEED

Each of the slow does its little: it sends a byte of a head or of a body each second, it reads so little of a long reply that it is just
not thrown out, it sends requests whose replies it never reads, or it does nothing and keeps its window shut. Prints the median and the
99th percentile of an honest client's latency in microseconds: without them, and with them.

In the world they would be elsewhere. So their TCP is the one of packet.py, in a process that is there in both cases and that gives way
to the client: what it takes of the processor it does not take from the client, as the kernel's would."""

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
# The honest client asks a hundred times a second, at any moment of each hundredth: TCP's timers go off together, and at fixed times it
# would meet all of them or none.
PERIOD = 10_000_000
TICKS = 250
# In so many seconds they come, one after the other.
COMING = 12
# What one of them takes before it reads, in bytes.
ROOM = 2000
LONG = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"
SHORT = b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n"
# What they begin with, and after how many seconds they send and read how much, again and again.
KINDS = [
    (b"GET / HTTP/1.1\r\nX-Slow: ", 1, b"x", 0),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n", 1, b"x", 0),
    (LONG, 10, b"", 1000),
    (SHORT * 10, 5, SHORT * 10, 0),
    (LONG, 60, b"", 0),
]


class Slow(packet.Peer):
    """One who is slow."""

    def __init__(self, cable, kind):
        super().__init__(cable, mss=1460)
        self.kind = kind
        self.beginning, self.interval, self.then, self.appetite = KINDS[kind]
        self.read = 0
        self.age = 0
        self.syn()

    def emit(self, *words, **names):
        """A segment, with the window as it is."""
        self.window = max(ROOM - len(self.stream) + self.read, 0)
        super().emit(*words, **names)

    def take(self, *words):
        """A segment has come; the second one of the handshake lets it begin."""
        is_new = self.first is None
        super().take(*words)
        if is_new and self.first is not None:
            self.send(self.beginning)

    def act(self):
        """Does its little, if another of its seconds has passed."""
        self.age += 1
        if self.first is not None and self.age % self.interval == 0:
            self.read = min(self.read + self.appetite, len(self.stream))
            self.send(self.then)

    def is_thrown_out(self):
        """Whether the server has had enough of it."""
        return self.finished or self.is_reset


class Others:
    """All of them."""

    def __init__(self):
        self.cable = packet.Cable()
        self.peers = []
        self.connections = 0

    def one(self, kind):
        """One who comes."""
        self.connections += 1
        return Slow(self.cable, kind)

    def grow(self, count):
        """Lets some come until there are so many."""
        while len(self.peers) < count:
            self.peers.append(self.one(len(self.peers) % len(KINDS)))

    def act(self, first, step):
        """Lets some of them act, and those come back who have been thrown out."""
        for number in range(first, len(self.peers), step):
            peer = self.peers[number]
            if peer.is_thrown_out():
                peer.reset()
                self.peers[number] = self.one(peer.kind)
            else:
                peer.act()

    def wait(self, end):
        """Listens until then, and once at least."""
        self.cable.drain()
        while (left := end - time.monotonic()) > 0:
            self.cable.listen(left)


def slow(count, orders):
    """Waits until it is told to begin, tells when all have come, and goes on until it is told to end."""
    os.nice(19)
    orders.recv()
    others = Others()
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
    """Of requests at times that are fixed before; who could not ask in time has waited since then."""
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
    """Median and 99th percentile, in microseconds."""
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
    # Some are always about to come back.
    others = multiprocessing.Process(target=slow, args=(count * 11 // 10, theirs), daemon=True)
    others.start()
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    latencies(2)
    quiet = latencies(seconds)
    ours.send("begin")
    ours.recv()
    # Until the first of them have been thrown out.
    time.sleep(12)
    loud = latencies(seconds * 2)
    present = status.count("connections")
    ours.send("end")
    connections, planned, took = ours.recv()
    others.join()
    assert present >= count, f"only {present} of {count} are connected"
    assert took < planned * 1.3 + 1, f"they were slower than they should: {took} s for {planned} s"
    status.wait_for("connections", 0)
    quiet += latencies(seconds)
    print("quiet", *summary(quiet), "loud", *summary(loud), "present", present, "connections", connections)


main()
