# SPDX-License-Identifier: GPL-2.0-only
"""Clients pipeline as many requests as a connection may have, without waiting for a response. The
loopback device carries them in segments of up to 64 KiB, which end in the middle of a request."""

import socket
import threading

CONNECTIONS = 6
REQUESTS = 10000
REQUEST = b"GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n"
PIECE = 100 * len(REQUEST)


def send(connection):
    """Sends all requests."""
    requests = REQUEST * REQUESTS
    for begin in range(0, len(requests), PIECE):
        connection.sendall(requests[begin : begin + PIECE])


for number in range(CONNECTIONS):
    with socket.create_connection(("127.0.0.1", 8080)) as connection:
        sender = threading.Thread(target=send, args=(connection,))
        sender.start()
        responses = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        sender.join()
    assert b"408 Request Timeout" not in responses, f"connection {number} has stalled"
    assert responses.count(b"HTTP/1.1 200 OK\r\n") == REQUESTS, responses[-500:]
