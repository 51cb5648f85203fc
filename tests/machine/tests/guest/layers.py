# SPDX-License-Identifier: GPL-2.0-only
"""Layers between TCP and a process: TLS of the kernel, and maps of sockets: layers.py

khttpd adopts no connection with such a layer, and leaves to the process a connection that gets one
later, by another descriptor. Connections of khttpd's own that a program of BPF has taken end."""

import os
import socket
import subprocess
import time

import process
import status
from adoption import UNSUPPORTED, Node, adopted, pair, record
from bpf import Sockmap, Taker
from misuse import divert, join, layer
from stream import KHTTPD, ROBOTS, Stream, serves

FOLDER = "/tmp/layers"
GROUP = "/sys/fs/cgroup"
# Port of a listener that is opened while a program of BPF takes connections.
TAKEN = 8081
ADDRESSES = "127.0.0.1", "::1"


LAYERS = layer, join, divert


def echoes(stream, connection):
    """Asserts that a connection is the process's, in both directions."""
    for source, target in (stream.socket, connection), (connection, stream.socket):
        text = os.urandom(10000)
        source.sendall(text)
        received = b""
        while len(received) < len(text):
            received += target.recv(len(text) - len(received))
        assert received == text


def refused(node):
    """khttpd does not adopt a connection with a layer."""
    for put, address in ((put, address) for put in LAYERS for address in ADDRESSES):
        stream, connection = pair(address)
        put(connection)
        for early in b"", ROBOTS:
            found = node.refusal(record(connection.fileno(), early))
            # TLS has no keys there.
            expected = "EINVAL" if put is layer else UNSUPPORTED
            assert found == expected, (put.__name__, found)
        assert status.count("connections") == 0, status.comments()
        echoes(stream, connection)
        stream.close()
        connection.close()


def lent(node, address):
    """Returns a client that khttpd has served, and another descriptor of its connection."""
    stream, connection = pair(address)
    node.give(connection.dup())
    serves(stream)
    return stream, connection


def idle(stream):
    """The connection waits for a request."""


def unfinished(stream):
    """It waits for the end of a request."""
    stream.send(ROBOTS[:20])


def sending(stream):
    """A response is under way."""
    stream.buffer(4096)
    stream.send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
    stream.exactly(5000)


def left(node):
    """khttpd leaves a connection that gets a layer to the process, with all that arrives later.
    Returns the ends of connections that have one."""
    ends = []
    with Stream(KHTTPD) as own, adopted(node) as other:
        for put in LAYERS:
            for phase in idle, unfinished, sending:
                for address in ADDRESSES:
                    stream, connection = lent(node, address)
                    phase(stream)
                    serves(own)
                    serves(other)
                    put(connection)
                    ends.append((stream, connection, phase))
                    if phase is idle:
                        # The first bytes wake khttpd, which has no more to do with them.
                        echoes(stream, connection)
                    else:
                        stream.send(b"more")
                    serves(own)
                    serves(other)
    return ends


def used(ends):
    """The connections are used by the process, and closed."""
    for stream, connection, phase in ends:
        if phase is idle:
            echoes(stream, connection)
        connection.close()
        stream.close()
    status.wait_for_sockets(orphan=0)


def forgotten(node):
    """Clients and processes end connections with layers."""
    used(left(node))
    status.wait_for("connections", 0)


def taken(_node):
    """A program of BPF puts connections of khttpd's own into a map before khttpd accepts them."""
    status.command(f"listen {TAKEN}")
    for sockets in Sockmap(1000), Sockmap(1), Sockmap(1000, True):
        taker = Taker(sockets, GROUP)
        for address in [("127.0.0.1", TAKEN), ("::1", TAKEN), KHTTPD] * 20:
            try:
                with Stream(address) as stream:
                    stream.send(ROBOTS)
                    received = stream.rest()
                    assert received == b"", received
            except ConnectionError:
                pass
        # They may take and listen meanwhile.
        status.command(f"unlisten {TAKEN}", f"listen {TAKEN}")
        taker.close()
        sockets.close()
        with Stream(("127.0.0.1", TAKEN)) as stream:
            serves(stream)
    status.wait_for("connections", 0)


def prepare():
    """Gives the server a site."""
    timeouts = (f"timeout {name} 86400" for name in ("idle", "head", "send"))
    status.command(f"root {FOLDER}", *timeouts)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    status.write(f"{FOLDER}/robots.txt", "User-agent: *\n")
    with open(f"{FOLDER}/large", "wb") as file:
        file.write(bytes(8 << 20))
    prepare()
    with Node() as node:
        for case in refused, forgotten, taken:
            begin = time.monotonic()
            case(node)
            print(f"{case.__name__}: {time.monotonic() - begin:.1f} s", flush=True)
        ends = left(node)
    subprocess.run(["rmmod", "khttpd"], check=True)
    used(ends)
    subprocess.run(["insmod", "/root/khttpd.ko"], check=True)


main()
