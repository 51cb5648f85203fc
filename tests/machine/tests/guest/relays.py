# SPDX-License-Identifier: GPL-2.0-only
"""Processes of chaos.py that use the relay node, and the TCP peers that they connect to."""

import os
import select
import socket
import struct
import threading
import time

from shared_state import ENDED, POLITE, RELAY, RUDE, counts, opened, over


def relay(rng):
    while not over.value:
        node = opened(RELAY, os.O_RDWR | rng.choice([0, 0, os.O_NONBLOCK]))
        if node is not None:
            try:
                talk(rng, node)
                counts['relays'] += 1
            except (ConnectionError, BlockingIOError):
                counts['relays-broken'] += 1
            finally:
                close(node)
        time.sleep(0.05 * rng.random())


def talk(rng, node):
    said = rng.randbytes(rng.choice([1, 100, 5000, 60000]))
    rest = memoryview(said)
    poll = select.poll()
    poll.register(node, select.POLLOUT)
    poll.poll(1000)
    while rest:
        rest = rest[os.write(node, rest[: rng.randint(1, 20000)]) :]
    if rng.random() < 0.3:
        os.fsync(node)
    if rng.random() < 0.3:
        return
    heard = b''
    os.set_blocking(node, True)
    while len(heard) < len(said) and (piece := os.read(node, rng.randint(1, 20000))):
        heard += piece
        assert said.startswith(heard), 'the relay has changed the data'
    counts['relayed-bytes'] += len(heard)


def close(node):
    try:
        os.close(node)
    except ConnectionError:
        pass


def sink(rng):
    for port in (RUDE, POLITE):
        server = socket.create_server(('127.0.0.1', port), backlog=1000)
        threading.Thread(target=accept, args=(rng, server, port), daemon=True).start()
    while not over.value:
        time.sleep(0.1)


def accept(rng, server, port):
    while True:
        peer = server.accept()[0]
        rude = rng.randrange(60000) if port == RUDE and rng.random() < 0.2 else None
        threading.Thread(target=echo, args=(peer, port == RUDE, rude), daemon=True).start()


def echo(peer, answers, rude):
    try:
        heard = 0
        while piece := peer.recv(65536):
            heard += len(piece)
            if rude is not None and heard > rude:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                break
            if answers:
                peer.sendall(piece)
    except ENDED:
        pass
    peer.close()
