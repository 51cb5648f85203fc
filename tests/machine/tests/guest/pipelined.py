# SPDX-License-Identifier: GPL-2.0-only
"""Clients pipeline as many requests as a connection may have, without waiting for a response. The
loopback device carries them in segments of up to 64 KiB, which end in the middle of a request.
Argument: the seed."""

import multiprocessing
import random
import socket
import sys
import threading

CLIENTS = 3
CONNECTIONS = 30
REQUESTS = 10000
REQUEST = b"GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n"
PIECES = (300, 1000, 100 * len(REQUEST), 20000, 1 << 16)


def send(connection, size):
    """Sends all requests in pieces of `size` bytes."""
    requests = REQUEST * REQUESTS
    for begin in range(0, len(requests), size):
        connection.sendall(requests[begin : begin + size])


def pipeline(seed):
    """Has all requests of each connection answered."""
    chance = random.Random(seed)
    for number in range(CONNECTIONS):
        size = chance.choice(PIECES)
        with socket.create_connection(("127.0.0.1", 8080)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sender = threading.Thread(target=send, args=(connection, size))
            sender.start()
            responses = b"".join(iter(lambda: connection.recv(1 << 16), b""))
            sender.join()
        what = f"connection {number} of client {seed} with pieces of {size} bytes"
        assert b"408 Request Timeout" not in responses, f"{what} has stalled"
        assert responses.count(b"HTTP/1.1 200 OK\r\n") == REQUESTS, f"{what}: {responses[-500:]}"


with multiprocessing.Pool(CLIENTS) as pool:
    pool.map(pipeline, [f"{sys.argv[1]} {client}" for client in range(CLIENTS)], chunksize=1)
