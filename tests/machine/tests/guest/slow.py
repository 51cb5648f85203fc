# SPDX-License-Identifier: GPL-2.0-only
"""What somebody who means well has to wait while thousands are slow:  slow.py PEERS INTERVAL SECONDS

Each of the slow does something once in so many seconds: a byte of a head, a byte of a body, a little that is read of a reply that is long,
requests whose replies are never read, or nothing but to wait with a window that is shut. Prints the median and the 99th percentile of
an honest client's latency in microseconds: without them, and with them. Their process is there in both cases, and what it takes of the
processor it does not take from the client, for in the world they would be elsewhere."""

import gc
import multiprocessing
import os
import select
import socket
import sys
import time

import status

SITE = "/tmp/site"
ADDRESS = "127.0.0.1", 8080
# The honest client asks a hundred times a second.
PERIOD = 10_000_000
TICKS = 250
# In so many seconds they come, one after the other. Where thousands do the same thing at the same moment, TCP's timers go off by the
# thousand too, and whatever the server is like, everybody waits for them.
COMING = 12
LONG = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"
SHORT = b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n"


class Slow:
    """One who is slow, and comes back when it is thrown out."""

    def __init__(self, others, beginning, then=b""):
        self.others, self.beginning, self.then = others, beginning, then
        self.connect()

    def connect(self):
        """Connects, and says how it begins."""
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(ADDRESS)
        self.socket.setblocking(False)
        self.socket.send(self.beginning)
        self.others.add(self)

    def act(self):
        """Does its little. Whether it has been thrown out, it is told otherwise."""
        try:
            if self.then:
                self.socket.send(self.then)
            else:
                self.socket.recv(1000)
        except OSError:
            pass


class Others:
    """All of them."""

    def __init__(self):
        self.poll = select.epoll()
        self.by_number = {}
        self.connections = 0
        self.peers = []

    def grow(self, count):
        """Lets some come until there are so many."""
        while len(self.peers) < count:
            self.peers.append(Slow(self, *KINDS[len(self.peers) % len(KINDS)]))

    def add(self, peer):
        """Takes care of one who has just connected."""
        self.connections += 1
        self.by_number[peer.socket.fileno()] = peer
        self.poll.register(peer.socket, select.EPOLLRDHUP | select.EPOLLET)

    def wait(self, end):
        """Waits until then, and sends those back who are thrown out meanwhile."""
        left = 1
        while left > 0:
            left = end - time.monotonic()
            for number, _ in self.poll.poll(max(left, 0)):
                peer = self.by_number.pop(number)
                peer.socket.close()
                peer.connect()


KINDS = [
    (b"GET / HTTP/1.1\r\nX-Slow: ", b"x"),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n", b"x"),
    (LONG,),
    (SHORT * 10, SHORT * 10),
    (LONG, LONG),
]


def slow(count, interval, orders):
    """Waits until it is told to begin, tells when all have come, and goes on until it is told to end."""
    os.nice(19)
    orders.recv()
    others = Others()
    ticks = max(int(TICKS * interval), 1)
    begin, turn = time.monotonic(), 0
    while not orders.poll():
        turn += 1
        others.grow(min(count, count * turn // (COMING * TICKS)))
        for peer in others.peers[turn % ticks :: ticks]:
            peer.act()
        others.wait(begin + turn / TICKS)
        if turn == COMING * TICKS:
            orders.send("here")
    orders.send((others.connections, turn / TICKS, time.monotonic() - begin))


def latencies(seconds):
    """Of requests at fixed times; who could not ask in time has waited since then."""
    connection = socket.create_connection(ADDRESS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    found = []
    length = None
    due = time.perf_counter_ns()
    for _ in range(int(seconds * 1e9) // PERIOD):
        due += PERIOD
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
    count, interval, seconds = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    os.makedirs(SITE, exist_ok=True)
    with open(f"{SITE}/page", "wb") as file:
        file.write(b"a line of a page\n" * 36)
    with open(f"{SITE}/large", "wb") as file:
        file.write(b"a line of what is large\n" * 100000)
    status.command(f"root {SITE}")
    gc.disable()
    ours, theirs = multiprocessing.Pipe()
    # Some are always about to come back.
    others = multiprocessing.Process(target=slow, args=(count * 11 // 10, interval, theirs), daemon=True)
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
    status.wait_for("connections", 0, 90)
    quiet += latencies(seconds)
    print("quiet", *summary(quiet), "loud", *summary(loud), "present", present, "connections", connections)


main()
