# SPDX-License-Identifier: GPL-2.0-only
"""Processes keep descriptors of connections that khttpd has, and use them: duplicates.py

Only that connection may suffer: others are served, and the module can be unloaded at once."""

import collections
import contextlib
import itertools
import os
import random
import subprocess
import threading
import time

import phases
import process
import status
from adoption import Node, adopted
from misuse import ACTS, SETS, attempt, close, listen
from stream import Stream, serves

# Duration of what happens at the same time.
SECONDS = 5
# Addresses of the process; clients are IPv4-mapped at the second one.
ADDRESSES = "127.0.0.1", "::"


def load():
    """Loads the module."""
    subprocess.run(["insmod", "/root/khttpd.ko"], check=True)
    status.command(*phases.SITE)


def shared(node, address):
    """Returns a client whose connection khttpd has, and another descriptor of that."""
    with process.listener(address, 0) as listens:
        stream = Stream(("127.0.0.1", listens.getsockname()[1]))
        copy = listens.accept()[0]
    node.give(copy.dup())
    return stream, copy


def misuse(node):
    """Does everything in each phase of a connection; returns the clients and the descriptors."""
    ends, done = [], collections.Counter()
    with Stream() as own, adopted(node) as other:
        for phase, act, address in itertools.product(phases.PHASES, ACTS, ADDRESSES):
            stream, copy = shared(node, address)
            ends += stream, copy
            phase(stream)
            done[act.__name__] += attempt(act, copy)
            for bystander in own, other:
                serves(bystander)
    print(*done.items(), flush=True)
    return ends


def forgotten():
    """khttpd forgets each connection when its client and its process have ended it."""
    with Node() as node:
        for end in misuse(node):
            end.close()
        node.discard()
    for events, _ in SETS:
        events.poll(0)
    status.wait_for_sockets(orphan=0)


def unloaded():
    """The module is unloaded, and the descriptors are used afterwards."""
    with Node() as node:
        ends = misuse(node)
    subprocess.run(["rmmod", "khttpd"], check=True)
    for events, _ in SETS:
        events.poll(0)
    for end in ends[1::2]:
        for act in ACTS:
            if end.fileno() >= 0:
                attempt(act, end)
    for end in ends:
        end.close()
    status.wait_for_sockets(orphan=0)
    load()


def disturb(copies, seed, enough):
    """Does random things with random descriptors."""
    generator = random.Random(seed)
    while not enough.is_set():
        # Closing and listening wait for each other's threads.
        act = generator.choice([act for act in ACTS if act not in (close, listen)])
        attempt(act, generator.choice(copies))


def load_up(streams, seed, enough):
    """Sends requests on all connections, and takes what comes."""
    generator = random.Random(seed)
    texts = phases.SMALL, phases.LARGE, phases.APP, phases.SMALL[:10]
    while not enough.is_set():
        with contextlib.suppress(OSError):
            stream = generator.choice(streams)
            stream.socket.setblocking(False)
            stream.socket.send(generator.choice(texts))
            stream.socket.recv(generator.choice([100, 100000]))


def together():
    """All at the same time, and the module is unloaded meanwhile."""
    enough = threading.Event()
    with Node() as node:
        pairs = [shared(node, ADDRESSES[number % 2]) for number in range(60)]
        streams, copies = [list(ends) for ends in zip(*pairs)]
        tasks = [
            threading.Thread(target=task, args=(ends, seed, enough))
            for seed in range(3)
            for task, ends in ((disturb, copies), (load_up, streams))
        ]
        for task in tasks:
            task.start()
        end = time.monotonic() + SECONDS
        os.set_blocking(node.file, False)
        with adopted(node) as bystander:
            while time.monotonic() < end:
                serves(bystander)
                with contextlib.suppress(BlockingIOError):
                    node.take()[0].close()
    subprocess.run(["rmmod", "khttpd"], check=True)
    time.sleep(0.5)
    enough.set()
    for task in tasks:
        task.join()
    for end in streams + copies:
        end.close()
    load()


def main():
    phases.write()
    status.command(*phases.SITE)
    for case in forgotten, unloaded, together:
        begin = time.monotonic()
        case()
        print(f"{case.__name__}: {time.monotonic() - begin:.1f} s", flush=True)


main()
