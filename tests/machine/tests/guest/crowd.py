# SPDX-License-Identifier: GPL-2.0-only
"""A crowd of clients connects to 127.0.0.1:8080 at once while one that is served already goes on asking; all are answered.

It goes before all workers, as softirqs do on a machine that has all it can do with them."""

import os
import socket

CROWD = 500
REQUEST = b"GET /robots.txt HTTP/1.1\r\nHost: khttpd\r\n\r\n"


def receive(connection):
    reply = b""
    while b"Disallow" not in reply:
        piece = connection.recv(4096)
        assert piece, "closed"
        reply += piece
    assert reply.startswith(b"HTTP/1.1 200 OK\r\n"), reply


os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
guest = socket.create_connection(("127.0.0.1", 8080))
guest.sendall(REQUEST)
receive(guest)
crowd = []
for _ in range(CROWD):
    newcomer = socket.create_connection(("127.0.0.1", 8080))
    newcomer.sendall(REQUEST)
    crowd.append(newcomer)
    guest.sendall(REQUEST)
    receive(guest)
for newcomer in crowd:
    receive(newcomer)
